//! The shape of Rust files: lengths of functions and files, parameters, the words a module opens with.

use super::Finding;
use super::tokens::{Kind, Token, tokens};
use super::tree::File;

/// A function's longest length in lines, signature and braces included: what fits on one screen.
const FUNCTION_LINES_MAX: usize = 70;
/// A file's longest length in lines: what one can still hold in mind.
const FILE_LINES_MAX: usize = 800;
/// Parameters of a function, `self` not counted: more want a struct with names.
const PARAMETERS_MAX: usize = 5;
/// `bool` parameters of a function: two at a call read as riddles.
const BOOLS_MAX: usize = 1;

/// A function as found in a file.
#[derive(Debug, PartialEq, Eq)]
struct Function<'a> {
    name: &'a str,
    line: usize,
    lines: usize,
    parameters: usize,
    bools: usize,
}

/// Checks one Rust file.
pub fn check(file: &File, findings: &mut Vec<Finding>) {
    let all = tokens(&file.text);
    if !is_tests_of_a_module(&file.path) && all.first().is_none_or(|token| token.kind != Kind::InnerDoc) {
        findings.push(Finding::new("module-header", &file.path, "does not open with //! and what the module owns"));
    }
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        findings.push(Finding::new("file-length", &file.path, format!("{lines} lines, at most {FILE_LINES_MAX}")));
    }
    let code: Vec<Token<'_>> = all.into_iter().filter(|token| !token.is_comment()).collect();
    for function in functions(&code) {
        check_function(file, &function, findings);
    }
}

/// A module that only tests the one it stands beside has nothing to say that this one has not said.
fn is_tests_of_a_module(path: &str) -> bool {
    path.contains("/src/") && (path.ends_with("/tests.rs") || path.ends_with("_tests.rs"))
}

fn check_function(file: &File, function: &Function<'_>, findings: &mut Vec<Finding>) {
    let Function { name, line, lines, parameters, bools } = function;
    let place = format!("{}:{name}", file.path);
    let mut complain = |rule, what: String| findings.push(Finding::new(rule, &place, format!("line {line}: {what}")));
    if *lines > FUNCTION_LINES_MAX {
        complain("function-length", format!("{lines} lines, at most {FUNCTION_LINES_MAX}"));
    }
    if *parameters > PARAMETERS_MAX {
        complain("parameters", format!("{parameters} parameters, at most {PARAMETERS_MAX}"));
    }
    if *bools > BOOLS_MAX {
        complain("bool-parameters", format!("{bools} bool parameters, at most {BOOLS_MAX}"));
    }
}

/// Every function with a name, nested ones too; function pointers and macro templates have none.
fn functions<'a>(code: &[Token<'a>]) -> Vec<Function<'a>> {
    let starts = code.iter().enumerate().filter(|(_, token)| token.is_name("fn"));
    starts.filter_map(|(at, _)| function(code.get(at..)?)).collect()
}

/// The function that begins with the `fn` at the start of `code`.
fn function<'a>(code: &[Token<'a>]) -> Option<Function<'a>> {
    let keyword = code.first()?;
    let name = code.get(1).filter(|token| token.kind == Kind::Name)?;
    let open = 2 + generics(code.get(2..)?);
    let list = group(code.get(open..)?);
    let inside = code.get(open + 1..(open + list).checked_sub(1)?)?;
    let parameters: Vec<&[Token<'a>]> = split(inside).into_iter().filter(|one| !is_self(one)).collect();
    Some(Function {
        name: name.text,
        line: keyword.line,
        lines: last_line(code.get(open + list..)?, keyword.line) - keyword.line + 1,
        bools: parameters.iter().filter(|one| is_bool(one)).count(),
        parameters: parameters.len(),
    })
}

