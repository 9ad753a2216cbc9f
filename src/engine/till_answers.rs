//! Answers the questions that a sale of the till raises: what its products and its customer are in NetSuite, and what became of the sale
//! that it takes back.

use std::collections::BTreeMap;

use super::patience::read;
use super::{Engine, PassError, Side};
use crate::domain::facts::{List, Original, TillCustomerFacts};
use crate::domain::ids::SaleId;
use crate::domain::keys;
use crate::domain::record::RecordKind;
use crate::domain::reference::{ErpCustomer, Product, TillCustomer, TillItem};
use crate::domain::sales_order::Ref;
use crate::domain::verdict::HoldKind;
use crate::netsuite::Item;
use crate::store::{OrderRow, OrderState};

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
        let items = self.items_of(side, &wanted, sku_field).await?;
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

    /// The items that any of the products may be.
    async fn items_of(&self, side: &Side, wanted: &[Wanted], sku_field: &str) -> Result<Vec<Item>, PassError> {
        let ids = distinct(wanted.iter().filter_map(|wanted| wanted.paired.clone()));
        let skus = distinct(wanted.iter().filter(|wanted| wanted.paired.is_none()).filter_map(|wanted| Some(wanted.sku()?.to_owned())));
        let mut items = Vec::new();
        if !ids.is_empty() {
            items = read(&self.clock, || side.netsuite.active_items(&ids, sku_field)).await?;
        }
        if !skus.is_empty() {
            let more = read(&self.clock, || side.netsuite.items_by_sku(&skus, sku_field)).await?;
            items.extend(more.into_iter().filter(|item| !ids.contains(&item.id)).collect::<Vec<_>>());
        }
        Ok(items)
    }

    /// The sale's customer on both sides: by pair, else by our key, else by e-mail, else by number.
    pub(super) async fn till_customer(&self, side: &Side, id: &str) -> Result<TillCustomerFacts, PassError> {
        let linked = self.store.pair_by_x_series(&side.id, "customer", id).await?;
        if linked.is_some() {
            return Ok(TillCustomerFacts { linked, ..TillCustomerFacts::default() });
        }
        let Some(till) = read(&self.clock, || side.x_series.customer(id)).await? else { return Ok(TillCustomerFacts::default()) };
        if till.is_walk_in() {
            return Ok(TillCustomerFacts { till: Some(till), ..TillCustomerFacts::default() });
        }
        let matches = self.matches_of(side, &till).await?;
        // One is enough to know them by from now on.
        let linked = match matches.as_slice() {
            [only] => {
                self.store.set_pair(&side.id, "customer", &only.id, id).await?;
                Some(only.id.clone())
            }
            _ => None,
        };
        Ok(TillCustomerFacts { till: Some(till), linked, matches })
    }

    /// The NetSuite customers that it may be.
    async fn matches_of(&self, side: &Side, till: &TillCustomer) -> Result<Vec<ErpCustomer>, PassError> {
        let key = keys::external_id("cust", &side.id, &till.id, 1);
        if let Some(own) = read(&self.clock, || side.netsuite.customer_by_key(&key)).await? {
            return Ok(vec![own]);
        }
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
        let under_way = booked.is_empty() && own.as_ref().is_some_and(is_under_way);
        Ok(Original { sale: sale.map(Box::new), under_way, order: order.map(Box::new), booked })
    }
}

/// What it becomes is about to be decided. One that waits for an operator is not: nobody knows when that ends.
fn is_under_way(order: &OrderRow) -> bool {
    match order.state {
        OrderState::Due | OrderState::Working => true,
        OrderState::Held => order.hold != Some(HoldKind::Operator) && order.handled_seq < order.enqueued_seq,
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
