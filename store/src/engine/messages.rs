//! Messages between mailboxes of an account and out of them: copy, move, expunge; and the mark of `\Recent`. Works on
//! ranges, so that ten thousand messages cost few statements. Copies for another account are made in `across`.

use super::deliver::NewMessage;
use super::flags;
use super::{Work, first};
use crate::StoreError;
use crate::columns::{Sql, bits, count, num, small};
use crate::gone::{GONE_EMAIL, GONE_PLACE, GONE_ROW_MAX, GONE_UID, Lived, detail_out};
use crate::op::{Carried, Outcome};
use crate::types::{AccountId, MailboxId, Uid};
use crate::uids::UidSet;
use message::Time;
use rusqlite::params;

/// A mailbox and whose it is.
pub(super) type Shelf = (AccountId, MailboxId);

/// UIDs in a row that are cheaper by one statement for all than by one for each. SQLite keeps what a statement that
/// changes several rows overwrites, to be able to undo it alone, and looks through all it kept before: many such
/// statements in one operation take ever longer. One for a single row has no need of it.
const RANGE_MIN: i64 = 8;
/// The condition of a statement for UIDs in a row, and for one.
pub(super) const RANGE: &str = "uid BETWEEN ?3 AND ?4";
pub(super) const ONE: &str = "uid = ?3 AND ?4 = ?3";
pub(super) const UID_NEXT: &str = "SELECT uid_next FROM mailbox WHERE account = ?1 AND id = ?2";

/// First and last UID of each statement for a set of UIDs below `end`.
pub(super) fn statements(uids: &UidSet, end: i64) -> impl Iterator<Item = (i64, i64)> {
    let cut = move |(first, last): &(Uid, Uid)| (i64::from(first.0), i64::from(last.0).min(end - 1));
    uids.ranges().iter().map(cut).flat_map(|(first, last)| {
        let step = if last - first + 1 < RANGE_MIN { 1 } else { last - first + 1 };
        let starts = if first > last { 0..0 } else { 0..(last - first) / step + 1 };
        starts.map(move |n| (first + n * step, first + n * step + step - 1))
    })
}

const COPY_RANGE: &str = "INSERT INTO msg (account, mailbox, uid, email, modseq, added, flags, size, received, saved, elsewhere) \
     SELECT account, ?5, uid + ?6, email, ?7, ?7, flags & ?9, size, received, ?8, 1 FROM msg \
     WHERE account = ?1 AND mailbox = ?2 AND uid BETWEEN ?3 AND ?4";

/// A row of `msg` as it is taken along.
struct Entry {
    email: i64,
    flags: i64,
    size: i64,
    received: i64,
}

/// Messages that are there, and what they count for.
#[derive(Default)]
pub(super) struct Found {
    pub(super) uids: UidSet,
    /// Of each message, in order.
    entries: Vec<Entry>,
    sums: Sums,
    /// Of their flags, what copies have too.
    carried: i64,
}

/// What messages count for in their mailbox.
#[derive(Clone, Copy, Default)]
pub(super) struct Sums {
    total: i64,
    unseen: i64,
    deleted: i64,
    recent: i64,
    octets: i64,
}

