//! Whether a caller may do to e-mails of another's account what they ask for: by the rights of RFC 4314 §4 to the mailboxes,
//! as RFC 8621 §2 (`myRights`) has them. In their own account they may do everything.

use super::flags::{Patch, named, names};
use crate::jmap::Reach;
use crate::jmap::error::SetError;
use office::jmap::{Catalogue, Row};
use std::collections::BTreeSet;
use store::op::Op;
use store::types::{EmailId, Flags, KeywordsChange, MailboxId, MailboxesChange};

/// A change of an e-mail, made one that touches only what changes.
///
/// # Errors
/// `notFound`, `forbidden`, `invalidProperties`.
pub(super) fn change(reach: &Reach, email: EmailId, patch: Patch) -> Result<Patch, SetError> {
    let Some(shared) = reach.shared() else { return Ok(patch) };
    let row = shared.catalogue().email(email).ok_or_else(SetError::not_found)?;
    let keywords = patch.keywords.map(|change| keywords(reach, (shared.catalogue(), row), change)).transpose()?;
    if let Some(change) = &patch.mailboxes {
        places(reach, row.places.as_slice(), change)?;
    }
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

/// An operation on e-mails as one who sees only what was shared does it.
pub(super) fn within(reach: &Reach, op: Op) -> Op {
    match reach.shared() {
        Some(shared) => Op::EmailsWithin { mailboxes: shared.readable(), then: Box::new(op) },
        None => op,
    }
}

fn keywords(
    reach: &Reach,
    (catalogue, row): (&Catalogue, &Row),
    change: KeywordsChange,
) -> Result<KeywordsChange, SetError> {
    let now: BTreeSet<String> = catalogue.keywords(row.flags).into_iter().collect();
    let (add, remove) = match change {
        // What stays as it is needs no right.
        KeywordsChange::Replace(flags) => {
            let then = names(&flags);
            (then.difference(&now).cloned().collect(), now.difference(&then).cloned().collect())
        }
        KeywordsChange::Patch { add, remove } => (names(&add), names(&remove)),
    };
    flagged(reach, row.places.as_slice(), &add)?;
    flagged(reach, row.places.as_slice(), &remove)?;
    Ok(KeywordsChange::Patch { add: named(add), remove: named(remove) })
}

/// RFC 8621 §2: the right is needed in all mailboxes that show it.
fn flagged(reach: &Reach, mailboxes: &[MailboxId], keywords: &BTreeSet<String>) -> Result<(), SetError> {
    if keywords.contains("$seen") {
        all(reach, mailboxes, "s", "You may not say of mail in a mailbox it is in that it was read.")?;
    }
    match keywords.iter().any(|keyword| keyword != "$seen") {
        true => all(reach, mailboxes, "w", "You may not change keywords in a mailbox it is in."),
        false => Ok(()),
    }
}

fn places(reach: &Reach, now: &[MailboxId], change: &MailboxesChange) -> Result<(), SetError> {
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
    all(reach, &remove, "te", "You may not remove mail from a mailbox it is in.")
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
