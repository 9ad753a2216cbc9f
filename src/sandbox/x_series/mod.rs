//! The X-Series retailer: sales, reference data, fulfilments, webhooks, tokens and the request budget.
//!
//! Date versions answer in the nested shape and API 2.0 in the flat one; webhooks carry the names of API 0.9. Requests are
//! checked against the vendor's schema, and every change takes the next global version. See [`XSeriesHandle`] for what
//! people do in the shops.

mod auth;
mod budget;
mod errors;
mod hand_over;
mod handle;
mod reference;
mod render;
mod retailer;
mod sales;
mod schema;
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
use serde_json::{Value, json};
use uuid::Uuid;

pub use handle::{NewSale, XSeriesHandle, XSeriesRefused};
pub use retailer::{
    Adjustment, Customer, HandOver, HandOverLine, Outlet, PaymentType, Product, Register, Sale, SaleLine, SalePayment, State as SaleState,
    Subscription, Tax, User,
};

use super::config::{Catalogue, Chaos, WebhookTarget, XSeriesConfig};
use super::courier::{Courier, SignatureEncoding};
use super::faults::{Class, FaultHandle};
use super::serve::{conduct, failure};
use crate::clock::{Clock, after};
use auth::Auth;
use budget::Budget;
use errors::{Outcome, Refusal};
use hand_over::Step;
use render::Shape;
use retailer::Retailer;

/// The largest body that is taken.
const BODY_LIMIT: usize = 4 * 1024 * 1024;
/// Rows of a page where the request does not say.
const DEFAULT_PAGE: usize = 100;
/// The largest page.
const LARGEST_PAGE: usize = 1000;

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

    fn too_many(&self, until: Timestamp) -> Response {
        let body = json!({ "error": "Too Many Requests", "message": "Rate limiting enforced" });
        let mut response = (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response();
        let date = httpdate::fmt_http_date(SystemTime::from(until));
        if let Ok(value) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        response
    }

    fn fail(&self) -> Response {
        failure(self.faults.pick(3), (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(json!({}))).into_response())
    }
}

/// Answers every request to the retailer's host.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let now = shared.clock.now();
    let path = parts.uri.path();
    let brief_pause = after(now, std::time::Duration::from_secs(2));
    if path == "/api/1.0/token" {
        let work = || token(&shared, &parts, &body);
        return conduct(&shared.faults, Class::Token, || shared.fail(), || shared.too_many(brief_pause), work).await;
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
        shared.too_many(until)
    } else {
        let work = || route(&shared, &parts, &body).unwrap_or_else(IntoResponse::into_response);
        conduct(&shared.faults, class(&parts), || shared.fail(), || shared.too_many(brief_pause), work).await
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

/// `2026-07` and its like, which are all served alike, and the numbered APIs that still answer.
fn shape_of(version: &str) -> Outcome<Shape> {
    let dated = version.len() == 7
        && version.char_indices().all(|(place, character)| if place == 4 { character == '-' } else { character.is_ascii_digit() });
    match version {
        "2.0" | "2.1" => Ok(Shape::Flat),
        _ if dated => Ok(Shape::Nested),
        _ => Err(Refusal::NoService),
    }
}

fn route(shared: &Shared, parts: &Parts, body: &Bytes) -> Outcome<Response> {
    let decode = |segment: &str| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments: Vec<String> = parts.uri.path().trim_start_matches('/').split('/').map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (version, rest) = match segments.as_slice() {
        ["api", version, rest @ ..] => (*version, rest),
        _ => return Err(Refusal::NoService),
    };
    let shape = shape_of(version)?;
    let query = pairs(parts.uri.query().unwrap_or_default());
    let call = Call { shared, shape, version, query, body };
    let writes_sales = shape == Shape::Nested;
    match (parts.method.as_str(), rest) {
        ("GET", ["sales"]) => call.list_sales(),
        ("POST", ["sales"]) if writes_sales => call.create_sale(),
        ("GET", ["sales", id]) => call.get_sale(id),
        ("PUT", ["sales", id]) if writes_sales => call.update_sale(id),
        ("GET", ["search"]) => call.search(),
        ("GET", ["retailer"]) => call.data(|retailer| Ok(retailer.show_retailer())),
        ("GET", ["user"]) => {
            call.data(|retailer| retailer.list("users").and_then(|users| users.first().cloned()).ok_or(Refusal::NotFound("User")))
        }
        ("POST", ["customers"]) => call.made(Retailer::create_customer),
        ("PUT", ["registers", id, "actions", action @ ("open" | "close")]) => {
            let id = uuid(id, "Register")?;
            call.data(|retailer| retailer.set_register_open(id, *action == "open"))
        }
        ("GET", ["webhooks"]) => call.data(|retailer| Ok(retailer.list_webhooks().into())),
        ("POST", ["webhooks"]) => call.made(Retailer::create_webhook),
        ("GET", ["webhooks", id]) => call.data(|retailer| retailer.show_webhook(uuid(id, "Webhook")?)),
        ("PUT", ["webhooks", id]) => {
            let body = call.json()?;
            call.data(|retailer| retailer.update_webhook(uuid(id, "Webhook")?, &body))
        }
        ("DELETE", ["webhooks", id]) => {
            shared.with(|retailer| retailer.delete_webhook(uuid(id, "Webhook")?))?;
            Ok(StatusCode::OK.into_response())
        }
        ("GET", ["fulfillments"]) => call.list_hand_overs(),
        ("POST", ["fulfillments", "fulfill"]) => call.fulfil_sale(),
        ("POST", ["fulfillments", id, step]) => call.step(id, step),
        ("GET", ["serialnumbers"]) => call.serial_numbers(),
        ("GET", [kind]) => call.list(kind),
        ("GET", [kind, id]) => call.one(kind, id),
        (_, ["sales" | "customers" | "products" | "webhooks", ..]) => Err(Refusal::MethodNotAllowed),
        _ => Err(Refusal::NoService),
    }
}

fn uuid(text: &str, what: &'static str) -> Outcome<Uuid> {
    Uuid::parse_str(text).map_err(|_not_an_id| Refusal::NotFound(what))
}

struct Call<'a> {
    shared: &'a Shared,
    shape: Shape,
    version: &'a str,
    query: Vec<(String, String)>,
    body: &'a Bytes,
}

