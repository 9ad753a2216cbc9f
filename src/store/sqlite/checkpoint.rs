//! Folds the write-ahead log into the file beside the writer, so that no commit, and nobody who waits for it, has to.
//!
//! A passive checkpoint stands in nobody's way, but it cannot start the log over while commits go on. The writer does that, at the size of
//! `wal_autocheckpoint`, when there is little left to fold.

use std::sync::Arc;

use sqlx::{ConnectOptions as _, Connection as _};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::file::DatabaseFile;

/// How many writes make a checkpoint worth its while: a few MiB of log.
pub(super) const WRITES: u64 = 1000;

/// Folds whenever the writer says that there is enough, until the store closes.
pub(super) async fn run(file: DatabaseFile, shared: Arc<Shared>, closing: CancellationToken) {
    while closing.run_until_cancelled(shared.checkpoint.notified()).await.is_some() {
        if let Err(error) = fold(&file).await {
            // The writer folds by itself when the log has grown.
            tracing::debug!(error = &error as &dyn std::error::Error, "the write-ahead log could not be folded beside the writer");
        }
    }
}

/// Over a connection of its own each time: a file that was replaced meanwhile is then not touched through an old handle.
async fn fold(file: &DatabaseFile) -> Result<(), sqlx::Error> {
    let mut conn = file.writer(false).connect().await?;
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut conn).await?;
    conn.close().await
}
