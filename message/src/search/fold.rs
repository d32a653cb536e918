//! The form in which texts compare: case taken off, letters apart from their accents, in the spirit of RFC 5051
//! (i;unicode-casemap). Owns that form only; it never reaches a user.

use icu_normalizer::DecomposingNormalizerBorrowed;

const NFKD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfkd();

/// Adds the form of a text to `out`. Each character is folded by itself, so a text may be folded in pieces.
pub fn fold_into(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(wide) = rest.bytes().position(|byte| !byte.is_ascii()) {
        let (plain, other) = rest.split_at(wide);
        fold_ascii(plain, out);
        let end = other.bytes().position(|byte| byte.is_ascii()).unwrap_or(other.len());
        let (other, after) = other.split_at(end);
        other.chars().for_each(|c| fold_char(c, out));
        rest = after;
    }
    fold_ascii(rest, out);
}

/// The form of a text.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

fn fold_ascii(text: &str, out: &mut String) {
    let start = out.len();
    out.push_str(text);
    if let Some(added) = out.get_mut(start..) {
        added.make_ascii_uppercase();
    }
}

/// RFC 5051 §2 maps to title case and then decomposes, which leaves `ﬁ` small; here case comes last. Upper case, not
/// lower: the order of what is neither letter nor digit depends on it.
fn fold_char(c: char, out: &mut String) {
    for part in NFKD.normalize_iter(std::iter::once(c)) {
        let mut upper = part.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(one), None) => out.push(one),
            _ => out.push(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_and_accents_come_off() {
        for (text, folded) in [
            ("Crêpe_[x]", "CRE\u{302}PE_[X]"),
            ("CRE\u{302}PE", "CRE\u{302}PE"),
            ("ﬁnal ſtop", "FINAL STOP"),
            ("ΣΊΣΥΦΟΣ", "ΣΙ\u{301}ΣΥΦΟΣ"),
            ("σίσυφος", "ΣΙ\u{301}ΣΥΦΟΣ"),
            ("ｗｉｄｅ", "WIDE"),
            ("straße", "STRAßE"),
            ("ǆ", "DZ\u{30c}"),
            ("日本", "日本"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    proptest! {
        /// Pieces give what the whole gives, and folding twice what folding once does.
        #[test]
        fn folding_is_local(text in "\\PC{0,20}[a-zA-Z é]{0,20}", cut in 0_usize..40) {
            let cut = text.floor_char_boundary(cut);
            let (start, end) = text.split_at(cut);
            let whole = fold(&text);
            prop_assert_eq!(fold(start) + &fold(end), whole.clone());
            prop_assert_eq!(fold(&whole.clone()), whole);
        }
    }
}
