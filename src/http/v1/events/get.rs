//! `GET /v1/events/{id}`: one event, with its raw body for those who may see it.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::Event;
use crate::domain::ids::EventId;
use crate::http::auth::Caller;
use crate::http::extract::{Path, Query};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::store::Role;

/// An event with its body.
#[derive(Debug, Serialize)]
pub struct WithBody {
    #[serde(flatten)]
    event: Event,
    /// The raw body; null for viewers, as it holds what customers bought.
    body: Option<String>,
    /// How `body` is written; null where it is.
    body_encoding: Option<Encoding>,
}

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    /// As it came.
    Text,
    /// Not UTF-8.
    Base64,
}

/// 200 with the event.
pub async fn handle(
    State(state): State<AppState>,
    Path(id): Path<String>,
    query: Query,
    caller: Caller,
) -> Result<Json<WithBody>, Problem> {
    query.only(&[])?;
    let found = state.store().event(&EventId::from(id.as_str())).await?;
    let (row, body) = found.ok_or(Problem::NotThere { what: "event", id })?;
    let (body, body_encoding) = caller.may(Role::Operator).then(|| written(body)).unzip();
    Ok(Json(WithBody { event: row.into(), body, body_encoding }))
}

fn written(body: Vec<u8>) -> (String, Encoding) {
    match String::from_utf8(body) {
        Ok(text) => (text, Encoding::Text),
        Err(error) => (STANDARD.encode(error.as_bytes()), Encoding::Base64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_that_is_no_text_is_shown_in_base64() {
        assert_eq!(written(b"{}".to_vec()), ("{}".to_owned(), Encoding::Text));
        assert_eq!(written(vec![0xff, 0x00]), ("/wA=".to_owned(), Encoding::Base64));
    }
}
