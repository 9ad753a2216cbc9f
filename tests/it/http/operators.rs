//! The operators' endpoints over orders, events, calls, replays and mappings.

use serde_json::{Value, json};
use tillbridge::clock::Clock;
use tillbridge::domain::ids::ConnectionId;
use tillbridge::domain::verdict::{HoldKind, Reason, Verdict};
use tillbridge::store::{
    Begun, CallKind, CallOutcome, CallState, ClaimRequest, Claimed, Dedupe, End, EventSource, Link, NewCall, NewEvent, OrderRef,
    OrderState, PassResult, Role,
};

use super::world::{HAND_MADE, SIGNED, World, sale, sales_order};

const SALE: &str = "06bf537b-c7d7-11e7-ff13-0c871e8b9a01";

/// Makes an order that is due now, takes it up, and leaves it held, with one call done and one in doubt.
async fn held_order(world: &World, record_id: &str, receipt: &str) -> String {
    held_order_of(world, SIGNED, record_id, receipt).await
}

async fn held_order_of(world: &World, connection: &str, record_id: &str, receipt: &str) -> String {
    let claimed = claimed_order(world, connection, record_id).await;
    for (key, state) in [("done", CallState::Done), ("doubtful", CallState::InDoubt)] {
        let call =
            NewCall { kind: CallKind::CreateSale, key: format!("{record_id}-{key}"), request: json!({ "note": "for the customer" }) };
        let Begun::Now(call) = world.store.begin_call(&claimed, call).await.unwrap() else { panic!("it was begun before") };
        let outcome = CallOutcome { state, http_status: Some(201), answer: Some("created".to_owned()), remote_id: Some("r1".to_owned()) };
        world.store.settle_call(&claimed.lease, &call.id, outcome).await.unwrap();
    }
    let link = Link {
        netsuite_number: Some(format!("SO{record_id}")),
        netsuite_status: Some("Pending Approval".to_owned()),
        x_series_number: Some(receipt.to_owned()),
        ..claimed.order.link.clone()
    };
    let verdict = Verdict::held(Reason::PendingApproval, "The sales order waits for approval in NetSuite; approve it there.");
    let end = End::Verdict { verdict, state: OrderState::Held, hold: Some(HoldKind::Facts), recheck_at: None };
    let explanation = json!({ "seen": { "order": { "status": "Pending Approval" } }, "decided": "hold" });
    let result = PassResult { end, link, revision: Some(3), aliases: vec![format!("INV{record_id}")], explanation };
    let order = claimed.order.id.to_string();
    world.store.finish(&claimed, result).await.unwrap();
    order
}

