//! Copies for another account. Its e-mails are its own, with their own ids and conversations, and count against its
//! quota; the content is shared, as it is between the recipients of a delivery.

use super::Work;
use super::deliver::{NewEmail, NewMessage};
use super::flags::{KeywordsFull, keywords_of};
use super::messages::{Found, Shelf};
use super::thread::keys_in;
use crate::columns::{Sql, bits, count, flags, num, queue_id, small, time};
use crate::op::Outcome;
use crate::types::{AccountId, Uid};
use message::Time;
use rusqlite::{Row, params};
use std::collections::BTreeMap;

/// A message as it is taken along.
struct Taken {
    flags: i64,
    received: i64,
    blob: i64,
    prefix: Vec<u8>,
    summary: Vec<u8>,
    refs: Vec<u8>,
    queue_id: Option<i64>,
    size: i64,
}

type Pairs = Vec<(Option<Uid>, Uid)>;

impl Work<'_> {
    /// Old and new UIDs, or why not.
    pub(super) fn copy_across(
        &mut self,
        from: Shelf,
        to: Shelf,
        found: &Found,
        now: Time,
    ) -> Sql<Result<Pairs, Outcome>> {
        let octets = found.octets();
        match self.has_room(to.0, octets)? {
            None => return Ok(Err(Outcome::Gone)),
            Some(false) => return Ok(Err(Outcome::OverQuota)),
            Some(true) => {}
        }
        let (modseq, first) = self.count_emails_in(to.0, found.count(), octets)?;
        let mut known = BTreeMap::new();
        let uid_new = self.count_in(to, modseq, &found.sums_of_copies())?;
        let mut pairs = Vec::with_capacity(found.count());
        for (n, uid) in (0..).zip(found.uids.iter()) {
            let email = first + n;
            let taken = self.take_along(from, uid)?;
            let Ok(flags) = self.flags_across((from.0, to.0), found.carry(taken.flags), &mut known)? else {
                return Ok(Err(Outcome::Limit));
            };
            self.run("UPDATE blob SET refs = refs + 1 WHERE id = ?1", [taken.blob])?;
            self.insert_email(email, &NewEmail { born: (modseq, to.1.0, uid_new + n), ..new_email(to.0, &taken) })?;
            let new = NewMessage {
                account: to.0,
                mailbox: to.1.0,
                email,
                modseq,
                flags,
                size: taken.size,
                received: taken.received,
                saved: num(now.0),
                first: true,
            };
            self.insert_row(uid_new + n, &new)?;
            pairs.push((Some(uid), Uid(small(uid_new + n)?)));
        }
        Ok(Ok(pairs))
    }

    fn take_along(&self, from: Shelf, uid: Uid) -> Sql<Taken> {
        let find = "SELECT msg.flags, msg.received, blob, prefix, summary, refs, queue_id, msg.size FROM msg \
                    JOIN email ON email.account = msg.account AND email.id = msg.email \
                    WHERE msg.account = ?1 AND msg.mailbox = ?2 AND msg.uid = ?3";
        Ok(self.sql.prepare_cached(find)?.query_row(params![from.0.0, from.1.0, uid.0], taken)?)
    }

    /// The flags of a message with the other account's bits for its keywords.
    fn flags_across(
        &mut self,
        way: (AccountId, AccountId),
        old: i64,
        known: &mut BTreeMap<i64, i64>,
    ) -> Sql<Result<i64, KeywordsFull>> {
        let system = old & ((1 << bits::FIRST_KEYWORD) - 1);
        let words = old & !system;
        if words == 0 {
            return Ok(Ok(old));
        }
        if let Some(bits) = known.get(&words) {
            return Ok(Ok(system | bits));
        }
        let names = flags(words, &keywords_of(self.sql, way.0)?).keywords;
        let Ok(bits) = self.slots_for(way.1, &names)? else { return Ok(Err(KeywordsFull)) };
        known.insert(words, bits);
        Ok(Ok(system | bits))
    }
}

fn new_email(account: AccountId, taken: &Taken) -> NewEmail<'_> {
    NewEmail {
        account,
        blob: taken.blob,
        prefix: &taken.prefix,
        size: count(taken.size),
        received: time(taken.received),
        queue_id: taken.queue_id.map(queue_id),
        summary: &taken.summary,
        born: (0, 0, 0),
        keys: keys_in(&taken.refs),
    }
}

fn taken(row: &Row<'_>) -> rusqlite::Result<Taken> {
    Ok(Taken {
        flags: row.get(0)?,
        received: row.get(1)?,
        blob: row.get(2)?,
        prefix: row.get(3)?,
        summary: row.get(4)?,
        refs: row.get(5)?,
        queue_id: row.get(6)?,
        size: row.get(7)?,
    })
}
