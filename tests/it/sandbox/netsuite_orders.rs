//! Sales orders in the record service.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tillbridge::sandbox::{Faults, Lock, NewSalesOrder, faults::CallFaults};

use super::calls::{World, dec};

#[tokio::test]
async fn sublists_are_links_unless_they_are_expanded() {
    let world = World::new().await;
    let order = world.order();
    let plain = world.get(&format!("/record/v1/salesOrder/{order}")).await;
    assert!(plain.body["item"]["items"].is_null() && plain.body["item"]["links"][0]["href"].as_str().unwrap().ends_with("/item"));
    let whole = world.get(&format!("/record/v1/salesOrder/{order}?expandSubResources=true")).await;
    assert_eq!(whole.body["item"]["totalResults"], 2);
    assert_eq!(whole.body["item"]["items"][0]["item"]["refName"], "SCARF-MERINO");
    assert_eq!(whole.body["orderStatus"], json!({ "id": "B", "refName": "Pending Fulfillment" }));
    assert_eq!(whole.body["customForm"]["refName"], "Standard Sales Order - Invoice");
    // 5 × 43.04 + 2 × 121.74 = 458.68, and 32.28 + 36.52 of tax, each line rounded by itself.
    assert_eq!((&whole.body["subtotal"], &whole.body["taxTotal"], &whole.body["total"]), (&json!(458.68), &json!(68.8), &json!(527.48)));
    assert!(whole.body["links"][0]["href"].as_str().unwrap().starts_with("https://1234567-sb1.suitetalk.api.netsuite.com/"));
}

#[tokio::test]
async fn the_item_sublist_can_be_read_as_a_list_and_line_by_line() {
    let world = World::new().await;
    let order = world.order();
    let first = world.lines(order)[0];
    let list = world.get(&format!("/record/v1/salesOrder/{order}/item")).await;
    assert_eq!((list.status, &list.body["count"]), (200, &json!(2)));
    assert!(list.header("content-type").contains("type=collection"));
    let line = world.get(&format!("/record/v1/salesOrder/{order}/item/{first}")).await;
    assert_eq!((&line.body["line"], &line.body["quantity"]), (&json!(first), &json!(5)));
    world.get(&format!("/record/v1/salesOrder/{order}/item/99")).await.refuses(404, "NONEXISTENT_ID", "");
}

#[tokio::test]
async fn a_transaction_of_another_type_is_a_400_and_other_records_a_404() {
    let world = World::new().await;
    let order = world.order();
    let wrong = "Transaction type specified is incorrect.";
    world.get(&format!("/record/v1/invoice/{order}")).await.refuses(400, "USER_ERROR", wrong);
    world.get("/record/v1/salesOrder/999999").await.refuses(400, "USER_ERROR", wrong);
    world.get("/record/v1/salesOrder/eid:nobody").await.refuses(404, "NONEXISTENT_ID", "record instance does not exist");
    world.get("/record/v1/customer/999999").await.refuses(404, "NONEXISTENT_ID", "");
    world.get("/record/v1/file").await.refuses(404, "NONEXISTENT_ID", "Record type 'file' does not exist.");
}

#[tokio::test]
async fn an_order_is_found_by_its_external_id_and_by_a_search_for_it() {
    let world = World::new().await;
    let new =
        NewSalesOrder { external_id: Some("shop-1".into()), ..NewSalesOrder::of("201", "Ponsonby", [("MUG-ENAMEL", dec("1"), dec("9"))]) };
    let order = world.sandbox.netsuite().create_sales_order(&new).unwrap().to_string();
    assert_eq!(world.get("/record/v1/salesOrder/eid:shop-1").await.body["id"], *order);
    assert_eq!(world.get("/record/v1/salesOrder?q=externalId%20IS%20%22shop-1%22").await.body["items"][0]["id"], *order);
}

