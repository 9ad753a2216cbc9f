//! The typed configuration. `config.default.toml` documents every key and is compiled in as the defaults.

pub mod sections;

pub use sections::*;
