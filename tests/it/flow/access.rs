//! The ways in: which credentials work end to end, and what becomes of rotating ones.

use futures_util::future::join_all;
use tillbridge::sandbox::config::{OAuth2Client, TbaToken};

use super::world::{CONNECTION, Plan, World, pickup, till};

const RSA_PRIVATE: &str = include_str!("../../fixtures/netsuite/keys/rsa.pem");
const RSA_PUBLIC: &str = include_str!("../../fixtures/netsuite/keys/rsa-public.pem");

fn oauth() -> Plan {
    let auth = r#"{ type = "oauth2", client_id = "sandbox-app", client_secret = "sandbox-app-secret" }"#;
    let mut plan = Plan { x_series_auth: auth.to_owned(), refresh_token: Some("sandbox-refresh-token"), ..Plan::default() };
    plan.sandbox.x_series.personal_tokens.clear();
    plan
}

/// The refresh token that the database holds.
async fn stored(world: &World) -> String {
    world.store().oauth_tokens(&CONNECTION.into()).await.unwrap().unwrap().refresh_token
}

#[tokio::test]
async fn a_rotating_x_series_token_is_kept_over_a_restart() {
    let mut world = oauth().start().await;
    let order = world.through(pickup(), "waiting(awaiting_pickup)", "Card").await;
    world.is_billed_once(order);
    assert_eq!(world.x_series().refresh_token(), "sandbox-refresh-1", "one refresh for all of it");
    assert_eq!(stored(&world).await, "sandbox-refresh-1");

    world.restart().await;
    let order = world.through(till(), "waiting(awaiting_till)", "Card").await;
    world.is_billed_once(order);
    assert_eq!(world.x_series().refresh_token(), "sandbox-refresh-1", "the access token was kept, too");

    world.x_series().revoke_access_token();
    let order = world.through(till(), "waiting(awaiting_till)", "Card").await;
    world.is_billed_once(order);
    assert_eq!(world.x_series().refresh_token(), "sandbox-refresh-2");
    assert_eq!(stored(&world).await, "sandbox-refresh-2");
    world.end().await;
}

#[tokio::test]
async fn many_orders_that_meet_a_dead_token_at_once_refresh_it_once() {
    let world = oauth().start().await;
    world.x_series().revoke_access_token();
    let orders = (0..6).map(|_| world.enter(till())).collect::<Vec<_>>();
    join_all(orders.iter().map(|order| world.rests(*order, "waiting(awaiting_till)"))).await;
    assert_eq!(world.x_series().refresh_token(), "sandbox-refresh-2");
    world.end().await;
}

#[tokio::test]
async fn token_based_authentication_works_end_to_end() {
    let TbaToken { consumer_key, consumer_secret, token_id, token_secret } = TbaToken::default();
    let netsuite_auth = format!(
        r#"{{ type = "tba", consumer_key = "{consumer_key}", consumer_secret = "{consumer_secret}", token_id = "{token_id}", token_secret = "{token_secret}" }}"#
    );
    let world = Plan { netsuite_auth, ..Plan::default() }.sandbox(|sandbox| sandbox.netsuite.oauth2.clear()).start().await;
    let order = world.through(till(), "waiting(awaiting_till)", "Card").await;
    world.is_billed_once(order);
    world.end().await;
}

#[tokio::test]
async fn an_rsa_key_works_end_to_end() {
    let plan = Plan { private_key: RSA_PRIVATE, ..Plan::default() };
    let netsuite_auth = plan.netsuite_auth.replace("ES256", "PS256");
    let client = OAuth2Client { public_key_pem: RSA_PUBLIC.to_owned(), ..OAuth2Client::default() };
    let world = Plan { netsuite_auth, ..plan }.sandbox(|sandbox| sandbox.netsuite.oauth2 = vec![client]).start().await;
    let order = world.through(pickup(), "waiting(awaiting_pickup)", "Card").await;
    world.is_billed_once(order);
    world.end().await;
}

#[tokio::test]
async fn netsuite_tokens_that_end_early_are_made_anew() {
    let world = World::start().await;
    let order = world.enter(till());
    world.rests(order, "waiting(awaiting_till)").await;
    world.netsuite().revoke_tokens();
    world.complete(order, "Card");
    world.rests(order, "synced(fulfilled_and_billed)").await;
    world.is_billed_once(order);
    world.end().await;
}
