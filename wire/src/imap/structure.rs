//! ENVELOPE, BODY and BODYSTRUCTURE as octets (RFC 9051 §7.5.2), made from a [`Summary`] alone. Owns what NIL is and what
//! is defaulted. Nothing recurses: a message may nest as deep as it likes.

use super::mailbox::Charset;
use super::write::{nstring, number, string};
use message::header::{Disposition, Entry, Parameter};
use message::structure::Kind;
use message::summary::{Envelope, Summary, SummaryPart};
use std::fmt::Write;

/// What stands after `ENVELOPE `.
#[must_use]
pub fn envelope(summary: &Summary, charset: Charset) -> Vec<u8> {
    let mut out = Vec::with_capacity(512);
    let of_message = summary.parts.first().and_then(|part| part.envelope.as_deref());
    write_envelope(&mut out, of_message.unwrap_or(&Envelope::default()), charset);
    out
}

/// What stands after `BODY `: the structure without extension data.
#[must_use]
pub fn body(summary: &Summary, charset: Charset) -> Vec<u8> {
    render(summary, Extension::Without, charset)
}

/// What stands after `BODYSTRUCTURE `.
#[must_use]
pub fn body_structure(summary: &Summary, charset: Charset) -> Vec<u8> {
    render(summary, Extension::With, charset)
}

/// RFC 9051 §7.5.2: date, subject, from, sender, reply-to, to, cc, bcc, in-reply-to, message-id.
fn write_envelope(out: &mut Vec<u8>, envelope: &Envelope, charset: Charset) {
    out.push(b'(');
    nstring(out, envelope.date.as_deref(), charset);
    out.push(b' ');
    nstring(out, envelope.subject.as_deref(), charset);
    let or_from = |list| if <[Entry]>::is_empty(list) { &envelope.from[..] } else { list };
    let (sender, reply_to) = (or_from(&envelope.sender), or_from(&envelope.reply_to));
    for list in [&envelope.from[..], sender, reply_to, &envelope.to, &envelope.cc, &envelope.bcc] {
        write_addresses(out, list, charset);
    }
    out.push(b' ');
    nstring(out, envelope.in_reply_to.as_deref(), charset);
    out.push(b' ');
    nstring(out, envelope.message_id.as_deref(), charset);
    out.push(b')');
}

/// A space and the list; NIL where it is empty.
fn write_addresses(out: &mut Vec<u8>, list: &[Entry], charset: Charset) {
    if list.is_empty() {
        out.extend_from_slice(b" NIL");
        return;
    }
    out.extend_from_slice(b" (");
    for entry in list {
        write_address(out, entry, charset);
    }
    out.push(b')');
}

/// Name, route, local part, host. A host that is NIL marks a group, so one that is missing is empty.
fn write_address(out: &mut Vec<u8>, entry: &Entry, charset: Charset) {
    let route = if let Entry::Mailbox(mailbox) = entry { mailbox.route.as_deref() } else { None };
    let mut write = |name: Option<&[u8]>, local_part: Option<&[u8]>, host: Option<&[u8]>| {
        out.push(b'(');
        nstring(out, name, charset);
        out.push(b' ');
        nstring(out, route, charset);
        out.push(b' ');
        nstring(out, local_part, charset);
        out.push(b' ');
        nstring(out, host, charset);
        out.push(b')');
    };
    match entry {
        Entry::Mailbox(mailbox) => {
            let name = mailbox.name.as_ref().map(|name| name.raw.as_slice()).filter(|name| !name.is_empty());
            // `From: Forouzan` names a mailbox without saying where it is.
            if mailbox.local_part.is_empty() && mailbox.domain.is_empty() && name.is_some() {
                write(None, name, Some(b""));
            } else {
                write(name, Some(&mailbox.local_part), Some(&mailbox.domain));
            }
        }
        Entry::GroupStart(name) => write(None, Some(&name.raw), None),
        Entry::GroupEnd => write(None, None, None),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extension {
    Without,
    With,
}

/// What is still to be written, the next last.
enum Todo {
    /// A part as a whole.
    Part(usize),
    /// What follows the children of a multipart.
    Multipart(usize),
    /// What follows the message in a part.
    Message(usize),
}

fn render(summary: &Summary, extension: Extension, charset: Charset) -> Vec<u8> {
    let mut writer = Writer { out: Vec::with_capacity(512), summary, extension, charset, todo: Vec::new() };
    let children = children(summary);
    writer.todo.push(Todo::Part(0));
    while let Some(todo) = writer.todo.pop() {
        match todo {
            Todo::Part(index) => writer.part(index, children.get(index).map_or(&[], Vec::as_slice)),
            Todo::Multipart(index) => writer.end_multipart(index),
            Todo::Message(index) => writer.end_message(index),
        }
    }
    writer.out
}

/// The children of every part, in order.
fn children(summary: &Summary) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); summary.parts.len()];
    for (index, part) in summary.parts.iter().enumerate() {
        let parent = part.parent.and_then(|parent| usize::try_from(parent).ok());
        if let Some(siblings) = parent.and_then(|parent| children.get_mut(parent)) {
            siblings.push(index);
        }
    }
    children
}

