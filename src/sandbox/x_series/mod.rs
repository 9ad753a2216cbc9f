//! The X-Series retailer: sales, reference data, fulfilments, webhooks, tokens and the request budget.
//!
//! Date versions answer in the nested shape and API 2.0 in the flat one; webhooks carry the names of API 0.9. Requests are
//! checked against the vendor's schema, and every change takes the next global version. See [`XSeriesHandle`] for what
//! people do in the shops.

mod auth;
mod budget;
pub(super) mod desk;
mod errors;
mod hand_over;
mod handle;
mod reference;
mod render;
mod retailer;
mod routes;
mod sale;
mod sales;
mod schema;
mod search;
mod seed;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use serde_json::json;

pub use desk::{AdjustmentKind, BroughtBack, NewAdjustment, NewCharge, NewCustomer, NewSale, NewSurcharge, Tender, Ticket, TicketLine};
pub use handle::{XSeriesHandle, XSeriesRefused};
pub use retailer::{Customer, HandOver, HandOverLine, Outlet, PaymentType, Product, Register, Subscription, Tax, User};
pub use sale::{Adjustment, EcomCharge, LineSurcharge, Sale, SaleLine, SalePayment, State as SaleState, Surcharge, TaxPart};

use super::config::{Catalogue, Chaos, WebhookTarget, XSeriesConfig};
use super::courier::{Courier, SignatureEncoding};
use super::faults::{Class, FaultHandle};
use super::serve::{conduct, failure};
use crate::clock::{Clock, after};
use auth::Auth;
use budget::Budget;
use errors::Refusal;
use retailer::Retailer;

/// The largest body that is taken.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// What requests and people share.
#[derive(Debug)]
pub(super) struct Shared {
    retailer: Mutex<Retailer>,
    auth: Mutex<Auth>,
    budget: Mutex<Budget>,
    clock: Clock,
    faults: FaultHandle,
    courier: Courier,
    webhook: Mutex<Option<WebhookTarget>>,
    /// Signs subscribed webhooks.
    client_secret: String,
    encoding: SignatureEncoding,
    chaos: Mutex<Chaos>,
    search_lag_ms: i64,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(
        config: &XSeriesConfig,
        catalogue: &Catalogue,
        clock: Clock,
        faults: FaultHandle,
        courier: Courier,
        seed: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            retailer: Mutex::new(seed::retailer(config, catalogue, clock.clone(), seed)),
            auth: Mutex::new(Auth::new(config)),
            budget: Mutex::new(Budget::new(config.registers)),
            clock,
            faults,
            courier,
            webhook: Mutex::new(config.webhook.clone()),
            client_secret: config.oauth.client_secret.clone(),
            encoding: config.signature_encoding,
            chaos: Mutex::new(config.chaos),
            search_lag_ms: config.search_lag_ms,
        })
    }

    /// Works on the retailer and then posts the webhooks of the sales that changed.
    fn with<T>(&self, work: impl FnOnce(&mut Retailer) -> T) -> T {
        let (result, forms, targets) = {
            let mut retailer = lock(&self.retailer);
            let result = work(&mut retailer);
            let mut changed = std::mem::take(&mut retailer.changed);
            changed.dedup();
            let forms: Vec<Bytes> = changed.iter().filter_map(|id| retailer.sales.get(id)).map(|sale| retailer.sale_form(sale)).collect();
            (result, forms, retailer.sale_targets())
        };
        let manual = lock(&self.webhook).clone();
        for form in forms {
            for url in &targets {
                self.courier.send(&webhooks::parcel(url.clone(), form.clone(), &self.client_secret, self.encoding));
            }
            if let Some(target) = manual.as_ref().filter(|target| !targets.contains(&target.url)) {
                self.courier.send(&webhooks::parcel(target.url.clone(), form, &target.secret, self.encoding));
            }
        }
        result
    }

    fn fail(&self) -> Response {
        failure(self.faults.pick(3), (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(json!({}))).into_response())
    }
}

/// No requests until the given time, as a date of RFC 9110.
fn too_many(until: Timestamp) -> Response {
    let body = json!({ "error": "Too Many Requests", "message": "Rate limiting enforced" });
    let mut response = (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response();
    let date = httpdate::fmt_http_date(SystemTime::from(until));
    if let Ok(value) = HeaderValue::from_str(&date) {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// Answers every request to the retailer's host.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let now = shared.clock.now();
    let path = parts.uri.path();
    let brief_pause = after(now, std::time::Duration::from_secs(1));
    if path == "/api/1.0/token" {
        let work = || token(&shared, &parts, &body);
        return conduct(&shared.faults, Class::Token, || shared.fail(), || too_many(brief_pause), work).await;
    }
    if !parts.headers.contains_key(header::USER_AGENT) {
        return Refusal::Malformed("User-Agent is required".to_owned()).into_response();
    }
    let token =
        parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let standing = lock(&shared.budget).take(now);
    let mut response = if !token.is_some_and(|token| lock(&shared.auth).passes(token, now)) {
        Refusal::Unauthorised.into_response()
    } else if let Some(until) = standing.blocked_until {
        too_many(until)
    } else {
        let work = || routes::route(&shared, &parts, &body).unwrap_or_else(IntoResponse::into_response);
        conduct(&shared.faults, class(&parts), || shared.fail(), || too_many(brief_pause), work).await
    };
    for (name, value) in [("x-ratelimit-limit", standing.limit), ("x-ratelimit-remaining", standing.remaining)] {
        response.headers_mut().insert(name, HeaderValue::from(value));
    }
    response
}

fn class(parts: &Parts) -> Class {
    let path = parts.uri.path();
    if path.ends_with("/search") {
        Class::Query
    } else if parts.method == Method::GET {
        Class::Read
    } else if path.contains("/fulfillments") || path.contains("/actions/") {
        Class::Transform
    } else {
        Class::Write
    }
}

fn token(shared: &Shared, parts: &Parts, body: &Bytes) -> Response {
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if parts.method != Method::POST || !content_type.starts_with("application/x-www-form-urlencoded") || parts.uri.query().is_some() {
        return (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": "invalid_request" }))).into_response();
    }
    let form = pairs(&String::from_utf8_lossy(body)).into_iter().collect();
    let granted = lock(&shared.auth).grant(&form, shared.clock.now());
    match granted {
        Ok(token) => (StatusCode::OK, axum::Json(token)).into_response(),
        Err("invalid_client") => (StatusCode::UNAUTHORIZED, axum::Json(json!({ "error": "invalid_client" }))).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": error }))).into_response(),
    }
}

/// The decoded pairs of a query or a form.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let split = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    split.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// The counts by state, for a first look.
fn states(retailer: &Retailer) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for sale in retailer.sales.values() {
        *counts.entry(sale.state.word()).or_default() += 1;
    }
    counts
}
