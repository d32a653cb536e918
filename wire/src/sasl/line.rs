//! The lines an exchange travels in, where a protocol writes them in base64 (RFC 5034 §4, RFC 4954 §4). Owns the
//! strict reading and the writing; the length of a line is the protocol's to limit.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A line from the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// `*`: the client leaves the exchange.
    Cancel,
    /// A response, decoded; an empty line is an empty response.
    Response(Vec<u8>),
}

/// Neither base64 nor `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is not base64")]
pub struct NotBase64;

/// Reads a response line without its CRLF: base64 with its padding, no other octets, no bits left over (RFC 4648 §3).
pub fn decode(line: &[u8]) -> Result<Line, NotBase64> {
    match line {
        b"*" => Ok(Line::Cancel),
        _ => STANDARD.decode(line).map(Line::Response).map_err(|_| NotBase64),
    }
}

/// Reads the initial response of an AUTH command, where `=` is the empty one and `*` means nothing.
pub fn decode_initial(word: &[u8]) -> Result<Vec<u8>, NotBase64> {
    match word {
        b"=" => Ok(Vec::new()),
        _ => STANDARD.decode(word).map_err(|_| NotBase64),
    }
}

/// Writes a challenge or a response.
#[must_use]
pub fn encode(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// Writes an initial response.
#[must_use]
pub fn encode_initial(data: &[u8]) -> String {
    if data.is_empty() { "=".to_owned() } else { encode(data) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_cancels_and_an_empty_line_is_empty() {
        assert_eq!(decode(b"*"), Ok(Line::Cancel));
        assert_eq!(decode(b""), Ok(Line::Response(Vec::new())));
        assert_eq!(decode(b"AGE="), Ok(Line::Response(b"\0a".to_vec())));
        assert_eq!(decode_initial(b"*"), Err(NotBase64));
    }

    #[test]
    fn only_an_initial_response_has_a_sign_for_nothing() {
        assert_eq!(decode_initial(b"="), Ok(Vec::new()));
        assert_eq!(decode(b"="), Err(NotBase64));
        assert_eq!(encode_initial(b""), "=");
        assert_eq!(encode(b""), "");
    }

    #[test]
    fn base64_is_read_strictly() {
        for wrong in ["AGE", "AGE==", "AG=E", "AGF=", "A GE=", "AGE= ", "AGE=\r", "AGE=AGE=", "-_-_", "**", "\u{e9}"] {
            assert_eq!(decode(wrong.as_bytes()), Err(NotBase64), "{wrong:?}");
            assert_eq!(decode_initial(wrong.as_bytes()), Err(NotBase64), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(data: Vec<u8>) {
            prop_assert_eq!(decode(encode(&data).as_bytes()), Ok(Line::Response(data.clone())));
            prop_assert_eq!(decode_initial(encode_initial(&data).as_bytes()), Ok(data));
        }

        #[test]
        fn there_is_one_way_to_write_it(line in "[A-D=*]{0,8}") {
            if let Ok(Line::Response(data)) = decode(line.as_bytes()) {
                prop_assert_eq!(encode(&data), line);
            }
        }
    }
}
