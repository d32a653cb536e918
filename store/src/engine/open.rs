//! Opening a store: folders, lock, database, migrations. Owns the layout on disk and SQLite's settings.

use super::Engine;
use crate::StoreError;
use crate::columns::{Sql, small};
use crate::disk::Disk;
use crate::segment::{SEGMENT_OCTETS, Segments};
use rusqlite::{Connection, OpenFlags};
use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Pages of the log after which it goes into the database file: 64 MiB, so that a store opens in milliseconds and
/// a page written often is copied seldom.
const CHECKPOINT_PAGES: u32 = 16 * 1024;
/// How long another program (a backup tool, `sqlite3`) may hold the database.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Statements kept prepared on each connection: more than there are.
const STATEMENTS: usize = 256;
/// Memory for pages: the writer touches many mailboxes in one group. A reader one, and every commit of the writer
/// empties its cache. What does not fit is still in the system's.
const WRITER_CACHE_KIB: u32 = 24 * 1024;
const READER_CACHE_KIB: u32 = 2 * 1024;

/// Numbered, forward-only; number n is the n-th.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001.sql"),
    include_str!("../../migrations/0002.sql"),
    include_str!("../../migrations/0003.sql"),
    include_str!("../../migrations/0004.sql"),
    include_str!("../../migrations/0005.sql"),
    include_str!("../../migrations/0006.sql"),
    include_str!("../../migrations/0007.sql"),
    include_str!("../../migrations/0008.sql"),
    include_str!("../../migrations/0009.sql"),
    include_str!("../../migrations/0010.sql"),
];

/// Where the files of a store are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The data folder.
    pub folder: PathBuf,
    /// Says who has it open.
    pub lock: PathBuf,
    /// The one shard there is today.
    pub shard: PathBuf,
    /// The database file.
    pub database: PathBuf,
    /// The search index: made again when it is not there.
    pub index: PathBuf,
    /// The folder of segments.
    pub segments: PathBuf,
}

impl Paths {
    /// The layout below a data folder.
    #[must_use]
    pub fn of(folder: &Path) -> Paths {
        let shard = folder.join("shard-000");
        Paths {
            folder: folder.to_owned(),
            lock: folder.join("LOCK"),
            database: shard.join("mail.db"),
            index: shard.join("search.db"),
            segments: shard.join("seg"),
            shard,
        }
    }
}

impl Paths {
    /// The write-ahead log beside the database.
    fn log(&self) -> PathBuf {
        let mut name = self.database.clone().into_os_string();
        name.push("-wal");
        name.into()
    }
}

impl Engine {
    /// Opens the store below a folder, making or migrating it.
    pub fn open(folder: &Path, disk: Arc<dyn Disk>) -> Result<Engine, StoreError> {
        Engine::open_with(folder, disk, SEGMENT_OCTETS)
    }

    /// The same with another size of segments: for tests of what happens at its end.
    pub fn open_with(folder: &Path, disk: Arc<dyn Disk>, segment_octets: u64) -> Result<Engine, StoreError> {
        let paths = Paths::of(folder);
        disk.make_folder(&paths.folder)?;
        let lock = disk.lock(&paths.lock)?;
        disk.make_folder(&paths.shard)?;
        refuse_without_rows(disk.as_ref(), &paths)?;
        disk.make_private(&paths.database)?;
        let mut connection = connect_writer(&paths.database, disk.vfs())?;
        empty_log(&connection)?;
        migrate(&mut connection, MIGRATIONS)?;
        let used = connection.query_row("SELECT coalesce(max(number), 0) FROM segment", [], |row| row.get(0))?;
        let segments = Arc::new(Segments::open(disk.clone(), &paths.segments, segment_octets, small(used)?)?);
        let failed = |error| StoreError::io(format!("sync {}", paths.shard.display()), &error);
        disk.sync_dir(&paths.shard).map_err(failed)?;
        let log = Log::watch(&mut connection)?;
        let hints = std::collections::BTreeMap::new();
        Ok(Engine {
            connection,
            segments,
            paths,
            broken: None,
            hints,
            outbox_changed: true,
            due_changed: true,
            log,
            _lock: lock,
        })
    }
}

