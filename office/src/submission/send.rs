//! Creating a submission: every reason to refuse it is found here and told, whether it leaves now or later. What leaves later
//! has its content kept until then.

use super::REMEMBERED;
use super::envelope::{Checked, EnvelopeFault, Named};
use super::record::{Envelope, Submission, Undo};
use crate::Office;
use crate::identity::Identity;
use crate::inbound::{Letter, LetterEnvelope, NotTaken, Writer};
use bytes::Bytes;
use message::Time;
use std::collections::BTreeMap;
use std::net::IpAddr;
use store::StoreError;
use store::op::{Op, Outcome};
use store::query::{AccountById, EmailsById, StoredEmail};
use store::types::{Account, AccountId, EmailId, EmailRow, ObjectChange, ObjectKind, QueueId, Span, Stored};
use wire::smtp::{Enhanced, Reply};

/// Octets of a header section that is read here; the desk takes no longer one.
const HEADER_MAX: usize = 1024 * 1024;

/// What is to be sent.
#[derive(Clone, Debug)]
pub struct Sending {
    /// By whom.
    pub account: AccountId,
    /// Where the client is.
    pub client: Option<IpAddr>,
    /// As whom.
    pub identity: i64,
    /// What.
    pub email: EmailId,
    /// To whom; `None`: to those whom the header names.
    pub envelope: Option<Envelope>,
}

/// Why it is not.
#[derive(Debug)]
pub enum SubmitFault {
    /// No such identity.
    NoIdentity,
    /// No such e-mail.
    NoEmail,
    /// The envelope makes no sense, in words.
    Envelope(String),
    /// The e-mail does not: which of its properties, and why.
    Email(Vec<&'static str>, String),
    /// More octets than may be sent: how many may.
    TooLarge(u64),
    /// More recipients than allowed: how many are.
    TooManyRecipients(u32),
    /// None.
    NoRecipients,
    /// These.
    Recipients(Vec<String>, String),
    /// The user may not send under this reverse path.
    MailFrom(String),
    /// The user may not write under this From.
    From(String),
    /// Not now, or not at all: why.
    Forbidden(String),
    /// There are too many submissions already.
    OverQuota,
    /// The store's.
    Store(StoreError),
}

impl From<StoreError> for SubmitFault {
    fn from(error: StoreError) -> SubmitFault {
        SubmitFault::Store(error)
    }
}

impl From<EnvelopeFault> for SubmitFault {
    fn from(fault: EnvelopeFault) -> SubmitFault {
        match fault {
            EnvelopeFault::Malformed(why) => SubmitFault::Envelope(why),
            EnvelopeFault::Recipients(list) => SubmitFault::Recipients(list, "They are no addresses.".to_owned()),
            EnvelopeFault::Nobody => SubmitFault::NoRecipients,
            EnvelopeFault::Author(why) => SubmitFault::Email(vec!["from"], why),
        }
    }
}

/// What was looked up.
struct Prepared {
    account: Account,
    row: EmailRow,
    stored: Stored,
    envelope: Envelope,
    checked: Checked,
    queue_id: QueueId,
}

impl Office {
    /// Sends an e-mail, or keeps it until it is to leave. Gives the number of the submission, the submission, and the
    /// states before and after.
    ///
    /// # Errors
    /// [`SubmitFault`]; then nothing happened.
    pub async fn submit(&self, now: Time, sending: &Sending) -> Result<(i64, Submission, Span), SubmitFault> {
        let prepared = self.prepare_submission(now, sending).await?;
        let letter = self.address_letter(now, sending, &prepared).await?;
        let submission = Submission {
            identity: sending.identity,
            email: sending.email,
            thread: prepared.row.thread,
            envelope: prepared.envelope.clone(),
            send_at: prepared.checked.hold_until.unwrap_or(now),
            undo: Undo::Final,
            queue_id: prepared.queue_id,
            upload: None,
            refused: BTreeMap::new(),
            tries: 0,
        };
        match prepared.checked.hold_until {
            Some(until) if until > now => self.keep_until(now, &prepared, submission).await,
            _ => self.send_now(now, letter, &prepared, submission).await,
        }
    }

