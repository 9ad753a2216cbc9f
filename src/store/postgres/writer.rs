//! Short transactions.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::Executor as _;
use sqlx::postgres::PgConnection;

use super::sessions::{Session, Sessions};
use super::{Shared, during, is_race};
use crate::store::StoreError;
use crate::store::work::NEVER;

/// How long a transaction may take, with the wait for its connection: a server that does not even answer is noticed here.
pub(super) const LIMIT: Duration = Duration::from_secs(6);
/// How often a transaction that met another one is tried.
pub(super) const TRIES: usize = 4;

/// What a write works with: a session, mostly inside a transaction, and the time of the write.
#[derive(Debug)]
pub(super) struct Tx {
    session: Session,
    shared: Arc<Shared>,
    /// The time, in epoch milliseconds.
    pub(super) now: i64,
    /// Set by a write that made orders due, to the time of the first: the commit then wakes the workers, here and elsewhere.
    pub(super) due: i64,
    /// A transaction was begun.
    begun: bool,
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
    pub(super) async fn begin(sessions: &Sessions, shared: &Arc<Shared>) -> Result<Self, sqlx::Error> {
        let mut tx = Self::single(sessions, shared).await?;
        match tx.enter().await {
            // The session was lost while it rested, and nothing was done yet.
            Err(sqlx::Error::Io(_)) if tx.session.kept_before => {
                drop(tx);
                let mut tx = Self::single(sessions, shared).await?;
                tx.enter().await?;
                Ok(tx)
            }
            entered => entered.map(|()| tx),
        }
    }

    /// A session in no transaction: each statement is committed by itself.
    pub(super) async fn single(sessions: &Sessions, shared: &Arc<Shared>) -> Result<Self, sqlx::Error> {
        let session = sessions.take().await?;
        Ok(Self { session, shared: Arc::clone(shared), now: shared.now(), due: NEVER, begun: false })
    }

    /// From here on the statements are one transaction, if they are not yet.
    pub(super) async fn enter(&mut self) -> Result<(), sqlx::Error> {
        if !self.begun {
            self.conn().execute("BEGIN").await?;
            self.begun = true;
        }
        Ok(())
    }

    /// The connection, for a statement.
    pub(super) fn conn(&mut self) -> &mut PgConnection {
        &mut self.session
    }

    /// A new id of one of our rows: later ids sort after earlier ones.
    pub(super) fn new_id(&self) -> String {
        self.shared.new_id(self.now)
    }

    /// Ends the transaction, if one was begun. After an error nobody knows whether it was committed.
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.begun {
            self.conn().execute("COMMIT").await?;
        }
        self.session.keep();
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        self.shared.work.is_due(self.due);
        if self.due != NEVER && self.tells() {
            self.shared.untold.notify_one();
        }
        Ok(())
    }

    /// True when long statements would stall on their way.
    pub(super) fn short_writes(&self) -> bool {
        self.shared.short_writes.load(Ordering::Relaxed)
    }

    /// True when commits are told to other processes.
    pub(super) fn tells(&self) -> bool {
        self.shared.notifies.load(Ordering::Relaxed)
    }

    /// Undoes everything since the transaction was begun.
    pub(super) async fn roll_back(mut self) {
        if !self.begun {
            self.session.keep_if_it_lives().await;
        } else if self.conn().execute("ROLLBACK").await.is_ok() {
            self.session.keep();
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
    match work(&mut tx).await {
        Ok(value) => tx.commit().await.map(|()| value).map_err(during(operation)),
        Err(error) => {
            tx.roll_back().await;
            Err(error)
        }
    }
}

/// The server did not answer in time.
pub(super) fn too_late(operation: &'static str, late: tokio::time::error::Elapsed) -> StoreError {
    let source = sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, late));
    StoreError::Unavailable { operation, source: Arc::new(source.into()) }
}
