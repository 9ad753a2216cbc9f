//! Writes a sale as the date-versioned API takes it: JSON numbers for money, and what is not there left out, not null.

use rust_decimal::Decimal;
use serde_json::{Map, Number, Value, json};

use crate::domain::requests::{SaleLineRequest, SalePaymentRequest, SaleRequest};
use crate::domain::status::HandOver;

/// The body of `POST /sales`.
pub fn create_body(request: &SaleRequest) -> Value {
    let mut body = document(request, true);
    body.insert("id".to_owned(), request.id.as_str().into());
    Value::Object(body)
}

/// The body of `PUT /sales/{id}`: the whole sale, as lines that are left out are deleted.
pub fn update_body(request: &SaleRequest) -> Value {
    Value::Object(document(request, false))
}

/// A decimal as a JSON number, from its text.
pub(super) fn number(amount: Decimal) -> Value {
    let text = amount.normalize().to_string();
    // The text of a decimal is always a JSON number; were it ever not, it would go out as text and be refused, not altered.
    serde_json::from_str::<Number>(&text).map_or(Value::String(text), Value::Number)
}

fn document(request: &SaleRequest, create: bool) -> Map<String, Value> {
    let mut body = Map::new();
    let source = [
        ("author_id", Some(request.author_id.as_str())),
        ("register_id", request.register_id.as_deref()),
        ("type", request.source_type.as_deref()),
        ("id", request.source_id.as_deref()),
    ];
    body.insert("source".to_owned(), texts(&source));
    body.insert("state".to_owned(), request.state.word().into());
    body.insert("attributes".to_owned(), json!(request.attributes));
    body.insert("line_items".to_owned(), request.lines.iter().map(|line| line_item(request, line, create)).collect());
    body.insert("payments".to_owned(), request.payments.iter().map(|row| payment(request, row)).collect());
    let date = request.date.map(|date| date.to_string());
    let note = note(request);
    let optional = [
        ("date", date.as_deref()),
        ("customer_id", request.customer_id.as_deref()),
        ("note", note.as_deref()),
        ("invoice_number", request.invoice_number.as_deref()),
        // Two l on the sale, one on its lines.
        ("fulfillment_outlet_id", request.fulfilment_outlet_id.as_deref()),
    ];
    insert_texts(&mut body, &optional);
    if request.hand_over == Some(HandOver::Pickup) {
        // A DISPATCH detail has to name an address that X-Series holds, and we hold only its text: that goes to the note.
        let detail = texts(&[("type", Some("PICKUP")), ("note", request.delivery_note.as_deref())]);
        body.insert("fulfillment_details".to_owned(), json!([detail]));
    }
    body
}

/// The sale's note, and where it is delivered to.
fn note(request: &SaleRequest) -> Option<String> {
    let address = request.delivery_note.as_ref().filter(|_| request.hand_over == Some(HandOver::Delivery));
    match (&request.note, address) {
        (Some(note), Some(address)) => Some(format!("{note}\n{address}")),
        (note, address) => note.as_ref().or(address).cloned(),
    }
}

fn line_item(request: &SaleRequest, line: &SaleLineRequest, create: bool) -> Value {
    let mut metadata = Map::new();
    metadata.insert("sequence".to_owned(), line.sequence.into());
    // Without it X-Series would put its own price in place of ours.
    metadata.insert("is_price_override".to_owned(), true.into());
    if let Some(hand_over) = request.hand_over.filter(|_| create) {
        let method = match hand_over {
            HandOver::Pickup => "PICKUP",
            HandOver::Delivery => "DISPATCH",
        };
        metadata.insert("fulfillment_method".to_owned(), method.into());
    }
    let mut item = Map::new();
    item.insert("id".to_owned(), line.id.as_str().into());
    item.insert("product".to_owned(), json!({ "id": line.product_id }));
    item.insert("quantity".to_owned(), number(line.quantity));
    item.insert("pricing".to_owned(), json!({ "price": number(line.price), "discount": number(line.discount) }));
    item.insert("tax".to_owned(), json!({ "id": line.tax_id, "amount": number(line.tax) }));
    item.insert("_metadata".to_owned(), Value::Object(metadata));
    if let Some(note) = &line.note {
        item.insert("attributes".to_owned(), json!([{ "name": "line_note", "value": note }]));
    }
    insert_texts(&mut item, &[("fulfilment_outlet_id", request.fulfilment_outlet_id.as_deref())]);
    Value::Object(item)
}

fn payment(request: &SaleRequest, row: &SalePaymentRequest) -> Value {
    let mut payment = Map::new();
    payment.insert("amount".to_owned(), number(row.amount));
    payment.insert("type".to_owned(), json!({ "config_id": row.type_id }));
    let date = row.date.map(|date| date.to_string());
    insert_texts(&mut payment, &[("id", row.id.as_deref()), ("date", date.as_deref())]);
    if let Some(register) = &request.register_id {
        payment.insert("source".to_owned(), json!({ "register_id": register }));
    }
    Value::Object(payment)
}

pub(super) fn texts(fields: &[(&str, Option<&str>)]) -> Value {
    let mut object = Map::new();
    insert_texts(&mut object, fields);
    Value::Object(object)
}

fn insert_texts(object: &mut Map<String, Value>, fields: &[(&str, Option<&str>)]) {
    for (name, value) in fields {
        if let Some(value) = value {
            object.insert((*name).to_owned(), (*value).into());
        }
    }
}

#[cfg(test)]
#[path = "sale_request_tests.rs"]
mod tests;
