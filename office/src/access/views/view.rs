//! One open mailbox: its newest listing, brought up to date from the store by what changed since, and from which UID on
//! no session was told of a message as `\Recent`. Every desk that has the mailbox open shares it.

use message::Time;
use parking_lot::Mutex;
use std::sync::Arc;
use store::op::{Op, Outcome};
use store::query::{MailboxNews, MailboxSince, WholeMailbox};
use store::types::{AccountId, ListingNews, ListingRow, Mailbox, MailboxId, ModSeq, Uid};
use store::{Store, StoreError, UidSet};
use tokio::sync::watch;
use wire::imap::listing::{Head, Keywords, Listing, Row, object_number};

/// One open mailbox.
pub(crate) struct View {
    store: Store,
    account: AccountId,
    mailbox: MailboxId,
    /// The account's newest change.
    newest: watch::Receiver<ModSeq>,
    state: Mutex<State>,
    /// Held by who asks the store, so that one does for all that wait.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// `None` before it was loaded, and once the mailbox is gone.
    listing: Option<Arc<Listing>>,
    /// The account's newest change when the store was asked last; `None`: never.
    seen: Option<ModSeq>,
    /// Of the listing that was loaded.
    uid_validity: u32,
    /// Messages with UIDs from here on were told to no session as recent.
    recent_from: u32,
    /// The same, as the store has it.
    recent_stored: u32,
}

