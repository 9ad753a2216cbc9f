//! Sales of the till while something else happens: callbacks that come early, customers that change, records that are edited.

use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use serde_json::json;
use tillbridge::sandbox::faults::CallFaults;
use tillbridge::sandbox::{NewCustomer, NewTillCustomer, SaleState, Tender, Ticket, TicketLine};
use tillbridge::store::{Direction, OperatorAction, OrderRow};

use super::world::{Plan, World, at_rest, dec, verdict};

const TILL: &str = include_str!("till.toml");

fn plan(more: &str) -> Plan {
    Plan::default().mappings(|_| format!("{more}\n{TILL}"))
}

/// An enamel mug over the counter in Ponsonby.
fn mug() -> Ticket {
    Ticket {
        register: "Ponsonby 1".to_owned(),
        lines: vec![TicketLine::of("MUG-ENAMEL", dec("1"))],
        payments: vec![Tender::rest("Card")],
        state: SaleState::Closed,
        ..Ticket::default()
    }
}

/// A mug for somebody whom only the till knows yet.
fn for_hemi(world: &World) -> Ticket {
    let hemi = NewTillCustomer {
        code: "HEMI-R301".into(),
        first_name: "Hemi".into(),
        last_name: "Rangi".into(),
        email: "hemi@example.com".into(),
        ..NewTillCustomer::default()
    };
    world.x_series().make_customer(&hemi).unwrap();
    Ticket { customer: Some("HEMI-R301".into()), ..mug() }
}

impl World {
    /// The customers that we made, as NetSuite has them.
    fn made_customers(&self) -> Vec<(u64, String)> {
        let customers = self.netsuite().customers().into_iter();
        customers.filter_map(|customer| Some((customer.id, customer.external_id?))).filter(|(_, key)| key.starts_with("tb-cust-")).collect()
    }

