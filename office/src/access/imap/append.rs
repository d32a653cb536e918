//! Messages that a client puts into a mailbox (APPEND, MULTIAPPEND, CATENATE, REPLACE): streamed to the store while they
//! come, octet for octet but for NUL, and put into the mailbox together in one operation.

use super::changes::{flags, within};
use super::names::Place;
use super::{ImapDesk, failed, refusal};
use message::recode::binary_to_base64;
use message::structure::Structure;
use message::{Scanner, Time};
use store::op::{Append as Appending, Appended, Content, Op, Outcome};
use store::query::AccountById;
use store::types::{AccountId, Flags, MailboxId, Uid};
use store::{Store, StoreError, Upload};
use wire::imap::ask::{AppendStep, FlagNames};
use wire::imap::server::limits::APPENDED;
use wire::imap::{Answer, MailboxName, Refusal};

/// Messages on their way.
pub(super) struct Append {
    place: Place,
    replaces: Option<(AccountId, MailboxId, Uid)>,
    done: Vec<Appended>,
    current: Option<Coming>,
    /// Octets a message may have, and those that all of them may have before the account is full.
    message_max: u64,
    room: Option<u64>,
}

/// A message whose content is coming.
struct Coming {
    flags: Flags,
    date: Option<Time>,
    upload: Upload,
    scanner: Scanner,
    octets: u64,
    fault: Option<Refusal>,
}

impl Append {
    /// Takes a run of content. After a fault the rest is thrown away; the fault is told at the end of the message.
    pub async fn take(&mut self, bytes: &[u8]) {
        let Some(coming) = &mut self.current else { return };
        coming.octets = coming.octets.saturating_add(bytes.len() as u64);
        if coming.octets > self.message_max {
            coming.fault.get_or_insert(Refusal::TooBig(self.message_max));
        }
        if coming.fault.is_some() {
            return;
        }
        coming.scanner.push(bytes);
        if let Err(error) = coming.upload.write(bytes).await {
            coming.fault = Some(refusal(&error));
        }
    }

    /// Whether the message under way has a fault, so that more of its content is thrown away.
    pub fn has_fault(&self) -> bool {
        self.current.as_ref().is_some_and(|coming| coming.fault.is_some())
    }

    /// Whether so many octets more can be taken, as far as can be told now.
    fn admits(&self, octets: u64) -> Result<(), Refusal> {
        if octets > self.message_max {
            return Err(Refusal::TooBig(self.message_max));
        }
        let before: u64 = self.done.iter().map(|message| message.content.octets).sum();
        match self.room {
            Some(room) if before.saturating_add(octets) > room => Err(Refusal::OverQuota),
            _ if self.done.len() >= APPENDED => Err(Refusal::Limit),
            _ => Ok(()),
        }
    }
}

impl Coming {
    async fn finish(self, store: &Store, now: Time) -> Result<Appended, Refusal> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let content: Content = self.upload.finish().await.map_err(|error: StoreError| refusal(&error))?;
        let (content, structure) = without_nul(store, content, self.scanner.finish()).await?;
        let digest = crate::inbound::Digest::of(&structure, b"");
        Ok(Appended {
            content,
            summary: digest.summary,
            utf8_header: digest.utf8_header,
            message_id: digest.message_id,
            references: digest.references,
            flags: self.flags,
            received: self.date.unwrap_or(now),
        })
    }
}

/// RFC 3516 §4.4: parts with NUL become base64, as BODY may not send it (RFC 9051 §4.3.1); decoded they are what they were.
/// What cannot be cured, as NUL in a header, is not taken.
async fn without_nul(store: &Store, content: Content, structure: Structure) -> Result<(Content, Structure), Refusal> {
    if !has_nul(&structure) {
        return Ok((content, structure));
    }
    let plan = binary_to_base64(&structure);
    let cured = crate::inbound::edited(store, &content, &plan).await.map_err(|error| refusal(&error))?;
    if has_nul(&cured.1) { Err(Refusal::UnknownCte) } else { Ok(cured) }
}