struct Writer<'a> {
    out: Vec<u8>,
    summary: &'a Summary,
    extension: Extension,
    charset: Charset,
    todo: Vec<Todo>,
}

impl Writer<'_> {
    fn part(&mut self, index: usize, children: &[usize]) {
        let Some(part) = self.summary.parts.get(index) else { return self.nothing() };
        match part.kind {
            _ if part.is_multipart() => {
                self.out.push(b'(');
                self.todo.push(Todo::Multipart(index));
                self.todo.extend(children.iter().rev().map(|child| Todo::Part(*child)));
                if children.is_empty() {
                    self.nothing();
                }
            }
            Kind::Message => self.message(index, part, children.first().copied()),
            // RFC 9051 §9, body-type-basic: MESSAGE/RFC822 has an envelope and a body whatever became of it.
            Kind::Leaf if is_message(part) => self.message(index, part, None),
            Kind::Leaf | Kind::Multipart => self.leaf(part),
        }
    }

    /// A part that is not there: the grammar wants one.
    fn nothing(&mut self) {
        self.out.extend_from_slice(b"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0");
        if self.extension == Extension::With {
            self.out.extend_from_slice(b" NIL NIL NIL NIL");
        }
        self.out.push(b')');
    }

    fn leaf(&mut self, part: &SummaryPart) {
        self.basic(part);
        if part.media_type == "text" {
            self.number(part.lines);
        }
        self.end_single(part);
    }

    fn message(&mut self, index: usize, part: &SummaryPart, child: Option<usize>) {
        self.basic(part);
        self.out.push(b' ');
        let envelope =
            child.and_then(|child| self.summary.parts.get(child)).and_then(|child| child.envelope.as_deref());
        write_envelope(&mut self.out, envelope.unwrap_or(&Envelope::default()), self.charset);
        self.out.push(b' ');
        self.todo.push(Todo::Message(index));
        // A place past the end is a part that is not there.
        self.todo.push(Todo::Part(child.unwrap_or(self.summary.parts.len())));
    }

    fn end_message(&mut self, index: usize) {
        if let Some(part) = self.summary.parts.get(index) {
            self.number(part.lines);
            self.end_single(part);
        }
    }

    /// Subtype, then parameters, disposition, language, location.
    fn end_multipart(&mut self, index: usize) {
        let Some(part) = self.summary.parts.get(index) else { return };
        self.out.push(b' ');
        self.string(part.subtype.as_bytes());
        if self.extension == Extension::With {
            self.parameters(&part.parameters, Default::default());
            self.disposition_on(part);
        }
        self.out.push(b')');
    }

    /// Type, subtype, parameters, id, description, encoding, octets.
    fn basic(&mut self, part: &SummaryPart) {
        self.out.push(b'(');
        self.string(part.media_type.as_bytes());
        self.out.push(b' ');
        self.string(part.subtype.as_bytes());
        // RFC 2046 §4.1.2: text without a charset is US-ASCII.
        let charset = if part.media_type == "text" { Some("us-ascii") } else { None };
        self.parameters(&part.parameters, charset);
        self.nstring(part.id.as_deref());
        self.nstring(part.description.as_deref());
        self.out.push(b' ');
        self.string(part.encoding.as_bytes());
        self.number(part.body.end.saturating_sub(part.body.start));
    }

    /// MD5, disposition, language, location of a part that is not a multipart.
    fn end_single(&mut self, part: &SummaryPart) {
        if self.extension == Extension::With {
            self.nstring(part.md5.as_deref());
            self.disposition_on(part);
        }
        self.out.push(b')');
    }

    fn disposition_on(&mut self, part: &SummaryPart) {
        match &part.disposition {
            Some(Disposition { kind, parameters }) => {
                self.out.extend_from_slice(b" (");
                self.string(kind.as_bytes());
                self.parameters(parameters, None);
                self.out.push(b')');
            }
            None => self.nstring(None),
        }
        match part.language.as_slice() {
            [] => self.nstring(None),
            [tag] => self.nstring(Some(tag.as_bytes())),
            tags => {
                for (index, tag) in tags.iter().enumerate() {
                    self.out.extend_from_slice(if index == 0 { b" (" } else { b" " });
                    self.string(tag.as_bytes());
                }
                self.out.push(b')');
            }
        }
        self.nstring(part.location.as_deref());
    }

    /// A space and the list; NIL where it is empty.
    fn parameters(&mut self, parameters: &[Parameter], charset: Option<&str>) {
        let needed = charset.filter(|_| !parameters.iter().any(|parameter| is_charset(&parameter.name)));
        if parameters.is_empty() && needed.is_none() {
            return self.nstring(None);
        }
        let start = self.out.len();
        if parameters.iter().any(|parameter| parameter.name.contains('*')) {
            joined(parameters).iter().for_each(|(name, value)| self.parameter(name, value));
        } else {
            parameters.iter().for_each(|parameter| self.parameter(&parameter.name, &parameter.value));
        }
        needed.iter().for_each(|charset| self.parameter("charset", charset.as_bytes()));
        // The list begins where its first space is, which then stands before the list.
        self.out.insert(start + 1, b'(');
        self.out.push(b')');
    }

    /// A space, the name, a space, the value.
    fn parameter(&mut self, name: &str, value: &[u8]) {
        self.out.push(b' ');
        self.string(name.as_bytes());
        self.out.push(b' ');
        self.string(value);
    }

    fn string(&mut self, text: &[u8]) {
        string(&mut self.out, text, self.charset);
    }

    /// A space and the string, or NIL.
    fn nstring(&mut self, text: Option<&[u8]>) {
        self.out.push(b' ');
        nstring(&mut self.out, text, self.charset);
    }

    /// A space and the number.
    fn number(&mut self, value: u64) {
        self.out.push(b' ');
        number(&mut self.out, value);
    }
}

