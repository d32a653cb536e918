//! Rights: becoming an ordinary user once the ports are bound, and as many open files as the system allows.
#![allow(clippy::disallowed_methods, reason = "makes the folder that the new user is to own")]

use crate::config::Config;
use crate::error::StartError;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Uid, User, chown, initgroups, setgid, setuid};
use std::ffi::CString;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Whether this process runs as root.
pub(crate) fn is_root() -> bool {
    Uid::effective().is_root()
}

/// Makes the data folder where there is none: its own and nobody else's.
pub(crate) fn make_data_dir(config: &Config) -> Result<(), StartError> {
    let path = &config.data_dir;
    if path.is_dir() {
        return Ok(());
    }
    let refused = |error| StartError::DataDir { path: path.clone(), error };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(refused)?;
    }
    std::fs::DirBuilder::new().mode(0o700).create(path).map_err(refused)?;
    match (&config.user, is_root()) {
        (Some(name), true) => give_to(path, name),
        _ => Ok(()),
    }
}

/// A folder that was just made goes to the user who will use it.
fn give_to(path: &Path, name: &str) -> Result<(), StartError> {
    let user = find(name)?;
    chown(path, Some(user.uid), Some(user.gid)).map_err(|error| refuse(name, error.desc()))
}

/// Becomes the configured user for good, when started as root. Nothing happens otherwise.
pub(crate) fn drop_to_user(config: &Config) -> Result<(), StartError> {
    if !is_root() {
        return Ok(());
    }
    let Some(name) = &config.user else {
        tracing::warn!("running as root: set `user = \"...\"` in the configuration to run as an ordinary user");
        return Ok(());
    };
    let user = find(name)?;
    let c_name = CString::new(name.as_str()).map_err(|_| refuse(name, "the name holds a zero octet"))?;
    // Groups first: an ordinary user may not change them any more.
    initgroups(&c_name, user.gid).map_err(|error| refuse(name, error.desc()))?;
    setgid(user.gid).map_err(|error| refuse(name, error.desc()))?;
    setuid(user.uid).map_err(|error| refuse(name, error.desc()))?;
    if !user.uid.is_root() && setuid(Uid::from_raw(0)).is_ok() {
        return Err(refuse(name, "root could be had back"));
    }
    Ok(())
}

fn find(name: &str) -> Result<User, StartError> {
    match User::from_name(name) {
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(refuse(name, "there is no such user (`useradd --system` makes one)")),
        Err(error) => Err(refuse(name, error.desc())),
    }
}

fn refuse(user: &str, reason: &str) -> StartError {
    StartError::User { user: user.to_owned(), reason: reason.to_owned() }
}

/// Allows this process as many open files as it may have: every connection is one.
pub(crate) fn raise_open_files() {
    let raised =
        getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_new_data_folder_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let text = format!("hostname = \"a.test\"\ndata_dir = \"{}/deep/data\"\n", folder.path().display());
        let config = Config::parse(&text, "p.toml").unwrap();
        make_data_dir(&config).unwrap();
        make_data_dir(&config).unwrap();
        assert_eq!(std::fs::metadata(&config.data_dir).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_user_that_is_not_there_is_named() {
        let error = find("no-such-user-here").unwrap_err();
        assert!(error.to_string().contains("no-such-user-here"), "{error}");
        assert_eq!(error.exit_code(), 78);
    }
}
