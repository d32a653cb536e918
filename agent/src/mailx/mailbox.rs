//! A mailbox as a session of `mail` has it: messages in order, each with its state. Owns what the `Status` fields of an mbox
//! say of them.

use message::header::{self, fields};
use message::{Time, date};

/// What was done with a message, before and in this session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// It was not there in an earlier session.
    pub new: bool,
    /// It was read, now or before.
    pub read: bool,
    /// It was read, or otherwise touched, in this session.
    pub touched: bool,
    /// It is to go.
    pub deleted: bool,
    /// It was saved elsewhere in this session.
    pub saved: bool,
    /// It stays where it is, whatever else holds (`hold`).
    pub preserved: bool,
    /// It goes to the second mailbox (`mbox`).
    pub mboxed: bool,
    /// It was answered.
    pub answered: bool,
    /// It is marked.
    pub flagged: bool,
}

/// A message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What the world knows it by.
    pub key: u64,
    /// Who sent it and when, as in the `From ` line of an mbox, without that word.
    pub envelope: String,
    /// When it came.
    pub received: Time,
    /// The message, lines ended by LF.
    pub raw: Vec<u8>,
    /// What was done with it.
    pub state: State,
}

/// A mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// What people call it: a path, or the name of a folder.
    pub name: String,
    /// The messages, the first is number 1.
    pub messages: Vec<Message>,
    /// It is where mail comes in: what was read there may go to the second mailbox.
    pub is_inbox: bool,
    /// Nothing is changed in it.
    pub is_read_only: bool,
}

impl Message {
    /// The header section, empty line included.
    #[must_use]
    pub fn header(&self) -> &[u8] {
        self.raw.get(..self.body_start()).unwrap_or(&self.raw)
    }

    /// Where the body begins.
    #[must_use]
    pub fn body_start(&self) -> usize {
        header::section_end(&self.raw, 0).unwrap_or(self.raw.len()).min(self.raw.len())
    }

    /// A field of the header, decoded; empty where there is none.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let field = fields(self.header()).find(|field| field.is(name));
        field.map(|field| header::text(field.value)).unwrap_or_default()
    }

    /// The address of who wrote it.
    #[must_use]
    pub fn sender(&self) -> String {
        let field = fields(self.header()).find(|field| field.is("From"));
        let found = field.and_then(|field| {
            let entries = header::addresses(field.value);
            let mailbox = message::summary::Envelope::mailboxes(&entries).next()?;
            Some(match mailbox.domain.is_empty() {
                true => String::from_utf8_lossy(&mailbox.local_part).into_owned(),
                false => format!(
                    "{}@{}",
                    String::from_utf8_lossy(&mailbox.local_part),
                    String::from_utf8_lossy(&mailbox.domain)
                ),
            })
        });
        found.unwrap_or_else(|| self.envelope.split(' ').next().unwrap_or_default().to_owned())
    }

    /// Its Date field; when it came where there is none.
    #[must_use]
    pub fn sent(&self) -> Time {
        let field = fields(self.header()).find(|field| field.is("Date"));
        field.and_then(|field| date::read(field.value)).map_or(self.received, date::Date::time)
    }

    /// Lines, as an mbox has them: its `From ` line and the empty line at the end count.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.raw.iter().filter(|octet| **octet == b'\n').count() + 2
    }

    /// Octets, counted the same way.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.raw.len() + self.envelope.len() + "From \n\n".len()
    }

    /// `Status` and `X-Status`, as mail programs on Unix keep them; nothing for what is new.
    #[must_use]
    pub fn status(&self) -> (String, String) {
        let read = if self.state.read { "R" } else { "" };
        let mut more = String::new();
        if self.state.answered {
            more.push('A');
        }
        if self.state.flagged {
            more.push('F');
        }
        let old = if self.state.read || !self.state.new { "O" } else { "" };
        (format!("{read}{old}"), more)
    }
}

impl Mailbox {
    /// Messages that are not gone.
    #[must_use]
    pub fn left(&self) -> usize {
        self.messages.iter().filter(|message| !message.state.deleted).count()
    }

    /// `box: 3 messages 1 new 2 unread`, as the first line of a session says it.
    #[must_use]
    pub fn said(&self) -> String {
        let there = || self.messages.iter().filter(|message| !message.state.deleted);
        let new = there().filter(|message| message.state.new && !message.state.read).count();
        let unread = there().filter(|message| !message.state.read).count();
        let gone = self.messages.len() - there().count();
        let mut said = format!("{}: {} message{}", self.name, self.left(), if self.left() == 1 { "" } else { "s" });
        for (count, word) in [(new, "new"), (unread, "unread"), (gone, "deleted")] {
            // Who is new is unread, too; that is said only where it tells more.
            if count > 0 && (word != "unread" || unread != new) {
                said.push_str(&format!(" {count} {word}"));
            }
        }
        if self.is_read_only {
            said.push_str(" [Read-only]");
        }
        said
    }
}
