//! Copies: a backup of a store in use, and a store from a backup. Owns the order that makes a copy whole: first the
//! rows, then the segments they lead to (which only grow meanwhile).

use crate::StoreError;
use crate::columns::small;
use crate::disk::{self, Lock, RealDisk};
use crate::engine::{Engine, Paths, connect_reader};
use crate::segment::{Segments, name_of};
use crate::shell::Store;
use crate::verify::{VerifyReport, verify};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::sync::Arc;

/// What a backup holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct BackupReport {
    /// Files.
    pub files: u64,
    /// Octets in them.
    pub octets: u64,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq)]
pub struct RestoreReport {
    /// Files.
    pub files: u64,
    /// Octets in them.
    pub octets: u64,
    /// What looking at all of it found.
    pub verified: VerifyReport,
}

impl BackupReport {
    fn add(&mut self, octets: u64) {
        self.files += 1;
        self.octets += octets;
    }
}

impl Store {
    /// Makes a consistent copy of the store, while it is in use, in a folder that is empty or not there yet. The copy
    /// is itself a store; segments that are closed become second names of the same files where the disk allows it.
    pub async fn backup(&self, to: &Path) -> Result<BackupReport, StoreError> {
        let _alone = self.upkeep().await;
        let (from, to, segments) = (self.paths().clone(), Paths::of(to), self.segments().clone());
        self.hands()
            .run(move || {
                prepare(&to)?;
                let mut report = BackupReport::default();
                let numbers = copy_rows(&from, &to)?;
                report.add(disk::sync_file(&to.database)?);
                for number in numbers {
                    report.add(copy_segment(&segments, number, &to)?);
                }
                sync_all(&to)?;
                Ok(report)
            })
            .await
    }
}

/// Makes the folders of a copy where nothing is yet.
fn prepare(to: &Paths) -> Result<(), StoreError> {
    if !disk::files(&to.folder)?.is_empty() {
        return Err(StoreError::NotEmpty { path: to.folder.display().to_string() });
    }
    disk::make_folder(&to.folder)?;
    disk::make_folder(&to.shard)?;
    disk::make_folder(&to.segments)?;
    Ok(())
}

/// Copies the rows as they are at one moment; which segments they lead to.
fn copy_rows(from: &Paths, to: &Paths) -> Result<Vec<u32>, StoreError> {
    /// All pages in one step: one moment, however long it takes; the writer does not wait for it.
    const ALL: i32 = -1;
    disk::make_private(&to.database)?;
    let source = connect_reader(&from.database)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut target = Connection::open_with_flags(&to.database, flags)?;
    rusqlite::backup::Backup::new(&source, &mut target)?.step(ALL)?;
    let mut statement = target.prepare("SELECT number FROM segment WHERE live > 0 ORDER BY number")?;
    let numbers = statement.query_map([], |row| row.get::<_, i64>(0))?;
    numbers.map(|number| small(number?)).collect()
}

fn copy_segment(segments: &Segments, number: u32, to: &Paths) -> Result<u64, StoreError> {
    let (from, to) = (segments.path(number), to.segments.join(name_of(number)));
    match segments.list().into_iter().find(|(known, ..)| *known == number) {
        None => Err(StoreError::damaged(format!("segment {number} is missing"))),
        Some((_, octets, true)) => disk::copy(&from, &to, Some(octets)),
        Some((_, _, false)) => disk::link(&from, &to),
    }
}

fn sync_all(to: &Paths) -> Result<(), StoreError> {
    disk::sync_folder(&to.segments)?;
    disk::sync_folder(&to.shard)?;
    disk::sync_folder(&to.folder)
}

/// Makes a store from a backup, in a folder that is empty or not there yet, and looks at all of it. UIDVALIDITY and
/// UIDs stay as they were. Blocking.
pub fn restore(from: &Path, to: &Path) -> Result<RestoreReport, StoreError> {
    let (from, to) = (Paths::of(from), Paths::of(to));
    // A folder that some process works in is no backup.
    let _alone = if disk::exists(&from.lock) { Some(Lock::take(&from.lock)?) } else { None };
    prepare(&to)?;
    let mut copied = BackupReport::default();
    copied.add(disk::copy(&from.database, &to.database, None)?);
    let (log, log_to) = (from.shard.join("mail.db-wal"), to.shard.join("mail.db-wal"));
    if disk::exists(&log) {
        copied.add(disk::copy(&log, &log_to, None)?);
    }
    for segment in disk::files(&from.segments)? {
        if let Some(name) = segment.file_name() {
            copied.add(disk::copy(&segment, &to.segments.join(name), None)?);
        }
    }
    sync_all(&to)?;
    let mut engine = Engine::open(&to.folder, Arc::new(RealDisk))?;
    let verified = verify(&connect_reader(&to.database)?, engine.segments())?;
    engine.checkpoint()?;
    Ok(RestoreReport { files: copied.files, octets: copied.octets, verified })
}
