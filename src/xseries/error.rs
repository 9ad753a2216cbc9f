//! How a request to X-Series fails, and what that means for the order.

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use super::wire::WireError;
use crate::domain::failure::FailureClass;
use crate::domain::verdict::Reason;

/// Whatever the keeper of the tokens failed with.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct KeeperError(Box<dyn std::error::Error + Send + Sync>);

impl KeeperError {
    /// Wraps the keeper's own error, or its words.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// A failed operation of the X-Series client.
#[derive(Debug, Error)]
pub enum XSeriesError {
    /// The configuration cannot be used.
    #[error("cannot use the X-Series settings: {problem}")]
    Settings {
        /// What is wrong, and with which key.
        problem: String,
    },
    /// No budget now: nothing was sent.
    #[error("there is no X-Series request budget before {until}")]
    NoBudget {
        /// When there is.
        until: Timestamp,
    },
    /// The request could not be put together: nothing was sent.
    #[error("the request to {operation} could not be written")]
    Unwritable {
        /// What it was for.
        operation: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// No connection: nothing was sent.
    #[error("cannot connect to X-Series to {operation}")]
    Connect {
        /// What it was for.
        operation: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It was sent and there is no whole answer: a time-out, or the connection was cut.
    #[error("X-Series did not finish its answer when asked to {operation}")]
    Cut {
        /// What it was for.
        operation: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// Too many requests.
    #[error("X-Series takes no more requests before {until}")]
    Throttled {
        /// When there is budget again.
        until: Timestamp,
    },
    /// An answer that is no success.
    #[error("X-Series answered {status} when asked to {operation}{}{}", says(.words), advice(*.status))]
    Status {
        /// What it was for.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// The vendor's words.
        words: String,
        /// What it asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The address has moved: the domain prefix is another.
    #[error("X-Series answered {status} when asked to {operation}, a redirect to {location}: check x_series.domain_prefix")]
    Redirect {
        /// What it was for.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// The host it points to.
        location: String,
    },
    /// A success whose body says that it failed.
    #[error("X-Series answered {status} with an error when asked to {operation}{}", says(.words))]
    HiddenError {
        /// What it was for.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// The vendor's words.
        words: String,
    },
    /// A success whose body is not JSON, as proxies send.
    #[error("X-Series answered {status} without JSON when asked to {operation}")]
    NotJson {
        /// What it was for.
        operation: &'static str,
        /// The HTTP status.
        status: u16,
        /// Why it is none.
        #[source]
        source: serde_json::Error,
    },
    /// A success that cannot be understood.
    #[error("the answer of X-Series to {operation} cannot be understood")]
    Wire {
        /// What it was for.
        operation: &'static str,
        /// What cannot.
        #[source]
        source: WireError,
    },
    /// A list that does not end.
    #[error("X-Series gives no end to the list when asked to {operation}")]
    Endless {
        /// What it was for.
        operation: &'static str,
    },
    /// The OAuth credentials are not there or no longer good.
    #[error("cannot sign X-Series requests: {problem}")]
    Credentials {
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The token endpoint failed for a while.
    #[error("the X-Series token could not be renewed{}", says(.words))]
    TokenEndpoint {
        /// The HTTP status.
        status: u16,
        /// The vendor's words.
        words: String,
    },
    /// The token endpoint did not answer.
    #[error("the X-Series token endpoint did not answer")]
    TokenRequest(#[source] reqwest::Error),
    /// The tokens could not be read or written.
    #[error("the X-Series tokens could not be {operation}")]
    TokenStore {
        /// `read`, `written` or `locked`.
        operation: &'static str,
        /// Why.
        #[source]
        source: KeeperError,
    },
    /// Another replica renews the token and is not done yet.
    #[error("another replica is renewing the X-Series token")]
    RenewedElsewhere {
        /// When to look again.
        until: Timestamp,
    },
    /// The task that renews the token ended early.
    #[error("the renewal of the X-Series token was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

fn says(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

fn advice(status: u16) -> &'static str {
    match status {
        401 => " (the token is not valid: make a new one, or connect the retailer again)",
        403 => " (the token lacks a scope or its user a permission)",
        404 => " (nothing is there: check x_series.domain_prefix and x_series.api_version)",
        _ => "",
    }
}

impl XSeriesError {
    /// What the failure means. `write`: the request was to change something, so that an answer that never came may hide a
    /// change that did.
    pub fn class(&self, write: bool) -> FailureClass {
        let unknown_fate = |retry_after| if write { FailureClass::InDoubt } else { FailureClass::Transient { retry_after } };
        match self {
            Self::NoBudget { until } | Self::Throttled { until } | Self::RenewedElsewhere { until } => {
                FailureClass::Throttled { until: *until }
            }
            Self::Connect { .. } | Self::TokenEndpoint { .. } | Self::TokenRequest(_) | Self::TokenStore { .. } | Self::Interrupted(_) => {
                FailureClass::Transient { retry_after: None }
            }
            Self::Cut { .. } | Self::NotJson { .. } => unknown_fate(None),
            Self::Status { status, retry_after, .. } => match status {
                401 => FailureClass::Refused(Reason::Credentials),
                403 => FailureClass::Refused(Reason::Permission),
                409 => FailureClass::Duplicate,
                408 | 500.. => unknown_fate(*retry_after),
                _ => FailureClass::Refused(Reason::Refused),
            },
            Self::Redirect { .. } | Self::HiddenError { .. } => FailureClass::Refused(Reason::Refused),
            Self::Wire { .. } if write => FailureClass::InDoubt,
            Self::Wire { .. } | Self::Endless { .. } => FailureClass::Refused(Reason::UnknownAnswer),
            Self::Credentials { .. } | Self::Settings { .. } => FailureClass::Refused(Reason::Credentials),
            Self::Unwritable { .. } => FailureClass::Refused(Reason::InternalError),
        }
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. }
            | Self::Redirect { status, .. }
            | Self::HiddenError { status, .. }
            | Self::NotJson { status, .. }
            | Self::TokenEndpoint { status, .. } => Some(*status),
            Self::Throttled { .. } => Some(429),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> XSeriesError {
        XSeriesError::Status { operation: "create the sale", status, words: "no".to_owned(), retry_after: None }
    }

    #[test]
    fn a_5xx_on_a_write_is_in_doubt_and_on_a_read_passes() {
        for code in [408, 500, 502, 503, 504, 599] {
            assert_eq!(status(code).class(true), FailureClass::InDoubt, "{code}");
            assert_eq!(status(code).class(false), FailureClass::Transient { retry_after: None }, "{code}");
        }
    }

    #[test]
    fn refusals_are_never_sent_again_unchanged() {
        for code in [400, 404, 405, 406, 410, 413, 422] {
            assert_eq!(status(code).class(true), FailureClass::Refused(Reason::Refused), "{code}");
        }
        assert_eq!(status(401).class(true), FailureClass::Refused(Reason::Credentials));
        assert_eq!(status(403).class(false), FailureClass::Refused(Reason::Permission));
        assert_eq!(status(409).class(true), FailureClass::Duplicate);
    }

    #[test]
    fn an_error_says_what_was_asked_what_came_and_what_to_do() {
        assert_eq!(
            status(403).to_string(),
            "X-Series answered 403 when asked to create the sale: no (the token lacks a scope or its user a permission)"
        );
        assert_eq!(status(422).to_string(), "X-Series answered 422 when asked to create the sale: no");
    }
}
