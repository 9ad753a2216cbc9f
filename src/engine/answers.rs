//! Answers the decision's questions from both systems.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::patience::read;
use super::{Engine, PassError, Side};
use crate::clock::Clock;
use crate::domain::facts::{Answers, CustomerFacts, Question, Reference};
use crate::domain::failure::FailureClass;
use crate::domain::ids::{RecordId, SaleId};
use crate::domain::record::{Bill, Child, Money, RecordKind};
use crate::domain::reference::ItemTracking;
use crate::netsuite::Item;

impl Engine {
    /// Finds an answer and puts it among the others.
    pub(super) async fn answer(&self, side: &Side, question: Question, answers: &mut Answers) -> Result<(), PassError> {
        match question {
            Question::Reference => answers.reference = Some(side.reference.get((), |_| true, reference(side, &self.clock)).await?),
            Question::Products(skus) => {
                for sku in skus {
                    let ask = read(&self.clock, || side.x_series.products_by_sku(&sku));
                    let products = side.products.look_up(sku.clone(), |found| found.len() == 1, ask).await?;
                    answers.products.insert(sku, products);
                }
            }
            Question::Customer(id) => answers.customer = Some(self.customer(side, &id).await?),
            Question::LinkedOrders { field, sale } => {
                answers.linked_orders = Some(read(&self.clock, || side.netsuite.sales_orders_by_field(&field, sale.as_str())).await?);
            }
            Question::Children(order) => answers.children = Some(read(&self.clock, || side.netsuite.children(&order)).await?),
            Question::Bills => {
                let bills = answers.children.iter().flatten().filter(|child| child.kind.is_bill());
                answers.bills = Some(self.read_back(side, bills).await?);
            }
            Question::ReadBack => {
                let records = answers.booked.iter().flatten().filter(|record| record.kind.has_totals());
                answers.read_back = Some(self.read_back(side, records).await?);
            }
            Question::Payments(records) => self.payments(side, records, answers).await?,
            Question::Booked(keys) => answers.booked = Some(read(&self.clock, || side.netsuite.booked(&keys)).await?),
            Question::HandedOver(sale) => answers.handed_over = Some(self.handed_over(side, &sale).await?),
            Question::Items { ids, sku_field } => answers.items = Some(self.items(side, ids, &sku_field).await?),
            Question::FulfilmentForm { order, lines } => {
                answers.fulfilment_form = Some(read(&self.clock, || side.netsuite.fulfilment_form(&order, &lines)).await?);
            }
            Question::KitMembers(kits) => answers.kit_members = Some(read(&self.clock, || side.netsuite.kit_members(&kits)).await?),
            Question::SerialNumbers(sale) => answers.serial_numbers = Some(self.serial_numbers(side, &sale).await?),
            Question::OriginalSerials(sale) => answers.original_serials = Some(self.serial_numbers(side, &sale).await?),
            Question::InventoryNumbers { item, location } => {
                let numbers = read(&self.clock, || side.netsuite.inventory_numbers(&item, location.as_deref())).await?;
                answers.inventory_numbers.insert((item, location), numbers);
            }
            Question::PaymentMethods => {
                let ask = read(&self.clock, || side.netsuite.names_of("paymentmethod"));
                answers.payment_methods = Some(side.payment_methods.get((), |found| !found.is_empty(), ask).await?);
            }
            Question::Accounts => {
                let ask = read(&self.clock, || side.netsuite.names_of("account"));
                answers.accounts = Some(side.accounts.get((), |found| !found.is_empty(), ask).await?);
            }
            Question::Locations => {
                let ask = read(&self.clock, || side.netsuite.names_of("location"));
                answers.locations = Some(side.locations.get((), |found| !found.is_empty(), ask).await?);
            }
            Question::NamedItem(name) => {
                let ids = read(&self.clock, || side.netsuite.items_named(&name)).await?;
                answers.named_items.insert(name, ids);
            }
            Question::TillItems { products, sku_field } => answers.till_items = Some(self.till_items(side, products, &sku_field).await?),
            Question::TillCustomer(id) => answers.till_customer = Some(self.till_customer(side, &id).await?),
            Question::CustomersNamed(name) => {
                let ids = self.customers_named(side, &name).await?;
                answers.named_customers.insert(name, ids);
            }
            Question::Names(list) => {
                let names = self.names(side, list).await?;
                answers.names.insert(list, names);
            }
            Question::LocationSubsidiary(location) => {
                let ask = read(&self.clock, || side.netsuite.subsidiary_of(&location));
                let found = side.location_subsidiaries.look_up(location.clone(), |_| true, ask).await?;
                answers.location_subsidiaries.insert(location, found);
            }
            Question::TaxCodes => {
                let ask = read(&self.clock, || side.netsuite.tax_codes());
                answers.tax_codes = Some(side.tax_codes.get((), |found| !found.is_empty(), ask).await?);
            }
            Question::Periods => {
                let ask = read(&self.clock, || side.netsuite.periods());
                answers.periods = Some(side.periods.get((), |_| true, ask).await?);
            }
            Question::Original(sale) => answers.original = Some(self.original(side, &sale).await?),
            Question::Authorized(id) => {
                answers.authorized = Some(read(&self.clock, || side.netsuite.return_authorization(&id)).await?);
            }
        }
        Ok(())
    }

