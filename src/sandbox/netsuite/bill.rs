//! `!transform/invoice`, `!transform/cashSale` and customer payments.

use std::collections::BTreeMap;

use jiff::ToSpan;
use rust_decimal::Decimal;
use serde_json::Value;

use super::account::{Account, Context, Event};
use super::body;
use super::errors::{ApiError, ApiResult};
use super::model::{Bill, BillKind, BillLine, Form, OrderLine, Payment, SalesOrder};
use super::orders::TAX_RATE;
use crate::sandbox::number;

impl BillLine {
    pub(super) fn tax(&self) -> Decimal {
        number::round(self.amount * self.tax_rate / Decimal::ONE_HUNDRED, 2)
    }
}

impl Bill {
    pub(super) fn subtotal(&self) -> Decimal {
        self.lines.iter().map(|line| line.amount).sum()
    }

    pub(super) fn tax_total(&self) -> Decimal {
        let shipping = number::round(self.shipping_cost * TAX_RATE / Decimal::ONE_HUNDRED, 2);
        self.lines.iter().map(BillLine::tax).sum::<Decimal>() + shipping
    }

    pub(super) fn total(&self) -> Decimal {
        self.subtotal() + self.shipping_cost + self.tax_total()
    }

    pub(super) fn remaining(&self) -> Decimal {
        match self.kind {
            BillKind::Invoice => self.total() - self.paid,
            BillKind::CashSale => Decimal::ZERO,
        }
    }

    /// `A` open and `B` paid of an invoice; `B` not deposited and `C` deposited of a cash sale.
    pub(super) fn status(&self) -> char {
        match self.kind {
            BillKind::Invoice if self.remaining() > Decimal::ZERO => 'A',
            BillKind::CashSale if self.account.is_some() => 'C',
            BillKind::Invoice | BillKind::CashSale => 'B',
        }
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
        let external_id = body::external_id(fields)?;
        if let Some(external_id) = &external_id
            && self.bills.values().any(|other| other.kind == kind && other.external_id.as_ref() == Some(external_id))
        {
            return Err(ApiError::already_exists(external_id));
        }
        let method = body::id(fields, "paymentMethod", "paymentMethod")?;
        if let Some(method) = method.filter(|method| !self.payment_methods.iter().any(|known| known.id == *method)) {
            return Err(ApiError::field_value(&method.to_string(), "paymentMethod", "paymentMethod"));
        }
        let account = self.account_of(fields)?;
        let tran_date = body::date(fields, "tranDate")?.unwrap_or(self.today());
        self.check_period(tran_date)?;
        let first = !self.bills.values().any(|bill| bill.created_from == order);
        let now = self.clock.now();
        Ok(Bill {
            kind,
            id: 0,
            external_id,
            tran_id: String::new(),
            tran_date,
            created_from: order,
            customer: source.customer,
            memo: body::text(fields, "memo")?.or(source.memo.clone()),
            other_ref_num: source.other_ref_num.clone(),
            location: source.location,
            terms: source.terms,
            payment_method: method.or(source.payment_method),
            account,
            custom: source.custom.clone().into_iter().chain(body::custom(fields, "custbody_")).collect(),
            lines: self.bill_lines(source, fields, in_advance)?,
            shipping_cost: if first { source.shipping_cost } else { Decimal::ZERO },
            paid: Decimal::ZERO,
            created: now,
            modified: now,
        })
    }

    fn account_of(&self, fields: &Value) -> ApiResult<Option<u64>> {
        match body::id(fields, "account", "account")? {
            Some(account) if !self.accounts.iter().any(|known| known.id == account) => {
                Err(ApiError::field_value(&account.to_string(), "account", "account"))
            }
            other => Ok(other),
        }
    }

    /// What of a line may still be billed.
    fn billable(&self, line: &OrderLine, in_advance: bool) -> Decimal {
        let due = if line.closed || (self.kind(line.item).is_fulfilled() && !in_advance) { line.fulfilled } else { line.quantity };
        due - line.billed
    }

