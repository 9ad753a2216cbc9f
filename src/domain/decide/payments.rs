//! What was paid at the till, each payment booked once: keyed by its own id, since payments come late and are edited.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::reconcile::call;
use super::ship::memo;
use super::till::Part;
use super::{Case, Next, Step, held};
use crate::domain::bookings::Application;
use crate::domain::call::{CallKind, Request};
use crate::domain::facts::{PastCall, Question};
use crate::domain::ids::RecordId;
use crate::domain::keys;
use crate::domain::mapping::{PaymentKind, PaymentTypeRule};
use crate::domain::record::{Bill, Money, RecordKind};
use crate::domain::requests::PaymentRequest;
use crate::domain::sale::{Sale, SalePayment};
use crate::domain::status::Account;
use crate::domain::verdict::Reason;

/// How a payment of the till is booked, as its key says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BookedAs {
    /// A customer payment of an invoice.
    Payment,
    /// A customer deposit on a sales order.
    Deposit,
    /// A customer refund of a credit memo.
    Refund,
}

impl BookedAs {
    const ALL: [Self; 3] = [Self::Payment, Self::Deposit, Self::Refund];

    fn word(self) -> &'static str {
        match self {
            Self::Payment => "pay",
            Self::Deposit => "dep",
            Self::Refund => "ref",
        }
    }
}

/// A payment that is booked otherwise than the till has it now.
struct ChangedPayment {
    /// Both, for people.
    told: String,
    /// Its record; none where nothing in NetSuite could put it right.
    record: Option<(RecordKind, RecordId)>,
    /// What its record should be.
    wanted: Wanted,
}

/// What the record of a payment should be, by the till.
enum Wanted {
    /// Not there.
    Gone,
    /// Of this amount.
    Of(Decimal),
    /// Of this amount, by this payment method; a row that names an account only has none to look for.
    By(Decimal, Option<String>),
}

impl ChangedPayment {
    /// The record says by now what the till says.
    fn is_put_right(&self, now: &[&Money], tolerance: Decimal) -> bool {
        let Some((_, id)) = &self.record else { return false };
        let Some(money) = now.iter().find(|money| money.id == *id) else { return matches!(self.wanted, Wanted::Gone) };
        let of = |amount: Decimal| money.amount.is_some_and(|booked| (booked - amount).abs() <= tolerance);
        match &self.wanted {
            Wanted::Gone => false,
            Wanted::Of(amount) => of(*amount),
            Wanted::By(amount, method) => of(*amount) && method.is_some() && money.payment_method == *method,
        }
    }
}

impl<'a> Case<'a> {
    /// The key of a payment's record.
    pub(super) fn payment_key(&self, how: BookedAs, sale: &Sale, payment: &SalePayment) -> String {
        keys::external_id(how.word(), &self.facts.connection, &sale.payment_name(payment), 1)
    }

    /// The call that booked a payment.
    pub(super) fn booked_payment(&self, key: &str) -> Option<&PastCall> {
        self.facts.calls.iter().find(|call| call.done && call.key == key)
    }

    /// A payment's record is there: by what we sent, or by its key in NetSuite.
    pub(super) fn is_booked(&self, key: &str) -> bool {
        let there = self.facts.answers.booked.iter().flatten();
        self.booked_payment(key).is_some() || there.into_iter().any(|record| record.external_id.as_deref() == Some(key))
    }

    /// The keys that the sale's payments may be booked under.
    pub(super) fn payment_keys(&self, sale: &Sale) -> Vec<String> {
        sale.payments.iter().flat_map(|payment| BookedAs::ALL.map(|how| self.payment_key(how, sale, payment))).collect()
    }

    /// The posting date of a payment: its own day at the outlet, else the sale's.
    pub(super) fn payment_day(&mut self, sale: &Sale, payment: &SalePayment) -> Step<Option<Date>> {
        match payment.date {
            Some(at) => self.day_at(sale, at),
            None => self.business_day(sale),
        }
    }

