//! What is billed and what is taken back: posting transactions with item lines.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

/// Which of the four a bill is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillKind {
    /// To be paid.
    Invoice,
    /// Paid at once.
    CashSale,
    /// Owed to the customer.
    CreditMemo,
    /// Paid back at once.
    CashRefund,
}

impl BillKind {
    pub(in crate::sandbox::netsuite) fn record_type(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CashSale => "cashSale",
            Self::CreditMemo => "creditMemo",
            Self::CashRefund => "cashRefund",
        }
    }

    /// Goods go out with it; with the others they come back.
    pub(in crate::sandbox::netsuite) fn sells(self) -> bool {
        matches!(self, Self::Invoice | Self::CashSale)
    }

    /// It moves receivables, not money.
    pub(in crate::sandbox::netsuite) fn is_on_account(self) -> bool {
        matches!(self, Self::Invoice | Self::CreditMemo)
    }
}

/// Tax on a line, as another system worked it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaxDetail {
    /// The tax type.
    pub tax_type: u64,
    /// The tax code.
    pub tax_code: u64,
    /// What is taxed.
    pub basis: Decimal,
    /// In per cent.
    pub rate: Decimal,
    /// The tax.
    pub amount: Decimal,
}

/// An invoice, a cash sale, a credit memo or a cash refund.
#[derive(Debug, Clone, Serialize)]
pub struct Bill {
    /// Which of the four.
    pub kind: BillKind,
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// `INV7`, `CS7`, `CM7` or `CRF7`.
    pub tran_id: String,
    /// The posting date.
    pub tran_date: Date,
    /// The accounting period.
    pub period: u64,
    /// The sales order, the return authorisation or the bill that it was made from; none where it stands alone.
    pub created_from: Option<u64>,
    /// The customer.
    pub customer: u64,
    /// The memo.
    pub memo: Option<String>,
    /// The customer's number.
    pub other_ref_num: Option<String>,
    /// The location.
    pub location: Option<u64>,
    /// Whose sale it is.
    pub subsidiary: u64,
    /// The department.
    pub department: Option<u64>,
    /// The class.
    pub class: Option<u64>,
    /// The payment terms of an invoice.
    pub terms: Option<u64>,
    /// The day an invoice is due; none follows from its terms.
    pub due: Option<Date>,
    /// How money came or went.
    pub payment_method: Option<u64>,
    /// The account that money came to or went from; none is undeposited funds.
    pub account: Option<u64>,
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
    /// The lines.
    pub lines: Vec<BillLine>,
    /// What shipping costs on it, without tax.
    pub shipping_cost: Decimal,
    /// The tax is as it was told, not computed.
    pub tax_override: bool,
    /// The tax on shipping as it was told.
    pub shipping_tax: Option<Decimal>,
    /// What was paid of an invoice, or used up of a credit memo.
    pub paid: Decimal,
    /// Invoice id and what a credit memo was applied to it with.
    pub applied: Vec<(u64, Decimal)>,
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
    /// The key of the line that it was made from; none for a line that was added.
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
    /// Inventory number id and quantity that moved with it.
    pub assignments: Vec<(u64, Decimal)>,
    /// Bin id and quantity that moved with it.
    pub bins: Vec<(u64, Decimal)>,
    /// Serial or lot number and quantity that came back with it.
    pub returned_numbers: Vec<(String, Decimal)>,
    /// Every `custcol_*`.
    pub custom: BTreeMap<String, Value>,
}
