//! The world of the decision's tests: one order of two lines, the sale it is sent as, and a retailer with an outlet.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;

use super::*;
use crate::domain::call::{CallKind, Request};
use crate::domain::facts::{Answers, CustomerFacts, PastCall, Reference};
use crate::domain::keys;
use crate::domain::link::Link;
use crate::domain::record::{Bill, Child, RecordKind};
use crate::domain::reference::{ItemTracking, Outlet, PaymentType, Product, Register, Retailer, TaxGroup, User};
use crate::domain::requests::SaleRequest;
use crate::domain::sale::{SaleLine, SalePayment, SaleTotals};
use crate::domain::sales_order::{ItemKind, OrderLine, Ref};
use crate::domain::status::{SaleStatus, SendAs};

mod properties;
mod steps;
mod till;

const MAPPINGS: &str = r#"
author = "api"
[[mapping]]
name = "Pickup"
when = 'order.status == "Pending Fulfillment" and order.send_to_x_series'
send_as = "AWAITING_PICKUP"
note = "NetSuite {order.number}"
[[mapping]]
name = "Parked"
when = 'order.status == "Pending Fulfillment" and not order.send_to_x_series'
send_as = "SAVED"
[[mapping]]
name = "Record"
when = 'order.status == "Billed"'
send_as = "CLOSED"
[[outlet]]
x_series = "Ponsonby"
location = "Ponsonby"
register = "Ponsonby 1"
[[payment_type]]
x_series = "Card"
netsuite = "7"
kind = "money"
[[payment_type]]
x_series = "NetSuite"
kind = "netsuite"
[[tax]]
x_series = "GST"
netsuite = "GST:S-NZ"
"#;

fn mappings() -> Mappings {
    Mappings::parse(MAPPINGS).unwrap().mappings
}

fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "every reference of an order is optional")]
fn named(id: &str, name: &str) -> Option<Ref> {
    Some(Ref { id: id.to_owned(), name: Some(name.to_owned()) })
}

fn line(key: i64, sku: &str, quantity: i64, rate: &str) -> OrderLine {
    let rate = money(rate);
    let amount = rate * Decimal::from(quantity);
    OrderLine {
        line: key,
        item: Ref { id: format!("{}", 50 + key), name: Some(sku.to_owned()) },
        kind: ItemKind::Inventory,
        description: Some(format!("The {sku}")),
        quantity: quantity.into(),
        rate: Some(rate),
        amount: Some(amount),
        gross: None,
        tax: Some(amount * money("0.15")),
        tax_code: named("9", "GST:S-NZ"),
        tax_rate: None,
        taxable: Some(true),
        location: named("6", "Ponsonby"),
        closed: false,
        fulfilled: Decimal::ZERO,
        billed: Decimal::ZERO,
        committed: None,
        from_purchase: false,
        inventory: Vec::new(),
        custom: BTreeMap::new(),
    }
}

fn order(status: OrderStatus) -> SalesOrder {
    let lines = vec![line(1, "SCARF", 2, "20"), line(4, "HAT", 1, "30")];
    SalesOrder {
        id: "766".into(),
        number: "SO1043".to_owned(),
        external_id: None,
        status: Ok(status),
        customer: named("107", "Ana"),
        email: None,
        subsidiary: None,
        location: named("6", "Ponsonby"),
        department: None,
        class: None,
        currency: None,
        terms: None,
        payment_method: named("7", "Card"),
        ship_method: None,
        form: None,
        date: None,
        ship_date: None,
        po_number: None,
        memo: None,
        created_at: None,
        modified_at: Some(Timestamp::UNIX_EPOCH),
        subtotal: Some(money("70")),
        discount_total: None,
        tax_total: Some(money("10.50")),
        shipping_cost: None,
        handling_cost: None,
        total: Some(money("80.50")),
        lines,
        ship_to: None,
        custom: BTreeMap::from([("custbody_tillbridge_send".to_owned(), json!(true))]),
    }
}

fn shipped(mut order: SalesOrder) -> SalesOrder {
    for line in &mut order.lines {
        line.fulfilled = line.quantity;
    }
    order.status = Ok(OrderStatus::PendingBilling);
    order
}

fn billed(order: SalesOrder) -> SalesOrder {
    let mut order = shipped(order);
    for line in &mut order.lines {
        line.billed = line.quantity;
    }
    order.status = Ok(OrderStatus::Billed);
    order
}

fn reference() -> Reference {
    let payment = |id: &str, name: &str| PaymentType { id: id.to_owned(), name: name.to_owned(), type_id: None };
    Reference {
        outlets: vec![Outlet {
            id: "out".into(),
            name: "Ponsonby".into(),
            time_zone: Some("Pacific/Auckland".into()),
            default_tax_id: None,
        }],
        registers: vec![Register { id: "reg".into(), name: "Ponsonby 1".into(), outlet_id: Some("out".into()), is_open: true }],
        payment_types: vec![payment("card", "Card"), payment("ns", "NetSuite")],
        taxes: vec![
            TaxGroup { id: "gst".into(), name: "GST".into(), rate: money("0.15"), is_default: true, ..TaxGroup::default() },
            TaxGroup { id: "none".into(), name: "No Tax".into(), rate: Decimal::ZERO, ..TaxGroup::default() },
        ],
        users: vec![User { id: "user".into(), username: "api".into(), display_name: None, email: None }],
        retailer: Retailer {
            currency: Some("NZD".into()),
            no_tax_group_id: Some("none".into()),
            discount_product_id: Some("discount".into()),
            ..Retailer::default()
        },
    }
}

