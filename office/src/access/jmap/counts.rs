//! What is counted in mailboxes: e-mails, conversations, and those unread (RFC 8621 §2).

use super::catalogue::Catalogue;
use super::rows::Row;
use std::collections::HashMap;
use store::types::{MailboxId, Role};

/// Of one mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// E-mails in it.
    pub emails: u32,
    /// Those neither read nor drafts.
    pub unread_emails: u32,
    /// Conversations with an e-mail in it.
    pub threads: u32,
    /// Those of them with an unread e-mail, here or elsewhere. The trash counts for itself.
    pub unread_threads: u32,
}

/// Of all mailboxes of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    by_mailbox: HashMap<MailboxId, Count>,
}

impl Counts {
    pub(super) fn of(catalogue: &Catalogue) -> Counts {
        let mut counts = Counts::default();
        let trash = catalogue.mailbox_with(Role::Trash).map(|mailbox| mailbox.id);
        for row in catalogue.rows().filter(|row| catalogue.is_alone(row)) {
            counts.add(&[row], trash);
        }
        for members in catalogue.long_threads() {
            counts.add(&members, trash);
        }
        counts
    }

    /// Of one mailbox.
    #[must_use]
    pub fn get(&self, mailbox: MailboxId) -> Count {
        self.by_mailbox.get(&mailbox).copied().unwrap_or_default()
    }

    /// A conversation.
    fn add(&mut self, thread: &[&Row], trash: Option<MailboxId>) {
        // RFC 8621 §2: e-mails that are only in the trash do not make conversations elsewhere unread, and those that are
        // not in it do not make those in the trash unread.
        let (mut unread, mut unread_in_trash) = (false, false);
        for row in thread.iter().filter(|row| row.is_unread()) {
            let places = row.places.as_slice();
            unread_in_trash |= trash.is_some_and(|trash| places.contains(&trash));
            unread |= places.iter().any(|place| Some(*place) != trash);
        }
        let mut mailboxes: Vec<MailboxId> = Vec::new();
        for row in thread {
            for place in row.places.as_slice() {
                let count = self.by_mailbox.entry(*place).or_default();
                count.emails += 1;
                count.unread_emails += u32::from(row.is_unread());
                mailboxes.push(*place);
            }
        }
        mailboxes.sort_unstable();
        mailboxes.dedup();
        for mailbox in mailboxes {
            let count = self.by_mailbox.entry(mailbox).or_default();
            count.threads += 1;
            let is_unread = if Some(mailbox) == trash { unread_in_trash } else { unread };
            count.unread_threads += u32::from(is_unread);
        }
    }
}
