//! `GET /v1/orders/{id}`: the order that any id or number of either side finds.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use super::{Found, Order, choices, find};
use crate::http::extract::{Path, Query};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// 200 with the order, 300 with several, or the problem `order-never-seen`.
pub async fn handle(State(state): State<AppState>, Path(id): Path<String>, query: Query) -> Result<Response, Problem> {
    query.only(&["connection"])?;
    match find(&state, &id, &query).await? {
        Found::One(row) => Ok(Json(Order::from(*row)).into_response()),
        Found::Several(rows) => Ok(choices(rows)),
        Found::None => Err(Problem::NeverSeen(id)),
    }
}
