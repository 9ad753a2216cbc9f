//! Invoices, cash sales, credit memos and cash refunds: what they come to, how they are saved and changed. What they are
//! made from is in files of their own.

use rust_decimal::Decimal;
use serde_json::Value;

use jiff::ToSpan;
use jiff::civil::Date;

use super::account::{Account, Context, Event};
use super::body;
use super::errors::{ApiError, ApiResult};
use super::heading::Places;
use super::inventory::{Detail, Goods, Moved};
use super::lines::Above;
use super::model::{Bill, BillKind, BillLine, ItemKind};
use super::orders::shipping_tax;
use super::tax::{Told, untaxed};
use crate::sandbox::number;

impl Bill {
    pub(super) fn subtotal(&self) -> Decimal {
        self.lines.iter().map(|line| line.amount).sum()
    }

    pub(super) fn tax_total(&self) -> Decimal {
        self.lines.iter().map(BillLine::tax).sum::<Decimal>() + shipping_tax(self.shipping_cost, self.shipping_tax)
    }

    pub(super) fn total(&self) -> Decimal {
        self.subtotal() + self.shipping_cost + self.tax_total()
    }

    /// What is still to be paid of an invoice, or to be used up of a credit memo.
    pub(super) fn remaining(&self) -> Decimal {
        if self.kind.is_on_account() { self.total() - self.paid } else { Decimal::ZERO }
    }

    /// `A` open and `B` paid of an invoice, `A` open and `B` used up of a credit memo; `B` not deposited and `C` deposited of
    /// a cash sale; a cash refund has no status.
    pub(super) fn status(&self) -> char {
        match self.kind {
            BillKind::Invoice | BillKind::CreditMemo if self.remaining() > Decimal::ZERO => 'A',
            BillKind::CashSale if self.account.is_some() => 'C',
            BillKind::CashRefund => 'Y',
            _ => 'B',
        }
    }

    pub(super) fn places(&self) -> Places {
        Places { subsidiary: self.subsidiary, location: self.location, department: self.department, class: self.class }
    }
}

impl Account {
    /// A bill without its source, its lines and its money.
    pub(super) fn blank_bill(&self, kind: BillKind, customer: u64, fields: &Value, places: Places) -> ApiResult<Bill> {
        let (tran_date, period) = self.posting(fields)?;
        let now = self.clock.now();
        Ok(Bill {
            kind,
            id: 0,
            external_id: self.new_external_id(kind.into(), fields)?,
            tran_id: String::new(),
            tran_date,
            period,
            created_from: None,
            customer,
            memo: body::text(fields, "memo")?,
            other_ref_num: body::text(fields, "otherRefNum")?,
            location: places.location,
            subsidiary: places.subsidiary,
            department: places.department,
            class: places.class,
            terms: None,
            due: body::date(fields, "dueDate")?,
            payment_method: None,
            account: None,
            custom: body::custom(fields, "custbody_").into_iter().collect(),
            lines: Vec::new(),
            shipping_cost: Decimal::ZERO,
            tax_override: false,
            shipping_tax: None,
            paid: Decimal::ZERO,
            applied: Vec::new(),
            created: now,
            modified: now,
        })
    }

    /// Numbers the lines and takes the tax as the body tells it.
    pub(super) fn finish_lines(&self, bill: &mut Bill, fields: &Value) -> ApiResult<()> {
        if bill.lines.is_empty() {
            return Err(ApiError::no_valid_line());
        }
        for (line, key) in bill.lines.iter_mut().zip(1..) {
            line.line = key;
        }
        self.tell_tax(bill, fields)
    }

    fn tell_tax(&self, bill: &mut Bill, fields: &Value) -> ApiResult<()> {
        let references: Vec<Option<String>> = bill.lines.iter().map(|line| line.tax_reference.clone()).collect();
        match self.tax_override(fields, &references)? {
            Told::As(told) => {
                (bill.tax_override, bill.shipping_tax) = (true, Some(told.shipping()));
                told.tell(bill.lines.iter_mut());
            }
            Told::Computed => {
                (bill.tax_override, bill.shipping_tax) = (false, None);
                bill.lines.iter_mut().for_each(|line| line.tax_details = None);
            }
            Told::Nothing if bill.tax_override => untaxed(bill.lines.iter_mut().map(|line| &mut line.tax_details)),
            Told::Nothing => {}
        }
        Ok(())
    }

