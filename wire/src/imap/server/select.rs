//! SELECT, EXAMINE, CLOSE, UNSELECT (RFC 9051 §6.3.2, §6.3.3, §6.4.1, §6.4.2), with what a client that comes back is told
//! of the meantime (RFC 7162 §3.2.5).

use super::context::Contexts;
use super::out::Out;
use super::reply::{Reply, misfit};
use super::rows::{Column, Rows, flags};
use super::state::Open;
use super::sync::Expunges;
use super::{Server, State, text};
use crate::imap::ask::{ObjectId, Selected, Uids};
use crate::imap::command::{Qresync, Select};
use crate::imap::listing::{Listing, bits};
use crate::imap::mailbox::MailboxName;
use crate::imap::numbers::{self, Numbers};
use crate::imap::{Answer, Ask};
use message::search::Set;

/// Every UID there can be.
const ALL_UIDS: Range = 1..=u32::MAX;

/// Numbers or UIDs in a row.
type Range = std::ops::RangeInclusive<u32>;

impl Server {
    pub(super) fn select(&mut self, tag: String, select: Select) {
        if select.qresync.is_some() && !self.enabled.qresync {
            return self.refuse(&tag, &Reply::bad("ENABLE QRESYNC first"));
        }
        self.leave();
        self.enabled.condstore |= select.condstore;
        let ask = Ask::Select { name: select.mailbox.clone(), read_only: select.read_only };
        self.ask(ask, move |server, answer| match answer {
            Answer::Selected(selected) => server.selected(tag, select, selected),
            Answer::Refused(refusal) => server.reply(&tag, &refusal.into()),
            _ => server.reply(&tag, &misfit()),
        });
    }

    /// RFC 9051 §7.1, CLOSED: what is said from here on is of another mailbox.
    fn leave(&mut self) {
        if matches!(self.state, State::Open(_)) {
            self.state = State::Home;
            self.reply("*", &Reply::ok("the mailbox is not selected any more").code("CLOSED"));
        }
    }

    fn selected(&mut self, tag: String, select: Select, selected: Selected) {
        let keywords = selected.listing.head().keywords.clone();
        let read_only = selected.read_only;
        let lines = self.select_lines(&select.mailbox, &selected);
        self.state = State::Open(Box::new(Open {
            name: select.mailbox,
            numbers: Numbers::new(selected.listing),
            read_only,
            recent: selected.recent,
            saved: Uids::new(),
            untold: Uids::new(),
            before_untold: 0,
            keywords,
            contexts: Contexts::default(),
        }));
        self.send_flags();
        self.send_exists();
        self.send(lines);
        let code = if read_only { "READ-ONLY" } else { "READ-WRITE" };
        let reply = Reply::ok("selected").code(code);
        match select.qresync {
            None => self.reply(&tag, &reply),
            Some(qresync) => self.resync(tag, reply, qresync),
        }
    }

    /// What FLAGS and EXISTS do not tell.
    fn select_lines(&self, name: &MailboxName, selected: &Selected) -> Vec<u8> {
        let listing = &selected.listing;
        let head = listing.head();
        let mut lines = Vec::new();
        lines.extend_from_slice(b"* OK [PERMANENTFLAGS (");
        lines.extend_from_slice(&permanent_flags(selected));
        lines.extend_from_slice(b")] these last\r\n");
        let tells_unseen = !self.enabled.rev2 && !self.enabled.uid_only;
        if let Some(first) = listing.first_unseen().filter(|_| tells_unseen) {
            lines.extend_from_slice(format!("* OK [UNSEEN {}] the first unseen\r\n", first + 1).as_bytes());
        }
        let numbers = format!(
            "* OK [UIDVALIDITY {}] UIDs are valid\r\n* OK [UIDNEXT {}] the next UID\r\n\
             * OK [HIGHESTMODSEQ {}] the last change\r\n* OK [MAILBOXID ({})] its id\r\n",
            head.uid_validity,
            head.uid_next,
            head.highest_modseq.max(1),
            ObjectId::Mailbox(head.mailbox),
        );
        lines.extend_from_slice(numbers.as_bytes());
        // RFC 9051 §6.3.2: rev2 is told the name as LIST would tell it.
        if self.enabled.rev2 {
            lines.extend_from_slice(b"* LIST () \"/\" ");
            text::mailbox(&mut lines, name, self.charset());
            lines.extend_from_slice(b"\r\n");
        }
        lines
    }

