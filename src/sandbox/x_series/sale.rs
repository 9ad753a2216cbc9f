//! A sale as it is kept, and what it comes to.
//!
//! Lines have five decimals and totals two. Fees, tips, surcharges and charges of a web shop are in the totals and in no line.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::sandbox::number;

/// `state` of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Saved for later.
    #[default]
    Parked,
    /// Under way.
    Pending,
    /// Complete.
    Closed,
    /// Taken back for good.
    Voided,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Parked => "parked",
            Self::Pending => "pending",
            Self::Closed => "closed",
            Self::Voided => "voided",
        }
    }

    pub(super) fn may_become(self, next: Self) -> bool {
        match self {
            Self::Parked => true,
            Self::Pending => next != Self::Parked,
            Self::Closed => next == Self::Voided,
            Self::Voided => false,
        }
    }
}

/// A sale.
#[derive(Debug, Clone, Serialize)]
pub struct Sale {
    /// Its id.
    pub id: Uuid,
    /// Its state.
    pub state: State,
    /// `pickup`, `delivery`, `layby`, `onaccount`, `service`.
    pub attributes: Vec<String>,
    /// Where it was sold.
    pub outlet: Uuid,
    /// On what.
    pub register: Uuid,
    /// By whom.
    pub author: Uuid,
    /// `source.id`.
    pub source_id: Option<String>,
    /// `source.type`.
    pub source_type: Option<String>,
    /// To whom; none is the walk-in.
    pub customer: Option<Uuid>,
    /// When, by the register.
    pub date: Timestamp,
    /// When it came in.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// The note.
    pub note: String,
    /// Register prefix, number, suffix.
    pub invoice_number: String,
    /// Six letters.
    pub short_code: String,
    /// The lines.
    pub lines: Vec<SaleLine>,
    /// The payments.
    pub payments: Vec<SalePayment>,
    /// Fees, discounts and tips that stand outside the lines.
    pub adjustments: Vec<Adjustment>,
    /// Charges of a web shop, which stand outside the lines too.
    pub charges: Vec<EcomCharge>,
    /// The global version of its last change.
    pub version: i64,
    /// The sale it takes back.
    pub return_for: Option<Uuid>,
    /// Who hands it over.
    pub fulfilment_outlet: Option<Uuid>,
}

/// A line of a sale.
#[derive(Debug, Clone, Serialize)]
pub struct SaleLine {
    /// Its id.
    pub id: Uuid,
    /// The product.
    pub product: Uuid,
    /// How many.
    pub quantity: Decimal,
    /// The unit price, without tax.
    pub price: Decimal,
    /// What a unit cost.
    pub cost: Decimal,
    /// The unit discount, for information.
    pub discount: Decimal,
    /// The loyalty of a unit.
    pub loyalty: Decimal,
    /// The tax group.
    pub tax: Uuid,
    /// The tax of a unit.
    pub tax_amount: Decimal,
    /// The price was set by hand.
    pub price_override: bool,
    /// Its place.
    pub sequence: i64,
    /// The note on it.
    pub note: Option<String>,
    /// Handed over so far.
    pub fulfilled: Decimal,
    /// Serial numbers that were sold on it.
    pub serial_numbers: Vec<String>,
    /// It takes something back.
    pub is_return: bool,
    /// Why.
    pub return_reason: Option<String>,
    /// The line of the sale it takes back.
    pub takes_back: Option<Uuid>,
    /// The gift card that was sold.
    pub gift_card: Option<String>,
    /// What surcharges on payments put on it.
    pub surcharges: Vec<LineSurcharge>,
    /// It was taken off the sale, and its trace left.
    pub voided: bool,
}

/// What a surcharge on a payment puts on a line.
#[derive(Debug, Clone, Serialize)]
pub struct LineSurcharge {
    /// Without tax.
    pub value: Decimal,
    /// Its tax.
    pub tax: TaxPart,
}

/// The tax that one rate makes.
#[derive(Debug, Clone, Serialize)]
pub struct TaxPart {
    /// The rate.
    pub rate: Uuid,
    /// The amount.
    pub tax: Decimal,
}

impl SaleLine {
    pub(super) fn price_total(&self) -> Decimal {
        number::round(self.price * self.quantity, 5)
    }

    pub(super) fn tax_total(&self) -> Decimal {
        number::round(self.tax_amount * self.quantity, 5)
    }
}

/// A payment of a sale.
#[derive(Debug, Clone, Serialize)]
pub struct SalePayment {
    /// Its id.
    pub id: Uuid,
    /// The payment type.
    pub payment_type: Uuid,
    /// The register.
    pub register: Uuid,
    /// The amount, with its surcharge.
    pub amount: Decimal,
    /// When.
    pub date: Timestamp,
    /// What paying in this way costs.
    pub surcharge: Option<Surcharge>,
    /// What was due less what the smallest coins allowed. No shape shows it.
    pub rounding: Decimal,
}

