//! Percentiles and medians.

use std::time::Duration;

/// How long each of many things took.
#[derive(Debug, Default, Clone)]
pub struct Durations {
    micros: Vec<f64>,
    sorted: bool,
}

impl Durations {
    /// Adds one.
    pub fn add(&mut self, took: Duration) {
        self.micros.push(took.as_secs_f64() * 1e6);
        self.sorted = false;
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.sorted = false;
    }

    /// The value that the given part (0 to 1) of all does not exceed, in microseconds, by the nearest rank; zero of none.
    pub fn percentile(&mut self, part: f64) -> f64 {
        if !self.sorted {
            self.micros.sort_by(f64::total_cmp);
            self.sorted = true;
        }
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank within the list")]
        let rank = (part * self.micros.len() as f64).ceil() as usize;
        self.micros.get(rank.max(1) - 1).copied().unwrap_or_default()
    }

    /// The middle, in microseconds.
    pub fn p50(&mut self) -> f64 {
        self.percentile(0.5)
    }

    /// The ninety-ninth hundredth, in microseconds.
    pub fn p99(&mut self) -> f64 {
        self.percentile(0.99)
    }
}

/// The middle of some numbers; of an even number of them, the mean of the two in the middle. Zero of none.
pub fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
        (Some(below), Some(above)) if sorted.len().is_multiple_of(2) => f64::midpoint(*below, *above),
        (_, Some(middle)) => *middle,
        _ => 0.0,
    }
}
