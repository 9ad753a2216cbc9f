//! Where the change feed of sales was read up to, and what it has still to tell.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The cursor's name in the store.
pub const SALES: &str = "x_series_sales";

/// How far back the first poll of the change feed looks.
pub(crate) const FIRST_LOOK: Duration = Duration::from_hours(24);

/// Where the change feed of sales was read up to, and where it stood at earlier polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct SalesCursor {
    /// The highest version that was read.
    pub(crate) version: i64,
    /// Epoch milliseconds of a poll, and the version it ended at; as far back as the overlap.
    pub(crate) history: Vec<(i64, i64)>,
}

impl SalesCursor {
    /// The version that everything up to is behind us for good.
    fn read_up_to(&self) -> i64 {
        self.history.first().map_or(self.version, |(_, version)| *version)
    }
}

/// The feed has still to tell of a sale that has this version, and changed at this time. What it never tells of is older than the connection: nobody knows here where
/// that is booked. Without a cursor there was no poll yet.
pub(super) fn has_to_tell(cursor: Option<&SalesCursor>, (version, updated_at): (i64, Option<Timestamp>), now: Timestamp) -> bool {
    match cursor {
        Some(cursor) => version > cursor.read_up_to(),
        None => updated_at.is_some_and(|at| now.checked_sub(FIRST_LOOK).is_ok_and(|first| at >= first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_the_oldest_poll_of_the_overlap_is_told_again_and_what_is_below_it_never() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let sale = |version, hours| (version, Some(now - jiff::SignedDuration::from_hours(hours)));
        let cursor = SalesCursor { version: 90, history: vec![(1, 40), (2, 90)] };
        assert!(has_to_tell(Some(&cursor), sale(41, 500), now) && has_to_tell(Some(&cursor), sale(91, 0), now));
        assert!(!has_to_tell(Some(&cursor), sale(40, 0), now));
        assert!(has_to_tell(None, sale(1, 23), now) && !has_to_tell(None, sale(1, 25), now) && !has_to_tell(None, (1, None), now));
    }
}
