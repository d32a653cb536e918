//! Replies as they come: limits, garbage, what is kept.

use super::super::limits::{GARBAGE_KEPT, REPLY_KEPT, REPLY_LINE, REPLY_LINES, REPLY_OCTETS};
use super::super::reply::{Read, Reader, cleaned, kept};
use super::*;
use crate::smtp::Reply;
use proptest::prelude::*;

/// Reads a whole reply; `Err` is garbage.
fn read(octets: &[u8]) -> Result<Option<Reply>, String> {
    let (mut reader, mut rest) = (Reader::default(), octets);
    loop {
        match reader.read(rest) {
            Read::More(0) => return Ok(None),
            Read::More(taken) => rest = &rest[taken..],
            Read::Whole(_, reply) => return Ok(Some(reply)),
            Read::Garbage(text) => return Err(text),
        }
    }
}

fn whole(octets: &[u8]) -> bool {
    matches!(read(octets), Ok(Some(_)))
}

#[test]
fn a_line_has_a_limit() {
    let line = |octets: usize| format!("250 {}\r\n", "x".repeat(octets - 6)).into_bytes();
    assert!(whole(&line(REPLY_LINE)));
    assert!(read(&line(REPLY_LINE + 1)).is_err());
    assert_eq!(read(&vec![b'2'; REPLY_LINE - 1]), Ok(None));
    assert_eq!(read(&vec![b'2'; REPLY_LINE]).unwrap_err().len(), GARBAGE_KEPT);
}

#[test]
fn the_lines_of_a_reply_have_a_limit() {
    let lines = |count: usize| format!("{}250 x\r\n", "250-x\r\n".repeat(count - 1)).into_bytes();
    assert!(whole(&lines(REPLY_LINES)));
    assert!(read(&lines(REPLY_LINES + 1)).is_err());
    assert!(read("250-x\r\n".repeat(REPLY_LINES).as_bytes()).is_err(), "and it need not end to be too long");
}

#[test]
fn the_octets_of_a_reply_have_a_limit() {
    // Seventeen lines, the line ends not counted.
    let lines = |last: usize| {
        let line = format!("250-{}\r\n", "x".repeat(4090)).repeat(16);
        format!("{line}250 {}\r\n", "x".repeat(last)).into_bytes()
    };
    let room = REPLY_OCTETS - 16 * 4094 - 4;
    assert!(room <= 4090);
    let mut long = lines(room);
    assert!(whole(&long));
    long.splice(0..0, b"250-\r\n".iter().copied());
    assert!(read(&long).is_err());
}

#[test]
fn a_limit_is_for_one_reply() {
    let mut reader = Reader::default();
    let line = format!("250 {}\r\n", "x".repeat(4000));
    for _ in 0..100 {
        assert!(matches!(reader.read(line.as_bytes()), Read::Whole(..)));
    }
}

#[test]
fn what_is_no_reply_is_garbage() {
    for garbage in [
        "HTTP/1.1 400 Bad Request\r\n",
        "199 too low\r\n",
        "600 too high\r\n",
        "25 short\r\n",
        "2500 long\r\n",
        "250_x\r\n",
        " 250 x\r\n",
        "\r\n",
        "\n",
        "250-x\r\n251 y\r\n",
        "250-x\r\nx\r\n",
        "SSH-2.0-OpenSSH\r\n",
    ] {
        assert!(read(garbage.as_bytes()).is_err(), "{garbage:?}");
    }
    for reply in ["250\r\n", "250 \r\n", "250-\r\n250\r\n", "599 x\r\n", "200 x\n", "250 a\rb\r\n"] {
        assert!(whole(reply.as_bytes()), "{reply:?}");
    }
}

