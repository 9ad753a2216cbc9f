//! Faults strike as they are told to, and what they leave behind is what they say.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tillbridge::sandbox::faults::{CallFaults, SystemFaults, WebhookFaults};
use tillbridge::sandbox::{Class, Faults, Injection, NewSalesOrder, Preset, Sandbox, SandboxConfig, SandboxError, WebhookTarget};

use super::callbacks::Inbox;
use super::calls::{World, dec};

#[tokio::test]
async fn a_cut_connection_leaves_the_work_done() {
    let world = World::new().await;
    let order = world.order();
    world.sandbox.netsuite().faults().once(Class::Transform, Injection::CutAfter);
    let path = format!("/record/v1/salesOrder/{order}/!transform/itemFulfillment");
    let request = world.request(Method::POST, &path).await;
    let error = request.json(&json!({ "externalId": "x-if-1", "shipStatus": { "id": "C" } })).send().await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(world.status(order), 'F');
    assert_eq!(world.get("/record/v1/itemFulfillment/eid:x-if-1").await.status, 200);
    assert_eq!(world.sandbox.netsuite().faults().counts()["cut_after"], 1);
}

#[tokio::test]
async fn a_cut_sale_is_there_and_its_webhook_too() {
    let (inbox, url) = Inbox::open(0).await;
    let world = World::with(|config| config.x_series.webhook = Some(WebhookTarget { url, secret: "s".to_owned() })).await;
    world.sandbox.x_series().faults().once(Class::Write, Injection::CutAfter);
    assert!(world.xs(Method::POST, "/sales").json(&world.sale("closed", &[])).send().await.is_err());
    assert_eq!(world.sandbox.x_series().sales().len(), 1);
    inbox.wait_for(1).await;
}

#[tokio::test]
async fn a_failure_before_leaves_nothing_and_one_after_leaves_all() {
    let world = World::new().await;
    let (one, other) = (world.order(), world.order());
    let faults = world.sandbox.netsuite().faults();
    faults.once(Class::Transform, Injection::FailBefore);
    assert!(world.transform(one, "itemFulfillment", &json!({})).await.status >= 500);
    assert!(world.sandbox.netsuite().fulfilments_of(one).is_empty());
    faults.once(Class::Transform, Injection::FailAfter);
    assert!(world.transform(other, "itemFulfillment", &json!({})).await.status >= 500);
    assert_eq!(world.sandbox.netsuite().fulfilments_of(other).len(), 1);
}

#[tokio::test]
async fn too_many_requests_look_like_the_real_refusals() {
    let world = World::new().await;
    world.token().await;
    world.sandbox.netsuite().faults().once(Class::Read, Injection::TooMany);
    world.get("/record/v1/customer/201").await.refuses(429, "CONCURRENCY_LIMIT_EXCEEDED", "Request blocked");
    world.sandbox.x_series().faults().once(Class::Read, Injection::TooMany);
    let answer = world.xs_get("/user").await;
    answer.denies(429, "Rate limiting enforced");
    assert!(httpdate::parse_http_date(answer.header("retry-after")).is_ok() && !answer.header("x-ratelimit-limit").is_empty());
}

#[tokio::test]
async fn a_time_out_is_a_silence_with_nothing_done() {
    let world = World::new().await;
    world.sandbox.x_series().faults().once(Class::Write, Injection::TimeOut);
    let request = world.xs(Method::POST, "/sales").json(&world.sale("closed", &[])).timeout(Duration::from_millis(200));
    assert!(request.send().await.unwrap_err().is_timeout());
    assert!(world.sandbox.x_series().sales().is_empty());
}

#[tokio::test]
async fn slow_answers_come_late() {
    let world = World::new().await;
    let slow = CallFaults { slow: 1.0, slow_ms: (150, 150), ..CallFaults::default() };
    world.sandbox.x_series().faults().set(SystemFaults { read: slow, ..SystemFaults::default() });
    let start = tokio::time::Instant::now();
    assert_eq!(world.xs_get("/user").await.status, 200);
    assert!(start.elapsed() >= Duration::from_millis(150));
}

