//! Short transactions.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::Executor as _;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgPool, Postgres};

use super::{Shared, during, is_race, listen};
use crate::store::StoreError;

/// How long a transaction may take, with the wait for its connection: a server that does not even answer is noticed here.
pub(super) const LIMIT: Duration = Duration::from_secs(6);
/// How often a transaction that met another one is tried.
pub(super) const TRIES: usize = 4;

/// What a write works with: a connection inside a transaction, and the time of the write.
#[derive(Debug)]
pub(super) struct Tx {
    conn: PoolConnection<Postgres>,
    shared: Arc<Shared>,
    /// The time, in epoch milliseconds.
    pub(super) now: i64,
    /// Set by a write that made an order due: the commit then wakes the workers, here and elsewhere.
    pub(super) wake: bool,
    /// The session is in no transaction.
    ended: bool,
}

/// How a write is kept together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// By a transaction.
    Transaction,
    /// By itself: it is one statement.
    Statement,
}

impl Tx {
    /// Begins a transaction.
    pub(super) async fn begin(pool: &PgPool, shared: &Arc<Shared>) -> Result<Self, sqlx::Error> {
        let mut tx = Self::single(pool, shared).await?;
        tx.conn().execute("BEGIN").await?;
        Ok(tx)
    }

    /// A connection in no transaction: each statement is committed by itself, and wakes nobody.
    async fn single(pool: &PgPool, shared: &Arc<Shared>) -> Result<Self, sqlx::Error> {
        let conn = pool.acquire().await?;
        Ok(Self { conn, shared: Arc::clone(shared), now: shared.now(), wake: false, ended: false })
    }

    /// The connection, for a statement.
    pub(super) fn conn(&mut self) -> &mut PgConnection {
        &mut self.conn
    }

    /// A new id of one of our rows: later ids sort after earlier ones.
    pub(super) fn new_id(&self) -> String {
        self.shared.new_id(self.now)
    }

    /// Ends the transaction. After an error nobody knows whether it was committed.
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        let tells = self.wake && self.tells();
        self.conn().execute(if tells { listen::TELL_AND_COMMIT } else { "COMMIT" }).await?;
        self.ended = true;
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        if self.wake {
            self.shared.work.notify_one();
        }
        Ok(())
    }

    /// True when commits tell other processes.
    pub(super) fn tells(&self) -> bool {
        self.shared.notifies.load(Ordering::Relaxed)
    }

    /// Undoes everything.
    pub(super) async fn roll_back(mut self) {
        self.ended = self.conn().execute("ROLLBACK").await.is_ok();
    }
}

impl Drop for Tx {
    /// A session that was left in the middle is not used again: closing it rolls back.
    fn drop(&mut self) {
        if !self.ended {
            self.conn.close_on_drop();
        }
    }
}

/// Runs a write, and once more when it met another one.
pub(super) async fn run<T, F>(shared: Arc<Shared>, operation: &'static str, kept: Kept, work: F) -> Result<T, StoreError>
where
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Clone + Sync,
{
    let tries = async {
        let mut tried = 1;
        loop {
            let tried_once = match kept {
                Kept::Transaction => in_transaction(&shared, operation, work.clone()).await,
                Kept::Statement => by_itself(&shared, operation, work.clone()).await,
            };
            let error = match tried_once {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if tried == TRIES || !is_race(&error) {
                return Err(error);
            }
            tried += 1;
        }
    };
    tokio::time::timeout(LIMIT, tries).await.unwrap_or_else(|late| Err(too_late(operation, late)))
}

async fn in_transaction<T, F>(shared: &Arc<Shared>, operation: &'static str, work: F) -> Result<T, StoreError>
where
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>>,
{
    let mut tx = Tx::begin(&shared.writers, shared).await.map_err(during(operation))?;
    match work(&mut tx).await {
        Ok(value) => tx.commit().await.map(|()| value).map_err(during(operation)),
        Err(error) => {
            tx.roll_back().await;
            Err(error)
        }
    }
}

async fn by_itself<T, F>(shared: &Arc<Shared>, operation: &'static str, work: F) -> Result<T, StoreError>
where
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>>,
{
    let mut tx = Tx::single(&shared.writers, shared).await.map_err(during(operation))?;
    let written = work(&mut tx).await;
    tx.ended = true;
    shared.commits.fetch_add(1, Ordering::Relaxed);
    written
}

/// The server did not answer in time.
pub(super) fn too_late(operation: &'static str, late: tokio::time::error::Elapsed) -> StoreError {
    let source = sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, late));
    StoreError::Unavailable { operation, source: Arc::new(source.into()) }
}
