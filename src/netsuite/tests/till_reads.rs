use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::server::{Server, client, ok, refused, rows};
use crate::domain::failure::FailureClass;
use crate::domain::ids::RecordId;
use crate::domain::record::{Money, RecordKind};
use crate::domain::sales_order::ItemKind;
use crate::domain::verdict::Reason;

fn id(text: &str) -> RecordId {
    RecordId::from(text)
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[tokio::test]
async fn records_are_found_by_our_keys_each_once() {
    let server = Server::start(|_| {
        rows(
            &json!([
                {"links": [], "id": "4001", "type": "CashSale", "tranid": "CS9", "status": "CashSale:B", "externalid": "tb-cs-1"},
                {"links": [], "id": "4001", "type": "CashSale", "externalid": "tb-cs-1"},
                {"links": [], "id": "4002", "type": "RtnAuth", "externalid": "tb-ra-1"},
                {"links": [], "id": "4003", "type": "Journal", "externalid": "tb-so-1"}
            ]),
            false,
        )
    })
    .await;
    let found = client(&server).booked(&keys(&["tb-cs-1", "tb-ra-1", "tb-so-1"])).await.unwrap();
    let list: Vec<_> = found.iter().map(|record| (record.kind, record.id.as_str(), record.external_id.as_deref().unwrap())).collect();
    assert_eq!(list, [(RecordKind::CashSale, "4001", "tb-cs-1"), (RecordKind::ReturnAuthorization, "4002", "tb-ra-1")]);
    assert_eq!((found[0].number.as_deref(), found[0].status.as_deref()), (Some("CS9"), Some("B")));
    assert!(server.only().query().contains("WHERE t.externalid IN ('tb-cs-1', 'tb-ra-1', 'tb-so-1') ORDER BY t.id"));
    assert!(client(&server).booked(&keys(&["a|b"])).await.is_err());
    assert!(client(&server).booked(&[]).await.unwrap().is_empty());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_credit_memo_tells_what_is_left_of_it_and_an_order_its_own_lines() {
    let server = Server::start(|seen| {
        if seen.target.contains("creditMemo") {
            ok(&json!({"id": "4001", "total": 115, "taxTotal": 15, "unapplied": 15, "amountRemaining": 0, "item": {"items": [
                {"line": 1, "item": {"id": "55"}, "quantity": 2, "orderLine": 1}]}}))
        } else {
            ok(&json!({"id": "766", "total": 115, "item": {"items": [{"line": 3, "item": {"id": "55"}, "quantity": 2}]}}))
        }
    })
    .await;
    let client = client(&server);
    let credit = client.bill(RecordKind::CreditMemo, &id("4001")).await.unwrap().unwrap();
    assert_eq!(credit.remaining.unwrap().to_string(), "15");
    let order = client.bill(RecordKind::SalesOrder, &id("766")).await.unwrap().unwrap();
    assert_eq!((order.total.unwrap().to_string().as_str(), order.lines[0].0), ("115", 3));
    let targets: Vec<String> = server.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets[0], "/services/rest/record/v1/creditMemo/4001?expandSubResources=true");
    assert_eq!(targets[1], "/services/rest/record/v1/salesOrder/766?expandSubResources=true");
}

#[tokio::test]
async fn a_return_authorisation_is_read_with_what_came_back() {
    let server = Server::start(|_| {
        ok(&json!({"id": "4002", "tranId": "RA7", "status": {"id": "F", "refName": "Pending Refund/Partially Received"}, "item": {"items": [
            {"line": 1, "item": {"id": "55"}, "itemType": "InvtPart", "quantity": 2, "quantityReceived": 1, "quantityFulfilled": 0,
             "quantityBilled": 0}]}}))
    })
    .await;
    let authorized = client(&server).return_authorization(&id("4002")).await.unwrap();
    assert_eq!(authorized.number, "RA7");
    assert_eq!((authorized.lines[0].quantity.to_string(), authorized.lines[0].fulfilled.to_string()), ("2".to_owned(), "1".to_owned()));
    let gone = Server::start(|_| refused(404, "NONEXISTENT_ID", "The record instance does not exist.")).await;
    let error = client(&gone).return_authorization(&id("4002")).await.unwrap_err();
    assert_eq!(error.class(false), FailureClass::Refused(Reason::RecordGone));
    assert_eq!(error.to_string(), "NetSuite no longer has the return authorisation 4002");
}

#[tokio::test]
async fn the_taxes_of_a_record_are_read_by_their_reference_in_both_forms() {
    for reference in [json!("l1"), json!({"id": "l1", "refName": "1"})] {
        let line = json!({"line": 1, "item": {"id": "55"}, "itemType": "InvtPart", "quantity": 1, "taxDetailsReference": "l1"});
        let tax = json!({"taxDetailsReference": reference, "taxAmount": 1.5, "taxRate": 15, "taxCode": {"id": "9"}});
        let order = json!({"id": "766", "tranId": "SO1", "status": {"id": "B"}, "item": {"items": [line]}, "taxDetails": {"items": [tax]}});
        let server = Server::start(move |_| ok(&order)).await;
        let order = client(&server).sales_order(&id("766")).await.unwrap().unwrap();
        assert_eq!((order.lines[0].tax.unwrap().to_string().as_str(), order.lines[0].tax_code.as_ref().unwrap().id.as_str()), ("1.5", "9"));
    }
}

#[tokio::test]
async fn a_sku_names_its_items_in_any_case_and_a_kit_tells_what_it_is_made_of() {
    let server = Server::start(|seen| {
        let query = seen.query();
        if query.contains("itemmember") {
            rows(&json!([{"parentitem": "60", "item": "55", "quantity": "2"}, {"parentitem": "60", "item": "56", "quantity": "1"}]), false)
        } else if query.contains("UPPER(i.custitem_sku)") {
            rows(
                &json!([{"id": "60", "itemid": "SET", "itemtype": "Kit", "custitem_sku": "o'SET"},
                        {"id": "61", "itemid": "MUG", "itemtype": "InvtPart", "isserialitem": "T", "custitem_sku": "MUG"}]),
                false,
            )
        } else {
            rows(
                &json!([{"id": "55", "itemtype": "InvtPart", "islotitem": "T"}, {"id": "56", "itemtype": "InvtPart", "usebins": "T"}]),
                false,
            )
        }
    })
    .await;
    let client = client(&server);
    let items = client.items_by_sku(&keys(&["O'Set ", "mug"]), "custitem_SKU").await.unwrap();
    let items = client.with_members(items).await.unwrap();
    assert!(server.seen()[0].query().contains("UPPER(i.custitem_sku) IN ('O''SET', 'MUG') AND i.isinactive = 'F'"));
    assert!(server.seen()[1].query().contains("m.parentitem IN (60)"), "only kits are asked for");
    assert_eq!((items[0].name.as_str(), &items[0].kind, items[1].serial), ("SET", &ItemKind::Kit, true));
    assert!(items[0].has_tracked_members() && items[1].members.is_empty() && items[1].is_tracked());
    let members: Vec<_> =
        items[0].members.iter().map(|member| (member.item.as_str(), member.quantity.to_string(), member.lot, member.bins)).collect();
    assert_eq!(members, [("55", "2".to_owned(), true, false), ("56", "1".to_owned(), false, true)]);
}

#[tokio::test]
async fn members_that_are_not_shown_are_none_and_a_failure_is_no_answer() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let server = Server::start(move |seen| {
        if seen.query().contains("member") {
            count.fetch_add(1, Ordering::SeqCst);
            return refused(400, "INVALID_PARAMETER", "Invalid search query. Search error occurred: Record 'itemmember' was not found.");
        }
        rows(&json!([{"id": "60", "itemid": "SET", "itemtype": "Kit"}]), false)
    })
    .await;
    let client_of = client(&server);
    let items = client_of.active_items(&keys(&["60"]), "itemid").await.unwrap();
    assert!(client_of.with_members(items.clone()).await.unwrap()[0].members.is_empty());
    assert_eq!(asked.load(Ordering::SeqCst), 2, "one name of the table and the other");
    let broken = Server::start(|_| refused(500, "UNEXPECTED_ERROR", "An unexpected error occurred.")).await;
    assert!(client(&broken).with_members(items).await.is_err());
}

