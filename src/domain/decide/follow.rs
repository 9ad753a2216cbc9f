//! The sales order changed after its sale was written: as long as the sale is not complete, its lines, customer and note follow,
//! and what the till did to it stays.

use super::reconcile::call;
use super::send::Missing;
use super::{Case, Next, Step, held};
use crate::domain::call::{CallKind, Request};
use crate::domain::keys;
use crate::domain::money;
use crate::domain::requests::{SaleLineRequest, SalePaymentRequest, SaleRequest};
use crate::domain::sale::{Sale, SaleLine};
use crate::domain::sales_order::SalesOrder;
use crate::domain::status::{HandOver, SaleState};
use crate::domain::verdict::Reason;

impl Case<'_> {
    /// The sales order changed since its sale was written: the sale follows, as long as it is not complete.
    pub(super) fn follow(&mut self, order: &SalesOrder, sale: &Sale) -> Step<Option<Next>> {
        let written = self.facts.last_written();
        let sent = written.map(|written| own_part(sale, written).content_digest()).or_else(|| self.facts.link.sent_digest.clone());
        let Some(sent) = sent else { return Ok(None) };
        // Unchanged since it was last dealt with: nothing is asked, and a product that went since does not matter.
        if order.modified_at.is_some() && order.modified_at == self.facts.link.netsuite_modified {
            return Ok(None);
        }
        let Some(mut wanted) = self.wanted(order, sale)? else { return Ok(None) };
        if wanted.content_digest() == sent {
            return Ok(None);
        }
        if let Some(written) = written {
            if let Some(line) = touched(sale, written) {
                let detail = format!(
                    "{} changed in NetSuite, and its sale was changed at the till: {} × product {}. Make the sale agree with the order at the till, then skip it here.",
                    order.number,
                    line.quantity.normalize(),
                    line.product_id
                );
                return Err(held(Reason::TotalsDiffer, detail));
            }
            // What a cashier added stays; a PUT without it would delete it.
            wanted
                .lines
                .extend(self.as_it_stands(sale).lines.into_iter().filter(|line| !is_ours(sale, written, &line.id, &line.product_id)));
        }
        let places = money::places(self.reference()?.retailer.currency.as_deref());
        let (before, after) = (sale.totals.price_incl_tax, wanted.total(places));
        let paid = sale.paid();
        if !paid.is_zero() && (before - after).abs() > self.mappings.settings.tolerance {
            let (before, after, paid) = (self.shown(before), self.shown(after), self.shown(paid));
            let detail = format!(
                "{} changed after its sale was paid: the sale comes to {before} with {paid} paid, the sales order now to {after}. Settle the difference at the till, then release it here.",
                order.number
            );
            return Err(held(Reason::TotalsDiffer, detail));
        }
        wanted.state = match &sale.status {
            Ok(status) => status.state,
            Err(_) => return Ok(None),
        };
        self.notes.push("The sales order changed since its sale was written: lines, customer and note follow.".to_owned());
        let number = self.facts.done(CallKind::UpdateSale) + 1;
        Ok(Some(call(format!("update/{}/{number}", sale.id), Request::UpdateSale(wanted))))
    }

    /// The sale as it is to be: what follows the order is the order's, the rest is the till's.
    fn wanted(&mut self, order: &SalesOrder, sale: &Sale) -> Step<Option<SaleRequest>> {
        let condition = self.mappings.facts(order);
        let mapping = self.facts.link.mapping.as_deref().and_then(|name| self.mappings.mapping(name));
        let mut missing = Missing::default();
        let content = self.content(&sale.id, order, mapping, &condition, &mut missing)?;
        missing.into_step(order)?;
        let stands = self.as_it_stands(sale);
        // Without its mapping there is no template for the note, so the note stays.
        let note = if mapping.is_some() { content.note } else { stands.note.clone() };
        let delivery_note = order.ship_to.clone().filter(|_| stands.hand_over == Some(HandOver::Delivery) && mapping.is_some());
        Ok(Some(SaleRequest { lines: content.lines, customer_id: content.customer_id, note, delivery_note, ..stands }))
    }

    /// The whole of the sale as X-Series holds it: a PUT replaces everything, so everything has to be in it.
    pub(super) fn as_it_stands(&self, sale: &Sale) -> SaleRequest {
        let written = self.facts.last_written();
        let status = sale.status.as_ref().ok();
        let lines = sale.lines.iter().map(|line| SaleLineRequest {
            id: line.id.clone().unwrap_or_default(),
            order_line: written
                .and_then(|sale| sale.lines.iter().find(|sent| Some(&sent.id) == line.id.as_ref()))
                .and_then(|sent| sent.order_line),
            product_id: line.product_id.clone(),
            quantity: line.quantity,
            price: line.price,
            discount: line.discount,
            tax_id: line.tax_id.clone().unwrap_or_default(),
            tax: line.tax,
            note: line.note.clone(),
            sequence: line.sequence,
        });
        let payments = sale.payments.iter().map(|payment| SalePaymentRequest {
            id: payment.id.clone(),
            type_id: payment.type_id.clone(),
            amount: payment.amount,
            date: payment.date,
        });
        SaleRequest {
            id: sale.id.clone(),
            state: status.map_or(SaleState::Parked, |status| status.state),
            attributes: status.map(|status| status.attributes()).unwrap_or_default(),
            author_id: sale.author_id.clone().or_else(|| written.map(|sale| sale.author_id.clone())).unwrap_or_default(),
            register_id: sale.register_id.clone(),
            source_type: sale.source_type.clone(),
            source_id: sale.source_id.clone(),
            date: sale.date,
            customer_id: sale.customer_id.clone(),
            note: sale.note.clone(),
            invoice_number: sale.invoice_number.clone(),
            fulfilment_outlet_id: written.and_then(|sale| sale.fulfilment_outlet_id.clone()),
            hand_over: status.and_then(|status| status.hand_over),
            delivery_note: None,
            lines: lines.collect(),
            payments: payments.collect(),
        }
    }
}

/// The lines of what we wrote that follow the sales order, without those that a cashier had added and we wrote back.
fn own_part(sale: &Sale, written: &SaleRequest) -> SaleRequest {
    let mut own = written.clone();
    own.lines.retain(|line| line.order_line.is_some() || is_special(sale, &line.id));
    own
}

/// A line that stands for the order's discount, shipping or handling.
fn is_special(sale: &Sale, id: &str) -> bool {
    ["discount", "shipping", "handling"].into_iter().any(|what| keys::line_id(&sale.id, what) == id)
}

/// The line follows the sales order: by the id that we gave it, or by its product where X-Series gave ids of its own.
fn is_ours(sale: &Sale, written: &SaleRequest, id: &str, product: &str) -> bool {
    let own = own_part(sale, written);
    let ids_kept = sale.lines.iter().any(|line| own.lines.iter().any(|sent| Some(&sent.id) == line.id.as_ref()));
    own.lines.iter().any(|sent| if ids_kept { sent.id == id } else { sent.product_id == product })
}

/// A line of ours that was changed at the till. A cent is rounding.
fn touched<'s>(sale: &'s Sale, written: &SaleRequest) -> Option<&'s SaleLine> {
    let own = own_part(sale, written);
    sale.lines.iter().find(|line| {
        let sent = own.lines.iter().find(|sent| Some(&sent.id) == line.id.as_ref());
        sent.is_some_and(|sent| sent.quantity != line.quantity || (sent.price - line.price).abs() > rust_decimal::Decimal::new(1, 2))
    })
}
