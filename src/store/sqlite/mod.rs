//! The embedded engine: one `SQLite` file in write-ahead mode with `synchronous=FULL` for all that is answered for, one writer with a thread of its own, a pool of readers.

mod checkpoint;
mod dialect;
mod door;
mod driver;
mod file;
mod migrate;
mod readers;
mod writer;

#[expect(clippy::duplicate_mod, reason = "each engine has its own copy, over its own driver")]
#[path = "../shared/mod.rs"]
mod shared;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::Sqlite as Db;
use self::driver::Row;
use self::file::{DatabaseFile, Identity};
use self::readers::{Aside, Readers};
use self::shared::Locked;
use self::writer::{Kept, Tx, Undone, Writer};
use super::error::DriverError;
use super::work::Work;
use super::{StoreError, WriterStats};
use crate::clock::Clock;
use crate::domain::ids::OrderId;

/// The engine.
#[derive(Debug)]
pub(super) struct Sqlite {
    file: DatabaseFile,
    writer: Writer,
    readers: Readers,
    shared: Arc<Shared>,
}

/// What the writer and the engine both hold.
#[derive(Debug)]
struct Shared {
    clock: Clock,
    /// Hears of commits that made orders due.
    work: Work,
    /// Fired when enough was written to fold the write-ahead log.
    checkpoint: Notify,
    /// The file, opened beside SQLite to bring it to the disk. Closing it takes all locks off it that the process has, those of SQLite too, so that it
    /// goes last. Of a file that was replaced, the locks are worth nothing.
    handle: Mutex<Option<(Identity, Arc<File>)>>,
    commits: AtomicU64,
    writes: AtomicU64,
    started: Instant,
    /// When the writer last opened its connection afresh, in milliseconds since `started`: read connections that are older may
    /// hold a file that is no longer at the path.
    reopened: AtomicU64,
}

impl Shared {
    fn millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The file at the path, which has this identity, opened beside SQLite.
    fn handle(&self, identity: Identity, path: &Path) -> io::Result<Arc<File>> {
        let mut kept = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((of, file)) if *of == identity => Ok(Arc::clone(file)),
            _ => {
                let file = Arc::new(File::open(path)?);
                *kept = Some((identity, Arc::clone(&file)));
                Ok(file)
            }
        }
    }

    fn readers_are_stale(&self) {
        self.reopened.store(self.millis() + 1, Ordering::SeqCst);
    }

    fn reopened(&self) -> u64 {
        self.reopened.load(Ordering::SeqCst)
    }
}

impl Sqlite {
    /// Opens the file, and makes it when it is missing.
    pub(super) fn open(url: &str, read_connections: u32, clock: Clock) -> Result<Self, StoreError> {
        let file = DatabaseFile::parse(url)?;
        let shared = Arc::new(Shared {
            clock,
            work: Work::new(),
            checkpoint: Notify::new(),
            handle: Mutex::default(),
            commits: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            started: Instant::now(),
            reopened: AtomicU64::new(0),
        });
        let writer = Writer::start(file.clone(), Arc::clone(&shared)).map_err(|source| StoreError::Open { url: url.to_owned(), source })?;
        let readers = Readers::new(file.clone(), Arc::clone(&shared), read_connections);
        Ok(Self { file, writer, readers, shared })
    }

    /// Lets the writer finish and closes the readers.
    pub(super) async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    /// Resolves when a commit made an order due before `until`.
    pub(super) async fn wait_for_work(&self, until: Timestamp) {
        self.shared.work.before(until.as_millisecond()).await;
    }

    /// A claim begins.
    fn looks_for_work(&self) {
        self.shared.work.looks();
    }

    /// Never: nobody else gives anything up.
    pub(super) async fn wait_for_release(&self) {
        std::future::pending::<()>().await;
    }

    /// What the writer has done since it was started.
    pub(super) fn writer_stats(&self) -> WriterStats {
        WriterStats { writes: self.shared.writes.load(Ordering::Relaxed), commits: self.shared.commits.load(Ordering::Relaxed) }
    }

    /// For reads that may look at many rows.
    fn aside(&self) -> Aside {
        self.readers.aside()
    }

    /// The present, in epoch milliseconds.
    fn now(&self) -> i64 {
        self.shared.clock.now().as_millisecond()
    }

    /// Runs a write in the writer's next transaction.
    async fn write<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        self.writer.write(operation, (Undone::Whole, Kept::Now), work).await
    }

    /// As above: what another engine makes one statement is several here.
    async fn write_locked<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        self.write(operation, work).await
    }

    /// As above, for a write that is one statement; where that finds nothing to do, others may read why.
    async fn write_one<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        self.writer.write(operation, (Undone::ByItself, Kept::Now), work).await
    }

    /// As above, for a write that may be forgotten when the machine stops, as long as nothing is kept that came after it.
    async fn write_soon<T, F>(&self, operation: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        self.writer.write(operation, (Undone::ByItself, Kept::Soon), work).await
    }
}

/// Names the operation that a statement belonged to, and tells a store that failed from a statement that did.
fn during(operation: &'static str) -> impl Fn(DriverError) -> StoreError {
    move |source| {
        if is_store_failure(&source) {
            StoreError::Unavailable { operation, source: Arc::new(source) }
        } else {
            StoreError::Query { operation, source }
        }
    }
}

/// True when the store failed, and not the statement. Primary result codes: <https://www.sqlite.org/rescode.html>
fn is_store_failure(error: &DriverError) -> bool {
    const PERM: i32 = 3;
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const NOMEM: i32 = 7;
    const READONLY: i32 = 8;
    const IOERR: i32 = 10;
    const CORRUPT: i32 = 11;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    const PROTOCOL: i32 = 15;
    const NOTADB: i32 = 26;
    match error {
        DriverError::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => {
            // The extended code holds the primary one in its low byte.
            let code = failure.extended_code & 0xff;
            matches!(code, PERM | BUSY | LOCKED | NOMEM | READONLY | IOERR | CORRUPT | FULL | CANTOPEN | PROTOCOL | NOTADB)
        }
        DriverError::Io(_) | DriverError::NoneFree(_) | DriverError::Closed => true,
        _ => false,
    }
}

/// A transaction that writes shuts all others out: nothing to lock.
async fn lock_orders(_tx: &mut Tx, _operation: &'static str, _orders: [&OrderId; 2]) -> Result<(), StoreError> {
    Ok(())
}

/// As above.
async fn lock_table(_tx: &mut Tx, _operation: &'static str, _table: Locked) -> Result<(), StoreError> {
    Ok(())
}

/// There is nobody else.
async fn tell_owners(_tx: &mut Tx, _operation: &'static str) -> Result<(), StoreError> {
    Ok(())
}
