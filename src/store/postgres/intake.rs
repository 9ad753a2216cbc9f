//! Receives: whatever waits goes into one transaction, and only its commit answers. Two batches may be under way, so that one is
//! written while the other reaches the disk.
//!
//! - An event that fails by itself fails alone: the batch is done again, each event in a transaction of its own.
//! - When the store fails, everybody who waits hears it at once, and nothing was written, or nobody can know that it was: a sender that
//!   comes again is told that the event is a repeat.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::server::{Purpose, Server};
use super::sessions::Sessions;
use super::writer::{LIMIT, TRIES, Tx, too_late};
use super::{Postgres, Shared, door, during, is_race};
use crate::store::batch::{Arrival, RECEIVE};
use crate::store::error::DriverError;
use crate::store::{NewEvent, Received, StoreError};

/// How many events share a commit at the most.
const BATCH: usize = 256;
/// How many bytes of bodies share one.
const BODIES: usize = 8 << 20;
/// How many events may wait; further callers wait to be queued.
const QUEUE: usize = 1024;
/// How many batches are under way at once.
const TASKS: u32 = 2;

type Answer = Result<Received, StoreError>;
type Waiting = (Box<Arrival>, oneshot::Sender<Answer>);

/// Sends events to the tasks.
#[derive(Debug)]
pub(super) struct Intake {
    events: mpsc::Sender<Waiting>,
    sessions: Sessions,
}

impl Intake {
    /// Starts the tasks; they end when the store closes and nothing waits any more.
    pub(super) fn start(server: &Server, shared: &Arc<Shared>, tasks: &TaskTracker) -> Self {
        let sessions = Sessions::new(server.clone(), TASKS, Purpose::Writes);
        let (events, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..TASKS {
            let task = Task { sessions: sessions.clone(), shared: Arc::clone(shared) };
            tasks.spawn(task.run(Arc::clone(&waiting), shared.closing.clone()));
        }
        Self { events, sessions }
    }

    pub(super) async fn close(&self) {
        self.sessions.close().await;
    }
}

impl Postgres {
    /// Commits one event, together with those that arrive beside it.
    pub(in crate::store) async fn receive(&self, event: NewEvent) -> Result<Received, StoreError> {
        let arrival = Box::new(Arrival::new(event)?);
        let (caller, answer) = oneshot::channel();
        self.intake.events.send((arrival, caller)).await.ok().ok_or(StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

struct Task {
    sessions: Sessions,
    shared: Arc<Shared>,
}

impl Task {
    async fn run(self, waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>, closing: CancellationToken) {
        let mut taken = Vec::with_capacity(BATCH);
        loop {
            let mut queue = waiting.lock().await;
            tokio::select! {
                biased;
                () = closing.cancelled(), if !queue.is_closed() => queue.close(),
                count = queue.recv_many(&mut taken, BATCH) => {
                    drop(queue);
                    if count == 0 {
                        return;
                    }
                    if let Err(failed) = self.batch(&mut taken).await {
                        // Who waits behind would only wait for the same failure.
                        let mut queue = waiting.lock().await;
                        while let Ok((_, caller)) = queue.try_recv() {
                            drop(caller.send(Err(unavailable(&failed))));
                        }
                    }
                }
            }
        }
    }

    /// Commits what was taken, and answers. An error is a failure of the store.
    async fn batch(&self, taken: &mut Vec<Waiting>) -> Result<(), Arc<DriverError>> {
        let (arrivals, callers): (Vec<_>, Vec<_>) = taken.drain(..).unzip();
        self.shared.writes.fetch_add(arrivals.len() as u64, Ordering::Relaxed);
        let mut callers = callers.into_iter();
        let mut rest = arrivals.as_slice();
        let mut ended = Ok(());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(fitting(rest));
            rest = later;
            let answers = match self.together(now).await {
                Ok(answers) => answers,
                Err(StoreError::Unavailable { source, .. }) => {
                    ended = Err(source);
                    break;
                }
                Err(_) => self.one_by_one(now).await,
            };
            for (caller, answer) in callers.by_ref().zip(answers) {
                // The caller may have gone: what it asked for was done all the same.
                drop(caller.send(answer));
            }
        }
        if let Err(source) = &ended {
            for caller in callers {
                drop(caller.send(Err(unavailable(source))));
            }
        }
        ended
    }

    /// One transaction, and once more when it met another one: that one's rows are seen then.
    async fn together(&self, arrivals: &[Box<Arrival>]) -> Result<Vec<Answer>, StoreError> {
        let tries = async {
            let mut tried = 1;
            loop {
                let mut tx = Tx::single(&self.sessions, &self.shared).await.map_err(during(RECEIVE))?;
                let error = match door::receive(&mut tx, arrivals).await {
                    Ok(answers) => match tx.commit().await.map_err(during(RECEIVE)) {
                        Ok(()) => return Ok(answers),
                        Err(error) => error,
                    },
                    Err(error) => {
                        tx.roll_back().await;
                        error
                    }
                };
                if tried == TRIES || !is_race(&error) {
                    return Err(error);
                }
                tried += 1;
            }
        };
        tokio::time::timeout(LIMIT, tries).await.unwrap_or_else(|late| Err(too_late(RECEIVE, late)))
    }

    /// A statement failed for what one of the events holds: each in a transaction of its own, so that only that one fails.
    async fn one_by_one(&self, arrivals: &[Box<Arrival>]) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(arrivals.len());
        for arrival in arrivals.chunks(1) {
            match self.together(arrival).await {
                Ok(received) => answers.extend(received),
                Err(error) => answers.push(Err(error)),
            }
        }
        answers
    }
}

/// How many of the first events go into one transaction: one at least.
fn fitting(arrivals: &[Box<Arrival>]) -> usize {
    let mut bytes = 0_usize;
    let fitting = arrivals.iter().take_while(|arrival| {
        bytes = bytes.saturating_add(arrival.event.body.len());
        bytes <= BODIES
    });
    fitting.count().max(1)
}

fn unavailable(source: &Arc<DriverError>) -> StoreError {
    StoreError::Unavailable { operation: RECEIVE, source: Arc::clone(source) }
}
