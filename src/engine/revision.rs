//! The mappings in force: the newest published revision, parsed once. A new revision is taken up within two seconds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

use super::{Engine, Side};
use crate::clock;
use crate::domain::mapping::{Issue, Mappings};
use crate::store::StoreError;

/// How long the newest revision's number is believed without asking the store.
const BELIEVED: Duration = Duration::from_secs(1);

/// The revision in force.
#[derive(Debug, Clone)]
pub(super) struct Current {
    checked_at: Timestamp,
    pub(super) number: i64,
    pub(super) mappings: Arc<Mappings>,
}

/// The mappings cannot be used.
#[derive(Debug, Error)]
pub enum MappingsError {
    /// Nothing is published.
    #[error("no mappings are published for the connection: publish some with `tillbridge mapping publish FILE --message …`")]
    None,
    /// The published revision does not pass this version's checks.
    #[error("revision {number} of the mappings does not pass: {}", Issues(.issues))]
    Invalid { number: i64, issues: Vec<Issue> },
    /// The store failed.
    #[error("the store failed while the mappings were read")]
    Store(#[from] StoreError),
}

struct Issues<'a>(&'a [Issue]);

impl fmt::Display for Issues<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, issue) in self.0.iter().enumerate() {
            write!(f, "{}{issue}", if place == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl Engine {
    /// The mappings in force for a connection.
    pub(super) async fn mappings(&self, side: &Side) -> Result<Current, MappingsError> {
        let mut held = side.mappings.lock().await;
        let now = self.clock.now();
        if let Some(current) = held.as_ref().filter(|current| clock::after(current.checked_at, BELIEVED) > now) {
            return Ok(current.clone());
        }
        let revision = self.store.current_revision(&side.id).await?.ok_or(MappingsError::None)?;
        let mappings = match held.take().filter(|current| current.number == revision.number) {
            Some(current) => current.mappings,
            None => match Mappings::parse(&revision.document) {
                Ok(checked) => Arc::new(checked.mappings),
                Err(issues) => return Err(MappingsError::Invalid { number: revision.number, issues }),
            },
        };
        let current = Current { checked_at: now, number: revision.number, mappings };
        *held = Some(current.clone());
        Ok(current)
    }
}
