//! LIST and UIDL of a whole maildrop (RFC 1939 §5, §7), written page by page: no memory grows with the maildrop.

use super::limits::PAGE;
use super::transaction::Session;
use bytes::Bytes;
use std::fmt::Write;

/// What is listed of each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Octets,
    UniqueId,
}

/// A listing on its way out.
pub(super) struct Listing {
    column: Column,
    /// The next entry; `None`: all is written.
    next: Option<usize>,
}

/// Octets the longest line can have: a number, a space, a number or unique-id, CRLF.
const LINE_MAX: usize = 48;

impl Listing {
    pub fn new(column: Column) -> Listing {
        Listing { column, next: Some(0) }
    }

    pub fn is_over(&self) -> bool {
        self.next.is_none()
    }

    /// The next page; the last one ends with the line with the dot.
    pub fn page(&mut self, visit: &Session) -> Bytes {
        let mut text = String::with_capacity(PAGE);
        let mut index = self.next.take().unwrap_or(usize::MAX);
        while text.len() + LINE_MAX < PAGE {
            if index >= visit.len() {
                text.push_str(".\r\n");
                return Bytes::from(text);
            }
            if !visit.is_deleted(index) {
                let _ = write!(text, "{} {}\r\n", index + 1, self.value(visit, index));
            }
            index += 1;
        }
        self.next = Some(index);
        Bytes::from(text)
    }

    fn value(&self, visit: &Session, index: usize) -> String {
        match self.column {
            Column::Octets => visit.entry(index).map(|entry| entry.octets.to_string()),
            Column::UniqueId => visit.unique_id(index),
        }
        .unwrap_or_default()
    }
}
