//! The tables of SuiteQL and their columns, read from the account's records when they are asked for.
//!
//! Only columns that NetSuite has are here. What it keeps elsewhere is not added for comfort: a transaction's location is
//! on its main line, and `createdfrom` is on the lines.

use jiff::Timestamp;
use jiff::civil::DateTime;
use rust_decimal::Decimal;

use super::transactions::{Transaction, of_id, transactions};
use super::{QueryError, Val};
use crate::sandbox::netsuite::account::Account;
use crate::sandbox::netsuite::model::{Customer, InventoryNumber, Item, ItemKind, Named, Period};

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
    Period,
    PaymentMethod,
    Term,
    Account,
    Subsidiary,
    Currency,
    ShipItem,
    TaxItem,
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
    Member(u64, u64, Decimal),
    Period(&'a Period),
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
            "accountingperiod" => Self::Period,
            "paymentmethod" => Self::PaymentMethod,
            "term" => Self::Term,
            "account" => Self::Account,
            "subsidiary" => Self::Subsidiary,
            "currency" => Self::Currency,
            "shipitem" => Self::ShipItem,
            "salestaxitem" => Self::TaxItem,
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
                 email"
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
                 datecreated"
            }
            Self::Location | Self::Subsidiary | Self::Department | Self::Class => "id name fullname isinactive externalid parent",
            Self::Number => "id inventorynumber item expirationdate externalid",
            Self::NumberLocation => "inventorynumber location quantityavailable quantityonhand",
            Self::ItemLocation => "item location quantityavailable quantityonhand quantitycommitted",
            Self::Member => "parentitem item quantity",
            Self::Period => {
                "id periodname startdate enddate closed arlocked aplocked alllocked isadjust isquarter isyear isinactive \
                 isposting"
            }
            Self::PaymentMethod | Self::Term => "id name isinactive externalid",
            Self::ShipItem | Self::TaxItem => "id itemid isinactive",
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
            Self::Transaction => transactions(account).map(Row::Transaction).collect(),
            Self::Line => transactions(account).flat_map(lines).collect(),
            Self::NextLink | Self::PreviousLink => links(account),
            Self::Item => account.items.values().map(Row::Item).collect(),
            Self::Customer => account.customers.values().map(Row::Customer).collect(),
            Self::Location => account.locations.values().map(Row::Named).collect(),
            Self::Number => account.numbers.values().map(Row::Number).collect(),
            Self::NumberLocation => account
                .numbers
                .values()
                .flat_map(|number| number.at.iter().map(move |(location, quantity)| Row::NumberLocation(number, *location, *quantity)))
                .collect(),
            Self::ItemLocation => {
                account.stock.iter().map(|((item, location), quantity)| Row::ItemLocation(*item, *location, *quantity)).collect()
            }
            Self::Member => account
                .items
                .values()
                .flat_map(|kit| kit.members.iter().map(move |(member, quantity)| Row::Member(kit.id, *member, *quantity)))
                .collect(),
            Self::Period => account.periods.values().map(Row::Period).collect(),
            Self::PaymentMethod => account.payment_methods.iter().map(Row::Named).collect(),
            Self::Term => account.terms.iter().map(|(term, _)| Row::Named(term)).collect(),
            Self::Account => account.accounts.iter().map(Row::Named).collect(),
            Self::Subsidiary => vec![Row::Named(&account.subsidiary)],
            Self::Currency => vec![Row::Named(&account.currency)],
            Self::ShipItem => account.ship_methods.iter().map(Row::Named).collect(),
            Self::TaxItem => vec![Row::Named(&account.tax_code), Row::Named(&account.no_tax_code)],
            // The features are on, and nobody has made one.
            Self::Department | Self::Class => Vec::new(),
        }
    }
}