/// What paying in some way costs.
#[derive(Debug, Clone, Serialize)]
pub struct Surcharge {
    /// With tax.
    pub amount: Decimal,
    /// In words.
    pub rule: String,
}

/// An amount outside the lines.
#[derive(Debug, Clone, Serialize)]
pub struct Adjustment {
    /// `NON_CASH_FEE`, `DISCOUNT` or `TIP`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it adds, without tax.
    pub total: Decimal,
    /// Its tax.
    pub tax: Vec<TaxPart>,
}

/// A charge of a web shop, such as for delivery.
#[derive(Debug, Clone, Serialize)]
pub struct EcomCharge {
    /// Its name.
    pub name: String,
    /// The web shop's id of it.
    pub source_id: String,
    /// Without tax.
    pub total: Decimal,
    /// Its tax.
    pub tax: Vec<TaxPart>,
}

pub(super) fn sum_of<'a>(parts: impl IntoIterator<Item = &'a TaxPart>) -> Decimal {
    parts.into_iter().map(|part| part.tax).sum()
}

impl Sale {
    pub(super) fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|word| word == attribute)
    }

    /// Whether it takes something back, with or without the sale that it was sold in.
    pub(super) fn is_return(&self) -> bool {
        self.return_for.is_some() || self.standing().any(|line| line.is_return)
    }

    /// What was paid.
    pub fn paid(&self) -> Decimal {
        self.payments.iter().map(|payment| payment.amount).sum()
    }

    /// The lines that were not taken off it.
    pub(super) fn standing(&self) -> impl Iterator<Item = &SaleLine> {
        self.lines.iter().filter(|line| !line.voided)
    }

    pub(super) fn surcharges(&self) -> impl Iterator<Item = &LineSurcharge> {
        self.standing().flat_map(|line| &line.surcharges)
    }

    /// The taxes of what stands outside the lines' prices.
    pub(super) fn outside_tax(&self) -> impl Iterator<Item = &TaxPart> {
        let of_adjustments = self.adjustments.iter().flat_map(|part| &part.tax);
        let of_charges = self.charges.iter().flat_map(|charge| &charge.tax);
        self.surcharges().map(|surcharge| &surcharge.tax).chain(of_adjustments).chain(of_charges)
    }

    fn net(&self) -> Decimal {
        self.standing().map(SaleLine::price_total).sum::<Decimal>()
            + self.surcharges().map(|surcharge| surcharge.value).sum::<Decimal>()
            + self.adjustments.iter().map(|part| part.total).sum::<Decimal>()
            + self.charges.iter().map(|charge| charge.total).sum::<Decimal>()
    }

    fn tax(&self) -> Decimal {
        self.standing().map(SaleLine::tax_total).sum::<Decimal>() + sum_of(self.outside_tax())
    }

    /// Price without tax, tax, and price with tax, each rounded by itself.
    pub fn totals(&self) -> (Decimal, Decimal, Decimal) {
        (number::round(self.net(), 2), number::round(self.tax(), 2), number::round(self.net() + self.tax(), 2))
    }

    /// What is still to be paid; what cash could not pay to the cent is not.
    pub fn due(&self) -> Decimal {
        let rounding: Decimal = self.payments.iter().map(|payment| payment.rounding).sum();
        self.totals().2 - self.paid() - rounding
    }

    /// Whether the payments are what the sale comes to.
    pub(super) fn is_paid(&self) -> bool {
        let rounding: Decimal = self.payments.iter().map(|payment| payment.rounding).sum();
        (self.paid() + rounding - self.net() - self.tax()).abs() < Decimal::new(1, 2)
    }

    /// The one-word status of older shapes.
    pub fn status(&self) -> &'static str {
        let closed = self.state == State::Closed;
        match self.state {
            State::Parked => "SAVED",
            State::Voided => "VOIDED",
            _ if self.has("onaccount") => {
                if closed {
                    "ONACCOUNT_CLOSED"
                } else {
                    "ONACCOUNT"
                }
            }
            _ if self.has("layby") => {
                if closed {
                    "LAYBY_CLOSED"
                } else {
                    "LAYBY"
                }
            }
            _ if self.has("pickup") => {
                if closed {
                    "PICKED_UP_CLOSED"
                } else {
                    "AWAITING_PICKUP"
                }
            }
            _ if self.has("delivery") => {
                if closed {
                    "DISPATCHED_CLOSED"
                } else {
                    "AWAITING_DISPATCH"
                }
            }
            _ if self.has("service") => {
                if closed {
                    "SERVICE_CLOSED"
                } else {
                    "SERVICE"
                }
            }
            State::Closed => "CLOSED",
            State::Pending => "OPEN",
        }
    }
}
