//! The request budget: 300 × registers + 50 in a window of five minutes.

use jiff::{SignedDuration, Timestamp};

/// The window's length.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// What is left of the budget.
#[derive(Debug)]
pub(super) struct Budget {
    pub limit: u32,
    used: u32,
    ends: Timestamp,
}

/// How a request stands with the budget.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub limit: u32,
    pub remaining: u32,
    /// None is left until then.
    pub blocked_until: Option<Timestamp>,
}

impl Budget {
    pub(super) fn new(registers: u32) -> Self {
        Self { limit: 300 * registers + 50, used: 0, ends: Timestamp::MIN }
    }

    pub(super) fn take(&mut self, now: Timestamp) -> Standing {
        if now >= self.ends {
            self.ends = now.checked_add(WINDOW).unwrap_or(Timestamp::MAX);
            self.used = 0;
        }
        let blocked_until = (self.used >= self.limit).then_some(self.ends);
        self.used = self.used.saturating_add(1).min(self.limit);
        Standing { limit: self.limit, remaining: self.limit - self.used, blocked_until }
    }
}
