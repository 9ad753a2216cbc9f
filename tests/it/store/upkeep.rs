//! Life and upkeep: migrations, reopening, the probe, the purge.

use tillbridge::domain::verdict::{HoldKind, Reason, Verdict};
use tillbridge::store::{NewEvent, Received, Store, StoreError};

use super::{World, held, settled};

super::cases! {
    migrations_are_applied_once
    committed_work_survives_a_reopen
    the_probe_writes
    a_closed_store_says_so
    a_purge_takes_what_is_handled_and_old
    a_purge_leaves_delivery_ids_for_three_days
    a_purge_leaves_what_waits_and_the_last_pass
    a_purge_does_not_lower_the_counts
    a_url_of_no_engine_is_told
}

async fn migrations_are_applied_once(world: World) {
    assert_eq!(world.store.pending_migrations().await.unwrap(), 0);
    assert_eq!(world.store.migrate().await.unwrap(), 0);
}

async fn committed_work_survives_a_reopen(mut world: World) {
    let event = world.callback("766");
    let Received::New { event_id, order_id } = world.store.receive(event.clone()).await.unwrap() else { panic!("not new") };
    let order = world.order(&order_id.clone().unwrap()).await;
    world.reopen().await;
    assert_eq!(world.order(&order.id).await, order);
    assert_eq!(world.store.receive(event).await.unwrap(), Received::Duplicate { event_id, order_id });
    assert_eq!(world.claim_one().await.order.id, order.id);
}

async fn the_probe_writes(world: World) {
    world.store.ping().await.unwrap();
    let before = world.store.writer_stats();
    world.store.ping().await.unwrap();
    assert_eq!(world.store.writer_stats().commits, before.commits + 1);
}

async fn a_closed_store_says_so(world: World) {
    world.store.close().await;
    assert!(matches!(world.store.receive(world.callback("1")).await, Err(StoreError::Closed)));
    assert!(matches!(world.store.ping().await, Err(StoreError::Closed)));
    assert!(world.store.next_due(world.now()).await.is_err());
    world.store.close().await;
}

async fn a_purge_takes_what_is_handled_and_old(world: World) {
    let order = world.call_back("766").await;
    for n in 0..1100 {
        let verdict = Some(Verdict::ignored(Reason::NotAnOrder, "not about an order"));
        let event = NewEvent { verdict, ..world.webhook("s-1", &n.to_string()) };
        if n % 100 == 0 {
            world.store.receive(event).await.unwrap();
        } else {
            let next = NewEvent { order: None, ..event.clone() };
            let (a, b) = tokio::join!(world.store.receive(event), world.store.receive(next));
            a.unwrap();
            b.unwrap();
        }
    }
    let stored = world.event_count().await;
    world.pass_time(80 * 60 * 60);
    let cut = world.now();
    world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, settled()).await;
    let (events, passes) = world.store.purge(cut, cut).await.unwrap();
    assert_eq!((events, passes), (stored as u64, 0));
    assert_eq!(world.events_of(&order).await.len(), 1);
}

async fn a_purge_leaves_delivery_ids_for_three_days(world: World) {
    let event = world.callback("766");
    world.store.receive(event.clone()).await.unwrap();
    let claimed = world.claim_one().await;
    world.finish(&claimed, settled()).await;
    world.pass_time(71 * 60 * 60);
    assert_eq!(world.store.purge(world.now(), world.now()).await.unwrap().0, 0);
    assert!(matches!(world.store.receive(event.clone()).await.unwrap(), Received::Duplicate { .. }));
    world.pass_time(2 * 60 * 60);
    assert_eq!(world.store.purge(world.now(), world.now()).await.unwrap().0, 1);
    assert!(matches!(world.store.receive(event).await.unwrap(), Received::New { .. }));
}

async fn a_purge_leaves_what_waits_and_the_last_pass(world: World) {
    let (held_order, waiting_order) = (world.call_back("1").await, world.call_back("2").await);
    for _ in 0..2 {
        for claimed in world.claim(10).await {
            if claimed.order.id == held_order {
                world.finish(&claimed, held(HoldKind::Facts)).await;
            } else {
                world.finish(&claimed, super::retry(world.now())).await;
            }
        }
        world.call_back("1").await;
    }
    world.pass_time(1000 * 60 * 60);
    assert_eq!(world.store.purge(world.now(), world.now()).await.unwrap(), (0, 2));
    assert_eq!(world.events_of(&held_order).await.len(), 3);
    assert_eq!(world.store.passes(&held_order, 10).await.unwrap().len(), 1);
    assert_eq!(world.store.passes(&waiting_order, 10).await.unwrap().len(), 1);
}

async fn a_purge_does_not_lower_the_counts(world: World) {
    world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, settled()).await;
    world.pass_time(100 * 60 * 60);
    let before = world.store.counts().await.unwrap();
    assert_eq!(world.store.purge(world.now(), world.now()).await.unwrap().0, 1);
    assert_eq!(world.store.counts().await.unwrap(), before);
}

async fn a_url_of_no_engine_is_told(world: World) {
    let open = async |url: &str| Store::open(url, 1, world.clock.clone()).await.unwrap_err().to_string();
    let nobody = open("postgres://kim:secret@127.0.0.1:1/tillbridge").await;
    assert_eq!(nobody, "cannot open the database postgres://kim@127.0.0.1:1/tillbridge");
    assert!(open("mysql://db").await.contains("\"mysql\""));
    assert!(open("tillbridge.db").await.contains("neither sqlite: nor postgres:"));
}
