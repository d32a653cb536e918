//! The states of RFC 9051 §3 and what each of them owns.

use super::context::Contexts;
use super::notify::Notified;
use crate::imap::ask::Uids;
use crate::imap::listing::{Keywords, Listing};
use crate::imap::mailbox::MailboxName;
use crate::imap::numbers::{self, Numbers};
use std::sync::Arc;

/// RFC 9051 §3.
pub(super) enum State {
    /// Not authenticated.
    Stranger,
    /// Authenticated.
    Home,
    /// Selected.
    Open(Box<Open>),
    /// Logout.
    Logout,
}

/// A mailbox that is selected.
pub(super) struct Open {
    pub name: MailboxName,
    pub numbers: Numbers,
    pub read_only: bool,
    /// Messages this session was the first to be told of.
    pub recent: Uids,
    /// What SEARCH kept (RFC 5182).
    pub saved: Uids,
    /// Changed, and the client was not told yet.
    pub untold: Uids,
    /// The modseq up to which the client was told of all before the first of those changed.
    pub before_untold: u64,
    /// The keywords the client was told of.
    pub keywords: Arc<Keywords>,
    /// Searches kept up to date.
    pub contexts: Contexts,
}

/// What the client switched on (RFC 5161), and what stays so until the connection, or its login, ends.
#[derive(Default)]
pub(super) struct Enabled {
    /// IMAP4rev2: no RECENT, ESEARCH always, names in UTF-8 (RFC 9051 Appendix E).
    pub rev2: bool,
    /// Strings may hold UTF-8: `UTF8=ACCEPT` (RFC 6855 §3) or `IMAP4rev2`.
    pub utf8: bool,
    /// MODSEQ is told with flags (RFC 7162 §3.1).
    pub condstore: bool,
    /// VANISHED instead of EXPUNGE (RFC 7162 §3.2.3).
    pub qresync: bool,
    /// No message numbers (RFC 9586).
    pub uid_only: bool,
    /// What NOTIFY asked for (RFC 5465).
    pub notified: Notified,
}

impl Open {
    pub fn listing(&self) -> &Arc<Listing> {
        self.numbers.listing()
    }

    /// Where changes wait, as those of flags do that NOTIFY did not ask for: the modseq a client may go back to without
    /// missing them (RFC 7162 §3.2).
    pub fn told_of_changes(&self) -> Option<u64> {
        (!self.untold.is_empty()).then_some(self.before_untold)
    }

    /// The same, where expunges wait as well.
    pub fn told_of_all(&self) -> Option<u64> {
        self.numbers.told_modseq().into_iter().chain(self.told_of_changes()).min()
    }

    /// Adds changes that wait, which came after a modseq.
    pub fn put_off(&mut self, changed: &[std::ops::RangeInclusive<u32>], before: u64) {
        if self.untold.is_empty() {
            self.before_untold = before;
        }
        self.untold = numbers::joined(std::mem::take(&mut self.untold), changed);
    }
}
