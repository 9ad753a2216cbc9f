//! What happens to a till's sales later: instalments, changes, hand-overs, returns, refunds, exchanges.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use percent_encoding::percent_decode_str;
use reqwest::Method;
use serde_json::{Value, json};
use tillbridge::sandbox::{
    AdjustmentKind, BroughtBack, NewAdjustment, Sale, SaleState, Tender, Ticket, TicketLine, WebhookTarget, XSeriesHandle,
};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::calls::{World, dec};
use super::x_series_desk::{pending, ticket};

fn stands(shop: &XSeriesHandle, id: Uuid) -> Sale {
    shop.sale(id).unwrap()
}

fn brought(sale: &Sale, line: usize, quantity: &str, reason: Option<&str>) -> BroughtBack {
    BroughtBack { line: sale.lines[line].id, quantity: dec(quantity), reason: reason.map(str::to_owned) }
}

#[tokio::test]
async fn a_layby_is_paid_in_instalments_some_told_late_and_one_corrected() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let new = pending(&[("JERSEY-WOOL", "1")], &["layby"]);
    let id = shop.sell(&Ticket { payments: vec![Tender::of("Cash", dec("50"))], ..new }).unwrap();
    let mut versions = vec![stands(shop, id).version];
    world.clock.advance(Duration::from_hours(48));
    let second = shop.take_payment(id, &Tender::of("Card", dec("40"))).unwrap();
    versions.push(stands(shop, id).version);
    let early = "2026-11-22T20:00:00Z".parse().unwrap();
    shop.take_payment(id, &Tender { date: Some(early), ..Tender::of("Cash", dec("30")) }).unwrap();
    versions.push(stands(shop, id).version);
    shop.edit_payment(id, second, dec("45")).unwrap();
    versions.push(stands(shop, id).version);
    assert!(versions.is_sorted_by(|one, next| one < next), "every change has its version: {versions:?}");
    let shown = world.nested(id).await;
    let payments: Vec<_> = shown["payments"].as_array().unwrap().iter().map(|row| (row["date"].clone(), row["amount"].clone())).collect();
    assert_eq!(
        payments,
        [
            (json!("2026-11-23T01:02:03+00:00"), json!(50)),
            (json!("2026-11-25T01:02:03+00:00"), json!(45)),
            (json!("2026-11-22T20:00:00+00:00"), json!(30)),
        ]
    );
    assert_eq!(stands(shop, id).due(), dec("55.00"));
    assert!(shop.close(id, &[Tender::of("Card", dec("54"))]).unwrap_err().to_string().contains("the sale to 180.00"));
    shop.close(id, &[Tender::rest("Card")]).unwrap();
    assert_eq!((stands(shop, id).status(), stands(shop, id).paid()), ("LAYBY_CLOSED", dec("180.00")));
    assert!(shop.pay(id, "Cash", dec("1")).unwrap_err().to_string().contains("The sale is closed"));
}

#[tokio::test]
async fn a_payment_that_was_taken_by_mistake_is_taken_off_again() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let id = shop.sell(&pending(&[("JERSEY-WOOL", "1")], &["layby"])).unwrap();
    let payment = shop.take_payment(id, &Tender::of("Cash", dec("10"))).unwrap();
    shop.remove_payment(id, payment).unwrap();
    assert!(stands(shop, id).payments.is_empty());
    assert!(shop.remove_payment(id, payment).is_err());
}

#[tokio::test]
async fn an_account_is_settled_by_money_in_place_of_the_account() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let new = pending(&[("JERSEY-WOOL", "1")], &["onaccount", "delivery"]);
    let id = shop.sell(&Ticket { payments: vec![Tender::rest("On Account")], ..new }).unwrap();
    assert_eq!((stands(shop, id).status(), stands(shop, id).paid()), ("ONACCOUNT", dec("180.00")));
    shop.settle_account(id, "Card").unwrap();
    let closed = world.nested(id).await;
    assert_eq!((&closed["payments"][0]["type"]["name"], &closed["payments"][1]), (&json!("Card"), &Value::Null));
    assert_eq!(stands(shop, id).status(), "ONACCOUNT_CLOSED");
}

#[tokio::test]
async fn a_line_that_is_added_counts_and_one_that_is_voided_only_leaves_its_trace() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let id = shop.sell(&pending(&[("SCARF-MERINO", "1")], &["layby"])).unwrap();
    let mug = shop.add_ticket_line(id, &TicketLine { note: Some("chipped".to_owned()), ..TicketLine::of("MUG-ENAMEL", dec("2")) }).unwrap();
    assert_eq!(stands(shop, id).totals().2, dec("79.49"));
    shop.void_line(id, mug).unwrap();
    let shown = world.nested(id).await;
    let lines = shown["line_items"].as_array().unwrap();
    assert_eq!((lines.len(), &lines[1]["status"], &lines[1]["note"]), (2, &json!("VOIDED"), &json!("chipped")));
    assert_eq!((&shown["totals"]["price_incl_tax"], &shown["taxes"][0]["tax"]), (&json!(49.5), &json!(6.46)));
}

