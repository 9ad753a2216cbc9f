//! What both systems post, and how it is signed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tillbridge::sandbox::{SignatureEncoding, WebhookTarget};

use super::calls::World;

/// Takes posts, after refusing as many as it is told to.
#[derive(Clone, Default)]
pub struct Inbox {
    taken: Arc<Mutex<Vec<(HeaderMap, String)>>>,
    refuse: Arc<Mutex<u32>>,
}

impl Inbox {
    /// Listens, and gives the address to post to.
    pub async fn open(refuse: u32) -> (Self, String) {
        let inbox = Self { refuse: Arc::new(Mutex::new(refuse)), ..Self::default() };
        let app = Router::new().route("/hook", post(take)).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        #[expect(clippy::disallowed_methods, reason = "ends with the test")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        (inbox, url)
    }

    /// Waits until `count` posts were taken.
    pub async fn wait_for(&self, count: usize) -> Vec<(HeaderMap, String)> {
        for _ in 0..500 {
            let taken = self.taken.lock().unwrap().clone();
            if taken.len() >= count {
                return taken;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} of {count} posts came", self.taken.lock().unwrap().len());
    }
}

async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: String) -> StatusCode {
    let mut refuse = inbox.refuse.lock().unwrap();
    if *refuse > 0 {
        *refuse -= 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    inbox.taken.lock().unwrap().push((headers, body));
    StatusCode::NO_CONTENT
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).unwrap_or_else(|| panic!("{name} is missing")).to_str().unwrap()
}

/// A world whose NetSuite posts to an inbox.
async fn netsuite_world(refuse: u32) -> (World, Inbox) {
    let (inbox, url) = Inbox::open(refuse).await;
    let world = World::with(|config| {
        config.netsuite.webhook = Some(WebhookTarget { url, secret: format!("whsec_{}", STANDARD.encode("a secret")) });
    })
    .await;
    (world, inbox)
}

#[tokio::test]
async fn a_new_order_is_told_by_a_signed_callback() {
    let (world, inbox) = netsuite_world(0).await;
    let order = world.order();
    let (headers, body) = inbox.wait_for(1).await.remove(0);
    let signed = format!("{}.{}.{body}", text(&headers, "webhook-id"), text(&headers, "webhook-timestamp"));
    assert_eq!(text(&headers, "webhook-signature"), format!("v1,{}", STANDARD.encode(mac(b"a secret", signed.as_bytes()))));
    assert_eq!(text(&headers, "webhook-timestamp"), world.now().as_second().to_string());
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        event,
        json!({
            "type": "salesorder.create", "timestamp": "2026-11-23T01:02:03Z",
            "data": { "account_id": "1234567_SB1", "record_type": "salesorder", "record_id": order.to_string(), "tran_id": "SO1001",
                      "event": "create", "execution_context": "USERINTERFACE", "user_id": "12", "created_from": null,
                      "last_modified": "2026-11-23T01:02:03Z" },
        })
    );
}

#[tokio::test]
async fn what_is_made_from_an_order_names_it_and_the_order_itself_is_not_told() {
    let (world, inbox) = netsuite_world(0).await;
    let order = world.order();
    world.transform(order, "itemFulfillment", &json!({ "shipStatus": { "id": "C" } })).await.made();
    world.transform(order, "invoice", &json!({})).await.made();
    world.patch(&format!("/record/v1/salesOrder/{order}"), &json!({ "memo": "m" })).await.made();
    let posts = inbox.wait_for(4).await;
    let mut events: Vec<(String, Value)> = posts
        .iter()
        .map(|(_, body)| serde_json::from_str::<Value>(body).unwrap())
        .map(|event| (event["type"].as_str().unwrap().to_owned(), event["data"]["created_from"].clone()))
        .collect();
    events.sort_by_key(|(kind, _)| kind.clone());
    let source = json!(order.to_string());
    assert_eq!(
        events,
        [
            ("invoice.create".to_owned(), source.clone()),
            ("itemfulfillment.create".to_owned(), source),
            ("salesorder.create".to_owned(), Value::Null),
            ("salesorder.edit".to_owned(), Value::Null),
        ]
    );
}

