//! Who works for which connection.

use std::collections::BTreeMap;
use std::time::Duration;

use tillbridge::domain::ids::ConnectionId;
use tillbridge::store::{ConnectionLease, NewEvent, OrderState, OwnRequest, Written};

use super::{LEASE, World, claim, result, settled};

super::cases! {
    two_owners_never_have_one_connection
    a_lapsed_lease_moves_under_a_new_token
    a_lease_that_nobody_took_is_kept_after_its_end
    a_lost_lease_is_noticed
    a_released_connection_is_taken_at_once
    one_that_leaves_has_nothing_any_more
    connections_are_shared_evenly_with_one_that_comes_later
    one_who_is_alone_takes_over_at_once
    one_that_is_going_keeps_what_is_in_hand_and_is_not_counted
    what_a_former_owner_had_in_hand_is_due_for_the_next
}

const OWNED: Duration = Duration::from_secs(10);

fn request(owner: &str, connections: usize) -> OwnRequest {
    let connections = (0..connections).map(|n| ConnectionId::from(format!("c{n}").as_str())).collect();
    OwnRequest { owner: owner.to_owned(), lease: OWNED, connections, alone: false, going: false }
}

async fn own(world: &World, owner: &str, connections: usize) -> Vec<ConnectionLease> {
    world.store.own_connections(&request(owner, connections)).await.unwrap()
}

/// What an owner has and does not give up.
async fn has(world: &World, owner: &str, connections: usize) -> usize {
    own(world, owner, connections).await.iter().filter(|lease| !lease.leaving).count()
}

async fn two_owners_never_have_one_connection(world: World) {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..60 {
        let (a, b) = tokio::join!(own(&world, "a", 5), own(&world, "b", 5));
        let mut of: BTreeMap<ConnectionId, i64> = BTreeMap::new();
        for lease in world.store.connection_leases().await.unwrap() {
            assert!(of.insert(lease.connection, lease.token).is_none());
        }
        for lease in &a {
            assert!(!b.iter().any(|other| other.connection == lease.connection), "{lease:?} is had twice");
            assert!(lease.leaving || of[&lease.connection] == lease.token);
        }
        for (owner, leases) in [("a", &a), ("b", &b)] {
            for lease in leases.iter().filter(|lease| lease.leaving) {
                world.store.release_connections(owner, std::slice::from_ref(&lease.connection)).await.unwrap();
            }
        }
        match random.u8(0..4) {
            0 => world.store.leave("a").await.unwrap(),
            1 => world.pass_time(random.u64(0..15)),
            _ => {}
        }
    }
}

async fn a_lapsed_lease_moves_under_a_new_token(world: World) {
    let first = own(&world, "a", 1).await.remove(0);
    assert_eq!((first.owner.as_str(), first.token, first.expires_at), ("a", 1, world.later(OWNED.as_secs())));
    world.pass_time(OWNED.as_secs() - 1);
    assert!(own(&world, "b", 1).await.is_empty());
    world.pass_time(1);
    let second = own(&world, "b", 1).await.remove(0);
    assert_eq!((second.owner.as_str(), second.token), ("b", 2));
    assert_eq!(world.store.connection_leases().await.unwrap(), [second]);
}

async fn a_lease_that_nobody_took_is_kept_after_its_end(world: World) {
    own(&world, "a", 1).await;
    world.pass_time(100);
    let kept = own(&world, "a", 1).await.remove(0);
    assert_eq!((kept.token, kept.expires_at), (1, world.later(OWNED.as_secs())));
}

async fn a_lost_lease_is_noticed(world: World) {
    assert_eq!(own(&world, "a", 2).await.len(), 2);
    world.pass_time(OWNED.as_secs());
    assert_eq!(own(&world, "b", 2).await.len(), 2);
    assert!(own(&world, "a", 2).await.is_empty());
}

