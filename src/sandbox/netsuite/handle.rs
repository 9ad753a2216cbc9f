//! What people do in NetSuite, and the truth of what it holds.

use std::sync::{Arc, PoisonError};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::account::{Account, Context};
use super::errors::{ApiError, ApiResult};
use super::model::{Bill, BillKind, Customer, Form, Fulfilment, InventoryNumber, Item, Location, Lock, Payment, PeriodLength, SalesOrder};
use super::people::{NewCustomer, NewItem, NewSalesOrder, customer_by_text, everything, item_by_sku, location_by_text, order_fields};
use super::{Shared, seed};
use crate::sandbox::config::{Preferences, WebhookTarget};
use crate::sandbox::courier::Deliveries;
use crate::sandbox::faults::FaultHandle;
use crate::sandbox::number;

/// NetSuite said no to what a person tried, in its words.
#[derive(Debug, Error)]
#[error("NetSuite refused: {0}")]
pub struct Refused(String);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Self(error.detail().to_owned())
    }
}

/// Cheap to clone; all clones speak of the same account.
#[derive(Debug, Clone)]
pub struct NetSuiteHandle(pub(in crate::sandbox) Arc<Shared>);

impl NetSuiteHandle {
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Account) -> T) -> T {
        self.0.with(work)
    }

    fn act<T>(&self, work: impl FnOnce(&mut Account) -> ApiResult<T>) -> Result<T, Refused> {
        self.with(work).map_err(Refused::from)
    }

    /// Enters a sales order; its callback is posted.
    pub fn create_sales_order(&self, new: &NewSalesOrder) -> Result<u64, Refused> {
        self.act(|account| {
            let fields = order_fields(account, new)?;
            account.create_order(&fields, Context::UserInterface)
        })
    }

    /// Approves a sales order.
    pub fn approve(&self, order: u64) -> Result<(), Refused> {
        self.edit(order, &json!({ "orderStatus": { "id": "B" } }))
    }

    /// Cancels a sales order that has not shipped.
    pub fn cancel(&self, order: u64) -> Result<(), Refused> {
        self.act(|account| {
            account.check_lock(order)?;
            let record = account.order_mut(order)?;
            if record.lines.iter().any(|line| line.picked > Decimal::ZERO || line.billed > Decimal::ZERO) {
                return Err(ApiError::user("This sales order cannot be cancelled: it has been fulfilled or billed."));
            }
            record.cancelled = true;
            account.saved(order, "cancel", Context::UserInterface);
            Ok(())
        })
    }

    /// Closes every line of a sales order.
    pub fn close(&self, order: u64) -> Result<(), Refused> {
        let lines = self.sales_order(order).map(|order| order.lines).unwrap_or_default();
        let lines: Vec<Value> = lines.iter().map(|line| json!({ "line": line.line, "isClosed": true })).collect();
        self.edit(order, &json!({ "item": { "items": lines } }))
    }

    /// Edits a sales order with fields and lines as the record service takes them.
    pub fn edit(&self, order: u64, fields: &Value) -> Result<(), Refused> {
        self.act(|account| account.edit_order(order, fields, false, Context::UserInterface))
    }

    /// Changes a bill, as a person does.
    pub fn edit_bill(&self, bill: u64, fields: &Value) -> Result<(), Refused> {
        self.act(|account| account.edit_bill(bill, fields, Context::UserInterface))
    }

    /// Changes the quantity of one line.
    pub fn set_quantity(&self, order: u64, line: i64, quantity: Decimal) -> Result<(), Refused> {
        self.edit(order, &json!({ "item": { "items": [{ "line": line, "quantity": number::write(quantity) }] } }))
    }

    /// Changes the memo.
    pub fn set_memo(&self, order: u64, memo: &str) -> Result<(), Refused> {
        self.edit(order, &json!({ "memo": memo }))
    }

    /// Changes one field, custom or not.
    pub fn set_field(&self, order: u64, field: &str, value: impl Into<Value>) -> Result<(), Refused> {
        let fields: Map<String, Value> = [(field.to_owned(), value.into())].into_iter().collect();
        self.edit(order, &Value::Object(fields))
    }

    /// Ships everything that is open, with whatever serial and lot numbers are there.
    pub fn fulfil_fully(&self, order: u64) -> Result<u64, Refused> {
        self.act(|account| {
            let fields = everything(account, account.order(order)?);
            let draft = account.draft_fulfilment(order, &fields, false)?;
            account.save_fulfilment(draft, Context::UserInterface)
        })
    }

    /// Bills everything that has shipped, by the order's form.
    pub fn bill(&self, order: u64) -> Result<u64, Refused> {
        self.act(|account| {
            let kind = match account.order(order)?.form {
                Form::Invoice => BillKind::Invoice,
                Form::CashSale => BillKind::CashSale,
            };
            let draft = account.draft_bill(order, kind, &json!({}))?;
            account.save_bill(draft, Context::UserInterface)
        })
    }

    /// Ships and bills all of a sales order, and gives the bill.
    pub fn bill_fully(&self, order: u64) -> Result<u64, Refused> {
        if matches!(self.status(order), Some('B' | 'D' | 'E')) {
            self.fulfil_fully(order)?;
        }
        match self.bills_of(order).last() {
            Some(bill) if self.status(order) == Some('G') => Ok(bill.id),
            _ => self.bill(order),
        }
    }

    /// A sales order as it stands.
    pub fn sales_order(&self, order: u64) -> Option<SalesOrder> {
        self.with(|account| account.orders.get(&order).cloned())
    }

    /// Every sales order.
    pub fn sales_orders(&self) -> Vec<SalesOrder> {
        self.with(|account| account.orders.values().cloned().collect())
    }

    /// The letter of a sales order's status.
    pub fn status(&self, order: u64) -> Option<char> {
        self.with(|account| account.orders.get(&order).map(|order| account.status(order)))
    }

    /// A sales order's total, with tax.
    pub fn total(&self, order: u64) -> Option<Decimal> {
        self.with(|account| account.orders.get(&order).map(SalesOrder::total))
    }

    /// The item fulfilments made from a sales order.
    pub fn fulfilments_of(&self, order: u64) -> Vec<Fulfilment> {
        self.with(|account| account.fulfilments.values().filter(|child| child.created_from == order).cloned().collect())
    }

    /// The invoices and cash sales made from a sales order.
    pub fn bills_of(&self, order: u64) -> Vec<Bill> {
        self.with(|account| account.bills.values().filter(|child| child.created_from == Some(order)).cloned().collect())
    }

    /// The invoices made from a sales order.
    pub fn invoices_of(&self, order: u64) -> Vec<Bill> {
        self.bills_of(order).into_iter().filter(|bill| bill.kind == BillKind::Invoice).collect()
    }

    /// The cash sales made from a sales order.
    pub fn cash_sales_of(&self, order: u64) -> Vec<Bill> {
        self.bills_of(order).into_iter().filter(|bill| bill.kind == BillKind::CashSale).collect()
    }

    /// What a bill comes to, with tax, and what of it is still to be paid.
    pub fn bill_total(&self, bill: u64) -> Option<(Decimal, Decimal)> {
        self.with(|account| account.bills.get(&bill).map(|bill| (bill.total(), bill.remaining())))
    }

    /// Every customer payment.
    pub fn payments(&self) -> Vec<Payment> {
        self.with(|account| account.payments.values().cloned().collect())
    }

    /// Adds an item, with its stock at every location.
    pub fn add_item(&self, new: &NewItem) -> Result<u64, Refused> {
        self.act(|account| {
            let mut members = Vec::new();
            for (sku, quantity) in &new.members {
                members.push((item_by_sku(account, sku)?, *quantity));
            }
            let id = account.entity_id();
            let item = Item {
                id,
                sku: new.sku.clone(),
                name: new.name.clone(),
                kind: new.kind,
                price: new.price,
                taxable: new.taxable,
                inactive: false,
                bins: false,
                subsidiary: None,
                members,
            };
            let locations: Vec<u64> = account.locations.keys().copied().collect();
            seed::stock_up(account, &item, &locations, new.stock);
            account.items.insert(id, item);
            Ok(id)
        })
    }

    /// Takes an item out of use, or back into it.
    pub fn set_item_inactive(&self, sku: &str, inactive: bool) -> Result<(), Refused> {
        self.act(|account| {
            let id = item_by_sku(account, sku)?;
            if let Some(item) = account.items.get_mut(&id) {
                item.inactive = inactive;
            }
            Ok(())
        })
    }

    /// Adds a location.
    pub fn add_location(&self, name: &str) -> u64 {
        self.with(|account| {
            let id = account.entity_id();
            account.locations.insert(id, Location { id, name: name.to_owned(), subsidiary: 1 });
            id
        })
    }

    /// Adds a customer.
    pub fn add_customer(&self, new: &NewCustomer) -> u64 {
        self.with(|account| {
            let id = account.entity_id();
            let modified = account.clock.now();
            let title =
                if new.company_name.is_empty() { format!("{} {}", new.first_name, new.last_name) } else { new.company_name.clone() };
            let customer = Customer {
                id,
                external_id: None,
                subsidiary: 1,
                entity_id: format!("{id} {title}"),
                company_name: new.company_name.clone(),
                first_name: new.first_name.clone(),
                last_name: new.last_name.clone(),
                email: new.email.clone(),
                phone: String::new(),
                inactive: false,
                modified,
            };
            account.customers.insert(id, customer);
            id
        })
    }

    /// Takes a customer out of use, or back into it.
    pub fn set_customer_inactive(&self, id: u64, inactive: bool) -> Result<(), Refused> {
        self.act(|account| account.edit_customer(id, &json!({ "isInactive": inactive })))
    }

    /// Merges customers that are one: the transactions of the duplicate are the other's from then on, and the duplicate is gone.
    pub fn merge_customers(&self, duplicate: u64, into: u64) -> Result<(), Refused> {
        self.act(|account| account.merge_customers(duplicate, into))
    }

    /// An item by its SKU.
    pub fn item(&self, sku: &str) -> Option<Item> {
        self.with(|account| account.items.values().find(|item| item.sku == sku).cloned())
    }

    /// A location's id by its name.
    pub fn location_id(&self, name: &str) -> Option<u64> {
        self.with(|account| account.locations.values().find(|location| location.name == name).map(|location| location.id))
    }

    /// A customer by number, name or e-mail.
    pub fn customer(&self, text: &str) -> Option<Customer> {
        self.with(|account| customer_by_text(account, text).ok().and_then(|id| account.customers.get(&id).cloned()))
    }

    /// How many of an item are at a location.
    pub fn stock(&self, sku: &str, location: &str) -> Option<Decimal> {
        let (item, location) = (self.item(sku)?.id, self.location_id(location)?);
        self.with(|account| account.stock.get(&(item, location)).copied())
    }

    /// Sets how many of an item are at a location.
    pub fn set_stock(&self, sku: &str, location: &str, quantity: Decimal) -> Result<(), Refused> {
        self.act(|account| {
            let (item, location) = (item_by_sku(account, sku)?, location_by_text(account, location)?);
            account.stock.insert((item, location), quantity);
            Ok(())
        })
    }

    /// The serial or lot numbers of an item.
    pub fn inventory_numbers(&self, sku: &str) -> Vec<InventoryNumber> {
        self.with(|account| match item_by_sku(account, sku) {
            Ok(item) => account.numbers.values().filter(|number| number.item == item).cloned().collect(),
            Err(_no_such_item) => Vec::new(),
        })
    }

    /// Locks a sales order, or frees it.
    pub fn lock_record(&self, order: u64, lock: Option<Lock>) -> Result<(), Refused> {
        self.act(|account| {
            account.order_mut(order)?.lock = lock;
            Ok(())
        })
    }

    /// Closes the accounting period of a date, or opens it again.
    pub fn set_period_closed(&self, date: Date, closed: bool) {
        self.with(|account| {
            let months = account.periods.values_mut().filter(|period| period.length == PeriodLength::Month);
            months.filter(|period| period.holds(date)).for_each(|period| period.closed = closed);
        });
    }

    /// Locks the accounting period of a date for all postings, or unlocks it; it is not closed by that.
    pub fn set_period_locked(&self, date: Date, locked: bool) {
        self.with(|account| {
            let months = account.periods.values_mut().filter(|period| period.length == PeriodLength::Month);
            months.filter(|period| period.holds(date)).for_each(|period| period.locked = locked);
        });
    }

    /// Today in the account's time zone.
    pub fn today(&self) -> Date {
        self.with(|account| account.today())
    }

    /// Changes the account's preferences.
    pub fn set_preferences(&self, change: impl FnOnce(&mut Preferences)) {
        self.with(|account| change(&mut account.preferences));
    }

    /// Declares a custom body or line field.
    pub fn add_custom_field(&self, name: &str) {
        self.with(|account| account.custom_fields.push(name.to_owned()));
    }

    /// Sets where callbacks are posted from now on.
    pub fn set_webhook(&self, target: Option<WebhookTarget>) {
        *self.0.webhook.lock().unwrap_or_else(PoisonError::into_inner) = target;
    }

    /// Ends every access token.
    pub fn revoke_tokens(&self) {
        self.0.auth.revoke_all();
    }

    /// What goes wrong.
    pub fn faults(&self) -> &FaultHandle {
        &self.0.faults
    }

    /// How posting callbacks went.
    pub fn deliveries(&self) -> Deliveries {
        self.0.courier.deliveries()
    }
}
