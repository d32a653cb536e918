//! Commands before and after their time (RFC 5321 §4.1.4).

use super::*;

/// Lines that lead to a state, and the reply codes of the probes there, in the order of [`PROBES`].
const STATES: &[(&str, &[&str], [u16; 13])] = &[
    ("fresh", &[], [503, 503, 503, 503, 503, 503, 250, 250, 252, 214, 250, 500, 221]),
    ("greeted", &["EHLO c.example"], [250, 503, 503, 503, 220, 538, 250, 250, 252, 214, 250, 500, 221]),
    (
        "mail",
        &["EHLO c.example", "MAIL FROM:<a@b.example>"],
        [503, 250, 503, 503, 220, 503, 250, 250, 252, 214, 250, 500, 221],
    ),
    (
        "refused",
        &["EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<nobody@b.example>"],
        [503, 250, 554, 554, 220, 503, 250, 250, 252, 214, 250, 500, 221],
    ),
    (
        "recipient",
        &["EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<b@b.example>"],
        [503, 250, 354, 250, 220, 503, 250, 250, 252, 214, 250, 500, 221],
    ),
    (
        "chunks",
        &["EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<b@b.example>", "BDAT 0"],
        [503, 503, 503, 250, 220, 503, 250, 250, 252, 214, 250, 500, 221],
    ),
    (
        "failed",
        &["EHLO c.example", "MAIL FROM:<a@b.example>", "RCPT TO:<b@b.example>", "BDAT 1\r\n\n"],
        [503, 503, 503, 503, 220, 503, 250, 250, 252, 214, 250, 500, 221],
    ),
];

const PROBES: [&str; 13] = [
    "MAIL FROM:<a@b.example>",
    "RCPT TO:<c@b.example>",
    "DATA",
    "BDAT 0",
    "STARTTLS",
    "AUTH PLAIN AGJvYgBodW5ncnk=",
    "NOOP anything",
    "RSET",
    "VRFY bob",
    "HELP",
    "EHLO again.example",
    "LHLO again.example",
    "QUIT",
];

#[test]
fn every_command_in_every_state() {
    for (state, lines, expected) in STATES {
        for (probe, code) in PROBES.iter().zip(expected) {
            let mut drive = Drive::new(profile(Role::Mx));
            drive.feed(b"");
            for line in *lines {
                // The chunk that fails a transaction comes without a CR LF after it.
                if let Some(octets) = line.strip_suffix('\n') {
                    drive.feed(format!("{octets}\n").as_bytes());
                } else {
                    drive.say(line);
                }
            }
            let reply = drive.say(probe);
            assert!(reply.starts_with(&code.to_string()), "{state}, {probe}: {reply}");
        }
    }
}

#[test]
fn a_greeting_or_rset_drops_the_transaction() {
    let mut drive = Drive::with_recipient();
    drive.say("RSET");
    assert_eq!(drive.asks, [Ask::Reset]);
    assert!(drive.say("RCPT TO:<b@b.example>").starts_with("503"));
    drive.say("RSET");
    assert_eq!(drive.asks.len(), 1, "nothing to forget");
    drive.say("MAIL FROM:<a@b.example>");
    drive.say("EHLO again.example");
    assert!(matches!(drive.asks.last(), Some(Ask::Greeted(..))));
    assert!(drive.say("RCPT TO:<b@b.example>").starts_with("503"));
    assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("250"));
}

#[test]
fn a_refused_sender_opens_nothing() {
    let mut drive = Drive::greeted(Role::Mx);
    assert!(drive.say("MAIL FROM:<never@b.example>").starts_with("554"));
    assert!(drive.say("RCPT TO:<b@b.example>").starts_with("503"));
    assert!(drive.say("MAIL FROM:<a@b.example>").starts_with("250"));
}

#[test]
fn content_the_desk_refuses_leaves_the_transaction() {
    let mut drive = Drive::with_recipient();
    drive.content_refusal = Some(Reply::new(452, Enhanced(4, 3, 1), "disk full"));
    assert_eq!(drive.say("DATA"), "452 4.3.1 disk full\r\n");
    drive.content_refusal = None;
    assert!(drive.say("DATA").starts_with("354"));
}

#[test]
fn pipelined_commands_are_answered_in_order() {
    let mut drive = Drive::new(profile(Role::Mx));
    drive.feed(b"");
    let reply = drive.feed(
        b"EHLO c.example\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<nobody@b.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n",
    );
    let codes: Vec<&str> = reply.lines().filter(|line| line.as_bytes()[3] == b' ').map(|line| &line[..3]).collect();
    assert_eq!(codes, ["250", "250", "550", "250", "354"]);
    let reply = drive.feed(b"x\r\n.\r\nMAIL FROM:<a@b.example>\r\nRSET\r\nQUIT\r\nNOOP\r\n");
    let codes: Vec<&str> = reply.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["250", "250", "250", "221"], "nothing is read after QUIT");
    assert_eq!(drive.messages, [b"x\r\n"]);
}
