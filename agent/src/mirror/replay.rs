//! What the user sees of a message: the truth, with the journal replayed on it. Made anew for every message that the truth or
//! the journal changed for; a message that is nowhere and that nobody speaks of goes.

use super::Outcome;
use super::action::Action;
use super::types::{Flags, FolderId, MessageId};
use message::flags::flag_bits;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeSet, HashMap};

/// Makes the view of these messages anew.
pub(super) fn each(tx: &Connection, messages: impl IntoIterator<Item = MessageId>) -> Outcome<()> {
    let mut known = Known::default();
    for message in messages {
        one(tx, message, &mut known)?;
    }
    Ok(())
}

/// Actions that were read: one of them may be about a hundred thousand messages.
type Known = HashMap<i64, Option<Action>>;

fn one(tx: &Connection, message: MessageId, known: &mut Known) -> rusqlite::Result<()> {
    let Some(facts) = facts(tx, message)? else {
        tx.execute("DELETE FROM placed WHERE message = ?1", [message.0])?;
        return Ok(());
    };
    let mut seen = Seen { flags: true_flags(tx, message)?, folders: true_folders(tx, message)? };
    let journal = journal(tx, message)?;
    for id in &journal {
        if !known.contains_key(id) {
            known.insert(*id, read(tx, *id)?);
        }
    }
    let actions: Vec<&Action> = journal.iter().filter_map(|id| known.get(id)?.as_ref()).collect();
    let is_made_here = actions.iter().any(|action| matches!(action, Action::Append { .. }));
    if seen.folders.is_empty() && !is_made_here && !is_awaited(tx, message)? {
        return forget(tx, message);
    }
    actions.into_iter().for_each(|action| seen.apply(action));
    show(tx, message, &seen, facts)
}

/// What the user sees of one message.
struct Seen {
    flags: Flags,
    folders: BTreeSet<FolderId>,
}

impl Seen {
    fn apply(&mut self, action: &Action) {
        match action {
            Action::Flag { add, remove, .. } => {
                self.flags.remove(remove);
                self.flags.add(add);
            }
            Action::Move { from, to, .. } if self.folders.remove(from) => {
                self.folders.insert(*to);
            }
            Action::Copy { to, .. } | Action::Append { to, .. } => {
                self.folders.insert(*to);
            }
            Action::Destroy { from, .. } => {
                self.folders.remove(from);
            }
            _ => {}
        }
    }
}

/// What rows of `placed` repeat.
struct Facts {
    received: i64,
    thread: i64,
}

fn facts(tx: &Connection, message: MessageId) -> rusqlite::Result<Option<Facts>> {
    let mut ask = tx.prepare_cached("SELECT received, thread FROM message WHERE id = ?1")?;
    ask.query_row([message.0], |row| Ok(Facts { received: row.get(0)?, thread: row.get(1)? })).optional()
}

fn show(tx: &Connection, message: MessageId, seen: &Seen, facts: Facts) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE message SET bits = ?2, keywords = ?3 WHERE id = ?1 AND (bits <> ?2 OR keywords <> ?3)")?
        .execute(params![message.0, bits(&seen.flags), words(&seen.flags)])?;
    let mut ask = tx.prepare_cached("SELECT folder FROM placed WHERE message = ?1")?;
    let placed: BTreeSet<FolderId> =
        ask.query_map([message.0], |row| row.get(0).map(FolderId))?.collect::<rusqlite::Result<_>>()?;
    for gone in placed.difference(&seen.folders) {
        tx.prepare_cached("DELETE FROM placed WHERE folder = ?1 AND message = ?2")?.execute([gone.0, message.0])?;
    }
    let unread = !seen.flags.has(flag_bits::SEEN);
    for folder in &seen.folders {
        tx.prepare_cached(
            "INSERT INTO placed (folder, message, received, thread, unread) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (folder, message) DO UPDATE SET thread = excluded.thread, unread = excluded.unread",
        )?
        .execute(params![folder.0, message.0, facts.received, facts.thread, unread])?;
    }
    Ok(())
}

