//! The SuiteScript user event, run by Node outside NetSuite, drives the service.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::world::{CONNECTION, Plan, SECRET, World, till};

/// Lets the suite pass on a machine that has no Node; without it a missing Node is a failure.
const WITHOUT_NODE: &str = "TILLBRIDGE_TESTS_WITHOUT_NODE";

/// Runs the script; none where there is no Node and the tests are told so.
#[expect(clippy::panic, reason = "a machine without Node has to be told so in words")]
async fn user_event(scenario: &Value) -> Option<Value> {
    let command = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/netsuite/tools/run-user-event.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match command {
        Ok(child) => child,
        Err(_) if std::env::var_os(WITHOUT_NODE).is_some() => return None,
        Err(error) => panic!("`node` cannot be started ({error}): install Node 20 or later, or set {WITHOUT_NODE}=1 to leave this out"),
    };
    child.stdin.take().unwrap().write_all(scenario.to_string().as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn scenario(world: &World, order: u64, secrets: &[&str]) -> Value {
    let number = world.netsuite().sales_order(order).unwrap().tran_id;
    json!({
        "url": world.url(""), "connection": CONNECTION, "secrets": secrets, "account_id": "1234567_SB1",
        "record": "salesorder", "type": "edit", "id": order.to_string(), "values": { "tranid": number }, "user_id": "12",
    })
}

#[tokio::test]
async fn the_user_event_of_the_netsuite_project_sends_an_order_to_the_till() {
    // Nobody else tells: the script's callback is what makes the order go over.
    let world = Plan { webhooks: false, poll_interval: "10m", ..Plan::default() }.start().await;
    let order = world.enter(till());
    if let Some(ran) = user_event(&scenario(&world, order, &[SECRET])).await {
        let requests = ran["requests"].as_array().unwrap();
        assert_eq!(requests.len(), 1, "{ran:#}");
        assert_eq!(requests[0]["answer"]["code"], 202, "{ran:#}");
        world.rests(order, "waiting(awaiting_till)").await;
        let (_, events) = world.get("/v1/events", "viewer").await;
        let told = events["items"].as_array().unwrap().iter().find(|event| event["source"] == "netsuite").unwrap();
        assert_eq!(told["type"], "salesorder.edit");
        let (_, event) = world.get(&format!("/v1/events/{}", told["id"].as_str().unwrap()), "admin").await;
        assert!(event.to_string().contains(&order.to_string()), "{event:#}");
        world.sale(order);
    }
    world.end().await;
}

#[tokio::test]
async fn a_user_event_that_signs_with_another_secret_is_refused_and_nothing_is_stored() {
    let world = Plan { webhooks: false, poll_interval: "10m", ..Plan::default() }.start().await;
    let order = world.enter(till());
    if let Some(ran) = user_event(&scenario(&world, order, &["whsec_YW5vdGhlciBzZWNyZXQgdGhhbiB0aGUgc2VydmljZSdz"])).await {
        assert_eq!(ran["requests"][0]["answer"]["code"], 401, "{ran:#}");
        let (_, events) = world.get("/v1/events", "viewer").await;
        assert!(events["items"].as_array().unwrap().iter().all(|event| event["source"] != "netsuite"), "{events:#}");
    }
    world.end().await;
}
