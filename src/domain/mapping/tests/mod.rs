//! The document as a whole: what it says about mistakes, its defaults, and which mapping decides.

mod lists;
mod mistakes;

use std::fmt::Write;

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::document::{CHARGE, DOCUMENT, MAPPING, NO_MATCH, OUTLET, PAYMENT_TYPE, REGISTER, SEND_AS, TAX};
use super::*;
use crate::domain::expression::{facts_catalogue, functions_catalogue, sample as world};
use crate::domain::sales_order::SalesOrder;
use crate::domain::status::{OrderStatus, SaleStatus, SendAs};

/// Every key and table with its default, as the manual describes it. `tax` stands twice, as a setting and as a table.
const WHOLE: &str = r#"skip_sales_orders = true                  # an [[outlet]] may override it
reconcile_on = ["CLOSED", "DISPATCHED_CLOSED", "PICKED_UP_CLOSED", "LAYBY_CLOSED", "ONACCOUNT_CLOSED"]
send_field = "custbody_tillbridge_send"   # the box behind order.send_to_x_series
sale_id_field = "custbody_tillbridge_sale_id"   # where the sale's id is written back; "" leaves the order alone
sku_field = "itemId"
author = "api"                            # the X-Series user that sent sales are made by
on_cancelled = "hold"                     # or "void": the sales order was cancelled before its sale was completed
service = "hold"                          # or "as_closed"
import_parked = false
create_customers = true
direct_record = "cash_sale"               # or "invoice", with its payments: a sale that needs no sales order
refund_as = "cash_refund"                 # or "credit_memo"
bill_as = "form"                          # the order's form, then its terms; or "invoice", "cash_sale"
fulfil_partially = true
tax = "compare"                           # NetSuite computes, we compare; or "override"
tolerance = "0.01"                        # more than this, and no variance_item: held
variance_item = ""
discount_item = ""
post_to_open_period = false
no_match = { item = "hold", customer = "default", payment_type = "hold", tax = "hold", outlet = "hold" }

[[mapping]]
name = "Pickup on billed orders"
when = 'order.status == "Billed" and order.location in ["Ponsonby", "Newmarket"] and order.send_to_x_series'
send_as = "AWAITING_PICKUP"
note = "NetSuite {order.number}"          # also: register, fulfil_from (an outlet), send_payment

[[outlet]]
x_series = "Ponsonby"
location = "Ponsonby"
register = "Ponsonby 1"                   # sales sent from NetSuite are made on it
default_customer = "108"                  # also: department, class, subsidiary, skip_sales_orders

[[payment_type]]
x_series = "Card"
netsuite = "Card"                         # also: account
kind = "money"                            # or on_account, gift_card, store_credit, loyalty, netsuite

[[tax]]
x_series = "GST"
netsuite = "GST:S-NZ"

[[register]]
x_series = "Ponsonby 2"
department = "Online"                     # also: location, class, subsidiary

[[charge]]
x_series = "SURCHARGE"                    # or a name on the receipt
netsuite = "Card surcharge"
"#;

const EXAMPLE: &str = include_str!("../../../../examples/mappings.toml");
const MANUAL: &str = include_str!("../../../../docs/MAPPINGS.md");

fn parsed(document: &str) -> Mappings {
    Mappings::parse(document).unwrap_or_else(|issues| panic!("{issues:#?}")).mappings
}

fn warnings(document: &str) -> Vec<String> {
    let checked = Mappings::parse(document).unwrap_or_else(|issues| panic!("{issues:#?}"));
    checked.warnings.iter().chain(&checked.notes).map(ToString::to_string).collect()
}

/// One mapping, and a tender so that nothing else is worth a warning.
fn one(when: &str, send_as: &str) -> String {
    format!(
        "[[payment_type]]\nx_series = \"Paid\"\nkind = \"netsuite\"\n[[mapping]]\nname = \"A\"\nwhen = '{when}'\nsend_as = \"{send_as}\"\n"
    )
}

