//! Webhooks of both systems: what is kept, what is answered, what is refused.

use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use tillbridge::clock::Clock;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::world::{ACCOUNT, HAND_MADE, PATH_TOKEN, SIGNED, World, callback_of, netsuite_signature, sale, sales_order, x_series_signature};

const SALE: &str = "06bf537b-c7d7-11e7-ff13-0c871e8b9a01";

#[tokio::test]
async fn a_callback_is_kept_byte_for_byte_and_makes_its_order_due() {
    let world = World::start().await;
    let body = sales_order("766");
    let kept = world.callback("msg_1", &body).send().await.is(202);
    assert_eq!(kept.body["duplicate"], false);
    let event = world.get(&format!("/v1/events/{}", kept.body["event_id"].as_str().unwrap())).send().await.is(200).body;
    assert_eq!((&event["source"], &event["type"], &event["verdict"]), (&json!("netsuite"), &json!("salesorder.edit"), &json!(null)));
    assert_eq!((event["body"].as_str().unwrap().as_bytes(), &event["body_encoding"]), (body.as_slice(), &json!("text")));
    let order = world.only_order().await;
    assert_eq!(order["id"], event["order_id"]);
    assert_eq!(
        (&order["state"], &order["netsuite"]["id"], &order["direction"]),
        (&json!("due"), &json!("766"), &json!("netsuite_to_x_series"))
    );
    // The debounce: the callback fires before the account's other scripts are done.
    let (due, received): (jiff::Timestamp, jiff::Timestamp) =
        (order["due_at"].as_str().unwrap().parse().unwrap(), event["received_at"].as_str().unwrap().parse().unwrap());
    assert!(due.duration_since(received).as_millis().abs_diff(2000) < 500, "{due} {received}");
}

#[tokio::test]
async fn a_repeated_message_is_answered_like_the_first_and_changes_nothing() {
    let world = World::start().await;
    let first = world.callback("msg_1", &sales_order("766")).send().await.is(202);
    let again = world.callback("msg_1", &sales_order("766")).send().await.is(200);
    assert_eq!(again.body, json!({ "event_id": first.body["event_id"], "duplicate": true }));
    // Another message of the same order is another event.
    world.callback("msg_2", &sales_order("766")).send().await.is(202);
    assert_eq!(world.stored().await, 2);
}

#[tokio::test]
async fn a_callback_is_taken_with_any_content_type_and_with_one_good_signature_among_several() {
    let world = World::start().await;
    let body = sales_order("766");
    let now = Clock::System.now().as_second();
    let signatures = format!("v1,AAAA v1a,BBBB {}", netsuite_signature("msg_1", now, &body));
    let ask = world.callback_at("msg_1", now, &body).header("content-type", "text/plain").header("webhook-signature", &signatures);
    ask.send().await.is(202);
}

#[tokio::test]
async fn what_is_made_from_a_sales_order_speaks_of_that_order() {
    let world = World::start().await;
    for (record, id) in [("itemfulfillment", "801"), ("invoice", "802"), ("cashsale", "803")] {
        world.callback(id, &callback_of(record, id, &json!("766"))).send().await.is(202);
    }
    assert_eq!(world.only_order().await["netsuite"]["id"], "766");
    let kept = world.callback("804", &callback_of("invoice", "804", &json!(null))).send().await.is(202);
    let event = world.get(&format!("/v1/events/{}", kept.body["event_id"].as_str().unwrap())).send().await.body;
    assert_eq!((&event["verdict"], &event["reason"], &event["order_id"]), (&json!("ignored"), &json!("not_an_order"), &json!(null)));
    assert!(event["decided_at"].is_string());
}