impl View {
    pub(super) fn new(store: Store, account: AccountId, mailbox: MailboxId) -> View {
        let newest = store.watch(account);
        View { store, account, mailbox, newest, state: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Whose it is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Which it is.
    pub fn mailbox(&self) -> MailboxId {
        self.mailbox
    }

    /// The account's changes, to wait for.
    pub fn news(&self) -> watch::Receiver<ModSeq> {
        self.newest.clone()
    }

    /// The listing with everything that was committed before this was called; `None` when the mailbox is gone.
    pub async fn current(&self) -> Result<Option<Arc<Listing>>, StoreError> {
        if let Some(listing) = self.fresh() {
            return Ok(listing);
        }
        let _turn = self.turn.lock().await;
        if let Some(listing) = self.fresh() {
            return Ok(listing);
        }
        // Whatever is newer than this figure is seen the next time, whether or not the store tells of it now.
        let seen = *self.newest.borrow();
        let known = self.state.lock().listing.clone();
        let listing = match known {
            Some(known) => self.bring_up_to_date(&known).await?,
            None => self.load().await?,
        };
        let mut state = self.state.lock();
        state.seen = Some(seen);
        state.listing.clone_from(&listing);
        Ok(listing)
    }

    /// The listing, where nothing changed since it was made.
    fn fresh(&self) -> Option<Option<Arc<Listing>>> {
        let newest = *self.newest.borrow();
        let state = self.state.lock();
        state.seen.filter(|seen| *seen >= newest).map(|_| state.listing.clone())
    }

    async fn load(&self) -> Result<Option<Arc<Listing>>, StoreError> {
        let query = WholeMailbox { account: self.account, mailbox: self.mailbox };
        let Some(whole) = self.store.read(query).await?.filter(|whole| whole.mailbox.selectable) else {
            return Ok(None);
        };
        let head = self.head(&whole.mailbox, Arc::new(Keywords::new(whole.keywords)));
        let listing = Listing::new(head, whole.rows.iter().map(row));
        // Those no session was told of are the last that came.
        let told = listing.len().saturating_sub(whole.mailbox.recent);
        let recent_from = listing.uid(told).unwrap_or(listing.head().uid_next);
        let mut state = self.state.lock();
        // Of a mailbox that was removed and made again, nothing was told yet.
        let is_same = state.uid_validity == listing.head().uid_validity;
        state.recent_from = if is_same { recent_from.max(state.recent_from) } else { recent_from };
        state.recent_stored = recent_from;
        state.uid_validity = listing.head().uid_validity;
        drop(state);
        Ok(Some(Arc::new(listing)))
    }

    async fn bring_up_to_date(&self, known: &Arc<Listing>) -> Result<Option<Arc<Listing>>, StoreError> {
        let since = ModSeq(known.head().highest_modseq);
        let (account, mailbox) = (self.account, self.mailbox);
        let news = match self.store.read(MailboxNews { account, mailbox, since }).await? {
            Some(news) => news,
            None => self.store.read(MailboxSince { account, mailbox, since }).await?,
        };
        match news {
            ListingNews::Gone => Ok(None),
            ListingNews::Forgotten => self.load().await,
            ListingNews::Known { mailbox, .. } if !mailbox.selectable => Ok(None),
            ListingNews::Known { mailbox, .. } if mailbox.uid_validity != known.head().uid_validity => {
                self.load().await
            }
            ListingNews::Known { mailbox, keywords, changed, vanished } => {
                let keywords = Keywords::new(keywords);
                let known_keywords = &known.head().keywords;
                let keywords = if **known_keywords == keywords { known_keywords.clone() } else { Arc::new(keywords) };
                let head = self.head(&mailbox, keywords);
                if head == *known.head() && changed.is_empty() {
                    return Ok(Some(known.clone()));
                }
                let changed: Vec<Row> = changed.iter().map(row).collect();
                let vanished = present(known, &vanished);
                Ok(Some(Arc::new(known.after(head, &changed, &vanished))))
            }
        }
    }

    fn head(&self, mailbox: &Mailbox, keywords: Arc<Keywords>) -> Head {
        Head {
            account: self.account.0.unsigned_abs(),
            mailbox: object_number(self.account.0.unsigned_abs(), mailbox.id.0.unsigned_abs()),
            uid_validity: mailbox.uid_validity,
            uid_next: mailbox.uid_next.0,
            highest_modseq: mailbox.modseq.0,
            keywords,
        }
    }

    /// From which UID on messages are recent to a session that shows this listing, and no longer to others when it
    /// takes them (RFC 3501 §2.3.2).
    pub fn recent(&self, listing: &Listing, takes: bool) -> u32 {
        let mut state = self.state.lock();
        let from = state.recent_from;
        if takes {
            state.recent_from = from.max(listing.last_uid().saturating_add(1));
        }
        from
    }

    /// How many messages no session was told of as recent.
    pub async fn count_recent(&self) -> Result<u32, StoreError> {
        let listing = self.current().await?.unwrap_or_default();
        let from = self.state.lock().recent_from;
        Ok(listing.len() - listing.lower_bound(from))
    }

    /// Whether the store knows what sessions were told as recent.
    pub fn is_settled(&self) -> bool {
        let state = self.state.lock();
        state.recent_stored >= state.recent_from || state.listing.is_none()
    }

    /// Writes down what sessions were told as recent. It waits until a session closes the mailbox, since a message that
    /// is told as recent once more after a crash does no harm, and a write for every SELECT would.
    pub async fn settle(&self) -> Result<(), StoreError> {
        if self.is_settled() {
            return Ok(());
        }
        let before = self.state.lock().recent_from;
        let claim = Op::RecentClaim { account: self.account, mailbox: self.mailbox, before: Uid(before) };
        if let Outcome::Recent(_) = self.store.apply(claim).await? {
            let mut state = self.state.lock();
            state.recent_stored = before.max(state.recent_stored);
        }
        Ok(())
    }
}

/// Those UIDs that a listing has.
fn present(listing: &Listing, uids: &UidSet) -> Vec<u32> {
    let positions = uids.ranges().iter().map(|(first, last)| {
        let end = last.0.checked_add(1).map_or(listing.len(), |next| listing.lower_bound(next));
        listing.lower_bound(first.0)..end
    });
    positions.flat_map(|positions| listing.rows(positions)).map(|row| row.uid).collect()
}

fn row(row: &ListingRow) -> Row {
    Row {
        uid: row.uid.0,
        flags: row.flags,
        modseq: row.modseq.0,
        email: row.email.0.unsigned_abs(),
        size: row.size,
        received: Time(row.received.0),
    }
}