fn product(sku: &str) -> (String, Vec<Product>) {
    let found = Product { id: format!("product-{sku}"), sku: Some(sku.to_owned()), name: None, is_composite: false };
    (sku.to_owned(), vec![found])
}

fn answers() -> Answers {
    Answers {
        periods: Some(Vec::new()),
        reference: Some(Arc::new(reference())),
        products: [product("SCARF"), product("HAT")].into(),
        customer: Some(CustomerFacts { linked: Some("customer".to_owned()), ..CustomerFacts::default() }),
        linked_orders: Some(Vec::new()),
        children: Some(Vec::new()),
        bills: Some(Vec::new()),
        handed_over: Some(Vec::new()),
        items: Some(BTreeMap::new()),
        ..Answers::default()
    }
}

fn facts(order: SalesOrder) -> Facts {
    Facts {
        connection: "shop".into(),
        link: Link { netsuite_id: Some("766".into()), ..Link::default() },
        order: Seen::Is(Box::new(order)),
        sale: Seen::NotLinked,
        calls: Vec::new(),
        answers: answers(),
    }
}

fn call_of(facts: &Facts) -> Call {
    match decide(facts, &mappings()).next {
        Next::Call(call) => *call,
        other => panic!("no call: {other:?}"),
    }
}

fn end_of(facts: &Facts) -> (VerdictKind, Reason) {
    match decide(facts, &mappings()).next {
        Next::End(verdict, _) => (verdict.kind, verdict.reason),
        other => panic!("no end: {other:?}"),
    }
}

fn sent(facts: &Facts) -> SaleRequest {
    match call_of(facts).request {
        Request::CreateSale(sale) => sale,
        other => panic!("not a new sale: {other:?}"),
    }
}

/// The sale as X-Series would hold what we sent, in the given status.
fn sale_of(request: &SaleRequest, status: SaleStatus) -> Sale {
    let lines = request.lines.iter().map(|line| SaleLine {
        id: Some(line.id.clone()),
        product_id: line.product_id.clone(),
        quantity: line.quantity,
        price: line.price,
        price_total: line.price * line.quantity,
        tax_id: Some(line.tax_id.clone()),
        tax: line.tax,
        tax_total: line.tax * line.quantity,
        sequence: line.sequence,
        ..SaleLine::default()
    });
    let lines = lines.collect::<Vec<_>>();
    let (price, tax): (Decimal, Decimal) = (lines.iter().map(|line| line.price_total).sum(), lines.iter().map(|line| line.tax_total).sum());
    Sale {
        id: request.id.clone(),
        status: Ok(status),
        version: Some(5),
        source_type: Some("NETSUITE".to_owned()),
        source_id: request.source_id.clone(),
        outlet_id: Some("out".to_owned()),
        register_id: request.register_id.clone(),
        author_id: Some(request.author_id.clone()),
        customer_id: request.customer_id.clone(),
        date: Some(Timestamp::UNIX_EPOCH),
        created_at: None,
        updated_at: Some("2026-11-22T11:30:00Z".parse().unwrap()),
        deleted_at: None,
        note: request.note.clone(),
        invoice_number: Some("MR-17".to_owned()),
        receipt_number: None,
        short_code: None,
        return_for: None,
        returned_by: Vec::new(),
        lines,
        payments: request
            .payments
            .iter()
            .map(|payment| SalePayment {
                id: payment.id.clone(),
                type_id: payment.type_id.clone(),
                amount: payment.amount,
                ..SalePayment::default()
            })
            .collect(),
        charges: Vec::new(),
        totals: SaleTotals { price, tax, price_incl_tax: price + tax },
    }
}

/// Facts after the sale was sent and its id written back: the order as given, the sale in the given status.
fn after_sending(order: SalesOrder, status: &str) -> Facts {
    let first = facts(self::order(OrderStatus::PendingFulfillment));
    let request = sent(&first);
    let mut facts = facts(order);
    facts.link.x_series_id = Some(request.id.clone());
    facts.link.mapping = Some("Pickup".to_owned());
    facts.sale = Seen::Is(Box::new(sale_of(&request, SaleStatus::from_word(status).unwrap())));
    facts.calls = vec![
        PastCall {
            kind: CallKind::CreateSale,
            key: request.id.to_string(),
            done: true,
            request: Some(Request::CreateSale(request)),
            record: None,
        },
        PastCall { kind: CallKind::WriteSaleId, key: "written".to_owned(), done: true, request: None, record: None },
    ];
    facts
}

fn done(facts: &mut Facts, kind: CallKind) {
    facts.calls.push(PastCall { kind, key: format!("{}", facts.calls.len()), done: true, request: None, record: None });
}

fn with_bill(facts: &mut Facts, total: &str) {
    let child = Child { kind: RecordKind::CashSale, id: "900".into(), number: None, status: None, external_id: None };
    let bill = Bill {
        kind: RecordKind::CashSale,
        id: "900".into(),
        number: None,
        total: Some(money(total)),
        tax_total: Some(money("10.50")),
        remaining: None,
        payment_method: None,
        account: None,
        customer: None,
        modified_at: None,
        date: None,
        place: crate::domain::bookings::Place::default(),
        goods: BTreeMap::new(),
        lines: Vec::new(),
    };
    facts.answers.children = Some(vec![child]);
    facts.answers.bills = Some(vec![bill]);
}

fn sale_mut(facts: &mut Facts) -> &mut Sale {
    match &mut facts.sale {
        Seen::Is(sale) => sale,
        _ => panic!("no sale"),
    }
}

fn order_mut(facts: &mut Facts) -> &mut SalesOrder {
    match &mut facts.order {
        Seen::Is(order) => order,
        _ => panic!("no order"),
    }
}
