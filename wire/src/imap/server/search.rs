//! SEARCH, SORT, THREAD and ESEARCH (RFC 9051 §6.4.4, RFC 4731, RFC 5182, RFC 5256, RFC 5267, RFC 7377, RFC 9394): what
//! is asked of the desk, and how the UIDs found are told. Matching is the desk's; numbers and `$` are put into UIDs
//! here, since only the session knows them.

use super::context::Context;
use super::out::Out;
use super::reply::{Reply, misfit};
use super::sync::Expunges;
use super::{Server, State, text};
use crate::imap::ask::{FoundRows, Progress, Uids};
use crate::imap::command::{By, MultiSearch, PartialRange, Returns, Scope, Search, Sort, Thread};
use crate::imap::mailbox::{DELIMITER, MailboxName};
use crate::imap::numbers;
use crate::imap::{Answer, Ask};
use message::search::{Key, Order, Program, Set, SystemFlag};
use std::collections::HashSet;
use std::fmt::Write as _;

/// A search under way.
pub(super) struct Searching {
    pub tag: String,
    pub by: By,
    pub returns: Option<Returns>,
    pub key: Key,
    pub order: Order,
    /// The answer tells modseqs (RFC 7162 §3.1.5).
    modseq: bool,
    /// What was found so far.
    found: Found,
}

/// UIDs found.
#[derive(Default)]
struct Found {
    /// In order of UID.
    ranges: Uids,
    /// In another order.
    sorted: Vec<u32>,
    threads: Vec<(u32, u32)>,
}

impl Server {
    pub(super) fn search(&mut self, tag: String, search: Search) {
        self.begin_search(tag, (search.by, search.returns), search.key, Order::Uid);
    }

    pub(super) fn sort(&mut self, tag: String, sort: Sort) {
        self.begin_search(tag, (sort.by, sort.returns), sort.key, Order::Sort(sort.criteria));
    }

    pub(super) fn thread(&mut self, tag: String, thread: Thread) {
        self.begin_search(tag, (thread.by, None), thread.key, Order::Thread(thread.algorithm));
    }

    fn begin_search(&mut self, tag: String, (by, returns): (By, Option<Returns>), key: Key, order: Order) {
        if returns.as_ref().is_some_and(|returns| returns.partial.is_some() && returns.all) {
            return self.refuse(&tag, &Reply::bad("PARTIAL and ALL exclude each other"));
        }
        if self.enabled.uid_only && key.any(&mut |key| matches!(key, Key::Numbers(_))) {
            return self.refuse(&tag, &super::dispatch::uid_required());
        }
        let modseq = key.any(&mut |key| matches!(key, Key::ModSeq(_)));
        self.wants_modseqs(modseq);
        // Numbers mean what the client counted when it wrote them, by UID too: nothing may shift before they are looked up.
        let numbers = key.any(&mut |key| matches!(key, Key::Numbers(_)));
        let expunges = if numbers { Expunges::Held } else { self.expunges(by) };
        self.sync_then(expunges, move |server| {
            let key = server.in_uids(key);
            // RFC 5182 §2.1: what was kept is gone, whatever comes of this search.
            if let Some(open) = server.open().filter(|_| returns.as_ref().is_some_and(|returns| returns.save)) {
                open.saved = Uids::new();
            }
            let found = Found::default();
            let searching = Box::new(Searching { tag, by, returns, key, order, modseq, found });
            let program = Program { key: searching.key.clone(), order: searching.order.clone() };
            server.ask(Ask::Search { program, mailbox: None }, move |server, answer| server.found(searching, answer));
        });
    }

