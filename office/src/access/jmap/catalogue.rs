//! All e-mails of an account at one moment, by id, by conversation and in order of arrival, with the mailboxes as they were
//! then. Never changed once it is shared; the next moment's is made of it and the news.

use super::counts::Counts;
use super::rows::Row;
use message::{SystemFlag, Time};
use std::collections::{HashMap, VecDeque};
use std::sync::OnceLock;
use store::types::{
    AccountChange, AccountId, AccountListing, EmailId, Mailbox, MailboxId, ModSeq, PlaceRow, Role, StateRow,
};

/// All e-mails of an account that JMAP may see, in one state.
#[derive(Clone, Debug)]
pub struct Catalogue {
    account: AccountId,
    modseq: ModSeq,
    states: StateRow,
    /// Slot and name.
    keywords: Vec<(u32, String)>,
    mailboxes: Vec<Mailbox>,
    /// `None` where one went; its place is given to the next that comes.
    rows: Vec<Option<Row>>,
    free: Vec<u32>,
    by_email: HashMap<EmailId, u32>,
    /// By arrival, oldest first; within one millisecond by id.
    order: Vec<u32>,
    /// Conversations but those that are one e-mail, which began it.
    threads: HashMap<EmailId, Vec<u32>>,
    counts: OnceLock<Counts>,
    shown: Shown,
}

/// Which e-mails came to be seen, or ceased to be, though the store says only that they changed: one with `\Deleted` is
/// not there for JMAP.
#[derive(Clone, Debug)]
struct Shown {
    /// What happened up to this is not known.
    from: ModSeq,
    /// E-mail, conversation.
    changes: VecDeque<(ModSeq, EmailId, EmailId)>,
}

/// Such changes that are remembered.
const SHOWN_MAX: usize = 4096;

impl Shown {
    fn note(&mut self, at: ModSeq, email: EmailId, thread: EmailId) {
        if self.changes.len() >= SHOWN_MAX
            && let Some((modseq, ..)) = self.changes.pop_front()
        {
            self.from = modseq;
        }
        self.changes.push_back((at, email, thread));
    }
}

impl Catalogue {
    /// Of what the store listed in one state.
    #[must_use]
    pub fn new(account: AccountId, listing: AccountListing, states: StateRow, mailboxes: Vec<Mailbox>) -> Catalogue {
        // No e-mail changed between the newest change of one and now.
        let shown = Shown { from: states.emails, changes: VecDeque::new() };
        let mut catalogue = Catalogue {
            account,
            shown,
            modseq: listing.modseq,
            states,
            keywords: listing.keywords,
            mailboxes,
            rows: Vec::new(),
            free: Vec::new(),
            by_email: HashMap::with_capacity(listing.places.len()),
            order: Vec::new(),
            threads: HashMap::new(),
            counts: OnceLock::new(),
        };
        for places in listing.places.chunk_by(|a, b| a.email == b.email) {
            if let Some(row) = row(places, &listing.threads) {
                catalogue.put(row);
            }
        }
        catalogue.order = (0..u32::try_from(catalogue.rows.len()).unwrap_or(u32::MAX)).collect();
        let rows = &catalogue.rows;
        catalogue.order.sort_by_key(|slot| when(rows, *slot));
        catalogue
    }

    /// Brings it up to date.
    pub(super) fn follow(&mut self, news: AccountChange, states: StateRow, mailboxes: Vec<Mailbox>) {
        self.counts = OnceLock::new();
        (self.modseq, self.states, self.keywords, self.mailboxes) = (news.modseq, states, news.keywords, mailboxes);
        for email in &news.gone {
            self.remove(*email);
        }
        for places in news.places.chunk_by(|a, b| a.email == b.email) {
            match row(places, &news.threads) {
                Some(row) => self.replace(row),
                None => places.iter().take(1).for_each(|place| self.hide(place.email)),
            }
        }
    }

    /// Makes this the state of its e-mails and mailboxes: of a part of an account that others see, which has states of its
    /// own.
    pub(super) fn say_state(&mut self, state: ModSeq) {
        (self.states.emails, self.states.mailboxes) = (state, state);
    }

