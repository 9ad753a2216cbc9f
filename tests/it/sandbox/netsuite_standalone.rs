//! Invoices and cash sales that are made from nothing else, and customers.

use jiff::civil::date;
use reqwest::Method;
use serde_json::{Value, json};
use tillbridge::sandbox::{Class, Injection, TransactionKind};

use super::calls::{World, dec};

pub fn item(world: &World, sku: &str) -> Value {
    json!({ "id": world.sandbox.netsuite().item(sku).unwrap().id.to_string() })
}

/// A line at a price of its own.
pub fn line(world: &World, sku: &str, quantity: &str, rate: &str) -> Value {
    json!({ "item": item(world, sku), "quantity": quantity, "price": { "id": "-1" }, "rate": rate })
}

/// The first `count` serial numbers of an item at Ponsonby, one of each, as they leave.
pub fn serials(world: &World, sku: &str, count: usize) -> Value {
    let at = world.ponsonby();
    let numbers = world.sandbox.netsuite().inventory_numbers(sku);
    let here = numbers.iter().filter(|number| number.at.get(&at).is_some_and(|held| *held > dec("0"))).take(count);
    let rows: Vec<Value> = here.map(|number| json!({ "issueInventoryNumber": { "id": number.id.to_string() }, "quantity": 1 })).collect();
    json!({ "quantity": count, "inventoryAssignment": { "items": rows } })
}

/// A cash sale of these lines at Ponsonby.
pub fn cash_sale(external: &str, lines: &[Value]) -> Value {
    json!({ "externalId": external, "entity": { "id": "201" }, "location": { "id": "1" }, "paymentMethod": { "id": "2" },
            "account": { "id": "3" }, "item": { "items": lines } })
}

pub fn invoice(external: &str, lines: &[Value]) -> Value {
    json!({ "externalId": external, "entity": { "id": "201" }, "location": { "id": "1" }, "terms": { "id": "1" }, "item": { "items": lines } })
}

#[tokio::test]
async fn a_cash_sale_by_itself_takes_goods_and_money() {
    let world = World::new().await;
    let mut body = cash_sale("cs-1", &[line(&world, "MUG-ENAMEL", "2", "13.04"), line(&world, "KIT-WEEKEND", "1", "191.30")]);
    body["memo"] = json!("P1-1001");
    body["department"] = json!({ "id": "1" });
    body["custbody_tillbridge_sale_id"] = json!("sale-1");
    let id = world.post("/record/v1/cashSale", &body).await.made();
    let shown = world.get("/record/v1/cashSale/eid:cs-1?expandSubResources=true").await.body;
    // 26.08 and 191.30, with 3.91 and 28.70 of tax.
    assert_eq!((&shown["subtotal"], &shown["taxTotal"], &shown["total"]), (&json!(217.38), &json!(32.61), &json!(249.99)));
    assert_eq!((&shown["status"]["id"], &shown["account"]["refName"]), (&json!("Deposited"), &json!("1200 Till Clearing")));
    assert_eq!((&shown["department"]["refName"], &shown["createdFrom"]), (&json!("Retail"), &Value::Null));
    let held = |sku: &str| world.sandbox.netsuite().stock(sku, "Ponsonby").unwrap();
    assert_eq!((held("MUG-ENAMEL"), held("PACK-20L"), held("BOTTLE-1L")), (dec("99998"), dec("99999"), dec("99998")));
    let entries = world.sandbox.netsuite().entries_for("sale-1");
    assert_eq!(
        entries.iter().map(|entry| (entry.kind, entry.id, entry.status)).collect::<Vec<_>>(),
        [(TransactionKind::CashSale, id, 'C')]
    );
    world.post("/record/v1/cashSale", &body).await.refuses(400, "USER_ERROR", "already exists");
    assert_eq!(world.sandbox.netsuite().counts()["cash_sales"], 1);
}

