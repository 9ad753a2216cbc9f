//! The records of the account: what NetSuite keeps of each.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

/// An internal id and the name that NetSuite shows for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The internal id.
    pub id: u64,
    /// The name.
    pub name: String,
}

impl Named {
    pub(super) fn new(id: u64, name: &str) -> Self {
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
}

impl ItemKind {
    /// `itemType` on a line and `itemtype` in SuiteQL.
    pub(super) fn item_type(self) -> &'static str {
        match self {
            Self::Inventory | Self::Serialized | Self::LotNumbered => "InvtPart",
            Self::Kit => "Kit",
            Self::NonInventory => "NonInvtPart",
            Self::Service => "Service",
            Self::Discount => "Discount",
        }
    }

    pub(super) fn record_type(self) -> &'static str {
        match self {
            Self::Inventory => "inventoryItem",
            Self::Serialized => "serializedInventoryItem",
            Self::LotNumbered => "lotNumberedInventoryItem",
            Self::Kit => "kitItem",
            Self::NonInventory => "nonInventorySaleItem",
            Self::Service => "serviceSaleItem",
            Self::Discount => "discountItem",
        }
    }

    pub(super) fn is_stocked(self) -> bool {
        matches!(self, Self::Inventory | Self::Serialized | Self::LotNumbered)
    }

    pub(super) fn is_tracked(self) -> bool {
        matches!(self, Self::Serialized | Self::LotNumbered)
    }

    pub(super) fn is_fulfilled(self) -> bool {
        !matches!(self, Self::Service | Self::Discount)
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
    /// A kit's members: item id and how many.
    pub members: Vec<(u64, Decimal)>,
}

/// A customer.
#[derive(Debug, Clone, Serialize)]
pub struct Customer {
    /// The internal id.
    pub id: u64,
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
    pub(super) fn is_person(&self) -> bool {
        self.company_name.is_empty()
    }

    pub(super) fn title(&self) -> String {
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
}

/// An accounting period of one month.
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
    /// Nothing may be posted in it.
    pub closed: bool,
}

/// The form a sales order was entered on, which says what it is billed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Standard Sales Order - Invoice.
    #[default]
    Invoice,
    /// Standard Sales Order - Cash Sale.
    CashSale,
}

impl Form {
    pub(super) fn named(self) -> Named {
        match self {
            Self::Invoice => Named::new(68, "Standard Sales Order - Invoice"),
            Self::CashSale => Named::new(69, "Standard Sales Order - Cash Sale"),
        }
    }
}

/// Why a record cannot be saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lock {
    /// A workflow keeps it.
    Workflow,
    /// Somebody else saved it in between; goes away after one refusal.
    Changed,
}

/// A sales order.
#[derive(Debug, Clone, Serialize)]
pub struct SalesOrder {
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `SO1043`.
    pub tran_id: String,
    /// The order date.
    pub tran_date: Date,
    /// The customer.
    pub customer: u64,
    /// The form.
    pub form: Form,
    /// It was approved.
    pub approved: bool,
    /// It was cancelled.
    pub cancelled: bool,
    /// The customer's number for it.
    pub other_ref_num: Option<String>,
    /// The memo.
    pub memo: Option<String>,
    /// The header's location.
    pub location: Option<u64>,
    /// The payment terms.
    pub terms: Option<u64>,
    /// How it is paid.
    pub payment_method: Option<u64>,
    /// The shipping method.
    pub ship_method: Option<u64>,
    /// The day it is to ship.
    pub ship_date: Option<Date>,
    /// What shipping costs, without tax.
    pub shipping_cost: Decimal,
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// The lines.
    pub lines: Vec<OrderLine>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
    /// Why it cannot be saved.
    pub lock: Option<Lock>,
}

