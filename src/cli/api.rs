//! The HTTP API as the operators' commands use it.

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use thiserror::Error;

use super::{CliError, ConfigArgs};
use crate::causes::in_one_line;
use crate::net;

/// How to reach the server.
#[derive(Debug, Clone, Args)]
pub(super) struct ApiArgs {
    /// The server's address; the configured one when left out.
    #[arg(long, env = "TILLBRIDGE_URL")]
    url: Option<String>,
    /// A bearer token: `tillbridge token create` makes one.
    #[arg(long, env = "TILLBRIDGE_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

/// A request to the server did not succeed.
#[derive(Debug, Error)]
pub(super) enum ApiError {
    /// It did not answer.
    #[error("cannot reach {url}: {detail}. Is the server running there? --url names another address.")]
    Unreachable { url: String, detail: String },
    /// It refused.
    #[error("{title}: {detail}")]
    Refused { title: String, detail: String },
    /// It answered something else than JSON.
    #[error("{url} answered something that is not Tillbridge's: is the address right?")]
    NotOurs { url: String },
}

/// A client of the server.
#[derive(Debug)]
pub(super) struct Api {
    http: net::http::Http,
    url: String,
    token: Option<String>,
}

impl ApiArgs {
    pub(super) fn client(&self) -> Result<Api, CliError> {
        let url = match &self.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.config.load()?.server.listen.replace("0.0.0.0", "127.0.0.1")),
        };
        let http = net::http::Http::new(Duration::from_secs(30)).map_err(|error| CliError::Say(error.to_string()))?;
        Ok(Api { http, url, token: self.token.clone() })
    }
}

impl Api {
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, ApiError> {
        self.send(self.http.get(format!("{}{path}", self.url)).query(query)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, ApiError> {
        self.send(self.http.post(format!("{}{path}", self.url)).json(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, ApiError> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let unreachable =
            |error: reqwest::Error| ApiError::Unreachable { url: self.url.clone(), detail: in_one_line(&error.without_url()) };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let text = answer.text().await.map_err(unreachable)?;
        let body = serde_json::from_str::<Value>(&text);
        if status.is_success()
            || status.as_u16() == 300
            || status.as_u16() == 503 && body.as_ref().is_ok_and(|body| body.get("title").is_none())
        {
            return body.map_err(|_error| ApiError::NotOurs { url: self.url.clone() });
        }
        // An error that is not ours has no such members; its status says enough.
        let body = body.unwrap_or_default();
        let text = |key: &str| body[key].as_str().map(str::to_owned);
        let title = text("title").unwrap_or_else(|| format!("{} answered {status}", self.url));
        let action = text("action").map(|action| format!(" {action}")).unwrap_or_default();
        Err(ApiError::Refused { title, detail: format!("{}{action}", text("detail").unwrap_or_default()) })
    }
}

/// An id as a path segment.
pub(super) fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}
