//! The decision, step by step: each test says what both systems hold and what has to happen next.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use super::*;
use crate::domain::call::{CallKind, Request};
use crate::domain::facts::{Answers, CustomerFacts, PastCall, Reference};
use crate::domain::keys;
use crate::domain::link::Link;
use crate::domain::reference::{ItemTracking, Outlet, PaymentType, Product, Register, Retailer, TaxGroup, User};
use crate::domain::requests::SaleRequest;
use crate::domain::sale::{SaleLine, SalePayment, SaleTotals};
use crate::domain::sales_order::{Bill, Child, ChildKind, ItemKind, OrderLine, Ref};
use crate::domain::status::{SaleStatus, SendAs};

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
            TaxGroup { id: "gst".into(), name: "GST".into(), rate: money("0.15"), is_default: true },
            TaxGroup { id: "none".into(), name: "No Tax".into(), rate: Decimal::ZERO, is_default: false },
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
        reference: Some(reference()),
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
        asked_by_netsuite: true,
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
        discount: Decimal::ZERO,
        price_total: line.price * line.quantity,
        tax_id: Some(line.tax_id.clone()),
        tax: line.tax,
        tax_total: line.tax * line.quantity,
        note: None,
        sequence: line.sequence,
        is_return: false,
        status: None,
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
        lines,
        payments: request
            .payments
            .iter()
            .map(|payment| SalePayment {
                id: payment.id.clone(),
                type_id: payment.type_id.clone(),
                name: None,
                amount: payment.amount,
                surcharge: None,
                date: None,
            })
            .collect(),
        charges: Vec::new(),
        totals: SaleTotals { price, tax, price_incl_tax: price + tax },
    }
}

/// Facts after the sale was sent and its id written back: the order as given, the sale in the given status.
fn after_sending(order: SalesOrder, status: &str) -> Facts {
    let first = facts(super::tests::order(OrderStatus::PendingFulfillment));
    let request = sent(&first);
    let mut facts = facts(order);
    facts.link.x_series_id = Some(request.id.clone());
    facts.link.mapping = Some("Pickup".to_owned());
    facts.sale = Seen::Is(Box::new(sale_of(&request, SaleStatus::from_word(status).unwrap())));
    facts.calls = vec![
        PastCall { kind: CallKind::CreateSale, key: request.id.to_string(), done: true, remote_id: None, sale: Some(request) },
        PastCall { kind: CallKind::WriteSaleId, key: "written".to_owned(), done: true, remote_id: None, sale: None },
    ];
    facts
}

fn done(facts: &mut Facts, kind: CallKind) {
    facts.calls.push(PastCall { kind, key: format!("{}", facts.calls.len()), done: true, remote_id: Some("900".to_owned()), sale: None });
}

fn with_bill(facts: &mut Facts, total: &str) {
    let child = Child { kind: ChildKind::CashSale, id: "900".into(), number: None, status: None, external_id: None };
    let bill = Bill {
        kind: ChildKind::CashSale,
        id: "900".into(),
        number: None,
        total: Some(money(total)),
        tax_total: Some(money("10.50")),
        remaining: None,
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

#[test]
fn a_paid_sale_carries_lines_taxes_and_the_tender_that_says_netsuite() {
    let sale = sent(&facts(order(OrderStatus::PendingFulfillment)));
    assert_eq!(sale.id, keys::sale_id(&"shop".into(), &"766".into()));
    assert_eq!((sale.state, sale.attributes), (SaleState::Pending, vec!["pickup".to_owned()]));
    assert_eq!((sale.source_type.as_deref(), sale.source_id.as_deref()), (Some("NETSUITE"), Some("SO1043")));
    assert_eq!(sale.note.as_deref(), Some("NetSuite SO1043"));
    assert_eq!(sale.fulfilment_outlet_id.as_deref(), Some("out"));
    let lines =
        sale.lines.iter().map(|line| (line.order_line, line.product_id.as_str(), line.quantity, line.price, line.tax)).collect::<Vec<_>>();
    assert_eq!(
        lines,
        [(Some(1), "product-SCARF", money("2"), money("20"), money("3")), (Some(4), "product-HAT", money("1"), money("30"), money("4.5"))]
    );
    assert_eq!(
        sale.payments.iter().map(|payment| (payment.type_id.as_str(), payment.amount)).collect::<Vec<_>>(),
        [("ns", money("80.50"))]
    );
}

#[test]
fn a_parked_sale_carries_no_payment() {
    let mut order = order(OrderStatus::PendingFulfillment);
    order.custom.clear();
    let sale = sent(&facts(order));
    assert_eq!(sale.state, SaleState::Parked);
    assert!(sale.payments.is_empty());
}

#[test]
fn everything_missing_is_told_at_once_and_by_name() {
    let mut facts = facts(order(OrderStatus::PendingFulfillment));
    facts.answers.products.insert("SCARF".to_owned(), Vec::new());
    let reference = facts.answers.reference.as_mut().unwrap();
    reference.users.clear();
    reference.registers.clear();
    reference.payment_types.clear();
    let Next::End(verdict, Rest::Held) = decide(&facts, &mappings()).next else { panic!("not held") };
    assert_eq!(verdict.reason, Reason::Unresolved);
    for part in
        ["SCARF 'The SCARF' has no X-Series product", "no X-Series user 'api'", "no register 'Ponsonby 1'", "no payment type 'NetSuite'"]
    {
        assert!(verdict.detail.contains(part), "{part} is not in: {}", verdict.detail);
    }
}

#[test]
fn no_mapping_keeps_every_condition_with_its_value() {
    let decision = decide(&facts(order(OrderStatus::PendingApproval)), &mappings());
    assert!(matches!(&decision.next, Next::End(verdict, Rest::Settled) if verdict.reason == Reason::NoMapping));
    assert_eq!(decision.tried.len(), 3);
    assert!(
        decision.tried.iter().flat_map(|tried| &tried.seen).any(|seen| seen.text == "order.status" && seen.value == "Pending Approval")
    );
}

#[test]
fn a_cancelled_order_is_not_sent() {
    assert_eq!(end_of(&facts(order(OrderStatus::Cancelled))), (VerdictKind::Ignored, Reason::OrderCancelled));
}

#[test]
fn a_total_that_the_sale_would_not_come_to_is_held_before_anything_is_written() {
    let mut facts = facts(order(OrderStatus::PendingFulfillment));
    order_mut(&mut facts).total = Some(money("81.00"));
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::Unresolved));
}

