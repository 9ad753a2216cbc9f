//! Bringing the database to this version's shape.

use std::borrow::Cow;

use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::{ConnectOptions as _, Connection as _};

use super::{Sqlite, during};
use crate::store::StoreError;
use crate::store::migrations::waiting;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

const APPLIED: &str = "SELECT version, description FROM _sqlx_migrations WHERE success";

impl Sqlite {
    /// Applies what is missing, all of it or nothing. Two programs that start at once do it one after the other.
    pub(in crate::store) async fn migrate(&self) -> Result<usize, StoreError> {
        const OPERATION: &str = "migrate the database";
        let mut conn = self.file.writer(false).connect().await.map_err(during(OPERATION))?;
        let mut tx = conn.begin_with("BEGIN IMMEDIATE").await.map_err(during(OPERATION))?;
        tx.ensure_migrations_table(&MIGRATOR.table_name).await.map_err(StoreError::Migrate)?;
        let applied: Vec<(i64, String)> = sqlx::query_as(APPLIED).fetch_all(&mut *tx).await.map_err(during(OPERATION))?;
        let waiting = waiting(&MIGRATOR, &applied)?;
        // What is newer than this program was looked at above.
        let migrator = Migrator { migrations: Cow::Borrowed(&MIGRATOR.migrations), ignore_missing: true, ..Migrator::DEFAULT };
        migrator.run_direct(None, &mut *tx, false).await.map_err(|error| match error {
            MigrateError::Execute(source) => during(OPERATION)(source),
            error => StoreError::Migrate(error),
        })?;
        tx.commit().await.map_err(during(OPERATION))?;
        conn.close().await.map_err(during(OPERATION))?;
        Ok(waiting)
    }

    /// How many of this version's migrations the database has not seen.
    pub(in crate::store) async fn pending_migrations(&self) -> Result<usize, StoreError> {
        const OPERATION: &str = "compare the migrations";
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')")
            .fetch_one(&self.readers)
            .await
            .map_err(during(OPERATION))?;
        if !there {
            return waiting(&MIGRATOR, &[]);
        }
        let applied: Vec<(i64, String)> = sqlx::query_as(APPLIED).fetch_all(&self.readers).await.map_err(during(OPERATION))?;
        waiting(&MIGRATOR, &applied)
    }
}
