//! Customer deposits, their applications, and payments made from invoices.

use jiff::civil::date;
use reqwest::Method;
use serde_json::{Value, json};
use tillbridge::sandbox::{Form, NewSalesOrder, TransactionKind};

use super::calls::{World, dec};
use super::netsuite_standalone::{invoice, line};

fn deposit(external: &str, order: Option<u64>, amount: &str) -> Value {
    let mut body = json!({ "externalId": external, "customer": { "id": "201" }, "payment": amount, "paymentMethod": { "id": "2" }, "undepFunds": true });
    if let Some(order) = order {
        body["salesOrder"] = json!({ "id": order.to_string() });
    }
    body
}

fn apply(doc: u64, amount: &str) -> Value {
    json!({ "apply": { "items": [{ "doc": { "id": doc.to_string() }, "apply": true, "amount": amount }] } })
}

#[tokio::test]
async fn an_orders_own_deposits_pay_its_invoice_by_themselves() {
    let world = World::new().await;
    // It comes to 527.48.
    let order = world.order();
    let first = world.post("/record/v1/customerDeposit", &deposit("d-1", Some(order), "100")).await.made();
    world.post("/record/v1/customerDeposit", &deposit("d-2", Some(order), "600")).await.made();
    world.post("/record/v1/customerDeposit", &deposit("d-3", None, "50")).await.made();
    world.post("/record/v1/customerDeposit", &deposit("d-1", Some(order), "1")).await.refuses(400, "USER_ERROR", "already exists");
    assert_eq!(world.get(&format!("/record/v1/salesOrder/{order}")).await.body["amountDeposited"], json!(700));
    let invoice = world.sandbox.netsuite().bill_fully(order).unwrap();
    let shown = world.get(&format!("/record/v1/invoice/{invoice}")).await.body;
    assert_eq!(
        (&shown["status"]["id"], &shown["amountPaid"], &shown["amountRemaining"]),
        (&json!("Paid In Full"), &json!(527.48), &json!(0))
    );
    let applied: Vec<_> = world.sandbox.netsuite().deposit_applications().iter().map(|of| of.applied[0]).collect();
    assert_eq!(applied, [(invoice, dec("100")), (invoice, dec("427.48"))]);
    let statuses: Vec<_> =
        world.sandbox.netsuite().entries(Some(TransactionKind::CustomerDeposit)).iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, ['C', 'A', 'A']);
    let shown = world.get(&format!("/record/v1/customerDeposit/{first}")).await.body;
    assert_eq!(
        (&shown["status"]["id"], &shown["salesOrder"]["id"], &shown["payment"]),
        (&json!("Fully Applied"), &json!(order.to_string()), &json!(100))
    );
    world.send(world.request(Method::DELETE, &format!("/record/v1/customerDeposit/{first}")).await).await.refuses(
        400,
        "USER_ERROR",
        "dependent records",
    );
}

#[tokio::test]
async fn without_the_preference_a_deposit_is_applied_by_hand_and_only_to_its_orders_invoice() {
    let world = World::with(|config| config.netsuite.preferences.apply_deposits = false).await;
    let (order, other) = (world.order(), world.order());
    let deposit_id = world.post("/record/v1/customerDeposit", &deposit("d-1", Some(order), "100")).await.made();
    let (own, foreign) = (world.sandbox.netsuite().bill_fully(order).unwrap(), world.sandbox.netsuite().bill_fully(other).unwrap());
    assert_eq!(world.sandbox.netsuite().bill_total(own), Some((dec("527.48"), dec("527.48"))));
    let path = format!("/record/v1/customerDeposit/{deposit_id}/!transform/depositApplication");
    world.post(&path, &json!({})).await.refuses(400, "USER_ERROR", "at least one transaction");
    world.post(&path, &apply(foreign, "10")).await.refuses(400, "INVALID_CONTENT", "following field: doc");
    world.post(&path, &apply(own, "100.01")).await.refuses(400, "USER_ERROR", "more than the amount that is not applied yet");
    world.post(&path, &apply(own, "600")).await.refuses(400, "USER_ERROR", "more than the amount remaining");
    let mut body = apply(own, "60");
    body["externalId"] = json!("da-1");
    let application = world.post(&path, &body).await.made();
    world.post(&path, &body).await.refuses(400, "USER_ERROR", "already exists");
    world.post(&path, &apply(own, "40")).await.made();
    world.post(&path, &apply(own, "1")).await.refuses(400, "USER_ERROR", "can not initialize depositapplication: invalid reference");
    assert_eq!(world.sandbox.netsuite().bill_total(own), Some((dec("527.48"), dec("427.48"))));
    let shown = world.get("/record/v1/depositApplication/eid:da-1?expandSubResources=true").await.body;
    assert_eq!(
        (&shown["id"], &shown["deposit"]["id"], &shown["total"]),
        (&json!(application.to_string()), &json!(deposit_id.to_string()), &json!(60))
    );
    assert_eq!(shown["apply"]["items"][0]["doc"]["id"], own.to_string());
}

