//! One request to NetSuite: through the gate, signed, sent once (or twice where the login was refused), its answer read.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use http::header;
use jiff::Timestamp;
use serde_json::Value;

use super::auth::Auth;
use super::auth::oauth2::TokenError;
use super::error::{Meaning, NetSuiteError, Refusal};
use super::wire::read::last_segment;
use crate::clock::{self, Clock};
use crate::domain::ids::{ConnectionId, RecordId};
use crate::metrics;
use crate::net::gate::{Gate, Signal};
use crate::net::http::Http;
use crate::net::retry_after;

/// No answer that we ask for is larger.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;
/// A login that was good so shortly before is not taken as revoked: an overloaded NetSuite refuses good ones.
const LOGIN_WAVERS_FOR: Duration = Duration::from_secs(30);
/// How long such a NetSuite is left alone.
const LOGIN_WAVERS_PAUSE: Duration = Duration::from_secs(5);

/// The wire to one account.
#[derive(Debug)]
pub(super) struct Transport {
    pub(super) connection: ConnectionId,
    pub(super) http: Http,
    /// Without a slash at its end.
    pub(super) base: String,
    pub(super) auth: Auth,
    pub(super) gate: Gate,
    pub(super) clock: Clock,
    /// When a login was last good, in epoch milliseconds.
    pub(super) good_login: AtomicI64,
}

/// A request.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// What it does, for the log.
    pub(super) operation: &'static str,
    pub(super) method: http::Method,
    /// Behind `/services/rest`.
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<&'a Value>,
    /// `Prefer`
    pub(super) prefer: Option<&'static str>,
    /// `Accept`: a draft of the record that a write would make, of which nothing is saved.
    pub(super) draft: bool,
}

/// A success.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    location: Option<String>,
    /// The other side's clock, by its `Date` header.
    pub(super) date: Option<Timestamp>,
    /// `x-n-operationid`
    operation: Option<String>,
    body: Vec<u8>,
}

impl<'a> Call<'a> {
    /// Reads a record, or what stands behind the path.
    pub(super) fn get(operation: &'static str, path: String) -> Self {
        Self { operation, method: http::Method::GET, path, query: Vec::new(), body: None, prefer: None, draft: false }
    }

    /// Makes or changes a record.
    pub(super) fn write(operation: &'static str, method: http::Method, path: String, body: &'a Value) -> Self {
        Self { operation, method, path, query: Vec::new(), body: Some(body), prefer: None, draft: false }
    }

    fn is_write(&self) -> bool {
        // SuiteQL reads by POST.
        self.method != http::Method::GET && self.prefer.is_none() && !self.draft
    }
}

impl Answer {
    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, NetSuiteError> {
        serde_json::from_slice(&self.body).map_err(|source| NetSuiteError::NotJson { status: self.status, source })
    }

    /// The id of the record that was made: the last part of `Location`.
    pub(super) fn made(&self) -> Result<RecordId, NetSuiteError> {
        let id = self.location.as_deref().and_then(last_segment);
        let id = id.filter(|id| super::wire::read::is_internal_id(id));
        id.map(RecordId::from).ok_or(NetSuiteError::NoLocation { status: self.status })
    }
}

impl Transport {
    /// Sends a request and gives its answer, if that is a success.
    pub(super) async fn send(&self, call: &Call<'_>) -> Result<Answer, NetSuiteError> {
        let url = self.url(call)?;
        let pass = self.gate.enter().await.map_err(|closed| NetSuiteError::NotNow { until: closed.until })?;
        let mut stale = None;
        loop {
            let login = self.auth.authorize(&self.clock, call.method.as_str(), &url, stale).await;
            let login = login.map_err(|error| self.no_token(error))?;
            let began = Instant::now();
            let outcome = self.exchange(call, url.clone(), &login.value).await;
            self.log(call, &outcome, began.elapsed());
            match outcome {
                Err(NetSuiteError::Refused(refusal)) if refusal.meaning == Meaning::Login && stale.is_none() => {
                    // Once more, with a new token (or a new nonce): the old one may have ended early.
                    stale = Some(login.token);
                }
                Ok(answer) => {
                    self.good_login.store(self.clock.now().as_millisecond(), Ordering::Relaxed);
                    self.gate.report(Signal::Answered { limit: None, remaining: None });
                    pass.give_back().await;
                    return Ok(answer);
                }
                Err(error) => return Err(self.report(error)),
            }
        }
    }

    fn url(&self, call: &Call<'_>) -> Result<reqwest::Url, NetSuiteError> {
        let address = format!("{}/services/rest{}", self.base, call.path);
        let mut url: reqwest::Url = address.parse().map_err(|_not_an_address| NetSuiteError::BaseUrl(self.base.clone()))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        Ok(url)
    }