#[test]
fn the_sale_id_is_written_to_the_order_once() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "AWAITING_PICKUP");
    facts.calls.pop();
    assert!(matches!(call_of(&facts).request, Request::WriteSaleId(write) if write.field == "custbody_tillbridge_sale_id"));
}

#[test]
fn a_pickup_waits() {
    let facts = after_sending(order(OrderStatus::PendingFulfillment), "AWAITING_PICKUP");
    assert_eq!(end_of(&facts), (VerdictKind::Waiting, Reason::AwaitingPickup));
}

#[test]
fn a_closed_sale_fulfils_every_open_line_by_name() {
    let facts = after_sending(order(OrderStatus::PendingFulfillment), "PICKED_UP_CLOSED");
    let Request::Fulfil(request) = call_of(&facts).request else { panic!("no fulfilment") };
    let lines = request.lines.iter().map(|line| (line.order_line, line.quantity, line.location.as_deref())).collect::<Vec<_>>();
    assert_eq!(lines, [(1, Some(money("2")), Some("6")), (4, Some(money("1")), Some("6"))]);
    // 11:30 in the evening of the 22nd in UTC is the 23rd in Auckland.
    assert_eq!(request.date.map(|date| date.to_string()).as_deref(), Some("2026-11-23"));
}

#[test]
fn a_fulfilled_order_is_billed_as_its_payment_method_says() {
    let mut facts = after_sending(shipped(order(OrderStatus::PendingFulfillment)), "PICKED_UP_CLOSED");
    done(&mut facts, CallKind::Fulfil);
    assert!(matches!(call_of(&facts).request, Request::CashSale(_)));
    order_mut(&mut facts).terms = named("2", "Net 30");
    assert!(matches!(call_of(&facts).request, Request::Invoice(_)));
    order_mut(&mut facts).form = named("3", "Standard Sales Order - Cash Sale");
    assert!(matches!(call_of(&facts).request, Request::CashSale(_)));
}

#[test]
fn an_order_that_the_fulfilment_billed_by_itself_is_not_billed_again() {
    let mut facts = after_sending(billed(order(OrderStatus::PendingFulfillment)), "PICKED_UP_CLOSED");
    done(&mut facts, CallKind::Fulfil);
    with_bill(&mut facts, "80.50");
    assert_eq!(end_of(&facts), (VerdictKind::Synced, Reason::FulfilledAndBilled));
}

#[test]
fn an_already_billed_order_is_complete() {
    let facts = after_sending(billed(order(OrderStatus::PendingFulfillment)), "CLOSED");
    assert_eq!(end_of(&facts), (VerdictKind::Synced, Reason::AlreadyComplete));
}

