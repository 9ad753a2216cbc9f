//! What sales are made of: goods and where they are, people, places and accounting periods.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;

/// An internal id and the name that NetSuite shows for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The internal id.
    pub id: u64,
    /// The name.
    pub name: String,
}

impl Named {
    pub(in crate::sandbox::netsuite) fn new(id: u64, name: &str) -> Self {
        Self { id, name: name.to_owned() }
    }
}

/// What kind of item it is, which in NetSuite is its record type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// Stocked, plain.
    Inventory,
    /// Stocked, each piece with a number.
    Serialized,
    /// Stocked in lots.
    LotNumbered,
    /// Sold as one, shipped as its members.
    Kit,
    /// Not stocked, shipped.
    NonInventory,
    /// Neither stocked nor shipped.
    Service,
    /// A deduction.
    Discount,
    /// An amount that is charged: delivery, a surcharge, a rounding.
    OtherCharge,
}

impl ItemKind {
    /// `itemType` on a line and `itemtype` in SuiteQL.
    pub(in crate::sandbox::netsuite) fn item_type(self) -> &'static str {
        match self {
            Self::Inventory | Self::Serialized | Self::LotNumbered => "InvtPart",
            Self::Kit => "Kit",
            Self::NonInventory => "NonInvtPart",
            Self::Service => "Service",
            Self::Discount => "Discount",
            Self::OtherCharge => "OthCharge",
        }
    }

    pub(in crate::sandbox::netsuite) fn record_type(self) -> &'static str {
        match self {
            Self::Inventory => "inventoryItem",
            Self::Serialized => "serializedInventoryItem",
            Self::LotNumbered => "lotNumberedInventoryItem",
            Self::Kit => "kitItem",
            Self::NonInventory => "nonInventorySaleItem",
            Self::Service => "serviceSaleItem",
            Self::Discount => "discountItem",
            Self::OtherCharge => "otherChargeSaleItem",
        }
    }

    pub(in crate::sandbox::netsuite) fn is_stocked(self) -> bool {
        matches!(self, Self::Inventory | Self::Serialized | Self::LotNumbered)
    }

    pub(in crate::sandbox::netsuite) fn is_tracked(self) -> bool {
        matches!(self, Self::Serialized | Self::LotNumbered)
    }

    pub(in crate::sandbox::netsuite) fn is_fulfilled(self) -> bool {
        !matches!(self, Self::Service | Self::Discount | Self::OtherCharge)
    }
}

/// An item.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// The internal id.
    pub id: u64,
    /// `itemId`, which is the SKU.
    pub sku: String,
    /// `displayName`.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// The base price, without tax.
    pub price: Decimal,
    /// Taxed at the standard rate; else free of tax.
    pub taxable: bool,
    /// No longer sold: no new line may name it.
    pub inactive: bool,
    /// Kept in bins.
    pub bins: bool,
    /// The one subsidiary that sells it; none is all of them.
    pub subsidiary: Option<u64>,
    /// A kit's members: item id and how many.
    pub members: Vec<(u64, Decimal)>,
}

/// A place that holds stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The internal id.
    pub id: u64,
    /// The name.
    pub name: String,
    /// Whose it is.
    pub subsidiary: u64,
}

/// A shelf.
#[derive(Debug, Clone, Serialize)]
pub struct Bin {
    /// The internal id.
    pub id: u64,
    /// The number on it.
    pub number: String,
    /// Where it stands.
    pub location: u64,
    /// Item id and how many of it are there.
    pub holds: BTreeMap<u64, Decimal>,
}

/// An account of the general ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerAccount {
    /// The internal id.
    pub id: u64,
    /// Its number and name.
    pub name: String,
    /// `Bank`, `OthCurrAsset`, `AcctRec`, …
    pub sort: &'static str,
}

impl LedgerAccount {
    /// Money can be taken to it and paid from it.
    pub(in crate::sandbox::netsuite) fn holds_money(&self) -> bool {
        matches!(self.sort, "Bank" | "OthCurrAsset")
    }
}

/// A customer.
#[derive(Debug, Clone, Serialize)]
pub struct Customer {
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// Whose customer it is.
    pub subsidiary: u64,
    /// The number and name people use.
    pub entity_id: String,
    /// The company, empty for a person.
    pub company_name: String,
    /// First name of a person.
    pub first_name: String,
    /// Last name of a person.
    pub last_name: String,
    /// E-mail.
    pub email: String,
    /// Phone.
    pub phone: String,
    /// No longer used.
    pub inactive: bool,
    /// When it last changed.
    pub modified: Timestamp,
}

impl Customer {
    pub(in crate::sandbox::netsuite) fn is_person(&self) -> bool {
        self.company_name.is_empty()
    }

    pub(in crate::sandbox::netsuite) fn title(&self) -> String {
        if self.is_person() { format!("{} {}", self.first_name, self.last_name) } else { self.company_name.clone() }
    }
}

/// A serial or lot number, and how many of it are where.
#[derive(Debug, Clone, Serialize)]
pub struct InventoryNumber {
    /// The internal id.
    pub id: u64,
    /// The number on the goods.
    pub number: String,
    /// The item.
    pub item: u64,
    /// Location id and quantity there.
    pub at: BTreeMap<u64, Decimal>,
    /// The last day of a lot.
    pub expires: Option<Date>,
}

/// How long an accounting period is. Only months are posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodLength {
    /// A month.
    Month,
    /// Three months.
    Quarter,
    /// A year.
    Year,
}

/// An accounting period.
#[derive(Debug, Clone, Serialize)]
pub struct Period {
    /// The internal id.
    pub id: u64,
    /// `Nov 2026`.
    pub name: String,
    /// Its first day.
    pub start: Date,
    /// Its last day.
    pub end: Date,
    /// How long it is.
    pub length: PeriodLength,
    /// Nothing may be posted in it.
    pub closed: bool,
    /// Locked for all: not yet closed, and nothing may be posted in it either.
    pub locked: bool,
}

impl Period {
    pub(in crate::sandbox::netsuite) fn holds(&self, date: Date) -> bool {
        self.start <= date && date <= self.end
    }

    pub(in crate::sandbox::netsuite) fn takes_postings(&self) -> bool {
        self.length == PeriodLength::Month && !self.closed && !self.locked
    }
}
