//! `Retry-After`: how long the other side asks us to wait.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// Reads a header value: an HTTP date in any of its three forms, else whole seconds.
///
/// A date in the past, which a skewed clock makes of a short wait, is no wait at all. None when it is neither, so that
/// the caller waits as long as it thinks right.
pub fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(date) = httpdate::parse_http_date(value) {
        return Some(date.duration_since(SystemTime::from(now)).unwrap_or(Duration::ZERO));
    }
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // Negative seconds are a past date in another dress.
    value.parse::<i64>().is_ok().then_some(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2020-07-15T15:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_date_gives_the_time_until_then() {
        for value in ["Wed, 15 Jul 2020 15:04:05 GMT", "Wednesday, 15-Jul-20 15:04:05 GMT", "Wed Jul 15 15:04:05 2020"] {
            assert_eq!(parse(value, now()), Some(Duration::from_secs(245)), "{value}");
        }
    }

    #[test]
    fn a_past_date_is_no_wait() {
        assert_eq!(parse("Wed, 15 Jul 2020 14:59:00 GMT", now()), Some(Duration::ZERO));
        assert_eq!(parse("-5", now()), Some(Duration::ZERO));
    }

    #[test]
    fn seconds_are_read() {
        assert_eq!(parse(" 90 ", now()), Some(Duration::from_secs(90)));
        assert_eq!(parse("0", now()), Some(Duration::ZERO));
    }

    #[test]
    fn anything_else_is_left_to_the_caller() {
        for value in ["", "soon", "1.5", "Wed, 45 Jul 2020 15:04:05 GMT"] {
            assert_eq!(parse(value, now()), None, "{value}");
        }
    }
}
