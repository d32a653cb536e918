//! Secrets in files that only their owner may read: the first line is the secret.

use super::{SECRET_MAX, Secret, SecretError};
use crate::disk;
use std::io;
use std::path::PathBuf;

/// `None`: there is no such file, or nothing in it.
pub(super) fn read(path: PathBuf) -> Result<Option<Secret>, SecretError> {
    match disk::read_private(&path, SECRET_MAX + 1) {
        Ok(octets) => Ok(Secret::first_line(octets)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SecretError::File { path, error }),
    }
}

pub(super) fn write(path: PathBuf, secret: &Secret) -> Result<(), SecretError> {
    let line = zeroize::Zeroizing::new([secret.octets(), b"\n"].concat());
    disk::write(&path, &line).map_err(|error| SecretError::File { path, error })
}

pub(super) fn remove(path: PathBuf) -> Result<(), SecretError> {
    disk::remove(&path).map(drop).map_err(|error| SecretError::File { path, error })
}
