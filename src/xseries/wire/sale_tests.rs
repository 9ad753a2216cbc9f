use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::domain::sale::{LineSurcharge, TaxComponent};
use crate::domain::status::{Account, HandOver};

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn word(sale: &Sale) -> &'static str {
    sale.status.as_ref().unwrap().word()
}

#[test]
fn a_completed_layby_of_the_oldest_shape_is_read() {
    let sale = parse_sale(&fixture(include_str!("../../../tests/fixtures/x-series/v0.9_sale_layby_closed.json"))).unwrap();
    assert_eq!(sale.id.as_str(), "a2961c07-c48b-93c0-11e4-f4386fa3a759");
    assert_eq!(sale.status, Ok(SaleStatus { state: SaleState::Closed, account: Some(Account::Layby), hand_over: None }));
    assert_eq!((sale.version, sale.outlet_id, sale.return_for), (None, None, None));
    assert_eq!(sale.date, Some(at("2015-05-07T05:42:19Z")));
    assert_eq!(sale.updated_at, Some(at("2015-05-07T05:46:43Z")));
    assert_eq!(sale.author_id.as_deref(), Some("b8ca3a65-0125-11e4-fbb5-a5f35dbcb9e8"));
    assert_eq!(sale.invoice_number.as_deref(), Some("90"));
    assert_eq!(sale.note, None);
    let line = &sale.lines[0];
    assert_eq!((line.quantity, line.price, line.tax_total), (dec!(1), dec!(39.08174), dec!(2.73572)));
    assert_eq!((line.status.as_deref(), line.is_return, line.note.as_deref()), (Some("CONFIRMED"), false, None));
    let payment = &sale.payments[0];
    assert_eq!((payment.amount, payment.date), (dec!(41.82), Some(at("2015-05-06T00:00:00Z"))));
    assert_eq!(payment.type_id, "b8ca3a65-011c-11e4-fbb5-5973b0e3e4ba");
    assert_eq!(sale.totals, SaleTotals { price: dec!(39.08), tax: dec!(2.74), price_incl_tax: dec!(41.82) });
}

#[test]
fn a_sale_wrapped_in_a_list_is_read() {
    let sale = parse_sale(&fixture(include_str!("../../../tests/fixtures/x-series/v0.9_register_sales_list.json"))).unwrap();
    assert_eq!(sale.id.as_str(), "87d6ec9a-572b-d8c1-5fd6-d0656c032d7c");
    assert_eq!(word(&sale), "CLOSED");
    assert_eq!(sale.totals.price_incl_tax, dec!(299));
    assert_eq!(sale.paid(), dec!(299));
    assert_eq!(sale.date, Some(at("2013-11-14T20:41:01Z")));
}

#[test]
fn numbers_as_text_and_local_offsets_are_read() {
    let sale = parse_sale(&fixture(include_str!("../../../tests/fixtures/x-series/v0.9_register_post_string_numbers.json"))).unwrap();
    assert_eq!(sale.date, Some(at("2019-05-27T03:19:52Z")));
    assert_eq!(sale.customer_id, None);
    let line = &sale.lines[0];
    assert_eq!((line.quantity, line.price, line.tax), (dec!(1), dec!(4.34783), dec!(0.65217)));
    assert_eq!((line.price_total, line.tax_total), (dec!(4.34783), dec!(0.65217)));
    assert_eq!(sale.paid(), dec!(5));
    assert_eq!(sale.totals.price_incl_tax, dec!(5.00000));
}

