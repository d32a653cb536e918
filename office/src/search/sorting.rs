//! Putting e-mails of an account in order (RFC 8621 §4.4.2), and one of each conversation (§4.4.3). What rows tell is
//! compared as it is; of the rest summaries are read, and what is compared is kept.

use super::account::Wanted;
use crate::access::jmap::{Catalogue, Row};
use message::Summary;
use message::search::{AddressField, fold};
use message::thread::{COMPARED_MAX, base_subject, display};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use store::types::EmailId;
use store::{Look, Seen, Store, StoreError, Which};

/// Summaries read with one question, and octets of them after which it ends.
const READ: usize = 256;
const READ_OCTETS: u64 = 1024 * 1024;

/// By what e-mails are put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// When it came in.
    Received,
    /// Octets.
    Size,
    /// Whether it has one of these flags.
    Flags(u64),
    /// Whether all of its conversation have one of these flags.
    AllInThread(u64),
    /// Whether some of its conversation has one of these flags.
    SomeInThread(u64),
    /// When it says it was sent.
    Sent,
    /// Name or address of the first sender.
    From(Collation),
    /// Name or address of the first recipient.
    To(Collation),
    /// The base subject (RFC 5256 §2.1).
    Subject(Collation),
}

/// How texts compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collation {
    /// `i;unicode-casemap`, accents aside.
    Unicode,
    /// `i;ascii-casemap`.
    Ascii,
    /// `i;octet`.
    Octet,
}

/// One line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortLine {
    /// By what.
    pub by: SortBy,
    /// The highest first.
    pub descending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Compared {
    Number(i64),
    Text(Box<str>),
}

impl SortBy {
    fn of_row(self, row: &Row, catalogue: &Catalogue) -> Option<i64> {
        let of_thread = |bits: u64| catalogue.of_thread(row, |row| row.flags & bits != 0);
        Some(match self {
            SortBy::Received => i64::try_from(row.received.0).unwrap_or(i64::MAX),
            SortBy::Size => i64::try_from(row.size).unwrap_or(i64::MAX),
            SortBy::Flags(bits) => i64::from(row.flags & bits != 0),
            SortBy::AllInThread(bits) => i64::from(of_thread(bits).0),
            SortBy::SomeInThread(bits) => i64::from(of_thread(bits).1),
            _ => return None,
        })
    }

    fn of_summary(self, summary: &Summary) -> Compared {
        let shown = |field, collation| text(summary.first_address(field).map(display).unwrap_or_default(), collation);
        match self {
            // One that says no date stands before all that do.
            SortBy::Sent => Compared::Number(summary.sent().map_or(i64::MIN, |date| date.unix_seconds)),
            SortBy::From(collation) => shown(AddressField::From, collation),
            SortBy::To(collation) => shown(AddressField::To, collation),
            SortBy::Subject(collation) => text(base_subject(&summary.subject_text()).text, collation),
            _ => Compared::Number(0),
        }
    }
}

fn text(text: String, collation: Collation) -> Compared {
    let text = text.get(..text.floor_char_boundary(COMPARED_MAX)).unwrap_or(&text);
    Compared::Text(match collation {
        Collation::Unicode => fold(text).into(),
        Collation::Ascii => text.to_ascii_lowercase().into(),
        Collation::Octet => text.into(),
    })
}

/// The wanted e-mails in order; where nothing else decides, the newest first.
pub(crate) async fn sort(
    store: &Store,
    catalogue: &Arc<Catalogue>,
    wanted: &Wanted,
    lines: &[SortLine],
) -> Result<Vec<u32>, StoreError> {
    let is_wanted = |slot: &&u32| wanted.has(**slot);
    // As the catalogue keeps them.
    match lines.first() {
        None => return Ok(catalogue.by_arrival().iter().rev().filter(is_wanted).copied().collect()),
        Some(line) if line.by == SortBy::Received => {
            let order = catalogue.by_arrival().iter();
            return Ok(match line.descending {
                true => order.rev().filter(is_wanted).copied().collect(),
                false => order.filter(is_wanted).copied().collect(),
            });
        }
        Some(_) => {}
    }
    let slots: Vec<u32> = catalogue.by_arrival().iter().rev().filter(is_wanted).copied().collect();
    let columns = columns(store, catalogue, &slots, lines).await?;
    let (lines, catalogue) = (lines.to_vec(), catalogue.clone());
    store.aside(move || Ok(in_order(&catalogue, &slots, &lines, &columns))).await
}

