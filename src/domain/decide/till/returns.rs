//! Goods come back: a refund or credit by themselves, or through a return authorisation where the original has a sales order; and
//! exchanges, where others leave at the same time.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::amounts::{Detail, Part};
use super::goods::lines_of;
use super::id_of;
use crate::domain::bookings::{Application, RefundRequest, TransformLine, TransformRequest};
use crate::domain::call::Request;
use crate::domain::decide::payments::BookedAs;
use crate::domain::decide::reconcile::call;
use crate::domain::decide::send::Missing;
use crate::domain::decide::ship::memo;
use crate::domain::decide::{Case, Next, Step, held, synced};
use crate::domain::facts::{Original, Question};
use crate::domain::mapping::RefundAs;
use crate::domain::money;
use crate::domain::record::{Bill, Child, RecordKind};
use crate::domain::sale::Sale;
use crate::domain::sales_order::{ItemKind, OrderLine, SalesOrder};
use crate::domain::status::{OrderStatus, SaleState};
use crate::domain::verdict::Reason;

impl<'a> Case<'a> {
    /// Books a return.
    pub(super) fn take_back(&mut self, sale: &'a Sale, number: &str, booked: &'a [Child]) -> Step<Next> {
        let kind = self.refund_kind(sale, number, booked)?;
        let Some(refund) = self.record_of(kind, sale, number, booked)? else {
            let authorized = id_of(booked, RecordKind::ReturnAuthorization).is_some();
            let original = self.original(sale)?;
            let order = original.and_then(|original| original.order.as_deref());
            if let Some(original) = original.filter(|_| !authorized) {
                self.check_taken_back(sale, number, original)?;
            }
            if let Some(order) = order.filter(|order| !authorized && is_untouched(order)) {
                return Err(Next::Later(format!("nothing of the sales order {} of the sale that is taken back has left", order.number)));
            }
            // A sale stays with its sales order for life, and so does what comes back of it.
            let through = authorized || order.map_or(Ok(false), |order| self.is_plain_return(sale, order))?;
            return if through {
                self.through_authorization(sale, number, kind, order, booked)
            } else {
                self.refund_alone(sale, number, kind)
            };
        };
        self.check_changed(sale, number, refund, Part::Returned)?;
        let gross = self.refund_target(sale)?;
        self.vary_record(refund, gross)?;
        if kind == RecordKind::CreditMemo {
            self.give_back(sale, number, refund)?;
        }
        self.check_payments(sale, number)?;
        self.compare_record(sale, number, refund, gross, self.tax_of(sale, Part::Returned)?)?;
        let label = refund.number.as_deref().unwrap_or(refund.id.as_str());
        if kind == RecordKind::CashRefund {
            self.compare_tender(sale, number, refund)?;
        }
        let open = refund.remaining.filter(|open| *open > Decimal::ZERO && kind == RecordKind::CreditMemo);
        let open = open.map(|open| format!(" {} of it is the customer's credit.", self.shown(open))).unwrap_or_default();
        let detail = format!("Sale {number} takes goods back: booked as the {} {label}, and read back.{open}", kind.name());
        Ok(synced(Reason::ReturnBooked, detail))
    }

    /// What became of the sale that is returned; it comes first.
    fn original(&mut self, sale: &Sale) -> Step<Option<&'a Original>> {
        let Some(id) = &sale.return_for else { return Ok(None) };
        let Some(original) = &self.facts.answers.original else { return Err(Next::Ask(vec![Question::Original(id.clone())])) };
        if original.under_way {
            return Err(Next::Later("the sale that is taken back is not booked yet".to_owned()));
        }
        if original.booked.is_empty() && original.order.is_none() {
            let unknown = if original.known { "" } else { "is not known here, and " };
            let note = format!("The sale that it takes back ({id}) {unknown}has no record in NetSuite: booked alone.");
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        Ok(Some(original))
    }

    /// A cash refund by setting, where money was given back; a credit memo otherwise. What is booked already decides.
    fn refund_kind(&self, sale: &Sale, number: &str, booked: &[Child]) -> Step<RecordKind> {
        for kind in [RecordKind::CashRefund, RecordKind::CreditMemo] {
            if id_of(booked, kind).is_some() || self.was_made(kind, sale) {
                return Ok(kind);
            }
        }
        let tenders = self.tenders(number, sale)?;
        // One record for all of it has one payment method, and gives back all of it.
        let given: Decimal = tenders.iter().map(|(payment, _)| -payment.amount).sum();
        let whole = (given - self.gross_of(sale, Part::Returned)?).abs() <= self.mappings.settings.tolerance;
        let cash = self.mappings.settings.refund_as == RefundAs::CashRefund && !tenders.is_empty() && whole && !self.is_split(sale);
        Ok(if cash { RecordKind::CashRefund } else { RecordKind::CreditMemo })
    }

