//! The parts that the measurements rest on.

#[path = "../../benches/tillbridge/callback.rs"]
mod callback;
#[path = "../../benches/tillbridge/stats.rs"]
mod stats;

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tillbridge::clock::Clock;
use tillbridge::config::Secret;
use tillbridge::netsuite::callback::{Callback, parse, verify};

use self::callback::{ACCOUNT, Callbacks, KEY};
use self::stats::{Durations, median};

/// A request as the service reads it: verified, then parsed.
fn read(request: &[u8], clock: &Clock) -> Callback {
    let text = std::str::from_utf8(request).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let headers: HeaderMap = head
        .lines()
        .skip(1)
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
        .collect();
    assert_eq!(headers["content-length"], body.len().to_string());
    assert_eq!(body.len(), 4096);
    verify(&[Secret::new(format!("whsec_{}", STANDARD.encode(KEY)))], &headers, body.as_bytes(), clock.now()).unwrap();
    parse(body.as_bytes()).unwrap()
}

#[test]
fn each_callback_of_a_load_is_genuine_and_of_an_order_of_its_own() {
    let clock = Clock::System;
    let first = Callbacks::new("/webhooks/netsuite/acme-nz", 1, clock.now()).unwrap();
    let second = Callbacks::new("/webhooks/netsuite/acme-nz", 2, clock.now()).unwrap();
    let callbacks = [read(&first.request(0), &clock), read(&first.request(1), &clock), read(&second.request(0), &clock)];
    assert!(callbacks.iter().all(|callback| callback.account_id == ACCOUNT));
    let [a, b, c] = callbacks.map(|callback| callback.order().unwrap());
    assert!(a != b && b != c && a != c, "{a} {b} {c}");
}

#[test]
fn percentiles_go_by_the_nearest_rank_whatever_the_order() {
    let mut durations = Durations::default();
    for millis in (1..=99).rev() {
        durations.add(Duration::from_millis(millis));
    }
    let mut last = Durations::default();
    last.add(Duration::from_millis(100));
    durations.extend(last);
    let shown =
        [durations.p50(), durations.p99(), durations.percentile(1.0), Durations::default().p50()].map(|micros| format!("{micros:.0}"));
    assert_eq!(shown, ["50000", "99000", "100000", "0"]);
}

#[test]
fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
    let shown = [median(&[9.0, 1.0, 2.0]), median(&[9.0, 1.0, 2.0, 4.0]), median(&[])].map(|number| format!("{number:.1}"));
    assert_eq!(shown, ["2.0", "3.0", "0.0"]);
}
