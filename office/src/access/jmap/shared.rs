//! What a user sees of the accounts of others (RFC 4314, RFC 8621 §2): an account as a catalogue that holds the mailboxes
//! they may know of, the e-mails in those they may read, and nothing else, with the rights to each. Owns that cut; what
//! became of it is `seen`'s, who shares with whom `sharers`'s.

use super::catalogue::Catalogue;
use super::loaded::Loaded;
use super::seen::{Became, Log, Picture};
use super::sharers::changes_something;
use crate::access::imap::rights::{self, Granted};
use message::{Address, Time};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::query::{AccountNews, Mailboxes, SharedWith, States, WholeAccount};
use store::types::{
    AccountChange, AccountId, AccountListing, EmailId, Mailbox, MailboxId, ModSeq, PlaceRow, StateRow, Uid,
};
use store::{Store, StoreError};
use tokio::sync::watch;
use wire::imap::ask::Rights;

/// Another's account as a user sees it, in one state. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SharedAccount {
    rights: Arc<Granted>,
    catalogue: Arc<Catalogue>,
    log: Arc<Log>,
}

impl SharedAccount {
    /// What is seen of it. Its states are those of what is seen.
    #[must_use]
    pub fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// What the user may do with a mailbox; nothing with one they may not know of.
    #[must_use]
    pub fn rights(&self, mailbox: MailboxId) -> Rights {
        self.rights.get(&mailbox).copied().unwrap_or_default()
    }

    /// The user may change nothing in it.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        !changes_something(&self.rights)
    }

    /// The mailboxes whose e-mails are seen.
    #[must_use]
    pub fn readable(&self) -> Vec<MailboxId> {
        self.rights.iter().filter(|(_, rights)| is_readable(**rights)).map(|(mailbox, _)| *mailbox).collect()
    }

    /// What became of the e-mails that are seen after a state; `None`: nobody remembers.
    #[must_use]
    pub fn emails_since(&self, since: ModSeq) -> Option<Became<EmailId>> {
        self.log.emails(since)
    }

    /// The same of conversations.
    #[must_use]
    pub fn threads_since(&self, since: ModSeq) -> Option<Became<EmailId>> {
        self.log.threads(since)
    }

    /// The same of mailboxes and what is counted in them.
    #[must_use]
    pub fn mailboxes_since(&self, since: ModSeq) -> Option<Became<MailboxId>> {
        self.log.mailboxes(since)
    }
}

/// Whose view, and of what: who looks, their address, whom at.
pub(crate) struct Looking<'a> {
    pub caller: AccountId,
    pub address: &'a Address,
    pub owner: AccountId,
}

/// The accounts of others that are loaded, one for each that looks and each that is looked at.
#[derive(Default)]
pub(crate) struct SharedViews {
    loaded: Loaded<(AccountId, AccountId), View>,
}

struct View {
    newest: watch::Receiver<ModSeq>,
    /// Held by who asks the store, so that one does for all that wait.
    state: tokio::sync::Mutex<Option<Known>>,
}

struct Known {
    account: SharedAccount,
    /// The account's newest change when the store was asked last.
    seen: ModSeq,
}

impl SharedViews {
    /// With everything that was committed before this was called; `None` when there is nothing that the user may see.
    pub async fn current(
        &self,
        store: &Store,
        looking: &Looking<'_>,
        now: Time,
    ) -> Result<Option<SharedAccount>, StoreError> {
        let key = (looking.caller, looking.owner);
        // Who was given nothing has nothing read for them but lists: whose account it is anybody may guess.
        if !self.loaded.has(key) && granted(store, looking).await?.is_none() {
            return Ok(None);
        }
        let view = self.loaded.open(key, now, || View::of(store.watch(looking.owner)));
        let found = view.current(store, looking).await?;
        if found.is_none() {
            self.loaded.forget(key);
        }
        Ok(found)
    }
}

/// What a user was given of an account.
async fn granted(store: &Store, looking: &Looking<'_>) -> Result<Option<Granted>, StoreError> {
    let acl = store.read(SharedWith { identifiers: rights::identifiers(looking.address) }).await?;
    Ok(rights::by_account(acl, looking.address).remove(&looking.owner))
}

impl View {
    fn of(newest: watch::Receiver<ModSeq>) -> View {
        View { newest, state: tokio::sync::Mutex::default() }
    }

    async fn current(&self, store: &Store, looking: &Looking<'_>) -> Result<Option<SharedAccount>, StoreError> {
        let mut state = self.state.lock().await;
        // Whatever is newer than this figure is seen the next time. A change of rights is a change of the account.
        let newest = *self.newest.borrow();
        if let Some(known) = state.as_ref().filter(|known| known.seen >= newest) {
            return Ok(Some(known.account.clone()));
        }
        let account = follow(store, looking, &mut state).await?;
        *state = account.clone().map(|account| Known { account, seen: newest });
        Ok(account)
    }
}

