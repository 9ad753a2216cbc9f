//! Sales orders and what ships from them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use super::{Named, TaxDetail};

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
    pub(in crate::sandbox::netsuite) fn named(self) -> Named {
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
    /// Whose sale it is.
    pub subsidiary: u64,
    /// The department.
    pub department: Option<u64>,
    /// The class.
    pub class: Option<u64>,
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
    /// The tax is as it was told, not computed.
    pub tax_override: bool,
    /// The tax on shipping as it was told.
    pub shipping_tax: Option<Decimal>,
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
    /// The department.
    pub department: Option<u64>,
    /// The class.
    pub class: Option<u64>,
    /// A price of its own, not the item's.
    pub custom_price: bool,
    /// What its tax details call it.
    pub tax_reference: Option<String>,
    /// Its tax as it was told; none is computed.
    pub tax_details: Option<Vec<TaxDetail>>,
    /// Inventory number id and quantity that were set aside for it.
    pub assignments: Vec<(u64, Decimal)>,
    /// Bin id and quantity that were set aside for it.
    pub bins: Vec<(u64, Decimal)>,
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
    /// Bin id and quantity.
    pub bins: Vec<(u64, Decimal)>,
    /// The kit's line, on a member.
    pub kit_member_of: Option<i64>,
}
