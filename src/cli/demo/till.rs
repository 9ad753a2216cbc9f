//! The cashiers of the demo: what they ring up by themselves, and what they do with it later while the shop is open.

use std::collections::VecDeque;
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::time::Instant;
use uuid::Uuid;

use super::shop::refused;
use crate::cli::CliError;
use crate::sandbox::{BroughtBack, NewTillCustomer, SaleState, Tender, Ticket, TicketLine, TransactionKind as Record, XSeriesHandle};

/// What kind of sale it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Over the counter, to nobody in particular.
    Counter,
    /// With a discount on all of it, paid in two ways.
    Discounted,
    /// Put aside and paid in three instalments.
    Layby,
    /// Put on a customer's account, and paid later.
    OnAccount,
    /// Paid at the till, and picked up later.
    Pickup,
    /// Brings some of a counter sale back.
    Return,
    /// Brings some of a discounted sale back for something dearer.
    Exchange,
    /// Kits whose members have serial numbers and lots.
    Kit,
    /// Paid with a gift card.
    GiftCard,
    /// To somebody whom neither system knew.
    NewCustomer,
}

impl Kind {
    /// The kinds, in the order in which they are rung up: what is brought back was sold before.
    pub(super) const CYCLE: [Self; 10] = [
        Self::Counter,
        Self::Discounted,
        Self::Layby,
        Self::OnAccount,
        Self::Pickup,
        Self::Return,
        Self::Exchange,
        Self::Kit,
        Self::GiftCard,
        Self::NewCustomer,
    ];

    /// What NetSuite holds of it in the end.
    pub(super) fn records(self) -> &'static [Record] {
        match self {
            Self::Counter | Self::Discounted | Self::GiftCard | Self::NewCustomer => &[Record::CashSale],
            Self::Layby => &[
                Record::SalesOrder,
                Record::CustomerDeposit,
                Record::CustomerDeposit,
                Record::CustomerDeposit,
                Record::ItemFulfillment,
                Record::Invoice,
                // NetSuite's own: by preference an order's deposits pay its invoice.
                Record::DepositApplication,
                Record::DepositApplication,
                Record::DepositApplication,
            ],
            Self::OnAccount => &[Record::Invoice, Record::CustomerPayment],
            Self::Pickup | Self::Kit => &[Record::SalesOrder, Record::ItemFulfillment, Record::Invoice, Record::CustomerPayment],
            Self::Return => &[Record::CashRefund],
            Self::Exchange => &[Record::Invoice, Record::CreditMemo, Record::CustomerPayment],
        }
    }
}

