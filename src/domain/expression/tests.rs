//! The language as a whole: what it says about mistakes, and what conditions come to.

use std::collections::BTreeMap;

use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

use super::value::Truth;
use super::*;
use crate::domain::ids::RecordId;
use crate::domain::sales_order::{ItemKind, OrderLine, Ref, SalesOrder};
use crate::domain::status::OrderStatus;

pub(in crate::domain) fn reference(id: &str, name: &str) -> Ref {
    Ref { id: id.to_owned(), name: Some(name.to_owned()) }
}

pub(in crate::domain) fn line(line: i64, item: &str, quantity: i64) -> OrderLine {
    OrderLine {
        line,
        item: reference(&format!("10{line}"), item),
        kind: ItemKind::Inventory,
        description: Some(format!("A {item}")),
        quantity: quantity.into(),
        rate: Some(Decimal::new(1250, 2)),
        amount: Some(Decimal::new(1250, 2) * Decimal::from(quantity)),
        gross: None,
        tax: None,
        tax_code: Some(reference("6", "GST:S-NZ")),
        tax_rate: None,
        taxable: None,
        location: Some(reference("3", "Ponsonby")),
        closed: false,
        fulfilled: Decimal::ZERO,
        billed: Decimal::ZERO,
        committed: None,
        from_purchase: false,
        inventory: Vec::new(),
        custom: BTreeMap::from([("custcol_gift".to_owned(), json!(line == 1))]),
    }
}

/// A billed order of two lines and a line of text, with custom fields of every kind.
pub(in crate::domain) fn order() -> SalesOrder {
    SalesOrder {
        id: RecordId::new("766"),
        number: "SO1043".to_owned(),
        external_id: None,
        status: Ok(OrderStatus::Billed),
        customer: Some(reference("107", "Smith, A & O'Brien")),
        email: Some("a@example.com".to_owned()),
        subsidiary: Some(reference("2", "New Zealand")),
        location: Some(reference("3", "Ponsonby")),
        department: None,
        class: None,
        currency: Some(reference("1", "NZD")),
        terms: Some(reference("4", "Net 30")),
        payment_method: None,
        ship_method: Some(reference("9", "Store Pickup")),
        form: Some(reference("68", "Sales Order - Cash Sale")),
        date: Some(date(2026, 11, 20)),
        ship_date: None,
        po_number: None,
        memo: Some("  Gift wrap, please ".to_owned()),
        created_at: "2026-11-20T22:15:00Z".parse().ok(),
        modified_at: "2026-11-22T01:02:03Z".parse().ok(),
        subtotal: Some("50.00".parse().expect("an amount")),
        discount_total: Some(Decimal::ZERO),
        tax_total: Some("7.50".parse().expect("an amount")),
        shipping_cost: None,
        handling_cost: None,
        total: Some("57.50".parse().expect("an amount")),
        lines: vec![line(1, "Scarves : S-100", 1), line(2, "H-7", 3), OrderLine { kind: ItemKind::Description, ..line(5, "Text", 0) }],
        ship_to: None,
        custom: BTreeMap::from([
            ("custbody_tillbridge_send".to_owned(), json!(true)),
            ("custbody_channel".to_owned(), json!({"id": "5", "refName": "Web", "links": []})),
            ("custbody_tags".to_owned(), json!({"items": [{"id": "1", "refName": "VIP"}, {"id": "2", "refName": "Late"}]})),
            ("custbody_score".to_owned(), json!(12.5)),
            ("custbody_score_text".to_owned(), json!("12.5")),
            ("custbody_wrap".to_owned(), json!("T")),
            ("custbody_ready".to_owned(), json!("2026-11-25")),
            ("custbody_empty".to_owned(), json!(null)),
            ("custbody_place_id".to_owned(), json!("p-1")),
        ]),
    }
}

fn truth(source: &str) -> Truth {
    let order = order();
    let facts = Facts::new(&order, "custbody_tillbridge_send");
    let expression = Expression::compile(source).unwrap_or_else(|problems| panic!("{source}: {problems:?}"));
    let truth = eval::truth(&expression.term, Scope::from(&facts));
    assert_eq!(expression.holds(&facts), expression.trace(&facts).holds, "{source}");
    truth
}

