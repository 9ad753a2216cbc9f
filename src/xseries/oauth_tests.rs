use std::sync::atomic::Ordering;

use reqwest::Url;
use serde_json::json;

use super::*;
use crate::domain::failure::FailureClass;
use crate::domain::ids::SaleId;
use crate::domain::verdict::Reason;
use crate::xseries::rehearsal::{SALE, World, sale_request, settings_for, start, world_of};

fn tokens(generation: i64, access: &str, hours: u64) -> Tokens {
    let expires_at = clock::after(start(), Duration::from_hours(hours));
    Tokens { generation, access_token: Secret::new(access), expires_at, refresh_token: Secret::new(format!("refresh-{generation}")) }
}

async fn oauth_world(kept: Option<Tokens>) -> World {
    let world = world_of(1, true).await;
    *world.keeper.tokens.lock().unwrap() = kept;
    world
}

fn granted(access: &str, refresh: &str) -> Value {
    json!({"access_token": access, "token_type": "Bearer", "expires_in": "86400", "refresh_token": refresh})
}

fn no_sale(world: &World) {
    world.script.then(200, &json!({"data": null}));
}

fn paths(world: &World) -> Vec<String> {
    world.script.got().into_iter().map(|got| format!("{} {}", got.path.rsplit('/').next().unwrap(), got.token)).collect()
}

