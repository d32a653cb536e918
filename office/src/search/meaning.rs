//! What keys mean in one of our mailboxes: flags as bits of its listing, ids as clients see them.

use message::Time;
use message::search::{Meaning, Row, SystemFlag};
use wire::imap::ask::ObjectId;
use wire::imap::listing::{Listing, object_number};

/// A mailbox at a time.
pub(super) struct House<'a> {
    pub listing: &'a Listing,
    pub now: Time,
}

/// The number in an account that stands for one of all the house.
fn number(account: u64, object: u64) -> Option<u64> {
    let number = object.wrapping_sub(object_number(account, 0));
    (object_number(account, number) == object).then_some(number)
}

/// The number of an e-mail of an account, by the id that clients see.
pub(super) fn email(account: u64, id: &str) -> Option<u64> {
    match ObjectId::parse(id)? {
        ObjectId::Email(object) => number(account, object),
        _ => None,
    }
}

/// The same of a conversation.
pub(super) fn thread(account: u64, id: &str) -> Option<u64> {
    match ObjectId::parse(id)? {
        ObjectId::Thread(object) => number(account, object),
        _ => None,
    }
}

impl Meaning for House<'_> {
    fn now(&self) -> Time {
        self.now
    }

    fn last_uid(&self) -> u32 {
        self.listing.last_uid()
    }

    fn flag(&self, flag: SystemFlag) -> u64 {
        // `\Recent` is the session's to know.
        flag.bit()
    }

    fn keyword(&self, name: &str) -> Option<u64> {
        self.listing.head().keywords.bit(name)
    }

    fn email(&self, id: &str) -> Option<u64> {
        email(self.listing.head().account, id)
    }

    fn thread(&self, id: &str) -> Option<u64> {
        thread(self.listing.head().account, id)
    }
}

/// A row of a listing as a plan looks at it.
pub(super) fn row(row: &wire::imap::listing::Row) -> Row {
    let (uid, email, flags) = (row.uid, row.email, row.flags);
    Row { uid, email, flags, modseq: row.modseq, size: row.size, arrival: row.received }
}
