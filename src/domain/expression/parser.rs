//! Reads the words of a condition into a tree (a Pratt parser), within fixed bounds of size and depth.

use std::fmt;

use rust_decimal::Decimal;

use super::lexer;
use super::problem::Problem;
use super::token::{Span, Token, Word, write_text};

/// The longest source, in bytes.
pub const MAX_BYTES: usize = 2_000;
/// The most parts a condition may have.
pub const MAX_NODES: usize = 200;
/// How deep parentheses, lists of arguments and `not` may be nested.
pub const MAX_DEPTH: usize = 32;

/// A part of a condition as it is written, before its names and types are known.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a part can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`, `false`
    YesNo(bool),
    /// `12.50`
    Number(Decimal),
    /// `"Billed"`
    Text(String),
    /// `order.status`
    Name(String),
    /// `contains(order.memo, "gift")`
    Call(String, Vec<Node>),
    /// `["Ponsonby", "Newmarket"]`: only to the right of `in`, and for the checker to refuse elsewhere.
    List(Vec<Node>),
    /// `not …`
    Not(Box<Node>),
    /// `-…`
    Negate(Box<Node>),
    /// `… and … and …`
    And(Vec<Node>),
    /// `… or … or …`
    Or(Vec<Node>),
    /// `… == …`
    Compare(Comparison, Box<Node>, Box<Node>),
    /// `… + …`
    Compute(Operation, Box<Node>, Box<Node>),
    /// `… in [...]`
    In(Box<Node>, Vec<Node>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
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
}

impl Comparison {
    /// The sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    /// It asks which comes first, not only whether both are the same.
    pub fn is_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

/// What is computed of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

impl Operation {
    /// The sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
        }
    }
}

/// Reads a source into its tree.
pub fn parse(source: &str) -> Result<Node, Vec<Problem>> {
    if source.len() > MAX_BYTES {
        return Err(vec![Problem::new(
            0..0,
            format!("a condition may have {MAX_BYTES} bytes, and this has {}", source.len()),
            Some("split it into several mappings".to_owned()),
        )]);
    }
    let words = lexer::words(source)?;
    let mut parser = Parser { words: &words, at: 0, end: source.trim_end().len(), depth: 0, nodes: 0 };
    parser.whole().map_err(|problem| vec![problem])
}

/// How tightly the operators bind, from loosest to tightest.
mod power {
    pub const OR: u8 = 1;
    pub const AND: u8 = 2;
    pub const NOT: u8 = 3;
    pub const COMPARE: u8 = 4;
    pub const ADD: u8 = 5;
    pub const MULTIPLY: u8 = 6;
    pub const NEGATE: u8 = 7;
}

enum Infix {
    Or,
    And,
    Compare(Comparison),
    In,
    NotIn,
    Compute(Operation),
}

impl Infix {
    fn power(&self) -> u8 {
        match self {
            Self::Or => power::OR,
            Self::And => power::AND,
            Self::Compare(_) | Self::In | Self::NotIn => power::COMPARE,
            Self::Compute(Operation::Add | Operation::Subtract) => power::ADD,
            Self::Compute(Operation::Multiply | Operation::Divide) => power::MULTIPLY,
        }
    }
}

