//! `!transform/itemFulfillment`.

use jiff::civil::date;
use reqwest::Method;
use serde_json::{Value, json};
use tillbridge::sandbox::{ItemKind, NewItem, NewSalesOrder};

use super::calls::{World, dec};

#[tokio::test]
async fn a_full_shipment_makes_the_order_pending_billing() {
    let world = World::new().await;
    let order = world.order();
    let lines = world.lines(order);
    let id = world.ship(order, &[(lines[0], 5), (lines[1], 2)]).await.made();
    assert_eq!(world.status(order), 'F');
    let shown = world.get(&format!("/record/v1/itemFulfillment/{id}?expandSubResources=true")).await;
    assert_eq!(shown.body["createdFrom"]["id"], order.to_string());
    assert_eq!(shown.body["item"]["items"][0]["orderLine"], lines[0]);
    assert_eq!(world.sandbox.netsuite().stock("SCARF-MERINO", "Ponsonby"), Some(dec("99995")));
}

#[tokio::test]
async fn the_order_walks_through_its_letters_as_parts_ship_and_are_billed() {
    let world = World::new().await;
    let order = world.order();
    let lines = world.lines(order);
    assert_eq!(world.status(order), 'B');
    world.ship(order, &[(lines[0], 3)]).await.made();
    assert_eq!(world.status(order), 'E');
    world.transform(order, "invoice", &json!({})).await.made();
    assert_eq!(world.status(order), 'D');
    world.ship(order, &[(lines[0], 2), (lines[1], 2)]).await.made();
    assert_eq!(world.status(order), 'F');
    world.transform(order, "invoice", &json!({})).await.made();
    assert_eq!(world.status(order), 'G');
    let read = world.get(&format!("/record/v1/salesOrder/{order}?expandSubResources=true")).await;
    let first = &read.body["item"]["items"][0];
    assert_eq!((&first["quantityFulfilled"], &first["quantityBilled"]), (&json!(5), &json!(5)));
}

#[tokio::test]
async fn an_empty_body_ships_everything_and_lines_left_out_ship_too() {
    let world = World::new().await;
    let order = world.order();
    world.transform(order, "itemFulfillment", &json!({ "shipStatus": { "id": "C" } })).await.made();
    assert_eq!(world.status(order), 'F');
    let order = world.order();
    let first = world.lines(order)[0];
    let body =
        json!({ "shipStatus": { "id": "C" }, "item": { "items": [{ "orderLine": first, "quantity": 1, "location": world.ponsonby() }] } });
    world.transform(order, "itemFulfillment", &body).await.made();
    let lines = world.sandbox.netsuite().sales_order(order).unwrap().lines;
    assert_eq!((lines[0].fulfilled, lines[1].fulfilled), (dec("1"), dec("2")));
}

#[tokio::test]
async fn lines_left_out_stay_where_the_preference_says_so() {
    let world = World::with(|config| config.netsuite.preferences.default_unfulfilled = true).await;
    let order = world.order();
    let first = world.lines(order)[0];
    let body =
        json!({ "shipStatus": { "id": "C" }, "item": { "items": [{ "orderLine": first, "quantity": 5, "location": world.ponsonby() }] } });
    world.transform(order, "itemFulfillment", &body).await.made();
    assert_eq!(world.status(order), 'E');
}

#[tokio::test]
async fn the_wrong_status_is_an_invalid_reference() {
    let world = World::new().await;
    let people = world.sandbox.netsuite();
    let pending = people.create_sales_order(&NewSalesOrder {
        pending_approval: true,
        ..NewSalesOrder::of("201", "Ponsonby", [("MUG-ENAMEL", dec("1"), dec("9"))])
    });
    let (cancelled, closed, billed) = (world.order(), world.order(), world.order());
    people.cancel(cancelled).unwrap();
    people.close(closed).unwrap();
    people.bill_fully(billed).unwrap();
    let letters: Vec<char> = [pending.as_ref().copied().unwrap(), cancelled, closed, billed].map(|order| world.status(order)).to_vec();
    assert_eq!(letters, ['A', 'C', 'H', 'G']);
    for order in [pending.unwrap(), cancelled, closed, billed, 999_999] {
        let text = format!("You can not initialize itemfulfillment: invalid reference {order}.");
        world.transform(order, "itemFulfillment", &json!({})).await.refuses(400, "USER_ERROR", &text);
    }
}

