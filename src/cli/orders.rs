//! `tillbridge orders` and `tillbridge order`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::CliResult;
use super::api::{ApiArgs, segment};
use super::output::{say, table};

/// Lists orders, newest first.
#[derive(Debug, Args)]
pub(super) struct Orders {
    /// Only those in this state: due, working, waiting, held or settled.
    #[arg(long, value_parser = ["due", "working", "waiting", "held", "settled"])]
    state: Option<String>,
    /// Only those with this verdict: synced, waiting, ignored, held or failed.
    #[arg(long, value_parser = ["synced", "waiting", "ignored", "held", "failed"])]
    verdict: Option<String>,
    /// Only those with this reason.
    #[arg(long)]
    reason: Option<String>,
    /// Only those whose ids or numbers hold this text.
    #[arg(long, short)]
    query: Option<String>,
    /// Only those of this connection.
    #[arg(long)]
    connection: Option<String>,
    /// How many at the most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiArgs,
}

/// Shows one order or acts on it. Any id or number of either side finds it.
#[derive(Debug, Subcommand)]
pub(super) enum Order {
    /// Shows the order and why it is as it is.
    Show(One),
    /// Tries it now, with the attempts counted afresh.
    Retry(One),
    /// Lets a held order go on.
    Release(One),
    /// Lets its pending events go.
    Skip(One),
    /// Decides on its sales order now.
    Send(One),
}

/// One order.
#[derive(Debug, Args)]
pub(super) struct One {
    /// Our id, or any id or number of either side.
    id: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    api: ApiArgs,
}

impl Orders {
    pub(super) async fn run(self) -> CliResult {
        let api = self.api.client()?;
        let filters =
            [("state", self.state), ("verdict", self.verdict), ("reason", self.reason), ("q", self.query), ("connection", self.connection)];
        let filters = filters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect::<Vec<_>>();
        let mut items = Vec::new();
        let mut cursor = None;
        while items.len() < self.limit {
            let mut query = filters.clone();
            query.push(("limit", (self.limit - items.len()).min(200).to_string()));
            query.extend(cursor.map(|cursor| ("cursor", cursor)));
            let page = api.get("/v1/orders", &query).await?;
            items.extend(page["items"].as_array().into_iter().flatten().cloned());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        if self.json {
            say(&json!({ "items": items, "next_cursor": cursor }).to_string())?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows = items.iter().map(row).collect::<Vec<_>>();
        say(&table(&["SALES ORDER", "SALE", "STATUS", "STATE", "VERDICT", "REASON", "CHANGED"], &rows))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Order {
    pub(super) async fn run(self) -> CliResult {
        let (one, action) = match self {
            Self::Show(one) => (one, None),
            Self::Retry(one) => (one, Some("retry")),
            Self::Release(one) => (one, Some("release")),
            Self::Skip(one) => (one, Some("skip")),
            Self::Send(one) => (one, Some("send")),
        };
        let api = one.api.client()?;
        let path = format!("/v1/orders/{}", segment(&one.id));
        let answer = match action {
            None => api.get(&format!("{path}/explanation"), &[]).await?,
            Some(action) => api.post(&format!("{path}/{action}"), &json!({})).await?,
        };
        if let Some(several) = answer["items"].as_array() {
            let rows = several.iter().map(|order| std::iter::once(text(&order["id"])).chain(row(order)).collect()).collect::<Vec<_>>();
            say(&table(&["ID", "SALES ORDER", "SALE", "STATUS", "STATE", "VERDICT", "REASON", "CHANGED"], &rows))?;
            super::output::complain(&format!("'{}' finds several orders: name one by its id", one.id));
            return Ok(ExitCode::FAILURE);
        }
        if one.json {
            say(&answer.to_string())?;
        } else if action.is_some() {
            say(&format!("{}: {}", text(&answer["id"]), text(&answer["state"])))?;
        } else {
            explain(&answer)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Tells an order's story.
fn explain(answer: &Value) -> std::io::Result<()> {
    let order = if answer["order"].is_object() { &answer["order"] } else { answer };
    let field = |name: &str, value: String| say(&format!("{name:<12}{value}"));
    field("order", text(&order["id"]))?;
    field("connection", text(&order["connection"]))?;
    field(
        "sales order",
        format!("{} ({}) {}", text(&order["netsuite"]["number"]), text(&order["netsuite"]["id"]), text(&order["netsuite"]["status"])),
    )?;
    field(
        "sale",
        format!("{} ({}) {}", text(&order["x_series"]["number"]), text(&order["x_series"]["id"]), text(&order["x_series"]["status"])),
    )?;
    field("state", text(&order["state"]))?;
    field("verdict", format!("{} ({})", text(&order["verdict"]), text(&order["reason"])))?;
    field("because", text(&order["detail"]))?;
    for line in answer["summary"].as_array().into_iter().flatten() {
        say(&format!("  {}", text(line)))?;
    }
    for pass in answer["passes"].as_array().into_iter().flatten() {
        say(&format!("\n{}  {} ({})", text(&pass["at"]), text(&pass["verdict"]), text(&pass["reason"])))?;
        let told = &pass["explanation"];
        for mapping in told["mappings"].as_array().into_iter().flatten() {
            say(&format!("  mapping '{}': {}", text(&mapping["name"]), if mapping["held"] == true { "holds" } else { "does not hold" }))?;
            for seen in mapping["seen"].as_array().into_iter().flatten() {
                say(&format!("    {} was {}", text(&seen["text"]), text(&seen["value"])))?;
            }
        }
        for line in ["steps", "notes"].iter().flat_map(|key| told[*key].as_array().into_iter().flatten()) {
            say(&format!("  {}", text(line)))?;
        }
    }
    Ok(())
}

fn row(order: &Value) -> Vec<String> {
    ["/netsuite/number", "/x_series/number", "/x_series/status", "/state", "/verdict", "/reason", "/updated_at"]
        .iter()
        .map(|path| text(order.pointer(path).unwrap_or(&Value::Null)))
        .collect()
}

/// A value for people; a dash for none.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
