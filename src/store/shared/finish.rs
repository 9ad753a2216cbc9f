//! The end of a pass: outcomes, link, history and next due time, in one transaction.

use jiff::Timestamp;

use super::driver::{query, query_scalar};
use super::queue::{Stands, leased};
use super::records::{bind_link, owner_of};
use super::writer::Tx;
use super::{Db, dialect, during};
use crate::domain::ids::OrderId;
use crate::domain::verdict::{HoldKind, Verdict, VerdictKind};
use crate::store::values::json;
use crate::store::work::NEVER;
use crate::store::{Claimed, End, OrderState, PassResult, StoreError, Written};

const OPERATION: &str = "finish an order's pass";

/// What the order's row becomes.
pub(in crate::store) struct Ending {
    pub(in crate::store) state: OrderState,
    pub(in crate::store) verdict: Option<String>,
    pub(in crate::store) reason: Option<String>,
    pub(in crate::store) detail: Option<String>,
    pub(in crate::store) hold: Option<HoldKind>,
    pub(in crate::store) due_at: Option<i64>,
    pub(in crate::store) attempt: i64,
    pub(in crate::store) handled_seq: i64,
    pub(in crate::store) updated_at: i64,
}

/// How far a pass reaches.
pub(in crate::store) struct Reach {
    /// The events up to this one get the verdict.
    pub(in crate::store) decided: i64,
    /// The last event of the pass in the history, where it gets there.
    pub(in crate::store) last_seq: Option<i64>,
}

impl Db {
    /// Ends the pass, if its lease is still ours.
    pub(in crate::store) async fn finish_one(&self, claimed: &Claimed, result: PassResult) -> Result<Written, StoreError> {
        let (lease, upto) = (claimed.lease.clone(), claimed.upto);
        // On the worker's thread: the writer's serves everybody.
        let explanation = json(OPERATION, &result.explanation)?;
        self.write_locked(OPERATION, move |tx| {
            Box::pin(async move {
                let Some(row) = leased(tx, OPERATION, &lease).await? else { return Ok(Written::LeaseLost) };
                let order = &lease.order_id;
                if row.learns(&result.link)
                    && let Some(other) = owner_of(tx, OPERATION, order, &row.connection, &result.link).await?
                {
                    return Err(StoreError::LinkTaken { order: order.clone(), other });
                }
                let row = row.stands;
                let operator_asks = row.enqueued_seq > upto && operator_asks(tx, order, upto).await?;
                let ending = Ending::of(&result.end, &row, upto, operator_asks, tx.now);
                tx.due = tx.due.min(ending.due_at.unwrap_or(NEVER));
                write(tx, order, &row, upto, &ending, (&result, &explanation)).await?;
                Ok(Written::Yes)
            })
        })
        .await
    }
}

impl Ending {
    /// `operator_asks`: an operator acted on the order while the pass ran.
    pub(in crate::store) fn of(end: &End, row: &Stands, upto: i64, operator_asks: bool, now: i64) -> Self {
        let newer = row.enqueued_seq > upto;
        match end {
            End::Verdict { verdict, state, hold, recheck_at } => {
                let open = verdict.kind == VerdictKind::Held;
                let state = if open { OrderState::Held } else { *state };
                let hold = (state == OrderState::Held).then_some(hold.unwrap_or(HoldKind::Facts));
                let stuck = hold == Some(HoldKind::Operator) && !operator_asks;
                let again = newer && !stuck;
                Self {
                    state: if again { OrderState::Due } else { state },
                    verdict: Some(verdict.kind.word().to_owned()),
                    reason: Some(verdict.reason.word().to_owned()),
                    detail: Some(verdict.detail.clone()),
                    hold: if again { None } else { hold },
                    due_at: match (again, stuck) {
                        (true, _) => Some(now),
                        (false, true) => None,
                        (false, false) => recheck_at.map(Timestamp::as_millisecond),
                    },
                    // The count of an order that only an operator releases stays to be seen.
                    attempt: if stuck { row.attempt } else { 0 },
                    // Held events are not handled: they wait for the verdict that ends the hold.
                    handled_seq: if open { row.handled_seq } else { row.handled_seq.max(upto) },
                    updated_at: now,
                }
            }
            End::Retry { due_at, reason, detail } => Self {
                state: OrderState::Due,
                verdict: None,
                reason: Some(reason.clone()),
                detail: Some(detail.clone()),
                hold: None,
                due_at: Some(if operator_asks { now } else { due_at.as_millisecond() }),
                attempt: if operator_asks { 0 } else { row.attempt },
                handled_seq: row.handled_seq,
                updated_at: now,
            },
            // Nothing happened to the order: its last verdict and the time of its last change stay.
            End::Defer { due_at, detail } => Self {
                state: OrderState::Due,
                verdict: row.verdict.clone(),
                reason: row.reason.clone(),
                detail: if row.verdict.is_some() { row.detail.clone() } else { Some(detail.clone()) },
                hold: None,
                due_at: Some(due_at.as_millisecond()),
                attempt: if operator_asks { 0 } else { (row.attempt - 1).max(0) },
                handled_seq: row.handled_seq,
                updated_at: row.updated_at,
            },
        }
    }
}

