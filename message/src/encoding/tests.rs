#![allow(clippy::unwrap_used)]
use super::*;
use proptest::prelude::*;

fn base64_of(input: &[u8], chunk: usize) -> Vec<u8> {
    let (mut encoder, mut out) = (base64::Encoder::default(), Vec::new());
    input.chunks(chunk).for_each(|chunk| encoder.push(chunk, &mut out));
    encoder.finish(&mut out);
    out
}

fn quoted_of(input: &[u8], chunk: usize) -> Vec<u8> {
    let (mut encoder, mut out) = (quoted_printable::Encoder::default(), Vec::new());
    input.chunks(chunk).for_each(|chunk| encoder.push(chunk, &mut out));
    encoder.finish(&mut out);
    out
}

fn decoded(encoding: TransferEncoding, input: &[u8], chunk: usize) -> Vec<u8> {
    let (mut decoder, mut out) = (Decoder::of(encoding), Vec::new());
    input.chunks(chunk).for_each(|chunk| decoder.push(chunk, &mut out));
    decoder.finish(&mut out);
    out
}

#[test]
fn base64_has_lines_of_76() {
    let encoded = base64_of(&[0; 58], 7);
    assert_eq!(encoded, format!("{}\r\nAA==", "A".repeat(76)).into_bytes());
    assert_eq!(base64_of(&[0; 57], 7).len(), 76);
    assert_eq!(base64_of(b"", 1), b"");
}

/// The figures of the classic text books, both ways.
#[test]
fn the_classic_figures_come_out() {
    assert_eq!(base64_of(&[0xCC, 0x81, 0x39], 1), b"zIE5");
    assert_eq!(decode(TransferEncoding::Base64, b"zIE5"), [0xCC, 0x81, 0x39]);
    let quoted: &[u8] = &[0x26, 0x4C, 0x9D, 0x39, 0x4B];
    assert_eq!(quoted_of(quoted, 1), b"&L=9D9K");
    assert_eq!(decode(TransferEncoding::QuotedPrintable, b"&L=9D9K"), quoted);
    for (encoding, octets) in [
        (TransferEncoding::SevenBit, &b"Do you like ketchup?\r\n"[..]),
        (TransferEncoding::EightBit, "cr\u{ea}pe\r\n".as_bytes()),
        (TransferEncoding::Binary, b"\x00\xCC\x81\x39\n=zIE5"),
    ] {
        assert_eq!(decode(encoding, octets), octets);
    }
}

#[test]
fn base64_reads_what_is_broken() {
    for (text, meant) in [
        ("aGVs bG8=", "hello"),
        ("aGVsbG8", "hello"),
        ("aGVs*bG8=\r\n", "hello"),
        ("aGk=aGk=", "hihi"),
        ("aGVsb", "hel"),
        ("====", ""),
    ] {
        assert_eq!(decode(TransferEncoding::Base64, text.as_bytes()), meant.as_bytes(), "{text}");
    }
}

#[test]
fn quoted_printable_is_written_exactly() {
    for (text, encoded) in [
        ("a=b\r\n", "a=3Db\r\n"),
        ("a \r\nb\t", "a=20\r\nb=09"),
        ("a\nb\rc", "a=0Ab=0Dc"),
        ("é", "=C3=A9"),
        ("a b", "a b"),
        ("a \rb", "a=20=0Db"),
    ] {
        assert_eq!(quoted_of(text.as_bytes(), 1), encoded.as_bytes(), "{text:?}");
    }
    // What a message of an mbox begins with begins no line, not after a soft line break either.
    for (text, encoded) in [
        ("From x", "=46rom x"),
        ("From \r\nFrom\r\nFr\r\n", "=46rom=20\r\nFrom\r\nFr\r\n"),
        (" From x", " From x"),
        ("Frank", "Frank"),
        ("FrFrom ", "FrFrom=20"),
        ("\nFrom x", "=0AFrom x"),
        ("From", "From"),
    ] {
        assert_eq!(quoted_of(text.as_bytes(), 1), encoded.as_bytes(), "{text:?}");
    }
    let soft = quoted_of(format!("{}From x{}Front", "x".repeat(75), "x".repeat(70)).as_bytes(), 3);
    assert_eq!(soft, format!("{}=\r\n=46rom x{}=\r\n{}Front", "x".repeat(75), "x".repeat(67), "xxx").as_bytes());
    let long = quoted_of(&[b'x'; 200], 3);
    assert!(long.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
    assert!(long.starts_with(&[&[b'x'; 75][..], b"=\r\nx"].concat()));
}

#[test]
fn quoted_printable_reads_what_is_broken() {
    for (text, meant) in [
        ("a=3Db=\r\nc", "a=bc"),
        ("a=\nb", "ab"),
        ("a= \t\r\nb", "ab"),
        ("a=zb", "a=zb"),
        ("a=3", "a=3"),
        ("a=", "a"),
        ("a=c3=a9", "aé"),
        ("a  \r\nb \n", "a\r\nb\n"),
        ("a==3D", "a=="),
        ("a=\rb", "a=\rb"),
        ("a=4=41", "a=4A"),
    ] {
        assert_eq!(decode(TransferEncoding::QuotedPrintable, text.as_bytes()), meant.as_bytes(), "{text:?}");
    }
}

proptest! {
    #[test]
    fn base64_comes_back(input in proptest::collection::vec(any::<u8>(), 0..400), chunk in 1..90_usize) {
        let encoded = base64_of(&input, chunk);
        prop_assert!(encoded.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
        prop_assert_eq!(encoded.len() as u64, base64::encoded_length(input.len() as u64));
        prop_assert_eq!(decoded(TransferEncoding::Base64, &encoded, chunk), input);
    }

    #[test]
    fn quoted_printable_comes_back(
        input in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'\r'), Just(b'\n'), Just(b'=')], 0..300),
        word in "(F|Fr|Fro|From|From |\r\n){0,60}",
        chunk in 1..90_usize,
    ) {
        let input = [word.as_bytes(), &input].concat();
        let encoded = quoted_of(&input, chunk);
        prop_assert!(encoded.split(|byte| *byte == b'\n').all(|line| !line.starts_with(b"From ")));
        prop_assert!(encoded.is_ascii() && encoded.split(|byte| *byte == b'\n').all(|line| line.len() <= 77));
        prop_assert_eq!(decoded(TransferEncoding::QuotedPrintable, &encoded, chunk), input);
    }

    #[test]
    fn chunks_make_no_difference(input in "[=a-fA-F0-9 \t\r\n+/é]{0,60}", chunk in 1..9_usize) {
        for encoding in [TransferEncoding::Base64, TransferEncoding::QuotedPrintable] {
            prop_assert_eq!(decoded(encoding, input.as_bytes(), chunk), decode(encoding, input.as_bytes()));
        }
    }
}
