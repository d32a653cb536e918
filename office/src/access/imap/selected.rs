//! The selected mailbox: opening it, what is new in it, closing it. Its listing is shared with every other desk that has it
//! open; what a client was told of it is the session's business.

use super::notice::newer;
use super::{ImapDesk, ids, refusal};
use crate::access::views::View;
use message::Time;
use std::ops::RangeInclusive;
use std::sync::Arc;
use store::query::MailboxSince;
use store::types::{ListingNews, ModSeq};
use tokio::sync::watch;
use wire::imap::ask::{Rights, Selected as Opened, Synced, Uids};
use wire::imap::listing::Listing;
use wire::imap::{Answer, MailboxName, Refusal};

/// The mailbox that a session has selected.
pub(super) struct Selected {
    pub view: Arc<View>,
    pub read_only: bool,
    /// What the session was given last.
    pub listing: Arc<Listing>,
    /// Messages with UIDs below were told of as recent, or came before.
    recent_told: u32,
    /// The account's changes up to here are in the listing.
    told: ModSeq,
    /// Where it says that there are more.
    news: watch::Receiver<ModSeq>,
}

/// What allows to change something in a mailbox.
const WRITING: &str = "istwe";

impl Selected {
    /// The newest listing, and from now on the one the session knows.
    pub async fn catch_up(&mut self) -> Result<Option<Arc<Listing>>, Refusal> {
        let told = *self.news.borrow_and_update();
        let listing = self.view.current().await.map_err(|error| refusal(&error))?;
        self.told = told;
        // One that was removed and made again is another, though it has the name and the place of the first.
        let known = self.listing.head().uid_validity;
        let listing = listing.filter(|listing| known == 0 || listing.head().uid_validity == known);
        if let Some(listing) = &listing {
            self.listing.clone_from(listing);
        }
        Ok(listing)
    }

    /// The same, where it is needed: a mailbox that is gone is none to change.
    pub async fn caught_up(&mut self) -> Result<Arc<Listing>, Refusal> {
        self.catch_up().await?.ok_or(Refusal::NonExistent)
    }

    /// Messages in the listing that this session is the first to be told of.
    fn recent(&mut self) -> Uids {
        let from = self.view.recent(&self.listing, !self.read_only).max(self.recent_told);
        let last = self.listing.last_uid();
        self.recent_told = last.saturating_add(1);
        let positions = self.listing.lower_bound(from)..self.listing.len();
        ids::ranges(self.listing.rows(positions).map(|row| row.uid))
    }

    /// Returns when the account has changed since the session was told.
    pub async fn changed(&self) {
        newer(self.news.clone(), self.told).await;
    }
}

impl ImapDesk {
    pub(super) async fn select(&mut self, now: Time, name: &MailboxName, read_only: bool) -> Result<Answer, Refusal> {
        self.unselect(now).await;
        let place = self.open_place(name, "r").await?;
        let view = self.office.views().open(self.office.store(), place.account, place.mailbox.id, now).await;
        let may_write = WRITING.chars().any(|letter| place.rights.has(letter));
        let mut selected = Selected {
            news: view.news(),
            view,
            read_only: read_only || !may_write,
            listing: Arc::default(),
            recent_told: 0,
            told: ModSeq(0),
        };
        let listing = selected.caught_up().await?;
        let recent = selected.recent();
        let opened = Opened {
            listing,
            read_only: selected.read_only,
            rights: place.rights,
            new_keywords: !selected.read_only && place.rights.has('w'),
            recent,
        };
        self.selected = Some(Box::new(selected));
        Ok(Answer::Selected(opened))
    }

    pub(super) async fn unselect(&mut self, now: Time) -> Answer {
        (self.search, self.ahead) = (None, None);
        if let Some(selected) = self.selected.take() {
            self.office.views().closed(&selected.view, now);
            if let Err(error) = selected.view.settle().await {
                // They are told of once more: no harm.
                tracing::warn!(%error, "which messages were recent was not written down");
            }
        }
        Answer::Done
    }

    /// The selected mailbox.
    pub(super) fn open(&mut self) -> Result<&mut Selected, Refusal> {
        self.selected.as_deref_mut().ok_or(Refusal::NonExistent)
    }

