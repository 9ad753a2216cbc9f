//! How the worker hears of work.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

/// The time of what never becomes due.
pub(super) const NEVER: i64 = i64::MAX;

/// Wakes the worker for orders that are due before it looks by itself. In a crowd most are not: they wait out their debounce, and a claim for each
/// commit would find nothing and cost as much as the commit.
///
/// Times are epoch milliseconds. One worker waits.
#[derive(Debug)]
pub(super) struct Work {
    notify: Notify,
    /// When the worker looks by itself.
    looks_at: AtomicI64,
    /// When the first order is due that it was not woken for.
    first_due: AtomicI64,
}

impl Work {
    pub(super) fn new() -> Self {
        Self { notify: Notify::new(), looks_at: AtomicI64::new(NEVER), first_due: AtomicI64::new(NEVER) }
    }

    /// A commit made orders due, the first of them at `due`; [`NEVER`] where it made none.
    pub(super) fn is_due(&self, due: i64) {
        if due == NEVER {
            return;
        }
        // Either this sees the new time of the worker's look, or the worker sees this one's.
        self.first_due.fetch_min(due, Ordering::SeqCst);
        if due < self.looks_at.load(Ordering::SeqCst) {
            self.notify.notify_one();
        }
    }

    /// Something may be due, nobody knows what.
    pub(super) fn may_be_due(&self) {
        self.is_due(i64::MIN);
    }

    /// The worker looks: it sees whatever was committed before.
    pub(super) fn looks(&self) {
        self.first_due.store(NEVER, Ordering::SeqCst);
    }

    /// Resolves when an order is due before `until`, at which the worker looks by itself.
    pub(super) async fn before(&self, until: i64) {
        loop {
            self.looks_at.store(until, Ordering::SeqCst);
            if self.first_due.load(Ordering::SeqCst) < until {
                self.looks();
                return;
            }
            self.notify.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn resolves(wait: impl Future<Output = ()>) -> bool {
        pin!(wait).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    #[test]
    fn only_what_is_due_before_the_next_look_wakes() {
        let work = Work::new();
        assert!(!resolves(work.before(100)));
        work.is_due(100);
        work.is_due(NEVER);
        assert!(!resolves(work.before(100)));
        work.is_due(99);
        assert!(resolves(work.before(100)));
        assert!(!resolves(work.before(100)), "it was woken for it");
        work.may_be_due();
        assert!(resolves(work.before(i64::MIN + 1)));
    }

    #[test]
    fn what_is_due_later_counts_for_a_later_look() {
        let work = Work::new();
        assert!(!resolves(work.before(100)));
        work.is_due(150);
        assert!(!resolves(work.before(100)));
        assert!(resolves(work.before(200)));
    }

    #[test]
    fn a_look_sees_what_was_committed_before() {
        let work = Work::new();
        work.is_due(50);
        work.looks();
        assert!(!resolves(work.before(100)));
    }

    #[test]
    fn one_that_waits_is_woken() {
        let work = Work::new();
        let mut wait = pin!(work.before(100));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Pending);
        work.is_due(120);
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Pending);
        work.is_due(80);
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Ready(()));
    }
}
