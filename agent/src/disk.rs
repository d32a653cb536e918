//! The disk of the user agent: files of one person, which nobody else may read. The one place of `agent`, beside the
//! mirror, that opens, writes, renames and removes. Does not know what stands in them.
#![allow(clippy::disallowed_methods, reason = "the home of the user agent's files")]

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Files are their owner's alone: what is in them is mail, or opens it.
pub const FILE_MODE: u32 = 0o600;
/// The same for folders.
pub const FOLDER_MODE: u32 = 0o700;
/// How often another name is tried for a file that is to be put in place of another: who leaves so many behind has
/// another trouble.
const NAMES_MAX: u32 = 100;

/// The whole file, of at most `limit` octets.
///
/// # Errors
/// Those of the system; `FileTooLarge` when it is longer.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_open(File::open(path)?, limit)
}

/// The same for a file with a secret: refused when others than its owner may read or write it.
///
/// # Errors
/// Those of [`read`]; `PermissionDenied` when others may read it.
pub fn read_private(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // Of what was opened, not of the path, which may be another file by now.
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        let words = format!("others may read it; `chmod 600 {}` keeps them out", path.display());
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, words));
    }
    read_open(file, limit)
}

fn read_open(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut octets)?;
    let too_large = octets.len() as u64 > limit;
    if too_large { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(octets) }
}

/// Puts these octets in place of the file, whole or not at all, so that only its owner can read it. Makes the folder.
///
/// # Errors
/// Those of the system; the file is as it was then.
pub fn write(path: &Path, octets: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(folder)?;
    let (mut file, fresh) = fresh_beside(path)?;
    let placed = file
        .write_all(octets)
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&fresh, path))
        // The new name is only there for good when the folder is written too.
        .and_then(|()| File::open(folder)?.sync_all());
    if placed.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    placed
}

/// A new file in the same folder.
fn fresh_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let own = std::process::id();
    for turn in 0..NAMES_MAX {
        let mut fresh = name.to_os_string();
        fresh.push(format!(".{own}-{turn}.new"));
        let fresh = path.with_file_name(fresh);
        match OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&fresh) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (file, fresh)),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Makes the folder and those above it that are missing. One that is there stays as it is.
///
/// # Errors
/// Those of the system.
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(path)
}

/// Removes a file; one that is not there is no error. `true`: it was there.
///
/// # Errors
/// Those of the system.
pub fn remove(path: &Path) -> io::Result<bool> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Names in a folder that are wanted, sorted, at most so many; folders end with `/`. What cannot be read has none.
#[must_use]
pub fn names(folder: &Path, count: usize, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok().filter(|name| is_wanted(name))?;
            Some(if entry.path().is_dir() { format!("{name}/") } else { name })
        })
        .take(count)
        .collect();
    names.sort();
    names
}

/// Writes a new file that only its owner may read; one that is there stays as it is.
///
/// # Errors
/// `AlreadyExists`, or those of the system.
pub fn write_new(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

/// Whether there is something of this name.
#[must_use]
pub fn is_there(path: &Path) -> bool {
    path.exists()
}

/// Lets only the owner read and write a file.
///
/// # Errors
/// Those of the system.
pub fn make_private(path: &Path) -> io::Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(FILE_MODE))
}

/// A file that says that something is in use. Let go when dropped, and when the program ends, however it does.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes it, unless somebody has it: then `None`.
    ///
    /// # Errors
    /// Those of the system.
    pub fn take(path: &Path) -> io::Result<Option<Lock>> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(FILE_MODE).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn files_are_replaced_whole_and_read_by_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/secret");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read_private(&path, 3).unwrap(), b"two");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (FILE_MODE, FOLDER_MODE));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left behind");
        assert!(remove(&path).unwrap() && !remove(&path).unwrap());
    }

    #[test]
    fn reading_has_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert_eq!(read(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_secret_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, b"x").unwrap();
        for mode in [0o640, 0o604, 0o660, 0o602] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = read_private(&path, 10).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{mode:o}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        make_private(&path).unwrap();
        assert!(read_private(&path, 10).is_ok());
    }

    #[test]
    fn what_cannot_be_put_in_place_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        std::fs::create_dir(&path).unwrap();
        assert!(write(&path, b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
