//! The mappings document: which sales orders are sent to X-Series and as what, and what both systems call the same things.
//!
//! [`Mappings::parse`] reads `mappings.toml` and reports all that is wrong with it at once; [`Mappings::choose`] finds the
//! mapping for an order and tells why; [`Lists::compare`] holds a document against what both systems have. `docs/MAPPINGS.md` is its manual.

mod document;
mod issue;
mod lists;
mod mentions;
mod note;
mod reader;
mod rules;
mod settings;
mod tables;
mod warnings;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use issue::Issue;
pub use lists::{ErpLists, Found, Lists};
pub use mentions::{Mention, Thing};
pub use note::Note;
pub use rules::{ChargeRule, Mapping, OutletRule, PaymentTypeRule, RegisterRule, TaxRule, names};
pub use settings::{BillAs, DirectRecord, NoMatch, NoMatches, OnCancelled, PaymentKind, RefundAs, Service, Settings, TaxMode};

use super::expression::{Facts, Seen, Shown, same_text};
use super::sales_order::{Ref, SalesOrder};

/// A mappings document without errors.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mappings {
    /// The keys at the top.
    pub settings: Settings,
    /// `[[mapping]]`, in their order: the first whose condition holds decides.
    pub mappings: Vec<Mapping>,
    /// `[[outlet]]`
    pub outlets: Vec<OutletRule>,
    /// `[[register]]`
    pub registers: Vec<RegisterRule>,
    /// `[[payment_type]]`
    pub payment_types: Vec<PaymentTypeRule>,
    /// `[[tax]]`
    pub taxes: Vec<TaxRule>,
    /// `[[charge]]`
    pub charges: Vec<ChargeRule>,
}

/// A document that can be used, with what its author should know.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The document.
    pub mappings: Mappings,
    /// What is seldom meant, in the order of the document.
    pub warnings: Vec<Issue>,
    /// What is worth knowing though it may well be meant, in the order of the document.
    pub notes: Vec<Issue>,
    /// Every thing of either system that it names, in the order of the document.
    pub mentions: Vec<Mention>,
}

/// Which mapping decides for an order, and how the others came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice<'m> {
    /// The first mapping whose condition holds.
    pub matched: Option<&'m Mapping>,
    /// Every mapping up to the one that decides; all of them where none does.
    pub trail: Vec<Tried>,
}

/// A mapping that was tried on an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The mapping's name.
    pub name: String,
    /// Its condition holds.
    pub held: bool,
    /// Each clause of it, with the value that it met.
    pub seen: Vec<Seen>,
}

impl Mappings {
    /// Reads a document; all that is wrong is reported, in the order of the document.
    pub fn parse(document: &str) -> Result<Checked, Vec<Issue>> {
        document::read(document)
    }

    /// The facts of an order, as these mappings ask for them.
    pub fn facts<'a>(&self, order: &'a SalesOrder) -> Facts<'a> {
        Facts::new(order, self.settings.send_field.as_deref().unwrap_or_default())
    }

    /// The mapping that decides for an order.
    pub fn first(&self, facts: &Facts<'_>) -> Option<&Mapping> {
        self.mappings.iter().find(|mapping| mapping.when.holds(facts))
    }

    /// The mapping that decides for an order, with every condition that was looked at.
    pub fn choose(&self, facts: &Facts<'_>) -> Choice<'_> {
        let mut trail = Vec::new();
        let mut shown = Shown::default();
        for mapping in &self.mappings {
            let outcome = mapping.when.trace(facts, &mut shown);
            trail.push(Tried { name: mapping.name.clone(), held: outcome.holds, seen: outcome.trace });
            if outcome.holds {
                return Choice { matched: Some(mapping), trail };
            }
        }
        Choice { matched: None, trail }
    }

    /// The mapping of a name.
    pub fn mapping(&self, name: &str) -> Option<&Mapping> {
        self.mappings.iter().find(|mapping| same_text(&mapping.name, name))
    }

    /// The row of an X-Series outlet.
    pub fn outlet(&self, id: &str, name: Option<&str>) -> Option<&OutletRule> {
        rules::find(&self.outlets, |row| Some(&row.x_series), id, name)
    }

    /// The row of an X-Series register.
    pub fn register(&self, id: &str, name: Option<&str>) -> Option<&RegisterRule> {
        rules::find(&self.registers, |row| Some(&row.x_series), id, name)
    }

    /// The row of what stands outside a sale's lines: by its name on the receipt, else by its kind.
    pub fn charge(&self, kind: &str, name: Option<&str>) -> Option<&ChargeRule> {
        let by = |wanted: &str| self.charges.iter().find(|row| same_text(&row.x_series, wanted));
        name.and_then(by).or_else(|| by(kind))
    }

    /// The row of the outlet that stands for a NetSuite location.
    pub fn outlet_for_location(&self, location: &Ref) -> Option<&OutletRule> {
        rules::find_ref(&self.outlets, |row| row.location.as_deref(), location)
    }

    /// A sale at this outlet that needs no sales order becomes none.
    pub fn skips_sales_orders(&self, outlet: Option<&OutletRule>) -> bool {
        outlet.and_then(|outlet| outlet.skip_sales_orders).unwrap_or(self.settings.skip_sales_orders)
    }

    /// The row of an X-Series payment type.
    pub fn payment_type(&self, id: &str, name: Option<&str>) -> Option<&PaymentTypeRule> {
        rules::find(&self.payment_types, |row| Some(&row.x_series), id, name)
    }

    /// The tender that paid sales sent from NetSuite carry.
    pub fn netsuite_tender(&self) -> Option<&PaymentTypeRule> {
        self.payment_types.iter().find(|row| row.kind == PaymentKind::NetSuite)
    }

    /// The row of an X-Series tax.
    pub fn tax(&self, id: &str, name: Option<&str>) -> Option<&TaxRule> {
        rules::find(&self.taxes, |row| Some(&row.x_series), id, name)
    }

    /// The row of the X-Series tax that stands for a NetSuite tax code.
    pub fn tax_for_code(&self, code: &Ref) -> Option<&TaxRule> {
        rules::find_ref(&self.taxes, |row| Some(&row.netsuite), code)
    }
}
