//! SQLite behind the few words that `shared` says to a driver: those of sqlx, but each statement runs on the thread that asks.
//!
//! A driver that keeps a thread for each connection hands every statement over to it and back: two thread switches, which take longer than most of the
//! statements here. `docs/adr/0005-sqlite-on-the-callers-thread.md` has the reasons and the figures.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::store::error::DriverError;

/// How many prepared statements a connection keeps: more than there are.
const PREPARED: usize = 256;

/// A statement with its arguments: `$1` is the first, and a `?` takes the one at its place. Where the text is several statements, each takes from the
/// same arguments.
#[derive(Debug)]
pub(super) struct Query<'q> {
    sql: Cow<'static, str>,
    arguments: Vec<Argument<'q>>,
}

/// A value on its way into a statement.
#[derive(Debug, Clone)]
pub(super) enum Argument<'q> {
    Null,
    Int(i64),
    Text(Cow<'q, str>),
    Bytes(Cow<'q, [u8]>),
}

/// A row, apart from its statement.
#[derive(Debug)]
pub(super) struct Row {
    columns: Arc<[Box<str>]>,
    cells: Vec<Cell>,
}

/// A value out of a row.
#[derive(Debug)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// What a statement did that gives no rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Done {
    rows: u64,
}

impl Done {
    pub(super) fn rows_affected(self) -> u64 {
        self.rows
    }
}

/// A statement.
pub(super) fn query<'q>(sql: &'static str) -> Query<'q> {
    Query { sql: Cow::Borrowed(sql), arguments: Vec::new() }
}

/// A statement that was put together.
pub(super) fn built<'q>(sql: String) -> Query<'q> {
    Query { sql: Cow::Owned(sql), arguments: Vec::new() }
}

/// A statement of which only the first column counts.
pub(super) fn query_scalar<'q, T>(sql: &'static str) -> Scalar<'q, T> {
    Scalar { query: query(sql), of: PhantomData }
}

impl<'q> Query<'q> {
    pub(super) fn bind(mut self, value: impl Into<Argument<'q>>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// So many arguments that are null.
    pub(super) fn nulls(mut self, many: usize) -> Self {
        self.arguments.resize(self.arguments.len() + many, Argument::Null);
        self
    }

    pub(super) async fn execute(self, on: impl Executor) -> Result<Done, DriverError> {
        on.run(self, Conn::execute).await
    }

    pub(super) async fn fetch_all(self, on: impl Executor) -> Result<Vec<Row>, DriverError> {
        on.run(self, Conn::rows).await
    }

    pub(super) async fn fetch_optional(self, on: impl Executor) -> Result<Option<Row>, DriverError> {
        Ok(self.fetch_all(on).await?.into_iter().next())
    }

    pub(super) async fn fetch_one(self, on: impl Executor) -> Result<Row, DriverError> {
        self.fetch_optional(on).await?.ok_or(DriverError::NoRow)
    }

    /// The same, with arguments of its own.
    pub(super) fn into_owned(self) -> Query<'static> {
        let own = |argument| match argument {
            Argument::Null => Argument::Null,
            Argument::Int(number) => Argument::Int(number),
            Argument::Text(text) => Argument::Text(Cow::Owned(text.into_owned())),
            Argument::Bytes(bytes) => Argument::Bytes(Cow::Owned(bytes.into_owned())),
        };
        Query { sql: self.sql, arguments: self.arguments.into_iter().map(own).collect() }
    }
}

/// A statement of which only the first column counts.
#[derive(Debug)]
pub(super) struct Scalar<'q, T> {
    query: Query<'q>,
    of: PhantomData<fn() -> T>,
}

impl<'q, T: for<'r> Get<'r>> Scalar<'q, T> {
    pub(super) fn bind(self, value: impl Into<Argument<'q>>) -> Self {
        Self { query: self.query.bind(value), of: self.of }
    }

    pub(super) async fn fetch_all(self, on: impl Executor) -> Result<Vec<T>, DriverError> {
        self.query.fetch_all(on).await?.iter().map(first).collect()
    }

    pub(super) async fn fetch_optional(self, on: impl Executor) -> Result<Option<T>, DriverError> {
        self.query.fetch_optional(on).await?.as_ref().map(first).transpose()
    }

    pub(super) async fn fetch_one(self, on: impl Executor) -> Result<T, DriverError> {
        first(&self.query.fetch_one(on).await?)
    }
}

fn first<'r, T: Get<'r>>(row: &'r Row) -> Result<T, DriverError> {
    row.cells.first().and_then(T::of).ok_or(DriverError::Cell { column: "the first".to_owned() })
}

/// The value of a column.
pub(super) fn get<'r, T: Get<'r>>(row: &'r Row, column: &'static str) -> Result<T, DriverError> {
    let index = row.columns.iter().position(|name| **name == *column);
    index.and_then(|index| row.cells.get(index)).and_then(T::of).ok_or_else(|| DriverError::Cell { column: column.to_owned() })
}