async fn claimed_order(world: &World, connection: &str, record_id: &str) -> Claimed {
    let event = NewEvent {
        connection: ConnectionId::from(connection),
        source: EventSource::Netsuite,
        kind: "salesorder.edit".to_owned(),
        order: Some(OrderRef::NetSuite(record_id.into())),
        dedupe: Dedupe::Never,
        body: sales_order(record_id),
        due_at: Clock::System.now(),
        verdict: None,
    };
    world.store.receive(event).await.unwrap();
    let request = ClaimRequest {
        owner: "test".to_owned(),
        limit: 1,
        lease: std::time::Duration::from_mins(1),
        connections: vec![ConnectionId::from(connection)],
    };
    world.store.claim(&request).await.unwrap().remove(0)
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_order_is_found_by_any_id_or_number_of_either_side() {
    let world = World::start().await;
    let order = held_order(&world, "766", "AK-1/7").await;
    for id in [order.as_str(), "766", "SO766", "AK-1%2F7", "INV766"] {
        let found = world.get(&format!("/v1/orders/{id}")).by(Role::Viewer).send().await.is(200).body;
        assert_eq!(found["id"], order, "{id}");
    }
    let found = world.get(&format!("/v1/orders/{order}")).send().await.body;
    assert_eq!((&found["state"], &found["verdict"], &found["reason"]), (&json!("held"), &json!("held"), &json!("pending_approval")));
    assert_eq!(found["netsuite"], json!({ "id": "766", "number": "SO766", "status": "Pending Approval" }));
    assert_eq!((&found["x_series"]["number"], &found["revision"]), (&json!("AK-1/7"), &json!(3)));
    let unseen = world.get("/v1/orders/SO1").send().await.refused(404, "order-never-seen");
    assert!(unseen.body["action"].as_str().unwrap().contains("/v1/orders/{id}/send"));
    world.get("/v1/orders/%FF").send().await.refused(400, "bad-parameter");
}

#[tokio::test]
async fn several_orders_of_one_number_are_offered_to_choose_from() {
    let world = World::start().await;
    let (one, two) = (held_order(&world, "766", "R-9").await, held_order_of(&world, HAND_MADE, "767", "R-9").await);
    for path in ["/v1/orders/R-9", "/v1/orders/R-9/explanation"] {
        let several = world.get(path).send().await.is(300).body;
        let mut found = ids(&several);
        found.sort_unstable();
        assert_eq!(found, [one.as_str(), two.as_str()]);
    }
    world.post("/v1/orders/R-9/retry", &json!({})).send().await.is(300);
    assert_eq!(world.get(&format!("/v1/orders/R-9?connection={HAND_MADE}")).send().await.is(200).body["id"], two);
    world.get("/v1/orders/R-9?connection=nobody").send().await.refused(404, "unknown-connection");
}

#[tokio::test]
async fn orders_are_listed_by_state_verdict_reason_connection_text_and_time() {
    let world = World::start().await;
    let held = held_order(&world, "766", "R-1").await;
    world.webhook(&sale(SALE, "CLOSED")).send().await.is(202);
    let now = Clock::System.now();
    let later = now + jiff::SignedDuration::from_mins(1);
    for (query, hits) in [
        ("", 2),
        ("state=held", 1),
        ("state=settled", 0),
        ("verdict=held", 1),
        ("verdict=synced", 0),
        ("reason=pending_approval", 1),
        ("reason=period_closed", 0),
        ("connection=acme-nz", 2),
        ("connection=hand-made", 0),
        ("q=SO766", 1),
        ("q=06bf537b", 1),
        ("from=2026-11-22", 2),
        (&format!("from={later}"), 0),
        (&format!("to={later}"), 2),
        ("to=2026-11-22T00:00:00%2B13:00", 0),
        ("state=held&q=SO766&limit=1", 1),
    ] {
        let list = world.get(&format!("/v1/orders?{query}")).by(Role::Viewer).send().await.is(200);
        assert_eq!(list.body["items"].as_array().unwrap().len(), hits, "{query}: {:#}", list.body);
    }
    assert_eq!(ids(&world.get("/v1/orders?state=held").send().await.body), [held.as_str()]);
    for (query, parameter) in [
        ("state=open", "state"),
        ("verdict=ok", "verdict"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("from=yesterday", "from"),
        ("cursor=nonsense", "cursor"),
        ("stat=held", "stat"),
        ("state=held&state=due", "state"),
    ] {
        let refused = world.get(&format!("/v1/orders?{query}")).send().await.refused(400, "bad-parameter");
        assert_eq!(refused.body["parameter"], parameter);
        assert!(!refused.body["allowed"].as_array().unwrap().is_empty(), "{query}");
    }
    world.get("/v1/orders?connection=nobody").send().await.refused(404, "unknown-connection");
}

#[tokio::test]
async fn pages_follow_one_another_without_a_gap() {
    let world = World::start().await;
    for record in 0..7 {
        world.callback(&format!("msg_{record}"), &sales_order(&record.to_string())).send().await.is(202);
    }
    for path in ["/v1/orders", "/v1/events"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = world.get(&format!("{path}?limit=3{cursor}")).send().await.is(200).body;
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let all = world.get(path).send().await.body;
        assert_eq!(seen, ids(&all), "{path}");
        assert_eq!(seen.len(), 7);
    }
}

#[tokio::test]
async fn an_explanation_tells_what_was_seen_decided_and_sent() {
    let world = World::start().await;
    let order = held_order(&world, "766", "R-1").await;
    let told = world.get("/v1/orders/SO766/explanation").send().await.is(200).body;
    assert_eq!(told["order"]["id"], order);
    assert_eq!(told["passes"][0]["explanation"]["decided"], "hold");
    assert_eq!((&told["passes"][0]["revision"], &told["passes"][0]["events"]), (&json!(3), &json!([1, 1])));
    assert_eq!((&told["events"][0]["type"], &told["events"][0]["verdict"]), (&json!("salesorder.edit"), &json!("held")));
    assert_eq!(told["calls"][0]["request"], json!({ "note": "for the customer" }));
    let summary: Vec<_> = told["summary"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(summary[0].contains("sales order SO766 (id 766), last seen as Pending Approval"), "{summary:#?}");
    assert!(summary[1].contains("held (pending_approval)") && summary[1].contains("approve it there"), "{summary:#?}");
    assert!(summary.iter().any(|line| line.contains("in doubt")), "{summary:#?}");
    // What customers bought is not for viewers.
    let told = world.get("/v1/orders/SO766/explanation").by(Role::Viewer).send().await.is(200).body;
    assert_eq!(told["calls"][0]["request"], json!(null));
    world.get("/v1/orders/SO1/explanation").send().await.refused(404, "order-never-seen");
}

#[tokio::test]
async fn operators_act_on_an_order_and_the_history_keeps_it() {
    let world = World::start().await;
    held_order(&world, "766", "R-1").await;
    for action in ["retry", "release", "send"] {
        let order = world.post(&format!("/v1/orders/SO766/{action}"), &json!({})).by(Role::Operator).send().await.is(202).body;
        assert_eq!(order["state"], "due", "{action}");
    }
    let order = world.post("/v1/orders/SO766/skip", &json!({})).by(Role::Operator).send().await.is(202).body;
    assert_ne!(order["state"], "held");
    let asked = world.get("/v1/events?source=operator").send().await.is(200).body;
    let mut types: Vec<_> = asked["items"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    types.sort_unstable();
    assert_eq!(types, ["release", "retry", "send", "skip"]);
    for action in ["retry", "release", "skip"] {
        world.post(&format!("/v1/orders/12345/{action}"), &json!({})).send().await.refused(404, "order-never-seen");
    }
}

#[tokio::test]
async fn an_order_that_was_never_seen_can_be_sent_by_the_id_of_either_system() {
    let world = World::start().await;
    // Which of the two connections it belongs to, nobody can know.
    let asked = world.post("/v1/orders/12345/send", &json!({})).send().await.refused(400, "bad-parameter");
    assert_eq!(asked.body["allowed"], json!([SIGNED, HAND_MADE]));
    let order = world.post(&format!("/v1/orders/12345/send?connection={SIGNED}"), &json!({})).send().await.is(202).body;
    assert_eq!((&order["state"], &order["netsuite"]["id"]), (&json!("due"), &json!("12345")));
    let order = world.post(&format!("/v1/orders/{SALE}/send?connection={HAND_MADE}"), &json!({})).send().await.is(202).body;
    assert_eq!((&order["connection"], &order["x_series"]["id"]), (&json!(HAND_MADE), &json!(SALE)));
    world.post(&format!("/v1/orders/SO12345/send?connection={SIGNED}"), &json!({})).send().await.refused(404, "order-never-seen");
}

#[tokio::test]
async fn events_are_listed_by_what_became_of_them_and_bodies_are_for_operators() {
    let world = World::start().await;
    let order = held_order(&world, "766", "R-1").await;
    world.callback("msg_1", &sales_order("767")).send().await.is(202);
    world.callback("msg_2", b"{").send().await.is(202);
    for (query, hits) in [
        ("", 3),
        ("verdict=held", 1),
        ("verdict=undecided", 1),
        ("verdict=failed&reason=malformed", 1),
        ("source=netsuite", 3),
        ("source=poll", 0),
        (&format!("order_id={order}"), 1),
        ("connection=hand-made", 0),
        ("to=2026-11-22", 0),
    ] {
        let list = world.get(&format!("/v1/events?{query}")).by(Role::Viewer).send().await.is(200);
        assert_eq!(list.body["items"].as_array().unwrap().len(), hits, "{query}: {:#}", list.body);
    }
    world.get("/v1/events?source=fax").send().await.refused(400, "bad-parameter");
    let list = world.get("/v1/events?verdict=failed").send().await.body;
    let path = format!("/v1/events/{}", ids(&list)[0]);
    let shown = world.get(&path).by(Role::Operator).send().await.is(200).body;
    assert_eq!((&shown["body"], &shown["body_encoding"]), (&json!("{"), &json!("text")));
    let hidden = world.get(&path).by(Role::Viewer).send().await.is(200).body;
    assert_eq!((&hidden["body"], &hidden["body_encoding"]), (&json!(null), &json!(null)));
    let kept = world.callback("msg_3", &[0xff, 0xfe]).send().await.is(202);
    let shown = world.get(&format!("/v1/events/{}", kept.body["event_id"].as_str().unwrap())).send().await.body;
    assert_eq!((&shown["body"], &shown["body_encoding"]), (&json!("//4="), &json!("base64")));
    world.get("/v1/events/nobody").send().await.refused(404, "not-found");
}

#[tokio::test]
async fn calls_in_doubt_come_first() {
    let world = World::start().await;
    let order = held_order(&world, "766", "R-1").await;
    held_order(&world, "767", "R-2").await;
    let calls = world.get("/v1/calls").by(Role::Viewer).send().await.is(200).body;
    let states: Vec<_> = calls["items"].as_array().unwrap().iter().map(|call| call["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["in_doubt", "in_doubt", "done", "done"]);
    assert_eq!((&calls["items"][0]["attempts"], &calls["items"][0]["request"]), (&json!(1), &json!(null)));
    let calls = world.get(&format!("/v1/calls?order_id={order}&state=done")).by(Role::Operator).send().await.is(200).body;
    assert_eq!(calls["items"][0]["key"], "766-done");
    assert_eq!((calls["items"].as_array().unwrap().len(), &calls["items"][0]["request"]["note"]), (1, &json!("for the customer")));
    world.get("/v1/calls?state=lost").send().await.refused(400, "bad-parameter");
}

#[tokio::test]
async fn a_dry_run_says_what_a_replay_would_do_and_touches_nothing() {
    let world = World::start().await;
    let order = held_order(&world, "766", "R-1").await;
    let before = world.stored().await;
    let dry = json!({ "orders": ["SO766", order], "events": [], "filter": { "state": "held" }, "dry_run": true });
    let replay = world.post("/v1/replays", &dry).by(Role::Operator).send().await.is(201);
    assert_eq!((&replay.body["state"], &replay.body["total"], &replay.body["done"]), (&json!("done"), &json!(1), &json!(0)));
    let change = json!({ "order": order, "connection": SIGNED, "state": "held", "verdict": "held", "reason": "pending_approval", "would": "replay" });
    assert_eq!(replay.body["changes"], json!([change]));
    assert_eq!((world.stored().await, &world.only_order().await["state"]), (before, &json!("held")));
    let again = world.get(replay.headers["location"].to_str().unwrap()).send().await.is(200);
    assert_eq!(again.body, replay.body);
}

#[tokio::test]
async fn a_replay_makes_its_orders_due_by_id_event_and_filter_each_once() {
    let world = World::start().await;
    let order = held_order(&world, "766", "R-1").await;
    held_order(&world, "767", "R-2").await;
    let event = ids(&world.get(&format!("/v1/events?order_id={order}")).send().await.body)[0].to_owned();
    let wanted =
        json!({ "orders": ["766"], "events": [event], "filter": { "reason": "pending_approval", "from": "2026-11-22" }, "dry_run": false });
    let replay = world.post("/v1/replays", &wanted).by(Role::Operator).send().await.is(201).body;
    assert_eq!((&replay["state"], &replay["total"], &replay["done"]), (&json!("done"), &json!(2), &json!(2)));
    assert_eq!((&replay["changes"][0]["did"], &replay["author"]), (&json!("replayed"), &json!("operator Ann")));
    let due = world.get("/v1/orders?state=due").send().await.body;
    assert_eq!(ids(&due).len(), 2);
}

#[tokio::test]
async fn a_replay_that_names_nothing_or_what_is_not_there_is_refused() {
    let world = World::start().await;
    held_order(&world, "766", "R-1").await;
    for nothing in
        [json!({}), json!({ "filter": {} }), json!({ "filter": { "state": "" } }), json!({ "orders": [], "events": [], "filter": null })]
    {
        world.post("/v1/replays", &nothing).send().await.refused(400, "bad-body");
    }
    world.post("/v1/replays", &json!({ "order": ["766"] })).send().await.refused(400, "bad-body");
    world.post("/v1/replays", &json!({ "filter": { "state": "open" } })).send().await.refused(400, "bad-parameter");
    world.post("/v1/replays", &json!({ "filter": { "from": "then" } })).send().await.refused(400, "bad-parameter");
    world.post("/v1/replays", &json!({ "orders": ["766", "SO1"] })).send().await.refused(404, "order-never-seen");
    world.post("/v1/replays", &json!({ "events": ["nobody"] })).send().await.refused(404, "not-found");
    world.post("/v1/replays", &json!({})).header("content-type", "text/xml").send().await.refused(415, "unsupported-media-type");
    world.post("/v1/replays", &json!({})).body(b"{".to_vec()).send().await.refused(400, "bad-body");
    world.get("/v1/replays/nobody").send().await.refused(404, "not-found");
    assert_eq!(world.only_order().await["state"], "held");
}

#[tokio::test]
async fn connections_tell_how_they_are() {
    let world = World::start().await;
    let list = world.get("/v1/connections").by(Role::Viewer).send().await.is(200).body;
    assert_eq!(ids(&list), [SIGNED, HAND_MADE]);
    assert_eq!(list["items"][0]["x_series"]["remaining"], 1249);
}

const GOOD: &str = "[[mapping]]\nname = \"Pending\"\nwhen = 'order.status == \"Pending Fulfillment\"'\nsend_as = \"SAVED\"\n";
const BAD: &str = "[[mapping]]\nname = \"Billed\"\nwhen = 'order.statu == \"Billed\"'\nsend_as = \"CLOSED\"\n";
/// A status that asks for the box, without asking for it.
const DOUBTFUL: &str = "[[mapping]]\nname = \"Pickup\"\nwhen = 'order.status == \"Billed\"'\nsend_as = \"AWAITING_PICKUP\"\n";

#[tokio::test]
async fn mappings_are_checked_published_listed_and_reverted() {
    let world = World::start().await;
    let path = format!("/v1/connections/{SIGNED}/mappings");
    let good = json!({ "document": GOOD, "message": "Send billed orders" });
    assert_eq!(world.post(&path, &good).by(Role::Admin).send().await.is(201).body, json!({ "revision": 1 }));

    let refused = world
        .post(&path, &json!({ "document": BAD, "message": "x", "accept_warnings": true }))
        .send()
        .await
        .refused(422, "mapping-invalid");
    assert_eq!(refused.body["errors"][0]["line"], 3);
    let refused = world.post(&path, &json!({ "document": DOUBTFUL, "message": "x" })).send().await.refused(409, "mapping-warnings");
    assert!(!refused.body["warnings"].as_array().unwrap().is_empty());
    let accepted = json!({ "document": DOUBTFUL, "message": "x", "accept_warnings": true });
    assert_eq!(world.post(&path, &accepted).send().await.is(201).body, json!({ "revision": 2 }));
    assert_eq!(world.post(&format!("{path}/1/revert"), &json!({})).send().await.is(201).body, json!({ "revision": 3 }));

    let list = world.get(&path).by(Role::Viewer).send().await.is(200).body;
    let told: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["revision"].as_i64().unwrap(), item["message"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(3, "Revert to revision 1"), (2, "x"), (1, "Send billed orders")]);
    assert_eq!((&list["items"][0]["document"], &list["items"][0]["author"]), (&json!(GOOD), &json!("admin Ann")));
    let page = world.get(&format!("{path}?limit=2")).send().await.is(200).body;
    let rest = world.get(&format!("{path}?limit=2&cursor={}", page["next_cursor"].as_str().unwrap())).send().await.is(200).body;
    assert_eq!((&rest["items"][0]["revision"], &rest["next_cursor"]), (&json!(1), &json!(null)));

    let found = world.post(&format!("{path}/check"), &json!({ "document": BAD })).by(Role::Viewer).send().await.is(200).body;
    assert_eq!(found["errors"][0]["line"], 3);
    let found = world.post(&format!("{path}/check"), &json!({ "document": GOOD })).send().await.is(200).body;
    assert_eq!(found["errors"], json!([]));
    world.post(&format!("{path}/check"), &json!({ "documents": GOOD })).send().await.refused(400, "bad-body");
    for revision in ["9", "x", "-1"] {
        world.post(&format!("{path}/{revision}/revert"), &json!({})).send().await.refused(404, "not-found");
    }
    world.get("/v1/connections/nobody/mappings").send().await.refused(404, "unknown-connection");
}
