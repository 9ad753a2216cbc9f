//! `POST /v1/connections/{id}/mappings/check`: parse and type-check a document without publishing it.

use axum::Json;
use axum::extract::{Request, State};
use serde::Deserialize;

use super::{Findings, examine};
use crate::http::body;
use crate::http::extract::Path;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// A draft.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    document: String,
}

/// 200 with what was found, good or bad.
pub async fn handle(State(state): State<AppState>, Path(id): Path<String>, request: Request) -> Result<Json<Findings>, Problem> {
    state.connection(&id)?;
    let (parts, body) = request.into_parts();
    let draft: Draft = body::json(&state, &parts.headers, body).await?;
    Ok(Json(examine(&draft.document)))
}
