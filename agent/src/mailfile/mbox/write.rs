//! Writes an mbox as mboxrd: every line that begins with any number of `>` and then `From ` gets one more `>`, so that
//! reading undoes it. Lines end with LF. What the file tells of a message stands before its own header.

use super::super::{Fault, Head, disk, fields};
use memchr::memchr;
use message::{Time, date, header};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Who sent what came from nobody (RFC 5321 §4.5.5); mutt and others look for this word.
const NOBODY: &str = "MAILER-DAEMON";

/// The longest sender that is written, in octets.
const SENDER_MAX: usize = 320;

/// Octets gathered before they are written.
const GATHERED: usize = 256 * 1024;

/// Octets that a message's own lines in the file may take.
const HEAD_ROOM: usize = 1024;

/// One message in the form of the file, with the empty line that parts it from the next.
pub fn write(head: &Head, content: &[u8], now: Time, out: &mut Vec<u8>) {
    let when = head.received.unwrap_or(now);
    out.extend_from_slice(format!("From {} {}\n", sender(head, content), asctime(when)).as_bytes());
    fields::write(head, out);
    let (mut rest, mut in_header, mut dropping) = (content, true, false);
    while !rest.is_empty() {
        let end = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let (line, after) = rest.split_at(end);
        rest = after;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        in_header &= !text.is_empty();
        let goes_on = dropping && matches!(text.first(), Some(b' ' | b'\t'));
        dropping = in_header && (goes_on || fields::is_ours(text));
        if dropping {
            continue;
        }
        if is_from(text) {
            out.push(b'>');
        }
        out.extend_from_slice(text);
        out.push(b'\n');
    }
    out.push(b'\n');
}

fn is_from(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|octet| **octet == b'>').count();
    line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "))
}

/// The reverse path, as known or as a Return-Path tells it; nothing that would be another word.
fn sender(head: &Head, content: &[u8]) -> String {
    let told = || {
        let field = header::fields(content).next().filter(|field| field.is("Return-Path"))?;
        Some(String::from_utf8_lossy(field.value).trim().trim_matches(['<', '>']).to_owned())
    };
    let sender = if head.sender.is_empty() { told().unwrap_or_default() } else { head.sender.clone() };
    let sound = !sender.is_empty() && sender.len() <= SENDER_MAX;
    let sound = sound && !sender.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    if sound { sender } else { NOBODY.to_owned() }
}

/// `Sat Nov 21 05:17:44 2026`, in UTC (RFC 4155 appendix A).
pub(crate) fn asctime(time: Time) -> String {
    let text = date::write(time, 0);
    let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [weekday, day, month, year, clock, _] => format!("{weekday} {month} {day:>2} {clock} {year}"),
        _ => text,
    }
}

/// What a file lacks before another message may begin: some programs leave out the last empty line.
fn missing_end(file: &mut File) -> std::io::Result<&'static [u8]> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(4)))?;
    let mut last = Vec::new();
    Read::by_ref(file).take(4).read_to_end(&mut last)?;
    let ends = |end: &[u8]| last.ends_with(end);
    Ok(match () {
        () if last.is_empty() || ends(b"\n\n") || ends(b"\n\r\n") => b"",
        () if ends(b"\n") => b"\n",
        () => b"\n\n",
    })
}

/// An mbox that messages are added to. Others that keep to locks stay away meanwhile.
pub struct Writer {
    file: File,
    path: PathBuf,
    _lock: disk::Lock,
    gathered: Vec<u8>,
    /// Octets of the file once all that is gathered is written.
    end: u64,
}

impl Writer {
    /// Opens a file to add to; it is made where there is none.
    ///
    /// # Errors
    /// Those of the system; also when another program writes to it.
    pub fn open(path: &Path) -> Result<Writer, Fault> {
        let (mut file, lock) = disk::open_to_append(path)?;
        let gathered = missing_end(&mut file).map_err(Fault::disk(path))?.to_vec();
        let end = disk::stamp(path)?.octets + gathered.len() as u64;
        Ok(Writer { file, path: path.to_owned(), _lock: lock, gathered, end })
    }

    /// Where the next message will begin.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Adds a message. It is there for good after [`Writer::settle`].
    ///
    /// # Errors
    /// Those of the system.
    pub fn add(&mut self, head: &Head, content: &[u8], now: Time) -> Result<(), Fault> {
        let mut text = Vec::with_capacity(content.len() + HEAD_ROOM);
        write(head, content, now, &mut text);
        self.add_written(&text)
    }

    /// Adds messages that are in the form of the file already.
    ///
    /// # Errors
    /// Those of the system.
    pub fn add_written(&mut self, text: &[u8]) -> Result<(), Fault> {
        self.gathered.extend_from_slice(text);
        self.end += text.len() as u64;
        if self.gathered.len() >= GATHERED { self.flush() } else { Ok(()) }
    }

    /// Adds messages that are in the form of the file already, right after opening it. They were to begin at this octet, and some
    /// of them may be there since a machine stopped: then the rest follows.
    ///
    /// # Errors
    /// Those of the system.
    pub fn make_up(&mut self, at: u64, text: &[u8]) -> Result<(), Fault> {
        let there = self.holds(at, text)?.unwrap_or(0);
        if there > 0 {
            // What is there does not lack its end, but its rest.
            self.end -= self.gathered.len() as u64;
            self.gathered.clear();
        }
        self.add_written(text.get(there..).unwrap_or_default())
    }

    /// What stands in the file from this octet on, as far as it is the beginning of this text: how much of it is there.
    /// `None`: the file ends before, or something else stands there.
    ///
    /// # Errors
    /// Those of the system.
    pub(crate) fn holds(&mut self, at: u64, text: &[u8]) -> Result<Option<usize>, Fault> {
        let mut there = Vec::new();
        let mut read = || {
            self.file.seek(SeekFrom::Start(at))?;
            Read::by_ref(&mut self.file).take(text.len() as u64).read_to_end(&mut there)
        };
        read().map_err(Fault::disk(&self.path))?;
        Ok((at <= self.end && text.starts_with(&there)).then_some(there.len()))
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let written = self.file.write_all(&self.gathered);
        self.gathered.clear();
        written.map_err(Fault::disk(&self.path))
    }

    /// All that was added is on disk when this returns.
    ///
    /// # Errors
    /// Those of the system.
    pub fn settle(&mut self) -> Result<(), Fault> {
        self.flush()?;
        self.file.sync_all().map_err(Fault::disk(&self.path))
    }
}
