//! What is done to every request: an id, a span, a time limit, security headers, and a problem in place of a panic.
//!
//! All but the panic's is one layer, as each layer costs every webhook some copies and boxes.

use std::any::Any;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use metrics::{counter, histogram};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use uuid::Builder;

use super::ROUTES;
use super::problem::Problem;
use super::state::AppState;
use crate::metrics as catalogue;

/// The header that carries a request's id, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Headers that are never shown.
const SECRET: [HeaderName; 3] = [AUTHORIZATION, HeaderName::from_static("x-signature"), HeaderName::from_static("webhook-signature")];
/// What every answer carries, unless its handler says otherwise.
const FIXED: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// Wraps every route; the first layer is the outermost.
pub fn wrap(router: Router, state: &AppState) -> Router {
    router.layer(ServiceBuilder::new().layer(from_fn_with_state(state.clone(), observe)).layer(CatchPanicLayer::custom(panicked)))
}

/// The id, the span, the log line, the metrics and the headers of a request. The route is named by its pattern, never by its address:
/// addresses carry ids, search texts and the tokens of unsigned webhooks.
async fn observe(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    hide(request.headers_mut());
    let request_id = request.headers_mut().entry(REQUEST_ID).or_insert_with(new_id).clone();
    let method = method_word(request.method());
    let route = route_word(request.extensions().get::<MatchedPath>());
    let span =
        tracing::info_span!("request", http.method = method, http.route = route, request.id = request_id.to_str().unwrap_or_default());
    let answer = async move {
        let response = in_time(&state, request, next).await;
        let status = response.status();
        let elapsed = start.elapsed();
        let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(http.status = status.as_u16(), duration_ms, "answered {method} {route} with {status}");
        } else if status.is_client_error() || status.is_server_error() {
            tracing::info!(http.status = status.as_u16(), duration_ms, "answered {method} {route} with {status}");
        } else {
            tracing::debug!(http.status = status.as_u16(), duration_ms, "answered {method} {route} with {status}");
        }
        counter!(catalogue::HTTP_REQUESTS, "method" => method, "route" => route, "status" => status.as_str().to_owned()).increment(1);
        histogram!(catalogue::HTTP_DURATION, "method" => method, "route" => route).record(elapsed.as_secs_f64());
        response
    };
    let mut response = answer.instrument(span).await;
    let headers = response.headers_mut();
    headers.entry(REQUEST_ID).or_insert(request_id);
    for (name, value) in FIXED {
        headers.entry(name).or_insert(value);
    }
    response
}

/// Keeps secrets out of whatever shows headers.
fn hide(headers: &mut HeaderMap) {
    for name in SECRET {
        if let axum::http::header::Entry::Occupied(mut values) = headers.entry(name) {
            values.iter_mut().for_each(|value| value.set_sensitive(true));
        }
    }
}

/// A request's id is told and looked for, and no secret: it needs no randomness of the system, which is a call into the kernel.
fn new_id() -> HeaderValue {
    let id = Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid().to_string();
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("none"))
}

/// The route as the list of all routes has it.
fn route_word(matched: Option<&MatchedPath>) -> &'static str {
    let found = matched.and_then(|matched| ROUTES.iter().find(|route| route.path == matched.as_str()));
    found.map_or("none", |route| route.path)
}

/// Methods as a label: anybody can send a word of his own.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The last resort against a request that never ends: the body has `server.request_timeout` to come (see [`super::body`]), and
/// the answer as long again.
async fn in_time(state: &AppState, request: Request, next: Next) -> Response {
    let limit = state.config().server.request_timeout.saturating_mul(2);
    tokio::time::timeout(limit, next.run(request)).await.unwrap_or_else(|_elapsed| Problem::TooSlow.into_response())
}

#[expect(clippy::needless_pass_by_value, reason = "the layer gives it away")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said.unwrap_or("of an unknown kind"), "a handler panicked");
    Problem::Broken("its handler panicked").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_answered_as_a_problem() {
        let response = panicked(Box::new("no such luck"));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}
