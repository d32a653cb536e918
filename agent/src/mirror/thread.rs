//! Conversations: a message belongs to that of any message it names or that names it (RFC 5322 §3.6.4). Owns the table of ids.
//! Subjects do not make a conversation: two newsletters of one title are none.

use super::types::ThreadId;
use message::Summary;
use rusqlite::{Connection, OptionalExtension, params};

/// Ids of one message that are looked at: the first and the last of References tell the most.
const NAMES_MAX: usize = 40;

/// The conversation of a new message; those that it joins become one.
pub(super) fn of(tx: &Connection, summary: &Summary) -> rusqlite::Result<ThreadId> {
    let names = names(summary);
    let mut found: Vec<i64> = Vec::new();
    for name in &names {
        let known: Option<i64> = tx
            .prepare_cached("SELECT thread FROM named WHERE message_id = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        found.extend(known.filter(|known| !found.contains(known)));
    }
    let thread = match found.split_first() {
        Some((first, others)) => {
            others.iter().try_for_each(|other| join(tx, *other, *first))?;
            *first
        }
        None => new(tx)?,
    };
    for name in &names {
        tx.prepare_cached("INSERT OR IGNORE INTO named (message_id, thread) VALUES (?1, ?2)")?
            .execute(params![name, thread])?;
    }
    Ok(ThreadId(thread))
}

fn names(summary: &Summary) -> Vec<&str> {
    let references = &summary.references;
    let first = references.iter().take(NAMES_MAX / 2);
    let last = references.iter().skip(NAMES_MAX / 2).rev().take(NAMES_MAX / 2);
    first.chain(last).chain(&summary.message_id).map(String::as_str).filter(|name| !name.is_empty()).collect()
}

fn join(tx: &Connection, from: i64, into: i64) -> rusqlite::Result<()> {
    for sql in [
        "UPDATE named SET thread = ?2 WHERE thread = ?1",
        "UPDATE message SET thread = ?2 WHERE thread = ?1",
        "UPDATE placed SET thread = ?2 WHERE thread = ?1 AND message IN (SELECT id FROM message WHERE thread = ?2)",
    ] {
        tx.prepare_cached(sql)?.execute(params![from, into])?;
    }
    Ok(())
}

/// A number no conversation has had.
fn new(tx: &Connection) -> rusqlite::Result<i64> {
    tx.prepare_cached(
        "INSERT INTO fact (name, value) VALUES ('threads', '1') ON CONFLICT (name) DO UPDATE SET value = value + 1",
    )?
    .execute([])?;
    let text: String = tx.query_row("SELECT value FROM fact WHERE name = 'threads'", [], |row| row.get(0))?;
    Ok(text.parse().unwrap_or_default())
}
