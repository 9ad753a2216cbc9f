//! What only happens to a file: it is full, locked, moved away, or newer than the program.

use std::time::{Duration, Instant};

use rusqlite::Connection;
use tillbridge::clock::Clock;
use tillbridge::domain::verdict::{Reason, Verdict};
use tillbridge::store::{NewEvent, Received, Role, Store, StoreError, TokenRow};

use super::{MIGRATIONS, World};

fn connect(world: &World) -> Connection {
    Connection::open(world.folder().join("store.db")).unwrap()
}

/// An event of 20 kB that is handled already, so that it can be purged.
fn bulky(world: &World) -> NewEvent {
    let verdict = Some(Verdict::ignored(Reason::NotAnOrder, "not about an order"));
    NewEvent { body: vec![b'x'; 20_000], verdict, ..world.webhook("s-1", "") }
}

#[tokio::test]
async fn a_full_store_is_unavailable_writes_nothing_half_and_recovers() {
    let world = World::sqlite_with("?max_page_count=150").await;
    let mut stored = 0;
    let error = loop {
        match world.store.receive(bulky(&world)).await {
            Ok(Received::New { .. }) => stored += 1,
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
        assert!(stored < 1000, "the limit does not hold");
    };
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(error.is_temporary());
    // A small event may still fit; one that makes a new order, or not, is whole or absent.
    for n in 0..200 {
        let (event, bulk) = (world.callback(&format!("new-{n}")), bulky(&world));
        let (small, large) = tokio::join!(world.store.receive(event), world.store.receive(bulk));
        for result in [small, large] {
            match result {
                Ok(_) => stored += 1,
                Err(error) => assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}"),
            }
        }
    }
    assert_eq!(world.event_count().await, stored);
    assert_eq!(world.store.counts().await.unwrap().received, i64::try_from(stored).unwrap());
    let orders = world.store.orders(&tillbridge::store::OrderFilter::default(), None, 1000).await.unwrap().items;
    for order in orders {
        let numbered = world.events_of(&order.id).await.iter().filter(|event| event.seq.is_some()).count();
        assert_eq!(i64::try_from(numbered).unwrap(), order.enqueued_seq);
    }
    // A day later the old events are purged, and there is room again.
    world.pass_time(24 * 60 * 60);
    assert!(world.store.purge(world.now(), world.now()).await.unwrap().0 > 10);
    world.store.receive(bulky(&world)).await.unwrap();
    world.store.ping().await.unwrap();
}

#[tokio::test]
async fn a_store_locked_by_another_program_is_unavailable_in_bounded_time_and_recovers() {
    let world = World::sqlite().await;
    let other = connect(&world);
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let begun = Instant::now();
    let (one, two) = tokio::join!(world.store.receive(world.callback("1")), world.store.receive(world.callback("2")));
    for result in [one, two] {
        assert!(matches!(result, Err(StoreError::Unavailable { .. })), "{result:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert!(matches!(world.store.ping().await, Err(StoreError::Unavailable { .. })));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    world.call_back("1").await;
    assert_eq!(world.event_count().await, 1);
}

#[tokio::test]
async fn a_file_that_is_moved_away_is_unavailable_until_it_is_back() {
    let world = World::sqlite().await;
    let order = world.call_back("1").await;
    let (here, away) = (world.folder().join("store.db"), world.folder().join("away.db"));
    std::fs::rename(&here, &away).unwrap();
    let event = world.callback("2");
    for _ in 0..2 {
        assert!(matches!(world.store.receive(event.clone()).await, Err(StoreError::Unavailable { .. })));
    }
    assert!(matches!(world.store.ping().await, Err(StoreError::Unavailable { .. })));
    assert!(!here.exists(), "an empty file in its place would hide the loss");
    std::fs::rename(&away, &here).unwrap();
    world.store.receive(event).await.unwrap();
    world.store.ping().await.unwrap();
    assert_eq!(world.order(&order).await.enqueued_seq, 1);
    assert_eq!(world.claim(10).await.len(), 2);
}

#[tokio::test]
async fn a_file_that_is_deleted_is_unavailable() {
    let world = World::sqlite().await;
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        std::fs::remove_file(world.folder().join(name)).unwrap();
    }
    for _ in 0..2 {
        assert!(matches!(world.store.receive(world.callback("1")).await, Err(StoreError::Unavailable { .. })));
    }
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_told_and_still_not_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("new.db").display());
    let store = Store::open(&url, 1, Clock::System).await.unwrap();
    assert_eq!(store.pending_migrations().await.unwrap(), MIGRATIONS);
    assert!(matches!(store.ping().await, Err(StoreError::Query { .. })));
    assert_eq!(store.migrate().await.unwrap(), MIGRATIONS);
    assert_eq!(store.pending_migrations().await.unwrap(), 0);
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_told_unless_it_only_adds() {
    let world = World::sqlite().await;
    let other = connect(&world);
    other
        .execute_batch(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (8, 'expand it', 1, x'00', 0)",
        )
        .unwrap();
    assert_eq!((world.store.migrate().await.unwrap(), world.store.pending_migrations().await.unwrap()), (0, 0));
    other
        .execute_batch(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9, 'later', 1, x'00', 0)",
        )
        .unwrap();
    match world.store.migrate().await {
        Err(StoreError::TooNew { found: 9, .. }) => {}
        result => panic!("{result:?}"),
    }
    assert!(matches!(world.store.pending_migrations().await, Err(StoreError::TooNew { .. })));
    other.close().unwrap();
}

