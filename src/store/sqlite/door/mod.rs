//! The door: a batch of arrivals, in a handful of statements however many they are.
//!
//! `BEGIN IMMEDIATE` shuts every other writer out, so what is read here stays true until the commit. The batch is therefore read
//! (repeats, orders, pending markers), decided in memory one arrival after another, and written as sets. Rows travel as one JSON
//! array through `json_each`, bodies as one concatenated blob that each row cuts its piece from.

mod hot;

use std::collections::HashMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteRow;

use self::hot::{First, Hot};
use super::rows::Cells;
use super::writer::Tx;
use super::{Sqlite, during, json};
use crate::domain::ids::ConnectionId;
use crate::store::standing::Standing;
use crate::store::{Dedupe, Direction, EventSource, NewEvent, OrderRef, Received, StoreError};

/// What the door does, for errors.
pub(super) const RECEIVE: &str = "receive an event";

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

/// An event on its way in.
#[derive(Debug)]
pub(super) struct Arrival {
    event: NewEvent,
    /// What a repeat without a key has in common with the first.
    marker: Option<String>,
}

impl Arrival {
    /// Does what needs no database, so that the caller's thread pays for it and not the writer's.
    pub(super) fn new(event: NewEvent) -> Result<Self, StoreError> {
        if event.order.is_none() && event.verdict.is_none() {
            return Err(StoreError::Undecidable);
        }
        let marker = match &event.dedupe {
            Dedupe::PendingBody => Some(format!("body:{}", hex(&Sha256::digest(&event.body)))),
            Dedupe::SaleVersion(version) => Some(format!("sale:{version}")),
            Dedupe::OrderModified(at) => Some(format!("order:{}", at.as_millisecond())),
            Dedupe::Key(_) | Dedupe::Never => None,
        };
        Ok(Self { event, marker })
    }

    fn key(&self) -> Option<Key<'_>> {
        match &self.event.dedupe {
            Dedupe::Key(key) => Some((self.event.connection.as_str(), self.event.source, key)),
            _ => None,
        }
    }
}

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
    let mut batch = Batch::default();
    batch.load_keys(tx, arrivals).await?;
    batch.load_orders(tx, arrivals).await?;
    batch.load_markers(tx, arrivals).await?;
    let answers = arrivals.iter().map(|arrival| batch.decide(tx, arrival)).collect();
    batch.write(tx).await?;
    tx.wake |= batch.wake;
    Ok(answers)
}

type Key<'a> = (&'a str, EventSource, &'a str);
type Reference<'a> = (&'a ConnectionId, &'a OrderRef);

/// A row of `events` to insert; a tuple, because it travels as a JSON array.
#[derive(Serialize)]
struct Row<'a>(
    String,               // 0 id
    &'a str,              // 1 connection
    Option<String>,       // 2 order
    Option<i64>,          // 3 seq
    &'static str,         // 4 source
    &'a str,              // 5 kind
    Option<&'static str>, // 6 verdict
    Option<&'static str>, // 7 reason
    Option<&'a str>,      // 8 detail
    Option<&'a str>,      // 9 dedupe key
    Option<&'a str>,      // 10 marker
    usize,                // 11 where its body starts, from 1
    usize,                // 12 how long its body is
);

#[derive(Default)]
struct Batch<'a> {
    keys: HashMap<Key<'a>, First>,
    orders: Vec<Hot>,
    by_reference: HashMap<Reference<'a>, usize>,
    rows: Vec<Row<'a>>,
    bodies: Vec<u8>,
    wake: bool,
}

impl<'a> Batch<'a> {
    /// Which keys were seen before.
    async fn load_keys(&mut self, tx: &mut Tx, arrivals: &'a [Box<Arrival>]) -> Result<(), StoreError> {
        let keys: Vec<Key<'a>> = arrivals.iter().filter_map(|arrival| arrival.key()).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let asked: Vec<_> = keys.iter().map(|(connection, source, key)| (connection, source.word(), key)).collect();
        let rows = look_up(tx, KEYS, &asked).await?;
        for row in &rows {
            let cells = Cells::of("events", row);
            if let Some(key) = nth(&keys, cells.get("i")?) {
                self.keys.insert(*key, First { event_id: cells.get("id")?, order_id: cells.get("order_id")? });
            }
        }
        Ok(())
    }

