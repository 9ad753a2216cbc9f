//! Log lines go to standard error, so that standard output holds results only.

use std::io::IsTerminal;

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{fmt, registry};

use super::CliError;
use crate::config::{Log, LogFormat};

/// Starts logging, once for the process.
pub(super) fn start(log: &Log) -> Result<(), CliError> {
    let filter: Targets = log.filter.parse().map_err(|error| CliError::Say(format!("log.filter: {error}")))?;
    // Colours are for eyes: in a file or a journal they are noise.
    let colours = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours).with_target(false);
    let started = match log.format {
        LogFormat::Text => registry().with(lines).with(filter).try_init(),
        LogFormat::Json => registry().with(lines.json().flatten_event(true)).with(filter).try_init(),
    };
    started.map_err(|error| CliError::Say(format!("cannot start logging: {error}")))
}
