//! A model of the store, as plain as it can be: maps, no indexes, no counters kept. And the random operations.
#![allow(clippy::unwrap_used, missing_docs)]

mod compare;
mod emails;
mod mailboxes;
mod objects;
mod outbox;
pub mod plan;
mod sharing;

pub use compare::compare;
pub use emails::stateless;
pub use objects::KINDS;
pub use plan::{Plan, ops};

use message::{Address, Time};
use std::collections::{BTreeMap, BTreeSet};
use store::op::{Append, Carried, Deliver, Delivery, FlagChange};
use store::types::{AccountId, Alias, AliasTarget, Annotated, EmailId, Flags, Mailbox, MailboxId, Role, Uid};
use store::{Op, Outcome, UidSet};

#[derive(Clone, Default)]
pub struct World {
    domains: BTreeSet<String>,
    last_account: i64,
    accounts: BTreeMap<AccountId, Account>,
    aliases: Vec<Alias>,
    /// Which of them came from a file, and from which.
    origins: Vec<(Address, String)>,
    outbox: outbox::Waitings,
    shared: sharing::Notes,
    things: objects::Things,
}

#[derive(Clone)]
struct Account {
    address: Address,
    quota: Option<u64>,
    last_email: i64,
    last_mailbox: i64,
    last_validity: u32,
    last_object: i64,
    /// Octets of each.
    uploads: BTreeMap<i64, u64>,
    mailboxes: BTreeMap<MailboxId, Box>,
    /// Names without a mailbox.
    subscriptions: BTreeSet<String>,
    /// The mailboxes that an operation on e-mails is about, while it goes on; `None`: all.
    within: Option<BTreeSet<MailboxId>>,
}

#[derive(Clone)]
struct Box {
    parent: Option<MailboxId>,
    name: String,
    role: Option<Role>,
    uid_validity: u32,
    uid_next: u32,
    subscribed: bool,
    selectable: bool,
    recent_from: u32,
    messages: BTreeMap<Uid, Entry>,
}

#[derive(Clone)]
struct Entry {
    email: EmailId,
    flags: Flags,
    size: u64,
    received: Time,
    saved: Time,
}

pub type PlainMailbox = (MailboxId, Option<MailboxId>, String, Option<Role>, [u64; 7], [bool; 2]);

pub fn plain(m: &Mailbox) -> PlainMailbox {
    let counts = [m.uid_validity, m.uid_next.0, m.total, m.unseen, m.deleted, m.recent].map(u64::from);
    let [a, b, c, d, e, f] = counts;
    (m.id, m.parent, m.name.clone(), m.role, [a, b, c, d, e, f, m.octets], [m.subscribed, m.selectable])
}

fn same(a: &Address, b: &Address) -> bool {
    a.host() == b.host() && a.local_part().to_lowercase() == b.local_part().to_lowercase()
}

fn sort_key(address: &Address) -> (String, String) {
    (address.host().to_string(), address.local_part().to_lowercase())
}

impl World {
    pub fn accounts(&self) -> Vec<(AccountId, Address, Option<u64>, u64, u64)> {
        let row = |(id, a): (&AccountId, &Account)| {
            let emails = a.emails();
            (*id, a.address.clone(), a.quota, emails.values().sum(), emails.len() as u64)
        };
        let mut all: Vec<_> = self.accounts.iter().map(row).collect();
        all.sort_by_key(|row| sort_key(&row.1));
        all
    }

    pub fn aliases(&self) -> Vec<Alias> {
        let mut all = self.aliases.clone();
        all.sort_by_key(|alias| sort_key(&alias.address));
        all
    }

    pub fn mailboxes(&self, account: AccountId) -> Vec<PlainMailbox> {
        let row = |(id, b): (&MailboxId, &Box)| {
            let count = |wanted: &dyn Fn(&Uid, &Entry) -> bool| {
                b.messages.iter().filter(|(uid, entry)| wanted(uid, entry)).count() as u64
            };
            let octets = b.messages.values().map(|entry| entry.size).sum();
            let numbers = [
                u64::from(b.uid_validity),
                u64::from(b.uid_next),
                count(&|_, _| true),
                count(&|_, entry| !entry.flags.seen),
                count(&|_, entry| entry.flags.deleted),
                count(&|uid, _| uid.0 >= b.recent_from),
                octets,
            ];
            (*id, b.parent, b.name.clone(), b.role, numbers, [b.subscribed, b.selectable])
        };
        self.accounts[&account].mailboxes.iter().map(row).collect()
    }