#[test]
fn a_document_with_every_key_reads_as_the_defaults_and_its_tables() {
    let checked = Mappings::parse(WHOLE).expect("a document");
    assert_eq!(checked.mappings.settings, Settings::default());
    let shown: Vec<String> = checked.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "line 25, column 11: \"Pickup on billed orders\" sends paid sales, and no `[[payment_type]]` of kind \"netsuite\" says what they \
          are paid with; add one, or their orders are held"
        ]
    );
    let mapping = checked.mappings.mapping("Pickup on billed orders").expect("the mapping");
    assert_eq!((mapping.send_as, mapping.send_payment), (SendAs::AwaitingPickup, true));
    let register = checked.mappings.register("r-2", Some("ponsonby 2")).expect("the register");
    assert_eq!((register.department.as_deref(), &register.location), (Some("Online"), &None));
    let charge = |kind: &str, name: Option<&str>| checked.mappings.charge(kind, name).map(|row| row.netsuite.clone());
    assert_eq!((charge("SURCHARGE", Some("Visa")).as_deref(), charge("TIP", None)), (Some("Card surcharge"), None));
    assert_eq!(checked.mappings.taxes, [TaxRule { x_series: "GST".to_owned(), netsuite: "GST:S-NZ".to_owned() }]);
    let outlet = checked.mappings.outlets.first().expect("the outlet");
    assert_eq!((outlet.register.as_deref(), outlet.default_customer.as_deref()), (Some("Ponsonby 1"), Some("108")));
}

#[test]
fn an_empty_document_has_every_default_and_a_warning() {
    assert_eq!(parsed("").settings, Settings::default());
    assert_eq!(warnings(""), ["line 1, column 1: there are no mappings, so no sales order is sent to X-Series; add a `[[mapping]]`"]);
}

#[test]
fn every_setting_can_be_changed() {
    let mappings = parsed(
        "skip_sales_orders = false\nreconcile_on = [\"CLOSED\", \"ONACCOUNT\"]\nsend_field = \"\"\nsale_id_field = \"\"\n\
         sku_field = \"upcCode\"\nauthor = 'Jo'\non_cancelled = \"void\"\nservice = \"as_closed\"\nimport_parked = true\n\
         create_customers = false\ndirect_record = \"invoice\"\nrefund_as = \"credit_memo\"\nbill_as = \"cash_sale\"\n\
         fulfil_partially = false\ntax = \"override\"\ntolerance = 0.05\nvariance_item = \"Rounding\"\ndiscount_item = 77\n\
         post_to_open_period = true\n[no_match]\nitem = \"Misc\"\ncustomer = \"hold\"\npayment_type = \"Cash\"\ntax = \"default\"\n\
         outlet = \"Main\"\n",
    );
    let settings = mappings.settings;
    assert!(!settings.skip_sales_orders && settings.import_parked && !settings.create_customers);
    assert!(!settings.fulfil_partially && settings.post_to_open_period);
    let words: Vec<&str> = settings.reconcile_on.iter().map(|status| status.word()).collect();
    assert_eq!(words, ["CLOSED", "ONACCOUNT"]);
    assert_eq!((settings.send_field, settings.sale_id_field), (None, None));
    assert_eq!((settings.sku_field.as_str(), settings.author.as_str()), ("upcCode", "Jo"));
    assert_eq!((settings.on_cancelled, settings.service), (OnCancelled::Void, Service::AsClosed));
    assert_eq!((settings.direct_record, settings.refund_as), (DirectRecord::Invoice, RefundAs::CreditMemo));
    assert_eq!((settings.bill_as, settings.tax), (BillAs::CashSale, TaxMode::Override));
    assert_eq!(settings.tolerance, Decimal::new(5, 2));
    assert_eq!((settings.variance_item.as_deref(), settings.discount_item.as_deref()), (Some("Rounding"), Some("77")));
    let thing = |name: &str| NoMatch::Use(name.to_owned());
    assert_eq!(
        settings.no_match,
        NoMatches {
            item: thing("Misc"),
            customer: NoMatch::Hold,
            payment_type: thing("Cash"),
            tax: NoMatch::Default,
            outlet: thing("Main")
        }
    );
}

#[test]
fn the_example_is_free_of_errors_and_decides_as_it_says() {
    use {OrderStatus as S, SendAs as A};
    let checked = Mappings::parse(EXAMPLE).expect("the example");
    assert_eq!(checked.warnings, []);
    let meant = ["takes its goods out", "a customer refund needs the account"];
    assert!(checked.notes.iter().all(|note| meant.iter().any(|meant| note.message.contains(meant))), "{:?}", checked.notes);
    let mappings = checked.mappings;
    let chosen = |status: OrderStatus, ship_method: &str, ticked: bool| {
        let mut order = SalesOrder { status: Ok(status), ship_method: Some(world::reference("9", ship_method)), ..world::order() };
        order.custom.insert("custbody_tillbridge_send".to_owned(), serde_json::json!(ticked));
        let facts = mappings.facts(&order);
        let choice = mappings.choose(&facts);
        assert_eq!(choice.matched, mappings.first(&facts));
        choice.matched.map(|mapping| (mapping.name.clone(), mapping.send_as, mapping.note.as_ref().map(|note| note.render(&facts))))
    };
    let wanted = |name: &str, send_as, note: &str| Some((name.to_owned(), send_as, Some(note.to_owned())));
    let cases = [
        ((S::Billed, "Store Pickup", true), wanted("Pickup on billed orders", A::AwaitingPickup, "NetSuite SO1043, billed")),
        ((S::Billed, "Courier", true), wanted("Duplicate billed orders as closed", A::Closed, "NetSuite SO1043, for the record")),
        ((S::PendingFulfillment, "Store Pickup", true), wanted("Pickup", A::AwaitingPickup, "NetSuite SO1043")),
        ((S::PendingFulfillment, "Courier", true), wanted("Delivery from store", A::AwaitingDispatch, "NetSuite SO1043, deliver")),
        ((S::PendingApproval, "Courier", true), None),
        ((S::Billed, "Store Pickup", false), None),
    ];
    for ((status, ship_method, ticked), wanted) in cases {
        assert_eq!(chosen(status, ship_method, ticked), wanted, "{status:?} {ship_method} {ticked}");
    }
}

