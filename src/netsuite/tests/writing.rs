use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_decimal::Decimal;
use serde_json::json;

use super::server::{Reply, Server, client, made, refused};
use crate::domain::failure::FailureClass;
use crate::domain::ids::{RecordId, SaleId};
use crate::domain::record::RecordKind;
use crate::domain::requests::{BillLine, BillRequest, FulfilmentLine, FulfilmentRequest, PaymentRequest, SaleIdRequest, VarianceRequest};
use crate::domain::verdict::Reason;

pub(super) fn fulfilment() -> FulfilmentRequest {
    let line = FulfilmentLine { order_line: 1, quantity: Some(Decimal::ONE), location: Some("6".to_owned()), inventory: vec![] };
    FulfilmentRequest {
        order: RecordId::from("766"),
        external_id: "tb-if-766-1".to_owned(),
        date: None,
        memo: None,
        lines: vec![line, FulfilmentLine { order_line: 4, quantity: None, location: None, inventory: vec![] }],
    }
}

fn bill() -> BillRequest {
    BillRequest {
        witness: None,
        order: RecordId::from("766"),
        external_id: "tb-cs-766-1".to_owned(),
        date: None,
        memo: None,
        lines: vec![BillLine { order_line: 1, quantity: Decimal::ONE }],
        payment_method: Some("2".to_owned()),
        account: None,
    }
}

const LOCATION: &str = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/itemFulfillment/812";

#[tokio::test]
async fn a_transform_is_posted_to_its_address_with_a_strict_body() {
    let server = Server::start(|_| made(LOCATION)).await;
    assert_eq!(client(&server).fulfil(&fulfilment()).await.unwrap(), RecordId::from("812"));
    let seen = server.only();
    assert_eq!(
        (seen.method.as_str(), seen.target.as_str()),
        ("POST", "/services/rest/record/v1/salesOrder/766/!transform/itemFulfillment")
    );
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("x-netsuite-propertynamevalidation"), "Error");
    assert_eq!(seen.header("prefer"), "");
    assert_eq!(
        seen.json(),
        json!({"externalId": "tb-if-766-1", "shipStatus": {"id": "C"}, "item": {"items": [
            {"orderLine": 1, "itemReceive": true, "quantity": 1, "location": {"id": "6"}}, {"orderLine": 4, "itemReceive": false}]}})
    );
}

#[tokio::test]
async fn every_success_status_is_taken() {
    for status in [200, 201, 204] {
        let server = Server::start(move |_| Reply { status, ..made("/services/rest/record/v1/invoice/901/") }).await;
        assert_eq!(client(&server).invoice(&bill()).await.unwrap(), RecordId::from("901"));
        assert_eq!(server.only().target, "/services/rest/record/v1/salesOrder/766/!transform/invoice");
    }
}

#[tokio::test]
async fn without_pick_pack_ship_the_fulfilment_is_sent_again_without_its_ship_status() {
    let server = Server::start(|seen| {
        if seen.body.contains("shipStatus") { refused(400, "USER_ERROR", "Unknown field 'shipStatus'.") } else { made(LOCATION) }
    })
    .await;
    client(&server).fulfil(&fulfilment()).await.unwrap();
    assert_eq!(server.seen().len(), 2);
    assert!(server.seen()[1].json().get("shipStatus").is_none());
    assert_eq!(server.seen()[1].json()["externalId"], "tb-if-766-1");
}

#[tokio::test]
async fn a_field_that_stays_refused_is_not_sent_for_ever() {
    let server = Server::start(|_| refused(400, "USER_ERROR", "Something about shipStatus.")).await;
    let error = client(&server).fulfil(&fulfilment()).await.unwrap_err();
    assert_eq!(error.class(true), FailureClass::Refused(Reason::Refused));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn the_payment_is_named_as_the_account_calls_it() {
    let server = Server::start(|seen| {
        if seen.body.contains("paymentMethod") {
            refused(400, "INVALID_CONTENT", "Unknown field name: paymentMethod")
        } else {
            made("/services/rest/record/v1/cashSale/77")
        }
    })
    .await;
    client(&server).cash_sale(&bill()).await.unwrap();
    let sent = server.seen()[1].json();
    assert_eq!((&sent["paymentOption"], sent.get("paymentMethod")), (&json!({"id": "2"}), None));
    assert_eq!(server.seen()[1].target, "/services/rest/record/v1/salesOrder/766/!transform/cashSale");
}

#[tokio::test]
async fn a_wrong_payment_method_is_shown_and_not_worked_around() {
    let server = Server::start(|_| refused(400, "USER_ERROR", "Invalid Field Value 2 for the following field: paymentMethod")).await;
    let error = client(&server).cash_sale(&bill()).await.unwrap_err();
    assert_eq!(error.to_string(), "NetSuite answered 400 USER_ERROR: Invalid Field Value 2 for the following field: paymentMethod");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn payments_variances_and_fields_go_to_their_records() {
    let server = Server::start(|_| made("/services/rest/record/v1/customerPayment/5001")).await;
    let client = client(&server);
    let payment = PaymentRequest {
        tender: None,
        external_id: "tb-pay-1".to_owned(),
        customer: "107".to_owned(),
        invoice: RecordId::from("901"),
        amount: Decimal::new(14_662, 2),
        more: Vec::new(),
        date: Some("2026-11-23".parse().unwrap()),
        payment_method: None,
        account: None,
        memo: None,
    };
    assert_eq!(client.pay(&payment).await.unwrap(), RecordId::from("5001"));
    let variance =
        VarianceRequest { bill: RecordId::from("901"), record: RecordKind::CashSale, item: "88".to_owned(), amount: Decimal::new(1, 2) };
    client.add_variance(&variance).await.unwrap();
    let field = SaleIdRequest { order: RecordId::from("766"), field: "custbody_tillbridge_sale_id".to_owned(), sale: SaleId::from("abc") };
    client.write_field(&field).await.unwrap();
    let seen = server.seen();
    let lines: Vec<String> = seen.iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect();
    assert_eq!(
        lines,
        [
            "POST /services/rest/record/v1/customerPayment",
            "PATCH /services/rest/record/v1/cashSale/901",
            "PATCH /services/rest/record/v1/salesOrder/766"
        ]
    );
    assert_eq!(seen[0].json()["payment"], json!(146.62));
    assert_eq!(seen[2].json(), json!({"custbody_tillbridge_sale_id": "abc"}));
}

#[tokio::test]
async fn a_duplicate_key_is_told_as_such() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let server = Server::start(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        refused(400, "USER_ERROR", "Error while accessing a resource. A record with this externalId already exists.")
    })
    .await;
    assert_eq!(client(&server).fulfil(&fulfilment()).await.unwrap_err().class(true), FailureClass::Duplicate);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}