    /// Numbers, `$` and `\Recent` as UIDs. Numbers that are nobody's match nothing.
    pub(super) fn in_uids(&self, mut key: Key) -> Key {
        let State::Open(open) = &self.state else { return key };
        let last = open.numbers.last_uid();
        key.replace(&mut |key| match key {
            Key::Numbers(set) => {
                let ranges = set.ranges(open.numbers.count()).into_iter();
                let there = ranges.filter(|range| *range.start() <= open.numbers.count());
                let mut uids = Uids::new();
                for range in there {
                    let first = open.numbers.uid(*range.start());
                    let end = open.numbers.uid((*range.end()).min(open.numbers.count()));
                    if let (Some(first), Some(end)) = (first, end) {
                        numbers::push(&mut uids, first..=end);
                    }
                }
                Some(Key::Uids(Set::of(uids)))
            }
            Key::Uids(set) => Some(Key::Uids(Set::of(set.ranges(last)))),
            Key::Saved => Some(Key::Uids(Set::of(open.saved.iter().cloned()))),
            Key::Flag(SystemFlag::Recent) => Some(Key::Uids(Set::of(open.recent.iter().cloned()))),
            _ => None,
        });
        key
    }

    /// A page of UIDs.
    fn found(&mut self, mut searching: Box<Searching>, answer: Answer) {
        let page = match answer {
            Answer::Found(page) => page,
            Answer::Refused(refusal) => {
                let expunges = self.expunges(searching.by);
                return self.finish(searching.tag, Reply::from(refusal), expunges);
            }
            _ => return self.reply(&searching.tag, &misfit()),
        };
        searching.found.add(page.rows);
        if !page.more {
            return self.search_done(searching);
        }
        // RFC 9585 §2: it is told that the search goes on.
        if let Some(progress) = page.progress {
            let mut code = b"INPROGRESS (".to_vec();
            text::string(&mut code, searching.tag.as_bytes(), self.charset());
            let _ = match progress {
                Progress::Of(done, total) => write!(TextOf(&mut code), " {done} {total})"),
                Progress::Unknown => write!(TextOf(&mut code), " NIL NIL)"),
            };
            self.reply("*", &Reply::ok("still looking").code(String::from_utf8(code).unwrap_or_default()));
        }
        self.ask(Ask::SearchMore, move |server, answer| server.found(searching, answer));
    }

    fn search_done(&mut self, searching: Box<Searching>) {
        let expunges = self.expunges(searching.by);
        let reply = match &searching.order {
            Order::Thread(_) => {
                self.send_threads(&searching);
                Reply::ok("threads")
            }
            order => {
                let list = self.named(&searching);
                let sorted = matches!(order, Order::Sort(_));
                // RFC 9051 Appendix E: rev2 knows no SEARCH response.
                if searching.returns.is_none() && (sorted || !self.enabled.rev2) {
                    self.send_plain(&searching, list, sorted);
                } else {
                    self.send_esearch(&searching, &list);
                }
                Reply::ok("searched")
            }
        };
        self.keep_results(searching.as_ref());
        let tag = searching.tag.clone();
        self.keep_context(*searching);
        self.finish(tag, reply, expunges);
    }

    /// What was found of what the client knows, as it names messages, in order.
    fn named(&self, searching: &Searching) -> Vec<(u32, u32)> {
        let State::Open(open) = &self.state else { return Vec::new() };
        let by_uid = searching.by == By::Uid;
        let name = |number: u32, uid: u32| (if by_uid { uid } else { number }, uid);
        let found = &searching.found;
        match searching.order {
            Order::Uid => open.numbers.rows(&found.ranges, 0).map(|(number, row)| name(number, row.uid)).collect(),
            _ => {
                let known = |uid: &u32| open.numbers.number(*uid).map(|number| name(number, *uid));
                found.sorted.iter().filter_map(known).collect()
            }
        }
    }

    /// The highest modseq of what was found (RFC 7162 §3.1.5).
    fn highest(&self, list: impl Iterator<Item = u32>) -> Option<u64> {
        let State::Open(open) = &self.state else { return None };
        list.filter_map(|uid| open.listing().row(uid)).map(|row| row.modseq).max()
    }

    /// RFC 3501 §7.2.5, RFC 5256 §4.
    fn send_plain(&mut self, searching: &Searching, list: Vec<(u32, u32)>, sorted: bool) {
        let modseq = searching.modseq.then(|| self.highest(list.iter().map(|(_, uid)| *uid))).flatten();
        self.send(if sorted { &b"* SORT"[..] } else { &b"* SEARCH"[..] });
        self.out.push_back(Out::Numbers(Box::new(list.into_iter().map(|(name, _)| name))));
        let end = modseq.map(|modseq| format!(" (MODSEQ {modseq})")).unwrap_or_default();
        self.send(end + "\r\n");
    }