/// How long the write-ahead log is. SQLite can empty it by itself, but tells nobody when a sync fails on the way.
#[derive(Debug)]
pub(super) struct Log {
    pages: Arc<AtomicU32>,
    pub(super) pages_max: u32,
}

impl Log {
    fn watch(connection: &mut Connection) -> Sql<Log> {
        let log = Log { pages: Arc::default(), pages_max: CHECKPOINT_PAGES };
        let pages = log.pages.clone();
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, now: i32| {
            pages.store(now.unsigned_abs(), Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(log)
    }

    pub(super) fn is_long(&self) -> bool {
        self.pages.load(Ordering::Relaxed) >= self.pages_max
    }
}

/// Content without the rows that lead to it is a store whose database was lost: an empty one in its place would deny every
/// account, and hide what there is to restore.
fn refuse_without_rows(disk: &dyn Disk, paths: &Paths) -> Result<(), StoreError> {
    let octets = |path: &Path| disk.open(path).and_then(|file| file.octets()).unwrap_or(0);
    let segments = disk.files(&paths.segments)?.len();
    if segments == 0 || octets(&paths.database) > 0 || octets(&paths.log()) > 0 {
        return Ok(());
    }
    let (database, folder) = (paths.database.display(), paths.segments.display());
    Err(StoreError::damaged(format!(
        "{database} is gone or empty, but {segments} segment files of it lie in {folder}: restore a backup, or move the \
         folder away to begin anew"
    )))
}

/// What an earlier process left in the log goes into the database, synced by this one: had that process died of a failed
/// sync, parts of the log may be in the system's cache only, and what came behind them would be lost. A full disk is no
/// reason to stay closed: the log serves as it is.
fn empty_log(connection: &Connection) -> Sql<()> {
    match connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(StoreError::from) {
        Err(StoreError::Full) => Ok(()),
        emptied => emptied,
    }
}

fn connect_writer(path: &Path, vfs: Option<&CStr>) -> Sql<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match vfs {
        None => Connection::open_with_flags(path, flags)?,
        Some(vfs) => {
            let connection = Connection::open_with_flags_and_vfs(path, flags, vfs)?;
            // Alone, and without memory shared with others, which that disk does not have.
            connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
            connection
        }
    };
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA journal_size_limit = {};
         PRAGMA cache_size = -{WRITER_CACHE_KIB};
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
        u64::from(CHECKPOINT_PAGES) * 4096
    ))?;
    Ok(connection)
}

/// A connection that only reads.
pub(crate) fn connect_reader(path: &Path) -> Sql<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch(&format!(
        "PRAGMA cache_size = -{READER_CACHE_KIB}; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
    ))?;
    Ok(connection)
}