/// What in the journal is about a message, in order.
fn journal(tx: &Connection, message: MessageId) -> rusqlite::Result<Vec<i64>> {
    let mut ask = tx.prepare_cached("SELECT action FROM concerns WHERE message = ?1 ORDER BY action")?;
    ask.query_map([message.0], |row| row.get(0))?.collect()
}

fn read(tx: &Connection, id: i64) -> rusqlite::Result<Option<Action>> {
    let mut ask = tx.prepare_cached("SELECT action FROM action WHERE id = ?1")?;
    let text: Option<String> = ask.query_row([id], |row| row.get(0)).optional()?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Whether a letter that waits to be sent is this one.
fn is_awaited(tx: &Connection, message: MessageId) -> rusqlite::Result<bool> {
    let mut ask = tx.prepare_cached("SELECT count(*) FROM outgoing WHERE message = ?1")?;
    Ok(ask.query_row([message.0], |row| row.get::<_, i64>(0))? > 0)
}

/// Takes away all there is of a message.
fn forget(tx: &Connection, message: MessageId) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM placed WHERE message = ?1",
        "DELETE FROM there WHERE message = ?1",
        "DELETE FROM content WHERE message = ?1",
        "DELETE FROM header WHERE message = ?1",
        "DELETE FROM concerns WHERE message = ?1",
        "DELETE FROM head_words WHERE rowid = ?1",
        "DELETE FROM body_words WHERE rowid = ?1",
        "DELETE FROM message WHERE id = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([message.0])?;
    }
    Ok(())
}

fn true_folders(tx: &Connection, message: MessageId) -> rusqlite::Result<BTreeSet<FolderId>> {
    let mut ask = tx.prepare_cached("SELECT folder FROM there WHERE message = ?1")?;
    ask.query_map([message.0], |row| row.get(0).map(FolderId))?.collect()
}

/// The flags the server has of a message.
pub(super) fn true_flags(tx: &Connection, message: MessageId) -> rusqlite::Result<Flags> {
    flags_in(tx, "SELECT server_bits, server_keywords FROM message WHERE id = ?1", message)
}

/// The flags the user sees.
pub(super) fn seen_flags(tx: &Connection, message: MessageId) -> rusqlite::Result<Flags> {
    flags_in(tx, "SELECT bits, keywords FROM message WHERE id = ?1", message)
}

fn flags_in(tx: &Connection, sql: &str, message: MessageId) -> rusqlite::Result<Flags> {
    let read = |row: &rusqlite::Row<'_>| Ok(flags(row.get(0)?, &row.get::<_, String>(1)?));
    Ok(tx.prepare_cached(sql)?.query_row([message.0], read).optional()?.unwrap_or_default())
}

/// Notes the flags the server has of a message.
pub(super) fn set_true_flags(tx: &Connection, message: MessageId, flags: &Flags) -> rusqlite::Result<()> {
    tx.prepare_cached("UPDATE message SET server_bits = ?2, server_keywords = ?3 WHERE id = ?1")?.execute(params![
        message.0,
        bits(flags),
        words(flags)
    ])?;
    Ok(())
}

/// Flags as they stand in a row.
pub(super) fn flags(bits: i64, words: &str) -> Flags {
    Flags {
        bits: u64::try_from(bits).unwrap_or_default() & flag_bits::SYSTEM,
        keywords: words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
    }
}

fn bits(flags: &Flags) -> i64 {
    i64::try_from(flags.bits & flag_bits::SYSTEM).unwrap_or_default()
}

/// Keywords have no spaces in any protocol (RFC 9051 §9 `flag-keyword`); one that has is none.
fn words(flags: &Flags) -> String {
    let words: Vec<&str> =
        flags.keywords.iter().map(String::as_str).filter(|word| !word.contains([' ', '\0'])).collect();
    if words.is_empty() { String::new() } else { format!(" {} ", words.join(" ")) }
}
