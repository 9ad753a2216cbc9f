//! Reads the values of request bodies as leniently as NetSuite does: a reference may be an object or a bare id.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::errors::{ApiError, ApiResult};
use crate::sandbox::number;

/// The id in `{"id":"12"}`, `"12"` or `12`; a reference by name alone has none.
pub(super) fn reference(value: &Value) -> Option<String> {
    match value {
        Value::Object(fields) => fields.get("id").and_then(reference),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A reference to a record with a numeric id, or `None` where the field is absent or `null`.
pub(super) fn id(body: &Value, field: &str, path: &str) -> ApiResult<Option<u64>> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let text = reference(value).unwrap_or_else(|| value.to_string());
            text.parse().map(Some).map_err(|_not_a_number| ApiError::field_value(&text, field, path))
        }
    }
}

pub(super) fn text(body: &Value, field: &str) -> ApiResult<Option<String>> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(ApiError::field_value(&other.to_string(), field, field)),
    }
}

pub(super) fn decimal(body: &Value, field: &str, path: &str) -> ApiResult<Option<Decimal>> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => number::read(value).map(Some).ok_or_else(|| ApiError::field_value(&value.to_string(), field, path)),
    }
}

pub(super) fn boolean(body: &Value, field: &str, path: &str) -> ApiResult<Option<bool>> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(value) => Err(ApiError::field_value(&value.to_string(), field, path)),
    }
}

pub(super) fn date(body: &Value, field: &str) -> ApiResult<Option<Date>> {
    let Some(text) = text(body, field)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_not_a_date| ApiError::field_value(&text, field, field))
}

/// An external id of letters, digits, `_` and `-`; other characters break `eid:` addresses.
pub(super) fn external_id(body: &Value) -> ApiResult<Option<String>> {
    let Some(text) = text(body, "externalId")? else { return Ok(None) };
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if plain { Ok(Some(text)) } else { Err(ApiError::field_value(&text, "externalId", "externalId")) }
}

/// The lines of a sublist, or `None` where the body does not name it.
pub(super) fn lines<'a>(body: &'a Value, sublist: &str) -> ApiResult<Option<&'a Vec<Value>>> {
    match body.get(sublist) {
        None | Some(Value::Null) => Ok(None),
        Some(list) => list
            .get("items")
            .and_then(Value::as_array)
            .map(Some)
            .ok_or_else(|| ApiError::content("Invalid content in the request body", sublist)),
    }
}

/// The custom fields with `prefix`, as they came.
pub(super) fn custom(body: &Value, prefix: &str) -> Vec<(String, Value)> {
    body.as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
