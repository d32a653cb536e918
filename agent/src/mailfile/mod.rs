//! Mail in files, as other programs keep and hand it over: mbox in its dialects, Maildir with its subfolders, folders of
//! single messages, and what Google Takeout makes. Owns these forms, read and written, one message in memory at a time.
//! Knows no account and no mirror: [`crate::carriage`] carries between them.
//!
//! Flags, dates and names that a file tells of a message (`Status` and its kin) are believed here, for whoever reads the
//! file chose it; a message from the network that has such fields is told nothing by them.

pub(crate) mod disk;
pub mod eml;
mod fields;
pub mod labels;
pub mod maildir;
pub mod mbox;
mod names;
mod source;
#[cfg(test)]
mod tests;

pub use disk::{Stamp, exists};
pub use names::{Parts, file_name};
pub use source::{Found, Source};

use crate::mirror::Flags;
use message::Time;
use std::path::PathBuf;

/// The longest message that is read, in octets: what is longer is passed over, and told. More than any server takes, and
/// what memory is for.
pub const MESSAGE_MAX: usize = 256 * 1024 * 1024;

/// What a file tells of a message beside its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its flags.
    pub flags: Flags,
    /// When it came, where that is told.
    pub received: Option<Time>,
    /// Its name in a POP3 maildrop.
    pub uid: Option<String>,
    /// Its folder, levels parted by `/`, where the message itself tells: else it is the file's.
    pub folder: Option<String>,
    /// The reverse path: empty where it is not known.
    pub sender: String,
}

/// A message from a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// What the file tells of it.
    pub head: Head,
    /// As it was sent: with CR LF, without what the file added.
    pub content: Vec<u8>,
    /// It is longer than [`MESSAGE_MAX`], and its content is not here.
    pub long: bool,
}

/// Why a file cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The system refuses.
    #[error("{path}: {source}", path = .path.display())]
    Disk {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is none of the forms.
    #[error("{path}: this is no mailbox: neither an mbox (its first line begins with \"From \"), nor a Maildir (a folder with cur and new), nor a message", path = .0.display())]
    NoMail(PathBuf),
    /// An mbox in which something else stands where a message should begin.
    #[error("{path}: at octet {at} a message should begin with a line \"From sender date\"", path = .path.display())]
    Torn {
        /// Which file.
        path: PathBuf,
        /// Where.
        at: u64,
    },
    /// Another program changed it since it was looked at.
    #[error("{path}: another program changed it meanwhile", path = .0.display())]
    Changed(PathBuf),
    /// It cannot be done to this folder.
    #[error("{path}: {1}", path = .0.display())]
    Refused(PathBuf, &'static str),
    /// An mbox of which more would have to be written anew than fits into memory.
    #[error("{path}: more than {} octets would have to be written anew", mbox::REWRITE_MAX, path = .0.display())]
    Large(PathBuf),
    /// More folders than anybody has.
    #[error("{path}: more than {FOLDERS_MAX} folders lie below it: is it a folder of mail?", path = .0.display())]
    Many(PathBuf),
    /// Folders below folders without end.
    #[error("{path}: folders lie deeper than {DEPTH_MAX} levels", path = .0.display())]
    Deep(PathBuf),
}

/// Levels of folders that are gone into: nobody sorts deeper.
pub const DEPTH_MAX: usize = 32;

/// Folders that are gone into below one: nobody sorts into so many, and a whole disk is no mailbox.
pub const FOLDERS_MAX: usize = 20_000;

impl Fault {
    fn disk(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Fault + use<> {
        let path = path.to_owned();
        move |source| Fault::Disk { path, source }
    }

    /// It is not there, or was not found.
    pub(crate) fn missing(path: &std::path::Path, words: &'static str) -> Fault {
        Fault::disk(path)(std::io::Error::new(std::io::ErrorKind::NotFound, words))
    }

    /// It is not to be done.
    pub(crate) fn refused(path: &std::path::Path, words: &'static str) -> Fault {
        Fault::Refused(path.to_owned(), words)
    }

    /// Another program is at work on it: a moment later it may go.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Fault::Disk { source, .. } => source.kind() == std::io::ErrorKind::WouldBlock,
            Fault::Changed(_) => true,
            _ => false,
        }
    }

    /// It is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Fault::Disk { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
    }
}

impl From<Fault> for crate::trouble::Trouble {
    fn from(fault: Fault) -> Self {
        use crate::trouble::{Kind, Trouble};
        let kind = match &fault {
            passing if passing.is_passing() => Kind::TryAgain,
            missing if missing.is_missing() => Kind::NotFound,
            Fault::Disk { .. } | Fault::Changed(_) => Kind::Io,
            Fault::NoMail(_)
            | Fault::Torn { .. }
            | Fault::Deep(_)
            | Fault::Many(_)
            | Fault::Large(_)
            | Fault::Refused(..) => Kind::Data,
        };
        Trouble::new(kind, fault)
    }
}
