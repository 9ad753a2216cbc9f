//! What goes into the store and what comes out: plain types, no SQL.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::domain::call::CallKind;
use crate::domain::ids::{CallId, ConnectionId, EventId, OrderId, RecordId, SaleId};
pub use crate::domain::link::Link;
use crate::domain::verdict::{HoldKind, Verdict, VerdictKind};

/// Which order an event speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrderRef {
    /// The order of this sales order.
    NetSuite(RecordId),
    /// The order of this sale.
    XSeries(SaleId),
    /// An order that we know by our own id.
    Own(OrderId),
}

/// Who asked for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventSource {
    /// A `NetSuite` callback.
    Netsuite,
    /// An X-Series webhook.
    XSeries,
    /// A poll hit.
    Poll,
    /// A sweep.
    Sweep,
    /// An operator.
    Operator,
}

impl EventSource {
    /// Every source.
    pub const ALL: [Self; 5] = [Self::Netsuite, Self::XSeries, Self::Poll, Self::Sweep, Self::Operator];

    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Netsuite => "netsuite",
            Self::XSeries => "x_series",
            Self::Poll => "poll",
            Self::Sweep => "sweep",
            Self::Operator => "operator",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.word() == word)
    }
}

/// How a repeated event is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dedupe {
    /// By a key of the sender (`webhook-id`), for as long as events are kept.
    Key(String),
    /// By its body, while the same body still waits to be handled for that order.
    PendingBody,
    /// A poll hit: new only if the order was not yet handled at this or a later version of the sale.
    SaleVersion(i64),
    /// A poll hit: new only if the order was not yet handled at this or a later last-modified time of the sales order.
    OrderModified(Timestamp),
    /// Never repeated: an operator's action.
    Never,
}

/// An event at the door.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The connection.
    pub connection: ConnectionId,
    /// Who asked.
    pub source: EventSource,
    /// `salesorder.edit`, `sale.update`, `retry`, …
    pub kind: String,
    /// The order; none for an event that speaks of no order, which then needs a verdict at once.
    pub order: Option<OrderRef>,
    /// How a repeat is known.
    pub dedupe: Dedupe,
    /// The raw body, byte for byte.
    pub body: Vec<u8>,
    /// When the order becomes due: now, or after the debounce.
    pub due_at: Timestamp,
    /// A verdict given at the door: malformed, or not about an order.
    pub verdict: Option<Verdict>,
}

/// What became of an event at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// Stored.
    New {
        /// Its id.
        event_id: EventId,
        /// Its order.
        order_id: Option<OrderId>,
    },
    /// Seen before: nothing was changed.
    Duplicate {
        /// The id of the first.
        event_id: EventId,
        /// Its order.
        order_id: Option<OrderId>,
    },
    /// A poll hit that tells nothing new: nothing was stored.
    NothingNew,
}

/// The right to work on an order until the lease ends. Every write of a pass matches its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The order.
    pub order_id: OrderId,
    /// The fencing token.
    pub token: i64,
}

/// An order in the hands of a worker.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The right to work on it.
    pub lease: Lease,
    /// The row as it was claimed.
    pub order: OrderRow,
    /// The last event that this pass handles.
    pub upto: i64,
    /// Claims since the last success, this one included.
    pub attempt: u32,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderState {
    /// Work waits.
    Due,
    /// A worker has it.
    Working,
    /// In step until something changes; the sale is still under way.
    Waiting,
    /// Stopped.
    Held,
    /// Done.
    Settled,
}

impl OrderState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Due, Self::Working, Self::Waiting, Self::Held, Self::Settled];

    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Settled => "settled",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Which side an order comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// A sales order goes to the till.
    NetsuiteToXSeries,
    /// A sale comes to `NetSuite`.
    XSeriesToNetsuite,
}

impl Direction {
    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::NetsuiteToXSeries => "netsuite_to_x_series",
            Self::XSeriesToNetsuite => "x_series_to_netsuite",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::NetsuiteToXSeries, Self::XSeriesToNetsuite].into_iter().find(|direction| direction.word() == word)
    }
}

/// An order row.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderRow {
    /// Our id.
    pub id: OrderId,
    /// The connection.
    pub connection: ConnectionId,
    /// Where it stands.
    pub state: OrderState,
    /// The verdict of its last pass.
    pub verdict: Option<VerdictKind>,
    /// The stable word of its last pass.
    pub reason: Option<String>,
    /// The sentence of its last pass.
    pub detail: Option<String>,
    /// What lets a held order go on.
    pub hold: Option<HoldKind>,
    /// Which side it comes from.
    pub direction: Direction,
    /// The pair of ids.
    pub link: Link,
    /// The configuration revision of its last decision.
    pub revision: Option<i64>,
    /// Claims since the last success.
    pub attempt: u32,
    /// When it is next worked on; the lease's end while a worker has it.
    pub due_at: Option<Timestamp>,
    /// The number of its newest event.
    pub enqueued_seq: i64,
    /// The number of the last event that is handled.
    pub handled_seq: i64,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An event row, without its body.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// Our id.
    pub id: EventId,
    /// The connection.
    pub connection: ConnectionId,
    /// The order it speaks of.
    pub order_id: Option<OrderId>,
    /// Its number within the order.
    pub seq: Option<i64>,
    /// Who asked.
    pub source: EventSource,
    /// Its type.
    pub kind: String,
    /// When it came.
    pub received_at: Timestamp,
    /// What became of it; none until the pass that handles it ends.
    pub verdict: Option<VerdictKind>,
    /// Why.
    pub reason: Option<String>,
    /// Why, for people.
    pub detail: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
}

