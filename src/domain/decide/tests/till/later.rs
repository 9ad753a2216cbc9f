//! What comes after a booking: the sale is edited at the till, money is given back, the mappings change.

use super::*;

const KEEP: &str = "skip_sales_orders = false";

fn goods() -> Vec<SaleLine> {
    vec![sold("p1", "2", "20"), sold("free1", "1", "30")]
}

fn booked(sale: &Sale, more: &str) -> World {
    let mut world = World::default();
    let (verdict, _) = world.pass(sale, &rules(more));
    assert!(matches!(verdict.kind, VerdictKind::Synced | VerdictKind::Waiting), "{verdict:?}");
    world
}

fn verdict(world: &mut World, sale: &Sale, more: &str) -> Verdict {
    let before = world.requests.len();
    let (verdict, _) = world.pass(sale, &rules(more));
    assert_once(world);
    if verdict.kind == VerdictKind::Held {
        assert_eq!(world.requests.len(), before, "what is held writes nothing: {:?}", world.requests);
    }
    verdict
}

fn held(world: &mut World, sale: &Sale, more: &str, reason: Reason, words: &[&str]) {
    for _ in 0..2 {
        let verdict = verdict(world, sale, more);
        assert_eq!((verdict.kind, verdict.reason), (VerdictKind::Held, reason), "{verdict:?}");
        for word in words {
            assert!(verdict.detail.contains(word), "{word} is not in: {}", verdict.detail);
        }
    }
}

fn known(id: &str) -> TillCustomerFacts {
    TillCustomerFacts { linked: Some(id.to_owned()), ..TillCustomerFacts::default() }
}

#[test]
fn another_customer_at_the_till_is_held_until_the_record_has_that_customer() {
    for more in ["", "direct_record = \"invoice\""] {
        let mut sale = sale_with("CLOSED", goods());
        let mut world = booked(&sale, more);
        (sale.customer_id, sale.version) = (Some("buyer".into()), Some(2));
        world.till_customer = known("555");
        held(&mut world, &sale, more, Reason::ChangedAfterBooking, &["108", "555"]);
        world.books[0].customer = Some("555".into());
        assert_eq!(verdict(&mut world, &sale, more).reason, Reason::Booked);
    }
}

#[test]
fn a_customer_who_is_known_as_another_since_is_no_change() {
    let sale = Sale { customer_id: Some("buyer".into()), ..sale_with("CLOSED", goods()) };
    let mut world = World { till_customer: known("555"), ..World::default() };
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::Booked);
    world.till_customer = known("556");
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::Booked);
}

#[test]
fn a_customer_who_is_not_in_netsuite_is_not_made_for_a_comparison() {
    let mut sale = sale_with("CLOSED", goods());
    let mut world = booked(&sale, "");
    (sale.customer_id, world.till_customer) = (Some("buyer".into()), stranger());
    held(&mut world, &sale, "", Reason::ChangedAfterBooking, &["108", "does not have"]);
}

#[test]
fn another_register_is_held_where_it_is_booked_elsewhere_and_not_where_it_is_not() {
    let mut sale = sale_with("CLOSED", goods());
    sale.register_id = None;
    let mut world = booked(&sale, "");
    sale.register_id = Some("reg".into());
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::Booked, "the books would be the same");
    let counter = &till_reference().registers[0].name;
    let rules = Mappings::parse(&format!("{RULES}\n[[register]]\nx_series = \"{counter}\"\ndepartment = \"Shops\"\n")).unwrap().mappings;
    let end = world.pass(&sale, &rules).0;
    assert_eq!(end.reason, Reason::ChangedAfterBooking);
    assert!(end.detail.contains(&format!("no register, and at the till it is of Ponsonby, {counter} now")), "{}", end.detail);
    assert!(end.detail.contains("department none in NetSuite, 41 by the mappings"), "{}", end.detail);
    world.books[0].place.department = Some("41".into());
    assert_eq!(world.pass(&sale, &rules).0.reason, Reason::Booked);
}

#[test]
fn an_outlet_that_is_booked_elsewhere_since_is_no_change() {
    let sale = sale_with("CLOSED", goods());
    let mut world = booked(&sale, "");
    let moved = RULES.replace("location = \"6\"", "location = \"7\"").replace("default_customer = \"108\"", "default_customer = \"109\"");
    let moved = Mappings::parse(&moved).unwrap().mappings;
    assert_eq!(world.pass(&sale, &moved).0.reason, Reason::Booked);
}