/// Brings a database to the newest format, each step in a transaction of its own.
fn migrate(connection: &mut Connection, migrations: &[&str]) -> Sql<()> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS schema_version (n INTEGER NOT NULL PRIMARY KEY) STRICT")?;
    let found = small(connection.query_row("SELECT coalesce(max(n), 0) FROM schema_version", [], |row| row.get(0))?)?;
    let known = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (number, text) in (1_u32..).zip(migrations).skip(found as usize) {
        let step = connection.transaction()?;
        step.execute_batch(text)?;
        step.execute("INSERT INTO schema_version (n) VALUES (?1)", [number])?;
        step.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn columns(connection: &Connection, table: &str) -> i64 {
        connection.query_row("SELECT count(*) FROM pragma_table_info(?1)", [table], |row| row.get(0)).unwrap()
    }

    #[test]
    fn steps_run_once_and_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        let first = "CREATE TABLE a (x INTEGER)";
        migrate(&mut connection, &[first]).unwrap();
        migrate(&mut connection, &[first, "ALTER TABLE a ADD COLUMN y INTEGER"]).unwrap();
        migrate(&mut connection, &[first, "ALTER TABLE a ADD COLUMN y INTEGER"]).unwrap();
        assert_eq!(columns(&connection, "a"), 2);
    }

    #[test]
    fn a_step_that_fails_leaves_the_format_before_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let first = "CREATE TABLE a (x INTEGER)";
        assert!(migrate(&mut connection, &[first, "CREATE TABLE b (x INTEGER); BROKEN"]).is_err());
        assert_eq!((columns(&connection, "a"), columns(&connection, "b")), (1, 0));
        migrate(&mut connection, &[first, "CREATE TABLE b (x INTEGER)"]).unwrap();
        assert_eq!(columns(&connection, "b"), 1);
    }

    #[test]
    fn a_later_format_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &["CREATE TABLE a (x INTEGER)", "CREATE TABLE b (x INTEGER)"]).unwrap();
        let refused = migrate(&mut connection, &["CREATE TABLE a (x INTEGER)"]).unwrap_err();
        assert_eq!(refused, StoreError::Newer { found: 2, known: 1 });
    }

    /// A store of the release before: copies, and messages marked deleted, counted as that release did.
    const BEFORE: &str = "
        INSERT INTO account (id, local, local_key, host, credentials, created) VALUES (1, x'62', x'62', x'63', x'7b7d', 0);
        INSERT INTO mailbox (account, id, parent, name, role, uid_validity, modseq, added, changed, subscribed, total,
            unseen, uid_next) VALUES (1, 1, 0, x'61', 1, 5, 9, 1, 1, 1, 3, 2, 4), (1, 2, 0, x'62', 0, 6, 2, 2, 2, 0, 0, 0, 1);
        INSERT INTO email (account, id, blob, copies, thread, size, received, prefix, summary, refs) VALUES
            (1, 1, 1, 2, 1, 10, 77, x'', x'', x''), (1, 2, 2, 1, 2, 10, 78, x'', x'', x'');
        INSERT INTO msg (account, mailbox, uid, email, modseq, added, flags, size, received) VALUES
            (1, 1, 1, 1, 3, 3, 8, 10, 77), (1, 1, 2, 1, 4, 4, 9, 10, 77), (1, 1, 3, 2, 5, 5, 0, 10, 78);
        INSERT INTO gone (account, modseq, kind, mailbox, id, at) VALUES (1, 8, 0, 1, 7, 0);";

    #[test]
    fn a_store_of_the_release_before_is_brought_up_to_date() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, MIGRATIONS.get(..4).unwrap()).unwrap();
        connection.execute_batch(BEFORE).unwrap();
        migrate(&mut connection, MIGRATIONS).unwrap();
        let numbers = |find: &str| -> Vec<i64> {
            let mut statement = connection.prepare(find).unwrap();
            let width = statement.column_count();
            let row = |row: &rusqlite::Row<'_>| (0..width).map(|n| row.get(n)).collect::<Result<Vec<i64>, _>>();
            statement.query_map([], row).unwrap().flat_map(Result::unwrap).collect()
        };
        assert_eq!(numbers("SELECT deleted, recent, recent_from, selectable FROM mailbox"), [2, 3, 1, 1, 0, 0, 1, 1]);
        assert_eq!(numbers("SELECT account, email, copies FROM shown"), [1, 1, 2]);
        assert_eq!(numbers("SELECT ifnull(saved, received) FROM msg"), [77, 77, 78]);
        assert_eq!(numbers("SELECT ifnull(last, id) FROM gone"), [7]);
        assert_eq!(numbers("SELECT elsewhere, born FROM msg JOIN email ON email.id = email"), [1, 0, 1, 0, 1, 0]);
        assert_eq!(numbers("SELECT told_from - modseq, mailbox_gone - modseq FROM account"), [0, 0]);
    }
}
