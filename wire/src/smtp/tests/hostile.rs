//! Input from those who mean no good: no octets make a session panic, stand still or disagree with itself.

use super::*;
use proptest::prelude::*;

#[test]
fn line_ends_other_than_cr_lf_end_the_connection() {
    for input in [&b"NOOP\n"[..], b"NO\rOP\r\n", b"NOOP\r\r\n", b"\n", b"HELO c.example\nMAIL FROM:<a@b.example>\r\n"] {
        for slice in 1..=input.len() {
            let mut drive = Drive::new(profile(Role::Mx));
            drive.feed(b"");
            drive.slice = slice;
            assert_eq!(drive.feed(input), "500 5.5.2 lines end with CR LF\r\n", "{input:?}");
            assert!(drive.closed && drive.asks.is_empty());
        }
    }
}

#[test]
fn what_is_no_text_is_no_command() {
    for input in
        [&b"NOOP \0\r\n"[..], b"\xff\xf4\xff\xfd\x06\r\n", b"MAIL FROM:<a\x1b[2J@b.example>\r\n", b"\x16\x03\x01\r\n"]
    {
        assert!(Drive::greeted(Role::Mx).feed(input).starts_with("500 5.5.2 "), "{input:?}");
    }
}

#[test]
fn a_browser_is_shown_the_door() {
    let mut drive = Drive::new(profile(Role::Mx));
    drive.feed(b"");
    assert!(drive.feed(b"POST / HTTP/1.1\r\nHost: x\r\n\r\nHELO x\r\n").starts_with("500 5.5.1 "));
    assert!(drive.closed && drive.asks.is_empty());
}

/// What a client might send: commands that hold together, and scraps.
fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "EHLO c.example\r\n",
        "LHLO c.example\r\n",
        "MAIL FROM:<a@b.example>\r\n",
        "MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n",
        "RCPT TO:<b@b.example>\r\n",
        "RCPT TO:<nobody@b.example>\r\n",
        "DATA\r\n",
        "line\r\n",
        "\r\n.\r\n",
        "..\r\n",
        "BDAT 3\r\nabc",
        "BDAT 2 LAST\r\n\r\n",
        "BDAT 1\r\n\n",
        "BDAT 5 FIRST\r\n",
        "RSET\r\n",
        "STARTTLS\r\n",
        "AUTH PLAIN\r\n",
        "AUTH PLAIN AGJvYgBodW5ncnk=\r\n",
        "*\r\n",
        "HELP\r\n",
        "NOPE\r\n",
        "\r",
        "\n",
        ".",
        "QUIT\r\n",
    ]);
    let scrap = prop_oneof![
        20 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(scrap, 0..25).prop_map(|scraps| scraps.concat())
}

/// Everything a session did, but for how content was cut into runs, and content that was thrown away.
fn transcript(role: Role, input: &[u8], slice: usize) -> (String, Vec<Ask>, Vec<Vec<u8>>, bool) {
    let mut small = profile(role);
    small.plaintext_login = true;
    small.limits.message_size = 40;
    // What comes after STARTTLS in one slice is dropped by the driver, so there cutting would matter.
    small.tls_available = false;
    let mut drive = Drive::new(small);
    drive.slice = slice;
    let sent = drive.feed(input);
    (sent, drive.asks, drive.messages, drive.closed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn how_input_is_cut_changes_nothing(input in scraps(), slice in 1usize..40) {
        for role in [Role::Mx, Role::Submission, Role::Lmtp] {
            prop_assert_eq!(transcript(role, &input, slice), transcript(role, &input, usize::MAX));
        }
    }

    #[test]
    fn no_input_stands_still(input in scraps(), slice in 1usize..40) {
        let mut drive = Drive::new(profile(Role::Mx));
        drive.slice = slice;
        drive.feed(&input);
        drive.feed(b"\r\n.\r\n");
        let waits = drive.server.deadline().is_some();
        prop_assert!(waits != drive.closed, "an open session waits for something");
        drive.event(Event::PeerClosed);
        prop_assert!(drive.closed);
    }

    #[test]
    fn a_transaction_is_committed_or_reset(input in scraps()) {
        let mut drive = Drive::new(profile(Role::Mx));
        drive.feed(&input);
        drive.event(Event::PeerClosed);
        let mut open = false;
        for ask in &drive.asks {
            match ask {
                Ask::Sender(_) => open = true,
                Ask::Commit => {
                    prop_assert!(open);
                    open = false;
                }
                Ask::Reset | Ask::Greeted(..) => open = false,
                Ask::Recipient(_) | Ask::Content => prop_assert!(open),
                _ => {}
            }
        }
        prop_assert!(!open);
    }
}

/// An answer the desk should not give, and the connection lost while it thinks.
#[test]
fn whatever_the_desk_says_the_session_ends_well() {
    let wrong = || [Answer::Done, Answer::Replies(Vec::new()), Answer::Sasl(login_answer_wrong())];
    for answer in wrong() {
        let mut server = Server::new(Time(0), profile(Role::Mx));
        while !matches!(server.step(), Step::Read) {}
        server.receive(Time(0), b"VRFY bob\r\n");
        assert!(matches!(server.step(), Step::Ask(_)));
        server.answer(Time(0), answer);
        assert!(matches!(server.step(), Step::Send(octets) if octets.starts_with(b"421 4.3.0 ")));
        assert!(matches!(server.step(), Step::Close));
    }
}

fn login_answer_wrong() -> sasl::Answer {
    sasl::Answer::Refused(sasl::Refusal::Credentials)
}

#[test]
fn a_connection_lost_while_a_question_is_open_resets_after_the_answer() {
    let mut server = Server::new(Time(0), profile(Role::Mx));
    while !matches!(server.step(), Step::Read) {}
    server.receive(Time(0), b"EHLO c.example\r\n");
    assert!(matches!(server.step(), Step::Ask(Ask::Greeted(..))));
    server.answer(Time(0), Answer::Done);
    assert!(matches!(server.step(), Step::Send(_)));
    server.receive(Time(0), b"MAIL FROM:<a@b.example>\r\n");
    assert!(matches!(server.step(), Step::Ask(Ask::Sender(_))));
    server.event(Time(0), Event::PeerClosed);
    assert!(matches!(server.step(), Step::Read));
    server.answer(Time(0), Answer::Reply(Reply::new(250, Enhanced(2, 0, 0), "ok")));
    assert!(matches!(server.step(), Step::Ask(Ask::Reset)));
    server.answer(Time(0), Answer::Done);
    assert!(matches!(server.step(), Step::Close));
}
