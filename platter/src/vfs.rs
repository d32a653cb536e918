//! SQLite's way to the disk: a file system of the name [`NAME`] (sqlite.org/vfs.html). A path `/disk/N/...` leads to the
//! disk that [`mount`] gave the number N. One connection at a time opens a database, in exclusive locking mode: locks do
//! nothing and there is no shared memory. The only module of the house with `unsafe`.

use crate::Octets;
use crate::disk::{SimDisk, SimFile};
use parking_lot::Mutex;
use rusqlite::ffi;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::io;
use std::sync::{Once, atomic};

/// What to call it in `open_with_flags_and_vfs`.
pub const NAME: &CStr = c"platter";

static DISKS: Mutex<BTreeMap<u64, SimDisk>> = Mutex::new(BTreeMap::new());
static REGISTERED: Once = Once::new();
static NUMBERS: atomic::AtomicU64 = atomic::AtomicU64::new(1);

/// A disk that SQLite can reach, until this is dropped.
#[derive(Debug)]
pub struct Mount(u64);

impl Mount {
    /// The folder everything on it lies below.
    #[must_use]
    pub fn folder(&self) -> String {
        format!("/disk/{}", self.0)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        DISKS.lock().remove(&self.0);
    }
}

/// Lets SQLite reach a disk. Names on it must begin with the folder of the mount: see [`Mount::folder`].
#[must_use]
pub fn mount(disk: &SimDisk) -> Mount {
    REGISTERED.call_once(register);
    let number = NUMBERS.fetch_add(1, atomic::Ordering::Relaxed);
    DISKS.lock().insert(number, disk.clone());
    Mount(number)
}

/// Names on the disk are without the number, so that an image can be mounted anywhere.
fn found(path: &str) -> Option<(SimDisk, String)> {
    let (number, rest) = path.strip_prefix("/disk/")?.split_once('/')?;
    Some((DISKS.lock().get(&number.parse().ok()?)?.clone(), format!("/{rest}")))
}

/// What SQLite holds of an open file; the first field is SQLite's own.
#[repr(C)]
struct Handle {
    base: ffi::sqlite3_file,
    open: *mut Open,
}

enum Open {
    /// On a disk; `folder` is to be synced with it the first time, as SQLite's own file systems do for journals.
    File { file: SimFile, folder: Option<(SimDisk, String)> },
    /// Of no name: a spilled journal of a statement.
    Scratch(Octets),
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

fn register() {
    // SAFETY: all fields of this C struct may be zero; those SQLite needs at version 1 are set below.
    let mut vfs: ffi::sqlite3_vfs = unsafe { std::mem::zeroed() };
    vfs.iVersion = 1;
    vfs.szOsFile = c_int::try_from(size_of::<Handle>()).unwrap_or(c_int::MAX);
    vfs.mxPathname = 512;
    vfs.zName = NAME.as_ptr();
    vfs.xOpen = Some(open);
    vfs.xDelete = Some(delete);
    vfs.xAccess = Some(access);
    vfs.xFullPathname = Some(full_pathname);
    vfs.xRandomness = Some(randomness);
    vfs.xSleep = Some(sleep);
    vfs.xCurrentTime = Some(current_time);
    // SAFETY: SQLite keeps the pointer for ever, and so does the leak.
    unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0) };
}

/// A name from SQLite; `None` for a file without.
///
/// # Safety
/// `name` is null or ends with NUL and outlives the call.
unsafe fn text(name: *const c_char) -> Option<String> {
    // SAFETY: as promised by the caller.
    (!name.is_null()).then(|| unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned())
}

/// # Safety
/// `file` was opened by [`open`] and not closed.
unsafe fn opened<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Open {
    // SAFETY: `open` put a `Handle` there whose pointer came from a box.
    unsafe { &mut *(*file.cast::<Handle>()).open }
}

fn code(error: &io::Error, general: c_int) -> c_int {
    if error.kind() == io::ErrorKind::StorageFull { ffi::SQLITE_FULL } else { general }
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    let handle = file.cast::<Handle>();
    // SAFETY: SQLite gives `szOsFile` octets at `file`; without methods it does not call close after a failure.
    unsafe { (*handle).base.pMethods = std::ptr::null() };
    // SAFETY: SQLite's names end with NUL.
    let made = match unsafe { text(name) } {
        None => Ok(Open::Scratch(Octets::default())),
        Some(name) => open_named(&name, flags),
    };
    let Ok(made) = made else { return ffi::SQLITE_CANTOPEN };
    // SAFETY: as above; `out` may be null.
    unsafe {
        (*handle).open = Box::into_raw(Box::new(made));
        (*handle).base.pMethods = &raw const METHODS;
        if !out.is_null() {
            *out = flags;
        }
    }
    ffi::SQLITE_OK
}

