//! The conformance suite of the store: one body for each rule, one case for each engine.
//!
//! A body is an `async fn` that takes a [`World`]; [`cases!`] makes a test of it for every engine. What only one engine can do to
//! itself (a full file, a foreign lock) is in that engine's own file.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it fails")]

mod calls;
mod door;
mod finish;
mod link;
mod lists;
mod losing;
mod memory;
mod moving;
mod operators;
mod owners;
mod postgres;
mod queue;
mod random;
mod sqlite;
mod together;
mod upkeep;
mod waiting;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;
use tillbridge::clock::{Clock, after};
use tillbridge::domain::ids::{ConnectionId, OrderId};
use tillbridge::domain::verdict::{HoldKind, Reason, Verdict};
use tillbridge::store::{
    Begun, CallRow, ClaimRequest, Claimed, Dedupe, Direction, End, EventRow, EventSource, Link, Merge, NewCall, NewEvent, OrderRef,
    OrderRow, OrderState, PassResult, Received, Store, Written,
};

use crate::postgres::Schema;

/// Makes a test of each body, for every engine.
macro_rules! cases {
    ($($body:ident)+) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $body() {
                    super::$body($crate::store::World::sqlite().await).await;
                }
            )+
        }
        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $body() {
                    super::$body($crate::store::World::postgres().await).await;
                }
            )+
        }
    };
}
use cases;

/// How many migrations there are.
const MIGRATIONS: usize = 2;
/// How long a lease lasts in these tests.
const LEASE: Duration = Duration::from_mins(5);

/// An empty store of one engine, and the clock it goes by.
struct World {
    store: Store,
    clock: Clock,
    url: String,
    /// Goes last: the store's rows are in it.
    place: Place,
}

/// Where the rows are.
enum Place {
    File(TempDir),
    Schema(Schema),
}

impl World {
    async fn sqlite() -> Self {
        Self::sqlite_with("").await
    }

    async fn sqlite_with(parameters: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}{parameters}", folder.path().join("store.db").display());
        Self::of(url, Place::File(folder)).await
    }

    async fn postgres() -> Self {
        let schema = Schema::new().await;
        Self::of(schema.url.clone(), Place::Schema(schema)).await
    }

    async fn of(url: String, place: Place) -> Self {
        let clock = Clock::manual("2026-11-23T01:00:00Z".parse().unwrap());
        let store = Store::open(&url, 2, clock.clone()).await.unwrap();
        assert_eq!(store.migrate().await.unwrap(), MIGRATIONS);
        Self { store, clock, url, place }
    }

    /// Another one of the same engine.
    async fn another(&self) -> Self {
        match self.place {
            Place::File(_) => Self::sqlite().await,
            Place::Schema(_) => Self::postgres().await,
        }
    }

    /// The folder of the file.
    fn folder(&self) -> &Path {
        match &self.place {
            Place::File(folder) => folder.path(),
            Place::Schema(_) => panic!("there is no file"),
        }
    }

    /// The schema of the tables.
    fn schema(&self) -> &Schema {
        match &self.place {
            Place::Schema(schema) => schema,
            Place::File(_) => panic!("there is no schema"),
        }
    }

    /// Closes the store and opens the same one.
    async fn reopen(&mut self) {
        self.store.close().await;
        self.store = Store::open(&self.url, 2, self.clock.clone()).await.unwrap();
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn later(&self, seconds: u64) -> Timestamp {
        after(self.now(), Duration::from_secs(seconds))
    }

    fn pass_time(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A callback about a sales order, due now, that is no repeat.
    fn callback(&self, netsuite_id: &str) -> NewEvent {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let key = format!("msg_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        NewEvent {
            connection: connection(),
            source: EventSource::Netsuite,
            kind: "salesorder.edit".to_owned(),
            order: Some(OrderRef::NetSuite(netsuite_id.into())),
            dedupe: Dedupe::Key(key.clone()),
            body: key.into_bytes(),
            due_at: self.now(),
            verdict: None,
        }
    }

    /// A webhook about a sale, due now.
    fn webhook(&self, sale_id: &str, body: &str) -> NewEvent {
        NewEvent {
            connection: connection(),
            source: EventSource::XSeries,
            kind: "sale.update".to_owned(),
            order: Some(OrderRef::XSeries(sale_id.into())),
            dedupe: Dedupe::PendingBody,
            body: body.as_bytes().to_vec(),
            due_at: self.now(),
            verdict: None,
        }
    }

    /// A poll hit.
    fn poll(&self, order: OrderRef, dedupe: Dedupe) -> NewEvent {
        NewEvent { source: EventSource::Poll, kind: "poll".to_owned(), dedupe, order: Some(order), ..self.callback("0") }
    }

    /// Receives a callback that is new; its order.
    async fn call_back(&self, netsuite_id: &str) -> OrderId {
        match self.store.receive(self.callback(netsuite_id)).await.unwrap() {
            Received::New { order_id: Some(order), .. } => order,
            other => panic!("{other:?} is not a new event of an order"),
        }
    }

    async fn claim(&self, limit: usize) -> Vec<Claimed> {
        self.store.claim(&claim(limit)).await.unwrap()
    }

    /// Claims the one order that is due.
    async fn claim_one(&self) -> Claimed {
        let mut claimed = self.claim(10).await;
        assert_eq!(claimed.len(), 1, "{claimed:?}");
        claimed.remove(0)
    }

    async fn finish(&self, claimed: &Claimed, end: End) {
        assert_eq!(self.store.finish(claimed, result(claimed, end)).await.unwrap(), Written::Yes);
    }

    async fn order(&self, id: &OrderId) -> OrderRow {
        self.store.order(id).await.unwrap().unwrap()
    }

    /// Every event of an order by its number, those without one first.
    async fn events_of(&self, id: &OrderId) -> Vec<EventRow> {
        let filter = tillbridge::store::EventFilter { order_id: Some(id.clone()), ..Default::default() };
        let mut events = self.store.events(&filter, None, 1000).await.unwrap().items;
        events.sort_by_key(|event| event.seq);
        events
    }

    /// The verdict words of an order's events, by number; `-` for none.
    async fn verdicts(&self, id: &OrderId) -> Vec<&'static str> {
        self.events_of(id).await.iter().map(|event| event.verdict.map_or("-", |verdict| verdict.word())).collect()
    }

    /// How many events there are in all.
    async fn event_count(&self) -> usize {
        self.store.events(&tillbridge::store::EventFilter::default(), None, 100_000).await.unwrap().items.len()
    }
}