/// Whether it is the charset, whole, extended or in sections (RFC 2231 §4).
fn is_charset(name: &str) -> bool {
    name.split('*').next() == Some("charset")
}

fn is_message(part: &SummaryPart) -> bool {
    part.media_type == "message" && matches!(part.subtype.as_str(), "rfc822" | "global")
}

/// A parameter in sections: the sections by number, each with whether it is percent-encoded.
type Sections<'a> = Vec<(u32, bool, &'a [u8])>;

/// Parameters with their continuations joined (RFC 2231 §3; RFC 9051 §7.5.2 asks for it). What was extended (RFC 2231 §4)
/// stays so, charset and percent signs and all, under the name with an asterisk, which is how clients know it.
fn joined(parameters: &[Parameter]) -> Vec<(String, Vec<u8>)> {
    let mut out: Vec<(String, Vec<u8>)> = Vec::new();
    let mut places: Vec<(usize, Sections<'_>)> = Vec::new();
    for parameter in parameters {
        let Some((name, number, extended)) = section_name(&parameter.name) else {
            out.push((parameter.name.clone(), parameter.value.clone()));
            continue;
        };
        let place = places.iter_mut().find(|(at, _)| out.get(*at).is_some_and(|(known, _)| known == name));
        match place {
            Some((_, sections)) => sections.push((number, extended, &parameter.value)),
            None => {
                places.push((out.len(), vec![(number, extended, &parameter.value)]));
                out.push((name.to_owned(), Vec::new()));
            }
        }
    }
    for (at, mut sections) in places {
        sections.sort_by_key(|(number, ..)| *number);
        let extended = sections.iter().any(|(_, extended, _)| *extended);
        if let Some((name, value)) = out.get_mut(at) {
            *value = join(&sections, extended);
            name.push_str(if extended { "*" } else { "" });
        }
    }
    out
}

/// `filename*2*` is section 2 of `filename`, extended.
fn section_name(name: &str) -> Option<(&str, u32, bool)> {
    let (name, extended) = name.strip_suffix('*').map_or((name, false), |name| (name, true));
    let (name, number) = name.rsplit_once('*')?;
    let digits = !number.is_empty() && number.bytes().all(|octet| octet.is_ascii_digit());
    let number = number.parse().ok().filter(|_| digits && !name.is_empty())?;
    Some((name, number, extended))
}

/// Sections in order, up to the first that is missing.
fn join(sections: &[(u32, bool, &[u8])], extended: bool) -> Vec<u8> {
    let mut value = Vec::new();
    for (wanted, (number, encoded, text)) in (0_u32..).zip(sections) {
        if *number != wanted {
            break;
        }
        if *encoded || !extended {
            value.extend_from_slice(text);
        } else {
            value.extend_from_slice(percent_encoded(text).as_bytes());
        }
    }
    value
}

/// RFC 2231 §7, attribute-char, everything else in hexadecimal.
fn percent_encoded(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text {
        if octet.is_ascii_alphanumeric() || b"!#$&+-.^_`{|}~".contains(octet) {
            out.push(char::from(*octet));
        } else {
            // Writing to a string cannot fail.
            write!(out, "%{octet:02X}").unwrap_or(());
        }
    }
    out
}

#[cfg(test)]
#[path = "structure_tests.rs"]
mod tests;
