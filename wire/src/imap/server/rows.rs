//! FETCH responses that need nothing but the listing: flags, UIDs, modseqs, dates, sizes, ids. Owns how a line begins
//! and ends, for messages by number and by UID (RFC 9586), and writes lines a page at a time.

use super::state::Open;
use super::{Enabled, Server, State, limits, text};
use crate::imap::ask::{ObjectId, Uids};
use crate::imap::command::SYSTEM_FLAGS;
use crate::imap::listing::{Keywords, Row, bits, object_number};
use crate::imap::numbers::contains;

/// What a listing knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Flags,
    Uid,
    ModSeq,
    InternalDate,
    Size,
    EmailId,
}

/// Lines that are still to be written.
pub(super) struct Rows {
    /// Of these messages.
    pub uids: Uids,
    /// From this UID on.
    pub from: u32,
    /// What of each.
    pub columns: Vec<Column>,
    /// Only those changed after this modseq.
    pub changed_since: Option<u64>,
}

impl Rows {
    pub fn new(uids: Uids, columns: Vec<Column>) -> Rows {
        Rows { uids, from: 0, columns, changed_since: None }
    }
}

impl Server {
    /// Writes a page; whether there may be more.
    pub(super) fn rows_page(&self, rows: &mut Rows, page: &mut Vec<u8>) -> bool {
        let State::Open(open) = &self.state else { return false };
        for (number, row) in open.numbers.rows(&rows.uids, rows.from) {
            if rows.changed_since.is_some_and(|since| row.modseq <= since) {
                continue;
            }
            if page.len() >= limits::PAGE {
                rows.from = row.uid;
                return true;
            }
            begin(page, &self.enabled, (number, row.uid));
            columns(page, &rows.columns, (open, &row), self.enabled.rev2);
            page.extend_from_slice(b")\r\n");
        }
        false
    }
}

/// How the line of a message begins.
pub(super) fn begin(line: &mut Vec<u8>, enabled: &Enabled, (number, uid): (u32, u32)) {
    line.extend_from_slice(b"* ");
    if enabled.uid_only {
        text::number(line, u64::from(uid));
        line.extend_from_slice(b" UIDFETCH (");
    } else {
        text::number(line, u64::from(number));
        line.extend_from_slice(b" FETCH (");
    }
}

/// What the listing knows, in order, with spaces between.
pub(super) fn columns(line: &mut Vec<u8>, columns: &[Column], (open, row): (&Open, &Row), rev2: bool) {
    for (at, column) in columns.iter().enumerate() {
        if at > 0 {
            line.push(b' ');
        }
        match column {
            Column::Uid => {
                line.extend_from_slice(b"UID ");
                text::number(line, u64::from(row.uid));
            }
            Column::Flags => {
                line.extend_from_slice(b"FLAGS (");
                let recent = !rev2 && contains(&open.recent, row.uid);
                flags(line, row.flags, &open.listing().head().keywords, recent);
                line.push(b')');
            }
            Column::ModSeq => {
                line.extend_from_slice(b"MODSEQ (");
                text::number(line, row.modseq);
                line.push(b')');
            }
            Column::InternalDate => {
                line.extend_from_slice(b"INTERNALDATE ");
                text::date_time(line, row.received);
            }
            Column::Size => {
                line.extend_from_slice(b"RFC822.SIZE ");
                text::number(line, row.size);
            }
            Column::EmailId => {
                let email = ObjectId::Email(object_number(open.listing().head().account, row.email));
                line.extend_from_slice(format!("EMAILID ({email})").as_bytes());
            }
        }
    }
}

/// Flags, with spaces between.
pub(super) fn flags(line: &mut Vec<u8>, flags: u64, keywords: &Keywords, recent: bool) {
    let start = line.len();
    let system = SYSTEM_FLAGS.iter().filter(|(flag, _)| flags & flag.bit() != 0).map(|(_, name)| ("\\", *name));
    let first = u64::MAX << bits::FIRST_KEYWORD;
    let named = (flags & first != 0).then(|| keywords.names(flags)).into_iter().flatten();
    let named = named.map(|name| ("", name));
    for (mark, name) in system.chain(named).chain(recent.then_some(("\\", "Recent"))) {
        if line.len() > start {
            line.push(b' ');
        }
        line.extend_from_slice(mark.as_bytes());
        line.extend_from_slice(name.as_bytes());
    }
}
