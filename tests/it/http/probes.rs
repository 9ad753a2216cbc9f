//! Probes, metrics, and what holds for every address.

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::json;
use tillbridge::clock::Clock;
use tillbridge::http::{ServeError, bind};
use tillbridge::store::{Role, Store};

use super::world::{World, config, sales_order};

#[tokio::test]
async fn a_service_with_a_migrated_database_is_alive_and_ready() {
    let world = World::start().await;
    assert_eq!(world.get("/healthz").nobody().send().await.is(200).body["status"], "ok");
    let ready = world.get("/readyz").nobody().send().await.is(200);
    assert_eq!(ready.body["parts"]["database"]["ok"], true);
    assert_eq!(ready.body["remotes"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn migrations_that_wait_make_the_service_unready_but_not_dead() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), "");
    let store = Store::open(&config.database.url, 2, Clock::System).await.unwrap();
    let world = World::over(folder, store, config).await;
    let unready = world.get("/readyz").nobody().send().await.refused(503, "not-ready");
    assert_eq!(unready.body["parts"]["migrations"]["ok"], false);
    world.get("/healthz").nobody().send().await.is(200);
    let refused = world.callback("msg", &sales_order("766")).send().await.refused(503, "unavailable");
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_store_that_is_closed_is_unready_and_asks_senders_to_come_again() {
    let world = World::start().await;
    world.store.close().await;
    let unready = world.get("/readyz").nobody().send().await.refused(503, "not-ready");
    assert_eq!(unready.body["parts"]["database"]["ok"], false);
    let refused = world.callback("msg", &sales_order("766")).send().await.refused(503, "unavailable");
    assert!(refused.headers.contains_key("retry-after"));
    world.get("/metrics").nobody().send().await.is(200);
}

#[tokio::test]
async fn the_metrics_count_what_came_and_what_the_database_holds() {
    let world = World::start().await;
    world.callback("msg_1", &sales_order("766")).send().await.is(202);
    world.callback("msg_1", &sales_order("766")).send().await.is(200);
    world.callback("msg_2", &sales_order("766")).header("webhook-signature", "v1,AAAA").send().await.is(401);
    let metrics = world.get("/metrics").nobody().send().await.is(200).text;
    for line in [
        "# TYPE tillbridge_webhooks_received_total counter",
        "# HELP tillbridge_orders Orders by state.",
        r#"tillbridge_webhooks_refused_total{connection="acme-nz",source="netsuite",cause="signature"}"#,
        r#"tillbridge_webhooks_received_total{connection="acme-nz",source="netsuite",outcome="duplicate"}"#,
        r#"tillbridge_http_request_duration_seconds_bucket{method="POST",route="/webhooks/netsuite/{connection}""#,
        r#"tillbridge_poll_lag_seconds{connection="acme-nz",system="x_series"} 1.5"#,
        r#"tillbridge_orders{state="due"}"#,
        // Every world of this process counts into one recorder, so that values are not to be relied on.
        "tillbridge_store_up ",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn metrics_with_an_address_of_their_own_are_there_alone() {
    let world = World::start_with(r#"metrics_listen = "127.0.0.1:0""#).await;
    world.get("/metrics").nobody().send().await.refused(404, "no-such-address");
    let get = |path: &'static str| {
        let address = format!("http://{}{path}", world.metrics_address.as_ref().unwrap());
        world.client.get(address).send()
    };
    let metrics = get("/metrics").await.unwrap();
    assert_eq!(metrics.status(), 200);
    assert!(metrics.text().await.unwrap().contains("tillbridge_store_up "));
    assert_eq!(get("/v1/orders").await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_locked_database_asks_senders_to_come_again_and_nothing_is_half_written() {
    let world = World::start().await;
    let other = rusqlite::Connection::open(world.folder.path().join("tillbridge.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    let refused = world.callback("msg", &sales_order("766")).send().await.is(503);
    assert!(refused.headers.contains_key("retry-after"));
    assert!(start.elapsed() < Duration::from_secs(5), "X-Series waits five seconds; this took {:?}", start.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    let again = world.callback("msg", &sales_order("766")).send().await;
    assert!([200, 202].contains(&again.status));
    assert_eq!(world.stored().await, 1);
}

#[tokio::test]
async fn an_address_or_a_method_that_is_not_there_is_a_problem() {
    let world = World::start().await;
    world.get("/nowhere").nobody().send().await.refused(404, "no-such-address");
    world.get("/v1/nowhere").nobody().send().await.refused(404, "no-such-address");
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let refused = world.ask(method, "/webhooks/netsuite/acme-nz").nobody().send().await.refused(405, "method-not-allowed");
        assert_eq!(refused.headers["allow"], "POST");
    }
    let refused = world.ask(Method::HEAD, "/webhooks/x-series/acme-nz").nobody().send().await.is(405);
    assert_eq!(refused.headers["allow"], "POST");
    let refused = world.ask(Method::DELETE, "/v1/connections/acme-nz/mappings").send().await.refused(405, "method-not-allowed");
    assert_eq!(refused.headers["allow"], "GET,HEAD,POST");
}

#[tokio::test]
async fn a_request_id_is_given_back_or_made() {
    let world = World::start().await;
    let told = world.get("/healthz").header("x-request-id", "from-the-proxy").send().await;
    assert_eq!(told.headers["x-request-id"], "from-the-proxy");
    let made = world.get("/healthz").send().await;
    assert_eq!(made.headers["x-request-id"].len(), 36);
}

#[tokio::test]
async fn v1_wants_a_token_with_the_role_of_the_route() {
    let world = World::start().await;
    let refused = world.get("/v1/orders").nobody().send().await.refused(401, "token-needed");
    assert_eq!(refused.headers["www-authenticate"], r#"Bearer realm="tillbridge""#);
    let refused = world.get("/v1/orders").nobody().header("authorization", "Bearer made-up").send().await.refused(401, "token-needed");
    assert_eq!(refused.headers["www-authenticate"], r#"Bearer realm="tillbridge", error="invalid_token""#);
    world.get("/v1/orders").by(Role::Viewer).send().await.is(200);
    world.post("/v1/orders/766/retry", &json!({})).by(Role::Viewer).send().await.refused(403, "forbidden");
    world.post("/v1/replays", &json!({})).by(Role::Viewer).send().await.refused(403, "forbidden");
    world.post("/v1/connections/acme-nz/mappings", &json!({})).by(Role::Operator).send().await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_port_in_use_is_one_clear_line() {
    let world = World::start().await;
    let error = bind(&world.address).await.unwrap_err();
    assert!(matches!(error, ServeError::InUse { .. }));
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {}: another program listens there; stop it, or set server.listen to another port", world.address)
    );
}
