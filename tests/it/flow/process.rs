//! The real binary, started as people start it.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tillbridge::sandbox::Sandbox;
use tillbridge::sandbox::config::DEFAULT_PRIVATE_KEY_PEM;
use tokio::process::{Child, Command};

use super::world::{MAPPINGS, Plan, Rows, configuration};

/// No command takes longer, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with everything the binary needs, and the address it serves at.
pub struct Shop {
    pub folder: TempDir,
    pub address: String,
    pub rows: Rows,
}

/// What a command said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// It failed with exit code 1 and one line.
    pub fn fails_in_one_line(&self) -> &str {
        let line = self.err.trim_end();
        assert_eq!((self.code, line.lines().count()), (Some(1), 1), "out: {}\nerr: {}", self.out, self.err);
        line
    }

    /// It ended with exit code 0.
    pub fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "out: {}\nerr: {}", self.out, self.err);
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

impl Shop {
    /// Writes configuration, key and mappings. Its port is no ephemeral one, so that nothing takes it while the service is down.
    pub async fn new(sandbox: &Sandbox, plan: &Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let rows = Rows::of(plan, folder.path()).await;
        let text = configuration(plan, &address, &rows.url, &sandbox.netsuite_url(), &sandbox.x_series_url());
        let shop = Self { folder, address, rows };
        shop.write("tillbridge.toml", &text);
        shop.write("netsuite.pem", DEFAULT_PRIVATE_KEY_PEM);
        shop.write("mappings.toml", MAPPINGS);
        shop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Changes the configuration.
    pub fn configure(&self, change: impl FnOnce(String) -> String) {
        let text = std::fs::read_to_string(self.path("tillbridge.toml")).unwrap();
        self.write("tillbridge.toml", &change(text));
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Runs a command in the folder to its end.
    pub async fn run(&self, arguments: &[&str]) -> Said {
        let child = command(self.folder.path()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("the command hangs").unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Starts the service; what it logs goes to `log`.
    pub fn serve(&self) -> Service {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let child = command(self.folder.path()).args(["serve", "--config", "tillbridge.toml"]).stdout(Stdio::null()).stderr(log).spawn();
        Service { child: child.unwrap() }
    }

    /// Starts the service and waits until it is ready.
    pub async fn open(&self) -> Service {
        let mut service = self.serve();
        let until = Instant::now() + PATIENCE;
        let client = tillbridge::net::http::Http::new(Duration::from_secs(5)).unwrap();
        while !client.get(format!("{}/readyz", self.url())).send().await.is_ok_and(|answer| answer.status().is_success()) {
            let ended = service.child.try_wait().unwrap();
            assert!(Instant::now() < until && ended.is_none(), "not ready ({ended:?}):\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        service
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

/// A running service; ended hard when it is dropped.
pub struct Service {
    child: Child,
}

impl Service {
    /// SIGKILL, at once.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM, as a supervisor does it; how it ended and how long that took.
    pub async fn terminate(mut self) -> (ExitStatus, Duration) {
        let begun = Instant::now();
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it does not end").unwrap();
        (status, begun.elapsed())
    }

    /// It is still there.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

/// The binary, with nothing of this process's settings.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillbridge"));
    for name in ["TILLBRIDGE_CONFIG", "TILLBRIDGE_URL", "TILLBRIDGE_TOKEN", "X_SERIES_REFRESH_TOKEN"] {
        command.env_remove(name);
    }
    command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A free port below the ephemeral ones.
fn free_address() -> String {
    let mut random = fastrand::Rng::new();
    loop {
        let address = format!("127.0.0.1:{}", random.u16(15_000..31_000));
        if std::net::TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}
