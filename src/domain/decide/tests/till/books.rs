//! The NetSuite of these tests: it keeps its books by its own rules, and refuses a key or an amount that does not fit.

use super::*;
use crate::domain::bookings::{Application, RecordLine};

impl World {
    #[expect(clippy::too_many_lines, reason = "one arm for each request, as NetSuite books it")]
    pub(super) fn perform(&mut self, call: Call) {
        let kind = call.request.kind();
        let known = self.calls.iter().any(|past| past.key == call.key);
        assert!(!known, "{} is sent a second time", call.key);
        self.requests.push(call.request.clone());
        let id = RecordId::from(format!("{}", 1000 + self.requests.len()).as_str());
        let amount = call.request.amount();
        match call.request {
            Request::Book(request) => {
                let (total, tax) = Self::totals(&request.lines, request.tax_override);
                if request.record == RecordKind::SalesOrder {
                    self.order = Some(netsuite_order(&id, &request, total));
                } else {
                    let applied: Decimal = request.apply.iter().map(|apply| self.apply(apply)).sum();
                    let open = if matches!(request.record, RecordKind::CashSale | RecordKind::CashRefund) {
                        Decimal::ZERO
                    } else {
                        total - applied
                    };
                    let (method, customer) = (request.payment_method, Some(request.customer));
                    let key = request.external_id;
                    self.books.push(Booked {
                        kind: request.record,
                        id: id.clone(),
                        key,
                        total,
                        tax,
                        open,
                        method,
                        customer,
                        from: None,
                        date: request.date,
                    });
                }
            }
            Request::Variance(request) => {
                let record = self.books.iter_mut().find(|booked| booked.id == request.bill).unwrap();
                record.total += request.amount;
                if record.kind == RecordKind::Invoice {
                    record.open += request.amount;
                }
            }
            Request::Payment(request) => {
                self.apply(&Application { record: request.invoice, amount: request.amount });
                self.keep(RecordKind::CustomerPayment, &id, &call.key, request.amount, request.date);
            }
            Request::Refund(request) => {
                self.apply(&request.apply);
                self.keep(RecordKind::CustomerRefund, &id, &call.key, request.apply.amount, request.date);
            }
            Request::Deposit(request) => self.keep(RecordKind::CustomerDeposit, &id, &call.key, request.amount, request.date),
            Request::ApplyDeposit(request) => {
                self.apply(&request.apply);
                self.keep(RecordKind::DepositApplication, &id, &call.key, request.apply.amount, request.date);
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
                }
                order.lines.iter_mut().filter(|line| change.closed.contains(&line.line)).for_each(|line| line.closed = true);
                let next = order.lines.iter().map(|line| line.line).max().unwrap_or_default() + 1;
                order.lines.extend((next..).zip(&change.added).map(|(key, line)| order_line(key, line)));
                order.total = Some(order_total(order));
            }
            Request::Fulfil(request) => {
                let order = self.order.as_mut().unwrap();
                for line in &request.lines {
                    let target = order.lines.iter_mut().find(|target| target.line == line.order_line).unwrap();
                    target.fulfilled += line.quantity.unwrap_or_default();
                }
                restate(order);
                let from = Some(request.order);
                let key = call.key.clone();
                self.books.push(Booked {
                    kind: RecordKind::ItemFulfillment,
                    id: id.clone(),
                    key,
                    total: Decimal::ZERO,
                    tax: Decimal::ZERO,
                    open: Decimal::ZERO,
                    method: None,
                    customer: None,
                    from,
                    date: request.date,
                });
            }
            Request::Invoice(request) | Request::CashSale(request) => {
                let order = self.order.as_mut().unwrap();
                for line in &request.lines {
                    let target = order.lines.iter_mut().find(|target| target.line == line.order_line).unwrap();
                    target.billed += line.quantity;
                }
                restate(order);
                let total = order.total.unwrap();
                let tax = order.lines.iter().filter_map(|line| line.tax).sum();
                let deposits: Decimal = self.of(RecordKind::CustomerDeposit).iter().map(|deposit| deposit.total).sum();
                let applied = if self.applies_deposits { deposits } else { Decimal::ZERO };
                let open = if kind == CallKind::Invoice { total - applied } else { Decimal::ZERO };
                let record = if kind == CallKind::Invoice { RecordKind::Invoice } else { RecordKind::CashSale };
                let (key, from) = (call.key.clone(), Some(request.order));
                self.books.push(Booked {
                    kind: record,
                    id: id.clone(),
                    key,
                    total,
                    tax,
                    open,
                    method: request.payment_method,
                    customer: Some("108".into()),
                    from,
                    date: request.date,
                });
            }
            Request::Transform(request) => {
                if request.record == RecordKind::ReturnAuthorization {
                    let mut back = self.original.order.as_deref().unwrap().clone();
                    back.lines
                        .retain(|line| request.lines.iter().any(|wanted| wanted.order_line == line.line && !wanted.quantity.is_zero()));
                    for line in &mut back.lines {
                        line.quantity = request.lines.iter().find(|wanted| wanted.order_line == line.line).unwrap().quantity;
                    }
                    self.authorized = Some(back);
                }
                let lines = self.authorized.as_ref().unwrap().lines.iter();
                let net: Decimal = lines.map(|line| round(line.rate.unwrap() * line.quantity, 2)).sum();
                let tax = round(net * money("0.15"), 2);
                let total = net + tax;
                let open = if request.record == RecordKind::CreditMemo { total } else { Decimal::ZERO };
                let key = call.key.clone();
                self.books.push(Booked {
                    kind: request.record,
                    id: id.clone(),
                    key,
                    total,
                    tax,
                    open,
                    method: request.payment_method,
                    customer: Some("108".into()),
                    from: None,
                    date: request.date,
                });
            }
            other => panic!("a sale of the till never asks for {other:?}"),
        }
        self.calls.push(PastCall { kind, key: call.key, done: true, sale: None, amount, record: Some(id) });
    }

    fn keep(&mut self, kind: RecordKind, id: &RecordId, key: &str, total: Decimal, date: Option<jiff::civil::Date>) {
        let key = key.to_owned();
        self.books.push(Booked {
            kind,
            id: id.clone(),
            key,
            total,
            tax: Decimal::ZERO,
            open: Decimal::ZERO,
            method: None,
            customer: None,
            from: None,
            date,
        });
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
            _ if overridden || line.item.starts_with("i-free") || ["901", "902"].contains(&line.item.as_str()) => Decimal::ZERO,
            _ => round(line.amount * money("0.15"), 2),
        });
        let tax: Decimal = tax.sum();
        (net + tax, tax)
    }
}

fn order_line(key: i64, line: &RecordLine) -> OrderLine {
    let amount = line.amount;
    let taxed = !line.item.starts_with("i-free") && line.item != "902";
    OrderLine {
        item: Ref { id: line.item.clone(), name: None },
        kind: if line.item == "900" { ItemKind::Discount } else { ItemKind::Inventory },
        quantity: line.quantity.unwrap_or(Decimal::ONE),
        rate: Some(line.rate),
        amount: Some(amount),
        tax: Some(if taxed { round(amount * money("0.15"), 2) } else { Decimal::ZERO }),
        ..super::line(key, "X", 1, "1")
    }
}

fn order_total(order: &SalesOrder) -> Decimal {
    let lines = order.lines.iter().filter(|line| !line.closed);
    lines.map(|line| line.amount.unwrap() + round(line.amount.unwrap() * money("0.15"), 2)).sum()
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
