//! Orders that wait for another one: a return, until the sale that it takes back is booked.

use serde_json::json;

use super::driver::query_scalar;
use super::link::{read, wake};
use super::records::{OwnEvent, add_event};
use super::writer::Tx;
use super::{Db, dialect, during, lock_orders};
use crate::domain::ids::{ConnectionId, OrderId, SaleId};
use crate::domain::keys;
use crate::domain::verdict::Reason;
use crate::store::{EventSource, StoreError};

const OPERATION: &str = "wake the orders that wait for a sale";

impl Db {
    /// Wakes the orders that wait for the sale; returns how many.
    pub(in crate::store) async fn wake_waiting(&self, connection: &ConnectionId, sale: &SaleId) -> Result<usize, StoreError> {
        let waiting: Vec<String> = query_scalar(dialect::WAITING)
            .bind(keys::waits_for(sale))
            .bind(connection.as_str())
            .fetch_all(&self.readers)
            .await
            .map_err(during(OPERATION))?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let sale = sale.clone();
        self.write(OPERATION, move |tx| {
            Box::pin(async move {
                let mut woken = 0;
                for order in waiting {
                    woken += usize::from(wake_one(tx, &OrderId::new(order), &sale).await?);
                }
                Ok(woken)
            })
        })
        .await
    }
}

/// An event, so that an order that a worker has in hand looks again too. False where it went on meanwhile.
async fn wake_one(tx: &mut Tx, order: &OrderId, sale: &SaleId) -> Result<bool, StoreError> {
    lock_orders(tx, OPERATION, [order, order]).await?;
    let (row, leased) = match read(tx, order).await {
        Ok(found) => found,
        // It became part of another order.
        Err(StoreError::UnknownOrder(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    if row.reason.as_deref() != Some(Reason::OriginalFirst.word()) {
        return Ok(false);
    }
    let (seq, body) = (row.enqueued_seq + 1, json!({ "original": sale }));
    let event = OwnEvent { connection: row.connection.as_str(), seq, source: EventSource::Sweep, kind: "original.booked", body: &body };
    add_event(tx, OPERATION, order, event).await?;
    wake(tx, &row, leased, seq, row.direction).await?;
    Ok(true)
}
