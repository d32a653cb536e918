//! What holds for every request and answer: the fields that keep browsers from doing what we did not mean, how long an
//! answer of the API may take, and how many requests one address may have open.

use super::problem::{self, Problem};
use crate::{Connection, Web};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

/// How long an answer of the API may take; the longest hashes a password behind some hundred others.
const LONGEST: Duration = Duration::from_secs(30);

/// Requests of one address that are being worked on at a time: a page has some, an office behind one address some dozens.
const AT_A_TIME: usize = 128;

/// Fields of every answer that does not say otherwise itself. What is shown as a page brings its own policy.
const FIELDS: [(HeaderName, HeaderValue); 7] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
    ),
];

/// RFC 6797 §6.1: a year. Not for subdomains: others may run those.
const STRICT_TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Who has how many requests open.
#[derive(Default)]
pub(crate) struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A request being worked on.
struct Place {
    crowd: Arc<Mutex<HashMap<IpAddr, usize>>>,
    client: IpAddr,
}

impl Crowd {
    fn enter(&self, client: IpAddr) -> Option<Place> {
        let client = match client.to_canonical() {
            // As listeners count: one customer has a /64.
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
            v4 => v4,
        };
        let mut counts = self.0.lock();
        let count = counts.entry(client).or_default();
        if *count >= AT_A_TIME {
            return None;
        }
        *count += 1;
        Some(Place { crowd: self.0.clone(), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.lock();
        if let Some(count) = counts.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

/// Puts the fields on an answer.
pub(crate) async fn dress(mut request: Request, next: Next) -> Response {
    name_host(&mut request);
    let secure = request.extensions().get::<Connection>().is_some_and(|connection| connection.secure);
    let api = request.uri().path().starts_with("/api/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIELDS {
        headers.entry(name).or_insert(value);
    }
    if api {
        // Who asks next may be somebody else.
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, STRICT_TRANSPORT);
    }
    response
}

/// HTTP/2 names the host beside the fields (RFC 9113 §8.3.1); who looks for it looks in one place.
fn name_host(request: &mut Request) {
    let named = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = named {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// Counts requests by address until they are answered; what an answer streams afterwards is not counted.
pub(crate) async fn watch(State(web): State<Web>, request: Request, next: Next) -> Response {
    let client = request.extensions().get::<Connection>().map(|connection| connection.client.ip());
    let place = client.map(|client| web.crowd().enter(client));
    if matches!(place, Some(None)) {
        let detail = format!("more than {AT_A_TIME} requests at a time come from your address");
        return Problem::new(problem::TOO_MANY, detail).into_response();
    }
    next.run(request).await
}

/// Ends what takes too long.
pub(super) async fn hurry(request: Request, next: Next) -> Response {
    match tokio::time::timeout(LONGEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(problem::SLOW, "this took too long: try again").into_response(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_others_have_theirs() {
        let crowd = Crowd::default();
        let (one, mapped, other) = ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2");
        let enter = |client: &str| crowd.enter(client.parse().unwrap());
        let mut places: Vec<_> = (0..AT_A_TIME).map(|_| enter(one).unwrap()).collect();
        assert!(enter(one).is_none() && enter(mapped).is_none());
        assert!(enter(other).is_some());
        places.pop();
        assert!(enter(one).is_some());
        places.clear();
        assert!(crowd.0.lock().is_empty(), "nobody is remembered who is gone");
    }
}
