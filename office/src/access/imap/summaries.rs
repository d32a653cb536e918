//! Descriptions of messages, a page at a time with one question to the store: from the summary made at delivery, written
//! as the client will read them.

use super::pieces::decode;
use super::preview;
use super::sources::gather;
use super::{ImapDesk, ids, refusal};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use store::query::{StoredMessages, Summaries};
use store::types::{AccountId, MailboxId, Stored, SummaryRow, Uid};
use store::{Store, StoreError, UidSet};
use wire::imap::ask::{PAGE_MESSAGES, Summary, SummaryItems};
use wire::imap::listing::Listing;
use wire::imap::{Answer, Charset, Refusal, structure};

/// Messages that a session asks about at a time.
const PAGE_ROWS: u32 = PAGE_MESSAGES as u32;

/// Octets of content that are read together for previews.
const PREVIEW_OCTETS: u64 = 1024 * 1024;

impl ImapDesk {
    pub(super) async fn summaries(&mut self, uids: &[u32], items: SummaryItems) -> Result<Answer, Refusal> {
        self.may_read().await?;
        let selected = self.open()?;
        let place = (selected.view.account(), selected.view.mailbox());
        let next = following(&selected.listing, uids);
        let query = summaries_of(place, uids);
        let set = query.uids.clone();
        let found = match self.ahead.as_mut().and_then(|ahead| ahead.summaries.take(place, uids)) {
            Some(begun) => begun.finish().await.map_err(|error| refusal(&error))?,
            None => self.read(query).await?,
        };
        self.summaries_ahead(place, &next);
        let mut described = HashMap::with_capacity(found.len());
        for row in found {
            let uid = row.uid.0;
            described.insert(uid, describe(place.0, row, items).map_err(|error| refusal(&error))?);
        }
        if items.preview {
            self.add_previews(place, set, &mut described).await.map_err(|error| refusal(&error))?;
        }
        let summaries = uids.iter().map(|uid| described.remove(uid).map(|described| described.summary));
        Ok(Answer::Summaries(summaries.collect()))
    }

    fn summaries_ahead(&mut self, of: (AccountId, MailboxId), uids: &[u32]) {
        if uids.is_empty() {
            return;
        }
        let ahead = self.ahead.get_or_insert_default();
        // Where there is no room it is read when it is asked for.
        let _ =
            ahead.summaries.begin((self.office.store(), self.office.room_ahead()), (of, uids), summaries_of(of, uids));
    }

    /// Reads the beginnings of messages, as many at a time as may lie in memory.
    async fn add_previews(
        &self,
        place: (AccountId, MailboxId),
        uids: UidSet,
        described: &mut HashMap<u32, Described>,
    ) -> Result<(), StoreError> {
        let store = self.office.store();
        let mut left = uids;
        while let Some((first, last)) = ends(&left) {
            let (account, mailbox, uids) = (place.0, place.1, left.clone());
            let query = StoredMessages { account, mailbox, uids, limit: u32::MAX, octets: PREVIEW_OCTETS };
            let found = store.read(query).await?;
            // One that is damaged has no preview; those after it do.
            let done = found.last().map_or(first, |(uid, _)| *uid);
            for (uid, stored) in &found {
                let Some(Described { summary, row, decoded: Some(decoded) }) = described.get_mut(&uid.0) else {
                    continue;
                };
                summary.preview = Some(preview_of(store, row, decoded, stored).await?);
            }
            left = left.within(Uid(done.0.saturating_add(1)), if done < last { last } else { Uid(0) });
        }
        Ok(())
    }
}

fn summaries_of((account, mailbox): (AccountId, MailboxId), uids: &[u32]) -> Summaries {
    let limit = u32::try_from(uids.len()).unwrap_or(u32::MAX);
    Summaries { account, mailbox, uids: uids.iter().map(|uid| Uid(*uid)).collect(), limit }
}

/// What will be asked for next, most likely: who asks for a whole page of messages that follow one another goes on so.
fn following(listing: &Listing, uids: &[u32]) -> Vec<u32> {
    let (Some(first), Some(last)) = (uids.first(), uids.last()) else { return Vec::new() };
    let (first, last) = (listing.lower_bound(*first), listing.lower_bound(*last));
    if uids.len() < PAGE_MESSAGES || (last - first.min(last)) as usize != uids.len() - 1 {
        return Vec::new();
    }
    let next = last + 1..(last + 1).saturating_add(PAGE_ROWS).min(listing.len());
    listing.rows(next).map(|row| row.uid).collect()
}

/// A message that is being described.
struct Described {
    summary: Summary,
    row: SummaryRow,
    /// `None` where nothing needs it.
    decoded: Option<Arc<message::Summary>>,
}

fn describe(account: AccountId, row: SummaryRow, items: SummaryItems) -> Result<Described, StoreError> {
    let mut summary = Summary {
        thread_id: items.thread_id.then(|| ids::object(account, row.thread.0)),
        save_date: items.save_date.then_some(row.saved),
        ..Summary::default()
    };
    if !(items.envelope || items.body || items.body_structure || items.preview) {
        return Ok(Described { summary, row, decoded: None });
    }
    let decoded = row.summary.clone().and_then(|octets| decode(&octets))?;
    let charset = if items.utf8 { Charset::Utf8 } else { Charset::Ascii };
    type Write = fn(&message::Summary, Charset) -> Vec<u8>;
    let written = |wanted: bool, write: Write| wanted.then(|| Bytes::from(write(&decoded, charset)));
    summary.envelope = written(items.envelope, structure::envelope);
    summary.body = written(items.body, structure::body);
    summary.body_structure = written(items.body_structure, structure::body_structure);
    Ok(Described { summary, row, decoded: Some(decoded) })
}

async fn preview_of(
    store: &Store,
    row: &SummaryRow,
    summary: &message::Summary,
    stored: &Stored,
) -> Result<String, StoreError> {
    // RFC 8970 §3.1: without text there is an empty one.
    let Some(part) = preview::part(summary).and_then(|index| summary.parts.get(index)) else {
        return Ok(String::new());
    };
    let prefix = u64::from(row.prefix_octets);
    let start = (prefix + part.body.start).min(row.size);
    let end = (prefix + part.body.end).min(start + preview::OCTETS_READ).min(row.size).max(start);
    let body = gather(store, stored, &(start..end)).await?;
    Ok(preview::of(part, &body))
}

/// The lowest and the highest of a set.
fn ends(uids: &UidSet) -> Option<(Uid, Uid)> {
    Some((uids.ranges().first()?.0, uids.ranges().last()?.1))
}
