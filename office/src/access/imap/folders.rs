//! The mailboxes of one account as a tree of names, both ways: from a path to a mailbox and back. Knows no namespace and
//! no rights.

use std::collections::HashMap;
use store::types::{Mailbox, MailboxId};
use wire::imap::limits::MAILBOX_DEPTH;
use wire::imap::mailbox::DELIMITER;

/// An account's mailboxes.
pub(super) struct Tree {
    mailboxes: Vec<Mailbox>,
    /// Whole names and where their mailboxes stand above, in order of name.
    names: Vec<(String, usize)>,
}

impl Tree {
    pub fn new(mailboxes: Vec<Mailbox>) -> Tree {
        let by_id: HashMap<MailboxId, &Mailbox> = mailboxes.iter().map(|mailbox| (mailbox.id, mailbox)).collect();
        let mut names: Vec<(String, usize)> =
            mailboxes.iter().enumerate().map(|(at, mailbox)| (path(&by_id, mailbox), at)).collect();
        names.sort_unstable();
        Tree { mailboxes, names }
    }

    /// The mailbox of a whole name.
    pub fn find(&self, name: &str) -> Option<&Mailbox> {
        let at = self.names.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        self.mailboxes.get(self.names.get(at)?.1)
    }

    /// Every mailbox with its whole name, in order of name.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Mailbox)> {
        self.names.iter().filter_map(|(name, at)| Some((name.as_str(), self.mailboxes.get(*at)?)))
    }

    /// The mailbox nearest above a name that is not there, with its own whole name, and the parts that are missing.
    pub fn nearest(&self, name: &str) -> (Option<(MailboxId, String)>, Vec<String>) {
        let owned = |parts: &str| parts.split(DELIMITER).map(str::to_owned).collect();
        for (at, _) in name.rmatch_indices(DELIMITER) {
            let (above, below) = name.split_at(at);
            if let Some(mailbox) = self.find(above) {
                return (Some((mailbox.id, above.to_owned())), owned(below.trim_start_matches(DELIMITER)));
            }
        }
        (None, owned(name))
    }
}

/// A mailbox's whole name.
fn path(by_id: &HashMap<MailboxId, &Mailbox>, mailbox: &Mailbox) -> String {
    let above = std::iter::successors(Some(mailbox), |below| by_id.get(&below.parent?).copied());
    // The store makes no circles; a damaged one must not keep us for ever.
    let mut parts: Vec<&str> = above.take(2 * MAILBOX_DEPTH).map(|mailbox| mailbox.name.as_str()).collect();
    parts.reverse();
    parts.join("/")
}
