//! `tillbridge replay`

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::CliResult;
use super::api::{ApiArgs, segment};
use super::orders::text;
use super::output::{complain, say, table};

/// Handles orders again. Both sides are read afresh, so nothing stale is sent; twice changes nothing more.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// Orders, by our id or any id or number of either side.
    orders: Vec<String>,
    /// The orders of these events.
    #[arg(long)]
    event: Vec<String>,
    /// All orders in this state.
    #[arg(long, value_parser = ["due", "working", "waiting", "held", "settled"])]
    state: Option<String>,
    /// All orders with this verdict.
    #[arg(long, value_parser = ["synced", "waiting", "ignored", "held", "failed"])]
    verdict: Option<String>,
    /// All orders with this reason.
    #[arg(long)]
    reason: Option<String>,
    /// All orders that changed at or after this time (RFC 3339).
    #[arg(long)]
    from: Option<String>,
    /// All orders that changed before this time (RFC 3339).
    #[arg(long)]
    to: Option<String>,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiArgs,
}

impl Replay {
    pub(super) async fn run(self) -> CliResult {
        let filters = [("state", self.state), ("verdict", self.verdict), ("reason", self.reason), ("from", self.from), ("to", self.to)];
        let filter =
            filters.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))).collect::<serde_json::Map<_, _>>();
        let mut body = json!({ "orders": self.orders, "events": self.event, "dry_run": self.dry_run });
        if !filter.is_empty() {
            body["filter"] = filter.into();
        }
        let api = self.api.client()?;
        let mut replay = api.post("/v1/replays", &body).await?;
        while replay["state"] == "running" {
            if !self.json {
                complain(&format!("{} of {} orders", replay["done"], replay["total"]));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            replay = api.get(&format!("/v1/replays/{}", segment(&text(&replay["id"]))), &[]).await?;
        }
        if self.json {
            say(&replay.to_string())?;
            return Ok(ExitCode::SUCCESS);
        }
        let changes = replay["changes"].as_array().cloned().unwrap_or_default();
        let rows = changes.iter().map(|change| {
            vec![
                text(&change["order"]),
                text(&change["state"]),
                text(&change["verdict"]),
                text(&change[if self.dry_run { "would" } else { "did" }]),
            ]
        });
        say(&table(&["ORDER", "STATE", "VERDICT", if self.dry_run { "WOULD" } else { "DONE" }], &rows.collect::<Vec<_>>()))?;
        say(&format!(
            "{} of {} orders {}",
            replay["done"],
            replay["total"],
            if self.dry_run { "looked at, nothing changed" } else { "made due" }
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}
