//! The files themselves: opened, listed, locked, put in place. The home of the disk for mail in files; names and forms are
//! the modules' beside it.
#![allow(clippy::disallowed_methods, reason = "the home of mail in files")]

use super::Fault;
use message::Time;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// What a listing tells of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Folder,
    File,
    /// A link, a pipe, a device: passed over.
    Other,
}

/// What is known of a file without reading it: whether it is the same as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The file as such, whatever its name.
    pub inode: u64,
    /// Its length in octets.
    pub octets: u64,
    /// When it was changed.
    pub changed: Time,
}

pub fn stamp(path: &Path) -> Result<Stamp, Fault> {
    let data = std::fs::metadata(path).map_err(Fault::disk(path))?;
    let changed = data.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let changed = Time(u64::try_from(changed.as_millis()).unwrap_or(u64::MAX));
    Ok(Stamp { inode: data.ino(), octets: data.len(), changed })
}

/// Whether something of this name is there.
#[must_use]
pub fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

pub fn is_folder(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| data.is_dir())
}

/// The names in a folder, sorted; names that are no UTF-8 are kept as they are.
pub fn list(path: &Path) -> Result<Vec<(PathBuf, Kind)>, Fault> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(Fault::disk(path))? {
        let entry = entry.map_err(Fault::disk(path))?;
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_dir() => Kind::Folder,
            Ok(kind) if kind.is_file() => Kind::File,
            _ => Kind::Other,
        };
        names.push((PathBuf::from(entry.file_name()), kind));
    }
    names.sort_by(|(one, _): &(PathBuf, Kind), (other, _)| one.cmp(other));
    Ok(names)
}

pub fn open(path: &Path) -> Result<File, Fault> {
    File::open(path).map_err(Fault::disk(path))
}

/// The whole of a file; `None` when it is longer than `max`.
pub fn read(path: &Path, max: usize) -> Result<Option<Vec<u8>>, Fault> {
    let mut octets = Vec::new();
    let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
    open(path)?.take(limit).read_to_end(&mut octets).map_err(Fault::disk(path))?;
    Ok((octets.len() <= max).then_some(octets))
}

/// Makes a folder and those above it, for its owner alone.
pub fn make_folder(path: &Path) -> Result<(), Fault> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Fault::disk(path))
}

/// Writes a new file and syncs it; fails where there is one.
pub fn write_new(path: &Path, octets: &[u8], changed: Option<Time>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(octets)?;
    if let Some(changed) = changed {
        file.set_modified(UNIX_EPOCH + Duration::from_millis(changed.0))?;
    }
    file.sync_all()
}

pub fn rename(from: &Path, to: &Path) -> Result<(), Fault> {
    std::fs::rename(from, to).map_err(Fault::disk(to))
}

pub fn remove(path: &Path) -> Result<(), Fault> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Fault::disk(path)(error)),
        _ => Ok(()),
    }
}

/// What was made or renamed in a folder is there for good.
pub fn sync_folder(path: &Path) -> Result<(), Fault> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(Fault::disk(path))
}

/// Adds to a file that is its owner's alone, and syncs it.
pub fn append(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

/// Keeps other mail programs off an mbox while it lives. Some agree on a file beside it, `NAME.lock`, some on a lock of the
/// kernel by `fcntl`, some by `flock`: all three are taken, in this order, which is that of delivery agents.
pub struct Lock(Option<PathBuf>);

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Takes the lock; one whose program is gone is taken over.
fn lock(path: &Path) -> Result<Lock, Fault> {
    let beside = lock_name(path);
    for _ in 0..2 {
        match OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside) {
            Ok(mut file) => {
                file.write_all(std::process::id().to_string().as_bytes()).map_err(Fault::disk(&beside))?;
                return Ok(Lock(Some(beside)));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !is_left_behind(&beside) {
                    break;
                }
                remove(&beside)?;
            }
            // In a spool folder only some programs may make files.
            Err(_) => return Ok(Lock(None)),
        }
    }
    Err(busy(path))
}

fn lock_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn busy(path: &Path) -> Fault {
    let words = format!("another program is writing to it, or left {}.lock behind", path.display());
    Fault::disk(path)(io::Error::new(io::ErrorKind::WouldBlock, words))
}

/// Whether the program that took the lock runs no more.
fn is_left_behind(lock: &Path) -> bool {
    let owner = read(lock, 100).ok().flatten().unwrap_or_default();
    let owner: Option<i32> = String::from_utf8_lossy(&owner).trim().parse().ok().filter(|id| *id > 0);
    let gone = |id| nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), None) == Err(nix::errno::Errno::ESRCH);
    owner.is_some_and(gone)
}

/// A file to append to, which is made where there is none, and the lock on it.
pub fn open_to_append(path: &Path) -> Result<(File, Lock), Fault> {
    let lock = lock(path)?;
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path);
    let file = file.map_err(Fault::disk(path))?;
    hold(&file, libc::F_WRLCK, path)?;
    Ok((file, lock))
}

/// A file that is there, to be changed, and the lock on it.
pub fn open_to_change(path: &Path) -> Result<(File, Lock), Fault> {
    let lock = lock(path)?;
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(Fault::disk(path))?;
    hold(&file, libc::F_WRLCK, path)?;
    Ok((file, lock))
}

/// A file that nobody changes as long as it is open here.
pub fn open_to_read(path: &Path) -> Result<File, Fault> {
    let beside = lock_name(path);
    if exists(&beside) && !is_left_behind(&beside) {
        return Err(busy(path));
    }
    let file = open(path)?;
    hold(&file, libc::F_RDLCK, path)?;
    Ok(file)
}

/// The locks of the kernel. That of `fcntl` is the one that belongs to the open file: another descriptor of the same file
/// that is closed meanwhile does not give it back.
fn hold(file: &File, kind: libc::c_int, path: &Path) -> Result<(), Fault> {
    let whole = libc::flock {
        l_type: i16::try_from(kind).unwrap_or_default(),
        l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    match fcntl(file, FcntlArg::F_OFD_SETLK(&whole)) {
        Ok(_) => {}
        Err(Errno::EAGAIN | Errno::EACCES) => return Err(busy(path)),
        Err(error) => return Err(Fault::disk(path)(error.into())),
    }
    let held = if kind == libc::F_RDLCK { file.try_lock_shared() } else { file.try_lock() };
    match held {
        Ok(()) => Ok(()),
        Err(std::fs::TryLockError::WouldBlock) => Err(busy(path)),
        Err(std::fs::TryLockError::Error(error)) => Err(Fault::disk(path)(error)),
    }
}

/// Removes a folder and all that is in it.
pub fn remove_folder(path: &Path) -> Result<(), Fault> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Fault::disk(path)(error)),
        _ => Ok(()),
    }
}

/// Removes a folder where nothing is in it.
pub fn remove_if_empty(path: &Path) {
    // What is left in it is not ours.
    let _ = std::fs::remove_dir(path);
}

/// Another name for the same file; a copy of it where the file system has no such thing.
pub fn link(from: &Path, to: &Path) -> Result<(), Fault> {
    match std::fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {
            Err(Fault::disk(from)(error))
        }
        Err(_) => std::fs::copy(from, to).map(drop).map_err(Fault::disk(to)),
    }
}
