//! Every SQL statement of the service: receive, claim, calls, links, cursors, revisions, upkeep.
//!
//! # The queue
//!
//! The order row *is* the queue. Each event of an order takes the next number (`enqueued_seq`); a pass handles all numbers up to the
//! one that was the newest when it claimed the order, and moves `handled_seq` there. `due_at` says when the order is next worked on;
//! a claim moves it to the lease's end and takes the next fencing token, so an expired lease is just a due order again, and whatever
//! the old worker still writes is refused. Two events of one order therefore never run at once, and no retry lets a later one pass.
//!
//! # What holds for every method
//!
//! - A write is committed, with `fsync` semantics, before the method returns; it is written whole or not at all. Once it has been
//!   handed over it runs to its end, even if the caller is dropped; what a pass writes may be left out then, as its lease ends with it.
//! - [`StoreError::Unavailable`] means that the store is full, locked or gone, and that the same call may succeed later.
//! - A write of a pass matches the order *and* its token; `LeaseLost` means that nothing was written and that another worker owns
//!   the order.
//! - "Not there" is `None`.
//!
//! # Engines
//!
//! [`Store`] hands each call to its engine: `sqlite` is one file and one process, `postgres` is for several. What both would say
//! alike is in `shared`, whose files are compiled once for each of them; what a batch of arrivals decides in memory is in `batch`. Both pass the
//! conformance suite in `tests/it/store`; callers see no difference.

mod batch;
mod error;
mod ids;
mod migrations;
mod moving;
pub mod operator_types;
pub mod ownership;
mod page;
mod postgres;
mod spread;
mod sqlite;
mod standing;
pub mod types;
mod url;
mod values;
mod work;

pub use error::StoreError;
pub use moving::{Move, MoveError, MovedTable};
pub use operator_types::*;
pub use ownership::*;
pub use types::*;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use self::postgres::Postgres;
use self::sqlite::Sqlite;
use crate::clock::Clock;
use crate::domain::ids::{CallId, ConnectionId, EventId, OrderId, RecordId, SaleId};

/// The store: cheap to clone, safe to share.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Engine,
    /// The url, without its password.
    shown: Arc<str>,
}

#[derive(Debug, Clone)]
enum Engine {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

/// Hands a call to the engine. Where two names are given, Postgres has a way of its own that does it for several orders at once.
macro_rules! engine {
    ($store:ident.$operation:ident($($argument:expr),*)) => {
        match &$store.engine {
            Engine::Sqlite(sqlite) => sqlite.$operation($($argument),*).await,
            Engine::Postgres(postgres) => postgres.$operation($($argument),*).await,
        }
    };
    ($store:ident.$one:ident | $together:ident($($argument:expr),*)) => {
        match &$store.engine {
            Engine::Sqlite(sqlite) => sqlite.$one($($argument),*).await,
            Engine::Postgres(postgres) => postgres.$together($($argument),*).await,
        }
    };
}

use engine;

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

/// What became of storing a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkResult {
    /// Stored.
    Linked,
    /// Another order has one of the ids; nothing was stored.
    Taken(OrderId),
    /// The lease is gone.
    LeaseLost,
}

/// What the writer has done since the store was opened. Many writes that wait share one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriterStats {
    /// Writes that were handed over.
    pub writes: u64,
    /// Transactions that were committed.
    pub commits: u64,
}

