use std::time::Duration;

use serde_json::{Value, json};

use super::server::{Reply, Server, client, ok, refused, rows};
use crate::clock;
use crate::domain::failure::FailureClass;
use crate::domain::ids::RecordId;
use crate::domain::record::RecordKind;
use crate::domain::sales_order::ItemKind;
use crate::domain::verdict::Reason;

const RECORDED: &str = include_str!("../../../tests/fixtures/netsuite/recorded-responses.json");

/// A recorded answer, by its name.
fn recorded(name: &str) -> Reply {
    let all: Value = serde_json::from_str(RECORDED).unwrap();
    let found = all["responses"].as_array().unwrap().iter().find(|response| response["name"] == name).unwrap();
    Reply {
        status: u16::try_from(found["status"].as_u64().unwrap()).unwrap(),
        headers: vec![("content-type", found["response_headers"]["content-type"].as_str().unwrap().to_owned())],
        body: found["body"].to_string(),
        ..Reply::default()
    }
}

fn order(item: &Value) -> Value {
    json!({"id": "766", "tranId": "SO1043", "status": {"id": "Pending Fulfillment", "refName": "Pending Fulfillment"}, "item": item})
}

fn id(text: &str) -> RecordId {
    RecordId::from(text)
}

#[tokio::test]
async fn a_sales_order_is_read_whole_in_one_request() {
    let line = json!({"line": 3, "item": {"id": "55"}, "itemType": {"id": "InvtPart"}, "quantity": 2});
    let server = Server::start(move |_| ok(&order(&json!({"items": [line], "totalResults": 1, "hasMore": false})))).await;
    let order = client(&server).sales_order(&id("766")).await.unwrap().unwrap();
    assert_eq!((order.number.as_str(), order.lines.len(), order.lines[0].line), ("SO1043", 1, 3));
    assert_eq!(server.only().target, "/services/rest/record/v1/salesOrder/766?expandSubResources=true");
}

#[tokio::test]
async fn an_order_that_is_not_there_is_none_and_one_we_may_not_see_is_an_error() {
    for name in ["Get Vendor Bill by ID", "Get Employee by ID"] {
        let server = Server::start(move |_| recorded(name)).await;
        assert_eq!(client(&server).sales_order(&id("999999")).await.unwrap(), None, "{name}");
    }
    let hidden = Server::start(|_| recorded("List Files")).await;
    assert!(client(&hidden).sales_order(&id("766")).await.is_err(), "the record type is switched off");
    let forbidden = Server::start(|_| refused(403, "INSUFFICIENT_PERMISSION", "You do not have permission.")).await;
    let error = client(&forbidden).sales_order(&id("766")).await.unwrap_err();
    assert_eq!(error.class(false), FailureClass::Refused(Reason::Permission));
}

#[tokio::test]
async fn lines_that_are_only_linked_to_are_fetched_page_by_page_and_line_by_line() {
    let server = Server::start(|seen| {
        let base = "/services/rest/record/v1/salesOrder/766";
        let path = seen.target.split('?').next().unwrap();
        match path.strip_prefix(base).unwrap() {
            "" => ok(&order(&json!({"links": [{"rel": "self", "href": format!("https://x{base}/item")}]}))),
            "/item" if seen.target.contains("offset=0") => ok(&json!({"hasMore": true, "items": [
                {"links": [{"rel": "self", "href": format!("https://x{base}/item/1")}]},
                {"line": 4, "item": {"id": "56"}, "itemType": "Kit", "quantity": "1.5"}]})),
            "/item" => ok(&json!({"hasMore": false, "items": [{"line": 9, "itemType": "Description", "description": "Thanks"}]})),
            "/item/1" => ok(&json!({"item": {"id": "55"}, "itemType": {"id": "InvtPart"}, "quantity": 2})),
            other => panic!("{other}"),
        }
    })
    .await;
    let order = client(&server).sales_order(&id("766")).await.unwrap().unwrap();
    let lines: Vec<(i64, &ItemKind)> = order.lines.iter().map(|line| (line.line, &line.kind)).collect();
    assert_eq!(lines, [(1, &ItemKind::Inventory), (4, &ItemKind::Kit), (9, &ItemKind::Description)]);
}

