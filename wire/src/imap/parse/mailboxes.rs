//! Commands about one mailbox: SELECT, CREATE, RENAME, STATUS.

use super::super::command::{Command, Qresync, Select, StatusItem};
use super::super::limits::NAMES;
use super::super::mailbox::{DELIMITER, MailboxName};
use super::cursor::Cursor;
use super::{Parsed, SyntaxError};

/// RFC 9051 §6.3.2, RFC 7162 §3.1.8 and §3.2.5.
pub(super) fn select(read_only: bool, c: &mut Cursor<'_>) -> Parsed<Select> {
    let mut select = Select { mailbox: c.mailbox()?, read_only, condstore: false, qresync: None };
    if c.eat(b' ') {
        c.list(NAMES, |c| {
            if c.eat_word("CONDSTORE") {
                select.condstore = true;
            } else if c.eat_word("QRESYNC") {
                select.qresync = Some(c.argument(qresync)?);
            } else {
                return c.expected("CONDSTORE or QRESYNC");
            }
            Ok(())
        })?;
    }
    Ok(select)
}

fn qresync(c: &mut Cursor<'_>) -> Parsed<Qresync> {
    c.need(b'(', "a list in parentheses")?;
    let uid_validity = c.nz_number()?;
    let mod_seq = c.argument(Cursor::nz_number_63)?;
    let mut qresync = Qresync { uid_validity, mod_seq, known_uids: None, known_pairs: None };
    let mut more = c.eat(b' ');
    if more && c.peek() != Some(b'(') {
        qresync.known_uids = Some(c.known_set()?);
        more = c.eat(b' ');
    }
    if more {
        c.need(b'(', "message numbers and their UIDs in parentheses")?;
        let numbers = c.known_set()?;
        qresync.known_pairs = Some((numbers, c.argument(Cursor::known_set)?));
        c.need(b')', "the end of the list")?;
    }
    c.need(b')', "the end of the list")?;
    Ok(qresync)
}

/// RFC 9051 §6.3.4, RFC 6154 §3: `CREATE name (USE (\Sent))`.
pub(super) fn create(c: &mut Cursor<'_>) -> Parsed<Command> {
    let named = c.mailbox()?;
    // RFC 3501 §6.3.3: a delimiter at the end says that names below will follow.
    let stripped = named.as_str().strip_suffix(DELIMITER).filter(|name| !name.is_empty());
    let (mailbox, parent) = stripped.map_or((named.clone(), false), |name| (MailboxName::new(name), true));
    let mut uses = Vec::new();
    if c.eat(b' ') {
        c.list(NAMES, |c| {
            if !c.eat_word("USE") {
                return c.expected("USE");
            }
            uses = c.argument(|c| c.perhaps_empty_list(NAMES, special_use))?;
            Ok(())
        })?;
    }
    Ok(Command::Create { mailbox, parent, uses })
}

fn special_use(c: &mut Cursor<'_>) -> Parsed<String> {
    c.need(b'\\', "a special use like \\Sent")?;
    Ok(format!("\\{}", c.atom("a special use like \\Sent")?))
}

/// RFC 9051 §6.3.6.
pub(super) fn rename(c: &mut Cursor<'_>) -> Parsed<Command> {
    let from = c.mailbox()?;
    Ok(Command::Rename { from, to: c.argument(Cursor::mailbox)? })
}

/// RFC 9051 §6.3.11.
pub(super) fn status(c: &mut Cursor<'_>) -> Parsed<Command> {
    let mailbox = c.mailbox()?;
    Ok(Command::Status { mailbox, items: c.argument(status_items)? })
}

pub(super) fn status_items(c: &mut Cursor<'_>) -> Parsed<Vec<StatusItem>> {
    let mut items = Vec::new();
    c.list(NAMES, |c| {
        let at = c.at();
        let item = StatusItem::named(c.atom("a status item")?).ok_or(SyntaxError::expected(at, "a status item"))?;
        if !items.contains(&item) {
            items.push(item);
        }
        Ok(())
    })?;
    Ok(items)
}