/// A line of a sales order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderLine {
    /// Its key, with gaps.
    pub line: i64,
    /// Its key over all orders.
    pub unique_key: u64,
    /// The item.
    pub item: u64,
    /// How many were ordered.
    pub quantity: Decimal,
    /// The unit price, without tax.
    pub rate: Decimal,
    /// Without tax, to the cent.
    pub amount: Decimal,
    /// The tax in per cent.
    pub tax_rate: Decimal,
    /// The text on it.
    pub description: Option<String>,
    /// Its location.
    pub location: Option<u64>,
    /// Somebody closed it.
    pub closed: bool,
    /// Every `custcol_*`.
    pub custom: BTreeMap<String, Value>,
    /// Reserved in stock.
    pub committed: Decimal,
    /// On a fulfilment of any status.
    pub picked: Decimal,
    /// Shipped.
    pub fulfilled: Decimal,
    /// Billed.
    pub billed: Decimal,
}

/// A status letter of a sales order.
pub type StatusLetter = char;

/// An item fulfilment.
#[derive(Debug, Clone, Serialize)]
pub struct Fulfilment {
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `IF12`.
    pub tran_id: String,
    /// The posting date.
    pub tran_date: Date,
    /// The sales order.
    pub created_from: u64,
    /// `A` picked, `B` packed, `C` shipped.
    pub ship_status: char,
    /// The memo.
    pub memo: Option<String>,
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// The lines.
    pub lines: Vec<FulfilmentLine>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}

/// A line of an item fulfilment.
#[derive(Debug, Clone, Serialize)]
pub struct FulfilmentLine {
    /// The sales order line's key.
    pub order_line: i64,
    /// The item.
    pub item: u64,
    /// How many.
    pub quantity: Decimal,
    /// From where.
    pub location: Option<u64>,
    /// Inventory number id and quantity.
    pub assignments: Vec<(u64, Decimal)>,
    /// The kit's line, on a member.
    pub kit_member_of: Option<i64>,
}

/// Whether a bill is an invoice or a cash sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillKind {
    /// To be paid.
    Invoice,
    /// Paid at once.
    CashSale,
}

impl BillKind {
    pub(super) fn record_type(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CashSale => "cashSale",
        }
    }
}

/// An invoice or a cash sale.
#[derive(Debug, Clone, Serialize)]
pub struct Bill {
    /// Which of the two.
    pub kind: BillKind,
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `INV7` or `CS7`.
    pub tran_id: String,
    /// The posting date.
    pub tran_date: Date,
    /// The sales order.
    pub created_from: u64,
    /// The customer.
    pub customer: u64,
    /// The memo.
    pub memo: Option<String>,
    /// The customer's number.
    pub other_ref_num: Option<String>,
    /// The location.
    pub location: Option<u64>,
    /// The payment terms of an invoice.
    pub terms: Option<u64>,
    /// How a cash sale was paid.
    pub payment_method: Option<u64>,
    /// The account a cash sale was paid to; none is undeposited funds.
    pub account: Option<u64>,
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// The lines.
    pub lines: Vec<BillLine>,
    /// What shipping costs on it, without tax.
    pub shipping_cost: Decimal,
    /// What was paid of an invoice.
    pub paid: Decimal,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}

/// A line of a bill.
#[derive(Debug, Clone, Serialize)]
pub struct BillLine {
    /// Its own key.
    pub line: i64,
    /// The sales order line's key; none for a line that was added.
    pub order_line: Option<i64>,
    /// The item.
    pub item: u64,
    /// How many.
    pub quantity: Decimal,
    /// The unit price, without tax.
    pub rate: Decimal,
    /// Without tax, to the cent.
    pub amount: Decimal,
    /// The tax in per cent.
    pub tax_rate: Decimal,
    /// The text on it.
    pub description: Option<String>,
    /// Its location.
    pub location: Option<u64>,
}

/// A customer payment.
#[derive(Debug, Clone, Serialize)]
pub struct Payment {
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `PYMT3`.
    pub tran_id: String,
    /// The posting date.
    pub tran_date: Date,
    /// The customer.
    pub customer: u64,
    /// The amount.
    pub amount: Decimal,
    /// How it was paid.
    pub payment_method: Option<u64>,
    /// The account; none is undeposited funds.
    pub account: Option<u64>,
    /// The memo.
    pub memo: Option<String>,
    /// Invoice id and what was applied to it.
    pub applied: Vec<(u64, Decimal)>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}
