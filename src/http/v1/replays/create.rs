//! `POST /v1/replays`: handle orders again, named by their ids, by their events, or by a filter.
//!
//! A replay makes each order due once more; the worker reads both sides afresh, so that a replay never sends stale data and a
//! second one changes nothing. A dry run says which orders it would be and touches none.

use std::collections::HashSet;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{DONE, RUNNING, Replay, STOPPED};
use crate::causes::in_one_line;
use crate::domain::ids::{ConnectionId, EventId, OrderId};
use crate::domain::verdict::VerdictKind;
use crate::http::auth::Caller;
use crate::http::body;
use crate::http::extract::{bad_time, time};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::store::{OperatorAction, OrderFilter, OrderRow, OrderState, ReplayRow};

/// How many orders one replay may hold.
const ORDERS_MAX: usize = 10_000;
/// Rows of each page while a filter is walked.
const PAGE: u32 = 500;
/// How long the answer waits for the replay to end; a longer one goes on in the background.
const WAIT: Duration = Duration::from_secs(2);
/// After how many orders the progress is stored.
const PROGRESS: usize = 50;

/// What is to be replayed.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    /// Orders by any id or number of either side.
    orders: Vec<String>,
    /// Events by their ids: their orders are replayed.
    events: Vec<String>,
    /// Orders by what they have in common. All of its members hold at once; an empty filter finds nothing.
    filter: Option<Filter>,
    /// Only say what would be replayed.
    dry_run: bool,
}

/// What orders have in common.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Filter {
    connection: Option<String>,
    state: Option<String>,
    verdict: Option<String>,
    reason: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

/// 201 with the replay: done, or running on.
pub async fn handle(State(state): State<AppState>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let wanted: Wanted = body::json(&state, &parts.headers, body).await?;
    let orders = find(&state, &wanted).await?;
    let row = ReplayRow {
        id: Uuid::now_v7().to_string(),
        state: if wanted.dry_run { DONE } else { RUNNING }.to_owned(),
        total: i64::try_from(orders.len()).unwrap_or(i64::MAX),
        done: 0,
        changes: if wanted.dry_run { orders.iter().map(|order| change(order, "would", "replay")).collect() } else { json!([]) },
        dry_run: wanted.dry_run,
        author: caller.name().to_owned(),
        created_at: state.clock().now(),
    };
    state.store().create_replay(row.clone()).await?;
    let id = row.id.clone();
    let replay = if wanted.dry_run { row } else { begin(&state, row, orders).await? };
    Ok((StatusCode::CREATED, [(LOCATION, format!("/v1/replays/{id}"))], Json(Replay::from(replay))).into_response())
}

/// Runs the replay beside the request, and waits a moment for its end.
async fn begin(state: &AppState, row: ReplayRow, orders: Vec<OrderRow>) -> Result<ReplayRow, Problem> {
    let running = state.tasks().spawn(run(state.clone(), row.clone(), orders));
    match tokio::time::timeout(WAIT, running).await {
        Ok(Ok(ended)) => Ok(ended),
        Ok(Err(_panicked)) => Err(Problem::Broken("a replay panicked")),
        Err(_elapsed) => Ok(state.store().replay(&row.id).await?.unwrap_or(row)),
    }
}

async fn run(state: AppState, mut row: ReplayRow, orders: Vec<OrderRow>) -> ReplayRow {
    let mut changes = Vec::with_capacity(orders.len());
    for (index, order) in orders.iter().enumerate() {
        if state.stopping().is_cancelled() {
            STOPPED.clone_into(&mut row.state);
            break;
        }
        let did = match state.store().act(&order.id, OperatorAction::Replay, &row.author).await {
            Ok(Some(_)) => {
                row.done += 1;
                "replayed"
            }
            // Merged into another order since it was found; that one has its events now.
            Ok(None) => "gone",
            Err(error) => {
                tracing::error!(order.key = %order.id, replay.id = row.id, error = %in_one_line(&error), "an order could not be replayed");
                "failed"
            }
        };
        changes.push(change(order, "did", did));
        if (index + 1) % PROGRESS == 0 {
            row.changes = Value::Array(changes.clone());
            keep(&state, &row).await;
        }
    }
    if row.state == RUNNING {
        DONE.clone_into(&mut row.state);
    }
    row.changes = Value::Array(changes);
    keep(&state, &row).await;
    tracing::info!(replay.id = row.id, author = row.author, "a replay of {} order(s) is {}: {} replayed", row.total, row.state, row.done);
    row
}