fn connection() -> ConnectionId {
    ConnectionId::from("acme-nz")
}

fn claim(limit: usize) -> ClaimRequest {
    ClaimRequest { owner: "worker-1".to_owned(), limit, lease: LEASE, connections: Vec::new() }
}

/// A pass that changes nothing of the link.
fn result(claimed: &Claimed, end: End) -> PassResult {
    PassResult { end, link: claimed.order.link.clone(), revision: Some(1), aliases: Vec::new(), explanation: json!({ "seen": "nothing" }) }
}

fn settled() -> End {
    End::Verdict {
        verdict: Verdict::synced(Reason::FulfilledAndBilled, "fulfilled and billed"),
        state: OrderState::Settled,
        hold: None,
        recheck_at: None,
    }
}

fn waiting(recheck_at: Option<Timestamp>) -> End {
    End::Verdict {
        verdict: Verdict::waiting(Reason::AwaitingPickup, "waits to be picked up"),
        state: OrderState::Waiting,
        hold: None,
        recheck_at,
    }
}

fn held(hold: HoldKind) -> End {
    End::Verdict {
        verdict: Verdict::held(Reason::Unresolved, "an item is missing"),
        state: OrderState::Held,
        hold: Some(hold),
        recheck_at: None,
    }
}

fn retry(due_at: Timestamp) -> End {
    End::Retry { due_at, reason: "timeout".to_owned(), detail: "no answer in time".to_owned() }
}

fn linked(netsuite_id: Option<&str>, sale_id: Option<&str>) -> Link {
    Link { netsuite_id: netsuite_id.map(Into::into), x_series_id: sale_id.map(Into::into), ..Link::default() }
}

/// Two orders become one, and the sale was first.
fn of_the_till() -> Merge {
    Merge { direction: Direction::XSeriesToNetsuite, revision: Some(7), explanation: json!({ "steps": ["merged"] }) }
}

/// Begins a call that was not begun before.
async fn begun(world: &World, claimed: &Claimed, call: NewCall) -> CallRow {
    match world.store.begin_call(claimed, call).await.unwrap() {
        Begun::Now(row) => row,
        begun => panic!("{begun:?}"),
    }
}
