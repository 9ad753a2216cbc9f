//! Moving everything from one database to another.

use std::time::Duration;

use serde_json::json;
use tillbridge::domain::verdict::HoldKind;
use tillbridge::store::{
    CallKind, Dedupe, EventFilter, Move, MoveError, MovedTable, NewCall, NewEvent, OAuthTokens, OrderFilter, OwnRequest, PassResult,
    Received, ReplayRow, Role, Store, TokenRow,
};

use super::{World, begun, connection, held, linked, result, settled};

/// More rows than a batch, some of every table, and some that were purged.
async fn fill(world: &World) {
    for n in 0..30 {
        world.call_back(&n.to_string()).await;
    }
    for claimed in world.claim(30).await {
        world.finish(&claimed, settled()).await;
    }
    world.pass_time(80 * 60 * 60);
    assert_eq!(world.store.purge(world.now(), world.now()).await.unwrap().0, 30);
    for n in 0..130 {
        world.call_back(&(n % 120).to_string()).await;
        let body = [vec![0, 255, b'\''], format!("naïve \"{n}\"").into_bytes()].concat();
        world.store.receive(NewEvent { body, ..world.webhook(&format!("s-{n}"), "") }).await.unwrap();
        world.pass_time(1);
    }
    for (n, claimed) in world.claim(100).await.into_iter().enumerate() {
        let call = NewCall { kind: CallKind::CreateSale, key: format!("k-{n}"), request: json!({ "total": "1.50", "n": n }) };
        begun(world, &claimed, call).await;
        let aliases = vec![format!("INV-{n}"), format!("inv-ä{n}")];
        let mut link = claimed.order.link.clone();
        link.netsuite_number = Some(format!("SO{n}"));
        link.x_series_attributes = vec!["pickup".into()];
        let end = if n % 3 == 0 { held(HoldKind::Operator) } else { settled() };
        world.store.finish(&claimed, PassResult { aliases, link, ..result(&claimed, end) }).await.unwrap();
    }
    let acme = connection();
    world.store.publish(&acme, "skip = true", "first", "kim").await.unwrap();
    world.store.publish(&acme, "skip = false", "second", "kim").await.unwrap();
    let token = TokenRow { id: "t-1".into(), name: "Kim".into(), role: Role::Admin, created_at: world.now() };
    world.store.create_token(&token, "abc").await.unwrap();
    world.store.set_cursor(&acme, "sales", &json!({ "version": 7 })).await.unwrap();
    world.store.set_pair(&acme, "customer", "12", "c-12").await.unwrap();
    let tokens = OAuthTokens { generation: 3, access_token: "a".into(), expires_at: world.now(), refresh_token: "r".into() };
    assert!(world.store.save_oauth_tokens(&acme, None, &tokens).await.unwrap());
    let replay = ReplayRow {
        id: "r-1".into(),
        state: "done".into(),
        total: 1,
        done: 1,
        changes: json!([{ "order": "o-1" }]),
        dry_run: true,
        author: "kim".into(),
        created_at: world.now(),
    };
    world.store.create_replay(replay).await.unwrap();
}

/// The move runs on the machine's clock, long after what these tests do.
async fn moves(from: &World, to: &World) -> Result<Vec<MovedTable>, MoveError> {
    let work = Move { source: from.store.shown().to_owned(), force: false };
    work.run(&from.store, &to.store, |_| {}).await
}

/// Everything that can be asked of a store.
async fn holds(store: &Store) -> String {
    let orders = store.orders(&OrderFilter::default(), None, 1000).await.unwrap().items;
    let events = store.events(&EventFilter::default(), None, 1000).await.unwrap().items;
    let mut more = Vec::new();
    for order in &orders {
        more.push(format!("{:?} {:?}", store.calls_of(&order.id).await.unwrap(), store.passes(&order.id, 10).await.unwrap()));
    }
    let acme = connection();
    let found = store.find_orders("inv-ä7").await.unwrap();
    let settings = (store.revisions(&acme).await.unwrap(), store.token_by_hash("abc").await.unwrap(), store.replay("r-1").await.unwrap());
    let memory = (
        store.cursor(&acme, "sales").await.unwrap(),
        store.pair_by_netsuite(&acme, "customer", "12").await.unwrap(),
        store.oauth_tokens(&acme).await.unwrap(),
    );
    let counts = store.counts().await.unwrap();
    let counts = (counts.received, counts.verdicts, counts.orders, counts.calls, counts.held);
    format!("{orders:?} {events:?} {more:?} {found:?} {settings:?} {memory:?} {counts:?}")
}

