//! What a Postgres database does by itself: the reference for everything that is measured on one.

use std::path::Path;
use std::process::Stdio;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};
use tokio::process::Command;

use super::load::CONNECTIONS;
use super::{Fallible, Options};

/// One row of 4 KB with a unique key, as durable as the server is set up to make it.
const INSERT: &str =
    "INSERT INTO bench_inbox (id, key, body) VALUES (gen_random_uuid(), gen_random_uuid(), decode(repeat('4d', 4096), 'hex'));";
const TABLE: &str = "CREATE TABLE IF NOT EXISTS bench_inbox (id uuid PRIMARY KEY, key uuid NOT NULL UNIQUE, body bytea NOT NULL)";

/// Makes an empty database beside that of the url; its url.
pub async fn fresh(url: &str) -> Fallible<String> {
    let (base, query) = url.split_once('?').map_or((url, String::new()), |(base, query)| (base, format!("?{query}")));
    let (server, _) = base.rsplit_once('/').ok_or("the url names no database")?;
    let name = format!("tillbridge_bench_{:08x}", fastrand::u32(..));
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
    Ok(format!("{server}/{name}{query}"))
}

/// Removes the databases that [`fresh`] made.
pub async fn tidy(url: &str) -> Fallible<()> {
    let mut connection = PgConnection::connect(url).await?;
    let names: Vec<String> = sqlx::query_scalar("SELECT datname FROM pg_database WHERE datname LIKE 'tillbridge\\_bench\\_%'")
        .fetch_all(&mut connection)
        .await?;
    for name in names {
        connection.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await?;
    }
    Ok(())
}

/// How many events a service has stored.
pub async fn count_events(url: &str) -> Fallible<i64> {
    let mut connection = PgConnection::connect(url).await?;
    Ok(sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(&mut connection).await?)
}

/// Single-row inserts in a second, with as many clients as the load has senders.
pub async fn pgbench(options: &Options) -> Fallible<f64> {
    let url = options.fresh_database().await?.ok_or("pgbench needs a Postgres database")?;
    PgConnection::connect(&url).await?.execute(TABLE).await?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let script = folder.path().join("insert.sql");
    std::fs::write(&script, INSERT)?;
    let output = Command::new(program())
        .args(["-n", "-M", "prepared", "-c", &CONNECTIONS.to_string(), "-j", "2", "-T", &options.time().as_secs().max(1).to_string()])
        .arg("-f")
        .arg(&script)
        .arg(&url)
        .stdin(Stdio::null())
        .output()
        .await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    Ok(rate.ok_or_else(|| format!("pgbench: {said}{}", String::from_utf8_lossy(&output.stderr)))?)
}

/// Debian keeps it out of the path.
fn program() -> &'static str {
    const DEBIAN: [&str; 3] =
        ["/usr/lib/postgresql/17/bin/pgbench", "/usr/lib/postgresql/16/bin/pgbench", "/usr/lib/postgresql/15/bin/pgbench"];
    DEBIAN.into_iter().find(|path| Path::new(path).exists()).unwrap_or("pgbench")
}

/// Commits of one row each.
#[derive(Debug)]
pub struct Commits(PgConnection);

impl Commits {
    /// In a table beside those of the service.
    pub async fn open(url: &str) -> Fallible<Self> {
        let mut connection = PgConnection::connect(url).await?;
        connection.execute("CREATE TABLE bench_commits (id bigint PRIMARY KEY, body bytea NOT NULL)").await?;
        Ok(Self(connection))
    }

    /// Commits one.
    pub async fn one(&mut self, number: i64, body: &[u8]) -> Fallible<()> {
        sqlx::query("INSERT INTO bench_commits (id, body) VALUES ($1, $2)").bind(number).bind(body).execute(&mut self.0).await?;
        Ok(())
    }
}
