//! Small things of an account: they come, change and go, alone or together with another operation.

use super::{Work, changes, first};
use crate::columns::{Sql, count, num, sum};
use crate::email::Span;
use crate::gone::{Lived, gone_object};
use crate::object::{
    OBJECT_KEY_OCTETS_MAX, OBJECT_OCTETS_MAX, OBJECTS_MAX, OBJECTS_OCTETS_MAX, ObjectChange, ObjectKind,
};
use crate::op::{Op, Outcome};
use crate::types::{AccountId, ModSeq};
use message::Time;
use rusqlite::params;
use std::collections::BTreeMap;

/// What an operation comes to for objects of one kind.
#[derive(Default)]
struct Difference {
    objects: i64,
    octets: i64,
    gone: Vec<Lived>,
}

/// What of an object decides what may be done with it.
struct Known {
    modseq: i64,
    added: i64,
    octets: i64,
}

type Differences = BTreeMap<ObjectKind, Difference>;

impl Work<'_> {
    /// What it does before it is refused is undone with it.
    pub(super) fn objects_change(&mut self, account: AccountId, all: &[ObjectChange], now: Time) -> Sql<Outcome> {
        let Some(before) = self.modseq_of(account)? else { return Ok(Outcome::Gone) };
        if all.is_empty() {
            return Ok(Outcome::Objects { ids: Vec::new(), span: Span { before, after: before } });
        }
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        let (mut ids, mut differences) = (Vec::with_capacity(all.len()), Differences::new());
        for change in all {
            if let Some(refused) = self.refuses(account, change)? {
                return Ok(refused);
            }
            let difference = differences.entry(change.kind).or_default();
            match self.object_change((account, modseq), change, difference)? {
                Ok(id) => ids.push(id),
                Err(refused) => return Ok(refused),
            }
        }
        for (kind, difference) in differences {
            if !self.count_objects((account, modseq, now), kind, &difference)? {
                return Ok(Outcome::Limit);
            }
        }
        self.due_changed |= all.iter().any(|change| change.due.is_some());
        Ok(Outcome::Objects { ids, span: Span { before, after: ModSeq(count(modseq)) } })
    }

    /// Both or neither: a refusal of the second undoes the first too.
    pub(super) fn with_objects(
        &mut self,
        account: AccountId,
        all: &[ObjectChange],
        now: Time,
        then: &Op,
    ) -> Sql<Outcome> {
        let (ids, before) = match self.objects_change(account, all, now)? {
            Outcome::Objects { ids, span } => (ids, span.before),
            refused => return Ok(refused),
        };
        let then = self.apply(then)?;
        if !changes(&then) {
            return Ok(then);
        }
        let after = self.modseq_of(account)?.unwrap_or(before);
        Ok(Outcome::WithObjects { ids, span: Span { before, after }, then: Box::new(then) })
    }

    /// The newest change of an account; `None` when there is no such account.
    pub(super) fn modseq_of(&self, account: AccountId) -> Sql<Option<ModSeq>> {
        let found = self.number("SELECT modseq FROM account WHERE id = ?1", [account.0])?;
        Ok(found.map(|modseq| ModSeq(count(modseq))))
    }

    /// Why a change cannot be, whatever it is made to.
    fn refuses(&self, account: AccountId, change: &ObjectChange) -> Sql<Option<Outcome>> {
        let octets = change.value.as_ref().map_or(0, Vec::len);
        let key = change.key.as_ref().filter(|_| change.value.is_some());
        if octets > OBJECT_OCTETS_MAX || key.is_some_and(|key| key.len() > OBJECT_KEY_OCTETS_MAX) {
            return Ok(Some(Outcome::Limit));
        }
        let Some(key) = key else { return Ok(None) };
        let find = "SELECT account, id FROM object WHERE kind = ?1 AND key = ?2 AND key IS NOT NULL";
        let mut statement = self.sql.prepare_cached(find)?;
        let holder =
            first(statement.query_row(params![change.kind.number(), key], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
            }))?;
        let is_free = holder.is_none_or(|(of, id)| of == account.0 && Some(id) == change.id);
        Ok(if is_free { None } else { Some(Outcome::Exists) })
    }

    /// The object's id, or why not.
    fn object_change(
        &mut self,
        at: (AccountId, i64),
        change: &ObjectChange,
        difference: &mut Difference,
    ) -> Sql<Result<i64, Outcome>> {
        let (account, modseq) = at;
        let Some(id) = change.id else {
            let Some(value) = &change.value else { return Ok(Err(Outcome::Conflict)) };
            let id = self.next_object(account)?;
            self.insert_object((account, id), (modseq, modseq), change, value)?;
            difference.objects += 1;
            difference.octets += num(value.len() as u64);
            return Ok(Ok(id));
        };
        let Some(known) = self.known(account, change.kind, id)? else { return Ok(Err(Outcome::Gone)) };
        let since = change.unchanged_since.map_or(i64::MAX, |since| num(since.0));
        // What this same operation did is nobody else's doing.
        if known.modseq > since && known.modseq != modseq {
            return Ok(Err(Outcome::Conflict));
        }
        difference.octets -= known.octets;
        self.run(
            "DELETE FROM object WHERE account = ?1 AND kind = ?2 AND id = ?3",
            [account.0, change.kind.number(), id],
        )?;
        if let Some(value) = &change.value {
            difference.octets += num(value.len() as u64);
            self.insert_object((account, id), (modseq, known.added), change, value)?;
        } else {
            difference.objects -= 1;
            difference.gone.push(Lived::alone(id, known.added));
        }
        Ok(Ok(id))
    }

    fn known(&self, account: AccountId, kind: ObjectKind, id: i64) -> Sql<Option<Known>> {
        let find = "SELECT modseq, added, length(value) FROM object WHERE account = ?1 AND kind = ?2 AND id = ?3";
        let mut statement = self.sql.prepare_cached(find)?;
        first(statement.query_row([account.0, kind.number(), id], |row| {
            Ok(Known { modseq: row.get(0)?, added: row.get(1)?, octets: row.get(2)? })
        }))
    }

    /// A number that nothing of the account has had: for an object or an upload.
    pub(super) fn next_object(&self, account: AccountId) -> Sql<i64> {
        let next = "UPDATE account SET last_object = last_object + 1 WHERE id = ?1 RETURNING last_object";
        Ok(self.number(next, [account.0])?.unwrap_or(0))
    }

    fn insert_object(&self, of: (AccountId, i64), at: (i64, i64), change: &ObjectChange, value: &[u8]) -> Sql<()> {
        let ((account, id), (modseq, added)) = (of, at);
        self.run(
            "INSERT INTO object (account, kind, id, key, value, sum, due, modseq, added) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                account.0,
                change.kind.number(),
                id,
                change.key,
                value,
                sum(value),
                change.due.map(|due| num(due.0)),
                modseq,
                added
            ],
        )?;
        Ok(())
    }

    /// Counts objects of a kind; whether they are within the limits.
    fn count_objects(&mut self, at: (AccountId, i64, Time), kind: ObjectKind, difference: &Difference) -> Sql<bool> {
        let (account, modseq, now) = at;
        let (objects, octets): (i64, i64) = self
            .sql
            .prepare_cached(
                "INSERT INTO object_count (account, kind, objects, octets, modseq) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (account, kind) DO UPDATE SET objects = objects + excluded.objects, \
                 octets = octets + excluded.octets, modseq = excluded.modseq RETURNING objects, octets",
            )?
            .query_row([account.0, kind.number(), difference.objects, difference.octets, modseq], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let mut gone = difference.gone.clone();
        gone.sort_unstable();
        self.mark_lives((account, modseq, now), (gone_object(kind), 0), &gone)?;
        // What makes less of too much is no harm.
        let grows = |difference: i64, all: i64, max: u64| difference > 0 && count(all) > max;
        Ok(!grows(difference.objects, objects, OBJECTS_MAX) && !grows(difference.octets, octets, OBJECTS_OCTETS_MAX))
    }
}
