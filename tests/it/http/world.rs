//! One server with its database, and a client that holds every answer against the contract.

use std::path::Path;
use std::sync::Arc;
use std::sync::LazyLock;
use std::time::Duration;

use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};
use sha2::Sha256;
use tempfile::TempDir;
use tillbridge::clock::Clock;
use tillbridge::config::{Config, Environment};
use tillbridge::domain::ids::ConnectionId;
use tillbridge::http::{AppState, Breaker, ConnectionReport, ConnectionStatus, Listeners, PollReport, SystemReport, hash, serve};
use tillbridge::net::http::Http;
use tillbridge::store::{Role, Store, TokenRow};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::contract::CONTRACT;

/// The connection whose webhooks are signed.
pub const SIGNED: &str = "acme-nz";
/// The connection whose X-Series webhooks carry a token in their address.
pub const HAND_MADE: &str = "hand-made";
/// That token.
pub const PATH_TOKEN: &str = "9f8b0c3e-a-token";
/// The NetSuite account of both.
pub const ACCOUNT: &str = "1234567_SB1";

const NETSUITE_KEY: &[u8] = b"a key of thirty-two bytes or so!";
const X_SERIES_SECRET: &str = "the application's client secret";

static METRICS: LazyLock<PrometheusHandle> = LazyLock::new(|| tillbridge::metrics::install().unwrap());

/// A running service.
pub struct World {
    pub address: String,
    /// The address of the metrics, where they have one of their own.
    pub metrics_address: Option<String>,
    pub store: Store,
    pub client: Http,
    shutdown: CancellationToken,
    server: JoinSet<()>,
    /// Holds the database `tillbridge.db`.
    pub folder: TempDir,
}

