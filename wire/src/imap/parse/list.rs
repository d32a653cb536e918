//! LIST and LSUB (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 8440, RFC 9590).

use super::super::command::{Command, List, ListReturn, ListSelect};
use super::super::limits::NAMES;
use super::cursor::Cursor;
use super::mailboxes::status_items;
use super::{Parsed, SyntaxError, access};

pub(super) fn list(c: &mut Cursor<'_>) -> Parsed<List> {
    let mut list = List::default();
    if c.peek() == Some(b'(') {
        list.select = select(c)?;
        list.extended = true;
        c.sp()?;
    }
    list.reference = c.reference()?;
    c.sp()?;
    if c.peek() == Some(b'(') {
        list.patterns = c.list(NAMES, Cursor::list_mailbox)?;
        list.extended = true;
    } else {
        list.patterns.push(c.list_mailbox()?);
    }
    if c.eat(b' ') {
        if !c.eat_word("RETURN") {
            return c.expected("RETURN");
        }
        c.sp()?;
        c.perhaps_empty_list(NAMES, |c| return_option(&mut list.returns, c))?;
        list.extended = true;
    }
    Ok(list)
}

/// RFC 5258 §6: RECURSIVEMATCH stands only with an option that selects by itself.
fn select(c: &mut Cursor<'_>) -> Parsed<ListSelect> {
    let at = c.at();
    let mut select = ListSelect::default();
    c.perhaps_empty_list(NAMES, |c| {
        let at = c.at();
        let option = match c.keyword("a selection option")?.as_str() {
            "SUBSCRIBED" => &mut select.subscribed,
            "REMOTE" => &mut select.remote,
            "RECURSIVEMATCH" => &mut select.recursive_match,
            "SPECIAL-USE" => &mut select.special_use,
            _ => return Err(SyntaxError::expected(at, "SUBSCRIBED, REMOTE, RECURSIVEMATCH or SPECIAL-USE")),
        };
        *option = true;
        Ok(())
    })?;
    if select.recursive_match && !select.subscribed && !select.special_use {
        return Err(SyntaxError::expected(at, "SUBSCRIBED beside RECURSIVEMATCH"));
    }
    Ok(select)
}

fn return_option(returns: &mut ListReturn, c: &mut Cursor<'_>) -> Parsed<()> {
    let at = c.at();
    match c.keyword("a return option")?.as_str() {
        "SUBSCRIBED" => returns.subscribed = true,
        "CHILDREN" => returns.children = true,
        "SPECIAL-USE" => returns.special_use = true,
        "MYRIGHTS" => returns.my_rights = true,
        "STATUS" => returns.status = c.argument(status_items)?,
        "METADATA" => returns.metadata = c.argument(|c| c.list(NAMES, access::entry))?,
        _ => return Err(SyntaxError::expected(at, "SUBSCRIBED, CHILDREN, SPECIAL-USE, MYRIGHTS, STATUS or METADATA")),
    }
    Ok(())
}

/// RFC 3501 §6.3.9.
pub(super) fn lsub(c: &mut Cursor<'_>) -> Parsed<Command> {
    let reference = c.reference()?;
    Ok(Command::Lsub { reference, pattern: c.argument(Cursor::list_mailbox)? })
}
