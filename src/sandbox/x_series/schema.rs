//! Checks request bodies against the vendor's schema of the Sales API, beside this crate.
//!
//! A small reader of the constructs that the schema uses, and of no others: `$ref`, `type`, `required`, `properties`,
//! `items`, `enum`, `pattern` (one form), `format`, `allOf`, and `additionalProperties` or `unevaluatedProperties: false`.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../contracts/x-series-2026-07-sales.schema.json")).unwrap_or(Value::Null));

/// Everything that is wrong with a value of the definition `name`, each with its place.
pub(super) fn check(name: &str, value: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    node(&SCHEMA["$defs"][name], value, "", &mut wrong);
    wrong
}

fn resolve(schema: &'static Value) -> &'static Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| SCHEMA.pointer(path.trim_start_matches('#')));
    target.map_or(schema, resolve)
}

fn node(schema: &'static Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    let schema = resolve(schema);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        node(part, value, place, wrong);
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        wrong.push(format!("{place}: {value} is not one of {}", Value::Array(allowed.clone())));
        return;
    }
    if !has_type(&schema["type"], value) {
        wrong.push(format!("{place}: {value} is not of type {}", schema["type"]));
        return;
    }
    if let Value::String(text) = value
        && !has_form(schema, text)
    {
        wrong.push(format!("{place}: \"{text}\" does not have the form that is asked for"));
    }
    if let Value::Array(items) = value
        && let Some(schema) = schema.get("items")
    {
        for (number, item) in items.iter().enumerate() {
            node(schema, item, &format!("{place}/{number}"), wrong);
        }
    }
    if let Value::Object(fields) = value {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                wrong.push(format!("{place}: {name} is required"));
            }
        }
        for (name, field) in fields {
            if let Some(schema) = schema["properties"].get(name) {
                node(schema, field, &format!("{place}/{name}"), wrong);
            }
        }
        if schema["additionalProperties"] == false || schema["unevaluatedProperties"] == false {
            let known = properties(schema);
            for name in fields.keys().filter(|name| !known.contains(name.as_str())) {
                wrong.push(format!("{place}/{name}: there is no such field"));
            }
        }
    }
}

/// The names that a schema and the schemas it is made of know.
fn properties(schema: &'static Value) -> BTreeSet<&'static str> {
    let schema = resolve(schema);
    let own = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().map(String::as_str));
    let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(properties);
    own.chain(parts).collect()
}

fn has_type(wanted: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        _ => false,
    };
    match wanted {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}

/// The one pattern of the schema is that of a UUID with hyphens.
fn has_form(schema: &Value, text: &str) -> bool {
    match schema["format"].as_str() {
        Some("uuid") => text.len() == 36 && Uuid::parse_str(text).is_ok(),
        Some("date-time") => text.parse::<Timestamp>().is_ok(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "7d0b1a8e-6b5f-5c0e-9d0a-0a1b2c3d4e5f";

    #[test]
    fn the_smallest_sale_passes() {
        assert_eq!(check("SaleRequest", &json!({ "source": { "author_id": ID }, "state": "parked" })), Vec::<String>::new());
    }

    #[test]
    fn a_field_that_only_the_old_api_has_is_named() {
        let wrong = check("SaleRequest", &json!({ "source": { "author_id": ID }, "state": "parked", "status": "SAVED" }));
        assert_eq!(wrong, ["/status: there is no such field"]);
    }

    #[test]
    fn the_id_is_for_creating_only() {
        let body = json!({ "id": ID, "source": { "author_id": ID }, "state": "parked" });
        assert!(check("SaleRequest", &body).is_empty());
        assert_eq!(check("SaleUpdateRequest", &body), ["/id: there is no such field"]);
    }

    #[test]
    fn a_number_in_quotes_is_no_number() {
        let body =
            json!({ "source": { "author_id": ID }, "state": "closed", "payments": [{ "amount": "5", "type": { "config_id": ID } }] });
        assert_eq!(check("SaleRequest", &body), ["/payments/0/amount: \"5\" is not of type \"number\""]);
    }

    #[test]
    fn the_spelling_of_the_two_outlet_fields_is_not_mixed_up() {
        let body = json!({ "source": { "author_id": ID }, "state": "parked", "fulfilment_outlet_id": ID });
        assert_eq!(check("SaleRequest", &body), ["/fulfilment_outlet_id: there is no such field"]);
    }
}
