//! Calls: the intent before, the fate after.

use serde_json::json;
use tillbridge::store::{Begun, CallFilter, CallKind, CallOutcome, CallState, NewCall, PassResult, StoreError};

use super::{World, begun, connection, result, settled};

super::cases! {
    a_bill_finds_the_order_that_it_was_booked_for
    a_begun_call_is_there_again_after_a_crash
    the_same_key_again_gives_the_same_call_unchanged
    a_failed_call_is_begun_afresh_and_counts_its_attempts
    a_key_of_another_order_is_refused
    a_call_goes_through_its_life
    calls_in_doubt_are_listed_first
}

fn create(key: &str, total: i64) -> NewCall {
    NewCall { kind: CallKind::CreateSale, key: key.to_owned(), request: json!({ "total": total, "note": "naïve \"quotes\"" }) }
}

fn outcome(state: CallState) -> CallOutcome {
    CallOutcome { state, http_status: Some(504), answer: Some("no answer".to_owned()), remote_id: None }
}

async fn a_begun_call_is_there_again_after_a_crash(mut world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    begun(&world, &claimed, create("k-1", 5)).await;
    world.reopen().await;
    let calls = world.store.calls_of(&order).await.unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].state, calls[0].attempts, &calls[0].request), (CallState::Sent, 1, &create("k-1", 5).request));
}

async fn the_same_key_again_gives_the_same_call_unchanged(world: World) {
    world.call_back("766").await;
    let claimed = world.claim_one().await;
    let first = begun(&world, &claimed, create("k-1", 5)).await;
    world.pass_time(1);
    assert_eq!(world.store.begin_call(&claimed, create("k-1", 6)).await.unwrap(), Begun::Before(first.clone()));
    for state in [CallState::Sent, CallState::InDoubt, CallState::Done] {
        world.store.settle_call(&claimed.lease, &first.id, outcome(state)).await.unwrap();
        match world.store.begin_call(&claimed, create("k-1", 6)).await.unwrap() {
            Begun::Before(again) => assert_eq!((again.state, &again.request), (state, &first.request)),
            begun => panic!("{begun:?}"),
        }
    }
}

async fn a_failed_call_is_begun_afresh_and_counts_its_attempts(world: World) {
    world.call_back("766").await;
    let claimed = world.claim_one().await;
    let first = begun(&world, &claimed, create("k-1", 5)).await;
    world.store.settle_call(&claimed.lease, &first.id, outcome(CallState::Failed)).await.unwrap();
    let again = begun(&world, &claimed, create("k-1", 6)).await;
    assert_eq!((&again.id, again.state, again.attempts), (&first.id, CallState::Sent, 2));
    assert_eq!((&again.request, again.http_status, again.answer), (&create("k-1", 6).request, None, None));
}

async fn a_key_of_another_order_is_refused(world: World) {
    let order = world.call_back("1").await;
    world.call_back("2").await;
    let claimed = world.claim(10).await;
    let (mine, theirs) = if claimed[0].order.id == order { (&claimed[0], &claimed[1]) } else { (&claimed[1], &claimed[0]) };
    begun(&world, mine, create("k-1", 5)).await;
    match world.store.begin_call(theirs, create("k-1", 5)).await {
        Err(StoreError::KeyTaken { key, other }) => assert_eq!((key.as_str(), other), ("k-1", order)),
        result => panic!("{result:?}"),
    }
}

async fn a_call_goes_through_its_life(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    let call = begun(&world, &claimed, create("k-1", 5)).await;
    assert_eq!((call.state, call.attempts, call.created_at), (CallState::Sent, 1, world.now()));
    world.store.settle_call(&claimed.lease, &call.id, outcome(CallState::InDoubt)).await.unwrap();
    world.store.settle_call(&claimed.lease, &call.id, outcome(CallState::Failed)).await.unwrap();
    assert_eq!(begun(&world, &claimed, create("k-1", 5)).await.id, call.id);
    world.pass_time(1);
    let done = CallOutcome { state: CallState::Done, http_status: Some(201), answer: None, remote_id: Some("s-1".into()) };
    world.store.settle_call(&claimed.lease, &call.id, done).await.unwrap();
    let row = world.store.calls_of(&order).await.unwrap().remove(0);
    assert_eq!((row.state, row.attempts, row.http_status), (CallState::Done, 2, Some(201)));
    assert_eq!((row.remote_id.as_deref(), row.answer, row.updated_at), (Some("s-1"), None, world.now()));
    world.finish(&claimed, settled()).await;
    assert_eq!(world.store.begin_call(&claimed, create("k-2", 5)).await.unwrap(), Begun::LeaseLost);
    assert!(world.store.counts().await.unwrap().calls.contains(&(CallState::Done, 1)));
}

async fn calls_in_doubt_are_listed_first(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    for (n, state) in [CallState::InDoubt, CallState::Done, CallState::InDoubt, CallState::Failed].into_iter().enumerate() {
        let call = begun(&world, &claimed, create(&format!("k-{n}"), 5)).await;
        world.store.settle_call(&claimed.lease, &call.id, outcome(state)).await.unwrap();
        world.pass_time(1);
    }
    for filter in [CallFilter::default(), CallFilter { order_id: Some(order), ..CallFilter::default() }] {
        let mut keys = Vec::new();
        let mut cursor = None;
        loop {
            let page = world.store.calls(&filter, cursor.as_deref(), 3).await.unwrap();
            keys.extend(page.items.into_iter().map(|call| call.key));
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        assert_eq!(keys, ["k-2", "k-0", "k-3", "k-1"]);
    }
    let failed = CallFilter { state: Some(CallState::Failed), ..CallFilter::default() };
    assert_eq!(world.store.calls(&failed, None, 10).await.unwrap().items.len(), 1);
}

async fn a_bill_finds_the_order_that_it_was_booked_for(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    for (kind, key, id) in [(CallKind::CashSale, "tb-tcs-1", "901"), (CallKind::Payment, "tb-pay-1", "902")] {
        let call = NewCall { kind, key: key.to_owned(), request: json!({}) };
        let call = begun(&world, &claimed, call).await;
        assert_eq!(world.store.order_of_bill(&connection(), &id.into()).await.unwrap(), None);
        let done = CallOutcome { state: CallState::Done, http_status: None, answer: None, remote_id: Some(id.to_owned()) };
        world.store.settle_call(&claimed.lease, &call.id, done).await.unwrap();
    }
    let names = ["901", "902", "903"].map(str::to_owned).to_vec();
    world.store.finish(&claimed, PassResult { aliases: names, ..result(&claimed, settled()) }).await.unwrap();
    assert_eq!(world.store.order_of_bill(&connection(), &"901".into()).await.unwrap(), Some(order));
    for other in ["902", "903", "904"] {
        assert_eq!(world.store.order_of_bill(&connection(), &other.into()).await.unwrap(), None, "{other}");
    }
    assert_eq!(world.store.order_of_bill(&"another".into(), &"901".into()).await.unwrap(), None);
    assert_eq!(world.store.call_by_key(&connection(), "tb-tcs-1").await.unwrap().unwrap().remote_id.as_deref(), Some("901"));
    assert_eq!(world.store.call_by_key(&connection(), "tb-tcs-2").await.unwrap(), None);
}
