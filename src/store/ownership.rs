//! Who works for which connection: plain types, no SQL.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock::from_millis;
use crate::domain::ids::ConnectionId;

/// A replica says that it is there, keeps what it has and asks for what it may have.
#[derive(Debug, Clone)]
pub struct OwnRequest {
    /// Who asks: a name that no other process has.
    pub owner: String,
    /// How long it is believed without another word.
    pub lease: Duration,
    /// The connections that it could work for.
    pub connections: Vec<ConnectionId>,
    /// No other process can be there: whatever another name has is taken over at once.
    pub alone: bool,
    /// It is about to go: it keeps what it has of those connections, takes nothing, and is not counted as there.
    pub going: bool,
}

/// The right to work for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionLease {
    /// The connection.
    pub connection: ConnectionId,
    /// Who has it; empty when nobody has.
    pub owner: String,
    /// The fencing token: one more with each owner.
    pub token: i64,
    /// Until when, or since when nobody has it.
    pub expires_at: Timestamp,
    /// Its owner gives it up as soon as nothing of it is in hand.
    pub leaving: bool,
}

impl ConnectionLease {
    /// The row of a connection that nobody has had yet.
    pub(super) fn nobodys(connection: &ConnectionId, now: i64) -> Self {
        Self { connection: connection.clone(), owner: String::new(), token: 0, expires_at: from_millis(now), leaving: false }
    }
}
