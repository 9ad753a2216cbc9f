use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::*;
use crate::domain::failure::FailureClass;
use crate::domain::ids::SaleId;
use crate::domain::requests::CustomerRequest;
use crate::domain::verdict::Reason;
use crate::xseries::rehearsal::{SALE, net, sale_request, sender, settings_for, start, world, world_of};

#[tokio::test]
async fn a_sale_is_asked_for_under_the_date_version_and_read() {
    let world = world().await;
    world.script.raw(200, &[], include_str!("../../tests/fixtures/x-series/v2.0_sale_get.json"));
    let sale = world.client.sale(&SALE.into()).await.unwrap().unwrap();
    assert_eq!(sale.version, Some(413));
    let got = &world.script.got()[0];
    assert_eq!((&got.method, got.path.as_str()), (&Method::GET, format!("/api/2026-07/sales/{SALE}").as_str()));
    assert_eq!(got.token, "Bearer personal");
}

#[tokio::test]
async fn a_sale_that_is_not_there_is_none_in_every_form() {
    let world = world().await;
    world.script.then(404, &json!({"error": "Not found"}));
    for body in [json!({"data": null}), json!({"data": {}}), json!({"register_sales": []}), json!({"data": []})] {
        world.script.then(200, &body);
    }
    world.script.raw(204, &[], "");
    for _ in 0..6 {
        assert_eq!(world.client.sale(&SALE.into()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn another_sale_than_the_one_asked_for_is_an_unknown_answer() {
    let world = world().await;
    world.script.then(200, &json!({"data": {"id": "another", "state": "closed", "line_items": []}}));
    let error = world.client.sale(&SALE.into()).await.unwrap_err();
    assert_eq!(error.class(false), FailureClass::Refused(Reason::UnknownAnswer));
}

#[tokio::test]
async fn a_created_sale_is_believed_in_every_form_of_answer() {
    let world = world().await;
    world.script.then(200, &json!({"data": {"id": SALE, "state": "parked"}}));
    world.script.then(201, &json!({ "data": SALE }));
    world.script.raw(201, &[], &format!("\"{SALE}\""));
    world.script.raw(204, &[], "");
    for _ in 0..4 {
        world.client.create_sale(&sale_request()).await.unwrap();
    }
    let got = world.script.got();
    assert_eq!((&got[0].method, got[0].path.as_str()), (&Method::POST, "/api/2026-07/sales"));
    let body: Value = serde_json::from_str(&got[0].body).unwrap();
    assert_eq!(body["id"], SALE);
    world.script.raw(204, &[], "");
    world.client.update_sale(&sale_request()).await.unwrap();
    let got = world.script.got().pop().unwrap();
    assert_eq!((&got.method, got.path), (&Method::PUT, format!("/api/2026-07/sales/{SALE}")));
}

#[tokio::test]
async fn every_failure_is_classified() {
    let refused = |reason| FailureClass::Refused(reason);
    for (status, body, class) in [
        (400, r#"{"error":"Invalid"}"#, refused(Reason::Refused)),
        (401, r#"{"error":"Access token is not valid"}"#, refused(Reason::Credentials)),
        (403, "{}", refused(Reason::Permission)),
        (404, r#"{"error":"service not found"}"#, refused(Reason::Refused)),
        (409, r#"{"error":"exists"}"#, FailureClass::Duplicate),
        (422, r#"{"errors":{"global":["No register"]}}"#, refused(Reason::Refused)),
        (200, r#"{"status":"error","error":"Invalid","details":"x"}"#, refused(Reason::Refused)),
        (500, "", FailureClass::InDoubt),
        (503, "<html>busy</html>", FailureClass::InDoubt),
        (200, "<html>login</html>", FailureClass::InDoubt),
    ] {
        // A new client for each, as the gate closes after some of them.
        let world = world().await;
        world.script.raw(status, &[], body);
        let error = world.client.create_sale(&sale_request()).await.unwrap_err();
        assert_eq!(error.class(true), class, "{status} {body}");
        assert_eq!(error.status(), Some(status));
    }
    let world = world().await;
    world.script.then(422, &json!({"errors": {"global": ["No register"]}}));
    let said = world.client.create_sale(&sale_request()).await.unwrap_err().to_string();
    assert_eq!(said, "X-Series answered 422 when asked to create the sale: No register");
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_points_at_the_prefix() {
    let world = world().await;
    world.script.raw(302, &[("location", "https://secure.retail.lightspeed.app/signin?token=x")], "");
    let error = world.client.sale(&SALE.into()).await.unwrap_err();
    assert_eq!(error.class(true), FailureClass::Refused(Reason::Refused));
    let said = error.to_string();
    assert!(said.contains("secure.retail.lightspeed.app") && said.contains("domain_prefix") && !said.contains("token"), "{said}");
    assert_eq!(world.script.got().len(), 1);
}

#[tokio::test]
async fn too_many_requests_wait_as_long_as_they_are_told() {
    for (headers, body, wait) in [
        (vec![("retry-after", "Mon, 23 Nov 2026 00:02:00 GMT")], "{}", 120),
        (vec![("retry-after", "7")], "{}", 7),
        (vec![("retry-after", "Sun, 22 Nov 2026 00:00:00 GMT")], "{}", 0),
        (vec![], r#"{"error":"Too Many Requests","retry-after":"Mon, 23 Nov 2026 00:00:09 GMT"}"#, 9),
        (vec![("retry-after", "soon")], r#"{"error":"Too Many Requests","message":"Rate limiting enforced"}"#, 30),
    ] {
        let world = world().await;
        world.script.raw(429, &headers, body);
        let error = world.client.create_sale(&sale_request()).await.unwrap_err();
        let until = clock::after(start(), Duration::from_secs(wait));
        assert_eq!(error.class(true), FailureClass::Throttled { until }, "{headers:?} {body}");
    }
}

#[tokio::test]
async fn no_connection_had_no_effect_and_a_cut_one_may_have_had() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = settings_for(Some(format!("http://{address}")), 1, false);
    let client = || Client::new(&"acme-nz".into(), &settings, &net(), None, &sender(), Clock::manual(start())).unwrap();
    let mut server = JoinSet::new();
    server.spawn(async move {
        // Reads the request and hangs up; then answers half of what it promised; then is silent.
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _ = socket.read(&mut buffer).await.unwrap();
        drop(socket);
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut buffer).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"data\":").await.unwrap();
        drop(socket);
        let (socket, _) = listener.accept().await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(socket);
    });
    for _ in 0..3 {
        let error = client().create_sale(&sale_request()).await.unwrap_err();
        assert_eq!(error.class(true), FailureClass::InDoubt, "{error:?}");
        assert_eq!(error.class(false), FailureClass::Transient { retry_after: None });
    }
    server.shutdown().await;
    let error = client().create_sale(&sale_request()).await.unwrap_err();
    assert_eq!(error.class(true), FailureClass::Transient { retry_after: None }, "{error:?}");
}

#[tokio::test]
async fn the_feed_is_read_page_by_page() {
    let world = world().await;
    world.script.raw(200, &[], include_str!("../../tests/fixtures/x-series/v2.0_sales_list.json"));
    world.script.then(200, &json!({"data": [], "version": {"min": null, "max": null}}));
    let page = world.client.sales_after(400, 200).await.unwrap();
    assert_eq!((page.sales.len(), page.max), (2, Some(29316)));
    let page = world.client.sales_after(29316, 200).await.unwrap();
    assert_eq!((page.sales.len(), page.max), (0, None));
    assert_eq!(world.script.got()[1].query, "after=29316&page_size=200");
}

#[tokio::test]
async fn the_feed_can_begin_at_a_time() {
    let world = world().await;
    let sale = |id: &str, version: i64| json!({"id": id, "state": "closed", "_metadata": {"version": version}});
    world.script.then(200, &json!({"data": [sale("laid by and paid since", 900), sale("b", 71), sale("c", 72)]}));
    world.script.then(200, &json!({"data": []}));
    assert_eq!(world.client.version_since(start()).await.unwrap(), Some(71));
    assert_eq!(world.client.version_since(start()).await.unwrap(), None);
    let query = &world.script.got()[0].query;
    assert!(query.starts_with("type=sales&date_from=2026-11-16T00%3A00%3A00Z&"), "{query}");
}

#[tokio::test]
async fn a_list_goes_on_over_short_pages_until_an_empty_one() {
    let world = world_of(0, false).await;
    world.script.then(200, &json!({"data": [{"id": "r1", "outlet_id": "o", "name": "One"}], "version": {"min": 1, "max": 5}}));
    world.script.then(
        200,
        &json!({"data": [{"id": "r2", "outlet_id": "o"}, {"id": "gone", "deleted_at": "2026-01-01T00:00:00Z"}],
        "version": {"min": 6, "max": 9}}),
    );
    world.script.then(200, &json!({"data": [], "version": {"min": null, "max": null}}));
    assert_eq!(world.client.read_budget().await.unwrap(), Some(650));
    let queries: Vec<_> = world.script.got().into_iter().map(|got| got.query).collect();
    assert_eq!(queries, ["page_size=500", "page_size=500&after=5", "page_size=500&after=9"]);
}

#[tokio::test]
async fn a_server_that_does_not_page_is_not_asked_for_ever() {
    let world = world().await;
    for _ in 0..2 {
        world.script.raw(200, &[], include_str!("../../tests/fixtures/x-series/v2.0_taxes.json"));
    }
    assert_eq!(world.client.taxes().await.unwrap().len(), 3);
    assert_eq!(world.script.got().len(), 2);
}

#[tokio::test]
async fn a_product_is_found_by_its_exact_sku() {
    let world = world().await;
    world.script.then(
        200,
        &json!({"data": [{"id": "p1", "sku": "ab-1", "name": "A"}, {"id": "p2", "sku": "AB-12", "name": "B"},
        {"id": "p3", "sku": "AB-1", "name": "off", "active": false}, {"id": "p4", "sku": "AB-1", "deleted_at": "2026-01-01"}]}),
    );
    let found = world.client.products_by_sku("AB-1").await.unwrap();
    assert_eq!(found.iter().map(|product| product.id.as_str()).collect::<Vec<_>>(), ["p1"]);
    assert_eq!(world.script.got()[0].query, "sku=AB-1");
}

#[tokio::test]
async fn a_list_that_ignores_the_sku_is_left_for_the_search_index() {
    let world = world().await;
    world.script.raw(200, &[], include_str!("../../tests/fixtures/x-series/v2.0_products.json"));
    world.script.then(200, &json!({"data": [{"id": "p9", "sku": "Ab&9"}]}));
    let found = world.client.products_by_sku("AB&9").await.unwrap();
    assert_eq!(found[0].id, "p9");
    let got = world.script.got();
    assert_eq!((got.len(), got[1].path.as_str(), got[1].query.as_str()), (2, "/api/2026-07/search", "type=products&sku=ab%269"));
}

#[tokio::test]
async fn customers_are_found_by_exact_email_or_code_and_made() {
    let world = world().await;
    let rows = json!({"data": [{"id": "c1", "email": "Tony@Stark.com", "customer_code": "A"}, {"id": "c2", "email": "x-tony@stark.com", "customer_code": "AB"}]});
    world.script.then(200, &rows);
    world.script.then(200, &rows);
    world.script.then(201, &json!({"data": {"id": "NEW"}}));
    assert_eq!(world.client.customers_by_email("tony@stark.com").await.unwrap()[0].id, "c1");
    assert_eq!(world.client.customers_by_code("ab").await.unwrap()[0].id, "c2");
    let request = CustomerRequest {
        first_name: "T".to_owned(),
        last_name: "S".to_owned(),
        company_name: None,
        email: None,
        phone: None,
        customer_code: "A".to_owned(),
    };
    assert_eq!(world.client.create_customer(&request).await.unwrap(), "new");
    assert_eq!(world.script.got()[0].query, "type=customers&email=tony%40stark.com");
    world.script.then(201, &json!({}));
    assert_eq!(world.client.create_customer(&request).await.unwrap_err().class(true), FailureClass::InDoubt);
}

#[tokio::test]
async fn a_customer_of_a_sale_is_read_by_id_and_one_that_is_gone_is_none() {
    let world = world().await;
    let row = json!({"id": "C1", "customer_code": "GULL-1", "first_name": null, "last_name": "", "company_name": "Gull & Co",
        "email": "accounts@gull.example.com", "mobile": "021 555 0101", "deleted_at": "2026-01-01T00:00:00Z"});
    world.script.then(200, &json!({ "data": row }));
    let found = world.client.customer("c1").await.unwrap().unwrap();
    assert_eq!((found.name.as_deref(), found.company_name.as_deref()), (Some("Gull & Co"), Some("Gull & Co")));
    assert_eq!((found.first_name, found.phone.as_deref()), (None, Some("021 555 0101")), "a deleted one is still a sale's");
    world.script.then(404, &json!({"error": "Not found"}));
    assert_eq!(world.client.customer("c2").await.unwrap(), None);
    let paths: Vec<_> = world.script.got().into_iter().map(|got| got.path).collect();
    assert_eq!(paths, ["/api/2026-07/customers/c1", "/api/2026-07/customers/c2"]);
}

#[tokio::test]
async fn the_retailer_tells_its_discount_product_and_outlets_their_time_zones() {
    let world = world().await;
    let retailer =
        json!({"id": "R", "currency": {"code": "AUD"}, "timezone": "Australia/Sydney", "discount_product_id": "D", "no_tax_group_id": "N"});
    world.script.then(200, &json!({ "data": retailer }));
    let read = world.client.retailer().await.unwrap();
    assert_eq!((read.currency.as_deref(), read.time_zone.as_deref()), (Some("AUD"), Some("Australia/Sydney")));
    assert_eq!((read.discount_product_id.as_deref(), read.no_tax_group_id.as_deref()), (Some("d"), Some("n")));
    for _ in 0..2 {
        world.script.raw(200, &[], include_str!("../../tests/fixtures/x-series/v2.0_outlets.json"));
    }
    let outlets = world.client.outlets().await.unwrap();
    assert_eq!(outlets.iter().filter(|outlet| outlet.time_zone.is_some()).count(), 3);
    world.script.then(200, &json!({"data": [{"id": "P", "name": "Gift Card", "type_id": 118}]}));
    world.script.then(200, &json!({"data": []}));
    assert_eq!(world.client.payment_types().await.unwrap()[0].type_id.as_deref(), Some("118"));
}

#[tokio::test]
async fn serial_numbers_and_fulfilments_of_other_sales_are_left_out() {
    let world = world().await;
    let sale = SaleId::from(SALE);
    world.script.then(
        200,
        &json!({"data": [
        {"id": "1", "code": "SN1", "sale_id": SALE, "line_item_id": "l"}, {"id": "2", "code": "SN2", "sale_id": "other"},
        {"id": "3", "code": "SN3", "sale_id": null, "line_item_id": null}]}),
    );
    let codes: Vec<_> = world.client.serial_numbers(&sale).await.unwrap().into_iter().map(|number| number.code).collect();
    assert_eq!(codes, ["SN1"]);
    let line = json!([{"sale_line_item_id": "l", "quantity": "2.00", "fulfilled_quantity": "1.00"}]);
    let page = json!({"data": [{"id": "1", "sale_id": SALE, "type": "PICKUP", "state": "STARTED", "line_items": line},
        {"id": "2", "sale_id": "other", "type": "PICKUP", "state": "OPEN", "line_items": line}]});
    world.script.then(200, &page);
    world.script.then(200, &page);
    let found = world.client.fulfillments(&sale).await.unwrap();
    assert_eq!((found.len(), found[0].state.as_str()), (1, "STARTED"));
    assert!(world.client.fulfillments(&sale).await.unwrap().is_empty(), "a plan without them has none");
}

#[tokio::test]
async fn a_subscription_that_is_there_already_is_as_good() {
    let world = world().await;
    world.script.then(409, &json!({"error": "exists"}));
    world.client.create_webhook("sale.update", "https://sync.example.com/hook").await.unwrap();
    let body: Value = serde_json::from_str(&world.script.got()[0].body).unwrap();
    assert_eq!(body, json!({"active": true, "type": "sale.update", "url": "https://sync.example.com/hook"}));
    world.script.then(200, &json!({"data": [{"id": "W", "type": "sale.update", "url": "u", "active": 0}]}));
    assert!(!world.client.webhooks().await.unwrap()[0].active);
    world.script.then(200, &json!({"data": {}}));
    world.client.update_webhook("W", "sale.update", "u", true).await.unwrap();
    assert_eq!(world.script.got().pop().unwrap().path, "/api/2026-07/webhooks/W");
}

#[test]
fn settings_that_cannot_be_used_are_named() {
    let client = |base: Option<&str>, oauth| {
        let settings = settings_for(base.map(str::to_owned), 1, oauth);
        Client::new(&"acme-nz".into(), &settings, &net(), None, &sender(), Clock::manual(start()))
    };
    assert!(client(None, false).is_ok());
    assert!(client(Some("acme"), false).unwrap_err().to_string().contains("acme"));
    assert!(client(Some("ftp://acme"), false).is_err());
    assert!(client(None, true).unwrap_err().to_string().contains("oauth2"));
    assert!(client(None, false).unwrap().authorize_url("12345678", "https://sync.example.com").is_err());
}

#[test]
fn the_gate_hears_what_every_answer_says_about_the_budget() {
    let client = Client::new(&"acme-nz".into(), &settings_for(None, 4, false), &net(), None, &sender(), Clock::manual(start())).unwrap();
    let signal = |status, headers: &[(&'static str, &'static str)]| {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        client.signal(&Answer { status, headers, body: Bytes::new() })
    };
    let budget = [("X-RateLimit-Limit", "1250"), ("X-RateLimit-Remaining", "7")];
    assert_eq!(signal(200, &budget), Signal::Answered { limit: Some(1250), remaining: Some(7) });
    assert_eq!(signal(404, &[]), Signal::Answered { limit: None, remaining: None });
    assert_eq!(signal(429, &[("retry-after", "9")]), Signal::TooMany { retry_after: Some(Duration::from_secs(9)) });
    assert_eq!(signal(429, &[]), Signal::TooMany { retry_after: Some(THROTTLED) });
    assert_eq!(signal(502, &budget), Signal::Broken);
    assert_eq!(super::budget(4), 1250);
}