    pub fn messages(&self, account: AccountId, mailbox: MailboxId) -> Vec<(Uid, EmailId, Flags, u64, [Time; 2])> {
        let all = &self.accounts[&account].mailboxes[&mailbox].messages;
        all.iter().map(|(uid, e)| (*uid, e.email, e.flags.clone(), e.size, [e.received, e.saved])).collect()
    }

    pub fn subscriptions(&self, account: AccountId) -> Vec<String> {
        self.accounts[&account].subscriptions.iter().cloned().collect()
    }

    pub fn outbox(&self) -> Vec<(i64, u32, String, u32)> {
        self.outbox.list()
    }

    pub fn apply(&mut self, op: &Op) -> Outcome {
        let aliases = &self.aliases;
        self.origins.retain(|(address, _)| aliases.iter().any(|alias| same(&alias.address, address)));
        match op {
            Op::DomainAdd { domain, .. } => done_or(self.domains.insert(domain.to_string()), Outcome::Exists),
            Op::DomainRemove { domain } => self.domain_remove(domain.as_str()),
            Op::AccountAdd { address, quota, now, .. } => self.account_add(address, *quota, *now),
            Op::AccountRemove { address } => self.account_remove(address),
            Op::AccountSet { address, quota, .. } => self.account_set(address, *quota),
            Op::AliasAdd { alias } => self.alias_add(alias),
            Op::AliasImport { origin, aliases } => self.alias_import(origin, aliases),
            Op::AliasRemove { address } => {
                let before = self.aliases.len();
                self.aliases.retain(|alias| !same(&alias.address, address));
                done_or(self.aliases.len() < before, Outcome::Gone)
            }
            Op::Deliver(deliver) => self.deliver(deliver),
            Op::Append(append) => self.append(append),
            Op::Claim { .. } | Op::ClaimAt { .. } | Op::Settle(_) | Op::Renew { .. } | Op::ReleaseAll => {
                self.apply_lease(op)
            }
            Op::Defer { host, now, until, limit } => self.outbox.defer(host, (*now, *until), *limit),
            Op::OutboxChange { filter, after, limit, change, now } => {
                self.outbox.change(filter, (*after, *limit), change, *now)
            }
            Op::Trace(_) => Outcome::Done,
            Op::ObjectsChange { .. } | Op::WithObjects { .. } => self.on_objects(op),
            Op::EmailsSet { .. }
            | Op::EmailsDestroy { .. }
            | Op::EmailsWithin { .. }
            | Op::EmailsAdd(_)
            | Op::UploadAdd { .. } => self.on_emails(op),
            Op::Copy { account, from, to_account, to, uids, carried, now } => {
                self.copy(((*account, *from), (*to_account, *to)), (uids, *carried), false, *now)
            }
            Op::Move { account, from, to_account, to, uids, carried, now } => {
                self.copy(((*account, *from), (*to_account, *to)), (uids, *carried), true, *now)
            }
            Op::AclSet { account, mailbox, identifier, change } => {
                if !self.has((*account, *mailbox)) {
                    return Outcome::Gone;
                }
                self.shared.acl_set((*account, *mailbox), identifier, *change)
            }
            Op::Annotate { notes } => {
                let nobody = |of: &Annotated| of.reader.is_some_and(|reader| !self.accounts.contains_key(&reader));
                if notes.iter().any(|(of, _)| nobody(of) || of.mailbox.is_some_and(|place| !self.has(place))) {
                    return Outcome::Gone;
                }
                notes.iter().for_each(|(of, entries)| self.shared.annotate(of, entries));
                Outcome::Done
            }
            Op::WhileNamed { account, names, then } => {
                let is_named = |(mailbox, name): &(MailboxId, String)| {
                    self.has((*account, *mailbox)) && self.accounts[account].path(*mailbox) == *name
                };
                if names.iter().all(is_named) { self.apply(then) } else { Outcome::Gone }
            }
            _ => {
                let outcome = self.apply_inside(op);
                self.share_new();
                outcome
            }
        }
    }

    fn has(&self, place: (AccountId, MailboxId)) -> bool {
        self.accounts.get(&place.0).is_some_and(|account| account.mailboxes.contains_key(&place.1))
    }

    /// Mailboxes that were made are open to those to whom the one above is; what is gone is open to nobody.
    fn share_new(&mut self) {
        for (id, account) in &self.accounts {
            let parents = account.mailboxes.iter().map(|(mailbox, b)| (*mailbox, b.parent, b.selectable));
            self.shared.follow(*id, parents.collect(), account.last_mailbox);
        }
    }