    fn replace(&mut self, row: Row) {
        if let Some(slot) = self.by_email.get(&row.email).copied()
            && let Some(Some(old)) = self.rows.get_mut(slot as usize)
            && (old.thread, old.received) == (row.thread, row.received)
        {
            *old = row;
            return;
        }
        if !self.by_email.contains_key(&row.email) {
            self.shown.note(self.modseq, row.email, row.thread);
        }
        self.remove(row.email);
        let key = (row.received, row.email);
        let slot = self.put(row);
        let rows = &self.rows;
        let at = self.order.partition_point(|other| when(rows, *other) < Some(key));
        self.order.insert(at, slot);
    }

    fn hide(&mut self, email: EmailId) {
        if let Some(thread) = self.email(email).map(|row| row.thread) {
            self.shown.note(self.modseq, email, thread);
            self.remove(email);
        }
    }

    /// E-mails that came to be seen after a modseq, or ceased to be, each with its conversation; new ones are among them.
    /// `None`: it was too long ago to tell.
    #[must_use]
    pub fn shown_since(&self, since: ModSeq) -> Option<Vec<(EmailId, EmailId)>> {
        let later = self.shown.changes.iter().filter(|(modseq, ..)| *modseq > since);
        (since >= self.shown.from).then(|| later.map(|(_, email, thread)| (*email, *thread)).collect())
    }

