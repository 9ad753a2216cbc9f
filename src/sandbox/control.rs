//! The handles over HTTP, for those who run `tillbridge sandbox` beside a client of their own. No token is asked for: the
//! sandbox only listens on loopback unless it is told otherwise.
//!
//! On the NetSuite server:
//!
//! | request | does |
//! |---|---|
//! | `POST /_sandbox/sales-orders` | enters a [`NewSalesOrder`] given as JSON; answers `{"id"}` |
//! | `POST /_sandbox/sales-orders/{id}/{approve\|cancel\|close\|fulfil\|bill}` | what a person does with it |
//! | `PATCH /_sandbox/sales-orders/{id}` | edits it with a body as the record service takes it |
//! | `GET /_sandbox/sales-orders/{id}` | the order, its status letter, fulfilments and bills |
//! | `GET /_sandbox/transactions?kind=cashSale&external_id=…&key=…&created_from=…` | transactions in short, [`Entry`](super::Entry); each part of the query narrows it. `key` is looked for in external ids and custom fields |
//! | `GET /_sandbox/transactions/counts?key=…` | how many of each kind, of all or of those with the key |
//! | `GET /_sandbox/transactions/{id}` | one of any kind |
//! | `PUT /_sandbox/periods/{date}` | `{"closed":true}` or `{"locked":true}`: closes or locks the month of a date, or opens it |
//! | `GET`, `PATCH /_sandbox/preferences` | the account's preferences; changes those that are named |
//! | `PUT /_sandbox/stock` | `{"sku","location","quantity"}`: how many are there from now on |
//!
//! On the X-Series server:
//!
//! | request | does |
//! |---|---|
//! | `POST /_sandbox/sales` | rings up a [`Ticket`] or a [`NewSale`] given as JSON; answers `{"id"}` |
//! | `GET /_sandbox/sales/{id}` | the sale as it is kept, its status, totals and fulfilments |
//! | `POST /_sandbox/sales/{id}/complete?payment_type=Card` | a cashier completes it |
//! | `POST /_sandbox/sales/{id}/close` | closes it with `{"payments":[`[`Tender`]`]}`: a refund, an exchange, a layby's end |
//! | `POST /_sandbox/sales/{id}/settle?payment_type=Card` | a customer pays what is on account |
//! | `POST /_sandbox/sales/{id}/void` | a manager voids it |
//! | `POST /_sandbox/sales/{id}/return` | parks a return of `{"lines":[`[`BroughtBack`]`]}`, or with `{}` of all; answers `{"id"}` |
//! | `POST /_sandbox/sales/{id}/hand-over` | hands over `{"lines":[{"line","quantity"}]}`, or with `{}` all that is left |
//! | `POST /_sandbox/sales/{id}/payments` | takes a [`Tender`]; answers `{"id"}` |
//! | `PATCH`, `DELETE /_sandbox/sales/{id}/payments/{payment}` | corrects it to `{"amount"}`; takes it off |
//! | `POST /_sandbox/sales/{id}/lines` | adds a [`TicketLine`]; answers `{"id"}` |
//! | `PATCH`, `DELETE /_sandbox/sales/{id}/lines/{line}` | changes it to `{"quantity"}`; voids it |
//! | `POST /_sandbox/customers` | makes a [`NewCustomer`]; answers `{"id"}` |
//! | `POST /_sandbox/outlets` | opens `{"name","time_zone","register","prefix"}`; answers both ids |
//!
//! [`BroughtBack`]: super::BroughtBack
//! [`NewCustomer`]: super::NewTillCustomer
//! [`NewSale`]: super::NewSale
//! [`Tender`]: super::Tender
//! [`Ticket`]: super::Ticket
//! [`TicketLine`]: super::TicketLine
//!
//! On both:
//!
//! | request | does |
//! |---|---|
//! | `GET /_sandbox/state` | counts, faults that struck, webhooks posted, and on X-Series every sale |
//! | `PUT /_sandbox/faults` | sets [`SystemFaults`] given as JSON, or `{"preset":"storm"}` |
//! | `PUT /_sandbox/webhook` | sets where webhooks go: `{"url","secret"}` or `null` |

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::config::WebhookTarget;
use super::faults::{Faults, Preset, SystemFaults};
use super::netsuite::{NetSuiteHandle, NewSalesOrder};
use super::x_series::{XSeriesHandle, desk};

