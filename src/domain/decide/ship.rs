//! Fulfil what the sale has handed over: every open line of the order is named, since NetSuite ships what is not.

use rust_decimal::Decimal;

use super::inventory::Taken;
use super::matching::Matched;
use super::reconcile::call;
use super::{Case, Next, Step, held};
use crate::domain::call::{CallKind, Request};
use crate::domain::keys;
use crate::domain::requests::{FulfilmentLine, FulfilmentRequest};
use crate::domain::sale::Sale;
use crate::domain::sales_order::{ItemKind, OrderLine, SalesOrder};
use crate::domain::verdict::Reason;

impl Case<'_> {
    /// Sends the fulfilment of what was handed over and has not left NetSuite's books yet.
    pub(super) fn ship(&mut self, order: &SalesOrder, sale: &Sale, matched: &Matched) -> Step<()> {
        if !order.status.as_ref().is_ok_and(|status| status.can_fulfil()) {
            return Ok(());
        }
        let mut open = Vec::new();
        for line in &order.lines {
            if self.leaves_stock(order, line)? && line.quantity > line.fulfilled {
                open.push(line);
            }
        }
        let now = |line: &OrderLine| (matched.quantity(line.line).min(line.quantity) - line.fulfilled).max(Decimal::ZERO);
        if !open.iter().any(|line| now(line) > Decimal::ZERO) {
            return Ok(());
        }
        let mut lines = Vec::new();
        let mut taken = Taken::default();
        for line in open {
            let quantity = Some(now(line)).filter(|quantity| *quantity > Decimal::ZERO);
            let location = line.location.as_ref().or(order.location.as_ref()).map(|location| location.id.clone());
            let inventory = match quantity {
                Some(quantity) => self.inventory(order, line, quantity, location.as_deref(), (sale, matched), &mut taken)?,
                None => Vec::new(),
            };
            let members = match quantity {
                Some(quantity) if line.kind == ItemKind::Kit => {
                    self.members(order, line, quantity, location.as_deref(), (sale, matched), &mut taken)?
                }
                _ => Vec::new(),
            };
            let quantity = quantity.map(|quantity| quantity.normalize());
            lines.push(FulfilmentLine { order_line: line.line, quantity, location, inventory });
            lines.extend(members);
        }
        check_locations(order, &lines)?;
        let external_id = keys::external_id("if", &self.facts.connection, order.id.as_str(), self.facts.done(CallKind::Fulfil) + 1);
        let request = FulfilmentRequest {
            order: order.id.clone(),
            external_id: external_id.clone(),
            date: self.business_day(sale)?,
            memo: Some(memo(sale)),
            lines,
        };
        Err(call(external_id, Request::Fulfil(request)))
    }

    /// The line's goods leave with an item fulfilment.
    ///
    /// Drop-shipped and special-ordered lines are fulfilled from their purchase order. Whether a non-inventory item is fulfilled is
    /// a box on the item; where `NetSuite` does not tell it, it is.
    pub(super) fn leaves_stock(&self, order: &SalesOrder, line: &OrderLine) -> Step<bool> {
        if line.closed || line.from_purchase {
            return Ok(false);
        }
        match line.kind {
            ItemKind::Inventory | ItemKind::Assembly | ItemKind::Kit => Ok(true),
            ItemKind::NonInventory | ItemKind::Service | ItemKind::OtherCharge | ItemKind::Download | ItemKind::Other(_) => {
                let Some(items) = &self.facts.answers.items else { return Err(Next::Ask(vec![self.items_question(order)])) };
                let told = items.get(&line.item.id).and_then(|item| item.fulfillable);
                Ok(told.unwrap_or(line.kind == ItemKind::NonInventory))
            }
            _ => Ok(false),
        }
    }
}

/// The memo that tells a person in NetSuite where the record comes from.
pub(super) fn memo(sale: &Sale) -> String {
    format!("X-Series sale {}", sale.number().unwrap_or(sale.id.as_str()))
}

/// An order whose lines name locations has to name one for each line that ships.
fn check_locations(order: &SalesOrder, lines: &[FulfilmentLine]) -> Step<()> {
    let some = lines.iter().any(|line| line.location.is_some());
    let without = lines.iter().filter(|line| line.quantity.is_some() && line.location.is_none()).map(|line| line.order_line.to_string());
    let without = without.collect::<Vec<_>>();
    if some && !without.is_empty() {
        let detail =
            format!("{} cannot be fulfilled: line {} has no location. Set it on the sales order.", order.number, without.join(", "));
        return Err(held(Reason::LocationMissing, detail));
    }
    Ok(())
}
