//! Checks a condition against the facts and functions there are, and their types, before any order is looked at.
//! Everything that is wrong is reported, not only the first.

use std::collections::BTreeSet;

use super::eval::{self, Scope};
use super::functions::Takes;
use super::names;
use super::parser::{Comparison, Kind, Node, Operation};
use super::problem::Problem;
use super::term::{Term, TermKind};
use super::token::Span;
use super::types::{Type, Words};
use super::value::{self, Value};

/// A checked part with its type; nothing where a problem was found in it.
pub type Typed = Option<(Term, Type)>;

/// A checked condition.
#[derive(Debug)]
pub struct Checked {
    /// What is run.
    pub term: Term,
    /// The facts that it asks for, by name.
    pub uses: BTreeSet<String>,
}

/// Checks that the tree is a yes/no condition.
pub fn condition(source: &str, node: &Node) -> Result<Checked, Vec<Problem>> {
    let mut checker = Checker { source, problems: Vec::new(), uses: BTreeSet::new(), in_line: false };
    match checker.condition(node) {
        Some(term) if checker.problems.is_empty() => Ok(Checked { term, uses: checker.uses }),
        _ => Err(checker.problems),
    }
}

/// Checks a fact that stands alone, as in a note.
pub fn fact(source: &str) -> Result<Term, Vec<Problem>> {
    let mut checker = Checker { source, problems: Vec::new(), uses: BTreeSet::new(), in_line: false };
    match names::fact(&mut checker, 0..source.len(), source) {
        Some((term, _)) => Ok(term),
        None => Err(checker.problems),
    }
}

/// What the check has come to.
#[derive(Debug)]
pub struct Checker<'s> {
    /// The condition as it is written.
    pub source: &'s str,
    /// What is wrong so far.
    pub problems: Vec<Problem>,
    /// The facts asked for so far.
    pub uses: BTreeSet<String>,
    /// We are within a function over the lines, so that `line` is known.
    pub in_line: bool,
}

