//! The commit point of a message: mailbox entries, outbox entries, content and trace of one message together. Does not
//! own what a delivery *should* do: that is in the operation.

use super::Work;
use super::thread::keys;
use crate::columns::{Sql, bits, count, num, queue_key, sum};
use crate::op::{Content, Deliver, Delivery, Local, Outcome};
use crate::types::{AccountId, EmailId, MailboxId, QueueId, Role, Uid};
use message::Time;
use rusqlite::params;

/// An e-mail about to be written.
pub(super) struct NewEmail<'a> {
    pub(super) account: AccountId,
    pub(super) blob: i64,
    pub(super) prefix: &'a [u8],
    pub(super) size: u64,
    pub(super) received: Time,
    pub(super) queue_id: Option<QueueId>,
    pub(super) summary: &'a [u8],
    /// The modseq with which it comes, and the mailbox and UID it is first shown under.
    pub(super) born: (i64, i64, i64),
    /// As [`super::thread::keys`] makes them.
    pub(super) keys: Vec<i64>,
}

/// A row of a mailbox about to be written.
pub(super) struct NewMessage {
    pub(super) account: AccountId,
    pub(super) mailbox: i64,
    pub(super) email: i64,
    pub(super) modseq: i64,
    pub(super) flags: i64,
    pub(super) size: i64,
    pub(super) received: i64,
    pub(super) saved: i64,
    /// Where its e-mail came in first, as that one's row says.
    pub(super) first: bool,
}

