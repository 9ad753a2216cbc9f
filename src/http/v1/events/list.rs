//! `GET /v1/events`: events by connection, order, source, verdict, reason and the time they came; newest first.

use axum::Json;
use axum::extract::State;

use super::Event;
use crate::domain::ids::{ConnectionId, OrderId};
use crate::domain::verdict::VerdictKind;
use crate::http::extract::Query;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::http::v1::List;
use crate::store::{EventFilter, EventSource};

const PARAMETERS: [&str; 9] = ["connection", "order_id", "source", "verdict", "reason", "from", "to", "limit", "cursor"];

/// The word for events whose pass has not ended.
const UNDECIDED: &str = "undecided";

/// A page of events.
pub async fn handle(State(state): State<AppState>, query: Query) -> Result<Json<List<Event>>, Problem> {
    query.only(&PARAMETERS)?;
    let connection = query.text("connection").map(|id| state.connection(id)).transpose()?;
    let filter = EventFilter {
        connection: connection.map(|connection| ConnectionId::clone(&connection.id)),
        order_id: query.text("order_id").map(OrderId::from),
        source: query.word("source", EventSource::parse, &EventSource::ALL.map(EventSource::word))?,
        verdict: query.word("verdict", verdict, &["synced", "waiting", "ignored", "held", "failed", UNDECIDED])?,
        reason: query.text("reason").map(str::to_owned),
        from: query.time("from")?,
        to: query.time("to")?,
    };
    let page = state.store().events(&filter, query.cursor(), query.limit()?).await?;
    Ok(Json(List::of(page, Event::from)))
}

#[expect(clippy::option_option, reason = "not a verdict's word, undecided, or a verdict")]
fn verdict(word: &str) -> Option<Option<VerdictKind>> {
    if word == UNDECIDED { Some(None) } else { VerdictKind::parse(word).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undecided_is_a_filter_of_its_own() {
        assert_eq!(verdict("undecided"), Some(None));
        assert_eq!(verdict("held"), Some(Some(VerdictKind::Held)));
        assert_eq!(verdict("null"), None);
    }
}
