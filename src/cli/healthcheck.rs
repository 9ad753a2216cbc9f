//! `tillbridge healthcheck`

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use super::{CliError, CliResult, ConfigArgs};
use crate::causes::in_one_line;
use crate::net;

/// Asks a running server whether it is ready.
#[derive(Debug, Args)]
pub(super) struct Healthcheck {
    /// The server's address; the configured one when left out.
    #[arg(long, env = "TILLBRIDGE_URL")]
    url: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

impl Healthcheck {
    pub(super) async fn run(self) -> CliResult {
        let url = match self.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.config.load()?.server.listen.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")),
        };
        let client = net::http::Http::new(Duration::from_secs(5)).map_err(|error| CliError::Say(error.to_string()))?;
        let answer = client.get(format!("{url}/readyz")).send().await;
        let answer = answer.map_err(|error| CliError::Say(format!("{url} does not answer: {}", in_one_line(&error.without_url()))))?;
        if answer.status().is_success() {
            return Ok(ExitCode::SUCCESS);
        }
        // The status has answered already; the body only says more.
        let body = answer.text().await.unwrap_or_default();
        Err(CliError::Say(format!("{url} is not ready: {body}")))
    }
}
