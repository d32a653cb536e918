//! How much of a hostile message is looked at: octets, nodes, depth, attributes. Owns the limits on HTML and the one
//! check that must come before the parser. What is over a limit is left out and told as `shortened`; it never fails.

/// Octets of HTML that are read of one message. Newsletters have 100 KiB; a text of 2 MiB is a book.
pub const HTML_MAX: usize = 2 * 1024 * 1024;
/// Steps of making the tree, two for each element or text: a table of 5,000 rows of five cells, and more than a reader
/// scrolls through.
pub const WORK_MAX: usize = 120_000;
/// Elements open at once, and elements whose formatting goes on, together. Browsers stop at 512 open elements; every tag
/// costs the parser a walk over these lists.
pub const OPEN_MAX: usize = 400;
/// Attributes of one tag. The tokenizer compares each with all before it; mail programs write about ten.
pub const ATTRIBUTES_MAX: usize = 256;

/// States of a tag, as the HTML standard's tokenizer has them (§13.2.5.8 and §13.2.5.32 to §13.2.5.40).
const STATES: usize = 9;
const NAME: usize = 0;
const BEFORE_ATTRIBUTE: usize = 1;
const ATTRIBUTE: usize = 2;
const AFTER_ATTRIBUTE: usize = 3;
const BEFORE_VALUE: usize = 4;
const DOUBLE_QUOTED: usize = 5;
const SINGLE_QUOTED: usize = 6;
const UNQUOTED: usize = 7;
const AFTER_VALUE: usize = 8;

/// As much of the text as has no tag of more than [`ATTRIBUTES_MAX`] attributes, nor more than [`HTML_MAX`] octets.
///
/// Whether a `<` begins a tag is known to the parser alone (it may stand in a comment), so every `<` with a letter is
/// followed at once: for each state of a tag, the most attributes that any of them has by now. That is never too few.
#[must_use]
pub fn readable(text: &str) -> &str {
    let text = text.get(..floor(text, HTML_MAX)).unwrap_or_default();
    let mut most: [Option<usize>; STATES] = [None; STATES];
    let mut before = 0;
    for (at, octet) in text.bytes().enumerate() {
        if octet != b'>' && most.iter().all(Option::is_none) {
            // Between tags: the usual case.
            if before == b'<' && octet.is_ascii_alphabetic() {
                most[NAME] = Some(0);
            }
            before = octet;
            continue;
        }
        most = after(&most, octet);
        if before == b'<' && octet.is_ascii_alphabetic() {
            most[NAME] = most[NAME].max(Some(0));
        }
        before = octet;
        if most.iter().flatten().any(|count| *count > ATTRIBUTES_MAX) {
            return text.get(..floor(text, at)).unwrap_or_default();
        }
    }
    text
}

/// The last boundary of characters at or before `at`.
#[must_use]
pub fn floor(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// All states after one more octet.
fn after(most: &[Option<usize>; STATES], octet: u8) -> [Option<usize>; STATES] {
    let mut next = [None; STATES];
    for (state, count) in most.iter().enumerate() {
        let Some(count) = *count else { continue };
        let (state, more) = step(state, octet);
        if let Some(place) = state.and_then(|state| next.get_mut(state)) {
            *place = (*place).max(Some(count + more));
        }
    }
    next
}

/// Where one state goes, and whether an attribute begins there. `None`: the tag is over.
fn step(state: usize, octet: u8) -> (Option<usize>, usize) {
    let blank = matches!(octet, b'\t' | b'\n' | b'\x0C' | b'\r' | b' ');
    match (state, octet) {
        (DOUBLE_QUOTED, b'"') | (SINGLE_QUOTED, b'\'') => (Some(AFTER_VALUE), 0),
        (DOUBLE_QUOTED | SINGLE_QUOTED, _) => (Some(state), 0),
        (_, b'>') => (None, 0),
        (UNQUOTED, _) if !blank => (Some(UNQUOTED), 0),
        (BEFORE_VALUE, _) if blank => (Some(BEFORE_VALUE), 0),
        (BEFORE_VALUE, b'"') => (Some(DOUBLE_QUOTED), 0),
        (BEFORE_VALUE, b'\'') => (Some(SINGLE_QUOTED), 0),
        (BEFORE_VALUE, _) => (Some(UNQUOTED), 0),
        (ATTRIBUTE | AFTER_ATTRIBUTE, b'=') => (Some(BEFORE_VALUE), 0),
        (ATTRIBUTE | AFTER_ATTRIBUTE, _) if blank => (Some(AFTER_ATTRIBUTE), 0),
        (_, _) if blank || octet == b'/' => (Some(BEFORE_ATTRIBUTE), 0),
        (NAME | ATTRIBUTE, _) => (Some(state), 0),
        (_, _) => (Some(ATTRIBUTE), 1),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tag(attributes: usize) -> String {
        let list: Vec<String> = (0..attributes).map(|n| format!("a{n}='x y'")).collect();
        format!("<p {}>text</p>", list.join(" "))
    }

    #[test]
    fn takes_a_tag_at_the_limit_and_not_one_past_it() {
        assert_eq!(readable(&tag(ATTRIBUTES_MAX)), tag(ATTRIBUTES_MAX));
        let cut = tag(ATTRIBUTES_MAX + 1);
        assert!(readable(&cut).len() < cut.len());
        assert!(!readable(&cut).contains("text"));
    }

    #[test]
    fn is_not_led_astray_by_comments_and_quotes() {
        for lure in ["<!-- <a b=\" -->", "<a b='", "<title><a \"</title>", "<style><b c=d'</style>", "<a<b c=\""] {
            let text = format!("{lure}{}", tag(ATTRIBUTES_MAX * 3));
            let plain = format!("{lure} {}", "a ".repeat(4 * ATTRIBUTES_MAX));
            assert!(readable(&text).len() < text.len() || lure.starts_with("<a"), "{lure}");
            assert!(readable(&plain).len() <= plain.len());
        }
    }

    #[test]
    fn leaves_ordinary_text_alone() {
        let text = "if a < b and 1 <2 then ".repeat(ATTRIBUTES_MAX * 2);
        assert_eq!(readable(&text), text);
        let tags = "<td class='a' style=\"b:c\" width=1>x</td>".repeat(ATTRIBUTES_MAX * 2);
        assert_eq!(readable(&tags), tags);
    }

    #[test]
    fn stops_at_the_last_octet_and_never_inside_a_character() {
        let text = "x".repeat(HTML_MAX);
        assert_eq!(readable(&text).len(), HTML_MAX);
        let text = "é".repeat(HTML_MAX / 2 + 1);
        assert_eq!(readable(&text).len(), HTML_MAX);
        let text = format!("x{}", "é".repeat(HTML_MAX / 2));
        assert_eq!(readable(&text).len(), HTML_MAX - 1);
    }
}
