//! `GET /search`: filters by what people know, over an index of its own that lags behind the sales.

use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::errors::{Outcome, Refusal};
use super::render::Shape;
use super::retailer::Retailer;
use super::routes::{Call, DEFAULT_PAGE, LARGEST_PAGE, version_of};
use super::sale::Sale;
use crate::sandbox::config::Chaos;

/// What is no filter.
const PAGING: [&str; 6] = ["type", "order_by", "order_direction", "page_size", "offset", "deleted"];
/// Filters of sales, by their names in the flat shape.
const SALES: &str = "_id state status attributes invoice_number customer_id user_id outlet_id register_id date_from date_to";
/// Filters of products.
const PRODUCTS: &str = "_id sku";
/// Filters of customers.
const CUSTOMERS: &str = "_id customer_code email first_name last_name company_name mobile phone";

/// An entry of the index: what is filtered on, and what is answered.
struct Entry {
    fields: Value,
    shown: Value,
}

impl Call<'_> {
    pub(super) fn search(&self) -> Outcome<Response> {
        let kind = self.get("type").ok_or_else(|| Refusal::Malformed("type is required".to_owned()))?;
        let (filters, mut found) = match kind {
            "sales" => (SALES, self.shared.with(|retailer| self.indexed_sales(retailer))),
            "products" => (PRODUCTS, self.indexed(kind)),
            "customers" => (CUSTOMERS, self.indexed(kind)),
            _ => return Err(Refusal::Malformed("type is sales, products or customers".to_owned())),
        };
        for (name, wanted) in self.query.iter().filter(|(name, _)| !PAGING.contains(&name.as_str())) {
            if !filters.split_whitespace().any(|known| known == name) {
                return Err(Refusal::Malformed(format!("{name} is no filter of {kind}")));
            }
            let wanted = Wanted::read(name, wanted)?;
            found.retain(|entry| wanted.holds(&entry.fields));
        }
        found.sort_by_key(|entry| version_of(&entry.fields));
        if self.get("order_direction") == Some("desc") {
            found.reverse();
        }
        let offset = self.number::<usize>("offset")?.unwrap_or(0);
        let size = self.number::<usize>("page_size")?.unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
        let data: Vec<Value> = found.into_iter().skip(offset).take(size).map(|entry| entry.shown).collect();
        Ok(axum::Json(json!({ "data": data })).into_response())
    }

    /// The sales that the index has taken up by now.
    fn indexed_sales(&self, retailer: &Retailer) -> Vec<Entry> {
        let lag = SignedDuration::from_millis(self.shared.search_lag_ms);
        let seen = retailer.clock.now().checked_sub(lag).unwrap_or(Timestamp::MIN);
        let entry = |sale: &Sale| Entry { fields: retailer.show(sale, Shape::Flat, Chaos::default()), shown: self.show(retailer, sale) };
        retailer.sales.values().filter(|sale| sale.updated <= seen).map(entry).collect()
    }

    fn indexed(&self, kind: &str) -> Vec<Entry> {
        let all = self.shared.with(|retailer| retailer.list(kind)).unwrap_or_default();
        all.into_iter().map(|item| Entry { fields: item.clone(), shown: item }).collect()
    }
}

enum Wanted<'a> {
    From(Timestamp),
    To(Timestamp),
    Is { field: &'a str, text: &'a str },
}

impl<'a> Wanted<'a> {
    fn read(name: &'a str, text: &'a str) -> Outcome<Self> {
        let time = || text.parse().map_err(|_not_a_time| Refusal::Malformed(format!("{name} is not a UTC time")));
        Ok(match name {
            "date_from" => Self::From(time()?),
            "date_to" => Self::To(time()?),
            "_id" => Self::Is { field: "id", text },
            field => Self::Is { field, text },
        })
    }

    fn holds(&self, fields: &Value) -> bool {
        let sold = || fields["sale_date"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        match self {
            Self::From(from) => sold().is_some_and(|at| at >= *from),
            Self::To(to) => sold().is_some_and(|at| at <= *to),
            Self::Is { field, text } => match (*field, &fields[*field]) {
                // A SKU is only found by its lower-case form.
                ("sku", Value::String(seen)) => seen.to_lowercase() == *text,
                (_, Value::String(seen)) => seen.eq_ignore_ascii_case(text),
                (_, Value::Array(words)) => words.iter().any(|word| word == text),
                _ => false,
            },
        }
    }
}
