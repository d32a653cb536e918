//! Content of messages: in pieces, packed. Owns their form on disk, and what is learned of a message once all of it is here.

use super::pull::{self, Pull};
use super::replay;
use super::types::{Arrival, Flags, Held, MessageId};
use super::words::{self, Texts};
use super::{Error, Mirror, Outcome, Result};
use message::{Scanner, Summary};
use rusqlite::{Connection, OptionalExtension, params};
use std::cell::RefCell;
use std::ops::Range;
use zstd::bulk::Compressor;

/// Octets of one message: more than any provider takes, so that a server cannot fill the disk with one.
pub const CONTENT_MAX: u64 = 1024 * 1024 * 1024;
/// Octets of a piece before it is packed: what is in memory at a time.
const PIECE: usize = 256 * 1024;
/// Octets of what is packed in one: a piece, or a header section.
const UNPACKED_MAX: usize = 64 * 1024 * 1024;
/// Packing that costs little; text becomes a third.
const LEVEL: i32 = 1;

thread_local! {
    /// Making one takes longer than packing a letter.
    static PACKER: RefCell<Option<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL).ok());
}

/// Octets packed.
pub(super) fn pack(octets: &[u8]) -> Vec<u8> {
    let packed = PACKER.with_borrow_mut(|packer| packer.as_mut().and_then(|packer| packer.compress(octets).ok()));
    packed.unwrap_or_default()
}

fn unpack(octets: &[u8]) -> Option<Vec<u8>> {
    let length = zstd::zstd_safe::get_frame_content_size(octets).ok().flatten()?;
    let length = usize::try_from(length).ok().filter(|length| *length <= UNPACKED_MAX)?;
    zstd::bulk::decompress(octets, length).ok()
}

/// Content on its way into the mirror, for messages that are not to be held in memory.
pub struct Upload<'a> {
    mirror: &'a Mirror,
    message: MessageId,
    scanner: Scanner,
    waiting: Vec<u8>,
    pieces: i64,
    octets: u64,
}

impl Mirror {
    /// Begins to take the content of a message that has none. Until [`Upload::finish`] the message has none still.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn upload(&self, message: MessageId) -> Result<Upload<'_>> {
        self.write(|tx| {
            if !is_whole(tx, message)? {
                tx.execute("DELETE FROM content WHERE message = ?1", [message.0])?;
            }
            Ok(())
        })?;
        Ok(Upload { mirror: self, message, scanner: Scanner::new(), waiting: Vec::new(), pieces: 0, octets: 0 })
    }

    /// A message made here: nobody else has it yet. Follow it up with [`super::Action::Append`], in a transaction: see
    /// [`Mirror::make_in`]; alone it is for letters that wait to be sent.
    pub(super) fn make(tx: &Connection, content: &[u8], arrival: &Arrival) -> Outcome<MessageId> {
        if content.len() as u64 > CONTENT_MAX {
            return Err(Error::TooLarge.into());
        }
        let header = header_of(content);
        let arrival = Arrival { header: header.to_vec(), size: content.len() as u64, ..arrival.clone() };
        let id = pull::insert(tx, &arrival)?;
        replay::set_true_flags(tx, id, &arrival.flags)?;
        take(tx, id, content)?;
        Ok(id)
    }

    /// A message made here goes into a folder, here at once, over there when the server is reached.
    ///
    /// # Errors
    /// When it is too large, the folder is gone, or the file cannot be written.
    pub fn make_in(
        &self,
        folder: super::FolderId,
        content: &[u8],
        flags: &Flags,
        received: message::Time,
    ) -> Result<MessageId> {
        self.write(|tx| {
            let arrival = Arrival { flags: flags.clone(), received, ..Arrival::default() };
            let id = Self::make(tx, content, &arrival)?;
            super::journal::act(tx, &super::Action::Append { message: id, to: folder })?;
            Ok(id)
        })
    }

    /// The whole of a message; `None` where only its header is here.
    ///
    /// # Errors
    /// When it is gone or damaged, or the file cannot be read.
    pub fn content(&self, message: MessageId) -> Result<Option<Vec<u8>>> {
        match self.held(message)? {
            Held::Header => Ok(None),
            Held::Whole => self.range(message, 0..CONTENT_MAX).map(Some),
        }
    }

    /// The header section of a message, empty line included.
    ///
    /// # Errors
    /// When it is gone or damaged, or the file cannot be read.
    pub fn header(&self, message: MessageId) -> Result<Vec<u8>> {
        let packed: Option<Vec<u8>> = self.read(|db| {
            let mut ask = db.prepare_cached("SELECT octets FROM header WHERE message = ?1")?;
            ask.query_row([message.0], |row| row.get(0)).optional()
        })?;
        match packed {
            Some(packed) => unpack(&packed).ok_or(Error::Damaged(message.0)),
            None if self.held(message)? == Held::Whole => {
                let start = self.range(message, 0..message::scanner::KEPT_TOTAL_MAX as u64)?;
                Ok(header_of(&start).to_vec())
            }
            None => Err(Error::Damaged(message.0)),
        }
    }

    /// Octets of the content; fewer where it ends before.
    ///
    /// # Errors
    /// When it is damaged, or the file cannot be read.
    pub fn range(&self, message: MessageId, range: Range<u64>) -> Result<Vec<u8>> {
        self.read(|db| read_range(db, message, range))?.ok_or(Error::Damaged(message.0))
    }

    /// How much of a message is here.
    ///
    /// # Errors
    /// When it is gone, or the file cannot be read.
    pub fn held(&self, message: MessageId) -> Result<Held> {
        let held: Option<i64> = self.read(|db| {
            let mut ask = db.prepare_cached("SELECT held FROM message WHERE id = ?1")?;
            ask.query_row([message.0], |row| row.get(0)).optional()
        })?;
        held.map(held_of).ok_or(Error::Gone("message"))
    }

    /// Messages of which only the header is here, the newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn to_fetch(&self, count: u64) -> Result<Vec<MessageId>> {
        self.read(|db| {
            let mut ask =
                db.prepare_cached("SELECT id FROM message WHERE held = 0 ORDER BY received DESC, id DESC LIMIT ?1")?;
            ask.query_map([i64::try_from(count).unwrap_or(i64::MAX)], |row| row.get(0).map(MessageId))?.collect()
        })
    }
}

