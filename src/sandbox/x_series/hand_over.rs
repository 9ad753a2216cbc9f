//! Fulfilments: what is still to be handed over of pending sales with pickup or delivery.

use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::errors::{Outcome, Refusal};
use super::retailer::{HandOver, HandOverLine, Retailer};
use super::sale::{Sale, State};
use super::sales::uuid;
use crate::sandbox::number;

/// What is done to the lines of a fulfilment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Pick,
    Pack,
    Fulfil,
}

fn kind_of(sale: &Sale) -> Option<&'static str> {
    if sale.has("pickup") {
        Some("PICKUP")
    } else if sale.has("delivery") {
        Some("DISPATCH")
    } else {
        None
    }
}

impl HandOver {
    pub(super) fn state(&self) -> &'static str {
        let all = |of: fn(&HandOverLine) -> Decimal| self.lines.iter().all(|line| of(line) >= line.quantity);
        if all(|line| line.fulfilled) {
            "FULFILLED"
        } else if all(|line| line.packed.max(line.fulfilled)) {
            "PACKED"
        } else if all(|line| line.picked.max(line.fulfilled)) {
            "PICKED"
        } else if self.lines.iter().any(|line| line.picked + line.packed + line.fulfilled > Decimal::ZERO) {
            "STARTED"
        } else {
            "OPEN"
        }
    }

    pub(super) fn show(&self) -> Value {
        let text = |quantity: Decimal| format!("{quantity:.2}");
        let line = |line: &HandOverLine| {
            json!({
                "sale_line_item_id": line.line, "product_id": line.product, "quantity": text(line.quantity),
                "picked_quantity": text(line.picked), "packed_quantity": text(line.packed), "fulfilled_quantity": text(line.fulfilled),
            })
        };
        json!({
            "id": self.id, "sale_id": self.sale, "outlet_id": self.outlet, "type": self.kind, "state": self.state(),
            "user_ids": [], "note": "", "created_at": self.created.to_string(), "updated_at": self.updated.to_string(),
            "version": self.version, "shipping_address_id": null, "line_items": self.lines.iter().map(line).collect::<Vec<_>>(),
        })
    }
}

impl Retailer {
    /// Brings the sale's fulfilment to what the sale is now.
    pub(super) fn plan_hand_over(&mut self, sale: Uuid) {
        let Some(sale) = self.sales.get(&sale).cloned() else { return };
        let (kind, active) = (kind_of(&sale), matches!(sale.state, State::Pending | State::Closed));
        let (Some(kind), true) = (kind, active) else {
            self.hand_overs.retain(|hand_over| hand_over.sale != sale.id);
            return;
        };
        let now = self.clock.now();
        let place = self.hand_overs.iter().position(|hand_over| hand_over.sale == sale.id);
        let place = place.unwrap_or_else(|| {
            self.snowflake += 4097;
            let outlet = sale.fulfilment_outlet.unwrap_or(sale.outlet);
            let id = self.snowflake.to_string();
            let made =
                HandOver { id, sale: sale.id, outlet, kind: kind.to_owned(), version: 0, lines: Vec::new(), created: now, updated: now };
            self.hand_overs.push(made);
            self.hand_overs.len() - 1
        });
        let Some(hand_over) = self.hand_overs.get_mut(place) else { return };
        let before = std::mem::take(&mut hand_over.lines);
        // Discounts and what is taken back are not handed over.
        for line in sale.standing().filter(|line| line.quantity > Decimal::ZERO && !line.is_return) {
            let old = before.iter().find(|old| old.line == line.id);
            hand_over.lines.push(HandOverLine {
                line: line.id,
                product: line.product,
                quantity: line.quantity,
                picked: old.map_or(Decimal::ZERO, |old| old.picked),
                packed: old.map_or(Decimal::ZERO, |old| old.packed),
                fulfilled: if sale.state == State::Closed { line.quantity } else { line.fulfilled },
            });
        }
        hand_over.version += 1;
        hand_over.updated = now;
        if sale.state == State::Closed {
            self.copy_fulfilled(sale.id);
        }
    }

