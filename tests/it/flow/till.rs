//! Sales that begin at the till, through the running service: what becomes of each in NetSuite, once.

use rust_decimal::Decimal;
use tillbridge::clock::Clock;
use tillbridge::sandbox::{BroughtBack, Entry, SaleState, Tender, Ticket, TicketLine, TransactionKind as Kind};
use tillbridge::store::{Dedupe, EventSource, NewEvent, OrderRef};
use uuid::Uuid;

use super::world::{Plan, World, dec};

const TILL: &str = include_str!("till.toml");

async fn world(more: &str) -> World {
    Plan::default().mappings(|_| format!("{more}\n{TILL}")).start().await
}

fn lines(of: &[(&str, &str)]) -> Vec<TicketLine> {
    of.iter().map(|(sku, quantity)| TicketLine::of(sku, dec(quantity))).collect()
}

/// Two scarves and an enamel mug over the counter in Ponsonby.
fn counter() -> Ticket {
    Ticket {
        register: "Ponsonby 1".to_owned(),
        lines: lines(&[("SCARF-MERINO", "2"), ("MUG-ENAMEL", "1")]),
        payments: vec![Tender::rest("Card")],
        state: SaleState::Closed,
        ..Ticket::default()
    }
}

fn with(attribute: &str, ticket: Ticket) -> Ticket {
    Ticket { state: SaleState::Pending, attributes: vec![attribute.to_owned()], ..ticket }
}

impl World {
    /// What NetSuite holds under the keys of a sale, of its order and of its payments.
    fn booked(&self, sale: Uuid) -> Vec<Entry> {
        let of = self.x_series().sale(sale).unwrap();
        let keys = std::iter::once(sale.to_string()).chain(of.payments.iter().map(|payment| payment.id.to_string()));
        let mut found = keys.flat_map(|key| self.netsuite().entries_for(&key)).collect::<Vec<_>>();
        let made = found.iter().flat_map(|entry| self.netsuite().made_from(entry.id)).collect::<Vec<_>>();
        found.extend(made);
        found.sort_by_key(|entry| entry.id);
        found.dedup_by_key(|entry| entry.id);
        found
    }

    fn kinds(&self, sale: Uuid) -> Vec<Kind> {
        let mut kinds = self.booked(sale).iter().map(|entry| entry.kind).collect::<Vec<_>>();
        kinds.sort();
        kinds
    }

    fn total(&self, sale: Uuid) -> Decimal {
        self.x_series().sale(sale).unwrap().totals().2
    }

    fn booked_total(&self, sale: Uuid, kind: Kind) -> Decimal {
        let found = self.booked(sale).into_iter().filter(|entry| entry.kind == kind).collect::<Vec<_>>();
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].total.unwrap()
    }
}

#[tokio::test]
async fn a_sale_over_the_counter_becomes_one_cash_sale_however_often_it_is_told() {
    let world = world("").await;
    let sale = world.x_series().sell(&counter()).unwrap();
    world.sale_rests(sale, "synced(booked)").await;
    for _ in 0..5 {
        world.x_series().repost(sale);
    }
    world.sale_rests(sale, "synced(booked)").await;
    assert_eq!(world.kinds(sale), [Kind::CashSale]);
    assert_eq!(world.booked_total(sale, Kind::CashSale), world.total(sale));
    // Any number of either side finds it.
    let number = world.booked(sale)[0].tran_id.clone();
    let (status, found) = world.get(&format!("/v1/orders/{number}"), "viewer").await;
    assert_eq!((status, found["direction"].as_str()), (200, Some("x_series_to_netsuite")));
    let (_, why) = world.get(&format!("/v1/orders/{number}/explanation"), "viewer").await;
    let plan = &why["passes"].as_array().unwrap().last().unwrap()["explanation"]["record_plan"];
    assert_eq!(plan["record"], "cash_sale");
    assert_eq!(plan["reasons"], serde_json::json!(["SKIPPED_DIRECT"]));
    world.end().await;
}

