//! Reading fields leniently: X-Series sends the same value as a number, a string, an empty string or null, under names that
//! differ between its three shapes. Readers take JSON pointers in order of preference; the first that holds something wins.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::Value;
use thiserror::Error;

use crate::domain::money;

/// A body that cannot be understood; names the place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WireError {
    /// Something that has to be there is not.
    #[error("{at} is missing")]
    Missing {
        /// The place, as a JSON pointer.
        at: String,
    },
    /// Something is there that is not of its kind.
    #[error("{at} holds {seen}, which is not {wanted}")]
    Unexpected {
        /// The place, as a JSON pointer.
        at: String,
        /// What it holds, cut short.
        seen: String,
        /// What it should be.
        wanted: &'static str,
    },
}

impl WireError {
    pub(crate) fn missing(at: impl Into<String>) -> Self {
        Self::Missing { at: at.into() }
    }

    pub(crate) fn unexpected(at: impl Into<String>, value: &Value, wanted: &'static str) -> Self {
        let seen: String = value.to_string().chars().take(60).collect();
        Self::Unexpected { at: at.into(), seen, wanted }
    }

    /// The same error, seen from one level further out.
    pub(crate) fn within(self, parent: &str) -> Self {
        match self {
            Self::Missing { at } => Self::Missing { at: format!("{parent}{at}") },
            Self::Unexpected { at, seen, wanted } => Self::Unexpected { at: format!("{parent}{at}"), seen, wanted },
        }
    }
}

/// Amounts and quantities beyond this are no till's; within it, products and sums of a sale stay in a decimal's range.
const LARGEST: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0); // 10^12

