//! The desk over HTTP, under `/_sandbox`.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use http::StatusCode;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ticket::{BroughtBack, NewCustomer, NewSale, Tender, Ticket, TicketLine};
use crate::sandbox::x_series::handle::{XSeriesHandle, XSeriesRefused};

#[derive(Debug, Deserialize)]
struct Completion {
    #[serde(default = "card")]
    payment_type: String,
}

fn card() -> String {
    "Card".to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Closing {
    #[serde(default)]
    payments: Vec<Tender>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    amount: Decimal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Quantity {
    quantity: Decimal,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Lines {
    lines: Vec<BroughtBack>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOutlet {
    name: String,
    time_zone: String,
    /// Its register's name and what its invoice numbers begin with.
    register: String,
    prefix: String,
}

type Handle = State<XSeriesHandle>;

fn answer<T: serde::Serialize>(result: Result<T, XSeriesRefused>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(refused) => unprocessable(&refused.to_string()),
    }
}

fn made(result: Result<Uuid, XSeriesRefused>) -> Response {
    answer(result.map(|id| json!({ "id": id })))
}

fn unprocessable(text: &str) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": text }))).into_response()
}

pub(in crate::sandbox) fn routes() -> Router<XSeriesHandle> {
    Router::new()
        .route("/_sandbox/sales", post(ring_up))
        .route("/_sandbox/sales/{id}", get(show))
        .route("/_sandbox/sales/{id}/complete", post(complete))
        .route("/_sandbox/sales/{id}/settle", post(settle))
        .route("/_sandbox/sales/{id}/close", post(close))
        .route("/_sandbox/sales/{id}/void", post(void))
        .route("/_sandbox/sales/{id}/return", post(bring_back))
        .route("/_sandbox/sales/{id}/hand-over", post(hand_over))
        .route("/_sandbox/sales/{id}/payments", post(take_payment))
        .route("/_sandbox/sales/{id}/payments/{payment}", patch(edit_payment).delete(remove_payment))
        .route("/_sandbox/sales/{id}/lines", post(add_line))
        .route("/_sandbox/sales/{id}/lines/{line}", patch(edit_line).delete(void_line))
        .route("/_sandbox/customers", post(make_customer))
        .route("/_sandbox/outlets", post(make_outlet))
}

/// Lines as pairs of SKU and quantity are the short form.
async fn ring_up(State(handle): Handle, Json(body): Json<Value>) -> Response {
    if body["lines"][0].is_array() {
        return match serde_json::from_value::<NewSale>(body) {
            Ok(new) => made(handle.ring_up(&new)),
            Err(error) => unprocessable(&error.to_string()),
        };
    }
    match serde_json::from_value::<Ticket>(body) {
        Ok(ticket) => made(handle.sell(&ticket)),
        Err(error) => unprocessable(&error.to_string()),
    }
}

async fn show(State(handle): Handle, Path(id): Path<Uuid>) -> Response {
    let Some(sale) = handle.sale(id) else { return StatusCode::NOT_FOUND.into_response() };
    let (price, tax, total) = sale.totals();
    let totals = json!({ "price": price, "tax": tax, "price_incl_tax": total, "paid": sale.paid(), "due": sale.due() });
    Json(json!({ "status": sale.status(), "totals": totals, "sale": sale, "hand_overs": handle.hand_overs_of(id) })).into_response()
}

async fn complete(State(handle): Handle, Path(id): Path<Uuid>, Query(how): Query<Completion>) -> Response {
    answer(handle.complete(id, &how.payment_type))
}

async fn settle(State(handle): Handle, Path(id): Path<Uuid>, Query(how): Query<Completion>) -> Response {
    answer(handle.settle_account(id, &how.payment_type))
}

async fn close(State(handle): Handle, Path(id): Path<Uuid>, Json(how): Json<Closing>) -> Response {
    answer(handle.close(id, &how.payments))
}

async fn void(State(handle): Handle, Path(id): Path<Uuid>) -> Response {
    answer(handle.void(id))
}

async fn bring_back(State(handle): Handle, Path(id): Path<Uuid>, Json(what): Json<Lines>) -> Response {
    made(handle.bring_back(id, &what.lines))
}

/// Hands over the lines that are named, or with none all that is left.
async fn hand_over(State(handle): Handle, Path(id): Path<Uuid>, Json(what): Json<Lines>) -> Response {
    if what.lines.is_empty() {
        return answer(handle.hand_over_all(id));
    }
    answer(what.lines.iter().try_for_each(|part| handle.hand_over(id, part.line, part.quantity)))
}

async fn take_payment(State(handle): Handle, Path(id): Path<Uuid>, Json(tender): Json<Tender>) -> Response {
    made(handle.take_payment(id, &tender))
}

async fn edit_payment(State(handle): Handle, Path((id, payment)): Path<(Uuid, Uuid)>, Json(to): Json<Amount>) -> Response {
    answer(handle.edit_payment(id, payment, to.amount))
}

async fn remove_payment(State(handle): Handle, Path((id, payment)): Path<(Uuid, Uuid)>) -> Response {
    answer(handle.remove_payment(id, payment))
}

async fn add_line(State(handle): Handle, Path(id): Path<Uuid>, Json(line): Json<TicketLine>) -> Response {
    made(handle.add_ticket_line(id, &line))
}

async fn edit_line(State(handle): Handle, Path((id, line)): Path<(Uuid, Uuid)>, Json(to): Json<Quantity>) -> Response {
    answer(handle.edit_line_quantity(id, line, to.quantity))
}

async fn void_line(State(handle): Handle, Path((id, line)): Path<(Uuid, Uuid)>) -> Response {
    answer(handle.void_line(id, line))
}

async fn make_customer(State(handle): Handle, Json(new): Json<NewCustomer>) -> Response {
    made(handle.make_customer(&new))
}

async fn make_outlet(State(handle): Handle, Json(new): Json<NewOutlet>) -> Response {
    let id = handle.add_outlet(&new.name, &new.time_zone);
    answer(handle.add_register(&new.name, &new.register, &new.prefix).map(|register| json!({ "id": id, "register": register })))
}
