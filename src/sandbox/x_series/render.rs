//! A sale in the three shapes that X-Series shows it in, and the type chaos that comes with them.

use jiff::Timestamp;
use jiff::fmt::strtime;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::retailer::{Retailer, Sale, SaleLine, SalePayment, State};
use crate::sandbox::config::Chaos;
use crate::sandbox::number::{self, write};

/// Which of the shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Date versions.
    Nested,
    /// API 2.0.
    Flat,
}

/// What an older database wrote: `2015-05-07 05:42:19`, in UTC without saying so.
fn old_date(at: Timestamp) -> String {
    strtime::format("%Y-%m-%d %H:%M:%S", at).unwrap_or_default()
}

fn date(at: Timestamp) -> String {
    strtime::format("%Y-%m-%dT%H:%M:%S+00:00", at).unwrap_or_default()
}

fn round5(value: Decimal) -> Value {
    write(number::round(value, 5))
}

fn line_status(sale: &Sale, line: &SaleLine) -> &'static str {
    match sale.state {
        State::Voided => "VOIDED",
        State::Closed => "CONFIRMED",
        State::Parked | State::Pending => {
            if line.fulfilled > Decimal::ZERO {
                "CONFIRMED"
            } else {
                "SAVED"
            }
        }
    }
}

impl Retailer {
    /// The sale as an answer shows it.
    pub(super) fn show(&self, sale: &Sale, shape: Shape, chaos: Chaos) -> Value {
        let shape = if chaos.flat_sales { Shape::Flat } else { shape };
        let mut shown = match shape {
            Shape::Nested => self.nested(sale),
            Shape::Flat => self.flat(sale),
        };
        if chaos.mixed_dates && sale.version % 3 == 0 {
            for name in ["date", "sale_date", "created_at"] {
                if shown[name].is_string() {
                    shown[name] = Value::String(old_date(if name == "created_at" { sale.created } else { sale.date }));
                }
            }
        }
        if chaos.numbers_as_strings && sale.version % 2 == 0 {
            numbers_to_texts(&mut shown);
        }
        shown
    }

    fn outlet_of(&self, register: uuid::Uuid) -> Option<uuid::Uuid> {
        self.register(register).map(|register| register.outlet)
    }

    fn components(&self, sale: &Sale) -> Vec<Vec<(uuid::Uuid, Decimal)>> {
        // Line taxes have five decimals and the sale's two; what is left over sits in the last line's component.
        let (_, tax, _) = sale.totals();
        let mut left = tax;
        let last = sale.lines.len().saturating_sub(1);
        let component = |(place, line): (usize, &SaleLine)| {
            let rate = self.tax(line.tax).map_or(line.tax, |tax| tax.rate_id);
            let own = if place == last { left } else { line.tax_total() };
            left -= own;
            vec![(rate, own)]
        };
        sale.lines.iter().enumerate().map(component).collect()
    }

    fn taxes(&self, sale: &Sale) -> Vec<(uuid::Uuid, Decimal)> {
        let mut taxes: Vec<(uuid::Uuid, Decimal)> = Vec::new();
        for (rate, tax) in self.components(sale).into_iter().flatten() {
            match taxes.iter_mut().find(|(known, _)| *known == rate) {
                Some((_, sum)) => *sum += tax,
                None => taxes.push((rate, tax)),
            }
        }
        taxes
    }

