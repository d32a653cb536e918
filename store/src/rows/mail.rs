//! Questions about mailboxes and messages.

use super::{Answer, Snapshot};
use crate::columns::{self, Sql, Text, count, small, time};
use crate::content::{read_frame, read_inline};
use crate::engine::{is_utf8, keywords_of};
use crate::op::Place;
use crate::query::{Mailboxes, Maildrop, Messages, MessagesAhead, StoredMessage, StoredMessages, Summaries, SummaryOf};
use crate::types::{BlobId, EmailId, Mailbox, MailboxId, Message, ModSeq, Stored, StoredPlace, SummaryRow, Uid};
use bytes::Bytes;
use rusqlite::{Row, params};

pub(super) const MAILBOX: &str = "SELECT id, parent, name, role, uid_validity, uid_next, modseq, total, unseen, octets, \
     subscribed, deleted, recent, selectable FROM mailbox";

impl Answer for Mailboxes {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<Mailbox>> {
        snapshot.all(&format!("{MAILBOX} WHERE account = ?1 ORDER BY id"), [self.account.0], mailbox)
    }
}

impl Answer for Maildrop {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<(Mailbox, Vec<Message>)>> {
        let role = columns::role_number(Some(self.role));
        let find = format!("{MAILBOX} WHERE account = ?1 AND role = ?2");
        let Some(mailbox) = snapshot.one(&find, [self.account.0, role], mailbox)? else { return Ok(None) };
        let first = Messages { account: self.account, mailbox: mailbox.id, from: Uid(1), limit: self.limit };
        Ok(Some((mailbox, first.answer(snapshot)?)))
    }
}

pub(super) fn mailbox(row: &Row<'_>) -> Sql<Mailbox> {
    let parent: i64 = row.get(1)?;
    Ok(Mailbox {
        id: MailboxId(row.get(0)?),
        parent: Some(MailboxId(parent)).filter(|_| parent != 0),
        name: row.get::<_, Text>(2)?.0,
        role: columns::role(row.get(3)?)?,
        uid_validity: small(row.get(4)?)?,
        uid_next: Uid(small(row.get(5)?)?),
        modseq: ModSeq(count(row.get(6)?)),
        total: small(row.get(7)?)?,
        unseen: small(row.get(8)?)?,
        octets: count(row.get(9)?),
        subscribed: row.get(10)?,
        deleted: small(row.get(11)?)?,
        recent: small(row.get(12)?)?,
        selectable: row.get(13)?,
    })
}

impl Answer for Messages {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<Message>> {
        let keywords = keywords_of(snapshot.sql, self.account)?;
        snapshot.all(
            "SELECT uid, email, modseq, flags, size, received FROM msg \
             WHERE account = ?1 AND mailbox = ?2 AND uid >= ?3 ORDER BY uid LIMIT ?4",
            params![self.account.0, self.mailbox.0, self.from.0, self.limit],
            |row| {
                let flags: i64 = row.get(3)?;
                Ok(Message {
                    uid: Uid(small(row.get(0)?)?),
                    email: EmailId(row.get(1)?),
                    modseq: ModSeq(count(row.get(2)?)),
                    flags: columns::flags(flags, &keywords),
                    size: count(row.get(4)?),
                    received: time(row.get(5)?),
                    utf8_header: is_utf8(flags),
                })
            },
        )
    }
}

/// The columns of a [`Stored`], and the UID.
const STORED: &str = "SELECT email.prefix, email.size, blob.id, blob.hash, blob.codec, blob.frames, bytes, \
     email.prefix_sum, msg.uid FROM msg JOIN email ON email.account = msg.account AND email.id = msg.email \
     JOIN blob ON blob.id = email.blob LEFT JOIN blob_inline ON blob_inline.blob = blob.id";

impl Answer for StoredMessage {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Stored>> {
        snapshot.one(
            &format!("{STORED} WHERE msg.account = ?1 AND msg.mailbox = ?2 AND msg.uid = ?3"),
            [self.account.0, self.mailbox.0, i64::from(self.uid.0)],
            stored,
        )
    }
}

/// A stored message from the columns prefix, size, and the blob's id, hash, codec, frames and octets, and a checksum.
pub(super) fn stored(row: &Row<'_>) -> Sql<Stored> {
    let prefix = Bytes::from(row.get::<_, Vec<u8>>(0)?);
    columns::check_sum("what was added to it", &prefix, row.get(7)?)?;
    let size = count(row.get(1)?);
    let hash = columns::hash(&row.get::<_, Vec<u8>>(3)?)?;
    let place = match columns::place(row.get(4)?, row.get(5)?, row.get(6)?)? {
        // Decoded here, where waiting is allowed, so that reading it on costs no more turns of a thread.
        Place::Inline { codec, bytes } => {
            let octets = size.saturating_sub(prefix.len() as u64);
            StoredPlace::Here(read_inline(codec, &bytes, &hash, octets)?.into())
        }
        Place::Frames(frames) => StoredPlace::Frames(frames.into()),
    };
    Ok(Stored { prefix, size, blob: BlobId(row.get(2)?), place })
}

