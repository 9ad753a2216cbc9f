//! Folds the write-ahead log into the file beside the writer, so that no commit, and nobody who waits for it, has to.
//!
//! A passive checkpoint stands in nobody's way. But while commits go on it can neither start the log over nor does it bring the file to the disk:
//! SQLite does both when the whole log is folded. So the file is brought to the disk here, and the writer starts the log over at the size of
//! `wal_autocheckpoint`, when there is little left to do.

use std::fs::File;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Shared;
use super::driver::Conn;
use super::file::{DatabaseFile, Identity};
use super::writer::CROWD;
use crate::store::error::DriverError;

/// How many writes make a fold worth its while, after a batch of so many and so many of them arrivals. What is brought to the disk stands in the way of
/// the commits beside it, as long as it takes: so where senders wait for an answer and there is time, folds are as small as can be and one follows the
/// other. They are larger and fewer where nobody waits, and in a crowd, as pages that were written several times are then folded once.
pub(super) fn enough(writes: usize, arrivals: usize) -> usize {
    match (writes < CROWD, arrivals) {
        (true, 1..) => 25,
        (true, 0) => 150,
        (false, _) => 2000,
    }
}

/// Folds whenever the writer says that there is enough, until the store closes.
pub(super) async fn run(file: DatabaseFile, shared: Arc<Shared>, closing: CancellationToken) {
    let mut folder = Folder { file, shared: Arc::clone(&shared), held: None };
    while closing.run_until_cancelled(shared.checkpoint.notified()).await.is_some() {
        let folding = tokio::task::spawn_blocking(move || {
            if let Err(error) = folder.fold() {
                // The writer folds by itself when the log has grown.
                tracing::debug!(error = &error as &dyn std::error::Error, "the write-ahead log could not be folded beside the writer");
            }
            folder
        });
        match folding.await {
            Ok(back) => folder = back,
            // It panicked, or the program ends.
            Err(_) => return,
        }
    }
}

struct Folder {
    file: DatabaseFile,
    shared: Arc<Shared>,
    held: Option<Held>,
}

/// The file at the path: SQLite's connection with it, and a handle of our own.
struct Held {
    identity: Identity,
    conn: Conn,
    handle: Arc<File>,
}

impl Folder {
    /// After a failure the next fold opens the file again.
    fn fold(&mut self) -> Result<(), DriverError> {
        let now = self.file.identity()?;
        // A file that was replaced is not touched through the old connection.
        let held = match self.held.take() {
            Some(held) if held.identity == now => held,
            _ => Held { identity: now, conn: self.file.writer(false)?, handle: self.shared.handle(now, self.file.path())? },
        };
        held.conn.batch("PRAGMA wal_checkpoint(PASSIVE)")?;
        held.handle.sync_data()?;
        self.held = Some(held);
        Ok(())
    }
}
