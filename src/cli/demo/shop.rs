//! The day of the demo: sales orders come in, sales are rung up, and cashiers do what is still to be done with both.

use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use super::office::{self, Entered};
use super::till::{self, Sold, Till};
use crate::app::Running;
use crate::cli::CliError;
use crate::sandbox::{NetSuiteHandle, NewCustomer, Sandbox, XSeriesHandle};
use crate::store::{OrderRow, OrderState};

/// How long everything has to stay quiet before the shop closes: late webhooks may still come.
const QUIET: Duration = Duration::from_millis(1500);

/// An order of the demo.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// A sales order that goes to the till.
    Entered(Entered),
    /// A sale of the till that comes to NetSuite.
    Sold(Sold),
}

/// The people, and what they have done.
#[derive(Debug)]
pub(super) struct Shop {
    netsuite: NetSuiteHandle,
    x_series: XSeriesHandle,
    till: Till,
    random: fastrand::Rng,
    wanted: u32,
    pub(super) orders: Vec<Order>,
}

impl Shop {
    pub(super) fn new(sandbox: &Sandbox, orders: u32, seed: u64) -> Self {
        let (netsuite, x_series) = (sandbox.netsuite().clone(), sandbox.x_series().clone());
        for shop in Till::SHOPS {
            netsuite.add_customer(&NewCustomer { company_name: format!("Counter sales {shop}"), ..NewCustomer::default() });
        }
        let beacons = Till::SHOPS.map(|shop| {
            let here = netsuite.location_id(shop);
            let numbers = netsuite.inventory_numbers("BEACON-PLB").into_iter();
            numbers.filter(|number| here.is_some_and(|here| number.at.contains_key(&here))).map(|number| number.number).collect()
        });
        let till = Till::new(x_series.clone(), beacons);
        Self { netsuite, x_series, till, random: fastrand::Rng::with_seed(seed), wanted: orders, orders: Vec::new() }
    }

    /// Works until every order has ended, or until the deadline; goes on for ever when it is not `once`.
    pub(super) async fn open(&mut self, running: &Running, deadline: Instant, once: bool) -> Result<(), CliError> {
        for place in 0..self.wanted {
            self.begin(place)?;
            // People do not come all in the same instant.
            tokio::time::sleep(Duration::from_millis(self.random.u64(1..30))).await;
        }
        let mut quiet_since = None;
        while Instant::now() < deadline || !once {
            self.go_on(running).await?;
            let ended = self.all_ended(running).await?;
            quiet_since = if ended { quiet_since.or_else(|| Some(Instant::now())) } else { None };
            if once && quiet_since.is_some_and(|since| since.elapsed() >= QUIET) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Somebody enters a sales order, or rings up a sale: two of five.
    fn begin(&mut self, place: u32) -> Result<(), CliError> {
        // Each draws for itself, so that what one does later changes nothing for the others.
        let mut random = self.random.fork();
        let at_till = matches!(place % 5, 1 | 3);
        let before = self.orders.iter().filter(|order| matches!(order, Order::Sold(_)) == at_till).count();
        let order = if at_till {
            Order::Sold(self.till.sell(till::Kind::CYCLE[before % till::Kind::CYCLE.len()], random)?)
        } else {
            let kind = office::Kind::CYCLE[before % office::Kind::CYCLE.len()];
            Order::Entered(Entered::enter(&self.netsuite, kind, &mut random)?)
        };
        self.orders.push(order);
        Ok(())
    }

    /// Cashiers complete the sales that wait for them, and do what is due with their own.
    async fn go_on(&mut self, running: &Running) -> Result<(), CliError> {
        let sales = self.x_series.sales();
        for order in &mut self.orders {
            match order {
                Order::Entered(entered) => entered.complete(&self.x_series, &sales)?,
                Order::Sold(sold) => {
                    let known = sold.waits_for_netsuite()
                        && match sold.sale {
                            Some(sale) => rows_of_sale(running, sale).await?.iter().any(waits_with_its_order),
                            None => false,
                        };
                    sold.go_on(&self.x_series, known)?;
                }
            }
        }
        Ok(())
    }

    /// Every order is at rest, those of sales orders billed in NetSuite.
    async fn all_ended(&self, running: &Running) -> Result<bool, CliError> {
        for order in &self.orders {
            let there = match order {
                Order::Entered(entered) => self.netsuite.status(entered.id) == Some('G'),
                Order::Sold(sold) => sold.is_done(),
            };
            if !there {
                return Ok(false);
            }
            match rows(running, order).await?.as_slice() {
                [row] if row.state == OrderState::Settled && row.handled_seq == row.enqueued_seq => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

/// NetSuite has the sale's order, and nothing is done with it until the sale goes on.
fn waits_with_its_order(row: &OrderRow) -> bool {
    row.state == OrderState::Waiting && row.link.netsuite_id.is_some()
}

/// Tillbridge's own rows of an order, which should be one.
pub(super) async fn rows(running: &Running, order: &Order) -> Result<Vec<OrderRow>, CliError> {
    match order {
        Order::Entered(entered) => {
            let mut rows = running.store.find_orders(&entered.number).await?;
            rows.retain(|row| row.link.netsuite_id.as_ref().is_some_and(|id| id.as_str() == entered.id.to_string()));
            Ok(rows)
        }
        Order::Sold(Sold { sale: Some(sale), .. }) => rows_of_sale(running, *sale).await,
        Order::Sold(Sold { sale: None, .. }) => Ok(Vec::new()),
    }
}

async fn rows_of_sale(running: &Running, sale: Uuid) -> Result<Vec<OrderRow>, CliError> {
    let sale = sale.to_string();
    let mut rows = running.store.find_orders(&sale).await?;
    rows.retain(|row| row.link.x_series_id.as_ref().is_some_and(|id| id.as_str() == sale));
    Ok(rows)
}

/// One of the simulated systems said no to the people of the demo.
pub(super) fn refused(error: impl std::error::Error) -> CliError {
    CliError::Say(format!("the demo cannot go on: {error}"))
}
