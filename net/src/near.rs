//! Connecting to programs on this machine by a socket file. Owns that a path may be longer than an address can be.
#![allow(clippy::disallowed_methods, reason = "a long path is reached through its open folder")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use tokio::net::UnixStream;

/// The longest path of a socket on Linux (`sun_path`, its final zero left out).
const SOCKET_PATH_MAX: usize = 107;

/// Connects to a socket file.
///
/// # Errors
/// Those of the system: `NotFound` and `ConnectionRefused` where nobody listens.
pub async fn connect(path: &Path) -> io::Result<UnixStream> {
    if path.as_os_str().as_bytes().len() <= SOCKET_PATH_MAX {
        return UnixStream::connect(path).await;
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let folder = File::open(folder)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
    UnixStream::connect(short).await
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_path_may_be_longer_than_an_address() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("d".repeat(SOCKET_PATH_MAX));
        std::fs::create_dir(&below).unwrap();
        let near = folder.path().join("s");
        let _listener = tokio::net::UnixListener::bind(&near).unwrap();
        std::fs::rename(&near, below.join("s")).unwrap();
        assert!(connect(&below.join("s")).await.is_ok());
        let missing = connect(&folder.path().join("t")).await.unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