/// Life.
impl Store {
    /// Opens the database without migrating it. `read_connections` is how many reads run beside each other.
    ///
    /// - `sqlite:PATH` or `sqlite://PATH`: the file is made when it is missing, its folder is not. `?max_page_count=N` limits the file
    ///   to N pages of 4 KiB.
    /// - `postgres://user:password@host/database`: the database has to be there. `?notify=off` for a server without `LISTEN`.
    pub async fn open(url: &str, read_connections: u32, clock: Clock) -> Result<Self, StoreError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => {
                let sqlite = Sqlite::open(url, read_connections, clock)?;
                Ok(Self { engine: Engine::Sqlite(Arc::new(sqlite)), shown: url.into() })
            }
            Some("postgres" | "postgresql") => {
                let postgres = Box::pin(Postgres::open(url, read_connections, clock)).await?;
                Ok(Self { shown: postgres.shown().into(), engine: Engine::Postgres(Arc::new(postgres)) })
            }
            Some(scheme) => Err(StoreError::UnknownEngine(format!("it starts with {scheme:?}, which is neither sqlite nor postgres"))),
            None => Err(StoreError::UnknownEngine("it starts with neither sqlite: nor postgres:".to_owned())),
        }
    }

    /// The url as it may be shown: without a password.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Applies the migrations that are missing, all of them or none; returns how many were applied.
    pub async fn migrate(&self) -> Result<usize, StoreError> {
        engine!(self.migrate())
    }

    /// How many migrations wait.
    pub async fn pending_migrations(&self) -> Result<usize, StoreError> {
        engine!(self.pending_migrations())
    }

    /// The readiness probe: writes one row. Fails within about two seconds when the store cannot be written.
    pub async fn ping(&self) -> Result<(), StoreError> {
        engine!(self.ping())
    }

    /// Lets the writer finish what was handed to it and closes all connections; later writes fail with `Closed`.
    pub async fn close(&self) {
        engine!(self.close());
    }

    /// Resolves when a commit since the last claim made an order due before `until`, when the caller looks by itself: a hint, for one waiter. The
    /// poll is the truth.
    pub async fn wait_for_work(&self, until: Timestamp) {
        engine!(self.wait_for_work(until));
    }

    /// What the writer has done, for the metrics.
    pub fn writer_stats(&self) -> WriterStats {
        match &self.engine {
            Engine::Sqlite(sqlite) => sqlite.writer_stats(),
            Engine::Postgres(postgres) => postgres.writer_stats(),
        }
    }
}

/// The door.
impl Store {
    /// Commits one event: it is stored and its order is due, or neither. Runs to its end even if the caller is dropped half-way.
    ///
    /// An order that is not there yet is made, except for [`OrderRef::Own`]: `UnknownOrder`. When an event makes its order due:
    ///
    /// | the order | becomes |
    /// |---|---|
    /// | waits, is settled, or is held until a fact changes | due at `due_at`, or earlier if it was due earlier |
    /// | is in back-off after a failed attempt | stays due when it was: the other side asked us to wait |
    /// | is in a worker's hands | due again as soon as the pass ends |
    /// | is held for an operator | stays held; the event piles up behind |
    ///
    /// An event with a verdict given at the door changes nothing of that, and has no number.
    pub async fn receive(&self, event: NewEvent) -> Result<Received, StoreError> {
        engine!(self.receive(event))
    }
}

/// The queue.
impl Store {
    /// Takes due orders, the longest due first, each with a new token. An order whose lease ran out is due.
    pub async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        engine!(self.claim(request))
    }

    /// When after `after` the next order becomes due or the next lease ends, if any does. A claim was not to have, or took, what was due before.
    pub async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        engine!(self.next_due(after))
    }

    /// Extends leases to `lease` from now, in one statement; returns those that are still ours.
    pub async fn heartbeat(&self, leases: &[Lease], lease: Duration) -> Result<Vec<Lease>, StoreError> {
        engine!(self.heartbeat(leases, lease))
    }

    /// The events that the pass handles: everything up to `upto` that has no final verdict, in order. Held events are among them.
    pub async fn pending_events(&self, order: &OrderId, upto: i64) -> Result<Vec<EventRow>, StoreError> {
        engine!(self.pending_events(order, upto))
    }

    /// Ends a pass in one transaction: verdicts, row, link, aliases, history, lease.
    ///
    /// - A verdict goes to every event up to `upto` that has no final one. `held` is not final: those events get the next verdict too.
    /// - Events that came meanwhile make the order due at once, unless it is held for an operator. An operator's action that came
    ///   meanwhile stands above a hold and a back-off.
    /// - `Retry` keeps the attempts and leaves a pass without a verdict. `Defer` gives the attempt back and leaves no trace.
    /// - An id of the link that is known is never erased, also when the result holds none.
    /// - `LinkTaken` when an id belongs to another order: nothing was written, and the lease is still ours.
    pub async fn finish(&self, claimed: &Claimed, result: PassResult) -> Result<Written, StoreError> {
        engine!(self.finish_one | finish(claimed, result))
    }

    /// Stores the link before a call leaves, so that its echo finds the order.
    pub async fn link(&self, lease: &Lease, link: &Link) -> Result<LinkResult, StoreError> {
        engine!(self.link_one | link(lease, link))
    }

    /// Moves the events, calls, passes and names of the leased order to `into`, which becomes due as by a new event, and removes the
    /// leased row. Events without a final verdict line up behind those of `into`; handled ones keep their verdict and lose their
    /// number. `into` takes over the side of the link that it lacks, the direction, and the pass that found out, which has no verdict.
    /// `UnknownOrder` when `into` is not another order of the same connection.
    pub async fn merge(&self, lease: &Lease, into: &OrderId, merge: Merge) -> Result<Written, StoreError> {
        engine!(self.merge(lease, into, merge))
    }
}