#[tokio::test]
async fn two_programs_that_migrate_at_once_both_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("new.db").display());
    let (a, b) = (Store::open(&url, 1, Clock::System).await.unwrap(), Store::open(&url, 1, Clock::System).await.unwrap());
    let (one, two) = tokio::join!(a.migrate(), b.migrate());
    assert_eq!(one.unwrap() + two.unwrap(), MIGRATIONS);
}

#[tokio::test]
async fn a_missing_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("missing").join("new.db").display());
    let error = Store::open(&url, 1, Clock::System).await.unwrap_err();
    assert!(matches!(error, StoreError::NoFolder { .. }));
    assert!(error.to_string().contains("/missing does not exist"), "{error}");
}

#[tokio::test]
async fn a_bad_event_does_not_fail_its_neighbours() {
    let world = World::sqlite().await;
    let other = connect(&world);
    other
        .execute_batch("CREATE TRIGGER poison BEFORE INSERT ON events WHEN NEW.kind = 'poison' BEGIN SELECT raise(ABORT, 'poison'); END")
        .unwrap();
    let events = (0..30).map(|n| {
        let event = world.callback(&(n % 3).to_string());
        if n % 10 == 4 { NewEvent { kind: "poison".to_owned(), ..event } } else { event }
    });
    let before = world.store.writer_stats().commits;
    let answers = futures_util::future::join_all(events.map(|event| world.store.receive(event))).await;
    for (n, answer) in answers.into_iter().enumerate() {
        match answer {
            Ok(Received::New { .. }) => assert_ne!(n % 10, 4),
            Err(StoreError::Query { .. }) => assert_eq!(n % 10, 4),
            other => panic!("{other:?}"),
        }
    }
    assert!(world.store.writer_stats().commits - before < 10, "they were together");
    assert_eq!(world.event_count().await, 27);
    assert_eq!(world.claim(10).await.iter().map(|claimed| claimed.upto).sum::<i64>(), 27, "no number is lost");
}

#[tokio::test]
async fn a_write_that_fails_is_undone_alone() {
    let world = World::sqlite().await;
    let row = TokenRow { id: "t-1".into(), name: "console".into(), role: Role::Viewer, created_at: world.now() };
    world.store.create_token(&row, "abc").await.unwrap();
    let (acme, value) = (super::connection(), serde_json::json!(1));
    let (again, received, cursor) = tokio::join!(
        world.store.create_token(&row, "abc"),
        world.store.receive(world.callback("1")),
        world.store.set_cursor(&acme, "sales", &value),
    );
    assert!(matches!(again, Err(StoreError::Query { .. })), "{again:?}");
    assert!(matches!(received.unwrap(), Received::New { .. }));
    cursor.unwrap();
    assert!(world.store.cursor(&acme, "sales").await.unwrap().is_some());
    assert_eq!(world.event_count().await, 1);
}

#[tokio::test]
async fn a_pass_that_cannot_be_recorded_leaves_nothing_half() {
    let world = World::sqlite().await;
    let other = connect(&world);
    other.execute_batch("CREATE TRIGGER poison BEFORE INSERT ON passes BEGIN SELECT raise(ABORT, 'poison'); END").unwrap();
    let order = world.call_back("1").await;
    let claimed = world.claim_one().await;
    let before = (world.order(&order).await, world.verdicts(&order).await);
    let (finished, received) =
        tokio::join!(world.store.finish(&claimed, super::result(&claimed, super::settled())), world.store.receive(world.callback("2")));
    assert!(matches!(finished, Err(StoreError::Query { .. })), "{finished:?}");
    assert!(matches!(received.unwrap(), Received::New { .. }));
    assert_eq!((world.order(&order).await, world.verdicts(&order).await), before);
    other.execute_batch("DROP TRIGGER poison").unwrap();
    world.finish(&claimed, super::settled()).await;
}

#[tokio::test]
async fn a_file_restored_from_a_copy_is_noticed_and_used() {
    let world = World::sqlite().await;
    world.call_back("1").await;
    let copy = world.folder().join("copy.db");
    let other = connect(&world);
    other.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    other.close().unwrap();
    world.call_back("2").await;
    assert_eq!(world.event_count().await, 2);
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        std::fs::remove_file(world.folder().join(name)).unwrap();
    }
    std::fs::rename(&copy, world.folder().join("store.db")).unwrap();
    let event = world.callback("3");
    assert!(matches!(world.store.receive(event.clone()).await, Err(StoreError::Unavailable { .. })), "it went into the old file");
    world.store.receive(event).await.unwrap();
    assert_eq!(world.event_count().await, 2, "readers see the copy too");
    assert!(world.store.find_orders("2").await.unwrap().is_empty());
    assert_eq!(world.claim(10).await.len(), 2);
}
