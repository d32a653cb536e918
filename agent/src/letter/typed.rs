//! Address lists as people type them, read strictly, so that a slip is told before anything is sent (RFC 5322 §3.4 without
//! its obsolete forms; UTF-8 as in RFC 6532 §3.2). Owns the places of what is wrong. Reading what others sent is
//! `message::header`'s, which forgives everything.

use super::fault::Fault;
use super::recipients::{Aliases, Recipients};
use message::build::compose::{Correspondent, Group};
use message::{Address, AddressError};

/// Octets of one typed list; as many as a field of a message is looked at.
pub const TYPED_MAX: usize = 64 * 1024;

/// What is taken for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names<'a> {
    /// A name alone may be short for others.
    Allowed,
    /// A name alone has to be one of these, and come to addresses.
    Short(&'a Aliases),
    /// Every address has its domain.
    Complete,
}

/// Reads a list.
pub(super) fn read(field: &str, text: &str, names: Names<'_>) -> Result<Recipients, Vec<Fault>> {
    let (list, faults) = listed(field, text, names);
    if faults.is_empty() { Ok(list) } else { Err(faults) }
}

/// What is well-formed of a list that may not be finished, short names too.
pub(super) fn sound_part(text: &str) -> Recipients {
    listed("", text, Names::Allowed).0
}

fn listed(field: &str, text: &str, names: Names<'_>) -> (Recipients, Vec<Fault>) {
    // Nobody types controls; a line break parts words as a space does.
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut list = List {
        field,
        text: &plain,
        names,
        number: 0,
        entry: Vec::new(),
        group: None,
        done: Recipients::default(),
        faults: Vec::new(),
    };
    if text.len() > TYPED_MAX {
        list.fault(0, "the list is too long");
        return (list.done, list.faults);
    }
    let mut tokens = Tokens { text: &plain, at: 0 };
    while let Some(token) = tokens.next() {
        list.take(token);
    }
    list.end();
    (list.done, list.faults)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Signs without white space between them.
    Word,
    /// In double quotes.
    Quoted,
    /// In round brackets.
    Comment,
    /// In angle brackets.
    Angle,
    /// One of `,`, `;`, `:`.
    Sign(char),
}

/// A stretch of the text.
#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    /// Without quotes or brackets, backslashes taken off.
    text: String,
    /// As typed.
    raw: String,
    /// Where it begins, in octets.
    at: usize,
    /// Its last quote or bracket is there.
    closed: bool,
    /// White space stands before it.
    apart: bool,
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        let rest = self.text.get(self.at..)?;
        let trimmed = rest.trim_start();
        let apart = trimmed.len() < rest.len() || self.at == 0;
        let at = self.at + rest.len() - trimmed.len();
        let first = trimmed.chars().next()?;
        let (kind, length) = match first {
            ',' | ';' | ':' => (Kind::Sign(first), 1),
            '"' => (Kind::Quoted, enclosed(trimmed, '"', '"')),
            '(' => (Kind::Comment, enclosed(trimmed, '(', ')')),
            '<' => (Kind::Angle, enclosed(trimmed, '<', '>')),
            _ => (Kind::Word, word(trimmed)),
        };
        let raw = trimmed.get(..length).unwrap_or(trimmed);
        self.at = at + raw.len();
        let close = match kind {
            Kind::Quoted => '"',
            Kind::Comment => ')',
            Kind::Angle => '>',
            Kind::Word | Kind::Sign(_) => {
                return Some(Token { kind, text: raw.to_owned(), raw: raw.to_owned(), at, closed: true, apart });
            }
        };
        let inner = raw.get(1..).unwrap_or_default();
        let closed = inner.ends_with(close);
        let inner = inner.strip_suffix(close).unwrap_or(inner);
        // An address in angle brackets keeps the quotes of its local part.
        let text = if kind == Kind::Angle { inner.to_owned() } else { without_backslashes(inner) };
        Some(Token { kind, text, raw: raw.to_owned(), at, closed, apart })
    }
}

/// Octets up to the bracket that closes; all where none does. Round ones nest, and quotes hide brackets within others.
fn enclosed(text: &str, open: char, close: char) -> usize {
    let (mut depth, mut quoted) = (0_usize, false);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' if open != '<' || quoted => drop(chars.next()),
            '"' if open == '<' => quoted = !quoted,
            _ if quoted => {}
            c if c == close && (at > 0 || open != close) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + c.len_utf8();
                }
            }
            c if c == open && (open == '(' || at == 0) => depth += 1,
            // Another address begins: this one was never closed.
            ',' | '<' if open == '<' => return at,
            _ => {}
        }
    }
    text.len()
}

