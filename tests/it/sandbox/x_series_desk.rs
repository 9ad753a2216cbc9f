//! Sales made at the till: every state, every kind of money on them.

use jiff::Timestamp;
use serde_json::{Value, json};
use tillbridge::sandbox::{
    AdjustmentKind, NewAdjustment, NewCharge, NewSurcharge, NewTillCustomer, Sale, SaleState, Tender, Ticket, TicketLine,
};
use uuid::Uuid;

use super::calls::{Answer, World, dec};

/// A ticket of these SKUs at Ponsonby, closed and paid by card.
pub fn ticket(lines: &[(&str, &str)]) -> Ticket {
    Ticket {
        register: "Ponsonby 1".to_owned(),
        lines: lines.iter().map(|(sku, quantity)| TicketLine::of(sku, dec(quantity))).collect(),
        payments: vec![Tender::rest("Card")],
        state: SaleState::Closed,
        ..Ticket::default()
    }
}

/// The same, pending with these attributes, and so far unpaid.
pub fn pending(lines: &[(&str, &str)], attributes: &[&str]) -> Ticket {
    let attributes = attributes.iter().map(|word| (*word).to_owned()).collect();
    Ticket { state: SaleState::Pending, attributes, payments: Vec::new(), ..ticket(lines) }
}

impl World {
    pub fn rung_up(&self, ticket: &Ticket) -> Sale {
        let shop = self.sandbox.x_series();
        shop.sale(shop.sell(ticket).unwrap()).unwrap()
    }

    /// A sale as a date version shows it.
    pub async fn nested(&self, sale: Uuid) -> Value {
        self.xs_get(&format!("/sales/{sale}")).await.body["data"].clone()
    }

    /// A sale as API 2.0 shows it.
    pub async fn flat(&self, sale: Uuid) -> Value {
        let url = format!("{}/api/2.0/sales/{sale}", self.sandbox.x_series_url());
        self.send(self.http.get(url).bearer_auth("sandbox-personal-token")).await.body["data"].clone()
    }

    /// What people do over HTTP.
    pub async fn desk(&self, path: &str, body: &Value) -> Answer {
        self.send(self.http.post(format!("{}/_sandbox{path}", self.sandbox.x_series_url())).json(body)).await
    }
}

#[tokio::test]
async fn a_sale_carries_everything_that_a_till_puts_on_it() {
    let world = World::new().await;
    let shop = world.sandbox.x_series();
    shop.add_product("GIFT-CARD", "Gift card", dec("0"), "No Tax").unwrap();
    let mut new = ticket(&[]);
    new.author = Some("hana".to_owned());
    new.customer = Some("MEI-C203".to_owned());
    new.note = "Ring before delivery".to_owned();
    new.lines = vec![
        TicketLine {
            discount: dec("10"),
            note: Some("gift".to_owned()),
            serial_numbers: vec!["GPS-WATCH-1-0001".to_owned()],
            ..TicketLine::of("GPS-WATCH", dec("1"))
        },
        TicketLine { price: Some(dec("50")), gift_card: Some("GC-1001".to_owned()), ..TicketLine::of("GIFT-CARD", dec("1")) },
        TicketLine { tax: Some("No Tax".to_owned()), ..TicketLine::of("MUG-ENAMEL", dec("3")) },
    ];
    let sale = world.rung_up(&new);
    let shown = world.nested(sale.id).await;
    assert_eq!(shown["source"]["author"]["id"], json!(shop.users()[1].id));
    assert_eq!((&shown["source"]["type"], &shown["note"]), (&json!("USER"), &json!("Ring before delivery")));
    let lines = shown["line_items"].as_array().unwrap();
    // 521.74 less 10, at 15 %.
    assert_eq!(lines[0]["pricing"]["price"], json!(511.74));
    assert_eq!((&lines[0]["pricing"]["discount"], &lines[0]["note"]), (&json!(10), &json!("gift")));
    assert_eq!(lines[0]["tax"]["amount"], json!(76.761));
    assert_eq!((&lines[1]["gift_card_number"], &lines[1]["tax"]["amount"]), (&json!("GC-1001"), &json!(0)));
    assert_eq!(lines[2]["tax"], json!({ "id": shop.taxes()[0].id, "amount": 0, "total": 0 }));
    // 511.74 + 50 + 39.12, and 76.761 of tax.
    assert_eq!(shown["totals"], json!({ "price": 600.86, "tax": 76.76, "price_incl_tax": 677.62, "loyalty": 0, "surcharge": 0 }));
    assert_eq!(shown["payments"][0]["amount"], json!(677.62));
    let numbers = world.xs_get(&format!("/serialnumbers?sale_id={}&line_item_id={}", sale.id, sale.lines[0].id)).await;
    assert_eq!((&numbers.body["data"][0]["code"], &numbers.body["data"][1]), (&json!("GPS-WATCH-1-0001"), &Value::Null));
}