impl Reach {
    /// How far a pass with this end reaches.
    pub(in crate::store) fn of(end: &End, row: &Stands, upto: i64) -> Self {
        Self {
            // Held events are decided too: the next verdict replaces theirs.
            decided: if matches!(end, End::Verdict { .. }) { upto } else { row.handled_seq },
            // A pass that was put back would only be noise.
            last_seq: if matches!(end, End::Defer { .. }) { None } else { Some(upto) },
        }
    }
}

/// True when an operator acted on the order while the pass ran: a back-off or a hold that the pass ends with does not stand against it.
async fn operator_asks(tx: &mut Tx, order: &OrderId, upto: i64) -> Result<bool, StoreError> {
    query_scalar("SELECT EXISTS (SELECT 1 FROM events WHERE order_id = $1 AND seq > $2 AND source = 'operator')")
        .bind(order.as_str())
        .bind(upto)
        .fetch_one(tx.conn())
        .await
        .map_err(during(OPERATION))
}

/// Writes everything that the pass leaves, in one statement of the engine's.
async fn write(
    tx: &mut Tx,
    order: &OrderId,
    row: &Stands,
    upto: i64,
    ending: &Ending,
    (result, explanation): (&PassResult, &str),
) -> Result<(), StoreError> {
    let reach = Reach::of(&result.end, row, upto);
    bind_link(query(dialect::FINISH), OPERATION, order, &result.link)?
        .bind(ending.state.word())
        .bind(ending.verdict.as_deref())
        .bind(ending.reason.as_deref())
        .bind(ending.detail.as_deref())
        .bind(ending.hold.map(HoldKind::word))
        .bind(ending.due_at)
        .bind(ending.attempt)
        .bind(ending.handled_seq)
        .bind(result.revision)
        .bind(ending.updated_at)
        .bind(tx.now)
        .bind(row.handled_seq)
        .bind(reach.decided)
        .bind(reach.last_seq)
        .bind(explanation)
        .bind(dialect::texts(OPERATION, result.aliases.iter().map(String::as_str))?)
        .execute(tx.conn())
        .await
        .map(drop)
        .map_err(during(OPERATION))
}

/// Gives the verdict to every event after `.0` up to `.1`.
pub(super) async fn decide_events(
    tx: &mut Tx,
    operation: &'static str,
    order: &OrderId,
    (after, upto): (i64, i64),
    verdict: &Verdict,
) -> Result<(), StoreError> {
    query("UPDATE events SET verdict = $4, reason = $5, detail = $6, decided_at = $7 WHERE order_id = $1 AND seq > $2 AND seq <= $3")
        .bind(order.as_str())
        .bind(after)
        .bind(upto)
        .bind(verdict.kind.word())
        .bind(verdict.reason.word())
        .bind(&verdict.detail)
        .bind(tx.now)
        .execute(tx.conn())
        .await
        .map(drop)
        .map_err(during(operation))
}