    fn apply_inside(&mut self, op: &Op) -> Outcome {
        let (Op::SetFlags { account, .. }
        | Op::Expunge { account, .. }
        | Op::RecentClaim { account, .. }
        | Op::NameSubscribe { account, .. }
        | Op::MailboxCreate { account, .. }
        | Op::MailboxRename { account, .. }
        | Op::MailboxDelete { account, .. }
        | Op::MailboxesSet { account, .. }
        | Op::MailboxSubscribe { account, .. }) = op
        else {
            panic!("{op:?}")
        };
        let Some(account) = self.accounts.get_mut(account) else { return Outcome::Gone };
        match op {
            Op::SetFlags { mailbox, uids, change, .. } => account.set_flags(*mailbox, uids, change),
            Op::Expunge { mailbox, uids, only_deleted, .. } => account.expunge(*mailbox, uids, *only_deleted),
            Op::RecentClaim { mailbox, before, .. } => account.claim_recent(*mailbox, *before),
            Op::NameSubscribe { name, subscribed, .. } => {
                account.subscriptions.remove(name);
                if *subscribed {
                    account.subscriptions.insert(name.clone());
                }
                Outcome::Done
            }
            Op::MailboxCreate { parent, path, role, now, .. } => account.create(*parent, path, *role, *now),
            Op::MailboxRename { mailbox, parent, path, now, .. } => account.rename(*mailbox, *parent, path, *now),
            Op::MailboxDelete { mailbox, now, .. } => account.delete(*mailbox, *now),
            Op::MailboxesSet { changes, now, .. } => {
                Outcome::Mailboxes(changes.iter().map(|change| account.arrange(change, *now)).collect())
            }
            Op::MailboxSubscribe { mailbox, subscribed, .. } => match account.mailboxes.get_mut(mailbox) {
                None => Outcome::Gone,
                Some(found) => {
                    found.subscribed = *subscribed;
                    Outcome::Done
                }
            },
            other => panic!("{other:?}"),
        }
    }

    fn domain_remove(&mut self, name: &str) -> Outcome {
        let here = |address: &Address| address.host().to_string() == name;
        if self.accounts.values().any(|a| here(&a.address)) || self.aliases.iter().any(|a| here(&a.address)) {
            return Outcome::Conflict;
        }
        done_or(self.domains.remove(name), Outcome::Gone)
    }

    fn is_taken(&self, address: &Address) -> bool {
        self.accounts.values().any(|a| same(&a.address, address))
            || self.aliases.iter().any(|a| same(&a.address, address))
    }

    fn account_add(&mut self, address: &Address, quota: Option<u64>, now: Time) -> Outcome {
        if !self.domains.contains(&address.host().to_string()) {
            return Outcome::Gone;
        }
        if self.is_taken(address) {
            return Outcome::Exists;
        }
        self.last_account += 1;
        let address = address.clone();
        let mut account = Account { address, quota, ..Account::nobody() };
        let roles = [Role::Inbox, Role::Archive, Role::Drafts, Role::Sent, Role::Junk, Role::Trash];
        for (name, role) in ["INBOX", "Archive", "Drafts", "Sent", "Junk", "Trash"].into_iter().zip(roles) {
            account.create(None, &[name.to_owned()], Some(role), now);
        }
        self.accounts.insert(AccountId(self.last_account), account);
        Outcome::Account(AccountId(self.last_account))
    }

    fn account_remove(&mut self, address: &Address) -> Outcome {
        let before = self.accounts.len();
        self.accounts.retain(|_, account| !same(&account.address, address));
        let accounts = &self.accounts;
        self.shared.forget(address, &|id| accounts.contains_key(&id));
        self.things.retain(|(of, ..), _| accounts.contains_key(of));
        if self.accounts.len() == before {
            return Outcome::Gone;
        }
        self.aliases.retain_mut(|alias| match &mut alias.target {
            AliasTarget::Moved(to) => !same(to, address),
            AliasTarget::Members(members) => {
                let had = members.len();
                members.retain(|member| !same(member, address));
                members.len() == had || !members.is_empty()
            }
        });
        Outcome::Done
    }

    fn account_set(&mut self, address: &Address, quota: Option<Option<u64>>) -> Outcome {
        let Some(account) = self.accounts.values_mut().find(|account| same(&account.address, address)) else {
            return Outcome::Gone;
        };
        if let Some(quota) = quota {
            account.quota = quota;
        }
        Outcome::Done
    }

