//! Who NetSuite lets in.

use reqwest::Method;
use serde_json::json;

use super::calls::{Oauth1, World};

const PATH: &str = "/services/rest/record/v1/customer/201";

#[tokio::test]
async fn a_good_assertion_gets_a_token_that_lets_in() {
    let world = World::new().await;
    let answer = world.exchange(&world.claims()).await;
    assert_eq!((answer.status, &answer.body["expires_in"], &answer.body["token_type"]), (200, &json!(3600), &json!("Bearer")));
    let answer = world.get("/record/v1/customer/201").await;
    assert_eq!((answer.status, &answer.body["email"]), (200, &json!("aroha.ngata@example.com")));
    assert!(answer.header("content-type").contains("type=singular"));
    assert!(!answer.header("x-n-operationid").is_empty());
}

#[tokio::test]
async fn the_audience_is_the_accounts_own_token_url() {
    let world = World::new().await;
    let mut claims = world.claims();
    claims["aud"] = json!(format!("{}/services/rest/auth/oauth2/v1/token", world.sandbox.netsuite_url()));
    world.exchange(&claims).await.denies(400, "invalid_grant");
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    let world = World::new().await;
    let claims = world.claims();
    assert_eq!(world.exchange(&claims).await.status, 200);
    world.exchange(&claims).await.denies(400, "used before");
}

#[tokio::test]
async fn an_assertion_lives_an_hour_at_most() {
    let world = World::new().await;
    let mut claims = world.claims();
    claims["exp"] = json!(world.now().as_second() + 3601);
    world.exchange(&claims).await.denies(400, "60 minutes");
}

#[tokio::test]
async fn an_expired_assertion_is_refused_by_the_sandboxs_clock() {
    let world = World::new().await;
    let claims = world.claims();
    world.clock.advance(std::time::Duration::from_secs(301));
    world.exchange(&claims).await.denies(400, "expired");
}

#[tokio::test]
async fn another_issuer_or_scope_is_refused() {
    let world = World::new().await;
    let mut claims = world.claims();
    claims["iss"] = json!("somebody");
    world.exchange(&claims).await.denies(401, "invalid_client");
    let mut claims = world.claims();
    claims["scope"] = json!(["restlets"]);
    world.exchange(&claims).await.denies(400, "invalid_scope");
}

#[tokio::test]
async fn an_unknown_certificate_or_an_old_algorithm_is_refused() {
    let world = World::new().await;
    let key = jsonwebtoken::EncodingKey::from_secret(b"secret");
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    header.kid = Some("sandbox-certificate".to_owned());
    let assertion = jsonwebtoken::encode(&header, &world.claims(), &key).unwrap();
    world.exchange_assertion(&assertion).await.denies(401, "algorithm");
    world.exchange_assertion("not.a.jwt").await.denies(401, "not a JWT");
    let pem = tillbridge::sandbox::config::DEFAULT_PRIVATE_KEY_PEM;
    let key = jsonwebtoken::EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
    header.kid = Some("another".to_owned());
    let assertion = jsonwebtoken::encode(&header, &world.claims(), &key).unwrap();
    world.exchange_assertion(&assertion).await.denies(401, "no such certificate");
}

#[tokio::test]
async fn a_token_ends_after_an_hour_and_when_it_is_revoked() {
    let world = World::new().await;
    assert_eq!(world.get("/record/v1/customer/201").await.status, 200);
    world.clock.advance(std::time::Duration::from_hours(1));
    world.get("/record/v1/customer/201").await.refuses(401, "INVALID_LOGIN", "Invalid login attempt");
    let world = World::new().await;
    assert_eq!(world.get("/record/v1/customer/201").await.status, 200);
    world.sandbox.netsuite().revoke_tokens();
    world.get("/record/v1/customer/201").await.refuses(401, "INVALID_LOGIN", "Login Audit Trail");
}

#[tokio::test]
async fn without_a_token_there_is_no_way_in() {
    let world = World::new().await;
    let url = format!("{}{PATH}", world.sandbox.netsuite_url());
    world.send(world.http.get(&url)).await.refuses(401, "INVALID_LOGIN", "");
    world.send(world.http.get(&url).bearer_auth("made-up")).await.refuses(401, "INVALID_LOGIN", "");
}

async fn signed(world: &World, oauth: &Oauth1, path: &str) -> super::calls::Answer {
    let base = world.sandbox.netsuite_url();
    let header = oauth.header("GET", &base, path, &[]);
    world.send(world.http.get(format!("{base}{path}")).header("authorization", header)).await
}

#[tokio::test]
async fn a_token_based_signature_lets_in() {
    let world = World::new().await;
    assert_eq!(signed(&world, &Oauth1::new(&world), PATH).await.status, 200);
}

#[tokio::test]
async fn a_signature_covers_the_query_and_the_exclamation_mark() {
    let world = World::new().await;
    let (base, order) = (world.sandbox.netsuite_url(), world.order());
    let path = format!("/services/rest/record/v1/salesOrder/{order}/!transform/itemFulfillment");
    let url = format!("{base}{path}?fields=item,%20memo&expandSubResources=true");
    let query = [("fields", "item, memo"), ("expandSubResources", "true")];
    let send = |header: String| {
        world.http.request(Method::POST, &url).header("authorization", header).header("accept", "application/json; type=create-form")
    };
    let good = Oauth1::new(&world).header("POST", &base, &path, &query);
    assert_eq!(world.send(send(good).json(&json!({}))).await.status, 200);
    let without_query = Oauth1::new(&world).header("POST", &base, &path, &[]);
    world.send(send(without_query).json(&json!({}))).await.refuses(401, "INVALID_LOGIN", "");
    let escaped_path = Oauth1::new(&world).header("POST", &base, &path.replace('!', "%21"), &query);
    world.send(send(escaped_path).json(&json!({}))).await.refuses(401, "INVALID_LOGIN", "");
}

#[tokio::test]
async fn a_nonce_is_good_once() {
    let world = World::new().await;
    let oauth = Oauth1::new(&world);
    assert_eq!(signed(&world, &oauth, PATH).await.status, 200);
    signed(&world, &oauth, PATH).await.refuses(401, "INVALID_LOGIN", "");
}

#[tokio::test]
async fn the_realm_is_the_account_id_in_upper_case() {
    let world = World::new().await;
    for realm in ["1234567-sb1", "1234567_sb1", "1234567"] {
        let oauth = Oauth1 { realm: realm.to_owned(), ..Oauth1::new(&world) };
        signed(&world, &oauth, PATH).await.refuses(401, "INVALID_LOGIN", "");
    }
}

#[tokio::test]
async fn a_stale_time_a_wrong_secret_and_an_old_method_are_refused() {
    let world = World::new().await;
    let late = Oauth1 { timestamp: world.now().as_second() - 301, ..Oauth1::new(&world) };
    let wrong = Oauth1 { consumer_secret: "wrong".to_owned(), ..Oauth1::new(&world) };
    let old = Oauth1 { method: "HMAC-SHA1", ..Oauth1::new(&world) };
    for oauth in [late, wrong, old] {
        signed(&world, &oauth, PATH).await.refuses(401, "INVALID_LOGIN", "");
    }
}
