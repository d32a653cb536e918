//! One connection as asynchronous code sees it: a command is said, and what the server tells is heard until the command ends.
//! Owns the numbers that tell one command's answers from those of another that nobody waits for any more, and the words for
//! what goes wrong.

use super::desk::{Errand, ImapDesk, Told};
use crate::dialing;
use crate::mirror::{MessageId, Mirror};
use crate::trouble::{Kind, Trouble};
use bytes::Bytes;
use net::tls::HandshakeError;
use net::{Ended, Reason, Surroundings};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use wire::imap::client::{Append, Client, Facts, Finish, Outcome, Profile, Refusal, Said, Stage, Task};
use wire::imap::command::Command;
use wire::imap::response::{Code, Data, Status, StatusText};

/// Answers that wait to be heard, each of at most some MiB: enough that the connection does not wait for the disk.
const WAITING: usize = 16;
/// Commands that wait to be said.
const SAID_AHEAD: usize = 4;
/// Responses to one command whose answer is gathered: mailboxes of a server, UIDs told one by one.
pub const RESPONSES_MAX: usize = 100_000;
/// Characters of a server's words that a person is shown.
const WORDS_MAX: usize = 300;
/// How long saying goodbye may take: nothing depends on it.
const GOODBYE: Duration = Duration::from_secs(2);

/// A command that was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(u64);

/// What the server tells of a command.
#[derive(Debug)]
pub(super) enum Heard {
    /// Data, and the content that was gathered in them, in order.
    Data(Box<Data>, Vec<Vec<u8>>),
    /// Content begins that is not gathered; the data that follow end it.
    Large,
    /// More of it.
    Piece(Bytes),
    /// OK, NO or BAD: it is over.
    End(StatusText),
}

/// A connection to a server that let us in.
pub(super) struct Line {
    errands: Option<mpsc::Sender<Errand>>,
    told: mpsc::Receiver<Told>,
    driving: JoinHandle<Ended>,
    said: u64,
    host: String,
    /// What the server can do.
    pub facts: Facts,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

impl Line {
    /// Starts a session on a connection and waits until the server is ready.
    pub async fn open<S>(transport: S, profile: Profile, around: Surroundings, host: &str) -> Result<Line, Trouble>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut random = wire::smtp::client::Random::default();
        aws_lc_rs::rand::fill(&mut random)
            .map_err(|_| Trouble::new(Kind::Software, "the system gives no random numbers"))?;
        let (errands, taken) = mpsc::channel(SAID_AHEAD);
        let (telling, told) = mpsc::channel(WAITING);
        let client = Client::new(around.clock.now(), profile, random);
        let driving =
            tokio::spawn(async move { net::drive(transport, client, ImapDesk::new(taken, telling), &around).await });
        let mut line =
            Line { errands: Some(errands), told, driving, said: 0, host: host.to_owned(), facts: Facts::default() };
        match line.told.recv().await {
            Some(Told::Ready(facts)) => line.facts = *facts,
            Some(Told::Lost(outcome)) => return Err(line.lost(&outcome).await),
            _ => return Err(line.ended().await),
        }
        Ok(line)
    }

    /// Says a command; others may be said before its answer is heard.
    pub async fn say(&mut self, command: Command) -> Result<Number, Trouble> {
        self.give(Task::Run(Box::new(command)), None).await
    }

    /// Waits for news until a time, or until something else is said.
    pub async fn idle(&mut self, until: message::Time) -> Result<Number, Trouble> {
        self.give(Task::Idle(until), None).await
    }

    /// Appends a message whose content the mirror has.
    pub async fn append(&mut self, append: Append, mirror: &Mirror, message: MessageId) -> Result<Number, Trouble> {
        self.give(Task::Append(Box::new(append)), Some((mirror.clone(), message))).await
    }

    async fn give(&mut self, task: Task, content: Option<(Mirror, MessageId)>) -> Result<Number, Trouble> {
        self.said += 1;
        let errand = Errand { number: self.said, task, content };
        let given = match &self.errands {
            Some(errands) => errands.send(errand).await.is_ok(),
            None => false,
        };
        // Where nobody takes it the connection is gone; why is heard next.
        if !given {
            self.errands = None;
        }
        Ok(Number(self.said))
    }

    /// The next that is told of a command. What belongs to one said before it is passed over.
    pub async fn hear(&mut self, of: Number) -> Result<Heard, Trouble> {
        loop {
            match self.told.recv().await {
                Some(Told::Data(number, data, gathered)) if number == of.0 => {
                    // What follows the content is no FETCH: then its length was wrong, and nothing after it is sure.
                    if matches!(*data, Data::Other(ref name, _) if name == "FETCH") && !gathered.is_empty() {
                        return Err(self.protocol("it hands out a message whose length is wrong"));
                    }
                    return Ok(Heard::Data(data, gathered));
                }
                Some(Told::Large(number)) if number == of.0 => return Ok(Heard::Large),
                Some(Told::Piece(number, octets)) if number == of.0 => return Ok(Heard::Piece(octets)),
                Some(Told::Finished(number, finish)) if number == of.0 => return self.finished(finish).map(Heard::End),
                Some(Told::Data(..) | Told::Large(..) | Told::Piece(..) | Told::Finished(..)) => {}
                Some(Told::Ready(facts)) => self.facts = *facts,
                Some(Told::Lost(outcome)) => return Err(self.lost(&outcome).await),
                None => return Err(self.ended().await),
            }
        }
    }

    /// Says a command and gathers what is told of it, content excepted.
    pub async fn run(&mut self, command: Command) -> Result<(Vec<Data>, StatusText), Trouble> {
        let number = self.say(command).await?;
        self.gather(number).await
    }

