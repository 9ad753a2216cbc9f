//! The truth of what the account holds, by kind and by key: what a test says "one of each" with.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use super::account::{Account, Context};
use super::handle::NetSuiteHandle;
use super::kinds::Kind;
use super::model::{Bill, Bin, Customer, CustomerRefund, Deposit, DepositApplication, ItemReceipt, ReturnAuthorization};
use super::transaction::Transaction;
use crate::sandbox::config::Preferences;

/// A transaction in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// The internal id.
    pub id: u64,
    /// The key another system gave it.
    pub external_id: Option<String>,
    /// The number people use.
    pub tran_id: String,
    /// Its date.
    pub date: Date,
    /// The customer.
    pub customer: Option<u64>,
    /// What it was made from.
    pub created_from: Option<u64>,
    /// The letter of its status; `Y` where its kind has none.
    pub status: char,
    /// With tax.
    pub total: Option<Decimal>,
    /// The memo.
    pub memo: Option<String>,
    /// Every `custbody_*`.
    pub custom: BTreeMap<String, Value>,
}

impl Entry {
    fn of(account: &Account, of: Transaction<'_>) -> Self {
        let head = of.head(account);
        Self {
            kind: of.kind(),
            id: head.id,
            external_id: head.external_id.map(str::to_owned),
            tran_id: head.tran_id.to_owned(),
            date: head.date,
            customer: head.customer,
            created_from: head.created_from,
            status: of.status(account),
            total: of.total(),
            memo: head.memo.map(str::to_owned),
            custom: head.custom.cloned().unwrap_or_default(),
        }
    }

    /// Its external id or one of its custom fields holds the key.
    fn is_keyed(&self, key: &str) -> bool {
        let text = |value: &Value| value.as_str().is_some_and(|text| text == key);
        self.external_id.as_ref().is_some_and(|external| external.contains(key)) || self.custom.values().any(text)
    }
}

impl NetSuiteHandle {
    /// Every transaction, or those of one kind, in the order of their ids.
    pub fn entries(&self, kind: Option<Kind>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.with(|account| match kind {
            Some(kind) => account.of_kind(kind).map(|of| Entry::of(account, of)).collect(),
            None => account.transactions().map(|of| Entry::of(account, of)).collect(),
        });
        entries.sort_by_key(|entry| entry.id);
        entries
    }

    /// The transactions with a key, such as a sale's: in their external id, or as a custom field. What NetSuite makes by
    /// itself has none; it is found by what it was made from.
    pub fn entries_for(&self, key: &str) -> Vec<Entry> {
        self.entries(None).into_iter().filter(|entry| entry.is_keyed(key)).collect()
    }

    /// How many transactions there are of each kind with a key.
    pub fn counts_for(&self, key: &str) -> BTreeMap<Kind, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.entries_for(key) {
            *counts.entry(entry.kind).or_default() += 1;
        }
        counts
    }

    /// The transaction of a kind with an external id.
    pub fn by_external_id(&self, kind: Kind, external_id: &str) -> Option<Entry> {
        self.entries(Some(kind)).into_iter().find(|entry| entry.external_id.as_deref() == Some(external_id))
    }

    /// A transaction by its internal id.
    pub fn entry(&self, id: u64) -> Option<Entry> {
        self.with(|account| account.transaction(id).map(|of| Entry::of(account, of)))
    }

    /// Leaves a transaction out of every search, as an index that lags behind does; it can still be read.
    pub fn set_unsearchable(&self, id: u64, unsearchable: bool) {
        self.with(|account| if unsearchable { account.unsearchable.insert(id) } else { account.unsearchable.remove(&id) });
    }

    /// Deletes a bill, as a person may who has the permission.
    pub fn delete_bill(&self, id: u64) -> bool {
        self.with(|account| {
            let Some(bill) = account.bills.remove(&id) else { return false };
            account.tell_bill(&bill, "delete", Context::UserInterface);
            true
        })
    }

    /// What was made from a transaction.
    pub fn made_from(&self, id: u64) -> Vec<Entry> {
        self.entries(None).into_iter().filter(|entry| entry.created_from == Some(id)).collect()
    }

    /// How many there are of each transaction.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let name = |kind: Kind| match kind {
            Kind::SalesOrder => "sales_orders",
            Kind::ItemFulfillment => "item_fulfilments",
            Kind::Invoice => "invoices",
            Kind::CashSale => "cash_sales",
            Kind::CustomerPayment => "customer_payments",
            Kind::CustomerDeposit => "customer_deposits",
            Kind::DepositApplication => "deposit_applications",
            Kind::ReturnAuthorization => "return_authorizations",
            Kind::ItemReceipt => "item_receipts",
            Kind::CreditMemo => "credit_memos",
            Kind::CashRefund => "cash_refunds",
            Kind::CustomerRefund => "customer_refunds",
        };
        self.with(|account| Kind::ALL.map(|kind| (name(kind), account.of_kind(kind).count())).into())
    }

    /// An invoice, a cash sale, a credit memo or a cash refund.
    pub fn bill_record(&self, id: u64) -> Option<Bill> {
        self.with(|account| account.bills.get(&id).cloned())
    }

    /// Every customer.
    pub fn customers(&self) -> Vec<Customer> {
        self.with(|account| account.customers.values().cloned().collect())
    }

    /// Every customer deposit.
    pub fn deposits(&self) -> Vec<Deposit> {
        self.with(|account| account.deposits.values().cloned().collect())
    }

    /// Every deposit application.
    pub fn deposit_applications(&self) -> Vec<DepositApplication> {
        self.with(|account| account.applications.values().cloned().collect())
    }

    /// Every return authorisation.
    pub fn return_authorizations(&self) -> Vec<ReturnAuthorization> {
        self.with(|account| account.returns.values().cloned().collect())
    }

    /// Every item receipt.
    pub fn item_receipts(&self) -> Vec<ItemReceipt> {
        self.with(|account| account.receipts.values().cloned().collect())
    }

    /// Every customer refund.
    pub fn customer_refunds(&self) -> Vec<CustomerRefund> {
        self.with(|account| account.refunds.values().cloned().collect())
    }

    /// Every bin.
    pub fn bins(&self) -> Vec<Bin> {
        self.with(|account| account.bins.values().cloned().collect())
    }

    /// The account's preferences as they stand.
    pub fn preferences(&self) -> Preferences {
        self.with(|account| account.preferences.clone())
    }
}
