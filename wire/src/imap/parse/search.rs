//! SEARCH, SORT, THREAD and their keys (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 5032, RFC 5256, RFC 5957, RFC 6203, RFC
//! 7162, RFC 8474, RFC 8514). Keys call each other only as deep as [`message::search::NESTING_MAX`].

use super::super::command::{By, Messages, Returns, Search, Sort, Thread};
use super::super::limits::{ITEMS, NAMES, SEARCH_KEYS};
use super::cursor::Cursor;
use super::returns::returns;
use super::{Cause, Parsed, SyntaxError, dates};
use message::header::charset_text;
use message::search::{AddressField, Algorithm, Criterion, DateOf, Key, Relation, SortBy, SystemFlag};

/// RFC 9051 §6.4.4.
pub(super) fn search(by: By, c: &mut Cursor<'_>) -> Parsed<Search> {
    let returns = returns(c)?;
    let key = program(c).map_err(|error| of_saving(returns.as_ref(), error))?;
    Ok(Search { by, returns, key })
}

/// Marks what is answered by NO, and so empties what was saved (RFC 5182 §2.1).
fn of_saving(returns: Option<&Returns>, mut error: SyntaxError) -> SyntaxError {
    if error.cause == Cause::Charset && returns.is_some_and(|returns| returns.save) {
        error.cause = Cause::SavedCharset;
    }
    error
}

/// What is looked for, perhaps with a charset before it.
pub(super) fn program(c: &mut Cursor<'_>) -> Parsed<Key> {
    let mut charset = Strings::Utf8;
    if c.eat_word("CHARSET") {
        charset = c.argument(strings)?;
        c.sp()?;
    }
    Keys { charset, count: 0 }.all(c)
}

/// RFC 5256 §3, RFC 5267 §3.
pub(super) fn sort(by: By, c: &mut Cursor<'_>) -> Parsed<Sort> {
    let returns = returns(c)?;
    let criteria = c.list(ITEMS, criterion)?;
    let key = charset_and_keys(c).map_err(|error| of_saving(returns.as_ref(), error))?;
    Ok(Sort { by, returns, criteria, key })
}

fn charset_and_keys(c: &mut Cursor<'_>) -> Parsed<Key> {
    let charset = c.argument(strings)?;
    c.sp()?;
    Keys { charset, count: 0 }.all(c)
}

fn criterion(c: &mut Cursor<'_>) -> Parsed<Criterion> {
    let reverse = c.eat_word("REVERSE");
    if reverse {
        c.sp()?;
    }
    let at = c.at();
    let by = match c.keyword("a sort key")?.as_str() {
        "ARRIVAL" => SortBy::Arrival,
        "CC" => SortBy::Cc,
        "DATE" => SortBy::Date,
        "FROM" => SortBy::From,
        "SIZE" => SortBy::Size,
        "SUBJECT" => SortBy::Subject,
        "TO" => SortBy::To,
        "DISPLAYFROM" => SortBy::DisplayFrom,
        "DISPLAYTO" => SortBy::DisplayTo,
        _ => return Err(SyntaxError::expected(at, "a sort key")),
    };
    Ok(Criterion { by, reverse })
}

/// RFC 5256 §3.
pub(super) fn thread(by: By, c: &mut Cursor<'_>) -> Parsed<Thread> {
    let at = c.at();
    let algorithm = match c.keyword("a threading algorithm")?.as_str() {
        "ORDEREDSUBJECT" => Algorithm::OrderedSubject,
        "REFERENCES" => Algorithm::References,
        _ => return Err(SyntaxError::expected(at, "ORDEREDSUBJECT or REFERENCES")),
    };
    Ok(Thread { by, algorithm, key: charset_and_keys(c)? })
}

/// RFC 5267 §4.3.4: tags as quoted strings.
pub(super) fn cancel_update(c: &mut Cursor<'_>) -> Parsed<Vec<String>> {
    let mut tags = vec![c.argument(Cursor::string_text)?];
    while c.eat(b' ') {
        c.within(tags.len(), NAMES)?;
        tags.push(c.string_text()?);
    }
    Ok(tags)
}

/// How the strings of a search are written.
enum Strings {
    Utf8,
    Other(Vec<u8>),
}

