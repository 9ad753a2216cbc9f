//! Records as the record service shows them: references with names and links, sublists as links unless expanded.

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::account::Account;
use super::model::{Bill, BillKind, Fulfilment, Named, OrderLine, Payment, SalesOrder};
use crate::sandbox::number;

/// Shows records of one account.
#[derive(Debug)]
pub(super) struct Renderer<'a> {
    pub account: &'a Account,
    /// `https://….suitetalk.api.netsuite.com/services/rest/record/v1`
    pub base: &'a str,
    pub expand: bool,
}

/// The words for a sales order's status letter.
pub(super) fn status_name(letter: char) -> &'static str {
    match letter {
        'A' => "Pending Approval",
        'B' => "Pending Fulfillment",
        'C' => "Cancelled",
        'D' => "Partially Fulfilled",
        'E' => "Pending Billing/Partially Fulfilled",
        'F' => "Pending Billing",
        'G' => "Billed",
        _ => "Closed",
    }
}

pub(super) fn ship_status_name(letter: char) -> &'static str {
    match letter {
        'A' => "Picked",
        'B' => "Packed",
        _ => "Shipped",
    }
}

pub(super) fn bill_status_name(bill: &Bill) -> &'static str {
    match (bill.kind, bill.status()) {
        (BillKind::Invoice, 'A') => "Open",
        (BillKind::Invoice, _) => "Paid In Full",
        (BillKind::CashSale, 'C') => "Deposited",
        (BillKind::CashSale, _) => "Not Deposited",
    }
}

fn enumeration(letter: char, name: &str) -> Value {
    json!({ "id": letter.to_string(), "refName": name })
}

