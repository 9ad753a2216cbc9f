//! The query service.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tillbridge::sandbox::NewSalesOrder;

use super::calls::{World, dec};

#[tokio::test]
async fn the_transient_preference_is_mandatory() {
    let world = World::new().await;
    let request = world.request(Method::POST, "/query/v1/suiteql").await;
    let answer = world.send(request.json(&json!({ "q": "SELECT id FROM item" }))).await;
    answer.refuses(400, "INVALID_HEADER", "Prefer");
    assert_eq!(world.query("SELECT id FROM item").await.header("preference-applied"), "transient");
}

#[tokio::test]
async fn keys_are_lower_case_values_are_texts_and_nulls_are_left_out() {
    let world = World::new().await;
    let rows = world.rows("SELECT ID, EntityId AS Name, companyname FROM customer WHERE id IN (201, '205') ORDER BY id").await;
    assert_eq!(
        rows,
        [
            json!({ "id": "201", "name": "201 Aroha Ngata" }),
            json!({ "id": "205", "name": "205 Tramping Club", "companyname": "Tramping Club" }),
        ]
    );
}

#[tokio::test]
async fn an_order_is_found_with_its_letter_and_its_status_in_words() {
    let world = World::new().await;
    let new =
        NewSalesOrder { external_id: Some("x-1".into()), ..NewSalesOrder::of("201", "Ponsonby", [("MUG-ENAMEL", dec("1"), dec("9"))]) }
            .with("custbody_tillbridge_send", true);
    let order = world.sandbox.netsuite().create_sales_order(&new).unwrap().to_string();
    let rows = world
        .rows(
            "SELECT t.id, t.tranid, t.status, BUILTIN.DF(t.status) AS shown, t.custbody_tillbridge_send AS send, BUILTIN.DF(t.entity) who \
               FROM transaction t WHERE t.type = 'SalesOrd' AND t.externalid = 'x-1'",
        )
        .await;
    let expected = json!({ "id": order, "tranid": "SO1001", "status": "B", "shown": "Sales Order : Pending Fulfillment", "send": "T",
                           "who": "201 Aroha Ngata" });
    assert_eq!(rows, [expected]);
}

#[tokio::test]
async fn line_quantities_of_a_sale_are_negative_and_what_shipped_is_not() {
    let world = World::new().await;
    let order = world.order();
    let lines = world.lines(order);
    world.ship(order, &[(lines[0], 3)]).await.made();
    let rows = world
        .rows(&format!(
            "SELECT tl.id AS line, tl.quantity raw, ABS(NVL(tl.quantity,0)) qty, NVL(tl.quantityshiprecv,0) shipped, \
             NVL(tl.quantitybilled,0) billed, tl.itemtype, BUILTIN.DF(tl.item) AS sku, NVL(tl.isclosed,'F') closed \
             FROM transactionline tl WHERE tl.transaction = {order} AND tl.mainline='F' AND NVL(tl.taxline,'F')='F' ORDER BY tl.id"
        ))
        .await;
    let first = json!({ "line": lines[0].to_string(), "raw": "-5", "qty": "5", "shipped": "3", "billed": "0", "itemtype": "InvtPart",
                        "sku": "SCARF-MERINO", "closed": "F" });
    assert_eq!((rows.len(), &rows[0]), (2, &first));
}

#[tokio::test]
async fn children_are_found_linked_and_by_created_from() {
    let world = World::new().await;
    let (order, other) = (world.order(), world.order());
    world.sandbox.netsuite().bill_fully(order).unwrap();
    world.sandbox.netsuite().bill_fully(other).unwrap();
    let linked = world
        .rows(&format!(
            "SELECT n.nextdoc, t.type, t.status FROM NextTransactionLink n JOIN transaction t ON t.id = n.nextdoc \
             WHERE n.previousdoc = {order} ORDER BY t.id"
        ))
        .await;
    assert_eq!(
        linked.iter().map(|row| (&row["type"], &row["status"])).collect::<Vec<_>>(),
        [(&json!("ItemShip"), &json!("C")), (&json!("CustInvc"), &json!("A")),]
    );
    let created = world
        .rows(&format!(
            "SELECT DISTINCT tl.transaction, t.type FROM transactionline tl JOIN transaction t ON t.id = tl.transaction \
             WHERE tl.createdfrom = '{order}' AND t.type IN ('ItemShip','CustInvc','CashSale') ORDER BY tl.transaction"
        ))
        .await;
    assert_eq!(
        created.iter().map(|row| &row["transaction"]).collect::<Vec<_>>(),
        linked.iter().map(|row| &row["nextdoc"]).collect::<Vec<_>>()
    );
    let back = world
        .rows(&format!("SELECT previousdoc FROM PreviousTransactionLink WHERE nextdoc = {}", linked[1]["nextdoc"].as_str().unwrap()))
        .await;
    assert_eq!(back, [json!({ "previousdoc": order.to_string() })]);
}