impl Answer for MessagesAhead {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<(Uid, Stored)>> {
        let find = format!("{STORED} WHERE msg.account = ?1 AND msg.mailbox = ?2 AND msg.uid >= ?3 ORDER BY msg.uid");
        let mut statement = snapshot.sql.prepare_cached(&find)?;
        let mut rows = statement.query([self.account.0, self.mailbox.0, i64::from(self.from.0)])?;
        let (mut all, mut octets) = (Vec::new(), 0);
        while all.len() < self.limit as usize
            && octets < self.octets
            && let Some(row) = rows.next()?
        {
            let Ok(stored) = stored(row).and_then(|stored| whole(stored, snapshot)) else { break };
            octets += stored.size;
            all.push((Uid(small(row.get(8)?)?), stored));
        }
        Ok(all)
    }
}

impl Answer for StoredMessages {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<(Uid, Stored)>> {
        let find = format!(
            "{STORED} WHERE msg.account = ?1 AND msg.mailbox = ?2 AND msg.uid BETWEEN ?3 AND ?4 ORDER BY msg.uid"
        );
        let mut statement = snapshot.sql.prepare_cached(&find)?;
        let (mut all, mut octets) = (Vec::new(), 0);
        for (first, last) in self.uids.ranges() {
            let mut rows = statement.query(params![self.account.0, self.mailbox.0, first.0, last.0])?;
            while all.len() < self.limit as usize
                && octets < self.octets
                && let Some(row) = rows.next()?
            {
                let Ok(stored) = stored(row).and_then(|stored| whole(stored, snapshot)) else { return Ok(all) };
                octets += stored.size;
                all.push((Uid(small(row.get(8)?)?), stored));
            }
        }
        Ok(all)
    }
}

impl Answer for Summaries {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Vec<SummaryRow>> {
        let mut statement = snapshot.sql.prepare_cached(
            "SELECT msg.uid, msg.email, thread, ifnull(saved, msg.received), msg.received, msg.size, length(prefix), \
             summary, summary_sum FROM msg JOIN email ON email.account = msg.account AND email.id = msg.email \
             WHERE msg.account = ?1 AND msg.mailbox = ?2 AND msg.uid BETWEEN ?3 AND ?4 ORDER BY msg.uid",
        )?;
        let mut all = Vec::new();
        for (first, last) in self.uids.ranges() {
            let mut rows = statement.query(params![self.account.0, self.mailbox.0, first.0, last.0])?;
            while all.len() < self.limit as usize
                && let Some(row) = rows.next()?
            {
                all.push(summarised(row)?);
            }
        }
        Ok(all)
    }
}

fn summarised(row: &Row<'_>) -> Sql<SummaryRow> {
    let summary = Bytes::from(row.get::<_, Vec<u8>>(7)?);
    let checked = columns::check_sum("its summary", &summary, row.get(8)?);
    Ok(SummaryRow {
        uid: Uid(small(row.get(0)?)?),
        email: EmailId(row.get(1)?),
        thread: EmailId(row.get(2)?),
        saved: time(row.get(3)?),
        received: time(row.get(4)?),
        size: count(row.get(5)?),
        prefix_octets: small(row.get(6)?)?,
        summary: checked.map(|()| summary),
    })
}

/// Reads the content where that is one frame.
fn whole(stored: Stored, snapshot: &Snapshot<'_>) -> Sql<Stored> {
    let place = match &stored.place {
        StoredPlace::Frames(frames) if frames.len() == 1 => {
            StoredPlace::Here(read_frame(snapshot.segments, frames, 0)?)
        }
        other => other.clone(),
    };
    Ok(Stored { place, ..stored })
}

/// Where a blob is by now; `None` when it is gone.
pub(crate) fn blob_place(snapshot: &Snapshot<'_>, blob: BlobId) -> Sql<Option<Place>> {
    snapshot.one(
        "SELECT codec, frames, bytes FROM blob LEFT JOIN blob_inline ON blob_inline.blob = blob.id WHERE id = ?1",
        [blob.0],
        |row| columns::place(row.get(0)?, row.get(1)?, row.get(2)?),
    )
}

impl Answer for SummaryOf {
    fn answer(&self, snapshot: &Snapshot<'_>) -> Sql<Option<Vec<u8>>> {
        let find = "SELECT summary, summary_sum FROM email WHERE account = ?1 AND id = ?2";
        snapshot.one(find, [self.account.0, self.email.0], |row| {
            let summary: Vec<u8> = row.get(0)?;
            columns::check_sum("its summary", &summary, row.get(1)?)?;
            Ok(summary)
        })
    }
}
