//! `tillbridge migrate`

use std::process::ExitCode;

use clap::Args;

use super::output::say;
use super::{CliResult, ConfigArgs};
use crate::clock::Clock;
use crate::store::Store;

/// Applies missing migrations.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    config: ConfigArgs,
}

impl Migrate {
    pub(super) async fn run(self) -> CliResult {
        let config = self.config.load()?;
        let store = Store::open(&config.database.url, 1, Clock::System).await?;
        let applied = store.migrate().await?;
        store.close().await;
        say(&match applied {
            0 => "the database is up to date".to_owned(),
            1 => "1 migration applied".to_owned(),
            more => format!("{more} migrations applied"),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
