//! The NetSuite account: the record service, SuiteQL, the token endpoint, and the scripts that call back.
//!
//! It is strict where the real one is: signatures, field names, statuses, quantities, periods, external ids and the
//! number of requests at once. See [`NetSuiteHandle`] for what people do in it.

mod account;
mod auth;
mod bill;
mod billing;
mod body;
pub(super) mod books;
mod callbacks;
mod customers;
mod deposits;
mod errors;
mod fulfil;
mod handle;
mod heading;
mod inventory;
mod kinds;
mod ledger;
mod lines;
mod model;
mod orders;
mod payments;
mod people;
mod receipts;
mod record_type;
mod records;
mod refunds;
mod render;
mod returns;
mod schema;
mod seed;
mod standalone;
mod suiteql;
mod tax;
mod transaction;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;

pub use handle::{NetSuiteHandle, Refused};
pub use kinds::Kind;
pub use ledger::Entry;
pub use model::{
    Bill, BillKind, BillLine, Bin, Customer, CustomerRefund, Deposit, DepositApplication, Form, Fulfilment, FulfilmentLine,
    InventoryNumber, Item, ItemKind, ItemReceipt, LedgerAccount, Location, Lock, Named, OrderLine, Payment, Period, PeriodLength,
    ReceiptLine, ReturnAuthorization, ReturnLine, SalesOrder, StatusLetter, TaxDetail,
};
pub use people::{NewCustomer, NewItem, NewLine, NewSalesOrder};

use super::config::{Catalogue, NetSuiteConfig, WebhookTarget};
use super::courier::Courier;
use super::faults::{Class, FaultHandle};
use super::serve::{conduct, failure};
use crate::clock::Clock;
use account::Account;
use auth::Auth;
use errors::{ApiError, resource};

/// The largest body that is taken.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// Where the services are.
const SERVICES: &str = "/services/rest";

/// What requests, scripts and people share.
#[derive(Debug)]
pub(super) struct Shared {
    account: Mutex<Account>,
    auth: Auth,
    account_id: String,
    /// `https://….suitetalk.api.netsuite.com/services/rest`
    base: String,
    concurrency: usize,
    clock: Clock,
    faults: FaultHandle,
    courier: Courier,
    webhook: Mutex<Option<WebhookTarget>>,
    in_flight: AtomicUsize,
    blocked: AtomicUsize,
    operations: AtomicU64,
    posted: AtomicU64,
}

/// A place among the requests at once, given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shared {
    pub(super) fn new(
        config: &NetSuiteConfig,
        catalogue: &Catalogue,
        zone: TimeZone,
        clock: Clock,
        faults: FaultHandle,
        courier: Courier,
    ) -> Arc<Self> {
        Arc::new(Self {
            account: Mutex::new(seed::account(config, catalogue, zone, clock.clone())),
            auth: Auth::new(config),
            account_id: config.account_id.clone(),
            base: format!("https://{}.suitetalk.api.netsuite.com{SERVICES}", auth::account_host(&config.account_id)),
            concurrency: config.concurrency,
            clock,
            faults,
            courier,
            webhook: Mutex::new(config.webhook.clone()),
            in_flight: AtomicUsize::new(0),
            blocked: AtomicUsize::new(0),
            operations: AtomicU64::new(0),
            posted: AtomicU64::new(0),
        })
    }

    /// Works on the account and then posts what its scripts have to tell.
    fn with<T>(&self, work: impl FnOnce(&mut Account) -> T) -> T {
        let (result, events) = {
            let mut account = self.account.lock().unwrap_or_else(PoisonError::into_inner);
            let result = work(&mut account);
            (result, std::mem::take(&mut account.events))
        };
        let target = self.webhook.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(target) = target {
            for event in events {
                let number = self.posted.fetch_add(1, Ordering::SeqCst);
                self.courier.send(&callbacks::parcel(&event, &self.account_id, number, &target));
            }
        }
        result
    }

    fn enter(&self) -> Option<Place<'_>> {
        let before = self.in_flight.fetch_add(1, Ordering::SeqCst);
        let place = Place(&self.in_flight);
        (before < self.concurrency).then_some(place)
    }

    /// Now as a 429, now as a 400.
    fn blocked(&self) -> Response {
        ApiError::concurrency(self.blocked.fetch_add(1, Ordering::SeqCst) % 2 == 1).into_response()
    }

    fn fail(&self) -> Response {
        let error_id = format!("sandbox{:013}", self.operations.load(Ordering::SeqCst));
        failure(self.faults.pick(3), ApiError::unexpected(&error_id).into_response())
    }
}

/// Answers every request to the account's host.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut response = route(&shared, &parts, &body).await;
    let operation = Uuid::from_u64_pair(0x5a4d_b0c5, shared.operations.fetch_add(1, Ordering::SeqCst)).to_string();
    for name in ["x-n-operationid", "x-netsuite-jobid"] {
        if let Ok(value) = HeaderValue::from_str(&operation) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert("strict-transport-security", HeaderValue::from_static("max-age=31536000"));
    response
}

