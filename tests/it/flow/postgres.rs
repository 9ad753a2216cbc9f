//! The same house with its rows in Postgres.

use super::world::{Plan, World, delivery, pickup, till};

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
