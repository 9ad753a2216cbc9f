//! Whole tables, for a move from one database to another. The statements are put together from the names in `moving::tables`.

use sqlx::{AssertSqlSafe, QueryBuilder};

use super::rows::Cells as Row;
use super::{Db, Driver, dialect, during};
use crate::store::StoreError;
use crate::store::moving::{Cells, Kind, Progress, Table, Value};

const READ: &str = "read a table that moves";
const WRITE: &str = "write a table that moves";

/// It is there only while a move is under way, so it is no part of the schema.
const PROGRESS: &str = "CREATE TABLE move_progress (name TEXT NOT NULL PRIMARY KEY, last TEXT, done BIGINT NOT NULL)";
/// The name of the row that says whose move it is.
const SOURCE: &str = "source of the move";

impl Db {
    /// Who seems to work on the database now.
    pub(in crate::store) async fn served_by(&self) -> Result<Option<String>, StoreError> {
        sqlx::query_scalar(
            "SELECT owner FROM replicas WHERE expires_at > $1 UNION ALL SELECT owner FROM locks WHERE expires_at > $1 \
             UNION ALL SELECT lease_owner FROM orders WHERE lease_owner IS NOT NULL AND due_at > $1 LIMIT 1",
        )
        .bind(self.now())
        .fetch_optional(&self.readers)
        .await
        .map_err(during("look who works on the database"))
    }

    /// Rows after a key, in the order of the keys.
    pub(in crate::store) async fn read_table(
        &self,
        table: &'static Table,
        after: Option<Cells>,
        limit: i64,
    ) -> Result<Vec<Cells>, StoreError> {
        let (names, key) = (table.names(), table.key_names());
        let mut sql = QueryBuilder::<Driver>::new(format!("SELECT {names} FROM {} WHERE ", table.name));
        match after {
            Some(after) => {
                sql.push(format!("({key}) > ("));
                let mut cells = sql.separated(", ");
                for value in after {
                    match value {
                        Value::Text(text) => cells.push_bind(text),
                        Value::Int(number) => cells.push_bind(number),
                        Value::Bytes(bytes) => cells.push_bind(bytes),
                    };
                }
                sql.push(")");
            }
            None => drop(sql.push("1 = 1")),
        }
        sql.push(format!(" ORDER BY {key} LIMIT ")).push_bind(limit);
        let rows = sql.build().fetch_all(&self.readers).await.map_err(during(READ))?;
        let read = |row: &_| {
            let row = Row::of(table.name, row);
            let cells = table.columns.iter().map(|(name, kind)| match kind {
                Kind::Text => row.get(name).map(Value::Text),
                Kind::Int => row.get(name).map(Value::Int),
                Kind::Bytes => row.get(name).map(Value::Bytes),
            });
            cells.collect()
        };
        rows.iter().map(read).collect()
    }

    /// Adds rows, and notes how far the move has come, in one transaction.
    pub(in crate::store) async fn write_table(
        &self,
        table: &'static Table,
        rows: Vec<Cells>,
        progress: Progress,
    ) -> Result<(), StoreError> {
        self.write(WRITE, move |tx| {
            Box::pin(async move {
                if !rows.is_empty() {
                    let mut sql = QueryBuilder::<Driver>::new(format!("INSERT INTO {} ({}) ", table.name, table.names()));
                    sql.push_values(rows, |mut cells, row| {
                        for value in row {
                            match value {
                                Value::Text(text) => cells.push_bind(text),
                                Value::Int(number) => cells.push_bind(number),
                                Value::Bytes(bytes) => cells.push_bind(bytes),
                            };
                        }
                    });
                    sql.build().persistent(false).execute(tx.conn()).await.map_err(during(WRITE))?;
                }
                sqlx::query(
                    "INSERT INTO move_progress (name, last, done) VALUES ($1, $2, $3) \
                     ON CONFLICT (name) DO UPDATE SET last = excluded.last, done = excluded.done",
                )
                .bind(table.name)
                .bind(progress.last)
                .bind(i64::from(progress.done))
                .execute(tx.conn())
                .await
                .map(drop)
                .map_err(during(WRITE))
            })
        })
        .await
    }

    /// Whose move into this database was begun.
    pub(in crate::store) async fn move_source(&self) -> Result<Option<String>, StoreError> {
        const OPERATION: &str = "look for a move that was begun";
        let there: bool = sqlx::query_scalar(dialect::MOVING).fetch_one(&self.readers).await.map_err(during(OPERATION))?;
        if !there {
            return Ok(None);
        }
        sqlx::query_scalar("SELECT last FROM move_progress WHERE name = $1")
            .bind(SOURCE)
            .fetch_optional(&self.readers)
            .await
            .map_err(during(OPERATION))
    }

    /// Notes that a move begins.
    pub(in crate::store) async fn note_move(&self, source: &str) -> Result<(), StoreError> {
        const OPERATION: &str = "note that a move begins";
        let source = source.to_owned();
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                sqlx::query(PROGRESS).execute(tx.conn()).await.map_err(during(OPERATION))?;
                sqlx::query("INSERT INTO move_progress (name, last, done) VALUES ($1, $2, 0)")
                    .bind(SOURCE)
                    .bind(source)
                    .execute(tx.conn())
                    .await
                    .map(drop)
                    .map_err(during(OPERATION))
            })
        })
        .await
    }

    /// How far a table has come.
    pub(in crate::store) async fn move_progress(&self, table: &'static Table) -> Result<Progress, StoreError> {
        let row: Option<(Option<String>, i64)> = sqlx::query_as("SELECT last, done FROM move_progress WHERE name = $1")
            .bind(table.name)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read how far the move has come"))?;
        Ok(row.map_or_else(Progress::default, |(last, done)| Progress { last, done: done != 0 }))
    }

    /// The counters: kind, word, number.
    pub(in crate::store) async fn counters(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        let counters = format!("SELECT kind, word, n FROM ({}) AS counted", dialect::COUNTS);
        sqlx::query_as(AssertSqlSafe(counters)).fetch_all(&self.readers).await.map_err(during("read the counters"))
    }

    /// The rows are there: purged events are counted as they were, and what counts up goes on above.
    pub(in crate::store) async fn end_copy(&self, counters: &[(String, String, i64)]) -> Result<(), StoreError> {
        const OPERATION: &str = "end a move";
        let (there, counters) = (self.counters().await?, counters.to_vec());
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                for (kind, word, n) in counters {
                    let here = there.iter().find(|row| (&row.0, &row.1) == (&kind, &word)).map_or(0, |row| row.2);
                    sqlx::query(
                        "INSERT INTO counters (kind, word, n) VALUES ($1, $2, $3) \
                         ON CONFLICT (kind, word) DO UPDATE SET n = counters.n + excluded.n",
                    )
                    .bind(kind)
                    .bind(word)
                    .bind(n - here)
                    .execute(tx.conn())
                    .await
                    .map_err(during(OPERATION))?;
                }
                if let Some(count_on) = dialect::COUNT_ON {
                    sqlx::query(count_on).execute(tx.conn()).await.map_err(during(OPERATION))?;
                }
                Ok(())
            })
        })
        .await
    }

    /// The move is done.
    pub(in crate::store) async fn forget_move(&self) -> Result<(), StoreError> {
        const OPERATION: &str = "end a move";
        self.write(OPERATION, |tx| {
            Box::pin(async move { sqlx::query("DROP TABLE move_progress").execute(tx.conn()).await.map(drop).map_err(during(OPERATION)) })
        })
        .await
    }
}
