//! Input from those who mean no good: no octets make a session panic, stand still or disagree with itself.

use super::*;
use proptest::prelude::*;

#[test]
fn line_ends_other_than_cr_lf_end_the_connection() {
    for input in [&b"NOOP\n"[..], b"NO\rOP\r\n", b"NOOP\r\r\n", b"\n", b"USER bob\nPASS hungry\r\n"] {
        for slice in 1..=input.len() {
            let mut drive = Drive::greeted(profile());
            drive.slice = slice;
            assert_eq!(drive.feed(input), "-ERR lines end with CR LF\r\n", "{input:?}");
            assert!(drive.closed && drive.asks.is_empty());
        }
    }
}

#[test]
fn a_line_end_of_its_own_in_a_long_line_ends_the_connection() {
    let mut drive = Drive::greeted(profile());
    assert_eq!(drive.feed(&[b'a'; 600]), "");
    assert_eq!(drive.feed(b"a\nQUIT\r\n"), "-ERR lines end with CR LF\r\n");
    assert!(drive.closed);
}

#[test]
fn a_browser_is_sent_away() {
    let mut drive = Drive::greeted(profile());
    assert_eq!(drive.feed(b"POST / HTTP/1.1\r\nUSER bob\r\nPASS hungry\r\n"), "-ERR unknown command\r\n");
    assert!(drive.closed && drive.asks.is_empty());
}

#[test]
fn what_stands_behind_stls_is_dropped() {
    let mut drive = Drive::greeted(profile());
    assert_eq!(drive.feed(b"STLS\r\nUSER bob\r\nPASS hungry\r\n"), "+OK go ahead\r\n");
    assert_eq!(drive.say("PASS hungry"), "-ERR USER first\r\n");
    assert!(drive.asks.is_empty());
}

#[test]
fn an_answer_that_does_not_fit_ends_the_session() {
    let scram = sasl::Answer::Scram { nonce: "n".into(), salt: vec![], iterations: 1 };
    for answer in [Answer::Done, Answer::Refused(Refusal::Gone), Answer::Sasl(scram), Answer::Maildrop(three().into())]
    {
        let mut drive = Drive::greeted(profile());
        drive.say("USER bob");
        drive.answers = vec![answer];
        assert_eq!(drive.say("PASS hungry"), "-ERR [SYS/TEMP] internal error\r\n");
        assert!(drive.closed);
    }
    for command in ["RETR 1", "DELE 1\r\nQUIT"] {
        let mut drive = Drive::logged_in();
        drive.answers = vec![Answer::Sasl(accepted())];
        assert!(drive.say(command).ends_with("-ERR [SYS/TEMP] internal error\r\n"));
        assert!(drive.closed);
    }
    let mut drive = Drive::logged_in();
    drive.server.answer(drive.now, Answer::Done);
    assert_eq!(drive.say("NOOP"), "+OK nothing done\r\n");
}

#[test]
fn a_mechanism_cannot_be_asked_what_it_does_not_know() {
    let mut drive = Drive::greeted(profile());
    drive.answers = vec![Answer::Done];
    assert_eq!(drive.say("AUTH PLAIN AGJvYgBodW5ncnk="), "-ERR [SYS/TEMP] internal error\r\n");
    assert!(drive.closed);
}

/// All that was sent and asked, and whether the connection was closed.
fn transcript(input: &[u8], slice: usize) -> (String, Vec<Ask>, bool) {
    let mut drive = Drive::greeted(Profile { apop_timestamp: Some("<1@a>".into()), ..profile() });
    drive.slice = slice;
    let sent = drive.feed(input);
    (sent, drive.asks, drive.closed)
}

fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"USER bob\r\n",
        b"PASS hungry\r\n",
        b"USER bob\r\nPASS hungry\r\n",
        b"APOP bob 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\r\n",
        b"AUTH PLAIN\r\n",
        b"AUTH PLAIN AGJvYgBodW5ncnk=\r\n",
        b"AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9YWJj\r\n",
        b"AGJvYgBodW5ncnk=\r\n",
        b"*\r\n",
        b"CAPA\r\n",
        b"LANG\r\n",
        b"UTF8\r\n",
        b"STAT\r\n",
        b"LIST\r\n",
        b"UIDL 2\r\n",
        b"RETR 1\r\n",
        b"RETR 3\r\n",
        b"TOP 2 4\r\n",
        b"DELE 1\r\n",
        b"DELE 2\r\n",
        b"RSET\r\n",
        b"QUIT\r\n",
        b"RERT 1\r\n",
        b"\r\n",
        b"\n",
        b"\0",
    ];
    let scrap = prop_oneof![
        8 => prop::sample::select(words).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (1usize..700).prop_map(|count| vec![b'a'; count]),
    ];
    prop::collection::vec(scrap, 0..20).prop_map(|scraps| scraps.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn how_input_is_cut_changes_nothing(input in scraps(), slice in 1usize..40) {
        prop_assert_eq!(transcript(&input, slice), transcript(&input, usize::MAX));
    }

    #[test]
    fn no_input_stands_still(input in scraps(), slice in 1usize..40) {
        let mut drive = Drive::greeted(profile());
        drive.slice = slice;
        drive.feed(&input);
        // What is left untaken is an unfinished line.
        prop_assert!(drive.closed || !drive.input.windows(2).any(|two| two == b"\r\n"));
        prop_assert!(drive.closed || drive.server.deadline().is_some());
        drive.wait(Duration::from_secs(600));
        drive.wait(Duration::from_secs(600));
        prop_assert!(drive.closed, "it outlived its deadline");
    }

    #[test]
    fn only_quit_removes_anything(input in scraps()) {
        let mut drive = Drive::greeted(profile());
        drive.feed(&input);
        let updated = drive.asks.iter().any(|ask| matches!(ask, Ask::Update { .. }));
        prop_assert!(!updated || input.windows(4).any(|four| four == b"QUIT"));
    }
}
