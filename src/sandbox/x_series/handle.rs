//! What people do in the shops, and the truth of what X-Series holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use thiserror::Error;
use uuid::Uuid;

use super::errors::{Outcome, Refusal};
use super::retailer::{Customer, HandOver, Outlet, PaymentType, Product, Register, Retailer, Subscription, Tax, User};
use super::sale::Sale;
use super::{Shared, lock, seed, states};
use crate::sandbox::config::{Chaos, WebhookTarget};
use crate::sandbox::courier::Deliveries;
use crate::sandbox::faults::FaultHandle;

/// X-Series said no to what a person tried.
#[derive(Debug, Error)]
#[error("X-Series refused: {0}")]
pub struct XSeriesRefused(String);

impl From<Refusal> for XSeriesRefused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.words())
    }
}

/// Cheap to clone; all clones speak of the same retailer.
#[derive(Debug, Clone)]
pub struct XSeriesHandle(pub(in crate::sandbox) Arc<Shared>);

impl XSeriesHandle {
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Retailer) -> T) -> T {
        self.0.with(work)
    }

    pub(super) fn act<T>(&self, work: impl FnOnce(&mut Retailer) -> Outcome<T>) -> Result<T, XSeriesRefused> {
        self.with(work).map_err(XSeriesRefused::from)
    }

    /// A sale as it stands.
    pub fn sale(&self, id: Uuid) -> Option<Sale> {
        self.with(|retailer| retailer.sales.get(&id).cloned())
    }

    /// Every sale.
    pub fn sales(&self) -> Vec<Sale> {
        self.with(|retailer| retailer.sales.values().cloned().collect())
    }

    /// The sales that another system made for its number, which should be one.
    pub fn sales_from(&self, source_id: &str) -> Vec<Sale> {
        self.sales().into_iter().filter(|sale| sale.source_id.as_deref() == Some(source_id)).collect()
    }

    /// How many sales there are in each state.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        self.with(|retailer| states(retailer))
    }

    /// The fulfilments of a sale.
    pub fn hand_overs_of(&self, sale: Uuid) -> Vec<HandOver> {
        self.with(|retailer| retailer.hand_overs.iter().filter(|hand_over| hand_over.sale == sale).cloned().collect())
    }

    /// Adds a product, taxed by the group of the given name.
    pub fn add_product(&self, sku: &str, name: &str, price: Decimal, tax: &str) -> Result<Uuid, XSeriesRefused> {
        self.put_product(sku, name, price, tax, false)
    }

    /// Adds a product that is made of others. X-Series keeps its parts to itself: a sale names the whole.
    pub fn add_composite(&self, sku: &str, name: &str, price: Decimal, tax: &str) -> Result<Uuid, XSeriesRefused> {
        self.put_product(sku, name, price, tax, true)
    }

    fn put_product(&self, sku: &str, name: &str, price: Decimal, tax: &str, composite: bool) -> Result<Uuid, XSeriesRefused> {
        self.act(|retailer| {
            let tax = find(&retailer.taxes, |known| known.name == tax, "Tax")?.id;
            let (id, version) = (seed::id("product", sku), retailer.next_version());
            let (sku, name) = (sku.to_owned(), name.to_owned());
            let product = Product { id, sku, name, price, tax, composite, has_inventory: !composite, active: true, deleted: None, version };
            retailer.products.insert(id, product);
            Ok(id)
        })
    }

    /// Deletes a product.
    pub fn delete_product(&self, sku: &str) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let (version, now) = (retailer.next_version(), retailer.clock.now());
            let product = retailer.products.values_mut().find(|product| product.sku == sku).ok_or(Refusal::NotFound("Product"))?;
            (product.deleted, product.active, product.version) = (Some(now), false, version);
            Ok(())
        })
    }

    /// Adds a customer.
    pub fn add_customer(&self, code: &str, first_name: &str, last_name: &str, email: &str) -> Uuid {
        self.with(|retailer| {
            let (id, version) = (seed::id("customer", code), retailer.next_version());
            let customer = Customer {
                id,
                code: code.to_owned(),
                first_name: first_name.to_owned(),
                last_name: last_name.to_owned(),
                email: email.to_owned(),
                version,
                ..Customer::default()
            };
            retailer.customers.insert(id, customer);
            id
        })
    }

    /// Adds an outlet.
    pub fn add_outlet(&self, name: &str, time_zone: &str) -> Uuid {
        self.with(|retailer| {
            let (id, version) = (seed::id("outlet", name), retailer.next_version());
            retailer.outlets.push(Outlet { id, name: name.to_owned(), time_zone: time_zone.to_owned(), version });
            id
        })
    }

    /// Adds an open register to an outlet.
    pub fn add_register(&self, outlet: &str, name: &str, prefix: &str) -> Result<Uuid, XSeriesRefused> {
        self.act(|retailer| {
            let outlet = find(&retailer.outlets, |known| known.name == outlet, "Outlet")?.id;
            let (id, version) = (seed::id("register", name), retailer.next_version());
            let register = Register { id, outlet, name: name.to_owned(), open: true, prefix: prefix.to_owned(), sequence: 1, version };
            retailer.registers.push(register);
            Ok(id)
        })
    }

    /// Opens or closes a register.
    pub fn set_register_open(&self, name: &str, open: bool) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let id = find(&retailer.registers, |known| known.name == name, "Register")?.id;
            retailer.set_register_open(id, open).map(drop)
        })
    }

    /// Adds a user.
    pub fn add_user(&self, username: &str) -> Uuid {
        self.with(|retailer| {
            let (id, version) = (seed::id("user", username), retailer.next_version());
            let account_type = "cashier".to_owned();
            retailer.users.push(User { id, username: username.to_owned(), display_name: username.to_owned(), account_type, version });
            id
        })
    }

    /// Adds a payment type.
    pub fn add_payment_type(&self, name: &str, type_id: u32) -> Uuid {
        self.with(|retailer| {
            let (id, version) = (seed::id("payment type", name), retailer.next_version());
            retailer.payment_types.push(PaymentType { id, name: name.to_owned(), type_id, version });
            id
        })
    }

    /// Adds a tax group with one rate; 0.15 is 15 %.
    pub fn add_tax(&self, name: &str, rate: Decimal) -> Uuid {
        self.with(|retailer| {
            let (id, version) = (seed::id("tax", name), retailer.next_version());
            let rate_id = seed::id("tax rate", name);
            retailer.taxes.push(Tax { id, rate_id, name: name.to_owned(), rate, default: false, version });
            id
        })
    }

    /// A product by its SKU.
    pub fn product(&self, sku: &str) -> Option<Product> {
        self.with(|retailer| retailer.products.values().find(|product| product.sku == sku).cloned())
    }

    /// Outlets with their registers.
    pub fn registers(&self) -> Vec<Register> {
        self.with(|retailer| retailer.registers.clone())
    }

    /// The outlets.
    pub fn outlets(&self) -> Vec<Outlet> {
        self.with(|retailer| retailer.outlets.clone())
    }

    /// The users; the first is the one that tokens are of.
    pub fn users(&self) -> Vec<User> {
        self.with(|retailer| retailer.users.clone())
    }

    /// The payment types.
    pub fn payment_types(&self) -> Vec<PaymentType> {
        self.with(|retailer| retailer.payment_types.clone())
    }

    /// The tax groups.
    pub fn taxes(&self) -> Vec<Tax> {
        self.with(|retailer| retailer.taxes.clone())
    }

    /// The customers.
    pub fn customers(&self) -> Vec<Customer> {
        self.with(|retailer| retailer.customers.values().cloned().collect())
    }

    /// The webhook subscriptions.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.with(|retailer| retailer.subscriptions.clone())
    }

    /// Sets the hand-made webhook from now on.
    pub fn set_webhook(&self, target: Option<WebhookTarget>) {
        *lock(&self.0.webhook) = target;
    }

    /// Posts a sale's webhook once more, as X-Series does without being asked.
    pub fn repost(&self, sale: Uuid) {
        self.with(|retailer| retailer.changed.push(sale));
    }

    /// Sets how answers differ in shape and type.
    pub fn set_chaos(&self, chaos: Chaos) {
        *lock(&self.0.chaos) = chaos;
    }

    /// Sets the size of the request budget, as when registers are added or another application shares it.
    pub fn set_request_limit(&self, limit: u32) {
        lock(&self.0.budget).limit = limit;
    }

    /// Ends the application's access token.
    pub fn revoke_access_token(&self) {
        lock(&self.0.auth).revoke();
    }

    /// The one refresh token that is still good.
    pub fn refresh_token(&self) -> String {
        lock(&self.0.auth).refresh_token().to_owned()
    }

    /// What goes wrong.
    pub fn faults(&self) -> &FaultHandle {
        &self.0.faults
    }

    /// How posting webhooks went.
    pub fn deliveries(&self) -> Deliveries {
        self.0.courier.deliveries()
    }
}

pub(super) fn find<'a, T>(list: &'a [T], is: impl Fn(&T) -> bool, what: &'static str) -> Outcome<&'a T> {
    list.iter().find(|known| is(known)).ok_or(Refusal::NotFound(what))
}
