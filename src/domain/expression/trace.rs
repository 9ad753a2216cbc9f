//! Tells why a condition holds or not: each clause of it, with the value that it met.

use serde::{Deserialize, Serialize};

use super::eval::{self, Scope};
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
    pub text: String,
    /// What was there: `Billed`, or `missing`.
    pub value: String,
    /// The clause as it is written: `order.status == "Billed"`.
    pub clause: String,
    /// The clause holds. One that rests on a missing or unfit value does not, and nor does its opposite.
    pub held: bool,
    /// Why the value could not be used, where it could not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Looks at every clause, also those that no longer matter to the outcome.
pub fn outcome(source: &str, term: &Term, scope: Scope<'_>) -> Outcome {
    let mut tracer = Tracer { source, scope, trace: Vec::new() };
    let holds = tracer.walk(term).holds();
    Outcome { holds, trace: tracer.trace }
}

struct Tracer<'a> {
    source: &'a str,
    scope: Scope<'a>,
    trace: Vec<Seen>,
}

impl<'a> Tracer<'a> {
    fn walk(&mut self, term: &'a Term) -> Truth {
        match &term.kind {
            TermKind::And(parts) => parts.iter().fold(Truth::True, |met, part| met.and(self.walk(part))),
            TermKind::Or(parts) => parts.iter().fold(Truth::False, |met, part| met.or(self.walk(part))),
            TermKind::Not(part) if matches!(part.kind, TermKind::And(_) | TermKind::Or(_) | TermKind::Not(_)) => !self.walk(part),
            _ => self.clause(term),
        }
    }

    fn clause(&mut self, term: &'a Term) -> Truth {
        let met = eval::truth(term, self.scope);
        let inner = if let TermKind::Not(part) = &term.kind { part } else { term };
        let (text, value) = match &inner.kind {
            TermKind::Lines(function, Some(body)) if function.takes_condition() => ("order.lines".to_owned(), self.by_line(body)),
            _ => self.operands(inner),
        };
        let note = (met == Truth::Unknown).then(|| self.note(inner)).flatten();
        self.trace.push(Seen { text, value, clause: self.written(term), held: met.holds(), note });
        met
    }

    /// The parts of a clause whose values matter: all that are not written values.
    fn parts(term: &'a Term) -> Vec<&'a Term> {
        let parts: Vec<&Term> = match &term.kind {
            TermKind::Compare(_, left, right) => vec![left, right],
            TermKind::In(part, _) | TermKind::Missing(part) => vec![part],
            TermKind::Call(_, parts) => parts.iter().collect(),
            _ => vec![],
        };
        let open: Vec<&Term> = parts.into_iter().filter(|part| !part.is_constant()).collect();
        if open.is_empty() { vec![term] } else { open }
    }

    fn operands(&self, term: &'a Term) -> (String, String) {
        let parts = Self::parts(term);
        let text = parts.iter().map(|part| self.written(part)).collect::<Vec<_>>().join(" and ");
        let value = parts.iter().map(|part| shown(&eval::value(part, self.scope))).collect::<Vec<_>>().join(" and ");
        (text, value)
    }

    /// `2 of 3 lines: 1, 4, 2`, with the values that the condition met on each line.
    fn by_line(&self, body: &'a Term) -> String {
        let Some(facts) = self.scope.facts else { return String::new() };
        let lines: Vec<Scope<'a>> = facts.lines().map(|line| Scope { line: Some(line), ..self.scope }).collect();
        let held = lines.iter().filter(|line| eval::truth(body, **line).holds()).count();
        let values: Vec<String> = lines
            .iter()
            .take(SHOWN_LINES)
            .map(|line| Tracer { source: self.source, scope: *line, trace: Vec::new() }.line_values(body))
            .collect();
        let more = if lines.len() > SHOWN_LINES { ", …" } else { "" };
        let values = if values.is_empty() { String::new() } else { format!(": {}{more}", values.join(", ")) };
        clipped(&format!("{held} of {} line{}{values}", lines.len(), if lines.len() == 1 { "" } else { "s" }))
    }

    fn line_values(mut self, body: &'a Term) -> String {
        self.walk(body);
        self.trace.into_iter().map(|seen| seen.value).collect::<Vec<_>>().join("/")
    }

    /// Why a clause could be neither true nor false, where that is not simply a missing value.
    fn note(&self, term: &'a Term) -> Option<String> {
        let parts = Self::parts(term);
        let values: Vec<Value<'_>> = parts.iter().map(|part| eval::value(part, self.scope)).collect();
        if matches!(&term.kind, TermKind::Lines(OverLines::Any | OverLines::All | OverLines::None, _)) {
            return Some("it cannot be told for every line".to_owned());
        }
        if values.contains(&Value::Missing) {
            return None;
        }
        let (part, value) = parts.first().zip(values.first())?;
        let part = self.written(part);
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

    /// The source of a part, on one line.
    fn written(&self, term: &Term) -> String {
        let text = self.source.get(term.span.clone()).unwrap_or_default();
        if text.contains('\n') { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text.trim().to_owned() }
    }
}

fn shown(value: &Value<'_>) -> String {
    clipped(&value.to_string())
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(SHOWN_LETTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