#[tokio::test]
async fn some_lines_of_a_layby_are_picked_up_once_it_is_paid_and_the_last_closes_it() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let new = pending(&[("SCARF-MERINO", "2"), ("MUG-ENAMEL", "1")], &["layby", "pickup"]);
    let id = shop.sell(&Ticket { discount: Some(dec("1")), ..new }).unwrap();
    let (scarf, mug) = (stands(shop, id).lines[0].id, stands(shop, id).lines[1].id);
    assert!(shop.hand_over(id, scarf, dec("1")).unwrap_err().to_string().contains("not paid"));
    shop.take_payment(id, &Tender::rest("Card")).unwrap();
    shop.hand_over(id, scarf, dec("2")).unwrap();
    let part = stands(shop, id);
    assert_eq!((part.state, part.lines[0].fulfilled, part.lines[1].fulfilled), (SaleState::Pending, dec("2"), dec("0")));
    assert_eq!(world.nested(id).await["line_items"][0]["status"], json!("CONFIRMED"));
    assert_eq!(shop.hand_overs_of(id)[0].lines.len(), 2, "a discount is not handed over");
    shop.hand_over(id, mug, dec("1")).unwrap();
    assert_eq!(stands(shop, id).status(), "LAYBY_CLOSED");
}

#[tokio::test]
async fn a_return_is_parked_flat_below_zero_and_closed_by_its_refund() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let sold = world.rung_up(&ticket(&[("SCARF-MERINO", "2"), ("MUG-ENAMEL", "1")]));
    let answer = world.xs_post(&format!("/sales/{}/actions/return", sold.id), &json!({})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let flat = &answer.body["data"];
    assert_eq!((&flat["status"], &flat["state"], &flat["return_for"]), (&json!("SAVED"), &json!("parked"), &json!(sold.id)));
    assert_eq!((&flat["total_price"], &flat["total_tax"], &flat["payments"]), (&json!(-99.12), &json!(-14.87), &json!([])));
    let line = &flat["line_items"][0];
    assert_eq!((&line["quantity"], &line["is_return"], &line["price_total"]), (&json!(-2), &json!(true), &json!(-86.08)));
    assert_eq!((&line["tax_total"], &line["tax_components"][0]["total_tax"]), (&json!(-12.912), &json!(12.912)), "components are unsigned");
    let id: Uuid = flat["id"].as_str().unwrap().parse().unwrap();
    let original = world.nested(sold.id).await;
    assert_eq!(original["return"], json!({ "is_return": false, "return_sale_ids": [id] }));
    shop.close(id, &[Tender::of("Cash", dec("-50")), Tender::rest("Card")]).unwrap();
    let back = world.nested(id).await;
    assert_eq!((&back["state"], &back["return"]["original_sale_id"]), (&json!("closed"), &json!(sold.id)));
    assert_eq!((&back["payments"][0]["amount"], &back["payments"][1]["amount"]), (&json!(-50), &json!(-63.99)));
    assert_eq!(back["totals"]["price_incl_tax"], json!(-113.99));
    world.xs_post(&format!("/sales/{}/actions/return", sold.id), &json!({})).await.denies(422, "nothing of it left");
}

#[tokio::test]
async fn lines_come_back_in_parts_and_another_parked_return_is_voided() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let sold = world.rung_up(&ticket(&[("SCARF-MERINO", "3"), ("MUG-ENAMEL", "1")]));
    let first = shop.bring_back(sold.id, &[brought(&sold, 0, "1", Some("Too small"))]).unwrap();
    let second = shop.bring_back(sold.id, &[brought(&sold, 0, "2", None)]).unwrap();
    assert_eq!((stands(shop, first).status(), stands(shop, second).lines.len()), ("VOIDED", 1));
    assert_eq!(world.nested(first).await["line_items"][0]["return"], json!({ "is_return": true, "reason": "Too small" }));
    shop.close(second, &[Tender::rest("Card")]).unwrap();
    let error = shop.bring_back(sold.id, &[brought(&sold, 0, "2", None)]).unwrap_err();
    assert!(error.to_string().contains("more than what is left"), "{error}");
    let rest = shop.bring_back(sold.id, &[]).unwrap();
    let quantities: Vec<_> = stands(shop, rest).lines.iter().map(|line| line.quantity).collect();
    assert_eq!(quantities, [dec("-1"), dec("-1")]);
    let open = shop.sell(&pending(&[("MUG-ENAMEL", "1")], &["layby"])).unwrap();
    world.xs_post(&format!("/sales/{open}/actions/return"), &json!({})).await.denies(409, "A pending sale cannot be returned");
    let url = format!("{}/api/2.0/sales/{}/actions/return", world.sandbox.x_series_url(), sold.id);
    assert_eq!(world.send(world.http.request(Method::PUT, url).bearer_auth("sandbox-personal-token")).await.status, 200);
}

