//! `GET /v1/connections`: budgets, lag, cursors, token expiry and breaker of each connection.

use axum::Json;
use axum::extract::State;

use crate::http::extract::Query;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::http::status::ConnectionReport;
use crate::http::v1::List;

/// Every connection of the configuration.
pub async fn handle(State(state): State<AppState>, query: Query) -> Result<Json<List<ConnectionReport>>, Problem> {
    query.only(&[])?;
    Ok(Json(List::whole(state.status().status())))
}
