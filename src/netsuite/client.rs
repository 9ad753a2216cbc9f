//! The client of one account. Its operations are in [`super::records`], [`super::writes`] and [`super::queries`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::account::Account;
use super::auth::Auth;
use super::auth::oauth1::TokenBased;
use super::auth::oauth2::{Credentials, OAuth2};
use super::error::NetSuiteError;
use super::transport::Transport;
use crate::clock::Clock;
use crate::config::{self, NetSuiteAuth};
use crate::domain::ids::ConnectionId;
use crate::net::gate::{Gate, Limits};
use crate::net::http::Http;

/// A client of one NetSuite account; cheap to clone, and all clones share the token and the budget.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    account: Account,
    transport: Transport,
    timezone: TimeZone,
    /// It was said that the members of kits are not shown.
    members_hidden: AtomicBool,
}

impl Client {
    /// Builds the client. Finds a wrong account id, private key, address or time zone; asks nothing of the network.
    pub fn new(
        connection: &ConnectionId,
        config: &config::NetSuite,
        net: &config::Net,
        http: &Http,
        clock: Clock,
    ) -> Result<Self, NetSuiteError> {
        let account = Account::parse(&config.account_id).map_err(NetSuiteError::Account)?;
        let timezone =
            TimeZone::get(&config.timezone).map_err(|source| NetSuiteError::TimeZone { name: config.timezone.clone(), source })?;
        let own = account.base_url();
        let base = config.base_url.as_deref().unwrap_or(&own).trim_end_matches('/').to_owned();
        let usable = base.parse::<reqwest::Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let mut token_url = usable.ok_or_else(|| NetSuiteError::BaseUrl(base.clone()))?;
        token_url.set_path(&format!("{}{TOKEN_PATH}", token_url.path().trim_end_matches('/')));

        let http = http.within(net.netsuite_timeout);
        let auth = match &config.auth {
            NetSuiteAuth::OAuth2M2m { client_id, certificate_id, private_key, algorithm } => {
                let credentials = Credentials { client_id, certificate_id, private_key, algorithm: *algorithm };
                let audience = format!("{own}{TOKEN_PATH}");
                let oauth2 = OAuth2::new(http.clone(), clock.clone(), &credentials, token_url, audience);
                Auth::OAuth2(Box::new(oauth2.map_err(NetSuiteError::PrivateKey)?))
            }
            NetSuiteAuth::Tba { consumer_key, consumer_secret, token_id, token_secret } => Auth::TokenBased(TokenBased {
                realm: account.realm().to_owned(),
                consumer_key: consumer_key.clone(),
                consumer_secret: consumer_secret.clone(),
                token_id: token_id.clone(),
                token_secret: token_secret.clone(),
            }),
        };
        let limits = Limits { concurrency: config.concurrency, window: None, permit_wait: net.permit_wait };
        let transport = Transport {
            connection: connection.clone(),
            http,
            base,
            auth,
            gate: Gate::new(limits, clock.clone()),
            clock,
            good_login: AtomicI64::new(i64::MIN),
        };
        Ok(Self { inner: Arc::new(Inner { account, transport, timezone, members_hidden: AtomicBool::new(false) }) })
    }

    /// The budget of this account's requests.
    pub fn gate(&self) -> &Gate {
        &self.inner.transport.gate
    }

    /// When the present access token ends; none where there is none that does.
    pub fn token_ends_at(&self) -> Option<Timestamp> {
        self.inner.transport.auth.ends_at()
    }

    /// The account.
    pub fn account(&self) -> &Account {
        &self.inner.account
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.inner.transport
    }

    /// Says once that kits are taken as having no members that need serial numbers, lots or bins.
    pub(super) fn warn_once_of_members(&self, error: &NetSuiteError) {
        if !self.inner.members_hidden.swap(true, Ordering::Relaxed) {
            let connection = self.inner.transport.connection.as_str();
            tracing::warn!(
                connection.id = connection,
                "NetSuite does not show the members of kits, so they are taken as not tracked: {error}"
            );
        }
    }

    /// The account's time zone, in which its queries read and write times.
    pub(super) fn timezone(&self) -> &TimeZone {
        &self.inner.timezone
    }
}

const TOKEN_PATH: &str = "/services/rest/auth/oauth2/v1/token";