#[tokio::test]
async fn times_are_in_the_accounts_zone() {
    let world = World::new().await;
    let early = world.order();
    world.clock.advance(Duration::from_mins(1));
    let late = world.order();
    // 01:02:03 UTC is 14:02:03 in Auckland in November.
    let since = |time: &str| {
        format!(
            "SELECT id, TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS at, trandate FROM transaction WHERE type = 'SalesOrd' \
             AND lastmodifieddate >= TO_DATE('2026-11-23 {time}', 'YYYY-MM-DD HH24:MI:SS') ORDER BY lastmodifieddate, id"
        )
    };
    let rows = world.rows(&since("14:02:03")).await;
    assert_eq!(rows[0], json!({ "id": early.to_string(), "at": "2026-11-23 14:02:03", "trandate": "23/11/2026" }));
    let rows = world.rows(&since("14:02:04")).await;
    assert_eq!(rows.iter().map(|row| &row["id"]).collect::<Vec<_>>(), [&json!(late.to_string())]);
}

#[tokio::test]
async fn a_date_written_another_way_than_the_accounts_is_refused() {
    let world = World::new().await;
    world.order();
    let query = |text: &str| format!("SELECT id FROM transaction WHERE trandate = '{text}'");
    assert_eq!(world.rows(&query("23/11/2026")).await.len(), 1);
    world.query(&query("2026-11-23")).await.refuses(400, "USER_ERROR", "is not a date");
    world.query("SELECT id FROM transaction WHERE trandate = TO_DATE('11/23/2026', 'DD/MM/YYYY')").await.refuses(
        400,
        "USER_ERROR",
        "is not a date",
    );
}

#[tokio::test]
async fn pages_are_cut_by_limit_and_offset_and_say_whether_there_is_more() {
    let world = World::new().await;
    let page = |limit: usize, offset: usize| format!("/query/v1/suiteql?limit={limit}&offset={offset}");
    let ask = async |path: String| {
        let request = world.request(Method::POST, &path).await.header("prefer", "transient");
        world.send(request.json(&json!({ "q": "SELECT id FROM item ORDER BY id" }))).await
    };
    let first = ask(page(5, 0)).await;
    assert_eq!((&first.body["count"], &first.body["hasMore"], &first.body["totalResults"]), (&json!(5), &json!(true), &json!(34)));
    let last = ask(page(5, 32)).await;
    assert_eq!((&last.body["count"], &last.body["hasMore"], &last.body["offset"]), (&json!(2), &json!(false), &json!(32)));
    ask(page(1001, 0)).await.refuses(400, "INVALID_PARAMETER", "limit");
    assert_eq!(
        world.rows("SELECT id FROM item ORDER BY id DESC FETCH FIRST 2 ROWS ONLY").await,
        [json!({ "id": "156" }), json!({ "id": "155" })]
    );
}

#[tokio::test]
async fn unknown_fields_tables_and_functions_are_named() {
    let world = World::new().await;
    for (query, text) in [
        ("SELECT foo FROM item", "Search error occurred: Field 'foo' not found."),
        ("SELECT t.createdfrom FROM transaction t", "Field 'createdfrom' not found."),
        ("SELECT t.location FROM transaction t", "Field 'location' not found."),
        ("SELECT t.custbody_nobody FROM transaction t", "Field 'custbody_nobody' not found."),
        ("SELECT id FROM item WHERE colour = 'red'", "Field 'colour' not found."),
        ("SELECT x.id FROM item i", "Field 'id' not found."),
        ("SELECT id FROM widgets", "Record 'widgets' was not found."),
        ("SELECT MAGIC(id) FROM item", "Unknown identifier 'MAGIC'."),
        ("SELECT id FROM item LIMIT 5", "Invalid or unsupported search"),
        ("SELECT id FROM item WHERE itemid = 'x", "a text has no end"),
        ("DELETE FROM item", "Invalid or unsupported search"),
        ("SELECT id FROM item WHERE id = ?", "more ? than params"),
    ] {
        world.query(query).await.refuses(400, "USER_ERROR", text);
    }
}

