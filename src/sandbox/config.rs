//! What the sandbox is started with. Every key has a default, so that `tillbridge sandbox` runs without a file.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::courier::SignatureEncoding;
use super::faults::Faults;

/// The private key whose public half the default configuration registers. It is published, so it protects nothing.
pub const DEFAULT_PRIVATE_KEY_PEM: &str = include_str!("keys/netsuite-private.pem");
/// The certificate's public key that the default configuration registers.
pub const DEFAULT_PUBLIC_KEY_PEM: &str = include_str!("keys/netsuite-public.pem");

/// `sandbox.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// Drives the faults and the ids that are made up.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Faults,
    /// What is there at the start.
    pub catalogue: Catalogue,
    /// The NetSuite account.
    pub netsuite: NetSuiteConfig,
    /// The X-Series retailer.
    pub x_series: XSeriesConfig,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            faults: Faults::default(),
            catalogue: Catalogue::default(),
            netsuite: NetSuiteConfig::default(),
            x_series: XSeriesConfig::default(),
        }
    }
}

/// `[catalogue]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalogue {
    /// Locations, outlets, items, products and customers of a small retailer; or nothing but the taxes and the accounts.
    pub seeded: bool,
    /// How many of each stocked item are at each location.
    pub stock: u32,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self { seeded: true, stock: 100_000 }
    }
}

/// `[netsuite]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetSuiteConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// `1234567` or `1234567_SB1`.
    pub account_id: String,
    /// The account's time zone: SuiteQL speaks and reads dates in it.
    pub timezone: String,
    /// Requests at once, over all integrations.
    pub concurrency: usize,
    /// Certificates that client assertions may be signed with.
    pub oauth2: Vec<OAuth2Client>,
    /// Tokens for token-based authentication.
    pub tba: Vec<TbaToken>,
    /// Where callbacks are posted.
    pub webhook: Option<WebhookTarget>,
    /// Custom body and line fields that exist besides those of the catalogue: `custbody_…`, `custcol_…`.
    pub custom_fields: Vec<String>,
    /// The account's features and preferences.
    pub preferences: Preferences,
}

impl Default for NetSuiteConfig {
    fn default() -> Self {
        Self {
            listen: loopback(),
            account_id: "1234567_SB1".to_owned(),
            timezone: "Pacific/Auckland".to_owned(),
            concurrency: 5,
            oauth2: vec![OAuth2Client::default()],
            tba: vec![TbaToken::default()],
            webhook: None,
            custom_fields: ["custbody_tillbridge_send", "custbody_tillbridge_sale_id"].map(str::to_owned).to_vec(),
            preferences: Preferences::default(),
        }
    }
}

/// `[[netsuite.oauth2]]`: an integration with a certificate for the client-credentials flow.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth2Client {
    /// `iss` of the assertion.
    pub client_id: String,
    /// `kid` of the assertion.
    pub certificate_id: String,
    /// The certificate's public key, EC or RSA.
    pub public_key_pem: String,
}

impl Default for OAuth2Client {
    fn default() -> Self {
        Self {
            client_id: "sandbox-client".to_owned(),
            certificate_id: "sandbox-certificate".to_owned(),
            public_key_pem: DEFAULT_PUBLIC_KEY_PEM.to_owned(),
        }
    }
}

/// `[[netsuite.tba]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TbaToken {
    /// The integration's key.
    pub consumer_key: String,
    /// The integration's secret.
    pub consumer_secret: String,
    /// The token.
    pub token_id: String,
    /// The token's secret.
    pub token_secret: String,
}

impl Default for TbaToken {
    fn default() -> Self {
        Self {
            consumer_key: "sandbox-consumer-key".to_owned(),
            consumer_secret: "sandbox-consumer-secret".to_owned(),
            token_id: "sandbox-token-id".to_owned(),
            token_secret: "sandbox-token-secret".to_owned(),
        }
    }
}

/// Where webhooks go, and what they are signed with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookTarget {
    /// The address.
    pub url: String,
    /// The key: `whsec_` + base64 for NetSuite callbacks, any text for X-Series webhooks.
    pub secret: String,
}

