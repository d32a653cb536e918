//! Filters and sorts of e-mails as JMAP writes them (RFC 8621 §4.4.1, §4.4.2), made into questions to the office.

use crate::jmap::capability::Capability;
use crate::jmap::context::{Arguments, Context};
use crate::jmap::date;
use crate::jmap::error::MethodError;
use crate::jmap::generic::{Comparator, Filter};
use crate::jmap::{ids, typed};
use message::search::{AddressField, Key};
use office::jmap::Catalogue;
use office::search::account::{Condition, Question};
use office::search::sorting::{Collation, SortBy, SortLine};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use store::types::MailboxId;

/// Words of one text that is looked for; each is a question to every message.
pub const WORDS_MAX: usize = 64;

/// A filter, made ready.
pub(in crate::jmap) struct Asked {
    pub question: Question,
    /// Whether an e-mail can come to fit, or cease to, while it stays what it is.
    pub mutable: bool,
    /// Whether it hangs on other e-mails of the conversation.
    pub of_threads: bool,
}

/// Reads a filter.
///
/// # Errors
/// `invalidArguments`, `unsupportedFilter`.
pub(in crate::jmap) fn filter(
    value: Option<&Value>,
    catalogue: &Catalogue,
    context: &Context<'_>,
) -> Result<Asked, MethodError> {
    let mut asked = Asked { question: Question::everything(), mutable: false, of_threads: false };
    if let Some(value) = value {
        let mut reader = Reader { asked: &mut asked, catalogue, created: &context.created_ids, context };
        let filter = Filter::read(value.clone(), &mut |members| reader.condition(members))?;
        asked.question.key = key(filter);
        // What people type asks for flags as IMAP does.
        asked.mutable |= asked.question.key.any(&mut |key| matches!(key, Key::Flag(_) | Key::Keyword(_)));
    }
    Ok(asked)
}

fn key(filter: Filter<Key>) -> Key {
    let all = |filters: Vec<Filter<Key>>| filters.into_iter().map(key).collect();
    match filter {
        Filter::And(filters) => Key::And(all(filters)),
        Filter::Or(filters) => Key::Or(all(filters)),
        Filter::Not(filters) => Key::Not(Box::new(Key::Or(all(filters)))),
        Filter::Is(key) => key,
    }
}

struct Reader<'a> {
    asked: &'a mut Asked,
    catalogue: &'a Catalogue,
    created: &'a BTreeMap<String, String>,
    context: &'a Context<'a>,
}