    fn bill_lines(&self, source: &SalesOrder, fields: &Value, in_advance: bool) -> ApiResult<Vec<BillLine>> {
        let (mut wanted, mut added) = (BTreeMap::new(), Vec::new());
        for (place, line) in body::lines(fields, "item")?.into_iter().flatten().enumerate() {
            let path = |field: &str| format!("item.items[{place}].{field}");
            match line.get("orderLine") {
                Some(key) => {
                    let known = key.as_i64().filter(|key| source.line(*key).is_some());
                    let key = known.ok_or_else(|| ApiError::field_value(&key.to_string(), "orderLine", path("orderLine")))?;
                    wanted.insert(key, (place, line));
                }
                None if line.get("item").is_some() => added.push((place, line)),
                None => return Err(ApiError::field_value("null", "orderLine", path("orderLine"))),
            }
        }
        let mut lines = Vec::new();
        for line in &source.lines {
            let billable = self.billable(line, in_advance);
            let named = wanted.get(&line.line);
            let path = |field: &str| format!("item.items[{}].{field}", named.map_or(0, |(place, _)| *place));
            let asked = match named {
                Some((_, fields)) => body::decimal(fields, "quantity", &path("quantity"))?,
                None => None,
            };
            let quantity = asked.unwrap_or(billable);
            if quantity > billable.max(Decimal::ZERO) {
                let text = format!("The quantity {quantity} of line {} is more than the quantity fulfilled, {billable}.", line.line);
                return Err(ApiError::content(text, path("quantity")));
            }
            if quantity <= Decimal::ZERO {
                continue;
            }
            let own = Value::Null;
            let fields = named.map_or(&own, |(_, fields)| fields);
            let rate = body::decimal(fields, "rate", &path("rate"))?.unwrap_or(line.rate);
            let whole = quantity == line.quantity && rate == line.rate;
            let computed = if whole { line.amount } else { number::round(rate * quantity, 2) };
            lines.push(BillLine {
                line: 0,
                order_line: Some(line.line),
                item: line.item,
                quantity,
                rate,
                amount: body::decimal(fields, "amount", &path("amount"))?.unwrap_or(computed),
                tax_rate: line.tax_rate,
                description: body::text(fields, "description")?.or(line.description.clone()),
                location: line.location,
            });
        }
        if lines.is_empty() {
            return Err(ApiError::no_valid_line());
        }
        for (place, fields) in added {
            lines.push(self.added_bill_line(fields, place)?);
        }
        for (line, key) in lines.iter_mut().zip(1..) {
            line.line = key;
        }
        Ok(lines)
    }

    fn added_bill_line(&self, fields: &Value, place: usize) -> ApiResult<BillLine> {
        let path = |field: &str| format!("item.items[{place}].{field}");
        let id = body::id(fields, "item", &path("item"))?.unwrap_or_default();
        let Some(item) = self.items.get(&id).filter(|item| !item.inactive) else {
            return Err(ApiError::field_value(&id.to_string(), "item", path("item")));
        };
        let quantity = body::decimal(fields, "quantity", &path("quantity"))?.unwrap_or(Decimal::ONE);
        let rate = body::decimal(fields, "rate", &path("rate"))?;
        let amount = body::decimal(fields, "amount", &path("amount"))?;
        let rate = rate.or(amount.filter(|_| quantity != Decimal::ZERO).map(|amount| amount / quantity)).unwrap_or(item.price);
        Ok(BillLine {
            line: 0,
            order_line: None,
            item: item.id,
            quantity,
            rate,
            amount: amount.unwrap_or_else(|| number::round(rate * quantity, 2)),
            tax_rate: if item.taxable { TAX_RATE } else { Decimal::ZERO },
            description: body::text(fields, "description")?,
            location: body::id(fields, "location", &path("location"))?,
        })
    }

    /// Saves a drafted bill.
    pub(super) fn save_bill(&mut self, draft: Bill, context: Context) -> ApiResult<u64> {
        let order = draft.created_from;
        self.check_lock(order)?;
        let id = self.transaction_id();
        let prefix = match draft.kind {
            BillKind::Invoice => "INV",
            BillKind::CashSale => "CS",
        };
        let bill = Bill { id, tran_id: self.number(prefix), ..draft };
        self.tell_bill(&bill, "create", context);
        self.bills.insert(id, bill);
        self.touch_order(order);
        Ok(id)
    }

    /// Changes a bill: memo, fields, the prices of its lines, and lines that are added.
    pub(super) fn edit_bill(&mut self, id: u64, fields: &Value, context: Context) -> ApiResult<()> {
        let mut bill = self.bills.get(&id).cloned().ok_or_else(ApiError::nonexistent)?;
        self.check_period(bill.tran_date)?;
        for (place, line) in body::lines(fields, "item")?.into_iter().flatten().enumerate() {
            let path = |field: &str| format!("item.items[{place}].{field}");
            let Some(key) = line.get("line").and_then(Value::as_i64) else {
                let mut added = self.added_bill_line(line, place)?;
                added.line = bill.lines.iter().map(|line| line.line).max().unwrap_or(0) + 1;
                bill.lines.push(added);
                continue;
            };
            let found = bill.lines.iter_mut().find(|line| line.line == key);
            let old = found.ok_or_else(|| ApiError::field_value(&key.to_string(), "line", path("line")))?;
            let rate = body::decimal(line, "rate", &path("rate"))?;
            old.rate = rate.unwrap_or(old.rate);
            let computed = if rate.is_some() { number::round(old.rate * old.quantity, 2) } else { old.amount };
            old.amount = body::decimal(line, "amount", &path("amount"))?.unwrap_or(computed);
            old.description = body::text(line, "description")?.or(old.description.take());
        }
        bill.memo = body::text(fields, "memo")?.or(bill.memo);
        bill.custom.extend(body::custom(fields, "custbody_"));
        bill.modified = self.clock.now();
        self.tell_bill(&bill, "edit", context);
        self.bills.insert(id, bill);
        Ok(())
    }

