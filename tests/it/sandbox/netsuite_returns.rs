//! Return authorisations, item receipts, credit memos, cash refunds and customer refunds.

use serde_json::{Value, json};
use tillbridge::sandbox::{NewSalesOrder, TransactionKind};

use super::calls::{Answer, World, dec};
use super::netsuite_standalone::{cash_sale, invoice, line, serials};

async fn turn(world: &World, record: &str, id: u64, target: &str, body: &Value) -> Answer {
    world.post(&format!("/record/v1/{record}/{id}/!transform/{target}"), body).await
}

fn letter(world: &World, id: u64) -> char {
    world.sandbox.netsuite().entry(id).unwrap().status
}

/// One line of the source by its key.
fn only(line: i64, quantity: &str) -> Value {
    json!({ "orderStatus": { "id": "B" }, "item": { "items": [{ "orderLine": line, "quantity": quantity }] } })
}

#[tokio::test]
async fn a_return_walks_through_its_letters_as_goods_and_money_go_back() {
    let world = World::new().await;
    let order = world.order();
    world.sandbox.netsuite().bill_fully(order).unwrap();
    // Five scarves and two packs.
    let returned = turn(&world, "salesOrder", order, "returnAuthorization", &json!({ "externalId": "ra-1" })).await.made();
    assert_eq!(letter(&world, returned), 'A');
    turn(&world, "returnAuthorization", returned, "itemReceipt", &json!({})).await.refuses(400, "USER_ERROR", "invalid reference");
    world.patch(&format!("/record/v1/returnAuthorization/{returned}"), &json!({ "orderStatus": { "id": "B" } })).await.made();
    assert_eq!(letter(&world, returned), 'B');
    turn(&world, "returnAuthorization", returned, "creditMemo", &json!({})).await.refuses(
        400,
        "USER_ERROR",
        "can not initialize creditmemo",
    );
    let part = |quantity: i64| json!({ "item": { "items": [{ "orderLine": 1, "quantity": quantity }, { "orderLine": 2, "itemReceive": false }] } });
    turn(&world, "returnAuthorization", returned, "itemReceipt", &part(6)).await.refuses(400, "INVALID_CONTENT", "quantity remaining");
    turn(&world, "returnAuthorization", returned, "itemReceipt", &part(3)).await.made();
    assert_eq!(letter(&world, returned), 'E');
    assert_eq!(world.sandbox.netsuite().stock("SCARF-MERINO", "Ponsonby"), Some(dec("99998")));
    turn(&world, "returnAuthorization", returned, "creditMemo", &json!({})).await.made();
    assert_eq!(letter(&world, returned), 'D');
    turn(&world, "returnAuthorization", returned, "itemReceipt", &json!({ "externalId": "ir-1" })).await.made();
    assert_eq!(letter(&world, returned), 'F');
    turn(&world, "returnAuthorization", returned, "cashRefund", &json!({ "paymentMethod": { "id": "2" }, "account": { "id": "3" } }))
        .await
        .made();
    assert_eq!(letter(&world, returned), 'G');
    turn(&world, "returnAuthorization", returned, "cashRefund", &json!({})).await.refuses(400, "USER_ERROR", "invalid reference");
    turn(&world, "salesOrder", order, "returnAuthorization", &json!({})).await.refuses(
        400,
        "USER_ERROR",
        "can not initialize returnauthorization",
    );
    let counts = world.sandbox.netsuite().counts();
    assert_eq!((counts["return_authorizations"], counts["item_receipts"], counts["credit_memos"], counts["cash_refunds"]), (1, 2, 1, 1));
    let money: Vec<_> = world.sandbox.netsuite().made_from(returned).iter().filter_map(|entry| entry.total).collect();
    assert_eq!(money, [dec("148.49"), dec("378.99")], "what was paid, 527.48 with each line's tax rounded by itself");
    assert_eq!(world.sandbox.netsuite().stock("SCARF-MERINO", "Ponsonby"), Some(dec("100000")));
    let shown = world.get("/record/v1/itemReceipt/eid:ir-1?expandSubResources=true").await.body;
    assert_eq!((&shown["createdFrom"]["id"], shown["item"]["items"].as_array().unwrap().len()), (&json!(returned.to_string()), 2));
}

