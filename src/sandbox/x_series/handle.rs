//! What people do in the shops, and the truth of what X-Series holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;
use uuid::Uuid;

use super::errors::{Outcome, Refusal};
use super::hand_over::Step;
use super::retailer::{
    Customer, HandOver, Outlet, PaymentType, Product, Register, Retailer, Sale, SaleLine, SalePayment, State, Subscription, Tax, User,
};
use super::{Shared, lock, seed, states};
use crate::sandbox::config::{Chaos, WebhookTarget};
use crate::sandbox::courier::Deliveries;
use crate::sandbox::faults::FaultHandle;
use crate::sandbox::number;

/// X-Series said no to what a person tried.
#[derive(Debug, Error)]
#[error("X-Series refused: {0}")]
pub struct XSeriesRefused(String);

impl From<Refusal> for XSeriesRefused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.words())
    }
}

/// A sale that a cashier rings up. Products go by SKU, everything else by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSale {
    /// The register's name.
    pub register: String,
    /// The customer's code; none is the walk-in.
    #[serde(default)]
    pub customer: Option<String>,
    /// SKU and quantity.
    pub lines: Vec<(String, Decimal)>,
    /// Its state.
    pub state: State,
    /// Its attributes.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// What all of it is paid with; none leaves it unpaid.
    #[serde(default)]
    pub payment_type: Option<String>,
}

/// Cheap to clone; all clones speak of the same retailer.
#[derive(Debug, Clone)]
pub struct XSeriesHandle(pub(in crate::sandbox) Arc<Shared>);

impl XSeriesHandle {
    fn with<T>(&self, work: impl FnOnce(&mut Retailer) -> T) -> T {
        self.0.with(work)
    }

