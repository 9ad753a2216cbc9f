//! Reading for operators: one row, look-ups by any id or number, and cursor pages.
//!
//! Each list walks an index from the cursor on and stops after a page, so page one hundred costs what page one does. The filters
//! without an index of their own are tested on the rows on the way.

use jiff::Timestamp;

use super::dialect::{self, like};
use super::driver::query;
use super::rows::{self, Cells, call_columns, event_columns, order_columns};
use super::{Db, during};
use crate::domain::ids::{ConnectionId, EventId, OrderId};
use crate::domain::verdict::VerdictKind;
use crate::store::page::{cut, rows_to_read, start};
use crate::store::{
    CallFilter, CallRow, CallState, EventFilter, EventRow, EventSource, OrderFilter, OrderRow, OrderState, Page, PassRow, StoreError,
};

/// A page of orders; the condition on `$1`, the state, decides which index is walked.
macro_rules! orders_list {
    ($state:literal) => {
        concat!(
            "SELECT ",
            order_columns!(),
            " FROM orders WHERE ",
            $state,
            " AND (updated_at, id) < ($2, $3) AND updated_at >= $4 AND updated_at < $5 AND ($6 IS NULL OR connection = $6) \
              AND ($7 IS NULL OR verdict = $7) AND ($8 IS NULL OR reason = $8) \
              AND ($9 IS NULL OR ",
            like!("id"),
            " OR ",
            like!("netsuite_id"),
            " OR ",
            like!("netsuite_number"),
            " OR ",
            like!("x_series_id"),
            " OR ",
            like!("x_series_number"),
            " OR EXISTS (SELECT 1 FROM aliases WHERE order_id = orders.id AND ",
            like!("alias"),
            ")) ORDER BY updated_at DESC, id DESC LIMIT $10"
        )
    };
}

/// A page of events; the condition on `$1`, the order, decides which index is walked.
macro_rules! events_list {
    ($order:literal) => {
        concat!(
            "SELECT ",
            event_columns!(),
            " FROM events WHERE ",
            $order,
            " AND (received_at, id) < ($2, $3) AND received_at >= $4 AND received_at < $5 AND ($6 IS NULL OR connection = $6) \
              AND ($7 IS NULL OR source = $7) AND ($8 IS NULL OR coalesce(verdict, '') = $8) AND ($9 IS NULL OR reason = $9) \
             ORDER BY received_at DESC, id DESC LIMIT $10"
        )
    };
}

/// A page of calls; the condition on `$1`, the order, decides which index is walked.
macro_rules! calls_list {
    ($order:literal) => {
        concat!(
            "SELECT ",
            call_columns!(),
            " FROM calls WHERE ",
            $order,
            " AND (in_doubt, created_at, id) < ($2, $3, $4) AND ($5 IS NULL OR connection = $5) AND ($6 IS NULL OR state = $6) \
             ORDER BY in_doubt DESC, created_at DESC, id DESC LIMIT $7"
        )
    };
}

