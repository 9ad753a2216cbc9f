//! A sale in the three shapes that X-Series shows it in, and the type chaos that comes with them.

/// The sale of API 2.0.
mod flat;
/// The sale of webhooks and API 0.9.
mod hook;
/// The sale of the date versions.
mod nested;

use jiff::Timestamp;
use jiff::fmt::strtime;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::retailer::Retailer;
use super::sale::{EcomCharge, Sale, SaleLine, State, TaxPart, sum_of};
use crate::sandbox::config::Chaos;
use crate::sandbox::number::{self, write};

/// Which of the shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Date versions.
    Nested,
    /// API 2.0.
    Flat,
}

/// What an older database wrote: `2015-05-07 05:42:19`, in UTC without saying so.
fn old_date(at: Timestamp) -> String {
    strtime::format("%Y-%m-%d %H:%M:%S", at).unwrap_or_default()
}

fn date(at: Timestamp) -> String {
    strtime::format("%Y-%m-%dT%H:%M:%S+00:00", at).unwrap_or_default()
}

fn round5(value: Decimal) -> Value {
    write(number::round(value, 5))
}

fn line_status(sale: &Sale, line: &SaleLine) -> &'static str {
    match sale.state {
        _ if line.voided => "VOIDED",
        State::Voided => "VOIDED",
        State::Closed => "CONFIRMED",
        State::Parked | State::Pending => {
            if line.fulfilled > Decimal::ZERO {
                "CONFIRMED"
            } else {
                "SAVED"
            }
        }
    }
}

/// Tax by rate.
fn parts<'a>(parts: impl IntoIterator<Item = &'a TaxPart>) -> Value {
    parts.into_iter().map(|part| json!({ "rate_id": part.rate, "total_tax": write(part.tax) })).collect()
}

/// What surcharges put on a line.
fn surcharges(line: &SaleLine) -> Value {
    line.surcharges.iter().map(|part| json!({ "value": write(part.value), "tax_components": parts([&part.tax]) })).collect()
}

/// The same rate's amounts as one.
fn by_rate<'a>(parts: impl IntoIterator<Item = &'a TaxPart>) -> Vec<TaxPart> {
    let mut sums: Vec<TaxPart> = Vec::new();
    for part in parts {
        match sums.iter_mut().find(|known| known.rate == part.rate) {
            Some(known) => known.tax += part.tax,
            None => sums.push(part.clone()),
        }
    }
    sums
}

/// The charges of a web shop, with their sums around them.
fn ecom_charges(sale: &Sale) -> Value {
    let total: Decimal = sale.charges.iter().map(|charge| charge.total).sum();
    let tax: Decimal = sale.charges.iter().map(|charge| sum_of(&charge.tax)).sum();
    json!({ "total": write(total), "total_tax": write(tax), "total_incl": write(total + tax), "charges": ecom_list(sale) })
}

fn ecom_list(sale: &Sale) -> Value {
    let charge = |charge: &EcomCharge| {
        let tax = sum_of(&charge.tax);
        json!({
            "name": charge.name, "source_id": charge.source_id, "total": write(charge.total), "total_tax": write(tax),
            "total_incl": write(charge.total + tax), "tax_components": parts(&charge.tax),
        })
    };
    sale.charges.iter().map(charge).collect()
}

impl Retailer {
    /// The sale as an answer shows it.
    pub(super) fn show(&self, sale: &Sale, shape: Shape, chaos: Chaos) -> Value {
        let shape = if chaos.flat_sales { Shape::Flat } else { shape };
        let mut shown = match shape {
            Shape::Nested => self.nested(sale),
            Shape::Flat => self.flat(sale),
        };
        if chaos.mixed_dates && sale.version % 3 == 0 {
            for name in ["date", "sale_date", "created_at"] {
                if shown[name].is_string() {
                    shown[name] = Value::String(old_date(if name == "created_at" { sale.created } else { sale.date }));
                }
            }
        }
        if chaos.numbers_as_strings && sale.version % 2 == 0 {
            numbers_to_texts(&mut shown);
        }
        shown
    }

    fn outlet_of(&self, register: Uuid) -> Option<Uuid> {
        self.register(register).map(|register| register.outlet)
    }

    /// The taxes of the lines by rate. Line taxes have five decimals and the sale's two; what is left over sits in the last line.
    fn components(&self, sale: &Sale) -> Vec<TaxPart> {
        let mut left = sale.totals().1 - sum_of(sale.outside_tax());
        let last = sale.lines.iter().rposition(|line| !line.voided);
        let component = |(place, line): (usize, &SaleLine)| {
            let rate = self.tax(line.tax).map_or(line.tax, |tax| tax.rate_id);
            if line.voided {
                return TaxPart { rate, tax: line.tax_total() };
            }
            let tax = if Some(place) == last { left } else { line.tax_total() };
            left -= tax;
            TaxPart { rate, tax }
        };
        sale.lines.iter().enumerate().map(component).collect()
    }

    /// The taxes of the whole sale by rate.
    fn taxes(&self, sale: &Sale) -> Vec<TaxPart> {
        let components = self.components(sale);
        let of_lines = sale.lines.iter().zip(&components).filter(|(line, _)| !line.voided).map(|(_, part)| part);
        by_rate(of_lines.chain(sale.outside_tax()))
    }
}

/// Puts every number but the version in quotes.
fn numbers_to_texts(value: &mut Value) {
    match value {
        Value::Number(number) => *value = Value::String(number.to_string()),
        Value::Array(items) => items.iter_mut().for_each(numbers_to_texts),
        Value::Object(fields) => fields.iter_mut().filter(|(name, _)| *name != "version").for_each(|(_, field)| numbers_to_texts(field)),
        _ => {}
    }
}
