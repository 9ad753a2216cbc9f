//! What we send for sales that were made at the till: records with lines of their own, records made from others, and money.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::body::{Body, Unsendable, field, head, id, internal_id, inventory_detail, items, money, number, reference};
use crate::domain::bookings::{
    Application, ChangedLine, DepositApplicationRequest, DepositRequest, ErpCustomerRequest, LineTax, OrderChange, Place, RecordLine,
    RecordRequest, RefundRequest, TransformLine, TransformRequest,
};
use crate::domain::record::RecordKind;

/// A sales order, cash sale, invoice, cash refund or credit memo that is made from nothing else.
pub(in crate::netsuite) fn record(request: &RecordRequest) -> Result<Body, Unsendable> {
    let mut body = head(&request.external_id, request.date, request.memo.as_deref())?;
    body.insert("entity".to_owned(), reference(&request.customer)?);
    if let Some(number) = &request.reference {
        body.insert("otherRefNum".to_owned(), number.as_str().into());
    }
    for (name, value) in place(&request.place) {
        body.insert(name.to_owned(), reference(value)?);
    }
    for (name, value) in &request.custom {
        let name = field(name)?;
        if !name.starts_with("custbody") {
            return Err(Unsendable::Field(name));
        }
        body.insert(name, value.as_str().into());
    }
    settle(&mut body, request.record, request.payment_method.as_deref(), request.account.as_deref(), &request.apply)?;
    let line = |line: &RecordLine| record_line(line, &request.place, request.tax_override);
    body.insert("item".to_owned(), items(request.lines.iter().map(line))?);
    if request.tax_override {
        body.insert("taxDetailsOverride".to_owned(), true.into());
        if let Some(details) = tax_details(request.lines.iter().filter_map(|line| Some((line.key.as_str(), line.tax.as_ref()?))))? {
            body.insert("taxDetails".to_owned(), details);
        }
    }
    Ok(body)
}

/// What only some kinds of record have: a sales order is made approved, money has a method and an account, and credit pays for what it is
/// told to.
fn settle(body: &mut Body, kind: RecordKind, method: Option<&str>, account: Option<&str>, apply: &[Application]) -> Result<(), Unsendable> {
    match kind {
        RecordKind::SalesOrder | RecordKind::ReturnAuthorization => {
            body.insert("orderStatus".to_owned(), id("B"));
        }
        RecordKind::CashSale => money(body, method, account)?,
        RecordKind::CashRefund => paid_out(body, method, account)?,
        RecordKind::CreditMemo => {
            // Or NetSuite spreads the credit over other open invoices.
            body.insert("autoApply".to_owned(), false.into());
            if !apply.is_empty() {
                body.insert("apply".to_owned(), applications(apply)?);
            }
        }
        _ => {}
    }
    Ok(())
}

/// How money is given back, and the account it comes from. Money that leaves was never among the undeposited funds.
fn paid_out(body: &mut Body, method: Option<&str>, account: Option<&str>) -> Result<(), Unsendable> {
    for (name, value) in [("paymentMethod", method), ("account", account)] {
        if let Some(value) = value {
            body.insert(name.to_owned(), reference(value)?);
        }
    }
    Ok(())
}

fn place(place: &Place) -> impl Iterator<Item = (&'static str, &str)> {
    let parts =
        [("subsidiary", &place.subsidiary), ("location", &place.location), ("department", &place.department), ("class", &place.class)];
    parts.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
}

