//! Where a message ends, held against a plain reading of RFC 5321 §4.1.1.4 for every short text of the octets that
//! matter: what two servers could be made to read differently (CVE-2023-51764, -51765, -51766) is among them.

use super::super::bdat::LineEnds;
use super::super::data::{Fault, Reader};

/// CR, LF, dot and NUL, and one octet that stands for all others.
const OCTETS: [u8; 5] = *b"\r\n.\0x";
/// Texts of up to so many octets: enough for the longest false end known, CR LF dot CR CR LF.
const LONGEST: usize = 6;

/// Every text of these lengths.
fn texts() -> impl Iterator<Item = Vec<u8>> {
    (0..=LONGEST).flat_map(|length| {
        (0..OCTETS.len().pow(u32::try_from(length).unwrap())).map(move |number| {
            let digits = (0..length).scan(number, |rest, _| {
                let digit = *rest % OCTETS.len();
                *rest /= OCTETS.len();
                Some(OCTETS[digit])
            });
            digits.collect()
        })
    })
}

/// A CR without LF or a LF without CR.
fn has_bare_line_end(text: &[u8]) -> bool {
    (0..text.len()).any(|at| match text[at] {
        b'\r' => text.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || text[at - 1] != b'\r',
        _ => false,
    })
}

/// What comes of everything after 354: the content or its fault, and how many octets belong to it.
fn plainly(sent: &[u8]) -> (Result<Vec<u8>, Fault>, usize) {
    let begins_line = |at: usize| at == 0 || sent[..at].ends_with(b"\r\n");
    let end = (0..sent.len()).find(|at| begins_line(*at) && sent[*at..].starts_with(b".\r\n")).unwrap();
    let kept = (0..end).filter(|at| sent[*at] != b'.' || !begins_line(*at)).map(|at| sent[at]).collect();
    let content = if has_bare_line_end(&sent[..end]) { Err(Fault::BareLineEnd) } else { Ok(kept) };
    (content, end + 3)
}

/// The same by the reader, which is offered `cut` octets more each time.
fn by_the_reader(sent: &[u8], cut: usize) -> (Result<Vec<u8>, Fault>, usize) {
    let mut reader = Reader::new(1000);
    let (mut content, mut taken, mut offered) = (Vec::new(), 0, 0);
    loop {
        assert!(offered < sent.len(), "the end was not found");
        offered = (offered + cut).min(sent.len());
        let input = &sent[taken..offered];
        let found = reader.read(input);
        found.runs.iter().for_each(|run| content.extend_from_slice(&input[run.clone()]));
        taken += found.taken;
        if found.ended {
            return (reader.fault().map_or(Ok(content), Err), taken);
        }
    }
}

#[test]
fn data_ends_where_the_rfc_says_and_nowhere_else() {
    for text in texts() {
        // In the middle of a line, and at its start.
        for before in [&b"a"[..], b"a\r\n"] {
            let sent = [before, &text, b"RSET\r\n.\r\nNOOP\r\n.\r\n"].concat();
            let expected = plainly(&sent);
            for cut in [1, 2, 3, sent.len()] {
                assert_eq!(
                    by_the_reader(&sent, cut),
                    expected,
                    "{:?} in pieces of {cut}",
                    sent.escape_ascii().to_string()
                );
            }
        }
    }
}

#[test]
fn chunks_hold_whole_lines_however_they_are_cut() {
    for text in texts() {
        for cut in 0..=text.len() {
            let (first, second) = text.split_at(cut);
            let mut ends = LineEnds::default();
            let sound = ends.accept(first) && ends.accept(second) && ends.complete();
            assert_eq!(sound, !has_bare_line_end(&text), "{:?} cut at {cut}", text.escape_ascii().to_string());
        }
    }
}

/// Whichever shows first: the connection is closed for it, and goes on after a message that is only too large.
#[test]
fn a_bare_line_end_weighs_more_than_too_many_octets() {
    for sent in [&b"a\nbcdefghijk\r\n.\r\n"[..], b"abcdefghijk\r\nl\n.\r\n.\r\n"] {
        for cut in 1..=sent.len() {
            let (mut reader, mut taken) = (Reader::new(4), 0);
            for offered in (cut..sent.len()).step_by(cut).chain([sent.len()]) {
                let found = reader.read(&sent[taken..offered]);
                taken += found.taken;
            }
            assert_eq!((reader.fault(), taken), (Some(Fault::BareLineEnd), sent.len()), "{cut}");
        }
    }
}
