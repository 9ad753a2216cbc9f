//! What became of the demo's orders: read from both simulated systems, not from our own log.

use std::time::Duration;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::books::{Books, differences};
use super::office;
use super::shop::{Order, Shop, rows};
use crate::app::Running;
use crate::cli::CliError;
use crate::cli::output::table;
use crate::domain::verdict::VerdictKind;
use crate::sandbox::{Entry, NetSuiteHandle, Sale, Sandbox, TransactionKind as Record};
use crate::store::{Direction, OrderRow};

/// So many passes of an order are looked through for its record plan.
const PASSES: u32 = 200;

/// One order on both sides.
#[derive(Debug, Clone, Serialize)]
struct Line {
    direction: Direction,
    sales_order: String,
    sale: String,
    mapping: String,
    sale_status: String,
    /// Which record a sale of the till was to become, and why; none for a sales order.
    record_plan: Option<Value>,
    fulfilment: String,
    bill: String,
    /// Every transaction in NetSuite that belongs to it.
    bookings: Vec<Booking>,
    /// What the sale comes to, with tax.
    sold: Decimal,
    /// What is billed of it less what is credited, with tax.
    booked: Decimal,
    verdict: String,
    /// What is not as it must be; empty when all is well.
    problems: Vec<String>,
}

/// A transaction in NetSuite.
#[derive(Debug, Clone, Serialize)]
struct Booking {
    record: Record,
    number: String,
    total: Option<Decimal>,
}

/// All of them.
#[derive(Debug, Clone)]
pub(super) struct Report {
    lines: Vec<Line>,
    problems: Vec<String>,
    took: Duration,
}

impl Report {
    /// Reads both sides.
    pub(super) async fn of(shop: &Shop, sandbox: &Sandbox, running: &Running, took: Duration) -> Result<Self, CliError> {
        let undecided = settled_events(running).await?;
        let (netsuite, sales) = (sandbox.netsuite(), sandbox.x_series().sales());
        let mut books = Books::of(netsuite);
        let mut lines = Vec::new();
        for order in &shop.orders {
            let of = |sale: &&Sale| match order {
                Order::Entered(entered) => sale.source_id.as_ref() == Some(&entered.number),
                Order::Sold(sold) => sold.sale == Some(sale.id),
            };
            let sales = sales.iter().filter(of).collect::<Vec<_>>();
            let rows = rows(running, order).await?;
            let plan = match rows.first() {
                Some(row) => plan(running, row).await?,
                None => None,
            };
            lines.push(Line::of(order, &sales, &rows, plan, &mut books, netsuite));
        }
        let mut problems = Vec::new();
        if sales.len() != shop.orders.len() {
            problems.push(format!("X-Series holds {} sales for {} orders", sales.len(), shop.orders.len()));
        }
        let left = books.left().into_iter().map(|entry| format!("{} {}", entry.kind.record_type(), entry.tran_id)).collect::<Vec<_>>();
        if !left.is_empty() {
            problems.push(format!("NetSuite holds what belongs to no order: {}", left.join(", ")));
        }
        if undecided != 0 {
            problems.push(format!("{undecided} events have no verdict"));
        }
        Ok(Self { lines, problems, took })
    }

    /// Every order ended as it must, once.
    pub(super) fn is_whole(&self) -> bool {
        self.problems.is_empty() && self.lines.iter().all(|line| line.problems.is_empty())
    }

    pub(super) fn json(&self) -> String {
        json!({ "ok": self.is_whole(), "took_ms": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX), "orders": self.lines, "problems": self.problems }).to_string()
    }

    pub(super) fn table(&self) -> String {
        const HEAD: [&str; 10] =
            ["DIRECTION", "SALES ORDER", "SALE", "MAPPING", "SALE STATUS", "RECORD", "FULFILMENT", "BILL", "PAYMENTS", "ENDED"];
        let mut lines = vec![table(&HEAD, &self.lines.iter().map(Line::cells).collect::<Vec<_>>())];
        lines.extend(self.problems.iter().cloned());
        let well = self.lines.iter().filter(|line| line.problems.is_empty()).count();
        let sent = self.lines.iter().filter(|line| line.direction == Direction::NetsuiteToXSeries).count();
        lines.push(format!(
            "\n{well} of {} orders ended as they must, in {:.1} s: {sent} sales orders to the till, {} sales of the till to NetSuite",
            self.lines.len(),
            self.took.as_secs_f64(),
            self.lines.len() - sent
        ));
        lines.join("\n")
    }
}

