//! The world of a sale of the till: the sale, what NetSuite answers, and the loop of a pass.

mod books;
mod later;
mod property;
mod returned;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::domain::bookings::Place;
use crate::domain::facts::{List, Original, Question, TillCustomerFacts};
use crate::domain::money::round;
use crate::domain::record::{Goods, Money};
use crate::domain::reference::{ErpItem, InventoryNumber, KitMember, Period, TaxCode, TillCustomer, TillItem};
use crate::domain::sale::Charge;

pub(super) const RULES: &str = r#"
discount_item = "900"
variance_item = "901"
[[mapping]]
name = "never"
when = 'order.status == "Billed" and order.send_to_x_series'
send_as = "CLOSED"
[[outlet]]
x_series = "Ponsonby"
location = "6"
default_customer = "108"
[[payment_type]]
x_series = "Card"
netsuite = "7"
[[payment_type]]
x_series = "Cash"
netsuite = "1"
[[payment_type]]
x_series = "Gift card"
account = "220"
kind = "gift_card"
[[payment_type]]
x_series = "On account"
kind = "on_account"
[[tax]]
x_series = "GST"
netsuite = "GST:S-NZ"
[[charge]]
x_series = "SURCHARGE"
netsuite = "902"
"#;

pub(super) fn rules(more: &str) -> Mappings {
    Mappings::parse(&format!("{more}\n{RULES}")).map_err(|issues| format!("{issues:?}")).unwrap().mappings
}

pub(super) fn status(word: &str) -> SaleStatus {
    SaleStatus::from_word(word).unwrap()
}

/// A line of the sale: product, quantity, unit price; `p3` and what begins with `free` is not taxed.
pub(super) fn sold(product: &str, quantity: &str, price: &str) -> SaleLine {
    let (quantity, price) = (money(quantity), money(price));
    let rate = if product.starts_with("free") { Decimal::ZERO } else { money("0.15") };
    let tax = round(price * rate, 5);
    SaleLine {
        id: Some(format!("line-{product}")),
        product_id: product.to_owned(),
        quantity,
        price,
        price_total: price * quantity,
        tax_id: Some(if rate.is_zero() { "none" } else { "gst" }.to_owned()),
        tax,
        tax_total: tax * quantity,
        is_return: quantity < Decimal::ZERO && product != "discount",
        ..SaleLine::default()
    }
}

pub(super) fn paid(id: &str, kind: &str, amount: &str) -> SalePayment {
    SalePayment { id: Some(id.to_owned()), type_id: kind.to_owned(), amount: money(amount), ..SalePayment::default() }
}

/// A sale of the till with these lines, whose totals X-Series has rounded; paid by card unless it says otherwise.
pub(super) fn sale_with(word: &str, lines: Vec<SaleLine>) -> Sale {
    let places = 2;
    let mut sale = Sale {
        id: SaleId::from("0c3a5d1e-6b55-4a3a-9c7e-3c1d5a3a7f01"),
        status: Ok(status(word)),
        version: Some(1),
        source_type: None,
        source_id: None,
        outlet_id: Some("out".to_owned()),
        register_id: Some("reg".to_owned()),
        author_id: Some("user".to_owned()),
        customer_id: None,
        date: Some("2026-11-22T11:30:00Z".parse().unwrap()),
        created_at: None,
        updated_at: Some("2026-11-22T11:30:00Z".parse().unwrap()),
        deleted_at: None,
        note: None,
        invoice_number: Some("MR-17".to_owned()),
        receipt_number: None,
        short_code: None,
        return_for: None,
        returned_by: Vec::new(),
        lines: (0..).zip(lines).map(|(sequence, line)| SaleLine { sequence, ..line }).collect(),
        payments: Vec::new(),
        charges: Vec::new(),
        totals: SaleTotals::default(),
    };
    total(&mut sale, places);
    if status(word).state == SaleState::Closed {
        sale.payments = vec![paid("pay-1", "card", &sale.totals.price_incl_tax.to_string())];
    }
    sale
}

/// Adds up the sale again.
pub(super) fn total(sale: &mut Sale, places: u32) {
    let price: Decimal = sale.lines.iter().map(|line| line.price_total).chain(sale.charges.iter().map(|charge| charge.total)).sum();
    let tax: Decimal = sale.lines.iter().map(|line| line.tax_total).chain(sale.charges.iter().map(|charge| charge.tax)).sum();
    sale.totals = SaleTotals { price: round(price, places), tax: round(tax, places), price_incl_tax: round(price + tax, places) };
}

/// A record in the books.
#[derive(Debug, Clone)]
pub(super) struct Booked {
    pub(super) kind: RecordKind,
    pub(super) id: RecordId,
    pub(super) key: String,
    pub(super) total: Decimal,
    pub(super) tax: Decimal,
    pub(super) open: Decimal,
    pub(super) method: Option<String>,
    pub(super) customer: Option<String>,
    pub(super) from: Option<RecordId>,
    pub(super) date: Option<jiff::civil::Date>,
    pub(super) account: Option<String>,
    pub(super) place: Place,
    pub(super) goods: BTreeMap<String, Goods>,
}

