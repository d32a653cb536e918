//! The synchronous core: one connection that writes, the segments, and the rule of the group commit. Owns the order
//! sync segments - commit rows - acknowledge - publish. Does not own threads (`shell`) nor what each operation does
//! (the modules below, one per kind of thing).

mod account;
mod across;
mod alias;
mod append;
mod arrange;
mod blob;
mod deliver;
mod emails;
mod flags;
mod mailbox;
mod mailboxes;
mod messages;
mod objects;
mod open;
mod outbox;
mod sharing;
mod thread;
mod trace;
mod upkeep;
mod uploads;

pub(crate) use account::{CATCH_ALL, credentials_in};
pub use flags::KEYWORD_OCTETS_MAX;
pub(crate) use flags::{is_utf8, keywords_of};
pub use mailbox::{DELIMITER, DEPTH_MAX, MAILBOXES_MAX, NAME_OCTETS_MAX, SUBSCRIPTIONS_MAX};
pub use open::Paths;
pub(crate) use open::connect_reader;
pub use outbox::{CHANGE_MAX, CLAIM_MAX};
pub use sharing::{ACL_MAX, ANNOTATION_OCTETS_MAX, ANNOTATIONS_MAX, ENTRY_OCTETS_MAX, IDENTIFIER_OCTETS_MAX};
pub use thread::REFERENCES_MAX;
pub(crate) use upkeep::Moved;
pub use uploads::{UPLOAD_KIND_OCTETS_MAX, UPLOADS_MAX, UPLOADS_OCTETS_MAX};

use crate::StoreError;
use crate::columns::{Sql, num, small};
use crate::disk::Lock;
use crate::op::{Content, Op, Outcome, Place};
use crate::query::{Hint, Query};
use crate::rows::Snapshot;
use crate::segment::Segments;
use crate::types::{AccountId, MailboxId, ModSeq, Stored, StoredPlace};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One open store, for one thread.
#[derive(Debug)]
pub struct Engine {
    connection: Connection,
    segments: Arc<Segments>,
    paths: Paths,
    /// The sync that failed, after which nothing is written any more.
    broken: Option<StoreError>,
    hints: BTreeMap<AccountId, ModSeq>,
    outbox_changed: bool,
    due_changed: bool,
    log: open::Log,
    _lock: Option<Lock>,
}

/// What an operation works on: the open transaction, and what it will have changed.
pub(crate) struct Work<'a> {
    pub(crate) sql: &'a Connection,
    pub(crate) segments: &'a Segments,
    touched: BTreeMap<AccountId, ModSeq>,
    /// Somebody waits in the outbox who did not before.
    pub(crate) outbox_changed: bool,
    /// An object is due at another time than before.
    pub(crate) due_changed: bool,
}

impl<'a> Work<'a> {
    fn new(sql: &'a Connection, segments: &'a Segments) -> Work<'a> {
        Work { sql, segments, touched: BTreeMap::new(), outbox_changed: false, due_changed: false }
    }
}

impl Engine {
    /// Carries out operations in one transaction: all of those that can be done, each whole or not at all, on disk
    /// when this returns. One result for each, in order.
    pub fn apply_group(&mut self, ops: &[Op]) -> Vec<Result<Outcome, StoreError>> {
        self.hints.clear();
        if ops.is_empty() {
            return Vec::new();
        }
        if let Some(error) = &self.broken {
            return ops.iter().map(|_| Err(error.clone())).collect();
        }
        let done = self.try_group(ops);
        done.unwrap_or_else(|error| {
            self.give_up(&error);
            ops.iter().map(|_| Err(error.clone())).collect()
        })
    }

