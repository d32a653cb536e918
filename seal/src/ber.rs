//! BER to DER: many senders write S/MIME with indefinite lengths and content in pieces, which RFC 5652 §4 allows, while the
//! types this crate reads with take DER only. Owns that change of form; does not judge what the structure says.

use crate::Error;

/// Structures within structures that are followed. A letter has some ten, and its certificates some more.
pub const BER_DEPTH_MAX: usize = 32;
/// Octets of one structure: twice the largest letter the server takes, and what the reader of DER can count.
pub const STRUCTURE_OCTETS_MAX: usize = 128 * 1024 * 1024;

const CONSTRUCTED: u8 = 0x20;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
const OCTET_STRING_IN_PIECES: u8 = OCTET_STRING | CONSTRUCTED;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0x80;
const CONTEXT_0_CONSTRUCTED: u8 = CONTEXT_0 | CONSTRUCTED;

/// The first element of the input in DER. What stands behind it is left alone: some senders pad.
pub(crate) fn to_der(input: &[u8]) -> Result<Vec<u8>, Error> {
    if input.len() > STRUCTURE_OCTETS_MAX {
        return Err(Error::Limit { what: "octets in an S/MIME structure", limit: STRUCTURE_OCTETS_MAX });
    }
    let mut out = Vec::with_capacity(input.len());
    element(input, BER_DEPTH_MAX, &mut out)?;
    Ok(out)
}

/// The head of an element.
struct Head<'a> {
    identifier: &'a [u8],
    /// `None`: indefinite, until two zero octets.
    length: Option<usize>,
    octets: usize,
}

impl Head<'_> {
    fn first(&self) -> u8 {
        self.identifier.first().copied().unwrap_or(0)
    }
}

fn head(input: &[u8]) -> Result<Head<'_>, Error> {
    let first = *input.first().ok_or(Error::Malformed)?;
    let mut at = 1;
    if first & 0x1f == 0x1f {
        // A tag above 30 goes on while the highest bit is set; none that matters here has more than four octets.
        let more = input.iter().skip(1).take(4).position(|octet| octet & 0x80 == 0).ok_or(Error::Malformed)?;
        at += more + 1;
    }
    let identifier = input.get(..at).ok_or(Error::Malformed)?;
    let length = *input.get(at).ok_or(Error::Malformed)?;
    at += 1;
    if length == 0x80 {
        let indefinite = first & CONSTRUCTED != 0;
        return if indefinite { Ok(Head { identifier, length: None, octets: at }) } else { Err(Error::Malformed) };
    }
    if length < 0x80 {
        return Ok(Head { identifier, length: Some(usize::from(length)), octets: at });
    }
    let count = usize::from(length & 0x7f);
    let digits = input.get(at..at + count).ok_or(Error::Malformed)?;
    let value = digits.iter().try_fold(0_usize, |value, digit| {
        let value = value.checked_mul(256)?.checked_add(usize::from(*digit))?;
        (value <= STRUCTURE_OCTETS_MAX).then_some(value)
    });
    Ok(Head { identifier, length: Some(value.ok_or(Error::Malformed)?), octets: at + count })
}

/// Writes one element in DER and says how many octets of the input it took.
fn element(input: &[u8], depth: usize, out: &mut Vec<u8>) -> Result<usize, Error> {
    let head = head(input)?;
    let rest = input.get(head.octets..).ok_or(Error::Malformed)?;
    if head.first() & CONSTRUCTED == 0 {
        let length = head.length.ok_or(Error::Malformed)?;
        let content = rest.get(..length).ok_or(Error::Malformed)?;
        write(head.identifier, content, out);
        return Ok(head.octets + length);
    }
    let depth = depth.checked_sub(1).ok_or(Error::Limit { what: "levels of structure", limit: BER_DEPTH_MAX })?;
    let mut content = Vec::new();
    let taken = children(rest, head.length, depth, &mut content)?;
    if head.first() == OCTET_STRING_IN_PIECES {
        write(&[OCTET_STRING], &joined(&content)?, out);
    } else {
        write(head.identifier, &content, out);
    }
    Ok(head.octets + taken)
}

