//! Cuts a condition into words. Habits from other languages (`&&`, `=`, curly quotes) get an answer that names ours.

use super::problem::Problem;
use super::token::{Span, Token, Word};
use crate::domain::money;

/// Cuts the source into words, or tells everything in it that is no word.
pub fn words(source: &str) -> Result<Vec<Word>, Vec<Problem>> {
    let mut lexer = Lexer { source, at: 0, problems: Vec::new() };
    let mut words = Vec::new();
    while let Some(letter) = lexer.skip_space() {
        let start = lexer.at;
        if let Some(token) = lexer.word(letter) {
            words.push(Word { token, span: start..lexer.at });
        }
    }
    if lexer.problems.is_empty() { Ok(words) } else { Err(lexer.problems) }
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    problems: Vec<Problem>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    /// Takes the longest run of letters that fit, and gives its text.
    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &str {
        let start = self.at;
        let rest = self.rest();
        self.at += rest.find(|letter| !fits(letter)).unwrap_or(rest.len());
        self.source.get(start..self.at).unwrap_or_default()
    }

    fn refuse(&mut self, span: Span, message: impl Into<String>, suggestion: Option<&str>) {
        self.problems.push(Problem::new(span, message, suggestion.map(str::to_owned)));
    }

    fn word(&mut self, letter: char) -> Option<Token> {
        match letter {
            '"' | '\'' => self.text(letter),
            '0'..='9' => self.number(),
            'A'..='Z' | 'a'..='z' | '_' => Some(self.name()),
            _ => self.sign(letter),
        }
    }

    fn name(&mut self) -> Token {
        match self.take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.')) {
            "true" => Token::True,
            "false" => Token::False,
            "null" => Token::Null,
            "and" => Token::And,
            "or" => Token::Or,
            "not" => Token::Not,
            "in" => Token::In,
            name => Token::Name(name.to_owned()),
        }
    }

    fn number(&mut self) -> Option<Token> {
        let start = self.at;
        let text = self.take_while(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_')).to_owned();
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') && !text.ends_with('.');
        let number = if plain { money::parse(&text) } else { None };
        if number.is_none() {
            self.refuse(start..self.at, format!("`{text}` is not a number"), Some("write it in digits, as in `1200` or `12.50`"));
        }
        number.map(Token::Number)
    }

    fn text(&mut self, quote: char) -> Option<Token> {
        let start = self.at;
        self.at += quote.len_utf8();
        let mut text = String::new();
        let mut fine = true;
        loop {
            let Some(letter) = self.rest().chars().next() else {
                self.refuse(start..self.at, format!("this text has no closing {quote}"), None);
                return None;
            };
            let from = self.at;
            self.at += letter.len_utf8();
            if letter == quote {
                return fine.then_some(Token::Text(text));
            }
            if letter != '\\' {
                text.push(letter);
                continue;
            }
            if let Some(escaped @ ('"' | '\'' | '\\')) = self.rest().chars().next() {
                self.at += escaped.len_utf8();
                text.push(escaped);
            } else {
                fine = false;
                let message = "a backslash in text stands only before a quote or another backslash";
                self.refuse(from..self.at, message, Some("write `\\\\` for one"));
            }
        }
    }

    fn sign(&mut self, letter: char) -> Option<Token> {
        /// Longest first: what a sign means, or what to write instead.
        const SIGNS: &[(&str, Result<Token, &str>)] = &[
            ("===", Err("write `==`")),
            ("!==", Err("write `!=`")),
            ("==", Ok(Token::Equal)),
            ("!=", Ok(Token::NotEqual)),
            ("<=", Ok(Token::LessOrEqual)),
            (">=", Ok(Token::GreaterOrEqual)),
            ("<>", Err("write `!=`")),
            ("=~", Err("write `contains(…)`, `starts_with(…)` or `ends_with(…)`")),
            ("&&", Err("write `and`")),
            ("||", Err("write `or`")),
            ("=", Err("write `==` to compare")),
            ("&", Err("write `and`")),
            ("|", Err("write `or`")),
            ("!", Err("write `not`")),
            ("<", Ok(Token::Less)),
            (">", Ok(Token::Greater)),
            ("+", Ok(Token::Plus)),
            ("-", Ok(Token::Minus)),
            ("*", Ok(Token::Times)),
            ("/", Ok(Token::Divide)),
            ("(", Ok(Token::Open)),
            (")", Ok(Token::Close)),
            ("[", Ok(Token::OpenList)),
            ("]", Ok(Token::CloseList)),
            (",", Ok(Token::Comma)),
            (".", Err("names are joined without space, as in `order.status`, and numbers begin with a digit")),
            ("“", Err("write straight quotes: \"…\" or '…'")),
            ("”", Err("write straight quotes: \"…\" or '…'")),
            ("‘", Err("write straight quotes: \"…\" or '…'")),
            ("’", Err("write straight quotes: \"…\" or '…'")),
            ("≠", Err("write `!=`")),
            ("≤", Err("write `<=`")),
            ("≥", Err("write `>=`")),
        ];
        let start = self.at;
        let Some((sign, meaning)) = SIGNS.iter().find(|(sign, _)| self.rest().starts_with(sign)) else {
            self.at += letter.len_utf8();
            self.refuse(start..self.at, format!("`{letter}` has no meaning here"), None);
            return None;
        };
        self.at += sign.len();
        match meaning {
            Ok(token) => Some(token.clone()),
            Err(instead) => {
                self.refuse(start..self.at, format!("`{sign}` is not part of this language"), Some(instead));
                None
            }
        }
    }
}