/// What is compared of each e-mail that takes its summary.
type Columns = HashMap<EmailId, Vec<Compared>>;

async fn columns(
    store: &Store,
    catalogue: &Arc<Catalogue>,
    slots: &[u32],
    lines: &[SortLine],
) -> Result<Columns, StoreError> {
    let by: Arc<[SortBy]> = lines.iter().map(|line| line.by).filter(|by| takes_summary(*by)).collect();
    let mut columns = HashMap::new();
    if by.is_empty() {
        return Ok(columns);
    }
    let mut emails: Vec<EmailId> = slots.iter().filter_map(|slot| catalogue.row(*slot)).map(|row| row.email).collect();
    emails.sort_unstable();
    let mut left = emails.as_slice();
    while !left.is_empty() {
        let page = left.get(..READ).unwrap_or(left);
        let by = by.clone();
        let see = move |seen: &mut Seen<'_>| {
            let summary = Summary::decode(&seen.summary).unwrap_or_default();
            Ok(by.iter().map(|by| by.of_summary(&summary)).collect::<Vec<_>>())
        };
        let which = Which::Emails(page.to_vec());
        let looked = store.read(Look { account: catalogue.account(), which, octets: READ_OCTETS, see }).await?;
        let early = looked.last().filter(|last| last.early).map(|last| last.email);
        columns.extend(looked.into_iter().filter_map(|looked| Some((looked.email, looked.answer.ok()?))));
        let read = early.map_or(page.len(), |last| page.partition_point(|email| *email <= last).max(1));
        left = left.get(read..).unwrap_or(&[]);
    }
    Ok(columns)
}

fn takes_summary(by: SortBy) -> bool {
    matches!(by, SortBy::Sent | SortBy::From(_) | SortBy::To(_) | SortBy::Subject(_))
}

fn in_order(catalogue: &Catalogue, slots: &[u32], lines: &[SortLine], columns: &Columns) -> Vec<u32> {
    let keys = |slot: u32| -> Vec<Compared> {
        let Some(row) = catalogue.row(slot) else { return Vec::new() };
        let mut read = columns.get(&row.email).into_iter().flatten();
        let key = |line: &SortLine| match line.by.of_row(row, catalogue) {
            Some(number) => Compared::Number(number),
            None => read.next().cloned().unwrap_or_else(|| Compared::Text("".into())),
        };
        lines.iter().map(key).collect()
    };
    let mut keyed: Vec<(Vec<Compared>, u32)> = slots.iter().map(|slot| (keys(*slot), *slot)).collect();
    // Stable: what compares equal stays newest first.
    keyed.sort_by(|(a, _), (b, _)| compare(a, b, lines));
    keyed.into_iter().map(|(_, slot)| slot).collect()
}

fn compare(a: &[Compared], b: &[Compared], lines: &[SortLine]) -> Ordering {
    let orders = a.iter().zip(b).zip(lines).map(|((a, b), line)| match line.descending {
        true => b.cmp(a),
        false => a.cmp(b),
    });
    orders.fold(Ordering::Equal, Ordering::then)
}

/// RFC 8621 §4.4.3: of each conversation the first.
pub(crate) fn collapse(catalogue: &Catalogue, slots: &mut Vec<u32>) {
    let mut seen: HashSet<EmailId> = HashSet::with_capacity(slots.len());
    slots.retain(|slot| catalogue.row(*slot).is_some_and(|row| seen.insert(row.thread)));
}
