//! `GET /metrics`: the process' own counters, and what the database holds, as Prometheus reads it.

use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use metrics::{counter, gauge};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::state::AppState;
use super::status::{Breaker, ConnectionReport};
use crate::causes::in_one_line;
use crate::clock::Clock;
use crate::domain::verdict::VerdictKind;
use crate::metrics as catalogue;
use crate::store::{CallState, Counts, OrderState};

/// How long the counts of the database serve every scrape.
const FRESH: Duration = Duration::from_secs(5);

/// When the database was last counted, and the held reasons that were seen, so that one that is gone falls to zero.
#[derive(Debug, Default)]
pub struct Scrape(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    counted_at: Option<Instant>,
    held: Vec<String>,
}

/// The metrics in Prometheus' text format. Always 200: a database that cannot be counted is a metric too.
pub async fn handle(State(state): State<AppState>) -> ([(HeaderName, &'static str); 1], String) {
    refresh(&state).await;
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], state.metrics().render())
}

async fn refresh(state: &AppState) {
    connections(&state.status().status(), state.clock());
    let writer = state.store().writer_stats();
    counter!(catalogue::STORE_WRITES).absolute(writer.writes);
    counter!(catalogue::STORE_COMMITS).absolute(writer.commits);
    let mut seen = state.scrape().0.lock().await;
    if seen.counted_at.is_some_and(|at| at.elapsed() < FRESH) {
        return;
    }
    match state.store().counts().await {
        Ok(counts) => {
            gauge!(catalogue::STORE_UP).set(1.0);
            record(&counts, &mut seen.held);
        }
        Err(error) => {
            gauge!(catalogue::STORE_UP).set(0.0);
            tracing::warn!(error = %in_one_line(&error), "the database could not be counted for a scrape");
        }
    }
    seen.counted_at = Some(Instant::now());
}

fn record(counts: &Counts, held: &mut Vec<String>) {
    let of = |kind| counts.verdicts.iter().filter(|(found, _)| *found == kind).map(|(_, number)| number).sum::<i64>();
    gauge!(catalogue::EVENTS_RECEIVED).set(float(counts.received));
    let mut decided = 0;
    for kind in VerdictKind::ALL {
        decided += of(kind);
        gauge!(catalogue::EVENTS, "verdict" => kind.word()).set(float(of(kind)));
    }
    gauge!(catalogue::EVENTS, "verdict" => "undecided").set(float(counts.received - decided));
    for state in OrderState::ALL {
        let number = counts.orders.iter().filter(|(found, _)| *found == state).map(|(_, number)| number).sum::<i64>();
        gauge!(catalogue::ORDERS, "state" => state.word()).set(float(number));
    }
    for state in CallState::ALL {
        let number = counts.calls.iter().filter(|(found, _)| *found == state).map(|(_, number)| number).sum::<i64>();
        gauge!(catalogue::CALLS, "state" => state.word()).set(float(number));
    }
    for (reason, _) in &counts.held {
        if !held.contains(reason) {
            held.push(reason.clone());
        }
    }
    for reason in held.iter() {
        let number = counts.held.iter().filter(|(found, _)| found == reason).map(|(_, number)| number).sum::<i64>();
        gauge!(catalogue::ORDERS_HELD, "reason" => reason.clone()).set(float(number));
    }
    gauge!(catalogue::OLDEST_DUE).set(float(counts.oldest_due_ms.max(0)) / 1000.0);
}

fn connections(reports: &[ConnectionReport], clock: &Clock) {
    let now = clock.now();
    for report in reports {
        for (system, side) in [("netsuite", &report.netsuite), ("x_series", &report.x_series)] {
            let labels = [("connection", report.id.to_string()), ("system", system.to_owned())];
            gauge!(catalogue::REMOTE_IN_FLIGHT, &labels).set(f64::from(u32::try_from(side.in_flight).unwrap_or(u32::MAX)));
            gauge!(catalogue::REMOTE_BREAKER, &labels).set(if side.breaker == Breaker::Closed { 0.0 } else { 1.0 });
            if let Some(remaining) = side.remaining {
                gauge!(catalogue::REMOTE_REMAINING, &labels).set(f64::from(remaining));
            }
            if let Some(lag) = side.poll.lag_seconds {
                gauge!(catalogue::POLL_LAG, &labels).set(lag);
            }
            if let Some(at) = side.token_expires_at {
                gauge!(catalogue::TOKEN_EXPIRY, &labels).set(at.duration_since(now).as_secs_f64());
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts stay far below 2^53")]
fn float(number: i64) -> f64 {
    number as f64
}