/// Orders that wait for another one.
impl Store {
    /// The sale is at rest: orders that ended with `original_first` under the name [`crate::domain::keys::waits_for`] it become due, each
    /// by an event of its own, so that one in a worker's hands looks again too. Returns how many. Where nobody waits, this is one read.
    pub async fn wake_waiting(&self, connection: &ConnectionId, sale: &SaleId) -> Result<usize, StoreError> {
        engine!(self.wake_waiting(connection, sale))
    }
}

/// Calls.
impl Store {
    /// Commits the intent, as sent and with one attempt more, before the request leaves. The same key again gives the row that is
    /// there, unchanged, unless it is `Failed`: then it is begun afresh with the new request. `KeyTaken`: it is another order's call.
    pub async fn begin_call(&self, claimed: &Claimed, call: NewCall) -> Result<Begun, StoreError> {
        engine!(self.begin_one | begin_call(claimed, call))
    }

    /// Stores what came of it. A `remote_id` that is known is never erased.
    pub async fn settle_call(&self, lease: &Lease, call: &CallId, outcome: CallOutcome) -> Result<Written, StoreError> {
        engine!(self.settle_one | settle_call(lease, call, outcome))
    }

    /// The order that this invoice, cash sale, cash refund or credit memo was booked for.
    pub async fn order_of_bill(&self, connection: &ConnectionId, bill: &RecordId) -> Result<Option<OrderId>, StoreError> {
        engine!(self.order_of_bill(connection, bill))
    }

    /// The call with this key, whatever order it is of.
    pub async fn call_by_key(&self, connection: &ConnectionId, key: &str) -> Result<Option<CallRow>, StoreError> {
        engine!(self.call_by_key(connection, key))
    }

    /// Every call of an order, oldest first.
    pub async fn calls_of(&self, order: &OrderId) -> Result<Vec<CallRow>, StoreError> {
        engine!(self.calls_of(order))
    }
}

/// Operators.
impl Store {
    /// One order.
    pub async fn order(&self, id: &OrderId) -> Result<Option<OrderRow>, StoreError> {
        engine!(self.order(id))
    }

    /// Orders that an id or number of either side finds, in any case of letters, within all connections; our own id first.
    pub async fn find_orders(&self, id: &str) -> Result<Vec<OrderRow>, StoreError> {
        engine!(self.find_orders(id))
    }

    /// A page of orders, the last changed first. `BadCursor` for a cursor that is not from here.
    pub async fn orders(&self, filter: &OrderFilter, cursor: Option<&str>, limit: u32) -> Result<Page<OrderRow>, StoreError> {
        engine!(self.orders(filter, cursor, limit))
    }

    /// A page of events, the last received first.
    pub async fn events(&self, filter: &EventFilter, cursor: Option<&str>, limit: u32) -> Result<Page<EventRow>, StoreError> {
        engine!(self.events(filter, cursor, limit))
    }

