//! Transactions as SuiteQL sees them: one table of all types, and one of their lines.

use rust_decimal::Decimal;

use super::Val;
use super::tables::{day, optional, time, word};
use crate::sandbox::netsuite::account::Account;
use crate::sandbox::netsuite::model::{Bill, BillKind, Fulfilment, Payment, SalesOrder};
use crate::sandbox::netsuite::render::{bill_status_name, ship_status_name, status_name};

/// A transaction of any type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Transaction<'a> {
    Order(&'a SalesOrder),
    Fulfilment(&'a Fulfilment),
    Bill(&'a Bill),
    Payment(&'a Payment),
}

/// Every transaction of the account.
pub(super) fn transactions(account: &Account) -> impl Iterator<Item = Transaction<'_>> {
    let orders = account.orders.values().map(Transaction::Order);
    let fulfilments = account.fulfilments.values().map(Transaction::Fulfilment);
    let bills = account.bills.values().map(Transaction::Bill);
    orders.chain(fulfilments).chain(bills).chain(account.payments.values().map(Transaction::Payment))
}

/// The transaction with an id.
pub(super) fn of_id(account: &Account, id: u64) -> Option<Transaction<'_>> {
    let order = || account.orders.get(&id).map(Transaction::Order);
    let fulfilment = || account.fulfilments.get(&id).map(Transaction::Fulfilment);
    let bill = || account.bills.get(&id).map(Transaction::Bill);
    order().or_else(fulfilment).or_else(bill).or_else(|| account.payments.get(&id).map(Transaction::Payment))
}

impl Transaction<'_> {
    pub(super) fn type_code(self) -> &'static str {
        match self {
            Self::Order(_) => "SalesOrd",
            Self::Fulfilment(_) => "ItemShip",
            Self::Bill(bill) if bill.kind == BillKind::Invoice => "CustInvc",
            Self::Bill(_) => "CashSale",
            Self::Payment(_) => "CustPymt",
        }
    }

    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Order(_) => "Sales Order",
            Self::Fulfilment(_) => "Item Fulfillment",
            Self::Bill(bill) if bill.kind == BillKind::Invoice => "Invoice",
            Self::Bill(_) => "Cash Sale",
            Self::Payment(_) => "Payment",
        }
    }

    pub(super) fn link_type(self) -> &'static str {
        match self {
            Self::Order(_) | Self::Bill(_) => "OrdBill",
            Self::Fulfilment(_) => "ShipRcpt",
            Self::Payment(_) => "Payment",
        }
    }

    fn id(self) -> u64 {
        match self {
            Self::Order(order) => order.id,
            Self::Fulfilment(fulfilment) => fulfilment.id,
            Self::Bill(bill) => bill.id,
            Self::Payment(payment) => payment.id,
        }
    }

    fn tran_id(self) -> String {
        match self {
            Self::Order(order) => order.tran_id.clone(),
            Self::Fulfilment(fulfilment) => fulfilment.tran_id.clone(),
            Self::Bill(bill) => bill.tran_id.clone(),
            Self::Payment(payment) => payment.tran_id.clone(),
        }
    }

    pub(super) fn title(self) -> String {
        format!("{} #{}", self.type_name(), self.tran_id())
    }

    fn status(self, account: &Account) -> char {
        match self {
            Self::Order(order) => account.status(order),
            Self::Fulfilment(fulfilment) => fulfilment.ship_status,
            Self::Bill(bill) => bill.status(),
            Self::Payment(_) => 'C',
        }
    }

    pub(super) fn status_text(self, account: &Account) -> String {
        let name = match self {
            Self::Order(order) => status_name(account.status(order)),
            Self::Fulfilment(fulfilment) => ship_status_name(fulfilment.ship_status),
            Self::Bill(bill) => bill_status_name(bill),
            Self::Payment(_) => "Not Deposited",
        };
        format!("{} : {name}", self.type_name())
    }

    fn source(self) -> Option<u64> {
        match self {
            Self::Fulfilment(fulfilment) => Some(fulfilment.created_from),
            Self::Bill(bill) => Some(bill.created_from),
            Self::Order(_) | Self::Payment(_) => None,
        }
    }

    fn customer(self, account: &Account) -> Option<u64> {
        match self {
            Self::Order(order) => Some(order.customer),
            Self::Fulfilment(fulfilment) => account.orders.get(&fulfilment.created_from).map(|order| order.customer),
            Self::Bill(bill) => Some(bill.customer),
            Self::Payment(payment) => Some(payment.customer),
        }
    }

    fn total(self) -> Option<Decimal> {
        match self {
            Self::Order(order) => Some(order.total()),
            Self::Fulfilment(_) => None,
            Self::Bill(bill) => Some(bill.total()),
            Self::Payment(payment) => Some(payment.amount),
        }
    }

    pub(super) fn get(self, account: &Account, column: &str) -> Val {
        let (external_id, date, memo, created, modified) = match self {
            Self::Order(of) => (&of.external_id, of.tran_date, &of.memo, of.created, of.modified),
            Self::Fulfilment(of) => (&of.external_id, of.tran_date, &of.memo, of.created, of.modified),
            Self::Bill(of) => (&of.external_id, of.tran_date, &of.memo, of.created, of.modified),
            Self::Payment(of) => (&of.external_id, of.tran_date, &of.memo, of.created, of.modified),
        };
        let amount = |value: Option<Decimal>| value.map_or(Val::Null, Val::Number);
        match column {
            "id" => Val::id(self.id()),
            "tranid" | "transactionnumber" => word(&self.tran_id()),
            "trandisplayname" => word(&self.title()),
            "externalid" => Val::text_or_null(external_id.as_deref()),
            "type" => word(self.type_code()),
            "abbrevtype" => word(match self.type_code() {
                "SalesOrd" => "SALESORD",
                "ItemShip" => "ITEMSHIP",
                "CustInvc" => "INV",
                "CashSale" => "CASHSALE",
                _ => "PMT",
            }),
            "recordtype" => word(match self.type_code() {
                "SalesOrd" => "salesorder",
                "ItemShip" => "itemfulfillment",
                "CustInvc" => "invoice",
                "CashSale" => "cashsale",
                _ => "customerpayment",
            }),
            "status" => word(&self.status(account).to_string()),
            "entity" => optional(self.customer(account)),
            "trandate" => day(date),
            "createddate" => time(account, created),
            "lastmodifieddate" => time(account, modified),
            "memo" => Val::text_or_null(memo.as_deref()),
            "currency" => Val::id(account.currency.id),
            "exchangerate" => Val::Number(Decimal::ONE),
            "foreigntotal" => amount(self.total()),
            "posting" => Val::flag(!matches!(self, Self::Order(_))),
            "voided" | "void" => Val::flag(false),
            "postingperiod" => {
                let period = account.periods.values().find(|period| period.start <= date && date <= period.end);
                optional(period.filter(|_| !matches!(self, Self::Order(_))).map(|period| period.id))
            }
            "email" => {
                let customer = self.customer(account).and_then(|id| account.customers.get(&id));
                Val::text_or_null(customer.map(|customer| customer.email.as_str()))
            }
            _ => self.own_column(account, column),
        }
    }

    /// Columns that only some types fill.
    fn own_column(self, account: &Account, column: &str) -> Val {
        let custom = match self {
            Self::Order(of) => Some(&of.custom),
            Self::Fulfilment(of) => Some(&of.custom),
            Self::Bill(of) => Some(&of.custom),
            Self::Payment(_) => None,
        };
        if column.starts_with("custbody_") {
            return custom.and_then(|fields| fields.get(column)).map_or(Val::Null, json_column);
        }
        match (self, column) {
            (Self::Order(order), "otherrefnum") => Val::text_or_null(order.other_ref_num.as_deref()),
            (Self::Order(order), "terms") => optional(order.terms),
            (Self::Order(order), "shipdate") => order.ship_date.map_or(Val::Null, day),
            (Self::Order(order), "shipmethod") => optional(order.ship_method),
            (Self::Order(order), "customform") => Val::id(order.form.named().id),
            (Self::Order(order), "paymentmethod") => optional(order.payment_method),
            (Self::Bill(bill), "otherrefnum") => Val::text_or_null(bill.other_ref_num.as_deref()),
            (Self::Bill(bill), "terms") => optional(bill.terms),
            (Self::Bill(bill), "duedate") if bill.kind == BillKind::Invoice => day(account.due_date(bill)),
            (Self::Bill(bill), "foreignamountunpaid") if bill.kind == BillKind::Invoice => Val::Number(bill.remaining()),
            (Self::Bill(bill), "foreignamountpaid") if bill.kind == BillKind::Invoice => Val::Number(bill.paid),
            (Self::Bill(bill), "paymentmethod") => optional(bill.payment_method),
            (Self::Payment(payment), "paymentmethod") => optional(payment.payment_method),
            _ => Val::Null,
        }
    }

    pub(super) fn line(self, account: &Account, line: i64, column: &str) -> Val {
        match column {
            "id" | "linesequencenumber" if line >= 0 => Val::Number(line.into()),
            "id" | "linesequencenumber" => Val::Number(Decimal::from(9000 - line)),
            "transaction" => Val::id(self.id()),
            "mainline" => Val::flag(line == 0),
            "taxline" => Val::flag(line < 0),
            "iscogs" => Val::flag(false),
            "createdfrom" => optional(self.source()),
            "entity" => optional(self.customer(account)),
            "subsidiary" => Val::id(account.subsidiary.id),
            "location" if line == 0 => match self {
                Self::Order(order) => optional(order.location),
                Self::Bill(bill) => optional(bill.location),
                _ => Val::Null,
            },
            "foreignamount" | "netamount" if line == 0 => self.total().map_or(Val::Null, Val::Number),
            _ if line <= 0 => Val::Null,
            _ => self.item_line(account, line, column),
        }
    }

    /// A line with an item; quantities of sales are negative.
    fn item_line(self, account: &Account, line: i64, column: &str) -> Val {
        let found = match self {
            Self::Order(order) => order.line(line).map(|of| (of.item, of.quantity, of.rate, of.amount, of.location)),
            Self::Bill(bill) => {
                let found = bill.lines.iter().find(|candidate| candidate.line == line);
                found.map(|of| (of.item, of.quantity, of.rate, of.amount, of.location))
            }
            Self::Fulfilment(fulfilment) => {
                let place = usize::try_from(line - 1).unwrap_or(usize::MAX);
                fulfilment.lines.get(place).map(|of| (of.item, of.quantity, Decimal::ZERO, Decimal::ZERO, of.location))
            }
            Self::Payment(_) => None,
        };
        let Some((item, quantity, rate, amount, location)) = found else { return Val::Null };
        match column {
            "item" => return Val::id(item),
            "itemtype" => return word(account.kind(item).item_type()),
            "location" => return optional(location),
            "quantity" => return Val::Number(-quantity),
            "rate" => return Val::Number(rate),
            "netamount" | "foreignamount" => return Val::Number(-amount),
            "isinventoryaffecting" => return Val::flag(account.kind(item).is_stocked() && matches!(self, Self::Fulfilment(_))),
            _ => {}
        }
        let Self::Order(order) = self else { return Val::Null };
        let Some(of) = order.line(line) else { return Val::Null };
        match column {
            "uniquekey" => Val::id(of.unique_key),
            "quantityshiprecv" => Val::Number(of.fulfilled),
            "quantitybilled" => Val::Number(of.billed),
            "quantitycommitted" => Val::Number(of.committed),
            "quantitybackordered" => Val::Number((of.quantity - of.fulfilled - of.committed).max(Decimal::ZERO)),
            "quantitypicked" => Val::Number(of.picked),
            "isclosed" => Val::flag(of.closed),
            "isfullyshipped" => Val::flag(of.fulfilled >= of.quantity),
            "memo" => Val::text_or_null(of.description.as_deref()),
            "price" => word("-1"),
            _ => of.custom.get(column).map_or(Val::Null, json_column),
        }
    }
}

/// A custom field as the database keeps it: boxes are `T` and `F`.
fn json_column(value: &serde_json::Value) -> Val {
    match value {
        serde_json::Value::Null => Val::Null,
        serde_json::Value::Bool(flag) => Val::flag(*flag),
        serde_json::Value::String(text) => Val::text_or_null(Some(text)),
        serde_json::Value::Object(fields) => fields.get("id").map_or(Val::Null, json_column),
        other => Val::Text(other.to_string()),
    }
}
