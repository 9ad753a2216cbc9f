//! What is paid over time of a layby: a customer deposit for each instalment, a refund of them for what was given back, and what is left
//! of them for the invoice in the end.

use rust_decimal::Decimal;

use crate::domain::bookings::{Application, DepositApplicationRequest, DepositRequest, RefundRequest};
use crate::domain::call::Request;
use crate::domain::decide::payments::BookedAs;
use crate::domain::decide::reconcile::{call, voided};
use crate::domain::decide::ship::memo;
use crate::domain::decide::{Case, Next, Step, held};
use crate::domain::facts::PastCall;
use crate::domain::ids::RecordId;
use crate::domain::keys;
use crate::domain::mapping::PaymentTypeRule;
use crate::domain::record::{Child, RecordKind};
use crate::domain::sale::{Sale, SalePayment};
use crate::domain::sales_order::SalesOrder;
use crate::domain::status::{Account, OrderStatus};
use crate::domain::verdict::Reason;

/// A customer deposit that is booked of a payment.
struct Deposit {
    record: RecordId,
    /// What of it is neither applied nor given back.
    open: Decimal,
    /// What would be, by what this service did.
    expected: Decimal,
}

impl Case<'_> {
    /// The sale was voided: what is booked of it, and what undoes that.
    pub(super) fn voided_order(&self, order: &SalesOrder, sale: &Sale, booked: &[Child], status: OrderStatus) -> Next {
        let deposits = self.deposits(sale, booked);
        if deposits.is_empty() {
            return voided(order, status);
        }
        let taken = self.shown(deposits.iter().map(|(_, amount)| *amount).sum());
        let count = deposits.len();
        let deposits = if count == 1 { format!("a customer deposit of {taken}") } else { format!("{count} customer deposits of {taken}") };
        let gone: Decimal = order.lines.iter().map(|line| line.fulfilled.max(line.billed)).sum();
        let first = match voided(order, status) {
            Next::End(verdict, _) if !gone.is_zero() || status.is_dead() => verdict.detail,
            _ => format!("The sale of {} was voided. Cancel or close the sales order in NetSuite.", order.number),
        };
        let detail = format!(
            "{first} NetSuite holds {deposits} for it: give back by a customer refund what is not given back yet. Then skip it here."
        );
        held(Reason::SaleVoided, detail)
    }

    /// The customer deposits that are booked of the sale's payments, with their amounts.
    fn deposits(&self, sale: &Sale, booked: &[Child]) -> Vec<(RecordId, Decimal)> {
        let of = |payment: &SalePayment| {
            let key = self.payment_key(BookedAs::Deposit, sale, payment);
            let call = self.booked_payment(&key);
            let record = call.and_then(|call| call.record.clone());
            let found = || booked.iter().find(|record| record.external_id.as_deref() == Some(&key)).map(|record| record.id.clone());
            let amount = call.and_then(PastCall::amount).unwrap_or(payment.amount);
            Some((record.or_else(found)?, amount))
        };
        sale.payments.iter().filter_map(of).collect()
    }

    /// The same as NetSuite has them now, the first instalment first.
    fn deposits_now(&self, sale: &Sale) -> Step<Vec<Deposit>> {
        let deposits = self.deposits(sale, self.booked(sale)?);
        let ids = deposits.iter().map(|(id, _)| (RecordKind::CustomerDeposit, id.clone())).collect::<Vec<_>>();
        let now = self.money_now(&ids)?;
        let each = deposits.into_iter().map(|(record, amount)| {
            let expected = amount - self.given_back_of(&record);
            let found = now.iter().find(|money| money.id == record);
            let open = found.map_or(Decimal::ZERO, |money| money.unused.unwrap_or(expected));
            Deposit { record, open, expected }
        });
        Ok(each.collect())
    }

    /// What of a deposit we gave back.
    fn given_back_of(&self, deposit: &RecordId) -> Decimal {
        let refunds = self.facts.calls.iter().filter(|call| call.done).filter_map(|call| match call.request.as_ref()? {
            Request::Refund(refund) => Some(&refund.deposits),
            _ => None,
        });
        refunds.flatten().filter(|part| part.record == *deposit).map(|part| part.amount).sum()
    }

    /// Books each instalment of a layby as a customer deposit on its sales order, once; and gives back of them what the till gave back.
    pub(super) fn deposit(&mut self, order: &SalesOrder, sale: &Sale) -> Step<()> {
        let layby = sale.status.as_ref().is_ok_and(|status| status.account == Some(Account::Layby));
        let Some(customer) = order.customer.as_ref().filter(|_| layby && order.status != Ok(OrderStatus::Billed)) else { return Ok(()) };
        let tenders = self.tenders(&order.number, sale)?;
        let left: Decimal = tenders.iter().map(|(payment, _)| payment.amount).sum();
        // What came in is booked before anything goes out of it.
        let (taken, given_back) = tenders.into_iter().partition::<Vec<_>, _>(|(payment, _)| payment.amount > Decimal::ZERO);
        for (payment, rule) in taken {
            let key = self.payment_key(BookedAs::Deposit, sale, payment);
            let paid = self.payment_key(BookedAs::Payment, sale, payment);
            if self.is_booked(&key) || self.is_booked(&paid) {
                continue;
            }
            // What is gone from the till may be what this one stands for now.
            self.check_payments(sale, &order.number)?;
            let request = DepositRequest {
                external_id: key.clone(),
                order: order.id.clone(),
                customer: customer.id.clone(),
                amount: payment.amount,
                date: self.payment_day(sale, payment)?,
                payment_method: self.payment_method(&rule)?,
                account: self.account(&rule)?,
                memo: Some(memo(sale)),
                tender: Some(payment.type_id.clone()),
            };
            return Err(call(key, Request::Deposit(request)));
        }
        for (payment, rule) in given_back {
            self.refund_deposits(order, sale, (payment, &rule), (&customer.id, left))?;
        }
        Ok(())
    }

    /// The till gave money back of an open layby: a customer refund of its deposits, the last instalment first. `left` is what the till
    /// has of it in the end. Where that is all that the deposits have open, somebody gave it back in NetSuite already.
    fn refund_deposits(
        &mut self,
        order: &SalesOrder,
        sale: &Sale,
        (payment, rule): (&SalePayment, &PaymentTypeRule),
        (customer, left): (&str, Decimal),
    ) -> Step<()> {
        let key = self.payment_key(BookedAs::Refund, sale, payment);
        if self.is_booked(&key) {
            return Ok(());
        }
        let tolerance = self.mappings.settings.tolerance;
        let deposits = self.deposits_now(sale)?;
        let (open, expected) = deposits
            .iter()
            .fold((Decimal::ZERO, Decimal::ZERO), |(open, expected), deposit| (open + deposit.open, expected + deposit.expected));
        let amount = payment.amount.abs();
        if (open - left).abs() <= tolerance {
            self.notes
                .push(format!("{} of the layby was given back, and its deposits have no more open than that leaves.", self.shown(amount)));
            return Ok(());
        }
        if (open - expected).abs() > tolerance || amount > open + tolerance {
            let detail = format!(
                "The till gave {} of the layby {} back, so that {} of its customer deposits should be left, and they have {} open. Make a customer refund of them in NetSuite, or correct the payments at the till, until both say the same; then release it here.",
                self.shown(amount),
                order.number,
                self.shown(left),
                self.shown(open)
            );
            return Err(held(Reason::PaymentChanged, detail));
        }
        self.check_payments(sale, &order.number)?;
        let mut wanted = amount.min(open);
        let mut parts = Vec::new();
        for deposit in deposits.into_iter().rev() {
            let part = wanted.min(deposit.open);
            if part > Decimal::ZERO {
                wanted -= part;
                parts.push(Application { record: deposit.record, amount: part });
            }
        }
        let request = RefundRequest {
            external_id: key.clone(),
            customer: customer.to_owned(),
            apply: None,
            deposits: parts,
            date: self.payment_day(sale, payment)?,
            payment_method: self.payment_method(rule)?,
            account: self.account(rule)?,
            memo: Some(memo(sale)),
            tender: Some(payment.type_id.clone()),
        };
        Err(call(key, Request::Refund(request)))
    }

    /// Applies what is left of the deposits to the order's invoice. NetSuite does so by itself in most accounts: only what is still open
    /// is applied.
    pub(in crate::domain::decide) fn apply_deposits(&mut self, order: &SalesOrder, sale: &Sale) -> Step<()> {
        if !self.is_of_the_till(order, sale) {
            return Ok(());
        }
        let mut deposits = self.deposits(sale, self.booked(sale)?);
        if deposits.is_empty() {
            return Ok(());
        }
        let bills = self.bills()?;
        let invoice = |bill: &&crate::domain::record::Bill| bill.kind == RecordKind::Invoice;
        let Some((invoice, remaining)) =
            bills.iter().filter(invoice).find_map(|bill| Some((&bill.id, bill.remaining.filter(|remaining| *remaining > Decimal::ZERO)?)))
        else {
            return Ok(());
        };
        // Of what was given back in between, less is left.
        if sale.payments.iter().any(|payment| payment.amount < Decimal::ZERO) {
            let now = self.deposits_now(sale)?;
            deposits = now.into_iter().map(|deposit| (deposit.record, deposit.open)).filter(|(_, open)| *open > Decimal::ZERO).collect();
        }
        for (deposit, amount) in deposits {
            let key = keys::external_id("da", &self.facts.connection, &format!("{deposit}-{invoice}"), 1);
            if self.facts.calls.iter().any(|call| call.done && call.key == key) {
                continue;
            }
            let apply = Application { record: invoice.clone(), amount: amount.min(remaining) };
            let request = DepositApplicationRequest { external_id: key.clone(), deposit, apply, date: self.business_day(sale)? };
            self.notes.push(format!("The deposits of {} are applied to its invoice.", order.number));
            return Err(call(key, Request::ApplyDeposit(request)));
        }
        Ok(())
    }
}
