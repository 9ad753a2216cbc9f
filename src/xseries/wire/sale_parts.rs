//! The parts of a sale: its lines, its payments, and what stands outside the lines.

use rust_decimal::Decimal;
use serde_json::Value;

use super::value::{WireError, amount, date, flag, id, int, is_deleted, items, text};
use crate::domain::sale::{Charge, SaleLine, SalePayment};

/// The lines by their sequence. `takes_back`: the sale is a return, so a line below zero takes something back; elsewhere it
/// may as well be a discount, which X-Series writes as a line of its discount product with quantity -1.
pub(super) fn lines(sale: &Value, takes_back: bool) -> Result<Vec<SaleLine>, WireError> {
    let mut lines = collect(sale, &["/register_sale_products", "/line_items"], |place, row| line(row, place, takes_back))?;
    lines.sort_by_key(|line| line.sequence);
    Ok(lines)
}

/// The payments that stand.
pub(super) fn payments(sale: &Value) -> Result<Vec<SalePayment>, WireError> {
    collect(sale, &["/register_sale_payments", "/payments"], |_, row| payment(row))
}

/// Adjustments, surcharges and e-commerce charges, each once.
///
/// `adjustments` are sums that may hold the others already. The surcharge of a payment is also spread over the lines, where
/// it comes with its tax: the lines' are taken before the payments'.
pub(super) fn charges(sale: &Value, takes_back: bool) -> Result<Vec<Charge>, WireError> {
    let mut charges = collect(sale, &["/adjustments", "/pricing/adjustments"], |_, row| adjustment(row, takes_back))?;
    let has = |charges: &[Charge], kind: &str| charges.iter().any(|charge| charge.kind == kind);
    if !has(&charges, "SURCHARGE") {
        charges.extend(surcharge(sale)?);
    }
    if !has(&charges, "ECOM") {
        charges.extend(ecom(sale)?);
    }
    charges.retain(|charge| !charge.total.is_zero() || !charge.tax.is_zero());
    Ok(charges)
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

fn line(row: &Value, place: usize, takes_back: bool) -> Result<SaleLine, WireError> {
    let quantity = amount(row, &["/quantity"])?.ok_or_else(|| WireError::missing("/quantity"))?;
    let price_total = amount(row, &["/price_total", "/total_price", "/pricing/total", "/pricing/price_total"])?;
    // A unit price of nothing may be left out where the line's total is given.
    let per_unit = || price_total?.checked_div(quantity);
    let price = amount(row, &["/price", "/unit_price", "/pricing/price"])?.or_else(per_unit).ok_or_else(|| WireError::missing("/price"))?;
    let given_tax = amount(row, &["/tax_total", "/total_tax", "/tax/total"])?;
    let components = components(row)?;
    let unit_tax = amount(row, &["/unit_tax", "/tax/amount", "/tax"])?;
    let tax = unit_tax.or_else(|| components.or(given_tax)?.checked_div(quantity)).unwrap_or_default();
    let tax_total = match (components, given_tax.unwrap_or(tax * quantity)) {
        // On a return the components come unsigned while the line's tax is below zero.
        (Some(sum), given) if !sum.is_zero() && !given.is_zero() && sum.is_sign_negative() != given.is_sign_negative() => -sum,
        (Some(sum), _) => sum,
        (None, given) => given,
    };
    Ok(SaleLine {
        id: id(row, &["/id"]),
        product_id: id(row, &["/product_id", "/product/id"]).ok_or_else(|| WireError::missing("/product_id"))?,
        quantity,
        price,
        discount: amount(row, &["/discount", "/unit_discount", "/pricing/discount"])?.unwrap_or_default(),
        price_total: price_total.unwrap_or(price * quantity),
        tax_id: id(row, &["/tax_id", "/tax/id"]),
        tax,
        tax_total,
        note: text(row, &["/note"]).or_else(|| line_note(row)),
        sequence: int(row, &["/sequence", "/_metadata/sequence"]).unwrap_or_else(|| i64::try_from(place).unwrap_or(i64::MAX)),
        is_return: flag(row, &["/is_return", "/return/is_return"]).unwrap_or(takes_back && quantity.is_sign_negative()),
        status: text(row, &["/status"]),
    })
}

fn line_note(row: &Value) -> Option<String> {
    items(row, &["/attributes"]).iter().find(|attribute| attribute["name"] == "line_note").and_then(|note| text(note, &["/value"]))
}

/// The sum of the tax components; none where there are none.
fn components(row: &Value) -> Result<Option<Decimal>, WireError> {
    let mut sum = None;
    for component in items(row, &["/tax_components", "/_metadata/tax_components", "/tax/components"]) {
        if let Some(tax) = amount(component, &["/total_tax", "/amount", "/tax"])? {
            *sum.get_or_insert(Decimal::ZERO) += tax;
        }
    }
    Ok(sum)
}

fn payment(row: &Value) -> Result<SalePayment, WireError> {
    Ok(SalePayment {
        id: id(row, &["/id"]),
        type_id: id(row, &["/retailer_payment_type_id", "/type/config_id", "/config_id", "/payment_type_id", "/type/id"])
            .ok_or_else(|| WireError::missing("/retailer_payment_type_id"))?,
        name: text(row, &["/name", "/label", "/type/name"]),
        amount: amount(row, &["/amount"])?.ok_or_else(|| WireError::missing("/amount"))?,
        surcharge: amount(row, &["/surcharge/amount", "/surcharge"])?,
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
    Ok(Charge { kind, name: text(row, &["/name"]), total, tax: components(row)?.unwrap_or_default() })
}

fn surcharge(sale: &Value) -> Result<Vec<Charge>, WireError> {
    let charge = |row: &Value, pointers: &[&str]| -> Result<Charge, WireError> {
        Ok(Charge {
            kind: "SURCHARGE".to_owned(),
            name: text(row, &["/surcharge/rule", "/name"]),
            total: amount(row, pointers)?.unwrap_or_default(),
            tax: components(row)?.unwrap_or_default(),
        })
    };
    let of_lines = collect(sale, &["/register_sale_products", "/line_items"], |_, line| {
        collect(line, &["/surcharges"], |_, row| charge(row, &["/value", "/amount", "/total"]))
    })?;
    let of_lines: Vec<Charge> = of_lines.into_iter().flatten().collect();
    if of_lines.iter().any(|charge| !charge.total.is_zero()) {
        return Ok(of_lines);
    }
    collect(sale, &["/register_sale_payments", "/payments"], |_, row| charge(row, &["/surcharge/amount", "/surcharge"]))
}

/// 2.0 gives an object of totals around a list, the date versions the bare list.
fn ecom(sale: &Value) -> Result<Vec<Charge>, WireError> {
    let charge = |row: &Value| -> Result<Charge, WireError> {
        let total = amount(row, &["/total"])?.ok_or_else(|| WireError::missing("/total"))?;
        let tax = components(row)?.or(amount(row, &["/total_tax"])?).unwrap_or_default();
        Ok(Charge { kind: "ECOM".to_owned(), name: text(row, &["/name"]), total, tax })
    };
    let listed = collect(sale, &["/ecom_custom_charges", "/ecom_custom_charges/charges"], |_, row| charge(row))?;
    match sale.get("ecom_custom_charges") {
        Some(sum @ Value::Object(fields)) if listed.is_empty() && !fields.is_empty() => {
            charge(sum).map(|sum| vec![sum]).map_err(|error| error.within("/ecom_custom_charges"))
        }
        _ => Ok(listed),
    }
}
