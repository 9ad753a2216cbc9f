//! What comes back: counted, to where it came from, and against what is still owed.

use super::*;

const CREDIT: &str = "refund_as = \"credit_memo\"";

/// A return of these lines of the sale `first`, with the number R-1.
fn back(lines: Vec<SaleLine>) -> Sale {
    let mut sale = sale_with("CLOSED", lines);
    sale.id = SaleId::from("a-return");
    sale.return_for = Some(SaleId::from("first"));
    sale.invoice_number = Some("R-1".into());
    sale
}

/// The sale that it takes back, and what was sent for it.
fn original(lines: Vec<SaleLine>, more: &str) -> (World, Original) {
    let sale = Sale { id: SaleId::from("first"), ..sale_with("CLOSED", lines) };
    let mut world = World::default();
    let (verdict, _) = world.pass(&sale, &rules(more));
    assert_eq!(verdict.kind, VerdictKind::Synced, "{verdict:?}");
    let original = Original {
        sale: Some(Box::new(sale)),
        order: world.order.clone().map(Box::new),
        calls: world.calls.clone(),
        known: true,
        ..Original::default()
    };
    (world, original)
}

/// An earlier return.
fn earlier(lines: Vec<SaleLine>) -> Sale {
    let date = Some("2026-11-22T10:00:00Z".parse().unwrap());
    Sale { id: SaleId::from("before"), invoice_number: Some("R-0".into()), date, ..back(lines) }
}

fn of(original: Original) -> World {
    World { original, ..World::default() }
}

fn pass(world: &mut World, sale: &Sale, more: &str) -> Verdict {
    let verdict = world.pass(sale, &rules(more)).0;
    assert_once(world);
    verdict
}

#[test]
fn no_more_comes_back_than_was_sold_with_what_came_back_before() {
    let goods = || vec![sold("p1", "2", "20"), sold("p2", "1", "5")];
    let (_, sold_before) = original(goods(), "");
    let parked = Sale { status: Ok(status("SAVED")), id: SaleId::from("parked"), ..earlier(vec![sold("p1", "-2", "20")]) };
    let original = Original { returns: vec![earlier(vec![sold("p1", "-1", "20")]), parked], ..sold_before };
    let two = back(vec![sold("p1", "-2", "20")]);
    let mut world = of(original.clone());
    let verdict = pass(&mut world, &two, "");
    assert_eq!((verdict.kind, verdict.reason), (VerdictKind::Held, Reason::TotalsDiffer));
    assert!(verdict.detail.contains("2 × The p1 come back after 1 with R-0, and 2 were sold"), "{}", verdict.detail);
    assert!(verdict.detail.contains("MR-17") && verdict.detail.contains("R-1") && world.requests.is_empty());
    let one = back(vec![sold("p1", "-1", "20"), sold("p2", "-1", "5")]);
    assert_eq!(pass(&mut of(original.clone()), &one, "").reason, Reason::ReturnBooked);
    // The earlier one does not count the later one, and goods of another sale are not counted at all.
    let first = earlier(vec![sold("p1", "-1", "20"), sold("free1", "-1", "1")]);
    let later = Original { returns: vec![first.clone(), one], ..original };
    assert_eq!(pass(&mut of(later), &first, "").reason, Reason::ReturnBooked);
}

#[test]
fn a_second_return_takes_the_lines_of_the_sales_order_that_the_first_left() {
    let twice = || {
        let second = SaleLine { id: Some("second".into()), ..sold("p1", "1", "20") };
        vec![sold("p1", "1", "20"), second]
    };
    let (_, before) = original(twice(), "skip_sales_orders = false");
    let original = Original { returns: vec![earlier(vec![sold("p1", "-1", "20")])], ..before };
    let mut world = of(original);
    let sale = back(vec![sold("p1", "-1", "20")]);
    assert_eq!(pass(&mut world, &sale, "skip_sales_orders = false").reason, Reason::ReturnBooked);
    let Request::Transform(request) = &world.requests[0] else { panic!("{:?}", world.requests) };
    let lines = request.lines.iter().map(|line| (line.order_line, line.quantity)).collect::<Vec<_>>();
    assert_eq!(lines, [(1, Decimal::ZERO), (4, Decimal::ONE)]);
}

