//! What a client session asks its desk, and what it is answered.
//!
//! The order: `Next` when the server is ready; for every task answered to it any number of `Heard` and `Body`, then one
//! `Finished`; then `Next` again, until the desk says `Logout` or the connection ends. An end that `Logout` did not ask for
//! is told by `Lost`, also in the midst of a task: then no `Finished` follows.

use crate::TlsFacts;
use crate::imap::command::{Command, Flag};
use crate::imap::mailbox::{Charset, MailboxName};
use crate::imap::response::{Data, Head, StatusText};
use message::Time;
use message::date::Date;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The server is ready: what is to be done? Answer: `Task` or `Logout`.
    Next(Box<Facts>),
    /// The server told this. Answer: `Done`, or in IDLE `Stop`.
    Heard(Box<Data>),
    /// Content of a message begins. Answer: `Done`.
    Body(Head),
    /// What came of the task. Answer: `Done`.
    Finished(Finish),
    /// The session ended. Answer: `Done`.
    Lost(Outcome),
}

/// An answer. One that does not fit the question is taken for `Done`, and to `Next` for `Logout`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Do this.
    Task(Task),
    /// There is nothing more to do.
    Logout,
    /// Heard.
    Done,
    /// Heard, and enough: IDLE ends.
    Stop,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// A command, of those that change nothing about the connection itself and carry no message.
    Run(Box<Command>),
    /// APPEND of one message.
    Append(Box<Append>),
    /// IDLE (RFC 2177), until this time, until the desk says `Stop`, or until it has [`crate::Event::News`]: something else
    /// to do. RFC 2177 §3: at most 29 minutes.
    Idle(Time),
}

/// A message for a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Where it goes.
    pub mailbox: MailboxName,
    /// Its flags.
    pub flags: Vec<Flag>,
    /// Its INTERNALDATE.
    pub internal_date: Option<Date>,
    /// The desk's name for the content, for [`crate::Relay`].
    pub source: u64,
    /// The length of the content in octets. Exact: content of another length would be taken for commands.
    pub octets: u64,
}

/// What is known of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What it can do, in capitals; nothing of what it said before TLS.
    pub capabilities: Vec<String>,
    /// The TLS of the connection.
    pub tls: Option<TlsFacts>,
    /// Whether we logged in, or need not.
    pub logged_in: bool,
    /// How names are written: UTF-8 after an ENABLE that says so.
    pub charset: Charset,
}

impl Facts {
    /// Whether the server can do something.
    #[must_use]
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|known| known == capability)
    }
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finish {
    /// OK, NO or BAD.
    Said(StatusText),
    /// It was never said.
    Refused(Refusal),
}

/// How a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How far it was.
    pub stage: Stage,
    /// What was said.
    pub said: Said,
}

/// How far a session was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Before the greeting.
    Greeting,
    /// CAPABILITY.
    Capability,
    /// STARTTLS.
    StartTls,
    /// The TLS handshake.
    Handshake,
    /// AUTHENTICATE or LOGIN.
    Login,
    /// Between tasks.
    Ready,
    /// In a task.
    Task,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// NO, BAD or BYE.
    Status(StatusText),
    /// The connection closed or broke.
    Closed,
    /// Nothing came for too long.
    TimedOut,
    /// Something that is no response, or not one to what was said.
    Garbage(String),
    /// It was never said: this side would not.
    Refused(Refusal),
}

/// Why something was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// TLS is required, and the server does not offer it.
    #[error("the server does not offer TLS")]
    NoTls,
    /// The server offers no way to log in that may be used here.
    #[error("the server offers no login that may be used")]
    NoLogin,
    /// The server did not prove that it knows the password too (RFC 5802 §5).
    #[error("the server did not prove its identity in the login")]
    Unproven,
    /// The command is the session's own to say.
    #[error("the command is none for a task")]
    Command,
    /// The server does not know IDLE.
    #[error("the server does not offer IDLE")]
    NoIdle,
    /// This side is stopping.
    #[error("this side is stopping")]
    Stopping,
}
