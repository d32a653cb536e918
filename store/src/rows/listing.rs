//! Questions of those who keep a mailbox open: all of it in narrow rows, and what became of it since. Nothing is
//! allocated for a row.

use super::mail::{MAILBOX, mailbox};
use super::{Answer, Snapshot};
use crate::columns::{Sql, count, num, small, time};
use crate::engine::keywords_of;
use crate::gone::GONE_UID;
use crate::query::{MailboxAt, MailboxById, MailboxNews, MailboxSince, NEWS_MAX, SaveDates, WholeMailbox};
use crate::types::{AccountId, EmailId, ListingNews, ListingRow, Mailbox, MailboxId, ModSeq, Uid, WholeListing};
use crate::uids::UidSet;
use message::Time;
use rusqlite::{Row, params};

/// A row found through an index takes as long as so many in a row.
const SCATTERED: u32 = 8;

impl Answer for MailboxById {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Mailbox>> {
        let find = format!("{MAILBOX} WHERE account = ?1 AND id = ?2");
        snapshot.one(&find, [self.account.0, self.mailbox.0], mailbox)
    }
}

impl Answer for MailboxAt {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Mailbox>> {
        let find = format!("{MAILBOX} WHERE account = ?1 AND parent = ?2 AND name = ?3");
        let mut found: Option<Mailbox> = None;
        for name in &self.path {
            let parent = found.as_ref().map_or(0, |mailbox| mailbox.id.0);
            found = snapshot.one(&find, params![self.account.0, parent, name.as_bytes()], mailbox)?;
            if found.is_none() {
                break;
            }
        }
        Ok(found)
    }
}

impl Answer for WholeMailbox {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<WholeListing>> {
        let find = MailboxById { account: self.account, mailbox: self.mailbox };
        let Some(mailbox) = find.answer(snapshot)? else { return Ok(None) };
        let keywords = keywords_of(snapshot.sql, self.account)?;
        let mut rows = Vec::with_capacity(mailbox.total as usize);
        let mut statement = snapshot.sql.prepare_cached(
            "SELECT uid, flags, modseq, email, size, received FROM msg WHERE account = ?1 AND mailbox = ?2 ORDER BY uid",
        )?;
        let mut found = statement.query([self.account.0, self.mailbox.0])?;
        while let Some(row) = found.next()? {
            rows.push(listed(row)?);
        }
        Ok(Some(WholeListing { mailbox, keywords, rows }))
    }
}

fn listed(row: &Row<'_>) -> Sql<ListingRow> {
    Ok(ListingRow {
        uid: Uid(small(row.get(0)?)?),
        flags: count(row.get(1)?),
        modseq: ModSeq(count(row.get(2)?)),
        email: EmailId(row.get(3)?),
        size: count(row.get(4)?),
        received: time(row.get(5)?),
    })
}

impl Answer for MailboxSince {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<ListingNews> {
        let mailbox = MailboxById { account: self.account, mailbox: self.mailbox }.answer(snapshot)?;
        self.news_of(snapshot, mailbox)
    }
}

impl Answer for MailboxNews {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<ListingNews>> {
        let whole = MailboxSince { account: self.account, mailbox: self.mailbox, since: self.since };
        let mailbox = MailboxById { account: self.account, mailbox: self.mailbox }.answer(snapshot)?;
        // One in which nothing happened has no news, however much there is of its account's others.
        let is_stirred = mailbox.as_ref().is_some_and(|mailbox| mailbox.modseq > self.since);
        if is_stirred {
            for count in [CHANGED_AT_MOST, GONE_AT_MOST] {
                if whole.are_more(snapshot, count, NEWS_MAX)? {
                    return Ok(None);
                }
            }
        }
        whole.news_of(snapshot, mailbox).map(Some)
    }
}

/// Rows of an account that changed after a modseq, and what went from it; counted up to a number.
const CHANGED_AT_MOST: &str = "SELECT count(*) FROM (SELECT 1 FROM msg INDEXED BY msg_modseq \
     WHERE account = ?1 AND modseq > ?2 LIMIT ?3)";
const GONE_AT_MOST: &str = "SELECT count(*) FROM (SELECT 1 FROM gone WHERE account = ?1 AND modseq > ?2 LIMIT ?3)";

