//! What a pass leaves for the person who asks why: what was seen, each condition with the value it met, each step.

use serde_json::{Value, json};

use crate::domain::decide::{Decision, Next};
use crate::domain::facts::{Facts, List, Question};
use crate::domain::keys;
use crate::domain::record_plan::{PlanReason, RecordPlan};
use crate::domain::sale::Sale;
use crate::domain::sales_order::{Ref, SalesOrder};

/// The explanation of one pass.
#[derive(Debug, Clone, Default)]
pub(super) struct Explanation {
    order: Option<Value>,
    sale: Option<Value>,
    tried: Value,
    mapping: Option<String>,
    plan: Option<RecordPlan>,
    steps: Vec<String>,
    notes: Vec<String>,
    sent: usize,
}

impl Explanation {
    /// Notes one step.
    pub(super) fn step(&mut self, what: String) {
        self.steps.push(what);
    }

    /// The step is noted already.
    pub(super) fn has_step(&self, what: &str) -> bool {
        self.steps.iter().any(|step| step == what)
    }

    /// Notes what a decision saw and found. Later decisions see later facts, so they replace what was seen.
    pub(super) fn decided(&mut self, facts: &Facts, decision: &Decision) {
        self.order = facts.order.record().map(order);
        self.sale = facts.sale.record().map(sale);
        if !decision.tried.is_empty() {
            self.tried = json!(decision.tried);
        }
        self.mapping.clone_from(&decision.mapping);
        if let Some(plan) = &decision.plan {
            self.plan = Some(with_reasons_before(self.plan.take(), plan));
        }
        for note in &decision.notes {
            if !self.notes.contains(note) {
                self.notes.push(note.clone());
            }
        }
        if matches!(decision.next, Next::Call(_)) {
            self.sent += 1;
        }
    }

    /// Something was sent in this pass.
    pub(super) fn sent_any(&self) -> bool {
        self.sent > 0
    }

    /// Notes a sales order that was read to see whose it is.
    pub(super) fn saw_order(&mut self, seen: &SalesOrder) {
        self.order = Some(order(seen));
    }

    /// The explanation as it is stored and shown.
    pub(super) fn into_json(self) -> Value {
        let plan = self.plan.map(|plan| {
            let reasons = plan.reasons.iter().map(|reason| reason.word()).collect::<Vec<_>>();
            json!({ "record": plan.record, "reasons": reasons })
        });
        json!({
            "seen": { "order": self.order, "sale": self.sale },
            "mappings": self.tried,
            "mapping": self.mapping,
            "record_plan": plan,
            "steps": self.steps,
            "notes": self.notes,
        })
    }

    /// The digest of what people would call the same sale: versions and times of change left out.
    pub(super) fn sale_digest(sale: &Sale) -> String {
        let lines = sale.lines.iter().map(|line| {
            format!("{}|{}|{}|{}", line.product_id, line.quantity.normalize(), line.price.normalize(), line.tax_total.normalize())
        });
        let payments = sale.payments.iter().map(|payment| format!("{}|{}", payment.type_id, payment.amount.normalize()));
        let status = sale.status.as_ref().map_or_else(ToString::to_string, |status| format!("{}{:?}", status.word(), status.attributes()));
        let head = format!("{status}|{:?}|{:?}", sale.customer_id, sale.deleted_at.is_some());
        let text = std::iter::once(head).chain(lines).chain(payments).collect::<Vec<_>>().join("\n");
        keys::digest(text.as_bytes())
    }
}

/// A pass that makes a sales order goes on with it: that it is there now does not take the place of why it was made.
fn with_reasons_before(before: Option<RecordPlan>, now: &RecordPlan) -> RecordPlan {
    let made = |before: &RecordPlan| before.record == now.record && now.reasons.contains(&PlanReason::HasSalesOrder);
    let mut reasons = before.filter(made).map(|before| before.reasons).unwrap_or_default();
    reasons.extend(now.reasons.iter().filter(|reason| !reasons.contains(reason)).copied().collect::<Vec<_>>());
    RecordPlan { record: now.record, reasons }
}

fn order(order: &SalesOrder) -> Value {
    json!({
        "id": order.id.as_str(),
        "number": order.number,
        "status": order.status.as_ref().map_or_else(Clone::clone, |status| status.name().to_owned()),
        "location": order.location.as_ref().map(Ref::label),
        "total": order.total.map(|total| total.to_string()),
        "modified_at": order.modified_at.map(|at| at.to_string()),
        "lines": order.lines.iter().map(|line| json!({
            "line": line.line,
            "item": line.item.label(),
            "quantity": line.quantity.to_string(),
            "fulfilled": line.fulfilled.to_string(),
            "billed": line.billed.to_string(),
        })).collect::<Vec<_>>(),
    })
}