    fn nested(&self, sale: &Sale) -> Value {
        let (price, tax, with_tax) = sale.totals();
        let components = self.components(sale);
        let line = |(line, components): (&SaleLine, &Vec<(uuid::Uuid, Decimal)>)| {
            let mut shown = json!({
                "id": line.id,
                "product": { "id": line.product },
                "quantity": write(line.quantity),
                "pricing": {
                    "price": round5(line.price), "total": write(line.price_total()), "cost": round5(line.cost),
                    "cost_total": round5(line.cost * line.quantity), "discount": round5(line.discount),
                    "discount_total": round5(line.discount * line.quantity), "loyalty_amount": round5(line.loyalty),
                    "loyalty_amount_total": round5(line.loyalty * line.quantity),
                },
                "tax": { "id": line.tax, "amount": round5(line.tax_amount), "total": write(line.tax_total()) },
                "status": line_status(sale, line),
                "return": { "is_return": line.quantity < Decimal::ZERO, "reason": "" },
                "surcharges": [], "promotions": [],
                "_metadata": {
                    "is_price_override": line.price_override, "sequence": line.sequence,
                    "tax_components": components.iter().map(|(rate, tax)| json!({ "rate_id": rate, "total_tax": write(*tax) })).collect::<Vec<_>>(),
                },
            });
            if let Some(note) = &line.note {
                shown["note"] = note.clone().into();
            }
            shown
        };
        let payment = |payment: &SalePayment| {
            let kind = self.payment_types.iter().find(|kind| kind.id == payment.payment_type);
            json!({
                "id": payment.id, "amount": write(payment.amount), "date": date(payment.date),
                "type": { "config_id": payment.payment_type, "id": kind.map(|kind| kind.type_id.to_string()), "name": kind.map(|kind| &kind.name) },
                "source": { "register_id": payment.register, "outlet_id": self.outlet_of(payment.register) },
                "external_applications": [], "external_attributes": [],
            })
        };
        let adjustments = sale
            .adjustments
            .iter()
            .map(|part| json!({ "adjustment_type": part.kind, "name": part.name, "total": write(part.total), "tax_components": [] }));
        let returns: Vec<String> =
            self.sales.values().filter(|other| other.return_for == Some(sale.id)).map(|other| other.id.to_string()).collect();
        let mut shown = json!({
            "id": sale.id,
            "state": sale.state.word(),
            "attributes": sale.attributes,
            "source": { "author": { "id": sale.author }, "register_id": sale.register, "outlet_id": sale.outlet },
            "date": date(sale.date), "created_at": date(sale.created), "updated_at": date(sale.updated),
            "note": sale.note,
            "invoice_number": sale.invoice_number, "receipt_number": sale.invoice_number, "short_code": sale.short_code,
            "line_items": sale.lines.iter().zip(&components).map(line).collect::<Vec<_>>(),
            "payments": sale.payments.iter().map(payment).collect::<Vec<_>>(),
            "taxes": self.taxes(sale).into_iter().map(|(id, tax)| json!({ "id": id, "tax": write(tax) })).collect::<Vec<_>>(),
            "totals": { "price": write(price), "tax": write(tax), "price_incl_tax": write(with_tax), "loyalty": 0, "surcharge": 0 },
            "adjustments": adjustments.collect::<Vec<_>>(),
            "ecom_custom_charges": [],
            "return": { "is_return": sale.return_for.is_some(), "return_sale_ids": returns },
            "external_applications": [],
            "_metadata": { "version": sale.version, "has_unsynced_on_account_payments": false },
        });
        // What is not there is left out.
        for (place, value) in [("id", &sale.source_id), ("type", &sale.source_type)] {
            if let Some(value) = value {
                shown["source"][place] = value.clone().into();
            }
        }
        if let Some(customer) = sale.customer {
            shown["customer_id"] = json!(customer);
        }
        if let Some(original) = sale.return_for {
            shown["return"]["original_sale_id"] = json!(original);
        }
        shown
    }

    fn flat(&self, sale: &Sale) -> Value {
        let (price, tax, _) = sale.totals();
        let components = self.components(sale);
        let line = |(line, components): (&SaleLine, &Vec<(uuid::Uuid, Decimal)>)| {
            json!({
                "id": line.id, "product_id": line.product, "tax_id": line.tax, "quantity": write(line.quantity),
                "price": round5(line.price), "unit_price": round5(line.price), "price_total": write(line.price_total()),
                "total_price": write(line.price_total()), "tax": round5(line.tax_amount), "unit_tax": round5(line.tax_amount),
                "tax_total": write(line.tax_total()), "total_tax": write(line.tax_total()), "cost": round5(line.cost),
                "unit_cost": round5(line.cost), "discount": round5(line.discount), "unit_discount": round5(line.discount),
                "loyalty_value": round5(line.loyalty), "price_set": line.price_override, "sequence": line.sequence,
                "status": line_status(sale, line), "is_return": line.quantity < Decimal::ZERO, "note": line.note,
                "tax_components": components.iter().map(|(rate, tax)| json!({ "rate_id": rate, "total_tax": write(*tax) })).collect::<Vec<_>>(),
            })
        };
        let payment = |payment: &SalePayment| {
            let kind = self.payment_types.iter().find(|kind| kind.id == payment.payment_type);
            json!({
                "id": payment.id, "register_id": payment.register, "outlet_id": self.outlet_of(payment.register),
                "retailer_payment_type_id": payment.payment_type, "payment_type_id": kind.map(|kind| kind.type_id.to_string()),
                "name": kind.map(|kind| &kind.name), "amount": write(payment.amount), "payment_date": date(payment.date),
                "external_attributes": [],
            })
        };
        let adjustments = sale.adjustments.iter().map(|part| json!({ "type": part.kind, "name": part.name, "value": write(part.total) }));
        json!({
            "id": sale.id, "outlet_id": sale.outlet, "register_id": sale.register, "user_id": sale.author, "customer_id": sale.customer,
            "invoice_number": sale.invoice_number, "receipt_number": sale.invoice_number, "short_code": sale.short_code,
            "source": sale.source_type, "source_id": sale.source_id,
            "status": sale.status(), "state": sale.state.word(), "attributes": sale.attributes,
            "note": sale.note, "total_price": write(price), "total_tax": write(tax), "total_loyalty": 0,
            "created_at": date(sale.created), "updated_at": date(sale.updated), "sale_date": date(sale.date),
            "return_for": sale.return_for, "deleted_at": null, "version": sale.version,
            "line_items": sale.lines.iter().zip(&components).map(line).collect::<Vec<_>>(),
            "payments": sale.payments.iter().map(payment).collect::<Vec<_>>(),
            "adjustments": adjustments.collect::<Vec<_>>(),
            "taxes": self.taxes(sale).into_iter().map(|(id, tax)| json!({ "amount": write(tax), "id": id })).collect::<Vec<_>>(),
        })
    }

