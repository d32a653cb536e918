//! Access to a mailbox over POP3 (RFC 1939): the desk that logs in, takes the snapshot, reads messages and removes
//! what was deleted. The protocol is `wire::pop3`'s; how a login is checked is `login`'s.

use crate::login::{Line, Service, Visitor};
use crate::{Office, Policy};
use bytes::Bytes;
use message::Time;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use store::op::{Carried, Op, Outcome};
use store::query::{Mailboxes, Maildrop as Inbox, Messages, MessagesAhead, Query, StoredMessage};
use store::types::{AccountId, MailboxId, Message, PopDelete, Role, Stored, StoredPlace, Uid};
use store::{StoreError, UidSet};
use wire::Desk;
use wire::pop3::{Answer, Ask, Entry, Maildrop, Refusal, Server};
use wire::sasl;

/// Rows read from the store at a time: a page of about 1 MiB.
const PAGE: u32 = 10_000;
/// Messages read ahead of a client that reads one after the other, and octets after which no more are: each turn of
/// another thread costs more than reading a small message. A session holds that much, and one message more.
const AHEAD_MAX: u32 = 16;
const AHEAD_OCTETS: u64 = 128 * 1024;

/// The desk of one POP3 connection.
pub struct Pop3Desk {
    office: Office,
    policy: Arc<Policy>,
    timestamp: Option<String>,
    visitor: Visitor,
    open: Option<Open>,
}

/// What was opened after login.
struct Open {
    account: AccountId,
    inbox: MailboxId,
    /// The message found by the last `Fetch`, by its source.
    fetched: Option<Fetched>,
    ahead: Ahead,
}

/// Messages read before they are asked for, since the client reads one after the other.
#[derive(Default)]
struct Ahead {
    /// In order of their UIDs.
    waiting: VecDeque<(Uid, Stored)>,
    /// The last that was asked for.
    last: Option<Uid>,
    /// How many to read the next time.
    next: u32,
}

impl Ahead {
    /// The message with this UID, where it is at hand.
    fn take(&mut self, uid: Uid) -> Option<Stored> {
        let before = self.last.replace(uid);
        if before == Some(uid) {
            // TOP, then RETR of the same: what lies ahead stays.
            return None;
        }
        if before.is_none_or(|before| before.0 > uid.0) {
            *self = Ahead { last: self.last, ..Ahead::default() };
            return None;
        }
        while self.waiting.front().is_some_and(|(front, _)| front.0 < uid.0) {
            self.waiting.pop_front();
        }
        self.waiting.pop_front_if(|(front, _)| *front == uid).map(|(_, stored)| stored)
    }

    /// How many to read at once now: each time four times as many, as long as they are asked for in order.
    fn count(&mut self) -> u32 {
        self.next = (self.next * 4).clamp(1, AHEAD_MAX);
        self.next
    }
}

/// A message that is about to be read.
struct Fetched {
    source: u64,
    stored: Stored,
    /// Its only frame, where it has one: read before the `+OK`, and not again.
    frame: Option<Bytes>,
}

impl Pop3Desk {
    pub(crate) fn new(office: Office, client: IpAddr, policy: Arc<Policy>, timestamp: Option<String>) -> Pop3Desk {
        let visitor = office.visitor(client, Service::Pop3);
        Pop3Desk { office, policy, timestamp, visitor, open: None }
    }

    /// On a connection that ends when the login does.
    pub(crate) fn on(self, line: Option<Arc<dyn Line>>) -> Pop3Desk {
        Pop3Desk { visitor: self.visitor.on(line), ..self }
    }

    async fn login(&mut self, now: Time, ask: sasl::Ask) -> Answer {
        let answer = self.visitor.ask(now, &self.policy.login_rules(), ask).await;
        self.office.count_login(&answer);
        Answer::Sasl(answer)
    }

    async fn apop(&mut self, now: Time, name: &str, digest: [u8; 16]) -> Answer {
        let Some(timestamp) = &self.timestamp else {
            return Answer::Sasl(sasl::Answer::Refused(sasl::Refusal::Credentials));
        };
        let answer = self.visitor.apop(now, &self.policy.login_rules(), name, (timestamp, &digest)).await;
        self.office.count_login(&answer);
        Answer::Sasl(answer)
    }