/// The first pointer that holds a scalar with something in it, and where that was.
fn scalar<'v, 'p>(value: &'v Value, pointers: &[&'p str]) -> Option<(&'p str, &'v Value)> {
    pointers.iter().find_map(|pointer| {
        let found = value.pointer(pointer)?;
        let holds = match found {
            Value::String(text) => !text.trim().is_empty(),
            Value::Number(_) | Value::Bool(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        holds.then_some((*pointer, found))
    })
}

/// Text; a number is read as its text.
pub(crate) fn text(value: &Value, pointers: &[&str]) -> Option<String> {
    match scalar(value, pointers)?.1 {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An id: text in lower case, so that one record has one id.
pub(crate) fn id(value: &Value, pointers: &[&str]) -> Option<String> {
    text(value, pointers).map(|text| text.trim().to_ascii_lowercase())
}

/// An id that has to be there.
pub(crate) fn required_id(value: &Value, pointers: &[&str]) -> Result<String, WireError> {
    id(value, pointers).ok_or_else(|| WireError::missing(*pointers.first().unwrap_or(&"/id")))
}

/// An amount or a quantity, from a number or from text that holds one.
pub(crate) fn amount(value: &Value, pointers: &[&str]) -> Result<Option<Decimal>, WireError> {
    let Some((at, found)) = scalar(value, pointers) else { return Ok(None) };
    let unexpected = || WireError::unexpected(at, found, "an amount");
    let parsed = match found {
        Value::String(text) => money::parse(text),
        // Sums in doubles leave dust such as 5.684341886080802e-14, which has more places than a decimal can hold.
        Value::Number(number) => {
            money::parse(&number.to_string()).or_else(|| number.as_f64().filter(|tiny| tiny.abs() < 1e-12).map(|_| Decimal::ZERO))
        }
        _ => None,
    };
    let parsed = parsed.ok_or_else(unexpected)?;
    if parsed.abs() > LARGEST {
        return Err(unexpected());
    }
    Ok(Some(parsed))
}

/// A flag: `true`, `1`, `"1"`, `"true"` and their opposites; anything else is not said.
pub(crate) fn flag(value: &Value, pointers: &[&str]) -> Option<bool> {
    match scalar(value, pointers)?.1 {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" => Some(true),
            "0" | "false" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number, from a number or from text that holds one.
pub(crate) fn int(value: &Value, pointers: &[&str]) -> Option<i64> {
    let text = text(value, pointers)?;
    let text = text.trim();
    text.parse().ok().or_else(|| money::parse(text)?.trunc().try_into().ok())
}

/// A point in time in any of the vendor's forms; one without a zone is UTC.
pub(crate) fn date(value: &Value, pointers: &[&str]) -> Result<Option<Timestamp>, WireError> {
    let Some((at, found)) = scalar(value, pointers) else { return Ok(None) };
    let Value::String(text) = found else { return Err(WireError::unexpected(at, found, "a date")) };
    let text = text.trim();
    if text.starts_with("0000-00-00") {
        return Ok(None);
    }
    let zoneless = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let parsed = text.parse::<Timestamp>().ok().or_else(zoneless);
    parsed.map(Some).ok_or_else(|| WireError::unexpected(at, found, "a date"))
}

/// The first pointer that holds a list; no list is an empty one, as empty ones are left out of some answers.
pub(crate) fn items<'v>(value: &'v Value, pointers: &[&str]) -> &'v [Value] {
    pointers.iter().find_map(|pointer| value.pointer(pointer)?.as_array()).map_or(&[], Vec::as_slice)
}

/// The row was deleted.
pub(crate) fn is_deleted(row: &Value) -> bool {
    scalar(row, &["/deleted_at"]).is_some()
}

/// The rows of a list answer: under `data`, under the resource's own name, or bare.
pub(crate) fn rows<'v>(body: &'v Value, name: &str) -> Result<&'v [Value], WireError> {
    let found = if body.is_array() { Some(body) } else { body.get("data").or_else(|| body.get(name)) };
    match found {
        Some(Value::Array(rows)) => Ok(rows),
        Some(Value::Null) => Ok(&[]),
        Some(other) => Err(WireError::unexpected("/data", other, "a list")),
        None => Err(WireError::missing("/data")),
    }
}

/// The one record of an answer: under `data`, or bare.
pub(crate) fn record(body: &Value) -> Option<&Value> {
    let record = match body.get("data") {
        Some(Value::Array(rows)) => rows.first()?,
        Some(data) => data,
        None => body,
    };
    record.as_object().filter(|fields| !fields.is_empty()).map(|_| record)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_come_as_numbers_and_as_text() {
        let row = json!({"a": 39.08174, "b": "0.65217", "c": "", "d": null, "e": 5.684_341_886_080_802e-14, "f": 1e-7, "g": -200});
        assert_eq!(amount(&row, &["/a"]), Ok(Some(dec!(39.08174))));
        assert_eq!(amount(&row, &["/b"]), Ok(Some(dec!(0.65217))));
        assert_eq!(amount(&row, &["/c"]), Ok(None));
        assert_eq!(amount(&row, &["/d", "/a"]), Ok(Some(dec!(39.08174))));
        assert_eq!(amount(&row, &["/e"]).unwrap().unwrap().round_dp(10), dec!(0));
        assert_eq!(amount(&row, &["/f"]), Ok(Some(dec!(0.0000001))));
        assert_eq!(amount(&row, &["/g"]), Ok(Some(dec!(-200))));
    }

    #[test]
    fn what_is_no_amount_is_an_error_and_not_zero() {
        for value in [json!("twelve"), json!(true), json!(1e15), json!("1e40")] {
            assert!(amount(&json!({ "a": value }), &["/a"]).is_err(), "{value}");
        }
        assert_eq!(LARGEST, dec!(1000000000000));
    }

    #[test]
    fn the_four_date_forms_give_the_same_time() {
        let expected: Timestamp = "2019-05-27T03:19:52Z".parse().unwrap();
        for text in [
            "2019-05-27 03:19:52",
            "2019-05-27T03:19:52Z",
            "2019-05-27T03:19:52+00:00",
            "2019-05-27T15:19:52+12:00",
            "2019-05-27T15:19:52+1200",
            "2019-05-27T03:19:52.000Z",
        ] {
            assert_eq!(date(&json!({ "d": text }), &["/d"]), Ok(Some(expected)), "{text}");
        }
        assert_eq!(date(&json!({ "d": "2015-05-06" }), &["/d"]).unwrap().unwrap().to_string(), "2015-05-06T00:00:00Z");
        assert_eq!(date(&json!({ "d": "0000-00-00 00:00:00" }), &["/d"]), Ok(None));
        assert!(date(&json!({ "d": "yesterday" }), &["/d"]).is_err());
    }

    #[test]
    fn flags_and_whole_numbers_come_in_every_dress() {
        for (value, expected) in [(json!(1), true), (json!("0"), false), (json!(true), true), (json!("TRUE"), true)] {
            assert_eq!(flag(&json!({ "f": value }), &["/f"]), Some(expected), "{value}");
        }
        for value in [json!(7), json!("7"), json!(7.0), json!("7.0")] {
            assert_eq!(int(&json!({ "i": value }), &["/i"]), Some(7), "{value}");
        }
    }
}
