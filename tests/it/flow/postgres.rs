//! The same house with its rows in Postgres.

use tillbridge::clock::Clock;
use tillbridge::sandbox::Sandbox;

use super::process::Shop;
use super::world::{Plan, World, delivery, pickup, till};
use crate::postgres::Schema;

async fn start() -> World {
    Plan { postgres: true, ..Plan::default() }.start().await
}

#[tokio::test]
async fn orders_go_to_the_till_and_come_back_over_postgres() {
    let mut world = start().await;
    for (new, waits, tender) in [
        (till(), "waiting(awaiting_till)", "Cash"),
        (pickup(), "waiting(awaiting_pickup)", "Card"),
        (delivery(), "waiting(awaiting_dispatch)", "Card"),
    ] {
        let order = world.through(new, waits, tender).await;
        world.is_billed_once(order);
    }
    let holdings = world.holdings();
    world.restart().await;
    let order = world.through(pickup(), "waiting(awaiting_pickup)", "Card").await;
    world.is_billed_once(order);
    assert_ne!(world.holdings(), holdings);
    world.end().await;
}

#[tokio::test]
async fn a_file_moves_to_postgres_by_command_and_the_service_goes_on_there() {
    let plan = Plan::default();
    let sandbox = Sandbox::start(plan.sandbox.clone(), Clock::System).await.unwrap();
    let shop = Shop::new(&sandbox, &plan).await;
    shop.run(&["mapping", "publish", "mappings.toml", "--message", "the test's rules"]).await.done();
    let schema = Schema::new().await;
    shop.write("target", &schema.url);
    let moves = ["move", "--from", &shop.rows.url, "--to", "file:target"];
    let said = shop.run(&moves).await;
    assert!(said.fails_in_one_line().contains("2 migrations wait in the database that is moved to"), "{}", said.err);
    let file = shop.rows.url.clone();
    shop.configure(|text| text.replace(&file, &schema.url));
    shop.run(&["migrate"]).await.done();

    shop.configure(|text| text.replace(&schema.url, &file));
    let mut service = shop.open().await;
    let said = shop.run(&moves).await;
    assert!(said.fails_in_one_line().contains("works on the database that is moved from: stop it first"), "{}", said.err);
    assert!(service.is_running());
    let (status, _) = service.terminate().await;
    assert_eq!(status.code(), Some(0));

    let said = shop.run(&[&moves[..], &["--json"]].concat()).await.done();
    let json = said.json();
    assert_eq!((&json["same"], json["tables"].as_array().unwrap().len()), (&true.into(), 11));
    assert!(!said.out.contains("password"));
    let rows = |name: &str| json["tables"].as_array().unwrap().iter().find(|table| table["table"] == name).unwrap()["rows"].clone();
    assert_eq!(rows("revisions"), 1);
    assert!(shop.run(&moves).await.fails_in_one_line().contains("it has to be empty"));

    shop.configure(|text| text.replace(&file, &schema.url));
    let said = shop.run(&["mapping", "history"]).await.done();
    assert!(said.out.contains("the test's rules"), "{}", said.out);
    let service = shop.open().await;
    service.terminate().await;
}
