//! A transaction of any kind: what all of them have, and what each answers in its own way.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use super::account::Account;
use super::kinds::Kind;
use super::model::{
    Bill, BillKind, CustomerRefund, Deposit, DepositApplication, Fulfilment, ItemReceipt, Payment, ReturnAuthorization, SalesOrder,
};
use super::render::{return_status_name, ship_status_name, status_name};

/// A transaction of any kind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Transaction<'a> {
    Order(&'a SalesOrder),
    Fulfilment(&'a Fulfilment),
    Bill(&'a Bill),
    Payment(&'a Payment),
    Deposit(&'a Deposit),
    Application(&'a DepositApplication),
    Return(&'a ReturnAuthorization),
    Receipt(&'a ItemReceipt),
    Refund(&'a CustomerRefund),
}

/// What every transaction has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub id: u64,
    pub external_id: Option<&'a str>,
    pub tran_id: &'a str,
    pub date: Date,
    pub memo: Option<&'a str>,
    pub customer: Option<u64>,
    pub created_from: Option<u64>,
    pub custom: Option<&'a BTreeMap<String, Value>>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

macro_rules! head {
    ($of:expr, $customer:expr, $created_from:expr, $custom:expr) => {
        Head {
            id: $of.id,
            external_id: $of.external_id.as_deref(),
            tran_id: &$of.tran_id,
            date: $of.tran_date,
            memo: $of.memo.as_deref(),
            customer: $customer,
            created_from: $created_from,
            custom: $custom,
            created: $of.created,
            modified: $of.modified,
        }
    };
}

impl<'a> Transaction<'a> {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Order(_) => Kind::SalesOrder,
            Self::Fulfilment(_) => Kind::ItemFulfillment,
            Self::Bill(bill) => bill.kind.into(),
            Self::Payment(_) => Kind::CustomerPayment,
            Self::Deposit(_) => Kind::CustomerDeposit,
            Self::Application(_) => Kind::DepositApplication,
            Self::Return(_) => Kind::ReturnAuthorization,
            Self::Receipt(_) => Kind::ItemReceipt,
            Self::Refund(_) => Kind::CustomerRefund,
        }
    }

    pub(super) fn head(self, account: &Account) -> Head<'a> {
        match self {
            Self::Order(of) => head!(of, Some(of.customer), None, Some(&of.custom)),
            Self::Fulfilment(of) => {
                let customer = account.orders.get(&of.created_from).map(|order| order.customer);
                head!(of, customer, Some(of.created_from), Some(&of.custom))
            }
            Self::Bill(of) => head!(of, Some(of.customer), of.created_from, Some(&of.custom)),
            Self::Payment(of) => head!(of, Some(of.customer), None, Some(&of.custom)),
            Self::Deposit(of) => head!(of, Some(of.customer), None, Some(&of.custom)),
            Self::Application(of) => head!(of, Some(of.customer), Some(of.deposit), None),
            Self::Return(of) => head!(of, Some(of.customer), of.created_from, Some(&of.custom)),
            Self::Receipt(of) => head!(of, Some(of.customer), Some(of.created_from), Some(&of.custom)),
            Self::Refund(of) => head!(of, Some(of.customer), None, Some(&of.custom)),
        }
    }

    /// The letter of its status; `Y` where its kind has none.
    pub(super) fn status(self, account: &Account) -> char {
        match self {
            Self::Order(order) => account.status(order),
            Self::Fulfilment(fulfilment) => fulfilment.ship_status,
            Self::Bill(bill) => bill.status(),
            Self::Payment(payment) if payment.account.is_none() => 'B',
            Self::Payment(_) => 'C',
            Self::Deposit(deposit) => deposit.status(),
            Self::Return(authorization) => account.return_status(authorization),
            Self::Application(_) | Self::Receipt(_) | Self::Refund(_) => 'Y',
        }
    }

    pub(super) fn status_name(self, account: &Account) -> &'static str {
        match (self, self.status(account)) {
            (Self::Order(_), letter) => status_name(letter),
            (Self::Fulfilment(_), letter) => ship_status_name(letter),
            (Self::Return(_), letter) => return_status_name(letter),
            (Self::Bill(bill), letter) => match (bill.kind, letter) {
                (BillKind::Invoice | BillKind::CreditMemo, 'A') => "Open",
                (BillKind::Invoice, _) => "Paid In Full",
                (BillKind::CreditMemo, _) => "Fully Applied",
                (BillKind::CashSale, 'C') => "Deposited",
                (BillKind::CashSale, _) => "Not Deposited",
                (BillKind::CashRefund, _) => "Undefined",
            },
            (Self::Payment(_), 'C') | (Self::Deposit(_), 'B') => "Deposited",
            (Self::Payment(_), _) | (Self::Deposit(_), 'A') => "Not Deposited",
            (Self::Deposit(_), _) => "Fully Applied",
            (Self::Application(_) | Self::Receipt(_) | Self::Refund(_), _) => "Undefined",
        }
    }

    /// With tax; none of what has no amount.
    pub(super) fn total(self) -> Option<Decimal> {
        let sum = |applied: &[(u64, Decimal)]| applied.iter().map(|(_, amount)| *amount).sum();
        match self {
            Self::Order(order) => Some(order.total()),
            Self::Bill(bill) => Some(bill.total()),
            Self::Payment(payment) => Some(payment.amount),
            Self::Deposit(deposit) => Some(deposit.amount),
            Self::Application(application) => Some(sum(&application.applied)),
            Self::Return(authorization) => Some(authorization.total()),
            Self::Refund(refund) => Some(sum(&refund.applied)),
            Self::Fulfilment(_) | Self::Receipt(_) => None,
        }
    }

    /// `Invoice #INV7`
    pub(super) fn title(self, account: &Account) -> String {
        format!("{} #{}", self.kind().title(), self.head(account).tran_id)
    }
}

impl Account {
    /// Every transaction of the account.
    pub(super) fn transactions(&self) -> impl Iterator<Item = Transaction<'_>> {
        let orders = self.orders.values().map(Transaction::Order);
        let fulfilments = self.fulfilments.values().map(Transaction::Fulfilment);
        let bills = self.bills.values().map(Transaction::Bill);
        let payments = self.payments.values().map(Transaction::Payment);
        let deposits = self.deposits.values().map(Transaction::Deposit);
        let applications = self.applications.values().map(Transaction::Application);
        let returns = self.returns.values().map(Transaction::Return);
        let receipts = self.receipts.values().map(Transaction::Receipt);
        let refunds = self.refunds.values().map(Transaction::Refund);
        let sold = orders.chain(fulfilments).chain(bills).chain(payments);
        sold.chain(deposits).chain(applications).chain(returns).chain(receipts).chain(refunds)
    }

    /// Those of one kind.
    pub(super) fn of_kind(&self, kind: Kind) -> Box<dyn Iterator<Item = Transaction<'_>> + '_> {
        let bills = |wanted: BillKind| self.bills.values().filter(move |bill| bill.kind == wanted).map(Transaction::Bill);
        match kind {
            Kind::SalesOrder => Box::new(self.orders.values().map(Transaction::Order)),
            Kind::ItemFulfillment => Box::new(self.fulfilments.values().map(Transaction::Fulfilment)),
            Kind::Invoice => Box::new(bills(BillKind::Invoice)),
            Kind::CashSale => Box::new(bills(BillKind::CashSale)),
            Kind::CreditMemo => Box::new(bills(BillKind::CreditMemo)),
            Kind::CashRefund => Box::new(bills(BillKind::CashRefund)),
            Kind::CustomerPayment => Box::new(self.payments.values().map(Transaction::Payment)),
            Kind::CustomerDeposit => Box::new(self.deposits.values().map(Transaction::Deposit)),
            Kind::DepositApplication => Box::new(self.applications.values().map(Transaction::Application)),
            Kind::ReturnAuthorization => Box::new(self.returns.values().map(Transaction::Return)),
            Kind::ItemReceipt => Box::new(self.receipts.values().map(Transaction::Receipt)),
            Kind::CustomerRefund => Box::new(self.refunds.values().map(Transaction::Refund)),
        }
    }

    /// The transaction with an id; ids are shared by all kinds.
    pub(super) fn transaction(&self, id: u64) -> Option<Transaction<'_>> {
        let order = || self.orders.get(&id).map(Transaction::Order);
        let fulfilment = || self.fulfilments.get(&id).map(Transaction::Fulfilment);
        let bill = || self.bills.get(&id).map(Transaction::Bill);
        let payment = || self.payments.get(&id).map(Transaction::Payment);
        let deposit = || self.deposits.get(&id).map(Transaction::Deposit);
        let application = || self.applications.get(&id).map(Transaction::Application);
        let returned = || self.returns.get(&id).map(Transaction::Return);
        let receipt = || self.receipts.get(&id).map(Transaction::Receipt);
        let refund = || self.refunds.get(&id).map(Transaction::Refund);
        let sold = order().or_else(fulfilment).or_else(bill).or_else(payment).or_else(deposit);
        sold.or_else(application).or_else(returned).or_else(receipt).or_else(refund)
    }
}
