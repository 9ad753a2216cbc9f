//! The record service: which request does what to which record.

use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult, created, resource};
use super::kinds::Kind;
use super::record_type::{Draft, RecordType};
use super::render::Renderer;
use super::schema::{self, Features};
use super::{Shared, json_body, pairs};

const PARAMETERS: [&str; 10] = [
    "expandSubResources",
    "simpleEnumFormat",
    "fields",
    "q",
    "limit",
    "offset",
    "expandRecords",
    "ids",
    "replace",
    "replaceSelectedFields",
];
/// One request to the record service.
struct Call<'a> {
    shared: &'a Shared,
    parts: &'a Parts,
    query: BTreeMap<String, String>,
    body: &'a Bytes,
    base: String,
}

pub(super) fn serve(shared: &Shared, parts: &Parts, path: &str, body: &Bytes) -> ApiResult<Response> {
    let query = pairs(parts.uri.query().unwrap_or_default());
    if let Some(name) = query.keys().find(|name| !PARAMETERS.contains(&name.as_str())) {
        return Err(ApiError::bad_request("INVALID_PARAMETER", format!("Invalid query parameter name '{name}'.")));
    }
    let decode = |segment: &str| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let segments: Vec<String> = path.split('/').map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (name, rest) = segments.split_first().unwrap_or((&"", &[]));
    let record = RecordType::named(name)?;
    let call = Call { shared, parts, query, body, base: format!("{}/record/v1", shared.base) };
    match (&parts.method, rest) {
        (&Method::GET, []) => call.list(record),
        (&Method::GET, [id]) => call.get(record, id),
        (&Method::GET, [id, "item"]) => call.sublist(record, id),
        (&Method::GET, [id, "item", line]) => call.line(record, id, line),
        (&Method::POST, []) => call.create(record),
        (&Method::PATCH, [id]) => call.patch(record, id),
        (&Method::PUT, [id]) => call.upsert(record, id),
        (&Method::DELETE, [id]) => call.delete(record, id),
        (&Method::POST, [id, "!transform", target]) => call.transform(record, id, target),
        _ => Err(ApiError::method_not_allowed()),
    }
}

