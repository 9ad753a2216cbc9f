//! The language of conditions: `order.status == "Billed" and any(order.lines, line.quantity > 1)`.
//!
//! A condition is read (`lexer`, `parser`), checked against the facts and functions there are (`check`), and then run
//! on many orders (`eval`, `trace`). It has no loops, names or state of its own, so it ends after at most as many steps
//! as it has parts times the order's lines. `docs/MAPPINGS.md` is its manual.

mod check;
mod custom;
mod eval;
mod facts;
mod functions;
mod lexer;
mod names;
mod parser;
mod problem;
mod term;
mod token;
mod trace;
mod types;
mod value;

#[cfg(test)]
pub(in crate::domain) mod sample;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub use facts::{FactDoc, Facts, facts_catalogue};
pub use functions::{FunctionDoc, functions_catalogue};
pub use parser::{MAX_BYTES, MAX_DEPTH, MAX_NODES};
pub use problem::{Problem, closest, did_you_mean};
pub use token::Span;
pub use trace::{Outcome, Seen, Shown};
pub use value::{same_text, yes_no};

use eval::Scope;
use term::Term;
use trace::Written;
use value::Value;

/// A condition on a sales order, read and checked.
#[derive(Debug, Clone)]
pub struct Expression {
    source: String,
    canonical: String,
    clauses: Vec<Written>,
    term: Term,
    uses: BTreeSet<String>,
}

impl Expression {
    /// Reads and checks a condition. Problems carry their place in `source`, in bytes.
    pub fn compile(source: &str) -> Result<Self, Vec<Problem>> {
        let node = parser::parse(source)?;
        let checked = check::condition(source, &node)?;
        let clauses = trace::clauses(source, &checked.term);
        Ok(Self { source: source.to_owned(), canonical: node.to_string(), clauses, term: checked.term, uses: checked.uses })
    }

    /// Whether the condition holds for an order.
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        eval::truth(&self.term, Scope::from(facts)).holds()
    }

    /// Whether the condition holds, with every clause and the value that it met. `shown` starts empty for an order, and is kept for the next
    /// condition on it.
    pub fn trace(&self, facts: &Facts<'_>, shown: &mut Shown) -> Outcome {
        trace::outcome(&self.source, &self.clauses, &self.term, Scope::from(facts), shown)
    }

    /// What the condition comes to for every order there can be, where it says so by itself: `true`, `1 > 2`.
    pub fn always(&self) -> Option<bool> {
        self.term.always()
    }

    /// The condition asks for the fact of this name, as `order.send_to_x_series`.
    pub fn uses(&self, fact: &str) -> bool {
        self.uses.contains(fact)
    }

    /// The condition as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// Two conditions are equal when they mean the same tree, however they are spaced.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Expression {}

/// A fact that stands alone, to be put into text.
#[derive(Debug, Clone)]
pub struct FactRef(Term);

impl FactRef {
    /// Finds a fact of the header by its name.
    pub fn named(name: &str) -> Result<Self, Vec<Problem>> {
        check::fact(name).map(Self)
    }

    /// Its value as text; nothing where the order has none.
    pub fn text(&self, facts: &Facts<'_>) -> String {
        match eval::value(&self.0, Scope::from(facts)) {
            Value::Missing | Value::Unfit => String::new(),
            value => value.to_string(),
        }
    }
}
