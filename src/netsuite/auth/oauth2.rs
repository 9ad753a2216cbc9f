//! OAuth 2.0 client credentials with a certificate ("machine to machine"): an assertion signed with the private key is
//! exchanged for an access token, which is kept until shortly before it ends.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::{EncodingKey, Header};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use super::key::{self, KeyError};
use crate::clock::{self, Clock};
use crate::config::{JwtAlgorithm, Secret};
use crate::net::http::Http;
use crate::net::retry_after;
use crate::netsuite::error::{Meaning, Refusal};

/// How long an assertion is good for. NetSuite takes less than 60 minutes; it is used at once.
const ASSERTION_LIFE: i64 = 300;
/// How long before its end a token is replaced.
const REFRESH_EARLY: Duration = Duration::from_mins(5);
/// A token's life, where the answer does not tell it.
const USUAL_LIFE: u64 = 3600;
/// No token answer is larger.
const LARGEST_ANSWER: usize = 256 * 1024;

/// No access token could be had. The request it was for did not leave.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The token service did not answer.
    #[error("the token service of NetSuite did not answer")]
    NoAnswer(#[source] reqwest::Error),
    /// The token service has a fault, or is too busy.
    #[error("the token service of NetSuite answered {status}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// What it asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The certificate, the client id or the role is refused.
    #[error("NetSuite gives no access token ({status} {error}): {description}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// OAuth's word: `invalid_grant`, `invalid_client`, …
        error: String,
        /// NetSuite's words, or ours.
        description: String,
    },
    /// A 2xx answer without a token in it.
    #[error("the token service of NetSuite answered {status} without an access token")]
    Unreadable {
        /// The HTTP status.
        status: u16,
    },
    /// The assertion could not be signed.
    #[error("the assertion for the access token cannot be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// What it takes to get tokens, and the present one.
pub(in crate::netsuite) struct OAuth2 {
    http: Http,
    clock: Clock,
    client_id: String,
    certificate_id: String,
    key: EncodingKey,
    algorithm: JwtAlgorithm,
    /// Where tokens are asked for.
    token_url: reqwest::Url,
    /// The account's own token address, whichever host is asked.
    audience: String,
    /// Held while a token is fetched, so that one is fetched at a time and the others wait for it.
    current: tokio::sync::Mutex<Current>,
}

#[derive(Default)]
struct Current {
    token: Option<Token>,
    /// Tokens so far; each has its number.
    count: u64,
}

struct Token {
    secret: Secret,
    replace_at: Timestamp,
    ends_at: Timestamp,
}

/// The credentials as configured.
pub(in crate::netsuite) struct Credentials<'a> {
    pub(in crate::netsuite) client_id: &'a str,
    pub(in crate::netsuite) certificate_id: &'a str,
    pub(in crate::netsuite) private_key: &'a Secret,
    pub(in crate::netsuite) algorithm: JwtAlgorithm,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: [&'static str; 1],
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

#[derive(Deserialize)]
struct Answer {
    access_token: Option<String>,
    expires_in: Option<serde_json::Value>,
    error: Option<serde_json::Value>,
    error_description: Option<serde_json::Value>,
}

impl std::fmt::Debug for OAuth2 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth2").field("client_id", &self.client_id).field("token_url", &self.token_url.as_str()).finish_non_exhaustive()
    }
}

impl OAuth2 {
    pub(in crate::netsuite) fn new(
        http: Http,
        clock: Clock,
        credentials: &Credentials<'_>,
        token_url: reqwest::Url,
        audience: String,
    ) -> Result<Self, KeyError> {
        Ok(Self {
            http,
            clock,
            client_id: credentials.client_id.to_owned(),
            certificate_id: credentials.certificate_id.to_owned(),
            key: key::read(credentials.private_key, credentials.algorithm)?,
            algorithm: credentials.algorithm,
            token_url,
            audience,
            current: tokio::sync::Mutex::default(),
        })
    }

    /// The present token and its number; a new one where there is none, it ends soon, or it is the `stale` one.
    pub(super) async fn token(&self, stale: Option<u64>) -> Result<(Secret, u64), TokenError> {
        let mut current = self.current.lock().await;
        if let Some(token) = &current.token
            && stale != Some(current.count)
            && self.clock.now() < token.replace_at
        {
            return Ok((token.secret.clone(), current.count));
        }
        current.token = None;
        let token = self.fetch().await?;
        let secret = token.secret.clone();
        current.token = Some(token);
        current.count += 1;
        Ok((secret, current.count))
    }

    /// When the present token ends; none while there is none, or while it is being replaced.
    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        self.current.try_lock().ok()?.token.as_ref().map(|token| token.ends_at)
    }

    fn assertion(&self, now: Timestamp) -> Result<String, TokenError> {
        let mut header = Header::new(key::algorithm(self.algorithm).1);
        header.kid = Some(self.certificate_id.clone());
        let claims = Claims {
            iss: &self.client_id,
            scope: ["rest_webservices"],
            aud: &self.audience,
            iat: now.as_second(),
            exp: now.as_second() + ASSERTION_LIFE,
            jti: Uuid::new_v4().to_string(),
        };
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(TokenError::Sign)
    }

    async fn fetch(&self) -> Result<Token, TokenError> {
        let asked_at = self.clock.now();
        let assertion = self.assertion(asked_at)?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", &assertion),
        ];
        let no_answer = |error: reqwest::Error| TokenError::NoAnswer(error.without_url());
        let mut response = self.http.post(self.token_url.clone()).form(&form).send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let wait = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = wait.and_then(|value| retry_after::parse(value, asked_at));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                return Err(TokenError::Unreadable { status });
            }
        }
        let answer: Option<Answer> = serde_json::from_slice(&body).ok();
        tracing::debug!(netsuite.status = status, "asked for an access token");
        match (status, answer) {
            (200..=299, Some(Answer { access_token: Some(token), expires_in, .. })) if !token.is_empty() => {
                let life = Duration::from_secs(expires_in.as_ref().and_then(seconds).unwrap_or(USUAL_LIFE));
                let early = REFRESH_EARLY.min(life / 2);
                Ok(Token {
                    secret: Secret::new(token),
                    replace_at: clock::after(asked_at, life.saturating_sub(early)),
                    ends_at: clock::after(asked_at, life),
                })
            }
            (200..=299, _) => Err(TokenError::Unreadable { status }),
            (408 | 429 | 500.., _) => Err(TokenError::Unavailable { status, retry_after }),
            // Too many requests at once are told as a 400 too; only the code tells them from bad credentials.
            _ if Refusal::read(status, &body).meaning == Meaning::Throttled => Err(TokenError::Unavailable { status, retry_after }),
            (_, answer) => {
                let (error, description) = answer.map_or((None, None), |answer| (answer.error, answer.error_description));
                let description = match text(description) {
                    Some(words) => words,
                    None => "check the client id, the certificate's id and its mapping, and the clock".to_owned(),
                };
                Err(TokenError::Refused { status, error: text(error).unwrap_or_default(), description })
            }
        }
    }
}

/// `3600` or `"3600"`.
fn seconds(value: &serde_json::Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

fn text(value: Option<serde_json::Value>) -> Option<String> {
    match value? {
        serde_json::Value::String(words) if !words.is_empty() => Some(words),
        _ => None,
    }
}
