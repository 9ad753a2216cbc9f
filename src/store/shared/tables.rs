//! Whole tables, for a move from one database to another. The statements are put together from the names in `moving::tables`.

use super::driver::{Query, built, query, query_scalar};
use super::rows::Cells as Row;
use super::{Db, dialect, during};
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
        query_scalar(
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
        let beyond = after.as_ref().map_or(String::new(), |after| format!(" WHERE ({key}) > ({})", parameters(2, after.len())));
        let sql = format!("SELECT {names} FROM {}{beyond} ORDER BY {key} LIMIT $1", table.name);
        let sql = after.into_iter().flatten().fold(built(sql).bind(limit), bind);
        let rows = sql.fetch_all(self.aside()).await.map_err(during(READ))?;
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
                    let width = table.columns.len();
                    let values = (0..rows.len()).map(|row| format!("({})", parameters(row * width + 1, width)));
                    let values = values.collect::<Vec<_>>().join(", ");
                    let sql = format!("INSERT INTO {} ({}) VALUES {values}", table.name, table.names());
                    let sql = rows.into_iter().flatten().fold(built(sql), bind);
                    sql.execute(tx.conn()).await.map_err(during(WRITE))?;
                }
                query(
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
        let there: bool = query_scalar(dialect::MOVING).fetch_one(&self.readers).await.map_err(during(OPERATION))?;
        if !there {
            return Ok(None);
        }
        query_scalar("SELECT last FROM move_progress WHERE name = $1")
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
                query(PROGRESS).execute(tx.conn()).await.map_err(during(OPERATION))?;
                query("INSERT INTO move_progress (name, last, done) VALUES ($1, $2, 0)")
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
        let row = query("SELECT last, done FROM move_progress WHERE name = $1")
            .bind(table.name)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read how far the move has come"))?;
        let Some(row) = row else { return Ok(Progress::default()) };
        let row = Row::of("move_progress", &row);
        Ok(Progress { last: row.get("last")?, done: row.get::<i64>("done")? != 0 })
    }

    /// The counters: kind, word, number.
    pub(in crate::store) async fn counters(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        let counters = format!("SELECT kind, word, n FROM ({}) AS counted", dialect::COUNTS);
        let rows = built(counters).fetch_all(&self.readers).await.map_err(during("read the counters"))?;
        let read = |row| {
            let row = Row::of("counters", row);
            Ok((row.get("kind")?, row.get("word")?, row.get("n")?))
        };
        rows.iter().map(read).collect()
    }

    /// The rows are there: purged events are counted as they were, and what counts up goes on above.
    pub(in crate::store) async fn end_copy(&self, counters: &[(String, String, i64)]) -> Result<(), StoreError> {
        const OPERATION: &str = "end a move";
        let (there, counters) = (self.counters().await?, counters.to_vec());
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                for (kind, word, n) in counters {
                    let here = there.iter().find(|row| (&row.0, &row.1) == (&kind, &word)).map_or(0, |row| row.2);
                    query(
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
                    query(count_on).execute(tx.conn()).await.map_err(during(OPERATION))?;
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
            Box::pin(async move { query("DROP TABLE move_progress").execute(tx.conn()).await.map(drop).map_err(during(OPERATION)) })
        })
        .await
    }
}

/// `$1, $2, …`: so many, from the first one's number on.
fn parameters(first: usize, many: usize) -> String {
    (first..first + many).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

fn bind(query: Query<'_>, value: Value) -> Query<'_> {
    match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    }
}