/// What a cashier still does with a sale.
#[derive(Debug, Clone)]
enum Step {
    /// One piece of another sale's first line comes back: a return is begun.
    BringBack(Uuid),
    /// One of these is taken instead.
    Take(&'static str),
    Pay(&'static str, Decimal),
    /// What is left is paid or given back, and the sale is closed.
    Close(&'static str),
    SettleAccount(&'static str),
    /// The customer comes for it, once it is known in NetSuite.
    HandOver,
}

/// A sale of the till.
#[derive(Debug, Clone)]
pub(super) struct Sold {
    /// What kind it is.
    pub(super) kind: Kind,
    /// The sale; none while nothing was brought back yet.
    pub(super) sale: Option<Uuid>,
    /// The e-mail of the customer who was made for it.
    pub(super) newcomer: Option<String>,
    left: VecDeque<Step>,
    random: fastrand::Rng,
    not_before: Instant,
}

impl Sold {
    /// The cashier is done with it.
    pub(super) fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// The next step waits until NetSuite knows the sale.
    pub(super) fn waits_for_netsuite(&self) -> bool {
        self.is_due() && matches!(self.left.front(), Some(Step::HandOver))
    }

    fn is_due(&self) -> bool {
        Instant::now() >= self.not_before
    }

    /// Takes the next step, when it is due.
    pub(super) fn go_on(&mut self, x_series: &XSeriesHandle, known_in_netsuite: bool) -> Result<(), CliError> {
        if !self.is_due() || self.waits_for_netsuite() && !known_in_netsuite {
            return Ok(());
        }
        let Some(step) = self.left.pop_front() else { return Ok(()) };
        if let Step::BringBack(original) = step {
            let first = x_series.sale(original).and_then(|sale| sale.lines.first().map(|line| line.id));
            let line = first.ok_or_else(|| CliError::Say("the demo brings back a sale that has no lines".to_owned()))?;
            let brought = BroughtBack { line, quantity: Decimal::ONE, reason: Some("Does not fit".to_owned()) };
            self.sale = Some(x_series.bring_back(original, &[brought]).map_err(refused)?);
        } else if let Some(sale) = self.sale {
            match step {
                Step::BringBack(_) => Ok(()),
                Step::Take(sku) => x_series.add_line(sale, sku, Decimal::ONE).map(drop),
                Step::Pay(payment_type, amount) => x_series.pay(sale, payment_type, amount),
                Step::Close(payment_type) => x_series.close(sale, &[Tender::rest(payment_type)]),
                Step::SettleAccount(payment_type) => x_series.settle_account(sale, payment_type),
                Step::HandOver => x_series.hand_over_all(sale),
            }
            .map_err(refused)?;
        }
        self.pause();
        Ok(())
    }

    fn pause(&mut self) {
        self.not_before = Instant::now() + Duration::from_millis(self.random.u64(150..500));
    }
}

/// The tills of both shops.
#[derive(Debug)]
pub(super) struct Till {
    x_series: XSeriesHandle,
    /// The serial numbers that were not sold yet, by shop.
    beacons: [VecDeque<String>; 2],
    /// The last sale of a kind that something is brought back of.
    counter: Option<Uuid>,
    discounted: Option<Uuid>,
    newcomers: usize,
}

const SHOPS: [&str; 2] = ["Ponsonby", "Newmarket"];

impl Till {
    /// The tills; the rescue beacons in stock have these serial numbers in each shop.
    pub(super) fn new(x_series: XSeriesHandle, beacons: [VecDeque<String>; 2]) -> Self {
        Self { x_series, beacons, counter: None, discounted: None, newcomers: 0 }
    }

    /// The shops, in the order in which beacons are given.
    pub(super) const SHOPS: [&str; 2] = SHOPS;

    /// A cashier rings up a sale, or has somebody before them who will bring one back.
    pub(super) fn sell(&mut self, kind: Kind, mut random: fastrand::Rng) -> Result<Sold, CliError> {
        let shop = random.usize(..SHOPS.len());
        let card = if random.bool() { "Card" } else { "Cash" };
        let mut ticket = Ticket {
            // Sales that come from NetSuite are made on the first.
            register: format!("{} 2", SHOPS[shop]),
            author: Some(if random.bool() { "hana" } else { "liam" }.to_owned()),
            lines: goods(&mut random),
            payments: vec![Tender::rest(card)],
            state: SaleState::Closed,
            ..Ticket::default()
        };
        let known = ["AROHA-N201", "TOM-W202", "MEI-C203", "SIONE-T204"][random.usize(..4)];
        let mut open = |attribute: &str, customer: &str| {
            ticket.state = SaleState::Pending;
            ticket.attributes = vec![attribute.to_owned()];
            ticket.customer = Some(customer.to_owned());
        };
        let mut newcomer = None;
        let mut left = Vec::new();
        match kind {
            Kind::Counter => {}
            Kind::Discounted => {
                ticket.customer = Some(known.to_owned());
                ticket.discount = Some(Decimal::new(random.i64(150..1500), 2));
                ticket.payments = vec![Tender::of("Cash", Decimal::from(10)), Tender::rest("Card")];
            }
            Kind::Layby => {
                open("layby", known);
                ticket.lines.insert(0, TicketLine::of("JERSEY-WOOL", Decimal::ONE));
                ticket.payments = vec![Tender::of("Cash", Decimal::from(40))];
                left = vec![Step::Pay("Card", Decimal::from(50)), Step::Close(card)];
            }
            Kind::OnAccount => {
                open("onaccount", if random.bool() { "CLUB-205" } else { "SCHOOL-206" });
                ticket.payments = vec![Tender::rest("On Account")];
                left = vec![Step::SettleAccount(card)];
            }
            Kind::Pickup => {
                open("pickup", known);
                left = vec![Step::HandOver];
            }
            Kind::Return => left = self.counter.map(Step::BringBack).into_iter().chain([Step::Close(card)]).collect(),
            Kind::Exchange => {
                let begun = self.discounted.map(Step::BringBack);
                left = begun.into_iter().chain([Step::Take("PACK-20L"), Step::Close(card)]).collect();
            }
            Kind::Kit => {
                ticket.lines = vec![TicketLine::of("KIT-MEALS", Decimal::ONE)];
                if let Some(number) = self.beacons[shop].pop_front() {
                    ticket.lines.push(TicketLine { serial_numbers: vec![number], ..TicketLine::of("KIT-SAFETY", Decimal::ONE) });
                }
            }
            Kind::GiftCard => ticket.payments = vec![Tender::rest("Gift Card")],
            Kind::NewCustomer => {
                let customer = newcomer_of(self.newcomers);
                self.newcomers += 1;
                self.x_series.make_customer(&customer).map_err(refused)?;
                ticket.customer = Some(customer.code);
                newcomer = Some(customer.email);
            }
        }
        let sale = match kind {
            Kind::Return | Kind::Exchange => None,
            _ => Some(self.x_series.sell(&ticket).map_err(refused)?),
        };
        match kind {
            Kind::Counter => self.counter = sale,
            Kind::Discounted => self.discounted = sale,
            _ => {}
        }
        let mut sold = Sold { kind, sale, newcomer, left: left.into(), random, not_before: Instant::now() };
        sold.pause();
        Ok(sold)
    }
}

/// Two or three products, some of each.
fn goods(random: &mut fastrand::Rng) -> Vec<TicketLine> {
    const GOODS: [&str; 8] =
        ["SCARF-MERINO", "BEANIE-MERINO", "GLOVES-POSSUM", "SOCKS-HIKER", "TEE-ORGANIC", "BOTTLE-1L", "TOWEL-CAMP", "BOOK-TRAILS"];
    let mut goods = GOODS;
    random.shuffle(&mut goods);
    let count = random.usize(2..4);
    goods.iter().take(count).map(|sku| TicketLine::of(sku, Decimal::from(random.u32(1..4)))).collect()
}

/// The customer who comes as the so many-th: each of those that the largest demo has, 400, has a name of their own.
fn newcomer_of(place: usize) -> NewTillCustomer {
    const FIRST: [&str; 8] = ["Hemi", "Ana", "Ravi", "Grace", "Wiremu", "Lucy", "Tane", "Emma"];
    const LAST: [&str; 8] = ["Rangi", "Walker", "Patel", "Moana", "Fraser", "Tipene", "Singh", "Brooks"];
    let (first, last, round) = (FIRST[place % 8], LAST[place / 8 % 8], place / 64);
    let last = if round == 0 { last.to_owned() } else { format!("{last}-{}", LAST[round % 8]) };
    NewTillCustomer {
        code: format!("NEW-{:04}", place + 1),
        first_name: first.to_owned(),
        email: format!("{}.{}@example.com", first.to_lowercase(), last.to_lowercase()),
        last_name: last,
        ..NewTillCustomer::default()
    }
}
