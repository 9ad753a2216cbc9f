//! Custom fields: `custbody_…` on the header and `custcol_…` on lines. What one holds is only known when an order is
//! looked at, so its value carries its own kind and is never bent to fit.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::value::{self, Value};
use crate::domain::money;

/// A custom field that a condition asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    key: String,
    /// The field whose reference this one is the id of, should no field have the whole name.
    base: Option<String>,
}

impl CustomField {
    /// A field by its id, which NetSuite writes in lower case.
    pub fn new(id: &str) -> Self {
        let key = id.to_ascii_lowercase();
        let base = key.strip_suffix("_id").map(str::to_owned);
        Self { key, base }
    }

    /// What the field holds.
    pub fn read<'a>(&self, custom: &'a BTreeMap<String, Json>) -> Value<'a> {
        match (custom.get(&self.key), &self.base) {
            (Some(json), _) => read(json, Part::Name),
            (None, Some(base)) => match custom.get(base) {
                Some(json @ (Json::Object(_) | Json::Array(_))) => read(json, Part::Id),
                _ => Value::Missing,
            },
            (None, None) => Value::Missing,
        }
    }
}

/// A box is ticked: `true`, or `"T"` as scripts write it.
pub fn is_ticked(json: &Json) -> bool {
    match json {
        Json::Bool(ticked) => *ticked,
        Json::String(text) => value::yes_no(text) == Some(true),
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Part {
    Name,
    Id,
}

fn read(json: &Json, part: Part) -> Value<'_> {
    match json {
        Json::Null => Value::Missing,
        Json::Bool(yes) => Value::YesNo(*yes),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Number(Decimal::from(whole)),
            None => money::parse(&number.to_string()).map_or(Value::Unfit, Value::Number),
        },
        Json::String(text) => Value::text(Some(text)),
        Json::Array(list) => joined(list, part),
        Json::Object(object) => match object.get("items") {
            Some(Json::Array(list)) => joined(list, part),
            _ => reference(object, part),
        },
    }
}

/// A reference `{"id": "3", "refName": "Web"}`: its name, or its id where NetSuite gives no name.
fn reference(object: &serde_json::Map<String, Json>, part: Part) -> Value<'_> {
    let id = || match object.get("id") {
        Some(Json::String(id)) => Value::text(Some(id)),
        Some(Json::Number(id)) => Value::Text(Cow::Owned(id.to_string())),
        _ => Value::Unfit,
    };
    match (part, object.get("refName")) {
        (Part::Name, Some(Json::String(name))) if !name.trim().is_empty() => Value::text(Some(name)),
        _ => id(),
    }
}

/// A multiple-select field: its names or ids, with commas between them.
fn joined(list: &[Json], part: Part) -> Value<'_> {
    let mut text = String::new();
    for element in list {
        let value = read(element, part);
        if value.is_present() {
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&value.to_string());
        }
    }
    if text.is_empty() { Value::Missing } else { Value::Text(Cow::Owned(text)) }
}
