//! Reads responses: one line without its CR LF, its literals in place.

use super::data::{Data, EsearchItem, Listed, Namespace, Quota, StatusValue};
use super::{Code, FetchData, Response, Status, StatusText, Value};
use crate::imap::command::{Flag, StatusItem};
use crate::imap::mailbox::{Charset, MailboxName};
use crate::imap::parse::cursor::{Cursor, is_astring_char};
use crate::imap::parse::{Cause, SyntaxError};

type Read<T> = Result<T, SyntaxError>;

/// Reads a response. What is no response at all fails; data that are known by name and not as they should be are
/// [`Data::Other`].
pub fn response(text: &[u8], charset: Charset) -> Result<Response, SyntaxError> {
    let mut c = Cursor::new(text, charset);
    if c.eat(b'+') {
        // RFC 9051 §7.6 has a space here; some servers send a bare plus.
        c.eat(b' ');
        return Ok(Response::Continue(c.rest().to_vec()));
    }
    if c.eat(b'*') {
        c.sp()?;
        return untagged(&mut c, charset).map(Response::Untagged);
    }
    let tag = c.run(|octet| is_astring_char(octet) && octet != b'+');
    let tag = String::from_utf8_lossy(tag).into_owned();
    c.sp()?;
    match status(&mut c)? {
        Some(status) if matches!(status.status, Status::Ok | Status::No | Status::Bad) => {
            Ok(Response::Tagged(tag, status))
        }
        _ => c.expected("OK, NO or BAD"),
    }
}

/// A status, where one stands here.
fn status(c: &mut Cursor<'_>) -> Read<Option<StatusText>> {
    let words = [
        ("OK", Status::Ok),
        ("NO", Status::No),
        ("BAD", Status::Bad),
        ("PREAUTH", Status::PreAuth),
        ("BYE", Status::Bye),
    ];
    let Some((_, status)) = words.into_iter().find(|(word, _)| c.eat_word(word)) else { return Ok(None) };
    // RFC 9051 §7.1 has a space and text here; some servers leave both out.
    c.eat(b' ');
    let code = if c.peek() == Some(b'[') { code(c)? } else { None };
    let text = String::from_utf8_lossy(c.rest()).into_owned();
    Ok(Some(StatusText { status, code, text }))
}

/// A code; `None` where the bracket is only text.
fn code(c: &mut Cursor<'_>) -> Read<Option<Code>> {
    let rest = c.rest();
    let Some(end) = rest.iter().position(|octet| *octet == b']') else { return Ok(None) };
    let inside = rest.get(1..end).unwrap_or_default();
    c.skip(end + 1);
    c.eat(b' ');
    let mut inner = Cursor::new(inside, Charset::Ascii);
    let known = known_code(&mut inner).ok().flatten().filter(|_| inner.end().is_ok());
    Ok(Some(known.unwrap_or_else(|| {
        let text = String::from_utf8_lossy(inside);
        let (name, rest) = text.split_once(' ').unwrap_or((&text, ""));
        Code::Other(name.to_ascii_uppercase(), rest.to_owned())
    })))
}

fn known_code(c: &mut Cursor<'_>) -> Read<Option<Code>> {
    Ok(Some(match c.keyword("a response code")?.as_str() {
        "CAPABILITY" => Code::Capability(capabilities(c)),
        "PERMANENTFLAGS" => Code::PermanentFlags(c.argument(flags)?),
        "READ-ONLY" => Code::ReadOnly,
        "READ-WRITE" => Code::ReadWrite,
        "TRYCREATE" => Code::TryCreate,
        "UIDNEXT" => Code::UidNext(c.argument(Cursor::nz_number)?),
        "UIDVALIDITY" => Code::UidValidity(c.argument(Cursor::nz_number)?),
        "HIGHESTMODSEQ" => Code::HighestModSeq(c.argument(Cursor::number)?),
        "NOMODSEQ" => Code::NoModSeq,
        "MODIFIED" => Code::Modified(c.argument(Cursor::known_set)?),
        "APPENDUID" => Code::AppendUid(c.argument(Cursor::nz_number)?, c.argument(Cursor::known_set)?),
        "COPYUID" => {
            let uid_validity = c.argument(Cursor::nz_number)?;
            Code::CopyUid(uid_validity, c.argument(Cursor::known_set)?, c.argument(Cursor::known_set)?)
        }
        "MAILBOXID" => {
            c.sp()?;
            c.need(b'(', "an id in parentheses")?;
            let id = c.object_id()?;
            c.need(b')', "the end of the id")?;
            Code::MailboxId(id)
        }
        _ => return Ok(None),
    }))
}

/// Words to the end, in capitals.
fn capabilities(c: &mut Cursor<'_>) -> Vec<String> {
    let text = c.run(|_| true);
    let words = text.split(|octet| *octet == b' ').filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).to_ascii_uppercase()).collect()
}

