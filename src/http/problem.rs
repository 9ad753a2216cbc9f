//! The closed catalogue of errors that the service answers with, as RFC 9457 problems.
//!
//! Each has a stable `type`, a status, a title, a sentence on what happened here, and what the reader does about it.

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::causes::in_one_line;
use crate::store::{Role, StoreError};

/// One line of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The last part of `type`: `/problems/{slug}`. Never changes.
    pub slug: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// What kind of thing happened, the same for each of its occurrences.
    pub title: &'static str,
    /// What the reader does about it.
    pub action: &'static str,
}

macro_rules! catalogue {
    ($($name:ident: $slug:literal, $status:ident, $title:literal, $action:literal;)+) => {
        $(const $name: Entry = Entry { slug: $slug, status: StatusCode::$status, title: $title, action: $action };)+

        /// Every problem that there is.
        pub const CATALOGUE: &[Entry] = &[$($name),+];
    };
}

catalogue! {
    BAD_PARAMETER: "bad-parameter", BAD_REQUEST, "A parameter cannot be used", "Correct the parameter and ask again.";
    BAD_BODY: "bad-body", BAD_REQUEST, "The body cannot be used", "Correct the body and send it again; openapi.yaml shows its shape.";
    BODY_CUT: "body-cut", BAD_REQUEST, "The body ended early", "Send the request again.";
    NOT_SIGNED: "not-signed", UNAUTHORIZED, "The webhook is not genuine",
        "Compare the secrets, the account and the clocks of the sender and of this service; `tillbridge check` helps.";
    TOKEN_NEEDED: "token-needed", UNAUTHORIZED, "A token is needed",
        "Send `Authorization: Bearer TOKEN` with a token made by `tillbridge token create`.";
    FORBIDDEN: "forbidden", FORBIDDEN, "The token does not allow this", "Use a token with the role that is named.";
    NO_ROUTE: "no-such-address", NOT_FOUND, "There is nothing at this address", "Look the address up in /openapi.yaml.";
    UNKNOWN_CONNECTION: "unknown-connection", NOT_FOUND, "There is no such connection",
        "Compare the address with the connections of the configuration.";
    NOT_CONNECTED: "not-connected", BAD_REQUEST, "The retailer was not connected",
        "Open /oauth/x-series/{connection}/start again, or bring in a refresh token with `tillbridge connect x-series`.";
    NEVER_SEEN: "order-never-seen", NOT_FOUND, "No order goes by this id",
        "Save the sales order in NetSuite or the sale in X-Series once more, or POST to /v1/orders/{id}/send with the sales order's \
         internal id or the sale's id.";
    NOT_THERE: "not-found", NOT_FOUND, "It is not there", "Look the id up in the list it belongs to.";
    METHOD: "method-not-allowed", METHOD_NOT_ALLOWED, "The address does not take this method", "Use one of the methods of the Allow header.";
    BODY_SLOW: "body-too-slow", REQUEST_TIMEOUT, "The body took too long", "Send it again, in one go.";
    WARNINGS: "mapping-warnings", CONFLICT, "The mappings have warnings",
        "Read the warnings; publish with `accept_warnings` when they are meant.";
    BODY_LARGE: "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large", "Send less at once.";
    MEDIA_TYPE: "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body is not JSON", "Send it as `Content-Type: application/json`.";
    MAPPING_INVALID: "mapping-invalid", UNPROCESSABLE_ENTITY, "The mappings have errors", "Correct each of the errors and publish again.";
    REPLAY_LARGE: "replay-too-large", UNPROCESSABLE_ENTITY, "The replay is about too many orders", "Narrow the filter, and replay in parts.";
    INTERNAL: "internal", INTERNAL_SERVER_ERROR, "The service failed on this request",
        "Look the request id up in the log, and report what is said there.";
    UNAVAILABLE: "unavailable", SERVICE_UNAVAILABLE, "The store cannot be used now", "Try again after the time of the Retry-After header.";
    TOO_SLOW: "answer-too-slow", SERVICE_UNAVAILABLE, "The answer took too long", "Try again after the time of the Retry-After header.";
    NOT_READY: "not-ready", SERVICE_UNAVAILABLE, "The service is not ready", "Look at the parts that are not ok.";
}