    fn try_group(&mut self, ops: &[Op]) -> Sql<Vec<Result<Outcome, StoreError>>> {
        if ops.iter().flat_map(contents_of).any(|content| matches!(content.place, Place::Frames(_))) {
            self.segments.sync()?;
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut results = Vec::with_capacity(ops.len());
        for op in ops {
            let result = self.apply_one(op)?;
            if let Err(error) = &result
                && error.is_fatal()
            {
                return Err(error.clone());
            }
            results.push(result);
            if self.connection.is_autocommit() {
                // SQLite gave the whole transaction up (a full disk): nothing before this counts either.
                return Err(results.pop().and_then(Result::err).unwrap_or(StoreError::Full));
            }
        }
        self.commit()?;
        Ok(results)
    }

    /// One operation in a savepoint of its own. The outer error ends the whole group.
    fn apply_one(&mut self, op: &Op) -> Sql<Result<Outcome, StoreError>> {
        self.connection.prepare_cached("SAVEPOINT op")?.execute([])?;
        let mut work = Work::new(&self.connection, &self.segments);
        let result = work.apply(op);
        let (touched, outbox_changed, due_changed) = (work.touched, work.outbox_changed, work.due_changed);
        if result.as_ref().is_ok_and(changes) {
            self.connection.prepare_cached("RELEASE op")?.execute([])?;
            self.outbox_changed |= outbox_changed;
            self.due_changed |= due_changed;
            for (account, modseq) in touched {
                self.hints.entry(account).and_modify(|m| *m = modseq.max(*m)).or_insert(modseq);
            }
        } else if !self.connection.is_autocommit() {
            self.connection.prepare_cached("ROLLBACK TO op")?.execute([])?;
            self.connection.prepare_cached("RELEASE op")?.execute([])?;
        }
        Ok(result)
    }

    fn give_up(&mut self, error: &StoreError) {
        self.hints.clear();
        if !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        self.stop_if_fatal(error);
    }

    /// After a failed sync nothing is written any more, not even what SQLite would at the end.
    fn stop_if_fatal(&mut self, error: &StoreError) {
        if error.is_fatal() {
            tracing::error!(%error, "nothing more is written");
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            self.broken = Some(error.clone());
        }
    }

    /// What the last group changed, one hint an account.
    pub fn take_hints(&mut self) -> Vec<Hint> {
        std::mem::take(&mut self.hints).into_iter().map(|(account, modseq)| Hint { account, modseq }).collect()
    }

    /// Whether the last groups left somebody in the outbox to be looked at.
    pub fn take_outbox_changed(&mut self) -> bool {
        std::mem::take(&mut self.outbox_changed)
    }

    /// Whether the last groups left an object that is due.
    pub fn take_due_changed(&mut self) -> bool {
        std::mem::take(&mut self.due_changed)
    }

    /// Answers a question on this thread.
    pub fn read<Q: Query>(&self, query: &Q) -> Result<Q::Rows, StoreError> {
        self.ask(|snapshot| query.ask(snapshot))
    }

    pub(crate) fn ask<T>(&self, work: impl FnOnce(&Snapshot<'_>) -> Sql<T>) -> Sql<T> {
        work(&Snapshot::new(&self.connection, &self.segments))
    }

    /// Looks at everything, as `Store::verify` does, on this thread.
    pub fn verify(&self) -> Result<crate::VerifyReport, StoreError> {
        crate::verify::verify(&self.connection, &self.segments)
    }

    /// All octets of a message, prefix and content, on this thread.
    pub fn whole(&self, stored: &Stored) -> Result<Vec<u8>, StoreError> {
        let mut octets = stored.prefix.to_vec();
        match &stored.place {
            StoredPlace::Here(content) => octets.extend_from_slice(content),
            StoredPlace::Frames(frames) => {
                for frame in frames.iter() {
                    octets.extend(self.segments.read(frame)?);
                }
            }
        }
        Ok(octets)
    }

    /// Content from octets at hand, on this thread.
    pub fn put(&self, mut octets: &[u8]) -> Result<Content, StoreError> {
        let mut arriving = crate::content::Arriving::new(self.segments.clone());
        while !octets.is_empty() {
            octets = arriving.take(octets);
            if arriving.is_full() {
                arriving.flush()?;
            }
        }
        arriving.finish()
    }

    pub(crate) fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }

    /// Where its files are.
    #[must_use]
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// Lets the database file grow to so many pages and no further: a disk that is full, for tests.
    pub fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        Ok(())
    }

    /// Lets the write-ahead log grow to so many pages before it goes into the database file: for tests, to which the
    /// usual log is long.
    pub fn limit_log(&mut self, pages: u32) {
        self.log.pages_max = pages;
    }

    /// Brings the write-ahead log into the database file and empties it.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        match &self.broken {
            Some(error) => Err(error.clone()),
            None => self.empty_log("TRUNCATE"),
        }
    }

    /// A sync that fails here is final too: SQLite would try again later and, when that works, throw the log away,
    /// although the pages may never have reached the disk.
    fn empty_log(&mut self, mode: &str) -> Sql<()> {
        let done = self.connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |_| Ok(()));
        done.map_err(StoreError::from).inspect_err(|error| self.stop_if_fatal(error))
    }

    /// Ends the transaction, durably. Then a log that has grown long goes into the database file; should that fail,
    /// what was committed is in the log still.
    fn commit(&mut self) -> Sql<()> {
        self.connection.prepare_cached("COMMIT")?.execute([]).map_err(commit_failed)?;
        if self.log.is_long()
            && let Err(error) = self.empty_log("PASSIVE")
        {
            tracing::warn!(%error, "the write-ahead log was not brought into the database");
        }
        Ok(())
    }
}

