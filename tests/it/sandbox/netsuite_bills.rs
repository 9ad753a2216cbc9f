//! `!transform/invoice`, `!transform/cashSale` and customer payments.

use jiff::civil::date;
use reqwest::Method;
use serde_json::json;
use tillbridge::sandbox::{Form, NewSalesOrder};

use super::calls::{World, dec};

fn cash_order(world: &World) -> u64 {
    let new = NewSalesOrder { form: Form::CashSale, ..NewSalesOrder::of("201", "Ponsonby", [("MUG-ENAMEL", dec("4"), dec("13.04"))]) };
    world.sandbox.netsuite().create_sales_order(&new).unwrap()
}

/// An order that has shipped whole.
async fn shipped(world: &World) -> u64 {
    let order = world.order();
    world.transform(order, "itemFulfillment", &json!({ "shipStatus": { "id": "C" } })).await.made();
    order
}

#[tokio::test]
async fn an_empty_body_bills_what_has_shipped() {
    let world = World::new().await;
    let order = world.order();
    let first = world.lines(order)[0];
    world.ship(order, &[(first, 3)]).await.made();
    let invoice = world.transform(order, "invoice", &json!({ "externalId": "x-inv-1" })).await.made();
    let shown = world.get("/record/v1/invoice/eid:x-inv-1?expandSubResources=true").await;
    assert_eq!(shown.body["id"], invoice.to_string());
    let lines = shown.body["item"]["items"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[0]["orderLine"], &lines[0]["quantity"]), (1, &json!(first), &json!(3)));
    // 3 × 43.04 = 129.12 and 19.37 of tax.
    assert_eq!(
        (&shown.body["total"], &shown.body["taxTotal"], &shown.body["amountRemaining"]),
        (&json!(148.49), &json!(19.37), &json!(148.49))
    );
    assert_eq!(shown.body["createdFrom"]["id"], order.to_string());
}

#[tokio::test]
async fn a_part_is_billed_by_line_and_quantity_and_zero_skips() {
    let world = World::new().await;
    let order = shipped(&world).await;
    let lines = world.lines(order);
    let body = json!({ "item": { "items": [{ "orderLine": lines[0], "quantity": 2 }, { "orderLine": lines[1], "quantity": 0 }] } });
    world.transform(order, "invoice", &body).await.made();
    let read = world.sandbox.netsuite().sales_order(order).unwrap().lines;
    assert_eq!((read[0].billed, read[1].billed, world.status(order)), (dec("2"), dec("0"), 'F'));
    let rest = world.transform(order, "invoice", &json!({})).await.made();
    assert_eq!((world.sandbox.netsuite().bill_total(rest).unwrap().0, world.status(order)), (dec("428.49"), 'G'));
}

#[tokio::test]
async fn more_than_has_shipped_is_not_billed() {
    let world = World::new().await;
    let order = world.order();
    let lines = world.lines(order);
    world.ship(order, &[(lines[0], 3)]).await.made();
    let body = |line: i64, quantity: i64| json!({ "item": { "items": [{ "orderLine": line, "quantity": quantity }] } });
    world.transform(order, "invoice", &body(lines[0], 4)).await.refuses(400, "INVALID_CONTENT", "more than the quantity fulfilled");
    world.transform(order, "invoice", &body(lines[1], 1)).await.refuses(400, "INVALID_CONTENT", "more than the quantity fulfilled");
    world.transform(order, "invoice", &body(99, 1)).await.refuses(400, "INVALID_CONTENT", "orderLine");
    let nothing = json!({ "item": { "items": [{ "orderLine": lines[0], "quantity": 0 }] } });
    world.transform(order, "invoice", &nothing).await.refuses(400, "USER_ERROR", "at least one valid line item");
}

#[tokio::test]
async fn what_has_not_shipped_or_is_billed_already_is_an_invalid_reference() {
    let world = World::new().await;
    let order = world.order();
    let text = format!("You can not initialize invoice: invalid reference {order}.");
    world.transform(order, "invoice", &json!({})).await.refuses(400, "USER_ERROR", &text);
    world.sandbox.netsuite().bill_fully(order).unwrap();
    world.transform(order, "invoice", &json!({})).await.refuses(400, "USER_ERROR", &text);
    assert_eq!(world.sandbox.netsuite().invoices_of(order).len(), 1);
}

#[tokio::test]
async fn invoicing_in_advance_is_a_preference() {
    let world = World::with(|config| config.netsuite.preferences.invoice_in_advance = true).await;
    let order = world.order();
    world.transform(order, "invoice", &json!({})).await.made();
    assert_eq!(world.status(order), 'B');
    world.transform(order, "itemFulfillment", &json!({ "shipStatus": { "id": "C" } })).await.made();
    assert_eq!(world.status(order), 'G');
}

#[tokio::test]
async fn the_form_says_whether_it_is_an_invoice_or_a_cash_sale() {
    let world = World::new().await;
    let (invoice, cash) = (shipped(&world).await, cash_order(&world));
    world.transform(cash, "itemFulfillment", &json!({ "shipStatus": { "id": "C" } })).await.made();
    world.transform(invoice, "cashSale", &json!({})).await.refuses(400, "USER_ERROR", "can not initialize cashsale: invalid reference");
    world.transform(cash, "invoice", &json!({})).await.refuses(400, "USER_ERROR", "can not initialize invoice: invalid reference");
    let id = world.transform(cash, "cashSale", &json!({ "paymentMethod": { "id": "2" }, "undepFunds": true })).await.made();
    let shown = world.get(&format!("/record/v1/cashSale/{id}")).await;
    assert_eq!((&shown.body["paymentMethod"]["refName"], &shown.body["total"]), (&json!("Card"), &json!(59.98)));
    assert_eq!(world.status(cash), 'G');
    let unknown = json!({ "paymentMethod": { "id": "77" } });
    let cash = cash_order(&world);
    world.sandbox.netsuite().fulfil_fully(cash).unwrap();
    world.transform(cash, "cashSale", &unknown).await.refuses(400, "INVALID_CONTENT", "paymentMethod");
}