    /// A payment that was booked and is another now, or gone: the books say what the till no longer says. One that was put right in
    /// NetSuite is no difference any more.
    pub(super) fn check_payments(&self, sale: &Sale, what: &str) -> Step<()> {
        let mut changes = self.changed_payments(sale)?;
        if changes.is_empty() {
            return Ok(());
        }
        let records = changes.iter().filter_map(|change| change.record.clone()).collect::<Vec<_>>();
        if !records.is_empty() {
            let now = self.money_now(&records)?;
            let tolerance = self.mappings.settings.tolerance;
            changes.retain(|change| !change.is_put_right(&now, tolerance));
        }
        if changes.is_empty() {
            return Ok(());
        }
        let told = changes.iter().map(|change| change.told.as_str()).collect::<Vec<_>>().join("; ");
        let detail = format!("{what}: {told}. Correct the payment in NetSuite or at the till, then release it here.");
        Err(held(Reason::PaymentChanged, detail))
    }

    /// Payments, deposits and refunds as NetSuite has them now; those that are gone are left out.
    pub(super) fn money_now(&self, records: &[(RecordKind, RecordId)]) -> Step<Vec<&'a Money>> {
        let known = &self.facts.answers.payments;
        let unknown = records.iter().filter(|(_, id)| !known.contains_key(id)).cloned().collect::<Vec<_>>();
        if unknown.is_empty() {
            Ok(records.iter().filter_map(|(_, id)| known.get(id)?.as_ref()).collect())
        } else {
            Err(Next::Ask(vec![Question::Payments(unknown)]))
        }
    }

    /// What the payments that are booked differ in from the till's.
    fn changed_payments(&self, sale: &Sale) -> Step<Vec<ChangedPayment>> {
        let mut changes = Vec::new();
        let mut known = Vec::new();
        for payment in &sale.payments {
            for how in BookedAs::ALL {
                let key = self.payment_key(how, sale, payment);
                if let Some(call) = self.booked_payment(&key) {
                    changes.extend(self.changed_payment(payment, call)?);
                }
                known.push(key);
            }
        }
        let by_payment = [CallKind::Payment, CallKind::Deposit, CallKind::CustomerRefund];
        for call in self.facts.calls.iter().filter(|call| call.done && by_payment.contains(&call.kind) && !known.contains(&call.key)) {
            let amount = call.amount().map(|amount| format!(" of {}", self.shown(amount))).unwrap_or_default();
            let told = format!("a payment{amount} is booked and is gone from the till");
            changes.push(ChangedPayment { told, record: made(call), wanted: Wanted::Gone });
        }
        Ok(changes)
    }

    /// What a payment differs in from what was asked for it: the amount, or how it was paid. A row of the mappings that changed since
    /// changes nothing of what is booked.
    fn changed_payment(&self, payment: &SalePayment, call: &PastCall) -> Step<Option<ChangedPayment>> {
        let Some(booked) = call.amount() else { return Ok(None) };
        // What was more than the invoice had open was booked at that, within the tolerance.
        let amount = (payment.amount.abs() - booked).abs() > self.mappings.settings.tolerance;
        let then = call.tender().filter(|then| *then != payment.type_id);
        let now = self.rule_of(&payment.type_id);
        let booked_as = |rule: &PaymentTypeRule| rule.booked_as();
        let then = then.filter(|then| self.rule_of(then).as_ref().map(booked_as) != now.as_ref().map(booked_as));
        if !amount && then.is_none() {
            return Ok(None);
        }
        let (was, is) = (self.shown(booked), self.shown(payment.amount));
        let told = match then {
            None => format!("a payment is booked at {was} and is {is} at the till now"),
            Some(then) => {
                let (then, now) = (self.type_name(then).unwrap_or(then), self.tender_name(payment).unwrap_or(&payment.type_id));
                format!("a payment is booked as {was} by {then} and is {is} by {now} at the till now")
            }
        };
        let wanted = match (then, now) {
            (None, _) => Wanted::Of(payment.amount.abs()),
            // A promise is not money, and what NetSuite has is there already: nothing of it is booked.
            (Some(_), Some(rule)) if matches!(rule.kind, PaymentKind::OnAccount | PaymentKind::NetSuite) => Wanted::Gone,
            (Some(_), Some(rule)) => match self.payment_method(&rule) {
                Ok(method) => Wanted::By(payment.amount.abs(), method),
                // That NetSuite does not have the method is for whoever books it so; here it is only told that it changed.
                Err(Next::End(..)) => Wanted::By(payment.amount.abs(), None),
                Err(ask) => return Err(ask),
            },
            (Some(_), None) => Wanted::By(payment.amount.abs(), None),
        };
        Ok(Some(ChangedPayment { told, record: made(call), wanted }))
    }

    /// Books each payment of the till once, against the open invoices. A deposit is booked already, and applied instead.
    pub(super) fn pay(&mut self, what: &str, customer: Option<&str>, sale: &Sale, bills: &[Bill]) -> Step<()> {
        let tenders = self.tenders(what, sale)?;
        let Some(customer) = customer.filter(|_| !tenders.is_empty()) else { return Ok(()) };
        let tolerance = self.mappings.settings.tolerance;
        // A promise is not money; what NetSuite had before counts.
        let is_money = |payment: &&SalePayment| self.rule_of(&payment.type_id).is_none_or(|rule| rule.kind != PaymentKind::OnAccount);
        let taken: Decimal = sale.payments.iter().filter(is_money).map(|payment| payment.amount).sum();
        let is_due = |payment: &SalePayment| {
            let booked = |how| self.is_booked(&self.payment_key(how, sale, payment));
            payment.amount > Decimal::ZERO && !booked(BookedAs::Payment) && !booked(BookedAs::Deposit)
        };
        let due: Decimal = tenders.iter().map(|(payment, _)| payment).filter(|payment| is_due(payment)).map(|payment| payment.amount).sum();
        // Somebody booked part of it in NetSuite, and nobody knows which: booked once more it would be there twice.
        let partly = self.open_of_all(sale, bills).filter(|open| *open > tolerance && due > *open + tolerance);
        if let Some(open) = partly.filter(|_| bills.iter().any(|bill| bill.kind == RecordKind::Invoice)) {
            return Err(self.more_than_open(what, due, open));
        }
        for (payment, rule) in tenders {
            let external_id = self.payment_key(BookedAs::Payment, sale, payment);
            let deposit = self.payment_key(BookedAs::Deposit, sale, payment);
            // Given back for what came back: that is the refund's, not the invoice's. So is what was given back of a layby's deposits,
            // by us or by hand, as long as what is left of them pays for it.
            let given_back = payment.amount < Decimal::ZERO
                && (self.is_booked(&self.payment_key(BookedAs::Refund, sale, payment)) || self.is_settled_layby(sale));
            if self.is_booked(&external_id) || self.is_booked(&deposit) || given_back {
                continue;
            }
            let Some((invoice, more)) = spread(payment.amount, bills, tolerance) else {
                // A cash sale is paid by itself.
                if bills.iter().any(|bill| bill.kind == RecordKind::CashSale) || !bills.iter().any(|bill| bill.kind == RecordKind::Invoice)
                {
                    return Ok(());
                }
                if payment.amount > Decimal::ZERO && self.is_settled_by_hand(sale, bills, taken) {
                    self.notes.push(format!(
                        "The invoice of {what} is settled in NetSuite already: {} is not booked again.",
                        self.shown(payment.amount)
                    ));
                    continue;
                }
                let most = open_invoices(bills).map(|(_, open)| open).sum();
                return Err(self.more_than_open(what, payment.amount, most));
            };
            // What is gone from the till may be what this one stands for now.
            self.check_payments(sale, what)?;
            let request = PaymentRequest {
                external_id: external_id.clone(),
                customer: customer.to_owned(),
                invoice: invoice.record,
                amount: invoice.amount + more.iter().map(|part| part.amount).sum::<Decimal>(),
                more,
                date: self.payment_day(sale, payment)?,
                payment_method: self.payment_method(&rule)?,
                account: self.account(&rule)?,
                memo: Some(memo(sale)),
                tender: Some(payment.type_id.clone()),
            };
            return Err(call(external_id, Request::Payment(request)));
        }
        Ok(())
    }

    fn more_than_open(&self, what: &str, amount: Decimal, open: Decimal) -> Next {
        let did = if amount < Decimal::ZERO { "gave back" } else { "took" };
        let (amount, open) = (self.shown(amount.abs()), self.shown(open));
        let detail = format!(
            "The till {did} {amount} for {what}, and its invoice has only {open} open. Settle all of the invoice in NetSuite, then release it here; or skip it here."
        );
        held(Reason::TotalsDiffer, detail)
    }

    /// Nothing of the bills is open, they come to what the sale does, and the till took no more than that: a person booked in NetSuite
    /// what we did not.
    fn is_settled_by_hand(&self, sale: &Sale, bills: &[Bill], taken: Decimal) -> bool {
        let tolerance = self.mappings.settings.tolerance;
        let settled = self.open_of_all(sale, bills).is_some_and(|open| open.abs() <= tolerance);
        settled && taken <= sale.totals.price_incl_tax + tolerance
    }

    /// What is open of the bills, where they are all that there will be of the sale: they come to what it does.
    fn open_of_all(&self, sale: &Sale, bills: &[Bill]) -> Option<Decimal> {
        let sold = self.gross_of(sale, Part::Sold).ok()?;
        let total = bills.iter().map(|bill| bill.total).sum::<Option<Decimal>>()?;
        let open = bills.iter().map(|bill| bill.remaining).sum::<Option<Decimal>>()?;
        Some(open).filter(|_| (total - sold).abs() <= self.mappings.settings.tolerance)
    }

    /// A layby of which as much was paid as it comes to, what was given back counted.
    fn is_settled_layby(&self, sale: &Sale) -> bool {
        let layby = sale.status.as_ref().is_ok_and(|status| status.account == Some(Account::Layby));
        layby && (sale.paid() - sale.totals.price_incl_tax).abs() <= self.mappings.settings.tolerance
    }
}

