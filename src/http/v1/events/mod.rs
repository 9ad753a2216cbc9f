//! Events: the inbox.

pub mod get;
pub mod list;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::ids::{ConnectionId, EventId, OrderId};
use crate::domain::verdict::VerdictKind;
use crate::store::{EventRow, EventSource};

/// An event, as operators see it.
#[derive(Debug, Serialize)]
pub struct Event {
    id: EventId,
    connection: ConnectionId,
    order_id: Option<OrderId>,
    /// Its number within the order.
    seq: Option<i64>,
    source: EventSource,
    #[serde(rename = "type")]
    kind: String,
    received_at: Timestamp,
    verdict: Option<VerdictKind>,
    reason: Option<String>,
    detail: Option<String>,
    decided_at: Option<Timestamp>,
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self {
            id: row.id,
            connection: row.connection,
            order_id: row.order_id,
            seq: row.seq,
            source: row.source,
            kind: row.kind,
            received_at: row.received_at,
            verdict: row.verdict,
            reason: row.reason,
            detail: row.detail,
            decided_at: row.decided_at,
        }
    }
}
