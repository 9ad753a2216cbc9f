//! The one writer. Every write of the process goes through this thread and its connection: it takes whatever waits (receives and
//! other writes alike, first come, first served, so neither starves the other), runs it in one `BEGIN IMMEDIATE … COMMIT`, and
//! only then answers. One `fsync` serves everybody who waited.
//!
//! - A write that fails by itself is undone, by its savepoint where it is more than one statement, and its neighbours are committed.
//! - When the store fails (full, locked, gone, I/O), the whole batch is undone and each caller hears `Unavailable`.
//!   The connection is thrown away and the next batch opens a fresh one, which is known to be in no transaction.
//! - Once a write has been queued it runs to its end, whether or not its caller still waits.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::Shared;
use super::checkpoint;
use super::door;
use super::driver::Conn;
use super::file::{DatabaseFile, Identity};
use crate::store::batch::{Arrival, RECEIVE};
use crate::store::error::DriverError;
use crate::store::ids::RowIds;
use crate::store::work::NEVER;
use crate::store::{Received, StoreError};

/// How many writes share a commit at the most.
const BATCH: usize = 256;
/// So many in a batch are a crowd, whose writes are folded in larger lots.
pub(super) const CROWD: usize = 16;
/// So many arrivals in each of two batches are company: where the next would begin with fewer than the last one had, the others are a moment behind,
const COMPANY: usize = 3;
/// and are waited for. Each commit writes whole pages, which a larger batch shares; what they are spared is more than what they wait. Senders who
/// all wait for an answer come back together, so that they are not waited for in vain; and passes go on one after another, so that a wait for
/// them would only be one.
const GATHER: Duration = Duration::from_micros(300);
/// How many writes may wait; further callers wait to be queued.
const QUEUE: usize = 1024;

const BEGIN: &str = "BEGIN IMMEDIATE";
const COMMIT: &str = "COMMIT";
const ROLL_BACK: &str = "ROLLBACK";
/// What comes next can be undone alone,
const GUARD: &str = "SAVEPOINT job";
/// stays,
const KEEP: &str = "RELEASE job";
/// or is undone.
const UNDO: &str = "ROLLBACK TO job";

/// What a write works with: the connection inside its transaction, and the time and ids of the batch.
pub(super) struct Tx {
    /// The write connection.
    conn: Conn,
    /// The time of the batch, in epoch milliseconds.
    pub(super) now: i64,
    /// Set by a write that made orders due, to the time of the first: the commit then wakes the workers.
    pub(super) due: i64,
    ids: RowIds,
    identity: Identity,
    /// What commits do as the connection is set.
    flushes: Kept,
}

impl Tx {
    /// The connection, for a statement.
    pub(super) fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    /// Sets what the next commit does.
    fn flush(&mut self, kept: Kept) -> Result<(), DriverError> {
        if self.flushes != kept {
            self.conn.batch(match kept {
                Kept::Now => "PRAGMA synchronous = FULL",
                Kept::Soon => "PRAGMA synchronous = NORMAL",
            })?;
            self.flushes = kept;
        }
        Ok(())
    }

    /// A new id of one of our rows: later ids sort after earlier ones.
    pub(super) fn new_id(&mut self) -> String {
        self.ids.next(self.now).to_string()
    }
}

/// Sends writes to the writer.
#[derive(Debug)]
pub(super) struct Writer {
    commands: mpsc::Sender<Command>,
    closing: CancellationToken,
    tasks: TaskTracker,
    /// A store that is dropped and not closed ends its tasks too.
    _closing: DropGuard,
}

/// What became of an arrival, and the arrival itself: whoever made it drops it, on the thread that its memory is of.
type Answer = (Result<Received, StoreError>, Box<Arrival>);

enum Command {
    Receive(Box<Arrival>, oneshot::Sender<Answer>),
    Write(Box<dyn Job>),
}

/// When a write reaches the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// Before its caller hears of it.
    Now,
    /// With the next write that is kept at once. Until then a machine that stops may forget it, a program that stops does not.
    Soon,
}

