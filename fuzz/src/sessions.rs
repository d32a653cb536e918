//! Sessions under any input. The first octet chooses the door and what the desk says; the rest is what the client
//! sends. Cut into single octets it must lead to the same replies and the same content as whole.

use crate::drive::{Answers, Seen, run};
use message::Time;
use std::net::{IpAddr, Ipv4Addr};
use wire::pop3::{self, Entry, Maildrop};
use wire::sasl::{self, Mechanism, Refusal};
use wire::smtp::{self, Enhanced, Limits, Profile, Reply, Role};

/// SMTP, submission and LMTP.
///
/// # Panics
/// When a law is broken.
pub fn smtp(data: &[u8]) {
    let Some((choice, input)) = data.split_first() else { return };
    let whole = smtp_run(*choice, input, usize::MAX);
    let octets = smtp_run(*choice, input, 1);
    assert_eq!(whole, octets, "cuts in the input made a difference");
    let replies = String::from_utf8_lossy(&whole.0.output).into_owned();
    assert!(replies.is_empty() || replies.ends_with("\r\n"));
    for line in replies.split_terminator("\r\n") {
        assert!(line.len() <= 510, "a reply line of {} octets", line.len());
        assert!(line.bytes().take(3).all(|c| c.is_ascii_digit()), "no reply: {line}");
        assert!(!line.contains(['\r', '\n', '\0']), "a reply with a control in it: {line:?}");
    }
}

/// A submission port.
///
/// # Panics
/// When a law is broken.
pub fn submission(data: &[u8]) {
    with_role(2, data);
}

/// LMTP.
///
/// # Panics
/// When a law is broken.
pub fn lmtp(data: &[u8]) {
    with_role(3, data);
}

fn with_role(role: u8, data: &[u8]) {
    if let Some((choice, input)) = data.split_first() {
        smtp(&[&[choice & !3 | role], input].concat());
    }
}

/// What a sender wrote after 354 comes to this content, or is refused for a bare CR or LF in it.
pub(crate) fn reads_back(wire: &[u8], content: &[u8]) {
    let envelope = b"EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<bob@hamburger.edu>\r\nDATA\r\n";
    let (seen, messages) = smtp_run(0, &[envelope, wire, b"QUIT\r\n"].concat(), usize::MAX);
    let lines_are_sound = wire.split(|octet| *octet == b'\n').rev().skip(1).all(|line| line.ends_with(b"\r"))
        && !wire.windows(2).any(|pair| matches!(pair, [b'\r', after] if *after != b'\n'));
    match content.len() <= CONTENT_MAX && lines_are_sound {
        true => assert_eq!(messages, [content], "{}", String::from_utf8_lossy(&seen.output)),
        false => assert!(messages.is_empty(), "it should have been refused"),
    }
}

/// The size of a message that the sessions take.
const CONTENT_MAX: usize = 2000;

/// What was seen, and what the desk got: every finished message.
fn smtp_run(choice: u8, input: &[u8], piece: usize) -> (Seen, Vec<Vec<u8>>) {
    let role = match choice & 3 {
        0 | 1 => Role::Mx,
        2 => Role::Submission,
        _ => Role::Lmtp,
    };
    let profile = Profile {
        role,
        hostname: "mx.hamburger.edu".to_owned(),
        greeting: String::new(),
        client_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        trusted: choice & 4 != 0,
        plaintext_login: choice & 8 != 0,
        tls_available: choice & 16 != 0,
        mechanisms: vec![Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login],
        dsn: true,
        classic: smtp::Classic::default(),
        limits: Limits { message_size: CONTENT_MAX as u64, recipients: 3, ..Limits::default() },
    };
    let desk = MailDesk { lmtp: role == Role::Lmtp, grudging: choice & 32 != 0, ..MailDesk::default() };
    let session = smtp::Server::new(Time(1_081_298_274_000), profile);
    let (seen, desk) = run(session, desk, input, piece);
    (seen, desk.messages)
}

#[derive(Default)]
struct MailDesk {
    lmtp: bool,
    /// Refuses every third thing.
    grudging: bool,
    asked: usize,
    recipients: usize,
    content: Vec<u8>,
    messages: Vec<Vec<u8>>,
}

impl MailDesk {
    fn verdict(&mut self) -> Reply {
        self.asked += 1;
        if self.grudging && self.asked.is_multiple_of(3) {
            Reply::new(450, Enhanced(4, 2, 1), "not now")
        } else {
            Reply::new(250, Enhanced(2, 0, 0), "ok")
        }
    }

    fn commit(&mut self) -> smtp::Answer {
        assert!(self.recipients > 0, "a commit without recipients");
        self.messages.push(std::mem::take(&mut self.content));
        let recipients = std::mem::take(&mut self.recipients);
        let replies: Vec<Reply> = (0..recipients).map(|_| self.verdict()).collect();
        match (self.lmtp, replies.first()) {
            (false, Some(first)) => smtp::Answer::Reply(first.clone()),
            _ => smtp::Answer::Replies(replies),
        }
    }

    fn forget(&mut self) -> smtp::Answer {
        self.content.clear();
        self.recipients = 0;
        smtp::Answer::Done
    }
}

