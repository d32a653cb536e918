//! An mbox as `mail` works on it: read whole, and written back under its lock with what was done, while what arrived
//! meanwhile stays (RFC 4155). Owns when the file may be replaced. The dialects of mbox as other programs make them are
//! `crate::mailfile`'s.

use super::filing::mbox_text;
use super::mailbox::{Mailbox, Message, State};
use crate::mailfile::disk;
use crate::mailfile::mbox::begins;
use message::header::fields;
use message::{Time, date};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

/// Octets of a spool that is read whole: what a person's mailbox on a host may hold, and memory does.
pub const SPOOL_MAX: usize = 1024 * 1024 * 1024;

/// Reads a mailbox and what stood in the file.
///
/// # Errors
/// It is not there, cannot be read, or is none.
pub fn open(path: &Path) -> Result<(Mailbox, Vec<u8>), String> {
    if disk::is_folder(path) {
        return Err(format!("{}: is a folder", path.display()));
    }
    let octets = disk::read(path, SPOOL_MAX).map_err(|fault| fault.to_string())?;
    let octets = octets.ok_or_else(|| format!("{}: larger than {SPOOL_MAX} octets", path.display()))?;
    if !octets.is_empty() && !begins(&octets) {
        return Err(format!("{}: is no mailbox: its first line does not begin with \"From \"", path.display()));
    }
    let messages = messages(&octets);
    Ok((Mailbox { name: path.display().to_string(), messages, ..Mailbox::default() }, octets))
}

/// Writes back what was done to a mailbox, `before` being what was read. What came since is kept; where something else was
/// changed, nothing is written.
///
/// # Errors
/// It cannot be locked or written, or another program changed it.
pub fn close(path: &Path, mailbox: &Mailbox, before: &[u8]) -> Result<(), String> {
    let (mut file, _lock) = disk::open_to_append(path).map_err(|fault| fault.to_string())?;
    let now = disk::read(path, SPOOL_MAX).map_err(|fault| fault.to_string())?.unwrap_or_default();
    let Some(arrived) = now.strip_prefix(before) else {
        return Err(format!("{}: another program changed it; nothing is written", path.display()));
    };
    let mut text = Vec::with_capacity(now.len());
    for message in mailbox.messages.iter().filter(|message| !message.state.deleted) {
        // What was new has been seen in a list now.
        let old = Message { state: State { new: false, ..message.state }, ..message.clone() };
        text.extend(mbox_text(&old));
    }
    text.extend_from_slice(arrived);
    // A copy beside it first: whatever happens while the file is written, its mail is in one of the two.
    let copy = path.with_extension("mail-copy");
    let copied = disk::write_new(&copy, &text, None);
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let written = file
        .set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)))
        .and_then(|_| file.write_all(&text))
        .and_then(|()| file.sync_all());
    match (written, copied) {
        (Ok(()), Ok(())) => disk::remove(&copy).map_err(|fault| fault.to_string()),
        // Spools lie in folders in which not everybody may make files.
        (Ok(()), Err(_)) => Ok(()),
        (Err(error), Ok(())) => Err(format!("{}; its mail is in {}", failed(error), copy.display())),
        (Err(error), Err(_)) => Err(failed(error)),
    }
}

/// Adds to a file, which is made where there is none; an mbox under its lock.
///
/// # Errors
/// It cannot be locked or written.
pub fn append(path: &Path, octets: &[u8]) -> Result<(), String> {
    let (mut file, _lock) = disk::open_to_append(path).map_err(|fault| fault.to_string())?;
    let written = file.write_all(octets).and_then(|()| file.sync_all());
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// `Sat Nov 21 10:00:00 2026`, as a `From ` line has it.
#[must_use]
pub fn asctime(time: Time) -> String {
    crate::mailfile::mbox::asctime(time)
}

/// The messages of a file.
#[must_use]
pub fn messages(octets: &[u8]) -> Vec<Message> {
    let mut starts = Vec::new();
    let (mut at, mut after_empty) = (0, true);
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if after_empty && line.starts_with(b"From ") && begins(octets.get(at..).unwrap_or_default()) {
            starts.push(at);
        }
        after_empty = line == b"\n" || line == b"\r\n";
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([octets.len()]);
    let pieces = starts.iter().zip(ends).filter_map(|(start, end)| octets.get(*start..end));
    (1..).zip(pieces).map(|(key, piece)| message(key, piece)).collect()
}

fn message(key: u64, piece: &[u8]) -> Message {
    let end = piece.iter().position(|octet| *octet == b'\n').map_or(piece.len(), |end| end + 1);
    let (separator, rest) = piece.split_at(end.min(piece.len()));
    let envelope = String::from_utf8_lossy(separator.strip_prefix(b"From ").unwrap_or_default()).trim_end().to_owned();
    let received = envelope
        .split_once(' ')
        .and_then(|(_, when)| date::read(when.trim().as_bytes()))
        .map_or(Time(0), date::Date::time);
    // The empty line at the end belongs to the file.
    let rest = rest.strip_suffix(b"\n").filter(|text| text.ends_with(b"\n")).unwrap_or(rest);
    let mut raw = Vec::with_capacity(rest.len());
    for line in rest.split_inclusive(|octet| *octet == b'\n') {
        let line = unquoted(line);
        match line.strip_suffix(b"\r\n") {
            Some(text) => {
                raw.extend_from_slice(text);
                raw.push(b'\n');
            }
            None => raw.extend_from_slice(line),
        }
    }
    let mut message = Message { key, envelope, received, raw, state: State::default() };
    message.state = state(&message);
    message
}

/// `>From ` as it was before it was quoted.
fn unquoted(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|octet| **octet == b'>').count();
    let quoted = marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "));
    if quoted { line.get(1..).unwrap_or(line) } else { line }
}

