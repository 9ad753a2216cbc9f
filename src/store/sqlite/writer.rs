//! The one writer. Every write of the process goes through this task and its connection: it takes whatever waits (receives and
//! other writes alike, first come, first served, so neither starves the other), runs it in one `BEGIN IMMEDIATE … COMMIT`, and
//! only then answers. One `fsync` serves everybody who waited.
//!
//! - A write that fails by itself is undone by its savepoint, and its neighbours are committed.
//! - When the store fails (full, locked, gone, I/O), the whole batch is undone and each caller hears `Unavailable`.
//!   The connection is thrown away and the next batch opens a fresh one, which is known to be in no transaction.
//! - Once a write has been queued it runs to its end, whether or not its caller still waits.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Shared;
use super::checkpoint;
use super::door::{self, Framed};
use super::file::{DatabaseFile, Identity};
use crate::store::batch::{Arrival, RECEIVE};
use crate::store::ids::RowIds;
use crate::store::{Received, StoreError};

/// How many writes share a commit at the most.
const BATCH: usize = 256;
/// How many writes may wait; further callers wait to be queued.
const QUEUE: usize = 1024;

const BEGIN: &str = "BEGIN IMMEDIATE";
/// What comes next can be undone alone,
const GUARD: &str = "SAVEPOINT job";
/// stays,
const KEEP: &str = "RELEASE job";
/// or is undone.
const UNDO: &str = "ROLLBACK TO job; RELEASE job";

/// What a write works with: the connection inside its transaction, and the time and ids of the batch.
pub(super) struct Tx {
    /// The write connection.
    conn: SqliteConnection,
    /// The time of the batch, in epoch milliseconds.
    pub(super) now: i64,
    /// Set by a write that made an order due: the commit then wakes the workers.
    pub(super) wake: bool,
    /// The write under way has opened the savepoint that undoes it.
    guarded: bool,
    ids: RowIds,
    identity: Identity,
}

impl Tx {
    /// The connection, for a statement.
    pub(super) fn conn(&mut self) -> &mut SqliteConnection {
        &mut self.conn
    }

    /// The connection, for several statements that travel together: the first of them opens the savepoint `job`, the last releases it.
    pub(super) fn guarded(&mut self) -> &mut SqliteConnection {
        self.guarded = true;
        &mut self.conn
    }

    /// Ends the transaction.
    pub(super) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query("COMMIT").execute(&mut self.conn).await.map(drop)
    }

    /// A new id of one of our rows: later ids sort after earlier ones.
    pub(super) fn new_id(&mut self) -> String {
        self.ids.next(self.now).to_string()
    }
}

/// Sends writes to the writer task.
#[derive(Debug)]
pub(super) struct Writer {
    commands: mpsc::Sender<Command>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

enum Command {
    Receive(Box<Arrival>, oneshot::Sender<Result<Received, StoreError>>),
    Write(Box<dyn Job>),
}

/// What undoes a write that fails by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undone {
    /// A savepoint around all of it.
    Whole,
    /// A statement undoes itself. What travels as several says so: [`Tx::guarded`].
    ByItself,
}

/// A write other than a receive, with its caller's channel.
trait Job: Send {
    fn undone(&self) -> Undone;
    fn run<'c>(&'c mut self, tx: &'c mut Tx) -> BoxFuture<'c, Ran>;
    fn answer(self: Box<Self>, broken: Option<&Arc<sqlx::Error>>);
}

/// How a write ended before the commit.
enum Ran {
    /// It stays.
    Done,
    /// It failed by itself: only what it wrote is undone.
    Undo,
    /// The store failed under it: nothing of the batch can be trusted.
    Broken(Arc<sqlx::Error>),
}

