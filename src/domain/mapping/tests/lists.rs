//! A document against what both systems have.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::{Checked, ErpLists, Found, Lists, Mappings, Thing};
use crate::domain::facts::Reference;
use crate::domain::reference::{Outlet, PaymentType, Register, Retailer, TaxCode, TaxGroup, User};
use crate::domain::sales_order::Ref;

/// Everything that both systems have is named, and everything named is there.
const IN_STEP: &str = "author = 'hana'
discount_item = 'Till discount'
[[outlet]]
x_series = 'o-1'
location = 'ponsonby'
register = 'Ponsonby 1'
default_customer = 108
department = 'Shops'
[[payment_type]]
x_series = 'Card'
netsuite = 'Card'
[[payment_type]]
x_series = 'Paid in NetSuite'
kind = 'netsuite'
[[tax]]
x_series = 'GST'
netsuite = 'GST:S-NZ'
[[register]]
x_series = 'Ponsonby 1'
class = '7'
[[charge]]
x_series = 'TIP'
netsuite = '77'
";

fn entry(id: &str, name: &str) -> Ref {
    Ref { id: id.to_owned(), name: Some(name.to_owned()) }
}

fn reference() -> Reference {
    let tax = |id: &str, name: &str, rate| TaxGroup { id: id.to_owned(), name: name.to_owned(), rate, ..TaxGroup::default() };
    let kind = |id: &str, name: &str| PaymentType { id: id.to_owned(), name: name.to_owned(), type_id: None };
    Reference {
        outlets: vec![outlet("o-1", "Ponsonby")],
        registers: vec![register("r-1", "Ponsonby 1", "o-1")],
        payment_types: vec![kind("p-1", "Card"), kind("p-2", "Paid in NetSuite")],
        taxes: vec![tax("t-1", "GST", Decimal::new(15, 2))],
        users: vec![User { id: "u-1".to_owned(), username: "hana".to_owned(), display_name: None, email: None }],
        retailer: Retailer { time_zone: Some("Pacific/Auckland".to_owned()), ..Retailer::default() },
    }
}

fn outlet(id: &str, name: &str) -> Outlet {
    Outlet { id: id.to_owned(), name: name.to_owned(), time_zone: None, default_tax_id: None }
}

fn register(id: &str, name: &str, outlet: &str) -> Register {
    Register { id: id.to_owned(), name: name.to_owned(), outlet_id: Some(outlet.to_owned()), is_open: true }
}

fn netsuite() -> ErpLists {
    let looked_up =
        [((Thing::Customer, "108"), vec!["108"]), ((Thing::Item, "77"), vec!["77"]), ((Thing::Item, "Till discount"), vec!["80"])];
    let owned = |ids: Vec<&str>| ids.into_iter().map(str::to_owned).collect();
    ErpLists {
        entries: BTreeMap::from([
            (Thing::Location, vec![entry("1", "Ponsonby"), entry("2", "Newmarket")]),
            (Thing::Department, vec![entry("5", "Shops")]),
            (Thing::Class, vec![entry("7", "Retail")]),
            (Thing::PaymentMethod, vec![entry("2", "Card"), entry("1", "Cash")]),
        ]),
        tax_codes: vec![TaxCode { id: "8".to_owned(), name: "S-NZ".to_owned(), tax_type: None, rate: None }],
        looked_up: looked_up.into_iter().map(|((thing, name), ids)| ((thing, name.to_owned()), owned(ids))).collect(),
    }
}

fn checked(document: &str) -> Checked {
    Mappings::parse(document).expect("a document")
}

fn found(document: &str, change: impl FnOnce(&mut Reference, &mut ErpLists)) -> Found {
    let (mut x_series, mut netsuite) = (reference(), netsuite());
    change(&mut x_series, &mut netsuite);
    Lists { x_series: Some(x_series), netsuite: Some(netsuite) }.compare(&checked(document))
}

fn told(found: &Found) -> (Vec<String>, Vec<String>, Vec<String>) {
    let of = |issues: &[super::Issue]| issues.iter().map(ToString::to_string).collect::<Vec<_>>();
    (of(&found.errors), of(&found.warnings), of(&found.notes))
}

#[test]
fn a_document_in_step_with_both_systems_has_nothing_to_tell() {
    assert_eq!(told(&found(IN_STEP, |_, _| {})), Default::default());
}

