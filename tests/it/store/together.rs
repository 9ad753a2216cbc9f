//! Many at once: nothing runs twice, nothing is lost, and waiting receives share commits.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tillbridge::clock::Clock;
use tillbridge::domain::verdict::{HoldKind, VerdictKind};
use tillbridge::store::{
    Begun, CallKind, CallOutcome, CallState, Claimed, End, EventFilter, Lease, LinkResult, NewCall, OperatorAction, OrderState, PassResult,
    Received, Store, StoreError, Written,
};
use tokio::task::JoinSet;

use super::{World, claim, held, linked, result, retry, settled, waiting};

super::cases! {
    two_events_of_one_order_never_run_at_once_and_none_is_lost
    receives_that_wait_share_a_commit
    a_receive_whose_caller_is_gone_is_committed_all_the_same
    receives_do_not_starve_claims
    passes_at_once_are_written_as_each_by_itself
}

const ORDERS: usize = 7;
const RECEIVERS: usize = 4;
const EVENTS: usize = 60;

async fn two_events_of_one_order_never_run_at_once_and_none_is_lost(world: World) {
    // A lease that is over at once would be claimed again: this test runs on the machine's clock.
    world.store.close().await;
    let store = Store::open(&world.url, 4, Clock::System).await.unwrap();
    let mut receivers = JoinSet::new();
    for receiver in 0..RECEIVERS {
        let (store, events) = (store.clone(), (0..EVENTS).map(|n| world.callback(&((n * RECEIVERS + receiver) % ORDERS).to_string())));
        let events: Vec<_> = events.collect();
        receivers.spawn(async move {
            for event in events {
                assert!(matches!(store.receive(event).await.unwrap(), Received::New { .. }));
            }
        });
    }
    let running = Arc::new(Mutex::new(HashSet::new()));
    let handled: Arc<Mutex<HashMap<String, i64>>> = Arc::default();
    let mut workers = JoinSet::new();
    for _ in 0..6 {
        let (store, running, handled) = (store.clone(), Arc::clone(&running), Arc::clone(&handled));
        workers.spawn(async move {
            loop {
                for claimed in store.claim(&claim(3)).await.unwrap() {
                    let id = claimed.order.id.as_str().to_owned();
                    assert!(running.lock().unwrap().insert(id.clone()), "{id} runs twice at once");
                    let events = store.pending_events(&claimed.order.id, claimed.upto).await.unwrap();
                    tokio::task::yield_now().await;
                    let seqs: Vec<i64> = events.iter().map(|event| event.seq.unwrap()).collect();
                    let before = handled.lock().unwrap().insert(id.clone(), claimed.upto).unwrap_or(0);
                    assert_eq!(seqs, (before + 1..=claimed.upto).collect::<Vec<_>>(), "each event once, in order");
                    assert!(running.lock().unwrap().remove(&id));
                    store.finish(&claimed, result(&claimed, settled())).await.unwrap();
                }
                if handled.lock().unwrap().values().sum::<i64>() == i64::try_from(RECEIVERS * EVENTS).unwrap() {
                    return;
                }
            }
        });
    }
    receivers.join_all().await;
    tokio::time::timeout(Duration::from_secs(30), workers.join_all()).await.unwrap();
    let events = store.events(&EventFilter::default(), None, 10_000).await.unwrap().items;
    assert_eq!(events.len(), RECEIVERS * EVENTS);
    assert!(events.iter().all(|event| event.verdict == Some(VerdictKind::Synced)));
    store.close().await;
}

async fn receives_that_wait_share_a_commit(world: World) {
    let before = world.store.writer_stats();
    let mut callers = JoinSet::new();
    for n in 0..400 {
        let (store, event) = (world.store.clone(), world.callback(&(n % 10).to_string()));
        callers.spawn(async move { store.receive(event).await.unwrap() });
    }
    assert_eq!(callers.join_all().await.len(), 400);
    let after = world.store.writer_stats();
    assert_eq!(after.writes - before.writes, 400);
    assert!(after.commits - before.commits <= 100, "{} commits for 400 receives", after.commits - before.commits);
    assert_eq!(world.event_count().await, 400);
    for order in world.claim(100).await {
        assert_eq!(order.upto, 40);
    }
}

