//! Finds command lines in input. Only CR LF ends a line (RFC 5321 §2.3.8); CR and LF alone are told apart from a
//! line, never taken for one.

use memchr::memchr2;

/// What input begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Not yet enough to tell.
    Unfinished,
    /// A line; its text stands without CR LF, so `text.len() + 2` octets are to be taken.
    Whole(&'a [u8]),
    /// More than the limit; so many octets of it are here, without CR or LF.
    TooLong(usize),
    /// A CR without LF, or a LF without CR.
    Bare,
}

/// Looks at the start of `bytes` for a line of at most `limit` octets, CR LF counted.
pub fn read(bytes: &[u8], limit: usize) -> Line<'_> {
    let room = limit.saturating_sub(2);
    match memchr2(b'\r', b'\n', bytes) {
        None if bytes.len() > room => Line::TooLong(bytes.len()),
        None => Line::Unfinished,
        Some(end) if end > room => Line::TooLong(end),
        Some(end) => match bytes.get(end..) {
            Some([b'\r', b'\n', ..]) => Line::Whole(bytes.get(..end).unwrap_or_default()),
            Some([b'\r']) => Line::Unfinished,
            _ => Line::Bare,
        },
    }
}

/// What is left of a line that was too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// So many octets belong to it, and it goes on.
    More(usize),
    /// So many octets end it, CR LF counted.
    End(usize),
    /// A CR without LF, or a LF without CR.
    Bare,
}

/// Looks for the end of a line that was too long.
pub fn skip(bytes: &[u8]) -> Rest {
    match memchr2(b'\r', b'\n', bytes) {
        None => Rest::More(bytes.len()),
        Some(end) => match bytes.get(end..) {
            Some([b'\r', b'\n', ..]) => Rest::End(end + 2),
            Some([b'\r']) => Rest::More(end),
            _ => Rest::Bare,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cr_lf_ends_a_line() {
        assert_eq!(read(b"", 10), Line::Unfinished);
        assert_eq!(read(b"NOOP", 10), Line::Unfinished);
        assert_eq!(read(b"NOOP\r", 10), Line::Unfinished);
        assert_eq!(read(b"NOOP\r\nQUIT\r\n", 10), Line::Whole(b"NOOP"));
        assert_eq!(read(b"NOOP\n", 10), Line::Bare);
        assert_eq!(read(b"NO\rOP\r\n", 10), Line::Bare);
        assert_eq!(read(b"\r\r\n", 10), Line::Bare);
    }

    #[test]
    fn the_limit_counts_cr_lf() {
        assert_eq!(read(b"12345678\r\n", 10), Line::Whole(b"12345678"));
        assert_eq!(read(b"12345678", 10), Line::Unfinished);
        assert_eq!(read(b"123456789\r\n", 10), Line::TooLong(9));
        assert_eq!(read(b"123456789", 10), Line::TooLong(9));
    }

    #[test]
    fn the_rest_of_a_long_line_is_skipped() {
        assert_eq!(skip(b"abc"), Rest::More(3));
        assert_eq!(skip(b"abc\r"), Rest::More(3));
        assert_eq!(skip(b"abc\r\nNOOP"), Rest::End(5));
        assert_eq!(skip(b"abc\nNOOP"), Rest::Bare);
        assert_eq!(skip(b"abc\rd"), Rest::Bare);
    }
}