impl Reader<'_> {
    /// All of what is named holds.
    fn condition(&mut self, members: Map<String, Value>) -> Result<Key, MethodError> {
        let names: Vec<String> = members.keys().cloned().collect();
        let mut arguments = Arguments::new(members);
        let mut keys = Vec::with_capacity(names.len());
        for name in names {
            if let Some(key) = self.property(&name, &mut arguments)? {
                keys.push(key);
            }
        }
        if arguments.end().is_err() {
            return Err(MethodError::unsupported_filter());
        }
        Ok(if keys.len() == 1 { keys.remove(0) } else { Key::And(keys) })
    }

    /// What a property of a condition asks; `None` where it is `null`, or not one of ours.
    fn property(&mut self, name: &str, arguments: &mut Arguments) -> Result<Option<Key>, MethodError> {
        Ok(match name {
            "inMailbox" => arguments.take::<String>(name)?.map(|id| self.in_mailbox(&id)),
            "inMailboxOtherThan" => arguments.take::<Vec<String>>(name)?.map(|ids| self.in_other_than(&ids)),
            "before" => time(arguments, name)?.map(|time| self.ask(Condition::Before(time))),
            "after" => time(arguments, name)?.map(|time| self.ask(Condition::After(time))),
            "minSize" => arguments.unsigned(name)?.map(|octets| self.ask(Condition::AtLeast(octets))),
            "maxSize" => arguments.unsigned(name)?.map(|octets| self.ask(Condition::Below(octets))),
            "allInThreadHaveKeyword" => self.keyword(name, arguments)?.map(|bit| self.ask(Condition::AllInThread(bit))),
            "someInThreadHaveKeyword" => {
                self.keyword(name, arguments)?.map(|bit| self.ask(Condition::SomeInThread(bit)))
            }
            "noneInThreadHaveKeyword" => {
                self.keyword(name, arguments)?.map(|bit| not(self.ask(Condition::SomeInThread(bit))))
            }
            "hasKeyword" => self.keyword(name, arguments)?.map(|bit| self.ask(Condition::Flags(bit))),
            "notKeyword" => self.keyword(name, arguments)?.map(|bit| not(self.ask(Condition::Flags(bit)))),
            "hasAttachment" => arguments.take::<bool>(name)?.map(|has| {
                let key = self.ask(Condition::HasAttachment);
                if has { key } else { not(key) }
            }),
            "header" => arguments.take::<Vec<String>>(name)?.map(header).transpose()?,
            "text" | "from" | "to" | "cc" | "bcc" | "subject" | "body" => {
                arguments.take::<String>(name)?.map(|text| words(name, &text)).transpose()?
            }
            "query" if self.context.using.has(Capability::Webmail) => {
                arguments.take::<String>(name)?.map(|text| self.typed(&text)).transpose()?
            }
            _ => None,
        })
    }

    /// What people type (`docs/jmap.md`). Most of it can come to be so, or cease to.
    fn typed(&mut self, text: &str) -> Result<Key, MethodError> {
        let (catalogue, context) = (self.catalogue, self.context);
        self.asked.mutable = true;
        typed::key(text, catalogue, (context.caller, context.now), &mut |condition| self.ask(condition))
    }

    /// Asks the office, and notes what the answer hangs on.
    fn ask(&mut self, condition: Condition) -> Key {
        let of_thread = matches!(condition, Condition::AllInThread(_) | Condition::SomeInThread(_));
        self.asked.of_threads |= of_thread;
        let mutable = matches!(condition, Condition::In(_) | Condition::InOtherThan(_) | Condition::Flags(_));
        self.asked.mutable |= of_thread || mutable;
        self.asked.question.ask(condition)
    }

    fn mailbox(&self, id: &str) -> Option<MailboxId> {
        let id = match id.strip_prefix('#') {
            Some(creation) => self.created.get(creation)?.as_str(),
            None => id,
        };
        ids::mailbox(self.catalogue.account(), id)
    }

    fn in_mailbox(&mut self, id: &str) -> Key {
        match self.mailbox(id) {
            Some(mailbox) => self.ask(Condition::In(mailbox)),
            // No e-mail is in a mailbox that is not there.
            None => Key::Or(Vec::new()),
        }
    }

    fn in_other_than(&mut self, ids: &[String]) -> Key {
        let mailboxes = ids.iter().filter_map(|id| self.mailbox(id)).collect();
        self.ask(Condition::InOtherThan(mailboxes))
    }

    fn keyword(&self, name: &str, arguments: &mut Arguments) -> Result<Option<u64>, MethodError> {
        Ok(arguments.take::<String>(name)?.map(|keyword| self.catalogue.keyword_bit(&keyword)))
    }
}

fn not(key: Key) -> Key {
    Key::Not(Box::new(key))
}

fn time(arguments: &mut Arguments, name: &str) -> Result<Option<message::Time>, MethodError> {
    let Some(text) = arguments.take::<String>(name)? else { return Ok(None) };
    match date::read_utc(&text) {
        Some(time) => Ok(Some(time)),
        None => Err(MethodError::invalid_arguments(format!("{name}: it is no UTCDate."))),
    }
}

/// RFC 8621 §4.4.1: a name, and perhaps a text.
fn header(texts: Vec<String>) -> Result<Key, MethodError> {
    let mut texts = texts.into_iter();
    match (texts.next(), texts.next(), texts.next()) {
        (Some(name), text, None) => Ok(Key::Header { name, text: text.unwrap_or_default() }),
        _ => Err(MethodError::invalid_arguments("header: it has one element or two.")),
    }
}

fn words(field: &str, text: &str) -> Result<Key, MethodError> {
    let make = |word: String| match field {
        "from" => Key::Address(AddressField::From, word),
        "to" => Key::Address(AddressField::To, word),
        "cc" => Key::Address(AddressField::Cc, word),
        "bcc" => Key::Address(AddressField::Bcc, word),
        "subject" => Key::Subject(word),
        "body" => Key::Body(word),
        _ => Key::Text(word),
    };
    let tokens = tokens(text);
    if tokens.len() > WORDS_MAX {
        return Err(MethodError::unsupported_filter().because("The text has too many words."));
    }
    let mut keys: Vec<Key> = tokens.into_iter().map(make).collect();
    Ok(if keys.len() == 1 { keys.remove(0) } else { Key::And(keys) })
}

/// RFC 8621 §4.4.1: words, and phrases between quotes of one kind; within those a backslash takes the meaning from a quote
/// or a backslash. A quote within a word is part of it, and one that is never closed stands for itself.
fn tokens(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let quoted = matches!(first, '"' | '\'').then(|| phrase(rest, first)).flatten();
        let (token, after) = quoted.unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            (word.to_owned(), after)
        });
        if !token.is_empty() {
            all.push(token);
        }
        rest = after.trim_start();
    }
    all
}

