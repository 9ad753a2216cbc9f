//! Reads a request's body: never more than the limit, never longer than the time.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout_at};

use super::problem::Problem;
use super::state::AppState;

/// How many times the limit is read and thrown away behind an oversized body. A sender that is cut while it sends sees a
/// reset connection, not the 413; a sender that has no end is cut all the same.
const READ_ON: usize = 8;

/// The raw bytes of a body, as they came.
pub async fn read(state: &AppState, headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    let server = &state.config().server;
    read_within(headers, body, server.body_limit, server.request_timeout).await
}

async fn read_within(headers: &HeaderMap, mut body: Body, limit: usize, time: Duration) -> Result<Vec<u8>, Problem> {
    let deadline = Instant::now() + time;
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|length| length.parse::<u64>().ok());
    let announced = announced.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
    // A sender that asks first has sent nothing yet, and can be told at once.
    if announced > limit && headers.contains_key(EXPECT) {
        return Err(Problem::BodyLarge { limit });
    }
    let mut bytes = Vec::with_capacity(announced.min(limit));
    let mut total = 0_usize;
    loop {
        match timeout_at(deadline, body.frame()).await {
            // Whatever ends a body that is too large: that is what it was.
            Err(_) | Ok(None | Some(Err(_))) if total > limit => return Err(Problem::BodyLarge { limit }),
            Err(_elapsed) => return Err(Problem::BodySlow),
            Ok(None) => return Ok(bytes),
            Ok(Some(Err(error))) => {
                tracing::debug!(%error, "a body ended early");
                return Err(Problem::BodyCut);
            }
            Ok(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                total = total.saturating_add(data.len());
                if total <= limit {
                    bytes.extend_from_slice(&data);
                } else {
                    bytes = Vec::new();
                    if total > limit.saturating_mul(READ_ON) {
                        return Err(Problem::BodyLarge { limit });
                    }
                }
            }
        }
    }
}

/// A JSON body of a known shape. Without a `Content-Type` it is taken for JSON.
pub async fn json<T: DeserializeOwned>(state: &AppState, headers: &HeaderMap, body: Body) -> Result<T, Problem> {
    if let Some(found) = headers.get(CONTENT_TYPE) {
        let found = found.to_str().unwrap_or("something unreadable");
        let essence = found.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" && !(essence.starts_with("application/") && essence.ends_with("+json")) {
            return Err(Problem::MediaType(found.to_owned()));
        }
    }
    let bytes = read(state, headers, body).await?;
    // An absent body asks for the defaults of every field.
    let text: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|error| Problem::Body(format!("The body is not the JSON that is wanted: {error}.")))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::stream;

    use super::*;

    const TIME: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn a_body_of_just_the_limit_is_taken_and_one_byte_more_is_not() {
        let taken = read_within(&HeaderMap::new(), Body::from(vec![7; 100]), 100, TIME).await.unwrap();
        assert_eq!(taken.len(), 100);
        let refused = read_within(&HeaderMap::new(), Body::from(vec![7; 101]), 100, TIME).await;
        assert!(matches!(refused, Err(Problem::BodyLarge { limit: 100 })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_cut_at_the_total_time() {
        let drip = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b".")), ()))
        });
        let start = Instant::now();
        let refused = read_within(&HeaderMap::new(), Body::from_stream(drip), 100, TIME).await;
        assert!(matches!(refused, Err(Problem::BodySlow)));
        assert_eq!(start.elapsed(), TIME);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_without_an_end_is_cut_and_not_kept() {
        let flood = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from_static(&[0; 64])));
        let refused = read_within(&HeaderMap::new(), Body::from_stream(flood), 100, TIME).await;
        assert!(matches!(refused, Err(Problem::BodyLarge { limit: 100 })));
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_asks_first_is_told_at_once() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, "1000".parse().unwrap());
        headers.insert(EXPECT, "100-continue".parse().unwrap());
        let never = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let start = Instant::now();
        assert!(matches!(read_within(&headers, never, 100, TIME).await, Err(Problem::BodyLarge { limit: 100 })));
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
