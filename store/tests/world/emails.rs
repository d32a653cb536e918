//! The model of e-mails in several mailboxes, and of uploads; and random operations on them.

use super::{Account, Entry, World, changed, plan};
use crate::kit;
use message::Time;
use proptest::prelude::*;
use std::collections::BTreeSet;
use store::op::{Content, FlagChange};
use store::types::{
    AccountId, EmailAdded, EmailChange, EmailId, EmailOutcome, EmailSource, EmailsAdd, Flags, KeywordsChange,
    MailboxId, MailboxesChange, ModSeq, Span, Uid,
};
use store::{Engine, Op, Outcome, StoreError};

/// States are the engine's own; the model knows none.
pub const NO_SPAN: Span = Span { before: ModSeq(0), after: ModSeq(0) };

/// An outcome without the states it names.
pub fn stateless(outcome: Outcome) -> Outcome {
    let span = NO_SPAN;
    match outcome {
        Outcome::Objects { ids, .. } => Outcome::Objects { ids, span },
        Outcome::Emails { results, .. } => Outcome::Emails { results, span },
        Outcome::EmailsAdded { emails, .. } => Outcome::EmailsAdded { emails, span },
        Outcome::WithObjects { ids, then, .. } => Outcome::WithObjects { ids, span, then: Box::new(stateless(*then)) },
        other => other,
    }
}

/// Where an e-mail is, and what is known of it there.
pub type Place = (EmailId, MailboxId, Uid, u64, Time);

impl World {
    /// Every place of every e-mail, by e-mail.
    pub fn places(&self, account: AccountId) -> Vec<Place> {
        let mut all = Vec::new();
        for (id, mailbox) in &self.accounts[&account].mailboxes {
            all.extend(mailbox.messages.iter().map(|(uid, e)| (e.email, *id, *uid, e.size, e.received)));
        }
        all.sort();
        all
    }

    pub fn uploads(&self, account: AccountId) -> Vec<(i64, u64)> {
        self.accounts[&account].uploads.iter().map(|(id, octets)| (*id, *octets)).collect()
    }

    pub(super) fn on_emails(&mut self, op: &Op) -> Outcome {
        if let Op::EmailsWithin { mailboxes, then } = op {
            return self.on_emails_within(mailboxes, then);
        }
        let (Op::EmailsSet { account, .. } | Op::EmailsDestroy { account, .. } | Op::UploadAdd { account, .. }) = op
        else {
            let Op::EmailsAdd(add) = op else { panic!("{op:?}") };
            return self.accounts.get_mut(&add.account).map_or(Outcome::Gone, |account| account.add(add));
        };
        let Some(account) = self.accounts.get_mut(account) else { return Outcome::Gone };
        match op {
            Op::EmailsSet { changes, now, .. } => {
                let results = changes.iter().map(|change| account.set(change, *now)).collect();
                Outcome::Emails { results, span: NO_SPAN }
            }
            Op::EmailsDestroy { emails, .. } => {
                let results = emails.iter().map(|email| account.destroy(*email)).collect();
                Outcome::Emails { results, span: NO_SPAN }
            }
            Op::UploadAdd { content, .. } => {
                account.last_object += 1;
                account.uploads.insert(account.last_object, content.octets);
                Outcome::Upload(account.last_object)
            }
            other => panic!("{other:?}"),
        }
    }
}

impl World {
    /// As if what is elsewhere were not there, and then it is there again.
    fn on_emails_within(&mut self, within: &[MailboxId], then: &Op) -> Outcome {
        let (Op::EmailsSet { account, .. } | Op::EmailsDestroy { account, .. }) = then else { panic!("{then:?}") };
        let Some(known) = self.accounts.get_mut(account) else { return Outcome::Gone };
        known.within = Some(within.iter().copied().collect());
        let outcome = self.on_emails(then);
        if let Some(known) = self.accounts.get_mut(account) {
            known.within = None;
        }
        outcome
    }
}

impl Account {
    fn places(&self, email: EmailId) -> Vec<(MailboxId, Uid, Entry)> {
        let of = |(id, b): (&MailboxId, &super::Box)| {
            let some = b.messages.iter().filter(|(_, entry)| entry.email == email);
            some.map(|(uid, entry)| (*id, *uid, entry.clone())).collect::<Vec<_>>()
        };
        let is_within = |(id, _): &(&MailboxId, &super::Box)| self.within.as_ref().is_none_or(|all| all.contains(id));
        self.mailboxes.iter().filter(is_within).flat_map(of).collect()
    }