    /// A line that is entered on a bill and moves stock by itself.
    pub(super) fn posted_line(&self, bill: &Bill, fields: &Value, place: usize, position: usize) -> ApiResult<BillLine> {
        let path = |field: &str| format!("item.items[{place}].{field}");
        let above = Above { places: bill.places(), amount: bill.lines.last().map(|line| line.amount) };
        let mut line = self.entered_line(fields, &path, above)?;
        let detail = Detail::of(fields, Some(line.quantity.abs()), &path)?.unwrap_or_default();
        self.plan_move(bill.kind, &mut line, &detail, position)?;
        Ok(line)
    }

    /// Says what a line of a bill moves. Kits go with their members, unless those have to be named one by one: NetSuite
    /// takes such kits from sales orders only.
    pub(super) fn plan_move(&self, kind: BillKind, line: &mut BillLine, detail: &Detail, position: usize) -> ApiResult<()> {
        let item = self.item(line.item)?;
        if let Some(member) = item.members.iter().map(|(member, _)| *member).find(|member| self.needs_detail(*member)) {
            let member = self.item(member)?;
            return Err(ApiError::user(format!(
                "The kit {} has the member {}, which uses serial numbers, lot numbers or bins. Such a kit can only be sold and \
                 returned through a sales order.",
                item.sku, member.sku
            )));
        }
        let has_stock = item.kind.is_stocked() || item.kind == ItemKind::Kit;
        if has_stock && line.location.is_none() && self.preferences.multi_location {
            return Err(ApiError::user("Please enter value(s) for: Items list: Location"));
        }
        let goods = Goods { item: line.item, quantity: line.quantity.abs(), location: line.location, position };
        let moved = if goes_out(kind, line) { self.issue(goods, detail)? } else { self.receive(goods, detail)? };
        (line.assignments, line.bins, line.returned_numbers) = (moved.numbers, moved.bins, moved.receipts);
        Ok(())
    }

    fn move_line(&mut self, kind: BillKind, line: &BillLine) {
        let moved = Moved { numbers: line.assignments.clone(), bins: line.bins.clone(), receipts: line.returned_numbers.clone() };
        let members = self.items.get(&line.item).map(|item| item.members.clone()).unwrap_or_default();
        let parts = members.into_iter().map(|(member, per_kit)| (member, line.quantity.abs() * per_kit, Moved::default()));
        let all: Vec<_> = [(line.item, line.quantity.abs(), moved)].into_iter().chain(parts).collect();
        for (item, quantity, moved) in all {
            if goes_out(kind, line) {
                self.take_out(item, line.location, quantity, &moved);
            } else {
                self.put_in(item, line.location, quantity, &moved);
            }
        }
    }

    /// What ships and what is received moves the stock; a line of a bill only where neither comes with it.
    fn moves_stock(&self, bill: &Bill, line: &BillLine) -> bool {
        line.order_line.is_none() || bill.created_from.is_some_and(|source| self.bills.contains_key(&source))
    }

    /// Saves a drafted bill.
    pub(super) fn save_bill(&mut self, draft: Bill, context: Context) -> ApiResult<u64> {
        let order = draft.created_from.filter(|source| self.orders.contains_key(source));
        if let Some(order) = order {
            self.check_lock(order)?;
        }
        self.check_together(
            draft.lines.iter().filter(|line| self.moves_stock(&draft, line)).map(|line| (line.location, line.assignments.as_slice())),
        )?;
        let id = self.transaction_id();
        let mut bill = Bill { id, tran_id: self.number(draft.kind.into()), ..draft };
        for line in bill.lines.clone() {
            if self.moves_stock(&bill, &line) {
                self.move_line(bill.kind, &line);
            }
        }
        bill.paid = bill.applied.iter().map(|(_, amount)| *amount).sum();
        self.pay_invoices(&bill.applied);
        self.tell_bill(&bill, "create", context);
        let returned = bill.created_from.filter(|source| self.returns.contains_key(source));
        self.bills.insert(id, bill);
        if let Some(order) = order {
            self.touch_order(order);
            self.apply_own_deposits(order, id);
        }
        if let Some(returned) = returned {
            self.touch_return(returned);
        }
        Ok(id)
    }