/// What is said about a mistake: `from..to message; suggestion`, one line for each.
fn said(source: &str) -> String {
    let problems = Expression::compile(source).expect_err(source);
    problems.iter().map(|problem| format!("{:?} {problem}", problem.span)).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_write() {
    let cases = [
        ("order.locaton == \"Ponsonby\"", "0..13 there is no `order.locaton`; did you mean `order.location`?"),
        ("status == \"Billed\"", "0..6 there is no `status`; did you mean `order.status`?"),
        ("order.tranId == \"SO1\"", "0..12 there is no `order.tranId`; did you mean `order.number`?"),
        ("order.shipMethod == \"Courier\"", "0..16 there is no `order.shipMethod`; did you mean `order.ship_method`?"),
        ("order.location.id == \"3\"", "0..17 there is no `order.location.id`; did you mean `order.location_id`?"),
        ("order.location.name == \"3\"", "0..19 there is no `order.location.name`; did you mean `order.location`?"),
        ("custbody_x == true", "0..10 there is no `custbody_x`; did you mean `order.custbody_x`?"),
        ("order.custbdy_x == true", "0..15 there is no `order.custbdy_x`; custom fields begin with `order.custbody`"),
        ("order.custcol_x == true", "0..15 there is no `order.custcol_x`; columns are on lines: `any(order.lines, line.custcol_x)`"),
        ("order.location == Ponsonby", "18..26 there is no `Ponsonby`; text stands in quotes: \"Ponsonby\""),
        ("order.zzzzzz == 1", "0..12 there is no `order.zzzzzz`"),
        ("order.status == \"Biled\"", "16..23 \"Biled\" is not a sales order status; did you mean \"Billed\"?"),
        ("order.status == \"B\"", "16..19 \"B\" is not a sales order status; did you mean \"Pending Fulfillment\"?"),
        ("order.status_id == \"Billed\"", "19..27 \"Billed\" is not the letter of a sales order status; did you mean \"G\"?"),
        ("order.status in [\"Billed\", \"Closd\"]", "27..34 \"Closd\" is not a sales order status; did you mean \"Closed\"?"),
        ("weekday(order.date) == \"Sundy\"", "23..30 \"Sundy\" is not a day of the week; did you mean \"Sunday\"?"),
        (
            "order.status == \"shipped and gone\"",
            "16..34 \"shipped and gone\" is not a sales order status; it is one of \"Pending Approval\", \"Pending Fulfillment\", \
             \"Cancelled\", \"Partially Fulfilled\", \"Pending Billing/Partially Fulfilled\", \"Pending Billing\", \"Billed\", \"Closed\"",
        ),
        ("order.total == \"much\"", "0..21 `order.total` is a number and cannot be compared with text"),
        ("order.total > \"100\"", "0..19 `order.total` is a number and cannot be compared with text; write it without quotes: `100`"),
        ("order.location_id == 3", "0..22 `order.location_id` is text and cannot be compared with a number; write it in quotes: `\"3\"`"),
        ("3 == order.location_id", "0..22 `order.location_id` is text and cannot be compared with a number"),
        (
            "order.send_to_x_series == \"T\"",
            "0..29 `order.send_to_x_series` is yes or no and cannot be compared with text; write `true` or `false`, without quotes",
        ),
        (
            "order.status == 2",
            "0..17 `order.status` is a sales order status and cannot be compared with a number; write it in quotes: `\"2\"`",
        ),
        ("order.memo < \"b\"", "0..16 `order.memo` is text, and `<` compares numbers, dates and times; compare it with `==`, `!=` or `in`"),
        ("order.date >= \"soon\"", "14..20 \"soon\" is not a date; write it as \"2026-11-23\""),
        ("order.date in [\"2026-02-30\"]", "15..27 \"2026-02-30\" is not a date; write it as \"2026-11-23\""),
        ("date(\"2026-02-30\") < order.date", "5..17 \"2026-02-30\" is not a date; write it as \"2026-11-23\""),
        ("order.memo == \"\"", "14..16 no field is ever equal to empty text; ask whether it is missing, with `missing(…)`"),
        ("order.total", "0..11 `order.total` is a number, not a condition; compare it, as in `order.total == …`"),
        (
            "order.status == \"Billed\" or \"Closed\"",
            "28..36 `\"Closed\"` is text, not a condition; to compare with several values, write `… in [\"Closed\", …]`",
        ),
        (
            "order.lines",
            "0..11 `order.lines` is a list, not a value; ask something of it: `any(order.lines, line.quantity > 1)`, `count(order.lines) > 3`",
        ),
        ("line.quantity > 1", "0..13 `line.quantity` is known only while the lines are looked at; write `any(order.lines, …)` around it"),
        ("any(order.lines, line.qty > 1)", "17..25 there is no `line.qty`; did you mean `line.quantity`?"),
        ("any(order.lines, line.quantty > 1)", "17..29 there is no `line.quantty`; did you mean `line.quantity`?"),
        ("any(order.lines, quantity > 1)", "17..25 there is no `quantity`; did you mean `line.quantity`?"),
        ("any(order.lines, any(order.lines, true))", "17..39 functions over the lines cannot stand within one another"),
        ("any(line.quantity > 1)", "0..22 `any` takes 2 values, and has 1; write `any(order.lines, condition)`"),
        (
            "any(order.memo, true)",
            "4..14 `any` looks at the lines, and `order.memo` is not `order.lines`; write `any(order.lines, condition)`",
        ),
        ("sum(order.lines, line.sku) > 1", "17..25 `sum` takes numbers, and `line.sku` is text"),
        ("contain(order.memo, \"x\")", "0..7 there is no function `contain`; did you mean `contains`?"),
        ("order.memo.contains(\"x\")", "0..19 there is no function `order.memo.contains`; write `contains(order.memo, \"x\")`"),
        ("contains(order.memo)", "0..20 `contains` takes 2 values, and has 1; write `contains(text, part)`"),
        ("contains(order.total, \"5\")", "9..20 `contains` takes text, and `order.total` is a number"),
        ("year(order.total) == 2026", "5..16 `year` takes a date, and `order.total` is a number"),
        ("order.memo + 1 > 2", "0..10 `order.memo` is text, and `+` works on numbers"),
        (
            "order.date + 1 > order.date",
            "0..10 `order.date` is a date, and `+` works on numbers; for dates, write `add_days(…)` or `days_between(…)`",
        ),
        ("1 / 0 > order.total", "0..5 `1 / 0` has no result"),
        ("order.status in []", "0..18 nothing is in an empty list"),
        ("order.memo in [null]", "15..19 `null` is in no list; write `missing(order.memo)`"),
        ("order.memo in [order.number]", "15..27 a list holds written values, not facts; compare with a fact by `==`"),
        (
            "order.memo == [\"a\"]",
            "14..19 a list stands only to the right of `in`; write `order.location in [\"Ponsonby\", \"Newmarket\"]`",
        ),
        ("order.total = 5", "12..13 `=` is not part of this language; write `==` to compare"),
        (
            "order.total > 5 && !order.send_to_x_series || true",
            "16..18 `&&` is not part of this language; write `and`\n19..20 `!` is not part of this language; write `not`\n\
             43..45 `||` is not part of this language; write `or`",
        ),
        (
            "order.memo == “x”",
            "14..17 `“` is not part of this language; write straight quotes: \"…\" or '…'\n18..21 `”` is not part of this language; write straight quotes: \"…\" or '…'",
        ),
        ("order.memo == \"x", "14..16 this text has no closing \""),
        ("order.memo == 'a\\b'", "16..17 a backslash in text stands only before a quote or another backslash; write `\\\\` for one"),
        ("order.total > 1_000", "14..19 `1_000` is not a number; write it in digits, as in `1200` or `12.50`"),
        ("order.total > 1 AND true", "16..19 found `AND` where `and`, `or` or the end is expected; write `and`"),
        ("order.memo is null", "11..13 found `is` where `and`, `or` or the end is expected; write `==`"),
        ("order.total >", "13..13 the condition ends where a value is expected"),
        ("(order.total > 5", "16..16 the condition ends where `)` is expected"),
        ("order.total > 5)", "15..16 found `)` where `and`, `or` or the end is expected"),
        ("1 < order.total < 5", "16..17 comparisons cannot be chained; join two of them with `and`: `1 < order.total and order.total < 5`"),
        ("order.location in \"a\"", "18..21 found `\"a\"` where a list such as `[\"Ponsonby\", \"Newmarket\"]` is expected"),
        (
            "order.lines[0] > 1",
            "11..12 found `[` where `and`, `or` or the end is expected; a list stands to the right of `in`; for the lines write `any(order.lines, …)`",
        ),
        ("", "0..0 the condition ends where a value is expected"),
        ("order.total > 5 # big", "16..17 `#` has no meaning here"),
    ];
    for (source, wanted) in cases {
        assert_eq!(said(source), wanted, "{source}");
    }
}

#[test]
fn all_mistakes_of_a_condition_are_told_at_once() {
    assert_eq!(
        said("order.statuss == \"Billed\" and contains(order.total, 5) or any(order.lines, line.skuu == \"x\")"),
        "0..13 there is no `order.statuss`; did you mean `order.status`?\n\
         39..50 `contains` takes text, and `order.total` is a number\n\
         52..53 `contains` takes text, and `5` is a number\n\
         75..84 there is no `line.skuu`; did you mean `line.sku`?"
    );
}

#[test]
fn a_condition_is_bounded_in_length_parts_and_depth() {
    let long = format!("order.memo == \"{}\"", "x".repeat(MAX_BYTES));
    assert_eq!(said(&long), "0..0 a condition may have 2000 bytes, and this has 2016; split it into several mappings");
    let wide = vec!["true"; MAX_NODES + 1].join(" or ");
    assert!(said(&wide).contains("a condition may have 200 parts"), "{}", said(&wide));
    let deep = format!("{}true{}", "(".repeat(MAX_DEPTH), ")".repeat(MAX_DEPTH));
    assert!(said(&deep).contains("nested 32 deep"), "{}", said(&deep));
    let inside = format!("{}true{}", "(".repeat(MAX_DEPTH - 1), ")".repeat(MAX_DEPTH - 1));
    assert!(Expression::compile(&inside).is_ok());
}

#[test]
fn conditions_come_to_what_they_say() {
    use Truth::{False, True, Unknown};
    let cases = [
        ("order.status == \"Billed\"", True),
        ("order.status == \"billed\"", True),
        ("order.status_id == \"G\"", True),
        ("order.status != \"Closed\"", True),
        ("order.status in [\"Closed\", \"Billed\",]", True),
        ("order.status not in [\"Closed\", \"Billed\"]", False),
        ("not order.status in [\"Closed\"]", True),
        ("order.location in [\"Ponsonby\", 'Newmarket'] and order.send_to_x_series", True),
        ("order.location_id == \"3\" or order.total > 1000", True),
        ("order.total > 57.49 and order.total <= 57.5", True),
        ("order.customer == \"smith, a & o'brien \"", True),
        ("order.customer == 'Smith, A & O\\'Brien'", True),
        ("order.memo == \"gift wrap, please\"", True),
        ("contains(order.memo, \"GIFT\")", True),
        ("starts_with(trim(order.memo), \"gift\") and ends_with(order.number, \"43\")", True),
        ("length(order.number) == 6 and lower(order.number) == \"so1043\" and upper(order.number) == \"SO1043\"", True),
        ("order.date >= \"2026-11-20\" and order.date < date(\"2026-11-21\")", True),
        ("order.date == \"2026-11-20\" and order.date in [\"2026-11-19\", \"2026-11-20\"]", True),
        ("order.created_at == order.date", True),
        ("order.created_at > \"2026-11-20T22:00:00Z\" and order.created_at < \"2026-11-20T23:00:00Z\"", True),
        ("order.created_at > \"2026-11-20\"", False),
        ("year(order.date) == 2026 and month(order.date) == 11 and day(order.date) == 20", True),
        ("weekday(order.date) in [\"Friday\", \"Saturday\"]", True),
        ("days_between(order.date, order.created_at) == 0 and days_between(\"2026-11-23\", order.date) == -3", True),
        ("add_days(order.date, 3) == \"2026-11-23\"", True),
        ("order.line_count == 2 and order.quantity == 4 and count(order.lines) == 2", True),
        ("any(order.lines, line.quantity > 2 and line.sku == \"H-7\")", True),
        ("any(order.lines, line.sku == \"S-100\" and line.item == \"Scarves : S-100\")", True),
        ("all(order.lines, line.location == order.location and line.kind == \"Inventory\" and line.kind_id == \"InvtPart\")", True),
        ("none(order.lines, line.fulfilled > 0 or line.closed)", True),
        ("count(order.lines, line.custcol_gift) == 1", True),
        ("sum(order.lines, line.amount) == 50 and min(order.lines, line.quantity) == 1 and max(order.lines, line.quantity) == 3", True),
        ("sum(order.lines, line.quantity * line.rate) == order.subtotal", True),
        ("order.total - order.tax_total == order.subtotal and -order.total < 0 and 7 / 2 == 3.5", True),
        ("order.custbody_channel == \"web\" and order.custbody_channel_id == \"5\"", True),
        ("order.custbody_place_id == \"p-1\"", True),
        ("contains(order.custbody_tags, \"VIP\") and order.custbody_tags_id == \"1, 2\"", True),
        ("order.custbody_score > 12 and number(order.custbody_score_text) == order.custbody_score", True),
        ("order.custbody_wrap and order.custbody_wrap == true", True),
        ("order.custbody_ready > order.date and order.custbody_ready >= \"2026-11-25\"", True),
        ("order.custbody_score_text > 12", Unknown),
        ("not order.custbody_score_text > 12", Unknown),
        ("order.custbody_channel", Unknown),
        ("contains(order.custbody_score, \"1\")", Unknown),
        ("order.ship_date == order.date", Unknown),
        ("order.department != \"Shoes\"", Unknown),
        ("not (order.department == \"Shoes\")", Unknown),
        ("order.department in [\"Shoes\"]", Unknown),
        ("order.department == null and missing(order.department) and not missing(order.location) and order.location != null", True),
        ("missing(order.custbody_empty) and missing(order.custbody_never_seen)", True),
        ("default(order.department, \"none\") == \"none\" and not default(order.custbody_never_seen, false)", True),
        ("order.department == \"Shoes\" or order.total > 0", True),
        ("order.department == \"Shoes\" and order.total < 0", False),
        ("min(order.lines, line.custcol_none) > 0", Unknown),
        ("sum(order.lines, line.custcol_none) == 0", True),
        ("1 == 1 and true and not false", True),
    ];
    for (source, wanted) in cases {
        assert_eq!(truth(source), wanted, "{source}");
    }
}

#[test]
fn an_order_without_lines_meets_all_and_none_and_not_any() {
    let order = SalesOrder { lines: Vec::new(), ..order() };
    let facts = Facts::new(&order, "");
    for (source, wanted) in [
        ("any(order.lines, true)", false),
        ("all(order.lines, false)", true),
        ("none(order.lines, true)", true),
        ("count(order.lines) == 0 and sum(order.lines, line.amount) == 0", true),
        ("missing(max(order.lines, line.amount))", true),
        ("order.send_to_x_series", false),
        ("not order.send_to_x_series", true),
    ] {
        assert_eq!(Expression::compile(source).expect(source).holds(&facts), wanted, "{source}");
    }
}

#[test]
fn the_box_counts_as_ticked_only_where_it_says_so() {
    for (json, wanted) in
        [(json!(true), true), (json!("T"), true), (json!("F"), false), (json!(false), false), (json!(null), false), (json!(1), false)]
    {
        let mut order = order();
        order.custom.insert("custbody_tillbridge_send".to_owned(), json.clone());
        let facts = Facts::new(&order, "custbody_tillbridge_send");
        let expression = Expression::compile("order.send_to_x_series").expect("a condition");
        assert_eq!(expression.holds(&facts), wanted, "{json}");
    }
}

#[test]
fn a_status_that_is_not_known_is_no_status_that_is() {
    let order = SalesOrder { status: Err("Awaiting Miracle".to_owned()), ..order() };
    let facts = Facts::new(&order, "");
    let outcome = Expression::compile("order.status == \"Billed\" or order.status_id == \"G\"").expect("a condition").trace(&facts);
    assert!(!outcome.holds);
    let values: Vec<&str> = outcome.trace.iter().map(|seen| seen.value.as_str()).collect();
    assert_eq!(values, ["Awaiting Miracle", "missing"]);
}

#[test]
fn what_is_unknown_makes_nothing_hold() {
    use Truth::{False, True, Unknown};
    for (left, right, and, or) in [
        (True, True, True, True),
        (True, False, False, True),
        (True, Unknown, Unknown, True),
        (False, False, False, False),
        (False, Unknown, False, Unknown),
        (Unknown, Unknown, Unknown, Unknown),
    ] {
        assert_eq!((left.and(right), right.and(left)), (and, and), "{left:?} and {right:?}");
        assert_eq!((left.or(right), right.or(left)), (or, or), "{left:?} or {right:?}");
    }
    assert_eq!([!True, !False, !Unknown], [False, True, Unknown]);
}

#[test]
fn the_trace_has_every_clause_with_the_value_it_met() {
    let order = order();
    let facts = Facts::new(&order, "custbody_tillbridge_send");
    let source = "order.status == \"Closed\" and (order.location in [\"Ponsonby\"] or order.total > 10)\n  and not order.send_to_x_series \
                  and any(order.lines, line.quantity > 2) and order.date <= order.ship_date and order.custbody_score_text > 12 \
                  and contains(order.memo, \"gift\") and sum(order.lines, line.quantity) == 4 and missing(order.department) \
                  and order.custbody_channel and true";
    let outcome = Expression::compile(source).expect("a condition").trace(&facts);
    let shown: Vec<String> = outcome
        .trace
        .iter()
        .map(|seen| {
            let note = seen.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            format!("{} | {} = {} | {}{note}", seen.clause, seen.text, seen.value, seen.held)
        })
        .collect();
    assert!(!outcome.holds);
    assert_eq!(
        shown,
        [
            "order.status == \"Closed\" | order.status = Billed | false",
            "order.location in [\"Ponsonby\"] | order.location = Ponsonby | true",
            "order.total > 10 | order.total = 57.50 | true",
            "not order.send_to_x_series | order.send_to_x_series = true | false",
            "any(order.lines, line.quantity > 2) | order.lines = 1 of 2 lines: 1, 3 | true",
            "order.date <= order.ship_date | order.date and order.ship_date = 2026-11-20 and missing | false",
            "order.custbody_score_text > 12 | order.custbody_score_text = 12.5 | false \
             (`order.custbody_score_text` is text on this order, and is not comparable with a number)",
            "contains(order.memo, \"gift\") | order.memo =   Gift wrap, please  | true",
            "sum(order.lines, line.quantity) == 4 | sum(order.lines, line.quantity) = 4 | true",
            "missing(order.department) | order.department = missing | true",
            "order.custbody_channel | order.custbody_channel = Web | false (`order.custbody_channel` is text on this order, not yes or no)",
            "true | true = true | true",
        ]
    );
}

#[test]
fn two_spellings_of_one_condition_are_equal() {
    let one = Expression::compile("order.status == \"Billed\"\n and (order.total>5)").expect("a condition");
    let other = Expression::compile("(order.status == 'Billed') and order.total > 5").expect("a condition");
    assert_eq!(one, other);
    assert_ne!(one, Expression::compile("order.total > 5").expect("a condition"));
}

#[test]
fn every_fact_and_function_of_the_catalogue_can_be_asked() {
    for fact in facts_catalogue() {
        let name = fact.name.replace('…', "x");
        if fact.name.starts_with("order.") && fact.name != "order.lines" {
            assert!(Expression::compile(&format!("missing({name})")).is_ok(), "{name}");
        } else if fact.name.starts_with("line.") {
            assert!(Expression::compile(&format!("any(order.lines, missing({name}))")).is_ok(), "{name}");
        }
    }
    assert!(functions_catalogue().iter().all(|function| function.form.starts_with(function.name)));
}

#[test]
fn always_tells_what_needs_no_order() {
    for (source, wanted) in [
        ("true", Some(true)),
        ("1 > 2", Some(false)),
        ("order.total > 5 or true", Some(true)),
        ("order.total > 5 and false", Some(false)),
        ("order.total > 5 and true", None),
        ("not (1 == 1)", Some(false)),
    ] {
        assert_eq!(Expression::compile(source).expect(source).always(), wanted, "{source}");
    }
}

/// Parts that make sense more often than random letters do.
fn soup() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("order.status"),
        Just("order.total"),
        Just("order.date"),
        Just("order.custbody_x"),
        Just("order.lines"),
        Just("line.quantity"),
        Just("line.sku"),
        Just("order.send_to_x_series"),
        Just("any("),
        Just("sum("),
        Just("count("),
        Just("contains("),
        Just("date("),
        Just("missing("),
        Just("default("),
        Just("("),
        Just(")"),
        Just("["),
        Just("]"),
        Just(","),
        Just("=="),
        Just("!="),
        Just("<"),
        Just(">="),
        Just("in"),
        Just("not"),
        Just("and"),
        Just("or"),
        Just("+"),
        Just("-"),
        Just("*"),
        Just("/"),
        Just("\"Billed\""),
        Just("'2026-11-23'"),
        Just("12.50"),
        Just("0"),
        Just("true"),
        Just("null"),
        Just("79228162514264337593543950335"),
        Just("\\"),
        Just("é"),
        Just("{"),
        Just("\""),
    ];
    proptest::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

