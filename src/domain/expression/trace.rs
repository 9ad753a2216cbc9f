//! Tells why a condition holds or not: each clause of it, with the value that it met.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::eval::{self, Scope};
use super::facts::{Facts, OrderFact};
use super::functions::OverLines;
use super::term::{Term, TermKind};
use super::value::{Truth, Value};

/// The longest value that is shown, in letters; a memo can be long.
const SHOWN_LETTERS: usize = 200;
/// The most lines whose values are shown.
const SHOWN_LINES: usize = 10;

/// What a condition came to, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The condition holds.
    pub holds: bool,
    /// Every clause, in the order in which they are written.
    pub trace: Vec<Seen>,
}

/// One clause of a condition, and what it met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What was looked at: `order.status`.
    #[serde(with = "shared")]
    pub text: Arc<str>,
    /// What was there: `Billed`, or `missing`.
    #[serde(with = "shared")]
    pub value: Arc<str>,
    /// The clause as it is written: `order.status == "Billed"`.
    #[serde(with = "shared")]
    pub clause: Arc<str>,
    /// The clause holds. One that rests on a missing or unfit value does not, and nor does its opposite.
    pub held: bool,
    /// Why the value could not be used, where it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Shared text in JSON: like any other.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(text: &Arc<str>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(from).map(Arc::from)
    }
}

/// A clause as it is written, and what it looks at: the same for every order, so it is made once.
#[derive(Debug, Clone)]
pub struct Written {
    text: Arc<str>,
    clause: Arc<str>,
}

/// The clauses of a condition, in the order in which they are written.
pub fn clauses(source: &str, term: &Term) -> Vec<Written> {
    let mut clauses = Vec::new();
    walk(term, &mut |term| {
        let inner = stripped(term);
        let text = if by_lines(inner).is_some() {
            "order.lines".to_owned()
        } else {
            let mut texts = Vec::new();
            each_part(inner, |part| texts.push(written(source, part)));
            texts.join(" and ")
        };
        clauses.push(Written { text: text.into(), clause: written(source, term).into() });
        Truth::Unknown
    });
    clauses
}

/// The values of an order's facts as they are shown. Most conditions of a shop ask for the same few.
#[derive(Debug, Clone, Default)]
pub struct Shown(Vec<(&'static OrderFact, Arc<str>)>);

impl Shown {
    fn of(&mut self, fact: &'static OrderFact, facts: &Facts<'_>) -> Arc<str> {
        if let Some((_, shown)) = self.0.iter().find(|(known, _)| std::ptr::eq(*known, fact)) {
            return Arc::clone(shown);
        }
        let mut shown = String::new();
        show(&(fact.read)(facts), &mut shown);
        let shown = Arc::from(shown);
        self.0.push((fact, Arc::clone(&shown)));
        shown
    }
}

/// Looks at every clause, also those that no longer matter to the outcome. `clauses` are those of the condition, and `shown` is kept between the
/// conditions on one order.
pub fn outcome(source: &str, clauses: &[Written], term: &Term, scope: Scope<'_>, shown: &mut Shown) -> Outcome {
    let mut trace = Vec::with_capacity(clauses.len());
    let mut clauses = clauses.iter();
    let holds = walk(term, &mut |term| {
        let met = eval::truth(term, scope);
        let inner = stripped(term);
        let note = if met == Truth::Unknown { note(source, inner, scope) } else { None };
        if let Some(Written { text, clause }) = clauses.next() {
            let (text, clause) = (Arc::clone(text), Arc::clone(clause));
            let value = match (lone_fact(inner), &scope.facts) {
                (Some(fact), Some(facts)) => shown.of(fact, facts),
                _ => met_by(inner, scope).into(),
            };
            trace.push(Seen { text, value, clause, held: met.holds(), note });
        }
        met
    });
    Outcome { holds: holds.holds(), trace }
}

/// Asks for every clause, in the order in which they are written.
fn walk<'a>(term: &'a Term, clause: &mut impl FnMut(&'a Term) -> Truth) -> Truth {
    match &term.kind {
        TermKind::And(parts) => parts.iter().fold(Truth::True, |met, part| met.and(walk(part, clause))),
        TermKind::Or(parts) => parts.iter().fold(Truth::False, |met, part| met.or(walk(part, clause))),
        TermKind::Not(part) if matches!(part.kind, TermKind::And(_) | TermKind::Or(_) | TermKind::Not(_)) => !walk(part, clause),
        _ => clause(term),
    }
}

/// The clause without its `not`.
fn stripped(term: &Term) -> &Term {
    if let TermKind::Not(part) = &term.kind { part } else { term }
}

/// What a clause asks of each line.
fn by_lines(term: &Term) -> Option<&Term> {
    match &term.kind {
        TermKind::Lines(function, Some(body)) if function.takes_condition() => Some(body),
        _ => None,
    }
}

/// The parts of a clause whose values matter: all that are not written values.
fn each_part<'a>(term: &'a Term, mut part: impl FnMut(&'a Term)) {
    let mut any = false;
    let mut open = |found: &'a Term| {
        if !found.is_constant() {
            any = true;
            part(found);
        }
    };
    match &term.kind {
        TermKind::Compare(_, left, right) => {
            open(left);
            open(right);
        }
        TermKind::In(found, _) | TermKind::Missing(found) => open(found),
        TermKind::Call(_, parts) => parts.iter().for_each(open),
        _ => {}
    }
    if !any {
        part(term);
    }
}

/// The fact of the header that is all a clause looks at.
fn lone_fact(term: &Term) -> Option<&'static OrderFact> {
    let part = match &term.kind {
        TermKind::Order(_) => term,
        TermKind::Compare(_, left, right) if right.is_constant() => left,
        TermKind::In(part, _) | TermKind::Missing(part) => part,
        _ => return None,
    };
    if let TermKind::Order(fact) = &part.kind { Some(fact) } else { None }
}

