//! The decision: from what is known of an order to the next thing to do. Pure: the same facts and the same mappings always
//! give the same answer.
//!
//! It is asked again after every step, with both records read afresh, until it ends with a verdict. Each answer is one of:
//! a question, because the decision needs to know more; a link to store; one call to send; or the end.

mod bill;
mod compare;
mod follow;
mod inventory;
mod matching;
mod payments;
mod posting;
mod reconcile;
mod sale;
mod send;
mod ship;
#[cfg(test)]
mod tests;
mod till;

use serde::Serialize;

use super::call::Call;
use super::facts::{Facts, Question, Seen};
use super::ids::{RecordId, SaleId};
use super::mapping::{Mappings, Tried};
use super::record_plan::RecordPlan;
use super::sale::Sale;
use super::sales_order::SalesOrder;
use super::status::{OrderStatus, SaleState};
use super::verdict::{Reason, Verdict, VerdictKind};

/// What to do next, and how that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The next thing to do.
    pub next: Next,
    /// The mappings that were tried, each condition with the value it met; empty where none was needed.
    pub tried: Vec<Tried>,
    /// The mapping that decided.
    pub mapping: Option<String>,
    /// Which NetSuite record the sale becomes, and why; none where the order came from NetSuite.
    pub plan: Option<RecordPlan>,
    /// What was found on the way, in sentences.
    pub notes: Vec<String>,
}

/// The next thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Find these out, then decide again.
    Ask(Vec<Question>),
    /// Store this pair, then decide again.
    Link(LinkTo),
    /// Send this, then decide again.
    Call(Box<Call>),
    /// Something else has to happen first: the order is tried again after a while.
    Later(String),
    /// Nothing more: the verdict of the pass.
    End(Verdict, Rest),
}

/// Which id the order is found to belong with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTo {
    /// The sale whose id the sales order carries.
    Sale(SaleId),
    /// The sales order that carries the sale's id.
    Order(RecordId),
}

/// Where the order stands after the pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Rest {
    /// The sale is still under way.
    Waiting,
    /// Stopped.
    Held,
    /// Done.
    Settled,
}

/// A part of the decision: its result, or the thing that has to happen first.
type Step<T> = Result<T, Next>;

/// What the parts of a decision share.
struct Case<'a> {
    facts: &'a Facts,
    mappings: &'a Mappings,
    tried: Vec<Tried>,
    mapping: Option<String>,
    plan: Option<RecordPlan>,
    notes: Vec<String>,
}

/// Decides what happens next to an order.
pub fn decide(facts: &Facts, mappings: &Mappings) -> Decision {
    let mut case = Case { facts, mappings, tried: Vec::new(), mapping: facts.link.mapping.clone(), plan: None, notes: Vec::new() };
    let next = match case.order_and_sale() {
        Ok(next) | Err(next) => next,
    };
    Decision { next, tried: case.tried, mapping: case.mapping, plan: case.plan, notes: case.notes }
}

impl<'a> Case<'a> {
    fn order_and_sale(&mut self) -> Step<Next> {
        let facts = self.facts;
        match (&facts.order, &facts.sale) {
            (Seen::NotLinked, Seen::NotLinked) => Ok(held(Reason::Unsupported, "The order has neither a sales order nor a sale.")),
            (Seen::NotLinked, Seen::Missing) if facts.calls.iter().any(|call| call.done && call.record.is_some()) => {
                let detail = "X-Series no longer has this sale, and records of it are booked in NetSuite: find them by the calls of this order. Undo what is wrong there, then skip it here.";
                Ok(held(Reason::SaleDeleted, detail))
            }
            (Seen::NotLinked, Seen::Missing) => {
                Ok(ignored(Reason::SaleNotFound, "X-Series has no such sale, and no sales order is linked to it."))
            }
            (Seen::NotLinked, Seen::Is(sale)) => self.sale_without_order(sale),
            (Seen::Missing, Seen::NotLinked | Seen::Missing) => {
                Ok(ignored(Reason::OrderNotFound, "NetSuite has no such sales order, and nothing was sent for it."))
            }
            (Seen::Missing, Seen::Is(sale)) => Ok(order_deleted(sale)),
            (Seen::Is(order), Seen::NotLinked) => self.order_without_sale(order),
            (Seen::Is(order), Seen::Missing) => self.sale_missing(order),
            (Seen::Is(order), Seen::Is(sale)) => self.order_with_sale(order, sale),
        }
    }

    /// A sale that came by itself: its sales order is the one that carries its id.
    fn sale_without_order(&mut self, sale: &'a Sale) -> Step<Next> {
        if let Ok(status) = sale.status
            && status.is_transient()
        {
            return Ok(ignored(Reason::SaleTransient, "The till has the sale open; it is looked at when it changes."));
        }
        if let Some(field) = &self.mappings.settings.sale_id_field {
            let Some(orders) = &self.facts.answers.linked_orders else {
                return Err(Next::Ask(vec![Question::LinkedOrders { field: field.clone(), sale: sale.id.clone() }]));
            };
            match orders.as_slice() {
                [] => {}
                [order] => return Ok(Next::Link(LinkTo::Order(order.clone()))),
                several => {
                    let ids = several.iter().map(RecordId::as_str).collect::<Vec<_>>().join(", ");
                    let detail = format!("Several sales orders carry this sale's id in {field}: {ids}. Clear it on all but one.");
                    return Ok(held(Reason::LinkConflict, detail));
                }
            }
        }
        self.till_sale(sale)
    }