#[tokio::test]
async fn everything_moves_from_a_file_to_postgres_and_back_and_goes_on_there() {
    let file = World::sqlite().await;
    fill(&file).await;
    // What was in a worker's hands when it was stopped.
    file.call_back("in-hand").await;
    let key = NewEvent { dedupe: Dedupe::Key("again".into()), ..file.callback("x") };
    let Received::New { event_id, order_id } = file.store.receive(key.clone()).await.unwrap() else { unreachable!() };
    let in_hand = file.claim(1000).await;
    assert!(in_hand.len() >= 2);
    file.pass_time(1000);
    let server = World::postgres().await;
    server.clock.advance(Duration::try_from(file.now().duration_since(server.now())).unwrap());
    let there = moves(&file, &server).await.unwrap();
    assert!(there.iter().all(|table| table.same && table.copied == table.rows && table.rows > 0), "{there:?}");
    assert!(there.iter().any(|table| table.rows > 250));
    assert_eq!(holds(&server.store).await, holds(&file.store).await);
    let back = World::sqlite().await;
    back.clock.advance(Duration::try_from(file.now().duration_since(back.now())).unwrap());
    let again = moves(&server, &back).await.unwrap();
    assert_eq!(again, there, "both engines have one digest of one row");
    assert_eq!(holds(&back.store).await, holds(&file.store).await);
    for world in [&server, &back] {
        assert_eq!(
            world.store.receive(key.clone()).await.unwrap(),
            Received::Duplicate { event_id: event_id.clone(), order_id: order_id.clone() }
        );
        let claimed = world.claim(1000).await;
        let tokens: Vec<i64> = in_hand.iter().map(|old| old.lease.token + 1).collect();
        assert_eq!(claimed.len(), in_hand.len());
        assert!(claimed.iter().all(|claimed| tokens.contains(&claimed.lease.token)), "the old worker's tokens are refused");
        world.finish(&claimed[0], settled()).await;
        let once_more = Move { source: file.store.shown().to_owned(), force: true };
        assert!(matches!(once_more.run(&file.store, &world.store, |_| {}).await, Err(MoveError::NotEmpty("orders"))));
    }
}

#[tokio::test]
async fn a_move_that_is_cut_off_goes_on_where_it_stopped() {
    let file = World::sqlite().await;
    fill(&file).await;
    let server = World::postgres().await;
    let poison = "CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF (SELECT count(*) FROM events) > 150 THEN RAISE EXCEPTION 'cut'; END IF; RETURN NULL; END $$; \
         CREATE TRIGGER poison AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION poison()";
    server.schema().run(poison).await;
    assert!(matches!(moves(&file, &server).await, Err(MoveError::Store(_))));
    assert_eq!(server.event_count().await, 100, "whole batches");
    let other = World::sqlite().await;
    assert!(matches!(moves(&other, &server).await, Err(MoveError::OtherMove(source)) if source == file.store.shown()));
    server.schema().run("DROP TRIGGER poison ON events").await;
    let there = moves(&file, &server).await.unwrap();
    let copied = |name: &str| there.iter().find(|table| table.table == name).map(|table| (table.rows, table.copied)).unwrap();
    assert_eq!((copied("orders").1, copied("events")), (0, (260, 160)));
    assert!(there.iter().all(|table| table.same));
    assert_eq!(holds(&server.store).await, holds(&file.store).await);
}

#[tokio::test]
async fn a_difference_is_found() {
    let file = World::sqlite().await;
    fill(&file).await;
    let server = World::postgres().await;
    server
        .schema()
        .run(
            "CREATE FUNCTION bend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.author = 'lee'; RETURN NEW; END $$; \
             CREATE TRIGGER bend BEFORE INSERT ON revisions FOR EACH ROW EXECUTE FUNCTION bend()",
        )
        .await;
    let there = moves(&file, &server).await.unwrap();
    let differ: Vec<_> = there.iter().filter(|table| !table.same).map(|table| table.table).collect();
    assert_eq!(differ, ["revisions"]);
}

#[tokio::test]
async fn a_database_that_a_server_works_on_is_not_moved_unless_told() {
    let (file, server) = (World::sqlite().await, World::postgres().await);
    for world in [&file, &server] {
        let request = OwnRequest {
            owner: "till-1".into(),
            lease: Duration::from_secs(15),
            connections: vec![connection()],
            alone: false,
            going: false,
        };
        world.store.own_connections(&request).await.unwrap();
        assert!(matches!(moves(&file, &server).await, Err(MoveError::Serving { who, .. }) if who == "till-1"));
        world.store.leave("till-1").await.unwrap();
    }
    file.call_back("1").await;
    let claimed = file.claim_one().await;
    assert!(matches!(moves(&file, &server).await, Err(MoveError::Serving { side: "from", .. })));
    file.store.link(&claimed.lease, &linked(Some("1"), Some("s-1"))).await.unwrap();
    let work = Move { source: file.store.shown().to_owned(), force: true };
    assert!(work.run(&file.store, &server.store, |_| {}).await.unwrap().iter().all(|table| table.same));
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_not_moved_to() {
    let file = World::sqlite().await;
    let schema = crate::postgres::Schema::new().await;
    let to = Store::open(&schema.url, 2, file.clock.clone()).await.unwrap();
    let work = Move { source: file.store.shown().to_owned(), force: false };
    assert!(matches!(work.run(&file.store, &to, |_| {}).await, Err(MoveError::MigrationsWait(_, "to"))));
}
