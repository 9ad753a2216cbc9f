//! What is remembered of the other systems: cursors, pairs of ids, OAuth tokens, and who may speak to them.

use std::time::Duration;

use serde_json::Value;

use super::driver::{query, query_scalar};
use super::rows::Cells;
use super::{Db, during};
use crate::domain::ids::ConnectionId;
use crate::store::values::{json, millis};
use crate::store::{OAuthTokens, StoreError};

impl Db {
    /// Where a poll stands.
    pub(in crate::store) async fn cursor(&self, connection: &ConnectionId, name: &str) -> Result<Option<Value>, StoreError> {
        let row = query("SELECT value FROM cursors WHERE connection = $1 AND name = $2")
            .bind(connection.as_str())
            .bind(name)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read a cursor"))?;
        row.map(|row| Cells::of("cursors", &row).json("value")).transpose()
    }

    /// Moves a poll's cursor.
    pub(in crate::store) async fn set_cursor(&self, connection: &ConnectionId, name: &str, value: &Value) -> Result<(), StoreError> {
        const OPERATION: &str = "move a cursor";
        let (connection, name, value) = (connection.clone(), name.to_owned(), json(OPERATION, value)?);
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                query(
                    "INSERT INTO cursors (connection, name, value, updated_at) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (connection, name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
                )
                .bind(connection.as_str())
                .bind(name)
                .bind(value)
                .bind(tx.now)
                .execute(tx.conn())
                .await
                .map(drop)
                .map_err(during(OPERATION))
            })
        })
        .await
    }

    /// The X-Series id that is paired with a `NetSuite` id.
    pub(in crate::store) async fn pair_by_netsuite(
        &self,
        connection: &ConnectionId,
        kind: &str,
        id: &str,
    ) -> Result<Option<String>, StoreError> {
        query_scalar("SELECT x_series_id FROM pairs WHERE connection = $1 AND kind = $2 AND netsuite_id = $3")
            .bind(connection.as_str())
            .bind(kind)
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read a pair of ids"))
    }

    /// The `NetSuite` id that is paired with an X-Series id.
    pub(in crate::store) async fn pair_by_x_series(
        &self,
        connection: &ConnectionId,
        kind: &str,
        id: &str,
    ) -> Result<Option<String>, StoreError> {
        query_scalar("SELECT netsuite_id FROM pairs WHERE connection = $1 AND kind = $2 AND x_series_id = $3")
            .bind(connection.as_str())
            .bind(kind)
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read a pair of ids"))
    }

    /// Pairs two ids. What either was paired with before is forgotten: a record has one partner.
    pub(in crate::store) async fn set_pair(
        &self,
        connection: &ConnectionId,
        kind: &str,
        netsuite_id: &str,
        x_series_id: &str,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "store a pair of ids";
        let (connection, kind) = (connection.clone(), kind.to_owned());
        let (netsuite_id, x_series_id) = (netsuite_id.to_owned(), x_series_id.to_owned());
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                for sql in [
                    "DELETE FROM pairs WHERE connection = $1 AND kind = $2 AND (netsuite_id = $3 OR x_series_id = $4)",
                    "INSERT INTO pairs (connection, kind, netsuite_id, x_series_id) VALUES ($1, $2, $3, $4)",
                ] {
                    query(sql)
                        .bind(connection.as_str())
                        .bind(&kind)
                        .bind(&netsuite_id)
                        .bind(&x_series_id)
                        .execute(tx.conn())
                        .await
                        .map_err(during(OPERATION))?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Forgets a pair, if it still is one.
    pub(in crate::store) async fn forget_pair(
        &self,
        connection: &ConnectionId,
        kind: &str,
        netsuite_id: &str,
        x_series_id: &str,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "forget a pair of ids";
        let (connection, kind) = (connection.clone(), kind.to_owned());
        let (netsuite_id, x_series_id) = (netsuite_id.to_owned(), x_series_id.to_owned());
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                query("DELETE FROM pairs WHERE connection = $1 AND kind = $2 AND netsuite_id = $3 AND x_series_id = $4")
                    .bind(connection.as_str())
                    .bind(kind)
                    .bind(netsuite_id)
                    .bind(x_series_id)
                    .execute(tx.conn())
                    .await
                    .map(drop)
                    .map_err(during(OPERATION))
            })
        })
        .await
    }

    /// The OAuth tokens of a connection.
    pub(in crate::store) async fn oauth_tokens(&self, connection: &ConnectionId) -> Result<Option<OAuthTokens>, StoreError> {
        let row = query("SELECT generation, access_token, expires_at, refresh_token FROM oauth_tokens WHERE connection = $1")
            .bind(connection.as_str())
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read OAuth tokens"))?;
        row.map(|row| {
            let cells = Cells::of("oauth_tokens", &row);
            Ok(OAuthTokens {
                generation: cells.get("generation")?,
                access_token: cells.get("access_token")?,
                expires_at: cells.time("expires_at")?,
                refresh_token: cells.get("refresh_token")?,
            })
        })
        .transpose()
    }

    /// Compares the generation and swaps the tokens.
    pub(in crate::store) async fn save_oauth_tokens(
        &self,
        connection: &ConnectionId,
        expected: Option<i64>,
        tokens: &OAuthTokens,
    ) -> Result<bool, StoreError> {
        const OPERATION: &str = "store OAuth tokens";
        let (connection, tokens) = (connection.clone(), tokens.clone());
        let (sql, generation) = match expected {
            None => (
                "INSERT INTO oauth_tokens (connection, generation, access_token, expires_at, refresh_token) \
                 SELECT $1, $2, $3, $4, $5 WHERE $6 IS NULL ON CONFLICT (connection) DO NOTHING",
                tokens.generation,
            ),
            Some(expected) => (
                "UPDATE oauth_tokens SET generation = $2, access_token = $3, expires_at = $4, refresh_token = $5 \
                 WHERE connection = $1 AND generation = $6",
                expected + 1,
            ),
        };
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                let saved = query(sql)
                    .bind(connection.as_str())
                    .bind(generation)
                    .bind(tokens.access_token)
                    .bind(tokens.expires_at.as_millisecond())
                    .bind(tokens.refresh_token)
                    .bind(expected)
                    .execute(tx.conn())
                    .await
                    .map_err(during(OPERATION))?;
                Ok(saved.rows_affected() == 1)
            })
        })
        .await
    }

    /// Takes a named lease, or keeps it.
    pub(in crate::store) async fn take_lock(&self, name: &str, owner: &str, lease: Duration) -> Result<bool, StoreError> {
        const OPERATION: &str = "take a lock";
        let (name, owner, lease) = (name.to_owned(), owner.to_owned(), millis(lease));
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                let taken = query(
                    "INSERT INTO locks (name, owner, expires_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at \
                     WHERE locks.owner = excluded.owner OR locks.expires_at <= $4",
                )
                .bind(name)
                .bind(owner)
                .bind(tx.now.saturating_add(lease))
                .bind(tx.now)
                .execute(tx.conn())
                .await
                .map_err(during(OPERATION))?;
                Ok(taken.rows_affected() == 1)
            })
        })
        .await
    }

    /// Gives a named lease back; nothing happens if another owner has it.
    pub(in crate::store) async fn release_lock(&self, name: &str, owner: &str) -> Result<(), StoreError> {
        const OPERATION: &str = "release a lock";
        let (name, owner) = (name.to_owned(), owner.to_owned());
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                query("DELETE FROM locks WHERE name = $1 AND owner = $2")
                    .bind(name)
                    .bind(owner)
                    .execute(tx.conn())
                    .await
                    .map(drop)
                    .map_err(during(OPERATION))
            })
        })
        .await
    }
}
