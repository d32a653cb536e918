//! STORE (RFC 9051 §6.4.6, RFC 7162 §3.1.3) and flags.

use super::{By, Messages};
use message::search::SystemFlag;
use std::fmt;

/// STORE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// How the messages are named.
    pub by: By,
    /// Which.
    pub messages: Messages,
    /// `UNCHANGEDSINCE`; zero is allowed.
    pub unchanged_since: Option<u64>,
    /// What becomes of the flags.
    pub how: HowFlags,
    /// `.SILENT`.
    pub silent: bool,
    /// The flags, each once; never [`Flag::Any`], [`Flag::Extension`] or `\Recent`.
    pub flags: Vec<Flag>,
}

/// How flags change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HowFlags {
    /// `FLAGS`: these and no others.
    Replace,
    /// `+FLAGS`: these too.
    Add,
    /// `-FLAGS`: these no more.
    Remove,
}

/// A flag of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Flag {
    /// `\Seen` and its kin.
    System(SystemFlag),
    /// A keyword, as typed: an atom. Two that differ by case only are the same keyword (RFC 9051 §2.3.2).
    Keyword(String),
    /// `\*` in PERMANENTFLAGS: new keywords may be made.
    Any,
    /// Another flag with a backslash, which only servers may name; without it.
    Extension(String),
}

impl Flag {
    /// The flag with this name, as it stands on the wire; whether a keyword is an atom is not checked.
    #[must_use]
    pub fn named(name: &str) -> Flag {
        let Some(system) = name.strip_prefix('\\') else { return Flag::Keyword(name.to_owned()) };
        let known = SYSTEM_FLAGS.iter().find(|(_, word)| word.eq_ignore_ascii_case(system));
        match known {
            Some((flag, _)) => Flag::System(*flag),
            None if system == "*" => Flag::Any,
            None => Flag::Extension(system.to_owned()),
        }
    }
}

/// System flags and their names without the backslash.
pub(crate) const SYSTEM_FLAGS: [(SystemFlag, &str); 6] = [
    (SystemFlag::Answered, "Answered"),
    (SystemFlag::Flagged, "Flagged"),
    (SystemFlag::Deleted, "Deleted"),
    (SystemFlag::Seen, "Seen"),
    (SystemFlag::Draft, "Draft"),
    (SystemFlag::Recent, "Recent"),
];

impl fmt::Display for Flag {
    /// As on the wire.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flag::System(flag) => {
                let name = SYSTEM_FLAGS.iter().find(|(known, _)| known == flag).map_or("", |(_, name)| name);
                write!(f, "\\{name}")
            }
            Flag::Keyword(keyword) => f.write_str(keyword),
            Flag::Any => f.write_str("\\*"),
            Flag::Extension(name) => write!(f, "\\{name}"),
        }
    }
}
