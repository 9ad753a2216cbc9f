//! A sale as the date versions show it.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{date, ecom_list, line_status, parts, round5, surcharges};
use crate::sandbox::number::write;
use crate::sandbox::x_series::retailer::Retailer;
use crate::sandbox::x_series::sale::{Adjustment, Sale, SaleLine, SalePayment, TaxPart};

impl Retailer {
    pub(super) fn nested(&self, sale: &Sale) -> Value {
        let (price, tax, with_tax) = sale.totals();
        let components = self.components(sale);
        let line = |(line, component): (&SaleLine, &TaxPart)| {
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
                "return": { "is_return": line.is_return, "reason": line.return_reason.as_deref().unwrap_or_default() },
                "surcharges": surcharges(line), "promotions": [],
                "_metadata": {
                    "is_price_override": line.price_override, "sequence": line.sequence,
                    "tax_components": parts([component]),
                },
            });
            if let Some(note) = &line.note {
                shown["note"] = note.clone().into();
            }
            if let Some(number) = &line.gift_card {
                shown["gift_card_number"] = number.clone().into();
            }
            shown
        };
        let payment = |payment: &SalePayment| {
            let kind = self.payment_types.iter().find(|kind| kind.id == payment.payment_type);
            let mut shown = json!({
                "id": payment.id, "amount": write(payment.amount), "date": date(payment.date),
                "type": { "config_id": payment.payment_type, "id": kind.map(|kind| kind.type_id.to_string()), "name": kind.map(|kind| &kind.name) },
                "source": { "register_id": payment.register, "outlet_id": self.outlet_of(payment.register) },
                "external_applications": [], "external_attributes": [],
            });
            if let Some(surcharge) = &payment.surcharge {
                shown["surcharge"] = json!({ "amount": write(surcharge.amount), "rule": surcharge.rule });
            }
            shown
        };
        let surcharge: Decimal = sale.surcharges().map(|part| part.value).sum();
        let adjustment = |part: &Adjustment| json!({ "adjustment_type": part.kind, "name": part.name, "total": write(part.total), "tax_components": parts(&part.tax) });
        let returns: Vec<String> = self.returns_of(sale.id).map(|other| other.id.to_string()).collect();
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
            "taxes": self.taxes(sale).iter().map(|part| json!({ "id": part.rate, "tax": write(part.tax) })).collect::<Vec<_>>(),
            "totals": { "price": write(price), "tax": write(tax), "price_incl_tax": write(with_tax), "loyalty": 0, "surcharge": write(surcharge) },
            "adjustments": sale.adjustments.iter().map(adjustment).collect::<Vec<_>>(),
            "ecom_custom_charges": ecom_list(sale),
            "return": { "is_return": sale.is_return(), "return_sale_ids": returns },
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
}
