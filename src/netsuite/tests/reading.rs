use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::domain::ids::RecordId;
use crate::domain::record::RecordKind;
use crate::domain::sales_order::{ItemKind, SalesOrder};
use crate::domain::status::OrderStatus;
use crate::netsuite::wire::read::{Fields, has_more, lines};
use crate::netsuite::wire::{bill, sales_order};

/// Written for the tests, with the forms of fields that differ between accounts.
const SALES_ORDER: &str = include_str!("../../../tests/fixtures/netsuite/sales-order.json");

fn read(record: &Value) -> Result<SalesOrder, &'static str> {
    let rows = Fields::of(record).lines("item").unwrap_or_default().to_vec();
    sales_order::read(&RecordId::from("766"), record, &rows)
}

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn a_full_order_is_read_field_by_field() {
    let order = read(&serde_json::from_str(SALES_ORDER).unwrap()).unwrap();
    assert_eq!(order.status, Ok(OrderStatus::PendingFulfillment));
    assert_eq!(order.customer.as_ref().unwrap().label(), "CUS-1 Ada");
    assert_eq!(order.payment_method.as_ref().unwrap().id, "9");
    assert_eq!(order.discount_total, Some(dec("-10")));
    assert_eq!((order.total, order.handling_cost), (Some(dec("146.63")), Some(dec("1.50"))));
    assert_eq!(order.ship_to.as_deref(), Some("Ada\n1 Queen St\nAuckland 1010\nNew Zealand"));
    assert_eq!(order.custom["custbody_tillbridge_send"], json!(true));
    assert_eq!(order.custom.len(), 2);
    let line = &order.lines[0];
    assert_eq!((line.line, &line.kind, line.quantity, line.fulfilled), (1, &ItemKind::Inventory, dec("3.0"), dec("1")));
    assert_eq!((line.tax, line.tax_rate), (Some(dec("19.13")), Some(dec("15.0"))));
    assert_eq!(line.tax_code.as_ref().unwrap().label(), "GST:S-NZ");
    assert_eq!(line.inventory[0].number.as_ref().unwrap().label(), "L-1");
    assert_eq!(line.custom["custcol_note"], json!("gift"));
    assert!(order.lines[1].from_purchase && order.lines[1].closed && !line.from_purchase);
    assert!(order.lines[2].kind.is_text());
}

#[test]
fn the_taxes_of_suitetax_are_joined_to_their_lines() {
    let order = read(&json!({
        "tranId": "SO1", "status": "Pending Fulfillment",
        "taxDetails": {"items": [
            {"taxDetailsReference": "r1", "taxAmount": 10, "taxRate": 10, "taxCode": {"id": "3"}},
            {"taxDetailsReference": "r1", "taxAmount": 5, "taxRate": 5, "taxCode": {"id": "4"}},
            {"taxDetailsReference": "r2", "taxAmount": 1}]},
        "item": {"items": [
            {"line": 1, "item": "55", "itemType": "InvtPart", "quantity": 1, "amount": 100, "taxDetailsReference": "r1"},
            {"line": 2, "item": "56", "itemType": "InvtPart", "quantity": 1, "amount": 100}]}
    }))
    .unwrap();
    assert_eq!((order.lines[0].tax, order.lines[0].tax_rate), (Some(dec("15")), Some(dec("15"))));
    assert_eq!(order.lines[0].tax_code.as_ref().unwrap().id, "3");
    assert_eq!(order.lines[1].tax, None);
}

#[test]
fn a_status_is_read_in_every_spelling_and_an_unknown_one_is_shown() {
    let status = |fields: Value| {
        let mut record = json!({"tranId": "SO1", "item": {"items": []}});
        record.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        read(&record).map(|order| order.status)
    };
    let pending = Ok(Ok(OrderStatus::PendingFulfillment));
    assert_eq!(status(json!({"status": {"id": "SalesOrd:B"}})), pending);
    assert_eq!(status(json!({"status": {"id": "pendingFulfillment"}})), pending);
    assert_eq!(status(json!({"status": {"id": "77", "refName": "Pending Fulfillment"}})), pending);
    assert_eq!(status(json!({"status": "Sales Order : Pending Fulfillment"})), pending);
    assert_eq!(status(json!({"orderStatus": {"id": "B"}})), pending);
    assert_eq!(
        status(json!({"status": {"id": "Z", "refName": "Quarantined"}, "orderStatus": {"id": "B"}})),
        Ok(Err("Quarantined".to_owned()))
    );
    assert_eq!(status(json!({})), Err("status"));
}

#[test]
fn an_order_without_its_number_or_a_line_without_its_key_is_not_guessed() {
    assert_eq!(read(&json!({"status": "B"})), Err("tranId"));
    let line = |line: Value| read(&json!({"tranId": "SO1", "status": "B", "item": {"items": [line]}}));
    assert_eq!(line(json!({"item": "55", "itemType": "InvtPart"})).unwrap_err(), "item.items[].line");
    assert_eq!(line(json!({"line": 1, "itemType": "InvtPart"})).unwrap_err(), "item.items[].item");
}

/// JSON with the names that the readers look for.
fn json_value() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "id",
        "refName",
        "items",
        "item",
        "line",
        "orderLine",
        "quantity",
        "amount",
        "grossAmt",
        "tranId",
        "status",
        "taxDetails",
        "taxAmount",
        "taxDetailsReference",
        "links",
        "rel",
        "href",
        "hasMore",
        "totalResults",
        "offset",
        "inventoryDetail",
        "inventoryAssignment",
        "shippingAddress",
        "addr1",
        "tranDate",
        "custbody_x",
        "itemType",
        "taxTotal",
        "tax2Total",
        "location",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("79228162514264337593543950335")),
        Just(json!("self")),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_readers_panic(value in json_value()) {
        let _ = read(&value);
        let _ = (has_more(&value), lines(&value).map(<[Value]>::len));
        let rows = [value.clone(), value.clone()];
        let _ = bill::read(RecordKind::Invoice, &RecordId::from("1"), &value, &rows);
        let _ = sales_order::read(&RecordId::from("1"), &json!({"tranId": "SO1", "status": "B", "taxDetails": {"items": rows}}), &rows);
    }
}
