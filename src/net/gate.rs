//! The gate before each remote system: how many requests at once, how many in a window, and when none at all.
//!
//! A request that has no budget now is told when there will be some and goes away: its order is put back, and nobody
//! sleeps with a lease in hand. Only the wait for a free place is waited for, and not for long.

mod breaker;
mod budget;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::breaker::Breaker;
use self::budget::Budget;
use crate::clock::{self, Clock};

/// How long nothing is sent after "too many requests" that names no time.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(30);
/// The longest that one answer can keep the gate closed; a wrong date must not close it for good.
const LONGEST_BLOCK: Duration = Duration::from_hours(1);
/// How long nothing is sent after the credentials were refused: systems lock accounts that keep trying.
const REFUSED_LOGIN_BLOCK: Duration = Duration::from_mins(1);
/// The first pause after "too many at once"; it doubles up to the last one while the pool stays full.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LAST_PAUSE: Duration = Duration::from_secs(16);
/// Answers without complaint before one more request at once is dared.
const RECOVER_AFTER: u32 = 5;
/// The part of the window that is waited out when it is used up.
const USED_UP_PART: u32 = 10;

/// What the gate keeps.
#[derive(Debug, Clone, Copy)]
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
    inner: Arc<Inner>,
    permit: Option<OwnedSemaphorePermit>,
    /// It is the one request that an open breaker lets through.
    probe: bool,
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
    /// Why: `credentials` were refused, `retry_after` was asked for, or it is a short `pause` after too many at once.
    pub blocked_because: Option<&'static str>,
}

/// Cheap to clone; all clones keep the same budget.
#[derive(Debug, Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    clock: Clock,
    permit_wait: Duration,
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Places as configured.
    ceiling: usize,
    /// Places allowed now.
    allowed: usize,
    /// Places that are taken back as soon as the requests that hold them end.
    owed: usize,
    in_flight: usize,
    /// Answers since the last complaint or recovery.
    quiet: u32,
    /// Pauses in a row.
    pauses: u32,
    budget: Option<Budget>,
    breaker: Breaker,
    blocked: Option<(Timestamp, &'static str)>,
}

impl Gate {
    /// A gate with everything allowed; at least one request at once.
    pub fn new(limits: Limits, clock: Clock) -> Self {
        let places = limits.concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let state = State {
            ceiling: places,
            allowed: places,
            owed: 0,
            in_flight: 0,
            quiet: 0,
            pauses: 0,
            budget: limits.window.map(|(limit, window)| Budget::new(limit, window)),
            breaker: Breaker::default(),
            blocked: None,
        };
        let inner = Inner { clock, permit_wait: limits.permit_wait, places: Arc::new(Semaphore::new(places)), state: Mutex::new(state) };
        Self { inner: Arc::new(inner) }
    }

    /// Asks to send one request. Waits for a free place at most as long as the limits say; everything else answers at once.
    pub async fn enter(&self) -> Result<Pass, NotNow> {
        self.inner.state().may_pass(self.inner.clock.now())?;
        let place = Arc::clone(&self.inner.places).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(self.inner.permit_wait, place).await else {
            // All places are taken. The moment is jittered, so that the orders put back do not return together.
            return Err(NotNow { until: clock::after(self.inner.clock.now(), jittered(Duration::from_secs(1))) });
        };
        // From here on a refusal drops the pass, which gives the place back.
        let mut pass = Pass { inner: Arc::clone(&self.inner), permit: Some(permit), probe: false };
        let mut state = self.inner.state();
        state.in_flight += 1;
        let now = self.inner.clock.now();
        let admitted = state.may_pass(now).map(|()| {
            if let Some(budget) = &mut state.budget {
                budget.take(now);
            }
            state.breaker.let_through()
        });
        drop(state);
        pass.probe = admitted?;
        Ok(pass)
    }

