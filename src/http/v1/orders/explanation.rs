//! `GET /v1/orders/{id}/explanation`: everything that was seen, decided and sent for one order, and a summary for people.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::{Found, Order, choices, find};
use crate::domain::ids::{RecordId, SaleId};
use crate::domain::verdict::{HoldKind, VerdictKind};
use crate::http::auth::Caller;
use crate::http::extract::{Path, Query};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::http::v1::calls::Call;
use crate::http::v1::events::Event;
use crate::store::{CallRow, CallState, EventFilter, OrderRow, OrderState, PassRow, Role};

/// How many passes, and how many events, are told of.
const NEWEST: u32 = 100;

/// The whole story of an order.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// Sentences, the most important first.
    summary: Vec<String>,
    order: Order,
    /// Newest first.
    passes: Vec<Pass>,
    /// Newest first.
    events: Vec<Event>,
    /// Oldest first: the order they were sent in.
    calls: Vec<Call>,
}

/// One pass over the order.
#[derive(Debug, Serialize)]
struct Pass {
    at: Timestamp,
    verdict: Option<VerdictKind>,
    reason: Option<String>,
    detail: Option<String>,
    revision: Option<i64>,
    /// The numbers of the first and the last event that it handled.
    events: [i64; 2],
    /// What was seen, each condition with the value it met, what was decided.
    explanation: Value,
}

impl From<PassRow> for Pass {
    fn from(row: PassRow) -> Self {
        Self {
            at: row.at,
            verdict: row.verdict,
            reason: row.reason,
            detail: row.detail,
            revision: row.revision,
            events: [row.events.0, row.events.1],
            explanation: row.explanation,
        }
    }
}

/// 200 with the explanation, 300 with several orders, or the problem `order-never-seen`.
pub async fn handle(State(state): State<AppState>, Path(id): Path<String>, query: Query, caller: Caller) -> Result<Response, Problem> {
    query.only(&["connection"])?;
    let row = match find(&state, &id, &query).await? {
        Found::One(row) => *row,
        Found::Several(rows) => return Ok(choices(rows)),
        Found::None => return Err(Problem::NeverSeen(id)),
    };
    let passes = state.store().passes(&row.id, NEWEST).await?;
    let filter = EventFilter { order_id: Some(row.id.clone()), ..EventFilter::default() };
    let events = state.store().events(&filter, None, NEWEST).await?.items;
    let calls = state.store().calls_of(&row.id).await?;
    let explanation = Explanation {
        summary: summary(&row, &passes, &calls),
        order: row.into(),
        passes: passes.into_iter().map(Pass::from).collect(),
        events: events.into_iter().map(Event::from).collect(),
        calls: calls.into_iter().map(|call| Call::of(call, caller.may(Role::Operator))).collect(),
    };
    Ok(Json(explanation).into_response())
}

/// What a person wants to know first: which records, where they stand, why, and what comes next.
fn summary(row: &OrderRow, passes: &[PassRow], calls: &[CallRow]) -> Vec<String> {
    let mut lines = vec![pair(row), standing(row)];
    if let Some(revision) = row.revision {
        lines.push(format!("It was last decided under revision {revision} of the mappings."));
    }
    let merged = |pass: &&PassRow| pass.reason.as_deref() == Some("merged");
    if let Some(pass) = passes.first().filter(|pass| pass.verdict.is_none() && !merged(pass)) {
        let why = pass.detail.as_deref().or(pass.reason.as_deref()).unwrap_or("no reason was given");
        lines.push(format!("Its last pass, at {}, did not come to an end: {why}", pass.at));
    }
    let waiting = row.enqueued_seq - row.handled_seq;
    if waiting > 0 {
        lines.push(format!("{waiting} of its events wait{} for a pass.", if waiting == 1 { "s" } else { "" }));
    }
    if calls.is_empty() {
        lines.push("Nothing was sent for it.".to_owned());
    }
    lines.extend(calls.iter().map(told));
    lines
}

fn pair(row: &OrderRow) -> String {
    let side = |what: &str, number: Option<&str>, id: Option<&str>, status: Option<&str>| {
        let name = match (number, id) {
            (Some(number), Some(id)) => format!("{what} {number} (id {id})"),
            (Some(one), None) | (None, Some(one)) => format!("{what} {one}"),
            (None, None) => format!("no {what} yet"),
        };
        status.map_or(name.clone(), |status| format!("{name}, last seen as {status}"))
    };
    let link = &row.link;
    let order = side(
        "sales order",
        link.netsuite_number.as_deref(),
        link.netsuite_id.as_ref().map(RecordId::as_str),
        link.netsuite_status.as_deref(),
    );
    let sale =
        side("sale", link.x_series_number.as_deref(), link.x_series_id.as_ref().map(SaleId::as_str), link.x_series_status.as_deref());
    format!("This is {order}, and {sale}, of the connection {}.", row.connection)
}

fn standing(row: &OrderRow) -> String {
    let reason = row.reason.as_deref().unwrap_or("no reason");
    let detail = row.detail.as_deref().map_or(String::new(), |detail| format!(" {detail}"));
    match row.state {
        OrderState::Due => match row.due_at {
            Some(at) => format!("It is due at {at}, after {} attempt(s).{detail}", row.attempt),
            None => format!("It is due, after {} attempt(s).{detail}", row.attempt),
        },
        OrderState::Working => format!("A worker has it now, in attempt {}.{detail}", row.attempt),
        OrderState::Waiting => format!("Both sides are in step ({reason}); it waits for the next change.{detail}"),
        OrderState::Held => {
            let next = match row.hold {
                Some(HoldKind::Operator) => "only an operator lets it go on: release it",
                Some(HoldKind::Facts) | None => "it goes on by itself when that changes, or when it is released",
            };
            format!("It is held ({reason}); {next}.{detail}")
        }
        OrderState::Settled => match row.verdict {
            Some(verdict) => format!("It ended {}({reason}).{detail}", verdict.word()),
            None => format!("It has ended.{detail}"),
        },
    }
}

fn told(call: &CallRow) -> String {
    let name = format!("The call {} ({}, to {})", call.kind.word(), call.key, call.kind.system());
    let answer = call.answer.as_deref().map_or(String::new(), |answer| format!(": {answer}"));
    match call.state {
        CallState::Planned => format!("{name} is planned and not sent yet."),
        CallState::Sent => format!("{name} is on its way, in attempt {}.", call.attempts),
        CallState::Done => {
            let made = call.remote_id.as_deref().map_or(String::new(), |id| format!("; the record is {id}"));
            format!("{name} is done{made}.")
        }
        CallState::InDoubt => format!("{name} is in doubt{answer}. It is looked up by its key before it is sent again."),
        CallState::Failed => format!("{name} failed{answer}."),
    }
}