/// Reads all of it. What was seen before tells what became of it.
async fn load(
    store: &Store,
    looking: &Looking<'_>,
    before: Option<SharedAccount>,
) -> Result<Option<SharedAccount>, StoreError> {
    let account = looking.owner;
    let acl = SharedWith { identifiers: rights::identifiers(looking.address) };
    // In one snapshot: rights of another moment would show what they were not meant for.
    let query = ((acl, WholeAccount { account }), (States { account }, Mailboxes { account }));
    let ((acl, listing), (states, mailboxes)) = store.read(query).await?;
    let (Some(listing), Some(states)) = (listing, states) else { return Ok(None) };
    let Some(rights) = rights::by_account(acl, looking.address).remove(&account) else { return Ok(None) };
    let made = store.aside(move || Ok(made(account, before, (listing, states), (mailboxes, rights)))).await?;
    Ok(Some(made))
}

fn made(
    account: AccountId,
    before: Option<SharedAccount>,
    (mut listing, states): (AccountListing, StateRow),
    (mailboxes, rights): (Vec<Mailbox>, Granted),
) -> SharedAccount {
    listing.places.retain(|place| is_seen(place, &rights));
    let modseq = listing.modseq;
    let mut catalogue = Catalogue::new(account, listing, states, visible(mailboxes, &rights));
    let log = match before {
        None => Log::new(modseq),
        Some(before) => {
            let emails = before.catalogue.rows().chain(catalogue.rows()).map(|row| row.email).collect();
            let threads = before.catalogue.rows().chain(catalogue.rows()).map(|row| row.thread).collect();
            let old = Picture::of(&before.catalogue, &before.rights, (&emails, &threads));
            let new = Picture::of(&catalogue, &rights, (&emails, &threads));
            let mut log = Arc::unwrap_or_clone(before.log);
            log.note(modseq, &old, &new);
            log
        }
    };
    catalogue.say_state(log.state());
    SharedAccount { rights: Arc::new(rights), catalogue: Arc::new(catalogue), log: Arc::new(log) }
}

/// Brings it up to date: by the news where they are few and the rights the same. What is known is taken only when nothing
/// more is waited for: who gives up before that leaves it as it was.
async fn follow(
    store: &Store,
    looking: &Looking<'_>,
    state: &mut Option<Known>,
) -> Result<Option<SharedAccount>, StoreError> {
    let account = looking.owner;
    let Some(before) = state.as_ref().map(|known| &known.account) else { return load(store, looking, None).await };
    let acl = SharedWith { identifiers: rights::identifiers(looking.address) };
    let since = before.catalogue.modseq();
    let query = ((acl, AccountNews { account, since }), (States { account }, Mailboxes { account }));
    let ((acl, news), (states, mailboxes)) = store.read(query).await?;
    let rights = rights::by_account(acl, looking.address).remove(&account).filter(|rights| *rights == *before.rights);
    let (Some(news), Some(states), Some(_)) = (news, states, rights) else {
        return load(store, looking, Some(before.clone())).await;
    };
    Ok(state.take().map(|known| followed(known.account, (news, states), mailboxes)))
}

fn followed(
    before: SharedAccount,
    (mut news, states): (AccountChange, StateRow),
    mailboxes: Vec<Mailbox>,
) -> SharedAccount {
    let SharedAccount { rights, mut catalogue, mut log } = before;
    let changed: BTreeSet<EmailId> = news.places.iter().map(|place| place.email).collect();
    news.places.retain(|place| is_seen(place, &rights));
    let left: BTreeSet<EmailId> = news.places.iter().map(|place| place.email).collect();
    // For who cannot see where it is, it is not there.
    news.gone.extend(changed.difference(&left));
    let emails: BTreeSet<EmailId> = changed.iter().chain(&news.gone).copied().collect();
    let of_news = emails.iter().map(|email| thread_of(&news, *email));
    let threads: BTreeSet<EmailId> =
        emails.iter().filter_map(|email| catalogue.email(*email)).map(|row| row.thread).chain(of_news).collect();
    let old = Picture::of(&catalogue, &rights, (&emails, &threads));
    let modseq = news.modseq;
    let known = Arc::make_mut(&mut catalogue);
    known.follow(news, states, visible(mailboxes, &rights));
    let new = Picture::of(known, &rights, (&emails, &threads));
    let log_now = Arc::make_mut(&mut log);
    log_now.note(modseq, &old, &new);
    known.say_state(log_now.state());
    SharedAccount { rights, catalogue, log }
}

fn thread_of(news: &AccountChange, email: EmailId) -> EmailId {
    let at = news.threads.binary_search_by_key(&email, |(email, _)| *email).ok();
    at.and_then(|at| news.threads.get(at)).map_or(email, |(_, thread)| *thread)
}

/// RFC 8621 §2, `mayReadItems`: both are required.
fn is_readable(rights: Rights) -> bool {
    rights.has('l') && rights.has('r')
}

fn is_seen(place: &PlaceRow, rights: &Granted) -> bool {
    rights.get(&place.mailbox).is_some_and(|rights| is_readable(*rights))
}

