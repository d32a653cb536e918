//! The files of the webmail: embedded in a release, read from their folder in a debug build. Owns their addresses, how
//! long browsers keep them, and the policy of the page they make. What they do is their own business.
//!
//! All files lie under `/w/<version>/`, where the version is a hash of all of them: browsers keep them for ever, and
//! modules that name each other relatively stay in one version. The page names them as if they lay at the root; here
//! it gets their real addresses, and links to every module that the first one needs, so that all come at once.

mod files;
mod page;

use crate::Web;
use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use files::{Asset, assets};

pub use page::{Page, page};

/// Kept for ever: the address changes with the content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Asked again every time.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// What the page may not use of the device. The other fields of safety are those of every answer (`http::guard`).
const PERMISSIONS: HeaderValue =
    HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()");

/// The document in which a message is written. Its origin is opaque: nothing that is quoted in it reaches the page.
const EDITOR: &str = "frames/editor.html";

/// What that document may do: run our own modules, show pictures it was handed, and ask nothing of anybody.
const EDITOR_POLICY: HeaderValue = HeaderValue::from_static(
    "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: blob:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
);

/// First words of the paths that the page draws itself.
const PLACES: [&str; 9] = ["mail", "contacts", "settings", "login", "compose", "outbox", "search", "admin", "print"];

/// The page at its addresses, and its files.
pub(crate) fn routes() -> Router<Web> {
    let mut router = Router::new().route("/", get(show_page)).route("/w/{version}/{*name}", get(show_file));
    for place in PLACES {
        router = router.route(&format!("/{place}"), get(show_page));
        router = router.route(&format!("/{place}/{{*rest}}"), get(show_page));
    }
    router.route("/favicon.ico", get(show_icon)).route("/robots.txt", get(robots))
}

async fn show_page() -> Response {
    let Some(page) = page() else {
        return (StatusCode::NOT_FOUND, "the webmail is not in this build\n").into_response();
    };
    let mut response = Bytes::from(page.html.clone()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, ASK_AGAIN);
    headers.insert(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    if let Ok(policy) = HeaderValue::from_str(&page.policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn show_file(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let all = assets();
    let Some(asset) = all.find(&name) else { return StatusCode::NOT_FOUND.into_response() };
    // A page of the version before asks for its own files: it gets today's, and does not keep them.
    let kept = if version == all.version { FOR_EVER } else { ASK_AGAIN };
    let mut response = asset_response(asset, &headers, kept);
    if name == EDITOR {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, EDITOR_POLICY);
    }
    response
}

async fn show_icon(headers: HeaderMap) -> Response {
    match assets().find("icon.svg") {
        Some(asset) => asset_response(asset, &headers, ASK_AGAIN),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Mail is nobody else's.
async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /\n"
}

fn asset_response(asset: &Asset, asked: &HeaderMap, kept: HeaderValue) -> Response {
    let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let accepts = |name: &str| accepted.split(',').any(|coding| coding.split(';').next().map(str::trim) == Some(name));
    let (octets, coding) = match asset {
        Asset { brotli: Some(brotli), .. } if accepts("br") => (brotli.clone(), Some("br")),
        Asset { gzip: Some(gzip), .. } if accepts("gzip") => (gzip.clone(), Some("gzip")),
        _ => (asset.plain.clone(), None),
    };
    let mut response = octets.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, kept);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // The editor's document has no origin to be the same as. The files are everybody's, and no cookie comes with them.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

#[cfg(test)]
mod tests;
