//! What the door lets in, and what it knows already.

use tillbridge::domain::ids::ConnectionId;
use tillbridge::domain::verdict::{HoldKind, Reason, Verdict, VerdictKind};
use tillbridge::store::{Dedupe, Direction, EventSource, Link, NewEvent, OrderRef, OrderState, Received, StoreError};

use super::{World, held, linked, result, settled, waiting};

super::cases! {
    an_event_is_stored_whole_and_its_order_is_due
    a_repeated_key_changes_nothing_and_gives_the_first_id
    a_key_repeated_within_one_batch_is_stored_once
    a_key_belongs_to_its_connection_and_source
    the_same_body_is_a_repeat_only_while_it_waits
    a_poll_hit_tells_nothing_new_of_a_handled_version
    a_poll_hit_of_a_held_order_does_not_wake_it_again
    a_poll_hit_tells_nothing_new_of_a_handled_modification
    an_order_of_ours_must_exist
    an_event_without_order_needs_a_verdict
    an_event_decided_at_the_door_makes_nothing_due
    a_later_event_does_not_push_back_an_earlier_due_time
    an_event_does_not_shorten_a_back_off
    a_new_event_brings_a_waiting_order_forward
    an_empty_and_a_binary_body_come_back_byte_for_byte
    each_side_makes_its_own_direction
}

async fn an_event_is_stored_whole_and_its_order_is_due(world: World) {
    let event = world.callback("766");
    let Received::New { event_id, order_id: Some(order_id) } = world.store.receive(event.clone()).await.unwrap() else { panic!("not new") };
    let (row, body) = world.store.event(&event_id).await.unwrap().unwrap();
    assert_eq!(body, event.body);
    assert_eq!((row.kind.as_str(), row.source, row.seq), ("salesorder.edit", EventSource::Netsuite, Some(1)));
    assert_eq!((row.received_at, row.verdict, row.decided_at), (world.now(), None, None));
    assert_eq!((row.connection, row.order_id.as_ref()), (event.connection, Some(&order_id)));
    let order = world.order(&order_id).await;
    assert_eq!((order.state, order.due_at, order.attempt), (OrderState::Due, Some(world.now()), 0));
    assert_eq!((order.enqueued_seq, order.handled_seq), (1, 0));
    assert_eq!(order.link, linked(Some("766"), None));
    assert_eq!(world.store.next_due(jiff::Timestamp::UNIX_EPOCH).await.unwrap(), Some(world.now()));
}

async fn a_repeated_key_changes_nothing_and_gives_the_first_id(world: World) {
    let event = world.callback("766");
    let Received::New { event_id, order_id } = world.store.receive(event.clone()).await.unwrap() else { panic!("not new") };
    let order = order_id.clone().unwrap();
    let claimed = world.claim_one().await;
    world.finish(&claimed, settled()).await;
    let before = world.order(&order).await;
    world.pass_time(71 * 60 * 60);
    let other_order = NewEvent { order: Some(OrderRef::NetSuite("767".into())), body: b"another".to_vec(), ..event };
    assert_eq!(world.store.receive(other_order).await.unwrap(), Received::Duplicate { event_id, order_id });
    assert_eq!(world.order(&order).await, before);
    assert_eq!(world.event_count().await, 1);
    assert!(world.store.find_orders("767").await.unwrap().is_empty());
}

async fn a_key_repeated_within_one_batch_is_stored_once(world: World) {
    let event = world.callback("766");
    let (a, b, c) =
        tokio::join!(world.store.receive(event.clone()), world.store.receive(event.clone()), world.store.receive(event.clone()));
    let answers = [a.unwrap(), b.unwrap(), c.unwrap()];
    let new = answers.iter().filter(|answer| matches!(answer, Received::New { .. })).count();
    assert_eq!(new, 1, "{answers:?}");
    let mut ids: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            Received::New { event_id, .. } | Received::Duplicate { event_id, .. } => event_id.clone(),
            Received::NothingNew => panic!("a callback is never nothing new"),
        })
        .collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.event_count().await, 1);
}

async fn a_key_belongs_to_its_connection_and_source(world: World) {
    let event = world.callback("766");
    let elsewhere = NewEvent { connection: ConnectionId::from("acme-au"), ..event.clone() };
    let otherwise = NewEvent { source: EventSource::XSeries, ..event.clone() };
    for event in [event, elsewhere, otherwise] {
        assert!(matches!(world.store.receive(event).await.unwrap(), Received::New { .. }));
    }
    // The same sales order id in another account is another order.
    assert_eq!(world.store.find_orders("766").await.unwrap().len(), 2);
}

