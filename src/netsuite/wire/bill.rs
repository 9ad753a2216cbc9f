//! A record with totals, read back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::read::Fields;
use crate::domain::bookings::Place;
use crate::domain::ids::RecordId;
use crate::domain::record::{Bill, Goods, RecordKind};

/// Reads the record; its lines are given apart. Lines that come from no order line (a variance) are left out.
pub(in crate::netsuite) fn read(kind: RecordKind, asked: &RecordId, record: &Value, lines: &[Value]) -> Bill {
    let bill = Fields::of(record);
    // A sales order's own lines have no order line above them.
    let key = if kind == RecordKind::SalesOrder { "line" } else { "orderLine" };
    let line = |line: &Value| {
        let line = Fields::of(line);
        Some((line.integer(key)?, line.decimal("quantity").unwrap_or_default()))
    };
    // What is left of a credit memo is what was not applied.
    let open: &[&str] = match kind {
        RecordKind::CreditMemo => &["unapplied", "amountRemaining", "amountRemainingTotalBox"],
        _ => &["amountRemaining", "amountRemainingTotalBox", "unapplied"],
    };
    let id = |field: &str| bill.reference(field).map(|found| found.id);
    let tax = (bill.decimal("taxTotal"), bill.decimal("tax2Total"));
    Bill {
        kind,
        id: bill.id("id").unwrap_or_else(|| asked.clone()),
        number: bill.text("tranId"),
        total: bill.decimal("total"),
        tax_total: tax.0.map_or(tax.1, |first| Some(first.saturating_add(tax.1.unwrap_or_default()))),
        remaining: open.iter().find_map(|field| bill.decimal(field)),
        payment_method: ["paymentMethod", "paymentOption"].into_iter().find_map(|field| bill.reference(field)).map(|method| method.id),
        account: id("account"),
        customer: ["entity", "customer"].into_iter().find_map(|field| bill.reference(field)).map(|customer| customer.id),
        modified_at: bill.timestamp("lastModifiedDate"),
        date: bill.date("tranDate"),
        place: Place { subsidiary: id("subsidiary"), location: id("location"), department: id("department"), class: id("class") },
        goods: goods(lines),
        lines: lines.iter().filter_map(line).collect(),
    }
}

/// What the lines hold of each item; none where a line does not tell it.
fn goods(lines: &[Value]) -> BTreeMap<String, Goods> {
    let mut goods = BTreeMap::<String, Goods>::new();
    for line in lines.iter().map(Fields::of) {
        let (Some(item), Some(amount)) = (line.reference("item"), line.decimal("amount")) else { return BTreeMap::new() };
        let of_item = goods.entry(item.id).or_default();
        of_item.quantity = of_item.quantity.saturating_add(line.decimal("quantity").unwrap_or_default().abs());
        of_item.amount = of_item.amount.saturating_add(amount);
    }
    goods
}
