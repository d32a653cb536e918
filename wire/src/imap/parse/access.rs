//! Commands about who may do what and how much: ACL (RFC 4314), QUOTA (RFC 9208), and METADATA (RFC 5464).

use super::super::command::{Command, Depth, GetMetadata, HowRights, RightsChange};
use super::super::limits::NAMES;
use super::super::mailbox::MailboxName;
use super::cursor::Cursor;
use super::{Parsed, SyntaxError};

/// RFC 9208 §4.1.3.
pub(super) fn set_quota(c: &mut Cursor<'_>) -> Parsed<Command> {
    let root = c.text()?;
    c.sp()?;
    let limits = c.perhaps_empty_list(NAMES, |c| {
        let resource = c.keyword("a resource")?;
        Ok((resource, c.argument(Cursor::number)?))
    })?;
    Ok(Command::SetQuota { root, limits })
}

/// RFC 4314 §3.1.
pub(super) fn set_acl(c: &mut Cursor<'_>) -> Parsed<Command> {
    let mailbox = c.mailbox()?;
    let identifier = c.argument(Cursor::text)?;
    c.sp()?;
    let at = c.at();
    let text = c.text()?;
    let (how, rights) = match text.split_at_checked(1) {
        Some(("+", rights)) => (HowRights::Add, rights),
        Some(("-", rights)) => (HowRights::Remove, rights),
        _ => (HowRights::Replace, text.as_str()),
    };
    if !rights.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit()) {
        return Err(SyntaxError::expected(at, "rights: lower-case letters and digits"));
    }
    Ok(Command::SetAcl { mailbox, identifier, change: RightsChange { how, rights: rights.to_owned() } })
}

pub(super) fn delete_acl(c: &mut Cursor<'_>) -> Parsed<Command> {
    let mailbox = c.mailbox()?;
    Ok(Command::DeleteAcl { mailbox, identifier: c.argument(Cursor::text)? })
}

pub(super) fn list_rights(c: &mut Cursor<'_>) -> Parsed<Command> {
    let mailbox = c.mailbox()?;
    Ok(Command::ListRights { mailbox, identifier: c.argument(Cursor::text)? })
}

/// The empty name is the server (RFC 5464 §4.2).
fn mailbox_or_server(c: &mut Cursor<'_>) -> Parsed<Option<MailboxName>> {
    c.mailbox().map(|name| Some(name).filter(|name| !name.as_str().is_empty()))
}

/// RFC 5464 §4.2. Options stand before the name in the grammar, after it in some clients: RFC 5464 §4.2.1 has an example
/// of each.
pub(super) fn get_metadata(c: &mut Cursor<'_>) -> Parsed<GetMetadata> {
    let mut get = GetMetadata { mailbox: None, size_max: None, depth: Depth::Zero, entries: Vec::new() };
    let options = c.peek() == Some(b'(');
    if options {
        metadata_options(&mut get, c)?;
        c.sp()?;
    }
    get.mailbox = mailbox_or_server(c)?;
    c.sp()?;
    if !options && is_metadata_option(c) {
        metadata_options(&mut get, c)?;
        c.sp()?;
    }
    get.entries = c.one_or_list(NAMES, entry)?;
    Ok(get)
}

fn is_metadata_option(c: &Cursor<'_>) -> bool {
    let rest = c.rest().to_ascii_uppercase();
    rest.starts_with(b"(MAXSIZE ") || rest.starts_with(b"(DEPTH ")
}

fn metadata_options(get: &mut GetMetadata, c: &mut Cursor<'_>) -> Parsed<()> {
    c.list(NAMES, |c| {
        if c.eat_word("MAXSIZE") {
            get.size_max = Some(c.argument(Cursor::number)?);
        } else if c.eat_word("DEPTH") {
            get.depth = c.argument(depth)?;
        } else {
            return c.expected("MAXSIZE or DEPTH");
        }
        Ok(())
    })?;
    Ok(())
}

fn depth(c: &mut Cursor<'_>) -> Parsed<Depth> {
    if c.eat_word("0") {
        Ok(Depth::Zero)
    } else if c.eat_word("1") {
        Ok(Depth::One)
    } else if c.eat_word("infinity") {
        Ok(Depth::Infinity)
    } else {
        c.expected("0, 1 or infinity")
    }
}

/// RFC 5464 §3.2: names are compared in any case, begin with a slash, do not end with one or have two in a row, and have
/// no wildcards and no controls.
pub(super) fn entry(c: &mut Cursor<'_>) -> Parsed<String> {
    let at = c.at();
    let entry = c.text()?.to_ascii_lowercase();
    let sound = entry.starts_with('/')
        && !entry.ends_with('/')
        && !entry.contains("//")
        && entry.bytes().all(|octet| (b' '..=b'~').contains(&octet) && !matches!(octet, b'*' | b'%'));
    if sound { Ok(entry) } else { Err(SyntaxError::expected(at, "an entry like /private/comment")) }
}

/// RFC 5464 §4.3.
pub(super) fn set_metadata(c: &mut Cursor<'_>) -> Parsed<Command> {
    let mailbox = mailbox_or_server(c)?;
    c.sp()?;
    let entries = c.list(NAMES, |c| {
        let name = entry(c)?;
        c.sp()?;
        let value = if c.eat(b'~') { Some(c.octets()?.to_vec()) } else { c.nstring()?.map(|value| value.into_owned()) };
        Ok((name, value))
    })?;
    Ok(Command::SetMetadata { mailbox, entries })
}
