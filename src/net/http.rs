//! The outbound HTTP client. Retries and redirects are decided by the engine and stored, so the client does neither.

use std::time::Duration;

use thiserror::Error;

/// The client could not be built: the machine has no usable TLS roots.
#[derive(Debug, Error)]
#[error("cannot build the HTTP client")]
pub struct BuildError(#[source] reqwest::Error);

/// Builds a client whose requests end after `timeout`.
pub fn client(timeout: Duration) -> Result<reqwest::Client, BuildError> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that builds it")]
    let builder = reqwest::Client::builder();
    builder
        .user_agent(concat!("tillbridge/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10).min(timeout))
        .timeout(timeout)
        .pool_idle_timeout(Duration::from_mins(1))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .build()
        .map_err(BuildError)
}