/// One occurrence of a problem, with what is to be said about it.
#[derive(Debug)]
pub enum Problem {
    /// A query or path parameter is unknown, given twice, or has a value that cannot be used.
    Parameter {
        /// Which.
        name: String,
        /// What is wrong with it.
        detail: String,
        /// What it may be.
        allowed: Vec<String>,
    },
    /// A JSON body cannot be read, or asks for nothing.
    Body(String),
    /// The sender stopped in the middle of a body.
    BodyCut,
    /// A webhook's signature, time, token or account is not right.
    NotSigned(String),
    /// No token came.
    TokenMissing,
    /// The token that came is not known.
    TokenUnknown,
    /// The token's role is too low.
    Role {
        /// What is needed.
        needed: Role,
        /// What the token has.
        has: Role,
    },
    /// No route.
    NoRoute,
    /// The address names a connection that the configuration does not have.
    UnknownConnection(String),
    /// The browser's way to X-Series tokens ended without them.
    NotConnected(String),
    /// No order is found by the id.
    NeverSeen(String),
    /// Another thing is not there.
    NotThere {
        /// What kind of thing: `event`, `replay`, `revision`.
        what: &'static str,
        /// Its id as it was asked for.
        id: String,
    },
    /// The route does not take the method.
    Method(Method),
    /// A body took longer than `server.request_timeout`.
    BodySlow,
    /// A body is larger than `server.body_limit`.
    BodyLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A body that has to be JSON is announced as something else.
    MediaType(String),
    /// A mappings document has errors: each with `line`, `column`, `message`, `suggestion`.
    MappingInvalid {
        /// What has to be corrected.
        errors: Vec<Value>,
    },
    /// A mappings document has warnings that were not accepted.
    MappingWarnings {
        /// What should be looked at.
        warnings: Vec<Value>,
    },
    /// A replay's filter finds more orders than one replay may hold.
    ReplayLarge {
        /// How many it may hold.
        limit: usize,
    },
    /// The service broke its own rules; what is said goes to the log alone.
    Broken(&'static str),
    /// The store failed.
    Store(StoreError),
    /// A webhook could not be stored: whatever the cause, the sender has to try again.
    NotStored(StoreError),
    /// The handler took too long.
    TooSlow,
    /// `/readyz` says no; the parts of its body.
    NotReady(Map<String, Value>),
}

/// What a sender is asked to wait when the store cannot be used, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

impl Problem {
    /// Its line in the catalogue.
    pub fn entry(&self) -> Entry {
        match self {
            Self::Parameter { .. } => BAD_PARAMETER,
            Self::Body(_) => BAD_BODY,
            Self::BodyCut => BODY_CUT,
            Self::NotSigned(_) => NOT_SIGNED,
            Self::TokenMissing | Self::TokenUnknown => TOKEN_NEEDED,
            Self::Role { .. } => FORBIDDEN,
            Self::NoRoute => NO_ROUTE,
            Self::UnknownConnection(_) => UNKNOWN_CONNECTION,
            Self::NotConnected(_) => NOT_CONNECTED,
            Self::NeverSeen(_) => NEVER_SEEN,
            Self::NotThere { .. } => NOT_THERE,
            Self::Method(_) => METHOD,
            Self::BodySlow => BODY_SLOW,
            Self::MappingWarnings { .. } => WARNINGS,
            Self::BodyLarge { .. } => BODY_LARGE,
            Self::MediaType(_) => MEDIA_TYPE,
            Self::MappingInvalid { .. } => MAPPING_INVALID,
            Self::ReplayLarge { .. } => REPLAY_LARGE,
            Self::NotStored(_) => UNAVAILABLE,
            Self::Store(error) if error.is_temporary() => UNAVAILABLE,
            Self::Broken(_) | Self::Store(_) => INTERNAL,
            Self::TooSlow => TOO_SLOW,
            Self::NotReady(_) => NOT_READY,
        }
    }

    /// A value of a parameter that cannot be used.
    pub fn parameter<A: Into<String>>(name: &str, detail: impl Into<String>, allowed: impl IntoIterator<Item = A>) -> Self {
        Self::Parameter { name: name.to_owned(), detail: detail.into(), allowed: allowed.into_iter().map(Into::into).collect() }
    }

