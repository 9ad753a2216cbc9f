//! The functions of the condition language, as data: the checker, the evaluator and the documentation read this table.

use std::borrow::Cow;

use jiff::ToSpan;
use jiff::civil::Weekday;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use super::facts::WEEKDAYS;
use super::types::Type;
use super::value::{self, Value};

/// What a function takes at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Text.
    Text,
    /// A number.
    Number,
    /// A date or a time; text written as a date will do.
    Day,
}

impl Takes {
    /// A value of the type fits; what a custom field holds is seen when an order is looked at.
    pub fn accepts(self, kind: Type) -> bool {
        kind == Type::Any
            || match self {
                Self::Text => kind.is_text(),
                Self::Number => kind == Type::Number,
                Self::Day => kind.is_day(),
            }
    }

    /// Within a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Day => "a date",
        }
    }
}

/// A function of one or two plain values. It is not called when one of them is missing: the result is missing, too.
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is written.
    pub form: &'static str,
    /// What it takes.
    pub takes: &'static [Takes],
    /// What it gives.
    pub gives: Type,
    /// What it does, for people.
    pub doc: &'static str,
    pub(super) run: for<'a> fn(Value<'a>, Value<'a>) -> Value<'a>,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Every function of plain values.
pub static FUNCTIONS: &[Function] = &[
    Function {
        name: "contains",
        form: "contains(text, part)",
        takes: &[Takes::Text, Takes::Text],
        gives: Type::YesNo,
        doc: "The text has the part somewhere in it; upper and lower case are the same.",
        run: |text, part| both(&text, &part, |text, part| text.contains(part)),
    },
    Function {
        name: "starts_with",
        form: "starts_with(text, part)",
        takes: &[Takes::Text, Takes::Text],
        gives: Type::YesNo,
        doc: "The text begins with the part; upper and lower case are the same.",
        run: |text, part| both(&text, &part, |text, part| text.starts_with(part)),
    },
    Function {
        name: "ends_with",
        form: "ends_with(text, part)",
        takes: &[Takes::Text, Takes::Text],
        gives: Type::YesNo,
        doc: "The text ends with the part; upper and lower case are the same.",
        run: |text, part| both(&text, &part, |text, part| text.ends_with(part)),
    },
    Function {
        name: "lower",
        form: "lower(text)",
        takes: &[Takes::Text],
        gives: Type::Text,
        doc: "The text in lower case.",
        run: |text, _| of_text(&text, |text| Value::Text(Cow::Owned(text.to_lowercase()))),
    },
    Function {
        name: "upper",
        form: "upper(text)",
        takes: &[Takes::Text],
        gives: Type::Text,
        doc: "The text in upper case.",
        run: |text, _| of_text(&text, |text| Value::Text(Cow::Owned(text.to_uppercase()))),
    },
    Function {
        name: "trim",
        form: "trim(text)",
        takes: &[Takes::Text],
        gives: Type::Text,
        doc: "The text without space around it.",
        run: |text, _| of_text(&text, |text| Value::Text(Cow::Owned(text.trim().to_owned()))),
    },
    Function {
        name: "length",
        form: "length(text)",
        takes: &[Takes::Text],
        gives: Type::Number,
        doc: "How many letters the text has.",
        run: |text, _| of_text(&text, |text| Value::Number(text.chars().count().into())),
    },
    Function {
        name: "number",
        form: "number(text)",
        takes: &[Takes::Text],
        gives: Type::Number,
        doc: "The number that is written in the text; not usable where none is.",
        run: |text, _| match text {
            Value::Number(number) => Value::Number(number),
            text => of_text(&text, |text| value::parse_number(text).map_or(Value::Unfit, Value::Number)),
        },
    },
    Function {
        name: "date",
        form: "date(text)",
        takes: &[Takes::Day],
        gives: Type::Date,
        doc: "The date that is written in the text as `2026-11-23`, or the day of a time, in UTC.",
        run: |day, _| day.day().map_or(Value::Unfit, Value::Day),
    },
    Function {
        name: "year",
        form: "year(date)",
        takes: &[Takes::Day],
        gives: Type::Number,
        doc: "Its year.",
        run: |day, _| day.day().map_or(Value::Unfit, |day| Value::Number(day.year().into())),
    },
    Function {
        name: "month",
        form: "month(date)",
        takes: &[Takes::Day],
        gives: Type::Number,
        doc: "Its month, 1 to 12.",
        run: |day, _| day.day().map_or(Value::Unfit, |day| Value::Number(day.month().into())),
    },
    Function {
        name: "day",
        form: "day(date)",
        takes: &[Takes::Day],
        gives: Type::Number,
        doc: "Its day of the month, 1 to 31.",
        run: |day, _| day.day().map_or(Value::Unfit, |day| Value::Number(day.day().into())),
    },
    Function {
        name: "weekday",
        form: "weekday(date)",
        takes: &[Takes::Day],
        gives: Type::Word(&WEEKDAYS),
        doc: "Its day of the week, `\"Monday\"` to `\"Sunday\"`.",
        run: |day, _| day.day().map_or(Value::Unfit, |day| Value::text(Some(weekday(day.weekday())))),
    },
    Function {
        name: "days_between",
        form: "days_between(from, to)",
        takes: &[Takes::Day, Takes::Day],
        gives: Type::Number,
        doc: "How many days after the first date the second is; negative where it is before.",
        run: |from, to| days_between(&from, &to).unwrap_or(Value::Unfit),
    },
    Function {
        name: "add_days",
        form: "add_days(date, days)",
        takes: &[Takes::Day, Takes::Number],
        gives: Type::Date,
        doc: "The date that many whole days later; earlier where the number is negative.",
        run: |day, days| add_days(&day, &days).unwrap_or(Value::Unfit),
    },
];

