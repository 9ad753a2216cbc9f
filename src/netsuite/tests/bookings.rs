use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::server::{Seen, Server, client, made, refused};
use crate::domain::bookings::{
    Application, ChangedLine, DepositApplicationRequest, DepositRequest, ErpCustomerRequest, LineTax, OrderChange, Place, RecordLine,
    RecordRequest, RefundRequest, TransformLine, TransformRequest,
};
use crate::domain::failure::FailureClass;
use crate::domain::ids::RecordId;
use crate::domain::record::RecordKind;
use crate::domain::requests::InventoryAssignment;
use crate::domain::verdict::Reason;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn line(key: &str, quantity: Option<&str>, rate: &str, amount: &str) -> RecordLine {
    RecordLine {
        product: None,
        bin: None,
        key: key.to_owned(),
        item: "55".to_owned(),
        quantity: quantity.map(dec),
        rate: dec(rate),
        amount: dec(amount),
        description: None,
        inventory: vec![],
        received: vec![],
        tax: None,
    }
}

fn record(kind: RecordKind) -> RecordRequest {
    RecordRequest {
        witness: None,
        record: kind,
        external_id: "tb-cs-1-1-abcd".to_owned(),
        customer: "107".to_owned(),
        date: Some("2026-11-23".parse().unwrap()),
        reference: Some("R-1042".into()),
        memo: Some("Sold at the till".into()),
        place: Place { subsidiary: Some("1".into()), location: Some("6".into()), department: Some("3".into()), class: Some("4".into()) },
        payment_method: Some("2".into()),
        account: Some("120".into()),
        custom: BTreeMap::from([("custbody_Sale_Id".to_owned(), "abc".to_owned())]),
        lines: vec![
            RecordLine { description: Some("Scarf".into()), ..line("l1", Some("2"), "10.50", "21.00") },
            RecordLine { item: "88".to_owned(), ..line("discount", None, "-1", "-1.00") },
        ],
        tax_override: false,
        apply: vec![],
    }
}

/// What every kind of record begins with.
fn head() -> Value {
    json!({
        "externalId": "tb-cs-1-1-abcd", "tranDate": "2026-11-23", "memo": "Sold at the till", "entity": {"id": "107"},
        "otherRefNum": "R-1042", "subsidiary": {"id": "1"}, "location": {"id": "6"}, "department": {"id": "3"}, "class": {"id": "4"},
        "custbody_sale_id": "abc",
        "item": {"items": [
            {"item": {"id": "55"}, "quantity": 2, "price": {"id": "-1"}, "rate": 10.5, "amount": 21, "description": "Scarf",
             "location": {"id": "6"}, "department": {"id": "3"}, "class": {"id": "4"}},
            {"item": {"id": "88"}, "price": {"id": "-1"}, "rate": -1, "amount": -1, "department": {"id": "3"}, "class": {"id": "4"}}]}
    })
}

