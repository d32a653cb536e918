//! What became of e-mails, conversations, mailboxes and objects after a mark (RFC 8620 §5.2). Owns the cut of a page and
//! the rule what counts as created, updated and destroyed in it.

use super::listing::floor_of;
use super::{Answer, Snapshot};
use crate::columns::{Sql, num};
use crate::email::{Changes, MailboxChanges, Mark};
use crate::gone::{GONE_EMAIL, GONE_MAILBOX, GONE_PLACE, Lived, gone_object, lived_of};
use crate::query::{EmailsSince, MailboxListSince, ObjectsSince, ThreadsSince};
use crate::types::{AccountId, EmailId, MailboxId};
use rusqlite::params;
use std::collections::{BTreeMap, BTreeSet};

/// How long something was there: its number (or that of the conversation it belongs to), when it came, when it went.
#[derive(Clone, Copy, Debug)]
struct Life {
    id: i64,
    born: i64,
    gone: Option<i64>,
}

impl Life {
    /// Whether it was there at a mark.
    fn was_there(&self, at: Mark) -> bool {
        let happened = |modseq| Mark::within(modseq, self.id) <= at;
        happened(self.born) && !self.gone.is_some_and(happened)
    }
}

/// Between which marks changes are told.
#[derive(Clone, Copy)]
struct Between {
    account: AccountId,
    since: Mark,
    /// The state now.
    newest: Mark,
    limit: usize,
}

impl Between {
    /// `None` when what went since cannot be told any more, or it has not happened yet.
    fn new(snapshot: &Snapshot<'_>, account: AccountId, since: Mark, limit: u32) -> Sql<Option<Between>> {
        let Some((modseq, floor)) = floor_of(snapshot, account)? else { return Ok(None) };
        let is_told = since.whole() >= floor && since.modseq() <= modseq;
        let limit = limit.max(1) as usize;
        Ok(is_told.then_some(Between { account, since, newest: Mark::after(modseq), limit }))
    }

    /// The modseq after which rows are looked at; some of what they say may have been told already.
    fn whole(&self) -> i64 {
        num(self.since.whole().0)
    }

    /// The first page of what was touched: at most so many ids, and where it ends. What was touched after `horizon` is not
    /// known.
    fn cut(&self, mut touched: Vec<Mark>, horizon: Mark) -> (BTreeSet<i64>, Mark) {
        touched.retain(|mark| *mark > self.since && *mark <= horizon);
        touched.sort_unstable();
        let (mut page, mut until) = (BTreeSet::new(), self.since);
        for mark in touched {
            if page.len() >= self.limit && !page.contains(&mark.id()) {
                return (page, until);
            }
            page.insert(mark.id());
            until = mark;
        }
        (page, horizon)
    }

    /// What became of these ids until a mark, by the lives of all that bear them.
    fn sort(&self, page: &BTreeSet<i64>, until: Mark, lives: &[Life]) -> Changes<i64> {
        let mut there: BTreeMap<i64, (bool, bool)> = BTreeMap::new();
        for life in lives.iter().filter(|life| page.contains(&life.id)) {
            let (before, after) = there.entry(life.id).or_default();
            *before |= life.was_there(self.since);
            *after |= life.was_there(until);
        }
        let (created, updated, destroyed) = (Vec::new(), Vec::new(), Vec::new());
        let mut changes = Changes { created, updated, destroyed, until, more: until < self.newest };
        for (id, how) in there {
            match how {
                (false, true) => changes.created.push(id),
                (true, true) => changes.updated.push(id),
                (true, false) => changes.destroyed.push(id),
                (false, false) => {}
            }
        }
        changes
    }

