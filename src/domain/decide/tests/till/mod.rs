//! The world of a sale of the till: the sale, a NetSuite that keeps books by its own rules, and the loop of a pass.

mod property;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::domain::bookings::{Application, RecordLine};
use crate::domain::facts::{List, Original, Question, TillCustomerFacts};
use crate::domain::money::round;
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
                    (answers.booked, answers.read_back, answers.bills, answers.authorized) = (None, None, None, None);
                    (answers.children, answers.till_customer) = (None, None);
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
            customer: booked.customer.clone(),
            lines: Vec::new(),
        };
        match question {
            Question::Reference => answers.reference = Some(till_reference()),
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
            Question::TillItems { products, .. } => {
                answers.till_items = Some(products.iter().map(|id| (id.clone(), till_item(id))).collect());
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

    #[expect(clippy::too_many_lines, reason = "one arm for each request, as NetSuite books it")]
    fn perform(&mut self, call: Call) {
        let kind = call.request.kind();
        let known = self.calls.iter().any(|past| past.key == call.key);
        assert!(!known, "{} is sent a second time", call.key);
        self.requests.push(call.request.clone());
        let id = RecordId::from(format!("{}", 1000 + self.requests.len()).as_str());
        let amount = call.request.amount();
        match call.request {
            Request::Book(request) => {
                let (total, tax) = Self::totals(&request.lines, request.tax_override);
                if request.record == RecordKind::SalesOrder {
                    self.order = Some(netsuite_order(&id, &request, total));
                } else {
                    let applied: Decimal = request.apply.iter().map(|apply| self.apply(apply)).sum();
                    let open = if matches!(request.record, RecordKind::CashSale | RecordKind::CashRefund) {
                        Decimal::ZERO
                    } else {
                        total - applied
                    };
                    let (method, customer) = (request.payment_method, Some(request.customer));
                    let key = request.external_id;
                    self.books.push(Booked {
                        kind: request.record,
                        id: id.clone(),
                        key,
                        total,
                        tax,
                        open,
                        method,
                        customer,
                        from: None,
                        date: request.date,
                    });
                }
            }
            Request::Variance(request) => {
                let record = self.books.iter_mut().find(|booked| booked.id == request.bill).unwrap();
                record.total += request.amount;
                if record.kind == RecordKind::Invoice {
                    record.open += request.amount;
                }
            }
            Request::Payment(request) => {
                self.apply(&Application { record: request.invoice, amount: request.amount });
                self.keep(RecordKind::CustomerPayment, &id, &call.key, request.amount, request.date);
            }
            Request::Refund(request) => {
                self.apply(&request.apply);
                self.keep(RecordKind::CustomerRefund, &id, &call.key, request.apply.amount, request.date);
            }
            Request::Deposit(request) => self.keep(RecordKind::CustomerDeposit, &id, &call.key, request.amount, request.date),
            Request::ApplyDeposit(request) => {
                self.apply(&request.apply);
                self.keep(RecordKind::DepositApplication, &id, &call.key, request.apply.amount, request.date);
            }
            Request::ErpCustomer(request) => {
                self.till_customer.linked = Some("555".to_owned());
                assert_eq!(request.x_series_id, "buyer");
            }
            Request::ChangeOrder(change) => {
                let order = self.order.as_mut().unwrap();
                for changed in change.changed {
                    let line = order.lines.iter_mut().find(|line| line.line == changed.line).unwrap();
                    (line.quantity, line.rate, line.amount) = (changed.quantity, Some(changed.rate), Some(changed.amount));
                }
                order.lines.iter_mut().filter(|line| change.closed.contains(&line.line)).for_each(|line| line.closed = true);
                let next = order.lines.iter().map(|line| line.line).max().unwrap_or_default() + 1;
                order.lines.extend((next..).zip(&change.added).map(|(key, line)| order_line(key, line)));
                order.total = Some(order_total(order));
            }
            Request::Fulfil(request) => {
                let order = self.order.as_mut().unwrap();
                for line in &request.lines {
                    let target = order.lines.iter_mut().find(|target| target.line == line.order_line).unwrap();
                    target.fulfilled += line.quantity.unwrap_or_default();
                }
                restate(order);
                let from = Some(request.order);
                let key = call.key.clone();
                self.books.push(Booked {
                    kind: RecordKind::ItemFulfillment,
                    id: id.clone(),
                    key,
                    total: Decimal::ZERO,
                    tax: Decimal::ZERO,
                    open: Decimal::ZERO,
                    method: None,
                    customer: None,
                    from,
                    date: request.date,
                });
            }
            Request::Invoice(request) | Request::CashSale(request) => {
                let order = self.order.as_mut().unwrap();
                for line in &request.lines {
                    let target = order.lines.iter_mut().find(|target| target.line == line.order_line).unwrap();
                    target.billed += line.quantity;
                }
                restate(order);
                let total = order.total.unwrap();
                let tax = order.lines.iter().filter_map(|line| line.tax).sum();
                let deposits: Decimal = self.of(RecordKind::CustomerDeposit).iter().map(|deposit| deposit.total).sum();
                let applied = if self.applies_deposits { deposits } else { Decimal::ZERO };
                let open = if kind == CallKind::Invoice { total - applied } else { Decimal::ZERO };
                let record = if kind == CallKind::Invoice { RecordKind::Invoice } else { RecordKind::CashSale };
                let (key, from) = (call.key.clone(), Some(request.order));
                self.books.push(Booked {
                    kind: record,
                    id: id.clone(),
                    key,
                    total,
                    tax,
                    open,
                    method: request.payment_method,
                    customer: Some("108".into()),
                    from,
                    date: request.date,
                });
            }
            Request::Transform(request) => {
                if request.record == RecordKind::ReturnAuthorization {
                    let mut back = self.original.order.as_deref().unwrap().clone();
                    back.lines
                        .retain(|line| request.lines.iter().any(|wanted| wanted.order_line == line.line && !wanted.quantity.is_zero()));
                    for line in &mut back.lines {
                        line.quantity = request.lines.iter().find(|wanted| wanted.order_line == line.line).unwrap().quantity;
                    }
                    self.authorized = Some(back);
                }
                let lines = self.authorized.as_ref().unwrap().lines.iter();
                let net: Decimal = lines.map(|line| round(line.rate.unwrap() * line.quantity, 2)).sum();
                let tax = round(net * money("0.15"), 2);
                let total = net + tax;
                let open = if request.record == RecordKind::CreditMemo { total } else { Decimal::ZERO };
                let key = call.key.clone();
                self.books.push(Booked {
                    kind: request.record,
                    id: id.clone(),
                    key,
                    total,
                    tax,
                    open,
                    method: request.payment_method,
                    customer: Some("108".into()),
                    from: None,
                    date: request.date,
                });
            }
            other => panic!("a sale of the till never asks for {other:?}"),
        }
        self.calls.push(PastCall { kind, key: call.key, done: true, sale: None, amount, record: Some(id) });
    }

    fn keep(&mut self, kind: RecordKind, id: &RecordId, key: &str, total: Decimal, date: Option<jiff::civil::Date>) {
        let key = key.to_owned();
        self.books.push(Booked {
            kind,
            id: id.clone(),
            key,
            total,
            tax: Decimal::ZERO,
            open: Decimal::ZERO,
            method: None,
            customer: None,
            from: None,
            date,
        });
    }

    /// Pays for a record; more than is open is refused.
    fn apply(&mut self, application: &Application) -> Decimal {
        let target = self.books.iter_mut().find(|booked| booked.id == application.record).unwrap();
        assert!(application.amount <= target.open && application.amount > Decimal::ZERO, "{application:?} of {target:?}");
        target.open -= application.amount;
        application.amount
    }

    /// NetSuite taxes by the item and rounds line by line.
    fn totals(lines: &[RecordLine], overridden: bool) -> (Decimal, Decimal) {
        let net: Decimal = lines.iter().map(|line| line.amount).sum();
        let tax = lines.iter().map(|line| match &line.tax {
            Some(tax) if overridden => tax.amount,
            _ if overridden || line.item.starts_with("i-free") || ["901", "902"].contains(&line.item.as_str()) => Decimal::ZERO,
            _ => round(line.amount * money("0.15"), 2),
        });
        let tax: Decimal = tax.sum();
        (net + tax, tax)
    }
}

fn till_reference() -> Reference {
    let payment = |id: &str, name: &str| PaymentType { id: id.to_owned(), name: name.to_owned(), type_id: None };
    let payment_types =
        vec![payment("card", "Card"), payment("cash", "Cash"), payment("gift", "Gift card"), payment("account", "On account")];
    Reference { payment_types, ..reference() }
}

/// `serial` and `lot` are tracked, `kit` has a tracked member, `nothing` is not in NetSuite.
fn till_item(id: &str) -> TillItem {
    let product = Product { id: id.to_owned(), sku: Some(id.to_uppercase()), name: Some(format!("The {id}")), is_composite: id == "kit" };
    let member = KitMember { item: "77".into(), quantity: 1.into(), serial: true, lot: false, bins: false };
    let item = ErpItem {
        id: format!("i-{id}"),
        name: id.to_owned(),
        kind: if id == "kit" { ItemKind::Kit } else { ItemKind::Inventory },
        serial: id == "serial",
        lot: id == "lot",
        bins: false,
        members: if id == "kit" { vec![member] } else { Vec::new() },
    };
    TillItem { product: Some(product), items: if id == "nothing" { Vec::new() } else { vec![item] } }
}

fn order_line(key: i64, line: &RecordLine) -> OrderLine {
    let amount = line.amount;
    let taxed = !line.item.starts_with("i-free") && line.item != "902";
    OrderLine {
        item: Ref { id: line.item.clone(), name: None },
        kind: if line.item == "900" { ItemKind::Discount } else { ItemKind::Inventory },
        quantity: line.quantity.unwrap_or(Decimal::ONE),
        rate: Some(line.rate),
        amount: Some(amount),
        tax: Some(if taxed { round(amount * money("0.15"), 2) } else { Decimal::ZERO }),
        ..super::line(key, "X", 1, "1")
    }
}

fn order_total(order: &SalesOrder) -> Decimal {
    let lines = order.lines.iter().filter(|line| !line.closed);
    lines.map(|line| line.amount.unwrap() + round(line.amount.unwrap() * money("0.15"), 2)).sum()
}

fn netsuite_order(id: &RecordId, request: &crate::domain::bookings::RecordRequest, total: Decimal) -> SalesOrder {
    SalesOrder {
        id: id.clone(),
        number: "SO9".to_owned(),
        external_id: Some(request.external_id.clone()),
        lines: (1..).step_by(3).zip(&request.lines).map(|(key, line)| order_line(key, line)).collect(),
        total: Some(total),
        customer: Some(Ref { id: request.customer.clone(), name: None }),
        payment_method: None,
        ..super::order(OrderStatus::PendingFulfillment)
    }
}

/// The status that follows from what left and what is billed.
fn restate(order: &mut SalesOrder) {
    let lines = || order.lines.iter().filter(|line| !line.closed && line.kind != ItemKind::Discount);
    let all = |done: fn(&OrderLine) -> Decimal| lines().all(|line| done(line) >= line.quantity);
    let status = match () {
        () if all(|line| line.billed) => OrderStatus::Billed,
        () if all(|line| line.fulfilled) => OrderStatus::PendingBilling,
        () => OrderStatus::PendingBillingPartiallyFulfilled,
    };
    order.status = Ok(status);
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
    TillCustomerFacts { till: Some(till), linked: None, matches: Vec::new() }
}

/// A charge outside the lines.
pub(super) fn charge(kind: &str, total: &str) -> Charge {
    Charge { kind: kind.to_owned(), name: None, total: money(total), tax: Decimal::ZERO, tax_components: Vec::new() }
}
