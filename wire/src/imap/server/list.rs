//! LIST and LSUB (RFC 9051 §6.3.9, RFC 3501 §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8440, RFC 9590): which of the
//! mailboxes there are match, and what is told of each. Owns wildcards and the rules of matching; walks the mailboxes in
//! pages.

use super::folders::is_costly;
use super::reply::{Reply, misfit};
use super::sync::Expunges;
use super::{Server, text};
use crate::imap::ask::{Folder, PAGE_NAMES, SpecialUse};
use crate::imap::command::{List, StatusItem};
use crate::imap::mailbox::{DELIMITER, MailboxName};
use crate::imap::{Answer, Ask};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Wildcards of one pattern at most: names have no more parts than [`MAILBOX_DEPTH`](crate::imap::limits::MAILBOX_DEPTH).
const WILDCARDS_MAX: usize = 64;

/// Octets of all patterns with wildcards together at most: each costs that many steps for every octet of every name.
const PATTERNS_MAX: usize = 8 * 1024;

/// A mailbox that is listed.
struct Found {
    name: MailboxName,
    attributes: Vec<&'static str>,
    /// RFC 5258 §4: some mailbox below is subscribed to.
    child_info: bool,
    selectable: bool,
}

/// What is still to be told.
struct Listing {
    tag: String,
    list: List,
    found: VecDeque<Found>,
    /// Of those on this page.
    page: Vec<Found>,
}

impl Server {
    pub(super) fn list(&mut self, tag: String, list: List) {
        if list.select.recursive_match && !list.select.subscribed && !list.select.special_use {
            return self.refuse(&tag, &Reply::bad("RECURSIVEMATCH needs something to match"));
        }
        // RFC 9051 §6.3.9: an empty pattern asks for the delimiter and the root.
        if !list.extended && list.patterns.iter().all(String::is_empty) {
            self.send("* LIST (\\NoSelect) \"/\" \"\"\r\n");
            return self.finish(tag, Reply::ok("the delimiter"), Expunges::Told);
        }
        let wild = || list.patterns.iter().filter(|pattern| wildcards(pattern) > 0);
        let octets: usize = wild().map(|pattern| pattern.len() + list.reference.len()).sum();
        if octets > PATTERNS_MAX || wild().any(|pattern| wildcards(pattern) > WILDCARDS_MAX) {
            return self.refuse(&tag, &Reply::bad("too many wildcards"));
        }
        self.ask(Ask::Folders, move |server, answer| match answer {
            Answer::Folders(folders) => server.list_found(tag, list, &folders),
            Answer::Refused(refusal) => server.finish(tag, refusal.into(), Expunges::Told),
            _ => server.finish(tag, misfit(), Expunges::Told),
        });
    }

    fn list_found(&mut self, tag: String, list: List, folders: &Arc<[Folder]>) {
        let found = matching(folders, &list);
        self.list_page(Listing { tag, list, found, page: Vec::new() });
    }

    fn list_page(&mut self, mut listing: Listing) {
        let count = listing.found.len().min(PAGE_NAMES);
        listing.page = listing.found.drain(..count).collect();
        if listing.page.is_empty() {
            return self.finish(listing.tag, Reply::ok("that is all"), Expunges::Told);
        }
        let returns = &listing.list.returns;
        if !returns.status.is_empty() {
            return self.list_statuses(listing);
        }
        if returns.my_rights {
            return self.list_rights_of(listing);
        }
        let mut lines = Vec::new();
        for found in &listing.page {
            self.list_line(&mut lines, found);
        }
        self.send(lines);
        self.list_metadata(listing);
    }

    /// RFC 5819 §2: a mailbox that cannot be selected has none, and is told so.
    fn list_statuses(&mut self, mut listing: Listing) {
        let names = selectable(&listing.page);
        let costly = is_costly(&listing.list.returns.status);
        self.ask(Ask::Status { names, costly }, move |server, answer| {
            let Answer::Statuses(statuses) = answer else {
                return server.finish(listing.tag, misfit(), Expunges::Told);
            };
            let mut statuses = statuses.into_iter();
            for found in &mut listing.page {
                let status = if found.selectable { statuses.next().and_then(Result::ok) } else { None };
                if status.is_none() && found.selectable {
                    found.attributes.push("\\NoSelect");
                }
                let mut line = Vec::new();
                server.list_line(&mut line, found);
                server.send(line);
                if let Some(status) = status {
                    server.send_status(&found.name, &status, &listing.list.returns.status);
                }
            }
            let asks_modseq = listing.list.returns.status.contains(&StatusItem::HighestModSeq);
            server.wants_modseqs(asks_modseq);
            server.list_metadata(listing);
        });
    }