#[tokio::test]
async fn by_setting_it_becomes_an_invoice_with_its_payments_or_a_sales_order() {
    let world = world("direct_record = \"invoice\"").await;
    let tenders = vec![Tender::of("Gift Card", dec("20")), Tender::rest("Cash")];
    let sale = world.x_series().sell(&Ticket { payments: tenders, ..counter() }).unwrap();
    world.sale_rests(sale, "synced(booked)").await;
    assert_eq!(world.kinds(sale), [Kind::Invoice, Kind::CustomerPayment, Kind::CustomerPayment]);
    assert_eq!(world.booked_total(sale, Kind::Invoice), world.total(sale));
    world.end().await;

    let world = self::world("skip_sales_orders = false").await;
    let sale = world.x_series().sell(&counter()).unwrap();
    world.sale_rests(sale, "synced(fulfilled_and_billed)").await;
    assert_eq!(world.kinds(sale), [Kind::SalesOrder, Kind::ItemFulfillment, Kind::Invoice, Kind::CustomerPayment]);
    assert_eq!(world.booked_total(sale, Kind::Invoice), world.total(sale));
    world.end().await;
}

#[tokio::test]
async fn a_pickup_that_is_sold_at_the_till_waits_as_a_sales_order_and_is_billed_when_it_is_fetched() {
    let world = world("").await;
    let sale = world.x_series().sell(&with("pickup", counter())).unwrap();
    world.sale_rests(sale, "waiting(awaiting_pickup)").await;
    assert_eq!(world.kinds(sale), [Kind::SalesOrder]);
    world.x_series().hand_over_all(sale).unwrap();
    world.sale_rests(sale, "synced(fulfilled_and_billed)").await;
    assert_eq!(world.booked_total(sale, Kind::Invoice), world.total(sale));
    assert_eq!(world.kinds(sale).iter().filter(|kind| **kind == Kind::ItemFulfillment).count(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_layby_takes_a_deposit_for_each_instalment_follows_its_lines_and_is_billed_in_the_end() {
    for applies in [true, false] {
        let world = world("").await;
        world.netsuite().set_preferences(|preferences| preferences.apply_deposits = applies);
        let layby = Ticket { payments: vec![Tender::of("Cash", dec("20"))], ..with("layby", counter()) };
        let sale = world.x_series().sell(&layby).unwrap();
        world.sale_rests(sale, "waiting(awaiting_layby)").await;
        assert_eq!(world.kinds(sale), [Kind::SalesOrder, Kind::CustomerDeposit]);
        world.x_series().add_line(sale, "SOCKS-HIKER", dec("1")).unwrap();
        world.x_series().pay(sale, "Card", dec("30")).unwrap();
        world
            .wait("the second instalment and the new line are booked", || {
                let order = world.booked(sale).into_iter().find(|entry| entry.kind == Kind::SalesOrder).unwrap();
                let deposits = world.kinds(sale).iter().filter(|kind| **kind == Kind::CustomerDeposit).count();
                deposits == 2 && world.netsuite().sales_order(order.id).unwrap().lines.len() == 3
            })
            .await;
        world.x_series().close(sale, &[Tender::rest("Card")]).unwrap();
        world.sale_rests(sale, "synced(fulfilled_and_billed)").await;
        let kinds = world.kinds(sale);
        let count = |kind: Kind| kinds.iter().filter(|other| **other == kind).count();
        assert_eq!((count(Kind::CustomerDeposit), count(Kind::Invoice), count(Kind::CashSale)), (3, 1, 0), "{kinds:?}");
        assert_eq!(world.booked_total(sale, Kind::Invoice), world.total(sale));
        let invoice = world.booked(sale).into_iter().find(|entry| entry.kind == Kind::Invoice).unwrap();
        assert_eq!(invoice.status, 'B', "paid by its deposits");
        world.end().await;
    }
}

#[tokio::test]
async fn money_given_back_of_a_layby_is_a_refund_of_its_deposits_and_the_rest_pays_the_invoice() {
    let world = world("").await;
    let layby = Ticket { payments: vec![Tender::of("Card", dec("20"))], ..with("layby", counter()) };
    let sale = world.x_series().sell(&layby).unwrap();
    world.x_series().pay(sale, "Card", dec("10")).unwrap();
    world.x_series().pay(sale, "Card", dec("-15")).unwrap();
    world.wait("the refund is booked", || world.kinds(sale).contains(&Kind::CustomerRefund)).await;
    world.sale_rests(sale, "waiting(awaiting_layby)").await;
    let deposits = world.netsuite().deposits();
    assert_eq!(deposits.iter().map(|deposit| deposit.amount - deposit.used).sum::<Decimal>(), dec("15"));
    world.x_series().close(sale, &[Tender::rest("Card")]).unwrap();
    world.sale_rests(sale, "synced(fulfilled_and_billed)").await;
    let invoice = world.booked(sale).into_iter().find(|entry| entry.kind == Kind::Invoice).unwrap();
    assert_eq!((invoice.total, invoice.status), (Some(world.total(sale)), 'B'));
    assert_eq!(world.kinds(sale).iter().filter(|kind| **kind == Kind::CustomerRefund).count(), 1);
    world.end().await;
}

#[tokio::test]
async fn an_order_with_the_till_s_tax_follows_its_sale_with_the_whole_of_it() {
    let world = world("tax = \"override\"").await;
    let sale = world.x_series().sell(&with("layby", Ticket { payments: Vec::new(), ..counter() })).unwrap();
    world.sale_rests(sale, "waiting(awaiting_layby)").await;
    let lines = world.x_series().sale(sale).unwrap().lines;
    world.x_series().edit_line_quantity(sale, lines[0].id, dec("3")).unwrap();
    world.x_series().add_line(sale, "SOCKS-HIKER", dec("1")).unwrap();
    world.x_series().void_line(sale, lines[1].id).unwrap();
    world.x_series().close(sale, &[Tender::rest("Card")]).unwrap();
    world.sale_rests(sale, "synced(fulfilled_and_billed)").await;
    assert_eq!(world.booked_total(sale, Kind::Invoice), world.total(sale));
    world.end().await;
}

#[tokio::test]
async fn another_customer_after_booking_is_held_with_both() {
    let world = world("").await;
    let ticket = Ticket { customer: Some("CLUB-205".into()), payments: vec![Tender::rest("On Account")], ..with("onaccount", counter()) };
    let sale = world.x_series().sell(&ticket).unwrap();
    world.sale_rests(sale, "waiting(awaiting_account)").await;
    let other = tillbridge::sandbox::NewTillCustomer { code: "OTHER-1".into(), ..Default::default() };
    world.x_series().make_customer(&other).unwrap();
    world.x_series().set_customer(sale, "OTHER-1").unwrap();
    let detail = world.sale_rests(sale, "held(changed_after_booking)").await.detail.unwrap();
    let booked = world.booked(sale)[0].customer.unwrap().to_string();
    assert!(detail.contains(&format!("NetSuite's customer {booked}, and at the till")), "{detail}");
    assert_eq!(world.kinds(sale), [Kind::Invoice]);
    world.end().await;
}

#[tokio::test]
async fn an_account_sale_is_an_open_invoice_until_it_is_paid() {
    let world = world("").await;
    let ticket = Ticket { customer: Some("CLUB-205".into()), payments: vec![Tender::rest("On Account")], ..with("onaccount", counter()) };
    let sale = world.x_series().sell(&ticket).unwrap();
    world.sale_rests(sale, "waiting(awaiting_account)").await;
    assert_eq!(world.kinds(sale), [Kind::Invoice]);
    assert_eq!(world.booked(sale)[0].status, 'A');
    world.x_series().settle_account(sale, "Card").unwrap();
    world.sale_rests(sale, "synced(booked)").await;
    assert_eq!(world.kinds(sale), [Kind::Invoice, Kind::CustomerPayment]);
    assert_eq!(world.booked(sale)[0].status, 'B');
    world.end().await;
}

#[tokio::test]
async fn a_return_is_refunded_by_setting_and_through_its_sales_order_where_there_is_one() {
    for (more, kinds) in [
        ("", vec![Kind::CashRefund]),
        ("refund_as = \"credit_memo\"", vec![Kind::CreditMemo, Kind::CustomerRefund]),
        ("skip_sales_orders = false", vec![Kind::ReturnAuthorization, Kind::ItemReceipt, Kind::CashRefund]),
        (
            "skip_sales_orders = false\nrefund_as = \"credit_memo\"",
            vec![Kind::ReturnAuthorization, Kind::ItemReceipt, Kind::CreditMemo, Kind::CustomerRefund],
        ),
    ] {
        let world = world(more).await;
        let first = world.x_series().sell(&counter()).unwrap();
        world.sale_rests(first, if more.starts_with("skip") { "synced(fulfilled_and_billed)" } else { "synced(booked)" }).await;
        let stock = world.netsuite().stock("SCARF-MERINO", "Ponsonby").unwrap();
        let back = world.x_series().bring_back(first, &[]).unwrap();
        world.sale_rests(back, "waiting(parked)").await;
        world.x_series().close(back, &[Tender::rest("Card")]).unwrap();
        world.sale_rests(back, "synced(return_booked)").await;
        let mut found = world.kinds(back);
        let mut kinds = kinds;
        found.sort();
        kinds.sort();
        assert_eq!(found, kinds, "{more}");
        let refund = if kinds.contains(&Kind::CashRefund) { Kind::CashRefund } else { Kind::CreditMemo };
        assert_eq!(world.booked_total(back, refund), -world.total(back), "{more}");
        assert_eq!(world.netsuite().stock("SCARF-MERINO", "Ponsonby").unwrap(), stock + dec("2"), "{more}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_return_that_is_told_before_its_original_makes_the_original_come_first() {
    for (more, kinds) in
        [("", vec![Kind::CashRefund]), ("skip_sales_orders = false", vec![Kind::ReturnAuthorization, Kind::ItemReceipt, Kind::CashRefund])]
    {
        let plan = Plan { webhooks: false, poll_interval: "1h", ..Plan::default() };
        let world = plan.mappings(|_| format!("{more}\n{TILL}")).start().await;
        let polled = async || world.store().cursor(&super::world::CONNECTION.into(), tillbridge::poll::SALES).await.unwrap().is_some();
        while !polled().await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let first = world.x_series().sell(&counter()).unwrap();
        let back = world.x_series().bring_back(first, &[]).unwrap();
        world.x_series().close(back, &[Tender::rest("Card")]).unwrap();
        let event = NewEvent {
            connection: super::world::CONNECTION.into(),
            source: EventSource::XSeries,
            kind: "sale.update".to_owned(),
            order: Some(OrderRef::XSeries(back.to_string().as_str().into())),
            dedupe: Dedupe::Never,
            body: Vec::new(),
            due_at: Clock::System.now(),
            verdict: None,
        };
        world.store().receive(event).await.unwrap();
        world.sale_rests(back, "synced(return_booked)").await;
        world.sale_rests(first, if more.is_empty() { "synced(booked)" } else { "synced(fulfilled_and_billed)" }).await;
        let (mut found, mut kinds) = (world.kinds(back), kinds);
        found.sort();
        kinds.sort();
        assert_eq!(found, kinds, "{more}");
        world.end().await;
    }
}

#[tokio::test]
async fn returns_of_one_sale_are_counted_together_and_its_lots_come_back_as_they_left() {
    let world = world("").await;
    let ticket = Ticket { lines: lines(&[("SCARF-MERINO", "2"), ("MEAL-LAMB", "3")]), ..counter() };
    let first = world.x_series().sell(&ticket).unwrap();
    world.sale_rests(first, "synced(booked)").await;
    let stock = |world: &World| world.netsuite().inventory_numbers("MEAL-LAMB").into_iter().map(|lot| lot.at).collect::<Vec<_>>();
    let after = stock(&world);
    let sold = world.x_series().sale(first).unwrap().lines;
    let part = |line: usize, quantity: &str| vec![BroughtBack { line: sold[line].id, quantity: dec(quantity), reason: None }];
    for _ in 0..2 {
        let back = world.x_series().bring_back(first, &[part(0, "1"), part(1, "1")].concat()).unwrap();
        world.x_series().close(back, &[Tender::rest("Card")]).unwrap();
        world.sale_rests(back, "synced(return_booked)").await;
    }
    // Both came back to the lot that they left.
    let now = stock(&world);
    let changed = now.iter().zip(&after).filter(|(now, after)| now != after).count();
    assert_eq!(changed, 1, "{after:?} {now:?}");
    world.end().await;
}

#[tokio::test]
async fn an_exchange_is_credit_for_the_one_and_an_invoice_for_the_other() {
    let world = world("").await;
    let back = TicketLine { is_return: true, ..TicketLine::of("SCARF-MERINO", dec("-1")) };
    let ticket = Ticket { lines: vec![back, TicketLine::of("PACK-20L", dec("1"))], ..counter() };
    let sale = world.x_series().sell(&ticket).unwrap();
    world.sale_rests(sale, "synced(return_booked)").await;
    let (invoice, credit) = (world.booked_total(sale, Kind::Invoice), world.booked_total(sale, Kind::CreditMemo));
    assert_eq!(invoice - credit, world.total(sale));
    assert!(world.kinds(sale).contains(&Kind::CustomerPayment));
    world.end().await;
}

#[tokio::test]
async fn discounts_surcharges_and_tips_are_in_the_books_to_the_cent() {
    use tillbridge::sandbox::{AdjustmentKind, NewAdjustment, NewSurcharge};
    let world = world("").await;
    let surcharge = NewSurcharge { percent: dec("1.5"), rule: "Cards".to_owned() };
    let tip = NewAdjustment { kind: AdjustmentKind::Tip, name: "Tip".to_owned(), value: dec("2"), percent: false, tax: None };
    let tender = Tender { surcharge: Some(surcharge), ..Tender::rest("Card") };
    let ticket = Ticket { discount: Some(dec("7.35")), adjustments: vec![tip], payments: vec![tender], ..counter() };
    let sale = world.x_series().sell(&ticket).unwrap();
    world.sale_rests(sale, "synced(booked)").await;
    let difference = (world.booked_total(sale, Kind::CashSale) - world.total(sale)).abs();
    assert!(difference <= dec("0.05"), "{difference}");
    world.end().await;
}

#[tokio::test]
async fn kits_with_tracked_members_leave_with_the_numbers_that_were_scanned() {
    let world = world("").await;
    let here = world.netsuite().location_id("Ponsonby").unwrap();
    let beacon =
        world.netsuite().inventory_numbers("BEACON-PLB").into_iter().filter(|number| number.at.contains_key(&here)).nth(1).unwrap();
    let kit = TicketLine { serial_numbers: vec![beacon.number.clone()], ..TicketLine::of("KIT-SAFETY", dec("1")) };
    let sale = world.x_series().sell(&Ticket { lines: vec![kit], ..counter() }).unwrap();
    world.sale_rests(sale, "synced(fulfilled_and_billed)").await;
    assert!(world.kinds(sale).contains(&Kind::SalesOrder) && !world.kinds(sale).contains(&Kind::CashSale));
    let gone = world.netsuite().inventory_numbers("BEACON-PLB").into_iter().find(|number| number.id == beacon.id).unwrap();
    assert_eq!(gone.at.get(&here).copied().unwrap_or_default(), Decimal::ZERO);
    // Lots leave by their expiry.
    let sale = world.x_series().sell(&Ticket { lines: lines(&[("KIT-MEALS", "1")]), ..counter() }).unwrap();
    world.sale_rests(sale, "synced(fulfilled_and_billed)").await;
    world.end().await;
}

#[tokio::test]
async fn a_stranger_becomes_one_customer_however_many_sales_come_at_once() {
    use tillbridge::sandbox::NewTillCustomer;
    let world = world("").await;
    let stranger = NewTillCustomer {
        code: "HEMI-R301".into(),
        first_name: "Hemi".into(),
        last_name: "Rangi".into(),
        email: "hemi@example.com".into(),
        ..NewTillCustomer::default()
    };
    world.x_series().make_customer(&stranger).unwrap();
    let ticket = Ticket { customer: Some("HEMI-R301".into()), ..counter() };
    let sales = (0..6).map(|_| world.x_series().sell(&ticket).unwrap()).collect::<Vec<_>>();
    for sale in &sales {
        world.sale_rests(*sale, "synced(booked)").await;
    }
    let customers = sales.iter().map(|sale| world.booked(*sale)[0].customer).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(customers.len(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_register_that_was_offline_is_booked_on_its_own_day_and_a_closed_month_is_held_until_it_is_opened() {
    let world = world("").await;
    let today = world.netsuite().today();
    let earlier = today.saturating_sub(jiff::Span::new().days(40));
    let at = earlier.at(13, 0, 0, 0).in_tz("Pacific/Auckland").unwrap().timestamp();
    let sale = world.x_series().sell(&Ticket { date: Some(at), ..counter() }).unwrap();
    world.sale_rests(sale, "synced(booked)").await;
    assert_eq!(world.booked(sale)[0].date, earlier);

    world.netsuite().set_period_closed(earlier, true);
    let sale = world.x_series().sell(&Ticket { date: Some(at), ..counter() }).unwrap();
    world.sale_rests(sale, "held(period_closed)").await;
    assert!(world.booked(sale).is_empty());
    world.netsuite().set_period_closed(earlier, false);
    world.x_series().repost(sale);
    world.sale_rests(sale, "synced(booked)").await;
    world.end().await;
}

#[tokio::test]
async fn a_void_is_nothing_before_and_held_with_what_to_undo_after_it_was_booked() {
    let world = world("").await;
    let sale = world.x_series().sell(&counter()).unwrap();
    world.sale_rests(sale, "synced(booked)").await;
    world.x_series().void(sale).unwrap();
    let detail = world.sale_rests(sale, "held(sale_voided)").await.detail.unwrap();
    assert!(detail.contains("cash refund"), "{detail}");
    let parked = world.x_series().sell(&Ticket { state: SaleState::Parked, payments: Vec::new(), ..counter() }).unwrap();
    world.sale_rests(parked, "waiting(parked)").await;
    world.x_series().void(parked).unwrap();
    world.sale_rests(parked, "ignored(voided_unbooked)").await;
    assert!(world.booked(parked).is_empty());
    world.end().await;
}

#[tokio::test]
async fn everything_that_is_missing_is_told_at_once_and_it_goes_on_when_it_is_there() {
    let world = world("create_customers = false").await;
    world.netsuite().set_item_inactive("MUG-ENAMEL", true).unwrap();
    let tenders = vec![Tender::of("Loyalty", dec("5")), Tender::rest("Card")];
    let sale = world.x_series().sell(&Ticket { payments: tenders, ..counter() }).unwrap();
    let detail = world.sale_rests(sale, "held(unresolved)").await.detail.unwrap();
    assert!(detail.contains("MUG-ENAMEL") && detail.contains("Loyalty"), "{detail}");
    assert!(world.booked(sale).is_empty());
    let more = format!("{TILL}\n[[payment_type]]\nx_series = \"Loyalty\"\nnetsuite = \"Store Credit\"\nkind = \"loyalty\"\n");
    world.store().publish(&super::world::CONNECTION.into(), &more, "loyalty", "tests").await.unwrap();
    world.netsuite().set_item_inactive("MUG-ENAMEL", false).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    world.x_series().repost(sale);
    world.sale_rests(sale, "synced(booked)").await;
    world.end().await;
}
