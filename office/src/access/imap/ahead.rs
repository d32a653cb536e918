//! Reading ahead: messages and their summaries are read from the store in pages, and while one page goes to the client the
//! next are read, so that neither waits for the other. Owns where a page of messages ends; what is made of what is read is
//! not known here.

use std::collections::VecDeque;
use std::sync::Arc;
use store::query::{Query, StoredMessages};
use store::types::{AccountId, MailboxId, Stored, SummaryRow, Uid};
use store::{Begun, Store};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wire::imap::listing::Listing;

/// Messages of a page at most.
const MESSAGES: usize = 64;
/// Octets of messages after which a page ends.
pub(super) const OCTETS: u64 = 256 * 1024;
/// Pages read while another goes out. With one alone, a single thread unpacks what two could.
const PAGES: usize = 2;
/// Pages read ahead in the whole house at most: each may take half a mebibyte while its client does not read. Who finds
/// none left reads as it goes.
const PAGES_IN_HOUSE: usize = 64;

/// How many pages may be read ahead in a house.
pub(crate) struct Room(Arc<Semaphore>);

impl Room {
    /// The right to read one page ahead, where there is any left.
    fn take(&self) -> Option<OwnedSemaphorePermit> {
        self.0.clone().try_acquire_owned().ok()
    }
}

impl Default for Room {
    fn default() -> Room {
        Room(Arc::new(Semaphore::new(PAGES_IN_HOUSE)))
    }
}

/// What is being read for a session.
#[derive(Default)]
pub(super) struct Ahead {
    pub messages: Pages<(Uid, Stored)>,
    pub summaries: Pages<SummaryRow>,
}

/// Pages that are being read.
pub(super) struct Pages<T> {
    pages: VecDeque<Page<T>>,
}

/// One of them.
struct Page<T> {
    of: (AccountId, MailboxId),
    uids: Vec<u32>,
    found: Begun<Vec<T>>,
    _room: OwnedSemaphorePermit,
}

impl<T> Default for Pages<T> {
    fn default() -> Pages<T> {
        Pages { pages: VecDeque::new() }
    }
}

impl<T: Send> Pages<T> {
    /// The page of these messages, where it is among those that are being read; those before it are not wanted.
    pub fn take(&mut self, of: (AccountId, MailboxId), uids: &[u32]) -> Option<Begun<Vec<T>>> {
        while let Some(page) = self.pages.pop_front() {
            if page.of == of && page.uids == uids {
                return Some(page.found);
            }
        }
        None
    }

    /// Begins to read a page; false: the house has no room for it.
    pub fn begin(
        &mut self,
        (store, room): (&Store, &Room),
        (of, uids): ((AccountId, MailboxId), &[u32]),
        query: impl Query<Rows = Vec<T>> + Send + 'static,
    ) -> bool {
        let Some(_room) = room.take() else { return false };
        self.pages.push_back(Page { of, uids: uids.to_vec(), found: store.begin(query), _room });
        true
    }
}

impl Pages<(Uid, Stored)> {
    /// Begins to read the pages of messages that come next.
    pub fn go_on(
        &mut self,
        house: (&Store, &Room),
        of: (AccountId, MailboxId),
        (mut uids, listing): (&[u32], &Listing),
    ) {
        if self.pages.front().is_some_and(|page| page.of != of || !uids.starts_with(&page.uids)) {
            self.pages.clear();
        }
        let known: usize = self.pages.iter().map(|page| page.uids.len()).sum();
        uids = uids.get(known..).unwrap_or_default();
        while self.pages.len() < PAGES && !uids.is_empty() {
            let (now, later) = uids.split_at(page_of(uids, listing).len());
            if !self.begin(house, (of, now), messages(of, now)) {
                return;
            }
            uids = later;
        }
    }
}

