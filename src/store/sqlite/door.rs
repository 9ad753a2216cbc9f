//! The door: a batch of arrivals, in two trips to the database's thread however many they are: one looks up everything that they speak of, one
//! writes what came of it. The statements that begin and end the transaction travel along.
//!
//! `BEGIN IMMEDIATE` shuts every other writer out, so what is read here stays true until the commit.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::iter::repeat_n;
use std::sync::LazyLock;

use sqlx::sqlite::SqliteRow;

use super::shared::rows::{self, Cells};
use super::writer::Tx;
use super::{Sqlite, during};
use crate::domain::verdict::HoldKind;
use crate::store::batch::{Arrival, Asked, Batch, First, Hot, Key, NewRow, RECEIVE};
use crate::store::values::json;
use crate::store::{NewEvent, Received, StoreError};

/// The events that have the keys `$1`, of any connection and source.
macro_rules! keys {
    () => {
        "SELECT 'key' AS part, asked.key AS i, events.id, events.order_id, events.connection, events.source \
         FROM json_each($1) AS asked CROSS JOIN events ON events.dedupe_key = asked.value"
    };
}

/// The columns that the door goes by of an order.
macro_rules! hot_columns {
    () => {
        "o.id, o.connection, o.direction, o.state, o.hold, o.due_at, o.attempt, o.lease_owner IS NOT NULL AS leased, o.enqueued_seq, \
         o.handled_seq, o.netsuite_modified, o.x_series_version"
    };
}

/// The orders of the sales orders `$2`, of the sales `$3`, and with our ids `$4`, of any connection.
macro_rules! orders {
    () => {
        concat!(
            "SELECT 'netsuite' AS part, asked.key AS i, ",
            hot_columns!(),
            " FROM json_each($2) AS asked CROSS JOIN orders AS o ON o.netsuite_id = asked.value \
             UNION ALL SELECT 'x_series', asked.key, ",
            hot_columns!(),
            " FROM json_each($3) AS asked CROSS JOIN orders AS o ON o.x_series_id = asked.value \
             UNION ALL SELECT 'own', asked.key, ",
            hot_columns!(),
            " FROM json_each($4) AS asked CROSS JOIN orders AS o ON o.id = asked.value"
        )
    };
}

const LOOK: &str = concat!(keys!(), "; ", orders!());
const BEGIN_AND_LOOK: &str = concat!("BEGIN IMMEDIATE; ", keys!(), "; ", orders!());

/// The events with the markers that are not handled, newest first.
const MARKERS: &str = "SELECT asked.value ->> 3 AS i, events.id, events.order_id, events.marker, events.verdict IS NOT NULL AS decided \
     FROM json_each($1) AS asked CROSS JOIN events ON events.order_id = asked.value ->> 0 AND events.seq > asked.value ->> 1 \
     WHERE events.marker = asked.value ->> 2 ORDER BY events.seq DESC";

/// How many rows the writing statements have room for. A batch takes the next larger one and leaves the rest null, so that the database prepares
/// these and no more.
const ROOMS: [usize; 16] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
/// The most that fit into one trip.
const ROOM: usize = 256;
/// Values of a row of `orders`, and of `events`.
const ORDER_VALUES: usize = 12;
const EVENT_VALUES: usize = 13;

/// For each room, what writes orders and events, without the commit and with it.
static WRITES: LazyLock<Vec<[String; 2]>> = LazyLock::new(|| {
    let texts = ROOMS.iter().map(|room| {
        let write = writes(*room);
        let commit = format!("{write}; COMMIT");
        [write, commit]
    });
    texts.collect()
});

fn writes(room: usize) -> String {
    let mut text = String::from(
        "INSERT INTO orders (created_at, updated_at, id, connection, direction, netsuite_id, x_series_id, state, hold, due_at, enqueued_seq, \
             verdict, reason, detail) SELECT ?, ?, * FROM (VALUES ",
    );
    values(&mut text, room, ORDER_VALUES);
    text.push_str(
        ") WHERE column1 IS NOT NULL ON CONFLICT (id) DO UPDATE SET state = excluded.state, hold = excluded.hold, due_at = excluded.due_at, \
             enqueued_seq = excluded.enqueued_seq, updated_at = excluded.updated_at; \
         INSERT INTO events (received_at, id, connection, order_id, seq, source, kind, verdict, reason, detail, dedupe_key, marker, body, \
             decided_at) SELECT ?, * FROM (VALUES ",
    );
    values(&mut text, room, EVENT_VALUES);
    text.push_str(") WHERE column1 IS NOT NULL");
    text
}