    /// What a kind of row tells of things that went, or left a place, after the mark.
    fn gone(&self, snapshot: &Snapshot<'_>, kind: i64) -> Sql<Vec<(i64, Lived)>> {
        let rows = snapshot.all(
            "SELECT modseq, id, ifnull(last, id), detail FROM gone WHERE account = ?1 AND modseq > ?2 AND kind = ?3",
            [self.account.0, self.whole(), kind],
            |row| {
                let modseq: i64 = row.get(0)?;
                let lived = lived_of(row.get(1)?, row.get(2)?, row.get::<_, Option<Vec<u8>>>(3)?.as_deref())?;
                Ok(lived.into_iter().map(move |lived| (modseq, lived)).collect::<Vec<_>>())
            },
        )?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// The first e-mail that came after the mark: those with lower ids came before it, for ids and modseqs rise together.
    fn first_young(&self, snapshot: &Snapshot<'_>) -> Sql<i64> {
        let mut statement = snapshot
            .sql
            .prepare_cached("SELECT id, born FROM email WHERE account = ?1 AND id >= ?2 ORDER BY id LIMIT 1")?;
        let last = snapshot
            .one("SELECT last_email FROM account WHERE id = ?1", [self.account.0], |row| Ok(row.get::<_, i64>(0)?))?;
        let (mut low, mut high) = (0, last.unwrap_or(0) + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = crate::engine::first(
                statement.query_row([self.account.0, middle], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))),
            )?;
            match found {
                Some((id, born)) if born <= self.whole() => low = id + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }
}

/// An e-mail that came after the mark and is still there.
fn young(row: &rusqlite::Row<'_>) -> Sql<Lived> {
    Ok(Lived { id: row.get(0)?, born: row.get(1)?, thread: row.get(2)? })
}

const YOUNG: &str = "SELECT id, born, thread FROM email WHERE account = ?1 AND id >= ?2 ORDER BY id";

impl Answer for EmailsSince {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Changes<EmailId>>> {
        let Some(between) = Between::new(snapshot, self.account, self.since, self.limit)? else { return Ok(None) };
        // What happened with the mark's modseq to e-mails up to its id was told: those came before, or with it.
        let told = if self.since.whole() < self.since.modseq() { self.since.id() + 1 } else { 0 };
        let first_young = between.first_young(snapshot)?.max(told);
        let (mut horizon, mut lives, mut touched) = (between.newest, Vec::new(), Vec::new());
        for lived in between.young_emails(snapshot, first_young)? {
            touched.push(Mark::within(lived.born, lived.id));
            lives.push(Life { id: lived.id, born: lived.born, gone: None });
            if lives.len() > between.limit {
                horizon = horizon.min(Mark::within(lived.born, lived.id));
            }
        }
        for (modseq, lived) in between.gone(snapshot, GONE_EMAIL)? {
            touched.extend([Mark::within(lived.born, lived.id), Mark::within(modseq, lived.id)]);
            lives.push(Life { id: lived.id, born: lived.born, gone: Some(modseq) });
        }
        let (changed, complete) = between.changed_emails(snapshot)?;
        let left = between.gone(snapshot, GONE_PLACE)?.into_iter().map(|(modseq, lived)| (modseq, lived.id));
        for (modseq, id) in changed.into_iter().chain(left) {
            touched.push(Mark::within(modseq, id));
            if id < first_young {
                lives.push(Life { id, born: 0, gone: None });
            }
        }
        let (page, until) = between.cut(touched, horizon.min(complete));
        let went: BTreeSet<i64> = lives.iter().filter(|life| life.gone.is_some()).map(|life| life.id).collect();
        // One that left a place and then went is not there any more, though the row about the place knows no better.
        lives.retain(|life| life.gone.is_some() || !went.contains(&life.id));
        Ok(Some(between.sort(&page, until, &lives).map(EmailId)))
    }
}

impl Between {
    /// E-mails that came after the mark, one more than a page holds.
    fn young_emails(&self, snapshot: &Snapshot<'_>, first: i64) -> Sql<Vec<Lived>> {
        let limit = num(self.limit as u64).saturating_add(1);
        snapshot.all(&format!("{YOUNG} LIMIT ?3"), [self.account.0, first, limit], young)
    }