impl Call<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> Vec<&str> {
        let named = self.query.iter().filter(|(known, _)| known == name || *known == format!("{name}[]"));
        named.flat_map(|(_, value)| value.split(',')).collect()
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Outcome<Option<T>> {
        let read = |text: &str| text.parse().map_err(|_not_a_number| Refusal::Malformed(format!("{name} is not a number")));
        self.get(name).map(read).transpose()
    }

    fn json(&self) -> Outcome<Value> {
        serde_json::from_slice(self.body).map_err(|error| Refusal::Malformed(format!("the body is not JSON: line {}", error.line())))
    }

    fn data(&self, work: impl FnOnce(&mut Retailer) -> Outcome<Value>) -> Outcome<Response> {
        let data = self.shared.with(work)?;
        Ok(axum::Json(json!({ "data": data })).into_response())
    }

    fn made(&self, work: impl FnOnce(&mut Retailer, &Value) -> Outcome<Value>) -> Outcome<Response> {
        let body = self.json()?;
        let data = self.shared.with(|retailer| work(retailer, &body))?;
        Ok((StatusCode::CREATED, axum::Json(json!({ "data": data }))).into_response())
    }

    fn show(&self, retailer: &Retailer, sale: &Sale) -> Value {
        retailer.show(sale, self.shape, *lock(&self.shared.chaos))
    }

    fn create_sale(&self) -> Outcome<Response> {
        let body = self.json()?;
        self.data(|retailer| {
            let id = retailer.create_sale(&body)?;
            retailer.sales.get(&id).map(|sale| self.show(retailer, sale)).ok_or(Refusal::NotFound("Sale"))
        })
    }

    fn update_sale(&self, id: &str) -> Outcome<Response> {
        let (id, body) = (uuid(id, "Sale")?, self.json()?);
        let response = self.data(|retailer| {
            retailer.update_sale(id, &body)?;
            retailer.sales.get(&id).map(|sale| self.show(retailer, sale)).ok_or(Refusal::NotFound("Sale"))
        })?;
        // The first date version answered an update with nothing.
        Ok(if self.version == "2026-01" { StatusCode::NO_CONTENT.into_response() } else { response })
    }

    fn get_sale(&self, id: &str) -> Outcome<Response> {
        let id = uuid(id, "Sale")?;
        self.data(|retailer| retailer.sales.get(&id).map(|sale| self.show(retailer, sale)).ok_or(Refusal::NotFound("Sale")))
    }

    fn list_sales(&self) -> Outcome<Response> {
        let shown = self.shared.with(|retailer| {
            let mut sales: Vec<&Sale> = retailer.sales.values().collect();
            sales.sort_by_key(|sale| sale.version);
            sales.into_iter().map(|sale| (sale.version, self.show(retailer, sale))).collect()
        });
        self.page(shown)
    }

    fn list(&self, kind: &str) -> Outcome<Response> {
        let mut all = self.shared.with(|retailer| retailer.list(kind)).ok_or(Refusal::NoService)?;
        if let Some(sku) = self.get("sku").filter(|_| kind == "products") {
            all.retain(|product| product["sku"] == sku);
        }
        all.sort_by_key(version_of);
        self.page(all.into_iter().map(|item| (version_of(&item), item)).collect())
    }

    fn one(&self, kind: &str, id: &str) -> Outcome<Response> {
        let all = self.shared.with(|retailer| retailer.list(kind)).ok_or(Refusal::NoService)?;
        let found = all.into_iter().find(|item| item["id"] == id).ok_or(Refusal::NotFound("Resource"))?;
        Ok(axum::Json(json!({ "data": found })).into_response())
    }