fn lines(of: Transaction<'_>) -> Vec<Row<'_>> {
    let mut rows = vec![Row::Line(of, 0)];
    match of {
        Transaction::Order(order) => {
            rows.extend(order.lines.iter().map(|line| Row::Line(of, line.line)));
            rows.push(Row::Line(of, -1));
        }
        Transaction::Fulfilment(fulfilment) => rows.extend(fulfilment.lines.iter().zip(1..).map(|(_, key)| Row::Line(of, key))),
        Transaction::Bill(bill) => {
            rows.extend(bill.lines.iter().map(|line| Row::Line(of, line.line)));
            rows.push(Row::Line(of, -1));
        }
        Transaction::Payment(_) => {}
    }
    rows
}

fn links(account: &Account) -> Vec<Row<'_>> {
    let fulfilments = account.fulfilments.values().map(|child| Row::Link { previous: child.created_from, next: child.id });
    let bills = account.bills.values().map(|child| Row::Link { previous: child.created_from, next: child.id });
    let payments = account
        .payments
        .values()
        .flat_map(|payment| payment.applied.iter().map(|(invoice, _)| Row::Link { previous: *invoice, next: payment.id }));
    fulfilments.chain(bills).chain(payments).collect()
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
            Self::Transaction(of) => of.get(account, column),
            Self::Line(of, line) => of.line(account, line, column),
            Self::Link { previous, next } => match column {
                "previousdoc" => Val::id(previous),
                "nextdoc" => Val::id(next),
                "previoustype" => of_id(account, previous).map_or(Val::Null, |of| word(of.type_code())),
                "nexttype" => of_id(account, next).map_or(Val::Null, |of| word(of.type_code())),
                "linktype" => of_id(account, next).map_or(Val::Null, |of| word(of.link_type())),
                _ => Val::Null,
            },
            Self::Item(item) => item_column(item, column),
            Self::Customer(customer) => customer_column(account, customer, column),
            Self::Number(number) => match column {
                "id" => Val::id(number.id),
                "inventorynumber" => word(&number.number),
                "item" => Val::id(number.item),
                _ => Val::Null,
            },
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
            Self::Member(kit, member, quantity) => match column {
                "parentitem" => Val::id(kit),
                "item" => Val::id(member),
                _ => Val::Number(quantity),
            },
            Self::Period(period) => match column {
                "id" => Val::id(period.id),
                "periodname" => word(&period.name),
                "startdate" => day(period.start),
                "enddate" => day(period.end),
                "closed" | "arlocked" | "aplocked" | "alllocked" => Val::flag(period.closed),
                "isposting" => Val::flag(true),
                _ => Val::flag(false),
            },
            Self::Named(named) => match column {
                "id" => Val::id(named.id),
                "name" | "fullname" | "itemid" | "symbol" | "accountsearchdisplayname" => word(&named.name),
                "isinactive" => Val::flag(false),
                "acctnumber" => word(&format!("{}", 1000 + named.id)),
                "accttype" => word("Bank"),
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
                Self::Transaction(of) => Some(of.type_name().to_owned()),
                _ => None,
            },
            ("location", Some(id)) => account.locations.get(&id).map(|named| named.name.clone()),
            ("entity", Some(id)) => account.customers.get(&id).map(|customer| customer.entity_id.clone()),
            ("item" | "parentitem", Some(id)) => account.items.get(&id).map(|item| item.sku.clone()),
            ("terms", Some(id)) => account.terms.iter().find(|(named, _)| named.id == id).map(|(named, _)| named.name.clone()),
            ("paymentmethod", Some(id)) => name_of(&account.payment_methods, id),
            ("shipmethod", Some(id)) => name_of(&account.ship_methods, id),
            ("customform", Some(68)) => Some("Standard Sales Order - Invoice".to_owned()),
            ("customform", Some(69)) => Some("Standard Sales Order - Cash Sale".to_owned()),
            ("currency", Some(_)) => Some(account.currency.name.clone()),
            ("subsidiary", Some(_)) => Some(account.subsidiary.name.clone()),
            ("postingperiod", Some(id)) => account.periods.get(&id).map(|period| period.name.clone()),
            ("inventorynumber", Some(id)) => account.numbers.get(&id).map(|number| number.number.clone()),
            ("createdfrom" | "transaction" | "previousdoc" | "nextdoc", Some(id)) => of_id(account, id).map(Transaction::title),
            _ => None,
        };
        shown.map_or(value, Val::Text)
    }
}

fn name_of(list: &[Named], id: u64) -> Option<String> {
    list.iter().find(|named| named.id == id).map(|named| named.name.clone())
}

fn item_column(item: &Item, column: &str) -> Val {
    match column {
        "id" => Val::id(item.id),
        "itemid" | "fullname" => word(&item.sku),
        "displayname" | "description" => word(&item.name),
        "itemtype" => word(item.kind.item_type()),
        "subtype" if matches!(item.kind, ItemKind::NonInventory | ItemKind::Service) => word("Sale"),
        "isinactive" => Val::flag(item.inactive),
        "isserialitem" => Val::flag(item.kind == ItemKind::Serialized),
        "islotitem" => Val::flag(item.kind == ItemKind::LotNumbered),
        "isfulfillable" => Val::flag(item.kind.is_fulfilled()),
        "usebins" => Val::flag(false),
        _ => Val::Null,
    }
}

fn customer_column(account: &Account, customer: &Customer, column: &str) -> Val {
    match column {
        "id" => Val::id(customer.id),
        "entityid" => word(&customer.entity_id),
        "companyname" => Val::text_or_null(Some(&customer.company_name)),
        "altname" => word(&customer.title()),
        "isperson" => Val::flag(customer.is_person()),
        "firstname" => Val::text_or_null(Some(&customer.first_name)),
        "lastname" => Val::text_or_null(Some(&customer.last_name)),
        "email" => Val::text_or_null(Some(&customer.email)),
        "phone" => Val::text_or_null(Some(&customer.phone)),
        "isinactive" => Val::flag(customer.inactive),
        "lastmodifieddate" | "datecreated" => time(account, customer.modified),
        _ => Val::Null,
    }
}