#[tokio::test]
async fn what_is_not_genuine_is_refused_and_not_stored() {
    let world = World::start().await;
    let body = sales_order("766");
    let now = Clock::System.now().as_second();
    let other_account = String::from_utf8(body.clone()).unwrap().replace("1234567_SB1", "1234567").into_bytes();
    for ask in [
        world.callback("msg", &body).header("webhook-signature", "v1,AAAA"),
        world.callback("msg", &body).header("webhook-signature", ""),
        world.callback("msg", &body).header("webhook-id", "another"),
        world.callback("msg", &body).header("webhook-timestamp", &(now + 1).to_string()),
        world.callback("msg", &body).header("webhook-timestamp", "soon"),
        world.callback("msg", &body).body(sales_order("767")),
        world.callback_at("msg", now - 400, &body),
        world.callback_at("msg", now + 400, &body),
        world.callback("msg", &other_account),
        world.ask(Method::POST, "/webhooks/netsuite/acme-nz").nobody().body(body.clone()),
        world.webhook(&sale(SALE, "CLOSED")).header("x-signature", &x_series_signature(b"another")),
        world.webhook(&sale(SALE, "CLOSED")).header("x-signature", "signature=00,algorithm=HMAC-SHA256"),
        world.webhook(&sale(SALE, "CLOSED")).header("x-signature", "nonsense"),
        world.webhook(&sale(SALE, "CLOSED")).header("x-signature", &x_series_signature(&sale(SALE, "CLOSED")).replace("256", "1")),
        world.ask(Method::POST, "/webhooks/x-series/acme-nz").nobody().body(sale(SALE, "CLOSED")),
        world.ask(Method::POST, &format!("/webhooks/x-series/{SIGNED}/{PATH_TOKEN}")).nobody().body(sale(SALE, "CLOSED")),
        world.ask(Method::POST, &format!("/webhooks/x-series/{HAND_MADE}/another")).nobody().body(sale(SALE, "CLOSED")),
        world.ask(Method::POST, &format!("/webhooks/x-series/{HAND_MADE}")).nobody().body(sale(SALE, "CLOSED")),
    ] {
        ask.send().await.refused(401, "not-signed");
    }
    for path in ["/webhooks/netsuite/nobody", "/webhooks/x-series/nobody", "/webhooks/x-series/nobody/token"] {
        world.ask(Method::POST, path).nobody().send().await.refused(404, "unknown-connection");
    }
    assert_eq!(world.stored().await, 0);
}

#[tokio::test]
async fn a_genuine_body_that_cannot_be_understood_is_kept_as_failed() {
    let world = World::start().await;
    let without_account = json!({ "type": "salesorder.edit", "data": { "record_type": "salesorder", "record_id": "766" } }).to_string();
    let bodies: [&[u8]; 5] = [b"", b"{", b"[]", &[0xff, 0x00, 0xfe], without_account.as_bytes()];
    for (index, body) in bodies.into_iter().enumerate() {
        let id = format!("msg_{index}");
        let kept = world.callback(&id, body).send().await.is(202);
        let event = world.get(&format!("/v1/events/{}", kept.body["event_id"].as_str().unwrap())).send().await.is(200).body;
        assert_eq!((&event["verdict"], &event["reason"], &event["order_id"]), (&json!("failed"), &json!("malformed"), &json!(null)));
        world.callback(&id, body).send().await.is(200);
    }
    let nonsense: [&[u8]; 4] = [b"", b"payload=", b"payload=%7B", b"other=1"];
    for body in nonsense {
        let kept = world.webhook(body).send().await.is(202);
        let event = world.get(&format!("/v1/events/{}", kept.body["event_id"].as_str().unwrap())).send().await.is(200).body;
        assert_eq!((&event["verdict"], &event["reason"]), (&json!("failed"), &json!("malformed")));
    }
    let unreadable = world.get("/v1/events?reason=malformed").send().await.is(200);
    assert_eq!(unreadable.body["items"].as_array().unwrap().len(), 9);
}

#[tokio::test]
async fn a_sale_is_a_duplicate_while_the_same_body_waits_to_be_handled() {
    let world = World::start().await;
    let first = world.webhook(&sale(SALE, "SAVED")).send().await.is(202);
    let again = world.webhook(&sale(SALE, "SAVED")).send().await.is(200);
    assert_eq!(again.body["event_id"], first.body["event_id"]);
    world.webhook(&sale(SALE, "CLOSED")).send().await.is(202);
    let order = world.only_order().await;
    assert_eq!((&order["x_series"]["id"], &order["direction"]), (&json!(SALE), &json!("x_series_to_netsuite")));
}