impl Work<'_> {
    pub(super) fn copy(&mut self, way: (Shelf, Shelf), uids: &UidSet, carried: Carried, now: Time) -> Sql<Outcome> {
        let (from, to) = way;
        let (Some(_), Some(validity)) = (self.validity_of(from)?, self.validity_of(to)?) else {
            return Ok(Outcome::Gone);
        };
        let found = self.find(from, uids, false)?.for_copies(carried);
        let pairs = match (found.uids.is_empty(), from.0 == to.0) {
            (true, _) => Vec::new(),
            (false, false) => match self.copy_across(from, to, &found, now)? {
                Ok(pairs) => pairs,
                Err(refused) => return Ok(refused),
            },
            (false, true) => {
                let modseq = self.next_modseq(from.0)?.unwrap_or(0);
                self.show_again(from, &found)?;
                self.put_rows((modseq, now), (from, to.1), &found)?
            }
        };
        Ok(Outcome::Uids { uid_validity: small(validity)?, pairs })
    }

    pub(super) fn move_messages(
        &mut self,
        way: (Shelf, Shelf),
        uids: &UidSet,
        carried: Carried,
        now: Time,
    ) -> Sql<Outcome> {
        let (from, to) = way;
        if from.0 != to.0 {
            let copied = self.copy(way, uids, carried, now)?;
            if let Outcome::Uids { pairs, .. } = &copied {
                let moved: UidSet = pairs.iter().filter_map(|(from, _)| *from).collect();
                self.expunge(from, &moved, false, now)?;
            }
            return Ok(copied);
        }
        let (Some(_), Some(validity)) = (self.validity_of(from)?, self.validity_of(to)?) else {
            return Ok(Outcome::Gone);
        };
        let found = self.find(from, uids, false)?.for_copies(carried);
        let mut pairs = Vec::new();
        if !found.uids.is_empty() {
            let modseq = self.next_modseq(from.0)?.unwrap_or(0);
            pairs = self.put_rows((modseq, now), (from, to.1), &found)?;
            self.take_rows((modseq, now), from, &found)?;
        }
        Ok(Outcome::Uids { uid_validity: small(validity)?, pairs })
    }

    pub(super) fn expunge(&mut self, from: Shelf, uids: &UidSet, only_deleted: bool, now: Time) -> Sql<Outcome> {
        if self.validity_of(from)?.is_none() {
            return Ok(Outcome::Gone);
        }
        let found = self.find(from, uids, only_deleted)?;
        if found.uids.is_empty() {
            return Ok(Outcome::Removed(0));
        }
        let modseq = self.next_modseq(from.0)?.unwrap_or(0);
        self.take_rows((modseq, now), from, &found)?;
        let emails: Vec<i64> = found.entries.iter().map(|entry| entry.email).collect();
        self.hide(from.0, modseq, &emails, now)?;
        Ok(Outcome::Removed(small(found.sums.total)?))
    }

    pub(super) fn claim_recent(&mut self, of: Shelf, before: Uid) -> Sql<Outcome> {
        let find = "SELECT min(recent_from, ?3) FROM mailbox WHERE account = ?1 AND id = ?2 AND selectable = 1";
        let before = i64::from(before.0);
        let Some(from) = self.number(find, [of.0.0, of.1.0, before])? else { return Ok(Outcome::Gone) };
        self.run(
            "UPDATE mailbox SET recent_from = min(?3, uid_next), recent = (SELECT count(*) FROM msg \
             WHERE msg.account = ?1 AND msg.mailbox = ?2 AND uid >= ?3) \
             WHERE account = ?1 AND id = ?2 AND recent_from < min(?3, uid_next)",
            [of.0.0, of.1.0, before],
        )?;
        Ok(Outcome::Recent(Uid(small(from)?)))
    }

    /// The UIDVALIDITY of a mailbox that can be opened; `None` when there is none.
    pub(super) fn validity_of(&self, of: Shelf) -> Sql<Option<i64>> {
        let find = "SELECT uid_validity FROM mailbox WHERE account = ?1 AND id = ?2 AND selectable = 1";
        self.number(find, [of.0.0, of.1.0])
    }

    /// Those of some UIDs that are there.
    fn find(&self, of: Shelf, uids: &UidSet, only_deleted: bool) -> Sql<Found> {
        let recent = "SELECT recent_from FROM mailbox WHERE account = ?1 AND id = ?2";
        let recent_from = self.number(recent, [of.0.0, of.1.0])?.unwrap_or(0);
        let mut statement = self.sql.prepare_cached(
            "SELECT uid, email, flags, size, received FROM msg WHERE account = ?1 AND mailbox = ?2 AND uid BETWEEN ?3 AND ?4",
        )?;
        let (mut found, mut there) = (Found { carried: -1, ..Found::default() }, Vec::new());
        for (from, to) in uids.ranges() {
            let mut rows = statement.query(params![of.0.0, of.1.0, from.0, to.0])?;
            while let Some(row) = rows.next()? {
                let (uid, flags): (i64, i64) = (row.get(0)?, row.get(2)?);
                if only_deleted && flags & bits::DELETED == 0 {
                    continue;
                }
                let entry = Entry { email: row.get(1)?, flags, size: row.get(3)?, received: row.get(4)? };
                found.sums.add(flags, entry.size, uid >= recent_from);
                found.entries.push(entry);
                there.push(Uid(small(uid)?));
            }
        }
        found.uids = there.into_iter().collect();
        Ok(found)
    }

    /// Puts rows for messages into another mailbox of the account, or the same; old and new UIDs.
    fn put_rows(&mut self, at: (i64, Time), way: (Shelf, MailboxId), found: &Found) -> Sql<Vec<(Option<Uid>, Uid)>> {
        let ((modseq, now), ((account, from), to)) = (at, way);
        let first_new = self.count_in((account, to), modseq, &found.sums_of_copies())?;
        let mut next = first_new;
        for ((first, last), entries) in found.statements() {
            match entries {
                [entry] => {
                    let Entry { email, flags, size, received } = *entry;
                    let flags = found.carry(flags);
                    let (mailbox, saved, first) = (to.0, num(now.0), false);
                    let new = NewMessage { account, mailbox, email, modseq, flags, size, received, saved, first };
                    self.insert_row(next, &new)?;
                }
                _ => {
                    let (step, now) = (next - first, num(now.0));
                    let range = [account.0, from.0, first, last, to.0, step, modseq, now, found.carried];
                    self.run(COPY_RANGE, range)?;
                }
            }
            next += last - first + 1;
        }
        (found.uids.iter().zip(first_new..)).map(|(old, new)| Ok((Some(old), Uid(small(new)?)))).collect()
    }

    /// Counts messages in; the UID of the first.
    pub(super) fn count_in(&mut self, to: Shelf, modseq: i64, sums: &Sums) -> Sql<i64> {
        let next: i64 = self
            .sql
            .prepare_cached(
                "UPDATE mailbox SET uid_next = uid_next + ?4, modseq = ?3, total = total + ?4, unseen = unseen + ?5, \
                 octets = octets + ?6, deleted = deleted + ?7, recent = recent + ?4 \
                 WHERE account = ?1 AND id = ?2 RETURNING uid_next",
            )?
            .query_row([to.0.0, to.1.0, modseq, sums.total, sums.unseen, sums.octets, sums.deleted], |row| {
                row.get(0)
            })?;
        // RFC 9051 §2.3.1.1: UIDNEXT is a 32-bit number too, and never goes back.
        if u32::try_from(next).is_err() {
            return Err(StoreError::Exhausted { what: "UIDs" });
        }
        Ok(next - sums.total)
    }

    /// Takes rows out of a mailbox.
    fn take_rows(&mut self, at: (i64, Time), from: Shelf, found: &Found) -> Sql<()> {
        let (modseq, now) = at;
        let delete = |uids: &str| format!("DELETE FROM msg WHERE account = ?1 AND mailbox = ?2 AND {uids}");
        let (range, one) = (delete(RANGE), delete(ONE));
        for ((first, last), _) in found.statements() {
            let statement = if first == last { &one } else { &range };
            self.run(statement, [from.0.0, from.1.0, first, last])?;
        }
        for (first, last) in found.uids.ranges() {
            let range = (i64::from(first.0), i64::from(last.0));
            self.mark_gone((from.0, modseq, now), (GONE_UID, from.1.0), range)?;
        }
        let sums = &found.sums;
        self.run(
            "UPDATE mailbox SET modseq = ?3, total = total - ?4, unseen = unseen - ?5, octets = octets - ?6, \
             deleted = deleted - ?7, recent = recent - ?8 WHERE account = ?1 AND id = ?2",
            [from.0.0, from.1.0, modseq, sums.total, sums.unseen, sums.octets, sums.deleted, sums.recent],
        )?;
        Ok(())
    }

    /// Writes down that ids of a kind in a mailbox, from first to last, are no more.
    pub(super) fn mark_gone(&mut self, at: (AccountId, i64, Time), kind: (i64, i64), range: (i64, i64)) -> Sql<()> {
        self.run(
            "INSERT INTO gone (account, modseq, kind, mailbox, id, at, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![at.0.0, at.1, kind.0, kind.1, range.0, num(at.2.0), range.1],
        )?;
        Ok(())
    }

    /// Writes down that things that were there, ascending by id, are no more: many in one row.
    pub(super) fn mark_lives(&mut self, at: (AccountId, i64, Time), kind: (i64, i64), lives: &[Lived]) -> Sql<()> {
        for some in lives.chunks(GONE_ROW_MAX) {
            let (Some(first), Some(last)) = (some.first(), some.last()) else { continue };
            self.run(
                "INSERT INTO gone (account, modseq, kind, mailbox, id, at, last, detail) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![at.0.0, at.1, kind.0, kind.1, first.id, num(at.2.0), last.id, detail_out(some)],
            )?;
        }
        Ok(())
    }

    /// One row more shows each of these e-mails.
    fn show_again(&mut self, from: Shelf, found: &Found) -> Sql<()> {
        const AGAIN: &str = "ON CONFLICT (account, email) DO UPDATE SET copies = copies + 1";
        let of_range = format!(
            "INSERT INTO shown (account, email, copies) SELECT account, email, 2 FROM msg \
             WHERE account = ?1 AND mailbox = ?2 AND {RANGE} {AGAIN}"
        );
        let of_one = format!("INSERT INTO shown (account, email, copies) VALUES (?1, ?2, 2) {AGAIN}");
        for ((first, last), entries) in found.statements() {
            match entries {
                [entry] => self.run(&of_one, [from.0.0, entry.email])?,
                _ => self.run(&of_range, [from.0.0, from.1.0, first, last])?,
            };
        }
        Ok(())
    }

    /// One row less shows each of these e-mails; without any it goes, and its content with the last that refers to it.
    fn hide(&mut self, account: AccountId, modseq: i64, emails: &[i64], now: Time) -> Sql<()> {
        let (mut ended, mut stayed, mut octets) = (Vec::new(), Vec::new(), 0);
        for email in emails {
            if self.hide_one(account, *email)? {
                stayed.push(Lived::alone(*email, 0));
                continue;
            }
            if let Some((lived, size)) = self.end_email(account, *email)? {
                octets += size;
                ended.push(lived);
            }
        }
        self.run(
            "UPDATE account SET used = used - ?2, messages = messages - ?3 WHERE id = ?1",
            [account.0, octets, num(ended.len() as u64)],
        )?;
        for (kind, mut lives) in [(GONE_EMAIL, ended), (GONE_PLACE, stayed)] {
            lives.sort_unstable();
            lives.dedup();
            self.mark_lives((account, modseq, now), (kind, 0), &lives)?;
        }
        Ok(())
    }

    /// Whether other rows still show an e-mail, now that one does no more.
    fn hide_one(&mut self, account: AccountId, email: i64) -> Sql<bool> {
        let key = [account.0, email];
        let find = "SELECT copies FROM shown WHERE account = ?1 AND email = ?2";
        let Some(copies) = self.number(find, key)? else { return Ok(false) };
        let less = if copies > 2 {
            "UPDATE shown SET copies = copies - 1 WHERE account = ?1 AND email = ?2"
        } else {
            "DELETE FROM shown WHERE account = ?1 AND email = ?2"
        };
        self.run(less, key)?;
        Ok(true)
    }

    /// Removes an e-mail that nothing shows any more; what is to be known of it, and its octets.
    pub(super) fn end_email(&mut self, account: AccountId, email: i64) -> Sql<Option<(Lived, i64)>> {
        let ended = {
            let mut statement = self.sql.prepare_cached(
                "DELETE FROM email WHERE account = ?1 AND id = ?2 RETURNING blob, size, refs, born, thread",
            )?;
            first(statement.query_row([account.0, email], |row| {
                let lived = Lived { id: email, born: row.get(3)?, thread: row.get(4)? };
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?, lived))
            }))?
        };
        let Some((blob, octets, refs, lived)) = ended else { return Ok(None) };
        self.forget_thread(account, email, &refs)?;
        self.release_blob(blob)?;
        Ok(Some((lived, octets)))
    }
}

