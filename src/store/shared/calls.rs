//! Outbound calls: committed before they leave, settled when their fate is known.

use super::dialect::for_update;
use super::driver::{query, query_scalar};
use super::queue::leased;
use super::rows::{self, call_columns};
use super::{Db, dialect, during};
use crate::domain::ids::{CallId, ConnectionId, OrderId, RecordId};
use crate::store::values::json;
use crate::store::{Begun, CallOutcome, CallRow, Claimed, Lease, NewCall, StoreError, Written};

/// A call that certainly had no effect is anybody's to make: whoever needs it next takes it over.
const BEGIN: &str = concat!(
    "WITH mine AS (SELECT id, connection FROM orders WHERE id = $1 AND lease_token = $2 AND lease_owner IS NOT NULL",
    for_update!(),
    ") INSERT INTO calls (id, connection, order_id, kind, idempotency_key, state, request, attempts, created_at, updated_at) \
     SELECT $3, mine.connection, mine.id, $4, $5, 'sent', $6, 1, $7, $7 FROM mine WHERE true \
     ON CONFLICT (connection, idempotency_key) DO UPDATE SET order_id = excluded.order_id, kind = excluded.kind, state = excluded.state, \
         request = excluded.request, attempts = calls.attempts + 1, http_status = NULL, answer = NULL, remote_id = NULL, \
         updated_at = excluded.updated_at \
     WHERE calls.state = 'failed' RETURNING ",
    call_columns!()
);

const SETTLE: &str = concat!(
    "WITH mine AS (SELECT id AS mine_id FROM orders WHERE id = $2 AND lease_token = $3 AND lease_owner IS NOT NULL",
    for_update!(),
    ") UPDATE calls SET state = $4, http_status = $5, answer = $6, remote_id = coalesce($7, remote_id), updated_at = $8 \
     WHERE id = $1 AND order_id IN (SELECT mine_id FROM mine)"
);

impl Db {
    /// Commits the intent to call.
    pub(in crate::store) async fn begin_one(&self, claimed: &Claimed, call: NewCall) -> Result<Begun, StoreError> {
        const OPERATION: &str = "begin a call";
        let lease = claimed.lease.clone();
        let connection = claimed.order.connection.clone();
        let request = json(OPERATION, &call.request)?;
        self.write_one(OPERATION, move |tx| {
            Box::pin(async move {
                let begun = query(BEGIN)
                    .bind(lease.order_id.as_str())
                    .bind(lease.token)
                    .bind(tx.new_id())
                    .bind(call.kind.word())
                    .bind(&call.key)
                    .bind(request)
                    .bind(tx.now)
                    .fetch_optional(tx.conn())
                    .await
                    .map_err(during(OPERATION))?;
                if let Some(row) = begun {
                    return rows::call(&row).map(Begun::Now);
                }
                if leased(tx, OPERATION, &lease).await?.is_none() {
                    return Ok(Begun::LeaseLost);
                }
                let there = query(concat!("SELECT ", call_columns!(), " FROM calls WHERE connection = $1 AND idempotency_key = $2"))
                    .bind(connection.as_str())
                    .bind(&call.key)
                    .fetch_one(tx.conn())
                    .await
                    .map_err(during(OPERATION))?;
                let there = rows::call(&there)?;
                if there.order_id == lease.order_id {
                    Ok(Begun::Before(there))
                } else {
                    Err(StoreError::KeyTaken { key: call.key, other: there.order_id })
                }
            })
        })
        .await
    }

    /// Stores what came of a call. An id that the remote side has given once stays known.
    pub(in crate::store) async fn settle_one(&self, lease: &Lease, call: &CallId, outcome: CallOutcome) -> Result<Written, StoreError> {
        const OPERATION: &str = "settle a call";
        let (lease, call) = (lease.clone(), call.clone());
        self.write_one(OPERATION, move |tx| {
            Box::pin(async move {
                let settled = query(SETTLE)
                    .bind(call.as_str())
                    .bind(lease.order_id.as_str())
                    .bind(lease.token)
                    .bind(outcome.state.word())
                    .bind(outcome.http_status.map(i64::from))
                    .bind(outcome.answer)
                    .bind(outcome.remote_id)
                    .bind(tx.now)
                    .execute(tx.conn())
                    .await
                    .map_err(during(OPERATION))?;
                if settled.rows_affected() == 1 {
                    return Ok(Written::Yes);
                }
                match leased(tx, OPERATION, &lease).await? {
                    None => Ok(Written::LeaseLost),
                    Some(_) => Err(StoreError::UnknownCall(call)),
                }
            })
        })
        .await
    }

    /// The order of the call that made a bill.
    pub(in crate::store) async fn order_of_bill(&self, connection: &ConnectionId, bill: &RecordId) -> Result<Option<OrderId>, StoreError> {
        let order: Option<String> = query_scalar(dialect::ORDER_OF_BILL)
            .bind(bill.as_str())
            .bind(connection.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(during("look for the order of a bill"))?;
        Ok(order.map(OrderId::new))
    }

    /// The call with a key.
    pub(in crate::store) async fn call_by_key(&self, connection: &ConnectionId, key: &str) -> Result<Option<CallRow>, StoreError> {
        let row = query(concat!("SELECT ", call_columns!(), " FROM calls WHERE connection = $1 AND idempotency_key = $2"))
            .bind(connection.as_str())
            .bind(key)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("look for a call by its key"))?;
        row.as_ref().map(rows::call).transpose()
    }

    /// Every call of an order, oldest first.
    pub(in crate::store) async fn calls_of(&self, order: &OrderId) -> Result<Vec<CallRow>, StoreError> {
        let rows = query(concat!("SELECT ", call_columns!(), " FROM calls WHERE order_id = $1 ORDER BY created_at, id"))
            .bind(order.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(during("read an order's calls"))?;
        rows.iter().map(rows::call).collect()
    }
}
