//! OAuth 2.0 with X-Series: every renewal gives a new refresh token and ends the old pair, so that a renewal is done once, by
//! one replica, to its end, and what it gave is committed before it is used.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

use super::auth::{Bearer, TokenStore, Tokens};
use super::error::XSeriesError;
use super::wire::value::{int, text};
use super::words;
use crate::clock::{self, Clock};
use crate::config::Secret;
use crate::net::http::Http;
use crate::net::retry_after;

/// A token with less life than this is renewed before it is used.
const MARGIN: Duration = Duration::from_mins(1);
/// How long another replica's renewal is waited for: this often, this long.
const WAITS: u32 = 20;
const WAIT: Duration = Duration::from_millis(250);
/// How often a commit of new tokens is tried at once.
const SAVES: u32 = 3;
/// How long a refresh token that was refused is left alone: every order that comes by would try it again.
const DEAD: Duration = Duration::from_mins(1);
/// The life of an access token where the answer does not tell it.
const LIFE: i64 = 86_400;
/// The wait where the token endpoint says "too many requests" and not for how long.
const THROTTLED: Duration = Duration::from_secs(30);

/// Renews and hands out the access token. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct OAuth {
    inner: Arc<Inner>,
}

/// Where and as whom tokens are asked for.
#[derive(Debug)]
pub(super) struct Application {
    pub connection: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub token_url: reqwest::Url,
    /// The domain prefix that a code has to be for; none where the address is given by hand.
    pub domain_prefix: Option<String>,
}

#[derive(Debug)]
struct Inner {
    application: Application,
    http: Http,
    store: Arc<dyn TokenStore>,
    clock: Clock,
    state: Mutex<State>,
    /// Renewals run on it to their end, even if the request that wanted them is dropped half-way.
    tracker: TaskTracker,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Tokens>,
    /// Tokens that X-Series gave and that could not be committed yet: the old ones are already dead.
    unsaved: Option<(Option<i64>, Tokens)>,
    /// The generation whose refresh token was refused, until when it is not tried again, and the vendor's words.
    dead: Option<(i64, Timestamp, String)>,
}

impl OAuth {
    pub fn new(application: Application, http: Http, store: Arc<dyn TokenStore>, clock: Clock) -> Self {
        let state = Mutex::new(State::default());
        Self { inner: Arc::new(Inner { application, http, store, clock, state, tracker: TaskTracker::new() }) }
    }

    pub async fn bearer(&self) -> Result<Bearer, XSeriesError> {
        let known = self.inner.usable(self.inner.state.lock().await.current.as_ref(), None);
        match known {
            Some(bearer) => Ok(bearer),
            None => self.renew(None).await,
        }
    }

    pub async fn after_refusal(&self, refused: &Bearer) -> Result<Bearer, XSeriesError> {
        self.renew(refused.generation).await
    }

    /// Trades the code that the browser brought for the first tokens, and commits them.
    pub async fn exchange(&self, code: &str, redirect_uri: &str) -> Result<(), XSeriesError> {
        let inner = Arc::clone(&self.inner);
        let (code, redirect_uri) = (code.to_owned(), redirect_uri.to_owned());
        self.to_its_end(async move { inner.exchange(&code, &redirect_uri).await }).await
    }

    /// The client id, for the address that people are sent to.
    pub fn client_id(&self) -> &str {
        &self.inner.application.client_id
    }

    /// Ends when no renewal is under way.
    pub async fn finish(&self) {
        self.inner.tracker.close();
        self.inner.tracker.wait().await;
    }

    async fn renew(&self, refused: Option<i64>) -> Result<Bearer, XSeriesError> {
        let inner = Arc::clone(&self.inner);
        self.to_its_end(async move { inner.renew(refused).await }).await
    }

    async fn to_its_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, XSeriesError>> + Send + 'static,
    ) -> Result<T, XSeriesError> {
        self.inner.tracker.spawn(work).await.map_err(XSeriesError::Interrupted)?
    }
}

