//! A sales order for tests, with something in it for every kind of fact.

use std::collections::BTreeMap;

use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::json;

use crate::domain::ids::RecordId;
use crate::domain::sales_order::{ItemKind, OrderLine, Ref, SalesOrder};
use crate::domain::status::OrderStatus;

pub(in crate::domain) fn reference(id: &str, name: &str) -> Ref {
    Ref { id: id.to_owned(), name: Some(name.to_owned()) }
}

pub(in crate::domain) fn line(line: i64, item: &str, quantity: i64) -> OrderLine {
    OrderLine {
        line,
        item: reference(&format!("10{line}"), item),
        kind: ItemKind::Inventory,
        description: Some(format!("A {item}")),
        quantity: quantity.into(),
        rate: Some(Decimal::new(1250, 2)),
        amount: Some(Decimal::new(1250, 2) * Decimal::from(quantity)),
        gross: None,
        tax: None,
        tax_code: Some(reference("6", "GST:S-NZ")),
        tax_rate: None,
        taxable: None,
        location: Some(reference("3", "Ponsonby")),
        closed: false,
        fulfilled: Decimal::ZERO,
        billed: Decimal::ZERO,
        committed: None,
        from_purchase: false,
        inventory: Vec::new(),
        custom: BTreeMap::from([("custcol_gift".to_owned(), json!(line == 1))]),
    }
}

/// A billed order of two lines and a line of text, with custom fields of every kind.
pub(in crate::domain) fn order() -> SalesOrder {
    SalesOrder {
        id: RecordId::new("766"),
        number: "SO1043".to_owned(),
        external_id: None,
        status: Ok(OrderStatus::Billed),
        customer: Some(reference("107", "Smith, A & O'Brien")),
        email: Some("a@example.com".to_owned()),
        subsidiary: Some(reference("2", "New Zealand")),
        location: Some(reference("3", "Ponsonby")),
        department: None,
        class: None,
        currency: Some(reference("1", "NZD")),
        terms: Some(reference("4", "Net 30")),
        payment_method: None,
        ship_method: Some(reference("9", "Store Pickup")),
        form: Some(reference("68", "Sales Order - Cash Sale")),
        date: Some(date(2026, 11, 20)),
        ship_date: None,
        po_number: None,
        memo: Some("  Gift wrap, please ".to_owned()),
        created_at: "2026-11-20T22:15:00Z".parse().ok(),
        modified_at: "2026-11-22T01:02:03Z".parse().ok(),
        subtotal: Some("50.00".parse().expect("an amount")),
        discount_total: Some(Decimal::ZERO),
        tax_total: Some("7.50".parse().expect("an amount")),
        shipping_cost: None,
        handling_cost: None,
        total: Some("57.50".parse().expect("an amount")),
        lines: vec![line(1, "Scarves : S-100", 1), line(2, "H-7", 3), OrderLine { kind: ItemKind::Description, ..line(5, "Text", 0) }],
        ship_to: None,
        custom: BTreeMap::from([
            ("custbody_tillbridge_send".to_owned(), json!(true)),
            ("custbody_channel".to_owned(), json!({"id": "5", "refName": "Web", "links": []})),
            ("custbody_tags".to_owned(), json!({"items": [{"id": "1", "refName": "VIP"}, {"id": "2", "refName": "Late"}]})),
            ("custbody_score".to_owned(), json!(12.5)),
            ("custbody_score_text".to_owned(), json!("12.5")),
            ("custbody_wrap".to_owned(), json!("T")),
            ("custbody_ready".to_owned(), json!("2026-11-25")),
            ("custbody_empty".to_owned(), json!(null)),
            ("custbody_place_id".to_owned(), json!("p-1")),
        ]),
    }
}
