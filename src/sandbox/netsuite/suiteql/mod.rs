//! SuiteQL: a small evaluator of its Oracle-like dialect over the account's records.
//!
//! It takes `SELECT [DISTINCT] … FROM … [JOIN … ON …] WHERE … GROUP BY … ORDER BY … FETCH FIRST n ROWS ONLY` with the
//! functions that integrations use, and refuses unknown tables, columns and functions in NetSuite's words. `LIMIT` is
//! refused, as the dialect does not have it.

mod columns;
mod eval;
mod functions;
mod parse;
mod tables;
mod token;
mod transactions;
mod value;

use jiff::civil::DateTime;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::account::Account;

/// Rows of a page.
const LARGEST_PAGE: usize = 1000;

/// What is wrong with a query, in NetSuite's words.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum QueryError {
    #[error("Invalid or unsupported search: {0}")]
    Syntax(String),
    #[error("Record '{0}' was not found.")]
    Table(String),
    #[error("Field '{0}' not found.")]
    Field(String),
    #[error("Unknown identifier '{0}'.")]
    Function(String),
    #[error("Invalid value: {0}.")]
    Value(String),
}

/// A value while a query runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Val {
    Null,
    Text(String),
    Number(Decimal),
    /// In the account's time zone, to the second, as the database keeps it.
    Date(DateTime),
    Truth(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Concat,
    And,
    Or,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    Literal(Val),
    Parameter(usize),
    Column {
        table: Option<String>,
        name: String,
    },
    /// `BUILTIN.DF(column)`: what people see.
    Display(Box<Expr>),
    Call {
        name: String,
        arguments: Vec<Expr>,
    },
    /// `COUNT(*)`, or an aggregate of an expression.
    Aggregate {
        name: String,
        of: Option<Box<Expr>>,
        distinct: bool,
    },
    Binary(Operator, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Not(Box<Expr>),
    In {
        value: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    IsNull {
        value: Box<Expr>,
        negated: bool,
    },
    Like {
        value: Box<Expr>,
        pattern: Box<Expr>,
        negated: bool,
    },
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        negated: bool,
    },
    Case {
        branches: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    pub table: String,
    pub alias: String,
    /// `ON …` of a join; the first table has none.
    pub on: Option<Expr>,
    /// `LEFT JOIN`: rows without a partner stay.
    pub outer: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub distinct: bool,
    pub columns: Vec<(Expr, String)>,
    pub sources: Vec<Source>,
    pub filter: Option<Expr>,
    pub group_by: Vec<Expr>,
    pub order_by: Vec<(Expr, bool)>,
    pub first: Option<usize>,
}

/// Runs a query and gives a page of its result as the query service answers it.
pub(super) fn run(
    account: &Account,
    text: &str,
    parameters: &[Value],
    limit: usize,
    offset: usize,
    self_link: &str,
) -> Result<Value, QueryError> {
    let query = parse::query(text)?;
    let parameters = parameters.iter().map(parameter).collect::<Result<Vec<_>, _>>()?;
    let rows = eval::rows(account, &query, &parameters)?;
    let limit = limit.clamp(1, LARGEST_PAGE);
    let items: Vec<Value> = rows.iter().skip(offset).take(limit).map(|row| item(&query, row)).collect();
    let has_more = offset + items.len() < rows.len();
    Ok(json!({
        "links": [{ "rel": "self", "href": self_link, "method": "POST" }],
        "count": items.len(),
        "hasMore": has_more,
        "offset": offset,
        "totalResults": rows.len(),
        "items": items,
    }))
}

fn parameter(value: &Value) -> Result<Val, QueryError> {
    match value {
        Value::String(text) => Ok(Val::Text(text.clone())),
        Value::Number(number) => Ok(Val::Text(number.to_string())),
        other => Err(QueryError::Value(format!("{other} as a parameter"))),
    }
}

/// A row as it is answered: lower-case names, texts only, nothing for NULL.
fn item(query: &Query, row: &[Val]) -> Value {
    let mut fields = Map::new();
    fields.insert("links".to_owned(), json!([]));
    for ((_, name), value) in query.columns.iter().zip(row) {
        if let Some(text) = value.text() {
            fields.insert(name.clone(), Value::String(text));
        }
    }
    Value::Object(fields)
}

/// Shows an expression and everything in it.
fn visit<'e>(expr: &'e Expr, look: &mut impl FnMut(&'e Expr)) {
    look(expr);
    match expr {
        Expr::Literal(_) | Expr::Parameter(_) | Expr::Column { .. } => {}
        Expr::Display(of) | Expr::Negative(of) | Expr::Not(of) => visit(of, look),
        Expr::Call { arguments, .. } => {
            for argument in arguments {
                visit(argument, look);
            }
        }
        Expr::Aggregate { of, .. } => of.iter().for_each(|of| visit(of, look)),
        Expr::Binary(_, left, right) => {
            visit(left, look);
            visit(right, look);
        }
        Expr::In { value, list, .. } => {
            visit(value, look);
            for candidate in list {
                visit(candidate, look);
            }
        }
        Expr::IsNull { value, .. } => visit(value, look),
        Expr::Like { value, pattern, .. } => {
            visit(value, look);
            visit(pattern, look);
        }
        Expr::Between { value, low, high, .. } => [value, low, high].into_iter().for_each(|part| visit(part, look)),
        Expr::Case { branches, otherwise } => {
            for (condition, value) in branches {
                visit(condition, look);
                visit(value, look);
            }
            if let Some(value) = otherwise {
                visit(value, look);
            }
        }
    }
}