struct Parser<'w> {
    words: &'w [Word],
    at: usize,
    end: usize,
    depth: usize,
    nodes: usize,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<Node, Problem> {
        let node = self.expression(power::OR)?;
        match self.words.get(self.at) {
            None => Ok(node),
            Some(word) => Err(Self::unexpected(word, "`and`, `or` or the end")),
        }
    }

    fn peek(&self) -> Option<&Token> {
        self.words.get(self.at).map(|word| &word.token)
    }

    fn here(&self) -> Span {
        self.words.get(self.at).map_or(self.end..self.end, |word| word.span.clone())
    }

    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|before| self.words.get(before)).map_or(0, |word| word.span.end)
    }

    fn node(&mut self, start: usize, kind: Kind) -> Result<Node, Problem> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Problem::new(
                self.here(),
                format!("a condition may have {MAX_NODES} parts, and this has more"),
                Some("split it into several mappings".to_owned()),
            ));
        }
        Ok(Node { span: start..self.last_end(), kind })
    }

    fn unexpected(word: &Word, wanted: &str) -> Problem {
        let suggestion = match &word.token {
            Token::Name(name) => habit(name).map(|instead| format!("write {instead}")),
            Token::OpenList => Some("a list stands to the right of `in`; for the lines write `any(order.lines, …)`".to_owned()),
            _ => None,
        };
        Problem::new(word.span.clone(), format!("found `{}` where {wanted} is expected", word.token), suggestion)
    }

    fn expect(&mut self, token: &Token, wanted: &str) -> Result<(), Problem> {
        match self.words.get(self.at) {
            Some(word) if word.token == *token => {
                self.at += 1;
                Ok(())
            }
            Some(word) => Err(Self::unexpected(word, wanted)),
            None => Err(Problem::new(self.here(), format!("the condition ends where {wanted} is expected"), None)),
        }
    }

    fn infix(&self) -> Option<Infix> {
        Some(match self.peek()? {
            Token::Or => Infix::Or,
            Token::And => Infix::And,
            Token::Equal => Infix::Compare(Comparison::Equal),
            Token::NotEqual => Infix::Compare(Comparison::NotEqual),
            Token::Less => Infix::Compare(Comparison::Less),
            Token::LessOrEqual => Infix::Compare(Comparison::LessOrEqual),
            Token::Greater => Infix::Compare(Comparison::Greater),
            Token::GreaterOrEqual => Infix::Compare(Comparison::GreaterOrEqual),
            Token::In => Infix::In,
            Token::Not if self.words.get(self.at + 1).is_some_and(|word| word.token == Token::In) => Infix::NotIn,
            Token::Plus => Infix::Compute(Operation::Add),
            Token::Minus => Infix::Compute(Operation::Subtract),
            Token::Times => Infix::Compute(Operation::Multiply),
            Token::Divide => Infix::Compute(Operation::Divide),
            _ => return None,
        })
    }

    /// Reads everything that binds at least as tightly as `least`.
    fn expression(&mut self, least: u8) -> Result<Node, Problem> {
        if self.depth == MAX_DEPTH {
            return Err(Problem::new(self.here(), format!("a condition may be nested {MAX_DEPTH} deep, and this is deeper"), None));
        }
        self.depth += 1;
        let start = self.here().start;
        let mut left = self.prefix()?;
        let mut compared = false;
        while let Some(infix) = self.infix().filter(|infix| infix.power() >= least) {
            let is_comparison = infix.power() == power::COMPARE;
            if is_comparison && compared {
                return Err(Problem::new(
                    self.here(),
                    "comparisons cannot be chained",
                    Some("join two of them with `and`: `1 < order.total and order.total < 5`".to_owned()),
                ));
            }
            compared = is_comparison;
            left = self.infix_of(start, left, &infix)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    fn infix_of(&mut self, start: usize, left: Node, infix: &Infix) -> Result<Node, Problem> {
        self.at += if matches!(infix, Infix::NotIn) { 2 } else { 1 };
        match infix {
            Infix::Or => self.chain(start, left, power::AND, &Token::Or, Kind::Or),
            Infix::And => self.chain(start, left, power::NOT, &Token::And, Kind::And),
            Infix::Compare(how) => {
                let right = self.expression(power::ADD)?;
                self.node(start, Kind::Compare(*how, Box::new(left), Box::new(right)))
            }
            Infix::Compute(how) => {
                let right = self.expression(infix.power() + 1)?;
                self.node(start, Kind::Compute(*how, Box::new(left), Box::new(right)))
            }
            Infix::In | Infix::NotIn => {
                self.expect(&Token::OpenList, "a list such as `[\"Ponsonby\", \"Newmarket\"]`")?;
                let list = self.until(&Token::CloseList, "`,` or `]`")?;
                let node = self.node(start, Kind::In(Box::new(left), list))?;
                if matches!(infix, Infix::NotIn) { self.node(start, Kind::Not(Box::new(node))) } else { Ok(node) }
            }
        }
    }

    /// `left and … and …` as one part, however long.
    fn chain(&mut self, start: usize, left: Node, least: u8, again: &Token, kind: fn(Vec<Node>) -> Kind) -> Result<Node, Problem> {
        let mut parts = vec![left, self.expression(least)?];
        while self.peek() == Some(again) {
            self.at += 1;
            parts.push(self.expression(least)?);
        }
        self.node(start, kind(parts))
    }

    fn prefix(&mut self) -> Result<Node, Problem> {
        let Some(word) = self.words.get(self.at) else {
            return Err(Problem::new(self.here(), "the condition ends where a value is expected", None));
        };
        let start = word.span.start;
        self.at += 1;
        let kind = match &word.token {
            Token::Number(number) => Kind::Number(*number),
            Token::Text(text) => Kind::Text(text.clone()),
            Token::True => Kind::YesNo(true),
            Token::False => Kind::YesNo(false),
            Token::Null => Kind::Null,
            Token::Name(name) if self.peek() == Some(&Token::Open) => {
                self.at += 1;
                Kind::Call(name.clone(), self.until(&Token::Close, "`,` or `)`")?)
            }
            Token::Name(name) => Kind::Name(name.clone()),
            Token::Not => Kind::Not(Box::new(self.expression(power::NOT)?)),
            Token::Minus => Kind::Negate(Box::new(self.expression(power::NEGATE)?)),
            Token::Open => {
                let inner = self.expression(power::OR)?;
                self.expect(&Token::Close, "`)`")?;
                return Ok(Node { span: start..self.last_end(), kind: inner.kind });
            }
            Token::OpenList => Kind::List(self.until(&Token::CloseList, "`,` or `]`")?),
            _ => return Err(Self::unexpected(word, "a value")),
        };
        self.node(start, kind)
    }

    /// Parts with commas between them, up to the closing word; a comma may stand before it.
    fn until(&mut self, close: &Token, wanted: &str) -> Result<Vec<Node>, Problem> {
        let mut parts = Vec::new();
        while self.peek() != Some(close) {
            parts.push(self.expression(power::OR)?);
            if self.peek() != Some(&Token::Comma) {
                break;
            }
            self.at += 1;
        }
        self.expect(close, wanted)?;
        Ok(parts)
    }
}

/// What somebody means who writes a word of another language.
fn habit(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "and" => "`and`",
        "or" => "`or`",
        "not" => "`not`",
        "in" => "`in`",
        "is" | "equals" | "eq" => "`==`",
        "ne" | "isnot" => "`!=`",
        "lt" | "before" => "`<`",
        "gt" | "after" => "`>`",
        "contains" | "like" | "includes" => "`contains(order.memo, \"…\")`",
        "between" => "two comparisons joined with `and`",
        _ => return None,
    })
}

