//! Payments, deposits, their applications, and customer refunds.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Renderer;
use crate::sandbox::netsuite::model::{CustomerRefund, Deposit, DepositApplication, Named, Payment};
use crate::sandbox::netsuite::transaction::Transaction;
use crate::sandbox::number;

fn sum(applied: &[(u64, Decimal)]) -> Decimal {
    applied.iter().map(|(_, amount)| *amount).sum()
}

impl Renderer<'_> {
    /// The rows of an `apply` sublist.
    pub(super) fn applied_rows(&self, applied: &[(u64, Decimal)]) -> Vec<Value> {
        let row = |(place, (doc, amount)): (usize, &(u64, Decimal))| {
            let name = self.account.transaction(*doc).map(|of| of.title(self.account)).unwrap_or_default();
            json!({ "line": place + 1, "doc": { "id": doc.to_string(), "refName": name }, "apply": true, "amount": number::write(*amount) })
        };
        applied.iter().enumerate().map(row).collect()
    }

    pub(in crate::sandbox::netsuite) fn payment(&self, payment: &Payment) -> Value {
        let applied = sum(&payment.applied);
        let rows = self.applied_rows(&payment.applied);
        self.transaction(
            Transaction::Payment(payment),
            vec![
                ("customer", Some(self.customer(payment.customer))),
                ("payment", Some(number::write(payment.amount))),
                ("total", Some(number::write(payment.amount))),
                ("applied", Some(number::write(applied))),
                ("unapplied", Some(number::write(payment.amount - applied))),
                ("paymentMethod", self.method(payment.payment_method)),
                ("account", self.ledger_account(payment.account)),
                ("undepFunds", Some(payment.account.is_none().into())),
                ("apply", Some(self.sublist(&format!("customerPayment/{}", payment.id), "apply", &rows))),
            ],
        )
    }

    pub(in crate::sandbox::netsuite) fn deposit(&self, deposit: &Deposit) -> Value {
        let order = deposit.sales_order.and_then(|id| self.source(Some(id)));
        self.transaction(
            Transaction::Deposit(deposit),
            vec![
                ("customer", Some(self.customer(deposit.customer))),
                ("salesOrder", order),
                ("payment", Some(number::write(deposit.amount))),
                ("paymentMethod", self.method(deposit.payment_method)),
                ("account", self.ledger_account(deposit.account)),
                ("undepFunds", Some(deposit.account.is_none().into())),
            ],
        )
    }

    pub(in crate::sandbox::netsuite) fn application(&self, application: &DepositApplication) -> Value {
        let total = sum(&application.applied);
        let name = self.account.deposits.get(&application.deposit).map(|deposit| format!("Customer Deposit #{}", deposit.tran_id));
        let deposit = Named { id: application.deposit, name: name.unwrap_or_default() };
        let rows = self.applied_rows(&application.applied);
        self.transaction(
            Transaction::Application(application),
            vec![
                ("customer", Some(self.customer(application.customer))),
                ("deposit", Some(self.reference("customerDeposit", &deposit))),
                ("total", Some(number::write(total))),
                ("applied", Some(number::write(total))),
                ("unapplied", Some(number::write(Decimal::ZERO))),
                ("apply", Some(self.sublist(&format!("depositApplication/{}", application.id), "apply", &rows))),
            ],
        )
    }

    pub(in crate::sandbox::netsuite) fn refund(&self, refund: &CustomerRefund) -> Value {
        let rows = self.applied_rows(&refund.applied);
        let path = format!("customerRefund/{}", refund.id);
        self.transaction(
            Transaction::Refund(refund),
            vec![
                ("customer", Some(self.customer(refund.customer))),
                ("total", Some(number::write(sum(&refund.applied)))),
                ("paymentMethod", self.method(refund.payment_method)),
                ("account", self.ledger_account(Some(refund.account))),
                ("apply", Some(self.sublist(&path, "apply", &rows))),
                ("deposit", Some(self.sublist(&path, "deposit", &[]))),
            ],
        )
    }
}