#[test]
fn the_trail_ends_at_the_mapping_that_decides_and_keeps_what_was_seen() {
    let mappings = parsed(
        "[[mapping]]\nname='A'\nwhen='order.total > 100'\nsend_as='SAVED'\n[[mapping]]\nname='B'\nwhen='order.total > 50'\nsend_as='SAVED'\n\
         [[mapping]]\nname='C'\nwhen='true'\nsend_as='SAVED'\n",
    );
    let order = world::order();
    let choice = mappings.choose(&mappings.facts(&order));
    assert_eq!(choice.matched.map(|mapping| mapping.name.as_str()), Some("B"));
    assert_eq!(
        serde_json::to_value(&choice.trail).expect("json"),
        serde_json::json!([
            {"name": "A", "held": false,
             "seen": [{"text": "order.total", "value": "57.50", "clause": "order.total > 100", "held": false}]},
            {"name": "B", "held": true, "seen": [{"text": "order.total", "value": "57.50", "clause": "order.total > 50", "held": true}]},
        ])
    );
}

#[test]
fn a_note_leaves_out_what_the_order_lacks() {
    let mappings = parsed(
        &(one("true", "SAVED") + "note = '{{{order.number}}} {order.department}|{order.total} {order.date} {order.custbody_channel}'\n"),
    );
    let order = world::order();
    let note = mappings.mappings.first().and_then(|mapping| mapping.note.as_ref()).expect("a note");
    assert_eq!(note.render(&mappings.facts(&order)), "{SO1043} |57.50 2026-11-20 Web");
}

#[test]
fn a_thing_is_found_by_its_name_or_its_id() {
    let mappings = parsed(
        "[[outlet]]\nx_series='o-1'\nlocation=3\nskip_sales_orders=false\n[[outlet]]\nx_series='Newmarket'\nlocation='Newmarket'\n\
         [[payment_type]]\nx_series='Card'\nnetsuite='1'\n[[payment_type]]\nx_series='p-9'\nkind='netsuite'\n\
         [[tax]]\nx_series='GST'\nnetsuite='GST:S-NZ'\n[[tax]]\nx_series='t-0'\nnetsuite='7'\n",
    );
    let outlet = |rule: Option<&OutletRule>| rule.map(|rule| rule.x_series.clone());
    assert_eq!(outlet(mappings.outlet_for_location(&world::reference("3", "Ponsonby"))).as_deref(), Some("o-1"));
    assert_eq!(outlet(mappings.outlet_for_location(&world::reference("4", " newmarket"))).as_deref(), Some("Newmarket"));
    assert_eq!(outlet(mappings.outlet_for_location(&world::reference("5", "Albany"))), None);
    assert_eq!(outlet(mappings.outlet("o-1", Some("Ponsonby"))).as_deref(), Some("o-1"));
    assert_eq!(outlet(mappings.outlet("o-2", Some("Newmarket"))).as_deref(), Some("Newmarket"));
    assert!(!mappings.skips_sales_orders(mappings.outlet("o-1", None)) && mappings.skips_sales_orders(None));
    assert_eq!(mappings.payment_type("x", Some("card")).and_then(|row| row.netsuite.as_deref()), Some("1"));
    assert_eq!(mappings.netsuite_tender().map(|row| row.x_series.as_str()), Some("p-9"));
    assert_eq!(mappings.tax("t-0", Some("No tax")).map(|row| row.netsuite.as_str()), Some("7"));
    assert_eq!(mappings.tax_for_code(&world::reference("6", "GST:S-NZ")).map(|row| row.x_series.as_str()), Some("GST"));
    assert_eq!(mappings.tax_for_code(&world::reference("7", "Zero")).map(|row| row.x_series.as_str()), Some("t-0"));
}