/// A commit that failed for any reason but a full disk leaves open what is on disk.
fn commit_failed(error: rusqlite::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Io { doing, reason } => StoreError::SyncFailed { reason: format!("{doing}: {reason}") },
        other => other,
    }
}

/// Whether an outcome is one after which something may have changed.
fn changes(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::OverQuota | Outcome::Exists | Outcome::Gone | Outcome::Conflict | Outcome::Limit)
}

fn contents_of(op: &Op) -> Vec<&Content> {
    match op {
        Op::Deliver(deliver) => vec![&deliver.content],
        Op::Append(append) => append.messages.iter().map(|message| &message.content).collect(),
        Op::UploadAdd { content, .. } => vec![content],
        Op::EmailsAdd(add) => add.emails.iter().filter_map(|email| email.source.content()).collect(),
        Op::WithObjects { then, .. } => contents_of(then),
        _ => Vec::new(),
    }
}

/// About how many octets an operation brings: for the limit of a group.
pub(crate) fn weight(op: &Op) -> usize {
    const ROWS: usize = 512;
    let of = |content: &Content| match &content.place {
        Place::Inline { bytes, .. } => ROWS + bytes.len(),
        Place::Frames(_) => ROWS,
    };
    ROWS.max(contents_of(op).into_iter().map(of).sum::<usize>() + objects_of(op))
}

/// Octets of the objects an operation brings.
fn objects_of(op: &Op) -> usize {
    match op {
        Op::ObjectsChange { changes, .. } | Op::WithObjects { changes, .. } => {
            changes.iter().filter_map(|change| change.value.as_ref()).map(Vec::len).sum()
        }
        _ => 0,
    }
}