/// The orders are what counts: a progress that cannot be stored does not stop them.
async fn keep(state: &AppState, row: &ReplayRow) {
    if let Err(error) = state.store().update_replay(row).await {
        tracing::error!(replay.id = row.id, error = %in_one_line(&error), "the progress of a replay could not be stored");
    }
}

fn change(order: &OrderRow, tense: &str, what: &str) -> Value {
    json!({
        "order": order.id,
        "connection": order.connection,
        "state": order.state,
        "verdict": order.verdict,
        "reason": order.reason,
        tense: what,
    })
}

/// The orders that are meant, each once, in the order they were named.
async fn find(state: &AppState, wanted: &Wanted) -> Result<Vec<OrderRow>, Problem> {
    let filter = wanted.filter.as_ref().map(|filter| filter.read(state)).transpose()?.flatten();
    if wanted.orders.is_empty() && wanted.events.is_empty() && filter.is_none() {
        return Err(Problem::Body("Nothing is named: give orders, events, or a filter with at least one member.".to_owned()));
    }
    let mut found = Found::default();
    for id in &wanted.orders {
        found.extend(named(state, id).await?)?;
    }
    for id in &wanted.events {
        found.extend(Some(of_event(state, id).await?))?;
    }
    if let Some(filter) = filter {
        let mut cursor = None;
        loop {
            let page = state.store().orders(&filter, cursor.as_deref(), PAGE).await?;
            found.extend(page.items)?;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
    }
    Ok(found.rows)
}

#[derive(Debug, Default)]
struct Found {
    rows: Vec<OrderRow>,
    ids: HashSet<OrderId>,
}

impl Found {
    fn extend(&mut self, rows: impl IntoIterator<Item = OrderRow>) -> Result<(), Problem> {
        for row in rows {
            if self.ids.insert(row.id.clone()) {
                self.rows.push(row);
            }
        }
        if self.rows.len() > ORDERS_MAX { Err(Problem::ReplayLarge { limit: ORDERS_MAX }) } else { Ok(()) }
    }
}

/// Every order that the id finds: replaying one too many only looks once too often.
async fn named(state: &AppState, id: &str) -> Result<Vec<OrderRow>, Problem> {
    let mut rows = state.store().find_orders(id).await?;
    if let Some(own) = rows.iter().position(|row| row.id.as_str().eq_ignore_ascii_case(id)) {
        rows = vec![rows.swap_remove(own)];
    }
    if rows.is_empty() { Err(Problem::NeverSeen(id.to_owned())) } else { Ok(rows) }
}

async fn of_event(state: &AppState, id: &str) -> Result<OrderRow, Problem> {
    let absent = || Problem::NotThere { what: "event", id: id.to_owned() };
    let (event, _body) = state.store().event(&EventId::from(id)).await?.ok_or_else(absent)?;
    let order =
        event.order_id.ok_or_else(|| Problem::Body(format!("The event {id:?} speaks of no order, so there is nothing to replay.")))?;
    state.store().order(&order).await?.ok_or_else(absent)
}

impl Filter {
    /// The filter as the store takes it; none when it is empty.
    fn read(&self, state: &AppState) -> Result<Option<OrderFilter>, Problem> {
        fn given(text: Option<&String>) -> Option<&str> {
            text.map(String::as_str).filter(|text| !text.is_empty())
        }
        let at = |name, text: Option<&String>| given(text).map(|text| time(text).ok_or_else(|| bad_time(name, text))).transpose();
        let members = [&self.connection, &self.state, &self.verdict, &self.reason, &self.from, &self.to];
        if members.into_iter().all(|member| given(member.as_ref()).is_none()) {
            return Ok(None);
        }
        let order_state = given(self.state.as_ref()).map(|word| {
            OrderState::parse(word).ok_or_else(|| {
                Problem::parameter("filter.state", format!("filter.state cannot be {word:?}."), OrderState::ALL.map(OrderState::word))
            })
        });
        let verdict = given(self.verdict.as_ref()).map(|word| {
            VerdictKind::parse(word).ok_or_else(|| {
                Problem::parameter("filter.verdict", format!("filter.verdict cannot be {word:?}."), VerdictKind::ALL.map(VerdictKind::word))
            })
        });
        let connection = given(self.connection.as_ref()).map(|id| state.connection(id)).transpose()?;
        Ok(Some(OrderFilter {
            connection: connection.map(|connection| ConnectionId::clone(&connection.id)),
            state: order_state.transpose()?,
            verdict: verdict.transpose()?,
            reason: given(self.reason.as_ref()).map(str::to_owned),
            text: None,
            from: at("filter.from", self.from.as_ref())?,
            to: at("filter.to", self.to.as_ref())?,
        }))
    }
}
