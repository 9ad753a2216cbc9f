//! The account's books over HTTP: transactions by kind and key, periods, preferences and stock.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use http::StatusCode;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::handle::NetSuiteHandle;
use super::kinds::Kind;
use crate::sandbox::config::Preferences;

fn refused(error: &dyn std::error::Error) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": error.to_string() }))).into_response()
}

/// Which transactions are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    kind: Option<Kind>,
    external_id: Option<String>,
    key: Option<String>,
    created_from: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodChange {
    closed: Option<bool>,
    locked: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewStock {
    sku: String,
    location: String,
    quantity: Decimal,
}

async fn list_transactions(State(handle): State<NetSuiteHandle>, Query(wanted): Query<Wanted>) -> Json<Value> {
    let mut entries = match &wanted.key {
        Some(key) => handle.entries_for(key),
        None => handle.entries(wanted.kind),
    };
    entries.retain(|entry| {
        wanted.kind.is_none_or(|kind| entry.kind == kind)
            && (wanted.external_id.is_none() || entry.external_id == wanted.external_id)
            && (wanted.created_from.is_none() || entry.created_from == wanted.created_from)
    });
    Json(json!({ "items": entries }))
}

async fn count_transactions(State(handle): State<NetSuiteHandle>, Query(wanted): Query<Wanted>) -> Json<Value> {
    match wanted.key {
        Some(key) => Json(json!(handle.counts_for(&key))),
        None => Json(json!(handle.counts())),
    }
}

async fn show_transaction(State(handle): State<NetSuiteHandle>, Path(id): Path<u64>) -> Response {
    handle.entry(id).map_or_else(|| StatusCode::NOT_FOUND.into_response(), |entry| Json(entry).into_response())
}

async fn set_period(State(handle): State<NetSuiteHandle>, Path(date): Path<Date>, Json(change): Json<PeriodChange>) -> StatusCode {
    if let Some(closed) = change.closed {
        handle.set_period_closed(date, closed);
    }
    if let Some(locked) = change.locked {
        handle.set_period_locked(date, locked);
    }
    StatusCode::NO_CONTENT
}

async fn show_preferences(State(handle): State<NetSuiteHandle>) -> Json<Preferences> {
    Json(handle.preferences())
}

/// What is not named stays; a name that is no preference is refused and changes nothing.
async fn change_preferences(State(handle): State<NetSuiteHandle>, Json(change): Json<Map<String, Value>>) -> Response {
    let changed = serde_json::to_value(handle.preferences()).and_then(|mut preferences| {
        for (name, value) in change {
            preferences[name] = value;
        }
        serde_json::from_value::<Preferences>(preferences)
    });
    match changed {
        Ok(changed) => {
            handle.set_preferences(|preferences| *preferences = changed.clone());
            Json(changed).into_response()
        }
        Err(error) => refused(&error),
    }
}

async fn set_stock(State(handle): State<NetSuiteHandle>, Json(new): Json<NewStock>) -> Response {
    match handle.set_stock(&new.sku, &new.location, new.quantity) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refused(&error),
    }
}

/// The routes, which `control` documents.
pub(in crate::sandbox) fn routes() -> Router<NetSuiteHandle> {
    Router::new()
        .route("/_sandbox/transactions", get(list_transactions))
        .route("/_sandbox/transactions/counts", get(count_transactions))
        .route("/_sandbox/transactions/{id}", get(show_transaction))
        .route("/_sandbox/periods/{date}", put(set_period))
        .route("/_sandbox/preferences", get(show_preferences).patch(change_preferences))
        .route("/_sandbox/stock", put(set_stock))
}
