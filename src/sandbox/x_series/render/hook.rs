//! A sale as webhooks carry it: the names of API 0.9, no version, and types as they fell.

use serde_json::{Value, json};

use super::flat::sums;
use super::{ecom_charges, line_status, old_date, round5, surcharges};
use crate::sandbox::number::write;
use crate::sandbox::x_series::retailer::Retailer;
use crate::sandbox::x_series::sale::{Sale, SaleLine, SalePayment};

impl Retailer {
    /// The sale as a webhook carries it: the names of API 0.9, no version, and types as they fell.
    pub(in crate::sandbox::x_series) fn payload(&self, sale: &Sale) -> Value {
        let (price, tax, _) = sale.totals();
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
                "price_total": write(line.price_total()), "display_retail_price_tax_inclusive": "1", "status": line_status(sale, line), "surcharges": surcharges(line),
                "gift_card_number": line.gift_card, "attributes": [{ "name": "line_note", "value": line.note.clone().unwrap_or_default() }],
            })
        };
        let payment = |payment: &SalePayment| {
            let kind = self.payment_types.iter().find(|kind| kind.id == payment.payment_type);
            json!({
                "id": payment.id, "payment_type_id": kind.map(|kind| kind.type_id.to_string()), "register_id": payment.register,
                "retailer_payment_type_id": payment.payment_type, "name": kind.map(|kind| &kind.name), "label": kind.map(|kind| &kind.name),
                "payment_date": old_date(payment.date), "amount": write(payment.amount),
                "surcharge": payment.surcharge.as_ref().map(|surcharge| json!({ "amount": write(surcharge.amount), "rule": surcharge.rule })),
            })
        };
        let taxes = self.taxes(sale).into_iter().map(|part| {
            let group = self.taxes.iter().find(|group| group.rate_id == part.rate);
            json!({ "id": part.rate, "tax": write(part.tax), "name": group.map(|group| &group.name), "rate": group.map(|group| write(group.rate)) })
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
                        "total_to_pay": write(sale.due()) },
            "register_sale_payments": sale.payments.iter().map(payment).collect::<Vec<_>>(),
            "adjustments": sums(sale), "ecom_custom_charges": ecom_charges(sale),
            "taxes": taxes.collect::<Vec<_>>(),
        })
    }
}