    /// RFC 8440 §3.
    fn list_rights_of(&mut self, listing: Listing) {
        let names = selectable(&listing.page);
        self.ask(Ask::MyRights(names), move |server, answer| {
            let Answer::MyRights(rights) = answer else {
                return server.finish(listing.tag, misfit(), Expunges::Told);
            };
            let mut rights = rights.into_iter();
            let mut lines = Vec::new();
            for found in &listing.page {
                server.list_line(&mut lines, found);
                let own = if found.selectable { rights.next().and_then(Result::ok) } else { None };
                if let Some(own) = own {
                    lines.extend_from_slice(b"* MYRIGHTS ");
                    text::mailbox(&mut lines, &found.name, server.charset());
                    lines.extend_from_slice(format!(" {}\r\n", own.told()).as_bytes());
                }
            }
            server.send(lines);
            server.list_metadata(listing);
        });
    }

    /// RFC 9590 §3.
    fn list_metadata(&mut self, mut listing: Listing) {
        if listing.list.returns.metadata.is_empty() {
            return self.list_page(listing);
        }
        let Some(found) = listing.page.pop() else { return self.list_page(listing) };
        let entries = listing.list.returns.metadata.clone();
        let mailbox = Some(found.name.clone());
        self.ask(Ask::Metadata { mailbox, entries, depth: Some(0) }, move |server, answer| {
            if let Answer::Metadata(entries) = answer {
                server.send_metadata(Some(&found.name), &entries);
            }
            server.list_metadata(listing);
        });
    }

    /// RFC 9051 §7.3.1.
    fn list_line(&self, line: &mut Vec<u8>, found: &Found) {
        line.extend_from_slice(format!("* LIST ({}) \"{DELIMITER}\" ", found.attributes.join(" ")).as_bytes());
        text::mailbox(line, &found.name, self.charset());
        if found.child_info {
            line.extend_from_slice(b" (\"CHILDINFO\" (\"SUBSCRIBED\"))");
        }
        line.extend_from_slice(b"\r\n");
    }

    /// One mailbox, unasked (RFC 5465 §5.4).
    pub(super) fn send_folder(&mut self, folder: &Folder, old_name: Option<&MailboxName>) {
        let mut attributes = Vec::new();
        plain_attributes(&mut attributes, folder);
        if folder.subscribed {
            attributes.push("\\Subscribed");
        }
        let mut line = format!("* LIST ({}) \"{DELIMITER}\" ", attributes.join(" ")).into_bytes();
        text::mailbox(&mut line, &folder.name, self.charset());
        if let Some(old_name) = old_name {
            line.extend_from_slice(b" (\"OLDNAME\" (");
            text::mailbox(&mut line, old_name, self.charset());
            line.extend_from_slice(b"))");
        }
        line.extend_from_slice(b"\r\n");
        self.send(line);
    }

    /// RFC 3501 §6.3.9.
    pub(super) fn lsub(&mut self, tag: String, reference: &str, pattern: &str) {
        let pattern = Pattern::new(reference, pattern);
        if pattern.wildcards() > WILDCARDS_MAX || pattern.0.len() > PATTERNS_MAX {
            return self.refuse(&tag, &Reply::bad("too many wildcards"));
        }
        self.ask(Ask::Folders, move |server, answer| {
            let reply = match answer {
                Answer::Folders(folders) => {
                    let lines = server.lsub_lines(&folders, &pattern);
                    server.send(lines);
                    Reply::ok("that is all")
                }
                Answer::Refused(refusal) => refusal.into(),
                _ => misfit(),
            };
            server.finish(tag, reply, Expunges::Told);
        });
    }