fn with(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn booked(request: &RecordRequest) -> Seen {
    let server = Server::start(|_| made("/services/rest/record/v1/any/4001")).await;
    assert_eq!(client(&server).book(request).await.unwrap(), RecordId::from("4001"));
    server.only()
}

#[tokio::test]
async fn each_kind_of_record_has_its_address_and_what_only_it_has() {
    let money = json!({"paymentMethod": {"id": "2"}, "undepFunds": {"id": "F"}, "account": {"id": "120"}});
    let paid_out = json!({"paymentMethod": {"id": "2"}, "account": {"id": "120"}});
    for (kind, word, own) in [
        (RecordKind::SalesOrder, "salesOrder", json!({"orderStatus": {"id": "B"}})),
        (RecordKind::CashSale, "cashSale", money),
        (RecordKind::Invoice, "invoice", json!({})),
        (RecordKind::CashRefund, "cashRefund", paid_out),
        (RecordKind::CreditMemo, "creditMemo", json!({"autoApply": false})),
    ] {
        let seen = booked(&record(kind)).await;
        assert_eq!((seen.method.as_str(), seen.target.clone()), ("POST", format!("/services/rest/record/v1/{word}")));
        assert_eq!(seen.header("x-netsuite-propertynamevalidation"), "Error");
        assert_eq!(seen.json(), with(head(), &own), "{word}");
    }
}

#[tokio::test]
async fn only_what_is_known_is_written() {
    let request = RecordRequest {
        date: None,
        reference: None,
        memo: None,
        place: Place::default(),
        payment_method: None,
        account: None,
        custom: BTreeMap::new(),
        lines: vec![line("l1", Some("1"), "10", "10")],
        ..record(RecordKind::CashSale)
    };
    let item = json!({"item": {"id": "55"}, "quantity": 1, "price": {"id": "-1"}, "rate": 10, "amount": 10});
    assert_eq!(booked(&request).await.json(), json!({"externalId": "tb-cs-1-1-abcd", "entity": {"id": "107"}, "item": {"items": [item]}}));
}

#[tokio::test]
async fn a_credit_memo_pays_only_for_what_it_is_told_to() {
    let apply = vec![Application { record: RecordId::from("901"), amount: dec("21.00") }];
    let seen = booked(&RecordRequest { apply, ..record(RecordKind::CreditMemo) }).await;
    assert_eq!(seen.json()["autoApply"], json!(false));
    assert_eq!(seen.json()["apply"], json!({"items": [{"doc": {"id": "901"}, "apply": true, "amount": 21}]}));
}

#[tokio::test]
async fn what_leaves_goes_by_id_and_what_comes_back_by_its_number() {
    let leaves =
        InventoryAssignment { number: Some("10".into()), text: None, bin: Some("77".into()), status: Some("1".into()), quantity: dec("2") };
    let sold = RecordLine { inventory: vec![leaves], ..line("l1", Some("2"), "10", "20") };
    let seen = booked(&RecordRequest { lines: vec![sold], ..record(RecordKind::CashSale) }).await;
    assert_eq!(
        seen.json()["item"]["items"][0]["inventoryDetail"],
        json!({"quantity": 2, "inventoryAssignment": {"items": [
            {"issueInventoryNumber": {"id": "10"}, "binNumber": {"id": "77"}, "inventoryStatus": {"id": "1"}, "quantity": 2}]}})
    );
    let received = vec![("SN-1".to_owned(), dec("1")), ("SN-2".to_owned(), dec("1"))];
    let taken_back = RecordLine { received, ..line("l1", Some("2"), "10", "20") };
    let seen = booked(&RecordRequest { lines: vec![taken_back], ..record(RecordKind::CashRefund) }).await;
    assert_eq!(
        seen.json()["item"]["items"][0]["inventoryDetail"],
        json!({"quantity": 2, "inventoryAssignment": {"items": [
            {"receiptInventoryNumber": "SN-1", "quantity": 1}, {"receiptInventoryNumber": "SN-2", "quantity": 1}]}})
    );
}

#[tokio::test]
async fn what_netsuite_would_misread_never_leaves() {
    let server = Server::start(|_| made("/services/rest/record/v1/any/4001")).await;
    let client = client(&server);
    // Goods kept in bins come back to one, with their numbers or without.
    let received = vec![("LOT-7".to_owned(), dec("2"))];
    for (received, row) in [
        (received, json!({"receiptInventoryNumber": "LOT-7", "binNumber": {"id": "77"}, "quantity": 2})),
        (vec![], json!({"binNumber": {"id": "77"}, "quantity": 2})),
    ] {
        let back = RecordLine { received, bin: Some("77".into()), ..line("l1", Some("2"), "10", "20") };
        let seen = booked(&RecordRequest { lines: vec![back], ..record(RecordKind::CashRefund) }).await;
        let detail = &seen.json()["item"]["items"][0]["inventoryDetail"];
        assert_eq!(detail, &json!({"quantity": 2, "inventoryAssignment": {"items": [row]}}));
    }
    let short = RecordLine { received: vec![("SN-1".to_owned(), dec("1"))], ..line("l1", Some("2"), "10", "20") };
    let refused = client.book(&RecordRequest { lines: vec![short], ..record(RecordKind::CashRefund) }).await.unwrap_err();
    assert_eq!(refused.class(true), FailureClass::Refused(Reason::InventoryDetailMissing));
    let elsewhere = BTreeMap::from([("memo".to_owned(), "x".to_owned())]);
    for bad in [
        RecordRequest { lines: vec![], ..record(RecordKind::CashSale) },
        RecordRequest { customer: "CUS-1".to_owned(), ..record(RecordKind::CashSale) },
        RecordRequest { external_id: "a|b".to_owned(), ..record(RecordKind::CashSale) },
        RecordRequest { custom: elsewhere, ..record(RecordKind::CashSale) },
    ] {
        assert_eq!(client.book(&bad).await.unwrap_err().class(true), FailureClass::Refused(Reason::Refused));
    }
    assert!(server.seen().is_empty());
}

fn taxed() -> RecordRequest {
    let tax = LineTax { code: "9".to_owned(), tax_type: Some("5".into()), rate: dec("15"), basis: dec("21.00"), amount: dec("3.15") };
    let taxed = RecordLine { tax: Some(tax), ..line("l1", Some("2"), "10.50", "21.00") };
    RecordRequest { tax_override: true, lines: vec![taxed, line("l2", Some("1"), "1", "1")], ..record(RecordKind::CashSale) }
}

#[tokio::test]
async fn the_tills_tax_is_written_line_by_line() {
    let body = booked(&taxed()).await.json();
    assert_eq!(body["taxDetailsOverride"], json!(true));
    assert_eq!(
        (&body["item"]["items"][0]["taxDetailsReference"], body["item"]["items"][1].get("taxDetailsReference")),
        (&json!("l1"), None)
    );
    assert_eq!(
        body["taxDetails"],
        json!({"items": [{"taxDetailsReference": "l1", "taxType": "5", "taxCode": {"id": "9"}, "taxBasis": 21, "taxRate": 15, "taxAmount": 3.15}]})
    );
    let plain = RecordRequest { tax_override: false, ..taxed() };
    let body = booked(&plain).await.json();
    assert!(body.get("taxDetails").is_none() && body.get("taxDetailsOverride").is_none());
    assert!(body["item"]["items"][0].get("taxDetailsReference").is_none());
}

#[tokio::test]
async fn an_account_on_legacy_tax_is_told_as_such_and_a_wrong_tax_is_not() {
    let legacy = Server::start(|_| refused(400, "INVALID_CONTENT", "Unknown reference or field name: taxDetailsOverride")).await;
    let error = client(&legacy).book(&taxed()).await.unwrap_err();
    assert_eq!(error.class(true), FailureClass::Refused(Reason::TaxOverride));
    assert!(error.to_string().contains("SuiteTax") && error.to_string().contains("taxDetailsOverride"), "{error}");
    assert_eq!((error.status(), error.code()), (Some(400), Some("INVALID_CONTENT")));
    let wrong =
        Server::start(|_| refused(400, "INVALID_CONTENT", "Invalid Field Value 9 for the following field: taxDetails.items[0].taxCode"))
            .await;
    assert_eq!(client(&wrong).book(&taxed()).await.unwrap_err().class(true), FailureClass::Refused(Reason::Refused));
    let plain = RecordRequest { tax_override: false, ..taxed() };
    assert_eq!(client(&legacy).book(&plain).await.unwrap_err().class(true), FailureClass::Refused(Reason::Refused));
}

#[tokio::test]
async fn money_is_named_as_the_account_calls_it() {
    let server = Server::start(|seen| {
        if seen.body.contains("paymentMethod") {
            refused(400, "INVALID_CONTENT", "Unknown field name: paymentMethod")
        } else if seen.body.contains("undepFunds") {
            refused(400, "USER_ERROR", "You do not have access to the field undepFunds on this form.")
        } else {
            made("/services/rest/record/v1/cashSale/77")
        }
    })
    .await;
    client(&server).book(&record(RecordKind::CashSale)).await.unwrap();
    let own = json!({"paymentOption": {"id": "2"}, "account": {"id": "120"}});
    assert_eq!(server.seen().last().unwrap().json(), with(head(), &own));
}

fn transform(from: RecordKind, to: RecordKind) -> TransformRequest {
    let taken = TransformLine { order_line: 1, quantity: dec("1"), location: None, received: vec![], bin: None };
    TransformRequest {
        witness: None,
        from,
        source: RecordId::from("766"),
        record: to,
        external_id: "tb-ra-1-1-abcd".to_owned(),
        date: Some("2026-11-23".parse().unwrap()),
        memo: None,
        lines: vec![taken.clone(), TransformLine { order_line: 4, quantity: dec("0"), ..taken }],
        payment_method: Some("2".into()),
        account: Some("120".into()),
        apply: vec![],
    }
}

async fn transformed(request: &TransformRequest) -> Seen {
    let server = Server::start(|_| made("/services/rest/record/v1/any/4002")).await;
    assert_eq!(client(&server).transform_record(request).await.unwrap(), RecordId::from("4002"));
    server.only()
}

#[tokio::test]
async fn goods_come_back_step_by_step_and_every_line_is_named() {
    let lines = json!({"items": [{"orderLine": 1, "quantity": 1}, {"orderLine": 4, "quantity": 0}]});
    let head = json!({"externalId": "tb-ra-1-1-abcd", "tranDate": "2026-11-23"});
    let (order, authorized) = (RecordKind::SalesOrder, RecordKind::ReturnAuthorization);
    for (from, to, path, own) in [
        (order, authorized, "salesOrder/766/!transform/returnAuthorization", json!({"orderStatus": {"id": "B"}, "item": lines})),
        (
            authorized,
            RecordKind::CashRefund,
            "returnAuthorization/766/!transform/cashRefund",
            json!({"paymentMethod": {"id": "2"}, "account": {"id": "120"}, "item": lines}),
        ),
        (authorized, RecordKind::CreditMemo, "returnAuthorization/766/!transform/creditMemo", json!({"autoApply": false, "item": lines})),
    ] {
        let seen = transformed(&transform(from, to)).await;
        assert_eq!(seen.target, format!("/services/rest/record/v1/{path}"));
        assert_eq!(seen.json(), with(head.clone(), &own), "{path}");
    }
}

#[tokio::test]
async fn a_receipt_says_what_came_back_where_and_what_did_not() {
    let mut request = transform(RecordKind::ReturnAuthorization, RecordKind::ItemReceipt);
    request.lines[0].location = Some("6".into());
    request.lines[0].received = vec![("SN-1".to_owned(), dec("1"))];
    let seen = transformed(&request).await;
    assert_eq!(seen.target, "/services/rest/record/v1/returnAuthorization/766/!transform/itemReceipt");
    assert_eq!(
        seen.json()["item"],
        json!({"items": [
            {"orderLine": 1, "itemReceive": true, "quantity": 1, "location": {"id": "6"},
             "inventoryDetail": {"quantity": 1, "inventoryAssignment": {"items": [{"receiptInventoryNumber": "SN-1", "quantity": 1}]}}},
            {"orderLine": 4, "itemReceive": false}]})
    );
}

#[tokio::test]
async fn an_order_follows_its_sale_line_by_line() {
    let server = Server::start(|_| made("")).await;
    let change = OrderChange {
        order: RecordId::from("766"),
        added: vec![line("l3", Some("1"), "5", "5")],
        location: Some("6".into()),
        changed: vec![ChangedLine { line: 1, key: "l1".to_owned(), quantity: dec("3"), rate: dec("10.5"), amount: dec("31.5") }],
        closed: vec![4],
        taxes: vec![],
    };
    client(&server).change_order(&change).await.unwrap();
    let seen = server.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("PATCH", "/services/rest/record/v1/salesOrder/766"));
    assert_eq!(
        seen.json(),
        json!({"item": {"items": [
            {"line": 1, "quantity": 3, "price": {"id": "-1"}, "rate": 10.5, "amount": 31.5},
            {"line": 4, "isClosed": true},
            {"item": {"id": "55"}, "quantity": 1, "price": {"id": "-1"}, "rate": 5, "amount": 5, "location": {"id": "6"}}]}})
    );
    // The till's tax is told as a whole, and those of before go.
    let tax = taxed().lines.swap_remove(0).tax.unwrap();
    client(&server).change_order(&OrderChange { taxes: vec![("l1".to_owned(), tax)], ..change.clone() }).await.unwrap();
    let body = server.seen()[1].json();
    assert!(server.seen()[1].target.ends_with("?replace=taxDetails"), "{}", server.seen()[1].target);
    assert_eq!((&body["taxDetailsOverride"], body["taxDetails"]["items"].as_array().unwrap().len()), (&json!(true), 1));
    assert_eq!(body["item"]["items"][0]["taxDetailsReference"], "l1");
    let nothing = OrderChange { added: vec![], changed: vec![], closed: vec![], ..change };
    assert!(client(&server).change_order(&nothing).await.is_err(), "an empty change changes nothing");
}

