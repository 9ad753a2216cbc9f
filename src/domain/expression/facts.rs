//! The facts that a condition can ask for: each with its name, type and meaning, and how it is read from a sales order.

use serde::Serialize;

use super::custom;
use super::types::{Type, Words};
use super::value::Value;
use crate::domain::sales_order::{ItemKind, OrderLine, Ref, SalesOrder};
use crate::domain::status::OrderStatus;

/// A sales order, ready to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The order.
    pub(super) order: &'a SalesOrder,
    /// The box that asks for this order to be sent is ticked.
    pub(super) send: bool,
}

impl<'a> Facts<'a> {
    /// The facts of an order; `send_field` names the custom field behind `order.send_to_x_series`.
    pub fn new(order: &'a SalesOrder, send_field: &str) -> Self {
        let send = order.custom.get(send_field).is_some_and(custom::is_ticked);
        Self { order, send }
    }

    /// The lines that sell something: groups, sub-totals and text are left out, as their members speak for themselves.
    pub(super) fn lines(&self) -> impl Iterator<Item = &'a OrderLine> + use<'a> {
        self.order.lines.iter().filter(|line| !line.kind.is_text())
    }
}

/// A fact of the sales order's header.
pub struct OrderFact {
    /// `order.status`
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// What it means, for people.
    pub doc: &'static str,
    pub(super) read: for<'a> fn(&Facts<'a>) -> Value<'a>,
}

/// A fact of one line, within `any(order.lines, …)` and its like.
pub struct LineFact {
    /// `line.quantity`
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// What it means, for people.
    pub doc: &'static str,
    pub(super) read: for<'a> fn(&'a OrderLine) -> Value<'a>,
}

impl std::fmt::Debug for OrderFact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl std::fmt::Debug for LineFact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const STATUSES: &[(&str, &str)] = &[
    ("Pending Approval", "A"),
    ("Pending Fulfillment", "B"),
    ("Cancelled", "C"),
    ("Partially Fulfilled", "D"),
    ("Pending Billing/Partially Fulfilled", "E"),
    ("Pending Billing", "F"),
    ("Billed", "G"),
    ("Closed", "H"),
];

/// The eight statuses by name.
pub static STATUS: Words = Words { what: "a sales order status", pairs: STATUSES, are_ids: false };
/// The eight statuses by letter.
pub static STATUS_ID: Words = Words { what: "the letter of a sales order status", pairs: STATUSES, are_ids: true };
/// The days of the week.
pub static WEEKDAYS: Words = Words {
    what: "a day of the week",
    pairs: &[("Monday", ""), ("Tuesday", ""), ("Wednesday", ""), ("Thursday", ""), ("Friday", ""), ("Saturday", ""), ("Sunday", "")],
    are_ids: false,
};
/// The kinds of item that sell something, by name. Words that NetSuite adds are reached through `line.kind_id`.
pub static ITEM_KINDS: Words = Words {
    what: "a kind of item",
    pairs: &[
        ("Inventory", "InvtPart"),
        ("Non-inventory", "NonInvtPart"),
        ("Service", "Service"),
        ("Kit", "Kit"),
        ("Assembly", "Assembly"),
        ("Discount", "Discount"),
        ("Markup", "Markup"),
        ("Other charge", "OthCharge"),
        ("Gift certificate", "GiftCert"),
        ("Download", "DwnLdItem"),
        ("Payment", "Payment"),
    ],
    are_ids: false,
};

fn name(reference: Option<&Ref>) -> Value<'_> {
    Value::text(reference.map(Ref::label))
}

fn id(reference: Option<&Ref>) -> Value<'_> {
    Value::text(reference.map(|reference| reference.id.as_str()))
}

fn status(order: &SalesOrder) -> Value<'_> {
    match &order.status {
        Ok(status) => Value::text(Some(status.name())),
        Err(unknown) => Value::text(Some(unknown)),
    }
}

fn status_id(order: &SalesOrder) -> Value<'_> {
    Value::text(order.status.as_ref().ok().copied().map(OrderStatus::letter))
}

fn kind_id(kind: &ItemKind) -> &str {
    match kind {
        ItemKind::Inventory => "InvtPart",
        ItemKind::NonInventory => "NonInvtPart",
        ItemKind::Service => "Service",
        ItemKind::Kit => "Kit",
        ItemKind::Assembly => "Assembly",
        ItemKind::Group => "Group",
        ItemKind::EndGroup => "EndGroup",
        ItemKind::Description => "Description",
        ItemKind::Subtotal => "Subtotal",
        ItemKind::Discount => "Discount",
        ItemKind::Markup => "Markup",
        ItemKind::OtherCharge => "OthCharge",
        ItemKind::GiftCertificate => "GiftCert",
        ItemKind::Download => "DwnLdItem",
        ItemKind::Payment => "Payment",
        ItemKind::Other(word) => word,
    }
}