    /// Gathers what is told of a command, content excepted.
    pub async fn gather(&mut self, number: Number) -> Result<(Vec<Data>, StatusText), Trouble> {
        let mut told = Vec::new();
        loop {
            match self.hear(number).await? {
                Heard::Data(data, _) if told.len() < RESPONSES_MAX => told.push(*data),
                Heard::Data(..) => return Err(self.protocol("it answers a command without end")),
                Heard::Large => return Err(self.protocol("it sends a message nobody asked for")),
                Heard::Piece(_) => {}
                Heard::End(status) => return Ok((told, status)),
            }
        }
    }

    /// The same of a command that has to go well.
    pub async fn done(&mut self, command: Command) -> Result<Vec<Data>, Trouble> {
        let what = name(&command);
        let (told, status) = self.run(command).await?;
        if status.status == Status::Ok { Ok(told) } else { Err(self.refused(what, &status)) }
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        self.errands = None;
        self.told.close();
        // A server that does not answer is left; what came to its end was waited for already.
        if !self.driving.is_finished() {
            let _ = tokio::time::timeout(GOODBYE, &mut self.driving).await;
        }
    }

    fn finished(&self, finish: Finish) -> Result<StatusText, Trouble> {
        match finish {
            Finish::Said(status) => Ok(status),
            Finish::Refused(refusal) => Err(self.trouble(Kind::Protocol, refusal)),
        }
    }

    /// The server says no.
    pub fn refused(&self, what: &str, status: &StatusText) -> Trouble {
        let kind = if is_passing(status) { Kind::TryAgain } else { Kind::Unavailable };
        self.trouble(kind, format_args!("it refuses {what}: {}", words(&status.text)))
    }

    /// The server does what no server may.
    pub fn protocol(&self, what: &str) -> Trouble {
        self.trouble(Kind::Protocol, what)
    }

    fn trouble(&self, kind: Kind, what: impl std::fmt::Display) -> Trouble {
        Trouble::new(kind, format_args!("{}: {what}", self.host))
    }

    async fn lost(&mut self, outcome: &Outcome) -> Trouble {
        match (&outcome.said, outcome.stage) {
            (Said::Status(status), Stage::Login) if !is_passing(status) => {
                let said = words(&status.text);
                let said = said.trim_end_matches('.');
                let words = format_args!("the server does not let us in: {said}. Check the name and the password");
                self.trouble(Kind::NotAllowed, words)
            }
            (Said::Status(status), _) => {
                self.trouble(Kind::TryAgain, format_args!("the server says: {}", words(&status.text)))
            }
            // The session sees no more than that; whether TLS was why, the drive loop knows.
            (Said::Closed, _) => match self.why_closed().await {
                Some(trouble) => trouble,
                None => self.trouble(Kind::TryAgain, "the connection broke"),
            },
            (Said::TimedOut, _) => self.trouble(Kind::TryAgain, "the server does not answer"),
            (Said::Garbage(what), _) => {
                self.trouble(Kind::Protocol, format_args!("what it says is no IMAP: {}", words(what)))
            }
            (Said::Refused(refusal @ (Refusal::NoTls | Refusal::NoLogin | Refusal::Unproven)), _) => {
                self.trouble(Kind::NotAllowed, refusal)
            }
            (Said::Refused(refusal), _) => self.trouble(Kind::TryAgain, refusal),
        }
    }

    /// Why the connection closed, where TLS was at fault.
    async fn why_closed(&mut self) -> Option<Trouble> {
        // Nobody speaks any more: whatever drives the connection has only to end.
        match tokio::time::timeout(GOODBYE, &mut self.driving).await {
            Ok(Ok(Ended { reason: Reason::Tls(error), .. })) => Some(self.distrusted(error)),
            _ => None,
        }
    }

    /// There is no TLS with the server.
    fn distrusted(&self, error: HandshakeError) -> Trouble {
        // A line that broke in the handshake is no certificate that nobody believes.
        let kind = if dialing::is_lasting(&error) { Kind::Settings } else { Kind::TryAgain };
        Trouble::new(kind, dialing::explain(&Reason::Tls(error), &self.host))
    }

    /// The connection ended without a word to the desk.
    async fn ended(&mut self) -> Trouble {
        match (&mut self.driving).await {
            Ok(Ended { reason: Reason::Tls(error), .. }) => self.distrusted(error),
            Ok(Ended { reason: Reason::Unreadable, .. }) => {
                self.trouble(Kind::Io, "the message to be stored there cannot be read here")
            }
            Ok(Ended { reason, .. }) => self.trouble(Kind::TryAgain, reason),
            Err(_) => self.trouble(Kind::Software, "the connection came to an end that was not foreseen"),
        }
    }
}

/// Whether a refusal says that a later try may go better (RFC 5530 §3).
fn is_passing(status: &StatusText) -> bool {
    let Some(Code::Other(code, _)) = &status.code else { return false };
    matches!(code.as_str(), "UNAVAILABLE" | "INUSE" | "SERVERBUG" | "LIMIT" | "EXPUNGEISSUED" | "THROTTLED")
}

/// What a server says, harmless on a terminal.
pub(super) fn words(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORDS_MAX).collect();
    clean.trim().to_owned()
}

/// What a command is called where it is refused.
fn name(command: &Command) -> &'static str {
    match command {
        Command::Select(_) => "to open a folder (SELECT)",
        Command::List(_) | Command::Lsub { .. } => "to list the folders (LIST)",
        Command::Fetch(_) => "to hand out mail (FETCH)",
        Command::Search(_) => "to search (SEARCH)",
        Command::Store(_) => "to change flags (STORE)",
        Command::Status { .. } => "to tell of a folder (STATUS)",
        _ => "a command",
    }
}
