//! What operators do over HTTP, with their roles.

use serde_json::json;
use tillbridge::sandbox::SaleState;
use tillbridge::sandbox::faults::{CallFaults, SystemFaults};
use tillbridge::store::{EventFilter, OrderState};

use super::world::{Plan, World, pickup, till};

/// An order that is held because its scarf has no product.
async fn held_for_a_product(world: &World) -> u64 {
    world.x_series().delete_product("SCARF-MERINO").unwrap();
    let order = world.enter(till());
    world.rests(order, "held(unresolved)").await;
    order
}

/// The product is there again, without any event that would say so.
fn mend(world: &World) {
    world.x_series().add_product("SCARF-MERINO", "Merino scarf", "43.04".parse().unwrap(), "GST").unwrap();
}

async fn goes_on_after(action: &str) {
    let world = World::start().await;
    let order = held_for_a_product(&world).await;
    mend(&world);
    let number = world.netsuite().sales_order(order).unwrap().tran_id;
    let path = format!("/v1/orders/{number}/{action}");
    assert_eq!(world.post(&path, &json!({}), "nobody").await.0, 401);
    assert_eq!(world.post(&path, &json!({}), "viewer").await.0, 403);
    assert_eq!(world.row(order).await.unwrap().state, OrderState::Held, "who may not does not");
    let (status, answer) = world.post(&path, &json!({}), "operator").await;
    assert_eq!((status, &answer["netsuite"]["number"]), (202, &json!(number)), "{answer}");
    world.rests(order, "waiting(awaiting_till)").await;
    world.complete(order, "Card");
    world.rests(order, "synced(fulfilled_and_billed)").await;
    world.is_billed_once(order);
    world.end().await;
}

#[tokio::test]
async fn a_held_order_goes_on_when_an_operator_releases_it() {
    goes_on_after("release").await;
}

#[tokio::test]
async fn a_held_order_goes_on_when_an_operator_retries_it() {
    goes_on_after("retry").await;
}

#[tokio::test]
async fn a_held_order_goes_on_when_an_operator_sends_it() {
    goes_on_after("send").await;
}

#[tokio::test]
async fn a_held_order_that_is_skipped_is_let_go_and_touches_nothing() {
    let world = World::start().await;
    let order = held_for_a_product(&world).await;
    let holdings = world.holdings();
    let path = format!("/v1/orders/{order}/skip");
    assert_eq!(world.post(&path, &json!({}), "viewer").await.0, 403);
    assert_eq!(world.post(&path, &json!({}), "operator").await.0, 202);
    let row = world.rests(order, "ignored(skipped)").await;
    assert_eq!(row.state, OrderState::Settled);
    assert_eq!(world.holdings(), holdings);
    world.end().await;
}