    /// Waits until what was told of a sale since then is handled, whatever came of it.
    async fn sale_handled(&self, sale: uuid::Uuid, beyond: i64) -> OrderRow {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let rows = self.store().find_orders(&sale.to_string()).await.unwrap();
            if let Some(row) = rows.into_iter().find(|row| row.handled_seq > beyond && at_rest(row)) {
                return row;
            }
            assert!(Instant::now() < until, "sale {sale} was not looked at again");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Whom the record of a sale is booked to.
    fn booked_to(&self, sale: uuid::Uuid) -> Option<u64> {
        self.netsuite().entries_for(&sale.to_string()).first().and_then(|entry| entry.customer)
    }
}

#[tokio::test]
async fn a_customer_who_is_gone_from_netsuite_is_made_anew_once_however_many_sales_come() {
    let world = plan("").start().await;
    let ticket = for_hemi(&world);
    let first = world.x_series().sell(&ticket).unwrap();
    world.sale_rests(first, "synced(booked)").await;
    let [(made, _)] = world.made_customers()[..] else { panic!("{:?}", world.made_customers()) };
    let other = world.netsuite().customer("aroha.ngata@example.com").unwrap().id;
    world.netsuite().merge_customers(made, other).unwrap();
    let sales = (0..6).map(|_| world.x_series().sell(&ticket).unwrap()).collect::<Vec<_>>();
    for sale in &sales {
        world.sale_rests(*sale, "synced(booked)").await;
    }
    let [(again, ref key)] = world.made_customers()[..] else { panic!("{:?}", world.made_customers()) };
    assert!(key.contains("-2-") && again != made, "{key}");
    assert!(sales.iter().all(|sale| world.booked_to(*sale) == Some(again)));
    world.end().await;
}

#[tokio::test]
async fn a_customer_who_is_inactive_holds_until_it_is_active_or_another_one_takes_its_place() {
    let world = plan("").start().await;
    let ticket = for_hemi(&world);
    let first = world.x_series().sell(&ticket).unwrap();
    world.sale_rests(first, "synced(booked)").await;
    let [(made, _)] = world.made_customers()[..] else { panic!("{:?}", world.made_customers()) };
    world.netsuite().set_customer_inactive(made, true).unwrap();
    let sale = world.x_series().sell(&ticket).unwrap();
    let detail = world.sale_rests(sale, "held(unresolved)").await.detail.unwrap();
    assert!(detail.contains("Hemi") && detail.contains(&made.to_string()) && detail.contains("make it active"), "{detail}");
    assert_eq!(world.made_customers().len(), 1, "nobody is made behind their back");
    // Another one with the same e-mail takes its place.
    let twin = NewCustomer { last_name: "Rangi".into(), email: "hemi@example.com".into(), ..NewCustomer::default() };
    let twin = world.netsuite().add_customer(&twin);
    world.x_series().repost(sale);
    world.sale_rests(sale, "synced(booked)").await;
    assert_eq!(world.booked_to(sale), Some(twin));
    world.end().await;
}

#[tokio::test]
async fn a_callback_about_the_sales_order_that_we_made_turns_nothing_round_and_hides_nothing() {
    let mut plan = Plan { debounce: "4s", ..plan("") };
    // The callback makes an order of its own while we still look for what we made.
    plan.sandbox.faults.netsuite.query = CallFaults { slow: 1.0, slow_ms: (300, 500), ..CallFaults::default() };
    let world = plan.start().await;
    let pickup = Ticket { state: SaleState::Pending, attributes: vec!["pickup".to_owned()], ..mug() };
    let sale = world.x_series().sell(&pickup).unwrap();
    let row = world.sale_rests(sale, "waiting(awaiting_pickup)").await;
    assert_eq!(row.direction, Direction::XSeriesToNetsuite);
    let passes = world.store().passes(&row.id, 50).await.unwrap();
    let merging = passes.iter().find(|pass| pass.reason.as_deref() == Some("merged")).expect("two orders were one");
    let steps = merging.explanation["steps"].to_string();
    assert!(steps.contains("sent: sales_order tb-so-"), "{steps}");
    assert!(merging.explanation["record_plan"]["reasons"].to_string().contains("PICKUP_UNFULFILLED"), "{}", merging.explanation);
    let (status, found) = world.get(&format!("/v1/orders/{sale}"), "viewer").await;
    assert_eq!((status, found["direction"].as_str()), (200, Some("x_series_to_netsuite")));
    world.end().await;
}

#[tokio::test]
async fn a_return_that_came_before_its_original_was_booked_goes_on_as_soon_as_it_is() {
    // Nobody looks again by themselves within this test.
    let world = plan("").start().await;
    world.netsuite().set_item_inactive("MUG-ENAMEL", true).unwrap();
    let original = world.x_series().sell(&mug()).unwrap();
    world.sale_rests(original, "held(unresolved)").await;
    let back = world.x_series().bring_back(original, &[]).unwrap();
    world.x_series().close(back, &[Tender::rest("Card")]).unwrap();
    world.sale_rests(back, "held(original_first)").await;
    world.netsuite().set_item_inactive("MUG-ENAMEL", false).unwrap();
    world.x_series().repost(original);
    world.sale_rests(original, "synced(booked)").await;
    world.sale_rests(back, "synced(return_booked)").await;
    world.end().await;
}

#[tokio::test]
async fn a_record_that_no_search_shows_is_read_by_its_id_before_it_is_said_to_be_gone() {
    let world = plan("").start().await;
    let sale = world.x_series().sell(&mug()).unwrap();
    world.sale_rests(sale, "synced(booked)").await;
    let booked = world.netsuite().entries_for(&sale.to_string());
    world.netsuite().set_unsearchable(booked[0].id, true);
    let before = world.sale_rests(sale, "synced(booked)").await.handled_seq;
    world.x_series().repost(sale);
    let row = world.sale_handled(sale, before).await;
    assert_eq!(verdict(&row), "synced(booked)", "{:?}", row.detail);
    assert_eq!(world.netsuite().entries_for(&sale.to_string()).len(), 1);
    // Its callback names no sales order: the record itself is known.
    world.netsuite().delete_bill(booked[0].id);
    world.sale_rests(sale, "held(record_gone)").await;
    assert!(world.netsuite().entries_for(&sale.to_string()).is_empty(), "it is not booked a second time");
    world.end().await;
}

#[tokio::test]
async fn a_sale_that_changed_after_it_was_booked_is_held_for_that_at_every_look() {
    let world = plan("").start().await;
    let ticket = Ticket { payments: vec![Tender::rest("On Account")], customer: Some("CLUB-205".into()), ..mug() };
    let ticket = Ticket { state: SaleState::Pending, attributes: vec!["onaccount".to_owned()], ..ticket };
    let sale = world.x_series().sell(&ticket).unwrap();
    world.sale_rests(sale, "waiting(awaiting_account)").await;
    world.x_series().add_line(sale, "SOCKS-HIKER", dec("1")).unwrap();
    let row = world.sale_rests(sale, "held(changed_after_booking)").await;
    for _ in 0..2 {
        let looks = world.store().passes(&row.id, 50).await.unwrap().len();
        world.store().act(&row.id, OperatorAction::Retry, "kim").await.unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        while world.store().passes(&row.id, 50).await.unwrap().len() == looks {
            assert!(Instant::now() < until, "nobody looked again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        world.sale_rests(sale, "held(changed_after_booking)").await;
    }
    world.end().await;
}

#[tokio::test]
async fn a_record_that_is_edited_in_netsuite_is_looked_at_though_the_till_tells_nothing() {
    let world = plan("").start().await;
    let sale = world.x_series().sell(&mug()).unwrap();
    world.sale_rests(sale, "synced(booked)").await;
    let booked = world.netsuite().entries_for(&sale.to_string())[0].id;
    let line = &world.netsuite().bill_record(booked).unwrap().lines[0];
    let rate = |rate: Decimal| json!({ "item": { "items": [{ "line": line.line, "rate": rate.to_string().parse::<f64>().unwrap() }] } });
    // NetSuite tells changes by the second.
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.netsuite().edit_bill(booked, &rate(line.rate + dec("5"))).unwrap();
    let detail = world.sale_rests(sale, "held(totals_differ)").await.detail.unwrap();
    assert!(detail.contains("Correct the cash sale in NetSuite"), "{detail}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.netsuite().edit_bill(booked, &rate(line.rate)).unwrap();
    let row = world.sale_rests(sale, "synced(booked)").await;
    // Polls that find the same change again tell nothing new.
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(world.sale_rests(sale, "synced(booked)").await.enqueued_seq, row.enqueued_seq);
    world.end().await;
}

#[tokio::test]
async fn a_period_that_was_opened_is_seen_at_the_next_look_whoever_asked_before() {
    let world = plan("").start().await;
    let earlier = world.netsuite().today().saturating_sub(jiff::Span::new().days(40));
    let at = earlier.at(13, 0, 0, 0).in_tz("Pacific/Auckland").unwrap().timestamp();
    world.netsuite().set_period_closed(earlier, true);
    let old = world.x_series().sell(&Ticket { date: Some(at), ..mug() }).unwrap();
    world.sale_rests(old, "held(period_closed)").await;
    // Its periods are remembered for a while.
    let new = world.x_series().sell(&mug()).unwrap();
    world.sale_rests(new, "synced(booked)").await;
    world.netsuite().set_period_closed(earlier, false);
    world.x_series().repost(old);
    world.sale_rests(old, "synced(booked)").await;
    world.end().await;
}

#[tokio::test]
async fn a_new_customer_belongs_to_the_subsidiary_of_the_place_where_the_mappings_name_none() {
    let mut plan = plan("");
    plan.mappings = plan.mappings.replace("subsidiary = \"Parent Company : New Zealand\"\n", "");
    let world = plan.start().await;
    let sale = world.x_series().sell(&for_hemi(&world)).unwrap();
    world.sale_rests(sale, "synced(booked)").await;
    let [(made, _)] = world.made_customers()[..] else { panic!("{:?}", world.made_customers()) };
    assert_eq!(world.booked_to(sale), Some(made));
    world.end().await;
}