#[tokio::test]
async fn an_unknown_field_is_refused_when_that_is_asked_for_and_else_ignored() {
    let world = World::new().await;
    let order = world.order();
    let path = format!("/record/v1/salesOrder/{order}");
    for (body, name) in [
        (json!({ "ordrStatus": { "id": "B" } }), "ordrStatus"),
        (json!({ "orderstatus": { "id": "B" } }), "orderstatus"),
        (json!({ "custbody_nobody_made": "x" }), "custbody_nobody_made"),
        (json!({ "item": { "items": [{ "line": 1, "isclosed": true }] } }), "isclosed"),
        (json!({ "total": 3 }), "total"),
    ] {
        world.patch(&path, &body).await.refuses(400, "INVALID_CONTENT", name);
    }
    let lenient = world.request(Method::PATCH, &path).await.json(&json!({ "ordrStatus": { "id": "A" }, "memo": "seen" }));
    assert_eq!(world.send(lenient).await.status, 204);
    assert_eq!(world.sandbox.netsuite().sales_order(order).unwrap().memo.as_deref(), Some("seen"));
    assert_eq!(world.status(order), 'B');
}

#[tokio::test]
async fn an_unknown_query_parameter_is_refused() {
    let world = World::new().await;
    let answer = world.post("/record/v1/invoice?init=salesOrder&id=5", &json!({})).await;
    answer.refuses(400, "INVALID_PARAMETER", "Invalid query parameter name 'id'");
}

#[tokio::test]
async fn custom_fields_and_the_memo_are_patched_and_the_modification_time_moves() {
    let world = World::new().await;
    let order = world.order();
    let before = world.sandbox.netsuite().sales_order(order).unwrap().modified;
    world.clock.advance(Duration::from_secs(5));
    let answer =
        world.patch(&format!("/record/v1/salesOrder/{order}"), &json!({ "custbody_tillbridge_sale_id": "abc", "memo": "m" })).await;
    assert_eq!(answer.made(), order);
    let shown = world.get(&format!("/record/v1/salesOrder/{order}")).await;
    assert_eq!((&shown.body["custbody_tillbridge_sale_id"], &shown.body["memo"]), (&json!("abc"), &json!("m")));
    assert!(world.sandbox.netsuite().sales_order(order).unwrap().modified > before);
}

#[tokio::test]
async fn only_a_and_b_can_be_written_as_the_status() {
    let world = World::new().await;
    let order = world.order();
    let path = format!("/record/v1/salesOrder/{order}");
    for letter in ["C", "G", "H", "Pending Approval"] {
        world.patch(&path, &json!({ "orderStatus": { "id": letter } })).await.refuses(400, "INVALID_CONTENT", "orderStatus");
    }
    assert_eq!(world.patch(&path, &json!({ "orderStatus": { "id": "A" } })).await.status, 204);
    assert_eq!(world.status(order), 'A');
    assert_eq!(world.patch(&path, &json!({ "orderStatus": "B" })).await.status, 204);
    assert_eq!(world.status(order), 'B');
}

#[tokio::test]
async fn an_edit_sends_an_approved_order_back_where_the_preference_says_so() {
    let world = World::with(|config| config.netsuite.preferences.reapprove_on_edit = true).await;
    let order = world.order();
    world.patch(&format!("/record/v1/salesOrder/{order}"), &json!({ "memo": "stamp" })).await.made();
    assert_eq!(world.status(order), 'A');
}

#[tokio::test]
async fn lines_are_edited_by_their_key_added_without_one_and_replaced_on_request() {
    let world = World::new().await;
    let order = world.order();
    let path = format!("/record/v1/salesOrder/{order}");
    let (first, mug) = (world.lines(order)[0], world.sandbox.netsuite().item("MUG-ENAMEL").unwrap().id.to_string());
    let body = json!({ "item": { "items": [{ "line": first, "quantity": 4 }, { "item": { "id": mug }, "quantity": 2, "price": { "id": "-1" }, "rate": 9.5 }] } });
    world.patch(&path, &body).await.made();
    let lines = world.sandbox.netsuite().sales_order(order).unwrap().lines;
    assert_eq!(lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [dec("4"), dec("2"), dec("2")]);
    assert_eq!((lines[0].amount, lines[2].amount), (dec("172.16"), dec("19.00")));
    world.patch(&path, &json!({ "item": { "items": [{ "line": 99, "quantity": 1 }] } })).await.refuses(400, "INVALID_CONTENT", "line");
    world.patch(&format!("{path}?replace=item"), &json!({ "item": { "items": [{ "line": first }] } })).await.made();
    assert_eq!(world.lines(order), [first]);
}

