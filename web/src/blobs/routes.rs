//! Uploads and downloads (RFC 8620 §6.1, §6.2). Owns their limits, and the fields that keep a downloaded attachment from
//! doing anything in a browser: it is saved, not shown, its type is not guessed, and it would run nothing.

use super::range::{Asked, asked};
use super::transfer::body;
use crate::Web;
use crate::caller::Caller;
use crate::jmap::blob::BlobId;
use crate::jmap::limits::UPLOAD_OCTETS_MAX;
use crate::jmap::{DOWNLOAD_PATH, Problem, Reach, UPLOAD_PATH, ids};
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::StreamExt;
use serde_json::json;
use std::collections::HashMap;
use std::fmt::Write;
use store::StoreError;
use store::op::{Op, Outcome};

/// Types that may be shown in a page of their own, where the page asks for it: they carry no script that runs.
const SHOWN: [&str; 8] =
    ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "text/plain", "application/pdf"];

/// The paths of blobs.
pub fn routes() -> Router<Web> {
    Router::new()
        .route(DOWNLOAD_PATH, get(download))
        .route(UPLOAD_PATH, post(upload))
        .route(&format!("{UPLOAD_PATH}/"), post(upload))
        .layer(DefaultBodyLimit::disable())
}

/// Why a blob is not taken or given.
#[derive(Debug)]
enum Refused {
    /// There is none, or the account is not the caller's.
    NotFound,
    /// What the caller logged in with is for something else.
    Forbidden,
    /// A limit of the session object.
    Limit(Problem),
    /// Larger than an upload may be.
    TooLarge,
    /// The client went away.
    CutOff,
    /// The disk is full, or the store is in trouble.
    Store(StoreError),
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Store(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Refused::NotFound => problem(StatusCode::NOT_FOUND, "There is no such blob."),
            Refused::Forbidden => problem(StatusCode::FORBIDDEN, "The password you use is for something else."),
            Refused::Limit(limit) => limit.into_response(),
            Refused::TooLarge => {
                let mut problem = Problem::Limit("maxSizeUpload").into_response();
                *problem.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
                problem
            }
            Refused::CutOff => problem(StatusCode::BAD_REQUEST, "The upload broke off."),
            Refused::Store(error) => {
                tracing::error!(%error, "a blob cannot be moved");
                let full = matches!(error, StoreError::Full);
                let status = if full { StatusCode::INSUFFICIENT_STORAGE } else { StatusCode::SERVICE_UNAVAILABLE };
                problem(status, "The server has no room, or is in trouble. Try again later.")
            }
        }
    }
}

/// RFC 7807.
fn problem(status: StatusCode, detail: &str) -> Response {
    let body = json!({"type": "about:blank", "status": status.as_u16(), "detail": detail}).to_string();
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
}

/// What the caller reaches of the account in a path.
async fn reach(web: &Web, caller: &Caller, account: &str) -> Result<Reach, Refused> {
    let account = ids::account(account).ok_or(Refused::NotFound)?;
    Reach::of(web, caller, account).await?.ok_or(Refused::NotFound)
}

/// RFC 8620 §6.1.
async fn upload(
    State(web): State<Web>,
    caller: Caller,
    Path(account): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let reach = reach(&web, &caller, &account).await?;
    if !caller.scope.may_change() && !caller.scope.may_send() || reach.check_change().is_err() {
        return Err(Refused::Forbidden);
    }
    let uploader = reach.uploader();
    let place = web.jmap().enter_upload(uploader);
    let _place = place.ok_or(Refused::Limit(Problem::Limit("maxConcurrentUpload")))?;
    let declared = field(&headers, &header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if declared.is_some_and(|octets| octets > UPLOAD_OCTETS_MAX) {
        return Err(Refused::TooLarge);
    }
    if !web.office().has_room(declared.unwrap_or(UPLOAD_OCTETS_MAX)) {
        return Err(StoreError::Full.into());
    }
    let kind = field(&headers, &header::CONTENT_TYPE).map_or("application/octet-stream", |kind| safe_type(kind));
    let mut sink = web.office().store().upload();
    let mut octets = 0_u64;
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| Refused::CutOff)?;
        octets += piece.len() as u64;
        if octets > UPLOAD_OCTETS_MAX {
            return Err(Refused::TooLarge);
        }
        sink.write(&piece).await?;
    }
    let content = sink.finish().await?;
    let add = Op::UploadAdd { account: uploader, content, kind: kind.to_owned(), now: web.now() };
    let Outcome::Upload(number) = web.office().store().apply(add).await? else { return Err(Refused::TooLarge) };
    let answer = json!({
        "accountId": ids::of_account(reach.account()),
        "blobId": BlobId::upload(number).write(uploader),
        "type": kind,
        "size": octets,
    });
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, headers, answer.to_string()).into_response())
}