#[test]
fn another_business_day_is_held_with_both_days_until_the_record_is_of_that_day() {
    let mut sale = sale_with("CLOSED", goods());
    let mut world = booked(&sale, "");
    sale.date = Some("2026-11-20T02:00:00Z".parse().unwrap());
    held(&mut world, &sale, "", Reason::ChangedAfterBooking, &["2026-11-23", "2026-11-20"]);
    world.books[0].date = Some("2026-11-20".parse().unwrap());
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::Booked);
    // Another hour of the same day is the same day.
    sale.date = Some("2026-11-20T03:00:00Z".parse().unwrap());
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::Booked);
}

#[test]
fn a_sale_on_account_that_is_dated_anew_when_it_is_complete_is_not_held_for_that() {
    let mut sale = sale_with("ONACCOUNT", goods());
    let mut world = booked(&sale, "");
    (sale.date, sale.status) = (Some("2026-12-01T02:00:00Z".parse().unwrap()), Ok(status("ONACCOUNT_CLOSED")));
    sale.payments = vec![paid("a", "card", "76")];
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::Booked);
}

#[test]
fn another_tender_of_the_same_amount_is_held_until_the_record_is_paid_by_it() {
    let mut sale = sale_with("CLOSED", goods());
    let mut world = booked(&sale, "");
    sale.payments[0].type_id = "cash".into();
    held(&mut world, &sale, "", Reason::ChangedAfterBooking, &["Card (76.00)", "Cash (76.00)"]);
    world.books[0].method = Some("1".into());
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::Booked);
    // One payment method cannot say two tenders.
    sale.payments = vec![paid("pay-1", "card", "50"), paid("b", "cash", "26")];
    held(&mut world, &sale, "", Reason::ChangedAfterBooking, &["Card (50.00) and Cash (26.00)"]);
}

#[test]
fn another_tender_of_a_payment_is_held_until_its_record_is_paid_by_it() {
    let more = "direct_record = \"invoice\"";
    let mut sale = sale_with("CLOSED", goods());
    let mut world = booked(&sale, more);
    sale.payments[0].type_id = "cash".into();
    held(&mut world, &sale, more, Reason::PaymentChanged, &["76.00 by Card", "76.00 by Cash"]);
    world.books[1].method = Some("1".into());
    assert_eq!(verdict(&mut world, &sale, more).reason, Reason::Booked);
}

#[test]
fn a_row_of_the_mappings_that_changed_since_changes_nothing_of_what_is_booked() {
    for more in ["", "direct_record = \"invoice\""] {
        let sale = sale_with("CLOSED", goods());
        let mut world = booked(&sale, more);
        let other = format!("{more}\n{}", RULES.replace("netsuite = \"7\"", "netsuite = \"8\"").replace("\"901\"", "\"903\""));
        let other = Mappings::parse(&other).unwrap().mappings;
        assert_eq!(world.pass(&sale, &other).0.reason, Reason::Booked);
    }
}

#[test]
fn an_amount_that_a_person_corrected_in_netsuite_is_no_difference_any_more() {
    let mut sale = sale_with("LAYBY", goods());
    sale.payments = vec![paid("a", "cash", "20")];
    let mut world = booked(&sale, "");
    sale.payments = vec![paid("a", "cash", "25")];
    held(&mut world, &sale, "", Reason::PaymentChanged, &["booked at 20.00 and is 25.00"]);
    (world.books[0].total, world.books[0].open) = (money("25"), money("25"));
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::AwaitingLayby);
    sale.payments.clear();
    held(&mut world, &sale, "", Reason::PaymentChanged, &["is gone from the till"]);
    world.books.clear();
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::AwaitingLayby);
}

#[test]
fn other_goods_for_the_same_money_are_held_until_the_record_holds_them() {
    let mut sale = sale_with("CLOSED", goods());
    let mut world = booked(&sale, "");
    sale.lines[0] = SaleLine { id: Some("new".into()), sequence: 0, ..sold("p2", "2", "20") };
    held(&mut world, &sale, "", Reason::ChangedAfterBooking, &["2 × item i-p1 for 40.00 is gone", "2 × p2 for 40.00 is new"]);
    let goods = world.books[0].goods.remove("i-p1").unwrap();
    world.books[0].goods.insert("i-p2".into(), goods);
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::Booked);
}

