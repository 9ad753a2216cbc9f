//! What comes in: webhooks, probes, and the operators' endpoints.
//!
//! [`ROUTES`] is the whole product in one list: each address with who may use it. [`serve`] runs the accept loop, [`problem`]
//! holds every error that is answered, and each operation has a file of its own.

pub mod auth;
pub mod problem;
pub mod server;
pub mod state;
pub mod status;

mod body;
mod extract;
mod healthz;
mod layers;
mod metrics;
mod oauth;
mod openapi;
mod readyz;
mod v1;
mod webhook;

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

pub use self::auth::hash;
pub use self::oauth::Onboarding;
pub use self::openapi::DOCUMENT;
pub use self::problem::Problem;
pub use self::server::{Listeners, ServeError, bind, serve};
pub use self::state::AppState;
pub use self::status::{Breaker, ConnectionReport, ConnectionStatus, PollReport, SystemReport};

use crate::console;
use crate::store::Role;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone: probes, the contract, and the console's page, which holds no data.
    Anyone,
    /// Whoever proves, in the way of its system, that the webhook is genuine.
    Webhook,
    /// A bearer token with this role or a higher one.
    Bearer(Role),
}

/// The method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// `GET`, and `HEAD` with it.
    Get,
    /// `POST`
    Post,
}

/// One address with one method.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method.
    pub verb: Verb,
    /// The address, with its parameters in braces.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    handler: fn() -> MethodRouter<AppState>,
}

const ANYONE: Access = Access::Anyone;
const WEBHOOK: Access = Access::Webhook;
const VIEWER: Access = Access::Bearer(Role::Viewer);
const OPERATOR: Access = Access::Bearer(Role::Operator);
const ADMIN: Access = Access::Bearer(Role::Admin);

macro_rules! routes {
    ($($verb:ident $path:literal $access:ident $handler:path;)+) => {
        &[$(routes!(@$verb $path, $access, $handler)),+]
    };
    (@GET $path:literal, $access:ident, $handler:path) => {
        Route { verb: Verb::Get, path: $path, access: $access, handler: || get($handler) }
    };
    (@POST $path:literal, $access:ident, $handler:path) => {
        Route { verb: Verb::Post, path: $path, access: $access, handler: || post($handler) }
    };
}

/// Every route of the product.
pub const ROUTES: &[Route] = routes! {
    POST "/webhooks/netsuite/{connection}"             WEBHOOK  webhook::netsuite::handle;
    POST "/webhooks/x-series/{connection}"             WEBHOOK  webhook::x_series::handle;
    POST "/webhooks/x-series/{connection}/{token}"     WEBHOOK  webhook::x_series::handle_with_token;

    GET  "/"                                           ANYONE   console::page;
    GET  "/console.css"                                ANYONE   console::style;
    GET  "/console.js"                                 ANYONE   console::script;

    GET  "/healthz"                                    ANYONE   healthz::handle;
    GET  "/readyz"                                     ANYONE   readyz::handle;
    GET  "/metrics"                                    ANYONE   metrics::handle;
    GET  "/openapi.yaml"                               ANYONE   openapi::handle;

    GET  "/oauth/x-series/{connection}/start"          ANYONE   oauth::start;
    GET  "/oauth/x-series/{connection}/callback"       ANYONE   oauth::callback;

    GET  "/v1/orders"                                  VIEWER   v1::orders::list::handle;
    GET  "/v1/orders/{id}"                             VIEWER   v1::orders::get::handle;
    GET  "/v1/orders/{id}/explanation"                 VIEWER   v1::orders::explanation::handle;
    POST "/v1/orders/{id}/retry"                       OPERATOR v1::orders::act::retry;
    POST "/v1/orders/{id}/release"                     OPERATOR v1::orders::act::release;
    POST "/v1/orders/{id}/skip"                        OPERATOR v1::orders::act::skip;
    POST "/v1/orders/{id}/send"                        OPERATOR v1::orders::act::send;
    GET  "/v1/events"                                  VIEWER   v1::events::list::handle;
    GET  "/v1/events/{id}"                             VIEWER   v1::events::get::handle;
    GET  "/v1/calls"                                   VIEWER   v1::calls::handle;
    POST "/v1/replays"                                 OPERATOR v1::replays::create::handle;
    GET  "/v1/replays/{id}"                            OPERATOR v1::replays::get::handle;

    GET  "/v1/connections"                             VIEWER   v1::connections::list::handle;
    GET  "/v1/connections/{id}/mappings"               VIEWER   v1::connections::mappings::list::handle;
    POST "/v1/connections/{id}/mappings"               ADMIN    v1::connections::mappings::publish::handle;
    POST "/v1/connections/{id}/mappings/check"         VIEWER   v1::connections::mappings::check::handle;
    POST "/v1/connections/{id}/mappings/{rev}/revert"  ADMIN    v1::connections::mappings::revert::handle;
};

/// Where Prometheus finds its metrics: on the main address, or on one of its own.
const METRICS: &str = "/metrics";

/// The router of the main address; without `/metrics` when that has an address of its own.
fn router(state: &AppState, scraped_apart: bool) -> Router {
    build(state, ROUTES.iter().filter(|route| !(scraped_apart && route.path == METRICS)))
}

/// The router of `server.metrics_listen`.
fn metrics_router(state: &AppState) -> Router {
    build(state, ROUTES.iter().filter(|route| route.path == METRICS))
}

fn build<'a>(state: &AppState, chosen: impl Iterator<Item = &'a Route>) -> Router {
    let mut router = Router::new();
    for route in chosen {
        let handler = (route.handler)();
        let handler = match route.access {
            Access::Anyone | Access::Webhook => handler,
            Access::Bearer(role) => handler.route_layer(from_fn_with_state((state.clone(), role), auth::require)),
        };
        router = router.route(route.path, handler);
    }
    let router = router.fallback(async || Problem::NoRoute).method_not_allowed_fallback(async |method: Method| Problem::Method(method));
    layers::wrap(router.with_state(state.clone()), state)
}