    async fn prepare_submission(&self, now: Time, sending: &Sending) -> Result<Prepared, SubmitFault> {
        let Sending { account, email, .. } = *sending;
        let identities = self.identities(now, account).await?;
        let identity = identities.into_iter().find(|(id, _)| *id == sending.identity).ok_or(SubmitFault::NoIdentity)?.1;
        let found =
            self.store().read((EmailsById { account, ids: vec![email] }, StoredEmail { account, email })).await?;
        let (Some(row), Some(stored)) = (found.0.into_iter().next(), found.1) else {
            return Err(SubmitFault::NoEmail);
        };
        let size_max = self.policy().message_size;
        if row.size > size_max {
            return Err(SubmitFault::TooLarge(size_max));
        }
        let account = self.store().read(AccountById { account }).await?.ok_or(SubmitFault::NoEmail)?;
        let named = Named::of(&self.header_of(&stored).await?);
        self.check_authors(&account, &named).await?;
        let envelope = match &sending.envelope {
            Some(envelope) => envelope.clone(),
            None => self.envelope_of(&account, &identity, &named).await?,
        };
        let checked = Checked::of(&envelope, now)?;
        let recipients_max = self.policy().recipients;
        if checked.recipients.len() > usize::try_from(recipients_max).unwrap_or(usize::MAX) {
            return Err(SubmitFault::TooManyRecipients(recipients_max));
        }
        let queue_id = QueueId::new(now, u16::from_be_bytes(self.random()));
        Ok(Prepared { account, row, stored, envelope, checked, queue_id })
    }

    /// RFC 6409 §6.1, §8.1: one From field, with addresses of the user's own, as are those of whoever sent or resent it.
    async fn check_authors(&self, account: &Account, named: &Named) -> Result<(), SubmitFault> {
        if named.from_fields != 1 || named.from.is_empty() {
            return Err(SubmitFault::Email(vec!["from"], "An e-mail has one From, with an address.".to_owned()));
        }
        let authors = named.from.iter().map(|address| ("From", Some(address)));
        let senders = named.senders.iter().map(|(name, address)| (*name, address.as_ref()));
        for (name, address) in authors.chain(senders) {
            let Some(address) = address else {
                return Err(SubmitFault::From(format!("What {name} names is no address.")));
            };
            if !self.may_write_as(account, address).await? {
                return Err(SubmitFault::From(format!("{} may not write {name} <{address}>.", account.address)));
            }
        }
        Ok(())
    }

    async fn envelope_of(
        &self,
        account: &Account,
        identity: &Identity,
        named: &Named,
    ) -> Result<Envelope, SubmitFault> {
        let mut own = Vec::new();
        for address in named.sender.iter().chain(&named.from) {
            if self.may_write_as(account, address).await? {
                own.push(address.clone());
            }
        }
        Ok(named.envelope(&identity.email, |address| own.contains(address))?)
    }

    /// The header section of an e-mail, without what was put before it here.
    async fn header_of(&self, stored: &Stored) -> Result<Vec<u8>, StoreError> {
        let mut held = Vec::new();
        let mut at = stored.prefix.len() as u64;
        while at < stored.size && held.len() < HEADER_MAX {
            let before = held.len();
            let chunk = self.store().chunk(stored, at).await?;
            if chunk.is_empty() {
                break;
            }
            at += chunk.len() as u64;
            held.extend_from_slice(&chunk);
            if let Some(end) = message::header::section_end(&held, before) {
                held.truncate(end);
                break;
            }
        }
        Ok(held)
    }

    /// Opens the desk and names everybody: what it refuses is told at once, for a message that leaves later too.
    async fn address_letter(&self, now: Time, sending: &Sending, prepared: &Prepared) -> Result<Letter, SubmitFault> {
        let writer = Writer::Account(Box::new(prepared.account.clone()), sending.client);
        let mut letter = self
            .open_letter(now, writer, letter_envelope(&prepared.checked, prepared.queue_id, prepared.row.size))
            .await
            .map_err(|reply| sender_fault(&reply))?;
        let (mut wrong, mut said) = (Vec::new(), String::new());
        for (address, notify, orcpt) in &prepared.checked.recipients {
            match letter.recipient(address, *notify, orcpt.clone()).await {
                Ok(()) => {}
                Err(reply) if reply.code < 500 => return Err(SubmitFault::Forbidden(words(&reply))),
                Err(reply) => {
                    wrong.push(address.to_string());
                    said = words(&reply);
                }
            }
        }
        if wrong.is_empty() { Ok(letter) } else { Err(SubmitFault::Recipients(wrong, said)) }
    }

    async fn send_now(
        &self,
        now: Time,
        mut letter: Letter,
        prepared: &Prepared,
        submission: Submission,
    ) -> Result<(i64, Submission, Span), SubmitFault> {
        letter.begin().await.map_err(|reply| SubmitFault::Forbidden(words(&reply)))?;
        self.pour(&prepared.stored, &mut letter).await?;
        let change = ObjectChange {
            due: Some(now.after(REMEMBERED)),
            ..ObjectChange::add(ObjectKind::Submission, submission.value())
        };
        match letter.commit(prepared.account.id, vec![change]).await {
            Ok(taken) => Ok((taken.ids.first().copied().unwrap_or(0), submission, taken.span)),
            Err(NotTaken::Store(error)) => Err(error.into()),
            Err(NotTaken::Objects(Outcome::Limit)) => Err(SubmitFault::OverQuota),
            Err(other) => Err(content_fault(&other.reply())),
        }
    }

