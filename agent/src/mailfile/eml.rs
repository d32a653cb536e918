//! Folders of single messages: a file each, as many programs save them (`.eml`). Owns their names; a file tells nothing of
//! flags, and of dates only what the message itself does.

use super::{Fault, Head, Item, MESSAGE_MAX, disk, fields, names};
use message::{Time, date, header};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What a file is called that holds a message.
const ENDINGS: [&str; 2] = ["eml", "emlx"];

/// Letters of a subject that stand in a file's name.
const SUBJECT_MAX: usize = 60;

/// Whether a file is called like a message.
#[must_use]
pub fn is_eml(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
}

/// Fields of which every message has one: many files of a system have lines with a colon, and are no mail.
const USUAL: [&str; 18] = [
    "From",
    "Date",
    "Subject",
    "Received",
    "Return-Path",
    "Message-ID",
    "To",
    "Cc",
    "Bcc",
    "Sender",
    "Reply-To",
    "In-Reply-To",
    "References",
    "Delivered-To",
    "MIME-Version",
    "Content-Type",
    "DKIM-Signature",
    "Resent-From",
];

/// Whether a file that begins so is a message: fields, one of them at least of those that mail has.
pub(super) fn looks_like(beginning: &[u8]) -> bool {
    let is_usual = |field: header::Field<'_>| USUAL.iter().any(|name| field.is(name));
    header::begins_with_field(beginning) && header::fields(beginning).any(is_usual)
}

/// Reads one.
///
/// # Errors
/// Those of the system.
pub fn read(path: &Path) -> Result<Item, Fault> {
    let Some(text) = disk::read(path, MESSAGE_MAX)? else { return Ok(Item { long: true, ..Item::default() }) };
    let mut content = super::maildir::with_crlf(apple(text, path));
    let mut head = fields::take_out(&mut content).head;
    head.received = received(&content).or_else(|| disk::stamp(path).ok().map(|stamp| stamp.changed));
    Ok(Item { head, content, long: false })
}

/// Apple Mail puts a line with the length before a message, and a property list behind it.
fn apple(text: Vec<u8>, path: &Path) -> Vec<u8> {
    let is_apple = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("emlx"));
    let message = || {
        let end = text.iter().position(|octet| *octet == b'\n')?;
        let octets: usize = std::str::from_utf8(text.get(..end)?).ok()?.trim().parse().ok()?;
        Some(text.get(end + 1..)?.get(..octets)?.to_vec())
    };
    if is_apple { message().unwrap_or(text) } else { text }
}

/// When it came: the date of the newest Received field, else of Date.
fn received(content: &[u8]) -> Option<Time> {
    let mut fields = header::fields(content);
    let of_received = |value: &[u8]| {
        let at = value.iter().rposition(|octet| *octet == b';')?;
        date::read(&header::unfold(value.get(at + 1..)?))
    };
    let newest = fields.clone().find(|field| field.is("Received")).and_then(|field| of_received(field.value));
    let date = newest.or_else(|| fields.find(|field| field.is("Date")).and_then(|field| date::read(field.value)));
    date.map(|date| date.time())
}

/// A folder of single messages that is added to.
pub struct Writer {
    root: PathBuf,
    made: HashSet<PathBuf>,
    unsynced: HashSet<PathBuf>,
    count: u64,
}

impl Writer {
    /// Opens a folder; it is made where there is none.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(root: &Path) -> Result<Writer, Fault> {
        disk::make_folder(root)?;
        Ok(Writer { root: root.to_owned(), made: HashSet::new(), unsynced: HashSet::new(), count: 0 })
    }

    /// Adds a message to a folder, named by its date, a number and its subject. Its file is of the day it came.
    ///
    /// # Errors
    /// Those of the system.
    pub fn add(&mut self, folder: &str, head: &Head, content: &[u8]) -> Result<(), Fault> {
        let path = names::Parts::of(folder).0.iter().fold(self.root.clone(), |path, level| path.join(level));
        if self.made.insert(path.clone()) {
            disk::make_folder(&path)?;
        }
        let day = date::write_iso8601(head.received.unwrap_or_default());
        let day = day.get(..10).unwrap_or_default();
        let subject = header::fields(content).find(|field| field.is("Subject"));
        let subject = subject.map(|field| header::text(field.value)).unwrap_or_default();
        let subject: String = subject.trim().chars().take(SUBJECT_MAX).collect();
        loop {
            self.count += 1;
            let file = path.join(names::file_name(&format!("{day} {:06} {subject}", self.count)) + ".eml");
            match disk::write_new(&file, content, head.received) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                written => {
                    self.unsynced.insert(path);
                    return written.map_err(Fault::disk(&file));
                }
            }
        }
    }

    /// All that was added is on disk when this returns.
    ///
    /// # Errors
    /// Those of the system.
    pub fn settle(&mut self) -> Result<(), Fault> {
        self.unsynced.drain().try_for_each(|folder| disk::sync_folder(&folder))
    }
}
