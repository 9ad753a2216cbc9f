//! Who signs the requests: a personal token, or OAuth tokens that somebody else keeps.

use std::fmt;
use std::pin::Pin;

use jiff::Timestamp;

pub use super::error::KeeperError;
use super::error::XSeriesError;
use super::oauth::OAuth;
use crate::config::Secret;

/// A future that a trait object can give.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// OAuth tokens of one retailer. Each renewal gives a new pair and ends the old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Counts renewals.
    pub generation: i64,
    /// Signs requests; empty before the first renewal.
    pub access_token: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Good for one renewal.
    pub refresh_token: Secret,
}

/// Keeps the tokens of one connection where every replica finds them.
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// The tokens; none before the retailer was connected.
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, KeeperError>>;
    /// Commits the tokens if those of generation `expected` (none: no tokens at all) are still the ones that are kept;
    /// false if they are not.
    fn save<'a>(&'a self, expected: Option<i64>, tokens: &'a Tokens) -> BoxFuture<'a, Result<bool, KeeperError>>;
    /// Takes the lease under which one replica at a time renews; false while another has it. It ends by itself, after
    /// longer than a request to the token endpoint may take.
    fn lock(&self) -> BoxFuture<'_, Result<bool, KeeperError>>;
    /// Gives the lease back.
    fn unlock(&self) -> BoxFuture<'_, Result<(), KeeperError>>;
}

/// What a request is signed with.
#[derive(Debug, Clone)]
pub(super) struct Bearer {
    /// The token.
    pub token: Secret,
    /// Which generation it is; none where it never changes.
    pub generation: Option<i64>,
}

/// The way that a connection's requests are signed.
#[derive(Debug)]
pub(super) enum Auth {
    Personal(Secret),
    OAuth(OAuth),
}

impl Auth {
    /// The token to sign with now.
    pub async fn bearer(&self) -> Result<Bearer, XSeriesError> {
        match self {
            Self::Personal(token) => Ok(Bearer { token: token.clone(), generation: None }),
            Self::OAuth(oauth) => oauth.bearer().await,
        }
    }

    /// Another token after this one was refused with 401; none where there is no other.
    pub async fn after_refusal(&self, refused: &Bearer) -> Result<Option<Bearer>, XSeriesError> {
        match self {
            Self::Personal(_) => Ok(None),
            Self::OAuth(oauth) => oauth.after_refusal(refused).await.map(Some),
        }
    }
}