    /// Writes the content of an e-mail to a desk, without what was put before it here.
    pub(super) async fn pour(&self, stored: &Stored, letter: &mut Letter) -> Result<(), StoreError> {
        let mut at = stored.prefix.len() as u64;
        while at < stored.size {
            let chunk = self.chunk_at(stored, at).await?;
            at += chunk.len() as u64;
            letter.content(&chunk).await;
        }
        Ok(())
    }

    /// Some of the octets from there on; there are some.
    async fn chunk_at(&self, stored: &Stored, at: u64) -> Result<Bytes, StoreError> {
        let chunk = self.store().chunk(stored, at).await?;
        if chunk.is_empty() {
            return Err(StoreError::Damaged { what: "an e-mail ends early".to_owned() });
        }
        Ok(chunk)
    }

    /// Keeps content and submission until they are due.
    async fn keep_until(
        &self,
        now: Time,
        prepared: &Prepared,
        submission: Submission,
    ) -> Result<(i64, Submission, Span), SubmitFault> {
        let account = prepared.account.id;
        let upload = self.keep_content(&prepared.stored, account, submission.send_at).await?;
        let submission = Submission { undo: Undo::Pending, upload, ..submission };
        let change = ObjectChange {
            due: Some(submission.send_at),
            ..ObjectChange::add(ObjectKind::Submission, submission.value())
        };
        match self.store().apply(Op::ObjectsChange { account, changes: vec![change], now }).await? {
            Outcome::Objects { ids, span } => Ok((ids.first().copied().unwrap_or(0), submission, span)),
            Outcome::Limit => Err(SubmitFault::OverQuota),
            _ => Err(SubmitFault::NoEmail),
        }
    }

    /// A copy of the content as an upload that is as old as the message will be when it leaves: uploads go a day after they
    /// came, the oldest first, so this one outlives its use by a day.
    async fn keep_content(
        &self,
        stored: &Stored,
        account: AccountId,
        send_at: Time,
    ) -> Result<Option<i64>, StoreError> {
        let mut upload = self.store().upload();
        let mut at = stored.prefix.len() as u64;
        while at < stored.size {
            let chunk = self.chunk_at(stored, at).await?;
            at += chunk.len() as u64;
            upload.write(&chunk).await?;
        }
        let content = upload.finish().await?;
        let add = Op::UploadAdd { account, content, kind: "message/rfc822".to_owned(), now: send_at };
        Ok(match self.store().apply(add).await? {
            Outcome::Upload(number) => Some(number),
            // There is no room for it: then it is sent as it is in its mailbox at that time.
            _ => None,
        })
    }
}

pub(super) fn letter_envelope(checked: &Checked, queue_id: QueueId, octets: u64) -> LetterEnvelope {
    LetterEnvelope {
        ticket: "a JMAP submission".to_owned(),
        queue_id,
        reverse_path: checked.reverse_path.clone(),
        ret: checked.ret,
        envid: checked.envid.clone(),
        octets,
    }
}

/// A reply in one line, as RFC 8621 §7 writes them.
pub(super) fn words(reply: &Reply) -> String {
    let enhanced = reply.enhanced.map(|status| format!("{status} ")).unwrap_or_default();
    format!("{} {enhanced}{}", reply.code, reply.lines.join(" "))
}

fn sender_fault(reply: &Reply) -> SubmitFault {
    match reply.code {
        400..=499 => SubmitFault::Forbidden(words(reply)),
        _ => SubmitFault::MailFrom(words(reply)),
    }
}

fn content_fault(reply: &Reply) -> SubmitFault {
    match (reply.code, reply.enhanced) {
        (500.., Some(Enhanced(5, 7, 1))) => SubmitFault::From(words(reply)),
        (500.., Some(Enhanced(5, 6, 0) | Enhanced(5, 3, 4))) => SubmitFault::Email(vec!["bodyStructure"], words(reply)),
        (500.., Some(Enhanced(5, 4, 6))) => SubmitFault::Email(vec!["headers"], words(reply)),
        _ => SubmitFault::Forbidden(words(reply)),
    }
}

/// Used by what sends later, too.
pub(super) async fn account_of(office: &Office, account: AccountId) -> Result<Option<Box<Account>>, StoreError> {
    Ok(office.store().read(AccountById { account }).await?.map(Box::new))
}
