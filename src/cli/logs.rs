//! Log lines go to standard error, so that standard output holds results only.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::CliError;
use crate::config::{Log, LogFormat};

/// Starts logging, once for the process.
pub(super) fn start(log: &Log) -> Result<(), CliError> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| CliError::Say(format!("log.filter: {error}")))?;
    // Colours are for eyes: in a file or a journal they are noise.
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).with_target(false);
    let started = match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| CliError::Say(format!("cannot start logging: {error}")))
}
