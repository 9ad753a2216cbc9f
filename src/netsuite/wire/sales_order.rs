//! A sales order as the REST record service gives it.

use rust_decimal::Decimal;
use serde_json::Value;

use super::read::{Fields, is_internal_id};
use crate::domain::ids::RecordId;
use crate::domain::sales_order::{Assignment, ItemKind, OrderLine, Ref, SalesOrder};
use crate::domain::status::OrderStatus;

/// What a record lacks that cannot be done without.
pub(in crate::netsuite) type Missing = &'static str;

/// Reads the record; its lines are given apart, as they may have come page by page.
pub(in crate::netsuite) fn read(asked: &RecordId, record: &Value, lines: &[Value]) -> Result<SalesOrder, Missing> {
    let order = Fields::of(record);
    let taxes: Vec<Tax> = order.lines("taxDetails").unwrap_or_default().iter().filter_map(Tax::read).collect();
    Ok(SalesOrder {
        id: order.id("id").unwrap_or_else(|| asked.clone()),
        number: order.text("tranId").ok_or("tranId")?,
        external_id: order.text("externalId"),
        status: status(&order)?,
        customer: order.reference("entity"),
        email: order.text("email"),
        subsidiary: order.reference("subsidiary"),
        location: order.reference("location"),
        department: order.reference("department"),
        class: order.reference("class"),
        currency: order.reference("currency"),
        terms: order.reference("terms"),
        payment_method: order.reference("paymentMethod").or_else(|| order.reference("paymentOption")),
        ship_method: order.reference("shipMethod"),
        form: order.reference("customForm"),
        date: order.date("tranDate"),
        ship_date: order.date("shipDate"),
        po_number: order.text("otherRefNum"),
        memo: order.text("memo"),
        created_at: order.timestamp("createdDate"),
        modified_at: order.timestamp("lastModifiedDate"),
        subtotal: order.decimal("subtotal"),
        discount_total: order.decimal("discountTotal").map(|discount| -discount.abs()),
        tax_total: sum(order.decimal("taxTotal"), order.decimal("tax2Total")),
        shipping_cost: order.decimal("shippingCost").or_else(|| order.decimal("altShippingCost")),
        handling_cost: order.decimal("handlingCost").or_else(|| order.decimal("altHandlingCost")),
        total: order.decimal("total"),
        lines: lines.iter().map(|line| read_line(line, &taxes)).collect::<Result<_, _>>()?,
        ship_to: ship_to(&order),
        custom: order.beginning("custbody"),
    })
}

/// `status` alone decides where it is given: a word that is not known is shown as it came, not covered by `orderStatus`,
/// which only tells approved from pending approval.
fn status(order: &Fields<'_>) -> Result<Result<OrderStatus, String>, Missing> {
    let words = |name: &str| -> Vec<String> {
        let object = order.object(name);
        let named = object.iter().flat_map(|fields| [fields.text("id"), fields.text("refName")]).flatten();
        named.chain(order.text(name)).collect()
    };
    let mut seen = words("status");
    if seen.is_empty() {
        seen = words("orderStatus");
    }
    let last = seen.last().cloned().ok_or("status")?;
    Ok(seen.iter().find_map(|word| known_status(word)).ok_or(last))
}

fn known_status(word: &str) -> Option<OrderStatus> {
    let letters = |text: &str| -> String { text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase() };
    // `pendingFulfillment`, as other services of NetSuite write it.
    let by_letters = || OrderStatus::ALL.into_iter().find(|status| letters(status.name()) == letters(word));
    OrderStatus::parse(word).or_else(by_letters)
}

