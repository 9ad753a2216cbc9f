//! The engine for several replicas: a Postgres database, version 12 or newer.
//!
//! - Receives go through two tasks, each of which takes whatever waits and commits it in one transaction (`intake`); every other write
//!   is a transaction of its own (`writer`), but those of passes, which share statements (`sets`). Whatever was handed over runs to its end.
//! - Whoever decides on an order locks its row first, several in the order of their ids, or without waiting; only then are rows inserted, in the
//!   order of their keys. So hardly ever do two transactions wait for each other, and one of them is then done again.
//! - The truth is the poll of due rows; `NOTIFY` is a hint that goes out behind the commit (`listen`).

mod counters;
mod dialect;
mod door;
mod driver;
mod intake;
mod listen;
mod migrate;
mod server;
mod sessions;
mod sets;
mod writer;

#[expect(clippy::duplicate_mod, reason = "each engine has its own copy, over its own driver")]
#[path = "../shared/mod.rs"]
mod shared;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use sqlx::Connection as _;
use sqlx::postgres::{PgConnection, PgRow as Row};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::Postgres as Db;
use self::intake::Intake;
use self::server::{Purpose, Server};
use self::sessions::Sessions;
use self::sets::Sets;
use self::shared::Locked;
use self::writer::{Kept, Tx};
use super::error::DriverError;
use super::ids::RowIds;
use super::work::Work;
use super::{StoreError, WriterStats};
use crate::clock::Clock;
use crate::domain::ids::OrderId;

/// A clock that is further from the database's than this is corrected and told: replicas count leases in one time.
const CLOCKS_APART_MS: i64 = 1000;

/// True of an encrypted session within one machine. The driver leaves Nagle's algorithm on and hands each record of 16 KB over by itself: less
/// than a segment of the loopback interface, so that the second waits for the acknowledgement of the first, which the other side holds back for
/// 40 ms. On a network segments are shorter than a record, and such a record is acknowledged at once.
const STALLS: &str = "SELECT coalesce((SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()), false) \
     AND coalesce(inet_client_addr() <<= inet '127.0.0.0/8' OR inet_client_addr() = inet '::1', false)";

/// The engine.
#[derive(Debug)]
pub(super) struct Postgres {
    server: Server,
    readers: Sessions,
    intake: Intake,
    sets: Sets,
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

/// What the engine and its tasks hold.
#[derive(Debug)]
struct Shared {
    clock: Clock,
    /// How many milliseconds the database's clock was ahead when the engine was opened, where that is more than an inaccuracy.
    ahead: AtomicI64,
    /// Long statements would stall on their way.
    short_writes: AtomicBool,
    /// For writes other than receives.
    writers: Sessions,
    /// Hears of commits that made orders due, here or elsewhere.
    work: Work,
    /// Fired when another process gave connections up.
    released: Notify,
    /// Commits are told to other processes.
    notifies: AtomicBool,
    /// Fired by our own commits that made an order due: the other processes are to hear of it.
    untold: Notify,
    commits: AtomicU64,
    writes: AtomicU64,
    ids: Mutex<RowIds>,
    closing: CancellationToken,
}

impl Shared {
    /// The present, in epoch milliseconds.
    fn now(&self) -> i64 {
        self.clock.now().as_millisecond().saturating_add(self.ahead.load(Ordering::Relaxed))
    }

    /// A new id of one of our rows: later ids sort after earlier ones.
    fn new_id(&self, now: i64) -> String {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).next(now).to_string()
    }
}

