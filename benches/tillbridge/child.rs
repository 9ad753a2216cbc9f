//! The programs under measurement, each a process of its own: `tillbridge serve`, and the bare program.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;
use tillbridge::clock::Clock;
use tillbridge::sandbox::config::DEFAULT_PRIVATE_KEY_PEM;
use tillbridge::store::Store;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use super::callback::{ACCOUNT, KEY};
use super::{Fallible, processor, reference};

/// The connection.
pub const CONNECTION: &str = "acme-nz";
/// The secret that X-Series webhooks are signed with.
pub const X_SERIES_SECRET: &str = "sandbox-app-secret";
/// Nothing listens there: a system that is down.
pub const NOBODY: &str = "http://127.0.0.1:9";
/// Registers at the till: the budget of X-Series goes by them, and is not what a run is to meet.
pub const REGISTERS: u32 = 100;
/// No program takes longer to start, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// How a service is configured.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The database; none: a new file in the service's own folder.
    pub database: Option<String>,
    /// Where NetSuite is.
    pub netsuite: String,
    /// Where X-Series is.
    pub x_series: String,
    /// How long a callback waits before its order is worked on.
    pub debounce: &'static str,
    /// Requests to NetSuite at once.
    pub concurrency: usize,
    /// What the budget of X-Series goes by.
    pub registers: u32,
    /// X-Series is told where to post webhooks.
    pub subscribe: bool,
    /// The mappings to publish; empty: none.
    pub mappings: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            database: None,
            netsuite: NOBODY.to_owned(),
            x_series: NOBODY.to_owned(),
            debounce: "1h",
            concurrency: 2,
            registers: REGISTERS,
            subscribe: false,
            mappings: String::new(),
        }
    }
}

/// A folder with everything that a service needs. It outlives the process, so that one can follow another on the same database.
#[derive(Debug)]
pub struct Site {
    folder: TempDir,
    /// Where the service listens.
    pub address: String,
    /// Its database.
    pub url: String,
}

impl Site {
    /// Writes the configuration, and publishes the mappings.
    pub async fn new(settings: &Settings) -> Fallible<Self> {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
        let address = free_address();
        let url = settings.database.clone().unwrap_or_else(|| format!("sqlite://{}", folder.path().join("tillbridge.db").display()));
        std::fs::write(folder.path().join("tillbridge.toml"), configuration(settings, &address, &url))?;
        std::fs::write(folder.path().join("netsuite.pem"), DEFAULT_PRIVATE_KEY_PEM)?;
        if !settings.mappings.is_empty() {
            let store = Store::open(&url, 1, Clock::System).await?;
            store.migrate().await?;
            store.publish(&CONNECTION.into(), &settings.mappings, "the bench's rules", "bench").await?;
            store.close().await;
        }
        Ok(Self { folder, address, url })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts the service.
    pub fn start(&self) -> Fallible<Process> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tillbridge"));
        command.args(["serve", "--config", "tillbridge.toml"]);
        for name in ["TILLBRIDGE_CONFIG", "TILLBRIDGE_URL", "TILLBRIDGE_TOKEN"] {
            command.env_remove(name);
        }
        Process::start(command, self.path(), &self.address)
    }

    /// Starts the service and waits until it is ready.
    pub async fn open(&self) -> Fallible<Process> {
        let mut process = self.start()?;
        process.until_ready().await?;
        Ok(process)
    }

    /// Starts the bare program, over a database of its own in the same folder, and waits until it takes requests.
    pub async fn open_bare(&self) -> Fallible<Process> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--serve-reference", &self.address]).arg("--reference-database").arg(self.bare_database());
        let mut process = Process::start(command, self.path(), &self.address)?;
        process.until_ready().await?;
        Ok(process)
    }

    /// The bare program's database.
    pub fn bare_database(&self) -> PathBuf {
        self.folder.path().join("bare.db")
    }

    /// How many callbacks the bare program has stored.
    pub fn stored_bare(&self) -> Fallible<u64> {
        count(&self.bare_database(), "SELECT count(*) FROM inbox")
    }

    /// How many callbacks the service has stored.
    pub async fn stored(&self) -> Fallible<u64> {
        match self.url.strip_prefix("sqlite://") {
            Some(path) => count(Path::new(path), "SELECT count(*) FROM events"),
            None => Ok(u64::try_from(super::postgres::count_events(&self.url).await?)?),
        }
    }
}

fn count(database: &Path, sql: &str) -> Fallible<u64> {
    let rows: i64 = reference::open(database)?.query_row(sql, [], |row| row.get(0))?;
    Ok(u64::try_from(rows)?)
}

/// A running program; ended hard when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: String,
    log: PathBuf,
}

impl Process {
    fn start(mut command: Command, folder: &Path, address: &str) -> Fallible<Self> {
        let log = folder.join("log");
        let child = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(&log)?)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, address: address.to_owned(), log })
    }

    /// Waits until it is ready to take requests (the bare program answers 404, which says as much); how long that took.
    pub async fn until_ready(&mut self) -> Fallible<Duration> {
        let begun = Instant::now();
        loop {
            if let Ok(status) = ask(&self.address, "/readyz").await
                && matches!(status, 200 | 404)
            {
                return Ok(begun.elapsed());
            }
            if self.child.try_wait()?.is_some() || begun.elapsed() > PATIENCE {
                return Err(format!("{} does not get ready:\n{}", self.address, std::fs::read_to_string(&self.log)?).into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its resident memory in MB.
    pub fn memory(&self) -> Fallible<f64> {
        let id = self.child.id().ok_or("the process has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// The processor time that it has used, user and system.
    pub fn processor(&self) -> Fallible<Duration> {
        processor::of(&self.child.id().ok_or("the process has ended")?.to_string())
    }

    /// Ends it at once: what it has answered is on the disk.
    pub async fn kill(mut self) -> Fallible<()> {
        self.child.kill().await?;
        Ok(())
    }
}

/// The status of a `GET` over a connection of its own.
async fn ask(address: &str, path: &str) -> Fallible<u16> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let status = String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(status.ok_or("no status")?)
}

fn configuration(settings: &Settings, address: &str, url: &str) -> String {
    let Settings { netsuite, x_series, debounce, concurrency, registers, .. } = settings;
    let public_url = if settings.subscribe { format!("http://{address}") } else { String::new() };
    let secret = STANDARD.encode(KEY);
    format!(
        r#"
[server]
listen = "{address}"
public_url = "{public_url}"

[database]
url = "{url}"

[poll]
x_series_interval = "1h"
netsuite_interval = "1h"

[net]
debounce = "{debounce}"

[[connections]]
id = "{CONNECTION}"

[connections.netsuite]
account_id = "{ACCOUNT}"
base_url = "{netsuite}"
webhook_secrets = ["whsec_{secret}"]
concurrency = {concurrency}
timezone = "Pacific/Auckland"
auth = {{ type = "oauth2_m2m", client_id = "sandbox-client", certificate_id = "sandbox-certificate", private_key = "file:netsuite.pem", algorithm = "ES256" }}

[connections.x_series]
domain_prefix = "sandbox"
base_url = "{x_series}"
registers = {registers}
auth = {{ type = "personal_token", token = "sandbox-personal-token" }}
webhook = {{ verify = "signature", secrets = ["{X_SERIES_SECRET}"] }}
"#
    )
}

/// A free port below the ephemeral ones, so that nothing takes it while a service is down.
fn free_address() -> String {
    loop {
        let address = format!("127.0.0.1:{}", fastrand::u16(15_000..31_000));
        if std::net::TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}
