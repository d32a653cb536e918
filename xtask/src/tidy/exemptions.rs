//! Breaches that stand for a while, listed with their reason in `xtask/exemptions.tsv`. The list only shrinks.

use super::Finding;
use super::tree::File;
use anyhow::{Context, Result};

/// The list: rule, place, reason; tabs between.
const LIST: &str = "xtask/exemptions.tsv";
/// As many exemptions as there are; whoever removes one lowers it, and nobody raises it.
const EXEMPTIONS_MAX: usize = 0;

/// Takes the exempt findings away and adds one for each exemption that is wrong.
pub fn apply(files: &[File], mut findings: Vec<Finding>) -> Result<Vec<Finding>> {
    let list = files.iter().find(|file| file.path == LIST).with_context(|| format!("{LIST} is missing"))?;
    let rows: Vec<&str> = list.text.lines().skip(1).collect();
    if rows.len() > EXEMPTIONS_MAX {
        let what = format!("{} exemptions, at most {EXEMPTIONS_MAX}", rows.len());
        findings.push(Finding::new("exemptions", LIST, what));
    }
    for row in rows {
        let mut cells = row.split('\t');
        let (rule, place) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        let before = findings.len();
        findings.retain(|finding| finding.rule != rule || finding.place != place);
        if findings.len() == before {
            findings.push(Finding::new("exemptions", LIST, format!("not needed any more: {rule} {place}")));
        }
        if cells.next().unwrap_or_default().is_empty() {
            findings.push(Finding::new("exemptions", LIST, format!("without a reason: {rule} {place}")));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(rows: &str) -> Vec<String> {
        let list = File { path: LIST.to_owned(), text: format!("rule\tplace\treason\n{rows}") };
        let found = vec![Finding::new("name", "a.rs", "x"), Finding::new("name", "b.rs", "y")];
        let left = apply(&[list], found).expect("the list is there");
        left.into_iter().map(|finding| finding.what).filter(|what| !what.contains("at most")).collect()
    }

    #[test]
    fn an_exemption_covers_one_rule_at_one_place() {
        assert_eq!(applied("name\ta.rs\tbecause"), ["y"]);
        assert_eq!(applied(""), ["x", "y"]);
    }

    #[test]
    fn what_is_not_needed_or_not_explained_is_a_breach() {
        assert_eq!(applied("edges\ta.rs\tbecause"), ["x", "y", "not needed any more: edges a.rs"]);
        assert_eq!(applied("name\ta.rs\t"), ["y", "without a reason: name a.rs"]);
    }
}
