//! Making, changing and reading sales.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tillbridge::sandbox::SaleState;
use tillbridge::sandbox::config::Chaos;
use uuid::Uuid;

use super::calls::{World, dec};

fn schema_accepts(name: &str, value: &Value) {
    let schema: Value = serde_json::from_str(include_str!("../../../src/sandbox/contracts/x-series-2026-07-sales.schema.json")).unwrap();
    let wrapped = json!({ "$defs": schema["$defs"], "$ref": format!("#/$defs/{name}") });
    let validator = jsonschema::validator_for(&wrapped).unwrap();
    let wrong: Vec<String> = validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?} in {value:#}");
}

#[tokio::test]
async fn a_sale_is_answered_in_the_vendors_shape() {
    let world = World::new().await;
    let body = world.sale("pending", &["pickup"]);
    schema_accepts("SaleRequest", &body);
    let answer = world.xs_post("/sales", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    schema_accepts("SaleResponse", &answer.body);
    let sale = &answer.body["data"];
    assert_eq!((&sale["id"], &sale["source"]["id"], &sale["source"]["type"]), (&body["id"], &json!("SO1001"), &json!("NETSUITE")));
    assert_eq!((&sale["invoice_number"], &sale["receipt_number"]), (&json!("P1-1001"), &json!("P1-1001")));
    // 2 × 43.04 and 2 × 6.456; lines have five decimals, totals two.
    assert_eq!(sale["totals"], json!({ "price": 86.08, "tax": 12.91, "price_incl_tax": 98.99, "loyalty": 0, "surcharge": 0 }));
    assert_eq!(sale["line_items"][0]["tax"]["total"], json!(12.912));
    assert_eq!(sale["line_items"][0]["_metadata"]["tax_components"][0]["total_tax"], json!(12.91), "the rest sits in the components");
    let list = world.xs_get("/sales?after=0").await;
    schema_accepts("SaleCollection", &list.body);
}

#[tokio::test]
async fn one_id_makes_one_sale() {
    let world = World::new().await;
    let body = world.sale("parked", &[]);
    assert_eq!(world.xs_post("/sales", &body).await.status, 200);
    world.xs_post("/sales", &body).await.denies(409, "already exists");
    assert_eq!(world.sandbox.x_series().sales().len(), 1);
}

#[tokio::test]
async fn a_body_that_does_not_fit_the_schema_is_refused_with_every_reason() {
    let world = World::new().await;
    let mut body = world.sale("parked", &[]);
    body["status"] = json!("SAVED");
    body["fulfilment_outlet_id"] = json!(Uuid::new_v4());
    body["line_items"][0]["quantity"] = json!("2");
    let answer = world.xs_post("/sales", &body).await;
    for text in ["/status: there is no such field", "/fulfilment_outlet_id: there is no such field", "is not of type"] {
        answer.denies(422, text);
    }
    let request = world.xs(Method::POST, "/sales").body("{").header("content-type", "application/json");
    world.send(request).await.denies(400, "not JSON");
    assert!(world.sandbox.x_series().sales().is_empty());
}

#[tokio::test]
async fn everything_a_sale_names_must_exist() {
    let world = World::new().await;
    let nobody = json!(Uuid::new_v4());
    for (pointer, text) in [
        ("/source/author_id", "there is no user"),
        ("/source/register_id", "there is no register"),
        ("/line_items/0/product/id", "there is no product"),
        ("/line_items/0/tax/id", "there is no tax"),
        ("/payments/0/type/config_id", "there is no payment type"),
    ] {
        let mut body = world.sale("closed", &[]);
        *body.pointer_mut(pointer).unwrap() = nobody.clone();
        world.xs_post("/sales", &body).await.denies(422, text);
    }
    for (field, text) in [("customer_id", "there is no such customer"), ("fulfillment_outlet_id", "there is no such outlet")] {
        let mut body = world.sale("closed", &[]);
        body[field] = nobody.clone();
        world.xs_post("/sales", &body).await.denies(422, text);
    }
    world.sandbox.x_series().delete_product("SCARF-MERINO").unwrap();
    world.xs_post("/sales", &world.sale("closed", &[])).await.denies(422, "there is no product");
}

#[tokio::test]
async fn a_tax_free_line_carries_no_tax_and_a_taxed_one_its_group() {
    let world = World::new().await;
    let no_tax = world.sandbox.x_series().taxes().into_iter().find(|tax| tax.name == "No Tax").unwrap().id;
    let mut body = world.sale("parked", &[]);
    body["line_items"][0]["tax"]["amount"] = json!(0);
    world.xs_post("/sales", &body).await.denies(422, "is not a tax of GST");
    body["line_items"][0]["tax"] = json!({ "id": no_tax, "amount": 6.456 });
    world.xs_post("/sales", &body).await.denies(422, "is not a tax of No Tax");
    body["line_items"][0]["tax"]["amount"] = json!(0);
    assert_eq!(world.xs_post("/sales", &body).await.status, 200);
}

#[tokio::test]
async fn paid_states_are_paid_to_the_cent() {
    let world = World::new().await;
    for (state, attributes) in [("closed", &[][..]), ("pending", &["pickup"][..]), ("pending", &["delivery"][..])] {
        for payments in [json!([]), json!([{ "amount": 98.98, "type": world.sale(state, attributes)["payments"][0]["type"] }])] {
            let mut body = world.sale(state, attributes);
            body["payments"] = payments;
            world.xs_post("/sales", &body).await.denies(422, "the sale to 98.99");
        }
        world.sell(state, attributes).await;
    }
    let mut parked = world.sale("parked", &[]);
    parked["payments"] = json!([]);
    assert_eq!(world.xs_post("/sales", &parked).await.status, 200);
    let mut layby = world.sale("pending", &["layby", "pickup"]);
    layby["payments"][0]["amount"] = json!(20);
    assert_eq!(world.xs_post("/sales", &layby).await.status, 200);
}

#[tokio::test]
async fn an_unpaid_pickup_is_taken_where_that_is_turned_on() {
    let world = World::with(|config| config.x_series.unpaid_hand_over = true).await;
    let mut body = world.sale("pending", &["pickup"]);
    body["payments"] = json!([]);
    assert_eq!(world.xs_post("/sales", &body).await.status, 200);
}

#[tokio::test]
async fn attributes_that_exclude_each_other_or_are_unknown_are_refused() {
    let world = World::new().await;
    world.xs_post("/sales", &world.sale("pending", &["pickup", "delivery"])).await.denies(422, "exclude each other");
    world.xs_post("/sales", &world.sale("pending", &["onaccount", "layby"])).await.denies(422, "exclude each other");
    world.xs_post("/sales", &world.sale("pending", &["picked-up"])).await.denies(422, "is not known");
    world.sell("pending", &["onaccount", "delivery"]).await;
}

#[tokio::test]
async fn a_closed_register_takes_no_payments() {
    let world = World::new().await;
    world.sandbox.x_series().set_register_open("Ponsonby 1", false).unwrap();
    world.xs_post("/sales", &world.sale("closed", &[])).await.denies(422, "Ponsonby 1 is closed");
    let mut parked = world.sale("parked", &[]);
    parked["payments"] = json!([]);
    assert_eq!(world.xs_post("/sales", &parked).await.status, 200);
}

#[tokio::test]
async fn a_dispatch_needs_an_address() {
    let world = World::new().await;
    let mut body = world.sale("pending", &["delivery"]);
    body["fulfillment_details"] = json!([{ "type": "DISPATCH", "note": "leave at the door" }]);
    world.xs_post("/sales", &body).await.denies(422, "needs a shipping address");
    body["fulfillment_details"][0]["shipping_address_token"] = json!("token");
    assert_eq!(world.xs_post("/sales", &body).await.status, 200);
}

/// The body that writes a sale again as it is, for a `PUT`.
fn again(mut body: Value) -> (String, Value) {
    let id = body.as_object_mut().unwrap().remove("id").unwrap();
    (format!("/sales/{}", id.as_str().unwrap()), body)
}

#[tokio::test]
async fn an_update_is_the_whole_sale_and_what_it_leaves_out_is_gone() {
    let world = World::new().await;
    let mut body = world.sale("parked", &[]);
    body["note"] = json!("first");
    let first = world.xs_post("/sales", &body).await.body["data"].clone();
    let (path, mut body) = again(body);
    body.as_object_mut().unwrap().remove("note");
    body["payments"] = json!([]);
    body["line_items"][0]["id"] = first["line_items"][0]["id"].clone();
    body["line_items"][0]["quantity"] = json!(1);
    let second = world.xs_put(&path, &body).await;
    assert_eq!(second.status, 200, "{second:?}");
    let second = &second.body["data"];
    assert_eq!((&second["note"], &second["payments"], &second["line_items"][0]["quantity"]), (&json!(""), &json!([]), &json!(1)));
    assert_eq!((&second["line_items"][0]["id"], &second["invoice_number"]), (&first["line_items"][0]["id"], &first["invoice_number"]));
    assert!(second["_metadata"]["version"].as_i64() > first["_metadata"]["version"].as_i64());
    world.xs_put(&format!("/sales/{}", Uuid::new_v4()), &body).await.denies(404, "Sale not found");
}

#[tokio::test]
async fn a_closed_sale_is_only_voided_and_a_voided_one_never_changes() {
    let world = World::new().await;
    let body = world.sale("closed", &[]);
    world.xs_post("/sales", &body).await;
    let (path, mut body) = again(body);
    for state in ["closed", "parked", "pending"] {
        body["state"] = json!(state);
        world.xs_put(&path, &body).await.denies(409, "A closed sale cannot become");
    }
    body["state"] = json!("voided");
    assert_eq!(world.xs_put(&path, &body).await.body["data"]["state"], "voided");
    for state in ["voided", "closed"] {
        body["state"] = json!(state);
        world.xs_put(&path, &body).await.denies(409, "A voided sale cannot become");
    }
}

#[tokio::test]
async fn a_pending_sale_is_not_parked_again() {
    let world = World::new().await;
    let body = world.sale("pending", &["pickup"]);
    world.xs_post("/sales", &body).await;
    let (path, mut body) = again(body);
    body["state"] = json!("parked");
    world.xs_put(&path, &body).await.denies(409, "A pending sale cannot become parked");
    body["state"] = json!("closed");
    assert_eq!(world.xs_put(&path, &body).await.body["data"]["attributes"], json!(["pickup"]));
}

#[tokio::test]
async fn the_first_date_version_answers_an_update_with_nothing() {
    let world = World::new().await;
    let body = world.sale("parked", &[]);
    world.xs_post("/sales", &body).await;
    let (path, body) = again(body);
    let url = format!("{}/api/2026-01{path}", world.sandbox.x_series_url());
    assert_eq!(world.send(world.http.put(url).bearer_auth("sandbox-personal-token").json(&body)).await.status, 204);
}

#[tokio::test]
async fn the_feed_is_by_version_and_ends_with_nothing() {
    let world = World::new().await;
    let ids = [world.sell("parked", &[]).await, world.sell("parked", &[]).await, world.sell("parked", &[]).await];
    world.sandbox.x_series().complete(ids[0], "Card").unwrap();
    let first = world.xs_get("/sales?page_size=2&date_from=2030-01-01").await;
    let seen: Vec<_> = first.body["data"].as_array().unwrap().iter().map(|sale| sale["id"].clone()).collect();
    assert_eq!(seen, [json!(ids[1]), json!(ids[2])], "filters by date are not known, and so do nothing");
    let after = first.body["version"]["max"].as_i64().unwrap();
    let second = world.xs_get(&format!("/sales?after={after}")).await;
    assert_eq!((second.body["data"].as_array().unwrap().len(), &second.body["data"][0]["id"]), (1, &json!(ids[0])));
    let end = second.body["version"]["max"].as_i64().unwrap();
    let empty = world.xs_get(&format!("/sales?after={end}")).await;
    assert_eq!(empty.body, json!({ "data": [], "version": { "min": null, "max": null } }));
}

#[tokio::test]
async fn one_sale_is_read_by_its_id() {
    let world = World::new().await;
    let id = world.sell("closed", &[]).await;
    assert_eq!(world.xs_get(&format!("/sales/{id}")).await.body["data"]["state"], "closed");
    world.xs_get(&format!("/sales/{}", Uuid::new_v4())).await.denies(404, "Sale not found");
    world.xs_get("/sales/no-id").await.denies(404, "Sale not found");
}

#[tokio::test]
async fn api_2_0_reads_the_flat_shape_and_writes_nothing() {
    let world = World::new().await;
    let id = world.sell("pending", &["pickup"]).await;
    let url = format!("{}/api/2.0/sales", world.sandbox.x_series_url());
    let answer = world.send(world.http.get(format!("{url}/{id}")).bearer_auth("sandbox-personal-token")).await;
    let sale = &answer.body["data"];
    assert_eq!(
        (&sale["status"], &sale["source_id"], &sale["line_items"][0]["price_total"]),
        (&json!("AWAITING_PICKUP"), &json!("SO1001"), &json!(86.08))
    );
    assert!(sale["version"].is_i64() && sale["payments"][0]["retailer_payment_type_id"].is_string());
    let body = world.sale("parked", &[]);
    world.send(world.http.post(&url).bearer_auth("sandbox-personal-token").json(&body)).await.denies(405, "not allowed");
}

#[tokio::test]
async fn chaos_writes_numbers_as_texts_and_sales_flat() {
    let world = World::new().await;
    let chaos = Chaos { numbers_as_strings: true, flat_sales: true, mixed_dates: true };
    world.sandbox.x_series().set_chaos(chaos);
    for _ in 0..6 {
        world.sell("closed", &[]).await;
    }
    let list = world.xs_get("/sales").await;
    let totals: Vec<_> = list.body["data"].as_array().unwrap().iter().map(|sale| sale["total_price"].clone()).collect();
    assert!(totals.contains(&json!("86.08")) && totals.contains(&json!(86.08)), "{totals:?}");
}

#[tokio::test]
async fn a_card_number_in_a_note_is_struck_out() {
    let world = World::new().await;
    let mut body = world.sale("parked", &[]);
    body["note"] = json!("NetSuite SO1043, card 4111111111111111");
    assert_eq!(world.xs_post("/sales", &body).await.body["data"]["note"], "NetSuite SO1043, card [REDACTED]");
}

#[tokio::test]
async fn adjustments_stand_outside_the_lines_and_count() {
    let world = World::new().await;
    let mut body = world.sale("closed", &[]);
    body["pricing"] = json!({ "adjustments": [
        { "type": "DISCOUNT", "name": "Friend", "amount": { "type": "FIXED", "value": "5" } },
        { "type": "TIP", "amount": { "type": "PERCENT", "value": "10" } },
    ] });
    world.xs_post("/sales", &body).await.denies(422, "the sale to 102.60");
    body["payments"][0]["amount"] = json!(102.6);
    let answer = world.xs_post("/sales", &body).await;
    assert_eq!(answer.body["data"]["adjustments"][0]["total"], json!(-5));
}

#[tokio::test]
async fn a_cashier_completes_a_parked_sale_by_having_it_paid() {
    let world = World::new().await;
    let mut body = world.sale("parked", &[]);
    body["payments"] = json!([]);
    world.xs_post("/sales", &body).await;
    let id = body["id"].as_str().unwrap().parse().unwrap();
    world.sandbox.x_series().complete(id, "Cash").unwrap();
    let sale = world.sandbox.x_series().sale(id).unwrap();
    assert_eq!((sale.state, sale.paid(), sale.status()), (SaleState::Closed, dec("98.99"), "CLOSED"));
    assert!(world.sandbox.x_series().complete(id, "Cash").is_err());
}

#[tokio::test]
async fn a_handed_over_pickup_keeps_its_attribute() {
    let world = World::new().await;
    let id = world.sell("pending", &["pickup"]).await;
    world.sandbox.x_series().complete(id, "Card").unwrap();
    let sale = world.sandbox.x_series().sale(id).unwrap();
    assert_eq!((sale.status(), sale.payments.len(), sale.lines[0].fulfilled), ("PICKED_UP_CLOSED", 1, dec("2")));
}

#[tokio::test]
async fn the_search_lags_behind_and_filters_by_date() {
    let world = World::new().await;
    let early = world.sell("closed", &[]).await;
    assert_eq!(world.xs_get("/search?type=sales&invoice_number=P1-1001").await.body["data"], json!([]), "not yet in the index");
    world.clock.advance(Duration::from_mins(1));
    let late = world.sell("pending", &["pickup"]).await;
    world.clock.advance(Duration::from_secs(1));
    let found = async |query: &str| {
        let answer = world.xs_get(&format!("/search?type=sales&{query}")).await;
        answer.body["data"].as_array().unwrap_or_else(|| panic!("{answer:?}")).iter().map(|sale| sale["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(found("date_from=2026-11-23T01:03:00Z").await, [json!(late)]);
    assert_eq!(found("date_to=2026-11-23T01:03:00Z&page_size=1").await, [json!(early)]);
    assert_eq!(found("order_direction=desc").await, [json!(late), json!(early)]);
    assert_eq!(found("attributes=pickup&state=pending").await, [json!(late)]);
    world.xs_get("/search?type=sales&source_id=SO1001").await.denies(400, "source_id is no filter");
}