#[tokio::test]
async fn an_external_id_is_good_for_one_bill_of_its_type() {
    let world = World::new().await;
    let (one, other, cash) = (shipped(&world).await, shipped(&world).await, cash_order(&world));
    world.transform(one, "invoice", &json!({ "externalId": "x-1" })).await.made();
    world.transform(other, "invoice", &json!({ "externalId": "x-1" })).await.refuses(400, "USER_ERROR", "already exists");
    world.sandbox.netsuite().fulfil_fully(cash).unwrap();
    world.transform(cash, "cashSale", &json!({ "externalId": "x-1" })).await.made();
}

#[tokio::test]
async fn a_bill_does_not_post_to_a_closed_period_and_knows_its_fields() {
    let world = World::new().await;
    let order = shipped(&world).await;
    world.sandbox.netsuite().set_period_closed(date(2026, 11, 1), true);
    world.transform(order, "invoice", &json!({})).await.refuses(400, "USER_ERROR", "closed period");
    world.transform(order, "invoice", &json!({ "shipStatus": "C" })).await.refuses(400, "INVALID_CONTENT", "shipStatus");
    world.sandbox.netsuite().set_period_closed(date(2026, 11, 1), false);
    world.transform(order, "invoice", &json!({})).await.made();
}

#[tokio::test]
async fn a_preview_of_a_bill_saves_nothing() {
    let world = World::new().await;
    let order = shipped(&world).await;
    let request = world.request(Method::POST, &format!("/record/v1/salesOrder/{order}/!transform/invoice")).await;
    let request = request.header("accept", "application/vnd.oracle.resource+json; type=create-form");
    let answer = world.send(request.json(&json!({}))).await;
    assert_eq!((answer.status, &answer.body["total"]), (200, &json!(527.48)));
    assert!(world.sandbox.netsuite().bills_of(order).is_empty());
}

#[tokio::test]
async fn a_line_is_added_to_a_bill_by_a_patch() {
    let world = World::new().await;
    let order = shipped(&world).await;
    let invoice = world.transform(order, "invoice", &json!({})).await.made();
    let book = world.sandbox.netsuite().item("BOOK-TRAILS").unwrap().id.to_string();
    let line = json!({ "item": { "id": book }, "quantity": 1, "rate": 0.01, "price": { "id": "-1" } });
    world.patch(&format!("/record/v1/invoice/{invoice}"), &json!({ "item": { "items": [line] } })).await.made();
    assert_eq!(world.sandbox.netsuite().bill_total(invoice), Some((dec("527.49"), dec("527.49"))));
    assert_eq!(world.status(order), 'G');
}

#[tokio::test]
async fn a_payment_is_applied_to_its_invoice_and_pays_it() {
    let world = World::new().await;
    let order = shipped(&world).await;
    let invoice = world.transform(order, "invoice", &json!({})).await.made();
    let body = |amount: f64, external: &str| {
        json!({ "externalId": external, "customer": { "id": "201" }, "payment": amount, "paymentMethod": { "id": "2" }, "undepFunds": true,
                "apply": { "items": [{ "doc": { "id": invoice.to_string() }, "apply": true, "amount": amount }] } })
    };
    world.post("/record/v1/customerPayment", &body(600.0, "p-0")).await.refuses(400, "USER_ERROR", "more than the amount remaining");
    let payment = world.post("/record/v1/customerPayment", &body(500.0, "p-1")).await.made();
    world.post("/record/v1/customerPayment", &body(1.0, "p-1")).await.refuses(400, "USER_ERROR", "already exists");
    let shown = world.get(&format!("/record/v1/invoice/{invoice}")).await;
    assert_eq!((&shown.body["amountPaid"], &shown.body["amountRemaining"]), (&json!(500), &json!(27.48)));
    world.post("/record/v1/customerPayment", &body(27.48, "p-2")).await.made();
    let shown = world.get(&format!("/record/v1/invoice/{invoice}")).await;
    assert_eq!((&shown.body["status"]["id"], &shown.body["amountRemaining"]), (&json!("Paid In Full"), &json!(0)));
    world.post("/record/v1/customerPayment", &body(1.0, "p-3")).await.refuses(400, "INVALID_CONTENT", "doc");
    let shown = world.get("/record/v1/customerPayment/eid:p-1?expandSubResources=true").await;
    assert_eq!((&shown.body["id"], &shown.body["apply"]["items"][0]["amount"]), (&json!(payment.to_string()), &json!(500)));
}

#[tokio::test]
async fn a_payment_is_its_customers_own_and_not_less_than_what_it_pays() {
    let world = World::new().await;
    let order = shipped(&world).await;
    let invoice = world.transform(order, "invoice", &json!({})).await.made().to_string();
    let body = |customer: &str, payment: f64| json!({ "customer": { "id": customer }, "payment": payment, "apply": { "items": [{ "doc": { "id": invoice }, "amount": 100 }] } });
    world.post("/record/v1/customerPayment", &body("202", 100.0)).await.refuses(400, "INVALID_CONTENT", "doc");
    world.post("/record/v1/customerPayment", &body("999", 100.0)).await.refuses(400, "INVALID_CONTENT", "customer");
    world.post("/record/v1/customerPayment", &body("201", 99.0)).await.refuses(400, "INVALID_CONTENT", "payment");
    assert!(world.sandbox.netsuite().payments().is_empty());
}