impl World {
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// Starts with some more configuration.
    pub async fn start_with(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), server);
        let store = Store::open(&config.database.url, config.database.read_connections, Clock::System).await.unwrap();
        store.migrate().await.unwrap();
        Self::over(folder, store, config).await
    }

    /// Starts over a database that is there.
    pub async fn over(folder: TempDir, store: Store, config: Config) -> Self {
        for role in [Role::Viewer, Role::Operator, Role::Admin] {
            let row = TokenRow { id: role.word().to_owned(), name: format!("{} Ann", role.word()), role, created_at: Clock::System.now() };
            // A database that is not migrated has no tokens.
            if store.pending_migrations().await.unwrap() == 0 {
                store.create_token(&row, &hash(role.word())).await.unwrap();
            }
        }
        let server = config.server.clone();
        let drain = server.drain;
        let state = AppState::new(store.clone(), Arc::new(config), Clock::System, METRICS.clone(), Arc::new(Fixed));
        let listeners = Listeners::bind(&server).await.unwrap();
        let address = listeners.main.local_addr().unwrap().to_string();
        let metrics_address = listeners.metrics.as_ref().map(|listener| listener.local_addr().unwrap().to_string());
        let shutdown = CancellationToken::new();
        let mut server = JoinSet::new();
        let stop = shutdown.clone();
        server.spawn(async move { serve(state, listeners, stop, drain).await.unwrap() });
        let client = tillbridge::net::http::Http::new(Duration::from_mins(1)).unwrap();
        Self { address, metrics_address, store, client, shutdown, server, folder }
    }

    /// Begins to stop.
    pub fn stop(&self) {
        self.shutdown.cancel();
    }

    /// Waits until the server has stopped.
    pub async fn stopped(&mut self) {
        self.server.join_next().await.unwrap().unwrap();
    }

    pub fn get(&self, path: &str) -> Ask<'_> {
        self.ask(Method::GET, path)
    }

    pub fn post(&self, path: &str, body: &Value) -> Ask<'_> {
        self.ask(Method::POST, path).header("content-type", "application/json").body(body.to_string().into_bytes())
    }

    pub fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask { world: self, method, path: path.to_owned(), role: Some(Role::Admin), headers: Vec::new(), body: Vec::new() }
    }

    /// A signed NetSuite callback.
    pub fn callback(&self, id: &str, body: &[u8]) -> Ask<'_> {
        let now = Clock::System.now().as_second();
        self.callback_at(id, now, body)
    }

    /// A NetSuite callback that is signed for a time.
    pub fn callback_at(&self, id: &str, timestamp: i64, body: &[u8]) -> Ask<'_> {
        self.ask(Method::POST, &format!("/webhooks/netsuite/{SIGNED}"))
            .nobody()
            .header("webhook-id", id)
            .header("webhook-timestamp", &timestamp.to_string())
            .header("webhook-signature", &netsuite_signature(id, timestamp, body))
            .body(body.to_vec())
    }

    /// A signed X-Series webhook.
    pub fn webhook(&self, body: &[u8]) -> Ask<'_> {
        self.ask(Method::POST, &format!("/webhooks/x-series/{SIGNED}"))
            .nobody()
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-signature", &x_series_signature(body))
            .body(body.to_vec())
    }

    /// How many events the database holds.
    pub async fn stored(&self) -> i64 {
        self.store.counts().await.unwrap().received
    }

    /// The only order there is.
    pub async fn only_order(&self) -> Value {
        let list = self.get("/v1/orders").send().await.is(200);
        assert_eq!(list.body["items"].as_array().unwrap().len(), 1, "{:#}", list.body);
        list.body["items"][0].clone()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// The configuration of the tests, over a database in `folder`.
pub fn config(folder: &Path, server: &str) -> Config {
    let secret = STANDARD.encode(NETSUITE_KEY);
    let connection = |id: &str, webhook: &str| {
        format!(
            r#"
            [[connections]]
            id = "{id}"
            [connections.netsuite]
            account_id = "{ACCOUNT}"
            webhook_secrets = ["whsec_b2xkIHNlY3JldCBvZiBsYXN0IHllYXI=", "whsec_{secret}"]
            auth = {{ type = "tba", consumer_key = "k", consumer_secret = "s", token_id = "t", token_secret = "u" }}
            [connections.x_series]
            domain_prefix = "acme"
            auth = {{ type = "personal_token", token = "p" }}
            webhook = {webhook}
            "#
        )
    };
    let signed = connection(SIGNED, &format!(r#"{{ verify = "signature", secrets = ["{X_SERIES_SECRET}"] }}"#));
    let hand_made = connection(HAND_MADE, &format!(r#"{{ verify = "path_token", token = "{PATH_TOKEN}" }}"#));
    let database = folder.join("tillbridge.db");
    let text =
        format!("[server]\nlisten = \"127.0.0.1:0\"\n{server}\n[database]\nurl = \"sqlite://{}\"\n{signed}{hand_made}", database.display());
    Config::parse(&text, Path::new("test.toml"), &Environment::default()).unwrap()
}

pub fn netsuite_signature(id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(NETSUITE_KEY).unwrap();
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

pub fn x_series_signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(X_SERIES_SECRET.as_bytes()).unwrap();
    mac.update(body);
    format!("signature={},algorithm=HMAC-SHA256", STANDARD.encode(mac.finalize().into_bytes()))
}

/// The body of a callback about a sales order.
pub fn sales_order(record_id: &str) -> Vec<u8> {
    callback_of("salesorder", record_id, &Value::Null)
}

/// The body of a callback about any record.
pub fn callback_of(record: &str, record_id: &str, created_from: &Value) -> Vec<u8> {
    json!({
        "type": format!("{record}.edit"),
        "timestamp": "2026-11-23T01:02:03Z",
        "data": {
            "account_id": ACCOUNT, "record_type": record, "record_id": record_id, "tran_id": format!("SO{record_id}"), "event": "edit",
            "execution_context": "USERINTERFACE", "user_id": "12", "created_from": created_from, "last_modified": "2026-11-23T01:02:02Z",
        },
    })
    .to_string()
    .into_bytes()
}

/// The body of a webhook about a sale.
pub fn sale(id: &str, status: &str) -> Vec<u8> {
    let payload = json!({ "id": id, "status": status, "total_price": 39.08, "register_sale_products": [] }).to_string();
    let payload = percent_encoding::utf8_percent_encode(&payload, percent_encoding::NON_ALPHANUMERIC);
    format!("payload={payload}&type=sale.update&domain_prefix=acme").into_bytes()
}

/// A request to be sent.
pub struct Ask<'a> {
    world: &'a World,
    method: Method,
    path: String,
    role: Option<Role>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Ask<'_> {
    pub fn by(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }

    pub fn nobody(mut self) -> Self {
        self.role = None;
        self
    }

    /// Sets a header; an earlier one of the name is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(earlier, _)| earlier != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn body(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// Sends it, and holds the answer against the contract.
    pub async fn send(self) -> Answer {
        let mut request = self.world.client.request(self.method.clone(), format!("http://{}{}", self.world.address, self.path));
        if let Some(role) = self.role {
            request = request.bearer_auth(role.word());
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.body(self.body).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        if self.method != Method::HEAD {
            CONTRACT.check(self.method.as_str(), &self.path, status, &headers, text.as_bytes());
        }
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }
}

/// An answer that is as the contract says.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn refused(self, status: u16, slug: &str) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.body["type"], format!("/problems/{slug}"), "{}", answer.text);
        answer
    }
}

/// Connections that are well.
#[derive(Debug)]
struct Fixed;

impl ConnectionStatus for Fixed {
    fn status(&self) -> Vec<ConnectionReport> {
        let side = |account: &str| SystemReport {
            account: account.to_owned(),
            breaker: Breaker::Closed,
            blocked_until: None,
            concurrency: 2,
            in_flight: 1,
            limit: Some(1250),
            remaining: Some(1249),
            token_expires_at: Some(Clock::System.now()),
            poll: PollReport { cursor: Some(json!(42)), lag_seconds: Some(1.5), last_success_at: None, last_error: None },
        };
        let report = |id| ConnectionReport {
            id: ConnectionId::from(id),
            revision: None,
            owner: Some("replica-1".to_owned()),
            netsuite: side(ACCOUNT),
            x_series: side("acme"),
        };
        vec![report(SIGNED), report(HAND_MADE)]
    }
}
