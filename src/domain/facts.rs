//! What is known when an order is decided. The two records are read afresh for every step; everything else is asked for
//! only where the decision needs it, so a [`Question`] that is not answered yet is `None` here.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::call::{CallKind, Request};
use super::ids::{ConnectionId, RecordId, SaleId};
use super::link::Link;
use super::record::{Bill, Child, Money, RecordKind};
use super::reference::{
    ErpCustomer, InventoryNumber, ItemTracking, KitMember, Outlet, PaymentType, Period, Product, Register, Retailer, TaxCode, TaxGroup,
    TillCustomer, TillItem, User,
};
use super::requests::SaleRequest;
use super::sale::Sale;
use super::sales_order::{Ref, SalesOrder};

/// A record of one side, as it was read for this step.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen<T> {
    /// The link names none.
    NotLinked,
    /// The link names one, and the other system does not have it.
    Missing,
    /// As it is now.
    Is(Box<T>),
}

impl<T> Seen<T> {
    /// The record, where there is one.
    pub fn record(&self) -> Option<&T> {
        match self {
            Self::Is(record) => Some(record),
            Self::NotLinked | Self::Missing => None,
        }
    }
}

/// Everything that a decision may look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The connection.
    pub connection: ConnectionId,
    /// The stored link.
    pub link: Link,
    /// The sales order.
    pub order: Seen<SalesOrder>,
    /// The sale.
    pub sale: Seen<Sale>,
    /// What was sent for this order before.
    pub calls: Vec<PastCall>,
    /// Answers to questions.
    pub answers: Answers,
}

/// A call of an earlier step.
#[derive(Debug, Clone, PartialEq)]
pub struct PastCall {
    /// What it did.
    pub kind: CallKind,
    /// Its key.
    pub key: String,
    /// It is done, and not only tried.
    pub done: bool,
    /// What it sent.
    pub request: Option<Request>,
    /// The id of the record that it made.
    pub record: Option<RecordId>,
}

impl PastCall {
    /// The sale that it wrote, for calls that write one.
    pub fn sale(&self) -> Option<&SaleRequest> {
        self.request.as_ref()?.sale()
    }

    /// The money that it booked, for calls that book a payment.
    pub fn amount(&self) -> Option<Decimal> {
        self.request.as_ref()?.amount()
    }

    /// The X-Series payment type of the payment that it booked.
    pub fn tender(&self) -> Option<&str> {
        self.request.as_ref()?.tender()
    }
}

/// Answers to the questions asked so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// To [`Question::Reference`].
    pub reference: Option<Arc<Reference>>,
    /// To [`Question::Products`], by SKU; an empty list is a product that is not there.
    pub products: BTreeMap<String, Vec<Product>>,
    /// To [`Question::Customer`].
    pub customer: Option<CustomerFacts>,
    /// To [`Question::LinkedOrders`].
    pub linked_orders: Option<Vec<RecordId>>,
    /// To [`Question::Children`].
    pub children: Option<Vec<Child>>,
    /// To [`Question::Bills`].
    pub bills: Option<Vec<Bill>>,
    /// To [`Question::HandedOver`]: the sale's line id and the quantity handed over.
    pub handed_over: Option<Vec<(String, Decimal)>>,
    /// To [`Question::Items`], by internal id.
    pub items: Option<BTreeMap<String, ItemTracking>>,
    /// To [`Question::SerialNumbers`]: the sale's line id and the number.
    pub serial_numbers: Option<Vec<(String, String)>>,
    /// To [`Question::InventoryNumbers`], by item and location.
    pub inventory_numbers: BTreeMap<(String, Option<String>), Vec<InventoryNumber>>,
    /// To [`Question::PaymentMethods`].
    pub payment_methods: Option<Vec<Ref>>,
    /// To [`Question::Accounts`].
    pub accounts: Option<Vec<Ref>>,
    /// To [`Question::Locations`].
    pub locations: Option<Vec<Ref>>,
    /// To [`Question::NamedItem`]: the internal ids of the items with a name.
    pub named_items: BTreeMap<String, Vec<String>>,
    /// To [`Question::FulfilmentForm`]; empty where the account does not show it.
    pub fulfilment_form: Option<Vec<FormLine>>,
    /// To [`Question::KitMembers`], by the kit's internal id.
    pub kit_members: Option<BTreeMap<String, Vec<KitMember>>>,
    /// To [`Question::Booked`].
    pub booked: Option<Vec<Child>>,
    /// To [`Question::ReadBack`], by internal id; one that is gone is not in it.
    pub read_back: Option<Vec<Bill>>,
    /// To [`Question::Payments`], by internal id; none for one that is gone.
    pub payments: BTreeMap<RecordId, Option<Money>>,
    /// To [`Question::TillItems`], by product id.
    pub till_items: Option<BTreeMap<String, TillItem>>,
    /// To [`Question::TillCustomer`].
    pub till_customer: Option<TillCustomerFacts>,
    /// To [`Question::CustomersNamed`]: the internal ids of the customers with a name or number.
    pub named_customers: BTreeMap<String, Vec<String>>,
    /// To [`Question::Names`], by list.
    pub names: BTreeMap<List, Vec<Ref>>,
    /// To [`Question::LocationSubsidiary`], by the location: the subsidiary's internal id.
    pub location_subsidiaries: BTreeMap<String, Option<String>>,
    /// To [`Question::TaxCodes`].
    pub tax_codes: Option<Vec<TaxCode>>,
    /// To [`Question::Periods`].
    pub periods: Option<Vec<Period>>,
    /// To [`Question::Original`].
    pub original: Option<Original>,
    /// To [`Question::Authorized`]: the return authorisation, read back.
    pub authorized: Option<SalesOrder>,
    /// To [`Question::OriginalSerials`]: the numbers that were sold with the original sale, by its line id.
    pub original_serials: Option<Vec<(String, String)>>,
}