#[tokio::test]
async fn a_cash_sale_leaves_the_orders_deposits_as_they_are() {
    let world = World::new().await;
    let new = NewSalesOrder { form: Form::CashSale, ..NewSalesOrder::of("201", "Ponsonby", [("MUG-ENAMEL", dec("1"), dec("10"))]) };
    let order = world.sandbox.netsuite().create_sales_order(&new).unwrap();
    world.post("/record/v1/customerDeposit", &deposit("d-1", Some(order), "11.50")).await.made();
    world.sandbox.netsuite().bill_fully(order).unwrap();
    let held = world.sandbox.netsuite().deposits().remove(0);
    assert_eq!((held.used, world.sandbox.netsuite().counts()["deposit_applications"]), (dec("0"), 0));
}

#[tokio::test]
async fn a_deposit_is_its_customers_and_can_be_taken_back_while_nothing_hangs_on_it() {
    let world = World::new().await;
    let order = world.order();
    let with = |field: &str, value: Value| {
        let mut body = deposit("d-1", Some(order), "10");
        body[field] = value;
        body
    };
    for (body, code, text) in [
        (with("customer", Value::Null), "USER_ERROR", "Please enter value(s) for: Customer"),
        (with("customer", json!({ "id": "202" })), "INVALID_CONTENT", "salesOrder"),
        (with("salesOrder", json!({ "id": "9" })), "INVALID_CONTENT", "salesOrder"),
        (with("payment", Value::Null), "USER_ERROR", "Please enter value(s) for: Payment Amount"),
        (with("payment", json!(-5)), "INVALID_CONTENT", "payment"),
        (with("undepFunds", json!(false)), "USER_ERROR", "Please enter value(s) for: Account"),
        (with("entity", json!({ "id": "201" })), "INVALID_CONTENT", "unknown property name 'entity'"),
    ] {
        world.post("/record/v1/customerDeposit", &body).await.refuses(400, code, text);
    }
    let id = world.post("/record/v1/customerDeposit", &with("account", json!({ "id": "3" }))).await.made();
    let path = format!("/record/v1/customerDeposit/{id}");
    world.sandbox.netsuite().set_period_closed(date(2026, 11, 1), true);
    world.send(world.request(Method::DELETE, &path).await).await.refuses(400, "USER_ERROR", "closed period");
    world.sandbox.netsuite().set_period_closed(date(2026, 11, 1), false);
    assert_eq!(world.send(world.request(Method::DELETE, &path).await).await.status, 204);
    assert!(world.sandbox.netsuite().deposits().is_empty());
    let order = world.request(Method::DELETE, &format!("/record/v1/salesOrder/{order}")).await;
    world.send(order).await.refuses(403, "INSUFFICIENT_PERMISSION", "");
}

#[tokio::test]
async fn an_invoice_is_turned_into_its_payment_once() {
    let world = World::new().await;
    let invoice = world.post("/record/v1/invoice", &invoice("i-1", &[line(&world, "BOOK-TRAILS", "1", "40")])).await.made();
    let path = format!("/record/v1/invoice/{invoice}/!transform/customerPayment");
    let body = json!({ "externalId": "p-1", "payment": 15, "paymentMethod": { "id": "2" }, "account": { "id": "3" } });
    let first = world.post(&path, &body).await.made();
    world.post(&path, &body).await.refuses(400, "USER_ERROR", "already exists");
    world.post(&path, &apply(invoice, "30")).await.refuses(400, "USER_ERROR", "more than the amount remaining");
    world.post(&path, &json!({})).await.made();
    assert_eq!(world.sandbox.netsuite().bill_total(invoice), Some((dec("40"), dec("0"))));
    world.post(&path, &json!({})).await.refuses(400, "USER_ERROR", "can not initialize customerpayment");
    let shown = world.get(&format!("/record/v1/customerPayment/{first}?expandSubResources=true")).await.body;
    assert_eq!((&shown["status"]["id"], &shown["applied"], &shown["unapplied"]), (&json!("Deposited"), &json!(15), &json!(0)));
    assert_eq!(world.sandbox.netsuite().payments().iter().map(|payment| payment.amount).collect::<Vec<_>>(), [dec("15"), dec("25")]);
}