impl Checker<'_> {
    /// Notes a problem.
    pub fn refuse<T>(&mut self, span: Span, message: impl Into<String>, suggestion: Option<String>) -> Option<T> {
        self.problems.push(Problem::new(span, message, suggestion));
        None
    }

    /// The part as it is written.
    pub fn text(&self, span: &Span) -> &str {
        self.source.get(span.clone()).unwrap_or_default()
    }

    /// Checks a part that has to be a yes/no condition.
    pub fn condition(&mut self, node: &Node) -> Option<Term> {
        let (term, kind) = self.check(node)?;
        if matches!(kind, Type::YesNo | Type::Any) {
            return Some(term);
        }
        let text = self.text(&node.span);
        let suggestion = match node.kind {
            Kind::Text(_) => format!("to compare with several values, write `… in [{text}, …]`"),
            _ => format!("compare it, as in `{text} == …`"),
        };
        self.refuse(node.span.clone(), format!("`{text}` is {kind}, not a condition"), Some(suggestion))
    }

    /// Checks any part.
    pub fn check(&mut self, node: &Node) -> Typed {
        let constant = |value| Some(TermKind::Constant(value));
        let (kind, of_type) = match &node.kind {
            Kind::Null => (constant(Value::Missing), Type::Nothing),
            Kind::YesNo(yes) => (constant(Value::YesNo(*yes)), Type::YesNo),
            Kind::Number(number) => (constant(Value::Number(*number)), Type::Number),
            Kind::Text(text) => (constant(Value::Text(text.clone().into())), Type::Text),
            Kind::Name(name) => return names::fact(self, node.span.clone(), name),
            Kind::Call(name, parts) => {
                let (term, of_type) = names::call(self, node, name, parts)?;
                return self.fold(term).map(|term| (term, of_type));
            }
            Kind::List(_) => {
                return self.refuse(
                    node.span.clone(),
                    "a list stands only to the right of `in`",
                    Some("write `order.location in [\"Ponsonby\", \"Newmarket\"]`".to_owned()),
                );
            }
            Kind::Not(inner) => (self.condition(inner).map(|inner| TermKind::Not(Box::new(inner))), Type::YesNo),
            Kind::And(parts) => (self.conditions(parts).map(TermKind::And), Type::YesNo),
            Kind::Or(parts) => (self.conditions(parts).map(TermKind::Or), Type::YesNo),
            Kind::Negate(inner) => (self.number(inner, "-").map(|inner| TermKind::Negate(Box::new(inner))), Type::Number),
            Kind::Compute(how, left, right) => (self.compute(*how, left, right), Type::Number),
            Kind::Compare(how, left, right) => (self.compare(node, *how, left, right), Type::YesNo),
            Kind::In(value, list) => (self.among(node, value, list), Type::YesNo),
        };
        let term = self.fold(Term { span: node.span.clone(), kind: kind? })?;
        Some((term, of_type))
    }

    fn conditions(&mut self, parts: &[Node]) -> Option<Vec<Term>> {
        // Every part is checked before any failure ends it, so that all problems are reported.
        parts.iter().map(|part| self.condition(part)).collect::<Vec<_>>().into_iter().collect()
    }

    /// Works out a part of written values alone, so that its mistakes show now.
    fn fold(&mut self, term: Term) -> Option<Term> {
        let constant = match &term.kind {
            TermKind::Not(part) | TermKind::Negate(part) | TermKind::Missing(part) | TermKind::In(part, _) => part.is_constant(),
            TermKind::Compare(_, left, right) | TermKind::Compute(_, left, right) => left.is_constant() && right.is_constant(),
            TermKind::Call(_, parts) => parts.iter().all(Term::is_constant),
            _ => false,
        };
        if !constant {
            return Some(term);
        }
        match eval::value(&term, Scope::NOTHING) {
            Value::Unfit => {
                let message = format!("`{}` has no result", self.text(&term.span));
                self.refuse(term.span, message, None)
            }
            value => Some(Term { kind: TermKind::Constant(value.into_owned()), span: term.span }),
        }
    }

    /// Checks a part that has to be a number.
    pub fn number(&mut self, node: &Node, sign: &str) -> Option<Term> {
        let (term, kind) = self.check(node)?;
        if matches!(kind, Type::Number | Type::Any) {
            return Some(term);
        }
        let message = format!("`{}` is {kind}, and `{sign}` works on numbers", self.text(&node.span));
        let suggestion = if kind.is_day() { Some("for dates, write `add_days(…)` or `days_between(…)`".to_owned()) } else { None };
        self.refuse(node.span.clone(), message, suggestion)
    }

    fn compute(&mut self, how: Operation, left: &Node, right: &Node) -> Option<TermKind> {
        let (left, right) = (self.number(left, how.sign()), self.number(right, how.sign()));
        Some(TermKind::Compute(how, Box::new(left?), Box::new(right?)))
    }

    fn compare(&mut self, node: &Node, how: Comparison, left: &Node, right: &Node) -> Option<TermKind> {
        let (checked_left, checked_right) = (self.check(left), self.check(right));
        let ((mut left_term, mut left_type), (mut right_term, mut right_type)) = (checked_left?, checked_right?);
        if !how.is_order() && (left_type == Type::Nothing || right_type == Type::Nothing) {
            let value = if right_type == Type::Nothing { left_term } else { right_term };
            let missing = Term { span: node.span.clone(), kind: TermKind::Missing(Box::new(value)) };
            return Some(if how == Comparison::Equal { missing.kind } else { TermKind::Not(Box::new(missing)) });
        }
        self.fit(&mut right_term, &mut right_type, left_type, how.is_order())?;
        self.fit(&mut left_term, &mut left_type, right_type, how.is_order())?;
        self.comparable(node.span.clone(), (left, left_type), (right, right_type))?;
        for (side, kind) in [(left, left_type), (right, right_type)] {
            if how.is_order() && !kind.has_order() {
                let message = format!("`{}` is {kind}, and `{}` compares numbers, dates and times", self.text(&side.span), how.sign());
                return self.refuse(node.span.clone(), message, Some("compare it with `==`, `!=` or `in`".to_owned()));
            }
        }
        Some(TermKind::Compare(how, Box::new(left_term), Box::new(right_term)))
    }

    fn among(&mut self, node: &Node, value: &Node, list: &[Node]) -> Option<TermKind> {
        let checked = self.check(value);
        let elements: Vec<Typed> = list.iter().map(|element| self.check(element)).collect();
        let (term, kind) = checked?;
        if list.is_empty() {
            return self.refuse(node.span.clone(), "nothing is in an empty list", None);
        }
        let mut fitted = Vec::with_capacity(list.len());
        for (element, written) in elements.into_iter().zip(list) {
            let Some((mut element, mut element_type)) = element else { continue };
            if element_type == Type::Nothing {
                self.refuse::<()>(
                    written.span.clone(),
                    "`null` is in no list",
                    Some(format!("write `missing({})`", self.text(&value.span))),
                );
            } else if self.fit(&mut element, &mut element_type, kind, false).is_some()
                && self.comparable(written.span.clone(), (value, kind), (written, element_type)).is_some()
            {
                match element.kind {
                    TermKind::Constant(value) => fitted.push(value),
                    _ => {
                        self.refuse::<()>(
                            written.span.clone(),
                            "a list holds written values, not facts",
                            Some("compare with a fact by `==`".to_owned()),
                        );
                    }
                }
            }
        }
        (fitted.len() == list.len()).then(|| TermKind::In(Box::new(term), fitted))
    }

    /// Makes a written text fit what it is compared with: a date is read, a word has to be one of those there are.
    fn fit(&mut self, term: &mut Term, kind: &mut Type, other: Type, ordered: bool) -> Option<()> {
        let TermKind::Constant(Value::Text(text)) = &term.kind else { return Some(()) };
        let as_day = |text: &str| value::parse_day(text).map(Value::Day);
        match other {
            Type::Word(words) => self.known_word(term.span.clone(), text, words),
            Type::Date | Type::Moment => {
                let Some(day) = as_day(text) else {
                    let message = format!("{} is not a date", self.text(&term.span));
                    return self.refuse(term.span.clone(), message, Some("write it as \"2026-11-23\"".to_owned()));
                };
                // A moment keeps its time of day where one is written; `Value::order` reads it.
                if other == Type::Date || text.trim().len() == "2026-11-23".len() {
                    term.kind = TermKind::Constant(day);
                }
                *kind = other;
                Some(())
            }
            Type::Any if ordered => {
                if let Some(day) = as_day(text) {
                    term.kind = TermKind::Constant(day);
                    *kind = Type::Date;
                }
                Some(())
            }
            Type::Text | Type::Any if text.trim().is_empty() => self.refuse(
                term.span.clone(),
                "no field is ever equal to empty text",
                Some("ask whether it is missing, with `missing(…)`".to_owned()),
            ),
            _ => Some(()),
        }
    }

    fn known_word(&mut self, span: Span, text: &str, words: &'static Words) -> Option<()> {
        if words.allowed().any(|word| value::same_text(word, text)) {
            return Some(());
        }
        let meant = words.of_twin(text).or_else(|| super::problem::closest(text, words.allowed()));
        let suggestion = match meant {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("it is one of {}", words.allowed().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")),
        };
        self.refuse(span, format!("\"{text}\" is not {}", words.what), Some(suggestion))
    }

    /// Checks that two values can be compared at all.
    pub fn comparable(&mut self, span: Span, left: (&Node, Type), right: (&Node, Type)) -> Option<()> {
        let ((left, left_type), (right, right_type)) = (left, right);
        if left_type.compares_with(right_type) {
            return Some(());
        }
        let suggestion = match (&right.kind, left_type) {
            (Kind::Number(number), Type::Text) => Some(format!("write it in quotes: `\"{number}\"`")),
            (Kind::Text(text), Type::Number) if value::parse_number(text).is_some() => {
                Some(format!("write it without quotes: `{}`", text.trim()))
            }
            (Kind::Text(text), Type::YesNo) if value::yes_no(text).is_some() => Some("write `true` or `false`, without quotes".to_owned()),
            _ => None,
        };
        // The fact is named rather than the written value, wherever it stands.
        let (named, named_type, other) =
            if is_written(left) && !is_written(right) { (right, right_type, left_type) } else { (left, left_type, right_type) };
        let message = format!("`{}` is {named_type} and cannot be compared with {other}", self.text(&named.span));
        self.refuse(span, message, suggestion)
    }

    /// Checks what a function is given. A date may be given as written text.
    pub fn argument(&mut self, node: &Node, function: &str, takes: Takes) -> Option<Term> {
        let (mut term, mut kind) = self.check(node)?;
        if takes == Takes::Day && kind == Type::Text && term.is_constant() {
            self.fit(&mut term, &mut kind, Type::Date, false)?;
        }
        if takes.accepts(kind) {
            return Some(term);
        }
        let message = format!("`{function}` takes {}, and `{}` is {kind}", takes.words(), self.text(&node.span));
        self.refuse(node.span.clone(), message, None)
    }
}

fn is_written(node: &Node) -> bool {
    matches!(node.kind, Kind::Null | Kind::YesNo(_) | Kind::Number(_) | Kind::Text(_))
}