fn has_nul(structure: &Structure) -> bool {
    structure.parts.iter().any(|part| part.header_facts.nul > 0 || part.body_facts.nul > 0)
}

impl ImapDesk {
    pub(super) async fn append(&mut self, now: Time, step: AppendStep) -> Result<Answer, Refusal> {
        match step {
            AppendStep::Begin { mailbox, replaces } => self.begin(&mailbox, replaces).await,
            AppendStep::Message { flags, date, octets } => self.begin_message(&flags, date, octets),
            AppendStep::Url(url) => self.catenate(&url).await,
            AppendStep::End => self.end_message(now).await,
            AppendStep::Commit => self.commit(now).await,
            AppendStep::Abort => {
                self.append = None;
                Ok(Answer::Done)
            }
        }
    }

    async fn begin(&mut self, mailbox: &MailboxName, replaces: Option<u32>) -> Result<Answer, Refusal> {
        self.append = None;
        let place = self.open_place(mailbox, "i").await?;
        let replaces = match replaces {
            None => None,
            Some(uid) => Some(self.replaced(uid).await?),
        };
        let account = self.read(AccountById { account: place.account }).await?.ok_or(Refusal::NonExistent)?;
        let room = account.quota.map(|quota| quota.saturating_sub(account.used));
        let message_max = self.policy.message_size;
        self.append = Some(Box::new(Append { place, replaces, done: Vec::new(), current: None, message_max, room }));
        Ok(Answer::Done)
    }

    /// RFC 8508 §3.1: the message of the selected mailbox that goes when the other is there.
    async fn replaced(&mut self, uid: u32) -> Result<(AccountId, MailboxId, Uid), Refusal> {
        let rights = self.rights_here().await?;
        if !(rights.has('t') && rights.has('e')) {
            return Err(Refusal::NoPermission);
        }
        let selected = self.open()?;
        if selected.caught_up().await?.position(uid).is_none() {
            return Err(Refusal::Gone);
        }
        Ok((selected.view.account(), selected.view.mailbox(), Uid(uid)))
    }

    fn begin_message(&mut self, names: &FlagNames, date: Option<Time>, octets: u64) -> Result<Answer, Refusal> {
        let room = self.office.has_room_for(octets, &self.policy);
        let upload = self.office.store().upload();
        let append = self.append.as_mut().ok_or(Refusal::Permanent)?;
        append.admits(octets)?;
        if !room {
            return Err(Refusal::Temporary);
        }
        let flags = flags(&within(names, append.place.rights));
        let scanner = Scanner::new();
        append.current = Some(Coming { flags, date, upload, scanner, octets: 0, fault: None });
        Ok(Answer::Done)
    }

    async fn end_message(&mut self, now: Time) -> Result<Answer, Refusal> {
        let append = self.append.as_mut().ok_or(Refusal::Permanent)?;
        let coming = append.current.take().ok_or(Refusal::Permanent)?;
        append.admits(coming.octets)?;
        let appended = coming.finish(self.office.store(), now).await?;
        // What was made base64 is longer than what came.
        append.admits(appended.content.octets)?;
        append.done.push(appended);
        Ok(Answer::Done)
    }

    async fn commit(&mut self, now: Time) -> Result<Answer, Refusal> {
        let append = self.append.take().ok_or(Refusal::Permanent)?;
        if append.done.is_empty() {
            return Err(Refusal::Permanent);
        }
        let appending = Appending {
            account: append.place.account,
            mailbox: append.place.mailbox.id,
            messages: append.done,
            replaces: append.replaces,
            now,
        };
        let replaces = append.replaces.is_some();
        match self.apply(Op::Append(Box::new(appending))).await? {
            Outcome::Uids { uid_validity, pairs } => {
                let uids = super::ids::ranges(pairs.iter().map(|(_, uid)| uid.0));
                Ok(Answer::Appended { uid_validity, uids })
            }
            Outcome::Gone if replaces => Err(Refusal::Gone),
            other => Err(failed(&other)),
        }
    }
}