/// What `Status` and `X-Status` say.
fn state(message: &Message) -> State {
    let value = |name: &str| {
        let field = fields(message.header()).find(|field| field.is(name));
        field.map(|field| String::from_utf8_lossy(field.value).trim().to_owned())
    };
    let status = value("Status").unwrap_or_default();
    let more = value("X-Status").unwrap_or_default();
    State {
        new: !status.contains(['O', 'R']),
        read: status.contains('R'),
        answered: more.contains('A'),
        flagged: more.contains('F'),
        ..State::default()
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests make the files they read")]
mod tests {
    use super::*;

    const BOX: &str = "From alice@x Sat Nov 21 10:00:00 2026\nFrom: alice@x\nSubject: one\n\nHello\n>From here\n\n\
        From bob@x Sat Nov 21 11:00:00 2026\nFrom: bob@x\nStatus: RO\nX-Status: F\nSubject: two\n\nFrom nobody\n\n\
        From carol@x Sat Nov 21 12:00:00 2026\nFrom: carol@x\nStatus: O\n\n3\n\n";

    fn spool() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bob");
        std::fs::write(&path, BOX).unwrap();
        (folder, path)
    }

    #[test]
    fn a_spool_is_read_with_its_states() {
        let (_folder, path) = spool();
        let (mailbox, _) = open(&path).unwrap();
        let states: Vec<(bool, bool, bool)> =
            mailbox.messages.iter().map(|m| (m.state.new, m.state.read, m.state.flagged)).collect();
        assert_eq!(states, [(true, false, false), (false, true, true), (false, false, false)]);
        assert!(mailbox.messages[0].raw.ends_with(b"\n\nHello\nFrom here\n"));
        assert_eq!(mailbox.messages[0].sender(), "alice@x");
        assert_eq!(mailbox.said(), format!("{}: 3 messages 1 new 2 unread", path.display()));
    }

    #[test]
    fn what_was_done_is_written_and_what_arrived_stays() {
        let (_folder, path) = spool();
        let (mut mailbox, before) = open(&path).unwrap();
        mailbox.messages[1].state.deleted = true;
        mailbox.messages[0].state.read = true;
        let arrived = "From dora@x Sat Nov 21 13:00:00 2026\nFrom: dora@x\n\n4\n\n";
        std::fs::write(&path, format!("{BOX}{arrived}")).unwrap();
        close(&path, &mailbox, &before).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("From alice@x Sat Nov 21 10:00:00 2026\nFrom: alice@x\nSubject: one\nStatus: RO\n\nHello\n>From here\n\nFrom carol"), "{text}");
        assert!(text.ends_with(arrived) && !text.contains("bob@x"), "{text}");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no lock and no copy is left");
        assert_eq!(open(&path).unwrap().0.messages.len(), 3);
    }

    #[test]
    fn what_another_program_changed_is_left_alone() {
        let (_folder, path) = spool();
        let (mailbox, before) = open(&path).unwrap();
        std::fs::write(&path, BOX.replace("Hello", "Holla")).unwrap();
        assert!(close(&path, &mailbox, &before).unwrap_err().contains("nothing is written"));
        assert!(std::fs::read_to_string(&path).unwrap().contains("Holla"));
    }

    #[test]
    fn what_is_no_mailbox_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert!(open(&path).is_err() && open(folder.path()).is_err());
        std::fs::write(&path, "hello").unwrap();
        assert!(open(&path).unwrap_err().contains("is no mailbox"));
        std::fs::write(&path, "").unwrap();
        assert_eq!(open(&path).unwrap().0.messages.len(), 0);
    }

    #[test]
    fn octets_come_back_as_they_were_from_any_state() {
        let (mailbox, _) = (messages(BOX.as_bytes()), ());
        let written: Vec<u8> = mailbox.iter().flat_map(mbox_text).collect();
        let again = messages(&written);
        let bodies = |all: &[Message]| -> Vec<Vec<u8>> {
            all.iter().map(|message| message.raw[message.body_start()..].to_vec()).collect()
        };
        assert_eq!(bodies(&again), bodies(&mailbox));
    }
}
