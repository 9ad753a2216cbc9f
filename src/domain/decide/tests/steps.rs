//! The decision, step by step: each test says what both systems hold and what has to happen next.

use super::*;

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
    let reference = Arc::make_mut(facts.answers.reference.as_mut().unwrap());
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
        decision.tried.iter().flat_map(|tried| &tried.seen).any(|seen| &*seen.text == "order.status" && &*seen.value == "Pending Approval")
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
fn a_shop_whose_time_zone_nobody_knows_leaves_the_day_to_netsuite_and_says_so() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "PICKED_UP_CLOSED");
    let reference = Arc::make_mut(facts.answers.reference.as_mut().unwrap());
    reference.retailer.time_zone = None;
    reference.outlets.iter_mut().for_each(|outlet| outlet.time_zone = Some("Nowhere/Land".to_owned()));
    let decision = decide(&facts, &mappings());
    assert!(matches!(&decision.next, Next::Call(call) if matches!(&call.request, Request::Fulfil(request) if request.date.is_none())));
    assert!(decision.notes.iter().any(|note| note.contains("NetSuite dates the record by its own day")), "{:?}", decision.notes);
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
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::TotalsDiffer));
    order_mut(&mut facts).total = Some(money("100.50"));
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::ChangedAfterClose));
}

#[test]
fn money_taken_at_the_till_is_booked_once_and_netsuite_s_own_never() {
    let mut facts = after_sending(billed(order(OrderStatus::PendingFulfillment)), "CLOSED");
    done(&mut facts, CallKind::Invoice);
    with_bill(&mut facts, "80.50");
    let bill = &mut facts.answers.bills.as_mut().unwrap()[0];
    (bill.kind, bill.remaining) = (RecordKind::Invoice, Some(money("80.50")));
    assert_eq!(end_of(&facts).0, VerdictKind::Synced, "the NetSuite tender is not booked");
    sale_mut(&mut facts).payments[0].type_id = "card".to_owned();
    let call = call_of(&facts);
    assert!(
        matches!(&call.request, Request::Payment(payment) if payment.amount == money("80.50") && payment.payment_method.as_deref() == Some("7"))
    );
    facts.calls.push(PastCall { kind: CallKind::Payment, key: call.key, done: true, request: None, record: None });
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
fn what_a_cashier_added_to_a_parked_sale_outlives_every_change_of_its_order() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "SAVED");
    sale_mut(&mut facts).payments.clear();
    let added = SaleLine { id: Some("till-line".to_owned()), product_id: "glass".to_owned(), ..sale_mut(&mut facts).lines[0].clone() };
    sale_mut(&mut facts).lines.push(added);
    order_mut(&mut facts).lines.pop();
    let call = call_of(&facts);
    let Request::UpdateSale(update) = &call.request else { panic!("no update") };
    assert_eq!(update.lines.iter().map(|line| line.product_id.as_str()).collect::<Vec<_>>(), ["product-SCARF", "glass"]);
    // Written once, it is not written again, and not taken for ours.
    let status = SaleStatus::from_word("SAVED").unwrap();
    facts.sale = Seen::Is(Box::new(sale_of(update, status)));
    facts.calls.push(PastCall {
        kind: CallKind::UpdateSale,
        key: call.key.clone(),
        done: true,
        request: Some(Request::UpdateSale(update.clone())),
        record: None,
    });
    assert_eq!(end_of(&facts), (VerdictKind::Waiting, Reason::AwaitingTill));
    order_mut(&mut facts).lines[0].quantity = money("5");
    let Request::UpdateSale(update) = call_of(&facts).request else { panic!("no update") };
    assert_eq!(update.lines.iter().map(|line| line.product_id.as_str()).collect::<Vec<_>>(), ["product-SCARF", "glass"]);
}

#[test]
fn an_order_and_its_parked_sale_that_both_changed_are_held() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "SAVED");
    sale_mut(&mut facts).payments.clear();
    sale_mut(&mut facts).lines[0].quantity = money("1");
    order_mut(&mut facts).lines.pop();
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::TotalsDiffer));
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
fn two_lines_of_one_item_do_not_take_the_same_lot_twice() {
    let mut facts = after_sending(order(OrderStatus::PendingFulfillment), "CLOSED");
    order_mut(&mut facts).lines[1].item.id = "51".to_owned();
    facts.answers.items = Some(BTreeMap::from([("51".to_owned(), ItemTracking { lot: true, ..ItemTracking::default() })]));
    let lot = |id: &str| crate::domain::reference::InventoryNumber {
        id: id.to_owned(),
        number: id.to_owned(),
        available: money("2"),
        expires: None,
        location: None,
    };
    facts.answers.inventory_numbers.insert(("51".to_owned(), Some("6".to_owned())), vec![lot("a"), lot("b")]);
    let Request::Fulfil(request) = call_of(&facts).request else { panic!("no fulfilment") };
    let lots = request.lines.iter().flat_map(|line| &line.inventory).map(|taken| (taken.number.as_deref().unwrap(), taken.quantity));
    assert_eq!(lots.collect::<Vec<_>>(), [("a", money("2")), ("b", money("1"))]);
}

#[test]
fn lots_and_bins_set_on_the_order_leave_in_their_order_and_once() {
    let mut facts = after_sending(order(OrderStatus::PendingBillingPartiallyFulfilled), "CLOSED");
    let set = |number: &str, bin: &str| crate::domain::sales_order::Assignment {
        number: named(number, number),
        bin: named(bin, bin),
        status: None,
        quantity: money("1"),
    };
    let line = &mut order_mut(&mut facts).lines[0];
    line.inventory = vec![set("lot-1", "bin-1"), set("lot-2", "bin-2")];
    line.fulfilled = money("1");
    let Request::Fulfil(request) = call_of(&facts).request else { panic!("no fulfilment") };
    let left = request.lines[0].inventory.iter().map(|set| (set.number.as_deref().unwrap(), set.bin.as_deref().unwrap(), set.quantity));
    assert_eq!(left.collect::<Vec<_>>(), [("lot-2", "bin-2", money("1"))]);
}

#[test]
fn a_cent_goes_to_the_variance_item_before_the_payment_is_booked() {
    let mut facts = after_sending(billed(order(OrderStatus::PendingFulfillment)), "CLOSED");
    done(&mut facts, CallKind::Invoice);
    with_bill(&mut facts, "80.49");
    let bill = &mut facts.answers.bills.as_mut().unwrap()[0];
    (bill.kind, bill.remaining) = (RecordKind::Invoice, Some(money("80.49")));
    sale_mut(&mut facts).payments[0].type_id = "card".to_owned();
    let mut varying = mappings();
    varying.settings.variance_item = Some("88".to_owned());
    let Next::Call(call) = decide(&facts, &varying).next else { panic!("no call") };
    assert!(matches!(call.request, Request::Variance(variance) if variance.amount == money("0.01")));
    done(&mut facts, CallKind::Variance);
    let Next::Call(call) = decide(&facts, &varying).next else { panic!("no call") };
    assert!(matches!(call.request, Request::Payment(_)));
}

#[test]
fn a_voided_sale_is_held_with_what_is_booked() {
    let facts = after_sending(billed(order(OrderStatus::PendingFulfillment)), "VOIDED");
    assert_eq!(end_of(&facts), (VerdictKind::Held, Reason::SaleVoided));
    let facts = after_sending(order(OrderStatus::Cancelled), "VOIDED");
    assert_eq!(end_of(&facts), (VerdictKind::Synced, Reason::VoidedWithOrder));
}
