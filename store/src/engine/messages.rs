//! Messages between mailboxes and out of them: copy, move, expunge.

use super::deliver::NewMessage;
use super::flags::in_order;
use super::mailbox::{GONE_EMAIL, GONE_UID};
use super::{Work, first};
use crate::columns::{Sql, bits, num, small};
use crate::op::Outcome;
use crate::types::{AccountId, MailboxId, Uid};
use message::Time;
use rusqlite::{Row, params};

/// A row of `msg` as it is taken along.
struct Entry {
    email: i64,
    flags: i64,
    size: i64,
    received: i64,
}

/// What leaves a mailbox, summed up.
#[derive(Default)]
struct Leaving {
    total: i64,
    unseen: i64,
    octets: i64,
}

impl Work<'_> {
    pub(super) fn copy(&mut self, account: AccountId, way: (MailboxId, MailboxId), uids: &[Uid]) -> Sql<Outcome> {
        let Some(uid_validity) = self.way_is_there(account, way)? else { return Ok(Outcome::Gone) };
        let found = self.entries(account, way.0, uids)?;
        let mut pairs = Vec::with_capacity(found.len());
        if !found.is_empty() {
            let modseq = self.next_modseq(account)?.unwrap_or(0);
            for (uid, entry) in found {
                self.run(
                    "UPDATE email SET copies = copies + 1 WHERE account = ?1 AND id = ?2",
                    [account.0, entry.email],
                )?;
                pairs.push((Some(uid), self.insert_entry((account, modseq), way.1, &entry)?));
            }
        }
        Ok(Outcome::Uids { uid_validity, pairs })
    }

    pub(super) fn move_messages(
        &mut self,
        account: AccountId,
        way: (MailboxId, MailboxId),
        uids: &[Uid],
        now: Time,
    ) -> Sql<Outcome> {
        let Some(uid_validity) = self.way_is_there(account, way)? else { return Ok(Outcome::Gone) };
        let found = self.entries(account, way.0, uids)?;
        let mut pairs = Vec::with_capacity(found.len());
        if !found.is_empty() {
            let modseq = self.next_modseq(account)?.unwrap_or(0);
            let mut leaving = Leaving::default();
            for (uid, entry) in found {
                pairs.push((Some(uid), self.insert_entry((account, modseq), way.1, &entry)?));
                self.remove_entry((account, modseq), (way.0, uid), now)?;
                leaving.count(&entry);
            }
            self.count_out((account, modseq), way.0, &leaving)?;
        }
        Ok(Outcome::Uids { uid_validity, pairs })
    }

    pub(super) fn expunge(&mut self, account: AccountId, mailbox: MailboxId, uids: &[Uid], now: Time) -> Sql<Outcome> {
        if self.way_is_there(account, (mailbox, mailbox))?.is_none() {
            return Ok(Outcome::Gone);
        }
        let found = self.entries(account, mailbox, uids)?;
        if found.is_empty() {
            return Ok(Outcome::Removed(0));
        }
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        let mut leaving = Leaving::default();
        for (uid, entry) in &found {
            self.remove_entry((account, modseq), (mailbox, *uid), now)?;
            self.drop_copy((account, modseq), entry.email, now)?;
            leaving.count(entry);
        }
        self.count_out((account, modseq), mailbox, &leaving)?;
        Ok(Outcome::Removed(small(leaving.total)?))
    }

    /// The destination's UIDVALIDITY, where both ends are there.
    fn way_is_there(&self, account: AccountId, way: (MailboxId, MailboxId)) -> Sql<Option<u32>> {
        let find = "SELECT uid_validity FROM mailbox WHERE account = ?1 AND id = ?2";
        if self.number(find, [account.0, way.0.0])?.is_none() {
            return Ok(None);
        }
        self.number(find, [account.0, way.1.0])?.map(small).transpose()
    }

    fn entries(&self, account: AccountId, mailbox: MailboxId, uids: &[Uid]) -> Sql<Vec<(Uid, Entry)>> {
        let find = "SELECT email, flags, size, received FROM msg WHERE account = ?1 AND mailbox = ?2 AND uid = ?3";
        let mut statement = self.sql.prepare_cached(find)?;
        let mut found = Vec::new();
        for uid in in_order(uids) {
            let entry = first(statement.query_row([account.0, mailbox.0, i64::from(uid.0)], entry))?;
            found.extend(entry.map(|entry| (uid, entry)));
        }
        Ok(found)
    }

    pub(super) fn uids_of(&self, account: AccountId, mailbox: MailboxId) -> Sql<Vec<Uid>> {
        let mut statement = self.sql.prepare_cached("SELECT uid FROM msg WHERE account = ?1 AND mailbox = ?2")?;
        let rows = statement.query_map([account.0, mailbox.0], |row| row.get(0))?;
        Ok(rows.map(|uid| uid.map(Uid)).collect::<Result<_, _>>()?)
    }

    fn insert_entry(&mut self, at: (AccountId, i64), mailbox: MailboxId, entry: &Entry) -> Sql<Uid> {
        let (account, modseq) = at;
        let Entry { email, flags, size, received } = *entry;
        self.insert_message(&NewMessage { account, mailbox: mailbox.0, email, modseq, flags, size, received })
    }

    fn remove_entry(&mut self, at: (AccountId, i64), message: (MailboxId, Uid), now: Time) -> Sql<()> {
        let (mailbox, uid) = message;
        self.run(
            "DELETE FROM msg WHERE account = ?1 AND mailbox = ?2 AND uid = ?3",
            [at.0.0, mailbox.0, i64::from(uid.0)],
        )?;
        self.mark_gone(at, GONE_UID, (mailbox.0, i64::from(uid.0)), now)
    }

    pub(super) fn mark_gone(&mut self, at: (AccountId, i64), kind: i64, what: (i64, i64), now: Time) -> Sql<()> {
        self.run(
            "INSERT INTO gone (account, modseq, kind, mailbox, id, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![at.0.0, at.1, kind, what.0, what.1, num(now.0)],
        )?;
        Ok(())
    }

    fn count_out(&mut self, at: (AccountId, i64), mailbox: MailboxId, leaving: &Leaving) -> Sql<()> {
        self.run(
            "UPDATE mailbox SET modseq = ?3, total = total - ?4, unseen = unseen - ?5, octets = octets - ?6 \
             WHERE account = ?1 AND id = ?2",
            [at.0.0, mailbox.0, at.1, leaving.total, leaving.unseen, leaving.octets],
        )?;
        Ok(())
    }

    /// One mailbox less shows an e-mail; without any it goes, and its content with the last that refers to it.
    fn drop_copy(&mut self, at: (AccountId, i64), email: i64, now: Time) -> Sql<()> {
        let (account, _) = at;
        let gone = {
            let mut statement = self.sql.prepare_cached(
                "DELETE FROM email WHERE account = ?1 AND id = ?2 AND copies <= 1 RETURNING blob, size, refs",
            )?;
            first(statement.query_row([account.0, email], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?))
            }))?
        };
        let Some((blob, size, refs)) = gone else {
            self.run("UPDATE email SET copies = copies - 1 WHERE account = ?1 AND id = ?2", [account.0, email])?;
            return Ok(());
        };
        self.run("UPDATE account SET used = used - ?2, messages = messages - 1 WHERE id = ?1", [account.0, size])?;
        self.forget_thread(account, email, &refs)?;
        self.release_blob(blob)?;
        self.mark_gone(at, GONE_EMAIL, (0, email), now)
    }
}

impl Leaving {
    fn count(&mut self, entry: &Entry) {
        self.total += 1;
        self.unseen += i64::from(entry.flags & bits::SEEN == 0);
        self.octets += entry.size;
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry { email: row.get(0)?, flags: row.get(1)?, size: row.get(2)?, received: row.get(3)? })
}
