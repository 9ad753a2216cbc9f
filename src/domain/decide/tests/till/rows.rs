//! Section by section: what each kind of sale becomes, and what is booked of it.

use super::*;
use crate::domain::record_plan::PlanReason;

const SKIP: &str = "";
const KEEP: &str = "skip_sales_orders = false";

fn run(world: &mut World, sale: &Sale, more: &str) -> (VerdictKind, Reason) {
    let (verdict, _) = world.pass(sale, &rules(more));
    assert_once(world);
    (verdict.kind, verdict.reason)
}

fn detail(world: &mut World, sale: &Sale, more: &str) -> String {
    world.pass(sale, &rules(more)).0.detail
}

const SYNCED: (VerdictKind, Reason) = (VerdictKind::Synced, Reason::Booked);

fn goods() -> Vec<SaleLine> {
    vec![sold("p1", "2", "20"), sold("free1", "1", "30")]
}

#[test]
fn a_paid_sale_becomes_one_cash_sale_with_the_tender_and_the_outlet_s_day() {
    let (mut world, sale) = (World::default(), sale_with("CLOSED", goods()));
    assert_eq!(run(&mut world, &sale, SKIP), SYNCED);
    assert_eq!(world.kinds(), [RecordKind::CashSale]);
    let booked = &world.books[0];
    assert_eq!((booked.total, booked.method.as_deref(), booked.customer.as_deref()), (money("76.00"), Some("7"), Some("108")));
    assert_eq!(booked.date, Some("2026-11-23".parse().unwrap()), "half past eleven in the evening in London is the next day in Auckland");
    for _ in 0..4 {
        assert_eq!(run(&mut world, &sale, SKIP), SYNCED);
    }
    assert_eq!(world.kinds(), [RecordKind::CashSale]);
}

#[test]
fn by_setting_it_becomes_an_invoice_with_a_payment_for_each_tender() {
    let mut sale = sale_with("CLOSED", goods());
    sale.payments = vec![paid("a", "card", "50"), paid("b", "gift", "26")];
    let mut world = World::default();
    assert_eq!(run(&mut world, &sale, "direct_record = \"invoice\""), SYNCED);
    assert_eq!(world.kinds(), [RecordKind::Invoice, RecordKind::CustomerPayment, RecordKind::CustomerPayment]);
    assert_eq!(world.of(RecordKind::Invoice)[0].open, Decimal::ZERO);
    let Request::Payment(gift) = &world.requests[2] else { panic!("{:?}", world.requests) };
    assert_eq!((gift.account.as_deref(), gift.payment_method.as_deref()), (Some("220"), None), "a gift card is booked to its account");
}

#[test]
fn where_sales_orders_are_not_skipped_it_is_fulfilled_and_billed() {
    let (mut world, sale) = (World::default(), sale_with("CLOSED", goods()));
    assert_eq!(run(&mut world, &sale, KEEP), (VerdictKind::Synced, Reason::FulfilledAndBilled));
    assert_eq!(world.kinds(), [RecordKind::ItemFulfillment, RecordKind::Invoice, RecordKind::CustomerPayment]);
    assert_eq!(world.order.as_ref().unwrap().status, Ok(OrderStatus::Billed));
    assert_eq!(world.of(RecordKind::Invoice)[0].open, Decimal::ZERO);
}

#[test]
fn a_sale_stays_on_the_sales_order_when_the_setting_flips() {
    let mut world = World::default();
    assert_eq!(run(&mut world, &sale_with("AWAITING_PICKUP", goods()), KEEP), (VerdictKind::Waiting, Reason::AwaitingPickup));
    assert!(world.order.is_some() && world.books.is_empty());
    let sale = Sale { version: Some(2), ..sale_with("PICKED_UP_CLOSED", goods()) };
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Synced, Reason::FulfilledAndBilled));
    assert!(world.of(RecordKind::CashSale).is_empty());
}

#[test]
fn a_cash_sale_is_not_made_a_sales_order_when_the_setting_flips() {
    let (mut world, sale) = (World::default(), sale_with("CLOSED", goods()));
    assert_eq!(run(&mut world, &sale, SKIP), SYNCED);
    assert_eq!(run(&mut world, &sale, KEEP), SYNCED);
    assert_eq!(world.kinds(), [RecordKind::CashSale]);
    assert!(world.order.is_none());
}