    /// RFC 9051 §7.3.4 (ESEARCH), RFC 4731 §3.1.
    fn send_esearch(&mut self, searching: &Searching, list: &[(u32, u32)]) {
        let everything = Returns { all: true, ..Returns::default() };
        let returns = searching.returns.as_ref().unwrap_or(&everything);
        // RFC 5182 §2.1: a search that only saves tells nothing.
        let tells = returns.min || returns.max || returns.all || returns.count || returns.partial.is_some();
        if !tells && !returns.context && returns.update.is_none() {
            return;
        }
        let mut line = b"* ESEARCH (TAG ".to_vec();
        text::string(&mut line, searching.tag.as_bytes(), self.charset());
        line.push(b')');
        if searching.by == By::Uid {
            line.extend_from_slice(b" UID");
        }
        let told = results(&mut line, returns, list);
        if let Some(modseq) = searching.modseq.then(|| self.highest(told.into_iter())).flatten() {
            line.extend_from_slice(format!(" MODSEQ {modseq}").as_bytes());
        }
        line.extend_from_slice(b"\r\n");
        self.send(line);
    }

    /// RFC 5182 §2.1, §2.4: what SAVE keeps with MIN and MAX is those alone.
    fn keep_results(&mut self, searching: &Searching) {
        let Some(returns) = searching.returns.as_ref().filter(|returns| returns.save) else { return };
        let list = self.named(searching);
        let mut uids: Vec<u32> = list.iter().map(|(_, uid)| *uid).collect();
        let only_ends = (returns.min || returns.max) && !returns.all && !returns.count;
        if let Some(partial) = returns.partial {
            // RFC 9394 §3.2.
            uids = partial_of(&uids, partial).to_vec();
        } else if only_ends {
            let ends = [(returns.min, uids.iter().min().copied()), (returns.max, uids.iter().max().copied())];
            uids = ends.into_iter().filter(|(wanted, _)| *wanted).filter_map(|(_, uid)| uid).collect();
        }
        uids.sort_unstable();
        let Some(open) = self.open() else { return };
        open.saved = Uids::new();
        uids.into_iter().for_each(|uid| numbers::push(&mut open.saved, uid..=uid));
    }

    /// RFC 5267 §4.3.
    fn keep_context(&mut self, searching: Searching) {
        let Some(_) = searching.returns.as_ref().and_then(|returns| returns.update.as_ref()) else { return };
        // RFC 5267 §4.3.1: a sorted list is not kept up to date here, and the client is told so.
        let kept = matches!(searching.order, Order::Uid) && {
            let context = Context {
                tag: searching.tag.clone(),
                by: searching.by,
                key: searching.key,
                found: searching.found.ranges,
            };
            self.open().is_some_and(|open| open.contexts.keep(context))
        };
        if !kept {
            let mut code = b"NOUPDATE ".to_vec();
            text::string(&mut code, searching.tag.as_bytes(), self.charset());
            self.reply(
                "*",
                &Reply::no("that search is not kept up to date").code(String::from_utf8(code).unwrap_or_default()),
            );
        }
    }

    /// RFC 5256 §4: messages in parentheses, one in a row after the other, branches in parentheses of their own.
    fn send_threads(&mut self, searching: &Searching) {
        let State::Open(open) = &self.state else { return };
        let by_uid = searching.by == By::Uid;
        let name = |uid: u32| if by_uid { open.numbers.number(uid).map(|_| uid) } else { open.numbers.number(uid) };
        let mut line = b"* THREAD".to_vec();
        let nodes: Vec<(u32, Option<u32>)> =
            searching.found.threads.iter().map(|(depth, uid)| (*depth, name(*uid))).collect();
        if !nodes.is_empty() {
            line.push(b' ');
        }
        threads(&mut line, &nodes);
        line.extend_from_slice(b"\r\n");
        self.send(line);
    }

