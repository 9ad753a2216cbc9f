//! The statements that this engine says in its own way. Lists travel as arrays.

use crate::store::StoreError;

/// A row that a decision is made on is locked until the commit.
macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}
pub(super) use for_update;

/// A column holds `$9`, in any case of letters.
macro_rules! like {
    ($column:literal) => {
        concat!($column, " ILIKE $9 ESCAPE '\\'")
    };
}
pub(super) use like;

use super::shared::records::link_set;
use super::shared::rows::order_columns;

/// Decides on the locked row alone: under READ COMMITTED, a row that changed while the lock was taken is looked at again, but
/// another table would be seen as it was before. `MATERIALIZED`, so that no plan runs the inner part twice.
pub(super) const CLAIM: &str = concat!(
    "WITH due AS MATERIALIZED (SELECT id AS due_id FROM orders WHERE due_at <= $3 AND ($4 IS NULL OR connection = ANY ($4)) \
         ORDER BY due_at LIMIT $5 FOR UPDATE SKIP LOCKED) \
     UPDATE orders SET state = 'working', hold = NULL, lease_owner = $1, lease_token = lease_token + 1, attempt = attempt + 1, \
         due_at = $2 \
     FROM due WHERE id = due_id RETURNING ",
    order_columns!()
);

/// Moves the ends of the leases of orders `$1` with tokens `$2` to `$3`; locks them in the order of their ids, as everybody does.
pub(super) const HEARTBEAT: &str = "WITH mine AS MATERIALIZED ( \
         SELECT orders.id AS mine_id FROM unnest($1, $2) AS asked (asked_id, token) JOIN orders ON orders.id = asked_id \
         WHERE lease_token = token AND lease_owner IS NOT NULL ORDER BY orders.id FOR UPDATE OF orders) \
     UPDATE orders SET due_at = $3 FROM mine WHERE id = mine_id RETURNING id, lease_token";

/// Adds the names `$1` of order `$2`.
pub(super) const ADD_ALIASES: &str =
    "INSERT INTO aliases (alias, order_id) SELECT alias, $2 FROM unnest($1) AS alias WHERE alias <> '' ON CONFLICT DO NOTHING";

/// The orders of connection `$2` that wait under the name `$1`, which is in lower case.
pub(super) const WAITING: &str = "SELECT o.id FROM aliases a JOIN orders o ON o.id = a.order_id \
     WHERE lower(a.alias) = $1 AND o.connection = $2 AND o.reason = 'original_first' ORDER BY o.id";

/// The order of connection `$2` that the bill `$1` was booked for. Every record that was made is among the names of its order.
pub(super) const ORDER_OF_BILL: &str = "SELECT c.order_id FROM aliases a JOIN calls c ON c.order_id = a.order_id \
     WHERE lower(a.alias) = $1 AND c.connection = $2 AND c.remote_id = $1 AND c.state = 'done' \
         AND c.kind IN ('invoice', 'cash_sale', 'cash_refund', 'credit_memo') LIMIT 1";

/// Ends a pass: `$1` is the order, `$2` to `$14` its link, `$15` to `$24` what becomes of its row, `$25` the time. The events after `$26` up to
/// `$27` get the verdict; the pass is kept with `$28` as its last event, unless that is null, and with the explanation `$29`; `$30` are names.
pub(super) const FINISH: &str = concat!(
    "WITH pass AS (INSERT INTO passes (order_id, ended_at, verdict, reason, detail, revision, first_seq, last_seq, explanation) \
         SELECT $1, $25, $16, $17, $18, $23, $26 + 1, $28, $29 WHERE $28 IS NOT NULL), \
     decided AS (UPDATE events SET verdict = $16, reason = $17, detail = $18, decided_at = $25 \
         WHERE order_id = $1 AND seq > $26 AND seq <= $27), \
     named AS (INSERT INTO aliases (alias, order_id) SELECT alias, $1 FROM unnest($30) AS alias WHERE alias <> '' ON CONFLICT DO NOTHING) \
     UPDATE orders SET ",
    link_set!(),
    ", state = $15, verdict = $16, reason = $17, detail = $18, hold = $19, due_at = $20, attempt = $21, handled_seq = $22, \
         revision = coalesce($23, revision), updated_at = $24, lease_owner = NULL WHERE id = $1"
);

