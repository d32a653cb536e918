//! Questions about e-mails, whatever mailboxes show them: all of an account in narrow rows and its news, some by id,
//! conversations. Owns how the places of an e-mail are found.

use super::listing::floor_of;
use super::mail::stored;
use super::{Answer, Snapshot};
use crate::columns::{self, Sql, Text, count, num, queue_id, small, time};
use crate::email::{AccountChange, AccountListing, EmailRow, PlaceRow, StateRow, ThreadRow, Uploaded};
use crate::engine::keywords_of;
use crate::gone::{GONE_EMAIL, GONE_PLACE, GONE_UID, lived_of};
use crate::object::ObjectKind;
use crate::query::{
    AccountNews, EmailsById, Keywords, NEWS_MAX, States, StoredEmail, ThreadMembers, UploadById, WholeAccount,
};
use crate::types::{AccountId, EmailId, MailboxId, ModSeq, Stored, Uid};
use bytes::Bytes;
use rusqlite::{Row, params};
use std::collections::BTreeSet;

/// The places of an e-mail: the first is named in its row, as long as it is shown there; the others are few.
pub(crate) const PLACES: &str = "\
     SELECT msg.email, msg.mailbox, msg.uid, msg.flags, msg.modseq, msg.size, msg.received FROM email \
     JOIN msg ON msg.account = email.account AND msg.mailbox = first_mailbox AND msg.uid = first_uid \
     WHERE email.account = ?1 AND email.id = ?2 AND msg.email = ?2 AND msg.elsewhere IS NULL UNION ALL \
     SELECT email, mailbox, uid, flags, modseq, size, received FROM msg INDEXED BY msg_elsewhere \
     WHERE account = ?1 AND email = ?2 AND elsewhere = 1";

pub(crate) fn place(row: &Row<'_>) -> Sql<PlaceRow> {
    Ok(PlaceRow {
        email: EmailId(row.get(0)?),
        mailbox: MailboxId(row.get(1)?),
        uid: Uid(small(row.get(2)?)?),
        flags: count(row.get(3)?),
        modseq: ModSeq(count(row.get(4)?)),
        size: count(row.get(5)?),
        received: time(row.get(6)?),
    })
}

/// The places of an e-mail, by mailbox and UID.
pub(crate) fn places_of(sql: &rusqlite::Connection, account: AccountId, email: EmailId) -> Sql<Vec<PlaceRow>> {
    let mut statement = sql.prepare_cached(PLACES)?;
    let mut rows = statement.query([account.0, email.0])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        places.push(place(row)?);
    }
    places.sort_unstable_by_key(|place| (place.mailbox, place.uid));
    Ok(places)
}

impl Answer for States {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<StateRow>> {
        let Some((account, oldest)) = floor_of(snapshot, self.account)? else { return Ok(None) };
        let newest = |find: &str| -> Sql<ModSeq> {
            let found = snapshot.one(find, [self.account.0], |row| Ok(row.get::<_, Option<i64>>(0)?))?;
            // A state from which no changes could be told would be of no use to anybody.
            Ok(ModSeq(count(found.flatten().unwrap_or(0))).max(oldest))
        };
        let changed = newest("SELECT max(modseq) FROM msg INDEXED BY msg_modseq WHERE account = ?1")?;
        // Only what went after that: before it there may be any number of rows about other things.
        let went = snapshot.one(
            "SELECT modseq FROM gone WHERE account = ?1 AND modseq > ?2 AND kind IN (?3, ?4, ?5) \
             ORDER BY modseq DESC LIMIT 1",
            [self.account.0, num(changed.0), GONE_UID, GONE_EMAIL, GONE_PLACE],
            |row| Ok(ModSeq(count(row.get(0)?))),
        )?;
        let mailboxes = newest("SELECT max(modseq) FROM mailbox WHERE account = ?1")?;
        let removed = newest("SELECT mailbox_gone FROM account WHERE id = ?1")?;
        let objects = snapshot.all(
            "SELECT kind, modseq FROM object_count WHERE account = ?1 ORDER BY kind",
            [self.account.0],
            |row| Ok((ObjectKind::of(row.get(0)?), ModSeq(count(row.get(1)?)).max(oldest))),
        )?;
        let objects = objects.into_iter().filter_map(|(kind, modseq)| Some((kind?, modseq))).collect();
        let (emails, mailboxes) = (went.unwrap_or(changed), mailboxes.max(removed));
        Ok(Some(StateRow { account, emails, mailboxes, objects, oldest }))
    }
}

