//! The door: a batch of arrivals, in a handful of statements however many they are. Rows travel as one array for each column.
//!
//! First the orders that are there are locked, in the order of their ids; then rows are inserted, in the order of their keys. Where another
//! transaction inserted the same meanwhile, a unique index stops this one, and it is done again with the other's rows in sight.

use std::collections::HashMap;

use super::shared::rows::{self, Cells};
use super::writer::Tx;
use super::{Row, during};
use crate::domain::verdict::HoldKind;
use crate::store::batch::{Arrival, Asked, Batch, First, Hot, NewRow, RECEIVE};
use crate::store::{Received, StoreError};

/// The events that have the keys.
const KEYS: &str = "SELECT i - 1 AS i, events.id, events.order_id \
     FROM unnest($1, $2, $3) WITH ORDINALITY AS asked (asked_connection, asked_source, asked_key, i) \
     JOIN events ON dedupe_key = asked_key AND connection = asked_connection AND source = asked_source";

/// The orders that the references speak of.
const FIND: &str = "SELECT i - 1 AS i, found.id FROM unnest($1, $2, $3, $4) WITH ORDINALITY AS asked (in_connection, by_netsuite, by_x_series, own, i) \
     CROSS JOIN LATERAL ( \
         SELECT id FROM orders WHERE id = own AND connection = in_connection \
         UNION ALL SELECT id FROM orders WHERE netsuite_id = by_netsuite AND connection = in_connection \
         UNION ALL SELECT id FROM orders WHERE x_series_id = by_x_series AND connection = in_connection) AS found";

/// The same, locked.
const LOCK: &str = "SELECT id, connection, direction, state, hold, due_at, attempt, lease_owner IS NOT NULL AS leased, enqueued_seq, \
         handled_seq, netsuite_modified, x_series_version \
     FROM orders WHERE id = ANY ($1) ORDER BY id FOR UPDATE";

/// The events with the markers that are not handled, newest first.
const MARKERS: &str = "SELECT of AS i, events.id, events.order_id, events.marker, events.verdict IS NOT NULL AS decided \
     FROM unnest($1, $2, $3, $4) AS asked (of, in_order, after, asked_marker) \
     JOIN events ON order_id = in_order AND seq > after WHERE marker = asked_marker ORDER BY seq DESC";

const MAKE: &str = "INSERT INTO orders (id, connection, direction, netsuite_id, x_series_id, state, hold, due_at, enqueued_seq, verdict, \
         reason, detail, created_at, updated_at) \
     SELECT *, $13, $13 FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const CHANGE: &str = "UPDATE orders SET state = new_state, hold = new_hold, due_at = new_due_at, enqueued_seq = new_seq, updated_at = $6 \
     FROM unnest($1, $2, $3, $4, $5) AS new (of, new_state, new_hold, new_due_at, new_seq) WHERE id = of";

const ADD: &str = "INSERT INTO events (id, connection, order_id, seq, source, kind, verdict, reason, detail, dedupe_key, marker, body, \
         decided_at, received_at) \
     SELECT *, $14 FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// What goes into one statement: a little less than a TLS record. The driver leaves Nagle's algorithm on, so that the last of several writes waits for
/// the acknowledgement of those before it, which the other side may hold back for 40 ms: more than many statements take.
const WRITE: usize = 15_000;
/// What a row takes beside its body, at the most of what is usual.
const ROW: usize = 400;

/// Stores a batch. An error is about the whole batch; what is wrong with one arrival is its own answer.
pub(super) async fn receive(tx: &mut Tx, arrivals: &[Box<Arrival>]) -> Result<Vec<Result<Received, StoreError>>, StoreError> {
    let mut batch = Batch::of(arrivals);
    load_keys(tx, &mut batch).await?;
    load_orders(tx, &mut batch).await?;
    load_markers(tx, &mut batch).await?;
    let answers = batch.decide(|| tx.new_id());
    change_orders(tx, &batch.orders).await?;
    make_orders(tx, &mut batch.orders).await?;
    add_events(tx, &mut batch.rows).await?;
    tx.wake |= batch.wake;
    Ok(answers)
}

/// Which keys were seen before.
async fn load_keys(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let keys = batch.keys();
    if keys.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(KEYS)
        .bind(keys.iter().map(|key| key.0).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.1.word()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.2).collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await
        .map_err(during(RECEIVE))?;
    for row in &found {
        let cells = Cells::of("events", row);
        if let Some(key) = nth(&keys, cells.get("i")?) {
            batch.seen(*key, First { event_id: cells.get("id")?, order_id: cells.get("order_id")? });
        }
    }
    Ok(())
}

