//! `!transform/invoice` and `!transform/cashSale` of a sales order: bills what has shipped.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;

use super::account::Account;
use super::body;
use super::errors::{ApiError, ApiResult};
use super::heading::Places;
use super::model::{Bill, BillKind, BillLine, Form, OrderLine, SalesOrder};

/// What a body says of the lines of a source by their keys, and the lines that it adds; each with its place.
#[derive(Debug, Default)]
pub(super) struct Named<'a> {
    pub lines: BTreeMap<i64, (usize, &'a Value)>,
    pub added: Vec<(usize, &'a Value)>,
}

impl<'a> Named<'a> {
    pub(super) fn of(fields: &'a Value, has: impl Fn(i64) -> bool) -> ApiResult<Self> {
        let mut named = Self::default();
        for (place, line) in body::lines(fields, "item")?.into_iter().flatten().enumerate() {
            let path = format!("item.items[{place}].orderLine");
            match line.get("orderLine") {
                Some(key) => {
                    let known = key.as_i64().filter(|key| has(*key) && !named.lines.contains_key(key));
                    let key = known.ok_or_else(|| ApiError::field_value(&key.to_string(), "orderLine", path))?;
                    named.lines.insert(key, (place, line));
                }
                None if line.get("item").is_some() => named.added.push((place, line)),
                None => return Err(ApiError::field_value("null", "orderLine", path)),
            }
        }
        Ok(named)
    }
}

impl Account {
    /// The bill that `fields` would make of the order; nothing is saved.
    pub(super) fn draft_bill(&self, order: u64, kind: BillKind, fields: &Value) -> ApiResult<Bill> {
        let refused = || ApiError::initialize_ref(kind.record_type(), &order.to_string());
        let source = self.orders.get(&order).ok_or_else(refused)?;
        let in_advance = self.preferences.invoice_in_advance;
        let billable = match self.status(source) {
            'E' | 'F' => true,
            'B' | 'D' => in_advance,
            _ => false,
        };
        let fits = matches!((source.form, kind), (Form::Invoice, BillKind::Invoice) | (Form::CashSale, BillKind::CashSale));
        if !billable || !fits {
            return Err(refused());
        }
        let told = self.places(fields, source.subsidiary)?;
        let places = Places {
            location: told.location.or(source.location),
            department: told.department.or(source.department),
            class: told.class.or(source.class),
            ..told
        };
        let mut bill = self.blank_bill(kind, source.customer, fields, places)?;
        self.set_money(&mut bill, fields)?;
        let first = self.made_from(order).next().is_none();
        bill.created_from = Some(order);
        bill.memo = bill.memo.or(source.memo.clone());
        bill.other_ref_num = bill.other_ref_num.or(source.other_ref_num.clone());
        bill.terms = bill.terms.or(source.terms);
        bill.payment_method = bill.payment_method.or(source.payment_method);
        bill.custom = source.custom.clone().into_iter().chain(bill.custom).collect();
        bill.shipping_cost = if first { source.shipping_cost } else { Decimal::ZERO };
        (bill.tax_override, bill.shipping_tax) = (source.tax_override, source.shipping_tax.filter(|_| first));
        if source.tax_override {
            bill.shipping_tax.get_or_insert_default();
        }
        self.bill_lines(&mut bill, source, fields)?;
        self.finish_lines(&mut bill, fields)?;
        Ok(bill)
    }

    /// What of a line may still be billed.
    fn billable(&self, line: &OrderLine) -> Decimal {
        let in_advance = self.preferences.invoice_in_advance;
        let due = if line.closed || (self.ships(line) && !in_advance) { line.fulfilled } else { line.quantity };
        due - line.billed
    }

    fn bill_lines(&self, bill: &mut Bill, source: &SalesOrder, fields: &Value) -> ApiResult<()> {
        let named = Named::of(fields, |key| source.line(key).is_some())?;
        let wholes = source.lines.iter().map(|line| (line.line, line.as_billed(), self.billable(line)));
        bill.lines = self.parts(wholes, &named, "fulfilled")?;
        if bill.lines.is_empty() {
            return Err(ApiError::no_valid_line());
        }
        for (place, fields) in named.added {
            let line = self.posted_line(bill, fields, place, bill.lines.len() + 1)?;
            bill.lines.push(line);
        }
        Ok(())
    }

    /// What a transform takes of the lines of its source: of each its key, the whole of it, and how much is left. Lines that
    /// are not named are taken whole; a quantity of nothing leaves one out.
    pub(super) fn parts(
        &self,
        wholes: impl Iterator<Item = (i64, BillLine, Decimal)>,
        named: &Named<'_>,
        left_is_called: &str,
    ) -> ApiResult<Vec<BillLine>> {
        let mut lines = Vec::new();
        for (key, whole, left) in wholes {
            let named = named.lines.get(&key);
            let path = |field: &str| format!("item.items[{}].{field}", named.map_or(0, |(place, _)| *place));
            let asked = match named {
                Some((_, fields)) => body::decimal(fields, "quantity", &path("quantity"))?,
                None => None,
            };
            let quantity = asked.unwrap_or(left);
            let below = whole.quantity < Decimal::ZERO;
            if if below { quantity < left } else { quantity > left.max(Decimal::ZERO) } {
                let text = format!("The quantity {quantity} of line {key} is more than the quantity {left_is_called}, {left}.");
                return Err(ApiError::content(text, path("quantity")));
            }
            if quantity.is_zero() || (quantity < Decimal::ZERO) != below {
                continue;
            }
            let own = Value::Null;
            let fields = named.map_or(&own, |(_, fields)| *fields);
            lines.push(self.part_of(&BillLine { order_line: Some(key), ..whole }, quantity, fields, &path)?);
        }
        Ok(lines)
    }

    /// A quantity of a line of the source, with what the body says of its price.
    fn part_of(&self, whole: &BillLine, quantity: Decimal, fields: &Value, path: &impl Fn(&str) -> String) -> ApiResult<BillLine> {
        let rate = body::decimal(fields, "rate", &path("rate"))?.unwrap_or(whole.rate);
        let mut line = whole.part(quantity, rate);
        line.amount = body::decimal(fields, "amount", &path("amount"))?.unwrap_or(line.amount);
        line.description = body::text(fields, "description")?.or(line.description);
        line.tax_reference = self.tax_reference(fields)?.or(line.tax_reference);
        line.custom.extend(body::custom(fields, "custcol_"));
        Ok(line)
    }
}
