//! `RFCS.tsv` against the code, both ways: what is cited has a row, and what a row claims is cited where it says.

use super::Finding;
use super::tree::File;
use std::collections::BTreeMap;

/// The list: number, status (yes, part, no), title, file; tabs between.
const LIST: &str = "RFCS.tsv";

/// One row of the list.
#[derive(Debug, PartialEq, Eq)]
struct Row<'a> {
    number: u32,
    status: &'a str,
    file: &'a str,
}

/// Checks the list and the code against each other.
pub fn check(files: &[File], findings: &mut Vec<Finding>) {
    let list = files.iter().find(|file| file.path == LIST).map_or("", |file| file.text.as_str());
    let mut rows = BTreeMap::new();
    for line in list.lines().skip(1) {
        match row(line) {
            Some(row) if !rows.contains_key(&row.number) => drop(rows.insert(row.number, row)),
            _ => findings.push(Finding::new("rfcs", LIST, format!("not a row, or a second one: {line}"))),
        }
    }
    for file in files.iter().filter(|file| file.is_rust() && !file.path.starts_with("xtask/")) {
        for (number, line) in cited(&file.text).into_iter().filter(|(number, _)| !rows.contains_key(number)) {
            let what = format!("line {line}: RFC {number} is cited and has no row in {LIST}");
            findings.push(Finding::new("rfcs", &file.path, what));
        }
    }
    for row in rows.values().filter(|row| row.status != "no") {
        let named = files.iter().find(|file| file.path == row.file);
        if named.is_none_or(|file| !cited(&file.text).contains_key(&row.number)) {
            let what = format!("RFC {}: {} does not exist or does not cite it", row.number, row.file);
            findings.push(Finding::new("rfcs", LIST, what));
        }
    }
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut cells = line.split('\t');
    let (number, status, title, file) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    let claims = ["yes", "part"].contains(&status) && !file.is_empty();
    let denies = status == "no" && file.is_empty();
    let whole = (claims || denies) && !title.is_empty() && cells.next().is_none();
    whole.then_some(Row { number: number.parse().ok()?, status, file })
}

/// The RFC numbers a text cites, each with the line of its first mention. `RFC 5321/5322` and `RFC5321` count too.
fn cited(text: &str) -> BTreeMap<u32, usize> {
    let mut found = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        for after in line.split("RFC").skip(1) {
            let numbers = after.trim_start_matches([' ', '\u{a0}', '_']);
            let end = numbers.find(|c: char| !c.is_ascii_digit() && c != '/').unwrap_or(numbers.len());
            let numbers = numbers.get(..end).unwrap_or_default().split('/');
            for number in numbers.filter_map(|digits| digits.parse().ok()).filter(|number| *number > 99) {
                found.entry(number).or_insert(index + 1);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(list: &str, code: &str) -> Vec<String> {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let list = format!("number\tstatus\ttitle\tfile\n{list}");
        let mut findings = Vec::new();
        check(&[file(LIST, &list), file("a.rs", code)], &mut findings);
        findings.into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn what_is_cited_has_a_row() {
        assert!(breaches("5321\tyes\tSMTP\ta.rs", "// RFC 5321 §4.5.2").is_empty());
        assert!(breaches("822\tno\tMail\t", "// RFC 822").is_empty());
        assert_eq!(
            breaches("", "\n// RFC 5321/5322"),
            [
                "line 2: RFC 5321 is cited and has no row in RFCS.tsv",
                "line 2: RFC 5322 is cited and has no row in RFCS.tsv"
            ]
        );
    }

    #[test]
    fn what_a_row_claims_is_cited_there() {
        let what = "RFC 5321: a.rs does not exist or does not cite it";
        assert_eq!(
            breaches("5321\tpart\tSMTP\ta.rs", "// RFC 15321"),
            [what, "line 1: RFC 15321 is cited and has no row in RFCS.tsv"].into_iter().rev().collect::<Vec<_>>()
        );
        assert_eq!(breaches("5321\tyes\tSMTP\tb.rs", "").len(), 1);
    }

    #[test]
    fn rows_are_whole_and_single() {
        for row in ["5321\tyes\tSMTP\t", "5321\tmaybe\tSMTP\ta.rs", "x\tno\tSMTP\t", "5321\tno\t\t", "5321\tno\tSMTP"] {
            assert_eq!(breaches(row, "").len(), 1, "{row}");
        }
        assert_eq!(breaches("1\tno\ta\t\n1\tno\ta\t", "").len(), 1);
    }
}