#[tokio::test]
async fn customers_are_found_by_key_mail_number_and_name() {
    let server = Server::start(|seen| {
        if seen.method == "GET" {
            return if seen.target.ends_with("eid:tb-cust-c1-1") {
                ok(&json!({"links": [{"rel": "self", "href": "https://x/record/v1/customer/107"}], "entityId": "CUS-1"}))
            } else {
                refused(404, "NONEXISTENT_ID", "The record instance does not exist.")
            };
        }
        let query = seen.query();
        assert!(query.ends_with("AND c.isinactive = 'F' ORDER BY c.id"), "{query}");
        if query.contains("c.id = 107") || query.contains("LOWER(c.email) = 'ada@example.com'") || query.contains("'CUS-1'") {
            rows(&json!([{"id": "107", "entityid": "CUS-1", "isperson": "T", "firstname": "Ada", "email": "ADA@example.com"}]), false)
        } else {
            rows(&json!([]), false)
        }
    })
    .await;
    let client = client(&server);
    assert_eq!(client.customer_by_key("tb-cust-c1-1").await.unwrap().unwrap().id, "107");
    assert_eq!(client.customer_by_key("tb-cust-c2-1").await.unwrap(), None);
    let by_mail = client.customers_by_email(" Ada@Example.com").await.unwrap();
    assert_eq!((by_mail[0].id.as_str(), by_mail[0].is_person, by_mail[0].first_name.as_deref()), ("107", Some(true), Some("Ada")));
    assert_eq!(client.customers_by_number("cus-1").await.unwrap().len(), 1);
    assert_eq!(client.customers_named("Cus-1").await.unwrap().len(), 1);
    assert_eq!(client.customers_named("107").await.unwrap().len(), 1, "an internal id, where nobody is called so");
    assert!(client.customers_named("O'Brien' OR 1=1").await.unwrap().is_empty());
    assert!(server.seen().last().unwrap().query().contains("UPPER(c.companyname) = 'O''BRIEN'' OR 1=1'"));
}