#[test]
fn an_outlet_whose_day_nobody_knows_is_told() {
    let warnings = told(&found(IN_STEP, |x_series, _| {
        x_series.retailer.time_zone = Some("Nowhere/Land".to_owned());
        let far = Outlet { time_zone: Some("Pacific/Chatham".to_owned()), ..outlet("o-1", "Ponsonby") };
        x_series.outlets = vec![far, outlet("o-3", "Warehouse")];
    }));
    assert!(warnings.1.iter().all(|warning| !warning.contains("time zone")), "{warnings:?}");
    let warnings = told(&found(IN_STEP, |x_series, _| x_series.retailer.time_zone = None)).1;
    assert_eq!(
        warnings,
        [
            "line 6, column 12: X-Series tells no time zone of the outlets 'Ponsonby' and of the retailer: what is booked there has the date \
             of the day on which NetSuite gets it; set the time zone in X-Series (Setup > General)"
        ]
    );
}

#[test]
fn every_name_that_is_not_there_is_an_error_at_its_own_place_with_the_closest_name() {
    let cases = [
        ("author = 'hana'", "author = 'hanna'", "line 1, column 10: X-Series has no user 'hanna' (author); did you mean \"hana\"?"),
        ("'o-1'", "'Ponsonbi'", "line 4, column 12: X-Series has no outlet 'Ponsonbi' ([[outlet]]); did you mean \"Ponsonby\"?"),
        (
            "'ponsonby'",
            "'Albany'",
            "line 5, column 12: NetSuite has no location 'Albany' ([[outlet]]); there is \"Ponsonby\", \"Newmarket\"",
        ),
        (
            "register = 'Ponsonby 1'",
            "register = 'Ponsonby 2'",
            "line 6, column 12: X-Series has no register 'Ponsonby 2' ([[outlet]]); did you mean \"Ponsonby 1\"?",
        ),
        ("'Shops'", "'6'", "line 8, column 14: NetSuite has no department '6' ([[outlet]]); there is \"Shops\""),
        (
            "netsuite = 'Card'",
            "netsuite = 'Crad'",
            "line 11, column 12: NetSuite has no payment method 'Crad' ([[payment_type]]); did you mean \"Card\"?",
        ),
        ("x_series = 'GST'", "x_series = 'GTS'", "line 16, column 12: X-Series has no tax 'GTS' ([[tax]]); did you mean \"GST\"?"),
        ("'GST:S-NZ'", "'GST:Z-NZ'", "line 17, column 12: NetSuite has no tax code 'GST:Z-NZ' ([[tax]]); there is \"S-NZ\""),
        ("class = '7'", "class = 'Retial'", "line 20, column 9: NetSuite has no class 'Retial' ([[register]]); did you mean \"Retail\"?"),
    ];
    for (was, is, wanted) in cases {
        let errors = told(&found(&IN_STEP.replace(was, is), |_, _| {})).0;
        assert_eq!(errors, [wanted], "{is}");
    }
}

#[test]
fn a_customer_or_item_has_to_be_one_and_only_one() {
    let of = |thing, name: &str, ids: &[&str]| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        told(&found(IN_STEP, |_, netsuite| drop(netsuite.looked_up.insert((thing, name.to_owned()), ids)))).0
    };
    assert_eq!(
        of(Thing::Customer, "108", &[]),
        ["line 7, column 20: NetSuite has no customer '108' ([[outlet]]); write its number as NetSuite shows it, or its internal id"]
    );
    assert_eq!(
        of(Thing::Item, "Till discount", &["80", "81"]),
        [
            "line 2, column 17: NetSuite has 2 items named 'Till discount' (discount_item): 80, 81; write the internal id of the one that is meant"
        ]
    );
}