#[test]
fn a_refund_is_held_for_the_same_changes() {
    let mut sale = sale_with("CLOSED", vec![sold("p1", "-1", "20")]);
    sale.return_for = Some(SaleId::from("first"));
    for more in ["", "refund_as = \"credit_memo\""] {
        let mut world = booked(&sale, more);
        let mut later = sale.clone();
        (later.customer_id, world.till_customer) = (Some("buyer".into()), known("555"));
        held(&mut world, &later, more, Reason::ChangedAfterBooking, &["108", "555"]);
        let mut later = sale.clone();
        later.payments[0].type_id = "cash".into();
        let reason = if more.is_empty() { Reason::ChangedAfterBooking } else { Reason::PaymentChanged };
        held(&mut world, &later, more, reason, &["Card", "Cash"]);
    }
}

#[test]
fn a_sales_order_is_held_for_another_customer_and_day_and_a_cash_sale_of_it_for_another_tender() {
    let mut sale = sale_with("AWAITING_PICKUP", goods());
    let mut world = booked(&sale, KEEP);
    (sale.customer_id, world.till_customer) = (Some("buyer".into()), known("555"));
    held(&mut world, &sale, KEEP, Reason::ChangedAfterBooking, &["sales order SO9", "108", "555"]);
    world.order.as_mut().unwrap().customer = Some(Ref { id: "555".into(), name: None });
    assert_eq!(verdict(&mut world, &sale, KEEP).reason, Reason::AwaitingPickup);

    let more = format!("{KEEP}\nbill_as = \"cash_sale\"");
    let mut sale = sale_with("CLOSED", goods());
    let mut world = booked(&sale, &more);
    sale.payments[0].type_id = "cash".into();
    held(&mut world, &sale, &more, Reason::ChangedAfterBooking, &["Card (76.00)", "Cash (76.00)"]);
}

fn layby(payments: &[(&str, &str)]) -> Sale {
    let mut sale = sale_with("LAYBY", goods());
    sale.payments = payments.iter().map(|(id, amount)| paid(id, "cash", amount)).collect();
    sale
}

#[test]
fn money_given_back_of_an_open_layby_is_a_refund_of_its_deposits_once_and_what_is_left_pays_the_invoice() {
    for applies_deposits in [true, false] {
        let mut world = World { applies_deposits, ..World::default() };
        verdict(&mut world, &layby(&[("a", "20"), ("b", "30")]), "");
        let sale = layby(&[("a", "20"), ("b", "30"), ("c", "-35")]);
        assert_eq!(verdict(&mut world, &sale, "").reason, Reason::AwaitingLayby);
        let Some(Request::Refund(refund)) = world.requests.last() else { panic!("{:?}", world.requests) };
        let parts = refund.deposits.iter().map(|part| part.amount).collect::<Vec<_>>();
        assert_eq!((parts, refund.apply.as_ref()), (vec![money("30"), money("5")], None), "the last instalment first");
        assert_eq!(verdict(&mut world, &sale, "").reason, Reason::AwaitingLayby);
        assert_eq!(world.of(RecordKind::CustomerRefund).len(), 1);
        let mut sale = layby(&[("a", "20"), ("b", "30"), ("c", "-35"), ("d", "61")]);
        sale.status = Ok(status("LAYBY_CLOSED"));
        let end = verdict(&mut world, &sale, "");
        assert_eq!(end.reason, Reason::FulfilledAndBilled, "{}", end.detail);
        assert!(world.books.iter().all(|booked| booked.open.is_zero()), "{:?}", world.books);
        assert_eq!(verdict(&mut world, &sale, "").reason, Reason::FulfilledAndBilled);
    }
}

#[test]
fn money_that_was_given_back_in_netsuite_already_is_not_given_back_again() {
    let mut world = World::default();
    verdict(&mut world, &layby(&[("a", "50")]), "");
    let sale = layby(&[("a", "50"), ("b", "-20")]);
    world.books[0].open = money("30");
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::AwaitingLayby);
    assert!(world.of(RecordKind::CustomerRefund).is_empty());
    let mut sale = layby(&[("a", "50"), ("b", "-20"), ("c", "46")]);
    sale.status = Ok(status("LAYBY_CLOSED"));
    let end = verdict(&mut world, &sale, "");
    assert_eq!(end.reason, Reason::FulfilledAndBilled, "{}", end.detail);
    assert_eq!(world.of(RecordKind::Invoice)[0].open, Decimal::ZERO);
}

