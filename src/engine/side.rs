//! One connection's two clients, and what is remembered of both systems for a bounded time.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

use super::revision::Current;
use crate::clock::{self, Clock};
use crate::domain::facts::{List, Reference};
use crate::domain::ids::ConnectionId;
use crate::domain::reference::{ItemTracking, Period, Product, TaxCode, TillItem};
use crate::domain::sales_order::Ref;
use crate::domain::verdict::Reason;
use crate::netsuite;
use crate::xseries;

/// A connection: one `NetSuite` account paired with one X-Series retailer.
#[derive(Debug)]
pub struct Side {
    /// The connection.
    pub id: ConnectionId,
    /// The `NetSuite` client.
    pub netsuite: netsuite::Client,
    /// The X-Series client.
    pub x_series: xseries::Client,
    pub(super) reference: Aged<(), Arc<Reference>>,
    pub(super) products: Aged<String, Vec<Product>>,
    pub(super) items: Aged<(String, String), ItemTracking>,
    pub(super) payment_methods: Aged<(), Vec<Ref>>,
    pub(super) accounts: Aged<(), Vec<Ref>>,
    pub(super) locations: Aged<(), Vec<Ref>>,
    /// By product id and SKU field.
    pub(super) till_items: Aged<(String, String), TillItem>,
    /// By the NetSuite customer's id: it is in use.
    pub(super) customers: Aged<String, bool>,
    pub(super) named_customers: Aged<String, Vec<String>>,
    pub(super) names: Aged<List, Vec<Ref>>,
    pub(super) location_subsidiaries: Aged<String, Option<String>>,
    pub(super) tax_codes: Aged<(), Vec<TaxCode>>,
    pub(super) periods: Aged<(), Vec<Period>>,
    pub(super) mappings: Mutex<Option<Current>>,
}

impl Side {
    /// A connection whose reference data is at most `age` old.
    pub fn new(id: ConnectionId, netsuite: netsuite::Client, x_series: xseries::Client, age: Duration, clock: &Clock) -> Self {
        Self {
            id,
            netsuite,
            x_series,
            reference: Aged::new(age, clock),
            products: Aged::new(age, clock),
            items: Aged::new(age, clock),
            payment_methods: Aged::new(age, clock),
            accounts: Aged::new(age, clock),
            locations: Aged::new(age, clock),
            till_items: Aged::new(age, clock),
            customers: Aged::new(age, clock),
            named_customers: Aged::new(age, clock),
            names: Aged::new(age, clock),
            location_subsidiaries: Aged::new(age, clock),
            tax_codes: Aged::new(age, clock),
            periods: Aged::new(age, clock),
            mappings: Mutex::new(None),
        }
    }

    /// Lets go of the answers that an order is held for: a person is about to change what they say, and the next look is a fresh one.
    pub(super) fn forget_what_holds(&self, reason: Reason) {
        match reason {
            Reason::Unresolved => {
                self.reference.forget();
                self.till_items.forget();
                self.named_customers.forget();
                self.names.forget();
                self.tax_codes.forget();
                self.payment_methods.forget();
                self.accounts.forget();
                self.locations.forget();
            }
            Reason::PeriodClosed => self.periods.forget(),
            // What was refused may be gone since it was looked at.
            Reason::Refused => {
                self.till_items.forget();
                self.customers.forget();
                self.named_customers.forget();
            }
            _ => {}
        }
    }
}

/// Answers that are good for a while.
#[derive(Debug)]
pub(super) struct Aged<K, V> {
    age: Duration,
    clock: Clock,
    kept: Mutex<BTreeMap<K, (Timestamp, V)>>,
}

/// More than this many kept answers, and the oldest half goes.
const KEPT_AT_MOST: usize = 10_000;

impl<K: Ord + Clone, V: Clone> Aged<K, V> {
    fn new(age: Duration, clock: &Clock) -> Self {
        Self { age, clock: clock.clone(), kept: Mutex::new(BTreeMap::new()) }
    }

    /// Lets go of what is kept, unless somebody is asking this moment.
    pub(super) fn forget(&self) {
        if let Ok(mut kept) = self.kept.try_lock() {
            kept.clear();
        }
    }

    /// The kept answer, or the one that `ask` brings; one asks, the others wait for its answer. For what is the same for all orders.
    pub(super) async fn get<E>(&self, key: K, keep: impl Fn(&V) -> bool, ask: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        if let Some(value) = self.fresh(&kept, &key) {
            return Ok(value);
        }
        let value = ask.await?;
        if keep(&value) {
            kept.insert(key, (now, value.clone()));
        }
        Ok(value)
    }

    /// The same, where each key is a question of its own: nobody waits for somebody else's. `keep` tells which answers are worth keeping:
    /// that something is not there is asked again each time, as a person is about to change it.
    pub(super) async fn look_up<E>(&self, key: K, keep: impl Fn(&V) -> bool, ask: impl Future<Output = Result<V, E>>) -> Result<V, E> {
        if let Some(value) = self.kept(&key).await {
            return Ok(value);
        }
        let now = self.clock.now();
        let value = ask.await?;
        if keep(&value) {
            self.keep(key, value.clone(), now).await;
        }
        Ok(value)
    }

    /// The kept answer.
    pub(super) async fn kept(&self, key: &K) -> Option<V> {
        self.fresh(&*self.kept.lock().await, key)
    }

    /// Lets go of what is kept; an answer that is on its way is waited for, since it may be from before.
    pub(super) async fn ask_afresh(&self) {
        self.kept.lock().await.clear();
    }

    /// Lets go of one answer.
    pub(super) async fn forget_one(&self, key: &K) {
        self.kept.lock().await.remove(key);
    }

    /// Keeps an answer that was asked for at the given time.
    pub(super) async fn keep(&self, key: K, value: V, asked_at: Timestamp) {
        let mut kept = self.kept.lock().await;
        if kept.len() >= KEPT_AT_MOST {
            let mut ages = kept.values().map(|(at, _)| *at).collect::<Vec<_>>();
            ages.sort();
            let middle = ages.get(ages.len() / 2).copied().unwrap_or(asked_at);
            kept.retain(|_, (at, _)| *at > middle);
        }
        kept.insert(key, (asked_at, value));
    }

    fn fresh(&self, kept: &BTreeMap<K, (Timestamp, V)>, key: &K) -> Option<V> {
        let (at, value) = kept.get(key)?;
        (clock::after(*at, self.age) > self.clock.now()).then(|| value.clone())
    }

    /// Several answers at once: `ask` is given the keys whose answers are not kept.
    pub(super) async fn get_many<E, F>(&self, keys: &[K], ask: impl FnOnce(Vec<K>) -> F) -> Result<Vec<(K, V)>, E>
    where
        F: Future<Output = Result<Vec<(K, V)>, E>>,
    {
        let mut kept = self.kept.lock().await;
        let now = self.clock.now();
        kept.retain(|_, (at, _)| clock::after(*at, self.age) > now);
        let missing = keys.iter().filter(|key| !kept.contains_key(*key)).cloned().collect::<Vec<_>>();
        if !missing.is_empty() {
            for (key, value) in ask(missing).await? {
                kept.insert(key, (now, value));
            }
        }
        Ok(keys.iter().filter_map(|key| kept.get(key).map(|(_, value)| (key.clone(), value.clone()))).collect())
    }
}
