//! Which connections this replica works for. It says again and again that it is there, keeps what it has, takes what it may have, and
//! gives up what another one should have, as soon as nothing of it is in hand.
//!
//! A lease is believed in for less than it was asked for, counted from before it was asked, by a clock that does not jump: so a replica
//! whose database is gone stops before another one may begin.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::causes::in_one_line;
use crate::domain::ids::ConnectionId;
use crate::store::{ConnectionLease, OwnRequest, Store, StoreError};

/// How many times a lease is renewed before it would end.
const RENEWALS: u32 = 4;
/// The store is given this long to answer, however little of a lease is left.
const SHORTEST: Duration = Duration::from_millis(200);

/// The connections could not be kept.
#[derive(Debug, Error)]
enum KeepError {
    /// The store failed.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// The leases would have ended before the store answered.
    #[error("the store did not answer before the leases ended")]
    Late,
}

/// How long a lease is believed in: a tenth less than it lasts, as what is under way ends a moment after it is lost, and clocks differ.
fn believed(lease: Duration) -> Duration {
    lease.mul_f64(0.9)
}

/// What this replica has: cheap to clone.
#[derive(Debug, Clone)]
pub struct Ownership(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    has: watch::Sender<BTreeMap<ConnectionId, Has>>,
    in_hand: Mutex<BTreeMap<ConnectionId, usize>>,
    /// Fired when something goes out of hand.
    put_down: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Has {
    until: Instant,
    /// What is in hand goes on; nothing is begun.
    leaving: bool,
}

/// Something of a connection is in hand while this is kept.
#[derive(Debug)]
pub struct InHand {
    ownership: Ownership,
    connection: ConnectionId,
}

impl Drop for InHand {
    fn drop(&mut self) {
        if let Some(count) = self.ownership.in_hand().get_mut(&self.connection) {
            *count -= 1;
        }
        self.ownership.0.put_down.notify_one();
    }
}

impl Ownership {
    /// A replica under a name that no other process has; it has nothing yet.
    pub fn new(name: String) -> Self {
        Self(Arc::new(Inner { name, has: watch::Sender::default(), in_hand: Mutex::default(), put_down: Notify::new() }))
    }

    /// The replica's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The connections that work may be begun for.
    pub fn connections(&self) -> Vec<ConnectionId> {
        let now = Instant::now();
        let has = self.0.has.borrow();
        has.iter().filter(|(_, has)| has.until > now && !has.leaving).map(|(connection, _)| connection.clone()).collect()
    }

    /// Work for the connection may go on.
    pub fn keeps(&self, connection: &ConnectionId) -> bool {
        self.0.has.borrow().get(connection).is_some_and(|has| has.until > Instant::now())
    }

    /// Work for the connection may be begun.
    pub fn has(&self, connection: &ConnectionId) -> bool {
        self.0.has.borrow().get(connection).is_some_and(|has| has.until > Instant::now() && !has.leaving)
    }

    /// Tells when connections come and go.
    pub fn changes(&self) -> watch::Receiver<impl Sized + use<>> {
        self.0.has.subscribe()
    }

    /// Notes that something of a connection is in hand.
    pub fn hold(&self, connection: &ConnectionId) -> InHand {
        *self.in_hand().entry(connection.clone()).or_default() += 1;
        InHand { ownership: self.clone(), connection: connection.clone() }
    }

    /// Runs something that only the connection's owner does, as soon as it is ours; none when it was lost on the way, or at `stop`.
    pub async fn while_had<T>(&self, connection: &ConnectionId, stop: &CancellationToken, work: impl Future<Output = T>) -> Option<T> {
        let mut changes = self.0.has.subscribe();
        while !self.has(connection) {
            tokio::select! {
                () = stop.cancelled() => return None,
                told = changes.changed() => told.ok()?,
            }
        }
        let _in_hand = self.hold(connection);
        let lost = async { while self.keeps(connection) && changes.changed().await.is_ok() {} };
        tokio::select! {
            () = stop.cancelled() => None,
            () = lost => None,
            done = work => Some(done),
        }
    }

    /// Keeps and takes connections until `stop`; then keeps only what is in hand, until nothing is.
    pub async fn run(self, store: Store, lease: Duration, connections: Vec<ConnectionId>, stop: CancellationToken) {
        let request = OwnRequest { owner: self.0.name.clone(), lease, connections, alone: store.is_embedded(), going: false };
        // Only what was there before this process can be taken over blindly.
        let mut alone = request.alone;
        while !stop.is_cancelled() {
            let asked = Instant::now();
            match self.ask(&store, &OwnRequest { alone, ..request.clone() }).await {
                Ok(leases) => {
                    alone = false;
                    self.set(&leases, asked + believed(lease));
                    self.give_up(&store, &leases).await;
                }
                Err(error) => self.report(&error),
            }
            let (wait, leaving) = self.wait(lease);
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(wait) => {}
                () = self.0.put_down.notified(), if leaving => {}
                // Somebody gave something up.
                () = store.wait_for_release() => {}
            }
        }
        self.go(&store, request).await;
    }

    /// Gives up one connection after the other, as it goes out of hand.
    async fn go(&self, store: &Store, request: OwnRequest) {
        loop {
            let (busy, idle): (Vec<_>, Vec<_>) =
                request.connections.iter().cloned().partition(|connection| self.in_hand().get(connection).is_some_and(|count| *count > 0));
            let asked = Instant::now();
            if let Err(error) = store.release_connections(&self.0.name, &idle).await {
                self.report(&KeepError::Store(error));
            }
            match self.ask(store, &OwnRequest { connections: busy.clone(), alone: false, going: true, ..request.clone() }).await {
                Ok(leases) => self.set(&leases, asked + believed(request.lease)),
                Err(error) => self.report(&error),
            }
            if busy.is_empty() {
                return;
            }
            tokio::select! {
                () = self.0.put_down.notified() => {}
                () = tokio::time::sleep(request.lease / RENEWALS) => {}
            }
        }
    }

    /// Asks for no longer than what we have lasts: a database that does not answer must not keep us at work.
    async fn ask(&self, store: &Store, request: &OwnRequest) -> Result<Vec<ConnectionLease>, KeepError> {
        let until = self.0.has.borrow().values().map(|has| has.until).min().unwrap_or_else(|| Instant::now() + request.lease);
        let asked = tokio::time::timeout_at(until.max(Instant::now() + SHORTEST), store.own_connections(request));
        asked.await.map_err(|_late| KeepError::Late)?.map_err(KeepError::Store)
    }

    async fn give_up(&self, store: &Store, leases: &[ConnectionLease]) {
        let leaving = leases.iter().filter(|lease| lease.leaving).map(|lease| lease.connection.clone());
        let idle: Vec<_> = leaving.filter(|connection| self.in_hand().get(connection).is_none_or(|count| *count == 0)).collect();
        if idle.is_empty() {
            return;
        }
        match store.release_connections(&self.0.name, &idle).await {
            Ok(()) => self.0.has.send_modify(|has| has.retain(|connection, _| !idle.contains(connection))),
            Err(error) => self.report(&KeepError::Store(error)),
        }
    }

    /// Notes what the store said; tells of what came and went.
    fn set(&self, leases: &[ConnectionLease], until: Instant) {
        let now: BTreeMap<_, _> = leases.iter().map(|lease| (lease.connection.clone(), Has { until, leaving: lease.leaving })).collect();
        self.0.has.send_if_modified(|has| {
            for connection in now.keys().filter(|connection| !has.contains_key(*connection)) {
                tracing::info!(%connection, replica = %self.0.name, "working for this connection from now on");
            }
            for connection in has.keys().filter(|connection| !now.contains_key(*connection)) {
                tracing::info!(%connection, replica = %self.0.name, "another replica works for this connection now");
            }
            let changed = !has.keys().eq(now.keys()) || has.iter().any(|(connection, has)| now[connection].leaving != has.leaving);
            *has = now;
            changed
        });
    }

    /// The store did not answer: what has ended meanwhile is not ours any more.
    fn report(&self, error: &KeepError) {
        tracing::warn!(replica = %self.0.name, error = %in_one_line(error), "the connections could not be kept; what is not kept in time is given up");
        let now = Instant::now();
        self.0.has.send_if_modified(|has| {
            let before = has.len();
            has.retain(|_, has| has.until > now);
            has.len() != before
        });
    }

    /// How long to wait before the next renewal, which is never later than the end of a lease; and whether something is to be given up.
    fn wait(&self, lease: Duration) -> (Duration, bool) {
        let has = self.0.has.borrow();
        let ends = has.values().map(|has| has.until.saturating_duration_since(Instant::now())).min().unwrap_or(lease);
        let wait = (lease / RENEWALS).mul_f64(0.75 + fastrand::f64() / 2.0);
        (wait.min(ends).max(SHORTEST / 10), has.values().any(|has| has.leaving))
    }

    fn in_hand(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, usize>> {
        self.0.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