/// What stands between quotes at the start, and what follows them.
fn phrase(text: &str, quote: char) -> Option<(String, &str)> {
    let mut phrase = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => phrase.push(chars.next()?.1),
            c if c == quote => return Some((phrase, text.get(at + c.len_utf8()..)?)),
            c => phrase.push(c),
        }
    }
    None
}

/// The order of a sort, and whether it hangs on what changes, and on other e-mails of the conversation.
///
/// # Errors
/// `unsupportedSort`, `invalidArguments`.
pub(in crate::jmap) fn order(
    sort: &[Comparator],
    catalogue: &Catalogue,
) -> Result<(Vec<SortLine>, bool, bool), MethodError> {
    let lines = sort.iter().map(|comparator| line(comparator, catalogue)).collect::<Result<Vec<_>, _>>()?;
    let of_threads = lines.iter().any(|line| matches!(line.by, SortBy::AllInThread(_) | SortBy::SomeInThread(_)));
    let mutable = of_threads || lines.iter().any(|line| matches!(line.by, SortBy::Flags(_)));
    Ok((lines, mutable, of_threads))
}

fn line(comparator: &Comparator, catalogue: &Catalogue) -> Result<SortLine, MethodError> {
    let collation = match comparator.collation.as_deref() {
        Some("i;ascii-casemap") => Collation::Ascii,
        Some("i;octet") => Collation::Octet,
        _ => Collation::Unicode,
    };
    let mut more = Arguments::new(comparator.more.clone());
    let mut keyword = || more.need::<String>("keyword").map(|keyword| catalogue.keyword_bit(&keyword));
    let by = match comparator.property.as_str() {
        "receivedAt" => SortBy::Received,
        "sentAt" => SortBy::Sent,
        "size" => SortBy::Size,
        "from" => SortBy::From(collation),
        "to" => SortBy::To(collation),
        "subject" => SortBy::Subject(collation),
        "hasKeyword" => SortBy::Flags(keyword()?),
        "allInThreadHaveKeyword" => SortBy::AllInThread(keyword()?),
        "someInThreadHaveKeyword" => SortBy::SomeInThread(keyword()?),
        other => return Err(MethodError::unsupported_sort().because(format!("E-mails are not sorted by {other:?}."))),
    };
    more.end()?;
    Ok(SortLine { by, descending: !comparator.is_ascending })
}

/// The texts that a filter looks for in subjects and bodies: what snippets show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// In the subject.
    pub subject: Vec<String>,
    /// In the body.
    pub body: Vec<String>,
}

impl Words {
    /// Of a key; what is not wanted is not shown.
    #[must_use]
    pub fn of(key: &Key) -> Words {
        let mut words = Words::default();
        words.gather(key);
        words
    }

    fn gather(&mut self, key: &Key) {
        match key {
            Key::And(keys) | Key::Or(keys) => keys.iter().for_each(|key| self.gather(key)),
            Key::Fuzzy(key) => self.gather(key),
            Key::Subject(text) => self.subject.push(text.clone()),
            Key::Body(text) => self.body.push(text.clone()),
            Key::Text(text) => {
                self.subject.push(text.clone());
                self.body.push(text.clone());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fall_apart_into_words_and_phrases() {
        assert_eq!(tokens("  one two "), ["one", "two"]);
        assert_eq!(tokens("\"one two\" 'three \\' four' five"), ["one two", "three ' four", "five"]);
        assert_eq!(tokens("don't stop"), ["don't", "stop"]);
        assert_eq!(tokens("'tis \"open"), ["'tis", "\"open"]);
        assert_eq!(tokens("\"a \\\\ b\" \"\""), ["a \\ b"]);
        assert_eq!(tokens(" "), [""; 0]);
    }

    #[test]
    fn words_have_a_limit() {
        assert!(words("text", &"a ".repeat(WORDS_MAX)).is_ok());
        assert!(words("text", &"a ".repeat(WORDS_MAX + 1)).is_err(), "one past it");
    }

    #[test]
    fn words_to_show_are_those_wanted() {
        let key =
            Key::And(vec![Key::Text("a".into()), not(Key::Body("b".into())), Key::Or(vec![Key::Subject("c".into())])]);
        assert_eq!(Words::of(&key), Words { subject: vec!["a".into(), "c".into()], body: vec!["a".into()] });
    }
}
