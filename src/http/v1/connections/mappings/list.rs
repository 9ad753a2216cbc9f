//! `GET /v1/connections/{id}/mappings`: the revisions of a connection's mappings, newest first.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;

use crate::http::extract::{Path, Query};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::http::v1::List;
use crate::store::Revision;

/// A revision, as operators see it.
#[derive(Debug, Serialize)]
pub struct Published {
    revision: i64,
    message: String,
    author: String,
    at: Timestamp,
    document: String,
}

impl From<Revision> for Published {
    fn from(row: Revision) -> Self {
        Self { revision: row.number, message: row.message, author: row.author, at: row.at, document: row.document }
    }
}

/// A page of revisions; the cursor is the number of the last one shown.
pub async fn handle(State(state): State<AppState>, Path(id): Path<String>, query: Query) -> Result<Json<List<Published>>, Problem> {
    query.only(&["limit", "cursor"])?;
    let connection = state.connection(&id)?;
    let before = query.word("cursor", |text| text.parse::<i64>().ok(), &["the next_cursor of the page before"])?.unwrap_or(i64::MAX);
    let limit = usize::try_from(query.limit()?).unwrap_or(usize::MAX);
    let mut rows = state.store().revisions(&connection.id).await?;
    rows.retain(|row| row.number < before);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.number.to_string());
    Ok(Json(List { items: rows.into_iter().map(Published::from).collect(), next_cursor }))
}
