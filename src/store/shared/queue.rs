//! Claiming due orders and keeping them.

use std::time::Duration;

use jiff::Timestamp;

use super::dialect::for_update;
use super::driver::{query, query_scalar};
use super::rows::{self, Cells, event_columns};
use super::writer::Tx;
use super::{Db, dialect, during};
use crate::clock::from_millis;
use crate::domain::ids::{ConnectionId, OrderId, RecordId, SaleId};
use crate::store::values::millis;
use crate::store::{ClaimRequest, Claimed, EventRow, Lease, Link, StoreError};

/// An order in hand, as its row stands.
pub(super) struct Leased {
    pub(super) stands: Stands,
    pub(super) connection: String,
    netsuite_id: Option<String>,
    x_series_id: Option<String>,
}

/// What the end of a pass goes by.
#[derive(Debug)]
pub(in crate::store) struct Stands {
    pub(in crate::store) enqueued_seq: i64,
    pub(in crate::store) handled_seq: i64,
    pub(in crate::store) attempt: i64,
    pub(in crate::store) verdict: Option<String>,
    pub(in crate::store) reason: Option<String>,
    pub(in crate::store) detail: Option<String>,
    pub(in crate::store) updated_at: i64,
}

impl Leased {
    /// The link has an id that the row does not.
    pub(super) fn learns(&self, link: &Link) -> bool {
        let new = |id: Option<&str>, known: &Option<String>| id.is_some_and(|id| known.as_deref() != Some(id));
        new(link.netsuite_id.as_ref().map(RecordId::as_str), &self.netsuite_id)
            || new(link.x_series_id.as_ref().map(SaleId::as_str), &self.x_series_id)
    }
}

/// The order of a lease; none when the lease is not ours any more. An expired lease that nobody else has claimed is still ours.
pub(super) async fn leased(tx: &mut Tx, operation: &'static str, lease: &Lease) -> Result<Option<Leased>, StoreError> {
    let row = query(concat!(
        "SELECT enqueued_seq, handled_seq, attempt, verdict, reason, detail, updated_at, connection, netsuite_id, x_series_id \
         FROM orders \
         WHERE id = $1 AND lease_token = $2 AND lease_owner IS NOT NULL",
        for_update!()
    ))
    .bind(lease.order_id.as_str())
    .bind(lease.token)
    .fetch_optional(tx.conn())
    .await
    .map_err(during(operation))?;
    let Some(row) = row else { return Ok(None) };
    let cells = Cells::of("orders", &row);
    let stands = Stands {
        enqueued_seq: cells.get("enqueued_seq")?,
        handled_seq: cells.get("handled_seq")?,
        attempt: cells.get("attempt")?,
        verdict: cells.get("verdict")?,
        reason: cells.get("reason")?,
        detail: cells.get("detail")?,
        updated_at: cells.get("updated_at")?,
    };
    Ok(Some(Leased {
        stands,
        connection: cells.get("connection")?,
        netsuite_id: cells.get("netsuite_id")?,
        x_series_id: cells.get("x_series_id")?,
    }))
}

impl Db {
    /// Takes due orders, the longest due first. A claim that a machine forgets when it stops is an order that is due, and the worker stops with it.
    pub(in crate::store) async fn claim(&self, request: &ClaimRequest) -> Result<Vec<Claimed>, StoreError> {
        const OPERATION: &str = "claim due orders";
        self.looks_for_work();
        let owner = request.owner.clone();
        let limit = i64::try_from(request.limit).unwrap_or(i64::MAX);
        let lease = millis(request.lease);
        let connections = match request.connections.as_slice() {
            [] => None,
            some => Some(dialect::texts(OPERATION, some.iter().map(ConnectionId::as_str))?),
        };
        self.write_soon(OPERATION, move |tx| {
            Box::pin(async move {
                let rows = query(dialect::CLAIM)
                    .bind(owner)
                    .bind(tx.now.saturating_add(lease))
                    .bind(tx.now)
                    .bind(connections)
                    .bind(limit)
                    .fetch_all(tx.conn())
                    .await
                    .map_err(during(OPERATION))?;
                rows.iter()
                    .map(|row| {
                        let order = rows::order(row)?;
                        let token = Cells::of("orders", row).get("lease_token")?;
                        Ok(Claimed {
                            lease: Lease { order_id: order.id.clone(), token },
                            upto: order.enqueued_seq,
                            attempt: order.attempt,
                            order,
                        })
                    })
                    .collect()
            })
        })
        .await
    }

    /// When the next order becomes due, or the next lease ends.
    pub(in crate::store) async fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let due: Option<i64> = query_scalar("SELECT min(due_at) FROM orders WHERE due_at > $1")
            .bind(after.as_millisecond())
            .fetch_one(&self.readers)
            .await
            .map_err(during("look for the next due order"))?;
        Ok(due.map(from_millis))
    }

    /// Extends the leases that are still ours, and returns them. One that is forgotten ends a little earlier.
    pub(in crate::store) async fn heartbeat(&self, leases: &[Lease], lease: Duration) -> Result<Vec<Lease>, StoreError> {
        const OPERATION: &str = "extend leases";
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let ids = dialect::texts(OPERATION, leases.iter().map(|lease| lease.order_id.as_str()))?;
        let tokens = dialect::numbers(OPERATION, leases.iter().map(|lease| lease.token))?;
        let lease = millis(lease);
        self.write_soon(OPERATION, move |tx| {
            Box::pin(async move {
                let rows = query(dialect::HEARTBEAT)
                    .bind(ids)
                    .bind(tokens)
                    .bind(tx.now.saturating_add(lease))
                    .fetch_all(tx.conn())
                    .await
                    .map_err(during(OPERATION))?;
                rows.iter()
                    .map(|row| {
                        let cells = Cells::of("orders", row);
                        Ok(Lease { order_id: OrderId::new(cells.get::<String>("id")?), token: cells.get("lease_token")? })
                    })
                    .collect()
            })
        })
        .await
    }

    /// The events without a final verdict, up to a number, in their order.
    pub(in crate::store) async fn pending_events(&self, order: &OrderId, upto: i64) -> Result<Vec<EventRow>, StoreError> {
        let rows = query(concat!(
            "SELECT ",
            event_columns!(),
            " FROM events WHERE order_id = $1 AND seq <= $2 AND seq > (SELECT handled_seq FROM orders WHERE id = $1) ORDER BY seq"
        ))
        .bind(order.as_str())
        .bind(upto)
        .fetch_all(&self.readers)
        .await
        .map_err(during("read an order's pending events"))?;
        rows.iter().map(rows::event).collect()
    }
}
