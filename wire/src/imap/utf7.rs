//! Modified UTF-7, in which IMAP4rev1 writes the names of mailboxes (RFC 3501 §5.1.3, RFC 9051 Appendix A.1). Both
//! directions are total. There is one way to write a name, and only that is read: names that differ on the wire differ.

use std::fmt::Write;

/// A text is not modified UTF-7, or not in its one right form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is not modified UTF-7")]
pub struct NotUtf7;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// Whether a character stands for itself; `&` does not.
fn is_direct(c: char) -> bool {
    matches!(c, ' '..='~')
}

/// Writes a text.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut shifted: Vec<u16> = Vec::new();
    for c in text.chars() {
        if is_direct(c) {
            write_shifted(&mut shifted, &mut out);
            out.push_str(if c == '&' { "&-" } else { "" });
            out.extend((c != '&').then_some(c));
        } else {
            shifted.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    write_shifted(&mut shifted, &mut out);
    out
}

/// `&`, the units in base64 without padding, `-`.
fn write_shifted(units: &mut Vec<u16>, out: &mut String) {
    if units.is_empty() {
        return;
    }
    out.push('&');
    let (mut bits, mut count) = (0_u32, 0);
    for unit in units.drain(..) {
        bits = bits << 16 | u32::from(unit);
        count += 16;
        while count >= 6 {
            count -= 6;
            out.push(digit(bits >> count));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        out.push(digit(bits << (6 - count)));
    }
    out.push('-');
}

fn digit(value: u32) -> char {
    let index = usize::try_from(value & 0x3F).unwrap_or(0);
    ALPHABET.get(index).map_or('A', |octet| char::from(*octet))
}

/// Reads a text.
pub fn decode(wire: &[u8]) -> Result<String, NotUtf7> {
    let mut out = String::with_capacity(wire.len());
    let mut rest = wire;
    let mut after_shift = false;
    while let Some((octet, after)) = rest.split_first() {
        rest = after;
        if *octet != b'&' {
            let c = Some(char::from(*octet)).filter(|c| is_direct(*c)).ok_or(NotUtf7)?;
            out.push(c);
            after_shift = false;
            continue;
        }
        let end = rest.iter().position(|octet| *octet == b'-').ok_or(NotUtf7)?;
        let (coded, tail) = rest.split_at(end);
        rest = tail.get(1..).unwrap_or_default();
        if coded.is_empty() {
            out.push('&');
            after_shift = false;
        } else if after_shift {
            // RFC 3501 §5.1.3: no superfluous shift.
            return Err(NotUtf7);
        } else {
            read_shifted(coded, &mut out)?;
            after_shift = true;
        }
    }
    Ok(out)
}

/// Base64 without padding, with zeros in the bits left over, of UTF-16 for characters that do not stand for themselves.
fn read_shifted(coded: &[u8], out: &mut String) -> Result<(), NotUtf7> {
    let mut units: Vec<u16> = Vec::with_capacity(coded.len() * 3 / 8 + 1);
    let (mut bits, mut count) = (0_u32, 0);
    for octet in coded {
        let value = ALPHABET.iter().position(|known| known == octet).ok_or(NotUtf7)?;
        bits = bits << 6 | u32::try_from(value).unwrap_or(0);
        count += 6;
        if count >= 16 {
            count -= 16;
            units.push(u16::try_from(bits >> count & 0xFFFF).unwrap_or(0));
            bits &= (1 << count) - 1;
        }
    }
    // Six bits or more are a digit too many, or half a unit.
    if count >= 6 || bits != 0 {
        return Err(NotUtf7);
    }
    for c in char::decode_utf16(units) {
        let c = c.map_err(|_| NotUtf7)?;
        if is_direct(c) {
            return Err(NotUtf7);
        }
        out.write_char(c).map_err(|_| NotUtf7)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writes_what_the_rfc_writes() {
        for (text, wire) in [
            ("", ""),
            ("INBOX", "INBOX"),
            ("R&D", "R&-D"),
            ("&", "&-"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("😀", "&2D3eAA-"),
            ("é&ü", "&AOk-&-&APw-"),
            ("a\u{7f}", "a&AH8-"),
            ("\u{0}", "&AAA-"),
        ] {
            assert_eq!(encode(text), wire);
            assert_eq!(decode(wire.as_bytes()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn there_is_one_way_to_write_a_name() {
        for wrong in [
            "&",
            "a&",
            "&AOk",
            "&AOk=-",
            "&AGE-",
            "&AOk-&APw-",
            "&AOl-",
            "&AOkA-",
            "&A-",
            "&AA-",
            "&AAAA-",
            "&2D0-",
            "&3gA-",
            "&AOk/-",
            "é",
            "a\tb",
            "a\u{7f}",
            "&AOk -",
            "&ACY-",
        ] {
            assert_eq!(decode(wrong.as_bytes()), Err(NotUtf7), "{wrong:?}");
        }
        assert_eq!(decode(&[0xE9]), Err(NotUtf7));
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in "\\PC{0,40}|[&-é😀\u{0}a ]{0,12}") {
            let wire = encode(&text);
            prop_assert!(wire.bytes().all(|octet| (b' '..=b'~').contains(&octet)));
            prop_assert_eq!(decode(wire.as_bytes()).unwrap(), text);
        }

        #[test]
        fn what_is_read_is_written_the_same(wire in "[&A-Da+,a-]{0,12}|&[A-Za-z0-9+,]{0,9}-") {
            if let Ok(text) = decode(wire.as_bytes()) {
                prop_assert_eq!(encode(&text), wire);
            }
        }
    }
}
