//! Webhooks: raw bytes in, a committed event out.
//!
//! Both endpoints do the same steps: find the connection, read the raw body, verify it, see which order it speaks of, commit,
//! answer. What is refused is counted and leaves no trace in the store.

pub mod netsuite;
pub mod x_series;

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use metrics::counter;
use serde::Serialize;

use super::problem::Problem;
use super::state::AppState;
use crate::config::Connection;
use crate::domain::ids::EventId;
use crate::metrics as catalogue;
use crate::store::{EventSource, NewEvent, Received};

/// How long a sender waits for the commit. X-Series gives up after 5 s; one that gave up sends again and is told "duplicate".
const COMMIT: Duration = Duration::from_millis(4500);

/// What is answered to a webhook that is kept.
#[derive(Debug, Serialize)]
pub struct Accepted {
    event_id: EventId,
    duplicate: bool,
}

/// Commits the event and answers. The store finishes what it has begun even if the sender hangs up and this future is dropped.
async fn commit(state: &AppState, event: NewEvent) -> Result<Response, Problem> {
    let (connection, source) = (event.connection.clone(), event.source);
    let received = match tokio::time::timeout(COMMIT, state.store().receive(event)).await {
        Ok(Ok(received)) => received,
        Ok(Err(error)) => return Err(refuse(connection.as_str(), source, "store", Problem::NotStored(error))),
        Err(_elapsed) => return Err(refuse(connection.as_str(), source, "store", Problem::TooSlow)),
    };
    let (event_id, duplicate) = match received {
        Received::New { event_id, .. } => (event_id, false),
        Received::Duplicate { event_id, .. } => (event_id, true),
        Received::NothingNew => {
            return Err(refuse(connection.as_str(), source, "store", Problem::Broken("the store took a webhook for a poll hit")));
        }
    };
    let outcome = if duplicate { "duplicate" } else { "new" };
    counter!(catalogue::WEBHOOKS_RECEIVED, "connection" => connection.to_string(), "source" => source.word(), "outcome" => outcome)
        .increment(1);
    let status = if duplicate { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(Accepted { event_id, duplicate })).into_response())
}

/// The connection of the address.
fn connection<'a>(state: &'a AppState, id: &str, source: EventSource) -> Result<&'a Connection, Problem> {
    // The id is anybody's text here: it is no label.
    state.connection(id).map_err(|problem| refuse("", source, "unknown_connection", problem))
}

/// Counts a webhook that is not stored.
fn refuse(connection: &str, source: EventSource, cause: &'static str, problem: Problem) -> Problem {
    counter!(catalogue::WEBHOOKS_REFUSED, "connection" => connection.to_owned(), "source" => source.word(), "cause" => cause).increment(1);
    problem
}

/// Counts a body that could not be read.
fn unread(connection: &Connection, source: EventSource, problem: Problem) -> Problem {
    let cause = match problem {
        Problem::BodyLarge { .. } => "too_large",
        Problem::BodySlow => "too_slow",
        _ => "cut",
    };
    refuse(connection.id.as_str(), source, cause, problem)
}