/// What undoes a write that fails by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undone {
    /// A savepoint around all of it.
    Whole,
    /// Its one statement undoes itself.
    ByItself,
}

/// What a write needs.
pub(super) type Needs = (Undone, Kept);

/// A write other than a receive, with its caller's channel.
trait Job: Send {
    fn needs(&self) -> Needs;
    fn run<'c>(&'c mut self, tx: &'c mut Tx) -> BoxFuture<'c, Ran>;
    fn answer(self: Box<Self>, broken: Option<&Arc<DriverError>>);
}

/// How a write ended before the commit.
enum Ran {
    /// It stays.
    Done,
    /// It failed by itself: only what it wrote is undone.
    Undo,
    /// The store failed under it: nothing of the batch can be trusted.
    Broken(Arc<DriverError>),
}

struct Work<T, F> {
    operation: &'static str,
    needs: Needs,
    body: Option<F>,
    result: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Send,
{
    fn needs(&self) -> Needs {
        self.needs
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

    fn answer(self: Box<Self>, broken: Option<&Arc<DriverError>>) {
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
    /// Opens the write connection, making the file if need be, and starts the thread.
    pub(super) fn start(file: DatabaseFile, shared: Arc<Shared>) -> Result<Self, DriverError> {
        let (commands, waiting) = mpsc::channel(QUEUE);
        let mut task = Task { tx: None, file, shared, opened_before: false, not_folded: 0, arrivals: [0; 2] };
        task.open()?;
        let closing = CancellationToken::new();
        let tasks = TaskTracker::new();
        tasks.spawn(checkpoint::run(task.file.clone(), Arc::clone(&task.shared), closing.clone()));
        // A thread and not a task: what it does is SQLite's work and the disk's, and nothing that it awaits but its queue makes it wait.
        let (runtime, running, closed) = (Handle::current(), tasks.token(), closing.clone());
        std::thread::Builder::new().name("sqlite-writer".to_owned()).spawn(move || {
            let _running = running;
            runtime.block_on(task.run(waiting, closed));
        })?;
        tasks.close();
        Ok(Self { commands, _closing: closing.clone().drop_guard(), closing, tasks })
    }

    /// Commits an arrival, together with those that wait beside it.
    pub(super) async fn receive(&self, arrival: Arrival) -> Result<Received, StoreError> {
        let (caller, answer) = oneshot::channel();
        self.send(Command::Receive(Box::new(arrival), caller)).await?;
        answer.await.map_or(Err(StoreError::Closed), |(received, _)| received)
    }

    /// Runs a write inside the next batch.
    pub(super) async fn write<T, F>(&self, operation: &'static str, needs: Needs, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        self.send(Command::Write(Box::new(Work { operation, needs, body: Some(work), result: None, caller }))).await?;
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
    /// How many arrivals the last two batches had, the older one first.
    arrivals: [usize; 2],
    /// Writes since the last checkpoint was asked for.
    not_folded: usize,
}

impl Task {
    async fn run(mut self, mut waiting: mpsc::Receiver<Command>, closing: CancellationToken) {
        let mut commands = Vec::with_capacity(BATCH);
        let mut closed = false;
        loop {
            tokio::select! {
                taken = waiting.recv_many(&mut commands, BATCH) => {
                    if taken == 0 {
                        break;
                    }
                    let [before, last] = self.arrivals;
                    if before.min(last) >= COMPANY && arrivals(&commands) < last {
                        // On a thread of our own: nobody else waits for it.
                        std::thread::sleep(GATHER);
                        while commands.len() < BATCH && let Ok(command) = waiting.try_recv() {
                            commands.push(command);
                        }
                    }
                    self.arrivals = [last, arrivals(&commands)];
                    self.batch(&mut commands).await;
                }
                () = closing.cancelled(), if !closed => {
                    closed = true;
                    waiting.close();
                }
            }
        }
        if let Some(tx) = self.tx.take()
            && let Err(error) = tx.conn.close()
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "the write connection did not close in order");
        }
    }

    async fn batch(&mut self, commands: &mut Vec<Command>) {
        let (mut arrivals, mut callers, mut jobs) = (Vec::new(), Vec::new(), Vec::new());
        for command in commands.drain(..) {
            match command {
                Command::Receive(arrival, caller) => {
                    arrivals.push(arrival);
                    callers.push(caller);
                }
                Command::Write(job) => jobs.push(job),
            }
        }
        let writes = arrivals.len() + jobs.len();
        self.shared.writes.fetch_add(writes as u64, Ordering::Relaxed);
        self.not_folded += writes;
        let folds = self.not_folded >= checkpoint::enough(writes, arrivals.len());
        match self.commit(&arrivals, &mut jobs).await {
            Ok((answers, due)) => {
                for ((caller, answer), arrival) in callers.into_iter().zip(answers).zip(arrivals) {
                    drop(caller.send((answer, arrival)));
                }
                for job in jobs {
                    job.answer(None);
                }
                // Whoever waits for an answer comes before the work that it makes.
                self.shared.work.is_due(due);
            }
            Err(source) => {
                self.discard();
                for (caller, arrival) in callers.into_iter().zip(arrivals) {
                    let error = StoreError::Unavailable { operation: RECEIVE, source: Arc::clone(&source) };
                    drop(caller.send((Err(error), arrival)));
                }
                for job in jobs {
                    job.answer(Some(&source));
                }
            }
        }
        if folds {
            self.not_folded = 0;
            self.shared.checkpoint.notify_one();
        }
    }

    /// One transaction. An error is a failure of the store: nothing was written, or nobody can know that it was.
    async fn commit(
        &mut self,
        arrivals: &[Box<Arrival>],
        jobs: &mut [Box<dyn Job>],
    ) -> Result<(Vec<Result<Received, StoreError>>, i64), Arc<DriverError>> {
        let now = self.shared.clock.now().as_millisecond();
        let tx = self.open()?;
        tx.now = now;
        tx.due = NEVER;
        let at_once = !arrivals.is_empty() || jobs.iter().any(|job| job.needs().1 == Kept::Now);
        tx.flush(if at_once { Kept::Now } else { Kept::Soon })?;
        tx.conn.statement(BEGIN)?;
        let received = if arrivals.is_empty() { Vec::new() } else { receive(tx, arrivals).await? };
        for job in jobs {
            write(tx, job.as_mut()).await?;
        }
        tx.conn.statement(COMMIT)?;
        let (due, identity) = (tx.due, tx.identity);
        // A file that was deleted or replaced takes commits without a word, and they are gone with it: look before answering.
        let still = self.file.identity().map_err(|error| Arc::new(DriverError::Io(error)))?;
        if still != identity {
            let path = self.file.path().display();
            return Err(Arc::new(DriverError::Io(std::io::Error::other(format!("the file {path} was replaced while it was open")))));
        }
        self.shared.commits.fetch_add(1, Ordering::Relaxed);
        Ok((received, due))
    }

    /// The connection, opened afresh if the last batch failed.
    fn open(&mut self) -> Result<&mut Tx, DriverError> {
        let tx = if let Some(tx) = self.tx.take() {
            tx
        } else {
            let before = if self.opened_before { Some(self.file.identity()?) } else { None };
            let conn = self.file.writer(!self.opened_before)?;
            let identity = self.file.identity()?;
            if before.is_some_and(|before| before != identity) {
                return Err(DriverError::Io(std::io::Error::other("the file was replaced while it was opened")));
            }
            if self.opened_before {
                self.shared.readers_are_stale();
            }
            self.opened_before = true;
            Tx { conn, now: 0, due: NEVER, ids: RowIds::default(), identity, flushes: Kept::Now }
        };
        Ok(self.tx.insert(tx))
    }

    /// Undoes the batch and drops the connection.
    fn discard(&mut self) {
        let Some(tx) = self.tx.take() else { return };
        // SQLite may have rolled back by itself (full, I/O): then this fails, which says what we want to hear.
        drop(tx.conn.statement(ROLL_BACK));
        if let Err(error) = tx.conn.close() {
            tracing::debug!(error = &error as &dyn std::error::Error, "the failed write connection did not close in order");
        }
    }
}

fn arrivals(commands: &[Command]) -> usize {
    commands.iter().filter(|command| matches!(command, Command::Receive(..))).count()
}

/// Stores the arrivals together. They come first in their transaction: where a statement fails for what one of them holds, it is begun anew and each is
/// stored by itself, so that only that one fails.
async fn receive(tx: &mut Tx, arrivals: &[Box<Arrival>]) -> Result<Vec<Result<Received, StoreError>>, Arc<DriverError>> {
    match door::receive(tx, arrivals).await {
        Ok(answers) => return Ok(answers),
        Err(StoreError::Unavailable { source, .. }) => return Err(source),
        Err(_) => {
            tx.conn.statement(ROLL_BACK)?;
            tx.conn.statement(BEGIN)?;
        }
    }
    let mut answers = Vec::with_capacity(arrivals.len());
    for arrival in arrivals.chunks(1) {
        match guarded(tx, arrival).await? {
            Ok(received) => answers.extend(received),
            Err(error) => answers.push(Err(error)),
        }
    }
    Ok(answers)
}

type Answers = Result<Vec<Result<Received, StoreError>>, StoreError>;

/// Stores arrivals, or leaves no trace of them. The outer error is a failure of the store.
async fn guarded(tx: &mut Tx, arrivals: &[Box<Arrival>]) -> Result<Answers, Arc<DriverError>> {
    tx.conn.statement(GUARD)?;
    match door::receive(tx, arrivals).await {
        Err(StoreError::Unavailable { source, .. }) => Err(source),
        Ok(received) => {
            tx.conn.statement(KEEP)?;
            Ok(Ok(received))
        }
        Err(error) => {
            undo(tx)?;
            Ok(Err(error))
        }
    }
}

/// Runs one write. If it fails by itself, it is as if it had never been.
async fn write(tx: &mut Tx, job: &mut dyn Job) -> Result<(), Arc<DriverError>> {
    let whole = job.needs().0 == Undone::Whole;
    if whole {
        tx.conn.statement(GUARD)?;
    }
    match job.run(tx).await {
        Ran::Done if whole => Ok(tx.conn.statement(KEEP)?),
        Ran::Undo if whole => Ok(undo(tx)?),
        Ran::Done | Ran::Undo => Ok(()),
        Ran::Broken(source) => Err(source),
    }
}

fn undo(tx: &Tx) -> Result<(), DriverError> {
    tx.conn.statement(UNDO)?;
    tx.conn.statement(KEEP)
}

#[cfg(test)]
mod tests {
    use super::super::driver::{get, query};
    use super::*;

    #[tokio::test]
    async fn a_commit_flushes_as_it_was_asked_to_however_often_that_changes() {
        let folder = tempfile::tempdir().unwrap();
        let file = DatabaseFile::parse(&format!("sqlite:{}", folder.path().join("t.db").display())).unwrap();
        let (conn, identity) = (file.writer(true).unwrap(), file.identity().unwrap());
        let mut tx = Tx { conn, now: 0, due: NEVER, ids: RowIds::default(), identity, flushes: Kept::Now };
        for (kept, synchronous) in [(Kept::Now, 2), (Kept::Soon, 1), (Kept::Now, 2), (Kept::Soon, 1), (Kept::Soon, 1), (Kept::Now, 2)] {
            tx.flush(kept).unwrap();
            let row = query("SELECT synchronous FROM pragma_synchronous").fetch_one(tx.conn()).await.unwrap();
            assert_eq!(get::<i64>(&row, "synchronous").unwrap(), synchronous, "{kept:?}");
        }
    }
}
