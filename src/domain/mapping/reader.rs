//! Walks a TOML document table by table, and gathers everything that is wrong with it on the way.

use std::ops::Range;

use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::issue::{Issue, Written, line_and_column};
use crate::domain::expression::{Problem, did_you_mean};
use crate::domain::money;

/// The document, and what was found in it.
#[derive(Debug)]
pub struct Reader<'d> {
    document: &'d str,
    /// What makes the document useless.
    pub errors: Vec<Issue>,
    /// What its author should know.
    pub warnings: Vec<Issue>,
    /// What is as it should be, and yet worth knowing.
    pub notes: Vec<Issue>,
}

/// A value with its place in the document.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written, in bytes.
    pub span: Range<usize>,
}

impl<'d> Reader<'d> {
    /// A reader that has found nothing yet.
    pub fn new(document: &'d str) -> Self {
        Self { document, errors: Vec::new(), warnings: Vec::new(), notes: Vec::new() }
    }

    fn issue(&self, at: usize, message: impl Into<String>, suggestion: Option<String>) -> Issue {
        let (line, column) = line_and_column(self.document, at);
        Issue { line, column, message: message.into(), suggestion }
    }

    /// Notes an error at a place.
    pub fn error(&mut self, at: usize, message: impl Into<String>, suggestion: Option<String>) {
        let issue = self.issue(at, message, suggestion);
        self.errors.push(issue);
    }

    /// Notes a warning at a place.
    pub fn warning(&mut self, at: usize, message: impl Into<String>, suggestion: Option<String>) {
        let issue = self.issue(at, message, suggestion);
        self.warnings.push(issue);
    }

    /// Notes something worth knowing at a place.
    pub fn note(&mut self, at: usize, message: impl Into<String>, suggestion: Option<String>) {
        let issue = self.issue(at, message, suggestion);
        self.notes.push(issue);
    }

    /// The line of a place, from 1.
    pub fn line(&self, at: usize) -> usize {
        line_and_column(self.document, at).0
    }

    /// The errors, in the order of the document.
    pub fn into_errors(mut self) -> Vec<Issue> {
        self.errors.sort();
        self.errors.dedup();
        self.errors
    }

    /// The warnings and the notes, each in the order of the document.
    pub fn into_findings(mut self) -> (Vec<Issue>, Vec<Issue>) {
        self.warnings.sort();
        self.notes.sort();
        (self.warnings, self.notes)
    }

    /// Notes what is wrong within a text value, at its own place in the document.
    pub fn within(&mut self, span: &Range<usize>, problems: Vec<Problem>) {
        let written = Written::new(self.document, span);
        for problem in problems {
            self.error(written.place(problem.span.start), problem.message, problem.suggestion);
        }
    }
}

/// A table of the document.
#[derive(Debug, Clone)]
pub struct Section<'t> {
    /// `[[outlet]]`, or the document itself.
    pub name: &'static str,
    /// The keys that it may have.
    pub keys: &'static [&'static str],
    /// Where it begins.
    pub start: usize,
    /// Its entries.
    pub table: &'t DeTable<'t>,
}

