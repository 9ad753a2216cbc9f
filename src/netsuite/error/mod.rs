//! What can go wrong with NetSuite, and what it means for the order.

mod answer;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

pub use self::answer::Refusal;
pub use self::table::Meaning;
pub use super::auth::key::KeyError;
pub use super::auth::oauth2::TokenError;
pub use super::wire::body::Unsendable;
use crate::domain::failure::FailureClass;
use crate::domain::verdict::Reason;

/// An operation on NetSuite failed. [`NetSuiteError::class`] says what that means for the order.
#[derive(Debug, Error)]
pub enum NetSuiteError {
    /// The configured account id is none.
    #[error("the NetSuite connection has no usable account id")]
    Account(#[source] super::account::NotAnAccount),
    /// The configured address is none.
    #[error("{0:?} is not an address that NetSuite can be reached at")]
    BaseUrl(String),
    /// The configured time zone is not known.
    #[error("{name:?} is not a time zone; it is written like Pacific/Auckland")]
    TimeZone {
        /// As configured.
        name: String,
        /// What the time-zone database says.
        #[source]
        source: jiff::Error,
    },
    /// The private key cannot be used.
    #[error("the private key of the NetSuite connection cannot be used")]
    PrivateKey(#[source] KeyError),

    /// No budget, or NetSuite is not to be asked for a while.
    #[error("no request to NetSuite before {until}")]
    NotNow {
        /// When it may be asked again.
        until: Timestamp,
    },
    /// No access token; the request did not leave.
    #[error("NetSuite gave no access token")]
    Token(#[source] TokenError),
    /// No connection; the request did not leave.
    #[error("NetSuite cannot be reached")]
    Connect(#[source] reqwest::Error),
    /// The request left and no answer came in time, or the connection was cut.
    #[error("NetSuite did not answer")]
    NoAnswer(#[source] reqwest::Error),
    /// The answer's head came, its body did not.
    #[error("NetSuite's answer ({status}) broke off")]
    BrokenOff {
        /// The HTTP status.
        status: u16,
        /// What broke.
        #[source]
        source: reqwest::Error,
    },
    /// The answer is larger than any that we ask for.
    #[error("NetSuite's answer ({status}) is too large")]
    TooLarge {
        /// The HTTP status.
        status: u16,
    },
    /// NetSuite refused, with its own words.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// NetSuite knows no tax that is written instead of computed.
    #[error("the account does not take the till's tax, which needs SuiteTax: turn the override off for this connection; {0}")]
    NoTaxOverride(Box<Refusal>),
    /// A record that was there a moment ago.
    #[error("NetSuite no longer has the {record} {id}")]
    Gone {
        /// What it is.
        record: &'static str,
        /// Its internal id.
        id: String,
    },
    /// The login was refused shortly after it was good: NetSuite says so when it is overloaded.
    #[error("NetSuite refused a login that was good a moment ago")]
    LoginWavers {
        /// How long to wait.
        retry_after: Duration,
    },
    /// A write was accepted, but the answer does not say what was made.
    #[error("NetSuite answered {status} without saying what it made")]
    NoLocation {
        /// The HTTP status.
        status: u16,
    },
    /// A status that no answer to this request has.
    #[error("NetSuite answered {status}, which is not known here")]
    UnknownStatus {
        /// The HTTP status.
        status: u16,
    },
    /// A success whose body is not JSON: a page of a proxy, or of maintenance.
    #[error("NetSuite answered {status} with something else than JSON")]
    NotJson {
        /// The HTTP status.
        status: u16,
        /// Where it stops being JSON.
        #[source]
        source: serde_json::Error,
    },
    /// A record without something that cannot be done without.
    #[error("NetSuite's {record} lacks {field}")]
    Lacks {
        /// What was read.
        record: &'static str,
        /// What it lacks.
        field: &'static str,
    },
    /// The request must not leave as it is.
    #[error("the request to NetSuite cannot be sent")]
    Unsendable(#[source] Unsendable),
    /// A list of names that is not known here.
    #[error("NetSuite has no list called {0:?} here")]
    UnknownList(String),
}

impl NetSuiteError {
    /// What the failure means; `write`: the request would have changed something.
    pub fn class(&self, write: bool) -> FailureClass {
        // What happened to a read does not matter: it can be sent again.
        let unknown = |retry_after| if write { FailureClass::InDoubt } else { FailureClass::Transient { retry_after } };
        match self {
            Self::NotNow { until } => FailureClass::Throttled { until: *until },
            Self::Token(error) => token_class(error),
            Self::Connect(_) => FailureClass::Transient { retry_after: None },
            Self::LoginWavers { retry_after } => FailureClass::Transient { retry_after: Some(*retry_after) },
            Self::NoAnswer(_) | Self::BrokenOff { .. } | Self::NotJson { .. } => unknown(None),
            Self::NoLocation { .. } => FailureClass::InDoubt,
            Self::Refused(refusal) => match refusal.meaning {
                Meaning::NotFound => FailureClass::Refused(Reason::Refused),
                Meaning::Login => FailureClass::Refused(Reason::Credentials),
                Meaning::Throttled => match refusal.until {
                    Some(until) => FailureClass::Throttled { until },
                    None => FailureClass::Transient { retry_after: refusal.retry_after },
                },
                Meaning::Broken => unknown(refusal.retry_after),
                Meaning::Duplicate => FailureClass::Duplicate,
                Meaning::Conflict => FailureClass::Conflict,
                Meaning::Refused(reason) => FailureClass::Refused(reason),
            },
            Self::NoTaxOverride(_) => FailureClass::Refused(Reason::TaxOverride),
            Self::Gone { .. } => FailureClass::Refused(Reason::RecordGone),
            // A success that is not known may have had an effect; a redirect or the like has had none.
            Self::UnknownStatus { status: 200..=299 } | Self::TooLarge { .. } if write => FailureClass::InDoubt,
            Self::UnknownStatus { .. } | Self::TooLarge { .. } | Self::Lacks { .. } => FailureClass::Refused(Reason::UnknownAnswer),
            Self::Unsendable(Unsendable::Assigned { .. }) => FailureClass::Refused(Reason::InventoryDetailMissing),
            Self::Unsendable(_) | Self::UnknownList(_) => FailureClass::Refused(Reason::Refused),
            Self::PrivateKey(_) => FailureClass::Refused(Reason::Credentials),
            Self::Account(_) | Self::BaseUrl(_) | Self::TimeZone { .. } => FailureClass::Refused(Reason::InternalError),
        }
    }

    /// The HTTP status, where there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) | Self::NoTaxOverride(refusal) => Some(refusal.status),
            Self::BrokenOff { status, .. }
            | Self::TooLarge { status }
            | Self::NoLocation { status }
            | Self::UnknownStatus { status }
            | Self::NotJson { status, .. }
            | Self::Token(
                TokenError::Refused { status, .. } | TokenError::Unavailable { status, .. } | TokenError::Unreadable { status },
            ) => Some(*status),
            Self::LoginWavers { .. } => Some(401),
            _ => None,
        }
    }

    /// NetSuite's error code, where it gave one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) | Self::NoTaxOverride(refusal) => refusal.code.as_deref(),
            Self::Token(TokenError::Refused { error, .. }) if !error.is_empty() => Some(error),
            _ => None,
        }
    }

    /// The record is not there.
    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.meaning == Meaning::NotFound)
    }

    /// A query names a list that the account does not have or the role may not see.
    pub(super) fn hides_a_list(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            matches!(refusal.meaning, Meaning::NotFound | Meaning::Refused(Reason::Permission)) || refusal.is_about_an_unknown_list()
        })
    }

    /// NetSuite's answer to a request that it did not take.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::NoTaxOverride(refusal) => Some(refusal),
            _ => None,
        }
    }
}

fn token_class(error: &TokenError) -> FailureClass {
    match error {
        TokenError::NoAnswer(_) => FailureClass::Transient { retry_after: None },
        TokenError::Unavailable { retry_after, .. } => FailureClass::Transient { retry_after: *retry_after },
        TokenError::Refused { .. } | TokenError::Sign(_) => FailureClass::Refused(Reason::Credentials),
        TokenError::Unreadable { .. } => FailureClass::Refused(Reason::UnknownAnswer),
    }
}
