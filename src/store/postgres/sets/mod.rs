//! The writes of passes: those of several orders in one statement.
//!
//! Most of what such a write costs is not its rows: the trip, the statement, its triggers, the flush. So whatever comes while a statement runs
//! goes into the next one of its kind; one alone does not wait. A statement writes those that are as expected, and leaves an order alone
//! whose row is locked, whose lease is gone, which has got an event meanwhile, or whose id is another's. That one is then written by itself, in
//! the way of `shared`, which waits and finds out why. The same where the whole statement failed: every write may be tried again, as nobody
//! knows of a failed one whether it was done.

mod calls;
mod ends;
mod links;

use std::collections::HashMap;
use std::fmt::Debug;
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use self::calls::{NewBegin, NewSettle};
use self::ends::NewEnd;
use self::links::NewLink;
use super::writer::{LIMIT, Tx, too_late};
use super::{Postgres, Shared, during};
use crate::domain::ids::OrderId;
use crate::store::StoreError;

/// How many writes go into one statement at the most.
const MOST: usize = 64;

/// The writes that wait, by their kinds.
#[derive(Debug, Default)]
pub(super) struct Sets {
    links: Arc<Set<NewLink>>,
    begins: Arc<Set<NewBegin>>,
    settles: Arc<Set<NewSettle>>,
    ends: Arc<Set<NewEnd>>,
}

/// A write that several orders may do in one statement.
trait Write: Debug + Send + Sync + Sized + 'static {
    /// What the caller gets.
    type Done: Debug + Send;
    /// What it is, for errors.
    const OPERATION: &'static str;

    /// The order that it is for.
    fn order(&self) -> &OrderId;

    /// Writes those that are as expected, in one statement: what was done, by the orders' ids. No two are for the same order.
    fn write<'a>(tx: &'a mut Tx, writes: &'a [Self]) -> BoxFuture<'a, Result<HashMap<String, Self::Done>, StoreError>>;
}

/// The writes of one kind.
#[derive(Debug)]
struct Set<W: Write>(Mutex<Queue<W>>);

#[derive(Debug)]
struct Queue<W: Write> {
    waiting: Vec<(W, oneshot::Sender<W::Done>)>,
    /// A task writes what waits.
    served: bool,
}

impl<W: Write> Default for Set<W> {
    fn default() -> Self {
        Self(Mutex::new(Queue { waiting: Vec::new(), served: false }))
    }
}

impl<W: Write> Set<W> {
    fn queue(&self) -> MutexGuard<'_, Queue<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits. Where nothing does, nobody serves it from here on.
    fn take(&self) -> (Vec<W>, Vec<oneshot::Sender<W::Done>>) {
        let mut queue = self.queue();
        queue.served = !queue.waiting.is_empty();
        let rest = queue.waiting.len().min(MOST);
        let later = queue.waiting.split_off(rest);
        mem::replace(&mut queue.waiting, later).into_iter().unzip()
    }
}

impl Postgres {
    /// Writes it with those of its kind that wait. `None`: nothing is known to be written, and it has to be done by itself. Runs to its end even if the caller is
    /// dropped.
    async fn together<W: Write>(&self, set: &Arc<Set<W>>, write: W) -> Option<W::Done> {
        if self.shared.closing.is_cancelled() {
            return None;
        }
        let (caller, answer) = oneshot::channel();
        let served = {
            let mut queue = set.queue();
            if queue.waiting.iter().any(|(waiting, _)| waiting.order() == write.order()) {
                return None;
            }
            queue.waiting.push((write, caller));
            mem::replace(&mut queue.served, true)
        };
        if !served {
            self.tasks.spawn(serve(Arc::clone(&self.shared), Serving(Arc::clone(set))));
        }
        answer.await.ok()
    }
}

/// A task serves a set. Should the task fail, those who wait do their write by themselves.
struct Serving<W: Write>(Arc<Set<W>>);

impl<W: Write> Drop for Serving<W> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut queue = self.0.queue();
            queue.served = false;
            queue.waiting.clear();
        }
    }
}

/// Writes what waits until nothing does.
async fn serve<W: Write>(shared: Arc<Shared>, serving: Serving<W>) {
    loop {
        let (writes, callers) = serving.0.take();
        if writes.is_empty() {
            return;
        }
        let written = tokio::time::timeout(LIMIT, write(&shared, &writes)).await;
        match written.unwrap_or_else(|late| Err(too_late(W::OPERATION, late))) {
            Ok(mut written) => {
                shared.writes.fetch_add(written.len() as u64, Ordering::Relaxed);
                for (write, caller) in writes.iter().zip(callers) {
                    // Without an answer the caller writes by itself. It may have gone: what it asked for was done all the same.
                    drop(written.remove(write.order().as_str()).map(|done| caller.send(done)));
                }
            }
            Err(error) => tracing::debug!(error = &error as &dyn std::error::Error, "writes are done one by one"),
        }
    }
}

async fn write<W: Write>(shared: &Arc<Shared>, writes: &[W]) -> Result<HashMap<String, W::Done>, StoreError> {
    let mut tx = Tx::single(&shared.writers, shared).await.map_err(during(W::OPERATION))?;
    match W::write(&mut tx, writes).await {
        Ok(written) => tx.commit().await.map(|()| written).map_err(during(W::OPERATION)),
        Err(error) => {
            tx.roll_back().await;
            Err(error)
        }
    }
}
