//! Secrets in files, from commands, and in a keyring that is a script.
#![allow(clippy::disallowed_methods, reason = "looks at what was written")]

use super::command::{CommandError, WORDS_MAX, run};
use super::*;
use crate::disk;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

fn at(folder: &Path, keyring: Keyring) -> Secrets {
    Secrets::new(&Folders::of(|_| Some(folder.into())).unwrap(), keyring)
}

/// A keyring that keeps its secrets in a folder, and speaks like `secret-tool`. Another process writes it: were it open
/// for writing here while another test starts a program, it could not be run.
fn script(folder: &Path, body: &str) -> std::path::PathBuf {
    let path = folder.join("secret-tool");
    let text = format!("#!/bin/sh\ncd {}\n{body}\n", folder.display());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "printf %s \"$1\" > \"$0\"; chmod 700 \"$0\""]).arg(&path).arg(text);
    assert!(shell.status().unwrap().success());
    path
}

const HONEST: &str = r#"
echo "$@" >> words
case "$1" in
store) cat > "ring-$6" ;;
lookup) cat "ring-$5" 2>/dev/null || exit 1 ;;
clear) rm "ring-$5" 2>/dev/null || exit 1 ;;
esac"#;

#[test]
fn secrets_do_not_print() {
    assert_eq!(format!("{:?}", secret("hungry")), "***");
    assert_eq!(Secret::first_line(b"hungry\r\nmore".to_vec()), Some(secret("hungry")));
    assert_eq!(Secret::first_line(b"\nmore".to_vec()), None);
}

#[tokio::test]
async fn a_file_keeps_a_secret_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = at(folder.path(), Keyring::None);
    let source = Source::File(None);
    let missing = secrets.fetch("home", &source).await.unwrap_err();
    assert!(matches!(&missing, SecretError::Missing(account) if account == "home"));
    secrets.keep("home", &source, &secret("hungry")).await.unwrap();
    assert_eq!(secrets.fetch("home", &source).await.unwrap(), secret("hungry"));
    let path = folder.path().join("pillarbox/secrets/home");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = secrets.fetch("home", &source).await.unwrap_err().to_string();
    assert!(error.contains("chmod 600") && !error.contains("hungry"), "{error}");
    secrets.forget("home", &source).await.unwrap();
    secrets.forget("home", &source).await.unwrap();
    assert!(secrets.fetch("home", &source).await.is_err());
    let own = Source::File(Some("own".into()));
    disk::write(&folder.path().join("pillarbox/own"), b"typed by hand\n").unwrap();
    assert_eq!(secrets.fetch("home", &own).await.unwrap(), secret("typed by hand"));
}

#[tokio::test]
async fn a_secret_is_one_line_and_has_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let (secrets, source) = (at(folder.path(), Keyring::None), Source::File(None));
    let longest = "x".repeat(usize::try_from(SECRET_MAX).unwrap());
    secrets.keep("home", &source, &secret(&longest)).await.unwrap();
    assert_eq!(secrets.fetch("home", &source).await.unwrap(), secret(&longest));
    for wrong in ["", "a\nb", "a\0", &format!("{longest}x")] {
        let kept = secrets.keep("home", &source, &secret(wrong)).await;
        assert!(matches!(kept, Err(SecretError::Form)), "{} octets", wrong.len());
    }
}

#[tokio::test]
async fn a_command_gives_its_first_line() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = at(folder.path(), Keyring::None);
    let of = |line: &str| Source::Command(line.to_owned());
    let found = secrets.fetch("home", &of("echo hungry; echo user: bob")).await.unwrap();
    assert_eq!(found, secret("hungry"));
    let nothing = secrets.fetch("home", &of("true")).await;
    assert!(matches!(nothing, Err(SecretError::Missing(_))));
    let failed = secrets.fetch("home", &of("echo hungry; echo locked >&2; exit 3")).await.unwrap_err().to_string();
    assert_eq!(failed, "echo failed (exit status: 3): locked");
    let kept = secrets.keep("home", &of("true"), &secret("x")).await;
    assert!(matches!(kept, Err(SecretError::NotOurs(_))));
    secrets.forget("home", &of("false")).await.unwrap();
}

