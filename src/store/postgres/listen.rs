//! Hearing of work that other processes committed, and telling them of ours. A hint: what is missed is found by polling.
//!
//! A transaction that notifies holds a lock of the whole database until its commit has reached the disk, so that such commits reach it one
//! after another. So the commits themselves tell nobody: a task does afterwards, once for all that were meanwhile.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgListener, PgPool};

use super::Shared;
use super::server::{Purpose, Server};
use crate::clock::pause;

/// The channel of work. The payload is the schema, as several installations may share a database, and who tells.
const WORK: &str = "tillbridge_work";
/// The channel on which connections that were given up are told.
const RELEASES: &str = "tillbridge_releases";
/// Tells everybody who listens.
pub(super) const TELL: &str = "SELECT pg_notify('tillbridge_work', current_schema() || '/' || current_setting('tillbridge.process', true))";
/// Tells that connections were given up.
pub(super) const TELL_OWNERS: &str =
    "SELECT pg_notify('tillbridge_releases', current_schema() || '/' || current_setting('tillbridge.process', true))";

/// How often work is told at the most.
const TELLS: Duration = Duration::from_millis(5);
/// How long a silent connection is believed in.
const SILENCE: Duration = Duration::from_secs(30);
/// How long to wait after a failure, and for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Listens until the store closes, over a connection of its own that is opened again whenever it is lost.
pub(super) async fn listen(server: Server, shared: Arc<Shared>) {
    let pool = server.pool(1, Purpose::Long);
    let mut lost = false;
    while !shared.closing.is_cancelled() {
        let ended = shared.closing.run_until_cancelled(hear(&server, &pool, &shared, lost)).await;
        if let Some(Err(error)) = ended {
            tracing::debug!(error = &error as &dyn std::error::Error, "the connection that listens was lost");
            lost = true;
            pause(PATIENCE.mul_f64(0.2 + fastrand::f64()), &shared.closing).await;
        }
    }
    pool.close().await;
}

async fn hear(server: &Server, pool: &PgPool, shared: &Shared, lost: bool) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    let schema: Option<String> = sqlx::query_scalar("SELECT current_schema()").fetch_one(&mut listener).await?;
    let Some(schema) = schema else { return Err(sqlx::Error::Configuration("there is no current schema".into())) };
    let ours = format!("{schema}/{}", server.process);
    listener.listen_all([WORK, RELEASES]).await?;
    if lost {
        // Something may have been told meanwhile.
        shared.work.may_be_due();
        shared.released.notify_one();
    }
    loop {
        match tokio::time::timeout(SILENCE, listener.try_recv()).await {
            Ok(heard) => match heard? {
                // Our worker has heard of our own commits already.
                Some(told) if told.payload() == ours || told.payload().split('/').next() != Some(&schema) => {}
                Some(told) if told.channel() == RELEASES => shared.released.notify_one(),
                Some(_) => shared.work.may_be_due(),
                None => return Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionAborted.into())),
            },
            // A connection that was cut without a word would stay silent for ever.
            Err(_silent) => {
                let asked = tokio::time::timeout(PATIENCE, sqlx::query("SELECT 1").execute(&mut listener)).await;
                asked.map_err(|late| sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, late)))??;
            }
        }
    }
}

/// Tells other processes of work until the store closes, over a connection of its own.
pub(super) async fn tell(server: Server, shared: Arc<Shared>) {
    let mut session = None;
    while shared.closing.run_until_cancelled(shared.untold.notified()).await.is_some() {
        // Also the way to a new session: nobody waits for a server that takes the call and says nothing.
        let telling = tokio::time::timeout(PATIENCE, tell_once(&server, &mut session));
        let Some(told) = shared.closing.run_until_cancelled(telling).await else { return };
        let told = told.map_err(|late| sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, late)));
        if let Err(error) = told.flatten() {
            tracing::debug!(error = &error as &dyn std::error::Error, "the other processes could not be told of work");
            session = None;
            // What was not told is found by polling, or told with what comes next.
            pause(PATIENCE.mul_f64(0.2 + fastrand::f64()), &shared.closing).await;
        }
        pause(TELLS, &shared.closing).await;
    }
}

async fn tell_once(server: &Server, session: &mut Option<PgConnection>) -> Result<(), sqlx::Error> {
    let conn = match session {
        Some(conn) => conn,
        None => session.insert(server.connect(Purpose::Hints).await?),
    };
    sqlx::query(TELL).execute(conn).await.map(drop)
}
