//! A batch of arrivals in memory. An engine reads what the batch asks for (repeats, orders, pending markers), the batch decides one
//! arrival after another, and the engine writes what came of it as sets.

mod hot;

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

pub(super) use self::hot::{First, Hot};
use super::standing::Standing;
use super::work::NEVER;
use super::{Dedupe, Direction, EventSource, NewEvent, OrderRef, Received, StoreError};
use crate::domain::ids::ConnectionId;

/// What the door does, for errors.
pub(super) const RECEIVE: &str = "receive an event";

/// An event on its way in.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) event: NewEvent,
    /// What a repeat without a key has in common with the first.
    marker: Option<String>,
}

impl Arrival {
    /// Does what needs no database, so that the caller's thread pays for it and not the writer's.
    pub(super) fn new(event: NewEvent) -> Result<Self, StoreError> {
        if event.order.is_none() && event.verdict.is_none() {
            return Err(StoreError::Undecidable);
        }
        let marker = match &event.dedupe {
            Dedupe::PendingBody => Some(format!("body:{}", hex(&Sha256::digest(&event.body)))),
            Dedupe::SaleVersion(version) => Some(format!("sale:{version}")),
            Dedupe::OrderModified(at) => Some(format!("order:{}", at.as_millisecond())),
            Dedupe::Key(_) | Dedupe::Never => None,
        };
        Ok(Self { event, marker })
    }

    fn key(&self) -> Option<Key<'_>> {
        match &self.event.dedupe {
            Dedupe::Key(key) => Some((self.event.connection.as_str(), self.event.source, key)),
            _ => None,
        }
    }
}

/// The delivery id of an event: connection, source and key.
pub(super) type Key<'a> = (&'a str, EventSource, &'a str);
type Reference<'a> = (&'a ConnectionId, &'a OrderRef);

/// Which order is asked for: by exactly one of the three.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) connection: &'a str,
    pub(super) netsuite_id: Option<&'a str>,
    pub(super) x_series_id: Option<&'a str>,
    pub(super) own_id: Option<&'a str>,
}

/// A row of `events` to insert.
#[derive(Debug)]
pub(super) struct NewRow<'a> {
    pub(super) id: String,
    pub(super) connection: &'a str,
    pub(super) order_id: Option<String>,
    pub(super) seq: Option<i64>,
    pub(super) source: &'static str,
    pub(super) kind: &'a str,
    pub(super) verdict: Option<&'static str>,
    pub(super) reason: Option<&'static str>,
    pub(super) detail: Option<&'a str>,
    pub(super) dedupe_key: Option<&'a str>,
    pub(super) marker: Option<&'a str>,
    pub(super) body: &'a [u8],
}

/// Arrivals that go into one transaction.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    arrivals: &'a [Box<Arrival>],
    keys: HashMap<Key<'a>, First>,
    pub(super) orders: Vec<Hot>,
    by_reference: HashMap<Reference<'a>, usize>,
    /// Events to insert.
    pub(super) rows: Vec<NewRow<'a>>,
    /// When the first of the orders is due that became so.
    pub(super) due: i64,
}

impl<'a> Batch<'a> {
    /// A batch that knows nothing yet.
    pub(super) fn of(arrivals: &'a [Box<Arrival>]) -> Self {
        Self { arrivals, keys: HashMap::new(), orders: Vec::new(), by_reference: HashMap::new(), rows: Vec::new(), due: NEVER }
    }

