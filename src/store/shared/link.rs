//! Which records belong to an order, and two orders that turn out to be one.

use serde_json::json;

use super::driver::query;
use super::queue::leased;
use super::records::{NewPass, OwnEvent, add_aliases, add_event, add_pass, bind_link, link_set, owner_of, write_link};
use super::rows::{self, order_columns};
use super::writer::Tx;
use super::{Db, during, lock_orders};
use crate::domain::ids::{OrderId, RecordId, SaleId};
use crate::domain::verdict::HoldKind;
use crate::store::standing::Standing;
use crate::store::work::NEVER;
use crate::store::{Direction, EventSource, Lease, Link, LinkResult, Merge, OrderRow, StoreError, Written};

const MERGE: &str = "merge two orders";

/// Writes the link of the leased order, where no other order has one of its ids.
const LINK: &str = concat!(
    "UPDATE orders SET ",
    link_set!(),
    " WHERE id = $1 AND lease_token = $15 AND lease_owner IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM orders AS other \
             WHERE other.netsuite_id = $2 AND other.connection = orders.connection AND other.id <> $1) \
         AND NOT EXISTS (SELECT 1 FROM orders AS other \
             WHERE other.x_series_id = $6 AND other.connection = orders.connection AND other.id <> $1)"
);

impl Db {
    /// Stores the link, unless another order has one of its ids. The call that it is for is begun after it, and keeps both.
    pub(in crate::store) async fn link_one(&self, lease: &Lease, link: &Link) -> Result<LinkResult, StoreError> {
        const OPERATION: &str = "store an order's link";
        let (lease, link) = (lease.clone(), link.clone());
        self.write_soon(OPERATION, move |tx| {
            Box::pin(async move {
                let query = bind_link(query(LINK), OPERATION, &lease.order_id, &link)?.bind(lease.token);
                if query.execute(tx.conn()).await.map_err(during(OPERATION))?.rows_affected() == 1 {
                    return Ok(LinkResult::Linked);
                }
                let Some(row) = leased(tx, OPERATION, &lease).await? else { return Ok(LinkResult::LeaseLost) };
                match owner_of(tx, OPERATION, &lease.order_id, &row.connection, &link).await? {
                    Some(other) => Ok(LinkResult::Taken(other)),
                    None => Err(StoreError::Contended { operation: OPERATION }),
                }
            })
        })
        .await
    }

    /// Moves everything of the leased order to another, and removes its row.
    pub(in crate::store) async fn merge(&self, lease: &Lease, into: &OrderId, merge: Merge) -> Result<Written, StoreError> {
        let (lease, into) = (lease.clone(), into.clone());
        self.write(MERGE, move |tx| {
            Box::pin(async move {
                lock_orders(tx, MERGE, [&lease.order_id, &into]).await?;
                if leased(tx, MERGE, &lease).await?.is_none() {
                    return Ok(Written::LeaseLost);
                }
                let (from, _) = read(tx, &lease.order_id).await?;
                let (to, leased) = read(tx, &into).await?;
                if from.id == to.id || from.connection != to.connection {
                    return Err(StoreError::UnknownOrder(into));
                }
                let enqueued_seq = move_events(tx, &from, &to).await?;
                for statement in [
                    "UPDATE calls SET order_id = $2 WHERE order_id = $1",
                    "UPDATE passes SET order_id = $2 WHERE order_id = $1",
                    "INSERT INTO aliases (alias, order_id) SELECT alias, $2 FROM aliases WHERE order_id = $1 ON CONFLICT DO NOTHING",
                    "DELETE FROM aliases WHERE order_id = $1 AND $2 IS NOT NULL",
                    "DELETE FROM orders WHERE id = $1 AND $2 IS NOT NULL",
                ] {
                    query(statement).bind(from.id.as_str()).bind(to.id.as_str()).execute(tx.conn()).await.map_err(during(MERGE))?;
                }
                wake(tx, &to, leased, enqueued_seq, merge.direction).await?;
                keep_pass(tx, &from, &to, &merge).await?;
                write_link(tx, MERGE, &to.id, &joined(&to.link, &from.link)).await?;
                add_aliases(tx, MERGE, &to.id, &names(&from)).await?;
                Ok(Written::Yes)
            })
        })
        .await
    }
}

/// An order, and whether a worker has it.
pub(super) async fn read(tx: &mut Tx, order: &OrderId) -> Result<(OrderRow, bool), StoreError> {
    let row = query(concat!("SELECT ", order_columns!(), ", lease_owner IS NOT NULL AS leased FROM orders WHERE id = $1"))
        .bind(order.as_str())
        .fetch_optional(tx.conn())
        .await
        .map_err(during(MERGE))?;
    let Some(row) = row else { return Err(StoreError::UnknownOrder(order.clone())) };
    Ok((rows::order(&row)?, rows::Cells::of("orders", &row).get("leased")?))
}

