//! Finding mail in a mailbox: SEARCH, SORT and THREAD, a page of work at a time. Owns which messages are looked at, how
//! deep and in what order; what a key means is `message::search`'s, where words are kept is the store's. Between two
//! pages nothing is held but what was found: who goes away ends the search.

pub mod account;
mod found;
mod keeping;
mod matching;
mod meaning;
mod narrow;
mod ordering;
pub mod sorting;
#[cfg(test)]
mod tests;

pub use keeping::{IndexKeeper, Stepped};

use found::Giving;
use matching::Matching;
use meaning::House;
use message::Time;
use message::search::{Order, Plan, Program};
use ordering::Ordering;
use std::sync::Arc;
use store::types::{AccountId, MailboxId};
use store::{Store, StoreError};
use wire::imap::ask::{Found, FoundRows, Progress};
use wire::imap::listing::Listing;

/// One search under way.
pub(crate) struct Search {
    place: Place,
    plan: Arc<Plan>,
    order: Order,
    stage: Stage,
    /// How far the matching is was told: what follows it is counted otherwise.
    matching_told: bool,
}

/// Where it searches.
#[derive(Clone)]
pub(crate) struct Place {
    pub store: Store,
    pub account: AccountId,
    pub mailbox: MailboxId,
    /// As the session knows it: what came later is not found, what went is not either.
    pub listing: Arc<Listing>,
}

enum Stage {
    Matching(Matching),
    Ordering(Box<Ordering>),
    Giving(Giving),
}

impl Search {
    /// Of a mailbox, at a time. What only the session knows is replaced in the program.
    pub(crate) fn new(
        store: Store,
        mailbox: (AccountId, MailboxId),
        listing: Arc<Listing>,
        program: Program,
        now: Time,
    ) -> Search {
        let plan = Plan::new(&program.key, &House { listing: &listing, now });
        let place = Place { store, account: mailbox.0, mailbox: mailbox.1, listing };
        let stage = Stage::Matching(Matching::new(&place, &plan));
        Search { place, plan: Arc::new(plan), order: program.order, stage, matching_told: false }
    }

    /// Some of the work, and what there is to give after it. An error ends the search.
    pub(crate) async fn page(&mut self) -> Result<Found, StoreError> {
        match &mut self.stage {
            Stage::Matching(matching) => {
                matching.go_on(&self.place, &self.plan).await?;
                if !matching.is_done() {
                    return Ok(self.under_way());
                }
                self.stage = next(matching, &self.place, &self.order);
            }
            Stage::Ordering(ordering) => ordering.go_on(&self.place).await?,
            Stage::Giving(_) => {}
        }
        if let Stage::Ordering(ordering) = &mut self.stage
            && ordering.is_done()
        {
            self.stage = Stage::Giving(ordering.finish(&self.place.store).await?);
        }
        Ok(self.give())
    }

    fn give(&mut self) -> Found {
        let Stage::Giving(giving) = &mut self.stage else { return self.under_way() };
        let (rows, more) = giving.page();
        let uid_validity = self.place.listing.head().uid_validity;
        Found { rows, more, progress: None, uid_validity }
    }

    fn under_way(&mut self) -> Found {
        // RFC 9585 §2: progress never falls and its goal stays. Where there is none it is told too: what is written to a
        // client that is gone ends the search.
        let progress = match &self.stage {
            Stage::Matching(matching) => {
                self.matching_told = true;
                let (done, total) = matching.progress();
                Some(Progress::Of(done, total))
            }
            // Nothing is ordered yet: of most there is no more than a page, and nothing to tell.
            Stage::Ordering(ordering) if ordering.progress().0 == 0 => None,
            Stage::Ordering(ordering) if !self.matching_told => {
                let (done, total) = ordering.progress();
                Some(Progress::Of(done, total))
            }
            Stage::Ordering(_) => Some(Progress::Unknown),
            Stage::Giving(_) => None,
        };
        let rows = match self.order {
            Order::Uid => FoundRows::Ranges(Vec::new()),
            Order::Sort(_) => FoundRows::Sorted(Vec::new()),
            Order::Thread(_) => FoundRows::Threads(Vec::new()),
        };
        Found { rows, more: true, progress, uid_validity: self.place.listing.head().uid_validity }
    }
}

/// What follows when it is known which messages are wanted.
fn next(matching: &mut Matching, place: &Place, order: &Order) -> Stage {
    let found = matching.found();
    match order {
        Order::Uid => Stage::Giving(Giving::ranges(&found, &place.listing)),
        Order::Sort(criteria) => Stage::Ordering(Box::new(Ordering::sort(found, criteria))),
        Order::Thread(algorithm) => Stage::Ordering(Box::new(Ordering::thread(found, *algorithm))),
    }
}