#[tokio::test]
async fn a_first_refresh_token_is_traded_and_its_successor_kept() {
    let world = oauth_world(Some(tokens(1, "", 24))).await;
    world.script.then(200, &granted("A2", "refresh-2"));
    no_sale(&world);
    world.client.sale(&SALE.into()).await.unwrap();
    let got = world.script.got();
    assert_eq!(got[0].path, "/api/1.0/token");
    assert_eq!((got[0].query.as_str(), got[0].token.as_str()), ("", ""));
    assert_eq!(got[0].body, "client_id=app&client_secret=s3cret&grant_type=refresh_token&refresh_token=refresh-1");
    assert_eq!(got[1].token, "Bearer A2");
    let kept = world.keeper.tokens.lock().unwrap().clone().unwrap();
    assert_eq!((kept.generation, kept.refresh_token.expose()), (2, "refresh-2"));
    assert_eq!(kept.expires_at, clock::after(start(), Duration::from_hours(24)));
    assert!(!world.keeper.locked.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_once_for_everybody() {
    let world = oauth_world(Some(tokens(1, "A1", 1))).await;
    no_sale(&world);
    world.client.sale(&SALE.into()).await.unwrap();
    world.clock.advance(Duration::from_secs(3600 - 30));
    world.script.then(200, &granted("A2", "refresh-2"));
    for _ in 0..3 {
        no_sale(&world);
    }
    let id = SaleId::from(SALE);
    let (one, two, three) = tokio::join!(world.client.sale(&id), world.client.sale(&id), world.client.sale(&id));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(paths(&world).iter().filter(|path| path.starts_with("token")).count(), 1);
}

#[tokio::test]
async fn after_a_401_what_another_replica_stored_is_used_first() {
    let world = oauth_world(Some(tokens(1, "A1", 24))).await;
    no_sale(&world);
    world.client.sale(&SALE.into()).await.unwrap();
    *world.keeper.tokens.lock().unwrap() = Some(tokens(2, "A2", 24));
    world.script.then(401, &json!({"error": "Access token is not valid"}));
    no_sale(&world);
    world.client.sale(&SALE.into()).await.unwrap();
    assert_eq!(paths(&world)[1..], [format!("{SALE} Bearer A1"), format!("{SALE} Bearer A2")]);
}

#[tokio::test]
async fn a_401_renews_once_and_a_second_one_is_a_matter_of_credentials() {
    let world = oauth_world(Some(tokens(1, "A1", 24))).await;
    world.script.then(401, &json!({"error": "Access token is not valid"}));
    world.script.then(200, &granted("A2", "refresh-2"));
    world.script.then(401, &json!({"error": "Access token is not valid"}));
    let error = world.client.create_sale(&sale_request()).await.unwrap_err();
    assert_eq!(error.class(true), FailureClass::Refused(Reason::Credentials));
    assert_eq!(world.script.got().len(), 3);
}

#[tokio::test]
async fn a_dead_refresh_token_says_what_to_do() {
    let world = oauth_world(Some(tokens(1, "", 24))).await;
    world.script.then(400, &json!({"error": "invalid_grant", "error_description": "Refresh token is not valid"}));
    let error = world.client.sale(&SALE.into()).await.unwrap_err();
    assert_eq!(error.class(false), FailureClass::Refused(Reason::Credentials));
    let said = error.to_string();
    assert!(said.contains("invalid_grant") && said.contains("/oauth/x-series/acme-nz/start"), "{said}");
    assert_eq!(world.client.sale(&SALE.into()).await.unwrap_err().to_string(), said);
    assert_eq!(world.script.got().len(), 1, "it is not tried again at once");
    let world = oauth_world(None).await;
    let said = world.client.sale(&SALE.into()).await.unwrap_err().to_string();
    assert!(said.contains("tillbridge connect x-series acme-nz"), "{said}");
}

#[tokio::test]
async fn the_token_endpoints_trouble_never_puts_a_write_in_doubt() {
    let world = oauth_world(Some(tokens(1, "", 24))).await;
    world.script.raw(502, &[], "<html>");
    let error = world.client.create_sale(&sale_request()).await.unwrap_err();
    assert_eq!(error.class(true), FailureClass::Transient { retry_after: None });
    world.script.raw(429, &[("retry-after", "12")], "{}");
    let error = world.client.create_sale(&sale_request()).await.unwrap_err();
    assert_eq!(error.class(true), FailureClass::Throttled { until: clock::after(start(), Duration::from_secs(12)) });
}

#[tokio::test]
async fn new_tokens_are_committed_before_they_are_used() {
    let world = oauth_world(Some(tokens(1, "", 24))).await;
    *world.keeper.broken.lock().unwrap() = 3;
    world.script.then(200, &granted("A2", "refresh-2"));
    let error = world.client.create_sale(&sale_request()).await.unwrap_err();
    assert!(matches!(error, XSeriesError::TokenStore { operation: "written", .. }), "{error:?}");
    assert_eq!(world.script.got().len(), 1, "nothing was sent with tokens that are not kept");
    // They are not lost either: the next request commits and uses them.
    no_sale(&world);
    world.client.sale(&SALE.into()).await.unwrap();
    assert_eq!(world.keeper.tokens.lock().unwrap().as_ref().unwrap().generation, 2);
    assert_eq!(world.script.got()[1].token, "Bearer A2");
}

#[tokio::test]
async fn a_renewal_under_way_elsewhere_is_waited_for() {
    let world = oauth_world(Some(tokens(1, "", 24))).await;
    world.keeper.locked.store(true, Ordering::SeqCst);
    no_sale(&world);
    let id = SaleId::from(SALE);
    let elsewhere = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        *world.keeper.tokens.lock().unwrap() = Some(tokens(2, "A2", 24));
    };
    let (sale, ()) = tokio::join!(world.client.sale(&id), elsewhere);
    sale.unwrap();
    assert_eq!(paths(&world), [format!("{SALE} Bearer A2")]);
}

#[tokio::test]
async fn a_renewal_ends_well_even_if_nobody_waits_for_it() {
    let world = oauth_world(Some(tokens(1, "", 24))).await;
    world.script.then(200, &granted("A2", "refresh-2"));
    let id = SaleId::from(SALE);
    tokio::select! {
        biased;
        _ = world.client.sale(&id) => panic!("it has to wait for the server"),
        () = std::future::ready(()) => {}
    }
    world.client.finish().await;
    assert_eq!(world.keeper.tokens.lock().unwrap().as_ref().unwrap().generation, 2);
}

#[tokio::test]
async fn the_browser_brings_the_first_tokens() {
    let world = oauth_world(None).await;
    let url = Url::parse(&world.client.authorize_url("state-123", "https://sync.example.com/cb?a=b").unwrap()).unwrap();
    assert_eq!((url.host_str(), url.path()), (Some("secure.retail.lightspeed.app"), "/connect"));
    let query: Vec<_> = url.query_pairs().into_owned().collect();
    assert!(query.contains(&("redirect_uri".to_owned(), "https://sync.example.com/cb?a=b".to_owned())));
    let scope = &query.iter().find(|(name, _)| name == "scope").unwrap().1;
    assert!(scope.starts_with("sales:read sales:write ") && scope.ends_with(" webhooks") && !scope.contains("  "));

    world.script.then(200, &json!({"access_token": "A1", "refresh_token": "R1", "expires": 1_795_478_400}));
    world.client.exchange_code("the code", "https://sync.example.com/cb").await.unwrap();
    let body = world.script.got()[0].body.clone();
    assert!(body.ends_with("grant_type=authorization_code&code=the+code&redirect_uri=https%3A%2F%2Fsync.example.com%2Fcb"), "{body}");
    let kept = world.keeper.tokens.lock().unwrap().clone().unwrap();
    assert_eq!((kept.generation, kept.access_token.expose()), (1, "A1"));
    assert_eq!(kept.expires_at.as_second(), 1_795_478_400);
    no_sale(&world);
    world.client.sale(&SALE.into()).await.unwrap();
    assert_eq!(world.script.got()[1].token, "Bearer A1");
}

#[test]
fn nothing_secret_shows_itself() {
    let shown = format!("{:?} {:?}", tokens(1, "A1", 1), settings_for(None, 1, true));
    assert!(!shown.contains("A1\"") && !shown.contains("refresh-1") && !shown.contains("s3cret"), "{shown}");
}