/// The orders that are there already, locked.
async fn load_orders(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let references = batch.references();
    if references.is_empty() {
        return Ok(());
    }
    let asked: Vec<_> = references.iter().map(Asked::of).collect();
    let found = sqlx::query(FIND)
        .bind(asked.iter().map(|asked| asked.connection).collect::<Vec<_>>())
        .bind(asked.iter().map(|asked| asked.netsuite_id).collect::<Vec<_>>())
        .bind(asked.iter().map(|asked| asked.x_series_id).collect::<Vec<_>>())
        .bind(asked.iter().map(|asked| asked.own_id).collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await
        .map_err(during(RECEIVE))?;
    let mut by_id: HashMap<String, Vec<_>> = HashMap::new();
    for row in &found {
        let cells = Cells::of("orders", row);
        if let Some(reference) = nth(&references, cells.get("i")?) {
            by_id.entry(cells.get("id")?).or_default().push(*reference);
        }
    }
    if by_id.is_empty() {
        return Ok(());
    }
    let ids: Vec<&String> = by_id.keys().collect();
    let locked: Vec<Row> = sqlx::query(LOCK).bind(ids).fetch_all(tx.conn()).await.map_err(during(RECEIVE))?;
    for row in &locked {
        let hot = rows::hot(&Cells::of("orders", row))?;
        let references = by_id.remove(&hot.id).unwrap_or_default();
        batch.found(hot, references);
    }
    Ok(())
}

/// What already waits on those orders, for arrivals without a key.
async fn load_markers(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let (mut indexes, mut orders, mut handled, mut markers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (index, marker) in batch.markers() {
        let (Some(hot), Ok(of)) = (batch.orders.get(index), i64::try_from(index)) else { continue };
        indexes.push(of);
        orders.push(hot.id.as_str());
        handled.push(hot.handled_seq);
        markers.push(marker);
    }
    if indexes.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(MARKERS).bind(indexes).bind(orders).bind(handled).bind(markers);
    for row in &found.fetch_all(tx.conn()).await.map_err(during(RECEIVE))? {
        let cells = Cells::of("events", row);
        let Ok(index) = usize::try_from(cells.get::<i64>("i")?) else { continue };
        let first = First { event_id: cells.get("id")?, order_id: cells.get("order_id")? };
        batch.pending(index, cells.get("marker")?, first, cells.get("decided")?);
    }
    Ok(())
}

/// Writes what became of the orders that were there.
async fn change_orders(tx: &mut Tx, orders: &[Hot]) -> Result<(), StoreError> {
    let orders: Vec<_> = orders.iter().filter(|hot| hot.changed && !hot.made).collect();
    if orders.is_empty() {
        return Ok(());
    }
    sqlx::query(CHANGE)
        .bind(orders.iter().map(|hot| hot.id.as_str()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.standing.state.word()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.standing.hold.map(HoldKind::word)).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.standing.due_at).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.enqueued_seq).collect::<Vec<_>>())
        .bind(tx.now)
        .execute(tx.conn())
        .await
        .map(drop)
        .map_err(during(RECEIVE))
}

/// Writes the orders that are new.
async fn make_orders(tx: &mut Tx, orders: &mut [Hot]) -> Result<(), StoreError> {
    orders.sort_by(|a, b| (&a.netsuite_id, &a.x_series_id, &a.connection).cmp(&(&b.netsuite_id, &b.x_series_id, &b.connection)));
    let orders: Vec<_> = orders.iter().filter(|hot| hot.made).collect();
    if orders.is_empty() {
        return Ok(());
    }
    let decided: Vec<_> = orders.iter().map(|hot| hot.decided.as_ref()).collect();
    sqlx::query(MAKE)
        .bind(orders.iter().map(|hot| hot.id.as_str()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.connection.as_str()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.direction.word()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.netsuite_id.as_deref()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.x_series_id.as_deref()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.standing.state.word()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.standing.hold.map(HoldKind::word)).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.standing.due_at).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.enqueued_seq).collect::<Vec<_>>())
        .bind(decided.iter().map(|decided| decided.map(|decided| decided.0)).collect::<Vec<_>>())
        .bind(decided.iter().map(|decided| decided.map(|decided| decided.1)).collect::<Vec<_>>())
        .bind(decided.iter().map(|decided| decided.map(|decided| decided.2.as_str())).collect::<Vec<_>>())
        .bind(tx.now)
        .execute(tx.conn())
        .await
        .map(drop)
        .map_err(during(RECEIVE))
}

/// Writes the events, as many at once as fit into one write to the socket.
async fn add_events(tx: &mut Tx, events: &mut [NewRow<'_>]) -> Result<(), StoreError> {
    events.sort_by_key(|row| row.dedupe_key);
    let mut rest = &*events;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|row| {
            bytes += row.body.len() + ROW;
            bytes <= WRITE
        });
        let (now, later) = rest.split_at(fitting.count().max(1));
        add_together(tx, now).await?;
        rest = later;
    }
    Ok(())
}

async fn add_together(tx: &mut Tx, events: &[NewRow<'_>]) -> Result<(), StoreError> {
    sqlx::query(ADD)
        .bind(events.iter().map(|row| row.id.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.connection).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.order_id.as_deref()).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.seq).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.source).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.kind).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.verdict).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.reason).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.detail).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.dedupe_key).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.marker).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.body).collect::<Vec<_>>())
        .bind(events.iter().map(|row| row.verdict.map(|_| tx.now)).collect::<Vec<_>>())
        .bind(tx.now)
        .execute(tx.conn())
        .await
        .map(drop)
        .map_err(during(RECEIVE))
}

fn nth<T>(items: &[T], index: i64) -> Option<&T> {
    usize::try_from(index).ok().and_then(|index| items.get(index))
}
