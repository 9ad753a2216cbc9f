//! Bearer tokens: personal ones that stay, and those of the application, which change with every refresh.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sandbox::config::{OAuthApp, XSeriesConfig};

/// How long an access token lives, in seconds.
const TOKEN_LIFE: i64 = 86_400;

/// The application's credentials and its tokens of the moment.
#[derive(Debug)]
pub(super) struct Auth {
    personal: Vec<String>,
    app: OAuthApp,
    domain_prefix: String,
    access: Option<(String, Timestamp)>,
    refresh: String,
    code: Option<String>,
    issued: u64,
}

impl Auth {
    pub(super) fn new(config: &XSeriesConfig) -> Self {
        Self {
            personal: config.personal_tokens.clone(),
            app: config.oauth.clone(),
            domain_prefix: config.domain_prefix.clone(),
            access: None,
            refresh: config.oauth.refresh_token.clone(),
            code: config.oauth.authorization_code.clone(),
            issued: 0,
        }
    }

    pub(super) fn passes(&self, token: &str, now: Timestamp) -> bool {
        let application = self.access.as_ref().is_some_and(|(access, ends)| access == token && *ends > now);
        application || self.personal.iter().any(|personal| personal == token)
    }

    /// The token endpoint. Each grant makes the tokens before it worthless.
    pub(super) fn grant(&mut self, form: &BTreeMap<String, String>, now: Timestamp) -> Result<Value, &'static str> {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("client_id") != self.app.client_id || field("client_secret") != self.app.client_secret {
            return Err("invalid_client");
        }
        match field("grant_type") {
            "refresh_token" if field("refresh_token") == self.refresh => {}
            "authorization_code" if self.code.as_deref() == Some(field("code")) && !field("redirect_uri").is_empty() => self.code = None,
            "refresh_token" | "authorization_code" => return Err("invalid_grant"),
            _ => return Err("unsupported_grant_type"),
        }
        self.issued += 1;
        let ends = now.checked_add(SignedDuration::from_secs(TOKEN_LIFE)).unwrap_or(Timestamp::MAX);
        let access = format!("sandbox-access-{}", self.issued);
        self.refresh = format!("sandbox-refresh-{}", self.issued);
        self.access = Some((access.clone(), ends));
        Ok(json!({
            "access_token": access, "token_type": "Bearer", "expires": ends.as_second(), "expires_in": TOKEN_LIFE,
            "refresh_token": self.refresh, "domain_prefix": self.domain_prefix,
            "scope": "sales:read sales:write customers:read customers:write products:read outlets:read registers:read \
                      payment_types:read taxes:read users:read retailer:read fulfillments:read fulfillments:write webhooks",
        }))
    }

    /// Ends the application's access token, as a revocation does.
    pub(super) fn revoke(&mut self) {
        self.access = None;
    }

    pub(super) fn refresh_token(&self) -> &str {
        &self.refresh
    }
}