impl Postgres {
    /// Reaches the server and starts the tasks. `connections` read, as many again write; two more take receives, one listens, and one tells.
    pub(super) async fn open(url: &str, connections: u32, clock: Clock) -> Result<Self, StoreError> {
        let server = Server::parse(url)?;
        let shown = server.shown();
        let unreached = |source: sqlx::Error| StoreError::Open { url: shown.clone(), source: source.into() };
        let (server, conn) = server.reach().await.map_err(unreached)?;
        let connections = connections.max(2);
        let shared = Arc::new(Shared {
            writers: Sessions::new(server.clone(), connections, Purpose::Writes),
            work: Work::new(),
            released: Notify::new(),
            notifies: AtomicBool::new(server.notifies),
            untold: Notify::new(),
            commits: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            ids: Mutex::default(),
            closing: CancellationToken::new(),
            ahead: AtomicI64::new(0),
            short_writes: AtomicBool::new(false),
            clock,
        });
        look_at(conn, &shared).await.map_err(unreached)?;
        let tasks = TaskTracker::new();
        let intake = Intake::start(&server, &shared, &tasks);
        if shared.notifies.load(Ordering::Relaxed) {
            tasks.spawn(listen::listen(server.clone(), Arc::clone(&shared)));
            tasks.spawn(listen::tell(server.clone(), Arc::clone(&shared)));
        }
        tasks.spawn(counters::fold(Arc::clone(&shared)));
        Ok(Self {
            readers: Sessions::new(server.clone(), connections, Purpose::Reads),
            server,
            intake,
            sets: Sets::default(),
            shared,
            tasks,
        })
    }

    /// The url as it may be shown.
    pub(super) fn shown(&self) -> String {
        self.server.shown()
    }

    /// Lets everything that was handed over finish, then closes the connections.
    pub(super) async fn close(&self) {
        self.shared.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.intake.close().await;
        self.shared.writers.close().await;
        self.readers.close().await;
    }

    /// Resolves when a commit made an order due before `until`, here, or any order in another process.
    pub(super) async fn wait_for_work(&self, until: Timestamp) {
        // What is due now is so by the database's clock.
        let ahead = self.shared.ahead.load(Ordering::Relaxed).max(0);
        self.shared.work.before(until.as_millisecond().saturating_add(ahead)).await;
    }

    /// A claim begins.
    fn looks_for_work(&self) {
        self.shared.work.looks();
    }

    /// Resolves when another process gave connections up.
    pub(super) async fn wait_for_release(&self) {
        self.shared.released.notified().await;
    }

    /// What was written since the engine was opened.
    pub(super) fn writer_stats(&self) -> WriterStats {
        WriterStats { writes: self.shared.writes.load(Ordering::Relaxed), commits: self.shared.commits.load(Ordering::Relaxed) }
    }

    /// For reads that may look at many rows: here they are as any other.
    fn aside(&self) -> &Sessions {
        &self.readers
    }

    /// The present, in epoch milliseconds.
    fn now(&self) -> i64 {
        self.shared.now()
    }

    /// Runs a write in a transaction of its own, to its end even if the caller is dropped. It is run again when it met another
    /// transaction on its way, so it must not matter that it was begun before.
    async fn write<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Clone + Send + Sync + 'static,
    {
        self.run(operation, Kept::Transaction, work).await
    }

    /// As above, for a write that locks the row that it decides on and then writes everything in one statement.
    async fn write_locked<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Clone + Send + Sync + 'static,
    {
        self.write(operation, work).await
    }

    /// As above, for a write that is one statement; where that finds nothing to do, others may read why. It needs no transaction.
    async fn write_one<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Clone + Send + Sync + 'static,
    {
        self.run(operation, Kept::Statement, work).await
    }

    /// As above, for a write that another engine may keep a little later. Here the server may stop while we go on: it has to be kept before we do.
    async fn write_soon<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Clone + Send + Sync + 'static,
    {
        self.write_one(operation, work).await
    }