impl Pull<'_> {
    /// The whole of a message.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn content(&mut self, message: MessageId, content: &[u8]) -> rusqlite::Result<()> {
        take(self.transaction(), message, content)
    }

    /// A message is in a folder, and here is all of it: its header need not stand in the arrival.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn arrive_whole(
        &mut self,
        folder: super::FolderId,
        arrival: &Arrival,
        content: &[u8],
    ) -> rusqlite::Result<MessageId> {
        let arrival = Arrival { header: header_of(content).to_vec(), ..arrival.clone() };
        let message = self.arrive(folder, &arrival)?;
        self.content(message, content)?;
        Ok(message)
    }
}

impl Upload<'_> {
    /// More of it.
    ///
    /// # Errors
    /// When it is larger than [`CONTENT_MAX`], or the file cannot be written.
    pub fn push(&mut self, octets: &[u8]) -> Result<()> {
        self.octets += octets.len() as u64;
        if self.octets > CONTENT_MAX {
            return Err(Error::TooLarge);
        }
        self.scanner.push(octets);
        self.waiting.extend_from_slice(octets);
        while self.waiting.len() >= PIECE {
            let rest = self.waiting.split_off(PIECE);
            let piece = std::mem::replace(&mut self.waiting, rest);
            self.write(&piece)?;
        }
        Ok(())
    }

    fn write(&mut self, piece: &[u8]) -> Result<()> {
        let (message, place) = (self.message, self.pieces);
        self.mirror.write(|tx| Ok(put(tx, message, place, piece)?))?;
        self.pieces += 1;
        Ok(())
    }

    /// All of it is here, on disk when this returns.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> Result<()> {
        let rest = std::mem::take(&mut self.waiting);
        if !rest.is_empty() {
            self.write(&rest)?;
        }
        let summary = Summary::of(&self.scanner.finish());
        let (message, octets) = (self.message, self.octets);
        self.mirror.write(|tx| if is_whole(tx, message)? { Ok(()) } else { Ok(learn(tx, message, &summary, octets)?) })
    }
}

