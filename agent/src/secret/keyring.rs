//! The desktop's keyring, through the program that comes with it: `secret-tool` of the Secret Service, `security` of
//! macOS. Owns their words; the secret itself goes by stdin and stdout.

use super::Secret;
use super::command::{self, CommandError};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// How long the keyring may take: the desktop may ask for its password.
const KEYRING_LIMIT: Duration = command::COMMAND_LIMIT;
/// By which our secrets are told from others'.
const SERVICE: &str = "pillarbox";
/// `security` says so when there is no such secret.
const NOT_FOUND: i32 = 44;

/// How to speak to the keyring.
#[derive(Clone, Debug)]
pub enum Keyring {
    /// `secret-tool` at this path, or by this name.
    SecretTool(PathBuf),
    /// `security` at this path, or by this name.
    MacOs(PathBuf),
    /// There is none.
    None,
}

impl Keyring {
    /// The one of this system.
    #[must_use]
    pub fn system() -> Keyring {
        if cfg!(target_os = "macos") {
            Keyring::MacOs("/usr/bin/security".into())
        } else {
            Keyring::SecretTool("secret-tool".into())
        }
    }

    pub(super) async fn lookup(&self, account: &str) -> Result<Option<Secret>, CommandError> {
        let command = match self {
            Keyring::SecretTool(_) => self.command(&["lookup", "service", SERVICE, "account", account]),
            Keyring::MacOs(_) => self.command(&["find-generic-password", "-s", SERVICE, "-a", account, "-w"]),
            Keyring::None => return Ok(None),
        };
        match command::run(command, None, KEYRING_LIMIT).await {
            // Both say nothing and a code where there is no such secret.
            Err(CommandError::Failed { words, status, .. }) if words.is_empty() || status.code() == Some(NOT_FOUND) => {
                Ok(None)
            }
            found => found,
        }
    }

    pub(super) async fn store(&self, account: &str, secret: &Secret) -> Result<(), CommandError> {
        let label = format!("--label=Pillarbox mail: {account}");
        let (command, input) = match self {
            Keyring::SecretTool(_) => {
                (self.command(&["store", &label, "service", SERVICE, "account", account]), secret.clone())
            }
            // Its words would show the secret to all; its own command line on stdin does not.
            Keyring::MacOs(_) => (self.command(&["-i"]), mac_line(account, secret)),
            Keyring::None => {
                return Err(CommandError::Start("the keyring".to_owned(), std::io::ErrorKind::NotFound.into()));
            }
        };
        command::run(command, Some(input), KEYRING_LIMIT).await.map(drop)
    }

    pub(super) async fn clear(&self, account: &str) -> Result<(), CommandError> {
        let command = match self {
            Keyring::SecretTool(_) => self.command(&["clear", "service", SERVICE, "account", account]),
            Keyring::MacOs(_) => self.command(&["delete-generic-password", "-s", SERVICE, "-a", account]),
            Keyring::None => return Ok(()),
        };
        match command::run(command, None, KEYRING_LIMIT).await {
            Err(CommandError::Failed { words, status, .. }) if words.is_empty() || status.code() == Some(NOT_FOUND) => {
                Ok(())
            }
            done => done.map(drop),
        }
    }

    fn command(&self, words: &[&str]) -> (Command, String) {
        let program = match self {
            Keyring::SecretTool(program) | Keyring::MacOs(program) => program.clone(),
            Keyring::None => PathBuf::new(),
        };
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut command = Command::new(program);
        command.args(words);
        (command, name)
    }
}

/// A line of `security -i`, the secret in hexadecimal digits. Names of accounts need no quotes there.
fn mac_line(account: &str, secret: &Secret) -> Secret {
    let mut line = format!("add-generic-password -U -s {SERVICE} -a {account} -X ").into_bytes();
    for octet in secret.octets() {
        let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
        line.extend([digit(octet >> 4), digit(octet & 15)]);
    }
    line.push(b'\n');
    Secret::new(line)
}
