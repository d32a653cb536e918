//! Descriptions of messages, a page at a time with one question to the store: from the summary made at delivery, written
//! as the client will read them.

use super::pieces::decode;
use super::preview;
use super::sources::gather;
use super::{ImapDesk, ids};
use bytes::Bytes;
use std::collections::HashMap;
use store::query::{StoredMessages, Summaries};
use store::types::{AccountId, MailboxId, Stored, SummaryRow, Uid};
use store::{StoreError, UidSet};
use wire::imap::ask::{Summary, SummaryItems};
use wire::imap::{Answer, Charset, Refusal, structure};

/// Octets of content read for a page of previews, after which the rest goes without: they are looked at one at a time.
const PREVIEW_OCTETS: u64 = 1024 * 1024;

impl ImapDesk {
    pub(super) async fn summaries(&mut self, uids: &[u32], items: SummaryItems) -> Result<Answer, Refusal> {
        self.may_read().await?;
        let selected = self.open()?;
        let (account, mailbox) = (selected.view.account(), selected.view.mailbox());
        let set: UidSet = uids.iter().map(|uid| Uid(*uid)).collect();
        let limit = u32::try_from(uids.len()).unwrap_or(u32::MAX);
        let rows = self.read(Summaries { account, mailbox, uids: set.clone(), limit }).await?;
        let stored = if items.preview { self.stored((account, mailbox), set, limit).await? } else { HashMap::new() };
        let mut described = HashMap::with_capacity(rows.len());
        for row in rows {
            let summary = self.describe(account, &row, items, stored.get(&row.uid.0)).await;
            described.insert(row.uid.0, summary.map_err(|error| super::refusal(&error))?);
        }
        Ok(Answer::Summaries(uids.iter().map(|uid| described.remove(uid)).collect()))
    }

    async fn stored(
        &self,
        place: (AccountId, MailboxId),
        uids: UidSet,
        limit: u32,
    ) -> Result<HashMap<u32, Stored>, Refusal> {
        let (account, mailbox) = place;
        let rows = self.read(StoredMessages { account, mailbox, uids, limit, octets: PREVIEW_OCTETS }).await?;
        Ok(rows.into_iter().map(|(uid, stored)| (uid.0, stored)).collect())
    }

    async fn describe(
        &self,
        account: AccountId,
        row: &SummaryRow,
        items: SummaryItems,
        stored: Option<&Stored>,
    ) -> Result<Summary, StoreError> {
        let mut described = Summary {
            thread_id: items.thread_id.then(|| ids::object(account, row.thread.0)),
            save_date: items.save_date.then_some(row.saved),
            ..Summary::default()
        };
        if !(items.envelope || items.body || items.body_structure || items.preview) {
            return Ok(described);
        }
        let summary = row.summary.clone().and_then(|octets| decode(&octets))?;
        let charset = if items.utf8 { Charset::Utf8 } else { Charset::Ascii };
        type Write = fn(&message::Summary, Charset) -> Vec<u8>;
        let written = |wanted: bool, write: Write| wanted.then(|| Bytes::from(write(&summary, charset)));
        described.envelope = written(items.envelope, structure::envelope);
        described.body = written(items.body, structure::body);
        described.body_structure = written(items.body_structure, structure::body_structure);
        if let Some(stored) = stored {
            described.preview = self.preview(row, &summary, stored).await?;
        }
        Ok(described)
    }

    async fn preview(
        &self,
        row: &SummaryRow,
        summary: &message::Summary,
        stored: &Stored,
    ) -> Result<Option<String>, StoreError> {
        // RFC 8970 §3.1: without text there is an empty one.
        let Some(part) = preview::part(summary) else { return Ok(Some(String::new())) };
        let prefix = u64::from(row.prefix_octets);
        let start = (prefix + part.body.start).min(row.size);
        let end = (prefix + part.body.end).min(start + preview::OCTETS_READ).min(row.size).max(start);
        let body = gather(self.office.store(), stored, &(start..end)).await?;
        Ok(Some(preview::of(part, &body)))
    }
}