impl Answers<smtp::Server> for MailDesk {
    fn answer(&mut self, ask: smtp::Ask) -> smtp::Answer {
        match ask {
            smtp::Ask::Greeted(..) | smtp::Ask::Reset => self.forget(),
            smtp::Ask::Commit => self.commit(),
            smtp::Ask::Auth(ask) => smtp::Answer::Sasl(login(&ask)),
            smtp::Ask::Recipient(_) => {
                let reply = self.verdict();
                self.recipients += usize::from(reply.is_positive());
                smtp::Answer::Reply(reply)
            }
            smtp::Ask::Sender(_) => {
                self.forget();
                smtp::Answer::Reply(self.verdict())
            }
            _ => smtp::Answer::Reply(self.verdict()),
        }
    }

    fn content(&mut self, octets: &[u8]) {
        assert!(self.recipients > 0, "content without recipients");
        self.content.extend_from_slice(octets);
        assert!(self.content.len() <= CONTENT_MAX, "more content than the limit");
    }
}

/// Lets in whoever's name has an even number of octets.
fn login(ask: &sasl::Ask) -> sasl::Answer {
    match ask {
        sasl::Ask::Password { username, .. } if username.len() % 2 == 0 => {
            sasl::Answer::Accepted { server_signature: None }
        }
        sasl::Ask::Password { .. } => sasl::Answer::Refused(Refusal::Credentials),
        sasl::Ask::ScramStart { .. } => {
            sasl::Answer::Scram { nonce: "abc".to_owned(), salt: vec![1; 16], iterations: 4096 }
        }
        sasl::Ask::ScramProof { proof, .. } if proof.first().is_some_and(|octet| octet % 2 == 0) => {
            sasl::Answer::Accepted { server_signature: Some(*proof) }
        }
        sasl::Ask::ScramProof { .. } => sasl::Answer::Refused(Refusal::Credentials),
    }
}

/// POP3.
///
/// # Panics
/// When a law is broken.
pub fn pop3(data: &[u8]) {
    let Some((choice, input)) = data.split_first() else { return };
    let whole = pop3_run(*choice, input, usize::MAX);
    let octets = pop3_run(*choice, input, 1);
    assert_eq!(whole, octets, "cuts in the input made a difference");
    let (seen, updates) = whole;
    assert!(seen.output.is_empty() || seen.output.ends_with(b"\r\n"));
    // The client's passwords and base64 come back nowhere but in base64, so all that is said is ASCII.
    assert!(seen.output.iter().all(|octet| matches!(octet, b'\r' | b'\n' | b' '..=b'~')), "an octet that is not ASCII");
    assert!(updates.len() <= 1, "the UPDATE state twice");
    for deleted in &updates {
        assert!(!deleted.is_empty() && deleted.is_sorted() && deleted.iter().all(|source| (7..10).contains(source)));
    }
}

/// What was seen, and what was to be removed.
fn pop3_run(choice: u8, input: &[u8], piece: usize) -> (Seen, Vec<Vec<u64>>) {
    let profile = pop3::Profile {
        hostname: "mx.hamburger.edu".to_owned(),
        greeting: String::new(),
        tls_available: choice & 16 != 0,
        plaintext_login: choice & 8 != 0,
        mechanisms: vec![Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login],
        apop_timestamp: (choice & 1 != 0).then(|| "<1896.697170952@dbc.mtview.ca.us>".to_owned()),
        implementation: (choice & 2 != 0).then(|| "Pillarbox".to_owned()),
        limits: pop3::Limits::default(),
    };
    let desk = PopDesk { grudging: choice & 32 != 0, ..PopDesk::default() };
    let (seen, desk) = run(pop3::Server::new(Time(1_081_298_274_000), profile), desk, input, piece);
    (seen, desk.updates)
}

#[derive(Default)]
struct PopDesk {
    /// Refuses every third thing.
    grudging: bool,
    asked: usize,
    open: bool,
    updates: Vec<Vec<u64>>,
}

impl PopDesk {
    /// Three messages; the last has UTF-8 in its header.
    fn maildrop() -> Maildrop {
        let entry =
            |uid: u32| Entry { source: u64::from(uid) + 6, octets: u64::from(uid) * 500, uid, utf8_header: uid == 3 };
        Maildrop { uid_validity: 1, entries: (1..=3).map(entry).collect() }
    }
}

impl Answers<pop3::Server> for PopDesk {
    fn answer(&mut self, ask: pop3::Ask) -> pop3::Answer {
        use pop3::{Answer, Ask, Refusal};
        self.asked += 1;
        let refuses = self.grudging && self.asked.is_multiple_of(3);
        let after_login = matches!(ask, Ask::Fetch { .. } | Ask::Update { .. });
        assert_eq!(after_login, self.open, "asked in the wrong state: {ask:?}");
        match ask {
            Ask::Login(ask) => Answer::Sasl(login(&ask)),
            Ask::Apop { .. } => Answer::Sasl(sasl::Answer::Accepted { server_signature: None }),
            _ if refuses => Answer::Refused(Refusal::Temporary),
            Ask::Open => {
                self.open = true;
                Answer::Maildrop(PopDesk::maildrop().into())
            }
            Ask::Fetch { .. } => Answer::Done,
            Ask::Update { deleted } => {
                self.updates.push(deleted);
                Answer::Done
            }
        }
    }

    fn content(&mut self, _: &[u8]) {
        panic!("POP3 takes no content");
    }
}
