//! What the other rooms tell the operators' endpoints about each connection. `app` gives the implementation, so that this room
//! need not know the clients, the gates or the pollers.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::domain::ids::ConnectionId;

/// Tells how the connections are.
pub trait ConnectionStatus: fmt::Debug + Send + Sync {
    /// One report for each connection of the configuration. Answers from memory: it is asked at every scrape.
    fn status(&self) -> Vec<ConnectionReport>;
}

/// How one connection is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectionReport {
    /// Its id.
    pub id: ConnectionId,
    /// The revision of the mappings that decides now; none when none is published.
    pub revision: Option<i64>,
    /// The replica that works for it; none while nobody does.
    pub owner: Option<String>,
    /// Its NetSuite account.
    pub netsuite: SystemReport,
    /// Its X-Series retailer.
    pub x_series: SystemReport,
}

/// How one side of a connection is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SystemReport {
    /// The account id, or the domain prefix.
    pub account: String,
    /// `closed` (requests pass), `open` (none do) or `half_open` (one may try).
    pub breaker: Breaker,
    /// No request before this.
    pub blocked_until: Option<Timestamp>,
    /// Requests allowed at once.
    pub concurrency: usize,
    /// Requests under way.
    pub in_flight: usize,
    /// Requests of a window, where the system has one.
    pub limit: Option<u32>,
    /// What is left of the window.
    pub remaining: Option<u32>,
    /// When the access token ends, where it does.
    pub token_expires_at: Option<Timestamp>,
    /// The poller of this side.
    pub poll: PollReport,
}

/// Whether requests pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// Requests pass.
    Closed,
    /// None does.
    Open,
    /// One may try.
    HalfOpen,
}

/// How a poller is.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PollReport {
    /// Where it stands: a version in X-Series, a time in NetSuite.
    pub cursor: Option<Value>,
    /// How far it is behind the present.
    pub lag_seconds: Option<f64>,
    /// When it last ran to its end.
    pub last_success_at: Option<Timestamp>,
    /// What its last run failed with; none after a success.
    pub last_error: Option<String>,
}
