//! Opening a folder: SELECT, with QRESYNC or CONDSTORE where the server has them (RFC 7162). Owns what is learned by it.

use super::line::{Heard, Line};
use super::state::State;
use crate::mirror::Flags;
use crate::trouble::Trouble;
use message::search::Set;
use std::ops::RangeInclusive;
use wire::imap::MailboxName;
use wire::imap::command::{Command, Flag, Qresync, Select};
use wire::imap::response::{Code, Data, FetchData, Status};

/// Changes told at once: as many as there are messages in folders of people who never delete anything.
const CHANGES_MAX: usize = 2_000_000;
/// Keywords of one message that are heeded, and octets of one: programs set some, of a word each.
const KEYWORDS_MAX: usize = 64;
const KEYWORD_MAX: usize = 100;

/// How the server keeps track of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tracking {
    /// It does not: all flags are compared.
    None,
    /// RFC 7162 §3.1: it tells whose flags have changed.
    Condstore,
    /// RFC 7162 §3.2: it also tells who is gone.
    Qresync,
}

/// What an open folder is like.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// UIDVALIDITY.
    pub uid_validity: u32,
    /// UIDNEXT, where told.
    pub uid_next: Option<u32>,
    /// How many messages.
    pub exists: u32,
    /// HIGHESTMODSEQ; 0: none is kept.
    pub mod_seq: u64,
    /// Nothing can be changed.
    pub read_only: bool,
    /// PERMANENTFLAGS, where told.
    pub permanent: Option<Vec<Flag>>,
    /// Who is gone, where that was asked for.
    pub vanished: Vec<RangeInclusive<u32>>,
    /// Whose flags have changed.
    pub changed: Vec<(u32, Flags)>,
    /// Whether changes were asked for and told.
    pub resynced: bool,
}

impl Opened {
    /// Whether a keyword can be kept (RFC 9051 §7.1, PERMANENTFLAGS).
    pub fn keeps(&self, keyword: &str) -> bool {
        let Some(permanent) = &self.permanent else { return true };
        permanent.iter().any(|flag| match flag {
            Flag::Any => true,
            Flag::Keyword(known) => known.eq_ignore_ascii_case(keyword),
            _ => false,
        })
    }
}

/// Opens a folder; `None`: the server will not. With `known`, changes since then are told where it can.
pub(super) async fn open(
    line: &mut Line,
    name: &str,
    tracking: Tracking,
    known: Option<&State>,
) -> Result<Option<Opened>, Trouble> {
    let known = known.filter(|state| {
        tracking == Tracking::Qresync && state.uid_validity != 0 && state.mod_seq != 0 && state.low <= state.high
    });
    let qresync = known.map(|state| Qresync {
        uid_validity: state.uid_validity,
        mod_seq: state.mod_seq,
        known_uids: Some(Set::of([state.low.max(1)..=state.high])),
        known_pairs: None,
    });
    let asked = qresync.is_some();
    let condstore = tracking == Tracking::Condstore;
    let select = Select { mailbox: MailboxName::new(name), read_only: false, condstore, qresync };
    let number = line.say(Command::Select(select)).await?;
    let mut opened = Opened::default();
    let status = loop {
        match line.hear(number).await? {
            Heard::Data(data, _) => opened.learn(*data),
            Heard::Large => return Err(line.protocol("it sends a message nobody asked for")),
            Heard::Piece(_) => {}
            Heard::End(status) => break status,
        }
        if opened.changed.len() > CHANGES_MAX || opened.vanished.len() > CHANGES_MAX {
            return Err(line.protocol("it tells of changes without end"));
        }
    };
    if status.status != Status::Ok {
        return Ok(None);
    }
    opened.read_only = matches!(status.code, Some(Code::ReadOnly));
    if opened.uid_validity == 0 {
        return Err(line.protocol("it keeps no lasting numbers of messages (UIDVALIDITY)"));
    }
    opened.resynced = asked && known.is_some_and(|state| state.uid_validity == opened.uid_validity);
    Ok(Some(opened))
}

impl Opened {
    fn learn(&mut self, data: Data) {
        match data {
            Data::Exists(count) => self.exists = count,
            Data::Status(status) => match status.code {
                Some(Code::UidValidity(number)) => self.uid_validity = number,
                Some(Code::UidNext(number)) => self.uid_next = Some(number),
                Some(Code::HighestModSeq(number)) => self.mod_seq = number,
                Some(Code::NoModSeq) => self.mod_seq = 0,
                Some(Code::PermanentFlags(flags)) => self.permanent = Some(flags),
                _ => {}
            },
            Data::Vanished(true, set) => self.vanished.extend(set.ranges(u32::MAX)),
            Data::Fetch(_, items) => self.changed.extend(uid_and_flags(&items)),
            _ => {}
        }
    }
}

/// The UID and the flags that a FETCH tells, if it tells both.
pub(super) fn uid_and_flags(items: &[FetchData]) -> Option<(u32, Flags)> {
    let (mut uid, mut flags) = (None, None);
    for item in items {
        match item {
            FetchData::Uid(told) => uid = Some(*told),
            FetchData::Flags(told) => flags = Some(flags_of(told)),
            _ => {}
        }
    }
    Some((uid?, flags?))
}

/// Flags as the mirror keeps them.
pub(super) fn flags_of(told: &[Flag]) -> Flags {
    let mut flags = Flags::default();
    for flag in told {
        match flag {
            Flag::System(system) => flags.add(&Flags::of(system.bit())),
            Flag::Keyword(word) if word.len() <= KEYWORD_MAX && flags.keywords.len() < KEYWORDS_MAX => {
                flags.add(&Flags::keyword(word));
            }
            _ => {}
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use message::flags::{SystemFlag, flag_bits};

    #[test]
    fn flags_come_over_within_limits() {
        let long = "k".repeat(KEYWORD_MAX);
        let mut told = vec![Flag::System(SystemFlag::Seen), Flag::System(SystemFlag::Recent), Flag::Any];
        told.extend([Flag::Keyword(long.clone()), Flag::Keyword(format!("{long}k"))]);
        let flags = flags_of(&told);
        assert_eq!((flags.bits, flags.keywords.len()), (flag_bits::SEEN, 1));
        let many: Vec<Flag> = (0..=KEYWORDS_MAX).map(|n| Flag::Keyword(format!("k{n}"))).collect();
        assert_eq!(flags_of(&many).keywords.len(), KEYWORDS_MAX);
        assert_eq!(flags_of(&many[..KEYWORDS_MAX]).keywords.len(), KEYWORDS_MAX);
    }

    #[test]
    fn keywords_are_kept_where_the_server_says_so() {
        let with = |permanent| Opened { permanent, ..Opened::default() };
        assert!(with(None).keeps("$Junk"));
        assert!(with(Some(vec![Flag::Any])).keeps("$Junk"));
        assert!(with(Some(vec![Flag::Keyword("$junk".to_owned())])).keeps("$Junk"));
        assert!(!with(Some(vec![Flag::System(SystemFlag::Seen)])).keeps("$Junk"));
    }
}