fn kind(kind: &ItemKind) -> &str {
    let id = kind_id(kind);
    ITEM_KINDS.of_twin(id).unwrap_or(id)
}

/// NetSuite writes a member item after its parents: `Shirts : S-100`.
fn sku(item: &Ref) -> Option<&str> {
    item.name.as_deref().and_then(|name| name.rsplit(" : ").next()).map(str::trim)
}

fn open(line: &OrderLine) -> rust_decimal::Decimal {
    if line.closed { rust_decimal::Decimal::ZERO } else { (line.quantity - line.fulfilled).max(rust_decimal::Decimal::ZERO) }
}

macro_rules! facts {
    ($of:ident: $($name:literal $kind:expr, $doc:literal, $read:expr;)+) => {
        &[$($of { name: $name, kind: $kind, doc: $doc, read: $read }),+]
    };
}

/// Every fact of the header. Custom fields come beside them: `order.custbody_…`.
pub static ORDER_FACTS: &[OrderFact] = facts! { OrderFact:
    "order.number" Type::Text, "The order's number, `SO1043`.", |facts| Value::text(Some(&facts.order.number));
    "order.id" Type::Text, "Its internal id.", |facts| Value::text(Some(facts.order.id.as_str()));
    "order.external_id" Type::Text, "Its external id.", |facts| Value::text(facts.order.external_id.as_deref());
    "order.status" Type::Word(&STATUS), "Its status, one of NetSuite's eight names.", |facts| status(facts.order);
    "order.status_id" Type::Word(&STATUS_ID), "The status' letter, `A` to `H`.", |facts| status_id(facts.order);
    "order.send_to_x_series" Type::YesNo, "The box on the Lightspeed X-Series subtab (`send_field`) is ticked; `false` where there is no box.",
        |facts| Value::YesNo(facts.send);
    "order.location" Type::Text, "The location on the header.", |facts| name(facts.order.location.as_ref());
    "order.location_id" Type::Text, "Its internal id.", |facts| id(facts.order.location.as_ref());
    "order.subsidiary" Type::Text, "The subsidiary.", |facts| name(facts.order.subsidiary.as_ref());
    "order.subsidiary_id" Type::Text, "Its internal id.", |facts| id(facts.order.subsidiary.as_ref());
    "order.customer" Type::Text, "The customer.", |facts| name(facts.order.customer.as_ref());
    "order.customer_id" Type::Text, "Its internal id.", |facts| id(facts.order.customer.as_ref());
    "order.email" Type::Text, "The e-mail address on the order.", |facts| Value::text(facts.order.email.as_deref());
    "order.ship_method" Type::Text, "The shipping method.", |facts| name(facts.order.ship_method.as_ref());
    "order.ship_method_id" Type::Text, "Its internal id.", |facts| id(facts.order.ship_method.as_ref());
    "order.terms" Type::Text, "The payment terms.", |facts| name(facts.order.terms.as_ref());
    "order.terms_id" Type::Text, "Their internal id.", |facts| id(facts.order.terms.as_ref());
    "order.department" Type::Text, "The department.", |facts| name(facts.order.department.as_ref());
    "order.department_id" Type::Text, "Its internal id.", |facts| id(facts.order.department.as_ref());
    "order.class" Type::Text, "The class.", |facts| name(facts.order.class.as_ref());
    "order.class_id" Type::Text, "Its internal id.", |facts| id(facts.order.class.as_ref());
    "order.currency" Type::Text, "The currency.", |facts| name(facts.order.currency.as_ref());
    "order.currency_id" Type::Text, "Its internal id.", |facts| id(facts.order.currency.as_ref());
    "order.payment_method" Type::Text, "How it is paid, where the order says so.", |facts| name(facts.order.payment_method.as_ref());
    "order.payment_method_id" Type::Text, "Its internal id.", |facts| id(facts.order.payment_method.as_ref());
    "order.form" Type::Text, "The form it was entered on.", |facts| name(facts.order.form.as_ref());
    "order.form_id" Type::Text, "Its internal id.", |facts| id(facts.order.form.as_ref());
    "order.memo" Type::Text, "The memo.", |facts| Value::text(facts.order.memo.as_deref());
    "order.po_number" Type::Text, "The customer's purchase-order number.", |facts| Value::text(facts.order.po_number.as_deref());
    "order.ship_to" Type::Text, "The shipping address as one text.", |facts| Value::text(facts.order.ship_to.as_deref());
    "order.date" Type::Date, "The order date.", |facts| facts.order.date.map_or(Value::Missing, Value::Day);
    "order.ship_date" Type::Date, "The date it is to ship on.", |facts| facts.order.ship_date.map_or(Value::Missing, Value::Day);
    "order.created_at" Type::Moment, "When it was entered.", |facts| facts.order.created_at.map_or(Value::Missing, Value::Moment);
    "order.modified_at" Type::Moment, "When it last changed.", |facts| facts.order.modified_at.map_or(Value::Missing, Value::Moment);
    "order.total" Type::Number, "The total, with tax and shipping.", |facts| Value::number(facts.order.total);
    "order.subtotal" Type::Number, "The lines, without tax and shipping.", |facts| Value::number(facts.order.subtotal);
    "order.tax_total" Type::Number, "The tax.", |facts| Value::number(facts.order.tax_total);
    "order.discount_total" Type::Number, "The header discount: zero or negative.", |facts| Value::number(facts.order.discount_total);
    "order.shipping_cost" Type::Number, "What the customer pays for shipping, without tax.", |facts| Value::number(facts.order.shipping_cost);
    "order.handling_cost" Type::Number, "What the customer pays for handling, without tax.", |facts| Value::number(facts.order.handling_cost);
    "order.line_count" Type::Number, "How many lines sell something.", |facts| Value::Number(facts.lines().count().into());
    "order.quantity" Type::Number, "The quantities of those lines, added up.", |facts| Value::Number(facts.lines().map(|line| line.quantity).sum());
};

