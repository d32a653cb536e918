//! The session against a desk that says what a test wants: limits, and input and answers by chance.
#![allow(clippy::unwrap_used)]

mod chance;
mod limits;

use super::{Limits, Profile, Server};
use crate::imap::ask::{Found, FoundRows, Piece, Progress, Rights, Selected, Synced, Uids};
use crate::imap::listing::{Head, Listing, Row};
use crate::imap::{Answer, Ask, Refusal};
use crate::sasl::{self, Mechanism};
use crate::session::{Session, Step};
use message::Time;
use std::sync::Arc;

pub(super) const NOW: Time = Time(1_081_298_274_000);

pub(super) fn profile() -> Profile {
    Profile {
        hostname: "mx.hamburger.edu".to_owned(),
        greeting: String::new(),
        tls_available: true,
        plaintext_login: true,
        mechanisms: vec![Mechanism::Plain],
        compression: true,
        jmap: None,
        implementation: None,
        limits: Limits::default(),
    }
}

/// A listing of so many messages.
pub(super) fn listing(count: u32) -> Arc<Listing> {
    let row = |uid| Row { uid, modseq: u64::from(uid), size: 100, ..Row::default() };
    let head = Head { uid_validity: 7, uid_next: count + 1, highest_modseq: u64::from(count), ..Head::default() };
    Arc::new(Listing::new(head, (1..=count).map(row)))
}

/// What a desk says that has one mailbox of ten messages.
pub(super) fn plain_answer(ask: &Ask) -> Answer {
    match ask {
        Ask::Login(_) => Answer::Sasl(sasl::Answer::Accepted { server_signature: None }),
        Ask::Select { read_only, .. } => Answer::Selected(Selected {
            listing: listing(10),
            read_only: *read_only,
            rights: Rights::of("lrswipkxtea"),
            new_keywords: true,
            recent: Uids::new(),
        }),
        Ask::Sync => Answer::Synced(Synced { listing: Some(listing(10)), ..Synced::default() }),
        Ask::Search { .. } | Ask::SearchMore => {
            Answer::Found(Found { rows: FoundRows::Ranges(vec![1..=3]), more: false, progress: None, uid_validity: 7 })
        }
        Ask::Append(crate::imap::ask::AppendStep::Commit) => Answer::Appended { uid_validity: 7, uids: vec![11..=11] },
        Ask::Append(_) | Ask::Unselect | Ask::Forget | Ask::Watch(_) => Answer::Done,
        Ask::Folders => Answer::Folders(Vec::new().into()),
        _ => Answer::Refused(Refusal::NonExistent),
    }
}

/// A session and what it said.
pub(super) struct Talk {
    pub server: Server,
    pub said: String,
    pub closed: bool,
    input: Vec<u8>,
}

impl Talk {
    pub fn new(profile: Profile) -> Talk {
        let server = Server::new(NOW, profile);
        let mut talk = Talk { server, said: String::new(), closed: false, input: Vec::new() };
        talk.pump(&mut plain_answer);
        talk
    }

    pub fn logged_in() -> Talk {
        let mut talk = Talk::new(profile());
        talk.say("a LOGIN bob hungry\r\n");
        talk
    }

    /// Says something; gives what is answered.
    pub fn say(&mut self, text: &str) -> String {
        self.say_to(text.as_bytes(), &mut plain_answer)
    }

    pub fn say_to(&mut self, octets: &[u8], desk: &mut dyn FnMut(&Ask) -> Answer) -> String {
        self.said.clear();
        self.input.extend_from_slice(octets);
        for _ in 0..100_000 {
            let taken = self.server.receive(NOW, &self.input);
            assert!(taken <= self.input.len());
            self.pump(desk);
            self.input.drain(..taken);
            if taken == 0 || self.input.is_empty() || self.closed {
                return self.said.clone();
            }
        }
        panic!("the session goes round in circles");
    }