#[test]
fn so_much_of_a_reply_is_kept() {
    let said = |lines: Vec<String>| match kept(Reply {
        code: 550,
        enhanced: None,
        lines: lines.into_iter().map(Into::into).collect(),
    }) {
        Said::Reply(reply) => reply.lines.iter().map(|line| line.len()).collect::<Vec<_>>(),
        other => panic!("{other}"),
    };
    assert_eq!(said(vec!["x".repeat(REPLY_KEPT)]), [REPLY_KEPT]);
    assert_eq!(said(vec!["x".repeat(REPLY_KEPT + 1)]), [REPLY_KEPT]);
    assert_eq!(said(vec!["x".repeat(2000), "y".repeat(100), "z".into()]), [2000, 48]);
    assert_eq!(said(vec!["\u{fc}".repeat(REPLY_KEPT)]), [REPLY_KEPT]);
    assert_eq!(said(vec![format!("x{}", "\u{fc}".repeat(REPLY_KEPT))]), [REPLY_KEPT - 1]);
    assert_eq!(said(vec![String::new(), String::new()]), [0]);
}

#[test]
fn garbage_is_cleaned_and_short() {
    assert_eq!(cleaned(b"\x1b[31m\0\xff"), " [31m \u{fffd}");
    assert_eq!(cleaned(&[b'x'; GARBAGE_KEPT + 1]).len(), GARBAGE_KEPT);
    assert!(cleaned(&[0xff; GARBAGE_KEPT]).len() <= GARBAGE_KEPT);
}

proptest! {
    /// Cuts change nothing, and no octets break it.
    #[test]
    fn any_octets_are_read_the_same_however_they_come(octets in "([2-6][0-9]{2}[- x]|[a\0\r]|\r?\n){0,12}", at in 0_usize..40) {
        let octets = octets.as_bytes();
        let (mut reader, mut rest, mut end) = (Reader::default(), octets, at.min(octets.len()));
        let mut pieces = Ok(None);
        loop {
            match reader.read(&rest[..end]) {
                Read::More(0) if end == rest.len() => break,
                Read::More(0) => end = rest.len(),
                Read::More(taken) => (rest, end) = (&rest[taken..], end - taken),
                Read::Whole(_, reply) => { pieces = Ok(Some(reply)); break }
                Read::Garbage(text) => { pieces = Err(text); break }
            }
        }
        prop_assert_eq!(pieces, read(octets));
    }

    #[test]
    fn extensions_are_read_from_anything(lines in proptest::collection::vec("[ -~]{0,20}|SIZE [0-9]{0,25}|AUTH.*|LIMITS .*", 0..9)) {
        let lines = std::iter::once("mx".into()).chain(lines.into_iter().map(Into::into)).collect();
        let _ = Extensions::read(&Reply { code: 250, enhanced: None, lines });
    }
}

#[test]
fn extensions_are_what_the_lines_say() {
    use crate::sasl::Mechanism;
    let read = |text: &str| {
        let lines = text.split(" / ").map(|line| line.to_owned().into()).collect();
        Extensions::read(&Reply { code: 250, enhanced: None, lines })
    };
    assert_eq!(read("SIZE 10"), Extensions::default(), "the first line is a greeting");
    assert_eq!(read("mx / SIZE 10").size, Size::Limit(10));
    assert_eq!(read("mx / SIZE 0").size, Size::NoLimit);
    assert_eq!(read("mx / SIZE").size, Size::NoLimit);
    assert_eq!(read("mx / SIZE 99999999999999999999").size, Size::NoLimit);
    assert_eq!(read("mx / SIZED 10").size, Size::NotOffered);
    assert_eq!(read("mx / auth plain cram-md5 / AUTH=LOGIN PLAIN").auth, [Mechanism::Plain, Mechanism::Login]);
    assert_eq!(read("mx / XAUTH PLAIN"), Extensions::default());
    let limits = read("mx / LIMITS RCPTMAX=5 MAILMAX=0 RCPTDOMAINMAX=1 mailmax");
    assert_eq!((limits.recipients_max, limits.transactions_max), (Some(5), None));
    assert!(Size::Limit(9).excludes(10) && !Size::Limit(10).excludes(10) && !Size::NoLimit.excludes(10));
}