fn strings(c: &mut Cursor<'_>) -> Parsed<Strings> {
    let at = c.at();
    let name = c.astring()?;
    if name.eq_ignore_ascii_case(b"UTF-8") || name.eq_ignore_ascii_case(b"US-ASCII") {
        return Ok(Strings::Utf8);
    }
    match charset_text(&name, b"") {
        Some(_) => Ok(Strings::Other(name.into_owned())),
        None => Err(SyntaxError { at, expected: "a known charset", cause: Cause::Charset }),
    }
}

/// Keys of one command.
struct Keys {
    charset: Strings,
    /// How many were read.
    count: usize,
}

impl Keys {
    /// Keys with spaces between them to the end: each of them holds. One alone is itself.
    fn all(mut self, c: &mut Cursor<'_>) -> Parsed<Key> {
        let mut keys = vec![self.key(c)?];
        while c.eat(b' ') {
            keys.push(self.key(c)?);
        }
        Ok(together(keys))
    }

    /// One level deeper.
    fn nested(&mut self, c: &mut Cursor<'_>) -> Parsed<Key> {
        c.within(message::search::NESTING_MAX - c.room, message::search::NESTING_MAX)?;
        c.room -= 1;
        let key = self.key(c);
        c.room += 1;
        key
    }

    fn key(&mut self, c: &mut Cursor<'_>) -> Parsed<Key> {
        c.within(self.count, SEARCH_KEYS)?;
        self.count += 1;
        match c.peek() {
            Some(b'(') => self.list(c),
            Some(b'0'..=b'9' | b'*' | b'$') => Ok(of_messages(c.messages()?, Key::Numbers)),
            _ => {
                let at = c.at();
                let word = c.keyword("a search key")?;
                self.named(&word, at, c)
            }
        }
    }

    fn list(&mut self, c: &mut Cursor<'_>) -> Parsed<Key> {
        c.need(b'(', "a list of search keys")?;
        let mut keys = vec![self.nested(c)?];
        while c.eat(b' ') {
            keys.push(self.nested(c)?);
        }
        c.need(b')', "a space or the end of the list")?;
        Ok(together(keys))
    }

    fn named(&mut self, word: &str, at: usize, c: &mut Cursor<'_>) -> Parsed<Key> {
        if let Some(key) = alone(word) {
            return Ok(key);
        }
        c.sp()?;
        Ok(match word {
            "NOT" => Key::Not(Box::new(self.nested(c)?)),
            "OR" => self.or(c)?,
            "FUZZY" => Key::Fuzzy(Box::new(self.nested(c)?)),
            "BCC" => Key::Address(AddressField::Bcc, self.text(c)?),
            "CC" => Key::Address(AddressField::Cc, self.text(c)?),
            "FROM" => Key::Address(AddressField::From, self.text(c)?),
            "TO" => Key::Address(AddressField::To, self.text(c)?),
            "SUBJECT" => Key::Subject(self.text(c)?),
            "BODY" => Key::Body(self.text(c)?),
            "TEXT" => Key::Text(self.text(c)?),
            "HEADER" => {
                let name = c.text()?;
                c.sp()?;
                Key::Header { name, text: self.text(c)? }
            }
            _ => with_argument(word, at, c)?,
        })
    }

    /// `OR a OR b OR c d` is one of four: the chain is followed without going deeper.
    fn or(&mut self, c: &mut Cursor<'_>) -> Parsed<Key> {
        let mut keys = vec![self.nested(c)?];
        loop {
            c.sp()?;
            if !c.eat_word("OR") {
                keys.push(self.nested(c)?);
                return Ok(Key::Or(keys));
            }
            c.sp()?;
            keys.push(self.nested(c)?);
        }
    }

    fn text(&self, c: &mut Cursor<'_>) -> Parsed<String> {
        let at = c.at();
        let octets = c.astring()?;
        let text = match &self.charset {
            Strings::Utf8 => std::str::from_utf8(&octets).ok().map(str::to_owned),
            Strings::Other(name) => charset_text(name, &octets),
        };
        text.ok_or(SyntaxError { at, expected: "text in the charset", cause: Cause::Charset })
    }
}

