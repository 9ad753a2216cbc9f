//! What goes wrong on the way changes when an order ends, not how: one sale, one fulfilment, one bill.

use futures_util::future::join_all;
use tillbridge::sandbox::faults::{CallFaults, Faults, SystemFaults, WebhookFaults};
use tillbridge::sandbox::{Class, FaultHandle, Injection, NewSalesOrder};

use super::world::{Plan, World, pickup, till};

const EACH: [Injection; 4] = [Injection::FailBefore, Injection::FailAfter, Injection::TooMany, Injection::CutAfter];

/// A customer for each: one that was found before is not looked for again.
const PEOPLE: [&str; 4] = ["Aroha Ngata", "Tom Whitfield", "Mei Chen", "Sione Tupou"];

/// How often any fault has struck.
fn struck(faults: &FaultHandle) -> u64 {
    faults.counts().values().sum()
}

/// One fault of each kind on the way to the till, and `times` in a row on the way back, so that it meets every step there.
async fn meets_each(class: Class, of: fn(&World) -> &FaultHandle, times: u64, leads_away: bool) {
    // Polls are rare, so that what is injected meets the order and nothing else.
    let world = Plan { poll_interval: "10m", ..Plan::default() }.start().await;
    for (injection, customer) in EACH.into_iter().zip(PEOPLE) {
        let faults = of(&world);
        let before = struck(faults);
        if class == Class::Token {
            world.netsuite().revoke_tokens();
        }
        if leads_away {
            faults.once(class, injection);
        }
        let order = world.enter(NewSalesOrder { customer: customer.to_owned(), ..till() });
        world.rests(order, "waiting(awaiting_till)").await;
        assert_eq!(struck(faults) - before, u64::from(leads_away), "{injection:?} on the way to the till");

        if class == Class::Token {
            world.netsuite().revoke_tokens();
        }
        (0..times).for_each(|_| faults.once(class, injection));
        world.complete(order, "Card");
        world.rests(order, "synced(fulfilled_and_billed)").await;
        assert_eq!(struck(faults) - before, times + u64::from(leads_away), "{injection:?} on the way back");
        let (_, _, bill) = world.is_billed_once(order);
        assert!(world.netsuite().bill_total(bill.id).unwrap().1.is_zero(), "{injection:?}: the payment is booked");
        let booked = world.netsuite().payments().iter().filter(|payment| payment.applied.iter().any(|(id, _)| *id == bill.id)).count();
        assert_eq!(booked, 1, "{injection:?}");
    }
    assert_eq!(world.x_series().sales().len(), EACH.len());
    world.end().await;
}

fn netsuite(world: &World) -> &FaultHandle {
    world.netsuite().faults()
}

fn x_series(world: &World) -> &FaultHandle {
    world.x_series().faults()
}

#[tokio::test]
async fn a_fault_at_each_transform_leaves_one_fulfilment_and_one_bill() {
    meets_each(Class::Transform, netsuite, 2, false).await;
}

#[tokio::test]
async fn a_fault_at_each_netsuite_write_leaves_one_payment() {
    meets_each(Class::Write, netsuite, 1, true).await;
}

#[tokio::test]
async fn a_fault_at_each_netsuite_read_changes_nothing() {
    meets_each(Class::Read, netsuite, 3, true).await;
}

#[tokio::test]
async fn a_fault_at_each_netsuite_query_changes_nothing() {
    meets_each(Class::Query, netsuite, 3, false).await;
}

#[tokio::test]
async fn a_fault_at_the_netsuite_token_changes_nothing() {
    meets_each(Class::Token, netsuite, 1, true).await;
}

#[tokio::test]
async fn a_fault_at_the_x_series_write_leaves_one_sale() {
    meets_each(Class::Write, x_series, 0, true).await;
}

#[tokio::test]
async fn a_fault_at_each_x_series_read_changes_nothing() {
    meets_each(Class::Read, x_series, 2, true).await;
}

#[tokio::test]
async fn a_fault_at_the_x_series_search_changes_nothing() {
    meets_each(Class::Query, x_series, 0, true).await;
}

#[tokio::test]
async fn a_request_that_is_never_answered_is_looked_up_and_sent_again() {
    let world = World::start().await;
    world.x_series().faults().once(Class::Write, Injection::TimeOut);
    let order = world.enter(pickup());
    world.rests(order, "waiting(awaiting_pickup)").await;
    world.netsuite().faults().once(Class::Transform, Injection::TimeOut);
    world.complete(order, "Card");
    world.rests(order, "synced(fulfilled_and_billed)").await;
    assert_eq!(struck(world.netsuite().faults()) + struck(world.x_series().faults()), 2);
    world.is_billed_once(order);
    world.end().await;
}

#[tokio::test]
async fn lost_doubled_reordered_and_late_webhooks_all_end_in_the_same_state() {
    let world = World::start().await;
    let webhooks = WebhookFaults { lose: 0.3, double: 0.5, delay: 0.8, delay_ms: (0, 1500) };
    let system = SystemFaults { webhooks, ..SystemFaults::default() };
    world.sandbox.set_faults(Faults { netsuite: system.clone(), x_series: system });
    let orders = join_all((0..10).map(|place| {
        let (new, waits) = if place % 2 == 0 { (till(), "waiting(awaiting_till)") } else { (pickup(), "waiting(awaiting_pickup)") };
        world.through(new, waits, "Card")
    }))
    .await;
    for order in orders {
        world.is_billed_once(order);
    }
    for faults in [netsuite(&world), x_series(&world)] {
        let counts = faults.counts();
        assert!(["webhook_lost", "webhook_doubled", "webhook_delayed"].iter().all(|fault| counts.contains_key(fault)), "{counts:?}");
    }
    assert_eq!(world.netsuite().payments().len(), 5);
    world.end().await;
}

#[tokio::test]
async fn a_storm_on_both_sides_ends_every_order_once() {
    let world = World::start().await;
    // Few refusals for too many requests: each one asks everybody to wait for seconds, which proves nothing more.
    let calls = CallFaults { fail_before: 0.08, fail_after: 0.05, too_many: 0.01, cut_after: 0.08, ..CallFaults::default() };
    let webhooks = WebhookFaults { lose: 0.2, double: 0.2, delay: 0.5, delay_ms: (0, 800) };
    let system = SystemFaults {
        token: CallFaults::default(),
        read: calls.clone(),
        query: calls.clone(),
        write: calls.clone(),
        transform: calls,
        webhooks,
    };
    world.sandbox.set_faults(Faults { netsuite: system.clone(), x_series: system });
    let orders = join_all((0..10).map(|place| {
        let (new, waits) = if place % 2 == 0 { (till(), "waiting(awaiting_till)") } else { (pickup(), "waiting(awaiting_pickup)") };
        world.through(new, waits, "Card")
    }))
    .await;
    world.sandbox.set_faults(Faults::default());
    for order in orders {
        world.is_billed_once(order);
    }
    assert_eq!((world.x_series().sales().len(), world.netsuite().payments().len()), (10, 5));
    world.end().await;
}
