//! What we send. Field names are those of the REST API Browser; unknown ones are refused by NetSuite, as we ask it to.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::domain::requests::{BillRequest, FulfilmentLine, FulfilmentRequest, InventoryAssignment, PaymentRequest, VarianceRequest};

/// A request that must not leave: NetSuite would take it and do something else than what is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// Without lines, NetSuite ships or bills everything that is open.
    #[error("it names no lines, and NetSuite would take all of them")]
    NoLines,
    /// NetSuite drops serial numbers and lots whose quantities do not add up, without a word.
    #[error("line {line}: the serial numbers, lots and bins are for {assigned}, the line is for {quantity}")]
    Assigned {
        /// The line, by its key.
        line: String,
        /// What the assignments add up to.
        assigned: Decimal,
        /// What the line is for.
        quantity: Decimal,
    },
    /// `|`, `/`, `:` and blanks break look-ups by external id.
    #[error("{0:?} cannot be an external id")]
    ExternalId(String),
    /// Not digits.
    #[error("{0:?} is not an internal id of NetSuite")]
    InternalId(String),
    /// Not a field's script id.
    #[error("{0:?} is not the id of a field")]
    Field(String),
    /// An amount that JSON cannot hold.
    #[error("{0} cannot be written as a number")]
    Number(Decimal),
}

/// The body of a record to be made.
pub(in crate::netsuite) type Body = Map<String, Value>;

/// A sales order's transform to an item fulfilment. `shipStatus` C posts it and moves the order on.
pub(in crate::netsuite) fn fulfilment(request: &FulfilmentRequest) -> Result<Body, Unsendable> {
    let mut body = head(&request.external_id, request.date, request.memo.as_deref())?;
    body.insert("shipStatus".to_owned(), id("C"));
    body.insert("item".to_owned(), items(request.lines.iter().map(fulfilment_line))?);
    Ok(body)
}

fn fulfilment_line(line: &FulfilmentLine) -> Result<Value, Unsendable> {
    let Some(quantity) = line.quantity.filter(|quantity| !quantity.is_zero()) else {
        return Ok(json!({ "orderLine": line.order_line, "itemReceive": false }));
    };
    let mut body = Map::new();
    body.insert("orderLine".to_owned(), line.order_line.into());
    body.insert("itemReceive".to_owned(), true.into());
    body.insert("quantity".to_owned(), number(quantity)?);
    if let Some(location) = &line.location {
        body.insert("location".to_owned(), reference(location)?);
    }
    if let Some(detail) = inventory_detail(&line.order_line.to_string(), quantity, &line.inventory, (&[], None))? {
        body.insert("inventoryDetail".to_owned(), detail);
    }
    Ok(Value::Object(body))
}

/// What leaves (`issueInventoryNumber`, by id) or comes back (`receiptInventoryNumber`, as it stands on the goods), the latter to one
/// bin where one is named.
pub(super) fn inventory_detail(
    line: &str,
    quantity: Decimal,
    leaves: &[InventoryAssignment],
    (comes_back, bin): (&[(String, Decimal)], Option<&str>),
) -> Result<Option<Value>, Unsendable> {
    if leaves.is_empty() && comes_back.is_empty() {
        let Some(bin) = bin else { return Ok(None) };
        let whole = json!({ "binNumber": reference(bin)?, "quantity": number(quantity)? });
        return Ok(Some(json!({ "quantity": number(quantity)?, "inventoryAssignment": { "items": [whole] } })));
    }
    let quantities = leaves.iter().map(|assignment| assignment.quantity).chain(comes_back.iter().map(|(_, quantity)| *quantity));
    let assigned = quantities.fold(Decimal::ZERO, Decimal::saturating_add);
    if assigned != quantity {
        return Err(Unsendable::Assigned { line: line.to_owned(), assigned, quantity });
    }
    let received = |(text, quantity): &(String, Decimal)| {
        let mut row = json!({ "receiptInventoryNumber": text, "quantity": number(*quantity)? });
        if let Some(bin) = bin {
            row["binNumber"] = reference(bin)?;
        }
        Ok(row)
    };
    let assignments = items(leaves.iter().map(assignment).chain(comes_back.iter().map(received)))?;
    Ok(Some(json!({ "quantity": number(quantity)?, "inventoryAssignment": assignments })))
}

