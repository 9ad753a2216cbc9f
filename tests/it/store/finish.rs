//! How a pass ends, and what the order's next pass is.

use serde_json::json;
use tillbridge::domain::verdict::{HoldKind, Reason, Verdict, VerdictKind};
use tillbridge::store::{Direction, End, Link, OperatorAction, OrderState, PassResult, StoreError, Written};

use super::{World, held, linked, result, retry, settled, waiting};

super::cases! {
    every_event_of_a_pass_gets_its_verdict
    an_event_that_arrives_while_working_makes_the_order_due_after_finish
    a_retry_does_not_let_a_later_event_overtake
    a_deferred_pass_gives_the_attempt_back_and_leaves_no_trace
    held_events_get_the_later_verdict_too
    a_hold_for_facts_goes_on_with_the_next_event
    a_hold_for_an_operator_piles_up
    a_recheck_makes_the_order_due_without_an_event
    an_operator_who_asks_while_it_works_is_not_made_to_wait
    the_link_and_the_names_are_stored_with_the_verdict
    a_known_id_is_never_erased
    a_record_of_another_order_is_not_taken
    passes_tell_the_history_newest_first
}

async fn every_event_of_a_pass_gets_its_verdict(world: World) {
    let order = world.call_back("766").await;
    for _ in 0..4 {
        world.call_back("766").await;
    }
    let claimed = world.claim_one().await;
    world.pass_time(3);
    world.finish(&claimed, settled()).await;
    for event in world.events_of(&order).await {
        assert_eq!((event.verdict, event.decided_at), (Some(VerdictKind::Synced), Some(world.now())));
        assert_eq!((event.reason.as_deref(), event.detail.as_deref()), (Some("fulfilled_and_billed"), Some("fulfilled and billed")));
    }
    let row = world.order(&order).await;
    assert_eq!((row.state, row.due_at, row.attempt), (OrderState::Settled, None, 0));
    assert_eq!((row.enqueued_seq, row.handled_seq, row.revision), (5, 5, Some(1)));
    assert_eq!((row.verdict, row.reason.as_deref()), (Some(VerdictKind::Synced), Some("fulfilled_and_billed")));
}

async fn an_event_that_arrives_while_working_makes_the_order_due_after_finish(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.call_back("766").await;
    let working = world.order(&order).await;
    assert_eq!((working.state, working.due_at, working.enqueued_seq), (OrderState::Working, claimed.order.due_at, 2));
    assert!(world.claim(10).await.is_empty(), "two events of one order never run at once");
    world.finish(&claimed, waiting(Some(world.later(600)))).await;
    let row = world.order(&order).await;
    assert_eq!((row.state, row.due_at), (OrderState::Due, Some(world.now())));
    assert_eq!(world.verdicts(&order).await, ["waiting", "-"]);
    let again = world.claim_one().await;
    assert_eq!((again.upto, again.attempt), (2, 1));
    let pending = world.store.pending_events(&order, again.upto).await.unwrap();
    assert_eq!(pending.iter().map(|event| event.seq).collect::<Vec<_>>(), [Some(2)]);
}

