//! Products, customers, fulfilments, serial numbers and webhook subscriptions.

use reqwest::Method;
use serde_json::{Value, json};

use super::calls::{World, dec};

#[tokio::test]
async fn both_sides_have_the_same_skus_places_and_people() {
    let world = World::new().await;
    let products = world.xs_get("/products?page_size=500").await;
    let skus: Vec<&str> = products.body["data"].as_array().unwrap().iter().filter_map(|product| product["sku"].as_str()).collect();
    // What only NetSuite has is numbered from 151: what money on no line is booked on, and the subsidiary overseas.
    for row in world.rows("SELECT itemid FROM item WHERE id < 150").await {
        assert!(skus.contains(&row["itemid"].as_str().unwrap()), "{row}");
    }
    for row in world.rows("SELECT name FROM location WHERE subsidiary = 1").await {
        assert!(world.sandbox.x_series().outlets().iter().any(|outlet| row["name"] == *outlet.name));
    }
    for row in world.rows("SELECT email FROM customer WHERE subsidiary = 1").await {
        assert!(world.sandbox.x_series().customers().iter().any(|customer| row["email"] == *customer.email));
    }
}

#[tokio::test]
async fn every_list_of_reference_data_is_there() {
    let world = World::new().await;
    for (kind, count) in [("outlets", 2), ("registers", 4), ("users", 3), ("payment_types", 7), ("taxes", 2), ("customers", 7)] {
        let answer = world.xs_get(&format!("/{kind}")).await;
        let data = answer.body["data"].as_array().unwrap_or_else(|| panic!("{kind}: {answer:?}"));
        assert_eq!(data.len(), count, "{kind}");
        assert!(answer.body["version"]["max"].is_i64());
        let one = world.xs_get(&format!("/{kind}/{}", data[0]["id"].as_str().unwrap())).await;
        assert_eq!(one.body["data"]["id"], data[0]["id"]);
    }
    assert_eq!(world.xs_get("/taxes").await.body["data"][1]["rates"][0]["rate"], json!(0.15));
    let names: Vec<String> = world.sandbox.x_series().payment_types().into_iter().map(|kind| kind.name).collect();
    for name in ["Cash", "Card", "Gift Card", "On Account", "NetSuite"] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}

#[tokio::test]
async fn a_product_is_found_by_its_sku_and_by_search_in_lower_case_only() {
    let world = World::new().await;
    let one = world.xs_get("/products?sku=MUG-ENAMEL").await;
    assert_eq!((one.body["data"].as_array().unwrap().len(), &one.body["data"][0]["price_excluding_tax"]), (1, &json!(13.04)));
    assert_eq!(world.xs_get("/search?type=products&sku=mug-enamel").await.body["data"].as_array().unwrap().len(), 1);
    assert_eq!(world.xs_get("/search?type=products&sku=MUG-ENAMEL").await.body["data"], json!([]));
    assert_eq!(world.xs_get("/search?type=customers&email=mei.chen@example.com").await.body["data"][0]["customer_code"], "MEI-C203");
    world.xs_get("/search").await.denies(400, "type is required");
}

#[tokio::test]
async fn a_customer_is_made_once_with_both_names() {
    let world = World::new().await;
    let body = json!({ "first_name": "Ana", "last_name": "Ruiz", "customer_code": "NS-9", "email": "ana@example.com" });
    let made = world.xs_post("/customers", &body).await;
    assert_eq!((made.status, &made.body["data"]["customer_code"]), (201, &json!("NS-9")));
    world.xs_post("/customers", &body).await.denies(422, "NS-9 is in use");
    world.xs_post("/customers", &json!({ "first_name": "Ana" })).await.denies(422, "last_name is required");
    world
        .xs_post("/customers", &json!({ "first_name": "A", "last_name": "B", "colour": "red" }))
        .await
        .denies(422, "colour: there is no such field");
}

async fn only(world: &World, path: &str) -> Value {
    let answer = world.xs_get(path).await;
    let data = answer.body["data"].as_array().unwrap_or_else(|| panic!("{answer:?}"));
    assert_eq!(data.len(), 1, "{answer:?}");
    data[0].clone()
}