#[tokio::test]
async fn a_callback_that_is_not_taken_is_posted_again_under_the_same_id() {
    let (world, inbox) = netsuite_world(2).await;
    world.order();
    let (headers, _) = inbox.wait_for(1).await.remove(0);
    assert!(text(&headers, "webhook-id").starts_with("salesorder-"));
    let deliveries = world.sandbox.netsuite().deliveries();
    assert_eq!((deliveries.started, deliveries.failed_attempts), (1, 2));
}

#[tokio::test]
async fn approving_and_cancelling_have_their_own_events() {
    let (world, inbox) = netsuite_world(0).await;
    let order = world.order();
    world.patch(&format!("/record/v1/salesOrder/{order}"), &json!({ "orderStatus": { "id": "A" } })).await.made();
    world.sandbox.netsuite().approve(order).unwrap();
    world.sandbox.netsuite().cancel(order).unwrap();
    let posts = inbox.wait_for(4).await;
    let types: Vec<String> =
        posts.iter().map(|(_, body)| serde_json::from_str::<Value>(body).unwrap()["data"]["event"].as_str().unwrap().to_owned()).collect();
    for event in ["create", "edit", "approve", "cancel"] {
        assert!(types.iter().any(|seen| seen == event), "{event} in {types:?}");
    }
}

/// The decoded fields of a form.
fn form(body: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned();
    body.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(name, value)| (decode(name), decode(value))).collect()
}

#[tokio::test]
async fn a_subscription_brings_signed_forms_in_the_old_shape() {
    let (inbox, url) = Inbox::open(0).await;
    let world = World::new().await;
    world.xs_post("/webhooks", &json!({ "active": true, "type": "sale.update", "url": url })).await;
    let mut body = world.sale("pending", &["pickup"]);
    body["note"] = json!("a & b + c = ü");
    world.xs_post("/sales", &body).await;
    let (headers, raw) = inbox.wait_for(1).await.remove(0);
    assert_eq!(text(&headers, "content-type"), "application/x-www-form-urlencoded");
    let hex = text(&headers, "x-signature").strip_prefix("signature=").unwrap().strip_suffix(",algorithm=HMAC-SHA256").unwrap();
    assert_eq!((hex.len(), hex.to_lowercase()), (64, hex.to_owned()));
    let signature: Vec<u8> = (0..32).map(|place| u8::from_str_radix(&hex[place * 2..place * 2 + 2], 16).unwrap()).collect();
    assert_eq!(signature, mac(b"sandbox-app-secret", raw.as_bytes()));
    let fields = form(&raw);
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap();
    assert_eq!((field("type"), field("domain_prefix")), ("sale.update".to_owned(), "sandbox".to_owned()));
    let payload: Value = serde_json::from_str(&field("payload")).unwrap();
    assert_eq!((&payload["id"], &payload["status"], &payload["note"]), (&body["id"], &json!("AWAITING_PICKUP"), &body["note"]));
    assert_eq!((&payload["register_sale_products"][0]["sequence"], &payload["sale_date"]), (&json!("0"), &json!("2026-11-23 01:02:03")));
    assert!(payload.get("version").is_none() && payload["register_sale_payments"][0]["retailer_payment_type_id"].is_string());
}

#[tokio::test]
async fn a_hand_made_hook_has_its_own_secret_and_may_be_written_in_base64() {
    let (inbox, url) = Inbox::open(0).await;
    let world = World::with(|config| {
        config.x_series.webhook = Some(WebhookTarget { url, secret: "by hand".to_owned() });
        config.x_series.signature_encoding = SignatureEncoding::Base64;
    })
    .await;
    world.sell("closed", &[]).await;
    let (headers, raw) = inbox.wait_for(1).await.remove(0);
    let expected = format!("signature={},algorithm=HMAC-SHA256", STANDARD.encode(mac(b"by hand", raw.as_bytes())));
    assert_eq!(text(&headers, "x-signature"), expected);
}

#[tokio::test]
async fn an_inactive_subscription_brings_nothing() {
    let (inbox, url) = Inbox::open(0).await;
    let world = World::new().await;
    world.xs_post("/webhooks", &json!({ "active": false, "type": "sale.update", "url": url })).await;
    world.sell("closed", &[]).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(inbox.wait_for(0).await.is_empty());
}