#[tokio::test]
async fn discounts_come_back_with_the_goods_and_fees_do_not() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let mut new = Ticket { discount: Some(dec("4")), ..ticket(&[("SCARF-MERINO", "2")]) };
    let adjustment = |kind, value: &str| NewAdjustment { kind, name: "x".to_owned(), value: dec(value), percent: false, tax: None };
    new.adjustments = vec![adjustment(AdjustmentKind::Discount, "6"), adjustment(AdjustmentKind::Tip, "2")];
    let sold = world.rung_up(&new);
    let all = stands(shop, shop.bring_back(sold.id, &[]).unwrap());
    assert_eq!(all.lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [dec("-2"), dec("1")]);
    assert_eq!((all.adjustments.len(), all.adjustments[0].total), (1, dec("6")));
    // 98.99 less 4.60 and less 6; the tip stays.
    assert_eq!(all.totals().2, dec("-88.39"));
    assert_eq!(world.nested(all.id).await["line_items"][1]["return"]["is_return"], json!(true));
}

#[tokio::test]
async fn an_exchange_takes_back_and_sells_in_one_sale_of_either_sign() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let sold = world.rung_up(&ticket(&[("SCARF-MERINO", "1")]));
    for (sku, due) in [("BEANIE-MERINO", "-14.50"), ("SCARF-MERINO", "0.00"), ("PACK-20L", "90.51")] {
        let id = shop.bring_back(sold.id, &[]).unwrap();
        shop.add_line(id, sku, dec("1")).unwrap();
        assert_eq!(stands(shop, id).due(), dec(due), "{sku}");
        let lines = world.nested(id).await["line_items"].clone();
        assert_eq!((&lines[0]["return"]["is_return"], &lines[1]["return"]["is_return"]), (&json!(true), &json!(false)));
        let loose = TicketLine { is_return: true, ..TicketLine::of("MUG-ENAMEL", dec("-1")) };
        assert!(shop.add_ticket_line(id, &loose).unwrap_err().to_string().contains("not taken back in one"));
    }
    let last = shop.sales().into_iter().find(|sale| sale.state == SaleState::Parked).unwrap().id;
    shop.close(last, &[Tender::rest("Card")]).unwrap();
    let closed = stands(shop, last);
    assert_eq!((closed.status(), closed.paid(), closed.return_for), ("CLOSED", dec("90.51"), Some(sold.id)));
}

#[tokio::test]
async fn a_return_without_its_sale_names_none() {
    let world = World::new().await;
    let mut new = ticket(&[]);
    new.lines = vec![TicketLine { is_return: true, return_reason: Some("Gift".to_owned()), ..TicketLine::of("SCARF-MERINO", dec("-1")) }];
    let sale = world.rung_up(&new);
    let shown = world.nested(sale.id).await;
    assert_eq!((&shown["return"]["is_return"], &shown["return"]["original_sale_id"]), (&json!(true), &Value::Null));
    assert_eq!((&shown["payments"][0]["amount"], &shown["line_items"][0]["return"]["reason"]), (&json!(-49.5), &json!("Gift")));
    assert_eq!(world.flat(sale.id).await["return_for"], Value::Null);
    new.lines[0].quantity = dec("1");
    assert!(world.sandbox.x_series().sell(&new).unwrap_err().to_string().contains("below zero"));
}

/// Forms that were posted, by the sale's payload.
pub type Posted = Arc<Mutex<Vec<Value>>>;

pub async fn receiver() -> (String, Posted, tokio::task::JoinSet<()>) {
    async fn receive(State(posted): State<Posted>, body: String) {
        let payload = body.split('&').find_map(|pair| pair.strip_prefix("payload=")).unwrap().replace('+', " ");
        posted.lock().unwrap().push(serde_json::from_str(&percent_decode_str(&payload).decode_utf8().unwrap()).unwrap());
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, posted) = (format!("http://{}/hook", listener.local_addr().unwrap()), Posted::default());
    let app = Router::new().route("/hook", post(receive)).with_state(posted.clone());
    let mut server = tokio::task::JoinSet::new();
    server.spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, posted, server)
}