#[tokio::test]
async fn closing_every_line_closes_the_order() {
    let world = World::new().await;
    let order = world.order();
    let lines: Vec<_> = world.lines(order).iter().map(|line| json!({ "line": line, "isClosed": true })).collect();
    world.patch(&format!("/record/v1/salesOrder/{order}"), &json!({ "item": { "items": lines } })).await.made();
    assert_eq!(world.status(order), 'H');
}

#[tokio::test]
async fn line_keys_have_gaps() {
    let world = World::new().await;
    let kit = NewSalesOrder::of("201", "Ponsonby", [("KIT-WEEKEND", dec("1"), dec("9")), ("MUG-ENAMEL", dec("1"), dec("9"))]);
    let order = world.sandbox.netsuite().create_sales_order(&kit).unwrap();
    let lines = world.lines(order);
    assert_eq!(lines[1] - lines[0], 4, "the kit's three members take numbers");
}

#[tokio::test]
async fn an_order_is_created_and_its_external_id_is_taken() {
    let world = World::new().await;
    let scarf = world.sandbox.netsuite().item("SCARF-MERINO").unwrap().id.to_string();
    let body = json!({
        "externalId": "x-so-1", "entity": { "id": "201" }, "orderStatus": { "id": "B" }, "location": { "id": "1" },
        "item": { "items": [{ "item": { "id": scarf }, "quantity": 3, "price": { "id": "-1" }, "rate": 42.5 }] },
    });
    let order = world.post("/record/v1/salesOrder", &body).await.made();
    assert_eq!(world.sandbox.netsuite().total(order), Some(dec("146.63")));
    world.post("/record/v1/salesOrder", &body).await.refuses(400, "USER_ERROR", "already exists");
    let mut piped = body.clone();
    piped["externalId"] = json!("RED|1");
    world.post("/record/v1/salesOrder", &piped).await.refuses(400, "INVALID_CONTENT", "externalId");
    let again = world.request(Method::PUT, "/record/v1/salesOrder/eid:x-so-1").await.json(&json!({ "memo": "upserted" }));
    assert_eq!(world.send(again).await.made(), order);
    assert_eq!(world.sandbox.netsuite().counts()["sales_orders"], 1);
}

#[tokio::test]
async fn what_an_order_names_must_exist_and_be_in_use() {
    let world = World::new().await;
    let body = |entity: &str, item: &str| json!({ "entity": { "id": entity }, "item": { "items": [{ "item": { "id": item } }] } });
    world.post("/record/v1/salesOrder", &body("999", "101")).await.refuses(400, "INVALID_CONTENT", "Invalid Field Value 999");
    world.post("/record/v1/salesOrder", &body("201", "9999")).await.refuses(400, "INVALID_CONTENT", "following field: item");
    world.sandbox.netsuite().set_item_inactive("SCARF-MERINO", true).unwrap();
    let answer = world.post("/record/v1/salesOrder", &body("201", "101")).await;
    answer.refuses(400, "INVALID_CONTENT", "Invalid Field Value 101 for the following field: item");
    assert_eq!(answer.body["o:errorDetails"][0]["o:errorPath"], "item.items[0].item");
    assert_eq!(world.sandbox.netsuite().counts()["sales_orders"], 0);
}

