//! A client that follows an account by changes alone, as JMAP's do: what it comes to know must be what there is.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::kit;
use crate::world::KINDS;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use store::Engine;
use store::query::{
    AccountNews, EmailsById, EmailsSince, MailboxListSince, Objects, ObjectsSince, States, ThreadMembers, ThreadsSince,
    WholeAccount,
};
use store::types::{
    AccountId, AccountListing, Changes, EmailId, Mailbox, MailboxId, Mark, ObjectKind, PlaceRow, StateRow,
};

/// What such a client keeps: each thing as it saw it last.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    emails: BTreeMap<EmailId, String>,
    threads: BTreeMap<EmailId, String>,
    mailboxes: BTreeMap<MailboxId, String>,
    objects: BTreeMap<ObjectKind, BTreeMap<i64, String>>,
}

/// A client as it was at some state.
pub struct Follower {
    account: AccountId,
    states: StateRow,
    listing: AccountListing,
    kept: Kept,
}

pub fn whole(engine: &Engine, account: AccountId) -> AccountListing {
    engine.read(&WholeAccount { account }).unwrap().unwrap()
}

fn ids(listing: &AccountListing) -> Vec<EmailId> {
    listing.places.iter().map(|place| place.email).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What is told of an e-mail, but for when it changed.
fn emails(engine: &Engine, account: AccountId, ids: Vec<EmailId>) -> BTreeMap<EmailId, String> {
    let rows = engine.read(&EmailsById { account, ids }).unwrap();
    let plain = |row: store::types::EmailRow| {
        let places: Vec<_> = row.places.iter().map(|(mailbox, uid, flags, _)| (*mailbox, *uid, *flags)).collect();
        (row.id, format!("{:?} {} {:?} {places:?}", row.thread, row.size, row.received))
    };
    rows.into_iter().map(plain).collect()
}

fn threads(engine: &Engine, account: AccountId, ids: Vec<EmailId>) -> BTreeMap<EmailId, String> {
    let rows = engine.read(&ThreadMembers { account, threads: ids }).unwrap();
    rows.into_iter().map(|row| (row.id, format!("{:?}", row.emails))).collect()
}

/// What is told of a mailbox, but for when it changed.
fn mailbox(mailbox: &Mailbox) -> (MailboxId, String) {
    let Mailbox { id, parent, name, role, total, unseen, octets, subscribed, selectable, .. } = mailbox;
    (*id, format!("{parent:?} {name} {role:?} {total} {unseen} {octets} {subscribed} {selectable}"))
}

fn objects(engine: &Engine, account: AccountId, kind: ObjectKind) -> BTreeMap<i64, String> {
    let all = engine.read(&Objects { account, kind }).unwrap();
    all.into_iter().map(|object| (object.id, format!("{:?} {:?} {:?}", object.key, object.value, object.due))).collect()
}

fn keep(engine: &Engine, account: AccountId) -> Kept {
    let listing = whole(engine, account);
    let emails = emails(engine, account, ids(&listing));
    let begun: BTreeMap<EmailId, EmailId> = listing.threads.iter().copied().collect();
    let all: BTreeSet<EmailId> = ids(&listing).into_iter().map(|id| *begun.get(&id).unwrap_or(&id)).collect();
    let threads = threads(engine, account, all.into_iter().collect());
    let mailboxes = kit::mailboxes(engine, account).iter().map(mailbox).collect();
    Kept { emails, threads, mailboxes, objects: KINDS.map(|kind| (kind, objects(engine, account, kind))).into() }
}

impl Follower {
    pub fn begin(engine: &Engine, account: AccountId) -> Follower {
        let states = engine.read(&States { account }).unwrap().unwrap();
        Follower { account, states, listing: whole(engine, account), kept: keep(engine, account) }
    }

    /// Follows to the state now, a few ids at a time, and looks whether it knows everything then.
    pub fn check(mut self, engine: &Engine) {
        let account = self.account;
        self.check_news(engine);
        for limit in [3, 1, 1_000] {
            let mut kept = self.kept.clone();
            let read = |since| engine.read(&EmailsSince { account, since, limit }).unwrap().unwrap();
            follow(self.states.emails.into(), limit, read, &mut kept.emails, |ids| emails(engine, account, ids));
            let read = |since| engine.read(&ThreadsSince { account, since, limit }).unwrap().unwrap();
            follow(self.states.emails.into(), limit, read, &mut kept.threads, |ids| threads(engine, account, ids));
            let read = |since| engine.read(&MailboxListSince { account, since, limit }).unwrap().unwrap().changes;
            let now: BTreeMap<_, _> = kit::mailboxes(engine, account).iter().map(mailbox).collect();
            let some = |ids: Vec<_>| ids.iter().filter_map(|id| Some((*id, now.get(id)?.clone()))).collect();
            follow(self.states.mailboxes.into(), limit, read, &mut kept.mailboxes, some);
            for (kind, kept) in &mut kept.objects {
                let read = |since| engine.read(&ObjectsSince { account, kind: *kind, since, limit }).unwrap().unwrap();
                let now = objects(engine, account, *kind);
                let some = |ids: Vec<_>| ids.iter().filter_map(|id| Some((*id, now.get(id)?.clone()))).collect();
                follow(self.states.object(*kind).into(), limit, read, kept, some);
            }
            assert_eq!(kept, keep(engine, account));
        }
        self.check_states(engine);
    }

    /// What says that nothing changed is right.
    fn check_states(&mut self, engine: &Engine) {
        let (now, kept) =
            (engine.read(&States { account: self.account }).unwrap().unwrap(), keep(engine, self.account));
        assert!(
            now.emails != self.states.emails
                || (&kept.emails, &kept.threads) == (&self.kept.emails, &self.kept.threads)
        );
        assert!(now.mailboxes != self.states.mailboxes || kept.mailboxes == self.kept.mailboxes);
        for kind in KINDS {
            assert!(now.object(kind) != self.states.object(kind) || kept.objects[&kind] == self.kept.objects[&kind]);
        }
    }

    /// The listing of before, brought up to date, is the listing of now.
    fn check_news(&mut self, engine: &Engine) {
        let since = self.listing.modseq;
        // Nothing where there is too much of it.
        let Some(news) = engine.read(&AccountNews { account: self.account, since }).unwrap() else { return };
        let mut places: BTreeMap<EmailId, Vec<PlaceRow>> = BTreeMap::new();
        let mut threads: BTreeMap<EmailId, EmailId> = self.listing.threads.iter().copied().collect();
        self.listing.places.iter().for_each(|place| places.entry(place.email).or_default().push(*place));
        news.places.iter().for_each(|place| drop(places.remove(&place.email)));
        news.places.iter().for_each(|place| places.entry(place.email).or_default().push(*place));
        threads.extend(news.threads);
        for email in &news.gone {
            places.remove(email);
            threads.remove(email);
        }
        let now = whole(engine, self.account);
        assert_eq!(places.into_values().flatten().collect::<Vec<_>>(), now.places);
        assert_eq!(threads.into_iter().collect::<Vec<_>>(), now.threads);
        assert_eq!((news.modseq, news.keywords), (now.modseq, now.keywords));
    }
}

/// Pages of changes until there are no more; `get` shows things as they are by now.
fn follow<T: Copy + Ord + Debug>(
    since: Mark,
    limit: u32,
    read: impl Fn(Mark) -> Changes<T>,
    kept: &mut BTreeMap<T, String>,
    get: impl Fn(Vec<T>) -> BTreeMap<T, String>,
) {
    let mut since = since;
    // Ids the client was told of, whether there was still something to see of them or not.
    let mut told: BTreeSet<T> = kept.keys().copied().collect();
    loop {
        let page = read(since);
        let all =
            [&page.created, &page.updated, &page.destroyed].map(|ids| ids.iter().copied().collect::<BTreeSet<_>>());
        let together: BTreeSet<T> = all.iter().flatten().copied().collect();
        assert!(together.len() <= limit as usize, "no more than the limit");
        assert_eq!(together.len(), all.iter().map(BTreeSet::len).sum::<usize>(), "no id twice");
        let [created, updated, destroyed] = all;
        assert!(created.is_disjoint(&told), "{created:?} are new: {told:?}");
        assert!(
            updated.is_subset(&told) && destroyed.is_subset(&told),
            "{updated:?} {destroyed:?} were told of: {told:?}"
        );
        told.extend(&created);
        for id in &destroyed {
            told.remove(id);
            kept.remove(id);
        }
        for id in created.union(&updated) {
            kept.remove(id);
        }
        kept.extend(get(created.union(&updated).copied().collect()));
        assert!(!page.more || page.until > since, "it goes on");
        assert_eq!(page.until.to_string().parse(), Ok(page.until));
        if !page.more {
            assert_eq!(told, kept.keys().copied().collect(), "all it was told of is there");
            return;
        }
        since = page.until;
    }
}
