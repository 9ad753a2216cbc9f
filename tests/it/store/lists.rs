//! Lists: pages, filters, texts.

use tillbridge::domain::ids::ConnectionId;
use tillbridge::domain::verdict::{HoldKind, VerdictKind};
use tillbridge::store::{EventFilter, EventSource, Link, NewEvent, OrderFilter, OrderState, PassResult, StoreError};

use super::{World, held, result, settled};

super::cases! {
    pages_of_orders_show_each_once_newest_first
    pages_of_events_show_each_once_newest_first
    orders_are_filtered_by_what_they_are
    orders_are_found_by_a_part_of_a_name
    events_are_filtered_by_what_they_are
    a_foreign_cursor_is_refused
}

async fn pages_of_orders_show_each_once_newest_first(world: World) {
    for n in 0..7 {
        world.call_back(&format!("{n}")).await;
        world.pass_time(n % 2);
    }
    for filter in [OrderFilter::default(), OrderFilter { state: Some(OrderState::Due), ..OrderFilter::default() }] {
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let page = world.store.orders(&filter, cursor.as_deref(), 3).await.unwrap();
            assert!(page.items.len() <= 3);
            seen.extend(page.items);
            match page.next_cursor {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        let ids: Vec<_> = seen.iter().map(|order| order.link.netsuite_id.as_ref().unwrap().as_str()).collect();
        assert_eq!(ids, ["6", "5", "4", "3", "2", "1", "0"]);
    }
}

async fn pages_of_events_show_each_once_newest_first(world: World) {
    let order = world.call_back("1").await;
    for _ in 0..4 {
        world.call_back("1").await;
    }
    for filter in [EventFilter::default(), EventFilter { order_id: Some(order), ..EventFilter::default() }] {
        let first = world.store.events(&filter, None, 2).await.unwrap();
        world.call_back("2").await;
        let second = world.store.events(&filter, first.next_cursor.as_deref(), 2).await.unwrap();
        let third = world.store.events(&filter, second.next_cursor.as_deref(), 2).await.unwrap();
        let seqs: Vec<_> = [second.items, third.items].concat().iter().map(|event| event.seq.unwrap()).collect();
        assert!(seqs.ends_with(&[2, 1]) || seqs == [3, 2, 1], "{seqs:?}");
        assert_eq!(seqs.windows(2).filter(|pair| pair[0] == pair[1]).count(), 0);
    }
}

async fn orders_are_filtered_by_what_they_are(world: World) {
    world.call_back("1").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, held(HoldKind::Facts)).await;
    world.pass_time(60);
    let noon = world.now();
    world.store.receive(NewEvent { connection: ConnectionId::from("acme-au"), ..world.callback("2") }).await.unwrap();
    let found = async |filter: OrderFilter| {
        let page = world.store.orders(&filter, None, 10).await.unwrap();
        page.items.into_iter().map(|order| order.link.netsuite_id.unwrap().as_str().to_owned()).collect::<Vec<_>>()
    };
    let all = OrderFilter::default;
    assert_eq!(found(all()).await, ["2", "1"]);
    assert_eq!(found(OrderFilter { state: Some(OrderState::Held), ..all() }).await, ["1"]);
    assert_eq!(found(OrderFilter { verdict: Some(VerdictKind::Held), ..all() }).await, ["1"]);
    assert_eq!(found(OrderFilter { reason: Some("unresolved".into()), ..all() }).await, ["1"]);
    assert_eq!(found(OrderFilter { connection: Some(ConnectionId::from("acme-au")), ..all() }).await, ["2"]);
    assert_eq!(found(OrderFilter { from: Some(noon), ..all() }).await, ["2"]);
    assert_eq!(found(OrderFilter { to: Some(noon), ..all() }).await, ["1"]);
}

async fn orders_are_found_by_a_part_of_a_name(world: World) {
    world.call_back("766").await;
    let claimed = world.claim_one().await;
    let link = Link { netsuite_number: Some("SO1043_a%".into()), x_series_id: Some("s-1".into()), ..claimed.order.link.clone() };
    let pass = PassResult { link, aliases: vec!["INV-9".into()], ..result(&claimed, settled()) };
    world.store.finish(&claimed, pass).await.unwrap();
    let matches = async |text: &str| {
        let filter = OrderFilter { text: Some(text.to_owned()), ..OrderFilter::default() };
        world.store.orders(&filter, None, 10).await.unwrap().items.len()
    };
    for text in ["76", "so104", "1043_a%", "S-1", "inv", " 766 "] {
        assert_eq!(matches(text).await, 1, "{text}");
    }
    for text in ["inv-8", "SO%43", "_", "1043_b"] {
        assert_eq!(matches(text).await, usize::from(text == "_"), "{text}");
    }
}

async fn events_are_filtered_by_what_they_are(world: World) {
    world.call_back("1").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, settled()).await;
    world.pass_time(60);
    let noon = world.now();
    world.store.receive(world.webhook("s-1", "{}")).await.unwrap();
    let found = async |filter: EventFilter| {
        let page = world.store.events(&filter, None, 10).await.unwrap();
        page.items.into_iter().map(|event| event.source).collect::<Vec<_>>()
    };
    let all = EventFilter::default;
    let (callback, webhook) = (vec![EventSource::Netsuite], vec![EventSource::XSeries]);
    assert_eq!(found(all()).await, [EventSource::XSeries, EventSource::Netsuite]);
    assert_eq!(found(EventFilter { source: Some(EventSource::XSeries), ..all() }).await, webhook);
    assert_eq!(found(EventFilter { verdict: Some(None), ..all() }).await, webhook);
    assert_eq!(found(EventFilter { verdict: Some(Some(VerdictKind::Synced)), ..all() }).await, callback);
    assert_eq!(found(EventFilter { reason: Some("fulfilled_and_billed".into()), ..all() }).await, callback);
    assert_eq!(found(EventFilter { order_id: Some(claimed.order.id.clone()), ..all() }).await, callback);
    assert_eq!(found(EventFilter { from: Some(noon), ..all() }).await, webhook);
    assert_eq!(found(EventFilter { to: Some(noon), ..all() }).await, callback);
    assert!(found(EventFilter { connection: Some(ConnectionId::from("acme-au")), ..all() }).await.is_empty());
}

async fn a_foreign_cursor_is_refused(world: World) {
    let orders = world.store.orders(&OrderFilter::default(), Some("nonsense"), 10).await;
    assert!(matches!(orders, Err(StoreError::BadCursor)));
    let events = world.store.events(&EventFilter::default(), Some("WzEsMiwzXQ"), 10).await;
    assert!(matches!(events, Err(StoreError::BadCursor)));
}