    fn set(&mut self, change: &EmailChange, now: Time) -> EmailOutcome {
        let places = self.places(change.email);
        if places.is_empty() {
            return EmailOutcome::Gone;
        }
        let is_in: BTreeSet<MailboxId> = places.iter().map(|(mailbox, ..)| *mailbox).collect();
        let then: BTreeSet<MailboxId> = match &change.mailboxes {
            None => is_in.clone(),
            Some(MailboxesChange::Replace(all)) => all.iter().copied().collect(),
            Some(MailboxesChange::Patch { add, remove }) => {
                is_in.iter().filter(|id| !remove.contains(id)).chain(add).copied().collect()
            }
        };
        if then.is_empty() {
            return EmailOutcome::Homeless;
        }
        let holds = |found: &super::Box| found.messages.values().any(|entry| entry.email == change.email);
        let there: BTreeSet<MailboxId> =
            self.mailboxes.iter().filter(|(_, found)| holds(found)).map(|(id, _)| *id).collect();
        let opens = |id: &MailboxId| self.mailboxes.get(id).is_some_and(|found| found.selectable);
        if let Some(missing) = then.iter().find(|id| !there.contains(id) && !opens(id)) {
            return EmailOutcome::NoMailbox(*missing);
        }
        let words = |old: &Flags| change.keywords.as_ref().map_or(old.clone(), |change| reworded(old, change));
        let like = places.iter().find(|(id, ..)| then.contains(id)).unwrap_or(&places[0]).2.clone();
        for (mailbox, uid, entry) in &places {
            let messages = &mut self.mailboxes.get_mut(mailbox).unwrap().messages;
            match then.contains(mailbox) {
                true => drop(messages.insert(*uid, Entry { flags: words(&entry.flags), ..entry.clone() })),
                false => drop(messages.remove(uid)),
            }
        }
        for mailbox in then.iter().filter(|id| !there.contains(id)) {
            let flags = Flags { deleted: false, ..words(&like.flags) };
            self.put(*mailbox, Entry { flags, saved: now, ..like.clone() });
        }
        EmailOutcome::Done
    }

    fn destroy(&mut self, email: EmailId) -> EmailOutcome {
        let places = self.places(email);
        for (mailbox, uid, _) in &places {
            self.mailboxes.get_mut(mailbox).unwrap().messages.remove(uid);
        }
        if places.is_empty() { EmailOutcome::Gone } else { EmailOutcome::Done }
    }

    fn add(&mut self, add: &EmailsAdd) -> Outcome {
        let mut octets = Vec::new();
        for email in &add.emails {
            if email.mailboxes.is_empty() {
                return Outcome::Conflict;
            }
            if email.mailboxes.iter().any(|id| self.mailboxes.get(id).is_none_or(|found| !found.selectable)) {
                return Outcome::Gone;
            }
            match &email.source {
                EmailSource::Content(content) => octets.push(content.octets),
                EmailSource::Upload(upload) => match self.uploads.get(upload) {
                    Some(size) => octets.push(*size),
                    None => return Outcome::Gone,
                },
            }
        }
        if !octets.is_empty() && !self.has_room(octets.iter().sum()) {
            return Outcome::OverQuota;
        }
        let mut emails = Vec::new();
        for (one, size) in add.emails.iter().zip(octets) {
            let (email, flags, received) = (self.next_email(), one.flags.clone(), one.received);
            for mailbox in one.mailboxes.iter().collect::<BTreeSet<_>>() {
                self.put(*mailbox, Entry { email, flags: flags.clone(), size, received, saved: add.now });
            }
            emails.push((email, email));
        }
        Outcome::EmailsAdded { emails, span: NO_SPAN }
    }
}

/// `\Deleted` stays as it is.
fn reworded(old: &Flags, change: &KeywordsChange) -> Flags {
    let without = |flags: &Flags| Flags { deleted: false, ..flags.clone() };
    let new = match change {
        KeywordsChange::Replace(flags) => without(flags),
        KeywordsChange::Patch { add, remove } => {
            changed(&changed(old, &FlagChange::Remove(without(remove))), &FlagChange::Add(without(add)))
        }
    };
    Flags { deleted: old.deleted, ..new }
}