fn open_named(path: &str, flags: c_int) -> io::Result<Open> {
    let (disk, name) = found(path).ok_or(io::ErrorKind::NotFound)?;
    if disk.exists(&name) || flags & ffi::SQLITE_OPEN_CREATE == 0 {
        return Ok(Open::File { file: disk.open(&name)?, folder: None });
    }
    let folder = name.rsplit_once('/').map(|(folder, _)| (disk.clone(), folder.to_owned()));
    Ok(Open::File { file: disk.create(&name)?, folder })
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `open` made this box, and SQLite closes once.
    drop(unsafe { Box::from_raw((*file.cast::<Handle>()).open) });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, octets: c_int, at: i64) -> c_int {
    let (Ok(len), Ok(at)) = (usize::try_from(octets), usize::try_from(at)) else { return ffi::SQLITE_IOERR_READ };
    // SAFETY: SQLite gives a buffer of so many octets, and a file that is open.
    let (into, open) = unsafe { (std::slice::from_raw_parts_mut(into.cast::<u8>(), len), opened(file)) };
    let done = match open {
        Open::File { file, .. } => file.read(at, into),
        Open::Scratch(octets) => Ok(octets.read(at, into)),
    };
    match done {
        Ok(count) if count == len => ffi::SQLITE_OK,
        Ok(count) => {
            // The rest must be zeros (sqlite.org/c3ref/io_methods.html).
            into[count..].fill(0);
            ffi::SQLITE_IOERR_SHORT_READ
        }
        Err(_) => ffi::SQLITE_IOERR_READ,
    }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, from: *const c_void, octets: c_int, at: i64) -> c_int {
    let (Ok(len), Ok(at)) = (usize::try_from(octets), usize::try_from(at)) else { return ffi::SQLITE_IOERR_WRITE };
    // SAFETY: SQLite gives so many octets, and a file that is open.
    let (from, open) = unsafe { (std::slice::from_raw_parts(from.cast::<u8>(), len), opened(file)) };
    match open {
        Open::File { file, .. } => match file.write(at, from) {
            Ok(taken) if taken == len => ffi::SQLITE_OK,
            // What SQLite's own file systems make of a write that stops.
            Ok(_) => ffi::SQLITE_FULL,
            Err(error) => code(&error, ffi::SQLITE_IOERR_WRITE),
        },
        Open::Scratch(octets) => {
            octets.write(at, from);
            ffi::SQLITE_OK
        }
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, len: i64) -> c_int {
    let Ok(len) = usize::try_from(len) else { return ffi::SQLITE_IOERR_TRUNCATE };
    // SAFETY: the file is open.
    match unsafe { opened(file) } {
        Open::File { file, .. } => file.resize(len).map_or(ffi::SQLITE_IOERR_TRUNCATE, |()| ffi::SQLITE_OK),
        Open::Scratch(octets) => {
            octets.resize(len);
            ffi::SQLITE_OK
        }
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: the file is open.
    let Open::File { file, folder } = (unsafe { opened(file) }) else { return ffi::SQLITE_OK };
    if file.sync().is_err() {
        return ffi::SQLITE_IOERR_FSYNC;
    }
    match folder.take() {
        Some((disk, folder)) if disk.sync_folder(&folder).is_err() => ffi::SQLITE_IOERR_DIR_FSYNC,
        _ => ffi::SQLITE_OK,
    }
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: the file is open, and `size` is SQLite's.
    unsafe {
        let len = match opened(file) {
            Open::File { file, .. } => file.len(),
            Open::Scratch(octets) => octets.len(),
        };
        *size = i64::try_from(len).unwrap_or(i64::MAX);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(_file: *mut ffi::sqlite3_file, _level: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(_file: *mut ffi::sqlite3_file, held: *mut c_int) -> c_int {
    // SAFETY: `held` is SQLite's.
    unsafe { *held = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_file: *mut ffi::sqlite3_file, _op: c_int, _argument: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// As on Linux: a torn write harms no octet it did not touch.
unsafe extern "C" fn characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn delete(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: SQLite's names end with NUL.
    let Some((disk, name)) = unsafe { text(name) }.as_deref().and_then(found) else { return ffi::SQLITE_IOERR_DELETE };
    match disk.remove(&name) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return ffi::SQLITE_IOERR_DELETE_NOENT,
        Err(_) => return ffi::SQLITE_IOERR_DELETE,
    }
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    if sync != 0 && disk.sync_folder(folder).is_err() { ffi::SQLITE_IOERR_DIR_FSYNC } else { ffi::SQLITE_OK }
}

unsafe extern "C" fn access(_vfs: *mut ffi::sqlite3_vfs, name: *const c_char, _flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: SQLite's names end with NUL, and `out` is its own.
    unsafe {
        let there = text(name).as_deref().and_then(found).is_some_and(|(disk, name)| disk.exists(&name));
        *out = c_int::from(there);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite's names end with NUL; `out` has `room` octets.
    unsafe {
        let name = CStr::from_ptr(name).to_bytes_with_nul();
        if name.len() > usize::try_from(room).unwrap_or(0) {
            return ffi::SQLITE_CANTOPEN;
        }
        std::ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len());
    }
    ffi::SQLITE_OK
}

/// Always the same: SQLite draws salts from it, and a run must be had again.
unsafe extern "C" fn randomness(_vfs: *mut ffi::sqlite3_vfs, octets: c_int, out: *mut c_char) -> c_int {
    // SAFETY: `out` has so many octets.
    unsafe { std::ptr::write_bytes(out, 7, usize::try_from(octets).unwrap_or(0)) };
    octets
}

unsafe extern "C" fn sleep(_vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn current_time(_vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: `out` is SQLite's.
    unsafe { *out = 2_461_366.0 };
    ffi::SQLITE_OK
}
