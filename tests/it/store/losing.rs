//! A replica that cannot reach its database stops before another one may begin.

use std::time::{Duration, Instant};

use sqlx::Executor as _;
use tillbridge::clock::Clock;
use tillbridge::owner::Ownership;
use tillbridge::store::Store;
use tokio_util::sync::CancellationToken;

use super::{World, connection};

const LEASE: Duration = Duration::from_secs(2);

async fn until(what: &str, is: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(20), "never came about: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    begun.elapsed()
}

#[tokio::test]
async fn a_replica_whose_database_does_not_answer_stops_before_its_lease_ends() {
    let world = World::postgres().await;
    let store = Store::open(&world.url, 2, Clock::System).await.unwrap();
    let (ownership, stop, acme) = (Ownership::new("one".to_owned()), CancellationToken::new(), connection());
    let running = tokio_util::task::TaskTracker::new();
    running.spawn(ownership.clone().run(store.clone(), LEASE, vec![acme.clone()], stop.clone()));
    until("it is taken", || ownership.has(&acme)).await;
    let mut other = world.schema().connect().await;
    other.execute("BEGIN; LOCK TABLE connection_leases IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let ends: i64 = sqlx::query_scalar("SELECT expires_at FROM connection_leases").fetch_one(&mut other).await.unwrap();
    // Work that is under way when the connection is lost ends there.
    let work = ownership.while_had(&acme, &stop, std::future::pending::<()>());
    assert!(tokio::time::timeout(Duration::from_secs(20), work).await.unwrap().is_none());
    let late = Clock::System.now().as_millisecond() - ends;
    assert!(late <= 0, "another might have begun {late} ms before");
    assert!(!ownership.keeps(&acme) && ownership.connections().is_empty());
    other.execute("ROLLBACK").await.unwrap();
    until("it is taken again", || ownership.has(&acme)).await;
    assert_eq!(store.connection_leases().await.unwrap()[0].token, 1, "nobody else had it");
    stop.cancel();
    running.close();
    running.wait().await;
    assert!(store.connection_leases().await.unwrap()[0].owner.is_empty(), "it was given up");
    store.close().await;
}

#[tokio::test]
async fn what_is_in_hand_is_finished_before_its_connection_is_given_up() {
    for world in [World::sqlite().await, World::postgres().await] {
        let (ownership, stop, acme) = (Ownership::new("one".to_owned()), CancellationToken::new(), connection());
        let running = tokio_util::task::TaskTracker::new();
        running.spawn(ownership.clone().run(world.store.clone(), LEASE, vec![acme.clone()], stop.clone()));
        until("it is taken", || ownership.has(&acme)).await;
        let in_hand = ownership.hold(&acme);
        stop.cancel();
        running.close();
        tokio::time::sleep(LEASE * 2).await;
        assert!(ownership.keeps(&acme), "it is renewed as long as something is in hand");
        assert_eq!(world.store.connection_leases().await.unwrap()[0].owner, "one");
        drop(in_hand);
        running.wait().await;
        assert!(world.store.connection_leases().await.unwrap()[0].owner.is_empty());
    }
}
