//! `tillbridge check`: is everything there that the service needs, and what to do about what is not.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::output::{say, table};
use super::{CliResult, ConfigArgs, lists};
use crate::app;
use crate::causes::in_one_line;
use crate::clock::Clock;
use crate::config::{Config, Connection};
use crate::domain::facts::Reference;
use crate::domain::mapping::{Checked, ErpLists, Lists, Mappings};
use crate::engine::Side;
use crate::store::Store;
use crate::sweep;

/// `NetSuite` refuses signatures whose time is further off than about five minutes; half of that is worth a word.
const SKEW: Duration = Duration::from_secs(150);

/// Validates the configuration, reaches both systems, and says what to do about each problem.
#[derive(Debug, Args)]
pub(super) struct Check {
    #[command(flatten)]
    config: ConfigArgs,
    /// Look at configuration, database and mappings only.
    #[arg(long)]
    offline: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warning,
    Error,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
struct Finding {
    name: String,
    status: Status,
    detail: String,
    fix: String,
}

/// What was found so far, under a connection's name.
#[derive(Debug, Default)]
struct Findings {
    prefix: String,
    all: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, name: &str, status: Status, detail: impl Into<String>, fix: impl Into<String>) {
        self.all.push(Finding { name: format!("{}{name}", self.prefix), status, detail: detail.into(), fix: fix.into() });
    }

    fn ok(&mut self, name: &str, detail: impl Into<String>) {
        self.add(name, Status::Ok, detail, "");
    }

    fn warning(&mut self, name: &str, detail: impl Into<String>, fix: impl Into<String>) {
        self.add(name, Status::Warning, detail, fix);
    }

    fn error(&mut self, name: &str, detail: impl Into<String>, fix: impl Into<String>) {
        self.add(name, Status::Error, detail, fix);
    }
}

