//! What is said about conditions that are wrong: the place, the mistake, and what to write instead.

use crate::domain::expression::{Expression, MAX_BYTES, MAX_DEPTH, MAX_NODES};

/// What is said about a mistake: `from..to message; suggestion`, one line for each.
fn said(source: &str) -> String {
    let problems = Expression::compile(source).expect_err(source);
    problems.iter().map(|problem| format!("{:?} {problem}", problem.span)).collect::<Vec<_>>().join("\n")
}

#[test]
fn facts_and_types_that_do_not_fit_are_told_with_what_to_write() {
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
        ("order.status == 2", "0..17 `order.status` is a sales order status and cannot be compared with a number"),
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
    ];
    for (source, wanted) in cases {
        assert_eq!(said(source), wanted, "{source}");
    }
}

#[test]
fn functions_lists_and_grammar_that_do_not_fit_are_told_with_what_to_write() {
    let cases = [
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
