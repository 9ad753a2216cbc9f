//! Every metric of the service: its name, its labels and what it means. Rooms count under these names and no others.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

macro_rules! catalogue {
    ($($kind:ident $name:ident = $text:literal, $meaning:literal;)+) => {
        $(#[doc = $meaning] pub const $name: &str = $text;)+

        /// Every metric's name with what it means.
        pub const ALL: &[(&str, &str)] = &[$(($text, $meaning)),+];

        /// Tells the recorder what each metric means.
        pub fn describe_all() {
            $(catalogue!(@$kind $name, $meaning);)+
        }
    };
    (@counter $name:ident, $meaning:literal) => { describe_counter!($name, $meaning) };
    (@gauge $name:ident, $meaning:literal) => { describe_gauge!($name, $meaning) };
    (@histogram $name:ident, $meaning:literal) => { describe_histogram!($name, $meaning) };
}

catalogue! {
    // --- what comes in ------------------------------------------------------------------------------------------------
    counter WEBHOOKS_RECEIVED = "tillbridge_webhooks_received_total",
        "Genuine webhooks, by connection, source and outcome (new, duplicate).";
    counter WEBHOOKS_REFUSED = "tillbridge_webhooks_refused_total",
        "Webhooks that were not stored, by connection (empty when unknown), source and cause.";
    counter HTTP_REQUESTS = "tillbridge_http_requests_total", "Requests answered, by method, route and status.";
    histogram HTTP_DURATION = "tillbridge_http_request_duration_seconds", "Time from a request's head to its answer, by method and route.";
    gauge HTTP_CONNECTIONS = "tillbridge_http_connections", "Connections open to this process.";

    // --- the queue, read from the database at each scrape -------------------------------------------------------------
    gauge EVENTS_RECEIVED = "tillbridge_events", "Events in the database.";
    gauge EVENTS = "tillbridge_events_by_verdict", "Events in the database by verdict; undecided are those whose pass has not ended.";
    gauge ORDERS = "tillbridge_orders", "Orders by state.";
    gauge ORDERS_HELD = "tillbridge_orders_held", "Held orders by reason.";
    gauge CALLS = "tillbridge_calls", "Outbound calls by state.";
    gauge OLDEST_DUE = "tillbridge_oldest_due_seconds", "How long the order that has waited longest has been due.";
    counter STORE_WRITES = "tillbridge_store_writes_total", "Writes handed to the database's writer by this process.";
    counter STORE_COMMITS = "tillbridge_store_commits_total", "Transactions committed by this process; many writes share one.";
    gauge STORE_UP = "tillbridge_store_up", "1 when the database answered at this scrape, else 0.";

    // --- what goes out ------------------------------------------------------------------------------------------------
    counter PASSES = "tillbridge_passes_total", "Passes over orders, by connection and end (a verdict, retry or defer).";
    histogram PASS_DURATION = "tillbridge_pass_duration_seconds", "Time of a pass, from its claim to its end, by connection.";
    counter REMOTE_REQUESTS = "tillbridge_remote_requests_total", "Requests sent, by connection, system and outcome.";
    histogram REMOTE_DURATION = "tillbridge_remote_request_duration_seconds", "Time of a request sent, by connection and system.";
    gauge REMOTE_IN_FLIGHT = "tillbridge_remote_in_flight", "Requests under way, by connection and system.";
    gauge REMOTE_REMAINING = "tillbridge_remote_budget_remaining", "Requests left in the window, by connection and system.";
    gauge REMOTE_BREAKER = "tillbridge_remote_breaker_open", "1 while requests are held back, by connection and system.";
    counter POLL_HITS = "tillbridge_poll_hits_total", "Poll hits that told something new, by connection and system.";
    counter POLL_FAILURES = "tillbridge_poll_failures_total", "Polls that failed, by connection and system.";
    gauge POLL_LAST_SUCCESS = "tillbridge_poll_last_success_timestamp_seconds", "When a poll last ran to its end, by connection and system.";
    gauge POLL_LAG = "tillbridge_poll_lag_seconds", "How far the poll's cursor is behind the present, by connection and system.";
    gauge TOKEN_EXPIRY = "tillbridge_token_expires_seconds", "Time until the access token ends, by connection and system.";
}

/// Counts one request to a remote system: by the class of its answer's status (`2xx`), or `none` where none came.
pub fn remote_request(connection: &str, system: &'static str, status: Option<u16>, took: Duration) {
    let outcome = match status.map(|status| status / 100) {
        Some(2) => "2xx",
        Some(3) => "3xx",
        Some(4) => "4xx",
        Some(_) => "5xx",
        None => "none",
    };
    let connection = connection.to_owned();
    metrics::counter!(REMOTE_REQUESTS, "connection" => connection.clone(), "system" => system, "outcome" => outcome).increment(1);
    metrics::histogram!(REMOTE_DURATION, "connection" => connection, "system" => system).record(took);
}

/// Bounds of the duration histograms, in seconds: an answer to a webhook takes milliseconds, a NetSuite transform minutes.
const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// The process has one recorder.
static RECORDER: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// Makes the process' recorder, or gives the one that is there; the handle renders it for `/metrics`.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let mut recorder = RECORDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = recorder.as_ref() {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?.install_recorder()?;
    describe_all();
    *recorder = Some(handle.clone());
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_there_once_and_begins_alike() {
        for (index, (name, meaning)) in ALL.iter().enumerate() {
            assert!(name.starts_with("tillbridge_"), "{name}");
            assert!(meaning.ends_with('.'), "{name}");
            assert!(ALL[..index].iter().all(|(other, _)| other != name), "{name} is there twice");
        }
    }
}