async fn route(shared: &Shared, parts: &Parts, body: &Bytes) -> Response {
    let path = parts.uri.path();
    let Some(service) = path.strip_prefix(SERVICES) else {
        return failure(1, StatusCode::NOT_FOUND.into_response());
    };
    if service == "/auth/oauth2/v1/token" {
        return conduct(&shared.faults, Class::Token, || shared.fail(), || shared.blocked(), || token(shared, parts, body)).await;
    }
    if let Err(refused) = shared.auth.check(&parts.method, &parts.uri, &parts.headers, shared.clock.now()) {
        return refused.into_response();
    }
    let Some(_place) = shared.enter() else { return shared.blocked() };
    let class = if service.starts_with("/query/") {
        Class::Query
    } else if service.contains("/!transform/") {
        Class::Transform
    } else if parts.method == Method::GET {
        Class::Read
    } else {
        Class::Write
    };
    let work = || serve(shared, parts, service, body).unwrap_or_else(IntoResponse::into_response);
    conduct(&shared.faults, class, || shared.fail(), || shared.blocked(), work).await
}

fn serve(shared: &Shared, parts: &Parts, service: &str, body: &Bytes) -> errors::ApiResult<Response> {
    if let Some(path) = service.strip_prefix("/record/v1/") {
        return records::serve(shared, parts, path, body);
    }
    match service {
        "/query/v1/suiteql" => suiteql(shared, parts, body),
        "/system/v1/serverTime" => Ok(resource(StatusCode::OK, "singular", &json!({ "serverTime": shared.clock.now().to_string() }))),
        // Only an administrator may ask, and an integration's role is none.
        "/system/v1/governanceLimits" => Err(ApiError::insufficient_permission()),
        other => Err(ApiError::no_such_record_type(other)),
    }
}

fn token(shared: &Shared, parts: &Parts, body: &Bytes) -> Response {
    let form_type = content_type(&parts.headers).starts_with("application/x-www-form-urlencoded");
    if parts.method != Method::POST || !form_type {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let form = pairs(&String::from_utf8_lossy(body));
    match shared.auth.issue(&form, shared.clock.now()) {
        Ok(token) => (StatusCode::OK, axum::Json(token)).into_response(),
        Err(denied) => (denied.status, axum::Json(denied.body())).into_response(),
    }
}

fn suiteql(shared: &Shared, parts: &Parts, body: &Bytes) -> errors::ApiResult<Response> {
    if parts.method != Method::POST {
        return Err(ApiError::method_not_allowed());
    }
    let transient = parts.headers.get_all("prefer").iter().any(|value| value.to_str().is_ok_and(|value| value.contains("transient")));
    if !transient {
        return Err(ApiError::bad_request(
            "INVALID_HEADER",
            "The required request header 'Prefer' is missing or does not say 'transient'.",
        ));
    }
    let query = json_body(&parts.headers, body)?;
    let text = query.get("q").and_then(Value::as_str).ok_or_else(|| ApiError::content("Invalid content in the request body", "q"))?;
    let parameters = query.get("params").and_then(Value::as_array).cloned().unwrap_or_default();
    let page = pairs(parts.uri.query().unwrap_or_default());
    let number = |name: &str, default: usize| match page.get(name) {
        None => Ok(default),
        Some(text) => {
            text.parse().map_err(|_not_whole| ApiError::bad_request("INVALID_PARAMETER", format!("Invalid value of the parameter {name}.")))
        }
    };
    let (limit, offset) = (number("limit", 1000)?, number("offset", 0)?);
    if !(1..=1000).contains(&limit) {
        return Err(ApiError::bad_request("INVALID_PARAMETER", "The parameter limit must be between 1 and 1000."));
    }
    let link = format!("{}/query/v1/suiteql", shared.base);
    let page = shared
        .with(|account| suiteql::run(account, text, &parameters, limit, offset, &link))
        .map_err(|error| ApiError::invalid_query(error.to_string()))?;
    let mut response = resource(StatusCode::OK, "collection", &page);
    response.headers_mut().insert("preference-applied", HeaderValue::from_static("transient"));
    Ok(response)
}

fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A JSON object with the content type that says so.
fn json_body(headers: &HeaderMap, body: &Bytes) -> errors::ApiResult<Value> {
    let content_type = content_type(headers);
    if !content_type.starts_with("application/json") && !content_type.starts_with("application/vnd.oracle.resource+json") {
        return Err(ApiError::bad_request("INVALID_HEADER", format!("The content type '{content_type}' is not supported.")));
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::content("Invalid content in the request body", format!("line {}", error.line())))?;
    if value.is_object() { Ok(value) } else { Err(ApiError::content("Invalid content in the request body", "")) }
}

/// The decoded pairs of a query or a form; of two with one name the last counts.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
