//! Operators' actions on one order.

use serde_json::json;

use super::dialect::for_update;
use super::driver::query;
use super::finish::decide_events;
use super::records::{NewPass, OwnEvent, add_event, add_pass};
use super::rows::{self, Cells, order_columns};
use super::writer::Tx;
use super::{Db, during};
use crate::domain::ids::OrderId;
use crate::domain::verdict::{Reason, Verdict};
use crate::store::{EventSource, OperatorAction, OrderRow, StoreError};

const OPERATION: &str = "carry out an operator's action";
const READ: &str = concat!("SELECT ", order_columns!(), ", lease_owner FROM orders WHERE id = $1", for_update!());

impl Db {
    /// Carries out the action; none: there is no such order.
    pub(in crate::store) async fn act(
        &self,
        order: &OrderId,
        action: OperatorAction,
        author: &str,
    ) -> Result<Option<OrderRow>, StoreError> {
        let (order, author) = (order.clone(), author.to_owned());
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                let Some((row, owned)) = read(tx, &order).await? else { return Ok(None) };
                let seq = row.enqueued_seq + 1;
                let body = json!({ "author": author });
                let event =
                    OwnEvent { connection: row.connection.as_str(), seq, source: EventSource::Operator, kind: action.word(), body: &body };
                add_event(tx, OPERATION, &order, event).await?;
                // A lease that ran out is nobody's: the operator need not wait for a worker that is gone.
                let working = owned && row.due_at.is_some_and(|ends| ends.as_millisecond() > tx.now);
                match action {
                    OperatorAction::Skip => skip(tx, &row, seq, &author).await?,
                    _ if working => {
                        statement(tx, "UPDATE orders SET enqueued_seq = $2, updated_at = $3 WHERE id = $1", &order, seq).await?;
                    }
                    OperatorAction::Retry | OperatorAction::Release | OperatorAction::Send | OperatorAction::Replay => {
                        reopen(tx, &order, seq).await?;
                    }
                }
                Ok(read(tx, &order).await?.map(|(row, _)| row))
            })
        })
        .await
    }
}

/// The order, and whether a worker has it.
async fn read(tx: &mut Tx, order: &OrderId) -> Result<Option<(OrderRow, bool)>, StoreError> {
    let row = query(READ).bind(order.as_str()).fetch_optional(tx.conn()).await.map_err(during(OPERATION))?;
    let Some(row) = row else { return Ok(None) };
    let owned = Cells::of("orders", &row).get::<Option<String>>("lease_owner")?.is_some();
    Ok(Some((rows::order(&row)?, owned)))
}

/// Due now, with the attempts counted afresh; held events wait for a verdict again.
async fn reopen(tx: &mut Tx, order: &OrderId, seq: i64) -> Result<(), StoreError> {
    statement(
        tx,
        "UPDATE events SET verdict = NULL, reason = NULL, detail = NULL, decided_at = NULL \
         WHERE order_id = $1 AND seq <= $2 AND seq > (SELECT handled_seq FROM orders WHERE id = $1) AND $3 IS NOT NULL",
        order,
        seq,
    )
    .await?;
    statement(
        tx,
        "UPDATE orders SET state = 'due', hold = NULL, due_at = $3, attempt = 0, enqueued_seq = $2, lease_owner = NULL, updated_at = $3 \
         WHERE id = $1",
        order,
        seq,
    )
    .await?;
    tx.due = tx.due.min(tx.now);
    Ok(())
}

/// Lets everything that waits go. The token moves on, so that what a worker has in hand is dropped.
async fn skip(tx: &mut Tx, row: &OrderRow, seq: i64, author: &str) -> Result<(), StoreError> {
    let verdict = Verdict::ignored(Reason::Skipped, format!("{author} let the pending events of this order go"));
    decide_events(tx, OPERATION, &row.id, (row.handled_seq, seq), &verdict).await?;
    query(
        "UPDATE orders SET state = 'settled', verdict = $2, reason = $3, detail = $4, hold = NULL, due_at = NULL, attempt = 0, \
             enqueued_seq = $5, handled_seq = $5, lease_owner = NULL, lease_token = lease_token + 1, updated_at = $6 \
         WHERE id = $1",
    )
    .bind(row.id.as_str())
    .bind(verdict.kind.word())
    .bind(verdict.reason.word())
    .bind(&verdict.detail)
    .bind(seq)
    .bind(tx.now)
    .execute(tx.conn())
    .await
    .map_err(during(OPERATION))?;
    let explanation = json!({ "skipped_by": author });
    let pass = NewPass {
        verdict: Some(verdict.kind.word()),
        reason: verdict.reason.word(),
        detail: &verdict.detail,
        revision: None,
        first_seq: row.handled_seq + 1,
        last_seq: seq,
        explanation: &explanation,
    };
    add_pass(tx, OPERATION, &row.id, pass).await
}

/// A statement on the order `$1`, its newest event `$2`, at `$3`.
async fn statement(tx: &mut Tx, sql: &'static str, order: &OrderId, seq: i64) -> Result<(), StoreError> {
    query(sql).bind(order.as_str()).bind(seq).bind(tx.now).execute(tx.conn()).await.map(drop).map_err(during(OPERATION))
}
