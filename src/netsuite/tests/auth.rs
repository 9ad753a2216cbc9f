use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::server::{self, Reply, Server, certificate, client_with, clock, config, net, ok, refused, sender, token, token_based};
use crate::clock::Clock;
use crate::config::{JwtAlgorithm, NetSuiteAuth, Secret};
use crate::domain::failure::FailureClass;
use crate::domain::ids::{ConnectionId, RecordId};
use crate::domain::verdict::Reason;
use crate::netsuite::error::KeyError;
use crate::netsuite::{Client, NetSuiteError};

const P256_SEC1: &str = include_str!("../../../tests/fixtures/netsuite/keys/p256-sec1.pem");
const P256_PUBLIC: &str = include_str!("../../../tests/fixtures/netsuite/keys/p256-public.pem");
const P256_ENCRYPTED: &str = include_str!("../../../tests/fixtures/netsuite/keys/p256-encrypted.pem");
const P384_SEC1: &str = include_str!("../../../tests/fixtures/netsuite/keys/p384-sec1.pem");
const P384_PUBLIC: &str = include_str!("../../../tests/fixtures/netsuite/keys/p384-public.pem");
const RSA: &str = include_str!("../../../tests/fixtures/netsuite/keys/rsa.pem");
const RSA_PUBLIC: &str = include_str!("../../../tests/fixtures/netsuite/keys/rsa-public.pem");

fn customer() -> Value {
    json!({"id": "107", "entityId": "CUS-1"})
}

fn with_key(pem: &str, algorithm: JwtAlgorithm) -> NetSuiteAuth {
    NetSuiteAuth::OAuth2M2m {
        client_id: "client-1".to_owned(),
        certificate_id: "cert-1".to_owned(),
        private_key: Secret::new(pem),
        algorithm,
    }
}

/// Answers tokens `t1`, `t2`, … and otherwise what it is told.
async fn issuing(expires_in: Value, answer: impl Fn(&str) -> Reply + Clone + Send + Sync + 'static) -> Server {
    let count = Arc::new(AtomicUsize::new(0));
    Server::start(move |seen| {
        if seen.is_token() {
            return token(&format!("t{}", count.fetch_add(1, Ordering::SeqCst) + 1), &expires_in);
        }
        answer(seen.header("authorization").trim_start_matches("Bearer "))
    })
    .await
}

async fn ask(client: &Client) -> Result<(), NetSuiteError> {
    client.customer(&RecordId::from("107")).await.map(drop)
}

#[tokio::test]
async fn each_algorithm_signs_an_assertion_that_its_public_key_verifies() {
    for (pem, algorithm, verify, public) in [
        (server::P256, JwtAlgorithm::ES256, Algorithm::ES256, P256_PUBLIC),
        (P256_SEC1, JwtAlgorithm::ES256, Algorithm::ES256, P256_PUBLIC),
        (P384_SEC1, JwtAlgorithm::ES384, Algorithm::ES384, P384_PUBLIC),
        (RSA, JwtAlgorithm::PS256, Algorithm::PS256, RSA_PUBLIC),
        (RSA, JwtAlgorithm::PS384, Algorithm::PS384, RSA_PUBLIC),
        (RSA, JwtAlgorithm::PS512, Algorithm::PS512, RSA_PUBLIC),
    ] {
        let server = issuing(json!(3600), |_| ok(&customer())).await;
        ask(&client_with(&server.base, with_key(pem, algorithm), clock())).await.unwrap();
        let asked = server.tokens().remove(0);
        assert_eq!(asked.header("content-type"), "application/x-www-form-urlencoded");
        let form: std::collections::BTreeMap<String, String> =
            reqwest::Url::parse(&format!("http://x/?{}", asked.body)).unwrap().query_pairs().into_owned().collect();
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        let key =
            if public == RSA_PUBLIC { DecodingKey::from_rsa_pem(public.as_bytes()) } else { DecodingKey::from_ec_pem(public.as_bytes()) };
        let mut rules = Validation::new(verify);
        rules.validate_exp = false;
        rules.set_audience(&["https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"]);
        let assertion = jsonwebtoken::decode::<Value>(&form["client_assertion"], &key.unwrap(), &rules).unwrap();
        assert_eq!((assertion.header.kid.as_deref(), assertion.header.typ.as_deref()), (Some("cert-1"), Some("JWT")));
        assert_eq!((&assertion.claims["iss"], &assertion.claims["scope"]), (&json!("client-1"), &json!(["rest_webservices"])));
        let (issued, ends) = (assertion.claims["iat"].as_i64().unwrap(), assertion.claims["exp"].as_i64().unwrap());
        assert_eq!(issued, clock().now().as_second());
        assert!(ends > issued && ends - issued < 3600);
        assert!(!assertion.claims["jti"].as_str().unwrap().is_empty());
        assert_eq!(server.only().header("authorization"), "Bearer t1");
    }
}