struct Work<T, F> {
    operation: &'static str,
    undone: Undone,
    body: Option<F>,
    result: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Send,
{
    fn undone(&self) -> Undone {
        self.undone
    }

    fn run<'c>(&'c mut self, tx: &'c mut Tx) -> BoxFuture<'c, Ran> {
        Box::pin(async move {
            let Some(work) = self.body.take() else { return Ran::Undo };
            match work(tx).await {
                Err(StoreError::Unavailable { source, .. }) => Ran::Broken(source),
                result => {
                    let ran = if result.is_ok() { Ran::Done } else { Ran::Undo };
                    self.result = Some(result);
                    ran
                }
            }
        })
    }

    fn answer(self: Box<Self>, broken: Option<&Arc<sqlx::Error>>) {
        let answer = match (broken, self.result) {
            (Some(source), _) => Err(StoreError::Unavailable { operation: self.operation, source: Arc::clone(source) }),
            (None, Some(result)) => result,
            (None, None) => Err(StoreError::Closed),
        };
        // The caller may have gone: what it asked for was done all the same.
        drop(self.caller.send(answer));
    }
}

impl Writer {
    /// Opens the write connection, making the file if need be, and starts the task.
    pub(super) async fn start(file: DatabaseFile, shared: Arc<Shared>) -> Result<Self, sqlx::Error> {
        let (commands, waiting) = mpsc::channel(QUEUE);
        let mut task = Task { tx: None, file, shared, opened_before: false, not_folded: 0 };
        task.open().await?;
        let closing = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(checkpoint::run(task.file.clone(), Arc::clone(&task.shared), closing.clone()));
        tasks.spawn(task.run(waiting, closing.clone()));
        tasks.close();
        Ok(Self { commands, closing, tasks })
    }

    /// Commits an arrival, together with those that wait beside it.
    pub(super) async fn receive(&self, arrival: Arrival) -> Result<Received, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.send(Command::Receive(Box::new(arrival), caller)).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Runs a write inside the next batch.
    pub(super) async fn write<T, F>(&self, operation: &'static str, undone: Undone, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        self.send(Command::Write(Box::new(Work { operation, undone, body: Some(work), result: None, caller }))).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }

    async fn send(&self, command: Command) -> Result<(), StoreError> {
        self.commands.send(command).await.ok().ok_or(StoreError::Closed)
    }

    /// Lets everything that is queued be committed, then closes the connection.
    pub(super) async fn close(&self) {
        self.closing.cancel();
        self.tasks.wait().await;
    }
}

struct Task {
    tx: Option<Tx>,
    file: DatabaseFile,
    shared: Arc<Shared>,
    opened_before: bool,
    /// Writes since the last checkpoint was asked for.
    not_folded: u64,
}

type Receives = Vec<(Box<Arrival>, oneshot::Sender<Result<Received, StoreError>>)>;

impl Task {
    async fn run(mut self, mut waiting: mpsc::Receiver<Command>, closing: CancellationToken) {
        // Also where the task panics: who waits for the end is not to wait for ever.
        let _closed = self.shared.closed.clone().drop_guard();
        let mut commands = Vec::with_capacity(BATCH);
        let mut closed = false;
        loop {
            tokio::select! {
                taken = waiting.recv_many(&mut commands, BATCH) => {
                    if taken == 0 {
                        break;
                    }
                    self.batch(&mut commands).await;
                }
                () = closing.cancelled(), if !closed => {
                    closed = true;
                    waiting.close();
                }
            }
        }
        if let Some(tx) = self.tx.take()
            && let Err(error) = tx.conn.close().await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the write connection did not close in order");
        }
    }

    async fn batch(&mut self, commands: &mut Vec<Command>) {
        let mut receives: Receives = Vec::new();
        let mut jobs = Vec::new();
        for command in commands.drain(..) {
            match command {
                Command::Receive(arrival, caller) => receives.push((arrival, caller)),
                Command::Write(job) => jobs.push(job),
            }
        }
        let (arrivals, callers): (Vec<_>, Vec<_>) = receives.into_iter().unzip();
        let writes = (arrivals.len() + jobs.len()) as u64;
        self.shared.writes.fetch_add(writes, Ordering::Relaxed);
        self.not_folded += writes;
        if self.not_folded >= checkpoint::WRITES {
            self.not_folded = 0;
            self.shared.checkpoint.notify_one();
        }
        match self.commit(&arrivals, &mut jobs).await {
            Ok(answers) => {
                for (caller, answer) in callers.into_iter().zip(answers) {
                    drop(caller.send(answer));
                }
                for job in jobs {
                    job.answer(None);
                }
            }
            Err(source) => {
                self.discard().await;
                for caller in callers {
                    drop(caller.send(Err(StoreError::Unavailable { operation: RECEIVE, source: Arc::clone(&source) })));
                }
                for job in jobs {
                    job.answer(Some(&source));
                }
            }
        }
    }