#[tokio::test]
async fn an_invoice_by_itself_is_open_and_due_by_its_terms() {
    let world = World::new().await;
    let id = world.post("/record/v1/invoice", &invoice("inv-1", &[line(&world, "BOOK-TRAILS", "1", "39.99")])).await.made();
    let shown = world.get(&format!("/record/v1/invoice/{id}")).await.body;
    assert_eq!(
        (&shown["status"]["id"], &shown["amountRemaining"], &shown["dueDate"]),
        (&json!("Open"), &json!(39.99), &json!("2026-12-13"))
    );
    let patch = json!({ "memo": "m", "item": { "items": [line(&world, "VARIANCE", "1", "0.01")] } });
    world.patch(&format!("/record/v1/invoice/{id}"), &patch).await.made();
    let shown = world.get(&format!("/record/v1/invoice/{id}?expandSubResources=true")).await.body;
    assert_eq!((&shown["total"], &shown["taxTotal"], &shown["memo"]), (&json!(40), &json!(0), &json!("m")));
    assert_eq!(shown["item"]["items"][1]["itemType"]["id"], "OthCharge");
}

#[tokio::test]
async fn a_kit_with_members_that_have_numbers_lots_or_bins_needs_a_sales_order() {
    let world = World::new().await;
    for sku in ["KIT-SAFETY", "KIT-MEALS", "KIT-CLIMB"] {
        for (record, body) in
            [("cashSale", cash_sale("x", &[line(&world, sku, "1", "9")])), ("invoice", invoice("x", &[line(&world, sku, "1", "9")]))]
        {
            let answer = world.post(&format!("/record/v1/{record}"), &body).await;
            answer.refuses(400, "USER_ERROR", "can only be sold and returned through a sales order");
        }
        world.order_of(sku, "1");
    }
    let counts = world.sandbox.netsuite().counts();
    assert_eq!((counts["cash_sales"], counts["invoices"], counts["sales_orders"]), (0, 0, 3));
}

#[tokio::test]
async fn tracked_goods_name_their_pieces_and_those_leave() {
    let world = World::new().await;
    let mut watch = line(&world, "GPS-WATCH", "2", "521.74");
    let asked = "Please configure the inventory detail in line 1";
    world.post("/record/v1/cashSale", &cash_sale("x", std::slice::from_ref(&watch))).await.refuses(400, "USER_ERROR", asked);
    watch["inventoryDetail"] = serials(&world, "GPS-WATCH", 1);
    world.post("/record/v1/cashSale", &cash_sale("x", std::slice::from_ref(&watch))).await.refuses(400, "USER_ERROR", asked);
    watch["inventoryDetail"] = serials(&world, "GPS-WATCH", 2);
    let both = cash_sale("x", &[watch.clone(), watch.clone()]);
    world.post("/record/v1/cashSale", &both).await.refuses(400, "USER_ERROR", "NUM_ITEMS_GRTR_THAN_QTY");
    world.post("/record/v1/cashSale", &cash_sale("x", std::slice::from_ref(&watch))).await.made();
    world.post("/record/v1/cashSale", &cash_sale("y", &[watch])).await.refuses(400, "USER_ERROR", "not available");
    assert_eq!(world.sandbox.netsuite().stock("GPS-WATCH", "Ponsonby"), Some(dec("18")));
}

#[tokio::test]
async fn goods_in_bins_name_a_bin_of_their_location() {
    let world = World::new().await;
    let bins = world.sandbox.netsuite().bins();
    let bin = |at: u64| bins.iter().find(|bin| bin.location == at).unwrap().id.to_string();
    let rope = |bin: Option<String>| {
        let mut row = json!({ "quantity": 3 });
        if let Some(bin) = bin {
            row["binNumber"] = json!({ "id": bin });
        }
        let mut line = line(&world, "ROPE-30M", "3", "173.91");
        line["inventoryDetail"] = json!({ "quantity": 3, "inventoryAssignment": { "items": [row] } });
        cash_sale("x", &[line])
    };
    world.post("/record/v1/cashSale", &rope(None)).await.refuses(400, "USER_ERROR", "configure the inventory detail");
    world.post("/record/v1/cashSale", &rope(Some(bin(2)))).await.refuses(400, "INVALID_CONTENT", "binNumber");
    world.post("/record/v1/cashSale", &rope(Some(bin(1)))).await.made();
    let left = &world.sandbox.netsuite().bins()[0];
    assert_eq!((left.location, *left.holds.values().next().unwrap()), (1, dec("49997")));
    let rows = world.rows("SELECT b.binnumber, i.quantityonhand FROM inventorybalance i JOIN bin b ON b.id = i.binnumber WHERE i.location = 1 ORDER BY b.id").await;
    assert_eq!(rows[0], json!({ "binnumber": "A-1", "quantityonhand": "49997" }));
}

