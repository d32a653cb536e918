//! xtext (RFC 3461 §4), the coding of ENVID, ORCPT and AUTH, and the `\x{...}` of RFC 6533 §3 for UTF-8 addresses.

use std::fmt::Write;

/// Reads xtext; `None` where it is malformed or does not give UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        match octet {
            b'+' => octets.push(hex(rest.next()?)? << 4 | hex(rest.next()?)?),
            b'!'..=b'<' | b'>'..=b'~' => octets.push(octet),
            _ => return None,
        }
    }
    String::from_utf8(octets).ok()
}

/// RFC 3461 §4: upper-case digits only.
fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Writes xtext.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'!'..=b'*' | b','..=b'<' | b'>'..=b'~' => out.push(char::from(octet)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "+{octet:02X}");
            }
        }
    }
    out
}

/// Reads the address of an ORCPT of type `utf-8` (RFC 6533 §3).
pub fn decode_utf8(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, embedded)) = rest.split_once("\\x{") {
        out.push_str(plain(before)?);
        let (digits, after) = embedded.split_once('}')?;
        if digits.is_empty() || digits.len() > 6 || !digits.bytes().all(|d| hex(d).is_some()) {
            return None;
        }
        out.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
        rest = after;
    }
    out.push_str(plain(rest)?);
    Some(out)
}

/// The characters RFC 6533 §3 lets stand for themselves.
fn plain(text: &str) -> Option<&str> {
    let stands = |c: char| !c.is_control() && !matches!(c, ' ' | '+' | '=' | '\\');
    text.chars().all(stands).then_some(text)
}

/// Writes the address of an ORCPT of type `utf-8`, in ASCII.
pub fn encode_utf8(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_graphic() && !matches!(c, '+' | '=' | '\\') {
            out.push(c);
        } else {
            let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn examples_of_rfc_3461() {
        assert_eq!(decode("QQ314159").as_deref(), Some("QQ314159"));
        assert_eq!(decode("a+2Bb+3Dc+20d").as_deref(), Some("a+b=c d"));
        for bad in ["a=b", "a b", "+2", "+2b", "+", "+FF", "\u{e9}"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn embedded_characters_of_rfc_6533() {
        assert_eq!(decode_utf8("b\\x{FC}cher@x").as_deref(), Some("b\u{fc}cher@x"));
        for bad in ["\\x{}", "\\x{D800}", "\\x{1", "a=b", "\\y", "\\x{00FFFFFF}"] {
            assert_eq!(decode_utf8(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&text)), Some(text.clone()));
            prop_assert_eq!(decode_utf8(&encode_utf8(&text)), Some(text));
        }
    }
}
