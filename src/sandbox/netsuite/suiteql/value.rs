//! How values compare, and how they read as text.

use std::cmp::Ordering;

use jiff::civil::{Date, DateTime, Time};
use rust_decimal::Decimal;

use super::{QueryError, Val};
use crate::sandbox::number;

impl Val {
    pub(super) fn text_or_null(text: Option<&str>) -> Self {
        match text {
            // The database keeps no empty texts.
            None | Some("") => Self::Null,
            Some(text) => Self::Text(text.to_owned()),
        }
    }

    pub(super) fn id(id: u64) -> Self {
        Self::Number(Decimal::from(id))
    }

    pub(super) fn flag(flag: bool) -> Self {
        Self::Text(if flag { "T" } else { "F" }.to_owned())
    }

    /// As it is answered; dates in the account's format, without their time.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Text(text) if text.is_empty() => None,
            Self::Text(text) => Some(text.clone()),
            Self::Number(number) => Some(number.normalize().to_string()),
            Self::Date(at) => format_date(*at, "DD/MM/YYYY").ok(),
            Self::Truth(truth) => Some(if *truth { "T" } else { "F" }.to_owned()),
        }
    }

    pub(super) fn number(&self) -> Result<Option<Decimal>, QueryError> {
        match self {
            Self::Null => Ok(None),
            Self::Number(number) => Ok(Some(*number)),
            Self::Text(text) => number::parse(text).map(Some).ok_or_else(|| QueryError::Value(format!("'{text}' is not a number"))),
            Self::Date(_) | Self::Truth(_) => Err(QueryError::Value("not a number".to_owned())),
        }
    }

    /// `None` where a side is NULL: unknown.
    pub(super) fn compare(&self, other: &Self) -> Result<Option<Ordering>, QueryError> {
        Ok(Some(match (self, other) {
            (Self::Null, _) | (_, Self::Null) => return Ok(None),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Date(a), Self::Text(text)) => a.cmp(&account_date(text)?),
            (Self::Text(text), Self::Date(b)) => account_date(text)?.cmp(b),
            (Self::Number(_), Self::Number(_) | Self::Text(_)) | (Self::Text(_), Self::Number(_)) => {
                match (self.number(), other.number()) {
                    (Ok(a), Ok(b)) => a.cmp(&b),
                    _ => self.text().cmp(&other.text()),
                }
            }
            _ => self.text().cmp(&other.text()),
        }))
    }

    /// For sorting: NULL comes last, as Oracle has it.
    pub(super) fn sort(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Greater,
            (_, Self::Null) => Ordering::Less,
            _ => self.compare(other).ok().flatten().unwrap_or(Ordering::Equal),
        }
    }
}

/// A date written as the account's preference has it; every other way is refused, as `TO_DATE` is there for those.
fn account_date(text: &str) -> Result<DateTime, QueryError> {
    parse_date(text, "DD/MM/YYYY HH24:MI:SS").or_else(|_| parse_date(text, "DD/MM/YYYY"))
}

const PARTS: [&str; 7] = ["YYYY", "HH24", "MM", "DD", "MI", "SS", "HH"];

/// `TO_DATE(text, format)`.
pub(super) fn parse_date(text: &str, format: &str) -> Result<DateTime, QueryError> {
    let wrong = || QueryError::Value(format!("'{text}' is not a date of the form {format}"));
    let (mut year, mut month, mut day, mut hour, mut minute, mut second) = (0, 1, 1, 0, 0, 0);
    let mut format = format;
    let mut rest = text;
    while let Some(sign) = format.chars().next() {
        let part = PARTS.into_iter().find(|part| format.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part)));
        if let Some(part) = part {
            let longest = if part == "YYYY" { 4 } else { 2 };
            let length = rest.bytes().take(longest).take_while(u8::is_ascii_digit).count();
            let value: i16 = rest[..length].parse().map_err(|_not_digits| wrong())?;
            match part {
                "YYYY" => year = value,
                "MM" => month = value,
                "DD" => day = value,
                "MI" => minute = value,
                "SS" => second = value,
                _ => hour = value,
            }
            (format, rest) = (&format[part.len()..], &rest[length..]);
        } else if sign == '"' {
            let (literal, after) = format[1..].split_once('"').ok_or_else(wrong)?;
            rest = rest.strip_prefix(literal).ok_or_else(wrong)?;
            format = after;
        } else {
            rest = rest.strip_prefix(sign).ok_or_else(wrong)?;
            format = &format[sign.len_utf8()..];
        }
    }
    let small = |value: i16| i8::try_from(value).map_err(|_too_large| wrong());
    let date = Date::new(year, small(month)?, small(day)?).map_err(|_no_such_day| wrong())?;
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).map_err(|_no_such_time| wrong())?;
    if rest.is_empty() { Ok(DateTime::from_parts(date, time)) } else { Err(wrong()) }
}

/// `TO_CHAR(date, format)`.
pub(super) fn format_date(at: DateTime, format: &str) -> Result<String, QueryError> {
    let mut text = String::new();
    let mut rest = format;
    while let Some(sign) = rest.chars().next() {
        let part = PARTS.into_iter().find(|part| rest.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part)));
        if let Some(part) = part {
            let value = match part {
                "YYYY" => format!("{:04}", at.year()),
                "MM" => format!("{:02}", at.month()),
                "DD" => format!("{:02}", at.day()),
                "HH24" => format!("{:02}", at.hour()),
                "MI" => format!("{:02}", at.minute()),
                "SS" => format!("{:02}", at.second()),
                _ => return Err(QueryError::Value(format!("the date format {format}"))),
            };
            text.push_str(&value);
            rest = &rest[part.len()..];
        } else if sign == '"' {
            let (literal, after) = rest[1..].split_once('"').ok_or_else(|| QueryError::Value(format!("the date format {format}")))?;
            text.push_str(literal);
            rest = after;
        } else if sign.is_alphanumeric() {
            return Err(QueryError::Value(format!("the date format {format}")));
        } else {
            text.push(sign);
            rest = &rest[sign.len_utf8()..];
        }
    }
    Ok(text)
}
