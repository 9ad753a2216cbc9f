//! The account: all its records. Everything is behind one lock, and a request changes all of it or nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::errors::{ApiError, ApiResult};
use super::kinds::Kind;
use super::model::{
    Bill, Bin, Customer, CustomerRefund, Deposit, DepositApplication, Fulfilment, InventoryNumber, Item, ItemKind, ItemReceipt,
    LedgerAccount, Location, Named, Payment, Period, PeriodLength, ReturnAuthorization, SalesOrder,
};
use crate::clock::Clock;
use crate::sandbox::config::Preferences;

/// What a user event script would tell.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub record: &'static str,
    pub id: u64,
    pub tran_id: String,
    /// `create`, `edit`, `approve`, …
    pub name: &'static str,
    pub context: Context,
    pub created_from: Option<u64>,
    pub modified: Timestamp,
}

/// Who changed a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Context {
    UserInterface,
    RestWebServices,
}

/// All records of the account.
#[derive(Debug)]
pub(super) struct Account {
    pub clock: Clock,
    pub zone: TimeZone,
    pub preferences: Preferences,
    pub custom_fields: Vec<String>,
    /// Transactions that no search shows.
    pub unsearchable: BTreeSet<u64>,
    pub items: BTreeMap<u64, Item>,
    pub customers: BTreeMap<u64, Customer>,
    pub locations: BTreeMap<u64, Location>,
    pub departments: Vec<Named>,
    pub classes: Vec<Named>,
    pub terms: Vec<(Named, i64)>,
    pub payment_methods: Vec<Named>,
    pub ship_methods: Vec<Named>,
    pub accounts: Vec<LedgerAccount>,
    pub subsidiaries: Vec<Named>,
    pub currency: Named,
    pub tax_type: Named,
    pub tax_code: Named,
    pub no_tax_code: Named,
    pub stock: BTreeMap<(u64, u64), Decimal>,
    pub bins: BTreeMap<u64, Bin>,
    pub numbers: BTreeMap<u64, InventoryNumber>,
    pub periods: BTreeMap<u64, Period>,
    pub orders: BTreeMap<u64, SalesOrder>,
    pub fulfilments: BTreeMap<u64, Fulfilment>,
    pub bills: BTreeMap<u64, Bill>,
    pub payments: BTreeMap<u64, Payment>,
    pub deposits: BTreeMap<u64, Deposit>,
    pub applications: BTreeMap<u64, DepositApplication>,
    pub returns: BTreeMap<u64, ReturnAuthorization>,
    pub receipts: BTreeMap<u64, ItemReceipt>,
    pub refunds: BTreeMap<u64, CustomerRefund>,
    pub events: Vec<Event>,
    pub next_transaction: u64,
    pub next_entity: u64,
    pub next_line_key: u64,
    pub next_number: BTreeMap<Kind, u64>,
}

impl Account {
    /// The next internal id of a transaction; transactions of all types share them.
    pub(super) fn transaction_id(&mut self) -> u64 {
        self.next_transaction += 1;
        self.next_transaction
    }

    /// The next internal id of an item, customer, location or inventory number.
    pub(super) fn entity_id(&mut self) -> u64 {
        self.next_entity += 1;
        self.next_entity
    }

    /// The next number people use: `SO1001`, `IF1`.
    pub(super) fn number(&mut self, kind: Kind) -> String {
        let next = self.next_number.entry(kind).or_insert(if kind == Kind::SalesOrder { 1000 } else { 0 });
        *next += 1;
        format!("{}{next}", kind.prefix())
    }

    pub(super) fn today(&self) -> Date {
        self.clock.now().to_zoned(self.zone.clone()).date()
    }

    pub(super) fn item(&self, id: u64) -> ApiResult<&Item> {
        self.items.get(&id).ok_or_else(ApiError::nonexistent)
    }

    pub(super) fn kind(&self, item: u64) -> ItemKind {
        self.items.get(&item).map_or(ItemKind::Inventory, |item| item.kind)
    }

    pub(super) fn order(&self, id: u64) -> ApiResult<&SalesOrder> {
        self.orders.get(&id).ok_or_else(ApiError::nonexistent)
    }

    pub(super) fn order_mut(&mut self, id: u64) -> ApiResult<&mut SalesOrder> {
        self.orders.get_mut(&id).ok_or_else(ApiError::nonexistent)
    }

    /// The month of a date.
    pub(super) fn month(&self, date: Date) -> Option<&Period> {
        self.periods.values().find(|period| period.length == PeriodLength::Month && period.holds(date))
    }

    /// The period of a posting date; refused where it is closed.
    pub(super) fn check_period(&self, date: Date) -> ApiResult<u64> {
        match self.month(date) {
            Some(period) if period.takes_postings() => Ok(period.id),
            _ => Err(ApiError::user(format!(
                "CLOSED_TRAN_PRD: You cannot post to a closed period. The posting period for {date} is closed or does not exist."
            ))),
        }
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
}