    fn detail(&self) -> String {
        match self {
            Self::Parameter { detail, .. } | Self::Body(detail) | Self::NotSigned(detail) | Self::NotConnected(detail) => detail.clone(),
            Self::BodyCut => "The connection ended before the whole body had come.".to_owned(),
            Self::TokenMissing => "The request carries no bearer token.".to_owned(),
            Self::TokenUnknown => "The bearer token is not one of this service.".to_owned(),
            Self::Role { needed, has } => {
                format!("This needs a token with the role {}; this one has the role {}.", needed.word(), has.word())
            }
            Self::NoRoute => "No route of this service has this address.".to_owned(),
            Self::UnknownConnection(id) => format!("The configuration has no connection {id:?}."),
            Self::NeverSeen(id) => format!("No webhook, poll or operator has ever spoken of {id:?}, on either side."),
            Self::NotThere { what, id } => format!("There is no {what} {id:?}."),
            Self::Method(method) => format!("{method} is not one of its methods."),
            Self::BodySlow => "The body did not come whole in the time that a request may take.".to_owned(),
            Self::BodyLarge { limit } => format!("A body may have {limit} bytes at the most."),
            Self::MediaType(found) => format!("The body is announced as {found:?}."),
            Self::MappingInvalid { errors } => {
                format!("{} to be corrected; nothing was published.", count(errors.len(), "error has", "errors have"))
            }
            Self::MappingWarnings { warnings } => {
                format!("{} not accepted; nothing was published.", count(warnings.len(), "warning was", "warnings were"))
            }
            Self::ReplayLarge { limit } => format!("One replay may hold {limit} orders; nothing was replayed."),
            Self::Broken(_) | Self::Store(_) if self.entry() == INTERNAL => "The fault is in the service, not in the request.".to_owned(),
            Self::NotStored(_) => "The event could not be committed, and nothing of it was kept.".to_owned(),
            Self::Broken(_) | Self::Store(_) => "The database is locked, full or gone, or the service is stopping.".to_owned(),
            Self::TooSlow => "The request was given up before its answer was there.".to_owned(),
            Self::NotReady(_) => "At least one part cannot do its work; the parts are listed.".to_owned(),
        }
    }

    /// The members beyond those of RFC 9457.
    fn members(&self) -> Map<String, Value> {
        let members = match self {
            Self::Parameter { name, allowed, .. } => json!({ "parameter": name, "allowed": allowed }),
            Self::Role { needed, has } => json!({ "needed": needed, "has": has }),
            Self::MappingInvalid { errors } => json!({ "errors": errors }),
            Self::MappingWarnings { warnings } => json!({ "warnings": warnings }),
            Self::NotReady(parts) => return parts.clone(),
            _ => return Map::new(),
        };
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// Logged here, where the error is handled, and nowhere else.
    fn log(&self) {
        match self {
            Self::Store(error) | Self::NotStored(error) => {
                tracing::error!(error = %in_one_line(error), "a request failed: the store could not serve it");
            }
            Self::Broken(what) => tracing::error!("a request failed: {what}"),
            Self::TooSlow => tracing::error!("a request was given up: its answer took too long"),
            _ => {}
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::BadCursor => {
                Self::parameter("cursor", "The cursor is not one of this list.", ["the next_cursor of the page before"])
            }
            error => Self::Store(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let entry = self.entry();
        let mut body = json!({
            "type": format!("/problems/{}", entry.slug),
            "title": entry.title,
            "status": entry.status.as_u16(),
            "detail": self.detail(),
            "action": entry.action,
        });
        if let Value::Object(body) = &mut body {
            body.extend(self.members());
        }
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = entry.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match entry {
            TOKEN_NEEDED => {
                let challenge = if matches!(self, Self::TokenUnknown) {
                    r#"Bearer realm="tillbridge", error="invalid_token""#
                } else {
                    r#"Bearer realm="tillbridge""#
                };
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            // RFC 9110 wants a challenge on every 401; a webhook's is its signature.
            NOT_SIGNED => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Signature realm="tillbridge""#));
            }
            UNAVAILABLE | TOO_SLOW | NOT_READY => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
            }
            // What is left of the body is not waited for.
            BODY_SLOW | BODY_LARGE => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slug_is_there_once_and_every_entry_is_an_error() {
        for (index, entry) in CATALOGUE.iter().enumerate() {
            assert!(CATALOGUE[..index].iter().all(|other| other.slug != entry.slug), "{} is there twice", entry.slug);
            assert!(entry.status.is_client_error() || entry.status.is_server_error(), "{}", entry.slug);
        }
    }

    #[test]
    fn a_store_that_is_gone_asks_to_come_again() {
        let response = Problem::from(StoreError::Closed).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(response.headers().contains_key(RETRY_AFTER));
    }

    #[test]
    fn an_unknown_token_is_told_from_a_missing_one() {
        let missing = Problem::TokenMissing.into_response();
        let unknown = Problem::TokenUnknown.into_response();
        assert_eq!(missing.headers()[WWW_AUTHENTICATE], r#"Bearer realm="tillbridge""#);
        assert_eq!(unknown.headers()[WWW_AUTHENTICATE], r#"Bearer realm="tillbridge", error="invalid_token""#);
    }
}