    /// A name that `%` does not reach stands for those below it, marked `\NoSelect` where it is not subscribed to itself.
    fn lsub_lines(&self, folders: &[Folder], pattern: &Pattern) -> Vec<u8> {
        let mut lines = Vec::new();
        let own: HashSet<&MailboxName> =
            folders.iter().filter(|folder| folder.subscribed).map(|folder| &folder.name).collect();
        let mut told: HashSet<MailboxName> = HashSet::new();
        for folder in folders.iter().filter(|folder| folder.subscribed) {
            let mut name = Some(folder.name.clone());
            while let Some(candidate) = name {
                if pattern.matches(candidate.as_str()) {
                    if !told.contains(&candidate) {
                        let attributes = if own.contains(&candidate) { "" } else { "\\NoSelect" };
                        lines.extend_from_slice(format!("* LSUB ({attributes}) \"{DELIMITER}\" ").as_bytes());
                        text::mailbox(&mut lines, &candidate, self.charset());
                        lines.extend_from_slice(b"\r\n");
                        told.insert(candidate);
                    }
                    break;
                }
                // Only `%` lets a level stand for what is below.
                name = if pattern.has_percent() { candidate.parent() } else { None };
            }
        }
        lines
    }
}

fn selectable(page: &[Found]) -> Vec<MailboxName> {
    page.iter().filter(|found| found.selectable).map(|found| found.name.clone()).collect()
}

/// RFC 9051 §6.3.9.3.
fn matching(folders: &[Folder], list: &List) -> VecDeque<Found> {
    let patterns: Vec<Pattern> = list.patterns.iter().map(|pattern| Pattern::new(&list.reference, pattern)).collect();
    let select = list.select;
    let selects = |folder: &Folder| {
        let subscribed = !select.subscribed || folder.subscribed;
        let used = !select.special_use || !folder.special_use.is_empty();
        let listed = folder.exists || select.subscribed;
        subscribed && used && listed
    };
    let fits = |folder: &Folder| patterns.iter().any(|pattern| pattern.matches(folder.name.as_str()));
    let fitting: Vec<bool> = folders.iter().map(fits).collect();
    let mut found = VecDeque::new();
    for (at, folder) in folders.iter().enumerate() {
        if fitting.get(at) != Some(&true) {
            continue;
        }
        let below = || children(folders, at);
        let counts = |child: &Folder| child.subscribed && selects(child);
        let child_info = select.recursive_match && below().any(|(_, child)| counts(child));
        // RFC 5258 §3.5: not only for the sake of mailboxes that are all told of themselves.
        let untold = || below().any(|(at, child)| fitting.get(at) != Some(&true) && counts(child));
        if selects(folder) || (child_info && folder.exists && untold()) {
            let has_children = below().any(|(_, child)| child.exists);
            found.push_back(described(folder, list, (has_children, child_info)));
        }
    }
    found
}

/// Those below a mailbox, with their places. The names are in the order of their octets, so they stand behind it among
/// others that begin with its name, as `Work-old` before `Work/2004`.
fn children(folders: &[Folder], at: usize) -> impl Iterator<Item = (usize, &Folder)> {
    let parent = folders.get(at).map(|folder| folder.name.as_str()).unwrap_or_default();
    let behind = folders.iter().enumerate().skip(at + 1);
    let rests = behind.map_while(move |(at, folder)| Some((at, folder, folder.name.as_str().strip_prefix(parent)?)));
    rests.filter(|(_, _, rest)| rest.starts_with(DELIMITER)).map(|(at, folder, _)| (at, folder))
}

fn described(folder: &Folder, list: &List, (has_children, child_info): (bool, bool)) -> Found {
    let mut attributes = Vec::new();
    plain_attributes(&mut attributes, folder);
    // RFC 3348 §3.
    if folder.exists {
        attributes.push(if has_children { "\\HasChildren" } else { "\\HasNoChildren" });
    }
    if folder.subscribed && (list.returns.subscribed || list.select.subscribed) {
        attributes.push("\\Subscribed");
    }
    // Told without being asked for as well: clients look for it in a plain LIST (RFC 6154 §5.1 allows it).
    attributes.extend(folder.special_use.iter().map(|one: &SpecialUse| one.attribute()));
    Found { name: folder.name.clone(), attributes, child_info, selectable: folder.selectable }
}

fn plain_attributes(attributes: &mut Vec<&'static str>, folder: &Folder) {
    if !folder.exists {
        attributes.push("\\NonExistent");
    } else if !folder.selectable {
        attributes.push("\\NoSelect");
    }
    if folder.exists && !folder.inferiors {
        attributes.push("\\NoInferiors");
    }
}

fn wildcards(pattern: &str) -> usize {
    pattern.bytes().filter(|octet| matches!(octet, b'*' | b'%')).count()
}

/// A name with wildcards: `*` is anything, `%` anything without the delimiter.
struct Pattern(Vec<u8>);

