//! The second wall: what `clean` wrote is read and written once more by ammonia, with its own lists, so that a mistake in
//! the first is not a hole. Owns the lists in ammonia's form, and the check that the result reads as itself: markup that
//! changes when it is read again is how filters are passed.

use super::elements::{ATTRIBUTES, KEPT};
use super::links;
use ammonia::{Builder, UrlRelative};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// How often markup is read again until it stays as it is. Ours does at once but where elements stand in each other that
/// cannot; those settle in a second reading.
pub const PASSES_MAX: usize = 4;

/// The beginning of addresses of ours.
pub const OWN_PATH: &str = "/render/";

static WALL: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    let mut generic: HashSet<&str> = ["class", "id", "style"].into();
    let mut by_tag: HashMap<&str, HashSet<&str>> =
        HashMap::from([("a", ["href", "target"].into()), ("img", ["src"].into())]);
    for (attribute, _, elements) in ATTRIBUTES {
        if elements.is_empty() {
            generic.insert(attribute);
        }
        for element in *elements {
            by_tag.entry(element).or_default().insert(attribute);
        }
    }
    builder
        .tags(KEPT.iter().copied().collect())
        .clean_content_tags(
            ["script", "style", "template", "noscript", "iframe", "svg", "math", "title", "textarea"].into(),
        )
        .generic_attributes(generic)
        .tag_attributes(by_tag)
        .url_schemes(["http", "https", "ftp", "mailto", "tel", "sms", "data"].into())
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"))
        .strip_comments(true)
        .attribute_filter(filter);
    builder
});

/// Looks at attributes that hold addresses, once more.
fn filter<'v>(element: &str, attribute: &str, value: &'v str) -> Option<Cow<'v, str>> {
    let sound = match (element, attribute) {
        ("a", "href") => value.starts_with('#') || links::address(value).is_some(),
        ("a", "target") => value == "_blank",
        ("img", "src") => is_picture(value),
        (_, "style") => is_quiet(value),
        (_, _) => !attribute.starts_with("on"),
    };
    sound.then_some(Cow::Borrowed(value))
}

/// Whether a picture comes from where pictures may come from.
fn is_picture(address: &str) -> bool {
    let data = address.strip_prefix("data:image/").is_some_and(|rest| !rest.starts_with("svg"));
    data || address.starts_with("https://") || address.starts_with(OWN_PATH)
}

/// What CSS that loads or runs has in it, pictures aside.
const LOUD: &[&str] =
    &["url(", "src(", "image-set", "expression(", "behavior:", "-moz-binding", "javascript:", "@", "\\", "/*", "<"];

/// Whether CSS holds nothing that loads or runs, but pictures from where they may come from.
fn is_quiet(css: &str) -> bool {
    let mut rest = String::new();
    let mut pieces = css.split("url('");
    rest.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let Some((address, after)) = piece.split_once("')") else { return false };
        if !is_picture(address) {
            return false;
        }
        rest.push_str(after);
    }
    let rest = rest.to_ascii_lowercase();
    !LOUD.iter().any(|loud| rest.contains(loud))
}

/// Markup as it stays.
#[must_use]
pub fn pass(html: &str) -> String {
    let mut now = WALL.clean(html).to_string();
    for _ in 1..PASSES_MAX {
        let again = WALL.clean(&now).to_string();
        if again == now {
            return now;
        }
        now = again;
    }
    // It changes whenever it is read: nothing that a mail program wrote.
    String::new()
}

/// A style sheet of ours, as it may stand in a `<style>`: whatever the filter wrote, no `<` leaves it.
#[must_use]
pub fn sheet(css: &str) -> String {
    css.replace('<', "")
}
