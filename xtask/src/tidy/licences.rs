//! The licences of everything that is built in, read from `cargo metadata`.

use super::Finding;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

/// Licences that a binary of ours may carry: they ask for a notice, or for their own files to stay open.
const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Zlib",
];
/// Additions to a licence that take nothing away.
const ALLOWED_EXCEPTIONS: [&str; 1] = ["LLVM-exception"];
/// Crates that must not come in by any way: a second TLS, or an RSA that leaks its key by its timing (RUSTSEC-2023-0071).
const BANNED: [&str; 3] = ["openssl-sys", "native-tls", "rsa"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

/// Checks every package of the lock file that can be built on this kind of machine.
pub fn check(root: &Path, findings: &mut Vec<Finding>) -> Result<()> {
    for package in metadata(root)?.packages {
        let place = format!("{} {}", package.name, package.version);
        if BANNED.contains(&package.name.as_str()) {
            findings.push(Finding::new("banned-crate", &place, "has no place here, see xtask/src/tidy/licences.rs"));
        }
        let licence = package.license.as_deref().unwrap_or_default();
        if !allowed(licence) {
            findings.push(Finding::new("licence", place, format!("its licence {licence:?} is not one we may use")));
        }
    }
    Ok(())
}

fn metadata(root: &Path) -> Result<Metadata> {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version=1", "--filter-platform=x86_64-unknown-linux-gnu"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("cargo metadata said something else than expected")
}

/// True if an SPDX expression leaves a choice that is allowed. `/` is an old way to write OR.
fn allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let answer = any_of(&mut words);
    answer && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any_of(words: &mut Words<'_>) -> bool {
    let mut answer = all_of(words);
    while words.next_if_eq(&"OR").is_some() {
        answer |= all_of(words);
    }
    answer
}

fn all_of(words: &mut Words<'_>) -> bool {
    let mut answer = single(words);
    while words.next_if_eq(&"AND").is_some() {
        answer &= single(words);
    }
    answer
}

fn single(words: &mut Words<'_>) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let answer = any_of(words);
        return words.next_if_eq(&")").is_some() && answer;
    }
    let licence = words.next().is_some_and(|word| ALLOWED.contains(&word));
    if words.next_if_eq(&"WITH").is_some() {
        return words.next().is_some_and(|word| ALLOWED_EXCEPTIONS.contains(&word)) && licence;
    }
    licence
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn expressions_are_weighed() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "GPL-2.0 OR MIT",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception",
            "ISC AND (Apache-2.0 OR ISC)",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0-only",
            "MIT AND AGPL-3.0-only",
            "(MIT",
            "MIT MIT",
            "LGPL-2.1-or-later",
            "Apache-2.0 WITH Other-exception",
            "(MIT OR Apache-2.0) AND GPL-3.0",
        ] {
            assert!(!allowed(bad), "{bad}");
        }
    }
}