fn together(mut keys: Vec<Key>) -> Key {
    if keys.len() == 1 { keys.remove(0) } else { Key::And(keys) }
}

fn of_messages(messages: Messages, key: impl FnOnce(message::search::Set) -> Key) -> Key {
    match messages {
        Messages::Set(set) => key(set),
        Messages::Saved => Key::Saved,
    }
}

fn not(key: Key) -> Key {
    Key::Not(Box::new(key))
}

/// Keys without argument.
fn alone(word: &str) -> Option<Key> {
    Some(match word {
        "ALL" => Key::all(),
        "ANSWERED" => Key::Flag(SystemFlag::Answered),
        "DELETED" => Key::Flag(SystemFlag::Deleted),
        "DRAFT" => Key::Flag(SystemFlag::Draft),
        "FLAGGED" => Key::Flag(SystemFlag::Flagged),
        "RECENT" => Key::Flag(SystemFlag::Recent),
        "SEEN" => Key::Flag(SystemFlag::Seen),
        "UNANSWERED" => not(Key::Flag(SystemFlag::Answered)),
        "UNDELETED" => not(Key::Flag(SystemFlag::Deleted)),
        "UNDRAFT" => not(Key::Flag(SystemFlag::Draft)),
        "UNFLAGGED" => not(Key::Flag(SystemFlag::Flagged)),
        "UNSEEN" => not(Key::Flag(SystemFlag::Seen)),
        "OLD" => not(Key::Flag(SystemFlag::Recent)),
        "NEW" => Key::And(vec![Key::Flag(SystemFlag::Recent), not(Key::Flag(SystemFlag::Seen))]),
        "SAVEDATESUPPORTED" => Key::SaveDateSupported,
        _ => return None,
    })
}

fn with_argument(word: &str, at: usize, c: &mut Cursor<'_>) -> Parsed<Key> {
    let date =
        |of: DateOf, relation: Relation, c: &mut Cursor<'_>| dates::day(c).map(|day| Key::Date(of, relation, day));
    match word {
        "KEYWORD" => keyword(c),
        "UNKEYWORD" => keyword(c).map(not),
        "LARGER" => c.number().map(Key::Larger),
        "SMALLER" => c.number().map(Key::Smaller),
        "OLDER" => c.nz_number().map(Key::Older),
        "YOUNGER" => c.nz_number().map(Key::Younger),
        "UID" => c.messages().map(|messages| of_messages(messages, Key::Uids)),
        "EMAILID" => c.object_id().map(Key::EmailId),
        "THREADID" => c.object_id().map(Key::ThreadId),
        "MODSEQ" => mod_seq(c),
        "BEFORE" => date(DateOf::Arrival, Relation::Before, c),
        "ON" => date(DateOf::Arrival, Relation::On, c),
        "SINCE" => date(DateOf::Arrival, Relation::Since, c),
        "SENTBEFORE" => date(DateOf::Sent, Relation::Before, c),
        "SENTON" => date(DateOf::Sent, Relation::On, c),
        "SENTSINCE" => date(DateOf::Sent, Relation::Since, c),
        "SAVEDBEFORE" => date(DateOf::Saved, Relation::Before, c),
        "SAVEDON" => date(DateOf::Saved, Relation::On, c),
        "SAVEDSINCE" => date(DateOf::Saved, Relation::Since, c),
        _ => Err(SyntaxError::expected(at, "a search key")),
    }
}

fn keyword(c: &mut Cursor<'_>) -> Parsed<Key> {
    c.atom("a keyword").map(|keyword| Key::Keyword(keyword.to_owned()))
}

/// RFC 7162 §3.1.5: an entry may be named; here all entries of a message share one modseq.
fn mod_seq(c: &mut Cursor<'_>) -> Parsed<Key> {
    if c.peek() == Some(b'"') {
        let at = c.at();
        if !c.quoted()?.starts_with(b"/flags/") {
            return Err(SyntaxError::expected(at, "an entry like \"/flags/\\\\seen\""));
        }
        c.sp()?;
        if !["priv", "shared", "all"].iter().any(|kind| c.eat_word(kind)) {
            return c.expected("priv, shared or all");
        }
        c.sp()?;
    }
    c.number().map(Key::ModSeq)
}