fn values(text: &mut String, rows: usize, columns: usize) {
    let row = format!("({})", vec!["?"; columns].join(","));
    // Writing to a String cannot fail.
    let _ = write!(text, "{}", vec![row; rows].join(","));
}

/// How many bytes of bodies go into one trip; a larger batch takes several.
const BODIES: usize = 8 << 20;

/// What of the transaction travels with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Framed {
    /// It begins with the first look.
    pub(super) begins: bool,
    /// It is committed with the last write.
    pub(super) commits: bool,
}

impl Sqlite {
    /// Commits one event, together with those that arrive beside it.
    pub(in crate::store) async fn receive(&self, event: NewEvent) -> Result<Received, StoreError> {
        self.writer.receive(Arrival::new(event)?).await
    }
}

/// Stores a batch. An error is about the whole batch; what is wrong with one arrival is its own answer.
pub(super) async fn receive(
    tx: &mut Tx,
    arrivals: &[Box<Arrival>],
    framed: Framed,
) -> Result<Vec<Result<Received, StoreError>>, StoreError> {
    let mut answers = Vec::with_capacity(arrivals.len());
    let mut rest = arrivals;
    while !rest.is_empty() {
        let mut bytes = 0_usize;
        let fitting = rest.iter().take(ROOM).take_while(|arrival| {
            bytes = bytes.saturating_add(arrival.event.body.len());
            bytes <= BODIES
        });
        let (now, later) = rest.split_at(fitting.count().max(1));
        let part = Framed { begins: framed.begins && answers.is_empty(), commits: framed.commits && later.is_empty() };
        answers.extend(receive_together(tx, now, part).await?);
        rest = later;
    }
    Ok(answers)
}

async fn receive_together(tx: &mut Tx, arrivals: &[Box<Arrival>], framed: Framed) -> Result<Vec<Result<Received, StoreError>>, StoreError> {
    let mut batch = Batch::of(arrivals);
    look(tx, &mut batch, framed.begins).await?;
    load_markers(tx, &mut batch).await?;
    let answers = batch.decide(|| tx.new_id());
    tx.wake |= batch.wake;
    write(tx, &batch, framed.commits).await?;
    Ok(answers)
}

/// What is there already: events with the keys, and orders.
async fn look(tx: &mut Tx, batch: &mut Batch<'_>, begins: bool) -> Result<(), StoreError> {
    let keys = batch.keys();
    let references = batch.references();
    let asked: Vec<_> = references.iter().map(Asked::of).collect();
    let by_netsuite = indexed(&asked, |asked| asked.netsuite_id);
    let by_x_series = indexed(&asked, |asked| asked.x_series_id);
    let by_own = indexed(&asked, |asked| asked.own_id);
    let found = sqlx::query(if begins { BEGIN_AND_LOOK } else { LOOK })
        .bind(json(RECEIVE, &keys.iter().map(|(_, _, key)| key).collect::<Vec<_>>())?)
        .bind(json(RECEIVE, &by_netsuite.1)?)
        .bind(json(RECEIVE, &by_x_series.1)?)
        .bind(json(RECEIVE, &by_own.1)?)
        .fetch_all(tx.conn())
        .await
        .map_err(during(RECEIVE))?;
    let mut orders: HashMap<String, (Hot, Vec<_>)> = HashMap::new();
    for row in &found {
        let cells = Cells::of("orders", row);
        let indexes = match cells.get::<&str>("part")? {
            "netsuite" => &by_netsuite.0,
            "x_series" => &by_x_series.0,
            "own" => &by_own.0,
            _ => {
                seen(batch, &keys, row)?;
                continue;
            }
        };
        let reference = nth(indexes, cells.get("i")?).and_then(|index| references.get(*index));
        // The same id may be another connection's.
        let Some(reference) = reference.filter(|(connection, _)| cells.get("connection").is_ok_and(|of: &str| of == connection.as_str()))
        else {
            continue;
        };
        let id: String = cells.get("id")?;
        match orders.get_mut(&id) {
            Some((_, references)) => references.push(*reference),
            None => drop(orders.insert(id, (rows::hot(&cells)?, vec![*reference]))),
        }
    }
    for (hot, references) in orders.into_values() {
        batch.found(hot, references);
    }
    Ok(())
}