    fn pump(&mut self, desk: &mut dyn FnMut(&Ask) -> Answer) {
        for _ in 0..1_000_000 {
            match self.server.step() {
                Step::Read => return,
                Step::Send(octets) => self.said.push_str(&String::from_utf8_lossy(&octets)),
                Step::Ask(ask) => {
                    let answer = desk(&ask);
                    self.server.answer(NOW, answer);
                }
                Step::Close => {
                    self.closed = true;
                    return;
                }
                Step::Content(range) => assert!(range.end <= self.input.len()),
                Step::Relay(_) | Step::StartTls | Step::Compress | Step::Turn => {}
            }
        }
        panic!("the session has no end of steps");
    }
}

/// What FETCH of two messages says when their pieces are these.
fn fetched(command: &str, pieces: &[Piece]) -> String {
    let mut talk = Talk::logged_in();
    talk.say("b SELECT INBOX\r\n");
    talk.say_to(format!("c {command}\r\n").as_bytes(), &mut |ask| match ask {
        Ask::Pieces { .. } => Answer::Pieces(pieces.to_vec()),
        other => plain_answer(other),
    })
}

#[test]
fn a_message_of_which_nothing_is_told_has_no_line() {
    let pieces = [Piece::UnknownCte, Piece::Here("x".into())];
    let failed = "c NO [UNKNOWN-CTE] the transfer encoding is unknown\r\n";
    let said = fetched("FETCH 1:2 BINARY.PEEK[1]", &pieces);
    assert_eq!(said, format!("* 2 FETCH (BINARY[1] ~{{1}}\r\nx)\r\n{failed}"));
    let said = fetched("UID FETCH 1 BINARY.PEEK[1]", &pieces[..1]);
    assert_eq!(said, format!("* 1 FETCH (UID 1)\r\n{failed}"));
}

/// RFC 6851 §3.3, §4.3: what moved before the rest could not is told like what moves.
#[test]
fn a_move_that_fails_on_the_way_tells_what_moved() {
    let mut talk = Talk::logged_in();
    talk.say("b SELECT INBOX (CONDSTORE)\r\n");
    let rows = listing(10);
    let head = Head { highest_modseq: 12, ..rows.head().clone() };
    let left = Arc::new(Listing::new(head, rows.rows(2..10)));
    let moved = Answer::Copied {
        uid_validity: 9,
        from: vec![1..=2],
        to: vec![4..=5],
        listing: left.clone(),
        failed: Some(Refusal::NonExistent),
    };
    let said = talk.say_to(b"c MOVE 1:3 Work\r\n", &mut |ask| match ask {
        Ask::Copy { .. } => moved.clone(),
        Ask::Sync => Answer::Synced(Synced { listing: Some(left.clone()), ..Synced::default() }),
        other => plain_answer(other),
    });
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[..3], ["* OK [COPYUID 9 1:2 4:5] moved", "* 2 EXPUNGE", "* 1 EXPUNGE"]);
    assert_eq!(lines[3], "* OK [HIGHESTMODSEQ 12] some were moved");
    assert!(lines[4].starts_with("c NO [TRYCREATE] "), "{said}");
}

/// RFC 9585 §2.
#[test]
fn a_search_tells_how_far_it_is() {
    let mut talk = Talk::logged_in();
    talk.say("b SELECT INBOX\r\n");
    let page = |progress, more| Found { rows: FoundRows::Ranges(vec![]), more, progress, uid_validity: 7 };
    let mut pages = vec![page(None, false), page(Some(Progress::Unknown), true), page(Some(Progress::Of(1, 9)), true)];
    let said = talk.say_to(b"c SEARCH TEXT x\r\n", &mut |ask| match ask {
        Ask::Search { .. } | Ask::SearchMore => Answer::Found(pages.pop().unwrap()),
        other => plain_answer(other),
    });
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("* OK [INPROGRESS (\"c\" 1 9)] "), "{said}");
    assert!(lines[1].starts_with("* OK [INPROGRESS (\"c\" NIL NIL)] "), "{said}");
    assert_eq!(lines[2], "* SEARCH");
}
