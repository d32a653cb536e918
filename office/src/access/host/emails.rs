//! E-mails: what became of them, what they are, their content; flags and folders changed. What has `\Deleted` in a folder is
//! not there, as for JMAP (RFC 8621 §4.1.1).

use super::{HostDesk, Told, gone, refuse, trouble, usage};
use crate::access::jmap::{Catalogue, Row};
use crate::admin::FailureKind;
use message::bodies::Bodies;
use message::{Summary, Time, flag_bits};
use std::sync::Arc;
use store::op::{Op, Outcome};
use store::query::{EmailsById, EmailsSince};
use store::types::{
    EmailChange, EmailId, EmailOutcome, EmailRow, Flags, KeywordsChange, MailboxId, MailboxesChange, Mark,
};
use wire::host::{self, Answer, EMAILS_MAX, Email, HEADER_MAX, HEADERS_MAX, Octets, PIECE_MAX, Refusal, Request};

impl HostDesk {
    pub(super) async fn read(&self, now: Time, request: Request) -> Told {
        match request {
            Request::Since { state } => self.since(&state).await,
            Request::List { after } => self.list(now, after).await,
            Request::Look { ids, headers } => self.look(now, &ids, headers).await,
            Request::Read { id, from } => self.content(id, from).await,
            Request::Find { folder, message_id, size } => self.find(now, MailboxId(folder), &message_id, size).await,
            _ => Err(usage("no question about e-mails")),
        }
    }

    async fn catalogue(&self, now: Time) -> Result<Arc<Catalogue>, Refusal> {
        self.office.catalogue(self.account()?.id, now).await.map_err(trouble)?.ok_or_else(gone)
    }

    async fn since(&self, state: &str) -> Told {
        let since: Mark = state.parse().map_err(|_| usage("that is no state"))?;
        let limit = u32::try_from(EMAILS_MAX).unwrap_or(u32::MAX);
        let query = EmailsSince { account: self.account()?.id, since, limit };
        let Some(changes) = self.office.store().read(query).await.map_err(trouble)? else {
            return Ok(Answer::Forgotten);
        };
        let changed = changes.created.iter().chain(&changes.updated).map(|id| id.0).collect();
        let gone = changes.destroyed.iter().map(|id| id.0).collect();
        Ok(Answer::News { changed, gone, state: changes.until.to_string(), more: changes.more })
    }

    async fn list(&self, now: Time, after: Option<(Time, i64)>) -> Told {
        let catalogue = self.catalogue(now).await?;
        let older = |row: &&Row| after.is_none_or(|after| (row.received, row.email.0) < after);
        let page: Vec<&Row> = catalogue.rows().rev().filter(older).take(EMAILS_MAX + 1).collect();
        let ids: Vec<i64> = page.iter().take(EMAILS_MAX).map(|row| row.email.0).collect();
        let last = page.get(EMAILS_MAX.saturating_sub(1)).filter(|_| page.len() > EMAILS_MAX);
        Ok(Answer::Page { ids, next: last.map(|row| (row.received, row.email.0)) })
    }

    async fn look(&self, now: Time, ids: &[i64], headers: bool) -> Told {
        let catalogue = self.catalogue(now).await?;
        let (mut emails, mut octets) = (Vec::new(), 0);
        for (place, id) in ids.iter().enumerate() {
            let Some(row) = catalogue.email(EmailId(*id)) else { continue };
            let mut email = told_of(&catalogue, row);
            if headers {
                if octets >= HEADERS_MAX {
                    let left = ids.get(place..).unwrap_or_default().to_vec();
                    return Ok(Answer::Emails { emails, left });
                }
                let Some((header, attachments)) = self.header(row.email).await? else { continue };
                octets += header.len();
                email.header = Some(Octets(header));
                email.attachments = Some(attachments);
            }
            emails.push(email);
        }
        Ok(Answer::Emails { emails, left: Vec::new() })
    }

    /// The header section of an e-mail with what was put before it here, and whether it has files; `None`: it has gone.
    async fn header(&self, email: EmailId) -> Result<Option<(Vec<u8>, bool)>, Refusal> {
        let account = self.account()?.id;
        let rows = self.office.store().read(EmailsById { account, ids: vec![email] }).await.map_err(trouble)?;
        let content = self.office.email_content(account, email).await.map_err(trouble)?;
        let (Some(row), Some(content)) = (rows.first(), content) else { return Ok(None) };
        let summary = summary(row)?;
        let end = summary.parts.first().map_or(0, |part| part.header.end) + content.prefix_octets();
        let header = content.read(0..end, HEADER_MAX as u64).await.map_err(trouble)?;
        Ok(Some((header, Bodies::of(&summary).has_attachment(&summary))))
    }

    async fn content(&self, id: i64, from: u64) -> Told {
        let content = self.office.email_content(self.account()?.id, EmailId(id)).await.map_err(trouble)?;
        let content = content.ok_or_else(|| refuse(FailureKind::Data, "the e-mail is gone"))?;
        let size = content.octets();
        let octets = content.read(from..size, PIECE_MAX as u64).await.map_err(trouble)?;
        Ok(Answer::Content { octets: Octets(octets), size })
    }