/// The life of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Committed, not sent yet. Calls are committed as sent now; only what an older version left behind stands here.
    Planned,
    /// On its way; after a crash, its fate is unknown.
    Sent,
    /// Done.
    Done,
    /// Its fate is unknown: looked up before it is sent again.
    InDoubt,
    /// Refused, or given up: it certainly had no effect.
    Failed,
}

impl CallState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Planned, Self::Sent, Self::Done, Self::InDoubt, Self::Failed];

    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::InDoubt => "in_doubt",
            Self::Failed => "failed",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// One outbound request with its key.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRow {
    /// Our id.
    pub id: CallId,
    /// The connection.
    pub connection: ConnectionId,
    /// The order.
    pub order_id: OrderId,
    /// What it does.
    pub kind: CallKind,
    /// The deterministic key: the sale's id in X-Series, the `externalId` in `NetSuite`. Unique within the connection.
    pub key: String,
    /// Where it stands.
    pub state: CallState,
    /// What it sends; it is sent again as it stands here.
    pub request: Value,
    /// How often it was sent.
    pub attempts: u32,
    /// The last answer's HTTP status.
    pub http_status: Option<u16>,
    /// The last answer, in a sentence.
    pub answer: Option<String>,
    /// The id of the record that it made.
    pub remote_id: Option<String>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A call to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCall {
    /// What it does.
    pub kind: CallKind,
    /// Its deterministic key.
    pub key: String,
    /// What it sends.
    pub request: Value,
}

/// Whether a call may be sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Begun {
    /// It is committed as sent: send it.
    Now(CallRow),
    /// It was begun before and did not fail: here is where it stands. Nothing was written, and it is not to be sent.
    Before(CallRow),
    /// Another worker owns the order: do not send.
    LeaseLost,
}

/// What came of sending a call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOutcome {
    /// Where it stands now.
    pub state: CallState,
    /// The answer's HTTP status.
    pub http_status: Option<u16>,
    /// The answer, in a sentence.
    pub answer: Option<String>,
    /// The id of the record that it made.
    pub remote_id: Option<String>,
}

/// How a pass ends.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// With a verdict for every event that the pass handled.
    Verdict {
        /// The verdict.
        verdict: Verdict,
        /// Where the order stands now: `Waiting`, `Held` or `Settled`.
        state: OrderState,
        /// What lets it go on, when held.
        hold: Option<HoldKind>,
        /// When to look again without an event.
        recheck_at: Option<Timestamp>,
    },
    /// Once more later; the attempt counts.
    Retry {
        /// When.
        due_at: Timestamp,
        /// Why, as a stable word.
        reason: String,
        /// Why, for people.
        detail: String,
    },
    /// Put back: a wait that is not the order's fault. The attempt is given back.
    Defer {
        /// When there is budget again.
        due_at: Timestamp,
        /// Why, for people.
        detail: String,
    },
}

/// What a pass leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct PassResult {
    /// How it ends.
    pub end: End,
    /// The link as it is now known.
    pub link: Link,
    /// The configuration revision that decided.
    pub revision: Option<i64>,
    /// Further ids and numbers that find the order: fulfilments, invoices, cash sales, receipts.
    pub aliases: Vec<String>,
    /// What was seen, each condition with the value it met, what was decided.
    pub explanation: Value,
}

/// How two orders become one.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// Which side the pair comes from: which of the two records was first.
    pub direction: Direction,
    /// The configuration revision of the pass that found out.
    pub revision: Option<i64>,
    /// What that pass saw and did.
    pub explanation: Value,
}

/// Whether a write found the lease still ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was written.
    Yes,
    /// Another worker owns the order: drop the result.
    LeaseLost,
}

/// One pass over an order, as kept for the explanation.
#[derive(Debug, Clone, PartialEq)]
pub struct PassRow {
    /// When it ended.
    pub at: Timestamp,
    /// What it ended with; none when it was put back or retried.
    pub verdict: Option<VerdictKind>,
    /// The stable word.
    pub reason: Option<String>,
    /// The sentence.
    pub detail: Option<String>,
    /// The configuration revision.
    pub revision: Option<i64>,
    /// The numbers of the events that it handled, both ends included.
    pub events: (i64, i64),
    /// What was seen and decided.
    pub explanation: Value,
}