    /// RFC 7377: mailboxes one after the other.
    pub(super) fn multi_search(&mut self, tag: String, search: MultiSearch) {
        if search.key.any(&mut |key| matches!(key, Key::Numbers(_) | Key::Saved | Key::Flag(SystemFlag::Recent))) {
            return self.refuse(&tag, &Reply::bad("numbers mean nothing in other mailboxes"));
        }
        let returns = &search.returns;
        if returns.save || returns.context || returns.update.is_some() {
            return self.refuse(&tag, &Reply::bad("nothing is kept of a search over mailboxes"));
        }
        self.ask(Ask::Folders, move |server, answer| match answer {
            Answer::Folders(folders) => {
                let selected = match &server.state {
                    State::Open(open) => Some(open.name.clone()),
                    _ => None,
                };
                let mut names = chosen(&folders, &search.scopes, selected.as_ref());
                names.reverse();
                server.search_next(Multi { tag, search, names });
            }
            Answer::Refused(refusal) => server.finish(tag, refusal.into(), Expunges::Told),
            _ => server.reply(&tag, &misfit()),
        });
    }

    fn search_next(&mut self, mut multi: Multi) {
        let Some(mailbox) = multi.names.pop() else {
            return self.finish(multi.tag, Reply::ok("searched"), Expunges::Told);
        };
        let program = Program { key: multi.search.key.clone(), order: Order::Uid };
        let ask = Ask::Search { program, mailbox: Some(mailbox.clone()) };
        self.ask(ask, move |server, answer| server.found_elsewhere(multi, mailbox, (Uids::new(), answer)));
    }

    fn found_elsewhere(&mut self, multi: Multi, mailbox: MailboxName, (mut uids, answer): (Uids, Answer)) {
        // A mailbox that cannot be searched is passed over (RFC 7377 §2.2).
        let Answer::Found(page) = answer else { return self.search_next(multi) };
        if let FoundRows::Ranges(ranges) = page.rows {
            ranges.into_iter().for_each(|range| numbers::push(&mut uids, range));
        }
        if page.more {
            return self.ask(Ask::SearchMore, move |server, answer| {
                server.found_elsewhere(multi, mailbox, (uids, answer));
            });
        }
        if !uids.is_empty() {
            self.send_elsewhere(&multi, &mailbox, (page.uid_validity, &uids));
        }
        self.search_next(multi);
    }

    /// RFC 7377 §2.1.
    fn send_elsewhere(&mut self, multi: &Multi, mailbox: &MailboxName, (uid_validity, uids): (u32, &Uids)) {
        let mut line = b"* ESEARCH (TAG ".to_vec();
        text::string(&mut line, multi.tag.as_bytes(), self.charset());
        line.extend_from_slice(b" MAILBOX ");
        text::mailbox(&mut line, mailbox, self.charset());
        line.extend_from_slice(format!(" UIDVALIDITY {uid_validity}) UID").as_bytes());
        let returns = &multi.search.returns;
        let list: Vec<(u32, u32)> = uids.iter().cloned().flatten().map(|uid| (uid, uid)).collect();
        extremes(&mut line, returns, &list, &mut Vec::new());
        if returns.count {
            line.extend_from_slice(format!(" COUNT {}", list.len()).as_bytes());
        }
        if returns.all || !(returns.min || returns.max || returns.count) {
            line.extend_from_slice(b" ALL ");
            text::set(&mut line, uids);
        }
        line.extend_from_slice(b"\r\n");
        self.send(line);
    }
}

/// A search over mailboxes under way.
struct Multi {
    tag: String,
    search: MultiSearch,
    /// Those still to be searched, the last first.
    names: Vec<MailboxName>,
}

/// RFC 7377 §2.2: each mailbox once.
fn chosen(folders: &[crate::imap::ask::Folder], scopes: &[Scope], selected: Option<&MailboxName>) -> Vec<MailboxName> {
    let foreign = |name: &str| name.starts_with("Other Users/") || name.starts_with("Shared/");
    let scopes: Vec<Sought<'_>> = scopes.iter().map(Sought::of).collect();
    let fits = |folder: &crate::imap::ask::Folder| {
        let name = folder.name.as_str();
        let is_selected = Some(&folder.name) == selected;
        let in_scope = |sought: &Sought<'_>| match sought.scope {
            Scope::Selected | Scope::SelectedDelayed => is_selected,
            Scope::Inboxes => folder.name.is_inbox(),
            Scope::Personal => !foreign(name),
            Scope::Subscribed => folder.subscribed,
            Scope::Subtree(_) => sought.has_above(name, usize::MAX),
            Scope::SubtreeOne(_) => sought.has_above(name, 1),
            Scope::Mailboxes(_) => sought.names.contains(name),
        };
        folder.selectable && (scopes.iter().any(in_scope) || (scopes.is_empty() && is_selected))
    };
    folders.iter().filter(|folder| fits(folder)).map(|folder| folder.name.clone()).collect()
}