fn of_text<'a>(text: &Value<'a>, run: impl FnOnce(&str) -> Value<'a>) -> Value<'a> {
    if let Value::Text(text) = text { run(text) } else { Value::Unfit }
}

fn both<'a>(text: &Value<'a>, part: &Value<'a>, asks: impl FnOnce(&str, &str) -> bool) -> Value<'a> {
    let (Value::Text(text), Value::Text(part)) = (text, part) else { return Value::Unfit };
    Value::YesNo(asks(&text.to_lowercase(), &part.to_lowercase()))
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

fn days_between(from: &Value<'_>, to: &Value<'_>) -> Option<Value<'static>> {
    let days = from.day()?.until(to.day()?).ok()?.get_days();
    Some(Value::Number(days.into()))
}

fn add_days(day: &Value<'_>, days: &Value<'_>) -> Option<Value<'static>> {
    let Value::Number(days) = days else { return None };
    let whole = days.is_integer().then(|| days.to_i32())??;
    let span = 0.days().try_days(whole).ok()?;
    day.day()?.checked_add(span).ok().map(Value::Day)
}

/// A function over the lines of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLines {
    /// The condition holds for at least one line.
    Any,
    /// The condition holds for every line.
    All,
    /// The condition holds for no line.
    None,
    /// How many lines it holds for.
    Count,
    /// The values added up.
    Sum,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
}

impl OverLines {
    const ALL: [(&'static str, Self); 7] = [
        ("any", Self::Any),
        ("all", Self::All),
        ("none", Self::None),
        ("count", Self::Count),
        ("sum", Self::Sum),
        ("min", Self::Min),
        ("max", Self::Max),
    ];

    /// By its name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find_map(|(known, function)| (known == name).then_some(function))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find_map(|(name, function)| (function == self).then_some(name)).unwrap_or_default()
    }

    /// How it is written.
    pub fn form(self) -> &'static str {
        match self {
            Self::Any => "any(order.lines, condition)",
            Self::All => "all(order.lines, condition)",
            Self::None => "none(order.lines, condition)",
            Self::Count => "count(order.lines, condition)",
            Self::Sum => "sum(order.lines, number)",
            Self::Min => "min(order.lines, value)",
            Self::Max => "max(order.lines, value)",
        }
    }

    /// It asks a condition of each line, not a value.
    pub fn takes_condition(self) -> bool {
        matches!(self, Self::Any | Self::All | Self::None | Self::Count)
    }

    fn doc(self) -> &'static str {
        match self {
            Self::Any => "The condition holds for at least one line. Within it, `line` is the line.",
            Self::All => "The condition holds for every line; an order without lines meets it.",
            Self::None => "The condition holds for no line; an order without lines meets it.",
            Self::Count => "How many lines the condition holds for; without a condition, how many lines there are.",
            Self::Sum => "The values of the lines added up; lines without the value are left out.",
            Self::Min => "The smallest value of the lines; missing where no line has one.",
            Self::Max => "The largest value of the lines; missing where no line has one.",
        }
    }
}

/// The names of the two functions that deal with missing values.
pub const MISSING: &str = "missing";
/// `default(value, other)`
pub const DEFAULT: &str = "default";

/// Every name that can be called.
pub fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name).chain([MISSING, DEFAULT]).chain(OverLines::ALL.into_iter().map(|(name, _)| name))
}

/// A function as documentation shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionDoc {
    /// `contains`
    pub name: &'static str,
    /// `contains(text, part)`
    pub form: &'static str,
    /// What it gives: `yes/no`, `number`, …
    pub gives: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// Every function there is, in the order of the documentation.
pub fn functions_catalogue() -> Vec<FunctionDoc> {
    let plain = FUNCTIONS.iter().map(|function| FunctionDoc {
        name: function.name,
        form: function.form,
        gives: function.gives.name(),
        doc: function.doc,
    });
    let missing = FunctionDoc { name: MISSING, form: "missing(value)", gives: Type::YesNo.name(), doc: "The order has no such value." };
    let default = FunctionDoc {
        name: DEFAULT,
        form: "default(value, other)",
        gives: Type::Any.name(),
        doc: "The value, or the other one where the order has no such value.",
    };
    let lines = OverLines::ALL.into_iter().map(|(name, function)| FunctionDoc {
        name,
        form: function.form(),
        gives: match function {
            OverLines::Any | OverLines::All | OverLines::None => Type::YesNo.name(),
            OverLines::Count | OverLines::Sum => Type::Number.name(),
            OverLines::Min | OverLines::Max => Type::Any.name(),
        },
        doc: function.doc(),
    });
    plain.chain([missing, default]).chain(lines).collect()
}
