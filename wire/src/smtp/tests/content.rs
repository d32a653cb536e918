//! What follows DATA: dots, ends, and what must not pass for an end.

use super::*;

/// Sends `octets` after 354; what came back.
fn data(octets: &[u8], slice: usize) -> (Drive, String) {
    let mut drive = Drive::with_recipient();
    assert!(drive.say("DATA").starts_with("354"));
    drive.slice = slice;
    let reply = drive.feed(octets);
    (drive, reply)
}

#[test]
fn dots_are_taken_off_at_line_starts_only() {
    let sent = b"..\r\n...\r\n.x\r\na.\r\n\r\n.\r\n";
    for slice in 1..=sent.len() {
        let (drive, reply) = data(sent, slice);
        assert!(reply.starts_with("250"), "{reply}");
        assert_eq!(drive.messages, [b".\r\n..\r\nx\r\na.\r\n\r\n"]);
    }
}

#[test]
fn an_empty_message_is_a_message() {
    let (drive, reply) = data(b".\r\n", 1);
    assert!(reply.starts_with("250"));
    assert_eq!(drive.messages, [b""]);
}

#[test]
fn nul_high_octets_and_long_lines_pass_as_they_are() {
    let mut sent = vec![0, 1, 0xff, 0x80, b'\t'];
    sent.extend(std::iter::repeat_n(b'x', 100_000));
    sent.extend(b"\r\n");
    let stored = sent.clone();
    sent.extend(b".\r\n");
    let (drive, reply) = data(&sent, 4096);
    assert!(reply.starts_with("250"));
    assert_eq!(drive.messages, [stored]);
}

/// CVE-2023-51764 and its kin: what other servers took for the end, or for a line.
#[test]
fn a_bare_cr_or_lf_spoils_the_message_and_ends_the_connection() {
    let tricks: [&[u8]; 14] = [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\n\r\n.\n",
        b"\r\r\n",
        b"\n\n",
        b"\r\n\r.\r\n",
        b"\r\n.\r\r\n",
        b"\r\n.\0\n",
        b"a\rb",
        b"a\nb",
    ];
    for trick in tricks {
        let mut sent = b"Subject: one\r\n\r\nfirst".to_vec();
        sent.extend(trick);
        sent.extend(b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\nsecond\r\n.\r\nNOOP\r\n");
        for slice in 1..sent.len() {
            let (drive, reply) = data(&sent, slice);
            assert_eq!(reply, "554 5.5.2 bare CR or LF in the message; lines end with CR LF\r\n", "{trick:?}");
            assert_eq!(drive.asks, [Ask::Content, Ask::Reset], "{trick:?}");
            assert!(drive.closed && drive.messages.is_empty());
        }
    }
}

#[test]
fn nothing_spoiled_reaches_the_desk_once_it_is_seen() {
    let (drive, reply) = data(b"good\r\nbad\nworse\r\nmore\r\n", usize::MAX);
    assert_eq!((reply.as_str(), drive.asks.last()), ("", Some(&Ask::Reset)));
    assert_eq!(drive.content, b"");
}

#[test]
fn the_size_limit_counts_content() {
    let send = |limit: u64, slice: usize| {
        let mut small = profile(Role::Mx);
        small.limits.message_size = limit;
        let mut drive = Drive::new(small);
        for line in ["EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<b@b.example>", "DATA"] {
            drive.say(line);
        }
        drive.asks.clear();
        drive.slice = slice;
        let reply = drive.feed(b"..2345\r\n89\r\n.\r\n");
        (drive, reply)
    };
    for slice in 1..20 {
        let (drive, reply) = send(11, slice);
        assert!(reply.starts_with("250") && drive.messages.len() == 1, "{reply}");
        let (mut drive, reply) = send(10, slice);
        assert!(reply.starts_with("552 5.3.4 ") && drive.messages.is_empty(), "{reply}");
        assert_eq!(drive.asks, [Ask::Reset]);
        assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("250"), "the connection goes on");
    }
}

#[test]
fn a_declared_size_over_the_limit_is_refused_at_mail() {
    let mut drive = Drive::greeted(Role::Mx);
    assert!(drive.say("MAIL FROM:<a@b.example> SIZE=52428801").starts_with("552 5.3.4 "));
    assert!(drive.say("MAIL FROM:<a@b.example> SIZE=99999999999999999999").starts_with("552 5.3.4 "));
    assert!(drive.asks.is_empty());
    assert!(drive.say("MAIL FROM:<a@b.example> SIZE=52428800").starts_with("250"));
}

#[test]
fn what_the_commit_says_is_told() {
    let mut drive = Drive::with_recipient();
    drive.commit_refusal = Some(Reply::new(451, Enhanced(4, 3, 0), "disk failed"));
    drive.say("DATA");
    assert_eq!(drive.say("x\r\n."), "451 4.3.0 disk failed\r\n");
    assert!(drive.say("RCPT TO:<b@b.example>").starts_with("503"), "the transaction is over");
}

#[test]
fn a_lost_connection_is_a_lost_message() {
    let mut drive = Drive::with_recipient();
    drive.say("DATA");
    drive.say("half");
    assert_eq!(drive.event(Event::PeerClosed), "");
    assert_eq!(drive.asks, [Ask::Content, Ask::Reset]);
    assert!(drive.closed && drive.messages.is_empty());
}