    async fn find(&self, now: Time, folder: MailboxId, message_id: &str, size: u64) -> Told {
        let catalogue = self.catalogue(now).await?;
        let like = |row: &&Row| row.size == size && row.places.has(folder);
        let ids: Vec<EmailId> = catalogue.rows().rev().filter(like).take(EMAILS_MAX).map(|row| row.email).collect();
        let query = EmailsById { account: self.account()?.id, ids };
        let rows = self.office.store().read(query).await.map_err(trouble)?;
        let is_it =
            |row: &&EmailRow| summary(row).is_ok_and(|summary| summary.message_id.as_deref() == Some(message_id));
        Ok(Answer::Found { id: rows.iter().find(is_it).map(|row| row.id.0) })
    }

    pub(super) async fn change(&self, now: Time, request: Request) -> Told {
        let account = self.account()?.id;
        let set = |changes: Vec<EmailChange>| Op::EmailsSet { account, changes, unchanged_since: None, now };
        let move_to = |add: Vec<MailboxId>, remove: Vec<MailboxId>| Some(MailboxesChange::Patch { add, remove });
        let (ids, op) = match request {
            Request::Flag { ids, add, remove } => {
                let keywords = Some(KeywordsChange::Patch { add: flags_of(&add), remove: flags_of(&remove) });
                let op = set(each(&ids, keywords, None));
                (ids, op)
            }
            Request::Move { ids, from, to } => {
                let then = set(each(&ids, None, move_to(vec![MailboxId(to)], vec![MailboxId(from)])));
                (ids, Op::EmailsWithin { mailboxes: vec![MailboxId(from)], then: Box::new(then) })
            }
            Request::Copy { ids, to } => {
                let op = set(each(&ids, None, move_to(vec![MailboxId(to)], Vec::new())));
                (ids, op)
            }
            Request::Destroy { ids, from } => {
                let emails = ids.iter().copied().map(EmailId).collect();
                let then = Box::new(Op::EmailsDestroy { account, emails, unchanged_since: None, now });
                (ids, Op::EmailsWithin { mailboxes: vec![MailboxId(from)], then })
            }
            _ => return Err(usage("no change of e-mails")),
        };
        let results = match self.office.store().apply(op).await.map_err(trouble)? {
            Outcome::Emails { results, .. } => results,
            _ => return Err(gone()),
        };
        missing(&ids, &results)
    }
}

/// Those of the e-mails that are not there; what cannot be done to one is told of all.
fn missing(ids: &[i64], results: &[EmailOutcome]) -> Told {
    let mut missing = Vec::new();
    for (id, outcome) in ids.iter().zip(results) {
        match outcome {
            EmailOutcome::Done => {}
            EmailOutcome::Gone => missing.push(*id),
            EmailOutcome::NoMailbox(_) => return Err(refuse(FailureKind::Data, "the folder is gone")),
            EmailOutcome::Homeless => return Err(refuse(FailureKind::Data, "an e-mail would be in no folder")),
            EmailOutcome::Limit => {
                return Err(refuse(FailureKind::Data, "the account cannot have more keywords, or none so long"));
            }
        }
    }
    Ok(Answer::Missing { ids: missing })
}

fn each(ids: &[i64], keywords: Option<KeywordsChange>, mailboxes: Option<MailboxesChange>) -> Vec<EmailChange> {
    let change =
        |id: &i64| EmailChange { email: EmailId(*id), keywords: keywords.clone(), mailboxes: mailboxes.clone() };
    ids.iter().map(change).collect()
}

fn summary(row: &EmailRow) -> Result<Summary, Refusal> {
    let octets = row.summary.clone().map_err(trouble)?;
    Summary::decode(&octets).map_err(|_| refuse(FailureKind::Io, "what is known of an e-mail is damaged"))
}

fn told_of(catalogue: &Catalogue, row: &Row) -> Email {
    let is_system = |word: &String| {
        let word = word.as_str();
        matches!(word, "$seen" | "$answered" | "$flagged" | "$draft")
    };
    let keywords = catalogue.keywords(row.flags).into_iter().filter(|word| !is_system(word)).collect();
    Email {
        id: row.email.0,
        folders: row.places.as_slice().iter().map(|mailbox| mailbox.0).collect(),
        flags: host::Flags { bits: row.flags & flag_bits::SYSTEM & !flag_bits::DELETED, keywords },
        received: row.received,
        size: row.size,
        header: None,
        attachments: None,
    }
}

/// As the store has them. `\Deleted` is not for this way to set: a folder's messages are taken out of it, or not.
pub(super) fn flags_of(flags: &host::Flags) -> Flags {
    let has = |bit: u64| flags.bits & bit != 0;
    Flags {
        seen: has(flag_bits::SEEN),
        answered: has(flag_bits::ANSWERED),
        flagged: has(flag_bits::FLAGGED),
        deleted: false,
        draft: has(flag_bits::DRAFT),
        keywords: flags.keywords.clone(),
    }
}
