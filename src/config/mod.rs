//! The typed configuration. `config.default.toml` documents every key and is compiled in as the defaults.
//!
//! Three layers lie over each other: the defaults, a file, and `TILLBRIDGE__SECTION__KEY` environment variables. They are merged as a
//! tree that remembers where each value was written (`tree`), then read into the typed [`sections`] by a `reader` that notes
//! every problem with its place, so that one start shows all that is to be mended.

mod connections;
mod environment;
mod problem;
mod read;
mod reader;
pub mod sections;
mod tree;
mod values;

use std::cell::RefCell;
use std::io::ErrorKind;
use std::path::Path;

pub use environment::environment;
pub use problem::{ConfigError, Place, Problem, Problems};
pub use sections::*;

/// Every key with its default, and a comment for each.
pub const DEFAULTS: &str = include_str!("../../config.default.toml");

/// The file that is read when none is named.
pub const FILE: &str = "tillbridge.toml";

/// A secret's text: itself, from `env:NAME`, or from `file:PATH`, which starts from `folder`. The error never shows the text.
pub fn secret(text: &str, folder: &Path, environment: &Environment) -> Result<String, String> {
    values::resolve(text, environment, folder)
}

impl Config {
    /// Reads the configuration: the defaults, then the file, then the environment.
    ///
    /// A file that is named must be there; without a name, `tillbridge.toml` in the working directory is read if it is there.
    pub fn load(path: Option<&Path>, environment: &Environment) -> Result<Self, ConfigError> {
        let file = path.unwrap_or(Path::new(FILE));
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if path.is_none() && error.kind() == ErrorKind::NotFound => String::new(),
            Err(source) => return Err(ConfigError::Read { path: file.to_owned(), source }),
        };
        Self::parse(&text, file, environment)
    }

    /// Reads the configuration from a file's text; `file` names it in problems, and its folder is where `file:PATH` starts from.
    pub fn parse(text: &str, file: &Path, environment: &Environment) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut root = layer("config.default.toml", DEFAULTS)?;
        root.overlay(layer(&file.display().to_string(), text)?);
        environment::overlay(&mut root, environment, &mut problems);

        let folder = file.parent().unwrap_or(Path::new(""));
        let context = reader::Context { environment, folder, problems: RefCell::new(problems) };
        let config = reader::Reader::read(&root, &context, read::config);
        match (Problems::new(context.problems.into_inner()), config) {
            (None, Some(config)) => Ok(config),
            (Some(problems), _) => Err(ConfigError::Invalid(problems)),
            (None, None) => Err(ConfigError::Unexplained),
        }
    }

    /// Fails where there is nothing to connect.
    pub fn require_connections(&self) -> Result<(), ConfigError> {
        if self.connections.is_empty() { Err(ConfigError::NoConnections) } else { Ok(()) }
    }

    /// What can be used and is likely not meant, one line each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let lease = self.worker.lease;
        for (key, duration) in [("server.drain", self.server.drain), ("net.netsuite_timeout", self.net.netsuite_timeout)] {
            if lease <= duration {
                let (lease, duration) = (values::in_words(lease), values::in_words(duration));
                warnings.push(format!(
                    "worker.lease ({lease}) is not longer than {key} ({duration}): an order may move to another worker before its call ends"
                ));
            }
        }
        for connection in &self.connections {
            let secrets = &connection.netsuite.webhook_secrets;
            if secrets.is_empty() {
                warnings.push(format!("connection {}: no netsuite.webhook_secrets, so NetSuite callbacks are refused", connection.id));
            }
            if secrets.iter().filter_map(|secret| values::webhook_key(secret.expose())).any(|key| key.len() < 16) {
                warnings.push(format!("connection {}: a secret in netsuite.webhook_secrets has fewer than 16 bytes", connection.id));
            }
        }
        warnings
    }
}

fn layer(name: &str, text: &str) -> Result<tree::Node, ConfigError> {
    tree::parse(name, text).map_err(|found| Problems::new(found).map_or(ConfigError::Unexplained, ConfigError::Invalid))
}

#[cfg(test)]
mod tests;
