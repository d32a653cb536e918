//! A model of the store, as plain as it can be: maps, no indexes, no counters kept. And the random operations.
#![allow(clippy::unwrap_used, missing_docs)]

mod compare;
mod outbox;
mod plan;

pub use compare::compare;
pub use plan::{Plan, ops};

use message::{Address, Time};
use std::collections::{BTreeMap, BTreeSet};
use store::op::{Append, Deliver, Delivery, FlagChange};
use store::types::{AccountId, Alias, AliasTarget, EmailId, Flags, Mailbox, MailboxId, Role, Uid};
use store::{Op, Outcome};

#[derive(Default)]
pub struct World {
    domains: BTreeSet<String>,
    last_account: i64,
    accounts: BTreeMap<AccountId, Account>,
    aliases: Vec<Alias>,
    /// Which of them came from a file, and from which.
    origins: Vec<(Address, String)>,
    outbox: outbox::Waitings,
}

struct Account {
    address: Address,
    quota: Option<u64>,
    last_email: i64,
    last_mailbox: i64,
    last_validity: u32,
    mailboxes: BTreeMap<MailboxId, Box>,
}

struct Box {
    parent: Option<MailboxId>,
    name: String,
    role: Option<Role>,
    uid_validity: u32,
    uid_next: u32,
    subscribed: bool,
    messages: BTreeMap<Uid, Entry>,
}

#[derive(Clone)]
struct Entry {
    email: EmailId,
    flags: Flags,
    size: u64,
    received: Time,
}

pub type PlainMailbox = (MailboxId, Option<MailboxId>, String, Option<Role>, [u64; 5], bool);

