//! The document a message is shown in, and its policy. Owns the words of the Content-Security-Policy and the few rules of
//! style around the message. Why it is a document of its own, and not `srcdoc`: docs/webmail-safety.md.

use super::names::SCOPE;
use super::wall::OWN_PATH;

/// How a message is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// Dark letters on light ground.
    #[default]
    Light,
    /// Light letters on dark ground, where the message brings no colours of its own.
    Dark,
}

/// What the document of a message may do, as a header: nothing but show text, style and the pictures that were let
/// through. It stands in a sandbox by this header even when somebody opens its address by hand.
#[must_use]
pub fn policy(origin: Option<&str>, allow_remote: bool) -> String {
    let own = origin.map(|origin| format!(" {origin}{OWN_PATH}")).unwrap_or_default();
    let remote = if allow_remote { " https:" } else { "" };
    format!(
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; script-src 'none'; \
         style-src 'unsafe-inline'; img-src data:{own}{remote}; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'self'"
    )
}

/// `https://host[:port]` as a policy may name it; `None` where the host holds what none has.
#[must_use]
pub fn origin(host: &str, secure: bool) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'[' | b']' | b'_');
    let sound = !host.is_empty() && host.len() <= message::address::DOMAIN_MAX + 6 && host.bytes().all(plain);
    sound.then(|| format!("{}://{host}", if secure { "https" } else { "http" }))
}

/// Style around the message: letters, room, and that nothing is wider than the frame.
const BASE: &str = "html{margin:0;padding:0;overflow-x:auto}body{margin:0;padding:12px;overflow-wrap:anywhere;\
font:15px/1.5 system-ui,sans-serif}img{max-width:100%}.pb-mail{min-height:1px}.pb-mail img:not([height]){height:auto}\
.pb-mail pre{white-space:pre-wrap}.pb-mail blockquote{margin:4px 0;padding:0 0 0 12px;border-left:3px solid #9aa4b2}\
a:focus-visible{outline:2px solid #3b6fd4;outline-offset:2px}";
/// A message without colours of its own, on a light page.
const LIGHT: &str = "html{color-scheme:light;background:#fff;color:#16181d}a{color:#1f53c4}";
/// The same on a dark page.
const DARK: &str = "html{color-scheme:dark;background:#16181d;color:#e6e8ec}a{color:#9bb9ff}";

/// The whole document around a message that `clean` or `plain` made safe. One with colours of its own keeps its light
/// ground on a dark page too: half of its colours on the wrong ground cannot be read.
#[must_use]
pub fn document(html: &str, theme: Theme, coloured: bool) -> String {
    let colours = if theme == Theme::Dark && !coloured { DARK } else { LIGHT };
    debug_assert!(BASE.contains(SCOPE));
    format!(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"referrer\" content=\"no-referrer\"><title>Message</title><style>{BASE}{colours}</style></head>\
         <body>{html}</body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_nothing_run_or_load() {
        let policy = policy(Some("https://mail.hamburger.edu"), false);
        for part in [
            "default-src 'none'",
            "script-src 'none'",
            "form-action 'none'",
            "base-uri 'none'",
            "frame-ancestors 'self'",
            "img-src data: https://mail.hamburger.edu/render/;",
        ] {
            assert!(policy.contains(part), "{part}");
        }
        for never in ["allow-scripts", "allow-same-origin", "allow-forms", "allow-top-navigation", "https:;", "*"] {
            assert!(!policy.contains(never), "{never}");
        }
        assert!(super::policy(None, true).contains("img-src data: https:;"));
    }

    #[test]
    fn a_host_cannot_add_to_the_policy() {
        assert_eq!(origin("mail.hamburger.edu:8443", true).as_deref(), Some("https://mail.hamburger.edu:8443"));
        assert_eq!(origin("[::1]:80", false).as_deref(), Some("http://[::1]:80"));
        for bad in ["", "a; script-src *", "a b", "a\r\nb", "a'", "a/b", "*"] {
            assert_eq!(origin(bad, true), None, "{bad}");
        }
    }

    #[test]
    fn colours_keep_their_ground() {
        assert!(document("x", Theme::Dark, false).contains("#e6e8ec"));
        assert!(!document("x", Theme::Dark, true).contains("#e6e8ec"));
        assert!(!document("x", Theme::Light, false).contains("color-scheme:dark"));
    }
}