    /// A sales order that was not sent yet.
    fn order_without_sale(&mut self, order: &SalesOrder) -> Step<Next> {
        let status = known_status(order)?;
        // A sales order that we made of a sale of the till is never sent back to it.
        if let Some(sale) = order.external_id.as_deref().and_then(|key| super::keys::sale_of_order_key(&self.facts.connection, key)) {
            return Ok(Next::Link(LinkTo::Sale(sale)));
        }
        if let Some(sale) = self.sale_on_order(order) {
            self.notes.push(format!("The sales order carries the sale id {sale}."));
            return Ok(Next::Link(LinkTo::Sale(sale)));
        }
        if status == OrderStatus::Cancelled {
            return Ok(ignored(Reason::OrderCancelled, format!("{} was cancelled before it was sent.", order.number)));
        }
        self.send(order)
    }

    /// The id in the sales order's field, if it is one that a sale can have.
    fn sale_on_order(&self, order: &SalesOrder) -> Option<SaleId> {
        let text = order.custom.get(self.mappings.settings.sale_id_field.as_ref()?)?.as_str()?.trim().to_ascii_lowercase();
        uuid::Uuid::parse_str(&text).ok()?;
        Some(SaleId::new(text))
    }

    /// The link names a sale that X-Series does not have: it was never written, or it is gone.
    fn sale_missing(&mut self, order: &SalesOrder) -> Step<Next> {
        let status = known_status(order)?;
        if self.facts.was_written() {
            let detail = "X-Series no longer has the sale that was sent for this sales order. Void or fulfil the order in NetSuite by hand, then skip it here.";
            return Ok(held(Reason::SaleDeleted, detail));
        }
        let own = crate::domain::keys::sale_id(&self.facts.connection, &order.id);
        if let Some(linked) = self.facts.link.x_series_id.as_ref().filter(|linked| **linked != own) {
            let detail = format!(
                "{} names the sale {linked}, which X-Series does not have. Clear the field on the sales order, then skip it here.",
                order.number
            );
            return Ok(held(Reason::SaleDeleted, detail));
        }
        if status == OrderStatus::Cancelled {
            return Ok(ignored(Reason::OrderCancelled, format!("{} was cancelled before it was sent.", order.number)));
        }
        self.send(order)
    }

    /// Both are there.
    fn order_with_sale(&mut self, order: &'a SalesOrder, sale: &'a Sale) -> Step<Next> {
        let order_status = known_status(order)?;
        let status = match &sale.status {
            Ok(status) => *status,
            Err(unknown) => {
                let detail = format!("The sale has a status that this service does not know ({unknown}), so nothing was done with it.");
                return Ok(held(Reason::UnknownSaleStatus, detail));
            }
        };
        if sale.deleted_at.is_some() {
            return Ok(held(Reason::SaleDeleted, "The sale was deleted in X-Series. Check what is booked in NetSuite, then skip it here."));
        }
        if self.is_of_the_till(order, sale) {
            return self.till_order(order, sale, status);
        }
        if let Some(call) = self.write_back(order, sale) {
            return Ok(call);
        }
        match status.state {
            SaleState::Voided => Ok(reconcile::voided(order, order_status)),
            SaleState::Pending if status.is_transient() => {
                let detail = "The till has the sale open; it is looked at when it changes.";
                Ok(end(VerdictKind::Ignored, Reason::SaleTransient, detail, Rest::Waiting))
            }
            SaleState::Parked | SaleState::Pending if order_status.is_dead() => Ok(self.cancelled(order, sale)),
            SaleState::Parked | SaleState::Pending => self.open_sale(order, sale, status),
            SaleState::Closed => self.closed_sale(order, sale, status),
        }
    }
}

impl Facts {
    /// A sale was written for this order, for certain.
    pub fn was_written(&self) -> bool {
        self.calls.iter().any(|call| call.done && call.kind == super::call::CallKind::CreateSale)
    }

    /// The sale as we last wrote it.
    pub fn last_written(&self) -> Option<&super::requests::SaleRequest> {
        self.calls.iter().rev().filter(|call| call.done).find_map(super::facts::PastCall::sale)
    }

    /// How many calls of this kind are done.
    fn done(&self, kind: super::call::CallKind) -> usize {
        self.calls.iter().filter(|call| call.done && call.kind == kind).count()
    }
}

/// The order's status; one that is not known is held, not guessed.
fn known_status(order: &SalesOrder) -> Step<OrderStatus> {
    order.status.clone().map_err(|seen| {
        let detail = format!("{} has the status {seen:?}, which this service does not know, so nothing was done with it.", order.number);
        held(Reason::UnknownOrderStatus, detail)
    })
}

fn order_deleted(sale: &Sale) -> Next {
    let number = sale.number().unwrap_or(sale.id.as_str());
    match &sale.status {
        Ok(status) if status.state == SaleState::Voided => {
            ignored(Reason::OrderNotFound, "The sales order is gone from NetSuite, and its sale is voided.")
        }
        _ => held(
            Reason::OrderDeleted,
            format!("The sales order is gone from NetSuite while its sale {number} stands. Void the sale at the till, or skip it here."),
        ),
    }
}

fn end(kind: VerdictKind, reason: Reason, detail: impl Into<String>, rest: Rest) -> Next {
    Next::End(Verdict::new(kind, reason, detail), rest)
}

fn held(reason: Reason, detail: impl Into<String>) -> Next {
    end(VerdictKind::Held, reason, detail, Rest::Held)
}

fn ignored(reason: Reason, detail: impl Into<String>) -> Next {
    end(VerdictKind::Ignored, reason, detail, Rest::Settled)
}

fn waiting(reason: Reason, detail: impl Into<String>) -> Next {
    end(VerdictKind::Waiting, reason, detail, Rest::Waiting)
}

fn synced(reason: Reason, detail: impl Into<String>) -> Next {
    end(VerdictKind::Synced, reason, detail, Rest::Settled)
}
