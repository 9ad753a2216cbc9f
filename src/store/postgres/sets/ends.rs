//! The ends of passes.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::super::shared::finish::{Ending, Reach};
use super::super::shared::queue::Stands;
use super::super::shared::rows::Cells;
use super::super::writer::Tx;
use super::super::{Postgres, during};
use super::links::{LENGTH, bind_links, free, keys_of, links, set_links};
use super::{Write, bind_leases};
use crate::domain::verdict::HoldKind;
use crate::store::values::json;
use crate::store::{Claimed, Lease, PassResult, StoreError, Written};

/// Orders `$1` with their tokens `$2` and links `$3` to `$15`: as they were claimed in `$16` to `$18`, what becomes of the rows in `$19` to
/// `$28`, of the events up to which in `$29`, and of the history in `$30` and `$31`, at `$32`; with the names `$33` of the orders `$34`. An order that
/// has got an event since, by which its end is another, is left alone.
const FINISH: &str = concat!(
    "WITH mine AS MATERIALIZED (SELECT asked.* FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, \
                 $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31) \
             AS asked (of, token, ",
    links!(),
    ", enqueued, handled, tried, new_state, new_verdict, new_reason, new_detail, new_hold, new_due_at, new_attempt, new_handled, \
             new_revision, new_updated_at, decided_upto, last, new_explanation) \
         JOIN orders ON orders.id = of WHERE lease_token = token AND lease_owner IS NOT NULL \
             AND enqueued_seq = enqueued AND handled_seq = handled AND attempt = tried AND ",
    free!(),
    " FOR UPDATE OF orders SKIP LOCKED), \
     pass AS (INSERT INTO passes (order_id, ended_at, verdict, reason, detail, revision, first_seq, last_seq, explanation) \
         SELECT of, $32, new_verdict, new_reason, new_detail, new_revision, handled + 1, last, new_explanation FROM mine WHERE last IS NOT NULL), \
     decided AS (UPDATE events SET verdict = new_verdict, reason = new_reason, detail = new_detail, decided_at = $32 \
         FROM mine WHERE order_id = of AND seq > handled AND seq <= decided_upto), \
     named AS (INSERT INTO aliases (alias, order_id) SELECT name, of FROM unnest($33, $34) AS names (name, named) JOIN mine ON of = named \
         WHERE name <> '' ON CONFLICT DO NOTHING) \
     UPDATE orders SET ",
    set_links!(),
    ", state = new_state, verdict = new_verdict, reason = new_reason, detail = new_detail, hold = new_hold, due_at = new_due_at, \
         attempt = new_attempt, handled_seq = new_handled, revision = coalesce(new_revision, revision), updated_at = new_updated_at, \
         lease_owner = NULL \
     FROM mine WHERE id = of RETURNING id"
);

/// The end of a pass over an order in hand.
#[derive(Debug)]
pub(super) struct NewEnd {
    lease: Lease,
    /// The row as it was claimed.
    row: Stands,
    result: Arc<PassResult>,
    explanation: String,
}

impl Postgres {
    /// Ends the pass, if its lease is still ours.
    pub(in crate::store) async fn finish(&self, claimed: &Claimed, result: PassResult) -> Result<Written, StoreError> {
        let explanation = json(NewEnd::OPERATION, &result.explanation)?;
        let result = Arc::new(result);
        let write = NewEnd { lease: claimed.lease.clone(), row: as_claimed(claimed), result: Arc::clone(&result), explanation };
        match self.together(&self.sets.ends, write).await? {
            Some(()) => Ok(Written::Yes),
            None => self.finish_one(claimed, Arc::unwrap_or_clone(result)).await,
        }
    }
}

impl Write for NewEnd {
    type Done = ();
    const OPERATION: &'static str = "finish orders' passes";

    fn lease(&self) -> &Lease {
        &self.lease
    }

    fn keys(&self) -> [Option<&str>; 2] {
        keys_of(&self.result.link)
    }

    fn bytes(&self) -> usize {
        self.explanation.len() + LENGTH
    }

    fn write<'a>(tx: &'a mut Tx, writes: &'a [Self]) -> BoxFuture<'a, Result<HashMap<String, ()>, StoreError>> {
        Box::pin(async move {
            // Nothing came since the claim, so no operator did.
            let endings: Vec<_> =
                writes.iter().map(|write| Ending::of(&write.result.end, &write.row, write.row.enqueued_seq, false, tx.now)).collect();
            let reaches: Vec<_> = writes.iter().map(|write| Reach::of(&write.result.end, &write.row, write.row.enqueued_seq)).collect();
            let names =
                || writes.iter().flat_map(|write| write.result.aliases.iter().map(|name| (name.as_str(), write.lease.order_id.as_str())));
            let statement = bind_leases(sqlx::query(FINISH), writes);
            let rows = bind_links(statement, Self::OPERATION, writes.iter().map(|write| &write.result.link))?
                .bind(writes.iter().map(|write| write.row.enqueued_seq).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.row.handled_seq).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.row.attempt).collect::<Vec<_>>())
                .bind(endings.iter().map(|ending| ending.state.word()).collect::<Vec<_>>())
                .bind(endings.iter().map(|ending| ending.verdict.as_deref()).collect::<Vec<_>>())
                .bind(endings.iter().map(|ending| ending.reason.as_deref()).collect::<Vec<_>>())
                .bind(endings.iter().map(|ending| ending.detail.as_deref()).collect::<Vec<_>>())
                .bind(endings.iter().map(|ending| ending.hold.map(HoldKind::word)).collect::<Vec<_>>())
                .bind(endings.iter().map(|ending| ending.due_at).collect::<Vec<_>>())
                .bind(endings.iter().map(|ending| ending.attempt).collect::<Vec<_>>())
                .bind(endings.iter().map(|ending| ending.handled_seq).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.result.revision).collect::<Vec<_>>())
                .bind(endings.iter().map(|ending| ending.updated_at).collect::<Vec<_>>())
                .bind(reaches.iter().map(|reach| reach.decided).collect::<Vec<_>>())
                .bind(reaches.iter().map(|reach| reach.last_seq).collect::<Vec<_>>())
                .bind(writes.iter().map(|write| write.explanation.as_str()).collect::<Vec<_>>())
                .bind(tx.now)
                .bind(names().map(|(name, _)| name).collect::<Vec<_>>())
                .bind(names().map(|(_, order)| order).collect::<Vec<_>>())
                .fetch_all(tx.conn())
                .await
                .map_err(during(Self::OPERATION))?;
            tx.due = endings.iter().filter_map(|ending| ending.due_at).fold(tx.due, i64::min);
            rows.iter().map(|row| Ok((Cells::of("orders", row).get("id")?, ()))).collect()
        })
    }
}

/// The row of an order to which nothing has happened since it was claimed.
fn as_claimed(claimed: &Claimed) -> Stands {
    let order = &claimed.order;
    Stands {
        enqueued_seq: claimed.upto,
        handled_seq: order.handled_seq,
        attempt: i64::from(claimed.attempt),
        verdict: order.verdict.map(|verdict| verdict.word().to_owned()),
        reason: order.reason.clone(),
        detail: order.detail.clone(),
        updated_at: order.updated_at.as_millisecond(),
    }
}