    /// Without its place in the order.
    fn put(&mut self, row: Row) -> u32 {
        let slot = self.free.pop().unwrap_or(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
        self.join(&row, slot);
        self.by_email.insert(row.email, slot);
        match self.rows.get_mut(slot as usize) {
            Some(place) => *place = Some(row),
            None => self.rows.push(Some(row)),
        }
        slot
    }

    fn join(&mut self, row: &Row, slot: u32) {
        if let Some(members) = self.threads.get_mut(&row.thread) {
            members.push(slot);
        } else if row.email != row.thread {
            let began = self.by_email.get(&row.thread).copied();
            let began = began.filter(|began| self.row(*began).is_some_and(|first| first.thread == row.thread));
            self.threads.insert(row.thread, began.into_iter().chain([slot]).collect());
        }
    }

    fn remove(&mut self, email: EmailId) {
        let Some(slot) = self.by_email.get(&email).copied() else { return };
        let key = when(&self.rows, slot);
        let rows = &self.rows;
        let at = self.order.partition_point(|other| when(rows, *other) < key);
        if self.order.get(at) == Some(&slot) {
            self.order.remove(at);
        }
        self.by_email.remove(&email);
        let Some(row) = self.rows.get_mut(slot as usize).and_then(Option::take) else { return };
        self.free.push(slot);
        self.leave(&row, slot);
    }

    fn leave(&mut self, row: &Row, slot: u32) {
        let Some(members) = self.threads.get_mut(&row.thread) else { return };
        members.retain(|member| *member != slot);
        let rest = members.clone();
        let is_plain = match rest.as_slice() {
            [] => true,
            [one] => self.row(*one).is_some_and(|row| row.email == row.thread),
            _ => false,
        };
        if is_plain {
            self.threads.remove(&row.thread);
        }
    }

    /// Whose.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The newest change of anything in the account.
    #[must_use]
    pub fn modseq(&self) -> ModSeq {
        self.modseq
    }

    /// The newest change of each kind of thing.
    #[must_use]
    pub fn states(&self) -> &StateRow {
        &self.states
    }

    /// The mailboxes.
    #[must_use]
    pub fn mailboxes(&self) -> &[Mailbox] {
        &self.mailboxes
    }

    /// One of them.
    #[must_use]
    pub fn mailbox(&self, mailbox: MailboxId) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|other| other.id == mailbox)
    }

    /// The one with a role.
    #[must_use]
    pub fn mailbox_with(&self, role: Role) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|mailbox| mailbox.role == Some(role))
    }

    /// How many e-mails there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Slots there are; some may be empty.
    #[must_use]
    pub fn slots(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// The e-mail in a slot.
    #[must_use]
    pub fn row(&self, slot: u32) -> Option<&Row> {
        self.rows.get(slot as usize)?.as_ref()
    }

    /// An e-mail.
    #[must_use]
    pub fn email(&self, email: EmailId) -> Option<&Row> {
        self.row(*self.by_email.get(&email)?)
    }

    /// The slots in order of arrival, oldest first.
    #[must_use]
    pub fn by_arrival(&self) -> &[u32] {
        &self.order
    }

    /// All e-mails, in order of arrival.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.order.iter().filter_map(|slot| self.row(*slot))
    }

    /// The e-mails of a conversation, oldest first (RFC 8621 §3); none where it is not there.
    #[must_use]
    pub fn thread(&self, thread: EmailId) -> Vec<&Row> {
        let mut members: Vec<&Row> = match self.threads.get(&thread) {
            Some(members) => members.iter().filter_map(|slot| self.row(*slot)).collect(),
            None => self.email(thread).into_iter().filter(|row| row.thread == thread).collect(),
        };
        members.sort_by_key(|row| (row.received, row.email));
        members
    }

    /// Whether something holds for all and for some e-mails of a conversation.
    pub fn of_thread(&self, row: &Row, mut is: impl FnMut(&Row) -> bool) -> (bool, bool) {
        match self.threads.get(&row.thread) {
            None => {
                let is = is(row);
                (is, is)
            }
            Some(members) => {
                members.iter().filter_map(|slot| self.row(*slot)).fold((true, false), |(all, some), row| {
                    let is = is(row);
                    (all && is, some || is)
                })
            }
        }
    }

    /// Conversations of more than one e-mail, or of which the first is gone: their members.
    pub(super) fn long_threads(&self) -> impl Iterator<Item = Vec<&Row>> {
        self.threads.values().map(|members| members.iter().filter_map(|slot| self.row(*slot)).collect())
    }

    /// Whether an e-mail is all of its conversation, and began it.
    pub(super) fn is_alone(&self, row: &Row) -> bool {
        !self.threads.contains_key(&row.thread)
    }

    /// The bit of a keyword as JMAP writes it: `$seen` and its kin are system flags (RFC 8621 §4.1.1). 0 where no e-mail
    /// can have it.
    #[must_use]
    pub fn keyword_bit(&self, keyword: &str) -> u64 {
        if let Some(flag) = system_flag(keyword) {
            return flag.bit();
        }
        let slot = self.keywords.iter().find(|(_, name)| name.eq_ignore_ascii_case(keyword)).map(|(slot, _)| *slot);
        slot.and_then(|slot| 1_u64.checked_shl(slot + message::flag_bits::FIRST_KEYWORD)).unwrap_or(0)
    }

    /// The keywords of some flags, in lower case (RFC 8621 §4.1.1).
    #[must_use]
    pub fn keywords(&self, flags: u64) -> Vec<String> {
        let system = SYSTEM.iter().filter(|(_, flag)| flags & flag.bit() != 0).map(|(name, _)| (*name).to_owned());
        let own = self.keywords.iter().filter(|(slot, _)| {
            1_u64.checked_shl(slot + message::flag_bits::FIRST_KEYWORD).is_some_and(|bit| flags & bit != 0)
        });
        system.chain(own.map(|(_, name)| name.to_ascii_lowercase())).collect()
    }

    /// What is counted in each mailbox.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        self.counts.get_or_init(|| Counts::of(self))
    }
}

/// RFC 8621 §4.1.1: system flags as keywords.
const SYSTEM: [(&str, SystemFlag); 4] = [
    ("$answered", SystemFlag::Answered),
    ("$draft", SystemFlag::Draft),
    ("$flagged", SystemFlag::Flagged),
    ("$seen", SystemFlag::Seen),
];

fn system_flag(keyword: &str) -> Option<SystemFlag> {
    SYSTEM.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword)).map(|(_, flag)| *flag)
}

fn when(rows: &[Option<Row>], slot: u32) -> Option<(Time, EmailId)> {
    rows.get(slot as usize)?.as_ref().map(|row| (row.received, row.email))
}

fn row(places: &[PlaceRow], threads: &[(EmailId, EmailId)]) -> Option<Row> {
    let email = places.first()?.email;
    let thread = threads.binary_search_by_key(&email, |(email, _)| *email).ok().and_then(|at| threads.get(at));
    Row::of(places, thread.map(|(_, thread)| *thread))
}
