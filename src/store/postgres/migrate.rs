//! Bringing the database to this version's shape.

use std::borrow::Cow;

use sqlx::Connection as _;
use sqlx::migrate::{Migrate as _, MigrateError, Migrator};
use sqlx::postgres::PgConnection;

use super::server::Purpose;
use super::{Postgres, during};
use crate::store::StoreError;
use crate::store::migrations::waiting;

static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");

/// One at a time in each schema; the lock goes with the transaction.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('tillbridge migrations in ' || current_schema(), 0))";
const THERE: &str =
    "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = '_sqlx_migrations')";
const APPLIED: &str = "SELECT version, description FROM _sqlx_migrations WHERE success";

impl Postgres {
    /// Applies what is missing, all of it or nothing. Programs that start at once do it one after the other.
    pub(in crate::store) async fn migrate(&self) -> Result<usize, StoreError> {
        const OPERATION: &str = "migrate the database";
        let mut conn = self.server.connect(Purpose::Long).await.map_err(during(OPERATION))?;
        let mut tx = conn.begin().await.map_err(during(OPERATION))?;
        sqlx::query(LOCK).execute(&mut *tx).await.map_err(during(OPERATION))?;
        tx.ensure_migrations_table(&MIGRATOR.table_name).await.map_err(StoreError::Migrate)?;
        let waiting = waiting(&MIGRATOR, &applied(&mut tx).await.map_err(during(OPERATION))?)?;
        // The lock is ours already, and what is newer than this program was looked at above.
        let migrator =
            Migrator { migrations: Cow::Borrowed(&MIGRATOR.migrations), ignore_missing: true, locking: false, ..Migrator::DEFAULT };
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
        let there: bool = sqlx::query_scalar(THERE).fetch_one(&self.readers).await.map_err(during(OPERATION))?;
        if !there {
            return waiting(&MIGRATOR, &[]);
        }
        let applied: Vec<(i64, String)> = sqlx::query_as(APPLIED).fetch_all(&self.readers).await.map_err(during(OPERATION))?;
        waiting(&MIGRATOR, &applied)
    }
}

async fn applied(conn: &mut PgConnection) -> Result<Vec<(i64, String)>, sqlx::Error> {
    sqlx::query_as(APPLIED).fetch_all(conn).await
}
