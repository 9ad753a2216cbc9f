//! `GET /v1/orders`: orders by state, verdict, reason, connection, text and time of their last change; newest first.

use axum::Json;
use axum::extract::State;

use super::Order;
use crate::domain::ids::ConnectionId;
use crate::domain::verdict::VerdictKind;
use crate::http::extract::Query;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::http::v1::List;
use crate::store::{OrderFilter, OrderState};

const PARAMETERS: [&str; 9] = ["state", "verdict", "reason", "connection", "q", "from", "to", "limit", "cursor"];

/// A page of orders.
pub async fn handle(State(state): State<AppState>, query: Query) -> Result<Json<List<Order>>, Problem> {
    query.only(&PARAMETERS)?;
    let connection = query.text("connection").map(|id| state.connection(id)).transpose()?;
    let filter = OrderFilter {
        connection: connection.map(|connection| ConnectionId::clone(&connection.id)),
        state: query.word("state", OrderState::parse, &OrderState::ALL.map(OrderState::word))?,
        verdict: query.word("verdict", VerdictKind::parse, &VerdictKind::ALL.map(VerdictKind::word))?,
        reason: query.text("reason").map(str::to_owned),
        text: query.text("q").map(str::to_owned),
        from: query.time("from")?,
        to: query.time("to")?,
    };
    let page = state.store().orders(&filter, query.cursor(), query.limit()?).await?;
    Ok(Json(List::of(page, Order::from)))
}
