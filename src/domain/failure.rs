//! How an outbound request failed, in the terms that decide what happens next.

use std::time::Duration;

use jiff::Timestamp;

use super::verdict::Reason;

/// What a failed request means for the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureClass {
    /// It certainly had no effect; the same request may be sent again later.
    Transient {
        /// What the other side asked us to wait.
        retry_after: Option<Duration>,
    },
    /// Its fate is unknown: a time-out, a cut connection, a 5xx on a write. Look it up by its key before sending again.
    InDoubt,
    /// No budget: not the order's fault, so the attempt is given back.
    Throttled {
        /// When there is budget again.
        until: Timestamp,
    },
    /// What it asks for is there already: look it up by its key.
    Duplicate,
    /// The record changed under us: read again and decide again.
    Conflict,
    /// A person has to change something; sending it again would not help.
    Refused(Reason),
}