impl Node {
    /// How tightly the part binds where it is written out; values bind tightest.
    fn power(&self) -> u8 {
        match &self.kind {
            Kind::Or(_) => power::OR,
            Kind::And(_) => power::AND,
            Kind::Not(_) => power::NOT,
            Kind::Compare(..) | Kind::In(..) => power::COMPARE,
            Kind::Compute(Operation::Add | Operation::Subtract, ..) => power::ADD,
            Kind::Compute(..) => power::MULTIPLY,
            Kind::Negate(_) => power::NEGATE,
            _ => u8::MAX,
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, least: u8) -> fmt::Result {
        if self.power() < least { write!(f, "({self})") } else { write!(f, "{self}") }
    }
}

/// The part with single spaces and only the parentheses that it needs: two sources that mean the same tree read the same.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Self], between: &str, least: u8| {
            parts.iter().enumerate().try_for_each(|(place, part)| {
                if place > 0 {
                    f.write_str(between)?;
                }
                part.write(f, least)
            })
        };
        match &self.kind {
            Kind::Null => f.write_str("null"),
            Kind::YesNo(yes) => write!(f, "{yes}"),
            Kind::Number(number) => write!(f, "{number}"),
            Kind::Text(text) => write_text(f, text),
            Kind::Name(name) => f.write_str(name),
            Kind::Call(name, parts) => {
                write!(f, "{name}(")?;
                joined(f, parts, ", ", power::OR)?;
                f.write_str(")")
            }
            Kind::List(parts) => {
                f.write_str("[")?;
                joined(f, parts, ", ", power::OR)?;
                f.write_str("]")
            }
            Kind::Not(inner) => {
                f.write_str("not ")?;
                inner.write(f, power::NOT)
            }
            Kind::Negate(inner) => {
                f.write_str("-")?;
                inner.write(f, power::NEGATE)
            }
            Kind::And(parts) => joined(f, parts, " and ", power::NOT),
            Kind::Or(parts) => joined(f, parts, " or ", power::AND),
            Kind::Compare(how, left, right) => {
                left.write(f, power::ADD)?;
                write!(f, " {} ", how.sign())?;
                right.write(f, power::ADD)
            }
            Kind::Compute(how, left, right) => {
                left.write(f, self.power())?;
                write!(f, " {} ", how.sign())?;
                right.write(f, self.power() + 1)
            }
            Kind::In(value, list) => {
                value.write(f, power::ADD)?;
                f.write_str(" in [")?;
                joined(f, list, ", ", power::OR)?;
                f.write_str("]")
            }
        }
    }
}
