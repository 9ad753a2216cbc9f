//! Invoices, cash sales, credit memos and cash refunds.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Renderer, price_level};
use crate::sandbox::netsuite::model::{Bill, BillKind, BillLine};
use crate::sandbox::netsuite::transaction::Transaction;
use crate::sandbox::number;

impl Renderer<'_> {
    pub(in crate::sandbox::netsuite) fn bill(&self, bill: &Bill) -> Value {
        let path = format!("{}/{}", bill.kind.record_type(), bill.id);
        let account = self.account;
        let only = |kind: BillKind, value: Value| (bill.kind == kind).then_some(value);
        let with_money = |value: Option<Value>| value.filter(|_| !bill.kind.is_on_account());
        let suite_tax = account.preferences.suite_tax;
        let lines = self.bill_lines(bill);
        let period = account.periods.get(&bill.period).map(|period| super::Named::new(period.id, &period.name));
        self.transaction(
            Transaction::Bill(bill),
            vec![
                ("entity", Some(self.customer(bill.customer))),
                ("subsidiary", self.subsidiary(bill.subsidiary)),
                ("otherRefNum", bill.other_ref_num.clone().map(Value::from)),
                ("postingPeriod", period.map(|period| self.reference("accountingPeriod", &period))),
                ("location", self.location(bill.location)),
                ("department", self.department(bill.department)),
                ("class", self.class(bill.class)),
                ("terms", self.terms(bill.terms).filter(|_| bill.kind == BillKind::Invoice)),
                ("dueDate", only(BillKind::Invoice, account.due_date(bill).to_string().into())),
                ("amountPaid", only(BillKind::Invoice, number::write(bill.paid))),
                ("amountRemaining", bill.kind.is_on_account().then(|| number::write(bill.remaining()))),
                ("applied", only(BillKind::CreditMemo, number::write(bill.paid))),
                ("unapplied", only(BillKind::CreditMemo, number::write(bill.remaining()))),
                ("apply", only(BillKind::CreditMemo, self.sublist(&path, "apply", &self.applied_rows(&bill.applied)))),
                ("paymentMethod", with_money(self.method(bill.payment_method))),
                ("account", with_money(self.ledger_account(bill.account))),
                ("undepFunds", with_money(Some(bill.account.is_none().into()))),
                ("shippingCost", Some(number::write(bill.shipping_cost))),
                ("subtotal", Some(number::write(bill.subtotal()))),
                ("taxTotal", Some(number::write(bill.tax_total()))),
                ("total", Some(number::write(bill.total()))),
                ("taxDetailsOverride", suite_tax.then_some(bill.tax_override.into())),
                ("taxDetails", suite_tax.then(|| self.sublist(&path, "taxDetails", &self.bill_tax(bill)))),
                ("item", Some(self.sublist(&path, "item", &lines))),
            ],
        )
    }

    pub(in crate::sandbox::netsuite) fn bill_lines(&self, bill: &Bill) -> Vec<Value> {
        let path = format!("{}/{}", bill.kind.record_type(), bill.id);
        bill.lines.iter().map(|line| self.goods_line(&path, bill.created_from, line, Vec::new())).collect()
    }

    /// A line of a bill or of a return authorisation.
    pub(super) fn goods_line(&self, path: &str, source: Option<u64>, line: &BillLine, more: Vec<(&str, Option<Value>)>) -> Value {
        let numbers = self.detail(line.quantity, &line.assignments, &line.bins);
        let returned = line
            .returned_numbers
            .iter()
            .map(|(number, quantity)| json!({ "receiptInventoryNumber": number, "quantity": number::write(*quantity) }));
        let returned: Vec<Value> = returned.collect();
        let returned = (!returned.is_empty())
            .then(|| json!({ "quantity": number::write(line.quantity), "inventoryAssignment": { "items": returned } }));
        let kind = self.account.kind(line.item).item_type();
        let mut record = self.record(
            &format!("{path}/item/{}", line.line),
            0,
            vec![
                ("line", Some(line.line.into())),
                ("orderLine", line.order_line.map(Value::from)),
                ("orderDoc", line.order_line.and(source).map(|source| json!({ "id": source.to_string() }))),
                ("item", Some(self.item(line.item))),
                ("itemType", Some(json!({ "id": kind, "refName": kind }))),
                ("quantity", Some(number::write(line.quantity))),
                ("rate", Some(number::write(line.rate))),
                ("amount", Some(number::write(line.amount))),
                ("grossAmt", Some(number::write(line.amount + line.tax()))),
                ("isTaxable", Some((line.tax_rate > Decimal::ZERO).into())),
                ("price", Some(price_level(line.custom_price))),
                ("description", line.description.clone().map(Value::from)),
                ("location", self.location(line.location)),
                ("department", self.department(line.department)),
                ("class", self.class(line.class)),
                ("inventoryDetail", returned.or(numbers)),
                ("taxDetailsReference", self.account.preferences.suite_tax.then(|| reference(line).into())),
            ],
        );
        record.extend(line.custom.clone());
        record.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        Value::Object(record)
    }

    fn bill_tax(&self, bill: &Bill) -> Vec<Value> {
        bill.lines.iter().flat_map(|line| self.line_tax(line)).collect()
    }

    pub(super) fn line_tax(&self, line: &BillLine) -> Vec<Value> {
        self.tax_rows(&reference(line), line.tax_details.as_deref(), line.tax_rate, line.amount, line.tax())
    }
}

/// What a line's tax details call it: its own word, or NetSuite's.
fn reference(line: &BillLine) -> String {
    line.tax_reference.clone().unwrap_or_else(|| format!("ITEM_{}", line.line))
}
