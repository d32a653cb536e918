//! Reads commands (RFC 9051 §9 and the grammars of the extensions). Total: any octets are a command or a
//! [`SyntaxError`] that says what was expected, and where. A command is one line without its CR LF, with its literals in
//! place: `{5}`, CR LF and five octets. Owns the grammar; finding where a command ends is `reader`'s.
//!
//! What is read is the grammar and no more: one space where it has one, no 8-bit octets outside quoted strings and
//! literals, valid UTF-8 in quoted strings. Nesting and counts have limits (`limits`), so that the work is linear and
//! the stack flat.

mod access;
pub(super) mod cursor;
pub(super) mod dates;
mod error;
mod fetch;
mod list;
mod mailboxes;
mod notify;
mod returns;
mod search;
mod selected;
#[cfg(test)]
mod tests;
mod upload;

pub(super) use cursor::{is_astring_char, is_list_char};
pub use error::{Cause, SyntaxError};
pub(super) use upload::{Piece, Uploading};

use super::command::{By, Command, Tagged};
use super::limits::{ID_FIELD, ID_PAIRS, ID_VALUE, NAMES, TAG};
use super::mailbox::Charset;
use crate::sasl::{Secret, line};
use cursor::Cursor;

type Parsed<T> = Result<T, SyntaxError>;

/// Why a line is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The tag, where one could be read: the answer is untagged otherwise.
    pub tag: Option<String>,
    /// What is wrong.
    pub error: SyntaxError,
}

/// Reads a whole command. `charset` says how names of mailboxes are written.
pub fn command(text: &[u8], charset: Charset) -> Result<Tagged, Failure> {
    let mut cursor = Cursor::new(text, charset);
    let tag = read_tag(&mut cursor).map_err(|error| Failure { tag: None, error })?;
    let command = read_verb(&mut cursor).and_then(|verb| {
        let command = dispatch(&verb, &mut cursor)?;
        cursor.end()?;
        Ok(command)
    });
    match command {
        Ok(command) => Ok(Tagged { tag, command }),
        Err(error) => Err(Failure { tag: Some(tag), error }),
    }
}

/// The tag a command begins with, if it is one.
#[must_use]
pub fn tag(text: &[u8]) -> Option<String> {
    read_tag(&mut Cursor::new(text, Charset::Ascii)).ok()
}

/// RFC 9051 §9: any ASTRING-CHAR but `+`. A space follows.
fn read_tag(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let tag = cursor.run(|octet| cursor::is_astring_char(octet) && octet != b'+');
    let tag = std::str::from_utf8(tag).unwrap_or_default();
    if tag.is_empty() || tag.len() > TAG {
        return Err(SyntaxError::expected(0, "a tag"));
    }
    let tag = tag.to_owned();
    cursor.sp()?;
    Ok(tag)
}

/// The keyword in capitals, `UID ` before it where it is one of two words.
fn read_verb(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let verb = cursor.keyword("a command")?;
    if verb != "UID" {
        return Ok(verb);
    }
    cursor.sp()?;
    Ok(format!("UID {}", cursor.keyword("a command after UID")?))
}

fn dispatch(verb: &str, c: &mut Cursor<'_>) -> Parsed<Command> {
    let (verb, by) = verb.strip_prefix("UID ").map_or((verb, By::Number), |verb| (verb, By::Uid));
    match by {
        By::Number => plain(verb, c),
        By::Uid => by_uid(verb, c),
    }
}

/// RFC 9051 §6.4.9, RFC 4315 §2.1, RFC 5256, RFC 8508 §3.2.
fn by_uid(verb: &str, c: &mut Cursor<'_>) -> Parsed<Command> {
    match verb {
        "EXPUNGE" => Ok(Command::Expunge(Some(c.argument(Cursor::messages)?))),
        "FETCH" | "STORE" | "COPY" | "MOVE" | "SEARCH" | "SORT" | "THREAD" | "REPLACE" => of_messages(verb, By::Uid, c),
        _ => Err(c.unknown()),
    }
}

fn of_messages(verb: &str, by: By, c: &mut Cursor<'_>) -> Parsed<Command> {
    c.sp()?;
    match verb {
        "FETCH" => fetch::fetch(by, c).map(Command::Fetch),
        "STORE" => selected::store(by, c).map(Command::Store),
        "COPY" => selected::target(c).map(|(messages, mailbox)| Command::Copy { by, messages, mailbox }),
        "MOVE" => selected::target(c).map(|(messages, mailbox)| Command::Move { by, messages, mailbox }),
        "SEARCH" => search::search(by, c).map(Command::Search),
        "SORT" => search::sort(by, c).map(Command::Sort),
        "THREAD" => search::thread(by, c).map(Command::Thread),
        _ => upload::replace(by, c).map(Command::Upload),
    }
}

