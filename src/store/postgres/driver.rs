//! The words that `shared` says to a driver: sqlx has them.

use sqlx::postgres::PgArguments;
use sqlx::{AssertSqlSafe, Decode, Postgres, Row as _, Type};
pub(super) use sqlx::{query, query_scalar};

use super::Row;

/// A statement with its arguments, `$1` first.
pub(super) type Query<'q> = sqlx::query::Query<'q, Postgres, PgArguments>;

/// A statement that was put together. It is not kept prepared.
pub(super) fn built<'q>(sql: String) -> Query<'q> {
    query(AssertSqlSafe(sql)).persistent(false)
}

/// What a column can be read as.
pub(in crate::store) trait Get<'r>: Decode<'r, Postgres> + Type<Postgres> {}

impl<'r, T: Decode<'r, Postgres> + Type<Postgres>> Get<'r> for T {}

/// The value of a column.
pub(super) fn get<'r, T: Get<'r>>(row: &'r Row, column: &'static str) -> Result<T, sqlx::Error> {
    row.try_get(column)
}
