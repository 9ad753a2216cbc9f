//! Reads typed values from the tree, one table at a time, and notes every problem instead of stopping at the first.
//!
//! A key that is asked for is a known key: what is left over when a table has been read is unknown. So the functions that read a
//! table ask for all of its keys first, and only then give up on what is missing.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use super::problem::{Place, Problem};
use super::sections::{Environment, Secret};
use super::tree::{Node, Table, Value};
use super::values;

/// Above this likeness, of 0 to 1, one key is taken for a slip of the pen for another.
const ALIKE: f64 = 0.7;

/// What reading needs beside the tree: where secrets come from, and where problems go.
pub(super) struct Context<'c> {
    pub environment: &'c Environment,
    /// The folder that `file:PATH` starts from.
    pub folder: &'c Path,
    pub problems: RefCell<Vec<Problem>>,
}

impl Context<'_> {
    fn problem(&self, place: &Place, key: &str, what: String) {
        self.problems.borrow_mut().push(Problem { place: place.clone(), key: key.to_owned(), what });
    }
}

/// One table under its path.
pub(super) struct Reader<'t, 'c> {
    context: &'t Context<'c>,
    table: &'t Table,
    place: &'t Place,
    path: String,
    known: BTreeSet<&'static str>,
}

impl<'t, 'c> Reader<'t, 'c> {
    /// Reads the whole tree; keys that nobody asked for are problems.
    pub fn read<T>(root: &'t Node, context: &'t Context<'c>, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        Self::enter(root, String::new(), context, read)
    }

