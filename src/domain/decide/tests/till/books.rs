//! The NetSuite of these tests: it keeps its books by its own rules, and refuses a key or an amount that does not fit.

use super::*;
use crate::domain::bookings::{Application, RecordLine};

impl World {
    #[expect(clippy::too_many_lines, reason = "one arm for each request, as NetSuite books it")]
    pub(super) fn perform(&mut self, call: Call) {
        let kind = call.request.kind();
        let known = self.calls.iter().any(|past| past.key == call.key);
        assert!(!known, "{} is sent a second time", call.key);
        // NetSuite refuses a key that it has: the record is looked up by it, and taken for done.
        if let Some(there) = self.books.iter().find(|booked| booked.key == call.key) {
            let (kind, record, request) = (call.request.kind(), Some(there.id.clone()), Some(call.request));
            self.calls.push(PastCall { kind, key: call.key, done: true, request, record });
            return;
        }
        self.requests.push(call.request.clone());
        let id = RecordId::from(format!("{}", 1000 + self.requests.len()).as_str());
        let sent = Some(call.request.clone());
        match call.request {
            Request::Book(request) => {
                let (total, tax) = Self::totals(&request.lines, request.tax_override);
                if request.record == RecordKind::SalesOrder {
                    assert!(self.order.is_none(), "two sales orders of one sale");
                    self.order = Some(netsuite_order(&id, &request, total));
                } else {
                    let applied: Decimal = request.apply.iter().map(|apply| self.apply(apply)).sum();
                    let paid = matches!(request.record, RecordKind::CashSale | RecordKind::CashRefund);
                    self.books.push(Booked {
                        total,
                        tax,
                        open: if paid { Decimal::ZERO } else { total - applied },
                        method: request.payment_method,
                        account: request.account,
                        customer: Some(request.customer),
                        place: request.place,
                        goods: goods(&request.lines),
                        date: request.date,
                        ..blank(request.record, &id, &call.key)
                    });
                }
            }
            Request::Variance(request) => {
                let record = self.books.iter_mut().find(|booked| booked.id == request.bill).unwrap();
                record.total += request.amount;
                if matches!(record.kind, RecordKind::Invoice | RecordKind::CreditMemo) {
                    record.open += request.amount;
                }
            }
            Request::Payment(request) => {
                let more: Decimal = request.more.iter().map(|part| self.apply(part)).sum();
                self.apply(&Application { record: request.invoice, amount: request.amount - more });
                let (total, method, date) = (request.amount, request.payment_method, request.date);
                self.books.push(Booked { total, method, date, ..blank(RecordKind::CustomerPayment, &id, &call.key) });
            }
            Request::Refund(request) => {
                let total = request.apply.iter().chain(&request.deposits).map(|part| self.apply(part)).sum();
                let (method, date) = (request.payment_method, request.date);
                self.books.push(Booked { total, method, date, ..blank(RecordKind::CustomerRefund, &id, &call.key) });
            }
            Request::Deposit(request) => {
                let (total, method, date) = (request.amount, request.payment_method, request.date);
                self.books.push(Booked { total, open: total, method, date, ..blank(RecordKind::CustomerDeposit, &id, &call.key) });
            }
            Request::ApplyDeposit(request) => {
                let total = self.apply(&request.apply);
                self.apply(&Application { record: request.deposit, amount: total });
                self.books.push(Booked { total, date: request.date, ..blank(RecordKind::DepositApplication, &id, &call.key) });
            }
            Request::ErpCustomer(request) => {
                self.till_customer.linked = Some("555".to_owned());
                assert_eq!(request.x_series_id, "buyer");
            }
            Request::ChangeOrder(change) => {
                let order = self.order.as_mut().unwrap();
                for changed in change.changed {
                    let line = order.lines.iter_mut().find(|line| line.line == changed.line).unwrap();
                    (line.quantity, line.rate, line.amount) = (changed.quantity, Some(changed.rate), Some(changed.amount));
                    let told = change.taxes.iter().find(|(key, _)| *key == changed.key).map(|(_, tax)| tax.amount);
                    line.tax = if change.taxes.is_empty() { Some(tax_of(&line.item.id, changed.amount)) } else { told };
                }
                order.lines.iter_mut().filter(|line| change.closed.contains(&line.line)).for_each(|line| line.closed = true);
                let next = order.lines.iter().map(|line| line.line).max().unwrap_or_default() + 1;
                order.lines.extend((next..).zip(&change.added).map(|(key, line)| order_line(key, line)));
                order.total = Some(order_total(order, self.keeps_closed_lines));
            }
            Request::Fulfil(request) => {
                let order = self.order.as_mut().unwrap();
                for line in &request.lines {
                    let target = order.lines.iter_mut().find(|target| target.line == line.order_line).unwrap();
                    target.fulfilled += line.quantity.unwrap_or_default();
                }
                restate(order);
                let from = Some(request.order);
                self.books.push(Booked { from, date: request.date, ..blank(RecordKind::ItemFulfillment, &id, &call.key) });
            }
            Request::Invoice(request) | Request::CashSale(request) => {
                let order = self.order.as_mut().unwrap();
                for line in &request.lines {
                    let target = order.lines.iter_mut().find(|target| target.line == line.order_line).unwrap();
                    target.billed += line.quantity;
                }
                restate(order);
                let total = order_total(order, false);
                let tax = order.lines.iter().filter(|line| !line.closed).filter_map(|line| line.tax).sum();
                let invoice = kind == CallKind::Invoice;
                let mut open = if invoice { total } else { Decimal::ZERO };
                if self.applies_deposits {
                    for deposit in self.books.iter_mut().filter(|booked| booked.kind == RecordKind::CustomerDeposit) {
                        let part = deposit.open.min(open);
                        deposit.open -= part;
                        open -= part;
                    }
                }
                self.books.push(Booked {
                    total,
                    tax,
                    open,
                    method: request.payment_method,
                    account: request.account,
                    customer: Some("108".into()),
                    from: Some(request.order),
                    date: request.date,
                    ..blank(if invoice { RecordKind::Invoice } else { RecordKind::CashSale }, &id, &call.key)
                });
            }
            Request::Transform(request) => {
                if request.record == RecordKind::ReturnAuthorization {
                    let mut back = self.original.order.as_deref().unwrap().clone();
                    let wanted = |line: &OrderLine| request.lines.iter().find(|wanted| wanted.order_line == line.line);
                    back.lines.retain(|line| wanted(line).is_some_and(|wanted| !wanted.quantity.is_zero()));
                    for line in &mut back.lines {
                        line.quantity = wanted(line).unwrap().quantity;
                        // Nothing is received or refunded of it yet.
                        (line.fulfilled, line.billed) = (Decimal::ZERO, Decimal::ZERO);
                    }
                    self.authorized = Some(back);
                }
                let lines = self.authorized.as_ref().unwrap().lines.iter();
                let net: Decimal = lines.map(|line| round(line.rate.unwrap() * line.quantity, 2)).sum();
                let tax = round(net * money("0.15"), 2);
                let total = net + tax;
                let applied: Decimal = request.apply.iter().map(|apply| self.apply(apply)).sum();
                self.books.push(Booked {
                    total,
                    tax,
                    open: if request.record == RecordKind::CreditMemo { total - applied } else { Decimal::ZERO },
                    method: request.payment_method,
                    account: request.account,
                    customer: Some("108".into()),
                    date: request.date,
                    ..blank(request.record, &id, &call.key)
                });
            }
            other => panic!("a sale of the till never asks for {other:?}"),
        }
        let done = PastCall { kind, key: call.key, done: true, request: sent, record: Some(id) };
        let lost = self.loses == Some(self.requests.len());
        if lost { &mut self.in_doubt } else { &mut self.calls }.push(done);
    }

