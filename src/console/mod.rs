//! The operators' console: one static page with its style and its script.
//!
//! The page holds no data. It asks for a token and reads `/v1` with it, so that it can show and do only what the token may. Nothing in it
//! comes from elsewhere, and the policy it is served with lets nothing else run.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};

/// What the page may load, run and reach: its own files and its own service.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// A file of the console with its headers.
type Asset = ([(HeaderName, &'static str); 5], &'static str);

/// `GET /`: the page.
pub async fn page() -> Asset {
    asset("text/html; charset=utf-8", include_str!("console.html"))
}

/// `GET /console.css`: its style.
pub async fn style() -> Asset {
    asset("text/css; charset=utf-8", include_str!("console.css"))
}

/// `GET /console.js`: its script.
pub async fn script() -> Asset {
    asset("text/javascript; charset=utf-8", include_str!("console.js"))
}

/// The files change with the program, so that a browser asks for them each time.
fn asset(media: &'static str, text: &'static str) -> Asset {
    let headers = [
        (CONTENT_TYPE, media),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text)
}