impl Line {
    fn of(order: &Order, sales: &[&Sale], rows: &[OrderRow], plan: Option<Value>, books: &mut Books, netsuite: &NetSuiteHandle) -> Self {
        let (direction, entered, wanted) = match order {
            Order::Entered(entered) => (Direction::NetsuiteToXSeries, Some(entered), entered.kind.records()),
            Order::Sold(sold) => (Direction::XSeriesToNetsuite, None, sold.kind.records()),
        };
        let keys = sales.iter().flat_map(|sale| sale.payments.iter().map(|payment| payment.id).chain([sale.id])).collect::<Vec<_>>();
        let found = books.take(entered.map(|entered| entered.id), &keys);
        let sold = sales.iter().map(|sale| sale.totals().2).sum();
        let booked = found.iter().map(billed).sum();
        let mut problems = differences(wanted, &found);
        for (what, count) in [("sales", sales.len()), ("orders of Tillbridge", rows.len())] {
            if count != 1 {
                problems.push(format!("{count} {what}"));
            }
        }
        if found.iter().any(|entry| entry.kind == Record::SalesOrder && entry.status != 'G') {
            problems.push("not billed in NetSuite".to_owned());
        }
        if sold != booked {
            problems.push(format!("the sale comes to {sold} and NetSuite's books to {booked}"));
        }
        // A delivery is on terms: NetSuite waits for the money itself.
        if entered.is_none_or(|entered| entered.kind != office::Kind::Delivery) {
            let open = found.iter().filter_map(|entry| netsuite.bill_total(entry.id)).map(|(_, open)| open).sum::<Decimal>();
            if !open.is_zero() {
                problems.push(format!("{open} paid at the till is not booked"));
            }
        }
        let row = rows.first();
        if let Order::Sold(sold) = order {
            if row.is_none_or(|row| row.verdict != Some(VerdictKind::Synced)) {
                problems.push("not synced".to_owned());
            }
            problems.extend(sold.newcomer.as_deref().and_then(|email| strange(email, &found, netsuite)));
        }
        if let Some(detail) = row.and_then(|row| row.detail.clone()).filter(|_| !problems.is_empty()) {
            problems.push(detail);
        }
        Self {
            direction,
            sales_order: entered.map_or_else(|| numbers(&found, &[Record::SalesOrder]), |entered| entered.number.clone()),
            sale: or_none(sales.iter().map(|sale| sale.invoice_number.clone())),
            mapping: row.and_then(|row| row.link.mapping.clone()).unwrap_or_else(|| "-".to_owned()),
            sale_status: or_none(sales.iter().map(|sale| sale.status().to_owned())),
            record_plan: plan,
            fulfilment: numbers(&found, &[Record::ItemFulfillment]),
            bill: numbers(&found, &[Record::CashSale, Record::Invoice, Record::CreditMemo, Record::CashRefund]),
            bookings: found.into_iter().map(|entry| Booking { record: entry.kind, number: entry.tran_id, total: entry.total }).collect(),
            sold,
            booked,
            verdict: row.map_or_else(
                || "never seen".to_owned(),
                |row| format!("{} ({})", row.verdict.map_or("undecided", |kind| kind.word()), row.reason.as_deref().unwrap_or("-")),
            ),
            problems,
        }
    }

    fn cells(&self) -> Vec<String> {
        let direction = match self.direction {
            Direction::NetsuiteToXSeries => "to till",
            Direction::XSeriesToNetsuite => "from till",
        };
        let record = self.record_plan.as_ref().and_then(|plan| plan["record"].as_str()).unwrap_or("-").replace('_', " ");
        let money = [Record::CustomerDeposit, Record::CustomerPayment, Record::CustomerRefund];
        let payments = self.bookings.iter().filter(|booking| money.contains(&booking.record)).map(|booking| booking.number.clone());
        let ended = if self.problems.is_empty() { self.verdict.clone() } else { format!("{}: {}", self.verdict, self.problems.join(", ")) };
        vec![
            direction.to_owned(),
            self.sales_order.clone(),
            self.sale.clone(),
            self.mapping.clone(),
            self.sale_status.clone(),
            record,
            self.fulfilment.clone(),
            self.bill.clone(),
            or_none(payments),
            ended,
        ]
    }
}

/// The record that a sale of the till was first planned to become. Once it has a sales order, the plan only says that.
async fn plan(running: &Running, row: &OrderRow) -> Result<Option<Value>, CliError> {
    let passes = running.store.passes(&row.id, PASSES).await?;
    let plans = passes.into_iter().rev().map(|mut pass| pass.explanation["record_plan"].take());
    Ok(plans.into_iter().find(|plan| plan["record"].as_str().is_some_and(|record| record != "none")))
}

/// A customer who is not in NetSuite once, or to whom the sale was not booked.
fn strange(email: &str, found: &[Entry], netsuite: &NetSuiteHandle) -> Option<String> {
    let customers = netsuite.customers().into_iter().filter(|customer| customer.email == email).collect::<Vec<_>>();
    let [customer] = customers.as_slice() else { return Some(format!("{} customers with the e-mail {email}", customers.len())) };
    let other = found.iter().any(|entry| entry.customer != Some(customer.id));
    other.then(|| format!("not booked to {email}"))
}

/// What a transaction bills, less what it credits.
fn billed(entry: &Entry) -> Decimal {
    // Every kind that is counted here has a total; the others count for nothing.
    let total = entry.total.unwrap_or_default();
    match entry.kind {
        Record::Invoice | Record::CashSale => total,
        Record::CreditMemo | Record::CashRefund => -total,
        _ => Decimal::ZERO,
    }
}

/// How long a poll's or a late webhook's word may still take to get its verdict: it can come in the moment the shop closes.
const LAST_WORD: Duration = Duration::from_secs(20);

/// How many events have no verdict, once there are none or they had the time for one.
async fn settled_events(running: &Running) -> Result<i64, CliError> {
    let until = Instant::now() + LAST_WORD;
    loop {
        let counts = running.store.counts().await?;
        let undecided = counts.received - counts.verdicts.iter().map(|(_, count)| count).sum::<i64>();
        if undecided == 0 || Instant::now() >= until {
            return Ok(undecided);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn numbers(found: &[Entry], kinds: &[Record]) -> String {
    or_none(found.iter().filter(|entry| kinds.contains(&entry.kind)).map(|entry| entry.tran_id.clone()))
}

fn or_none(texts: impl IntoIterator<Item = String>) -> String {
    let texts = texts.into_iter().collect::<Vec<_>>();
    if texts.is_empty() { "-".to_owned() } else { texts.join(" ") }
}
