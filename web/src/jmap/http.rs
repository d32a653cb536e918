//! JMAP over HTTP: the session object and the API (RFC 8620 §2, §3). Uploads, downloads and events are beside it.

use super::error::Problem;
use super::limits::REQUEST_OCTETS_MAX;
use super::session::{API_PATH, SESSION_PATH, WELL_KNOWN_PATH};
use super::{dispatch, session};
use crate::caller::Caller;
use crate::origin::base;
use crate::{Connection, Web};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::time::Duration;

/// How long the body of a request may take: ten megabytes over a bad line.
const BODY_WAIT: Duration = Duration::from_secs(120);

/// The paths of JMAP.
pub fn routes() -> Router<Web> {
    Router::new()
        .route(API_PATH, post(api))
        .route(SESSION_PATH, get(tell_session))
        .route(WELL_KNOWN_PATH, get(tell_session))
}

/// RFC 8620 §2.
async fn tell_session(
    State(web): State<Web>,
    caller: Caller,
    connection: Option<Extension<Connection>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let secure = connection.is_some_and(|Extension(connection)| connection.secure);
    // HTTP/2 says it in the URI (RFC 9113 §8.3.1).
    let said = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = uri.authority().map(|authority| authority.as_str()).or(said);
    match web.office().sharers(caller.account, &caller.address).await {
        Ok(sharers) => json(session(&caller, &sharers, &base(&web, host, secure).await).to_string()),
        Err(error) => {
            tracing::error!(%error, "a session object could not be made");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn api(State(web): State<Web>, caller: Caller, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    if !is_json(&headers) {
        return Err(Problem::NotJson("The Content-Type is not application/json.".to_owned()));
    }
    // Before the body is read: who sends many at a time holds no memory but for as many as may be under way.
    let place = web.jmap().enter(caller.account).ok_or(Problem::Limit("maxConcurrentRequests"))?;
    let body = tokio::time::timeout(BODY_WAIT, to_bytes(body, REQUEST_OCTETS_MAX)).await;
    let body = body.map_err(|_| Problem::NotRequest("It came too slowly.".to_owned()))?;
    let body = body.map_err(|_| Problem::Limit("maxSizeRequest"))?;
    Ok(json(dispatch::carry_out(&web, &caller, (&body, place)).await?.to_string()))
}

/// Answers are for one user, and true only now (RFC 8620 §2: `no-store`).
fn json(body: String) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache, no-store, must-revalidate")];
    (headers, body).into_response()
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
