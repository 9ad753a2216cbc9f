//! How each connection is, for operators: gates from memory, the rest read from the store every few seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::config::{Config, XSeriesAuth};
use crate::domain::ids::ConnectionId;
use crate::engine::Side;
use crate::http::status::{Breaker, ConnectionReport, ConnectionStatus, PollReport, SystemReport};
use crate::net::gate::Snapshot;
use crate::owner::Ownership;
use crate::poll::{self, PollHealth};
use crate::store::Store;

const REFRESH: Duration = Duration::from_secs(5);

/// What is read from the store for one connection.
#[derive(Debug, Clone, Default)]
struct Stored {
    revision: Option<i64>,
    owner: Option<String>,
    sales: Option<Value>,
    orders: Option<Value>,
    token_expires_at: Option<Timestamp>,
}

/// A connection, and what is told of it.
#[derive(Debug)]
struct Watched {
    side: Arc<Side>,
    health: Arc<PollHealth>,
    account: String,
    prefix: String,
    oauth: bool,
}

/// The connections' state.
#[derive(Debug)]
pub struct Status {
    connections: Vec<Watched>,
    store: Store,
    ownership: Ownership,
    clock: Clock,
    stored: RwLock<BTreeMap<ConnectionId, Stored>>,
}

impl Status {
    /// The state of the given connections.
    pub fn new(config: &Config, sides: &[Arc<Side>], health: &[Arc<PollHealth>], store: Store, ownership: Ownership, clock: Clock) -> Self {
        let connections = sides.iter().zip(health).zip(&config.connections).map(|((side, health), connection)| Watched {
            side: Arc::clone(side),
            health: Arc::clone(health),
            account: connection.netsuite.account_id.clone(),
            prefix: connection.x_series.domain_prefix.clone(),
            oauth: matches!(connection.x_series.auth, XSeriesAuth::OAuth2 { .. }),
        });
        Self { connections: connections.collect(), store, ownership, clock, stored: RwLock::default() }
    }

    /// Reads the store again and again until `stop`.
    pub async fn refresh(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            for Watched { side, oauth, .. } in &self.connections {
                match self.read(&side.id, *oauth).await {
                    Ok(stored) => {
                        self.stored.write().unwrap_or_else(PoisonError::into_inner).insert(side.id.clone(), stored);
                    }
                    Err(error) => tracing::warn!(connection = %side.id, error = %error, "the connection's state could not be read"),
                }
            }
            clock::pause(REFRESH, &stop).await;
        }
    }

    async fn read(&self, id: &ConnectionId, oauth: bool) -> Result<Stored, crate::store::StoreError> {
        let tokens = if oauth { self.store.oauth_tokens(id).await? } else { None };
        let now = self.clock.now();
        let leases = self.store.connection_leases().await?;
        let lease = leases.into_iter().find(|lease| lease.connection == *id && lease.expires_at > now && !lease.owner.is_empty());
        Ok(Stored {
            owner: lease.map(|lease| lease.owner),
            revision: self.store.current_revision(id).await?.map(|revision| revision.number),
            sales: self.store.cursor(id, poll::SALES).await?,
            orders: self.store.cursor(id, poll::ORDERS).await?,
            token_expires_at: tokens.map(|tokens| tokens.expires_at),
        })
    }

    fn poll(&self, cursor: Option<Value>, last_success_at: Option<Timestamp>, last_error: Option<String>) -> PollReport {
        let lag = last_success_at.map(|at| self.clock.now().duration_since(at).as_secs_f64().max(0.0));
        PollReport { cursor, lag_seconds: lag, last_success_at, last_error }
    }
}

impl ConnectionStatus for Status {
    fn status(&self) -> Vec<ConnectionReport> {
        let all = self.stored.read().unwrap_or_else(PoisonError::into_inner).clone();
        let reports = self.connections.iter().map(|Watched { side, health, account, prefix, .. }| {
            // Not read yet: what is not known is not shown.
            let stored = all.get(&side.id).cloned().unwrap_or_default();
            let orders_at = stored.orders.as_ref().and_then(|cursor| cursor["until"].as_i64()).map(clock::from_millis);
            let sales_at =
                stored.sales.as_ref().and_then(|cursor| cursor["history"].as_array()?.last()?.get(0)?.as_i64()).map(clock::from_millis);
            ConnectionReport {
                id: side.id.clone(),
                revision: stored.revision,
                // What this process has it knows better than what it read a while ago.
                owner: if self.ownership.keeps(&side.id) {
                    Some(self.ownership.name().to_owned())
                } else {
                    stored.owner.filter(|owner| owner != self.ownership.name())
                },
                netsuite: system(
                    account.clone(),
                    &side.netsuite.gate().snapshot(),
                    side.netsuite.token_ends_at(),
                    self.poll(stored.orders, orders_at, health.last_error("netsuite")),
                ),
                x_series: system(
                    prefix.clone(),
                    &side.x_series.gate().snapshot(),
                    stored.token_expires_at,
                    self.poll(stored.sales.map(|cursor| cursor["version"].clone()), sales_at, health.last_error("x_series")),
                ),
            }
        });
        reports.collect()
    }
}

fn system(account: String, gate: &Snapshot, token_expires_at: Option<Timestamp>, poll: PollReport) -> SystemReport {
    SystemReport {
        account,
        breaker: match gate.breaker {
            "open" => Breaker::Open,
            "half_open" => Breaker::HalfOpen,
            _ => Breaker::Closed,
        },
        blocked_until: gate.blocked_until,
        concurrency: gate.concurrency,
        in_flight: gate.in_flight,
        limit: gate.limit,
        remaining: gate.remaining,
        token_expires_at,
        poll,
    }
}
