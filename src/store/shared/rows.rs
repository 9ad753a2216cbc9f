//! Reading rows: every word is checked, and one that this version does not know is an error, never a guess.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;

use super::driver::{self, Get};
use super::{Row, during};
use crate::clock::from_millis;
use crate::domain::ids::{CallId, ConnectionId, EventId, OrderId};
use crate::domain::verdict::{HoldKind, VerdictKind};
use crate::store::batch::Hot;
use crate::store::standing::Standing;
use crate::store::{CallKind, CallRow, CallState, Direction, EventRow, EventSource, Link, OrderRow, OrderState, PassRow, StoreError};

/// The columns that [`order`] reads.
macro_rules! order_columns {
    () => {
        "id, connection, direction, state, verdict, reason, detail, hold, due_at, attempt, enqueued_seq, handled_seq, lease_token, \
         revision, netsuite_id, netsuite_number, netsuite_status, netsuite_modified, x_series_id, x_series_number, x_series_status, \
         x_series_state, x_series_attributes, x_series_version, sent_digest, echo_digest, mapping, created_at, updated_at"
    };
}
pub(in crate::store) use order_columns;

/// The columns that [`event`] reads.
macro_rules! event_columns {
    () => {
        "id, connection, order_id, seq, source, kind, received_at, verdict, reason, detail, decided_at"
    };
}
pub(in crate::store) use event_columns;

/// The columns that [`call`] reads.
macro_rules! call_columns {
    () => {
        "id, connection, order_id, kind, idempotency_key, state, request, attempts, http_status, answer, remote_id, created_at, updated_at"
    };
}
pub(in crate::store) use call_columns;

/// A row with the name of its table, for errors.
pub(in crate::store) struct Cells<'r> {
    table: &'static str,
    row: &'r Row,
}

impl<'r> Cells<'r> {
    pub(in crate::store) fn of(table: &'static str, row: &'r Row) -> Self {
        Self { table, row }
    }

    /// A column as it is.
    pub(in crate::store) fn get<T>(&self, column: &'static str) -> Result<T, StoreError>
    where
        T: Get<'r>,
    {
        driver::get(self.row, column).map_err(during("read a row"))
    }

    /// A column that holds a word.
    pub(in crate::store) fn word<T>(&self, column: &'static str, parse: fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let word: &str = self.get(column)?;
        parse(word).ok_or_else(|| self.unknown(column, word))
    }

    /// A column that holds a word or null.
    pub(in crate::store) fn opt_word<T>(&self, column: &'static str, parse: fn(&str) -> Option<T>) -> Result<Option<T>, StoreError> {
        let word: Option<&str> = self.get(column)?;
        word.map(|word| parse(word).ok_or_else(|| self.unknown(column, word))).transpose()
    }

    /// A column that holds a time.
    pub(in crate::store) fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.get(column).map(from_millis)
    }

    /// A column that holds a time or null.
    pub(in crate::store) fn opt_time(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<i64>>(column)?.map(from_millis))
    }

    /// A column that holds JSON.
    pub(in crate::store) fn json<T: serde::de::DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text: &str = self.get(column)?;
        serde_json::from_str(text).map_err(|error| self.unknown(column, &error.to_string()))
    }

    /// A column that counts.
    pub(in crate::store) fn count(&self, column: &'static str) -> Result<u32, StoreError> {
        let count: i64 = self.get(column)?;
        u32::try_from(count).map_err(|error| self.unknown(column, &format!("{count} ({error})")))
    }

    /// A column that holds an HTTP status or null.
    pub(in crate::store) fn opt_status(&self, column: &'static str) -> Result<Option<u16>, StoreError> {
        let status: Option<i64> = self.get(column)?;
        status.map(|status| u16::try_from(status).map_err(|error| self.unknown(column, &format!("{status} ({error})")))).transpose()
    }

    fn unknown(&self, column: &'static str, what: &str) -> StoreError {
        StoreError::UnknownValue { row: format!("{}.{column}", self.table), what: what.to_owned() }
    }
}

