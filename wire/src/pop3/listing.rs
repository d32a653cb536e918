//! LIST and UIDL of a whole maildrop, a page at a time: nothing but the place reached is kept between pages.

use super::limits;
use super::transaction::Transaction;
use bytes::Bytes;
use std::fmt::Write as _;

/// The longest line: two numbers (or a number and a unique-id) and CRLF. The line that ends a listing is shorter.
const LINE_MAX: usize = 10 + 1 + 20 + 2;

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// LIST.
    Octets,
    /// UIDL.
    UniqueId,
}

/// A listing on its way out.
#[derive(Debug)]
pub(super) struct Listing {
    column: Column,
    next: usize,
}

impl Listing {
    pub fn new(column: Column) -> Listing {
        Listing { column, next: 0 }
    }

    /// The next page, and whether it is the last.
    pub fn page(&mut self, transaction: &Transaction) -> (Bytes, bool) {
        let mut page = String::new();
        while page.len() + LINE_MAX <= limits::PAGE {
            let Some((index, entry)) = transaction.next(self.next) else {
                page.push_str(".\r\n");
                return (page.into(), true);
            };
            let number = index + 1;
            // Writing to a String does not fail.
            let _ = match self.column {
                Column::Octets => write!(page, "{number} {}\r\n", entry.octets),
                Column::UniqueId => write!(page, "{number} {}\r\n", transaction.unique_id(&entry)),
            };
            self.next = number;
        }
        (page.into(), false)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, Maildrop};
    use super::*;

    #[test]
    fn a_long_listing_comes_in_pages() {
        let entry = |uid| Entry { source: 0, octets: u64::MAX / 4096, uid, utf8_header: false };
        let maildrop = Maildrop { uid_validity: 1, entries: (1..=2308).map(entry).collect() };
        let transaction = Transaction::new(maildrop.into(), false);
        for column in [Column::Octets, Column::UniqueId] {
            let (mut listing, mut pages) = (Listing::new(column), Vec::new());
            loop {
                let (page, last) = listing.page(&transaction);
                assert!(page.len() <= limits::PAGE);
                pages.push(page);
                if last {
                    break;
                }
            }
            assert!(pages.len() > 2);
            let text = String::from_utf8(pages.concat()).unwrap_or_default();
            assert_eq!(text.lines().count(), 2309);
            assert!(text.starts_with("1 ") && text.contains("\r\n2308 ") && text.ends_with("\r\n.\r\n"));
        }
    }
}