#[test]
fn money_that_the_deposits_do_not_cover_is_held_until_both_sides_say_the_same() {
    let mut world = World::default();
    verdict(&mut world, &layby(&[("a", "50")]), "");
    // Somebody applied most of it to something else.
    world.books[0].open = money("10");
    let sale = layby(&[("a", "50"), ("b", "-20")]);
    held(&mut world, &sale, "", Reason::PaymentChanged, &["gave 20.00", "30.00 of its customer deposits", "10.00 open"]);
    world.books[0].open = money("30");
    assert_eq!(verdict(&mut world, &sale, "").reason, Reason::AwaitingLayby);
}

#[test]
fn a_void_with_deposits_says_what_they_come_to_and_does_not_say_that_nothing_is_booked() {
    let mut world = World::default();
    verdict(&mut world, &layby(&[("a", "20"), ("b", "41")]), "");
    let void = Sale { status: Ok(status("VOIDED")), ..layby(&[("a", "20"), ("b", "41")]) };
    held(&mut world, &void, "", Reason::SaleVoided, &["2 customer deposits of 61.00", "Cancel or close the sales order"]);
    assert!(!verdict(&mut world, &void, "").detail.contains("Nothing is booked"));
}

#[test]
fn a_line_whose_item_is_another_by_now_is_still_the_line_that_was_asked_for() {
    let mut sale = sale_with("LAYBY", vec![sold("p1", "2", "20"), sold("discount", "-1", "4")]);
    sale.charges = vec![charge("SURCHARGE", "1.50")];
    total(&mut sale, 2);
    let mut world = booked(&sale, "");
    world.renamed = true;
    let other = RULES.replace("\"902\"", "\"912\"").replace("discount_item = \"900\"", "discount_item = \"910\"");
    let other = Mappings::parse(&other).unwrap().mappings;
    let (verdict, _) = world.pass(&sale, &other);
    assert_eq!((verdict.reason, world.requests.len()), (Reason::AwaitingLayby, 1), "{}", verdict.detail);
    sale.status = Ok(status("LAYBY_CLOSED"));
    sale.payments = vec![paid("a", "card", &sale.totals.price_incl_tax.to_string())];
    let (verdict, _) = world.pass(&sale, &other);
    assert_eq!(verdict.reason, Reason::FulfilledAndBilled, "{}", verdict.detail);
}

#[test]
fn a_line_that_was_closed_is_not_held_against_the_order_s_total_whether_it_counts_there_or_not() {
    for keeps_closed_lines in [true, false] {
        let mut world = World { keeps_closed_lines, ..World::default() };
        verdict(&mut world, &sale_with("AWAITING_PICKUP", goods()), KEEP);
        let fewer = || vec![sold("p1", "2", "20")];
        let sale = Sale { version: Some(2), ..sale_with("AWAITING_PICKUP", fewer()) };
        assert_eq!(verdict(&mut world, &sale, KEEP).reason, Reason::AwaitingPickup);
        let sale = Sale { version: Some(3), ..sale_with("PICKED_UP_CLOSED", fewer()) };
        let end = verdict(&mut world, &sale, KEEP);
        assert_eq!(end.reason, Reason::FulfilledAndBilled, "{}", end.detail);
    }
}

#[test]
fn an_order_with_the_till_s_tax_follows_with_the_whole_of_it() {
    let more = "tax = \"override\"";
    let mut world = World::default();
    verdict(&mut world, &sale_with("LAYBY", vec![sold("p1", "2", "20"), sold("p2", "1", "5")]), more);
    let mut changed = sale_with("LAYBY", vec![sold("p1", "3", "20"), sold("p2", "1", "5")]);
    changed.version = Some(2);
    assert_eq!(verdict(&mut world, &changed, more).reason, Reason::AwaitingLayby);
    let Some(Request::ChangeOrder(change)) = world.requests.last() else { panic!("{:?}", world.requests) };
    assert_eq!((change.changed.len(), change.taxes.len()), (2, 2), "every line is told its tax");
    assert_eq!(world.order.as_ref().unwrap().total, Some(money("74.75")));
    // An order that was made without it stays without it.
    let mut world = World::default();
    verdict(&mut world, &sale_with("LAYBY", goods()), "");
    let mut changed = sale_with("LAYBY", vec![sold("p1", "3", "20"), sold("free1", "1", "30")]);
    changed.version = Some(2);
    assert_eq!(verdict(&mut world, &changed, more).reason, Reason::AwaitingLayby);
    let Some(Request::ChangeOrder(change)) = world.requests.last() else { panic!("{:?}", world.requests) };
    assert!(change.taxes.is_empty());
}