/// Reads an order.
pub(in crate::store) fn order(row: &Row) -> Result<OrderRow, StoreError> {
    let cells = Cells::of("orders", row);
    Ok(OrderRow {
        id: OrderId::new(cells.get::<String>("id")?),
        connection: ConnectionId::new(cells.get::<String>("connection")?),
        state: cells.word("state", OrderState::parse)?,
        verdict: cells.opt_word("verdict", VerdictKind::parse)?,
        reason: cells.get("reason")?,
        detail: cells.get("detail")?,
        hold: cells.opt_word("hold", HoldKind::parse)?,
        direction: cells.word("direction", Direction::parse)?,
        link: Link {
            netsuite_id: cells.get::<Option<String>>("netsuite_id")?.map(Into::into),
            netsuite_number: cells.get("netsuite_number")?,
            netsuite_status: cells.get("netsuite_status")?,
            netsuite_modified: cells.opt_time("netsuite_modified")?,
            x_series_id: cells.get::<Option<String>>("x_series_id")?.map(Into::into),
            x_series_number: cells.get("x_series_number")?,
            x_series_status: cells.get("x_series_status")?,
            x_series_state: cells.get("x_series_state")?,
            x_series_attributes: cells.json("x_series_attributes")?,
            x_series_version: cells.get("x_series_version")?,
            sent_digest: cells.get("sent_digest")?,
            echo_digest: cells.get("echo_digest")?,
            mapping: cells.get("mapping")?,
        },
        revision: cells.get("revision")?,
        attempt: cells.count("attempt")?,
        due_at: cells.opt_time("due_at")?,
        enqueued_seq: cells.get("enqueued_seq")?,
        handled_seq: cells.get("handled_seq")?,
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
    })
}

/// Reads an event, without its body.
pub(in crate::store) fn event(row: &Row) -> Result<EventRow, StoreError> {
    let cells = Cells::of("events", row);
    Ok(EventRow {
        id: EventId::new(cells.get::<String>("id")?),
        connection: ConnectionId::new(cells.get::<String>("connection")?),
        order_id: cells.get::<Option<String>>("order_id")?.map(Into::into),
        seq: cells.get("seq")?,
        source: cells.word("source", EventSource::parse)?,
        kind: cells.get("kind")?,
        received_at: cells.time("received_at")?,
        verdict: cells.opt_word("verdict", VerdictKind::parse)?,
        reason: cells.get("reason")?,
        detail: cells.get("detail")?,
        decided_at: cells.opt_time("decided_at")?,
    })
}

/// Reads a call.
pub(in crate::store) fn call(row: &Row) -> Result<CallRow, StoreError> {
    let cells = Cells::of("calls", row);
    Ok(CallRow {
        id: CallId::new(cells.get::<String>("id")?),
        connection: ConnectionId::new(cells.get::<String>("connection")?),
        order_id: OrderId::new(cells.get::<String>("order_id")?),
        kind: cells.word("kind", CallKind::parse)?,
        key: cells.get("idempotency_key")?,
        state: cells.word("state", CallState::parse)?,
        request: cells.json("request")?,
        attempts: cells.count("attempts")?,
        http_status: cells.opt_status("http_status")?,
        answer: cells.get("answer")?,
        remote_id: cells.get("remote_id")?,
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
    })
}

/// Reads a pass.
pub(in crate::store) fn pass(row: &Row) -> Result<PassRow, StoreError> {
    let cells = Cells::of("passes", row);
    Ok(PassRow {
        at: cells.time("ended_at")?,
        verdict: cells.opt_word("verdict", VerdictKind::parse)?,
        reason: cells.get("reason")?,
        detail: cells.get("detail")?,
        revision: cells.get("revision")?,
        events: (cells.get("first_seq")?, cells.get("last_seq")?),
        explanation: cells.json::<Value>("explanation")?,
    })
}

/// Reads what the door goes by of an order.
pub(in crate::store) fn hot(cells: &Cells<'_>) -> Result<Hot, StoreError> {
    Ok(Hot {
        id: cells.get("id")?,
        connection: ConnectionId::new(cells.get::<String>("connection")?),
        direction: cells.word("direction", Direction::parse)?,
        netsuite_id: None,
        x_series_id: None,
        standing: Standing {
            state: cells.word("state", OrderState::parse)?,
            hold: cells.opt_word("hold", HoldKind::parse)?,
            due_at: cells.get("due_at")?,
            attempt: cells.get("attempt")?,
            leased: cells.get("leased")?,
        },
        enqueued_seq: cells.get("enqueued_seq")?,
        handled_seq: cells.get("handled_seq")?,
        netsuite_modified: cells.get("netsuite_modified")?,
        x_series_version: cells.get("x_series_version")?,
        markers: HashMap::new(),
        decided: None,
        made: false,
        changed: false,
    })
}
