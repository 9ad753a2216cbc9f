//! The client: signs requests, passes them through the gate, and turns answers into values or classified errors. The
//! operations are in the files beside it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use reqwest::Url;
use serde_json::Value;

use super::auth::{Auth, Bearer, TokenStore};
use super::error::XSeriesError;
use super::oauth::{Application, OAuth};
use super::words;
use crate::clock::{self, Clock};
use crate::config;
use crate::domain::ids::ConnectionId;
use crate::metrics;
use crate::net::gate::{Gate, Limits, Signal};
use crate::net::http::Http;
use crate::net::retry_after;

/// Requests at once. X-Series counts requests in a window and names no limit of this kind; this one keeps us polite.
const CONCURRENCY: usize = 8;
/// The window that requests are counted in.
const WINDOW: Duration = Duration::from_mins(5);
/// The wait where "too many requests" does not say for how long.
const THROTTLED: Duration = Duration::from_secs(30);
/// What the integration asks a retailer for. Costs are not part of `products:read`.
const SCOPES: &str = "sales:read sales:write customers:read customers:write products:read inventory:read outlets:read registers:read \
     payment_types:read taxes:read users:read retailer:read fulfillments:read fulfillments:write custom_fields:read custom_fields:write \
     serial_numbers:read gift_cards:read webhooks";
/// Where people agree to it.
const AUTHORIZE: &str = "https://secure.retail.lightspeed.app/connect";

/// A retailer's API. Cheap to clone; all clones share the budget and the tokens.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    connection: ConnectionId,
    base: Url,
    api_version: String,
    registers: u32,
    http: Http,
    auth: Auth,
    gate: Gate,
    clock: Clock,
}

/// One request.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// What it is for, to be read after "asked to".
    pub operation: &'static str,
    pub method: Method,
    /// The path behind `/api/{version}`.
    pub path: &'a [&'a str],
    pub query: &'a [(&'a str, String)],
    pub body: Option<&'a Value>,
}