async fn a_released_connection_is_taken_at_once(world: World) {
    own(&world, "a", 1).await;
    let c0 = ConnectionId::from("c0");
    world.store.release_connections("b", std::slice::from_ref(&c0)).await.unwrap();
    assert_eq!(has(&world, "b", 1).await, 0, "only its owner gives it up");
    world.store.release_connections("a", std::slice::from_ref(&c0)).await.unwrap();
    assert_eq!(own(&world, "b", 1).await[0].token, 2);
}

async fn one_that_leaves_has_nothing_any_more(world: World) {
    own(&world, "a", 3).await;
    world.store.leave("a").await.unwrap();
    assert_eq!(has(&world, "b", 3).await, 3, "it is not counted as there");
    world.store.leave("a").await.unwrap();
    assert_eq!(has(&world, "b", 3).await, 3);
}

async fn connections_are_shared_evenly_with_one_that_comes_later(world: World) {
    assert_eq!(has(&world, "a", 5).await, 5);
    assert_eq!(has(&world, "b", 5).await, 0);
    for _ in 0..8 {
        for owner in ["a", "b"] {
            for lease in own(&world, owner, 5).await.into_iter().filter(|lease| lease.leaving) {
                // Its owner keeps it until nothing of it is in hand.
                let now = world.store.connection_leases().await.unwrap();
                assert!(now.contains(&lease) && own(&world, "b", 5).await.iter().all(|other| other.connection != lease.connection));
                world.store.release_connections(owner, &[lease.connection]).await.unwrap();
            }
        }
    }
    let (a, b) = (has(&world, "a", 5).await, has(&world, "b", 5).await);
    assert_eq!((a + b, a.abs_diff(b)), (5, 1));
}

async fn one_who_is_alone_takes_over_at_once(world: World) {
    own(&world, "killed", 2).await;
    let alone = OwnRequest { alone: true, ..request("next", 2) };
    let taken = world.store.own_connections(&alone).await.unwrap();
    assert_eq!(taken.iter().map(|lease| lease.token).collect::<Vec<_>>(), [2, 2]);
    assert!(own(&world, "killed", 2).await.is_empty());
}

async fn one_that_is_going_keeps_what_is_in_hand_and_is_not_counted(world: World) {
    own(&world, "a", 3).await;
    let going = OwnRequest { going: true, ..request("a", 1) };
    assert_eq!(world.store.own_connections(&going).await.unwrap().len(), 1);
    world.store.release_connections("a", &[ConnectionId::from("c1"), ConnectionId::from("c2")]).await.unwrap();
    assert_eq!(has(&world, "b", 3).await, 2, "it is the only one that is counted");
    assert_eq!(world.store.own_connections(&going).await.unwrap().len(), 1, "what is in hand stays");
    world.pass_time(OWNED.as_secs());
    assert_eq!(has(&world, "b", 3).await, 3);
}

async fn what_a_former_owner_had_in_hand_is_due_for_the_next(world: World) {
    let (here, elsewhere) = (ConnectionId::from("c0"), ConnectionId::from("c9"));
    for (n, connection) in [here.clone(), elsewhere].into_iter().enumerate() {
        world.store.receive(NewEvent { connection, ..world.callback(&n.to_string()) }).await.unwrap();
    }
    own(&world, "worker-1", 1).await;
    let claimed = world.claim(10).await;
    assert_eq!(claimed.len(), 2);
    own(&world, "worker-1", 1).await;
    assert!(world.claim(10).await.is_empty(), "its own stays in hand");
    world.pass_time(OWNED.as_secs());
    own(&world, "worker-2", 1).await;
    let again = world.store.claim(&tillbridge::store::ClaimRequest { owner: "worker-2".to_owned(), ..claim(10) }).await.unwrap();
    assert_eq!(again.iter().map(|claimed| &claimed.order.connection).collect::<Vec<_>>(), [&here], "long before the order's lease ends");
    for old in claimed {
        let written = world.store.finish(&old, result(&old, settled())).await.unwrap();
        assert_eq!(written, if old.order.connection == here { Written::LeaseLost } else { Written::Yes });
    }
    assert_eq!(world.order(&again[0].order.id).await.state, OrderState::Working);
    assert!(world.later(LEASE.as_secs()) > world.now());
}
