//! Letters that wait to be sent. Owns their states; who sends them is `crate::outbox`.
//!
//! A letter is in one transaction written and queued; in one transaction sent, filed among the sent ones, its draft gone and
//! what it answers marked. Between the server's last word and that transaction lies the one moment in which a crash leaves
//! it `unsure` whether it went: then a person decides (RFC 1047).

use super::journal;
use super::replay;
use super::types::{Arrival, Flags, FolderId, MessageId};
use super::{Action, Error, Mirror, Outcome, Result};
use crate::sealing::Choice;
use message::Time;
use message::flags::flag_bits;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// A letter that waits to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OutgoingId(pub i64);

/// Who a letter is from and who it is for (RFC 5321 §2.3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Who hears when it cannot be delivered.
    pub reverse_path: String,
    /// Everybody who gets it, those of Bcc too.
    pub recipients: Vec<String>,
    /// Only a server with SMTPUTF8 can take it (RFC 6531).
    pub smtputf8: bool,
}

/// What is to be sent, and what is to be done once it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// For whom.
    pub envelope: Envelope,
    /// Where a copy is filed; `None`: nowhere, as where the server does so itself.
    pub file_in: Option<FolderId>,
    /// The draft it was made from, and the folder that is in: it goes.
    pub draft: Option<(MessageId, FolderId)>,
    /// The message it answers.
    pub answers: Option<MessageId>,
    /// The messages it sends on.
    pub forwards: Vec<MessageId>,
    /// How it is signed and encrypted as it goes out. Here it waits as it was written.
    #[serde(default)]
    pub sealing: Choice,
}

/// What came of a letter so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutgoingState {
    /// It waits for its time, or for the network.
    Waiting,
    /// It is being sent.
    Sending,
    /// The connection broke after its end was sent: it may have gone. It is not sent again unless somebody says so.
    Unsure,
    /// The server would not have it.
    Refused,
}

/// A letter that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number.
    pub id: OutgoingId,
    /// The message, with its Bcc field, which does not go out.
    pub message: MessageId,
    /// What is to be sent.
    pub posting: Posting,
    /// What came of it so far.
    pub state: OutgoingState,
    /// Not before.
    pub not_before: Time,
    /// How often in vain.
    pub tries: u32,
    /// What the server or the network said last.
    pub error: String,
}

impl OutgoingState {
    fn word(self) -> &'static str {
        match self {
            OutgoingState::Waiting => "waiting",
            OutgoingState::Sending => "sending",
            OutgoingState::Unsure => "unsure",
            OutgoingState::Refused => "refused",
        }
    }

    fn of(word: &str) -> OutgoingState {
        match word {
            "sending" => OutgoingState::Sending,
            "unsure" => OutgoingState::Unsure,
            "refused" => OutgoingState::Refused,
            _ => OutgoingState::Waiting,
        }
    }
}

impl Mirror {
    /// Queues a letter: from here on it is not lost. Not sent before a time, so that it can be taken back or put off.
    ///
    /// # Errors
    /// When it is too large, or the file cannot be written.
    pub fn post(&self, content: &[u8], posting: &Posting, now: Time, not_before: Time) -> Result<OutgoingId> {
        let text = serde_json::to_string(posting).unwrap_or_default();
        self.write(|tx| {
            let arrival = Arrival { flags: Flags::of(flag_bits::SEEN), received: now, ..Arrival::default() };
            let message = Mirror::make(tx, content, &arrival)?;
            tx.execute(
                "INSERT INTO outgoing (message, letter, not_before) VALUES (?1, ?2, ?3)",
                params![message.0, text, i64::try_from(not_before.0).unwrap_or(i64::MAX)],
            )?;
            Ok(OutgoingId(tx.last_insert_rowid()))
        })
    }

