//! The tables that move, as they are on every engine. Leases, locks and the probe belong to running processes and stay behind; the counters
//! follow from the rows, and from what was purged.

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    Text,
    Int,
    Bytes,
}

/// A table: its columns, and how many of the first ones are its key.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) key: usize,
    pub(in crate::store) columns: &'static [(&'static str, Kind)],
}

macro_rules! tables {
    ($($name:ident ($($key:ident $key_kind:ident),+) { $($column:ident $kind:ident),* $(,)? })+) => {
        /// Every table, those first that others refer to.
        pub(in crate::store) const TABLES: &[Table] = &[$(Table {
            name: stringify!($name),
            key: [$(stringify!($key)),+].len(),
            columns: &[$((stringify!($key), Kind::$key_kind),)+ $((stringify!($column), Kind::$kind),)*],
        }),+];
    };
}

tables! {
    orders (id Text) {
        connection Text, direction Text, state Text, verdict Text, reason Text, detail Text, hold Text, due_at Int, attempt Int,
        enqueued_seq Int, handled_seq Int, lease_token Int, lease_owner Text, revision Int, netsuite_id Text, netsuite_number Text,
        netsuite_status Text, netsuite_modified Int, x_series_id Text, x_series_number Text, x_series_status Text, x_series_state Text,
        x_series_attributes Text, x_series_version Int, sent_digest Text, echo_digest Text, mapping Text, created_at Int, updated_at Int,
    }
    events (id Text) {
        connection Text, order_id Text, seq Int, source Text, kind Text, received_at Int, verdict Text, reason Text, detail Text,
        decided_at Int, dedupe_key Text, marker Text, body Bytes,
    }
    calls (id Text) {
        connection Text, order_id Text, kind Text, idempotency_key Text, state Text, request Text, attempts Int, http_status Int,
        answer Text, remote_id Text, created_at Int, updated_at Int,
    }
    passes (id Int) {
        order_id Text, ended_at Int, verdict Text, reason Text, detail Text, revision Int, first_seq Int, last_seq Int, explanation Text,
    }
    aliases (order_id Text, alias Text) {}
    revisions (connection Text, number Int) { document Text, message Text, author Text, published_at Int }
    tokens (id Text) { hash Text, name Text, role Text, created_at Int }
    cursors (connection Text, name Text) { value Text, updated_at Int }
    pairs (connection Text, kind Text, netsuite_id Text) { x_series_id Text }
    oauth_tokens (connection Text) { generation Int, access_token Text, expires_at Int, refresh_token Text }
    replays (id Text) { state Text, total Int, done Int, changes Text, dry_run Int, author Text, created_at Int }
}

impl Table {
    /// The columns' names, with commas.
    pub(in crate::store) fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// The key's names, with commas.
    pub(in crate::store) fn key_names(&self) -> String {
        self.columns.iter().take(self.key).map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stays behind, and why.
    const STAY: [&str; 7] = ["counters", "counter_changes", "probe", "locks", "replicas", "connection_leases", "move_progress"];

    /// Table and column of everything that the migrations make.
    fn made(migrations: &[&'static str]) -> Vec<(&'static str, &'static str)> {
        let mut columns = Vec::new();
        for text in migrations {
            for (name, body) in text.split("CREATE TABLE ").skip(1).filter_map(|rest| rest.split_once(" (\n")) {
                let body = body.split("\n)").next().unwrap_or_default();
                let first_words = body.lines().filter_map(|line| line.split_whitespace().next());
                columns
                    .extend(first_words.filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_')).map(|word| (name, word)));
            }
        }
        columns
    }

    #[test]
    fn every_column_of_every_table_moves_unless_it_is_known_to_stay() {
        let sqlite = [
            include_str!("../../../migrations/sqlite/0001_store.sql"),
            include_str!("../../../migrations/sqlite/0002_expand_connection_leases.sql"),
        ];
        let postgres = [
            include_str!("../../../migrations/postgres/0001_store.sql"),
            include_str!("../../../migrations/postgres/0002_expand_connection_leases.sql"),
        ];
        for migrations in [sqlite, postgres] {
            let mut made = made(&migrations);
            assert!(made.len() > 90, "the migrations were not understood: {made:?}");
            made.retain(|(table, column)| !STAY.contains(table) && (*table, *column) != ("calls", "in_doubt"));
            made.sort_unstable();
            let mut moved: Vec<_> = TABLES.iter().flat_map(|table| table.columns.iter().map(|(column, _)| (table.name, *column))).collect();
            moved.sort_unstable();
            assert_eq!(made, moved);
        }
    }
}