fn plain(verb: &str, c: &mut Cursor<'_>) -> Parsed<Command> {
    Ok(match verb {
        "CAPABILITY" => Command::Capability,
        "NOOP" => Command::Noop,
        "LOGOUT" => Command::Logout,
        "ID" => Command::Id(c.argument(id)?),
        "STARTTLS" => Command::StartTls,
        "AUTHENTICATE" => c.argument(authenticate)?,
        "LOGIN" => c.argument(login)?,
        "ENABLE" => Command::Enable(enable(c)?),
        "SELECT" => Command::Select(c.argument(|c| mailboxes::select(false, c))?),
        "EXAMINE" => Command::Select(c.argument(|c| mailboxes::select(true, c))?),
        "CREATE" => c.argument(mailboxes::create)?,
        "DELETE" => Command::Delete(c.argument(Cursor::mailbox)?),
        "RENAME" => c.argument(mailboxes::rename)?,
        "SUBSCRIBE" => Command::Subscribe(c.argument(Cursor::mailbox)?),
        "UNSUBSCRIBE" => Command::Unsubscribe(c.argument(Cursor::mailbox)?),
        "LIST" => Command::List(c.argument(list::list)?),
        "LSUB" => c.argument(list::lsub)?,
        "NAMESPACE" => Command::Namespace,
        "STATUS" => c.argument(mailboxes::status)?,
        "APPEND" => Command::Upload(c.argument(upload::append)?),
        "IDLE" => Command::Idle,
        "GETQUOTA" => Command::GetQuota(c.argument(Cursor::text)?),
        "GETQUOTAROOT" => Command::GetQuotaRoot(c.argument(Cursor::mailbox)?),
        "SETQUOTA" => c.argument(access::set_quota)?,
        "GETACL" => Command::GetAcl(c.argument(Cursor::mailbox)?),
        "SETACL" => c.argument(access::set_acl)?,
        "DELETEACL" => c.argument(access::delete_acl)?,
        "LISTRIGHTS" => c.argument(access::list_rights)?,
        "MYRIGHTS" => Command::MyRights(c.argument(Cursor::mailbox)?),
        "GETMETADATA" => Command::GetMetadata(c.argument(access::get_metadata)?),
        "SETMETADATA" => c.argument(access::set_metadata)?,
        "NOTIFY" => Command::Notify(c.argument(notify::notify)?),
        "COMPRESS" => Command::Compress(c.argument(|c| c.keyword("a mechanism"))?),
        "UNAUTHENTICATE" => Command::Unauthenticate,
        "GETJMAPACCESS" => Command::GetJmapAccess,
        "ESEARCH" => Command::MultiSearch(c.argument(notify::multi_search)?),
        "CHECK" => Command::Check,
        "CLOSE" => Command::Close,
        "UNSELECT" => Command::Unselect,
        "EXPUNGE" => Command::Expunge(None),
        "CANCELUPDATE" => Command::CancelUpdate(search::cancel_update(c)?),
        "FETCH" | "STORE" | "COPY" | "MOVE" | "SEARCH" | "SORT" | "THREAD" | "REPLACE" => {
            of_messages(verb, By::Number, c)?
        }
        _ => return Err(c.unknown()),
    })
}

/// RFC 2971 §3.1.
fn id(c: &mut Cursor<'_>) -> Parsed<Vec<(String, Option<String>)>> {
    if c.nil() {
        return Ok(Vec::new());
    }
    let pairs = c.perhaps_empty_list(ID_PAIRS, |c| {
        let at = c.at();
        let field = c.string_text()?;
        c.sp()?;
        let value = c.nstring()?.map(|value| String::from_utf8_lossy(&value).into_owned());
        if field.len() > ID_FIELD || value.as_ref().is_some_and(|value| value.len() > ID_VALUE) {
            return Err(SyntaxError::expected(at, "a field of at most 30 octets and a value of at most 1024"));
        }
        Ok((field, value))
    })?;
    Ok(pairs)
}

/// RFC 9051 §6.2.2, RFC 4959 §3.
fn authenticate(c: &mut Cursor<'_>) -> Parsed<Command> {
    let mechanism = c.atom("a mechanism")?.to_owned();
    let mut initial = None;
    if c.eat(b' ') {
        let at = c.at();
        let decoded = line::decode_initial(c.run(|octet| octet != b' '));
        initial = Some(decoded.map_err(|line::NotBase64| SyntaxError::expected(at, "base64 or ="))?);
    }
    Ok(Command::Authenticate { mechanism, initial })
}

fn login(c: &mut Cursor<'_>) -> Parsed<Command> {
    let user = c.text()?;
    c.sp()?;
    let password = Secret(c.astring()?.into_owned());
    Ok(Command::Login { user, password })
}

/// RFC 5161 §3.1.
fn enable(c: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    let mut capabilities = vec![c.argument(|c| c.keyword("a capability"))?];
    while c.eat(b' ') {
        c.within(capabilities.len(), NAMES)?;
        capabilities.push(c.keyword("a capability")?);
    }
    Ok(capabilities)
}
