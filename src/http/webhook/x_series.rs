//! `POST /webhooks/x-series/{connection}` and `…/{token}`: a webhook of X-Series, signed, or known by the token in its address.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::response::Response;

use super::{commit, connection, refuse, unread};
use crate::domain::ids::SaleId;
use crate::domain::verdict::{Reason, Verdict};
use crate::http::body;
use crate::http::extract::Path;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::store::{Dedupe, EventSource, NewEvent, OrderRef};
use crate::xseries::webhook::{self, Notice};

const SOURCE: EventSource = EventSource::XSeries;

/// What a webhook tells of.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    kind: String,
    sale: Option<SaleId>,
    verdict: Option<Verdict>,
}

/// A signed webhook: 202 when kept, 200 while the same body still waits to be handled.
pub async fn handle(State(state): State<AppState>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    receive(state, &id, None, request).await
}

/// A webhook that was made by hand and is not signed: its address carries the token.
pub async fn handle_with_token(
    State(state): State<AppState>,
    Path((id, token)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    receive(state, &id, Some(&token), request).await
}

async fn receive(state: AppState, id: &str, token: Option<&str>, request: Request) -> Result<Response, Problem> {
    let connection = connection(&state, id, SOURCE)?;
    let (parts, body) = request.into_parts();
    let body = body::read(&state, &parts.headers, body).await.map_err(|problem| unread(connection, SOURCE, problem))?;
    let settings = &connection.x_series.webhook;
    let signature = parts.headers.get("x-signature").map(HeaderValue::as_bytes);
    webhook::verify(&settings.verify, settings.allow_payload_signature, signature, token, &body)
        .map_err(|refusal| refuse(connection.id.as_str(), SOURCE, "signature", Problem::NotSigned(format!("{refusal}."))))?;

    let told = match webhook::parse(&body) {
        Ok(notice) => told(notice),
        Err(malformed) => unreadable(&malformed.to_string()),
    };
    let event = NewEvent {
        connection: connection.id.clone(),
        source: SOURCE,
        kind: told.kind,
        order: told.sale.map(OrderRef::XSeries),
        dedupe: Dedupe::PendingBody,
        body,
        due_at: state.clock().now(),
        verdict: told.verdict,
    };
    commit(&state, event).await
}

/// The sale that a webhook speaks of.
fn told(notice: Notice) -> Told {
    let verdict = notice.sale_id.is_none().then(|| {
        Verdict::ignored(Reason::NotAnOrder, format!("The webhook {:?} is not about a sale; subscribe to sale.update alone.", notice.kind))
    });
    Told { kind: notice.kind, sale: notice.sale_id, verdict }
}

/// A body that is genuine and cannot be understood: kept, so that nothing is lost, and failed at once.
fn unreadable(why: &str) -> Told {
    let detail = format!("The webhook is genuine but cannot be understood: {why}. Its body is kept; the sale is found by the next poll.");
    Told { kind: "unreadable".to_owned(), sale: None, verdict: Some(Verdict::failed(Reason::Malformed, detail)) }
}
