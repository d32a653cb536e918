//! The IMAP session under any input. The first octet chooses how willing the desk is; the rest is what the client sends.
//! Cut into single octets it must lead to the same responses and the same content as whole; and all that the session says
//! our client can read.

use crate::drive::{Answers, Seen, run};
use message::{Summary, Time, parse};
use std::sync::Arc;
use wire::imap::ask::{
    AppendStep, Folder, Found, FoundRows, Piece, Refusal, Rights, Selected, Status, Summary as Described, Synced, Want,
};
use wire::imap::listing::{Head, Listing, Row};
use wire::imap::response::{Data, Incoming, Response, Stream};
use wire::imap::{Answer, Ask, Charset, Limits, MailboxName, Profile, Server, structure};
use wire::sasl::{self, Mechanism};

/// Octets a session is sent. More would be more of the same.
const INPUT: usize = 1000;

/// A session.
///
/// # Panics
/// When a law is broken.
pub fn session(data: &[u8]) {
    let Some((choice, input)) = data.split_first() else { return };
    let input = input.get(..INPUT).unwrap_or(input);
    let (whole, desk) = session_run(*choice, input, usize::MAX);
    let (octets, by_octet) = session_run(*choice, input, 1);
    assert_eq!(whole, octets, "cuts in the input made a difference");
    assert_eq!(desk.messages, by_octet.messages);
    can_be_read(&whole.output);
}

fn session_run(choice: u8, input: &[u8], piece: usize) -> (Seen, Desk) {
    let profile = Profile {
        hostname: "imap.hamburger.edu".to_owned(),
        greeting: String::new(),
        tls_available: choice & 2 != 0,
        plaintext_login: true,
        mechanisms: vec![Mechanism::Plain],
        compression: false,
        jmap: None,
        implementation: None,
        limits: Limits { message_size: 1000, ..Limits::default() },
    };
    let session = Server::new(Time(1_081_298_274_000), profile);
    run(session, Desk { grudging: choice & 1 != 0, ..Desk::default() }, input, piece)
}