/// Writes the elements within a constructed one, up to its length or its end mark.
fn children(input: &[u8], length: Option<usize>, depth: usize, out: &mut Vec<u8>) -> Result<usize, Error> {
    let bounded = match length {
        Some(length) => input.get(..length).ok_or(Error::Malformed)?,
        None => input,
    };
    // Which elements came first: that shows an EncryptedContentInfo (RFC 5652 §6.1).
    let mut before: [u8; 2] = [0, 0];
    let mut at = 0;
    for place in 0_usize.. {
        let rest = bounded.get(at..).ok_or(Error::Malformed)?;
        if length.is_none() && rest.starts_with(&[0, 0]) {
            return Ok(at + 2);
        }
        if length.is_some() && rest.is_empty() {
            return Ok(at);
        }
        let start = out.len();
        at += element(rest, depth, out)?;
        let first = out.get(start).copied().unwrap_or(0);
        if place == 2 && before == [OBJECT_IDENTIFIER, SEQUENCE] && first == CONTEXT_0_CONSTRUCTED {
            // The encrypted content is an implicit OCTET STRING: constructed, it is one in pieces.
            let pieces = out.split_off(start);
            let content = pieces.get(head(&pieces)?.octets..).unwrap_or(&[]);
            write(&[CONTEXT_0], &joined(content)?, out);
        }
        if let Some(slot) = before.get_mut(place) {
            *slot = first;
        }
    }
    Err(Error::Malformed)
}

/// The contents of OCTET STRINGs in a row, put together.
fn joined(mut pieces: &[u8]) -> Result<Vec<u8>, Error> {
    let mut whole = Vec::with_capacity(pieces.len());
    while !pieces.is_empty() {
        let head = head(pieces)?;
        let end = head.octets + head.length.ok_or(Error::Malformed)?;
        if head.first() != OCTET_STRING {
            return Err(Error::Malformed);
        }
        whole.extend_from_slice(pieces.get(head.octets..end).ok_or(Error::Malformed)?);
        pieces = pieces.get(end..).unwrap_or(&[]);
    }
    Ok(whole)
}

fn write(identifier: &[u8], content: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(identifier);
    let length = content.len();
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or(0));
    } else {
        let digits = length.to_be_bytes();
        let digits = digits.get(digits.iter().take_while(|digit| **digit == 0).count()..).unwrap_or(&[]);
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(content);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn der_stays_as_it_is() {
        let der = [0x30, 0x06, 0x02, 0x01, 0x05, 0x04, 0x01, 0xff];
        assert_eq!(to_der(&der).unwrap(), der);
        assert_eq!(to_der(&[&der[..], b"\0\0"].concat()).unwrap(), der, "padding is passed over");
    }

    #[test]
    fn indefinite_lengths_and_pieces_become_definite_and_whole() {
        let ber = [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, 0x61, 0x04, 0x02, 0x62, 0x63, 0, 0, 0, 0];
        assert_eq!(to_der(&ber).unwrap(), [0x30, 0x05, 0x04, 0x03, 0x61, 0x62, 0x63]);
    }

    #[test]
    fn encrypted_content_in_pieces_becomes_one() {
        let ber =
            [0x30, 0x80, 0x06, 0x01, 0x2a, 0x30, 0x00, 0xa0, 0x80, 0x04, 0x01, 0x61, 0x04, 0x01, 0x62, 0, 0, 0, 0];
        assert_eq!(to_der(&ber).unwrap(), [0x30, 0x09, 0x06, 0x01, 0x2a, 0x30, 0x00, 0x80, 0x02, 0x61, 0x62]);
        // One level up it is an explicit tag, and stays.
        let explicit = [0x30, 0x08, 0x06, 0x01, 0x2a, 0xa0, 0x03, 0x04, 0x01, 0x61];
        assert_eq!(to_der(&explicit).unwrap(), explicit);
    }

    #[test]
    fn depth_has_a_limit() {
        let nested = |depth: usize| {
            let mut octets = [0x30, 0x80].repeat(depth);
            octets.extend([0, 0].repeat(depth));
            octets
        };
        assert!(to_der(&nested(BER_DEPTH_MAX)).is_ok());
        assert!(matches!(to_der(&nested(BER_DEPTH_MAX + 1)), Err(Error::Limit { .. })));
    }

    #[test]
    fn size_has_a_limit() {
        // Zeros that nobody looks at: an empty element, and padding behind it.
        assert_eq!(to_der(&vec![0; STRUCTURE_OCTETS_MAX]).unwrap(), [0, 0]);
        assert!(matches!(to_der(&vec![0; STRUCTURE_OCTETS_MAX + 1]), Err(Error::Limit { .. })));
    }

    #[test]
    fn what_is_cut_off_is_malformed() {
        for octets in [&[][..], &[0x30], &[0x30, 0x80], &[0x30, 0x82, 0x01], &[0x04, 0x80], &[0x04, 0x05, 0x01]] {
            assert_eq!(to_der(octets), Err(Error::Malformed), "{octets:02x?}");
        }
        let huge = [0x04, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(to_der(&huge), Err(Error::Malformed));
    }

    proptest::proptest! {
        #[test]
        fn anything_is_taken_without_a_panic_and_twice_is_once(octets: Vec<u8>) {
            if let Ok(der) = to_der(&octets) {
                proptest::prop_assert_eq!(to_der(&der).unwrap(), der);
            }
        }
    }
}
