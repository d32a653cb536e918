//! What comes with requests. Bodies: JSON and nothing else, not large, not deep; a form that another site's page sends is
//! no JSON. Queries and the names in paths: refused in the words of the API.

use super::problem::{INVALID, NOT_FOUND, NOT_JSON, Problem, TOO_LARGE};
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

/// Octets of a body: a passkey with its certificates is the largest that comes.
pub(crate) const BODY_OCTETS_MAX: usize = 64 * 1024;
/// Arrays and objects inside each other; the deepest of ours has three.
pub(crate) const DEPTH_MAX: usize = 16;

/// A body that was read.
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(NOT_JSON, "the body must be application/json"));
        }
        let octets = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Problem::new(TOO_LARGE, format!("the body has more than {BODY_OCTETS_MAX} octets"))
            }
            _ => Problem::new(INVALID, "the body did not come whole"),
        })?;
        if is_too_deep(&octets) {
            return Err(Problem::new(INVALID, format!("the body is nested more than {DEPTH_MAX} deep")));
        }
        let read = serde_json::from_slice(&octets);
        read.map(Body).map_err(|error| Problem::new(INVALID, format!("the body: {error}")))
    }
}

/// What stands behind the question mark.
pub(crate) struct Asked<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(asked)| Asked(asked)).map_err(|rejection| Problem::new(INVALID, rejection.body_text()))
    }
}

/// A name or number in the path. What cannot be one is not there.
pub(crate) struct Named<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named<T>, Problem> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(name)| Named(name)).map_err(|rejection| Problem::new(NOT_FOUND, rejection.body_text()))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether brackets outside strings go deeper than they may; that JSON is well formed is not asked here.
fn is_too_deep(octets: &[u8]) -> bool {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for octet in octets {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_deep_and_no_deeper() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(!is_too_deep(&nested(DEPTH_MAX)));
        assert!(is_too_deep(&nested(DEPTH_MAX + 1)));
        let text = format!("{{\"a\": \"\\\"{}\"}}", "[".repeat(100));
        assert!(!is_too_deep(text.as_bytes()), "brackets in a string are text");
        assert!(!is_too_deep("[]".repeat(1000).as_bytes()), "beside each other");
    }
}
