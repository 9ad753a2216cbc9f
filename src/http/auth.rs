//! Who asks: a bearer token, known by its SHA-256, with a role.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::state::AppState;
use crate::store::{Role, TokenRow};

/// Whose token a request carries. Only routes with a role have one.
#[derive(Debug, Clone)]
pub struct Caller(TokenRow);

impl Caller {
    /// The name of the token: the author of what is done with it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Whether the token allows what `role` allows.
    pub fn may(&self, role: Role) -> bool {
        self.0.role >= role
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        // A handler behind a route that forgot its role is closed, not open.
        parts.extensions.get::<Self>().cloned().ok_or(Problem::TokenMissing)
    }
}

/// Lets a request pass whose token has at least the role, and tells the handler whose it is.
pub async fn require(State((state, needed)): State<(AppState, Role)>, mut request: Request, next: Next) -> Result<Response, Problem> {
    let token = bearer(request.headers()).ok_or(Problem::TokenMissing)?;
    // The row is found by a digest, so what a comparison's time could tell is not the token.
    let row = state.store().token_by_hash(&hash(token)).await?.ok_or(Problem::TokenUnknown)?;
    if row.role < needed {
        return Err(Problem::Role { needed, has: row.role });
    }
    request.extensions_mut().insert(Caller(row));
    Ok(next.run(request).await)
}

/// A token's stored form: its SHA-256, in lower-case hex.
pub fn hash(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        for half in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(half.into(), 16).unwrap_or_default());
        }
        hex
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_stored_as_its_sha256() {
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn only_a_bearer_token_is_one() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer  abc ").as_deref(), Some("abc"));
        for bad in ["Basic abc", "Bearer", "Bearer ", "abc", ""] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
