//! The bare program that the service is measured against: HTTP, the signature, a look at the JSON, and the same group commit of one row
//! for each request. It knows no orders, no limits, no metrics and no operators.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rusqlite::{Connection, TransactionBehavior};
use serde::Deserialize;
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::Fallible;
use super::callback::KEY;

/// Where it takes callbacks.
pub const PATH: &str = "/callbacks";
/// As many writes share a commit at the most.
const BATCH: usize = 256;

type Arrival = (String, Bytes, oneshot::Sender<String>);

#[derive(Clone)]
struct Shared {
    mac: Hmac<Sha256>,
    writer: mpsc::Sender<Arrival>,
}

#[derive(Deserialize)]
struct Callback<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    account_id: &'a str,
    record_id: &'a str,
}

/// Serves until it is ended.
pub async fn serve(address: &str, database: &Path) -> Fallible<()> {
    let connection = open(database)?;
    connection.execute_batch("CREATE TABLE inbox (id TEXT NOT NULL PRIMARY KEY, key TEXT NOT NULL UNIQUE, body BLOB NOT NULL) STRICT")?;
    let (writer, waiting) = mpsc::channel(1024);
    let tasks = TaskTracker::new();
    let commits = tasks.spawn_blocking(move || write(connection, waiting));
    let shared = Arc::new(Shared { mac: Hmac::<Sha256>::new_from_slice(KEY)?, writer });
    let app = Router::new().route(PATH, post(receive)).with_state(shared);
    let listener = TcpListener::bind(address).await?;
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served?,
        ended = commits => ended??,
    }
    Ok(())
}

/// A connection with the settings of the service: write-ahead log, and each commit on the disk before it returns.
pub fn open(database: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(database)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000")?;
    Ok(connection)
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let signed = || {
        let (id, timestamp, signature) = (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
        let mut mac = shared.mac.clone();
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", &body] {
            mac.update(part);
        }
        mac.verify_slice(&STANDARD.decode(signature.strip_prefix("v1,")?).ok()?).ok()?;
        Some(id.to_owned())
    };
    let Some(key) = signed() else { return (StatusCode::UNAUTHORIZED, String::new()) };
    let readable = serde_json::from_slice::<Callback<'_>>(&body)
        .is_ok_and(|callback| !callback.kind.is_empty() && !callback.data.account_id.is_empty() && !callback.data.record_id.is_empty());
    if !readable {
        return (StatusCode::BAD_REQUEST, String::new());
    }
    let (answer, committed) = oneshot::channel();
    if shared.writer.send((key, body, answer)).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, String::new());
    }
    match committed.await {
        Ok(id) => (StatusCode::ACCEPTED, format!(r#"{{"event_id":"{id}","duplicate":false}}"#)),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
    }
}

fn write(mut connection: Connection, mut waiting: mpsc::Receiver<Arrival>) -> rusqlite::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.blocking_recv_many(&mut batch, BATCH) > 0 {
        let mut ids = Vec::with_capacity(batch.len());
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for (key, body, _) in &batch {
            let id = Uuid::now_v7().to_string();
            transaction.prepare_cached("INSERT INTO inbox (id, key, body) VALUES (?1, ?2, ?3) ON CONFLICT (key) DO NOTHING")?.execute((
                &id,
                key,
                &body[..],
            ))?;
            ids.push(id);
        }
        transaction.commit()?;
        for ((_, _, answer), id) in batch.drain(..).zip(ids) {
            // Whoever asked may have gone.
            drop(answer.send(id));
        }
    }
    Ok(())
}
