//! `tillbridge mapping`: the document that NetSuite administrators change, published as numbered revisions.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::output::{complain, say, table};
use super::{CliError, CliResult, ConfigArgs, connection, lists};
use crate::app;
use crate::clock::Clock;
use crate::domain::expression::{facts_catalogue, functions_catalogue};
use crate::domain::mapping::{Checked, Found, Issue, Mappings};

/// Validates, publishes and reverts mappings.
#[derive(Debug, Subcommand)]
pub(super) enum Mapping {
    /// Validates a mappings file, and holds it against what both systems have; every problem with its place.
    Check {
        /// The file.
        #[arg(required_unless_present = "facts")]
        file: Option<PathBuf>,
        /// Look at the document only.
        #[arg(long)]
        offline: bool,
        /// The connection whose systems are asked, where there are several.
        #[arg(long, conflicts_with = "offline")]
        connection: Option<String>,
        /// List every fact and function that a condition can use.
        #[arg(long)]
        facts: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Publishes a mappings file as the next revision; a running server takes it up within two seconds.
    Publish {
        /// The file.
        file: PathBuf,
        /// Why, for the history.
        #[arg(long)]
        message: String,
        /// The connection, where there are several.
        #[arg(long)]
        connection: Option<String>,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Lists the published revisions.
    History {
        /// The connection, where there are several.
        #[arg(long)]
        connection: Option<String>,
        /// Print JSON, documents included.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Publishes an earlier revision again, as the next one.
    Revert {
        /// The revision to go back to.
        revision: i64,
        /// The connection, where there are several.
        #[arg(long)]
        connection: Option<String>,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

impl Mapping {
    pub(super) async fn run(self) -> CliResult {
        match self {
            Self::Check { facts: true, json, .. } => facts(json),
            Self::Check { file, offline, connection, json, config, .. } => {
                let asked = (!offline).then_some((connection.as_deref(), &config));
                // The command line insists on the file where the facts are not asked for.
                check(&file.unwrap_or_default(), asked, json).await
            }
            Self::Publish { file, message, connection, config } => publish(&file, &message, connection.as_deref(), &config).await,
            Self::History { connection, json, config } => history(connection.as_deref(), json, &config).await,
            Self::Revert { revision, connection, config } => revert(revision, connection.as_deref(), &config).await,
        }
    }
}

fn read(file: &Path) -> Result<String, CliError> {
    std::fs::read_to_string(file).map_err(|source| CliError::Read { path: file.display().to_string(), source })
}

/// `asked` names the connection whose systems are asked; none looks at the document only.
async fn check(file: &Path, asked: Option<(Option<&str>, &ConfigArgs)>, json: bool) -> CliResult {
    let document = read(file)?;
    let Found { errors, warnings, notes } = match (Mappings::parse(&document), asked) {
        (Err(errors), _) => Found { errors, ..Found::default() },
        (Ok(checked), None) => Found { errors: Vec::new(), warnings: checked.warnings, notes: checked.notes },
        (Ok(checked), Some((name, config))) => Box::pin(with_both_systems(checked, name, config)).await?,
    };
    if json {
        say(&json!({ "errors": errors, "warnings": warnings, "notes": notes }).to_string())?;
    } else {
        tell(file, &errors, "");
        tell(file, &warnings, "warning: ");
        tell(file, &notes, "note: ");
        if errors.is_empty() {
            say(&match warnings.len() {
                0 => format!("{}: no problems", file.display()),
                1 => format!("{}: 1 warning", file.display()),
                more => format!("{}: {more} warnings", file.display()),
            })?;
        }
    }
    Ok(if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The document's own findings, and those of both systems as far as they can be read.
async fn with_both_systems(checked: Checked, name: Option<&str>, config: &ConfigArgs) -> Result<Found, CliError> {
    let mut found = Found { errors: Vec::new(), warnings: checked.warnings.clone(), notes: checked.notes.clone() };
    let unread = match ask(&checked, name, config).await {
        Ok((asked, unread)) => {
            found.errors.extend(asked.errors);
            found.warnings.extend(asked.warnings);
            found.notes.extend(asked.notes);
            unread
        }
        // What was asked for by name has to be there.
        Err(error) if name.is_some() || config.config.is_some() => return Err(error),
        Err(error) => vec![format!("the systems ({error})")],
    };
    if !unread.is_empty() {
        let message = format!("the names in it were not held against {}", unread.join(" and "));
        let suggestion = Some("--offline looks at the document only".to_owned());
        found.warnings.insert(0, Issue { line: 1, column: 1, message, suggestion });
    }
    Ok(found)
}

async fn ask(checked: &Checked, name: Option<&str>, config: &ConfigArgs) -> Result<(Found, Vec<String>), CliError> {
    let config = config.load()?;
    let connection = connection(&config, name)?;
    let (lists, unread) = lists::of_connection(&config, connection, checked).await?;
    Ok((lists.compare(checked), unread))
}

fn tell(file: &Path, issues: &[Issue], word: &str) {
    for issue in issues {
        complain(&format!("{}: {word}{issue}", file.display()));
    }
}

fn facts(json: bool) -> CliResult {
    let (facts, functions) = (facts_catalogue(), functions_catalogue());
    if json {
        say(&json!({ "facts": facts, "functions": functions }).to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = facts.iter().map(|fact| vec![fact.name.to_owned(), fact.kind.to_owned(), fact.doc.to_owned()]).collect::<Vec<_>>();
    say(&table(&["FACT", "TYPE", "WHAT IT IS"], &rows))?;
    let rows = functions.iter().map(|function| vec![function.form.to_owned(), function.doc.to_owned()]).collect::<Vec<_>>();
    say(&format!("\n{}", table(&["FUNCTION", "WHAT IT DOES"], &rows)))?;
    Ok(ExitCode::SUCCESS)
}

async fn publish(file: &Path, message: &str, name: Option<&str>, config: &ConfigArgs) -> CliResult {
    let document = read(file)?;
    let checked = match Mappings::parse(&document) {
        Ok(checked) => checked,
        Err(errors) => {
            tell(file, &errors, "");
            return Ok(ExitCode::FAILURE);
        }
    };
    tell(file, &checked.warnings, "warning: ");
    tell(file, &checked.notes, "note: ");
    let config = config.load()?;
    let connection = connection(&config, name)?;
    let store = app::open_store(&config, Clock::System, true).await?;
    let revision = store.publish(&connection.id, &document, message, &author()).await?;
    store.close().await;
    say(&format!("revision {} of {} is in force", revision.number, connection.id))?;
    Ok(ExitCode::SUCCESS)
}

async fn history(name: Option<&str>, json: bool, config: &ConfigArgs) -> CliResult {
    let config = config.load()?;
    let connection = connection(&config, name)?;
    let store = app::open_store(&config, Clock::System, true).await?;
    let revisions = store.revisions(&connection.id).await?;
    store.close().await;
    if json {
        let list = revisions.iter().map(|revision| {
            json!({ "revision": revision.number, "at": revision.at.to_string(), "author": revision.author, "message": revision.message, "document": revision.document })
        });
        say(&json!({ "items": list.collect::<Vec<_>>() }).to_string())?;
    } else if revisions.is_empty() {
        say("nothing is published yet")?;
    } else {
        let rows = revisions
            .iter()
            .map(|revision| vec![revision.number.to_string(), revision.at.to_string(), revision.author.clone(), revision.message.clone()]);
        say(&table(&["REVISION", "WHEN", "WHO", "WHY"], &rows.collect::<Vec<_>>()))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn revert(number: i64, name: Option<&str>, config: &ConfigArgs) -> CliResult {
    let config = config.load()?;
    let connection = connection(&config, name)?;
    let store = app::open_store(&config, Clock::System, true).await?;
    let Some(old) = store.revision(&connection.id, number).await? else {
        store.close().await;
        return Err(CliError::Say(format!("{} has no revision {number}: see `tillbridge mapping history`", connection.id)));
    };
    if let Err(errors) = Mappings::parse(&old.document) {
        store.close().await;
        // There is one at least.
        let first = errors.first().map(ToString::to_string).unwrap_or_default();
        return Err(CliError::Say(format!("revision {number} does not pass this version's checks: {first}")));
    }
    let revision = store.publish(&connection.id, &old.document, &format!("back to revision {number}"), &author()).await?;
    store.close().await;
    say(&format!("revision {} of {} is in force: the same as revision {number}", revision.number, connection.id))?;
    Ok(ExitCode::SUCCESS)
}

/// Who published from a terminal.
fn author() -> String {
    let names = crate::config::environment();
    names.get("USER").or_else(|| names.get("LOGNAME")).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| "command line".to_owned())
}