#[test]
fn a_closed_layby_reconciles_also_when_it_was_picked_up() {
    let both = SaleStatus::classify(Some("closed"), &["layby".to_owned(), "pickup".to_owned()], None).expect("a status");
    let open = SaleStatus::from_word("LAYBY").expect("a status");
    let settings = Settings::default();
    assert!(settings.reconciles(both) && !settings.reconciles(open));
}

#[test]
fn the_manual_names_every_key_fact_and_function() {
    for key in [DOCUMENT, MAPPING, OUTLET, PAYMENT_TYPE, TAX, REGISTER, CHARGE, NO_MATCH].concat() {
        let row = MANUAL.contains(&format!("| `{key}` |"));
        assert!(row || MANUAL.contains(&format!("[[{key}]]\n")) || MANUAL.contains(&format!("`[[{key}]]`, once")), "the key {key}");
    }
    for fact in facts_catalogue() {
        assert!(MANUAL.contains(&format!("| `{}` | {} | {} |", fact.name, fact.kind, fact.doc)), "the fact {}", fact.name);
    }
    for function in functions_catalogue() {
        assert!(
            MANUAL.contains(&format!("| `{}` | {} | {} |", function.form, function.gives, function.doc)),
            "the function {}",
            function.name
        );
    }
    for (word, _) in SEND_AS {
        assert!(MANUAL.contains(&format!("`{word}`")), "the status {word}");
    }
}

#[test]
fn the_documents_of_the_manual_are_free_of_errors() {
    let mut documents = MANUAL.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).peekable();
    assert!(documents.peek().is_some());
    for document in documents {
        parsed(document);
    }
}

#[test]
fn fifty_mappings_are_looked_through_a_thousand_times() {
    let mut document = String::new();
    for number in 0..50 {
        let written = write!(
            document,
            "[[mapping]]\nname = 'M{number}'\nwhen = 'order.status == \"Closed\" and order.location in [\"Newmarket\", \"Ponsonby\"] \
             and order.total > {number} or order.custbody_channel == \"Mail {number}\"'\nsend_as = 'SAVED'\n"
        );
        assert!(written.is_ok());
    }
    let mappings = parsed(&document);
    let order = world::order();
    let facts = mappings.facts(&order);
    assert!((0..1_000).all(|_| mappings.first(&facts).is_none()));
}

#[test]
fn money_that_is_given_back_needs_an_account_to_come_from() {
    let told = |settings: &str, account: &str| {
        let rows = format!("{settings}\n[[payment_type]]\nx_series = 'Cash'\nnetsuite = 'Cash'\n{account}\n");
        let checked = Mappings::parse(&rows).expect("a document");
        let about = |issues: &[Issue]| issues.iter().filter(|issue| issue.message.contains("customer refund")).count();
        (about(&checked.warnings), about(&checked.notes))
    };
    assert_eq!(told("refund_as = 'credit_memo'", ""), (1, 0));
    assert_eq!(told("refund_as = 'cash_refund'", ""), (0, 1));
    assert_eq!(told("refund_as = 'credit_memo'", "account = '1000'"), (0, 0));
    assert_eq!(told("refund_as = 'credit_memo'", "kind = 'on_account'"), (0, 0));
}

proptest! {
    #[test]
    fn any_document_is_read_or_refused_without_harm(document in ".{0,200}") {
        if let Err(issues) = Mappings::parse(&document) {
            prop_assert!(!issues.is_empty() && issues.iter().all(|issue| issue.line > 0 && issue.column > 0));
        }
    }

    #[test]
    fn a_broken_document_is_read_or_refused_without_harm(at in 0..WHOLE.len(), length in 0_usize..12, with in "[\\[\\]\"'{}=a0.\\\\\n]{0,4}") {
        let mut document = WHOLE.to_owned();
        document.replace_range(at..(at + length).min(WHOLE.len()), &with);
        if let Err(issues) = Mappings::parse(&document) {
            prop_assert!(!issues.is_empty());
        }
    }

    #[test]
    fn the_same_order_always_gets_the_same_choice(total in 0_i64..10_000, status in 0_usize..8, ticked: bool) {
        let mappings = parsed(EXAMPLE);
        let status = OrderStatus::ALL.get(status).copied().ok_or("a status").expect("one of eight");
        let mut order = SalesOrder { status: Ok(status), total: Some(Decimal::new(total, 2)), ..world::order() };
        order.custom.insert("custbody_tillbridge_send".to_owned(), serde_json::json!(ticked));
        let again = order.clone();
        prop_assert_eq!(mappings.choose(&mappings.facts(&order)), mappings.choose(&mappings.facts(&again)));
        prop_assert_eq!(mappings.choose(&mappings.facts(&order)).matched, mappings.first(&mappings.facts(&order)));
    }
}