fn sale(sale: &Sale) -> Value {
    json!({
        "id": sale.id.as_str(),
        "number": sale.number(),
        "status": sale.status.as_ref().map_or_else(ToString::to_string, |status| status.word().to_owned()),
        "version": sale.version,
        "total": sale.totals.price_incl_tax.to_string(),
        "paid": sale.paid().to_string(),
        "updated_at": sale.updated_at.map(|at| at.to_string()),
        "lines": sale.lines.iter().map(|line| json!({
            "product": line.product_id,
            "quantity": line.quantity.to_string(),
            "price": line.price.to_string(),
        })).collect::<Vec<_>>(),
    })
}

/// A question, for people.
pub(super) fn question(question: &Question) -> String {
    match question {
        Question::Reference => "outlets, registers, payment types, taxes and users of X-Series".to_owned(),
        Question::Products(skus) => format!("the X-Series products {}", skus.join(", ")),
        Question::Customer(id) => format!("who the NetSuite customer {id} is in X-Series"),
        Question::LinkedOrders { field, sale } => format!("which sales order has {sale} in {field}"),
        Question::Children(order) => format!("what was made from the sales order {order}"),
        Question::Bills => "the bills, read back".to_owned(),
        Question::HandedOver(sale) => format!("what was handed over of the sale {sale}"),
        Question::Items { ids, .. } => format!("how NetSuite tracks the items {}", ids.join(", ")),
        Question::FulfilmentForm { order, .. } => format!("which lines a fulfilment of the sales order {order} would have"),
        Question::KitMembers(kits) => format!("what the kits {} are made of", kits.join(", ")),
        Question::SerialNumbers(sale) => format!("the serial numbers sold with {sale}"),
        Question::InventoryNumbers { item, .. } => format!("the lots and serial numbers of item {item} in stock"),
        Question::Locations => "NetSuite's locations".to_owned(),
        Question::Accounts => "NetSuite's accounts".to_owned(),
        Question::PaymentMethods => "NetSuite's payment methods".to_owned(),
        Question::NamedItem(name) => format!("the NetSuite item '{name}'"),
        Question::Booked(keys) => format!("which NetSuite records carry {}", keys.join(", ")),
        Question::ReadBack => "those records, read back".to_owned(),
        Question::Payments(_) => "the payments that are booked, read back".to_owned(),
        Question::TillItems { products, .. } => format!("the NetSuite items of the products {}", products.join(", ")),
        Question::TillCustomer(id) => format!("who the X-Series customer {id} is in NetSuite"),
        Question::CustomersNamed(name) => format!("the NetSuite customer '{name}'"),
        Question::Names(List::Subsidiary) => "NetSuite's subsidiaries".to_owned(),
        Question::Names(List::Department) => "NetSuite's departments".to_owned(),
        Question::Names(List::Class) => "NetSuite's classes".to_owned(),
        Question::LocationSubsidiary(location) => format!("the subsidiary of the NetSuite location {location}"),
        Question::TaxCodes => "NetSuite's tax codes".to_owned(),
        Question::Periods => "NetSuite's accounting periods".to_owned(),
        Question::Original(sale) => format!("what became of the sale {sale} that is taken back"),
        Question::Authorized(id) => format!("the lines of the return authorisation {id}"),
        Question::OriginalSerials(sale) => format!("the serial numbers sold with {sale}, which is taken back"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record_plan::PlannedRecord;

    #[test]
    fn why_a_sales_order_was_made_stays_when_the_same_pass_goes_on_with_it() {
        let plan = |record, reasons: &[PlanReason]| RecordPlan { record, reasons: reasons.to_vec() };
        let kit = plan(PlannedRecord::SalesOrder, &[PlanReason::KitTrackedComponents]);
        let there = plan(PlannedRecord::SalesOrder, &[PlanReason::HasSalesOrder, PlanReason::Layby]);
        let all = [PlanReason::KitTrackedComponents, PlanReason::HasSalesOrder, PlanReason::Layby];
        assert_eq!(with_reasons_before(Some(kit), &there), plan(PlannedRecord::SalesOrder, &all));
        assert_eq!(with_reasons_before(None, &there), there);
        // What was seen of the sale before it changed says nothing of it now.
        let parked = plan(PlannedRecord::None, &[PlanReason::Return, PlanReason::Parked]);
        let closed = plan(PlannedRecord::Return, &[PlanReason::Return]);
        assert_eq!(with_reasons_before(Some(parked), &closed), closed);
    }
}
