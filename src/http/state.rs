//! What the handlers share.

use std::fmt;
use std::sync::{Arc, OnceLock};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::metrics::Scrape;
use super::oauth::Onboarding;
use super::problem::Problem;
use super::readyz::Readiness;
use super::status::ConnectionStatus;
use crate::clock::Clock;
use crate::config::{Config, Connection};
use crate::store::Store;

/// The store, the configuration and the process' own state: cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

struct Inner {
    store: Store,
    config: Arc<Config>,
    clock: Clock,
    metrics: PrometheusHandle,
    status: Arc<dyn ConnectionStatus>,
    readiness: Readiness,
    scrape: Scrape,
    tasks: TaskTracker,
    stopping: CancellationToken,
    onboarding: OnceLock<Arc<dyn Onboarding>>,
}

impl AppState {
    /// Puts the parts together. `metrics` comes from [`crate::metrics::install`].
    pub fn new(store: Store, config: Arc<Config>, clock: Clock, metrics: PrometheusHandle, status: Arc<dyn ConnectionStatus>) -> Self {
        Self(Arc::new(Inner {
            store,
            config,
            clock,
            metrics,
            status,
            readiness: Readiness::default(),
            scrape: Scrape::default(),
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            onboarding: OnceLock::new(),
        }))
    }

    /// Lets the browser connect X-Series retailers; the first that is given stays.
    #[must_use]
    pub fn with_onboarding(self, onboarding: Arc<dyn Onboarding>) -> Self {
        self.0.onboarding.get_or_init(|| onboarding);
        self
    }

    pub(super) fn onboarding(&self) -> Option<&dyn Onboarding> {
        self.0.onboarding.get().map(AsRef::as_ref)
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The connection that an address names.
    pub fn connection(&self, id: &str) -> Result<&Connection, Problem> {
        let found = self.0.config.connections.iter().find(|connection| connection.id.as_str() == id);
        found.ok_or_else(|| Problem::UnknownConnection(id.to_owned()))
    }

    pub(super) fn metrics(&self) -> &PrometheusHandle {
        &self.0.metrics
    }

    pub(super) fn status(&self) -> &dyn ConnectionStatus {
        self.0.status.as_ref()
    }

    pub(super) fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    pub(super) fn scrape(&self) -> &Scrape {
        &self.0.scrape
    }

    /// Work that outlives its request; a shut-down waits for it.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Cancelled when the service begins to stop.
    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState").field("store", &self.0.store).field("status", &self.0.status).finish_non_exhaustive()
    }
}
