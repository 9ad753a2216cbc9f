//! Mappings: the document that decides how a connection's orders are sent, kept as numbered revisions.

pub mod check;
pub mod list;
pub mod publish;
pub mod revert;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::ids::ConnectionId;
use crate::domain::mapping::{Issue, Mappings};
use crate::http::auth::Caller;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// What the checker found in a document.
#[derive(Debug, Serialize)]
pub struct Findings {
    errors: Vec<Value>,
    warnings: Vec<Value>,
}

/// Parses and type-checks a document.
fn examine(document: &str) -> Findings {
    match Mappings::parse(document) {
        Ok(checked) => Findings { errors: Vec::new(), warnings: checked.warnings.iter().map(shown).collect() },
        Err(errors) => Findings { errors: errors.iter().map(shown).collect(), warnings: Vec::new() },
    }
}

fn shown(issue: &Issue) -> Value {
    json!({ "line": issue.line, "column": issue.column, "message": issue.message, "suggestion": issue.suggestion })
}

/// Publishes a document that was found good, and answers 201 with its number.
async fn publish_as_next(
    state: &AppState,
    connection: &ConnectionId,
    document: &str,
    message: &str,
    caller: &Caller,
) -> Result<Response, Problem> {
    let revision = state.store().publish(connection, document, message, caller.name()).await?;
    tracing::info!(connection.id = %connection, revision = revision.number, author = caller.name(), "mappings were published");
    Ok((StatusCode::CREATED, Json(json!({ "revision": revision.number }))).into_response())
}
