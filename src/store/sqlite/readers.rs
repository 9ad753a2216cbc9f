//! Connections that only read.
//!
//! A read of a few rows by an index takes less time than handing it to another thread and back, so it is done on the spot. What may look at many rows goes
//! [`Readers::aside`], to a thread that may wait for the disk.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::driver::{Conn, Executor, Query};
use super::file::DatabaseFile;
use super::{Shared, is_store_failure};
use crate::store::error::DriverError;

/// How long a read waits for a connection.
const ACQUIRE: Duration = Duration::from_secs(5);

/// The connections; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    pool: Arc<Pool>,
    /// As many as may be in use at once.
    permits: Arc<Semaphore>,
    most: u32,
}

#[derive(Debug)]
struct Pool {
    file: DatabaseFile,
    /// Before what is shared, and dropped before it: the file's handle goes last.
    free: Mutex<Vec<Reader>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Reader {
    conn: Conn,
    /// When it was opened, in the writer's time.
    opened: u64,
}

/// Reads that may look at many rows.
#[derive(Debug)]
pub(super) struct Aside(Readers);

impl Readers {
    /// Opens nothing yet.
    pub(super) fn new(file: DatabaseFile, shared: Arc<Shared>, most: u32) -> Self {
        let most = most.clamp(1, 1024);
        let pool = Pool { file, shared, free: Mutex::default() };
        Self { pool: Arc::new(pool), permits: Arc::new(Semaphore::new(most as usize)), most }
    }

    /// For reads that may look at many rows.
    pub(super) fn aside(&self) -> Aside {
        Aside(self.clone())
    }

    /// Lets the reads under way end, and closes the connections.
    pub(super) async fn close(&self) {
        let all = self.permits.acquire_many(self.most).await;
        self.permits.close();
        self.pool.free().clear();
        drop(all);
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, DriverError> {
        match tokio::time::timeout(ACQUIRE, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(permit) => permit.ok().ok_or(DriverError::Closed),
            Err(_) => Err(DriverError::NoneFree(ACQUIRE)),
        }
    }
}

impl Pool {
    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Reader>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a read on a connection of the pool. Connections that are older than the writer's may hold a file that is no longer at the path, and one
    /// under which the store failed is not trusted again.
    fn run<T>(&self, _permit: &OwnedSemaphorePermit, read: impl FnOnce(&mut Conn) -> Result<T, DriverError>) -> Result<T, DriverError> {
        let fresh = self.shared.reopened();
        let there = loop {
            match self.free().pop() {
                Some(reader) if reader.opened < fresh => drop(reader),
                there => break there,
            }
        };
        let mut reader = if let Some(reader) = there {
            reader
        } else {
            let opened = self.shared.millis();
            Reader { conn: self.file.reader()?, opened }
        };
        let result = read(&mut reader.conn);
        if !matches!(&result, Err(error) if is_store_failure(error)) {
            self.free().push(reader);
        }
        result
    }
}

impl Executor for &Readers {
    async fn run<T: Send + 'static>(
        self,
        query: Query<'_>,
        step: fn(&mut Conn, &Query<'_>) -> Result<T, DriverError>,
    ) -> Result<T, DriverError> {
        let permit = self.permit().await?;
        self.pool.run(&permit, |conn| step(conn, &query))
    }
}

impl Executor for Aside {
    async fn run<T: Send + 'static>(
        self,
        query: Query<'_>,
        step: fn(&mut Conn, &Query<'_>) -> Result<T, DriverError>,
    ) -> Result<T, DriverError> {
        let permit = self.0.permit().await?;
        let (pool, query) = (self.0.pool, query.into_owned());
        let read = tokio::task::spawn_blocking(move || pool.run(&permit, |conn| step(conn, &query)));
        read.await.map_err(|ended| DriverError::Io(std::io::Error::other(ended)))?
    }
}
