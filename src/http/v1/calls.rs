//! `GET /v1/calls`: outbound calls with their attempts, those in doubt first.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::List;
use crate::domain::ids::{CallId, ConnectionId, OrderId};
use crate::http::auth::Caller;
use crate::http::extract::Query;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::store::{CallFilter, CallKind, CallRow, CallState, Role};

const PARAMETERS: [&str; 5] = ["connection", "order_id", "state", "limit", "cursor"];

/// A call, as operators see it.
#[derive(Debug, Serialize)]
pub struct Call {
    id: CallId,
    connection: ConnectionId,
    order_id: OrderId,
    kind: CallKind,
    /// The system it goes to.
    system: &'static str,
    key: String,
    state: CallState,
    attempts: u32,
    http_status: Option<u16>,
    answer: Option<String>,
    remote_id: Option<String>,
    /// What it sends; null for viewers, as it holds what customers bought.
    request: Option<Value>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Call {
    /// The call, with what it sends for those who may see it.
    pub fn of(row: CallRow, with_request: bool) -> Self {
        Self {
            id: row.id,
            connection: row.connection,
            order_id: row.order_id,
            kind: row.kind,
            system: row.kind.system(),
            key: row.key,
            state: row.state,
            attempts: row.attempts,
            http_status: row.http_status,
            answer: row.answer,
            remote_id: row.remote_id,
            request: with_request.then_some(row.request),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A page of calls.
pub async fn handle(State(state): State<AppState>, query: Query, caller: Caller) -> Result<Json<List<Call>>, Problem> {
    query.only(&PARAMETERS)?;
    let connection = query.text("connection").map(|id| state.connection(id)).transpose()?;
    let filter = CallFilter {
        connection: connection.map(|connection| ConnectionId::clone(&connection.id)),
        order_id: query.text("order_id").map(OrderId::from),
        state: query.word("state", CallState::parse, &CallState::ALL.map(CallState::word))?,
    };
    let page = state.store().calls(&filter, query.cursor(), query.limit()?).await?;
    Ok(Json(List::of(page, |row| Call::of(row, caller.may(Role::Operator)))))
}
