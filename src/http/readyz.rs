//! `GET /readyz`: whether this process can take a webhook and keep it.
//!
//! The database and its migrations decide, and whether the service is stopping. A remote that is down does not: webhooks are
//! still kept, and taking the process out of the load balancer would lose them.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::problem::Problem;
use super::state::AppState;
use super::status::{Breaker, ConnectionReport};
use crate::causes::in_one_line;
use crate::store::Store;

/// How long one look at the database serves every probe.
const FRESH: Duration = Duration::from_secs(1);
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The last look at the database.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, Looked)>>);

/// One part of the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Part {
    ok: bool,
    detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Looked {
    database: Part,
    migrations: Part,
}

impl Readiness {
    /// Looks at the database, unless that was done a moment ago. Probes that come at once share one look.
    async fn look(&self, store: &Store) -> Looked {
        let mut last = self.0.lock().await;
        if let Some((at, looked)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return looked.clone();
        }
        let database = match timeout(PATIENCE, store.ping()).await {
            Ok(Ok(())) => Part { ok: true, detail: "It can be written.".to_owned() },
            Ok(Err(error)) => {
                tracing::warn!(error = %in_one_line(&error), "the database cannot be written");
                Part { ok: false, detail: error.to_string() }
            }
            Err(_elapsed) => Part { ok: false, detail: format!("It did not take a write within {} s.", PATIENCE.as_secs()) },
        };
        let migrations = match timeout(PATIENCE, store.pending_migrations()).await {
            Ok(Ok(0)) => Part { ok: true, detail: "None waits.".to_owned() },
            Ok(Ok(waiting)) => Part { ok: false, detail: format!("{waiting} to be applied: run `tillbridge migrate`.") },
            Ok(Err(error)) => Part { ok: false, detail: error.to_string() },
            Err(_elapsed) => Part { ok: false, detail: format!("They could not be read within {} s.", PATIENCE.as_secs()) },
        };
        let looked = Looked { database, migrations };
        *last = Some((Instant::now(), looked.clone()));
        looked
    }
}

/// 200 with each part, or the problem `not-ready` with the same.
pub async fn handle(State(state): State<AppState>) -> Result<Response, Problem> {
    let looked = state.readiness().look(state.store()).await;
    let stopping = state.stopping().is_cancelled();
    let draining = Part { ok: !stopping, detail: if stopping { "The service is stopping." } else { "It takes requests." }.to_owned() };
    let ready = looked.database.ok && looked.migrations.ok && draining.ok;
    let mut body = Map::new();
    body.insert("parts".to_owned(), json!({ "database": looked.database, "migrations": looked.migrations, "draining": draining }));
    body.insert("remotes".to_owned(), remotes(&state.status().status()));
    if ready {
        body.insert("status".to_owned(), json!("ready"));
        Ok(Json(body).into_response())
    } else {
        Err(Problem::NotReady(body))
    }
}

fn remotes(reports: &[ConnectionReport]) -> Value {
    reports
        .iter()
        .flat_map(|report| [("netsuite", &report.netsuite), ("x_series", &report.x_series)].map(|side| (report, side)))
        .map(|(report, (system, side))| {
            json!({ "connection": report.id, "owner": report.owner, "system": system, "ok": side.breaker == Breaker::Closed, "breaker": side.breaker, "blocked_until": side.blocked_until })
        })
        .collect()
}
