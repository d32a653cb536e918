//! The base subject of RFC 5256 §2.1: a subject without the marks of replies, forwards and lists. Linear in the subject,
//! whatever it holds.

/// A base subject, and whether the marks taken off say reply or forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseSubject {
    /// What is left.
    pub text: String,
    /// A `Re:`, `Fwd:`, `(fwd)` or `[fwd: ]` was taken off.
    pub is_reply: bool,
}

/// Takes the marks off a subject whose encoded words are decoded.
#[must_use]
pub fn base_subject(subject: &str) -> BaseSubject {
    let line = squeeze(subject);
    let mut rest = line.as_str();
    let mut is_reply = false;
    loop {
        rest = without_trailers(rest, &mut is_reply);
        rest = without_leaders_and_blobs(rest, &mut is_reply);
        // RFC 5256 §2.1 (6): `[fwd: ...]` around all of it, and again from the trailers on.
        match strip_prefix(rest, "[fwd:").and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => (rest, is_reply) = (inner, true),
            None => return BaseSubject { text: rest.to_owned(), is_reply },
        }
    }
}

/// §2.1 (1): tabs and line ends are spaces, and several spaces are one.
fn squeeze(subject: &str) -> String {
    let mut line = String::with_capacity(subject.len());
    for c in subject.chars() {
        let c = if matches!(c, '\t' | '\r' | '\n') { ' ' } else { c };
        if c != ' ' || !line.ends_with(' ') {
            line.push(c);
        }
    }
    line
}

/// §2.1 (2): `(fwd)` and white space at the end.
fn without_trailers<'a>(mut text: &'a str, is_reply: &mut bool) -> &'a str {
    loop {
        text = text.trim_end_matches(' ');
        let cut = text.len().saturating_sub("(fwd)".len());
        match text.split_at_checked(cut) {
            Some((before, end)) if end.eq_ignore_ascii_case("(fwd)") => (text, *is_reply) = (before, true),
            _ => return text,
        }
    }
}

/// §2.1 (3) to (5): `Re:` and its kin, blobs before them, and blobs that leave something.
fn without_leaders_and_blobs<'a>(mut text: &'a str, is_reply: &mut bool) -> &'a str {
    loop {
        text = text.trim_start_matches(' ');
        // All blobs in a row are looked through once, so that thousands of them take no longer than they are.
        let (mut after, mut last) = (text, text);
        while let Some(rest) = without_blob(after) {
            (last, after) = (after, rest);
        }
        if let Some(rest) = without_refwd(after) {
            (text, *is_reply) = (rest, true);
        } else if after.is_empty() {
            // The last blob is the base where nothing else would be.
            return last;
        } else if after.len() < text.len() {
            text = after;
        } else {
            return text;
        }
    }
}

/// `subj-blob`.
fn without_blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let end = inner.find(['[', ']'])?;
    Some(inner.get(end..)?.strip_prefix(']')?.trim_start_matches(' '))
}

/// `subj-refwd`.
fn without_refwd(text: &str) -> Option<&str> {
    let rest = ["re", "fwd", "fw"].iter().find_map(|mark| strip_prefix(text, mark))?.trim_start_matches(' ');
    without_blob(rest).unwrap_or(rest).strip_prefix(':')
}

/// The rest after a prefix of ASCII in any case.
fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_off() {
        for (subject, text, is_reply) in [
            ("", "", false),
            ("  Hello\t\r\n  world ", "Hello world", false),
            ("Re: hello", "hello", true),
            ("re :hello", "hello", true),
            ("RE[2]: hello", "hello", true),
            ("FW: Fwd : [list] re [x] : hello (fwd) (FWD)  ", "hello", true),
            ("[list] hello", "hello", false),
            ("[a] [b] Re: hello", "hello", true),
            ("[a][b]", "[b]", false),
            ("[a]", "[a]", false),
            ("Re: [a]", "[a]", true),
            ("Re:", "", true),
            ("Re: Re: ", "", true),
            ("[fwd: hello]", "hello", true),
            ("[Fwd: [list] Re: hello (fwd)]", "hello", true),
            ("[fwd: [fwd: a]]", "a", true),
            ("[fwd: ]", "", true),
            ("Reply: hello", "Reply: hello", false),
            ("re hello", "re hello", false),
            ("fwda: x", "fwda: x", false),
            ("[a hello", "[a hello", false),
            ("[a[b] hello", "[a[b] hello", false),
            ("hello(fwd)", "hello", true),
            ("(fwd)", "", true),
            ("Ré: x", "Ré: x", false),
            ("日本 (fwd)", "日本", true),
        ] {
            assert_eq!(base_subject(subject), BaseSubject { text: text.to_owned(), is_reply }, "{subject:?}");
        }
    }

    /// What would take hours, were it not linear.
    #[test]
    fn the_worst_subjects_take_no_longer() {
        const TIMES: usize = 20_000;
        let many = |mark: &str| mark.repeat(TIMES);
        assert_eq!(base_subject(&many("[a]")).text, "[a]");
        assert_eq!(base_subject(&(many("[a]") + "x")).text, "x");
        assert_eq!(base_subject(&many("re:[a]")).text, "[a]");
        assert_eq!(base_subject(&many("(fwd) ")).text, "");
        assert_eq!(base_subject(&(many("[fwd:") + "x" + &many("]"))).text, "x");
        assert_eq!(base_subject(&many("[")).text.len(), TIMES);
        assert_eq!(base_subject(&many("re[")).text.len(), 3 * TIMES);
    }
}
