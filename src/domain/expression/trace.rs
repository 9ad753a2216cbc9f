//! Tells why a condition holds or not: each clause of it, with the value that it met.

use serde::{Deserialize, Serialize};

use super::eval::{self, Scope};
use super::functions::OverLines;
use super::shared::SharedText;
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
    pub text: SharedText,
    /// What was there: `Billed`, or `missing`.
    pub value: String,
    /// The clause as it is written: `order.status == "Billed"`.
    pub clause: SharedText,
    /// The clause holds. One that rests on a missing or unfit value does not, and nor does its opposite.
    pub held: bool,
    /// Why the value could not be used, where it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How a clause is told, the same for every order.
#[derive(Debug, Clone)]
pub struct Clause {
    text: SharedText,
    written: SharedText,
}

/// The clauses of a condition, in the order in which they are written.
pub fn clauses(source: &str, term: &Term) -> Vec<Clause> {
    match &term.kind {
        TermKind::And(parts) | TermKind::Or(parts) => parts.iter().flat_map(|part| clauses(source, part)).collect(),
        TermKind::Not(part) if is_walked(part) => clauses(source, part),
        _ => {
            let inner = inner(term);
            let text = match &inner.kind {
                TermKind::Lines(function, Some(_)) if function.takes_condition() => "order.lines".to_owned(),
                _ => parts(inner).map(|part| written(source, part)).collect::<Vec<_>>().join(" and "),
            };
            vec![Clause { text: text.into(), written: written(source, term).into() }]
        }
    }
}

/// Looks at every clause, also those that no longer matter to the outcome.
pub fn outcome(source: &str, told: &[Clause], term: &Term, scope: Scope<'_>) -> Outcome {
    let mut tracer = Tracer { source, scope, told: told.iter(), trace: Vec::with_capacity(told.len()) };
    let holds = tracer.walk(term).holds();
    Outcome { holds, trace: tracer.trace }
}

/// The part is taken apart into its own clauses.
fn is_walked(part: &Term) -> bool {
    matches!(part.kind, TermKind::And(_) | TermKind::Or(_) | TermKind::Not(_))
}

/// A clause without the `not` before it.
fn inner(term: &Term) -> &Term {
    if let TermKind::Not(part) = &term.kind { part } else { term }
}

/// The parts of a clause whose values matter: all that are not written values; the clause itself where there is none.
fn parts(term: &Term) -> impl Iterator<Item = &Term> {
    let parts: [Option<&Term>; 2] = match &term.kind {
        TermKind::Compare(_, left, right) => [Some(left), Some(right)],
        TermKind::In(part, _) | TermKind::Missing(part) => [Some(part), None],
        TermKind::Call(_, parts) => [parts.first(), parts.get(1)],
        _ => [None, None],
    };
    let open = parts.map(|part| part.filter(|part| !part.is_constant()));
    let whole = open.iter().all(Option::is_none).then_some(term);
    open.into_iter().flatten().chain(whole)
}

/// The source of a part, on one line.
fn written(source: &str, term: &Term) -> String {
    let text = source.get(term.span.clone()).unwrap_or_default();
    if text.contains('\n') { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text.trim().to_owned() }
}

/// The values that a clause met.
fn values(term: &Term, scope: Scope<'_>) -> String {
    match &term.kind {
        TermKind::Lines(function, Some(body)) if function.takes_condition() => by_line(body, scope),
        _ => {
            let mut shown = parts(term).map(|part| shown(&eval::value(part, scope)));
            let first = shown.next().unwrap_or_default();
            shown.fold(first, |all, value| all + " and " + &value)
        }
    }
}

