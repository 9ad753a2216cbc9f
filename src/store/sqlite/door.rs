//! The door: a batch of arrivals. What they speak of is looked up, each decides what becomes of it given those before it, and what came of that is
//! written.
//!
//! The transaction shuts every other writer out, so what is read here stays true until the commit.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::driver::{Query, query};
use super::shared::rows::{self, Cells};
use super::writer::Tx;
use super::{Sqlite, during};
use crate::domain::verdict::HoldKind;
use crate::store::batch::{Arrival, Asked, Batch, First, Hot, NewRow, RECEIVE};
use crate::store::{NewEvent, Received, StoreError};

/// The event with the key `$1` of the connection `$2` and the source `$3`.
const KEY: &str = "SELECT id, order_id FROM events WHERE dedupe_key = $1 AND connection = $2 AND source = $3";

/// What the door goes by of an order of the connection `$2`, with the id `$1`.
macro_rules! order_by {
    ($column:literal) => {
        concat!(
            "SELECT id, connection, direction, state, hold, due_at, attempt, lease_owner IS NOT NULL AS leased, enqueued_seq, handled_seq, \
             netsuite_modified, x_series_version FROM orders WHERE connection = $2 AND ",
            $column,
            " = $1"
        )
    };
}

const BY_NETSUITE: &str = order_by!("netsuite_id");
const BY_X_SERIES: &str = order_by!("x_series_id");
const BY_OWN: &str = order_by!("id");

/// The events of order `$1` after number `$2` that have the marker `$3`, newest first.
const MARKER: &str = "SELECT id, order_id, verdict IS NOT NULL AS decided FROM events WHERE order_id = $1 AND seq > $2 AND marker = $3 \
     ORDER BY seq DESC";

/// How many rows the writing statements have room for. A batch takes the next larger one and leaves the rest null, so that the database prepares
/// these and no more. Rows of one statement share what SQLite does for each, most of all the copies of pages that would undo it.
const ROOMS: [usize; 13] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96];
const LARGEST: usize = 96;
/// Values of a row of `orders`, and of `events`.
const ORDER_VALUES: usize = 12;
const EVENT_VALUES: usize = 13;

/// For each room, what writes orders and what writes events. The time comes first.
static WRITES: LazyLock<Vec<[String; 2]>> = LazyLock::new(|| {
    let texts = |rows: &usize| {
        [
            format!(
                "INSERT INTO orders (created_at, updated_at, id, connection, direction, netsuite_id, x_series_id, state, hold, due_at, \
                     enqueued_seq, verdict, reason, detail) SELECT ?, ?, * FROM (VALUES {}) WHERE column1 IS NOT NULL \
                 ON CONFLICT (id) DO UPDATE SET state = excluded.state, hold = excluded.hold, due_at = excluded.due_at, \
                     enqueued_seq = excluded.enqueued_seq, updated_at = excluded.updated_at",
                values(*rows, ORDER_VALUES)
            ),
            format!(
                "INSERT INTO events (received_at, id, connection, order_id, seq, source, kind, verdict, reason, detail, dedupe_key, marker, \
                     body, decided_at) SELECT ?, * FROM (VALUES {}) WHERE column1 IS NOT NULL",
                values(*rows, EVENT_VALUES)
            ),
        ]
    };
    ROOMS.iter().map(texts).collect()
});

fn values(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row; rows].join(",")
}

/// The text with room for so many rows, at most the largest, and how many it has room for.
fn with_room(of: usize, rows: usize) -> Option<(&'static str, usize)> {
    let room = ROOMS.iter().position(|room| *room >= rows)?;
    Some((WRITES.get(room)?.get(of)?, *ROOMS.get(room)?))
}

impl Sqlite {
    /// Commits one event, together with those that arrive beside it.
    pub(in crate::store) async fn receive(&self, event: NewEvent) -> Result<Received, StoreError> {
        self.writer.receive(Arrival::new(event)?).await
    }
}

/// Stores a batch. An error is about the whole batch; what is wrong with one arrival is its own answer.
pub(super) async fn receive(tx: &mut Tx, arrivals: &[Box<Arrival>]) -> Result<Vec<Result<Received, StoreError>>, StoreError> {
    let mut batch = Batch::of(arrivals);
    look_for_repeats(tx, &mut batch).await?;
    look_for_orders(tx, &mut batch).await?;
    look_for_markers(tx, &mut batch).await?;
    let answers = batch.decide(|| tx.new_id());
    tx.due = tx.due.min(batch.due);
    let orders: Vec<&Hot> = batch.orders.iter().filter(|hot| hot.changed).collect();
    for orders in orders.chunks(LARGEST) {
        write_orders(tx, orders).await?;
    }
    for events in batch.rows.chunks(LARGEST) {
        write_events(tx, events).await?;
    }
    Ok(answers)
}

/// Which keys were seen before.
async fn look_for_repeats(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    for key in batch.keys() {
        let (connection, source, text) = key;
        let seen = query(KEY).bind(text).bind(connection).bind(source.word());
        if let Some(row) = seen.fetch_optional(tx.conn()).await.map_err(during(RECEIVE))? {
            let cells = Cells::of("events", &row);
            batch.seen(key, First { event_id: cells.get("id")?, order_id: cells.get("order_id")? });
        }
    }
    Ok(())
}