/// A scope with its names at hand, so that each mailbox is looked for once, however many names there are.
struct Sought<'a> {
    scope: &'a Scope,
    names: HashSet<&'a str>,
}

impl<'a> Sought<'a> {
    fn of(scope: &'a Scope) -> Sought<'a> {
        let names = match scope {
            Scope::Subtree(names) | Scope::SubtreeOne(names) | Scope::Mailboxes(names) => names.as_slice(),
            _ => &[],
        };
        Sought { scope, names: names.iter().map(MailboxName::as_str).collect() }
    }

    /// Whether a mailbox is among the names, or lies at most so many levels below one.
    fn has_above(&self, name: &str, levels: usize) -> bool {
        let above = name.rmatch_indices(DELIMITER).take(levels).filter_map(|(at, _)| name.get(..at));
        std::iter::once(name).chain(above).any(|name| self.names.contains(name))
    }
}

/// RFC 4731 §3.1: what the client asked to be told of what was found, in names. Gives the UIDs that count for the highest
/// modseq.
fn results(line: &mut Vec<u8>, returns: &Returns, list: &[(u32, u32)]) -> Vec<u32> {
    let mut told: Vec<u32> = Vec::new();
    extremes(line, returns, list, &mut told);
    if returns.count {
        line.extend_from_slice(format!(" COUNT {}", list.len()).as_bytes());
    }
    if returns.all && !list.is_empty() {
        line.extend_from_slice(b" ALL ");
        set_of(line, list.iter().map(|(name, _)| *name));
    }
    if let Some(partial) = returns.partial {
        let part = partial_of(list, partial);
        line.extend_from_slice(format!(" PARTIAL ({} ", partial_text(partial)).as_bytes());
        if part.is_empty() {
            line.extend_from_slice(b"NIL")
        } else {
            set_of(line, part.iter().map(|(name, _)| *name))
        }
        line.push(b')');
        told.extend(part.iter().map(|(_, uid)| *uid));
    }
    // RFC 4731 §3.2: the ends alone count where nothing else is told; else all that was found.
    if returns.count || returns.all { list.iter().map(|(_, uid)| *uid).collect() } else { told }
}

/// MIN and MAX, which in a sorted list are the first and the last (RFC 5267 §3.3).
fn extremes(line: &mut Vec<u8>, returns: &Returns, list: &[(u32, u32)], told: &mut Vec<u32>) {
    for (wanted, word, end) in [(returns.min, " MIN ", list.first()), (returns.max, " MAX ", list.last())] {
        if let (true, Some((name, uid))) = (wanted, end) {
            line.extend_from_slice(word.as_bytes());
            text::number(line, u64::from(*name));
            told.push(*uid);
        }
    }
}

/// Appends numbers in their order, those that rise by one as ranges.
fn set_of(line: &mut Vec<u8>, list: impl Iterator<Item = u32>) {
    let mut ranges = Uids::new();
    for name in list {
        match ranges.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(name) => *last = *last.start()..=name,
            _ => ranges.push(name..=name),
        }
    }
    text::set(line, &ranges);
}

fn partial_text(partial: PartialRange) -> String {
    let sign = if partial.from_end { "-" } else { "" };
    format!("{sign}{}:{sign}{}", partial.first, partial.last)
}

/// RFC 9394 §3.1: places from one end; the order stays that of the list.
pub(super) fn partial_of<T>(list: &[T], partial: PartialRange) -> &[T] {
    let places = |place: u32| usize::try_from(place).unwrap_or(usize::MAX);
    let (first, last) = (places(partial.first).saturating_sub(1), places(partial.last).min(list.len()));
    let (from, to) = if partial.from_end {
        (list.len().saturating_sub(places(partial.last)), list.len().saturating_sub(first))
    } else {
        (first, last)
    };
    list.get(from..to).unwrap_or_default()
}

