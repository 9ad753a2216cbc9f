//! Hearing of work that other processes committed. A hint: what is missed is found by polling.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;

use super::Shared;
use super::server::{Purpose, Server};
use crate::clock::pause;

/// The channel. The payload is the schema, as several installations may share a database.
const CHANNEL: &str = "tillbridge_work";
/// Tells everybody who listens.
pub(super) const TELL: &str = "SELECT pg_notify('tillbridge_work', current_schema())";
/// The same with the commit, in one go.
pub(super) const TELL_AND_COMMIT: &str = "SELECT pg_notify('tillbridge_work', current_schema()); COMMIT";

/// How long a silent connection is believed in.
const SILENCE: Duration = Duration::from_secs(30);
/// How long to wait after a failure, and for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Listens until the store closes, over a connection of its own that is opened again whenever it is lost.
pub(super) async fn listen(server: Server, shared: Arc<Shared>) {
    let pool = server.pool(1, Purpose::Long);
    while !shared.closing.is_cancelled() {
        let ended = shared.closing.run_until_cancelled(hear(&pool, &shared)).await;
        if let Some(Err(error)) = ended {
            tracing::debug!(error = &error as &dyn std::error::Error, "the connection that listens was lost");
            // Something may have been told meanwhile.
            shared.work.notify_one();
            pause(PATIENCE.mul_f64(0.2 + fastrand::f64()), &shared.closing).await;
        }
    }
    pool.close().await;
}

async fn hear(pool: &sqlx::PgPool, shared: &Shared) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.ignore_pool_close_event(true);
    listener.eager_reconnect(false);
    let schema: Option<String> = sqlx::query_scalar("SELECT current_schema()").fetch_one(&mut listener).await?;
    listener.listen(CHANNEL).await?;
    shared.work.notify_one();
    loop {
        match tokio::time::timeout(SILENCE, listener.try_recv()).await {
            Ok(heard) => match heard? {
                Some(told) if Some(told.payload()) == schema.as_deref() => shared.work.notify_one(),
                Some(_) => {}
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
