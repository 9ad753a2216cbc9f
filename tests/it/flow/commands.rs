//! The commands, as people and supervisors run them: what they print, and what they end with.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tillbridge::clock::Clock;
use tillbridge::sandbox::{Sandbox, WebhookTarget};
use tillbridge::store::Store;

use super::process::Shop;
use super::world::{CONNECTION, Plan, SECRET, till};

/// Both systems, and a folder that is set up for them.
async fn shop() -> (Sandbox, Shop) {
    let plan = Plan::default();
    let sandbox = Sandbox::start(plan.sandbox.clone(), Clock::System).await.unwrap();
    let shop = Shop::new(&sandbox, &plan).await;
    (sandbox, shop)
}

/// How many events the database holds.
async fn stored(shop: &Shop) -> i64 {
    let store = Store::open(&format!("sqlite://{}", shop.path("tillbridge.db").display()), 1, Clock::System).await.unwrap();
    let received = store.counts().await.unwrap().received;
    store.close().await;
    received
}

/// Asks until the answer is as it should be.
async fn until(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is().await {
        assert!(Instant::now() < until, "never came about: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn serving_without_mappings_starts_with_a_warning_and_ends_well_on_sigterm() {
    let (_sandbox, shop) = shop().await;
    let service = shop.open().await;
    until("the warning", async || shop.log().contains("no mappings are published yet")).await;
    assert!(shop.log().contains("tillbridge mapping publish"), "it says what to do: {}", shop.log());
    assert!(!shop.log().contains('\u{1b}'), "no colours in a file: {}", shop.log());
    let (status, took) = service.terminate().await;
    assert_eq!(status.code(), Some(0), "{}", shop.log());
    assert!(took < Duration::from_secs(10), "server.drain is 10 s, it took {took:?}");
}

#[tokio::test]
async fn a_callback_signed_with_another_secret_is_refused_and_not_stored() {
    let (sandbox, shop) = shop().await;
    shop.configure(|text| text.replace("netsuite_interval = \"1s\"", "netsuite_interval = \"10m\""));
    let service = shop.open().await;
    let url = format!("{}/webhooks/netsuite/{CONNECTION}", shop.url());
    sandbox.netsuite().set_webhook(Some(WebhookTarget { url: url.clone(), secret: "whsec_YW5vdGhlciBzZWNyZXQ=".to_owned() }));
    sandbox.netsuite().create_sales_order(&till()).unwrap();
    until("the refusal", async || sandbox.netsuite().deliveries().failed_attempts > 0).await;
    assert_eq!(sandbox.netsuite().deliveries().taken, 0);
    let client = tillbridge::net::http::Http::new(Duration::from_secs(5)).unwrap();
    assert_eq!(client.post(&url).body("{}").send().await.unwrap().status(), 401);
    assert_eq!(stored(&shop).await, 0);
    service.kill().await;
}

#[tokio::test]
async fn what_keeps_the_service_from_starting_is_one_clear_line() {
    let (sandbox, shop) = shop().await;
    let serve = ["serve", "--config", "tillbridge.toml"];
    let usual = std::fs::read_to_string(shop.path("tillbridge.toml")).unwrap();
    // What a first start logs of its migrations is no part of it.
    shop.run(&["migrate", "--config", "tillbridge.toml"]).await.done();

    let taken = std::net::TcpListener::bind(&shop.address).unwrap();
    let said = shop.run(&serve).await;
    let line = said.fails_in_one_line();
    assert!(line.contains(&shop.address) && line.contains("another program listens there"), "{line}");
    drop(taken);

    std::fs::rename(shop.path("netsuite.pem"), shop.path("elsewhere.pem")).unwrap();
    let said = shop.run(&serve).await;
    let line = said.fails_in_one_line();
    assert!(line.contains("netsuite.pem") && line.contains("private_key"), "{line}");
    std::fs::rename(shop.path("elsewhere.pem"), shop.path("netsuite.pem")).unwrap();

    shop.configure(|text| text.replace("concurrency = 4", "concurency = 4"));
    let said = shop.run(&serve).await;
    let line = said.fails_in_one_line();
    let place = usual.lines().position(|line| line.starts_with("concurrency")).unwrap() + 1;
    assert!(line.contains("concurency") && line.contains("concurrency"), "it names the closest known key: {line}");
    assert!(line.contains(&format!("tillbridge.toml:{place}:1:")), "{line}");

    shop.write("tillbridge.toml", &usual.replace("tillbridge.db", "no/such/folder/tillbridge.db"));
    let said = shop.run(&serve).await;
    let line = said.fails_in_one_line();
    assert!(line.contains("no/such/folder"), "{line}");

    shop.write("tillbridge.toml", &usual.replace("concurrency = 4", "concurrency = \"many\""));
    let said = shop.run(&serve).await;
    assert!(said.fails_in_one_line().contains("concurrency"), "{}", said.err);

    let said = shop.run(&["serve", "--config", "nowhere.toml"]).await;
    assert!(said.fails_in_one_line().contains("nowhere.toml"), "{}", said.err);
    sandbox.stop().await;
}

#[tokio::test]
async fn wrong_usage_ends_with_2_and_what_is_not_there_with_1() {
    let (_sandbox, shop) = shop().await;
    for wrong in [&["serve", "--no-such-flag"][..], &["token", "create", "--role", "king", "--name", "A"], &["nonsense"], &[]] {
        assert_eq!(shop.run(wrong).await.code, Some(2), "{wrong:?}");
    }
    let said = shop.run(&["healthcheck", "--url", &shop.url()]).await;
    assert!(said.fails_in_one_line().contains(&shop.address), "{}", said.err);
    let said = shop.run(&["orders", "--config", "tillbridge.toml", "--token", "x"]).await;
    assert!(said.fails_in_one_line().contains("cannot reach"), "{}", said.err);
    let said = shop.run(&["mapping", "revert", "7", "--config", "tillbridge.toml"]).await;
    assert!(said.fails_in_one_line().contains("no revision 7"), "{}", said.err);
    assert_eq!(shop.run(&["--version"]).await.code, Some(0));
}

#[tokio::test]
async fn migrating_twice_says_the_second_time_that_nothing_is_left() {
    let (_sandbox, shop) = shop().await;
    let first = shop.run(&["migrate", "--config", "tillbridge.toml"]).await.done();
    assert!(first.out.contains("applied"), "{}", first.out);
    let second = shop.run(&["migrate", "--config", "tillbridge.toml"]).await.done();
    assert_eq!(second.out.trim(), "the database is up to date");
}

#[tokio::test]
async fn a_mapping_with_a_typo_is_refused_with_its_place_and_the_right_word() {
    let (_sandbox, shop) = shop().await;
    let wrong = std::fs::read_to_string(shop.path("mappings.toml")).unwrap().replacen("order.ship_method", "order.ship_metod", 1);
    let (row, line) = wrong.lines().enumerate().find(|(_, line)| line.contains("ship_metod")).unwrap();
    let place = format!("line {}, column {}", row + 1, line.find("order.ship_metod").unwrap() + 1);
    shop.write("mappings.toml", &wrong);
    for arguments in [
        &["mapping", "check", "mappings.toml"][..],
        &["mapping", "publish", "mappings.toml", "--message", "x", "--config", "tillbridge.toml"],
    ] {
        let said = shop.run(arguments).await;
        let line = said.fails_in_one_line();
        assert!(line.contains("mappings.toml") && line.contains(&place), "{place}: {line}");
        assert!(line.contains("order.ship_metod") && line.contains("did you mean") && line.contains("order.ship_method"), "{line}");
    }
    let said = shop.run(&["mapping", "check", "mappings.toml", "--json"]).await;
    assert_eq!(said.code, Some(1));
    assert_eq!(said.json()["errors"][0]["line"], json!(row + 1));
    let history = shop.run(&["mapping", "history", "--json", "--config", "tillbridge.toml"]).await.done();
    assert_eq!(history.json()["items"], json!([]), "nothing was published");
}

#[tokio::test]
async fn mappings_are_checked_published_listed_and_reverted() {
    let (_sandbox, shop) = shop().await;
    shop.run(&["mapping", "check", "mappings.toml"]).await.done();
    let publish = |message: &'static str| ["mapping", "publish", "mappings.toml", "--message", message, "--config", "tillbridge.toml"];
    shop.run(&publish("first")).await.done();
    let first = std::fs::read_to_string(shop.path("mappings.toml")).unwrap();
    shop.write("mappings.toml", &first.replace("name = \"Till\"", "name = \"Counter\""));
    shop.run(&publish("second")).await.done();
    let said = shop.run(&["mapping", "revert", "1", "--config", "tillbridge.toml"]).await.done();
    assert!(said.out.contains("revision 3"), "{}", said.out);
    let history = shop.run(&["mapping", "history", "--json", "--config", "tillbridge.toml"]).await.done().json();
    let items = history["items"].as_array().unwrap();
    let told = items.iter().map(|item| (item["revision"].as_i64().unwrap(), item["message"].as_str().unwrap())).collect::<Vec<_>>();
    assert_eq!(told, [(3, "back to revision 1"), (2, "second"), (1, "first")]);
    assert_eq!(items[0]["document"], json!(first));
    let table = shop.run(&["mapping", "history", "--config", "tillbridge.toml"]).await.done();
    assert_eq!(table.out.lines().count(), 4, "{}", table.out);
}

#[tokio::test]
async fn check_finds_both_systems_in_order_and_names_what_is_not() {
    let (sandbox, shop) = shop().await;
    shop.run(&["mapping", "publish", "mappings.toml", "--message", "first", "--config", "tillbridge.toml"]).await.done();
    let said = shop.run(&["check", "--json", "--config", "tillbridge.toml"]).await;
    let checks = said.json()["checks"].as_array().unwrap().clone();
    assert_eq!(said.code, Some(0), "{checks:#?}");
    assert!(checks.iter().all(|check| check["status"] != "error"), "{checks:#?}");
    for part in ["database", "NetSuite sign-in", "X-Series sign-in", "clock"] {
        let found = checks.iter().find(|check| check["name"].as_str().unwrap().ends_with(part));
        assert_eq!(found.unwrap_or(&Value::Null)["status"], "ok", "{part}: {checks:#?}");
    }
    for check in &checks {
        assert!(check["detail"].is_string() && check["fix"].is_string(), "{check}");
    }
    shop.configure(|text| text.replace("sandbox-personal-token", "another-token").replace("sandbox-client", "another-client"));
    let said = shop.run(&["check", "--json", "--config", "tillbridge.toml"]).await;
    assert_eq!(said.code, Some(1));
    let checks = said.json()["checks"].as_array().unwrap().clone();
    for part in ["NetSuite sign-in", "X-Series sign-in"] {
        let found = checks.iter().find(|check| check["name"].as_str().unwrap().ends_with(part)).unwrap();
        assert_eq!(found["status"], "error", "{checks:#?}");
        assert_ne!(found["fix"], "", "{checks:#?}");
    }
    let said = shop.run(&["check", "--offline", "--json", "--config", "tillbridge.toml"]).await;
    assert_eq!(said.code, Some(0), "offline nothing is asked: {}", said.out);
    sandbox.stop().await;
}

#[tokio::test]
async fn operators_work_from_a_terminal_against_a_running_server() {
    let (sandbox, shop) = shop().await;
    shop.run(&["mapping", "publish", "mappings.toml", "--message", "first", "--config", "tillbridge.toml"]).await.done();
    let service = shop.open().await;
    shop.run(&["healthcheck", "--config", "tillbridge.toml"]).await.done();

    // A token made while the server runs is good at once, and is all that is printed.
    let said = shop.run(&["token", "create", "--role", "operator", "--name", "Ann", "--config", "tillbridge.toml"]).await.done();
    let token = said.out.trim_end_matches('\n').to_owned();
    assert!(!token.is_empty() && !token.contains(char::is_whitespace), "{:?}", said.out);
    let viewer = shop.run(&["token", "create", "--role", "viewer", "--name", "Bo", "--json", "--config", "tillbridge.toml"]).await.done();
    let viewer = viewer.json();
    assert_eq!((&viewer["name"], &viewer["role"]), (&json!("Bo"), &json!("viewer")));

    let url = format!("{}/webhooks/netsuite/{CONNECTION}", shop.url());
    sandbox.netsuite().set_webhook(Some(WebhookTarget { url, secret: SECRET.to_owned() }));
    let order = sandbox.netsuite().create_sales_order(&till()).unwrap();
    let number = sandbox.netsuite().sales_order(order).unwrap().tran_id;
    let api = ["--config", "tillbridge.toml", "--token", &token];
    until("the order is seen and waits", async || {
        let said = shop.run(&[&["orders", "--state", "waiting", "--json"][..], &api].concat()).await.done();
        said.json()["items"].as_array().unwrap().iter().any(|item| item["netsuite"]["number"] == json!(number))
    })
    .await;
    let table = shop.run(&[&["orders"][..], &api].concat()).await.done();
    assert!(table.out.contains(&number) && table.out.contains("waiting"), "{}", table.out);
    let shown = shop.run(&[&["order", "show", &number][..], &api].concat()).await.done();
    assert!(shown.out.contains("mapping 'Till': holds") && shown.out.contains("order.status"), "{}", shown.out);
    let shown = shop.run(&[&["order", "show", &number, "--json"][..], &api].concat()).await.done().json();
    assert_eq!(shown["order"]["netsuite"]["id"], json!(order.to_string()));
    let said = shop.run(&[&["order", "show", "SO999999"][..], &api].concat()).await;
    assert!(said.fails_in_one_line().contains("SO999999"), "{}", said.err);

    let dry = shop.run(&[&["replay", &number, "--dry-run", "--json"][..], &api].concat()).await.done().json();
    assert_eq!((&dry["total"], &dry["done"]), (&json!(1), &json!(0)));
    let replay = shop.run(&[&["replay", &number, "--json"][..], &api].concat()).await.done().json();
    assert_eq!((&replay["state"], &replay["done"]), (&json!("done"), &json!(1)));
    let said = shop.run(&["replay", &number, "--config", "tillbridge.toml", "--token", viewer["token"].as_str().unwrap()]).await;
    said.fails_in_one_line();
    assert_eq!(sandbox.x_series().sales_from(&number).len(), 1);
    let (status, _) = service.terminate().await;
    assert_eq!(status.code(), Some(0));
}