async fn a_retry_does_not_let_a_later_event_overtake(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.call_back("766").await;
    world.finish(&claimed, retry(world.later(60))).await;
    world.call_back("766").await;
    let row = world.order(&order).await;
    assert_eq!((row.state, row.due_at, row.attempt), (OrderState::Due, Some(world.later(60)), 1));
    assert_eq!((row.verdict, row.reason.as_deref(), row.detail.as_deref()), (None, Some("timeout"), Some("no answer in time")));
    world.pass_time(59);
    assert!(world.claim(10).await.is_empty());
    world.pass_time(1);
    let again = world.claim_one().await;
    let pending = world.store.pending_events(&order, again.upto).await.unwrap();
    assert_eq!(pending.iter().map(|event| event.seq).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
    assert_eq!(world.verdicts(&order).await, ["-", "-", "-"]);
}

async fn a_deferred_pass_gives_the_attempt_back_and_leaves_no_trace(world: World) {
    let order = world.call_back("766").await;
    let changed = world.order(&order).await.updated_at;
    let due_at = world.later(30);
    for _ in 0..3 {
        let claimed = world.claim_one().await;
        assert_eq!(claimed.attempt, 1);
        world.finish(&claimed, End::Defer { due_at: world.later(30), detail: "no budget".to_owned() }).await;
        world.pass_time(30);
    }
    let row = world.order(&order).await;
    assert_eq!((row.state, row.attempt, row.updated_at), (OrderState::Due, 0, changed));
    assert_eq!((row.verdict, row.detail.as_deref()), (None, Some("no budget")));
    assert!(row.due_at > Some(due_at));
    assert!(world.store.passes(&order, 10).await.unwrap().is_empty());
}

async fn held_events_get_the_later_verdict_too(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, held(HoldKind::Facts)).await;
    assert_eq!(world.verdicts(&order).await, ["held"]);
    assert_eq!(world.order(&order).await.handled_seq, 0);
    world.call_back("766").await;
    let claimed = world.claim_one().await;
    let pending = world.store.pending_events(&order, claimed.upto).await.unwrap();
    assert_eq!(pending.len(), 2, "the held event is among them");
    world.finish(&claimed, settled()).await;
    assert_eq!(world.verdicts(&order).await, ["synced", "synced"]);
}

async fn a_hold_for_facts_goes_on_with_the_next_event(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, held(HoldKind::Facts)).await;
    let row = world.order(&order).await;
    assert_eq!((row.state, row.hold, row.due_at, row.attempt), (OrderState::Held, Some(HoldKind::Facts), None, 0));
    world.call_back("766").await;
    let row = world.order(&order).await;
    assert_eq!((row.state, row.hold, row.due_at), (OrderState::Due, None, Some(world.now())));
}

async fn a_hold_for_an_operator_piles_up(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.call_back("766").await;
    world.finish(&claimed, held(HoldKind::Operator)).await;
    world.call_back("766").await;
    let row = world.order(&order).await;
    assert_eq!((row.state, row.hold, row.due_at, row.attempt), (OrderState::Held, Some(HoldKind::Operator), None, 1));
    assert_eq!((row.enqueued_seq, row.handled_seq), (3, 0));
    world.pass_time(1_000_000);
    assert!(world.claim(10).await.is_empty());
    assert_eq!(world.verdicts(&order).await, ["held", "-", "-"]);
}

async fn a_recheck_makes_the_order_due_without_an_event(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.finish(&claimed, waiting(Some(world.later(600)))).await;
    let row = world.order(&order).await;
    assert_eq!((row.state, row.due_at), (OrderState::Waiting, Some(world.later(600))));
    world.pass_time(600);
    let claimed = world.claim_one().await;
    assert!(world.store.pending_events(&order, claimed.upto).await.unwrap().is_empty());
    world.finish(&claimed, settled()).await;
    assert_eq!(world.verdicts(&order).await, ["waiting"], "a final verdict stays");
    let pass = world.store.passes(&order, 1).await.unwrap().remove(0);
    assert!(pass.events.0 > pass.events.1, "it handled no event");
}

async fn an_operator_who_asks_while_it_works_is_not_made_to_wait(world: World) {
    for end in [retry(world.later(900)), held(HoldKind::Operator)] {
        let order = world.call_back("766").await;
        let claimed = world.claim_one().await;
        world.store.act(&order, OperatorAction::Retry, "kim").await.unwrap().unwrap();
        world.finish(&claimed, end).await;
        let row = world.order(&order).await;
        assert_eq!((row.state, row.due_at, row.attempt, row.hold), (OrderState::Due, Some(world.now()), 0, None));
        let claimed = world.claim_one().await;
        world.finish(&claimed, settled()).await;
    }
}