/// Octets up to a sign that ends a word. What stands in square brackets belongs to it: an address literal has colons.
fn word(text: &str) -> usize {
    let mut literal = false;
    for (at, c) in text.char_indices() {
        match c {
            '[' => literal = true,
            ']' => literal = false,
            ':' if literal => {}
            c if c.is_whitespace() || ",;:\"(<".contains(c) => return at,
            _ => {}
        }
    }
    text.len()
}

fn without_backslashes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}

struct List<'a> {
    field: &'a str,
    text: &'a str,
    names: Names<'a>,
    number: usize,
    entry: Vec<Token>,
    /// The group that is open, and where it began.
    group: Option<(Group, usize)>,
    done: Recipients,
    faults: Vec<Fault>,
}

impl List<'_> {
    fn fault(&mut self, at: usize, what: &str) {
        let column = self.text.get(..at).map_or(0, |before| before.chars().count()) + 1;
        let field = self.field.to_owned();
        self.faults.push(Fault {
            field,
            number: self.number,
            column,
            text: self.text.to_owned(),
            what: what.to_owned(),
        });
    }

    fn take(&mut self, token: Token) {
        match token.kind {
            Kind::Sign(',') => self.end_entry(),
            Kind::Sign(';') => {
                self.end_entry();
                // Outside a group some programs part addresses so.
                self.end_group();
            }
            Kind::Sign(':') => self.begin_group(token.at),
            _ => self.entry.push(token),
        }
    }

    fn end(&mut self) {
        self.end_entry();
        if let Some((_, at)) = &self.group {
            let at = *at;
            self.fault(at, "this group has no end: put a semicolon behind its last address");
        }
    }

    fn begin_group(&mut self, colon: usize) {
        let words = std::mem::take(&mut self.entry);
        let names = |word: &Token| word.kind == Kind::Quoted || word.kind == Kind::Word && !word.raw.contains('@');
        let named = words.iter().all(names) && !joined(&words).is_empty();
        match words.first() {
            Some(first) if named && self.group.is_none() => {
                self.group = Some((Group { name: Some(joined(&words)), members: Vec::new() }, first.at));
            }
            _ => {
                self.number += 1;
                self.fault(colon, "a colon may only stand behind the name of a group");
            }
        }
    }

    fn end_group(&mut self) {
        if let Some((group, _)) = self.group.take() {
            self.done.0.push(group);
        }
    }

    fn end_entry(&mut self) {
        let tokens = std::mem::take(&mut self.entry);
        let Some(first) = tokens.first() else { return };
        self.number += 1;
        if let Some(open) = tokens.iter().find(|token| !token.closed) {
            let what = match open.kind {
                Kind::Quoted => "this quotation mark has no other half",
                Kind::Comment => "this round bracket has no other half",
                _ => "this angle bracket has no other half",
            };
            return self.fault(open.at, what);
        }
        let comment =
            tokens.iter().rfind(|token| token.kind == Kind::Comment).map(|token| token.text.trim().to_owned());
        let rest: Vec<Token> = tokens.iter().filter(|token| token.kind != Kind::Comment).cloned().collect();
        if rest.is_empty() {
            return self.fault(first.at, "there is no address, only a comment");
        }
        let person = match rest.iter().position(|token| token.kind == Kind::Angle) {
            Some(angle) => self.named(&rest, angle),
            None => self.bare(&rest),
        };
        let Some(mut person) = person else { return };
        person.name = person.name.or(comment).filter(|name| !name.is_empty());
        match &mut self.group {
            Some((group, _)) => group.members.push(person),
            None => self.done.push(person),
        }
    }

    /// `Bob <bob@hamburger.edu>`.
    fn named(&mut self, tokens: &[Token], angle: usize) -> Option<Correspondent> {
        let (before, rest) = tokens.split_at_checked(angle)?;
        let (address, after) = rest.split_first()?;
        if let Some(next) = after.first() {
            self.fault(next.at, "a comma is missing before this");
            return None;
        }
        let name = joined(before);
        let lead = address.text.len() - address.text.trim_start().len();
        let email = self.email(address.text.trim(), address.at + 1 + lead, Names::Complete)?;
        Some(Correspondent { name: (!name.is_empty()).then_some(name), email })
    }

    /// `bob@hamburger.edu` or `bob`.
    fn bare(&mut self, tokens: &[Token]) -> Option<Correspondent> {
        let mut chunks = tokens.chunk_by(|_, next| !next.apart);
        let first = chunks.next()?;
        let (others, raw) =
            (chunks.next(), |chunk: &[Token]| chunk.iter().map(|token| token.raw.as_str()).collect::<String>());
        let at = first.first()?.at;
        if let Some(second) = others {
            let all: Vec<&[Token]> = tokens.chunk_by(|_, next| !next.apart).collect();
            let addresses: Vec<&&[Token]> = all.iter().filter(|chunk| raw(chunk).contains('@')).collect();
            let place = |chunk: &[Token]| chunk.first().map_or(at, |token| token.at);
            match addresses.as_slice() {
                [] => self.fault(at, "a name without an address: Name <user@host>"),
                [_, next, ..] => self.fault(place(next), "a comma is missing before this"),
                [only] if place(only) == at => self.fault(place(second), "a comma is missing before this"),
                [only] => {
                    self.fault(place(only), "an address behind a name stands in angle brackets: <local-part@domain>")
                }
            }
            return None;
        }
        let email = self.email(&raw(first), at, self.names)?;
        Some(Correspondent { name: None, email })
    }

    fn email(&mut self, text: &str, at: usize, names: Names<'_>) -> Option<String> {
        let is_name = is_name(text);
        if names == Names::Allowed && is_name {
            return Some(text.to_owned());
        }
        if let Names::Short(aliases) = names
            && is_name
            && aliases.0.contains_key(text)
        {
            let problem = short_name_problem(text, aliases);
            problem.iter().for_each(|problem| self.fault(at, problem));
            return problem.is_none().then(|| text.to_owned());
        }
        // Spaces beyond ASCII look like the end of an address, and the rules for letters let them pass.
        let parsed = Address::parse(text).and_then(|address| match text.find(char::is_whitespace) {
            Some(_) if !text.starts_with('"') => Err(AddressError::LocalPart),
            _ => Ok(address),
        });
        match parsed {
            Ok(_) => return Some(text.to_owned()),
            Err(AddressError::Form) if is_name && self.names == Names::Allowed => return Some(text.to_owned()),
            Err(AddressError::Form) if is_name => {
                self.fault(at + text.len(), "there is no domain: an address has the form local-part@domain");
            }
            Err(error) => self.fault(at + offset(text, error), &error.to_string()),
        }
        None
    }
}