#[tokio::test]
async fn what_a_bill_names_must_exist_fit_and_be_open() {
    let world = World::new().await;
    let mug = || vec![line(&world, "MUG-ENAMEL", "1", "13.04")];
    let with = |field: &str, value: Value| {
        let mut body = cash_sale("x", &mug());
        body[field] = value;
        body
    };
    for (body, code, text) in [
        (with("entity", Value::Null), "USER_ERROR", "Please enter value(s) for: Customer"),
        (with("entity", json!({ "id": "999" })), "INVALID_CONTENT", "Invalid Field Value 999 for the following field: entity"),
        (with("subsidiary", json!({ "id": "2" })), "INVALID_CONTENT", "following field: subsidiary"),
        (with("location", json!({ "id": "3" })), "INVALID_CONTENT", "Invalid Field Value 3 for the following field: location"),
        (with("location", Value::Null), "USER_ERROR", "Please enter value(s) for: Items list: Location"),
        (with("department", json!({ "id": "9" })), "INVALID_CONTENT", "following field: department"),
        (with("class", json!({ "id": "9" })), "INVALID_CONTENT", "following field: class"),
        (with("paymentMethod", json!({ "id": "77" })), "INVALID_CONTENT", "paymentMethod"),
        (with("account", json!({ "id": "4" })), "INVALID_CONTENT", "following field: account"),
        (with("item", json!({ "items": [] })), "USER_ERROR", "at least one valid line item"),
        (with("item", json!({ "items": [{ "item": item(&world, "SOCKS-SYDNEY") }] })), "INVALID_CONTENT", "following field: item"),
        (with("item", json!({ "items": [{ "item": item(&world, "MUG-ENAMEL"), "price": { "id": "-1" } }] })), "USER_ERROR", "Amount"),
        (with("terms", json!({ "id": "1" })), "INVALID_CONTENT", "unknown property name 'terms'"),
        (with("postingPeriod", json!({ "id": "9999" })), "INVALID_CONTENT", "postingPeriod"),
        (with("currency", json!({ "id": "2" })), "INVALID_CONTENT", "currency"),
        (with("externalId", json!("a|b")), "INVALID_CONTENT", "externalId"),
    ] {
        world.post("/record/v1/cashSale", &body).await.refuses(400, code, text);
    }
    world.sandbox.netsuite().set_period_locked(date(2026, 11, 1), true);
    world.post("/record/v1/cashSale", &cash_sale("x", &mug())).await.refuses(400, "USER_ERROR", "closed period");
    let open = world.rows("SELECT id, alllocked, closed FROM accountingperiod WHERE periodname = 'Dec 2026'").await.remove(0);
    let mut later = cash_sale("x", &mug());
    later["postingPeriod"] = json!({ "id": open["id"] });
    world.post("/record/v1/cashSale", &later).await.made();
    assert_eq!(world.sandbox.netsuite().counts()["cash_sales"], 1);
}

#[tokio::test]
async fn a_rate_stands_at_the_custom_price_level_only() {
    let world = World::new().await;
    let mut based = line(&world, "MUG-ENAMEL", "2", "1");
    based.as_object_mut().unwrap().remove("price");
    let body = json!({ "entity": { "id": "201" }, "item": { "items": [based, line(&world, "MUG-ENAMEL", "2", "1")] } });
    let order = world.post("/record/v1/salesOrder", &body).await.made();
    let lines = world.sandbox.netsuite().sales_order(order).unwrap().lines;
    assert_eq!(lines.iter().map(|line| (line.rate, line.amount)).collect::<Vec<_>>(), [(dec("13.04"), dec("26.08")), (dec("1"), dec("2"))]);
}