#[test]
fn a_kit_with_tracked_members_goes_by_a_sales_order() {
    let (mut world, sale) = (World::default(), sale_with("CLOSED", vec![sold("kit", "1", "100")]));
    let (verdict, plan) = world.pass(&sale, &rules(SKIP));
    assert_eq!((verdict.kind, verdict.reason), (VerdictKind::Synced, Reason::FulfilledAndBilled));
    let plan = plan.unwrap();
    assert_eq!(plan.record, crate::domain::record_plan::PlannedRecord::SalesOrder);
    // Also once the order is there.
    let why = [PlanReason::HasSalesOrder, PlanReason::KitTrackedComponents];
    assert!(why.iter().all(|reason| plan.reasons.contains(reason)), "{plan:?}");
    assert!(world.of(RecordKind::CashSale).is_empty());
}

#[test]
fn a_serial_number_that_the_till_knows_leaves_with_the_cash_sale_and_one_it_does_not_goes_by_a_sales_order() {
    let sale = sale_with("CLOSED", vec![sold("serial", "1", "100")]);
    let mut world = World { serial_numbers: vec![("line-serial".into(), "No 31".into())], ..World::default() };
    assert_eq!(run(&mut world, &sale, SKIP), SYNCED);
    let Request::Book(request) = &world.requests[0] else { panic!("{:?}", world.requests) };
    assert_eq!(request.lines[0].inventory[0].number.as_deref(), Some("31"));
    let mut world = World::default();
    run(&mut world, &sale, SKIP);
    assert!(world.order.is_some() && world.of(RecordKind::CashSale).is_empty());
}

#[test]
fn the_lot_that_expires_first_leaves_with_the_cash_sale() {
    let (mut world, sale) = (World::default(), sale_with("CLOSED", vec![sold("lot", "6", "10")]));
    assert_eq!(run(&mut world, &sale, SKIP), SYNCED);
    let Request::Book(request) = &world.requests[0] else { panic!("{:?}", world.requests) };
    let lots = request.lines[0].inventory.iter().map(|lot| (lot.number.as_deref(), lot.quantity)).collect::<Vec<_>>();
    assert_eq!(lots, [(Some("32"), 5.into()), (Some("31"), 1.into())]);
}

#[test]
fn each_instalment_of_a_layby_is_a_deposit_once_and_pays_the_invoice_in_the_end() {
    for applies_deposits in [true, false] {
        let mut world = World { applies_deposits, ..World::default() };
        let mut sale = sale_with("LAYBY", goods());
        sale.payments = vec![paid("a", "cash", "20")];
        assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Waiting, Reason::AwaitingLayby));
        assert_eq!(world.kinds(), [RecordKind::CustomerDeposit]);
        sale.payments.push(paid("b", "card", "30"));
        sale.version = Some(2);
        assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Waiting, Reason::AwaitingLayby));
        assert_eq!(world.of(RecordKind::CustomerDeposit).len(), 2);
        sale.payments.push(paid("c", "card", "26"));
        (sale.version, sale.status) = (Some(3), Ok(status("LAYBY_CLOSED")));
        assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Synced, Reason::FulfilledAndBilled));
        assert_eq!(world.of(RecordKind::CustomerDeposit).len(), 3);
        assert_eq!(world.of(RecordKind::DepositApplication).len(), if applies_deposits { 0 } else { 3 });
        assert_eq!(world.of(RecordKind::Invoice)[0].open, Decimal::ZERO);
        assert!(world.of(RecordKind::CustomerPayment).is_empty() && world.of(RecordKind::CashSale).is_empty());
    }
}

#[test]
fn an_instalment_that_is_edited_after_it_was_booked_is_held_and_told() {
    let mut world = World::default();
    let mut sale = sale_with("LAYBY", goods());
    sale.payments = vec![paid("a", "cash", "20")];
    run(&mut world, &sale, SKIP);
    sale.payments = vec![paid("a", "cash", "25")];
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Held, Reason::PaymentChanged));
    assert!(detail(&mut world, &sale, SKIP).contains("booked at 20.00 and is 25.00"));
    sale.payments.clear();
    assert!(detail(&mut world, &sale, SKIP).contains("of 20.00 is booked and is gone"));
    assert_eq!(world.of(RecordKind::CustomerDeposit).len(), 1);
}

