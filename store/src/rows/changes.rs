//! What changed in an account after a modseq.

use super::listing::is_forgotten;
use super::mail::{MAILBOX, mailbox};
use super::{Answer, Snapshot};
use crate::columns::{self, Sql, count, num, small};
use crate::engine::keywords_of;
use crate::gone::{GONE_MAILBOX, GONE_UID};
use crate::query::{Change, ChangesSince, MailboxesSince};
use crate::types::{EmailId, Mailbox, MailboxId, ModSeq, Uid};
use rusqlite::Row;

type Line = (i64, Change);

impl Answer for ChangesSince {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Vec<(ModSeq, Change)>>> {
        let since = num(self.since.0);
        if is_forgotten(snapshot, self.account, self.since)? {
            return Ok(None);
        }
        let last = self.last_of_page(snapshot, since)?;
        let mut lines = self.of_messages(snapshot, since, last)?;
        lines.extend(self.of_mailboxes(snapshot, since, last)?);
        lines.extend(self.of_the_gone(snapshot, since, last)?);
        // Within one modseq: mailboxes that come, then what comes and changes in them, then what goes.
        lines.sort_by_key(|(modseq, change)| (*modseq, rank(change)));
        Ok(Some(lines.into_iter().map(|(modseq, change)| (ModSeq(count(modseq)), change)).collect()))
    }
}

impl Answer for MailboxesSince {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Vec<Mailbox>>> {
        let since = num(self.since.0);
        let values = [self.account.0, since, GONE_MAILBOX];
        let more = "SELECT 1 FROM mailbox WHERE account = ?1 AND changed > ?2 UNION ALL \
                    SELECT 1 FROM gone WHERE account = ?1 AND modseq > ?2 AND kind = ?3 LIMIT 1";
        if is_forgotten(snapshot, self.account, self.since)? || snapshot.one(more, values, |_| Ok(()))?.is_some() {
            return Ok(None);
        }
        let find = format!("{MAILBOX} WHERE account = ?1 AND modseq > ?2 ORDER BY id");
        snapshot.all(&find, [self.account.0, since], mailbox).map(Some)
    }
}

impl ChangesSince {
    /// The modseq with which a page of `limit` lines ends. What one operation changed is never torn apart, so that the
    /// next page can begin after it.
    fn last_of_page(&self, snapshot: &Snapshot<'_>, since: i64) -> Sql<i64> {
        let last = snapshot.one(
            "SELECT modseq FROM (\
               SELECT modseq FROM msg WHERE account = ?1 AND modseq > ?2 \
               UNION ALL SELECT modseq FROM gone WHERE account = ?1 AND modseq > ?2 AND kind IN (?4, ?5) \
               UNION ALL SELECT changed FROM mailbox WHERE account = ?1 AND changed > ?2) \
             ORDER BY modseq LIMIT 1 OFFSET ?3",
            [self.account.0, since, i64::from(self.limit.max(1)) - 1, GONE_UID, GONE_MAILBOX],
            |row| Ok(row.get(0)?),
        )?;
        Ok(last.unwrap_or(i64::MAX))
    }

    fn of_messages(&self, snapshot: &Snapshot<'_>, since: i64, last: i64) -> Sql<Vec<Line>> {
        let keywords = keywords_of(snapshot.sql, self.account)?;
        snapshot.all(
            "SELECT modseq, mailbox, uid, email, added, flags FROM msg \
             WHERE account = ?1 AND modseq > ?2 AND modseq <= ?3",
            [self.account.0, since, last],
            |row| {
                let (mailbox, uid) = (MailboxId(row.get(1)?), Uid(small(row.get(2)?)?));
                let added: i64 = row.get(4)?;
                let change = if added > since {
                    Change::Added { mailbox, uid, email: EmailId(row.get(3)?) }
                } else {
                    Change::FlagsChanged { mailbox, uid, flags: columns::flags(row.get(5)?, &keywords) }
                };
                Ok((row.get(0)?, change))
            },
        )
    }

    fn of_mailboxes(&self, snapshot: &Snapshot<'_>, since: i64, last: i64) -> Sql<Vec<Line>> {
        snapshot.all(
            "SELECT changed, id, added FROM mailbox WHERE account = ?1 AND changed > ?2 AND changed <= ?3",
            [self.account.0, since, last],
            |row| {
                let mailbox = MailboxId(row.get(1)?);
                let added: i64 = row.get(2)?;
                let new = added > since;
                let change = if new { Change::MailboxCreated { mailbox } } else { Change::MailboxChanged { mailbox } };
                Ok((row.get(0)?, change))
            },
        )
    }

    fn of_the_gone(&self, snapshot: &Snapshot<'_>, since: i64, last: i64) -> Sql<Vec<Line>> {
        let lines = snapshot.all(
            "SELECT modseq, kind, mailbox, id, ifnull(last, id) FROM gone WHERE account = ?1 AND modseq > ?2 AND modseq <= ?3",
            [self.account.0, since, last],
            gone,
        )?;
        Ok(lines.into_iter().flatten().collect())
    }
}

/// A row may name a range of UIDs, which went in one operation.
fn gone(row: &Row<'_>) -> Sql<Vec<Line>> {
    let (modseq, mailbox) = (row.get(0)?, MailboxId(row.get(2)?));
    Ok(match row.get::<_, i64>(1)? {
        GONE_UID => {
            let (first, last) = (small(row.get(3)?)?, small(row.get(4)?)?);
            (first..=last).map(|uid| (modseq, Change::Expunged { mailbox, uid: Uid(uid) })).collect()
        }
        GONE_MAILBOX => vec![(modseq, Change::MailboxDeleted { mailbox })],
        _ => Vec::new(),
    })
}

fn rank(change: &Change) -> (u8, i64, u32) {
    match change {
        Change::MailboxCreated { mailbox } => (0, mailbox.0, 0),
        Change::MailboxChanged { mailbox } => (1, mailbox.0, 0),
        Change::Added { mailbox, uid, .. } => (2, mailbox.0, uid.0),
        Change::FlagsChanged { mailbox, uid, .. } => (3, mailbox.0, uid.0),
        Change::Expunged { mailbox, uid } => (4, mailbox.0, uid.0),
        Change::MailboxDeleted { mailbox } => (5, mailbox.0, 0),
    }
}
