//! The tables of SuiteQL and their columns, read from the account's records when they are asked for.
//!
//! Only columns that NetSuite has are here. What it keeps elsewhere is not added for comfort: a transaction's location is
//! on its main line, and `createdfrom` is on the lines.

use jiff::Timestamp;
use jiff::civil::DateTime;
use rust_decimal::Decimal;

use super::columns::{customer_column, item_column, number_column, period_column};
use super::transactions::{has_tax_line, line_keys};
use super::{QueryError, Val};
use crate::sandbox::netsuite::account::Account;
use crate::sandbox::netsuite::kinds::Kind;
use crate::sandbox::netsuite::model::{Bin, Customer, InventoryNumber, Item, LedgerAccount, Location, Named, Period};
use crate::sandbox::netsuite::orders::TAX_RATE;
use crate::sandbox::netsuite::transaction::Transaction;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Transaction,
    Line,
    NextLink,
    PreviousLink,
    Item,
    Customer,
    Location,
    Number,
    NumberLocation,
    ItemLocation,
    Member,
    KitMember,
    Bin,
    Balance,
    Assignment,
    Period,
    PaymentMethod,
    Term,
    Account,
    Subsidiary,
    Currency,
    ShipItem,
    TaxItem,
    TaxType,
    Department,
    Class,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Row<'a> {
    Transaction(Transaction<'a>),
    /// Line 0 is the main line, negative ones are tax lines.
    Line(Transaction<'a>, i64),
    Link {
        previous: u64,
        next: u64,
    },
    Item(&'a Item),
    Customer(&'a Customer),
    Number(&'a InventoryNumber),
    NumberLocation(&'a InventoryNumber, u64, Decimal),
    ItemLocation(u64, u64, Decimal),
    /// Kit, member, quantity and the member's place.
    Member(u64, u64, Decimal, u64),
    Bin(&'a Bin),
    /// Item, location, bin, inventory number and quantity.
    Balance(u64, u64, Option<u64>, Option<u64>, Decimal),
    /// Transaction, line, inventory number, bin and quantity.
    Assignment(u64, i64, Option<u64>, Option<u64>, Decimal),
    Period(&'a Period),
    Location(&'a Location),
    Account(&'a LedgerAccount),
    Named(&'a Named),
}

impl Table {
    pub(super) fn named(name: &str) -> Result<Self, QueryError> {
        Ok(match name.to_lowercase().as_str() {
            "transaction" => Self::Transaction,
            "transactionline" => Self::Line,
            "nexttransactionlink" => Self::NextLink,
            "previoustransactionlink" => Self::PreviousLink,
            "item" => Self::Item,
            "customer" => Self::Customer,
            "location" => Self::Location,
            "inventorynumber" => Self::Number,
            "inventorynumberlocation" => Self::NumberLocation,
            "aggregateitemlocation" => Self::ItemLocation,
            "itemmember" => Self::Member,
            "kititemmember" => Self::KitMember,
            "bin" => Self::Bin,
            "inventorybalance" => Self::Balance,
            "inventoryassignment" => Self::Assignment,
            "accountingperiod" => Self::Period,
            "paymentmethod" => Self::PaymentMethod,
            "term" => Self::Term,
            "account" => Self::Account,
            "subsidiary" => Self::Subsidiary,
            "currency" => Self::Currency,
            "shipitem" => Self::ShipItem,
            "salestaxitem" => Self::TaxItem,
            "taxtype" => Self::TaxType,
            "department" => Self::Department,
            "classification" => Self::Class,
            _ => return Err(QueryError::Table(name.to_owned())),
        })
    }

    /// The columns' names, with spaces between.
    fn columns(self) -> &'static str {
        match self {
            Self::Transaction => {
                "id tranid trandisplayname transactionnumber externalid type abbrevtype recordtype status entity trandate \
                 createddate lastmodifieddate memo otherrefnum currency exchangerate foreigntotal foreignamountunpaid \
                 foreignamountpaid postingperiod posting terms duedate shipdate shipmethod customform paymentmethod voided void \
                 email foreignpaymentamountunused foreignpaymentamountused"
            }
            Self::Line => {
                "id transaction linesequencenumber uniquekey item itemtype location quantity quantityshiprecv quantitybilled \
                 quantitycommitted quantitybackordered quantitypicked quantitypacked isclosed isfullyshipped mainline taxline \
                 iscogs createdfrom entity subsidiary department class memo rate netamount foreignamount kitmemberof \
                 isinventoryaffecting price"
            }
            Self::NextLink | Self::PreviousLink => "previousdoc nextdoc previoustype nexttype linktype",
            Self::Item => {
                "id itemid displayname fullname itemtype subtype isinactive isserialitem islotitem externalid upccode \
                 description isfulfillable usebins lastmodifieddate createddate"
            }
            Self::Customer => {
                "id entityid companyname altname isperson firstname lastname email phone externalid isinactive lastmodifieddate \
                 datecreated subsidiary"
            }
            Self::Location => "id name fullname isinactive externalid parent subsidiary",
            Self::Subsidiary | Self::Department | Self::Class => "id name fullname isinactive externalid parent",
            Self::Number => "id inventorynumber item expirationdate externalid",
            Self::NumberLocation => "inventorynumber location quantityavailable quantityonhand",
            Self::ItemLocation => "item location quantityavailable quantityonhand quantitycommitted",
            Self::Member => "parentitem item quantity",
            Self::KitMember => "parentitem item quantity linenumber",
            Self::Bin => "id binnumber location isinactive",
            Self::Balance => "item location binnumber inventorynumber quantityonhand quantityavailable",
            Self::Assignment => "transaction transactionline inventorynumber binnumber quantity",
            Self::Period => {
                "id periodname startdate enddate closed arlocked aplocked alllocked isadjust isquarter isyear isinactive \
                 isposting"
            }
            Self::PaymentMethod | Self::Term => "id name isinactive externalid",
            Self::ShipItem => "id itemid isinactive",
            Self::TaxItem => "id itemid name isinactive rate taxtype",
            Self::TaxType => "id name isinactive",
            Self::Account => "id acctnumber fullname accountsearchdisplayname accttype isinactive",
            Self::Currency => "id name symbol isinactive",
        }
    }

    fn lists(self, column: &str) -> bool {
        self.columns().split_whitespace().any(|known| known == column)
    }

    pub(super) fn has(self, account: &Account, column: &str) -> bool {
        let custom = match self {
            Self::Transaction => "custbody_",
            Self::Line => "custcol_",
            _ => return self.lists(column),
        };
        self.lists(column) || (column.starts_with(custom) && account.custom_fields.iter().any(|field| field == column))
    }

    pub(super) fn rows(self, account: &Account) -> Vec<Row<'_>> {
        match self {
            Self::Transaction => {
                let shown = |of: &Transaction<'_>| !account.unsearchable.contains(&of.head(account).id);
                account.transactions().filter(shown).map(Row::Transaction).collect()
            }
            Self::Line => account.transactions().flat_map(lines).collect(),
            Self::NextLink | Self::PreviousLink => links(account),
            Self::Item => account.items.values().map(Row::Item).collect(),
            Self::Customer => account.customers.values().map(Row::Customer).collect(),
            Self::Location => account.locations.values().map(Row::Location).collect(),
            Self::Number => account.numbers.values().map(Row::Number).collect(),
            Self::NumberLocation => account
                .numbers
                .values()
                .flat_map(|number| number.at.iter().map(move |(location, quantity)| Row::NumberLocation(number, *location, *quantity)))
                .collect(),
            Self::ItemLocation => {
                account.stock.iter().map(|((item, location), quantity)| Row::ItemLocation(*item, *location, *quantity)).collect()
            }
            Self::Member | Self::KitMember => members(account),
            Self::Bin => account.bins.values().map(Row::Bin).collect(),
            Self::Balance => balances(account),
            Self::Assignment => assignments(account),
            Self::Period => account.periods.values().map(Row::Period).collect(),
            Self::PaymentMethod => account.payment_methods.iter().map(Row::Named).collect(),
            Self::Term => account.terms.iter().map(|(term, _)| Row::Named(term)).collect(),
            Self::Account => account.accounts.iter().map(Row::Account).collect(),
            Self::Subsidiary => account.subsidiaries.iter().map(Row::Named).collect(),
            Self::Currency => vec![Row::Named(&account.currency)],
            Self::ShipItem => account.ship_methods.iter().map(Row::Named).collect(),
            Self::TaxItem => vec![Row::Named(&account.tax_code), Row::Named(&account.no_tax_code)],
            Self::TaxType => vec![Row::Named(&account.tax_type)],
            Self::Department => account.departments.iter().map(Row::Named).collect(),
            Self::Class => account.classes.iter().map(Row::Named).collect(),
        }
    }
}

fn lines(of: Transaction<'_>) -> Vec<Row<'_>> {
    let tax = has_tax_line(of).then_some(Row::Line(of, -1));
    [0].into_iter().chain(line_keys(of)).map(|key| Row::Line(of, key)).chain(tax).collect()
}

fn members(account: &Account) -> Vec<Row<'_>> {
    let of_kit = |kit: &Item| {
        let rows = kit.members.iter().zip(1..);
        rows.map(|((member, quantity), place)| Row::Member(kit.id, *member, *quantity, place)).collect::<Vec<_>>()
    };
    account.items.values().flat_map(of_kit).collect()
}

fn balances(account: &Account) -> Vec<Row<'_>> {
    let bare = |item: u64| !account.needs_detail(item);
    let plain = account.stock.iter().filter(|((item, _), _)| bare(*item));
    let plain = plain.map(|((item, location), quantity)| Row::Balance(*item, *location, None, None, *quantity));
    let numbered = account.numbers.values().flat_map(|number| {
        number.at.iter().map(|(location, quantity)| Row::Balance(number.item, *location, None, Some(number.id), *quantity))
    });
    let binned = account
        .bins
        .values()
        .flat_map(|bin| bin.holds.iter().map(|(item, quantity)| Row::Balance(*item, bin.location, Some(bin.id), None, *quantity)));
    plain.chain(numbered).chain(binned).collect()
}

/// What numbers and bins posted lines named.
fn assignments(account: &Account) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut add = |transaction: u64, line: i64, numbers: &[(u64, Decimal)], bins: &[(u64, Decimal)]| {
        for place in 0..numbers.len().max(bins.len()) {
            let (number, bin) = (numbers.get(place), bins.get(place));
            let quantity = number.or(bin).map_or(Decimal::ZERO, |(_, quantity)| *quantity);
            rows.push(Row::Assignment(transaction, line, number.map(|(id, _)| *id), bin.map(|(id, _)| *id), -quantity));
        }
    };
    for of in account.fulfilments.values() {
        of.lines.iter().zip(1..).for_each(|(line, key)| add(of.id, key, &line.assignments, &line.bins));
    }
    for of in account.bills.values() {
        of.lines.iter().for_each(|line| add(of.id, line.line, &line.assignments, &line.bins));
    }
    rows
}

/// What came from what: what a transaction was made from, what it pays, and what order it is a deposit for.
fn links(account: &Account) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for of in account.transactions() {
        let head = of.head(account);
        rows.extend(head.created_from.map(|previous| Row::Link { previous, next: head.id }));
        let applied: &[(u64, Decimal)] = match of {
            Transaction::Payment(payment) => &payment.applied,
            Transaction::Application(application) => &application.applied,
            Transaction::Refund(refund) => &refund.applied,
            Transaction::Bill(bill) => &bill.applied,
            Transaction::Deposit(deposit) => {
                rows.extend(deposit.sales_order.map(|previous| Row::Link { previous, next: head.id }));
                &[]
            }
            _ => &[],
        };
        // A refund names what it pays back, and the application that it made of a deposit names the refund.
        let refunds = |doc: &u64| of.kind() == Kind::DepositApplication && account.refunds.contains_key(doc);
        let fresh = applied.iter().filter(|(doc, _)| Some(*doc) != head.created_from && !refunds(doc));
        rows.extend(fresh.map(|(doc, _)| Row::Link { previous: *doc, next: head.id }));
    }
    rows
}

pub(super) fn time(account: &Account, at: Timestamp) -> Val {
    let local = at.to_zoned(account.zone.clone()).datetime();
    Val::Date(local.with().subsec_nanosecond(0).build().unwrap_or(local))
}

pub(super) fn day(date: jiff::civil::Date) -> Val {
    Val::Date(DateTime::from(date))
}

pub(super) fn optional(id: Option<u64>) -> Val {
    id.map_or(Val::Null, Val::id)
}

pub(super) fn word(text: &str) -> Val {
    Val::Text(text.to_owned())
}

impl Row<'_> {
    pub(super) fn get(self, account: &Account, column: &str) -> Val {
        match self {
            Self::Transaction(of) => of.column(account, column),
            Self::Line(of, line) => of.line_column(account, line, column),
            Self::Link { previous, next } => match column {
                "previousdoc" => Val::id(previous),
                "nextdoc" => Val::id(next),
                "previoustype" => account.transaction(previous).map_or(Val::Null, |of| word(of.kind().code())),
                "nexttype" => account.transaction(next).map_or(Val::Null, |of| word(of.kind().code())),
                "linktype" => account.transaction(next).map_or(Val::Null, |of| word(of.link_type())),
                _ => Val::Null,
            },
            Self::Item(item) => item_column(item, column),
            Self::Customer(customer) => customer_column(account, customer, column),
            Self::Number(number) => number_column(number, column),
            Self::NumberLocation(number, location, quantity) => match column {
                "inventorynumber" => Val::id(number.id),
                "location" => Val::id(location),
                _ => Val::Number(quantity),
            },
            Self::ItemLocation(item, location, quantity) => match column {
                "item" => Val::id(item),
                "location" => Val::id(location),
                "quantitycommitted" => Val::Null,
                _ => Val::Number(quantity),
            },
            Self::Member(kit, member, quantity, place) => match column {
                "parentitem" => Val::id(kit),
                "item" => Val::id(member),
                "linenumber" => Val::id(place),
                _ => Val::Number(quantity),
            },
            Self::Bin(bin) => match column {
                "id" => Val::id(bin.id),
                "binnumber" => word(&bin.number),
                "location" => Val::id(bin.location),
                _ => Val::flag(false),
            },
            Self::Balance(item, location, bin, number, quantity) => match column {
                "item" => Val::id(item),
                "location" => Val::id(location),
                "binnumber" => optional(bin),
                "inventorynumber" => optional(number),
                _ => Val::Number(quantity),
            },
            Self::Assignment(transaction, line, number, bin, quantity) => match column {
                "transaction" => Val::id(transaction),
                "transactionline" => Val::Number(line.into()),
                "inventorynumber" => optional(number),
                "binnumber" => optional(bin),
                _ => Val::Number(quantity),
            },
            Self::Period(period) => period_column(period, column),
            Self::Location(location) => match column {
                "id" => Val::id(location.id),
                "name" | "fullname" => word(&location.name),
                "subsidiary" => Val::id(location.subsidiary),
                "isinactive" => Val::flag(false),
                _ => Val::Null,
            },
            Self::Account(of) => match column {
                "id" => Val::id(of.id),
                "fullname" | "accountsearchdisplayname" => word(&of.name),
                "acctnumber" => Val::text_or_null(of.name.split_once(' ').map(|(number, _)| number)),
                "accttype" => word(of.sort),
                _ => Val::flag(false),
            },
            Self::Named(named) => match column {
                "id" => Val::id(named.id),
                "name" | "fullname" | "itemid" | "symbol" => word(&named.name),
                "isinactive" => Val::flag(false),
                "taxtype" => Val::id(account.tax_type.id),
                "rate" if named.id == account.tax_code.id => Val::Number(TAX_RATE),
                "rate" => Val::Number(Decimal::ZERO),
                _ => Val::Null,
            },
        }
    }

    /// What `BUILTIN.DF` shows for the column.
    pub(super) fn display(self, account: &Account, column: &str) -> Val {
        let value = self.get(account, column);
        let id = value.number().ok().flatten().and_then(|id| u64::try_from(id).ok());
        let shown = match (column, id) {
            ("status", _) => match self {
                Self::Transaction(of) => Some(of.status_text(account)),
                _ => None,
            },
            ("type", _) => match self {
                Self::Transaction(of) => Some(of.kind().title().to_owned()),
                _ => None,
            },
            ("location", Some(id)) => account.locations.get(&id).map(|location| location.name.clone()),
            ("department", Some(id)) => name_of(&account.departments, id),
            ("class", Some(id)) => name_of(&account.classes, id),
            ("binnumber", Some(id)) if !matches!(self, Self::Bin(_)) => account.bins.get(&id).map(|bin| bin.number.clone()),
            ("entity", Some(id)) => account.customers.get(&id).map(|customer| customer.entity_id.clone()),
            ("item" | "parentitem", Some(id)) => account.items.get(&id).map(|item| item.sku.clone()),
            ("terms", Some(id)) => account.terms.iter().find(|(named, _)| named.id == id).map(|(named, _)| named.name.clone()),
            ("paymentmethod", Some(id)) => name_of(&account.payment_methods, id),
            ("shipmethod", Some(id)) => name_of(&account.ship_methods, id),
            ("customform", Some(68)) => Some("Standard Sales Order - Invoice".to_owned()),
            ("customform", Some(69)) => Some("Standard Sales Order - Cash Sale".to_owned()),
            ("currency", Some(_)) => Some(account.currency.name.clone()),
            ("subsidiary", Some(id)) => name_of(&account.subsidiaries, id),
            ("postingperiod", Some(id)) => account.periods.get(&id).map(|period| period.name.clone()),
            ("inventorynumber", Some(id)) => account.numbers.get(&id).map(|number| number.number.clone()),
            ("createdfrom" | "transaction" | "previousdoc" | "nextdoc", Some(id)) => account.transaction(id).map(|of| of.title(account)),
            _ => None,
        };
        shown.map_or(value, Val::Text)
    }
}

fn name_of(list: &[Named], id: u64) -> Option<String> {
    list.iter().find(|named| named.id == id).map(|named| named.name.clone())
}
