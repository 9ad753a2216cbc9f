//! Every SQL statement of the service: receive, claim, calls, links, cursors, revisions, upkeep.

pub mod types;

pub use types::*;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use crate::clock::Clock;
use crate::domain::ids::{CallId, ConnectionId, EventId, OrderId, RecordId, SaleId};

/// A failed operation of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database could not be opened.
    #[error("cannot open the database {url}")]
    Open {
        url: String,
        #[source]
        source: sqlx::Error,
    },
    /// The store is full, locked or gone: the sender has to try again.
    #[error("the store is unavailable while it was to {operation}")]
    Unavailable {
        operation: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// A statement failed.
    #[error("the store failed to {operation}")]
    Query {
        operation: &'static str,
        #[source]
        source: sqlx::Error,
    },
    /// A migration failed.
    #[error("a migration failed")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The url names an engine that is not there.
    #[error("cannot use the database url {0:?}: it starts with neither sqlite: nor postgres:")]
    UnknownEngine(String),
    /// A row holds something this version does not know.
    #[error("the row {row} holds {what}, which this version does not know")]
    UnknownValue { row: String, what: String },
    /// The writer has stopped.
    #[error("the store is shutting down")]
    Closed,
}

/// The store: cheap to clone, safe to share.
#[derive(Debug, Clone)]
pub struct Store;

/// What the claim looks for.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// Who claims: shown to operators.
    pub owner: String,
    /// How many at the most.
    pub limit: usize,
    /// How long the lease lasts.
    pub lease: Duration,
    /// Connections whose orders may be claimed; empty for all.
    pub connections: Vec<ConnectionId>,
}

#[expect(clippy::todo, clippy::unused_async, clippy::needless_pass_by_value, unused_variables, reason = "signatures only")]
impl Store {
    // --- life -------------------------------------------------------------------------------------------------------
    /// Opens the database (SQLite: made when missing) without migrating it.
    pub async fn open(url: &str, read_connections: u32, clock: Clock) -> Result<Self, StoreError> {
        todo!()
    }
    /// Applies what is missing; returns how many migrations were applied.
    pub async fn migrate(&self) -> Result<usize, StoreError> {
        todo!()
    }
    /// Migrations that wait.
    pub async fn pending_migrations(&self) -> Result<usize, StoreError> {
        todo!()
    }
    /// Fails when the store cannot be written: the readiness probe.
    pub async fn ping(&self) -> Result<(), StoreError> {
        todo!()
    }
    /// Lets the writer finish and closes the pools.
    pub async fn close(&self) {
        todo!()
    }
    /// Resolves when work may have become due: a hint, fired by commits. The poll is the truth.
    pub async fn wait_for_work(&self) {
        todo!()
    }

    // --- the door ---------------------------------------------------------------------------------------------------
    /// Commits one event. Runs to its end even if the caller is dropped half-way.
    pub async fn receive(&self, event: NewEvent) -> Result<Received, StoreError> {
        todo!()
    }

