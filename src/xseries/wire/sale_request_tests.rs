use jsonschema::{Draft, Validator};
use proptest::prelude::*;

use super::*;
use crate::domain::money;
use crate::domain::status::SendAs;

const LINE: &str = "018f3f5e-0000-5000-8000-000000000001";

/// A line as the intent is stored.
fn line() -> SaleLineRequest {
    let stored = json!({
        "id": LINE, "product_id": "188a87aa-06fe-11e4-a0f5-b8ca3a64f8f4", "quantity": "1.0", "price": "22.00", "discount": "0",
        "tax_id": "b1d192bc-f019-11e3-a0f5-b8ca3a64f8f4", "tax": "3.30", "note": "engrave", "sequence": 0
    });
    serde_json::from_value(stored).unwrap()
}

fn request(send_as: SendAs) -> SaleRequest {
    let status = send_as.status();
    SaleRequest {
        id: "018f3f5e-0000-5000-8000-000000000000".into(),
        state: status.state,
        attributes: status.attributes(),
        author_id: "b1ed6158-f019-11e3-a0f5-b8ca3a64f8f4".to_owned(),
        register_id: Some("b1e198a9-f019-11e3-a0f5-b8ca3a64f8f4".to_owned()),
        source_type: Some("NETSUITE".to_owned()),
        source_id: Some("SO1043".to_owned()),
        date: Some("2026-07-01T00:00:00Z".parse().unwrap()),
        customer_id: Some("b1cabb53-f019-11e3-a0f5-b8ca3a64f8f4".to_owned()),
        note: Some("NetSuite SO1043".to_owned()),
        invoice_number: None,
        fulfilment_outlet_id: status.hand_over.map(|_| "b1e04bd8-f019-11e3-a0f5-b8ca3a64f8f4".to_owned()),
        hand_over: status.hand_over,
        delivery_note: status.hand_over.map(|_| "1 High Street, Auckland".to_owned()),
        lines: vec![line()],
        payments: vec![SalePaymentRequest {
            id: None,
            type_id: "b1e1d70e-f019-11e3-a0f5-b8ca3a64f8f4".to_owned(),
            amount: dec!(25.30),
            date: Some("2026-07-01T00:00:00Z".parse().unwrap()),
        }],
    }
}

fn schema(definition: &str) -> Validator {
    let text = include_str!("../../../tests/fixtures/contracts/x-series-2026-07-sales.schema.json");
    let mut schema: Value = serde_json::from_str(text).unwrap();
    schema["$ref"] = format!("#/$defs/{definition}").into();
    jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).build(&schema).unwrap()
}

fn assert_valid(schema: &Validator, body: &Value) {
    let problems: Vec<_> = schema.iter_errors(body).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?} in {body:#}");
}

const ALL: [SendAs; 4] = [SendAs::Saved, SendAs::Closed, SendAs::AwaitingPickup, SendAs::AwaitingDispatch];

#[test]
fn every_status_is_written_as_the_vendors_schema_wants_it() {
    let (create, update) = (schema("SaleRequest"), schema("SaleUpdateRequest"));
    for send_as in ALL {
        let mut request = request(send_as);
        assert_valid(&create, &create_body(&request));
        assert_valid(&update, &update_body(&request));
        request.payments[0].id = Some(LINE.to_owned());
        request.invoice_number = Some("MR-7-NZ".to_owned());
        assert_valid(&update, &update_body(&request));
        let bare = SaleRequest {
            register_id: None,
            source_type: None,
            source_id: None,
            date: None,
            customer_id: None,
            note: None,
            delivery_note: None,
            fulfilment_outlet_id: None,
            lines: vec![],
            payments: vec![],
            ..request
        };
        assert_valid(&create, &create_body(&bare));
        assert!(!create_body(&bare).to_string().contains("null"));
    }
}

#[test]
fn the_schema_catches_what_is_wrong() {
    let (create, update) = (schema("SaleRequest"), schema("SaleUpdateRequest"));
    let good = create_body(&request(SendAs::AwaitingPickup));
    assert!(!update.is_valid(&good), "an update bears no id");
    for (place, value) in [
        ("/state", json!("done")),
        ("/line_items/0/pricing/price", json!("22")),
        ("/line_items/0/tax/id", json!("GST")),
        ("/payments/0/amount", json!("25.30")),
        ("/date", json!("1 July")),
        ("/note", json!(null)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!create.is_valid(&bad), "{place}");
    }
    let mut misspelt = good.clone();
    misspelt["fulfilment_outlet_id"] = json!(LINE);
    assert!(!create.is_valid(&misspelt), "one l belongs on the line");
    let mut misspelt = good;
    misspelt["line_items"][0]["fulfillment_outlet_id"] = json!(LINE);
    assert!(!create.is_valid(&misspelt), "two l belong on the sale");
}

