//! Who may call: client assertions for the OAuth 2.0 client-credentials flow, and OAuth 1.0a signatures. Both are checked
//! here from the RFCs and NetSuite's pages, not with the client's own signing code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::errors::ApiError;
use crate::sandbox::config::{NetSuiteConfig, OAuth2Client, TbaToken};
use crate::sandbox::courier::hmac_sha256;

/// What RFC 5849 leaves unescaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// How far a signature's time may be from ours, in seconds.
const CLOCK_WINDOW: i64 = 300;
/// How long an access token lives, in seconds.
const TOKEN_LIFE: i64 = 3600;
/// How long an assertion may live, in seconds.
const LONGEST_ASSERTION: i64 = 3600;

/// The account host's form of the account id: lower case, with a hyphen.
pub(super) fn account_host(account_id: &str) -> String {
    account_id.to_lowercase().replace('_', "-")
}

#[derive(Debug, Default)]
struct Seen {
    /// Access token and when it ends.
    tokens: BTreeMap<String, Timestamp>,
    /// `jti` of assertions, and nonces with their timestamps.
    used: BTreeSet<String>,
    issued: u64,
}

/// The account's credentials and what was issued for them.
#[derive(Debug)]
pub(super) struct Auth {
    realm: String,
    audience: String,
    clients: Vec<OAuth2Client>,
    tokens: Vec<TbaToken>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<Value>,
    iat: Option<i64>,
    exp: Option<i64>,
    jti: Option<String>,
    scope: Option<Value>,
}

/// Why no token is issued, in OAuth 2.0's words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Denied {
    pub status: StatusCode,
    pub error: &'static str,
    pub description: &'static str,
}

impl Denied {
    fn request(description: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: "invalid_request", description }
    }

    fn grant(description: &'static str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: "invalid_grant", description }
    }

    fn client(description: &'static str) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: "invalid_client", description }
    }

    pub(super) fn body(&self) -> Value {
        json!({ "error": self.error, "error_description": self.description })
    }
}

impl Auth {
    pub(super) fn new(config: &NetSuiteConfig) -> Self {
        let host = account_host(&config.account_id);
        Self {
            realm: config.account_id.to_uppercase().replace('-', "_"),
            audience: format!("https://{host}.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"),
            clients: config.oauth2.clone(),
            tokens: config.tba.clone(),
            seen: Mutex::default(),
        }
    }

    fn seen<T>(&self, work: impl FnOnce(&mut Seen) -> T) -> T {
        work(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends every access token, as a change of the role does.
    pub(super) fn revoke_all(&self) {
        self.seen(|seen| seen.tokens.clear());
    }

    /// Answers the token endpoint.
    pub(super) fn issue(&self, form: &BTreeMap<String, String>, now: Timestamp) -> Result<Value, Denied> {
        let field = |name: &str| form.get(name).map(String::as_str);
        if field("grant_type") != Some("client_credentials") {
            return Err(Denied::request("grant_type must be client_credentials"));
        }
        if field("client_assertion_type") != Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") {
            return Err(Denied::request("client_assertion_type must be jwt-bearer"));
        }
        let assertion = field("client_assertion").ok_or(Denied::request("client_assertion is missing"))?;
        self.check_assertion(assertion, now)?;
        let ends = now.checked_add(jiff::SignedDuration::from_secs(TOKEN_LIFE)).unwrap_or(Timestamp::MAX);
        let token = self.seen(|seen| {
            seen.issued += 1;
            let token = format!("sandbox.access.{}.{}", seen.issued, now.as_millisecond());
            seen.tokens.insert(token.clone(), ends);
            token
        });
        Ok(json!({ "access_token": token, "expires_in": TOKEN_LIFE, "token_type": "Bearer" }))
    }

    fn check_assertion(&self, assertion: &str, now: Timestamp) -> Result<(), Denied> {
        let header = jsonwebtoken::decode_header(assertion).map_err(|_unreadable| Denied::client("the assertion is not a JWT"))?;
        let elliptic = matches!(header.alg, Algorithm::ES256 | Algorithm::ES384);
        let rsa_pss = matches!(header.alg, Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512);
        if !elliptic && !rsa_pss {
            return Err(Denied::client("the algorithm is not one of PS256, PS384, PS512, ES256, ES384"));
        }
        if header.typ.as_deref() != Some("JWT") {
            return Err(Denied::client("typ must be JWT"));
        }
        let kid = header.kid.ok_or(Denied::client("kid is missing"))?;
        let client = self.clients.iter().find(|client| client.certificate_id == kid);
        let client = client.ok_or(Denied::client("there is no such certificate"))?;
        let pem = client.public_key_pem.as_bytes();
        let key = if elliptic { DecodingKey::from_ec_pem(pem) } else { DecodingKey::from_rsa_pem(pem) };
        let key = key.map_err(|_wrong_kind| Denied::client("the certificate's key does not fit the algorithm"))?;
        let mut validation = Validation::new(header.alg);
        // Times are checked by the sandbox's own clock, and the rest by hand, so that each refusal has its word.
        (validation.validate_exp, validation.validate_aud) = (false, false);
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims>(assertion, &key, &validation)
            .map_err(|_bad_signature| Denied::client("the signature does not verify"))?
            .claims;
        if claims.iss.as_deref() != Some(client.client_id.as_str()) {
            return Err(Denied::client("iss is not the client id of the certificate"));
        }
        if claims.aud.as_ref().is_none_or(|aud| !names(aud, &self.audience)) {
            return Err(Denied::grant("aud is not the account's token URL"));
        }
        let (Some(iat), Some(exp)) = (claims.iat, claims.exp) else { return Err(Denied::grant("iat and exp are required")) };
        if exp <= iat || exp - iat > LONGEST_ASSERTION {
            return Err(Denied::grant("the assertion lives longer than 60 minutes"));
        }
        if exp <= now.as_second() || iat > now.as_second() + CLOCK_WINDOW {
            return Err(Denied::grant("the assertion has expired or is not valid yet"));
        }
        if claims.scope.as_ref().is_none_or(|scope| !names(scope, "rest_webservices")) {
            return Err(Denied {
                status: StatusCode::BAD_REQUEST,
                error: "invalid_scope",
                description: "rest_webservices is not asked for",
            });
        }
        let fresh = claims.jti.is_none_or(|jti| self.seen(|seen| seen.used.insert(format!("jti {jti}"))));
        if fresh { Ok(()) } else { Err(Denied::grant("the assertion was used before")) }
    }

    /// Lets a request pass, or answers 401 `INVALID_LOGIN`.
    pub(super) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap, now: Timestamp) -> Result<(), ApiError> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let passes = if let Some(token) = value.strip_prefix("Bearer ") {
            self.seen(|seen| seen.tokens.get(token).is_some_and(|ends| *ends > now))
        } else if let Some(parameters) = value.strip_prefix("OAuth ") {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            self.check_signature(method, uri, host, parameters, now)
        } else {
            false
        };
        if passes { Ok(()) } else { Err(ApiError::invalid_login()) }
    }

    fn check_signature(&self, method: &Method, uri: &Uri, host: &str, parameters: &str, now: Timestamp) -> bool {
        let Some(parameters) = authorization_parameters(parameters) else { return false };
        let get = |name: &str| parameters.get(name).map(String::as_str);
        let token = self.tokens.iter().find(|known| {
            get("oauth_consumer_key") == Some(known.consumer_key.as_str()) && get("oauth_token") == Some(known.token_id.as_str())
        });
        let (Some(token), Some(nonce), Some(timestamp)) = (token, get("oauth_nonce"), get("oauth_timestamp")) else { return false };
        let in_window = timestamp.parse::<i64>().is_ok_and(|time| (time - now.as_second()).abs() <= CLOCK_WINDOW);
        let right_form = get("realm") == Some(self.realm.as_str())
            && get("oauth_signature_method") == Some("HMAC-SHA256")
            && get("oauth_version").is_none_or(|version| version == "1.0")
            && !nonce.is_empty();
        if !in_window || !right_form {
            return false;
        }
        let base = signature_base(method, host, uri, &parameters);
        let key = format!("{}&{}", escape(&token.consumer_secret), escape(&token.token_secret));
        let expected = hmac_sha256(key.as_bytes(), &[base.as_bytes()]);
        let given = get("oauth_signature").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        bool::from(expected.ct_eq(&given)) && self.seen(|seen| seen.used.insert(format!("nonce {timestamp} {nonce}")))
    }
}

