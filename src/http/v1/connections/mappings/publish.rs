//! `POST /v1/connections/{id}/mappings`: publish a document as the next revision.

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;

use super::{examine, publish_as_next};
use crate::http::auth::Caller;
use crate::http::body;
use crate::http::extract::Path;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// What is to be published.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Publication {
    /// `mappings.toml`.
    document: String,
    /// Why; kept with the revision.
    #[serde(default)]
    message: String,
    /// The warnings were read, and are meant.
    #[serde(default)]
    accept_warnings: bool,
}

/// 201 with the number, or the problems `mapping-invalid` and `mapping-warnings`.
pub async fn handle(State(state): State<AppState>, Path(id): Path<String>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let connection = state.connection(&id)?;
    let (parts, body) = request.into_parts();
    let wanted: Publication = body::json(&state, &parts.headers, body).await?;
    let found = examine(&wanted.document);
    if !found.errors.is_empty() {
        return Err(Problem::MappingInvalid { errors: found.errors });
    }
    if !found.warnings.is_empty() && !wanted.accept_warnings {
        return Err(Problem::MappingWarnings { warnings: found.warnings });
    }
    publish_as_next(&state, &connection.id, &wanted.document, &wanted.message, &caller).await
}