    async fn take_snapshot(&mut self) -> Result<Answer, Refusal> {
        let account = self.visitor.account().ok_or(Refusal::Permanent)?.id;
        let query = Inbox { account, role: Role::Inbox, limit: PAGE };
        let (inbox, mut page) = self.ask(query).await?.ok_or(Refusal::Permanent)?;
        let mut entries: Vec<Entry> = page.iter().map(entry).collect();
        while let Some(last) = page.last().filter(|_| page.len() >= PAGE as usize) {
            let from = Uid(last.uid.0.saturating_add(1));
            page = self.ask(Messages { account, mailbox: inbox.id, from, limit: PAGE }).await?;
            entries.extend(page.iter().map(entry));
        }
        self.open = Some(Open { account, inbox: inbox.id, fetched: None, ahead: Ahead::default() });
        Ok(Answer::Maildrop(Arc::new(Maildrop { uid_validity: inbox.uid_validity, entries })))
    }

    /// The mailbox that takes what POP3 deletes.
    async fn archive(&self, account: AccountId) -> Result<MailboxId, Refusal> {
        let mailboxes = self.ask(Mailboxes { account }).await?;
        let archive = mailboxes.into_iter().find(|mailbox| mailbox.role == Some(Role::Archive));
        archive.map(|mailbox| mailbox.id).ok_or(Refusal::Permanent)
    }

    async fn ask<Q: Query + Send + 'static>(&self, query: Q) -> Result<Q::Rows, Refusal>
    where
        Q::Rows: Send,
    {
        self.office.store().read(query).await.map_err(|error| refusal(&error))
    }

    async fn fetch(&mut self, source: u64) -> Result<Answer, Refusal> {
        let stored = self.find(uid(source)?).await?;
        let frame = self.look_at(&stored).await.map_err(|error| refusal(&error))?;
        if let Some(open) = &mut self.open {
            open.fetched = Some(Fetched { source, stored, frame });
        }
        Ok(Answer::Done)
    }

    async fn find(&mut self, uid: Uid) -> Result<Stored, Refusal> {
        let open = self.open.as_mut().ok_or(Refusal::Permanent)?;
        if let Some(stored) = open.ahead.take(uid) {
            return Ok(stored);
        }
        let (account, mailbox) = (open.account, open.inbox);
        let limit = if open.ahead.waiting.is_empty() { open.ahead.count() } else { 1 };
        let ahead = MessagesAhead { account, mailbox, from: uid, limit, octets: AHEAD_OCTETS };
        let mut found: VecDeque<_> = self.ask(ahead).await?.into();
        match found.pop_front_if(|(first, _)| *first == uid) {
            Some((_, stored)) => {
                if let Some(open) = self.open.as_mut().filter(|open| open.ahead.waiting.is_empty()) {
                    open.ahead.waiting = found;
                }
                Ok(stored)
            }
            // It is gone or damaged; this question tells which.
            None => self.ask(StoredMessage { account, mailbox, uid }).await?.ok_or(Refusal::Gone),
        }
    }

    /// Sees to it that the message can be had before the client is told that it comes: what is damaged is refused, with
    /// the connection in good order for the next one.
    async fn look_at(&self, stored: &Stored) -> Result<Option<Bytes>, StoreError> {
        match &stored.place {
            StoredPlace::Frames(frames) if frames.len() == 1 => {
                self.office.store().chunk(stored, stored.prefix.len() as u64).await.map(Some)
            }
            StoredPlace::Here(_) => Ok(None),
            StoredPlace::Frames(_) => self.office.store().examine(stored).await.map(|()| None),
        }
    }