/// Moves the events, and returns the number of the newest one of `to`. Those that were not handled line up behind the ones that wait
/// there, in their order; those that were keep their verdict and have no turn any more.
async fn move_events(tx: &mut Tx, from: &OrderRow, to: &OrderRow) -> Result<i64, StoreError> {
    query("UPDATE events SET order_id = $2, seq = CASE WHEN seq > $3 THEN seq - $3 + $4 END WHERE order_id = $1")
        .bind(from.id.as_str())
        .bind(to.id.as_str())
        .bind(from.handled_seq)
        .bind(to.enqueued_seq)
        .execute(tx.conn())
        .await
        .map_err(during(MERGE))?;
    let enqueued_seq = to.enqueued_seq + from.enqueued_seq - from.handled_seq;
    if enqueued_seq > to.enqueued_seq {
        return Ok(enqueued_seq);
    }
    // Nothing waited, but what the order knows is news to the other: without an event, a pass over it that runs now would not look again.
    let body = json!({ "merged": from.id });
    let event =
        OwnEvent { connection: to.connection.as_str(), seq: enqueued_seq + 1, source: EventSource::Sweep, kind: "merge", body: &body };
    add_event(tx, MERGE, &to.id, event).await?;
    Ok(enqueued_seq + 1)
}

/// The pass that found out is told with those of the order that stays. It handled no event: they all wait for the next one.
async fn keep_pass(tx: &mut Tx, from: &OrderRow, to: &OrderRow, merge: &Merge) -> Result<(), StoreError> {
    let of = if from.link.netsuite_id.is_none() { "sale" } else { "sales order" };
    let pass = NewPass {
        verdict: None,
        reason: "merged",
        detail: &format!("The order {} of its {of} became part of this one.", from.id),
        revision: merge.revision,
        first_seq: to.handled_seq + 1,
        last_seq: to.handled_seq,
        explanation: &merge.explanation,
    };
    add_pass(tx, MERGE, &to.id, pass).await
}

/// The newest event, number `enqueued_seq`, asks for work now.
pub(super) async fn wake(tx: &mut Tx, order: &OrderRow, leased: bool, enqueued_seq: i64, direction: Direction) -> Result<(), StoreError> {
    let mut standing = Standing {
        state: order.state,
        hold: order.hold,
        due_at: order.due_at.map(jiff::Timestamp::as_millisecond),
        attempt: i64::from(order.attempt),
        leased,
    };
    tx.due = tx.due.min(standing.ask(tx.now).unwrap_or(NEVER));
    query("UPDATE orders SET state = $2, hold = $3, due_at = $4, enqueued_seq = $5, direction = $6, updated_at = $7 WHERE id = $1")
        .bind(order.id.as_str())
        .bind(standing.state.word())
        .bind(standing.hold.map(HoldKind::word))
        .bind(standing.due_at)
        .bind(enqueued_seq)
        .bind(direction.word())
        .bind(tx.now)
        .execute(tx.conn())
        .await
        .map(drop)
        .map_err(during(MERGE))
}

/// The link of the order that stays, with each side that it lacks taken from the other.
fn joined(stays: &Link, goes: &Link) -> Link {
    let mut link = stays.clone();
    if link.netsuite_id.is_none() {
        link.netsuite_id.clone_from(&goes.netsuite_id);
        link.netsuite_number.clone_from(&goes.netsuite_number);
        link.netsuite_status.clone_from(&goes.netsuite_status);
        link.netsuite_modified = goes.netsuite_modified;
    }
    if link.x_series_id.is_none() {
        link.x_series_id.clone_from(&goes.x_series_id);
        link.x_series_number.clone_from(&goes.x_series_number);
        link.x_series_status.clone_from(&goes.x_series_status);
        link.x_series_state.clone_from(&goes.x_series_state);
        link.x_series_attributes.clone_from(&goes.x_series_attributes);
        link.x_series_version = goes.x_series_version;
        link.sent_digest.clone_from(&goes.sent_digest);
        link.echo_digest.clone_from(&goes.echo_digest);
        link.mapping.clone_from(&goes.mapping);
    }
    link
}

/// Everything that found the order that goes: it finds the other from now on.
fn names(order: &OrderRow) -> Vec<String> {
    let link = &order.link;
    [
        Some(order.id.as_str()),
        link.netsuite_id.as_ref().map(RecordId::as_str),
        link.netsuite_number.as_deref(),
        link.x_series_id.as_ref().map(SaleId::as_str),
        link.x_series_number.as_deref(),
    ]
    .into_iter()
    .flatten()
    .map(str::to_owned)
    .collect()
}
