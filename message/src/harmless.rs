//! Text from strangers that may be shown on a terminal. Owns which characters are never shown as they are: controls, marks
//! that turn the direction of writing, and marks that take no room and make one text look like another (Unicode TR 36, TR 39).

use std::borrow::Cow;

/// One line of text without what would move the cursor, change colours, break lines and columns, or deceive the eye: each
/// such character is written out, as `\u{1b}`.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !holds_harm(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for (c, joins) in with_joins(text) {
        if is_harmful(c) || is_joiner(c) && !joins { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    Cow::Owned(clean)
}

/// The same for running text: what takes no room and turns nothing around by force is left out, for letters in Hebrew or
/// Arabic hold such marks with good reason. A tab becomes a space.
#[must_use]
pub fn readable(text: &str) -> Cow<'_, str> {
    if !holds_harm(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for (c, joins) in with_joins(text) {
        match c {
            '\t' => clean.push(' '),
            c if is_invisible(c) || is_joiner(c) && !joins => {}
            c if is_harmful(c) => clean.extend(c.escape_default()),
            c => clean.push(c),
        }
    }
    Cow::Owned(clean)
}

/// One line of text that is sent on to others: what [`harmless`] writes out is left out, for it would be their text then.
/// Tabs and line ends become a space.
#[must_use]
pub fn bare(text: &str) -> Cow<'_, str> {
    if !holds_harm(text) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    for (c, joins) in with_joins(text) {
        match c {
            '\t' | '\r' | '\n' => clean.push(' '),
            c if is_harmful(c) || is_joiner(c) && !joins => {}
            c => clean.push(c),
        }
    }
    Cow::Owned(clean)
}

fn holds_harm(text: &str) -> bool {
    text.chars().any(|c| is_harmful(c) || is_joiner(c))
}

/// Each character, and whether it stands between two letters beyond ASCII: there joiners have a meaning, as in Persian, in
/// Indian scripts and in pictures of families.
fn with_joins(text: &str) -> impl Iterator<Item = (char, bool)> + '_ {
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    std::iter::from_fn(move || {
        let c = chars.next()?;
        let after = chars.peek().copied().unwrap_or(' ');
        let joins = [before, after].iter().all(|c| !c.is_ascii() && !c.is_whitespace() && !is_joiner(*c));
        before = c;
        Some((c, joins))
    })
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || is_invisible(c)
        // Line and paragraph separator, and what turns the direction by force.
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fff9}'..='\u{fffb}')
        // Letters that look like nothing.
        || matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{17b4}' | '\u{17b5}')
}

/// Takes no room.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}'..='\u{2065}'
            | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{fff8}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Zero-width joiner and non-joiner.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strangers_do_not_write_on_the_terminal() {
        assert_eq!(harmless("bob\u{1b}[2Jby\te"), "bob\\u{1b}[2Jby\\te");
        assert_eq!(harmless("a\u{202e}b\r\n\u{9b}"), "a\\u{202e}b\\r\\n\\u{9b}");
        assert_eq!(harmless("用户 ünï"), "用户 ünï");
        assert_eq!(harmless("pay\u{200b}pal\u{feff}"), "pay\\u{200b}pal\\u{feff}");
    }

    #[test]
    fn joiners_stay_where_they_join() {
        for kept in ["می\u{200c}خواهم", "👩\u{200d}👩\u{200d}👧", "क\u{94d}\u{200d}ष"] {
            assert_eq!(harmless(kept), kept);
            assert_eq!(readable(kept), kept);
        }
        assert_eq!(harmless("pay\u{200d}pal"), "pay\\u{200d}pal");
        assert_eq!(readable("pay\u{200d}pal"), "paypal");
    }

    #[test]
    fn running_text_loses_what_takes_no_room() {
        assert_eq!(readable("a\tb\u{200f}c\u{1b}[m\u{202e}\u{e0041}"), "a bc\\u{1b}[m\\u{202e}");
    }

    #[test]
    fn what_others_get_holds_nothing_written_out() {
        assert_eq!(bare("esc \u{1b}]0;x\tby\ne\u{202e}"), "esc ]0;x by e");
        assert_eq!(bare("Zo\u{eb}"), "Zo\u{eb}");
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            for clean in [harmless(&text), readable(&text), bare(&text)] {
                prop_assert!(!clean.chars().any(is_harmful), "{clean:?}");
            }
        }
    }
}