    /// One event with its raw body.
    pub async fn event(&self, id: &EventId) -> Result<Option<(EventRow, Vec<u8>)>, StoreError> {
        engine!(self.event(id))
    }

    /// A page of calls: those in doubt first, then the last begun.
    pub async fn calls(&self, filter: &CallFilter, cursor: Option<&str>, limit: u32) -> Result<Page<CallRow>, StoreError> {
        engine!(self.calls(filter, cursor, limit))
    }

    /// The passes of an order, newest first. A pass whose first event is beyond its last handled none: it looked again by itself.
    pub async fn passes(&self, order: &OrderId, limit: u32) -> Result<Vec<PassRow>, StoreError> {
        engine!(self.passes(order, limit))
    }

    /// Carries out an operator's action: an event of source `operator`, and what the action does to the row, in one transaction.
    /// `None`: the order is not there. Else the row as it is afterwards.
    ///
    /// `Skip` decides everything that waits as `ignored(skipped)`, and whatever a worker has in hand is dropped. The others make the
    /// order due now, with its hold and attempts cleared and its held events open again; on an order in a worker's hands they wait
    /// for the pass to end.
    pub async fn act(&self, order: &OrderId, action: OperatorAction, author: &str) -> Result<Option<OrderRow>, StoreError> {
        engine!(self.act(order, action, author))
    }

    /// The counts; cheap however large the store. Events count for life: a purge does not lower `received` or the verdicts.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        engine!(self.counts())
    }

    /// Makes a replay's row.
    pub async fn create_replay(&self, replay: ReplayRow) -> Result<(), StoreError> {
        engine!(self.create_replay(replay))
    }

    /// Writes a replay's state, total, done and changes.
    pub async fn update_replay(&self, replay: &ReplayRow) -> Result<(), StoreError> {
        engine!(self.update_replay(replay))
    }

    /// One replay.
    pub async fn replay(&self, id: &str) -> Result<Option<ReplayRow>, StoreError> {
        engine!(self.replay(id))
    }
}

/// Settings in the database.
impl Store {
    /// Makes a token's row. The hash is SHA-256 of the token, in hex.
    pub async fn create_token(&self, row: &TokenRow, hash: &str) -> Result<(), StoreError> {
        engine!(self.create_token(row, hash))
    }

    /// The token with this hash.
    pub async fn token_by_hash(&self, hash: &str) -> Result<Option<TokenRow>, StoreError> {
        engine!(self.token_by_hash(hash))
    }

    /// Publishes the next revision: 1, 2, 3, … within the connection.
    pub async fn publish(&self, connection: &ConnectionId, document: &str, message: &str, author: &str) -> Result<Revision, StoreError> {
        engine!(self.publish(connection, document, message, author))
    }

    /// The newest revision.
    pub async fn current_revision(&self, connection: &ConnectionId) -> Result<Option<Revision>, StoreError> {
        engine!(self.current_revision(connection))
    }

    /// One revision.
    pub async fn revision(&self, connection: &ConnectionId, number: i64) -> Result<Option<Revision>, StoreError> {
        engine!(self.revision(connection, number))
    }

    /// Every revision, newest first.
    pub async fn revisions(&self, connection: &ConnectionId) -> Result<Vec<Revision>, StoreError> {
        engine!(self.revisions(connection))
    }
}

/// What is remembered of the other systems.
impl Store {
    /// Where a poll stands.
    pub async fn cursor(&self, connection: &ConnectionId, name: &str) -> Result<Option<Value>, StoreError> {
        engine!(self.cursor(connection, name))
    }

    /// Moves a poll's cursor.
    pub async fn set_cursor(&self, connection: &ConnectionId, name: &str, value: &Value) -> Result<(), StoreError> {
        engine!(self.set_cursor(connection, name, value))
    }

    /// The X-Series id paired with a `NetSuite` id. Pairs are of things that are no orders; `kind` is `customer` or `item`.
    pub async fn pair_by_netsuite(&self, connection: &ConnectionId, kind: &str, id: &str) -> Result<Option<String>, StoreError> {
        engine!(self.pair_by_netsuite(connection, kind, id))
    }