#[tokio::test]
async fn commands_have_limits() {
    let shell = |line: &str| {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(line);
        (command, "sh".to_owned())
    };
    let patience = Duration::from_secs(20);
    let write = |octets: u64| format!("head -c {octets} /dev/zero | tr '\\0' x");
    let found = run(shell(&write(SECRET_MAX)), None, patience).await.unwrap().unwrap();
    assert_eq!(found.octets().len() as u64, SECRET_MAX);
    let long = run(shell(&write(SECRET_MAX + 1)), None, patience).await;
    assert!(matches!(long, Err(CommandError::Long(_) | CommandError::Failed { .. })));
    let talks = run(shell("head -c 200000 /dev/zero | tr '\\0' y >&2; exit 1"), None, patience).await;
    assert!(matches!(talks, Err(CommandError::Failed { words, .. }) if words.len() == WORDS_MAX));
    let late = run(shell("exec cat /dev/zero > /dev/null"), None, Duration::from_millis(50)).await;
    assert!(matches!(late, Err(CommandError::Late(..))));
    let missing = run((Command::new("/there/is/none"), "none".to_owned()), None, patience).await;
    assert!(missing.unwrap_err().is_missing());
}

#[tokio::test]
async fn a_keyring_keeps_secrets_out_of_words() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = at(folder.path(), Keyring::SecretTool(script(folder.path(), HONEST)));
    assert!(matches!(secrets.fetch("home", &Source::Keyring).await, Err(SecretError::Missing(_))));
    assert_eq!(secrets.keep_best("home", &secret("hungry")).await.unwrap(), Source::Keyring);
    assert_eq!(secrets.fetch("home", &Source::Keyring).await.unwrap(), secret("hungry"));
    secrets.forget("home", &Source::Keyring).await.unwrap();
    secrets.forget("home", &Source::Keyring).await.unwrap();
    assert!(secrets.fetch("home", &Source::Keyring).await.is_err());
    let words = std::fs::read_to_string(folder.path().join("words")).unwrap();
    assert!(words.contains("store --label=Pillarbox mail: home service pillarbox account home"), "{words}");
    assert!(!words.contains("hungry"), "{words}");
}

#[tokio::test]
async fn without_a_keyring_that_works_a_file_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    for keyring in [
        Keyring::None,
        Keyring::SecretTool("/there/is/none".into()),
        Keyring::SecretTool(script(folder.path(), "echo cannot reach the bus >&2; exit 1")),
        // One that takes all and keeps nothing.
        Keyring::SecretTool(script(folder.path(), "cat > /dev/null")),
    ] {
        let secrets = at(folder.path(), keyring);
        assert_eq!(secrets.keep_best("home", &secret("hungry")).await.unwrap(), Source::File(None));
        assert_eq!(secrets.fetch("home", &Source::File(None)).await.unwrap(), secret("hungry"));
    }
    let broken = at(folder.path(), Keyring::SecretTool(script(folder.path(), "echo no bus >&2; exit 1")));
    let told = broken.fetch("home", &Source::Keyring).await.unwrap_err().to_string();
    assert!(told.contains("no bus"), "{told}");
}

#[tokio::test]
async fn the_keychain_of_macos_hears_the_secret_on_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let body = r#"echo "$@" >> words
case "$1" in
-i) cat > lines ;;
find-generic-password) echo hungry ;;
delete-generic-password) exit 44 ;;
esac"#;
    let secrets = at(folder.path(), Keyring::MacOs(script(folder.path(), body)));
    assert_eq!(secrets.keep_best("home", &secret("hungry")).await.unwrap(), Source::Keyring);
    let line = std::fs::read_to_string(folder.path().join("lines")).unwrap();
    assert_eq!(line, "add-generic-password -U -s pillarbox -a home -X 68756e677279\n");
    assert!(!std::fs::read_to_string(folder.path().join("words")).unwrap().contains("6875"));
    secrets.forget("home", &Source::Keyring).await.unwrap();
}