impl Answer for Keywords {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<(u32, String)>> {
        keywords_of(snapshot.sql, self.account)
    }
}

impl Answer for WholeAccount {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<AccountListing>> {
        let find = "SELECT modseq, messages FROM account WHERE id = ?1";
        let of = snapshot.one(find, [self.account.0], |row| Ok((count(row.get(0)?), count(row.get(1)?))))?;
        let Some((modseq, messages)) = of else { return Ok(None) };
        let keywords = keywords_of(snapshot.sql, self.account)?;
        let mut places = Vec::with_capacity(usize::try_from(messages).unwrap_or(0));
        let mut statement = snapshot.sql.prepare_cached(
            "SELECT email, mailbox, uid, flags, modseq, size, received FROM msg WHERE account = ?1 ORDER BY mailbox, uid",
        )?;
        let mut rows = statement.query([self.account.0])?;
        while let Some(row) = rows.next()? {
            places.push(place(row)?);
        }
        // Stable, and most are in order already.
        places.sort_by_key(|place| place.email);
        let mut threads = snapshot.all(
            "SELECT id, thread FROM email INDEXED BY email_thread WHERE account = ?1 AND thread <> id",
            [self.account.0],
            |row| Ok((EmailId(row.get(0)?), EmailId(row.get(1)?))),
        )?;
        threads.sort_unstable();
        Ok(Some(AccountListing { modseq: ModSeq(modseq), keywords, places, threads }))
    }
}

/// E-mails whose places are looked for one by one where the answer has to be short.
const TOUCHED_MAX: usize = NEWS_MAX as usize * 2;

impl Answer for AccountNews {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<AccountChange>> {
        let Some((modseq, floor)) = floor_of(snapshot, self.account)? else { return Ok(None) };
        if self.since < floor || self.since > modseq {
            return Ok(None);
        }
        let (Some(mut touched), Some((gone, left))) = (self.changed(snapshot)?, self.gone(snapshot)?) else {
            return Ok(None);
        };
        touched.extend(left);
        touched.retain(|email| !gone.contains(email));
        if touched.len() > TOUCHED_MAX {
            return Ok(None);
        }
        let (mut places, mut threads) = (Vec::new(), Vec::new());
        for email in &touched {
            places.extend(places_of(snapshot.sql, self.account, *email)?);
            if places.len() > TOUCHED_MAX * 2 {
                return Ok(None);
            }
            threads.extend(self.thread_of(snapshot, *email)?);
        }
        let gone = gone.into_iter().collect();
        Ok(Some(AccountChange { modseq, keywords: keywords_of(snapshot.sql, self.account)?, places, threads, gone }))
    }
}

impl AccountNews {
    /// E-mails of which a row changed; `None` when they are too many.
    fn changed(&self, snapshot: &Snapshot<'_>) -> Sql<Option<BTreeSet<EmailId>>> {
        let changed = snapshot.all(
            "SELECT email FROM msg INDEXED BY msg_modseq WHERE account = ?1 AND modseq > ?2 LIMIT ?3",
            params![self.account.0, num(self.since.0), NEWS_MAX + 1],
            |row| Ok(EmailId(row.get(0)?)),
        )?;
        Ok(if changed.len() > NEWS_MAX as usize { None } else { Some(changed.into_iter().collect()) })
    }

    /// E-mails that went, and those that left a mailbox; `None` when they are too many.
    fn gone(&self, snapshot: &Snapshot<'_>) -> Sql<Option<(BTreeSet<EmailId>, BTreeSet<EmailId>)>> {
        let rows = snapshot.all(
            "SELECT kind, id, ifnull(last, id), detail FROM gone WHERE account = ?1 AND modseq > ?2 LIMIT ?3",
            params![self.account.0, num(self.since.0), NEWS_MAX + 1],
            |row| match row.get::<_, i64>(0)? {
                kind @ (GONE_EMAIL | GONE_PLACE) => {
                    let detail: Option<Vec<u8>> = row.get(3)?;
                    Ok((kind, lived_of(row.get(1)?, row.get(2)?, detail.as_deref())?))
                }
                other => Ok((other, Vec::new())),
            },
        )?;
        if rows.len() > NEWS_MAX as usize {
            return Ok(None);
        }
        let (mut gone, mut left) = (BTreeSet::new(), BTreeSet::new());
        for (kind, lives) in rows {
            let all = if kind == GONE_EMAIL { &mut gone } else { &mut left };
            all.extend(lives.iter().map(|lived| EmailId(lived.id)));
        }
        Ok(Some((gone, left)))
    }