/// A new line. Price level −1 is "custom": without it the customer's price level may replace the rate.
fn record_line(line: &RecordLine, place: &Place, with_tax: bool) -> Result<Value, Unsendable> {
    let mut body = Map::new();
    body.insert("item".to_owned(), reference(&line.item)?);
    if let Some(quantity) = line.quantity {
        body.insert("quantity".to_owned(), number(quantity)?);
    }
    body.insert("price".to_owned(), id("-1"));
    body.insert("rate".to_owned(), number(line.rate)?);
    body.insert("amount".to_owned(), number(line.amount)?);
    if let Some(description) = &line.description {
        body.insert("description".to_owned(), description.as_str().into());
    }
    // A discount has no place of its own.
    if let Some(location) = place.location.as_deref().filter(|_| line.quantity.is_some()) {
        body.insert("location".to_owned(), reference(location)?);
    }
    for (name, value) in [("department", &place.department), ("class", &place.class)] {
        if let Some(value) = value {
            body.insert(name.to_owned(), reference(value)?);
        }
    }
    if let Some(detail) =
        inventory_detail(&line.key, line.quantity.unwrap_or_default(), &line.inventory, (&line.received, line.bin.as_deref()))?
    {
        body.insert("inventoryDetail".to_owned(), detail);
    }
    if with_tax && line.tax.is_some() {
        body.insert("taxDetailsReference".to_owned(), line.key.as_str().into());
    }
    Ok(Value::Object(body))
}

/// The taxes of the lines that name one, each under its line's reference.
fn tax_details<'t>(taxes: impl Iterator<Item = (&'t str, &'t LineTax)>) -> Result<Option<Value>, Unsendable> {
    let row = |(reference_of_line, tax): (&str, &LineTax)| {
        let mut body = Map::new();
        body.insert("taxDetailsReference".to_owned(), reference_of_line.into());
        if let Some(kind) = &tax.tax_type {
            // The browser gives it as text, not as a reference.
            body.insert("taxType".to_owned(), internal_id(kind)?.into());
        }
        body.insert("taxCode".to_owned(), reference(&tax.code)?);
        for (name, value) in [("taxBasis", tax.basis), ("taxRate", tax.rate), ("taxAmount", tax.amount)] {
            body.insert(name.to_owned(), number(value)?);
        }
        Ok(Value::Object(body))
    };
    let rows = taxes.map(row).collect::<Result<Vec<_>, Unsendable>>()?;
    Ok(Some(json!({ "items": rows })).filter(|_| !rows.is_empty()))
}

fn applications(apply: &[Application]) -> Result<Value, Unsendable> {
    items(apply.iter().map(|application| {
        Ok(json!({ "doc": reference(application.record.as_str())?, "apply": true, "amount": number(application.amount)? }))
    }))
}

/// A record made from another. Every line of the source is named: an empty transform takes all of them.
pub(in crate::netsuite) fn transform(request: &TransformRequest) -> Result<Body, Unsendable> {
    let mut body = head(&request.external_id, request.date, request.memo.as_deref())?;
    settle(&mut body, request.record, request.payment_method.as_deref(), request.account.as_deref(), &request.apply)?;
    let received = request.record == RecordKind::ItemReceipt;
    body.insert("item".to_owned(), items(request.lines.iter().map(|line| transform_line(line, received)))?);
    Ok(body)
}

fn transform_line(line: &TransformLine, received: bool) -> Result<Value, Unsendable> {
    if received && line.quantity.is_zero() {
        return Ok(json!({ "orderLine": line.order_line, "itemReceive": false }));
    }
    let mut body = Map::new();
    body.insert("orderLine".to_owned(), line.order_line.into());
    if received {
        body.insert("itemReceive".to_owned(), true.into());
    }
    body.insert("quantity".to_owned(), number(line.quantity)?);
    if let Some(location) = &line.location {
        body.insert("location".to_owned(), reference(location)?);
    }
    if let Some(detail) = inventory_detail(&line.order_line.to_string(), line.quantity, &[], (&line.received, line.bin.as_deref()))? {
        body.insert("inventoryDetail".to_owned(), detail);
    }
    Ok(Value::Object(body))
}