    /// Writes what was handed over back to the sale's lines.
    fn copy_fulfilled(&mut self, sale: Uuid) {
        let Some(hand_over) = self.hand_overs.iter().find(|hand_over| hand_over.sale == sale) else { return };
        let Some(sale) = self.sales.get_mut(&sale) else { return };
        for line in &mut sale.lines {
            line.fulfilled = hand_over.lines.iter().find(|other| other.line == line.id).map_or(line.fulfilled, |other| other.fulfilled);
        }
    }

    /// `POST /fulfillments/{id}/{pick|pack|fulfill}`
    pub(super) fn step_hand_over(&mut self, id: &str, step: Step, body: &Value) -> Outcome<Value> {
        let found = self.hand_overs.iter().position(|hand_over| hand_over.id == id).ok_or(Refusal::NotFound("Fulfillment"))?;
        let version = body["version"].as_i64().ok_or_else(|| Refusal::Malformed("version is required".to_owned()))?;
        let items = body["line_items"].as_array().ok_or_else(|| Refusal::Malformed("line_items is required".to_owned()))?;
        let Some(mut hand_over) = self.hand_overs.get(found).cloned() else { return Err(Refusal::NotFound("Fulfillment")) };
        let sale = self.sales.get(&hand_over.sale).ok_or(Refusal::NotFound("Sale"))?;
        if i64::from(hand_over.version) != version {
            return Err(Refusal::conflict(format!("The version is {}", hand_over.version)));
        }
        if sale.state != State::Pending {
            return Err(Refusal::conflict(format!("The sale is {}", sale.state.word())));
        }
        if step == Step::Fulfil && !sale.is_paid() && !sale.has("onaccount") {
            return Err(Refusal::conflict("The sale is not paid"));
        }
        for item in items {
            let id = uuid(&item["sale_line_item_id"]);
            let quantity = number::read(&item["quantity"]).unwrap_or_default();
            let line = hand_over.lines.iter_mut().find(|line| Some(line.line) == id);
            let line = line.ok_or_else(|| Refusal::unprocessable("there is no such line in the fulfillment"))?;
            let count = match step {
                Step::Pick => &mut line.picked,
                Step::Pack => &mut line.packed,
                Step::Fulfil => &mut line.fulfilled,
            };
            if quantity <= Decimal::ZERO || *count + quantity > line.quantity {
                return Err(Refusal::unprocessable(format!("{quantity} is more than what is left of the line")));
            }
            *count += quantity;
        }
        hand_over.version += 1;
        hand_over.updated = self.clock.now();
        let answer = json!({ "id": hand_over.id, "version": hand_over.version });
        let (sale, done) = (hand_over.sale, hand_over.state() == "FULFILLED");
        if let Some(place) = self.hand_overs.get_mut(found) {
            *place = hand_over;
        }
        if step == Step::Fulfil {
            self.copy_fulfilled(sale);
            if done && let Some(sale) = self.sales.get_mut(&sale) {
                sale.state = State::Closed;
            }
            self.touch(sale);
        }
        Ok(answer)
    }

    /// `POST /fulfillments/fulfill`: everything of a sale; a second time it changes nothing.
    pub(super) fn fulfil_sale(&mut self, sale: Uuid) -> Outcome<Vec<Value>> {
        let known = self.sales.get(&sale).ok_or(Refusal::NotFound("Sale"))?;
        if known.state == State::Pending {
            if !known.is_paid() && !known.has("onaccount") {
                return Err(Refusal::conflict("The sale is not paid"));
            }
            if kind_of(known).is_none() {
                return Err(Refusal::conflict("The sale has nothing to hand over"));
            }
            if let Some(known) = self.sales.get_mut(&sale) {
                known.state = State::Closed;
            }
            self.plan_hand_over(sale);
            self.touch(sale);
        } else if known.state != State::Closed {
            return Err(Refusal::conflict(format!("The sale is {}", known.state.word())));
        }
        let all = self.hand_overs.iter().filter(|hand_over| hand_over.sale == sale);
        Ok(all.map(|hand_over| json!({ "id": hand_over.id, "version": hand_over.version })).collect())
    }
}