fn person() -> ErpCustomerRequest {
    ErpCustomerRequest {
        external_id: "tb-cust-c1-1-abcd".to_owned(),
        x_series_id: "c1".to_owned(),
        company_name: None,
        first_name: Some("Ada".into()),
        last_name: Some("Byron".into()),
        email: Some("ada@example.com".into()),
        phone: Some("12".into()),
        subsidiary: Some("1".into()),
    }
}

#[tokio::test]
async fn a_customer_is_a_company_or_a_person() {
    let server = Server::start(|_| made("/services/rest/record/v1/customer/108")).await;
    let client = client(&server);
    assert_eq!(client.create_customer(&person()).await.unwrap(), RecordId::from("108"));
    client.create_customer(&ErpCustomerRequest { company_name: Some("Gull & Co".into()), subsidiary: None, ..person() }).await.unwrap();
    let seen = server.seen();
    assert_eq!((seen[0].method.as_str(), seen[0].target.as_str()), ("POST", "/services/rest/record/v1/customer"));
    assert_eq!(
        seen[0].json(),
        json!({"externalId": "tb-cust-c1-1-abcd", "isPerson": true, "firstName": "Ada", "lastName": "Byron", "email": "ada@example.com",
               "phone": "12", "subsidiary": {"id": "1"}})
    );
    assert_eq!(
        seen[1].json(),
        json!({"externalId": "tb-cust-c1-1-abcd", "isPerson": false, "companyName": "Gull & Co", "email": "ada@example.com", "phone": "12"})
    );
}

