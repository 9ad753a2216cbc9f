//! `tillbridge serve`

use std::process::ExitCode;

use clap::Args;

use super::{CliResult, ConfigArgs, logs, signals};
use crate::app;
use crate::clock::Clock;

/// Receives, works, polls and serves operators until a signal.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigArgs,
    /// Do not apply migrations; fail if any wait.
    #[arg(long)]
    no_migrate: bool,
}

impl Serve {
    pub(super) async fn run(self) -> CliResult {
        let config = self.config.load()?;
        config.require_connections()?;
        logs::start(&config.log)?;
        let mut running = Box::pin(app::start(config, app::Options { migrate: !self.no_migrate }, None, Clock::System)).await?;
        tracing::info!(address = %running.address, connections = running.sides.len(), "serving");
        for side in &running.sides {
            if running.store.current_revision(&side.id).await?.is_none() {
                tracing::warn!(connection = %side.id, "no mappings are published yet, so its orders are held: tillbridge mapping publish FILE --message …");
            }
        }
        let signal = tokio::select! {
            signal = signals::first() => signal?,
            () = running.failed() => "the HTTP server ended",
        };
        tracing::info!("{signal}: finishing what is in hand");
        match signals::or_second(running.stop()).await {
            Ok(stopped) => {
                stopped?;
                tracing::info!("stopped");
                Ok(ExitCode::SUCCESS)
            }
            Err(code) => Ok(code),
        }
    }
}
