//! What is asked of NetSuite for a sale that was made at the till, in our own words. Kept from the intent to the last attempt, as
//! the requests of [`super::requests`] are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::ids::RecordId;
use super::record::RecordKind;
use super::requests::InventoryAssignment;
use super::status::SaleState;

/// A record with lines of its own: a sales order, cash sale, invoice, cash refund or credit memo that is made from nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRequest {
    /// What it is to be.
    pub record: RecordKind,
    /// Our key, of the sale's id.
    pub external_id: String,
    /// The customer's internal id.
    pub customer: String,
    /// The posting date.
    pub date: Option<Date>,
    /// The receipt number (`otherRefNum`).
    pub reference: Option<String>,
    /// The memo.
    pub memo: Option<String>,
    /// Where it is booked.
    pub place: Place,
    /// A cash sale's or cash refund's payment method, by internal id.
    pub payment_method: Option<String>,
    /// Its account, by internal id; none is undeposited funds.
    pub account: Option<String>,
    /// Custom body fields: the sale's id, where the settings name a field.
    pub custom: BTreeMap<String, String>,
    /// The lines. Quantities are positive on every kind of record: a refund says by what it is that goods come back.
    pub lines: Vec<RecordLine>,
    /// The sale's own tax is written instead of NetSuite's.
    pub tax_override: bool,
    /// A credit memo's applications to open invoices.
    pub apply: Vec<Application>,
    /// What the till said when this was asked; kept with the intent, not sent.
    #[serde(default)]
    pub witness: Option<Witness>,
}

/// What the till said of a sale when a record of it was asked for. A later change at the till is told by it from a mapping that
/// changed, and from what was changed in NetSuite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The sale's state; a sale that is completed later may be dated anew by that.
    pub state: Option<SaleState>,
    /// The X-Series customer.
    pub customer: Option<String>,
    /// The outlet.
    pub outlet: Option<String>,
    /// The register.
    pub register: Option<String>,
    /// When it was sold.
    pub sold_at: Option<Timestamp>,
    /// With tax.
    pub total: Decimal,
    /// What was paid or given back, by payment type.
    pub tenders: BTreeMap<String, Decimal>,
    /// The variance item by setting, at that time.
    pub variance_item: Option<String>,
}

/// Where a record is booked, by internal ids; what is not set is left to NetSuite.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The subsidiary, on OneWorld accounts.
    pub subsidiary: Option<String>,
    /// The location.
    pub location: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// The class.
    pub class: Option<String>,
}

impl Place {
    /// Each part by its name.
    pub fn parts(&self) -> [(&'static str, Option<&str>); 4] {
        [
            ("location", self.location.as_deref()),
            ("department", self.department.as_deref()),
            ("class", self.class.as_deref()),
            ("subsidiary", self.subsidiary.as_deref()),
        ]
    }
}

/// A line of such a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordLine {
    /// The line of the sale that it stands for; names what stands outside the sale's lines. Kept with the intent, and the reference
    /// of the tax detail.
    pub key: String,
    /// The item's internal id.
    pub item: String,
    /// The quantity; none for a discount item, which has only an amount.
    pub quantity: Option<Decimal>,
    /// The unit price without tax.
    pub rate: Decimal,
    /// What the line comes to without tax, at the currency's precision; negative for a deduction.
    pub amount: Decimal,
    /// The text on the line.
    pub description: Option<String>,
    /// Serial numbers, lots and bins that leave or come back; none for what is not tracked.
    pub inventory: Vec<InventoryAssignment>,
    /// Serial or lot numbers that come back, as they stand on the goods (`receiptInventoryNumber`), with how many of each.
    pub received: Vec<(String, Decimal)>,
    /// The bin that all of it comes back to, by internal id.
    #[serde(default)]
    pub bin: Option<String>,
    /// The sale's tax on the line, where it is written.
    pub tax: Option<LineTax>,
    /// The product, or what kind of charge it is, that became the item; kept with the intent, not sent.
    #[serde(default)]
    pub product: Option<String>,
}

/// The tax of a line as the till took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// The tax code's internal id.
    pub code: String,
    /// The tax type's internal id.
    pub tax_type: Option<String>,
    /// The rate in per cent.
    pub rate: Decimal,
    /// What it is computed on.
    pub basis: Decimal,
    /// The tax.
    pub amount: Decimal,
}

/// An amount of a credit memo, deposit or payment that pays for another record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// The record that is paid for.
    pub record: RecordId,
    /// How much of it.
    pub amount: Decimal,
}

