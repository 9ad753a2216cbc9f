//! Requests in a sliding window: never more than allowed in any stretch of time as long as the window.
//!
//! Our own requests are counted by their times. Other applications may share the budget; what they used is known only
//! from the answers' "remaining", so they are counted as requests spread evenly over the window that has passed.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::clock;

#[derive(Debug)]
pub(super) struct Budget {
    limit: usize,
    /// Milliseconds, with a margin of a three-hundredth: requests do not all take equally long to arrive.
    window: i64,
    /// When our requests left, in milliseconds, oldest first.
    own: VecDeque<i64>,
    /// When those of others are taken to have left.
    others: VecDeque<i64>,
}

impl Budget {
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        let millis = i64::try_from(window.as_millis()).unwrap_or(i64::MAX / 2);
        Self { limit: size(limit), window: millis.saturating_add(millis / 300), own: VecDeque::new(), others: VecDeque::new() }
    }

    pub(super) fn resize(&mut self, limit: u32) {
        self.limit = size(limit);
    }

    pub(super) fn limit(&self) -> u32 {
        u32::try_from(self.limit).unwrap_or(u32::MAX)
    }

    /// What is left of it now.
    pub(super) fn left(&mut self, now: Timestamp) -> u32 {
        self.forget_old(now.as_millisecond());
        u32::try_from(self.room()).unwrap_or(u32::MAX)
    }

    /// When there is room again, where there is none now.
    pub(super) fn full_until(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.forget_old(now.as_millisecond());
        let used = self.used();
        if used < self.limit {
            return None;
        }
        let mut times: Vec<i64> = self.own.iter().chain(&self.others).copied().collect();
        times.sort_unstable();
        // After a resize more than one may have to pass out of the window.
        let last = times.get(used - self.limit).copied().unwrap_or_else(|| now.as_millisecond());
        Some(clock::from_millis(last.saturating_add(self.window)))
    }

    /// Counts a request that leaves now.
    pub(super) fn take(&mut self, now: Timestamp) {
        self.own.push_back(now.as_millisecond());
    }

    /// The window's length.
    pub(super) fn window(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.window).unwrap_or_default())
    }

    /// Takes in what an answer said. Requests under way may not be in its count yet.
    pub(super) fn correct(&mut self, now: Timestamp, limit: Option<u32>, remaining: Option<u32>, in_flight: usize) {
        if let Some(limit) = limit.filter(|limit| *limit > 0) {
            self.resize(limit);
        }
        let Some(remaining) = remaining else { return };
        let now = now.as_millisecond();
        self.forget_old(now);
        let told = usize::try_from(remaining).unwrap_or(usize::MAX);
        let room = self.room();
        if told < room {
            self.add_others(now, room - told);
        } else {
            // More is left than we thought: others used less, or their requests are out of the window.
            let surplus = told.saturating_sub(in_flight).saturating_sub(room);
            self.others.drain(..surplus.min(self.others.len()));
        }
    }

    fn add_others(&mut self, now: i64, count: usize) {
        let many = i64::try_from(count).unwrap_or(i64::MAX);
        let spread = (1..=many).map(|nth| now - self.window + (self.window / many).max(1).saturating_mul(nth).min(self.window));
        self.others.extend(spread);
        self.others.make_contiguous().sort_unstable();
    }

    fn forget_old(&mut self, now: i64) {
        let over = now.saturating_sub(self.window);
        for times in [&mut self.own, &mut self.others] {
            while times.front().is_some_and(|time| *time <= over) {
                times.pop_front();
            }
        }
    }

    fn used(&self) -> usize {
        self.own.len() + self.others.len()
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(self.used())
    }
}

/// A budget of nothing would never open again.
fn size(limit: u32) -> usize {
    usize::try_from(limit.max(1)).unwrap_or(usize::MAX)
}
