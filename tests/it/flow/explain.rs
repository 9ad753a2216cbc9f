//! Why an order did or did not go over, and under which revision of the mappings.

use std::time::{Duration, Instant};

use serde_json::json;
use tillbridge::sandbox::config::Chaos;

use super::world::{CONNECTION, MAPPINGS, Plan, World, delivery, goods, pickup, till};

#[tokio::test]
async fn an_order_no_mapping_matches_is_explained_with_each_condition_and_the_value_it_met() {
    let world = World::start().await;
    let order = world.enter(pickup().with("custbody_tillbridge_send", false));
    let row = world.rests(order, "ignored(no_mapping_matched)").await;
    assert!(world.x_series().sales().is_empty());
    let number = world.netsuite().sales_order(order).unwrap().tran_id;
    let (status, told) = world.get(&format!("/v1/orders/{number}/explanation"), "viewer").await;
    assert_eq!(status, 200);
    assert_eq!(told["order"]["id"], row.id.as_str());
    let pass = &told["passes"][0];
    assert_eq!((&pass["verdict"], &pass["reason"]), (&json!("ignored"), &json!("no_mapping_matched")));
    let mappings = pass["explanation"]["mappings"].as_array().unwrap();
    let names = mappings.iter().map(|mapping| mapping["name"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(names, ["Record", "Pickup", "Delivery", "Till"], "all of them, in their order");
    assert!(mappings.iter().all(|mapping| mapping["held"] == false));
    let met = |mapping: usize| {
        let seen = mappings[mapping]["seen"].as_array().unwrap().iter();
        seen.map(|seen| (seen["text"].as_str().unwrap(), seen["value"].as_str().unwrap(), seen["held"] == true)).collect::<Vec<_>>()
    };
    assert_eq!(met(0), [("order.status", "Pending Fulfillment", false)]);
    let pickup = [
        ("order.status", "Pending Fulfillment", true),
        ("order.ship_method", "Pickup in store", true),
        ("order.send_to_x_series", "false", false),
    ];
    assert_eq!(met(1), pickup);
    world.end().await;
}

#[tokio::test]
async fn a_new_revision_is_taken_up_within_two_seconds_and_each_decision_keeps_its_own() {
    let world = World::start().await;
    let first = world.enter(goods());
    let row = world.rests(first, "waiting(awaiting_till)").await;
    assert_eq!(row.revision, Some(1));
    let decided = world.store().passes(&row.id, 50).await.unwrap().len();

    let document = MAPPINGS.replace("name = \"Till\"", "name = \"Counter\"");
    let body = json!({ "document": document, "message": "another name" });
    let path = format!("/v1/connections/{CONNECTION}/mappings");
    assert_eq!(world.post(&path, &body, "operator").await.0, 403, "only administrators publish");
    let (status, answer) = world.post(&path, &body, "admin").await;
    assert_eq!((status, &answer["revision"]), (201, &json!(2)), "{answer}");
    let published = Instant::now();
    let second = loop {
        let asked = published.elapsed();
        let order = world.enter(goods());
        let row = world.rests(order, "waiting(awaiting_till)").await;
        if row.link.mapping.as_deref() == Some("Counter") {
            break row;
        }
        assert!(asked < Duration::from_secs(2), "an order entered {asked:?} after the publication was decided by revision 1");
    };
    let passes = world.store().passes(&second.id, 50).await.unwrap();
    assert!(passes.iter().all(|pass| pass.revision == Some(2)), "{passes:#?}");
    let (_, told) = world.get(&format!("/v1/orders/{first}/explanation"), "viewer").await;
    assert!(told["passes"].as_array().unwrap().iter().rev().take(decided).all(|pass| pass["revision"] == 1), "{told:#}");
    assert_eq!(told["passes"].as_array().unwrap().last().unwrap()["explanation"]["mapping"], "Till");

    // What it is decided by from now on is the new one, its history stays.
    world.complete(first, "Card");
    let row = world.rests(first, "synced(fulfilled_and_billed)").await;
    assert_eq!(row.revision, Some(2));
    let passes = world.store().passes(&row.id, 50).await.unwrap();
    assert_eq!(passes.last().unwrap().revision, Some(1));
    world.is_billed_once(first);
    world.end().await;
}

#[tokio::test]
async fn type_chaos_and_flat_sales_change_nothing_of_the_outcome() {
    let all = Chaos { numbers_as_strings: true, flat_sales: true, mixed_dates: true };
    for chaos in [Chaos { flat_sales: false, ..all }, all] {
        let world = Plan::default().sandbox(|sandbox| sandbox.x_series.chaos = chaos).start().await;
        let (to_pick_up, to_deliver, to_pay) = tokio::join!(
            world.through(pickup(), "waiting(awaiting_pickup)", "Card"),
            world.through(delivery(), "waiting(awaiting_dispatch)", "Card"),
            world.through(till(), "waiting(awaiting_till)", "Cash"),
        );
        for order in [to_pick_up, to_deliver, to_pay] {
            world.is_billed_once(order);
        }
        assert_eq!(world.netsuite().payments().len(), 1);
        world.end().await;
    }
}