/// `[netsuite.preferences]`: accounting preferences and features that change what the record service does.
#[expect(clippy::struct_excessive_bools, reason = "each is a tick box of the account's set-up pages")]
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// Fulfilment and billing are separate; off, a fulfilment also makes the bill.
    pub advanced_shipping: bool,
    /// An edit of an approved sales order sends it back to Pending Approval.
    pub reapprove_on_edit: bool,
    /// Lines that ship must name their location.
    pub multi_location: bool,
    /// Fulfilments are picked, packed and shipped; off, there is no `shipStatus`.
    pub pick_pack_ship: bool,
    /// What has not shipped may be billed.
    pub invoice_in_advance: bool,
    /// Lines that a fulfilment does not name are not fulfilled.
    pub default_unfulfilled: bool,
    /// Only what is committed may be fulfilled.
    pub limit_to_committed: bool,
    /// Sales orders number their lines with gaps, as edited ones and those with kits do.
    pub line_gaps: bool,
    /// A sales order's own deposits are applied to its invoice when that is made.
    pub apply_deposits: bool,
    /// The `SuiteTax` feature: tax details can be told, and are taken to the cent. Off, no record has such fields.
    pub suite_tax: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            advanced_shipping: true,
            reapprove_on_edit: false,
            multi_location: true,
            pick_pack_ship: true,
            invoice_in_advance: false,
            default_unfulfilled: false,
            limit_to_committed: false,
            line_gaps: true,
            apply_deposits: true,
            suite_tax: true,
        }
    }
}

/// `[x_series]`
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct XSeriesConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The retailer's prefix.
    pub domain_prefix: String,
    /// The date version that is served; others are served by it, as an old version is.
    pub api_version: String,
    /// How many registers there are, which sets the rate budget: 300 × registers + 50 requests in 5 minutes.
    pub registers: u32,
    /// Tokens that users made for themselves.
    pub personal_tokens: Vec<String>,
    /// An authorised application.
    pub oauth: OAuthApp,
    /// A webhook made by hand, besides those that are subscribed to.
    pub webhook: Option<WebhookTarget>,
    /// How signatures are written.
    pub signature_encoding: SignatureEncoding,
    /// Answers differ in type and shape, as they have over the years.
    pub chaos: Chaos,
    /// A pickup or a delivery may be sent without its payment. The vendor's staff could not complete it, so the
    /// sandbox refuses it unless this is on.
    pub unpaid_hand_over: bool,
    /// How long `/search` does not know of a sale's last change, in milliseconds.
    pub search_lag_ms: i64,
}

impl Default for XSeriesConfig {
    fn default() -> Self {
        Self {
            listen: loopback(),
            domain_prefix: "sandbox".to_owned(),
            api_version: "2026-07".to_owned(),
            registers: 4,
            personal_tokens: vec!["sandbox-personal-token".to_owned()],
            oauth: OAuthApp::default(),
            webhook: None,
            signature_encoding: SignatureEncoding::Hex,
            chaos: Chaos::default(),
            unpaid_hand_over: false,
            search_lag_ms: 1000,
        }
    }
}

/// `[x_series.oauth]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuthApp {
    /// The application's id.
    pub client_id: String,
    /// The application's secret, which also signs webhooks.
    pub client_secret: String,
    /// The first refresh token; each use replaces it.
    pub refresh_token: String,
    /// A code as the browser brings it back, good for one exchange.
    #[serde(default)]
    pub authorization_code: Option<String>,
}

impl Default for OAuthApp {
    fn default() -> Self {
        Self {
            client_id: "sandbox-app".to_owned(),
            client_secret: "sandbox-app-secret".to_owned(),
            refresh_token: "sandbox-refresh-token".to_owned(),
            authorization_code: None,
        }
    }
}

/// `[x_series.chaos]`: the type chaos that real answers show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chaos {
    /// Numbers are texts in half of the sales.
    pub numbers_as_strings: bool,
    /// Sales come in the flat shape of API 2.0 also under a date version.
    pub flat_sales: bool,
    /// Dates are written in the several ways that were seen.
    pub mixed_dates: bool,
}

fn loopback() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
