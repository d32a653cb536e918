//! SORT (RFC 5256 §3, RFC 5957): messages in the order of criteria. Owns the keys that are compared; does not know who
//! asks or where messages are kept.

use crate::header::Entry;
use crate::search::{AddressField, Criterion, SortBy, fold};
use crate::thread::subject::base_subject;
use crate::{Summary, Time, search};
use std::cmp::Ordering;

/// Octets of a text that are compared: no two subjects of real mail are the same so far and differ after it, and a mailbox of
/// long ones takes memory in proportion to its messages.
pub const COMPARED_MAX: usize = 1000;

/// What of a message stands beside its summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// Its UID.
    pub uid: u32,
    /// INTERNALDATE.
    pub arrival: Time,
    /// Octets.
    pub size: u64,
}

/// Puts messages in order. They are pushed in the order they have in the mailbox, which decides where nothing else does.
#[derive(Debug)]
pub struct Sorter {
    uids: Vec<u32>,
    columns: Vec<(Column, bool)>,
    criteria: Vec<Criterion>,
}

#[derive(Debug)]
enum Column {
    Numbers(Vec<i64>),
    Texts(Vec<Box<str>>),
}

impl Sorter {
    /// By these, the first counting most. One that is named again changes nothing and is left out.
    #[must_use]
    pub fn new(criteria: &[Criterion]) -> Sorter {
        let mut once: Vec<Criterion> = Vec::new();
        for criterion in criteria {
            if !once.iter().any(|other| other.by == criterion.by) {
                once.push(*criterion);
            }
        }
        let columns = once.iter().map(|criterion| (Column::of(criterion.by), criterion.reverse)).collect();
        Sorter { uids: Vec::new(), columns, criteria: once }
    }

    /// Whether messages have to come with their summaries.
    #[must_use]
    pub fn needs_summaries(&self) -> bool {
        self.criteria.iter().any(|criterion| !matches!(criterion.by, SortBy::Arrival | SortBy::Size))
    }

    /// The next message of the mailbox.
    pub fn push(&mut self, message: Sorted, summary: Option<&Summary>) {
        self.uids.push(message.uid);
        for ((column, _), criterion) in self.columns.iter_mut().zip(&self.criteria) {
            match column {
                Column::Numbers(numbers) => numbers.push(number(criterion.by, message, summary)),
                Column::Texts(texts) => texts.push(summary.map(|s| text(criterion.by, s)).unwrap_or_default()),
            }
        }
    }

    /// The UIDs in order.
    #[must_use]
    pub fn finish(self) -> Vec<u32> {
        let mut places: Vec<usize> = (0..self.uids.len()).collect();
        places.sort_by(|a, b| self.compare(*a, *b));
        places.into_iter().filter_map(|place| self.uids.get(place).copied()).collect()
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let orders = self.columns.iter().map(|(column, reverse)| {
            let order = column.compare(a, b);
            if *reverse { order.reverse() } else { order }
        });
        orders.fold(Ordering::Equal, Ordering::then)
    }
}

impl Column {
    fn of(by: SortBy) -> Column {
        match by {
            SortBy::Arrival | SortBy::Date | SortBy::Size => Column::Numbers(Vec::new()),
            _ => Column::Texts(Vec::new()),
        }
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Column::Numbers(numbers) => numbers.get(a).cmp(&numbers.get(b)),
            Column::Texts(texts) => texts.get(a).cmp(&texts.get(b)),
        }
    }
}

fn number(by: SortBy, message: Sorted, summary: Option<&Summary>) -> i64 {
    let arrival = || i64::try_from(message.arrival.0).unwrap_or(i64::MAX);
    match by {
        SortBy::Size => i64::try_from(message.size).unwrap_or(i64::MAX),
        SortBy::Date => sent_ms(summary, message.arrival),
        _ => arrival(),
    }
}

/// RFC 5256 §2.2: the sent date in milliseconds; INTERNALDATE where there is none.
pub(super) fn sent_ms(summary: Option<&Summary>, arrival: Time) -> i64 {
    match summary.and_then(Summary::sent) {
        Some(date) => date.unix_seconds.saturating_mul(1000),
        None => i64::try_from(arrival.0 / 1000 * 1000).unwrap_or(i64::MAX),
    }
}

fn text(by: SortBy, summary: &Summary) -> Box<str> {
    let local = |field| summary.first_address(field).map(addressed);
    let shown = |field| summary.first_address(field).map(display);
    let text = match by {
        SortBy::Subject => Some(base_subject(&summary.subject_text()).text),
        SortBy::From => local(AddressField::From),
        SortBy::To => local(AddressField::To),
        SortBy::Cc => local(AddressField::Cc),
        SortBy::DisplayFrom => shown(AddressField::From),
        SortBy::DisplayTo => shown(AddressField::To),
        SortBy::Arrival | SortBy::Date | SortBy::Size => None,
    };
    compared(&text.unwrap_or_default()).into()
}

/// The form in which texts are compared.
pub(super) fn compared(text: &str) -> String {
    let mut folded = fold(text.get(..text.floor_char_boundary(COMPARED_MAX)).unwrap_or(text));
    folded.truncate(folded.floor_char_boundary(COMPARED_MAX));
    folded
}

