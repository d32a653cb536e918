//! The disk: the only place of this crate that touches files. Owns the seam ([`Disk`]) through which segments are
//! written, so that tests can let it fail, and the few calls around it (lock, permissions, copies). The database file
//! is SQLite's own business. Knows nothing of what is in a file.
#![allow(clippy::disallowed_methods, reason = "this is where files are touched")]

use crate::StoreError;
use std::ffi::CStr;
use std::fmt::Debug;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Only the owner reads and writes.
const FILE_MODE: u32 = 0o600;
/// How often a lock that is taken is tried again, and how long after: a command that is just ending has it for a moment
/// more, and so has a child of its process that has not yet become another program.
const LOCK_WAITS: u32 = 50;
const LOCK_WAIT: Duration = Duration::from_millis(20);
/// Only the owner enters.
const FOLDER_MODE: u32 = 0o700;

/// Where the store lives. A test seam: the real one is [`RealDisk`], one that fails is `fault::FaultDisk`, one that can
/// lose power is in the tests. What is given here is how it is done on this machine's file system.
pub trait Disk: Debug + Send + Sync {
    /// A new file; fails when it exists.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// A file that is there, for reading.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes names in a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Takes a file away.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes a folder and those above it, for the owner only, durably. A folder that is there keeps what it has.
    fn make_folder(&self, path: &Path) -> Result<(), StoreError> {
        make_folder(path)
    }

    /// An empty file for SQLite to fill, where there is none; the owner's alone from the first moment.
    fn make_private(&self, path: &Path) -> Result<(), StoreError> {
        make_private(path)
    }

    /// The files of a folder by name; none when there is no folder.
    fn files(&self, path: &Path) -> Result<Vec<PathBuf>, StoreError> {
        files(path)
    }

    /// Keeps other processes out; `None` where there are none.
    fn lock(&self, path: &Path) -> Result<Option<Lock>, StoreError> {
        Lock::take(path).map(Some)
    }

    /// The file system of SQLite that leads to the same disk; `None`: its own. One connection alone may use it.
    fn vfs(&self) -> Option<&'static CStr> {
        None
    }
}

/// An open file of a [`Disk`].
pub trait DiskFile: Debug + Send + Sync {
    /// Writes some of the octets at a place; how many were taken.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Reads some octets from a place; 0 at the end.
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Makes what was written durable (fdatasync).
    fn sync(&self) -> io::Result<()>;
    /// How long it is.
    fn octets(&self) -> io::Result<u64>;
}

/// The disk of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

#[derive(Debug)]
struct RealFile(fs::File);

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(FILE_MODE).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(RealFile(fs::File::open(path)?)))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        fs::File::open(path)?.sync_all()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

impl DiskFile for RealFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.0.write_at(bytes, offset)
    }

    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(into, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn octets(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

/// Writes all of it, however many calls that takes.
pub(crate) fn write_all(file: &dyn DiskFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let taken = match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes = bytes.get(taken..).unwrap_or_default();
        offset += taken as u64;
    }
    Ok(())
}

/// Fills the buffer; an early end is an error.
pub(crate) fn read_exact(file: &dyn DiskFile, mut into: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !into.is_empty() {
        match file.read_at(into, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                offset += read as u64;
                into = into.get_mut(read..).unwrap_or_default();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The lock of a store: as long as it lives, no other process opens the same one.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "held, not read: the lock goes when the file is closed")] fs::File);

impl Lock {
    /// Takes the lock and writes who has it.
    pub(crate) fn take(path: &Path) -> Result<Lock, StoreError> {
        let failed = |error: io::Error| StoreError::io(format!("{}", path.display()), &error);
        let mut options = OpenOptions::new();
        let mut file =
            options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE).open(path).map_err(failed)?;
        let mut waits = LOCK_WAITS;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(fs::TryLockError::WouldBlock) if waits > 0 => std::thread::sleep(LOCK_WAIT),
                Err(fs::TryLockError::WouldBlock) => return Err(StoreError::Locked { holder: holder(&mut file) }),
                Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
            }
            waits -= 1;
        }
        file.set_len(0).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        file.write_all(format!("process {}\n", std::process::id()).as_bytes()).map_err(failed)?;
        Ok(Lock(file))
    }
}

fn holder(file: &mut fs::File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "another process".to_owned(),
    }
}

/// Makes a folder and those above it, for the owner only, durably. A folder that is there keeps what it has.
pub(crate) fn make_folder(path: &Path) -> Result<(), StoreError> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above.filter(|above| !above.is_dir()) {
        make_folder(above)?;
    }
    let made = match fs::DirBuilder::new().mode(FOLDER_MODE).create(path) {
        Err(_) if path.is_dir() => Ok(false),
        made => made.map(|()| true),
    };
    // One that is there may have been made by a process that died before it was synced; but the folder above it may be
    // another user's.
    let synced = made.and_then(|made| match RealDisk.sync_dir(above.unwrap_or(Path::new("."))) {
        Err(error) if !made && error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    });
    synced.map_err(|error| StoreError::io(format!("make folder {}", path.display()), &error))
}

/// An empty file for SQLite to fill, made here so that it is the owner's alone from the first moment.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::io(format!("{}", path.display()), &error);
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(FILE_MODE).open(path).map_err(failed)?;
    file.set_permissions(fs::Permissions::from_mode(FILE_MODE)).map_err(failed)
}

/// Takes a file away; it need not be there.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io(format!("remove {}", path.display()), &error))
        }
        _ => Ok(()),
    }
}

/// The files of a folder by name; none when there is no folder.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error: io::Error| StoreError::io(format!("read folder {}", folder.display()), &error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Whether a path leads to something.
pub(crate) fn exists(path: &Path) -> bool {
    path.exists()
}

/// Puts the first `octets` of a file into a new one (`None`: all), durably; how many there were.
pub(crate) fn copy(from: &Path, to: &Path, octets: Option<u64>) -> Result<u64, StoreError> {
    let failed = |error: io::Error| StoreError::io(format!("copy {} to {}", from.display(), to.display()), &error);
    let source = fs::File::open(from).map_err(failed)?;
    let mut target = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(to).map_err(failed)?;
    let copied = io::copy(&mut source.take(octets.unwrap_or(u64::MAX)), &mut target).map_err(failed)?;
    target.sync_all().map_err(failed)?;
    Ok(copied)
}

/// Gives a file that will never be written again a second name, or copies it where the file system cannot; how many
/// octets it has.
pub(crate) fn link(from: &Path, to: &Path) -> Result<u64, StoreError> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::metadata(to).map(|m| m.len()).map_err(|error| StoreError::io("link", &error)),
        Err(_) => copy(from, to, None),
    }
}

/// Makes a file that SQLite wrote durable.
pub(crate) fn sync_file(path: &Path) -> Result<u64, StoreError> {
    let failed = |error: io::Error| StoreError::io(format!("sync {}", path.display()), &error);
    let file = fs::File::open(path).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(file.metadata().map_err(failed)?.len())
}

/// Makes the names in a folder durable, on the real disk.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    RealDisk.sync_dir(path).map_err(|error| StoreError::io(format!("sync {}", path.display()), &error))
}
