//! Reads a sale from any of its three shapes: the webhook's and 0.9's, 2.0's, and the date versions' nested one. Flat bodies
//! come from date-versioned endpoints too, so the shape is told field by field and never by the address.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

use super::sale_parts::{PrintedLine, charges, lines, payments, returned_by, takes_back};
use super::value::{WireError, amount, date, id, int, is_deleted, items, required_id, rows, text};
use crate::domain::ids::SaleId;
use crate::domain::money;
use crate::domain::sale::{Charge, Sale, SaleLine, SaleTotals};
use crate::domain::status::{SaleState, SaleStatus, UnknownStatus};

/// The decimals of printed totals.
const PLACES: u32 = 2;
/// The most that rounding price and tax apart from one another makes.
const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// What the change feed is read for: which sale changed, and up to where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleHead {
    /// The sale.
    pub id: SaleId,
    /// Its version.
    pub version: Option<i64>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// It was deleted.
    pub deleted: bool,
}

/// A page of the change feed, by rising version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesPage {
    /// The sales on it. Only an empty page is the last one: short pages are normal.
    pub sales: Vec<SaleHead>,
    /// Where the next page starts; none on an empty page.
    pub max: Option<i64>,
}

/// The sale within an answer or a webhook: bare, or wrapped in `data`, `register_sale` or `register_sales`. None where the
/// wrapping is empty, which is how older endpoints say that there is no such sale.
pub fn unwrap_sale(body: &Value) -> Option<&Value> {
    let mut found = body;
    for name in ["data", "register_sale", "register_sales"] {
        found = found.get(name).unwrap_or(found);
        if let Value::Array(rows) = found {
            found = rows.first()?;
        }
    }
    found.as_object().filter(|fields| !fields.is_empty()).map(|_| found)
}

/// Reads a sale. What is not known is ignored; what has to be known and is not there is an error.
pub fn parse_sale(body: &Value) -> Result<Sale, WireError> {
    let sale = unwrap_sale(body).ok_or_else(|| WireError::missing("the sale"))?;
    let return_for = id(sale, &["/return_for", "/return_for/id", "/return/original_sale_id"]).map(SaleId::from);
    let takes_back = takes_back(sale, return_for.as_ref())?;
    let status = status(sale);
    let voided = status.as_ref().is_ok_and(|status| status.state == SaleState::Voided);
    let printed = lines(sale, takes_back)?;
    let exact = exact_sums(printed.iter().filter(|printed| voided || !printed.line.is_voided()));
    let lines: Vec<SaleLine> = printed.into_iter().map(|printed| printed.line).collect();
    let payments = payments(sale)?;
    let charges = charges(sale, &lines, takes_back)?;
    let totals = totals(sale, exact, &charges)?;
    if lines.is_empty() && charges.is_empty() && !totals.price.is_zero() {
        return Err(WireError::missing("/line_items"));
    }
    Ok(Sale {
        id: required_id(sale, &["/id"])?.into(),
        status,
        version: int(sale, &["/_metadata/version", "/version"]),
        source_type: text(sale, &["/source/type", "/source"]),
        source_id: text(sale, &["/source/id", "/source_id"]),
        outlet_id: id(sale, &["/source/outlet_id", "/outlet_id"]),
        register_id: id(sale, &["/source/register_id", "/register_id"]),
        author_id: id(sale, &["/source/author/id", "/source/author_id", "/user_id"]),
        customer_id: id(sale, &["/customer_id", "/customer/id"]),
        date: date(sale, &["/sale_date", "/date"])?,
        created_at: date(sale, &["/created_at"])?,
        updated_at: date(sale, &["/updated_at"])?,
        deleted_at: date(sale, &["/deleted_at"])?,
        note: text(sale, &["/note"]),
        invoice_number: text(sale, &["/invoice_number"]),
        receipt_number: text(sale, &["/receipt_number"]),
        short_code: text(sale, &["/short_code"]),
        return_for,
        returned_by: returned_by(sale),
        lines,
        payments,
        charges,
        totals,
    })
}