/// The counters with the changes that wait to be folded in, and when the next order is due.
pub(super) const COUNTS: &str = "SELECT kind, word, sum(n)::bigint AS n, (SELECT min(due_at) FROM orders WHERE due_at IS NOT NULL) AS due \
     FROM (SELECT kind, word, n FROM counters UNION ALL SELECT kind, word, n FROM counter_changes) AS parts GROUP BY kind, word";

/// Deletes those of the events `$1` that are handled; those with a delivery id only where they came before `$2`.
pub(super) const PURGE_EVENTS: &str = "DELETE FROM events WHERE id = ANY ($1) AND verdict IS NOT NULL \
         AND (seq IS NULL OR seq <= (SELECT handled_seq FROM orders WHERE orders.id = events.order_id)) \
         AND (dedupe_key IS NULL OR received_at < $2)";

/// Deletes those of the passes `$1` that are not their order's newest.
pub(super) const PURGE_PASSES: &str = "DELETE FROM passes WHERE id = ANY ($1) \
         AND id < (SELECT max(newer.id) FROM passes AS newer WHERE newer.order_id = passes.order_id)";

/// The orders that the id or number `$1` finds.
pub(super) const FIND_ORDERS: &str = concat!(
    "SELECT ",
    order_columns!(),
    " FROM orders WHERE id IN (SELECT id FROM orders WHERE id IN ($1, lower($1)) \
         UNION SELECT id FROM orders WHERE netsuite_id = $1 \
         UNION SELECT id FROM orders WHERE x_series_id IN ($1, lower($1)) \
         UNION SELECT id FROM orders WHERE lower(netsuite_number) = lower($1) \
         UNION SELECT id FROM orders WHERE lower(x_series_number) = lower($1) \
         UNION SELECT order_id FROM aliases WHERE lower(alias) = lower($1)) \
     ORDER BY id NOT IN ($1, lower($1)), updated_at DESC, id DESC"
);

/// Owner `$1` gives the connections `$2` up.
pub(super) const RELEASE: &str =
    "UPDATE connection_leases SET owner = '', expires_at = $3, leaving = 0 WHERE owner = $1 AND connection = ANY ($2)";

/// Orders of the connections `$1` that somebody other than `$2` has in hand are due at `$3`.
pub(super) const FREE_ORDERS: &str = "WITH left_alone AS MATERIALIZED ( \
         SELECT id AS left_id FROM orders WHERE state = 'working' AND connection = ANY ($1) AND lease_owner <> $2 AND due_at > $3 \
         ORDER BY id FOR UPDATE) \
     UPDATE orders SET due_at = $3 FROM left_alone WHERE id = left_id";

/// True while a move into the database is under way.
pub(super) const MOVING: &str =
    "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'move_progress')";

/// Passes that came with their numbers are passed over by the next.
pub(super) const COUNT_ON: Option<&str> =
    Some("SELECT setval(pg_get_serial_sequence('passes', 'id'), greatest(max(id), 1), max(id) IS NOT NULL) FROM passes");

/// Texts as a statement takes them.
#[expect(clippy::unnecessary_wraps, reason = "the other engine's may fail")]
pub(super) fn texts<'a>(_operation: &'static str, items: impl Iterator<Item = &'a str>) -> Result<Vec<String>, StoreError> {
    Ok(items.map(str::to_owned).collect())
}

/// Numbers as a statement takes them.
#[expect(clippy::unnecessary_wraps, reason = "the other engine's may fail")]
pub(super) fn numbers(_operation: &'static str, items: impl Iterator<Item = i64>) -> Result<Vec<i64>, StoreError> {
    Ok(items.collect())
}
