//! One header field in any of the forms of RFC 8621 §4.1.2. Owns how each form is written (RFC 5322 §3.4, §3.6.4, RFC 2369
//! §2) and the order of a header. Does not own which form a field may have.

use crate::build::fold::{Folder, LINE_HARD_MAX};
use crate::{Address, Time, date};

/// A field of a header to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// As written before the colon: printable ASCII.
    pub name: String,
    /// What follows it.
    pub value: Value,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// As the client folded it (RFC 8621 §4.1.2.1), where it can stand so; else as text.
    Raw(String),
    /// Unstructured text.
    Text(String),
    /// An address list; a group without a name is addresses in no group.
    Addresses(Vec<Group>),
    /// Ids without their brackets.
    MessageIds(Vec<String>),
    /// A moment, and the minutes east of UTC it is written in.
    Date(Time, i16),
    /// Addresses in angle brackets, with commas between them (RFC 2369 §2).
    Urls(Vec<String>),
}

/// Addresses of one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// `None` where they are in no group.
    pub name: Option<String>,
    /// Who is in it.
    pub members: Vec<Correspondent>,
}

/// An entry of an address list as typed: in a draft the address may be unfinished.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correspondent {
    /// The name as people read it.
    pub name: Option<String>,
    /// The address, which need not be a valid one.
    pub email: String,
}

impl Field {
    /// Any form.
    #[must_use]
    pub fn new(name: &str, value: Value) -> Field {
        Field { name: name.to_owned(), value }
    }

    /// Writes the whole field. No value can begin a field of its own.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut folder = Folder::new(&self.name);
        match &self.value {
            Value::Raw(raw) if stands_as_it_is(raw) => {
                folder.attach(if raw.starts_with([' ', '\t', '\r']) { "" } else { " " });
                folder.attach(raw);
            }
            Value::Raw(text) | Value::Text(text) => folder.text(&text.replace("\r\n", "")),
            Value::Addresses(groups) => write_groups(groups, &mut folder),
            Value::MessageIds(ids) => ids.iter().for_each(|id| folder.word(&format!("<{}>", bare_id(id)))),
            Value::Date(time, offset_minutes) => folder.word(&date::write(*time, *offset_minutes)),
            Value::Urls(urls) => {
                for (index, url) in urls.iter().enumerate() {
                    let comma = if index + 1 < urls.len() { "," } else { "" };
                    folder.word(&format!("<{}>{comma}", bare_id(url)));
                }
            }
        }
        out.extend(folder.finish());
    }

    /// The order people are used to: who, whom, about what, ids, the rest.
    pub(super) fn rank(&self) -> usize {
        const ORDER: [&str; 11] = [
            "date",
            "from",
            "sender",
            "reply-to",
            "to",
            "cc",
            "bcc",
            "subject",
            "message-id",
            "in-reply-to",
            "references",
        ];
        ORDER.iter().position(|name| self.name.eq_ignore_ascii_case(name)).unwrap_or(ORDER.len())
    }
}

/// Printable ASCII in lines that fit, each fold followed by white space and not by an empty line (RFC 5322 §2.2.3).
fn stands_as_it_is(raw: &str) -> bool {
    let mut lines = raw.split("\r\n");
    let fits = |line: &str| {
        line.len() <= LINE_HARD_MAX - NAME_ROOM && line.bytes().all(|octet| matches!(octet, b' '..=b'~' | b'\t'))
    };
    let continues = |line: &str| line.starts_with([' ', '\t']) && !line.trim().is_empty();
    lines.next().is_some_and(fits) && lines.all(|line| fits(line) && continues(line))
}

/// Octets of a line of a raw value that are left to the name of the field.
const NAME_ROOM: usize = 100;

fn write_groups(groups: &[Group], folder: &mut Folder) {
    for (index, group) in groups.iter().enumerate() {
        let comma = if index + 1 < groups.len() { "," } else { "" };
        let Some(name) = &group.name else {
            write_members(&group.members, comma, folder);
            continue;
        };
        let end = format!(";{comma}");
        folder.phrase_with(name, &if group.members.is_empty() { format!(":{end}") } else { ":".to_owned() });
        write_members(&group.members, &end, folder);
    }
}

fn write_members(members: &[Correspondent], end: &str, folder: &mut Folder) {
    for (index, member) in members.iter().enumerate() {
        let comma = if index + 1 < members.len() { "," } else { end };
        let email = written_address(&member.email);
        match member.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => {
                folder.phrase(name);
                folder.word(&format!("<{email}>{comma}"));
            }
            // Some readers take a quoted local part for a name unless it stands in brackets.
            None if Address::parse(&email).is_ok() && !email.starts_with('"') => {
                folder.word(&format!("{email}{comma}"))
            }
            None => folder.word(&format!("<{email}>{comma}")),
        }
    }
}

/// A valid address as typed, where it can stand so; a name beyond ASCII as A-labels. What is no address loses what could end
/// it.
fn written_address(email: &str) -> String {
    let email = email.trim();
    match Address::parse(email) {
        Ok(_) if email.is_ascii() => email.to_owned(),
        Ok(address) => address.to_string(),
        Err(_) => email.chars().filter(|c| !c.is_control() && !"<>(),;:\\\"".contains(*c)).collect(),
    }
}

/// Without what could end an id, a location or a line.
pub(super) fn bare_id(id: &str) -> String {
    id.chars().filter(|c| !c.is_control() && !c.is_whitespace() && !"<>".contains(*c)).collect()
}