#[test]
fn a_line_that_is_added_to_a_layby_comes_to_its_sales_order_and_one_that_is_taken_off_is_closed() {
    let mut world = World::default();
    run(&mut world, &sale_with("LAYBY", goods()), SKIP);
    let mut lines = goods();
    lines.push(sold("p2", "1", "5"));
    lines[0] = sold("p1", "3", "20");
    let sale = Sale { version: Some(2), ..sale_with("LAYBY", lines) };
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Waiting, Reason::AwaitingLayby));
    let quantities = |world: &World| {
        world
            .order
            .as_ref()
            .unwrap()
            .lines
            .iter()
            .filter(|line| !line.closed)
            .map(|line| (line.item.id.clone(), line.quantity))
            .collect::<Vec<_>>()
    };
    assert_eq!(quantities(&world), [("i-p1".to_owned(), 3.into()), ("i-free1".to_owned(), 1.into()), ("i-p2".to_owned(), 1.into())]);
    let sale = Sale { version: Some(3), ..sale_with("LAYBY", vec![sold("p1", "3", "20")]) };
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Waiting, Reason::AwaitingLayby));
    assert_eq!(quantities(&world), [("i-p1".to_owned(), 3.into())]);
}

#[test]
fn a_sale_on_account_is_an_invoice_that_is_paid_as_the_money_comes() {
    let mut world = World::default();
    let mut sale = sale_with("ONACCOUNT", goods());
    sale.payments = vec![paid("promise", "account", "76")];
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Waiting, Reason::AwaitingAccount));
    assert_eq!((world.kinds(), world.books[0].open), (vec![RecordKind::Invoice], money("76.00")));
    sale.payments.push(paid("a", "card", "26"));
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Waiting, Reason::AwaitingAccount));
    assert_eq!(world.books[0].open, money("50.00"));
    sale.payments.push(paid("b", "card", "50"));
    sale.status = Ok(status("ONACCOUNT_CLOSED"));
    assert_eq!(run(&mut world, &sale, SKIP), SYNCED);
    assert_eq!((world.books[0].open, world.of(RecordKind::CustomerPayment).len()), (Decimal::ZERO, 2));
}

#[test]
fn on_account_with_sales_orders_is_fulfilled_and_invoiced_at_once() {
    let mut world = World::default();
    let mut sale = sale_with("ONACCOUNT", goods());
    sale.payments = vec![paid("promise", "account", "76")];
    assert_eq!(run(&mut world, &sale, KEEP), (VerdictKind::Waiting, Reason::AwaitingAccount));
    assert_eq!(world.kinds(), [RecordKind::ItemFulfillment, RecordKind::Invoice]);
}

#[test]
fn a_parked_sale_is_nothing_and_by_setting_a_sales_order() {
    let (mut world, sale) = (World::default(), sale_with("SAVED", goods()));
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Waiting, Reason::Parked));
    assert!(world.requests.is_empty());
    assert_eq!(run(&mut world, &sale, "import_parked = true"), (VerdictKind::Waiting, Reason::AwaitingTill));
    assert!(world.order.is_some() && world.books.is_empty());
}

#[test]
fn our_own_sale_is_an_echo_and_never_a_record() {
    let sale = Sale { source_type: Some("NETSUITE".into()), ..sale_with("CLOSED", goods()) };
    let mut world = World::default();
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Ignored, Reason::Echo));
    assert!(world.requests.is_empty());
}

fn back() -> Sale {
    let mut sale = sale_with("CLOSED", vec![sold("p1", "-1", "20")]);
    sale.return_for = Some(SaleId::from("first"));
    sale
}

#[test]
fn a_return_is_a_cash_refund_or_by_setting_a_credit_memo_with_its_refund() {
    let mut world = World::default();
    assert_eq!(run(&mut world, &back(), SKIP), (VerdictKind::Synced, Reason::ReturnBooked));
    assert_eq!((world.kinds(), world.books[0].total), (vec![RecordKind::CashRefund], money("23.00")));
    let mut world = World::default();
    assert_eq!(run(&mut world, &back(), "refund_as = \"credit_memo\""), (VerdictKind::Synced, Reason::ReturnBooked));
    assert_eq!(world.kinds(), [RecordKind::CreditMemo, RecordKind::CustomerRefund]);
    assert_eq!(world.books[0].open, Decimal::ZERO);
}

