//! Pages that speak of the tree: what they name is there, and what they call done is shown by a test they name.

use super::Finding;
use super::tree::File;
use std::collections::BTreeSet;

/// The page on how the house is built, and the lines it may have: it is read in one sitting or not at all.
const ARCHITECTURE: (&str, usize) = ("ARCHITECTURE.md", 300);
/// The page with the state of each part of the mission.
const MISSION: &str = "docs/mission.md";

/// Checks every page.
pub fn check(files: &[File], findings: &mut Vec<Finding>) {
    let places = places(files);
    for page in files.iter().filter(|file| file.path.ends_with(".md")) {
        for (number, line) in page.text.lines().enumerate() {
            for path in named(line).filter(|path| is_ours(path, &places) && !places.contains(path)) {
                let what = format!("line {}: {path} is not there", number + 1);
                findings.push(Finding::new("page-path", &page.path, what));
            }
            if page.path == MISSION && line.contains("| done |") && named(line).next().is_none() {
                findings.push(Finding::new("mission", MISSION, format!("no test is named by: {line}")));
            }
        }
        let (path, lines_max) = ARCHITECTURE;
        if page.path == path && page.text.lines().count() >= lines_max {
            findings.push(Finding::new("file-length", path, format!("not under {lines_max} lines")));
        }
    }
}

/// Every file and every folder of the tree.
fn places(files: &[File]) -> BTreeSet<&str> {
    let folders =
        |path| std::iter::successors(Some(path), |path: &&str| path.rsplit_once('/').map(|(folder, _)| folder));
    files.iter().flat_map(|file| folders(file.path.as_str())).collect()
}

/// What stands in back quotes and looks like the path of one file or folder below the root.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2).map(|text| text.trim_end_matches('/'));
    quoted.filter(|text| text.contains('/') && !text.contains([' ', '*', '<', ':', '{']) && !text.contains("..."))
}

/// True if the first part of a path is a folder of ours; others are paths elsewhere.
fn is_ours(path: &str, places: &BTreeSet<&str>) -> bool {
    path.split('/').next().is_some_and(|first| places.contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> Vec<&'static str> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let mut findings = Vec::new();
        check(&[file(path, text), file("wire/src/smtp/mod.rs", "")], &mut findings);
        findings.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn paths_of_ours_exist() {
        assert!(breaches("a.md", "`wire/src/smtp/mod.rs` `wire/src/` `wire/*.rs` `etc/x` wire/none").is_empty());
        assert_eq!(breaches("a.md", "see `wire/src/imap.rs`, `wire/lmtp/`"), ["page-path", "page-path"]);
    }

    #[test]
    fn done_names_a_test() {
        assert_eq!(breaches(MISSION, "| 1 | a | b | c | done | |"), ["mission"]);
        assert!(
            breaches(MISSION, "| 1 | a | b | c | done | `wire/src/smtp/mod.rs` |\n| 2 | a | b | c | later | |")
                .is_empty()
        );
    }

    #[test]
    fn the_architecture_stays_short() {
        let (path, lines_max) = ARCHITECTURE;
        assert!(breaches(path, &"x\n".repeat(lines_max - 1)).is_empty());
        assert_eq!(breaches(path, &"x\n".repeat(lines_max)), ["file-length"]);
    }
}
