//! The language as a whole: what conditions come to, and why.

mod mistakes;

use proptest::prelude::*;
use serde_json::json;

use super::sample::order;
use super::value::Truth;
use super::*;
use crate::domain::sales_order::SalesOrder;

fn truth(source: &str) -> Truth {
    let order = order();
    let facts = Facts::new(&order, "custbody_tillbridge_send");
    let expression = Expression::compile(source).unwrap_or_else(|problems| panic!("{source}: {problems:?}"));
    let truth = eval::truth(&expression.term, Scope::from(&facts));
    assert_eq!(expression.holds(&facts), expression.trace(&facts, &mut Shown::default()).holds, "{source}");
    truth
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
    let outcome = Expression::compile("order.status == \"Billed\" or order.status_id == \"G\"")
        .expect("a condition")
        .trace(&facts, &mut Shown::default());
    assert!(!outcome.holds);
    let values: Vec<&str> = outcome.trace.iter().map(|seen| &*seen.value).collect();
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
    let outcome = Expression::compile(source).expect("a condition").trace(&facts, &mut Shown::default());
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
            Ok(expression) => prop_assert_eq!(expression.holds(&facts), expression.trace(&facts, &mut Shown::default()).holds),
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
