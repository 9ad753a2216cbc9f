//! What X-Series holds beside sales, in the fields that the sync needs.

use rust_decimal::Decimal;

use crate::domain::ids::SaleId;

/// A shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlet {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// An IANA name; it decides the business day.
    pub time_zone: Option<String>,
    /// The tax group of its products without one of their own; deprecated by the vendor.
    pub default_tax_id: Option<String>,
}

/// A till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub outlet_id: String,
    /// Payments need an open register.
    pub is_open: bool,
}

/// A way to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentType {
    /// Its id: `retailer_payment_type_id`, `type.config_id`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// X-Series' own kind (1 is cash); several payment types may share one.
    pub type_id: Option<i64>,
}

/// A tax as lines name it: a group of rates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxGroup {
    /// The group's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The sum of its rates: 0.15 is 15 %.
    pub rate: Decimal,
    /// It is the retailer's default.
    pub is_default: bool,
}

/// A person at the till, or a program that acts as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: String,
    /// What they sign in with.
    pub username: String,
    /// What is shown.
    pub display_name: String,
    /// Their e-mail.
    pub email: Option<String>,
}

/// A product, or one variant of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// Its SKU; the vendor does not promise that it is unique.
    pub sku: Option<String>,
    /// Its name.
    pub name: String,
    /// It can be sold.
    pub active: bool,
    /// It is a kit: the sale's line names it, and X-Series takes its components from stock.
    pub is_composite: bool,
    /// Its stock is counted.
    pub has_inventory: bool,
    /// The id that another system gave it.
    pub source_id: Option<String>,
    /// Further codes it is found by.
    pub codes: Vec<String>,
}

/// A customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Their id.
    pub id: String,
    /// Their code.
    pub code: Option<String>,
    /// Their e-mail.
    pub email: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The company.
    pub company_name: Option<String>,
}

/// The retailer: the whole X-Series account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retailer {
    /// Its id.
    pub id: String,
    /// The currency of every sale, as its ISO 4217 code.
    pub currency: Option<String>,
    /// The product whose lines are discounts on a whole sale.
    pub discount_product_id: Option<String>,
    /// The tax group of lines that bear no tax.
    pub no_tax_group_id: Option<String>,
    /// An IANA name; outlets may have their own.
    pub time_zone: Option<String>,
}

/// A serial number that went out with a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialNumber {
    /// The number.
    pub code: String,
    /// The product.
    pub product_id: Option<String>,
    /// The sale's line.
    pub line_item_id: Option<String>,
}

/// What one outlet hands over of a sale, in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfillment {
    /// Its id.
    pub id: String,
    /// `PICKUP`, `DISPATCH` or `SERVICE`.
    pub kind: String,
    /// `OPEN`, `STARTED`, `PICKED`, `PACKED` or `FULFILLED`.
    pub state: String,
    /// For each line: the sale line's id, its quantity, and how much of it was handed over.
    pub lines: Vec<(String, Decimal, Decimal)>,
}

/// A webhook subscription: one type of event, one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// `sale.update`, …
    pub kind: String,
    /// Where it posts to.
    pub url: String,
    /// It posts at all.
    pub active: bool,
}

/// A row of a list that belongs to a sale, so that rows of other sales can be told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfSale<T> {
    /// The sale, where the row names it.
    pub sale_id: Option<SaleId>,
    /// The row.
    pub row: T,
}
