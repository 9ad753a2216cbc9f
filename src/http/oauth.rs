//! `GET /oauth/x-series/{connection}/start` and `…/callback`: the first X-Series tokens of a connection come in by the browser.
//!
//! The address of `start` is no secret, and what comes of it cannot be misused: the retailer has to agree at Lightspeed, and the
//! callback takes only the retailer whose prefix the configuration names.

use std::fmt;
use std::pin::Pin;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;

use super::problem::Problem;
use super::state::AppState;
use crate::config::{Connection, XSeriesAuth};
use crate::domain::ids::ConnectionId;

/// How long a person has to agree, in seconds.
const PATIENCE: i64 = 15 * 60;

/// Speaks to X-Series for this room, which does not know the client.
pub trait Onboarding: fmt::Debug + Send + Sync {
    /// Where a person agrees to the connection.
    fn authorize_url(&self, connection: &ConnectionId, state: &str, redirect_uri: &str) -> Result<String, String>;
    /// Trades the code for the first tokens, and commits them.
    fn exchange<'a>(
        &'a self,
        connection: &'a ConnectionId,
        code: &'a str,
        redirect_uri: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// What the browser brings back.
#[derive(Debug, Deserialize)]
pub struct Returned {
    code: Option<String>,
    state: Option<String>,
    domain_prefix: Option<String>,
    error: Option<String>,
}

/// Sends the browser to Lightspeed.
pub async fn start(State(state): State<AppState>, Path(connection): Path<String>) -> Result<Response, Problem> {
    let (connection, secret, redirect_uri) = oauth(&state, &connection)?;
    let at = state.clock().now().as_second();
    let proof = proof(secret, &connection.id, at)?.finalize().into_bytes();
    let word = format!("{at}.{}", URL_SAFE_NO_PAD.encode(proof));
    let url = onboarding(&state)?.authorize_url(&connection.id, &word, &redirect_uri).map_err(Problem::NotConnected)?;
    Ok((StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response())
}

/// Takes the code that the browser brings back.
pub async fn callback(
    State(state): State<AppState>,
    Path(connection): Path<String>,
    Query(returned): Query<Returned>,
) -> Result<axum::Json<serde_json::Value>, Problem> {
    let (connection, secret, redirect_uri) = oauth(&state, &connection)?;
    if let Some(error) = returned.error {
        return Err(Problem::NotConnected(format!("Lightspeed says: {error}.")));
    }
    let refused = || Problem::NotConnected("The answer does not belong to a start of the last fifteen minutes.".to_owned());
    let word = returned.state.ok_or_else(refused)?;
    let (at, sent) = word.split_once('.').ok_or_else(refused)?;
    let at: i64 = at.parse().map_err(|_not_a_time| refused())?;
    let sent = URL_SAFE_NO_PAD.decode(sent).map_err(|_not_base64| refused())?;
    proof(secret, &connection.id, at)?.verify_slice(&sent).map_err(|_differs| refused())?;
    if !(0..=PATIENCE).contains(&(state.clock().now().as_second() - at)) {
        return Err(refused());
    }
    let wanted = &connection.x_series.domain_prefix;
    if let Some(prefix) = returned.domain_prefix.filter(|prefix| prefix != wanted) {
        return Err(Problem::NotConnected(format!("The retailer that agreed is {prefix:?}; this connection is for {wanted:?}.")));
    }
    let code = returned.code.ok_or_else(refused)?;
    onboarding(&state)?.exchange(&connection.id, &code, &redirect_uri).await.map_err(Problem::NotConnected)?;
    tracing::info!(connection = %connection.id, "connected to X-Series");
    Ok(axum::Json(json!({ "connection": connection.id.as_str(), "connected": true })))
}

/// The connection, its application's secret, and where the browser comes back to.
fn oauth<'s>(state: &'s AppState, id: &str) -> Result<(&'s Connection, &'s str, String), Problem> {
    let connection = state.connection(id)?;
    let XSeriesAuth::OAuth2 { client_secret, .. } = &connection.x_series.auth else {
        return Err(Problem::NotConnected("This connection signs with a personal token and needs no other.".to_owned()));
    };
    let Some(public_url) = &state.config().server.public_url else {
        return Err(Problem::NotConnected("server.public_url is not set, so the browser could not come back.".to_owned()));
    };
    let redirect_uri = format!("{}/oauth/x-series/{}/callback", public_url.trim_end_matches('/'), connection.id);
    Ok((connection, client_secret.expose(), redirect_uri))
}

fn onboarding(state: &AppState) -> Result<&dyn Onboarding, Problem> {
    state.onboarding().ok_or(Problem::Broken("nobody speaks to X-Series for the browser"))
}

/// What ties an answer to its start, on whichever replica it comes back.
fn proof(secret: &str, connection: &ConnectionId, at: i64) -> Result<Hmac<Sha256>, Problem> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|_any_length_will_do| Problem::Broken("a key was refused"))?;
    mac.update(format!("oauth-start/{connection}/{at}").as_bytes());
    Ok(mac)
}