#[tokio::test]
async fn the_rounding_of_a_sale_sits_in_the_components_of_its_last_line() {
    let world = World::new().await;
    let sale = world.rung_up(&ticket(&[("SCARF-MERINO", "1"), ("MUG-ENAMEL", "1"), ("BOTTLE-1L", "1")]));
    let shown = world.nested(sale.id).await;
    let lines = shown["line_items"].as_array().unwrap();
    let totals: Vec<&Value> = lines.iter().map(|line| &line["tax"]["total"]).collect();
    assert_eq!(totals, [&json!(6.456), &json!(1.956), &json!(3.9135)]);
    let components: Vec<&Value> = lines.iter().map(|line| &line["_metadata"]["tax_components"][0]["total_tax"]).collect();
    // 12.3255 is 12.33 of tax: what the first two leave of it is the last one's.
    assert_eq!(components, [&json!(6.456), &json!(1.956), &json!(3.918)]);
    assert_eq!((&shown["totals"]["tax"], &shown["taxes"][0]["tax"]), (&json!(12.33), &json!(12.33)));
}

#[tokio::test]
async fn a_discount_on_the_whole_sale_is_a_line_that_takes_nothing_back() {
    let world = World::new().await;
    let sale = world.rung_up(&Ticket { discount: Some(dec("5")), ..ticket(&[("SCARF-MERINO", "2")]) });
    let retailer = world.xs_get("/retailer").await.body["data"].clone();
    let shown = world.nested(sale.id).await;
    let line = &shown["line_items"][1];
    assert_eq!((&line["product"]["id"], &line["quantity"]), (&retailer["discount_product_id"], &json!(-1)));
    assert_eq!((&line["pricing"]["total"], &line["return"]["is_return"]), (&json!(-5), &json!(false)));
    assert_eq!(world.flat(sale.id).await["line_items"][1]["is_return"], json!(false));
    assert_eq!((&shown["return"]["is_return"], &shown["totals"]["price_incl_tax"]), (&json!(false), &json!(93.24)));
}

#[tokio::test]
async fn money_outside_the_lines_is_in_the_totals_and_told_in_every_shape() {
    let world = World::new().await;
    let mut new = ticket(&[("SCARF-MERINO", "2")]);
    let adjustment = |kind, name: &str, value: &str, percent, tax: Option<&str>| NewAdjustment {
        kind,
        name: name.to_owned(),
        value: dec(value),
        percent,
        tax: tax.map(str::to_owned),
    };
    new.adjustments = vec![
        adjustment(AdjustmentKind::Discount, "Friend", "10", true, Some("GST")),
        adjustment(AdjustmentKind::Tip, "Tip", "3", false, None),
        adjustment(AdjustmentKind::NonCashFee, "Card fee", "1.50", false, Some("GST")),
    ];
    new.charges = vec![NewCharge { name: "Courier".to_owned(), total: dec("8"), tax: Some("GST".to_owned()) }];
    let sale = world.rung_up(&new);
    let shown = world.nested(sale.id).await;
    // 86.08 - 8.608 + 3 + 1.5 + 8; tax 12.912 - 1.2912 + 0.225 + 1.2.
    assert_eq!(shown["totals"], json!({ "price": 89.97, "tax": 13.05, "price_incl_tax": 103.02, "loyalty": 0, "surcharge": 0 }));
    let kinds: Vec<_> =
        shown["adjustments"].as_array().unwrap().iter().map(|row| (row["adjustment_type"].clone(), row["total"].clone())).collect();
    assert_eq!(kinds, [(json!("DISCOUNT"), json!(-8.608)), (json!("TIP"), json!(3)), (json!("NON_CASH_FEE"), json!(1.5))]);
    let charge = &shown["ecom_custom_charges"][0];
    assert_eq!((&charge["total"], &charge["total_tax"], &charge["total_incl"]), (&json!(8), &json!(1.2), &json!(9.2)));
    let flat = world.flat(sale.id).await;
    assert_eq!((&flat["ecom_custom_charges"]["total_incl"], &flat["adjustments"][3]["type"]), (&json!(9.2), &json!("ECOM_CUSTOM_CHARGE")));
    assert_eq!((&flat["total_price"], &flat["total_tax"], &flat["taxes"][0]["amount"]), (&json!(89.97), &json!(13.05), &json!(13.05)));
    assert_eq!(sale.paid(), dec("103.02"));
}

