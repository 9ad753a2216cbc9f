//! `GET /healthz`: the process runs and its loop turns. It asks nothing else, so that a database that is down does not get
//! the process killed.

use axum::Json;
use serde::Serialize;

/// What it says.
#[derive(Debug, Serialize)]
pub struct Health {
    status: &'static str,
    version: &'static str,
}

/// 200, for as long as the process can answer.
pub async fn handle() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}