/// Reads what the change feed needs of a sale.
pub fn sale_head(body: &Value) -> Result<SaleHead, WireError> {
    let sale = unwrap_sale(body).ok_or_else(|| WireError::missing("the sale"))?;
    Ok(SaleHead {
        id: required_id(sale, &["/id"])?.into(),
        version: int(sale, &["/_metadata/version", "/version"]),
        // Only shown; one that cannot be read must not stop the feed.
        updated_at: date(sale, &["/updated_at"]).unwrap_or_default(),
        deleted: is_deleted(sale),
    })
}

/// Reads a page of the change feed.
pub fn parse_page(body: &Value) -> Result<SalesPage, WireError> {
    let sales = rows(body, "register_sales")?
        .iter()
        .enumerate()
        .map(|(place, row)| sale_head(row).map_err(|error| error.within(&format!("/data/{place}"))))
        .collect::<Result<Vec<_>, _>>()?;
    let max = int(body, &["/version/max"]).or_else(|| sales.iter().filter_map(|sale| sale.version).max());
    Ok(SalesPage { max: max.filter(|_| !sales.is_empty()), sales })
}

fn status(sale: &Value) -> Result<SaleStatus, UnknownStatus> {
    let state = text(sale, &["/state"]).map(|word| word.to_ascii_lowercase());
    let word = text(sale, &["/status"]).map(|word| word.to_ascii_uppercase());
    let attributes: Vec<String> = items(sale, &["/attributes", "/register_sale_attributes"])
        .iter()
        .map(|attribute| {
            // One that is no word at all is kept as its JSON text, so that it is unknown and not overlooked.
            let word = attribute.as_str().or_else(|| attribute.get("name")?.as_str());
            word.map_or_else(|| attribute.to_string(), str::to_ascii_lowercase)
        })
        .collect();
    SaleStatus::classify(state.as_deref(), &attributes, word.as_deref())
}

/// What lines come to, to the last decimal.
#[derive(Debug, Clone, Copy)]
struct Sums {
    price: Decimal,
    /// By the components, which only add up to the sale's printed tax.
    tax: Decimal,
    /// As each line prints it, before the sale's rounding.
    printed_tax: Decimal,
}

fn exact_sums<'l>(lines: impl Iterator<Item = &'l PrintedLine>) -> Sums {
    let none = Sums { price: Decimal::ZERO, tax: Decimal::ZERO, printed_tax: Decimal::ZERO };
    lines.fold(none, |sums, printed| Sums {
        price: sums.price + printed.line.price_total,
        tax: sums.tax + printed.line.tax_total,
        printed_tax: sums.printed_tax + printed.tax,
    })
}

/// The totals as they are printed; where they are not given, they are what the lines and charges add up to.
fn totals(sale: &Value, lines: Sums, charges: &[Charge]) -> Result<SaleTotals, WireError> {
    let printed_price = amount(sale, &["/totals/price", "/totals/total_price", "/total_price"])?;
    let printed_tax = amount(sale, &["/totals/tax", "/totals/total_tax", "/total_tax"])?;
    let printed_with_tax = amount(sale, &["/totals/price_incl_tax", "/total_price_incl", "/total_price_incl_tax"])?;
    let outside: Decimal = charges.iter().map(|charge| charge.total).sum();
    let outside_tax: Decimal = charges.iter().map(|charge| charge.tax).sum();
    let tax = printed_tax.unwrap_or(lines.tax + outside_tax);
    let price = printed_price.or_else(|| printed_with_tax.map(|total| total - tax)).unwrap_or(lines.price + outside);
    let summed = price + tax;
    let with_tax = match printed_with_tax {
        Some(printed) => printed,
        // Price and tax are rounded each by itself, and what is paid is their exact sum, rounded once.
        None if printed_price.is_some() && printed_tax.is_some() => {
            let exact = money::round(lines.price + lines.printed_tax + outside + outside_tax, PLACES);
            if (exact - summed).abs() <= CENT { exact } else { summed }
        }
        None => summed,
    };
    Ok(SaleTotals { price, tax, price_incl_tax: with_tax })
}

#[cfg(test)]
#[path = "sale_tests.rs"]
mod tests;
