//! The wiring: the only room that knows all the others.

mod onboarding;
mod status;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::{Config, Connection};
use crate::engine::{Engine, Side};
use crate::http::{self, AppState, Listeners};
use crate::metrics;
use crate::net::http::{BuildError, Http};
use crate::netsuite::{self, NetSuiteError};
use crate::owner::Ownership;
use crate::poll::{PollHealth, Poller};
use crate::store::{Store, StoreError};
use crate::sweep;
use crate::worker::Worker;
use crate::xseries::{self, XSeriesError};

pub use self::status::Status;
pub use self::tokens::StoredTokens;

/// The service could not start, or could not go on.
#[derive(Debug, Error)]
pub enum AppError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Migrations wait, and `serve` was told not to apply them.
    #[error("{0} migrations wait: run `tillbridge migrate`, or start without --no-migrate")]
    MigrationsWait(usize),
    /// A `NetSuite` client could not be built.
    #[error("connection {connection}")]
    NetSuite { connection: String, source: NetSuiteError },
    /// An X-Series client could not be built.
    #[error("connection {connection}")]
    XSeries { connection: String, source: XSeriesError },
    /// The HTTP client could not be built.
    #[error(transparent)]
    Http(#[from] BuildError),
    /// The socket does not tell its address.
    #[error("cannot tell the address listened on")]
    Address(#[source] std::io::Error),
    /// The metrics recorder could not be made.
    #[error("cannot set up the metrics")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The HTTP server ended.
    #[error(transparent)]
    Serve(#[from] http::ServeError),
}

/// How to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Apply missing migrations first.
    pub migrate: bool,
}

/// A running service.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its store.
    pub store: Store,
    /// Its connections.
    pub sides: Vec<Arc<Side>>,
    /// The connections that this process works for.
    pub ownership: Ownership,
    stop: CancellationToken,
    tasks: TaskTracker,
    server: tokio::task::JoinHandle<Result<(), http::ServeError>>,
    drain: std::time::Duration,
}

/// How long a stop waits for the store to take that the connections are given up.
const LEAVE: std::time::Duration = std::time::Duration::from_secs(2);

/// The name of this process among the replicas: the machine's, the process's, and something that no restart repeats.
fn replica_name() -> String {
    // A name for people: where the machine does not tell its own, the process and the random part still tell replicas apart.
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let machine = machine.trim();
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("{}-{}-{}", if machine.is_empty() { "tillbridge" } else { machine }, std::process::id(), &random[..8])
}

/// Opens the store of a configuration, migrated or checked to be.
pub async fn open_store(config: &Config, clock: Clock, migrate: bool) -> Result<Store, AppError> {
    let store = Store::open(&config.database.url, config.database.read_connections, clock).await?;
    if migrate {
        let applied = store.migrate().await?;
        if applied > 0 {
            tracing::info!(applied, "migrations applied");
        }
    } else {
        let waiting = store.pending_migrations().await?;
        if waiting > 0 {
            return Err(AppError::MigrationsWait(waiting));
        }
    }
    Ok(store)
}

/// Builds the two clients of a connection, over an HTTP client of their own.
pub fn side(config: &Config, connection: &Connection, store: &Store, clock: &Clock) -> Result<Arc<Side>, AppError> {
    side_over(&Http::new(config.net.netsuite_timeout)?, config, connection, store, clock)
}

fn side_over(http: &Http, config: &Config, connection: &Connection, store: &Store, clock: &Clock) -> Result<Arc<Side>, AppError> {
    let name = connection.id.to_string();
    let netsuite = netsuite::Client::new(&connection.id, &connection.netsuite, &config.net, http, clock.clone())
        .map_err(|source| AppError::NetSuite { connection: name.clone(), source })?;
    let tokens = StoredTokens::new(connection.id.clone(), store.clone());
    let x_series = xseries::Client::new(&connection.id, &connection.x_series, &config.net, Some(Arc::new(tokens)), http, clock.clone())
        .map_err(|source| AppError::XSeries { connection: name, source })?;
    Ok(Arc::new(Side::new(connection.id.clone(), netsuite, x_series, config.net.reference_age, clock)))
}

