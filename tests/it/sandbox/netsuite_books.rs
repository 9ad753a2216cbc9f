//! The books of the account, by SuiteQL and over the control endpoints.

use serde_json::{Value, json};

use super::calls::{World, dec};
use super::netsuite_standalone::{cash_sale, invoice, line};

/// A sale of every kind: an order with a deposit that is billed, returned, received, credited and refunded; and a cash sale
/// with its refund.
async fn everything(world: &World) -> u64 {
    let order = world.order();
    let path = |record: &str, id: u64, target: &str| format!("/record/v1/{record}/{id}/!transform/{target}");
    let deposit =
        json!({ "externalId": "k-deposit", "customer": { "id": "201" }, "salesOrder": { "id": order.to_string() }, "payment": 100 });
    world.post("/record/v1/customerDeposit", &deposit).await.made();
    let bill = world.sandbox.netsuite().bill_fully(order).unwrap();
    world.post(&path("invoice", bill, "customerPayment"), &json!({ "externalId": "k-payment" })).await.made();
    let returned =
        world.post(&path("invoice", bill, "returnAuthorization"), &json!({ "externalId": "k-return", "orderStatus": "B" })).await.made();
    world.post(&path("returnAuthorization", returned, "itemReceipt"), &json!({ "externalId": "k-receipt" })).await.made();
    let memo = world.post(&path("returnAuthorization", returned, "creditMemo"), &json!({ "externalId": "k-memo" })).await.made();
    let refund = json!({ "externalId": "k-refund", "customer": { "id": "201" }, "account": { "id": "1" },
                         "apply": { "items": [{ "doc": { "id": memo.to_string() }, "apply": true }] } });
    world.post("/record/v1/customerRefund", &refund).await.made();
    let sale = world.post("/record/v1/cashSale", &cash_sale("k-sale", &[line(world, "MUG-ENAMEL", "1", "13.04")])).await.made();
    world.post(&path("cashSale", sale, "cashRefund"), &json!({ "externalId": "k-cash" })).await.made();
    order
}

