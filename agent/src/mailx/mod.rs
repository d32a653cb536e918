//! `mail`, `mailx` (POSIX, with the habits of s-nail and its forebears) as a dialogue: lines go in, text and effects come
//! out by a [`World`]. Owns the options, the variables, the commands at the prompt and the tilde escapes in a letter. Does
//! not own the terminal, the disk, programs or how mail leaves: whoever carries it out hands in a world. RFC 5322 for what
//! is written and shown, POSIX.1-2017 `mailx` for the words.

mod command;
mod compose;
mod filing;
mod mailbox;
mod options;
mod select;
mod session;
mod settings;
pub mod spool;
mod summary;
#[cfg(test)]
mod tests;

pub use mailbox::{Mailbox, Message, State};
pub use options::{Mode, Options, read as read_options};
pub use session::Session;
pub use settings::Settings;

use crate::key_folder::KeyFolder;
use crate::letter::Letter;
use message::Time;

/// What a person says at a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A line, without its end.
    Line(String),
    /// A line that is no text: neither UTF-8 nor of the charset of who types.
    Octets(Vec<u8>),
    /// Ctrl-C.
    Interrupt,
    /// Nothing more comes.
    End,
}

/// What came of adding to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// It was made.
    New,
    /// It was there before.
    Appended,
}

/// What became of a letter that did not have to be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is on its way.
    Sent,
    /// It waits to be sent, and is kept where it waits; what is to be said of it.
    Waits(String),
    /// Nobody knows whether it went. It is kept until a person decides, whom this tells.
    Unsure(String),
    /// Some get it, and the others never will; why.
    InPart(String),
}

/// How much a command is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// What it writes goes where ours goes.
    Shown,
    /// What it writes comes back.
    Taken,
}

/// Everything that is not the dialogue itself. Errors are words for the person.
pub trait World {
    /// Where clocks stand.
    fn zone(&self) -> message::zone::Zone {
        message::zone::Zone::utc()
    }
    /// The next line, after this prompt.
    fn line(&mut self, prompt: &str) -> Said;
    /// All lines that are left, as they came: where nobody sits there.
    ///
    /// # Errors
    /// They cannot be read, or are too many.
    fn rest(&mut self) -> Result<Vec<u8>, String>;
    /// Octets from outside as text: they are UTF-8, or of the charset of who runs this. `None`: neither.
    fn text(&self, octets: &[u8]) -> Option<String> {
        std::str::from_utf8(octets).ok().map(str::to_owned)
    }
    /// Text for stdout.
    fn print(&mut self, text: &str);
    /// A line for stderr.
    fn complain(&mut self, line: &str);
    /// Text of many lines, by the pager where that is wanted.
    fn page(&mut self, text: &str, pager: Option<&str>);
    /// What is in a file.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String>;
    /// Adds to the end of a file.
    ///
    /// # Errors
    /// It cannot be written.
    fn append(&mut self, path: &str, octets: &[u8]) -> Result<Filed, String>;
    /// Has the shell run a command, with this on its stdin.
    ///
    /// # Errors
    /// It cannot be started.
    fn shell(&mut self, command: &str, input: Option<&[u8]>, output: Output) -> Result<Vec<u8>, String>;
    /// Has a person work on a text in this editor.
    ///
    /// # Errors
    /// It cannot be started, or did not end well.
    fn edit(&mut self, text: &str, editor: &str) -> Result<String, String>;
    /// Whether mail has a folder of this name, which is no file.
    fn has_folder(&mut self, _name: &str) -> bool {
        false
    }
    /// Copies messages of the open mailbox, known by their keys, to a folder of the same mail.
    ///
    /// # Errors
    /// They are of another mailbox, or the folder takes none.
    fn copy(&mut self, _messages: &[u64], folder: &str) -> Result<(), String> {
        Err(format!("{folder}: there is no such folder"))
    }
    /// Opens a mailbox.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    fn open(&mut self, name: &str) -> Result<Mailbox, String>;
    /// Makes what was done to a mailbox last; what to say of it.
    ///
    /// # Errors
    /// It cannot be written.
    fn close(&mut self, mailbox: &Mailbox) -> Result<Option<String>, String>;
    /// Sends a letter, by this program where one is named (`mta`, `sendmail`).
    ///
    /// # Errors
    /// It cannot be sent, and is nowhere but with who wrote it.
    fn send(&mut self, letter: &Letter, program: Option<&str>) -> Result<Fate, String>;
    /// What time it is.
    fn now(&self) -> Time;
    /// Keys and certificates, for letters that are signed or encrypted.
    fn keys(&self) -> Option<KeyFolder> {
        None
    }
}
