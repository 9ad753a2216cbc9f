//! Calls: their beginning, and what came of them.

use std::collections::HashMap;

use futures_util::future::BoxFuture;

use super::super::shared::rows::{self, Cells, call_columns};
use super::super::writer::Tx;
use super::super::{Postgres, during};
use super::{Write, bind_leases};
use crate::domain::ids::CallId;
use crate::store::values::json;
use crate::store::{Begun, CallKind, CallOutcome, CallRow, Claimed, Lease, NewCall, StoreError, Written};

/// Orders `$1` with their tokens `$2` begin the calls `$3` to `$6` at `$7`. A call that certainly had no effect is anybody's to make.
const BEGIN: &str = concat!(
    "WITH mine AS MATERIALIZED (SELECT connection, asked.* FROM unnest($1, $2, $3, $4, $5, $6) \
             AS asked (of, token, new_id, new_kind, new_key, new_request) \
         JOIN orders ON orders.id = of WHERE lease_token = token AND lease_owner IS NOT NULL FOR UPDATE OF orders SKIP LOCKED) \
     INSERT INTO calls (id, connection, order_id, kind, idempotency_key, state, request, attempts, created_at, updated_at) \
     SELECT new_id, connection, of, new_kind, new_key, 'sent', new_request, 1, $7, $7 FROM mine \
     ON CONFLICT (connection, idempotency_key) DO UPDATE SET order_id = excluded.order_id, kind = excluded.kind, state = excluded.state, \
         request = excluded.request, attempts = calls.attempts + 1, http_status = NULL, answer = NULL, remote_id = NULL, \
         updated_at = excluded.updated_at \
     WHERE calls.state = 'failed' RETURNING ",
    call_columns!()
);

/// Orders `$1` with their tokens `$2` settle the calls `$3` as `$4` to `$7` at `$8`. An id that the remote side has given once stays known.
const SETTLE: &str = "WITH mine AS MATERIALIZED (SELECT asked.* FROM unnest($1, $2, $3, $4, $5, $6, $7) \
             AS asked (of, token, call, new_state, new_status, new_answer, new_remote_id) \
         JOIN orders ON orders.id = of WHERE lease_token = token AND lease_owner IS NOT NULL FOR UPDATE OF orders SKIP LOCKED) \
     UPDATE calls SET state = new_state, http_status = new_status, answer = new_answer, remote_id = coalesce(new_remote_id, remote_id), \
         updated_at = $8 \
     FROM mine WHERE id = call AND order_id = of RETURNING order_id";

/// A call that an order in hand begins.
#[derive(Debug)]
pub(super) struct NewBegin {
    lease: Lease,
    kind: CallKind,
    key: String,
    request: String,
}

/// A call of an order in hand whose fate is known.
#[derive(Debug)]
pub(super) struct NewSettle {
    lease: Lease,
    call: CallId,
    outcome: CallOutcome,
}

impl Postgres {
    /// Commits the intent to call.
    pub(in crate::store) async fn begin_call(&self, claimed: &Claimed, call: NewCall) -> Result<Begun, StoreError> {
        let request = json(NewBegin::OPERATION, &call.request)?;
        let write = NewBegin { lease: claimed.lease.clone(), kind: call.kind, key: call.key.clone(), request };
        match self.together(&self.sets.begins, write).await? {
            Some(row) => Ok(Begun::Now(row)),
            None => self.begin_one(claimed, call).await,
        }
    }

    /// Stores what came of a call.
    pub(in crate::store) async fn settle_call(&self, lease: &Lease, call: &CallId, outcome: CallOutcome) -> Result<Written, StoreError> {
        let write = NewSettle { lease: lease.clone(), call: call.clone(), outcome: outcome.clone() };
        match self.together(&self.sets.settles, write).await? {
            Some(()) => Ok(Written::Yes),
            None => self.settle_one(lease, call, outcome).await,
        }
    }
}

impl Write for NewBegin {
    type Done = CallRow;
    const OPERATION: &'static str = "begin calls";

    fn lease(&self) -> &Lease {
        &self.lease
    }

    fn keys(&self) -> [Option<&str>; 2] {
        [Some(&self.key), None]
    }

    fn bytes(&self) -> usize {
        self.request.len() + self.key.len()
    }

    fn write<'a>(tx: &'a mut Tx, writes: &'a [Self]) -> BoxFuture<'a, Result<HashMap<String, CallRow>, StoreError>> {
        Box::pin(async move {
            let rows = bind_leases(sqlx::query(BEGIN), writes)
                .bind(writes.iter().map(|_| tx.new_id()).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.kind.word()).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.key.as_str()).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.request.as_str()).collect::<Vec<_>>())
                .bind(tx.now)
                .fetch_all(tx.conn())
                .await
                .map_err(during(Self::OPERATION))?;
            rows.iter().map(|row| rows::call(row).map(|call| (call.order_id.to_string(), call))).collect()
        })
    }
}

impl Write for NewSettle {
    type Done = ();
    const OPERATION: &'static str = "settle calls";

    fn lease(&self) -> &Lease {
        &self.lease
    }

    fn keys(&self) -> [Option<&str>; 2] {
        [None, None]
    }

    fn bytes(&self) -> usize {
        self.outcome.answer.as_ref().map_or(0, String::len) + self.call.as_str().len()
    }

    fn write<'a>(tx: &'a mut Tx, writes: &'a [Self]) -> BoxFuture<'a, Result<HashMap<String, ()>, StoreError>> {
        Box::pin(async move {
            let rows = bind_leases(sqlx::query(SETTLE), writes)
                .bind(writes.iter().map(|write| write.call.as_str()).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.outcome.state.word()).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.outcome.http_status.map(i64::from)).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.outcome.answer.as_deref()).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.outcome.remote_id.as_deref()).collect::<Vec<_>>())
                .bind(tx.now)
                .fetch_all(tx.conn())
                .await
                .map_err(during(Self::OPERATION))?;
            rows.iter().map(|row| Ok((Cells::of("calls", row).get("order_id")?, ()))).collect()
        })
    }
}