    /// What the user may do in the selected mailbox by now: of others' mailboxes it may have changed.
    pub(super) async fn rights_here(&self) -> Result<Rights, Refusal> {
        let selected = self.selected.as_ref().ok_or(Refusal::NonExistent)?;
        let rights = self.rights_in(selected.view.account(), selected.view.mailbox()).await?;
        if selected.read_only { Ok(Rights(rights.0 & Rights::of("lr").0)) } else { Ok(rights) }
    }

    /// Whether the user may still read the selected mailbox.
    pub(super) async fn may_read(&self) -> Result<(), Refusal> {
        self.rights_here().await?.has('r').then_some(()).ok_or(Refusal::NoPermission)
    }

    pub(super) async fn sync(&mut self) -> Result<Answer, Refusal> {
        let mut synced = Synced::default();
        // Who may not read it any more hears of it what others hear of one that is gone.
        let is_readable = match self.may_read().await {
            Ok(()) => true,
            Err(Refusal::NoPermission | Refusal::NonExistent) => false,
            // Whether they may cannot be told now.
            Err(other) => return Err(other),
        };
        if let Some(selected) = self.selected.as_mut().filter(|_| is_readable) {
            synced.listing = selected.catch_up().await?;
            if synced.listing.is_some() {
                synced.recent = selected.recent();
            }
        }
        synced.news = self.news_of_others().await?;
        Ok(Answer::Synced(synced))
    }

    pub(super) async fn vanished(&mut self, since: u64, among: &[RangeInclusive<u32>]) -> Result<Answer, Refusal> {
        let selected = self.open()?;
        let (view, listing) = (selected.view.clone(), selected.listing.clone());
        let query = MailboxSince { account: view.account(), mailbox: view.mailbox(), since: ModSeq(since) };
        let gone: Uids = match self.read(query).await? {
            ListingNews::Known { vanished, .. } => ids::uids(&vanished),
            // RFC 7162 §3.2.5.2: who cannot tell names everything that is not there.
            ListingNews::Forgotten | ListingNews::Gone => {
                let last = listing.head().uid_next.saturating_sub(1);
                if last == 0 { Vec::new() } else { vec![1..=last] }
            }
        };
        Ok(Answer::Vanished(missing(&listing, among, &gone)))
    }
}

/// What is in both sets and not in the listing. All rise.
fn missing(listing: &Listing, among: &[RangeInclusive<u32>], gone: &[RangeInclusive<u32>]) -> Uids {
    let mut missing: Uids = Vec::new();
    let (mut a, mut b) = (among.iter().peekable(), gone.iter().peekable());
    while let (Some(first), Some(second)) = (a.peek(), b.peek()) {
        let (from, to) = (*first.start().max(second.start()), *first.end().min(second.end()));
        let first_ends = first.end() <= second.end();
        if from <= to {
            without(listing, from..=to, &mut missing);
        }
        if first_ends {
            a.next()
        } else {
            b.next()
        };
    }
    missing
}

/// The UIDs of a range that the listing does not have.
fn without(listing: &Listing, range: RangeInclusive<u32>, missing: &mut Uids) {
    let mut from = *range.start();
    let positions = listing.lower_bound(from)..listing.lower_bound(*range.end());
    for row in listing.rows(positions) {
        if from < row.uid {
            missing.push(from..=row.uid - 1);
        }
        from = row.uid.saturating_add(1);
    }
    let end = if listing.position(*range.end()).is_some() { range.end() - 1 } else { *range.end() };
    if from <= end {
        missing.push(from..=end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wire::imap::listing::{Head, Row};

    fn expand(ranges: &Uids) -> Vec<u32> {
        ranges.iter().cloned().flatten().collect()
    }

    proptest! {
        #[test]
        fn what_is_missing_is_what_is_not_there(
            present in proptest::collection::btree_set(1_u32..60, 0..30),
            among in proptest::collection::btree_set(1_u32..60, 0..40),
            gone in proptest::collection::btree_set(1_u32..60, 0..40),
        ) {
            let listing = Listing::new(Head::default(), present.iter().map(|uid| Row { uid: *uid, ..Row::default() }));
            let found = missing(&listing, &ids::ranges(among.iter().copied()), &ids::ranges(gone.iter().copied()));
            let expected: Vec<u32> =
                among.intersection(&gone).copied().filter(|uid| !present.contains(uid)).collect();
            prop_assert_eq!(expand(&found), expected);
        }
    }
}
