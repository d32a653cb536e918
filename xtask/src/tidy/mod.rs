//! The rules of the house that a machine can hold: `cargo xtask tidy`, and a test of the same name.
//!
//! It reads the tree and the manifests, changes nothing, and prints every breach with its place. What must stand for a
//! while is listed in `xtask/exemptions.tsv`.

mod dependencies;
mod edges;
mod exemptions;
mod licences;
mod pages;
mod rfcs;
mod shape;
mod tokens;
mod tree;
mod words;

use anyhow::{Result, bail};
use std::fmt;
use std::path::Path;

/// A breach of one rule at one place.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's short name, as it stands in `exemptions.tsv`.
    pub rule: &'static str,
    /// A path, or a path and a name within it.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

impl Finding {
    fn new(rule: &'static str, place: impl Into<String>, what: impl Into<String>) -> Finding {
        Finding { rule, place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.place, self.what, self.rule)
    }
}

/// Checks the whole tree; an error if anything is found that is not exempt.
pub fn run(root: &Path) -> Result<()> {
    let findings = findings(root)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!("tidy found {} breaches of the house rules (CONTRIBUTING.md)", findings.len());
    }
    println!("tidy: all rules hold");
    Ok(())
}

/// Everything that is wrong with the tree, less the exemptions, plus exemptions that are not needed.
fn findings(root: &Path) -> Result<Vec<Finding>> {
    let files = tree::read(root)?;
    let mut found = Vec::new();
    for file in &files {
        words::check(file, &mut found);
        if file.is_rust() {
            shape::check(file, &mut found);
        }
    }
    let manifests = edges::manifests(&files)?;
    edges::check(&manifests, &mut found);
    dependencies::check(&manifests, &files, &mut found);
    rfcs::check(&files, &mut found);
    pages::check(&files, &mut found);
    licences::check(root, &mut found)?;
    exemptions::apply(&files, found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_tree_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands in the root");
        let found = super::findings(root).expect("the tree can be read");
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert!(lines.is_empty(), "{}", lines.join("\n"));
    }
}
