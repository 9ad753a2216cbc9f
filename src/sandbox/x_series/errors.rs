//! The errors of X-Series, in the shapes that were seen.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400: the body cannot be read.
    Malformed(String),
    /// 401
    Unauthorised,
    /// 404: no such resource.
    NotFound(&'static str),
    /// 404: no such path.
    NoService,
    /// 405
    MethodNotAllowed,
    /// 409: it contradicts what is there.
    Conflict(String),
    /// 422: it is understood and cannot be done; all reasons at once.
    Unprocessable(Vec<String>),
}

pub(super) type Outcome<T> = Result<T, Refusal>;

impl Refusal {
    pub(super) fn conflict(text: impl Into<String>) -> Self {
        Self::Conflict(text.into())
    }

    pub(super) fn unprocessable(text: impl Into<String>) -> Self {
        Self::Unprocessable(vec![text.into()])
    }

    /// In words, for people's actions.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Malformed(text) | Self::Conflict(text) => text.clone(),
            Self::Unauthorised => "Access token is not valid".to_owned(),
            Self::NotFound(what) => format!("{what} not found"),
            Self::NoService => "service not found".to_owned(),
            Self::MethodNotAllowed => "method not allowed".to_owned(),
            Self::Unprocessable(reasons) => reasons.join("; "),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) | Self::NoService => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let body = match &self {
            Self::Unprocessable(reasons) => json!({ "errors": { "global": reasons }, "reference": "sandbox" }),
            other => json!({ "error": other.words() }),
        };
        (status, Json(body)).into_response()
    }
}