/// The mailboxes that a user may know of. One that lies in another that they may not know of is told with its name and, as in
/// IMAP, the names above it, so that no two have the same.
fn visible(all: Vec<Mailbox>, rights: &Granted) -> Vec<Mailbox> {
    let by_id: HashMap<MailboxId, (Option<MailboxId>, String)> =
        all.iter().map(|mailbox| (mailbox.id, (mailbox.parent, mailbox.name.clone()))).collect();
    let seen = all.into_iter().filter_map(|mailbox| Some((*rights.get(&mailbox.id)?, mailbox)));
    seen.map(|(rights_here, mut mailbox)| {
        // The store makes no circles; a damaged one must not keep us for ever.
        for _ in 0..=store::DEPTH_MAX {
            let Some(parent) = mailbox.parent.filter(|parent| !rights.contains_key(parent)) else { break };
            let (above, name) = by_id.get(&parent).cloned().unwrap_or_default();
            mailbox.parent = above;
            mailbox.name = format!("{name}{}{}", store::DELIMITER, mailbox.name);
        }
        mailbox.parent = mailbox.parent.filter(|parent| rights.contains_key(parent));
        mailbox.subscribed = true;
        if is_readable(rights_here) { mailbox } else { without_figures(mailbox) }
    })
    .collect()
}

/// How much is in a mailbox is nothing for who may not read it.
fn without_figures(mailbox: Mailbox) -> Mailbox {
    let (total, unseen, deleted, recent, octets) = (0, 0, 0, 0, 0);
    Mailbox { uid_next: Uid(0), modseq: ModSeq(0), total, unseen, deleted, recent, octets, ..mailbox }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::loaded::LOADED_MAX;
    use super::*;
    use crate::admin::Request;
    use crate::inbound::tests::{House, NOW, house};
    use store::op::{Op, RightsChange};
    use store::query::AccountByAddress;

    fn address(name: &str) -> Address {
        Address::parse(&format!("{name}@hamburger.edu")).unwrap()
    }

    /// A user of the house.
    async fn user(house: &House, name: &str) -> AccountId {
        let address = address(name);
        let add = Request::AccountAdd { address: address.clone(), password: None, quota: None };
        house.office.administer(NOW, add).await.unwrap();
        house.office.store().read(AccountByAddress { address }).await.unwrap().unwrap().id
    }

    /// Shares somebody's first mailbox with bob.
    async fn share(house: &House, owner: AccountId, letters: &str) {
        let mailbox = house.office.store().read(Mailboxes { account: owner }).await.unwrap()[0].id;
        let change = RightsChange::Replace(store::types::Rights::of(letters).unwrap());
        let identifier = address("bob").to_string();
        let op = Op::AclSet { account: owner, mailbox, identifier, change };
        house.office.store().apply(op).await.unwrap();
    }

    #[tokio::test]
    async fn whose_account_shares_nothing_costs_nobody_a_view() {
        let house = house().await;
        let (alice, victim) = (user(&house, "alice").await, user(&house, "victim").await);
        share(&house, alice, "lr").await;
        let (bob, caller) = (address("bob"), AccountId(0));
        let views = house.office.shared_views();
        assert!(house.office.shared_account((caller, &bob), alice, NOW).await.unwrap().is_some());
        // As many as there is room for: one more would take the place of the oldest.
        let other = |other: i64| (AccountId(other), AccountId(-1));
        let most = i64::try_from(LOADED_MAX).unwrap();
        (1..most).for_each(|n| drop(views.loaded.open(other(n), NOW, nothing)));
        views.loaded.open((caller, alice), Time(NOW.0 - 1), nothing);
        assert!(house.office.shared_account((caller, &bob), victim, NOW).await.unwrap().is_none());
        assert!(house.office.shared_account((caller, &bob), AccountId(999), NOW).await.unwrap().is_none());
        assert!(views.loaded.has((caller, alice)) && (1..most).all(|n| views.loaded.has(other(n))));
    }

    /// Somebody hangs up, or the store cannot be read.
    #[tokio::test]
    async fn what_was_seen_outlives_a_question_that_is_given_up() {
        let house = house().await;
        let alice = user(&house, "alice").await;
        share(&house, alice, "lr").await;
        let (store, bob) = (house.office.store(), address("bob"));
        let looking = Looking { caller: AccountId(0), address: &bob, owner: alice };
        let view = View::of(store.watch(alice));
        let first = view.current(store, &looking).await.unwrap().unwrap();
        share(&house, alice, "lrs").await;
        tokio::select! {
            biased;
            _ = view.current(store, &looking) => {}
            () = std::future::ready(()) => {}
        }
        assert!(view.state.lock().await.is_some());
        let then = view.current(store, &looking).await.unwrap().unwrap();
        let (since, state) = (first.catalogue().modseq(), first.catalogue().states().emails);
        assert!(then.catalogue().modseq() >= since && then.emails_since(state).is_some());
    }

    fn nothing() -> View {
        View::of(watch::channel(ModSeq(0)).1)
    }
}