    /// One transaction. An error is a failure of the store: nothing was written, or nobody can know that it was.
    async fn commit(
        &mut self,
        arrivals: &[Box<Arrival>],
        jobs: &mut [Box<dyn Job>],
    ) -> Result<Vec<Result<Received, StoreError>>, Arc<sqlx::Error>> {
        let now = self.shared.clock.now().as_millisecond();
        let tx = self.open().await?;
        tx.now = now;
        tx.wake = false;
        let received = if arrivals.is_empty() {
            statement(tx, BEGIN).await?;
            Vec::new()
        } else {
            receive(tx, arrivals, jobs.is_empty()).await?
        };
        if !jobs.is_empty() {
            for job in jobs {
                write(tx, job.as_mut()).await?;
            }
            tx.commit().await.map_err(Arc::new)?;
        }
        let (wake, identity) = (tx.wake, tx.identity);
        // A file that was deleted or replaced takes commits without a word, and they are gone with it: look before answering.
        let still = self.file.identity().map_err(|error| Arc::new(sqlx::Error::Io(error)))?;
        if still != identity {
            let path = self.file.path().display();
            return Err(Arc::new(sqlx::Error::Io(std::io::Error::other(format!("the file {path} was replaced while it was open")))));
        }
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        if wake {
            self.shared.work.notify_one();
        }
        Ok(received)
    }

    /// The connection, opened afresh if the last batch failed.
    async fn open(&mut self) -> Result<&mut Tx, sqlx::Error> {
        let tx = if let Some(tx) = self.tx.take() {
            tx
        } else {
            let mut conn = self.file.writer(!self.opened_before).connect().await?;
            // SQLite opens the file at the first read.
            sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&mut conn).await?;
            let identity = self.file.identity().map_err(sqlx::Error::Io)?;
            if self.opened_before {
                self.shared.readers_are_stale();
            }
            self.opened_before = true;
            Tx { conn, now: 0, wake: false, guarded: false, ids: RowIds::default(), identity }
        };
        Ok(self.tx.insert(tx))
    }

    /// Undoes the batch and drops the connection.
    async fn discard(&mut self) {
        let Some(mut tx) = self.tx.take() else { return };
        // SQLite may have rolled back by itself (full, I/O): then this fails, which says what we want to hear.
        drop(statement(&mut tx, "ROLLBACK").await);
        if let Err(error) = tx.conn.close().await {
            tracing::debug!(error = &error as &dyn std::error::Error, "the failed write connection did not close in order");
        }
    }
}

/// Begins the transaction and stores the arrivals; commits where nothing else is to be written.
async fn receive(tx: &mut Tx, arrivals: &[Box<Arrival>], commits: bool) -> Result<Vec<Result<Received, StoreError>>, Arc<sqlx::Error>> {
    match door::receive(tx, arrivals, Framed { begins: true, commits }).await {
        Ok(received) => Ok(received),
        Err(StoreError::Unavailable { source, .. }) => Err(source),
        Err(_) => {
            let received = one_by_one(tx, arrivals).await?;
            if commits {
                tx.commit().await.map_err(Arc::new)?;
            }
            Ok(received)
        }
    }
}

/// A statement failed for what one of the arrivals holds: start over and give each its own savepoint, so that only that one fails.
async fn one_by_one(tx: &mut Tx, arrivals: &[Box<Arrival>]) -> Result<Vec<Result<Received, StoreError>>, Arc<sqlx::Error>> {
    statement(tx, "ROLLBACK").await?;
    statement(tx, BEGIN).await?;
    let mut answers = Vec::with_capacity(arrivals.len());
    for arrival in arrivals.chunks(1) {
        statement(tx, GUARD).await?;
        match door::receive(tx, arrival, Framed { begins: false, commits: false }).await {
            Ok(received) => {
                answers.extend(received);
                statement(tx, KEEP).await?;
            }
            Err(StoreError::Unavailable { source, .. }) => return Err(source),
            Err(error) => {
                statement(tx, UNDO).await?;
                answers.push(Err(error));
            }
        }
    }
    Ok(answers)
}

/// Runs one write. If it fails by itself, it is as if it had never been.
async fn write(tx: &mut Tx, job: &mut dyn Job) -> Result<(), Arc<sqlx::Error>> {
    let whole = job.undone() == Undone::Whole;
    tx.guarded = false;
    if whole {
        statement(tx, GUARD).await?;
    }
    match job.run(tx).await {
        Ran::Done if whole => statement(tx, KEEP).await,
        Ran::Undo if whole || tx.guarded => statement(tx, UNDO).await,
        Ran::Done | Ran::Undo => Ok(()),
        Ran::Broken(source) => Err(source),
    }
}

async fn statement(tx: &mut Tx, sql: &'static str) -> Result<(), Arc<sqlx::Error>> {
    sqlx::query(sql).execute(&mut tx.conn).await.map(drop).map_err(Arc::new)
}
