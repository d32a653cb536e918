//! The chores of the yard: `cargo xtask tidy|test|peers|interop|webmail|imap`. It owns the rules a machine can hold and the way tests
//! are run; it knows no room of the house.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command for a terminal")]
#![allow(clippy::disallowed_methods, reason = "reads the tree it checks and the environment it is run in")]

mod peers;
mod suite;
mod tidy;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HELP: &str = "cargo xtask COMMAND
  tidy               check the house rules that a machine can hold
  test [ARGUMENTS]   cargo test over the whole workspace, then say what was skipped and why
  peers              install the foreign programs of the interop suite (apt-get, pip, npm)
  interop [NAME...]  run the interop suite, or some of it, against a fresh server
  webmail [NAME...]  check the webmail: types, pure modules, and all of it in a real browser
  imap               hold the IMAP server up to Dovecot and Cyrus: scripts, the same messages, random clients";

fn main() -> ExitCode {
    match command() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = root()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["tidy"] => tidy::run(&root),
        ["test", rest @ ..] => suite::test(&root, rest),
        ["peers"] => peers::install(&root),
        ["interop", names @ ..] => suite::interop(&root, names),
        ["webmail", names @ ..] => suite::webmail(&root, names),
        ["imap"] => suite::imap(&root),
        [] | ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        other => bail!("unknown command {}\n{HELP}", other.join(" ")),
    }
}

/// The root of the tree this program was built from.
fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask stands in no tree")?;
    Ok(root.to_path_buf())
}
