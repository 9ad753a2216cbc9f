//! An order in the memory of a batch.

use std::collections::HashMap;

use super::Arrival;
use crate::domain::ids::ConnectionId;
use crate::store::standing::Standing;
use crate::store::{Dedupe, Direction, Received};

/// A stored event that a repeat is answered with.
#[derive(Debug, Clone)]
pub(in crate::store) struct First {
    pub(in crate::store) event_id: String,
    pub(in crate::store) order_id: Option<String>,
}

impl First {
    pub(in crate::store) fn duplicate(&self) -> Received {
        Received::Duplicate { event_id: self.event_id.clone().into(), order_id: self.order_id.clone().map(Into::into) }
    }
}

/// An order that the batch speaks of.
#[derive(Debug)]
pub(in crate::store) struct Hot {
    pub(in crate::store) id: String,
    pub(in crate::store) connection: ConnectionId,
    pub(in crate::store) direction: Direction,
    pub(in crate::store) netsuite_id: Option<String>,
    pub(in crate::store) x_series_id: Option<String>,
    pub(in crate::store) standing: Standing,
    pub(in crate::store) enqueued_seq: i64,
    pub(in crate::store) handled_seq: i64,
    pub(in crate::store) netsuite_modified: Option<i64>,
    pub(in crate::store) x_series_version: Option<i64>,
    /// What is known of the events that are not handled: by marker, the event, and whether it has a verdict (a held one).
    pub(in crate::store) markers: HashMap<String, (First, bool)>,
    /// The verdict, reason and detail of an order that is made for an event with a verdict.
    pub(in crate::store) decided: Option<(&'static str, &'static str, String)>,
    /// It is made by this batch.
    pub(in crate::store) made: bool,
    pub(in crate::store) changed: bool,
}

impl Hot {
    /// The answer to an arrival that the order knows already.
    ///
    /// A webhook's body is a repeat while it waits for its first verdict: after that, the same body may come with news. A poll hit is
    /// a repeat also while its event is held, or every poll would wake a held order for nothing.
    pub(in crate::store) fn repeat(&self, arrival: &Arrival) -> Option<Received> {
        let waits = arrival.marker.as_ref().and_then(|marker| self.markers.get(marker));
        match &arrival.event.dedupe {
            Dedupe::PendingBody => waits.filter(|(_, decided)| !decided).map(|(first, _)| first.duplicate()),
            Dedupe::SaleVersion(version) => {
                (waits.is_some() || self.x_series_version.is_some_and(|handled| handled >= *version)).then_some(Received::NothingNew)
            }
            Dedupe::OrderModified(at) => {
                let at = at.as_millisecond();
                (waits.is_some() || self.netsuite_modified.is_some_and(|handled| handled >= at)).then_some(Received::NothingNew)
            }
            Dedupe::Key(_) | Dedupe::Never => None,
        }
    }
}
