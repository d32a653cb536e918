//! The client session against servers that are written down, at every way of cutting up what they say. Against our own
//! server it is played in `wire/tests/pop3_client`.
#![allow(clippy::unwrap_used)]

mod hostile;
mod login;
mod tasks;

use super::*;
use crate::sasl::Secret;
use crate::sasl::client::Credential;
use crate::session::{Event, INPUT_MIN, Session, Step};
use crate::smtp::client::{Login, Tls, limits::RANDOM};
use crate::{Time, TlsFacts};

/// Drivers move sessions between threads.
const _: fn() = || {
    fn moves<T: Send>() {}
    moves::<Client>();
};

const NOW: Time = Time(1_000_000);

fn login(in_the_clear: bool) -> Login {
    Login { user: "bob".to_owned(), credential: Credential::Password(Secret(b"hungry".to_vec())), in_the_clear }
}

fn profile(tls: Tls) -> Profile {
    Profile::new(tls, login(tls == Tls::Never))
}

fn facts() -> TlsFacts {
    TlsFacts { version: "TLS1.3".to_owned(), cipher: "x".to_owned(), exporter: Some([7; 32]) }
}

/// A session, a desk with tasks, and what passed.
struct Drive {
    client: Client,
    now: Time,
    /// What is answered to `Next`, the last first; then `Quit`.
    tasks: Vec<Vec<Task>>,
    /// What was said and not looked at yet.
    said: String,
    told: Vec<Ask>,
    content: Vec<u8>,
    /// The TLS handshake is due.
    handshake: bool,
    closed: bool,
    input: Vec<u8>,
}

impl Drive {
    fn new(profile: Profile, tasks: &[&[Task]]) -> Drive {
        let tasks = tasks.iter().rev().map(|tasks| tasks.to_vec()).collect();
        let client = Client::new(NOW, profile, [7; RANDOM]);
        let (said, told, content, input) = (String::new(), Vec::new(), Vec::new(), Vec::new());
        Drive { client, now: NOW, tasks, said, told, content, handshake: false, closed: false, input }
    }

    /// Offers input as a driver does: what is left before and what comes now.
    fn hear(&mut self, octets: &[u8]) {
        self.pump(&[]);
        self.input.extend_from_slice(octets);
        while !self.input.is_empty() && !self.closed && !self.handshake {
            let input = std::mem::take(&mut self.input);
            let taken = self.client.receive(self.now, &input);
            self.pump(&input);
            self.input = input[taken..].to_vec();
            if taken == 0 {
                assert!(self.input.len() < INPUT_MIN, "nothing is taken of {INPUT_MIN} octets");
                break;
            }
        }
    }

    fn pump(&mut self, input: &[u8]) {
        loop {
            match self.client.step() {
                Step::Read => return,
                Step::Send(octets) => self.said.push_str(std::str::from_utf8(&octets).unwrap()),
                Step::Content(range) => self.content.extend_from_slice(&input[range]),
                Step::StartTls => {
                    self.handshake = true;
                    return;
                }
                Step::Ask(ask) => {
                    assert_eq!(self.client.receive(self.now, b"+OK\r\n"), 0, "input was taken during {ask:?}");
                    let answer = match &ask {
                        Ask::Next(_) => self.tasks.pop().map_or(Answer::Quit, Answer::Tasks),
                        _ => Answer::Done,
                    };
                    self.told.push(ask);
                    self.client.answer(self.now, answer);
                }
                Step::Close => {
                    self.closed = true;
                    return;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn start_tls(&mut self) {
        assert!(std::mem::take(&mut self.handshake), "no handshake is due");
        self.input.clear();
        self.client.event(self.now, Event::TlsStarted(facts()));
        self.pump(&[]);
    }

    fn event(&mut self, event: Event) {
        self.client.event(self.now, event);
        self.pump(&[]);
    }

    /// Lets the deadline pass.
    fn wait(&mut self) {
        self.now = self.client.deadline().unwrap();
        self.client.tick(self.now);
        self.pump(&[]);
    }

    fn lost(&self) -> Option<(Stage, Said)> {
        self.told.iter().find_map(|ask| match ask {
            Ask::Lost(outcome) => Some((outcome.stage, outcome.said.clone())),
            _ => None,
        })
    }

    fn listed(&self) -> Vec<Listed> {
        let listed = self.told.iter().filter_map(|ask| match ask {
            Ask::Listed(page) => Some(page.clone()),
            _ => None,
        });
        listed.flatten().collect()
    }

    fn finished(&self) -> Vec<(Task, bool)> {
        let finished = self.told.iter().filter_map(|ask| match ask {
            Ask::Finished(finish) => Some((finish.task, finish.reply.ok)),
            _ => None,
        });
        finished.collect()
    }

    fn goodbye(&self) -> Option<bool> {
        match self.told.last() {
            Some(Ask::Goodbye(reply)) => Some(reply.ok),
            _ => None,
        }
    }
}

/// Plays a script at one way of cutting: `S: ` the server says a line, `C: ` the client says one, `T:` there is TLS now,
/// `X:` the client closes.
fn play(script: &str, profile: &Profile, tasks: &[&[Task]], pace: usize) -> Drive {
    let mut drive = Drive::new(profile.clone(), tasks);
    let mut lines = script.lines().map(str::trim_start).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        match line.split_at_checked(2).unwrap() {
            ("S:", text) => {
                let mut burst = format!("{}\r\n", text.strip_prefix(' ').unwrap_or(text));
                while let Some(more) = lines.next_if(|line| line.starts_with("S:")) {
                    burst.push_str(more[2..].strip_prefix(' ').unwrap_or(&more[2..]));
                    burst.push_str("\r\n");
                }
                burst.as_bytes().chunks(pace).for_each(|octets| drive.hear(octets));
            }
            ("C:", text) => {
                let end = drive.said.find("\r\n").unwrap_or_else(|| panic!("not said:{text}; {:?}", drive.told));
                let said: String = drive.said.drain(..end + 2).collect();
                assert_eq!(said.trim_end(), text.trim_start(), "pace {pace}");
            }
            ("T:", _) => drive.start_tls(),
            ("X:", _) => assert!(drive.closed, "not closed: {:?}", drive.told),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(drive.said, "", "pace {pace}");
    drive
}

/// The same at many ways of cutting; they all come to the same.
fn plays(script: &str, profile: &Profile, tasks: &[&[Task]]) -> Drive {
    let whole = play(script, profile, tasks, usize::MAX);
    for pace in 1..60 {
        let cut = play(script, profile, tasks, pace);
        assert_eq!((&cut.told, &cut.content), (&whole.told, &whole.content), "pace {pace}");
    }
    whole
}

/// A session without TLS that is logged in.
const LOGGED_IN: &str = "
    S: +OK ready
    C: CAPA
    S: -ERR what
    C: USER bob
    S: +OK
    C: PASS hungry
    S: +OK
";
