//! When an order is worked on: the one rule for what an event does to it, whichever door it came through.

use super::OrderState;
use crate::domain::verdict::HoldKind;

/// The columns of an order that say when it is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) state: OrderState,
    pub(super) hold: Option<HoldKind>,
    /// Epoch milliseconds; the lease's end while it is leased.
    pub(super) due_at: Option<i64>,
    pub(super) attempt: i64,
    /// A worker has it, or had it and its lease ran out.
    pub(super) leased: bool,
}

impl Standing {
    /// An order that was just made.
    pub(super) const NEW: Self = Self { state: OrderState::Settled, hold: None, due_at: None, attempt: 0, leased: false };

    /// An event asks for work at `at`. When the order is due, where that made it so.
    ///
    /// - Leased: only the sequence moves on; the pass that ends sees it and makes the order due again. An expired lease is due as it is.
    /// - Held for an operator: the event piles up.
    /// - In back-off (an attempt failed): the time stays, because the other side asked us to wait, and a newer event does not make
    ///   it well.
    /// - Else the earlier time wins: a later event must not push back what is due already.
    pub(super) fn ask(&mut self, at: i64) -> Option<i64> {
        if self.leased || self.hold == Some(HoldKind::Operator) {
            return None;
        }
        self.due_at = Some(match self.due_at {
            Some(due) if self.attempt > 0 => due,
            Some(due) => due.min(at),
            None => at,
        });
        self.state = OrderState::Due;
        self.hold = None;
        self.due_at
    }
}
