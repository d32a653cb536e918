//! How clients find their settings: autoconfig (Thunderbird and others), Autodiscover (Outlook and others), a profile for
//! Apple's mail, and the fixed places of RFC 8615. Owns what is told: names, ports, security of the listeners that are
//! bound. Tells nothing of who exists: the answer is the same for every name of our domains.

mod apple;
mod autoconfig;
mod autodiscover;
mod security;
mod services;

use crate::Web;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/.well-known/autoconfig/mail/config-v1.1.xml", get(autoconfig::tell))
        .route("/mail/config-v1.1.xml", get(autoconfig::tell))
        .route("/autodiscover/autodiscover.xml", post(autodiscover::tell))
        .route("/Autodiscover/Autodiscover.xml", post(autodiscover::tell))
        .route("/autodiscover/autodiscover.json", get(autodiscover::tell_json))
        .route("/autodiscover/autodiscover.json/v1.0/{address}", get(autodiscover::tell_json_of))
        .route("/pillarbox.mobileconfig", get(apple::tell))
        .route("/.well-known/change-password", get(change_password))
        .route("/.well-known/security.txt", get(security::tell))
}

/// Where passwords are changed (W3C, "A Well-Known URL for Changing Passwords").
async fn change_password() -> Redirect {
    Redirect::to("/settings/password")
}

fn xml(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/xml; charset=utf-8")], text).into_response()
}

fn not_told(why: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("{why}\n")).into_response()
}

/// Text inside an element or an attribute of XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("<a b=\"c\">&'\u{0}"), "&lt;a b=&quot;c&quot;&gt;&amp;&apos;");
    }
}