/// Why a short name comes to no address, where it does not.
fn short_name_problem(name: &str, aliases: &Aliases) -> Option<String> {
    let people = Recipients::one(None, name).expand(aliases, None);
    if people.people().next().is_none() {
        return Some(format!("`{name}` is short for nobody"));
    }
    let wrong = people.people().find(|person| Address::parse(&person.email).is_err())?;
    Some(match wrong.email.as_str() {
        itself if itself == name => format!("`{name}` is short for itself and for no address"),
        other => format!("`{name}` is short for `{other}`, which is no address"),
    })
}

/// Whether a text may be a short name, or that of somebody on this host.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "@\"[]\\<>(),;:".contains(c))
}

/// Where in an address the first sign is that is wrong, in octets.
fn offset(text: &str, error: AddressError) -> usize {
    let host = text.rfind('@').map_or(text.len(), |at| at + 1);
    match error {
        AddressError::Form | AddressError::LocalPartTooLong => 0,
        AddressError::Domain | AddressError::Literal => text.find('@').map_or(host, |at| at + 1),
        AddressError::LocalPart => {
            let local_part = text.get(..host.saturating_sub(1)).unwrap_or(text);
            let is_right = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
            let sign = local_part.char_indices().find(|(_, c)| !is_right(*c)).map(|(at, _)| at);
            sign.or_else(|| local_part.find("..").map(|at| at + 1)).unwrap_or(if local_part.starts_with('.') {
                0
            } else {
                local_part.len().saturating_sub(1)
            })
        }
    }
}

