//! Fields that files put into the header of a message to tell what was done with it: `Status`, `X-Status`, `X-Keywords`,
//! `X-UIDL` (mutt, Dovecot, c-client), `X-Mozilla-Status` (Thunderbird), `X-Gmail-Labels` (Takeout). Owns what they mean, and
//! that they are no part of the message.

use super::{Head, labels};
use crate::mirror::Flags;
use message::flags::flag_bits;
use message::header;
use std::ops::Range;

/// Keywords one message is given, and the octets of one: what servers keep.
const KEYWORDS_MAX: usize = 100;
pub(super) const KEYWORD_MAX: usize = 64;

/// The longest name of X-UIDL, as in POP3.
const UID_MAX: usize = 255;

/// Fields that are the file's, not the message's.
const OURS: [&str; 13] = [
    "Status",
    "X-Status",
    "X-Keywords",
    "X-UIDL",
    "X-UID",
    "X-IMAP",
    "X-IMAPbase",
    "X-Mozilla-Status",
    "X-Mozilla-Status2",
    "X-Mozilla-Keys",
    "X-Gmail-Labels",
    "X-GM-THRID",
    "Content-Length",
];

/// What the fields said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub head: Head,
    /// It was deleted, or is no message but a note of the program that kept the file.
    pub gone: bool,
}

/// Reads the fields of a header and takes them out of the content, which begins with it.
pub(super) fn take_out(content: &mut Vec<u8>) -> Told {
    let end = header::section_end(content, 0).unwrap_or(content.len());
    let mut told = Told::default();
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let section = content.get(..end).unwrap_or_default();
    for field in header::fields(section) {
        if OURS.iter().any(|ours| field.is(ours)) {
            read(&field, &mut told);
            ranges.push(own_lines(&field, section));
        }
    }
    remove(content, &ranges);
    told
}

/// Octets of the message's own Content-Length, where it has one.
pub(super) fn content_length(section: &[u8]) -> Option<u64> {
    let field = header::fields(section).find(|field| field.is("Content-Length"))?;
    std::str::from_utf8(field.value).ok()?.trim().parse().ok()
}

/// `Status`, the last that we write, is one line: what looks like its continuation is the beginning of the message.
fn own_lines(field: &header::Field<'_>, section: &[u8]) -> Range<usize> {
    if !field.is("Status") {
        return field.range.clone();
    }
    let text = section.get(field.range.clone()).unwrap_or_default();
    let first = memchr_line(text).unwrap_or(text.len());
    field.range.start..field.range.start + first
}

fn memchr_line(text: &[u8]) -> Option<usize> {
    text.iter().position(|octet| *octet == b'\n').map(|end| end + 1)
}

fn remove(content: &mut Vec<u8>, ranges: &[Range<usize>]) {
    let (mut kept, mut from) = (0, 0);
    for range in ranges {
        content.copy_within(from..range.start, kept);
        kept += range.start - from;
        from = range.end;
    }
    if from > 0 {
        let all = content.len();
        content.copy_within(from..all, kept);
        content.truncate(kept + all - from);
    }
}

fn read(field: &header::Field<'_>, told: &mut Told) {
    let first = field.value.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let value = String::from_utf8_lossy(first);
    let value = value.trim();
    let flags = &mut told.head.flags;
    if field.is("Status") || field.is("X-Status") {
        value.chars().for_each(|letter| flags.bits |= status_bit(letter));
    } else if field.is("X-Keywords") || field.is("X-Mozilla-Keys") {
        value.split_ascii_whitespace().for_each(|word| add_keyword(flags, word));
    } else if field.is("X-UIDL") {
        let sound = !value.is_empty() && value.len() <= UID_MAX && value.bytes().all(|octet| octet.is_ascii_graphic());
        told.head.uid = sound.then(|| value.to_owned());
    } else if field.is("X-IMAP") {
        told.gone = true;
    } else if field.is("X-Mozilla-Status") {
        mozilla(u32::from_str_radix(value, 16).unwrap_or_default(), told);
    } else if field.is("X-Gmail-Labels") {
        labels::read(field.value, &mut told.head);
    }
}

/// `Status: RO`, `X-Status: AFDT`. `O` and `N` say whether it is old, which no flag tells.
fn status_bit(letter: char) -> u64 {
    match letter {
        'R' => flag_bits::SEEN,
        'A' => flag_bits::ANSWERED,
        'F' => flag_bits::FLAGGED,
        'D' => flag_bits::DELETED,
        'T' => flag_bits::DRAFT,
        _ => 0,
    }
}

/// Thunderbird's bits: read, replied, marked, expunged, forwarded.
fn mozilla(bits: u32, told: &mut Told) {
    let flags = &mut told.head.flags;
    for (bit, flag) in [(1, flag_bits::SEEN), (2, flag_bits::ANSWERED), (4, flag_bits::FLAGGED)] {
        if bits & bit != 0 {
            flags.bits |= flag;
        }
    }
    if bits & 0x1000 != 0 {
        add_keyword(flags, "$Forwarded");
    }
    told.gone |= bits & 8 != 0;
}

/// Adds a keyword where it can be one (RFC 9051 §9, `flag-keyword` is an atom).
pub(super) fn add_keyword(flags: &mut Flags, word: &str) {
    let atom = |octet: u8| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(&octet);
    let sound = !word.is_empty() && word.len() <= KEYWORD_MAX && word.bytes().all(atom);
    if sound && flags.keywords.len() < KEYWORDS_MAX {
        flags.add(&Flags::keyword(word));
    }
}

/// The fields that tell this, a line each ended by LF. `Status` is the last: what follows it, even a line that looks like
/// its continuation, is read as the message's.
pub(super) fn write(head: &Head, out: &mut Vec<u8>) {
    let flags = &head.flags;
    let letters = |pairs: &[(u64, char)]| -> String {
        pairs.iter().filter(|(bit, _)| flags.has(*bit)).map(|(_, letter)| letter).collect()
    };
    let state =
        [(flag_bits::ANSWERED, 'A'), (flag_bits::FLAGGED, 'F'), (flag_bits::DRAFT, 'T'), (flag_bits::DELETED, 'D')];
    let state = letters(&state);
    if !state.is_empty() {
        out.extend_from_slice(format!("X-Status: {state}\n").as_bytes());
    }
    if !flags.keywords.is_empty() {
        let words: Vec<&str> = flags.keywords.iter().map(String::as_str).collect();
        out.extend_from_slice(format!("X-Keywords: {}\n", words.join(" ")).as_bytes());
    }
    if let Some(uid) = &head.uid {
        out.extend_from_slice(format!("X-UIDL: {uid}\n").as_bytes());
    }
    out.extend_from_slice(format!("Status: {}O\n", letters(&[(flag_bits::SEEN, 'R')])).as_bytes());
}

/// Fields that are written anew when the flags of a message in a file change.
const OF_FLAGS: [&str; 5] = ["Status", "X-Status", "X-Keywords", "X-Mozilla-Status", "X-Mozilla-Keys"];

/// Whether a line of a header in a file begins a field that tells flags.
pub(super) fn tells_flags(line: &[u8]) -> bool {
    begins_one_of(line, &OF_FLAGS)
}

/// Whether a line of a message's header begins a field of ours: it would be believed when the file is read again, so it is
/// not written.
pub(super) fn is_ours(line: &[u8]) -> bool {
    begins_one_of(line, &OURS)
}

fn begins_one_of(line: &[u8], names: &[&str]) -> bool {
    let Some(colon) = line.iter().position(|octet| *octet == b':') else { return false };
    let name = line.get(..colon).unwrap_or_default().trim_ascii_end();
    names.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}
