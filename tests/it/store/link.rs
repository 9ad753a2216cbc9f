//! Links, and orders that turn out to be one.

use serde_json::json;
use tillbridge::domain::ids::OrderId;
use tillbridge::domain::verdict::HoldKind;
use tillbridge::store::{CallKind, Claimed, Direction, LinkResult, NewCall, OrderState, Received, StoreError, Written};

use super::{World, begun, held, linked, of_the_till, settled};

super::cases! {
    a_stored_link_lets_the_echo_find_the_order
    an_id_of_another_order_is_told_and_not_stored
    a_merge_moves_everything_and_wakes_the_other
    a_merged_pair_comes_from_the_side_that_was_first_and_tells_how_it_became_one
    a_merge_into_a_working_order_is_seen_when_its_pass_ends
    a_merge_of_nothing_pending_is_news_all_the_same
    a_merge_into_an_order_held_for_an_operator_piles_up
    a_merge_needs_another_order_of_the_connection
}

/// Two orders: of a sales order, and of a sale; both claimed.
async fn pair(world: &World) -> (Claimed, Claimed) {
    let order = world.call_back("766").await;
    world.store.receive(world.webhook("s-1", "{}")).await.unwrap();
    let mut claimed = world.claim(10).await;
    assert_eq!(claimed.len(), 2);
    if claimed[0].order.id != order {
        claimed.swap(0, 1);
    }
    let second = claimed.pop().unwrap();
    (claimed.pop().unwrap(), second)
}

async fn a_stored_link_lets_the_echo_find_the_order(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    assert_eq!(world.store.link(&claimed.lease, &linked(Some("766"), Some("s-9"))).await.unwrap(), LinkResult::Linked);
    let echo = world.store.receive(world.webhook("s-9", "{}")).await.unwrap();
    assert!(matches!(echo, Received::New { order_id: Some(found), .. } if found == order));
}

async fn an_id_of_another_order_is_told_and_not_stored(world: World) {
    let (order, sale) = pair(&world).await;
    let taken = LinkResult::Taken(sale.order.id.clone());
    assert_eq!(world.store.link(&order.lease, &linked(Some("766"), Some("s-1"))).await.unwrap(), taken);
    assert_eq!(world.order(&order.order.id).await.link, linked(Some("766"), None));
    let taken = LinkResult::Taken(order.order.id.clone());
    assert_eq!(world.store.link(&sale.lease, &linked(Some("766"), Some("s-1"))).await.unwrap(), taken);
}

async fn a_merge_moves_everything_and_wakes_the_other(world: World) {
    let (order, sale) = pair(&world).await;
    world.finish(&order, settled()).await;
    let call = NewCall { kind: CallKind::CreateCustomer, key: "k-1".into(), request: json!({}) };
    begun(&world, &sale, call).await;
    world.finish(&sale, settled()).await;
    world.store.receive(world.webhook("s-1", "second")).await.unwrap();
    world.store.receive(world.webhook("s-1", "third")).await.unwrap();
    let sale = world.claim_one().await;
    assert_eq!(world.store.merge(&sale.lease, &order.order.id, of_the_till()).await.unwrap(), Written::Yes);
    assert_eq!(world.store.order(&sale.order.id).await.unwrap(), None);
    let row = world.order(&order.order.id).await;
    assert_eq!((row.state, row.due_at), (OrderState::Due, Some(world.now())));
    assert_eq!((row.enqueued_seq, row.handled_seq), (3, 1));
    assert_eq!(row.link, linked(Some("766"), Some("s-1")));
    let events = world.events_of(&row.id).await;
    let told: Vec<_> = events.iter().map(|event| (event.seq, event.verdict.is_some())).collect();
    assert_eq!(told, [(None, true), (Some(1), true), (Some(2), false), (Some(3), false)]);
    let (_, body) = world.store.event(&events[3].id).await.unwrap().unwrap();
    assert_eq!(body, b"third", "they keep their order");
    assert_eq!(world.store.calls_of(&row.id).await.unwrap().len(), 1);
    let passes = world.store.passes(&row.id, 10).await.unwrap();
    assert_eq!(passes.iter().filter(|pass| pass.verdict.is_some()).count(), 2);
    assert_eq!(world.store.find_orders(sale.order.id.as_str()).await.unwrap()[0].id, row.id, "the old id finds the order");
    let claimed = world.claim_one().await;
    world.finish(&claimed, settled()).await;
    assert_eq!(world.verdicts(&row.id).await, ["synced"; 4]);
    assert!(world.store.counts().await.unwrap().orders.contains(&(OrderState::Settled, 1)));
}