#[tokio::test]
async fn nothing_to_ship_needs_a_valid_line() {
    let world = World::new().await;
    let order = world.order();
    let text = "You must have at least one valid line item for this transaction.";
    world.ship(order, &[]).await.refuses(400, "USER_ERROR", text);
    assert!(world.sandbox.netsuite().fulfilments_of(order).is_empty());
}

#[tokio::test]
async fn an_unknown_or_finished_line_and_too_many_are_refused() {
    let world = World::new().await;
    let order = world.order();
    let lines = world.lines(order);
    let row =
        |line: i64, quantity: i64| json!({ "item": { "items": [{ "orderLine": line, "quantity": quantity, "location": { "id": "1" } }] } });
    world.transform(order, "itemFulfillment", &row(99, 1)).await.refuses(400, "INVALID_CONTENT", "orderLine");
    world.transform(order, "itemFulfillment", &row(lines[0], 6)).await.refuses(400, "INVALID_CONTENT", "more than the quantity remaining");
    world.ship(order, &[(lines[0], 5)]).await.made();
    world.transform(order, "itemFulfillment", &row(lines[0], 1)).await.refuses(400, "INVALID_CONTENT", "orderLine");
}

#[tokio::test]
async fn a_line_that_ships_names_its_location() {
    let world = World::new().await;
    let order = world.order();
    let body = json!({ "inventoryLocation": { "id": "1" }, "item": { "items": [{ "orderLine": world.lines(order)[0], "quantity": 1 }] } });
    world.transform(order, "itemFulfillment", &body).await.refuses(400, "USER_ERROR", "Items list: Location");
    let nowhere = NewSalesOrder { location: None, ..NewSalesOrder::of("201", "", [("MUG-ENAMEL", dec("1"), dec("9"))]) };
    let nowhere = world.sandbox.netsuite().create_sales_order(&nowhere).unwrap();
    world.transform(nowhere, "itemFulfillment", &json!({})).await.refuses(400, "USER_ERROR", "Items list: Location");
    let body = json!({ "item": { "items": [{ "orderLine": world.lines(order)[0], "quantity": 1, "location": 77 }] } });
    world.transform(order, "itemFulfillment", &body).await.refuses(400, "INVALID_CONTENT", "location");
}

#[tokio::test]
async fn only_a_shipped_fulfilment_moves_the_order_and_it_can_be_shipped_later() {
    let world = World::new().await;
    let order = world.order();
    let id = world.transform(order, "itemFulfillment", &json!({})).await.made();
    assert_eq!((world.status(order), world.sandbox.netsuite().fulfilments_of(order)[0].ship_status), ('B', 'A'));
    // What is picked is not there to be picked again.
    world.transform(order, "itemFulfillment", &json!({})).await.refuses(400, "USER_ERROR", "at least one valid line");
    world.patch(&format!("/record/v1/itemFulfillment/{id}"), &json!({ "shipStatus": { "id": "C" } })).await.made();
    assert_eq!(world.status(order), 'F');
}

#[tokio::test]
async fn the_ship_status_is_unknown_where_the_feature_is_off() {
    let world = World::with(|config| config.netsuite.preferences.pick_pack_ship = false).await;
    let order = world.order();
    world.transform(order, "itemFulfillment", &json!({ "shipStatus": { "id": "C" } })).await.refuses(400, "INVALID_CONTENT", "shipStatus");
    world.transform(order, "itemFulfillment", &json!({})).await.made();
    assert_eq!(world.status(order), 'F');
}

#[tokio::test]
async fn without_advanced_shipping_the_fulfilment_bills_as_well() {
    let world = World::with(|config| config.netsuite.preferences.advanced_shipping = false).await;
    let order = world.order();
    world.transform(order, "itemFulfillment", &json!({ "shipStatus": { "id": "C" } })).await.made();
    assert_eq!((world.status(order), world.sandbox.netsuite().invoices_of(order).len()), ('G', 1));
    world.transform(order, "invoice", &json!({})).await.refuses(400, "USER_ERROR", "You can not initialize invoice: invalid reference");
}

