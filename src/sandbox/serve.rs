//! The accept loop. Written out, as a fault must be able to cut a connection after the work was done and before a byte
//! of the answer has left, which a router's handler cannot do by itself.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, Request, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::faults::{Class, FaultHandle, Injection};

/// What an answer carries in its extensions when it must not reach the client.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unanswered {
    /// The connection is closed.
    Cut,
    /// The connection stays open, and nothing comes.
    Silent,
}

#[derive(Debug, Error)]
#[error("the connection is cut by an injected fault")]
struct CutByFault;

/// Serves until `stop`; connections under way end then too.
pub(super) async fn serve(listener: TcpListener, app: Router, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        let stream = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(error = %error, "the sandbox could not accept a connection");
                    continue;
                }
            },
        };
        let (app, stop) = (app.clone(), stop.clone());
        tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = connection(stream, app) => {}
            }
        });
    }
}

async fn connection(stream: TcpStream, app: Router) {
    let service = service_fn(move |request: Request<Incoming>| answer(app.clone(), request));
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(error = %error, "a sandbox connection ended early");
    }
}

async fn answer(app: Router, request: Request<Incoming>) -> Result<Response, CutByFault> {
    let answered: Result<Response, Infallible> = app.oneshot(request.map(Body::new)).await;
    let response = match answered {
        Ok(response) => response,
        Err(never) => match never {},
    };
    match response.extensions().get::<Unanswered>() {
        None => Ok(response),
        Some(Unanswered::Cut) => Err(CutByFault),
        Some(Unanswered::Silent) => pending().await,
    }
}

/// Lets a call meet its fate: delays it, fails it, or does its work and loses the answer.
pub(super) async fn conduct(
    faults: &FaultHandle,
    class: Class,
    fail: impl FnOnce() -> Response,
    too_many: impl FnOnce() -> Response,
    work: impl FnOnce() -> Response,
) -> Response {
    let fate = faults.fate(class);
    pause(fate.before).await;
    match fate.injection {
        Some(Injection::FailBefore) => return fail(),
        Some(Injection::TooMany) => return too_many(),
        Some(Injection::TimeOut) => return unanswered(Unanswered::Silent),
        None | Some(Injection::FailAfter | Injection::CutAfter) => {}
    }
    let response = work();
    pause(fate.after).await;
    match fate.injection {
        Some(Injection::CutAfter) => unanswered(Unanswered::Cut),
        Some(Injection::FailAfter) => fail(),
        _ => response,
    }
}

/// No time at all is not slept through: it would be a millisecond.
async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}

fn unanswered(how: Unanswered) -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(how);
    response
}

/// A failure in one of the ways that real ones look: the system's own words, a proxy's page, or nothing at all.
pub(super) fn failure(which: usize, own: Response) -> Response {
    let (status, text) = match which {
        0 => return own,
        1 => (StatusCode::SERVICE_UNAVAILABLE, "<html><body><h1>Service Unavailable</h1></body></html>"),
        _ => (StatusCode::BAD_GATEWAY, ""),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    if !text.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    }
    response
}
