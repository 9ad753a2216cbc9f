//! The rows of a mappings document's tables.

use super::note::Note;
use super::settings::PaymentKind;
use crate::domain::expression::{Expression, same_text};
use crate::domain::sales_order::Ref;
use crate::domain::status::SendAs;

/// `[[mapping]]`: sales orders that meet the condition are sent as a sale in the given status.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    /// Its name, unlike any other's.
    pub name: String,
    /// The condition.
    pub when: Expression,
    /// The status of the sale.
    pub send_as: SendAs,
    /// The note on the sale.
    pub note: Option<Note>,
    /// The register, by name or id, that the sale is made on; none is the outlet's.
    pub register: Option<String>,
    /// The user, by name or id, that the sale is made by; none is the document's `author`.
    pub author: Option<String>,
    /// The outlet, by name or id, that hands the goods over; none is the outlet of the order's location.
    pub fulfil_from: Option<String>,
    /// The sale carries the order's payment.
    pub send_payment: bool,
}

/// `[[outlet]]`: an X-Series outlet and the NetSuite location that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletRule {
    /// The outlet, by name or id.
    pub x_series: String,
    /// The location, by name or id.
    pub location: Option<String>,
    /// The register, by name or id, that sales sent from NetSuite are made on.
    pub register: Option<String>,
    /// The NetSuite customer, by name or id, for sales without one.
    pub default_customer: Option<String>,
    /// The department, by name or id, of what is made in NetSuite.
    pub department: Option<String>,
    /// The class, by name or id, of what is made in NetSuite.
    pub class: Option<String>,
    /// The subsidiary, by name or id, of what is made in NetSuite.
    pub subsidiary: Option<String>,
    /// Other than the document's `skip_sales_orders`.
    pub skip_sales_orders: Option<bool>,
    /// The bin's internal id that goods kept in bins come back to, where it is not known which they left.
    pub return_bin: Option<String>,
}

/// `[[register]]`: a register whose sales are booked elsewhere than its outlet's. What is not set is the outlet's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRule {
    /// The register, by name or id.
    pub x_series: String,
    /// The location, by name or id.
    pub location: Option<String>,
    /// The department, by name or id.
    pub department: Option<String>,
    /// The class, by name or id.
    pub class: Option<String>,
    /// The subsidiary, by name or id.
    pub subsidiary: Option<String>,
}

/// `[[charge]]`: what stands outside a sale's lines, and the NetSuite item that it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRule {
    /// Its name on the receipt, or its kind: `SURCHARGE`, `TIP`, `NON_CASH_FEE`, `DISCOUNT`, `ECOM`.
    pub x_series: String,
    /// The item, by name or id.
    pub netsuite: String,
}

/// `[[payment_type]]`: an X-Series payment type and what it is booked as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentTypeRule {
    /// The payment type, by name or id.
    pub x_series: String,
    /// The NetSuite payment method, by name or id.
    pub netsuite: Option<String>,
    /// The NetSuite account, by name or id; none is undeposited funds.
    pub account: Option<String>,
    /// What kind of payment it is.
    pub kind: PaymentKind,
}

impl PaymentTypeRule {
    /// What it is booked as: the payment method, the account, and the kind. Two types of the till that come to the same here are one to
    /// NetSuite.
    pub fn booked_as(&self) -> (Option<String>, Option<String>, PaymentKind) {
        let plain = |text: &str| text.trim().to_lowercase();
        (self.method().map(plain), self.account.as_deref().map(plain), self.kind)
    }

    /// The NetSuite payment method: its own name where the row names neither a method nor an account.
    pub fn method(&self) -> Option<&str> {
        self.netsuite.as_deref().or_else(|| self.account.is_none().then_some(self.x_series.as_str()))
    }
}

/// `[[tax]]`: an X-Series tax and the NetSuite tax code that it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRule {
    /// The tax, by name or id.
    pub x_series: String,
    /// The tax code, by name or id.
    pub netsuite: String,
}

/// What is written names the thing of this id or name. Names are alike when they differ only in case and space around them.
pub fn names(written: &str, id: &str, name: Option<&str>) -> bool {
    same_text(written, id) || name.is_some_and(|name| same_text(written, name))
}

/// The row that names the thing: by its id if one does, else by its name, so that a thing called like another's id does not
/// take its place.
pub(super) fn find<'r, R>(rows: &'r [R], written: impl Fn(&R) -> Option<&str>, id: &str, name: Option<&str>) -> Option<&'r R> {
    let by = |wanted: &str| rows.iter().find(|row| written(row).is_some_and(|written| same_text(written, wanted)));
    by(id).or_else(|| name.and_then(by))
}

/// As [`find`], for a NetSuite reference.
pub(super) fn find_ref<'r, R>(rows: &'r [R], written: impl Fn(&R) -> Option<&str>, reference: &Ref) -> Option<&'r R> {
    find(rows, written, &reference.id, reference.name.as_deref())
}
