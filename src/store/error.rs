//! What can go wrong in the store.

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::domain::ids::{CallId, OrderId};

/// Why a database failed, as its driver says it.
#[derive(Debug, Error)]
pub enum DriverError {
    /// Postgres, or the way to it.
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
    /// `SQLite`.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// The file, or a thread.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The url cannot be followed.
    #[error("{0}")]
    Url(String),
    /// Every connection was in use.
    #[error("no connection to the database was free for {0:?}")]
    NoneFree(std::time::Duration),
    /// The connections are closed.
    #[error("the connections to the database are closed")]
    Closed,
    /// A row that has to be there is not.
    #[error("the row is not there")]
    NoRow,
    /// A column is missing, or holds a value of another type.
    #[error("the column {column} cannot be read")]
    Cell {
        /// Its name.
        column: String,
    },
    /// A parameter of a statement has no argument.
    #[error("a parameter has no argument in: {sql}")]
    Parameter {
        /// The statement.
        sql: String,
    },
}

/// A failed operation of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The url names an engine that is not there. The message says which; it never holds the url, which may hold a password.
    #[error("cannot use the database url: {0}")]
    UnknownEngine(String),
    /// The folder of the database file is missing: it is not made, because it may be a volume that is not mounted.
    #[error("cannot make the database {url}: the folder {} does not exist", folder.display())]
    NoFolder {
        /// The url as it was given.
        url: String,
        /// The folder that has to be made.
        folder: PathBuf,
    },
    /// The database could not be opened.
    #[error("cannot open the database {url}")]
    Open {
        /// The url as it was given.
        url: String,
        /// Why.
        #[source]
        source: DriverError,
    },
    /// A migration failed: nothing was changed.
    #[error("a migration failed")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The database was migrated by a newer version of this program.
    #[error("the database is at migration {found}, but this version of tillbridge knows only up to {known}: use the newer version")]
    TooNew {
        /// The newest migration in the database.
        found: i64,
        /// The newest migration in this program.
        known: i64,
    },
    /// The store is full, locked or gone, and nothing was written: try again later.
    #[error("the store is unavailable while it was to {operation}")]
    Unavailable {
        /// What was to be done.
        operation: &'static str,
        /// Why; shared, because one failed commit answers everybody who waited for it.
        #[source]
        source: Arc<DriverError>,
    },
    /// A statement failed, and nothing was written: trying again will not help.
    #[error("the store failed to {operation}")]
    Query {
        /// What was to be done.
        operation: &'static str,
        /// Why.
        #[source]
        source: DriverError,
    },
    /// A value could not be turned into JSON.
    #[error("cannot write the JSON to {operation}")]
    Encode {
        /// What was to be done.
        operation: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A row holds something this version does not know.
    #[error("the row {row} holds {what}, which this version does not know")]
    UnknownValue {
        /// The table and column.
        row: String,
        /// What it holds.
        what: String,
    },
    /// An event names an order of ours that is not there, or belongs to another connection.
    #[error("there is no order {0}")]
    UnknownOrder(OrderId),
    /// The order has no such call.
    #[error("the order has no call {0}")]
    UnknownCall(CallId),
    /// An event that speaks of no order came without a verdict: nobody would ever decide it.
    #[error("an event that speaks of no order needs a verdict")]
    Undecidable,
    /// The pass found a record that belongs to another order; nothing of the pass was written. `Store::link` tells before.
    #[error("a record of order {order} belongs to order {other}")]
    LinkTaken {
        /// The order of the pass.
        order: OrderId,
        /// The order that has the record.
        other: OrderId,
    },
    /// The idempotency key belongs to a call of another order: sending it would answer for the wrong one.
    #[error("the call key {key} belongs to order {other}")]
    KeyTaken {
        /// The key.
        key: String,
        /// The order that has it.
        other: OrderId,
    },
    /// What stood in the way was gone when it was looked at, and nothing was written: try again.
    #[error("other work got in the way while the store was to {operation}")]
    Contended {
        /// What was to be done.
        operation: &'static str,
    },
    /// A cursor of a list that this store did not hand out.
    #[error("the cursor is not one of this list")]
    BadCursor,
    /// The writer has stopped.
    #[error("the store is shutting down")]
    Closed,
}

impl StoreError {
    /// True when the same operation may succeed later: the sender is answered 503 and tries again.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Contended { .. } | Self::Closed)
    }
}