fn assignment(assignment: &InventoryAssignment) -> Result<Value, Unsendable> {
    let mut body = Map::new();
    let references =
        [("issueInventoryNumber", &assignment.number), ("binNumber", &assignment.bin), ("inventoryStatus", &assignment.status)];
    for (name, value) in references {
        if let Some(value) = value {
            body.insert(name.to_owned(), reference(value)?);
        }
    }
    body.insert("quantity".to_owned(), number(assignment.quantity)?);
    Ok(Value::Object(body))
}

/// A sales order's transform to an invoice or a cash sale; only the latter takes money.
pub(in crate::netsuite) fn bill(request: &BillRequest, cash_sale: bool) -> Result<Body, Unsendable> {
    let mut body = head(&request.external_id, request.date, request.memo.as_deref())?;
    if cash_sale {
        money(&mut body, request.payment_method.as_deref(), request.account.as_deref())?;
    }
    let line = |line: &crate::domain::requests::BillLine| Ok(json!({ "orderLine": line.order_line, "quantity": number(line.quantity)? }));
    body.insert("item".to_owned(), items(request.lines.iter().map(line))?);
    Ok(body)
}

/// A customer's payment of one invoice.
pub(in crate::netsuite) fn payment(request: &PaymentRequest) -> Result<Body, Unsendable> {
    let mut body = head(&request.external_id, request.date, request.memo.as_deref())?;
    body.insert("customer".to_owned(), reference(&request.customer)?);
    body.insert("payment".to_owned(), number(request.amount)?);
    // Or NetSuite spreads what is left over other open invoices.
    body.insert("autoApply".to_owned(), false.into());
    money(&mut body, request.payment_method.as_deref(), request.account.as_deref())?;
    let more: Decimal = request.more.iter().map(|part| part.amount).sum();
    let parts =
        std::iter::once((&request.invoice, request.amount - more)).chain(request.more.iter().map(|part| (&part.record, part.amount)));
    let applied =
        parts.map(|(invoice, amount)| Ok(json!({ "doc": reference(invoice.as_str())?, "apply": true, "amount": number(amount)? })));
    let applied = applied.collect::<Result<Vec<_>, Unsendable>>()?;
    body.insert("apply".to_owned(), json!({ "items": applied }));
    Ok(body)
}

/// A line to be added to a bill: an entry of the sublist without a key is a new line. Price level −1 is "custom".
pub(in crate::netsuite) fn variance(request: &VarianceRequest) -> Result<Body, Unsendable> {
    let amount = number(request.amount)?;
    let line = json!({ "item": reference(&request.item)?, "quantity": 1, "price": id("-1"), "rate": amount, "amount": amount });
    Ok([("item".to_owned(), json!({ "items": [line] }))].into_iter().collect())
}

/// Our key, where it can be one: letters, digits, `_` and `-`.
pub(in crate::netsuite) fn external_id(text: &str) -> Result<&str, Unsendable> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if plain && !text.is_empty() { Ok(text) } else { Err(Unsendable::ExternalId(text.to_owned())) }
}

/// A field's script id in lower case, where it can be one.
pub(in crate::netsuite) fn field(text: &str) -> Result<String, Unsendable> {
    let name = text.to_ascii_lowercase();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic());
    if plain && starts && name.len() <= 64 { Ok(name) } else { Err(Unsendable::Field(text.to_owned())) }
}

/// An internal id as it stands in an address or a query.
pub(in crate::netsuite) fn internal_id(text: &str) -> Result<&str, Unsendable> {
    if super::read::is_internal_id(text) { Ok(text) } else { Err(Unsendable::InternalId(text.to_owned())) }
}

pub(super) fn head(key: &str, date: Option<jiff::civil::Date>, memo: Option<&str>) -> Result<Body, Unsendable> {
    let mut body = Map::new();
    body.insert("externalId".to_owned(), external_id(key)?.into());
    if let Some(date) = date {
        body.insert("tranDate".to_owned(), date.to_string().into());
    }
    if let Some(memo) = memo {
        body.insert("memo".to_owned(), memo.into());
    }
    Ok(body)
}