#[tokio::test]
async fn conditions_read_like_the_dialects() {
    let world = World::new().await;
    let count = async |condition: &str| world.rows(&format!("SELECT i.itemid FROM item i WHERE {condition}")).await.len();
    assert_eq!(count("i.itemid LIKE 'PACK-%'").await, 2);
    assert_eq!(count("i.itemid NOT LIKE 'PACK-%' AND i.itemtype = 'Kit'").await, 4);
    assert_eq!(count("UPPER(i.displayname) = 'MERINO SCARF' OR LOWER(i.itemid) = 'mug-enamel'").await, 2);
    assert_eq!(count("i.itemid IN ('MUG-ENAMEL','SCARF-MERINO','NOTHING')").await, 2);
    assert_eq!(count("i.externalid IS NULL").await, 34);
    assert_eq!(count("i.externalid IS NOT NULL").await, 0);
    assert_eq!(count("NOT (i.isserialitem = 'T' OR i.islotitem = 'T') AND i.itemtype = 'InvtPart'").await, 18);
    assert_eq!(count("i.id BETWEEN 101 AND 103 AND i.id <> 102").await, 2);
    assert_eq!(count("i.itemid = 'it''s'").await, 0);
    assert_eq!(count("i.externalid = 'x' OR 1 = 1").await, 34);
    assert_eq!(count("TO_NUMBER('101') = i.id AND 2 * (1 + 1) = 4").await, 1);
}

#[tokio::test]
async fn bound_parameters_are_taken() {
    let world = World::new().await;
    let request = world.request(Method::POST, "/query/v1/suiteql").await.header("prefer", "transient");
    let body = json!({ "q": "SELECT id FROM item WHERE itemid = ? AND id = ?", "params": ["MUG-ENAMEL", "111"] });
    assert_eq!(world.send(request.json(&body)).await.body["count"], 1);
    let request = world.request(Method::POST, "/query/v1/suiteql").await.header("prefer", "transient");
    let answer = world.send(request.json(&json!({ "q": "SELECT id FROM item WHERE itemid = ?", "params": [null] }))).await;
    answer.refuses(400, "USER_ERROR", "null as a parameter");
}

#[tokio::test]
async fn rows_are_counted_grouped_and_left_joined() {
    let world = World::new().await;
    assert_eq!(world.rows("SELECT COUNT(*) AS n FROM item").await, [json!({ "n": "34" })]);
    assert_eq!(world.rows("SELECT COUNT(*) AS n FROM transaction").await, [json!({ "n": "0" })]);
    let kinds = world.rows("SELECT itemtype, COUNT(id) n FROM item GROUP BY itemtype ORDER BY n DESC, itemtype").await;
    assert_eq!(kinds[0], json!({ "itemtype": "InvtPart", "n": "21" }));
    let members = world
        .rows(
            "SELECT k.itemid, BUILTIN.DF(m.item) AS member FROM item k LEFT JOIN itemmember m ON m.parentitem = k.id \
               WHERE k.itemid IN ('KIT-WEEKEND', 'MUG-ENAMEL') ORDER BY k.itemid, member",
        )
        .await;
    assert_eq!((members.len(), &members[3]), (4, &json!({ "itemid": "MUG-ENAMEL" })));
}

#[tokio::test]
async fn lots_are_found_where_they_are() {
    let world = World::new().await;
    let rows = world
        .rows(
            "SELECT n.id, n.inventorynumber, l.quantityavailable FROM inventorynumber n JOIN inventorynumberlocation l \
               ON l.inventorynumber = n.id JOIN item i ON i.id = n.item \
               WHERE i.itemid = 'MEAL-LAMB' AND BUILTIN.DF(l.location) = 'Ponsonby' ORDER BY n.id",
        )
        .await;
    assert_eq!(rows.iter().map(|row| &row["quantityavailable"]).collect::<Vec<_>>(), [&json!("50000"), &json!("50000")]);
}

#[tokio::test]
async fn periods_locations_and_payment_methods_can_be_asked_for() {
    let world = World::new().await;
    world.sandbox.netsuite().set_period_closed(jiff::civil::date(2026, 10, 5), true);
    let rows = world
        .rows(
            "SELECT periodname, closed FROM accountingperiod WHERE isquarter = 'F' AND isyear = 'F' AND startdate <= TO_DATE('2026-11-01', 'YYYY-MM-DD') \
               AND enddate >= TO_DATE('2026-10-31', 'YYYY-MM-DD') ORDER BY startdate",
        )
        .await;
    assert_eq!(rows, [json!({ "periodname": "Oct 2026", "closed": "T" }), json!({ "periodname": "Nov 2026", "closed": "F" })]);
    assert_eq!(world.rows("SELECT name FROM location ORDER BY id").await.len(), 3);
    assert_eq!(world.rows("SELECT id FROM paymentmethod WHERE name = 'Card'").await, [json!({ "id": "2" })]);
    assert_eq!(world.rows("SELECT itemid FROM salestaxitem ORDER BY id").await.len(), 2);
    assert_eq!(world.rows("SELECT id FROM department").await.len(), 2);
    let account = world.rows("SELECT accountsearchdisplayname AS name FROM account WHERE id = 2").await;
    assert_eq!(account, [json!({ "name": "1100 Undeposited Funds" })]);
}