/// Starts everything: server, workers, pollers, upkeep.
pub async fn start(config: Config, options: Options, listeners: Option<Listeners>, clock: Clock) -> Result<Running, AppError> {
    let config = Arc::new(config);
    // The address first: where another instance has it, nothing else is touched.
    let listeners = match listeners {
        Some(listeners) => listeners,
        None => Listeners::bind(&config.server).await?,
    };
    let address = listeners.main.local_addr().map_err(AppError::Address)?;
    let store = open_store(&config, clock.clone(), options.migrate).await?;
    let http = Http::new(config.net.netsuite_timeout)?;
    let sides = config.connections.iter().map(|connection| side_over(&http, &config, connection, &store, &clock));
    let sides = sides.collect::<Result<Vec<_>, _>>()?;

    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let health = sides.iter().map(|_| Arc::new(PollHealth::default())).collect::<Vec<_>>();
    let ownership = Ownership::new(replica_name());
    let status = Arc::new(Status::new(&config, &sides, &health, store.clone(), ownership.clone(), clock.clone()));
    tasks.spawn(Arc::clone(&status).refresh(stop.clone()));
    let state = AppState::new(store.clone(), Arc::clone(&config), clock.clone(), metrics::install()?, status)
        .with_onboarding(Arc::new(onboarding::Browser(sides.clone())));

    let engine = Engine::new(store.clone(), sides.iter().cloned(), config.retry.clone(), clock.clone());
    let ids = sides.iter().map(|side| side.id.clone()).collect();
    tasks.spawn(ownership.clone().run(store.clone(), config.worker.connection_lease, ids, stop.clone()));
    let worker = Worker::new(engine, store.clone(), config.worker.clone(), ownership.clone(), clock.clone());
    tasks.spawn(worker.run(stop.clone()));
    for ((side, connection), health) in sides.iter().zip(&config.connections).zip(&health) {
        let poller =
            Poller::new(Arc::clone(side), store.clone(), config.poll.clone(), Arc::clone(health), ownership.clone(), clock.clone());
        tasks.spawn(poller.clone().sales(stop.clone()));
        tasks.spawn(poller.orders(stop.clone()));
        tasks.spawn(sweep::subscription(
            Arc::clone(side),
            connection.x_series.clone(),
            config.server.public_url.clone(),
            ownership.clone(),
            stop.clone(),
        ));
    }
    tasks.spawn(sweep::purge(store.clone(), config.keep.clone(), clock, stop.clone()));
    tasks.close();

    let drain = config.server.drain;
    let server = TaskTracker::new().spawn(http::serve(state, listeners, stop.clone(), drain));
    Ok(Running { address, store, sides, ownership, stop, tasks, server, drain })
}

impl Running {
    /// Stops claiming and accepting, lets what is in hand finish within the drain time, and closes the store.
    pub async fn stop(self) -> Result<(), AppError> {
        self.stop.cancel();
        // One deadline for all: whoever asked us to stop counts from now.
        let deadline = tokio::time::Instant::now() + self.drain;
        let served = self.server.await;
        if tokio::time::timeout_at(deadline, self.tasks.wait()).await.is_err() {
            tracing::warn!("what was in hand did not finish within server.drain; it is taken up at the next start");
        }
        for side in &self.sides {
            if tokio::time::timeout_at(deadline, side.x_series.finish()).await.is_err() {
                tracing::warn!(connection = %side.id, "a renewal of tokens did not finish within server.drain");
            }
        }
        // Whatever is still in hand goes to another replica at once.
        match tokio::time::timeout(LEAVE, self.store.leave(self.ownership.name())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error = %error, "the connections could not be given up; they move when their leases end"),
            Err(_late) => tracing::warn!("the connections could not be given up in time; they move when their leases end"),
        }
        self.store.close().await;
        match served {
            Ok(result) => Ok(result?),
            Err(error) => {
                tracing::error!(error = %error, "the HTTP server ended in a panic");
                Ok(())
            }
        }
    }

    /// Resolves when the server ends by itself.
    pub async fn failed(&mut self) {
        // The result is taken by `stop`, which awaits the same handle when it is not finished yet.
        while !self.server.is_finished() {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }
}