/// What the session said.
fn can_be_read(said: &[u8]) {
    let (mut stream, mut rest) = (Stream::new(), said);
    loop {
        let (taken, incoming) = stream.read(rest);
        match incoming {
            Incoming::More if taken == 0 => {
                assert!(rest.is_empty(), "half a response: {}", String::from_utf8_lossy(rest));
                return;
            }
            Incoming::Broken(broken) => panic!("{broken}: {}", String::from_utf8_lossy(said)),
            Incoming::Response(Response::Untagged(Data::Other(name, text))) => {
                let plain = ["ACL", "LISTRIGHTS", "MYRIGHTS", "METADATA"].contains(&name.as_str());
                assert!(plain, "{name} {}", String::from_utf8_lossy(&text));
            }
            Incoming::Response(Response::Untagged(Data::Enabled(_))) => stream.set_charset(Charset::Utf8),
            _ => {}
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
}

#[derive(Default)]
struct Desk {
    /// Refuses every third thing.
    grudging: bool,
    asked: usize,
    selected: bool,
    content: Vec<u8>,
    /// What was appended.
    messages: Vec<Vec<u8>>,
}

impl Desk {
    fn answered(&mut self, ask: Ask) -> Answer {
        match ask {
            Ask::Folders => Answer::Folders([folder("INBOX"), folder("a\"b/\u{e9}")].into()),
            Ask::Status { names, .. } => Answer::Statuses(names.iter().map(|_| Ok(Status::default())).collect()),
            Ask::Select { read_only, .. } => {
                self.selected = true;
                let (listing, rights) = (listing(), Rights(u32::MAX));
                Answer::Selected(Selected { listing, read_only, rights, new_keywords: true, recent: vec![2..=3] })
            }
            Ask::Vanished { .. } => Answer::Vanished(Vec::new()),
            Ask::Sync => Answer::Synced(Synced { listing: self.selected.then(listing), ..Synced::default() }),
            Ask::Summaries { uids, .. } => Answer::Summaries(uids.iter().map(|_| Some(described())).collect()),
            Ask::Pieces { uids, wants, from } => {
                let all = uids.iter().flat_map(|_| wants.iter());
                Answer::Pieces(all.skip(from).take(5).map(piece).collect())
            }
            Ask::Store { .. } => Answer::Stored { modified: Vec::new(), listing: listing() },
            Ask::Expunge { .. } => Answer::Expunged { listing: listing() },
            Ask::Copy { .. } => {
                Answer::Copied { uid_validity: 1, from: vec![1..=1], to: vec![9..=9], listing: listing(), failed: None }
            }
            Ask::Append(step) => self.append(&step),
            Ask::Search { .. } => found(vec![1..=3]),
            Ask::SearchMore => found(Vec::new()),
            Ask::Create { .. } => Answer::Created(7),
            Ask::Unselect | Ask::Forget => {
                self.selected = false;
                Answer::Done
            }
            Ask::Delete(_) | Ask::Rename { .. } | Ask::Subscribe { .. } | Ask::Watch(_) => Answer::Done,
            _ => Answer::Refused(Refusal::NoPermission),
        }
    }

    fn append(&mut self, step: &AppendStep) -> Answer {
        match step {
            AppendStep::Begin { .. } | AppendStep::Abort => self.content.clear(),
            AppendStep::End => self.messages.push(std::mem::take(&mut self.content)),
            AppendStep::Commit => return Answer::Appended { uid_validity: 1, uids: vec![9..=9] },
            AppendStep::Message { .. } | AppendStep::Url(_) => {}
        }
        Answer::Done
    }
}

fn piece(want: &Want) -> Piece {
    match want {
        Want::BinarySize(_) => Piece::Size(5),
        Want::Section(..) => Piece::Here("p\r\n\u{e9}".as_bytes().into()),
        Want::Binary(..) => Piece::Here(b"p\0\r\n"[..].into()),
    }
}

fn found(ranges: Vec<std::ops::RangeInclusive<u32>>) -> Answer {
    Answer::Found(Found { rows: FoundRows::Ranges(ranges), more: false, progress: None, uid_validity: 1 })
}

fn folder(name: &str) -> Folder {
    Folder {
        name: MailboxName::new(name),
        selectable: true,
        exists: true,
        subscribed: true,
        inferiors: true,
        special_use: Vec::new(),
    }
}

fn listing() -> Arc<Listing> {
    let head = Head { account: 1, mailbox: 1, uid_validity: 1, uid_next: 9, highest_modseq: 5, ..Head::default() };
    let row =
        |uid: u32| Row { uid, flags: u64::from(uid), modseq: 3, email: u64::from(uid), size: 500, received: Time(0) };
    Arc::new(Listing::new(head, [1, 2, 3].map(row)))
}

fn described() -> Described {
    let summary = Summary::of(&parse("From: \"a\\\"b\" <c@d>\r\nSubject: \u{e9}\r\n\r\nhi\r\n".as_bytes()));
    Described {
        envelope: Some(structure::envelope(&summary, Charset::Ascii).into()),
        body: Some(structure::body(&summary, Charset::Ascii).into()),
        body_structure: Some(structure::body_structure(&summary, Charset::Ascii).into()),
        preview: Some("a \"preview\" \u{e9}".to_owned()),
        thread_id: Some(4),
        save_date: None,
    }
}

impl Answers<Server> for Desk {
    fn answer(&mut self, ask: Ask) -> Answer {
        self.asked += 1;
        match ask {
            Ask::Login(sasl::Ask::Password { .. }) => Answer::Sasl(sasl::Answer::Accepted { server_signature: None }),
            Ask::Login(_) => Answer::Sasl(sasl::Answer::Refused(sasl::Refusal::Credentials)),
            _ if self.grudging && self.asked.is_multiple_of(3) => Answer::Refused(Refusal::Temporary),
            ask => self.answered(ask),
        }
    }

    fn content(&mut self, octets: &[u8]) {
        self.content.extend_from_slice(octets);
        assert!(self.content.len() <= 1000, "more content than may be");
    }
}
