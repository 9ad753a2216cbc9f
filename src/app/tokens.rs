//! The rotating tokens of X-Series, kept in the store: committed before use, renewed by one replica at a time.

use std::time::Duration;

use crate::config::Secret;
use crate::domain::ids::ConnectionId;
use crate::store::{OAuthTokens, Store};
use crate::xseries::auth::{BoxFuture, KeeperError, TokenStore, Tokens};

/// Longer than a request to the token endpoint may take.
const RENEWAL: Duration = Duration::from_mins(2);

/// The tokens of one connection.
#[derive(Debug, Clone)]
pub struct StoredTokens {
    connection: ConnectionId,
    store: Store,
    owner: String,
}

impl StoredTokens {
    /// The tokens of a connection; the value is one holder of the renewal lease.
    pub fn new(connection: ConnectionId, store: Store) -> Self {
        Self { connection, store, owner: uuid::Uuid::new_v4().to_string() }
    }

    fn lock_name(&self) -> String {
        format!("oauth/{}", self.connection)
    }
}

impl TokenStore for StoredTokens {
    fn load(&self) -> BoxFuture<'_, Result<Option<Tokens>, KeeperError>> {
        Box::pin(async move {
            let stored = self.store.oauth_tokens(&self.connection).await.map_err(KeeperError::new)?;
            Ok(stored.map(|stored| Tokens {
                generation: stored.generation,
                access_token: Secret::new(stored.access_token),
                expires_at: stored.expires_at,
                refresh_token: Secret::new(stored.refresh_token),
            }))
        })
    }

    fn save<'a>(&'a self, expected: Option<i64>, tokens: &'a Tokens) -> BoxFuture<'a, Result<bool, KeeperError>> {
        Box::pin(async move {
            let row = OAuthTokens {
                generation: tokens.generation,
                access_token: tokens.access_token.expose().to_owned(),
                expires_at: tokens.expires_at,
                refresh_token: tokens.refresh_token.expose().to_owned(),
            };
            self.store.save_oauth_tokens(&self.connection, expected, &row).await.map_err(KeeperError::new)
        })
    }

    fn lock(&self) -> BoxFuture<'_, Result<bool, KeeperError>> {
        Box::pin(async move { self.store.take_lock(&self.lock_name(), &self.owner, RENEWAL).await.map_err(KeeperError::new) })
    }

    fn unlock(&self) -> BoxFuture<'_, Result<(), KeeperError>> {
        Box::pin(async move { self.store.release_lock(&self.lock_name(), &self.owner).await.map_err(KeeperError::new) })
    }
}