#[tokio::test]
async fn a_locked_order_is_not_saved_and_a_changed_one_not_the_first_time() {
    let world = World::new().await;
    let order = world.order();
    let path = format!("/record/v1/salesOrder/{order}");
    world.sandbox.netsuite().lock_record(order, Some(Lock::Workflow)).unwrap();
    world.patch(&path, &json!({ "memo": "m" })).await.refuses(400, "USER_ERROR", "locked by a user defined workflow");
    world.sandbox.netsuite().lock_record(order, Some(Lock::Changed)).unwrap();
    world.patch(&path, &json!({ "memo": "m" })).await.refuses(400, "USER_ERROR", "RCRD_HAS_BEEN_CHANGED");
    world.patch(&path, &json!({ "memo": "m" })).await.made();
}

#[tokio::test]
async fn too_many_requests_at_once_are_blocked_by_a_429_or_a_400() {
    let world = World::with(|config| {
        config.netsuite.concurrency = 1;
        config.faults = Faults::default();
        config.faults.netsuite.read = CallFaults { slow: 1.0, slow_ms: (700, 700), ..CallFaults::default() };
    })
    .await;
    world.token().await;
    let all = futures_util::future::join_all((0..4).map(|_| world.get("/record/v1/customer/201"))).await;
    let mut statuses: Vec<u16> = all.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 429, 429]);
    for answer in all.iter().filter(|answer| answer.status != 200) {
        answer.refuses(answer.status, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded");
    }
    assert_eq!(world.get("/record/v1/customer/201").await.status, 200, "places are given back");
}

#[tokio::test]
async fn a_body_that_is_no_json_and_a_role_without_permission_are_told_apart() {
    let world = World::new().await;
    let order = world.order();
    let request = world.request(Method::PATCH, &format!("/record/v1/salesOrder/{order}")).await;
    let answer = world.send(request.header("content-type", "application/json").body("{")).await;
    answer.refuses(400, "INVALID_CONTENT", "Invalid content in the request body");
    world.get("/system/v1/governanceLimits").await.refuses(403, "INSUFFICIENT_PERMISSION", "");
    assert_eq!(world.get("/system/v1/serverTime").await.body["serverTime"], world.now().to_string());
}

#[tokio::test]
async fn numbers_that_were_set_aside_on_a_line_leave_with_its_fulfilment() {
    let world = World::new().await;
    let mut watch = super::netsuite_standalone::line(&world, "GPS-WATCH", "1", "521.74");
    watch["inventoryDetail"] = super::netsuite_standalone::serials(&world, "GPS-WATCH", 1);
    let number = watch["inventoryDetail"]["inventoryAssignment"]["items"][0]["issueInventoryNumber"]["id"].clone();
    let mut body = json!({ "entity": { "id": "201" }, "location": { "id": "1" }, "orderStatus": "B", "subsidiary": { "id": "2" },
                           "department": { "id": "2" }, "class": { "id": "1" }, "item": { "items": [watch] } });
    world.post("/record/v1/salesOrder", &body).await.refuses(400, "INVALID_CONTENT", "following field: subsidiary");
    body["subsidiary"] = json!({ "id": "1" });
    let order = world.post("/record/v1/salesOrder", &body).await.made();
    let shown = world.get(&format!("/record/v1/salesOrder/{order}?expandSubResources=true")).await.body;
    assert_eq!((&shown["department"]["refName"], &shown["item"]["items"][0]["class"]["refName"]), (&json!("Online"), &json!("Clothing")));
    world.transform(order, "itemFulfillment", &json!({ "shipStatus": "C" })).await.made();
    let left = world.sandbox.netsuite().fulfilments_of(order)[0].lines[0].assignments[0].0;
    assert_eq!(number, left.to_string());
}

#[tokio::test]
async fn an_order_of_tracked_kits_and_bins_is_fulfilled_by_people_as_any_other() {
    let world = World::new().await;
    for sku in ["KIT-SAFETY", "KIT-MEALS", "KIT-CLIMB", "ROPE-30M"] {
        let order = world.order_of(sku, "2");
        world.sandbox.netsuite().bill_fully(order).unwrap();
        assert_eq!(world.status(order), 'G', "{sku}");
    }
    assert_eq!(world.sandbox.netsuite().bins()[0].holds.values().next(), Some(&dec("49996")));
}