/// Writes threads given by depth; what the client does not know is left out, and what lies below it stays in its place.
fn threads(line: &mut Vec<u8>, nodes: &[(u32, Option<u32>)]) {
    // How many parentheses are open, and at which depths they began.
    let mut open: Vec<u32> = Vec::new();
    let siblings = with_siblings(nodes);
    let has_sibling = |at: usize| siblings.get(at) == Some(&true);
    for (at, (depth, name)) in nodes.iter().enumerate() {
        while open.last().is_some_and(|began| began >= depth) {
            line.push(b')');
            open.pop();
        }
        if *depth == 0 || has_sibling(at) {
            line.push(b'(');
            open.push(*depth);
        }
        if let Some(name) = name {
            if line.last().is_some_and(u8::is_ascii_digit) {
                line.push(b' ');
            }
            text::number(line, u64::from(*name));
        }
        let branches = nodes.get(at + 1).is_some_and(|(below, _)| below > depth) && has_sibling(at + 1);
        if branches && name.is_some() {
            line.push(b' ');
        }
    }
    line.extend(open.iter().map(|_| b')'));
}

/// Which messages have others beside them below the same parent. Linear, however deep they lie.
fn with_siblings(nodes: &[(u32, Option<u32>)]) -> Vec<bool> {
    let mut siblings = vec![false; nodes.len()];
    // The way down to the message before: each with its place.
    let mut way: Vec<(u32, usize)> = Vec::new();
    for (at, (depth, _)) in nodes.iter().enumerate() {
        while way.last().is_some_and(|(other, _)| other > depth) {
            way.pop();
        }
        if let Some((_, beside)) = way.pop_if(|(other, _)| other == depth) {
            for place in [beside, at] {
                siblings.get_mut(place).into_iter().for_each(|sibling| *sibling = true);
            }
        }
        way.push((*depth, at));
    }
    siblings
}

impl Found {
    fn add(&mut self, rows: FoundRows) {
        match rows {
            FoundRows::Ranges(ranges) => ranges.into_iter().for_each(|range| numbers::push(&mut self.ranges, range)),
            FoundRows::Sorted(mut uids) => self.sorted.append(&mut uids),
            FoundRows::Threads(mut threads) => self.threads.append(&mut threads),
        }
    }
}

/// Writes formatted text into octets.
struct TextOf<'a>(&'a mut Vec<u8>);

impl std::fmt::Write for TextOf<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(nodes: &[(u32, u32)]) -> String {
        let nodes: Vec<(u32, Option<u32>)> =
            nodes.iter().map(|(depth, name)| (*depth, (*name > 0).then_some(*name))).collect();
        let mut line = Vec::new();
        threads(&mut line, &nodes);
        String::from_utf8(line).unwrap_or_default()
    }

    /// RFC 5256 §4 has these.
    #[test]
    fn threads_are_written_as_the_rfc_does() {
        assert_eq!(
            written(&[(0, 2), (0, 3), (1, 6), (2, 4), (3, 23), (2, 44), (3, 7), (4, 96)]),
            "(2)(3 6 (4 23)(44 7 96))"
        );
        assert_eq!(written(&[(0, 0), (1, 3), (1, 5)]), "((3)(5))");
        assert_eq!(written(&[(0, 166), (0, 167), (0, 168)]), "(166)(167)(168)");
        assert_eq!(written(&[(0, 1), (1, 2), (2, 3)]), "(1 2 3)");
        assert_eq!(written(&[]), "");
    }

    #[test]
    fn parts_are_counted_from_either_end() {
        let list = [10, 20, 30, 40, 50];
        let part = |first, last, from_end| partial_of(&list, PartialRange { first, last, from_end });
        assert_eq!(part(1, 2, false), [10, 20]);
        assert_eq!(part(4, 9, false), [40, 50]);
        assert_eq!(part(1, 2, true), [40, 50]);
        assert_eq!(part(5, 9, true), [10]);
        assert!(part(6, 9, false).is_empty() && part(6, 9, true).is_empty());
    }
}