#[test]
fn a_return_that_is_parked_is_nothing_and_one_whose_original_is_under_way_waits_for_it() {
    let mut world = World::default();
    assert_eq!(
        run(&mut world, &Sale { status: Ok(status("SAVED")), payments: Vec::new(), ..back() }, SKIP),
        (VerdictKind::Waiting, Reason::Parked)
    );
    world.original.under_way = true;
    assert_eq!(run(&mut world, &back(), SKIP), (VerdictKind::Held, Reason::OriginalFirst));
    assert!(world.requests.is_empty());
}

#[test]
fn a_return_against_a_sales_order_is_authorised_received_and_refunded() {
    let mut first = World::default();
    run(&mut first, &sale_with("CLOSED", goods()), KEEP);
    for (setting, kind) in [("cash_refund", RecordKind::CashRefund), ("credit_memo", RecordKind::CreditMemo)] {
        let mut world = World::default();
        world.original.order = first.order.clone().map(Box::new);
        let more = format!("{KEEP}\nrefund_as = \"{setting}\"");
        let sale = Sale { id: SaleId::from("a-return"), ..back() };
        assert_eq!(run(&mut world, &sale, &more), (VerdictKind::Synced, Reason::ReturnBooked));
        assert_eq!(world.of(kind)[0].total, money("23.00"));
        assert_eq!((world.of(RecordKind::ReturnAuthorization).len(), world.of(RecordKind::ItemReceipt).len()), (1, 1));
        assert_eq!(world.of(RecordKind::CustomerRefund).len(), usize::from(kind == RecordKind::CreditMemo));
        assert_eq!(run(&mut world, &sale, &more), (VerdictKind::Synced, Reason::ReturnBooked));
        assert_eq!(world.of(kind).len(), 1);
    }
}

#[test]
fn an_exchange_is_credit_for_the_one_and_an_invoice_for_the_other_and_the_difference_is_settled() {
    for (price, tender, kinds) in [
        ("50", "34.50", vec![RecordKind::Invoice, RecordKind::CustomerPayment, RecordKind::CreditMemo]),
        ("5", "-17.25", vec![RecordKind::Invoice, RecordKind::CreditMemo, RecordKind::CustomerRefund]),
        ("20", "0", vec![RecordKind::Invoice, RecordKind::CreditMemo]),
    ] {
        let mut sale = sale_with("CLOSED", vec![sold("p1", "-1", "20"), sold("p2", "1", price)]);
        sale.payments = vec![paid("a", "card", tender)];
        let mut world = World::default();
        assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Synced, Reason::ReturnBooked), "{price}");
        assert_eq!(world.kinds(), kinds);
        assert!(world.of(RecordKind::Invoice)[0].open.is_zero() && world.of(RecordKind::CreditMemo)[0].open.is_zero());
    }
}

#[test]
fn discounts_and_surcharges_become_their_items() {
    let mut sale = sale_with("CLOSED", vec![sold("p1", "2", "20"), sold("discount", "-1", "4")]);
    sale.charges = vec![charge("SURCHARGE", "1.50")];
    total(&mut sale, 2);
    sale.payments = vec![paid("a", "card", &sale.totals.price_incl_tax.to_string())];
    let mut world = World::default();
    assert_eq!(run(&mut world, &sale, SKIP), SYNCED);
    let Request::Book(request) = &world.requests[0] else { panic!("{:?}", world.requests) };
    let lines = request.lines.iter().map(|line| (line.item.as_str(), line.quantity, line.amount)).collect::<Vec<_>>();
    assert_eq!(lines, [("i-p1", Some(2.into()), money("40.00")), ("900", None, money("-4.00")), ("902", None, money("1.50"))]);
}

#[test]
fn everything_that_is_missing_is_told_at_once_and_nothing_is_booked() {
    let mut sale = sale_with("CLOSED", vec![sold("nothing", "1", "20"), sold("p1", "1", "1")]);
    sale.charges = vec![charge("TIP", "2")];
    total(&mut sale, 2);
    sale.payments = vec![paid("a", "barter", "26.15")];
    sale.outlet_id = Some("elsewhere".into());
    sale.register_id = None;
    let mut world = World::default();
    let told = detail(&mut world, &sale, SKIP);
    for what in ["NOTHING", "TIP", "barter", "elsewhere", "default_customer"] {
        assert!(told.contains(what), "{what} is not in: {told}");
    }
    assert!(world.requests.is_empty());
}