/// What a clause met.
fn met_by(term: &Term, scope: Scope<'_>) -> String {
    if let Some(body) = by_lines(term) {
        return by_line(body, scope);
    }
    let mut met = String::new();
    each_part(term, |part| {
        if !met.is_empty() {
            met.push_str(" and ");
        }
        show(&eval::value(part, scope), &mut met);
    });
    met
}

/// `2 of 3 lines: 1, 4, 2`, with the values that the condition met on each line.
fn by_line(body: &Term, scope: Scope<'_>) -> String {
    let Some(facts) = scope.facts else { return String::new() };
    let lines: Vec<Scope<'_>> = facts.lines().map(|line| Scope { line: Some(line), ..scope }).collect();
    let held = lines.iter().filter(|line| eval::truth(body, **line).holds()).count();
    let values: Vec<String> = lines.iter().take(SHOWN_LINES).map(|line| line_values(body, *line)).collect();
    let more = if lines.len() > SHOWN_LINES { ", …" } else { "" };
    let values = if values.is_empty() { String::new() } else { format!(": {}{more}", values.join(", ")) };
    clipped(&format!("{held} of {} line{}{values}", lines.len(), if lines.len() == 1 { "" } else { "s" })).to_string()
}

fn line_values(body: &Term, line: Scope<'_>) -> String {
    let mut values = Vec::new();
    walk(body, &mut |term| {
        values.push(met_by(stripped(term), line));
        Truth::Unknown
    });
    values.join("/")
}

/// Why a clause could be neither true nor false, where that is not simply a missing value.
fn note(source: &str, term: &Term, scope: Scope<'_>) -> Option<String> {
    let mut parts = Vec::new();
    each_part(term, |part| parts.push(part));
    let values: Vec<Value<'_>> = parts.iter().map(|part| eval::value(part, scope)).collect();
    if matches!(&term.kind, TermKind::Lines(OverLines::Any | OverLines::All | OverLines::None, _)) {
        return Some("it cannot be told for every line".to_owned());
    }
    if values.contains(&Value::Missing) {
        return None;
    }
    let (part, value) = parts.first().zip(values.first())?;
    let part = written(source, part);
    Some(match &term.kind {
        _ if *value == Value::Unfit => format!("the value of `{part}` cannot be used here"),
        TermKind::Compare(_, left, right) => {
            let (left, right) = (eval::value(left, scope), eval::value(right, scope));
            let other = if left.kind() == value.kind() { right.kind() } else { left.kind() };
            format!("`{part}` is {} on this order, and is not comparable with {other}", value.kind())
        }
        TermKind::In(_, list) => {
            format!("`{part}` is {} on this order, and is not comparable with {}", value.kind(), list.first().map_or("this", Value::kind))
        }
        TermKind::Call(..) => format!("`{part}` is {} on this order", value.kind()),
        _ => format!("`{part}` is {} on this order, not yes or no", value.kind()),
    })
}

/// The source of a part, on one line.
fn written(source: &str, term: &Term) -> String {
    let text = source.get(term.span.clone()).unwrap_or_default();
    if text.contains('\n') { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text.trim().to_owned() }
}

/// Adds a value as it is shown.
fn show(value: &Value<'_>, to: &mut String) {
    match value {
        Value::Text(text) => to.push_str(&clipped(text)),
        other => to.push_str(&clipped(&other.to_string())),
    }
}

fn clipped(text: &str) -> Cow<'_, str> {
    // Most are shorter in bytes already.
    let end = if text.len() <= SHOWN_LETTERS { None } else { text.char_indices().nth(SHOWN_LETTERS) };
    match end {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}
