//! Ids of our own rows.

use uuid::{Builder, Uuid};

/// Bits of the counter.
const BITS: u32 = 42;

/// Makes ids: UUIDs of version 7, of which later ones sort after earlier ones, also within a millisecond and when the clock goes back.
///
/// The first 42 of the 74 bits after the time count up from a random start, the rest are random. They are the program's own random numbers: an id
/// is no secret, and each of the system's would be a call to it.
#[derive(Debug, Default)]
pub(super) struct RowIds {
    millis: u64,
    counter: u64,
}

impl RowIds {
    /// The next id at a time in epoch milliseconds.
    pub(super) fn next(&mut self, now: i64) -> Uuid {
        let now = u64::try_from(now).unwrap_or_default();
        self.counter += 1;
        if now > self.millis || self.counter >> BITS > 0 {
            self.millis = now.max(self.millis + u64::from(now <= self.millis));
            // In the lower half, so that it does not soon run over.
            self.counter = fastrand::u64(..) >> (u64::BITS - BITS + 1);
        }
        // 12 bits before the variant, 30 after it.
        let mut bytes = [0; 10];
        bytes[..2].copy_from_slice(&u16::try_from(self.counter >> 30).unwrap_or_default().to_be_bytes());
        bytes[2..6].copy_from_slice(&u32::try_from(self.counter & ((1 << 30) - 1)).unwrap_or_default().to_be_bytes());
        bytes[6..].copy_from_slice(&fastrand::u32(..).to_be_bytes());
        Builder::from_unix_timestamp_millis(self.millis, &bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_ids_sort_after_earlier_ones_also_when_the_clock_goes_back() {
        let mut ids = RowIds::default();
        let times = std::iter::repeat_n(1_700_000_000_000, 5000).chain([1_699_999_999_000; 3]).chain(1_700_000_000_000..1_700_000_000_100);
        let made: Vec<Uuid> = times.map(|now| ids.next(now)).collect();
        assert!(made.is_sorted_by(|a, b| a.to_string() < b.to_string()));
        assert!(made.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
        let (seconds, _) = made[0].get_timestamp().unwrap().to_unix();
        assert_eq!(seconds, 1_700_000_000);
    }

    #[test]
    fn a_counter_that_runs_over_goes_on_in_the_next_millisecond() {
        let mut ids = RowIds { millis: 1_700_000_000_000, counter: (1 << BITS) - 2 };
        let made = [ids.next(1_700_000_000_000), ids.next(1_700_000_000_000), ids.next(1_700_000_000_000)];
        assert!(made.is_sorted_by(|a, b| a < b));
        assert_eq!(ids.millis, 1_700_000_000_001);
    }

    #[test]
    fn two_makers_do_not_make_the_same() {
        let (mut one, mut other) = (RowIds::default(), RowIds::default());
        assert_ne!(one.next(1_700_000_000_000), other.next(1_700_000_000_000));
    }
}