    /// What the refund has to come to: the sale's total, or what was given back where the till rounds cash.
    fn refund_target(&self, sale: &Sale) -> Step<Decimal> {
        let gross = self.gross_of(sale, Part::Returned)?;
        let paid = -sale.paid();
        let rounded = self.mappings.settings.variance_item.is_some() && (paid - gross).abs() <= self.mappings.settings.tolerance;
        Ok(if rounded { paid } else { gross })
    }

    fn refund_alone(&mut self, sale: &'a Sale, number: &str, kind: RecordKind) -> Step<Next> {
        self.check_kits(sale, number)?;
        let (ready, mut lines) = self.ready(sale, &[(Part::Returned, Detail::Moved)])?;
        let mut request = self.record(kind, sale, &ready, lines.pop().unwrap_or_default());
        if kind == RecordKind::CashRefund {
            (request.payment_method, request.account) = self.cash_sale_tender(number, sale)?;
        } else {
            request.apply = self.credit_of(sale, number, Some(&ready.customer))?;
        }
        Ok(call(request.external_id.clone(), Request::Book(request)))
    }

    /// Return authorisation, receipt, refund: each made from the one before.
    fn through_authorization(
        &mut self,
        sale: &'a Sale,
        number: &str,
        kind: RecordKind,
        order: Option<&SalesOrder>,
        booked: &[Child],
    ) -> Step<Next> {
        let date = self.business_day(sale)?;
        let Some(authorization) = id_of(booked, RecordKind::ReturnAuthorization) else {
            if self.was_made(RecordKind::ReturnAuthorization, sale) {
                return Err(super::gone(RecordKind::ReturnAuthorization, number));
            }
            let Some(order) = order else { return self.refund_alone(sale, number, kind) };
            let lines = self.lines_taken_back(sale, number, order)?;
            let external_id = self.key(RecordKind::ReturnAuthorization, sale);
            let request = TransformRequest {
                from: RecordKind::SalesOrder,
                source: order.id.clone(),
                record: RecordKind::ReturnAuthorization,
                external_id: external_id.clone(),
                date,
                memo: Some(memo(sale)),
                lines,
                payment_method: None,
                account: None,
                apply: Vec::new(),
                witness: Some(self.witness(sale)),
            };
            return Ok(call(external_id, Request::Transform(request)));
        };
        let Some(authorized) = &self.facts.answers.authorized else {
            return Err(Next::Ask(vec![Question::Authorized(authorization.clone())]));
        };
        // What goes to no stock is not received, and what somebody received by hand is there.
        let mut stock = BTreeSet::new();
        for line in &authorized.lines {
            if self.leaves_stock(authorized, line)? && to_receive(line) > Decimal::ZERO {
                stock.insert(line.line);
            }
        }
        let lines = |goods_only: bool| -> Vec<TransformLine> {
            let lines = authorized.lines.iter().filter(|line| !line.kind.is_text() && line.kind != ItemKind::Discount);
            let lines = lines.filter(|line| !goods_only || stock.contains(&line.line));
            let line = |line: &OrderLine| TransformLine {
                order_line: line.line,
                quantity: if goods_only { to_receive(line) } else { line.quantity.abs() },
                location: line.location.as_ref().or(authorized.location.as_ref()).map(|location| location.id.clone()),
                received: Vec::new(),
                bin: None,
            };
            lines.map(line).collect()
        };
        let mut request = TransformRequest {
            from: RecordKind::ReturnAuthorization,
            source: authorization.clone(),
            record: RecordKind::ItemReceipt,
            external_id: self.key(RecordKind::ItemReceipt, sale),
            date,
            memo: Some(memo(sale)),
            lines: lines(true),
            payment_method: None,
            account: None,
            apply: Vec::new(),
            witness: Some(self.witness(sale)),
        };
        if id_of(booked, RecordKind::ItemReceipt).is_none() && !request.lines.is_empty() {
            if self.was_made(RecordKind::ItemReceipt, sale) {
                return Err(super::gone(RecordKind::ItemReceipt, number));
            }
            self.receive_numbers(sale, number, authorized, &mut request.lines)?;
            return Ok(call(request.external_id.clone(), Request::Transform(request)));
        }
        let (payment_method, account) = if kind == RecordKind::CashRefund { self.cash_sale_tender(number, sale)? } else { (None, None) };
        let apply = if kind == RecordKind::CreditMemo { self.credit_of(sale, number, None)? } else { Vec::new() };
        let external_id = self.key(kind, sale);
        let request = TransformRequest {
            record: kind,
            external_id: external_id.clone(),
            lines: lines(false),
            payment_method,
            account,
            apply,
            ..request
        };
        Ok(call(external_id, Request::Transform(request)))
    }