    /// Tells what an answer, or its absence, said about the budget.
    pub fn report(&self, signal: Signal) {
        let now = self.inner.clock.now();
        let mut state = self.inner.state();
        match signal {
            Signal::Broken => {
                if let Some(until) = state.breaker.broken(now) {
                    tracing::warn!(gate.until = %until, "several requests in a row were not answered: pausing");
                }
            }
            Signal::Answered { limit, remaining } => {
                state.breaker.answered();
                let in_flight = state.in_flight;
                if let Some(budget) = &mut state.budget {
                    budget.correct(now, limit, remaining, in_flight);
                    // Nothing is left. When the others' share comes back nobody tells, so a good part of the window is waited out:
                    // what trickles back one by one would be spent on reading the same things again.
                    if remaining == Some(0) {
                        let pause = budget.window() / USED_UP_PART;
                        state.block(clock::after(now, pause), "retry_after");
                    }
                }
                state.pauses = 0;
                state.quiet += 1;
                if state.quiet >= RECOVER_AFTER && state.allowed < state.ceiling {
                    state.quiet = 0;
                    state.allowed += 1;
                    if state.owed > 0 {
                        state.owed -= 1;
                    } else {
                        self.inner.places.add_permits(1);
                    }
                }
            }
            Signal::TooMany { retry_after } => {
                state.breaker.answered();
                state.block(clock::after(now, retry_after.unwrap_or(DEFAULT_RETRY_AFTER).min(LONGEST_BLOCK)), "retry_after");
            }
            Signal::TooManyAtOnce => {
                state.breaker.answered();
                state.quiet = 0;
                // Requests that were refused together are one complaint, not several.
                if state.blocked.is_none_or(|(until, _)| until <= now) {
                    state.fewer(&self.inner.places);
                    let pause = FIRST_PAUSE.saturating_mul(1 << state.pauses.min(5)).min(LAST_PAUSE);
                    state.pauses = state.pauses.saturating_add(1);
                    state.block(clock::after(now, jittered(pause)), "pause");
                    tracing::info!(gate.concurrency = state.allowed, "too many requests at once: sending fewer");
                }
            }
            Signal::Unauthorised => {
                state.breaker.answered();
                state.block(clock::after(now, REFUSED_LOGIN_BLOCK), "credentials");
                tracing::error!("the credentials were refused: no request for a minute, so that the account is not locked");
            }
        }
    }

    /// Changes the window's size, when the number of registers was read from the API.
    pub fn resize(&self, limit: u32) {
        if let Some(budget) = &mut self.inner.state().budget {
            budget.resize(limit);
        }
    }

    /// The state right now.
    pub fn snapshot(&self) -> Snapshot {
        let now = self.inner.clock.now();
        let mut state = self.inner.state();
        let blocked = state.blocked.filter(|(until, _)| *until > now);
        let breaker = state.breaker.word(now);
        let (limit, remaining) = state.budget.as_mut().map(|budget| (budget.limit(), budget.left(now))).unzip();
        Snapshot {
            concurrency: state.allowed,
            in_flight: state.in_flight,
            limit,
            remaining,
            breaker,
            blocked_until: blocked.map(|(until, _)| until).max(state.breaker.closed_until(now)),
            blocked_because: blocked.map(|(_, why)| why),
        }
    }
}

impl Inner {
    /// The state. A panic elsewhere cannot leave it half-changed in a way that matters: it is counters.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn may_pass(&mut self, now: Timestamp) -> Result<(), NotNow> {
        if let Some((until, _)) = self.blocked {
            if until > now {
                return Err(NotNow { until });
            }
            self.blocked = None;
        }
        if let Some(until) = self.breaker.refuses(now) {
            return Err(NotNow { until });
        }
        match self.budget.as_mut().and_then(|budget| budget.full_until(now)) {
            Some(until) => Err(NotNow { until }),
            None => Ok(()),
        }
    }

    fn block(&mut self, until: Timestamp, why: &'static str) {
        if self.blocked.is_none_or(|(at, _)| at < until) {
            self.blocked = Some((until, why));
        }
    }

    /// One place less, down to one: the account's places are shared, so a complaint says little about how many are ours.
    fn fewer(&mut self, places: &Semaphore) {
        let allowed = self.allowed.saturating_sub(1).max(1);
        let fewer = self.allowed - allowed;
        self.allowed = allowed;
        self.owed += fewer - places.forget_permits(fewer);
    }
}

impl Pass {
    /// Gives the place back, and lets whoever waits for it send before the caller goes on.
    pub async fn give_back(self) {
        drop(self);
        tokio::task::yield_now().await;
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.inner.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        if self.probe {
            state.breaker.probe_ended();
        }
        if let Some(permit) = self.permit.take()
            && state.owed > 0
        {
            state.owed -= 1;
            permit.forget();
        }
    }
}

/// Between half and all of a time. The generator is the process's own: nothing depends on the value.
fn jittered(time: Duration) -> Duration {
    time.mul_f64(0.5 + fastrand::f64() / 2.0)
}