    /// Pays for a record; more than is open is refused.
    fn apply(&mut self, application: &Application) -> Decimal {
        let target = self.books.iter_mut().find(|booked| booked.id == application.record).unwrap();
        assert!(application.amount <= target.open && application.amount > Decimal::ZERO, "{application:?} of {target:?}");
        target.open -= application.amount;
        application.amount
    }

    /// NetSuite taxes by the item and rounds line by line.
    fn totals(lines: &[RecordLine], overridden: bool) -> (Decimal, Decimal) {
        let net: Decimal = lines.iter().map(|line| line.amount).sum();
        let tax = lines.iter().map(|line| match &line.tax {
            Some(tax) if overridden => tax.amount,
            _ if overridden => Decimal::ZERO,
            _ => tax_of(&line.item, line.amount),
        });
        let tax: Decimal = tax.sum();
        (net + tax, tax)
    }
}

/// A record of which only the key is known.
pub(super) fn blank(kind: RecordKind, id: &RecordId, key: &str) -> Booked {
    Booked {
        kind,
        id: id.clone(),
        key: key.to_owned(),
        total: Decimal::ZERO,
        tax: Decimal::ZERO,
        open: Decimal::ZERO,
        method: None,
        account: None,
        customer: None,
        place: Place::default(),
        goods: BTreeMap::new(),
        from: None,
        date: None,
    }
}

