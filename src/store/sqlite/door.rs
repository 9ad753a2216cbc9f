//! The door: a batch of arrivals, in a handful of statements however many they are.
//!
//! `BEGIN IMMEDIATE` shuts every other writer out, so what is read here stays true until the commit. Rows travel as one JSON
//! array through `json_each`, bodies as one concatenated blob that each row cuts its piece from.

use std::collections::HashMap;

use serde::Serialize;
use sqlx::sqlite::SqliteRow;

use super::rows::{self, Cells};
use super::writer::Tx;
use super::{Sqlite, during};
use crate::domain::verdict::HoldKind;
use crate::store::batch::{Arrival, Asked, Batch, First, Hot, RECEIVE};
use crate::store::values::json;
use crate::store::{NewEvent, Received, StoreError};

/// The events that have the keys.
const KEYS: &str = "SELECT asked.key AS i, events.id, events.order_id \
     FROM json_each($1) AS asked CROSS JOIN events ON events.dedupe_key = asked.value ->> 2 \
         AND events.connection = asked.value ->> 0 AND events.source = asked.value ->> 1";

/// The orders that the references speak of.
const ORDERS: &str = "SELECT asked.key AS i, o.id, o.connection, o.direction, o.state, o.hold, o.due_at, o.attempt, \
         o.lease_owner IS NOT NULL AS leased, o.enqueued_seq, o.handled_seq, o.netsuite_modified, o.x_series_version \
     FROM json_each($1) AS asked CROSS JOIN orders AS o ON o.id = coalesce(asked.value ->> 3, \
         (SELECT id FROM orders WHERE netsuite_id = asked.value ->> 1 AND connection = asked.value ->> 0), \
         (SELECT id FROM orders WHERE x_series_id = asked.value ->> 2 AND connection = asked.value ->> 0)) \
     WHERE o.connection = asked.value ->> 0";

/// The events with the markers that are not handled, newest first.
const MARKERS: &str = "SELECT asked.value ->> 3 AS i, events.id, events.order_id, events.marker, events.verdict IS NOT NULL AS decided \
     FROM json_each($1) AS asked CROSS JOIN events ON events.order_id = asked.value ->> 0 AND events.seq > asked.value ->> 1 \
     WHERE events.marker = asked.value ->> 2 ORDER BY events.seq DESC";

/// How many bytes of bodies go into one statement; a larger batch takes several.
const BODIES: usize = 8 << 20;

impl Sqlite {
    /// Commits one event, together with those that arrive beside it.
    pub(in crate::store) async fn receive(&self, event: NewEvent) -> Result<Received, StoreError> {
        self.writer.receive(Arrival::new(event)?).await
    }
}

/// Stores a batch. An error is about the whole batch; what is wrong with one arrival is its own answer.
pub(super) async fn receive(tx: &mut Tx, arrivals: &[Box<Arrival>]) -> Result<Vec<Result<Received, StoreError>>, StoreError> {
    let mut answers = Vec::with_capacity(arrivals.len());
    let mut rest = arrivals;
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fitting = rest.iter().take_while(|arrival| {
            bytes = bytes.saturating_add(arrival.event.body.len());
            bytes <= BODIES
        });
        let (now, later) = rest.split_at(fitting.count().max(1));
        answers.extend(receive_together(tx, now).await?);
        rest = later;
    }
    Ok(answers)
}

async fn receive_together(tx: &mut Tx, arrivals: &[Box<Arrival>]) -> Result<Vec<Result<Received, StoreError>>, StoreError> {
    let mut batch = Batch::of(arrivals);
    load_keys(tx, &mut batch).await?;
    load_orders(tx, &mut batch).await?;
    load_markers(tx, &mut batch).await?;
    let answers = batch.decide(|| tx.new_id());
    write_orders(tx, &batch.orders).await?;
    write_events(tx, &batch).await?;
    tx.wake |= batch.wake;
    Ok(answers)
}

/// Which keys were seen before.
async fn load_keys(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let keys = batch.keys();
    if keys.is_empty() {
        return Ok(());
    }
    let asked: Vec<_> = keys.iter().map(|(connection, source, key)| (connection, source.word(), key)).collect();
    for row in &look_up(tx, KEYS, &asked).await? {
        let cells = Cells::of("events", row);
        if let Some(key) = nth(&keys, cells.get("i")?) {
            batch.seen(*key, First { event_id: cells.get("id")?, order_id: cells.get("order_id")? });
        }
    }
    Ok(())
}

/// The orders that are there already.
async fn load_orders(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let references = batch.references();
    if references.is_empty() {
        return Ok(());
    }
    let asked = references.iter().map(|reference| {
        let asked = Asked::of(reference);
        (asked.connection, asked.netsuite_id, asked.x_series_id, asked.own_id)
    });
    let mut found: HashMap<String, (Hot, Vec<_>)> = HashMap::new();
    for row in &look_up(tx, ORDERS, &asked.collect::<Vec<_>>()).await? {
        let cells = Cells::of("orders", row);
        let Some(reference) = nth(&references, cells.get("i")?) else { continue };
        let id: String = cells.get("id")?;
        match found.get_mut(&id) {
            Some((_, references)) => references.push(*reference),
            None => drop(found.insert(id, (rows::hot(&cells)?, vec![*reference]))),
        }
    }
    for (hot, references) in found.into_values() {
        batch.found(hot, references);
    }
    Ok(())
}