    /// An e-mail and its conversation, where that is another's.
    fn thread_of(&self, snapshot: &Snapshot<'_>, email: EmailId) -> Sql<Option<(EmailId, EmailId)>> {
        let find = "SELECT thread FROM email WHERE account = ?1 AND id = ?2 AND thread <> id";
        snapshot.one(find, [self.account.0, email.0], |row| Ok((email, EmailId(row.get(0)?))))
    }
}

impl Answer for EmailsById {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<EmailRow>> {
        let mut all = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            let find = "SELECT id, thread, size, received, length(prefix), summary, summary_sum, born, queue_id \
                        FROM email WHERE account = ?1 AND id = ?2";
            let Some(row) = snapshot.one(find, [self.account.0, id.0], described)? else { continue };
            let places = places_of(snapshot.sql, self.account, *id)?;
            let places = places.into_iter().map(|at| (at.mailbox, at.uid, at.flags, at.modseq)).collect();
            all.push(EmailRow { places, ..row });
        }
        Ok(all)
    }
}

fn described(row: &Row<'_>) -> Sql<EmailRow> {
    let summary = Bytes::from(row.get::<_, Vec<u8>>(5)?);
    let checked = columns::check_sum("its summary", &summary, row.get(6)?);
    Ok(EmailRow {
        id: EmailId(row.get(0)?),
        thread: EmailId(row.get(1)?),
        size: count(row.get(2)?),
        received: time(row.get(3)?),
        prefix_octets: small(row.get(4)?)?,
        summary: checked.map(|()| summary),
        added: ModSeq(count(row.get(7)?)),
        queue_id: row.get::<_, Option<i64>>(8)?.map(queue_id),
        places: Vec::new(),
    })
}

impl Answer for ThreadMembers {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<ThreadRow>> {
        let mut all = Vec::with_capacity(self.threads.len());
        for thread in &self.threads {
            let mut emails = snapshot.all(
                "SELECT received, id FROM email WHERE account = ?1 AND id = ?2 AND thread = id UNION ALL \
                 SELECT received, id FROM email INDEXED BY email_thread WHERE account = ?1 AND thread = ?2 \
                 AND thread <> id",
                [self.account.0, thread.0],
                |row| Ok((row.get::<_, i64>(0)?, EmailId(row.get(1)?))),
            )?;
            emails.sort_unstable();
            if !emails.is_empty() {
                all.push(ThreadRow { id: *thread, emails: emails.into_iter().map(|(_, email)| email).collect() });
            }
        }
        Ok(all)
    }
}

impl Answer for StoredEmail {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Stored>> {
        snapshot.one(
            "SELECT email.prefix, email.size, blob.id, blob.hash, blob.codec, blob.frames, bytes, email.prefix_sum \
             FROM email JOIN blob ON blob.id = email.blob LEFT JOIN blob_inline ON blob_inline.blob = blob.id \
             WHERE email.account = ?1 AND email.id = ?2",
            [self.account.0, self.email.0],
            stored,
        )
    }
}

impl Answer for UploadById {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<(Uploaded, Stored)>> {
        snapshot.one(
            "SELECT x'', upload.octets, blob.id, blob.hash, blob.codec, blob.frames, bytes, NULL, upload.id, kind, added \
             FROM upload JOIN blob ON blob.id = upload.blob LEFT JOIN blob_inline ON blob_inline.blob = blob.id \
             WHERE upload.account = ?1 AND upload.id = ?2",
            [self.account.0, self.upload],
            |row| {
                let octets = count(row.get(1)?);
                let kind = row.get::<_, Text>(9)?.0;
                Ok((Uploaded { id: row.get(8)?, octets, kind, added: time(row.get(10)?) }, stored(row)?))
            },
        )
    }
}
