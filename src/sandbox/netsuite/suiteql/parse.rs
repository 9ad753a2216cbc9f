//! From tokens to a [`Query`], by recursive descent.

use super::token::{Token, tokens};
use super::{Expr, Operator, Query, QueryError, Source, Val};
use crate::sandbox::number;

/// Words that end an expression, so they are no aliases.
const RESERVED: [&str; 22] = [
    "FROM", "WHERE", "JOIN", "INNER", "LEFT", "OUTER", "ON", "GROUP", "ORDER", "FETCH", "AND", "OR", "NOT", "IN", "IS", "LIKE", "AS",
    "BETWEEN", "THEN", "ELSE", "WHEN", "END",
];
const AGGREGATES: [&str; 5] = ["COUNT", "MAX", "MIN", "SUM", "AVG"];

struct Parser {
    tokens: Vec<Token>,
    place: usize,
    parameters: usize,
}

pub(super) fn query(text: &str) -> Result<Query, QueryError> {
    let mut parser = Parser { tokens: tokens(text)?, place: 0, parameters: 0 };
    let query = parser.query()?;
    match parser.peek() {
        None => Ok(query),
        Some(_) => Err(parser.unexpected()),
    }
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.place)
    }

    fn unexpected(&self) -> QueryError {
        let seen = match self.peek() {
            None => "the end".to_owned(),
            Some(Token::Word(text) | Token::Number(text) | Token::Text(text)) => format!("'{text}'"),
            Some(Token::Sign(sign)) => format!("'{sign}'"),
        };
        QueryError::Syntax(format!("unexpected {seen}"))
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.tokens.get(self.place + ahead), Some(Token::Word(text)) if text.eq_ignore_ascii_case(word))
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        self.place += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<(), QueryError> {
        if self.word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(text)) if *text == sign);
        self.place += usize::from(found);
        found
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), QueryError> {
        if self.sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn name(&mut self) -> Result<String, QueryError> {
        match self.peek() {
            Some(Token::Word(text)) if !RESERVED.iter().any(|word| text.eq_ignore_ascii_case(word)) => {
                let name = text.clone();
                self.place += 1;
                Ok(name)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn count(&mut self) -> Result<usize, QueryError> {
        let Some(Token::Number(text)) = self.peek() else { return Err(self.unexpected()) };
        let count = text.parse().map_err(|_not_whole| self.unexpected())?;
        self.place += 1;
        Ok(count)
    }

    fn query(&mut self) -> Result<Query, QueryError> {
        self.expect_word("SELECT")?;
        let distinct = self.word("DISTINCT");
        let mut columns = Vec::new();
        loop {
            let expr = self.expr()?;
            let alias = self.alias(&expr, columns.len())?;
            columns.push((expr, alias));
            if !self.sign(",") {
                break;
            }
        }
        self.expect_word("FROM")?;
        let sources = self.sources()?;
        let filter = if self.word("WHERE") { Some(self.expr()?) } else { None };
        let mut group_by = Vec::new();
        if self.word("GROUP") {
            self.expect_word("BY")?;
            group_by.push(self.expr()?);
            while self.sign(",") {
                group_by.push(self.expr()?);
            }
        }
        let mut order_by = Vec::new();
        if self.word("ORDER") {
            self.expect_word("BY")?;
            loop {
                let expr = self.expr()?;
                let descending = self.word("DESC");
                if !descending {
                    self.word("ASC");
                }
                order_by.push((expr, descending));
                if !self.sign(",") {
                    break;
                }
            }
        }
        let first = if self.word("FETCH") {
            if !self.word("FIRST") {
                self.expect_word("NEXT")?;
            }
            let count = self.count()?;
            if !self.word("ROWS") {
                self.expect_word("ROW")?;
            }
            self.expect_word("ONLY")?;
            Some(count)
        } else {
            None
        };
        Ok(Query { distinct, columns, sources, filter, group_by, order_by, first })
    }

    /// `AS name`, `name`, or what NetSuite calls the column by itself.
    fn alias(&mut self, expr: &Expr, place: usize) -> Result<String, QueryError> {
        let named = if self.word("AS") { Some(self.name()?) } else { self.name().ok() };
        Ok(match (named, expr) {
            (Some(name), _) => name.to_lowercase(),
            (None, Expr::Column { name, .. }) => name.clone(),
            (None, _) => format!("expr{}", place + 1),
        })
    }

    fn sources(&mut self) -> Result<Vec<Source>, QueryError> {
        let mut sources = vec![self.source(false)?];
        loop {
            let outer = self.word("LEFT");
            let inner = !outer && self.word("INNER");
            if outer {
                self.word("OUTER");
            }
            if self.word("JOIN") {
                let mut source = self.source(outer)?;
                self.expect_word("ON")?;
                source.on = Some(self.expr()?);
                sources.push(source);
            } else if outer || inner {
                return Err(self.unexpected());
            } else if self.sign(",") {
                sources.push(self.source(false)?);
            } else {
                return Ok(sources);
            }
        }
    }

    fn source(&mut self, outer: bool) -> Result<Source, QueryError> {
        let table = self.name()?;
        self.word("AS");
        let alias = self.name().unwrap_or_else(|_no_alias| table.clone()).to_lowercase();
        Ok(Source { table, alias, on: None, outer })
    }

    fn expr(&mut self) -> Result<Expr, QueryError> {
        let mut left = self.conjunction()?;
        while self.word("OR") {
            left = Expr::Binary(Operator::Or, Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expr, QueryError> {
        let mut left = self.negation()?;
        while self.word("AND") {
            left = Expr::Binary(Operator::And, Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expr, QueryError> {
        if self.word("NOT") { Ok(Expr::Not(Box::new(self.negation()?))) } else { self.comparison() }
    }

    fn comparison(&mut self) -> Result<Expr, QueryError> {
        let left = self.sum()?;
        if self.word("IS") {
            let negated = self.word("NOT");
            self.expect_word("NULL")?;
            return Ok(Expr::IsNull { value: Box::new(left), negated });
        }
        let negated = self.is_word(0, "NOT") && ["IN", "LIKE", "BETWEEN"].iter().any(|word| self.is_word(1, word));
        self.place += usize::from(negated);
        let value = Box::new(left);
        if self.word("IN") {
            self.expect_sign("(")?;
            let mut list = vec![self.sum()?];
            while self.sign(",") {
                list.push(self.sum()?);
            }
            self.expect_sign(")")?;
            return Ok(Expr::In { value, list, negated });
        }
        if self.word("LIKE") {
            return Ok(Expr::Like { value, pattern: Box::new(self.sum()?), negated });
        }
        if self.word("BETWEEN") {
            let low = Box::new(self.sum()?);
            self.expect_word("AND")?;
            return Ok(Expr::Between { value, low, high: Box::new(self.sum()?), negated });
        }
        for (sign, operator) in [
            ("=", Operator::Equal),
            ("<>", Operator::NotEqual),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ] {
            if self.sign(sign) {
                return Ok(Expr::Binary(operator, value, Box::new(self.sum()?)));
            }
        }
        Ok(*value)
    }

    fn sum(&mut self) -> Result<Expr, QueryError> {
        let mut left = self.product()?;
        loop {
            let operator = if self.sign("+") {
                Operator::Add
            } else if self.sign("-") {
                Operator::Subtract
            } else if self.sign("||") {
                Operator::Concat
            } else {
                return Ok(left);
            };
            left = Expr::Binary(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, QueryError> {
        let mut left = self.factor()?;
        loop {
            let operator = if self.sign("*") {
                Operator::Multiply
            } else if self.sign("/") {
                Operator::Divide
            } else {
                return Ok(left);
            };
            left = Expr::Binary(operator, Box::new(left), Box::new(self.factor()?));
        }
    }

    fn factor(&mut self) -> Result<Expr, QueryError> {
        if self.sign("-") {
            return Ok(Expr::Negative(Box::new(self.factor()?)));
        }
        if self.sign("(") {
            let inner = self.expr()?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        if self.sign("?") {
            self.parameters += 1;
            return Ok(Expr::Parameter(self.parameters - 1));
        }
        match self.peek().cloned() {
            Some(Token::Number(text)) => {
                let value = number::parse(&text).ok_or_else(|| self.unexpected())?;
                self.place += 1;
                Ok(Expr::Literal(Val::Number(value)))
            }
            Some(Token::Text(text)) => {
                self.place += 1;
                Ok(Expr::Literal(Val::Text(text)))
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("NULL") => {
                self.place += 1;
                Ok(Expr::Literal(Val::Null))
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("CASE") => self.case(),
            Some(Token::Word(_)) => self.named(),
            _ => Err(self.unexpected()),
        }
    }

    fn case(&mut self) -> Result<Expr, QueryError> {
        self.expect_word("CASE")?;
        let mut branches = Vec::new();
        while self.word("WHEN") {
            let condition = self.expr()?;
            self.expect_word("THEN")?;
            branches.push((condition, self.expr()?));
        }
        let otherwise = if self.word("ELSE") { Some(Box::new(self.expr()?)) } else { None };
        self.expect_word("END")?;
        Ok(Expr::Case { branches, otherwise })
    }

    /// A column, a function, or `BUILTIN.DF`.
    fn named(&mut self) -> Result<Expr, QueryError> {
        let first = self.name()?;
        if self.sign("(") {
            return self.call(&first.to_uppercase());
        }
        if !self.sign(".") {
            return Ok(Expr::Column { table: None, name: first.to_lowercase() });
        }
        let second = self.name()?;
        if first.eq_ignore_ascii_case("BUILTIN") {
            if !second.eq_ignore_ascii_case("DF") {
                return Err(QueryError::Function(format!("BUILTIN.{second}")));
            }
            self.expect_sign("(")?;
            let inner = self.expr()?;
            self.expect_sign(")")?;
            return Ok(Expr::Display(Box::new(inner)));
        }
        Ok(Expr::Column { table: Some(first.to_lowercase()), name: second.to_lowercase() })
    }

    fn call(&mut self, name: &str) -> Result<Expr, QueryError> {
        if AGGREGATES.contains(&name) {
            let distinct = self.word("DISTINCT");
            let of = if self.sign("*") { None } else { Some(Box::new(self.expr()?)) };
            self.expect_sign(")")?;
            return Ok(Expr::Aggregate { name: name.to_owned(), of, distinct });
        }
        let mut arguments = Vec::new();
        if !self.sign(")") {
            arguments.push(self.expr()?);
            while self.sign(",") {
                arguments.push(self.expr()?);
            }
            self.expect_sign(")")?;
        }
        Ok(Expr::Call { name: name.to_owned(), arguments })
    }
}
