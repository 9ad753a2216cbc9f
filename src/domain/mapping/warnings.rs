//! What is allowed in a mappings document, but seldom meant.

use super::document::WrittenMapping;
use super::reader::{Reader, Section};
use super::rules::{OutletRule, PaymentTypeRule};
use super::settings::{PaymentKind, Settings};
use crate::domain::status::SendAs;

/// Looks at a document that is free of errors.
pub fn look(
    reader: &mut Reader<'_>,
    root: &Section<'_>,
    settings: &Settings,
    mappings: &[WrittenMapping],
    outlets: &[OutletRule],
    payment_types: &[PaymentTypeRule],
) {
    if mappings.is_empty() {
        reader.warning(0, "there are no mappings, so no sales order is sent to X-Series", Some("add a `[[mapping]]`".to_owned()));
    }
    for written in mappings {
        look_at(reader, settings, written);
    }
    shadowed(reader, mappings);
    tender(reader, mappings, payment_types);
    let unbooked = |row: &PaymentTypeRule| {
        row.netsuite.is_none() && row.account.is_none() && !matches!(row.kind, PaymentKind::NetSuite | PaymentKind::OnAccount)
    };
    for row in payment_types.iter().filter(|row| unbooked(row)) {
        let message = format!("the payment type \"{}\" has no NetSuite payment method and no account to be booked to", row.x_series);
        let at = start_of(root, "payment_type", payment_types, row);
        reader.warning(at, message, Some("add `netsuite` or `account`".to_owned()));
    }
    for outlet in outlets.iter().filter(|outlet| outlet.location.is_none()) {
        let message = format!("the outlet \"{}\" has no `location`, so no sales order finds it", outlet.x_series);
        let at = start_of(root, "outlet", outlets, outlet);
        reader.warning(at, message, Some("add the NetSuite location that it stands for".to_owned()));
    }
}

/// Where the table of a row begins: rows are in the order of their tables, one for each.
fn start_of<R>(root: &Section<'_>, key: &str, rows: &[R], row: &R) -> usize {
    let place = rows.iter().position(|other| std::ptr::eq(other, row));
    let tables = root.get(key).and_then(|found| found.get_ref().as_array());
    place.zip(tables).and_then(|(place, tables)| tables.get(place)).map_or(0, |table| table.span().start)
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