/// What already waits on those orders, for arrivals without a key.
async fn load_markers(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let asked: Vec<_> = batch
        .markers()
        .into_iter()
        .filter_map(|(index, marker)| batch.orders.get(index).map(|hot| (hot.id.clone(), hot.handled_seq, marker, index)))
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    for row in &look_up(tx, MARKERS, &asked).await? {
        let cells = Cells::of("events", row);
        let Ok(index) = usize::try_from(cells.get::<i64>("i")?) else { continue };
        let first = First { event_id: cells.get("id")?, order_id: cells.get("order_id")? };
        batch.pending(index, cells.get("marker")?, first, cells.get("decided")?);
    }
    Ok(())
}

/// Writes what became of the orders.
async fn write_orders(tx: &mut Tx, orders: &[Hot]) -> Result<(), StoreError> {
    let orders: Vec<_> = orders
        .iter()
        .filter(|hot| hot.changed)
        .map(|hot| {
            let decided = hot.decided.as_ref();
            (
                &hot.id,
                hot.connection.as_str(),
                hot.direction.word(),
                &hot.netsuite_id,
                &hot.x_series_id,
                hot.standing.state.word(),
                hot.standing.hold.map(HoldKind::word),
                hot.standing.due_at,
                hot.enqueued_seq,
                decided.map(|decided| decided.0),
                decided.map(|decided| decided.1),
                decided.map(|decided| &decided.2),
            )
        })
        .collect();
    if orders.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO orders (id, connection, direction, netsuite_id, x_series_id, state, hold, due_at, enqueued_seq, \
             verdict, reason, detail, created_at, updated_at) \
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, \
             value ->> 8, value ->> 9, value ->> 10, value ->> 11, $2, $2 \
         FROM json_each($1) WHERE true \
         ON CONFLICT (id) DO UPDATE SET state = excluded.state, hold = excluded.hold, due_at = excluded.due_at, \
             enqueued_seq = excluded.enqueued_seq, updated_at = excluded.updated_at",
    )
    .bind(json(RECEIVE, &orders)?)
    .bind(tx.now)
    .execute(tx.conn())
    .await
    .map(drop)
    .map_err(during(RECEIVE))
}

/// Writes the events.
async fn write_events(tx: &mut Tx, batch: &Batch<'_>) -> Result<(), StoreError> {
    if batch.rows.is_empty() {
        return Ok(());
    }
    let mut bodies = Vec::with_capacity(batch.rows.iter().map(|row| row.body.len()).sum());
    let rows: Vec<_> = batch
        .rows
        .iter()
        .map(|row| {
            let start = bodies.len() + 1;
            bodies.extend_from_slice(row.body);
            let names = (&row.id, row.connection, &row.order_id, row.seq, row.source, row.kind);
            (names, (row.verdict, row.reason, row.detail, row.dedupe_key, row.marker, start, row.body.len()))
        })
        .collect();
    sqlx::query(
        "INSERT INTO events (id, connection, order_id, seq, source, kind, verdict, reason, detail, dedupe_key, marker, body, \
             received_at, decided_at) \
         SELECT value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]', value ->> '$[0][3]', value ->> '$[0][4]', \
             value ->> '$[0][5]', value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]', \
             value ->> '$[1][4]', coalesce(substr($2, value ->> '$[1][5]', value ->> '$[1][6]'), x''), $3, \
             iif(value ->> '$[1][0]' IS NULL, NULL, $3) \
         FROM json_each($1)",
    )
    .bind(json(RECEIVE, &rows)?)
    .bind(bodies)
    .bind(tx.now)
    .execute(tx.conn())
    .await
    .map(drop)
    .map_err(during(RECEIVE))
}

/// Runs one of the look-ups above for everything that is asked.
async fn look_up(tx: &mut Tx, sql: &'static str, asked: &impl Serialize) -> Result<Vec<SqliteRow>, StoreError> {
    sqlx::query(sql).bind(json(RECEIVE, asked)?).fetch_all(tx.conn()).await.map_err(during(RECEIVE))
}

fn nth<T>(items: &[T], index: i64) -> Option<&T> {
    usize::try_from(index).ok().and_then(|index| items.get(index))
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use crate::clock::Clock;
    use crate::store::sqlite::Sqlite;

    #[tokio::test]
    async fn the_door_looks_everything_up_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("t.db").display());
        let store = Sqlite::open(&url, 1, Clock::System).await.unwrap();
        store.migrate().await.unwrap();
        for (sql, index) in [
            (super::KEYS, "events_dedupe_key (dedupe_key=? AND connection=? AND source=?)"),
            (super::ORDERS, "orders_netsuite_id (netsuite_id=? AND connection=?)"),
            (super::ORDERS, "orders_x_series_id (x_series_id=? AND connection=?)"),
            (super::ORDERS, "sqlite_autoindex_orders_1 (id=?)"),
            (super::MARKERS, "events_order (order_id=? AND seq>?)"),
        ] {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
            let plan = sqlx::query(explain).fetch_all(&store.readers).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
            assert!(plan.iter().any(|step| step.contains(index)), "{index} is not in {plan:?}");
            assert!(!plan.iter().any(|step| step.contains("SCAN events") || step.contains("SCAN o")), "{plan:?}");
        }
    }
}
