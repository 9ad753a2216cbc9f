//! What a condition computes with: the values of facts, and a truth with a third side for what cannot be known.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::domain::money;

/// The value of a fact or of a part of a condition. Text is borrowed from the sales order where it can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// The sales order has no such value.
    Missing,
    /// There is a value, but not one that this place can work with: text where a number is needed, a division by zero.
    Unfit,
    /// A checkbox or the outcome of a condition.
    YesNo(bool),
    /// A quantity, an amount.
    Number(Decimal),
    /// Text, the name of a record, or an id.
    Text(Cow<'a, str>),
    /// A calendar day.
    Day(Date),
    /// A moment.
    Moment(Timestamp),
}

impl<'a> Value<'a> {
    /// Text as NetSuite gives it; blank text is no value.
    pub fn text(text: Option<&'a str>) -> Self {
        text.filter(|text| !text.trim().is_empty()).map_or(Self::Missing, |text| Self::Text(Cow::Borrowed(text)))
    }

    /// A number, where there is one.
    pub fn number(number: Option<Decimal>) -> Self {
        number.map_or(Self::Missing, Self::Number)
    }

    /// The same value, with nothing borrowed.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Missing => Value::Missing,
            Self::Unfit => Value::Unfit,
            Self::YesNo(yes) => Value::YesNo(yes),
            Self::Number(number) => Value::Number(number),
            Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Self::Day(day) => Value::Day(day),
            Self::Moment(moment) => Value::Moment(moment),
        }
    }

    /// The same value, borrowed from this one.
    pub fn borrowed(&'a self) -> Self {
        match self {
            Self::Text(text) => Self::Text(Cow::Borrowed(text)),
            other => other.clone(),
        }
    }

    /// There is a value, fit or not.
    pub fn is_present(&self) -> bool {
        !matches!(self, Self::Missing)
    }

    /// What kind of value this is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unfit => "not usable here",
            Self::YesNo(_) => "yes or no",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Day(_) => "a date",
            Self::Moment(_) => "a time",
        }
    }

    /// As the answer to a condition. `T` and `F` are NetSuite's own spelling of a checkbox.
    pub fn truth(&self) -> Truth {
        match self {
            Self::YesNo(yes) => Truth::from(*yes),
            Self::Text(text) => yes_no(text).map_or(Truth::Unknown, Truth::from),
            _ => Truth::Unknown,
        }
    }

    /// As a calendar day; a moment counts as its day in UTC, and text has to be written `2026-11-23` (or as a full time).
    pub fn day(&self) -> Option<Date> {
        match self {
            Self::Day(day) => Some(*day),
            Self::Moment(moment) => Some(utc_day(*moment)),
            Self::Text(text) => parse_day(text),
            _ => None,
        }
    }

    /// Whether two values are the same; `None` where one is missing or they are of kinds that cannot be compared.
    pub fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Text(left), Self::Text(right)) => Some(same_text(left, right)),
            (Self::YesNo(left), Self::YesNo(right)) => Some(left == right),
            (Self::YesNo(yes), Self::Text(text)) | (Self::Text(text), Self::YesNo(yes)) => yes_no(text).map(|read| read == *yes),
            _ => self.order(other).map(Ordering::is_eq),
        }
    }

    /// Which of two values comes first; `None` where one is missing or they have no common order.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => Some(left.cmp(right)),
            (Self::Moment(left), Self::Moment(right)) => Some(left.cmp(right)),
            (Self::Moment(left), Self::Text(right)) => Some(match right.trim().parse::<Timestamp>() {
                Ok(right) => left.cmp(&right),
                Err(_not_a_moment) => utc_day(*left).cmp(&parse_day(right)?),
            }),
            (Self::Text(_), Self::Moment(_)) => other.order(self).map(Ordering::reverse),
            (Self::Day(_) | Self::Moment(_) | Self::Text(_), Self::Day(_) | Self::Moment(_) | Self::Text(_)) => {
                Some(self.day()?.cmp(&other.day()?))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("missing"),
            Self::Unfit => f.write_str("not usable"),
            Self::YesNo(yes) => write!(f, "{yes}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Day(day) => write!(f, "{day}"),
            Self::Moment(moment) => write!(f, "{moment}"),
        }
    }
}

/// The answer to a condition. What rests on a missing or unfit value is `Unknown`, and so is its opposite: nothing holds
/// because of what is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It cannot be known, so it does not hold; nor does its opposite.
    Unknown,
}

impl Truth {
    /// Both hold: false as soon as one is false.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    /// One of both holds: true as soon as one is true.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            _ => Self::Unknown,
        }
    }

    /// It holds for certain.
    pub fn holds(self) -> bool {
        self == Self::True
    }

    /// As a value; what is unknown is missing.
    pub fn value(self) -> Value<'static> {
        match self {
            Self::True => Value::YesNo(true),
            Self::False => Value::YesNo(false),
            Self::Unknown => Value::Missing,
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    /// The opposite; of what is unknown, unknown.
    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// Text is the same when it differs only in upper and lower case and in space around it.
pub fn same_text(left: &str, right: &str) -> bool {
    let (left, right) = (left.trim(), right.trim());
    if left.eq_ignore_ascii_case(right) {
        return true;
    }
    if left.is_ascii() && right.is_ascii() {
        return false;
    }
    left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
}

/// A checkbox as text: `T` and `F`, as SuiteScript and SuiteQL write it, or spelled out.
pub fn yes_no(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("t") || text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("f") || text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A day written `2026-11-23`, or the UTC day of a moment with its zone.
pub fn parse_day(text: &str) -> Option<Date> {
    let text = text.trim();
    if text.len() == "2026-11-23".len() { text.parse().ok() } else { text.parse().ok().map(utc_day) }
}

/// A number written as text.
pub fn parse_number(text: &str) -> Option<Decimal> {
    money::parse(text)
}

fn utc_day(moment: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(moment).date()
}