/// Posts ten sales under the given webhook faults, and gives the notes in the order in which they were taken.
async fn taken(webhooks: WebhookFaults, count: usize) -> (World, usize) {
    let (inbox, url) = Inbox::open(0).await;
    let world = World::with(|config| config.x_series.webhook = Some(WebhookTarget { url, secret: "s".to_owned() })).await;
    world.sandbox.x_series().faults().set(SystemFaults { webhooks, ..SystemFaults::default() });
    for _ in 0..10 {
        world.sell("closed", &[]).await;
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    let taken = inbox.wait_for(count).await.len();
    (world, taken)
}

#[tokio::test]
async fn webhooks_are_lost_doubled_and_delayed() {
    let (world, count) = taken(WebhookFaults { lose: 1.0, ..WebhookFaults::default() }, 0).await;
    assert_eq!((count, world.sandbox.x_series().faults().counts()["webhook_lost"]), (0, 10));
    let (world, count) = taken(WebhookFaults { double: 1.0, ..WebhookFaults::default() }, 20).await;
    assert_eq!((count, world.sandbox.x_series().faults().counts()["webhook_doubled"]), (20, 10));
    let (world, count) = taken(WebhookFaults { delay: 1.0, delay_ms: (300, 600), ..WebhookFaults::default() }, 10).await;
    assert_eq!((count, world.sandbox.x_series().faults().counts()["webhook_delayed"]), (10, 10));
}

#[tokio::test]
async fn a_storm_with_one_seed_strikes_the_same_way_each_time() {
    let run = async || {
        let world = World::with(|config| {
            config.faults = Faults::from(Preset::Storm);
            config.faults.x_series.read.slow = 0.0;
            config.seed = 7;
        })
        .await;
        let mut statuses = Vec::new();
        for _ in 0..60 {
            statuses.push(world.xs_get("/user").await.status);
        }
        statuses
    };
    let (one, other) = (run().await, run().await);
    assert_eq!(one, other);
    assert!(one.contains(&200) && one.contains(&429) && one.iter().any(|status| *status >= 500), "{one:?}");
}

#[tokio::test]
async fn presets_have_names_and_the_configuration_knows_its_keys() {
    assert!("storm".parse::<Preset>().is_ok() && "gale".parse::<Preset>().is_err());
    let config: SandboxConfig = toml::from_str(
        "seed = 7\n[faults.netsuite.write]\ncut_after = 0.1\n[netsuite]\naccount_id = \"99\"\n[[netsuite.oauth2]]\nclient_id = \"c\"\n\
         certificate_id = \"k\"\npublic_key_pem = \"p\"\n[x_series]\nregisters = 1\n",
    )
    .unwrap();
    assert_eq!((config.netsuite.account_id.as_str(), config.netsuite.oauth2.len(), config.x_series.registers), ("99", 1, 1));
    let wrong = toml::from_str::<SandboxConfig>("[netsuite]\nacount_id = \"99\"\n").unwrap_err();
    assert!(wrong.to_string().contains("acount_id"), "{wrong}");
}

#[tokio::test]
async fn a_port_in_use_and_an_unknown_zone_are_told() {
    let world = World::new().await;
    let mut config = SandboxConfig::default();
    config.netsuite.listen = world.sandbox.netsuite_url().trim_start_matches("http://").parse().unwrap();
    let error = Sandbox::start(config, world.clock.clone()).await.unwrap_err();
    assert!(matches!(error, SandboxError::Listen { .. }), "{error}");
    let mut config = SandboxConfig::default();
    config.netsuite.timezone = "Mars/Olympus".to_owned();
    assert!(matches!(Sandbox::start(config, world.clock.clone()).await, Err(SandboxError::TimeZone(_))));
}

#[tokio::test]
async fn stopping_ends_connections_and_webhooks_under_way() {
    let world = World::with(|config| {
        config.netsuite.webhook = Some(WebhookTarget { url: "http://127.0.0.1:9/hook".to_owned(), secret: "s".to_owned() });
    })
    .await;
    world.order();
    let url = world.sandbox.x_series_url();
    assert_eq!(world.xs_get("/user").await.status, 200);
    let World { sandbox, http, .. } = world;
    tokio::time::timeout(Duration::from_secs(2), sandbox.stop()).await.expect("it stops");
    assert!(http.get(url).send().await.is_err());
}

#[tokio::test]
async fn the_control_doors_do_what_the_handles_do() {
    let world = World::new().await;
    let (netsuite, shop) = (world.sandbox.netsuite_url(), world.sandbox.x_series_url());
    let order = json!({ "customer": "Mei Chen", "location": "Newmarket", "lines": [{ "sku": "MUG-ENAMEL", "quantity": "2" }] });
    let made = world.send(world.http.post(format!("{netsuite}/_sandbox/sales-orders")).json(&order)).await;
    let id: u64 = made.body["id"].as_str().unwrap_or_else(|| panic!("{made:?}")).parse().unwrap();
    let path = format!("{netsuite}/_sandbox/sales-orders/{id}");
    assert_eq!(world.send(world.http.post(format!("{path}/bill"))).await.status, 200);
    let shown = world.send(world.http.get(&path)).await;
    assert_eq!((&shown.body["status"], shown.body["bills"].as_array().unwrap().len()), (&json!("G"), 1));
    world.send(world.http.post(format!("{path}/cancel"))).await.denies(422, "cannot be cancelled");
    let sale = json!({ "register": "Newmarket 1", "lines": [["MUG-ENAMEL", "2"]], "state": "parked" });
    let made = world.send(world.http.post(format!("{shop}/_sandbox/sales")).json(&sale)).await;
    let sale = made.body["id"].as_str().unwrap_or_else(|| panic!("{made:?}"));
    assert_eq!(world.send(world.http.post(format!("{shop}/_sandbox/sales/{sale}/complete?payment_type=Cash"))).await.status, 200);
    let state = world.send(world.http.get(format!("{shop}/_sandbox/state"))).await;
    assert_eq!(state.body["counts"], json!({ "closed": 1 }));
    let set = world.http.put(format!("{shop}/_sandbox/faults")).json(&json!({ "preset": "calm" }));
    assert_eq!(world.send(set).await.status, 204);
    let set = world.http.put(format!("{netsuite}/_sandbox/faults")).json(&json!({ "write": { "fail_before": 1.0 } }));
    assert_eq!(world.send(set).await.status, 204);
    assert!(world.patch("/record/v1/salesOrder/1", &json!({})).await.status >= 500);
}

#[tokio::test]
async fn people_are_refused_in_the_systems_words() {
    let world = World::new().await;
    let people = world.sandbox.netsuite();
    let refused = people.create_sales_order(&NewSalesOrder::of("nobody", "Ponsonby", [("MUG-ENAMEL", dec("1"), dec("1"))])).unwrap_err();
    assert!(refused.to_string().contains("Invalid Field Value nobody for the following field: entity"), "{refused}");
    let order = world.order();
    people.bill_fully(order).unwrap();
    assert!(people.cancel(order).unwrap_err().to_string().contains("cannot be cancelled"));
}
