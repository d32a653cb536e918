//! Commands on messages of the selected mailbox that are not FETCH or SEARCH: STORE, COPY, MOVE, and flags.

use super::super::command::{By, Flag, HowFlags, Messages, Store};
use super::super::limits::FLAGS;
use super::super::mailbox::MailboxName;
use super::cursor::Cursor;
use super::{Parsed, SyntaxError};
use message::search::SystemFlag;

/// RFC 9051 §6.4.6, RFC 7162 §3.1.3.
pub(super) fn store(by: By, c: &mut Cursor<'_>) -> Parsed<Store> {
    let messages = c.messages()?;
    c.sp()?;
    let mut unchanged_since = None;
    if c.peek() == Some(b'(') {
        c.list(1, |c| {
            if !c.eat_word("UNCHANGEDSINCE") {
                return c.expected("UNCHANGEDSINCE");
            }
            unchanged_since = Some(c.argument(Cursor::number)?);
            Ok(())
        })?;
        c.sp()?;
    }
    let how = match c.peek() {
        Some(b'+') => HowFlags::Add,
        Some(b'-') => HowFlags::Remove,
        _ => HowFlags::Replace,
    };
    let at = c.at();
    let silent = match c.keyword("FLAGS, +FLAGS or -FLAGS")?.trim_start_matches(['+', '-']) {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return Err(SyntaxError::expected(at, "FLAGS, +FLAGS or -FLAGS")),
    };
    c.sp()?;
    let flags = if c.peek() == Some(b'(') { flag_list(c)? } else { bare_flags(c)? };
    Ok(Store { by, messages, unchanged_since, how, silent, flags })
}

/// `(\Seen $Junk)`, perhaps empty; each flag is kept once.
pub(super) fn flag_list(c: &mut Cursor<'_>) -> Parsed<Vec<Flag>> {
    let mut flags = Vec::new();
    c.perhaps_empty_list(FLAGS, |c| {
        let flag = flag(c)?;
        keep(flag, &mut flags);
        Ok(())
    })?;
    Ok(flags)
}

fn bare_flags(c: &mut Cursor<'_>) -> Parsed<Vec<Flag>> {
    let mut flags = vec![flag(c)?];
    let mut count = 1;
    while c.eat(b' ') {
        c.within(count, FLAGS)?;
        keep(flag(c)?, &mut flags);
        count += 1;
    }
    Ok(flags)
}

/// RFC 9051 §2.3.2: keywords that differ by case are the same.
fn keep(flag: Flag, flags: &mut Vec<Flag>) {
    let same = |known: &Flag| match (known, &flag) {
        (Flag::Keyword(known), Flag::Keyword(flag)) => known.eq_ignore_ascii_case(flag),
        (known, flag) => known == flag,
    };
    if !flags.iter().any(same) {
        flags.push(flag);
    }
}

/// A flag that a client may set: \Recent is the server's (RFC 3501 §2.3.2), and what else has a backslash must be known.
fn flag(c: &mut Cursor<'_>) -> Parsed<Flag> {
    let at = c.at();
    if !c.eat(b'\\') {
        return c.atom("a flag").map(|keyword| Flag::Keyword(keyword.to_owned()));
    }
    let name = c.atom("a flag")?;
    match Flag::named(&format!("\\{name}")) {
        flag @ Flag::System(system) if system != SystemFlag::Recent => Ok(flag),
        _ => Err(SyntaxError::expected(at, "\\Answered, \\Flagged, \\Deleted, \\Seen, \\Draft or a keyword")),
    }
}

/// Messages and a mailbox.
pub(super) fn target(c: &mut Cursor<'_>) -> Parsed<(Messages, MailboxName)> {
    let messages = c.messages()?;
    Ok((messages, c.argument(Cursor::mailbox)?))
}