#[tokio::test]
async fn customers_are_found_where_the_account_lacks_a_column_and_not_where_it_hides_them_all() {
    let server = Server::start(|seen| {
        if seen.query().contains("c.phone") {
            return refused(400, "INVALID_PARAMETER", "Search error occurred: Field 'phone' for record 'customer' was not found.");
        }
        rows(&json!([{"id": "107", "entityid": "CUS-1", "email": "ada@example.com"}]), false)
    })
    .await;
    let found = client(&server).customers_by_email("ada@example.com").await.unwrap();
    assert_eq!((found[0].id.as_str(), found[0].phone.as_deref()), ("107", None));
    assert_eq!(server.seen().len(), 2);
    // None would make a second customer.
    let hidden = Server::start(|_| refused(400, "INVALID_PARAMETER", "Search error occurred: Record 'customer' was not found.")).await;
    assert!(client(&hidden).customers_by_email("ada@example.com").await.is_err());
}

#[tokio::test]
async fn the_subsidiary_of_a_location_is_told_on_accounts_that_have_some() {
    let server = Server::start(|_| rows(&json!([{"id": "4", "subsidiary": "2"}]), false)).await;
    assert_eq!(client(&server).subsidiary_of("4").await.unwrap().as_deref(), Some("2"));
    assert!(server.only().query().contains("l.id = 4"));
    let one = Server::start(|seen| {
        if seen.query().contains("l.subsidiary") {
            return refused(400, "INVALID_PARAMETER", "Search error occurred: Field 'subsidiary' for record 'location' was not found.");
        }
        rows(&json!([{"id": "4"}]), false)
    })
    .await;
    assert_eq!(client(&one).subsidiary_of("4").await.unwrap(), None);
}