    fn tell_bill(&mut self, bill: &Bill, event: &'static str, context: Context) {
        let record = match bill.kind {
            BillKind::Invoice => "invoice",
            BillKind::CashSale => "cashsale",
        };
        self.emit(Event {
            record,
            id: bill.id,
            tran_id: bill.tran_id.clone(),
            name: event,
            context,
            created_from: Some(bill.created_from),
            modified: bill.modified,
        });
    }

    /// The day an invoice is due.
    pub(super) fn due_date(&self, bill: &Bill) -> jiff::civil::Date {
        let days = self.terms.iter().find(|(terms, _)| Some(terms.id) == bill.terms).map_or(0, |(_, days)| *days);
        bill.tran_date.checked_add(days.days()).unwrap_or(bill.tran_date)
    }

    /// Enters a customer payment and applies it.
    pub(super) fn create_payment(&mut self, fields: &Value) -> ApiResult<u64> {
        let external_id = body::external_id(fields)?;
        if let Some(external_id) = &external_id
            && self.payments.values().any(|other| other.external_id.as_ref() == Some(external_id))
        {
            return Err(ApiError::already_exists(external_id));
        }
        let customer = body::id(fields, "customer", "customer")?.ok_or_else(|| ApiError::user("Please enter value(s) for: Customer"))?;
        if !self.customers.contains_key(&customer) {
            return Err(ApiError::field_value(&customer.to_string(), "customer", "customer"));
        }
        let method = body::id(fields, "paymentMethod", "paymentMethod")?;
        if let Some(method) = method.filter(|method| !self.payment_methods.iter().any(|known| known.id == *method)) {
            return Err(ApiError::field_value(&method.to_string(), "paymentMethod", "paymentMethod"));
        }
        let account = self.account_of(fields)?;
        let tran_date = body::date(fields, "tranDate")?.unwrap_or(self.today());
        self.check_period(tran_date)?;
        let applied = self.applications(fields, customer)?;
        let sum: Decimal = applied.iter().map(|(_, amount)| *amount).sum();
        let amount = body::decimal(fields, "payment", "payment")?.unwrap_or(sum);
        if amount <= Decimal::ZERO || sum > amount {
            return Err(ApiError::field_value(&amount.to_string(), "payment", "payment"));
        }
        let now = self.clock.now();
        for (invoice, amount) in &applied {
            if let Some(bill) = self.bills.get_mut(invoice) {
                bill.paid += *amount;
                bill.modified = now;
            }
        }
        let id = self.transaction_id();
        let tran_id = self.number("PYMT");
        let memo = body::text(fields, "memo")?;
        let payment = Payment {
            id,
            external_id,
            tran_id,
            tran_date,
            customer,
            amount,
            payment_method: method,
            account,
            memo,
            applied,
            created: now,
            modified: now,
        };
        self.payments.insert(id, payment);
        Ok(id)
    }

    fn applications(&self, fields: &Value, customer: u64) -> ApiResult<Vec<(u64, Decimal)>> {
        let mut applied: Vec<(u64, Decimal)> = Vec::new();
        for (place, row) in body::lines(fields, "apply")?.into_iter().flatten().enumerate() {
            let path = |field: &str| format!("apply.items[{place}].{field}");
            let doc = body::id(row, "doc", &path("doc"))?.unwrap_or_default();
            if body::boolean(row, "apply", &path("apply"))? == Some(false) {
                continue;
            }
            let open = self.bills.get(&doc).filter(|bill| {
                let twice = applied.iter().any(|(other, _)| *other == doc);
                bill.kind == BillKind::Invoice && bill.customer == customer && bill.remaining() > Decimal::ZERO && !twice
            });
            let Some(bill) = open else { return Err(ApiError::field_value(&doc.to_string(), "doc", path("doc"))) };
            let amount = body::decimal(row, "amount", &path("amount"))?.unwrap_or(bill.remaining());
            if amount <= Decimal::ZERO || amount > bill.remaining() {
                return Err(ApiError::user(format!(
                    "The amount {amount} applied to {} is more than the amount remaining, {}.",
                    bill.tran_id,
                    bill.remaining()
                )));
            }
            applied.push((doc, amount));
        }
        Ok(applied)
    }
}