/// Flags as servers name them: `\*`, `\Recent` and any other among them.
pub(super) fn flags(c: &mut Cursor<'_>) -> Read<Vec<Flag>> {
    c.perhaps_empty_list(usize::MAX, |c| {
        let at = c.at();
        let flag = c.run(|octet| is_astring_char(octet) || matches!(octet, b'\\' | b'*'));
        let flag = std::str::from_utf8(flag).ok().filter(|flag| !flag.is_empty());
        flag.map(Flag::named).ok_or(SyntaxError::expected(at, "a flag"))
    })
}

fn untagged(c: &mut Cursor<'_>, charset: Charset) -> Read<Data> {
    if let Some(status) = status(c)? {
        return Ok(Data::Status(status));
    }
    if c.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        return numbered(c);
    }
    let name = c.keyword("what the server tells")?;
    let rest = c.rest();
    let known = named(&name, c, charset).ok().flatten().filter(|_| c.end().is_ok());
    Ok(known.unwrap_or_else(|| Data::Other(name, rest.strip_prefix(b" ").unwrap_or(rest).to_vec())))
}

/// What begins with a number.
fn numbered(c: &mut Cursor<'_>) -> Read<Data> {
    let start = c.at();
    let whole = c.rest();
    let number = c.number()?;
    c.sp()?;
    let name = c.keyword("what the server tells")?;
    let number = u32::try_from(number).map_err(|_| SyntaxError::expected(start, "a number of 32 bits"))?;
    let data = match name.as_str() {
        "EXISTS" => Data::Exists(number),
        "RECENT" => Data::Recent(number),
        "EXPUNGE" => Data::Expunge(number),
        "FETCH" | "UIDFETCH" => match c.argument(|c| c.perhaps_empty_list(usize::MAX, FetchData::read)) {
            Ok(items) if name == "FETCH" => Data::Fetch(number, items),
            Ok(items) => Data::UidFetch(number, items),
            Err(_) => return Ok(Data::Other(name, whole.to_vec())),
        },
        _ => return Ok(Data::Other(name, whole.to_vec())),
    };
    // RFC 9051 §9 has nothing here; some servers leave spaces.
    c.run(|octet| octet == b' ');
    c.end()?;
    Ok(data)
}

fn named(name: &str, c: &mut Cursor<'_>, charset: Charset) -> Read<Option<Data>> {
    Ok(Some(match name {
        "CAPABILITY" => Data::Capability(capabilities(c)),
        "ENABLED" => Data::Enabled(capabilities(c)),
        "FLAGS" => Data::Flags(c.argument(flags)?),
        "LIST" => Data::List(c.argument(|c| listed(c, charset))?),
        "LSUB" => Data::Lsub(c.argument(|c| listed(c, charset))?),
        "STATUS" => {
            let mailbox = c.argument(|c| mailbox(c, charset))?;
            Data::Figures(mailbox, c.argument(figures)?)
        }
        "SEARCH" => numbers(c).map(|(numbers, mod_seq)| Data::Search(numbers, mod_seq))?,
        "SORT" => numbers(c).map(|(numbers, mod_seq)| Data::Sort(numbers, mod_seq))?,
        "ESEARCH" => esearch(c)?,
        "THREAD" => Data::Thread(threads(c)?),
        "VANISHED" => {
            c.sp()?;
            let earlier = c.rest().get(..9).is_some_and(|word| word.eq_ignore_ascii_case(b"(EARLIER)"));
            if earlier {
                c.skip(9);
                c.sp()?;
            }
            Data::Vanished(earlier, c.known_set()?)
        }
        "NAMESPACE" => Data::Namespace([c.argument(namespaces)?, c.argument(namespaces)?, c.argument(namespaces)?]),
        "ID" => Data::Id(c.argument(id)?),
        "QUOTA" => {
            let root = c.argument(Cursor::text)?;
            Data::Quota(root, c.argument(|c| c.perhaps_empty_list(usize::MAX, quota))?)
        }
        "QUOTAROOT" => {
            let mailbox = c.argument(|c| mailbox(c, charset))?;
            let mut roots = Vec::new();
            while c.eat(b' ') {
                roots.push(c.text()?);
            }
            Data::QuotaRoot(mailbox, roots)
        }
        _ => return Ok(None),
    }))
}

/// The name of a mailbox. Servers older than the rules write 8-bit names: they are read as they stand.
fn mailbox(c: &mut Cursor<'_>, charset: Charset) -> Read<MailboxName> {
    let octets = match c.peek() {
        Some(b'"' | b'{') => c.lenient_string()?,
        _ => c.astring()?.into_owned(),
    };
    let name = MailboxName::from_wire(&octets, charset);
    Ok(name.unwrap_or_else(|_| MailboxName::new(&String::from_utf8_lossy(&octets))))
}

fn delimiter(c: &mut Cursor<'_>) -> Read<Option<char>> {
    let at = c.at();
    let Some(text) = c.nstring()? else { return Ok(None) };
    match &text[..] {
        [octet] => Ok(Some(char::from(*octet))),
        _ => Err(SyntaxError::expected(at, "a delimiter")),
    }
}

