//! Moves one order forward: loads the facts, asks the domain, performs the calls, settles their answers, and leaves the
//! verdict in the store.

mod answers;
mod ends;
mod explain;
mod feed;
mod lookup;
mod pair;
mod pass;
mod patience;
mod perform;
mod revision;
mod side;
#[cfg(test)]
mod tests;
mod till_answers;

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

pub use self::feed::SALES;
pub(crate) use self::feed::{FIRST_LOOK, SalesCursor};
pub use self::revision::MappingsError;
pub use self::side::Side;

use crate::causes::in_one_line;
use crate::clock::Clock;
use crate::config;
use crate::domain::failure::FailureClass;
use crate::domain::ids::ConnectionId;
use crate::netsuite::NetSuiteError;
use crate::store::{Store, StoreError};
use crate::xseries::XSeriesError;

/// The engine: cheap to clone, safe to share between workers.
#[derive(Debug, Clone)]
pub struct Engine {
    store: Store,
    sides: Arc<BTreeMap<ConnectionId, Arc<Side>>>,
    retry: config::Retry,
    clock: Clock,
}

impl Engine {
    /// An engine over the given connections.
    pub fn new(store: Store, sides: impl IntoIterator<Item = Arc<Side>>, retry: config::Retry, clock: Clock) -> Self {
        let sides = sides.into_iter().map(|side| (side.id.clone(), side)).collect();
        Self { store, sides: Arc::new(sides), retry, clock }
    }

    /// The connections that it works for.
    pub fn connections(&self) -> impl Iterator<Item = &ConnectionId> {
        self.sides.keys()
    }
}

/// A pass could not go on.
#[derive(Debug, Error)]
enum PassError {
    /// The store failed; the lease ends by itself and another pass follows.
    #[error("the store failed during a pass")]
    Store(#[from] StoreError),
    /// `NetSuite` failed.
    #[error("a request to NetSuite failed")]
    NetSuite(#[from] NetSuiteError),
    /// X-Series failed.
    #[error("a request to X-Series failed")]
    XSeries(#[from] XSeriesError),
    /// The published mappings cannot be used.
    #[error("the mappings cannot be used")]
    Mappings(#[from] MappingsError),
    /// What we wrote ourselves cannot be read.
    #[error("a stored request cannot be read")]
    Request(#[source] serde_json::Error),
    /// What a poll stored cannot be read.
    #[error("the cursor of the change feed cannot be read")]
    Cursor(#[source] serde_json::Error),
    /// Another worker owns the order.
    #[error("the lease is lost")]
    LeaseLost,
}

impl PassError {
    /// What the failure of a read means for the order; none where the remote systems have no part in it.
    fn class(&self) -> Option<FailureClass> {
        match self {
            Self::NetSuite(error) => Some(error.class(false)),
            Self::XSeries(error) => Some(error.class(false)),
            Self::Store(_) | Self::Mappings(_) | Self::Request(_) | Self::Cursor(_) | Self::LeaseLost => None,
        }
    }

    /// The sentence for people: what is below it says what to mend.
    fn detail(&self) -> String {
        match self {
            Self::NetSuite(error) => in_one_line(error),
            Self::XSeries(error) => in_one_line(error),
            Self::Mappings(error) => error.to_string(),
            Self::Store(_) | Self::Request(_) | Self::Cursor(_) | Self::LeaseLost => self.to_string(),
        }
    }
}
