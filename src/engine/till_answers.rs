//! Answers the questions that a sale of the till raises: what its products and its customer are in NetSuite, and what became of the sale
//! that it takes back.

use std::collections::BTreeMap;

use serde_json::json;

use super::feed::{SALES, SalesCursor, has_to_tell};
use super::pass::past_call;
use super::patience::read;
use super::{Engine, PassError, Side};
use crate::domain::facts::{List, Original, TillCustomerFacts};
use crate::domain::ids::SaleId;
use crate::domain::keys;
use crate::domain::record::{Bill, Child, RecordKind};
use crate::domain::reference::{ErpCustomer, Product, TillCustomer, TillItem};
use crate::domain::sale::Sale;
use crate::domain::sales_order::{Ref, SalesOrder};
use crate::domain::verdict::HoldKind;
use crate::netsuite::Item;
use crate::store::{CallState, Dedupe, EventSource, NewEvent, OrderRef, OrderRow, OrderState, Received};

/// A product whose item is asked for, and the item that it is paired with.
struct Wanted {
    id: String,
    product: Option<Product>,
    paired: Option<String>,
}

impl Wanted {
    fn sku(&self) -> Option<&str> {
        self.product.as_ref()?.sku.as_deref().map(str::trim).filter(|sku| !sku.is_empty())
    }

    fn is(&self, item: &Item) -> bool {
        match (&self.paired, self.sku()) {
            (Some(paired), _) => item.id == *paired,
            (None, Some(sku)) => item.sku.as_deref().is_some_and(|own| own.trim().to_uppercase() == sku.to_uppercase()),
            (None, None) => false,
        }
    }
}

/// Whether a customer can be booked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InUse {
    Yes,
    Inactive,
    Gone,
}

impl Engine {
    /// The NetSuite items of these products: by pair, else by SKU. An answer of exactly one item is good for a while; anything else is
    /// asked again each time, as a person is about to change it.
    pub(super) async fn till_items(
        &self,
        side: &Side,
        products: Vec<String>,
        sku_field: &str,
    ) -> Result<BTreeMap<String, TillItem>, PassError> {
        let asked_at = self.clock.now();
        let mut found = BTreeMap::new();
        let mut wanted = Vec::new();
        for id in products {
            if let Some(known) = side.till_items.kept(&(id.clone(), sku_field.to_owned())).await {
                found.insert(id, known);
                continue;
            }
            let paired = self.store.pair_by_x_series(&side.id, "item", &id).await?;
            let product = read(&self.clock, || side.x_series.product(&id)).await?;
            wanted.push(Wanted { id, product, paired });
        }
        let items = self.items_of(side, &mut wanted, sku_field).await?;
        // The members of all kits at once; the items keep their order.
        let whole = read(&self.clock, || side.netsuite.with_members(items.clone())).await?;
        for wanted in wanted {
            let own = items.iter().zip(&whole).filter(|(item, _)| wanted.is(item)).map(|(_, whole)| whole.clone());
            let item = TillItem { items: own.collect(), product: wanted.product };
            if item.items.len() == 1 {
                side.till_items.keep((wanted.id.clone(), sku_field.to_owned()), item.clone(), asked_at).await;
            }
            found.insert(wanted.id, item);
        }
        Ok(found)
    }

    /// The items that any of the products may be. An item that is gone or not in use any more is no partner: its product is known by its
    /// SKU again.
    async fn items_of(&self, side: &Side, wanted: &mut [Wanted], sku_field: &str) -> Result<Vec<Item>, PassError> {
        let ids = distinct(wanted.iter().filter_map(|wanted| wanted.paired.clone()));
        let mut items = Vec::new();
        if !ids.is_empty() {
            items = read(&self.clock, || side.netsuite.active_items(&ids, sku_field)).await?;
        }
        for wanted in wanted.iter_mut() {
            if let Some(paired) = wanted.paired.take_if(|paired| items.iter().all(|item| item.id != **paired)) {
                tracing::info!(connection = %side.id, netsuite.item = paired, "an item is not in use any more: its pair is let go");
                self.store.forget_pair(&side.id, "item", &paired, &wanted.id).await?;
            }
        }
        let skus = distinct(wanted.iter().filter(|wanted| wanted.paired.is_none()).filter_map(|wanted| Some(wanted.sku()?.to_owned())));
        if !skus.is_empty() {
            let more = read(&self.clock, || side.netsuite.items_by_sku(&skus, sku_field)).await?;
            items.extend(more.into_iter().filter(|item| !ids.contains(&item.id)).collect::<Vec<_>>());
        }
        Ok(items)
    }

