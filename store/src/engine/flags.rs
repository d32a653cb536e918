//! Flags and keywords of messages.

use super::Work;
use super::messages::{ONE, RANGE, Shelf, UID_NEXT, statements};
use crate::StoreError;
use crate::columns::{KEYWORDS_MAX, Sql, Text, bits, count, keyword_bit, num, small, system_bits};
use crate::email::KeywordsChange;
use crate::op::{Carried, FlagChange, Outcome};
use crate::types::{AccountId, Flags, ModSeq, Uid};
use crate::uids::UidSet;
use rusqlite::params;

/// The account has as many different keywords as it can have, or this one is too long.
pub(super) struct KeywordsFull;

/// Octets of a keyword: longer ones are no words any more, and a client gets all of them with each SELECT.
pub const KEYWORD_OCTETS_MAX: usize = 128;

/// What of `msg.flags` a change never touches.
const KEPT: i64 = bits::UTF8_HEADER;

/// What becomes of flags: first these are kept, then these are set.
#[derive(Clone, Copy)]
pub(super) struct Mask {
    keep: i64,
    set: i64,
}

/// What a change finds.
#[derive(Default)]
struct Look {
    /// Changed later than the client knows: left alone.
    later: Vec<Uid>,
    unseen: i64,
    deleted: i64,
    changes: bool,
}

impl Work<'_> {
    pub(super) fn set_flags(
        &mut self,
        of: Shelf,
        uids: &UidSet,
        change: &FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> Sql<Outcome> {
        if self.validity_of(of)?.is_none() {
            return Ok(Outcome::Gone);
        }
        let (FlagChange::Add(flags) | FlagChange::Remove(flags) | FlagChange::Replace(flags)) = change;
        let words = match change {
            FlagChange::Remove(_) => Ok(self.slots_of(of.0, &flags.keywords)?),
            _ => self.slots_for(of.0, &flags.keywords)?,
        };
        let Ok(keywords) = words else { return Ok(Outcome::Limit) };
        let mask = Mask::of(change, system_bits(flags) | keywords);
        let since = unchanged_since.map_or(i64::MAX, |since| num(since.0));
        let look = self.look(of, uids, mask, since)?;
        if look.changes {
            self.write_flags(of, uids, (mask, since), &look)?;
        }
        Ok(Outcome::Modified(look.later))
    }

    fn look(&self, of: Shelf, uids: &UidSet, mask: Mask, since: i64) -> Sql<Look> {
        let mut statement = self.sql.prepare_cached(
            "SELECT uid, flags, modseq FROM msg WHERE account = ?1 AND mailbox = ?2 AND uid BETWEEN ?3 AND ?4",
        )?;
        let mut look = Look::default();
        for (first, last) in uids.ranges() {
            let mut rows = statement.query(params![of.0.0, of.1.0, first.0, last.0])?;
            while let Some(row) = rows.next()? {
                let old = row.get(1)?;
                // RFC 7162 §3.1.3: what changed later is left alone and named.
                if row.get::<_, i64>(2)? > since {
                    look.later.push(Uid(small(row.get(0)?)?));
                } else {
                    look.count(old, mask.apply(old));
                }
            }
        }
        Ok(look)
    }

    fn write_flags(&mut self, of: Shelf, uids: &UidSet, how: (Mask, i64), look: &Look) -> Sql<()> {
        let (mask, since) = how;
        let modseq = self.next_modseq(of.0)?.unwrap_or(0);
        let update = |uids: &str| {
            format!(
                "UPDATE msg SET flags = (flags & ?5) | ?6, modseq = ?7 WHERE account = ?1 AND mailbox = ?2 \
                 AND {uids} AND modseq <= ?8 AND flags <> (flags & ?5) | ?6"
            )
        };
        let (range, one) = (update(RANGE), update(ONE));
        let end = self.number(UID_NEXT, [of.0.0, of.1.0])?.unwrap_or(0);
        for (first, last) in statements(uids, end) {
            let statement = if first == last { &one } else { &range };
            self.run(statement, params![of.0.0, of.1.0, first, last, mask.keep, mask.set, modseq, since])?;
        }
        self.run(
            "UPDATE mailbox SET unseen = unseen + ?3, deleted = deleted + ?4, modseq = ?5 \
             WHERE account = ?1 AND id = ?2",
            [of.0.0, of.1.0, look.unseen, look.deleted, modseq],
        )?;
        Ok(())
    }

    /// The bits of some keywords, of those that are known.
    fn slots_of(&self, account: AccountId, names: &[String]) -> Sql<i64> {
        if names.is_empty() {
            return Ok(0);
        }
        let known = keywords_of(self.sql, account)?;
        let asked = |known: &str| names.iter().any(|name| name.eq_ignore_ascii_case(known));
        Ok(known.iter().filter(|(_, name)| asked(name)).fold(0, |all, (slot, _)| all | keyword_bit(*slot)))
    }

    /// The bits of some keywords; new ones get a free slot.
    pub(super) fn slots_for(&mut self, account: AccountId, names: &[String]) -> Sql<Result<i64, KeywordsFull>> {
        self.slots_kept(account, names, 0)
    }

    /// The same while others are about to be used: their slots are not free either.
    pub(super) fn slots_kept(
        &mut self,
        account: AccountId,
        names: &[String],
        kept: i64,
    ) -> Sql<Result<i64, KeywordsFull>> {
        if names.is_empty() {
            return Ok(Ok(0));
        }
        let mut known = keywords_of(self.sql, account)?;
        let mut all = 0;
        for name in names.iter().filter(|name| !name.is_empty()) {
            if let Some((slot, _)) = known.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)) {
                all |= keyword_bit(*slot);
                continue;
            }
            if name.len() > KEYWORD_OCTETS_MAX {
                return Ok(Err(KeywordsFull));
            }
            let mut free = free_slot(&known);
            if free.is_none() {
                self.forget_unused(account, kept | all)?;
                known = keywords_of(self.sql, account)?;
                free = free_slot(&known);
            }
            let Some(slot) = free else { return Ok(Err(KeywordsFull)) };
            let insert = "INSERT INTO keyword (account, slot, name) VALUES (?1, ?2, ?3)";
            self.run(insert, params![account.0, slot, name.as_bytes()])?;
            known.push((slot, name.clone()));
            all |= keyword_bit(slot);
        }
        Ok(Ok(all))
    }

    /// Frees the slots of keywords that no message of the account has, but those in `kept`.
    fn forget_unused(&mut self, account: AccountId, kept: i64) -> Sql<()> {
        let mut used = kept;
        {
            let mut statement = self.sql.prepare_cached("SELECT flags FROM msg WHERE account = ?1")?;
            let mut rows = statement.query([account.0])?;
            while let Some(row) = rows.next()? {
                used |= row.get::<_, i64>(0)?;
            }
        }
        for slot in (0..KEYWORDS_MAX).filter(|slot| used & keyword_bit(*slot) == 0) {
            self.run("DELETE FROM keyword WHERE account = ?1 AND slot = ?2", params![account.0, slot])?;
        }
        Ok(())
    }
}

