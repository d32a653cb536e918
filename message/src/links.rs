//! Addresses of pages and of people in plain text. Owns where one begins and ends; what may be done with it is decided by
//! whoever shows it.

/// Octets of a word that are looked at beyond the most an address may have: signs behind it are taken off first.
const BEHIND_MAX: usize = 64;

/// Whether a word is the address of a person.
#[must_use]
pub fn is_mail(word: &str) -> bool {
    let dotted = word.rsplit_once('@').is_some_and(|(_, host)| host.contains('.'));
    !word.contains("://") && dotted && crate::Address::parse(word).is_ok()
}

/// The next address in a line: what stands before it, it, and what comes after. Longer ones than `octets_max` are text.
#[must_use]
pub fn next_address(line: &str, octets_max: usize) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let rest = line.get(from..)?;
        let start = from + rest.find(|c: char| !is_edge(c))?;
        let word = line.get(start..)?;
        let end = word
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\u{201C}' | '\u{201D}'))
            .unwrap_or(word.len());
        from = start + end.max(1);
        if !line.is_char_boundary(from) {
            return None;
        }
        // A longer word is none, and taking signs off its end would not be linear.
        if end > octets_max.saturating_add(BEHIND_MAX) {
            continue;
        }
        let word = trimmed(word.get(..end)?);
        if let Some(at) = begins(word).filter(|_| word.len() <= octets_max) {
            let (start, word) = (start + at, word.get(at..)?);
            return Some((line.get(..start)?, word, line.get(start + word.len()..)?));
        }
    }
}

fn is_edge(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '<' | '>' | '(' | '[' | '{' | '"' | '\'' | ',' | ';' | '*' | '_' | '\u{201C}' | '\u{201D}')
}

/// Where in a word an address begins.
fn begins(word: &str) -> Option<usize> {
    let low = word.to_ascii_lowercase();
    for scheme in ["https://", "http://", "mailto:"] {
        if let Some(at) = low.find(scheme).filter(|at| low.len() > at + scheme.len()) {
            return Some(at);
        }
    }
    let names_host = low.starts_with("www.") && low.matches('.').count() > 1;
    (names_host || is_mail(word)).then_some(0)
}

/// A word without the signs that end a sentence around it; a bracket stays where its other half is within.
fn trimmed(word: &str) -> &str {
    let mut word = word;
    loop {
        let Some(last) = word.chars().next_back() else { return word };
        let alone = |open: char, close: char| last == close && word.matches(close).count() > word.matches(open).count();
        let sign = matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '"' | '\u{2026}');
        if sign || alone('(', ')') || alone('[', ']') || alone('{', '}') {
            word = word.get(..word.len() - last.len_utf8()).unwrap_or_default();
        } else {
            return word;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Vec<&str> {
        let (mut rest, mut all) = (line, Vec::new());
        while let Some((_, address, after)) = next_address(rest, 100) {
            all.push(address);
            rest = after;
        }
        all
    }

    #[test]
    fn addresses_end_before_the_sentence_does() {
        assert_eq!(found("see https://crepes.fr/menu."), ["https://crepes.fr/menu"]);
        assert_eq!(found("(www.crepes.fr), bob@hamburger.edu!"), ["www.crepes.fr", "bob@hamburger.edu"]);
        assert_eq!(found("<http://a.example/(x)> a@b www.x"), ["http://a.example/(x)"]);
        assert!(found("no address: http:// or @").is_empty());
    }

    #[test]
    fn a_long_word_is_no_address_and_takes_no_time() {
        let fits = format!("http://{}", "x".repeat(93));
        assert_eq!(found(&fits), [fits.as_str()]);
        assert!(found(&format!("{fits}x")).is_empty());
        let brackets = format!("http://x{} b@c.example", ")".repeat(200_000));
        assert_eq!(found(&brackets), ["b@c.example"]);
    }
}