#[test]
fn a_charge_outside_the_lines_is_part_of_the_sale() {
    let sale = parse_sale(&fixture(include_str!("../../../tests/fixtures/x-series/v2.0_sale_get.json"))).unwrap();
    assert_eq!((sale.version, word(&sale)), (Some(413), "CLOSED"));
    assert_eq!(sale.outlet_id.as_deref(), Some("b1e04bd8-f019-11e3-a0f5-b8ca3a64f8f4"));
    assert_eq!(sale.number(), Some("1036"));
    assert_eq!(sale.lines.iter().map(|line| line.sequence).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(sale.lines[1].tax_total, dec!(30));
    let fee = Charge { kind: "NON_CASH_FEE".to_owned(), name: Some("Non-cash Fee".to_owned()), total: dec!(1.5), ..Charge::default() };
    assert_eq!(sale.charges, [fee]);
    assert_eq!(sale.totals, SaleTotals { price: dec!(201.5), tax: dec!(30), price_incl_tax: dec!(231.5) });
    assert_eq!(sale.paid(), sale.totals.price_incl_tax);
}

#[test]
fn a_parked_return_has_negative_lines_and_no_payment() {
    let sale = parse_sale(&fixture(include_str!("../../../tests/fixtures/x-series/v2.0_sale_return_saved.json"))).unwrap();
    assert_eq!(word(&sale), "SAVED");
    assert_eq!(sale.return_for.as_ref().map(SaleId::as_str), Some("b8ca3a65-0183-11e4-fbb5-39f7fce5e39b"));
    assert!(sale.lines.iter().all(|line| line.is_return && line.quantity == dec!(-1)));
    assert!(sale.payments.is_empty());
    // The components of this line come unsigned; its tax does not.
    assert_eq!(sale.lines[1].tax_total, dec!(-30));
    assert_eq!(sale.totals, SaleTotals { price: dec!(-200), tax: dec!(-30), price_incl_tax: dec!(-230) });
}

#[test]
fn only_the_tax_components_add_up_to_the_tax_of_the_sale() {
    let page = fixture(include_str!("../../../tests/fixtures/x-series/v2.0_sales_list.json"));
    let sale = parse_sale(&page["data"][1]).unwrap();
    let tax: Decimal = sale.lines.iter().map(|line| line.tax_total).sum();
    assert_eq!(tax, dec!(1.94));
    assert_eq!(sale.totals, SaleTotals { price: dec!(12.91), tax: dec!(1.94), price_incl_tax: dec!(14.85) });
    let page = parse_page(&page).unwrap();
    assert_eq!(page.max, Some(29316));
    assert_eq!(page.sales.iter().map(|sale| sale.version).collect::<Vec<_>>(), [Some(413), Some(29316)]);
}

#[test]
fn an_empty_page_has_no_end() {
    let page = parse_page(&json!({"data": [], "version": {"min": null, "max": null}})).unwrap();
    assert_eq!(page, SalesPage { sales: vec![], max: None });
    assert_eq!(parse_page(&json!({"data": [], "version": {"min": 4, "max": 9}})).unwrap().max, None);
}

/// A sale as the date versions nest it.
fn nested() -> Value {
    json!({"data": {
        "id": "0AF7B240-ab83-11e7-eddc-4023c64c85e5", "state": "pending", "attributes": ["onaccount", "pickup"],
        "source": {"author": {"id": "AUTHOR"}, "register_id": "reg", "outlet_id": "out", "type": "NETSUITE", "id": "SO1043"},
        "date": "2026-07-01T00:00:00Z", "created_at": "2026-07-01T00:00:01.250Z", "updated_at": "2026-07-02T00:00:00Z",
        "note": "two\nlines", "customer_id": "cust", "invoice_number": "MR-7-NZ", "receipt_number": "R7",
        "line_items": [
            {"id": "L2", "product": {"id": "P2"}, "quantity": 2, "pricing": {"price": 5, "discount": 0.5, "total": 10},
             "tax": {"id": "T", "amount": 0.75, "total": 1.5}, "status": "SAVED", "return": {"is_return": false},
             "_metadata": {"sequence": 1, "tax_components": [{"rate_id": "r1", "total_tax": 1.0}, {"rate_id": "r2", "total_tax": "0.51"}]},
             "surcharges": [{"value": 0.2, "tax_components": [{"rate_id": "r1", "total_tax": 0.03}]}]},
            {"id": "L1", "product": {"id": "P1"}, "quantity": "1", "pricing": {"price": "22"}, "tax": {"id": "T", "amount": 3.3},
             "note": "gift", "_metadata": {"sequence": 0}}
        ],
        "payments": [
            {"id": "PAY", "amount": 37.04, "date": "2026-07-01T00:00:00Z", "type": {"config_id": "CARD", "id": "5", "name": "Card"},
             "surcharge": {"amount": 0.23, "rule": "2%"}},
            {"id": "GONE", "amount": 9, "deleted_at": "2026-07-01T01:00:00Z", "type": {"config_id": "CARD"}}
        ],
        "ecom_custom_charges": [{"name": "Delivery", "source_id": "s", "total": 4, "total_tax": 0.6, "total_incl": 4.6, "tax_components": []}],
        "totals": {"price": 36.2, "price_incl_tax": 41.64, "tax": 5.44, "loyalty": 0, "surcharge": 0.2},
        "return": {"is_return": false, "return_sale_ids": []}, "_metadata": {"version": 4_284_638_488_i64}
    }})
}

#[test]
fn the_nested_shape_is_read() {
    let sale = parse_sale(&nested()).unwrap();
    assert_eq!(sale.id.as_str(), "0af7b240-ab83-11e7-eddc-4023c64c85e5");
    let pickup_on_account = SaleStatus { state: SaleState::Pending, account: Some(Account::OnAccount), hand_over: Some(HandOver::Pickup) };
    assert_eq!(sale.status, Ok(pickup_on_account));
    assert_eq!(sale.version, Some(4_284_638_488));
    assert_eq!((sale.source_type.as_deref(), sale.source_id.as_deref()), (Some("NETSUITE"), Some("SO1043")));
    assert_eq!(
        (sale.outlet_id.as_deref(), sale.register_id.as_deref(), sale.author_id.as_deref()),
        (Some("out"), Some("reg"), Some("author"))
    );
    assert_eq!(sale.note.as_deref(), Some("two\nlines"));
    let [first, second] = sale.lines.as_slice() else { panic!("two lines") };
    assert_eq!((first.product_id.as_str(), first.price_total, first.tax_total), ("p1", dec!(22), dec!(3.3)));
    assert_eq!(first.note.as_deref(), Some("gift"));
    assert_eq!((second.quantity, second.price_total, second.discount, second.tax), (dec!(2), dec!(10), dec!(0.5), dec!(0.75)));
    assert_eq!(second.tax_total, dec!(1.51));
    assert_eq!(second.tax_id.as_deref(), Some("t"));
    assert_eq!(sale.payments.len(), 1);
    assert_eq!((sale.payments[0].type_id.as_str(), sale.payments[0].surcharge), ("card", Some(dec!(0.23))));
    let charges: Vec<_> = sale.charges.iter().map(|charge| (charge.kind.as_str(), charge.total, charge.tax)).collect();
    assert_eq!(charges, [("SURCHARGE", dec!(0.2), dec!(0.03)), ("ECOM", dec!(4), dec!(0.6))]);
    assert_eq!(sale.totals, SaleTotals { price: dec!(36.2), tax: dec!(5.44), price_incl_tax: dec!(41.64) });
}

#[test]
fn a_flat_body_from_a_date_versioned_endpoint_is_read() {
    let body = json!({"data": {"id": "s", "outlet_id": "o", "status": "SAVED", "state": "parked", "return_for": "first", "total_price": -110.0,
        "total_tax": "-16.5", "line_items": [{"product_id": "p", "quantity": "-1", "price": "110", "tax": "16.5", "tax_id": "t"}]}});
    let sale = parse_sale(&body).unwrap();
    assert_eq!(word(&sale), "SAVED");
    assert_eq!(sale.totals.price_incl_tax, dec!(-126.5));
    assert_eq!((sale.lines[0].price_total, sale.lines[0].tax_total), (dec!(-110), dec!(-16.5)));
    assert!(sale.lines[0].is_return, "a negative line of a return takes something back");
}

#[test]
fn a_negative_line_of_an_ordinary_sale_is_a_discount_and_no_return() {
    let body = json!({"id": "s", "status": "CLOSED", "return_for": "", "total_price": 9, "total_tax": 0, "register_sale_products": [
        {"product_id": "p", "quantity": 1, "price": 10, "tax": 0}, {"product_id": "discount", "quantity": -1, "price": 1, "tax": 0}]});
    assert!(parse_sale(&body).unwrap().lines.iter().all(|line| !line.is_return));
}

#[test]
fn every_wrapping_is_opened() {
    let sale = json!({"id": "s", "state": "parked", "line_items": []});
    for body in [
        sale.clone(),
        json!({ "data": sale }),
        json!({ "data": [sale] }),
        json!({ "register_sale": sale }),
        json!({ "register_sales": [sale] }),
        json!({"data": {"register_sale": sale}}),
    ] {
        assert_eq!(parse_sale(&body).unwrap().id.as_str(), "s", "{body}");
    }
    for body in [json!({"data": []}), json!({"data": {}}), json!({"data": null}), json!({"register_sales": []}), json!({}), json!(null)] {
        assert!(unwrap_sale(&body).is_none(), "{body}");
    }
}

#[test]
fn what_is_missing_or_no_number_is_an_error_that_names_the_place() {
    let with = |line: Value| {
        parse_sale(&json!({"id": "s", "state": "closed", "line_items": [{"product_id": "p", "quantity": 1, "price": 1}, line]}))
    };
    for (line, at) in [
        (json!({"product_id": "p", "price": 1}), "/line_items/1/quantity is missing"),
        (json!({"product_id": "p", "quantity": 1}), "/line_items/1/price is missing"),
        (json!({"quantity": 1, "price": 1}), "/line_items/1/product_id is missing"),
        (json!({"product_id": "p", "quantity": "many", "price": 1}), "/line_items/1/quantity holds \"many\", which is not an amount"),
    ] {
        assert_eq!(with(line).unwrap_err().to_string(), at);
    }
    let lost = parse_sale(&json!({"id": "s", "state": "closed", "total_price": 5}));
    assert_eq!(lost.unwrap_err(), WireError::missing("/line_items"));
}

#[test]
fn an_unknown_word_is_kept_as_it_came_and_not_guessed() {
    let sale = parse_sale(&json!({"id": "s", "state": "pending", "attributes": ["drone"], "line_items": []})).unwrap();
    assert_eq!(sale.status.unwrap_err().attributes, ["drone"]);
    let sale = parse_sale(&json!({"id": "s", "state": "pending", "attributes": [7], "line_items": []})).unwrap();
    assert_eq!(sale.status.unwrap_err().attributes, ["7"]);
    let sale = parse_sale(&json!({"id": "s", "status": "PARTLY", "register_sale_products": []})).unwrap();
    assert!(sale.status.is_err());
}

#[test]
fn totals_that_are_not_given_are_summed() {
    let body = json!({"id": "s", "state": "closed", "line_items": [{"product_id": "p", "quantity": 3, "price": "1.10", "tax": 0.165}],
        "adjustments": [{"adjustment_type": "TIP", "total": "2"}]});
    let totals = parse_sale(&body).unwrap().totals;
    assert_eq!(totals, SaleTotals { price: dec!(5.30), tax: dec!(0.495), price_incl_tax: dec!(5.795) });
}

#[test]
fn each_charge_counts_once_in_whichever_shape_it_comes() {
    let kinds = |extra: Value| {
        let mut body = json!({"id": "s", "state": "closed", "total_price": 0, "line_items": []});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let charges = parse_sale(&body).unwrap().charges;
        charges.into_iter().map(|charge| (charge.kind, charge.total, charge.tax)).collect::<Vec<_>>()
    };
    let object = json!({"ecom_custom_charges": {"total": 4, "total_tax": 0.6, "total_incl": 4.6, "charges": [{"name": "Post", "total": 4, "total_tax": 0.6}]}});
    assert_eq!(kinds(object), [("ECOM".to_owned(), dec!(4), dec!(0.6))]);
    let bare = json!({"ecom_custom_charges": {"total": 4, "total_tax": 0.6, "charges": []}});
    assert_eq!(kinds(bare), [("ECOM".to_owned(), dec!(4), dec!(0.6))]);
    let payment = json!({"payments": [{"amount": 1, "type": {"config_id": "c"}, "surcharge": {"amount": "0.30"}}]});
    assert_eq!(kinds(payment.clone()), [("SURCHARGE".to_owned(), dec!(0.30), dec!(0))]);
    let mut summed = payment;
    summed["adjustments"] = json!([{"adjustment_type": "SURCHARGE", "total": 0.3}]);
    assert_eq!(kinds(summed), [("SURCHARGE".to_owned(), dec!(0.3), dec!(0))]);
    let discount = json!({"pricing": {"adjustments": [{"type": "DISCOUNT", "amount": {"type": "FIXED", "value": "5"}}]}});
    assert_eq!(kinds(discount), [("DISCOUNT".to_owned(), dec!(-5), dec!(0))]);
}

#[test]
fn a_deleted_sale_is_seen_in_the_feed() {
    let head = sale_head(&json!({"id": "S", "version": "7", "deleted_at": "2026-01-01 00:00:00"})).unwrap();
    assert_eq!(head, SaleHead { id: "s".into(), version: Some(7), updated_at: None, deleted: true });
}

#[test]
fn what_a_line_and_a_payment_tell_beside_their_price_is_read() {
    let sale = parse_sale(&nested()).unwrap();
    let component = |rate_id: &str, tax| TaxComponent { rate_id: rate_id.to_owned(), tax };
    assert_eq!(sale.lines[1].tax_components, [component("r1", dec!(1.0)), component("r2", dec!(0.51))]);
    assert_eq!(
        sale.lines[1].surcharges,
        [LineSurcharge { total: dec!(0.2), tax: dec!(0.03), tax_components: vec![component("r1", dec!(0.03))] }]
    );
    assert_eq!(sale.charges[0].tax_components, [component("r1", dec!(0.03))]);
    let payment = &sale.payments[0];
    assert_eq!(
        (payment.kind.as_deref(), payment.name.as_deref(), payment.surcharge_rule.as_deref()),
        (Some("5"), Some("Card"), Some("2%"))
    );
    assert_eq!((sale.lines_total(), sale.outside_total(), sale.unexplained(2)), (dec!(36.81), dec!(4.83), dec!(0)));

    let mut body = nested();
    let line = &mut body["data"]["line_items"][0];
    line["gift_card_number"] = json!("GC-77");
    line["return"] = json!({"is_return": 1, "reason": "Too small"});
    line["product"]["sku"] = json!("MUG");
    body["data"]["payments"][0]["source"] = json!({"register_id": "REG-2"});
    body["data"]["return"]["return_sale_ids"] = json!(["BACK-1", "back-2"]);
    let sale = parse_sale(&body).unwrap();
    let line = &sale.lines[1];
    assert_eq!((line.gift_card_number.as_deref(), line.sku.as_deref()), (Some("GC-77"), Some("MUG")));
    assert_eq!((line.is_return, line.return_reason.as_deref()), (true, Some("Too small")));
    assert_eq!(sale.payments[0].register_id.as_deref(), Some("reg-2"));
    assert_eq!(sale.returned_by, [SaleId::from("back-1"), SaleId::from("back-2")]);
    assert_eq!(parse_sale(&nested()).unwrap().lines[1].return_reason, None);
}

#[test]
fn a_return_against_no_sale_is_told_by_its_marks_or_by_its_total() {
    let line = json!({"product_id": "p", "quantity": -1, "price": 10, "tax": 1.5});
    let unmarked = json!({"id": "s", "status": "SAVED", "return_for": "", "total_price": "-10", "total_tax": "-1.5", "register_sale_products": [line]});
    let sale = parse_sale(&unmarked).unwrap();
    assert!(sale.is_return() && sale.return_for.is_none());
    let marked = |is_return: bool| {
        let mut line = line.clone();
        line["is_return"] = is_return.into();
        parse_sale(&json!({"id": "s", "state": "closed", "total_price": -10, "line_items": [line]})).unwrap().is_return()
    };
    assert!(marked(true) && !marked(false), "the line's own mark counts for more than the sign");
}

#[test]
fn price_and_tax_rounded_apart_do_not_move_what_is_to_be_paid() {
    // 10.005 and 1.505 round to 10.01 and 1.51; what was paid is 11.51.
    let line = json!({"product_id": "p", "quantity": 1, "price": 10.005, "price_total": 10.005, "tax_total": 1.505,
        "tax_components": [{"rate_id": "r", "total_tax": 1.51}]});
    let body = |line: Value| json!({"id": "s", "state": "closed", "total_price": 10.01, "total_tax": "1.51", "line_items": [line]});
    let sale = parse_sale(&body(line.clone())).unwrap();
    assert_eq!((sale.gross_total(), sale.total_tax(), sale.unexplained(2)), (dec!(11.51), dec!(1.51), dec!(0)));
    // Totals that the lines do not bear out are left as they are printed, and the difference is told.
    let mut short = line;
    short["price_total"] = json!(9);
    let sale = parse_sale(&body(short)).unwrap();
    assert_eq!((sale.gross_total(), sale.unexplained(2)), (dec!(11.52), dec!(1.01)));
}

/// JSON with the field names that the reader looks for, so that its branches are reached.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        "-?[0-9]{1,25}(\\.[0-9]{1,25})?(e-?[0-9]{1,3})?".prop_map(Value::from),
        "[12][0-9]{3}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](Z|\\+12:00)?".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "id",
        "state",
        "status",
        "attributes",
        "data",
        "register_sales",
        "line_items",
        "register_sale_products",
        "payments",
        "quantity",
        "price",
        "product_id",
        "product",
        "pricing",
        "total",
        "tax",
        "tax_total",
        "amount",
        "tax_components",
        "total_tax",
        "adjustments",
        "surcharges",
        "surcharge",
        "value",
        "type",
        "ecom_custom_charges",
        "charges",
        "totals",
        "total_price",
        "version",
        "_metadata",
        "sequence",
        "deleted_at",
        "sale_date",
        "return",
        "return_for",
        "source",
        "config_id",
        "payload",
    ]);
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone().prop_map(str::to_owned), inner), 0..10)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_reader_panic(body in any_json()) {
        let _ = parse_sale(&body).map(|sale| sale.paid());
        let _ = sale_head(&body);
        let _ = parse_page(&body);
    }

    #[test]
    fn no_line_makes_the_reader_panic(line in any_json(), quantity in any_json(), price in any_json(), payment in any_json()) {
        let body = json!({"id": "s", "state": "closed", "payments": [payment], "line_items": [
            line, {"product_id": "p", "quantity": quantity, "price": price, "tax": price, "total_price": price, "total_tax": quantity}]});
        let _ = parse_sale(&body).map(|sale| sale.paid());
    }
}
