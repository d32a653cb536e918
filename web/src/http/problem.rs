//! What goes wrong, as problem details (RFC 9457): a type for programs, a sentence for people. Owns the types; causes are
//! logged where they happen.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use office::admin::{Failure, FailureKind};
use office::login::EntryError;
use serde::Serialize;
use utoipa::ToSchema;

/// A kind of problem: the end of its type, its status, its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind(&'static str, u16, &'static str);

pub(crate) const NOT_LOGGED_IN: Kind = Kind("not-logged-in", 401, "Log in first");
pub(crate) const CREDENTIALS: Kind = Kind("credentials", 401, "Not accepted");
pub(crate) const NOT_ALLOWED: Kind = Kind("not-allowed", 403, "Not allowed");
pub(crate) const CSRF: Kind = Kind("csrf", 403, "Not from this page");
pub(crate) const NOT_FOUND: Kind = Kind("not-found", 404, "Not there");
pub(crate) const SLOW: Kind = Kind("slow", 408, "Took too long");
pub(crate) const CONFLICT: Kind = Kind("conflict", 409, "In conflict with what is there");
pub(crate) const TOO_LARGE: Kind = Kind("too-large", 413, "Too large");
pub(crate) const NOT_JSON: Kind = Kind("not-json", 415, "Not JSON");
pub(crate) const INVALID: Kind = Kind("invalid", 422, "Not valid");
pub(crate) const TOO_MANY: Kind = Kind("too-many", 429, "Too many tries");
pub(crate) const DEFECT: Kind = Kind("defect", 500, "A defect of this server");
pub(crate) const UNAVAILABLE: Kind = Kind("unavailable", 503, "Not at the moment");

/// The media type of RFC 9457 §3.
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    kind: Kind,
    detail: String,
    /// After so many seconds it may go better.
    wait_s: Option<u32>,
    /// How a client may show who it is (RFC 9110 §11.6.1).
    challenge: Option<&'static str>,
}

/// A problem as it is sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDetails {
    /// `urn:pillarbox:problem:` and what kind it is.
    r#type: String,
    title: String,
    status: u16,
    /// For people.
    detail: String,
}

impl Problem {
    /// A problem of a kind, in words.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Problem {
        Problem { kind, detail: detail.into(), wait_s: None, challenge: None }
    }

    /// Too many tries; the next is heard after so many seconds.
    pub fn wait(wait_s: u32) -> Problem {
        let detail = format!("too many wrong guesses: try again in {wait_s} s");
        Problem { wait_s: Some(wait_s), ..Problem::new(TOO_MANY, detail) }
    }

    /// Tells the client how to show who it is.
    pub fn challenging(self, challenge: &'static str) -> Problem {
        Problem { challenge: Some(challenge), ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Kind(word, status, title) = self.kind;
        let body = ProblemDetails {
            r#type: format!("urn:pillarbox:problem:{word}"),
            title: title.to_owned(),
            status,
            detail: self.detail,
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, MEDIA_TYPE);
        if let Some(wait_s) = self.wait_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        headers.insert(HeaderName::from_static("cache-control"), HeaderValue::from_static("no-store"));
        response
    }
}

impl From<EntryError> for Problem {
    fn from(error: EntryError) -> Problem {
        let kind = match &error {
            EntryError::Credentials | EntryError::CodeNeeded | EntryError::Code | EntryError::Passkey(_) => CREDENTIALS,
            EntryError::Wait { wait_s } => return Problem::wait(*wait_s),
            EntryError::NotThere => NOT_FOUND,
            EntryError::Exists | EntryError::TooMany | EntryError::Conflict => CONFLICT,
            EntryError::Name | EntryError::Expiry => INVALID,
            EntryError::Temporary => UNAVAILABLE,
        };
        Problem::new(kind, error.to_string())
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Problem {
        let kind = match failure.kind {
            FailureKind::Usage | FailureKind::Data => INVALID,
            FailureKind::NoUser | FailureKind::NoHost => NOT_FOUND,
            FailureKind::CannotCreate | FailureKind::Config => CONFLICT,
            FailureKind::Permission => NOT_ALLOWED,
            FailureKind::Unavailable | FailureKind::Temporary => UNAVAILABLE,
            FailureKind::Software | FailureKind::Io => DEFECT,
        };
        Problem::new(kind, failure.message)
    }
}