#[tokio::test]
async fn no_more_comes_back_than_was_sold() {
    let world = World::new().await;
    let sale = world.post("/record/v1/cashSale", &cash_sale("cs-1", &[line(&world, "MUG-ENAMEL", "2", "13.04")])).await.made();
    turn(&world, "cashSale", sale, "returnAuthorization", &only(1, "3")).await.refuses(400, "INVALID_CONTENT", "that can be returned, 2");
    turn(&world, "cashSale", sale, "returnAuthorization", &only(7, "1")).await.refuses(400, "INVALID_CONTENT", "orderLine");
    turn(&world, "cashSale", sale, "returnAuthorization", &only(1, "1")).await.made();
    turn(&world, "cashSale", sale, "cashRefund", &only(1, "2")).await.refuses(400, "INVALID_CONTENT", "orderStatus");
    let rest = json!({ "item": { "items": [{ "orderLine": 1, "quantity": 2 }] } });
    turn(&world, "cashSale", sale, "cashRefund", &rest).await.refuses(400, "INVALID_CONTENT", "that can be refunded, 1");
    turn(&world, "cashSale", sale, "cashRefund", &json!({})).await.made();
    turn(&world, "cashSale", sale, "returnAuthorization", &json!({})).await.refuses(400, "USER_ERROR", "invalid reference");
    turn(&world, "cashSale", sale, "creditMemo", &json!({})).await.refuses(400, "USER_ERROR", "can not initialize creditmemo");
}

#[tokio::test]
async fn a_cash_refund_puts_goods_back_and_names_its_money() {
    let world = World::new().await;
    let sale = world.post("/record/v1/cashSale", &cash_sale("cs-1", &[line(&world, "MUG-ENAMEL", "2", "13.04")])).await.made();
    let body = json!({ "externalId": "cr-1", "account": { "id": "3" }, "item": { "items": [{ "orderLine": 1, "quantity": 1 }] } });
    let refund = turn(&world, "cashSale", sale, "cashRefund", &body).await.made();
    let shown = world.get(&format!("/record/v1/cashRefund/{refund}?expandSubResources=true")).await.body;
    assert_eq!(
        (&shown["total"], &shown["paymentMethod"]["refName"], &shown["createdFrom"]["id"]),
        (&json!(15), &json!("Card"), &json!(sale.to_string()))
    );
    assert_eq!(world.sandbox.netsuite().stock("MUG-ENAMEL", "Ponsonby"), Some(dec("99999")));
    let alone = cash_sale("cr-2", &[line(&world, "MUG-ENAMEL", "1", "13.04")]);
    world.post("/record/v1/cashRefund", &alone).await.made();
    world.post("/record/v1/cashRefund", &alone).await.refuses(400, "USER_ERROR", "already exists");
    assert_eq!(world.sandbox.netsuite().stock("MUG-ENAMEL", "Ponsonby"), Some(dec("100000")));
    world.post("/record/v1/cashRefund", &cash_sale("cr-3", &[line(&world, "KIT-SAFETY", "1", "9")])).await.refuses(
        400,
        "USER_ERROR",
        "through a sales order",
    );
}

#[tokio::test]
async fn a_serial_number_comes_back_by_its_name_and_only_once() {
    let world = World::new().await;
    let mut watch = line(&world, "GPS-WATCH", "1", "521.74");
    watch["inventoryDetail"] = serials(&world, "GPS-WATCH", 1);
    let sale = world.post("/record/v1/cashSale", &cash_sale("cs-1", &[watch])).await.made();
    let returned = turn(&world, "cashSale", sale, "returnAuthorization", &json!({ "orderStatus": { "id": "B" } })).await.made();
    let back = |number: &str| {
        let detail = json!({ "quantity": 1, "inventoryAssignment": { "items": [{ "receiptInventoryNumber": number, "quantity": 1 }] } });
        json!({ "item": { "items": [{ "orderLine": 1, "quantity": 1, "inventoryDetail": detail }] } })
    };
    turn(&world, "returnAuthorization", returned, "itemReceipt", &json!({})).await.refuses(
        400,
        "USER_ERROR",
        "configure the inventory detail",
    );
    turn(&world, "returnAuthorization", returned, "itemReceipt", &back("GPS-WATCH-1-0002")).await.refuses(
        400,
        "USER_ERROR",
        "already in inventory",
    );
    turn(&world, "returnAuthorization", returned, "itemReceipt", &back("")).await.refuses(400, "USER_ERROR", "Serial/Lot Number");
    turn(&world, "returnAuthorization", returned, "itemReceipt", &back("GPS-WATCH-1-0001")).await.made();
    let number =
        world.sandbox.netsuite().inventory_numbers("GPS-WATCH").into_iter().find(|known| known.number == "GPS-WATCH-1-0001").unwrap();
    assert_eq!((number.at[&1], world.sandbox.netsuite().stock("GPS-WATCH", "Ponsonby")), (dec("1"), Some(dec("20"))));
}

