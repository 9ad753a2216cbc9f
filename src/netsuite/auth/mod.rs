//! How requests are signed: OAuth 2.0 client credentials with a certificate, or token-based OAuth 1.0a.

pub(super) mod key;
pub(super) mod oauth1;
pub(super) mod oauth2;

use jiff::Timestamp;
use uuid::Uuid;

use self::oauth1::TokenBased;
use self::oauth2::{OAuth2, TokenError};
use crate::clock::Clock;

/// Signs requests.
#[derive(Debug)]
pub(super) enum Auth {
    OAuth2(Box<OAuth2>),
    TokenBased(TokenBased),
}

/// A value for the `Authorization` header, and which token it carries.
pub(super) struct Authorization {
    pub(super) value: String,
    /// The token's number; hand it back as stale when it was refused.
    pub(super) token: u64,
}

impl Auth {
    /// When the present token ends; token-based authentication has none that does.
    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        match self {
            Self::OAuth2(oauth2) => oauth2.ends_at(),
            Self::TokenBased(_) => None,
        }
    }

    /// The header for one request. Never the token numbered `stale`: it was refused.
    pub(super) async fn authorize(
        &self,
        clock: &Clock,
        method: &str,
        url: &reqwest::Url,
        stale: Option<u64>,
    ) -> Result<Authorization, TokenError> {
        match self {
            Self::OAuth2(oauth2) => {
                let (token, number) = oauth2.token(stale).await?;
                Ok(Authorization { value: format!("Bearer {}", token.expose()), token: number })
            }
            Self::TokenBased(tba) => {
                // Each request has its own nonce, a repeated one too. It must not repeat; it need not be secret.
                let nonce = Uuid::new_v4().simple().to_string();
                let value = tba.header(method, url, &nonce, clock.now().as_second());
                Ok(Authorization { value, token: 0 })
            }
        }
    }
}