fn free_slot(known: &[(u32, String)]) -> Option<u32> {
    (0..KEYWORDS_MAX).find(|slot| known.iter().all(|(taken, _)| taken != slot))
}

/// What of `msg.flags` a copy has too.
pub(super) fn mask_of(carried: Carried) -> i64 {
    let named = bits::SEEN | bits::DELETED | KEPT;
    let taken = [(carried.seen, bits::SEEN), (carried.deleted, bits::DELETED), (carried.others, !named)];
    taken.into_iter().filter(|(is_taken, _)| *is_taken).fold(KEPT, |all, (_, bits)| all | bits)
}

/// What a change of an e-mail's keywords comes to. `\Deleted` is none of them (RFC 8621 §4.1.1).
pub(super) fn keywords_mask(
    work: &mut Work<'_>,
    account: AccountId,
    change: &KeywordsChange,
) -> Sql<Result<Mask, KeywordsFull>> {
    let mut given = |flags: &Flags| -> Sql<Result<i64, KeywordsFull>> {
        let words = work.slots_for(account, &flags.keywords)?;
        Ok(words.map(|words| (system_bits(flags) & !bits::DELETED) | words))
    };
    let mask = match change {
        KeywordsChange::Replace(flags) => given(flags)?.map(|set| Mask { keep: KEPT | bits::DELETED, set }),
        KeywordsChange::Patch { add, remove } => {
            let set = given(add)?;
            let words = work.slots_of(account, &remove.keywords)?;
            let cleared = (system_bits(remove) & !bits::DELETED) | words;
            set.map(|set| Mask { keep: !cleared, set })
        }
    };
    Ok(mask)
}

impl Mask {
    /// All stays as it is.
    pub(super) const NOTHING: Mask = Mask { keep: -1, set: 0 };

    fn of(change: &FlagChange, given: i64) -> Mask {
        match change {
            FlagChange::Add(_) => Mask { keep: -1, set: given },
            FlagChange::Remove(_) => Mask { keep: !given, set: 0 },
            FlagChange::Replace(_) => Mask { keep: KEPT, set: given },
        }
    }

    pub(super) fn apply(self, old: i64) -> i64 {
        (old & self.keep) | self.set
    }
}

impl Look {
    fn count(&mut self, old: i64, new: i64) {
        let (deleted_old, deleted_new) = (old & bits::DELETED != 0, new & bits::DELETED != 0);
        self.unseen += (old & bits::SEEN) - (new & bits::SEEN);
        self.deleted += i64::from(deleted_new) - i64::from(deleted_old);
        self.changes |= old != new;
    }
}

/// Slot and name of every keyword of an account.
pub(crate) fn keywords_of(sql: &rusqlite::Connection, account: AccountId) -> Sql<Vec<(u32, String)>> {
    let mut statement = sql.prepare_cached("SELECT slot, name FROM keyword WHERE account = ?1 ORDER BY slot")?;
    let rows = statement.query_map([account.0], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Text>(1)?.0)))?;
    rows.map(|row| {
        let (slot, name) = row.map_err(StoreError::from)?;
        Ok((small(slot)?, name))
    })
    .collect()
}

/// The one fact about a message that sits among its flags.
pub(crate) fn is_utf8(flags: i64) -> bool {
    count(flags & bits::UTF8_HEADER) != 0
}