/// An event that has the key of an arrival; it is a repeat where connection and source are the same too.
fn seen<'a>(batch: &mut Batch<'a>, keys: &[Key<'a>], row: &SqliteRow) -> Result<(), StoreError> {
    let cells = Cells::of("events", row);
    let Some((connection, source, key)) = nth(keys, cells.get("i")?).copied() else { return Ok(()) };
    if cells.get::<&str>("connection")? == connection && cells.get::<&str>("source")? == source.word() {
        batch.seen((connection, source, key), First { event_id: cells.get("id")?, order_id: cells.get("order_id")? });
    }
    Ok(())
}

/// The ids that are there, and the index of each one's reference.
fn indexed<'a>(asked: &[Asked<'a>], id: fn(&Asked<'a>) -> Option<&'a str>) -> (Vec<usize>, Vec<&'a str>) {
    asked.iter().enumerate().filter_map(|(index, asked)| Some((index, id(asked)?))).unzip()
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
    for row in &sqlx::query(MARKERS).bind(json(RECEIVE, &asked)?).fetch_all(tx.conn()).await.map_err(during(RECEIVE))? {
        let cells = Cells::of("events", row);
        let Ok(index) = usize::try_from(cells.get::<i64>("i")?) else { continue };
        let first = First { event_id: cells.get("id")?, order_id: cells.get("order_id")? };
        batch.pending(index, cells.get("marker")?, first, cells.get("decided")?);
    }
    Ok(())
}

type Bound<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// Writes what became of the orders, and the events.
async fn write(tx: &mut Tx, batch: &Batch<'_>, commits: bool) -> Result<(), StoreError> {
    let orders: Vec<&Hot> = batch.orders.iter().filter(|hot| hot.changed).collect();
    let rows = orders.len().max(batch.rows.len());
    if rows == 0 {
        return if commits { tx.commit().await.map_err(during(RECEIVE)) } else { Ok(()) };
    }
    let room = ROOMS.iter().position(|room| *room >= rows).unwrap_or(ROOMS.len() - 1);
    let (Some(texts), Some(size)) = (WRITES.get(room), ROOMS.get(room)) else { return Ok(()) };
    let mut query = sqlx::query(texts[usize::from(commits)].as_str()).bind(tx.now).bind(tx.now);
    for hot in &orders {
        query = order(query, hot);
    }
    query = nulls(query, (size - orders.len()) * ORDER_VALUES).bind(tx.now);
    for row in &batch.rows {
        query = event(query, row, tx.now);
    }
    query = nulls(query, (size - batch.rows.len()) * EVENT_VALUES);
    query.execute(tx.conn()).await.map(drop).map_err(during(RECEIVE))
}

fn order<'q>(query: Bound<'q>, hot: &'q Hot) -> Bound<'q> {
    let decided = hot.decided.as_ref();
    query
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
        .bind(decided.map(|decided| decided.2.as_str()))
}

fn event<'q>(query: Bound<'q>, row: &'q NewRow<'_>, now: i64) -> Bound<'q> {
    query
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
        .bind(row.verdict.map(|_| now))
}

fn nulls(query: Bound<'_>, many: usize) -> Bound<'_> {
    repeat_n(None::<i64>, many).fold(query, sqlx::query::Query::bind)
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
            (keys!(), "events_dedupe_key (dedupe_key=?)"),
            (orders!(), "orders_netsuite_id (netsuite_id=?)"),
            (orders!(), "orders_x_series_id (x_series_id=?)"),
            (orders!(), "sqlite_autoindex_orders_1 (id=?)"),
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