/// Every fact of a line. Custom columns come beside them: `line.custcol_…`.
pub static LINE_FACTS: &[LineFact] = facts! { LineFact:
    "line.item" Type::Text, "The item, as NetSuite names it.", |line| name(Some(&line.item));
    "line.item_id" Type::Text, "Its internal id.", |line| id(Some(&line.item));
    "line.sku" Type::Text, "The item's own name, without the parents before it.", |line| Value::text(sku(&line.item));
    "line.kind" Type::Word(&ITEM_KINDS), "What kind of item it is.", |line| Value::text(Some(kind(&line.kind)));
    "line.kind_id" Type::Text, "NetSuite's word for the kind, `InvtPart`.", |line| Value::text(Some(kind_id(&line.kind)));
    "line.description" Type::Text, "The text on the line.", |line| Value::text(line.description.as_deref());
    "line.quantity" Type::Number, "The quantity ordered.", |line| Value::Number(line.quantity);
    "line.rate" Type::Number, "The unit price, without tax.", |line| Value::number(line.rate);
    "line.amount" Type::Number, "Rate × quantity, without tax.", |line| Value::number(line.amount);
    "line.tax_code" Type::Text, "The tax code, where NetSuite tells it.", |line| name(line.tax_code.as_ref());
    "line.tax_code_id" Type::Text, "Its internal id.", |line| id(line.tax_code.as_ref());
    "line.location" Type::Text, "The line's location.", |line| name(line.location.as_ref());
    "line.location_id" Type::Text, "Its internal id.", |line| id(line.location.as_ref());
    "line.fulfilled" Type::Number, "The quantity shipped so far.", |line| Value::Number(line.fulfilled);
    "line.billed" Type::Number, "The quantity billed so far.", |line| Value::Number(line.billed);
    "line.open" Type::Number, "The quantity still to ship; nothing of a closed line.", |line| Value::Number(open(line));
    "line.closed" Type::YesNo, "Somebody closed the line.", |line| Value::YesNo(line.closed);
    "line.from_purchase" Type::YesNo, "A purchase order brings it: drop shipment or special order.", |line| Value::YesNo(line.from_purchase);
};

/// A fact as documentation shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FactDoc {
    /// `order.status`
    pub name: &'static str,
    /// `text`, `number`, …
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it means.
    pub doc: &'static str,
}

/// Every fact there is, in the order of the documentation.
pub fn facts_catalogue() -> Vec<FactDoc> {
    let order = ORDER_FACTS.iter().map(|fact| FactDoc { name: fact.name, kind: fact.kind.name(), doc: fact.doc });
    let line = LINE_FACTS.iter().map(|fact| FactDoc { name: fact.name, kind: fact.kind.name(), doc: fact.doc });
    let custom = |name, doc| FactDoc { name, kind: Type::Any.name(), doc };
    order
        .chain([
            custom(
                "order.custbody_…",
                "Any custom body field, by its id. A list field reads as its name, and with `_id` after it as its id.",
            ),
            FactDoc {
                name: "order.lines",
                kind: Type::Lines.name(),
                doc: "The lines that sell something, for `any(order.lines, …)` and its like.",
            },
        ])
        .chain(line)
        .chain([custom("line.custcol_…", "Any custom column, by its id; as with `order.custbody_…`.")])
        .collect()
}