    /// The customer on both sides: by link, else by e-mail, else by code.
    async fn customer(&self, side: &Side, id: &str) -> Result<CustomerFacts, PassError> {
        let linked = self.store.pair_by_netsuite(&side.id, "customer", id).await?;
        if linked.is_some() {
            return Ok(CustomerFacts { linked, ..CustomerFacts::default() });
        }
        let record = id.into();
        let Some(netsuite) = read(&self.clock, || side.netsuite.customer(&record)).await? else { return Ok(CustomerFacts::default()) };
        let mut matches = Vec::new();
        if let Some(email) = netsuite.email.as_deref().filter(|email| !email.is_empty()) {
            matches = read(&self.clock, || side.x_series.customers_by_email(email)).await?;
        }
        if matches.is_empty()
            && let Some(number) = netsuite.number.as_deref().filter(|number| !number.is_empty())
        {
            matches = read(&self.clock, || side.x_series.customers_by_code(number)).await?;
        }
        // One is enough to know them by from now on.
        if let [only] = matches.as_slice() {
            self.store.set_pair(&side.id, "customer", id, &only.id).await?;
            return Ok(CustomerFacts { netsuite: Some(netsuite), linked: Some(only.id.clone()), matches });
        }
        Ok(CustomerFacts { netsuite: Some(netsuite), linked: None, matches })
    }

    /// The records, read back; those that are gone are left out.
    async fn read_back(&self, side: &Side, records: impl Iterator<Item = &Child>) -> Result<Vec<Bill>, PassError> {
        let mut bills = Vec::new();
        for record in records {
            bills.extend(read(&self.clock, || side.netsuite.bill(record.kind, &record.id)).await?);
        }
        Ok(bills)
    }

    /// Payments, deposits and refunds as they are now. A search shows no more than the role may search: one is gone only where it cannot
    /// be read by its id either.
    async fn payments(&self, side: &Side, records: Vec<(RecordKind, RecordId)>, answers: &mut Answers) -> Result<(), PassError> {
        let ids = records.iter().map(|(_, id)| id.clone()).collect::<Vec<_>>();
        let mut found = read(&self.clock, || side.netsuite.money_of(&ids)).await?;
        for (kind, id) in records {
            let money = match found.iter().position(|money| money.id == id) {
                Some(place) => Some(found.swap_remove(place)),
                None => read(&self.clock, || side.netsuite.head(kind, &id)).await?.map(|record| Money::untold(record.id)),
            };
            answers.payments.insert(id, money);
        }
        Ok(())
    }

    /// The sale's line and each number that went out with it.
    async fn serial_numbers(&self, side: &Side, sale: &SaleId) -> Result<Vec<(String, String)>, PassError> {
        let numbers = read(&self.clock, || side.x_series.serial_numbers(sale)).await?;
        Ok(numbers.into_iter().filter_map(|number| Some((number.line_item_id?, number.code))).collect())
    }

    /// What was handed over of each of the sale's lines.
    async fn handed_over(&self, side: &Side, sale: &SaleId) -> Result<Vec<(String, Decimal)>, PassError> {
        let mut lines = BTreeMap::<String, Decimal>::new();
        for fulfilment in read(&self.clock, || side.x_series.fulfillments(sale)).await? {
            for line in fulfilment.lines {
                *lines.entry(line.sale_line_item_id).or_default() += line.fulfilled;
            }
        }
        Ok(lines.into_iter().collect())
    }

    /// How NetSuite tracks the items; items that a restricted role cannot see are left out.
    async fn items(&self, side: &Side, ids: Vec<String>, sku_field: &str) -> Result<BTreeMap<String, ItemTracking>, PassError> {
        let keys = ids.into_iter().map(|id| (id, sku_field.to_owned())).collect::<Vec<_>>();
        let found = side.items.get_many::<PassError, _>(&keys, |missing| async move {
            let ids = missing.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
            let items = match read(&self.clock, || side.netsuite.items(&ids, sku_field)).await {
                Ok(items) => items,
                // The SKU is on the line already, so the rest can be done without: NetSuite itself says so where an item needs detail.
                Err(error) if sku_field.eq_ignore_ascii_case("itemId") && matches!(error.class(false), FailureClass::Refused(_)) => {
                    tracing::warn!(connection = %side.id, "NetSuite does not show its items, so serial and lot numbers are not looked up: {error}");
                    Vec::new()
                }
                Err(error) => return Err(error.into()),
            };
            let tracking = |item: Item| {
                let Item { id, sku, serial, lot, fulfillable, .. } = item;
                ((id, sku_field.to_owned()), ItemTracking { sku, serial, lot, fulfillable })
            };
            Ok(items.into_iter().map(tracking).collect())
        });
        Ok(found.await?.into_iter().map(|((id, _), item)| (id, item)).collect())
    }
}

/// Everything the retailer has besides sales, read at once.
async fn reference(side: &Side, clock: &Clock) -> Result<Arc<Reference>, PassError> {
    let client = &side.x_series;
    let (outlets, registers, payment_types) =
        tokio::try_join!(read(clock, || client.outlets()), read(clock, || client.registers()), read(clock, || client.payment_types()))?;
    let (taxes, users, retailer) =
        tokio::try_join!(read(clock, || client.taxes()), read(clock, || client.users()), read(clock, || client.retailer()))?;
    Ok(Arc::new(Reference { outlets, registers, payment_types, taxes, users, retailer }))
}