    // --- the queue --------------------------------------------------------------------------------------------------
    pub async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        todo!()
    }
    /// When the next order becomes due, if any waits.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }
    pub async fn heartbeat(&self, leases: &[Lease], lease: Duration) -> Result<Vec<Lease>, StoreError> {
        todo!()
    }
    /// The events that the pass handles: everything up to `upto` that has no final verdict.
    pub async fn pending_events(&self, order: &OrderId, upto: i64) -> Result<Vec<EventRow>, StoreError> {
        todo!()
    }
    pub async fn finish(&self, claimed: &Claimed, result: PassResult) -> Result<Written, StoreError> {
        todo!()
    }
    /// Stores the link before a call leaves, so that its echo finds the order. `Err(LinkTaken)` style conflicts come back as the other order.
    pub async fn link(&self, lease: &Lease, link: &Link) -> Result<LinkResult, StoreError> {
        todo!()
    }
    /// Moves everything of the leased order to `into`, which then becomes due, and removes the leased row.
    pub async fn merge(&self, lease: &Lease, into: &OrderId) -> Result<Written, StoreError> {
        todo!()
    }

    // --- calls ------------------------------------------------------------------------------------------------------
    /// Commits the intent. The same key again gives the row that is there, unchanged, unless it is `Failed` (then it is planned afresh with the new request).
    pub async fn plan_call(&self, claimed: &Claimed, call: NewCall) -> Result<Option<CallRow>, StoreError> {
        todo!()
    }
    /// Marks it sent, one attempt more. `LeaseLost`: do not send.
    pub async fn send_call(&self, lease: &Lease, call: &CallId) -> Result<Written, StoreError> {
        todo!()
    }
    pub async fn settle_call(&self, lease: &Lease, call: &CallId, outcome: CallOutcome) -> Result<Written, StoreError> {
        todo!()
    }
    /// Every call of an order, oldest first.
    pub async fn calls_of(&self, order: &OrderId) -> Result<Vec<CallRow>, StoreError> {
        todo!()
    }

    // --- operators --------------------------------------------------------------------------------------------------
    pub async fn order(&self, id: &OrderId) -> Result<Option<OrderRow>, StoreError> {
        todo!()
    }
    /// Orders that any id or number of either side finds; our own id first. Exact, within all connections.
    pub async fn find_orders(&self, id: &str) -> Result<Vec<OrderRow>, StoreError> {
        todo!()
    }
    pub async fn orders(&self, filter: &OrderFilter, cursor: Option<&str>, limit: u32) -> Result<Page<OrderRow>, StoreError> {
        todo!()
    }
    pub async fn events(&self, filter: &EventFilter, cursor: Option<&str>, limit: u32) -> Result<Page<EventRow>, StoreError> {
        todo!()
    }
    pub async fn event(&self, id: &EventId) -> Result<Option<(EventRow, Vec<u8>)>, StoreError> {
        todo!()
    }
    pub async fn calls(&self, filter: &CallFilter, cursor: Option<&str>, limit: u32) -> Result<Page<CallRow>, StoreError> {
        todo!()
    }
    /// The passes of an order, newest first.
    pub async fn passes(&self, order: &OrderId, limit: u32) -> Result<Vec<PassRow>, StoreError> {
        todo!()
    }
    /// Carries out an operator's action: an event of source `operator`, and what the action does to the row, in one transaction.
    /// None: the order is not there. The row as it is afterwards.
    pub async fn act(&self, order: &OrderId, action: OperatorAction, author: &str) -> Result<Option<OrderRow>, StoreError> {
        todo!()
    }
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        todo!()
    }
    pub async fn create_replay(&self, replay: ReplayRow) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn update_replay(&self, replay: &ReplayRow) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn replay(&self, id: &str) -> Result<Option<ReplayRow>, StoreError> {
        todo!()
    }

    // --- settings in the database -----------------------------------------------------------------------------------
    /// Makes a token's row. The hash is SHA-256 of the token, in hex.
    pub async fn create_token(&self, row: &TokenRow, hash: &str) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn token_by_hash(&self, hash: &str) -> Result<Option<TokenRow>, StoreError> {
        todo!()
    }
    /// Publishes the next revision.
    pub async fn publish(&self, connection: &ConnectionId, document: &str, message: &str, author: &str) -> Result<Revision, StoreError> {
        todo!()
    }
    pub async fn current_revision(&self, connection: &ConnectionId) -> Result<Option<Revision>, StoreError> {
        todo!()
    }
    pub async fn revision(&self, connection: &ConnectionId, number: i64) -> Result<Option<Revision>, StoreError> {
        todo!()
    }
    /// Newest first.
    pub async fn revisions(&self, connection: &ConnectionId) -> Result<Vec<Revision>, StoreError> {
        todo!()
    }

    // --- what is remembered of the other systems --------------------------------------------------------------------
    pub async fn cursor(&self, connection: &ConnectionId, name: &str) -> Result<Option<Value>, StoreError> {
        todo!()
    }
    pub async fn set_cursor(&self, connection: &ConnectionId, name: &str, value: &Value) -> Result<(), StoreError> {
        todo!()
    }
    /// A stored pair of ids that is no order: `customer`, `item`. (netsuite id, x-series id)
    pub async fn pair_by_netsuite(&self, connection: &ConnectionId, kind: &str, id: &str) -> Result<Option<String>, StoreError> {
        todo!()
    }
    pub async fn pair_by_x_series(&self, connection: &ConnectionId, kind: &str, id: &str) -> Result<Option<String>, StoreError> {
        todo!()
    }
    pub async fn set_pair(&self, connection: &ConnectionId, kind: &str, netsuite_id: &str, x_series_id: &str) -> Result<(), StoreError> {
        todo!()
    }
    pub async fn oauth_tokens(&self, connection: &ConnectionId) -> Result<Option<OAuthTokens>, StoreError> {
        todo!()
    }
    /// Writes the tokens of generation `expected + 1`; false when another writer was first (the generation differs).
    pub async fn save_oauth_tokens(
        &self,
        connection: &ConnectionId,
        expected: Option<i64>,
        tokens: &OAuthTokens,
    ) -> Result<bool, StoreError> {
        todo!()
    }
    /// Takes or keeps a named lease for `owner`; false while another owner holds it.
    pub async fn take_lock(&self, name: &str, owner: &str, lease: Duration) -> Result<bool, StoreError> {
        todo!()
    }
    pub async fn release_lock(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        todo!()
    }

    // --- upkeep -----------------------------------------------------------------------------------------------------
    /// Deletes handled events older than `events` and passes older than `passes`, in batches; returns how many of each.
    pub async fn purge(&self, events: Timestamp, passes: Timestamp) -> Result<(u64, u64), StoreError> {
        todo!()
    }
}

/// What became of storing a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkResult {
    /// Stored.
    Linked,
    /// Another order has one of the ids.
    Taken(OrderId),
    /// The lease is gone.
    LeaseLost,
}

#[expect(dead_code, reason = "keeps the imports of the signatures in use")]
fn _signature_types(_: RecordId, _: SaleId) {}
