//! The statements that this engine says in its own way. Lists travel as JSON, through `json_each`.

use super::shared::records::link_set;
use super::shared::rows::order_columns;
use crate::store::StoreError;
use crate::store::values::json;

/// A write shuts every other writer out from its first statement on, so that no row needs a lock of its own.
macro_rules! for_update {
    () => {
        ""
    };
}
pub(super) use for_update;

/// A column holds `$9`, in any case of letters.
macro_rules! like {
    ($column:literal) => {
        concat!($column, " LIKE $9 ESCAPE '\\'")
    };
}
pub(super) use like;

/// One statement on the rows it locks. `orders_due` holds only orders that wait or are worked on, so the claim costs the same
/// however many are settled. An expired lease is a due order like any other: no sweeper looks for it.
pub(super) const CLAIM: &str = concat!(
    "UPDATE orders SET state = 'working', hold = NULL, lease_owner = $1, lease_token = lease_token + 1, attempt = attempt + 1, \
         due_at = $2 \
     WHERE id IN (SELECT id FROM orders INDEXED BY orders_due WHERE due_at <= $3 \
         AND ($4 IS NULL OR connection IN (SELECT value FROM json_each($4))) ORDER BY due_at LIMIT $5) \
     RETURNING ",
    order_columns!()
);

/// Moves the ends of the leases of orders `$1` with tokens `$2` to `$3`.
pub(super) const HEARTBEAT: &str = "UPDATE orders SET due_at = $3 \
     FROM json_each($1) AS asked CROSS JOIN json_each($2) AS token ON token.key = asked.key \
     WHERE orders.id = asked.value AND lease_token = token.value AND lease_owner IS NOT NULL \
     RETURNING orders.id, lease_token";

/// Adds the names `$1` of order `$2`.
pub(super) const ADD_ALIASES: &str =
    "INSERT INTO aliases (alias, order_id) SELECT value, $2 FROM json_each($1) WHERE value <> '' ON CONFLICT DO NOTHING";

/// The orders of connection `$2` that wait under the name `$1`.
pub(super) const WAITING: &str = "SELECT o.id FROM aliases a JOIN orders o ON o.id = a.order_id \
     WHERE a.alias = $1 AND o.connection = $2 AND o.reason = 'original_first' ORDER BY o.id";

/// The order of connection `$2` that the bill `$1` was booked for. Every record that was made is among the names of its order.
pub(super) const ORDER_OF_BILL: &str = "SELECT c.order_id FROM aliases a JOIN calls c ON c.order_id = a.order_id \
     WHERE a.alias = $1 AND c.connection = $2 AND c.remote_id = $1 AND c.state = 'done' \
         AND c.kind IN ('invoice', 'cash_sale', 'cash_refund', 'credit_memo') LIMIT 1";

/// Ends a pass: `$1` is the order, `$2` to `$14` its link, `$15` to `$24` what becomes of its row, `$25` the time. The events after `$26` up to
/// `$27` get the verdict; the pass is kept with `$28` as its last event, unless that is null, and with the explanation `$29`; `$30` are names.
///
pub(super) const FINISH: &str = concat!(
    "INSERT INTO passes (order_id, ended_at, verdict, reason, detail, revision, first_seq, last_seq, explanation) \
         SELECT $1, $25, $16, $17, $18, $23, $26 + 1, $28, $29 WHERE $28 IS NOT NULL; \
     UPDATE events SET verdict = $16, reason = $17, detail = $18, decided_at = $25 \
         WHERE order_id = $1 AND seq > $26 AND seq <= $27; \
     INSERT INTO aliases (alias, order_id) SELECT value, $1 FROM json_each($30) WHERE value <> '' ON CONFLICT DO NOTHING; \
     UPDATE orders SET ",
    link_set!(),
    ", state = $15, verdict = $16, reason = $17, detail = $18, hold = $19, due_at = $20, attempt = $21, handled_seq = $22, \
         revision = coalesce($23, revision), updated_at = $24, lease_owner = NULL WHERE id = $1"
);