#[tokio::test]
async fn an_item_type_that_the_line_hides_comes_from_the_item() {
    let server = Server::start(|seen| {
        if seen.method == "POST" {
            rows(&json!([{"links": [], "id": "55", "itemid": "SKU-55", "itemtype": "InvtPart"}]), false)
        } else {
            ok(&order(&json!({"items": [{"line": 1, "item": {"id": "55"}, "quantity": 2}]})))
        }
    })
    .await;
    let order = client(&server).sales_order(&id("766")).await.unwrap().unwrap();
    assert_eq!(order.lines[0].kind, ItemKind::Inventory);
}

#[tokio::test]
async fn what_was_made_from_an_order_is_listed_once_each() {
    let server = Server::start(|_| {
        rows(
            &json!([
                {"links": [], "nextdoc": "812", "type": "ItemShip", "tranid": "IF12", "status": "ItemShip:C", "externalid": "tb-if-766-1"},
                {"links": [], "nextdoc": "812", "type": "ItemShip", "tranid": "IF12", "status": "C"},
                {"links": [], "nextdoc": "901", "type": "CustInvc", "status": "A"},
                {"links": [], "nextdoc": "902", "type": "CashSale"},
                {"links": [], "nextdoc": "903", "type": "RtnAuth"},
                {"links": [], "nextdoc": "904", "type": "Opprtnty"}
            ]),
            false,
        )
    })
    .await;
    let children = client(&server).children(&id("766")).await.unwrap();
    let list: Vec<(RecordKind, &str)> = children.iter().map(|child| (child.kind, child.id.as_str())).collect();
    let made = [(RecordKind::ItemFulfillment, "812"), (RecordKind::Invoice, "901"), (RecordKind::CashSale, "902")];
    assert_eq!(list, [&made[..], &[(RecordKind::ReturnAuthorization, "903")]].concat());
    assert_eq!((children[0].status.as_deref(), children[0].external_id.as_deref()), (Some("C"), Some("tb-if-766-1")));
    let seen = server.only();
    assert_eq!(seen.target, "/services/rest/query/v1/suiteql?limit=1000&offset=0");
    assert_eq!(seen.header("prefer"), "transient");
    assert_eq!(seen.json().as_object().unwrap().len(), 1, "no bound parameters");
    assert!(seen.query().contains("WHERE n.previousdoc = 766"), "{}", seen.query());
}

#[tokio::test]
async fn a_bill_is_read_back_with_its_lines() {
    let server = Server::start(|_| {
        ok(&json!({"id": 901, "tranId": "INV9", "total": "115.00", "taxTotal": 15, "amountRemaining": 0.0, "item": {"items": [
            {"line": 1, "orderLine": 1, "quantity": 2}, {"line": 2, "item": {"id": "88"}, "quantity": 1}]}}))
    })
    .await;
    let bill = client(&server).bill(RecordKind::Invoice, &id("901")).await.unwrap().unwrap();
    assert_eq!(server.only().target, "/services/rest/record/v1/invoice/901?expandSubResources=true");
    assert_eq!((bill.total.unwrap().to_string(), bill.tax_total.unwrap().to_string()), ("115.00".to_owned(), "15".to_owned()));
    assert!(bill.remaining.unwrap().is_zero());
    assert_eq!(bill.lines.len(), 1, "the variance has no order line");
}

#[tokio::test]
async fn a_record_is_found_by_our_key() {
    for body in [json!({"id": "812"}), json!({"links": [{"rel": "self", "href": "https://x/services/rest/record/v1/itemFulfillment/812"}]})]
    {
        let server = Server::start(move |_| ok(&body)).await;
        let found = client(&server).find(RecordKind::ItemFulfillment, "tb-if-766-1").await.unwrap();
        assert_eq!(found, Some(id("812")));
        assert_eq!(server.only().target, "/services/rest/record/v1/itemFulfillment/eid:tb-if-766-1");
    }
    let server = Server::start(|_| recorded("Get Employee by ID")).await;
    assert_eq!(client(&server).find(RecordKind::CashSale, "tb-cs-1").await.unwrap(), None);
}