async fn the_link_and_the_names_are_stored_with_the_verdict(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    let link = Link {
        netsuite_id: Some("766".into()),
        netsuite_number: Some("SO1043".into()),
        netsuite_status: Some("Billed".into()),
        netsuite_modified: Some(world.now()),
        x_series_id: Some("s-1".into()),
        x_series_number: Some("88".into()),
        x_series_status: Some("AWAITING_PICKUP".into()),
        x_series_state: Some("pending".into()),
        x_series_attributes: vec!["pickup".into(), "layby".into()],
        x_series_version: Some(12_345_678_901),
        sent_digest: Some("d1".into()),
        echo_digest: Some("d2".into()),
        mapping: Some("Pickup on billed orders".into()),
    };
    let aliases = vec!["IF77".to_owned(), "INV88".to_owned(), "IF77".to_owned(), String::new()];
    let pass = PassResult { link: link.clone(), aliases, revision: Some(4), ..result(&claimed, waiting(None)) };
    assert_eq!(world.store.finish(&claimed, pass).await.unwrap(), Written::Yes);
    let row = world.order(&order).await;
    assert_eq!((row.link, row.revision, row.direction), (link, Some(4), Direction::NetsuiteToXSeries));
    for name in ["766", "SO1043", "so1043", "s-1", "S-1", "88", "IF77", "inv88", order.as_str()] {
        let found = world.store.find_orders(name).await.unwrap();
        assert_eq!(found.iter().map(|row| &row.id).collect::<Vec<_>>(), [&order], "{name}");
    }
    assert!(world.store.find_orders("").await.unwrap().is_empty());
    assert!(world.store.find_orders("SO104").await.unwrap().is_empty(), "a look-up is exact");
}

async fn a_known_id_is_never_erased(world: World) {
    let order = world.call_back("766").await;
    let claimed = world.claim_one().await;
    world.store.link(&claimed.lease, &linked(Some("766"), Some("s-1"))).await.unwrap();
    world.finish(&claimed, settled()).await;
    assert_eq!(world.order(&order).await.link, linked(Some("766"), Some("s-1")));
}

async fn a_record_of_another_order_is_not_taken(world: World) {
    let other = world.call_back("1").await;
    world.pass_time(1);
    let order = world.call_back("2").await;
    let claimed = world.claim(10).await.into_iter().find(|claimed| claimed.order.id == order).unwrap();
    let pass = PassResult { link: linked(Some("1"), None), ..result(&claimed, settled()) };
    match world.store.finish(&claimed, pass).await {
        Err(StoreError::LinkTaken { order: mine, other: theirs }) => assert_eq!((mine, theirs), (order.clone(), other)),
        result => panic!("{result:?}"),
    }
    assert_eq!(world.verdicts(&order).await, ["-"], "nothing was written");
    let conflict = End::Verdict {
        verdict: Verdict::held(Reason::LinkConflict, "two orders claim the same record"),
        state: OrderState::Held,
        hold: Some(HoldKind::Operator),
        recheck_at: None,
    };
    world.finish(&claimed, conflict).await;
    assert_eq!(world.verdicts(&order).await, ["held"]);
}

async fn passes_tell_the_history_newest_first(world: World) {
    let order = world.call_back("766").await;
    for end in [retry(world.now()), held(HoldKind::Facts), settled()] {
        let claimed = if let Some(claimed) = world.claim(1).await.pop() {
            claimed
        } else {
            world.call_back("766").await;
            world.claim_one().await
        };
        let pass = PassResult { explanation: json!({ "attempt": claimed.attempt }), ..result(&claimed, end) };
        world.store.finish(&claimed, pass).await.unwrap();
        world.pass_time(1);
    }
    let passes = world.store.passes(&order, 10).await.unwrap();
    let told: Vec<_> = passes.iter().map(|pass| (pass.verdict, pass.reason.as_deref().unwrap_or_default(), pass.events)).collect();
    let synced = (Some(VerdictKind::Synced), "fulfilled_and_billed", (1, 2));
    assert_eq!(told, [synced, (Some(VerdictKind::Held), "unresolved", (1, 1)), (None, "timeout", (1, 1))]);
    assert_eq!(passes[2].explanation, json!({ "attempt": 1 }));
    assert_eq!(world.store.passes(&order, 1).await.unwrap().len(), 1);
}
