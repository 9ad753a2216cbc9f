//! How soon an idle service takes up what was just committed: from the answer to a webhook to the first request at the till, which is
//! the claim, its commit, the reads of the pass and a request more than the pick-up itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::child::{CONNECTION, Settings, Site, X_SERIES_SECRET};
use super::load::Connection;
use super::report::{Figure, Limit, Report};
use super::stats::Durations;
use super::{Fallible, Options, world};

const WEBHOOKS: usize = 150;
const QUIET: Duration = Duration::from_millis(15);
const PATIENCE: Duration = Duration::from_secs(10);

type Arrivals = Arc<mpsc::UnboundedSender<Instant>>;

/// Measures it.
pub async fn measure(options: &Options, report: &mut Report) -> Fallible<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let x_series = format!("http://{}", listener.local_addr()?);
    let (arrived, mut arrivals) = mpsc::unbounded_channel();
    let till = Router::new().fallback(till).with_state(Arc::new(arrived));
    let tasks = TaskTracker::new();
    let till = tasks.spawn(async move { axum::serve(listener, till).await });

    let settings = Settings { database: options.fresh_database().await?, x_series, mappings: world::rules(1), ..Settings::default() };
    let site = Site::new(&settings).await?;
    let process = site.open().await?;
    let mut connection = Connection::open(&site.address).await?;
    let mut took = Durations::default();
    for number in 0..WEBHOOKS {
        tokio::time::sleep(QUIET).await;
        while arrivals.try_recv().is_ok() {}
        let status = connection.ask(&webhook(number)?).await?;
        let answered = Instant::now();
        if status != 202 {
            return Err(format!("a webhook was answered {status}").into());
        }
        let arrived = tokio::time::timeout(PATIENCE, arrivals.recv()).await?.ok_or("the till is gone")?;
        took.add(arrived.saturating_duration_since(answered));
    }
    process.kill().await?;
    till.abort();
    report.add(Figure::plain("answer to the first request at the till, idle, p50", took.p50() / 1e3, "ms", Some(Limit::AtMost(1.0))));
    report.add(Figure::plain("answer to the first request at the till, idle, p99", took.p99() / 1e3, "ms", None));
    Ok(())
}

/// A till that has no sale, and says when it was asked.
async fn till(State(arrivals): State<Arrivals>) -> StatusCode {
    // Nobody waits any more at the end of the measurement.
    let _ = arrivals.send(Instant::now());
    StatusCode::NOT_FOUND
}

/// A webhook about a sale of its own.
fn webhook(number: usize) -> Fallible<Vec<u8>> {
    let sale = Uuid::new_v5(&Uuid::NAMESPACE_OID, &number.to_le_bytes());
    let payload = format!(r#"{{"id":"{sale}","status":"CLOSED","register_sale_products":[]}}"#);
    let payload = percent_encoding::utf8_percent_encode(&payload, percent_encoding::NON_ALPHANUMERIC);
    let body = format!("payload={payload}&type=sale.update");
    let mut mac = Hmac::<Sha256>::new_from_slice(X_SERIES_SECRET.as_bytes())?;
    mac.update(body.as_bytes());
    let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, mac.finalize().into_bytes());
    let head = format!(
        "POST /webhooks/x-series/{CONNECTION} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         x-signature: signature={signature},algorithm=HMAC-SHA256\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Ok([head.as_bytes(), body.as_bytes()].concat())
}
