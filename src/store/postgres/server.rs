//! The server: its url, and how sessions with it are opened.

use std::net::IpAddr;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Executor as _};
use uuid::Uuid;

use crate::store::StoreError;
use crate::store::url::take_parameter;

/// How long anybody waits for a connection: a sender of webhooks waits no longer than about five seconds for its answer.
const ACQUIRE: Duration = Duration::from_secs(2);

/// Commits reach the disk whatever the server's default; a server that waits for more than that (`remote_apply`) keeps its way.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')";

/// A session that writes. Tables grow faster than their statistics: with every way forbidden that reads a whole table or a whole index, the
/// plans are the same on the first day, and need not be made again for other arguments. A statement that waits too long ends before its
/// caller's patience does.
const WRITES: &str = "SET statement_timeout = '5s'; SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '10s'; \
     SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan; \
     SET jit = off; SET client_min_messages = warning";

/// Bodies compress several times faster by lz4, where the server has it. This is about what is written from here on, and about no table.
const COMPRESSED: &str = "SELECT set_config('default_toast_compression', 'lz4', false) FROM pg_catalog.pg_settings \
     WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)";

/// A session that reads.
const READS: &str = "SET statement_timeout = '10s'; SET default_transaction_read_only = on; SET client_min_messages = warning";

/// A session that tells others what they would find by themselves a little later: nobody waits for the disk.
const HINTS: &str = "SET statement_timeout = '5s'; SET synchronous_commit = off; SET client_min_messages = warning";

/// A session that takes as long as it takes.
const LONG: &str = "SET client_min_messages = warning";

/// Codes of a refusal that encryption would not change: a wrong password, a database that is not there, too many sessions, a server that starts.
const EITHER_WAY: [&str; 4] = ["28P01", "3D000", "53300", "57P03"];

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Short transactions that write.
    Writes,
    /// Reading.
    Reads,
    /// Telling other processes that there is work.
    Hints,
    /// Migrations and listening, which take as long as they take.
    Long,
}

/// Where the database is and how it is reached.
#[derive(Debug, Clone)]
pub(super) struct Server {
    options: PgConnectOptions,
    /// The url may say that the server, or what stands before it, passes no notifications on.
    pub(super) notifies: bool,
    /// Nothing was said of encryption, and the server is on this machine.
    may_be_plain: bool,
    /// A word for this process, so that it knows its own notifications.
    pub(super) process: String,
}

impl Server {
    /// Reads `postgres://user:password@host/database`. `?notify=off` for a server without `LISTEN` and `NOTIFY`; the other parameters
    /// are those of Postgres urls (`sslmode`, `options`, …).
    pub(super) fn parse(url: &str) -> Result<Self, StoreError> {
        let (base, notify) = take_parameter(url, "notify");
        let open = |source: sqlx::Error| StoreError::Open { url: "postgres://…".to_owned(), source: source.into() };
        let notifies = match notify.as_deref() {
            None | Some("on") => true,
            Some("off") => false,
            Some(other) => return Err(open(sqlx::Error::Configuration(format!("notify is on or off, not {other:?}").into()))),
        };
        let mut options = PgConnectOptions::from_str(&base).map_err(open)?.statement_cache_capacity(256);
        if options.get_application_name().is_none() {
            options = options.application_name("tillbridge");
        }
        let may_be_plain = matches!(options.get_ssl_mode(), PgSslMode::Prefer)
            && !base.contains("sslmode=")
            && !base.contains("ssl-mode=")
            && options.get_socket().is_none()
            && is_this_machine(options.get_host());
        Ok(Self { options, notifies, may_be_plain, process: Uuid::new_v4().simple().to_string() })
    }

    /// Connects for the first time, and settles how. Nobody listens on the way to a server on the same machine, where encryption is a quarter
    /// of what a statement costs and cuts it into writes that wait for each other: it is left out there, unless the url or the server asks
    /// for it.
    pub(super) async fn reach(self) -> Result<(Self, PgConnection), sqlx::Error> {
        if self.may_be_plain {
            let plain = Self { options: self.options.clone().ssl_mode(PgSslMode::Disable), ..self.clone() };
            match plain.connect(Purpose::Long).await {
                // What stands before the server may want encryption and say so in a way of its own.
                Err(sqlx::Error::Database(error)) if !error.code().is_some_and(|code| EITHER_WAY.contains(&&*code)) => {}
                reached => return reached.map(|conn| (plain, conn)),
            }
        }
        let conn = self.connect(Purpose::Long).await?;
        Ok((self, conn))
    }

    /// The url as it may be shown: without the password.
    pub(super) fn shown(&self) -> String {
        let options = &self.options;
        let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |socket| socket.display().to_string());
        let database = options.get_database().unwrap_or(options.get_username());
        format!("postgres://{}@{host}:{}/{database}", options.get_username(), options.get_port())
    }

    /// A connection of its own.
    pub(super) async fn connect(&self, purpose: Purpose) -> Result<PgConnection, sqlx::Error> {
        let mut conn = self.options.connect().await?;
        prepare(&mut conn, purpose, &self.process).await?;
        Ok(conn)
    }

    /// The driver's pool, for what insists on one.
    pub(super) fn pool(&self, connections: u32, purpose: Purpose) -> PgPool {
        let process = self.process.clone();
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE)
            .after_connect(move |conn, _| {
                let process = process.clone();
                Box::pin(async move { prepare(conn, purpose, &process).await })
            })
            .connect_lazy_with(self.options.clone())
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

async fn prepare(conn: &mut PgConnection, purpose: Purpose, process: &str) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('tillbridge.process', $1, false)").bind(process).execute(&mut *conn).await?;
    match purpose {
        Purpose::Writes => {
            conn.execute(DURABLE).await?;
            conn.execute(COMPRESSED).await?;
            conn.execute(WRITES).await?;
        }
        Purpose::Reads => {
            conn.execute(READS).await?;
        }
        Purpose::Hints => {
            conn.execute(HINTS).await?;
        }
        Purpose::Long => {
            conn.execute(DURABLE).await?;
            conn.execute(LONG).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_not_shown() {
        let server = Server::parse("postgres://kim:secret@db.example:5433/till?notify=off&sslmode=disable").unwrap();
        assert_eq!(server.shown(), "postgres://kim@db.example:5433/till");
        assert!(!server.notifies);
        let error = Server::parse("postgres://kim:secret@db.example:port/till").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    #[test]
    fn encryption_is_left_out_only_where_nobody_asked_for_it_and_nobody_could_listen() {
        let may_be_plain = |url| Server::parse(url).unwrap().may_be_plain;
        for url in ["postgres://kim@127.0.0.1/till", "postgres://kim@localhost/till", "postgres://kim@[::1]:5433/till"] {
            assert!(may_be_plain(url), "{url}");
        }
        for url in [
            "postgres://kim@db.example/till",
            "postgres://kim@10.0.0.1/till",
            "postgres://kim@localhost/till?sslmode=prefer",
            "postgres://kim@127.0.0.1/till?sslmode=require",
            "postgres://kim@localhost/till?ssl-mode=verify-full",
        ] {
            assert!(!may_be_plain(url), "{url}");
        }
    }

    #[test]
    fn a_setting_that_is_neither_on_nor_off_is_an_error() {
        assert!(matches!(Server::parse("postgres://db/till?notify=maybe"), Err(StoreError::Open { .. })));
    }
}
