//! HTML, CSS and plain text of any octets made safe to show: what comes out holds nothing that runs or loads, and is the same
//! when it goes through once more.

use message::flowed::Flow;
use std::collections::HashMap;
use web::rendering::plain;
use web::rendering::sources::Sources;
use web::rendering::{Policy, clean, css};

/// What no result may hold, in lower case; texts have their `<` escaped.
const NEVER: &[&str] = &[
    "<script",
    "<svg",
    "<math",
    "<iframe",
    "<object",
    "<embed",
    "<form",
    "<input",
    "<link",
    "<meta",
    "<base",
    "<template",
    "<noscript",
    "<textarea",
    "<title",
    "<!--",
    "=\"javascript:",
    "src=\"http",
    "src=\"//",
    "src=\"data:text",
    "srcdoc=\"",
    " onerror=\"",
    " onload=\"",
    " onclick=\"",
];

/// HTML as it came.
///
/// # Panics
/// When a law is broken.
pub fn html(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let safe = clean(&text, &Policy::default());
    let low = safe.html.to_ascii_lowercase();
    for never in NEVER {
        assert!(!low.contains(never), "{never}");
    }
    assert!(low.matches("url(").count() == low.matches("url('data:image/").count() || !tags_hold(&low, "url("), "url");
    let again = clean(&safe.html, &Policy::default());
    assert_eq!(again.html, safe.html, "the same once more");
    assert_eq!((again.remote, again.trackers), (0, 0), "nothing of others is left");
}

/// Whether a piece stands within a tag or a sheet, but for `url('data:image/`.
fn tags_hold(html: &str, piece: &str) -> bool {
    html.split('<').any(|tag| {
        let (inside, text) = tag.split_once('>').unwrap_or((tag, ""));
        let styled = inside.split(" style=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let sheet = if inside == "style" { text } else { "" };
        styled.chain([sheet]).any(|css| css.replace("url('data:image/", "").contains(piece))
    })
}

/// A style sheet, and the same octets as a `style=`.
///
/// # Panics
/// When a law is broken.
pub fn css(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parts = HashMap::new();
    let sheet = |text: &str| css::sheet::sheet(text, &mut Sources::new(&parts, false));
    let style =
        |text: &str| css::style(text, &mut Sources::new(&parts, false)).map(|(text, _)| text).unwrap_or_default();
    let (one, other) = (sheet(&text), style(&text));
    for written in [&one, &other] {
        for never in [
            "<",
            "\\",
            "/*",
            "@import",
            "@font",
            "expression(",
            "javascript",
            "url(http",
            "url('http",
            "position: fixed",
            "var(",
        ] {
            assert!(!written.to_ascii_lowercase().contains(never), "{never} in {written}");
        }
    }
    assert!(!other.contains(['{', '}', '"']), "{other}");
    assert_eq!(sheet(&one), one, "a sheet the same once more");
    assert_eq!(style(&other), other, "a style the same once more");
}

/// Plain text; the first octet says how it wants to be read.
///
/// # Panics
/// When a law is broken.
pub fn text(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let flow = Flow { flowed: first & 1 != 0, delete_space: first & 2 != 0 };
    let safe = plain::render(&String::from_utf8_lossy(rest), flow, &[]);
    for tag in safe.html.split('<').skip(1) {
        let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap_or_default();
        assert!(matches!(name, "div" | "br" | "blockquote" | "a"), "{name}");
    }
    assert_eq!(safe.html.matches("<div").count(), safe.html.matches("</div>").count());
    assert_eq!(safe.html.matches("<a ").count(), safe.links.len());
}
