//! `POST /v1/connections/{id}/mappings/{rev}/revert`: publish an earlier document once more, as a new revision.

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;

use super::{examine, publish_as_next};
use crate::http::auth::Caller;
use crate::http::body;
use crate::http::extract::Path;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Why; the body may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    message: Option<String>,
}

/// 201 with the number of the new revision. Its warnings were accepted when it was first published; an error can only come from a
/// newer version of this service that reads the document more strictly, and stops it.
pub async fn handle(
    State(state): State<AppState>,
    Path((id, number)): Path<(String, String)>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let connection = state.connection(&id)?;
    let (parts, body) = request.into_parts();
    let wanted: Wanted = body::json(&state, &parts.headers, body).await?;
    let absent = || Problem::NotThere { what: "revision", id: number.clone() };
    let earlier = number.parse::<i64>().map_err(|_not_a_number| absent())?;
    let earlier = state.store().revision(&connection.id, earlier).await?.ok_or_else(absent)?;
    let found = examine(&earlier.document);
    if !found.errors.is_empty() {
        return Err(Problem::MappingInvalid { errors: found.errors });
    }
    let message = wanted.message.unwrap_or_else(|| format!("Revert to revision {}", earlier.number));
    publish_as_next(&state, &connection.id, &earlier.document, &message, &caller).await
}