/// Changes to a sales order that was made for a sale, after the sale changed at the till.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderChange {
    /// The sales order.
    pub order: RecordId,
    /// Lines that are new.
    pub added: Vec<RecordLine>,
    /// The location of new lines.
    pub location: Option<String>,
    /// Lines by their key: another quantity and amount.
    pub changed: Vec<ChangedLine>,
    /// Lines that the sale no longer has, by their key: they are closed.
    pub closed: Vec<i64>,
    /// The till's tax on every line that stands, under the line's reference, where it is written: it is told as a whole or not at all.
    #[serde(default)]
    pub taxes: Vec<(String, LineTax)>,
}

/// A line of a sales order that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangedLine {
    /// The sales order line's key.
    pub line: i64,
    /// The line of the sale that it stands for; kept with the intent, not sent.
    #[serde(default)]
    pub key: String,
    /// The new quantity.
    pub quantity: Decimal,
    /// The new unit price.
    pub rate: Decimal,
    /// The new amount.
    pub amount: Decimal,
}

/// A customer deposit on a sales order: an instalment of a layby.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositRequest {
    /// Our key, of the X-Series payment's id.
    pub external_id: String,
    /// The sales order.
    pub order: RecordId,
    /// The customer's internal id.
    pub customer: String,
    /// The amount.
    pub amount: Decimal,
    /// The posting date.
    pub date: Option<Date>,
    /// The payment method's internal id.
    pub payment_method: Option<String>,
    /// The account's internal id; none is undeposited funds.
    pub account: Option<String>,
    /// The memo.
    pub memo: Option<String>,
    /// The X-Series payment type; kept with the intent, not sent.
    #[serde(default)]
    pub tender: Option<String>,
}

/// A deposit, to be applied to the invoice of its sales order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositApplicationRequest {
    /// Our key, of deposit and invoice.
    pub external_id: String,
    /// The deposit.
    pub deposit: RecordId,
    /// The invoice and the amount.
    pub apply: Application,
    /// The posting date.
    pub date: Option<Date>,
}

/// A record made from another: a return authorisation from a sales order, a receipt, cash refund or credit memo from a return
/// authorisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransformRequest {
    /// What it is made from.
    pub from: RecordKind,
    /// Its internal id.
    pub source: RecordId,
    /// What it is to be.
    pub record: RecordKind,
    /// Our key.
    pub external_id: String,
    /// The posting date.
    pub date: Option<Date>,
    /// The memo.
    pub memo: Option<String>,
    /// Every line of the source: those that are taken, and those that are not (quantity zero).
    pub lines: Vec<TransformLine>,
    /// A cash refund's payment method, by internal id.
    pub payment_method: Option<String>,
    /// Its account, by internal id.
    pub account: Option<String>,
    /// A credit memo's applications to open invoices.
    pub apply: Vec<Application>,
    /// What the till said when this was asked; kept with the intent, not sent.
    #[serde(default)]
    pub witness: Option<Witness>,
}

/// A line of a transform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransformLine {
    /// The source line's key.
    pub order_line: i64,
    /// How many; zero takes none of it.
    pub quantity: Decimal,
    /// The location's internal id, of a receipt.
    pub location: Option<String>,
    /// Serial or lot numbers that come back, of a receipt, with how many of each.
    pub received: Vec<(String, Decimal)>,
    /// The bin that all of it comes back to, of a receipt, by internal id.
    #[serde(default)]
    pub bin: Option<String>,
}

/// Money given back for a credit memo, or for customer deposits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// Our key, of the X-Series payment's id.
    pub external_id: String,
    /// The customer's internal id.
    pub customer: String,
    /// The credit memo and the amount, which is positive; none where deposits are given back.
    pub apply: Option<Application>,
    /// The customer deposits, each with how much of it is given back.
    #[serde(default)]
    pub deposits: Vec<Application>,
    /// The posting date.
    pub date: Option<Date>,
    /// The payment method's internal id.
    pub payment_method: Option<String>,
    /// The account's internal id.
    pub account: Option<String>,
    /// The memo.
    pub memo: Option<String>,
    /// The X-Series payment type; kept with the intent, not sent.
    #[serde(default)]
    pub tender: Option<String>,
}

impl RefundRequest {
    /// All that is given back.
    pub fn amount(&self) -> Decimal {
        self.apply.iter().chain(&self.deposits).map(|application| application.amount).sum()
    }
}

/// A customer to be made in NetSuite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpCustomerRequest {
    /// Our key, of the X-Series customer's id.
    pub external_id: String,
    /// The X-Series customer that it is paired with.
    pub x_series_id: String,
    /// The company; a person where there is none.
    pub company_name: Option<String>,
    /// First name of a person.
    pub first_name: Option<String>,
    /// Last name of a person.
    pub last_name: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// The subsidiary's internal id, on OneWorld accounts.
    pub subsidiary: Option<String>,
}