/// Faults in full, or by the name of a set.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum NewFaults {
    Preset { preset: Preset },
    Full(Box<SystemFaults>),
}

pub(super) fn answer<T: serde::Serialize>(result: Result<T, impl std::fmt::Display>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(refused) => (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": refused.to_string() }))).into_response(),
    }
}

pub(super) fn netsuite(handle: NetSuiteHandle) -> Router {
    Router::new()
        .route("/_sandbox/state", get(netsuite_state))
        .route("/_sandbox/faults", put(netsuite_faults))
        .route("/_sandbox/webhook", put(netsuite_webhook))
        .route("/_sandbox/sales-orders", post(enter_order))
        .route("/_sandbox/sales-orders/{id}", get(show_order).patch(edit_order))
        .route("/_sandbox/sales-orders/{id}/{action}", post(act_on_order))
        .merge(super::netsuite::books::routes())
        .with_state(handle)
}

async fn netsuite_state(State(handle): State<NetSuiteHandle>) -> Json<Value> {
    Json(json!({ "counts": handle.counts(), "faults": handle.faults().counts(), "callbacks": handle.deliveries() }))
}

async fn netsuite_faults(State(handle): State<NetSuiteHandle>, Json(new): Json<NewFaults>) -> StatusCode {
    handle.faults().set(match new {
        NewFaults::Preset { preset } => Faults::from(preset).netsuite,
        NewFaults::Full(faults) => *faults,
    });
    StatusCode::NO_CONTENT
}

async fn netsuite_webhook(State(handle): State<NetSuiteHandle>, Json(target): Json<Option<WebhookTarget>>) -> StatusCode {
    handle.set_webhook(target);
    StatusCode::NO_CONTENT
}

async fn enter_order(State(handle): State<NetSuiteHandle>, Json(new): Json<NewSalesOrder>) -> Response {
    answer(handle.create_sales_order(&new).map(|id| json!({ "id": id.to_string() })))
}

async fn edit_order(State(handle): State<NetSuiteHandle>, Path(id): Path<u64>, Json(fields): Json<Value>) -> Response {
    answer(handle.edit(id, &fields))
}

async fn show_order(State(handle): State<NetSuiteHandle>, Path(id): Path<u64>) -> Response {
    let Some(order) = handle.sales_order(id) else { return StatusCode::NOT_FOUND.into_response() };
    Json(json!({
        "order": order,
        "status": handle.status(id),
        "total": handle.total(id),
        "fulfilments": handle.fulfilments_of(id),
        "bills": handle.bills_of(id),
    }))
    .into_response()
}

async fn act_on_order(State(handle): State<NetSuiteHandle>, Path((id, action)): Path<(u64, String)>) -> Response {
    match action.as_str() {
        "approve" => answer(handle.approve(id)),
        "cancel" => answer(handle.cancel(id)),
        "close" => answer(handle.close(id)),
        "fulfil" => answer(handle.fulfil_fully(id).map(|id| json!({ "id": id.to_string() }))),
        "bill" => answer(handle.bill_fully(id).map(|id| json!({ "id": id.to_string() }))),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

pub(super) fn x_series(handle: XSeriesHandle) -> Router {
    Router::new()
        .route("/_sandbox/state", get(x_series_state))
        .route("/_sandbox/faults", put(x_series_faults))
        .route("/_sandbox/webhook", put(x_series_webhook))
        .merge(desk::http::routes())
        .with_state(handle)
}

async fn x_series_state(State(handle): State<XSeriesHandle>) -> Json<Value> {
    Json(json!({
        "counts": handle.counts(),
        "sales": handle.sales(),
        "faults": handle.faults().counts(),
        "webhooks": handle.deliveries(),
        "subscriptions": handle.subscriptions(),
    }))
}

async fn x_series_faults(State(handle): State<XSeriesHandle>, Json(new): Json<NewFaults>) -> StatusCode {
    handle.faults().set(match new {
        NewFaults::Preset { preset } => Faults::from(preset).x_series,
        NewFaults::Full(faults) => *faults,
    });
    StatusCode::NO_CONTENT
}

async fn x_series_webhook(State(handle): State<XSeriesHandle>, Json(target): Json<Option<WebhookTarget>>) -> StatusCode {
    handle.set_webhook(target);
    StatusCode::NO_CONTENT
}