#[tokio::test]
async fn every_change_posts_the_sale_under_its_oldest_names() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let (url, posted, _server) = receiver().await;
    shop.set_webhook(Some(WebhookTarget { url, secret: "s".to_owned() }));
    let sold = shop.sell(&Ticket { discount: Some(dec("1")), ..ticket(&[("SCARF-MERINO", "1")]) }).unwrap();
    let layby = shop.sell(&pending(&[("MUG-ENAMEL", "1")], &["layby", "pickup"])).unwrap();
    shop.pay(layby, "Cash", dec("5")).unwrap();
    shop.take_payment(layby, &Tender::rest("Card")).unwrap();
    shop.hand_over_all(layby).unwrap();
    let back = shop.bring_back(sold, &[]).unwrap();
    shop.close(back, &[Tender::rest("Card")]).unwrap();
    shop.void(back).unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while posted.lock().unwrap().len() < 8 {
        assert!(std::time::Instant::now() < deadline, "{:#?}", posted.lock().unwrap());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let posted = posted.lock().unwrap().clone();
    let with = |id: Uuid, status: &str| {
        let found = posted.iter().find(|sale| sale["id"] == json!(id) && sale["status"] == status);
        found.unwrap_or_else(|| panic!("{status} of {id} in {posted:#?}"))
    };
    assert_eq!(with(sold, "CLOSED")["return_for"], json!(""));
    assert_eq!(with(layby, "LAYBY_CLOSED")["register_sale_attributes"], json!(["layby", "pickup"]));
    assert_eq!(with(back, "SAVED")["return_for"], json!(sold));
    let refund = with(back, "CLOSED");
    assert_eq!((&refund["register_sale_products"][0]["quantity"], &refund["totals"]["total_to_pay"]), (&json!(-1), &json!(0)));
    assert_eq!((&refund["register_sale_payments"][0]["amount"], &refund["version"]), (&json!(-48.35), &Value::Null));
    with(back, "VOIDED");
}

#[tokio::test]
async fn later_changes_are_there_over_http() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    let layby = shop.sell(&pending(&[("SCARF-MERINO", "1")], &["layby"])).unwrap();
    let made = |answer: super::calls::Answer| answer.body["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    let payment = made(world.desk(&format!("/sales/{layby}/payments"), &json!({ "payment_type": "Cash", "amount": 10 })).await);
    let url = format!("{}/_sandbox/sales/{layby}", world.sandbox.x_series_url());
    let change = world.http.patch(format!("{url}/payments/{payment}")).json(&json!({ "amount": "12.50" }));
    assert_eq!(world.send(change).await.status, 200);
    assert_eq!(stands(shop, layby).paid(), dec("12.50"));
    assert_eq!(world.send(world.http.delete(format!("{url}/payments/{payment}"))).await.status, 200);
    let line = made(world.desk(&format!("/sales/{layby}/lines"), &json!({ "sku": "MUG-ENAMEL", "quantity": 1 })).await);
    assert_eq!(world.send(world.http.patch(format!("{url}/lines/{line}")).json(&json!({ "quantity": 3 }))).await.status, 200);
    assert_eq!(stands(shop, layby).lines[1].quantity, dec("3"));
    assert_eq!(world.send(world.http.delete(format!("{url}/lines/{line}"))).await.status, 200);
    assert_eq!(world.desk(&format!("/sales/{layby}/close"), &json!({ "payments": [{ "payment_type": "Card" }] })).await.status, 200);
    let scarf = stands(shop, layby).lines[0].id;
    let back = made(world.desk(&format!("/sales/{layby}/return"), &json!({ "lines": [{ "line": scarf, "quantity": 1 }] })).await);
    world.desk(&format!("/sales/{back}/close"), &json!({})).await.denies(422, "The payments come to 0");
    assert_eq!(world.desk(&format!("/sales/{back}/close"), &json!({ "payments": [{ "payment_type": "Cash" }] })).await.status, 200);
    let account = shop.sell(&pending(&[("MUG-ENAMEL", "1")], &["onaccount"])).unwrap();
    assert_eq!(world.desk(&format!("/sales/{account}/settle?payment_type=Cash"), &json!({})).await.status, 200);
    assert_eq!(stands(shop, account).status(), "ONACCOUNT_CLOSED");
    let customer = made(world.desk("/customers", &json!({ "code": "C-9", "last_name": "Rata" })).await);
    assert_eq!(world.xs_get(&format!("/customers/{customer}")).await.body["data"]["customer_code"], json!("C-9"));
}