impl Inner {
    /// The tokens as a bearer, if they are good for a while yet and not the ones that were refused.
    fn usable(&self, tokens: Option<&Tokens>, refused: Option<i64>) -> Option<Bearer> {
        let tokens = tokens?;
        let lives = clock::after(self.clock.now(), MARGIN) < tokens.expires_at;
        let good = lives && !tokens.access_token.expose().is_empty() && Some(tokens.generation) != refused;
        good.then(|| Bearer { token: tokens.access_token.clone(), generation: Some(tokens.generation) })
    }

    async fn load(&self) -> Result<Option<Tokens>, XSeriesError> {
        self.store.load().await.map_err(|source| XSeriesError::TokenStore { operation: "read", source })
    }

    /// Reads what is kept, as another replica may have renewed; gives it if it can be used.
    async fn reload(&self, state: &mut State, refused: Option<i64>) -> Result<Option<Bearer>, XSeriesError> {
        state.current = self.load().await?;
        Ok(self.usable(state.current.as_ref(), refused))
    }

    async fn renew(&self, refused: Option<i64>) -> Result<Bearer, XSeriesError> {
        let mut state = self.state.lock().await;
        // Whoever had the lock before us may have renewed.
        if let Some(bearer) = self.usable(state.current.as_ref(), refused) {
            return Ok(bearer);
        }
        self.save(&mut state).await?;
        if let Some(bearer) = self.reload(&mut state, refused).await? {
            return Ok(bearer);
        }
        for _ in 0..WAITS {
            let locked = self.store.lock().await.map_err(|source| XSeriesError::TokenStore { operation: "locked", source })?;
            if locked {
                let renewed = self.renew_alone(&mut state, refused).await;
                if let Err(error) = self.store.unlock().await {
                    tracing::warn!(connection = %self.application.connection, %error, "the lease for renewing the X-Series token ends by itself");
                }
                return renewed;
            }
            tokio::time::sleep(WAIT).await;
            if let Some(bearer) = self.reload(&mut state, refused).await? {
                return Ok(bearer);
            }
        }
        Err(XSeriesError::RenewedElsewhere { until: clock::after(self.clock.now(), WAIT) })
    }

    async fn renew_alone(&self, state: &mut State, refused: Option<i64>) -> Result<Bearer, XSeriesError> {
        if let Some(bearer) = self.reload(state, refused).await? {
            return Ok(bearer);
        }
        let old = state.current.clone().ok_or_else(|| self.not_connected())?;
        if let Some((generation, until, problem)) = &state.dead
            && *generation == old.generation
            && self.clock.now() < *until
        {
            return Err(XSeriesError::Credentials { problem: problem.clone() });
        }
        let form = [("grant_type", "refresh_token"), ("refresh_token", old.refresh_token.expose())];
        let answer = match self.ask(&form).await {
            // Somebody whose lease ran out may have used the refresh token after all, and have stored its successor.
            Err(XSeriesError::Credentials { problem }) => {
                let other = self.reload(state, refused).await?.filter(|bearer| bearer.generation != Some(old.generation));
                state.dead = Some((old.generation, clock::after(self.clock.now(), DEAD), problem.clone()));
                return other.ok_or(XSeriesError::Credentials { problem });
            }
            answer => answer?,
        };
        let tokens = self.tokens(&answer, old.generation + 1, Some(&old.refresh_token))?;
        state.unsaved = Some((Some(old.generation), tokens));
        self.save(state).await?;
        tracing::info!(connection = %self.application.connection, "renewed the X-Series token");
        self.usable(state.current.as_ref(), refused).ok_or_else(|| self.refused("the new token is not good for a minute"))
    }

    /// Commits what could not be committed yet, before it is used.
    async fn save(&self, state: &mut State) -> Result<(), XSeriesError> {
        let Some((expected, tokens)) = state.unsaved.clone() else { return Ok(()) };
        let mut tried = 0;
        let saved = loop {
            tried += 1;
            match self.store.save(expected, &tokens).await {
                Ok(saved) => break saved,
                Err(source) if tried >= SAVES => return Err(XSeriesError::TokenStore { operation: "written", source }),
                Err(_) => tokio::time::sleep(WAIT).await,
            }
        };
        state.unsaved = None;
        // Not saved: somebody stored newer ones, and those count.
        state.current = if saved { Some(tokens) } else { self.load().await? };
        Ok(())
    }