/// What a cell can be read as.
pub(in crate::store) trait Get<'r>: Sized {
    /// None where it holds something else.
    fn of(cell: &'r Cell) -> Option<Self>;
}

impl Get<'_> for i64 {
    fn of(cell: &Cell) -> Option<Self> {
        if let Cell::Int(number) = cell { Some(*number) } else { None }
    }
}

impl Get<'_> for bool {
    fn of(cell: &Cell) -> Option<Self> {
        if let Cell::Int(number) = cell { Some(*number != 0) } else { None }
    }
}

impl<'r> Get<'r> for &'r str {
    fn of(cell: &'r Cell) -> Option<Self> {
        if let Cell::Text(text) = cell { Some(text) } else { None }
    }
}

impl<'r> Get<'r> for String {
    fn of(cell: &'r Cell) -> Option<Self> {
        <&str>::of(cell).map(str::to_owned)
    }
}

impl Get<'_> for Vec<u8> {
    fn of(cell: &Cell) -> Option<Self> {
        if let Cell::Bytes(bytes) = cell { Some(bytes.clone()) } else { None }
    }
}

impl<'r, T: Get<'r>> Get<'r> for Option<T> {
    fn of(cell: &'r Cell) -> Option<Self> {
        if matches!(cell, Cell::Null) { Some(None) } else { T::of(cell).map(Some) }
    }
}

impl From<i64> for Argument<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<String> for Argument<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl<'q> From<&'q String> for Argument<'q> {
    fn from(text: &'q String) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'q> From<&'q str> for Argument<'q> {
    fn from(text: &'q str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<Vec<u8>> for Argument<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Cow::Owned(bytes))
    }
}

impl<'q> From<&'q [u8]> for Argument<'q> {
    fn from(bytes: &'q [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(bytes))
    }
}

impl<'q, T: Into<Argument<'q>>> From<Option<T>> for Argument<'q> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl rusqlite::ToSql for Argument<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// What runs statements.
pub(super) trait Executor: Send {
    /// Runs `step` with the query on a connection.
    fn run<T: Send + 'static>(
        self,
        query: Query<'_>,
        step: fn(&mut Conn, &Query<'_>) -> Result<T, DriverError>,
    ) -> impl Future<Output = Result<T, DriverError>> + Send;
}

impl Executor for &mut Conn {
    async fn run<T: Send + 'static>(
        self,
        query: Query<'_>,
        step: fn(&mut Conn, &Query<'_>) -> Result<T, DriverError>,
    ) -> Result<T, DriverError> {
        step(self, &query)
    }
}

/// A connection, used by one thread at a time.
#[derive(Debug)]
pub(super) struct Conn {
    sqlite: Connection,
    /// By where the text lies, and its length: texts are long, and these do not move.
    known: HashMap<(usize, usize), Arc<Script>>,
}

/// The statements of a text.
#[derive(Debug)]
struct Script(Vec<Step>);

/// One statement: its text, which argument goes to each of its parameters, and the names of its columns.
#[derive(Debug)]
struct Step {
    sql: Box<str>,
    parameters: Box<[usize]>,
    columns: Arc<[Box<str>]>,
}

impl Conn {
    pub(super) fn new(sqlite: Connection) -> Self {
        sqlite.set_prepared_statement_cache_capacity(PREPARED);
        Self { sqlite, known: HashMap::new() }
    }

    /// Runs statements without arguments.
    pub(super) fn batch(&self, sql: &str) -> Result<(), DriverError> {
        Ok(self.sqlite.execute_batch(sql)?)
    }

    /// Runs one statement without arguments that gives no rows.
    pub(super) fn statement(&self, sql: &'static str) -> Result<(), DriverError> {
        self.sqlite.prepare_cached(sql)?.raw_execute()?;
        Ok(())
    }

    /// Runs the query; returns how many rows it changed.
    pub(super) fn execute(&mut self, query: &Query<'_>) -> Result<Done, DriverError> {
        let mut rows = 0;
        for step in &self.script(query)?.0 {
            let mut statement = self.sqlite.prepare_cached(&step.sql)?;
            bind(&mut statement, step, query)?;
            rows += statement.raw_execute()? as u64;
        }
        Ok(Done { rows })
    }

    /// Runs the query; returns all its rows.
    pub(super) fn rows(&mut self, query: &Query<'_>) -> Result<Vec<Row>, DriverError> {
        let mut rows = Vec::new();
        for step in &self.script(query)?.0 {
            let mut statement = self.sqlite.prepare_cached(&step.sql)?;
            bind(&mut statement, step, query)?;
            let mut found = statement.raw_query();
            while let Some(row) = found.next()? {
                let cells = (0..step.columns.len()).map(|index| cell(row.get_ref(index)?));
                rows.push(Row { cells: cells.collect::<Result<_, DriverError>>()?, columns: Arc::clone(&step.columns) });
            }
        }
        Ok(rows)
    }