async fn the_same_body_is_a_repeat_only_while_it_waits(world: World) {
    let Received::New { event_id, order_id } = world.store.receive(world.webhook("s-1", "{}")).await.unwrap() else { panic!("not new") };
    let repeat = Received::Duplicate { event_id, order_id: order_id.clone() };
    assert_eq!(world.store.receive(world.webhook("s-1", "{}")).await.unwrap(), repeat);
    assert!(matches!(world.store.receive(world.webhook("s-1", "{ }")).await.unwrap(), Received::New { .. }));
    assert!(matches!(world.store.receive(world.webhook("s-2", "{}")).await.unwrap(), Received::New { .. }));
    let claimed = world.claim(10).await;
    assert_eq!(world.store.receive(world.webhook("s-1", "{}")).await.unwrap(), repeat, "a pass that runs has given no verdict yet");
    for claimed in &claimed {
        world.finish(claimed, settled()).await;
    }
    assert!(matches!(world.store.receive(world.webhook("s-1", "{}")).await.unwrap(), Received::New { .. }));
    assert_eq!(world.verdicts(&order_id.unwrap()).await, ["synced", "synced", "-"]);
}

async fn a_poll_hit_tells_nothing_new_of_a_handled_version(world: World) {
    let hit = |version| world.poll(OrderRef::XSeries("s-1".into()), Dedupe::SaleVersion(version));
    assert!(matches!(world.store.receive(hit(7)).await.unwrap(), Received::New { .. }));
    assert_eq!(world.store.receive(hit(7)).await.unwrap(), Received::NothingNew, "it waits already");
    assert!(matches!(world.store.receive(hit(8)).await.unwrap(), Received::New { .. }));
    let claimed = world.claim_one().await;
    let link = Link { x_series_version: Some(8), ..claimed.order.link.clone() };
    world.store.finish(&claimed, tillbridge::store::PassResult { link, ..result(&claimed, settled()) }).await.unwrap();
    let before = world.order(&claimed.lease.order_id).await;
    for version in [1, 7, 8] {
        assert_eq!(world.store.receive(hit(version)).await.unwrap(), Received::NothingNew);
    }
    assert_eq!(world.order(&claimed.lease.order_id).await, before);
    assert!(matches!(world.store.receive(hit(9)).await.unwrap(), Received::New { .. }));
}

async fn a_poll_hit_of_a_held_order_does_not_wake_it_again(world: World) {
    let hit = || world.poll(OrderRef::XSeries("s-1".into()), Dedupe::SaleVersion(7));
    world.store.receive(hit()).await.unwrap();
    let claimed = world.claim_one().await;
    world.finish(&claimed, held(HoldKind::Facts)).await;
    assert_eq!(world.store.receive(hit()).await.unwrap(), Received::NothingNew);
    assert_eq!(world.order(&claimed.lease.order_id).await.state, OrderState::Held);
}

async fn a_poll_hit_tells_nothing_new_of_a_handled_modification(world: World) {
    let hit = |at| world.poll(OrderRef::NetSuite("766".into()), Dedupe::OrderModified(at));
    let seen = world.now();
    assert!(matches!(world.store.receive(hit(seen)).await.unwrap(), Received::New { .. }));
    assert_eq!(world.store.receive(hit(seen)).await.unwrap(), Received::NothingNew);
    let claimed = world.claim_one().await;
    let link = Link { netsuite_modified: Some(seen), ..claimed.order.link.clone() };
    world.store.finish(&claimed, tillbridge::store::PassResult { link, ..result(&claimed, settled()) }).await.unwrap();
    assert_eq!(world.store.receive(hit(seen)).await.unwrap(), Received::NothingNew);
    assert!(matches!(world.store.receive(hit(world.later(1))).await.unwrap(), Received::New { .. }));
}

async fn an_order_of_ours_must_exist(world: World) {
    let order = world.call_back("766").await;
    let own = |id: &str| world.poll(OrderRef::Own(id.into()), Dedupe::Never);
    assert!(matches!(world.store.receive(own(order.as_str())).await.unwrap(), Received::New { order_id: Some(id), .. } if id == order));
    assert!(matches!(world.store.receive(own("nobody")).await, Err(StoreError::UnknownOrder(id)) if id.as_str() == "nobody"));
    let elsewhere = NewEvent { connection: ConnectionId::from("acme-au"), ..own(order.as_str()) };
    assert!(matches!(world.store.receive(elsewhere).await, Err(StoreError::UnknownOrder(_))));
    assert_eq!(world.order(&order).await.enqueued_seq, 2);
    assert_eq!(world.event_count().await, 2);
}

