//! The stage of the pure run: sessions, desks in memory, and a clock that stands still until the script moves it.

use super::connection::{Connection, Driver};
use super::imap_desk::ImapDesk;
use super::mail_desk::MailDesk;
use super::pop_desk::PopDesk;
use super::{BEGINNING, CLIENT, House, Shared};
use message::Time;
use std::collections::HashMap;
use std::time::Duration;
use wire::dialogue::{Heard, Port, Question, Stage, World, show};
use wire::sasl::Mechanism;
use wire::{imap, pop3, smtp};

/// How the client's words are cut on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunking {
    /// A burst at a time.
    Whole,
    /// One octet at a time.
    Octets,
    /// This burst in two, the first part of so many octets; the others whole.
    Cut { burst: usize, at: usize },
}

pub struct PureStage {
    house: Shared,
    chunking: Chunking,
    now: Time,
    connections: HashMap<u8, Box<dyn Connection>>,
    /// The length of every burst sent.
    pub bursts: Vec<usize>,
    /// What IMAP sessions offer; the desks in memory know no SCRAM by themselves.
    pub mechanisms: Vec<Mechanism>,
}

impl PureStage {
    pub fn new(world: &World, chunking: Chunking) -> PureStage {
        PureStage {
            house: House::new(world),
            chunking,
            now: BEGINNING,
            connections: HashMap::new(),
            bursts: Vec::new(),
            mechanisms: mechanisms(),
        }
    }

    /// What every connection said, all of it.
    pub fn said(&mut self) -> Vec<Vec<u8>> {
        self.connections.values_mut().map(|connection| connection.state().said.clone()).collect()
    }

    /// What one connection said and nobody heard yet, and whether it is closed.
    pub fn unheard(&mut self, number: u8) -> Result<(Vec<u8>, bool), String> {
        let state = self.connection(number)?.state();
        Ok((std::mem::take(&mut state.output), state.closed))
    }

    fn connection(&mut self, number: u8) -> Result<&mut Box<dyn Connection>, String> {
        self.connections.get_mut(&number).ok_or_else(|| format!("connection {number} is not open"))
    }

    fn smtp(&self, role: smtp::Role, tls: bool) -> Result<Box<dyn Connection>, String> {
        let house = self.house.borrow();
        let profile = smtp::Profile {
            role,
            hostname: house.world.hostname.clone(),
            greeting: String::new(),
            client_address: CLIENT,
            trusted: house.relays(),
            plaintext_login: house.plaintext_login(),
            tls_available: true,
            mechanisms: mechanisms(),
            dsn: false,
            classic: smtp::Classic { sends: house.world.sends, turns: !house.world.routes.is_empty() },
            limits: smtp_limits(&house.world)?,
        };
        let session = smtp::Server::new(self.now, profile);
        Ok(Box::new(Driver::start(self.now, session, MailDesk::new(self.house.clone(), role), tls)?))
    }

    fn pop3(&self, tls: bool) -> Result<Box<dyn Connection>, String> {
        let profile = pop3::Profile {
            hostname: self.house.borrow().world.hostname.clone(),
            greeting: "POP3 ready".to_owned(),
            tls_available: true,
            plaintext_login: self.house.borrow().plaintext_login(),
            mechanisms: self.mechanisms.clone(),
            apop_timestamp: Some("<1896.697170952@dbc.mtview.ca.us>".to_owned()),
            implementation: None,
            limits: pop3_limits(&self.house.borrow().world)?,
        };
        let session = pop3::Server::new(self.now, profile);
        Ok(Box::new(Driver::start(self.now, session, PopDesk::new(self.house.clone()), tls)?))
    }

    fn imap(&self, tls: bool) -> Result<Box<dyn Connection>, String> {
        let profile = imap::Profile {
            hostname: self.house.borrow().world.hostname.clone(),
            greeting: String::new(),
            tls_available: true,
            plaintext_login: self.house.borrow().plaintext_login(),
            mechanisms: self.mechanisms.clone(),
            compression: true,
            jmap: None,
            implementation: None,
            limits: imap_limits(&self.house.borrow().world)?,
        };
        let session = imap::Server::new(self.now, profile);
        Ok(Box::new(Driver::start(self.now, session, ImapDesk::new(self.house.clone()), tls)?))
    }

    /// What one connection did may be news to the others.
    fn wake(&mut self) -> Result<(), String> {
        let now = self.now;
        self.connections.values_mut().try_for_each(|connection| connection.wake(now))
    }

    /// Sends one write, cut as this run cuts it.
    fn write(&mut self, number: u8, octets: &[u8], cut: Option<usize>) -> Result<(), String> {
        let now = self.now;
        let whole = self.chunking != Chunking::Octets;
        let connection = self.connection(number)?;
        match cut {
            Some(at) => {
                let (first, second) = octets.split_at(at.min(octets.len()));
                connection.feed(now, first)?;
                connection.feed(now, second)
            }
            None if whole => connection.feed(now, octets),
            None => octets.chunks(1).try_for_each(|octet| connection.feed(now, octet)),
        }
    }
}

fn mechanisms() -> Vec<Mechanism> {
    vec![Mechanism::ScramSha256Plus, Mechanism::ScramSha256, Mechanism::Plain, Mechanism::Login]
}

