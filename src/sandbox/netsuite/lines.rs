//! Item lines as they are entered: what the item brings, what the body says, and what NetSuite makes of both.

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::heading::{Places, listed};
use super::model::{BillLine, Item, ItemKind, OrderLine};
use super::orders::TAX_RATE;
use crate::sandbox::number;

/// What a line may stand on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Above {
    /// The header, whose location, department and class it takes over.
    pub places: Places,
    /// The amount of the line above, which a discount in per cent is of.
    pub amount: Option<Decimal>,
}

/// What a line says of its price.
#[derive(Debug)]
struct Priced {
    quantity: Decimal,
    rate: Decimal,
    amount: Decimal,
    custom: bool,
}

impl BillLine {
    /// The tax of the line, to the cent.
    pub(super) fn tax(&self) -> Decimal {
        match &self.tax_details {
            Some(details) => details.iter().map(|detail| detail.amount).sum(),
            None => number::round(self.amount * self.tax_rate / Decimal::ONE_HUNDRED, 2),
        }
    }

    /// A part of it, at a rate; the whole keeps its amount and its tax to the cent.
    pub(super) fn part(&self, quantity: Decimal, rate: Decimal) -> Self {
        let mut part = self.clone();
        if quantity == self.quantity && rate == self.rate {
            return part;
        }
        part.amount = number::round(rate * quantity, 2);
        let share = |value: Decimal| if self.quantity.is_zero() { value } else { number::round(value * quantity / self.quantity, 2) };
        for detail in part.tax_details.iter_mut().flatten() {
            detail.basis = share(detail.basis);
            detail.amount = share(detail.amount);
        }
        (part.quantity, part.rate) = (quantity, rate);
        part
    }
}

impl OrderLine {
    /// As it is billed or taken back.
    pub(super) fn as_billed(&self) -> BillLine {
        BillLine {
            line: 0,
            order_line: Some(self.line),
            item: self.item,
            quantity: self.quantity,
            rate: self.rate,
            amount: self.amount,
            tax_rate: self.tax_rate,
            description: self.description.clone(),
            location: self.location,
            department: self.department,
            class: self.class,
            custom_price: self.custom_price,
            tax_reference: self.tax_reference.clone(),
            tax_details: self.tax_details.clone(),
            assignments: Vec::new(),
            bins: Vec::new(),
            returned_numbers: Vec::new(),
            custom: self.custom.clone(),
        }
    }

    /// A line as it was entered, with its place in the order.
    pub(super) fn entered(entered: BillLine, line: i64, unique_key: u64, closed: bool) -> Self {
        Self {
            line,
            unique_key,
            item: entered.item,
            quantity: entered.quantity,
            rate: entered.rate,
            amount: entered.amount,
            tax_rate: entered.tax_rate,
            description: entered.description,
            location: entered.location,
            department: entered.department,
            class: entered.class,
            custom_price: entered.custom_price,
            tax_reference: entered.tax_reference,
            tax_details: None,
            assignments: entered.assignments,
            bins: entered.bins,
            closed,
            custom: entered.custom,
            committed: Decimal::ZERO,
            picked: Decimal::ZERO,
            fulfilled: Decimal::ZERO,
            billed: Decimal::ZERO,
        }
    }
}

impl Account {
    /// A line that is entered, without its inventory detail. `path` gives the address of a field of it.
    pub(super) fn entered_line(&self, fields: &Value, path: &impl Fn(&str) -> String, above: Above) -> ApiResult<BillLine> {
        let id = body::id(fields, "item", &path("item"))?.ok_or_else(|| ApiError::user("Please enter value(s) for: Item"))?;
        let sold_here = |item: &&Item| !item.inactive && item.subsidiary.is_none_or(|own| own == above.places.subsidiary);
        let Some(item) = self.items.get(&id).filter(sold_here) else {
            return Err(ApiError::field_value(&id.to_string(), "item", path("item")));
        };
        let priced = priced(item, fields, path, above.amount)?;
        let department = listed(&self.departments, fields, "department", &path("department"))?;
        let class = listed(&self.classes, fields, "class", &path("class"))?;
        let location = self.location_of(fields, above.places.subsidiary, &path("location"))?;
        Ok(BillLine {
            line: 0,
            order_line: None,
            item: item.id,
            quantity: priced.quantity,
            rate: priced.rate,
            amount: priced.amount,
            tax_rate: if item.taxable { TAX_RATE } else { Decimal::ZERO },
            description: body::text(fields, "description")?.or(Some(item.name.clone())),
            location: location.or(above.places.location),
            department: department.or(above.places.department),
            class: class.or(above.places.class),
            custom_price: priced.custom,
            tax_reference: self.tax_reference(fields)?,
            tax_details: None,
            assignments: Vec::new(),
            bins: Vec::new(),
            returned_numbers: Vec::new(),
            custom: body::custom(fields, "custcol_").into_iter().collect(),
        })
    }
}

/// A line's own price stands only at the price level `-1`; else the item's base price is put in its place.
fn priced(item: &Item, fields: &Value, path: &impl Fn(&str) -> String, above: Option<Decimal>) -> ApiResult<Priced> {
    let is_discount = item.kind == ItemKind::Discount;
    let custom = is_discount || is_custom_price(fields, path)?.unwrap_or(false);
    let quantity = body::decimal(fields, "quantity", &path("quantity"))?.filter(|_| !is_discount).unwrap_or(Decimal::ONE);
    if item.kind == ItemKind::Serialized && quantity.fract() != Decimal::ZERO {
        return Err(ApiError::field_value(&quantity.to_string(), "quantity", path("quantity")));
    }
    let tax_rate = if item.taxable { TAX_RATE } else { Decimal::ZERO };
    let gross = body::decimal(fields, "grossAmt", &path("grossAmt"))?;
    let of_gross = gross.map(|gross| gross * Decimal::ONE_HUNDRED / (Decimal::ONE_HUNDRED + tax_rate));
    let amount = body::decimal(fields, "amount", &path("amount"))?.or(of_gross).map(|amount| number::round(amount, 2));
    let given = match percent(fields.get("rate")) {
        Some(percent) if is_discount => Some(number::round(above.unwrap_or_default() * percent / Decimal::ONE_HUNDRED, 2)),
        _ => body::decimal(fields, "rate", &path("rate"))?,
    };
    let by_amount = amount.filter(|_| !quantity.is_zero()).map(|amount| amount / quantity);
    let rate = match (custom, given, by_amount) {
        (true, Some(rate), _) | (true, None, Some(rate)) => rate,
        (true, None, None) => return Err(ApiError::user("Please enter value(s) for: Amount")),
        (false, _, _) => item.price,
    };
    Ok(Priced { quantity, rate, amount: amount.unwrap_or_else(|| number::round(rate * quantity, 2)), custom })
}

/// Whether `price` is the custom level; the base price is the only other one there is.
pub(super) fn is_custom_price(fields: &Value, path: &impl Fn(&str) -> String) -> ApiResult<Option<bool>> {
    match fields.get("price").and_then(body::reference).as_deref() {
        None => Ok(None),
        Some("-1") => Ok(Some(true)),
        Some("1") => Ok(Some(false)),
        Some(other) => Err(ApiError::field_value(other, "price", path("price"))),
    }
}

/// `"-10%"`
fn percent(rate: Option<&Value>) -> Option<Decimal> {
    number::parse(rate?.as_str()?.trim().strip_suffix('%')?.trim())
}
