//! What a cashier types. Products go by SKU, everything else by name or code.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use crate::sandbox::x_series::sale::State;

/// A sale that a cashier rings up: products at their prices, paid in one way. [`Ticket`] is the same with everything on it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSale {
    /// The register's name.
    pub register: String,
    /// The customer's code; none names no customer at all.
    #[serde(default)]
    pub customer: Option<String>,
    /// SKU and quantity.
    pub lines: Vec<(String, Decimal)>,
    /// Its state.
    pub state: State,
    /// Its attributes.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// What all of it is paid with; none leaves it unpaid.
    #[serde(default)]
    pub payment_type: Option<String>,
}

/// A sale with everything that a till can put on it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ticket {
    /// The register's name.
    pub register: String,
    /// The user's log-in name; none is the last user.
    pub author: Option<String>,
    /// The customer's code; none is the walk-in customer, whose code is `WALKIN`.
    pub customer: Option<String>,
    /// What is sold, and what is taken back.
    pub lines: Vec<TicketLine>,
    /// A discount on the whole sale, without tax: a line of the discount product, quantity -1.
    pub discount: Option<Decimal>,
    /// Fees, discounts and tips outside the lines.
    pub adjustments: Vec<NewAdjustment>,
    /// Charges of a web shop.
    pub charges: Vec<NewCharge>,
    /// What it is paid with, one after the other.
    pub payments: Vec<Tender>,
    /// Its state.
    pub state: State,
    /// `pickup`, `delivery`, `layby`, `onaccount`, `service`.
    pub attributes: Vec<String>,
    /// The note.
    pub note: String,
    /// When it was sold, where that was earlier: a register that was offline posts it now.
    pub date: Option<Timestamp>,
    /// The name of the outlet that hands it over; none is the register's.
    pub fulfilment_outlet: Option<String>,
    /// `source.type`: none is `USER`, the till itself.
    pub source_type: Option<String>,
    /// `source.id`.
    pub source_id: Option<String>,
}

/// A line of a [`Ticket`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TicketLine {
    /// The product.
    pub sku: String,
    /// How many; below zero where it is taken back.
    pub quantity: Decimal,
    /// The unit price without tax, after discount; none is the product's less the discount.
    pub price: Option<Decimal>,
    /// What was taken off a unit, without tax.
    pub discount: Decimal,
    /// The tax group's name; none is the product's.
    pub tax: Option<String>,
    /// The note on the line.
    pub note: Option<String>,
    /// The serial numbers that were scanned.
    pub serial_numbers: Vec<String>,
    /// The number of the gift card that is sold.
    pub gift_card: Option<String>,
    /// It is taken back, without the sale it was sold in.
    pub is_return: bool,
    /// Why.
    pub return_reason: Option<String>,
}

impl TicketLine {
    /// So many of a product at its price.
    pub fn of(sku: &str, quantity: Decimal) -> Self {
        Self { sku: sku.to_owned(), quantity, ..Self::default() }
    }
}

/// A way in which part of a sale is paid.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tender {
    /// The payment type's name.
    pub payment_type: String,
    /// How much of the sale it pays, below zero to give money back; none is all that is left.
    pub amount: Option<Decimal>,
    /// When; none is the time of a sale that is rung up, and now for a later payment.
    pub date: Option<Timestamp>,
    /// The register that takes it, by name; none is the sale's.
    pub register: Option<String>,
    /// What paying in this way costs. It is put on the lines and paid on top of `amount`.
    pub surcharge: Option<NewSurcharge>,
    /// The smallest coin: what is paid is rounded to it.
    pub round_to: Option<Decimal>,
}

impl Tender {
    /// Pays all that is left.
    pub fn rest(payment_type: &str) -> Self {
        Self { payment_type: payment_type.to_owned(), ..Self::default() }
    }

    /// Pays an amount.
    pub fn of(payment_type: &str, amount: Decimal) -> Self {
        Self { amount: Some(amount), ..Self::rest(payment_type) }
    }
}

/// A surcharge that comes with a [`Tender`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSurcharge {
    /// In per cent of what the tender pays; the result includes tax.
    pub percent: Decimal,
    /// The rule in words.
    pub rule: String,
}

/// An adjustment of a [`Ticket`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewAdjustment {
    /// What it is.
    pub kind: AdjustmentKind,
    /// Its name on the receipt.
    pub name: String,
    /// How much, without tax and without a sign.
    pub value: Decimal,
    /// `value` is in per cent of the lines.
    #[serde(default)]
    pub percent: bool,
    /// The tax group's name; none is not taxed.
    #[serde(default)]
    pub tax: Option<String>,
}

/// The kinds of adjustments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AdjustmentKind {
    /// A fee for not paying in cash.
    NonCashFee,
    /// Takes off.
    Discount,
    /// For the staff.
    Tip,
}

impl AdjustmentKind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::NonCashFee => "NON_CASH_FEE",
            Self::Discount => "DISCOUNT",
            Self::Tip => "TIP",
        }
    }
}

/// A charge of a web shop on a [`Ticket`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCharge {
    /// Its name.
    pub name: String,
    /// Without tax.
    pub total: Decimal,
    /// The tax group's name; none is not taxed.
    #[serde(default)]
    pub tax: Option<String>,
}

/// A customer made at the till.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewCustomer {
    /// The code: how a [`Ticket`] names them.
    pub code: String,
    /// First name; a company may have none.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// The company.
    pub company_name: String,
    /// E-mail.
    pub email: String,
    /// Phone.
    pub phone: String,
}

/// How many of a line are brought back.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BroughtBack {
    /// The line of the sale.
    pub line: Uuid,
    /// How many, without a sign.
    pub quantity: Decimal,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}