#[test]
fn a_bill_that_differs_is_held_with_the_difference_named() {
    let mut facts = after_sending(billed(order(OrderStatus::PendingFulfillment)), "PICKED_UP_CLOSED");
    done(&mut facts, CallKind::CashSale);
    with_bill(&mut facts, "81.75");
    let Next::End(verdict, Rest::Held) = decide(&facts, &mappings()).next else { panic!("not held") };
    assert_eq!(verdict.reason, Reason::TotalsDiffer);
    assert!(verdict.detail.contains("-1.25"), "{}", verdict.detail);
}

#[test]
fn more_sold_than_ordered_is_held_before_anything_is_booked() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "CLOSED");
    sale_mut(&mut facts).lines[0].quantity = money("3");
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::ChangedAfterClose));
}

#[test]
fn money_taken_at_the_till_is_booked_once_and_netsuite_s_own_never() {
    let mut facts = after_sending(billed(order(OrderStatus::PendingFulfillment)), "CLOSED");
    done(&mut facts, CallKind::Invoice);
    with_bill(&mut facts, "80.50");
    let bill = &mut facts.answers.bills.as_mut().unwrap()[0];
    (bill.kind, bill.remaining) = (ChildKind::Invoice, Some(money("80.50")));
    assert_eq!(end_of(&facts).0, VerdictKind::Synced, "the NetSuite tender is not booked");
    sale_mut(&mut facts).payments[0].type_id = "card".to_owned();
    let call = call_of(&facts);
    assert!(
        matches!(&call.request, Request::Payment(payment) if payment.amount == money("80.50") && payment.payment_method.as_deref() == Some("7"))
    );
    facts.calls.push(PastCall { kind: CallKind::Payment, key: call.key, done: true, remote_id: None, sale: None });
    assert_eq!(end_of(&facts).0, VerdictKind::Synced);
}

#[test]
fn part_of_a_pickup_that_was_handed_over_is_fulfilled_while_the_rest_waits() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "AWAITING_PICKUP");
    let id = sale_mut(&mut facts).lines[0].id.clone().unwrap();
    facts.answers.handed_over = Some(vec![(id, money("1"))]);
    let Request::Fulfil(request) = call_of(&facts).request else { panic!("no fulfilment") };
    assert_eq!(request.lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [Some(money("1")), None]);
    order_mut(&mut facts).lines[0].fulfilled = money("1");
    order_mut(&mut facts).status = Ok(OrderStatus::PendingBillingPartiallyFulfilled);
    done(&mut facts, CallKind::Fulfil);
    assert_eq!(end_of(&facts), (VerdictKind::Waiting, Reason::PartlyHandedOver));
}

#[test]
fn a_changed_order_is_followed_by_its_parked_sale() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "SAVED");
    sale_mut(&mut facts).payments.clear();
    order_mut(&mut facts).lines.pop();
    let Request::UpdateSale(update) = call_of(&facts).request else { panic!("no update") };
    assert_eq!((update.state, update.lines.len()), (SaleState::Parked, 1));
}

#[test]
fn an_order_edited_after_its_sale_was_paid_is_held() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "AWAITING_PICKUP");
    order_mut(&mut facts).lines.pop();
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::TotalsDiffer));
}

#[test]
fn a_cancelled_order_holds_its_sale_or_voids_it_by_setting() {
    let facts = after_sending(order(OrderStatus::Cancelled), "AWAITING_PICKUP");
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::CancelledAfterSend));
    let mut voiding = mappings();
    voiding.settings.on_cancelled = crate::domain::mapping::OnCancelled::Void;
    let Next::Call(call) = decide(&facts, &voiding).next else { panic!("no call") };
    assert!(matches!(call.request, Request::VoidSale(sale) if sale.state == SaleState::Voided && sale.payments.len() == 1));
}

#[test]
fn unknown_words_are_held_not_guessed() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "CLOSED");
    order_mut(&mut facts).status = Err("Z".to_owned());
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::UnknownOrderStatus));
    order_mut(&mut facts).status = Ok(OrderStatus::PendingFulfillment);
    sale_mut(&mut facts).status = SaleStatus::classify(Some("closed"), &["curbside".to_owned()], None);
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::UnknownSaleStatus));
}

#[test]
fn a_sale_without_an_order_asks_which_order_carries_its_id() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "CLOSED");
    facts.order = Seen::NotLinked;
    facts.answers.linked_orders = None;
    assert!(matches!(decide(&facts, &mappings()).next, Next::Ask(questions) if matches!(questions[..], [Question::LinkedOrders { .. }])));
    facts.answers.linked_orders = Some(vec!["766".into()]);
    assert_eq!(decide(&facts, &mappings()).next, Next::Link(LinkTo::Order("766".into())));
    facts.answers.linked_orders = Some(vec!["766".into(), "767".into()]);
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::LinkConflict));
}