    /// The sale's customer on both sides: by pair, as long as NetSuite has it in use, else by our key, else by e-mail, else by number.
    pub(super) async fn till_customer(&self, side: &Side, id: &str) -> Result<TillCustomerFacts, PassError> {
        let mut facts = TillCustomerFacts::default();
        if let Some(linked) = self.store.pair_by_x_series(&side.id, "customer", id).await? {
            match self.customer_in_use(side, &linked).await? {
                InUse::Yes => return Ok(TillCustomerFacts { linked: Some(linked), ..facts }),
                InUse::Inactive => facts.inactive = Some(linked.clone()),
                InUse::Gone => {}
            }
            tracing::info!(connection = %side.id, netsuite.customer = linked, "a customer is not in use any more: its pair is let go");
            self.store.forget_pair(&side.id, "customer", &linked, id).await?;
            facts.let_go = Some(linked);
        }
        facts.till = read(&self.clock, || side.x_series.customer(id)).await?;
        let Some(till) = facts.till.clone().filter(|till| !till.is_walk_in()) else { return Ok(facts) };
        facts.matches = self.made_of(side, &till, &mut facts).await?.into_iter().collect();
        if facts.matches.is_empty() {
            facts.matches = self.matches_of(side, &till).await?;
        }
        // One is enough to know them by from now on.
        if let [only] = facts.matches.as_slice() {
            self.pair_customer(side, &only.id, id).await?;
            facts.linked = Some(only.id.clone());
        }
        Ok(facts)
    }

    /// From here on the two are one customer.
    pub(super) async fn pair_customer(&self, side: &Side, netsuite_id: &str, x_series_id: &str) -> Result<(), PassError> {
        self.store.set_pair(&side.id, "customer", netsuite_id, x_series_id).await?;
        side.customers.keep(netsuite_id.to_owned(), true, self.clock.now()).await;
        Ok(())
    }

    /// A customer that was merged into another one is gone, as one that was deleted is. That it is in use is believed for a while.
    async fn customer_in_use(&self, side: &Side, id: &str) -> Result<InUse, PassError> {
        let id = id.to_owned();
        if side.customers.kept(&id).await.is_some() {
            return Ok(InUse::Yes);
        }
        let asked_at = self.clock.now();
        let record = id.as_str().into();
        Ok(match read(&self.clock, || side.netsuite.customer(&record)).await? {
            None => InUse::Gone,
            Some(customer) if customer.inactive => InUse::Inactive,
            Some(_) => {
                side.customers.keep(id, true, asked_at).await;
                InUse::Yes
            }
        })
    }

    /// NetSuite refused a record for this customer: is that because the customer is not in use any more? Asked afresh.
    pub(super) async fn customer_is_unusable(&self, side: &Side, netsuite_id: &str) -> Result<bool, PassError> {
        side.customers.forget_one(&netsuite_id.to_owned()).await;
        Ok(self.customer_in_use(side, netsuite_id).await? != InUse::Yes)
    }

    /// The customer that we made of it. One that is gone was made under a key that is used up.
    async fn made_of(&self, side: &Side, till: &TillCustomer, facts: &mut TillCustomerFacts) -> Result<Option<ErpCustomer>, PassError> {
        loop {
            let key = keys::customer_key(&side.id, &till.id, facts.gone + 1);
            // Asked first: one that another order makes from here on is found under its key, or its call is in the way of a second one.
            let was_made = self.store.call_by_key(&side.id, &key).await?.is_some_and(|call| call.state == CallState::Done);
            match read(&self.clock, || side.netsuite.customer_by_key(&key)).await? {
                Some(own) if own.inactive => facts.inactive = Some(own.id),
                Some(own) => return Ok(Some(own)),
                None if was_made => {}
                None => return Ok(None),
            }
            facts.gone += 1;
        }
    }

    /// The NetSuite customers that it may be.
    async fn matches_of(&self, side: &Side, till: &TillCustomer) -> Result<Vec<ErpCustomer>, PassError> {
        if let Some(email) = filled(till.email.as_deref()) {
            let matches = read(&self.clock, || side.netsuite.customers_by_email(email)).await?;
            if !matches.is_empty() {
                return Ok(matches);
            }
        }
        match filled(till.code.as_deref()) {
            Some(code) => Ok(read(&self.clock, || side.netsuite.customers_by_number(code)).await?),
            None => Ok(Vec::new()),
        }
    }

    /// The internal ids of the NetSuite customers with this name or number.
    pub(super) async fn customers_named(&self, side: &Side, name: &str) -> Result<Vec<String>, PassError> {
        let ask = async {
            let found = read(&self.clock, || side.netsuite.customers_named(name)).await?;
            Ok::<_, PassError>(found.into_iter().map(|customer| customer.id).collect::<Vec<_>>())
        };
        side.named_customers.look_up(name.to_owned(), |found| found.len() == 1, ask).await
    }