fn listed(c: &mut Cursor<'_>, charset: Charset) -> Read<Listed> {
    let attributes = flags(c)?.iter().map(Flag::to_string).collect();
    let delimiter = c.argument(delimiter)?;
    let name = c.argument(|c| mailbox(c, charset))?;
    let mut extended = Vec::new();
    if c.eat(b' ') {
        extended = c.perhaps_empty_list(usize::MAX, |c| {
            let tag = c.text()?.to_ascii_uppercase();
            Ok((tag, c.argument(Value::read)?))
        })?;
    }
    Ok(Listed { attributes, delimiter, name, extended })
}

/// Items that are not known are passed over.
fn figures(c: &mut Cursor<'_>) -> Read<Vec<(StatusItem, StatusValue)>> {
    let items = c.perhaps_empty_list(usize::MAX, |c| {
        let at = c.at();
        let item = StatusItem::named(c.atom("a status item")?);
        let value = match c.argument(Value::read)? {
            Value::Number(number) => StatusValue::Number(number),
            Value::Nil => StatusValue::Nil,
            Value::List(ids) => {
                let id = ids.first().and_then(Value::octets).and_then(|id| std::str::from_utf8(id).ok());
                StatusValue::Id(id.ok_or(SyntaxError::expected(at, "an id"))?.to_owned())
            }
            Value::Atom(_) | Value::String(_) => return Err(SyntaxError::expected(at, "a figure")),
        };
        Ok(item.map(|item| (item, value)))
    })?;
    Ok(items.into_iter().flatten().collect())
}

/// Numbers to the end, and `(MODSEQ 5)` behind them.
fn numbers(c: &mut Cursor<'_>) -> Read<(Vec<u32>, Option<u64>)> {
    let (mut numbers, mut mod_seq) = (Vec::new(), None);
    while c.eat(b' ') && !c.rest().is_empty() {
        if c.eat(b'(') {
            if !c.eat_word("MODSEQ") {
                return c.expected("MODSEQ");
            }
            mod_seq = Some(c.argument(Cursor::number)?);
            c.need(b')', "the end of the list")?;
        } else {
            numbers.push(c.nz_number()?);
        }
    }
    Ok((numbers, mod_seq))
}

/// RFC 4731 §4, RFC 4466 §2.6.2.
fn esearch(c: &mut Cursor<'_>) -> Read<Data> {
    let (mut tag, mut uid, mut items) = (None, false, Vec::new());
    if c.rest().starts_with(b" (") {
        c.sp()?;
        let correlators = Value::read(c)?;
        let value = correlators.list().windows(2).find_map(|pair| match pair {
            [Value::Atom(name), value] if name.eq_ignore_ascii_case("TAG") => Some(value),
            _ => None,
        });
        tag = value.and_then(Value::octets).map(|tag| String::from_utf8_lossy(tag).into_owned());
    }
    while c.eat(b' ') {
        if c.eat_word("UID") {
            uid = true;
            continue;
        }
        items.push(match c.keyword("a result")?.as_str() {
            "MIN" => EsearchItem::Min(c.argument(Cursor::nz_number)?),
            "MAX" => EsearchItem::Max(c.argument(Cursor::nz_number)?),
            "ALL" => EsearchItem::All(c.argument(Cursor::known_set)?),
            "COUNT" => EsearchItem::Count(c.argument(Cursor::number)?),
            "MODSEQ" => EsearchItem::ModSeq(c.argument(Cursor::number)?),
            name => EsearchItem::Other(name.to_owned(), c.argument(Value::read)?),
        });
    }
    Ok(Data::Esearch(tag, uid, items))
}

fn threads(c: &mut Cursor<'_>) -> Read<Vec<Value>> {
    let mut threads = Vec::new();
    c.eat(b' ');
    while c.peek() == Some(b'(') {
        threads.push(Value::read(c)?);
    }
    Ok(threads)
}

fn namespaces(c: &mut Cursor<'_>) -> Read<Vec<Namespace>> {
    let at = c.at();
    let value = Value::read(c)?;
    let broken = SyntaxError { at, expected: "a namespace", cause: Cause::Syntax };
    let namespace = |value: &Value| match value.list() {
        [Value::String(prefix), delimiter, ..] => {
            let delimiter = delimiter.octets().and_then(<[u8]>::first).map(|octet| char::from(*octet));
            Ok(Namespace { prefix: String::from_utf8_lossy(prefix).into_owned(), delimiter })
        }
        _ => Err(broken),
    };
    value.list().iter().map(namespace).collect()
}

fn id(c: &mut Cursor<'_>) -> Read<Vec<(String, Option<String>)>> {
    if c.nil() {
        return Ok(Vec::new());
    }
    c.perhaps_empty_list(usize::MAX, |c| {
        let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
        let field = text(c.lenient_string()?);
        c.sp()?;
        let value = if c.nil() { None } else { Some(text(c.lenient_string()?)) };
        Ok((field, value))
    })
}

fn quota(c: &mut Cursor<'_>) -> Read<Quota> {
    let resource = c.keyword("a resource")?;
    Ok(Quota { resource, usage: c.argument(Cursor::number)?, limit: c.argument(Cursor::number)? })
}
