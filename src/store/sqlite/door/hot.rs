//! An order in the memory of a batch.

use std::collections::HashMap;

use super::Arrival;
use crate::domain::ids::ConnectionId;
use crate::domain::verdict::HoldKind;
use crate::store::sqlite::rows::Cells;
use crate::store::standing::Standing;
use crate::store::{Dedupe, Direction, OrderState, Received, StoreError};

/// A stored event that a repeat is answered with.
#[derive(Debug, Clone)]
pub(super) struct First {
    pub(super) event_id: String,
    pub(super) order_id: Option<String>,
}

impl First {
    pub(super) fn duplicate(&self) -> Received {
        Received::Duplicate { event_id: self.event_id.clone().into(), order_id: self.order_id.clone().map(Into::into) }
    }
}

/// An order that the batch speaks of.
#[derive(Debug)]
pub(super) struct Hot {
    pub(super) id: String,
    pub(super) connection: ConnectionId,
    pub(super) direction: Direction,
    pub(super) netsuite_id: Option<String>,
    pub(super) x_series_id: Option<String>,
    pub(super) standing: Standing,
    pub(super) enqueued_seq: i64,
    pub(super) handled_seq: i64,
    pub(super) netsuite_modified: Option<i64>,
    pub(super) x_series_version: Option<i64>,
    /// What is known of the events that are not handled: by marker, the event, and whether it has a verdict (a held one).
    pub(super) markers: HashMap<String, (First, bool)>,
    /// The verdict, reason and detail of an order that is made for an event with a verdict.
    pub(super) decided: Option<(&'static str, &'static str, String)>,
    pub(super) changed: bool,
}

impl Hot {
    pub(super) fn read(cells: &Cells<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: cells.get("id")?,
            connection: ConnectionId::new(cells.get::<String>("connection")?),
            direction: cells.word("direction", Direction::parse)?,
            netsuite_id: None,
            x_series_id: None,
            standing: Standing {
                state: cells.word("state", OrderState::parse)?,
                hold: cells.opt_word("hold", HoldKind::parse)?,
                due_at: cells.get("due_at")?,
                attempt: cells.get("attempt")?,
                leased: cells.get("leased")?,
            },
            enqueued_seq: cells.get("enqueued_seq")?,
            handled_seq: cells.get("handled_seq")?,
            netsuite_modified: cells.get("netsuite_modified")?,
            x_series_version: cells.get("x_series_version")?,
            markers: HashMap::new(),
            decided: None,
            changed: false,
        })
    }

    /// The answer to an arrival that the order knows already.
    ///
    /// A webhook's body is a repeat while it waits for its first verdict: after that, the same body may come with news. A poll hit is
    /// a repeat also while its event is held, or every poll would wake a held order for nothing.
    pub(super) fn repeat(&self, arrival: &Arrival) -> Option<Received> {
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

    #[expect(clippy::type_complexity, reason = "the row of one statement, which names its columns in this order")]
    pub(super) fn row(
        &self,
    ) -> (
        &str,
        &str,
        &'static str,
        Option<&str>,
        Option<&str>,
        &'static str,
        Option<&'static str>,
        Option<i64>,
        i64,
        Option<&'static str>,
        Option<&'static str>,
        Option<&str>,
    ) {
        let decided = self.decided.as_ref();
        (
            &self.id,
            self.connection.as_str(),
            self.direction.word(),
            self.netsuite_id.as_deref(),
            self.x_series_id.as_deref(),
            self.standing.state.word(),
            self.standing.hold.map(HoldKind::word),
            self.standing.due_at,
            self.enqueued_seq,
            decided.map(|decided| decided.0),
            decided.map(|decided| decided.1),
            decided.map(|decided| decided.2.as_str()),
        )
    }
}