#[test]
fn the_lot_that_expires_first_leaves_first() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "CLOSED");
    facts.answers.items = Some(BTreeMap::from([("51".to_owned(), ItemTracking { lot: true, ..ItemTracking::default() })]));
    let lot = |id: &str, available: &str, expires: Option<&str>| crate::domain::reference::InventoryNumber {
        id: id.to_owned(),
        number: id.to_owned(),
        available: money(available),
        expires: expires.map(|date| date.parse().unwrap()),
        location: None,
    };
    let lots = vec![lot("a", "5", None), lot("b", "5", Some("2027-03-01")), lot("c", "1", Some("2027-01-01"))];
    facts.answers.inventory_numbers.insert(("51".to_owned(), Some("6".to_owned())), lots);
    let Request::Fulfil(request) = call_of(&facts).request else { panic!("no fulfilment") };
    let taken = request.lines[0].inventory.iter().map(|taken| (taken.number.as_deref().unwrap(), taken.quantity)).collect::<Vec<_>>();
    assert_eq!(taken, [("c", money("1")), ("b", money("1"))]);
}

#[test]
fn a_voided_sale_is_held_with_what_is_booked() {
    let facts = after_sending(billed(order(OrderStatus::PendingFulfillment)), "VOIDED");
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::SaleVoided));
    let facts = after_sending(order(OrderStatus::Cancelled), "VOIDED");
    assert_eq!(end_of(&facts), (VerdictKind::Synced, Reason::VoidedWithOrder));
}

fn any_status() -> impl Strategy<Value = OrderStatus> {
    proptest::sample::select(OrderStatus::ALL.to_vec())
}

fn any_sale_word() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "SAVED",
        "OPEN",
        "CLOSED",
        "AWAITING_PICKUP",
        "PICKED_UP_CLOSED",
        "AWAITING_DISPATCH",
        "DISPATCHED_CLOSED",
        "LAYBY",
        "LAYBY_CLOSED",
        "ONACCOUNT",
        "ONACCOUNT_CLOSED",
        "SERVICE",
        "SERVICE_CLOSED",
        "VOIDED",
    ])
}

proptest! {
    #[test]
    fn the_same_facts_always_give_the_same_decision(status in any_status(), word in any_sale_word(), fulfilled in 0_i64..3, billed in 0_i64..3) {
        let mut facts = after_sending(order(status), word);
        let line = &mut order_mut(&mut facts).lines[0];
        (line.fulfilled, line.billed) = (fulfilled.into(), billed.min(fulfilled).into());
        prop_assert_eq!(decide(&facts, &mappings()), decide(&facts, &mappings()));
    }

    #[test]
    fn never_more_is_fulfilled_or_billed_than_was_sold_and_is_open(status in any_status(), word in any_sale_word(), fulfilled in 0_i64..3, billed in 0_i64..3, sold in 0_i64..3) {
        let mut facts = after_sending(order(status), word);
        let line = &mut order_mut(&mut facts).lines[0];
        (line.fulfilled, line.billed) = (fulfilled.into(), billed.min(fulfilled).into());
        let (open, unbilled) = (line.quantity - line.fulfilled, line.fulfilled - line.billed);
        sale_mut(&mut facts).lines[0].quantity = sold.into();
        order_mut(&mut facts).total = None;
        if let Next::Call(call) = decide(&facts, &mappings()).next {
            match call.request {
                Request::Fulfil(request) => for line in request.lines.iter().filter(|line| line.order_line == 1) {
                    prop_assert!(line.quantity.unwrap_or_default() <= open && line.quantity.unwrap_or_default() <= Decimal::from(sold));
                },
                Request::Invoice(request) | Request::CashSale(request) => for line in request.lines.iter().filter(|line| line.order_line == 1) {
                    prop_assert!(line.quantity <= unbilled);
                },
                _ => {}
            }
        }
    }

    #[test]
    fn a_closed_or_voided_sale_is_never_written(status in any_status(), word in proptest::sample::select(vec!["CLOSED", "PICKED_UP_CLOSED", "VOIDED"])) {
        let facts = after_sending(order(status), word);
        if let Next::Call(call) = decide(&facts, &mappings()).next {
            prop_assert!(call.request.sale().is_none(), "{:?}", call);
        }
    }

    #[test]
    fn what_is_sent_comes_to_what_its_payment_says(quantity in 1_i64..40, cents in 1_i64..100_000) {
        let mut order = order(OrderStatus::PendingFulfillment);
        let rate = Decimal::new(cents, 2);
        order.lines = vec![line(1, "SCARF", quantity, &rate.to_string())];
        order.total = None;
        let sale = sent(&facts(order));
        prop_assert_eq!(sale.payments[0].amount, sale.total(2));
        prop_assert_eq!(SendAs::AwaitingPickup.status().state, sale.state);
    }
}