/// A change of a sales order's lines: an entry with a key changes that line, one without is a new line, and what is not named stays.
pub(in crate::netsuite) fn order_change(change: &OrderChange) -> Result<Body, Unsendable> {
    let place = Place { location: change.location.clone(), ..Place::default() };
    let changed = change.changed.iter().map(|line| changed_line(line, !change.taxes.is_empty()));
    let closed = change.closed.iter().map(|line| Ok(json!({ "line": line, "isClosed": true })));
    let added = change.added.iter().map(|line| record_line(line, &place, true));
    let mut body = Map::new();
    body.insert("item".to_owned(), items(changed.chain(closed).chain(added))?);
    if let Some(details) = tax_details(change.taxes.iter().map(|(line, tax)| (line.as_str(), tax)))? {
        body.insert("taxDetailsOverride".to_owned(), true.into());
        body.insert("taxDetails".to_owned(), details);
    }
    Ok(body)
}

fn changed_line(line: &ChangedLine, with_tax: bool) -> Result<Value, Unsendable> {
    let (quantity, rate, amount) = (number(line.quantity)?, number(line.rate)?, number(line.amount)?);
    let mut body = json!({ "line": line.line, "quantity": quantity, "price": id("-1"), "rate": rate, "amount": amount });
    if with_tax {
        body["taxDetailsReference"] = line.key.as_str().into();
    }
    Ok(body)
}

/// A customer: a company where one is named, else a person.
pub(in crate::netsuite) fn customer(request: &ErpCustomerRequest) -> Result<Body, Unsendable> {
    let mut body = head(&request.external_id, None, None)?;
    body.insert("isPerson".to_owned(), request.company_name.is_none().into());
    let names = match &request.company_name {
        Some(_) => [("companyName", &request.company_name), ("email", &request.email), ("phone", &request.phone)].to_vec(),
        None => {
            [("firstName", &request.first_name), ("lastName", &request.last_name), ("email", &request.email), ("phone", &request.phone)]
                .to_vec()
        }
    };
    for (name, value) in names {
        if let Some(value) = value {
            body.insert(name.to_owned(), value.as_str().into());
        }
    }
    if let Some(subsidiary) = &request.subsidiary {
        body.insert("subsidiary".to_owned(), reference(subsidiary)?);
    }
    Ok(body)
}

/// A customer's deposit on a sales order.
pub(in crate::netsuite) fn deposit(request: &DepositRequest) -> Result<Body, Unsendable> {
    let mut body = head(&request.external_id, request.date, request.memo.as_deref())?;
    body.insert("customer".to_owned(), reference(&request.customer)?);
    body.insert("salesOrder".to_owned(), reference(request.order.as_str())?);
    body.insert("payment".to_owned(), number(request.amount)?);
    money(&mut body, request.payment_method.as_deref(), request.account.as_deref())?;
    Ok(body)
}

/// A deposit's transform to its application.
pub(in crate::netsuite) fn deposit_application(request: &DepositApplicationRequest) -> Result<Body, Unsendable> {
    let mut body = head(&request.external_id, request.date, None)?;
    body.insert("apply".to_owned(), applications(std::slice::from_ref(&request.apply))?);
    Ok(body)
}

/// Money given back for a credit memo, or for customer deposits, which have a sublist of their own.
pub(in crate::netsuite) fn refund(request: &RefundRequest) -> Result<Body, Unsendable> {
    if let Some(wrong) = request.apply.iter().chain(&request.deposits).find(|application| application.amount <= Decimal::ZERO) {
        return Err(Unsendable::Number(wrong.amount));
    }
    if request.apply.is_none() && request.deposits.is_empty() {
        return Err(Unsendable::NoLines);
    }
    let mut body = head(&request.external_id, request.date, request.memo.as_deref())?;
    body.insert("customer".to_owned(), reference(&request.customer)?);
    paid_out(&mut body, request.payment_method.as_deref(), request.account.as_deref())?;
    if let Some(credit) = &request.apply {
        body.insert("apply".to_owned(), applications(std::slice::from_ref(credit))?);
    }
    if !request.deposits.is_empty() {
        body.insert("deposit".to_owned(), applications(&request.deposits)?);
    }
    Ok(body)
}
