//! Dialogue files: a conversation between a client and our server, written as it would be typed, and the world it
//! takes place in. Owns the format, its parser, the made messages and the player; it talks to no server itself:
//! a runner lends the player a [`Stage`] (pure sessions, sockets, the real binary). The format is described in
//! `docs/dialogues.md`.

pub mod classic;
pub mod made;
mod parse;
pub mod pattern;
pub mod play;
pub mod question;
pub mod world;

pub use made::made_message;
pub use pattern::{Captures, Pattern, Template};
pub use play::{Failure, Heard, Stage, play};
pub use world::{Account, Mail, Network, Port, Run, World};

use std::time::Duration;

/// A file, read.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// The name errors carry.
    pub file: String,
    /// What stands before the first word is said.
    pub world: World,
    /// What is said, in order.
    pub script: Vec<Line>,
}

/// One line of the script.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// Which connection it belongs to; 1 where the file names none.
    pub connection: u8,
    /// What happens.
    pub act: Act,
}

/// What happens in a line.
#[derive(Clone, Debug)]
pub enum Act {
    /// `C:`, `C+`, `C\`, `C#`, `C=`: the client sends.
    Send(Sent),
    /// `S:`: the server sends a line like this.
    Expect(Pattern),
    /// `S*`: any number of lines, up to the one that fits the next `S:`.
    Skip,
    /// `M:`: the server sends this mail of the world, dot-stuffed, and the line of one dot; `L:`: just its lines.
    Message {
        /// An account of the world.
        account: String,
        /// Which of its mails, from 1.
        number: usize,
        /// The header and at most this many lines of the body (TOP); `None`: all of it.
        lines: Option<usize>,
        /// With dots, and the last one.
        stuffed: bool,
    },
    /// `T:`: client and server shake hands for TLS.
    StartTls,
    /// `X:`: the server closes the connection.
    ServerCloses,
    /// `D:`: the client drops the connection.
    ClientDrops,
    /// `?`: the session asks its desk this.
    Question(Question),
    /// `@`: time passes.
    Pass(Duration),
}

/// What a client sends in one line of the script.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The octets, CRLF included where the line adds it.
    pub octets: Template,
    /// Whether the next line is sent along with it, no reply awaited.
    pub joined: bool,
}

/// A question the session asks, and what it is answered.
#[derive(Clone, Debug)]
pub struct Question {
    /// The question in the words of [`question`].
    pub ask: Pattern,
    /// The answer in the words of [`question`]; `None`: what the world's own desk says.
    pub answer: Option<String>,
}

/// Why a text is no dialogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct DialogueError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, in words.
    pub what: String,
}

impl Dialogue {
    /// Reads a dialogue. `load` gets the octets of a file named by `= mail-file`, relative to the dialogue's folder.
    pub fn parse(
        file: &str,
        text: &str,
        load: &dyn Fn(&str) -> Result<Vec<u8>, String>,
    ) -> Result<Dialogue, DialogueError> {
        parse::dialogue(file, text, load)
    }

    /// Whether the client itself starts TLS somewhere in the script.
    #[must_use]
    pub fn starts_tls(&self) -> bool {
        self.script.iter().any(|line| matches!(line.act, Act::StartTls))
    }
}

/// Octets as they can stand in a dialogue: what is not printable ASCII as `\xHH`.
#[must_use]
pub fn show(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for octet in octets {
        match octet {
            b' '..=b'~' => text.push(char::from(*octet)),
            _ => text.push_str(&format!("\\x{octet:02x}")),
        }
    }
    text
}
