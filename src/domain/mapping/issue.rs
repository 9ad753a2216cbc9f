//! What is wrong in a mappings document, by line and column.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One thing that is wrong, or worth a warning.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Issue {
    /// The line, from 1.
    pub line: usize,
    /// The letter in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do: ``did you mean `order.location`?``
    pub suggestion: Option<String>,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)?;
        self.suggestion.as_ref().map_or(Ok(()), |suggestion| write!(f, "; {suggestion}"))
    }
}

/// Line and column, both from 1, of a place in bytes.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before.get(line_start..).unwrap_or_default().chars().count() + 1)
}

/// Where in the document each byte of a TOML string's value is written: quotes, escapes and line continuations stand in
/// the document, but not in the value.
#[derive(Debug)]
pub struct Written {
    /// For each byte of the value, and for its end, the byte of the document.
    places: Vec<usize>,
}

impl Written {
    /// Follows the string at `span` of the document.
    pub fn new(document: &str, span: &Range<usize>) -> Self {
        let raw = document.get(span.clone()).unwrap_or_default();
        let (quotes, escapes) = match raw {
            _ if raw.starts_with("\"\"\"") => (3, true),
            _ if raw.starts_with("'''") => (3, false),
            _ if raw.starts_with('"') => (1, true),
            _ if raw.starts_with('\'') => (1, false),
            _ => (0, false),
        };
        let mut inside = raw.get(quotes..raw.len().saturating_sub(quotes)).unwrap_or_default();
        let mut at = span.start + quotes;
        if quotes == 3 {
            let newline = if inside.starts_with("\r\n") { 2 } else { usize::from(inside.starts_with('\n')) };
            inside = inside.get(newline..).unwrap_or_default();
            at += newline;
        }
        let mut places = Vec::with_capacity(inside.len() + 1);
        while let Some(letter) = inside.chars().next() {
            let (written, valued) = if escapes && letter == '\\' { escape(inside) } else { (letter.len_utf8(), letter.len_utf8()) };
            // The bytes of a plain letter have their own places; those of an escape share its first.
            let plain = written == valued;
            places.extend((0..valued).map(|byte| if plain { at + byte } else { at }));
            at += written;
            inside = inside.get(written..).unwrap_or_default();
        }
        places.push(at);
        Self { places }
    }

    /// The document's byte for a byte of the value.
    pub fn place(&self, of: usize) -> usize {
        self.places.get(of).or(self.places.last()).copied().unwrap_or_default()
    }
}

/// How many bytes an escape takes in the document, and how many its value has.
fn escape(text: &str) -> (usize, usize) {
    let digits = match text.as_bytes().get(1) {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        Some(b'"' | b'\\' | b'b' | b'e' | b'f' | b'n' | b'r' | b't') => return (2, 1),
        // A backslash at the end of a line takes away all space up to the next letter.
        _ => {
            let rest = text.get(1..).unwrap_or_default();
            return (1 + rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len(), 0);
        }
    };
    let letter = text.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
    (2 + digits, letter.map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_of_toml_string_is_followed_to_its_letters() {
        for raw in [
            r"'a b'",
            r#""a \"b\" \\ \u00e9\U0001F600\x41 z""#,
            "\"\"\"\n  first \\\n\n   second \\\"\"x\"\"\"",
            "'''\r\nfirst\r\nsecond 'q' z'''",
            "\"\"\"plain \t é\"\"\"",
        ] {
            assert_followed(raw);
        }
    }

    fn assert_followed(raw: &str) {
        let document = format!("key = {raw}\n");
        let (table, errors) = toml::de::DeTable::parse_recoverable(&document);
        assert!(errors.is_empty(), "{raw}: {errors:?}");
        let value = table.get_ref().get("key").expect("the key");
        let decoded = value.get_ref().as_str().expect("text");
        let written = Written::new(&document, &value.span());
        assert_eq!(written.places.len(), decoded.len() + 1, "{raw}");
        for (at, letter) in decoded.char_indices() {
            let there = document[written.place(at)..].chars().next();
            assert!(there == Some(letter) || there == Some('\\'), "{raw}: {letter:?} at {at} is written {there:?}");
        }
    }

    proptest! {
        #[test]
        fn any_basic_string_is_followed(parts in proptest::collection::vec(
            prop_oneof![
                Just("\\n".to_owned()), Just("\\\"".to_owned()), Just("\\\\".to_owned()), Just("\\u00e9".to_owned()),
                Just("\\U0001F600".to_owned()), "[a-zé =]{0,4}"
            ], 0..12))
        {
            assert_followed(&format!("\"{}\"", parts.concat()));
        }
    }

    #[test]
    fn columns_are_counted_in_letters() {
        assert_eq!(line_and_column("é = 1\nöö x", 12), (2, 4));
    }
}
