//! The errors of the record service, in the shape and with the words that NetSuite uses.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

/// One error answer. Most of what goes wrong is a 400 with `USER_ERROR` and a text.
#[derive(Debug, Clone)]
pub(super) struct ApiError(Box<Told>);

#[derive(Debug, Clone)]
struct Told {
    status: StatusCode,
    title: &'static str,
    top_code: Option<&'static str>,
    code: &'static str,
    detail: String,
    path: Option<String>,
    url: Option<String>,
}

pub(super) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    fn new(status: StatusCode, title: &'static str, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Told { status, title, top_code: None, code, detail: detail.into(), path: None, url: None }))
    }

    /// 400 `USER_ERROR` with NetSuite's usual opening.
    pub(super) fn user(text: impl AsRef<str>) -> Self {
        let detail = format!("Error while accessing a resource. {}", text.as_ref());
        Self::new(StatusCode::BAD_REQUEST, "Bad Request", "USER_ERROR", detail)
    }

    /// 400 `INVALID_CONTENT`: the body's field at `path` cannot be taken.
    pub(super) fn content(text: impl AsRef<str>, path: impl Into<String>) -> Self {
        let detail = format!("Error while accessing a resource. {}", text.as_ref());
        let mut error = Self::new(StatusCode::BAD_REQUEST, "Bad Request", "INVALID_CONTENT", detail);
        error.0.path = Some(path.into());
        error
    }

    /// The value does not name a record that may stand there.
    pub(super) fn field_value(value: &str, field: &str, path: impl Into<String>) -> Self {
        Self::content(format!("You have entered an Invalid Field Value {value} for the following field: {field}"), path)
    }

    /// A field name that the record does not have.
    pub(super) fn unknown_property(name: &str, path: impl Into<String>) -> Self {
        Self::content(format!("Invalid content in the request body: unknown property name '{name}'."), path)
    }

    /// A transform that the source's status or form does not allow.
    pub(super) fn initialize_ref(target: &str, source: &str) -> Self {
        Self::user(format!("You can not initialize {}: invalid reference {source}.", target.to_lowercase()))
    }

    /// A transform that is left without a line.
    pub(super) fn no_valid_line() -> Self {
        Self::user("You must have at least one valid line item for this transaction.")
    }

    /// A second record of one type with one external id.
    pub(super) fn already_exists(external_id: &str) -> Self {
        Self::user(format!("This record already exists. The external ID {external_id} is already in use."))
    }

    pub(super) fn nonexistent() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Not Found",
            "NONEXISTENT_ID",
            "The record instance does not exist. Provide a valid record instance ID.",
        )
    }

    pub(super) fn no_such_record_type(name: &str) -> Self {
        let mut error = Self::new(StatusCode::NOT_FOUND, "Not Found", "NONEXISTENT_ID", format!("Record type '{name}' does not exist."));
        error.0.url = Some(format!("/services/rest/record/v1/{name}"));
        error
    }

    pub(super) fn wrong_transaction_type() -> Self {
        Self::user("Transaction type specified is incorrect.")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "Method Not Allowed",
            "METHOD_NOT_ALLOWED",
            "This method is not allowed on this resource.",
        )
    }

    pub(super) fn invalid_login() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            "INVALID_LOGIN",
            "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles > User \
             Management > View Login Audit Trail.",
        )
    }

    pub(super) fn insufficient_permission() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", "INSUFFICIENT_PERMISSION", "You do not have permission to access this record.")
    }

    /// Too many requests at once: said with a 429, or with a 400 that only its code tells apart.
    pub(super) fn concurrency(as_bad_request: bool) -> Self {
        let text = "Concurrent request limit exceeded. Request blocked.";
        if as_bad_request {
            return Self::new(StatusCode::BAD_REQUEST, "Bad Request", "CONCURRENCY_LIMIT_EXCEEDED", text);
        }
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, "Bad Request", "CONCURRENCY_LIMIT_EXCEEDED", text);
        error.0.top_code = Some("USER_ERROR");
        error
    }

    pub(super) fn unexpected(error_id: &str) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal Server Error",
            "UNEXPECTED_ERROR",
            format!("An unexpected error occurred. Error ID: {error_id}"),
        )
    }

    pub(super) fn invalid_query(text: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Invalid search query.", "USER_ERROR", format!("Search error occurred: {}", text.as_ref()))
    }

    pub(super) fn bad_request(code: &'static str, text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad Request", code, text)
    }

    /// What went wrong, in NetSuite's words.
    pub(super) fn detail(&self) -> &str {
        &self.0.detail
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let told = *self.0;
        let mut detail = Map::new();
        detail.insert("detail".to_owned(), Value::String(told.detail));
        if let Some(path) = told.path {
            detail.insert("o:errorPath".to_owned(), Value::String(path));
        }
        if let Some(url) = told.url {
            detail.insert("o:errorUrl".to_owned(), Value::String(url));
        }
        detail.insert("o:errorCode".to_owned(), Value::String(told.code.to_owned()));
        let section = match told.status {
            StatusCode::UNAUTHORIZED => "15.5.2",
            StatusCode::FORBIDDEN => "15.5.4",
            StatusCode::NOT_FOUND => "15.5.5",
            StatusCode::METHOD_NOT_ALLOWED => "15.5.6",
            StatusCode::INTERNAL_SERVER_ERROR => "15.6.1",
            _ => "15.5.1",
        };
        let mut body = json!({
            "type": format!("https://www.rfc-editor.org/rfc/rfc9110.html#section-{section}"),
            "title": told.title,
            "status": told.status.as_u16(),
            "o:errorDetails": [detail],
        });
        if let Some(code) = told.top_code {
            body["o:errorCode"] = Value::String(code.to_owned());
        }
        resource(told.status, "error", &body)
    }
}

/// An answer of the given resource type: `singular`, `collection`, `error`, `create-form`.
pub(super) fn resource(status: StatusCode, kind: &str, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let kind = format!("application/vnd.oracle.resource+json; type={kind}; charset=UTF-8");
    if let Ok(value) = HeaderValue::from_str(&kind) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// 204 with the address of what was made.
pub(super) fn created(location: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}
