//! What was paid at the till, each payment booked once: keyed by its own id, since payments come late and are edited.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::reconcile::call;
use super::ship::memo;
use super::{Case, Step, held};
use crate::domain::call::{CallKind, Request};
use crate::domain::facts::PastCall;
use crate::domain::keys;
use crate::domain::record::{Bill, RecordKind};
use crate::domain::requests::PaymentRequest;
use crate::domain::sale::{Sale, SalePayment};
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

impl Case<'_> {
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

    /// A payment that was booked and is another now, or gone: the books say what the till no longer says.
    pub(super) fn check_payments(&self, sale: &Sale, what: &str) -> Step<()> {
        let mut differences = Vec::new();
        let mut known = Vec::new();
        for payment in &sale.payments {
            for how in BookedAs::ALL {
                let key = self.payment_key(how, sale, payment);
                let booked = self.booked_payment(&key).and_then(|call| call.amount);
                // What was more than the invoice had open was booked at that, within the tolerance.
                if let Some(booked) = booked.filter(|booked| (payment.amount.abs() - *booked).abs() > self.mappings.settings.tolerance) {
                    differences.push(format!("a payment is booked at {booked} and is {} at the till now", payment.amount));
                }
                known.push(key);
            }
        }
        let by_payment = [CallKind::Payment, CallKind::Deposit, CallKind::CustomerRefund];
        for call in self.facts.calls.iter().filter(|call| call.done && by_payment.contains(&call.kind) && !known.contains(&call.key)) {
            let amount = call.amount.map(|amount| format!(" of {amount}")).unwrap_or_default();
            differences.push(format!("a payment{amount} is booked and is gone from the till"));
        }
        if differences.is_empty() {
            return Ok(());
        }
        let detail = format!("{what}: {}. Correct it in NetSuite or at the till, then skip it here.", differences.join("; "));
        Err(held(Reason::PaymentChanged, detail))
    }

    /// Books each payment of the till once, against the open invoices. A deposit is booked already, and applied instead.
    pub(super) fn pay(&mut self, what: &str, customer: Option<&str>, sale: &Sale, bills: &[Bill]) -> Step<()> {
        let tenders = self.tenders(what, sale)?;
        let Some(customer) = customer.filter(|_| !tenders.is_empty()) else { return Ok(()) };
        let tolerance = self.mappings.settings.tolerance;
        for (payment, rule) in tenders {
            let external_id = self.payment_key(BookedAs::Payment, sale, payment);
            let deposit = self.payment_key(BookedAs::Deposit, sale, payment);
            // Given back for what came back: that is the refund's, not the invoice's.
            let given_back = payment.amount < Decimal::ZERO && self.is_booked(&self.payment_key(BookedAs::Refund, sale, payment));
            if self.is_booked(&external_id) || self.is_booked(&deposit) || given_back {
                continue;
            }
            let mut open = bills
                .iter()
                .filter(|bill| bill.kind == RecordKind::Invoice && bill.remaining.is_some_and(|remaining| remaining > Decimal::ZERO));
            let fits = |bill: &&Bill| bill.remaining.is_some_and(|remaining| remaining + tolerance >= payment.amount);
            let Some(invoice) = open.clone().find(fits).filter(|_| payment.amount > Decimal::ZERO) else {
                // A cash sale is paid by itself.
                if bills.iter().any(|bill| bill.kind == RecordKind::CashSale) || !bills.iter().any(|bill| bill.kind == RecordKind::Invoice)
                {
                    return Ok(());
                }
                let most = open.next().and_then(|bill| bill.remaining).unwrap_or_default();
                let detail = format!(
                    "The till took {} for {what}, and its invoice has only {most} open. Settle the difference in NetSuite, then release it here.",
                    payment.amount
                );
                return Err(held(Reason::TotalsDiffer, detail));
            };
            let (id, remaining) = (invoice.id.clone(), invoice.remaining.unwrap_or(payment.amount));
            let request = PaymentRequest {
                external_id: external_id.clone(),
                customer: customer.to_owned(),
                invoice: id,
                amount: payment.amount.min(remaining),
                date: self.payment_day(sale, payment)?,
                payment_method: self.payment_method(&rule)?,
                account: self.account(&rule)?,
                memo: Some(memo(sale)),
            };
            return Err(call(external_id, Request::Payment(request)));
        }
        Ok(())
    }
}
