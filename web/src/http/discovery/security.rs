//! `security.txt` (RFC 9116): whom people write to who found a hole in the house. Told where the configuration names somebody.

use super::not_told;
use crate::caller::host_of;
use crate::jmap::date::write_utc;
use crate::origin::base;
use crate::{Connection, Web};
use axum::extract::State;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// How long it is good: RFC 9116 §2.5.5 wants less than a year, and it is written anew whenever somebody asks.
const GOOD_FOR: Duration = Duration::from_secs(30 * 86_400);

pub(super) async fn tell(State(web): State<Web>, connection: Connection, parts: Parts) -> Response {
    let Some(contact) = web.house().and_then(|house| house.security_contact()) else {
        return not_told("nobody is named here");
    };
    let mut text = format!("Contact: {contact}\nExpires: {}\n", write_utc(web.now().after(GOOD_FOR)));
    // RFC 9116 §2.5.2: a URI of https.
    if connection.secure {
        let base = base(&web, host_of(&parts).as_deref(), true).await;
        text.push_str(&format!("Canonical: {base}/.well-known/security.txt\n"));
    }
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}
