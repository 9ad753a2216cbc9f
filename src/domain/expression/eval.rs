//! Runs a checked condition on the facts of an order. It ends after at most (parts × lines) steps, and borrows text
//! rather than copying it.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::facts::Facts;
use super::functions::{Function, OverLines};
use super::parser::{Comparison, Operation};
use super::term::{Term, TermKind};
use super::value::{Truth, Value};
use crate::domain::sales_order::OrderLine;

/// What a condition is looked at with.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The order; none while a condition is loaded.
    pub facts: Option<Facts<'a>>,
    /// The line at hand.
    pub line: Option<&'a OrderLine>,
}

impl Scope<'_> {
    /// No order: for parts that are written values alone.
    pub const NOTHING: Scope<'static> = Scope { facts: None, line: None };
}

impl<'a> From<&Facts<'a>> for Scope<'a> {
    fn from(facts: &Facts<'a>) -> Self {
        Self { facts: Some(*facts), line: None }
    }
}

/// Whether a condition holds.
pub fn truth<'a>(term: &'a Term, scope: Scope<'a>) -> Truth {
    match &term.kind {
        TermKind::And(parts) => all(parts, |part| truth(part, scope)),
        TermKind::Or(parts) => any(parts, |part| truth(part, scope)),
        TermKind::Not(part) => !truth(part, scope),
        TermKind::Compare(how, left, right) => compare(*how, &value(left, scope), &value(right, scope)),
        TermKind::In(part, list) => among(&value(part, scope), list),
        TermKind::Missing(part) => Truth::from(!value(part, scope).is_present()),
        TermKind::Lines(function @ (OverLines::Any | OverLines::All | OverLines::None), Some(body)) => {
            let lines = lines(scope);
            match function {
                OverLines::Any => any(lines, |line| truth(body, line)),
                OverLines::All => all(lines, |line| truth(body, line)),
                _ => !any(lines, |line| truth(body, line)),
            }
        }
        _ => value(term, scope).truth(),
    }
}

/// The value of a part.
pub fn value<'a>(term: &'a Term, scope: Scope<'a>) -> Value<'a> {
    match &term.kind {
        TermKind::Constant(value) => value.borrowed(),
        TermKind::Order(fact) => scope.facts.map_or(Value::Missing, |facts| (fact.read)(&facts)),
        TermKind::OrderCustom(field) => scope.facts.map_or(Value::Missing, |facts| field.read(&facts.order.custom)),
        TermKind::Line(fact) => scope.line.map_or(Value::Missing, |line| (fact.read)(line)),
        TermKind::LineCustom(field) => scope.line.map_or(Value::Missing, |line| field.read(&line.custom)),
        TermKind::Negate(part) => match value(part, scope) {
            Value::Number(number) => Value::Number(-number),
            Value::Missing => Value::Missing,
            _ => Value::Unfit,
        },
        TermKind::Compute(how, left, right) => compute(*how, &value(left, scope), &value(right, scope)),
        TermKind::Call(function, parts) => call(function, parts, scope),
        TermKind::Default(part, other) => match value(part, scope) {
            Value::Missing => value(other, scope),
            found => found,
        },
        TermKind::Lines(OverLines::Count, body) => {
            let holds = |line: &Scope<'a>| body.as_ref().is_none_or(|body| truth(body, *line).holds());
            Value::Number(lines(scope).filter(holds).count().into())
        }
        TermKind::Lines(function @ (OverLines::Sum | OverLines::Min | OverLines::Max), Some(body)) => gather(*function, body, scope),
        _ => truth(term, scope).value(),
    }
}

fn lines(scope: Scope<'_>) -> impl Iterator<Item = Scope<'_>> {
    scope.facts.into_iter().flat_map(move |facts| facts.lines().map(move |line| Scope { facts: scope.facts, line: Some(line) }))
}

fn all<T>(parts: impl IntoIterator<Item = T>, truth: impl Fn(T) -> Truth) -> Truth {
    let mut met = Truth::True;
    for part in parts {
        met = met.and(truth(part));
        if met == Truth::False {
            break;
        }
    }
    met
}

fn any<T>(parts: impl IntoIterator<Item = T>, truth: impl Fn(T) -> Truth) -> Truth {
    let mut met = Truth::False;
    for part in parts {
        met = met.or(truth(part));
        if met == Truth::True {
            break;
        }
    }
    met
}

fn compare(how: Comparison, left: &Value<'_>, right: &Value<'_>) -> Truth {
    let known = match how {
        Comparison::Equal => left.equals(right),
        Comparison::NotEqual => left.equals(right).map(|same| !same),
        Comparison::Less => left.order(right).map(Ordering::is_lt),
        Comparison::LessOrEqual => left.order(right).map(Ordering::is_le),
        Comparison::Greater => left.order(right).map(Ordering::is_gt),
        Comparison::GreaterOrEqual => left.order(right).map(Ordering::is_ge),
    };
    known.map_or(Truth::Unknown, Truth::from)
}

fn among(value: &Value<'_>, list: &[Value<'static>]) -> Truth {
    any(list, |element| value.equals(element).map_or(Truth::Unknown, Truth::from))
}

fn compute(how: Operation, left: &Value<'_>, right: &Value<'_>) -> Value<'static> {
    let (left, right) = match (left, right) {
        (Value::Number(left), Value::Number(right)) => (*left, *right),
        (Value::Missing, _) | (_, Value::Missing) => return Value::Missing,
        _ => return Value::Unfit,
    };
    let result = match how {
        Operation::Add => left.checked_add(right),
        Operation::Subtract => left.checked_sub(right),
        Operation::Multiply => left.checked_mul(right),
        Operation::Divide => left.checked_div(right),
    };
    result.map_or(Value::Unfit, Value::Number)
}

fn call<'a>(function: &Function, parts: &'a [Term], scope: Scope<'a>) -> Value<'a> {
    let mut given = parts.iter().map(|part| value(part, scope));
    let first = given.next().unwrap_or(Value::Missing);
    let second = given.next();
    if !first.is_present() || second.as_ref().is_some_and(|second| !second.is_present()) {
        return Value::Missing;
    }
    (function.run)(first, second.unwrap_or(Value::Missing))
}

/// `sum`, `min` and `max`: lines without the value are left out.
fn gather<'a>(function: OverLines, body: &'a Term, scope: Scope<'a>) -> Value<'a> {
    let mut values = lines(scope).map(|line| value(body, line)).filter(Value::is_present);
    if function == OverLines::Sum {
        return values.fold(Value::Number(Decimal::ZERO), |sum, value| compute(Operation::Add, &sum, &value));
    }
    let wanted = if function == OverLines::Min { Ordering::Less } else { Ordering::Greater };
    let Some(first) = values.next() else { return Value::Missing };
    // A lone value of the wrong kind would pass unnoticed if it were not compared with itself.
    let first = if first.order(&first).is_some() { first } else { Value::Unfit };
    values.fold(first, |best, value| match value.order(&best) {
        Some(order) if order == wanted => value,
        Some(_) => best,
        None => Value::Unfit,
    })
}