    /// Changes a bill: memo, fields, the prices of its lines, lines that are added, and what a credit memo is applied to.
    pub(super) fn edit_bill(&mut self, id: u64, fields: &Value, context: Context) -> ApiResult<()> {
        let mut bill = self.bills.get(&id).cloned().ok_or_else(ApiError::nonexistent)?;
        match self.periods.get(&bill.period) {
            Some(period) if period.takes_postings() => {}
            _ => drop(self.check_period(bill.tran_date)?),
        }
        let mut added = Vec::new();
        for (place, line) in body::lines(fields, "item")?.into_iter().flatten().enumerate() {
            let path = |field: &str| format!("item.items[{place}].{field}");
            let Some(key) = line.get("line").and_then(Value::as_i64) else {
                let mut new = self.posted_line(&bill, line, place, bill.lines.len() + 1)?;
                new.line = bill.lines.iter().map(|line| line.line).max().unwrap_or(0) + 1;
                added.push(new.clone());
                bill.lines.push(new);
                continue;
            };
            let found = bill.lines.iter_mut().find(|line| line.line == key);
            let old = found.ok_or_else(|| ApiError::field_value(&key.to_string(), "line", path("line")))?;
            let rate = body::decimal(line, "rate", &path("rate"))?;
            old.rate = rate.unwrap_or(old.rate);
            let computed = if rate.is_some() { number::round(old.rate * old.quantity, 2) } else { old.amount };
            old.amount = body::decimal(line, "amount", &path("amount"))?.unwrap_or(computed);
            old.description = body::text(line, "description")?.or(old.description.take());
            old.tax_reference = self.tax_reference(line)?.or(old.tax_reference.take());
        }
        bill.memo = body::text(fields, "memo")?.or(bill.memo);
        bill.other_ref_num = body::text(fields, "otherRefNum")?.or(bill.other_ref_num);
        bill.custom.extend(body::custom(fields, "custbody_"));
        self.tell_tax(&mut bill, fields)?;
        if bill.kind == BillKind::CreditMemo {
            let more = self.applications(fields, bill.customer, bill.remaining())?;
            bill.paid += more.iter().map(|(_, amount)| *amount).sum::<Decimal>();
            self.pay_invoices(&more);
            bill.applied.extend(more);
        }
        for line in &added {
            self.move_line(bill.kind, line);
        }
        bill.modified = self.clock.now();
        self.tell_bill(&bill, "edit", context);
        self.bills.insert(id, bill);
        Ok(())
    }

    /// Only invoices and cash sales have a script.
    pub(super) fn tell_bill(&mut self, bill: &Bill, event: &'static str, context: Context) {
        let record = match bill.kind {
            BillKind::Invoice => "invoice",
            BillKind::CashSale => "cashsale",
            BillKind::CreditMemo | BillKind::CashRefund => return,
        };
        self.emit(Event {
            record,
            id: bill.id,
            tran_id: bill.tran_id.clone(),
            name: event,
            context,
            created_from: bill.created_from,
            modified: bill.modified,
        });
    }

    /// The day an invoice is due.
    pub(super) fn due_date(&self, bill: &Bill) -> Date {
        let days = self.terms.iter().find(|(terms, _)| Some(terms.id) == bill.terms).map_or(0, |(_, days)| *days);
        bill.due.unwrap_or_else(|| bill.tran_date.checked_add(days.days()).unwrap_or(bill.tran_date))
    }

    /// Bills of one kind that were made from a record.
    pub(super) fn made_from(&self, source: u64) -> impl Iterator<Item = &Bill> {
        self.bills.values().filter(move |bill| bill.created_from == Some(source))
    }
}

/// A sale takes goods out, and a line of it with a quantity below nothing puts them back; refunds the other way.
fn goes_out(kind: BillKind, line: &BillLine) -> bool {
    kind.sells() != (line.quantity < Decimal::ZERO)
}
