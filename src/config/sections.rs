//! The sections of the configuration, one struct each. Field names are the keys of the file.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use crate::domain::ids::ConnectionId;

/// A secret that never shows itself in logs or errors.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for signing and sending.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The whole configuration, with every secret resolved.
#[derive(Debug, Clone)]
pub struct Config {
    /// The HTTP server.
    pub server: Server,
    /// Where rows are kept.
    pub database: Database,
    /// The workers.
    pub worker: Worker,
    /// How often a failed pass is tried again.
    pub retry: Retry,
    /// The pollers.
    pub poll: Poll,
    /// Outbound requests.
    pub net: Net,
    /// What is said, and how.
    pub log: Log,
    /// How long things are kept.
    pub keep: Keep,
    /// One NetSuite account paired with one X-Series retailer each.
    pub connections: Vec<Connection>,
}

/// `[server]`
#[derive(Debug, Clone)]
pub struct Server {
    /// Address and port.
    pub listen: String,
    /// The address the outside reaches this service at; webhook subscriptions are made when it is set.
    pub public_url: Option<String>,
    /// A separate address for `/metrics`.
    pub metrics_listen: Option<String>,
    /// How long a shut-down waits for what is in hand.
    pub drain: Duration,
    /// Time for a request's head to arrive.
    pub header_timeout: Duration,
    /// Time for a whole request.
    pub request_timeout: Duration,
    /// The largest webhook body in bytes.
    pub body_limit: usize,
    /// Connections at once.
    pub max_connections: usize,
}

/// `[database]`
#[derive(Clone)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`.
    pub url: String,
    /// Read connections.
    pub read_connections: u32,
}

impl fmt::Debug for Database {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("read_connections", &self.read_connections).finish_non_exhaustive()
    }
}

/// `[worker]`
#[derive(Debug, Clone)]
pub struct Worker {
    /// How long a claim lasts without a heartbeat.
    pub lease: Duration,
    /// How long a connection stays with a replica that says nothing.
    pub connection_lease: Duration,
    /// Orders in hand at once.
    pub orders_at_once: usize,
    /// How often the queue is looked at without a wake-up; jittered.
    pub poll: Duration,
}

/// `[retry]`
#[derive(Debug, Clone)]
pub struct Retry {
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub max: Duration,
    /// Claims since the last success before the order is held.
    pub attempts: u32,
    /// How often a held order looks whether its facts changed.
    pub recheck: Duration,
}

/// `[poll]`
#[derive(Debug, Clone)]
pub struct Poll {
    /// How often X-Series is asked for changed sales.
    pub x_series_interval: Duration,
    /// How often NetSuite is asked for changed sales orders.
    pub netsuite_interval: Duration,
    /// How far back each poll reads again.
    pub overlap: Duration,
    /// How far behind the present NetSuite is asked, as its rows appear late.
    pub netsuite_lag: Duration,
    /// Rows of a page.
    pub page_size: u32,
}

/// `[net]`
#[derive(Debug, Clone)]
pub struct Net {
    /// The longest an X-Series request may take.
    pub x_series_timeout: Duration,
    /// The longest a NetSuite request may take.
    pub netsuite_timeout: Duration,
    /// How long a NetSuite callback waits before its order is read, as it fires before other scripts are done.
    pub debounce: Duration,
    /// How long a request waits for a free NetSuite place before its order is put back.
    pub permit_wait: Duration,
    /// How old cached reference data may be: outlets, registers, payment types, taxes, users.
    pub reference_age: Duration,
}

