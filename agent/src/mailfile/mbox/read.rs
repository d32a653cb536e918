//! Reads an mbox from any message on, one message at a time.
//!
//! A message ends at an empty line before a line `From sender date`, or with the file. Where the first message says by
//! Content-Length how long it is, and says so rightly, the file is of the kind that counts: then the others are believed,
//! too, each as far as a line `From ` or the end of the file follows there. In files of the other kinds the field is the
//! sender's, who could hide the next message behind it.

use super::super::{Fault, Item, MESSAGE_MAX, fields};
use super::SEPARATOR_MAX;
use memchr::memchr;
use message::{Time, date};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Octets read from the file at once.
const CHUNK: usize = 64 * 1024;

/// What is looked at to tell what a line is: an empty line and a separator after it, or as many `>` as anybody quotes.
const LOOK: usize = SEPARATOR_MAX + 8;

/// An mbox.
pub struct Reader<R> {
    input: Input<R>,
    path: PathBuf,
    /// Whether the file counts octets; unknown before the first message.
    counts: Option<bool>,
}

/// What stands between two lines `From `.
#[derive(Clone, Debug)]
pub struct Entry {
    /// From its line `From ` to the end of the empty line after it.
    pub place: Range<u64>,
    /// The message; `None`: it counts as deleted, or is a note of the program that kept the file.
    pub item: Option<Item>,
}

/// What a `From ` line says.
struct Separator {
    sender: String,
    received: Time,
    octets: usize,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads from this octet on, where a message begins. `path` is for errors alone.
    ///
    /// # Errors
    /// Those of the system.
    pub fn new(mut inner: R, at: u64, path: &Path) -> Result<Reader<R>, Fault> {
        inner.seek(SeekFrom::Start(at)).map_err(Fault::disk(path))?;
        let input = Input { inner, buffer: Vec::new(), from: 0, position: at, ended: false };
        Ok(Reader { input, path: path.to_owned(), counts: None })
    }

    /// Reads from this octet on, as one does who has read all before it: what the first message tells of the file holds.
    ///
    /// # Errors
    /// Those of [`Reader::next_message`].
    pub fn resume(inner: R, at: u64, path: &Path) -> Result<Reader<R>, Fault> {
        let mut reader = Reader::new(inner, 0, path)?;
        if at > 0 {
            reader.next_entry()?;
            reader.input.seek(at).map_err(Fault::disk(path))?;
        }
        Ok(reader)
    }

    /// Whether messages come next, or the file ends: what is no mbox has neither.
    pub fn is_mbox(&mut self) -> bool {
        let found = self.pass_empty_lines().and_then(|()| {
            let window = self.input.window(LOOK)?;
            Ok(window.is_empty() || separator(window).is_some())
        });
        found.unwrap_or(false)
    }

    /// Where the next message begins, but for empty lines.
    pub fn position(&self) -> u64 {
        self.input.position
    }

    /// The next message; `None` at the end. A message longer than [`MESSAGE_MAX`] comes without content. What a program kept
    /// as deleted, or for itself, is passed over.
    ///
    /// # Errors
    /// Those of the system, and [`Fault::Torn`] where something else stands.
    pub fn next_message(&mut self) -> Result<Option<Item>, Fault> {
        while let Some(entry) = self.next_entry()? {
            if entry.item.is_some() {
                return Ok(entry.item);
            }
        }
        Ok(None)
    }

    /// The next message with its place; `None` at the end.
    ///
    /// # Errors
    /// Those of [`Reader::next_message`].
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Fault> {
        let path = self.path.clone();
        self.pass_empty_lines().map_err(Fault::disk(&path))?;
        let start = self.position();
        let Some(separator) = self.separator()? else { return Ok(None) };
        let mut gathered = Gathered::default();
        self.read_message(&mut gathered).map_err(Fault::disk(&path))?;
        let mut item = Item { content: gathered.content, long: gathered.long, ..Item::default() };
        let told = fields::take_out(&mut item.content);
        item.head = told.head;
        item.head.received = Some(separator.received);
        item.head.sender = separator.sender;
        Ok(Some(Entry { place: start..self.position(), item: (!told.gone).then_some(item) }))
    }