#[test]
fn a_customer_whom_netsuite_does_not_know_is_made_once_or_is_the_default_by_setting() {
    let sale = Sale { customer_id: Some("buyer".into()), ..sale_with("CLOSED", goods()) };
    let mut world = World { till_customer: stranger(), ..World::default() };
    assert_eq!(run(&mut world, &sale, SKIP), SYNCED);
    assert_eq!(world.books[0].customer.as_deref(), Some("555"));
    let mut world = World { till_customer: stranger(), ..World::default() };
    assert_eq!(run(&mut world, &sale, "create_customers = false"), SYNCED);
    assert_eq!(world.books[0].customer.as_deref(), Some("108"));
}

#[test]
fn a_difference_beyond_the_tolerance_is_held_and_named_and_one_within_goes_to_the_variance_item() {
    let mut sale = sale_with("CLOSED", goods());
    sale.payments = vec![paid("a", "cash", "75.90")];
    let mut world = World::default();
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Held, Reason::TotalsDiffer));
    assert!(detail(&mut world, &sale, SKIP).contains("-0.10") && world.requests.is_empty());
    assert_eq!(run(&mut world, &sale, "tolerance = \"0.10\""), SYNCED);
    assert_eq!((world.books[0].total, world.requests.len()), (money("75.90"), 2));
}

#[test]
fn the_till_s_tax_is_written_by_setting() {
    let mut sale = sale_with("CLOSED", vec![sold("p1", "3", "1.11111")]);
    sale.lines[0].tax_total = money("0.51");
    total(&mut sale, 2);
    sale.payments = vec![paid("a", "card", &sale.totals.price_incl_tax.to_string())];
    let mut world = World::default();
    assert_eq!(run(&mut world, &sale, "tax = \"override\""), SYNCED);
    assert_eq!((world.books[0].tax, world.requests.len()), (money("0.51"), 1));
}

#[test]
fn a_sale_of_a_closed_period_is_held_or_moved_to_the_open_one_by_setting() {
    let month = |name: &str, start: &str, end: &str, closed| Period {
        name: name.into(),
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
        closed,
    };
    let periods = vec![month("Nov 2026", "2026-11-01", "2026-11-30", true), month("Dec 2026", "2026-12-01", "2026-12-31", false)];
    let mut world = World { periods, ..World::default() };
    let sale = sale_with("CLOSED", goods());
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Held, Reason::PeriodClosed));
    assert_eq!(run(&mut world, &sale, "post_to_open_period = true"), SYNCED);
    assert_eq!(world.books[0].date, Some("2026-12-01".parse().unwrap()));
}

#[test]
fn a_void_before_anything_is_booked_is_nothing_and_after_it_is_held_with_what_to_undo() {
    let (mut world, sale) = (World::default(), sale_with("CLOSED", goods()));
    let void = Sale { status: Ok(status("VOIDED")), version: Some(2), ..sale.clone() };
    assert_eq!(run(&mut world, &void, SKIP), (VerdictKind::Ignored, Reason::VoidedUnbooked));
    run(&mut world, &sale, SKIP);
    assert_eq!(run(&mut world, &void, SKIP), (VerdictKind::Held, Reason::SaleVoided));
    assert!(detail(&mut world, &void, SKIP).contains("cash refund"));
}

#[test]
fn a_line_that_is_added_after_booking_is_held_with_both_totals() {
    let mut world = World::default();
    run(&mut world, &sale_with("CLOSED", goods()), SKIP);
    let mut lines = goods();
    lines.push(sold("p2", "1", "10"));
    let sale = Sale { version: Some(2), ..sale_with("CLOSED", lines) };
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Held, Reason::ChangedAfterBooking));
    assert_eq!(world.books.len(), 1);
}

#[test]
fn a_record_that_somebody_deleted_is_not_booked_a_second_time() {
    let (mut world, sale) = (World::default(), sale_with("CLOSED", goods()));
    run(&mut world, &sale, SKIP);
    world.books.clear();
    assert_eq!(run(&mut world, &sale, SKIP), (VerdictKind::Held, Reason::RecordGone));
}

