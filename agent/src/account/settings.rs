//! What is set of each account: addresses, servers, where the secret is, names of folders. Owns the types, their lookup
//! and changes, and the file's reading and writing; the file's form is in [`super::form`].

use super::{SettingsError, form};
use crate::disk;
use crate::house::Folders;
use crate::trouble::{Kind, Trouble};
use message::Address;
use std::io;
use std::path::{Path, PathBuf};

/// The largest file of accounts, in octets: some thousand accounts; no person has so many.
pub const FILE_MAX: u64 = 1024 * 1024;
/// The longest name of an account, in octets: it becomes the name of a folder, with an ending.
pub const NAME_MAX: usize = 64;

/// Everything in `accounts.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The accounts, in the order of the file; names are different, at most one is the default.
    pub accounts: Vec<Account>,
    /// Who gives out tokens (OAuth 2), in the order of the file; names are different.
    pub providers: Vec<Provider>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it is called here; letters, digits and `.-_@+` only, so that it may name a folder.
    pub name: String,
    /// Whose mail it is.
    pub address: Address,
    /// The name that goes with the address.
    pub display_name: Option<String>,
    /// Other addresses that are the same person's.
    pub aliases: Vec<Address>,
    /// Where mail is read.
    pub incoming: Incoming,
    /// Where mail is sent; `None`: the account only reads.
    pub outgoing: Option<Outgoing>,
    /// Where the secret for both is; `None`: nobody logs in.
    pub secret: Option<SecretSource>,
    /// What stands below what is written, without the line `-- `.
    pub signature: Option<String>,
    /// What is done to letters that are written, where nothing is said of one.
    pub sealing: SealHabits,
    /// Names of folders where they are not found by themselves.
    pub folders: FolderNames,
    /// The account that is used where none is named.
    pub default: bool,
}

/// What is done to letters by habit (S/MIME).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SealHabits {
    /// `sign = "always"`.
    pub signs_always: bool,
    /// `encrypt = "when possible"`: where there is a certificate of everybody who gets it.
    pub encrypts_when_possible: bool,
}

/// Where mail is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// IMAP.
    Imap(Server),
    /// POP3.
    Pop3 {
        /// Where.
        server: Server,
        /// Mail stays at the server.
        keep: bool,
    },
    /// JMAP.
    Jmap {
        /// Of the session object (RFC 8620 §2), or of the host, where it is looked for.
        url: String,
        /// The name to log in with; `None`: the address.
        user: Option<String>,
        /// PEM of a CA, or of the server's own certificate, that is believed instead of the system's.
        trust: Option<PathBuf>,
    },
    /// A Maildir on this machine.
    Maildir(PathBuf),
    /// An mbox file, or a folder of such, on this machine.
    Mbox(PathBuf),
    /// The store of the Pillarbox server on this machine.
    Local(Local),
}

/// Where mail is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// Submission (RFC 6409).
    Smtp(Server),
    /// By the JMAP server that mail is read from.
    Jmap,
    /// The Pillarbox server on this machine.
    Local(Local),
}

/// A server and how to get in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A name or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The name to log in with; `None`: the address.
    pub user: Option<String>,
    /// PEM of a CA, or of the server's own certificate, that is believed instead of the system's.
    pub trust: Option<PathBuf>,
}

/// The server on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Local {
    /// The account there; `None`: the one of the address.
    pub user: Option<String>,
    /// The server's configuration file; `None`: it is looked for.
    pub path: Option<PathBuf>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first octet (RFC 8314 §3).
    #[default]
    Tls,
    /// TLS after a command; nothing is said without it.
    StartTls,
    /// None: whoever sits in between reads all. For this machine and for cables one knows.
    Plain,
}

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The keyring of the desktop.
    Keyring,
    /// A file that only its owner may read; `None`: one in the data folder.
    File(Option<PathBuf>),
    /// The first line that this command writes; the shell runs it.
    Command(String),
    /// Tokens of a provider.
    OAuth {
        /// The name of the provider, see [`Settings::provider`].
        provider: String,
        /// Where the tokens are.
        keep: Keep,
    },
}

/// Where tokens are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The keyring of the desktop.
    Keyring,
    /// A file in the data folder.
    #[default]
    File,
}

/// Names of folders with a purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FolderNames {
    pub sent: Option<String>,
    pub drafts: Option<String>,
    pub trash: Option<String>,
    pub archive: Option<String>,
    pub junk: Option<String>,
}