/// NetSuite, and what this service remembers of its calls.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) books: Vec<Booked>,
    pub(super) order: Option<SalesOrder>,
    pub(super) authorized: Option<SalesOrder>,
    pub(super) calls: Vec<PastCall>,
    pub(super) link: Link,
    pub(super) requests: Vec<Request>,
    pub(super) till_customer: TillCustomerFacts,
    pub(super) original: Original,
    pub(super) serial_numbers: Vec<(String, String)>,
    pub(super) periods: Vec<Period>,
    /// NetSuite applies a sales order's deposits to its invoice by itself.
    pub(super) applies_deposits: bool,
    /// Closed lines still count in a sales order's total.
    pub(super) keeps_closed_lines: bool,
    /// What the decisions noted.
    pub(super) notes: Vec<String>,
    /// Every product belongs to another item than before.
    pub(super) renamed: bool,
    /// The answer of the call of this number is lost; it is looked up when the next pass begins.
    pub(super) loses: Option<usize>,
    /// What is done, and not known to be.
    pub(super) in_doubt: Vec<PastCall>,
}

impl World {
    pub(super) fn of(&self, kind: RecordKind) -> Vec<&Booked> {
        self.books.iter().filter(|booked| booked.kind == kind).collect()
    }

    pub(super) fn kinds(&self) -> Vec<RecordKind> {
        let mut kinds = self.books.iter().map(|booked| booked.kind).collect::<Vec<_>>();
        kinds.sort();
        kinds
    }

    /// One pass: decides and does until there is a verdict; the answers are of this pass only.
    pub(super) fn pass(&mut self, sale: &Sale, rules: &Mappings) -> (Verdict, Option<RecordPlan>) {
        self.link.x_series_id = Some(sale.id.clone());
        let mut answers = Answers::default();
        self.calls.append(&mut self.in_doubt);
        for _ in 0..80 {
            let facts = Facts {
                connection: "shop".into(),
                link: self.link.clone(),
                order: match (&self.link.netsuite_id, &self.order) {
                    (Some(_), Some(order)) => Seen::Is(Box::new(order.clone())),
                    (Some(_), None) => Seen::Missing,
                    (None, _) => Seen::NotLinked,
                },
                sale: Seen::Is(Box::new(sale.clone())),
                calls: self.calls.clone(),
                answers: answers.clone(),
            };
            let decision = decide(&facts, rules);
            self.notes.extend(decision.notes.iter().cloned());
            match decision.next {
                Next::Ask(questions) => {
                    for question in questions {
                        self.answer(question, &mut answers);
                    }
                }
                Next::Link(LinkTo::Order(id)) => self.link.netsuite_id = Some(id),
                Next::Link(LinkTo::Sale(_)) => panic!("the sale is linked"),
                Next::Call(call) => {
                    self.perform(*call);
                    if !self.in_doubt.is_empty() {
                        return (Verdict::held(Reason::UnknownAnswer, "the answer is lost"), decision.plan);
                    }
                    (answers.booked, answers.read_back, answers.bills, answers.authorized) = (None, None, None, None);
                    (answers.children, answers.till_customer) = (None, None);
                    answers.payments.clear();
                }
                Next::Later(why) => return (Verdict::held(Reason::OriginalFirst, why), decision.plan),
                Next::End(verdict, _) => {
                    self.link.x_series_version = sale.version;
                    return (verdict, decision.plan);
                }
            }
        }
        panic!("no verdict after 80 steps: {:?}", self.requests);
    }

