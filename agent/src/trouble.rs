//! What goes wrong, told to a person: what, where, and what to do. Owns the kinds, which a program ends with as a code of
//! sysexits.h.

use std::fmt;

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Trouble {
    /// Of what kind.
    pub kind: Kind,
    /// What happened, where, and what to do: one or two sentences, harmless on a terminal.
    pub text: String,
}

/// Kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// What was typed is not understood (64).
    Usage,
    /// What was given is not valid: an address, a letter, a file (65).
    Data,
    /// There is no such account, folder or message (67).
    NotFound,
    /// There is no such host (68).
    NoHost,
    /// The server says no and will go on saying so (69).
    Unavailable,
    /// A defect of ours (70).
    Software,
    /// The disk (74).
    Io,
    /// The network, or a server that asks to be tried again (75).
    TryAgain,
    /// The other side does not speak the protocol (76).
    Protocol,
    /// The password is wrong, or it is not allowed (77).
    NotAllowed,
    /// The settings are wrong (78).
    Settings,
    /// The user said stop (130 for a program that was interrupted).
    Cancelled,
}

impl Kind {
    /// The code a program ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Kind::Usage => 64,
            Kind::Data => 65,
            Kind::NotFound => 67,
            Kind::NoHost => 68,
            Kind::Unavailable => 69,
            Kind::Software => 70,
            Kind::Io => 74,
            Kind::TryAgain => 75,
            Kind::Protocol => 76,
            Kind::NotAllowed => 77,
            Kind::Settings => 78,
            Kind::Cancelled => 130,
        }
    }
}

impl Kind {
    /// The kind that a program ends with this code for; `None` for codes of no kind that another end may tell us of.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Kind> {
        let kinds = [
            Kind::Usage,
            Kind::Data,
            Kind::NotFound,
            Kind::NoHost,
            Kind::Software,
            Kind::Io,
            Kind::TryAgain,
            Kind::NotAllowed,
            Kind::Settings,
        ];
        kinds.into_iter().find(|kind| kind.code() == code)
    }
}

impl Trouble {
    /// Of a kind, in words.
    pub fn new(kind: Kind, text: impl fmt::Display) -> Trouble {
        Trouble { kind, text: text.to_string() }
    }

    /// Whether a later try may go better without anybody's doing.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self.kind, Kind::TryAgain | Kind::NoHost)
    }
}

impl From<crate::mirror::Error> for Trouble {
    fn from(error: crate::mirror::Error) -> Trouble {
        use crate::mirror::Error;
        let kind = match &error {
            Error::Sqlite { .. } | Error::TooNew(_) | Error::Damaged(_) => Kind::Io,
            Error::Gone(_) => Kind::NotFound,
            Error::FolderExists(_) | Error::NotAllowed(_) | Error::TooLarge => Kind::Data,
        };
        Trouble::new(kind, error)
    }
}
