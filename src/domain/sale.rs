//! A sale of X-Series, in the one form that all three wire shapes are read into.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::ids::SaleId;
use super::status::{SaleStatus, UnknownStatus};

/// A sale as X-Series holds it now.
#[derive(Debug, Clone, PartialEq)]
pub struct Sale {
    /// The sale's id.
    pub id: SaleId,
    /// The sale's status, or the words that are not known.
    pub status: Result<SaleStatus, UnknownStatus>,
    /// The global, rising version of the last change; older shapes lack it.
    pub version: Option<i64>,
    /// `source.type`: who made the sale (`NETSUITE` for ours).
    pub source_type: Option<String>,
    /// `source.id`: that system's number for it.
    pub source_id: Option<String>,
    /// Where it was sold.
    pub outlet_id: Option<String>,
    /// The register it was sold on.
    pub register_id: Option<String>,
    /// The user who made it.
    pub author_id: Option<String>,
    /// The customer; none is the walk-in.
    pub customer_id: Option<String>,
    /// When it was sold; the register's own time, so days before `created_at` where the register was offline.
    pub date: Option<Timestamp>,
    /// When X-Series first had it.
    pub created_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// The sale's note.
    pub note: Option<String>,
    /// The invoice number: register prefix, number and suffix. Not unique and editable.
    pub invoice_number: Option<String>,
    /// The receipt number, where it differs.
    pub receipt_number: Option<String>,
    /// The six-letter code on the receipt.
    pub short_code: Option<String>,
    /// The sale that this one takes back.
    pub return_for: Option<SaleId>,
    /// The lines, by their sequence.
    pub lines: Vec<SaleLine>,
    /// The payments that stand; deleted ones are left out.
    pub payments: Vec<SalePayment>,
    /// What stands outside the lines: adjustments, surcharges, e-commerce charges, tips.
    pub charges: Vec<Charge>,
    /// The totals as X-Series prints them.
    pub totals: SaleTotals,
}

/// A line of a sale.
#[derive(Debug, Clone, PartialEq)]
pub struct SaleLine {
    /// The line's id.
    pub id: Option<String>,
    /// The product.
    pub product_id: String,
    /// The quantity; negative on a return.
    pub quantity: Decimal,
    /// The unit price without tax, after discount.
    pub price: Decimal,
    /// The unit discount, for information.
    pub discount: Decimal,
    /// Price × quantity, without tax.
    pub price_total: Decimal,
    /// The tax group.
    pub tax_id: Option<String>,
    /// The tax of one unit.
    pub tax: Decimal,
    /// The tax of the line: the sum of its components where they are given, as only they add up to the sale's tax.
    pub tax_total: Decimal,
    /// The cashier's note on the line.
    pub note: Option<String>,
    /// The line's place.
    pub sequence: i64,
    /// The line takes something back.
    pub is_return: bool,
    /// `SAVED`, `CONFIRMED` or `VOIDED`.
    pub status: Option<String>,
}

/// A payment of a sale.
#[derive(Debug, Clone, PartialEq)]
pub struct SalePayment {
    /// The payment's id: what it is keyed by, since payments come late and are edited.
    pub id: Option<String>,
    /// The payment type's id (`type.config_id`, `retailer_payment_type_id`).
    pub type_id: String,
    /// The payment type's name, where the shape gives it.
    pub name: Option<String>,
    /// The amount; negative on a refund.
    pub amount: Decimal,
    /// The surcharge within it.
    pub surcharge: Option<Decimal>,
    /// When it was taken.
    pub date: Option<Timestamp>,
}

/// An amount that stands outside the lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Charge {
    /// `NON_CASH_FEE`, `DISCOUNT`, `TIP`, `SURCHARGE` or `ECOM`.
    pub kind: String,
    /// Its name on the receipt.
    pub name: Option<String>,
    /// Without tax.
    pub total: Decimal,
    /// Its tax.
    pub tax: Decimal,
}

/// The totals of a sale.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SaleTotals {
    /// Without tax.
    pub price: Decimal,
    /// The tax.
    pub tax: Decimal,
    /// With tax: what is to be paid.
    pub price_incl_tax: Decimal,
}

impl Sale {
    /// What has been paid.
    pub fn paid(&self) -> Decimal {
        self.payments.iter().map(|payment| payment.amount).sum()
    }

    /// The number that people read on the receipt.
    pub fn number(&self) -> Option<&str> {
        self.receipt_number.as_deref().or(self.invoice_number.as_deref())
    }
}
