//! The pieces of rows that several operations write: links, aliases, passes.

use jiff::Timestamp;
use serde_json::Value;

use super::driver::{Query, query, query_scalar};
use super::writer::Tx;
use super::{dialect, during};
use crate::domain::ids::{OrderId, RecordId, SaleId};
use crate::store::values::json;
use crate::store::{EventSource, Link, StoreError};

/// Another order of the connection that has one of the link's ids.
pub(super) async fn owner_of(
    tx: &mut Tx,
    operation: &'static str,
    order: &OrderId,
    connection: &str,
    link: &Link,
) -> Result<Option<OrderId>, StoreError> {
    let other: Option<String> = query_scalar(
        "SELECT id FROM orders WHERE netsuite_id = $1 AND connection = $3 AND id <> $4 \
         UNION ALL SELECT id FROM orders WHERE x_series_id = $2 AND connection = $3 AND id <> $4 LIMIT 1",
    )
    .bind(link.netsuite_id.as_ref().map(RecordId::as_str))
    .bind(link.x_series_id.as_ref().map(SaleId::as_str))
    .bind(connection)
    .bind(order.as_str())
    .fetch_optional(tx.conn())
    .await
    .map_err(during(operation))?;
    Ok(other.map(OrderId::new))
}

/// What [`write_link`] sets, from the arguments that [`bind_link`] binds.
macro_rules! link_set {
    () => {
        "netsuite_id = coalesce($2, netsuite_id), netsuite_number = $3, netsuite_status = $4, netsuite_modified = $5, \
         x_series_id = coalesce($6, x_series_id), x_series_number = $7, x_series_status = $8, x_series_state = $9, \
         x_series_attributes = $10, x_series_version = $11, sent_digest = $12, echo_digest = $13, mapping = $14"
    };
}
pub(in crate::store) use link_set;

/// Binds the order as `$1` and its link as `$2` to `$14`.
pub(super) fn bind_link<'q>(
    query: Query<'q>,
    operation: &'static str,
    order: &'q OrderId,
    link: &'q Link,
) -> Result<Query<'q>, StoreError> {
    Ok(query
        .bind(order.as_str())
        .bind(link.netsuite_id.as_ref().map(RecordId::as_str))
        .bind(link.netsuite_number.as_deref())
        .bind(link.netsuite_status.as_deref())
        .bind(link.netsuite_modified.map(Timestamp::as_millisecond))
        .bind(link.x_series_id.as_ref().map(SaleId::as_str))
        .bind(link.x_series_number.as_deref())
        .bind(link.x_series_status.as_deref())
        .bind(link.x_series_state.as_deref())
        .bind(json(operation, &link.x_series_attributes)?)
        .bind(link.x_series_version)
        .bind(link.sent_digest.as_deref())
        .bind(link.echo_digest.as_deref())
        .bind(link.mapping.as_deref()))
}

/// Writes the link. An id that is known is never forgotten: another order may have been merged into this one since the pass read
/// its row. Everything else becomes what the pass saw.
pub(super) async fn write_link(tx: &mut Tx, operation: &'static str, order: &OrderId, link: &Link) -> Result<(), StoreError> {
    let query = query(concat!("UPDATE orders SET ", link_set!(), " WHERE id = $1"));
    bind_link(query, operation, order, link)?.execute(tx.conn()).await.map(drop).map_err(during(operation))
}

/// Adds ids and numbers that find the order.
pub(super) async fn add_aliases(tx: &mut Tx, operation: &'static str, order: &OrderId, aliases: &[String]) -> Result<(), StoreError> {
    if aliases.is_empty() {
        return Ok(());
    }
    query(dialect::ADD_ALIASES)
        .bind(dialect::texts(operation, aliases.iter().map(String::as_str))?)
        .bind(order.as_str())
        .execute(tx.conn())
        .await
        .map(drop)
        .map_err(during(operation))
}

/// A pass to be kept for the explanation.
pub(super) struct NewPass<'a> {
    pub(super) verdict: Option<&'a str>,
    pub(super) reason: &'a str,
    pub(super) detail: &'a str,
    pub(super) revision: Option<i64>,
    pub(super) first_seq: i64,
    pub(super) last_seq: i64,
    pub(super) explanation: &'a Value,
}

/// Adds a pass to the order's history.
pub(super) async fn add_pass(tx: &mut Tx, operation: &'static str, order: &OrderId, pass: NewPass<'_>) -> Result<(), StoreError> {
    query(
        "INSERT INTO passes (order_id, ended_at, verdict, reason, detail, revision, first_seq, last_seq, explanation) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(order.as_str())
    .bind(tx.now)
    .bind(pass.verdict)
    .bind(pass.reason)
    .bind(pass.detail)
    .bind(pass.revision)
    .bind(pass.first_seq)
    .bind(pass.last_seq)
    .bind(json(operation, pass.explanation)?)
    .execute(tx.conn())
    .await
    .map(drop)
    .map_err(during(operation))
}

/// An event that the store makes itself: an operator's action, or a merge. It is never a repeat.
pub(super) struct OwnEvent<'a> {
    pub(super) connection: &'a str,
    pub(super) seq: i64,
    pub(super) source: EventSource,
    pub(super) kind: &'a str,
    pub(super) body: &'a Value,
}

/// Adds the event without a verdict. The caller moves the order's sequence to its number.
pub(super) async fn add_event(tx: &mut Tx, operation: &'static str, order: &OrderId, event: OwnEvent<'_>) -> Result<(), StoreError> {
    query("INSERT INTO events (id, connection, order_id, seq, source, kind, received_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(tx.new_id())
        .bind(event.connection)
        .bind(order.as_str())
        .bind(event.seq)
        .bind(event.source.word())
        .bind(event.kind)
        .bind(tx.now)
        .bind(json(operation, event.body)?.into_bytes())
        .execute(tx.conn())
        .await
        .map(drop)
        .map_err(during(operation))
}