    /// All that wait, in the order they were queued.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn outgoing(&self) -> Result<Vec<Outgoing>> {
        self.read(|db| {
            let mut ask = db.prepare_cached(&format!("SELECT {COLUMNS} FROM outgoing ORDER BY id"))?;
            let rows = ask.query_map([], outgoing)?.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(rows.into_iter().flatten().collect())
        })
    }

    /// The next letter that is due.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_outgoing(&self, now: Time) -> Result<Option<Outgoing>> {
        let due = |letter: &Outgoing| letter.state == OutgoingState::Waiting && letter.not_before <= now;
        Ok(self.outgoing()?.into_iter().find(due))
    }

    /// It is about to be sent.
    ///
    /// # Errors
    /// When it is gone, no longer waits, or the file cannot be written.
    pub fn begin_sending(&self, id: OutgoingId) -> Result<()> {
        self.write(|tx| {
            let sql = "UPDATE outgoing SET state = 'sending', tries = tries + 1 WHERE id = ?1 AND state = 'waiting'";
            if tx.execute(sql, [id.0])? == 0 {
                return Err(Error::Gone("letter that waits").into());
            }
            Ok(())
        })
    }

    /// It was sent. `is_filed`: the server has filed the copy by itself, and it comes with the next look. Of a letter that went
    /// sealed the `sealed` copy is filed, and not what it was made from.
    ///
    /// # Errors
    /// When the copy is too large, or the file cannot be written.
    pub fn sent(&self, id: OutgoingId, is_filed: bool, sealed: Option<(&[u8], Time)>) -> Result<()> {
        self.write(|tx| {
            let Some(letter) = by_id(tx, id)? else { return Ok(()) };
            if let Some(folder) = place(tx, &letter).filter(|_| !is_filed) {
                let message = match sealed {
                    Some((content, received)) => made_copy(tx, content, received)?,
                    None => letter.message,
                };
                journal::act(tx, &Action::Append { message, to: folder })?;
            }
            conclude(tx, &letter.posting)?;
            strike(tx, &letter)
        })
    }

    /// It was sent to all but these. For the others all is done that is done for a letter that was sent, once: a copy is filed
    /// (the `sealed` one, where it went sealed), the draft goes, what it answers is marked. It goes on for those who are left.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn sent_in_part(&self, id: OutgoingId, left: &[String], sealed: Option<(&[u8], Time)>) -> Result<()> {
        self.write(|tx| {
            let Some(letter) = by_id(tx, id)? else { return Ok(()) };
            if let Some(folder) = place(tx, &letter) {
                let message = match sealed {
                    Some((content, received)) => made_copy(tx, content, received)?,
                    None => same_again(tx, letter.message)?,
                };
                journal::act(tx, &Action::Append { message, to: folder })?;
            }
            conclude(tx, &letter.posting)?;
            let envelope = Envelope { recipients: left.to_vec(), ..letter.posting.envelope };
            // Who is left gets it sealed as the others did.
            let posting = Posting { envelope, sealing: letter.posting.sealing, ..Posting::default() };
            let text = serde_json::to_string(&posting).unwrap_or_default();
            tx.execute("UPDATE outgoing SET letter = ?2 WHERE id = ?1", params![id.0, text])?;
            Ok(())
        })
    }

    /// It was not sent: it waits again, is refused for good, or nobody knows.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn not_sent(&self, id: OutgoingId, state: OutgoingState, error: &str, not_before: Time) -> Result<()> {
        self.write(|tx| {
            tx.execute(
                "UPDATE outgoing SET state = ?2, error = ?3, not_before = ?4 WHERE id = ?1",
                params![id.0, state.word(), error, i64::try_from(not_before.0).unwrap_or(i64::MAX)],
            )?;
            Ok(())
        })
    }

    /// A program ended while it was sending: of letters that were under way nobody knows. To be called by whoever holds
    /// the lock of the account, before sending.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn doubt_what_was_under_way(&self) -> Result<()> {
        let words = "this program ended while it was being sent: it may have gone";
        self.write(|tx| {
            tx.execute("UPDATE outgoing SET state = 'unsure', error = ?1 WHERE state = 'sending'", [words])?;
            Ok(())
        })
    }

    /// It is not sent, or not again: its message, to be edited or kept, goes into a folder (Drafts) instead of the draft it was
    /// made from, or away.
    ///
    /// # Errors
    /// When it is gone or being sent, or the file cannot be written.
    pub fn take_back(&self, id: OutgoingId, into: Option<FolderId>) -> Result<Option<MessageId>> {
        self.write(|tx| {
            let letter = by_id(tx, id)?.ok_or(Error::Gone("letter that waits"))?;
            if letter.state == OutgoingState::Sending {
                return Err(Error::NotAllowed("the letter is being sent just now".to_owned()).into());
            }
            if let Some(folder) = into {
                replay::set_true_flags(tx, letter.message, &Flags::of(flag_bits::SEEN | flag_bits::DRAFT))?;
                journal::act(tx, &Action::Append { message: letter.message, to: folder })?;
                drop_draft(tx, &letter.posting)?;
            }
            strike(tx, &letter)?;
            Ok(into.map(|_| letter.message))
        })
    }

    /// It is not sent: this draft goes into a folder instead of the letter as it waited.
    ///
    /// # Errors
    /// Those of [`Mirror::take_back`].
    pub fn take_back_as(&self, id: OutgoingId, into: FolderId, draft: &[u8], now: Time) -> Result<MessageId> {
        self.write(|tx| {
            let letter = by_id(tx, id)?.ok_or(Error::Gone("letter that waits"))?;
            if letter.state == OutgoingState::Sending {
                return Err(Error::NotAllowed("the letter is being sent just now".to_owned()).into());
            }
            let flags = Flags::of(flag_bits::SEEN | flag_bits::DRAFT);
            let message = Mirror::make(tx, draft, &Arrival { flags, received: now, ..Arrival::default() })?;
            journal::act(tx, &Action::Append { message, to: into })?;
            drop_draft(tx, &letter.posting)?;
            strike(tx, &letter)?;
            Ok(message)
        })
    }

    /// It is sent, or sent again, at this time.
    ///
    /// # Errors
    /// When it is gone or being sent, or the file cannot be written.
    pub fn send_at(&self, id: OutgoingId, at: Time) -> Result<()> {
        self.write(|tx| {
            let sql = "UPDATE outgoing SET state = 'waiting', not_before = ?2, error = '' WHERE id = ?1 AND state <> 'sending'";
            if tx.execute(sql, params![id.0, i64::try_from(at.0).unwrap_or(i64::MAX)])? == 0 {
                return Err(Error::Gone("letter that waits").into());
            }
            Ok(())
        })
    }

    /// Letters that were put off because something kept them from going are due now. Those that are to go later wait on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn send_put_off(&self, now: Time) -> Result<()> {
        self.write(|tx| {
            let sql = "UPDATE outgoing SET not_before = ?1 WHERE state = 'waiting' AND error <> '' AND not_before > ?1";
            tx.execute(sql, [i64::try_from(now.0).unwrap_or(i64::MAX)])?;
            Ok(())
        })
    }

    /// Keeps a draft: the new version goes into a folder, the one before goes away.
    ///
    /// # Errors
    /// When it is too large, the folder is gone, or the file cannot be written.
    pub fn save_draft(
        &self,
        content: &[u8],
        folder: FolderId,
        instead_of: Option<MessageId>,
        now: Time,
    ) -> Result<MessageId> {
        self.write(|tx| {
            let flags = Flags::of(flag_bits::SEEN | flag_bits::DRAFT);
            let arrival = Arrival { flags, received: now, ..Arrival::default() };
            let message = Mirror::make(tx, content, &arrival)?;
            journal::act(tx, &Action::Append { message, to: folder })?;
            if let Some(old) = instead_of {
                journal::act(tx, &Action::Destroy { messages: vec![old], from: folder })?;
            }
            Ok(message)
        })
    }
}