fn goods(lines: &[RecordLine]) -> BTreeMap<String, Goods> {
    let mut goods = BTreeMap::<String, Goods>::new();
    for line in lines {
        let of_item = goods.entry(line.item.clone()).or_default();
        of_item.quantity += line.quantity.unwrap_or_default();
        of_item.amount += line.amount;
    }
    goods
}

/// NetSuite's own tax on an amount of an item.
fn tax_of(item: &str, amount: Decimal) -> Decimal {
    let free = item.starts_with("i-free") || ["901", "902"].contains(&item);
    if free { Decimal::ZERO } else { round(amount * money("0.15"), 2) }
}

fn order_line(key: i64, line: &RecordLine) -> OrderLine {
    OrderLine {
        item: Ref { id: line.item.clone(), name: None },
        kind: if line.item == "900" { ItemKind::Discount } else { ItemKind::Inventory },
        quantity: line.quantity.unwrap_or(Decimal::ONE),
        rate: Some(line.rate),
        amount: Some(line.amount),
        tax: Some(line.tax.as_ref().map_or_else(|| tax_of(&line.item, line.amount), |tax| tax.amount)),
        ..super::line(key, "X", 1, "1")
    }
}

/// What the lines come to; in some accounts those that are closed still count.
fn order_total(order: &SalesOrder, with_closed: bool) -> Decimal {
    let lines = order.lines.iter().filter(|line| with_closed || !line.closed);
    lines.map(|line| line.amount.unwrap() + line.tax.unwrap_or_default()).sum()
}

fn netsuite_order(id: &RecordId, request: &crate::domain::bookings::RecordRequest, total: Decimal) -> SalesOrder {
    SalesOrder {
        id: id.clone(),
        number: "SO9".to_owned(),
        external_id: Some(request.external_id.clone()),
        lines: (1..).step_by(3).zip(&request.lines).map(|(key, line)| order_line(key, line)).collect(),
        total: Some(total),
        customer: Some(Ref { id: request.customer.clone(), name: None }),
        payment_method: None,
        ..super::order(OrderStatus::PendingFulfillment)
    }
}

/// The status that follows from what left and what is billed.
fn restate(order: &mut SalesOrder) {
    let lines = || order.lines.iter().filter(|line| !line.closed && line.kind != ItemKind::Discount);
    let all = |done: fn(&OrderLine) -> Decimal| lines().all(|line| done(line) >= line.quantity);
    let status = match () {
        () if all(|line| line.billed) => OrderStatus::Billed,
        () if all(|line| line.fulfilled) => OrderStatus::PendingBilling,
        () => OrderStatus::PendingBillingPartiallyFulfilled,
    };
    order.status = Ok(status);
}