#[tokio::test]
async fn discounts_are_lines_below_nothing() {
    let world = World::new().await;
    let tenth = json!({ "item": item(&world, "DISCOUNT"), "rate": "-10%" });
    let lines = [line(&world, "BOOK-TRAILS", "1", "40"), tenth, line(&world, "BOOK-TRAILS", "-1", "5")];
    let body = json!({ "entity": { "id": "201" }, "location": { "id": "1" }, "orderStatus": { "id": "B" }, "item": { "items": lines } });
    let order = world.post("/record/v1/salesOrder", &body).await.made();
    // 40 − 4 − 5, and 0.60 less of tax for the discount.
    assert_eq!(world.sandbox.netsuite().total(order), Some(dec("30.40")));
    world.sandbox.netsuite().bill_fully(order).unwrap();
    let bill = world.sandbox.netsuite().bills_of(order).remove(0);
    assert_eq!((bill.lines.len(), world.sandbox.netsuite().bill_total(bill.id).unwrap().0, world.status(order)), (3, dec("30.40"), 'G'));
}

#[tokio::test]
async fn an_exchange_puts_back_what_has_a_quantity_below_nothing() {
    let world = World::new().await;
    let body = cash_sale("x", &[line(&world, "JERSEY-WOOL", "1", "156.52"), line(&world, "MUG-ENAMEL", "-1", "13.04")]);
    world.post("/record/v1/cashSale", &body).await.made();
    let held = |sku: &str| world.sandbox.netsuite().stock(sku, "Ponsonby").unwrap();
    assert_eq!((held("JERSEY-WOOL"), held("MUG-ENAMEL")), (dec("99999"), dec("100001")));
    let body = cash_sale("y", &[line(&world, "MUG-ENAMEL", "-1", "13.04")]);
    world.post("/record/v1/cashSale", &body).await.refuses(400, "USER_ERROR", "cannot be negative");
}

#[tokio::test]
async fn customers_are_made_once_under_their_name_and_found_by_their_key() {
    let world = World::new().await;
    let body = json!({ "externalId": "c-1", "isPerson": true, "firstName": "Ana", "lastName": "Reed", "email": "ana@example.com", "subsidiary": { "id": "1" } });
    let id = world.post("/record/v1/customer", &body).await.made();
    assert_eq!(world.get("/record/v1/customer/eid:c-1").await.body["id"], id.to_string());
    let rows = world.rows("SELECT id, isperson, email, subsidiary FROM customer WHERE externalid IN ('c-1', 'c-2')").await;
    assert_eq!(rows, [json!({ "id": id.to_string(), "isperson": "T", "email": "ana@example.com", "subsidiary": "1" })]);
    let with = |field: &str, value: Value| {
        let mut body = json!({ "isPerson": false, "companyName": "Reed Ltd", "subsidiary": { "id": "1" } });
        body[field] = value;
        body
    };
    let mut again = body.clone();
    world.post("/record/v1/customer", &again).await.refuses(400, "USER_ERROR", "already exists");
    again["externalId"] = json!("c-2");
    world.post("/record/v1/customer", &again).await.refuses(400, "USER_ERROR", "This entity already exists.");
    for (body, code, text) in [
        (with("companyName", Value::Null), "USER_ERROR", "Please enter value(s) for: Company Name"),
        (with("isPerson", json!(true)), "USER_ERROR", "Please enter value(s) for: First Name, Last Name"),
        (with("subsidiary", Value::Null), "USER_ERROR", "Please enter value(s) for: Primary Subsidiary"),
        (with("subsidiary", json!({ "id": "9" })), "INVALID_CONTENT", "subsidiary"),
        (with("email", json!("no address")), "INVALID_CONTENT", "email"),
        (with("company", json!("x")), "INVALID_CONTENT", "unknown property name 'company'"),
    ] {
        world.post("/record/v1/customer", &body).await.refuses(400, code, text);
    }
    world.patch(&format!("/record/v1/customer/{id}"), &json!({ "isInactive": true })).await.made();
    let body = json!({ "entity": { "id": id.to_string() }, "item": { "items": [line(&world, "MUG-ENAMEL", "1", "1")] } });
    world.post("/record/v1/salesOrder", &body).await.refuses(400, "INVALID_CONTENT", "entity");
}