pub fn plain(m: &Mailbox) -> PlainMailbox {
    let numbers =
        [u64::from(m.uid_validity), u64::from(m.uid_next.0), u64::from(m.total), u64::from(m.unseen), m.octets];
    (m.id, m.parent, m.name.clone(), m.role, numbers, m.subscribed)
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
            let unseen = b.messages.values().filter(|entry| !entry.flags.seen).count() as u64;
            let octets = b.messages.values().map(|entry| entry.size).sum();
            let (validity, next) = (u64::from(b.uid_validity), u64::from(b.uid_next));
            let numbers = [validity, next, b.messages.len() as u64, unseen, octets];
            (*id, b.parent, b.name.clone(), b.role, numbers, b.subscribed)
        };
        self.accounts[&account].mailboxes.iter().map(row).collect()
    }

    pub fn messages(&self, account: AccountId, mailbox: MailboxId) -> Vec<(Uid, EmailId, Flags, u64, Time)> {
        let all = &self.accounts[&account].mailboxes[&mailbox].messages;
        all.iter().map(|(uid, e)| (*uid, e.email, e.flags.clone(), e.size, e.received)).collect()
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
            _ => self.apply_inside(op),
        }
    }

    fn apply_inside(&mut self, op: &Op) -> Outcome {
        let (Op::SetFlags { account, .. }
        | Op::Copy { account, .. }
        | Op::Move { account, .. }
        | Op::Expunge { account, .. }
        | Op::MailboxCreate { account, .. }
        | Op::MailboxRename { account, .. }
        | Op::MailboxDelete { account, .. }
        | Op::MailboxSubscribe { account, .. }) = op
        else {
            panic!("{op:?}")
        };
        let Some(account) = self.accounts.get_mut(account) else { return Outcome::Gone };
        match op {
            Op::SetFlags { mailbox, uids, change, .. } => account.set_flags(*mailbox, uids, change),
            Op::Copy { from, to, uids, .. } => account.copy(*from, *to, uids, false),
            Op::Move { from, to, uids, .. } => account.copy(*from, *to, uids, true),
            Op::Expunge { mailbox, uids, .. } => account.expunge(*mailbox, uids),
            Op::MailboxCreate { parent, name, role, now, .. } => account.create(*parent, name, *role, *now),
            Op::MailboxRename { mailbox, parent, name, .. } => account.rename(*mailbox, *parent, name),
            Op::MailboxDelete { mailbox, .. } => account.delete(*mailbox),
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
        let mailboxes = BTreeMap::new();
        let address = address.clone();
        let mut account = Account { address, quota, last_email: 0, last_mailbox: 0, last_validity: 0, mailboxes };
        let roles = [Role::Inbox, Role::Archive, Role::Drafts, Role::Sent, Role::Junk, Role::Trash];
        for (name, role) in ["INBOX", "Archive", "Drafts", "Sent", "Junk", "Trash"].into_iter().zip(roles) {
            account.create(None, name, Some(role), now);
        }
        self.accounts.insert(AccountId(self.last_account), account);
        Outcome::Account(AccountId(self.last_account))
    }

    fn account_remove(&mut self, address: &Address) -> Outcome {
        let before = self.accounts.len();
        self.accounts.retain(|_, account| !same(&account.address, address));
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
        let Some(account) = self.accounts.get_mut(&append.account) else { return Outcome::Gone };
        if !account.mailboxes.contains_key(&append.mailbox) {
            return Outcome::Gone;
        }
        if !account.has_room(append.content.octets) {
            return Outcome::OverQuota;
        }
        let email = account.next_email();
        let (flags, size) = (append.flags.clone(), append.content.octets);
        let uid = account.put(append.mailbox, Entry { email, flags, size, received: append.received });
        let uid_validity = account.mailboxes[&append.mailbox].uid_validity;
        Outcome::Uids { uid_validity, pairs: vec![(None, uid)] }
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
        let uid = self.put(mailbox, Entry { email, flags: Flags::default(), size, received });
        Delivery::Done { mailbox, uid, email }
    }

    fn set_flags(&mut self, mailbox: MailboxId, uids: &[Uid], change: &FlagChange) -> Outcome {
        let Some(found) = self.mailboxes.get_mut(&mailbox) else { return Outcome::Gone };
        for uid in uids {
            if let Some(entry) = found.messages.get_mut(uid) {
                entry.flags = changed(&entry.flags, change);
            }
        }
        Outcome::Modified(vec![])
    }

    fn copy(&mut self, from: MailboxId, to: MailboxId, uids: &[Uid], and_remove: bool) -> Outcome {
        let (Some(source), Some(target)) = (self.mailboxes.get(&from), self.mailboxes.get(&to)) else {
            return Outcome::Gone;
        };
        let uid_validity = target.uid_validity;
        let wanted: BTreeSet<Uid> = uids.iter().copied().collect();
        let found: Vec<_> = source.messages.iter().filter(|(uid, _)| wanted.contains(uid)).collect();
        let found: Vec<(Uid, Entry)> = found.into_iter().map(|(uid, entry)| (*uid, entry.clone())).collect();
        let mut pairs = Vec::new();
        for (uid, entry) in found {
            pairs.push((Some(uid), self.put(to, entry)));
            if and_remove {
                self.mailboxes.get_mut(&from).unwrap().messages.remove(&uid);
            }
        }
        Outcome::Uids { uid_validity, pairs }
    }

    fn expunge(&mut self, mailbox: MailboxId, uids: &[Uid]) -> Outcome {
        let Some(found) = self.mailboxes.get_mut(&mailbox) else { return Outcome::Gone };
        let before = found.messages.len();
        found.messages.retain(|uid, _| !uids.contains(uid));
        Outcome::Removed(u32::try_from(before - found.messages.len()).unwrap())
    }

    fn taken(&self, parent: Option<MailboxId>, name: &str) -> bool {
        let equal =
            |b: &Box| b.name == name || (parent.is_none() && b.name == "INBOX" && name.eq_ignore_ascii_case("INBOX"));
        self.mailboxes.values().any(|b| b.parent == parent && equal(b))
    }

    fn create(&mut self, parent: Option<MailboxId>, name: &str, role: Option<Role>, now: Time) -> Outcome {
        if parent.is_some_and(|parent| !self.mailboxes.contains_key(&parent)) {
            return Outcome::Gone;
        }
        if self.taken(parent, name) || role.is_some_and(|role| self.with_role(role).is_some()) {
            return Outcome::Exists;
        }
        self.last_mailbox += 1;
        self.last_validity = u32::try_from(now.unix_seconds()).unwrap().max(self.last_validity + 1);
        let (uid_validity, subscribed, messages) = (self.last_validity, role.is_some(), BTreeMap::new());
        let made = Box { parent, name: name.into(), role, uid_validity, uid_next: 1, subscribed, messages };
        self.mailboxes.insert(MailboxId(self.last_mailbox), made);
        Outcome::Mailbox(MailboxId(self.last_mailbox))
    }

    fn rename(&mut self, mailbox: MailboxId, parent: Option<MailboxId>, name: &str) -> Outcome {
        let Some(found) = self.mailboxes.get(&mailbox) else { return Outcome::Gone };
        if parent.is_some_and(|parent| !self.mailboxes.contains_key(&parent)) {
            return Outcome::Gone;
        }
        let above = std::iter::successors(parent, |at| self.mailboxes[at].parent);
        if found.role == Some(Role::Inbox) || above.into_iter().any(|at| at == mailbox) {
            return Outcome::Conflict;
        }
        if (found.parent, found.name.as_str()) != (parent, name) && self.taken(parent, name) {
            return Outcome::Exists;
        }
        let found = self.mailboxes.get_mut(&mailbox).unwrap();
        (found.parent, found.name) = (parent, name.into());
        Outcome::Done
    }

    fn delete(&mut self, mailbox: MailboxId) -> Outcome {
        let Some(found) = self.mailboxes.get(&mailbox) else { return Outcome::Gone };
        if found.role == Some(Role::Inbox) || self.mailboxes.values().any(|b| b.parent == Some(mailbox)) {
            return Outcome::Conflict;
        }
        self.mailboxes.remove(&mailbox);
        Outcome::Done
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