/// The orders that are there already. Two references may find the same one.
async fn look_for_orders(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let mut orders: HashMap<String, (Hot, Vec<_>)> = HashMap::new();
    for reference in batch.references() {
        if let Some(row) = by_reference(&Asked::of(&reference)).fetch_optional(tx.conn()).await.map_err(during(RECEIVE))? {
            let hot = rows::hot(&Cells::of("orders", &row))?;
            orders.entry(hot.id.clone()).or_insert_with(|| (hot, Vec::new())).1.push(reference);
        }
    }
    for (hot, references) in orders.into_values() {
        batch.found(hot, references);
    }
    Ok(())
}

fn by_reference<'q>(asked: &Asked<'q>) -> Query<'q> {
    let (sql, id) = match (asked.netsuite_id, asked.x_series_id) {
        (Some(id), _) => (BY_NETSUITE, Some(id)),
        (None, Some(id)) => (BY_X_SERIES, Some(id)),
        (None, None) => (BY_OWN, asked.own_id),
    };
    query(sql).bind(id).bind(asked.connection)
}

/// What already waits on those orders, for arrivals without a key.
async fn look_for_markers(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    for (index, marker) in batch.markers() {
        let Some(hot) = batch.orders.get(index) else { continue };
        let pending = query(MARKER).bind(&hot.id).bind(hot.handled_seq).bind(marker);
        for row in &pending.fetch_all(tx.conn()).await.map_err(during(RECEIVE))? {
            let cells = Cells::of("events", row);
            let first = First { event_id: cells.get("id")?, order_id: cells.get("order_id")? };
            batch.pending(index, marker.to_owned(), first, cells.get("decided")?);
        }
    }
    Ok(())
}

/// Writes what became of orders, whether they were there or not.
async fn write_orders(tx: &mut Tx, orders: &[&Hot]) -> Result<(), StoreError> {
    let Some((sql, room)) = with_room(0, orders.len()) else { return Ok(()) };
    let mut query = query(sql).bind(tx.now).bind(tx.now);
    for hot in orders {
        let decided = hot.decided.as_ref();
        query = query
            .bind(&hot.id)
            .bind(hot.connection.as_str())
            .bind(hot.direction.word())
            .bind(hot.netsuite_id.as_deref())
            .bind(hot.x_series_id.as_deref())
            .bind(hot.standing.state.word())
            .bind(hot.standing.hold.map(HoldKind::word))
            .bind(hot.standing.due_at)
            .bind(hot.enqueued_seq)
            .bind(decided.map(|decided| decided.0))
            .bind(decided.map(|decided| decided.1))
            .bind(decided.map(|decided| decided.2.as_str()));
    }
    let query = query.nulls((room - orders.len()) * ORDER_VALUES);
    query.execute(tx.conn()).await.map(drop).map_err(during(RECEIVE))
}

async fn write_events(tx: &mut Tx, events: &[NewRow<'_>]) -> Result<(), StoreError> {
    let Some((sql, room)) = with_room(1, events.len()) else { return Ok(()) };
    let mut query = query(sql).bind(tx.now);
    for row in events {
        query = query
            .bind(&row.id)
            .bind(row.connection)
            .bind(row.order_id.as_deref())
            .bind(row.seq)
            .bind(row.source)
            .bind(row.kind)
            .bind(row.verdict)
            .bind(row.reason)
            .bind(row.detail)
            .bind(row.dedupe_key)
            .bind(row.marker)
            .bind(row.body)
            .bind(row.verdict.map(|_| tx.now));
    }
    let query = query.nulls((room - events.len()) * EVENT_VALUES);
    query.execute(tx.conn()).await.map(drop).map_err(during(RECEIVE))
}

#[cfg(test)]
mod tests {
    use super::super::driver::{built, get};
    use crate::clock::Clock;
    use crate::store::sqlite::Sqlite;

    #[tokio::test]
    async fn the_door_looks_everything_up_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("t.db").display());
        let store = Sqlite::open(&url, 1, Clock::System).unwrap();
        store.migrate().await.unwrap();
        for (sql, index) in [
            (super::KEY, "events_dedupe_key (dedupe_key=?"),
            (super::BY_NETSUITE, "orders_netsuite_id (netsuite_id=?"),
            (super::BY_X_SERIES, "orders_x_series_id (x_series_id=?"),
            (super::BY_OWN, "sqlite_autoindex_orders_1 (id=?)"),
            (super::MARKER, "events_order (order_id=? AND seq>?)"),
        ] {
            let plan = built(format!("EXPLAIN QUERY PLAN {sql}")).bind("").bind("").bind("").fetch_all(&store.readers).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| get(row, "detail").unwrap()).collect();
            assert!(plan.iter().any(|step| step.contains(index)), "{index} is not in {plan:?}");
            assert!(!plan.iter().any(|step| step.contains("SCAN")), "{plan:?}");
        }
    }
}