async fn an_event_without_order_needs_a_verdict(world: World) {
    let nowhere = NewEvent { order: None, ..world.callback("766") };
    assert!(matches!(world.store.receive(nowhere.clone()).await, Err(StoreError::Undecidable)));
    let verdict = Some(Verdict::failed(Reason::Malformed, "it cannot be understood"));
    let Received::New { event_id, order_id: None } = world.store.receive(NewEvent { verdict, ..nowhere }).await.unwrap() else {
        panic!("not new, or of an order")
    };
    let (row, _) = world.store.event(&event_id).await.unwrap().unwrap();
    assert_eq!((row.verdict, row.reason.as_deref()), (Some(VerdictKind::Failed), Some("malformed")));
    assert_eq!((row.detail.as_deref(), row.decided_at, row.seq), (Some("it cannot be understood"), Some(world.now()), None));
    assert!(world.claim(10).await.is_empty());
}

async fn an_event_decided_at_the_door_makes_nothing_due(world: World) {
    let verdict = || Some(Verdict::ignored(Reason::NotAnOrder, "not about an order"));
    let Received::New { order_id: Some(made), .. } =
        world.store.receive(NewEvent { verdict: verdict(), ..world.callback("1") }).await.unwrap()
    else {
        panic!("not new")
    };
    let row = world.order(&made).await;
    assert_eq!((row.state, row.due_at, row.verdict, row.enqueued_seq), (OrderState::Settled, None, Some(VerdictKind::Ignored), 0));
    let due = world.call_back("2").await;
    let claimed = world.claim_one().await;
    world.store.receive(NewEvent { verdict: verdict(), ..world.callback("2") }).await.unwrap();
    world.finish(&claimed, settled()).await;
    assert_eq!(world.order(&due).await.due_at, None);
    assert_eq!(world.verdicts(&due).await, ["ignored", "synced"], "the pass leaves the door's verdict alone");
}

async fn a_later_event_does_not_push_back_an_earlier_due_time(world: World) {
    let debounced = |seconds| NewEvent { due_at: world.later(seconds), ..world.callback("766") };
    let Received::New { order_id: Some(order), .. } = world.store.receive(debounced(2)).await.unwrap() else { panic!("not new") };
    world.store.receive(debounced(30)).await.unwrap();
    assert_eq!(world.order(&order).await.due_at, Some(world.later(2)));
    world.store.receive(debounced(1)).await.unwrap();
    assert_eq!(world.order(&order).await.due_at, Some(world.later(1)));
    assert!(world.claim(1).await.is_empty());
    world.pass_time(1);
    assert_eq!(world.claim_one().await.upto, 3);
}

async fn an_event_does_not_shorten_a_back_off(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    let asked_to_wait = world.later(60);
    world.finish(&claimed, super::retry(asked_to_wait)).await;
    world.call_back("766").await;
    assert_eq!(world.order(&order).await.due_at, Some(asked_to_wait));
}

async fn a_new_event_brings_a_waiting_order_forward(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, waiting(Some(world.later(600)))).await;
    assert_eq!(world.order(&order).await.state, OrderState::Waiting);
    world.call_back("766").await;
    let row = world.order(&order).await;
    assert_eq!((row.state, row.due_at), (OrderState::Due, Some(world.now())));
}

async fn an_empty_and_a_binary_body_come_back_byte_for_byte(world: World) {
    let bodies: Vec<Vec<u8>> = vec![Vec::new(), (0..=255).collect(), vec![0; 3], b"\xff\xfe{\"a\":1}".to_vec(), vec![b'x'; 1 << 20]];
    let events: Vec<_> = bodies.iter().map(|body| NewEvent { body: body.clone(), ..world.callback("766") }).collect();
    let alone = world.store.receive(NewEvent { body: Vec::new(), ..world.callback("766") }).await.unwrap();
    assert!(matches!(alone, Received::New { .. }));
    let received = futures_util::future::join_all(events.into_iter().map(|event| world.store.receive(event))).await;
    for (received, body) in received.into_iter().zip(bodies) {
        let Received::New { event_id, .. } = received.unwrap() else { panic!("not new") };
        assert!(world.store.event(&event_id).await.unwrap().unwrap().1 == body, "a body of {} bytes changed", body.len());
    }
}

async fn each_side_makes_its_own_direction(world: World) {
    let there = world.call_back("766").await;
    let Received::New { order_id: Some(back), .. } = world.store.receive(world.webhook("s-1", "{}")).await.unwrap() else {
        panic!("not new")
    };
    assert_eq!(world.order(&there).await.direction, Direction::NetsuiteToXSeries);
    assert_eq!(world.order(&back).await.direction, Direction::XSeriesToNetsuite);
    assert_eq!(world.order(&back).await.link, linked(None, Some("s-1")));
}
