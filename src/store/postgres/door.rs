//! The door: a batch of arrivals, in a handful of statements however many they are. Rows travel as one array for each column.
//!
//! Where all orders of a batch are new, that is one statement that looks and one that writes, which is its own transaction. Orders that are
//! there are locked first, in the order of their ids; then rows are inserted, orders before events, in the order of their keys. Where another
//! transaction inserted the same meanwhile, a unique index stops this one, and it is done again with the other's rows in sight.

use std::collections::{HashMap, HashSet};

use super::driver::Query;
use super::shared::rows::{self, Cells};
use super::writer::Tx;
use super::{Row, during};
use crate::domain::verdict::HoldKind;
use crate::store::batch::{Arrival, Asked, Batch, First, Hot, NewRow, RECEIVE};
use crate::store::{Received, StoreError};

/// The events that have the keys `$1` to `$3`, and the orders that the references `$4` to `$7` speak of. The inner queries stay by themselves, so
/// that each key is one look into an index, whatever the planner believes of the tables.
const LOOK: &str = "SELECT true AS is_key, i - 1 AS i, found.id, found.order_id \
     FROM unnest($1, $2, $3) WITH ORDINALITY AS asked (in_connection, in_source, key, i) \
     CROSS JOIN LATERAL ( \
         SELECT id, order_id FROM events WHERE dedupe_key = key AND connection = in_connection AND source = in_source LIMIT 1) AS found \
     UNION ALL \
     SELECT false, i - 1, found.id, NULL \
     FROM unnest($4, $5, $6, $7) WITH ORDINALITY AS asked (in_connection, by_netsuite, by_x_series, own, i) \
     CROSS JOIN LATERAL ( \
         SELECT id FROM orders WHERE id = own AND connection = in_connection \
         UNION ALL SELECT id FROM orders WHERE netsuite_id = by_netsuite AND connection = in_connection \
         UNION ALL SELECT id FROM orders WHERE x_series_id = by_x_series AND connection = in_connection) AS found";

/// The orders, locked.
const LOCK: &str = "SELECT id, connection, direction, state, hold, due_at, attempt, lease_owner IS NOT NULL AS leased, enqueued_seq, \
         handled_seq, netsuite_modified, x_series_version \
     FROM orders WHERE id = ANY ($1) ORDER BY id FOR UPDATE";

/// The events with the markers that are not handled, newest first.
const MARKERS: &str = "SELECT of AS i, found.id, found.order_id, found.marker, found.decided \
     FROM unnest($1, $2, $3, $4) AS asked (of, in_order, after, asked_marker) \
     CROSS JOIN LATERAL ( \
         SELECT id, order_id, seq, marker, verdict IS NOT NULL AS decided FROM events \
         WHERE order_id = in_order AND seq > after AND marker = asked_marker OFFSET 0) AS found \
     ORDER BY found.seq DESC";

/// The time is `$1` in every statement that writes. New orders come as twelve columns, changed ones as five, events as thirteen.
macro_rules! make {
    ($columns:literal) => {
        concat!(
            "INSERT INTO orders (id, connection, direction, netsuite_id, x_series_id, state, hold, due_at, enqueued_seq, verdict, reason, \
                 detail, created_at, updated_at) SELECT *, $1, $1 FROM unnest(",
            $columns,
            ")"
        )
    };
}
macro_rules! change {
    () => {
        "UPDATE orders SET state = new_state, hold = new_hold, due_at = new_due_at, enqueued_seq = new_seq, updated_at = $1 \
         FROM unnest($2, $3, $4, $5, $6) AS new (of, new_state, new_hold, new_due_at, new_seq) WHERE id = of"
    };
}
macro_rules! add {
    ($columns:literal) => {
        concat!(
            "INSERT INTO events (id, connection, order_id, seq, source, kind, verdict, reason, detail, dedupe_key, marker, body, decided_at, \
                 received_at) SELECT *, $1 FROM unnest(",
            $columns,
            ")"
        )
    };
}

const CHANGE: &str = change!();
const ADD: &str = add!("$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14");
const CHANGE_AND_ADD: &str =
    concat!("WITH changed AS (", change!(), ") ", add!("$7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19"));
/// Asks for what was made, so that it is made first.
const MAKE_AND_ADD: &str = concat!(
    "WITH made AS (",
    make!("$15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26"),
    " RETURNING 1) ",
    add!("$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14"),
    " WHERE (SELECT count(*) FROM made) > 0"
);

/// What goes into one statement where long ones stall on their way: a little less than a TLS record, so that it is one write to the socket.
pub(super) const SHORT: usize = 15_000;
/// What a row takes beside its body, at the most of what is usual.
const ROW: usize = 400;

/// Stores a batch. An error is about the whole batch; what is wrong with one arrival is its own answer.
pub(super) async fn receive(tx: &mut Tx, arrivals: &[Box<Arrival>]) -> Result<Vec<Result<Received, StoreError>>, StoreError> {
    let mut batch = Batch::of(arrivals);
    let known = look(tx, &mut batch).await?;
    if !known.is_empty() {
        tx.enter().await.map_err(during(RECEIVE))?;
        lock_orders(tx, &mut batch, known).await?;
        load_markers(tx, &mut batch).await?;
    }
    let answers = batch.decide(|| tx.new_id());
    write(tx, &mut batch).await?;
    tx.due = batch.due;
    Ok(answers)
}

/// What a reference speaks of, as the batch has it.
type Reference<'a> = (&'a crate::domain::ids::ConnectionId, &'a crate::store::OrderRef);