fn smtp_limits(world: &World) -> Result<smtp::Limits, String> {
    let mut limits = smtp::Limits::default();
    for (name, value) in &world.limits {
        let count = usize::try_from(*value).unwrap_or(usize::MAX);
        match name.as_str() {
            "message_size" => limits.message_size = *value,
            "recipients" => limits.recipients = count,
            "transactions" => limits.transactions = count,
            "bad_commands" => limits.bad_commands = count,
            "login_failures" => limits.login_failures = count,
            _ => return Err(format!("no limit is called {name}")),
        }
    }
    Ok(limits)
}

fn pop3_limits(world: &World) -> Result<pop3::Limits, String> {
    let mut limits = pop3::Limits::default();
    for (name, value) in &world.limits {
        let count = usize::try_from(*value).unwrap_or(usize::MAX);
        match name.as_str() {
            "bad_commands" => limits.bad_commands = count,
            "login_failures" => limits.login_failures = count,
            _ => return Err(format!("no limit is called {name}")),
        }
    }
    Ok(limits)
}

fn imap_limits(world: &World) -> Result<imap::Limits, String> {
    let mut limits = imap::Limits::default();
    for (name, value) in &world.limits {
        let count = usize::try_from(*value).unwrap_or(usize::MAX);
        match name.as_str() {
            "bad_commands" => limits.bad_commands = count,
            "login_failures" => limits.login_failures = count,
            "message_size" => limits.message_size = *value,
            _ => return Err(format!("no limit is called {name}")),
        }
    }
    Ok(limits)
}

impl Stage for PureStage {
    fn open(&mut self, number: u8, port: Port) -> Result<(), String> {
        let tls = port.implicit_tls();
        let connection = match port {
            Port::Smtp => self.smtp(smtp::Role::Mx, tls)?,
            Port::Submission | Port::Submissions => self.smtp(smtp::Role::Submission, tls)?,
            Port::Lmtp => self.smtp(smtp::Role::Lmtp, tls)?,
            Port::Pop3 | Port::Pop3s => self.pop3(tls)?,
            Port::Imap | Port::Imaps => self.imap(tls)?,
            Port::Http | Port::Https => return Err("no dialogue is held over HTTP".to_owned()),
        };
        self.connections.insert(number, connection);
        Ok(())
    }

    fn send(&mut self, number: u8, writes: &[Vec<u8>]) -> Result<(), String> {
        let burst = self.bursts.len();
        self.bursts.push(writes.iter().map(Vec::len).sum());
        if self.connection(number)?.state().closed {
            return Err("the server had closed the connection before this".to_owned());
        }
        let cut = match self.chunking {
            Chunking::Whole => Some(None),
            Chunking::Cut { burst: cut, at } => Some((cut == burst).then_some(at)),
            Chunking::Octets => None,
        };
        if let Some(cut) = cut {
            self.write(number, &writes.concat(), cut)?;
            return self.wake();
        }
        for (at, octets) in writes.iter().enumerate() {
            self.write(number, octets, None)?;
            let output = &self.connection(number)?.state().output;
            if at + 1 < writes.len() && !output.is_empty() {
                return Err(format!("the server spoke before the client was done: {}", show(output)));
            }
        }
        self.wake()
    }

    fn hear(&mut self, number: u8) -> Result<Heard, String> {
        let state = self.connection(number)?.state();
        match state.output.windows(2).position(|two| two == b"\r\n") {
            Some(end) => {
                let line = state.output[..end].to_vec();
                state.output.drain(..end + 2);
                Ok(Heard::Line(line))
            }
            None if !state.output.is_empty() => Err(format!("half a line: {}", show(&state.output))),
            None if state.closed => Ok(Heard::Closed),
            None => Ok(Heard::Silence),
        }
    }

    fn start_tls(&mut self, number: u8) -> Result<(), String> {
        let now = self.now;
        self.connection(number)?.tls(now)
    }

    fn drop_connection(&mut self, number: u8) -> Result<(), String> {
        let now = self.now;
        let connection = self.connection(number)?;
        connection.peer_closed(now)?;
        connection.state().output.clear();
        if connection.state().closed { Ok(()) } else { Err("the session lives on without its peer".to_owned()) }
    }

    fn pass(&mut self, span: Duration) -> Result<(), String> {
        self.now = self.now.after(span);
        let now = self.now;
        self.connections.values_mut().try_for_each(|connection| connection.tick(now))
    }

    fn prepare(&mut self, number: u8, questions: Vec<Question>) {
        if let Ok(connection) = self.connection(number) {
            connection.state().questions = questions.into();
        }
    }

    fn settle(&mut self, number: u8) -> Result<(), String> {
        let state = self.connection(number)?.state();
        if !state.output.is_empty() {
            return Err(show(&state.output));
        }
        match state.questions.front() {
            Some(question) => Err(format!("`{}` was not asked", question.ask.source())),
            None => Ok(()),
        }
    }

    fn notes(&mut self) -> Vec<String> {
        self.connections.values_mut().flat_map(|connection| std::mem::take(&mut connection.state().notes)).collect()
    }
}
