//! Sessions driven without a socket, against a desk that answers by the local part of the address.
#![allow(clippy::unwrap_used)]

mod bdat;
mod classic;
mod codes;
mod commands;
mod content;
mod hostile;
mod limits;
mod lmtp;
mod login;
mod order;
mod smuggling;
mod tls;

use super::*;
use crate::sasl;
use crate::session::{Event, Session, Standing, Step, TlsFacts};
use message::Time;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Drivers move sessions between threads.
const _: fn() = || {
    fn moves<T: Send>() {}
    moves::<Server>();
};

/// A session, its desk, and what passed between them.
pub struct Drive {
    server: Server,
    now: Time,
    input: Vec<u8>,
    /// How many octets are offered at once.
    slice: usize,
    /// What was sent and not looked at yet.
    sent: Vec<u8>,
    /// What was asked, in order.
    asks: Vec<Ask>,
    content: Vec<u8>,
    accepted: usize,
    /// What was committed.
    messages: Vec<Vec<u8>>,
    closed: bool,
    /// What the desk answers to `Content` and `Commit` where it is not to accept.
    content_refusal: Option<Reply>,
    commit_refusal: Option<Reply>,
    /// `Replies` for `Commit`, fitting or not.
    commit_replies: Option<Vec<Reply>>,
}

pub fn profile(role: Role) -> Profile {
    Profile {
        role,
        hostname: "hamburger.edu".into(),
        greeting: String::new(),
        client_address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)),
        trusted: false,
        plaintext_login: false,
        tls_available: true,
        mechanisms: vec![sasl::Mechanism::Plain],
        dsn: false,
        classic: Classic::default(),
        limits: Limits::default(),
    }
}

pub fn facts() -> TlsFacts {
    TlsFacts { version: "TLS1.3".into(), cipher: "TLS_AES_256_GCM_SHA384".into(), exporter: Some([7; 32]) }
}

impl Drive {
    pub fn new(profile: Profile) -> Drive {
        let now = Time(1_000_000);
        Drive {
            server: Server::new(now, profile),
            now,
            input: Vec::new(),
            slice: usize::MAX,
            sent: Vec::new(),
            asks: Vec::new(),
            content: Vec::new(),
            accepted: 0,
            messages: Vec::new(),
            closed: false,
            content_refusal: None,
            commit_refusal: None,
            commit_replies: None,
        }
    }

    /// A session of this role that was greeted.
    pub fn greeted(role: Role) -> Drive {
        let mut drive = Drive::new(profile(role));
        drive.say(if role == Role::Lmtp { "LHLO crepes.fr" } else { "EHLO crepes.fr" });
        drive.asks.clear();
        drive
    }

    /// An MX session with an open transaction and one recipient.
    pub fn with_recipient() -> Drive {
        let mut drive = Drive::greeted(Role::Mx);
        drive.say("MAIL FROM:<alice@crepes.fr>");
        drive.say("RCPT TO:<bob@hamburger.edu>");
        drive.asks.clear();
        drive
    }

    /// One line from the client; what came back.
    pub fn say(&mut self, line: &str) -> String {
        self.feed(format!("{line}\r\n").as_bytes())
    }

    /// Octets from the client; what came back.
    pub fn feed(&mut self, bytes: &[u8]) -> String {
        self.steps(0..0);
        self.input.extend_from_slice(bytes);
        let mut offered = self.input.len().min(self.slice);
        while !self.closed {
            let slice: Vec<u8> = self.input[..offered].to_vec();
            let taken = self.server.receive(self.now, &slice);
            assert!(taken <= offered);
            self.steps(0..offered);
            if self.input.is_empty() {
                break; // the driver dropped it, at STARTTLS
            }
            self.input.drain(..taken);
            offered -= taken;
            if taken == 0 || offered == 0 {
                if offered == self.input.len() {
                    break;
                }
                offered = self.input.len().min(offered.saturating_add(self.slice));
            }
        }
        self.take_sent()
    }

