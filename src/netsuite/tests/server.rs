//! A server that records what it is asked and answers as the test tells it to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::{JwtAlgorithm, Net, NetSuite, NetSuiteAuth, Secret};
use crate::domain::ids::ConnectionId;
use crate::net::http::Http;
use crate::netsuite::Client;

pub(super) const P256: &str = include_str!("../../../tests/fixtures/netsuite/keys/p256.pem");

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    /// As sent, with the query.
    pub(super) target: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(super) fn query(&self) -> String {
        self.json()["q"].as_str().unwrap().to_owned()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn is_token(&self) -> bool {
        self.target == "/services/rest/auth/oauth2/v1/token"
    }
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    pub(super) delay: Duration,
}

pub(super) fn ok(body: &Value) -> Reply {
    Reply { status: 200, body: body.to_string(), ..Reply::default() }
}

pub(super) fn made(location: &str) -> Reply {
    Reply { status: 204, headers: vec![("location", location.to_owned())], ..Reply::default() }
}

pub(super) fn refused(status: u16, code: &str, detail: &str) -> Reply {
    let body = json!({"title": "…", "status": status, "o:errorDetails": [{"detail": detail, "o:errorCode": code}]});
    Reply { status, body: body.to_string(), ..Reply::default() }
}

pub(super) fn rows(rows: &Value, more: bool) -> Reply {
    ok(&json!({"links": [], "count": rows.as_array().unwrap().len(), "hasMore": more, "items": rows, "offset": 0}))
}

pub(super) fn token(text: &str, expires_in: &Value) -> Reply {
    ok(&json!({"access_token": text, "expires_in": expires_in, "token_type": "Bearer"}))
}

/// The server; it stops when it is dropped.
pub(super) struct Server {
    pub(super) base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Seen) -> Reply + Clone + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let record = Arc::clone(&seen);
        let app = axum::Router::new().fallback(move |request: Request| {
            let (record, answer) = (Arc::clone(&record), answer.clone());
            async move {
                let (head, body) = request.into_parts();
                let body: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                let request = Seen {
                    method: head.method.to_string(),
                    target: head.uri.path_and_query().unwrap().to_string(),
                    headers: head.headers,
                    body: String::from_utf8(body.to_vec()).unwrap(),
                };
                record.lock().unwrap().push(request.clone());
                let reply = answer(&request);
                tokio::time::sleep(reply.delay).await;
                let mut response = Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).unwrap()
            }
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base, seen, _tasks: tasks }
    }

    /// Everything but the token requests.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| !seen.is_token()).cloned().collect()
    }

    pub(super) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen.into_iter().next().unwrap()
    }

    pub(super) fn tokens(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.is_token()).cloned().collect()
    }
}

pub(super) fn clock() -> Clock {
    Clock::manual("2026-11-23T01:00:00Z".parse::<Timestamp>().unwrap())
}

pub(super) fn token_based() -> NetSuiteAuth {
    NetSuiteAuth::Tba {
        consumer_key: Secret::new("ck"),
        consumer_secret: Secret::new("cs"),
        token_id: Secret::new("tk"),
        token_secret: Secret::new("ts"),
    }
}

pub(super) fn certificate() -> NetSuiteAuth {
    NetSuiteAuth::OAuth2M2m {
        client_id: "client-1".to_owned(),
        certificate_id: "cert-1".to_owned(),
        private_key: Secret::new(P256),
        algorithm: JwtAlgorithm::ES256,
    }
}

pub(super) fn config(base: &str, auth: NetSuiteAuth) -> NetSuite {
    NetSuite {
        account_id: "1234567_SB1".to_owned(),
        base_url: Some(base.to_owned()),
        webhook_secrets: vec![],
        concurrency: 2,
        auth,
        timezone: "Pacific/Auckland".to_owned(),
    }
}

/// The HTTP client.
pub(super) fn sender() -> Http {
    Http::new(Duration::from_secs(5)).unwrap()
}

pub(super) fn net() -> Net {
    Net {
        x_series_timeout: Duration::from_secs(5),
        netsuite_timeout: Duration::from_secs(5),
        debounce: Duration::ZERO,
        permit_wait: Duration::from_secs(2),
        reference_age: Duration::ZERO,
    }
}

pub(super) fn client_with(base: &str, auth: NetSuiteAuth, clock: Clock) -> Client {
    Client::new(&ConnectionId::from("c1"), &config(base, auth), &net(), &sender(), clock).unwrap()
}

/// A token-based client: one request for each operation.
pub(super) fn client(server: &Server) -> Client {
    client_with(&server.base, token_based(), clock())
}
