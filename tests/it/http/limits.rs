//! Slow, large, cut and silent senders, and a server that stops.

use std::time::{Duration, Instant};

use tillbridge::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::contract::CONTRACT;
use super::world::{SIGNED, World, netsuite_signature, sales_order};

const LIMIT: usize = 1024 * 1024;
const ADDRESS: &str = "/webhooks/netsuite/acme-nz";

/// Reads until the server closes, and tells how long that took.
async fn until_closed(stream: &mut TcpStream) -> (String, Duration) {
    let start = Instant::now();
    let mut bytes = Vec::new();
    // A reset is a close as well.
    let _reset = timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.expect("the server keeps the connection open");
    (String::from_utf8_lossy(&bytes).into_owned(), start.elapsed())
}

fn status_of(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("no status in {answer:?}")).parse().unwrap()
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_even_when_it_is_signed() {
    let world = World::start().await;
    let refused = world.callback("msg", &vec![b' '; LIMIT + 1]).send().await.refused(413, "body-too-large");
    assert!(refused.body["detail"].as_str().unwrap().contains("1048576"));
    let mut largest = sales_order("766");
    largest.resize(LIMIT, b' ');
    world.callback("msg", &largest).send().await.is(202);
    assert_eq!(world.stored().await, 1);
}

#[tokio::test]
async fn a_slow_head_is_cut() {
    let world = World::start_with(r#"header_timeout = "500ms""#).await;
    for head in ["", "POST /webhooks/netsuite/acme-nz HTTP/1.1\r\nhost: x\r\nwebhook-"] {
        let mut stream = TcpStream::connect(&world.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let (_, time) = until_closed(&mut stream).await;
        assert!((Duration::from_millis(400)..Duration::from_secs(5)).contains(&time), "{head:?} was cut after {time:?}");
    }
}

#[tokio::test]
async fn a_slow_body_is_cut_with_a_problem() {
    let world = World::start_with(r#"request_timeout = "700ms""#).await;
    let mut stream = TcpStream::connect(&world.address).await.unwrap();
    stream.write_all(format!("POST {ADDRESS} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n").as_bytes()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let drip = async {
        // Never silent for long: it is the whole time that counts.
        while write.write_all(b".").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let start = Instant::now();
    let answer = async {
        let mut bytes = Vec::new();
        let _reset = read.read_to_end(&mut bytes).await;
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let answer = tokio::select! {
        answer = answer => answer,
        () = drip => panic!("the connection was closed without an answer"),
    };
    assert_eq!(status_of(&answer), 408, "{answer}");
    assert!(answer.contains("application/problem+json") && answer.contains("/problems/body-too-slow"), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_sender_that_asks_first_is_told_before_it_sends() {
    let world = World::start().await;
    let mut stream = TcpStream::connect(&world.address).await.unwrap();
    let head = format!("POST {ADDRESS} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 99999999999\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (answer, _) = until_closed(&mut stream).await;
    assert_eq!(status_of(&answer), 413, "{answer}");
}

#[tokio::test]
async fn a_body_that_is_cut_short_is_not_stored() {
    let world = World::start().await;
    let body = sales_order("766");
    let now = Clock::System.now().as_second();
    let signature = netsuite_signature("msg", now, &body);
    for kept in [0, 1, body.len() / 2, body.len() - 1] {
        let mut stream = TcpStream::connect(&world.address).await.unwrap();
        let head = format!(
            "POST /webhooks/netsuite/{SIGNED} HTTP/1.1\r\nhost: x\r\nwebhook-id: msg\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body[..kept]].concat()).await.unwrap();
        stream.shutdown().await.unwrap();
        let (answer, _) = until_closed(&mut stream).await;
        assert!(answer.is_empty() || status_of(&answer) == 400, "{answer}");
    }
    assert_eq!(world.stored().await, 0);
}

#[tokio::test]
async fn a_chunked_body_is_taken_like_any_other() {
    let world = World::start().await;
    let body = sales_order("766");
    let now = Clock::System.now().as_second();
    let signature = netsuite_signature("msg", now, &body);
    let mut stream = TcpStream::connect(&world.address).await.unwrap();
    let mut request = format!(
        "POST /webhooks/netsuite/{SIGNED} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nwebhook-id: msg\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for chunk in body.chunks(7) {
        request.extend(format!("{:x}\r\n", chunk.len()).as_bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    stream.write_all(&request).await.unwrap();
    let (answer, _) = until_closed(&mut stream).await;
    assert_eq!(status_of(&answer), 202, "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_for_a_place() {
    let world = World::start_with("max_connections = 2\nheader_timeout = \"1s\"").await;
    let silent = [TcpStream::connect(&world.address).await.unwrap(), TcpStream::connect(&world.address).await.unwrap()];
    sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    // The silent ones are cut after a second, and then there is a place.
    world.get("/healthz").nobody().send().await.is(200);
    assert!(start.elapsed() > Duration::from_millis(500), "{:?}", start.elapsed());
    drop(silent);
}

#[tokio::test]
async fn a_request_in_hand_is_finished_when_the_server_stops() {
    let mut world = World::start().await;
    let body = sales_order("766");
    let now = Clock::System.now().as_second();
    let signature = netsuite_signature("msg", now, &body);
    let mut stream = TcpStream::connect(&world.address).await.unwrap();
    let head = format!(
        "POST /webhooks/netsuite/{SIGNED} HTTP/1.1\r\nhost: x\r\nwebhook-id: msg\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    sleep(Duration::from_millis(200)).await;
    world.stop();
    sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(&world.address).await.is_err(), "it still takes connections");
    stream.write_all(&body).await.unwrap();
    let (answer, _) = until_closed(&mut stream).await;
    assert_eq!(status_of(&answer), 202, "{answer}");
    let (_, json) = answer.split_once("\r\n\r\n").unwrap();
    let headers =
        answer.lines().skip(1).map_while(|line| line.split_once(": ")).map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    CONTRACT.check("POST", ADDRESS, 202, &headers.collect(), json.as_bytes());
    timeout(Duration::from_secs(5), world.stopped()).await.expect("the server did not stop");
}

#[tokio::test]
async fn a_sender_that_never_ends_does_not_outlast_the_drain() {
    let mut world = World::start_with(r#"drain = "300ms""#).await;
    let mut stream = TcpStream::connect(&world.address).await.unwrap();
    stream.write_all(format!("POST {ADDRESS} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(100)).await;
    world.stop();
    timeout(Duration::from_secs(3), world.stopped()).await.expect("the server did not stop");
}