/// Who gives out tokens (RFC 6749).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What it is called here.
    pub name: String,
    /// Its identity (RFC 8414 §2): where the rest is looked for that is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The authorization endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorize: Option<String>,
    /// The token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The device authorization endpoint (RFC 8628 §3.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The name by which it knows this program.
    pub client_id: String,
    /// What some providers give programs along with the name; it is in every copy of a program, so no secret
    /// (RFC 8252 §8.5).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// What is asked for, with spaces in between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// A change that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Change {
    /// The name is taken.
    #[error("there is an account named {0} already")]
    Taken(String),
    /// There is no such account.
    #[error("there is no account {0}{hint}", hint = hint(.1.as_deref()))]
    Unknown(String, Option<String>),
    /// The name cannot be one of an account.
    #[error("{0:?} cannot be the name of an account: letters, digits and . - _ @ + only, at most {NAME_MAX} of them")]
    Name(String),
}

impl From<Change> for Trouble {
    fn from(change: Change) -> Trouble {
        let kind = if matches!(change, Change::Unknown(..)) { Kind::NotFound } else { Kind::Usage };
        Trouble::new(kind, change)
    }
}

fn hint(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}

impl Settings {
    /// Reads the file; without one there are no accounts.
    ///
    /// # Errors
    /// It cannot be read, or something in it is wrong.
    pub fn load(folders: &Folders) -> Result<Settings, SettingsError> {
        let path = folders.accounts();
        let name = path.display().to_string();
        match disk::read(&path, FILE_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Settings::default()),
            Err(error) => Err(SettingsError::whole(&name, error.to_string())),
            Ok(octets) => {
                let text = String::from_utf8(octets).map_err(|_| SettingsError::whole(&name, "is not UTF-8"))?;
                Settings::parse(&text, &name)
            }
        }
    }

    /// Reads a text as if it stood in a file called so.
    ///
    /// # Errors
    /// The first thing that is wrong in it.
    pub fn parse(text: &str, file: &str) -> Result<Settings, SettingsError> {
        form::read(text, file)
    }

    /// Writes the file anew; comments in it are lost ([`Settings::append`] keeps them).
    ///
    /// # Errors
    /// Those of the disk.
    pub fn save(&self, folders: &Folders) -> io::Result<()> {
        disk::write(&folders.accounts(), self.print().as_bytes())
    }

    /// The text of the file.
    #[must_use]
    pub fn print(&self) -> String {
        form::print(self)
    }

    /// Adds an account and writes it at the end of the file; what stands there stays as it is.
    ///
    /// # Errors
    /// [`Change`], or what the disk says.
    pub fn append(&mut self, account: Account, folders: &Folders) -> io::Result<()> {
        self.add(account).map_err(|change| io::Error::new(io::ErrorKind::InvalidInput, change))?;
        let before = match disk::read(&folders.accounts(), FILE_MAX) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.save(folders),
            read => String::from_utf8(read?).map_err(|_| io::ErrorKind::InvalidData)?,
        };
        let added = self.accounts.last().map(form::print_account).unwrap_or_default();
        let text = format!("{}\n\n{added}", before.trim_end());
        // Where the text does not say the same, somebody changed it meanwhile, or another was the default.
        if Settings::parse(&text, "").as_ref() == Ok(self) {
            disk::write(&folders.accounts(), text.as_bytes())
        } else {
            self.save(folders)
        }
    }

    /// Adds an account. The first becomes the default; one that says it is the default takes that from the others.
    ///
    /// # Errors
    /// The name is taken, or is none.
    pub fn add(&mut self, mut account: Account) -> Result<(), Change> {
        if !is_name(&account.name) {
            return Err(Change::Name(account.name));
        }
        if self.named(&account.name).is_some() {
            return Err(Change::Taken(account.name));
        }
        account.default |= self.accounts.is_empty();
        if account.default {
            self.accounts.iter_mut().for_each(|other| other.default = false);
        }
        self.accounts.push(account);
        Ok(())
    }

    /// Removes an account, found as by [`Settings::find`]. Where it was the default, the first that is left becomes it.
    ///
    /// # Errors
    /// There is none.
    pub fn remove(&mut self, name: &str) -> Result<Account, Change> {
        let account = self.accounts.remove(self.index(name)?);
        match self.accounts.first_mut() {
            Some(first) if account.default => first.default = true,
            _ => {}
        }
        Ok(account)
    }

    /// Makes this account the default.
    ///
    /// # Errors
    /// There is none.
    pub fn set_default(&mut self, name: &str) -> Result<(), Change> {
        let chosen = self.index(name)?;
        self.accounts.iter_mut().enumerate().for_each(|(index, account)| account.default = index == chosen);
        Ok(())
    }

    /// The account of this name, else the first with this address or alias.
    ///
    /// # Errors
    /// There is none; with the nearest name.
    pub fn find(&self, name: &str) -> Result<&Account, Change> {
        let index = self.index(name)?;
        self.accounts.get(index).ok_or_else(|| Change::Unknown(name.to_owned(), None))
    }

    /// The account that is used where none is named: the default, else the first.
    #[must_use]
    pub fn default_account(&self) -> Option<&Account> {
        self.accounts.iter().find(|account| account.default).or_else(|| self.accounts.first())
    }

    /// The account with this address or alias.
    #[must_use]
    pub fn of_address(&self, address: &Address) -> Option<&Account> {
        self.accounts.iter().find(|account| account.is_own(address))
    }

    /// The provider of this name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }

    fn named(&self, name: &str) -> Option<usize> {
        self.accounts.iter().position(|account| account.name == name)
    }

    fn index(&self, name: &str) -> Result<usize, Change> {
        let by_address = || {
            let address = Address::parse(name).ok()?;
            self.accounts.iter().position(|account| account.is_own(&address))
        };
        self.named(name).or_else(by_address).ok_or_else(|| {
            let names = self.accounts.iter().map(|account| account.name.as_str());
            Change::Unknown(name.to_owned(), super::nearest(name, names).map(str::to_owned))
        })
    }
}