    async fn run<T, F>(&self, operation: &'static str, kept: Kept, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Clone + Send + Sync + 'static,
    {
        if self.shared.closing.is_cancelled() {
            return Err(StoreError::Closed);
        }
        self.shared.writes.fetch_add(1, Ordering::Relaxed);
        let written = self.tasks.spawn(writer::run(Arc::clone(&self.shared), operation, kept, work));
        written.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// Says what is odd about the server, and finds out what it can do.
async fn look_at(mut conn: PgConnection, shared: &Shared) -> Result<(), sqlx::Error> {
    if shared.notifies.load(Ordering::Relaxed)
        && let Err(error) = sqlx::query(listen::TELL).execute(&mut conn).await
    {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the database passes no notifications on; other processes are heard of by polling"
        );
        shared.notifies.store(false, Ordering::Relaxed);
    }
    let stalls: bool = sqlx::query_scalar(STALLS).fetch_one(&mut conn).await?;
    shared.short_writes.store(stalls, Ordering::Relaxed);
    let fsync: String = sqlx::query_scalar("SELECT current_setting('fsync')").fetch_one(&mut conn).await?;
    if fsync != "on" {
        tracing::warn!("the database runs with fsync = {fsync}: what it took may be lost when its machine stops");
    }
    let there: i64 = sqlx::query_scalar("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint").fetch_one(&mut conn).await?;
    let apart = there - shared.now();
    if matches!(shared.clock, Clock::System) && apart.abs() > CLOCKS_APART_MS {
        tracing::warn!("the database's clock differs from this machine's by {apart} ms, which is allowed for: keep both in step");
        shared.ahead.store(apart, Ordering::Relaxed);
    }
    conn.close().await
}

/// Locks two orders, the one with the lower id first.
async fn lock_orders(tx: &mut Tx, operation: &'static str, orders: [&OrderId; 2]) -> Result<(), StoreError> {
    let ids: Vec<&str> = orders.iter().map(|order| order.as_str()).collect();
    sqlx::query("SELECT id FROM orders WHERE id = ANY ($1) ORDER BY id FOR UPDATE")
        .bind(ids)
        .execute(tx.conn())
        .await
        .map(drop)
        .map_err(during(operation))
}

/// Lets one write at a time decide on a table; it can be read meanwhile.
async fn lock_table(tx: &mut Tx, operation: &'static str, table: Locked) -> Result<(), StoreError> {
    let sql = match table {
        Locked::Revisions => "LOCK TABLE revisions IN SHARE ROW EXCLUSIVE MODE",
        Locked::ConnectionLeases => "LOCK TABLE connection_leases IN SHARE ROW EXCLUSIVE MODE",
    };
    sqlx::query(sql).execute(tx.conn()).await.map(drop).map_err(during(operation))
}

/// The others look at once for what they may take.
async fn tell_owners(tx: &mut Tx, operation: &'static str) -> Result<(), StoreError> {
    if !tx.tells() {
        return Ok(());
    }
    sqlx::query(listen::TELL_OWNERS).execute(tx.conn()).await.map(drop).map_err(during(operation))
}

/// Names the operation that a statement belonged to, and tells a store that failed from a statement that did.
fn during(operation: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
    move |source| {
        if is_store_failure(&source) {
            StoreError::Unavailable { operation, source: Arc::new(source.into()) }
        } else {
            StoreError::Query { operation, source: source.into() }
        }
    }
}

/// True when the store failed, and not the statement. Codes: <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn is_store_failure(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => database.code().is_some_and(|code| {
            // Connection, authorization, catalogue and resources gone; rolled back; stopped by an operator or a time-out; I/O.
            matches!(code.get(..2), Some("08" | "28" | "3D" | "40" | "53" | "57" | "58"))
                // A standby after a fail-over, a session left idle, a lock that was not to be had in time, damaged data.
                || matches!(&*code, "25006" | "25P03" | "55P03" | "XX001" | "XX002")
        }),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// True when two transactions met: the same once more finds the other's row and goes its way.
fn is_race(error: &StoreError) -> bool {
    let source = match error {
        StoreError::Query { source: DriverError::Postgres(source), .. } => source,
        StoreError::Unavailable { source, .. } => match &**source {
            DriverError::Postgres(source) => source,
            _ => return false,
        },
        StoreError::Contended { .. } => return true,
        _ => return false,
    };
    // Serialization failure, deadlock, and a row that another transaction inserted meanwhile.
    source.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| matches!(&*code, "40001" | "40P01" | "23505"))
}