    /// The orders that are there already.
    async fn load_orders(&mut self, tx: &mut Tx, arrivals: &'a [Box<Arrival>]) -> Result<(), StoreError> {
        let mut references: Vec<Reference<'a>> = Vec::new();
        for arrival in arrivals {
            let known = arrival.key().is_some_and(|key| self.keys.contains_key(&key));
            if let (false, Some(order)) = (known, &arrival.event.order) {
                references.push((&arrival.event.connection, order));
            }
        }
        if references.is_empty() {
            return Ok(());
        }
        let asked: Vec<_> = references
            .iter()
            .map(|(connection, order)| match order {
                OrderRef::NetSuite(id) => (connection.as_str(), Some(id.as_str()), None, None),
                OrderRef::XSeries(id) => (connection.as_str(), None, Some(id.as_str()), None),
                OrderRef::Own(id) => (connection.as_str(), None, None, Some(id.as_str())),
            })
            .collect();
        let rows = look_up(tx, ORDERS, &asked).await?;
        let mut by_id: HashMap<String, usize> = HashMap::new();
        for row in &rows {
            let cells = Cells::of("orders", row);
            let Some(reference) = nth(&references, cells.get("i")?) else { continue };
            let id: String = cells.get("id")?;
            let index = if let Some(index) = by_id.get(&id) {
                *index
            } else {
                self.orders.push(Hot::read(&cells)?);
                by_id.insert(id, self.orders.len() - 1);
                self.orders.len() - 1
            };
            self.by_reference.insert(*reference, index);
        }
        Ok(())
    }

