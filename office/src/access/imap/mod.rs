//! The desk of one IMAP connection (RFC 9051): which question is answered where. Owns what lasts from one question to
//! the next: who logged in, the selected mailbox, messages that are being appended, content about to be read.

mod acl;
mod ahead;
mod append;
mod catenate;
mod changes;
mod decoded;
mod folders;
mod ids;
mod mailboxes;
mod metadata;
mod names;
mod notes;
mod notice;
mod pieces;
pub mod preview;
mod quota;
pub(in crate::access) mod rights;
mod search;

mod section;
mod selected;
mod sources;
mod status;
mod summaries;
#[cfg(test)]
mod tests;

pub(crate) use ahead::Room as RoomAhead;
pub(in crate::access) use mailboxes::SHARERS_MAX;

use crate::login::{Line, Service, Visitor};
use crate::{Office, Policy};
use bytes::Bytes;
use message::Time;
use selected::Selected;
use sources::Sources;
use std::net::IpAddr;
use std::sync::Arc;
use store::StoreError;
use store::op::{Op, Outcome};
use store::query::Query;
use store::types::{Account, AccountId};
use wire::Desk;
use wire::imap::{Answer, Ask, Refusal, Server};
use wire::sasl;

/// The desk of one IMAP connection.
pub struct ImapDesk {
    office: Office,
    policy: Arc<Policy>,
    visitor: Visitor,
    selected: Option<Box<Selected>>,
    append: Option<Box<append::Append>>,
    search: Option<Box<search::Running>>,
    watched: Option<Box<notice::Watched>>,
    sources: Sources,
    /// What names lead to, from one question to the next of a command that asks about many.
    trees: names::Trees,
    ahead: Option<Box<ahead::Ahead>>,
}

impl ImapDesk {
    pub(crate) fn new(office: Office, client: IpAddr, policy: Arc<Policy>) -> ImapDesk {
        let visitor = office.visitor(client, Service::Imap);
        ImapDesk {
            office,
            policy,
            visitor,
            selected: None,
            append: None,
            search: None,
            watched: None,
            sources: Sources::default(),
            trees: names::Trees::default(),
            ahead: None,
        }
    }

    /// On a connection that ends when the login does.
    pub(crate) fn on(self, line: Option<Arc<dyn Line>>) -> ImapDesk {
        ImapDesk { visitor: self.visitor.on(line), ..self }
    }

    async fn login(&mut self, now: Time, ask: sasl::Ask) -> Answer {
        let answer = self.visitor.ask(now, &self.policy.login_rules(), ask).await;
        self.office.count_login(&answer);
        Answer::Sasl(answer)
    }

    /// RFC 8437 §3: as before the login.
    async fn forget(&mut self, now: Time) -> Answer {
        self.unselect(now).await;
        self.visitor = self.visitor.anew();
        (self.append, self.search, self.watched) = (None, None, None);
        Answer::Done
    }

    /// Who logged in. A session asks nothing before.
    fn user(&self) -> Result<&Account, Refusal> {
        self.visitor.account().ok_or(Refusal::NoPermission)
    }

    fn user_id(&self) -> Result<AccountId, Refusal> {
        self.user().map(|user| user.id)
    }

    async fn read<Q: Query + Send + 'static>(&self, query: Q) -> Result<Q::Rows, Refusal>
    where
        Q::Rows: Send,
    {
        self.office.store().read(query).await.map_err(|error| refusal(&error))
    }

    async fn apply(&self, op: Op) -> Result<Outcome, Refusal> {
        self.office.store().apply(op).await.map_err(|error| refusal(&error))
    }