async fn a_receive_whose_caller_is_gone_is_committed_all_the_same(mut world: World) {
    let event = world.callback("766");
    {
        let receive = world.store.receive(event.clone());
        tokio::pin!(receive);
        // Polled until it is handed over, then dropped.
        let gone = futures_util::future::poll_fn(|context| {
            let _ = receive.as_mut().poll(context);
            std::task::Poll::Ready(())
        });
        gone.await;
    }
    world.reopen().await;
    assert_eq!(world.event_count().await, 1);
    assert!(matches!(world.store.receive(event).await.unwrap(), Received::Duplicate { .. }));
    assert_eq!(world.claim_one().await.upto, 1);
}

async fn receives_do_not_starve_claims(world: World) {
    world.call_back("first").await;
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let (store, events) = (world.store.clone(), (0..100).map(|_| world.callback("busy")).collect::<Vec<_>>());
        callers.spawn(async move {
            for event in events {
                store.receive(event).await.unwrap();
            }
        });
    }
    let claimed = tokio::time::timeout(Duration::from_secs(5), world.claim(1)).await.unwrap();
    assert_eq!(claimed.len(), 1);
    callers.join_all().await;
}

/// So many passes run beside each other.
const PASSES: usize = 24;

/// The link, the call and the end of each of many orders at once. Some meet what stands in the way of them: another order has their sale
/// (1 has that of 0) or their call (3 has that of 2), their lease is gone (5), an event came meanwhile (7), an operator asked for a retry (9).
async fn passes_at_once_are_written_as_each_by_itself(world: World) {
    for n in 0..PASSES {
        world.call_back(&n.to_string()).await;
    }
    let mut passes = world.claim(PASSES).await;
    passes.sort_by_key(number);
    passes[5].lease = Lease { token: passes[5].lease.token + 1, ..passes[5].lease.clone() };
    world.call_back("7").await;
    world.store.act(&passes[9].order.id, OperatorAction::Retry, "kim").await.unwrap();
    let before = world.store.writer_stats();

    let store = &world.store;
    let links = passes.iter().map(|claimed| async move {
        let sale = format!("sale-{}", if number(claimed) == 1 { 0 } else { number(claimed) });
        store.link(&claimed.lease, &linked(Some(&number(claimed).to_string()), Some(&sale))).await.unwrap()
    });
    let links = join_all(links).await;
    let calls = join_all(passes.iter().map(|claimed| {
        let key = format!("call-{}", if number(claimed) == 3 { 2 } else { number(claimed) });
        world.store.begin_call(claimed, NewCall { kind: CallKind::CreateSale, key, request: json!({ "order": number(claimed) }) })
    }));
    let calls = calls.await;
    let settled_calls = join_all(passes.iter().zip(&calls).filter_map(|(claimed, call)| match call {
        Ok(Begun::Now(call)) => Some(world.store.settle_call(&claimed.lease, &call.id, outcome_of(number(claimed)))),
        _ => None,
    }));
    assert!(settled_calls.await.into_iter().all(|settled| settled.unwrap() == Written::Yes));
    let ends = join_all(passes.iter().map(|claimed| {
        let alias = format!("INV-{}", number(claimed));
        let result = PassResult { aliases: vec![alias], ..result(claimed, end_of(&world, number(claimed))) };
        world.store.finish(claimed, result)
    }));
    let ends = ends.await;
    let after = world.store.writer_stats();
    let (writes, commits) = (after.writes - before.writes, after.commits - before.commits);
    assert!(commits * 2 <= writes, "{commits} commits for {writes} writes");

    let (mut taken, mut elsewhere) = (Vec::new(), Vec::new());
    for (claimed, ((link, call), end)) in passes.iter().zip(links.into_iter().zip(calls).zip(ends)) {
        let (n, row) = (number(claimed), world.order(&claimed.order.id).await);
        if n == 5 {
            assert_eq!((&link, end.unwrap()), (&LinkResult::LeaseLost, Written::LeaseLost));
            assert!(matches!(call, Ok(Begun::LeaseLost)), "{call:?}");
            assert_eq!((row.state, row.link.x_series_id), (OrderState::Working, None));
            assert!(world.store.calls_of(&row.id).await.unwrap().is_empty());
            continue;
        }
        match link {
            LinkResult::Linked => assert_eq!(row.link.x_series_id, Some(format!("sale-{}", if n == 1 { 0 } else { n }).as_str().into())),
            LinkResult::Taken(other) => taken.push((n, other)),
            LinkResult::LeaseLost => panic!("{n} lost its lease"),
        }
        match call {
            Ok(Begun::Now(call)) => {
                let stored = world.store.calls_of(&row.id).await.unwrap();
                assert_eq!((stored.len(), &stored[0].id, &stored[0].request), (1, &call.id, &json!({ "order": n })));
                let CallOutcome { state, http_status, answer, remote_id } = outcome_of(n);
                assert_eq!(
                    (stored[0].state, stored[0].http_status, &stored[0].answer, &stored[0].remote_id),
                    (state, http_status, &answer, &remote_id)
                );
            }
            Err(StoreError::KeyTaken { other, .. }) => elsewhere.push((n, other)),
            call => panic!("{n}: {call:?}"),
        }
        assert_eq!(end.unwrap(), Written::Yes);
        let expected = match n {
            7 => (OrderState::Due, Some(VerdictKind::Synced), None, Some(world.now()), 0),
            9 => (OrderState::Due, None, None, Some(world.now()), 0),
            _ => match n % 4 {
                0 => (OrderState::Waiting, Some(VerdictKind::Waiting), None, Some(world.later(60)), 0),
                1 => (OrderState::Due, None, None, Some(world.later(30)), 1),
                2 => (OrderState::Held, Some(VerdictKind::Held), Some(HoldKind::Facts), None, 0),
                _ => (OrderState::Settled, Some(VerdictKind::Synced), None, None, 0),
            },
        };
        assert_eq!((row.state, row.verdict, row.hold, row.due_at, row.attempt), expected, "{n}");
        let verdict = expected.1.map_or("-", VerdictKind::word);
        let events = world.verdicts(&row.id).await;
        assert_eq!(events[0], verdict, "{n}: {events:?}");
        assert_eq!(events.len(), if n == 7 || n == 9 { 2 } else { 1 });
        let history = world.store.passes(&row.id, 10).await.unwrap();
        assert_eq!((history.len(), history[0].events), (1, (1, 1)), "{n}");
        assert_eq!(world.store.find_orders(&format!("inv-{n}")).await.unwrap().len(), 1);
    }
    assert!(
        matches!(taken.as_slice(), [(0, other)] if *other == passes[1].order.id)
            || matches!(taken.as_slice(), [(1, other)] if *other == passes[0].order.id),
        "{taken:?}"
    );
    assert!(
        matches!(elsewhere.as_slice(), [(2, other)] if *other == passes[3].order.id)
            || matches!(elsewhere.as_slice(), [(3, other)] if *other == passes[2].order.id),
        "{elsewhere:?}"
    );
    let counts = world.store.counts().await.unwrap();
    let working = counts.orders.iter().find(|(state, _)| *state == OrderState::Working).map(|(_, count)| *count);
    assert_eq!(working, Some(1), "{counts:?}");
}

/// The number that its sales order has.
fn number(claimed: &Claimed) -> usize {
    claimed.order.link.netsuite_id.as_ref().unwrap().as_str().parse().unwrap()
}

fn end_of(world: &World, n: usize) -> End {
    match n % 4 {
        0 => waiting(Some(world.later(60))),
        1 => retry(world.later(30)),
        2 => held(HoldKind::Facts),
        _ => settled(),
    }
}

fn outcome_of(n: usize) -> CallOutcome {
    if n.is_multiple_of(2) {
        CallOutcome { state: CallState::Done, http_status: None, answer: None, remote_id: Some(format!("made-{n}")) }
    } else {
        CallOutcome { state: CallState::Failed, http_status: Some(400), answer: Some(format!("refused {n}")), remote_id: None }
    }
}