impl Found {
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    fn for_copies(self, carried: Carried) -> Found {
        Found { carried: flags::mask_of(carried), ..self }
    }

    /// The flags of a copy.
    pub(super) fn carry(&self, flags: i64) -> i64 {
        flags & self.carried
    }

    /// What copies count for where they come to.
    pub(super) fn sums_of_copies(&self) -> Sums {
        let mut sums = Sums::default();
        self.entries.iter().for_each(|entry| sums.add(self.carry(entry.flags), entry.size, true));
        sums
    }

    /// All their octets together.
    pub(super) fn octets(&self) -> u64 {
        count(self.sums.octets)
    }

    /// First and last UID of each statement, and the messages it is for.
    fn statements(&self) -> impl Iterator<Item = ((i64, i64), &[Entry])> {
        let mut rest = self.entries.as_slice();
        statements(&self.uids, i64::MAX).map(move |(first, last)| {
            let these = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
            let (now, later) = rest.split_at(these.min(rest.len()));
            rest = later;
            ((first, last), now)
        })
    }
}

impl Sums {
    pub(super) fn add(&mut self, flags: i64, octets: i64, recent: bool) {
        self.total += 1;
        self.unseen += i64::from(flags & bits::SEEN == 0);
        self.deleted += i64::from(flags & bits::DELETED != 0);
        self.recent += i64::from(recent);
        self.octets += octets;
    }
}