    /// Modseq and e-mail of rows that changed after the mark, as many as a page can hold; and until when these are all.
    fn changed_emails(&self, snapshot: &Snapshot<'_>) -> Sql<(Vec<(i64, i64)>, Mark)> {
        let mut statement = snapshot.sql.prepare_cached(
            "SELECT modseq, email FROM msg INDEXED BY msg_modseq WHERE account = ?1 AND modseq > ?2 ORDER BY modseq",
        )?;
        let mut rows = statement.query([self.account.0, self.whole()])?;
        let (mut changed, mut ids): (Vec<(i64, i64)>, BTreeSet<i64>) = Default::default();
        while let Some(row) = rows.next()? {
            let (modseq, email) = (row.get(0)?, row.get(1)?);
            // Within one modseq rows are in another order than ids.
            if ids.len() > self.limit && changed.last().is_some_and(|(before, _)| *before < modseq) {
                let complete = changed.last().map_or(0, |(before, _)| *before);
                return Ok((changed, Mark::within(complete, i64::MAX)));
            }
            if Mark::within(modseq, email) > self.since {
                ids.insert(email);
            }
            changed.push((modseq, email));
        }
        Ok((changed, self.newest))
    }
}

impl Answer for ThreadsSince {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Changes<EmailId>>> {
        let Some(between) = Between::new(snapshot, self.account, self.since, self.limit)? else { return Ok(None) };
        let first_young = between.first_young(snapshot)?;
        let (young, complete) = between.young_threads(snapshot, first_young)?;
        let gone = between.gone(snapshot, GONE_EMAIL)?;
        let mut touched: Vec<Mark> = young.iter().map(|lived| Mark::within(lived.born, lived.thread)).collect();
        for (modseq, lived) in &gone {
            touched.extend([Mark::within(lived.born, lived.thread), Mark::within(*modseq, lived.thread)]);
        }
        let (page, until) = between.cut(touched, complete);
        let gone = gone.iter().map(|(modseq, lived)| Life { id: lived.thread, born: lived.born, gone: Some(*modseq) });
        let mut lives: Vec<Life> = gone.collect();
        for thread in &page {
            lives.extend(members(snapshot, self.account, *thread)?);
        }
        Ok(Some(between.sort(&page, until, &lives).map(EmailId)))
    }
}

impl Between {
    /// E-mails that came after the mark, until they make more conversations than a page holds; and until when these are
    /// all.
    fn young_threads(&self, snapshot: &Snapshot<'_>, first: i64) -> Sql<(Vec<Lived>, Mark)> {
        let mut statement = snapshot.sql.prepare_cached(YOUNG)?;
        let mut rows = statement.query([self.account.0, first])?;
        let (mut all, mut threads): (Vec<Lived>, BTreeSet<i64>) = Default::default();
        while let Some(row) = rows.next()? {
            let lived = young(row)?;
            let before = all.last().map_or(0, |before: &Lived| before.born);
            if threads.len() > self.limit && before < lived.born {
                return Ok((all, Mark::within(before, i64::MAX)));
            }
            if Mark::within(lived.born, lived.thread) > self.since {
                threads.insert(lived.thread);
            }
            all.push(lived);
        }
        Ok((all, self.newest))
    }
}

/// The e-mails of a conversation that are there, each as a life of it.
fn members(snapshot: &Snapshot<'_>, account: AccountId, thread: i64) -> Sql<Vec<Life>> {
    snapshot.all(
        "SELECT born FROM email WHERE account = ?1 AND id = ?2 AND thread = id UNION ALL \
         SELECT born FROM email INDEXED BY email_thread WHERE account = ?1 AND thread = ?2 AND thread <> id",
        [account.0, thread],
        |row| Ok(Life { id: thread, born: row.get(0)?, gone: None }),
    )
}

impl Answer for MailboxListSince {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<MailboxChanges>> {
        let Some(between) = Between::new(snapshot, self.account, self.since, self.limit)? else { return Ok(None) };
        let (mut lives, mut touched, mut renamed) = (Vec::new(), Vec::new(), BTreeSet::new());
        let find = "SELECT id, modseq, added, changed FROM mailbox WHERE account = ?1 AND modseq > ?2";
        let rows = snapshot.all(find, [self.account.0, between.whole()], |row| {
            Ok([row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })?;
        for [id, modseq, added, changed] in rows {
            touched.extend([modseq, added, changed].map(|at| Mark::within(at, id)));
            lives.push(Life { id, born: added, gone: None });
            if Mark::within(changed, id) > self.since {
                renamed.insert(id);
            }
        }
        for (modseq, lived) in between.gone(snapshot, GONE_MAILBOX)? {
            touched.extend([Mark::within(lived.born, lived.id), Mark::within(modseq, lived.id)]);
            lives.push(Life { id: lived.id, born: lived.born, gone: Some(modseq) });
        }
        let (page, until) = between.cut(touched, between.newest);
        let changes = between.sort(&page, until, &lives);
        let only_counts = !changes.updated.iter().any(|id| renamed.contains(id));
        Ok(Some(MailboxChanges { changes: changes.map(MailboxId), only_counts }))
    }
}

impl Answer for ObjectsSince {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Changes<i64>>> {
        let Some(between) = Between::new(snapshot, self.account, self.since, self.limit)? else { return Ok(None) };
        let (mut lives, mut touched) = (Vec::new(), Vec::new());
        let rows = snapshot.all(
            "SELECT id, modseq, added FROM object INDEXED BY object_modseq \
             WHERE account = ?1 AND kind = ?2 AND modseq > ?3",
            params![self.account.0, self.kind.number(), between.whole()],
            |row| Ok([row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?]),
        )?;
        for [id, modseq, added] in rows {
            touched.extend([modseq, added].map(|at| Mark::within(at, id)));
            lives.push(Life { id, born: added, gone: None });
        }
        for (modseq, lived) in between.gone(snapshot, gone_object(self.kind))? {
            touched.extend([Mark::within(lived.born, lived.id), Mark::within(modseq, lived.id)]);
            lives.push(Life { id: lived.id, born: lived.born, gone: Some(modseq) });
        }
        let (page, until) = between.cut(touched, between.newest);
        Ok(Some(between.sort(&page, until, &lives)))
    }
}
