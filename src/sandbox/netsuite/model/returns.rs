//! What customers bring back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use super::BillLine;

/// A return authorisation.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnAuthorization {
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `RMA3`.
    pub tran_id: String,
    /// Its date.
    pub tran_date: Date,
    /// The sales order, invoice or cash sale; none where it stands alone.
    pub created_from: Option<u64>,
    /// The customer.
    pub customer: u64,
    /// It was approved.
    pub approved: bool,
    /// It was cancelled.
    pub cancelled: bool,
    /// The memo.
    pub memo: Option<String>,
    /// The customer's number.
    pub other_ref_num: Option<String>,
    /// The header's location.
    pub location: Option<u64>,
    /// Whose sale it is.
    pub subsidiary: u64,
    /// The department.
    pub department: Option<u64>,
    /// The class.
    pub class: Option<u64>,
    /// The tax is as it was told, not computed.
    pub tax_override: bool,
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// The lines.
    pub lines: Vec<ReturnLine>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}

/// A line of a return authorisation.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnLine {
    /// What comes back, and what it was sold for.
    #[serde(flatten)]
    pub goods: BillLine,
    /// Somebody closed it.
    pub closed: bool,
    /// Received.
    pub received: Decimal,
    /// Refunded or credited.
    pub refunded: Decimal,
}

/// An item receipt.
#[derive(Debug, Clone, Serialize)]
pub struct ItemReceipt {
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `IR3`.
    pub tran_id: String,
    /// The posting date.
    pub tran_date: Date,
    /// The return authorisation.
    pub created_from: u64,
    /// The customer.
    pub customer: u64,
    /// The memo.
    pub memo: Option<String>,
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// The lines.
    pub lines: Vec<ReceiptLine>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}

/// A line of an item receipt.
#[derive(Debug, Clone, Serialize)]
pub struct ReceiptLine {
    /// The return authorisation line's key.
    pub order_line: i64,
    /// The item.
    pub item: u64,
    /// How many.
    pub quantity: Decimal,
    /// To where.
    pub location: Option<u64>,
    /// It goes back on the shelf; else it is written off.
    pub restock: bool,
    /// Serial or lot number and quantity.
    pub numbers: Vec<(String, Decimal)>,
    /// Bin id and quantity.
    pub bins: Vec<(u64, Decimal)>,
    /// The kit's line, on a member.
    pub kit_member_of: Option<i64>,
}