#[tokio::test]
async fn a_webhook_made_by_hand_is_known_by_the_token_of_its_address() {
    let world = World::start().await;
    let ask = world.ask(Method::POST, &format!("/webhooks/x-series/{HAND_MADE}/{PATH_TOKEN}")).nobody();
    ask.body(sale(SALE, "CLOSED")).send().await.is(202);
    assert_eq!(world.only_order().await["connection"], HAND_MADE);
}

#[tokio::test]
async fn a_webhook_about_something_else_is_kept_as_ignored() {
    let world = World::start().await;
    let kept = world.webhook(b"payload=%7B%22id%22%3A%221%22%2C%22customer_code%22%3A%22A%22%7D&type=customer.update").send().await.is(202);
    let event = world.get(&format!("/v1/events/{}", kept.body["event_id"].as_str().unwrap())).send().await.body;
    assert_eq!(
        (&event["verdict"], &event["reason"], &event["type"]),
        (&json!("ignored"), &json!("not_an_order"), &json!("customer.update"))
    );
}

#[tokio::test]
async fn the_scripts_daily_report_of_the_account_is_kept_as_ignored() {
    let world = World::start().await;
    let report = json!({
        "type": "account.capabilities", "timestamp": "2026-11-23T01:02:03Z",
        "data": { "account_id": ACCOUNT, "record_type": "account", "record_id": ACCOUNT, "event": "capabilities", "features": {} },
    });
    world.callback("report", report.to_string().as_bytes()).send().await.is(202);
    let events = world.get("/v1/events").send().await.is(200).body;
    assert_eq!(
        (&events["items"][0]["type"], &events["items"][0]["reason"]),
        (&json!("account.capabilities"), &json!("not_an_order")),
        "{events}"
    );
}

#[tokio::test]
async fn a_hundred_senders_at_once_are_all_kept_once() {
    let world = Arc::new(World::start().await);
    let mut senders = JoinSet::new();
    for sender in 0..100 {
        let world = Arc::clone(&world);
        senders.spawn(async move {
            // Each message is sent twice, and the two may meet.
            let id = format!("msg_{}", sender / 2);
            world.callback(&id, &sales_order(&(sender / 2).to_string())).send().await.status
        });
    }
    let mut answers = senders.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers, [[200; 50], [202; 50]].concat());
    assert_eq!(world.stored().await, 50);
}

#[tokio::test]
async fn a_sender_that_hangs_up_leaves_an_event_stored_and_queued_or_neither() {
    let world = World::start().await;
    for attempt in 0..40 {
        let (id, body) = (format!("msg_{attempt}"), sales_order(&attempt.to_string()));
        let now = Clock::System.now().as_second();
        let head = format!(
            "POST /webhooks/netsuite/{SIGNED} HTTP/1.1\r\nhost: x\r\nwebhook-id: {id}\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {}\r\ncontent-length: {}\r\n\r\n",
            netsuite_signature(&id, now, &body),
            body.len()
        );
        let mut stream = TcpStream::connect(&world.address).await.unwrap();
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
        if attempt % 2 == 0 {
            tokio::time::sleep(std::time::Duration::from_micros(attempt * 100)).await;
        }
        drop(stream);
    }
    // What was stored is queued: an order for each event. The sender that sends again is told which it was.
    let mut kept = 0;
    for attempt in 0..40 {
        let again = world.callback(&format!("msg_{attempt}"), &sales_order(&attempt.to_string())).send().await;
        kept += u32::from(again.status == 200);
    }
    let counts = world.store.counts().await.unwrap();
    assert_eq!(counts.received, 40);
    assert_eq!(counts.orders.iter().map(|(_, number)| number).sum::<i64>(), 40);
    assert!(kept > 0, "not one of them came through");
}