/// `[log]`
#[derive(Debug, Clone)]
pub struct Log {
    /// A filter as `tracing` reads it.
    pub filter: String,
    /// `text` or `json`.
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// `[keep]`
#[derive(Debug, Clone)]
pub struct Keep {
    /// How long handled events and their bodies are kept; at least 72 hours, as duplicates are known by them.
    pub events: Duration,
    /// How long the explanation of a pass is kept.
    pub passes: Duration,
}

/// `[[connections]]`
#[derive(Debug, Clone)]
pub struct Connection {
    /// The id in the webhook addresses.
    pub id: ConnectionId,
    /// The NetSuite side.
    pub netsuite: NetSuite,
    /// The X-Series side.
    pub x_series: XSeries,
}

/// `[connections.netsuite]`
#[derive(Debug, Clone)]
pub struct NetSuite {
    /// `1234567` or `1234567_SB1`.
    pub account_id: String,
    /// Only to point at something other than the account's own host.
    pub base_url: Option<String>,
    /// Standard Webhooks secrets (`whsec_` + base64), several while rotating.
    pub webhook_secrets: Vec<Secret>,
    /// Requests at once.
    pub concurrency: usize,
    /// How requests are signed.
    pub auth: NetSuiteAuth,
    /// The account's time zone, an IANA name: `SuiteQL` dates are asked for in it.
    pub timezone: String,
}

/// `connections.netsuite.auth`
#[derive(Debug, Clone)]
pub enum NetSuiteAuth {
    /// OAuth 2.0 client credentials with a certificate.
    OAuth2M2m {
        /// The integration record's client id.
        client_id: String,
        /// The certificate's id on the M2M set-up page.
        certificate_id: String,
        /// The private key in PEM.
        private_key: Secret,
        /// The signature algorithm.
        algorithm: JwtAlgorithm,
    },
    /// Token-based authentication (OAuth 1.0a), for credentials that exist already.
    Tba {
        /// The integration's consumer key.
        consumer_key: Secret,
        /// The integration's consumer secret.
        consumer_secret: Secret,
        /// The token's id.
        token_id: Secret,
        /// The token's secret.
        token_secret: Secret,
    },
}

/// The algorithms that NetSuite takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum JwtAlgorithm {
    /// ECDSA with P-256.
    ES256,
    /// ECDSA with P-384.
    ES384,
    /// RSA-PSS with SHA-256.
    PS256,
    /// RSA-PSS with SHA-384.
    PS384,
    /// RSA-PSS with SHA-512.
    PS512,
}

/// `[connections.x_series]`
#[derive(Debug, Clone)]
pub struct XSeries {
    /// The retailer's prefix.
    pub domain_prefix: String,
    /// Only to point at something other than the retailer's own host.
    pub base_url: Option<String>,
    /// The date version of the API.
    pub api_version: String,
    /// The rate budget is 300 × registers + 50 in 5 minutes; 0 reads the number from the API.
    pub registers: u32,
    /// How requests are signed.
    pub auth: XSeriesAuth,
    /// How webhooks are told to be genuine.
    pub webhook: XSeriesWebhook,
}

/// `connections.x_series.auth`
#[derive(Debug, Clone)]
pub enum XSeriesAuth {
    /// A personal token.
    PersonalToken {
        /// The token.
        token: Secret,
    },
    /// OAuth 2.0; the rotating tokens live in the database.
    OAuth2 {
        /// The application's client id.
        client_id: String,
        /// The application's client secret.
        client_secret: Secret,
    },
}

/// `connections.x_series.webhook`
#[derive(Debug, Clone)]
pub struct XSeriesWebhook {
    /// How a webhook is verified.
    pub verify: XSeriesVerify,
    /// Accept a signature over the decoded `payload` field as well as over the raw body.
    pub allow_payload_signature: bool,
    /// Make and repair the subscription when `server.public_url` is set.
    pub subscribe: bool,
}

/// `connections.x_series.webhook.verify`
#[derive(Debug, Clone)]
pub enum XSeriesVerify {
    /// `X-Signature`, keyed with the application's client secret; several while rotating.
    Signature {
        /// The secrets.
        secrets: Vec<Secret>,
    },
    /// A token in the address, for hand-made hooks, which are not signed.
    PathToken {
        /// The token.
        token: Secret,
    },
}

/// Settings of the environment, by name; a parameter, so that tests need not touch the process.
pub type Environment = BTreeMap<String, String>;