impl Db {
    /// One order.
    pub(in crate::store) async fn order(&self, id: &OrderId) -> Result<Option<OrderRow>, StoreError> {
        let row = query(concat!("SELECT ", order_columns!(), " FROM orders WHERE id = $1"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read an order"))?;
        row.as_ref().map(rows::order).transpose()
    }

    /// The orders that an id or number finds; the one whose own id it is comes first.
    pub(in crate::store) async fn find_orders(&self, id: &str) -> Result<Vec<OrderRow>, StoreError> {
        let rows = query(dialect::FIND_ORDERS).bind(id.trim()).fetch_all(self.aside()).await.map_err(during("look an order up"))?;
        rows.iter().map(rows::order).collect()
    }

    /// A page of orders, the last changed first.
    pub(in crate::store) async fn orders(
        &self,
        filter: &OrderFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<OrderRow>, StoreError> {
        let (at, id) = start(cursor, (i64::MAX, String::new()))?;
        let sql = if filter.state.is_some() { orders_list!("state = $1") } else { orders_list!("$1 IS NULL") };
        let rows = query(sql)
            .bind(filter.state.map(OrderState::word))
            .bind(at)
            .bind(id)
            .bind(from(filter.from))
            .bind(to(filter.to))
            .bind(filter.connection.as_ref().map(ConnectionId::as_str))
            .bind(filter.verdict.map(VerdictKind::word))
            .bind(filter.reason.as_deref())
            .bind(filter.text.as_deref().map(holds))
            .bind(rows_to_read(limit))
            .fetch_all(self.aside())
            .await
            .map_err(during("list orders"))?;
        let items = rows.iter().map(rows::order).collect::<Result<_, _>>()?;
        cut(items, limit, |order| (order.updated_at.as_millisecond(), order.id.clone()))
    }

    /// A page of events, the last received first.
    pub(in crate::store) async fn events(
        &self,
        filter: &EventFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<EventRow>, StoreError> {
        let (at, id) = start(cursor, (i64::MAX, String::new()))?;
        let sql = if filter.order_id.is_some() { events_list!("order_id = $1") } else { events_list!("$1 IS NULL") };
        let rows = query(sql)
            .bind(filter.order_id.as_ref().map(OrderId::as_str))
            .bind(at)
            .bind(id)
            .bind(from(filter.from))
            .bind(to(filter.to))
            .bind(filter.connection.as_ref().map(ConnectionId::as_str))
            .bind(filter.source.map(EventSource::word))
            .bind(filter.verdict.map(|verdict| verdict.map_or("", VerdictKind::word)))
            .bind(filter.reason.as_deref())
            .bind(rows_to_read(limit))
            .fetch_all(self.aside())
            .await
            .map_err(during("list events"))?;
        let items = rows.iter().map(rows::event).collect::<Result<_, _>>()?;
        cut(items, limit, |event| (event.received_at.as_millisecond(), event.id.clone()))
    }

    /// One event with its body.
    pub(in crate::store) async fn event(&self, id: &EventId) -> Result<Option<(EventRow, Vec<u8>)>, StoreError> {
        let row = query(concat!("SELECT ", event_columns!(), ", body FROM events WHERE id = $1"))
            .bind(id.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read an event"))?;
        row.map(|row| Ok((rows::event(&row)?, Cells::of("events", &row).get("body")?))).transpose()
    }

    /// A page of calls: those in doubt first, then the newest.
    pub(in crate::store) async fn calls(&self, filter: &CallFilter, cursor: Option<&str>, limit: u32) -> Result<Page<CallRow>, StoreError> {
        let (doubt, at, id) = start(cursor, (2_i64, i64::MAX, String::new()))?;
        let sql = if filter.order_id.is_some() { calls_list!("order_id = $1") } else { calls_list!("$1 IS NULL") };
        let rows = query(sql)
            .bind(filter.order_id.as_ref().map(OrderId::as_str))
            .bind(doubt)
            .bind(at)
            .bind(id)
            .bind(filter.connection.as_ref().map(ConnectionId::as_str))
            .bind(filter.state.map(CallState::word))
            .bind(rows_to_read(limit))
            .fetch_all(self.aside())
            .await
            .map_err(during("list calls"))?;
        let items = rows.iter().map(rows::call).collect::<Result<_, _>>()?;
        cut(items, limit, |call| (i64::from(call.state == CallState::InDoubt), call.created_at.as_millisecond(), call.id.clone()))
    }

    /// The passes of an order, newest first.
    pub(in crate::store) async fn passes(&self, order: &OrderId, limit: u32) -> Result<Vec<PassRow>, StoreError> {
        let rows = query(
            "SELECT ended_at, verdict, reason, detail, revision, first_seq, last_seq, explanation FROM passes \
             WHERE order_id = $1 ORDER BY id DESC LIMIT $2",
        )
        .bind(order.as_str())
        .bind(i64::from(limit))
        .fetch_all(self.aside())
        .await
        .map_err(during("read an order's passes"))?;
        rows.iter().map(rows::pass).collect()
    }
}

fn from(at: Option<Timestamp>) -> i64 {
    at.map_or(i64::MIN, Timestamp::as_millisecond)
}

fn to(at: Option<Timestamp>) -> i64 {
    at.map_or(i64::MAX, Timestamp::as_millisecond)
}

/// The `LIKE` pattern of texts that hold this one; what `LIKE` reads as a sign is taken as it stands.
fn holds(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.trim().chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