    fn pass_empty_lines(&mut self) -> io::Result<()> {
        while let Some(octets) = empty_line(self.input.window(LOOK)?) {
            self.input.take(octets);
        }
        Ok(())
    }

    fn separator(&mut self) -> Result<Option<Separator>, Fault> {
        let fault = Fault::disk(&self.path);
        let found = (|| {
            let window = self.input.window(LOOK)?;
            Ok((window.is_empty(), separator(window)))
        })();
        let (ended, found) = found.map_err(fault)?;
        match found {
            Some(separator) => {
                self.input.take(separator.octets);
                Ok(Some(separator))
            }
            None if ended => Ok(None),
            None => Err(Fault::Torn { path: self.path.clone(), at: self.input.position }),
        }
    }

    fn read_message(&mut self, gathered: &mut Gathered) -> io::Result<()> {
        let mut in_header = true;
        loop {
            let window = self.input.window(LOOK)?;
            if window.is_empty() {
                return Ok(());
            }
            let Some(empty) = empty_line(window) else {
                self.read_line(u64::MAX, gathered)?;
                continue;
            };
            let after = window.get(empty..).unwrap_or_default();
            let ends = after.is_empty() || separator(after).is_some();
            self.input.take(empty);
            if ends {
                return Ok(());
            }
            let counted = if in_header { self.counted(&gathered.content)? } else { None };
            gathered.push_end();
            in_header = false;
            if let Some(octets) = counted {
                return self.read_counted(octets, gathered);
            }
        }
    }

    /// How many octets the body has, where the file is one that counts, and counts rightly here.
    fn counted(&mut self, header: &[u8]) -> io::Result<Option<u64>> {
        if self.counts == Some(false) {
            return Ok(None);
        }
        let octets = fields::content_length(header);
        let right = match octets {
            Some(octets) => self.input.ends_after(octets)?,
            None => false,
        };
        self.counts.get_or_insert(right);
        Ok(octets.filter(|_| right))
    }

    fn read_counted(&mut self, octets: u64, gathered: &mut Gathered) -> io::Result<()> {
        let end = self.input.position.saturating_add(octets);
        while self.input.position < end && !self.input.window(1)?.is_empty() {
            self.read_line(end - self.input.position, gathered)?;
        }
        Ok(())
    }

    /// One line, of at most so many octets, without one `>` of those before `From `; with CR LF.
    fn read_line(&mut self, most: u64, gathered: &mut Gathered) -> io::Result<()> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (mut most, mut first) = (most, true);
        loop {
            let window = self.input.window(LOOK)?;
            let window = window.get(..most.min(window.len())).unwrap_or(window);
            let quoted = usize::from(std::mem::take(&mut first) && is_quoted(window));
            let end = memchr(b'\n', window);
            // A CR may belong to the LF that was not yet read.
            let keep = if end.is_none() && window.len() < most && window.ends_with(b"\r") { 1 } else { 0 };
            let text = window.get(quoted..end.unwrap_or(window.len() - keep)).unwrap_or_default();
            let text = if end.is_some() { text.strip_suffix(b"\r").unwrap_or(text) } else { text };
            gathered.push(text);
            let taken = end.map_or(window.len() - keep, |end| end + 1);
            most -= taken;
            let stuck = taken == 0;
            self.input.take(taken);
            if end.is_some() || most == 0 {
                gathered.push_end();
                return Ok(());
            }
            if stuck || self.input.window(1)?.is_empty() {
                // What is left is a CR at the end of the file.
                let left = self.input.window(1)?.len();
                self.input.take(left);
                gathered.push_end();
                return Ok(());
            }
        }
    }
}

/// A message as it comes.
#[derive(Default)]
struct Gathered {
    content: Vec<u8>,
    /// There is more of it than is kept.
    long: bool,
}