    fn alias_add(&mut self, alias: &Alias) -> Outcome {
        if !self.domains.contains(&alias.address.host().to_string()) {
            return Outcome::Gone;
        }
        if self.is_taken(&alias.address) {
            return Outcome::Exists;
        }
        self.aliases.push(alias.clone());
        Outcome::Done
    }

    fn alias_import(&mut self, origin: &str, aliases: &[Alias]) -> Outcome {
        let (old, kept) = std::mem::take(&mut self.origins).into_iter().partition(|(_, from)| from == origin);
        self.origins = kept;
        let old: Vec<(Address, String)> = old;
        self.aliases.retain(|alias| old.iter().all(|(address, _)| !same(address, &alias.address)));
        let (mut taken, mut foreign) = (Vec::new(), Vec::new());
        for alias in aliases {
            match self.alias_add(alias) {
                Outcome::Exists => taken.push(alias.address.clone()),
                Outcome::Gone => foreign.push(alias.address.clone()),
                _ => self.origins.push((alias.address.clone(), origin.to_owned())),
            }
        }
        Outcome::Imported { taken, foreign }
    }

    fn deliver(&mut self, deliver: &Deliver) -> Outcome {
        let size = |n: usize| deliver.local[n].prefix.len() as u64 + deliver.content.octets;
        let mut coming: BTreeMap<AccountId, u64> = BTreeMap::new();
        let mut fits = Vec::new();
        for (n, local) in deliver.local.iter().enumerate() {
            fits.push(self.accounts.get(&local.account).map(|account| {
                let already = coming.entry(local.account).or_default();
                let fits = account.has_room(*already + size(n)) || local.grace;
                *already += if fits { size(n) } else { 0 };
                fits
            }));
        }
        if deliver.all_or_nothing && fits.contains(&Some(false)) {
            return Outcome::OverQuota;
        }
        let mut all = Vec::new();
        for (n, local) in deliver.local.iter().enumerate() {
            all.push(match (fits[n], self.accounts.get_mut(&local.account)) {
                (Some(true), Some(account)) => account.receive(local.role, size(n), deliver.now),
                (Some(false), Some(_)) => Delivery::OverQuota,
                _ => Delivery::Gone,
            });
        }
        self.outbox.take_in(deliver);
        Outcome::Delivered(all)
    }

    fn append(&mut self, append: &Append) -> Outcome {
        let place = (append.account, append.mailbox);
        if !self.opens(place) {
            return Outcome::Gone;
        }
        // What is refused must not have happened: it is tried on a copy.
        let mut after = self.accounts.clone();
        if let Some((owner, mailbox, uid)) = append.replaces
            && after.get_mut(&owner).map(|owner| owner.expunge(mailbox, &uid.into(), false))
                != Some(Outcome::Removed(1))
        {
            return Outcome::Gone;
        }
        let account = after.get_mut(&append.account).unwrap();
        if !account.has_room(append.messages.iter().map(|message| message.content.octets).sum()) {
            return Outcome::OverQuota;
        }
        let mut pairs = Vec::new();
        for message in &append.messages {
            let (flags, size) = (message.flags.clone(), message.content.octets);
            let (email, received, saved) = (account.next_email(), message.received, append.now);
            pairs.push((None, account.put(append.mailbox, Entry { email, flags, size, received, saved })));
        }
        let uid_validity = account.mailboxes[&append.mailbox].uid_validity;
        self.accounts = after;
        Outcome::Uids { uid_validity, pairs }
    }

    fn opens(&self, place: (AccountId, MailboxId)) -> bool {
        let found = self.accounts.get(&place.0).and_then(|account| account.mailboxes.get(&place.1));
        found.is_some_and(|found| found.selectable)
    }

