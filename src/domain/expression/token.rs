//! The words of a condition.

use std::fmt;
use std::ops::Range;

use rust_decimal::Decimal;

/// Where in the source something stands, in bytes.
pub type Span = Range<usize>;

/// One word, with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// What it is.
    pub token: Token,
    /// Where it stands.
    pub span: Span,
}

/// What a word can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// `12.50`
    Number(Decimal),
    /// `"Billed"`, without its quotes and escapes.
    Text(String),
    /// `order.status` or `contains`: names joined by dots.
    Name(String),
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
    /// `and`
    And,
    /// `or`
    Or,
    /// `not`
    Not,
    /// `in`
    In,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `*`
    Times,
    /// `/`
    Divide,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenList,
    /// `]`
    CloseList,
    /// `,`
    Comma,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write_text(f, text),
            Self::Name(name) => f.write_str(name),
            Self::True => f.write_str("true"),
            Self::False => f.write_str("false"),
            Self::Null => f.write_str("null"),
            Self::And => f.write_str("and"),
            Self::Or => f.write_str("or"),
            Self::Not => f.write_str("not"),
            Self::In => f.write_str("in"),
            Self::Equal => f.write_str("=="),
            Self::NotEqual => f.write_str("!="),
            Self::Less => f.write_str("<"),
            Self::LessOrEqual => f.write_str("<="),
            Self::Greater => f.write_str(">"),
            Self::GreaterOrEqual => f.write_str(">="),
            Self::Plus => f.write_str("+"),
            Self::Minus => f.write_str("-"),
            Self::Times => f.write_str("*"),
            Self::Divide => f.write_str("/"),
            Self::Open => f.write_str("("),
            Self::Close => f.write_str(")"),
            Self::OpenList => f.write_str("["),
            Self::CloseList => f.write_str("]"),
            Self::Comma => f.write_str(","),
        }
    }
}

/// Writes text as a condition would: in double quotes, with `"` and `\` escaped.
pub fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{letter}")?;
    }
    f.write_str("\"")
}