    /// What a list of NetSuite holds.
    pub(super) async fn names(&self, side: &Side, list: List) -> Result<Vec<Ref>, PassError> {
        let ask = read(&self.clock, || side.netsuite.names_of(list.word()));
        Ok(side.names.get(list, |found| !found.is_empty(), ask).await?)
    }

    /// What became of a sale that is taken back.
    pub(super) async fn original(&self, side: &Side, sale: &SaleId) -> Result<Original, PassError> {
        let orders = self.store.find_orders(sale.as_str()).await?;
        let own = orders.into_iter().find(|order| order.connection == side.id && order.link.x_series_id.as_ref() == Some(sale));
        let booking_keys = keys::booking_keys(&side.id, sale);
        let order = async {
            match own.as_ref().and_then(|own| own.link.netsuite_id.as_ref()) {
                Some(id) => Ok::<_, PassError>(read(&self.clock, || side.netsuite.sales_order(id)).await?),
                None => Ok(None),
            }
        };
        let sold = async { Ok::<_, PassError>(read(&self.clock, || side.x_series.sale(sale)).await?) };
        let booked = async { Ok::<_, PassError>(read(&self.clock, || side.netsuite.booked(&booking_keys)).await?) };
        let (sale, mut order, booked) = tokio::try_join!(sold, order, booked)?;
        // A database that was lost knows nothing of it; NetSuite does.
        let made = booked.iter().find(|record| record.kind == RecordKind::SalesOrder);
        if let (None, Some(made)) = (&order, made) {
            order = read(&self.clock, || side.netsuite.sales_order(&made.id)).await?;
        }
        let under_way = match (&own, &sale) {
            (Some(own), _) => is_under_way(own, booked.is_empty()),
            (None, Some(sale)) if booked.is_empty() => self.begin(side, sale).await?,
            (None, _) => false,
        };
        let calls = match &own {
            Some(own) => self.store.calls_of(&own.id).await?.iter().map(past_call).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let invoices = self.invoices_of(side, &booked, order.as_ref()).await?;
        let mut returns = Vec::new();
        for id in sale.iter().flat_map(|sale| &sale.returned_by) {
            returns.extend(read(&self.clock, || side.x_series.sale(id)).await?);
        }
        let (sale, order) = (sale.map(Box::new), order.map(Box::new));
        Ok(Original { sale, under_way, order, booked, known: own.is_some(), calls, invoices, returns })
    }

    /// Nobody has told of this sale yet, though the change feed is about to: its order is due first, as a poll makes it. Whether it is
    /// under way now.
    async fn begin(&self, side: &Side, sale: &Sale) -> Result<bool, PassError> {
        let now = self.clock.now();
        let cursor = self.store.cursor(&side.id, SALES).await?;
        let cursor = cursor.map(serde_json::from_value::<SalesCursor>).transpose().map_err(PassError::Cursor)?;
        let Some(version) = sale.version.filter(|version| has_to_tell(cursor.as_ref(), (*version, sale.updated_at), now)) else {
            return Ok(false);
        };
        let event = NewEvent {
            connection: side.id.clone(),
            source: EventSource::Poll,
            kind: "sale.changed".to_owned(),
            order: Some(OrderRef::XSeries(sale.id.clone())),
            dedupe: Dedupe::SaleVersion(version),
            body: json!({ "sale_id": sale.id.as_str(), "version": version }).to_string().into_bytes(),
            due_at: now,
            verdict: None,
        };
        tracing::info!(connection = %side.id, sale = %sale.id, "a sale that is taken back was not told of: its order comes first");
        Ok(self.store.receive(event).await? != Received::NothingNew)
    }

    /// The invoices of a sale: its own, and those made from its sales order.
    async fn invoices_of(&self, side: &Side, booked: &[Child], order: Option<&SalesOrder>) -> Result<Vec<Bill>, PassError> {
        let made = match order {
            Some(order) => read(&self.clock, || side.netsuite.children(&order.id)).await?,
            None => Vec::new(),
        };
        let mut invoices = Vec::new();
        for record in booked.iter().chain(&made).filter(|record| record.kind == RecordKind::Invoice) {
            invoices.extend(read(&self.clock, || side.netsuite.bill(record.kind, &record.id)).await?);
        }
        Ok(invoices)
    }
}

/// What it becomes is about to be decided, or part of it is booked and the rest follows. One that is held with something booked, or that
/// waits for an operator, is not: nobody knows when that ends.
fn is_under_way(order: &OrderRow, nothing_booked: bool) -> bool {
    match order.state {
        OrderState::Due | OrderState::Working => true,
        OrderState::Held => nothing_booked && order.hold != Some(HoldKind::Operator) && order.handled_seq < order.enqueued_seq,
        OrderState::Waiting | OrderState::Settled => false,
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn distinct(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts = texts.collect::<Vec<_>>();
    texts.sort_unstable();
    texts.dedup();
    texts
}
