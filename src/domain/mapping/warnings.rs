//! What is allowed in a mappings document, but seldom meant.

use rust_decimal::Decimal;

use super::Mappings;
use super::document::WrittenMapping;
use super::reader::{Reader, Section};
use super::rules::{OutletRule, PaymentTypeRule};
use super::settings::{DirectRecord, NoMatch, PaymentKind, RefundAs, Settings, TaxMode};
use crate::domain::expression::{closest, same_text};
use crate::domain::status::SendAs;

/// Kinds of what stands outside a sale's lines.
const CHARGE_KINDS: [&str; 5] = ["SURCHARGE", "TIP", "NON_CASH_FEE", "DISCOUNT", "ECOM"];

/// Looks at a document that is free of errors. `rows` are its tables beside `[[mapping]]`, and its settings.
pub fn look(reader: &mut Reader<'_>, root: &Section<'_>, rows: &Mappings, mappings: &[WrittenMapping]) {
    if mappings.is_empty() {
        reader.warning(0, "there are no mappings, so no sales order is sent to X-Series", Some("add a `[[mapping]]`".to_owned()));
    }
    for written in mappings {
        look_at(reader, &rows.settings, written);
    }
    shadowed(reader, mappings);
    tender(reader, mappings, &rows.payment_types);
    for (place, row) in rows.payment_types.iter().enumerate() {
        payment_type(reader, start_of(root, "payment_type", place), row);
    }
    refund_accounts(reader, root, rows);
    for (place, row) in rows.outlets.iter().enumerate() {
        outlet(reader, start_of(root, "outlet", place), row);
    }
    for (place, row) in rows.registers.iter().enumerate() {
        if [&row.location, &row.department, &row.class, &row.subsidiary].iter().all(|set| set.is_none()) {
            let message = format!("the register \"{}\" changes nothing: its sales are booked as its outlet's", row.x_series);
            let add = "add `location`, `department`, `class` or `subsidiary`";
            reader.warning(start_of(root, "register", place), message, Some(add.to_owned()));
        }
    }
    for (place, row) in rows.charges.iter().enumerate() {
        let known = CHARGE_KINDS.iter().any(|kind| same_text(kind, &row.x_series));
        if let Some(kind) = closest(&row.x_series, CHARGE_KINDS).filter(|_| !known) {
            let message = format!("\"{}\" is no kind of charge, so only charges of that name on the receipt are meant", row.x_series);
            reader.warning(start_of(root, "charge", place), message, Some(format!("did you mean \"{kind}\"?")));
        }
    }
    settings(reader, root, rows);
}

fn payment_type(reader: &mut Reader<'_>, at: usize, row: &PaymentTypeRule) {
    let name = &row.x_series;
    match row.kind {
        PaymentKind::NetSuite | PaymentKind::OnAccount => {}
        PaymentKind::GiftCard | PaymentKind::StoreCredit | PaymentKind::Loyalty if row.account.is_none() => {
            let message = format!("the payment type \"{name}\" is no money in the till, and without an account it is booked like money");
            reader.warning(at, message, Some("add the `account` that such credit is kept on".to_owned()));
        }
        _ if row.netsuite.is_none() && row.account.is_none() => {
            let message = format!("the payment type \"{name}\" is booked with the NetSuite payment method of the same name");
            reader.warning(at, message, Some("add `netsuite` or `account`".to_owned()));
        }
        _ => {}
    }
}

/// Money that is given back for a credit memo leaves an account, and NetSuite takes none that is not named.
fn refund_accounts(reader: &mut Reader<'_>, root: &Section<'_>, rows: &Mappings) {
    let without = |row: &PaymentTypeRule| row.kind == PaymentKind::Money && row.account.is_none();
    let Some(first) = rows.payment_types.iter().position(without) else { return };
    let names = rows.payment_types.iter().filter(|row| without(row)).map(|row| format!("\"{}\"", row.x_series)).collect::<Vec<_>>();
    let message = format!(
        "a customer refund needs the account that the money comes from, and the payment types without one are {}",
        names.join(", ")
    );
    let at = start_of(root, "payment_type", first);
    let add = Some("add the `account` of the bank or the till".to_owned());
    match rows.settings.refund_as {
        RefundAs::CreditMemo => reader.warning(at, format!("{message}: returns paid back with them are held"), add),
        // Most returns are one cash refund.
        RefundAs::CashRefund => reader.note(at, format!("{message}: exchanges and partly refunded returns with them are held"), add),
    }
}

fn outlet(reader: &mut Reader<'_>, at: usize, row: &OutletRule) {
    let name = &row.x_series;
    if row.location.is_none() {
        let message = format!("the outlet \"{name}\" has no `location`, so no sales order finds it and its sales are booked at none");
        reader.warning(at, message, Some("add the NetSuite location that it stands for".to_owned()));
    }
    if row.default_customer.is_none() {
        let message = format!("the outlet \"{name}\" has no `default_customer`, so its sales without a customer are held");
        // Where the till is only sent sales orders, that is as it should be.
        reader.note(at, message, Some("add the NetSuite customer that stands for nobody in particular".to_owned()));
    }
}