/// A copy to be filed among the sent ones.
fn made_copy(tx: &Connection, content: &[u8], received: Time) -> Outcome<MessageId> {
    Mirror::make(tx, content, &Arrival { flags: Flags::of(flag_bits::SEEN), received, ..Arrival::default() })
}

/// A message once more, since the first waits still.
fn same_again(tx: &Connection, message: MessageId) -> Outcome<MessageId> {
    let received = "SELECT received FROM message WHERE id = ?1";
    let received: i64 = tx.query_row(received, [message.0], |row| row.get(0))?;
    let content = super::content::whole(tx, message)?.ok_or(Error::Damaged(message.0))?;
    made_copy(tx, &content, Time(received.try_into().unwrap_or_default()))
}

const COLUMNS: &str = "id, message, letter, state, not_before, tries, error";

fn by_id(tx: &Connection, id: OutgoingId) -> rusqlite::Result<Option<Outgoing>> {
    let sql = format!("SELECT {COLUMNS} FROM outgoing WHERE id = ?1");
    Ok(tx.prepare_cached(&sql)?.query_row([id.0], outgoing).optional()?.flatten())
}

fn outgoing(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Outgoing>> {
    let Ok(posting) = serde_json::from_str(&row.get::<_, String>(2)?) else { return Ok(None) };
    Ok(Some(Outgoing {
        id: OutgoingId(row.get(0)?),
        message: MessageId(row.get(1)?),
        posting,
        state: OutgoingState::of(&row.get::<_, String>(3)?),
        not_before: Time(row.get::<_, i64>(4)?.try_into().unwrap_or_default()),
        tries: row.get(5)?,
        error: row.get(6)?,
    }))
}

/// Where its copy is filed, if that is there still.
fn place(tx: &Connection, letter: &Outgoing) -> Option<FolderId> {
    letter.posting.file_in.filter(|folder| matches!(super::folders::is_there(tx, *folder), Ok(true)))
}

/// The draft of a letter that was sent goes, and what it answers or sends on is marked.
fn conclude(tx: &Connection, posting: &Posting) -> Outcome<()> {
    drop_draft(tx, posting)?;
    mark(tx, posting.answers.as_slice(), &Flags::of(flag_bits::ANSWERED))?;
    mark(tx, &posting.forwards, &Flags::keyword("$Forwarded"))
}

/// The draft that a letter was made from goes, unless its folder is gone.
fn drop_draft(tx: &Connection, posting: &Posting) -> Outcome<()> {
    let Some((draft, from)) = posting.draft else { return Ok(()) };
    if super::folders::is_there(tx, from)? {
        journal::act(tx, &Action::Destroy { messages: vec![draft], from })?;
    }
    Ok(())
}

fn mark(tx: &Connection, messages: &[MessageId], flags: &Flags) -> Outcome<()> {
    let mut there = Vec::new();
    for message in messages {
        let mut ask = tx.prepare_cached("SELECT count(*) FROM message WHERE id = ?1")?;
        if ask.query_row([message.0], |row| row.get::<_, i64>(0))? > 0 {
            there.push(*message);
        }
    }
    if !there.is_empty() {
        journal::act(tx, &Action::Flag { messages: there, add: flags.clone(), remove: Flags::default() })?;
    }
    Ok(())
}

/// Out of the queue; the message stays if it is in a folder now.
fn strike(tx: &Connection, letter: &Outgoing) -> Outcome<()> {
    tx.execute("DELETE FROM outgoing WHERE id = ?1", [letter.id.0])?;
    replay::each(tx, [letter.message])
}

/// Content without its Bcc fields, as it goes out (RFC 5322 §3.6.3).
#[must_use]
pub fn without_bcc(message: &[u8]) -> Vec<u8> {
    let end = message::header::section_end(message, 0).unwrap_or(message.len());
    let (header, body) = message.split_at(end.min(message.len()));
    let mut out = Vec::with_capacity(message.len());
    let mut dropping = false;
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        let continues = matches!(line.first(), Some(b' ' | b'\t'));
        if !continues {
            let name = line.split(|octet| *octet == b':').next().unwrap_or_default();
            dropping = line.contains(&b':') && name.trim_ascii_end().eq_ignore_ascii_case(b"bcc");
        }
        if !dropping {
            out.extend_from_slice(line);
        }
    }
    out.extend_from_slice(body);
    out
}
