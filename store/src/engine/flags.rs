//! Flags and keywords of messages.

use super::Work;
use crate::StoreError;
use crate::columns::{KEYWORDS_MAX, Sql, Text, bits, count, keyword_bit, num, small, system_bits};
use crate::op::{FlagChange, Outcome};
use crate::types::{AccountId, MailboxId, ModSeq, Uid};
use rusqlite::params;

/// The account has as many different keywords as it can have.
pub(super) struct KeywordsFull;

/// What of `msg.flags` a change never touches.
const KEPT: i64 = bits::UTF8_HEADER;

impl Work<'_> {
    pub(super) fn set_flags(
        &mut self,
        place: (AccountId, MailboxId),
        uids: &[Uid],
        change: &FlagChange,
        unchanged_since: Option<ModSeq>,
    ) -> Sql<Outcome> {
        let (account, mailbox) = place;
        if !self.finds("SELECT 1 FROM mailbox WHERE account = ?1 AND id = ?2", [account.0, mailbox.0])? {
            return Ok(Outcome::Gone);
        }
        let (FlagChange::Add(flags) | FlagChange::Remove(flags) | FlagChange::Replace(flags)) = change;
        let Ok(keywords) = self.keyword_bits(account, flags)? else { return Ok(Outcome::Conflict) };
        let given = system_bits(flags) | keywords;
        let since = unchanged_since.map_or(i64::MAX, |since| num(since.0));
        let mut later = Vec::new();
        let mut changed = Vec::new();
        for uid in in_order(uids) {
            let Some((old, modseq)) = self.flags_of(account, mailbox, uid)? else { continue };
            let new = apply(change, old, given);
            // RFC 7162 §3.1.3: what changed later is left alone and named.
            if modseq > since {
                later.push(uid);
            } else if new != old {
                changed.push((uid, old, new));
            }
        }
        self.write_flags(account, mailbox, &changed)?;
        Ok(Outcome::Modified(later))
    }

    fn flags_of(&self, account: AccountId, mailbox: MailboxId, uid: Uid) -> Sql<Option<(i64, i64)>> {
        let find = "SELECT flags, modseq FROM msg WHERE account = ?1 AND mailbox = ?2 AND uid = ?3";
        let mut statement = self.sql.prepare_cached(find)?;
        let row = statement.query_row([account.0, mailbox.0, i64::from(uid.0)], |row| Ok((row.get(0)?, row.get(1)?)));
        super::first(row)
    }

    fn write_flags(&mut self, account: AccountId, mailbox: MailboxId, changed: &[(Uid, i64, i64)]) -> Sql<()> {
        if changed.is_empty() {
            return Ok(());
        }
        let modseq = self.next_modseq(account)?.unwrap_or(0);
        let mut unseen = 0_i64;
        for (uid, old, new) in changed {
            unseen += (old & bits::SEEN) - (new & bits::SEEN);
            self.run(
                "UPDATE msg SET flags = ?4, modseq = ?5 WHERE account = ?1 AND mailbox = ?2 AND uid = ?3",
                params![account.0, mailbox.0, uid.0, new, modseq],
            )?;
        }
        self.run(
            "UPDATE mailbox SET unseen = unseen + ?3, modseq = ?4 WHERE account = ?1 AND id = ?2",
            [account.0, mailbox.0, unseen, modseq],
        )?;
        Ok(())
    }

    /// The bits of some keywords; new ones get a free slot.
    pub(super) fn slots_for(&mut self, account: AccountId, names: &[String]) -> Sql<Result<i64, KeywordsFull>> {
        if names.is_empty() {
            return Ok(Ok(0));
        }
        let mut known = keywords_of(self.sql, account)?;
        let mut all = 0;
        for name in names.iter().map(|name| name.to_lowercase()).filter(|name| !name.is_empty()) {
            if let Some((slot, _)) = known.iter().find(|(_, known)| *known == name) {
                all |= keyword_bit(*slot);
                continue;
            }
            let mut free = free_slot(&known);
            if free.is_none() {
                self.forget_unused(account, all)?;
                known = keywords_of(self.sql, account)?;
                free = free_slot(&known);
            }
            let Some(slot) = free else { return Ok(Err(KeywordsFull)) };
            let insert = "INSERT INTO keyword (account, slot, name) VALUES (?1, ?2, ?3)";
            self.run(insert, params![account.0, slot, name.as_bytes()])?;
            known.push((slot, name));
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

fn apply(change: &FlagChange, old: i64, given: i64) -> i64 {
    match change {
        FlagChange::Add(_) => old | given,
        FlagChange::Remove(_) => old & !given,
        FlagChange::Replace(_) => (old & KEPT) | given,
    }
}

/// UIDs as a set: each once, ascending.
pub(super) fn in_order(uids: &[Uid]) -> Vec<Uid> {
    let mut uids = uids.to_vec();
    uids.sort_unstable();
    uids.dedup();
    uids
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
