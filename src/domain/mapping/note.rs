//! The note on a sale: text with facts of the order in it, as `NetSuite {order.number}`.

use crate::domain::expression::{FactRef, Facts, Problem};

/// A note's template. `{{` and `}}` stand for the braces themselves.
#[derive(Debug, Clone)]
pub struct Note {
    source: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    Fact(FactRef),
}

impl Note {
    /// Reads a template and finds its facts. Problems carry their place in `source`, in bytes.
    pub fn compile(source: &str) -> Result<Self, Vec<Problem>> {
        let mut pieces = Vec::new();
        let mut problems = Vec::new();
        let mut text = String::new();
        let mut at = 0;
        while let Some(letter) = source.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = source.get(at..).unwrap_or_default();
            if rest.starts_with("{{") || rest.starts_with("}}") {
                text.push(letter);
                at += 2;
            } else if letter == '}' {
                problems.push(Problem::new(at..at + 1, "this `}` closes nothing", Some("write `}}` for the brace itself".to_owned())));
                at += 1;
            } else if letter == '{' {
                let Some(length) = rest.find('}') else {
                    problems.push(Problem::new(at..at + 1, "this `{` is not closed", Some("write `{{` for the brace itself".to_owned())));
                    break;
                };
                let written = rest.get(1..length).unwrap_or_default();
                let name = written.trim();
                let name_at = at + 1 + (written.len() - written.trim_start().len());
                match FactRef::named(name) {
                    Ok(fact) => pieces.extend([Piece::Text(std::mem::take(&mut text)), Piece::Fact(fact)]),
                    Err(found) => problems.extend(
                        found
                            .into_iter()
                            .map(|problem| Problem { span: problem.span.start + name_at..problem.span.end + name_at, ..problem }),
                    ),
                }
                at += length + 1;
            } else {
                text.push(letter);
                at += letter.len_utf8();
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        pieces.push(Piece::Text(text));
        Ok(Self { source: source.to_owned(), pieces })
    }

    /// The note for an order; a fact that it lacks leaves nothing in its place.
    pub fn render(&self, facts: &Facts<'_>) -> String {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Fact(fact) => fact.text(facts),
            })
            .collect()
    }

    /// The template as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

/// Notes are equal when they were written the same.
impl PartialEq for Note {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Note {}