#[tokio::test]
async fn tax_codes_are_read_as_the_account_tells_them() {
    let server = Server::start(|seen| {
        let query = seen.query();
        if query.contains("x.itemid") {
            return refused(400, "INVALID_PARAMETER", "Search error occurred: Field 'itemid' for record 'salestaxitem' was not found.");
        }
        if query.contains("x.rate") {
            return refused(400, "INVALID_PARAMETER", "Search error occurred: Field 'rate' for record 'salestaxitem' was not found.");
        }
        rows(&json!([{"id": "9", "name": "GST 15", "taxtype": "5"}]), false)
    })
    .await;
    let codes = client(&server).tax_codes().await.unwrap();
    assert_eq!((codes[0].name.as_str(), codes[0].tax_type.as_deref(), codes[0].rate), ("GST 15", Some("5"), None));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn periods_are_months_and_locked_receivables_close_them() {
    let server = Server::start(|_| {
        rows(
            &json!([
                {"id": "1", "periodname": "Oct 2026", "startdate": "2026-10-01", "enddate": "2026-10-31", "closed": "T", "arlocked": "T"},
                {"id": "2", "periodname": "Nov 2026", "startdate": "2026-11-01", "enddate": "2026-11-30", "closed": "F", "arlocked": "T"},
                {"id": "3", "periodname": "Dec 2026", "startdate": "2026-12-01", "enddate": "2026-12-31", "closed": "F", "arlocked": "F"}
            ]),
            false,
        )
    })
    .await;
    let periods = client(&server).periods().await.unwrap();
    assert_eq!(periods.iter().map(|period| period.closed).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!((periods[1].name.as_str(), periods[1].end.to_string().as_str()), ("Nov 2026", "2026-11-30"));
    let query = server.only().query();
    assert!(query.contains("TO_CHAR(p.startdate,'YYYY-MM-DD') AS startdate"), "{query}");
    assert!(query.contains("p.isquarter = 'F' AND p.isyear = 'F' AND p.isadjust = 'F'"), "{query}");
}

#[tokio::test]
async fn a_list_that_is_not_shown_is_empty_and_a_failure_is_not() {
    for reply in [
        refused(400, "INVALID_PARAMETER", "Invalid search query. Search error occurred: Record 'accountingperiod' was not found."),
        refused(403, "INSUFFICIENT_PERMISSION", "You do not have permission."),
    ] {
        let server = Server::start(move |_| reply.clone()).await;
        assert!(client(&server).periods().await.unwrap().is_empty());
        assert!(client(&server).tax_codes().await.unwrap().is_empty());
    }
    let broken = Server::start(|_| refused(400, "INVALID_PARAMETER", "Invalid search query.")).await;
    assert!(client(&broken).periods().await.is_err(), "a query that is wrong is a mistake of ours");
}

#[tokio::test]
async fn payments_are_read_where_the_account_lacks_a_column() {
    let server = Server::start(|seen| {
        let query = seen.query();
        if let Some(column) = ["paymentmethod", "foreignpaymentamountunused"].into_iter().find(|column| query.contains(column)) {
            let told = format!("Search error occurred: Field '{column}' for record 'transaction' was not found.");
            return refused(400, "INVALID_PARAMETER", &told);
        }
        rows(&json!([{"id": "8", "foreigntotal": "-23.00"}]), false)
    })
    .await;
    let money = client(&server).money_of(&["8".into(), "9".into()]).await.unwrap();
    assert_eq!(money, [Money { amount: Some("23.00".parse().unwrap()), ..Money::untold("8".into()) }]);
    assert_eq!(server.seen().len(), 3);
}
