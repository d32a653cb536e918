//! The file of the index: opening it, throwing away what does not belong to the mail beside it, adding and joining blocks.

use super::block::{Blocks, draft_of};
use super::pack::{BLOCK_MESSAGES, Draft, put_rising};
use super::{column_key, page_key};
use crate::StoreError;
use crate::columns::{Sql, num, sum};
use crate::disk;
use crate::engine::connect_reader;
use crate::types::{AccountId, EmailId};
use message::search::Digest;
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags, params};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What is kept in it, as a number: another means that it is made anew. Also when folding or reading changes.
const FORMAT: i64 = 1;
/// How long another program may hold it.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Connections kept for readers; more are made and dropped.
const READERS: usize = 4;

/// The open file.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    /// `None` until something is added: a house without mail has no index.
    writer: Mutex<Option<Connection>>,
    /// Whether there is one: readers do not wait for who writes.
    made: AtomicBool,
    readers: Mutex<Vec<Connection>>,
}

impl File {
    /// Opens the file at `path`, if there is one; what is in it must fit the mail at `mail`.
    pub fn open(path: &Path, mail: &Path) -> Sql<File> {
        let mut writer = None;
        if path.exists() {
            match open_writer(path).and_then(|writer| discard_strange(&writer, mail).map(|()| writer)) {
                Ok(opened) => writer = Some(opened),
                Err(error) => {
                    tracing::warn!(%error, "the search index is made anew");
                    remove(path)?;
                }
            }
        }
        let made = AtomicBool::new(writer.is_some());
        Ok(File { path: path.to_owned(), writer: Mutex::new(writer), made, readers: Mutex::default() })
    }

    /// Whether anything was ever added.
    pub fn is_made(&self) -> bool {
        self.made.load(Ordering::Acquire)
    }

    /// Work on one state; `None` when the file cannot be read.
    pub fn read<T>(&self, work: impl FnOnce(&Blocks<'_>) -> Sql<T>) -> Option<T> {
        let free = self.readers.lock().pop();
        let connection = match free.map_or_else(|| connect_reader(&self.path), Ok) {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "the search index cannot be opened");
                return None;
            }
        };
        let done = begin(&connection).and_then(|()| work(&Blocks::new(&connection)));
        let ended = connection.prepare_cached("COMMIT").and_then(|mut end| end.execute([]));
        if ended.is_ok() && self.readers.lock().len() < READERS {
            self.readers.lock().push(connection);
        }
        done.inspect_err(|error| tracing::warn!(%error, "the search index cannot be read")).ok()
    }

    /// Adds digests as a block, and joins it with those before it as long as they are small.
    pub fn add(
        &self,
        account: AccountId,
        (created, modseq): (i64, i64),
        digests: &[(u64, Digest)],
        upto: EmailId,
    ) -> Sql<()> {
        let mut writer = self.writer.lock();
        let writer = match &mut *writer {
            Some(writer) => writer,
            none => none.insert(open_writer(&self.path)?),
        };
        self.made.store(true, Ordering::Release);
        let step = writer.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let known = Blocks::new(&step).upto(account)?;
        if upto <= known {
            return Ok(());
        }
        let after = known.0.unsigned_abs();
        let fresh = digests.partition_point(|(email, _)| *email <= after);
        for some in digests.get(fresh..).unwrap_or(&[]).chunks(BLOCK_MESSAGES) {
            add_block(&step, account, Draft::of(some))?;
        }
        step.execute(
            "INSERT INTO known (account, created, modseq, upto) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (account) DO UPDATE SET modseq = max(modseq, ?3), upto = ?4",
            params![account.0, created, modseq, upto.0],
        )?;
        Ok(step.commit()?)
    }
}

fn begin(connection: &Connection) -> Sql<()> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    Ok(())
}

/// Blocks grow as the digits of a number do: one is joined with the one before while that is not more than twice as large, so
/// that each message is written again some ten times at most.
fn add_block(sql: &Connection, account: AccountId, draft: Draft) -> Sql<()> {
    let mut draft = draft;
    loop {
        let mut find =
            sql.prepare_cached("SELECT id, count FROM block WHERE account = ?1 ORDER BY first DESC LIMIT 1")?;
        let before: Option<(i64, i64)> =
            crate::engine::first(find.query_row([account.0], |row| Ok((row.get(0)?, row.get(1)?))))?;
        let count = num(draft.emails.len() as u64);
        match before {
            Some((id, earlier)) if earlier <= count * 2 && earlier + count <= num(BLOCK_MESSAGES as u64) => {
                draft = draft_of(sql, id)?.join(draft);
                remove_block(sql, id)?;
            }
            _ => return insert(sql, account, &draft),
        }
    }
}

