//! What operators ask the store for and what they get: plain types, no SQL.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::types::{CallState, EventSource, OrderState};
use crate::domain::ids::{ConnectionId, OrderId};
use crate::domain::verdict::VerdictKind;

/// A revision of a connection's mappings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// 1, 2, 3, …
    pub number: i64,
    /// `mappings.toml`, as it was published.
    pub document: String,
    /// Why.
    pub message: String,
    /// Who.
    pub author: String,
    /// When.
    pub at: Timestamp,
}

/// What a bearer may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Look.
    Viewer,
    /// Act on orders; see raw bodies.
    Operator,
    /// Change mappings.
    Admin,
}

impl Role {
    /// The word on the wire and in the database.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Viewer, Self::Operator, Self::Admin].into_iter().find(|role| role.word() == word)
    }
}

/// A bearer token's row; the token itself is not stored, only its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its public id.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// What it allows.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The rotating OAuth tokens of an X-Series connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthTokens {
    /// Counts refreshes: a writer that read an older generation has lost.
    pub generation: i64,
    /// The access token; empty before the first refresh.
    pub access_token: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The refresh token that is good for one more refresh.
    pub refresh_token: String,
}

/// Which orders a list shows.
#[derive(Debug, Clone, Default)]
pub struct OrderFilter {
    /// Of one connection.
    pub connection: Option<ConnectionId>,
    /// In one state.
    pub state: Option<OrderState>,
    /// With one verdict.
    pub verdict: Option<VerdictKind>,
    /// With one reason.
    pub reason: Option<String>,
    /// Whose ids or numbers hold this text.
    pub text: Option<String>,
    /// Changed at or after.
    pub from: Option<Timestamp>,
    /// Changed before.
    pub to: Option<Timestamp>,
}

/// Which events a list shows.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of one connection.
    pub connection: Option<ConnectionId>,
    /// Of one order.
    pub order_id: Option<OrderId>,
    /// From one source.
    pub source: Option<EventSource>,
    /// With one verdict; `Some(None)` for those without.
    pub verdict: Option<Option<VerdictKind>>,
    /// With one reason.
    pub reason: Option<String>,
    /// Received at or after.
    pub from: Option<Timestamp>,
    /// Received before.
    pub to: Option<Timestamp>,
}

/// Which calls a list shows.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    /// Of one connection.
    pub connection: Option<ConnectionId>,
    /// Of one order.
    pub order_id: Option<OrderId>,
    /// In one state.
    pub state: Option<CallState>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page starts.
    pub next_cursor: Option<String>,
}

/// What an operator does to one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperatorAction {
    /// Try now, with the attempts counted afresh.
    Retry,
    /// Let a held order go on.
    Release,
    /// Let its pending events go: `ignored(skipped)`.
    Skip,
    /// Decide on the sales order now.
    Send,
    /// Handle its events again.
    Replay,
}

impl OperatorAction {
    /// The event type it is stored under.
    pub fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Release => "release",
            Self::Skip => "skip",
            Self::Send => "send",
            Self::Replay => "replay",
        }
    }
}

/// A replay, as operators see it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayRow {
    /// Its id.
    pub id: String,
    /// `running` or `done`.
    pub state: String,
    /// How many orders it is about.
    pub total: i64,
    /// How many of them were made due.
    pub done: i64,
    /// Each order with what was or would be done.
    pub changes: Value,
    /// Nothing was changed.
    pub dry_run: bool,
    /// Who asked.
    pub author: String,
    /// When.
    pub created_at: Timestamp,
}

/// Counts for the metrics and the health page.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// Events in all.
    pub received: i64,
    /// Events by verdict; those without one are `received` less their sum.
    pub verdicts: Vec<(VerdictKind, i64)>,
    /// Orders by state.
    pub orders: Vec<(OrderState, i64)>,
    /// Held orders by reason.
    pub held: Vec<(String, i64)>,
    /// Calls by state.
    pub calls: Vec<(CallState, i64)>,
    /// How long the oldest due order has been due, in milliseconds.
    pub oldest_due_ms: i64,
}