#[tokio::test]
async fn several_tenders_pay_one_sale_with_a_surcharge_and_rounded_cash() {
    let world = World::new().await;
    let mut new = ticket(&[("SCARF-MERINO", "2"), ("BOOK-TRAILS", "1")]);
    new.payments = vec![
        Tender::of("Gift Card", dec("20")),
        Tender::of("Loyalty", dec("5")),
        Tender { surcharge: Some(NewSurcharge { percent: dec("2"), rule: "2%".to_owned() }), ..Tender::of("Card", dec("100")) },
        Tender { round_to: Some(dec("0.10")), ..Tender::rest("Cash") },
    ];
    let sale = world.rung_up(&new);
    let shown = world.nested(sale.id).await;
    let payments: Vec<_> =
        shown["payments"].as_array().unwrap().iter().map(|row| (row["type"]["id"].clone(), row["amount"].clone())).collect();
    // 138.98 and 2.00 of surcharge: 13.98 is left for cash, of which 14.00 is paid.
    let expected = [("118", json!(20)), ("106", json!(5)), ("3", json!(102)), ("1", json!(14))];
    assert_eq!(payments, expected.map(|(kind, amount)| (json!(kind), amount)));
    assert_eq!(shown["payments"][2]["surcharge"], json!({ "amount": 2, "rule": "2%" }));
    let lines = shown["line_items"].as_array().unwrap();
    // By price: 98.992 and 39.99 of 138.982; the first with GST in it.
    assert_eq!((&lines[0]["surcharges"][0]["value"], &lines[1]["surcharges"][0]["value"]), (&json!(1.23872), &json!(0.57547)));
    assert_eq!(lines[0]["surcharges"][0]["tax_components"][0]["total_tax"], json!(0.18581));
    assert_eq!(shown["totals"]["price_incl_tax"], json!(140.98));
    assert_eq!((sale.paid(), sale.due()), (dec("141"), dec("0")));
}

#[tokio::test]
async fn a_sale_is_made_in_every_state_with_every_attribute() {
    let world = World::new().await;
    let lines = &[("SCARF-MERINO", "1")][..];
    for (attributes, status) in [
        (&["layby"][..], "LAYBY"),
        (&["layby", "pickup"], "LAYBY"),
        (&["onaccount"], "ONACCOUNT"),
        (&["onaccount", "delivery"], "ONACCOUNT"),
        (&["service"], "SERVICE"),
    ] {
        let sale = world.rung_up(&pending(lines, attributes));
        assert_eq!((sale.status(), sale.paid()), (status, dec("0")), "{attributes:?}");
        assert_eq!(world.nested(sale.id).await["attributes"], json!(attributes));
    }
    for (attribute, status) in [("pickup", "AWAITING_PICKUP"), ("delivery", "AWAITING_DISPATCH")] {
        let unpaid = pending(lines, &[attribute]);
        assert!(world.sandbox.x_series().sell(&unpaid).unwrap_err().to_string().contains("The payments come to 0"));
        let paid = Ticket { payments: vec![Tender::rest("Cash")], ..unpaid };
        assert_eq!(world.rung_up(&paid).status(), status);
    }
    let parked = Ticket { state: SaleState::Parked, payments: Vec::new(), ..ticket(lines) };
    assert_eq!(world.rung_up(&parked).status(), "SAVED");
    for wrong in [["onaccount", "layby"], ["pickup", "delivery"]] {
        let error = world.sandbox.x_series().sell(&pending(lines, &wrong)).unwrap_err();
        assert!(error.to_string().contains("exclude each other"), "{error}");
    }
    let short = Ticket { payments: vec![Tender::of("Card", dec("49"))], ..ticket(lines) };
    assert!(world.sandbox.x_series().sell(&short).unwrap_err().to_string().contains("the sale to 49.50"));
}

#[tokio::test]
async fn nobody_in_particular_is_the_walk_in_customer_and_others_are_made_at_the_till() {
    let world = World::new().await;
    let sale = world.rung_up(&ticket(&[("MUG-ENAMEL", "1")]));
    let id = world.nested(sale.id).await["customer_id"].as_str().unwrap().to_owned();
    let customer = world.xs_get(&format!("/customers/{id}")).await.body["data"].clone();
    assert_eq!((&customer["customer_code"], &customer["name"]), (&json!("WALKIN"), &json!("")));
    let new = NewTillCustomer {
        code: "GULL-1".to_owned(),
        company_name: "Gull & Co".to_owned(),
        email: "accounts@gull.example.com".to_owned(),
        ..NewTillCustomer::default()
    };
    let made = world.sandbox.x_series().make_customer(&new).unwrap();
    assert!(world.sandbox.x_series().make_customer(&new).is_err());
    let sale = world.rung_up(&Ticket { customer: Some("GULL-1".to_owned()), ..ticket(&[("MUG-ENAMEL", "1")]) });
    assert_eq!(sale.customer, Some(made));
    let shown = world.xs_get(&format!("/customers/{made}")).await.body["data"].clone();
    assert_eq!((&shown["company_name"], &shown["email"]), (&json!("Gull & Co"), &json!("accounts@gull.example.com")));
}

