//! The database file: its url, how connections to it are opened, and whether it is still the file at its path.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use crate::store::StoreError;
use crate::store::url::take_parameter;

/// How long a write waits for another program's lock. Longer would outlast the webhook senders' patience; our own writes
/// never wait for each other here, because one task makes them all.
const BUSY: Duration = Duration::from_secs(2);

/// Where the database is and how it is opened.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    writer: SqliteConnectOptions,
    reader: SqliteConnectOptions,
}

impl DatabaseFile {
    /// Reads `sqlite:path` or `sqlite://path`. `?max_page_count=N` limits the file to N pages of 4 KiB, so that the database
    /// is full before its volume is; the other parameters are those of `SQLite` urls (`mode`, `vfs`, …).
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let (base, max_pages) = take_parameter(url, "max_page_count");
        let open = |source| StoreError::Open { url: url.to_owned(), source };
        let options = SqliteConnectOptions::from_str(&base).map_err(open)?;
        let path = options.get_filename().to_path_buf();
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
            && !folder.is_dir()
        {
            return Err(StoreError::NoFolder { url: url.to_owned(), folder: folder.to_path_buf() });
        }
        let options = options
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .statement_cache_capacity(256)
            // A batch's rows come over in one go instead of stopping the database thread every 50 rows.
            .row_buffer_size(1024)
            // Sorting needs no writable temporary folder, which a container may not have.
            .pragma("temp_store", "MEMORY");
        let mut writer = options
            .clone()
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // Sixty-four MiB of log before a commit folds it into the file. Most of it has been folded in by then: see `checkpoint`.
            .pragma("wal_autocheckpoint", "16000")
            // Eight MiB of pages: most keys rise, so that inserts keep to the ends of their indexes.
            .pragma("cache_size", "-8192");
        if let Some(pages) = max_pages {
            let pages: u32 = pages.parse().map_err(|error: std::num::ParseIntError| open(sqlx::Error::Configuration(error.into())))?;
            writer = writer.pragma("max_page_count", pages.to_string());
        }
        // Not `mode=ro`: a read-only handle cannot bring a write-ahead log in order when it is the first to open the file.
        let reader = options.create_if_missing(false).pragma("query_only", "ON");
        Ok(Self { path, writer, reader })
    }

    /// Options of the write connection. Only the first one may make the file: if the file vanishes later, an empty one in
    /// its place would hide the loss.
    pub(super) fn writer(&self, create: bool) -> SqliteConnectOptions {
        self.writer.clone().create_if_missing(create)
    }

    /// Options of the read connections.
    pub(super) fn reader(&self) -> SqliteConnectOptions {
        self.reader.clone()
    }

    /// Which file is at the path now; an error when there is none.
    ///
    /// One look at the inode of an open file, which the system has at hand: a thread of its own would cost more than it.
    pub(super) fn identity(&self) -> std::io::Result<Identity> {
        std::fs::metadata(&self.path).map(|metadata| Identity::of(&metadata))
    }

    /// The path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// What tells one file from another at the same path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    /// Elsewhere an open file cannot be removed, so that there is one at the path says enough.
    #[cfg(not(unix))]
    fn of(_: &std::fs::Metadata) -> Self {
        Self(0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commits_reach_the_disk_and_readers_cannot_write() {
        use sqlx::ConnectOptions as _;
        let folder = tempfile::tempdir().unwrap();
        let file = DatabaseFile::parse(&format!("sqlite:{}", folder.path().join("t.db").display())).unwrap();
        let mut writer = file.writer(true).connect().await.unwrap();
        let settings: (String, i64, i64, i64) = sqlx::query_as(
            "SELECT journal_mode, synchronous, foreign_keys, timeout \
             FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys, pragma_busy_timeout",
        )
        .fetch_one(&mut writer)
        .await
        .unwrap();
        assert_eq!(settings, ("wal".to_owned(), 2, 1, 2000), "2 is FULL");
        let mut reader = file.reader().connect().await.unwrap();
        assert!(sqlx::query("CREATE TABLE t (a INTEGER)").execute(&mut reader).await.is_err());
    }

    #[test]
    fn a_limit_that_is_no_number_is_an_error() {
        assert!(matches!(DatabaseFile::parse("sqlite:a.db?max_page_count=many"), Err(StoreError::Open { .. })));
    }
}
