//! Replays: handling orders again, in bulk.

pub mod create;
pub mod get;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::store::ReplayRow;

/// The words of a replay's `state`.
const RUNNING: &str = "running";
const DONE: &str = "done";
/// The service was stopped before it came to the end; the same replay again does the rest.
const STOPPED: &str = "stopped";

/// A replay, as operators see it.
#[derive(Debug, Serialize)]
pub struct Replay {
    id: String,
    state: String,
    total: i64,
    done: i64,
    changes: Value,
    dry_run: bool,
    author: String,
    created_at: Timestamp,
}

impl From<ReplayRow> for Replay {
    fn from(row: ReplayRow) -> Self {
        Self {
            id: row.id,
            state: row.state,
            total: row.total,
            done: row.done,
            changes: row.changes,
            dry_run: row.dry_run,
            author: row.author,
            created_at: row.created_at,
        }
    }
}
