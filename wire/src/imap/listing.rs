//! The listing of an open mailbox (RFC 9051 §2.3): what every session on it shares. Immutable: a change makes a new
//! listing that shares all chunks but those it touched. A row's position, counted from 0, is its place in UID order;
//! what a client's message numbers are, while it has not been told everything, is `numbers`' to say. Owns the rows and
//! the comparison of two listings; knows neither store nor protocol text.

mod changes;
mod chunk;
mod keywords;
#[cfg(test)]
mod tests;

pub use changes::{Change, Changes};
pub use keywords::Keywords;
pub use message::flag_bits as bits;

use chunk::Chunk;
use message::Time;
use std::ops::Range;
use std::sync::Arc;

/// Rows of a chunk at most. A change copies one chunk (7 KiB) and the spine (16 octets a chunk): at 100,000 messages
/// both are about as long.
pub const CHUNK_ROWS: usize = 256;

/// One message of a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// RFC 9051 §2.3.1.1.
    pub uid: u32,
    /// System flags and keywords, as [`bits`].
    pub flags: u64,
    /// RFC 7162 §3.1.
    pub modseq: u64,
    /// The e-mail (RFC 8474 §5.1), one of its account: see [`object_number`].
    pub email: u64,
    /// RFC822.SIZE.
    pub size: u64,
    /// INTERNALDATE, in whole seconds.
    pub received: Time,
}

/// What is true of the mailbox as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Whose it is.
    pub account: u64,
    /// MAILBOXID (RFC 8474 §4.1), unlike any other in the house.
    pub mailbox: u64,
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDNEXT.
    pub uid_next: u32,
    /// HIGHESTMODSEQ (RFC 7162 §3.1.2.1).
    pub highest_modseq: u64,
    /// The names of the keyword slots.
    pub keywords: Arc<Keywords>,
}

/// What is summed up over some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Without `\Seen`.
    pub unseen: u32,
    /// With `\Deleted`.
    pub deleted: u32,
    /// RFC 8438: octets.
    pub octets: u64,
    /// Every bit that some row has.
    pub flags: u64,
}

/// The number of something that an account counts (e-mails, threads, mailboxes), unlike that of any other account: what
/// a client sees may lie in several (RFC 8474 §5.1). There is room for a trillion of each in sixteen million accounts.
#[must_use]
pub fn object_number(account: u64, number: u64) -> u64 {
    account << 40 | number
}

/// The rows of a mailbox in UID order, at one moment.
#[derive(Debug, Default)]
pub struct Listing {
    head: Head,
    spine: Box<[Link]>,
    totals: Totals,
}

/// A chunk in its place.
#[derive(Clone, Debug)]
struct Link {
    /// How many rows there are up to its end.
    end: u32,
    /// The UID of its last row.
    last: u32,
    chunk: Arc<Chunk>,
}

impl Listing {
    /// A listing of rows, which come in the order of their UIDs.
    #[must_use]
    pub fn new(head: Head, rows: impl IntoIterator<Item = Row>) -> Listing {
        let mut growing = Growing::default();
        rows.into_iter().for_each(|row| growing.push(row));
        growing.finish(head)
    }

    /// This listing after a change: `newer` are rows that changed or came, `vanished` the UIDs of those that are no
    /// more; both ascend. What neither names stays, and its chunks are shared.
    #[must_use]
    pub fn after(&self, head: Head, newer: &[Row], vanished: &[u32]) -> Listing {
        let mut growing = Growing::with_room(self.spine.len());
        let (mut newer, mut vanished) = (newer, vanished);
        for (index, link) in self.spine.iter().enumerate() {
            // What comes after the last row joins its chunk while there is room.
            let open = index + 1 == self.spine.len() && link.chunk.len() < CHUNK_ROWS;
            let upto = if open { newer.len() } else { newer.partition_point(|row| row.uid <= link.last) };
            let (here, later) = newer.split_at(upto);
            let (gone, gone_later) = vanished.split_at(vanished.partition_point(|uid| *uid <= link.last));
            (newer, vanished) = (later, gone_later);
            if here.is_empty() && gone.is_empty() {
                growing.share(link);
            } else {
                growing.merge(&link.chunk, here, gone);
            }
        }
        newer.iter().for_each(|row| growing.push(*row));
        growing.finish(head)
    }

