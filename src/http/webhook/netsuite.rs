//! `POST /webhooks/netsuite/{connection}`: a callback of the SuiteScript, in the form of Standard Webhooks.

use axum::extract::{Request, State};
use axum::response::Response;

use super::{commit, connection, refuse, unread};
use crate::clock::after;
use crate::config::Connection;
use crate::domain::ids::{ConnectionId, OrderId};
use crate::domain::verdict::{Reason, Verdict};
use crate::http::body;
use crate::http::extract::Path;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::netsuite::Account;
use crate::netsuite::callback::{self, Callback};
use crate::store::{Dedupe, EventSource, NewEvent, OrderRef};

const SOURCE: EventSource = EventSource::Netsuite;

/// What a callback tells of.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    kind: String,
    order: Option<OrderRef>,
    verdict: Option<Verdict>,
}

/// 202 for a callback that is kept, 200 for one seen before, and a problem for one that is not genuine or cannot be kept.
pub async fn handle(State(state): State<AppState>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    let connection = connection(&state, &id, SOURCE)?;
    let (parts, body) = request.into_parts();
    let body = body::read(&state, &parts.headers, body).await.map_err(|problem| unread(connection, SOURCE, problem))?;
    let now = state.clock().now();
    let refuse = |cause, problem| refuse(connection.id.as_str(), SOURCE, cause, problem);
    let refuse_signature = |cause, detail| refuse(cause, Problem::NotSigned(detail));

    callback::verify(&connection.netsuite.webhook_secrets, &parts.headers, &body, now)
        .map_err(|refusal| refuse_signature("signature", format!("{refusal}.")))?;
    // The id is signed, so that it is what the sender meant; without it a repeat could not be known.
    let message_id = parts.headers.get("webhook-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let message_id =
        message_id.ok_or_else(|| refuse_signature("signature", "The header webhook-id is not there or not text.".to_owned()))?;

    let told = match callback::parse(&body) {
        Ok(callback) if !Account::parse(&connection.netsuite.account_id).is_ok_and(|account| callback.is_of(&account)) => {
            return Err(refuse_signature(
                "account",
                format!("The body is of another account than that of the connection {:?}.", connection.id.as_str()),
            ));
        }
        Ok(callback) => {
            let of_a_sale = of_a_sale(&state, connection, &callback).await.map_err(|error| refuse("store", error))?;
            told(&callback, of_a_sale)
        }
        Err(malformed) => unreadable(&malformed.to_string()),
    };
    let due_at = after(now, state.config().net.debounce);
    commit(&state, event(connection, told, message_id, body, due_at)).await
}

fn event(connection: &Connection, told: Told, message_id: String, body: Vec<u8>, due_at: jiff::Timestamp) -> NewEvent {
    NewEvent {
        connection: ConnectionId::clone(&connection.id),
        source: SOURCE,
        kind: told.kind,
        order: told.order,
        dedupe: Dedupe::Key(message_id),
        body,
        due_at,
        verdict: told.verdict,
    }
}

/// The order of the sale that a bill was booked of, where it was made from no sales order.
async fn of_a_sale(state: &AppState, connection: &Connection, callback: &Callback) -> Result<Option<OrderId>, Problem> {
    if !callback.is_of_a_bill_alone() {
        return Ok(None);
    }
    state.store().order_of_bill(&connection.id, &callback.record_id).await.map_err(Problem::NotStored)
}

/// The sales order that a callback speaks of; for a fulfilment, an invoice or a cash sale, the one it was made from, or the order of the
/// sale that it was booked of.
fn told(callback: &Callback, of_a_sale: Option<OrderId>) -> Told {
    let order = callback.order().map(OrderRef::NetSuite).or(of_a_sale.map(OrderRef::Own));
    let verdict = order.is_none().then(|| {
        let record = &callback.record_type;
        Verdict::ignored(
            Reason::NotAnOrder,
            format!("The callback is about a record of type {record:?} that was made from no sales order, and not booked by us."),
        )
    });
    Told { kind: callback.kind.clone(), order, verdict }
}

/// A body that is signed and cannot be understood: kept, so that nothing is lost, and failed at once.
fn unreadable(why: &str) -> Told {
    let detail = format!("The callback is signed but cannot be understood: {why}. Its body is kept; correct the script that sends it.");
    Told { kind: "unreadable".to_owned(), order: None, verdict: Some(Verdict::failed(Reason::Malformed, detail)) }
}
