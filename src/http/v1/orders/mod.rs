//! Orders: the list, one, why it stands where it stands, and what an operator can do to it.

pub mod act;
pub mod explanation;
pub mod get;
pub mod list;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;

use super::List;
use crate::domain::ids::{ConnectionId, OrderId, RecordId, SaleId};
use crate::domain::verdict::VerdictKind;
use crate::http::extract::Query;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::store::{Direction, OrderRow, OrderState};

/// An order, as operators see it.
#[derive(Debug, Serialize)]
pub struct Order {
    id: OrderId,
    connection: ConnectionId,
    state: OrderState,
    verdict: Option<VerdictKind>,
    reason: Option<String>,
    detail: Option<String>,
    netsuite: SalesOrder,
    x_series: Sale,
    direction: Direction,
    revision: Option<i64>,
    attempt: u32,
    due_at: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The NetSuite side of an order, as it was last seen.
#[derive(Debug, Serialize)]
struct SalesOrder {
    id: Option<RecordId>,
    number: Option<String>,
    status: Option<String>,
}

/// The X-Series side of an order, as it was last seen.
#[derive(Debug, Serialize)]
struct Sale {
    id: Option<SaleId>,
    number: Option<String>,
    status: Option<String>,
    state: Option<String>,
    attributes: Vec<String>,
}

impl From<OrderRow> for Order {
    fn from(row: OrderRow) -> Self {
        Self {
            id: row.id,
            connection: row.connection,
            state: row.state,
            verdict: row.verdict,
            reason: row.reason,
            detail: row.detail,
            netsuite: SalesOrder { id: row.link.netsuite_id, number: row.link.netsuite_number, status: row.link.netsuite_status },
            x_series: Sale {
                id: row.link.x_series_id,
                number: row.link.x_series_number,
                status: row.link.x_series_status,
                state: row.link.x_series_state,
                attributes: row.link.x_series_attributes,
            },
            direction: row.direction,
            revision: row.revision,
            attempt: row.attempt,
            due_at: row.due_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// What an id finds.
enum Found {
    One(Box<OrderRow>),
    /// Receipt numbers and the like can belong to several orders.
    Several(Vec<OrderRow>),
    None,
}

/// Finds by any id or number of either side; `?connection=` narrows it down. Our own id beats all others.
async fn find(state: &AppState, id: &str, query: &Query) -> Result<Found, Problem> {
    let mut rows = state.store().find_orders(id).await?;
    if let Some(connection) = query.text("connection") {
        state.connection(connection)?;
        rows.retain(|row| row.connection.as_str() == connection);
    }
    if let Some(own) = rows.iter().position(|row| row.id.as_str().eq_ignore_ascii_case(id)) {
        return Ok(Found::One(Box::new(rows.swap_remove(own))));
    }
    Ok(match rows.len() {
        0 => Found::None,
        1 => Found::One(Box::new(rows.swap_remove(0))),
        _ => Found::Several(rows),
    })
}

/// 300 with the orders to choose from.
fn choices(rows: Vec<OrderRow>) -> Response {
    let list = List::whole(rows.into_iter().map(Order::from).collect());
    (StatusCode::MULTIPLE_CHOICES, Json(list)).into_response()
}