#[tokio::test]
async fn an_external_id_is_good_for_one_fulfilment_and_finds_it() {
    let world = World::new().await;
    let (one, other) = (world.order(), world.order());
    let body = json!({ "externalId": "x-if-1", "shipStatus": { "id": "C" } });
    let id = world.transform(one, "itemFulfillment", &body).await.made();
    world.transform(other, "itemFulfillment", &body).await.refuses(400, "USER_ERROR", "already exists");
    assert_eq!(world.get("/record/v1/itemFulfillment/eid:x-if-1").await.body["id"], id.to_string());
    // A second try of the first is told by the order's status, before its key is looked at.
    world.transform(one, "itemFulfillment", &body).await.refuses(400, "USER_ERROR", "invalid reference");
}

#[tokio::test]
async fn a_closed_period_takes_no_posting() {
    let world = World::new().await;
    let order = world.order();
    world.sandbox.netsuite().set_period_closed(date(2026, 10, 1), true);
    let body = json!({ "tranDate": "2026-10-31", "shipStatus": { "id": "C" } });
    world.transform(order, "itemFulfillment", &body).await.refuses(400, "USER_ERROR", "CLOSED_TRAN_PRD");
    world.transform(order, "itemFulfillment", &json!({ "tranDate": "2026-11-01" })).await.made();
}

#[tokio::test]
async fn a_preview_shows_what_would_be_and_saves_nothing() {
    let world = World::new().await;
    let order = world.order();
    let path = format!("/record/v1/salesOrder/{order}/!transform/itemFulfillment?expandSubResources=true&fields=item");
    let request = world.request(Method::POST, &path).await.header("accept", "application/vnd.oracle.resource+json; type=create-form");
    let answer = world.send(request.json(&json!({}))).await;
    assert!(answer.status == 200 && answer.header("content-type").contains("type=create-form"), "{answer:?}");
    let rows = answer.body["item"]["items"].as_array().unwrap();
    assert_eq!(rows.iter().map(|row| &row["quantityRemaining"]).collect::<Vec<_>>(), [&json!(5), &json!(2)]);
    assert!(world.sandbox.netsuite().fulfilments_of(order).is_empty());
}

/// A row for a tracked line with the first numbers of the item at Ponsonby.
fn tracked(world: &World, order: u64, sku: &str, each: &[i64], stated: i64) -> Value {
    let at = world.ponsonby();
    let numbers = world.sandbox.netsuite().inventory_numbers(sku);
    let here = numbers.iter().filter(|number| number.at.contains_key(&at));
    let rows: Vec<_> = here
        .zip(each)
        .map(|(number, quantity)| json!({ "issueInventoryNumber": { "id": number.id.to_string() }, "quantity": quantity }))
        .collect();
    let detail = json!({ "quantity": stated, "inventoryAssignment": { "items": rows } });
    json!({ "shipStatus": { "id": "C" }, "item": { "items": [
        { "orderLine": world.lines(order)[0], "quantity": stated, "location": at, "inventoryDetail": detail }] } })
}

#[tokio::test]
async fn serial_numbers_are_given_one_by_one() {
    let world = World::new().await;
    let order = world.order_of("GPS-WATCH", "2");
    let bare = json!({ "item": { "items": [{ "orderLine": world.lines(order)[0], "quantity": 2, "location": 1 }] } });
    let asked = "Please configure the inventory detail in line 1";
    world.transform(order, "itemFulfillment", &bare).await.refuses(400, "USER_ERROR", asked);
    world.transform(order, "itemFulfillment", &tracked(&world, order, "GPS-WATCH", &[2], 2)).await.refuses(
        400,
        "USER_ERROR",
        "NUM_ITEMS_GRTR_THAN_QTY",
    );
    let good = tracked(&world, order, "GPS-WATCH", &[1, 1], 2);
    world.transform(order, "itemFulfillment", &good).await.made();
    let again = world.order_of("GPS-WATCH", "2");
    let used = tracked(&world, again, "GPS-WATCH", &[1, 1], 2);
    world.transform(again, "itemFulfillment", &used).await.refuses(400, "USER_ERROR", "not available");
}

