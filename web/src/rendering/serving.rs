//! What is served without login, by signed address: the document a message is shown in, and its pictures. Owns their
//! headers. An address that leads nowhere is told apart from one that is too old by nobody: both are 403.

use super::frame::{self, Theme};
use super::{FRAME_PATH, PART_PATH, reading};
use crate::{Connection, Web};
use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The policy of a picture, in case somebody opens its address by hand.
const PICTURE_POLICY: &str = "default-src 'none'; sandbox; frame-ancestors 'none'";
/// A picture is asked for by a document of opaque origin, which is of no site: another policy would keep it from it.
const CROSS_ORIGIN: &str = "cross-origin";

/// The paths of rendering.
pub fn routes() -> Router<Web> {
    Router::new().route(FRAME_PATH, get(document)).route(PART_PATH, get(picture))
}

async fn document(
    State(web): State<Web>,
    connection: Option<Extension<Connection>>,
    Path(token): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some(claim) = web.rendering().signer().claim(&token, web.now()).filter(|claim| claim.part.is_none()) else {
        return refused(StatusCode::FORBIDDEN, "This view has expired. Open the message again.");
    };
    let rendered = match reading::render(&web, claim, super::trusted(&[])).await {
        Ok(Some(rendered)) => rendered,
        Ok(None) => return refused(StatusCode::NOT_FOUND, "This message is gone."),
        Err(error) => {
            tracing::warn!(%error, "a message could not be shown");
            return refused(StatusCode::SERVICE_UNAVAILABLE, "The message cannot be read now.");
        }
    };
    let theme = if claim.dark { Theme::Dark } else { Theme::Light };
    let body = rendered.html.as_deref().unwrap_or(&rendered.plain);
    let page = frame::document(body, theme, rendered.coloured);
    let secure = connection.is_some_and(|Extension(connection)| connection.secure);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let policy = frame::policy(frame::origin(host, secure).as_deref(), claim.allow_remote);
    html(StatusCode::OK, page, &policy)
}

async fn picture(State(web): State<Web>, Path(token): Path<String>) -> Response {
    let Some(claim) = web.rendering().signer().claim(&token, web.now()).filter(|claim| claim.part.is_some()) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    match reading::picture(&web, claim).await {
        Ok(Some((kind, octets))) => {
            let mut response = octets.into_response();
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            set(headers, PICTURE_POLICY, CROSS_ORIGIN);
            // A part of a message never changes, and its address is of one hour.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600, immutable"));
            response
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => {
            tracing::warn!(%error, "a picture of a message could not be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// A page of a few words of ours.
fn refused(status: StatusCode, words: &str) -> Response {
    html(status, frame::document(&format!("<p>{words}</p>"), Theme::Light, false), &frame::policy(None, false))
}

fn html(status: StatusCode, page: String, policy: &str) -> Response {
    let mut response = (status, page).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    set(headers, policy, "same-origin");
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for (name, value) in [
        ("x-dns-prefetch-control", "off"),
        // What `frame-ancestors` says, for who does not read that.
        ("x-frame-options", "SAMEORIGIN"),
        // In a tab of its own a document in a sandbox would otherwise not be shown at all.
        ("cross-origin-opener-policy", "unsafe-none"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn set(headers: &mut HeaderMap, policy: &str, resource_policy: &'static str) {
    // The policy is of fixed words and a host that was looked at; should it be no header, the strictest stands.
    let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static(resource_policy));
}
