//! What a client session asks its desk, and what it is answered.
//!
//! The order: `Next` when the server is ready; for every task answered to it, in their order, what the server tells
//! (`Listed`, or `Begun` and content) and one `Finished`; then `Next` again, until the desk says `Quit`; then `Goodbye`.
//! An end that `Quit` did not ask for, or before the answer to QUIT, is told by `Lost`, also in the midst of a task: then no
//! `Finished` follows.

use super::reply::Reply;
use crate::TlsFacts;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The server is ready: what is to be done? Answer: `Tasks` or `Quit`.
    Next(Box<Facts>),
    /// The server lists these, of `List` or `Uidl`; more may follow. Answer: `Done`.
    Listed(Vec<Listed>),
    /// Content of a message begins, of `Retr` or `Top`. Answer: `Done`.
    Begun(Task),
    /// What came of a task. Answer: `Done`.
    Finished(Finish),
    /// QUIT was answered: with a yes, all that was marked is removed. Answer: `Done`.
    Goodbye(Reply),
    /// The session ended before that: what was marked may be removed or not where QUIT was said, and is there otherwise
    /// (RFC 1939 §6). Answer: `Done`.
    Lost(Outcome),
}

/// An answer. One that does not fit the question is taken for `Done`, and to `Next` for `Quit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Do these, one after the other; at most [`TASKS`](super::limits::TASKS).
    Tasks(Vec<Task>),
    /// There is nothing more to do.
    Quit,
    /// Heard.
    Done,
}

/// What is to be done. Messages have the numbers of this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// STAT: how much there is; [`Reply::drop_listing`] reads it.
    Stat,
    /// LIST: the size of every message.
    List,
    /// UIDL: the lasting name of every message.
    Uidl,
    /// TOP: the header of a message, and so many lines of its body.
    Top {
        /// Which message.
        number: u32,
        /// Lines of the body.
        lines: u32,
    },
    /// RETR: a whole message.
    Retr(u32),
    /// DELE: marks a message to be removed at QUIT.
    Dele(u32),
    /// RSET: takes all marks away.
    Reset,
    /// NOOP.
    Noop,
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Of LIST.
    Size {
        /// Which message.
        number: u32,
        /// Its size in octets, as the server tells it.
        octets: u64,
    },
    /// Of UIDL.
    Uid {
        /// Which message.
        number: u32,
        /// Its lasting name.
        uid: String,
    },
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// Which.
    pub task: Task,
    /// What the server said. Content and lists came before, where it is a yes.
    pub reply: Reply,
}

/// What is known of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What it can do, a line each, in capitals (RFC 2449 §5); nothing of what it said before TLS, and empty where it does
    /// not know CAPA.
    pub capabilities: Vec<String>,
    /// The TLS of the connection.
    pub tls: Option<TlsFacts>,
    /// Messages come with UTF-8 in their headers (RFC 6856 §2).
    pub utf8: bool,
}

impl Facts {
    /// Whether the server says that it can do something, named in capitals.
    #[must_use]
    pub fn can(&self, capability: &str) -> bool {
        self.arguments(capability).is_some()
    }

    /// What follows a capability's name.
    pub(super) fn arguments(&self, capability: &str) -> Option<impl Iterator<Item = &str>> {
        self.capabilities.iter().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            (words.next() == Some(capability)).then_some(words)
        })
    }
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
    /// CAPA.
    Capability,
    /// STLS.
    StartTls,
    /// The TLS handshake.
    Handshake,
    /// UTF8, AUTH, APOP, USER and PASS.
    Login,
    /// Between tasks.
    Ready,
    /// In a task.
    Task,
    /// QUIT was said.
    Quit,
}

/// What was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// `-ERR`.
    No(Reply),
    /// The connection closed or broke.
    Closed,
    /// Nothing came for too long.
    TimedOut,
    /// Something that is no answer, or not one to what was said.
    Garbage(String),
    /// A message is longer than it may be.
    TooLong,
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
    /// The name or the password cannot be said to this server.
    #[error("the name or the password cannot be sent")]
    Unsayable,
    /// The server did not prove that it knows the password too (RFC 5802 §5).
    #[error("the server did not prove its identity in the login")]
    Unproven,
    /// This side is stopping.
    #[error("this side is stopping")]
    Stopping,
}
