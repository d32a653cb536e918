//! The session's cookie (RFC 6265): where it may go, and reading it. Over TLS its name says so, and no page of a subdomain
//! and no answer in the clear can set it; in the clear, which is for this machine itself, there is another.

use crate::Connection;
use axum::http::{HeaderMap, HeaderValue, header};
use office::login::SESSION_LONGEST;

const SECURE_NAME: &str = "__Host-pillarbox";
const PLAIN_NAME: &str = "pillarbox";

fn name(connection: &Connection) -> &'static str {
    if connection.secure { SECURE_NAME } else { PLAIN_NAME }
}

/// The session's secret, where exactly one such cookie came.
pub(crate) fn read<'a>(headers: &'a HeaderMap, connection: &Connection) -> Option<&'a str> {
    let name = name(connection);
    let fields = headers.get_all(header::COOKIE).into_iter().filter_map(|field| field.to_str().ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(there, _)| *there == name).map(|(_, value)| value);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Sets the cookie.
pub(crate) fn set(connection: &Connection, secret: &str) -> Option<HeaderValue> {
    field(connection, secret, SESSION_LONGEST.as_secs())
}

/// Takes it away.
pub(crate) fn clear(connection: &Connection) -> Option<HeaderValue> {
    field(connection, "", 0)
}

fn field(connection: &Connection, secret: &str, max_age_s: u64) -> Option<HeaderValue> {
    let secure = if connection.secure { "; Secure" } else { "" };
    let name = name(connection);
    let text = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}");
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn over(secure: bool) -> Connection {
        Connection { client: "127.0.0.1:1".parse().unwrap(), secure }
    }

    #[test]
    fn a_cookie_goes_to_us_alone() {
        let text = set(&over(true), "abc").unwrap();
        assert_eq!(text, "__Host-pillarbox=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=7776000; Secure");
        let text = set(&over(false), "abc").unwrap();
        assert_eq!(text, "pillarbox=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=7776000");
        assert!(clear(&over(true)).unwrap().to_str().unwrap().contains("Max-Age=0"));
    }

    #[test]
    fn one_cookie_of_the_right_name_is_read() {
        let read = |field: &'static str, secure| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(field));
            super::read(&headers, &over(secure)).map(str::to_owned)
        };
        assert_eq!(read("a=b; __Host-pillarbox=abc", true).as_deref(), Some("abc"));
        assert_eq!(read("pillarbox=abc", true), None, "set in the clear, perhaps by somebody else");
        assert_eq!(read("__Host-pillarbox=abc", false), None);
        assert_eq!(read("pillarbox=abc; x=y", false).as_deref(), Some("abc"));
        assert_eq!(read("pillarbox=abc; pillarbox=def", false), None, "nobody knows which is ours");
    }
}
