//! Whether a caller may do to e-mails of another's account what they ask for: by the rights of RFC 4314 §4 to the mailboxes,
//! as RFC 8621 §2 (`myRights`) has them. In their own account they may do everything.

use super::flags::{Patch, named, names};
use crate::jmap::Reach;
use crate::jmap::error::SetError;
use std::collections::BTreeSet;
use store::op::Op;
use store::types::{EmailChange, EmailId, Flags, KeywordsChange, MailboxId, MailboxesChange};

/// A change of an e-mail, made one that touches only what changes.
///
/// # Errors
/// `notFound`, `forbidden`, `invalidProperties`.
pub(super) fn change(reach: &Reach, email: EmailId, patch: Patch) -> Result<Patch, SetError> {
    let Some(shared) = reach.shared() else { return Ok(patch) };
    let row = shared.catalogue().email(email).ok_or_else(SetError::not_found)?;
    let mut shows = row.places.as_slice().to_vec();
    if let Some(change) = &patch.mailboxes {
        let come = places(reach, row.places.as_slice(), change)?;
        shows.extend(come);
    }
    let now: BTreeSet<String> = shared.catalogue().keywords(row.flags).into_iter().collect();
    let keywords = patch.keywords.map(|change| keywords(reach, (&shows, now), change)).transpose()?;
    Ok(Patch { keywords, mailboxes: patch.mailboxes })
}

/// Removing an e-mail from all mailboxes that show it.
///
/// # Errors
/// `notFound`, `forbidden`.
pub(super) fn destroy(reach: &Reach, email: EmailId) -> Result<(), SetError> {
    let Some(shared) = reach.shared() else { return Ok(()) };
    let row = shared.catalogue().email(email).ok_or_else(SetError::not_found)?;
    all(reach, row.places.as_slice(), "te", "You may not remove mail from a mailbox it is in.")
}

/// Putting a new e-mail into mailboxes.
///
/// # Errors
/// `forbidden`, `invalidProperties`.
pub(super) fn add(reach: &Reach, mailboxes: &[MailboxId], flags: &Flags) -> Result<(), SetError> {
    if reach.shared().is_none() {
        return Ok(());
    }
    known(reach, mailboxes)?;
    all(reach, mailboxes, "i", "You may not add mail to a mailbox it goes to.")?;
    flagged(reach, mailboxes, &names(flags))
}

/// Of the flags of an original those that the caller may set where its copy goes: the copy is not refused for the others
/// (RFC 4314 §4).
pub(super) fn kept(reach: &Reach, mailboxes: &[MailboxId], flags: Flags) -> Flags {
    if reach.shared().is_none() {
        return flags;
    }
    let may = |keyword: &String| {
        let letters = needed(std::iter::once(keyword));
        mailboxes.iter().all(|mailbox| reach.may(*mailbox, &letters))
    };
    named(names(&flags).into_iter().filter(may).collect())
}

/// Where a change may be made, wherever the e-mail is by then, and also where it is hidden by `\Deleted`; `None`:
/// everywhere.
pub(super) fn where_changed(reach: &Reach, change: &EmailChange) -> Option<Vec<MailboxId>> {
    let words = match &change.keywords {
        Some(KeywordsChange::Patch { add, remove }) => names(add).into_iter().chain(names(remove)).collect(),
        Some(KeywordsChange::Replace(flags)) => names(flags),
        None => BTreeSet::new(),
    };
    let stay = needed(words.iter());
    let leaves = |mailbox: MailboxId| match &change.mailboxes {
        Some(MailboxesChange::Replace(then)) => !then.contains(&mailbox),
        Some(MailboxesChange::Patch { add, remove }) => remove.contains(&mailbox) && !add.contains(&mailbox),
        None => false,
    };
    let mut all = reach.shared()?.readable();
    all.retain(|mailbox| reach.may(*mailbox, if leaves(*mailbox) { "te" } else { &stay }));
    Some(all)
}

