//! `tillbridge demo`: the whole flow on two simulated systems, with real HTTP, real signatures and a real database.

mod books;
mod office;
mod report;
mod shop;
mod till;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::time::Instant;

use self::shop::Shop;
use super::output::say;
use super::token::new_token;
use super::{CliError, CliResult, logs, signals};
use crate::app::{self, Options, Running};
use crate::clock::Clock;
use crate::config::{Config, Environment, environment};
use crate::domain::keys;
use crate::http::Listeners;
use crate::sandbox::config::DEFAULT_PRIVATE_KEY_PEM;
use crate::sandbox::{Preset, Sandbox, SandboxConfig, WebhookTarget};
use crate::store::Role;

/// The rules that the demo's orders are sent by.
const MAPPINGS: &str = include_str!("mappings.toml");
/// The secret of the demo's callbacks; it protects nothing.
const SECRET: &str = "whsec_dGlsbGJyaWRnZS1kZW1vLXNlY3JldC0wMDAx";
/// As many registers as the largest demo needs requests for.
const REGISTERS: u32 = 100;

/// Shows the whole flow on two simulated systems.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Drive the orders to their end, check both sides, print a table and exit.
    #[arg(long)]
    once: bool,
    /// How many orders.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    orders: u32,
    /// Decides which orders are entered and what goes wrong.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much goes wrong.
    #[arg(long, default_value = "calm")]
    faults: FaultsArg,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How much goes wrong.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum FaultsArg {
    /// Nothing.
    Calm,
    /// A bad day: some requests fail, some webhooks are lost.
    Rough,
    /// Everything at once: cut connections, refusals, delays, lost, doubled and late webhooks.
    Storm,
}

impl FaultsArg {
    fn preset(self) -> Preset {
        match self {
            Self::Calm => Preset::Calm,
            Self::Rough => Preset::Rough,
            Self::Storm => Preset::Storm,
        }
    }
}

impl Demo {
    pub(super) async fn run(self) -> CliResult {
        let folder = tempfile::Builder::new().prefix("tillbridge-demo-").tempdir()?;
        let begun = Instant::now();
        let (sandbox, running, token) = Box::pin(self.start(folder.path())).await?;
        let mut shop = Shop::new(&sandbox, self.orders, self.seed);
        if !self.once {
            say(&format!("Tillbridge  http://{}", running.address))?;
            say(&format!("NetSuite    {} (simulated)", sandbox.netsuite_url()))?;
            say(&format!("X-Series    {} (simulated)", sandbox.x_series_url()))?;
            say(&format!("\ntillbridge orders --url http://{} --token {token}", running.address))?;
            say("Ctrl-C ends it; nothing of it is kept.")?;
        }
        let deadline = begun + Duration::from_mins(1) + Duration::from_secs(2) * self.orders;
        let signalled = tokio::select! {
            worked = Box::pin(shop.open(&running, deadline, self.once)) => { worked?; false }
            signal = signals::first() => { signal?; true }
        };
        let report = report::Report::of(&shop, &sandbox, &running, begun.elapsed()).await?;
        if signals::or_second(running.stop()).await.is_ok() {
            sandbox.stop().await;
        }
        if signalled && !self.once {
            return Ok(ExitCode::SUCCESS);
        }
        say(&if self.json { report.json() } else { report.table() })?;
        Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Starts both systems and the service, each knowing the others' addresses.
    async fn start(&self, folder: &Path) -> Result<(Sandbox, Running, String), CliError> {
        let main = crate::http::bind("127.0.0.1:0").await.map_err(app::AppError::from)?;
        let address = main.local_addr()?;
        let mut settings = SandboxConfig { seed: self.seed, faults: self.faults.preset().into(), ..SandboxConfig::default() };
        settings.netsuite.webhook =
            Some(WebhookTarget { url: format!("http://{address}/webhooks/netsuite/demo"), secret: SECRET.to_owned() });
        settings.x_series.registers = REGISTERS;
        let account = settings.netsuite.account_id.clone();
        let sandbox = Box::pin(Sandbox::start(settings, Clock::System)).await?;

        std::fs::write(folder.join("netsuite.pem"), DEFAULT_PRIVATE_KEY_PEM)?;
        let file = folder.join("tillbridge.toml");
        let text = config(&account, &address.to_string(), &folder.join("demo.db"), &sandbox);
        // Of the environment only what is said is taken over: the rest is meant for a real service.
        let said: Environment = environment().into_iter().filter(|(name, _)| name.starts_with("TILLBRIDGE__LOG__")).collect();
        let config = Config::parse(&text, &file, &said)?;
        logs::start(&config.log)?;
        let running =
            Box::pin(app::start(config, Options { migrate: true }, Some(Listeners { main, metrics: None }), Clock::System)).await?;
        for side in &running.sides {
            running.store.publish(&side.id, MAPPINGS, "the demo's rules", "demo").await?;
        }
        let (row, token) = new_token("demo", Role::Admin, &Clock::System);
        running.store.create_token(&row, &keys::digest(token.as_bytes())).await?;
        Ok((sandbox, running, token))
    }
}

/// The configuration of the demo's service.
fn config(account: &str, address: &str, database: &Path, sandbox: &Sandbox) -> String {
    format!(
        r#"
[server]
listen = "{address}"
public_url = "http://{address}"

[database]
url = "sqlite://{database}"

[log]
filter = "error"

[retry]
first = "100ms"
max = "3s"
attempts = 60
recheck = "5s"

[poll]
x_series_interval = "2s"
netsuite_interval = "2s"
overlap = "20s"
netsuite_lag = "1s"

[net]
debounce = "200ms"

[[connections]]
id = "demo"

[connections.netsuite]
account_id = "{account}"
base_url = "{netsuite}"
webhook_secrets = ["{SECRET}"]
concurrency = 4
timezone = "Pacific/Auckland"
auth = {{ type = "oauth2_m2m", client_id = "sandbox-client", certificate_id = "sandbox-certificate", private_key = "file:netsuite.pem", algorithm = "ES256" }}

[connections.x_series]
domain_prefix = "sandbox"
base_url = "{x_series}"
registers = {REGISTERS}
auth = {{ type = "personal_token", token = "sandbox-personal-token" }}
webhook = {{ verify = "signature", secrets = ["sandbox-app-secret"] }}
"#,
        database = database.display(),
        netsuite = sandbox.netsuite_url(),
        x_series = sandbox.x_series_url(),
    )
}