#[tokio::test]
async fn every_type_is_in_the_table_with_its_code_letter_and_sign() {
    let world = World::new().await;
    let order = everything(&world).await;
    let rows = world.rows("SELECT type, status, foreigntotal, recordtype, externalid FROM transaction ORDER BY id").await;
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (row["type"].as_str().unwrap(), row["status"].as_str().unwrap(), row["foreigntotal"].as_str().unwrap_or("-")))
        .collect();
    assert_eq!(
        seen,
        [
            ("SalesOrd", "G", "527.48"),
            ("CustDep", "C", "100"),
            ("ItemShip", "C", "-"),
            ("CustInvc", "B", "527.48"),
            ("DepAppl", "Y", "100"),
            ("CustPymt", "B", "427.48"),
            ("RtnAuth", "G", "-527.48"),
            ("ItemRcpt", "Y", "-"),
            ("CustCred", "B", "-527.48"),
            ("CustRfnd", "Y", "-527.48"),
            ("CashSale", "C", "15"),
            ("CashRfnd", "Y", "-15"),
        ]
    );
    let keyed = world.rows("SELECT externalid FROM transaction WHERE externalid IN ('k-memo', 'k-sale', 'k-none') ORDER BY id").await;
    assert_eq!(keyed, [json!({ "externalid": "k-memo" }), json!({ "externalid": "k-sale" })]);
    let next = |id: &str| {
        format!(
            "SELECT t.type, n.linktype FROM NextTransactionLink n JOIN transaction t ON t.id = n.nextdoc WHERE n.previousdoc = {id} ORDER BY t.id"
        )
    };
    let types = |rows: &[Value]| rows.iter().map(|row| row["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(types(&world.rows(&next(&order.to_string())).await), ["CustDep", "ItemShip", "CustInvc"]);
    let bill = world.rows("SELECT id FROM transaction WHERE type = 'CustInvc'").await.remove(0)["id"].as_str().unwrap().to_owned();
    assert_eq!(types(&world.rows(&next(&bill)).await), ["DepAppl", "CustPymt", "RtnAuth"]);
    let back = world
        .rows(
            "SELECT t.type, tl.quantity, tl.createdfrom FROM transactionline tl JOIN transaction t ON t.id = tl.transaction \
               WHERE BUILTIN.DF(tl.item) = 'SCARF-MERINO' AND t.type IN ('CustInvc', 'RtnAuth', 'ItemRcpt', 'CustCred') ORDER BY t.id",
        )
        .await;
    let signs: Vec<_> = back.iter().map(|row| row["quantity"].as_str().unwrap()).collect();
    assert_eq!((signs, back.iter().all(|row| row["createdfrom"].is_string())), (vec!["-5", "5", "5", "5"], true));
}

#[tokio::test]
async fn lists_tell_what_items_places_and_periods_are() {
    let world = World::new().await;
    let kits = world.rows("SELECT BUILTIN.DF(k.item) AS sku, k.quantity, k.linenumber FROM KitItemMember k JOIN item i ON i.id = k.parentitem WHERE i.itemid = 'KIT-MEALS' ORDER BY k.linenumber").await;
    assert_eq!(kits[0], json!({ "sku": "MEAL-LAMB", "quantity": "4", "linenumber": "1" }));
    let tracked = world.rows("SELECT itemid FROM item WHERE usebins = 'T' OR isserialitem = 'T' OR islotitem = 'T' ORDER BY id").await;
    assert_eq!(tracked.len(), 4);
    let lots = world
        .rows("SELECT n.inventorynumber, TO_CHAR(n.expirationdate, 'YYYY-MM-DD') AS ends FROM inventorynumber n JOIN inventorynumberlocation l \
               ON l.inventorynumber = n.id WHERE l.location = 1 AND n.expirationdate IS NOT NULL ORDER BY n.expirationdate")
        .await;
    assert_eq!(lots.iter().map(|row| row["ends"].as_str().unwrap()).collect::<Vec<_>>(), ["2027-02-23", "2027-05-23"]);
    let periods = world
        .rows("SELECT periodname, isposting FROM accountingperiod WHERE startdate = TO_DATE('2026-01-01', 'YYYY-MM-DD') ORDER BY enddate")
        .await;
    let names: Vec<_> = periods.iter().map(|row| (row["periodname"].as_str().unwrap(), row["isposting"].as_str().unwrap())).collect();
    assert_eq!(names, [("Jan 2026", "T"), ("Q1 2026", "F"), ("FY 2026", "F")]);
    for (table, count) in
        [("department", 2), ("classification", 2), ("subsidiary", 2), ("location", 3), ("taxtype", 1), ("salestaxitem", 2), ("account", 6)]
    {
        assert_eq!(world.rows(&format!("SELECT id FROM {table}")).await.len(), count, "{table}");
    }
}

async fn control(world: &World, path: &str) -> Value {
    let url = format!("{}/_sandbox/{path}", world.sandbox.netsuite_url());
    world.send(world.http.get(url)).await.body
}

#[tokio::test]
async fn the_books_are_read_by_key_kind_and_source_over_http() {
    let world = World::new().await;
    let order = everything(&world).await;
    assert_eq!(control(&world, "transactions/counts?key=k-").await["customerPayment"], 1);
    let counts = control(&world, "transactions/counts").await;
    assert!(counts.as_object().unwrap().values().all(|count| *count == 1), "one of each: {counts}");
    let made = control(&world, &format!("transactions?created_from={order}")).await;
    assert_eq!(made["items"].as_array().unwrap().iter().map(|entry| &entry["kind"]).collect::<Vec<_>>(), ["itemFulfillment", "invoice"]);
    let one = control(&world, "transactions?kind=cashSale&external_id=k-sale").await["items"][0].clone();
    assert_eq!((&one["total"], &one["status"]), (&json!("15.00"), &json!("C")));
    assert_eq!(control(&world, &format!("transactions/{}", one["id"])).await, one);
}

#[tokio::test]
async fn periods_preferences_and_stock_are_changed_over_http() {
    let world = World::new().await;
    let url = |path: &str| format!("{}/_sandbox/{path}", world.sandbox.netsuite_url());
    let stock = json!({ "sku": "MUG-ENAMEL", "location": "Ponsonby", "quantity": "7" });
    assert_eq!(world.send(world.http.put(url("stock")).json(&stock)).await.status, 204);
    assert_eq!(world.sandbox.netsuite().stock("MUG-ENAMEL", "Ponsonby"), Some(dec("7")));
    let body = invoice("i-1", &[line(&world, "MUG-ENAMEL", "1", "1")]);
    assert_eq!(world.send(world.http.put(url("periods/2026-11-23")).json(&json!({ "closed": true }))).await.status, 204);
    world.post("/record/v1/invoice", &body).await.refuses(400, "USER_ERROR", "CLOSED_TRAN_PRD");
    assert_eq!(world.send(world.http.put(url("periods/2026-11-23")).json(&json!({ "closed": false }))).await.status, 204);
    world.post("/record/v1/invoice", &body).await.made();
    let changed = world.send(world.http.patch(url("preferences")).json(&json!({ "suite_tax": false }))).await;
    assert_eq!((&changed.body["suite_tax"], &changed.body["apply_deposits"]), (&json!(false), &json!(true)));
    let refused = world.send(world.http.patch(url("preferences")).json(&json!({ "suite_taxes": true }))).await;
    assert!(refused.status == 422 && !world.sandbox.netsuite().preferences().suite_tax, "{refused:?}");
}