    fn act<T>(&self, work: impl FnOnce(&mut Retailer) -> Outcome<T>) -> Result<T, XSeriesRefused> {
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

    /// A cashier rings up a sale.
    pub fn ring_up(&self, new: &NewSale) -> Result<Uuid, XSeriesRefused> {
        self.act(|retailer| {
            let register = find(&retailer.registers, |register| register.name == new.register, "Register")?.id;
            let author = retailer.users.last().map(|user| user.id).ok_or(Refusal::NotFound("User"))?;
            let mut lines = Vec::new();
            let mut total = Decimal::ZERO;
            for (sku, quantity) in &new.lines {
                let product = retailer.products.values().find(|product| product.sku == *sku).ok_or(Refusal::NotFound("Product"))?;
                let rate = retailer.tax(product.tax).map_or(Decimal::ZERO, |tax| tax.rate);
                let tax = number::round(product.price * rate, 5);
                total += (product.price + tax) * quantity;
                lines.push(json!({
                    "product": { "id": product.id }, "quantity": number::write(*quantity),
                    "pricing": { "price": number::write(product.price) }, "tax": { "id": product.tax, "amount": number::write(tax) },
                }));
            }
            let mut body = json!({
                "source": { "author_id": author, "register_id": register }, "state": new.state.word(), "attributes": new.attributes,
                "line_items": lines,
            });
            if let Some(code) = &new.customer {
                let customer = retailer.customers.values().find(|customer| customer.code == *code).ok_or(Refusal::NotFound("Customer"))?;
                body["customer_id"] = json!(customer.id);
            }
            if let Some(name) = &new.payment_type {
                let payment_type = find(&retailer.payment_types, |kind| kind.name == *name, "Payment type")?.id;
                body["payments"] = json!([{ "amount": number::write(number::round(total, 2)), "type": { "config_id": payment_type } }]);
            }
            retailer.create_sale(&body)
        })
    }

    /// A cashier completes a sale: what is still to be paid is paid with `payment_type`, and what is to be handed over is.
    pub fn complete(&self, sale: Uuid, payment_type: &str) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let mut sale = open_sale(retailer, sale)?;
            let (_, _, total) = sale.totals();
            if !sale.is_paid() {
                let payment = payment(retailer, &sale, payment_type, total - sale.paid())?;
                sale.payments.push(payment);
            }
            sale.state = State::Closed;
            retailer.store(sale);
            Ok(())
        })
    }

    /// A customer pays part of a sale.
    pub fn pay(&self, sale: Uuid, payment_type: &str, amount: Decimal) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let mut sale = open_sale(retailer, sale)?;
            let payment = payment(retailer, &sale, payment_type, amount)?;
            sale.payments.push(payment);
            retailer.store(sale);
            Ok(())
        })
    }

    /// A manager voids a sale.
    pub fn void(&self, sale: Uuid) -> Result<(), XSeriesRefused> {
        self.act(|retailer| retailer.void_sale(sale))
    }

    /// A cashier changes how many there are of a line.
    pub fn edit_line_quantity(&self, sale: Uuid, line: Uuid, quantity: Decimal) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let mut sale = open_sale(retailer, sale)?;
            sale.lines.iter_mut().find(|known| known.id == line).ok_or(Refusal::NotFound("Line"))?.quantity = quantity;
            retailer.store(sale);
            Ok(())
        })
    }

    /// A cashier adds a product to a sale.
    pub fn add_line(&self, sale: Uuid, sku: &str, quantity: Decimal) -> Result<Uuid, XSeriesRefused> {
        self.act(|retailer| {
            let mut sale = open_sale(retailer, sale)?;
            let product = retailer.products.values().find(|product| product.sku == sku).cloned().ok_or(Refusal::NotFound("Product"))?;
            let rate = retailer.tax(product.tax).map_or(Decimal::ZERO, |tax| tax.rate);
            let id = retailer.new_id();
            sale.lines.push(SaleLine {
                id,
                product: product.id,
                quantity,
                price: product.price,
                cost: Decimal::ZERO,
                discount: Decimal::ZERO,
                loyalty: Decimal::ZERO,
                tax: product.tax,
                tax_amount: number::round(product.price * rate, 5),
                price_override: false,
                sequence: i64::try_from(sale.lines.len()).unwrap_or(0),
                note: None,
                fulfilled: Decimal::ZERO,
                serial_numbers: Vec::new(),
            });
            retailer.store(sale);
            Ok(id)
        })
    }

    /// A cashier changes the note.
    pub fn set_note(&self, sale: Uuid, note: &str) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let mut sale = open_sale(retailer, sale)?;
            note.clone_into(&mut sale.note);
            retailer.store(sale);
            Ok(())
        })
    }

    /// Staff hand over some of a line of a pickup or a delivery. The last of it closes the sale.
    pub fn hand_over(&self, sale: Uuid, line: Uuid, quantity: Decimal) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let hand_over = retailer.hand_overs.iter().find(|hand_over| hand_over.sale == sale).ok_or(Refusal::NotFound("Fulfillment"))?;
            let (id, version) = (hand_over.id.clone(), hand_over.version);
            let body = json!({ "version": version, "line_items": [{ "sale_line_item_id": line, "quantity": number::write(quantity) }] });
            retailer.step_hand_over(&id, Step::Fulfil, &body).map(drop)
        })
    }

    /// The serial numbers that were scanned for a line.
    pub fn set_serial_numbers(&self, sale: Uuid, line: Uuid, numbers: &[&str]) -> Result<(), XSeriesRefused> {
        self.act(|retailer| {
            let known = retailer.sales.get_mut(&sale).ok_or(Refusal::NotFound("Sale"))?;
            let line = known.lines.iter_mut().find(|known| known.id == line).ok_or(Refusal::NotFound("Line"))?;
            line.serial_numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
            Ok(())
        })
    }

    /// The fulfilments of a sale.
    pub fn hand_overs_of(&self, sale: Uuid) -> Vec<HandOver> {
        self.with(|retailer| retailer.hand_overs.iter().filter(|hand_over| hand_over.sale == sale).cloned().collect())
    }

    /// Adds a product, taxed by the group of the given name.
    pub fn add_product(&self, sku: &str, name: &str, price: Decimal, tax: &str) -> Result<Uuid, XSeriesRefused> {
        self.act(|retailer| {
            let tax = find(&retailer.taxes, |known| known.name == tax, "Tax")?.id;
            let (id, version) = (seed::id("product", sku), retailer.next_version());
            let product = Product {
                id,
                sku: sku.to_owned(),
                name: name.to_owned(),
                price,
                tax,
                composite: false,
                has_inventory: true,
                active: true,
                deleted: None,
                version,
            };
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

fn find<'a, T>(list: &'a [T], is: impl Fn(&T) -> bool, what: &'static str) -> Outcome<&'a T> {
    list.iter().find(|known| is(known)).ok_or(Refusal::NotFound(what))
}

/// A sale that staff may still change.
fn open_sale(retailer: &Retailer, id: Uuid) -> Outcome<Sale> {
    let sale = retailer.sales.get(&id).cloned().ok_or(Refusal::NotFound("Sale"))?;
    match sale.state {
        State::Parked | State::Pending => Ok(sale),
        State::Closed | State::Voided => Err(Refusal::conflict(format!("The sale is {}", sale.state.word()))),
    }
}

fn payment(retailer: &mut Retailer, sale: &Sale, payment_type: &str, amount: Decimal) -> Outcome<SalePayment> {
    let payment_type = find(&retailer.payment_types, |kind| kind.name == payment_type, "Payment type")?.id;
    let id = retailer.new_id();
    Ok(SalePayment { id, payment_type, register: sale.register, amount, date: retailer.clock.now() })
}