fn read_line(value: &Value, taxes: &[Tax]) -> Result<OrderLine, Missing> {
    let line = Fields::of(value);
    // An item type that is not told is filled in from the item itself, by whoever read the order.
    let kind = ItemKind::parse(&line.word("itemType").unwrap_or_default());
    let item = match line.reference("item") {
        Some(item) => item,
        None if kind.is_text() => Ref { id: String::new(), name: None },
        None => return Err("item.items[].item"),
    };
    let amount = line.decimal("amount");
    let gross = line.decimal("grossAmt");
    let detail = line.text("taxDetailsReference");
    let details: Vec<&Tax> = taxes.iter().filter(|tax| detail.is_some() && tax.reference == detail).collect();
    let detailed = |read: fn(&Tax) -> Option<Decimal>| details.iter().filter_map(|tax| read(tax)).reduce(Decimal::saturating_add);
    Ok(OrderLine {
        line: line.integer("line").ok_or("item.items[].line")?,
        item,
        kind,
        description: line.text("description"),
        quantity: line.decimal("quantity").unwrap_or_default(),
        rate: line.decimal("rate"),
        amount,
        gross,
        tax: sum(line.decimal("tax1Amt").or_else(|| line.decimal("taxAmount")), line.decimal("tax2Amt"))
            .or_else(|| detailed(|tax| tax.amount))
            .or_else(|| gross?.checked_sub(amount?)),
        tax_code: line.reference("taxCode").or_else(|| details.iter().find_map(|tax| tax.code.clone())),
        tax_rate: sum(line.decimal("taxRate1").or_else(|| line.decimal("taxRate")), line.decimal("taxRate2"))
            .or_else(|| detailed(|tax| tax.rate)),
        taxable: line.flag("isTaxable"),
        location: line.reference("location").or_else(|| line.reference("inventoryLocation")),
        closed: line.flag("isClosed").unwrap_or(false),
        fulfilled: line.decimal("quantityReceived").or_else(|| line.decimal("quantityFulfilled")).unwrap_or_default(),
        billed: line.decimal("quantityBilled").unwrap_or_default(),
        committed: line.decimal("quantityCommitted"),
        from_purchase: line.word("createPo").is_some() || line.reference("createdPo").is_some(),
        inventory: assignments(&line),
        custom: line.beginning("custcol"),
    })
}

/// The serial numbers, lots and bins of a line.
fn assignments(line: &Fields<'_>) -> Vec<Assignment> {
    let detail = line.object("inventoryDetail").unwrap_or_default();
    let rows = detail.lines("inventoryAssignment").unwrap_or_default().iter().map(Fields::of);
    let read = |row: Fields<'_>| Assignment {
        number: row.reference("issueInventoryNumber"),
        bin: row.reference("binNumber"),
        status: row.reference("inventoryStatus"),
        quantity: row.decimal("quantity").unwrap_or(Decimal::ONE),
    };
    rows.map(read).filter(|assignment| assignment.number.is_some() || assignment.bin.is_some() || assignment.status.is_some()).collect()
}

/// One row of `taxDetails`, where accounts with `SuiteTax` keep the taxes of all lines.
struct Tax {
    reference: Option<String>,
    amount: Option<Decimal>,
    rate: Option<Decimal>,
    code: Option<Ref>,
}

impl Tax {
    fn read(row: &Value) -> Option<Self> {
        let row = Fields::of(row);
        let reference = Some(row.word("taxDetailsReference").or_else(|| row.text("detailsReference"))?);
        Some(Self { reference, amount: row.decimal("taxAmount"), rate: row.decimal("taxRate"), code: row.reference("taxCode") })
    }
}

/// The address as one text of lines.
fn ship_to(order: &Fields<'_>) -> Option<String> {
    let composed = || {
        let address = order.object("shippingAddress")?;
        let lines = ["attention", "addressee", "addr1", "addr2", "addr3"].into_iter().map(|name| address.text(name));
        let city = ["city", "state", "zip"].into_iter().filter_map(|name| address.text(name)).collect::<Vec<_>>().join(" ");
        let country = address.reference("country").map(|country| country.label().to_owned());
        let all: Vec<String> = lines.chain([Some(city).filter(|city| !city.is_empty()), country]).flatten().collect();
        Some(all.join("\n")).filter(|all| !all.is_empty())
    };
    let written = order.object("shippingAddress").and_then(|address| address.text("addrText"));
    let text = written
        .or_else(composed)
        .or_else(|| order.text("shippingAddress").filter(|text| !is_internal_id(text)))
        .or_else(|| order.text("shipAddress"))
        .or_else(|| order.text("shippingAddress_text"))?;
    let text = text.replace("\r\n", "\n").replace("<br>", "\n").replace("<br/>", "\n");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Some(lines.join("\n")).filter(|text| !text.is_empty())
}

/// Two parts of which either may be absent.
fn sum(first: Option<Decimal>, second: Option<Decimal>) -> Option<Decimal> {
    match (first, second) {
        (Some(first), Some(second)) => first.checked_add(second),
        (only, None) | (None, only) => only,
    }
}
