//! Bringing the database to this version's shape. What was applied is noted as sqlx notes it, in `_sqlx_migrations`.

use std::collections::HashMap;
use std::time::Instant;

use sqlx::migrate::{MigrateError, Migrator};

use super::driver::{Row, get, query, query_scalar};
use super::readers::Readers;
use super::{Sqlite, during};
use crate::store::StoreError;
use crate::store::error::DriverError;
use crate::store::migrations::waiting;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

const TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, \
         execution_time BIGINT NOT NULL)";
const APPLIED: &str = "SELECT version, description, checksum FROM _sqlx_migrations WHERE success";
const NOTE: &str = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ($1, $2, true, $3, $4)";

/// A migration that was applied: its version, its name, and the digest of its text.
type Applied = (i64, String, Vec<u8>);

impl Sqlite {
    /// Applies what is missing, all of it or nothing. Two programs that start at once do it one after the other.
    pub(in crate::store) async fn migrate(&self) -> Result<usize, StoreError> {
        const OPERATION: &str = "migrate the database";
        let mut conn = self.file.writer(false).map_err(during(OPERATION))?;
        conn.batch("BEGIN IMMEDIATE").map_err(during(OPERATION))?;
        // Dropping the connection undoes what was begun.
        conn.batch(TABLE).map_err(during(OPERATION))?;
        let rows = query(APPLIED).fetch_all(&mut conn).await.map_err(during(OPERATION))?;
        let applied = rows.iter().map(applied).collect::<Result<Vec<_>, _>>().map_err(during(OPERATION))?;
        let waiting = waiting(&MIGRATOR, &names(&applied))?;
        let digests: HashMap<i64, &[u8]> = applied.iter().map(|(version, _, digest)| (*version, digest.as_slice())).collect();
        for migration in MIGRATOR.iter() {
            match digests.get(&migration.version) {
                Some(digest) if **digest == *migration.checksum => {}
                Some(_) => return Err(StoreError::Migrate(MigrateError::VersionMismatch(migration.version))),
                None => {
                    let begun = Instant::now();
                    conn.batch(migration.sql.as_str()).map_err(during(OPERATION))?;
                    query(NOTE)
                        .bind(migration.version)
                        .bind(&*migration.description)
                        .bind(&*migration.checksum)
                        .bind(i64::try_from(begun.elapsed().as_nanos()).unwrap_or(i64::MAX))
                        .execute(&mut conn)
                        .await
                        .map_err(during(OPERATION))?;
                }
            }
        }
        conn.batch("COMMIT").map_err(during(OPERATION))?;
        conn.close().map_err(during(OPERATION))?;
        Ok(waiting)
    }

    /// How many of this version's migrations the database has not seen.
    pub(in crate::store) async fn pending_migrations(&self) -> Result<usize, StoreError> {
        let applied = seen(&self.readers).await.map_err(during("compare the migrations"))?;
        waiting(&MIGRATOR, &names(&applied))
    }
}

async fn seen(readers: &Readers) -> Result<Vec<Applied>, DriverError> {
    let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";
    if !query_scalar::<bool>(there).fetch_one(readers).await? {
        return Ok(Vec::new());
    }
    query(APPLIED).fetch_all(readers).await?.iter().map(applied).collect()
}

fn applied(row: &Row) -> Result<Applied, DriverError> {
    Ok((get(row, "version")?, get(row, "description")?, get(row, "checksum")?))
}

fn names(applied: &[Applied]) -> Vec<(i64, String)> {
    applied.iter().map(|(version, name, _)| (*version, name.clone())).collect()
}