    async fn answer_about_mailboxes(&mut self, now: Time, ask: Ask) -> Result<Answer, Refusal> {
        match ask {
            Ask::Folders => self.folders().await,
            Ask::Status { names, costly } => self.status(now, &names, costly).await,
            Ask::Create { name, special_use } => self.create(now, &name, &special_use).await,
            Ask::Delete(name) => self.delete(now, &name).await,
            Ask::Rename { from, to } => self.rename(now, &from, &to).await,
            // Needs no right to the mailbox, but changes the account's list.
            Ask::Subscribe { .. } | Ask::SetMetadata { .. } if !self.visitor.scope().may_change() => {
                Err(Refusal::NoPermission)
            }
            Ask::Subscribe { name, subscribed } => self.subscribe(&name, subscribed).await,
            Ask::Select { name, read_only } => self.select(now, &name, read_only).await,
            Ask::Quota(of) => self.quota(of).await,
            Ask::SetQuota { .. } => Err(Refusal::NoPermission),
            Ask::Acl(name) => self.acl(&name).await,
            Ask::SetAcl { mailbox, identifier, change } => self.set_acl(&mailbox, &identifier, change).await,
            Ask::ListRights { mailbox, identifier } => self.list_rights(&mailbox, &identifier).await,
            Ask::MyRights(names) => self.my_rights(&names).await,
            Ask::Metadata { mailbox, entries, depth } => self.metadata(mailbox.as_ref(), &entries, depth).await,
            Ask::SetMetadata { mailbox, entries } => self.set_metadata(mailbox.as_ref(), entries).await,
            ask => self.answer_about_messages(now, ask).await,
        }
    }

    async fn answer_about_messages(&mut self, now: Time, ask: Ask) -> Result<Answer, Refusal> {
        match ask {
            Ask::Unselect => Ok(self.unselect(now).await),
            Ask::Vanished { since, among } => self.vanished(since, &among).await,
            Ask::Sync => self.sync().await,
            Ask::Summaries { uids, items } => self.summaries(&uids, items).await,
            Ask::Pieces { uids, wants, from } => self.pieces(&uids, &wants, from).await,
            Ask::Store { uids, change, unchanged_since } => self.store(&uids, &change, unchanged_since).await,
            Ask::Expunge { among, close } => self.expunge(now, among.as_ref(), close).await,
            Ask::Copy { uids, to, moving } => self.copy(now, &uids, &to, moving).await,
            Ask::Append(step) => self.append(now, step).await,
            Ask::Watch(watches) => self.watch(watches).await,
            Ask::Search { program, mailbox } => self.search(now, program, mailbox).await,
            Ask::SearchMore => self.search_more(now).await,
            _ => Err(Refusal::Permanent),
        }
    }
}

/// What a failing store means to the user (RFC 5530 §3).
fn refusal(error: &StoreError) -> Refusal {
    tracing::error!(%error, "a mailbox cannot be served");
    match error {
        StoreError::Damaged { .. } => Refusal::Corrupted,
        StoreError::Exhausted { .. } => Refusal::Permanent,
        _ => Refusal::Temporary,
    }
}

/// What an operation that did not happen means to the user.
fn failed(outcome: &Outcome) -> Refusal {
    match outcome {
        Outcome::OverQuota => Refusal::OverQuota,
        Outcome::Exists => Refusal::AlreadyExists,
        Outcome::Gone => Refusal::NonExistent,
        Outcome::Conflict => Refusal::Cannot,
        Outcome::Limit => Refusal::Limit,
        _ => Refusal::Permanent,
    }
}

impl Desk for ImapDesk {
    type Session = Server;

    async fn answer(&mut self, now: Time, ask: Ask) -> Answer {
        self.sources.clear();
        if !matches!(ask, Ask::Metadata { .. } | Ask::Search { .. } | Ask::SearchMore) {
            self.trees = names::Trees::default();
        }
        match ask {
            Ask::Login(ask) => self.login(now, ask).await,
            Ask::Forget => self.forget(now).await,
            // Boxed: what answers one question is large, and a connection lasts long.
            ask => Box::pin(self.answer_about_mailboxes(now, ask)).await.unwrap_or_else(Answer::Refused),
        }
    }

    async fn content(&mut self, bytes: &[u8]) {
        if let Some(append) = &mut self.append {
            append.take(bytes).await;
        }
    }

    async fn read(&mut self, source: u64, offset: u64) -> Option<Bytes> {
        self.sources.read(self.office.store(), source, offset).await
    }

    async fn news(&mut self) {
        self.wait_for_news().await;
    }

    fn rest(&mut self) {
        self.trees = names::Trees::default();
        self.ahead = None;
    }
}