impl<'a> Call<'a> {
    pub fn get(operation: &'static str, path: &'a [&'a str], query: &'a [(&'a str, String)]) -> Self {
        Self { operation, method: Method::GET, path, query, body: None }
    }

    pub fn write(operation: &'static str, method: Method, path: &'a [&'a str], body: &'a Value) -> Self {
        Self { operation, method, path, query: &[], body: Some(body) }
    }
}

/// What came back, whole.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

/// Requests in a window: 300 for each register, and 50.
fn budget(registers: u32) -> u32 {
    registers.max(1).saturating_mul(300).saturating_add(50)
}

impl Client {
    /// A client for one connection. `tokens` keeps its OAuth tokens; a personal token needs none.
    pub fn new(
        connection: &ConnectionId,
        config: &config::XSeries,
        net: &config::Net,
        tokens: Option<Arc<dyn TokenStore>>,
        http: &Http,
        clock: Clock,
    ) -> Result<Self, XSeriesError> {
        let http = http.within(net.x_series_timeout);
        let base = base(config)?;
        let auth = match &config.auth {
            config::XSeriesAuth::PersonalToken { token } => Auth::Personal(token.clone()),
            config::XSeriesAuth::OAuth2 { client_id, client_secret } => {
                let store = tokens.ok_or_else(|| settings("auth is oauth2, and there is no database to keep its tokens in"))?;
                let application = Application {
                    connection: connection.to_string(),
                    client_id: client_id.clone(),
                    client_secret: client_secret.clone(),
                    token_url: address(&base, &["api", "1.0", "token"])?,
                    domain_prefix: config.base_url.is_none().then(|| config.domain_prefix.clone()),
                };
                Auth::OAuth(OAuth::new(application, http.clone(), store, clock.clone()))
            }
        };
        let window = Some((budget(config.registers), WINDOW));
        let gate = Gate::new(Limits { concurrency: CONCURRENCY, window, permit_wait: net.permit_wait }, clock.clone());
        let (connection, api_version, registers) = (connection.clone(), config.api_version.clone(), config.registers);
        Ok(Self { inner: Arc::new(Inner { connection, base, api_version, registers, http, auth, gate, clock }) })
    }

    /// The gate that keeps the retailer's budget.
    pub fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// Reads how many registers there are, where the configuration leaves that to the API, and sizes the gate's window by
    /// them. Returns the window's size in that case.
    pub async fn read_budget(&self) -> Result<Option<u32>, XSeriesError> {
        if self.inner.registers > 0 {
            return Ok(None);
        }
        let registers = u32::try_from(self.registers().await?.len()).unwrap_or(u32::MAX);
        let limit = budget(registers);
        self.inner.gate.resize(limit);
        Ok(Some(limit))
    }

    /// Where a person agrees to the connection in a browser. `state` comes back with the code; X-Series wants at least 8
    /// characters of it.
    pub fn authorize_url(&self, state: &str, redirect_uri: &str) -> Result<String, XSeriesError> {
        let query = [
            ("response_type", "code"),
            ("client_id", self.oauth()?.client_id()),
            ("redirect_uri", redirect_uri),
            ("state", state),
            ("scope", SCOPES),
        ];
        let url = Url::parse_with_params(AUTHORIZE, query).map_err(|error| settings(&error.to_string()))?;
        Ok(url.into())
    }

    /// Trades the code that the browser brought back for the first tokens, and commits them. `redirect_uri` is the one that
    /// the code was asked for with, to the letter.
    pub async fn exchange_code(&self, code: &str, redirect_uri: &str) -> Result<(), XSeriesError> {
        self.oauth()?.exchange(code, redirect_uri).await
    }

    /// Ends when no renewal of tokens is under way: for a shut-down, as a renewal that is cut off loses the connection.
    pub async fn finish(&self) {
        if let Auth::OAuth(oauth) = &self.inner.auth {
            oauth.finish().await;
        }
    }

    fn oauth(&self) -> Result<&OAuth, XSeriesError> {
        match &self.inner.auth {
            Auth::OAuth(oauth) => Ok(oauth),
            Auth::Personal(_) => Err(settings("auth is a personal token, which is not connected by a browser")),
        }
    }

    /// Sends a request and reads its answer; nothing (an empty body) is null. A token that is refused is replaced once.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Value, XSeriesError> {
        let bearer = self.inner.auth.bearer().await?;
        let mut answer = self.send(&call, &bearer).await?;
        if answer.status == 401
            && let Some(other) = self.inner.auth.after_refusal(&bearer).await?
        {
            answer = self.send(&call, &other).await?;
        }
        if answer.status == 401 {
            self.inner.gate.report(Signal::Unauthorised);
        }
        self.read(call.operation, &answer)
    }

    /// As [`Self::call`]; none where nothing is there (404).
    pub(super) async fn find(&self, call: Call<'_>) -> Result<Option<Value>, XSeriesError> {
        match self.call(call).await {
            Err(XSeriesError::Status { status: 404, .. }) => Ok(None),
            answer => answer.map(Some),
        }
    }

    async fn send(&self, call: &Call<'_>, bearer: &Bearer) -> Result<Answer, XSeriesError> {
        let inner = &self.inner;
        let operation = call.operation;
        let path: Vec<&str> = ["api", inner.api_version.as_str()].iter().chain(call.path).copied().collect();
        let mut request = inner.http.request(call.method.clone(), address(&inner.base, &path)?).bearer_auth(bearer.token.expose());
        request = request.header(http::header::ACCEPT, "application/json");
        if !call.query.is_empty() {
            request = request.query(call.query);
        }
        if let Some(body) = call.body {
            request = request.json(body);
        }
        let request = request.build().map_err(|error| XSeriesError::Unwritable { operation, source: error.without_url() })?;

        let pass = inner.gate.enter().await.map_err(|not_now| XSeriesError::NoBudget { until: not_now.until })?;
        let sent_at = inner.clock.now();
        let answer = match inner.http.execute(request).await {
            Ok(response) => whole(response).await,
            Err(error) => Err(error),
        };
        let took = inner.clock.now().duration_since(sent_at);
        let duration_ms = took.as_millis();
        let status = answer.as_ref().ok().map(|answer| answer.status);
        metrics::remote_request(inner.connection.as_str(), "x_series", status, took.unsigned_abs());
        match answer {
            Ok(answer) => {
                inner.gate.report(self.signal(&answer));
                let status = answer.status;
                tracing::debug!(connection = %inner.connection, x_series.status = status, duration_ms, "asked X-Series to {operation}");
                pass.give_back().await;
                Ok(answer)
            }
            Err(error) => {
                inner.gate.report(Signal::Broken);
                tracing::debug!(connection = %inner.connection, duration_ms, "no answer from X-Series when asked to {operation}");
                let (connect, source) = (error.is_connect(), error.without_url());
                Err(if connect { XSeriesError::Connect { operation, source } } else { XSeriesError::Cut { operation, source } })
            }
        }
    }

    fn signal(&self, answer: &Answer) -> Signal {
        let header = |name: &str| answer.headers.get(name)?.to_str().ok()?.trim().parse().ok();
        match answer.status {
            429 => Signal::TooMany { retry_after: Some(self.wait(answer).unwrap_or(THROTTLED)) },
            500.. => Signal::Broken,
            _ => Signal::Answered { limit: header("x-ratelimit-limit"), remaining: header("x-ratelimit-remaining") },
        }
    }

    /// What the answer asks us to wait: its header, or its body as older endpoints have it.
    fn wait(&self, answer: &Answer) -> Option<Duration> {
        let now = self.inner.clock.now();
        let header = || retry_after::parse(answer.headers.get(http::header::RETRY_AFTER)?.to_str().ok()?, now);
        let body = || {
            let body: Value = serde_json::from_slice(&answer.body).ok()?;
            let value = super::wire::value::text(&body, &["/retry-after", "/retry_after", "/Retry-After"])?;
            retry_after::parse(&value, now)
        };
        header().or_else(body)
    }

    fn read(&self, operation: &'static str, answer: &Answer) -> Result<Value, XSeriesError> {
        let status = answer.status;
        match status {
            200..300 if answer.body.iter().all(u8::is_ascii_whitespace) => Ok(Value::Null),
            200..300 => {
                let body = serde_json::from_slice(&answer.body).map_err(|source| XSeriesError::NotJson { operation, status, source })?;
                match words::of_hidden_error(&body) {
                    Some(words) => Err(XSeriesError::HiddenError { operation, status, words }),
                    None => Ok(body),
                }
            }
            300..400 => {
                let location = answer.headers.get(http::header::LOCATION).and_then(|value| value.to_str().ok());
                let host = location.and_then(|location| self.inner.base.join(location).ok()?.host_str().map(str::to_owned));
                Err(XSeriesError::Redirect { operation, status, location: host.unwrap_or_else(|| "nowhere".to_owned()) })
            }
            429 => {
                let wait = self.wait(answer).unwrap_or(THROTTLED);
                Err(XSeriesError::Throttled { until: clock::after(self.inner.clock.now(), wait) })
            }
            _ => {
                let (words, retry_after) = (words::of_body(&answer.body), self.wait(answer));
                Err(XSeriesError::Status { operation, status, words, retry_after })
            }
        }
    }
}

/// Reads the whole answer. A body that is cut off matters only where the answer is a success.
async fn whole(response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = match response.bytes().await {
        Ok(body) => body,
        Err(error) if (200..300).contains(&status) => return Err(error),
        Err(_) => Bytes::new(),
    };
    Ok(Answer { status, headers, body })
}

fn base(config: &config::XSeries) -> Result<Url, XSeriesError> {
    let address = match &config.base_url {
        Some(address) => address.clone(),
        None => format!("https://{}.retail.lightspeed.app", config.domain_prefix),
    };
    let url = Url::parse(&address).map_err(|error| settings(&format!("{address:?} is no address ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(settings(&format!("{address:?} is no http or https address")));
    }
    Ok(url)
}

/// The base address with further segments, each encoded.
fn address(base: &Url, segments: &[&str]) -> Result<Url, XSeriesError> {
    let mut url = base.clone();
    match url.path_segments_mut() {
        Ok(mut path) => path.pop_if_empty().extend(segments),
        Err(()) => return Err(settings("the address takes no path")),
    };
    Ok(url)
}

fn settings(problem: &str) -> XSeriesError {
    XSeriesError::Settings { problem: problem.to_owned() }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
