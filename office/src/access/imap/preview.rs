//! The beginning of a message as text (RFC 8970): of its first text that is not hidden in an attachment, with markup and
//! repeated white space taken out. Owns what is shown; charsets and encodings are `message`'s.

use message::Kind;
use message::summary::{Summary, SummaryPart};

/// Characters of a preview at most (RFC 8970 §3.1 asks for 256 or fewer).
pub const CHARACTERS_MAX: usize = 200;
/// Octets of a part that a preview is made from: with markup before the first word, and encoded.
pub const OCTETS_READ: u64 = 16 * 1024;

/// The part to make a preview from, by its index: plain text before other text.
#[must_use]
pub fn part(summary: &Summary) -> Option<usize> {
    let is_attached = |part: &SummaryPart| {
        part.disposition.as_ref().is_some_and(|disposition| disposition.kind.eq_ignore_ascii_case("attachment"))
    };
    let texts = || {
        summary
            .parts
            .iter()
            .enumerate()
            .filter(move |(_, part)| part.kind == Kind::Leaf && part.media_type == "text" && !is_attached(part))
    };
    texts().find(|(_, part)| part.subtype == "plain").or_else(|| texts().next()).map(|(index, _)| index)
}

/// The preview of a part whose body begins like this.
#[must_use]
pub fn of(part: &SummaryPart, body: &[u8]) -> String {
    shorten(&words(part, body))
}

/// The text of a part whose body begins like this, without markup.
#[must_use]
pub fn words(part: &SummaryPart, body: &[u8]) -> String {
    let text = message::text::body_text(part, body).unwrap_or_default();
    if part.subtype == "html" { without_markup(&text) } else { text }
}

/// Words with one space between them, as many as there is room for.
fn shorten(text: &str) -> String {
    let mut short = String::new();
    let mut left = CHARACTERS_MAX;
    for word in
        text.split(|c: char| c.is_whitespace() || c.is_control() || c == '\u{FFFD}').filter(|word| !word.is_empty())
    {
        if !short.is_empty() && left > 0 {
            short.push(' ');
            left -= 1;
        }
        let before = short.len();
        short.extend(word.chars().take(left));
        left -= short.get(before..).map_or(0, |added| added.chars().count());
        if left == 0 {
            break;
        }
    }
    short.truncate(short.trim_end().len());
    short
}

/// Text without tags, and without what stands in `style`, `script`, `title` and comments.
fn without_markup(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        push_unescaped(&mut text, before);
        text.push(' ');
        rest = after_tag(tag);
    }
    push_unescaped(&mut text, rest);
    text
}

/// What follows a tag, its hidden content included.
fn after_tag(tag: &str) -> &str {
    if let Some(comment) = tag.strip_prefix("!--") {
        return comment.split_once("-->").map_or("", |(_, rest)| rest);
    }
    let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let rest = tag.split_once('>').map_or("", |(_, rest)| rest);
    if !matches!(name.as_str(), "style" | "script" | "title" | "head") {
        return rest;
    }
    let end = format!("</{name}");
    let lower = rest.to_ascii_lowercase();
    let hidden = lower.find(&end).and_then(|at| rest.get(at..)).unwrap_or("");
    hidden.split_once('>').map_or("", |(_, rest)| rest)
}

fn push_unescaped(text: &mut String, escaped: &str) {
    let mut rest = escaped;
    while let Some((before, after)) = rest.split_once('&') {
        text.push_str(before);
        let known = [("amp;", '&'), ("lt;", '<'), ("gt;", '>'), ("quot;", '"'), ("#39;", '\''), ("nbsp;", ' ')];
        let found = known.into_iter().find_map(|(name, c)| after.strip_prefix(name).map(|rest| (rest, c)));
        let (left, c) = found.unwrap_or((after, '&'));
        text.push(c);
        rest = left;
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preview(content: &[u8]) -> Option<String> {
        let summary = Summary::of(&message::parse(content));
        let part = summary.parts.get(part(&summary)?)?;
        Some(of(part, content.get(part.body.start as usize..part.body.end as usize)?))
    }

    #[test]
    fn previews_are_words() {
        for (content, expected) in [
            (&b"Subject: x\r\n\r\nHello,\r\n\r\n  how are\tyou?\r\n"[..], Some("Hello, how are you?")),
            (b"Content-Type: image/png\r\n\r\nx", None),
            (
                b"Content-Type: text/html\r\n\r\n<head><title>no</title></head><style>p{}</style><!-- <b> -->\
                  <p>Fish &amp; chips</p><SCRIPT>x < y</SCRIPT> &lt;now&gt; &unknown; <b",
                Some("Fish & chips <now> &unknown;"),
            ),
            (
                b"Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>no\r\n\
                  --x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncr=C3=AApe\r\n--x--",
                Some("cr\u{ea}pe"),
            ),
            (b"\r\n", Some("")),
        ] {
            assert_eq!(preview(content).as_deref(), expected);
        }
    }

    #[test]
    fn a_preview_ends_at_its_limit() {
        for (word, characters) in [(CHARACTERS_MAX, CHARACTERS_MAX), (CHARACTERS_MAX + 1, CHARACTERS_MAX), (150, 150)] {
            let text = format!("{}\u{e9} next", "\u{e9}".repeat(word - 1));
            let short = shorten(&text);
            let expected = if characters == CHARACTERS_MAX { characters } else { characters + 5 };
            assert_eq!(short.chars().count(), expected, "{word}");
        }
        let words = "ab ".repeat(200);
        assert!(shorten(&words).chars().count() <= CHARACTERS_MAX && shorten(&words).ends_with('b'));
    }
}