#[tokio::test]
async fn a_kit_with_tracked_members_comes_back_through_its_order() {
    let world = World::new().await;
    let order = world
        .sandbox
        .netsuite()
        .create_sales_order(&NewSalesOrder::of("201", "Ponsonby", [("KIT-SAFETY", dec("1"), dec("460.87"))]))
        .unwrap();
    world.sandbox.netsuite().bill_fully(order).unwrap();
    let gone = world.sandbox.netsuite().fulfilments_of(order)[0].lines[1].assignments[0].0;
    let number = world.sandbox.netsuite().inventory_numbers("BEACON-PLB").into_iter().find(|known| known.id == gone).unwrap().number;
    let returned = turn(&world, "salesOrder", order, "returnAuthorization", &json!({ "orderStatus": { "id": "B" } })).await.made();
    let detail = json!({ "quantity": 1, "inventoryAssignment": { "items": [{ "receiptInventoryNumber": number, "quantity": 1 }] } });
    let body = json!({ "item": { "items": [{ "orderLine": 1, "quantity": 1 }, { "orderLine": 2, "inventoryDetail": detail }] } });
    turn(&world, "returnAuthorization", returned, "itemReceipt", &json!({})).await.refuses(400, "USER_ERROR", "inventory detail in line 2");
    turn(&world, "returnAuthorization", returned, "itemReceipt", &body).await.made();
    turn(&world, "returnAuthorization", returned, "creditMemo", &json!({})).await.made();
    assert_eq!(letter(&world, returned), 'G');
    assert_eq!(world.sandbox.netsuite().stock("LAMP-HEAD", "Ponsonby"), Some(dec("100000")));
}

#[tokio::test]
async fn a_return_by_itself_is_closed_line_by_line() {
    let world = World::new().await;
    let body =
        json!({ "entity": { "id": "201" }, "location": { "id": "1" }, "item": { "items": [line(&world, "MUG-ENAMEL", "1", "13.04")] } });
    world.post("/record/v1/returnAuthorization", &json!({ "entity": { "id": "201" } })).await.refuses(
        400,
        "USER_ERROR",
        "at least one valid line",
    );
    let returned = world.post("/record/v1/returnAuthorization", &body).await.made();
    let shown = world.get(&format!("/record/v1/returnAuthorization/{returned}?expandSubResources=true")).await.body;
    assert_eq!((&shown["total"], &shown["orderStatus"]["refName"]), (&json!(15), &json!("Pending Approval")));
    let path = format!("/record/v1/returnAuthorization/{returned}");
    world.patch(&path, &json!({ "orderStatus": { "id": "F" } })).await.refuses(400, "INVALID_CONTENT", "orderStatus");
    world.patch(&path, &json!({ "item": { "items": [{ "line": 1, "isClosed": true }] } })).await.made();
    assert_eq!(letter(&world, returned), 'H');
}

