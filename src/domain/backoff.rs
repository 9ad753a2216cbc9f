//! How long to wait before the next attempt.

use std::time::Duration;

/// The wait after the given number of attempts: exponential from `first` up to `max`, with full jitter in its upper half, so that
/// orders that failed together do not come back together. `chance` is a random number in 0..1.
pub fn wait(first: Duration, max: Duration, attempt: u32, chance: f64) -> Duration {
    let full = first.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1).min(30))).min(max);
    full.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_grows_up_to_the_limit_and_never_passes_it(attempt in 0_u32..200, chance in 0.0_f64..1.0) {
            let (first, max) = (Duration::from_secs(1), Duration::from_mins(15));
            let now = wait(first, max, attempt, chance);
            prop_assert!(now <= max && now >= first / 2);
            prop_assert!(wait(first, max, attempt + 1, chance) >= now);
        }
    }
}