#[tokio::test]
async fn an_inventory_detail_that_does_not_add_up_is_dropped_without_a_word() {
    let world = World::new().await;
    let order = world.order_of("MEAL-LAMB", "5");
    let asked = "Please configure the inventory detail";
    for each in [&[2, 2][..], &[5, 1][..]] {
        world.transform(order, "itemFulfillment", &tracked(&world, order, "MEAL-LAMB", each, 5)).await.refuses(400, "USER_ERROR", asked);
    }
    let mut unstated = tracked(&world, order, "MEAL-LAMB", &[5], 5);
    unstated["item"]["items"][0]["inventoryDetail"].as_object_mut().unwrap().remove("quantity");
    world.transform(order, "itemFulfillment", &unstated).await.refuses(400, "USER_ERROR", asked);
    world.transform(order, "itemFulfillment", &tracked(&world, order, "MEAL-LAMB", &[2, 3], 5)).await.made();
}

#[tokio::test]
async fn an_assignment_by_name_and_a_number_of_another_item_are_refused() {
    let world = World::new().await;
    let order = world.order_of("GPS-WATCH", "1");
    let mut by_name = tracked(&world, order, "GPS-WATCH", &[1], 1);
    by_name["item"]["items"][0]["inventoryDetail"]["inventoryAssignment"]["items"][0]["issueInventoryNumber"] = json!("GPS-WATCH-1-0001");
    world.transform(order, "itemFulfillment", &by_name).await.refuses(400, "INVALID_CONTENT", "static");
    let foreign = tracked(&world, order, "BEACON-PLB", &[1], 1);
    world.transform(order, "itemFulfillment", &foreign).await.refuses(400, "INVALID_CONTENT", "issueInventoryNumber");
}

#[tokio::test]
async fn a_kit_ships_by_its_parent_and_takes_its_members_numbers_on_their_lines() {
    let world = World::new().await;
    let kit = NewItem {
        sku: "KIT-RESCUE".into(),
        name: "Rescue kit".into(),
        kind: ItemKind::Kit,
        price: dec("500"),
        taxable: true,
        members: vec![("BEACON-PLB".into(), dec("1")), ("LAMP-HEAD".into(), dec("2"))],
        stock: dec("0"),
    };
    world.sandbox.netsuite().add_item(&kit).unwrap();
    let order = world.order_of("KIT-RESCUE", "1");
    let line = world.lines(order)[0];
    let at = world.ponsonby();
    let bare = json!({ "shipStatus": { "id": "C" }, "item": { "items": [{ "orderLine": line, "quantity": 1, "location": at }] } });
    world.transform(order, "itemFulfillment", &bare).await.refuses(400, "USER_ERROR", "inventory detail in line 2");
    let number = world.sandbox.netsuite().inventory_numbers("BEACON-PLB").into_iter().find(|number| number.at.contains_key(&at)).unwrap();
    let mut body = bare.clone();
    let detail =
        json!({ "quantity": 1, "inventoryAssignment": { "items": [{ "issueInventoryNumber": { "id": number.id }, "quantity": 1 }] } });
    body["item"]["items"].as_array_mut().unwrap().push(json!({ "orderLine": line + 1, "inventoryDetail": detail }));
    world.transform(order, "itemFulfillment", &body).await.made();
    let lines = world.sandbox.netsuite().fulfilments_of(order).remove(0).lines;
    assert_eq!(lines.iter().map(|line| line.kit_member_of.is_some()).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!((lines[2].quantity, world.status(order)), (dec("2"), 'F'));
}

#[tokio::test]
async fn plain_stock_may_go_below_nothing_unless_only_what_is_committed_ships() {
    let world = World::new().await;
    world.sandbox.netsuite().set_stock("MUG-ENAMEL", "Ponsonby", dec("1")).unwrap();
    let order = world.order_of("MUG-ENAMEL", "3");
    let line = world.lines(order)[0];
    world.ship(order, &[(line, 3)]).await.made();
    assert_eq!(world.sandbox.netsuite().stock("MUG-ENAMEL", "Ponsonby"), Some(dec("-2")));
    world.sandbox.netsuite().set_preferences(|preferences| preferences.limit_to_committed = true);
    let order = world.order_of("MUG-ENAMEL", "3");
    world.transform(order, "itemFulfillment", &json!({})).await.refuses(400, "USER_ERROR", "at least one valid line");
}

#[tokio::test]
async fn services_are_billed_without_being_shipped() {
    let world = World::new().await;
    let order = world.order_of("BOOT-FIT", "1");
    assert_eq!(world.status(order), 'F');
    world.transform(order, "invoice", &json!({})).await.made();
    assert_eq!(world.status(order), 'G');
}