/// Words and quoted words as the name they are, with one space where there was white space.
fn joined(tokens: &[Token]) -> String {
    let mut name = String::new();
    for (index, token) in tokens.iter().enumerate() {
        if index > 0 && token.apart {
            name.push(' ');
        }
        name.push_str(&token.text);
    }
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn places(text: &str) -> Vec<(usize, usize, String)> {
        let faults = read("To", text, Names::Complete).unwrap_err();
        faults.into_iter().map(|fault| (fault.number, fault.column, fault.what)).collect()
    }

    #[test]
    fn lists_as_people_type_them() {
        let list = read(
            "To",
            "alice, Bob <bob@x.example>, \"Doe, J\" <j@d.example>, friends: a@b.example, c@d.example;, me@[IPv6:::1],\n \
             o@p.example (Olga (O.)), \"j d\"@x.example, Zo\u{eb} K. <zo\u{eb}@b\u{fc}cher.example>; z@y.example,",
            Names::Allowed,
        );
        let list = list.unwrap();
        let shown: Vec<String> = list
            .people()
            .map(|person| format!("{}|{}", person.name.clone().unwrap_or_default(), person.email))
            .collect();
        assert_eq!(
            shown,
            [
                "|alice",
                "Bob|bob@x.example",
                "Doe, J|j@d.example",
                "|a@b.example",
                "|c@d.example",
                "|me@[IPv6:::1]",
                "Olga (O.)|o@p.example",
                "|\"j d\"@x.example",
                "Zo\u{eb} K.|zo\u{eb}@b\u{fc}cher.example",
                "|z@y.example"
            ]
        );
        assert_eq!(list.0.iter().filter(|group| group.name.as_deref() == Some("friends")).count(), 1);
        assert_eq!(read("To", " ", Names::Complete), Ok(Recipients::default()));
    }

    #[test]
    fn slips_are_told_with_their_place() {
        for (text, number, column, word) in [
            ("alice@x.y", 0, 0, ""),
            ("alice", 1, 6, "no domain"),
            ("a@b.example, bob@-x.y", 2, 18, "domain"),
            ("a@b.example, bob@", 2, 18, "domain"),
            ("a@b.example c@d.example", 1, 13, "comma"),
            ("Bob bob@x.example", 1, 5, "angle"),
            ("Bob <bob@x.example> c@d.example", 1, 21, "comma"),
            ("Bob Builder", 1, 1, "name without"),
            ("\"Bob <bob@x.example>", 1, 1, "quotation"),
            ("Bob <bob@x.example, c@d.example", 1, 5, "angle bracket"),
            ("a..b@x.example", 1, 3, "local part"),
            ("a b@x.example", 1, 3, "angle"),
            ("bo,b@x.example", 1, 3, "no domain"),
            ("<>", 1, 2, "form"),
            ("friends: a@b.example", 1, 1, "semicolon"),
            ("a@b.example: c@d.example", 1, 12, "colon"),
            ("me@[1.2.3]", 1, 4, "literal"),
            ("a@b@c.example", 1, 3, "domain"),
            ("(nobody)", 1, 1, "comment"),
            ("Bob <bob>", 1, 9, "no domain"),
            ("Bob <b\u{2003}b@x.example>", 1, 7, "local part"),
            ("\" \": a@b.example;", 1, 4, "colon"),
        ] {
            if number == 0 {
                assert!(read("To", text, Names::Complete).is_ok());
                continue;
            }
            let found = places(text);
            assert_eq!((found[0].0, found[0].1), (number, column), "{text}: {found:?}");
            assert!(found[0].2.contains(word), "{text}: {found:?}");
        }
        assert_eq!(places(&"x".repeat(TYPED_MAX + 1))[0].2, "the list is too long");
        assert!(read("To", &" ".repeat(TYPED_MAX), Names::Complete).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read_or_told(text in "[a-z@.,;:<>()\"\\\\\\[\\] é\u{1f600}]{0,40}") {
            // What a person pastes may hold anything.
            let text = text.replace('\u{1f600}', "\u{1}");
            match read("To", &text, Names::Allowed) {
                Ok(list) => prop_assert_eq!(read("To", &list.to_string(), Names::Allowed), Ok(list)),
                Err(faults) => for fault in faults {
                    prop_assert!(fault.column <= text.chars().count() + 1);
                    let told = fault.to_string();
                    prop_assert!(told.lines().count() <= 3, "{}", told);
                },
            }
        }
    }
}
