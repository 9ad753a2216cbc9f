//! `tillbridge token`

use std::process::ExitCode;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::output::say;
use super::{CliResult, ConfigArgs};
use crate::app;
use crate::clock::Clock;
use crate::domain::keys;
use crate::store::{Role, TokenRow};

/// Makes bearer tokens for the HTTP API.
#[derive(Debug, Subcommand)]
pub(super) enum Token {
    /// Makes a token and prints it, this once: only its digest is kept.
    Create {
        #[command(flatten)]
        config: ConfigArgs,
        /// What it allows.
        #[arg(long)]
        role: RoleArg,
        /// Whose it is.
        #[arg(long)]
        name: String,
        /// Print an object with its id, name and role as well.
        #[arg(long)]
        json: bool,
    },
}

/// What a token allows.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum RoleArg {
    /// Look.
    Viewer,
    /// Act on orders.
    Operator,
    /// Change mappings.
    Admin,
}

impl Token {
    pub(super) async fn run(self) -> CliResult {
        let Self::Create { config, role, name, json } = self;
        let config = config.load()?;
        let store = app::open_store(&config, Clock::System, true).await?;
        let role = match role {
            RoleArg::Viewer => Role::Viewer,
            RoleArg::Operator => Role::Operator,
            RoleArg::Admin => Role::Admin,
        };
        let (row, token) = new_token(&name, role, &Clock::System);
        store.create_token(&row, &keys::digest(token.as_bytes())).await?;
        store.close().await;
        say(&if json { json!({ "id": row.id, "name": row.name, "role": role.word(), "token": token }).to_string() } else { token })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A new token: 244 random bits, with a prefix that secret scanners can know it by.
pub(super) fn new_token(name: &str, role: Role, clock: &Clock) -> (TokenRow, String) {
    let mut bytes = Vec::with_capacity(32);
    for _ in 0..2 {
        bytes.extend_from_slice(uuid::Uuid::new_v4().as_bytes());
    }
    let token = format!("tb_{}", URL_SAFE_NO_PAD.encode(bytes));
    (TokenRow { id: uuid::Uuid::new_v4().to_string(), name: name.to_owned(), role, created_at: clock.now() }, token)
}