/// Takes content in one go. Content never changes: told twice, it is taken once.
fn take(tx: &Connection, message: MessageId, content: &[u8]) -> rusqlite::Result<()> {
    if is_whole(tx, message)? {
        return Ok(());
    }
    tx.prepare_cached("DELETE FROM content WHERE message = ?1")?.execute([message.0])?;
    for (place, piece) in content.chunks(PIECE).enumerate() {
        put(tx, message, i64::try_from(place).unwrap_or(i64::MAX), piece)?;
    }
    let summary = Summary::of(&message::parse(content));
    learn_from(tx, message, &summary, content.len() as u64, |range| slice(content, range).to_vec())
}

fn put(tx: &Connection, message: MessageId, place: i64, piece: &[u8]) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO content (message, piece, octets) VALUES (?1, ?2, ?3)")?
        .execute(params![message.0, place, pack(piece)])?;
    Ok(())
}

fn learn(tx: &Connection, message: MessageId, summary: &Summary, octets: u64) -> rusqlite::Result<()> {
    learn_from(tx, message, summary, octets, |range| read_range(tx, message, range).ok().flatten().unwrap_or_default())
}

fn is_whole(tx: &Connection, message: MessageId) -> rusqlite::Result<bool> {
    let mut ask = tx.prepare_cached("SELECT held FROM message WHERE id = ?1")?;
    let held: Option<i64> = ask.query_row([message.0], |row| row.get(0)).optional()?;
    // Of one that is gone there is nothing to take.
    Ok(held.is_none_or(|held| held_of(held) == Held::Whole))
}

/// What is known of a message once all of it is here.
fn learn_from(
    tx: &Connection,
    message: MessageId,
    summary: &Summary,
    octets: u64,
    read: impl Fn(Range<u64>) -> Vec<u8>,
) -> rusqlite::Result<()> {
    let header = summary.parts.first().map(|part| read(part.header.clone())).unwrap_or_default();
    let texts = Texts::of_rest(summary, &header, read);
    tx.prepare_cached("UPDATE message SET held = ?2, preview = ?3, attachments = ?4, size = ?5 WHERE id = ?1")?
        .execute(params![
            message.0,
            Held::Whole as i64,
            texts.preview(),
            words::has_files(summary),
            i64::try_from(octets).unwrap_or(i64::MAX)
        ])?;
    // From here on it is read from the content.
    tx.prepare_cached("DELETE FROM header WHERE message = ?1")?.execute([message.0])?;
    words::index_body(tx, message, &texts)
}

/// All that is here of a message; `None`: it is damaged.
pub(super) fn whole(db: &Connection, message: MessageId) -> rusqlite::Result<Option<Vec<u8>>> {
    read_range(db, message, 0..CONTENT_MAX)
}

fn read_range(db: &Connection, message: MessageId, range: Range<u64>) -> rusqlite::Result<Option<Vec<u8>>> {
    let piece = PIECE as u64;
    let (first, last) = (range.start / piece, range.end.saturating_sub(1) / piece);
    let mut ask = db.prepare_cached(
        "SELECT piece, octets FROM content WHERE message = ?1 AND piece BETWEEN ?2 AND ?3 ORDER BY piece",
    )?;
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut rows = ask.query(params![message.0, number(first), number(last)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(octets) = unpack(&row.get::<_, Vec<u8>>(1)?) else { return Ok(None) };
        let start = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default() * piece;
        let wanted = range.start.saturating_sub(start)..range.end.saturating_sub(start);
        found.extend_from_slice(slice(&octets, wanted));
    }
    Ok(Some(found))
}

/// As much of a range as there is.
fn slice(octets: &[u8], range: Range<u64>) -> &[u8] {
    let end = usize::try_from(range.end).unwrap_or(usize::MAX).min(octets.len());
    let start = usize::try_from(range.start).unwrap_or(usize::MAX).min(end);
    octets.get(start..end).unwrap_or_default()
}

/// The header section of a message, empty line included.
fn header_of(content: &[u8]) -> &[u8] {
    let end = message::header::section_end(content, 0).unwrap_or(content.len());
    content.get(..end).unwrap_or(content)
}

pub(super) fn held_of(number: i64) -> Held {
    if number == Held::Whole as i64 { Held::Whole } else { Held::Header }
}