/// Conditions that are well formed, as trees of random shape.
fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("order.status == \"Billed\"".to_owned()),
        Just("order.total - 1 * 2 > -5".to_owned()),
        Just("order.department != 'x\\'\"y'".to_owned()),
        Just("order.custbody_x".to_owned()),
        Just("order.custbody_channel in [\"Web\", 5, true]".to_owned()),
        Just("any(order.lines, line.quantity > 1 and not line.closed)".to_owned()),
        Just("(order.total + 1) * 2 == 4 / (1 - order.total)".to_owned()),
        Just("missing(order.ship_date)".to_owned()),
        Just("false".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(|parts| parts.join(" or ")),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_harm(source in ".{0,80}") {
        let _read_or_refused = Expression::compile(&source);
    }

    #[test]
    fn token_soup_ends_in_an_answer(source in soup()) {
        let order = order();
        let facts = Facts::new(&order, "custbody_tillbridge_send");
        match Expression::compile(&source) {
            Ok(expression) => prop_assert_eq!(expression.holds(&facts), expression.trace(&facts).holds),
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    prop_assert!(source.get(problem.span.clone()).is_some(), "{:?} of {}", problem, source);
                }
            }
        }
    }

    #[test]
    fn a_condition_written_out_reads_back_as_itself(source in condition()) {
        let node = parser::parse(&source).expect("a condition");
        let written = node.to_string();
        prop_assert_eq!(parser::parse(&written).expect("written").to_string(), written);
        let order = order();
        let facts = Facts::new(&order, "custbody_tillbridge_send");
        let (one, other) = (Expression::compile(&source).expect("a condition"), Expression::compile(&node.to_string()).expect("written"));
        prop_assert_eq!(one.holds(&facts), other.holds(&facts));
        prop_assert_eq!(one, other);
    }
}