    fn answer(&self, question: Question, answers: &mut Answers) {
        let child = |booked: &Booked| Child {
            kind: booked.kind,
            id: booked.id.clone(),
            number: Some(format!("N{}", booked.id)),
            status: None,
            external_id: Some(booked.key.clone()),
        };
        let bill = |booked: &Booked| Bill {
            kind: booked.kind,
            id: booked.id.clone(),
            number: Some(format!("N{}", booked.id)),
            total: Some(booked.total),
            tax_total: Some(booked.tax),
            remaining: Some(booked.open),
            payment_method: booked.method.clone(),
            account: booked.account.clone(),
            customer: booked.customer.clone(),
            modified_at: None,
            date: booked.date,
            place: booked.place.clone(),
            goods: booked.goods.clone(),
            lines: Vec::new(),
        };
        match question {
            Question::Reference => answers.reference = Some(Arc::new(till_reference())),
            Question::LinkedOrders { .. } => answers.linked_orders = Some(Vec::new()),
            Question::Booked(keys) => {
                let found = self.books.iter().filter(|booked| keys.contains(&booked.key)).map(child);
                let order = self.order.iter().filter(|order| order.external_id.as_ref().is_some_and(|key| keys.contains(key)));
                let order = order.map(|order| Child {
                    kind: RecordKind::SalesOrder,
                    id: order.id.clone(),
                    number: None,
                    status: None,
                    external_id: order.external_id.clone(),
                });
                answers.booked = Some(found.chain(order).collect());
            }
            Question::ReadBack => answers.read_back = Some(self.books.iter().map(bill).collect()),
            Question::Payments(ids) => {
                for (kind, id) in ids {
                    let money = self.books.iter().find(|booked| (booked.kind, &booked.id) == (kind, &id)).map(|booked| Money {
                        id: id.clone(),
                        amount: Some(booked.total),
                        unused: Some(booked.open),
                        payment_method: booked.method.clone(),
                    });
                    answers.payments.insert(id, money);
                }
            }
            Question::TillItems { products, .. } => {
                let item = |id: &String| {
                    let mut item = till_item(id);
                    item.items.iter_mut().filter(|_| self.renamed).for_each(|item| item.id.push_str("-new"));
                    (id.clone(), item)
                };
                answers.till_items = Some(products.iter().map(item).collect());
            }
            Question::TillCustomer(_) => answers.till_customer = Some(self.till_customer.clone()),
            Question::SerialNumbers(_) => answers.serial_numbers = Some(self.serial_numbers.clone()),
            Question::OriginalSerials(_) => answers.original_serials = Some(Vec::new()),
            Question::InventoryNumbers { item, location } => {
                let number = |id: &str, expires: &str| InventoryNumber {
                    id: id.to_owned(),
                    number: format!("No {id}"),
                    available: 5.into(),
                    expires: Some(expires.parse().unwrap()),
                    location: None,
                };
                answers.inventory_numbers.insert((item, location), vec![number("31", "2027-06-01"), number("32", "2027-01-01")]);
            }
            Question::Periods => answers.periods = Some(self.periods.clone()),
            Question::LocationSubsidiary(location) => drop(answers.location_subsidiaries.insert(location, None)),
            Question::Original(_) => answers.original = Some(self.original.clone()),
            Question::Authorized(_) => answers.authorized = self.authorized.clone(),
            Question::TaxCodes => {
                let code = TaxCode { id: "5".into(), name: "GST:S-NZ".into(), tax_type: Some("3".into()), rate: Some(15.into()) };
                answers.tax_codes = Some(vec![code]);
            }
            Question::Children(_) => {
                let made = self.books.iter().filter(|booked| booked.from.is_some()).map(child);
                answers.children = Some(made.collect());
            }
            Question::Bills => {
                let bills = self.books.iter().filter(|booked| booked.kind.is_bill() && booked.from.is_some());
                answers.bills = Some(bills.map(bill).collect());
            }
            Question::Items { .. } => answers.items = Some(BTreeMap::new()),
            Question::HandedOver(_) => answers.handed_over = Some(Vec::new()),
            Question::KitMembers(kits) => answers.kit_members = Some(kits.into_iter().map(|kit| (kit, Vec::new())).collect()),
            Question::Names(list) => {
                let entry = Ref { id: "41".into(), name: Some("Shops".into()) };
                answers.names.insert(list, if list == List::Department { vec![entry] } else { Vec::new() });
            }
            other => panic!("nobody answers {other:?}"),
        }
    }
}

fn till_reference() -> Reference {
    let payment = |id: &str, name: &str| PaymentType { id: id.to_owned(), name: name.to_owned(), type_id: None };
    let payment_types =
        vec![payment("card", "Card"), payment("cash", "Cash"), payment("gift", "Gift card"), payment("account", "On account")];
    Reference { payment_types, ..reference() }
}

/// `serial`, `lot` and `bin` are tracked, `kit` has a tracked member, `nothing` is not in NetSuite.
fn till_item(id: &str) -> TillItem {
    let product = Product { id: id.to_owned(), sku: Some(id.to_uppercase()), name: Some(format!("The {id}")), is_composite: id == "kit" };
    let member = KitMember { item: "77".into(), quantity: 1.into(), serial: true, lot: false, bins: false };
    let item = ErpItem {
        id: format!("i-{id}"),
        name: id.to_owned(),
        kind: if id == "kit" { ItemKind::Kit } else { ItemKind::Inventory },
        serial: id == "serial",
        lot: id == "lot",
        bins: id == "bin",
        members: if id == "kit" { vec![member] } else { Vec::new() },
    };
    TillItem { product: Some(product), items: if id == "nothing" { Vec::new() } else { vec![item] } }
}

/// No key is in the books twice.
pub(super) fn assert_once(world: &World) {
    let keys = world.books.iter().map(|booked| booked.key.as_str()).collect::<BTreeSet<_>>();
    assert_eq!(keys.len(), world.books.len(), "{:?}", world.books);
}

/// A buyer that the till knows and NetSuite does not.
pub(super) fn stranger() -> TillCustomerFacts {
    let till = TillCustomer {
        id: "buyer".into(),
        first_name: Some("Ana".into()),
        email: Some("ana@example.com".into()),
        ..TillCustomer::default()
    };
    TillCustomerFacts { till: Some(till), ..TillCustomerFacts::default() }
}

/// A charge outside the lines.
pub(super) fn charge(kind: &str, total: &str) -> Charge {
    Charge { kind: kind.to_owned(), name: None, total: money(total), tax: Decimal::ZERO, tax_components: Vec::new() }
}
