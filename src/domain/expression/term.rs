//! A condition whose names and types have been checked: what the evaluator runs.

use super::custom::CustomField;
use super::facts::{LineFact, OrderFact};
use super::functions::{Function, OverLines};
use super::parser::{Comparison, Operation};
use super::token::Span;
use super::value::Value;

/// A checked part of a condition.
#[derive(Debug, Clone)]
pub struct Term {
    /// Where it stands in the source.
    pub span: Span,
    /// What it is.
    pub kind: TermKind,
}

/// What a checked part can be.
#[derive(Debug, Clone)]
pub enum TermKind {
    /// A value that is written in the condition; `null` is the missing value.
    Constant(Value<'static>),
    /// A fact of the header.
    Order(&'static OrderFact),
    /// A custom field of the header.
    OrderCustom(CustomField),
    /// A fact of the line at hand.
    Line(&'static LineFact),
    /// A custom field of the line at hand.
    LineCustom(CustomField),
    /// The opposite.
    Not(Box<Term>),
    /// The negative number.
    Negate(Box<Term>),
    /// All hold.
    And(Vec<Term>),
    /// One holds.
    Or(Vec<Term>),
    /// Two values compared.
    Compare(Comparison, Box<Term>, Box<Term>),
    /// Two numbers put together.
    Compute(Operation, Box<Term>, Box<Term>),
    /// A value among others.
    In(Box<Term>, Vec<Value<'static>>),
    /// A function of one or two values.
    Call(&'static Function, Vec<Term>),
    /// There is no such value.
    Missing(Box<Term>),
    /// The first value, or the second where there is no first.
    Default(Box<Term>, Box<Term>),
    /// A function over the lines, with what it asks of each; only `count` may ask nothing.
    Lines(OverLines, Option<Box<Term>>),
}

impl Term {
    /// It is a written value.
    pub fn is_constant(&self) -> bool {
        matches!(self.kind, TermKind::Constant(_))
    }

    /// What it comes to for every order there can be, where that can be told from the condition alone.
    pub fn always(&self) -> Option<bool> {
        match &self.kind {
            TermKind::Constant(value) => Some(value.truth().holds()),
            TermKind::Not(inner) => inner.always().map(|holds| !holds),
            TermKind::And(parts) => {
                let known = parts.iter().map(Self::always);
                if known.clone().any(|holds| holds == Some(false)) { Some(false) } else { known.collect::<Option<Vec<_>>>().map(|_| true) }
            }
            TermKind::Or(parts) => {
                let known = parts.iter().map(Self::always);
                if known.clone().any(|holds| holds == Some(true)) { Some(true) } else { known.collect::<Option<Vec<_>>>().map(|_| false) }
            }
            _ => None,
        }
    }
}
