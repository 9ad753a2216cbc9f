//! The loop that claims due orders in batches, works on them, and keeps their leases alive.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::config;
use crate::engine::Engine;
use crate::owner::Ownership;
use crate::store::{ClaimRequest, Claimed, Lease, Store, StoreError};

/// How long to leave the store alone after it failed.
const STORE_PAUSE: Duration = Duration::from_secs(1);

/// Claims orders and lets the engine work on them.
#[derive(Debug)]
pub struct Worker {
    engine: Engine,
    store: Store,
    settings: config::Worker,
    ownership: Ownership,
    clock: Clock,
    in_hand: JoinSet<()>,
    claimed: HashMap<Id, (Claimed, tokio::task::AbortHandle)>,
}

impl Worker {
    /// A worker for the connections that this replica has; it claims under the replica's name, which operators see.
    pub fn new(engine: Engine, store: Store, settings: config::Worker, ownership: Ownership, clock: Clock) -> Self {
        Self { engine, store, settings, ownership, clock, in_hand: JoinSet::new(), claimed: HashMap::new() }
    }

    /// Works until `stop`; then finishes what is in hand.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut heartbeat = tokio::time::interval(self.settings.lease / 3);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut changes = self.ownership.changes();
        while !stop.is_cancelled() {
            let wait = match self.claim().await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::error!(error = %error, "orders could not be claimed; trying again in a second");
                    STORE_PAUSE
                }
            };
            let store = self.store.clone();
            let next_look = clock::after(self.clock.now(), wait);
            tokio::select! {
                () = stop.cancelled() => {}
                Some(ended) = self.in_hand.join_next_with_id() => self.ended(ended).await,
                _ = heartbeat.tick() => self.heartbeat().await,
                Ok(()) = changes.changed() => self.drop_lost(),
                () = store.wait_for_work(next_look), if self.in_hand.len() < self.settings.orders_at_once => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        while !self.in_hand.is_empty() {
            tokio::select! {
                Some(ended) = self.in_hand.join_next_with_id() => self.ended(ended).await,
                _ = heartbeat.tick() => self.heartbeat().await,
                Ok(()) = changes.changed() => self.drop_lost(),
            }
        }
    }

    /// Claims as many orders as there are free hands. Returns how long to wait when nothing wakes the worker before.
    async fn claim(&mut self) -> Result<Duration, StoreError> {
        let poll = self.settings.poll.mul_f64(0.75 + fastrand::f64() / 2.0);
        let free = self.settings.orders_at_once.saturating_sub(self.in_hand.len());
        if free == 0 {
            return Ok(poll);
        }
        let connections = self.ownership.connections();
        if connections.is_empty() {
            return Ok(poll);
        }
        let owner = self.ownership.name().to_owned();
        let looked_at = self.clock.now();
        let claimed = self.store.claim(&ClaimRequest { owner, limit: free, lease: self.settings.lease, connections }).await?;
        let more = claimed.len() == free;
        for claimed in claimed {
            let engine = self.engine.clone();
            let order = claimed.clone();
            let in_hand = self.ownership.hold(&order.order.connection);
            let handle = self.in_hand.spawn(async move {
                Box::pin(engine.run(&order)).await;
                drop(in_hand);
            });
            self.claimed.insert(handle.id(), (claimed, handle));
        }
        if more {
            return Ok(poll);
        }
        // What was due before was not for us, or it would have been claimed: it is no reason to hurry.
        let next = self.store.next_due(looked_at).await?;
        let next = next.map(|due| Duration::try_from(due.duration_since(self.clock.now())).unwrap_or_default());
        Ok(next.map_or(poll, |next| next.clamp(Duration::from_millis(2), poll)))
    }

    /// An order is out of hand. A panic holds it: it would happen again.
    async fn ended(&mut self, ended: Result<(Id, ()), JoinError>) {
        match ended {
            Ok((id, ())) => {
                self.claimed.remove(&id);
            }
            Err(error) => {
                let Some((claimed, _)) = self.claimed.remove(&error.id()) else { return };
                if error.is_panic() {
                    tracing::error!(order.id = %claimed.lease.order_id, "the program failed on an order; it is held");
                    self.engine.hold_after_panic(&claimed).await;
                }
            }
        }
    }

    /// Another replica works for the connection now: it takes the orders up from what both systems hold.
    fn drop_lost(&self) {
        for (claimed, handle) in self.claimed.values().filter(|(claimed, _)| !self.ownership.keeps(&claimed.order.connection)) {
            tracing::warn!(order.id = %claimed.lease.order_id, connection = %claimed.order.connection, "the connection was lost; the work on its order is dropped");
            handle.abort();
        }
    }

    /// Keeps the leases in hand; work whose lease is lost is dropped.
    async fn heartbeat(&self) {
        let leases = self.claimed.values().map(|(claimed, _)| claimed.lease.clone()).collect::<Vec<Lease>>();
        if leases.is_empty() {
            return;
        }
        match self.store.heartbeat(&leases, self.settings.lease).await {
            Ok(kept) => {
                for (claimed, handle) in self.claimed.values().filter(|(claimed, _)| !kept.contains(&claimed.lease)) {
                    tracing::warn!(order.id = %claimed.lease.order_id, "the lease was lost; its work is dropped");
                    handle.abort();
                }
            }
            Err(error) => tracing::error!(error = %error, "the leases could not be kept alive"),
        }
    }
}