    /// The `NetSuite` id paired with an X-Series id.
    pub async fn pair_by_x_series(&self, connection: &ConnectionId, kind: &str, id: &str) -> Result<Option<String>, StoreError> {
        engine!(self.pair_by_x_series(connection, kind, id))
    }

    /// Pairs two ids; what either was paired with before is forgotten.
    pub async fn set_pair(&self, connection: &ConnectionId, kind: &str, netsuite_id: &str, x_series_id: &str) -> Result<(), StoreError> {
        engine!(self.set_pair(connection, kind, netsuite_id, x_series_id))
    }

    /// Forgets that two ids are paired; nothing happens where either has another partner by now.
    pub async fn forget_pair(&self, connection: &ConnectionId, kind: &str, netsuite_id: &str, x_series_id: &str) -> Result<(), StoreError> {
        engine!(self.forget_pair(connection, kind, netsuite_id, x_series_id))
    }

    /// The OAuth tokens of an X-Series connection.
    pub async fn oauth_tokens(&self, connection: &ConnectionId) -> Result<Option<OAuthTokens>, StoreError> {
        engine!(self.oauth_tokens(connection))
    }

    /// Writes the tokens as generation `expected + 1`; with no expectation, as the first, under the generation that they carry.
    /// False when another writer was first: the generation differs, or the first is there already.
    pub async fn save_oauth_tokens(
        &self,
        connection: &ConnectionId,
        expected: Option<i64>,
        tokens: &OAuthTokens,
    ) -> Result<bool, StoreError> {
        engine!(self.save_oauth_tokens(connection, expected, tokens))
    }

    /// Takes or keeps a named lease for `owner`; false while another owner holds it.
    pub async fn take_lock(&self, name: &str, owner: &str, lease: Duration) -> Result<bool, StoreError> {
        engine!(self.take_lock(name, owner, lease))
    }

    /// Gives a named lease back, if `owner` has it.
    pub async fn release_lock(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        engine!(self.release_lock(name, owner))
    }
}

/// Replicas. Any of them receives; the requests of a connection are sent by the one that has it.
impl Store {
    /// True when only one process can use the store: what another one left behind is its.
    pub fn is_embedded(&self) -> bool {
        matches!(self.engine, Engine::Sqlite(_))
    }

    /// Says that a replica is there, keeps the connections that it has and takes those that it may have, so that they are spread evenly
    /// over the replicas that are there. Returns what it has then; what is not among it any more is lost. Of a connection that is
    /// taken, the orders that the former owner had in hand are due at once.
    ///
    /// One that has too many gives one up: it comes back as `leaving`, and stays until [`Store::release_connections`].
    pub async fn own_connections(&self, request: &OwnRequest) -> Result<Vec<ConnectionLease>, StoreError> {
        engine!(self.own_connections(request))
    }

    /// Gives connections up, as far as `owner` has them: the next one takes them without waiting for the lease's end.
    pub async fn release_connections(&self, owner: &str, connections: &[ConnectionId]) -> Result<(), StoreError> {
        engine!(self.release_connections(owner, connections))
    }

    /// Resolves when another process gave connections up: a hint, for one waiter.
    pub async fn wait_for_release(&self) {
        engine!(self.wait_for_release());
    }

    /// Gives everything up that `owner` has; it is not there any more.
    pub async fn leave(&self, owner: &str) -> Result<(), StoreError> {
        engine!(self.leave(owner))
    }

    /// Who has which connection.
    pub async fn connection_leases(&self) -> Result<Vec<ConnectionLease>, StoreError> {
        engine!(self.connection_leases())
    }
}

/// Upkeep.
impl Store {
    /// Deletes handled events received before `events` and passes ended before `passes`, in batches; returns how many of each. An
    /// event with a delivery id stays for 72 hours at least, and the newest pass of an order stays.
    pub async fn purge(&self, events: Timestamp, passes: Timestamp) -> Result<(u64, u64), StoreError> {
        engine!(self.purge(events, passes))
    }
}
