use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinSet;

use super::server::{Reply, Server, client, client_with, clock, config, made, net, ok, refused, sender, token_based};
use crate::clock;
use crate::domain::failure::FailureClass;
use crate::domain::ids::{ConnectionId, RecordId, SaleId};
use crate::domain::requests::SaleIdRequest;
use crate::domain::verdict::Reason;
use crate::netsuite::Client;

fn field() -> SaleIdRequest {
    SaleIdRequest {
        order: RecordId::from("766"),
        field: "custbody_tillbridge_sale_id".to_owned(),
        sale: SaleId::from("0195c3a0-0000-7000-8000-000000000001"),
    }
}

async fn write(client: &Client) -> FailureClass {
    client.write_field(&field()).await.unwrap_err().class(true)
}

async fn read(client: &Client) -> FailureClass {
    client.customer(&RecordId::from("107")).await.unwrap_err().class(false)
}

const TRANSIENT: FailureClass = FailureClass::Transient { retry_after: None };

#[tokio::test]
async fn a_refused_connection_had_no_effect() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = client_with(&base, token_based(), clock());
    assert_eq!(write(&client).await, TRANSIENT);
    assert_eq!(read(&client).await, TRANSIENT);
}

#[tokio::test]
async fn a_write_whose_connection_is_cut_is_in_doubt_and_a_read_is_not() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 1024]).await;
        }
    });
    let client = client_with(&base, token_based(), clock());
    assert_eq!(write(&client).await, FailureClass::InDoubt);
    assert_eq!(read(&client).await, TRANSIENT);
}

#[tokio::test]
async fn a_write_that_is_not_answered_in_time_is_in_doubt() {
    let server = Server::start(|_| Reply { status: 204, delay: Duration::from_secs(5), ..Reply::default() }).await;
    let mut net = net();
    net.netsuite_timeout = Duration::from_millis(100);
    let client = Client::new(&ConnectionId::from("c1"), &config(&server.base, token_based()), &net, &sender(), clock()).unwrap();
    assert_eq!(write(&client).await, FailureClass::InDoubt);
    assert_eq!(read(&client).await, TRANSIENT);
}

#[tokio::test]
async fn a_concurrency_error_is_budget_whatever_its_status_and_fewer_are_sent() {
    for status in [400, 429] {
        let server = Server::start(move |_| refused(status, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded.")).await;
        let client = client(&server);
        let FailureClass::Throttled { until } = write(&client).await else { panic!("{status}") };
        assert!(until > clock().now() && until <= clock::after(clock().now(), Duration::from_secs(1)));
        assert_eq!(client.gate().snapshot().concurrency, 1);
        assert_eq!(write(&client).await, FailureClass::Throttled { until }, "the gate is closed until then");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn retry_after_is_kept_by_the_gate_and_told_to_the_order() {
    for (status, expected) in [(429, None), (503, Some(FailureClass::InDoubt))] {
        let server = Server::start(move |_| Reply { status, headers: vec![("retry-after", "7".to_owned())], ..Reply::default() }).await;
        let client = client(&server);
        let until = clock::after(clock().now(), Duration::from_secs(7));
        assert_eq!(write(&client).await, expected.unwrap_or(FailureClass::Throttled { until }));
        assert_eq!(client.gate().snapshot().blocked_until, Some(until));
    }
}

#[tokio::test]
async fn a_success_that_does_not_say_what_it_made_is_in_doubt() {
    for reply in [Reply { status: 204, ..Reply::default() }, made("https://x/services/rest/record/v1/salesOrder/")] {
        let server = Server::start(move |_| reply.clone()).await;
        let request = super::writing::fulfilment();
        assert_eq!(client(&server).fulfil(&request).await.unwrap_err().class(true), FailureClass::InDoubt);
    }
    let accepted = Server::start(|_| Reply { status: 202, ..Reply::default() }).await;
    assert_eq!(write(&client(&accepted)).await, FailureClass::InDoubt);
}

#[tokio::test]
async fn pages_of_proxies_are_never_taken_for_an_answer() {
    let html = |status| Reply { status, body: "<html>Maintenance</html>".to_owned(), ..Reply::default() };
    let server = Server::start(move |_| html(200)).await;
    assert_eq!(read(&client(&server)).await, TRANSIENT);
    let server = Server::start(move |_| html(404)).await;
    assert_eq!(read(&client(&server)).await, FailureClass::Refused(Reason::UnknownAnswer));
    let server =
        Server::start(|_| Reply { status: 302, headers: vec![("location", "https://elsewhere".to_owned())], ..Reply::default() }).await;
    assert_eq!(write(&client(&server)).await, FailureClass::Refused(Reason::UnknownAnswer));
    assert_eq!(server.seen().len(), 1, "redirects are not followed");
}

#[tokio::test]
async fn failures_in_a_row_open_the_breaker() {
    let server = Server::start(|_| Reply { status: 502, ..Reply::default() }).await;
    let client = client(&server);
    for _ in 0..8 {
        assert_eq!(read(&client).await, TRANSIENT);
    }
    assert_eq!(client.gate().snapshot().breaker, "open");
    assert!(matches!(read(&client).await, FailureClass::Throttled { .. }));
    assert_eq!(server.seen().len(), 8);
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_configured() {
    let under_way = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&under_way);
    let server = Server::start(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Reply { delay: Duration::from_secs(1), ..ok(&json!({"id": "107"})) }
    })
    .await;
    let client = client(&server);
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let client = client.clone();
        tasks.spawn(async move { client.customer(&RecordId::from("107")).await.map(drop) });
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(under_way.load(std::sync::atomic::Ordering::SeqCst), 2);
    assert_eq!(client.gate().snapshot().in_flight, 2);
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
}

#[tokio::test]
async fn ids_and_fields_that_would_change_the_request_do_not_leave() {
    let server = Server::start(|_| ok(&json!({}))).await;
    let client = client(&server);
    for id in ["../customer/1", "1?x=y", "", "766 OR 1=1"] {
        let id = RecordId::from(id);
        assert!(client.sales_order(&id).await.is_err() && client.children(&id).await.is_err());
    }
    assert!(client.sales_orders_by_field("custbody_x' OR '1'='1", "v").await.is_err());
    assert!(client.find(crate::domain::record::RecordKind::Invoice, "a:b").await.is_err());
    assert!(client.write_field(&SaleIdRequest { field: "memo".to_owned(), ..field() }).await.is_err());
    assert!(server.seen().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_date_header_is_tolerated(value in "[ -~]{0,40}") {
        let _ = crate::net::retry_after::parse(&value, clock().now());
    }
}