    pub fn take_sent(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.sent)).unwrap()
    }

    /// Does what the session says until it waits.
    fn steps(&mut self, offered: std::ops::Range<usize>) {
        while !self.closed {
            match self.server.step() {
                Step::Read => break,
                Step::Close | Step::Turn => self.closed = true,
                Step::Send(octets) => self.sent.extend_from_slice(&octets),
                Step::Content(range) => {
                    assert!(range.end <= offered.end);
                    self.content.extend_from_slice(&self.input[range]);
                }
                Step::Ask(ask) => {
                    assert_eq!(self.server.receive(self.now, b"NOOP\r\n"), 0, "input waits while a question is open");
                    self.asks.push(ask.clone());
                    let answer = self.desk(ask);
                    self.server.answer(self.now, answer);
                }
                Step::StartTls => {
                    self.input.clear();
                    self.server.event(self.now, Event::TlsStarted(facts()));
                    return;
                }
                Step::Relay(_) | Step::Compress => unreachable!("SMTP relays and compresses nothing"),
            }
        }
    }

    pub fn event(&mut self, event: Event) -> String {
        self.server.event(self.now, event);
        self.steps(0..0);
        self.take_sent()
    }

    /// Time passes.
    pub fn wait(&mut self, time: Duration) -> String {
        self.now = self.now.after(time);
        self.server.tick(self.now);
        self.steps(0..0);
        self.take_sent()
    }

    fn desk(&mut self, ask: Ask) -> Answer {
        let ok = || Reply::new(250, Enhanced(2, 0, 0), "ok");
        Answer::Reply(match ask {
            Ask::Greeted(..) | Ask::Reset => {
                self.forget();
                return Answer::Done;
            }
            Ask::Sender(sender) => match &sender.reverse_path {
                ReversePath::Address(address) => by_local_part(address.local_part()),
                ReversePath::Bare(_) | ReversePath::Null => ok(),
            },
            Ask::Recipient(recipient) => {
                let reply = match &recipient.forward_path {
                    ForwardPath::Address(address) => by_local_part(address.local_part()),
                    ForwardPath::Bare(local_part) => by_local_part(local_part),
                };
                self.accepted += usize::from(reply.is_positive());
                reply
            }
            Ask::Content => self.content_refusal.clone().unwrap_or_else(ok),
            Ask::Commit => {
                let replies = vec![self.commit_refusal.clone().unwrap_or_else(ok); self.accepted];
                self.messages.push(std::mem::take(&mut self.content));
                self.forget();
                return match self.commit_replies.take() {
                    Some(replies) => Answer::Replies(replies),
                    None if self.lmtp() => Answer::Replies(replies),
                    None => Answer::Reply(replies[0].clone()),
                };
            }
            Ask::Start(_) | Ask::Turn(_) => ok(),
            Ask::Verify(_) => Reply::new(252, Enhanced(2, 5, 0), "send and see, b\u{fc}rger"),
            Ask::Expand(_) => Reply::new(502, Enhanced(5, 5, 1), "not here"),
            Ask::Status => Reply::new(211, Enhanced(2, 0, 0), "all is well"),
            Ask::Auth(ask) => return Answer::Sasl(login_answer(&ask)),
        })
    }

    fn lmtp(&self) -> bool {
        self.server.profile.role == Role::Lmtp
    }

    fn forget(&mut self) {
        self.content.clear();
        self.accepted = 0;
    }
}

/// What the desk says of an address.
fn by_local_part(local_part: &str) -> Reply {
    let (code, enhanced, text) = match local_part {
        "away" => (251, Enhanced(2, 1, 5), "will forward"),
        "busy" => (450, Enhanced(4, 2, 1), "busy"),
        "broken" => (451, Enhanced(4, 3, 0), "local error"),
        "full" => (452, Enhanced(4, 2, 2), "full"),
        "nobody" => (550, Enhanced(5, 1, 1), "no such user"),
        "moved" => (551, Enhanced(5, 1, 6), "moved"),
        "stuffed" => (552, Enhanced(5, 2, 2), "over quota"),
        "odd" => (553, Enhanced(5, 1, 3), "not allowed"),
        "never" => (554, Enhanced(5, 7, 1), "refused"),
        "stopping" => (421, Enhanced(4, 3, 2), "stopping"),
        _ => (250, Enhanced(2, 1, 5), "ok"),
    };
    Reply::new(code, enhanced, text)
}

fn login_answer(ask: &sasl::Ask) -> sasl::Answer {
    let refused = |refusal| sasl::Answer::Refused(refusal);
    match ask {
        sasl::Ask::Password { username, password, .. } => match (username.as_str(), password.0.as_slice()) {
            ("bob", b"hungry") => sasl::Answer::Accepted { server_signature: None },
            ("busy", _) => refused(sasl::Refusal::TooMany { wait_s: 60 }),
            ("other", _) => refused(sasl::Refusal::Authorization),
            ("broken", _) => refused(sasl::Refusal::Temporary),
            _ => refused(sasl::Refusal::Credentials),
        },
        sasl::Ask::ScramStart { .. } => {
            sasl::Answer::Scram { nonce: "n0nce".into(), salt: b"salt".to_vec(), iterations: 4096 }
        }
        sasl::Ask::ScramProof { .. } => sasl::Answer::Accepted { server_signature: Some([1; 32]) },
    }
}