    /// The sale as a webhook carries it: the names of API 0.9, no version, and types as they fell.
    pub(super) fn payload(&self, sale: &Sale) -> Value {
        let (price, tax, with_tax) = sale.totals();
        let user = self.users.iter().find(|user| user.id == sale.author);
        let customer = sale.customer.and_then(|id| self.customers.get(&id));
        let line = |line: &SaleLine| {
            let product = self.products.get(&line.product);
            let group = self.tax(line.tax);
            json!({
                "id": line.id, "product_id": line.product, "register_id": sale.register, "sequence": line.sequence.to_string(),
                "sku": product.map(|product| &product.sku), "name": product.map(|product| &product.name),
                "quantity": write(line.quantity), "price": round5(line.price), "cost": round5(line.cost),
                "price_set": i32::from(line.price_override), "discount": round5(line.discount), "loyalty_value": round5(line.loyalty),
                "tax": round5(line.tax_amount), "tax_id": line.tax, "tax_name": group.map(|group| &group.name),
                "tax_rate": group.map_or(Value::Null, |group| write(group.rate)), "tax_total": write(line.tax_total()),
                "price_total": write(line.price_total()), "display_retail_price_tax_inclusive": "1", "status": line_status(sale, line),
                "attributes": [{ "name": "line_note", "value": line.note.clone().unwrap_or_default() }],
            })
        };
        let payment = |payment: &SalePayment| {
            let kind = self.payment_types.iter().find(|kind| kind.id == payment.payment_type);
            json!({
                "id": payment.id, "payment_type_id": kind.map(|kind| kind.type_id.to_string()), "register_id": payment.register,
                "retailer_payment_type_id": payment.payment_type, "name": kind.map(|kind| &kind.name), "label": kind.map(|kind| &kind.name),
                "payment_date": old_date(payment.date), "amount": write(payment.amount),
            })
        };
        let taxes = self.taxes(sale).into_iter().map(|(id, amount)| {
            let group = self.taxes.iter().find(|group| group.rate_id == id);
            json!({ "id": id, "tax": write(amount), "name": group.map(|group| &group.name), "rate": group.map(|group| write(group.rate)) })
        });
        json!({
            "id": sale.id, "register_id": sale.register, "market_id": "1", "customer_id": sale.customer,
            "customer_name": customer.map(|customer| format!("{} {}", customer.first_name, customer.last_name)).unwrap_or_default(),
            "user_id": sale.author, "user_name": user.map(|user| &user.username), "sale_date": old_date(sale.date),
            "created_at": old_date(sale.created), "updated_at": old_date(sale.updated), "total_price": write(price), "total_cost": 0,
            "total_tax": write(tax), "tax_name": "GST", "note": sale.note, "status": sale.status(), "state": sale.state.word(),
            "register_sale_attributes": sale.attributes, "short_code": sale.short_code, "invoice_number": sale.invoice_number,
            "source": sale.source_type, "source_id": sale.source_id,
            "return_for": sale.return_for.map(|id| id.to_string()).unwrap_or_default(),
            "register_sale_products": sale.lines.iter().map(line).collect::<Vec<_>>(),
            "totals": { "total_tax": write(tax), "total_price": write(price), "total_payment": write(sale.paid()),
                        "total_to_pay": write(with_tax - sale.paid()) },
            "register_sale_payments": sale.payments.iter().map(payment).collect::<Vec<_>>(),
            "taxes": taxes.collect::<Vec<_>>(),
        })
    }
}

/// Puts every number but the version in quotes.
fn numbers_to_texts(value: &mut Value) {
    match value {
        Value::Number(number) => *value = Value::String(number.to_string()),
        Value::Array(items) => items.iter_mut().for_each(numbers_to_texts),
        Value::Object(fields) => fields.iter_mut().filter(|(name, _)| *name != "version").for_each(|(_, field)| numbers_to_texts(field)),
        _ => {}
    }
}
