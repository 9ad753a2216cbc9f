//! A NetSuite and an X-Series to try and test against, with faults on demand.
//!
//! Both are HTTP servers on loopback with their state in memory. They are written from the vendors' documentation and
//! share nothing with the clients (wire types, signing and HTTP client included), so that a wrong client cannot agree
//! with itself. They verify what they are sent, refuse what the real ones refuse, and post signed webhooks back.
//!
//! - [`Sandbox::start`] starts both; [`NetSuiteHandle`] and [`XSeriesHandle`] are what people do in them and the truth of
//!   what they hold; [`faults`] is what goes wrong.
//! - [`control`] is the same over HTTP, for those who run `tillbridge sandbox` beside a client of their own.
//!
//! # Layout
//!
//! A request comes in through `serve`, which can cut its connection; `netsuite` or `x_series` checks who asks and hands
//! it to the file of its operation; `courier` posts what changed.

mod catalogue;
pub mod config;
pub mod control;
mod courier;
pub mod faults;
mod netsuite;
mod number;
mod serve;
mod x_series;

use std::net::SocketAddr;

use axum::Router;
use axum::routing::any;
use jiff::tz::TimeZone;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::{SandboxConfig, WebhookTarget};
pub use courier::{Deliveries, SignatureEncoding};
pub use faults::{Class, FaultHandle, Faults, Injection, Preset};
pub use netsuite::{
    Bill, BillKind, BillLine, Bin, Customer, CustomerRefund, Deposit, DepositApplication, Entry, Form, Fulfilment, FulfilmentLine,
    InventoryNumber, Item, ItemKind, ItemReceipt, Kind as TransactionKind, LedgerAccount, Location, Lock, Named, NetSuiteHandle,
    NewCustomer, NewItem, NewLine, NewSalesOrder, OrderLine, Payment, Period, PeriodLength, ReceiptLine, Refused, ReturnAuthorization,
    ReturnLine, SalesOrder, StatusLetter, TaxDetail,
};
pub use x_series::{
    Adjustment, AdjustmentKind, BroughtBack, Customer as XSeriesCustomer, EcomCharge, HandOver, HandOverLine, LineSurcharge, NewAdjustment,
    NewCharge, NewCustomer as NewTillCustomer, NewSale, NewSurcharge, Outlet, PaymentType, Product, Register, Sale, SaleLine, SalePayment,
    SaleState, Subscription, Surcharge, Tax, TaxPart, Tender, Ticket, TicketLine, User, XSeriesHandle, XSeriesRefused,
};

use crate::clock::Clock;
use courier::Courier;

/// Why the sandbox does not start.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// An address is in use or not this machine's.
    #[error("the sandbox cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// `netsuite.timezone` is not an IANA name.
    #[error("there is no time zone {0:?}")]
    TimeZone(String),
    /// The machine has no usable TLS roots.
    #[error("the sandbox cannot build the HTTP client that posts its webhooks")]
    Client(#[source] reqwest::Error),
}

/// Both systems, running. Dropping it stops them; [`Sandbox::stop`] also waits until they have.
#[derive(Debug)]
pub struct Sandbox {
    netsuite: NetSuiteHandle,
    x_series: XSeriesHandle,
    netsuite_address: SocketAddr,
    x_series_address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Sandbox {
    /// Starts both systems. Must be called within a Tokio runtime.
    pub async fn start(config: SandboxConfig, clock: Clock) -> Result<Self, SandboxError> {
        let zone =
            TimeZone::get(&config.netsuite.timezone).map_err(|_unknown_name| SandboxError::TimeZone(config.netsuite.timezone.clone()))?;
        let (netsuite_listener, netsuite_address) = listen(config.netsuite.listen).await?;
        let (x_series_listener, x_series_address) = listen(config.x_series.listen).await?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());

        let faults = FaultHandle::new(config.faults.netsuite.clone(), config.seed);
        let courier = Courier::new(clock.clone(), faults.clone(), stop.clone(), tasks.clone()).map_err(SandboxError::Client)?;
        let shared = netsuite::Shared::new(&config.netsuite, &config.catalogue, zone, clock.clone(), faults, courier);
        let netsuite = NetSuiteHandle(shared.clone());
        let netsuite_app = Router::new().fallback(any(netsuite::answer)).with_state(shared);

        let faults = FaultHandle::new(config.faults.x_series.clone(), config.seed.wrapping_add(1));
        let courier = Courier::new(clock.clone(), faults.clone(), stop.clone(), tasks.clone()).map_err(SandboxError::Client)?;
        let shared = x_series::Shared::new(&config.x_series, &config.catalogue, clock, faults, courier, config.seed);
        let x_series = XSeriesHandle(shared.clone());
        let x_series_app = Router::new().fallback(any(x_series::answer)).with_state(shared);

        let netsuite_app = netsuite_app.merge(control::netsuite(netsuite.clone()));
        let x_series_app = x_series_app.merge(control::x_series(x_series.clone()));
        tasks.spawn(serve::serve(netsuite_listener, netsuite_app, stop.clone(), tasks.clone()));
        tasks.spawn(serve::serve(x_series_listener, x_series_app, stop.clone(), tasks.clone()));
        Ok(Self { netsuite, x_series, netsuite_address, x_series_address, stop, tasks })
    }

    /// The base URL of the NetSuite account.
    pub fn netsuite_url(&self) -> String {
        format!("http://{}", self.netsuite_address)
    }

    /// The base URL of the X-Series retailer.
    pub fn x_series_url(&self) -> String {
        format!("http://{}", self.x_series_address)
    }

    /// What people do in NetSuite.
    pub fn netsuite(&self) -> &NetSuiteHandle {
        &self.netsuite
    }

    /// What people do in the shops.
    pub fn x_series(&self) -> &XSeriesHandle {
        &self.x_series
    }

    /// Sets what goes wrong from now on, on both sides.
    pub fn set_faults(&self, faults: Faults) {
        self.netsuite.faults().set(faults.netsuite);
        self.x_series.faults().set(faults.x_series);
    }

    /// Stops both systems and waits until every connection and webhook has ended.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SandboxError> {
    let failed = |source| SandboxError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
