//! What is asked of the other systems, in our own words. The intent is stored in this form before it leaves, and sent
//! again from it; the clients turn it into each system's wire form.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::bookings::{Application, Witness};
use super::ids::{RecordId, SaleId};
use super::record::RecordKind;
use super::status::{HandOver, SaleState};
use super::{keys, money};

/// A sale to be made, or the whole of it as it is to be from now on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SaleRequest {
    /// Its id: UUIDv5 of connection and sales order.
    pub id: SaleId,
    /// Its state.
    pub state: SaleState,
    /// `pickup`, `delivery`, …
    pub attributes: Vec<String>,
    /// The user it is made by.
    pub author_id: String,
    /// The register it is made on.
    pub register_id: Option<String>,
    /// `source.type`: `NETSUITE`.
    pub source_type: Option<String>,
    /// `source.id`: the order number.
    pub source_id: Option<String>,
    /// When it was sold; none is now.
    pub date: Option<Timestamp>,
    /// The customer; none is the walk-in.
    pub customer_id: Option<String>,
    /// The note on it.
    pub note: Option<String>,
    /// Its invoice number, kept on an update.
    pub invoice_number: Option<String>,
    /// The outlet that hands it over.
    pub fulfilment_outlet_id: Option<String>,
    /// How it is handed over.
    pub hand_over: Option<HandOver>,
    /// Where it is delivered to, as text for people.
    pub delivery_note: Option<String>,
    /// Its lines.
    pub lines: Vec<SaleLineRequest>,
    /// Its payments.
    pub payments: Vec<SalePaymentRequest>,
}

impl SaleRequest {
    /// The digest of what follows the sales order: lines, customer and note. Everything else belongs to the till once the sale is there.
    pub fn content_digest(&self) -> String {
        let lines = self.lines.iter().map(|line| {
            format!(
                "{:?}|{}|{}|{}|{}|{}|{:?}",
                line.order_line, line.product_id, line.quantity, line.price, line.tax_id, line.tax, line.note
            )
        });
        let text = [format!("{:?}", self.customer_id), format!("{:?}", self.note)].into_iter().chain(lines).collect::<Vec<_>>().join("\n");
        keys::digest(text.as_bytes())
    }

    /// What it comes to with tax, at the currency's precision.
    pub fn total(&self, places: u32) -> Decimal {
        money::round(self.lines.iter().map(|line| line.quantity * (line.price + line.tax)).sum(), places)
    }
}

/// A line of a sale to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SaleLineRequest {
    /// Its id: UUIDv5 of the sale and the sales order's line key.
    pub id: String,
    /// The sales order's line that it stands for; kept with the intent, not sent.
    pub order_line: Option<i64>,
    /// The product.
    pub product_id: String,
    /// The quantity.
    pub quantity: Decimal,
    /// The unit price without tax, after discount.
    pub price: Decimal,
    /// The unit discount, for information.
    pub discount: Decimal,
    /// The tax group.
    pub tax_id: String,
    /// The tax of one unit.
    pub tax: Decimal,
    /// A note on the line.
    pub note: Option<String>,
    /// Its place.
    pub sequence: i64,
}

/// A payment of a sale to be made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SalePaymentRequest {
    /// Its id, kept on an update.
    pub id: Option<String>,
    /// The payment type.
    pub type_id: String,
    /// The amount.
    pub amount: Decimal,
    /// When it was taken.
    pub date: Option<Timestamp>,
}

/// A customer to be made in X-Series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRequest {
    /// First name; X-Series wants one.
    pub first_name: String,
    /// Last name; X-Series wants one.
    pub last_name: String,
    /// The company.
    pub company_name: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Phone.
    pub phone: Option<String>,
    /// The code that finds it again: the `NetSuite` customer's number.
    pub customer_code: String,
}

/// An item fulfilment to be made from a sales order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FulfilmentRequest {
    /// The sales order.
    pub order: RecordId,
    /// Our key.
    pub external_id: String,
    /// The posting date.
    pub date: Option<Date>,
    /// The memo.
    pub memo: Option<String>,
    /// Every open line of the order: those that ship, and those that do not.
    pub lines: Vec<FulfilmentLine>,
}

/// A line of an item fulfilment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FulfilmentLine {
    /// The sales order line's key.
    pub order_line: i64,
    /// How many ship; none does not ship this line.
    pub quantity: Option<Decimal>,
    /// The location's internal id.
    pub location: Option<String>,
    /// Serial numbers, lots, bins.
    pub inventory: Vec<InventoryAssignment>,
}

/// Where a quantity is taken from, by internal ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryAssignment {
    /// The serial or lot number.
    pub number: Option<String>,
    /// The same as it stands on the goods; kept with the intent, not sent.
    #[serde(default)]
    pub text: Option<String>,
    /// The bin.
    pub bin: Option<String>,
    /// The inventory status.
    pub status: Option<String>,
    /// How many.
    pub quantity: Decimal,
}

/// An invoice or a cash sale to be made from a sales order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BillRequest {
    /// The sales order.
    pub order: RecordId,
    /// Our key.
    pub external_id: String,
    /// The posting date.
    pub date: Option<Date>,
    /// The memo.
    pub memo: Option<String>,
    /// Line key and quantity; lines that are not billed now are named with zero.
    pub lines: Vec<BillLine>,
    /// A cash sale's payment method, by internal id.
    pub payment_method: Option<String>,
    /// A cash sale's account, by internal id; none is undeposited funds.
    pub account: Option<String>,
    /// What the till said when this was asked; kept with the intent, not sent.
    #[serde(default)]
    pub witness: Option<Witness>,
}

/// A line of a bill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BillLine {
    /// The sales order line's key.
    pub order_line: i64,
    /// The quantity.
    pub quantity: Decimal,
}

/// A customer payment to be made and applied to an invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaymentRequest {
    /// Our key, of the X-Series payment's id.
    pub external_id: String,
    /// The customer's internal id.
    pub customer: String,
    /// The invoice it is applied to.
    pub invoice: RecordId,
    /// The amount; what `more` does not take of it is the invoice's.
    pub amount: Decimal,
    /// Further invoices that it is applied to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Application>,
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

/// A line that takes up a difference on a bill, refund or credit memo.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VarianceRequest {
    /// What kind of record it is added to.
    pub record: RecordKind,
    /// The record.
    pub bill: RecordId,
    /// The variance item's internal id.
    pub item: String,
    /// The difference.
    pub amount: Decimal,
}

/// The sale's id, to be written to the sales order's field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaleIdRequest {
    /// The sales order.
    pub order: RecordId,
    /// The field.
    pub field: String,
    /// The sale.
    pub sale: SaleId,
}