/// What the decision needs to know before it can go on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Outlets, registers, payment types, taxes, users and the retailer.
    Reference,
    /// The products with these SKUs.
    Products(Vec<String>),
    /// The sales order's customer, and who it is in X-Series.
    Customer(String),
    /// The sales orders that name this sale in the given field.
    LinkedOrders { field: String, sale: SaleId },
    /// What was made from the sales order.
    Children(RecordId),
    /// The invoices and cash sales among the children, read back.
    Bills,
    /// What X-Series says was handed over of the sale.
    HandedOver(SaleId),
    /// How `NetSuite` tracks these items; the field is the one that holds the SKU.
    Items { ids: Vec<String>, sku_field: String },
    /// The serial numbers sold with the sale.
    SerialNumbers(SaleId),
    /// The serial or lot numbers of an item in stock at a location.
    InventoryNumbers { item: String, location: Option<String> },
    /// `NetSuite`'s payment methods.
    PaymentMethods,
    /// `NetSuite`'s accounts.
    Accounts,
    /// `NetSuite`'s locations.
    Locations,
    /// The item with this name.
    NamedItem(String),
    /// The lines that a fulfilment of the sales order's open lines would have, members of kits among them.
    FulfilmentForm { order: RecordId, lines: Vec<i64> },
    /// What these kits are made of.
    KitMembers(Vec<String>),
    /// Which records carry these keys of ours.
    Booked(Vec<String>),
    /// The records among [`Answers::booked`] that have totals, read back.
    ReadBack,
    /// These payments, deposits and customer refunds, read back.
    Payments(Vec<(RecordKind, RecordId)>),
    /// The NetSuite items of these products: by link, else by the field that holds the SKU.
    TillItems { products: Vec<String>, sku_field: String },
    /// The sale's customer, and who it is in NetSuite.
    TillCustomer(String),
    /// The NetSuite customers with this name or number.
    CustomersNamed(String),
    /// What a list of NetSuite holds.
    Names(List),
    /// The subsidiary that the location of this internal id belongs to.
    LocationSubsidiary(String),
    /// The tax codes with their types.
    TaxCodes,
    /// The accounting periods.
    Periods,
    /// What became of the sale that is returned.
    Original(SaleId),
    /// The return authorisation's lines.
    Authorized(RecordId),
    /// The serial numbers sold with the sale that is returned.
    OriginalSerials(SaleId),
}

/// A line that a fulfilment would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormLine {
    /// The line's key.
    pub order_line: i64,
    /// The item's internal id.
    pub item: String,
    /// The key of the kit's line, of a member.
    pub kit_member_of: Option<i64>,
}

/// A list of NetSuite whose entries people name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// Subsidiaries.
    Subsidiary,
    /// Departments.
    Department,
    /// Classes.
    Class,
}

impl List {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Subsidiary => "subsidiary",
            Self::Department => "department",
            Self::Class => "class",
        }
    }
}

