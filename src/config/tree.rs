//! TOML as a tree whose every node knows where it was written, so that layers can be laid over each other and a problem found
//! afterwards still points at its line.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem};

/// A value, and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub value: Value,
    pub place: Place,
    /// The text of an environment variable: what looks like a number there may be meant as text.
    pub raw: Option<String>,
}

/// The kinds of value that the configuration tells apart.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Flag(bool),
    List(Vec<Node>),
    Table(Table),
    /// A fraction, a date, or a number beyond 64 bits: no key takes one.
    Other(String),
}

/// Keys with their values, and where each key was written.
pub(super) type Table = BTreeMap<String, Entry>;

/// A key's place, and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: Place,
    pub node: Node,
}

impl Node {
    /// The value as text, if it is text or may be meant as such.
    pub fn text(&self) -> Option<&str> {
        match (&self.value, &self.raw) {
            (Value::Text(text), _) => Some(text),
            (_, Some(raw)) => Some(raw),
            _ => None,
        }
    }

    /// The value in a few words, for messages. Not for secrets.
    pub fn found(&self) -> String {
        match &self.value {
            Value::Text(text) if text.chars().count() > 60 => format!("{:?}…", text.chars().take(60).collect::<String>()),
            Value::Text(text) => format!("{text:?}"),
            Value::Whole(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::Other(text) => text.clone(),
            Value::List(_) | Value::Table(_) => self.kind().to_owned(),
        }
    }

    /// What sort of value it is, for messages about secrets.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "text",
            Value::Whole(_) => "a number",
            Value::Flag(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(_) => "a number or date",
        }
    }

    /// Lays `top` over this node: tables key by key, anything else as a whole.
    pub fn overlay(&mut self, top: Self) {
        match (&mut self.value, top.value) {
            (Value::Table(base), Value::Table(over)) => {
                for (key, entry) in over {
                    match base.get_mut(&key) {
                        Some(below) => {
                            below.key = entry.key;
                            below.node.overlay(entry.node);
                        }
                        None => {
                            base.insert(key, entry);
                        }
                    }
                }
                self.place = top.place;
            }
            (_, value) => *self = Self { value, ..top },
        }
    }
}

/// Parses a file's text; every syntax error is a problem.
pub(super) fn parse(file: &str, text: &str) -> Result<Node, Vec<Problem>> {
    let source = Source::new(file, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let place = source.place(0);
        return Ok(Node { value: Value::Table(source.table(table.into_inner())), place, raw: None });
    }
    Err(errors
        .iter()
        .map(|error| Problem {
            place: source.place(error.span().map_or(0, |span| span.start)),
            key: String::new(),
            what: error.message().split_whitespace().collect::<Vec<_>>().join(" "),
        })
        .collect())
}

/// An environment variable's value: TOML where it reads as such, text where not.
pub(super) fn parse_variable(name: &str, text: &str) -> Node {
    let place = Place::Variable(name.to_owned());
    let value = match DeValue::parse(text) {
        Ok(value) => Source::Variable(&place).value(value.into_inner()),
        Err(_not_toml) => Value::Text(text.to_owned()),
    };
    Node { value, place, raw: Some(text.to_owned()) }
}

/// Turns offsets into places.
enum Source<'t> {
    File { name: Arc<str>, text: &'t str, line_starts: Vec<usize> },
    Variable(&'t Place),
}

impl<'t> Source<'t> {
    fn new(name: &str, text: &'t str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self::File { name: name.into(), text, line_starts }
    }

    fn place(&self, offset: usize) -> Place {
        match self {
            Self::Variable(place) => (*place).clone(),
            Self::File { name, text, line_starts } => {
                let line = line_starts.partition_point(|start| *start <= offset);
                let start = line.checked_sub(1).and_then(|index| line_starts.get(index)).copied().unwrap_or(0);
                let column = text.get(start..offset).map_or(1, |before| before.chars().count() + 1);
                Place::File { file: Arc::clone(name), line: line.max(1), column }
            }
        }
    }

    fn table(&self, table: DeTable<'_>) -> Table {
        let entry = |(key, value): (Spanned<_>, _)| {
            let place = self.place(key.span().start);
            (std::borrow::Cow::into_owned(key.into_inner()), Entry { key: place, node: self.node(value) })
        };
        table.into_iter().map(entry).collect()
    }

    fn node(&self, value: Spanned<DeValue<'_>>) -> Node {
        let place = self.place(value.span().start);
        Node { value: self.value(value.into_inner()), place, raw: None }
    }

    fn value(&self, value: DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_beyond_64_bits| Value::Other(number.to_string()), Value::Whole),
            DeValue::Float(number) => Value::Other(number.to_string()),
            DeValue::Boolean(flag) => Value::Flag(flag),
            DeValue::Datetime(date) => Value::Other(date.to_string()),
            DeValue::Array(list) => Value::List(list.into_iter().map(|value| self.node(value)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        }
    }
}
