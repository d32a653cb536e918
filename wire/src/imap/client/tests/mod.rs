//! The client session against servers that are written down, and its limits. Against our own server it is played in
//! `wire/tests/imap_client`.
#![allow(clippy::unwrap_used)]

mod greeting;
mod tasks;

use super::*;
use crate::imap::response::{Data, StatusText};
use crate::sasl::Secret;
use crate::sasl::client::Credential;
use crate::session::{Event, Framing, Session, Step};
use crate::smtp::client::{Login, Tls, limits::RANDOM};
use crate::{Time, TlsFacts};

/// Drivers move sessions between threads.
const _: fn() = || {
    fn moves<T: Send>() {}
    moves::<Client>();
};

const NOW: Time = Time(1_000_000);

fn profile() -> Profile {
    Profile { tls: Tls::Never, login: None, timeouts: Timeouts::default() }
}

fn login(in_the_clear: bool) -> Profile {
    let login =
        Login { user: "bob".to_owned(), credential: Credential::Password(Secret(b"hungry".to_vec())), in_the_clear };
    Profile { login: Some(login), ..profile() }
}

fn tls() -> TlsFacts {
    TlsFacts { version: "TLS1.3".to_owned(), cipher: "x".to_owned(), exporter: None }
}

/// A session, a desk with tasks, and what passed.
struct Drive {
    client: Client,
    tasks: Vec<Task>,
    /// The answer to `Heard`.
    heard: Answer,
    /// What was said, a line each, and marks for what was done.
    said: Vec<String>,
    told: Vec<Ask>,
    content: Vec<u8>,
    closed: bool,
}

impl Drive {
    fn new(profile: Profile, tasks: impl IntoIterator<Item = Task>) -> Drive {
        let mut tasks: Vec<Task> = tasks.into_iter().collect();
        tasks.reverse();
        let client = Client::new(NOW, profile, [7; RANDOM]);
        let (said, told, content) = (Vec::new(), Vec::new(), Vec::new());
        Drive { client, tasks, heard: Answer::Done, said, told, content, closed: false }
    }

    /// One that greeted, and is given its tasks.
    fn greeted(capabilities: &str, tasks: impl IntoIterator<Item = Task>) -> Drive {
        let mut drive = Drive::new(profile(), tasks);
        drive.hear(&format!("* OK [CAPABILITY IMAP4rev1 {capabilities}] hello\r\n"));
        drive
    }

    fn hear(&mut self, text: &str) -> &mut Drive {
        self.pump(b"");
        let mut rest = text.as_bytes();
        while !rest.is_empty() && !self.closed {
            let taken = self.client.receive(NOW, rest);
            self.pump(rest);
            if taken == 0 {
                break;
            }
            rest = &rest[taken..];
        }
        self
    }

    fn pump(&mut self, input: &[u8]) {
        loop {
            match self.client.step() {
                Step::Read => return,
                Step::Send(octets) => {
                    let text = String::from_utf8_lossy(&octets).into_owned();
                    self.said.extend(text.split_terminator("\r\n").map(str::to_owned));
                }
                Step::Content(range) => self.content.extend_from_slice(&input[range]),
                Step::Relay(relay) => {
                    let Framing::Range { offset: 0, octets } = relay.framing else { panic!("{relay:?}") };
                    self.said.push(format!("({octets} of {})", relay.source));
                }
                Step::StartTls => self.said.push("(tls)".to_owned()),
                Step::Ask(ask) => {
                    let answer = self.answer(&ask);
                    self.told.push(ask);
                    self.client.answer(NOW, answer);
                }
                Step::Close => {
                    self.closed = true;
                    return;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn answer(&mut self, ask: &Ask) -> Answer {
        match ask {
            Ask::Next(_) => self.tasks.pop().map_or(Answer::Logout, Answer::Task),
            Ask::Heard(_) => self.heard.clone(),
            Ask::Body(_) | Ask::Finished(_) | Ask::Lost(_) => Answer::Done,
        }
    }

    /// What was said since it was last asked for.
    fn said(&mut self) -> String {
        std::mem::take(&mut self.said).join("|")
    }

    /// How it ended.
    fn lost(&self) -> Option<(Stage, Said)> {
        self.told.iter().find_map(|ask| match ask {
            Ask::Lost(outcome) => Some((outcome.stage, outcome.said.clone())),
            _ => None,
        })
    }

    fn heard(&self) -> Vec<Data> {
        let heard = |ask: &Ask| match ask {
            Ask::Heard(data) => Some((**data).clone()),
            _ => None,
        };
        self.told.iter().filter_map(heard).collect()
    }

    fn finished(&self) -> Vec<Finish> {
        let finished = |ask: &Ask| match ask {
            Ask::Finished(finish) => Some(finish.clone()),
            _ => None,
        };
        self.told.iter().filter_map(finished).collect()
    }
}

/// The text of the status that ended a session.
fn text(said: &Said) -> &str {
    match said {
        Said::Status(StatusText { text, .. }) => text,
        other => panic!("{other:?}"),
    }
}
