//! What only happens to a server: sessions that are cut, locks of others, other replicas, other versions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sqlx::Executor as _;
use tillbridge::clock::Clock;
use tillbridge::domain::verdict::VerdictKind;
use tillbridge::store::{EventFilter, NewEvent, OperatorAction, OrderFilter, Received, Store, StoreError, Written};
use tokio::task::JoinSet;

use super::{LEASE, MIGRATIONS, World, claim, result, retry, settled};
use crate::postgres::Schema;

/// Another replica on the same rows.
async fn replica(world: &World) -> Store {
    Store::open(&world.url, 2, world.clock.clone()).await.unwrap()
}

/// Ends the sessions of an application.
async fn cut(schema: &Schema, application: &str) -> usize {
    let mut conn = schema.connect().await;
    let cut: Vec<bool> = sqlx::query_scalar("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1")
        .bind(application)
        .fetch_all(&mut conn)
        .await
        .unwrap();
    cut.len()
}

/// Receives an event as a patient sender does: again, while the store is unavailable.
async fn deliver(store: &Store, event: &NewEvent) -> Received {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match store.receive(event.clone()).await {
            Ok(received) => return received,
            Err(StoreError::Unavailable { .. }) => assert!(Instant::now() < until, "the store never came back"),
            Err(error) => panic!("{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn commits_reach_the_disk_whatever_the_servers_default() {
    let world = World::postgres().await;
    world
        .schema()
        .run(
            "CREATE TABLE seen (setting TEXT); \
             CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN INSERT INTO seen VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$; \
             CREATE TRIGGER look AFTER INSERT OR UPDATE ON probe FOR EACH ROW EXECUTE FUNCTION look(); \
             CREATE TRIGGER look AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION look()",
        )
        .await;
    let careless = format!("{}&options=-c%20synchronous_commit%3Doff", world.url);
    let store = Store::open(&careless, 2, world.clock.clone()).await.unwrap();
    store.ping().await.unwrap();
    store.receive(world.callback("1")).await.unwrap();
    let seen: Vec<String> = sqlx::query_scalar("SELECT setting FROM seen").fetch_all(&mut world.schema().connect().await).await.unwrap();
    assert_eq!(seen, ["on", "on"]);
}

#[tokio::test]
async fn a_bad_event_does_not_fail_its_neighbours() {
    let world = World::postgres().await;
    world
        .schema()
        .run(
            "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poison'; END $$; \
             CREATE TRIGGER poison BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.kind = 'poison') EXECUTE FUNCTION poison()",
        )
        .await;
    let events = (0..30).map(|n| {
        let event = world.callback(&(n % 3).to_string());
        if n % 10 == 4 { NewEvent { kind: "poison".to_owned(), ..event } } else { event }
    });
    let answers = futures_util::future::join_all(events.map(|event| world.store.receive(event))).await;
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(Received::New { .. }) => assert_ne!(n % 10, 4),
            Err(StoreError::Query { .. }) => assert_eq!(n % 10, 4),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.event_count().await, 27);
    assert_eq!(world.claim(10).await.iter().map(|claimed| claimed.upto).sum::<i64>(), 27, "no number is lost");
}

#[tokio::test]
async fn long_bodies_come_in_whole_whether_or_not_the_way_is_encrypted() {
    let world = World::postgres().await;
    for (at, mode) in ["disable", "prefer"].into_iter().enumerate() {
        let store = Store::open(&format!("{}&sslmode={mode}", world.url), 2, world.clock.clone()).await.unwrap();
        let body = |n: usize| vec![u8::try_from(n).unwrap(); 700 * n];
        let events = (0..80).map(|n| NewEvent { body: body(n), ..world.callback(&(40 * at + n % 60).to_string()) });
        let answers = futures_util::future::join_all(events.map(|event| store.receive(event))).await;
        for (n, answer) in answers.into_iter().enumerate() {
            let Ok(Received::New { event_id, .. }) = answer else { panic!("{answer:?}") };
            assert_eq!(store.event(&event_id).await.unwrap().unwrap().1, body(n), "{mode}: {n}");
        }
        store.close().await;
    }
    assert_eq!(world.event_count().await, 160);
    assert_eq!(world.claim(200).await.iter().map(|claimed| claimed.upto).sum::<i64>(), 160, "no number is lost or given twice");
}

#[tokio::test]
async fn a_table_locked_by_somebody_else_is_unavailable_in_bounded_time_and_recovers() {
    let world = World::postgres().await;
    let order = world.call_back("1").await;
    let mut other = world.schema().connect().await;
    other.execute("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let begun = Instant::now();
    let event = world.callback("1");
    let (received, acted) = tokio::join!(world.store.receive(event.clone()), world.store.act(&order, OperatorAction::Retry, "kim"));
    assert!(matches!(received, Err(StoreError::Unavailable { .. })), "{received:?}");
    assert!(matches!(acted, Err(StoreError::Unavailable { .. })), "{acted:?}");
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    other.execute("ROLLBACK").await.unwrap();
    assert!(matches!(world.store.receive(event).await.unwrap(), Received::New { .. }));
    assert_eq!(world.order(&order).await.enqueued_seq, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_cut_at_any_moment_lose_nothing_and_double_nothing() {
    const SENDERS: usize = 4;
    const EVENTS: usize = 300;
    let world = World::postgres().await;
    let name = format!("cut_{}", uuid::Uuid::new_v4().simple());
    let store = Store::open(&world.schema().url_as(&name), 2, world.clock.clone()).await.unwrap();
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let (store, events) = (store.clone(), (0..EVENTS).map(|n| world.callback(&((n + sender) % 7).to_string())).collect::<Vec<_>>());
        senders.spawn(async move {
            for event in events {
                deliver(&store, &event).await;
            }
        });
    }
    let mut ended = 0;
    while !senders.is_empty() {
        ended += cut(world.schema(), &name).await;
        tokio::select! {
            Some(sender) = senders.join_next() => sender.unwrap(),
            () = tokio::time::sleep(Duration::from_millis(30)) => {}
        }
    }
    assert!(ended > 10, "only {ended} sessions were cut: this proves little");
    assert_eq!(world.event_count().await, SENDERS * EVENTS);
    assert_eq!(world.store.counts().await.unwrap().received, i64::try_from(SENDERS * EVENTS).unwrap());
    let claimed = world.claim(100).await;
    assert_eq!(claimed.iter().map(|claimed| claimed.upto).sum::<i64>(), i64::try_from(SENDERS * EVENTS).unwrap());
    store.close().await;
}

#[tokio::test]
async fn a_server_that_is_gone_is_unavailable_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let world = World::postgres().await;
    let begun = Instant::now();
    let error = Store::open(&format!("postgres://kim@{address}/till"), 2, Clock::System).await.unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    drop(world);
}

#[tokio::test]
async fn one_key_at_two_replicas_is_one_event() {
    let world = World::postgres().await;
    let other = replica(&world).await;
    for n in 0..40 {
        let event = world.callback(&n.to_string());
        let moved = NewEvent { order: Some(tillbridge::store::OrderRef::NetSuite(format!("{n}b").as_str().into())), ..event.clone() };
        let (one, two) = tokio::join!(world.store.receive(event), other.receive(if n % 2 == 0 { moved } else { world.callback("x") }));
        let new = [one.unwrap(), two.unwrap()].iter().filter(|received| matches!(received, Received::New { .. })).count();
        assert_eq!(new, if n % 2 == 0 { 1 } else { 2 });
    }
    assert_eq!(world.event_count().await, 60);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_do_everything_at_once_never_wait_for_each_other_in_vain() {
    const ROUNDS: usize = 40;
    let world = World::postgres().await;
    let stores = [world.store.clone(), replica(&world).await];
    let done = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for (at, store) in stores.iter().enumerate() {
        for lane in 0..3 {
            // The orders in opposite directions, callbacks and webhooks, so that batches lock and make the same rows.
            let events: Vec<_> = (0..ROUNDS)
                .map(|n| if at == 0 { n } else { ROUNDS - n })
                .map(|n| {
                    if lane == 2 {
                        world.webhook(&format!("s-{}", n % 9), &format!("{at}-{n}"))
                    } else {
                        world.callback(&(n % 9).to_string())
                    }
                })
                .collect();
            let store = store.clone();
            tasks.spawn(async move {
                for event in events {
                    assert!(matches!(store.receive(event).await.unwrap(), Received::New { .. }));
                }
            });
        }
    }
    let mut workers = JoinSet::new();
    for (at, store) in stores.iter().enumerate() {
        let (store, done, now) = (store.clone(), Arc::clone(&done), world.now());
        let mut random = fastrand::Rng::with_seed(at as u64);
        workers.spawn(async move {
            while !done.load(Ordering::SeqCst) {
                let claimed = store.claim(&claim(5)).await.unwrap();
                let leases: Vec<_> = claimed.iter().rev().map(|claimed| claimed.lease.clone()).collect();
                assert_eq!(store.heartbeat(&leases, LEASE).await.unwrap().len(), leases.len());
                for claimed in claimed {
                    let end = if random.bool() { settled() } else { retry(now) };
                    store.finish(&claimed, result(&claimed, end)).await.unwrap();
                }
                for order in store.orders(&OrderFilter::default(), None, 3).await.unwrap().items {
                    store.act(&order.id, OperatorAction::Replay, "kim").await.unwrap();
                }
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }
    let events = world.store.events(&EventFilter::default(), None, 100_000).await.unwrap().items;
    let received = events.iter().filter(|event| event.kind != "replay").count();
    assert_eq!(received, ROUNDS * 6);
    assert_eq!(world.store.counts().await.unwrap().received, i64::try_from(events.len()).unwrap());
}

#[tokio::test]
async fn a_pass_whose_order_is_locked_waits_alone() {
    let world = World::postgres().await;
    for n in 0..6 {
        world.call_back(&n.to_string()).await;
    }
    let passes = world.claim(6).await;
    let mut other = world.schema().connect().await;
    other.execute("BEGIN").await.unwrap();
    sqlx::query("SELECT 1 FROM orders WHERE id = $1 FOR UPDATE").bind(passes[3].order.id.as_str()).execute(&mut other).await.unwrap();
    let mut ends = JoinSet::new();
    for claimed in passes.clone() {
        let store = world.store.clone();
        ends.spawn(async move { (claimed.order.id.clone(), store.finish(&claimed, result(&claimed, settled())).await.unwrap()) });
    }
    for _ in 0..5 {
        let (order, end) = tokio::time::timeout(Duration::from_secs(1), ends.join_next()).await.unwrap().unwrap().unwrap();
        assert!(order != passes[3].order.id && end == Written::Yes);
    }
    assert!(tokio::time::timeout(Duration::from_millis(100), ends.join_next()).await.is_err());
    other.execute("ROLLBACK").await.unwrap();
    let (order, end) = tokio::time::timeout(Duration::from_secs(5), ends.join_next()).await.unwrap().unwrap().unwrap();
    assert_eq!((order, end), (passes[3].order.id.clone(), Written::Yes));
}

#[tokio::test]
async fn work_of_one_replica_wakes_the_other() {
    let world = World::postgres().await;
    let name = format!("hear_{}", uuid::Uuid::new_v4().simple());
    let other = Store::open(&world.schema().url_as(&name), 2, world.clock.clone()).await.unwrap();
    let heard =
        async |patience: u64| tokio::time::timeout(Duration::from_millis(patience), other.wait_for_work(world.later(1))).await.is_ok();
    // Until it listens, it may miss some.
    let until = Instant::now() + Duration::from_secs(10);
    let mut n = 0;
    while {
        world.call_back(&n.to_string()).await;
        n += 1;
        !heard(200).await
    } {
        assert!(Instant::now() < until, "it hears nothing");
    }
    while heard(100).await {}
    world.claim(1).await;
    assert!(!heard(100).await, "a claim makes no work");
    cut(world.schema(), &name).await;
    // The loss itself is a wake-up, as something may have been missed; then it hears as before.
    assert!(heard(10_000).await);
    while heard(300).await {}
    world.call_back("after").await;
    assert!(heard(5_000).await);
}

#[tokio::test]
async fn without_notifications_only_the_poll_finds_the_work_of_another_replica() {
    let world = World::postgres().await;
    let quiet = Store::open(&format!("{}&notify=off", world.url), 2, world.clock.clone()).await.unwrap();
    quiet.receive(world.callback("1")).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(5), quiet.wait_for_work(world.later(1))).await.is_ok(), "it wakes itself");
    world.call_back("2").await;
    assert!(tokio::time::timeout(Duration::from_millis(300), quiet.wait_for_work(world.later(1))).await.is_err());
    assert_eq!(quiet.claim(&claim(10)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_counts_are_right_before_and_after_they_are_folded() {
    let world = World::postgres().await;
    for n in 0..20 {
        world.call_back(&(n % 4).to_string()).await;
    }
    for claimed in world.claim(3).await {
        world.finish(&claimed, settled()).await;
    }
    let before = world.store.counts().await.unwrap();
    assert_eq!((before.received, before.verdicts.contains(&(VerdictKind::Synced, 15))), (20, true));
    let mut conn = world.schema().connect().await;
    let until = Instant::now() + Duration::from_secs(10);
    while sqlx::query_scalar::<_, i64>("SELECT count(*) FROM counter_changes").fetch_one(&mut conn).await.unwrap() > 0 {
        assert!(Instant::now() < until, "nothing is folded");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.store.counts().await.unwrap(), before);
}

#[tokio::test]
async fn several_programs_that_migrate_at_once_all_succeed() {
    let schema = Schema::new().await;
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(Store::open(&schema.url, 2, Clock::System).await.unwrap());
    }
    assert_eq!(stores[0].pending_migrations().await.unwrap(), MIGRATIONS);
    assert!(matches!(stores[0].ping().await, Err(StoreError::Query { .. })));
    let applied = futures_util::future::join_all(stores.iter().map(Store::migrate)).await;
    assert_eq!(applied.into_iter().map(Result::unwrap).sum::<usize>(), MIGRATIONS);
    assert_eq!(stores[0].pending_migrations().await.unwrap(), 0);
    stores[0].ping().await.unwrap();
}

#[tokio::test]
async fn an_older_program_runs_on_a_newer_schema_that_only_adds() {
    let world = World::postgres().await;
    let add = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ";
    world
        .schema()
        .run(
            "ALTER TABLE orders ADD COLUMN colour TEXT; CREATE TABLE later (id BIGINT); \
             INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (8, 'expand colours', true, '\\x00', 0)",
        )
        .await;
    assert_eq!(world.store.pending_migrations().await.unwrap(), 0);
    assert_eq!(world.store.migrate().await.unwrap(), 0);
    world.call_back("1").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, settled()).await;
    let contract = sqlx::AssertSqlSafe(format!("{add} (9, 'contract colours', true, '\\x00', 0)"));
    world.schema().connect().await.execute(contract).await.unwrap();
    for told in [world.store.migrate().await, world.store.pending_migrations().await] {
        assert!(matches!(told, Err(StoreError::TooNew { found: 9, .. })), "{told:?}");
    }
}
