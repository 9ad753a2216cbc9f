//! Settings in the database, and what is remembered of the other systems.

use std::time::Duration;

use serde_json::json;
use tillbridge::domain::ids::ConnectionId;
use tillbridge::store::{OAuthTokens, ReplayRow, Role, TokenRow};

use super::{World, connection};

super::cases! {
    revisions_count_from_one_for_each_connection
    revisions_published_at_once_get_a_number_each
    a_token_is_found_by_its_hash
    a_cursor_moves
    a_record_has_one_partner
    of_two_token_refreshes_one_wins
    a_lock_has_one_owner_until_it_ends
    a_replay_tells_how_far_it_is
}

async fn revisions_count_from_one_for_each_connection(world: World) {
    assert_eq!(world.store.current_revision(&connection()).await.unwrap(), None);
    let first = world.store.publish(&connection(), "a = 1", "start", "kim").await.unwrap();
    let second = world.store.publish(&connection(), "a = 2", "more", "lee").await.unwrap();
    let elsewhere = ConnectionId::from("acme-au");
    assert_eq!(world.store.publish(&elsewhere, "a = 3", "start", "kim").await.unwrap().number, 1);
    assert_eq!((first.number, second.number, second.at), (1, 2, world.now()));
    assert_eq!(world.store.current_revision(&connection()).await.unwrap().as_ref(), Some(&second));
    assert_eq!(world.store.revision(&connection(), 1).await.unwrap().as_ref(), Some(&first));
    assert_eq!(world.store.revision(&connection(), 3).await.unwrap(), None);
    assert_eq!(world.store.revisions(&connection()).await.unwrap(), [second, first]);
}

async fn revisions_published_at_once_get_a_number_each(world: World) {
    let connection = connection();
    let publish = (0..10).map(|_| world.store.publish(&connection, "", "", "kim"));
    let mut numbers: Vec<_> = futures_util::future::join_all(publish).await.into_iter().map(|revision| revision.unwrap().number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
}

async fn a_token_is_found_by_its_hash(world: World) {
    let row = TokenRow { id: "t-1".into(), name: "console".into(), role: Role::Operator, created_at: world.now() };
    world.store.create_token(&row, "abc").await.unwrap();
    assert_eq!(world.store.token_by_hash("abc").await.unwrap(), Some(row.clone()));
    assert_eq!(world.store.token_by_hash("abd").await.unwrap(), None);
    assert!(world.store.create_token(&TokenRow { id: "t-2".into(), ..row }, "abc").await.is_err(), "a hash is one token's");
}

async fn a_cursor_moves(world: World) {
    assert_eq!(world.store.cursor(&connection(), "sales").await.unwrap(), None);
    for value in [json!({ "after": 1 }), json!({ "after": 9_007_199_254_740_993_i64 })] {
        world.store.set_cursor(&connection(), "sales", &value).await.unwrap();
        assert_eq!(world.store.cursor(&connection(), "sales").await.unwrap(), Some(value));
    }
    assert_eq!(world.store.cursor(&connection(), "orders").await.unwrap(), None);
}

async fn a_record_has_one_partner(world: World) {
    let (store, acme) = (&world.store, connection());
    store.set_pair(&acme, "customer", "1", "a").await.unwrap();
    store.set_pair(&acme, "customer", "1", "a").await.unwrap();
    store.set_pair(&acme, "item", "1", "z").await.unwrap();
    assert_eq!(store.pair_by_netsuite(&acme, "customer", "1").await.unwrap().as_deref(), Some("a"));
    assert_eq!(store.pair_by_x_series(&acme, "customer", "a").await.unwrap().as_deref(), Some("1"));
    store.set_pair(&acme, "customer", "2", "a").await.unwrap();
    store.forget_pair(&acme, "customer", "1", "a").await.unwrap();
    assert_eq!(store.pair_by_netsuite(&acme, "customer", "1").await.unwrap(), None);
    assert_eq!(store.pair_by_x_series(&acme, "customer", "a").await.unwrap().as_deref(), Some("2"));
    assert_eq!(store.pair_by_netsuite(&acme, "item", "1").await.unwrap().as_deref(), Some("z"));
    store.forget_pair(&acme, "customer", "2", "a").await.unwrap();
    assert_eq!(store.pair_by_x_series(&acme, "customer", "a").await.unwrap(), None);
    assert_eq!(store.pair_by_netsuite(&acme, "item", "1").await.unwrap().as_deref(), Some("z"));
}

async fn of_two_token_refreshes_one_wins(world: World) {
    let tokens = |generation, refresh: &str| OAuthTokens {
        generation,
        access_token: "access".into(),
        expires_at: world.later(3600),
        refresh_token: refresh.into(),
    };
    let acme = connection();
    assert_eq!(world.store.oauth_tokens(&acme).await.unwrap(), None);
    assert!(!world.store.save_oauth_tokens(&acme, Some(1), &tokens(2, "r")).await.unwrap(), "there is nothing to replace");
    assert!(world.store.save_oauth_tokens(&acme, None, &tokens(1, "r1")).await.unwrap());
    assert!(!world.store.save_oauth_tokens(&acme, None, &tokens(1, "r0")).await.unwrap());
    let (one, other) = (tokens(2, "r2a"), tokens(2, "r2b"));
    let (a, b) = tokio::join!(world.store.save_oauth_tokens(&acme, Some(1), &one), world.store.save_oauth_tokens(&acme, Some(1), &other));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a ^ b);
    assert_eq!(world.store.oauth_tokens(&acme).await.unwrap(), Some(if a { one } else { other }));
}

async fn a_lock_has_one_owner_until_it_ends(world: World) {
    let lease = Duration::from_secs(30);
    let take = async |owner: &str| world.store.take_lock("acme-nz", owner, lease).await.unwrap();
    assert!(take("a").await);
    assert!(!take("b").await);
    world.pass_time(20);
    assert!(take("a").await, "the owner keeps it");
    world.pass_time(29);
    assert!(!take("b").await);
    world.store.release_lock("acme-nz", "b").await.unwrap();
    assert!(!take("b").await, "only its owner gives it back");
    world.pass_time(1);
    assert!(take("b").await, "it ended");
    world.store.release_lock("acme-nz", "b").await.unwrap();
    assert!(take("a").await);
}

async fn a_replay_tells_how_far_it_is(world: World) {
    let mut replay = ReplayRow {
        id: "r-1".into(),
        state: "running".into(),
        total: 2,
        done: 0,
        changes: json!([]),
        dry_run: false,
        author: "kim".into(),
        created_at: world.now(),
    };
    world.store.create_replay(replay.clone()).await.unwrap();
    replay.state = "done".into();
    replay.done = 2;
    replay.changes = json!([{ "order": "o-1" }]);
    world.store.update_replay(&replay).await.unwrap();
    assert_eq!(world.store.replay("r-1").await.unwrap(), Some(replay.clone()));
    assert_eq!(world.store.replay("r-2").await.unwrap(), None);
    assert!(world.store.update_replay(&ReplayRow { id: "r-2".into(), ..replay }).await.is_err(), "a replay that is not there");
}