impl Work<'_> {
    fn apply(&mut self, op: &Op) -> Sql<Outcome> {
        match op {
            Op::DomainAdd { domain, now } => self.domain_add(domain, *now),
            Op::DomainRemove { domain } => self.domain_remove(domain),
            Op::AccountAdd { address, credentials, quota, now } => self.account_add(address, credentials, *quota, *now),
            Op::AccountRemove { address } => self.account_remove(address),
            Op::AccountSet { address, credentials, quota, pop_delete } => {
                self.account_set(address, credentials.as_ref(), *quota, *pop_delete)
            }
            Op::AliasAdd { alias } => self.alias_add(alias),
            Op::AliasRemove { address } => self.alias_remove(address),
            Op::AliasImport { origin, aliases } => self.alias_import(origin, aliases),
            Op::Claim { now, limit, lease_ms, token, except } => self.claim((*now, *lease_ms), *limit, *token, except),
            Op::ClaimAt { host, after, now, limit, lease_ms, token } => {
                self.claim_at(host, *after, (*now, *lease_ms), *limit, *token)
            }
            Op::Settle(settlement) => self.settle(settlement),
            Op::Renew { now, lease_ms, token, recipients } => self.renew(*now, *lease_ms, *token, recipients),
            Op::ReleaseAll => self.release_all(),
            Op::Defer { host, now, until, limit } => self.defer(host, *now, *until, *limit),
            Op::OutboxChange { filter, after, limit, change, now } => {
                self.outbox_change(filter, (*after, *limit), change, *now)
            }
            Op::Trace(entries) => self.trace(entries).map(|()| Outcome::Done),
            _ => self.apply_to_mail(op),
        }
    }

    fn apply_to_mail(&mut self, op: &Op) -> Sql<Outcome> {
        match op {
            Op::Deliver(deliver) => self.deliver(deliver),
            Op::Append(append) => self.append(append),
            Op::SetFlags { account, mailbox, uids, change, unchanged_since } => {
                self.set_flags((*account, *mailbox), uids, change, *unchanged_since)
            }
            Op::Copy { account, from, to_account, to, uids, carried, now } => {
                self.copy(((*account, *from), (*to_account, *to)), uids, *carried, *now)
            }
            Op::Move { account, from, to_account, to, uids, carried, now } => {
                self.move_messages(((*account, *from), (*to_account, *to)), uids, *carried, *now)
            }
            Op::Expunge { account, mailbox, uids, only_deleted, now } => {
                self.expunge((*account, *mailbox), uids, *only_deleted, *now)
            }
            Op::RecentClaim { account, mailbox, before } => self.claim_recent((*account, *mailbox), *before),
            Op::EmailsSet { .. } | Op::EmailsDestroy { .. } => self.change_emails(op, None),
            Op::EmailsWithin { mailboxes, then } => self.change_emails(then, Some(mailboxes)),
            Op::EmailsAdd(add) => self.emails_add(add),
            Op::UploadAdd { account, content, kind, now } => self.upload_add(*account, content, kind, *now),
            Op::ObjectsChange { account, changes, now } => self.objects_change(*account, changes, *now),
            Op::WithObjects { account, changes, now, then } => self.with_objects(*account, changes, *now, then),
            _ => self.apply_to_mailboxes(op),
        }
    }

    fn change_emails(&mut self, op: &Op, within: Option<&[MailboxId]>) -> Sql<Outcome> {
        match op {
            Op::EmailsSet { account, changes, unchanged_since, now } => {
                self.emails_set(*account, changes, (*unchanged_since, within), *now)
            }
            Op::EmailsDestroy { account, emails, unchanged_since, now } => {
                self.emails_destroy(*account, emails, (*unchanged_since, within), *now)
            }
            _ => Ok(Outcome::Conflict),
        }
    }

    fn apply_to_mailboxes(&mut self, op: &Op) -> Sql<Outcome> {
        match op {
            Op::MailboxCreate { account, parent, path, role, now } => {
                self.mailbox_create(*account, *parent, path, *role, *now)
            }
            Op::MailboxRename { account, mailbox, parent, path, now } => {
                self.mailbox_rename((*account, *mailbox), *parent, path, *now)
            }
            Op::MailboxDelete { account, mailbox, now } => self.mailbox_delete((*account, *mailbox), *now),
            Op::WhileNamed { account, names, then } if self.are_named(*account, names)? => {
                self.apply_to_mailboxes(then)
            }
            Op::WhileNamed { .. } => Ok(Outcome::Gone),
            Op::MailboxesSet { account, changes, now } => self.mailboxes_set(*account, changes, *now),
            Op::MailboxSubscribe { account, mailbox, subscribed } => {
                self.mailbox_subscribe((*account, *mailbox), *subscribed)
            }
            Op::NameSubscribe { account, name, subscribed } => self.name_subscribe(*account, name, *subscribed),
            Op::AclSet { account, mailbox, identifier, change } => {
                self.acl_set((*account, *mailbox), identifier, *change)
            }
            Op::Annotate { notes } => self.annotate(notes),
            _ => Ok(Outcome::Conflict),
        }
    }

    /// The next modseq of an account; `None` when there is no such account.
    pub(crate) fn next_modseq(&mut self, account: AccountId) -> Sql<Option<i64>> {
        let mut statement =
            self.sql.prepare_cached("UPDATE account SET modseq = modseq + 1 WHERE id = ?1 RETURNING modseq")?;
        let modseq = first(statement.query_row([account.0], |row| row.get::<_, i64>(0)))?;
        if let Some(modseq) = modseq {
            self.touch(account, modseq);
        }
        Ok(modseq)
    }

    /// Notes that the commit changes an account.
    pub(crate) fn touch(&mut self, account: AccountId, modseq: i64) {
        self.touched.insert(account, ModSeq(crate::columns::count(modseq)));
    }

    /// Runs a cached statement; how many rows it changed.
    pub(crate) fn run(&self, statement: &str, values: impl rusqlite::Params) -> Sql<usize> {
        Ok(self.sql.prepare_cached(statement)?.execute(values)?)
    }

    /// Whether a cached question has an answer.
    pub(crate) fn finds(&self, statement: &str, values: impl rusqlite::Params) -> Sql<bool> {
        Ok(self.sql.prepare_cached(statement)?.exists(values)?)
    }

    /// One number, where there is a row.
    pub(crate) fn number(&self, statement: &str, values: impl rusqlite::Params) -> Sql<Option<i64>> {
        first(self.sql.prepare_cached(statement)?.query_row(values, |row| row.get(0)))
    }

    /// A UIDVALIDITY no mailbox of the account ever had: the time in seconds, or one more than the last.
    pub(crate) fn next_validity(&self, account: AccountId, now: message::Time) -> Sql<u32> {
        let last = self.number("SELECT last_validity FROM account WHERE id = ?1", [account.0])?.unwrap_or(0);
        let next = num(now.unix_seconds()).max(last + 1);
        let validity = small(next).map_err(|_| StoreError::Exhausted { what: "UIDVALIDITY values" })?;
        self.run("UPDATE account SET last_validity = ?2 WHERE id = ?1", params![account.0, next])?;
        Ok(validity)
    }
}

/// A row that may not be there.
pub(crate) fn first<T>(row: rusqlite::Result<T>) -> Sql<Option<T>> {
    match row {
        Ok(row) => Ok(Some(row)),
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