/// How it is paid, and the account it goes to; the account's preferences say where money goes that names none.
pub(super) fn money(body: &mut Body, method: Option<&str>, account: Option<&str>) -> Result<(), Unsendable> {
    if let Some(method) = method {
        body.insert("paymentMethod".to_owned(), reference(method)?);
    }
    // Without an account NetSuite does what the account's preferences say.
    if let Some(account) = account {
        body.insert("undepFunds".to_owned(), id("F"));
        body.insert("account".to_owned(), reference(account)?);
    }
    Ok(())
}

pub(super) fn items(lines: impl Iterator<Item = Result<Value, Unsendable>>) -> Result<Value, Unsendable> {
    let lines: Vec<Value> = lines.collect::<Result<_, _>>()?;
    if lines.is_empty() { Err(Unsendable::NoLines) } else { Ok(json!({ "items": lines })) }
}

pub(super) fn reference(text: &str) -> Result<Value, Unsendable> {
    internal_id(text).map(id)
}

pub(super) fn id(text: &str) -> Value {
    json!({ "id": text })
}

/// A number that reads as the same decimal again.
pub(super) fn number(amount: Decimal) -> Result<Value, Unsendable> {
    let text = amount.normalize().to_string();
    let number: serde_json::Number = serde_json::from_str(&text).map_err(|_not_json| Unsendable::Number(amount))?;
    let back = crate::domain::money::parse(&number.to_string());
    if back == Some(amount) { Ok(Value::Number(number)) } else { Err(Unsendable::Number(amount)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::bookings::Application;
    use crate::domain::ids::RecordId;
    use crate::domain::record::RecordKind;
    use crate::domain::requests::BillLine;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn assigned(number: &str, bin: Option<&str>, quantity: &str) -> InventoryAssignment {
        InventoryAssignment {
            number: Some(number.to_owned()),
            text: None,
            bin: bin.map(str::to_owned),
            status: None,
            quantity: dec(quantity),
        }
    }

    fn fulfil(inventory: Vec<InventoryAssignment>) -> FulfilmentRequest {
        let shipped = FulfilmentLine { order_line: 1, quantity: Some(dec("5.0")), location: Some("6".to_owned()), inventory };
        let left = FulfilmentLine { order_line: 4, quantity: None, location: Some("6".to_owned()), inventory: vec![] };
        FulfilmentRequest {
            order: RecordId::from("766"),
            external_id: "tb-if-766-1".to_owned(),
            date: Some("2026-11-23".parse().unwrap()),
            memo: Some("Receipt 17".to_owned()),
            lines: vec![shipped, left],
        }
    }

    #[test]
    fn a_fulfilment_names_every_line_with_its_location_and_detail() {
        let body = fulfilment(&fulfil(vec![assigned("10", Some("77"), "2"), assigned("11", None, "3")])).unwrap();
        assert_eq!(
            Value::Object(body),
            json!({
                "externalId": "tb-if-766-1", "tranDate": "2026-11-23", "memo": "Receipt 17", "shipStatus": {"id": "C"},
                "item": {"items": [
                    {"orderLine": 1, "itemReceive": true, "quantity": 5, "location": {"id": "6"},
                     "inventoryDetail": {"quantity": 5, "inventoryAssignment": {"items": [
                        {"issueInventoryNumber": {"id": "10"}, "binNumber": {"id": "77"}, "quantity": 2},
                        {"issueInventoryNumber": {"id": "11"}, "quantity": 3}]}}},
                    {"orderLine": 4, "itemReceive": false}]}
            })
        );
    }

    #[test]
    fn what_netsuite_would_misread_does_not_leave() {
        let assigned = fulfilment(&fulfil(vec![assigned("10", None, "2")])).unwrap_err();
        assert!(matches!(assigned, Unsendable::Assigned { line, .. } if line == "1"));
        assert_eq!(fulfilment(&FulfilmentRequest { lines: vec![], ..fulfil(vec![]) }).unwrap_err(), Unsendable::NoLines);
        for bad in ["a|b", "a/b", "a:b", "a b", ""] {
            let request = FulfilmentRequest { external_id: bad.to_owned(), ..fulfil(vec![]) };
            assert_eq!(fulfilment(&request).unwrap_err(), Unsendable::ExternalId(bad.to_owned()));
        }
        assert!(field("custbody_x'--").is_err() && field("1x").is_err() && field("").is_err());
        assert_eq!(field("custBody_X").unwrap(), "custbody_x");
    }

    fn bill_request(payment_method: Option<&str>, account: Option<&str>) -> BillRequest {
        BillRequest {
            witness: None,
            order: RecordId::from("766"),
            external_id: "tb-inv-766-1".to_owned(),
            date: Some("2026-11-23".parse().unwrap()),
            memo: None,
            lines: vec![BillLine { order_line: 1, quantity: dec("3") }, BillLine { order_line: 2, quantity: dec("0") }],
            payment_method: payment_method.map(str::to_owned),
            account: account.map(str::to_owned),
        }
    }

    #[test]
    fn a_bill_names_its_lines_and_only_a_cash_sale_its_money() {
        let lines = json!({"items": [{"orderLine": 1, "quantity": 3}, {"orderLine": 2, "quantity": 0}]});
        assert_eq!(
            Value::Object(bill(&bill_request(Some("2"), None), false).unwrap()),
            json!({"externalId": "tb-inv-766-1", "tranDate": "2026-11-23", "item": lines})
        );
        assert_eq!(
            Value::Object(bill(&bill_request(Some("2"), None), true).unwrap()),
            json!({"externalId": "tb-inv-766-1", "tranDate": "2026-11-23", "item": lines,
                   "paymentMethod": {"id": "2"}})
        );
        let banked = bill(&bill_request(None, Some("120")), true).unwrap();
        assert_eq!((&banked["undepFunds"], &banked["account"]), (&json!({"id": "F"}), &json!({"id": "120"})));
    }

    #[test]
    fn a_payment_is_applied_to_its_invoice_alone() {
        let request = PaymentRequest {
            tender: None,
            external_id: "tb-pay-1".to_owned(),
            customer: "107".to_owned(),
            invoice: RecordId::from("901"),
            amount: dec("146.625"),
            more: Vec::new(),
            date: None,
            payment_method: Some("2".to_owned()),
            account: Some("120".to_owned()),
            memo: None,
        };
        assert_eq!(
            Value::Object(payment(&request).unwrap()),
            json!({"externalId": "tb-pay-1", "customer": {"id": "107"}, "payment": 146.625, "autoApply": false,
                   "paymentMethod": {"id": "2"}, "undepFunds": {"id": "F"}, "account": {"id": "120"},
                   "apply": {"items": [{"doc": {"id": "901"}, "apply": true, "amount": 146.625}]}})
        );
        // As it was stored before there could be more of them.
        let stored = serde_json::to_value(&request).unwrap();
        assert!(stored.get("more").is_none() && serde_json::from_value::<PaymentRequest>(stored).unwrap() == request);
        let more = vec![Application { record: RecordId::from("902"), amount: dec("46.5") }];
        assert_eq!(
            payment(&PaymentRequest { more, ..request }).unwrap()["apply"],
            json!({"items": [{"doc": {"id": "901"}, "apply": true, "amount": 100.125}, {"doc": {"id": "902"}, "apply": true, "amount": 46.5}]})
        );
    }

    #[test]
    fn a_variance_is_one_more_line_at_a_custom_price() {
        let request =
            VarianceRequest { record: RecordKind::Invoice, bill: RecordId::from("901"), item: "88".to_owned(), amount: dec("-0.01") };
        assert_eq!(
            Value::Object(variance(&request).unwrap()),
            json!({"item": {"items": [{"item": {"id": "88"}, "quantity": 1, "price": {"id": "-1"}, "rate": -0.01, "amount": -0.01}]}})
        );
    }

    proptest! {
        #[test]
        fn money_is_written_as_it_is(mantissa in -1_000_000_000_000_i64..1_000_000_000_000, scale in 0_u32..5) {
            let amount = Decimal::new(mantissa, scale);
            let written = number(amount).unwrap().to_string();
            prop_assert_eq!(crate::domain::money::parse(&written), Some(amount));
        }
    }
}