#[tokio::test]
async fn told_tax_is_taken_to_the_cent_where_the_feature_is_on() {
    let world = World::new().await;
    let mut mug = line(&world, "MUG-ENAMEL", "1", "13.04");
    mug["taxDetailsReference"] = json!("a");
    let detail = |reference: &str, amount: f64| json!({ "taxDetailsReference": reference, "taxType": { "id": "5" }, "taxCode": { "id": "8" }, "taxBasis": 13.04, "taxRate": 15, "taxAmount": amount });
    let told = |mut body: Value, details: &[Value]| {
        body["taxDetailsOverride"] = json!(true);
        body["taxDetails"] = json!({ "items": details });
        body
    };
    let lines = [mug.clone(), line(&world, "TOWEL-CAMP", "1", "17.39")];
    for (record, body) in [
        ("cashSale", cash_sale("t", &lines)),
        ("invoice", invoice("t", &lines)),
        ("salesOrder", invoice("t", &lines)),
        ("creditMemo", invoice("t", &lines)),
        ("cashRefund", cash_sale("t", &lines)),
    ] {
        let body = if record == "creditMemo" {
            {
                let mut body = body;
                body.as_object_mut().unwrap().remove("terms");
                body
            }
        } else {
            body
        };
        let path = format!("/record/v1/{record}");
        world.post(&path, &told(body.clone(), &[detail("b", 1.97)])).await.refuses(400, "INVALID_CONTENT", "taxDetailsReference");
        let mut wrong = detail("a", 1.97);
        wrong["taxCode"] = json!({ "id": "77" });
        world.post(&path, &told(body.clone(), &[wrong])).await.refuses(400, "INVALID_CONTENT", "taxCode");
        let id = world.post(&path, &told(body, &[detail("a", 1.97)])).await.made();
        let shown = world.get(&format!("{path}/{id}?expandSubResources=true")).await.body;
        // What no detail speaks of has no tax.
        assert_eq!((&shown["taxTotal"], &shown["total"]), (&json!(1.97), &json!(32.4)), "{record}");
        assert_eq!((shown["taxDetails"]["items"].as_array().unwrap().len(), &shown["taxDetailsOverride"]), (1, &json!(true)));
    }
    let order = world.sandbox.netsuite().by_external_id(TransactionKind::SalesOrder, "t").unwrap().id;
    world.patch(&format!("/record/v1/salesOrder/{order}"), &json!({ "orderStatus": "B" })).await.made();
    world.sandbox.netsuite().bill_fully(order).unwrap();
    assert_eq!(world.sandbox.netsuite().bill_total(world.sandbox.netsuite().bills_of(order)[0].id).unwrap().0, dec("32.40"));

    world.sandbox.netsuite().set_preferences(|preferences| preferences.suite_tax = false);
    let body = told(cash_sale("u", &[line(&world, "MUG-ENAMEL", "1", "13.04")]), &[]);
    world.post("/record/v1/cashSale", &body).await.refuses(400, "INVALID_CONTENT", "taxDetails");
    world.post("/record/v1/cashSale", &cash_sale("u", &[mug])).await.refuses(400, "INVALID_CONTENT", "taxDetailsReference");
    let plain = world.post("/record/v1/cashSale", &cash_sale("u", &[line(&world, "MUG-ENAMEL", "1", "13.04")])).await.made();
    let shown = world.get(&format!("/record/v1/cashSale/{plain}")).await.body;
    assert_eq!((&shown["taxTotal"], &shown["taxDetails"]), (&json!(1.96), &Value::Null));
}

#[tokio::test]
async fn a_cut_connection_leaves_the_cash_sale_and_its_key_finds_it() {
    let world = World::new().await;
    let body = cash_sale("cs-1", &[line(&world, "MUG-ENAMEL", "1", "13.04")]);
    world.token().await;
    world.sandbox.netsuite().faults().once(Class::Write, Injection::CutAfter);
    assert!(world.request(Method::POST, "/record/v1/cashSale").await.json(&body).send().await.is_err());
    assert_eq!(world.sandbox.netsuite().counts()["cash_sales"], 1);
    world.sandbox.netsuite().faults().once(Class::Write, Injection::FailBefore);
    let answer = world.post("/record/v1/customerDeposit", &json!({ "customer": { "id": "201" }, "payment": 5 })).await;
    assert!(answer.status >= 500, "{answer:?}");
    assert!(world.sandbox.netsuite().deposits().is_empty());
    assert_eq!(world.get("/record/v1/cashSale/eid:cs-1").await.status, 200);
}
