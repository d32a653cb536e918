//! Looking at messages one after the other where they are read: for who searches or indexes, and wants of each message
//! an answer, not its octets. At most one frame of content is in memory.

use super::Snapshot;
use crate::StoreError;
use crate::columns::{self, Sql, count, time};
use crate::content::{read_frame, read_inline};
use crate::op::Place;
use crate::query::Query;
use crate::types::{AccountId, EmailId, MailboxId, Uid};
use bytes::Bytes;
use message::Time;
use rusqlite::{Row, params};

/// Which messages are looked at.
#[derive(Clone, Debug)]
pub enum Which {
    /// These of a mailbox; those that are gone are passed over.
    Uids(MailboxId, Vec<Uid>),
    /// All of an account after one, in order, so many at most.
    After(EmailId, u32),
    /// These of an account, in this order; those that are gone are passed over.
    Emails(Vec<EmailId>),
}

/// A question: `see` is put to each message. Ends early once it has looked at `octets` of summaries and content; the first
/// is always looked at. A message that is damaged is answered with the error.
#[derive(Clone, Debug)]
pub struct Look<F> {
    /// Whose.
    pub account: AccountId,
    /// Which.
    pub which: Which,
    /// When to end.
    pub octets: u64,
    /// What is asked of each.
    pub see: F,
}

/// What was answered about one message.
#[derive(Debug)]
pub struct Looked<T> {
    /// Its UID, where it was asked for by that; 0 otherwise.
    pub uid: Uid,
    /// Its e-mail.
    pub email: EmailId,
    /// The answer.
    pub answer: Result<T, StoreError>,
    /// The question ended here, for it had looked at enough: there may be more behind.
    pub early: bool,
}

/// One message, for as long as it is looked at.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Its UID, where it was asked for by that; 0 otherwise.
    pub uid: Uid,
    /// Its e-mail.
    pub email: EmailId,
    /// Its conversation.
    pub thread: EmailId,
    /// When it came into the mailbox; where no mailbox was named, when it came in.
    pub saved: Time,
    /// `message::Summary`, encoded.
    pub summary: Vec<u8>,
    row: i64,
    octets: u64,
    snapshot: &'a Snapshot<'a>,
}

impl<F, T> Query for Look<F>
where
    F: Fn(&mut Seen<'_>) -> Result<T, StoreError>,
{
    type Rows = Vec<Looked<T>>;

    fn ask(&self, snapshot: &Snapshot<'_>) -> Result<Vec<Looked<T>>, StoreError> {
        let mut looking = Looking { all: Vec::new(), octets: 0, look: self };
        match &self.which {
            Which::Uids(mailbox, uids) => {
                let mut find = snapshot.sql.prepare_cached(OF_MAILBOX)?;
                for uid in uids {
                    if looking.is_over() {
                        break;
                    }
                    let mut rows = find.query(params![self.account.0, mailbox.0, uid.0])?;
                    if let Some(row) = rows.next()? {
                        looking.look_at(*uid, row, snapshot)?;
                    }
                }
            }
            Which::After(email, limit) => {
                let mut find = snapshot.sql.prepare_cached(OF_ACCOUNT)?;
                let mut rows = find.query(params![self.account.0, email.0, limit])?;
                while !looking.is_over()
                    && let Some(row) = rows.next()?
                {
                    looking.look_at(Uid(0), row, snapshot)?;
                }
            }
            Which::Emails(emails) => {
                let mut find = snapshot.sql.prepare_cached(OF_EMAIL)?;
                for email in emails {
                    if looking.is_over() {
                        break;
                    }
                    let mut rows = find.query(params![self.account.0, email.0])?;
                    if let Some(row) = rows.next()? {
                        looking.look_at(Uid(0), row, snapshot)?;
                    }
                }
            }
        }
        Ok(looking.all)
    }
}

const OF_EMAIL: &str =
    "SELECT id, thread, received, row, summary, summary_sum FROM email WHERE account = ?1 AND id = ?2";
const OF_MAILBOX: &str = "SELECT email.id, thread, ifnull(saved, msg.received), email.row, summary, summary_sum FROM msg \
     JOIN email ON email.account = msg.account AND email.id = msg.email \
     WHERE msg.account = ?1 AND msg.mailbox = ?2 AND msg.uid = ?3";
const OF_ACCOUNT: &str = "SELECT id, thread, received, row, summary, summary_sum FROM email \
     WHERE account = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
const CONTENT: &str = "SELECT prefix, prefix_sum, size, blob.hash, blob.codec, blob.frames, bytes FROM email \
     JOIN blob ON blob.id = email.blob LEFT JOIN blob_inline ON blob_inline.blob = blob.id WHERE email.row = ?1";

struct Looking<'a, F, T> {
    all: Vec<Looked<T>>,
    octets: u64,
    look: &'a Look<F>,
}

impl<F, T> Looking<'_, F, T>
where
    F: Fn(&mut Seen<'_>) -> Result<T, StoreError>,
{
    fn is_over(&self) -> bool {
        !self.all.is_empty() && self.octets >= self.look.octets
    }

    fn look_at(&mut self, uid: Uid, row: &Row<'_>, snapshot: &Snapshot<'_>) -> Sql<()> {
        let email = EmailId(row.get(0)?);
        let summary: Vec<u8> = row.get(4)?;
        let octets = summary.len() as u64;
        let (thread, saved, number) = (EmailId(row.get(1)?), time(row.get(2)?), row.get(3)?);
        let answer = columns::check_sum("its summary", &summary, row.get(5)?).and_then(|()| {
            let mut seen = Seen { uid, email, thread, saved, summary, row: number, octets: 0, snapshot };
            let answer = (self.look.see)(&mut seen);
            self.octets += seen.octets;
            answer
        });
        self.octets += octets;
        let early = self.octets >= self.look.octets;
        self.all.push(Looked { uid, email, answer, early });
        Ok(())
    }
}

impl Seen<'_> {
    /// Gives the octets of the message from its start: first the prefix, then the content in pieces. Ends when `take`
    /// says false.
    pub fn read(&mut self, mut take: impl FnMut(Piece<'_>) -> bool) -> Result<(), StoreError> {
        let row = self.row;
        let found = self.snapshot.one(CONTENT, [row], |row| {
            let prefix = Bytes::from(row.get::<_, Vec<u8>>(0)?);
            columns::check_sum("what was added to it", &prefix, row.get(1)?)?;
            let octets = count(row.get(2)?).saturating_sub(prefix.len() as u64);
            let hash = columns::hash(&row.get::<_, Vec<u8>>(3)?)?;
            Ok((prefix, octets, hash, columns::place(row.get(4)?, row.get(5)?, row.get(6)?)?))
        })?;
        let (prefix, octets, hash, place) = found.ok_or_else(|| StoreError::damaged("an e-mail has no content"))?;
        if !take(Piece::Prefix(&prefix)) {
            return Ok(());
        }
        match place {
            Place::Inline { codec, bytes } => {
                self.octets += octets;
                take(Piece::Content(&read_inline(codec, &bytes, &hash, octets)?));
            }
            Place::Frames(frames) => {
                let mut offset = 0;
                while offset < octets {
                    let piece = read_frame(self.snapshot.segments, &frames, offset)?;
                    (offset, self.octets) = (offset + piece.len() as u64, self.octets + piece.len() as u64);
                    if piece.is_empty() || !take(Piece::Content(&piece)) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Octets of a message.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'a> {
    /// The fields added here; whole, and first.
    Prefix(&'a [u8]),
    /// The next octets of the content.
    Content(&'a [u8]),
}