    /// The part of a list behind `after`, by ascending version. Filters by date are not known here and so do nothing.
    fn page(&self, all: Vec<(i64, Value)>) -> Outcome<Response> {
        let after = self.number::<i64>("after")?.unwrap_or(0);
        let before = self.number::<i64>("before")?.unwrap_or(i64::MAX);
        let size = self.number::<usize>("page_size")?.unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
        let page: Vec<(i64, Value)> = all.into_iter().filter(|(version, _)| *version > after && *version < before).take(size).collect();
        let version = json!({ "min": page.first().map(|(version, _)| version), "max": page.last().map(|(version, _)| version) });
        let data: Vec<Value> = page.into_iter().map(|(_, item)| item).collect();
        Ok(axum::Json(json!({ "data": data, "version": version })).into_response())
    }

    fn search(&self) -> Outcome<Response> {
        let kind = self.get("type").ok_or_else(|| Refusal::Malformed("type is required".to_owned()))?;
        let mut found: Vec<Value> = match kind {
            "sales" => self.shared.with(|retailer| retailer.sales.values().map(|sale| self.show(retailer, sale)).collect()),
            "products" | "customers" => self.shared.with(|retailer| retailer.list(kind)).unwrap_or_default(),
            _ => return Err(Refusal::Malformed("type is sales, products or customers".to_owned())),
        };
        for (name, wanted) in &self.query {
            let field = match name.as_str() {
                "type" | "order_by" | "order_direction" | "page_size" | "offset" | "deleted" => continue,
                "_id" => "id",
                other => other,
            };
            found.retain(|item| match (field, &item[field]) {
                // A SKU is only found by its lower-case form.
                ("sku", Value::String(text)) => text.to_lowercase() == *wanted,
                (_, Value::String(text)) => text.eq_ignore_ascii_case(wanted),
                (_, Value::Array(words)) => words.iter().any(|word| word == wanted),
                _ => false,
            });
        }
        found.sort_by_key(version_of);
        let offset = self.number::<usize>("offset")?.unwrap_or(0);
        let size = self.number::<usize>("page_size")?.unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
        let data: Vec<Value> = found.into_iter().skip(offset).take(size).collect();
        Ok(axum::Json(json!({ "data": data })).into_response())
    }

    fn list_hand_overs(&self) -> Outcome<Response> {
        let (outlets, sales) = (self.all("outlet_id"), self.all("sale_id"));
        let (kinds, states) = (self.all("fulfillment_type"), self.all("fulfillment_state"));
        let keeps = |wanted: &[&str], is: &str| wanted.is_empty() || wanted.contains(&is);
        let page = self.number::<usize>("page_number")?.unwrap_or(1).max(1);
        let size = self.number::<usize>("page_size")?.unwrap_or(10).clamp(1, 100);
        self.data(|retailer| {
            let all = retailer.hand_overs.iter().filter(|hand_over| {
                keeps(&outlets, &hand_over.outlet.to_string())
                    && keeps(&sales, &hand_over.sale.to_string())
                    && keeps(&kinds, &hand_over.kind)
                    && keeps(&states, hand_over.state())
            });
            Ok(all.skip((page - 1) * size).take(size).map(HandOver::show).collect())
        })
    }

    fn fulfil_sale(&self) -> Outcome<Response> {
        let body = self.json()?;
        let sale = sales::uuid(&body["sale_id"]).ok_or_else(|| Refusal::Malformed("sale_id is required".to_owned()))?;
        self.data(|retailer| retailer.fulfil_sale(sale).map(Value::from))
    }

    fn step(&self, id: &str, step: &str) -> Outcome<Response> {
        let step = match step {
            "pick" => Step::Pick,
            "pack" => Step::Pack,
            "fulfill" => Step::Fulfil,
            _ => return Err(Refusal::NoService),
        };
        let body = self.json()?;
        self.data(|retailer| retailer.step_hand_over(id, step, &body))
    }

    fn serial_numbers(&self) -> Outcome<Response> {
        let wanted = |name: &str, is: String| self.get(name).is_none_or(|wanted| wanted == is);
        let rows = self.shared.with(|retailer| {
            let mut rows = Vec::new();
            for sale in retailer.sales.values().filter(|sale| wanted("sale_id", sale.id.to_string())) {
                for line in &sale.lines {
                    if wanted("line_item_id", line.id.to_string()) && wanted("product_id", line.product.to_string()) {
                        rows.extend(line.serial_numbers.iter().map(|code| {
                            let shown = json!({
                                "id": seed::id("serial number", code), "code": code, "product_id": line.product, "outlet_id": sale.outlet,
                                "sale_id": sale.id, "line_item_id": line.id, "version": sale.version,
                            });
                            (sale.version, shown)
                        }));
                    }
                }
            }
            rows
        });
        self.page(rows)
    }
}

fn version_of(item: &Value) -> i64 {
    item["version"].as_i64().or_else(|| item["_metadata"]["version"].as_i64()).unwrap_or(0)
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
