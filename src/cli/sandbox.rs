//! `tillbridge sandbox`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output::say;
use super::{CliError, CliResult, signals};
use crate::clock::Clock;
use crate::sandbox::{Sandbox, SandboxConfig};

/// Runs the two simulated systems alone.
#[derive(Debug, Args)]
pub(super) struct RunSandbox {
    /// Their configuration; without it a small retailer on free ports.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl RunSandbox {
    pub(super) async fn run(self) -> CliResult {
        let config = match &self.config {
            None => SandboxConfig::default(),
            Some(path) => {
                let name = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|source| CliError::Read { path: name.clone(), source })?;
                toml::from_str(&text).map_err(|error| CliError::Say(format!("{name}: {}", error.to_string().trim_end())))?
            }
        };
        let sandbox = Box::pin(Sandbox::start(config, Clock::System)).await?;
        say(&format!("NetSuite  {}", sandbox.netsuite_url()))?;
        say(&format!("X-Series  {}", sandbox.x_series_url()))?;
        signals::first().await?;
        sandbox.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}
