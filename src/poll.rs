//! The pollers find what no webhook told. They only wake orders: a hit that tells nothing new is no event.
//!
//! X-Series is read by its change feed (`GET /sales?after=version`), NetSuite by `SuiteQL` on the last-modified date: sales orders, and
//! what was booked of sales without one. Both read a
//! stretch again each time, since rows may appear out of order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::clock::{self, Clock};
use crate::config;
use crate::domain::failure::FailureClass;
use crate::domain::keys;
pub use crate::engine::SALES;
use crate::engine::{FIRST_LOOK, SalesCursor, Side};
use crate::metrics as names;
use crate::netsuite::{ModifiedRecord, NetSuiteError};
use crate::owner::Ownership;
use crate::store::{Dedupe, EventSource, NewEvent, OrderRef, Received, Store, StoreError};
use crate::xseries::XSeriesError;

/// The cursor's name for sales orders.
pub const ORDERS: &str = "netsuite_orders";
/// The cursor's name for the records that stand for sales by themselves.
const BOOKINGS: &str = "netsuite_bookings";

/// A poll failed; the next one starts from the same cursor.
#[derive(Debug, Error)]
pub enum PollError {
    /// The store failed.
    #[error("the store failed during a poll")]
    Store(#[from] StoreError),
    /// `NetSuite` failed.
    #[error("NetSuite could not be polled")]
    NetSuite(#[from] NetSuiteError),
    /// X-Series failed.
    #[error("X-Series could not be polled")]
    XSeries(#[from] XSeriesError),
    /// The stored cursor cannot be read or written.
    #[error("the cursor cannot be read")]
    Cursor(#[source] serde_json::Error),
}

impl PollError {
    /// When the budget allows another try, where it is the budget that stood in the way.
    fn budget_at(&self) -> Option<Timestamp> {
        let class = match self {
            Self::NetSuite(error) => error.class(false),
            Self::XSeries(error) => error.class(false),
            Self::Store(_) | Self::Cursor(_) => return None,
        };
        match class {
            FailureClass::Throttled { until } => Some(until),
            _ => None,
        }
    }
}

/// Up to when changes in NetSuite were read, in epoch milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct ChangesCursor {
    until: i64,
}

/// What is asked of NetSuite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Changes {
    /// Sales orders.
    Orders,
    /// The cash sales, invoices, cash refunds and credit memos that we made of sales: no sales order tells of them.
    Bookings,
}

impl Changes {
    fn cursor(self) -> &'static str {
        match self {
            Self::Orders => ORDERS,
            Self::Bookings => BOOKINGS,
        }
    }
}

/// What the last poll of each side failed with, for operators.
#[derive(Debug, Default)]
pub struct PollHealth {
    netsuite: Mutex<Option<String>>,
    x_series: Mutex<Option<String>>,
}

impl PollHealth {
    fn of(&self, system: &str) -> &Mutex<Option<String>> {
        if system == "netsuite" { &self.netsuite } else { &self.x_series }
    }

