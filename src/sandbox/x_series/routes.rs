//! Which request does what.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::{Outcome, Refusal};
use super::hand_over::Step;
use super::render::Shape;
use super::retailer::{HandOver, Retailer};
use super::sale::Sale;
use super::{Shared, lock, pairs, sales, seed};

/// Rows of a page where the request does not say.
pub(super) const DEFAULT_PAGE: usize = 100;
/// The largest page.
pub(super) const LARGEST_PAGE: usize = 1000;

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

pub(super) fn route(shared: &Shared, parts: &Parts, body: &Bytes) -> Outcome<Response> {
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
        ("POST", ["sales", id, "actions", "return"]) if writes_sales => call.return_sale(id),
        ("PUT", ["sales", id, "actions", "return"]) if !writes_sales => call.return_sale(id),
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

pub(super) struct Call<'a> {
    pub(super) shared: &'a Shared,
    pub(super) shape: Shape,
    version: &'a str,
    pub(super) query: Vec<(String, String)>,
    body: &'a Bytes,
}

impl Call<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn all(&self, name: &str) -> Vec<&str> {
        let named = self.query.iter().filter(|(known, _)| known == name || *known == format!("{name}[]"));
        named.flat_map(|(_, value)| value.split(',')).collect()
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Outcome<Option<T>> {
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

    pub(super) fn show(&self, retailer: &Retailer, sale: &Sale) -> Value {
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

    /// The answer is flat under every version.
    fn return_sale(&self, id: &str) -> Outcome<Response> {
        let id = uuid(id, "Sale")?;
        self.data(|retailer| {
            let made = retailer.start_return(id, &[])?;
            let sale = retailer.sales.get(&made).ok_or(Refusal::NotFound("Sale"))?;
            Ok(retailer.show(sale, Shape::Flat, *lock(&self.shared.chaos)))
        })
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

pub(super) fn version_of(item: &Value) -> i64 {
    item["version"].as_i64().or_else(|| item["_metadata"]["version"].as_i64()).unwrap_or(0)
}
