//! What differs between two listings of a mailbox: where EXISTS, EXPUNGE, VANISHED and FETCH FLAGS come from. Rows are
//! compared by modseq; chunks that both listings share are passed over unread.

use super::{Listing, Row, count};
use std::sync::Arc;

/// One difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message is no more.
    Vanished {
        /// Its UID.
        uid: u32,
        /// Where it was in the old listing.
        position: u32,
    },
    /// A message's flags may be others.
    Changed {
        /// Where it is in the new listing.
        position: u32,
        /// As it is now.
        row: Row,
        /// Its flags in the old listing.
        before: u64,
    },
    /// A message came.
    Added {
        /// Where it is in the new listing.
        position: u32,
        /// As it is.
        row: Row,
    },
}

/// Differences in the order of UIDs.
#[derive(Debug)]
pub struct Changes<'a> {
    old: Cursor<'a>,
    new: Cursor<'a>,
}

#[derive(Debug)]
struct Cursor<'a> {
    listing: &'a Listing,
    link: usize,
    at: usize,
    position: u32,
}

impl<'a> Changes<'a> {
    pub(super) fn new(old: &'a Listing, new: &'a Listing) -> Changes<'a> {
        Changes { old: Cursor::new(old), new: Cursor::new(new) }
    }

    /// Steps over chunks that are the same in both.
    fn skip_shared(&mut self) {
        while let (Some(old), Some(new)) = (self.old.chunk_ahead(), self.new.chunk_ahead()) {
            if !Arc::ptr_eq(old, new) {
                return;
            }
            let rows = old.len();
            self.old.pass(rows);
            self.new.pass(rows);
        }
    }

    fn vanished(&mut self, row: Row) -> Change {
        Change::Vanished { uid: row.uid, position: self.old.step() }
    }

    fn added(&mut self, row: Row) -> Change {
        Change::Added { position: self.new.step(), row }
    }
}

impl Iterator for Changes<'_> {
    type Item = Change;

    fn next(&mut self) -> Option<Change> {
        loop {
            self.skip_shared();
            match (self.old.row(), self.new.row()) {
                (None, None) => return None,
                (Some(old), None) => return Some(self.vanished(old)),
                (None, Some(new)) => return Some(self.added(new)),
                (Some(old), Some(new)) if old.uid < new.uid => return Some(self.vanished(old)),
                (Some(old), Some(new)) if old.uid > new.uid => return Some(self.added(new)),
                (Some(old), Some(row)) => {
                    self.old.step();
                    let position = self.new.step();
                    if old.modseq != row.modseq {
                        return Some(Change::Changed { position, row, before: old.flags });
                    }
                }
            }
        }
    }
}

impl<'a> Cursor<'a> {
    fn new(listing: &'a Listing) -> Cursor<'a> {
        Cursor { listing, link: 0, at: 0, position: 0 }
    }

    /// The chunk whose first row comes next.
    fn chunk_ahead(&self) -> Option<&'a Arc<super::Chunk>> {
        self.listing.spine.get(self.link).filter(|_| self.at == 0).map(|link| &link.chunk)
    }

    fn row(&self) -> Option<Row> {
        self.listing.spine.get(self.link)?.chunk.row(self.at)
    }

    /// Goes on by a row; gives the position of the one it leaves.
    fn step(&mut self) -> u32 {
        let position = self.position;
        self.position += 1;
        self.at += 1;
        if self.listing.spine.get(self.link).is_none_or(|link| self.at >= link.chunk.len()) {
            (self.link, self.at) = (self.link + 1, 0);
        }
        position
    }

    /// Goes on by a whole chunk.
    fn pass(&mut self, rows: usize) {
        self.link += 1;
        self.position += count(rows);
    }
}
