//! A sale of X-Series, in the one form that all three wire shapes are read into.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::ids::SaleId;
use super::money;
use super::status::{SaleState, SaleStatus, UnknownStatus};

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
    /// The sales that take this one back, where the shape names them.
    pub returned_by: Vec<SaleId>,
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
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SaleLine {
    /// The line's id.
    pub id: Option<String>,
    /// The product.
    pub product_id: String,
    /// The product's SKU, where the shape gives it.
    pub sku: Option<String>,
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
    /// The line's tax by rate; empty where the shape does not split it.
    pub tax_components: Vec<TaxComponent>,
    /// What a payment's surcharge put on this line. It is among the sale's charges too, and not in the line's price.
    pub surcharges: Vec<LineSurcharge>,
    /// The number of the gift card that was sold.
    pub gift_card_number: Option<String>,
    /// The cashier's note on the line.
    pub note: Option<String>,
    /// The line's place.
    pub sequence: i64,
    /// The line takes something back. X-Series says so of each line, save in its oldest shape, where it is read from the sign.
    pub is_return: bool,
    /// Why it was taken back.
    pub return_reason: Option<String>,
    /// `SAVED`, `CONFIRMED` or `VOIDED`.
    pub status: Option<String>,
}

/// The part of a tax that one rate makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxComponent {
    /// The rate: not the group that a line names, but one of the group's rates.
    pub rate_id: String,
    /// The amount.
    pub tax: Decimal,
}

/// The part of a payment's surcharge that falls on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineSurcharge {
    /// Without tax.
    pub total: Decimal,
    /// Its tax.
    pub tax: Decimal,
    /// Its tax by rate.
    pub tax_components: Vec<TaxComponent>,
}

/// A payment of a sale.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SalePayment {
    /// The payment's id: what it is keyed by, since payments come late and are edited.
    pub id: Option<String>,
    /// The payment type's id (`type.config_id`, `retailer_payment_type_id`).
    pub type_id: String,
    /// The payment type's name, where the shape gives it.
    pub name: Option<String>,
    /// The kind of the payment type (1 cash, 106 loyalty, 118 gift card, …), where the shape gives it; several types are of one.
    pub kind: Option<String>,
    /// The register that took it; a later instalment may be paid elsewhere than the sale was made.
    pub register_id: Option<String>,
    /// The amount, with its surcharge; negative on a refund.
    pub amount: Decimal,
    /// The surcharge within it, with tax.
    pub surcharge: Option<Decimal>,
    /// The rule that the surcharge follows, in the retailer's words.
    pub surcharge_rule: Option<String>,
    /// When it was taken; may be before the sale or long after it.
    pub date: Option<Timestamp>,
}

/// An amount that stands outside the lines.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Charge {
    /// `NON_CASH_FEE`, `DISCOUNT`, `TIP`, `SURCHARGE` or `ECOM`.
    pub kind: String,
    /// Its name on the receipt.
    pub name: Option<String>,
    /// Without tax.
    pub total: Decimal,
    /// Its tax.
    pub tax: Decimal,
    /// Its tax by rate; empty where the shape does not split it.
    pub tax_components: Vec<TaxComponent>,
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
    /// What a payment of this sale is keyed by: its own id; where it has none, its type, and its place among those of that type that
    /// have none either.
    pub fn payment_name(&self, payment: &SalePayment) -> String {
        if let Some(id) = &payment.id {
            return id.clone();
        }
        let before = self.payments.iter().take_while(|other| !std::ptr::eq(*other, payment));
        let alike = before.filter(|other| other.id.is_none() && other.type_id == payment.type_id).count();
        let first = format!("{}-{}", self.id, payment.type_id);
        if alike == 0 { first } else { format!("{first}-{}", alike + 1) }
    }

    /// What is to be paid, tax included; below zero where money goes back to the customer.
    pub fn gross_total(&self) -> Decimal {
        self.totals.price_incl_tax
    }

    /// The tax of the whole sale: of its lines and of what stands outside them.
    pub fn total_tax(&self) -> Decimal {
        self.totals.tax
    }

    /// What the lines come to, tax included.
    pub fn lines_total(&self) -> Decimal {
        self.standing_lines().map(|line| line.price_total + line.tax_total).sum()
    }

    /// The money outside the lines, tax included: fees, tips, surcharges and e-commerce charges, less discounts that are no line.
    pub fn outside_total(&self) -> Decimal {
        self.charges.iter().map(|charge| charge.total + charge.tax).sum()
    }

    /// What neither the lines nor the charges account for, in a currency with so many decimals. The parts have five, so that rounding
    /// leaves less than its smallest amount; anything more means that the sale holds money that was not read, so that nothing may be
    /// booked from it.
    pub fn unexplained(&self, places: u32) -> Decimal {
        let left = self.gross_total() - self.lines_total() - self.outside_total();
        if left.abs() <= money::unit(places) { Decimal::ZERO } else { left }
    }

    /// What has been paid.
    pub fn paid(&self) -> Decimal {
        self.payments.iter().map(|payment| payment.amount).sum()
    }

    /// What is still to be paid; below zero where too much was. A sale paid in cash may close with a few cents of it, as cash
    /// is rounded to the smallest coin and nothing on the sale says so.
    pub fn owing(&self) -> Decimal {
        self.gross_total() - self.paid()
    }

    /// The sale takes something back and sells nothing.
    pub fn is_return(&self) -> bool {
        self.takes_back() && !self.sells()
    }

    /// The sale takes something back and sells something else: its total may be of either sign, or nothing.
    pub fn is_exchange(&self) -> bool {
        self.takes_back() && self.sells()
    }

    /// The lines that were sold, and those of discounts and the like.
    pub fn sold_lines(&self) -> impl Iterator<Item = &SaleLine> {
        self.standing_lines().filter(|line| !line.is_return)
    }

    /// The lines that take something back. Their quantity is below zero, save where what is taken back is a discount.
    pub fn returned_lines(&self) -> impl Iterator<Item = &SaleLine> {
        self.standing_lines().filter(|line| line.is_return)
    }

    /// The number that people read on the receipt.
    pub fn number(&self) -> Option<&str> {
        self.receipt_number.as_deref().or(self.invoice_number.as_deref())
    }

    fn takes_back(&self) -> bool {
        self.returned_lines().next().is_some()
    }

    fn sells(&self) -> bool {
        self.sold_lines().any(|line| line.quantity > Decimal::ZERO)
    }

    /// The lines without those that were voided by themselves. All lines of a voided sale are: there it says nothing of them.
    fn standing_lines(&self) -> impl Iterator<Item = &SaleLine> {
        let all_voided = self.status.as_ref().is_ok_and(|status| status.state == SaleState::Voided);
        self.lines.iter().filter(move |line| all_voided || !line.is_voided())
    }
}

impl SaleLine {
    /// The line was taken off the sale and only its trace is left.
    pub fn is_voided(&self) -> bool {
        self.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("VOIDED"))
    }
}

#[cfg(test)]
#[path = "sale_tests.rs"]
mod tests;
