//! What is done to every request: an id, a span, a time limit, security headers, and a problem in place of a panic.

use std::any::Any;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use metrics::{counter, histogram};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tracing::Instrument;

use super::problem::Problem;
use super::state::AppState;
use crate::metrics as catalogue;

/// The header that carries a request's id, both ways.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Wraps every route; the first layer is the outermost.
pub fn wrap(router: Router, state: &AppState) -> Router {
    let secret = [AUTHORIZATION, HeaderName::from_static("x-signature"), HeaderName::from_static("webhook-signature")];
    let fixed = |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    router.layer(
        ServiceBuilder::new()
            .layer(SetSensitiveRequestHeadersLayer::new(secret))
            .layer(SetRequestIdLayer::new(REQUEST_ID, MakeRequestUuid))
            .layer(PropagateRequestIdLayer::new(REQUEST_ID))
            .layer(fixed(X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(fixed(REFERRER_POLICY, "no-referrer"))
            .layer(fixed(CACHE_CONTROL, "no-store"))
            .layer(fixed(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"))
            .layer(from_fn(observe))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn_with_state(state.clone(), in_time)),
    )
}

/// The span, the log line and the metrics of a request. The route is named by its pattern, never by its address: addresses
/// carry ids, search texts and the tokens of unsigned webhooks.
async fn observe(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = method_word(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    let span = tracing::info_span!("request", http.method = method, http.route = route, request.id = id);
    async move {
        let response = next.run(request).await;
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
        counter!(catalogue::HTTP_REQUESTS, "method" => method, "route" => route.clone(), "status" => status.as_u16().to_string())
            .increment(1);
        histogram!(catalogue::HTTP_DURATION, "method" => method, "route" => route).record(elapsed.as_secs_f64());
        response
    }
    .instrument(span)
    .await
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
async fn in_time(State(state): State<AppState>, request: Request, next: Next) -> Result<Response, Problem> {
    let limit = state.config().server.request_timeout.saturating_mul(2);
    tokio::time::timeout(limit, next.run(request)).await.map_err(|_elapsed| Problem::TooSlow)
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
