//! What the retailer has, as it is kept: every change of anything takes the next global version.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;

use super::sale::Sale;
use crate::clock::Clock;

/// A product.
#[derive(Debug, Clone, Serialize)]
pub struct Product {
    /// Its id.
    pub id: Uuid,
    /// The SKU.
    pub sku: String,
    /// The name.
    pub name: String,
    /// Without tax.
    pub price: Decimal,
    /// Its tax group.
    pub tax: Uuid,
    /// Made of other products.
    pub composite: bool,
    /// Its stock is counted.
    pub has_inventory: bool,
    /// It is sold.
    pub active: bool,
    /// It was deleted.
    pub deleted: Option<Timestamp>,
    /// Its version.
    pub version: i64,
}

/// A customer.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Customer {
    /// The id.
    pub id: Uuid,
    /// The code.
    pub code: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The company.
    pub company_name: String,
    /// E-mail.
    pub email: String,
    /// Phone.
    pub phone: String,
    /// Its version.
    pub version: i64,
}

/// An outlet.
#[derive(Debug, Clone, Serialize)]
pub struct Outlet {
    /// The id.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// Its time zone.
    pub time_zone: String,
    /// Its version.
    pub version: i64,
}

/// A register.
#[derive(Debug, Clone, Serialize)]
pub struct Register {
    /// The id.
    pub id: Uuid,
    /// Its outlet.
    pub outlet: Uuid,
    /// The name.
    pub name: String,
    /// It can take payments.
    pub open: bool,
    /// Stands before its invoice numbers.
    pub prefix: String,
    /// The number of its next invoice.
    pub sequence: u64,
    /// Its version.
    pub version: i64,
}

/// A user.
#[derive(Debug, Clone, Serialize)]
pub struct User {
    /// The id.
    pub id: Uuid,
    /// The log-in name.
    pub username: String,
    /// The name on receipts.
    pub display_name: String,
    /// `cashier`, `manager` or `admin`.
    pub account_type: String,
    /// Its version.
    pub version: i64,
}

/// A payment type.
#[derive(Debug, Clone, Serialize)]
pub struct PaymentType {
    /// The id, which is `type.config_id` of a payment.
    pub id: Uuid,
    /// The name.
    pub name: String,
    /// What kind it is; several may be of one.
    pub type_id: u32,
    /// Its version.
    pub version: i64,
}

/// A tax group with one rate.
#[derive(Debug, Clone, Serialize)]
pub struct Tax {
    /// The group's id, which lines name.
    pub id: Uuid,
    /// The rate's id, which tax components name.
    pub rate_id: Uuid,
    /// The name.
    pub name: String,
    /// 0.15 for 15 %.
    pub rate: Decimal,
    /// Used where nothing else is said.
    pub default: bool,
    /// Its version.
    pub version: i64,
}

/// A webhook subscription.
#[derive(Debug, Clone, Serialize)]
pub struct Subscription {
    /// The id.
    pub id: Uuid,
    /// `sale.update`, …
    pub kind: String,
    /// Where it is posted.
    pub url: String,
    /// It is posted at all.
    pub active: bool,
}

/// What one outlet hands over of one sale.
#[derive(Debug, Clone, Serialize)]
pub struct HandOver {
    /// A snowflake as text.
    pub id: String,
    /// The sale.
    pub sale: Uuid,
    /// The outlet.
    pub outlet: Uuid,
    /// `PICKUP` or `DISPATCH`.
    pub kind: String,
    /// For optimistic locking.
    pub version: i32,
    /// Line id with quantity, picked, packed and fulfilled.
    pub lines: Vec<HandOverLine>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// A line of a [`HandOver`].
#[derive(Debug, Clone, Serialize)]
pub struct HandOverLine {
    /// The sale's line.
    pub line: Uuid,
    /// The product.
    pub product: Uuid,
    /// How many.
    pub quantity: Decimal,
    /// Of them picked.
    pub picked: Decimal,
    /// Of them packed.
    pub packed: Decimal,
    /// Of them handed over.
    pub fulfilled: Decimal,
}

/// Everything the retailer has.
#[derive(Debug)]
pub(super) struct Retailer {
    pub clock: Clock,
    pub random: fastrand::Rng,
    pub id: Uuid,
    pub domain_prefix: String,
    pub unpaid_hand_over: bool,
    pub version: i64,
    pub snowflake: u64,
    pub sales: BTreeMap<Uuid, Sale>,
    pub products: BTreeMap<Uuid, Product>,
    pub customers: BTreeMap<Uuid, Customer>,
    pub outlets: Vec<Outlet>,
    pub registers: Vec<Register>,
    pub users: Vec<User>,
    pub payment_types: Vec<PaymentType>,
    pub taxes: Vec<Tax>,
    pub subscriptions: Vec<Subscription>,
    pub hand_overs: Vec<HandOver>,
    /// Sales that changed and of which the webhook is still to be posted.
    pub changed: Vec<Uuid>,
}

impl Retailer {
    /// The next global version. Gaps are normal, so there are some.
    pub(super) fn next_version(&mut self) -> i64 {
        self.version += self.random.i64(1..4);
        self.version
    }

    pub(super) fn new_id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random.u128(..).to_be_bytes()).into_uuid()
    }

    pub(super) fn tax(&self, id: Uuid) -> Option<&Tax> {
        self.taxes.iter().find(|tax| tax.id == id)
    }

    pub(super) fn register(&self, id: Uuid) -> Option<&Register> {
        self.registers.iter().find(|register| register.id == id)
    }

    /// Marks a sale as changed now.
    pub(super) fn touch(&mut self, id: Uuid) {
        let version = self.next_version();
        let now = self.clock.now();
        if let Some(sale) = self.sales.get_mut(&id) {
            (sale.version, sale.updated) = (version, now);
            self.changed.push(id);
        }
    }
}