#[tokio::test]
async fn a_telephone_number_that_is_too_short_does_not_cost_the_customer() {
    let server = Server::start(|seen| {
        if seen.body.contains("phone") {
            refused(400, "USER_ERROR", "Phone number should have seven digits or more.")
        } else {
            made("/services/rest/record/v1/customer/108")
        }
    })
    .await;
    client(&server).create_customer(&person()).await.unwrap();
    assert_eq!(server.seen()[1].json()["lastName"], "Byron");
}

#[tokio::test]
async fn deposits_applications_and_refunds_go_to_their_records() {
    let server = Server::start(|_| made("/services/rest/record/v1/any/5001")).await;
    let client = client(&server);
    let date = Some("2026-11-23".parse().unwrap());
    let deposit = DepositRequest {
        tender: None,
        external_id: "tb-dep-1".to_owned(),
        order: RecordId::from("766"),
        customer: "107".to_owned(),
        amount: dec("50.00"),
        date,
        payment_method: Some("2".into()),
        account: None,
        memo: Some("Layby".into()),
    };
    client.deposit(&deposit).await.unwrap();
    let apply = Application { record: RecordId::from("901"), amount: dec("50.00") };
    let application =
        DepositApplicationRequest { external_id: "tb-da-1".to_owned(), deposit: RecordId::from("5001"), apply: apply.clone(), date };
    client.apply_deposit(&application).await.unwrap();
    let refund = RefundRequest {
        deposits: vec![],
        tender: None,
        external_id: "tb-rf-1".to_owned(),
        customer: "107".to_owned(),
        apply: Some(Application { record: RecordId::from("4001"), amount: dec("21.00") }),
        date,
        payment_method: Some("2".into()),
        account: Some("120".into()),
        memo: None,
    };
    client.refund(&refund).await.unwrap();
    let negative = RefundRequest { apply: Some(Application { amount: dec("-1"), ..apply }), ..refund };
    assert!(client.refund(&negative).await.is_err());
    let seen = server.seen();
    let targets: Vec<&str> = seen.iter().map(|seen| seen.target.strip_prefix("/services/rest/record/v1/").unwrap()).collect();
    assert_eq!(targets, ["customerDeposit", "customerDeposit/5001/!transform/depositApplication", "customerRefund"]);
    assert_eq!(
        seen[0].json(),
        json!({"externalId": "tb-dep-1", "tranDate": "2026-11-23", "memo": "Layby", "customer": {"id": "107"}, "salesOrder": {"id": "766"},
               "payment": 50, "paymentMethod": {"id": "2"}})
    );
    assert_eq!(
        seen[1].json(),
        json!({"externalId": "tb-da-1", "tranDate": "2026-11-23", "apply": {"items": [{"doc": {"id": "901"}, "apply": true, "amount": 50}]}})
    );
    assert_eq!(
        seen[2].json(),
        json!({"externalId": "tb-rf-1", "tranDate": "2026-11-23", "customer": {"id": "107"}, "paymentMethod": {"id": "2"},
               "account": {"id": "120"}, "apply": {"items": [{"doc": {"id": "4001"}, "apply": true, "amount": 21}]}})
    );
}