/// The same of removing e-mails.
pub(super) fn where_removed(reach: &Reach) -> Option<Vec<MailboxId>> {
    let mut all = reach.shared()?.readable();
    all.retain(|mailbox| reach.may(*mailbox, "te"));
    Some(all)
}

/// An operation on e-mails that leaves what is elsewhere as it is.
pub(super) fn within(mailboxes: Option<Vec<MailboxId>>, op: Op) -> Op {
    match mailboxes {
        Some(mailboxes) => Op::EmailsWithin { mailboxes, then: Box::new(op) },
        None => op,
    }
}

fn keywords(
    reach: &Reach,
    (mailboxes, now): (&[MailboxId], BTreeSet<String>),
    change: KeywordsChange,
) -> Result<KeywordsChange, SetError> {
    let (add, remove) = match change {
        // What stays as it is needs no right.
        KeywordsChange::Replace(flags) => {
            let then = names(&flags);
            (then.difference(&now).cloned().collect(), now.difference(&then).cloned().collect())
        }
        KeywordsChange::Patch { add, remove } => (names(&add), names(&remove)),
    };
    flagged(reach, mailboxes, &add)?;
    flagged(reach, mailboxes, &remove)?;
    Ok(KeywordsChange::Patch { add: named(add), remove: named(remove) })
}

/// RFC 8621 §2: the right is needed in all mailboxes that show it.
fn flagged(reach: &Reach, mailboxes: &[MailboxId], keywords: &BTreeSet<String>) -> Result<(), SetError> {
    let needed = needed(keywords.iter());
    if needed.contains('s') {
        all(reach, mailboxes, "s", "You may not say of mail in a mailbox it is in that it was read.")?;
    }
    match needed.contains('w') {
        true => all(reach, mailboxes, "w", "You may not change keywords in a mailbox it is in."),
        false => Ok(()),
    }
}

/// The rights that it takes to set keywords, or to take them away (RFC 4314 §4).
fn needed<'k>(keywords: impl Iterator<Item = &'k String>) -> String {
    let letters: BTreeSet<char> = keywords.map(|keyword| if keyword == "$seen" { 's' } else { 'w' }).collect();
    letters.into_iter().collect()
}

/// Those that it comes to.
fn places(reach: &Reach, now: &[MailboxId], change: &MailboxesChange) -> Result<Vec<MailboxId>, SetError> {
    let (add, remove): (Vec<MailboxId>, Vec<MailboxId>) = match change {
        MailboxesChange::Replace(then) => {
            let add = then.iter().filter(|mailbox| !now.contains(mailbox)).copied();
            (add.collect(), now.iter().filter(|mailbox| !then.contains(mailbox)).copied().collect())
        }
        MailboxesChange::Patch { add, remove } => {
            let add = add.iter().filter(|mailbox| !now.contains(mailbox)).copied();
            (add.collect(), now.iter().filter(|mailbox| remove.contains(mailbox)).copied().collect())
        }
    };
    known(reach, &add)?;
    all(reach, &add, "i", "You may not add mail to a mailbox it goes to.")?;
    all(reach, &remove, "te", "You may not remove mail from a mailbox it is in.")?;
    Ok(add)
}

/// One that the caller may not know of is told as one that is not there.
fn known(reach: &Reach, mailboxes: &[MailboxId]) -> Result<(), SetError> {
    match mailboxes.iter().all(|mailbox| reach.may(*mailbox, "l")) {
        true => Ok(()),
        false => Err(SetError::invalid_properties(&["mailboxIds"], "A mailbox is not there.")),
    }
}

fn all(reach: &Reach, mailboxes: &[MailboxId], letters: &str, why: &str) -> Result<(), SetError> {
    match mailboxes.iter().all(|mailbox| reach.may(*mailbox, letters)) {
        true => Ok(()),
        false => Err(SetError::forbidden(why)),
    }
}