/// The invoices of which something is open, and how much.
fn open_invoices(bills: &[Bill]) -> impl Iterator<Item = (&Bill, Decimal)> {
    let open = bills.iter().filter(|bill| bill.kind == RecordKind::Invoice).filter_map(|bill| Some((bill, bill.remaining?)));
    open.filter(|(_, open)| *open > Decimal::ZERO)
}

/// What a payment pays for: the first invoice that has all of it open, else one after the other; none where they have less open.
fn spread(amount: Decimal, bills: &[Bill], tolerance: Decimal) -> Option<(Application, Vec<Application>)> {
    let part = |bill: &Bill, amount| Application { record: bill.id.clone(), amount };
    if amount <= Decimal::ZERO {
        return None;
    }
    if let Some((bill, open)) = open_invoices(bills).find(|(_, open)| *open + tolerance >= amount) {
        return Some((part(bill, amount.min(open)), Vec::new()));
    }
    let mut left = amount;
    let mut parts = Vec::new();
    for (bill, open) in open_invoices(bills) {
        let now = left.min(open);
        if now > Decimal::ZERO {
            left -= now;
            parts.push(part(bill, now));
        }
    }
    if parts.is_empty() || left > tolerance {
        return None;
    }
    let more = parts.split_off(1);
    Some((parts.pop()?, more))
}

/// The record that a call made, and its kind.
fn made(call: &PastCall) -> Option<(RecordKind, RecordId)> {
    call.kind.makes().zip(call.record.clone())
}
