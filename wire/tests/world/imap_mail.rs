//! What IMAP sees of the mailboxes in memory: listings, figures, flags by name, summaries.

use super::{Folder, House, Stored};
use std::sync::Arc;
use wire::imap::Charset;
use wire::imap::ask::{FlagChange, FlagNames, Status, Summary, SummaryItems};
use wire::imap::listing::{Head, Keywords, Listing, Row, bits};
use wire::imap::{MailboxName, structure};

pub const SYSTEM: [(u64, &str); 5] = [
    (bits::SEEN, "\\Seen"),
    (bits::ANSWERED, "\\Answered"),
    (bits::FLAGGED, "\\Flagged"),
    (bits::DELETED, "\\Deleted"),
    (bits::DRAFT, "\\Draft"),
];

/// The bit of a keyword, which is made where it is new.
fn keyword_bit(house: &mut House, name: &str) -> u64 {
    let known = house.keywords.iter().position(|known| known.eq_ignore_ascii_case(name));
    let slot = known.unwrap_or_else(|| {
        house.keywords.push(name.to_owned());
        house.keywords.len() - 1
    });
    1 << (bits::FIRST_KEYWORD + u32::try_from(slot).unwrap())
}

/// Of flags as IMAP writes them.
pub fn bits_of(house: &mut House, flags: &[String]) -> u64 {
    let system = |flag: &String| SYSTEM.iter().find(|(_, name)| name == flag).map(|(bit, _)| *bit);
    flags.iter().map(|flag| system(flag).unwrap_or_else(|| keyword_bit(house, flag))).fold(0, |all, bit| all | bit)
}

pub fn bits_named(house: &mut House, names: &FlagNames) -> u64 {
    names.keywords.iter().fold(names.system, |all, name| all | keyword_bit(house, name))
}

pub fn changed(house: &mut House, was: u64, change: &FlagChange) -> u64 {
    match change {
        FlagChange::Add(names) => was | bits_named(house, names),
        FlagChange::Remove(names) => was & !bits_named(house, names),
        FlagChange::Replace(names) => bits_named(house, names),
    }
}

pub fn keywords(house: &House) -> Arc<Keywords> {
    let slots = house.keywords.iter().enumerate();
    Arc::new(Keywords::new(slots.map(|(slot, name)| (u32::try_from(slot).unwrap(), name.clone()))))
}

impl Folder {
    pub fn highest_modseq(&self) -> u64 {
        let gone = self.gone.iter().map(|(_, modseq)| *modseq);
        self.messages.iter().map(|message| message.modseq).chain(gone).max().unwrap_or(1)
    }

    pub fn listing(&self, keywords: Arc<Keywords>) -> Arc<Listing> {
        let head = Head {
            account: 1,
            mailbox: self.id,
            uid_validity: self.uid_validity,
            uid_next: self.uid_next,
            highest_modseq: self.highest_modseq(),
            keywords,
        };
        let row = |message: &Stored| Row {
            uid: message.uid,
            flags: message.flags,
            modseq: message.modseq,
            email: message.source,
            size: message.content.octets() as u64,
            received: message.received,
        };
        Arc::new(Listing::new(head, self.messages.iter().map(row)))
    }

    pub fn status(&self) -> Status {
        let count = |test: &dyn Fn(&&Stored) -> bool| u32::try_from(self.messages.iter().filter(test).count()).unwrap();
        let octets = |test: &dyn Fn(&&Stored) -> bool| {
            self.messages.iter().filter(test).map(|message| message.content.octets() as u64).sum()
        };
        let deleted = |message: &&Stored| message.flags & bits::DELETED != 0;
        Status {
            messages: count(&|_| true),
            uid_next: self.uid_next,
            uid_validity: self.uid_validity,
            unseen: count(&|message| message.flags & bits::SEEN == 0),
            recent: count(&|message| message.uid >= self.recent_from),
            deleted: count(&deleted),
            deleted_octets: octets(&deleted),
            octets: octets(&|_| true),
            highest_modseq: self.highest_modseq(),
            mailbox_id: self.id,
            append_limit: None,
        }
    }

    /// Takes messages out; they are gone at this modseq.
    pub fn expunge(&mut self, modseq: u64, goes: impl Fn(&Stored) -> bool) -> Vec<Stored> {
        let (gone, left) = std::mem::take(&mut self.messages).into_iter().partition(|message| goes(message));
        self.messages = left;
        let gone: Vec<Stored> = gone;
        self.gone.extend(gone.iter().map(|message| (message.uid, modseq)));
        gone
    }
}

pub fn summary(message: &Stored, items: SummaryItems) -> Summary {
    let content = message.content.bytes();
    let summary = message::Summary::of(&message::parse(&content));
    let charset = if items.utf8 { Charset::Utf8 } else { Charset::Ascii };
    let text = || String::from_utf8_lossy(&content).into_owned();
    let body = || {
        text()
            .split_once("\r\n\r\n")
            .map_or(String::new(), |(_, body)| body.split_whitespace().take(8).collect::<Vec<_>>().join(" "))
    };
    Summary {
        envelope: items.envelope.then(|| structure::envelope(&summary, charset).into()),
        body: items.body.then(|| structure::body(&summary, charset).into()),
        body_structure: items.body_structure.then(|| structure::body_structure(&summary, charset).into()),
        preview: items.preview.then(body),
        thread_id: Some(message.source),
        save_date: Some(message.saved),
    }
}

/// Those below a name.
pub fn is_below(name: &str, parent: &str) -> bool {
    name.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

pub fn name_of(text: &str) -> MailboxName {
    MailboxName::new(text)
}