#[tokio::test]
async fn an_offline_register_posts_days_late_and_the_feed_has_it_last() {
    let world = World::new().await;
    let early: Timestamp = "2026-11-19T21:30:00Z".parse().unwrap();
    world.rung_up(&ticket(&[("MUG-ENAMEL", "1")]));
    let late = world.rung_up(&Ticket { date: Some(early), ..ticket(&[("SCARF-MERINO", "1")]) });
    assert_eq!((late.date, late.created, late.payments[0].date), (early, world.now(), early));
    let feed = world.xs_get("/sales").await.body["data"].clone();
    let last = feed.as_array().unwrap().last().unwrap();
    assert_eq!((&last["id"], &last["date"]), (&json!(late.id), &json!("2026-11-19T21:30:00+00:00")));
    assert_eq!(last["created_at"], json!("2026-11-23T01:02:03+00:00"));
}

#[tokio::test]
async fn a_composite_is_sold_as_the_whole_that_it_is() {
    let world = World::new().await;
    world.sandbox.x_series().add_composite("KIT-SAFETY", "Safety kit", dec("460.87"), "GST").unwrap();
    for sku in ["KIT-WEEKEND", "KIT-SAFETY"] {
        let sale = world.rung_up(&ticket(&[(sku, "2")]));
        let product = world.xs_get(&format!("/products/{}", sale.lines[0].product)).await.body["data"].clone();
        assert_eq!((&product["is_composite"], &product["sku"]), (&json!(true), &json!(sku)));
        assert_eq!(sale.lines.len(), 1);
    }
}

#[tokio::test]
async fn outlets_have_time_zones_of_their_own() {
    let world = World::new().await;
    let body = json!({ "name": "Bondi", "time_zone": "Australia/Sydney", "register": "Bondi 1", "prefix": "B1-" });
    let made = world.desk("/outlets", &body).await;
    let sale = world.rung_up(&Ticket { register: "Bondi 1".to_owned(), ..ticket(&[("MUG-ENAMEL", "1")]) });
    assert_eq!((json!(sale.outlet), sale.invoice_number.as_str()), (made.body["id"].clone(), "B1-1"));
    let outlets = world.xs_get("/outlets").await.body["data"].clone();
    let zones: Vec<_> = outlets.as_array().unwrap().iter().map(|outlet| outlet["time_zone"].clone()).collect();
    assert_eq!(zones, [json!("Pacific/Auckland"), json!("Pacific/Auckland"), json!("Australia/Sydney")]);
    assert_eq!(world.xs_get("/retailer").await.body["data"]["timezone"], json!("Pacific/Auckland"));
}

#[tokio::test]
async fn the_desk_is_there_over_http_in_its_short_and_its_full_form() {
    let world = World::new().await;
    let short = json!({ "register": "Ponsonby 1", "lines": [["MUG-ENAMEL", "2"]], "state": "closed", "payment_type": "Cash" });
    let id = world.desk("/sales", &short).await.body["id"].as_str().unwrap().to_owned();
    assert_eq!(world.sandbox.x_series().sale(id.parse().unwrap()).unwrap().customer, None);
    let full = json!({ "register": "Ponsonby 1", "state": "pending", "attributes": ["pickup"], "discount": "2",
        "lines": [{ "sku": "SCARF-MERINO", "quantity": 2, "note": "blue" }],
        "adjustments": [{ "kind": "TIP", "name": "Tip", "value": 1 }],
        "payments": [{ "payment_type": "Cash", "amount": "20" }, { "payment_type": "Card", "surcharge": { "percent": "1", "rule": "1%" } }] });
    let answer = world.desk("/sales", &full).await;
    let id = answer.body["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    let shown = world.send(world.http.get(format!("{}/_sandbox/sales/{id}", world.sandbox.x_series_url()))).await.body;
    assert_eq!((&shown["status"], &shown["totals"]["due"]), (&json!("AWAITING_PICKUP"), &json!("0.00")));
    assert_eq!(world.desk(&format!("/sales/{id}/hand-over"), &json!({})).await.status, 200);
    assert_eq!(world.sandbox.x_series().sale(id.parse().unwrap()).unwrap().status(), "PICKED_UP_CLOSED");
    world.desk("/sales", &json!({ "register": "Ponsonby 1", "lines": [], "colour": "red" })).await.denies(422, "colour");
    world.desk("/sales", &json!({ "register": "Nowhere", "lines": [] })).await.denies(422, "Register not found");
}
