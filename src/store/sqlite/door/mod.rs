//! The door: a batch of arrivals, in a handful of statements however many they are.
//!
//! `BEGIN IMMEDIATE` shuts every other writer out, so what is read here stays true until the commit. What is asked for travels as one
//! JSON array through `json_each`, what is written as one statement of many rows. Each trip to the database's thread costs more than
//! most statements do, so a batch of arrivals alone is two of them: begin and read, write and commit.

mod write;

use std::collections::HashMap;

use serde::Serialize;
use sqlx::sqlite::SqliteRow;

use super::shared::rows::{self, Cells};
use super::writer::Tx;
use super::{Sqlite, during};
use crate::store::batch::{Arrival, Asked, Batch, First, Hot, RECEIVE};
use crate::store::values::json;
use crate::store::{NewEvent, Received, StoreError};

/// The events that have the keys `$1`, then the orders that the references `$2` speak of.
macro_rules! keys_and_orders {
    () => {
        "SELECT true AS is_key, asked.key AS i, events.id, events.order_id \
         FROM json_each($1) AS asked CROSS JOIN events ON events.dedupe_key = asked.value ->> 2 \
             AND events.connection = asked.value ->> 0 AND events.source = asked.value ->> 1; \
         SELECT false AS is_key, asked.key AS i, o.id, o.connection, o.direction, o.state, o.hold, o.due_at, o.attempt, \
             o.lease_owner IS NOT NULL AS leased, o.enqueued_seq, o.handled_seq, o.netsuite_modified, o.x_series_version \
         FROM json_each($2) AS asked CROSS JOIN orders AS o ON o.id = coalesce(asked.value ->> 3, \
             (SELECT id FROM orders WHERE netsuite_id = asked.value ->> 1 AND connection = asked.value ->> 0), \
             (SELECT id FROM orders WHERE x_series_id = asked.value ->> 2 AND connection = asked.value ->> 0)) \
         WHERE o.connection = asked.value ->> 0"
    };
}
const KEYS_AND_ORDERS: &str = keys_and_orders!();
/// The same as the first thing of a transaction.
const BEGIN: &str = concat!("BEGIN IMMEDIATE; ", keys_and_orders!());

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

/// What of its transaction a batch does itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transaction {
    /// Begins it.
    Begin,
    /// Begins and commits it.
    Whole,
    /// Nothing: it is one part of it.
    Within,
}

/// Stores a batch of one arrival or more. An error is about the whole batch; what is wrong with one arrival is its own answer.
pub(super) async fn receive(
    tx: &mut Tx,
    arrivals: &[Box<Arrival>],
    transaction: Transaction,
) -> Result<Vec<Result<Received, StoreError>>, StoreError> {
    let mut answers = Vec::with_capacity(arrivals.len());
    let mut rest = arrivals;
    let mut begin = transaction != Transaction::Within;
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fitting = rest.iter().take(write::MOST).take_while(|arrival| {
            bytes = bytes.saturating_add(arrival.event.body.len());
            bytes <= BODIES
        });
        let (now, later) = rest.split_at(fitting.count().max(1));
        let mut batch = Batch::of(now);
        load_keys_and_orders(tx, &mut batch, if begin { BEGIN } else { KEYS_AND_ORDERS }).await?;
        load_markers(tx, &mut batch).await?;
        answers.extend(batch.decide(|| tx.new_id()));
        write::write(tx, &batch, transaction == Transaction::Whole && later.is_empty()).await?;
        tx.wake |= batch.wake;
        rest = later;
        begin = false;
    }
    Ok(answers)
}

/// Which keys were seen before, and the orders that are there already.
async fn load_keys_and_orders(tx: &mut Tx, batch: &mut Batch<'_>, sql: &'static str) -> Result<(), StoreError> {
    let (keys, references) = (batch.keys(), batch.references());
    let asked_keys: Vec<_> = keys.iter().map(|(connection, source, key)| (connection, source.word(), key)).collect();
    let asked_orders = references.iter().map(|reference| {
        let asked = Asked::of(reference);
        (asked.connection, asked.netsuite_id, asked.x_series_id, asked.own_id)
    });
    let asked_orders = json(RECEIVE, &asked_orders.collect::<Vec<_>>())?;
    let rows = sqlx::query(sql).bind(json(RECEIVE, &asked_keys)?).bind(asked_orders).fetch_all(tx.conn()).await.map_err(during(RECEIVE))?;
    let mut found: HashMap<String, (Hot, Vec<_>)> = HashMap::new();
    for row in &rows {
        let cells = Cells::of("orders", row);
        let (place, id): (i64, String) = (cells.get("i")?, cells.get("id")?);
        if cells.get("is_key")? {
            if let Some(key) = nth(&keys, place) {
                batch.seen(*key, First { event_id: id, order_id: cells.get("order_id")? });
            }
        } else if let Some(reference) = nth(&references, place) {
            match found.get_mut(&id) {
                Some((_, references)) => references.push(*reference),
                None => drop(found.insert(id, (rows::hot(&cells)?, vec![*reference]))),
            }
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

/// Runs a look-up for everything that is asked.
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
            (super::KEYS_AND_ORDERS, "events_dedupe_key (dedupe_key=? AND connection=? AND source=?)"),
            (super::KEYS_AND_ORDERS, "orders_netsuite_id (netsuite_id=? AND connection=?)"),
            (super::KEYS_AND_ORDERS, "orders_x_series_id (x_series_id=? AND connection=?)"),
            (super::KEYS_AND_ORDERS, "sqlite_autoindex_orders_1 (id=?)"),
            (super::MARKERS, "events_order (order_id=? AND seq>?)"),
        ] {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", sql.replace("; SELECT", "; EXPLAIN QUERY PLAN SELECT")));
            let plan = sqlx::query(explain).fetch_all(&store.readers).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
            assert!(plan.iter().any(|step| step.contains(index)), "{index} is not in {plan:?}");
            assert!(!plan.iter().any(|step| step.contains("SCAN events") || step.contains("SCAN o")), "{plan:?}");
        }
    }
}
