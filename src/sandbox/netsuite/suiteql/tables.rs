//! The tables of SuiteQL and their columns, read from the account's records when they are asked for.
//!
//! Only columns that NetSuite has are here. What it keeps elsewhere is not added for comfort: a transaction's location is
//! on its main line, and `createdfrom` is on the lines.

use jiff::Timestamp;
use jiff::civil::DateTime;
use rust_decimal::Decimal;

use super::{QueryError, Val};
use crate::sandbox::netsuite::account::{
    Account, Bill, BillKind, Customer, Fulfilment, InventoryNumber, Item, ItemKind, Named, Payment, Period, SalesOrder,
};
use crate::sandbox::netsuite::render::{bill_status_name, ship_status_name, status_name};

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
}

/// A transaction of any type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Transaction<'a> {
    Order(&'a SalesOrder),
    Fulfilment(&'a Fulfilment),
    Bill(&'a Bill),
    Payment(&'a Payment),
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
            _ => return Err(QueryError::Table(name.to_owned())),
        })
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Transaction => &[
                "id",
                "tranid",
                "trandisplayname",
                "transactionnumber",
                "externalid",
                "type",
                "abbrevtype",
                "recordtype",
                "status",
                "entity",
                "trandate",
                "createddate",
                "lastmodifieddate",
                "memo",
                "otherrefnum",
                "currency",
                "exchangerate",
                "foreigntotal",
                "foreignamountunpaid",
                "foreignamountpaid",
                "postingperiod",
                "posting",
                "terms",
                "duedate",
                "shipdate",
                "shipmethod",
                "customform",
                "paymentmethod",
                "voided",
                "void",
                "email",
            ],
            Self::Line => &[
                "id",
                "transaction",
                "linesequencenumber",
                "uniquekey",
                "item",
                "itemtype",
                "location",
                "quantity",
                "quantityshiprecv",
                "quantitybilled",
                "quantitycommitted",
                "quantitybackordered",
                "quantitypicked",
                "quantitypacked",
                "isclosed",
                "isfullyshipped",
                "mainline",
                "taxline",
                "iscogs",
                "createdfrom",
                "entity",
                "subsidiary",
                "department",
                "class",
                "memo",
                "rate",
                "netamount",
                "foreignamount",
                "kitmemberof",
                "isinventoryaffecting",
                "price",
            ],
            Self::NextLink | Self::PreviousLink => &["previousdoc", "nextdoc", "previoustype", "nexttype", "linktype"],
            Self::Item => &[
                "id",
                "itemid",
                "displayname",
                "fullname",
                "itemtype",
                "subtype",
                "isinactive",
                "isserialitem",
                "islotitem",
                "externalid",
                "upccode",
                "description",
                "isfulfillable",
                "usebins",
                "lastmodifieddate",
                "createddate",
            ],
            Self::Customer => &[
                "id",
                "entityid",
                "companyname",
                "altname",
                "isperson",
                "firstname",
                "lastname",
                "email",
                "phone",
                "externalid",
                "isinactive",
                "lastmodifieddate",
                "datecreated",
            ],
            Self::Location | Self::Subsidiary => &["id", "name", "fullname", "isinactive", "externalid", "parent"],
            Self::Number => &["id", "inventorynumber", "item", "expirationdate", "externalid"],
            Self::NumberLocation => &["inventorynumber", "location", "quantityavailable", "quantityonhand"],
            Self::ItemLocation => &["item", "location", "quantityavailable", "quantityonhand", "quantitycommitted"],
            Self::Member => &["parentitem", "item", "quantity"],
            Self::Period => &[
                "id",
                "periodname",
                "startdate",
                "enddate",
                "closed",
                "arlocked",
                "aplocked",
                "alllocked",
                "isadjust",
                "isquarter",
                "isyear",
                "isinactive",
                "isposting",
            ],
            Self::PaymentMethod | Self::Term => &["id", "name", "isinactive", "externalid"],
            Self::ShipItem => &["id", "itemid", "isinactive"],
            Self::Account => &["id", "acctnumber", "fullname", "accttype", "isinactive"],
            Self::Currency => &["id", "name", "symbol", "isinactive"],
        }
    }

    pub(super) fn has(self, account: &Account, column: &str) -> bool {
        let custom = match self {
            Self::Transaction => "custbody_",
            Self::Line => "custcol_",
            _ => return self.columns().contains(&column),
        };
        self.columns().contains(&column) || (column.starts_with(custom) && account.custom_fields.iter().any(|field| field == column))
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
        }
    }
}

fn transactions(account: &Account) -> impl Iterator<Item = Transaction<'_>> {
    let orders = account.orders.values().map(Transaction::Order);
    let fulfilments = account.fulfilments.values().map(Transaction::Fulfilment);
    let bills = account.bills.values().map(Transaction::Bill);
    orders.chain(fulfilments).chain(bills).chain(account.payments.values().map(Transaction::Payment))
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

fn time(account: &Account, at: Timestamp) -> Val {
    let local = at.to_zoned(account.zone.clone()).datetime();
    Val::Date(local.with().subsec_nanosecond(0).build().unwrap_or(local))
}

fn day(date: jiff::civil::Date) -> Val {
    Val::Date(DateTime::from(date))
}

fn optional(id: Option<u64>) -> Val {
    id.map_or(Val::Null, Val::id)
}

fn word(text: &str) -> Val {
    Val::Text(text.to_owned())
}

impl<'a> Row<'a> {
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
                "name" | "fullname" | "itemid" | "symbol" => word(&named.name),
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
            ("createdfrom" | "transaction" | "previousdoc" | "nextdoc", Some(id)) => of_id(account, id).map(|of| of.title()),
            _ => None,
        };
        shown.map_or(value, Val::Text)
    }
}

fn name_of(list: &[Named], id: u64) -> Option<String> {
    list.iter().find(|named| named.id == id).map(|named| named.name.clone())
}

fn of_id(account: &Account, id: u64) -> Option<Transaction<'_>> {
    let order = || account.orders.get(&id).map(Transaction::Order);
    let fulfilment = || account.fulfilments.get(&id).map(Transaction::Fulfilment);
    let bill = || account.bills.get(&id).map(Transaction::Bill);
    order().or_else(fulfilment).or_else(bill).or_else(|| account.payments.get(&id).map(Transaction::Payment))
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

impl Transaction<'_> {
    fn type_code(self) -> &'static str {
        match self {
            Self::Order(_) => "SalesOrd",
            Self::Fulfilment(_) => "ItemShip",
            Self::Bill(bill) if bill.kind == BillKind::Invoice => "CustInvc",
            Self::Bill(_) => "CashSale",
            Self::Payment(_) => "CustPymt",
        }
    }

    fn type_name(self) -> &'static str {
        match self {
            Self::Order(_) => "Sales Order",
            Self::Fulfilment(_) => "Item Fulfillment",
            Self::Bill(bill) if bill.kind == BillKind::Invoice => "Invoice",
            Self::Bill(_) => "Cash Sale",
            Self::Payment(_) => "Payment",
        }
    }

    fn link_type(self) -> &'static str {
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

    fn title(self) -> String {
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

    fn status_text(self, account: &Account) -> String {
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

    fn get(self, account: &Account, column: &str) -> Val {
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

    fn line(self, account: &Account, line: i64, column: &str) -> Val {
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
