//! The gate before each remote system: how many requests at once, how many in a window, and when none at all.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;

/// What the gate keeps.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests at once.
    pub concurrency: usize,
    /// Requests in a window: how many, and how long the window is.
    pub window: Option<(u32, Duration)>,
    /// How long a request waits for a free place.
    pub permit_wait: Duration,
}

/// No request now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNow {
    /// When there is budget again.
    pub until: Timestamp,
}

/// The right to send one request; gives its place back when dropped.
#[derive(Debug)]
pub struct Pass {
    _private: (),
}

/// What an answer said about the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// It was answered. The headers' limit and remaining, where they were there.
    Answered { limit: Option<u32>, remaining: Option<u32> },
    /// Too many requests: none until the given time has passed.
    TooMany { retry_after: Option<Duration> },
    /// Too many requests at once.
    TooManyAtOnce,
    /// No answer, or a 5xx: counts towards the breaker.
    Broken,
    /// Credentials were refused: none for a while, so that the account is not locked.
    Unauthorised,
}

/// The gate's state, for operators.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Requests allowed at once right now.
    pub concurrency: usize,
    /// Requests under way.
    pub in_flight: usize,
    /// The window's size.
    pub limit: Option<u32>,
    /// What is left of it.
    pub remaining: Option<u32>,
    /// `closed` (requests pass), `open` (none do) or `half_open` (one may try).
    pub breaker: &'static str,
    /// No request before this.
    pub blocked_until: Option<Timestamp>,
}

/// Cheap to clone; all clones keep the same budget.
#[derive(Debug, Clone)]
pub struct Gate {
    _inner: Arc<()>,
}

#[expect(clippy::todo, clippy::unused_async, clippy::needless_pass_by_value, unused_variables, reason = "signatures only")]
impl Gate {
    pub fn new(limits: Limits, clock: Clock) -> Self {
        todo!()
    }
    pub async fn enter(&self) -> Result<Pass, NotNow> {
        todo!()
    }
    pub fn report(&self, signal: Signal) {
        todo!()
    }
    /// Changes the window's size, when the number of registers was read from the API.
    pub fn resize(&self, limit: u32) {
        todo!()
    }
    pub fn snapshot(&self) -> Snapshot {
        todo!()
    }
}
