//! `Retry-After`.

use std::time::Duration;

use jiff::Timestamp;

/// Reads `Retry-After`: whole seconds, or an HTTP date (one that has passed is no wait). `None` where it is neither.
pub fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}