    async fn exchange(&self, code: &str, redirect_uri: &str) -> Result<(), XSeriesError> {
        let mut state = self.state.lock().await;
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
        let answer = self.ask(&form).await?;
        if let (Some(wanted), Some(given)) = (&self.application.domain_prefix, text(&answer, &["/domain_prefix"]))
            && !wanted.eq_ignore_ascii_case(&given)
        {
            return Err(self.refused(&format!("the retailer {given} was connected, but this connection is for {wanted}")));
        }
        for _ in 0..SAVES {
            let before = self.load().await?.map(|tokens| tokens.generation);
            let tokens = self.tokens(&answer, before.map_or(1, |generation| generation + 1), None)?;
            state.unsaved = Some((before, tokens.clone()));
            self.save(&mut state).await?;
            if state.current.as_ref() == Some(&tokens) {
                return Ok(());
            }
        }
        Err(self.refused("other tokens were stored at the same time: connect the retailer again"))
    }

    /// One request to the token endpoint. It has a budget of its own, so that it does not pass the gate.
    async fn ask(&self, form: &[(&str, &str)]) -> Result<Value, XSeriesError> {
        let application = &self.application;
        let mut fields = vec![("client_id", application.client_id.as_str()), ("client_secret", application.client_secret.expose())];
        fields.extend_from_slice(form);
        let request = self.http.post(application.token_url.clone()).form(&fields);
        let answer = request.send().await.map_err(|error| XSeriesError::TokenRequest(error.without_url()))?;
        let status = answer.status().as_u16();
        let wait = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = answer.bytes().await.map_err(|error| XSeriesError::TokenRequest(error.without_url()))?;
        tracing::debug!(connection = %application.connection, x_series.status = status, "asked X-Series for a token");
        match status {
            200..300 => serde_json::from_slice(&body).map_err(|source| XSeriesError::NotJson { operation: "give a token", status, source }),
            429 => {
                let now = self.clock.now();
                let wait = wait.and_then(|value| retry_after::parse(&value, now)).unwrap_or(THROTTLED);
                Err(XSeriesError::Throttled { until: clock::after(now, wait) })
            }
            300..500 if status != 408 => Err(self.refused(&format!("X-Series answered {status}: {}", words::of_body(&body)))),
            _ => Err(XSeriesError::TokenEndpoint { status, words: words::of_body(&body) }),
        }
    }

    fn tokens(&self, answer: &Value, generation: i64, old: Option<&Secret>) -> Result<Tokens, XSeriesError> {
        let access = text(answer, &["/access_token"]).map(Secret::new);
        let refresh = text(answer, &["/refresh_token"]).map(Secret::new).or_else(|| old.cloned());
        let (Some(access_token), Some(refresh_token)) = (access, refresh) else {
            return Err(self.refused(&format!("X-Series gave no token: {}", words::of_json(answer))));
        };
        let now = self.clock.now();
        let by_epoch = || int(answer, &["/expires"]).and_then(|second| Timestamp::from_second(second).ok());
        // Seconds from now do not depend on both clocks being right.
        let by_life = int(answer, &["/expires_in"]).map(|seconds| lives(now, seconds));
        let expires_at = by_life.or_else(by_epoch).unwrap_or_else(|| lives(now, LIFE));
        Ok(Tokens { generation, access_token, expires_at, refresh_token })
    }

    fn refused(&self, what: &str) -> XSeriesError {
        let connection = &self.application.connection;
        let problem = format!("{what}. Connect the retailer again: open /oauth/x-series/{connection}/start as an administrator");
        XSeriesError::Credentials { problem }
    }

    fn not_connected(&self) -> XSeriesError {
        let connection = &self.application.connection;
        let problem = format!(
            "the retailer is not connected yet. Open /oauth/x-series/{connection}/start as an administrator, or run \
             `tillbridge connect x-series {connection} --refresh-token …`"
        );
        XSeriesError::Credentials { problem }
    }
}

fn lives(now: Timestamp, seconds: i64) -> Timestamp {
    clock::after(now, Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
#[path = "oauth_tests.rs"]
mod tests;