fn insert(sql: &Connection, account: AccountId, draft: &Draft) -> Sql<()> {
    let (Some(first), Some(last)) = (draft.emails.first(), draft.emails.last()) else { return Ok(()) };
    let (mut emails, mut open) = (Vec::new(), Vec::new());
    put_rising(draft.emails.iter().copied(), draft.emails.len(), &mut emails);
    put_rising(draft.open.iter().map(|place| u64::from(*place)), draft.open.len(), &mut open);
    sql.prepare_cached(
        "INSERT INTO block (account, first, last, count, emails, open, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        account.0,
        num(*first),
        num(*last),
        num(draft.emails.len() as u64),
        emails,
        open,
        sum(&[emails.as_slice(), &open].concat())
    ])?;
    let id = sql.last_insert_rowid();
    let mut page = sql.prepare_cached("INSERT INTO gram_page (id, octets, sum) VALUES (?1, ?2, ?3)")?;
    for (gram, octets) in draft.pages() {
        page.execute(params![page_key(id, gram), octets, sum(&octets)])?;
    }
    let mut text = sql.prepare_cached("INSERT INTO text_column (id, octets, sum) VALUES (?1, ?2, ?3)")?;
    for (place, column) in draft.columns.iter().enumerate() {
        let octets = column.pack();
        text.execute(params![column_key(id, place), octets, sum(&octets)])?;
    }
    Ok(())
}

fn remove_block(sql: &Connection, id: i64) -> Sql<()> {
    sql.prepare_cached("DELETE FROM gram_page WHERE id >= ?1 AND id < ?2")?
        .execute([page_key(id, 0), page_key(id + 1, 0)])?;
    sql.prepare_cached("DELETE FROM text_column WHERE id >= ?1 AND id < ?2")?
        .execute([column_key(id, 0), column_key(id + 1, 0)])?;
    sql.prepare_cached("DELETE FROM block WHERE id = ?1")?.execute([id])?;
    Ok(())
}

fn open_writer(path: &Path) -> Sql<Connection> {
    disk::make_private(path)?;
    let mut writer =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    writer.busy_timeout(BUSY_WAIT)?;
    // What a power failure takes is made again, so nothing waits for the disk.
    writer.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;",
    )?;
    let step = writer.transaction()?;
    let tables: i64 = step.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        step.execute_batch(include_str!("schema.sql"))?;
        step.execute("INSERT INTO format (n) VALUES (?1)", [FORMAT])?;
    }
    let format: i64 = step.query_row("SELECT n FROM format", [], |row| row.get(0))?;
    if format != FORMAT {
        return Err(StoreError::damaged("the search index has another format"));
    }
    step.commit()?;
    Ok(writer)
}

/// An account of the mail that has seen less than the index, or was made at another time, is not the one that was indexed:
/// the mail came from an older copy. Checked before anything can change it.
fn discard_strange(writer: &Connection, mail: &Path) -> Sql<()> {
    let mail = connect_reader(mail)?;
    let mut find = writer.prepare("SELECT account, created, modseq FROM known")?;
    let known: Vec<(i64, i64, i64)> =
        find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    for (account, created, modseq) in known {
        let facts = super::account_facts(&mail, AccountId(account))?;
        if facts.is_some_and(|(made, newest)| made == created && newest >= modseq) {
            continue;
        }
        let mut blocks = writer.prepare("SELECT id FROM block WHERE account = ?1")?;
        let ids: Vec<i64> = blocks.query_map([account], |row| row.get(0))?.collect::<Result<_, _>>()?;
        ids.into_iter().try_for_each(|id| remove_block(writer, id))?;
        writer.execute("DELETE FROM known WHERE account = ?1", [account])?;
    }
    Ok(())
}

/// The file, and what SQLite keeps beside it.
fn remove(path: &Path) -> Sql<()> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.to_owned().into_os_string();
        name.push(end);
        disk::remove_if_there(Path::new(&name))?;
    }
    Ok(())
}