    fn enter<T>(node: &'t Node, path: String, context: &'t Context<'c>, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let Value::Table(table) = &node.value else {
            context.problem(&node.place, &path, format!("is {}, and a table is expected", node.kind()));
            return None;
        };
        let mut reader = Self { context, table, place: &node.place, path, known: BTreeSet::new() };
        let value = read(&mut reader);
        reader.report_unknown();
        value
    }

    fn report_unknown(&self) {
        for (key, entry) in self.table.iter().filter(|(key, _)| !self.known.contains(&key.as_str())) {
            let likeness = |known: &&str| strsim::jaro_winkler(known, key);
            let closest = self.known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
            let what = match closest.filter(|known| likeness(known) > ALIKE) {
                Some(closest) => format!("unknown key; did you mean {}?", self.path(closest)),
                None => format!("unknown key; the keys here are {}", self.known.iter().copied().collect::<Vec<_>>().join(", ")),
            };
            self.context.problem(&entry.key, &self.path(key), what);
        }
    }

    fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn get(&mut self, key: &'static str) -> Option<&'t Node> {
        self.known.insert(key);
        self.table.get(key).map(|entry| &entry.node)
    }

    fn required(&mut self, key: &'static str) -> Option<&'t Node> {
        let node = self.get(key);
        if node.is_none() {
            self.context.problem(self.place, &self.path(key), "is missing".to_owned());
        }
        node
    }

    /// Notes a problem with the value of a key that was read.
    pub fn problem(&self, key: &str, what: impl Into<String>) {
        let place = self.table.get(key).map_or(self.place, |entry| &entry.node.place);
        self.context.problem(place, &self.path(key), what.into());
    }

    /// Takes keys as known that are not read: those of the other kinds, where a table's kind itself is the problem.
    pub fn forgive_keys(&mut self, keys: &[&'static str]) {
        self.known.extend(keys);
    }

    /// The key's value as `read` reads it; `default` where the key is not written.
    pub fn or<T>(&mut self, key: &'static str, default: T, read: impl FnOnce(&mut Self, &'static str) -> Option<T>) -> Option<T> {
        if self.get(key).is_some() { read(self, key) } else { Some(default) }
    }

    /// Text, parsed; `not` says what it failed to be and how to write it, as in "is not a duration; write 30s".
    pub fn parsed<T>(&mut self, key: &'static str, not: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let node = self.required(key)?;
        let value = node.text().and_then(&parse);
        if value.is_none() {
            let only_quotes_lack = matches!(node.value, Value::Whole(number) if node.raw.is_none() && parse(&number.to_string()).is_some());
            let what = if only_quotes_lack { "is a number; write it in quotes" } else { not };
            self.problem(key, format!("{} {what}", node.found()));
        }
        value
    }

    /// As [`Self::parsed`], with `None` inside for a key that is empty or not written.
    #[expect(clippy::option_option, reason = "the outer says whether it could be read, the inner whether it is set")]
    pub fn optional<T>(&mut self, key: &'static str, not: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
        match self.get(key) {
            None => Some(None),
            Some(node) if node.text() == Some("") => Some(None),
            Some(_) => self.parsed(key, not, parse).map(Some),
        }
    }

    /// Text that is not empty.
    pub fn text(&mut self, key: &'static str) -> Option<String> {
        self.parsed(key, "is not text, or is empty", |text| (!text.trim().is_empty()).then(|| text.to_owned()))
    }

    /// A length of time, zero included.
    pub fn duration(&mut self, key: &'static str) -> Option<Duration> {
        self.parsed(key, "is not a duration; write 30s, 5m, 2h", values::duration)
    }

    /// A length of time that is not zero.
    pub fn positive(&mut self, key: &'static str) -> Option<Duration> {
        let duration = self.duration(key)?;
        if duration.is_zero() {
            self.problem(key, "is zero; write 30s, 5m, 2h");
        }
        Some(duration)
    }

    /// A whole number in a range.
    pub fn number<T: TryFrom<i64>>(&mut self, key: &'static str, range: &RangeInclusive<i64>) -> Option<T> {
        let node = self.required(key)?;
        let number = match node.value {
            Value::Whole(number) if range.contains(&number) => T::try_from(number).ok(),
            _ => None,
        };
        if number.is_none() {
            self.problem(key, format!("{} is not a whole number from {} to {}", node.found(), range.start(), range.end()));
        }
        number
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let node = self.required(key)?;
        if let Value::Flag(flag) = node.value {
            return Some(flag);
        }
        self.problem(key, format!("{} is not true or false", node.found()));
        None
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("{word:?}")).collect();
        self.parsed(key, &format!("is not one of {}", words.join(", ")), |text| {
            choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
        })
    }

    /// A secret, resolved.
    pub fn secret(&mut self, key: &'static str) -> Option<Secret> {
        self.secret_that(key, |_| Ok(()))
    }

    /// A secret, resolved; `check` may refuse it, and says why without showing it.
    pub fn secret_that(&mut self, key: &'static str, check: impl Fn(&str) -> Result<(), String>) -> Option<Secret> {
        let node = self.required(key)?;
        self.resolve(node, &self.path(key), &check)
    }

    /// A list of secrets; a single one may be written without the brackets. `check` as above.
    pub fn secrets(&mut self, key: &'static str, check: impl Fn(&str) -> Result<(), String>) -> Option<Vec<Secret>> {
        let node = self.required(key)?;
        let path = self.path(key);
        let Value::List(list) = &node.value else {
            return Some(vec![self.resolve(node, &path, &check)?]);
        };
        let resolved: Vec<_> =
            list.iter().enumerate().map(|(index, node)| self.resolve(node, &format!("{path}[{index}]"), &check)).collect();
        resolved.into_iter().collect()
    }

    fn resolve(&self, node: &Node, path: &str, check: &impl Fn(&str) -> Result<(), String>) -> Option<Secret> {
        let resolved = match node.text() {
            Some(text) => values::resolve(text, self.context.environment, self.context.folder),
            None => Err(format!("is {}; a secret is the text itself, file:PATH or env:NAME", node.kind())),
        };
        match resolved.and_then(|text| check(&text).map(|()| text)) {
            Ok(text) => Some(Secret::new(text)),
            Err(what) => {
                self.context.problem(&node.place, path, what);
                None
            }
        }
    }

    /// A table below this one.
    pub fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let node = self.required(key)?;
        Self::enter(node, self.path(key), self.context, read)
    }

    /// A list of tables below this one; not written is empty.
    pub fn sections<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let Some(node) = self.get(key) else { return Some(Vec::new()) };
        let Value::List(list) = &node.value else {
            self.problem(key, format!("is {}, and a list of tables is expected: write [[{}]]", node.kind(), self.path(key)));
            return None;
        };
        let path = self.path(key);
        let read: Vec<_> =
            list.iter().enumerate().map(|(index, node)| Self::enter(node, format!("{path}[{index}]"), self.context, &mut read)).collect();
        read.into_iter().collect()
    }
}