/// The mailbox of the address; of `From: Forouzan`, which does not say where that is, the word itself, as in ENVELOPE.
/// RFC 9051 §7.5.2: of a group that is its name.
fn addressed(entry: &Entry) -> String {
    let Entry::Mailbox(mailbox) = entry else { return group_name(entry) };
    match &mailbox.name {
        Some(name) if mailbox.local_part.is_empty() && mailbox.domain.is_empty() => name.text(),
        _ => crate::header::raw_text(&mailbox.local_part),
    }
}

fn group_name(entry: &Entry) -> String {
    if let Entry::GroupStart(name) = entry { name.text() } else { String::new() }
}

/// RFC 5957 §3: the name, else the address; of a group, which has neither, what stands for the mailbox.
#[must_use]
pub fn display(entry: &Entry) -> String {
    let Entry::Mailbox(mailbox) = entry else { return group_name(entry) };
    let name = mailbox.name.as_ref().map(crate::header::Phrase::text).unwrap_or_default();
    if name.is_empty() { search::address_of(mailbox) } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: [(&str, u64); 4] = [
        (
            "From: Zoe <bob@x>\r\nSubject: Re: b\r\nDate: 2 Jan 2026 00:00 +0000\r\nTo: =?utf-8?q?=C3=89mile?= <z@x>\r\n",
            9,
        ),
        ("From: carl@x\r\nSubject: A\r\nDate: 1 Jan 2026 23:30 -0500\r\nTo: emil <a@x>\r\n", 5),
        ("From: Al <Bob@x>\r\nSubject: B\r\nDate: 1 Jan 2026 00:00 +0000\r\nCc: q@x\r\n", 7),
        ("Subject: [list] a (fwd)\r\n", 5),
    ];

    fn order(criteria: &[(SortBy, bool)]) -> Vec<u32> {
        let criteria: Vec<Criterion> =
            criteria.iter().map(|(by, reverse)| Criterion { by: *by, reverse: *reverse }).collect();
        let mut sorter = Sorter::new(&criteria);
        for (uid, (header, size)) in (1..).zip(MAIL) {
            let summary = Summary::of(&crate::parse(format!("{header}\r\n").as_bytes()));
            sorter.push(Sorted { uid, arrival: Time(u64::from(uid)), size }, Some(&summary));
        }
        sorter.finish()
    }

    #[test]
    fn every_criterion_orders() {
        for (by, ups, downs) in [
            (SortBy::Arrival, [1, 2, 3, 4], [4, 3, 2, 1]),
            (SortBy::Size, [2, 4, 3, 1], [1, 3, 2, 4]),
            (SortBy::Subject, [2, 4, 1, 3], [1, 3, 2, 4]),
            (SortBy::From, [4, 1, 3, 2], [2, 1, 3, 4]),
            (SortBy::To, [3, 4, 2, 1], [1, 2, 3, 4]),
            (SortBy::Cc, [1, 2, 4, 3], [3, 1, 2, 4]),
            (SortBy::Date, [4, 3, 1, 2], [2, 1, 3, 4]),
            (SortBy::DisplayFrom, [4, 3, 2, 1], [1, 2, 3, 4]),
            (SortBy::DisplayTo, [3, 4, 2, 1], [1, 2, 3, 4]),
        ] {
            assert_eq!(order(&[(by, false)]), ups, "{by:?}");
            assert_eq!(order(&[(by, true)]), downs, "{by:?} reverse");
        }
    }

    /// As Dovecot and Cyrus have it; found by comparing with them.
    #[test]
    fn an_address_of_one_word_is_sorted_by_it() {
        let of = |header: &str| text(SortBy::From, &Summary::of(&crate::parse(format!("{header}\r\n\r\n").as_bytes())));
        assert_eq!((&*of("From: foo"), &*of("From: foo <bar@x>")), ("FOO", "BAR"));
    }

    #[test]
    fn a_group_is_sorted_by_its_name() {
        let of = |by, header: &str| text(by, &Summary::of(&crate::parse(format!("{header}\r\n\r\n").as_bytes())));
        assert_eq!(&*of(SortBy::Cc, "Cc: Friends: zoe@x, al@x;"), "FRIENDS");
        assert_eq!(&*of(SortBy::DisplayTo, "To: Friends: zoe@x, al@x;"), "FRIENDS");
        assert_eq!(&*of(SortBy::DisplayTo, "To: empty:;"), "EMPTY");
    }

    #[test]
    fn the_first_criterion_counts_most() {
        assert_eq!(order(&[(SortBy::Subject, false), (SortBy::Date, true)]), [2, 4, 1, 3]);
        assert_eq!(order(&[(SortBy::Subject, false), (SortBy::Date, false)]), [4, 2, 3, 1]);
        assert_eq!(order(&[(SortBy::Size, false), (SortBy::Size, true), (SortBy::Arrival, true)]), [4, 2, 3, 1]);
    }

    #[test]
    fn summaries_are_asked_for_where_they_count() {
        let needs = |by| Sorter::new(&[Criterion { by, reverse: false }]).needs_summaries();
        assert!(!needs(SortBy::Arrival) && !needs(SortBy::Size) && needs(SortBy::Date) && needs(SortBy::From));
    }

    #[test]
    fn texts_are_compared_so_far_and_no_further() {
        let long = "a".repeat(COMPARED_MAX);
        assert_eq!(compared(&long), "A".repeat(COMPARED_MAX));
        assert_eq!(compared(&(long.clone() + "b")), compared(&long));
        assert_ne!(compared(&(long[1..].to_owned() + "b")), compared(&long));
        assert!(compared(&"é".repeat(COMPARED_MAX)).len() <= COMPARED_MAX);
    }
}
