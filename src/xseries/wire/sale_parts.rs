//! The parts of a sale: its lines, its payments, and what stands outside the lines.

use rust_decimal::Decimal;
use serde_json::Value;

use super::value::{WireError, amount, date, flag, id, int, is_deleted, items, text};
use crate::domain::ids::SaleId;
use crate::domain::sale::{Charge, LineSurcharge, SaleLine, SalePayment, TaxComponent};

/// Where a sale has its lines.
const LINES: [&str; 2] = ["/register_sale_products", "/line_items"];
/// Where a sale has its payments.
const PAYMENTS: [&str; 2] = ["/register_sale_payments", "/payments"];
/// Where a line says whether it takes something back.
const IS_RETURN: [&str; 2] = ["/is_return", "/return/is_return"];

/// The sale takes something back, so that a line below zero does where it does not say itself.
///
/// A return against no sale names none. The shapes that mark lines tell it by them; in the oldest one only a total below zero does,
/// which no discount leads to.
pub(super) fn takes_back(sale: &Value, return_for: Option<&SaleId>) -> Result<bool, WireError> {
    if return_for.is_some() || flag(sale, &["/return/is_return", "/is_return"]) == Some(true) {
        return Ok(true);
    }
    let marked = items(sale, &LINES).iter().any(|line| flag(line, &IS_RETURN).is_some());
    let total = amount(sale, &["/totals/price", "/totals/total_price", "/total_price"])?.unwrap_or_default();
    Ok(!marked && total < Decimal::ZERO)
}

/// The sales that take this one back.
pub(super) fn returned_by(sale: &Value) -> Vec<SaleId> {
    let ids = items(sale, &["/return/return_sale_ids", "/return_sale_ids"]).iter();
    ids.filter_map(|found| id(found, &[""])).map(SaleId::from).collect()
}

/// A line, and its tax as it is printed: to five decimals, where its components may hold the rounding of the whole sale.
#[derive(Debug)]
pub(super) struct PrintedLine {
    pub line: SaleLine,
    pub tax: Decimal,
}

/// The lines by their sequence. `takes_back`: the sale is a return, so a line below zero takes something back; elsewhere it
/// may as well be a discount, which X-Series writes as a line of its discount product with quantity -1.
pub(super) fn lines(sale: &Value, takes_back: bool) -> Result<Vec<PrintedLine>, WireError> {
    let mut lines = collect(sale, &LINES, |place, row| line(row, place, takes_back))?;
    lines.sort_by_key(|printed| printed.line.sequence);
    Ok(lines)
}

/// The payments that stand.
pub(super) fn payments(sale: &Value) -> Result<Vec<SalePayment>, WireError> {
    collect(sale, &PAYMENTS, |_, row| payment(row))
}

/// Adjustments, surcharges and e-commerce charges, each once.
///
/// `adjustments` are sums that may hold the others already. Where the parts are there they are taken, as they have names and taxes
/// of their own. The surcharge of a payment is also spread over the lines, without tax there: it counts last.
pub(super) fn charges(sale: &Value, lines: &[SaleLine], takes_back: bool) -> Result<Vec<Charge>, WireError> {
    let mut charges = collect(sale, &["/adjustments", "/pricing/adjustments"], |_, row| adjustment(row, takes_back))?;
    for (kind, parts, else_whole) in [
        ("SURCHARGE", line_surcharges(lines), payment_surcharges(sale)?),
        ("ECOM", ecom_charges(sale)?, ecom_total(sale)?.into_iter().collect()),
    ] {
        if !parts.is_empty() {
            charges.retain(|charge| charge.kind != kind);
            charges.extend(parts);
        } else if charges.iter().all(|charge| charge.kind != kind) {
            charges.extend(else_whole);
        }
    }
    charges.retain(holds_money);
    Ok(charges)
}

fn holds_money(charge: &Charge) -> bool {
    !charge.total.is_zero() || !charge.tax.is_zero()
}

