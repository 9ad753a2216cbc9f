//! Many at once: nothing runs twice, nothing is lost, and waiting receives share commits.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tillbridge::clock::Clock;
use tillbridge::domain::verdict::VerdictKind;
use tillbridge::store::{EventFilter, Received, Store};
use tokio::task::JoinSet;

use super::{World, claim, result, settled};

super::cases! {
    two_events_of_one_order_never_run_at_once_and_none_is_lost
    receives_that_wait_share_a_commit
    a_receive_whose_caller_is_gone_is_committed_all_the_same
    receives_do_not_starve_claims
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
