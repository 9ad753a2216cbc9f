//! The accept loop. `axum::serve` sets no timer, so that half a request head keeps a connection for ever; this loop cuts slow
//! heads, keeps the number of connections under a cap, and lets requests in hand finish when the service stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use metrics::gauge;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::state::AppState;
use crate::metrics as catalogue;

/// The server could not be started, or had to stop.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Another program listens there.
    #[error("cannot listen on {address}: another program listens there; stop it, or set server.listen to another port")]
    InUse {
        /// The address as it was configured.
        address: String,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {address}; look at server.listen")]
    Bind {
        /// The address as it was configured.
        address: String,
        #[source]
        source: io::Error,
    },
}

/// Where requests come in.
#[derive(Debug)]
pub struct Listeners {
    /// Every route, or every route but `/metrics`.
    pub main: TcpListener,
    /// `/metrics` alone, when `server.metrics_listen` is set.
    pub metrics: Option<TcpListener>,
}

impl Listeners {
    /// Listens on `server.listen`, and on `server.metrics_listen` where it is set.
    pub async fn bind(server: &crate::config::Server) -> Result<Self, ServeError> {
        let main = bind(&server.listen).await?;
        let metrics = match &server.metrics_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self { main, metrics })
    }
}

/// Listens on one address.
pub async fn bind(address: &str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::InUse { address: address.to_owned() },
        _ => ServeError::Bind { address: address.to_owned(), source },
    })
}

/// Serves until `shutdown`, then lets what is in hand finish for at most `drain`.
pub async fn serve(state: AppState, listeners: Listeners, shutdown: CancellationToken, drain: Duration) -> Result<(), ServeError> {
    let Listeners { main, metrics } = listeners;
    let scraped_apart = metrics.is_some();
    let server = &state.config().server;
    let settings = Settings { header_timeout: server.header_timeout, max_connections: server.max_connections.max(1) };

    // Two steps: `shutdown` closes the doors and lets requests in hand finish, `cut` ends those that take too long.
    let cut = CancellationToken::new();
    let doors = TaskTracker::new();
    doors.spawn(accept(main, super::router(&state, scraped_apart), settings, shutdown.clone(), cut.clone()));
    if let Some(metrics) = metrics {
        doors.spawn(accept(metrics, super::metrics_router(&state), settings, shutdown.clone(), cut.clone()));
    }
    doors.spawn(upkeep(state.clone(), shutdown.clone()));
    doors.close();

    shutdown.cancelled().await;
    let deadline = Instant::now() + drain;
    state.stopping().cancel();
    if timeout_at(deadline, doors.wait()).await.is_err() {
        cut.cancel();
        doors.wait().await;
    }
    state.tasks().close();
    if timeout_at(deadline, state.tasks().wait()).await.is_err() {
        tracing::warn!("stopping with {} task(s) unfinished", state.tasks().len());
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    header_timeout: Duration,
    max_connections: usize,
}

/// How long the loop waits after a failed accept: the machine is out of file descriptors or memory, and trying at once would
/// only burn the processor.
const BREATHE: Duration = Duration::from_millis(100);

/// The door closes when nobody came for this long after the service began to stop,
const LINGER: Duration = Duration::from_millis(50);
/// or after this long.
const LINGER_AT_MOST: Duration = Duration::from_millis(500);

async fn accept(listener: TcpListener, router: Router, settings: Settings, shutdown: CancellationToken, cut: CancellationToken) {
    let places = Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    let connections = TaskTracker::new();
    let mut http = http1::Builder::new();
    // The timer also ends an idle connection that is kept alive.
    http.timer(TokioTimer::new()).header_read_timeout(settings.header_timeout).max_headers(100);

    let mut closes_at = None;
    loop {
        // A place first: beyond the cap, connections wait in the listener's backlog. Who the machine has let in already when the service
        // stops is still served: a closed door would cut them off.
        let accepted = match closes_at {
            None => tokio::select! {
                biased;
                () = shutdown.cancelled() => {
                    closes_at = Some(Instant::now() + LINGER_AT_MOST);
                    continue;
                }
                accepted = next(&listener, &places) => accepted,
            },
            Some(at) => match timeout_at(at.min(Instant::now() + LINGER), next(&listener, &places)).await {
                Ok(accepted) => accepted,
                Err(_nobody) => break,
            },
        };
        let (stream, peer, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(BREATHE).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, %peer, "a connection keeps its delay");
        }
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        let connection = cut.clone().run_until_cancelled_owned(graceful.watch(connection));
        connections.spawn(async move {
            gauge!(catalogue::HTTP_CONNECTIONS).increment(1.0);
            match connection.await {
                Some(Ok(())) => {}
                // Slow heads, malformed requests and senders that hang up: theirs, and worth no more than this.
                Some(Err(error)) => tracing::debug!(%error, %peer, "a connection ended early"),
                None => tracing::warn!(%peer, "a connection was still busy at the end of server.drain, and was cut"),
            }
            gauge!(catalogue::HTTP_CONNECTIONS).decrement(1.0);
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    graceful.shutdown().await;
    connections.wait().await;
}

async fn next(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

/// How often the recorder's histograms are drained, so that they do not grow while nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(10);

async fn upkeep(state: AppState, shutdown: CancellationToken) {
    while timeout(UPKEEP, shutdown.cancelled()).await.is_err() {
        state.metrics().run_upkeep();
    }
}
