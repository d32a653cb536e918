//! Input and answers by chance: the session ends no worse than with an error reply.

use super::{Talk, listing, plain_answer, profile};
use crate::imap::ask::{Found, FoundRows, Piece, Progress, Summary, Synced};
use crate::imap::{Answer, Ask, Refusal};
use proptest::prelude::*;

const COMMANDS: [&str; 44] = [
    "CAPABILITY",
    "NOOP",
    "ID NIL",
    "LOGIN bob hungry",
    "ENABLE QRESYNC",
    "ENABLE UIDONLY",
    "ENABLE IMAP4rev2",
    "SELECT INBOX",
    "EXAMINE INBOX (CONDSTORE)",
    "SELECT INBOX (QRESYNC (7 3 1:9))",
    "LIST \"\" * RETURN (STATUS (SIZE))",
    "LSUB \"\" %",
    "STATUS INBOX (MESSAGES)",
    "CREATE x",
    "DELETE x",
    "RENAME x y",
    "SUBSCRIBE x",
    "CLOSE",
    "UNSELECT",
    "EXPUNGE",
    "UID EXPUNGE 1:*",
    "FETCH 1:* FLAGS",
    "FETCH 2:4 (ENVELOPE BODY[] BODY.PEEK[1]<0.2>)",
    "UID FETCH 1:* (BODY[TEXT] UID) (CHANGEDSINCE 2 VANISHED)",
    "STORE 1:3 +FLAGS (\\Seen x)",
    "UID STORE 1:* (UNCHANGEDSINCE 4) -FLAGS.SILENT (\\Deleted)",
    "COPY 1:2 x",
    "UID MOVE 3:* x",
    "SEARCH ALL",
    "UID SEARCH RETURN (SAVE MIN MAX COUNT ALL) $",
    "SORT (SIZE) UTF-8 ALL",
    "THREAD REFERENCES UTF-8 ALL",
    "SEARCH RETURN (UPDATE) UNSEEN",
    "ESEARCH IN (personal) RETURN (ALL) ALL",
    "IDLE",
    "NOTIFY NONE",
    "NOTIFY SET (selected (MessageNew (FLAGS) MessageExpunge))",
    "GETQUOTAROOT INBOX",
    "GETACL x",
    "GETMETADATA \"\" /shared/comment",
    "APPEND INBOX {3+}\r\nabc",
    "REPLACE 1 x (\\Seen) {0+}\r\n",
    "UNAUTHENTICATE",
    "AUTHENTICATE PLAIN",
];

/// Answers that fit, answers that do not, and refusals.
fn answer(ask: &Ask, chance: u8) -> Answer {
    match (chance, ask) {
        (0..=1, _) => Answer::Refused(Refusal::Temporary),
        (2, _) => Answer::Done,
        (3, Ask::Sync) => Answer::Synced(Synced { listing: Some(listing(3)), ..Synced::default() }),
        (4, Ask::Sync) => {
            Answer::Synced(Synced { listing: Some(listing(20)), recent: vec![12..=20], news: Vec::new() })
        }
        (3, Ask::Search { .. }) => Answer::Found(Found {
            rows: FoundRows::Threads(vec![(0, 0), (1, 2), (1, 3), (2, 77)]),
            more: false,
            progress: Some(Progress::Of(1, 2)),
            uid_validity: 7,
        }),
        (_, Ask::Summaries { uids, .. }) => {
            Answer::Summaries(uids.iter().take(usize::from(chance)).map(|_| Some(Summary::default())).collect())
        }
        (5, Ask::Pieces { .. }) => Answer::Pieces(vec![Piece::Here("x".into()); 400]),
        (6, Ask::Pieces { .. }) => Answer::Pieces(vec![Piece::Gone, Piece::Damaged, Piece::UnknownCte]),
        (_, Ask::Pieces { .. }) => Answer::Pieces(vec![Piece::Stored { source: 1, offset: 0, octets: 9 }]),
        (_, Ask::Store { .. }) => Answer::Stored { modified: vec![2..=2], listing: listing(u32::from(chance) + 4) },
        (_, Ask::Expunge { .. }) => Answer::Expunged { listing: listing(u32::from(chance)) },
        (_, Ask::Copy { .. }) => {
            Answer::Copied { uid_validity: 1, from: vec![1..=2], to: vec![4..=5], listing: listing(5), failed: None }
        }
        (_, Ask::Vanished { .. }) => Answer::Vanished(vec![2..=5, 9..=9]),
        _ => plain_answer(ask),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn commands_in_any_order_with_any_answer(
        commands in proptest::collection::vec(0..COMMANDS.len(), 1..25),
        chances in proptest::collection::vec(0_u8..20, 64),
    ) {
        let mut profile = profile();
        profile.limits.bad_commands = usize::MAX;
        profile.limits.login_failures = usize::MAX;
        let mut talk = Talk::new(profile);
        let mut at = 0;
        let mut desk = |ask: &Ask| {
            at += 1;
            if matches!(ask, Ask::Login(_)) { plain_answer(ask) } else { answer(ask, chances[at % chances.len()]) }
        };
        talk.say_to(b"a LOGIN bob hungry\r\n", &mut desk);
        for command in commands {
            if talk.closed {
                break;
            }
            let said = talk.say_to(format!("t {}\r\n", COMMANDS[command]).as_bytes(), &mut desk);
            let waits = said.lines().any(|line| line.starts_with("+ "));
            let answered = said.lines().filter(|line| line.starts_with("t ")).count();
            prop_assert!(talk.closed || answered + usize::from(waits) == 1, "{}: {said}", COMMANDS[command]);
            if waits {
                talk.say_to(b"DONE\r\n", &mut desk);
            }
        }
    }

    #[test]
    fn octets_by_chance(octets in proptest::collection::vec(any::<u8>(), 0..400), login: bool) {
        let mut talk = if login { Talk::logged_in() } else { Talk::new(profile()) };
        talk.say_to(&octets, &mut plain_answer);
        talk.say_to(b"\r\nt NOOP\r\n", &mut plain_answer);
    }
}
