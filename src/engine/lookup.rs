//! A call in doubt is looked up by its key before it is ever sent again.

use super::patience::read;
use super::{PassError, Side};
use crate::clock::Clock;
use crate::domain::call::Request;
use crate::domain::record::RecordKind;
use crate::domain::status::SaleState;

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// It had its effect; with the id of the record that it made, where it makes one.
    Yes(Option<String>),
    /// It had none.
    No,
}

/// Looks for the effect of a call.
pub(super) async fn look_up(side: &Side, clock: &Clock, key: &str, request: &Request) -> Result<Found, PassError> {
    let record = |id: Option<crate::domain::ids::RecordId>| id.map_or(Found::No, |id| Found::Yes(Some(id.to_string())));
    Ok(match request {
        Request::CreateSale(sale) => match read(clock, || side.x_series.sale(&sale.id)).await? {
            Some(found) => Found::Yes(Some(found.id.to_string())),
            None => Found::No,
        },
        Request::VoidSale(sale) => match read(clock, || side.x_series.sale(&sale.id)).await? {
            Some(found) if found.status.as_ref().is_ok_and(|status| status.state == SaleState::Voided) => Found::Yes(None),
            _ => Found::No,
        },
        Request::CreateCustomer { customer, .. } => {
            let found = read(clock, || side.x_series.customers_by_code(&customer.customer_code)).await?;
            found.into_iter().next().map_or(Found::No, |customer| Found::Yes(Some(customer.id)))
        }
        Request::WriteSaleId(write) => {
            let order = read(clock, || side.netsuite.sales_order(&write.order)).await?;
            let there = order.as_ref().and_then(|order| order.custom.get(&write.field)).and_then(serde_json::Value::as_str);
            if there == Some(write.sale.as_str()) { Found::Yes(None) } else { Found::No }
        }
        Request::Fulfil(_) => record(read(clock, || side.netsuite.find(RecordKind::ItemFulfillment, key)).await?),
        Request::Invoice(_) => record(read(clock, || side.netsuite.find(RecordKind::Invoice, key)).await?),
        Request::CashSale(_) => record(read(clock, || side.netsuite.find(RecordKind::CashSale, key)).await?),
        Request::Payment(_) => record(read(clock, || side.netsuite.find(RecordKind::CustomerPayment, key)).await?),
        Request::Book(booking) => record(read(clock, || side.netsuite.find(booking.record, key)).await?),
        Request::Transform(transform) => record(read(clock, || side.netsuite.find(transform.record, key)).await?),
        Request::Deposit(_) => record(read(clock, || side.netsuite.find(RecordKind::CustomerDeposit, key)).await?),
        Request::ApplyDeposit(_) => record(read(clock, || side.netsuite.find(RecordKind::DepositApplication, key)).await?),
        Request::Refund(_) => record(read(clock, || side.netsuite.find(RecordKind::CustomerRefund, key)).await?),
        Request::ErpCustomer(customer) => {
            let found = read(clock, || side.netsuite.customer_by_key(&customer.external_id)).await?;
            found.map_or(Found::No, |customer| Found::Yes(Some(customer.id)))
        }
        // The whole sale is written again from a fresh read, so the same effect twice is one effect; whether the variance line is on the
        // bill shows in the bill's total, and whether a sales order changed in its lines, which the decision reads again.
        Request::UpdateSale(_) | Request::Variance(_) | Request::ChangeOrder(_) => Found::No,
    })
}