#[test]
fn what_no_row_names_is_told_with_what_the_policy_does_to_it() {
    let more = |x_series: &mut Reference| {
        x_series.outlets.extend([outlet("o-2", "Newmarket"), outlet("o-3", "Warehouse")]);
        x_series.registers.extend([register("r-2", "Ponsonby 2", "o-1"), register("r-3", "Newmarket 1", "o-2")]);
        x_series.payment_types.push(PaymentType { id: "p-3".to_owned(), name: "Cash".to_owned(), type_id: None });
        x_series.taxes.push(TaxGroup { id: "t-2".to_owned(), name: "Half".to_owned(), rate: Decimal::new(75, 3), ..TaxGroup::default() });
        x_series.taxes.push(TaxGroup { id: "t-0".to_owned(), name: "No Tax".to_owned(), ..TaxGroup::default() });
    };
    let (errors, warnings, notes) = told(&found(IN_STEP, |x_series, _| more(x_series)));
    assert_eq!(errors, [""; 0]);
    assert_eq!(
        warnings,
        [
            "line 6, column 12: no [[outlet]] names the outlet 'Newmarket' of X-Series: its sales are held (no_match.outlet); \
             add an [[outlet]] with x_series = \"Newmarket\"",
            "line 13, column 12: no [[payment_type]] names the payment type 'Cash' of X-Series: sales paid with it are held \
             (no_match.payment_type); add a [[payment_type]] with x_series = \"Cash\"",
        ],
        "an outlet without registers sells nothing"
    );
    assert_eq!(
        notes,
        [
            "line 16, column 12: no [[tax]] names 'Half', 'No Tax' of X-Series: no tax code is sent as it, unless it has the same name",
            "line 19, column 12: no [[register]] names 'Ponsonby 2', 'Newmarket 1' of X-Series: their sales are booked as their outlets'",
        ]
    );

    let lenient = "tax = 'override'\nno_match = { outlet = 'Newmarket', payment_type = 'Cash', tax = 'S-NZ' }\n".to_owned() + IN_STEP;
    let (errors, warnings, _) = told(&found(&lenient, |x_series, _| more(x_series)));
    assert_eq!(errors, [""; 0]);
    let then = warnings.iter().filter_map(|warning| warning.split(" of X-Series: ").nth(1)?.split(';').next()).collect::<Vec<_>>();
    assert_eq!(
        then,
        [
            "its sales are booked at the location 'Newmarket' (no_match.outlet)",
            "it is booked with the payment method 'Cash' (no_match.payment_type)",
            "it is written as the tax code 'S-NZ' (no_match.tax)",
        ],
        "untaxed lines need no tax code"
    );
}

#[test]
fn what_the_policies_name_has_to_be_there_too() {
    let document =
        "no_match = { item = 'Misc', customer = 'Walk in', payment_type = 'Coins', tax = 'VAT', outlet = 'Depot' }\n".to_owned() + IN_STEP;
    let errors = told(&found(&document, |_, netsuite| {
        netsuite.looked_up.extend([((Thing::Item, "Misc".to_owned()), vec![]), ((Thing::Customer, "Walk in".to_owned()), vec![])]);
    }))
    .0;
    let names = errors.iter().filter_map(|error| error.split(": ").nth(1)?.split(" (").next()).collect::<Vec<_>>();
    assert_eq!(
        names,
        [
            "NetSuite has no item 'Misc'",
            "NetSuite has no customer 'Walk in'",
            "NetSuite has no payment method 'Coins'",
            "X-Series has no tax 'VAT' and NetSuite has no tax code 'VAT'",
            "NetSuite has no location 'Depot'",
        ]
    );
    for tax in ["GST", "8"] {
        let document = format!("no_match = {{ tax = '{tax}' }}\n{IN_STEP}");
        assert_eq!(told(&found(&document, |_, _| {})).0, [""; 0], "either side's tax will do");
    }
}

#[test]
fn a_payment_type_without_a_method_has_to_find_one_of_its_own_name() {
    let document = IN_STEP.replace("netsuite = 'Card'\n", "");
    assert_eq!(told(&found(&document, |_, _| {})).0, [""; 0]);
    let errors = told(&found(&document, |_, netsuite| drop(netsuite.entries.insert(Thing::PaymentMethod, vec![entry("1", "Cash")])))).0;
    assert_eq!(errors, ["line 10, column 12: NetSuite has no payment method 'Card' ([[payment_type]]); there is \"Cash\""]);
}

#[test]
fn a_list_that_the_role_does_not_see_is_one_warning_and_no_error() {
    let (errors, warnings, _) = told(&found(IN_STEP, |_, netsuite| {
        netsuite.entries.remove(&Thing::Department);
        netsuite.tax_codes.clear();
        netsuite.looked_up.retain(|(thing, _), _| *thing != Thing::Item);
    }));
    assert_eq!(errors, [""; 0]);
    let hidden = warnings.iter().filter_map(|warning| warning.split(": ").nth(1)?.split(';').next()).collect::<Vec<_>>();
    assert_eq!(
        hidden,
        ["items", "departments", "tax codes"]
            .map(|what| format!("NetSuite shows no {what} to this role, so their names were not looked at"))
    );
}

#[test]
fn of_a_system_that_was_not_read_nothing_is_said() {
    let wrong = IN_STEP.replace("'hana'", "'nobody'").replace("'ponsonby'", "'nowhere'");
    let both = Lists::default().compare(&checked(&wrong));
    assert_eq!(both, Found::default());
    let till = Lists { x_series: Some(reference()), netsuite: None }.compare(&checked(&wrong));
    assert_eq!(told(&till).0.len(), 1, "the user: {till:?}");
    let books = Lists { x_series: None, netsuite: Some(netsuite()) }.compare(&checked(&wrong));
    assert_eq!(told(&books).0.len(), 1, "the location: {books:?}");
}