/// The sale's customer on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TillCustomerFacts {
    /// The X-Series customer; none if it is gone.
    pub till: Option<TillCustomer>,
    /// The internal id of the NetSuite customer that is linked to it.
    pub linked: Option<String>,
    /// NetSuite customers with the same e-mail or number; inactive ones are left out.
    pub matches: Vec<ErpCustomer>,
    /// The NetSuite customer that it was linked to, which is gone or not in use any more: the link is let go.
    pub let_go: Option<String>,
    /// The NetSuite customer that it was linked to, or that we made of it, and that is not in use any more.
    pub inactive: Option<String>,
    /// How many customers were made of it that are gone or not in use any more: the next one has another key.
    pub gone: usize,
}

/// What became of the sale that is returned.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Original {
    /// The sale, where X-Series still has it.
    pub sale: Option<Box<Sale>>,
    /// Our own order of it is not at rest: what it becomes is not known yet.
    pub under_way: bool,
    /// Its sales order.
    pub order: Option<Box<SalesOrder>>,
    /// The records that carry our keys of it.
    pub booked: Vec<Child>,
    /// This service has an order of it.
    pub known: bool,
    /// What was sent for it.
    pub calls: Vec<PastCall>,
    /// Its invoices, read back.
    pub invoices: Vec<Bill>,
    /// The sales that take it back, where X-Series names them; the one that asks among them.
    pub returns: Vec<Sale>,
}

/// What X-Series has besides sales.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// Outlets.
    pub outlets: Vec<Outlet>,
    /// Registers.
    pub registers: Vec<Register>,
    /// Payment types.
    pub payment_types: Vec<PaymentType>,
    /// Tax groups.
    pub taxes: Vec<TaxGroup>,
    /// Users.
    pub users: Vec<User>,
    /// The retailer.
    pub retailer: Retailer,
}

impl Reference {
    /// The user by name, e-mail or id.
    pub fn user(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| {
            user.id == name
                || user.username.eq_ignore_ascii_case(name)
                || [&user.display_name, &user.email].into_iter().flatten().any(|text| text.eq_ignore_ascii_case(name))
        })
    }

    /// The outlet by name or id.
    pub fn outlet(&self, name: &str) -> Option<&Outlet> {
        self.outlets.iter().find(|outlet| outlet.id == name || outlet.name.eq_ignore_ascii_case(name))
    }

    /// The time zone of an outlet, else of the retailer; none where neither tells one that is known.
    pub fn zone_of(&self, outlet: Option<&Outlet>) -> Option<TimeZone> {
        let names = [outlet.and_then(|outlet| outlet.time_zone.as_deref()), self.retailer.time_zone.as_deref()];
        names.into_iter().flatten().find_map(|name| TimeZone::get(name).ok())
    }

    /// The register by name or id; a name that several outlets share needs the outlet.
    pub fn register(&self, name: &str, outlet: Option<&Outlet>) -> Option<&Register> {
        let mut named = self.registers.iter().filter(|register| register.id == name || register.name.eq_ignore_ascii_case(name));
        let here = outlet.and_then(|outlet| named.clone().find(|register| register.outlet_id.as_ref() == Some(&outlet.id)));
        here.or_else(|| named.next())
    }

    /// The payment type by name or id.
    pub fn payment_type(&self, name: &str) -> Option<&PaymentType> {
        self.payment_types.iter().find(|kind| kind.id == name || kind.name.eq_ignore_ascii_case(name))
    }

    /// The tax group by name or id.
    pub fn tax(&self, name: &str) -> Option<&TaxGroup> {
        self.taxes.iter().find(|tax| tax.id == name || tax.name.eq_ignore_ascii_case(name))
    }

    /// The tax group of untaxed lines: the retailer's own, or the one named so.
    pub fn no_tax(&self) -> Option<&TaxGroup> {
        let own = self.retailer.no_tax_group_id.as_deref().and_then(|id| self.tax(id));
        own.or_else(|| self.tax("No Tax")).or_else(|| self.taxes.iter().find(|tax| tax.rate.is_zero()))
    }
}

/// The sales order's customer on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomerFacts {
    /// The `NetSuite` customer; none if it cannot be read.
    pub netsuite: Option<ErpCustomer>,
    /// The X-Series customer that is linked to it.
    pub linked: Option<String>,
    /// X-Series customers with the same e-mail or code.
    pub matches: Vec<TillCustomer>,
}
