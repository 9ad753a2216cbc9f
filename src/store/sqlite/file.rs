//! The database file: its url, how connections to it are opened, and whether it is still the file at its path.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::driver::Conn;
use crate::store::StoreError;
use crate::store::error::DriverError;
use crate::store::url::take_parameter;

/// How long a write waits for another program's lock. Longer would outlast the webhook senders' patience; our own writes
/// never wait for each other here, because one thread makes them all.
const BUSY: Duration = Duration::from_secs(2);

/// For every connection. Sorting needs no writable temporary folder, which a container may not have.
const EACH: &str = "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY";
/// For the one that writes. Sixty-four MiB of log come before a commit folds it into the file; most of it has been folded in by then: see `checkpoint`.
/// Six MiB of pages: most keys rise, so that inserts keep to the ends of their indexes.
const WRITES: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16000; PRAGMA cache_size = -6144";
/// For those that read. Not opened as read-only: such a handle cannot bring a write-ahead log in order when it is the first to open the file.
const READS: &str = "PRAGMA query_only = ON";

/// Where the database is and how it is opened.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// It is made where it is missing.
    make: bool,
    max_pages: Option<u32>,
}

impl DatabaseFile {
    /// Reads `sqlite:path` or `sqlite://path`, with `%20` and the like in the path read as what they stand for. `?max_page_count=N` limits the file to N
    /// pages of 4 KiB, so that the database is full before its volume is; `?mode=rw` opens a file that is there, `?mode=rwc` also makes it, as
    /// without it.
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let complain = |about: String| StoreError::Open { url: url.to_owned(), source: DriverError::Url(about) };
        let (base, max_pages) = take_parameter(url, "max_page_count");
        let (base, mode) = take_parameter(&base, "mode");
        let path = base.strip_prefix("sqlite:").unwrap_or(&base);
        let path = path.strip_prefix("//").unwrap_or(path);
        if let Some((_, parameter)) = path.split_once('?') {
            return Err(complain(format!("it has {parameter:?}; known are max_page_count and mode")));
        }
        let path = percent_encoding::percent_decode_str(path).decode_utf8().map_err(|error| complain(error.to_string()))?;
        if path.is_empty() || path == ":memory:" {
            return Err(complain("it names no file".to_owned()));
        }
        let make = match mode.as_deref() {
            None | Some("rwc") => true,
            Some("rw") => false,
            Some(other) => return Err(complain(format!("its mode is {other:?}; known are rw and rwc"))),
        };
        let max_pages = match max_pages {
            Some(pages) => Some(pages.parse().map_err(|error| complain(format!("its max_page_count is {pages:?}: {error}")))?),
            None => None,
        };
        let path = PathBuf::from(&*path);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
            && !folder.is_dir()
        {
            return Err(StoreError::NoFolder { url: url.to_owned(), folder: folder.to_path_buf() });
        }
        Ok(Self { path, make, max_pages })
    }

    /// Opens a connection that writes. Only the first one may make the file: if the file vanishes later, an empty one in its place would hide the loss.
    pub(super) fn writer(&self, create: bool) -> Result<Conn, DriverError> {
        let conn = self.open(create && self.make)?;
        conn.batch(WRITES)?;
        if let Some(pages) = self.max_pages {
            conn.batch(&format!("PRAGMA max_page_count = {pages}"))?;
        }
        // SQLite opens the log at the first read; until then another connection that closes takes itself for the last one, and deletes it.
        conn.batch("SELECT count(*) FROM sqlite_schema")?;
        Ok(conn)
    }

    /// Opens a connection that reads.
    pub(super) fn reader(&self) -> Result<Conn, DriverError> {
        let conn = self.open(false)?;
        conn.batch(READS)?;
        Ok(conn)
    }

    fn open(&self, create: bool) -> Result<Conn, DriverError> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, create);
        let sqlite = Connection::open_with_flags(&self.path, flags)?;
        sqlite.busy_timeout(BUSY)?;
        let conn = Conn::new(sqlite);
        conn.batch(EACH)?;
        Ok(conn)
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
    use super::super::driver::{get, query};
    use super::*;

    #[tokio::test]
    async fn commits_reach_the_disk_and_readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let file = DatabaseFile::parse(&format!("sqlite:{}", folder.path().join("t.db").display())).unwrap();
        let mut writer = file.writer(true).unwrap();
        let row = query(
            "SELECT journal_mode, synchronous, foreign_keys, timeout \
             FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys, pragma_busy_timeout",
        )
        .fetch_one(&mut writer)
        .await
        .unwrap();
        assert_eq!(get::<&str>(&row, "journal_mode").unwrap(), "wal");
        assert_eq!(get::<i64>(&row, "synchronous").unwrap(), 2, "2 is FULL");
        assert_eq!((get::<i64>(&row, "foreign_keys").unwrap(), get::<i64>(&row, "timeout").unwrap()), (1, 2000));
        assert!(file.reader().unwrap().batch("CREATE TABLE t (a INTEGER)").is_err());
    }

    #[test]
    fn a_url_says_what_is_wrong_with_it() {
        for (url, about) in [
            ("sqlite:a.db?max_page_count=many", "max_page_count is \"many\""),
            ("sqlite:a.db?mode=ro", "mode is \"ro\""),
            ("sqlite:a.db?cache=shared", "\"cache=shared\""),
            ("sqlite:", "no file"),
            ("sqlite::memory:", "no file"),
        ] {
            let error = DatabaseFile::parse(url).unwrap_err();
            let StoreError::Open { source, .. } = error else { panic!("{error:?}") };
            assert!(source.to_string().contains(about), "{url}: {source}");
        }
    }

    #[test]
    fn a_path_is_read_as_a_url_writes_it() {
        for (url, path) in
            [("sqlite:a.db", "a.db"), ("sqlite://b/../c.db?mode=rwc", "b/../c.db"), ("sqlite:///tmp/d%20e.db", "/tmp/d e.db")]
        {
            match DatabaseFile::parse(url) {
                Ok(file) => assert_eq!(file.path(), Path::new(path)),
                Err(StoreError::NoFolder { folder, .. }) => assert_eq!(folder, Path::new(path).parent().unwrap()),
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}
