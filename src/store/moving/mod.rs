//! Moving everything from one database to another, of either engine: table by table in the order of the keys, a batch in a transaction, with
//! how far it came noted beside the rows. A move that was cut off goes on where it stopped. In the end both sides are read again and compared.

mod tables;

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

pub(super) use self::tables::{Kind, TABLES, Table};
use super::{Engine, Store, StoreError};

/// How many rows go into one transaction; bodies may be large.
const BATCH: i64 = 100;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

/// Cells in the order of the table's columns.
pub(super) type Cells = Vec<Value>;

/// How far the move of a table has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// The key of the last row, as JSON; none before the first.
    pub(super) last: Option<String>,
    /// Everything is there.
    pub(super) done: bool,
}

/// A move could not be done.
#[derive(Debug, Error)]
pub enum MoveError {
    /// One of the databases failed; the same move goes on where it stopped.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A database has not the form of this version.
    #[error("{0} migrations wait in the database that is moved {1}: run `tillbridge migrate` on it first")]
    MigrationsWait(usize, &'static str),
    /// A server works on a database.
    #[error("{who} works on the database that is moved {side}: stop it first, or pass --force if it is certain to be gone")]
    Serving {
        /// Who.
        who: String,
        /// `from` or `to`.
        side: &'static str,
    },
    /// The target is in use.
    #[error("the database that is moved to has rows in {0} that are not of this move: it has to be empty")]
    NotEmpty(&'static str),
    /// Another move into the target was begun and not ended.
    #[error("a move from {0} into this database was begun: let it end first, or make the database anew")]
    OtherMove(String),
    /// A key cannot be noted.
    #[error("how far the move has come cannot be noted")]
    Note(#[source] serde_json::Error),
}

/// What became of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedTable {
    /// Its name.
    pub table: &'static str,
    /// Its rows in the source.
    pub rows: u64,
    /// How many of them this run copied.
    pub copied: u64,
    /// The digest of the source's rows, in hex; it does not depend on their order.
    pub digest: String,
    /// The target holds the same number of rows with the same digest.
    pub same: bool,
}

/// How to move.
#[derive(Debug, Clone)]
pub struct Move {
    /// What the source is called, without its password: the same again goes on with a move that was cut off.
    pub source: String,
    /// Do not look whether a server works on either database.
    pub force: bool,
}

impl Move {
    /// Moves everything. `told` hears of each table that is copied.
    pub async fn run(&self, from: &Store, to: &Store, mut told: impl FnMut(&'static str)) -> Result<Vec<MovedTable>, MoveError> {
        for (store, side) in [(from, "from"), (to, "to")] {
            let waiting = store.pending_migrations().await?;
            if waiting > 0 {
                return Err(MoveError::MigrationsWait(waiting, side));
            }
            if !self.force
                && let Some(who) = store.served_by().await?
            {
                return Err(MoveError::Serving { who, side });
            }
        }
        self.begin(to).await?;
        let mut copied = Vec::with_capacity(TABLES.len());
        for table in TABLES {
            copied.push(copy(table, from, to).await?);
            told(table.name);
        }
        to.end_copy(&from.counters().await?).await?;
        let mut moved = Vec::with_capacity(TABLES.len());
        for (table, copied) in TABLES.iter().zip(copied) {
            let (source, target) = tokio::try_join!(digest(table, from), digest(table, to))?;
            moved.push(MovedTable { table: table.name, rows: source.0, copied, same: source == target, digest: source.1 });
            told(table.name);
        }
        if moved.iter().all(|table| table.same) {
            to.forget_move().await?;
        }
        Ok(moved)
    }

    /// Notes whose move it is, if the target is empty or it is noted already.
    async fn begin(&self, to: &Store) -> Result<(), MoveError> {
        if let Some(source) = to.move_source().await? {
            return if source == self.source { Ok(()) } else { Err(MoveError::OtherMove(source)) };
        }
        for table in TABLES {
            if !to.read_table(table, None, 1).await?.is_empty() {
                return Err(MoveError::NotEmpty(table.name));
            }
        }
        Ok(to.note_move(&self.source).await?)
    }
}

/// Copies what the target has not yet of a table; returns how many rows.
async fn copy(table: &'static Table, from: &Store, to: &Store) -> Result<u64, MoveError> {
    let mut progress = to.move_progress(table).await?;
    let mut copied = 0;
    while !progress.done {
        let after = progress.last.as_deref().map(serde_json::from_str).transpose().map_err(MoveError::Note)?;
        let rows = from.read_table(table, after, BATCH).await?;
        copied += rows.len() as u64;
        progress.done = rows.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        if let Some(last) = rows.last() {
            let key = last.get(..table.key).unwrap_or_default();
            progress.last = Some(serde_json::to_string(key).map_err(MoveError::Note)?);
        }
        to.write_table(table, rows, progress.clone()).await?;
    }
    Ok(copied)
}

/// How many rows a table has, and the sum of their digests.
async fn digest(table: &'static Table, store: &Store) -> Result<(u64, String), MoveError> {
    let (mut rows, mut sum, mut after) = (0, 0_u128, None);
    loop {
        let batch = store.read_table(table, after, BATCH).await?;
        rows += batch.len() as u64;
        for row in &batch {
            sum = sum.wrapping_add(row_digest(row));
        }
        match batch.last() {
            Some(last) => after = last.get(..table.key).map(<[Value]>::to_vec),
            None => return Ok((rows, format!("{sum:032x}"))),
        }
    }
}

fn row_digest(row: &[Value]) -> u128 {
    let mut hash = Sha256::new();
    for value in row {
        let bytes = match value {
            Value::Text(text) => text.as_ref().map(|text| text.as_bytes().to_vec()),
            Value::Int(number) => number.map(|number| number.to_be_bytes().to_vec()),
            Value::Bytes(bytes) => bytes.clone(),
        };
        // Each with its length, so that no two rows of other cells look alike.
        hash.update(bytes.as_ref().map_or(u64::MAX, |bytes| bytes.len() as u64).to_be_bytes());
        hash.update(bytes.unwrap_or_default());
    }
    let mut half = [0; 16];
    half.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    u128::from_be_bytes(half)
}

/// What a move asks of an engine.
impl Store {
    async fn served_by(&self) -> Result<Option<String>, StoreError> {
        super::engine!(self.served_by())
    }

    async fn read_table(&self, table: &'static Table, after: Option<Cells>, limit: i64) -> Result<Vec<Cells>, StoreError> {
        super::engine!(self.read_table(table, after, limit))
    }

    async fn write_table(&self, table: &'static Table, rows: Vec<Cells>, progress: Progress) -> Result<(), StoreError> {
        super::engine!(self.write_table(table, rows, progress))
    }

    async fn move_source(&self) -> Result<Option<String>, StoreError> {
        super::engine!(self.move_source())
    }

    async fn note_move(&self, source: &str) -> Result<(), StoreError> {
        super::engine!(self.note_move(source))
    }

    async fn move_progress(&self, table: &'static Table) -> Result<Progress, StoreError> {
        super::engine!(self.move_progress(table))
    }

    async fn counters(&self) -> Result<Vec<(String, String, i64)>, StoreError> {
        super::engine!(self.counters())
    }

    async fn end_copy(&self, counters: &[(String, String, i64)]) -> Result<(), StoreError> {
        super::engine!(self.end_copy(counters))
    }

    async fn forget_move(&self) -> Result<(), StoreError> {
        super::engine!(self.forget_move())
    }
}