    /// RFC 9051 §7.3.5.
    pub(super) fn send_flags(&mut self) {
        let State::Open(open) = &self.state else { return };
        let mut line = b"* FLAGS (".to_vec();
        all_flags(&mut line, open.listing());
        line.extend_from_slice(b")\r\n");
        self.send(line);
    }

    /// RFC 7162 §3.2.5: what vanished and what changed, where the client's UIDs are still good.
    fn resync(&mut self, tag: String, reply: Reply, qresync: Qresync) {
        let State::Open(open) = &self.state else { return };
        if open.listing().head().uid_validity != qresync.uid_validity {
            return self.reply(&tag, &reply);
        }
        let last = open.listing().head().uid_next.saturating_sub(1);
        let among = match &qresync.known_uids {
            Some(known) => known.ranges(last),
            None => vec![ALL_UIDS],
        };
        let since = qresync.mod_seq;
        // RFC 7162 §3.2.5.1: of others the client knows nothing, and is told nothing here.
        let known = among.clone();
        // RFC 7162 §3.2.5.2: of what went before a pair that still fits the client knows.
        let matched = qresync.known_pairs.as_ref().and_then(|(numbers, uids)| last_match(&open.numbers, numbers, uids));
        let among = match matched {
            Some(matched) => numbers::minus(&among, &[1..=matched]),
            None => among,
        };
        self.ask(Ask::Vanished { since, among }, move |server, answer| {
            match answer {
                Answer::Vanished(gone) => server.send_vanished(&gone, "(EARLIER) "),
                Answer::Refused(refusal) => server.reply("*", &refusal.into()),
                _ => server.reply("*", &misfit()),
            }
            let mut rows = Rows::new(known, vec![Column::Uid, Column::Flags, Column::ModSeq]);
            if server.enabled.uid_only {
                rows.columns.remove(0);
            }
            rows.changed_since = Some(since);
            server.out.push_back(Out::Rows(rows));
            server.reply(&tag, &reply);
        });
    }

    /// RFC 9051 §6.4.1: what is marked goes, and nothing is told of it.
    pub(super) fn close_mailbox(&mut self, tag: String) {
        let ask = match &self.state {
            State::Open(open) if !open.read_only => Ask::Expunge { among: None, close: true },
            _ => Ask::Unselect,
        };
        self.state = State::Home;
        self.ask(ask, move |server, answer| {
            // Without the right to expunge nothing is, and the mailbox is closed all the same (RFC 4314 §4).
            if matches!(answer, Answer::Refused(_)) {
                server.ask(Ask::Unselect, |_, _| {});
            }
            server.finish(tag, Reply::ok("closed"), Expunges::Told);
        });
    }

    /// RFC 9051 §6.4.2, RFC 3691 §2.
    pub(super) fn unselect(&mut self, tag: String) {
        self.state = State::Home;
        self.ask(Ask::Unselect, move |server, _| server.finish(tag, Reply::ok("not selected"), Expunges::Told));
    }
}

/// System flags and every keyword of the account.
fn all_flags(out: &mut Vec<u8>, listing: &Listing) {
    flags(out, bits::SYSTEM, &listing.head().keywords, false);
    for keyword in listing.head().keywords.all() {
        out.push(b' ');
        out.extend_from_slice(keyword.as_bytes());
    }
}

/// RFC 7162 §3.2.5.2: the highest UID that has the number now that the client knows it by. Whatever went before it, the
/// client knows of.
fn last_match(known: &Numbers, numbers: &Set, uids: &Set) -> Option<u32> {
    let (numbers, uids) = (numbers.ranges(u32::MAX), uids.ranges(u32::MAX));
    let (mut numbers, mut uids) = (numbers.into_iter(), uids.into_iter());
    let (mut number, mut uid) = (numbers.next()?, uids.next()?);
    let mut matched = None;
    // Only numbers that are there are looked at, and few of each run.
    while *number.start() <= known.count() {
        let run = (number.end() - number.start()).min(uid.end() - uid.start());
        let there = run.min(known.count() - number.start());
        matched = last_of_run(known, (*number.start(), *uid.start()), there).or(matched);
        let (Some(a), Some(b)) = (behind(&number, run, &mut numbers), behind(&uid, run, &mut uids)) else { break };
        (number, uid) = (a, b);
    }
    matched
}