impl Gathered {
    fn push(&mut self, octets: &[u8]) {
        self.long |= self.content.len() + octets.len() > MESSAGE_MAX;
        if self.long {
            self.content = Vec::new();
        } else {
            self.content.extend_from_slice(octets);
        }
    }

    fn push_end(&mut self) {
        self.push(b"\r\n");
    }
}

fn empty_line(window: &[u8]) -> Option<usize> {
    match window {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// `>From `, `>>From ` and so on.
fn is_quoted(line: &[u8]) -> bool {
    let marks = line.iter().take_while(|octet| **octet == b'>').count();
    marks > 0 && line.get(marks..).is_some_and(|rest| rest.starts_with(b"From "))
}

/// RFC 4155 appendix A: `From `, an address, a space, a date as of `asctime`. Other programs put other things for the
/// address, or a zone beside the year; without a date it is a line of text.
fn separator(window: &[u8]) -> Option<Separator> {
    let rest = window.strip_prefix(b"From ")?;
    let line = rest.get(..memchr(b'\n', rest.get(..SEPARATOR_MAX.min(rest.len()))?)?)?;
    let octets = 5 + line.len() + 1;
    let text = String::from_utf8_lossy(line);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let is_weekday = |word: &&str| matches!(*word, "Mon" | "Tue" | "Wed" | "Thu" | "Fri" | "Sat" | "Sun");
    let weekday = words.iter().position(is_weekday)?;
    let (sender, date) = words.split_at(weekday);
    let received = date::read(date.join(" ").as_bytes())?.time();
    Some(Separator { sender: sender.join(" "), received, octets })
}

/// Whether a file that begins so is an mbox.
#[must_use]
pub fn begins(beginning: &[u8]) -> bool {
    separator(beginning).is_some()
}

/// The file, in pieces.
struct Input<R> {
    inner: R,
    buffer: Vec<u8>,
    from: usize,
    /// Of the first octet in `buffer[from..]`.
    position: u64,
    ended: bool,
}

impl<R: Read + Seek> Input<R> {
    /// What comes next: so many octets at least, unless the file ends before.
    fn window(&mut self, least: usize) -> io::Result<&[u8]> {
        if self.buffer.len() - self.from < least && !self.ended {
            self.buffer.drain(..self.from);
            self.from = 0;
            while self.buffer.len() < least && !self.ended {
                let before = self.buffer.len();
                self.buffer.resize(before + CHUNK, 0);
                let read = self.inner.read(self.buffer.get_mut(before..).unwrap_or_default());
                let read = match read {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                        self.buffer.truncate(before);
                        continue;
                    }
                    read => read?,
                };
                self.buffer.truncate(before + read);
                self.ended = read == 0;
            }
        }
        Ok(self.buffer.get(self.from..).unwrap_or_default())
    }

    fn seek(&mut self, at: u64) -> io::Result<()> {
        self.inner.seek(SeekFrom::Start(at))?;
        self.buffer.clear();
        (self.from, self.position, self.ended) = (0, at, false);
        Ok(())
    }

    fn take(&mut self, octets: usize) {
        self.from += octets;
        self.position += octets as u64;
    }

    /// Whether after so many octets a message ends: at an empty line and a separator, or with the file.
    fn ends_after(&mut self, octets: u64) -> io::Result<bool> {
        let at = self.position.saturating_add(octets);
        let back = self.position + (self.buffer.len() - self.from) as u64;
        let length = self.inner.seek(SeekFrom::End(0))?;
        let mut window = Vec::new();
        if at <= length {
            self.inner.seek(SeekFrom::Start(at))?;
            self.inner.by_ref().take(LOOK as u64).read_to_end(&mut window)?;
        }
        self.inner.seek(SeekFrom::Start(back))?;
        let mut rest = window.as_slice();
        while let Some(empty) = empty_line(rest) {
            rest = rest.get(empty..).unwrap_or_default();
        }
        Ok(at <= length && (rest.is_empty() || separator(rest).is_some()))
    }
}
