//! Opens after several requests in a row were not answered, and then lets one at a time try.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock;

/// Requests in a row that must fail.
const FAILURES: u32 = 8;
/// How long it stays open the first time; doubled each time the trial fails, up to the longest.
const FIRST_OPEN: Duration = Duration::from_secs(1);
const LONGEST_OPEN: Duration = Duration::from_secs(30);
/// How long others wait while one request tries.
const TRIAL_WAIT: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    until: Timestamp,
    lasts: Duration,
    /// One request is under way to see whether the other side is back.
    trying: bool,
}

impl Breaker {
    /// When to come back, where a request may not pass now.
    pub(super) fn refuses(&self, now: Timestamp) -> Option<Timestamp> {
        let open = self.open.as_ref()?;
        if now < open.until { Some(open.until) } else { open.trying.then(|| clock::after(now, TRIAL_WAIT)) }
    }

    /// A request passes; true where it is the one that tries.
    pub(super) fn let_through(&mut self) -> bool {
        self.open.as_mut().is_some_and(|open| !std::mem::replace(&mut open.trying, true))
    }

    /// The trial ended, with an answer or without a word (its order was put back).
    pub(super) fn probe_ended(&mut self) {
        if let Some(open) = &mut self.open {
            open.trying = false;
        }
    }

    /// The other side is there.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// A request was not answered. Gives the time until which none passes, where that is news.
    pub(super) fn broken(&mut self, now: Timestamp) -> Option<Timestamp> {
        let lasts = match &self.open {
            // Requests that left before it opened tell nothing new.
            Some(open) if now < open.until => return None,
            Some(open) => open.lasts.saturating_mul(2).min(LONGEST_OPEN),
            None => {
                self.failures += 1;
                if self.failures < FAILURES {
                    return None;
                }
                FIRST_OPEN
            }
        };
        let until = clock::after(now, lasts);
        self.open = Some(Open { until, lasts, trying: false });
        Some(until)
    }

    pub(super) fn word(&self, now: Timestamp) -> &'static str {
        match &self.open {
            None => "closed",
            Some(open) if now < open.until => "open",
            Some(_) => "half_open",
        }
    }

    /// The end of the time in which nothing passes.
    pub(super) fn closed_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.open.as_ref().map(|open| open.until).filter(|until| *until > now)
    }
}