/// The value is the text, or a list (an array, or words with spaces or commas between) that holds it.
fn names(value: &Value, text: &str) -> bool {
    match value {
        Value::String(words) => words.split([' ', ',']).any(|word| word == text),
        Value::Array(list) => list.iter().any(|word| word == text),
        _ => false,
    }
}

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

fn unescape(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

/// `name="value", …` with the values decoded; `None` for a header that is not of this form or says a thing twice.
fn authorization_parameters(text: &str) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    for member in text.split(',') {
        let (name, value) = member.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        if parameters.insert(name.to_owned(), unescape(value)?).is_some() {
            return None;
        }
    }
    Some(parameters)
}

/// RFC 5849 section 3.4.1, over the request as it arrived: the path is not decoded, so `!` becomes `%21` here alone.
fn signature_base(method: &Method, host: &str, uri: &Uri, parameters: &BTreeMap<String, String>) -> String {
    let mut pairs: Vec<(String, String)> = parameters
        .iter()
        .filter(|(name, _)| *name != "realm" && *name != "oauth_signature")
        .map(|(name, value)| (escape(name), escape(value)))
        .collect();
    for pair in uri.query().into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| escape(&unescape(&text.replace('+', " ")).unwrap_or_default());
        pairs.push((decode(name), decode(value)));
    }
    pairs.sort();
    let normalised: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    let host = host.to_lowercase();
    let host = host.strip_suffix(":80").unwrap_or(&host);
    format!("{}&{}&{}", method.as_str(), escape(&format!("http://{host}{}", uri.path())), escape(&normalised.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that the vendor publishes, with its scheme exchanged: the sandbox itself only ever listens on http.
    #[test]
    fn the_base_string_is_that_of_the_published_form() {
        let uri: Uri = "/services/rest/record/v1/salesOrder/eid:x/!transform/invoice?b=2&a=1%20c".parse().unwrap();
        let parameters = authorization_parameters(r#"realm="R", oauth_nonce="n%2B", oauth_signature="s""#).unwrap();
        let base = signature_base(&Method::POST, "127.0.0.1:9101", &uri, &parameters);
        assert_eq!(
            base,
            "POST&http%3A%2F%2F127.0.0.1%3A9101%2Fservices%2Frest%2Frecord%2Fv1%2FsalesOrder%2Feid%3Ax%2F%21transform%2Finvoice\
             &a%3D1%2520c%26b%3D2%26oauth_nonce%3Dn%252B"
        );
    }
}
