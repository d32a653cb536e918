//! Why a command did not do what was asked, and the exit code it ends with (sysexits.h).

use office::admin::{Failure, FailureKind};
use serde_json::{Value, json};
use server::{ConfigError, StartError};
use std::io;
use std::process::ExitCode;

/// EX_USAGE: the line was not understood.
pub const USAGE: u8 = 64;
/// EX_DATAERR: what was found is not valid.
pub const DATA: u8 = 65;
/// EX_UNAVAILABLE: it would not work.
pub const UNAVAILABLE: u8 = 69;
/// Not in sysexits.h: the person said no.
pub const DECLINED: u8 = 1;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub enum Trouble {
    /// The post office, or a command, says so.
    Failed(Failure),
    /// The server does not start, or had to end.
    Start(StartError),
    /// The person was asked and said no.
    Declined(String),
    /// The user agent says so.
    Agent(agent::trouble::Trouble),
    /// The output tells it already.
    Told(u8),
}

/// The exit code of a class of failures.
#[must_use]
pub fn exit_code(kind: FailureKind) -> u8 {
    match kind {
        FailureKind::Usage => USAGE,
        FailureKind::Data => DATA,
        FailureKind::NoUser => 67,
        FailureKind::NoHost => 68,
        FailureKind::Unavailable => UNAVAILABLE,
        FailureKind::Software => 70,
        FailureKind::CannotCreate => 73,
        FailureKind::Io => 74,
        FailureKind::Temporary => 75,
        FailureKind::Permission => 77,
        FailureKind::Config => 78,
    }
}

/// A line that was not understood, or one that asked for help only.
pub fn of_the_line(error: &clap::Error) -> ExitCode {
    // Whoever closed the pipe has seen enough.
    let _ = error.print();
    if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS }
}

impl Trouble {
    /// One that a command found itself.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Trouble {
        Trouble::Failed(Failure { kind, message: message.into() })
    }

    /// A file or folder that cannot be used.
    pub fn of_path(doing: &str, path: &std::path::Path, error: &io::Error) -> Trouble {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => FailureKind::Permission,
            io::ErrorKind::NotFound => FailureKind::Data,
            io::ErrorKind::AlreadyExists => FailureKind::CannotCreate,
            _ => FailureKind::Io,
        };
        Trouble::new(kind, format!("{doing} {}: {error}", path.display()))
    }

    /// The code to end with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Trouble::Failed(failure) => exit_code(failure.kind),
            Trouble::Start(error) => error.exit_code(),
            Trouble::Declined(_) => DECLINED,
            Trouble::Agent(trouble) => trouble.kind.code(),
            Trouble::Told(code) => *code,
        }
    }

    /// What to say; nothing when it is told already.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        match self {
            Trouble::Failed(failure) => Some(failure.message.clone()),
            Trouble::Start(error) => Some(error.to_string()),
            Trouble::Declined(message) => Some(message.clone()),
            Trouble::Agent(trouble) => Some(trouble.text.clone()),
            Trouble::Told(_) => None,
        }
    }

    /// The same for programs.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        let kind = match self {
            Trouble::Failed(failure) => json!(failure.kind),
            Trouble::Start(_) => json!("start"),
            Trouble::Declined(_) => json!("declined"),
            Trouble::Agent(trouble) => json!(trouble.kind),
            Trouble::Told(_) => return None,
        };
        let message = self.message().unwrap_or_default();
        Some(json!({ "error": { "kind": kind, "code": self.exit_code(), "message": message } }))
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Trouble {
        Trouble::Failed(failure)
    }
}

impl From<agent::trouble::Trouble> for Trouble {
    fn from(trouble: agent::trouble::Trouble) -> Trouble {
        Trouble::Agent(trouble)
    }
}

impl From<agent::mirror::Error> for Trouble {
    fn from(error: agent::mirror::Error) -> Trouble {
        Trouble::Agent(error.into())
    }
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Trouble {
        Trouble::new(FailureKind::Config, error.to_string())
    }
}

impl From<StartError> for Trouble {
    fn from(error: StartError) -> Trouble {
        Trouble::Start(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_of_failure_has_its_code() {
        let codes = [
            (FailureKind::Usage, 64),
            (FailureKind::Data, 65),
            (FailureKind::NoUser, 67),
            (FailureKind::NoHost, 68),
            (FailureKind::Unavailable, 69),
            (FailureKind::Software, 70),
            (FailureKind::CannotCreate, 73),
            (FailureKind::Io, 74),
            (FailureKind::Temporary, 75),
            (FailureKind::Permission, 77),
            (FailureKind::Config, 78),
        ];
        for (kind, code) in codes {
            assert_eq!(Trouble::new(kind, "").exit_code(), code, "{kind:?}");
        }
        assert_eq!(Trouble::Told(65).exit_code(), 65);
        assert_eq!(Trouble::Declined(String::new()).exit_code(), 1);
    }

    #[test]
    fn programs_get_the_class_the_code_and_the_words() {
        let trouble = Trouble::new(FailureKind::NoUser, "there is no account bob@crepes.fr");
        let json = trouble.json().map(|json| json.to_string()).unwrap_or_default();
        assert_eq!(json, r#"{"error":{"code":67,"kind":"no-user","message":"there is no account bob@crepes.fr"}}"#);
        assert_eq!(Trouble::Told(69).json(), None);
    }

    #[test]
    fn what_the_server_says_keeps_its_code() {
        let error = StartError::CertificateDates;
        let code = error.exit_code();
        assert_eq!(Trouble::from(error).exit_code(), code);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_mistake_in_what_was_given() {
        let error = io::Error::from(io::ErrorKind::NotFound);
        let trouble = Trouble::of_path("read", std::path::Path::new("backup"), &error);
        assert_eq!(trouble.exit_code(), DATA);
        assert!(trouble.message().unwrap_or_default().starts_with("read backup: "));
    }
}