impl Work<'_> {
    pub(super) fn deliver(&mut self, deliver: &Deliver) -> Sql<Outcome> {
        let mut deliveries = Vec::with_capacity(deliver.local.len());
        // Whether each has room is asked before any is written: the blob's row counts those that will refer to it.
        let mut taken = Vec::with_capacity(deliver.local.len());
        for local in &deliver.local {
            taken.push(self.takes(local, &deliver.content, &deliver.local[..taken.len()], &taken)?);
        }
        if deliver.all_or_nothing && taken.contains(&Takes::OverQuota) {
            return Ok(Outcome::OverQuota);
        }
        let remote = || deliver.remote.iter().filter(|remote| !remote.recipients.is_empty());
        let refs = taken.iter().filter(|takes| **takes == Takes::Yes).count() + remote().count();
        let blob = if refs > 0 { self.insert_blob(&deliver.content, refs)? } else { 0 };
        for (local, takes) in deliver.local.iter().zip(&taken) {
            deliveries.push(match takes {
                Takes::Yes => self.deliver_to(deliver, local, blob)?,
                Takes::OverQuota => Delivery::OverQuota,
                Takes::Gone => Delivery::Gone,
            });
        }
        for remote in remote() {
            self.enqueue(deliver, remote, blob)?;
        }
        if refs > 0 {
            self.trace_message(deliver)?;
        }
        Ok(Outcome::Delivered(deliveries))
    }

    /// Whether an account takes the message. `before` and `taken`: the entries ahead of it in the same message, which
    /// use up room too where they are for the same account.
    fn takes(&self, local: &Local, content: &Content, before: &[Local], taken: &[Takes]) -> Sql<Takes> {
        let same = before.iter().zip(taken).filter(|(b, t)| b.account == local.account && **t == Takes::Yes);
        let earlier: u64 = same.map(|(b, _)| size_of(b, content)).sum();
        Ok(match self.has_room(local.account, earlier + size_of(local, content))? {
            None => Takes::Gone,
            Some(room) if room || local.grace => Takes::Yes,
            Some(_) => Takes::OverQuota,
        })
    }

    fn deliver_to(&mut self, deliver: &Deliver, local: &Local, blob: i64) -> Sql<Delivery> {
        let account = local.account;
        let size = size_of(local, &deliver.content);
        let mailbox = self.mailbox_for(account, local.role)?;
        let (modseq, email) = self.count_emails_in(account, 1, size)?;
        let flags = if deliver.utf8_header { bits::UTF8_HEADER } else { 0 };
        let received = num(deliver.now.0);
        let (saved, first) = (received, true);
        let new = NewMessage { account, mailbox, email, modseq, flags, size: num(size), received, saved, first };
        let uid = self.insert_message(&new)?;
        let new = NewEmail {
            account,
            blob,
            prefix: &local.prefix,
            size,
            received: deliver.now,
            queue_id: Some(deliver.queue_id),
            summary: &deliver.summary,
            born: (modseq, mailbox, i64::from(uid.0)),
            keys: keys(deliver.message_id.as_deref(), &deliver.references),
        };
        self.insert_email(email, &new)?;
        Ok(Delivery::Done { mailbox: MailboxId(mailbox), uid, email: EmailId(email) })
    }

    /// The mailbox with a role; INBOX where the account has none.
    fn mailbox_for(&self, account: AccountId, role: Role) -> Sql<i64> {
        let find = "SELECT id FROM mailbox WHERE account = ?1 AND role = ?2";
        for role in [role, Role::Inbox] {
            let number = crate::columns::role_number(Some(role));
            if let Some(id) = self.number(find, [account.0, number])? {
                return Ok(id);
            }
        }
        Err(crate::StoreError::damaged(format!("account {} has no INBOX", account.0)))
    }

    /// Writes an e-mail under an id that was counted in; its conversation.
    pub(super) fn insert_email(&mut self, email: i64, new: &NewEmail<'_>) -> Sql<i64> {
        let thread = self.thread_for(new.account, email, &new.keys)?;
        let refs: Vec<u8> = new.keys.iter().flat_map(|key| key.to_le_bytes()).collect();
        self.run(
            "INSERT INTO email (account, id, blob, copies, thread, size, received, queue_id, prefix, summary, refs, \
             prefix_sum, summary_sum, born, first_mailbox, first_uid) \
             VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
            params![
                new.account.0,
                email,
                new.blob,
                thread,
                num(new.size),
                num(new.received.0),
                new.queue_id.map(queue_key),
                new.prefix,
                new.summary,
                refs,
                sum(new.prefix),
                sum(new.summary),
                new.born.0,
                new.born.1,
                new.born.2
            ],
        )?;
        Ok(thread)
    }

    /// Puts an e-mail into a mailbox under its next UID.
    pub(super) fn insert_message(&mut self, new: &NewMessage) -> Sql<Uid> {
        let (unseen, deleted) = (i64::from(new.flags & bits::SEEN == 0), i64::from(new.flags & bits::DELETED != 0));
        let next: i64 = self
            .sql
            .prepare_cached(
                "UPDATE mailbox SET uid_next = uid_next + 1, modseq = ?3, total = total + 1, unseen = unseen + ?4, \
                 octets = octets + ?5, deleted = deleted + ?6, recent = recent + 1 \
                 WHERE account = ?1 AND id = ?2 RETURNING uid_next",
            )?
            .query_row(params![new.account.0, new.mailbox, new.modseq, unseen, new.size, deleted], |row| row.get(0))?;
        // RFC 9051 §2.3.1.1: UIDNEXT is a 32-bit number too, and never goes back.
        if u32::try_from(next).is_err() {
            return Err(crate::StoreError::Exhausted { what: "UIDs" });
        }
        let uid = next - 1;
        self.insert_row(uid, new)?;
        Ok(Uid(crate::columns::small(uid)?))
    }

    /// Only the row; who calls has counted it.
    pub(super) fn insert_row(&self, uid: i64, new: &NewMessage) -> Sql<()> {
        self.run(
            "INSERT INTO msg (account, mailbox, uid, email, modseq, added, flags, size, received, saved, elsewhere) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                new.account.0,
                new.mailbox,
                uid,
                new.email,
                new.modseq,
                new.flags,
                new.size,
                new.received,
                new.saved,
                if new.first { None } else { Some(1) }
            ],
        )?;
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Yes,
    OverQuota,
    Gone,
}

fn size_of(local: &Local, content: &Content) -> u64 {
    content.octets + count(num(local.prefix.len() as u64))
}