    fn script(&mut self, query: &Query<'_>) -> Result<Arc<Script>, DriverError> {
        match &query.sql {
            Cow::Borrowed(sql) => {
                let place = (sql.as_ptr().addr(), sql.len());
                if let Some(script) = self.known.get(&place) {
                    return Ok(Arc::clone(script));
                }
                let script = Arc::new(self.read(sql)?);
                self.known.insert(place, Arc::clone(&script));
                Ok(script)
            }
            Cow::Owned(sql) => Ok(Arc::new(self.read(sql)?)),
        }
    }

    /// No text of ours has a semicolon in a literal. Statements whose columns change while a connection is open are made by migrations alone, before
    /// anybody works.
    fn read(&self, sql: &str) -> Result<Script, DriverError> {
        let steps = sql.split(';').map(|sql| {
            let statement = self.sqlite.prepare_cached(sql)?;
            let parameters = (1..=statement.parameter_count()).map(|index| match statement.parameter_name(index) {
                None => Ok(index - 1),
                Some(name) => {
                    let number = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok());
                    number.and_then(|number| number.checked_sub(1)).ok_or_else(|| DriverError::Parameter { sql: sql.to_owned() })
                }
            });
            let parameters = parameters.collect::<Result<_, _>>()?;
            let columns = statement.column_names().into_iter().map(Box::from).collect();
            Ok(Step { sql: sql.into(), parameters, columns })
        });
        Ok(Script(steps.collect::<Result<_, DriverError>>()?))
    }

    /// Closes the connection.
    pub(super) fn close(self) -> Result<(), DriverError> {
        self.sqlite.close().map_err(|(_, error)| error.into())
    }
}

fn bind(statement: &mut rusqlite::Statement<'_>, step: &Step, query: &Query<'_>) -> Result<(), DriverError> {
    for (index, argument) in step.parameters.iter().enumerate() {
        let argument = query.arguments.get(*argument).ok_or_else(|| DriverError::Parameter { sql: step.sql.clone().into() })?;
        statement.raw_bind_parameter(index + 1, argument)?;
    }
    Ok(())
}

fn cell(value: ValueRef<'_>) -> Result<Cell, DriverError> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Text(text) => {
            Cell::Text(String::from_utf8(text.to_vec()).map_err(|error| rusqlite::Error::Utf8Error(0, error.utf8_error()))?)
        }
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        ValueRef::Real(number) => Cell::Text(number.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conn() -> Conn {
        Conn::new(Connection::open_in_memory().unwrap())
    }

    #[tokio::test]
    async fn arguments_go_where_their_number_says_in_every_statement_of_a_text() {
        let mut conn = conn();
        conn.batch("CREATE TABLE t (a INTEGER, b TEXT, c BLOB)").unwrap();
        let done = query("INSERT INTO t (b, a) VALUES ($2, $1); INSERT INTO t (a, c) SELECT $1 + 1, $3")
            .bind(7)
            .bind("seven")
            .bind(Some(b"eight".to_vec()))
            .execute(&mut conn)
            .await
            .unwrap();
        assert_eq!(done.rows_affected(), 2);
        let rows = query("SELECT a, b, c FROM t ORDER BY a").fetch_all(&mut conn).await.unwrap();
        let read =
            |row| (get::<i64>(row, "a").unwrap(), get::<Option<String>>(row, "b").unwrap(), get::<Option<Vec<u8>>>(row, "c").unwrap());
        assert_eq!(rows.iter().map(read).collect::<Vec<_>>(), [(7, Some("seven".into()), None), (8, None, Some(b"eight".to_vec()))]);
        let sum: Option<i64> = query_scalar("SELECT sum(a) FROM t WHERE a < $1").bind(3).fetch_one(&mut conn).await.unwrap();
        assert_eq!(sum, None);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_an_error() {
        let mut conn = conn();
        conn.batch("CREATE TABLE t (a INTEGER)").unwrap();
        assert!(matches!(query("SELECT $1 AS a").fetch_all(&mut conn).await, Err(DriverError::Parameter { .. })), "an argument too few");
        assert!(matches!(query("SELECT :a AS a").bind(1).fetch_all(&mut conn).await, Err(DriverError::Parameter { .. })), "no number");
        assert!(matches!(query("SELECT a FROM t").fetch_one(&mut conn).await, Err(DriverError::NoRow)));
        let row = query("SELECT 'one' AS a").fetch_one(&mut conn).await.unwrap();
        assert!(matches!(get::<i64>(&row, "a"), Err(DriverError::Cell { .. })));
        assert!(matches!(get::<String>(&row, "b"), Err(DriverError::Cell { .. })));
        assert!(query("SELECT b FROM t").fetch_all(&mut conn).await.is_err());
    }
}