/// Which keys were seen before, and which orders are there: by their ids, the references that find them.
async fn look<'a>(tx: &mut Tx, batch: &mut Batch<'a>) -> Result<HashMap<String, Vec<Reference<'a>>>, StoreError> {
    let mut by_id: HashMap<String, Vec<_>> = HashMap::new();
    let (keys, references) = (batch.keys(), batch.references());
    if keys.is_empty() && references.is_empty() {
        return Ok(by_id);
    }
    let asked: Vec<_> = references.iter().map(Asked::of).collect();
    let found = sqlx::query(LOOK)
        .bind(keys.iter().map(|key| key.0).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.1.word()).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.2).collect::<Vec<_>>())
        .bind(asked.iter().map(|asked| asked.connection).collect::<Vec<_>>())
        .bind(asked.iter().map(|asked| asked.netsuite_id).collect::<Vec<_>>())
        .bind(asked.iter().map(|asked| asked.x_series_id).collect::<Vec<_>>())
        .bind(asked.iter().map(|asked| asked.own_id).collect::<Vec<_>>())
        .fetch_all(tx.conn())
        .await
        .map_err(during(RECEIVE))?;
    let mut there = Vec::new();
    for row in &found {
        let cells = Cells::of("events", row);
        let (i, id) = (cells.get("i")?, cells.get("id")?);
        if !cells.get::<bool>("is_key")? {
            there.extend(nth(&references, i).map(|reference| (id, *reference)));
        } else if let Some(key) = nth(&keys, i) {
            batch.seen(*key, First { event_id: id, order_id: cells.get("order_id")? });
        }
    }
    // A repeat does nothing to its order.
    let asking: HashSet<_> = if there.is_empty() { HashSet::new() } else { batch.references().into_iter().collect() };
    for (id, reference) in there {
        if asking.contains(&reference) {
            by_id.entry(id).or_default().push(reference);
        }
    }
    Ok(by_id)
}

/// The orders that are there already, locked.
async fn lock_orders<'a>(tx: &mut Tx, batch: &mut Batch<'a>, mut known: HashMap<String, Vec<Reference<'a>>>) -> Result<(), StoreError> {
    let ids: Vec<&String> = known.keys().collect();
    let locked: Vec<Row> = sqlx::query(LOCK).bind(ids).fetch_all(tx.conn()).await.map_err(during(RECEIVE))?;
    for row in &locked {
        let hot = rows::hot(&Cells::of("orders", row))?;
        let references = known.remove(&hot.id).unwrap_or_default();
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

/// Writes what came of it: in one statement, where it may be a long one.
async fn write(tx: &mut Tx, batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let now = tx.now;
    let (orders, events) = (&mut batch.orders, &mut batch.rows);
    orders.sort_by(|a, b| (&a.netsuite_id, &a.x_series_id, &a.connection).cmp(&(&b.netsuite_id, &b.x_series_id, &b.connection)));
    events.sort_by_key(|row| row.dedupe_key);
    let mut made: Vec<_> = orders.iter().filter(|hot| hot.made).collect();
    let mut changed: Vec<_> = orders.iter().filter(|hot| hot.changed && !hot.made).collect();
    if !made.is_empty() && !changed.is_empty() {
        execute(tx, bind_changed(sqlx::query(CHANGE).bind(now), &changed)).await?;
        changed.clear();
    }
    let mut rest = events.as_slice();
    // Whatever was made or changed was so for an event.
    while !rest.is_empty() {
        let (these, later) = rest.split_at(if tx.short_writes() { fitting(rest) } else { rest.len() });
        if !later.is_empty() {
            tx.enter().await.map_err(during(RECEIVE))?;
        }
        let statement = if !made.is_empty() {
            bind_made(bind_events(sqlx::query(MAKE_AND_ADD).bind(now), these, now), &made)
        } else if !changed.is_empty() {
            bind_events(bind_changed(sqlx::query(CHANGE_AND_ADD).bind(now), &changed), these, now)
        } else {
            bind_events(sqlx::query(ADD).bind(now), these, now)
        };
        execute(tx, statement).await?;
        made.clear();
        changed.clear();
        rest = later;
    }
    Ok(())
}

/// How many of the first events go into one short statement: one at least.
fn fitting(events: &[NewRow<'_>]) -> usize {
    let mut bytes = 0;
    let fitting = events.iter().take_while(|row| {
        bytes += row.body.len() + ROW;
        bytes <= SHORT
    });
    fitting.count().max(1)
}

async fn execute(tx: &mut Tx, statement: Query<'_>) -> Result<(), StoreError> {
    statement.execute(tx.conn()).await.map(drop).map_err(during(RECEIVE))
}

fn bind_events<'q>(statement: Query<'q>, events: &'q [NewRow<'q>], now: i64) -> Query<'q> {
    statement
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
        .bind(events.iter().map(|row| row.verdict.map(|_| now)).collect::<Vec<_>>())
}

fn bind_changed<'q>(statement: Query<'q>, orders: &[&'q Hot]) -> Query<'q> {
    statement
        .bind(orders.iter().map(|hot| hot.id.as_str()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.standing.state.word()).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.standing.hold.map(HoldKind::word)).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.standing.due_at).collect::<Vec<_>>())
        .bind(orders.iter().map(|hot| hot.enqueued_seq).collect::<Vec<_>>())
}

fn bind_made<'q>(statement: Query<'q>, orders: &[&'q Hot]) -> Query<'q> {
    let decided: Vec<_> = orders.iter().map(|hot| hot.decided.as_ref()).collect();
    statement
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
}

fn nth<T>(items: &[T], index: i64) -> Option<&T> {
    usize::try_from(index).ok().and_then(|index| items.get(index))
}
