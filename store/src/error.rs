//! Why the store could not do something. Owns the one error type of the crate and how SQLite's and the disk's errors
//! become it. What an operation *comes to* (`OverQuota`, `Gone`, ...) is no error: that is `Outcome`.

use std::io;

/// Why the store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum StoreError {
    /// The disk is full; nothing was changed. Works again when there is room.
    #[error("the disk is full")]
    Full,
    /// Another process has the store open.
    #[error("the store is in use by {holder}")]
    Locked { holder: String },
    /// The disk refused; nothing was changed.
    #[error("{doing}: {reason}")]
    Io { doing: String, reason: String },
    /// What was read is not what was written.
    #[error("the store is damaged: {what}")]
    Damaged { what: String },
    /// A later release made this store.
    #[error("the store has format {found}, made by a later release; this one knows up to {known}")]
    Newer { found: u32, known: u32 },
    /// A counter that must not wrap is used up (UIDs, RFC 9051 §2.3.1.1).
    #[error("no more {what} left")]
    Exhausted { what: &'static str },
    /// The target of a backup or restore is not an empty folder.
    #[error("{path} exists and is not empty")]
    NotEmpty { path: String },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Another program holds the database file for too long.
    #[error("the database is busy")]
    Busy,
    /// A sync failed: what is on disk is not known any more. Final; the process has to end and start again.
    #[error("a sync to disk failed: {reason}")]
    SyncFailed { reason: String },
}

impl StoreError {
    /// An error of the disk, with what was being done.
    #[must_use]
    pub fn io(doing: impl Into<String>, error: &io::Error) -> StoreError {
        if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
            return StoreError::Full;
        }
        StoreError::Io { doing: doing.into(), reason: error.to_string() }
    }

    pub(crate) fn damaged(what: impl Into<String>) -> StoreError {
        StoreError::Damaged { what: what.into() }
    }

    /// Nothing more may be written by this process after it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self, StoreError::SyncFailed { .. })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode;
        let text = error.to_string();
        let rusqlite::Error::SqliteFailure(failure, _) = &error else {
            return StoreError::damaged(text);
        };
        match failure.code {
            ErrorCode::DiskFull => StoreError::Full,
            // The index of the log is a file beside it, of which nothing needs to last: when it cannot grow, no octet of
            // the store is in doubt.
            ErrorCode::SystemIoFailure if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => {
                StoreError::Full
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
            ErrorCode::SystemIoFailure if is_sync(failure.extended_code) => StoreError::SyncFailed { reason: text },
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                StoreError::Io { doing: "database".into(), reason: text }
            }
            _ => StoreError::damaged(text),
        }
    }
}

fn is_sync(extended_code: i32) -> bool {
    use rusqlite::ffi;
    matches!(extended_code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;

    fn of(extended_code: i32) -> StoreError {
        rusqlite::Error::SqliteFailure(ffi::Error::new(extended_code), None).into()
    }

    #[test]
    fn a_full_disk_is_no_doubt_about_what_is_there() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_SHMSIZE] {
            assert_eq!(of(code), StoreError::Full);
        }
        assert!(of(ffi::SQLITE_IOERR_FSYNC).is_fatal());
        assert!(matches!(of(ffi::SQLITE_IOERR_WRITE), StoreError::Io { .. }));
    }
}