/// An upload, or e-mails from an upload or new content: octets of each are drawn when there is an engine to take them.
#[derive(Clone, Debug)]
pub enum Coming {
    Upload(AccountId, usize),
    Emails(AccountId, Vec<(Result<i64, usize>, Flags, Vec<MailboxId>)>),
}

impl Coming {
    pub fn op(&self, engine: &Engine) -> Result<Op, StoreError> {
        let put = |octets: usize| -> Result<Content, StoreError> { engine.put(&kit::noise(octets as u64, octets)) };
        let now = plan::time(45);
        Ok(match self {
            Coming::Upload(account, octets) => {
                let (account, content, kind) = (*account, put(*octets)?, "image/png".to_owned());
                Op::UploadAdd { account, content, kind, now }
            }
            Coming::Emails(account, all) => {
                let mut emails = Vec::new();
                for (source, flags, mailboxes) in all {
                    let source = match source {
                        Ok(upload) => EmailSource::Upload(*upload),
                        Err(octets) => EmailSource::Content(put(*octets)?),
                    };
                    emails.push(added(source, flags, mailboxes));
                }
                Op::EmailsAdd(Box::new(EmailsAdd { account: *account, emails, unchanged_since: None, now }))
            }
        })
    }
}

fn added(source: EmailSource, flags: &Flags, mailboxes: &[MailboxId]) -> EmailAdded {
    EmailAdded {
        source,
        summary: b"summary".to_vec(),
        utf8_header: flags.seen,
        message_id: None,
        references: vec![],
        flags: flags.clone(),
        received: plan::time(7),
        mailboxes: mailboxes.to_vec(),
    }
}

fn some_mailboxes() -> impl Strategy<Value = Vec<MailboxId>> {
    prop::collection::vec(plan::a_mailbox(), 0..4)
}

pub fn coming() -> impl Strategy<Value = Coming> {
    let source = prop_oneof![(1..6_i64).prop_map(Ok), plan::a_size().prop_map(Err)];
    let emails = prop::collection::vec((source, plan::some_flags(), some_mailboxes()), 0..3);
    prop_oneof![
        (plan::an_account(), plan::a_size()).prop_map(|(account, octets)| Coming::Upload(account, octets)),
        (plan::an_account(), emails).prop_map(|(account, emails)| Coming::Emails(account, emails)),
    ]
}

pub fn on_emails() -> impl Strategy<Value = Op> {
    let email = || (1..9_i64).prop_map(EmailId);
    let keywords = prop_oneof![
        plan::some_flags().prop_map(KeywordsChange::Replace),
        (plan::some_flags(), plan::some_flags()).prop_map(|(add, remove)| KeywordsChange::Patch { add, remove }),
    ];
    let mailboxes = prop_oneof![
        some_mailboxes().prop_map(MailboxesChange::Replace),
        (some_mailboxes(), some_mailboxes()).prop_map(|(add, remove)| MailboxesChange::Patch { add, remove }),
    ];
    let change = (email(), prop::option::of(keywords), prop::option::of(mailboxes))
        .prop_map(|(email, keywords, mailboxes)| EmailChange { email, keywords, mailboxes });
    let (unchanged_since, now) = (None, plan::time(50));
    let shared = change.clone();
    prop_oneof![
        3 => (plan::an_account(), prop::collection::vec(change, 0..4)).prop_map(move |(account, changes)| {
            Op::EmailsSet { account, changes, unchanged_since, now }
        }),
        1 => (plan::an_account(), prop::collection::vec(email(), 0..3)).prop_map(move |(account, emails)| {
            Op::EmailsDestroy { account, emails, unchanged_since, now }
        }),
        2 => (plan::an_account(), some_mailboxes(), prop::collection::vec(shared, 0..4), prop::bool::ANY).prop_map(
            move |(account, mailboxes, changes, destroys)| {
                let emails = changes.iter().map(|change| change.email).collect();
                let then = match destroys {
                    true => Op::EmailsDestroy { account, emails, unchanged_since, now },
                    false => Op::EmailsSet { account, changes, unchanged_since, now },
                };
                Op::EmailsWithin { mailboxes, then: Box::new(then) }
            }
        ),
    ]
}