/// Reads the rows of the first list that is there, without the deleted ones; an error names the row.
fn collect<T>(sale: &Value, pointers: &[&str], read: impl Fn(usize, &Value) -> Result<T, WireError>) -> Result<Vec<T>, WireError> {
    let name = pointers.iter().find(|pointer| sale.pointer(pointer).is_some_and(Value::is_array)).unwrap_or(&"");
    items(sale, pointers)
        .iter()
        .enumerate()
        .filter(|(_, row)| !is_deleted(row))
        .map(|(place, row)| read(place, row).map_err(|error| error.within(&format!("{name}/{place}"))))
        .collect()
}

fn line(row: &Value, place: usize, takes_back: bool) -> Result<PrintedLine, WireError> {
    let quantity = amount(row, &["/quantity"])?.ok_or_else(|| WireError::missing("/quantity"))?;
    let price_total = amount(row, &["/price_total", "/total_price", "/pricing/total", "/pricing/price_total"])?;
    // A unit price of nothing may be left out where the line's total is given.
    let per_unit = || price_total?.checked_div(quantity);
    let price = amount(row, &["/price", "/unit_price", "/pricing/price"])?.or_else(per_unit).ok_or_else(|| WireError::missing("/price"))?;
    let given_tax = amount(row, &["/tax_total", "/total_tax", "/tax/total"])?;
    let mut components = components(row)?;
    let sum = sum_of(&components);
    let unit_tax = amount(row, &["/unit_tax", "/tax/amount", "/tax"])?;
    let tax = unit_tax.or_else(|| sum.or(given_tax)?.checked_div(quantity)).unwrap_or_default();
    let given = given_tax.unwrap_or(tax * quantity);
    // On a return the components come unsigned while the line's tax is below zero.
    if sum.is_some_and(|sum| !sum.is_zero() && !given.is_zero() && sum.is_sign_negative() != given.is_sign_negative()) {
        for component in &mut components {
            component.tax = -component.tax;
        }
    }
    let line = SaleLine {
        id: id(row, &["/id"]),
        product_id: id(row, &["/product_id", "/product/id"]).ok_or_else(|| WireError::missing("/product_id"))?,
        sku: text(row, &["/sku", "/product/sku"]),
        quantity,
        price,
        discount: amount(row, &["/discount", "/unit_discount", "/pricing/discount"])?.unwrap_or_default(),
        price_total: price_total.unwrap_or(price * quantity),
        tax_id: id(row, &["/tax_id", "/tax/id"]),
        tax,
        tax_total: sum_of(&components).unwrap_or(given),
        tax_components: components,
        surcharges: collect(row, &["/surcharges"], |_, row| line_surcharge(row))?,
        gift_card_number: text(row, &["/gift_card_number"]),
        note: text(row, &["/note"]).or_else(|| line_note(row)),
        sequence: int(row, &["/sequence", "/_metadata/sequence"]).unwrap_or_else(|| i64::try_from(place).unwrap_or(i64::MAX)),
        is_return: flag(row, &IS_RETURN).unwrap_or(takes_back && quantity.is_sign_negative()),
        return_reason: text(row, &["/return/reason", "/return_reason"]),
        status: text(row, &["/status"]),
    };
    Ok(PrintedLine { line, tax: given })
}

fn line_note(row: &Value) -> Option<String> {
    items(row, &["/attributes"]).iter().find(|attribute| attribute["name"] == "line_note").and_then(|note| text(note, &["/value"]))
}

/// The tax components that carry an amount.
fn components(row: &Value) -> Result<Vec<TaxComponent>, WireError> {
    let mut found = Vec::new();
    for component in items(row, &["/tax_components", "/_metadata/tax_components", "/tax/components"]) {
        if let Some(tax) = amount(component, &["/total_tax", "/amount", "/tax"])? {
            found.push(TaxComponent { rate_id: id(component, &["/rate_id", "/id"]).unwrap_or_default(), tax });
        }
    }
    Ok(found)
}

/// The sum of the tax components; none where there are none.
fn sum_of(components: &[TaxComponent]) -> Option<Decimal> {
    components.iter().map(|component| component.tax).reduce(|sum, tax| sum + tax)
}

fn line_surcharge(row: &Value) -> Result<LineSurcharge, WireError> {
    let total = amount(row, &["/value", "/amount", "/total"])?.unwrap_or_default();
    let tax_components = components(row)?;
    Ok(LineSurcharge { total, tax: sum_of(&tax_components).unwrap_or_default(), tax_components })
}