    /// What is true of the mailbox as a whole.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Sums over all rows.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.spine.last().map_or(0, |link| link.end)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spine.is_empty()
    }

    /// The UID of the last message; 0 where there is none.
    #[must_use]
    pub fn last_uid(&self) -> u32 {
        self.spine.last().map_or(0, |link| link.last)
    }

    /// The row at a position.
    #[must_use]
    pub fn get(&self, position: u32) -> Option<Row> {
        let (link, at) = self.place(position);
        self.spine.get(link)?.chunk.row(at)
    }

    /// The UID at a position.
    #[must_use]
    pub fn uid(&self, position: u32) -> Option<u32> {
        let (link, at) = self.place(position);
        self.spine.get(link)?.chunk.uid(at)
    }

    /// The position of a UID, where it is there.
    #[must_use]
    pub fn position(&self, uid: u32) -> Option<u32> {
        let position = self.lower_bound(uid);
        (self.uid(position) == Some(uid)).then_some(position)
    }

    /// The row with a UID.
    #[must_use]
    pub fn row(&self, uid: u32) -> Option<Row> {
        self.get(self.position(uid)?)
    }

    /// How many rows have smaller UIDs: the position of the first with this UID or a larger one.
    #[must_use]
    pub fn lower_bound(&self, uid: u32) -> u32 {
        let index = self.spine.partition_point(|link| link.last < uid);
        match self.spine.get(index) {
            Some(link) => self.start(index) + count(link.chunk.lower_bound(uid)),
            None => self.len(),
        }
    }

    /// The rows at some positions; those that are not there are passed over.
    pub fn rows(&self, positions: Range<u32>) -> impl Iterator<Item = Row> + '_ {
        let (first, skip) = self.place(positions.start);
        let wanted = positions.end.saturating_sub(positions.start) as usize;
        let links = self.spine.get(first..).unwrap_or_default();
        let mut skips = std::iter::once(skip).chain(std::iter::repeat(0));
        links.iter().flat_map(move |link| link.chunk.rows(skips.next().unwrap_or(0))).take(wanted)
    }

    /// The position of the first message without `\Seen` (RFC 3501 §6.3.1).
    #[must_use]
    pub fn first_unseen(&self) -> Option<u32> {
        let index = self.spine.iter().position(|link| link.chunk.totals().unseen > 0)?;
        let at = self.spine.get(index)?.chunk.rows(0).position(|row| row.flags & bits::SEEN == 0)?;
        Some(self.start(index) + count(at))
    }

    /// What became of `old` on the way to `new`, in the order of UIDs. Chunks that both share cost nothing.
    #[must_use]
    pub fn changes<'a>(old: &'a Listing, new: &'a Listing) -> Changes<'a> {
        Changes::new(old, new)
    }

    /// Octets of memory held by this listing alone or together with others.
    #[must_use]
    pub fn weight(&self) -> usize {
        let links = std::mem::size_of_val(&*self.spine);
        size_of::<Listing>() + links + self.spine.iter().map(|link| link.chunk.weight()).sum::<usize>()
    }

    /// The position at which a chunk begins.
    fn start(&self, index: usize) -> u32 {
        index.checked_sub(1).and_then(|before| self.spine.get(before)).map_or(0, |link| link.end)
    }

    /// In which chunk a position lies, and where in it.
    fn place(&self, position: u32) -> (usize, usize) {
        let index = self.spine.partition_point(|link| link.end <= position);
        (index, (position - self.start(index)) as usize)
    }
}

/// A listing that is being made.
#[derive(Default)]
struct Growing {
    spine: Vec<Link>,
    /// Rows that are in no chunk yet.
    open: Vec<Row>,
    totals: Totals,
}

impl Growing {
    fn with_room(chunks: usize) -> Growing {
        Growing { spine: Vec::with_capacity(chunks + 1), ..Growing::default() }
    }

    fn push(&mut self, row: Row) {
        self.open.push(row);
        if self.open.len() >= CHUNK_ROWS {
            self.seal();
        }
    }

    /// Takes a whole chunk as it is; one that fits behind what is open joins it, so that chunks do not stay short.
    fn share(&mut self, link: &Link) {
        if !self.open.is_empty() && self.open.len() + link.chunk.len() <= CHUNK_ROWS {
            link.chunk.rows(0).for_each(|row| self.push(row));
            return;
        }
        self.seal();
        self.link(link.chunk.clone());
    }

    /// Takes the rows of a chunk but those that are gone or newer.
    fn merge(&mut self, chunk: &Chunk, newer: &[Row], gone: &[u32]) {
        let (mut newer, mut gone) = (newer.iter().peekable(), gone.iter().peekable());
        for row in chunk.rows(0) {
            while let Some(before) = newer.next_if(|newer| newer.uid < row.uid) {
                self.push(*before);
            }
            while gone.next_if(|gone| **gone < row.uid).is_some() {}
            let is_gone = gone.next_if(|gone| **gone == row.uid).is_some();
            match newer.next_if(|newer| newer.uid == row.uid) {
                Some(newer) => self.push(*newer),
                None if is_gone => {}
                None => self.push(row),
            }
        }
        newer.for_each(|row| self.push(*row));
    }

    fn seal(&mut self) {
        if !self.open.is_empty() {
            let chunk = Chunk::new(&self.open);
            self.open.clear();
            self.link(Arc::new(chunk));
        }
    }

    fn link(&mut self, chunk: Arc<Chunk>) {
        let end = self.spine.last().map_or(0, |link| link.end).saturating_add(count(chunk.len()));
        self.totals.add(chunk.totals());
        self.spine.push(Link { end, last: chunk.last_uid(), chunk });
    }

    fn finish(mut self, head: Head) -> Listing {
        self.seal();
        Listing { head, spine: self.spine.into_boxed_slice(), totals: self.totals }
    }
}

impl Totals {
    fn add(&mut self, more: Totals) {
        self.unseen += more.unseen;
        self.deleted += more.deleted;
        self.octets = self.octets.saturating_add(more.octets);
        self.flags |= more.flags;
    }

    fn count(&mut self, row: &Row) {
        self.add(Totals {
            unseen: u32::from(row.flags & bits::SEEN == 0),
            deleted: u32::from(row.flags & bits::DELETED != 0),
            octets: row.size,
            flags: row.flags,
        });
    }
}

/// A count of rows: UIDs have 32 bits, so there are never more.
fn count(rows: usize) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
