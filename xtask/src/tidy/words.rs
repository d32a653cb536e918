//! Words that have no place in the tree: unfinished work, names that say nothing, waits in tests, paths of one machine.

use super::Finding;
use super::tokens::{Kind, Token, tokens};
use super::tree::File;

/// Marks of unfinished work, in any text file. Written in two halves, for this file is checked too.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];
/// Macros that stand for code that is not there.
const UNFINISHED_MACROS: [&str; 2] = ["todo", "unimplemented"];
/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"];
/// Folders that exist on one machine only.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Checks one file of any kind.
pub fn check(file: &File, findings: &mut Vec<Finding>) {
    let mut complain = |rule, what: String| findings.push(Finding::new(rule, &file.path, what));
    for (number, line) in file.text.lines().enumerate() {
        for word in UNFINISHED.into_iter().filter(|word| has_word(line, word)) {
            complain("unfinished", format!("line {}: {word}", number + 1));
        }
        for path in MACHINE_PATHS.into_iter().filter(|path| has_path(line, path)) {
            complain("machine-path", format!("line {}: a path below {path}", number + 1));
        }
    }
    for part in file.path.split('/').filter_map(|part| part.split('.').next()) {
        if EMPTY_NAMES.contains(&part) {
            complain("name", format!("{part} says nothing about what is inside"));
        }
    }
    if file.is_rust() {
        check_rust(file, &mut complain);
    }
}

fn check_rust(file: &File, complain: &mut impl FnMut(&'static str, String)) {
    let code: Vec<Token<'_>> = tokens(&file.text).into_iter().filter(|token| !token.is_comment()).collect();
    let mut in_tests = is_test_file(&file.path);
    for (at, token) in code.iter().enumerate() {
        let next = |steps: usize| code.get(at + steps);
        let follows = |steps: usize, mark: char| next(steps).is_some_and(|token| token.is(mark));
        if UNFINISHED_MACROS.contains(&token.text) && follows(1, '!') {
            complain("unfinished", format!("line {}: {}!", token.line, token.text));
        }
        if token.is('#') && follows(1, '[') && next(2).is_some_and(|token| token.is_name("ignore")) {
            complain("ignored-test", format!("line {}: a test that does not run", token.line));
        }
        in_tests |= token.is_name("cfg") && follows(1, '(') && next(2).is_some_and(|token| token.is_name("test"));
        if in_tests && token.is_name("thread") && next(3).is_some_and(|token| token.is_name("sleep")) {
            complain("sleep-in-test", format!("line {}: wait for the event, not for the clock", token.line));
        }
        if let Some(name) = defined(token, next(1)).filter(|name| says_nothing(name)) {
            complain("name", format!("line {}: {name} says nothing about what is inside", token.line));
        }
    }
}

fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// The name that a definition gives, if `token` begins one of a type or module.
fn defined<'a>(token: &Token<'a>, next: Option<&Token<'a>>) -> Option<&'a str> {
    let defines = ["struct", "enum", "trait", "mod", "type"].into_iter().any(|keyword| token.is_name(keyword));
    next.filter(|next| defines && next.kind == Kind::Name).map(|next| next.text)
}

/// True if one of the words of a snake_case or CamelCase name is an empty one.
fn says_nothing(name: &str) -> bool {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() {
            words.push('_');
        }
        words.extend(c.to_lowercase());
    }
    words.split('_').any(|word| EMPTY_NAMES.contains(&word))
}

/// True if `word` stands in `line` with no letter, digit or `_` beside it.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_name = |c: Option<char>| c.is_some_and(|c| c == '_' || c.is_alphanumeric());
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !part_of_name(before) && !part_of_name(after)
    })
}

/// True if a path in `line` begins with `path`.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|c| !(c.is_alphanumeric() || "_-.}/~".contains(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let mut findings = Vec::new();
        check(&File { path: path.to_owned(), text: text.to_owned() }, &mut findings);
        findings.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn unfinished_work_is_found_in_every_file() {
        for word in UNFINISHED {
            assert_eq!(rules("docs/a.md", &format!("a {word}: b")), ["unfinished"]);
            assert!(rules("docs/a.md", &format!("a_{word} {word}S")).is_empty());
        }
        assert_eq!(rules("a/src/b.rs", &format!("{}!()", UNFINISHED_MACROS[0])), ["unfinished"]);
        assert!(rules("a/src/b.rs", "fn f() { let todo = 1; }").is_empty());
    }

    #[test]
    fn tests_neither_sleep_nor_rest() {
        assert_eq!(rules("a/src/b.rs", "#[cfg(test)] mod t { fn f() { std::thread::sleep(x) } }"), ["sleep-in-test"]);
        assert_eq!(rules("a/tests/b.rs", "fn f() { thread::sleep(x) }"), ["sleep-in-test"]);
        assert!(rules("a/src/b.rs", "fn f() { std::thread::sleep(x) }").is_empty());
        assert_eq!(rules("a/src/b.rs", "#[ignore = \"slow\"] fn f() {}"), ["ignored-test"]);
    }

    #[test]
    fn names_say_something() {
        assert_eq!(rules("a/src/utils.rs", ""), ["name"]);
        assert_eq!(rules("a/helper/b.md", ""), ["name"]);
        assert_eq!(rules("a/src/b.rs", "struct QueueManager; mod common {} enum Uncommon {}"), ["name", "name"]);
        assert!(rules("a/src/b.rs", "fn common_prefix() { \"struct Helper\" } // mod util").is_empty());
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for path in MACHINE_PATHS {
            assert_eq!(rules("a.md", &format!("see `{path}x`")), ["machine-path"]);
            assert!(rules("a.md", &format!("http://a.example{path}x and a{path}")).is_empty());
        }
    }
}