/// Whether an account may be called so.
#[must_use]
pub fn is_name(name: &str) -> bool {
    let sound = |octet: u8| octet.is_ascii_alphanumeric() || b".-_@+".contains(&octet);
    let hidden = name.starts_with(['.', '-']);
    !name.is_empty() && name.len() <= NAME_MAX && !hidden && name.bytes().all(sound)
}

impl Account {
    /// Whether the address is one of this person's here. Letters of the local part count alike whatever their case: no
    /// provider tells them apart.
    #[must_use]
    pub fn is_own(&self, address: &Address) -> bool {
        let same =
            |own: &Address| own.host() == address.host() && own.local_part().eq_ignore_ascii_case(address.local_part());
        same(&self.address) || self.aliases.iter().any(same)
    }

    /// The name to log in with where mail is read.
    #[must_use]
    pub fn incoming_user(&self) -> String {
        self.user_or_address(match &self.incoming {
            Incoming::Imap(server) | Incoming::Pop3 { server, .. } => server.user.as_ref(),
            Incoming::Jmap { user, .. } => user.as_ref(),
            Incoming::Local(local) => local.user.as_ref(),
            Incoming::Maildir(_) | Incoming::Mbox(_) => None,
        })
    }

    /// The name to log in with where mail is sent.
    #[must_use]
    pub fn outgoing_user(&self) -> String {
        match &self.outgoing {
            Some(Outgoing::Smtp(server)) => self.user_or_address(server.user.as_ref()),
            Some(Outgoing::Local(local)) => self.user_or_address(local.user.as_ref()),
            Some(Outgoing::Jmap) | None => self.incoming_user(),
        }
    }

    fn user_or_address(&self, user: Option<&String>) -> String {
        user.cloned().unwrap_or_else(|| self.address.to_string())
    }
}

impl Incoming {
    /// As in `kind = "imap"`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Incoming::Imap(_) => "imap",
            Incoming::Pop3 { .. } => "pop3",
            Incoming::Jmap { .. } => "jmap",
            Incoming::Maildir(_) => "maildir",
            Incoming::Mbox(_) => "mbox",
            Incoming::Local(_) => "local",
        }
    }
}

impl Outgoing {
    /// As in `kind = "smtp"`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Outgoing::Smtp(_) => "smtp",
            Outgoing::Jmap => "jmap",
            Outgoing::Local(_) => "local",
        }
    }
}

/// The file that a path of the settings means: a relative one begins in the folder of the settings.
#[must_use]
pub fn resolve(path: &Path, folders: &Folders) -> PathBuf {
    folders.config.join(path)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