impl Call<'_> {
    fn flag(&self, name: &str) -> bool {
        self.query.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn renderer<'a>(&'a self, account: &'a Account) -> Renderer<'a> {
        Renderer { account, base: &self.base, expand: self.flag("expandSubResources") }
    }

    /// Keeps the named fields, and shows enumerations as their ids where that is asked for.
    fn trimmed(&self, mut record: Value) -> Value {
        if self.flag("simpleEnumFormat") {
            for name in ["orderStatus", "shipStatus"] {
                if let Some(id) = record.get(name).and_then(body::reference) {
                    record[name] = Value::String(id);
                }
            }
        }
        let Some(fields) = self.query.get("fields") else { return record };
        let wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
        let Value::Object(record) = record else { return record };
        let kept: Map<String, Value> =
            record.into_iter().filter(|(name, _)| name == "id" || name == "links" || wanted.contains(&name.as_str())).collect();
        Value::Object(kept)
    }

    fn get(&self, record: RecordType, id: &str) -> ApiResult<Response> {
        let shown = self.shared.with(|account| {
            let id = record.find(account, id)?;
            record.show(&self.renderer(account), id).ok_or_else(ApiError::nonexistent)
        })?;
        Ok(resource(StatusCode::OK, "singular", &self.trimmed(shown)))
    }

    fn list(&self, record: RecordType) -> ApiResult<Response> {
        let number = |name: &str, default: usize| match self.query.get(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_not_whole| {
                ApiError::bad_request("INVALID_PARAMETER", format!("Invalid value of the query parameter '{name}'."))
            }),
        };
        let (limit, offset) = (number("limit", 1000)?.clamp(1, 1000), number("offset", 0)?);
        let filter = self.query.get("q").map(|text| Filter::parse(text)).transpose()?;
        let ids = self.shared.with(|account| {
            let renderer = Renderer { account, base: &self.base, expand: false };
            let mut ids = record.ids(account);
            if let Some(filter) = &filter {
                ids.retain(|id| record.show(&renderer, *id).is_some_and(|shown| filter.holds(&shown)));
            }
            ids
        });
        let items: Vec<Value> = ids
            .iter()
            .skip(offset)
            .take(limit)
            .map(
                |id| json!({ "links": [{ "rel": "self", "href": format!("{}/{}/{id}", self.base, record.name()) }], "id": id.to_string() }),
            )
            .collect();
        let href = format!("{}/{}", self.base, record.name());
        Ok(resource(StatusCode::OK, "collection", &page(&items, offset, ids.len(), &href)))
    }

    fn sublist(&self, record: RecordType, id: &str) -> ApiResult<Response> {
        let (id, lines) = self.lines(record, id)?;
        let count = lines.len();
        let items = if self.flag("expandSubResources") {
            lines
        } else {
            lines.into_iter().map(|line| json!({ "links": line["links"], "line": line["line"], "orderLine": line["orderLine"] })).collect()
        };
        let href = format!("{}/{}/{id}/item", self.base, record.name());
        Ok(resource(StatusCode::OK, "collection", &page(&items, 0, count, &href)))
    }

    fn line(&self, record: RecordType, id: &str, line: &str) -> ApiResult<Response> {
        let (_, lines) = self.lines(record, id)?;
        let found = lines.iter().find(|candidate| candidate["line"].as_i64() == line.parse().ok());
        found.map(|line| resource(StatusCode::OK, "singular", line)).ok_or_else(ApiError::nonexistent)
    }

    fn lines(&self, record: RecordType, id: &str) -> ApiResult<(u64, Vec<Value>)> {
        self.shared.with(|account| {
            let id = record.find(account, id)?;
            let lines = record.lines(&self.renderer(account), id).ok_or_else(ApiError::nonexistent)?;
            Ok((id, lines))
        })
    }

    /// The body, with its field names checked as the header asks.
    fn fields(&self, record: RecordType) -> ApiResult<Value> {
        let fields = json_body(&self.parts.headers, self.body)?;
        let validation = self.parts.headers.get("x-netsuite-propertynamevalidation").and_then(|value| value.to_str().ok());
        if validation.is_some_and(|value| value.eq_ignore_ascii_case("error")) {
            self.shared.with(|account| {
                let features = Features { custom_fields: &account.custom_fields, suite_tax: account.preferences.suite_tax };
                schema::check(record.name(), &fields, features)
            })?;
        }
        Ok(fields)
    }

    fn replaces_lines(&self) -> bool {
        self.query.get("replace").is_some_and(|list| list.split(',').any(|name| name == "item"))
    }

    fn location(&self, record: RecordType, id: u64) -> String {
        format!("{}/{}/{id}", self.base, record.name())
    }

    fn create(&self, record: RecordType) -> ApiResult<Response> {
        let fields = self.fields(record)?;
        let id = self.shared.with(|account| record.create(account, &fields))?;
        Ok(created(&self.location(record, id)))
    }

    fn patch(&self, record: RecordType, id: &str) -> ApiResult<Response> {
        let fields = self.fields(record)?;
        let replace = self.replaces_lines();
        let id = self.shared.with(|account| {
            let id = record.find(account, id)?;
            record.edit(account, id, &fields, replace).map(|()| id)
        })?;
        Ok(created(&self.location(record, id)))
    }

    fn upsert(&self, record: RecordType, id: &str) -> ApiResult<Response> {
        let upserted = [RecordType::Transaction(Kind::SalesOrder), RecordType::Customer];
        let Some(external) = id.strip_prefix("eid:").filter(|_| upserted.contains(&record)) else {
            return Err(ApiError::method_not_allowed());
        };
        let mut fields = self.fields(record)?;
        fields["externalId"] = Value::String(external.to_owned());
        let replace = self.replaces_lines();
        let id = self.shared.with(|account| match record.find(account, id) {
            Ok(id) => record.edit(account, id, &fields, replace).map(|()| id),
            Err(_not_there_yet) => record.create(account, &fields),
        })?;
        Ok(created(&self.location(record, id)))
    }

    fn delete(&self, record: RecordType, id: &str) -> ApiResult<Response> {
        self.shared.with(|account| {
            let id = record.find(account, id)?;
            match record {
                RecordType::Transaction(Kind::CustomerDeposit) => account.delete_deposit(id),
                _ => Err(ApiError::insufficient_permission()),
            }
        })?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    fn transform(&self, record: RecordType, id: &str, target: &str) -> ApiResult<Response> {
        let target = RecordType::named(target)?;
        let fields = self.fields(target)?;
        let replace = self.replaces_lines();
        let accepted = self.parts.headers.get_all(http::header::ACCEPT);
        let preview = accepted.iter().any(|value| value.to_str().is_ok_and(|value| value.contains("type=create-form")));
        let result = self.shared.with(|account| {
            let source = match id.strip_prefix("eid:") {
                Some(_) => record.find(account, id)?,
                None => id.parse().map_err(|_not_an_id| ApiError::initialize_ref(target.name(), id))?,
            };
            if preview && (record, target) == (RecordType::Transaction(Kind::SalesOrder), RecordType::Transaction(Kind::ItemFulfillment)) {
                let form = account.fulfilment_form(source, &fields)?;
                return Ok(Err(Draft::Fulfilment(Box::new(form)).show(&self.renderer(account))));
            }
            let draft = record.transform(account, source, target, &fields, replace)?;
            if preview { Ok(Err(draft.show(&self.renderer(account)))) } else { draft.save(account).map(Ok) }
        })?;
        Ok(match result {
            Ok(id) => created(&self.location(target, id)),
            Err(preview) => resource(StatusCode::OK, "create-form", &self.trimmed(preview)),
        })
    }
}

fn page(items: &[Value], offset: usize, total: usize, href: &str) -> Value {
    json!({
        "links": [{ "rel": "self", "href": href }],
        "count": items.len(),
        "hasMore": offset + items.len() < total,
        "offset": offset,
        "totalResults": total,
        "items": items,
    })
}

/// `?q=externalId IS "x"`: one field, one value.
struct Filter {
    field: String,
    contains: bool,
    value: String,
}

impl Filter {
    fn parse(text: &str) -> ApiResult<Self> {
        let wrong = || ApiError::bad_request("INVALID_PARAMETER", format!("Invalid search query: {text}"));
        let mut words = text.trim().splitn(3, ' ');
        let (Some(field), Some(operator), Some(value)) = (words.next(), words.next(), words.next()) else { return Err(wrong()) };
        let contains = match operator.to_uppercase().as_str() {
            "IS" | "EQUAL" | "ANY_OF" => false,
            "CONTAIN" => true,
            _ => return Err(wrong()),
        };
        Ok(Self { field: field.to_owned(), contains, value: value.trim().trim_matches('"').to_owned() })
    }

    fn holds(&self, record: &Value) -> bool {
        let seen = record.get(&self.field).and_then(body::reference).unwrap_or_default();
        if self.contains { seen.contains(&self.value) } else { seen == self.value }
    }
}
