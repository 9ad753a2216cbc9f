//! What is said about documents that are wrong, and of what is seldom meant.

use super::{one, warnings};
use crate::domain::mapping::Mappings;

fn errors(document: &str) -> Vec<String> {
    Mappings::parse(document).expect_err("errors").iter().map(ToString::to_string).collect()
}

#[test]
fn a_typo_in_a_condition_is_told_by_line_and_column_of_the_document() {
    let document =
        "# A document\n\n[[mapping]]\nname = \"A\"\nsend_as = \"SAVED\"\n\n\n\n\n\n\n\n\nwhen  = 'order.locaton == \"Ponsonby\"'\n";
    assert_eq!(errors(document), ["line 14, column 10: there is no `order.locaton`; did you mean `order.location`?"]);
    for (when, place) in [
        ("'order.locaton == 1'", "line 3, column 9"),
        ("\"order.status == \\\"Billed\\\" and order.locaton == 1\"", "line 3, column 40"),
        ("\"\\u0020\\t order.locaton == 1\"", "line 3, column 18"),
        ("'''\norder.status == \"Billed\"\n  and order.locaton == 1\n'''", "line 5, column 7"),
        ("\"\"\"\\\n   order.status == 'Billed' \\\n  and order.locaton == 1\"\"\"", "line 5, column 7"),
        ("\"\"\"\r\norder.number == 'é' and order.locaton == 1\"\"\"", "line 4, column 25"),
    ] {
        let document = format!("[[mapping]]\nname = 'A'\nwhen = {when}\nsend_as = 'SAVED'\n");
        assert_eq!(errors(&document), [format!("{place}: there is no `order.locaton`; did you mean `order.location`?")], "{when}");
    }
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_write() {
    let cases = [
        ("skip_sales_order = true", "line 1, column 1: the document has no key `skip_sales_order`; did you mean `skip_sales_orders`?"),
        ("[[mappings]]\nname = 'A'", "line 1, column 3: the document has no key `mappings`; did you mean `mapping`?"),
        ("skip_sales_orders = 'yes'", "line 1, column 21: `skip_sales_orders` is `true` or `false`, and this is a text"),
        ("reconcile_on = ['CLOSD']", "line 1, column 17: there is no sale status \"CLOSD\"; did you mean \"CLOSED\"?"),
        ("reconcile_on = 'CLOSED'", "line 1, column 16: `reconcile_on` is a list, and this is a text"),
        ("reconcile_on = [1]", "line 1, column 17: `reconcile_on` is a list of texts, and this is a number"),
        (
            "send_field = 'memo'",
            "line 1, column 14: `send_field` is a custom body field, and `memo` is none; its id begins with `custbody`",
        ),
        ("author = ' '", "line 1, column 10: `author` is empty"),
        ("author = true", "line 1, column 10: `author` is a text, and this is `true` or `false`"),
        ("on_cancelled = 'viod'", "line 1, column 16: `on_cancelled` cannot be \"viod\"; did you mean \"void\"?"),
        ("bill_as = 'receipt'", "line 1, column 11: `bill_as` cannot be \"receipt\"; it is one of \"form\", \"invoice\", \"cash_sale\""),
        ("tax = 'overide'", "line 1, column 7: `tax` cannot be \"overide\"; did you mean \"override\"?"),
        ("tolerance = 'little'", "line 1, column 13: `tolerance` is an amount of zero or more, and this is little; write it as \"0.01\""),
        ("tolerance = -1", "line 1, column 13: `tolerance` is an amount of zero or more, and this is -1; write it as \"0.01\""),
        ("tolerance = inf", "line 1, column 13: `tolerance` is an amount of zero or more, and this is inf; write it as \"0.01\""),
        ("no_match = 'hold'", "line 1, column 12: `no_match` is a table, and this is a text"),
        ("[no_match]\nitems = 'hold'", "line 2, column 1: no_match has no key `items`; did you mean `item`?"),
        ("[no_match]\nitem = 'hodl'", "line 2, column 8: `item` cannot be \"hodl\"; did you mean \"hold\"?"),
        (
            "[no_match]\noutlet = 'default'",
            "line 2, column 10: an outlet has no default for `outlet`; write \"hold\", or the name or id of the one to use",
        ),
        ("[mapping]\nname = 'A'", "line 1, column 1: `mapping` is written `[[mapping]]`, once for each"),
        ("mapping = [1]", "line 1, column 12: `mapping` is a list of tables, and this is a number"),
        (
            "[[mapping]]\nwhen = 'true'\nsend_as = 'SAVED'",
            "line 1, column 1: this [[mapping]] has no `name`; add `name = \"Pickup on billed orders\"`",
        ),
        ("[[mapping]]\nname = ''\nwhen = 'true'\nsend_as = 'SAVED'", "line 2, column 8: `name` is empty"),
        (
            "[[mapping]]\nname = 'A'\nsend_as = 'SAVED'",
            "line 1, column 1: this [[mapping]] has no `when`; add `when = 'order.status == \"Billed\"'`",
        ),
        ("[[mapping]]\nname = 'A'\nwhen = 'true'", "line 1, column 1: this [[mapping]] has no `send_as`; add `send_as = \"SAVED\"`"),
        (
            "[[mapping]]\nname = 'A'\nwhen = 'true'\nsend_as = 'AWAITING_PICUP'",
            "line 4, column 11: `send_as` cannot be \"AWAITING_PICUP\"; did you mean \"AWAITING_PICKUP\"?",
        ),
        (
            "[[mapping]]\nname = 'A'\nwhen = 'true'\nsend_as = 'LAYBY'",
            "line 4, column 11: `send_as` cannot be \"LAYBY\"; it is one of \"SAVED\", \"CLOSED\", \"AWAITING_PICKUP\", \"AWAITING_DISPATCH\"",
        ),
        (
            "[[outlet]]\nx_series = 'A'\nskip_sales_orders = 1",
            "line 3, column 21: `skip_sales_orders` is `true` or `false`, and this is a number",
        ),
        ("[[outlet]]\nlocation = 'A'", "line 1, column 1: this [[outlet]] has no `x_series`; add `x_series = \"Ponsonby\"`"),
        ("[[outlet]]\nx_series = 'A'\n[[outlet]]\nx_series = 'a '", "line 4, column 12: there is an outlet \"A\" already, on line 2"),
        (
            "[[payment_type]]\nx_series = 'A'\nkind = 'cash'",
            "line 3, column 8: `kind` cannot be \"cash\"; it is one of \"money\", \"on_account\", \"gift_card\", \"store_credit\", \"loyalty\", \"netsuite\"",
        ),
        ("[[tax]]\nx_series = 'A'", "line 1, column 1: this [[tax]] has no `netsuite`; add `netsuite = \"GST:S-NZ\"`"),
        (
            "tax = 'compare'\n[[tax]]\nx_series = 'A'\nnetsuit = 'B'\nnetsuite = 'B'",
            "line 4, column 1: [[tax]] has no key `netsuit`; did you mean `netsuite`?",
        ),
        (
            "[[register]]\nx_series = 'R'\ndepartmnt = 'D'\nclass = 'C'",
            "line 3, column 1: [[register]] has no key `departmnt`; did you mean `department`?",
        ),
        ("[[register]]\nclass = 'C'", "line 1, column 1: this [[register]] has no `x_series`; add `x_series = \"Ponsonby 2\"`"),
        (
            "[[register]]\nx_series = 'R'\nclass = 'C'\n[[register]]\nx_series = 'r'\nclass = 'C'",
            "line 5, column 12: there is a register \"R\" already, on line 2",
        ),
        ("register = 'R'", "line 1, column 12: `register` is written `[[register]]`, once for each"),
        ("[[charge]]\nx_series = 'TIP'\nitem = '7'\nnetsuite = '7'", "line 3, column 1: [[charge]] has no key `item`"),
        ("[[charge]]\nx_series = 'TIP'", "line 1, column 1: this [[charge]] has no `netsuite`; add `netsuite = \"Card surcharge\"`"),
        (
            "[[charge]]\nx_series = 'TIP'\nnetsuite = 7\n[[charge]]\nx_series = 'Tip'\nnetsuite = 8",
            "line 5, column 12: there is a charge \"TIP\" already, on line 2",
        ),
        ("author = 'a'\nauthor = 'b'", "line 2, column 1: duplicate key"),
        ("author = 'a", "line 1, column 12: invalid literal string, expected `'`"),
    ];
    for (document, wanted) in cases {
        assert_eq!(errors(document), [wanted], "{document}");
    }
}

#[test]
fn a_mistake_in_a_mapping_is_told_at_its_own_place() {
    let mapping = |lines: &str| format!("[[mapping]]\nname = 'A'\nwhen = 'true'\nsend_as = 'SAVED'\n{lines}\n");
    let cases = [
        ("sendas = 'SAVED'", "line 5, column 1: [[mapping]] has no key `sendas`; did you mean `send_as`?"),
        (
            "skip_sales_orders = true",
            "line 5, column 1: [[mapping]] has no key `skip_sales_orders`; it belongs at the top of the document, above the first table",
        ),
        ("note = 'NetSuite {order.numbr}'", "line 5, column 19: there is no `order.numbr`; did you mean `order.number`?"),
        ("note = \"\\\"{ order.numbr }\\\"\"", "line 5, column 13: there is no `order.numbr`; did you mean `order.number`?"),
        ("note = 'a { b'", "line 5, column 11: this `{` is not closed; write `{{` for the brace itself"),
        ("note = 'a } b'", "line 5, column 11: this `}` closes nothing; write `}}` for the brace itself"),
        (
            "note = '{line.sku}'",
            "line 5, column 10: `line.sku` is known only while the lines are looked at; write `any(order.lines, …)` around it",
        ),
        ("send_payment = 'yes'", "line 5, column 16: `send_payment` is `true` or `false`, and this is a text"),
        (
            "[[mapping]]\nname = 'a'\nwhen = 'order.total > 1'\nsend_as = 'SAVED'",
            "line 6, column 8: there is a mapping \"A\" already, on line 2",
        ),
    ];
    for (lines, wanted) in cases {
        assert_eq!(errors(&mapping(lines)), [wanted], "{lines}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_document() {
    let document = "autor = 'x'\ntolerance = 'x'\n[[mapping]]\nname = ''\nwhen = 'order.x == 1 and order.totl > 2'\nsend_as = 'CLOSD'\n\
                    note = '{order.nmber} {order.memmo}'\n[[tax]]\nx_serie = 1\n";
    assert_eq!(
        errors(document),
        [
            "line 1, column 1: the document has no key `autor`; did you mean `author`?",
            "line 2, column 13: `tolerance` is an amount of zero or more, and this is x; write it as \"0.01\"",
            "line 4, column 8: `name` is empty",
            "line 5, column 9: there is no `order.x`",
            "line 5, column 26: there is no `order.totl`; did you mean `order.total`?",
            "line 6, column 11: `send_as` cannot be \"CLOSD\"; did you mean \"CLOSED\"?",
            "line 7, column 10: there is no `order.nmber`; did you mean `order.number`?",
            "line 7, column 24: there is no `order.memmo`; did you mean `order.memo`?",
            "line 8, column 1: this [[tax]] has no `netsuite`; add `netsuite = \"GST:S-NZ\"`",
            "line 8, column 1: this [[tax]] has no `x_series`; add `x_series = \"GST\"`",
            "line 9, column 1: [[tax]] has no key `x_serie`; did you mean `x_series`?",
        ]
    );
}

#[test]
fn what_is_seldom_meant_is_warned_of() {
    let cases = [
        (one("order.send_to_x_series", "SAVED"), vec![]),
        (one("order.total > 1", "SAVED"), vec![]),
        (one("order.total > 1 and order.send_to_x_series", "AWAITING_PICKUP"), vec![]),
        (one("order.custbody_tillbridge_send", "AWAITING_DISPATCH"), vec![]),
        (
            one("order.total > 1", "AWAITING_PICKUP"),
            vec![
                "line 6, column 8: \"A\" sends every order that meets its condition to be handed over, whether it was asked for or not; \
                  add `and order.send_to_x_series`, so that somebody ticks the box of each order",
            ],
        ),
        (
            one("order.send_to_x_series", "CLOSED"),
            vec![
                "line 7, column 11: \"A\" sends a completed sale, and X-Series takes its goods out of the outlet's stock; \
                  see that they are not taken out twice",
            ],
        ),
        (one("order.total > 1 and 1 > 2", "SAVED"), vec!["line 6, column 8: the condition of \"A\" never holds"]),
        (
            one("order.send_to_x_series", "AWAITING_PICKUP") + "send_payment = false\n",
            vec!["line 7, column 11: \"A\" sends no payment, and staff cannot complete such a sale until it is paid at the till"],
        ),
        (
            one("true", "SAVED") + "[[mapping]]\nname = 'B'\nwhen = 'order.total > 1'\nsend_as = 'SAVED'\n",
            vec![
                "line 10, column 8: \"B\" never decides: \"A\" stands before it and takes every order; \
                  the first mapping whose condition holds decides; move it up or take it out",
            ],
        ),
        (
            one("order.total > 1", "SAVED") + "[[mapping]]\nname = 'B'\nwhen = ' (order.total)>1'\nsend_as = 'SAVED'\n",
            vec![
                "line 10, column 8: \"B\" never decides: \"A\" stands before it and has the same condition; \
                  the first mapping whose condition holds decides; move it up or take it out",
            ],
        ),
        (
            one("order.total > 1", "SAVED") + "[[payment_type]]\nx_series = 'Card'\n[[outlet]]\nx_series = 'A'\n",
            vec![
                "line 8, column 1: the payment type \"Card\" is booked with the NetSuite payment method of the same name; \
                 add `netsuite` or `account`",
                "line 10, column 1: the outlet \"A\" has no `location`, so no sales order finds it and its sales are booked at none; \
                 add the NetSuite location that it stands for",
                "line 8, column 1: a customer refund needs the account that the money comes from, and the payment types without one are \"Card\": \
                 exchanges and partly refunded returns with them are held; add the `account` of the bank or the till",
                "line 10, column 1: the outlet \"A\" has no `default_customer`, so its sales without a customer are held; \
                 add the NetSuite customer that stands for nobody in particular",
            ],
        ),
        (
            one("order.total > 1", "SAVED")
                + "[[outlet]]\nx_series = 'A'\nlocation = 'L'\ndefault_customer = 1\n\
                   [[outlet]]\nx_series = 'B'\nlocation = 'l'\ndefault_customer = 1\n",
            vec!["line 14, column 12: another outlet stands for the location \"l\" already, and gets its sales orders"],
        ),
        (
            "reconcile_on = ['LAYBY']\n".to_owned() + &one("order.total > 1", "SAVED"),
            vec![
                "line 1, column 17: the goods of a sale that is LAYBY have not been handed over, and its sales order would be fulfilled; \
                  list the statuses of closed sales",
            ],
        ),
    ];
    for (document, wanted) in cases {
        assert_eq!(warnings(&document), wanted, "{document}");
    }
}

#[test]
fn what_does_nothing_for_sales_of_the_till_or_holds_them_is_warned_of() {
    let plain = || one("order.total > 1", "SAVED");
    let above = |settings: &str| format!("{settings}\n{}", plain());
    let below = |tables: &str| plain() + tables;
    let cases = [
        (
            above("tax = 'override'"),
            vec![
                "line 1, column 7: the sale's tax is written to NetSuite, and no `[[tax]]` says as which tax code: taxed sales are held; \
                  add a `[[tax]]` for each tax of X-Series",
            ],
        ),
        (above("tax = 'override'\nno_match = { tax = 'GST:S-NZ' }"), vec![]),
        (above("tax = 'override'") + "[[tax]]\nx_series = 'GST'\nnetsuite = 'S-NZ'\n", vec![]),
        (above("tolerance = 1"), vec![]),
        (
            above("tolerance = '1.01'"),
            vec![
                "line 1, column 13: a difference of up to 1.01 does not hold an order; a tolerance is for rounding: the smallest coin is enough",
            ],
        ),
        (
            above("variance_item = 'Rounding'\ntolerance = 0"),
            vec![
                "line 1, column 17: `variance_item` takes up differences within the tolerance, and the tolerance is zero; raise `tolerance`",
            ],
        ),
        (above("direct_record = 'invoice'"), vec![]),
        (
            above("direct_record = 'invoice'\nskip_sales_orders = false"),
            vec![
                "line 1, column 17: `direct_record` says what becomes of sales that need no sales order, and every sale gets one; \
                  set `skip_sales_orders = true`, or take it out",
            ],
        ),
        (
            below("[[payment_type]]\nx_series = 'Gift Card'\nnetsuite = 'Gift Card'\nkind = 'gift_card'\n"),
            vec![
                "line 8, column 1: the payment type \"Gift Card\" is no money in the till, and without an account it is booked like money; \
                  add the `account` that such credit is kept on",
            ],
        ),
        (below("[[payment_type]]\nx_series = 'Loyalty'\naccount = '2250'\nkind = 'loyalty'\n"), vec![]),
        (
            below("[[register]]\nx_series = 'R'\n"),
            vec![
                "line 8, column 1: the register \"R\" changes nothing: its sales are booked as its outlet's; \
                  add `location`, `department`, `class` or `subsidiary`",
            ],
        ),
        (below("[[charge]]\nx_series = 'Delivery to the door'\nnetsuite = 7\n[[charge]]\nx_series = 'tip'\nnetsuite = 7\n"), vec![]),
        (
            below("[[charge]]\nx_series = 'SURCHARGES'\nnetsuite = 7\n"),
            vec![
                "line 8, column 1: \"SURCHARGES\" is no kind of charge, so only charges of that name on the receipt are meant; \
                  did you mean \"SURCHARGE\"?",
            ],
        ),
    ];
    for (document, wanted) in cases {
        assert_eq!(warnings(&document), wanted, "{document}");
    }
}