async fn a_merged_pair_comes_from_the_side_that_was_first_and_tells_how_it_became_one(world: World) {
    let (order, sale) = pair(&world).await;
    assert_eq!(world.order(&order.order.id).await.direction, Direction::NetsuiteToXSeries);
    assert_eq!(world.store.merge(&sale.lease, &order.order.id, of_the_till()).await.unwrap(), Written::Yes);
    // The pass that runs over the order that stays read the direction before.
    world.finish(&order, settled()).await;
    let row = world.order(&order.order.id).await;
    assert_eq!(row.direction, Direction::XSeriesToNetsuite);
    let passes = world.store.passes(&row.id, 10).await.unwrap();
    let merging = passes.iter().find(|pass| pass.reason.as_deref() == Some("merged")).unwrap();
    assert_eq!((merging.verdict, merging.revision, &merging.explanation), (None, Some(7), &json!({ "steps": ["merged"] })));
    assert!(merging.events.0 > merging.events.1, "it handled no event: {:?}", merging.events);
    assert!(merging.detail.as_ref().unwrap().contains(sale.order.id.as_str()), "{:?}", merging.detail);
    let claimed = world.claim_one().await;
    world.finish(&claimed, settled()).await;
    assert_eq!(world.verdicts(&row.id).await, ["synced", "synced"]);
    let counts = world.store.counts().await.unwrap();
    assert_eq!((counts.received, counts.verdicts.iter().map(|(_, n)| n).sum::<i64>()), (2, 2));
    assert!(counts.orders.contains(&(OrderState::Settled, 1)), "{:?}", counts.orders);
}

async fn a_merge_into_a_working_order_is_seen_when_its_pass_ends(world: World) {
    let (order, sale) = pair(&world).await;
    assert_eq!(world.store.merge(&sale.lease, &order.order.id, of_the_till()).await.unwrap(), Written::Yes);
    assert_eq!(world.order(&order.order.id).await.state, OrderState::Working);
    // The pass read its row before the merge and knows nothing of the sale.
    world.finish(&order, settled()).await;
    let row = world.order(&order.order.id).await;
    assert_eq!((row.state, row.due_at, row.link), (OrderState::Due, Some(world.now()), linked(Some("766"), Some("s-1"))));
    assert_eq!(world.verdicts(&row.id).await, ["synced", "-"]);
}

async fn a_merge_of_nothing_pending_is_news_all_the_same(world: World) {
    let (order, sale) = pair(&world).await;
    world.finish(&sale, super::waiting(Some(world.now()))).await;
    let sale = world.claim_one().await;
    world.store.merge(&sale.lease, &order.order.id, of_the_till()).await.unwrap();
    world.finish(&order, settled()).await;
    let row = world.order(&order.order.id).await;
    assert_eq!((row.state, row.due_at), (OrderState::Due, Some(world.now())));
}

async fn a_merge_into_an_order_held_for_an_operator_piles_up(world: World) {
    let (order, sale) = pair(&world).await;
    world.finish(&order, held(HoldKind::Operator)).await;
    world.store.merge(&sale.lease, &order.order.id, of_the_till()).await.unwrap();
    let row = world.order(&order.order.id).await;
    assert_eq!((row.state, row.due_at, row.enqueued_seq), (OrderState::Held, None, 2));
}

async fn a_merge_needs_another_order_of_the_connection(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    for into in [OrderId::from("nobody"), order.clone()] {
        assert!(matches!(world.store.merge(&claimed.lease, &into, of_the_till()).await, Err(StoreError::UnknownOrder(_))));
    }
    world.finish(&claimed, settled()).await;
}
