//! The outbound HTTP client. Retries and redirects are decided by the engine and stored, so the client does neither.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::runtime::{Handle, Id};

/// The client could not be built: the machine has no usable TLS roots.
#[derive(Debug, Error)]
#[error("cannot build the HTTP client")]
pub struct BuildError(#[source] reqwest::Error);

/// The clients of a runtime, by their time-out.
type Shared = (Id, Vec<(Duration, reqwest::Client)>);

static SHARED: Mutex<Option<Shared>> = Mutex::new(None);

/// A client whose requests end after `timeout`. There is one for all connections: each would read the machine's TLS roots and keep
/// them, which is most of what a connection costs. Sockets are pooled by host, and credentials go with each request.
pub fn client(timeout: Duration) -> Result<reqwest::Client, BuildError> {
    // A socket ends with the runtime that opened it, so another runtime has clients of its own.
    let Ok(runtime) = Handle::try_current().map(|handle| handle.id()) else { return build(timeout) };
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, clients) = match shared.as_mut() {
        Some(known) if known.0 == runtime => known,
        _ => shared.insert((runtime, Vec::new())),
    };
    if let Some((_, client)) = clients.iter().find(|(of, _)| *of == timeout) {
        return Ok(client.clone());
    }
    let client = build(timeout)?;
    clients.push((timeout, client.clone()));
    Ok(client)
}

fn build(timeout: Duration) -> Result<reqwest::Client, BuildError> {
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
