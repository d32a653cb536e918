//! Putting what was found in order, for SORT and THREAD: summaries are read page by page, what is compared is kept.

use super::Place;
use super::found::{Giving, Positions};
use message::Summary;
use message::search::{Algorithm, Criterion};
use message::thread::{OrderedSubject, References, Sorted, Sorter};
use std::collections::HashMap;
use store::types::Uid;
use store::{Look, Seen, Store, StoreError, Which};
use wire::imap::listing::Row;

/// Summaries read with one question, and octets of them after which it ends.
const READ: usize = 256;
const READ_OCTETS: u64 = 1024 * 1024;
/// Messages in one page of work.
pub(super) const PAGE_READ: usize = 4096;

/// Ordering under way.
pub(super) struct Ordering {
    /// Positions in the listing, in rising order.
    todo: Vec<u32>,
    at: usize,
    kind: Kind,
}

enum Kind {
    Sort(Sorter),
    Subject(OrderedSubject),
    References(Box<References>),
    /// Given away.
    Over,
}

impl Ordering {
    pub fn sort(found: Positions, criteria: &[Criterion]) -> Ordering {
        Ordering { todo: found.iter().collect(), at: 0, kind: Kind::Sort(Sorter::new(criteria)) }
    }

    pub fn thread(found: Positions, algorithm: Algorithm) -> Ordering {
        let kind = match algorithm {
            Algorithm::OrderedSubject => Kind::Subject(OrderedSubject::default()),
            Algorithm::References => Kind::References(Box::default()),
        };
        Ordering { todo: found.iter().collect(), at: 0, kind }
    }

    pub fn is_done(&self) -> bool {
        self.at >= self.todo.len()
    }

    /// How many messages are read, and of how many.
    pub fn progress(&self) -> (u32, u32) {
        let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
        (count(self.at), count(self.todo.len()))
    }

    /// Reads some more.
    pub async fn go_on(&mut self, place: &Place) -> Result<(), StoreError> {
        let end = (self.at + PAGE_READ).min(self.todo.len());
        while self.at < end {
            let upto = (self.at + READ).min(end);
            let rows: Vec<Row> =
                self.todo.get(self.at..upto).unwrap_or(&[]).iter().filter_map(|at| place.listing.get(*at)).collect();
            self.at = upto;
            let mut summaries =
                if self.kind.needs_summaries() { summaries(place, &rows).await? } else { HashMap::new() };
            for row in rows {
                let summary = summaries.remove(&row.uid);
                if summary.is_some() || !self.kind.needs_summaries() {
                    self.kind.push(row, summary.as_ref());
                }
            }
        }
        Ok(())
    }

    /// The order, made where that may take a while.
    pub async fn finish(&mut self, store: &Store) -> Result<Giving, StoreError> {
        let kind = std::mem::replace(&mut self.kind, Kind::Over);
        store.aside(move || Ok(kind.finish())).await
    }
}

impl Kind {
    fn needs_summaries(&self) -> bool {
        match self {
            Kind::Sort(sorter) => sorter.needs_summaries(),
            _ => true,
        }
    }

    fn push(&mut self, row: Row, summary: Option<&Summary>) {
        let message = Sorted { uid: row.uid, arrival: row.received, size: row.size };
        match (self, summary) {
            (Kind::Sort(sorter), summary) => sorter.push(message, summary),
            (Kind::Subject(threads), Some(summary)) => threads.push(message, summary),
            (Kind::References(threads), Some(summary)) => threads.push(message, summary),
            _ => {}
        }
    }

    fn finish(self) -> Giving {
        match self {
            Kind::Sort(sorter) => Giving::Sorted(sorter.finish().into()),
            Kind::Subject(threads) => Giving::Threads(threads.finish().into()),
            Kind::References(threads) => Giving::Threads(threads.finish().into()),
            Kind::Over => Giving::Sorted(Default::default()),
        }
    }
}

/// The summaries of messages that are still there; an empty one for a message whose own is damaged.
async fn summaries(place: &Place, rows: &[Row]) -> Result<HashMap<u32, Summary>, StoreError> {
    let mut summaries = HashMap::with_capacity(rows.len());
    let mut left: Vec<Uid> = rows.iter().map(|row| Uid(row.uid)).collect();
    while !left.is_empty() {
        let see = |seen: &mut Seen<'_>| Ok(Summary::decode(&seen.summary).unwrap_or_default());
        let which = Which::Uids(place.mailbox, left.clone());
        let looked = place.store.read(Look { account: place.account, which, octets: READ_OCTETS, see }).await?;
        let last = looked.last().filter(|last| last.early).map(|last| last.uid);
        summaries.extend(looked.into_iter().map(|looked| (looked.uid.0, looked.answer.unwrap_or_default())));
        match last {
            Some(last) => left.retain(|uid| *uid > last),
            None => left.clear(),
        }
    }
    Ok(summaries)
}
