//! Running the tests: the workspace's own, and the interop suite with programs that nobody here wrote.

use crate::peers;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set to 1, a missing foreign program is a failure. `.ci/run` sets it.
const REQUIRE_PEERS: &str = "PILLARBOX_REQUIRE_PEERS";

/// Runs every test that needs nothing but Rust, then says what was left out. With `PILLARBOX_REQUIRE_PEERS=1` nothing is
/// left out: the interop suite, the browser tests and the proof of IMAP run first.
pub fn test(root: &Path, arguments: &[&str]) -> Result<()> {
    let whole = std::env::var(REQUIRE_PEERS).is_ok_and(|value| value == "1");
    if whole {
        interop(root, &[])?;
        webmail(root, &[])?;
        imap(root)?;
    }
    run(cargo(root).args(["test", "--workspace", "--locked"]).args(arguments))?;
    if !whole {
        say_what_was_skipped();
    }
    Ok(())
}

fn say_what_was_skipped() {
    println!();
    println!("skipped: the interop suite, for it needs programs that do not come with Rust.");
    println!("  to run it: cargo xtask peers && cargo xtask interop");
    let missing = peers::missing();
    if missing.is_empty() {
        println!("  of the Debian packages it needs, all are here");
    } else {
        println!("  missing here: {}", missing.join(" "));
    }
}

/// Builds the binary and runs the interop suite, or the named parts of it.
pub fn interop(root: &Path, names: &[&str]) -> Result<()> {
    run(cargo(root).args(["build", "--locked", "--package", "pillarbox"]))?;
    script(root, (PYTHON, "tests/interop/run"), names)
}

/// Checks the webmail in a real browser against the binary, or the named parts of it.
pub fn webmail(root: &Path, names: &[&str]) -> Result<()> {
    run(cargo(root).args(["build", "--locked", "--package", "pillarbox"]))?;
    script(root, ("bash", "tests/webmail/run"), names)
}

/// Holds the IMAP server up to Dovecot, to Cyrus and to itself: the conformance scripts, random clients on one mailbox,
/// and what it says of the same messages.
pub fn imap(root: &Path) -> Result<()> {
    run(cargo(root).args(["build", "--locked", "--package", "pillarbox"]))?;
    for path in ["tests/imap/run", "tests/differential/run", "tests/imap/stress"] {
        script(root, (PYTHON, path), &[])?;
    }
    Ok(())
}

/// What most programs of the tests are written in.
const PYTHON: &str = "python3";

/// Runs a program of the tree, by what it is written in, against the binary just built.
fn script(root: &Path, (language, path): (&str, &str), arguments: &[&str]) -> Result<()> {
    run(Command::new(language)
        .arg(root.join(path))
        .args(arguments)
        .env("PILLARBOX_BINARY", target(root).join("debug/pillarbox"))
        .env("PILLARBOX_PEERS", peers::folder(root))
        .current_dir(root))
}

/// Where cargo builds.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

fn cargo(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

/// Runs a command to its end; an error names it if it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start {name}"))?;
    ensure!(status.success(), "{name} failed: {status}");
    Ok(())
}