    /// Sends once and reads the answer.
    async fn exchange(&self, call: &Call<'_>, url: reqwest::Url, authorization: &str) -> Result<Answer, NetSuiteError> {
        let authorization = header::HeaderValue::from_str(authorization);
        let mut authorization = authorization.map_err(|_not_a_header| NetSuiteError::Token(TokenError::Unreadable { status: 200 }))?;
        authorization.set_sensitive(true);
        let mut request = self.http.request(call.method.clone(), url).header(header::AUTHORIZATION, authorization);
        if call.draft {
            request = request.header(header::ACCEPT, "application/vnd.oracle.resource+json; type=create-form");
        }
        if let Some(prefer) = call.prefer {
            request = request.header("Prefer", prefer);
        }
        if let Some(body) = call.body {
            // Without it NetSuite leaves out what it does not know and says so in a header that nobody reads.
            request = request.header("X-NetSuite-PropertyNameValidation", "Error").json(body);
        }
        let mut response = request.send().await.map_err(|error| {
            let error = error.without_url();
            if error.is_connect() || error.is_builder() { NetSuiteError::Connect(error) } else { NetSuiteError::NoAnswer(error) }
        })?;

        let status = response.status().as_u16();
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let location = text("location");
        let date = text("date").and_then(|date| Timestamp::try_from(httpdate::parse_http_date(&date).ok()?).ok());
        let operation = text("x-n-operationid");
        let retry_after = text("retry-after").and_then(|value| retry_after::parse(&value, self.clock.now()));

        if call.is_write() && matches!(status, 200 | 201 | 204) {
            // The head says all; a body that breaks off would make a success look unknown.
            return Ok(Answer { status, location, date, operation, body: Vec::new() });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| NetSuiteError::BrokenOff { status, source: error.without_url() })? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                return Err(NetSuiteError::TooLarge { status });
            }
        }
        match status {
            200 => Ok(Answer { status, location, date, operation, body }),
            201..=299 => Err(NetSuiteError::UnknownStatus { status }),
            _ => {
                let refusal = Refusal::read(status, &body);
                Err(NetSuiteError::Refused(Box::new(Refusal { operation, retry_after, ..refusal })))
            }
        }
    }

    /// Tells the gate what a failure means for the traffic, and completes the error with it.
    fn report(&self, error: NetSuiteError) -> NetSuiteError {
        match error {
            NetSuiteError::Refused(mut refusal) => {
                match refusal.meaning {
                    Meaning::Login => return self.login_refused(NetSuiteError::Refused(refusal)),
                    Meaning::Throttled => {
                        self.gate.report(Signal::TooManyAtOnce);
                        if let Some(wait) = refusal.retry_after {
                            self.gate.report(Signal::TooMany { retry_after: Some(wait) });
                        }
                        let now = self.clock.now();
                        let open = self.gate.snapshot().blocked_until;
                        refusal.until = Some(open.unwrap_or_else(|| clock::after(now, Duration::from_secs(1))));
                    }
                    Meaning::Broken if refusal.status >= 500 => {
                        self.gate.report(Signal::Broken);
                        if let Some(wait) = refusal.retry_after {
                            self.gate.report(Signal::TooMany { retry_after: Some(wait) });
                        }
                    }
                    _ => {
                        self.good_login.store(self.clock.now().as_millisecond(), Ordering::Relaxed);
                        self.gate.report(Signal::Answered { limit: None, remaining: None });
                    }
                }
                NetSuiteError::Refused(refusal)
            }
            NetSuiteError::Connect(_) | NetSuiteError::NoAnswer(_) | NetSuiteError::BrokenOff { .. } => {
                self.gate.report(Signal::Broken);
                error
            }
            _ => {
                self.gate.report(Signal::Answered { limit: None, remaining: None });
                error
            }
        }
    }

    /// Refused twice. If the same credentials were good a moment ago, NetSuite is overloaded rather than locked.
    fn login_refused(&self, error: NetSuiteError) -> NetSuiteError {
        let good = clock::after(clock::from_millis(self.good_login.load(Ordering::Relaxed)), LOGIN_WAVERS_FOR);
        if self.clock.now() < good {
            self.gate.report(Signal::TooMany { retry_after: Some(LOGIN_WAVERS_PAUSE) });
            return NetSuiteError::LoginWavers { retry_after: LOGIN_WAVERS_PAUSE };
        }
        self.gate.report(Signal::Unauthorised);
        error
    }

    fn no_token(&self, error: TokenError) -> NetSuiteError {
        tracing::warn!(connection.id = %self.connection, netsuite.error = %error, "no access token");
        match &error {
            TokenError::Unavailable { retry_after: Some(wait), .. } => self.gate.report(Signal::TooMany { retry_after: Some(*wait) }),
            TokenError::Unavailable { status: 429, .. } => self.gate.report(Signal::TooManyAtOnce),
            TokenError::NoAnswer(_) | TokenError::Unavailable { .. } | TokenError::Unreadable { .. } => self.gate.report(Signal::Broken),
            // Without OAuth's own word it is the overload's refusal as likely as a real one.
            TokenError::Refused { status: 401, error: word, .. } if word.is_empty() => {
                return self.login_refused(NetSuiteError::Token(error));
            }
            TokenError::Refused { .. } | TokenError::Sign(_) => self.gate.report(Signal::Unauthorised),
        }
        NetSuiteError::Token(error)
    }

    /// One line for each exchange; never a body, a query's values or a token.
    fn log(&self, call: &Call<'_>, outcome: &Result<Answer, NetSuiteError>, took: Duration) {
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let connection = self.connection.as_str();
        let status = match outcome {
            Ok(answer) => Some(answer.status),
            Err(error) => error.status(),
        };
        if status.is_some() || matches!(outcome, Err(NetSuiteError::NoAnswer(_) | NetSuiteError::Connect(_))) {
            metrics::remote_request(connection, "netsuite", status, took);
        }
        match outcome {
            Ok(answer) => tracing::debug!(
                connection.id = connection,
                netsuite.operation = call.operation,
                netsuite.status = answer.status,
                netsuite.operation_id = answer.operation.as_deref(),
                duration_ms,
                "NetSuite answered"
            ),
            Err(error) => tracing::info!(
                connection.id = connection,
                netsuite.operation = call.operation,
                netsuite.status = error.status(),
                netsuite.code = error.code(),
                netsuite.operation_id = error.refusal().and_then(|refusal| refusal.operation.as_deref()),
                duration_ms,
                "NetSuite did not do it"
            ),
        }
    }
}