impl Renderer<'_> {
    fn link(&self, path: &str) -> Value {
        json!([{ "rel": "self", "href": format!("{}/{path}", self.base) }])
    }

    fn reference(&self, record: &str, named: &Named) -> Value {
        json!({ "links": self.link(&format!("{record}/{}", named.id)), "id": named.id.to_string(), "refName": named.name })
    }

    fn found(&self, record: &str, list: &[Named], id: Option<u64>) -> Option<Value> {
        let named = list.iter().find(|named| Some(named.id) == id)?;
        Some(self.reference(record, named))
    }

    fn location(&self, id: Option<u64>) -> Option<Value> {
        self.account.locations.get(&id?).map(|named| self.reference("location", named))
    }

    fn customer(&self, id: u64) -> Value {
        let name = self.account.customers.get(&id).map(|customer| customer.entity_id.clone()).unwrap_or_default();
        self.reference("customer", &Named { id, name })
    }

    fn item(&self, id: u64) -> Value {
        let Some(item) = self.account.items.get(&id) else { return Value::Null };
        self.reference(item.kind.record_type(), &Named { id, name: item.sku.clone() })
    }

    fn terms(&self, id: Option<u64>) -> Option<Value> {
        let (named, _) = self.account.terms.iter().find(|(named, _)| Some(named.id) == id)?;
        Some(self.reference("term", named))
    }

    fn period(&self, date: jiff::civil::Date) -> Option<Value> {
        let period = self.account.periods.values().find(|period| period.start <= date && date <= period.end)?;
        Some(self.reference("accountingPeriod", &Named::new(period.id, &period.name)))
    }

    fn sublist(&self, path: &str, name: &str, items: &[Value]) -> Value {
        let own_link = self.link(&format!("{path}/{name}"));
        if !self.expand {
            return json!({ "links": own_link });
        }
        let count = items.len();
        json!({ "links": own_link, "items": items, "count": count, "offset": 0, "hasMore": false, "totalResults": count })
    }

    /// The fields that every record has.
    fn record(&self, path: &str, id: u64, fields: Vec<(&str, Option<Value>)>) -> Map<String, Value> {
        let mut record = Map::new();
        record.insert("links".to_owned(), self.link(path));
        if id > 0 {
            record.insert("id".to_owned(), id.to_string().into());
        }
        for (name, value) in fields {
            if let Some(value) = value {
                record.insert(name.to_owned(), value);
            }
        }
        record
    }

    pub(super) fn sales_order(&self, order: &SalesOrder) -> Value {
        let path = format!("salesOrder/{}", order.id);
        let account = self.account;
        let letter = account.status(order);
        let email = account.customers.get(&order.customer).map(|customer| customer.email.clone());
        let lines = self.order_lines(order);
        let mut record = self.record(
            &path,
            order.id,
            vec![
                ("externalId", order.external_id.clone().map(Value::from)),
                ("tranId", Some(order.tran_id.clone().into())),
                ("tranDate", Some(order.tran_date.to_string().into())),
                ("entity", Some(self.customer(order.customer))),
                ("email", email.filter(|email| !email.is_empty()).map(Value::from)),
                ("subsidiary", Some(self.reference("subsidiary", &account.subsidiary))),
                ("currency", Some(self.reference("currency", &account.currency))),
                ("exchangeRate", Some(json!(1.0))),
                ("customForm", Some(json!({ "id": order.form.named().id.to_string(), "refName": order.form.named().name }))),
                ("orderStatus", Some(enumeration(letter, status_name(letter)))),
                ("status", Some(json!({ "id": status_name(letter), "refName": status_name(letter) }))),
                ("otherRefNum", order.other_ref_num.clone().map(Value::from)),
                ("memo", order.memo.clone().map(Value::from)),
                ("location", self.location(order.location)),
                ("terms", self.terms(order.terms)),
                ("paymentMethod", self.found("paymentMethod", &account.payment_methods, order.payment_method)),
                ("shipMethod", self.found("shipItem", &account.ship_methods, order.ship_method)),
                ("shipDate", order.ship_date.map(|date| date.to_string().into())),
                ("shipComplete", Some(false.into())),
                ("shippingCost", Some(number::write(order.shipping_cost))),
                ("discountTotal", Some(number::write(Decimal::ZERO))),
                ("subtotal", Some(number::write(order.subtotal()))),
                ("taxTotal", Some(number::write(order.tax_total()))),
                ("total", Some(number::write(order.total()))),
                ("isTaxable", Some(true.into())),
                ("createdDate", Some(order.created.to_string().into())),
                ("lastModifiedDate", Some(order.modified.to_string().into())),
                ("item", Some(self.sublist(&path, "item", &lines))),
                ("taxDetails", Some(self.sublist(&path, "taxDetails", &self.tax_details(order)))),
            ],
        );
        record.extend(order.custom.clone());
        Value::Object(record)
    }

    pub(super) fn order_lines(&self, order: &SalesOrder) -> Vec<Value> {
        order.lines.iter().map(|line| self.order_line(order, line)).collect()
    }

    fn order_line(&self, order: &SalesOrder, line: &OrderLine) -> Value {
        let item = self.account.items.get(&line.item);
        let kind = item.map_or("InvtPart", |item| item.kind.item_type());
        let mut record = self.record(
            &format!("salesOrder/{}/item/{}", order.id, line.line),
            0,
            vec![
                ("line", Some(line.line.into())),
                ("lineUniqueKey", Some(line.unique_key.to_string().into())),
                ("item", Some(self.item(line.item))),
                ("itemType", Some(json!({ "id": kind, "refName": kind }))),
                ("quantity", Some(number::write(line.quantity))),
                ("rate", Some(number::write(line.rate))),
                ("amount", Some(number::write(line.amount))),
                ("grossAmt", Some(number::write(line.amount + line.tax()))),
                ("price", Some(json!({ "id": "-1", "refName": "Custom" }))),
                ("description", line.description.clone().map(Value::from)),
                ("location", self.location(line.location)),
                ("isClosed", Some(line.closed.into())),
                ("isOpen", Some((!line.closed && line.fulfilled < line.quantity).into())),
                ("isTaxable", Some((line.tax_rate > Decimal::ZERO).into())),
                ("itemIsFulfilled", Some((line.fulfilled >= line.quantity).into())),
                ("quantityCommitted", Some(number::write(line.committed))),
                ("quantityPicked", Some(number::write(line.picked))),
                ("quantityFulfilled", Some(number::write(line.fulfilled))),
                ("quantityBilled", Some(number::write(line.billed))),
                ("taxDetailsReference", Some(format!("SO{}_{}", order.id, line.line).into())),
            ],
        );
        record.extend(line.custom.clone());
        Value::Object(record)
    }

    fn tax_details(&self, order: &SalesOrder) -> Vec<Value> {
        let detail = |line: &OrderLine| {
            let code = if line.tax_rate > Decimal::ZERO { &self.account.tax_code } else { &self.account.no_tax_code };
            json!({
                "taxDetailsReference": format!("SO{}_{}", order.id, line.line),
                "taxCode": self.reference("salesTaxItem", code),
                "taxRate": number::write(line.tax_rate),
                "taxBasis": number::write(line.amount),
                "taxAmount": number::write(line.tax()),
            })
        };
        order.lines.iter().map(detail).collect()
    }

    pub(super) fn fulfilment(&self, fulfilment: &Fulfilment) -> Value {
        let path = format!("itemFulfillment/{}", fulfilment.id);
        let source = self.account.orders.get(&fulfilment.created_from);
        let status = enumeration(fulfilment.ship_status, ship_status_name(fulfilment.ship_status));
        let mut record = self.record(
            &path,
            fulfilment.id,
            vec![
                ("externalId", fulfilment.external_id.clone().map(Value::from)),
                ("tranId", Some(fulfilment.tran_id.clone().into())),
                ("tranDate", Some(fulfilment.tran_date.to_string().into())),
                ("createdFrom", source.map(|order| self.source(order))),
                ("entity", source.map(|order| self.customer(order.customer))),
                ("postingPeriod", self.period(fulfilment.tran_date)),
                ("shipStatus", self.account.preferences.pick_pack_ship.then_some(status)),
                ("memo", fulfilment.memo.clone().map(Value::from)),
                ("createdDate", Some(fulfilment.created.to_string().into())),
                ("lastModifiedDate", Some(fulfilment.modified.to_string().into())),
                ("item", Some(self.sublist(&path, "item", &self.fulfilment_lines(fulfilment)))),
            ],
        );
        record.extend(fulfilment.custom.clone());
        Value::Object(record)
    }

    pub(super) fn fulfilment_lines(&self, fulfilment: &Fulfilment) -> Vec<Value> {
        let source = self.account.orders.get(&fulfilment.created_from);
        let show = |(place, line): (usize, &super::model::FulfilmentLine)| {
            let remaining = source.map_or(Decimal::ZERO, |order| self.account.open_quantity(order, line.order_line));
            let mut record = self.record(
                &format!("itemFulfillment/{}/item/{}", fulfilment.id, line.order_line),
                0,
                vec![
                    ("line", Some((place + 1).into())),
                    ("orderLine", Some(line.order_line.into())),
                    ("orderDoc", Some(json!({ "id": fulfilment.created_from.to_string() }))),
                    ("item", Some(self.item(line.item))),
                    ("itemType", Some(self.account.kind(line.item).item_type().into())),
                    ("itemReceive", Some(true.into())),
                    ("quantity", Some(number::write(line.quantity))),
                    ("quantityRemaining", Some(number::write(remaining))),
                    ("location", self.location(line.location)),
                    ("kitMemberOf", line.kit_member_of.map(Value::from)),
                ],
            );
            if !line.assignments.is_empty() {
                let rows = line.assignments.iter().map(|(id, quantity)| {
                    let name = self.account.numbers.get(id).map(|number| number.number.clone()).unwrap_or_default();
                    json!({ "issueInventoryNumber": self.reference("inventoryNumber", &Named { id: *id, name }),
                            "quantity": number::write(*quantity) })
                });
                let detail = json!({ "quantity": number::write(line.quantity),
                                     "inventoryAssignment": { "items": rows.collect::<Vec<_>>() } });
                record.insert("inventoryDetail".to_owned(), detail);
            }
            Value::Object(record)
        };
        fulfilment.lines.iter().enumerate().map(show).collect()
    }

    fn source(&self, order: &SalesOrder) -> Value {
        self.reference("salesOrder", &Named { id: order.id, name: format!("Sales Order #{}", order.tran_id) })
    }

    pub(super) fn bill(&self, bill: &Bill) -> Value {
        let record_type = bill.kind.record_type();
        let path = format!("{record_type}/{}", bill.id);
        let account = self.account;
        let invoice = bill.kind == BillKind::Invoice;
        let for_cash = |value: Option<Value>| value.filter(|_| !invoice);
        let for_invoice = |value: Value| invoice.then_some(value);
        let mut record = self.record(
            &path,
            bill.id,
            vec![
                ("externalId", bill.external_id.clone().map(Value::from)),
                ("tranId", Some(bill.tran_id.clone().into())),
                ("tranDate", Some(bill.tran_date.to_string().into())),
                ("createdFrom", account.orders.get(&bill.created_from).map(|order| self.source(order))),
                ("entity", Some(self.customer(bill.customer))),
                ("subsidiary", Some(self.reference("subsidiary", &account.subsidiary))),
                ("currency", Some(self.reference("currency", &account.currency))),
                ("exchangeRate", Some(json!(1.0))),
                ("postingPeriod", self.period(bill.tran_date)),
                ("status", Some(json!({ "id": bill_status_name(bill), "refName": bill_status_name(bill) }))),
                ("memo", bill.memo.clone().map(Value::from)),
                ("otherRefNum", bill.other_ref_num.clone().map(Value::from)),
                ("location", self.location(bill.location)),
                ("terms", self.terms(bill.terms).filter(|_| invoice)),
                ("dueDate", for_invoice(account.due_date(bill).to_string().into())),
                ("amountPaid", for_invoice(number::write(bill.paid))),
                ("amountRemaining", for_invoice(number::write(bill.remaining()))),
                ("paymentMethod", for_cash(self.found("paymentMethod", &account.payment_methods, bill.payment_method))),
                ("account", for_cash(self.found("account", &account.accounts, bill.account))),
                ("undepFunds", for_cash(Some(bill.account.is_none().into()))),
                ("shippingCost", Some(number::write(bill.shipping_cost))),
                ("subtotal", Some(number::write(bill.subtotal()))),
                ("taxTotal", Some(number::write(bill.tax_total()))),
                ("total", Some(number::write(bill.total()))),
                ("createdDate", Some(bill.created.to_string().into())),
                ("lastModifiedDate", Some(bill.modified.to_string().into())),
                ("item", Some(self.sublist(&path, "item", &self.bill_lines(bill)))),
            ],
        );
        record.extend(bill.custom.clone());
        Value::Object(record)
    }

    pub(super) fn bill_lines(&self, bill: &Bill) -> Vec<Value> {
        let show = |line: &super::model::BillLine| {
            Value::Object(self.record(
                &format!("{}/{}/item/{}", bill.kind.record_type(), bill.id, line.line),
                0,
                vec![
                    ("line", Some(line.line.into())),
                    ("orderLine", line.order_line.map(Value::from)),
                    ("orderDoc", line.order_line.map(|_| json!({ "id": bill.created_from.to_string() }))),
                    ("item", Some(self.item(line.item))),
                    ("quantity", Some(number::write(line.quantity))),
                    ("rate", Some(number::write(line.rate))),
                    ("amount", Some(number::write(line.amount))),
                    ("grossAmt", Some(number::write(line.amount + line.tax()))),
                    ("description", line.description.clone().map(Value::from)),
                    ("location", self.location(line.location)),
                ],
            ))
        };
        bill.lines.iter().map(show).collect()
    }

    pub(super) fn payment(&self, payment: &Payment) -> Value {
        let path = format!("customerPayment/{}", payment.id);
        let row = |(place, (doc, amount)): (usize, &(u64, Decimal))| json!({ "line": place + 1, "doc": { "id": doc.to_string() }, "apply": true, "amount": number::write(*amount) });
        let applied: Decimal = payment.applied.iter().map(|(_, amount)| *amount).sum();
        let rows: Vec<Value> = payment.applied.iter().enumerate().map(row).collect();
        Value::Object(self.record(
            &path,
            payment.id,
            vec![
                ("externalId", payment.external_id.clone().map(Value::from)),
                ("tranId", Some(payment.tran_id.clone().into())),
                ("tranDate", Some(payment.tran_date.to_string().into())),
                ("customer", Some(self.customer(payment.customer))),
                ("payment", Some(number::write(payment.amount))),
                ("applied", Some(number::write(applied))),
                ("unapplied", Some(number::write(payment.amount - applied))),
                ("paymentMethod", self.found("paymentMethod", &self.account.payment_methods, payment.payment_method)),
                ("account", self.found("account", &self.account.accounts, payment.account)),
                ("undepFunds", Some(payment.account.is_none().into())),
                ("memo", payment.memo.clone().map(Value::from)),
                ("lastModifiedDate", Some(payment.modified.to_string().into())),
                ("apply", Some(self.sublist(&path, "apply", &rows))),
            ],
        ))
    }

    pub(super) fn customer_record(&self, id: u64) -> Option<Value> {
        let customer = self.account.customers.get(&id)?;
        let text = |value: &str| (!value.is_empty()).then(|| Value::from(value));
        Some(Value::Object(self.record(
            &format!("customer/{id}"),
            id,
            vec![
                ("entityId", Some(customer.entity_id.clone().into())),
                ("isPerson", Some(customer.is_person().into())),
                ("companyName", text(&customer.company_name)),
                ("firstName", text(&customer.first_name)),
                ("lastName", text(&customer.last_name)),
                ("email", text(&customer.email)),
                ("phone", text(&customer.phone)),
                ("isInactive", Some(customer.inactive.into())),
                ("subsidiary", Some(self.reference("subsidiary", &self.account.subsidiary))),
                ("lastModifiedDate", Some(customer.modified.to_string().into())),
            ],
        )))
    }

    pub(super) fn item_record(&self, id: u64, record_type: &str) -> Option<Value> {
        let item = self.account.items.get(&id).filter(|item| item.kind.record_type() == record_type)?;
        let member = |(member, quantity): &(u64, Decimal)| json!({ "item": self.item(*member), "quantity": number::write(*quantity) });
        let members = (!item.members.is_empty())
            .then(|| self.sublist(&format!("{record_type}/{id}"), "member", &item.members.iter().map(member).collect::<Vec<_>>()));
        Some(Value::Object(self.record(
            &format!("{record_type}/{id}"),
            id,
            vec![
                ("itemId", Some(item.sku.clone().into())),
                ("displayName", Some(item.name.clone().into())),
                ("isInactive", Some(item.inactive.into())),
                ("member", members),
            ],
        )))
    }

    pub(super) fn location_record(&self, id: u64) -> Option<Value> {
        let named = self.account.locations.get(&id)?;
        Some(Value::Object(self.record(
            &format!("location/{id}"),
            id,
            vec![("name", Some(named.name.clone().into())), ("isInactive", Some(false.into()))],
        )))
    }
}