fn payment(row: &Value) -> Result<SalePayment, WireError> {
    Ok(SalePayment {
        id: id(row, &["/id"]),
        type_id: id(row, &["/retailer_payment_type_id", "/type/config_id", "/config_id", "/payment_type_id", "/type/id"])
            .ok_or_else(|| WireError::missing("/retailer_payment_type_id"))?,
        name: text(row, &["/name", "/label", "/type/name"]),
        kind: text(row, &["/payment_type_id", "/type/id"]),
        register_id: id(row, &["/register_id", "/source/register_id"]),
        amount: amount(row, &["/amount"])?.ok_or_else(|| WireError::missing("/amount"))?,
        surcharge: amount(row, &["/surcharge/amount", "/surcharge"])?,
        surcharge_rule: text(row, &["/surcharge/rule"]),
        date: date(row, &["/payment_date", "/date"])?,
    })
}

fn adjustment(row: &Value, takes_back: bool) -> Result<Charge, WireError> {
    let kind = text(row, &["/adjustment_type", "/type"]).unwrap_or_default().to_ascii_uppercase();
    let percent = text(row, &["/amount/type"]).is_some_and(|method| method.eq_ignore_ascii_case("PERCENT"));
    let given = if percent { amount(row, &["/total"])? } else { amount(row, &["/total", "/value", "/amount/value", "/amount"])? };
    let given = given.ok_or_else(|| WireError::missing("/total"))?;
    // A discount is asked for as a size; it takes off a sale's price whichever sign it is printed with.
    let total = if kind == "DISCOUNT" && !takes_back { -given.abs() } else { given };
    let kind = if kind == "ECOM_CUSTOM_CHARGE" { "ECOM".to_owned() } else { kind };
    Ok(charge(kind, text(row, &["/name"]), total, None, components(row)?))
}

/// A charge with the tax of its components, or the tax that is printed where it has none.
fn charge(kind: String, name: Option<String>, total: Decimal, tax: Option<Decimal>, tax_components: Vec<TaxComponent>) -> Charge {
    let tax = sum_of(&tax_components).or(tax).unwrap_or_default();
    Charge { kind, name, total, tax, tax_components }
}

/// What surcharges put on the lines.
fn line_surcharges(lines: &[SaleLine]) -> Vec<Charge> {
    let of_lines = lines.iter().flat_map(|line| &line.surcharges);
    let charges = of_lines.map(|part| charge("SURCHARGE".to_owned(), None, part.total, Some(part.tax), part.tax_components.clone()));
    charges.filter(holds_money).collect()
}

fn payment_surcharges(sale: &Value) -> Result<Vec<Charge>, WireError> {
    collect(sale, &PAYMENTS, |_, row| {
        let total = amount(row, &["/surcharge/amount", "/surcharge"])?.unwrap_or_default();
        Ok(charge("SURCHARGE".to_owned(), text(row, &["/surcharge/rule", "/name"]), total, None, components(row)?))
    })
}

fn ecom(row: &Value) -> Result<Charge, WireError> {
    let total = amount(row, &["/total"])?.ok_or_else(|| WireError::missing("/total"))?;
    Ok(charge("ECOM".to_owned(), text(row, &["/name"]), total, amount(row, &["/total_tax"])?, components(row)?))
}

/// The list of the date versions, or the one within the object of 2.0.
fn ecom_charges(sale: &Value) -> Result<Vec<Charge>, WireError> {
    let listed = collect(sale, &["/ecom_custom_charges", "/ecom_custom_charges/charges"], |_, row| ecom(row))?;
    Ok(listed.into_iter().filter(holds_money).collect())
}

/// The object of 2.0 as the sum that it is.
fn ecom_total(sale: &Value) -> Result<Option<Charge>, WireError> {
    match sale.get("ecom_custom_charges") {
        Some(sum @ Value::Object(fields)) if !fields.is_empty() => {
            ecom(sum).map(Some).map_err(|error| error.within("/ecom_custom_charges"))
        }
        _ => Ok(None),
    }
}
