//! Writes a batch: its orders, its events and their counts, in one go.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sqlx::AssertSqlSafe;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use crate::domain::verdict::HoldKind;
use crate::store::StoreError;
use crate::store::batch::{Batch, Hot, NewRow, RECEIVE};
use crate::store::sqlite::during;
use crate::store::sqlite::writer::Tx;
use crate::store::values::json;

/// The most rows of either table in one go.
pub(super) const MOST: usize = 256;

const INSERT_ORDERS: &str = "INSERT INTO orders (id, connection, direction, netsuite_id, x_series_id, state, hold, due_at, \
         enqueued_seq, verdict, reason, detail, created_at, updated_at) \
     SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10, column11, column12, column13, \
         column13 FROM ";
const UPDATE_ORDERS: &str = " WHERE column1 IS NOT NULL ON CONFLICT (id) DO UPDATE SET state = excluded.state, hold = excluded.hold, \
         due_at = excluded.due_at, enqueued_seq = excluded.enqueued_seq, updated_at = excluded.updated_at";
const INSERT_EVENTS: &str = "INSERT INTO events (id, connection, order_id, seq, source, kind, verdict, reason, detail, dedupe_key, \
         marker, body, received_at, decided_at) \
     SELECT column1, column2, column3, column4, column5, column6, column7, column8, column9, column10, column11, column12, column13, \
         iif(column7 IS NULL, NULL, column13) FROM ";
const ONLY_ROWS: &str = " WHERE column1 IS NOT NULL";
const COUNT: &str = "INSERT INTO counters (kind, word, n) SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true \
     ON CONFLICT (kind, word) DO UPDATE SET n = n + excluded.n";

/// Columns of a row of either table.
const COLUMNS: usize = 13;

/// Statements for so many rows.
struct Text {
    rows: usize,
    alone: String,
    /// With the commit behind them.
    committed: String,
}

/// The statements for 1, 2, 4, … rows: few, so that each is prepared once. Rows that lack are nulls, which the statements leave out.
/// The parameters have no numbers, as `SQLite` looks up the name of each in a list of all.
static TEXTS: LazyLock<Vec<Text>> = LazyLock::new(|| {
    let row = format!("(?{})", ", ?".repeat(COLUMNS - 1));
    let text = |rows: usize| {
        let values = format!("(VALUES {})", vec![row.as_str(); rows].join(", "));
        let alone = format!("{INSERT_ORDERS}{values}{UPDATE_ORDERS}; {INSERT_EVENTS}{values}{ONLY_ROWS}; {COUNT}");
        let committed = format!("{alone}; COMMIT");
        Text { rows, alone, committed }
    };
    std::iter::successors(Some(1), |rows| Some(rows * 2)).take_while(|rows| *rows <= MOST).map(text).collect()
});

type Writing = Query<'static, sqlx::Sqlite, SqliteArguments>;

/// Writes what was decided, and commits it where that is asked for.
pub(super) async fn write(tx: &mut Tx, batch: &Batch<'_>, commit: bool) -> Result<(), StoreError> {
    let orders: Vec<&Hot> = batch.orders.iter().filter(|hot| hot.changed).collect();
    let rows = orders.len().max(batch.rows.len());
    let Some(text) = TEXTS.iter().find(|text| text.rows >= rows) else {
        return Err(during(RECEIVE)(sqlx::Error::Protocol(format!("a batch of {rows} rows"))));
    };
    let query = sqlx::query(AssertSqlSafe(if commit { text.committed.as_str() } else { text.alone.as_str() }));
    let query = orders.iter().fold(query, |query, hot| bind_order(query, hot, tx.now));
    let query = fill(query, text.rows - orders.len());
    let query = batch.rows.iter().fold(query, |query, row| bind_event(query, row, tx.now));
    let query = fill(query, text.rows - batch.rows.len());
    query.bind(json(RECEIVE, &counts(batch))?).execute(tx.conn()).await.map(drop).map_err(during(RECEIVE))
}

fn bind_order(query: Writing, hot: &Hot, now: i64) -> Writing {
    let decided = hot.decided.as_ref();
    query
        .bind(hot.id.clone())
        .bind(hot.connection.as_str().to_owned())
        .bind(hot.direction.word())
        .bind(hot.netsuite_id.clone())
        .bind(hot.x_series_id.clone())
        .bind(hot.standing.state.word())
        .bind(hot.standing.hold.map(HoldKind::word))
        .bind(hot.standing.due_at)
        .bind(hot.enqueued_seq)
        .bind(decided.map(|decided| decided.0))
        .bind(decided.map(|decided| decided.1))
        .bind(decided.map(|decided| decided.2.clone()))
        .bind(now)
}

fn bind_event(query: Writing, row: &NewRow<'_>, now: i64) -> Writing {
    query
        .bind(row.id.clone())
        .bind(row.connection.to_owned())
        .bind(row.order_id.clone())
        .bind(row.seq)
        .bind(row.source)
        .bind(row.kind.to_owned())
        .bind(row.verdict)
        .bind(row.reason)
        .bind(row.detail.map(str::to_owned))
        .bind(row.dedupe_key.map(str::to_owned))
        .bind(row.marker.map(str::to_owned))
        .bind(row.body.to_vec())
        .bind(now)
}

/// Rows that are none.
fn fill(query: Writing, rows: usize) -> Writing {
    (0..rows * COLUMNS).fold(query, |query, _| query.bind(None::<i64>))
}

/// What the batch adds to the counters: kind, word, how many.
fn counts(batch: &Batch<'_>) -> Vec<(&'static str, &'static str, i64)> {
    let events = batch.rows.iter().map(|row| ("event", row.verdict.unwrap_or_default()));
    let orders = batch.orders.iter().filter(|hot| hot.made).map(|hot| ("order", hot.standing.state.word()));
    let mut counts = BTreeMap::new();
    for counted in events.chain(orders) {
        *counts.entry(counted).or_default() += 1;
    }
    counts.into_iter().map(|((kind, word), n)| (kind, word, n)).collect()
}
