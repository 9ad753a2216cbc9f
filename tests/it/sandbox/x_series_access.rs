//! Tokens, the request budget, and paths that are not there.

use std::time::{Duration, SystemTime};

use reqwest::Method;
use serde_json::json;
use tillbridge::sandbox::config::OAuthApp;

use super::calls::{Answer, World, client};

async fn grant(world: &World, form: &[(&str, &str)]) -> Answer {
    let url = format!("{}/api/1.0/token", world.sandbox.x_series_url());
    let app = [("client_id", "sandbox-app"), ("client_secret", "sandbox-app-secret")];
    let form: Vec<_> = app.iter().chain(form).collect();
    world.send(world.http.post(url).form(&form)).await
}

async fn refresh(world: &World, token: &str) -> Answer {
    grant(world, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

async fn with_token(world: &World, token: &str) -> u16 {
    let url = format!("{}/api/2026-07/retailer", world.sandbox.x_series_url());
    world.send(world.http.get(url).bearer_auth(token)).await.status
}

#[tokio::test]
async fn a_personal_token_lets_in_and_nothing_else_does() {
    let world = World::new().await;
    let answer = world.xs_get("/retailer").await;
    assert_eq!((answer.status, &answer.body["data"]["domain_prefix"]), (200, &json!("sandbox")));
    let url = format!("{}/api/2026-07/retailer", world.sandbox.x_series_url());
    world.send(world.http.get(&url)).await.denies(401, "Access token is not valid");
    world.send(world.http.get(&url).bearer_auth("wrong")).await.denies(401, "Access token is not valid");
}

#[tokio::test]
async fn a_refresh_ends_the_tokens_before_it() {
    let world = World::new().await;
    let first = refresh(&world, "sandbox-refresh-token").await;
    assert_eq!((first.status, &first.body["expires_in"], &first.body["domain_prefix"]), (200, &json!(86_400), &json!("sandbox")));
    let access = first.body["access_token"].as_str().unwrap();
    assert_eq!(with_token(&world, access).await, 200);
    refresh(&world, "sandbox-refresh-token").await.denies(400, "invalid_grant");
    let second = refresh(&world, first.body["refresh_token"].as_str().unwrap()).await;
    assert_eq!(second.status, 200);
    assert_eq!(with_token(&world, access).await, 401);
    assert_eq!(with_token(&world, second.body["access_token"].as_str().unwrap()).await, 200);
    assert_eq!(world.sandbox.x_series().refresh_token(), second.body["refresh_token"].as_str().unwrap());
}

#[tokio::test]
async fn an_access_token_ends_after_a_day() {
    let world = World::new().await;
    let access = refresh(&world, "sandbox-refresh-token").await.body["access_token"].as_str().unwrap().to_owned();
    world.clock.advance(Duration::from_hours(24));
    assert_eq!(with_token(&world, &access).await, 401);
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_needs_its_redirect() {
    let world =
        World::with(|config| config.x_series.oauth = OAuthApp { authorization_code: Some("c0de".into()), ..OAuthApp::default() }).await;
    let form = [("grant_type", "authorization_code"), ("code", "c0de")];
    grant(&world, &form).await.denies(400, "invalid_grant");
    let form = [form[0], form[1], ("redirect_uri", "https://sync.example.com/callback")];
    assert_eq!(grant(&world, &form).await.status, 200);
    grant(&world, &form).await.denies(400, "invalid_grant");
}

#[tokio::test]
async fn the_token_request_is_a_form_with_the_applications_secret() {
    let world = World::new().await;
    let url = format!("{}/api/1.0/token", world.sandbox.x_series_url());
    let body = json!({ "grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token" });
    world.send(world.http.post(&url).json(&body)).await.denies(400, "invalid_request");
    let form = [("client_id", "sandbox-app"), ("client_secret", "wrong"), ("grant_type", "refresh_token")];
    world.send(world.http.post(&url).form(&form)).await.denies(401, "invalid_client");
    assert_eq!(world.sandbox.x_series().refresh_token(), "sandbox-refresh-token");
}

#[tokio::test]
async fn the_budget_is_kept_for_a_window_of_five_minutes() {
    let world = World::with(|config| config.x_series.registers = 1).await;
    let first = world.xs_get("/user").await;
    assert_eq!((first.header("x-ratelimit-limit"), first.header("x-ratelimit-remaining")), ("350", "349"));
    world.sandbox.x_series().set_request_limit(3);
    assert_eq!(world.xs_get("/user").await.status, 200);
    assert_eq!(world.xs_get("/user").await.header("x-ratelimit-remaining"), "0");
    let blocked = world.xs_get("/user").await;
    blocked.denies(429, "Rate limiting enforced");
    assert_eq!(blocked.body["error"], "Too Many Requests");
    let until = httpdate::parse_http_date(blocked.header("retry-after")).unwrap();
    assert_eq!(until, SystemTime::from(world.now()) + Duration::from_mins(5));
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(world.xs_get("/user").await.status, 200);
}

#[tokio::test]
async fn a_caller_says_who_it_is() {
    let world = World::new().await;
    #[expect(clippy::disallowed_methods, reason = "a client without the header")]
    let nameless = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/api/2026-07/retailer", world.sandbox.x_series_url());
    world.send(nameless.get(&url).bearer_auth("sandbox-personal-token")).await.denies(400, "User-Agent");
    assert_eq!(client().get(&url).bearer_auth("sandbox-personal-token").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn another_path_or_version_is_no_service_and_an_old_date_is_served() {
    let world = World::new().await;
    let get = async |path: &str| {
        let url = format!("{}{path}", world.sandbox.x_series_url());
        world.send(world.http.get(url).bearer_auth("sandbox-personal-token")).await
    };
    get("/api/2026-07/nothing").await.denies(404, "service not found");
    get("/api/latest/sales").await.denies(404, "service not found");
    get("/sales").await.denies(404, "service not found");
    assert_eq!(get("/api/2019-01/sales").await.status, 200);
    world.send(world.xs(Method::DELETE, "/sales")).await.denies(405, "not allowed");
}