#[tokio::test]
async fn an_order_nobody_told_of_goes_over_when_an_operator_sends_it() {
    // No webhooks, and no poll for as long as the test runs.
    let world = Plan { webhooks: false, poll_interval: "10m", ..Plan::default() }.start().await;
    // The first polls have been, so that they cannot be what finds it.
    let orders = ["netsuite", "x_series"];
    for system in orders {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        loop {
            let (_, answer) = world.get("/v1/connections", "viewer").await;
            if answer["items"][0][system]["poll"]["last_success_at"].is_string() {
                break;
            }
            assert!(std::time::Instant::now() < until, "{answer:#}");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    let order = world.enter(till());
    assert_eq!(world.get(&format!("/v1/orders/{order}"), "viewer").await.0, 404);
    assert_eq!(world.post(&format!("/v1/orders/{order}/send"), &json!({}), "viewer").await.0, 403);
    assert_eq!(world.post(&format!("/v1/orders/{order}/send"), &json!({}), "operator").await.0, 202);
    world.rests(order, "waiting(awaiting_till)").await;
    assert_eq!(world.sale(order).state, SaleState::Parked);
    world.complete(order, "Cash");
    assert_eq!(world.post(&format!("/v1/orders/{order}/retry"), &json!({}), "operator").await.0, 202);
    world.rests(order, "synced(fulfilled_and_billed)").await;
    world.is_billed_once(order);
    world.end().await;
}

#[tokio::test]
async fn a_dry_replay_changes_nothing_and_a_replay_twice_changes_nothing_more() {
    let world = World::start().await;
    let (billed, waits) =
        tokio::join!(world.through(till(), "waiting(awaiting_till)", "Cash"), world.through(pickup(), "waiting(awaiting_pickup)", "Card"));
    let parked = world.enter(till());
    world.rests(parked, "waiting(awaiting_till)").await;
    let orders = [billed, waits, parked];
    let mut seen = Vec::new();
    for order in orders {
        seen.push(world.handled(order, 0).await.enqueued_seq);
    }
    let holdings = world.holdings();
    let replay = |dry: bool| json!({ "orders": orders.map(|order| order.to_string()), "dry_run": dry });

    assert_eq!(world.post("/v1/replays", &replay(true), "viewer").await.0, 403);
    let (status, answer) = world.post("/v1/replays", &replay(true), "operator").await;
    assert_eq!((status, &answer["total"], &answer["state"]), (201, &json!(3), &json!("done")), "{answer}");
    assert_eq!(answer["changes"].as_array().unwrap().len(), 3);
    for (order, seen) in orders.iter().zip(&seen) {
        assert_eq!(world.row(*order).await.unwrap().enqueued_seq, *seen, "a dry run makes no event");
    }
    for _ in 0..2 {
        let (status, answer) = world.post("/v1/replays", &replay(false), "operator").await;
        assert_eq!((status, &answer["done"]), (201, &json!(3)), "{answer}");
        for (order, seen) in orders.iter().zip(&mut seen) {
            *seen = world.handled(*order, *seen).await.enqueued_seq;
        }
        assert_eq!(world.holdings(), holdings);
    }
    world.rests(billed, "synced(fulfilled_and_billed)").await;
    world.rests(parked, "waiting(awaiting_till)").await;
    world.end().await;
}

#[tokio::test]
async fn an_order_whose_attempts_ran_out_waits_for_an_operator_while_later_events_line_up_in_order() {
    let retry = r#"first = "20ms", max = "50ms", attempts = 3, recheck = "100ms""#;
    let world = Plan { retry, ..Plan::default() }.start().await;
    let write = CallFaults { fail_before: 1.0, ..CallFaults::default() };
    world.x_series().faults().set(SystemFaults { write, ..SystemFaults::default() });
    let order = world.enter(till());
    let row = world.rests(order, "held(attempts_exhausted)").await;
    assert!(row.detail.unwrap().contains("3 times"));
    world.x_series().faults().set(SystemFaults::default());

    for memo in ["first", "second", "third"] {
        let seen = world.row(order).await.unwrap().enqueued_seq;
        world.netsuite().set_memo(order, memo).unwrap();
        world.until(order, "told of the edit", |row| row.enqueued_seq > seen).await;
    }
    let row = world.row(order).await.unwrap();
    assert_eq!((row.state, row.reason.as_deref()), (OrderState::Held, Some("attempts_exhausted")), "no event and no look releases it");
    assert!(world.x_series().sales().is_empty());

    assert_eq!(world.post(&format!("/v1/orders/{order}/release"), &json!({}), "operator").await.0, 202);
    world.rests(order, "waiting(awaiting_till)").await;
    assert!(world.sale(order).note.ends_with("third"), "{}", world.sale(order).note);
    let filter = EventFilter { order_id: Some(row.id), ..EventFilter::default() };
    let mut events = world.store().events(&filter, None, 50).await.unwrap().items;
    events.sort_by_key(|event| event.seq);
    assert!(events.iter().all(|event| event.verdict.is_some() && event.reason.as_deref() != Some("attempts_exhausted")), "{events:#?}");
    assert!(events.iter().zip(1..).all(|(event, seq)| event.seq == Some(seq)), "one after the other, none left out");
    assert!(events.windows(2).all(|pair| pair[0].decided_at <= pair[1].decided_at), "{events:#?}");
    world.end().await;
}
