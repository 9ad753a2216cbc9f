//! Folds the write-ahead log into the file beside the writer, so that no commit, and nobody who waits for it, has to.
//!
//! A passive checkpoint stands in nobody's way. But while commits go on it can neither start the log over nor does it bring the file to the disk:
//! SQLite does both when the whole log is folded. So the file is brought to the disk here, and the writer starts the log over at the size of
//! `wal_autocheckpoint`, when there is little left to do.

use std::fs::File;
use std::io;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Shared;
use super::file::{DatabaseFile, Identity};
use crate::store::error::DriverError;

/// How many writes make a checkpoint worth its while: a few MiB of log.
pub(super) const WRITES: u64 = 500;

/// Folds whenever the writer says that there is enough, until the store closes.
pub(super) async fn run(file: DatabaseFile, shared: Arc<Shared>, closing: CancellationToken) {
    let mut folder = Folder { file, held: None };
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
            Err(_) => break,
        }
    }
    // Closing a file takes all locks off it that the process has, those of SQLite too: not before SQLite is done with it.
    shared.closed.cancelled().await;
}

struct Folder {
    file: DatabaseFile,
    /// The file at the path. It is kept open for the reason above; of a file that was replaced, the locks are worth nothing.
    held: Option<(Identity, Arc<File>)>,
}

impl Folder {
    fn fold(&mut self) -> Result<(), DriverError> {
        // A connection of its own each time: a file that was replaced meanwhile is then not touched through an old handle.
        let conn = self.file.writer(false)?;
        conn.batch("PRAGMA wal_checkpoint(PASSIVE)")?;
        conn.close()?;
        Ok(self.held()?.sync_data()?)
    }

    fn held(&mut self) -> io::Result<Arc<File>> {
        let now = self.file.identity()?;
        match &self.held {
            Some((identity, file)) if *identity == now => Ok(Arc::clone(file)),
            _ => {
                let file = Arc::new(File::open(self.file.path())?);
                self.held = Some((now, Arc::clone(&file)));
                Ok(file)
            }
        }
    }
}