#[test]
fn a_pickup_is_written_in_full() {
    let expected = json!({
        "id": "018f3f5e-0000-5000-8000-000000000000",
        "source": {"author_id": "b1ed6158-f019-11e3-a0f5-b8ca3a64f8f4", "register_id": "b1e198a9-f019-11e3-a0f5-b8ca3a64f8f4",
                   "type": "NETSUITE", "id": "SO1043"},
        "state": "pending", "attributes": ["pickup"], "date": "2026-07-01T00:00:00Z",
        "customer_id": "b1cabb53-f019-11e3-a0f5-b8ca3a64f8f4", "note": "NetSuite SO1043",
        "fulfillment_outlet_id": "b1e04bd8-f019-11e3-a0f5-b8ca3a64f8f4",
        "fulfillment_details": [{"type": "PICKUP", "note": "1 High Street, Auckland"}],
        "line_items": [{
            "id": LINE, "product": {"id": "188a87aa-06fe-11e4-a0f5-b8ca3a64f8f4"}, "quantity": 1,
            "pricing": {"price": 22, "discount": 0}, "tax": {"id": "b1d192bc-f019-11e3-a0f5-b8ca3a64f8f4", "amount": 3.3},
            "attributes": [{"name": "line_note", "value": "engrave"}],
            "_metadata": {"sequence": 0, "is_price_override": true, "fulfillment_method": "PICKUP"},
            "fulfilment_outlet_id": "b1e04bd8-f019-11e3-a0f5-b8ca3a64f8f4"}],
        "payments": [{"amount": 25.3, "date": "2026-07-01T00:00:00Z", "type": {"config_id": "b1e1d70e-f019-11e3-a0f5-b8ca3a64f8f4"},
                      "source": {"register_id": "b1e198a9-f019-11e3-a0f5-b8ca3a64f8f4"}}]
    });
    assert_eq!(create_body(&request(SendAs::AwaitingPickup)), expected);
}

#[test]
fn an_update_bears_neither_id_nor_method() {
    let body = update_body(&request(SendAs::AwaitingPickup));
    assert_eq!(body.get("id"), None);
    assert_eq!(body.pointer("/line_items/0/_metadata"), Some(&json!({"sequence": 0, "is_price_override": true})));
}

#[test]
fn a_delivery_names_no_address_that_x_series_does_not_hold() {
    let body = create_body(&request(SendAs::AwaitingDispatch));
    assert_eq!(body.get("fulfillment_details"), None);
    assert_eq!(body["note"], "NetSuite SO1043\n1 High Street, Auckland");
    assert_eq!(body.pointer("/line_items/0/_metadata/fulfillment_method"), Some(&json!("DISPATCH")));
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let request = request(SendAs::Closed);
    let sale = crate::xseries::parse_sale(&create_body(&request)).unwrap();
    assert_eq!(sale.id, request.id);
    assert_eq!(sale.status, Ok(SendAs::Closed.status()));
    assert_eq!((sale.lines[0].quantity, sale.lines[0].price, sale.lines[0].tax), (dec!(1), dec!(22), dec!(3.3)));
    assert_eq!(sale.lines[0].note.as_deref(), Some("engrave"));
    assert_eq!(sale.paid(), dec!(25.3));
    assert_eq!(sale.author_id.as_deref(), Some(request.author_id.as_str()));
}

proptest! {
    /// Amounts of up to twelve digits, with the five places that X-Series keeps.
    #[test]
    fn money_goes_through_json_unchanged(units in -999_999_999_999_999_i64..999_999_999_999_999, places in 0_u32..=5) {
        let amount = Decimal::new(units, places);
        let text = serde_json::to_string(&number(amount)).unwrap();
        let back: Value = serde_json::from_str(&text).unwrap();
        prop_assert!(back.is_number(), "{}", text);
        prop_assert_eq!(money::parse(&back.to_string()), Some(amount));
    }
}
