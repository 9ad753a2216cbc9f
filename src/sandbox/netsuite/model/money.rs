//! Money: payments, deposits and refunds, and what they are applied to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

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
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}

/// Money that a customer paid before there was an invoice.
#[derive(Debug, Clone, Serialize)]
pub struct Deposit {
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `CD3`.
    pub tran_id: String,
    /// The posting date.
    pub tran_date: Date,
    /// The customer.
    pub customer: u64,
    /// The sales order that it is for.
    pub sales_order: Option<u64>,
    /// The amount.
    pub amount: Decimal,
    /// What of it was applied or paid back.
    pub used: Decimal,
    /// How it was paid.
    pub payment_method: Option<u64>,
    /// The account; none is undeposited funds.
    pub account: Option<u64>,
    /// The memo.
    pub memo: Option<String>,
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}

/// What of a deposit pays which invoice, or is paid back by which refund.
#[derive(Debug, Clone, Serialize)]
pub struct DepositApplication {
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `DA3`.
    pub tran_id: String,
    /// The posting date.
    pub tran_date: Date,
    /// The customer.
    pub customer: u64,
    /// The deposit.
    pub deposit: u64,
    /// The memo.
    pub memo: Option<String>,
    /// Invoice or refund id and the amount.
    pub applied: Vec<(u64, Decimal)>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}

/// Money that went back to a customer for credit memos and deposits.
#[derive(Debug, Clone, Serialize)]
pub struct CustomerRefund {
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `RF3`.
    pub tran_id: String,
    /// The posting date.
    pub tran_date: Date,
    /// The customer.
    pub customer: u64,
    /// How it was paid.
    pub payment_method: Option<u64>,
    /// The account.
    pub account: u64,
    /// The memo.
    pub memo: Option<String>,
    /// Credit memo or deposit application id and the amount.
    pub applied: Vec<(u64, Decimal)>,
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub modified: Timestamp,
}
