//! Secrets of accounts: passwords and tokens, fetched from where the settings say, kept there, forgotten. Owns the three
//! places: a file of ours ([`file`]), the desktop's keyring ([`keyring`]), a command ([`command`]). A secret is wiped from
//! memory when it is dropped, stands in no argument of a command, and prints as `***`.

pub mod command;
mod file;
mod keyring;

pub use crate::account::SecretSource as Source;
pub use keyring::Keyring;

use crate::account::Keep;
use crate::house::Folders;
use crate::trouble::{Kind, Trouble};
use std::fmt;
use std::io;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The longest secret, in octets: tokens of some providers have several thousand, and three stand together.
pub const SECRET_MAX: u64 = 64 * 1024;

/// A secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Secret {
    /// Takes these octets.
    #[must_use]
    pub fn new(octets: Vec<u8>) -> Secret {
        Secret(Zeroizing::new(octets))
    }

    /// The first line of a text, without its end; `None`: it is empty.
    #[must_use]
    pub fn first_line(octets: Vec<u8>) -> Option<Secret> {
        let octets = Zeroizing::new(octets);
        let line = octets.split(|octet| *octet == b'\n').next().unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (!line.is_empty()).then(|| Secret::new(line.to_vec()))
    }

    /// Its octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// For the login of a protocol's session, which wipes nothing: it lives as long as the session.
    #[must_use]
    pub fn for_login(&self) -> wire::sasl::Secret {
        wire::sasl::Secret(self.0.to_vec())
    }
}

/// Why a secret cannot be had or kept.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is none.
    #[error("no secret is kept for {0}: `pillarbox mail account login {0}` asks for it")]
    Missing(String),
    /// The place cannot be used.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A program did not do what it is for.
    #[error(transparent)]
    Command(#[from] command::CommandError),
    /// A command gives a secret and takes none.
    #[error("the secret of {0} comes from a command; it is changed where the command takes it from")]
    NotOurs(String),
    /// It has a line end in it, or is too long.
    #[error("that cannot be kept: a secret is one line of at most {SECRET_MAX} octets")]
    Form,
}

/// Where secrets are found and kept.
#[derive(Clone, Debug)]
pub struct Secrets {
    folders: Folders,
    keyring: Keyring,
}

impl Secrets {
    /// Those of the person with these folders, and this keyring.
    #[must_use]
    pub fn new(folders: &Folders, keyring: Keyring) -> Secrets {
        Secrets { folders: folders.clone(), keyring }
    }

    /// The secret of an account. Of tokens it is what was kept, not the access token ([`crate::oauth`]).
    ///
    /// # Errors
    /// There is none, or its place cannot be used.
    pub async fn fetch(&self, account: &str, source: &Source) -> Result<Secret, SecretError> {
        let found = match source {
            Source::Keyring | Source::OAuth { keep: Keep::Keyring, .. } => self.keyring.lookup(account).await?,
            Source::File(_) | Source::OAuth { keep: Keep::File, .. } => file::read(self.file(account, source))?,
            Source::Command(line) => command::first_line(line).await?,
        };
        found.ok_or_else(|| SecretError::Missing(account.to_owned()))
    }

    /// Keeps the secret of an account in place of the one before.
    ///
    /// # Errors
    /// It cannot be kept there.
    pub async fn keep(&self, account: &str, source: &Source, secret: &Secret) -> Result<(), SecretError> {
        let octets = secret.octets();
        let one_line = !octets.is_empty() && !octets.contains(&b'\n') && !octets.contains(&0);
        if !one_line || octets.len() as u64 > SECRET_MAX {
            return Err(SecretError::Form);
        }
        match source {
            Source::Keyring | Source::OAuth { keep: Keep::Keyring, .. } => {
                Ok(self.keyring.store(account, secret).await?)
            }
            Source::File(_) | Source::OAuth { keep: Keep::File, .. } => file::write(self.file(account, source), secret),
            Source::Command(_) => Err(SecretError::NotOurs(account.to_owned())),
        }
    }

    /// Keeps the secret in the keyring where there is one that works, else in a file; tells which.
    ///
    /// # Errors
    /// Not even in a file.
    pub async fn keep_best(&self, account: &str, secret: &Secret) -> Result<Source, SecretError> {
        let kept = self.keep(account, &Source::Keyring, secret).await;
        // Some keyrings take all and keep nothing.
        if kept.is_ok() && self.fetch(account, &Source::Keyring).await.is_ok_and(|kept| kept == *secret) {
            return Ok(Source::Keyring);
        }
        let source = Source::File(None);
        self.keep(account, &source, secret).await.map(|()| source)
    }

    /// Forgets the secret of an account; one that is not there is no error. What a command gives is left.
    ///
    /// # Errors
    /// The place cannot be used.
    pub async fn forget(&self, account: &str, source: &Source) -> Result<(), SecretError> {
        match source {
            Source::Keyring | Source::OAuth { keep: Keep::Keyring, .. } => Ok(self.keyring.clear(account).await?),
            Source::File(_) | Source::OAuth { keep: Keep::File, .. } => file::remove(self.file(account, source)),
            Source::Command(_) => Ok(()),
        }
    }

    fn file(&self, account: &str, source: &Source) -> PathBuf {
        match source {
            Source::File(Some(path)) => crate::account::settings::resolve(path, &self.folders),
            // Names of accounts are names of files, too (`account::settings::is_name`).
            _ => self.folders.secrets().join(account),
        }
    }
}

impl From<SecretError> for Trouble {
    fn from(error: SecretError) -> Trouble {
        let kind = match &error {
            SecretError::Missing(_) => Kind::NotAllowed,
            SecretError::File { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => Kind::NotAllowed,
            SecretError::File { .. } => Kind::Io,
            SecretError::Command(_) => Kind::Unavailable,
            SecretError::NotOurs(_) | SecretError::Form => Kind::Usage,
        };
        Trouble::new(kind, error)
    }
}

#[cfg(test)]
mod tests;