impl Check {
    pub(super) async fn run(self) -> CliResult {
        let mut findings = Findings::default();
        match self.config.load() {
            Err(error) => {
                for line in error.to_string().lines() {
                    findings.error("configuration", line, "mend the file or the environment variable");
                }
            }
            Ok(config) => {
                if config.connections.is_empty() {
                    findings.error("configuration", "there are no [[connections]]", "add one: see docs/CONFIGURATION.md");
                } else {
                    findings.ok("configuration", format!("{} connections", config.connections.len()));
                }
                Box::pin(self.with(&config, &mut findings)).await;
            }
        }
        let failed = findings.all.iter().any(|finding| finding.status == Status::Error);
        if self.json {
            say(&json!({ "checks": findings.all }).to_string())?;
        } else {
            let rows = findings.all.iter().map(|finding| {
                let word = match finding.status {
                    Status::Ok => "ok",
                    Status::Warning => "warning",
                    Status::Error => "ERROR",
                };
                vec![word.to_owned(), finding.name.clone(), finding.detail.clone(), finding.fix.clone()]
            });
            say(&table(&["", "CHECK", "FOUND", "WHAT TO DO"], &rows.collect::<Vec<_>>()))?;
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    async fn with(&self, config: &Config, findings: &mut Findings) {
        let store = match Store::open(&config.database.url, 1, Clock::System).await {
            Ok(store) => store,
            Err(error) => {
                let detail = in_one_line(&error);
                findings.error("database", detail, "check database.url, the folder, and that it can be written");
                return;
            }
        };
        match store.pending_migrations().await {
            Ok(0) => findings.ok("database", config.database.url.clone()),
            Ok(waiting) => {
                findings.warning("database", format!("{waiting} to be applied"), "`serve` applies them, or run: tillbridge migrate");
            }
            Err(error) => findings.error("database", in_one_line(&error), "check database.url"),
        }
        for connection in &config.connections {
            findings.prefix = format!("{}: ", connection.id);
            let mappings = mappings(&store, connection, findings).await;
            if self.offline {
                continue;
            }
            match app::side(config, connection, &store, &Clock::System) {
                Ok(side) => {
                    let netsuite = netsuite(&side, mappings.as_ref(), findings).await;
                    let x_series = x_series(&side, config, connection, findings).await;
                    if let Some(checked) = &mappings {
                        names(checked, &Lists { x_series, netsuite }, findings);
                    }
                    side.x_series.finish().await;
                }
                Err(error) => findings.error("credentials", error.to_string(), "mend the connection's auth"),
            }
        }
        store.close().await;
    }
}

/// The published mappings.
async fn mappings(store: &Store, connection: &Connection, findings: &mut Findings) -> Option<Checked> {
    let revision = match store.current_revision(&connection.id).await {
        Ok(Some(revision)) => revision,
        Ok(None) => {
            findings.warning("mappings", "none are published", "tillbridge mapping publish FILE --message …");
            return None;
        }
        Err(error) => {
            findings.warning("mappings", in_one_line(&error), "run: tillbridge migrate");
            return None;
        }
    };
    match Mappings::parse(&revision.document) {
        Ok(checked) => {
            findings.ok("mappings", format!("revision {}", revision.number));
            for warning in &checked.warnings {
                findings.warning("mappings", warning.to_string(), "tillbridge mapping check FILE");
            }
            Some(checked)
        }
        Err(issues) => {
            for issue in issues {
                findings.error("mappings", format!("revision {}: {issue}", revision.number), "mend it and publish again");
            }
            None
        }
    }
}

/// Gives what NetSuite has of the things that the mappings name.
async fn netsuite(side: &Side, checked: Option<&Checked>, findings: &mut Findings) -> Option<ErpLists> {
    match side.netsuite.ping().await {
        Err(error) => {
            findings.error(
                "NetSuite sign-in",
                error.to_string(),
                "check account_id and auth; on a sandbox refresh the M2M mapping is cleared: see docs/NETSUITE.md",
            );
            return None;
        }
        Ok(time) => {
            findings.ok("NetSuite sign-in", "the credentials work");
            if let Some(at) = time.at {
                let skew = Clock::System.now().duration_since(at).unsigned_abs();
                if skew > SKEW {
                    findings.error("clock", format!("this machine is {} s apart from NetSuite", skew.as_secs()), "set the clock (NTP)");
                } else {
                    findings.ok("clock", format!("{} s apart from NetSuite", skew.as_secs()));
                }
            }
        }
    }
    match side.netsuite.names_of("location").await {
        Ok(found) if found.is_empty() => {
            findings.warning(
                "NetSuite permissions",
                "SuiteQL shows no location",
                "a role without the permission sees nothing: docs/NETSUITE.md lists what it needs",
            );
        }
        Ok(found) => findings.ok("NetSuite permissions", format!("SuiteQL shows {} locations", found.len())),
        Err(error) => findings.error(
            "NetSuite permissions",
            error.to_string(),
            "give the role REST Web Services, SuiteAnalytics Workbook and Lists > Locations",
        ),
    }
    if let Some(field) = checked.and_then(|checked| checked.mappings.settings.sale_id_field.as_ref()) {
        match side.netsuite.sales_orders_by_field(field, "none").await {
            Ok(_) => findings.ok("NetSuite field", format!("{field} is there")),
            Err(error) => findings.error("NetSuite field", format!("{field}: {error}"), "deploy netsuite/, or set sale_id_field"),
        }
    }
    findings.warning(
        "NetSuite preferences",
        "REST does not show accounting preferences",
        "look at Advanced Shipping and at re-approval on edit: docs/NETSUITE.md says what each changes",
    );
    match lists::netsuite(&side.netsuite, checked?).await {
        Ok(lists) => Some(lists),
        Err(error) => {
            findings.error("NetSuite lists", in_one_line(&error), "docs/NETSUITE.md lists the permissions that the role needs");
            None
        }
    }
}

/// Gives what X-Series has besides sales.
async fn x_series(side: &Side, config: &Config, connection: &Connection, findings: &mut Findings) -> Option<Reference> {
    let client = &side.x_series;
    let reference = match lists::x_series(client).await {
        Ok(reference) => reference,
        Err(error) => {
            findings.error(
                "X-Series sign-in",
                error.to_string(),
                "check domain_prefix and auth; an oauth2 connection needs: tillbridge connect x-series",
            );
            return None;
        }
    };
    findings.ok("X-Series sign-in", format!("{} outlets, {} registers", reference.outlets.len(), reference.registers.len()));
    let configured = usize::try_from(connection.x_series.registers).unwrap_or(usize::MAX);
    if configured > reference.registers.len() {
        let detail = format!("x_series.registers is {configured}, X-Series has {}", reference.registers.len());
        findings.warning("X-Series budget", detail, "set the true number, or 0 to read it");
    } else {
        findings.ok("X-Series budget", format!("{configured} registers"));
    }
    webhook(side, config, connection, findings).await;
    Some(reference)
}

async fn webhook(side: &Side, config: &Config, connection: &Connection, findings: &mut Findings) {
    let Some(url) = config.server.public_url.as_ref().filter(|_| connection.x_series.webhook.subscribe) else {
        findings.warning(
            "X-Series webhook",
            "server.public_url is not set",
            "set it, or make the webhook by hand; until then the poll finds the sales",
        );
        return;
    };
    let url = sweep::webhook_url(url, side, &connection.x_series);
    match side.x_series.webhooks().await {
        Ok(hooks) => match hooks.iter().find(|hook| hook.kind == "sale.update" && hook.url == url) {
            Some(hook) if hook.active => findings.ok("X-Series webhook", "subscribed to sale.update"),
            Some(_) => findings.warning("X-Series webhook", "the subscription is turned off", "`serve` turns it on"),
            None => findings.warning("X-Series webhook", "there is no subscription yet", "`serve` makes it"),
        },
        Err(error) => findings.error("X-Series webhook", error.to_string(), "the token needs the scope webhooks"),
    }
}

/// Every name in the mappings is there, and what they do not name.
fn names(checked: &Checked, lists: &Lists, findings: &mut Findings) {
    let found = lists.compare(checked);
    for error in &found.errors {
        findings.error("mappings", error.to_string(), "mend the document, then: tillbridge mapping publish FILE --message …");
    }
    for warning in &found.warnings {
        findings.warning("mappings", warning.to_string(), "complete the document, or leave it so");
    }
    if found.errors.is_empty() && lists.x_series.is_some() && lists.netsuite.is_some() {
        findings.ok("mappings", "every name in them is there");
    }
}