/// The same of a run of numbers and UIDs, from a first pair on by so many steps. A mailbox's UIDs rise at least as fast as
/// its numbers, so those that are too low come first, then those that fit, then those that are too high.
fn last_of_run(known: &Numbers, (number, uid): (u32, u32), steps: u32) -> Option<u32> {
    let is_too_high = |step: u32| known.uid(number + step).is_none_or(|found| found > uid + step);
    // All steps before `low` are not too high, and those from `high` on are.
    let (mut low, mut high) = (0, steps + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_too_high(middle) { high = middle } else { low = middle + 1 }
    }
    let last = low.checked_sub(1)?;
    (known.uid(number + last) == Some(uid + last)).then_some(uid + last)
}

/// What follows a run at the beginning of a range: the rest of it, or the next.
fn behind(range: &Range, run: u32, more: &mut impl Iterator<Item = Range>) -> Option<Range> {
    let rest = range.start().checked_add(run)?.checked_add(1)?;
    if rest <= *range.end() { Some(rest..=*range.end()) } else { more.next() }
}

/// RFC 9051 §7.1, PERMANENTFLAGS; RFC 4314 §4: those the user may change.
fn permanent_flags(selected: &Selected) -> Vec<u8> {
    let mut out = Vec::new();
    if selected.read_only {
        return out;
    }
    let rights = selected.rights;
    if rights.has('w') {
        let not = if rights.has('s') { 0 } else { bits::SEEN } | if rights.has('t') { 0 } else { bits::DELETED };
        flags(&mut out, bits::SYSTEM & !not, &selected.listing.head().keywords, false);
        for keyword in selected.listing.head().keywords.all() {
            out.push(b' ');
            out.extend_from_slice(keyword.as_bytes());
        }
        if selected.new_keywords {
            out.extend_from_slice(b" \\*");
        }
        return out;
    }
    let some = if rights.has('s') { bits::SEEN } else { 0 } | if rights.has('t') { bits::DELETED } else { 0 };
    flags(&mut out, some, &selected.listing.head().keywords, false);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::listing::{Head, Row};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn numbers(uids: impl IntoIterator<Item = u32>) -> Numbers {
        let rows = uids.into_iter().map(|uid| Row { uid, ..Row::default() });
        Numbers::new(Arc::new(Listing::new(Head::default(), rows)))
    }

    /// Two sets of as many numbers.
    fn pairs() -> impl Strategy<Value = (Vec<u32>, Vec<u32>)> {
        let some = || proptest::collection::btree_set(1_u32..40, 1..30);
        (some(), some()).prop_map(|(a, b)| a.into_iter().zip(b).unzip())
    }

    fn set(numbers: &[u32]) -> Set {
        Set::of(numbers.iter().map(|number| *number..=*number))
    }

    proptest! {
        #[test]
        fn the_last_match_is_as_every_pair_looked_at_has_it(
            present in proptest::collection::btree_set(1_u32..40, 0..30),
            (known_numbers, known_uids) in pairs(),
        ) {
            let known = numbers(present);
            let all = known_numbers.iter().zip(&known_uids);
            let naive = all.filter(|(number, uid)| known.uid(**number) == Some(**uid)).map(|(_, uid)| *uid).max();
            prop_assert_eq!(last_match(&known, &set(&known_numbers), &set(&known_uids)), naive);
        }
    }

    #[test]
    fn a_last_match_may_be_the_last_of_all() {
        let known = numbers(1..=9);
        assert_eq!(last_match(&known, &Set::of([1..=u32::MAX]), &Set::of([1..=u32::MAX])), Some(9));
        assert_eq!(last_match(&known, &Set::of([1..=u32::MAX - 1]), &Set::of([2..=u32::MAX])), None);
    }
}