/// Settings that do not go together.
fn settings(reader: &mut Reader<'_>, root: &Section<'_>, rows: &Mappings) {
    let settings = &rows.settings;
    let key = |key: &str| root.get(key).map_or(0, |found| found.span().start);
    if settings.tax == TaxMode::Override && rows.taxes.is_empty() && !matches!(settings.no_match.tax, NoMatch::Use(_)) {
        let message = "the sale's tax is written to NetSuite, and no `[[tax]]` says as which tax code: taxed sales are held";
        reader.warning(key("tax"), message, Some("add a `[[tax]]` for each tax of X-Series".to_owned()));
    }
    if settings.tolerance > Decimal::ONE {
        let message = format!("a difference of up to {} does not hold an order", settings.tolerance);
        reader.warning(key("tolerance"), message, Some("a tolerance is for rounding: the smallest coin is enough".to_owned()));
    }
    if settings.variance_item.is_some() && settings.tolerance.is_zero() {
        let message = "`variance_item` takes up differences within the tolerance, and the tolerance is zero";
        reader.warning(key("variance_item"), message, Some("raise `tolerance`".to_owned()));
    }
    let skips = settings.skip_sales_orders || rows.outlets.iter().any(|outlet| outlet.skip_sales_orders == Some(true));
    if settings.direct_record == DirectRecord::Invoice && !skips {
        let message = "`direct_record` says what becomes of sales that need no sales order, and every sale gets one";
        reader.warning(key("direct_record"), message, Some("set `skip_sales_orders = true`, or take it out".to_owned()));
    }
}

/// Where the table of a row begins: rows are in the order of their tables, one for each.
fn start_of(root: &Section<'_>, key: &str, place: usize) -> usize {
    let tables = root.get(key).and_then(|found| found.get_ref().as_array());
    tables.and_then(|tables| tables.get(place)).map_or(0, |table| table.span().start)
}

fn look_at(reader: &mut Reader<'_>, settings: &Settings, written: &WrittenMapping) {
    let mapping = &written.mapping;
    let name = &mapping.name;
    let asks_box = mapping.when.uses("order.send_to_x_series")
        || settings.send_field.as_ref().is_some_and(|field| mapping.when.uses(&format!("order.{field}")));
    match mapping.send_as {
        SendAs::AwaitingPickup | SendAs::AwaitingDispatch if !asks_box => reader.warning(
            written.when_at,
            format!("\"{name}\" sends every order that meets its condition to be handed over, whether it was asked for or not"),
            Some("add `and order.send_to_x_series`, so that somebody ticks the box of each order".to_owned()),
        ),
        SendAs::Closed => reader.note(
            written.send_as_at,
            format!("\"{name}\" sends a completed sale, and X-Series takes its goods out of the outlet's stock"),
            Some("see that they are not taken out twice".to_owned()),
        ),
        _ => {}
    }
    if mapping.send_as.is_paid() && !mapping.send_payment {
        reader.warning(
            written.send_as_at,
            format!("\"{name}\" sends no payment, and staff cannot complete such a sale until it is paid at the till"),
            None,
        );
    }
    if mapping.when.always() == Some(false) {
        reader.warning(written.when_at, format!("the condition of \"{name}\" never holds"), None);
    }
}

/// A mapping after one that takes all its orders never decides.
fn shadowed(reader: &mut Reader<'_>, mappings: &[WrittenMapping]) {
    for (place, written) in mappings.iter().enumerate() {
        let earlier = mappings
            .iter()
            .take(place)
            .find(|earlier| earlier.mapping.when.always() == Some(true) || earlier.mapping.when == written.mapping.when);
        if let Some(earlier) = earlier {
            let why = if earlier.mapping.when == written.mapping.when { "has the same condition" } else { "takes every order" };
            reader.warning(
                written.when_at,
                format!("\"{}\" never decides: \"{}\" stands before it and {why}", written.mapping.name, earlier.mapping.name),
                Some("the first mapping whose condition holds decides; move it up or take it out".to_owned()),
            );
        }
    }
}

/// Paid sales carry a tender that says that NetSuite has the money.
fn tender(reader: &mut Reader<'_>, mappings: &[WrittenMapping], payment_types: &[PaymentTypeRule]) {
    let has_tender = payment_types.iter().any(|row| row.kind == PaymentKind::NetSuite);
    let paid = mappings.iter().find(|written| written.mapping.send_payment);
    if let (false, Some(written)) = (has_tender, paid) {
        reader.warning(
            written.send_as_at,
            format!(
                "\"{}\" sends paid sales, and no `[[payment_type]]` of kind \"netsuite\" says what they are paid with",
                written.mapping.name
            ),
            Some("add one, or their orders are held".to_owned()),
        );
    }
}
