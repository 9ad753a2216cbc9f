//! The functions of the dialect, and `LIKE`.

use rust_decimal::Decimal;

use super::value::{format_date, parse_date};
use super::{QueryError, Val};
use crate::sandbox::number;

/// Calls a function of the dialect.
pub(super) fn call(name: &str, values: &[Val]) -> Result<Val, QueryError> {
    let argument = |place: usize| values.get(place).cloned().unwrap_or(Val::Null);
    let text = |place: usize| argument(place).text();
    let numeric = |work: fn(Decimal) -> Decimal| argument(0).number().map(|number| number.map_or(Val::Null, |n| Val::Number(work(n))));
    Ok(match name {
        "NVL" if values.len() == 2 => {
            if text(0).is_none() {
                argument(1)
            } else {
                argument(0)
            }
        }
        "COALESCE" => values.iter().find(|value| value.text().is_some()).cloned().unwrap_or(Val::Null),
        "ABS" => numeric(|number| number.abs())?,
        "ROUND" => {
            let places = argument(1).number()?.and_then(|places| u32::try_from(places).ok()).unwrap_or(0);
            argument(0).number()?.map_or(Val::Null, |value| Val::Number(number::round(value, places)))
        }
        "TO_NUMBER" => argument(0).number()?.map_or(Val::Null, Val::Number),
        "TO_DATE" | "TO_TIMESTAMP" => match (text(0), text(1)) {
            (Some(value), Some(format)) => Val::Date(parse_date(&value, &format)?),
            _ => Val::Null,
        },
        "TO_CHAR" => match (argument(0), text(1)) {
            (Val::Date(at), Some(format)) => Val::Text(format_date(at, &format)?),
            (value, _) => value.text().map_or(Val::Null, Val::Text),
        },
        "TRUNC" => match argument(0) {
            Val::Date(at) => Val::Date(at.date().into()),
            _ => numeric(|number| number.trunc())?,
        },
        "UPPER" => text(0).map_or(Val::Null, |text| Val::Text(text.to_uppercase())),
        "LOWER" => text(0).map_or(Val::Null, |text| Val::Text(text.to_lowercase())),
        "TRIM" => text(0).map_or(Val::Null, |text| Val::Text(text.trim().to_owned())),
        "LENGTH" => text(0).map_or(Val::Null, |text| Val::id(text.chars().count() as u64)),
        "CONCAT" => Val::Text(text(0).unwrap_or_default() + &text(1).unwrap_or_default()),
        other => return Err(QueryError::Function(other.to_owned())),
    })
}

/// `%` is any text, `_` any character.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let Some(sign) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[sign.len_utf8()..];
    match sign {
        '%' => text.char_indices().map(|(place, _)| place).chain([text.len()]).any(|place| like(&text[place..], rest)),
        '_' => text.chars().next().is_some_and(|first| like(&text[first.len_utf8()..], rest)),
        _ => text.strip_prefix(sign).is_some_and(|text| like(text, rest)),
    }
}