impl<'t> Section<'t> {
    /// The entry of a key.
    pub fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(key)
    }

    /// Notes every key that there is not. `elsewhere` are the keys of the document itself, which TOML takes for this table's
    /// when they follow it.
    pub fn check_keys(&self, reader: &mut Reader<'_>, elsewhere: &[&str]) {
        for (key, _) in self.table {
            let (name, at) = (key.get_ref().as_ref(), key.span().start);
            if self.keys.contains(&name) {
                continue;
            }
            let suggestion = if elsewhere.contains(&name) {
                Some("it belongs at the top of the document, above the first table".to_owned())
            } else {
                did_you_mean(name, self.keys.iter().copied())
            };
            reader.error(at, format!("{} has no key `{name}`", self.name), suggestion);
        }
    }

    fn wrong_kind(reader: &mut Reader<'_>, key: &str, wanted: &str, found: &Spanned<DeValue<'_>>) {
        let kind = found.get_ref().type_str();
        reader.error(found.span().start, format!("`{key}` is {wanted}, and this is {}", with_article(kind)), None);
    }

    /// A text; ids may be written as whole numbers.
    pub fn text(&self, reader: &mut Reader<'_>, key: &str) -> Option<Located<String>> {
        let found = self.get(key)?;
        let value = match found.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            _ => {
                Self::wrong_kind(reader, key, "a text", found);
                return None;
            }
        };
        Some(Located { value, span: found.span() })
    }

    /// A text that names something: blank is an error.
    pub fn name(&self, reader: &mut Reader<'_>, key: &str) -> Option<Located<String>> {
        let found = self.text(reader, key)?;
        if found.value.trim().is_empty() {
            reader.error(found.span.start, format!("`{key}` is empty"), None);
            return None;
        }
        Some(Located { value: found.value.trim().to_owned(), span: found.span })
    }

    /// A text that names something; blank names nothing.
    pub fn optional(&self, reader: &mut Reader<'_>, key: &str, default: Option<String>) -> Option<String> {
        match self.get(key) {
            None => default,
            Some(_) => self.text(reader, key).map(|found| found.value.trim().to_owned()).filter(|text| !text.is_empty()),
        }
    }

    /// A text that has to be there.
    pub fn required(&self, reader: &mut Reader<'_>, key: &str, example: &str) -> Option<Located<String>> {
        if self.get(key).is_none() {
            reader.error(self.start, format!("this {} has no `{key}`", self.name), Some(format!("add `{key} = {example}`")));
            return None;
        }
        self.name(reader, key)
    }

    /// `true` or `false`.
    pub fn flag(&self, reader: &mut Reader<'_>, key: &str) -> Option<bool> {
        let found = self.get(key)?;
        let flag = found.get_ref().as_bool();
        if flag.is_none() {
            Self::wrong_kind(reader, key, "`true` or `false`", found);
        }
        flag
    }

    /// An amount of zero or more, as a number or a text.
    pub fn amount(&self, reader: &mut Reader<'_>, key: &str) -> Option<Decimal> {
        let found = self.get(key)?;
        let text = match found.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            _ => {
                Self::wrong_kind(reader, key, "an amount", found);
                return None;
            }
        };
        let amount = money::parse(&text).filter(|amount| !amount.is_sign_negative());
        if amount.is_none() {
            reader.error(
                found.span().start,
                format!("`{key}` is an amount of zero or more, and this is {text}"),
                Some("write it as \"0.01\"".to_owned()),
            );
        }
        amount
    }

    /// One of a few words.
    pub fn word<T: Copy>(&self, reader: &mut Reader<'_>, key: &str, words: &[(&str, T)]) -> Option<Located<T>> {
        let found = self.text(reader, key)?;
        let Some((_, value)) = words.iter().find(|(word, _)| *word == found.value.trim()) else {
            reader.error(
                found.span.start,
                format!("`{key}` cannot be \"{}\"", found.value),
                Some(word_meant(&found.value, words.iter().map(|(word, _)| *word))),
            );
            return None;
        };
        Some(Located { value: *value, span: found.span })
    }

    /// A list of texts.
    pub fn texts(&self, reader: &mut Reader<'_>, key: &str) -> Option<Vec<Located<String>>> {
        let found = self.get(key)?;
        let Some(array) = found.get_ref().as_array() else {
            Self::wrong_kind(reader, key, "a list", found);
            return None;
        };
        let mut texts = Vec::with_capacity(array.len());
        for element in array {
            match element.get_ref().as_str() {
                Some(text) => texts.push(Located { value: text.to_owned(), span: element.span() }),
                None => Self::wrong_kind(reader, key, "a list of texts", element),
            }
        }
        Some(texts)
    }

    /// A table within this one.
    pub fn table(&self, reader: &mut Reader<'_>, key: &'static str, keys: &'static [&'static str]) -> Option<Section<'t>> {
        let found = self.get(key)?;
        let Some(table) = found.get_ref().as_table() else {
            Self::wrong_kind(reader, key, "a table", found);
            return None;
        };
        Some(Section { name: key, keys, start: found.span().start, table })
    }

    /// The tables written `[[key]]`, in their order.
    pub fn each(
        reader: &mut Reader<'_>,
        found: Option<&'t Spanned<DeValue<'t>>>,
        key: &str,
        name: &'static str,
        keys: &'static [&'static str],
    ) -> Vec<Self> {
        let Some(found) = found else { return Vec::new() };
        let Some(array) = found.get_ref().as_array() else {
            reader.error(found.span().start, format!("`{key}` is written `{name}`, once for each"), None);
            return Vec::new();
        };
        let mut sections = Vec::with_capacity(array.len());
        for element in array {
            match element.get_ref().as_table() {
                Some(table) => sections.push(Self { name, keys, start: element.span().start, table }),
                None => Self::wrong_kind(reader, key, "a list of tables", element),
            }
        }
        sections
    }
}

/// What to write where a word is not one of those there are.
pub fn word_meant<'w>(written: &str, words: impl Iterator<Item = &'w str> + Clone) -> String {
    match crate::domain::expression::closest(written, words.clone()) {
        Some(word) => format!("did you mean \"{word}\"?"),
        None => format!("it is one of {}", words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")),
    }
}

fn with_article(kind: &str) -> String {
    match kind {
        "string" => "a text".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "table" => "a table".to_owned(),
        "array" => "a list".to_owned(),
        "datetime" => "a date".to_owned(),
        _ => "a number".to_owned(),
    }
}
