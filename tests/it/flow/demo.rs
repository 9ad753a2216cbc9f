//! `tillbridge demo`, as people run it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::process::command;

/// The demo gives up by itself before.
const PATIENCE: Duration = Duration::from_mins(4);

/// Runs it to its end; its JSON, which says that all is well.
async fn demo(arguments: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let run = command(folder.path()).args(["demo", "--once", "--json"]).args(arguments).output();
    let output = tokio::time::timeout(PATIENCE, run).await.expect("the demo hangs").unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["ok"], told["problems"].as_array().map(Vec::len)), (&Value::Bool(true), Some(0)), "{told}");
    told
}

fn text<'v>(order: &'v Value, key: &str) -> &'v str {
    let found = order[key].as_str();
    assert!(found.is_some(), "{key} of {order}");
    found.unwrap()
}

/// What of an order follows from the seed alone.
fn drawn(told: &Value) -> Vec<(String, String, String)> {
    let orders = told["orders"].as_array().unwrap().iter();
    orders.map(|order| ["direction", "sold", "sale_status"].map(|key| text(order, key).to_owned()).into()).collect()
}

#[tokio::test]
async fn the_demo_drives_sales_orders_and_sales_of_the_till_of_every_kind_to_their_end() {
    let told = demo(&["--orders", "25", "--seed", "3"]).await;
    let orders = told["orders"].as_array().unwrap();
    let (sent, sold): (Vec<_>, Vec<_>) = orders.iter().partition(|order| order["direction"] == "netsuite_to_x_series");
    assert_eq!((sent.len(), sold.len()), (15, 10));
    for order in &sent {
        for key in ["sales_order", "sale", "mapping", "sale_status", "fulfilment", "bill"] {
            assert_ne!(text(order, key), "-", "{key} of {order}");
        }
        assert!(order["record_plan"].is_null(), "{order}");
    }
    let mut plans = BTreeMap::<_, usize>::new();
    for order in &sold {
        assert_ne!((text(order, "sale"), text(order, "bill")), ("-", "-"), "{order}");
        assert_eq!(text(order, "sold"), text(order, "booked"), "{order}");
        assert!(text(order, "verdict").starts_with("synced"), "{order}");
        *plans.entry(order["record_plan"]["record"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(plans, BTreeMap::from([("cash_sale", 3), ("exchange", 1), ("invoice", 2), ("return", 1), ("sales_order", 3)]));
    for reason in ["KIT_TRACKED_COMPONENTS", "PICKUP_UNFULFILLED", "LAYBY", "ON_ACCOUNT", "RETURN", "EXCHANGE", "SKIPPED_DIRECT"] {
        let names = |order: &&&Value| order["record_plan"]["reasons"].as_array().unwrap().iter().any(|word| word == reason);
        assert!(sold.iter().any(|order| names(&order)), "no plan has the reason {reason}");
    }
    let layby = sold.iter().find(|order| order["sale_status"] == "LAYBY_CLOSED").unwrap();
    let deposits = layby["bookings"].as_array().unwrap().iter().filter(|booking| booking["record"] == "customerDeposit").count();
    assert_eq!(deposits, 3, "{layby}");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_demo_and_one_order_is_a_sales_order() {
    let (first, second) = (demo(&["--orders", "6", "--seed", "11"]).await, demo(&["--orders", "6", "--seed", "11"]).await);
    assert_eq!(drawn(&first), drawn(&second));
    let one = demo(&["--orders", "1"]).await;
    assert_eq!(one["orders"].as_array().unwrap().len(), 1);
    assert_eq!(one["orders"][0]["direction"], "netsuite_to_x_series");
}

#[tokio::test]
async fn both_directions_end_once_where_connections_are_cut_and_webhooks_are_lost() {
    let told = demo(&["--orders", "25", "--seed", "5", "--faults", "storm"]).await;
    assert_eq!(told["orders"].as_array().unwrap().len(), 25);
}
