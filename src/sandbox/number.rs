//! Numbers between JSON and [`Decimal`], through their text so that no cent is lost on the way.

use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Number, Value};

/// A number, or a text that holds one.
pub(super) fn read(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => parse(&number.to_string()),
        Value::String(text) => parse(text.trim()),
        _ => None,
    }
}

/// A decimal from its text, with or without an exponent.
pub(super) fn parse(text: &str) -> Option<Decimal> {
    Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A JSON number that prints as the decimal does, without idle zeros.
pub(super) fn write(value: Decimal) -> Value {
    serde_json::from_str::<Number>(&value.normalize().to_string()).map_or(Value::Null, Value::Number)
}

/// Rounds to `places`, halves away from zero, as both systems print their totals.
pub(super) fn round(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}
