//! `tillbridge connect`

use std::process::ExitCode;

use clap::Subcommand;

use super::output::say;
use super::{CliError, CliResult, ConfigArgs, connection};
use crate::app;
use crate::clock::Clock;
use crate::config::XSeriesAuth;
use crate::store::OAuthTokens;

/// Brings in the first token of a connection.
#[derive(Debug, Subcommand)]
pub(super) enum Connect {
    /// Stores an X-Series refresh token; the service renews it from then on.
    XSeries {
        /// The connection.
        connection: String,
        /// The refresh token.
        #[arg(long, env = "X_SERIES_REFRESH_TOKEN", hide_env_values = true)]
        refresh_token: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

impl Connect {
    pub(super) async fn run(self) -> CliResult {
        let Self::XSeries { connection: name, refresh_token, config } = self;
        let config = config.load()?;
        let connection = connection(&config, Some(&name))?;
        if !matches!(connection.x_series.auth, XSeriesAuth::OAuth2 { .. }) {
            let detail = format!("connection '{name}' signs with a personal token; a refresh token needs x_series.auth of type \"oauth2\"");
            return Err(CliError::Say(detail));
        }
        let store = app::open_store(&config, Clock::System, true).await?;
        let expected = store.oauth_tokens(&connection.id).await?.map(|tokens| tokens.generation);
        let tokens = OAuthTokens {
            generation: expected.unwrap_or(0) + 1,
            access_token: String::new(),
            expires_at: Clock::System.now(),
            refresh_token,
        };
        let saved = store.save_oauth_tokens(&connection.id, expected, &tokens).await?;
        store.close().await;
        if !saved {
            return Err(CliError::Say("the running server renewed its tokens at the same moment; run the command again".to_owned()));
        }
        say(&format!("stored; check it with: tillbridge check (connection {name})"))?;
        Ok(ExitCode::SUCCESS)
    }
}