/// As many of some messages as are read together; one at least.
pub(super) fn page_of<'a>(uids: &'a [u32], listing: &Listing) -> &'a [u32] {
    let mut octets = 0;
    let is_within = |uid: &&u32| {
        let is_within = octets < OCTETS;
        octets += listing.row(**uid).map_or(0, |row| row.size);
        is_within
    };
    let count = uids.iter().take(MESSAGES).take_while(is_within).count();
    uids.get(..count).unwrap_or_default()
}

/// The question for a page.
pub(super) fn messages((account, mailbox): (AccountId, MailboxId), uids: &[u32]) -> StoredMessages {
    let limit = u32::try_from(uids.len()).unwrap_or(u32::MAX);
    StoredMessages { account, mailbox, uids: uids.iter().map(|uid| Uid(*uid)).collect(), limit, octets: OCTETS }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wire::imap::listing::{Head, Row};

    fn listing(sizes: &[u64]) -> Listing {
        let row = |(uid, size): (u32, &u64)| Row { uid, size: *size, ..Row::default() };
        Listing::new(Head::default(), (1..).zip(sizes).map(row))
    }

    #[test]
    fn a_page_ends_with_the_message_that_fills_it() {
        let small = listing(&[1; 100]);
        let uids: Vec<u32> = (1..=100).collect();
        assert_eq!(page_of(&uids, &small).len(), MESSAGES);
        assert_eq!(page_of(&uids[..5], &small), [1, 2, 3, 4, 5]);
        assert_eq!(page_of(&[], &small), [0; 0]);
        let large = listing(&[OCTETS - 1, 1, OCTETS, 7]);
        assert_eq!(page_of(&[1, 2, 3, 4], &large), [1, 2]);
        assert_eq!(page_of(&[3, 4], &large), [3]);
        // Of those that are gone nothing is known.
        assert_eq!(page_of(&[900, 901], &large), [900, 901]);
    }

    #[tokio::test]
    async fn what_comes_next_is_begun_once() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), store::Settings::default()).unwrap();
        let listing = listing(&[OCTETS; 9]);
        let (of, other) = ((AccountId(1), MailboxId(1)), (AccountId(1), MailboxId(2)));
        let begun = |ahead: &Pages<_>| ahead.pages.iter().map(|page| page.uids.clone()).collect::<Vec<_>>();
        let (mut ahead, room) = (Pages::default(), Room::default());
        ahead.go_on((&store, &room), of, (&[2, 3, 4, 5], &listing));
        assert_eq!(begun(&ahead), [[2], [3]]);
        assert_eq!(ahead.take(of, &[2]).unwrap().finish().await.unwrap().len(), 0);
        ahead.go_on((&store, &room), of, (&[3, 4, 5], &listing));
        assert_eq!(begun(&ahead), [[3], [4]]);
        ahead.go_on((&store, &room), of, (&[5], &listing));
        assert_eq!(begun(&ahead), [[5]]);
        assert!(ahead.take(other, &[5]).is_none());
        assert!(ahead.pages.is_empty());
    }

    #[tokio::test]
    async fn a_full_house_reads_nothing_ahead() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), store::Settings::default()).unwrap();
        let (of, listing, room) = ((AccountId(1), MailboxId(1)), listing(&[OCTETS; 9]), Room::default());
        let mut clients: Vec<Pages<_>> = (0..=PAGES_IN_HOUSE / PAGES).map(|_| Pages::default()).collect();
        for ahead in &mut clients {
            ahead.go_on((&store, &room), of, (&[2, 3, 4, 5], &listing));
        }
        let begun = |clients: &[Pages<_>]| clients.iter().map(|ahead| ahead.pages.len()).sum::<usize>();
        assert_eq!(begun(&clients), PAGES_IN_HOUSE);
        clients.truncate(1);
        clients[0].pages.clear();
        clients[0].go_on((&store, &room), of, (&[2, 3, 4, 5], &listing));
        assert_eq!(begun(&clients), PAGES);
    }
}