    /// What already waits on those orders, for arrivals without a key.
    async fn load_markers(&mut self, tx: &mut Tx, arrivals: &'a [Box<Arrival>]) -> Result<(), StoreError> {
        let mut asked = Vec::new();
        for arrival in arrivals {
            if let (Some(marker), Some(order)) = (&arrival.marker, &arrival.event.order)
                && let Some(index) = self.by_reference.get(&(&arrival.event.connection, order))
                && let Some(hot) = self.orders.get(*index)
                && hot.enqueued_seq > hot.handled_seq
            {
                asked.push((hot.id.clone(), hot.handled_seq, marker, *index));
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let rows = look_up(tx, MARKERS, &asked).await?;
        for row in &rows {
            let cells = Cells::of("events", row);
            let index = usize::try_from(cells.get::<i64>("i")?).ok();
            if let Some(hot) = index.and_then(|index| self.orders.get_mut(index)) {
                let first = First { event_id: cells.get("id")?, order_id: cells.get("order_id")? };
                let decided = cells.get("decided")?;
                // Newest first: what stays is the earliest, but one without a verdict counts more than a held one.
                match hot.markers.get(&cells.get::<String>("marker")?) {
                    Some((_, false)) if decided => {}
                    _ => drop(hot.markers.insert(cells.get("marker")?, (first, decided))),
                }
            }
        }
        Ok(())
    }

    /// What becomes of one arrival, given those before it.
    fn decide(&mut self, tx: &Tx, arrival: &'a Arrival) -> Result<Received, StoreError> {
        let event = &arrival.event;
        if let Some(first) = arrival.key().and_then(|key| self.keys.get(&key)) {
            return Ok(first.duplicate());
        }
        let index = match &event.order {
            Some(order) => Some(self.order(tx, event, order)?),
            None => None,
        };
        let hot = index.and_then(|index| self.orders.get_mut(index));
        let event_id = tx.new_id();
        let mut seq = None;
        let mut first = First { event_id: event_id.clone(), order_id: None };
        if let Some(hot) = hot {
            if let Some(repeat) = hot.repeat(arrival) {
                return Ok(repeat);
            }
            first.order_id = Some(hot.id.clone());
            // An event that was decided at the door asks for no work: it belongs to the order and has no turn.
            if event.verdict.is_none() {
                hot.enqueued_seq += 1;
                hot.changed = true;
                seq = Some(hot.enqueued_seq);
                self.wake |= hot.standing.ask(event.due_at.as_millisecond());
                if let Some(marker) = &arrival.marker {
                    hot.markers.insert(marker.clone(), (first.clone(), false));
                }
            }
        }
        let start = self.bodies.len() + 1;
        self.bodies.extend_from_slice(&event.body);
        let key = arrival.key();
        self.rows.push(Row(
            event_id,
            event.connection.as_str(),
            first.order_id.clone(),
            seq,
            event.source.word(),
            &event.kind,
            event.verdict.as_ref().map(|verdict| verdict.kind.word()),
            event.verdict.as_ref().map(|verdict| verdict.reason.word()),
            event.verdict.as_ref().map(|verdict| verdict.detail.as_str()),
            key.map(|(_, _, key)| key),
            arrival.marker.as_deref(),
            start,
            event.body.len(),
        ));
        let received = Received::New { event_id: first.event_id.clone().into(), order_id: first.order_id.clone().map(Into::into) };
        if let Some(key) = key {
            self.keys.insert(key, first);
        }
        Ok(received)
    }

    /// Finds the order of a reference, or makes it.
    fn order(&mut self, tx: &Tx, event: &'a NewEvent, order: &'a OrderRef) -> Result<usize, StoreError> {
        if let Some(index) = self.by_reference.get(&(&event.connection, order)) {
            return Ok(*index);
        }
        let (direction, netsuite_id, x_series_id) = match order {
            OrderRef::NetSuite(id) => (Direction::NetsuiteToXSeries, Some(id.as_str().to_owned()), None),
            OrderRef::XSeries(id) => (Direction::XSeriesToNetsuite, None, Some(id.as_str().to_owned())),
            OrderRef::Own(id) => return Err(StoreError::UnknownOrder(id.clone())),
        };
        self.orders.push(Hot {
            id: tx.new_id(),
            connection: event.connection.clone(),
            direction,
            netsuite_id,
            x_series_id,
            standing: Standing::NEW,
            enqueued_seq: 0,
            handled_seq: 0,
            netsuite_modified: None,
            x_series_version: None,
            markers: HashMap::new(),
            decided: event.verdict.as_ref().map(|verdict| (verdict.kind.word(), verdict.reason.word(), verdict.detail.clone())),
            changed: true,
        });
        self.by_reference.insert((&event.connection, order), self.orders.len() - 1);
        Ok(self.orders.len() - 1)
    }

    /// Writes what was decided.
    async fn write(&mut self, tx: &mut Tx) -> Result<(), StoreError> {
        let orders: Vec<_> = self.orders.iter().filter(|hot| hot.changed).map(Hot::row).collect();
        if !orders.is_empty() {
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
            .execute(&mut tx.conn)
            .await
            .map_err(during(RECEIVE))?;
        }
        if !self.rows.is_empty() {
            sqlx::query(
                "INSERT INTO events (id, connection, order_id, seq, source, kind, verdict, reason, detail, dedupe_key, marker, body, \
                     received_at, decided_at) \
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, \
                     value ->> 8, value ->> 9, value ->> 10, coalesce(substr($2, value ->> 11, value ->> 12), x''), $3, \
                     iif(value ->> 6 IS NULL, NULL, $3) \
                 FROM json_each($1)",
            )
            .bind(json(RECEIVE, &self.rows)?)
            .bind(std::mem::take(&mut self.bodies))
            .bind(tx.now)
            .execute(&mut tx.conn)
            .await
            .map_err(during(RECEIVE))?;
        }
        Ok(())
    }
}

/// Runs one of the look-ups above for everything that is asked.
async fn look_up(tx: &mut Tx, sql: &'static str, asked: &impl Serialize) -> Result<Vec<SqliteRow>, StoreError> {
    sqlx::query(sql).bind(json(RECEIVE, asked)?).fetch_all(&mut tx.conn).await.map_err(during(RECEIVE))
}

fn nth<T>(items: &[T], index: i64) -> Option<&T> {
    usize::try_from(index).ok().and_then(|index| items.get(index))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
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
