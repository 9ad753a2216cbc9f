//! Sales orders and item fulfilments.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Renderer, enumeration, price_level, ship_status_name, status_name};
use crate::sandbox::netsuite::model::{Fulfilment, FulfilmentLine, OrderLine, SalesOrder};
use crate::sandbox::number;

/// What a line's tax details call it: its own word, or NetSuite's.
fn tax_reference(order: &SalesOrder, line: &OrderLine) -> String {
    line.tax_reference.clone().unwrap_or_else(|| format!("SO{}_{}", order.id, line.line))
}

impl Renderer<'_> {
    pub(in crate::sandbox::netsuite) fn sales_order(&self, order: &SalesOrder) -> Value {
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
                ("subsidiary", self.subsidiary(order.subsidiary)),
                ("currency", Some(self.reference("currency", &account.currency))),
                ("exchangeRate", Some(json!(1.0))),
                ("customForm", Some(json!({ "id": order.form.named().id.to_string(), "refName": order.form.named().name }))),
                ("orderStatus", Some(enumeration(letter, status_name(letter)))),
                ("status", Some(json!({ "id": status_name(letter), "refName": status_name(letter) }))),
                ("otherRefNum", order.other_ref_num.clone().map(Value::from)),
                ("memo", order.memo.clone().map(Value::from)),
                ("location", self.location(order.location)),
                ("department", self.department(order.department)),
                ("class", self.class(order.class)),
                ("terms", self.terms(order.terms)),
                ("paymentMethod", self.method(order.payment_method)),
                ("shipMethod", self.found("shipItem", &account.ship_methods, order.ship_method)),
                ("shipDate", order.ship_date.map(|date| date.to_string().into())),
                ("shipComplete", Some(false.into())),
                ("shippingCost", Some(number::write(order.shipping_cost))),
                ("discountTotal", Some(number::write(Decimal::ZERO))),
                ("subtotal", Some(number::write(order.subtotal()))),
                ("taxTotal", Some(number::write(order.tax_total()))),
                ("total", Some(number::write(order.total()))),
                ("isTaxable", Some(true.into())),
                ("amountDeposited", Some(number::write(account.deposited(order.id)))),
                ("taxDetailsOverride", account.preferences.suite_tax.then_some(order.tax_override.into())),
                ("createdDate", Some(order.created.to_string().into())),
                ("lastModifiedDate", Some(order.modified.to_string().into())),
                ("item", Some(self.sublist(&path, "item", &lines))),
                ("taxDetails", account.preferences.suite_tax.then(|| self.sublist(&path, "taxDetails", &self.tax_details(order)))),
            ],
        );
        record.extend(order.custom.clone());
        Value::Object(record)
    }

    pub(in crate::sandbox::netsuite) fn order_lines(&self, order: &SalesOrder) -> Vec<Value> {
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
                ("price", Some(price_level(line.custom_price))),
                ("description", line.description.clone().map(Value::from)),
                ("location", self.location(line.location)),
                ("department", self.department(line.department)),
                ("class", self.class(line.class)),
                ("isClosed", Some(line.closed.into())),
                ("isOpen", Some((!line.closed && line.fulfilled < line.quantity).into())),
                ("isTaxable", Some((line.tax_rate > Decimal::ZERO).into())),
                ("itemIsFulfilled", Some((line.fulfilled >= line.quantity).into())),
                ("quantityCommitted", Some(number::write(line.committed))),
                ("quantityPicked", Some(number::write(line.picked))),
                ("quantityFulfilled", Some(number::write(line.fulfilled))),
                ("quantityBilled", Some(number::write(line.billed))),
                ("taxDetailsReference", self.account.preferences.suite_tax.then(|| tax_reference(order, line).into())),
            ],
        );
        record.extend(line.custom.clone());
        Value::Object(record)
    }

    fn tax_details(&self, order: &SalesOrder) -> Vec<Value> {
        let rows = |line: &OrderLine| {
            self.tax_rows(&tax_reference(order, line), line.tax_details.as_deref(), line.tax_rate, line.amount, line.tax())
        };
        order.lines.iter().flat_map(rows).collect()
    }

    pub(in crate::sandbox::netsuite) fn fulfilment(&self, fulfilment: &Fulfilment) -> Value {
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
                ("createdFrom", self.source(Some(fulfilment.created_from))),
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

    pub(in crate::sandbox::netsuite) fn fulfilment_lines(&self, fulfilment: &Fulfilment) -> Vec<Value> {
        let source = self.account.orders.get(&fulfilment.created_from);
        let show = |(place, line): (usize, &FulfilmentLine)| {
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
            if let Some(detail) = self.detail(line.quantity, &line.assignments, &line.bins) {
                record.insert("inventoryDetail".to_owned(), detail);
            }
            Value::Object(record)
        };
        fulfilment.lines.iter().enumerate().map(show).collect()
    }
}
