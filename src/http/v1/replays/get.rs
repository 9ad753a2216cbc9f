//! `GET /v1/replays/{id}`: how far a replay is.

use axum::Json;
use axum::extract::State;

use super::Replay;
use crate::http::extract::{Path, Query};
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// 200 with the replay.
pub async fn handle(State(state): State<AppState>, Path(id): Path<String>, query: Query) -> Result<Json<Replay>, Problem> {
    query.only(&[])?;
    let row = state.store().replay(&id).await?.ok_or(Problem::NotThere { what: "replay", id })?;
    Ok(Json(row.into()))
}