#[tokio::test]
async fn a_credit_memo_of_an_invoice_is_applied_to_it_and_no_other() {
    let world = World::new().await;
    let book = |key: &str| invoice(key, &[line(&world, "BOOK-TRAILS", "2", "40")]);
    let (one, other) =
        (world.post("/record/v1/invoice", &book("i-1")).await.made(), world.post("/record/v1/invoice", &book("i-2")).await.made());
    let memo = |doc: u64, amount: &str| {
        json!({ "item": { "items": [{ "orderLine": 1, "quantity": 1 }] },
                "apply": { "items": [{ "doc": { "id": doc.to_string() }, "apply": true, "amount": amount }] } })
    };
    turn(&world, "invoice", one, "creditMemo", &memo(other, "40")).await.refuses(400, "INVALID_CONTENT", "following field: doc");
    turn(&world, "invoice", one, "creditMemo", &memo(one, "41")).await.refuses(400, "USER_ERROR", "not applied yet");
    let first = turn(&world, "invoice", one, "creditMemo", &memo(one, "30")).await.made();
    assert_eq!(world.sandbox.netsuite().bill_total(one), Some((dec("80"), dec("50"))));
    let shown = world.get(&format!("/record/v1/creditMemo/{first}?expandSubResources=true")).await.body;
    assert_eq!((&shown["applied"], &shown["unapplied"], &shown["status"]["id"]), (&json!(30), &json!(10), &json!("Open")));
    assert_eq!(shown["apply"]["items"][0]["doc"]["id"], one.to_string());
    // The rest of it goes to the other invoice by hand.
    world
        .patch(
            &format!("/record/v1/creditMemo/{first}"),
            &json!({ "apply": { "items": [{ "doc": { "id": other.to_string() }, "apply": true }] } }),
        )
        .await
        .refuses(400, "USER_ERROR", "not applied yet");
    world
        .patch(
            &format!("/record/v1/creditMemo/{first}"),
            &json!({ "apply": { "items": [{ "doc": { "id": other.to_string() }, "apply": true, "amount": 10 }] } }),
        )
        .await
        .made();
    assert_eq!((letter(&world, first), world.sandbox.netsuite().bill_total(other).unwrap().1), ('B', dec("70")));
    turn(&world, "invoice", one, "creditMemo", &json!({})).await.made();
    assert_eq!(world.sandbox.netsuite().bill_total(one).unwrap().1, dec("10"));
}

#[tokio::test]
async fn a_customer_refund_pays_credit_memos_and_deposits_back() {
    let world = World::new().await;
    let mut body = invoice("cm-1", &[line(&world, "BOOK-TRAILS", "1", "40")]);
    body.as_object_mut().unwrap().remove("terms");
    let memo = world.post("/record/v1/creditMemo", &body).await.made();
    let deposit = world.post("/record/v1/customerDeposit", &json!({ "customer": { "id": "201" }, "payment": 30 })).await.made();
    let row = |doc: u64, amount: &str| json!({ "items": [{ "doc": { "id": doc.to_string() }, "apply": true, "amount": amount }] });
    let refund = |apply: Value, deposits: Value| json!({ "externalId": "rf-1", "customer": { "id": "201" }, "account": { "id": "1" }, "paymentMethod": { "id": "2" }, "apply": apply, "deposit": deposits });
    let none = || json!({ "items": [] });
    let path = "/record/v1/customerRefund";
    world.post(path, &refund(none(), none())).await.refuses(400, "USER_ERROR", "at least one credit or deposit");
    world.post(path, &refund(row(memo, "41"), none())).await.refuses(400, "USER_ERROR", "more than the amount remaining");
    world.post(path, &refund(row(deposit, "30"), none())).await.refuses(400, "INVALID_CONTENT", "following field: doc");
    let mut nowhere = refund(row(memo, "40"), none());
    nowhere["account"] = Value::Null;
    world.post(path, &nowhere).await.refuses(400, "USER_ERROR", "Please enter value(s) for: Account");
    let id = world.post(path, &refund(row(memo, "40"), row(deposit, "20"))).await.made();
    world.post(path, &refund(none(), row(deposit, "1"))).await.refuses(400, "USER_ERROR", "already exists");
    assert_eq!((letter(&world, memo), world.sandbox.netsuite().deposits()[0].used), ('B', dec("20")));
    let shown = world.get(&format!("{path}/eid:rf-1?expandSubResources=true")).await.body;
    let application = world.sandbox.netsuite().entries(Some(TransactionKind::DepositApplication)).remove(0);
    assert_eq!((&shown["id"], &shown["total"]), (&json!(id.to_string()), &json!(60)));
    assert_eq!((&shown["apply"]["items"][1]["doc"]["id"], &shown["deposit"]["items"]), (&json!(application.id.to_string()), &json!([])));
}

#[tokio::test]
async fn what_is_written_off_does_not_go_back_on_the_shelf() {
    let world = World::new().await;
    let sale = world.post("/record/v1/cashSale", &cash_sale("cs-1", &[line(&world, "MUG-ENAMEL", "2", "13.04")])).await.made();
    let returned = turn(&world, "cashSale", sale, "returnAuthorization", &json!({ "orderStatus": "B" })).await.made();
    let body = json!({ "item": { "items": [{ "orderLine": 1, "quantity": 2, "restock": false }] } });
    turn(&world, "returnAuthorization", returned, "itemReceipt", &body).await.made();
    assert_eq!((letter(&world, returned), world.sandbox.netsuite().stock("MUG-ENAMEL", "Ponsonby")), ('F', Some(dec("99998"))));
}
