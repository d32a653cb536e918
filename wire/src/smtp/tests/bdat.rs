//! CHUNKING and BINARYMIME (RFC 3030).

use super::*;

fn with_body(body: &str) -> Drive {
    let mut drive = Drive::greeted(Role::Mx);
    drive.say(&format!("MAIL FROM:<a@b.example>{body}"));
    drive.say("RCPT TO:<b@b.example>");
    drive.asks.clear();
    drive
}

#[test]
fn chunks_make_one_message_at_every_slice() {
    for slice in 1..30 {
        let mut drive = with_body("");
        drive.slice = slice;
        let reply = drive.feed(b"BDAT 9\r\nSubject: BDAT 3\r\nx\r\nBDAT 0\r\nbdat 3 last\r\n.\r\nNOOP\r\n");
        let codes: Vec<&str> = reply.lines().map(|line| &line[..3]).collect();
        assert_eq!(codes, ["250"; 5]);
        assert_eq!(drive.messages, [b"Subject: x\r\n.\r\n"]);
        assert_eq!(drive.asks, [Ask::Content, Ask::Commit], "content is asked for once");
    }
}

#[test]
fn the_last_chunk_may_be_empty_and_lines_may_cross_chunks() {
    let mut drive = with_body("");
    assert!(drive.feed(b"BDAT 2\r\nx\rBDAT 1\r\n\nBDAT 0 LAST\r\n").ends_with("250 2.0.0 ok\r\n"));
    assert_eq!(drive.messages, [b"x\r\n"]);
    let mut drive = with_body("");
    assert!(drive.feed(b"BDAT 1 LAST\r\nx").starts_with("250"), "no CR LF is asked of the end");
    assert_eq!(drive.messages, [b"x"]);
}

#[test]
fn a_bare_cr_or_lf_fails_the_message() {
    for chunk in ["BDAT 3\r\na\nb", "BDAT 3\r\na\rb", "BDAT 2\r\n\n\r", "BDAT 2\r\na\rBDAT 1\r\nb"] {
        let mut drive = with_body("");
        drive.feed(chunk.as_bytes());
        assert_eq!(drive.asks, [Ask::Content, Ask::Reset], "{chunk:?}");
        assert!(drive.feed(b"BDAT 3\r\nxyz").starts_with("503"));
        assert!(drive.feed(b"BDAT 3 LAST\r\nxyz").starts_with("503"));
        assert!(!drive.closed && drive.messages.is_empty());
        assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("250"), "LAST ends the transaction");
    }
    let mut drive = with_body("");
    assert!(drive.feed(b"BDAT 2 LAST\r\nx\r").starts_with("554 5.5.2 "), "a CR at the very end");
    assert_eq!(drive.asks, [Ask::Content, Ask::Reset]);
}

#[test]
fn binary_content_passes_octet_for_octet() {
    let mut drive = with_body(" BODY=BINARYMIME");
    assert!(drive.say("DATA").starts_with("503"), "RFC 3030 section 3");
    assert!(drive.feed(b"BDAT 6 LAST\r\n\n\r\0\xff.\r").starts_with("250"));
    assert_eq!(drive.messages, [b"\n\r\0\xff.\r"]);
}

#[test]
fn a_chunk_before_its_time_is_swallowed() {
    let mut drive = Drive::greeted(Role::Mx);
    assert_eq!(drive.feed(b"BDAT 6 LAST\r\nRSET\r\nNOOP\r\n").lines().count(), 2);
    assert!(drive.asks.is_empty());
    let mut drive = with_body("");
    assert!(drive.feed(b"BDAT 1 LAST\r\nxBDAT 6\r\nRSET\r\n").contains("503 5.5.1 "), "after LAST");
    assert_eq!(drive.messages.len(), 1);
}

#[test]
fn sizes_that_cannot_be() {
    let mut drive = with_body("");
    assert!(drive.say("BDAT").starts_with("501 5.5.4 "));
    assert!(drive.feed(b"BDAT 3 FIRST\r\nxyz").starts_with("501 5.5.4 "));
    assert!(drive.say("BDAT 0").starts_with("503"), "a chunk was lost");
    for size in ["18446744073709551616", "-1", "0x10", "ten"] {
        let mut drive = with_body("");
        assert!(drive.say(&format!("BDAT {size}")).starts_with("501 5.5.4 "));
        assert!(drive.closed, "what follows cannot be counted");
    }
}

#[test]
fn the_size_limit_counts_all_chunks() {
    let mut small = profile(Role::Mx);
    small.limits.message_size = 10;
    let open = |drive: &mut Drive| {
        for line in ["EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<b@b.example>"] {
            drive.say(line);
        }
        drive.asks.clear();
    };
    let mut drive = Drive::new(small.clone());
    open(&mut drive);
    assert!(drive.feed(b"BDAT 5\r\n12345BDAT 5 LAST\r\n67890").ends_with("250 2.0.0 ok\r\n"));
    let mut drive = Drive::new(small.clone());
    open(&mut drive);
    let reply = drive.feed(b"BDAT 5\r\n12345BDAT 6\r\n678901NOOP\r\n");
    assert!(reply.contains("552 5.3.4 ") && reply.ends_with("250 2.0.0 ok\r\n"), "{reply}");
    assert_eq!(drive.asks, [Ask::Content, Ask::Reset]);
    let mut drive = Drive::new(small.clone());
    open(&mut drive);
    assert!(drive.feed(b"BDAT 4\r\n1234BDAT 4\r\n5678BDAT 3 LAST\r\n901").contains("552 5.3.4 "));
    let mut drive = Drive::new(small);
    open(&mut drive);
    assert_eq!(drive.say("BDAT 18446744073709551615"), "", "it is being swallowed");
    assert_eq!(drive.asks, [Ask::Reset]);
}

#[test]
fn a_desk_that_wants_no_content_fails_the_transaction() {
    let mut drive = with_body("");
    drive.content_refusal = Some(Reply::new(452, Enhanced(4, 3, 1), "disk full"));
    let reply = drive.feed(b"BDAT 3\r\nabcBDAT 3 LAST\r\ndefNOOP\r\n");
    let codes: Vec<&str> = reply.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["452", "503", "250"]);
    assert!(drive.messages.is_empty());
    assert_eq!(drive.asks, [Ask::Content, Ask::Reset]);
}
