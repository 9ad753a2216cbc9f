//! Sessions that are kept between their uses.
//!
//! The driver's own pool asks the server whether it is there whenever a session is taken and again whenever one is given back: two
//! trips beside each statement. Here a session is asked only after a rest, and one that was left in the middle of anything is closed.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use sqlx::postgres::{PgConnection, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Connection as _, Describe, Either, Execute, Executor, Postgres, SqlStr};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::server::{Purpose, Server};

/// How long anybody waits for a session: a sender of webhooks waits no longer than about five seconds for its answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a server that starts is left alone between two tries.
const AGAIN: Duration = Duration::from_millis(50);
/// A session that was used so lately is believed to be there still.
const FRESH: Duration = Duration::from_secs(1);
/// One that nobody has used for so long is closed.
const IDLE: Duration = Duration::from_mins(10);
/// How long a statement of a reader may run.
const STATEMENT: Duration = Duration::from_secs(10);
/// The oldest that a session gets, as its memory on the server only grows.
const LIFE: Duration = Duration::from_mins(30);

/// A number of sessions at the most, each opened when it is first needed.
#[derive(Debug, Clone)]
pub(super) struct Sessions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    server: Server,
    purpose: Purpose,
    /// The last used comes last, and is taken first: no more are in use than are needed.
    resting: Mutex<Vec<Resting>>,
    permits: Arc<Semaphore>,
    most: u32,
}

#[derive(Debug)]
struct Resting {
    conn: PgConnection,
    opened: Instant,
    since: Instant,
}

/// A session in use. It is kept for the next one only where [`Session::keep`] was said; else it is closed, and the server undoes what
/// was not committed.
#[derive(Debug)]
pub(super) struct Session {
    /// There until the end.
    conn: Option<PgConnection>,
    opened: Instant,
    /// It was used before.
    pub(super) kept_before: bool,
    keep: bool,
    sessions: Sessions,
    /// Given back after the session is.
    permit: Option<OwnedSemaphorePermit>,
}

impl Sessions {
    /// `most` sessions for a purpose.
    pub(super) fn new(server: Server, most: u32, purpose: Purpose) -> Self {
        let permits = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Inner { server, purpose, resting: Mutex::default(), permits, most }))
    }

    /// A session, once one is free. A server that starts is waited for.
    pub(super) async fn take(&self) -> Result<Session, sqlx::Error> {
        tokio::time::timeout(PATIENCE, self.taken()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn taken(&self) -> Result<Session, sqlx::Error> {
        let permit = Arc::clone(&self.0.permits).acquire_owned().await.ok().ok_or(sqlx::Error::PoolClosed)?;
        while let Some((mut resting, rests_too_long)) = self.next() {
            if rests_too_long || resting.opened.elapsed() > LIFE {
                // Whatever comes of it: the session is gone.
                drop(resting.conn.close().await);
            } else if resting.since.elapsed() < FRESH || resting.conn.ping().await.is_ok() {
                return Ok(self.session(resting.conn, resting.opened, true, permit));
            }
        }
        loop {
            match self.0.server.connect(self.0.purpose).await {
                Ok(conn) => return Ok(self.session(conn, Instant::now(), false, permit)),
                Err(error) if is_starting(&error) => tokio::time::sleep(AGAIN).await,
                Err(error) => return Err(error),
            }
        }
    }

    /// A session that has rested for too long, which is the first one; else the last used.
    fn next(&self) -> Option<(Resting, bool)> {
        let mut resting = self.resting();
        if resting.first().is_some_and(|first| first.since.elapsed() > IDLE) {
            return Some((resting.remove(0), true));
        }
        resting.pop().map(|last| (last, false))
    }

    fn session(&self, conn: PgConnection, opened: Instant, kept_before: bool, permit: OwnedSemaphorePermit) -> Session {
        Session { conn: Some(conn), opened, kept_before, keep: false, sessions: self.clone(), permit: Some(permit) }
    }

    fn resting(&self) -> MutexGuard<'_, Vec<Resting>> {
        self.0.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everybody who has a session finish, and closes all.
    pub(super) async fn close(&self) {
        let all = self.0.permits.acquire_many(self.0.most).await;
        self.0.permits.close();
        drop(all);
        let resting = std::mem::take(&mut *self.resting());
        for one in resting {
            drop(one.conn.close().await);
        }
    }
}

/// The server is there, or will be, and takes nobody yet.
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        // Too many sessions; starting or stopping.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| matches!(&*code, "53300" | "57P03")),
        _ => false,
    }
}

impl Session {
    /// Nothing is under way: the next one may have it.
    pub(super) fn keep(&mut self) {
        self.keep = true;
    }

    /// The same after a failure, if the session outlived it.
    pub(super) async fn keep_if_it_lives(&mut self) {
        self.keep = self.ping().await.is_ok();
    }
}

impl Deref for Session {
    type Target = PgConnection;

    #[expect(clippy::expect_used, reason = "it is taken out only when the value is dropped")]
    fn deref(&self) -> &PgConnection {
        self.conn.as_ref().expect("a session has its connection")
    }
}

impl DerefMut for Session {
    #[expect(clippy::expect_used, reason = "it is taken out only when the value is dropped")]
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.conn.as_mut().expect("a session has its connection")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(mut conn) = self.conn.take() else { return };
        let mut resting = self.sessions.resting();
        if self.keep {
            resting.push(Resting { conn, opened: self.opened, since: Instant::now() });
            return;
        }
        if self.kept_before {
            // Where one was lost, others may be: they are asked before they are used.
            let long_ago = Instant::now().checked_sub(FRESH);
            for one in &mut *resting {
                one.since = long_ago.map_or(one.since, |long_ago| one.since.min(long_ago));
            }
        }
        drop(resting);
        // A reader that went away leaves its statement behind, which the server works on to its end: until then its place is taken, or impatient
        // readers would take up all of the server's sessions.
        if self.sessions.0.purpose == Purpose::Reads
            && let (Ok(runtime), Some(permit)) = (Handle::try_current(), self.permit.take())
        {
            runtime.spawn(async move {
                // Whatever comes of it, the session is closed.
                drop(tokio::time::timeout(STATEMENT, conn.ping()).await);
                drop(conn);
                drop(permit);
            });
        }
    }
}

/// Each statement by itself, on whatever session is free.
impl<'s> Executor<'s> for &'s Sessions {
    type Database = Postgres;

    fn fetch_many<'e, 'q, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
    where
        's: 'e,
        'q: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        // All at once: a session is not held while somebody looks at the rows.
        let rows = async move {
            let mut session = self.take().await?;
            let rows: Result<Vec<_>, _> = session.fetch_many(query).try_collect().await;
            session.settle(rows).await
        };
        stream::once(rows).map_ok(|rows| stream::iter(rows).map(Ok)).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        's: 'e,
        'q: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        Box::pin(async move {
            let mut session = self.take().await?;
            let row = session.fetch_optional(query).await;
            session.settle(row).await
        })
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        's: 'e,
    {
        Box::pin(async move {
            let mut session = self.take().await?;
            let statement = session.prepare_with(sql, parameters).await;
            session.settle(statement).await
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, sqlx::Error>>
    where
        's: 'e,
    {
        Box::pin(async move {
            let mut session = self.take().await?;
            let description = session.describe(sql).await;
            session.settle(description).await
        })
    }
}

impl Session {
    /// A statement by itself has ended.
    async fn settle<T>(mut self, ended: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        match &ended {
            Ok(_) => self.keep(),
            Err(_) => self.keep_if_it_lives().await,
        }
        ended
    }
}
