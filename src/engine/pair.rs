//! Which sales order and which sale are one: the link is stored, or two orders become one.

use super::PassError;
use super::pass::{Pass, Stop};
use super::patience::read;
use super::perform::kept;
use crate::domain::decide::LinkTo;
use crate::domain::facts::Seen;
use crate::domain::failure::FailureClass;
use crate::domain::ids::OrderId;
use crate::domain::keys;
use crate::domain::link::Link;
use crate::store::{Direction, LinkResult, Merge, StoreError};

impl Pass<'_> {
    /// Stores the pair before anything is done with it.
    pub(super) async fn link_to(&mut self, to: LinkTo) -> Result<(), Stop> {
        let mut link = self.link.clone();
        match &to {
            LinkTo::Sale(sale) => link.x_series_id = Some(sale.clone()),
            LinkTo::Order(order) => link.netsuite_id = Some(order.clone()),
        }
        match self.engine.store.link(&self.claimed.lease, &link).await? {
            LinkResult::Linked => {
                self.link = link;
                self.read().await
            }
            LinkResult::LeaseLost => Err(Stop::Error(PassError::LeaseLost)),
            LinkResult::Taken(other) => match to {
                // The order of that sales order is there already: this one becomes part of it.
                LinkTo::Order(_) => Err(self.merge_into(&other, &link).await?),
                LinkTo::Sale(sale) => {
                    let Some(known) = self.engine.store.order(&other).await? else { return Err(self.gone(&other)) };
                    // The sale was seen before its sales order was: they are one.
                    if known.link.netsuite_id.is_none() {
                        return Err(self.merge_into(&other, &link).await?);
                    }
                    // A copied sales order carries its original's sale id. It is an order of its own.
                    self.explanation.step(format!("the sale {sale} on the sales order belongs to order {other}: not taken over"));
                    if let Seen::Is(order) = &mut self.order {
                        order.custom.retain(|_, value| value.as_str().is_none_or(|text| !text.trim().eq_ignore_ascii_case(sale.as_str())));
                    }
                    Ok(())
                }
            },
        }
    }

    /// Moves everything to the order that has the other side of the pair already.
    async fn merge_into(&mut self, other: &OrderId, pair: &Link) -> Result<Stop, Stop> {
        let direction = self.direction_of(pair).await?;
        self.explanation.step(format!("merged into the order {other}, which has the other side of the pair"));
        let explanation = self.explanation.clone().into_json();
        let merge = Merge { direction, revision: self.revision, explanation };
        match self.engine.store.merge(&self.claimed.lease, other, merge).await {
            Err(StoreError::UnknownOrder(_)) => return Err(self.gone(other)),
            merged => kept(merged?)?,
        }
        tracing::info!(order.id = %self.claimed.lease.order_id, into = %other, "merged with the order of the other side");
        Ok(Stop::Merged)
    }

    /// The order that has the other side became part of another one while this pass went on, of this one maybe: the next pass sees what there is.
    fn gone(&self, other: &OrderId) -> Stop {
        Stop::End(self.failed(&FailureClass::Conflict, format!("The order {other} became part of another one meanwhile.")))
    }

    /// Which of the two was first: a sales order that carries our key of the sale was made of it, any other was sent to the till.
    async fn direction_of(&mut self, pair: &Link) -> Result<Direction, Stop> {
        if self.order.record().is_none()
            && let Some(id) = &pair.netsuite_id
        {
            let order = read(&self.engine.clock, || self.side.netsuite.sales_order(id)).await?;
            self.order = order.map_or(Seen::Missing, |order| Seen::Is(Box::new(order)));
        }
        let Some(order) = self.order.record() else { return Ok(self.claimed.order.direction) };
        self.explanation.saw_order(order);
        let key = order.external_id.as_deref();
        let made_of = key.and_then(|key| keys::sale_of_order_key(&self.side.id, key));
        let of_the_till = made_of.is_some() && made_of == pair.x_series_id;
        Ok(if of_the_till { Direction::XSeriesToNetsuite } else { Direction::NetsuiteToXSeries })
    }
}
