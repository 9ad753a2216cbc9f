//! What operators do to orders, and the counts they read.

use tillbridge::domain::ids::OrderId;
use tillbridge::domain::verdict::{HoldKind, VerdictKind};
use tillbridge::store::{EventSource, OperatorAction, OrderState, Written};

use super::{LEASE, World, held, result, settled};

super::cases! {
    a_release_lets_a_held_order_go_on_with_its_pile
    every_action_that_asks_for_work_makes_a_settled_order_due
    a_retry_ends_a_back_off_and_counts_afresh
    a_skip_decides_the_whole_pile
    a_skip_takes_the_order_out_of_a_workers_hands
    an_action_on_a_working_order_waits_for_its_pass
    an_action_does_not_wait_for_a_worker_that_is_gone
    an_action_on_no_order_is_none_and_leaves_no_event
    counts_follow_what_happens
}

async fn a_release_lets_a_held_order_go_on_with_its_pile(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, held(HoldKind::Operator)).await;
    world.call_back("766").await;
    let row = world.store.act(&order, OperatorAction::Release, "kim").await.unwrap().unwrap();
    assert_eq!((row.state, row.hold, row.due_at, row.attempt), (OrderState::Due, None, Some(world.now()), 0));
    assert_eq!(world.verdicts(&order).await, ["-", "-", "-"], "what was held is open again");
    let event = world.events_of(&order).await.pop().unwrap();
    assert_eq!((event.source, event.kind.as_str(), event.seq), (EventSource::Operator, "release", Some(3)));
    let (_, body) = world.store.event(&event.id).await.unwrap().unwrap();
    assert_eq!(body, br#"{"author":"kim"}"#);
    let claimed = world.claim_one().await;
    assert_eq!((claimed.upto, claimed.attempt), (3, 1));
    world.finish(&claimed, settled()).await;
    assert_eq!(world.verdicts(&order).await, ["synced", "synced", "synced"]);
}

async fn every_action_that_asks_for_work_makes_a_settled_order_due(world: World) {
    let order = world.call_back("766").await;
    for action in [OperatorAction::Retry, OperatorAction::Release, OperatorAction::Send, OperatorAction::Replay] {
        let claimed = world.claim_one().await;
        world.finish(&claimed, settled()).await;
        let before = world.verdicts(&order).await;
        let row = world.store.act(&order, action, "kim").await.unwrap().unwrap();
        assert_eq!((row.state, row.due_at), (OrderState::Due, Some(world.now())));
        let verdicts = world.verdicts(&order).await;
        assert_eq!((&verdicts[..before.len()], verdicts.last()), (before.as_slice(), Some(&"-")), "what is handled stays handled");
    }
}

async fn a_retry_ends_a_back_off_and_counts_afresh(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, super::retry(world.later(900))).await;
    world.store.act(&order, OperatorAction::Retry, "kim").await.unwrap().unwrap();
    assert_eq!(world.claim_one().await.attempt, 1);
}

async fn a_skip_decides_the_whole_pile(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, held(HoldKind::Operator)).await;
    world.call_back("766").await;
    let row = world.store.act(&order, OperatorAction::Skip, "kim").await.unwrap().unwrap();
    assert_eq!((row.state, row.hold, row.due_at, row.attempt), (OrderState::Settled, None, None, 0));
    assert_eq!((row.verdict, row.reason.as_deref()), (Some(VerdictKind::Ignored), Some("skipped")));
    assert_eq!((row.enqueued_seq, row.handled_seq), (3, 3));
    assert_eq!(world.verdicts(&order).await, ["ignored", "ignored", "ignored"]);
    assert_eq!(world.store.passes(&order, 1).await.unwrap()[0].reason.as_deref(), Some("skipped"));
    world.call_back("766").await;
    assert_eq!(world.claim_one().await.upto, 4, "the next event is work as ever");
}

async fn a_skip_takes_the_order_out_of_a_workers_hands(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.store.act(&order, OperatorAction::Skip, "kim").await.unwrap().unwrap();
    assert!(world.store.heartbeat(std::slice::from_ref(&claimed.lease), LEASE).await.unwrap().is_empty());
    assert_eq!(world.store.finish(&claimed, result(&claimed, settled())).await.unwrap(), Written::LeaseLost);
    assert_eq!(world.verdicts(&order).await, ["ignored", "ignored"]);
}

async fn an_action_on_a_working_order_waits_for_its_pass(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    let row = world.store.act(&order, OperatorAction::Send, "kim").await.unwrap().unwrap();
    assert_eq!((row.state, row.due_at, row.enqueued_seq), (OrderState::Working, claimed.order.due_at, 2));
    assert!(world.claim(10).await.is_empty());
    world.finish(&claimed, settled()).await;
    assert_eq!(world.verdicts(&order).await, ["synced", "-"]);
    assert_eq!(world.claim_one().await.upto, 2);
}

async fn an_action_does_not_wait_for_a_worker_that_is_gone(world: World) {
    let order = world.call_back("766").await;
    let gone = world.claim_one().await;
    world.pass_time(LEASE.as_secs());
    let row = world.store.act(&order, OperatorAction::Retry, "kim").await.unwrap().unwrap();
    assert_eq!((row.state, row.attempt), (OrderState::Due, 0));
    assert_eq!(world.store.finish(&gone, result(&gone, settled())).await.unwrap(), Written::LeaseLost);
    assert_eq!(world.claim_one().await.attempt, 1);
}

async fn an_action_on_no_order_is_none_and_leaves_no_event(world: World) {
    assert_eq!(world.store.act(&OrderId::from("nobody"), OperatorAction::Skip, "kim").await.unwrap(), None);
    assert_eq!(world.event_count().await, 0);
}

async fn counts_follow_what_happens(world: World) {
    let count = async || world.store.counts().await.unwrap();
    assert_eq!((count().await.received, count().await.oldest_due_ms), (0, 0));
    let order = world.call_back("1").await;
    world.call_back("2").await;
    world.pass_time(7);
    assert_eq!(count().await.oldest_due_ms, 7000);
    let claimed = world.claim(10).await;
    assert_eq!(count().await.oldest_due_ms, 0, "orders in hand are not overdue");
    for claimed in &claimed {
        world.finish(claimed, held(HoldKind::Operator)).await;
    }
    let counts = count().await;
    assert_eq!((counts.received, counts.held.clone()), (2, vec![("unresolved".to_owned(), 2)]));
    assert!(counts.orders.contains(&(OrderState::Held, 2)) && counts.orders.contains(&(OrderState::Due, 0)));
    world.store.act(&order, OperatorAction::Skip, "kim").await.unwrap();
    let counts = count().await;
    assert_eq!((counts.received, counts.held.clone()), (3, vec![("unresolved".to_owned(), 1)]));
    assert!(counts.verdicts.contains(&(VerdictKind::Ignored, 2)) && counts.verdicts.contains(&(VerdictKind::Held, 1)));
}