/// `2 of 3 lines: 1, 4, 2`, with the values that the condition met on each line.
fn by_line(body: &Term, scope: Scope<'_>) -> String {
    let Some(facts) = scope.facts else { return String::new() };
    let lines: Vec<Scope<'_>> = facts.lines().map(|line| Scope { line: Some(line), ..scope }).collect();
    let held = lines.iter().filter(|line| eval::truth(body, **line).holds()).count();
    let values: Vec<String> = lines.iter().take(SHOWN_LINES).map(|line| line_values(body, *line).join("/")).collect();
    let more = if lines.len() > SHOWN_LINES { ", …" } else { "" };
    let values = if values.is_empty() { String::new() } else { format!(": {}{more}", values.join(", ")) };
    clipped(&format!("{held} of {} line{}{values}", lines.len(), if lines.len() == 1 { "" } else { "s" }))
}

/// The values that the clauses of a condition met on one line.
fn line_values(term: &Term, scope: Scope<'_>) -> Vec<String> {
    match &term.kind {
        TermKind::And(parts) | TermKind::Or(parts) => parts.iter().flat_map(|part| line_values(part, scope)).collect(),
        TermKind::Not(part) if is_walked(part) => line_values(part, scope),
        _ => vec![values(inner(term), scope)],
    }
}

struct Tracer<'a> {
    source: &'a str,
    scope: Scope<'a>,
    told: std::slice::Iter<'a, Clause>,
    trace: Vec<Seen>,
}

impl<'a> Tracer<'a> {
    fn walk(&mut self, term: &'a Term) -> Truth {
        match &term.kind {
            TermKind::And(parts) => parts.iter().fold(Truth::True, |met, part| met.and(self.walk(part))),
            TermKind::Or(parts) => parts.iter().fold(Truth::False, |met, part| met.or(self.walk(part))),
            TermKind::Not(part) if is_walked(part) => !self.walk(part),
            _ => self.clause(term),
        }
    }

    fn clause(&mut self, term: &'a Term) -> Truth {
        let met = eval::truth(term, self.scope);
        // As many are told as are walked: both go through the condition alike.
        let Some(told) = self.told.next() else { return met };
        let inner = inner(term);
        let value = values(inner, self.scope);
        let note = (met == Truth::Unknown).then(|| self.note(inner)).flatten();
        self.trace.push(Seen { text: told.text.clone(), value, clause: told.written.clone(), held: met.holds(), note });
        met
    }

    /// Why a clause could be neither true nor false, where that is not simply a missing value.
    fn note(&self, term: &'a Term) -> Option<String> {
        let parts: Vec<&Term> = parts(term).collect();
        let values: Vec<Value<'_>> = parts.iter().map(|part| eval::value(part, self.scope)).collect();
        if matches!(&term.kind, TermKind::Lines(OverLines::Any | OverLines::All | OverLines::None, _)) {
            return Some("it cannot be told for every line".to_owned());
        }
        if values.contains(&Value::Missing) {
            return None;
        }
        let (part, value) = parts.first().zip(values.first())?;
        let part = written(self.source, part);
        Some(match &term.kind {
            _ if *value == Value::Unfit => format!("the value of `{part}` cannot be used here"),
            TermKind::Compare(_, left, right) => {
                let (left, right) = (eval::value(left, self.scope), eval::value(right, self.scope));
                let other = if left.kind() == value.kind() { right.kind() } else { left.kind() };
                format!("`{part}` is {} on this order, and is not comparable with {other}", value.kind())
            }
            TermKind::In(_, list) => {
                format!(
                    "`{part}` is {} on this order, and is not comparable with {}",
                    value.kind(),
                    list.first().map_or("this", Value::kind)
                )
            }
            TermKind::Call(..) => format!("`{part}` is {} on this order", value.kind()),
            _ => format!("`{part}` is {} on this order, not yes or no", value.kind()),
        })
    }
}

fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) => clipped(text),
        value => value.to_string(),
    }
}

fn clipped(text: &str) -> String {
    if text.len() <= SHOWN_LETTERS {
        return text.to_owned();
    }
    match text.char_indices().nth(SHOWN_LETTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