#[test]
fn a_lot_comes_back_as_the_lot_that_left_and_not_as_the_one_that_leaves_next() {
    // Six leave: five of the lot 32, which expires first, and one of 31.
    let (_, before) = original(vec![sold("lot", "6", "10")], "");
    for (already, back_now, lots) in [(0, 5, vec![("No 32", 5)]), (5, 1, vec![("No 31", 1)]), (4, 2, vec![("No 32", 1), ("No 31", 1)])] {
        let first = (already > 0).then(|| earlier(vec![sold("lot", &format!("-{already}"), "10")]));
        let mut world = of(Original { returns: first.into_iter().collect(), ..before.clone() });
        assert_eq!(pass(&mut world, &back(vec![sold("lot", &format!("-{back_now}"), "10")]), "").reason, Reason::ReturnBooked);
        let Request::Book(request) = &world.requests[0] else { panic!("{:?}", world.requests) };
        let lots = lots.into_iter().map(|(lot, count)| (lot.to_owned(), Decimal::from(count))).collect::<Vec<_>>();
        assert_eq!(request.lines[0].received, lots);
    }
}

#[test]
fn goods_of_a_bin_come_back_to_it_else_to_the_outlet_s_and_are_held_where_neither_is_known() {
    let sale = back(vec![sold("bin", "-1", "10")]);
    let verdict = pass(&mut World::default(), &sale, "");
    assert_eq!((verdict.kind, verdict.reason), (VerdictKind::Held, Reason::Unresolved));
    assert!(verdict.detail.contains("return_bin"), "{}", verdict.detail);

    let set = RULES.replace("location = \"6\"", "location = \"6\"\nreturn_bin = \"12\"");
    let set = Mappings::parse(&set).unwrap().mappings;
    let mut world = World::default();
    assert_eq!(world.pass(&sale, &set).0.reason, Reason::ReturnBooked);
    let bin = |world: &World| match &world.requests[0] {
        Request::Book(request) => request.lines[0].bin.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(bin(&world).as_deref(), Some("12"));

    let mut order = super::super::order(OrderStatus::Billed);
    order.lines = vec![OrderLine {
        item: Ref { id: "i-bin".into(), name: None },
        rate: Some(money("99")),
        inventory: vec![crate::domain::sales_order::Assignment {
            number: None,
            bin: Some(Ref { id: "77".into(), name: None }),
            status: None,
            quantity: Decimal::ONE,
        }],
        ..super::super::line(1, "X", 1, "99")
    }];
    let mut world = of(Original { order: Some(Box::new(order)), ..Original::default() });
    assert_eq!(world.pass(&sale, &set).0.reason, Reason::ReturnBooked);
    assert_eq!(bin(&world).as_deref(), Some("77"), "where it left from comes first");
}

#[test]
fn a_kit_with_tracked_members_in_an_exchange_is_held_in_our_own_words() {
    let mut sale = sale_with("CLOSED", vec![sold("p1", "-1", "20"), sold("kit", "1", "100")]);
    sale.payments = vec![paid("a", "card", &sale.totals.price_incl_tax.to_string())];
    let mut world = World::default();
    let verdict = pass(&mut world, &sale, "");
    assert_eq!((verdict.kind, verdict.reason), (VerdictKind::Held, Reason::Unsupported));
    assert!(verdict.detail.contains("'kit', which is sold") && verdict.detail.contains("sales order only"), "{}", verdict.detail);
    let verdict = pass(&mut world, &back(vec![sold("kit", "-1", "100")]), "");
    assert!(verdict.detail.contains("'kit', which comes back"), "{}", verdict.detail);
    assert!(world.requests.is_empty());
}

#[test]
fn credit_for_a_sale_on_account_pays_for_what_is_open_of_it_and_the_rest_is_the_customer_s() {
    for (open, given, applied, credit) in [("76", "0", "46", "0"), ("30", "0", "30", "16"), ("46", "-20", "26", "0"), ("0", "0", "0", "46")]
    {
        let mut sale = back(vec![sold("p1", "-2", "20")]);
        sale.payments = vec![paid("a", "card", given), paid("b", "account", "-46")];
        let invoice = Bill {
            kind: RecordKind::Invoice,
            id: "700".into(),
            number: None,
            total: Some(money("76")),
            tax_total: None,
            remaining: Some(money(open)),
            payment_method: None,
            account: None,
            customer: Some("108".into()),
            modified_at: None,
            date: None,
            place: Place::default(),
            goods: BTreeMap::new(),
            lines: Vec::new(),
        };
        let mut world = of(Original { known: true, invoices: vec![invoice], ..Original::default() });
        world.books.push(Booked {
            open: money(open),
            total: money("76"),
            ..books::blank(RecordKind::Invoice, &"700".into(), "tb-tinv-first")
        });
        let verdict = pass(&mut world, &sale, CREDIT);
        assert_eq!(verdict.reason, Reason::ReturnBooked, "{}", verdict.detail);
        assert_eq!(world.of(RecordKind::Invoice)[0].open, money(open) - money(applied));
        assert_eq!(world.of(RecordKind::CreditMemo)[0].open, money(credit));
        assert_eq!(world.of(RecordKind::CustomerRefund).len(), usize::from(given != "0"));
    }
}

#[test]
fn a_return_of_a_sale_that_nobody_knows_is_booked_alone_and_says_so() {
    let sale = back(vec![sold("p1", "-1", "20")]);
    for (known, told) in [(false, true), (true, false)] {
        let mut world = of(Original { known, ..Original::default() });
        assert_eq!(pass(&mut world, &sale, "").reason, Reason::ReturnBooked);
        assert_eq!(world.notes.iter().any(|note| note.contains("is not known here")), told, "{:?}", world.notes);
        assert!(world.notes.iter().any(|note| note.contains("no record in NetSuite: booked alone")), "{:?}", world.notes);
    }
}

#[test]
fn a_return_waits_until_something_of_its_sales_order_has_left() {
    let more = "skip_sales_orders = false";
    let (_, before) = original(vec![sold("p1", "2", "20")], more);
    let mut order = *before.order.clone().unwrap();
    order.status = Ok(OrderStatus::PendingFulfillment);
    order.lines.iter_mut().for_each(|line| (line.fulfilled, line.billed) = (Decimal::ZERO, Decimal::ZERO));
    let mut world = of(Original { order: Some(Box::new(order)), ..before.clone() });
    let sale = back(vec![sold("p1", "-1", "20")]);
    assert_eq!(pass(&mut world, &sale, more).reason, Reason::OriginalFirst);
    assert!(world.requests.is_empty());
    world.original.order = before.order;
    assert_eq!(pass(&mut world, &sale, more).reason, Reason::ReturnBooked);
}

#[test]
fn what_was_received_by_hand_is_not_received_again() {
    let more = "skip_sales_orders = false";
    let (_, before) = original(vec![sold("p1", "2", "20"), sold("p2", "1", "5")], more);
    let sale = back(vec![sold("p1", "-2", "20"), sold("p2", "-1", "5")]);
    for (by_hand, receipt) in [([0, 1], Some(vec![Decimal::TWO])), ([1, 1], Some(vec![Decimal::ONE])), ([2, 1], None)] {
        let mut world = World { loses: Some(1), ..of(before.clone()) };
        assert_eq!(pass(&mut world, &sale, more).reason, Reason::UnknownAnswer);
        let lines = &mut world.authorized.as_mut().unwrap().lines;
        lines.iter_mut().zip(by_hand).for_each(|(line, received)| line.fulfilled = received.into());
        let verdict = pass(&mut world, &sale, more);
        assert_eq!(verdict.reason, Reason::ReturnBooked, "{}", verdict.detail);
        let received = world.requests.iter().find_map(|request| match request {
            Request::Transform(request) if request.record == RecordKind::ItemReceipt => {
                Some(request.lines.iter().map(|line| line.quantity).collect::<Vec<_>>())
            }
            _ => None,
        });
        assert_eq!(received, receipt);
        assert_eq!(world.of(RecordKind::CashRefund)[0].total, money("51.75"), "all of it is given back");
    }
}