/// The counters, and when the next order is due.
pub(super) const COUNTS: &str = "SELECT kind, word, n, (SELECT min(due_at) FROM orders WHERE due_at IS NOT NULL) AS due FROM counters";

/// Deletes those of the events `$1` that are handled; those with a delivery id only where they came before `$2`.
pub(super) const PURGE_EVENTS: &str = "DELETE FROM events WHERE id IN (SELECT value FROM json_each($1)) AND verdict IS NOT NULL \
         AND (seq IS NULL OR seq <= (SELECT handled_seq FROM orders WHERE orders.id = events.order_id)) \
         AND (dedupe_key IS NULL OR received_at < $2)";

/// Deletes those of the passes `$1` that are not their order's newest.
pub(super) const PURGE_PASSES: &str = "DELETE FROM passes WHERE id IN (SELECT value FROM json_each($1)) \
         AND id < (SELECT max(newer.id) FROM passes AS newer WHERE newer.order_id = passes.order_id)";

/// The orders that the id or number `$1` finds.
pub(super) const FIND_ORDERS: &str = concat!(
    "SELECT ",
    order_columns!(),
    " FROM orders WHERE id IN (SELECT id FROM orders WHERE id IN ($1, lower($1)) \
         UNION SELECT id FROM orders WHERE netsuite_id = $1 \
         UNION SELECT id FROM orders WHERE x_series_id IN ($1, lower($1)) \
         UNION SELECT id FROM orders WHERE netsuite_number = $1 \
         UNION SELECT id FROM orders WHERE x_series_number = $1 \
         UNION SELECT order_id FROM aliases WHERE alias = $1) \
     ORDER BY id NOT IN ($1, lower($1)), updated_at DESC, id DESC"
);

/// Owner `$1` gives the connections `$2` up.
pub(super) const RELEASE: &str = "UPDATE connection_leases SET owner = '', expires_at = $3, leaving = 0 \
     WHERE owner = $1 AND connection IN (SELECT value FROM json_each($2))";

/// Orders of the connections `$1` that somebody other than `$2` has in hand are due at `$3`.
pub(super) const FREE_ORDERS: &str = "UPDATE orders SET due_at = $3 \
     WHERE state = 'working' AND connection IN (SELECT value FROM json_each($1)) AND lease_owner <> $2 AND due_at > $3";

/// True while a move into the database is under way.
pub(super) const MOVING: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'move_progress')";

/// Nothing: what counts up here looks at the rows.
pub(super) const COUNT_ON: Option<&str> = None;

/// Texts as a statement takes them.
pub(super) fn texts<'a>(operation: &'static str, items: impl Iterator<Item = &'a str>) -> Result<String, StoreError> {
    json(operation, &items.collect::<Vec<_>>())
}

/// Numbers as a statement takes them.
pub(super) fn numbers(operation: &'static str, items: impl Iterator<Item = i64>) -> Result<String, StoreError> {
    json(operation, &items.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::super::driver::{built, get};
    use crate::clock::Clock;
    use crate::store::sqlite::Sqlite;

    #[tokio::test]
    async fn the_claim_reads_the_index_of_due_orders_and_sorts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("t.db").display());
        let store = Sqlite::open(&url, 1, Clock::System).unwrap();
        store.migrate().await.unwrap();
        let explain = built(format!("EXPLAIN QUERY PLAN {}", super::CLAIM));
        let plan = explain.bind("").bind(0).bind(0).bind(None::<String>).bind(1).fetch_all(&store.readers).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| get(row, "detail").unwrap()).collect();
        assert!(plan.iter().any(|step| step.contains("SEARCH orders USING INDEX orders_due (due_at<?)")), "{plan:?}");
        assert!(plan.iter().any(|step| step.contains("sqlite_autoindex_orders_1 (id=?)")), "{plan:?}");
        assert!(!plan.iter().any(|step| step.contains("SCAN orders") || step.contains("TEMP B-TREE")), "{plan:?}");
    }
}