impl MailboxSince {
    fn news_of(&self, snapshot: &Snapshot<'_>, mailbox: Option<Mailbox>) -> Sql<ListingNews> {
        let Some(mailbox) = mailbox else { return Ok(ListingNews::Gone) };
        let keywords = keywords_of(snapshot.sql, self.account)?;
        let (mut changed, mut vanished) = (Vec::new(), UidSet::default());
        if mailbox.modseq > self.since {
            if is_forgotten(snapshot, self.account, self.since)? {
                return Ok(ListingNews::Forgotten);
            }
            vanished = self.vanished(snapshot)?;
            changed = self.changed(snapshot, mailbox.total)?;
        }
        Ok(ListingNews::Known { mailbox: Box::new(mailbox), keywords, changed, vanished })
    }

    /// Whether there are more than so many of what is counted.
    fn are_more(&self, snapshot: &Snapshot<'_>, count: &str, most: u32) -> Sql<bool> {
        let limit = i64::from(most) + 1;
        let found = snapshot.one(count, [self.account.0, num(self.since.0), limit], |row| Ok(row.get::<_, i64>(0)?))?;
        Ok(found == Some(limit))
    }

    /// By the index of changes, whatever SQLite guesses of the tables: a mailbox is larger than what changed in it. Where
    /// it is not, its rows in order are read sooner than one by one.
    fn changed(&self, snapshot: &Snapshot<'_>, total: u32) -> Sql<Vec<ListingRow>> {
        let at = [self.account.0, self.mailbox.0, num(self.since.0)];
        let columns = "SELECT uid, flags, modseq, email, size, received FROM msg";
        if self.are_more(snapshot, CHANGED_AT_MOST, total / SCATTERED)? {
            // The sign keeps the index of changes out.
            let find = format!("{columns} WHERE account = ?1 AND mailbox = ?2 AND +modseq > ?3 ORDER BY uid");
            return snapshot.all(&find, at, listed);
        }
        let find = format!("{columns} INDEXED BY msg_modseq WHERE account = ?1 AND modseq > ?3 AND mailbox = ?2");
        let mut changed = snapshot.all(&find, at, listed)?;
        changed.sort_unstable_by_key(|row| row.uid);
        Ok(changed)
    }

    fn vanished(&self, snapshot: &Snapshot<'_>) -> Sql<UidSet> {
        let ranges = snapshot.all(
            "SELECT id, ifnull(last, id) FROM gone WHERE account = ?1 AND modseq > ?3 AND kind = ?4 AND mailbox = ?2",
            [self.account.0, self.mailbox.0, num(self.since.0), GONE_UID],
            |row| Ok((Uid(small(row.get(0)?)?), Uid(small(row.get(1)?)?))),
        )?;
        Ok(UidSet::of_ranges(ranges))
    }
}

/// The newest modseq of an account, and the oldest after which all can be told that JMAP asks for; `None` when it is not
/// there.
pub(super) fn floor_of(snapshot: &Snapshot<'_>, account: AccountId) -> Sql<Option<(ModSeq, ModSeq)>> {
    snapshot.one("SELECT modseq, max(modseq_floor, told_from) FROM account WHERE id = ?1", [account.0], |row| {
        Ok((ModSeq(count(row.get(0)?)), ModSeq(count(row.get(1)?))))
    })
}

/// Whether what went after a modseq cannot be told any more.
pub(super) fn is_forgotten(snapshot: &Snapshot<'_>, account: AccountId, since: ModSeq) -> Sql<bool> {
    let floor =
        snapshot.one("SELECT modseq_floor FROM account WHERE id = ?1", [account.0], |row| Ok(row.get::<_, i64>(0)?))?;
    Ok(floor.is_none_or(|floor| num(since.0) < floor))
}

impl Answer for SaveDates {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<(Uid, Time)>> {
        each(snapshot, (self.account, self.mailbox), &self.uids, |row| {
            Ok((Uid(small(row.get(0)?)?), time(row.get(1)?)))
        })
    }
}

fn each<T>(
    snapshot: &Snapshot<'_>,
    of: (AccountId, MailboxId),
    uids: &UidSet,
    make: impl Fn(&Row<'_>) -> Sql<T>,
) -> Sql<Vec<T>> {
    let mut statement = snapshot.sql.prepare_cached(
        "SELECT uid, ifnull(saved, received) FROM msg \
         WHERE account = ?1 AND mailbox = ?2 AND uid BETWEEN ?3 AND ?4 ORDER BY uid",
    )?;
    let mut all = Vec::new();
    for (first, last) in uids.ranges() {
        let mut rows = statement.query(params![of.0.0, of.1.0, first.0, last.0])?;
        while let Some(row) = rows.next()? {
            all.push(make(row)?);
        }
    }
    Ok(all)
}