    /// The goods come back at the prices of their sales order, and nothing else is on the sale: only then does a refund that follows from
    /// the order come to what the till gave back.
    fn is_plain_return(&mut self, sale: &'a Sale, order: &SalesOrder) -> Step<bool> {
        let mut missing = Missing::default();
        let cent = money::unit(self.places()?);
        for line in lines_of(sale) {
            let Some(item) = self.item_of(sale, line, &mut missing)?.filter(|_| self.comes_back(line)) else { return Ok(false) };
            let sold = order.lines.iter().filter(|sold| sold.item.id == item.id);
            let mut priced = sold.filter(|sold| sold.rate.is_none_or(|rate| (rate - line.price).abs() <= cent));
            if priced.next().is_none() {
                return Ok(false);
            }
        }
        Ok(sale.charges.iter().all(|charge| charge.total.is_zero()))
    }

    /// Gives back money for a credit memo, once for each tender.
    fn give_back(&mut self, sale: &Sale, number: &str, credit: &Bill) -> Step<()> {
        for (payment, rule) in self.tenders(number, sale)? {
            let key = self.payment_key(BookedAs::Refund, sale, payment);
            if payment.amount >= Decimal::ZERO || self.is_booked(&key) {
                continue;
            }
            let Some(customer) = credit.customer.clone() else {
                return Err(held(Reason::UnknownAnswer, format!("NetSuite does not tell whose the credit memo {} is.", credit.id)));
            };
            let tolerance = self.mappings.settings.tolerance;
            let (amount, due) = (payment.amount.abs(), self.due_back(sale, number)?);
            let open = credit.remaining.unwrap_or(due);
            // Somebody gave it back in NetSuite: what the credit comes to is compared all the same.
            if open <= tolerance && amount > open + tolerance {
                self.notes.push(format!(
                    "The credit memo of sale {number} is settled in NetSuite already: {} is not given back again.",
                    self.shown(amount)
                ));
                continue;
            }
            // Less is open than we have still to give back: nobody knows which part of it was given back by hand.
            if due > open + tolerance {
                let (due, open) = (self.shown(due), self.shown(open));
                let detail = format!(
                    "The till gave {due} back for sale {number} that is not booked yet, and its credit memo has only {open} open. Give all of it back in NetSuite, then release it here; or skip it here."
                );
                return Err(held(Reason::TotalsDiffer, detail));
            }
            self.check_payments(sale, number)?;
            let request = RefundRequest {
                external_id: key.clone(),
                customer,
                apply: Some(Application { record: credit.id.clone(), amount: amount.min(open) }),
                deposits: Vec::new(),
                date: self.payment_day(sale, payment)?,
                payment_method: self.payment_method(&rule)?,
                account: self.account(&rule)?,
                memo: Some(memo(sale)),
                tender: Some(payment.type_id.clone()),
            };
            return Err(call(key, Request::Refund(request)));
        }
        Ok(())
    }

    /// What the till gave back that is not booked yet.
    fn due_back(&self, sale: &Sale, number: &str) -> Step<Decimal> {
        let given = self.tenders(number, sale)?.into_iter().map(|(payment, _)| payment).filter(|payment| payment.amount < Decimal::ZERO);
        let due = given.filter(|payment| !self.is_booked(&self.payment_key(BookedAs::Refund, sale, payment)));
        Ok(due.map(|payment| payment.amount.abs()).sum())
    }