    fn set(&self, system: &str, error: Option<String>) {
        *self.of(system).lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    /// What the last poll of a side failed with; none after a success.
    pub fn last_error(&self, system: &str) -> Option<String> {
        self.of(system).lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The pollers of one connection.
#[derive(Debug, Clone)]
pub struct Poller {
    health: Arc<PollHealth>,
    side: Arc<Side>,
    store: Store,
    settings: config::Poll,
    ownership: Ownership,
    clock: Clock,
}

impl Poller {
    /// The pollers of a connection.
    pub fn new(side: Arc<Side>, store: Store, settings: config::Poll, health: Arc<PollHealth>, ownership: Ownership, clock: Clock) -> Self {
        Self { health, side, store, settings, ownership, clock }
    }

    /// Polls X-Series until `stop`, while the connection is ours.
    pub async fn sales(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let Some(result) = self.ownership.while_had(&self.side.id, &stop, Box::pin(self.poll_sales())).await else { continue };
            let wait = self.report("x_series", self.settings.x_series_interval, result);
            clock::pause(wait, &stop).await;
        }
    }

    /// Polls NetSuite until `stop`, while the connection is ours.
    pub async fn orders(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let Some(result) = self.ownership.while_had(&self.side.id, &stop, Box::pin(self.poll_netsuite())).await else { continue };
            let wait = self.report("netsuite", self.settings.netsuite_interval, result);
            clock::pause(wait, &stop).await;
        }
    }

    /// Says how a poll went; returns how long to wait for the next.
    fn report(&self, system: &'static str, interval: Duration, result: Result<u64, PollError>) -> Duration {
        let connection = self.side.id.to_string();
        match result {
            Ok(found) => {
                self.health.set(system, None);
                metrics::counter!(names::POLL_HITS, "connection" => connection.clone(), "system" => system).increment(found);
                #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; seconds since the epoch fit it exactly")]
                metrics::gauge!(names::POLL_LAST_SUCCESS, "connection" => connection, "system" => system)
                    .set(self.clock.now().as_second() as f64);
                interval.mul_f64(0.9 + fastrand::f64() / 5.0)
            }
            Err(error) => {
                metrics::counter!(names::POLL_FAILURES, "connection" => connection, "system" => system).increment(1);
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                self.health.set(system, Some(source.clone()));
                tracing::warn!(connection = %self.side.id, system, "{error}: {source}; the next poll starts from the same place");
                let budget = error.budget_at().map(|at| Duration::try_from(at.duration_since(self.clock.now())).unwrap_or_default());
                budget.unwrap_or(interval).min(interval).max(Duration::from_millis(250))
            }
        }
    }

    /// One poll of the change feed of sales; returns how many events it made.
    pub async fn poll_sales(&self) -> Result<u64, PollError> {
        let now = self.clock.now();
        let mut cursor = if let Some(value) = self.store.cursor(&self.side.id, SALES).await? {
            serde_json::from_value::<SalesCursor>(value).map_err(PollError::Cursor)?
        } else {
            // The feed begins with the retailer's first sale ever; the first look starts a day back.
            let from = now.checked_sub(FIRST_LOOK).unwrap_or(now);
            let version = self.side.x_series.version_since(from).await?.map_or(0, |version| version - 1);
            SalesCursor { version, history: Vec::new() }
        };
        let horizon = now.checked_sub(self.settings.overlap).unwrap_or(now).as_millisecond();
        // The newest point before the overlap; all older ones are of no more use.
        let start = cursor.history.iter().rev().find(|(at, _)| *at <= horizon).map(|(_, version)| *version);
        let mut after = start.or_else(|| cursor.history.first().map(|(_, version)| *version)).unwrap_or(cursor.version);
        let mut found = 0;
        loop {
            let page = self.side.x_series.sales_after(after, self.settings.page_size).await?;
            if page.sales.is_empty() {
                break;
            }
            let highest = page.max.or_else(|| page.sales.iter().filter_map(|sale| sale.version).max()).unwrap_or(after);
            let newest = page.sales.iter().filter_map(|sale| sale.updated_at).max().map(Timestamp::as_millisecond);
            for sale in page.sales {
                let Some(version) = sale.version else { continue };
                let body = json!({ "sale_id": sale.id.as_str(), "version": version });
                found += self.wake("sale.changed", OrderRef::XSeries(sale.id), Dedupe::SaleVersion(version), &body).await?;
            }
            if highest <= after {
                break;
            }
            after = highest;
            cursor.version = cursor.version.max(highest);
            // Kept page by page, so that a long catch-up is not begun again: what is older than the overlap is behind us.
            if let Some(at) = newest.filter(|at| *at <= horizon) {
                cursor.history = vec![(at, highest)];
            }
            self.save(SALES, &cursor).await?;
        }
        let keep_from = cursor.history.iter().rposition(|(at, _)| *at <= horizon).unwrap_or(0);
        cursor.history.drain(..keep_from);
        cursor.history.push((now.as_millisecond(), cursor.version));
        self.save(SALES, &cursor).await?;
        Ok(found)
    }

    /// One poll of what changed in NetSuite; returns how many events it made.
    pub async fn poll_netsuite(&self) -> Result<u64, PollError> {
        Ok(self.poll_changes(Changes::Orders).await? + self.poll_changes(Changes::Bookings).await?)
    }

    async fn poll_changes(&self, what: Changes) -> Result<u64, PollError> {
        let now = self.clock.now();
        let until = now.checked_sub(self.settings.netsuite_lag).unwrap_or(now);
        let stored = self.store.cursor(&self.side.id, what.cursor()).await?;
        let last = match stored {
            Some(value) => clock::from_millis(serde_json::from_value::<ChangesCursor>(value).map_err(PollError::Cursor)?.until),
            None => until,
        };
        let mut since = last.checked_sub(self.settings.overlap).unwrap_or(last);
        let (mut offset, mut found) = (0, 0);
        loop {
            let (netsuite, limit) = (&self.side.netsuite, self.settings.page_size);
            let page = match what {
                Changes::Orders => netsuite.modified_orders(since, until, offset, limit).await?,
                Changes::Bookings => netsuite.modified_bookings(since, until, offset, limit).await?,
            };
            let empty = page.records.is_empty();
            // The next page begins at the time of this one's last row: a record that changes meanwhile leaves the stretch, and by
            // a count of rows another would be passed over. Only within one second is there nothing but the count.
            match page.records.last().map(|record| record.modified).filter(|at| *at > since) {
                Some(at) => (since, offset) = (at, 0),
                None => offset = offset.saturating_add(u32::try_from(page.records.len()).unwrap_or(u32::MAX)),
            }
            for record in page.records {
                found += self.wake_for(what, record).await?;
            }
            if empty || !page.more {
                break;
            }
        }
        self.save(what.cursor(), &ChangesCursor { until: until.as_millisecond() }).await?;
        Ok(found)
    }

    /// The order of a record that changed; one that is not of ours wakes nobody.
    async fn wake_for(&self, what: Changes, record: ModifiedRecord) -> Result<u64, StoreError> {
        let body = json!({ "record_id": record.id.as_str(), "tran_id": record.number, "last_modified": record.modified.to_string() });
        let (kind, order) = match what {
            Changes::Orders => ("salesorder.changed", OrderRef::NetSuite(record.id)),
            Changes::Bookings => match record.external_id.and_then(|key| keys::sale_of_key(&self.side.id, &key)) {
                Some(sale) => ("booking.changed", OrderRef::XSeries(sale)),
                None => return Ok(0),
            },
        };
        self.wake(kind, order, Dedupe::OrderModified(record.modified), &body).await
    }

    /// Stores a hit; counts it if it tells something new.
    async fn wake(&self, kind: &str, order: OrderRef, dedupe: Dedupe, body: &serde_json::Value) -> Result<u64, StoreError> {
        let event = NewEvent {
            connection: self.side.id.clone(),
            source: EventSource::Poll,
            kind: kind.to_owned(),
            order: Some(order),
            dedupe,
            body: body.to_string().into_bytes(),
            due_at: self.clock.now(),
            verdict: None,
        };
        Ok(u64::from(matches!(self.store.receive(event).await?, Received::New { .. })))
    }

    async fn save(&self, name: &str, cursor: &impl Serialize) -> Result<(), PollError> {
        let value = serde_json::to_value(cursor).map_err(PollError::Cursor)?;
        Ok(self.store.set_cursor(&self.side.id, name, &value).await?)
    }
}