/// The length of `<...>` at the start, 0 if there is none; the `>` of an arrow closes nothing.
fn generics(code: &[Token<'_>]) -> usize {
    if code.first().is_none_or(|token| !token.is('<')) {
        return 0;
    }
    let mut depth = 0_usize;
    for (at, token) in code.iter().enumerate() {
        if token.is('<') {
            depth += 1;
        } else if token.is('>') && !after_dash(code, at) {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    code.len()
}

fn after_dash(code: &[Token<'_>], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| code.get(before)).is_some_and(|token| token.is('-') || token.is('='))
}

fn opens(token: &Token<'_>) -> bool {
    token.is('(') || token.is('[') || token.is('{')
}

fn closes(token: &Token<'_>) -> bool {
    token.is(')') || token.is(']') || token.is('}')
}

/// The number of tokens of the bracketed group at the start, brackets included.
fn group(code: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in code.iter().enumerate() {
        if opens(token) {
            depth += 1;
        } else if closes(token) {
            depth = depth.saturating_sub(1);
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// Splits at the commas that stand in no bracket of any kind; empty parts are left out.
fn split<'t, 'a>(code: &'t [Token<'a>]) -> Vec<&'t [Token<'a>]> {
    let (mut depth, mut from, mut parts) = (0_usize, 0, Vec::new());
    for (at, token) in code.iter().enumerate() {
        let angle_close = token.is('>') && !after_dash(code, at);
        if opens(token) || token.is('<') {
            depth += 1;
        } else if closes(token) || angle_close {
            depth = depth.saturating_sub(1);
        } else if token.is(',') && depth == 0 {
            parts.push(code.get(from..at).unwrap_or_default());
            from = at + 1;
        }
    }
    parts.push(code.get(from..).unwrap_or_default());
    parts.retain(|part| !part.is_empty());
    parts
}

fn is_self(parameter: &[Token<'_>]) -> bool {
    let before_type = parameter.split(|token| token.is(':')).next().unwrap_or_default();
    before_type.iter().any(|token| token.is_name("self"))
}

fn is_bool(parameter: &[Token<'_>]) -> bool {
    matches!(parameter, [.., colon, last] if colon.is(':') && last.is_name("bool"))
}

/// The line on which what follows a parameter list ends: the body's closing brace, or the semicolon of a declaration.
fn last_line(code: &[Token<'_>], first: usize) -> usize {
    let mut at = 0;
    while let Some(token) = code.get(at) {
        if token.is(';') {
            return token.line;
        }
        let length = if opens(token) { group(code.get(at..).unwrap_or_default()) } else { 1 };
        if token.is('{') {
            return code.get(at + length - 1).map_or(first, |end| end.line);
        }
        at += length;
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<(String, usize, usize, usize)> {
        let all = tokens(source);
        functions(&all).iter().map(|f| (f.name.to_owned(), f.lines, f.parameters, f.bools)).collect()
    }

    fn one(name: &str, lines: usize, parameters: usize, bools: usize) -> (String, usize, usize, usize) {
        (name.to_owned(), lines, parameters, bools)
    }

    fn file(text: String) -> File {
        File { path: "wire/src/x.rs".to_owned(), text }
    }

    fn rules(text: String) -> Vec<&'static str> {
        let mut findings = Vec::new();
        check(&file(text), &mut findings);
        findings.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn lengths_run_from_fn_to_the_closing_brace() {
        assert_eq!(
            found("fn a() {\n}\n\nfn b()\n-> [u8; 3]\n{\n if x { }\n}\n"),
            [one("a", 2, 0, 0), one("b", 5, 0, 0)]
        );
        assert_eq!(found("trait T { fn a(&self, b: u8);\n fn c(); }"), [one("a", 1, 1, 0), one("c", 1, 0, 0)]);
    }

    #[test]
    fn parameters_are_counted_without_self() {
        assert_eq!(found("fn a(&mut self, b: (u8, u8), c: Map<K, V>) {}"), [one("a", 1, 2, 0)]);
        assert_eq!(found("fn a<F: Fn(u8, u8) -> u8>(f: F, g: impl Fn(u8) -> Map<A, B>,) {}"), [one("a", 1, 2, 0)]);
        assert_eq!(found("fn a(self: Arc<Self>, b: &[u8]) where F: Fn(u8) -> u8 {}"), [one("a", 1, 1, 0)]);
    }

    #[test]
    fn bools_are_counted() {
        assert_eq!(found("fn a(b: bool, c: Option<bool>, d: bool) {}"), [one("a", 1, 3, 2)]);
    }

    #[test]
    fn pointers_and_templates_are_no_functions() {
        assert_eq!(found("type F = fn(u8) -> u8; const X: fn() = y;"), []);
    }

    #[test]
    fn each_limit_holds_at_it_and_breaks_one_past_it() {
        let function = |lines: usize| format!("//! x\nfn a() {{\n{}}}\n", "\n".repeat(lines - 2));
        assert!(rules(function(FUNCTION_LINES_MAX)).is_empty());
        assert_eq!(rules(function(FUNCTION_LINES_MAX + 1)), ["function-length"]);
        let long = |lines: usize| format!("//! x\n{}", "\n".repeat(lines - 1));
        assert!(rules(long(FILE_LINES_MAX)).is_empty());
        assert_eq!(rules(long(FILE_LINES_MAX + 1)), ["file-length"]);
        let wide = |count: usize| format!("//! x\nfn a({}) {{}}", "b: u8, ".repeat(count));
        assert!(rules(wide(PARAMETERS_MAX)).is_empty());
        assert_eq!(rules(wide(PARAMETERS_MAX + 1)), ["parameters"]);
        let flags = |count: usize| format!("//! x\nfn a({}) {{}}", "b: bool, ".repeat(count));
        assert!(rules(flags(BOOLS_MAX)).is_empty());
        assert_eq!(rules(flags(BOOLS_MAX + 1)), ["bool-parameters"]);
    }

    #[test]
    fn a_module_says_what_it_owns() {
        assert_eq!(rules("// x\nfn a() {}".to_owned()), ["module-header"]);
        assert_eq!(rules(String::new()), ["module-header"]);
        assert!(is_tests_of_a_module("wire/src/x/tests.rs") && !is_tests_of_a_module("wire/tests/x.rs"));
    }
}