#[tokio::test]
async fn a_pickup_is_handed_over_in_parts_and_the_last_part_closes_the_sale() {
    let world = World::new().await;
    let sale = world.sell("pending", &["pickup"]).await;
    let path = format!("/fulfillments?sale_id={sale}");
    let open = only(&world, &path).await;
    assert_eq!((&open["state"], &open["type"], &open["line_items"][0]["quantity"]), (&json!("OPEN"), &json!("PICKUP"), &json!("2.00")));
    let line = &open["line_items"][0]["sale_line_item_id"];
    let step =
        |version: &Value, quantity: i64| json!({ "version": version, "line_items": [{ "sale_line_item_id": line, "quantity": quantity }] });
    let url = format!("/fulfillments/{}/fulfill", open["id"].as_str().unwrap());
    world.xs_post(&url, &step(&json!(99), 1)).await.denies(409, "The version is");
    world.xs_post(&url, &step(&open["version"], 3)).await.denies(422, "more than what is left");
    assert_eq!(world.xs_post(&url, &step(&open["version"], 1)).await.status, 200);
    let part = only(&world, &path).await;
    assert_eq!((&part["state"], &part["line_items"][0]["fulfilled_quantity"]), (&json!("STARTED"), &json!("1.00")));
    assert_eq!(world.sandbox.x_series().sale(sale).unwrap().status(), "AWAITING_PICKUP");
    assert_eq!(world.xs_post(&url, &step(&part["version"], 1)).await.status, 200);
    assert_eq!(world.sandbox.x_series().sale(sale).unwrap().status(), "PICKED_UP_CLOSED");
    assert_eq!(only(&world, &format!("{path}&fulfillment_state=FULFILLED")).await["sale_id"], json!(sale));
}

#[tokio::test]
async fn a_whole_sale_is_fulfilled_once_or_twice_alike() {
    let world = World::new().await;
    let sale = world.sell("pending", &["delivery"]).await;
    assert_eq!(world.xs_post("/fulfillments/fulfill", &json!({ "sale_id": sale })).await.status, 200);
    let version = world.sandbox.x_series().sale(sale).unwrap().version;
    assert_eq!(world.xs_post("/fulfillments/fulfill", &json!({ "sale_id": sale })).await.status, 200);
    let after = world.sandbox.x_series().sale(sale).unwrap();
    assert_eq!((after.status(), after.version), ("DISPATCHED_CLOSED", version));
    let parked = world.sell("parked", &[]).await;
    world.xs_post("/fulfillments/fulfill", &json!({ "sale_id": parked })).await.denies(409, "The sale is parked");
}

#[tokio::test]
async fn what_was_handed_over_is_not_taken_out_of_the_sale() {
    let world = World::new().await;
    let id = world.sell("pending", &["pickup"]).await;
    let line = world.sandbox.x_series().sale(id).unwrap().lines[0].id;
    world.sandbox.x_series().hand_over(id, line, dec("1")).unwrap();
    let mut body = world.sale("pending", &["pickup"]);
    body.as_object_mut().unwrap().remove("id");
    world.xs_put(&format!("/sales/{id}"), &body).await.denies(409, "handed over");
}

#[tokio::test]
async fn serial_numbers_are_read_by_sale_and_line() {
    let world = World::new().await;
    let id = world.sell("closed", &[]).await;
    let line = world.sandbox.x_series().sale(id).unwrap().lines[0].id;
    world.sandbox.x_series().set_serial_numbers(id, line, &["SN-1", "SN-2"]).unwrap();
    let answer = world.xs_get(&format!("/serialnumbers?sale_id={id}&line_item_id={line}")).await;
    let codes: Vec<_> = answer.body["data"].as_array().unwrap().iter().map(|row| row["code"].clone()).collect();
    assert_eq!(codes, [json!("SN-1"), json!("SN-2")]);
}

#[tokio::test]
async fn a_subscription_is_made_once_and_can_be_changed_and_removed() {
    let world = World::new().await;
    let body = json!({ "active": true, "type": "sale.update", "url": "https://sync.example.com/hook" });
    let made = world.xs_post("/webhooks", &body).await;
    assert_eq!((made.status, &made.body["data"]["type"]), (201, &json!("sale.update")));
    world.xs_post("/webhooks", &body).await.denies(409, "already exists");
    world.xs_post("/webhooks", &json!({ "type": "sale.update", "url": "https://x.example.com" })).await.denies(422, "required");
    world
        .xs_post("/webhooks", &json!({ "active": true, "type": "sale.create", "url": "https://x.example.com" }))
        .await
        .denies(422, "not valid");
    let path = format!("/webhooks/{}", made.body["data"]["id"].as_str().unwrap());
    let mut off = body.clone();
    off["active"] = json!(false);
    assert_eq!(world.xs_put(&path, &off).await.body["data"]["active"], false);
    assert_eq!(world.xs_get("/webhooks").await.body["data"].as_array().unwrap().len(), 1);
    assert_eq!(world.send(world.xs(Method::DELETE, &path)).await.status, 200);
    world.xs_get(&path).await.denies(404, "Webhook not found");
}
