//! A place in the Postgres database of the tests.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

/// A schema of its own, dropped with the value.
pub struct Schema {
    /// The url of the database with the schema in it.
    pub url: String,
    name: String,
}

/// The database that `make test` provides.
fn database() -> String {
    #[expect(clippy::disallowed_methods, reason = "the environment says where the tests find their database")]
    let url = std::env::var("TEST_DATABASE_URL");
    url.expect("TEST_DATABASE_URL is not set: run `make test`, or `scripts/with-postgres cargo nextest run`, which provide a Postgres")
}

impl Schema {
    pub async fn new() -> Self {
        let name = format!("t_{}", uuid::Uuid::new_v4().simple());
        let base = database();
        let sign = if base.contains('?') { '&' } else { '?' };
        let url = format!("{base}{sign}options[search_path]={name}");
        let schema = Self { url, name };
        let mut conn = connect(&base).await;
        conn.execute(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {}", schema.name))).await.unwrap();
        conn.close().await.unwrap();
        schema
    }

    /// A session of a test in the schema.
    pub async fn connect(&self) -> PgConnection {
        connect(&self.url).await
    }

    /// Runs one statement or several.
    pub async fn run(&self, sql: &'static str) {
        self.connect().await.execute(sql).await.unwrap();
    }

    /// The same place under another name of the application, so that its sessions can be told from others.
    pub fn url_as(&self, application: &str) -> String {
        format!("{}&application_name={application}", self.url)
    }
}

async fn connect(url: &str) -> PgConnection {
    url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap()
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (base, sql) = (database(), format!("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {} CASCADE", self.name));
        // A runtime of its own, as this may run on a thread of another.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut conn = base.parse::<PgConnectOptions>()?.connect().await?;
                // A store that is still open may have a statement under way, and one of the two loses.
                for _ in 0..5 {
                    if conn.execute(sqlx::AssertSqlSafe(sql.clone())).await.is_ok() {
                        return Ok(());
                    }
                }
                conn.execute(sqlx::AssertSqlSafe(sql)).await.map(drop)
            })
        });
        let dropped = dropped.join().unwrap();
        assert!(dropped.is_ok() || std::thread::panicking(), "the schema {} stays: {dropped:?}", self.name);
    }
}
