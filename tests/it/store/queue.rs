//! Claims, leases and tokens.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tillbridge::domain::ids::{CallId, ConnectionId};
use tillbridge::store::{Begun, CallKind, CallOutcome, CallState, ClaimRequest, Lease, LinkResult, NewCall, NewEvent, OrderState, Written};

use super::{LEASE, World, begun, claim, linked, of_the_till, result, settled};

super::cases! {
    a_claim_takes_the_longest_due_first_and_no_more_than_asked
    a_claim_keeps_to_the_connections_it_is_told
    a_claimed_order_is_not_claimed_again_until_its_lease_ends
    an_expired_lease_is_claimed_again_and_the_old_token_is_refused
    an_expired_lease_that_nobody_claimed_may_still_finish
    a_heartbeat_extends_what_is_ours
    attempts_count_claims_since_the_last_success
    the_next_due_time_counts_the_ends_of_leases
    a_commit_that_makes_work_wakes_a_waiter
    a_pass_sees_the_events_up_to_its_claim
}

async fn a_claim_takes_the_longest_due_first_and_no_more_than_asked(world: World) {
    let mut orders = Vec::new();
    for (id, seconds) in [("1", 3), ("2", 1), ("3", 2), ("4", 60)] {
        world.store.receive(NewEvent { due_at: world.later(seconds), ..world.callback(id) }).await.unwrap();
        orders.push(world.store.find_orders(id).await.unwrap().remove(0).id);
    }
    world.pass_time(10);
    assert!(world.claim(0).await.is_empty());
    let first = world.claim(1).await;
    assert_eq!(first.iter().map(|claimed| &claimed.order.id).collect::<Vec<_>>(), [&orders[1]]);
    let rest = world.claim(10).await;
    assert_eq!(rest.len(), 2);
    assert!(rest.iter().all(|claimed| claimed.order.id != orders[3]), "it is not due yet");
}

async fn a_claim_keeps_to_the_connections_it_is_told(world: World) {
    world.call_back("1").await;
    let elsewhere = ConnectionId::from("acme-au");
    world.store.receive(NewEvent { connection: elsewhere.clone(), ..world.callback("2") }).await.unwrap();
    let request = |ids: &[&str]| ClaimRequest { connections: ids.iter().map(|id| ConnectionId::from(*id)).collect(), ..claim(10) };
    assert!(world.store.claim(&request(&["nobody"])).await.unwrap().is_empty());
    let claimed = world.store.claim(&request(&["acme-au"])).await.unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].order.connection, elsewhere);
    assert_eq!(world.store.claim(&request(&["acme-au", "acme-nz"])).await.unwrap().len(), 1);
}

async fn a_claimed_order_is_not_claimed_again_until_its_lease_ends(world: World) {
    world.call_back("766").await;
    let first = world.claim_one().await;
    assert_eq!((first.order.state, first.order.due_at), (OrderState::Working, Some(world.later(LEASE.as_secs()))));
    assert_eq!((first.upto, first.attempt, first.lease.token), (1, 1, 1));
    world.pass_time(LEASE.as_secs() - 1);
    assert!(world.claim(10).await.is_empty());
    world.pass_time(1);
    let second = world.claim_one().await;
    assert_eq!((second.attempt, second.lease.token), (2, 2));
}

async fn an_expired_lease_is_claimed_again_and_the_old_token_is_refused(world: World) {
    let order = world.call_back("766").await;
    let old = world.claim_one().await;
    let new_call = || NewCall { kind: CallKind::CreateSale, key: "k-1".to_owned(), request: json!({}) };
    let call = begun(&world, &old, new_call()).await;
    world.pass_time(LEASE.as_secs());
    let new = world.claim_one().await;
    let before = (world.order(&order).await, world.store.calls_of(&order).await.unwrap());
    let outcome = CallOutcome { state: CallState::Done, http_status: Some(200), answer: None, remote_id: None };
    assert_eq!(world.store.finish(&old, result(&old, settled())).await.unwrap(), Written::LeaseLost);
    assert!(world.store.heartbeat(std::slice::from_ref(&old.lease), LEASE).await.unwrap().is_empty());
    assert_eq!(world.store.begin_call(&old, new_call()).await.unwrap(), Begun::LeaseLost);
    assert_eq!(world.store.settle_call(&old.lease, &call.id, outcome).await.unwrap(), Written::LeaseLost);
    assert_eq!(world.store.link(&old.lease, &linked(Some("766"), Some("s-1"))).await.unwrap(), LinkResult::LeaseLost);
    assert_eq!(world.store.merge(&old.lease, &order, of_the_till()).await.unwrap(), Written::LeaseLost);
    assert_eq!((world.order(&order).await, world.store.calls_of(&order).await.unwrap()), before, "nothing was written");
    world.finish(&new, settled()).await;
    assert_eq!(world.store.finish(&new, result(&new, settled())).await.unwrap(), Written::LeaseLost, "a pass ends once");
}

