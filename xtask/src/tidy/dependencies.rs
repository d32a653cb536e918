//! The dependencies table of ARCHITECTURE.md: exactly what the manifests use, one reason each.

use super::Finding;
use super::edges::{Manifest, is_room};
use super::tree::File;
use std::collections::BTreeSet;

/// Where the table stands.
const PAGE: &str = "ARCHITECTURE.md";
/// The heading above it.
const HEADING: &str = "## Dependencies";

/// Compares the table with the manifests, both ways.
pub fn check(manifests: &[Manifest], files: &[File], findings: &mut Vec<Finding>) {
    let page = files.iter().find(|file| file.path == PAGE).map_or("", |file| file.text.as_str());
    let listed = listed(page);
    let used: BTreeSet<&str> =
        manifests.iter().flat_map(|one| &one.uses).map(String::as_str).filter(|name| !is_room(name)).collect();
    for name in used.difference(&listed) {
        findings.push(Finding::new("dependencies", PAGE, format!("{name} is used and not in the table")));
    }
    for name in listed.difference(&used) {
        findings.push(Finding::new("dependencies", PAGE, format!("{name} is in the table and not used")));
    }
}

/// The names in back quotes in the first column: what serves one purpose together may share a row.
fn listed(page: &str) -> BTreeSet<&str> {
    let section = page.split(HEADING).nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let columns = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('|').next());
    columns.flat_map(|column| column.split('`').step_by(2)).filter(|name| !name.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_compared() {
        let page = "# A\n| `not` | here |\n## Dependencies\n| name | reason |\n|---|---|\n| `bytes` | x |\n| `old`, `rusty` | y |\n## B\n| `nor` | z |";
        let files = [File { path: PAGE.to_owned(), text: page.to_owned() }];
        let uses = ["bytes", "rusty", "tokio", "wire"].map(str::to_owned).into();
        let mut findings = Vec::new();
        check(&[Manifest { name: "net".to_owned(), uses, ..Manifest::default() }], &files, &mut findings);
        let what: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(what, ["tokio is used and not in the table", "old is in the table and not used"]);
    }
}
