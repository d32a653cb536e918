//! The limits of a client session at the limit and one past it, and peers that mean harm. What goes well, and every
//! trouble at every stage, is in `wire/tests/flipped/`.
#![allow(clippy::unwrap_used)]

mod hostile;
mod replies;
mod sending;

use super::*;
use crate::session::{Event, Session, Step};
use crate::smtp::{Body, ForwardPath, Recipient, ReversePath};
use message::{Address, Host, Time};

/// Drivers move sessions between threads.
const _: fn() = || {
    fn moves<T: Send>() {}
    moves::<Client>();
};

const NOW: Time = Time(1_000_000);

fn profile() -> Profile {
    Profile {
        name: "crepes.fr".into(),
        role: Role::Smtp,
        tls: Tls::Never,
        login: None,
        chunking: Chunking::WhereNeeded,
        timeouts: Timeouts::default(),
    }
}

fn recipient(local_part: &str) -> Recipient {
    let host = Host::parse("hamburger.edu").unwrap();
    let forward_path = ForwardPath::Address(Address::new(local_part, host));
    Recipient { forward_path, notify: None, orcpt: None }
}

fn transaction(recipients: Vec<Recipient>) -> Transaction {
    let (reverse_path, body) = (ReversePath::Null, Body::SevenBit);
    Transaction { reverse_path, recipients, body, smtputf8: false, ret: None, envid: None, size: 3, source: 1 }
}

/// A session and what passed.
struct Drive {
    client: Client,
    said: String,
    asked: Option<Ask>,
    told: Vec<Ask>,
    closed: bool,
    relays: usize,
}

impl Drive {
    fn new(profile: Profile) -> Drive {
        let client = Client::new(NOW, profile, [7; limits::RANDOM]);
        let mut drive = Drive { client, said: String::new(), asked: None, told: Vec::new(), closed: false, relays: 0 };
        drive.pump();
        drive
    }

    /// A session whose peer answered EHLO with these lines, and which asks what is next.
    fn greeted(profile: Profile, lines: &str) -> Drive {
        let mut drive = Drive::new(profile);
        drive.hear(b"220 mx\r\n");
        drive.hear(lines.as_bytes());
        drive.said.clear();
        drive
    }

    /// Hears all of it, as far as it is taken; returns how much was left.
    fn hear(&mut self, octets: &[u8]) -> usize {
        let mut rest = octets;
        while !rest.is_empty() && !self.closed {
            let taken = self.client.receive(NOW, rest);
            self.pump();
            if taken == 0 {
                break;
            }
            rest = &rest[taken..];
        }
        rest.len()
    }

    fn answer(&mut self, answer: Answer) {
        self.asked = None;
        self.client.answer(NOW, answer);
        self.pump();
    }

    fn begin(&mut self, transaction: Transaction) {
        self.answer(Answer::Transaction(Box::new(transaction)));
    }

    fn event(&mut self, event: Event) {
        self.client.event(NOW, event);
        self.pump();
    }

    fn pump(&mut self) {
        while !self.closed && self.asked.is_none() {
            match self.client.step() {
                Step::Read => return,
                Step::Compress => unreachable!("SMTP compresses nothing"),
                Step::Close | Step::Turn => self.closed = true,
                Step::Send(octets) => self.said.push_str(std::str::from_utf8(&octets).unwrap()),
                Step::Relay(_) => self.relays += 1,
                Step::Ask(ask @ Ask::Next(_)) => self.asked = Some(ask),
                Step::Ask(ask) => {
                    self.told.push(ask);
                    self.client.answer(NOW, Answer::Done);
                }
                Step::StartTls | Step::Content(_) => unreachable!("not in these tests"),
            }
        }
    }

    /// What was told last, of one recipient or of the session.
    fn outcome(&self) -> Outcome {
        match self.told.last().unwrap() {
            Ask::Lost(outcome) => outcome.clone(),
            Ask::Concluded(conclusion) => conclusion.outcomes[0].clone(),
            Ask::Next(_) => unreachable!("it is not kept"),
        }
    }
}