async fn an_expired_lease_that_nobody_claimed_may_still_finish(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.pass_time(LEASE.as_secs() * 2);
    world.finish(&claimed, settled()).await;
    assert_eq!(world.verdicts(&order).await, ["synced"]);
    assert!(world.claim(10).await.is_empty());
}

async fn a_heartbeat_extends_what_is_ours(world: World) {
    world.call_back("1").await;
    world.call_back("2").await;
    let claimed = world.claim(10).await;
    world.finish(&claimed[1], settled()).await;
    let mut leases: Vec<Lease> = claimed.iter().map(|claimed| claimed.lease.clone()).collect();
    leases.push(Lease { order_id: "nobody".into(), token: 1 });
    leases.push(Lease { token: 99, ..leases[0].clone() });
    world.pass_time(200);
    let ours = world.store.heartbeat(&leases, LEASE).await.unwrap();
    assert_eq!(ours, [claimed[0].lease.clone()]);
    world.pass_time(299);
    assert!(world.claim(10).await.is_empty());
    assert!(world.store.heartbeat(&[], LEASE).await.unwrap().is_empty());
}

async fn attempts_count_claims_since_the_last_success(world: World) {
    world.call_back("766").await;
    for attempt in 1..=3 {
        let claimed = world.claim_one().await;
        assert_eq!(claimed.attempt, attempt);
        world.finish(&claimed, super::retry(world.later(1))).await;
        world.pass_time(1);
    }
    let claimed = world.claim_one().await;
    assert_eq!(claimed.attempt, 4);
    world.finish(&claimed, settled()).await;
    world.call_back("766").await;
    assert_eq!(world.claim_one().await.attempt, 1);
}

async fn the_next_due_time_counts_the_ends_of_leases(world: World) {
    assert_eq!(world.store.next_due(Timestamp::UNIX_EPOCH).await.unwrap(), None);
    world.store.receive(NewEvent { due_at: world.later(5), ..world.callback("1") }).await.unwrap();
    assert_eq!(world.store.next_due(Timestamp::UNIX_EPOCH).await.unwrap(), Some(world.later(5)));
    assert_eq!(world.store.next_due(world.later(5)).await.unwrap(), None, "what is due was claimed, or was not to be had");
    world.pass_time(5);
    let claimed = world.claim_one().await;
    assert_eq!(world.store.next_due(Timestamp::UNIX_EPOCH).await.unwrap(), Some(world.later(LEASE.as_secs())));
    world.finish(&claimed, settled()).await;
    assert_eq!(world.store.next_due(Timestamp::UNIX_EPOCH).await.unwrap(), None);
}

async fn a_commit_that_makes_work_wakes_a_waiter(world: World) {
    let soon = Duration::from_secs(5);
    let (woken, _) = tokio::join!(tokio::time::timeout(soon, world.store.wait_for_work(world.later(1))), world.call_back("1"));
    assert!(woken.is_ok());
    world.call_back("2").await;
    assert!(
        tokio::time::timeout(soon, world.store.wait_for_work(world.later(1))).await.is_ok(),
        "a wake-up that nobody waited for is kept"
    );
    world.claim(10).await;
    let idle = async |until| tokio::time::timeout(Duration::from_millis(50), world.store.wait_for_work(until)).await.is_err();
    assert!(idle(world.later(1)).await, "a claim makes no work");
    let later = NewEvent { due_at: world.later(10), ..world.callback("3") };
    world.store.receive(later).await.unwrap();
    assert!(idle(world.later(10)).await, "the worker looks by then anyhow");
    assert!(!idle(world.later(11)).await);
}

async fn a_pass_sees_the_events_up_to_its_claim(world: World) {
    let order = world.call_back("766").await;
    world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.call_back("766").await;
    let pending = world.store.pending_events(&order, claimed.upto).await.unwrap();
    assert_eq!(pending.iter().map(|event| event.seq).collect::<Vec<_>>(), [Some(1), Some(2)]);
    let nobody = CallId::from("nobody");
    let outcome = CallOutcome { state: CallState::Done, http_status: None, answer: None, remote_id: None };
    assert!(world.store.settle_call(&claimed.lease, &nobody, outcome).await.is_err(), "a call that is not there cannot be settled");
}
