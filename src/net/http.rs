//! The outbound HTTP client. Retries and redirects are decided by the engine and stored, so the client does neither.

use std::time::Duration;

use reqwest::{IntoUrl, Method, Request, RequestBuilder, Response};
use thiserror::Error;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// The client could not be built: the machine has no usable TLS roots.
#[derive(Debug, Error)]
#[error("cannot build the HTTP client")]
pub struct BuildError(#[source] reqwest::Error);

/// A client whose requests end after a time. To build one is to read all certificates of the machine, so a process builds one and shares it: copies
/// are cheap, and use the same open connections.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    timeout: Duration,
}

impl Http {
    /// Builds a client whose requests end after `timeout`.
    pub fn new(timeout: Duration) -> Result<Self, BuildError> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that builds it")]
        let builder = reqwest::Client::builder();
        let client = builder
            .user_agent(concat!("tillbridge/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_mins(1))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .build()
            .map_err(BuildError)?;
        Ok(Self { client, timeout })
    }

    /// The same client, with another time for its requests.
    #[must_use]
    pub fn within(&self, timeout: Duration) -> Self {
        Self { client: self.client.clone(), timeout }
    }

    /// A request to be filled in and sent.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        self.client.request(method, url).timeout(self.timeout)
    }

    /// A `GET`.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// A `POST`.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// Sends a request that was made by [`Http::request`].
    pub async fn execute(&self, request: Request) -> Result<Response, reqwest::Error> {
        self.client.execute(request).await
    }
}
