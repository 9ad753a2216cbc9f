//! The people of the demo: somebody enters sales orders in NetSuite, and cashiers complete the sales that come of them.

use std::collections::BTreeSet;
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::time::Instant;

use crate::app::Running;
use crate::cli::CliError;
use crate::sandbox::{Form, NetSuiteHandle, NewSalesOrder, SaleState, Sandbox, XSeriesHandle};
use crate::store::{OrderRow, OrderState};

/// How long everything has to stay quiet before the shop closes: late webhooks may still come.
const QUIET: Duration = Duration::from_millis(1500);

/// What kind of order it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Fulfilled and billed before it is sent.
    Billed,
    /// Paid, picked up.
    Pickup,
    /// Paid, delivered.
    Delivery,
    /// Paid at the till.
    Parked,
}

/// An order of the demo.
#[derive(Debug, Clone)]
pub(super) struct Entered {
    /// Its internal id.
    pub(super) id: u64,
    /// Its number.
    pub(super) number: String,
    /// What kind it is.
    pub(super) kind: Kind,
}

/// The people, and what they have done.
#[derive(Debug)]
pub(super) struct Shop {
    netsuite: NetSuiteHandle,
    x_series: XSeriesHandle,
    random: fastrand::Rng,
    wanted: u32,
    pub(super) entered: Vec<Entered>,
    completed: BTreeSet<u64>,
}

impl Shop {
    pub(super) fn new(sandbox: &Sandbox, orders: u32, seed: u64) -> Self {
        Self {
            netsuite: sandbox.netsuite().clone(),
            x_series: sandbox.x_series().clone(),
            random: fastrand::Rng::with_seed(seed),
            wanted: orders,
            entered: Vec::new(),
            completed: BTreeSet::new(),
        }
    }

    /// Works until every order has ended, or until the deadline; goes on for ever when it is not `once`.
    pub(super) async fn open(&mut self, running: &Running, deadline: Instant, once: bool) -> Result<(), CliError> {
        for place in 0..self.wanted {
            self.enter(place)?;
            // People do not enter orders all in the same instant.
            tokio::time::sleep(Duration::from_millis(self.random.u64(1..30))).await;
        }
        let mut quiet_since = None;
        while Instant::now() < deadline || !once {
            self.complete_sales()?;
            let ended = self.all_ended(running).await?;
            quiet_since = if ended { quiet_since.or_else(|| Some(Instant::now())) } else { None };
            if once && quiet_since.is_some_and(|since| since.elapsed() >= QUIET) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Somebody enters a sales order.
    fn enter(&mut self, place: u32) -> Result<(), CliError> {
        const GOODS: [(&str, i64); 8] = [
            ("SCARF-MERINO", 4304),
            ("BEANIE-MERINO", 3043),
            ("SOCKS-HIKER", 2174),
            ("TEE-ORGANIC", 3913),
            ("MUG-ENAMEL", 1304),
            ("BOOK-TRAILS", 3999),
            ("MEAL-LAMB", 1304),
            ("KIT-WEEKEND", 19_130),
        ];
        const PEOPLE: [&str; 4] = ["Aroha Ngata", "Tom Whitfield", "Tramping Club", "Mei Chen"];
        let kind = [Kind::Pickup, Kind::Billed, Kind::Parked, Kind::Delivery][usize::try_from(place % 4).unwrap_or(0)];
        let mut goods = GOODS.to_vec();
        self.random.shuffle(&mut goods);
        let count = self.random.usize(1..4);
        let lines = goods.iter().take(count).map(|(sku, cents)| (*sku, Decimal::from(self.random.u32(1..5)), Decimal::new(*cents, 2)));
        let lines = lines.collect::<Vec<_>>();
        let person = PEOPLE[self.random.usize(..PEOPLE.len())];
        let location = ["Ponsonby", "Newmarket"][self.random.usize(..2)];
        let mut order = NewSalesOrder::of(person, location, lines).with("custbody_tillbridge_send", true);
        match kind {
            Kind::Billed => order.form = Form::CashSale,
            Kind::Pickup => {
                order.form = Form::CashSale;
                order.payment_method = Some("Card".to_owned());
                order.ship_method = Some("Pickup in store".to_owned());
            }
            Kind::Delivery => {
                order.terms = Some("Net 30".to_owned());
                order.ship_method = Some("Courier".to_owned());
            }
            Kind::Parked => order.terms = Some("Due on receipt".to_owned()),
        }
        let refused =
            |error: crate::sandbox::Refused| CliError::Say(format!("the simulated NetSuite refused an order of the demo: {error}"));
        // Billed before anybody hears of it, as old orders are.
        order.pending_approval = kind == Kind::Billed;
        let id = self.netsuite.create_sales_order(&order).map_err(refused)?;
        if kind == Kind::Billed {
            self.netsuite.approve(id).map_err(refused)?;
            self.netsuite.bill_fully(id).map_err(refused)?;
        }
        let number = self.netsuite.sales_order(id).map(|order| order.tran_id).unwrap_or_default();
        self.entered.push(Entered { id, number, kind });
        Ok(())
    }

    /// Cashiers complete the sales that wait for them.
    fn complete_sales(&mut self) -> Result<(), CliError> {
        for order in self.entered.iter().filter(|order| order.kind != Kind::Billed) {
            if self.completed.contains(&order.id) {
                continue;
            }
            let sales = self.x_series.sales_from(&order.number);
            let Some(sale) = sales.iter().find(|sale| matches!(sale.state, SaleState::Parked | SaleState::Pending)) else { continue };
            let payment = if self.random.bool() { "Card" } else { "Cash" };
            self.x_series
                .complete(sale.id, payment)
                .map_err(|error| CliError::Say(format!("the simulated X-Series refused a cashier of the demo: {error}")))?;
            self.completed.insert(order.id);
        }
        Ok(())
    }

    /// Every order is at rest, and billed in NetSuite.
    async fn all_ended(&self, running: &Running) -> Result<bool, CliError> {
        for order in &self.entered {
            if self.netsuite.status(order.id) != Some('G') {
                return Ok(false);
            }
            match row(running, order).await? {
                Some(row) if row.state == OrderState::Settled && row.handled_seq == row.enqueued_seq => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// Tillbridge's own row of an order.
pub(super) async fn row(running: &Running, order: &Entered) -> Result<Option<OrderRow>, CliError> {
    let rows = running.store.find_orders(&order.number).await?;
    Ok(rows.into_iter().find(|row| row.link.netsuite_id.as_ref().is_some_and(|id| id.as_str() == order.id.to_string())))
}
