//! Sales of the till while something else happens: callbacks that come early, customers that change, records that are edited.

use tillbridge::sandbox::faults::CallFaults;
use tillbridge::sandbox::{SaleState, Tender, Ticket, TicketLine};
use tillbridge::store::Direction;

use super::world::{Plan, dec};

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