#[tokio::test]
async fn changed_orders_are_asked_for_in_the_accounts_zone_and_paged() {
    let server =
        Server::start(|_| rows(&json!([{"links": [], "id": "766", "tranid": "SO1043", "lastmodifieddate": "2026-11-23 14:02:03"}]), true))
            .await;
    let (since, until) = ("2026-11-23T01:00:00Z".parse().unwrap(), "2026-11-23T01:10:00Z".parse().unwrap());
    let page = client(&server).modified_orders(since, until, 40, 20).await.unwrap();
    assert!(page.more);
    assert_eq!((page.records[0].id.as_str(), page.records[0].modified.to_string().as_str()), ("766", "2026-11-23T01:02:03Z"));
    let seen = server.only();
    assert_eq!(seen.target, "/services/rest/query/v1/suiteql?limit=20&offset=40");
    let query = seen.query();
    assert!(query.contains(">= TO_DATE('2026-11-23 14:00:00','YYYY-MM-DD HH24:MI:SS')"), "{query}");
    assert!(query.contains("<= TO_DATE('2026-11-23 14:10:00','YYYY-MM-DD HH24:MI:SS')"), "{query}");
    assert!(query.ends_with("ORDER BY t.lastmodifieddate, t.id"));
}

#[tokio::test]
async fn changed_bookings_are_those_with_a_key_of_ours_and_tell_it() {
    let server = Server::start(|_| {
        rows(&json!([{"id": "901", "tranid": "CS9", "externalid": "tb-tcs-s-1-0", "lastmodifieddate": "2026-11-23 14:02:03"}]), false)
    })
    .await;
    let (since, until) = ("2026-11-23T01:00:00Z".parse().unwrap(), "2026-11-23T01:10:00Z".parse().unwrap());
    let page = client(&server).modified_bookings(since, until, 0, 20).await.unwrap();
    assert_eq!((page.records[0].id.as_str(), page.records[0].external_id.as_deref()), ("901", Some("tb-tcs-s-1-0")));
    let query = server.only().query();
    assert!(query.contains("t.type IN ('CashSale', 'CustInvc', 'CashRfnd', 'CustCred') AND t.externalid LIKE 'tb-%' AND"), "{query}");
}

#[tokio::test]
async fn a_record_is_read_by_its_id_without_its_lines() {
    let server = Server::start(|seen| {
        if seen.target.ends_with("/cashSale/901") {
            ok(&json!({"id": "901", "tranId": "CS9", "externalId": "tb-tcs-1"}))
        } else {
            recorded("Get Employee by ID")
        }
    })
    .await;
    let client = client(&server);
    let found = client.head(RecordKind::CashSale, &id("901")).await.unwrap().unwrap();
    assert_eq!((found.kind, found.number.as_deref(), found.external_id.as_deref()), (RecordKind::CashSale, Some("CS9"), Some("tb-tcs-1")));
    assert_eq!(client.head(RecordKind::CashSale, &id("902")).await.unwrap(), None);
}

#[tokio::test]
async fn the_hour_that_happens_twice_is_asked_for_whole() {
    let server = Server::start(|_| rows(&json!([]), false)).await;
    // Auckland's clocks go back from 03:00 to 02:00 at 14:00 UTC.
    let (since, until) = ("2026-04-04T13:55:00Z".parse().unwrap(), "2026-04-04T14:05:00Z".parse().unwrap());
    client(&server).modified_orders(since, until, 0, 20).await.unwrap();
    let query = server.only().query();
    assert!(query.contains("'2026-04-05 01:05:00'") && query.contains("'2026-04-05 03:55:00'"), "{query}");
}

#[tokio::test]
async fn a_time_that_cannot_be_read_is_not_guessed() {
    let server = Server::start(|_| rows(&json!([{"id": "766", "lastmodifieddate": "23/11/2026"}]), false)).await;
    let now = clock::from_millis(0);
    assert!(client(&server).modified_orders(now, now, 0, 20).await.is_err());
}

#[tokio::test]
async fn all_pages_of_a_query_are_read() {
    let server = Server::start(|seen| {
        let first = seen.target.ends_with("offset=0");
        rows(&if first { json!([{"id": "1"}, {"id": "2"}]) } else { json!([{"id": "3"}]) }, first)
    })
    .await;
    let found = client(&server).sales_orders_by_field("custbody_tillbridge_sale_id", "O'Brien").await.unwrap();
    assert_eq!(found, [id("1"), id("2"), id("3")]);
    assert!(server.seen()[0].query().contains("t.custbody_tillbridge_sale_id = 'O''Brien'"));
    assert!(server.seen()[1].target.ends_with("offset=2"));
}