#[test]
fn a_key_that_cannot_be_used_is_found_at_the_start() {
    let build = |pem: &str, algorithm| {
        let config = config("http://127.0.0.1:1", with_key(pem, algorithm));
        match Client::new(&ConnectionId::from("c1"), &config, &net(), &sender(), Clock::System).unwrap_err() {
            NetSuiteError::PrivateKey(error) => error,
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(build("", JwtAlgorithm::ES256), KeyError::NotPem));
    assert!(matches!(build("hunter2", JwtAlgorithm::ES256), KeyError::NotPem));
    assert!(matches!(build(P256_ENCRYPTED, JwtAlgorithm::ES256), KeyError::Encrypted));
    assert!(matches!(build(P256_PUBLIC, JwtAlgorithm::ES256), KeyError::WrongKind(_)));
    assert!(matches!(build(RSA, JwtAlgorithm::ES256), KeyError::DoesNotFit(..)));
    assert!(matches!(build(server::P256, JwtAlgorithm::PS256), KeyError::DoesNotFit(..)));
    assert!(matches!(build(server::P256, JwtAlgorithm::ES384), KeyError::DoesNotFit(..)));
    assert!(matches!(build(P384_SEC1, JwtAlgorithm::ES256), KeyError::DoesNotFit(..)));
    assert!(matches!(build(&server::P256.replace('M', "!"), JwtAlgorithm::ES256), KeyError::DoesNotFit(..)));
    let one_line = server::P256.trim().replace('\n', "\\n");
    let config = config("http://127.0.0.1:1", with_key(&one_line, JwtAlgorithm::ES256));
    assert!(
        Client::new(&ConnectionId::from("c1"), &config, &net(), &sender(), Clock::System).is_ok(),
        "line ends as an environment variable has them"
    );
}

#[test]
fn other_wrong_settings_are_found_at_the_start() {
    let build = |change: fn(&mut crate::config::NetSuite)| {
        let mut config = config("http://127.0.0.1:1", token_based());
        change(&mut config);
        Client::new(&ConnectionId::from("c1"), &config, &net(), &sender(), Clock::System)
    };
    assert!(matches!(build(|config| config.account_id = "a/b".to_owned()), Err(NetSuiteError::Account(_))));
    assert!(matches!(build(|config| config.base_url = Some("ftp://x".to_owned())), Err(NetSuiteError::BaseUrl(_))));
    assert!(matches!(build(|config| config.base_url = Some("127.0.0.1:1".to_owned())), Err(NetSuiteError::BaseUrl(_))));
    assert!(matches!(build(|config| config.timezone = "Middle/Earth".to_owned()), Err(NetSuiteError::TimeZone { .. })));
    assert!(build(|config| config.base_url = None).is_ok());
}

#[tokio::test]
async fn a_token_is_kept_and_replaced_shortly_before_it_ends() {
    for expires_in in [json!(3600), json!("3600"), Value::Null] {
        let server = issuing(expires_in, |_| ok(&customer())).await;
        let clock = clock();
        let client = client_with(&server.base, certificate(), clock.clone());
        ask(&client).await.unwrap();
        clock.advance(Duration::from_secs(3299));
        ask(&client).await.unwrap();
        assert_eq!(server.tokens().len(), 1);
        clock.advance(Duration::from_secs(2));
        ask(&client).await.unwrap();
        assert_eq!(server.tokens().len(), 2);
        assert_eq!(server.seen().last().unwrap().header("authorization"), "Bearer t2");
    }
}

#[tokio::test]
async fn several_requests_wait_for_one_refresh() {
    let server = issuing(json!(3600), |_| ok(&customer())).await;
    let client = client_with(&server.base, certificate(), clock());
    let (first, second, third) = tokio::join!(ask(&client), ask(&client), ask(&client));
    first.and(second).and(third).unwrap();
    assert_eq!((server.tokens().len(), server.seen().len()), (1, 3));
}

#[tokio::test]
async fn a_token_that_ended_early_is_replaced_and_the_request_sent_again() {
    let invalid = || refused(401, "INVALID_LOGIN", "Invalid login attempt.");
    let server = issuing(json!(3600), move |token| if token == "t1" { invalid() } else { ok(&customer()) }).await;
    let client = client_with(&server.base, certificate(), clock());
    ask(&client).await.unwrap();
    assert_eq!(server.tokens().len(), 2);
    assert_eq!(client.gate().snapshot().blocked_until, None);
}

#[tokio::test]
async fn a_login_refused_twice_stops_the_traffic() {
    let server = issuing(json!(3600), |_| refused(401, "INVALID_LOGIN", "Invalid login attempt.")).await;
    let client = client_with(&server.base, certificate(), clock());
    let error = ask(&client).await.unwrap_err();
    assert_eq!(error.class(true), FailureClass::Refused(Reason::Credentials));
    assert_eq!((error.status(), error.code()), (Some(401), Some("INVALID_LOGIN")));
    assert_eq!(client.gate().snapshot().blocked_because, Some("credentials"));
    assert!(matches!(ask(&client).await.unwrap_err().class(true), FailureClass::Throttled { .. }));
    assert_eq!(server.seen().len(), 2, "the account is not hammered");
}

#[tokio::test]
async fn a_login_refused_right_after_a_good_one_is_an_overload_and_a_lasting_one_is_not() {
    let calls = Arc::new(AtomicUsize::new(0));
    let server = issuing(json!(3600), move |_| {
        if calls.fetch_add(1, Ordering::SeqCst) == 0 { ok(&customer()) } else { refused(401, "INVALID_LOGIN", "Invalid login attempt.") }
    })
    .await;
    let clock = clock();
    let client = client_with(&server.base, certificate(), clock.clone());
    ask(&client).await.unwrap();
    let error = ask(&client).await.unwrap_err();
    assert!(matches!(error.class(true), FailureClass::Transient { retry_after: Some(_) }));
    clock.advance(Duration::from_secs(31));
    assert_eq!(ask(&client).await.unwrap_err().class(true), FailureClass::Refused(Reason::Credentials));
}

#[tokio::test]
async fn a_token_service_that_refuses_or_fails_is_told_apart() {
    for (reply, class) in [
        (
            Reply {
                status: 400,
                body: r#"{"error":"invalid_grant","error_description":"certificate revoked"}"#.to_owned(),
                ..Reply::default()
            },
            FailureClass::Refused(Reason::Credentials),
        ),
        (Reply { status: 401, ..Reply::default() }, FailureClass::Refused(Reason::Credentials)),
        (Reply { status: 503, body: "<html>".to_owned(), ..Reply::default() }, FailureClass::Transient { retry_after: None }),
        (Reply { status: 200, body: "<html>".to_owned(), ..Reply::default() }, FailureClass::Refused(Reason::UnknownAnswer)),
        (
            Reply { status: 429, headers: vec![("retry-after", "3".to_owned())], ..Reply::default() },
            FailureClass::Transient { retry_after: Some(Duration::from_secs(3)) },
        ),
    ] {
        let answer = reply.clone();
        let server = Server::start(move |_| answer.clone()).await;
        let client = client_with(&server.base, certificate(), clock());
        let error = ask(&client).await.unwrap_err();
        assert_eq!(error.class(true), class, "{reply:?}");
        assert!(server.seen().is_empty(), "nothing is sent without a token");
        assert!(!format!("{error} {error:?}").contains("eyJ"), "no assertion in an error");
    }
}

#[tokio::test]
async fn token_based_requests_carry_the_sandboxs_realm_and_a_new_nonce_each() {
    let server = Server::start(|_| refused(401, "INVALID_LOGIN", "Invalid login attempt.")).await;
    let client = client_with(&server.base, token_based(), clock());
    assert_eq!(ask(&client).await.unwrap_err().class(true), FailureClass::Refused(Reason::Credentials));
    let seen = server.seen();
    assert_eq!(seen.len(), 2, "signed again once");
    let nonce = |nth: usize| seen[nth].header("authorization").split("oauth_nonce=\"").nth(1).unwrap()[..32].to_owned();
    assert!(seen[0].header("authorization").starts_with("OAuth realm=\"1234567_SB1\", "));
    assert_ne!(nonce(0), nonce(1));
}

#[tokio::test]
async fn too_many_requests_at_the_token_service_are_no_refused_login_whatever_the_status() {
    for status in [400, 429] {
        let server =
            Server::start(move |_| refused(status, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."))
                .await;
        let error = ask(&client_with(&server.base, with_key(server::P256, JwtAlgorithm::ES256), clock())).await.unwrap_err();
        assert!(matches!(error.class(false), FailureClass::Transient { .. } | FailureClass::Throttled { .. }), "{status}: {error:?}");
    }
}