/// The answer of the first call is lost, and somebody changes what it booked before the next look.
fn begun(sale: &Sale, more: &str) -> World {
    let mut world = World { loses: Some(1), ..World::default() };
    assert_eq!(world.pass(sale, &rules(more)).0.reason, Reason::UnknownAnswer);
    world.loses = None;
    world
}

#[test]
fn what_was_settled_in_netsuite_by_hand_is_not_booked_again() {
    let mut refund = sale_with("CLOSED", vec![sold("p1", "-1", "20")]);
    refund.return_for = Some(SaleId::from("first"));
    for (sale, more, reason) in [
        (refund, "refund_as = \"credit_memo\"", Reason::ReturnBooked),
        (sale_with("CLOSED", goods()), "direct_record = \"invoice\"", Reason::Booked),
    ] {
        let mut world = begun(&sale, more);
        world.books[0].open = Decimal::ZERO;
        let end = verdict(&mut world, &sale, more);
        assert_eq!((end.reason, world.books.len()), (reason, 1), "{}", end.detail);
        assert!(world.notes.iter().any(|note| note.contains("settled in NetSuite already")), "{:?}", world.notes);
        // Another total is told, whatever is open.
        world.books[0].total -= Decimal::TEN;
        held(&mut world, &sale, more, Reason::TotalsDiffer, &[]);
    }
}

#[test]
fn what_was_settled_in_part_by_hand_is_held_until_all_of_it_is() {
    let mut refund = sale_with("CLOSED", vec![sold("p1", "-1", "20")]);
    refund.return_for = Some(SaleId::from("first"));
    refund.payments = vec![paid("a", "card", "-10"), paid("b", "cash", "-13")];
    let mut sale = sale_with("CLOSED", goods());
    sale.payments = vec![paid("a", "card", "20"), paid("b", "cash", "56")];
    for (sale, more, reason) in
        [(refund, "refund_as = \"credit_memo\"", Reason::ReturnBooked), (sale, "direct_record = \"invoice\"", Reason::Booked)]
    {
        let mut world = begun(&sale, more);
        world.books[0].open -= Decimal::TEN;
        held(&mut world, &sale, more, Reason::TotalsDiffer, &["only", "skip it here"]);
        world.books[0].open = Decimal::ZERO;
        assert_eq!((verdict(&mut world, &sale, more).reason, world.books.len()), (reason, 1));
    }
}

#[test]
fn a_payment_that_stands_for_one_that_is_gone_is_not_booked_before_that_one_is() {
    let mut world = World::default();
    verdict(&mut world, &layby(&[("a", "20")]), "");
    held(&mut world, &layby(&[("b", "20")]), "", Reason::PaymentChanged, &["20.00", "is gone from the till"]);
    held(&mut world, &layby(&[("b", "20"), ("c", "-5")]), "", Reason::PaymentChanged, &["is gone from the till"]);
    world.books.clear();
    assert_eq!(verdict(&mut world, &layby(&[("b", "20")]), "").reason, Reason::AwaitingLayby);

    for more in ["", KEEP] {
        let mut sale = sale_with("ONACCOUNT", goods());
        sale.payments = vec![paid("a", "card", "26")];
        let mut world = booked(&sale, more);
        sale.payments = vec![paid("b", "cash", "26")];
        held(&mut world, &sale, more, Reason::PaymentChanged, &["26.00", "is gone from the till"]);
    }

    let more = "refund_as = \"credit_memo\"";
    let mut refund = sale_with("CLOSED", vec![sold("p1", "-1", "20")]);
    refund.payments = vec![paid("a", "card", "-10")];
    let mut world = World::default();
    world.pass(&refund, &rules(more));
    refund.payments = vec![paid("b", "cash", "-10")];
    held(&mut world, &refund, more, Reason::PaymentChanged, &["10.00", "is gone from the till"]);
}

#[test]
fn a_payment_that_is_a_promise_now_is_held_as_changed_until_its_record_is_gone() {
    let more = "direct_record = \"invoice\"";
    let mut sale = sale_with("CLOSED", goods());
    let mut world = booked(&sale, more);
    sale.payments[0].type_id = "account".into();
    held(&mut world, &sale, more, Reason::PaymentChanged, &["76.00 by Card", "by On account"]);
    world.books.truncate(1);
    assert_eq!(verdict(&mut world, &sale, more).reason, Reason::Booked);
}