#[test]
fn cash_that_the_till_rounds_is_in_the_books_of_a_sales_order_and_of_an_exchange_too() {
    let more = format!("{KEEP}\ntolerance = \"0.05\"");
    let mut sale = sale_with("CLOSED", vec![sold("free1", "1", "29.98")]);
    sale.payments = vec![paid("a", "cash", "30")];
    let mut world = World::default();
    assert_eq!(run(&mut world, &sale, &more), (VerdictKind::Synced, Reason::FulfilledAndBilled));
    let (invoice, payment) = (world.of(RecordKind::Invoice)[0], world.of(RecordKind::CustomerPayment)[0]);
    assert_eq!((invoice.total, invoice.open, payment.total), (money("30"), Decimal::ZERO, money("30")));

    for (price, tender) in [("49.98", "30"), ("10.02", "-10")] {
        let mut sale = sale_with("CLOSED", vec![sold("free1", "-1", "20"), sold("free2", "1", price)]);
        sale.payments = vec![paid("a", "cash", tender)];
        let mut world = World::default();
        assert_eq!(run(&mut world, &sale, &more), (VerdictKind::Synced, Reason::ReturnBooked));
        assert!(world.books.iter().all(|booked| booked.open.is_zero()), "{:?}", world.books);
        assert_eq!(world.of(RecordKind::Invoice)[0].total - world.of(RecordKind::CreditMemo)[0].total, money(tender));
    }
}

#[test]
fn two_payment_types_that_are_booked_alike_are_one_tender() {
    let alike = Mappings::parse(&RULES.replace("netsuite = \"1\"", "netsuite = \" 7\"")).unwrap().mappings;
    let mut sale = sale_with("CLOSED", goods());
    sale.payments = vec![paid("a", "card", "50"), paid("b", "cash", "26")];
    let mut world = World::default();
    assert_eq!(world.pass(&sale, &alike).0.reason, Reason::Booked);
    assert_eq!(world.kinds(), [RecordKind::CashSale]);
    assert!(world.notes.iter().all(|note| !note.contains("one payment method")), "{:?}", world.notes);
    sale.payments = vec![paid("a", "cash", "76")];
    assert_eq!(world.pass(&sale, &alike).0.reason, Reason::Booked, "paid as before, to NetSuite");
    let mut more = alike;
    more.settings.direct_record = crate::domain::mapping::DirectRecord::Invoice;
    sale.payments = vec![paid("a", "card", "76")];
    let mut world = World::default();
    assert_eq!(world.pass(&sale, &more).0.reason, Reason::Booked);
    sale.payments = vec![paid("a", "cash", "76")];
    assert_eq!(world.pass(&sale, &more).0.reason, Reason::Booked);
}

#[test]
fn only_fulfilments_are_told_as_such() {
    let (mut world, sale) = (World::default(), sale_with("CLOSED", goods()));
    run(&mut world, &sale, KEEP);
    let from = world.order.as_ref().map(|order| order.id.clone());
    world.books.push(Booked { from, ..books::blank(RecordKind::ReturnAuthorization, &"900".into(), "by-hand") });
    run(&mut world, &sale, KEEP);
    assert!(world.notes.last().is_some() && world.notes.iter().any(|note| note.contains("1 fulfilments, 1 bills")), "{:?}", world.notes);
    assert!(world.notes.iter().all(|note| !note.contains("2 fulfilments")), "{:?}", world.notes);
}

#[test]
fn one_payment_pays_for_several_invoices_of_a_sales_order() {
    let mut sale = sale_with("ONACCOUNT", goods());
    let mut world = World::default();
    run(&mut world, &sale, KEEP);
    let half = world.books.iter_mut().find(|booked| booked.kind == RecordKind::Invoice).unwrap();
    (half.total, half.open, half.tax) = (money("40"), money("40"), money("3"));
    let rest = Booked { id: "901".into(), key: "by-hand".into(), total: money("36"), open: money("36"), ..half.clone() };
    world.books.push(rest);
    (sale.status, sale.payments) = (Ok(status("ONACCOUNT_CLOSED")), vec![paid("a", "card", "76")]);
    assert_eq!(run(&mut world, &sale, KEEP), (VerdictKind::Synced, Reason::FulfilledAndBilled));
    let payments = world.of(RecordKind::CustomerPayment);
    assert_eq!(payments.iter().map(|payment| payment.total).collect::<Vec<_>>(), [money("76")]);
    assert!(world.books.iter().all(|booked| booked.open.is_zero()), "{:?}", world.books);
}
