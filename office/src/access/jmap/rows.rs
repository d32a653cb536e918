//! One e-mail in memory, whatever mailboxes show it. Owns what its flags come to when its places differ.

use message::{Time, flag_bits};
use store::types::{EmailId, MailboxId, PlaceRow};

/// An e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub email: EmailId,
    /// Its conversation.
    pub thread: EmailId,
    /// When it came in.
    pub received: Time,
    /// Octets.
    pub size: u64,
    /// Its flags as bits (`message::flag_bits`); keywords by slot.
    pub flags: u64,
    /// The mailboxes that show it.
    pub places: Places,
}

/// Mailboxes, ascending. Most e-mails are in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Places {
    /// This one.
    One(MailboxId),
    /// These.
    Many(Box<[MailboxId]>),
}

impl Places {
    /// Them.
    #[must_use]
    pub fn as_slice(&self) -> &[MailboxId] {
        match self {
            Places::One(mailbox) => std::slice::from_ref(mailbox),
            Places::Many(mailboxes) => mailboxes,
        }
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn has(&self, mailbox: MailboxId) -> bool {
        self.as_slice().contains(&mailbox)
    }
}

impl Row {
    /// From all places of an e-mail; `None` where none is to be seen: a message with `\Deleted` is not there for JMAP
    /// (RFC 8621 §4.1.1).
    #[must_use]
    pub fn of(places: &[PlaceRow], thread: Option<EmailId>) -> Option<Row> {
        let seen = || places.iter().filter(|place| place.flags & flag_bits::DELETED == 0);
        let first = seen().next()?;
        let mut mailboxes: Vec<MailboxId> = seen().map(|place| place.mailbox).collect();
        mailboxes.sort_unstable();
        mailboxes.dedup();
        // It is unread as long as one of its places is: a client that marks it read does so in all. Other flags count
        // wherever somebody set them.
        let unread = seen().any(|place| place.flags & flag_bits::SEEN == 0);
        let any = seen().fold(0, |all, place| all | place.flags);
        let places = match mailboxes.as_slice() {
            [one] => Places::One(*one),
            _ => Places::Many(mailboxes.into()),
        };
        Some(Row {
            email: first.email,
            thread: thread.unwrap_or(first.email),
            received: first.received,
            size: first.size,
            flags: if unread { any & !flag_bits::SEEN } else { any },
            places,
        })
    }

    /// Neither read nor a draft (`unreadEmails` of RFC 8621 §2).
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.flags & (flag_bits::SEEN | flag_bits::DRAFT) == 0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use store::types::{ModSeq, Uid};

    fn place(mailbox: i64, flags: u64) -> PlaceRow {
        PlaceRow {
            email: EmailId(7),
            mailbox: MailboxId(mailbox),
            uid: Uid(1),
            flags,
            modseq: ModSeq(1),
            size: 10,
            received: Time(5),
        }
    }

    #[test]
    fn an_email_is_read_where_all_its_places_are() {
        let row = |places: &[PlaceRow]| Row::of(places, None).unwrap();
        let both = row(&[place(1, flag_bits::SEEN), place(2, flag_bits::SEEN)]);
        assert!(!both.is_unread() && both.places.has(MailboxId(2)) && both.thread == EmailId(7));
        let half = row(&[place(1, flag_bits::SEEN | flag_bits::FLAGGED), place(2, 0)]);
        assert_eq!((half.is_unread(), half.flags), (true, flag_bits::FLAGGED));
    }

    #[test]
    fn deleted_places_are_not_there() {
        assert_eq!(Row::of(&[place(1, flag_bits::DELETED)], None), None);
        let rest =
            Row::of(&[place(1, flag_bits::DELETED | flag_bits::FLAGGED), place(2, flag_bits::SEEN)], Some(EmailId(3)));
        let rest = rest.unwrap();
        assert_eq!((rest.places, rest.flags, rest.thread), (Places::One(MailboxId(2)), flag_bits::SEEN, EmailId(3)));
    }
}
