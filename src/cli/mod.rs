//! The command line. Exit codes: 0 done, 1 it ran and found a problem, 2 wrong usage. Errors go to standard error in one
//! readable line that says what to do.

mod api;
mod check;
mod connect;
mod demo;
mod healthcheck;
mod lists;
mod logs;
mod mapping;
mod migrate;
mod move_database;
mod orders;
mod output;
mod replay;
mod sandbox;
mod serve;
mod signals;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use self::output::fail;
use crate::causes::in_one_line;
use crate::config::{Config, ConfigError};

/// Keeps NetSuite sales orders and Lightspeed Retail X-Series sales in step.
#[derive(Debug, Parser)]
#[command(name = "tillbridge", version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration is.
#[derive(Debug, Clone, Args)]
struct ConfigArgs {
    /// The configuration file; `tillbridge.toml` in this folder is read when it is there.
    #[arg(long, env = "TILLBRIDGE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receives, works, polls and serves operators.
    Serve(serve::Serve),
    /// Shows the whole flow on two simulated systems, with real HTTP, signatures and database.
    Demo(demo::Demo),
    /// Runs the two simulated systems alone, on loopback.
    Sandbox(sandbox::RunSandbox),
    /// Validates the configuration and the mappings, reaches both systems, and says what to do about each problem.
    Check(check::Check),
    /// Applies missing migrations to the database.
    Migrate(migrate::Migrate),
    /// Moves everything from one database to another, such as from a file to Postgres, and compares both.
    Move(move_database::MoveDatabase),
    /// Asks a running server whether it is ready; for container health checks.
    Healthcheck(healthcheck::Healthcheck),
    /// Makes bearer tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// Connects to a system whose tokens come from a person.
    #[command(subcommand)]
    Connect(connect::Connect),
    /// Validates, publishes and reverts mappings.
    #[command(subcommand)]
    Mapping(mapping::Mapping),
    /// Lists orders.
    Orders(orders::Orders),
    /// Shows one order or acts on it.
    #[command(subcommand)]
    Order(orders::Order),
    /// Handles orders again, from what both systems hold now.
    Replay(replay::Replay),
}

/// What a command ends with: done, or it found a problem that it has told already.
type CliResult = Result<ExitCode, CliError>;

/// A command could not be carried out.
#[derive(Debug, thiserror::Error)]
enum CliError {
    /// The configuration; every problem is a line of its own.
    #[error("{}", in_one_line(.0))]
    Config(#[from] ConfigError),
    /// The service.
    #[error("{}", in_one_line(.0))]
    App(#[from] crate::app::AppError),
    /// The store.
    #[error("{}", in_one_line(.0))]
    Store(#[from] crate::store::StoreError),
    /// A move from one database to another.
    #[error("{}", in_one_line(.0))]
    Move(#[from] crate::store::MoveError),
    /// The simulated systems.
    #[error("{}", in_one_line(.0))]
    Sandbox(#[from] crate::sandbox::SandboxError),
    /// A file.
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: std::io::Error },
    /// Standard output or a temporary file.
    #[error("cannot write: {0}")]
    Write(#[from] std::io::Error),
    /// The HTTP API.
    #[error("{0}")]
    Api(#[from] api::ApiError),
    /// Anything that one sentence says.
    #[error("{0}")]
    Say(String),
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    let result = runtime.block_on(async { Box::pin(run(cli.command)).await });
    // Whatever still runs in the background has nothing left to say.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match result {
        Ok(code) => code,
        // A reader that has seen enough is no problem.
        Err(CliError::Write(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

async fn run(command: Command) -> CliResult {
    match command {
        Command::Serve(command) => command.run().await,
        Command::Demo(command) => command.run().await,
        Command::Sandbox(command) => command.run().await,
        Command::Check(command) => command.run().await,
        Command::Migrate(command) => command.run().await,
        Command::Move(command) => command.run().await,
        Command::Healthcheck(command) => command.run().await,
        Command::Token(command) => command.run().await,
        Command::Connect(command) => command.run().await,
        Command::Mapping(command) => command.run().await,
        Command::Orders(command) => command.run().await,
        Command::Order(command) => command.run().await,
        Command::Replay(command) => command.run().await,
    }
}

impl ConfigArgs {
    /// The configuration from file and environment.
    fn load(&self) -> Result<Config, CliError> {
        let environment = crate::config::environment();
        Ok(Config::load(self.config.as_deref(), &environment)?)
    }
}

/// The one connection, or the one that is named.
fn connection<'a>(config: &'a Config, name: Option<&str>) -> Result<&'a crate::config::Connection, CliError> {
    let ids = || config.connections.iter().map(|connection| connection.id.as_str()).collect::<Vec<_>>().join(", ");
    match (name, config.connections.as_slice()) {
        (Some(name), all) => all
            .iter()
            .find(|connection| connection.id.as_str() == name)
            .ok_or_else(|| CliError::Say(format!("there is no connection '{name}'; the configuration has: {}", ids()))),
        (None, [only]) => Ok(only),
        (None, []) => Err(CliError::Say("the configuration has no [[connections]]".to_owned())),
        (None, _) => Err(CliError::Say(format!("name a connection with --connection; the configuration has: {}", ids()))),
    }
}
