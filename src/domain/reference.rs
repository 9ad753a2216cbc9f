//! What both systems know besides orders and sales: outlets, registers, payment types, taxes, users, products, customers.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::sales_order::ItemKind;

/// An outlet of the retailer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlet {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its IANA time zone: decides the business day.
    pub time_zone: Option<String>,
    /// The tax group of products without their own.
    pub default_tax_id: Option<String>,
}

/// A register of an outlet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// Its id.
    pub id: String,
    /// Its name; not unique between outlets.
    pub name: String,
    /// Its outlet.
    pub outlet_id: Option<String>,
    /// Payments need an open register.
    pub is_open: bool,
}

/// A way to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentType {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its kind (1 cash, 106 loyalty, 118 gift card, …); not unique.
    pub type_id: Option<String>,
}

/// A tax group: what a line refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaxGroup {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The sum of its rates, as a fraction (0.15).
    pub rate: Decimal,
    /// The retailer's default.
    pub is_default: bool,
    /// Its rates: what the tax components of lines and charges refer to.
    pub rates: Vec<TaxRate>,
}

/// A rate of a tax group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    /// Its id.
    pub id: String,
    /// As a fraction (0.15).
    pub rate: Decimal,
}

/// A user of X-Series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: String,
    /// The name to sign in with.
    pub username: String,
    /// The name shown.
    pub display_name: Option<String>,
    /// Its e-mail.
    pub email: Option<String>,
}

/// What is one for each retailer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Retailer {
    /// Its id.
    pub id: Option<String>,
    /// Its currency's ISO 4217 code.
    pub currency: Option<String>,
    /// The product that stands for a discount on the whole sale.
    pub discount_product_id: Option<String>,
    /// The tax group of untaxed lines.
    pub no_tax_group_id: Option<String>,
    /// Its IANA time zone.
    pub time_zone: Option<String>,
}

/// A product of X-Series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: String,
    /// Its SKU.
    pub sku: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// It is made of other products.
    pub is_composite: bool,
}

/// A customer of X-Series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TillCustomer {
    /// Its id.
    pub id: String,
    /// Its code.
    pub code: Option<String>,
    /// Its e-mail.
    pub email: Option<String>,
    /// First and last name, or the company.
    pub name: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// The company.
    pub company_name: Option<String>,
    /// Phone.
    pub phone: Option<String>,
}

impl TillCustomer {
    /// The customer that X-Series writes on sales without one.
    pub fn is_walk_in(&self) -> bool {
        self.code.as_deref().is_some_and(|code| code.eq_ignore_ascii_case("WALKIN"))
    }
}

/// A customer of NetSuite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErpCustomer {
    /// Its internal id.
    pub id: String,
    /// Its number (`entityId`).
    pub number: Option<String>,
    /// The company.
    pub company_name: Option<String>,
    /// A person, not a company; `None` where NetSuite does not say.
    pub is_person: Option<bool>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// It is not in use any more: NetSuite takes no record for it.
    pub inactive: bool,
}

/// How NetSuite tracks an item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemTracking {
    /// The value of the configured SKU field.
    pub sku: Option<String>,
    /// Each piece has a serial number.
    pub serial: bool,
    /// Each batch has a lot number.
    pub lot: bool,
    /// It leaves with an item fulfilment; `None` where NetSuite does not say.
    pub fulfillable: Option<bool>,
}

/// A serial or lot number in stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryNumber {
    /// Its internal id.
    pub id: String,
    /// The number on the piece.
    pub number: String,
    /// How many are available.
    pub available: Decimal,
    /// When it expires.
    pub expires: Option<Date>,
    /// The location's internal id.
    pub location: Option<String>,
}

/// A product of X-Series and the NetSuite items that it may be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TillItem {
    /// The product; none if X-Series no longer has it.
    pub product: Option<Product>,
    /// The items: the linked one, else those whose SKU field holds the product's SKU. Inactive ones are left out.
    pub items: Vec<ErpItem>,
}

/// An item of NetSuite, as far as a booking needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErpItem {
    /// Its internal id.
    pub id: String,
    /// The name or number people use.
    pub name: String,
    /// What kind of item it is.
    pub kind: ItemKind,
    /// Each piece has a serial number.
    pub serial: bool,
    /// Each batch has a lot number.
    pub lot: bool,
    /// It is kept in bins.
    pub bins: bool,
    /// A kit's members.
    pub members: Vec<KitMember>,
}

impl ErpItem {
    /// An item of which nothing is known but that it is not tracked.
    pub fn plain(id: String, name: &str) -> Self {
        let name = name.to_owned();
        Self { id, name, kind: ItemKind::NonInventory, serial: false, lot: false, bins: false, members: Vec::new() }
    }

    /// A stand-alone cash sale or invoice has to say which piece, lot or bin it was.
    pub fn is_tracked(&self) -> bool {
        self.serial || self.lot || self.bins
    }

    /// NetSuite takes it on a sales order only.
    pub fn has_tracked_members(&self) -> bool {
        self.members.iter().any(|member| member.serial || member.lot || member.bins)
    }
}

/// A member of a kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitMember {
    /// The item's internal id.
    pub item: String,
    /// How many of it are in one kit.
    pub quantity: Decimal,
    /// Each piece has a serial number.
    pub serial: bool,
    /// Each batch has a lot number.
    pub lot: bool,
    /// It is kept in bins.
    pub bins: bool,
}

/// A tax code of NetSuite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxCode {
    /// Its internal id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its tax type's internal id.
    pub tax_type: Option<String>,
    /// Its rate in per cent, where NetSuite tells it.
    pub rate: Option<Decimal>,
}

impl TaxCode {
    /// The tax code of this id or name; `GST:S-NZ` is the tax type and the code.
    pub fn named<'c>(codes: &'c [Self], wanted: &str) -> Option<&'c Self> {
        let called = |name: &str| codes.iter().find(|code| code.name.eq_ignore_ascii_case(name));
        let by_id = codes.iter().find(|code| code.id == wanted);
        by_id.or_else(|| called(wanted)).or_else(|| called(wanted.rsplit(':').next()?.trim()))
    }
}

/// An accounting period of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its name.
    pub name: String,
    /// Its first day.
    pub start: Date,
    /// Its last day.
    pub end: Date,
    /// Nothing may be posted in it.
    pub closed: bool,
}
