//! `GET /openapi.yaml`: the contract, as it was written.

use axum::http::header::{CONTENT_TYPE, HeaderName};

/// The contract of every route.
pub const DOCUMENT: &str = include_str!("../../openapi.yaml");

/// The document, byte for byte.
pub async fn handle() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "application/yaml")], DOCUMENT)
}
