//! Text as it stands in markup. Owns escaping, and what stands for escapes on the way through the second wall: that reads
//! each escape at the cost of all text before it, so a message of nothing but `&` would take minutes. A noncharacter, which
//! no message may have, goes through in its place, and becomes the escape at the end. To a parser it is a letter like any
//! other, so nothing that held before ceases to hold.

/// What stands for each sign, and its escape.
const HELD: [(char, char, &str); 4] =
    [('&', '\u{FDD0}', "&amp;"), ('<', '\u{FDD1}', "&lt;"), ('>', '\u{FDD2}', "&gt;"), ('"', '\u{FDD3}', "&quot;")];

/// Characters that show nothing and mean nothing, but for line ends and tabs: controls and noncharacters.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0B' | '\x0E'..='\x1F' | '\x7F'..='\u{9F}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FFFE}' | '\u{FFFF}')
}

/// Text between tags, or between double quotes, with its signs held.
pub fn hold(text: &str, out: &mut String) {
    for c in text.chars().filter(|c| !is_unseen(*c)) {
        out.push(HELD.iter().find(|(sign, _, _)| *sign == c).map_or(c, |(_, held, _)| *held));
    }
}

/// Markup with escapes for what was held.
#[must_use]
pub fn release(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    for c in markup.chars() {
        match HELD.iter().find(|(_, held, _)| *held == c) {
            Some((_, _, escape)) => out.push_str(escape),
            None => out.push(c),
        }
    }
    out
}

/// Text between tags, or between double quotes, escaped.
pub fn escape(text: &str, out: &mut String) {
    for c in text.chars().filter(|c| !is_unseen(*c)) {
        match HELD.iter().find(|(sign, _, _)| *sign == c) {
            Some((_, _, escape)) => out.push_str(escape),
            None => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_held_is_escaped_at_the_end() {
        let text = "a & b < c > d \" e ' \u{FDD0}\u{FDD3}\0\u{85} é";
        let (mut held, mut escaped) = (String::new(), String::new());
        hold(text, &mut held);
        escape(text, &mut escaped);
        assert!(!held.contains(['&', '<', '>', '"']));
        assert_eq!(release(&held), escaped);
        assert_eq!(escaped, "a &amp; b &lt; c &gt; d &quot; e '  é");
    }
}