impl Pattern {
    /// RFC 9051 §6.3.9: the reference stands before the pattern. INBOX is in capitals, whatever the client wrote.
    fn new(reference: &str, pattern: &str) -> Pattern {
        let whole = format!("{reference}{pattern}");
        let mut canonical: Vec<u8> = Vec::with_capacity(whole.len());
        for octet in MailboxName::new(&whole).as_str().bytes() {
            // Wildcards side by side are one: the wider of them.
            match (canonical.last_mut(), octet) {
                (Some(last @ (b'*' | b'%')), b'*') => *last = b'*',
                (Some(b'*' | b'%'), b'%') => {}
                _ => canonical.push(octet),
            }
        }
        Pattern(canonical)
    }

    fn wildcards(&self) -> usize {
        self.0.iter().filter(|octet| matches!(octet, b'*' | b'%')).count()
    }

    fn has_percent(&self) -> bool {
        self.0.contains(&b'%')
    }

    /// Whether a name fits; INBOX in any case (RFC 9051 §5.1). The work is bounded by the lengths of name and pattern
    /// multiplied: no way is tried twice.
    fn matches(&self, name: &str) -> bool {
        let name = name.as_bytes();
        if !self.0.iter().any(|octet| matches!(octet, b'*' | b'%')) && !name.eq_ignore_ascii_case(b"INBOX") {
            return self.0 == name;
        }
        if name == b"INBOX" && self.0.eq_ignore_ascii_case(b"INBOX") {
            return true;
        }
        // Places in the name that the pattern so far can end at.
        let mut places = vec![false; name.len() + 1];
        if let Some(first) = places.first_mut() {
            *first = true;
        }
        for octet in &self.0 {
            places = step(&places, *octet, name);
            if !places.contains(&true) {
                return false;
            }
        }
        places.last() == Some(&true)
    }
}

fn step(places: &[bool], octet: u8, name: &[u8]) -> Vec<bool> {
    let mut next = vec![false; places.len()];
    let mut open = false;
    for (at, (place, slot)) in places.iter().zip(&mut next).enumerate() {
        let before = at.checked_sub(1).and_then(|before| name.get(before)).copied();
        match octet {
            b'*' | b'%' => {
                let stops = octet == b'%' && before == Some(b'/');
                open = (open && !stops) || *place;
                *slot = open;
            }
            _ => *slot = before == Some(octet) && at.checked_sub(1).is_some_and(|at| places.get(at) == Some(&true)),
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(pattern: &str, name: &str) -> bool {
        Pattern::new("", pattern).matches(name)
    }

    #[test]
    fn wildcards_match_as_they_should() {
        for (pattern, name) in [
            ("*", "a/b/c"),
            ("%", "a"),
            ("a/%", "a/b"),
            ("%/b", "a/b"),
            ("*b", "a/b"),
            ("a*c", "a/b/c"),
            ("inbox", "INBOX"),
            ("inbox/%", "INBOX/x"),
            ("*%", "a/b"),
            ("%*", "a/b"),
            ("%%", "a"),
            ("a%", "a"),
            ("", ""),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("%", "a/b"),
            ("a/%", "a"),
            ("a/%", "a/b/c"),
            ("%/%", "a"),
            ("a", "A"),
            ("b*", "a/b"),
            ("", "a"),
            ("%", "a/"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        assert!(Pattern::new("a/", "%").matches("a/b"));
    }

    /// The plain definition, which tries every way.
    fn naive(pattern: &[u8], name: &[u8]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some((b'*', rest)) => (0..=name.len()).any(|at| naive(rest, &name[at..])),
            Some((b'%', rest)) => {
                (0..=name.len()).take_while(|at| !name[..*at].contains(&b'/')).any(|at| naive(rest, &name[at..]))
            }
            Some((octet, rest)) => name.first() == Some(octet) && naive(rest, &name[1..]),
        }
    }

    proptest! {
        #[test]
        fn as_the_plain_definition_has_it(pattern in "[ab/%*]{0,8}", name in "[ab/]{0,8}") {
            prop_assert_eq!(fits(&pattern, &name), naive(pattern.as_bytes(), name.as_bytes()));
        }
    }

    /// A pattern that makes others try for hours.
    #[test]
    fn a_bomb_of_wildcards_is_quick() {
        let pattern = "*a".repeat(WILDCARDS_MAX);
        assert!(!fits(&format!("{pattern}b"), &"a".repeat(4096)));
    }
}
