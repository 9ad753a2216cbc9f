//! Values on their way into a column.

use std::time::Duration;

use super::StoreError;

/// A value as JSON text.
pub(super) fn json(operation: &'static str, value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Encode { operation, source })
}

/// A duration in the database's milliseconds.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
