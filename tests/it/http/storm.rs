//! Ten thousand webhooks that are malformed, oversized, mis-signed, replayed or cut short.

use std::collections::HashSet;
use std::sync::Arc;

use axum::http::Method;
use fastrand::Rng;
use serde_json::json;
use tillbridge::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::world::{HAND_MADE, PATH_TOKEN, SIGNED, World, netsuite_signature, sale, sales_order, x_series_signature};

const SENDERS: u64 = 16;
const EACH: u64 = 625;

/// What may be answered to a webhook, and the event that it may leave behind.
struct Expected {
    statuses: &'static [u16],
    stores: Option<String>,
}

#[tokio::test]
async fn ten_thousand_bad_webhooks_break_nothing_and_leave_only_what_is_signed() {
    let world = Arc::new(World::start().await);
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let world = Arc::clone(&world);
        senders.spawn(async move {
            let mut rng = Rng::with_seed(20_261_123 + sender);
            let mut stored = HashSet::new();
            for number in 0..EACH {
                let (status, expected) = send(&world, &mut rng, &format!("{sender}-{number}")).await;
                if let Some(status) = status {
                    assert!(
                        expected.statuses.contains(&status),
                        "webhook {sender}-{number} was answered {status}, not {:?}",
                        expected.statuses
                    );
                }
                stored.extend(expected.stores);
            }
            stored
        });
    }
    let stored: HashSet<String> = senders.join_all().await.into_iter().flatten().collect();
    assert_eq!(world.stored().await, i64::try_from(stored.len()).unwrap());
    world.get("/healthz").nobody().send().await.is(200);
    world.get("/readyz").nobody().send().await.is(200);
}

async fn send(world: &World, rng: &mut Rng, name: &str) -> (Option<u16>, Expected) {
    const REFUSED: &[u16] = &[401];
    const KEPT: &[u16] = &[202];
    const KEPT_OR_SEEN: &[u16] = &[200, 202];
    let now = Clock::System.now().as_second();
    let refused = Expected { statuses: REFUSED, stores: None };
    let noise = |rng: &mut Rng, most: usize| -> Vec<u8> { (0..rng.usize(..=most)).map(|_| rng.u8(..)).collect() };
    match rng.u8(..100) {
        // Signed noise: kept, as nothing signed is lost.
        0..15 => {
            let ask = world.callback(name, &noise(rng, 400));
            (Some(ask.send().await.status), Expected { statuses: KEPT, stores: Some(format!("n {name}")) })
        }
        // Signed JSON of the wrong shape.
        15..25 => {
            let odd = [json!(null), json!(7), json!([[]]), json!({ "type": 1 }), json!({ "type": "salesorder.edit", "data": "x" })];
            let body = rng.choice(odd).unwrap().to_string();
            let ask = world.callback(name, body.as_bytes());
            (Some(ask.send().await.status), Expected { statuses: KEPT, stores: Some(format!("n {name}")) })
        }
        // Replayed: the same few messages over and over.
        25..40 => {
            let id = rng.u8(..20).to_string();
            let ask = world.callback(&id, &sales_order(&id));
            (Some(ask.send().await.status), Expected { statuses: KEPT_OR_SEEN, stores: Some(format!("r {id}")) })
        }
        // One bit of the body, the signature, the id or the time is not what was signed.
        40..55 => {
            let body = sales_order(name);
            let mut flipped = body.clone();
            let place = rng.usize(..flipped.len());
            flipped[place] ^= 1 << rng.u8(..8);
            let ask = world.callback_at(name, now, &body);
            let ask = match rng.u8(..4) {
                0 => ask.body(flipped),
                1 => ask.header("webhook-signature", &netsuite_signature(name, now, &flipped)),
                2 => ask.header("webhook-id", &format!("{name}x")),
                _ => ask.header("webhook-timestamp", &(now - 1).to_string()),
            };
            (Some(ask.send().await.status), refused)
        }
        // Headers of noise.
        55..63 => {
            let text: String = (0..rng.usize(..200)).map(|_| char::from(rng.u8(33..127))).collect();
            let header = rng.choice(["webhook-id", "webhook-timestamp", "webhook-signature"]).unwrap();
            (Some(world.callback(name, b"{}").header(header, &text).send().await.status), refused)
        }
        // Old, and from the future.
        63..68 => {
            let away = rng.i64(301..i64::MAX / 2) * if rng.bool() { 1 } else { -1 };
            (Some(world.callback_at(name, now.saturating_add(away), &sales_order("1")).send().await.status), refused)
        }
        // X-Series: signed noise, and signed forms.
        68..76 => {
            let mut body = if rng.bool() { b"payload=".to_vec() } else { Vec::new() };
            body.extend(name.bytes());
            body.extend(noise(rng, 200));
            let ask = world.webhook(&body);
            (Some(ask.send().await.status), Expected { statuses: KEPT, stores: Some(format!("x {name}")) })
        }
        // X-Series: wrong signatures of every form, wrong tokens, and tokens where there should be a signature.
        76..88 => {
            let body = sale(name, "CLOSED");
            let forms =
                ["", "signature=", "signature=,algorithm=", "algorithm=HMAC-SHA256", "signature=a,signature=b", "=,=,=", "signature=0"];
            let ask = match rng.u8(..5) {
                0 => world.webhook(&body).header("x-signature", rng.choice(forms).unwrap()),
                1 => world.webhook(&body).header("x-signature", &x_series_signature(name.as_bytes())),
                2 => world.ask(Method::POST, &format!("/webhooks/x-series/{HAND_MADE}/{name}")).nobody().body(body),
                3 => world.ask(Method::POST, &format!("/webhooks/x-series/{SIGNED}/{PATH_TOKEN}")).nobody().body(body),
                _ => world.ask(Method::POST, &format!("/webhooks/x-series/{HAND_MADE}")).nobody().body(body),
            };
            (Some(ask.send().await.status), refused)
        }
        // A connection that is not there.
        88..92 => {
            let path = rng.choice(["/webhooks/netsuite/", "/webhooks/x-series/"]).unwrap();
            let ask = world.ask(Method::POST, &format!("{path}{name}")).nobody().body(noise(rng, 100));
            (Some(ask.send().await.status), Expected { statuses: &[404], stores: None })
        }
        // Oversized, and signed.
        92 => {
            let body = vec![b'['; 1024 * 1024 + 1 + rng.usize(..200_000)];
            (Some(world.callback(name, &body).send().await.status), Expected { statuses: &[413], stores: None })
        }
        // Cut short, or no HTTP at all: there may be no answer.
        _ => (raw(world, rng, name, now).await, Expected { statuses: &[400, 401, 404, 405, 414, 431], stores: None }),
    }
}

/// Sends bytes as they are, hangs up, and tells the status where there is one.
async fn raw(world: &World, rng: &mut Rng, name: &str, now: i64) -> Option<u16> {
    let body = sales_order(name);
    let whole = format!(
        "POST /webhooks/netsuite/{SIGNED} HTTP/1.1\r\nhost: x\r\nwebhook-id: {name}\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {}\r\ncontent-length: {}\r\n\r\n",
        netsuite_signature(name, now, &body),
        body.len()
    );
    let whole = [whole.as_bytes(), &body].concat();
    let bytes = if rng.bool() { whole[..rng.usize(..whole.len())].to_vec() } else { (0..rng.usize(1..500)).map(|_| rng.u8(..)).collect() };
    let mut stream = TcpStream::connect(&world.address).await.unwrap();
    // The server may close before everything is sent.
    let _closed = stream.write_all(&bytes).await;
    let _closed = stream.shutdown().await;
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|status| status.parse().ok())
}
