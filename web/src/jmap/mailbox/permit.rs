//! Whether a caller may make, change or remove mailboxes in another's account: by the rights of RFC 4314 §4. In their own they
//! may do everything.

use super::wish::Wish;
use crate::jmap::Reach;
use crate::jmap::error::SetError;
use store::types::{Mailbox, MailboxId, MailboxRef};

/// Making a mailbox below another.
///
/// # Errors
/// `forbidden`, `invalidProperties`.
pub(super) fn child(reach: &Reach, parent: Option<MailboxId>) -> Result<(), SetError> {
    match (reach.shared(), parent) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(SetError::forbidden("At the top only the owner makes mailboxes.")),
        // One that the caller may not know of is told as one that is not there.
        (Some(_), Some(parent)) if !reach.may(parent, "l") => {
            Err(SetError::invalid_properties(&["parentId"], "There is no such mailbox."))
        }
        (Some(_), Some(parent)) if reach.may(parent, "k") => Ok(()),
        (Some(_), Some(_)) => Err(SetError::forbidden("You may not make mailboxes in this one.")),
    }
}

/// A wish, and what shall be above where that is named.
pub(super) type Placed = (Wish, Option<Option<MailboxRef>>);

/// Changing one that is told as `known`; another name or place is removing it there and making it here. Of a wish is left
/// what is another than it is: one whose parent is hidden is told with a path that is no name.
///
/// # Errors
/// As above.
pub(super) fn update(reach: &Reach, known: &Mailbox, (wish, parent): Placed) -> Result<Placed, SetError> {
    if reach.shared().is_none() {
        return Ok((wish, parent));
    }
    let mut wish = properties(reach, wish)?;
    wish.name = wish.name.filter(|name| *name != known.name);
    let parent = parent.filter(|parent| *parent != known.parent.map(MailboxRef::Known));
    if wish.name.is_none() && parent.is_none() {
        return Ok((wish, parent));
    }
    if !reach.may(known.id, "x") {
        return Err(SetError::forbidden("You may not rename this mailbox."));
    }
    match &parent {
        // The call makes it where the caller may, and with the rights of that place.
        Some(Some(MailboxRef::New(_))) => {}
        Some(Some(MailboxRef::Known(above))) => child(reach, Some(*above))?,
        Some(None) => child(reach, None)?,
        // It would be made anew in one that the caller may not know of, so by no right of theirs.
        None if known.name.contains(store::DELIMITER) => {
            return Err(SetError::forbidden("You may not rename this mailbox where it is."));
        }
        None => child(reach, known.parent)?,
    }
    Ok((wish, parent))
}

/// Removing one, perhaps with what is in it.
///
/// # Errors
/// `forbidden`.
pub(super) fn destroy(reach: &Reach, mailbox: MailboxId, with_emails: bool) -> Result<(), SetError> {
    let needed = if with_emails { "xte" } else { "x" };
    match reach.may(mailbox, needed) {
        true => Ok(()),
        false => Err(SetError::forbidden("You may not remove this mailbox.")),
    }
}

/// What is the owner's alone to say of a mailbox: its role, and its place in the list. That they see it, nobody takes
/// away from others by JMAP.
///
/// # Errors
/// `forbidden`.
pub(super) fn properties(reach: &Reach, wish: Wish) -> Result<Wish, SetError> {
    if reach.shared().is_none() {
        return Ok(wish);
    }
    if wish.role.is_some() || wish.sort_order.is_some() || wish.subscribed == Some(false) {
        return Err(SetError::forbidden("Role, order and subscription are the owner's to set."));
    }
    Ok(Wish { subscribed: None, ..wish })
}