    /// The keys to be looked for among the stored events.
    pub(super) fn keys(&self) -> Vec<Key<'a>> {
        self.arrivals.iter().filter_map(|arrival| arrival.key()).collect()
    }

    /// A key was seen before.
    pub(super) fn seen(&mut self, key: Key<'a>, first: First) {
        self.keys.insert(key, first);
    }

    /// The orders to be looked for: those of arrivals whose key is new.
    pub(super) fn references(&self) -> Vec<Reference<'a>> {
        let new = self.arrivals.iter().filter(|arrival| arrival.key().is_none_or(|key| !self.keys.contains_key(&key)));
        new.filter_map(|arrival| Some((&arrival.event.connection, arrival.event.order.as_ref()?))).collect()
    }

    /// An order is there; several references may find it.
    pub(super) fn found(&mut self, hot: Hot, references: impl IntoIterator<Item = Reference<'a>>) {
        self.orders.push(hot);
        for reference in references {
            self.by_reference.insert(reference, self.orders.len() - 1);
        }
    }

    /// The markers to be looked for among the pending events: index of the order, and marker.
    pub(super) fn markers(&self) -> Vec<(usize, &'a str)> {
        let asked = self.arrivals.iter().filter_map(|arrival| {
            let index = *self.by_reference.get(&(&arrival.event.connection, arrival.event.order.as_ref()?))?;
            let hot = self.orders.get(index)?;
            Some((index, arrival.marker.as_deref().filter(|_| hot.enqueued_seq > hot.handled_seq)?))
        });
        asked.collect()
    }

    /// A pending event of an order has the marker. They come newest first: what stays is the earliest, but one without a verdict
    /// counts more than a held one.
    pub(super) fn pending(&mut self, index: usize, marker: String, first: First, decided: bool) {
        let Some(hot) = self.orders.get_mut(index) else { return };
        match hot.markers.get(&marker) {
            Some((_, false)) if decided => {}
            _ => drop(hot.markers.insert(marker, (first, decided))),
        }
    }

    /// What becomes of each arrival, given those before it.
    pub(super) fn decide(&mut self, mut new_id: impl FnMut() -> String) -> Vec<Result<Received, StoreError>> {
        self.arrivals.iter().map(|arrival| self.decide_one(arrival, &mut new_id)).collect()
    }

    fn decide_one(&mut self, arrival: &'a Arrival, new_id: &mut impl FnMut() -> String) -> Result<Received, StoreError> {
        let event = &arrival.event;
        if let Some(first) = arrival.key().and_then(|key| self.keys.get(&key)) {
            return Ok(first.duplicate());
        }
        let index = match &event.order {
            Some(order) => Some(self.order(event, order, new_id)?),
            None => None,
        };
        let hot = index.and_then(|index| self.orders.get_mut(index));
        let event_id = new_id();
        let mut seq = None;
        let mut first = First { event_id: event_id.clone(), order_id: None };
        if let Some(hot) = hot {
            if let Some(repeat) = hot.repeat(arrival) {
                return Ok(repeat);
            }
            first.order_id = Some(hot.id.clone());
            // An event that was decided at the door asks for no work: it belongs to the order and has no turn.
            if event.verdict.is_none() {
                hot.enqueued_seq += 1;
                hot.changed = true;
                seq = Some(hot.enqueued_seq);
                let due = hot.standing.ask(event.due_at.as_millisecond());
                self.due = self.due.min(due.unwrap_or(NEVER));
                if let Some(marker) = &arrival.marker {
                    hot.markers.insert(marker.clone(), (first.clone(), false));
                }
            }
        }
        let key = arrival.key();
        self.rows.push(NewRow {
            id: event_id,
            connection: event.connection.as_str(),
            order_id: first.order_id.clone(),
            seq,
            source: event.source.word(),
            kind: &event.kind,
            verdict: event.verdict.as_ref().map(|verdict| verdict.kind.word()),
            reason: event.verdict.as_ref().map(|verdict| verdict.reason.word()),
            detail: event.verdict.as_ref().map(|verdict| verdict.detail.as_str()),
            dedupe_key: key.map(|(_, _, key)| key),
            marker: arrival.marker.as_deref(),
            body: &event.body,
        });
        let received = Received::New { event_id: first.event_id.clone().into(), order_id: first.order_id.clone().map(Into::into) };
        if let Some(key) = key {
            self.keys.insert(key, first);
        }
        Ok(received)
    }

    /// Finds the order of a reference, or makes it.
    fn order(&mut self, event: &'a NewEvent, order: &'a OrderRef, new_id: &mut impl FnMut() -> String) -> Result<usize, StoreError> {
        if let Some(index) = self.by_reference.get(&(&event.connection, order)) {
            return Ok(*index);
        }
        let (direction, netsuite_id, x_series_id) = match order {
            OrderRef::NetSuite(id) => (Direction::NetsuiteToXSeries, Some(id.as_str().to_owned()), None),
            OrderRef::XSeries(id) => (Direction::XSeriesToNetsuite, None, Some(id.as_str().to_owned())),
            OrderRef::Own(id) => return Err(StoreError::UnknownOrder(id.clone())),
        };
        let hot = Hot {
            id: new_id(),
            connection: event.connection.clone(),
            direction,
            netsuite_id,
            x_series_id,
            standing: Standing::NEW,
            enqueued_seq: 0,
            handled_seq: 0,
            netsuite_modified: None,
            x_series_version: None,
            markers: HashMap::new(),
            decided: event.verdict.as_ref().map(|verdict| (verdict.kind.word(), verdict.reason.word(), verdict.detail.clone())),
            made: true,
            changed: true,
        };
        self.found(hot, [(&event.connection, order)]);
        Ok(self.orders.len() - 1)
    }
}

impl<'a> Asked<'a> {
    /// What a reference asks for.
    pub(super) fn of((connection, order): &Reference<'a>) -> Self {
        let mut asked = Self { connection: connection.as_str(), netsuite_id: None, x_series_id: None, own_id: None };
        match order {
            OrderRef::NetSuite(id) => asked.netsuite_id = Some(id.as_str()),
            OrderRef::XSeries(id) => asked.x_series_id = Some(id.as_str()),
            OrderRef::Own(id) => asked.own_id = Some(id.as_str()),
        }
        asked
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