    /// The UPDATE state. What POP3 deletes is gone, or lies in Archive, as the account has it.
    async fn update(&mut self, now: Time, deleted: &[u64]) -> Result<Answer, Refusal> {
        let open = self.open.take().ok_or(Refusal::Permanent)?;
        let uids = deleted.iter().map(|source| uid(*source)).collect::<Result<UidSet, _>>()?;
        let (account, mailbox) = (open.account, open.inbox);
        let archives = self.visitor.account().is_some_and(|account| account.pop_delete == PopDelete::Archive);
        let op = if archives {
            let to = self.archive(account).await?;
            Op::Move { account, from: mailbox, to_account: account, to, uids, carried: Carried::ALL, now }
        } else {
            Op::Expunge { account, mailbox, uids, only_deleted: false, now }
        };
        match self.office.store().apply(op).await.map_err(|error| refusal(&error))? {
            Outcome::Removed(_) | Outcome::Uids { .. } | Outcome::Done => Ok(Answer::Done),
            _ => Err(Refusal::Temporary),
        }
    }
}

/// The listing's row as POP3 shows it. A source is a UID: unique in the mailbox, and never reused.
fn entry(row: &Message) -> Entry {
    Entry { source: u64::from(row.uid.0), octets: row.size, uid: row.uid.0, utf8_header: row.utf8_header }
}

fn uid(source: u64) -> Result<Uid, Refusal> {
    u32::try_from(source).map(Uid).map_err(|_| Refusal::Gone)
}

/// What a failing store means to the user (RFC 3206).
fn refusal(error: &StoreError) -> Refusal {
    tracing::error!(%error, "a maildrop cannot be served");
    match error {
        StoreError::Damaged { .. } | StoreError::Exhausted { .. } => Refusal::Permanent,
        _ => Refusal::Temporary,
    }
}

impl Desk for Pop3Desk {
    type Session = Server;

    async fn answer(&mut self, now: Time, ask: Ask) -> Answer {
        let answer = match ask {
            Ask::Login(ask) => return self.login(now, ask).await,
            Ask::Apop { name, digest } => return self.apop(now, &name, digest).await,
            Ask::Open => self.take_snapshot().await,
            Ask::Fetch { source } => self.fetch(source).await,
            Ask::Update { deleted } => self.update(now, &deleted).await,
        };
        answer.unwrap_or_else(Answer::Refused)
    }

    /// POP3 carries no content to us.
    async fn content(&mut self, _bytes: &[u8]) {}

    async fn read(&mut self, source: u64, offset: u64) -> Option<Bytes> {
        let fetched = self.open.as_mut()?.fetched.as_mut().filter(|fetched| fetched.source == source)?;
        if offset == fetched.stored.prefix.len() as u64
            && let Some(frame) = fetched.frame.take()
        {
            return Some(frame);
        }
        match self.office.store().chunk(&fetched.stored, offset).await {
            Ok(chunk) => Some(chunk),
            Err(error) => {
                tracing::error!(%error, source, "a message cannot be read");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::types::BlobId;

    fn message(uid: u32) -> (Uid, Stored) {
        let place = StoredPlace::Here(Bytes::new());
        (Uid(uid), Stored { prefix: Bytes::new(), blob: BlobId(i64::from(uid)), size: 0, place })
    }

    #[test]
    fn more_is_read_ahead_the_longer_a_client_reads_on() {
        let mut ahead = Ahead::default();
        let mut counts = Vec::new();
        for uid in 1..=4 {
            assert_eq!(ahead.take(Uid(uid)), None);
            counts.push(ahead.count());
        }
        assert_eq!(counts, [1, 4, AHEAD_MAX, AHEAD_MAX]);
        assert_eq!(ahead.take(Uid(3)), None, "who goes back begins anew");
        assert_eq!(ahead.count(), 1);
    }

    #[test]
    fn what_is_at_hand_is_given_once_and_in_order() {
        let mut ahead = Ahead { waiting: (2..=6).map(message).collect(), last: Some(Uid(1)), next: 4 };
        assert_eq!(ahead.take(Uid(2)).map(|stored| stored.blob), Some(BlobId(2)));
        assert_eq!(ahead.take(Uid(5)).map(|stored| stored.blob), Some(BlobId(5)), "3 and 4 were passed over");
        assert_eq!(ahead.take(Uid(5)), None);
        assert_eq!(ahead.waiting.len(), 1, "the same again leaves what lies ahead");
        assert_eq!(ahead.take(Uid(4)), None);
        assert!(ahead.waiting.is_empty(), "who goes back is no longer read ahead for");
    }
}
