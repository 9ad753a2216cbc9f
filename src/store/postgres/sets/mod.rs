//! The writes of passes: those of several orders in one statement.
//!
//! Most of what such a write costs is not its rows: the trip, the statement, its triggers, the flush. So whatever comes while a statement runs
//! goes into the next one of its kind; one alone does not wait. A statement writes those that are as expected, and leaves an order alone
//! whose row is locked, whose lease is gone, which has got an event meanwhile, or whose id is another's. That one is then written by itself, in
//! the way of `shared`, which waits and finds out why. The same where the server refused the whole statement. Where nobody knows what became of it,
//! its callers hear that the store is unavailable, as ever.
//!
//! Writes of one statement have no order and no unique key in common, and go in the order of their keys, as those of the door do.

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
use super::door::SHORT;
use super::driver::Query;
use super::writer::{LIMIT, Tx, too_late};
use super::{Postgres, Shared, during, is_race};
use crate::causes::in_one_line;
use crate::domain::ids::OrderId;
use crate::store::error::DriverError;
use crate::store::{Lease, StoreError};

/// How many writes go into one statement at the most, and how many bytes of texts.
const MOST: usize = 64;
const TEXTS: usize = 1 << 20;

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

    /// The lease of the order that it is for.
    fn lease(&self) -> &Lease;

    /// The values that it writes into unique columns.
    fn keys(&self) -> [Option<&str>; 2];

    /// About how long its texts are, in bytes.
    fn bytes(&self) -> usize;

    /// Writes those that are as expected, in one statement: what was done, by the orders' ids. No two are for the same order.
    fn write<'a>(tx: &'a mut Tx, writes: &'a [Self]) -> BoxFuture<'a, Result<HashMap<String, Self::Done>, StoreError>>;
}

/// What a caller hears: none where its write has to be done by itself.
type Answer<W> = Result<Option<<W as Write>::Done>, Arc<DriverError>>;

/// The writes of one kind.
#[derive(Debug)]
struct Set<W: Write>(Mutex<Queue<W>>);

#[derive(Debug)]
struct Queue<W: Write> {
    waiting: Vec<Waiting<W>>,
    /// A task writes what waits.
    served: bool,
}

type Waiting<W> = (W, oneshot::Sender<Answer<W>>);

impl<W: Write> Default for Set<W> {
    fn default() -> Self {
        Self(Mutex::new(Queue { waiting: Vec::new(), served: false }))
    }
}

impl<W: Write> Set<W> {
    fn queue(&self) -> MutexGuard<'_, Queue<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits and fits into one statement, one at least. Where nothing waits, nobody serves the set from here on.
    fn take(&self, most: usize) -> Vec<Waiting<W>> {
        let mut queue = self.queue();
        queue.served = !queue.waiting.is_empty();
        let mut bytes = 0;
        let fitting = queue.waiting.iter().take(MOST).take_while(|(write, _)| {
            let first = bytes == 0;
            bytes += write.bytes();
            first || bytes <= most
        });
        let fitting = fitting.count();
        let later = queue.waiting.split_off(fitting);
        mem::replace(&mut queue.waiting, later)
    }
}

/// The same statement cannot do both.
fn meet<W: Write>(one: &W, other: &W) -> bool {
    one.lease().order_id == other.lease().order_id || one.keys().iter().zip(other.keys()).any(|(one, other)| one.is_some() && *one == other)
}

impl Postgres {
    /// Writes it with those of its kind that wait. `None`: nothing was written, and it has to be done by itself.
    async fn together<W: Write>(&self, set: &Arc<Set<W>>, write: W) -> Result<Option<W::Done>, StoreError> {
        if self.shared.closing.is_cancelled() {
            return Err(StoreError::Closed);
        }
        let (caller, answer) = oneshot::channel();
        let served = {
            let mut queue = set.queue();
            if queue.waiting.iter().any(|(waiting, _)| meet(waiting, &write)) {
                return Ok(None);
            }
            queue.waiting.push((write, caller));
            mem::replace(&mut queue.served, true)
        };
        if !served {
            let serving = Serving { set: Arc::clone(set), ended: false };
            self.tasks.spawn(serve(Arc::clone(&self.shared), serving));
        }
        let unavailable = |source| StoreError::Unavailable { operation: W::OPERATION, source };
        answer.await.map_or(Err(StoreError::Closed), |answer| answer.map_err(unavailable))
    }
}

/// A task serves a set. Should it fail, those who wait hear it and the next one is served.
struct Serving<W: Write> {
    set: Arc<Set<W>>,
    ended: bool,
}

impl<W: Write> Drop for Serving<W> {
    fn drop(&mut self) {
        if !self.ended {
            let mut queue = self.set.queue();
            queue.served = false;
            queue.waiting.clear();
        }
    }
}

/// Writes what waits until nothing does.
async fn serve<W: Write>(shared: Arc<Shared>, mut serving: Serving<W>) {
    loop {
        let mut taken = serving.set.take(if shared.short_writes.load(Ordering::Relaxed) { SHORT } else { TEXTS });
        if taken.is_empty() {
            serving.ended = true;
            return;
        }
        taken.sort_by(|(one, _), (other, _)| one.keys().cmp(&other.keys()));
        let (writes, callers): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        let written = tokio::time::timeout(LIMIT, write(&shared, &writes)).await;
        let mut answers = answers(&shared, written.unwrap_or_else(|late| Err(too_late(W::OPERATION, late))));
        for (write, caller) in writes.iter().zip(callers) {
            // The caller may have gone: its lease is another's then, or nobody's.
            drop(caller.send(answers(&write.lease().order_id)));
        }
    }
}

/// What became of the writes of a statement, for the order of each.
fn answers<D>(
    shared: &Shared,
    written: Result<HashMap<String, D>, StoreError>,
) -> impl FnMut(&OrderId) -> Result<Option<D>, Arc<DriverError>> {
    let (mut written, failed) = match written {
        Ok(written) => (written, None),
        Err(error) if is_race(&error) => (HashMap::new(), None),
        Err(StoreError::Unavailable { source, .. }) => (HashMap::new(), Some(source)),
        Err(error) => {
            tracing::warn!(error = %in_one_line(&error), "the writes of several orders were refused together and are done one by one");
            (HashMap::new(), None)
        }
    };
    shared.writes.fetch_add(written.len() as u64, Ordering::Relaxed);
    move |order| match &failed {
        Some(source) => Err(Arc::clone(source)),
        None => Ok(written.remove(order.as_str())),
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

/// Binds the orders and their tokens, which every statement begins with.
fn bind_leases<'q, W: Write>(statement: Query<'q>, writes: &'q [W]) -> Query<'q> {
    statement
        .bind(writes.iter().map(|write| write.lease().order_id.as_str()).collect::<Vec<_>>())
        .bind(writes.iter().map(|write| write.lease().token).collect::<Vec<_>>())
}
