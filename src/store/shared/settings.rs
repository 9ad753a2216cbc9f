//! Settings that live in the database: revisions of the mappings, bearer tokens; and replays.

use super::driver::{query, query_scalar};
use super::rows::Cells;
use super::{Db, Locked, Row, during, lock_table};
use crate::clock::from_millis;
use crate::domain::ids::ConnectionId;
use crate::store::error::DriverError;
use crate::store::values::json;
use crate::store::{ReplayRow, Revision, Role, StoreError, TokenRow};

impl Db {
    /// Makes a token's row.
    pub(in crate::store) async fn create_token(&self, row: &TokenRow, hash: &str) -> Result<(), StoreError> {
        const OPERATION: &str = "make a token";
        let (row, hash) = (row.clone(), hash.to_owned());
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                query("INSERT INTO tokens (id, hash, name, role, created_at) VALUES ($1, $2, $3, $4, $5)")
                    .bind(row.id)
                    .bind(hash)
                    .bind(row.name)
                    .bind(row.role.word())
                    .bind(row.created_at.as_millisecond())
                    .execute(tx.conn())
                    .await
                    .map(drop)
                    .map_err(during(OPERATION))
            })
        })
        .await
    }

    /// The token with this hash.
    pub(in crate::store) async fn token_by_hash(&self, hash: &str) -> Result<Option<TokenRow>, StoreError> {
        let row = query("SELECT id, name, role, created_at FROM tokens WHERE hash = $1")
            .bind(hash)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("look a token up"))?;
        row.map(|row| {
            let cells = Cells::of("tokens", &row);
            Ok(TokenRow {
                id: cells.get("id")?,
                name: cells.get("name")?,
                role: cells.word("role", Role::parse)?,
                created_at: cells.time("created_at")?,
            })
        })
        .transpose()
    }

    /// Publishes the next revision of a connection's mappings.
    pub(in crate::store) async fn publish(
        &self,
        connection: &ConnectionId,
        document: &str,
        message: &str,
        author: &str,
    ) -> Result<Revision, StoreError> {
        const OPERATION: &str = "publish a revision";
        let connection = connection.clone();
        let (document, message, author) = (document.to_owned(), message.to_owned(), author.to_owned());
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                lock_table(tx, OPERATION, Locked::Revisions).await?;
                let number: i64 = query_scalar(
                    "INSERT INTO revisions (connection, number, document, message, author, published_at) \
                     SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 FROM revisions WHERE connection = $1 RETURNING number",
                )
                .bind(connection.as_str())
                .bind(&document)
                .bind(&message)
                .bind(&author)
                .bind(tx.now)
                .fetch_one(tx.conn())
                .await
                .map_err(during(OPERATION))?;
                Ok(Revision { number, document, message, author, at: from_millis(tx.now) })
            })
        })
        .await
    }

    /// The revision that holds now.
    pub(in crate::store) async fn current_revision(&self, connection: &ConnectionId) -> Result<Option<Revision>, StoreError> {
        let row = query(
            "SELECT number, document, message, author, published_at FROM revisions WHERE connection = $1 ORDER BY number DESC LIMIT 1",
        )
        .bind(connection.as_str())
        .fetch_optional(&self.readers)
        .await
        .map_err(during("read the current revision"))?;
        row.as_ref().map(revision).transpose()
    }

    /// One revision.
    pub(in crate::store) async fn revision(&self, connection: &ConnectionId, number: i64) -> Result<Option<Revision>, StoreError> {
        let row = query("SELECT number, document, message, author, published_at FROM revisions WHERE connection = $1 AND number = $2")
            .bind(connection.as_str())
            .bind(number)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read a revision"))?;
        row.as_ref().map(revision).transpose()
    }

    /// Every revision, newest first.
    pub(in crate::store) async fn revisions(&self, connection: &ConnectionId) -> Result<Vec<Revision>, StoreError> {
        let rows =
            query("SELECT number, document, message, author, published_at FROM revisions WHERE connection = $1 ORDER BY number DESC")
                .bind(connection.as_str())
                .fetch_all(&self.readers)
                .await
                .map_err(during("list revisions"))?;
        rows.iter().map(revision).collect()
    }

    /// Makes a replay's row.
    pub(in crate::store) async fn create_replay(&self, replay: ReplayRow) -> Result<(), StoreError> {
        const OPERATION: &str = "make a replay";
        let changes = json(OPERATION, &replay.changes)?;
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                query(
                    "INSERT INTO replays (id, state, total, done, changes, dry_run, author, created_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                )
                .bind(replay.id)
                .bind(replay.state)
                .bind(replay.total)
                .bind(replay.done)
                .bind(changes)
                .bind(i64::from(replay.dry_run))
                .bind(replay.author)
                .bind(replay.created_at.as_millisecond())
                .execute(tx.conn())
                .await
                .map(drop)
                .map_err(during(OPERATION))
            })
        })
        .await
    }

    /// Writes how far a replay has come.
    pub(in crate::store) async fn update_replay(&self, replay: &ReplayRow) -> Result<(), StoreError> {
        const OPERATION: &str = "write how far a replay has come";
        let changes = json(OPERATION, &replay.changes)?;
        let replay = replay.clone();
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                let updated = query("UPDATE replays SET state = $2, total = $3, done = $4, changes = $5 WHERE id = $1")
                    .bind(replay.id)
                    .bind(replay.state)
                    .bind(replay.total)
                    .bind(replay.done)
                    .bind(changes)
                    .execute(tx.conn())
                    .await
                    .map_err(during(OPERATION))?;
                if updated.rows_affected() == 1 {
                    Ok(())
                } else {
                    Err(StoreError::Query { operation: OPERATION, source: DriverError::NoRow })
                }
            })
        })
        .await
    }

    /// One replay.
    pub(in crate::store) async fn replay(&self, id: &str) -> Result<Option<ReplayRow>, StoreError> {
        let row = query("SELECT id, state, total, done, changes, dry_run, author, created_at FROM replays WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.readers)
            .await
            .map_err(during("read a replay"))?;
        row.map(|row| {
            let cells = Cells::of("replays", &row);
            Ok(ReplayRow {
                id: cells.get("id")?,
                state: cells.get("state")?,
                total: cells.get("total")?,
                done: cells.get("done")?,
                changes: cells.json("changes")?,
                dry_run: cells.get::<i64>("dry_run")? != 0,
                author: cells.get("author")?,
                created_at: cells.time("created_at")?,
            })
        })
        .transpose()
    }
}

fn revision(row: &Row) -> Result<Revision, StoreError> {
    let cells = Cells::of("revisions", row);
    Ok(Revision {
        number: cells.get("number")?,
        document: cells.get("document")?,
        message: cells.get("message")?,
        author: cells.get("author")?,
        at: cells.time("published_at")?,
    })
}
