//! `POST /v1/orders/{id}/{retry|release|skip|send}`: what an operator does to one order.
//!
//! Each is an event of source `operator`, and a worker does the work. `send` also takes an order that was never seen, by the
//! sales order's internal id or the sale's id: it then enters by the same door as a webhook.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::{Found, Order, choices, find};
use crate::config::Connection;
use crate::domain::ids::{RecordId, SaleId};
use crate::http::auth::Caller;
use crate::http::extract::{Path, Query};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::store::{Dedupe, EventSource, NewEvent, OperatorAction, OrderRef, Received};

/// Try now, with the attempts counted afresh.
pub async fn retry(state: State<AppState>, id: Path<String>, query: Query, caller: Caller) -> Result<Response, Problem> {
    act(state, id, &query, &caller, OperatorAction::Retry).await
}

/// Let a held order go on.
pub async fn release(state: State<AppState>, id: Path<String>, query: Query, caller: Caller) -> Result<Response, Problem> {
    act(state, id, &query, &caller, OperatorAction::Release).await
}

/// Let the order's pending events go.
pub async fn skip(state: State<AppState>, id: Path<String>, query: Query, caller: Caller) -> Result<Response, Problem> {
    act(state, id, &query, &caller, OperatorAction::Skip).await
}

/// Decide on the order now, known or not.
pub async fn send(state: State<AppState>, id: Path<String>, query: Query, caller: Caller) -> Result<Response, Problem> {
    act(state, id, &query, &caller, OperatorAction::Send).await
}

async fn act(
    State(state): State<AppState>,
    Path(id): Path<String>,
    query: &Query,
    caller: &Caller,
    action: OperatorAction,
) -> Result<Response, Problem> {
    query.only(&["connection"])?;
    let known = match find(&state, &id, query).await? {
        Found::One(row) => row.id,
        Found::Several(rows) => return Ok(choices(rows)),
        Found::None if action == OperatorAction::Send => return send_unseen(&state, &id, query, caller).await,
        Found::None => return Err(Problem::NeverSeen(id)),
    };
    let row = state.store().act(&known, action, caller.name()).await?.ok_or(Problem::NeverSeen(id))?;
    tracing::info!(order.key = %row.id, author = caller.name(), "an operator asked to {} an order", action.word());
    Ok((StatusCode::ACCEPTED, Json(Order::from(row))).into_response())
}

async fn send_unseen(state: &AppState, id: &str, query: &Query, caller: &Caller) -> Result<Response, Problem> {
    let order = reference(id).ok_or_else(|| Problem::NeverSeen(id.to_owned()))?;
    let connection = chosen(state, query)?;
    let event = NewEvent {
        connection: connection.id.clone(),
        source: EventSource::Operator,
        kind: OperatorAction::Send.word().to_owned(),
        order: Some(order),
        dedupe: Dedupe::Never,
        body: serde_json::json!({ "action": OperatorAction::Send.word(), "author": caller.name(), "id": id }).to_string().into_bytes(),
        due_at: state.clock().now(),
        verdict: None,
    };
    let (Received::New { order_id, .. } | Received::Duplicate { order_id, .. }) = state.store().receive(event).await? else {
        return Err(Problem::Broken("the store took an operator's action for a poll hit"));
    };
    let Some(order_id) = order_id else {
        return Err(Problem::Broken("the store made no order for an operator's action"));
    };
    let row = state.store().order(&order_id).await?.ok_or_else(|| Problem::NeverSeen(id.to_owned()))?;
    tracing::info!(order.key = %row.id, author = caller.name(), "an operator asked to send an order that was not seen before");
    Ok((StatusCode::ACCEPTED, Json(Order::from(row))).into_response())
}

/// A NetSuite internal id is digits; a sale's id is a UUID. Our own ids are UUIDs of version 7, which X-Series does not make.
fn reference(id: &str) -> Option<OrderRef> {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(OrderRef::NetSuite(RecordId::new(id)));
    }
    let uuid = Uuid::try_parse(id).ok().filter(|uuid| uuid.get_version_num() != 7)?;
    Some(OrderRef::XSeries(SaleId::new(uuid.hyphenated().to_string())))
}

/// The connection of an order that none is known of yet.
fn chosen<'a>(state: &'a AppState, query: &Query) -> Result<&'a Connection, Problem> {
    if let Some(id) = query.text("connection") {
        return state.connection(id);
    }
    match state.config().connections.as_slice() {
        [only] => Ok(only),
        all => Err(Problem::parameter(
            "connection",
            "There are several connections, and this order is known to none: name its connection.",
            all.iter().map(|connection| connection.id.to_string()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unseen_order_is_named_by_an_internal_id_or_a_sales_id_and_by_nothing_else() {
        assert_eq!(reference("766"), Some(OrderRef::NetSuite(RecordId::new("766"))));
        let sale = "06BF537B-C7D7-11E7-FF13-0C871E8B9A01";
        assert_eq!(reference(sale), Some(OrderRef::XSeries(SaleId::new(sale.to_lowercase()))));
        for other in ["SO1043", "", "-5", "0193a1b0-7d6e-7c3a-9a54-0242ac120002"] {
            assert_eq!(reference(other), None, "{other}");
        }
    }
}
