//! A server that answers by script, and a client that talks to it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::Method;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::Client;
use super::auth::{BoxFuture, KeeperError, TokenStore, Tokens};
use crate::clock::Clock;
use crate::config::{self, Secret, XSeriesAuth, XSeriesVerify, XSeriesWebhook};
use crate::domain::requests::SaleRequest;
use crate::domain::status::SaleState;
use crate::net::http::Http;

pub(super) const SALE: &str = "b8ca3a65-0183-11e4-fbb5-39f7fce5e39b";

/// A request as the server got it.
#[derive(Debug, Clone)]
pub(super) struct Got {
    pub method: Method,
    pub path: String,
    pub query: String,
    pub token: String,
    pub body: String,
}

/// Status, headers and body.
type Scripted = (u16, Vec<(&'static str, String)>, String);

/// Answers requests in the order in which the answers were given; keeps what it was asked.
#[derive(Debug, Default)]
pub(super) struct Script {
    answers: Mutex<VecDeque<Scripted>>,
    got: Mutex<Vec<Got>>,
}

impl Script {
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
    pub fn then(&self, status: u16, body: &Value) {
        self.raw(status, &[], &body.to_string());
    }
    pub fn raw(&self, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.answers.lock().unwrap().push_back((status, headers, body.to_owned()));
    }
}

pub(super) async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    assert!(header("user-agent").starts_with("tillbridge/"));
    script.got.lock().unwrap().push(Got {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        token: header("authorization"),
        body: String::from_utf8(body.to_vec()).unwrap(),
    });
    let Some((status, headers, body)) = script.answers.lock().unwrap().pop_front() else {
        return (http::StatusCode::NOT_FOUND, r#"{"error":"service not found"}"#).into_response();
    };
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

/// A server, the client that talks to it, and the time that both live in.
pub(super) struct World {
    pub script: Arc<Script>,
    pub client: Client,
    pub keeper: Arc<Keeper>,
    pub clock: Clock,
    _server: JoinSet<()>,
}

pub(super) fn start() -> Timestamp {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

pub(super) fn sender() -> Http {
    Http::new(Duration::from_secs(1)).unwrap()
}

pub(super) fn net() -> config::Net {
    let second = Duration::from_secs(1);
    config::Net { x_series_timeout: second, netsuite_timeout: second, debounce: second, permit_wait: second, reference_age: second }
}

pub(super) fn settings_for(base_url: Option<String>, registers: u32, oauth: bool) -> config::XSeries {
    let auth = if oauth {
        XSeriesAuth::OAuth2 { client_id: "app".to_owned(), client_secret: Secret::new("s3cret") }
    } else {
        XSeriesAuth::PersonalToken { token: Secret::new("personal") }
    };
    let verify = XSeriesVerify::Signature { secrets: vec![Secret::new("s3cret")] };
    let webhook = XSeriesWebhook { verify, allow_payload_signature: false, subscribe: false };
    config::XSeries { domain_prefix: "acme".to_owned(), base_url, api_version: "2026-07".to_owned(), registers, auth, webhook }
}

pub(super) async fn world_of(registers: u32, oauth: bool) -> World {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let script = Arc::new(Script::default());
    let router = Router::new().fallback(answer).with_state(Arc::clone(&script));
    let mut server = JoinSet::new();
    server.spawn(async move { axum::serve(listener, router).await.unwrap() });
    let (keeper, clock) = (Arc::new(Keeper::default()), Clock::manual(start()));
    let store: Arc<dyn TokenStore> = keeper.clone();
    let client =
        Client::new(&"acme-nz".into(), &settings_for(Some(base), registers, oauth), &net(), Some(store), &sender(), clock.clone()).unwrap();
    World { script, client, keeper, clock, _server: server }
}

pub(super) async fn world() -> World {
    world_of(1, false).await
}

pub(super) fn sale_request() -> SaleRequest {
    SaleRequest {
        id: SALE.into(),
        state: SaleState::Parked,
        attributes: vec![],
        author_id: "author".to_owned(),
        register_id: None,
        source_type: None,
        source_id: None,
        date: None,
        customer_id: None,
        note: None,
        invoice_number: None,
        fulfilment_outlet_id: None,
        hand_over: None,
        delivery_note: None,
        lines: vec![],
        payments: vec![],
    }
}

/// Keeps tokens as the database does.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    pub tokens: Mutex<Option<Tokens>>,
    pub locked: AtomicBool,
    /// How many saves fail before one works.
    pub broken: Mutex<u32>,
}

pub(super) fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl TokenStore for Keeper {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, KeeperError>> {
        ready(Ok(self.tokens.lock().unwrap().clone()))
    }
    fn save<'a>(&'a self, expected: Option<i64>, tokens: &'a Tokens) -> BoxFuture<'a, Result<bool, KeeperError>> {
        let mut broken = self.broken.lock().unwrap();
        if *broken > 0 {
            *broken -= 1;
            return ready(Err(KeeperError::new("the disk is full")));
        }
        let mut kept = self.tokens.lock().unwrap();
        let same = kept.as_ref().map(|tokens| tokens.generation) == expected;
        if same {
            *kept = Some(tokens.clone());
        }
        ready(Ok(same))
    }
    fn lock(&self) -> BoxFuture<'_, Result<bool, KeeperError>> {
        ready(Ok(!self.locked.swap(true, Ordering::SeqCst)))
    }
    fn unlock(&self) -> BoxFuture<'_, Result<(), KeeperError>> {
        self.locked.store(false, Ordering::SeqCst);
        ready(Ok(()))
    }
}
