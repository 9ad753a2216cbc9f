//! What the database has of migrations against what this program has.
//!
//! A migration whose file is named `NNNN_expand_….sql` only adds: tables, indexes, columns that may be left out. A program that does
//! not know it goes on as before, so replicas are replaced one after the other. Every other kind is for newer programs alone.

use std::collections::HashSet;

use sqlx::migrate::Migrator;

use super::StoreError;

/// What the names of migrations begin with that an older program may run on.
const EXPAND: &str = "expand ";

/// How many of the program's migrations are not applied. `TooNew` when one is applied that the program does not know, unless it is
/// of the kind that does not matter to it.
pub(super) fn waiting(migrator: &Migrator, applied: &[(i64, String)]) -> Result<usize, StoreError> {
    let foreign = |(version, name): &&(i64, String)| !migrator.version_exists(*version) && !name.starts_with(EXPAND);
    if let Some(found) = applied.iter().filter(foreign).map(|(version, _)| *version).max() {
        let known = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
        return Err(StoreError::TooNew { found, known });
    }
    let applied: HashSet<i64> = applied.iter().map(|(version, _)| *version).collect();
    Ok(migrator.iter().filter(|migration| !applied.contains(&migration.version)).count())
}