#[tokio::test]
async fn a_column_that_the_account_lacks_is_left_out() {
    let server = Server::start(|seen| {
        if seen.query().contains("i.usebins") {
            return refused(
                400,
                "USER_ERROR",
                "Search error occurred: Field 'usebins' for record 'item' was not found. Reason: NOT_EXPOSED",
            );
        }
        rows(
            &json!([{"id": "55", "itemid": "SKU-55", "itemtype": "InvtPart", "isserialitem": "F", "islotitem": "T", "isfulfillable": "T",
                     "custitem_sku": "S-1"}]),
            false,
        )
    })
    .await;
    let items = client(&server).items(&["55".to_owned()], "custitem_sku").await.unwrap();
    let item = &items[0];
    assert_eq!((item.serial, item.lot, item.bins, item.fulfillable), (false, true, false, Some(true)));
    assert_eq!((item.item_id.as_deref(), item.sku.as_deref()), (Some("SKU-55"), Some("S-1")));
    assert_eq!(server.seen().len(), 2);
    assert!(client(&server).items(&[], "itemId").await.unwrap().is_empty());
}

#[tokio::test]
async fn lots_that_expire_first_come_first() {
    let server = Server::start(|_| {
        rows(
            &json!([
                {"id": "10", "inventorynumber": "A", "quantityavailable": "2", "location": "6"},
                {"id": "11", "inventorynumber": "B", "quantityavailable": "3.5", "location": "6", "expirationdate": "2027-02-01"},
                {"id": "12", "inventorynumber": "C", "quantityavailable": "1", "location": "6", "expirationdate": "2027-01-01"}
            ]),
            false,
        )
    })
    .await;
    let lots = client(&server).inventory_numbers("55", Some("6")).await.unwrap();
    let order: Vec<&str> = lots.iter().map(|lot| lot.number.as_str()).collect();
    assert_eq!(order, ["C", "B", "A"]);
    assert!(server.only().query().contains("n.item = 55 AND l.location = 6"));
}

#[tokio::test]
async fn lists_of_names_are_read() {
    let server = Server::start(|_| rows(&json!([{"links": [], "id": "6", "name": "Ponsonby"}]), false)).await;
    let client = client(&server);
    let names = client.names_of("location").await.unwrap();
    assert_eq!((names[0].id.as_str(), names[0].label()), ("6", "Ponsonby"));
    assert_eq!(server.only().query(), "SELECT x.id, x.name FROM location x ORDER BY x.id");
    assert!(client.names_of("employee; DROP").await.is_err());
}

#[tokio::test]
async fn a_customer_is_read() {
    let server =
        Server::start(|_| ok(&json!({"id": "107", "entityId": "CUS-1", "isPerson": "T", "firstName": "Ada", "email": "a@example.com"})))
            .await;
    let customer = client(&server).customer(&id("107")).await.unwrap().unwrap();
    assert_eq!((customer.number.as_deref(), customer.is_person, customer.first_name.as_deref()), (Some("CUS-1"), Some(true), Some("Ada")));
}

#[tokio::test]
async fn the_servers_time_is_read_from_the_operation_or_from_the_answer() {
    let server = Server::start(|_| ok(&json!({"serverTime": "2026-11-23T01:00:05.000Z"}))).await;
    let at = client(&server).ping().await.unwrap().at.unwrap();
    assert_eq!(at, clock::after(super::server::clock().now(), Duration::from_secs(5)));
    assert_eq!(server.only().target, "/services/rest/system/v1/serverTime");
    let old = Server::start(|seen| {
        if seen.method == "GET" {
            refused(404, "NONEXISTENT_ID", "Record type 'serverTime' does not exist.")
        } else {
            rows(&json!([]), false)
        }
    })
    .await;
    assert!(client(&old).ping().await.unwrap().at.is_some(), "the Date header");
}

#[tokio::test]
async fn the_recorded_query_answer_is_read() {
    let server = Server::start(|_| recorded("Execute SuiteQL Query (FETCH FIRST syntax)")).await;
    assert_eq!(client(&server).names_of("location").await.unwrap().len(), 5);
}
