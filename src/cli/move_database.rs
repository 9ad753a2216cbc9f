//! `tillbridge move`

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::output::{complain, say, table};
use super::{CliError, CliResult};
use crate::clock::Clock;
use crate::config::{self, environment};
use crate::store::{Move, MovedTable, Store};

/// Moves everything from one database to another, such as from a file to Postgres, and compares both.
#[derive(Debug, Args)]
pub(super) struct MoveDatabase {
    /// The database that is moved; `env:NAME` and `file:PATH` keep its password out of the process list.
    #[arg(long, value_name = "URL")]
    from: String,
    /// The database that it moves to: migrated and empty. The same command again goes on with a move that was cut off.
    #[arg(long, value_name = "URL")]
    to: String,
    /// Move although a server seems to work on one of them.
    #[arg(long)]
    force: bool,
    /// Print an object.
    #[arg(long)]
    json: bool,
}

impl MoveDatabase {
    pub(super) async fn run(self) -> CliResult {
        let (from, to) = (url("--from", &self.from)?, url("--to", &self.to)?);
        if from == to {
            return Err(CliError::Say("--from and --to are the same database".to_owned()));
        }
        let from = Store::open(&from, 2, Clock::System).await?;
        let to = Store::open(&to, 2, Clock::System).await?;
        let work = Move { source: from.shown().to_owned(), force: self.force };
        let moved = Box::pin(work.run(&from, &to, |_| {})).await?;
        let same = moved.iter().all(|table| table.same);
        if self.json {
            say(&json!({ "from": from.shown(), "to": to.shown(), "same": same, "tables": moved }).to_string())?;
        } else {
            say(&table(&["table", "rows", "copied now", "digest", ""], &moved.iter().map(cells).collect::<Vec<_>>()))?;
        }
        from.close().await;
        to.close().await;
        if same {
            return Ok(ExitCode::SUCCESS);
        }
        complain("the databases differ: something wrote to one of them meanwhile; stop it, make the target anew and move again");
        Ok(ExitCode::FAILURE)
    }
}

fn url(argument: &str, text: &str) -> Result<String, CliError> {
    config::secret(text, Path::new("."), &environment()).map_err(|what| CliError::Say(format!("{argument} {what}")))
}

fn cells(moved: &MovedTable) -> Vec<String> {
    let digest = moved.digest.get(..16).unwrap_or_default().to_owned();
    let verdict = if moved.same { "the same" } else { "DIFFERS" };
    vec![moved.table.to_owned(), moved.rows.to_string(), moved.copied.to_string(), digest, verdict.to_owned()]
}