    fn copy(
        &mut self,
        way: ((AccountId, MailboxId), (AccountId, MailboxId)),
        (uids, carried): (&UidSet, Carried),
        and_remove: bool,
        saved: Time,
    ) -> Outcome {
        let (from, to) = way;
        if !self.opens(from) || !self.opens(to) {
            return Outcome::Gone;
        }
        let found: Vec<(Uid, Entry)> = self.accounts[&from.0].mailboxes[&from.1].some(uids);
        let target = self.accounts.get_mut(&to.0).unwrap();
        if from.0 != to.0 && !target.has_room(found.iter().map(|(_, entry)| entry.size).sum()) && !found.is_empty() {
            return Outcome::OverQuota;
        }
        let mut pairs = Vec::new();
        for (uid, entry) in &found {
            let email = if from.0 == to.0 { entry.email } else { target.next_email() };
            let was = entry.flags.clone();
            let others = if carried.others { was.clone() } else { Flags::default() };
            let flags = Flags { seen: was.seen && carried.seen, deleted: was.deleted && carried.deleted, ..others };
            pairs.push((Some(*uid), target.put(to.1, Entry { email, saved, flags, ..entry.clone() })));
        }
        if and_remove {
            let source = self.accounts.get_mut(&from.0).unwrap();
            source.mailboxes.get_mut(&from.1).unwrap().messages.retain(|uid, _| found.iter().all(|(f, _)| f != uid));
        }
        Outcome::Uids { uid_validity: self.accounts[&to.0].mailboxes[&to.1].uid_validity, pairs }
    }

    fn apply_lease(&mut self, op: &Op) -> Outcome {
        match op {
            Op::Claim { now, limit, lease_ms, token, except } => {
                self.outbox.claim((*now, *lease_ms), *limit, *token, except)
            }
            Op::ClaimAt { host, after, now, limit, lease_ms, token } => {
                self.outbox.claim_at((host, *after), (*now, *lease_ms), *limit, *token)
            }
            Op::Renew { now, lease_ms, token, recipients } => self.outbox.renew(*now, *lease_ms, *token, recipients),
            Op::Settle(settlement) => {
                let outcome = self.outbox.settle(settlement);
                if outcome == Outcome::Done {
                    settlement.reports.iter().for_each(|report| drop(self.deliver(report)));
                }
                outcome
            }
            _ => self.outbox.release_all(),
        }
    }
}

impl Account {
    fn nobody() -> Account {
        let (last_email, last_mailbox, last_validity, last_object) = Default::default();
        let (mailboxes, subscriptions, uploads) = Default::default();
        let (address, quota) = (Address::parse("nobody@crepes.fr").unwrap(), None);
        Account {
            address,
            quota,
            last_email,
            last_mailbox,
            last_validity,
            last_object,
            mailboxes,
            subscriptions,
            uploads,
            within: None,
        }
    }

    /// Size of each e-mail some mailbox shows.
    fn emails(&self) -> BTreeMap<EmailId, u64> {
        self.mailboxes.values().flat_map(|b| b.messages.values()).map(|e| (e.email, e.size)).collect()
    }

    fn has_room(&self, octets: u64) -> bool {
        self.quota.is_none_or(|quota| self.emails().values().sum::<u64>() + octets <= quota)
    }

    fn next_email(&mut self) -> EmailId {
        self.last_email += 1;
        EmailId(self.last_email)
    }

    fn with_role(&self, role: Role) -> Option<MailboxId> {
        self.mailboxes.iter().find(|(_, found)| found.role == Some(role)).map(|(id, _)| *id)
    }

    fn put(&mut self, mailbox: MailboxId, entry: Entry) -> Uid {
        let found = self.mailboxes.get_mut(&mailbox).unwrap();
        let uid = Uid(found.uid_next);
        found.uid_next += 1;
        found.messages.insert(uid, entry);
        uid
    }

    fn receive(&mut self, role: Role, size: u64, received: Time) -> Delivery {
        let mailbox = self.with_role(role).or(self.with_role(Role::Inbox)).unwrap();
        let email = self.next_email();
        let uid = self.put(mailbox, Entry { email, flags: Flags::default(), size, received, saved: received });
        Delivery::Done { mailbox, uid, email }
    }
}

fn done_or(done: bool, other: Outcome) -> Outcome {
    if done { Outcome::Done } else { other }
}

fn changed(old: &Flags, change: &FlagChange) -> Flags {
    let (given, take, keep) = match change {
        FlagChange::Add(given) => (given, false, true),
        FlagChange::Remove(given) => (given, true, true),
        FlagChange::Replace(given) => (given, false, false),
    };
    let one = |old: bool, given: bool| if take { old && !given } else { (keep && old) || given };
    let mut keywords: BTreeSet<String> = old.keywords.iter().filter(|_| keep).cloned().collect();
    for word in &given.keywords {
        if take {
            keywords.remove(word);
        } else {
            keywords.insert(word.clone());
        }
    }
    Flags {
        seen: one(old.seen, given.seen),
        answered: one(old.answered, given.answered),
        flagged: one(old.flagged, given.flagged),
        deleted: one(old.deleted, given.deleted),
        draft: one(old.draft, given.draft),
        keywords: keywords.into_iter().collect(),
    }
}
