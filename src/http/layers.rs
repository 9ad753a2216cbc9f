//! What is done to every request: an id, a span, a time limit, security headers, and a problem in place of a panic.

use std::any::Any;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, Request, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use metrics::{counter, histogram};
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tracing::Instrument;
use uuid::Builder;

use super::problem::Problem;
use super::state::AppState;
use crate::metrics as catalogue;

/// The header that carries a request's id, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What every answer carries, unless its handler says otherwise.
const FIXED: [(HeaderName, HeaderValue); 4] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
];

/// Wraps every route; the first layer is the outermost.
pub fn wrap(router: Router, state: &AppState) -> Router {
    let secret = [AUTHORIZATION, HeaderName::from_static("x-signature"), HeaderName::from_static("webhook-signature")];
    router.layer(
        ServiceBuilder::new()
            .layer(SetSensitiveRequestHeadersLayer::new(secret))
            .layer(SetRequestIdLayer::new(REQUEST_ID, NewId))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(from_fn_with_state(state.clone(), observe))
            .layer(CatchPanicLayer::custom(panicked)),
    )
}

/// Names a request that came without a name. It only has to differ from the others in a log: the system's random numbers are for secrets.
#[derive(Debug, Clone, Copy)]
struct NewId;

impl MakeRequestId for NewId {
    fn make_request_id<B>(&mut self, _request: &Request<B>) -> Option<RequestId> {
        let id = Builder::from_random_bytes(fastrand::u128(..).to_be_bytes()).into_uuid();
        HeaderValue::try_from(id.to_string()).ok().map(RequestId::new)
    }
}

/// The span, the log line and the metrics of a request, its time limit, and the headers of its answer. The route is named by its pattern, never by
/// its address: addresses carry ids, search texts and the tokens of unsigned webhooks.
async fn observe(State(state): State<AppState>, request: Request<Body>, next: Next) -> Response {
    let start = Instant::now();
    let method = method_word(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    let span = tracing::info_span!("request", http.method = method, http.route = route, request.id = id);
    let answer = in_time(&state, request, next).map(|mut response| {
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
        counter!(catalogue::HTTP_REQUESTS, "method" => method, "route" => route.to_owned(), "status" => status.as_str().to_owned())
            .increment(1);
        histogram!(catalogue::HTTP_DURATION, "method" => method, "route" => route.to_owned()).record(elapsed.as_secs_f64());
        for (name, value) in FIXED {
            response.headers_mut().entry(name).or_insert(value);
        }
        response
    });
    answer.instrument(span).await
}

/// The last resort against a request that never ends: the body has `server.request_timeout` to come (see [`super::body`]), and
/// the answer as long again.
async fn in_time(state: &AppState, request: Request<Body>, next: Next) -> Response {
    let limit = state.config().server.request_timeout.saturating_mul(2);
    timeout(limit, next.run(request)).await.unwrap_or_else(|_elapsed| Problem::TooSlow.into_response())
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
