//! The keys of `[[connections]]`.

use super::read::NOT_A_WEB_ADDRESS;
use super::reader::Reader;
use super::sections::{Connection, JwtAlgorithm, NetSuite, NetSuiteAuth, XSeries, XSeriesAuth, XSeriesVerify, XSeriesWebhook};
use super::values;
use crate::domain::ids::ConnectionId;

type Table<'r, 't, 'c> = &'r mut Reader<'t, 'c>;

/// The connections; `reachable` says that webhook subscriptions would be made for them.
pub(super) fn connections(r: Table, reachable: bool) -> Option<Vec<Connection>> {
    let mut seen = Vec::new();
    r.sections("connections", |r| {
        let id = r.parsed("id", "is not a connection's id; write 1 to 64 of a-z, 0-9 and -", values::connection_id);
        if let Some(id) = &id {
            if seen.contains(id) {
                r.problem("id", format!("{id:?} is used twice; give each connection its own"));
            }
            seen.push(id.clone());
        }
        let netsuite = r.section("netsuite", netsuite);
        let x_series = r.section("x_series", |r| x_series(r, reachable));
        Some(Connection { id: ConnectionId::new(id?), netsuite: netsuite?, x_series: x_series? })
    })
}

fn netsuite(r: Table) -> Option<NetSuite> {
    let not_an_account = "is not an account id; write it as NetSuite shows it: 1234567 or 1234567_SB1";
    let account_id = r.parsed("account_id", not_an_account, values::account_id);
    let base_url = r.optional("base_url", NOT_A_WEB_ADDRESS, values::web_address);
    let webhook_secrets = r.or("webhook_secrets", Vec::new(), |r, key| r.secrets(key, values::webhook_secret));
    let concurrency = r.or("concurrency", 2, |r, key| r.number(key, &(1..=100)));
    let auth = r.section("auth", netsuite_auth);
    let not_a_zone = "is not a time zone; write an IANA name, such as Pacific/Auckland";
    let timezone = r.or("timezone", "Etc/UTC".to_owned(), |r, key| r.parsed(key, not_a_zone, values::timezone));
    Some(NetSuite {
        account_id: account_id?,
        base_url: base_url?,
        webhook_secrets: webhook_secrets?,
        concurrency: concurrency?,
        auth: auth?,
        timezone: timezone?,
    })
}

fn netsuite_auth(r: Table) -> Option<NetSuiteAuth> {
    #[derive(Clone, Copy)]
    enum Kind {
        OAuth2M2m,
        Tba,
    }
    match r.choice("type", &[("oauth2_m2m", Kind::OAuth2M2m), ("tba", Kind::Tba)]) {
        Some(Kind::OAuth2M2m) => {
            let client_id = r.text("client_id");
            let certificate_id = r.text("certificate_id");
            let private_key = r.secret_that("private_key", values::private_key);
            let algorithm = r.or("algorithm", JwtAlgorithm::ES256, |r, key| r.choice(key, &ALGORITHMS));
            Some(NetSuiteAuth::OAuth2M2m {
                client_id: client_id?,
                certificate_id: certificate_id?,
                private_key: private_key?,
                algorithm: algorithm?,
            })
        }
        Some(Kind::Tba) => {
            let consumer_key = r.secret("consumer_key");
            let consumer_secret = r.secret("consumer_secret");
            let token_id = r.secret("token_id");
            let token_secret = r.secret("token_secret");
            Some(NetSuiteAuth::Tba {
                consumer_key: consumer_key?,
                consumer_secret: consumer_secret?,
                token_id: token_id?,
                token_secret: token_secret?,
            })
        }
        None => {
            r.forgive_keys(&["client_id", "certificate_id", "private_key", "algorithm"]);
            r.forgive_keys(&["consumer_key", "consumer_secret", "token_id", "token_secret"]);
            None
        }
    }
}

const ALGORITHMS: [(&str, JwtAlgorithm); 5] = [
    ("ES256", JwtAlgorithm::ES256),
    ("ES384", JwtAlgorithm::ES384),
    ("PS256", JwtAlgorithm::PS256),
    ("PS384", JwtAlgorithm::PS384),
    ("PS512", JwtAlgorithm::PS512),
];

fn x_series(r: Table, reachable: bool) -> Option<XSeries> {
    let not_a_prefix = "is not a domain prefix; write the part before .retail.lightspeed.app";
    let domain_prefix = r.parsed("domain_prefix", not_a_prefix, values::domain_prefix);
    let base_url = r.optional("base_url", NOT_A_WEB_ADDRESS, values::web_address);
    let not_a_version = "is not a date version of the API; write 2026-07";
    let api_version = r.or("api_version", "2026-07".to_owned(), |r, key| r.parsed(key, not_a_version, values::api_version));
    let registers = r.or("registers", 1, |r, key| r.number(key, &(0..=10_000)));
    let auth = r.section("auth", x_series_auth);
    let unverified =
        XSeriesWebhook { verify: XSeriesVerify::Signature { secrets: Vec::new() }, allow_payload_signature: false, subscribe: true };
    let webhook = r.or("webhook", unverified, |r, key| r.section(key, webhook));
    if let Some(XSeriesWebhook { verify: XSeriesVerify::Signature { secrets }, subscribe: true, .. }) = &webhook
        && reachable
        && secrets.is_empty()
    {
        let what = "has no secrets, so the webhooks that are subscribed to would all be refused; write secrets = [\"…\"], \
                    the application's client secret, or subscribe = false";
        r.problem("webhook", what);
    }
    Some(XSeries {
        domain_prefix: domain_prefix?,
        base_url: base_url?,
        api_version: api_version?,
        registers: registers?,
        auth: auth?,
        webhook: webhook?,
    })
}

fn x_series_auth(r: Table) -> Option<XSeriesAuth> {
    #[derive(Clone, Copy)]
    enum Kind {
        PersonalToken,
        OAuth2,
    }
    match r.choice("type", &[("personal_token", Kind::PersonalToken), ("oauth2", Kind::OAuth2)]) {
        Some(Kind::PersonalToken) => {
            let token = r.secret("token");
            Some(XSeriesAuth::PersonalToken { token: token? })
        }
        Some(Kind::OAuth2) => {
            let client_id = r.text("client_id");
            let client_secret = r.secret("client_secret");
            Some(XSeriesAuth::OAuth2 { client_id: client_id?, client_secret: client_secret? })
        }
        None => {
            r.forgive_keys(&["token", "client_id", "client_secret"]);
            None
        }
    }
}

fn webhook(r: Table) -> Option<XSeriesWebhook> {
    #[derive(Clone, Copy)]
    enum Kind {
        Signature,
        PathToken,
    }
    let kinds = [("signature", Kind::Signature), ("path_token", Kind::PathToken)];
    let verify = match r.or("verify", Kind::Signature, |r, key| r.choice(key, &kinds)) {
        Some(Kind::Signature) => {
            r.or("secrets", Vec::new(), |r, key| r.secrets(key, |_| Ok(()))).map(|secrets| XSeriesVerify::Signature { secrets })
        }
        Some(Kind::PathToken) => r.secret_that("token", values::path_token).map(|token| XSeriesVerify::PathToken { token }),
        None => {
            r.forgive_keys(&["secrets", "token"]);
            None
        }
    };
    let allow_payload_signature = r.or("allow_payload_signature", false, Reader::flag);
    let subscribe = r.or("subscribe", true, Reader::flag);
    Some(XSeriesWebhook { verify: verify?, allow_payload_signature: allow_payload_signature?, subscribe: subscribe? })
}