/// RFC 8620 §6.2.
async fn download(
    State(web): State<Web>,
    caller: Caller,
    Path((account, blob, name)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let reach = reach(&web, &caller, &account).await?;
    if !caller.scope.may_read() {
        return Err(Refused::Forbidden);
    }
    let blob = reach.blob(&web, &blob).await?.ok_or(Refused::NotFound)?.blob;
    let kind = safe_type(query.get("type").map_or(blob.media_type.as_str(), String::as_str)).to_owned();
    let shown = query.get("disposition").is_some_and(|kind| kind == "inline") && SHOWN.contains(&kind.as_str());
    let wanted = field(&headers, &header::RANGE);
    // Of what is encoded nobody knows the size without reading it: worth it only where a part is asked for.
    let octets = if wanted.is_some() { Some(blob.octets().await?) } else { blob.known_octets() };
    let range = octets.map_or(Asked::Whole, |octets| asked(wanted, octets));
    let mut response = match (range, octets) {
        (Asked::Nothing, octets) => {
            let unit = format!("bytes */{}", octets.unwrap_or(0));
            (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, unit)]).into_response()
        }
        (Asked::Part(range), Some(octets)) => {
            let unit = format!("bytes {}-{}/{octets}", range.start, range.end - 1);
            let length = (range.end - range.start).to_string();
            let headers = [(header::CONTENT_RANGE, unit), (header::CONTENT_LENGTH, length)];
            (StatusCode::PARTIAL_CONTENT, headers, body(&blob, Some(range))).into_response()
        }
        (_, Some(octets)) => ([(header::CONTENT_LENGTH, octets.to_string())], body(&blob, None)).into_response(),
        (_, None) => body(&blob, None).into_response(),
    };
    guard(response.headers_mut(), (&kind, shown), &name);
    Ok(response)
}

/// What is said with every download.
fn guard(headers: &mut HeaderMap, (kind, shown): (&str, bool), name: &str) {
    let policy = match (shown, kind) {
        // The browser's own reader of PDF does not start in a sandbox.
        (true, "application/pdf") => "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'",
        _ => "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
    };
    let fields: [(HeaderName, &str); 7] = [
        (header::CONTENT_TYPE, if kind == "text/plain" { "text/plain; charset=utf-8" } else { kind }),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::ACCEPT_RANGES, "bytes"),
        // RFC 8620 §6.2: a blob never changes.
        (header::CACHE_CONTROL, "private, immutable, max-age=31536000"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (field, value) in fields {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(field, value);
        }
    }
    let disposition = disposition(if shown { "inline" } else { "attachment" }, name);
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
}

fn field<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A media type without its parameters, where it is one at all.
fn safe_type(kind: &str) -> &str {
    let plain = kind.split(';').next().unwrap_or("").trim();
    let is_token = |text: &str| {
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&octet);
        (1..=127).contains(&text.len()) && text.bytes().all(fits)
    };
    let is_type = plain.split_once('/').is_some_and(|(main, sub)| is_token(main) && is_token(sub));
    if is_type { plain } else { "application/octet-stream" }
}

/// RFC 6266 §4: a plain name for old readers, and the whole name beside it.
fn disposition(kind: &str, name: &str) -> String {
    let keep = |c: char| if c.is_ascii_graphic() && !"\"\\/%;".contains(c) || c == ' ' { c } else { '_' };
    let plain: String = name.chars().map(keep).collect();
    let mut whole = String::new();
    for octet in name.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            whole.push(char::from(octet));
        } else {
            let _ = write!(whole, "%{octet:02X}");
        }
    }
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_are_none_say_nothing() {
        assert_eq!(safe_type("Image/PNG; name=x"), "Image/PNG");
        assert_eq!(safe_type("image/svg+xml"), "image/svg+xml");
        for wrong in
            ["", "text", "text/", "text/a b", "text/plain\r\nSet-Cookie: a", "a/b/c", &format!("a/{}", "x".repeat(128))]
        {
            assert_eq!(safe_type(wrong), "application/octet-stream", "{wrong}");
        }
    }

    #[test]
    fn names_cannot_end_their_field() {
        assert_eq!(
            disposition("attachment", "crêpe \"1\"\r\n.pdf"),
            "attachment; filename=\"cr_pe _1___.pdf\"; filename*=UTF-8''cr%C3%AApe%20%221%22%0D%0A.pdf"
        );
    }
}