    /// What the invoice of an exchange comes to: what is sold, and what the till rounds cash by where an item takes that up.
    fn sold_target(&self, sale: &Sale) -> Step<Decimal> {
        let sold = self.gross_of(sale, Part::Sold)?;
        let closed = sale.status.as_ref().is_ok_and(|status| status.state == SaleState::Closed && status.account.is_none());
        let rounding = sale.paid() - money::round(sale.totals.price_incl_tax, self.places()?);
        let settings = &self.mappings.settings;
        let varies = closed && settings.variance_item.is_some() && rounding.abs() <= settings.tolerance;
        Ok(if varies { sold + rounding } else { sold })
    }

    /// An exchange: an invoice for what leaves, a credit memo for what comes back, applied to it; the difference is paid or given back.
    pub(super) fn exchange(&mut self, sale: &'a Sale, number: &str, booked: &'a [Child]) -> Step<Next> {
        let invoice = self.record_of(RecordKind::Invoice, sale, number, booked)?;
        let credit = self.record_of(RecordKind::CreditMemo, sale, number, booked)?;
        let sold = self.sold_target(sale)?;
        if let Some(invoice) = invoice {
            // Before the credit is applied to all of it.
            self.check_changed(sale, number, invoice, Part::Sold)?;
            self.vary_record(invoice, sold)?;
        }
        let (Some(invoice), Some(credit)) = (invoice, credit) else {
            if let Some(original) = self.original(sale)? {
                self.check_taken_back(sale, number, original)?;
            }
            self.check_kits(sale, number)?;
            // All that is missing is told before the first is booked; after that, what is sold is gone from the stock.
            let (sold, returned) = ((Part::Sold, Detail::Moved), (Part::Returned, Detail::Moved));
            let parts = if invoice.is_none() { vec![sold, returned] } else { vec![returned] };
            let (ready, lines) = self.ready(sale, &parts)?;
            let lines = lines.into_iter().next().unwrap_or_default();
            let kind = if invoice.is_none() { RecordKind::Invoice } else { RecordKind::CreditMemo };
            let mut request = self.record(kind, sale, &ready, lines);
            if let Some(invoice) = invoice {
                let back = self.gross_of(sale, Part::Returned)?;
                let amount = invoice.remaining.map_or(back, |remaining| remaining.min(back));
                if amount > Decimal::ZERO {
                    request.apply.push(Application { record: invoice.id.clone(), amount });
                }
            }
            return Ok(call(request.external_id.clone(), Request::Book(request)));
        };
        self.check_changed(sale, number, credit, Part::Returned)?;
        self.give_back(sale, number, credit)?;
        if self.tenders(number, sale)?.iter().any(|(payment, _)| payment.amount > Decimal::ZERO) {
            self.pay(number, invoice.customer.as_deref(), sale, std::slice::from_ref(invoice))?;
        }
        self.check_payments(sale, number)?;
        self.compare_record(sale, number, invoice, sold, self.tax_of(sale, Part::Sold)?)?;
        self.compare_record(sale, number, credit, self.gross_of(sale, Part::Returned)?, self.tax_of(sale, Part::Returned)?)?;
        let label = |bill: &Bill| bill.number.clone().unwrap_or_else(|| bill.id.to_string());
        let open = invoice.remaining.unwrap_or_default();
        if open > self.mappings.settings.tolerance && !super::is_promised(sale) {
            let detail = format!(
                "Sale {number} is an exchange, and its invoice {} has {} open. Settle it in NetSuite, then release it here.",
                label(invoice),
                self.shown(open)
            );
            return Ok(held(Reason::TotalsDiffer, detail));
        }
        let detail = format!(
            "Sale {number} is an exchange: booked as the invoice {} and the credit memo {}, and read back.",
            label(invoice),
            label(credit)
        );
        Ok(synced(Reason::ReturnBooked, detail))
    }
}

/// Nothing of the order is fulfilled or billed, and something may still be: NetSuite makes no return authorisation of it.
fn is_untouched(order: &SalesOrder) -> bool {
    let open = [OrderStatus::PendingApproval, OrderStatus::PendingFulfillment];
    order.status.as_ref().is_ok_and(|status| open.contains(status))
        && order.lines.iter().all(|line| line.fulfilled.is_zero() && line.billed.is_zero())
}

/// What of a return authorisation's line is not received yet.
fn to_receive(line: &OrderLine) -> Decimal {
    (line.quantity.abs() - line.fulfilled.abs()).max(Decimal::ZERO).normalize()
}
