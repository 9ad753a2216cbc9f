//! A sale as API 2.0 shows it.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{by_rate, date, ecom_charges, line_status, parts, round5, surcharges};
use crate::sandbox::number::write;
use crate::sandbox::x_series::retailer::Retailer;
use crate::sandbox::x_series::sale::{Sale, SaleLine, SalePayment, State, TaxPart};

impl Retailer {
    pub(super) fn flat(&self, sale: &Sale) -> Value {
        let (price, tax, _) = sale.totals();
        let components = self.components(sale);
        // A return that is still parked shows its tax components without their sign.
        let unsigned = sale.return_for.is_some() && sale.state == State::Parked;
        let line = |(line, component): (&SaleLine, &TaxPart)| {
            let component = TaxPart { rate: component.rate, tax: if unsigned { component.tax.abs() } else { component.tax } };
            json!({
                "id": line.id, "product_id": line.product, "tax_id": line.tax, "quantity": write(line.quantity),
                "price": round5(line.price), "unit_price": round5(line.price), "price_total": write(line.price_total()),
                "total_price": write(line.price_total()), "tax": round5(line.tax_amount), "unit_tax": round5(line.tax_amount),
                "tax_total": write(line.tax_total()), "total_tax": write(line.tax_total()), "cost": round5(line.cost),
                "unit_cost": round5(line.cost), "discount": round5(line.discount), "unit_discount": round5(line.discount),
                "loyalty_value": round5(line.loyalty), "price_set": line.price_override, "sequence": line.sequence,
                "status": line_status(sale, line), "is_return": line.is_return, "note": line.note,
                "tax_components": parts([&component]), "surcharges": surcharges(line),
            })
        };
        let payment = |payment: &SalePayment| {
            let kind = self.payment_types.iter().find(|kind| kind.id == payment.payment_type);
            let mut shown = json!({
                "id": payment.id, "register_id": payment.register, "outlet_id": self.outlet_of(payment.register),
                "retailer_payment_type_id": payment.payment_type, "payment_type_id": kind.map(|kind| kind.type_id.to_string()),
                "name": kind.map(|kind| &kind.name), "amount": write(payment.amount), "payment_date": date(payment.date),
                "external_attributes": [],
            });
            if let Some(surcharge) = &payment.surcharge {
                shown["surcharge"] = json!({ "amount": write(surcharge.amount), "rule": surcharge.rule });
            }
            shown
        };
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
            "adjustments": sums(sale), "ecom_custom_charges": ecom_charges(sale),
            "taxes": self.taxes(sale).iter().map(|part| json!({ "amount": write(part.tax), "id": part.rate })).collect::<Vec<_>>(),
        })
    }
}

/// Everything outside the lines' prices in sums: surcharges and the charges of a web shop, which stand elsewhere too, with them.
pub(super) fn sums(sale: &Sale) -> Value {
    let sum = |kind: &str, name: &str, total: Decimal, tax: &[TaxPart]| json!({ "type": kind, "adjustment_type": kind, "name": name, "value": write(total), "tax_components": parts(tax) });
    let mut sums: Vec<Value> = sale.adjustments.iter().map(|part| sum(&part.kind, &part.name, part.total, &part.tax)).collect();
    if sale.surcharges().next().is_some() {
        let total = sale.surcharges().map(|part| part.value).sum();
        sums.push(sum("SURCHARGE", "Surcharge", total, &by_rate(sale.surcharges().map(|part| &part.tax))));
    }
    if !sale.charges.is_empty() {
        let total = sale.charges.iter().map(|charge| charge.total).sum();
        sums.push(sum("ECOM_CUSTOM_CHARGE", "Charges", total, &by_rate(sale.charges.iter().flat_map(|charge| &charge.tax))));
    }
    Value::Array(sums)
}
