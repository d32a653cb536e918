//! What a term means as a key of the search (`super::super::key`). Owns the table of kinds of attachments. What only an
//! account can tell, as its mailboxes and labels, is asked of the caller.

use super::{Place, Query, State, Term};
use crate::bodies::name;
use crate::search::{AddressField, DateOf, Key, Needle, Relation, fold};
use crate::structure::Kind;
use crate::summary::SummaryPart;
use crate::{Summary, SystemFlag, Time};

/// What an attachment is like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Attached {
    /// Media type and subtype both are this.
    Type(&'static str, &'static str),
    /// The media type is this.
    Media(String),
    /// The subtype holds this.
    Subtype(String),
    /// Media type and subtype as typed.
    Exactly(String, String),
    /// The name ends so, dot included.
    Ending(&'static str),
}

/// Words people have for kinds of files, and what such a file is: its types, and the endings of its names, since many
/// programs send every file as `application/octet-stream`.
const KINDS: &[(&[&str], &[&str], &[&str])] = &[
    (&["pdf"], &["application/pdf"], &[".pdf"]),
    (
        &["document", "doc", "docx", "odt", "word"],
        &[
            "application/msword",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.oasis.opendocument.text",
            "application/rtf",
        ],
        &[".doc", ".docx", ".odt", ".rtf"],
    ),
    (
        &["spreadsheet", "xls", "xlsx", "ods", "excel"],
        &[
            "application/vnd.ms-excel",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.oasis.opendocument.spreadsheet",
            "text/csv",
        ],
        &[".xls", ".xlsx", ".ods", ".csv"],
    ),
    (
        &["presentation", "ppt", "pptx", "odp", "slides"],
        &[
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            "application/vnd.oasis.opendocument.presentation",
        ],
        &[".ppt", ".pptx", ".odp"],
    ),
    (
        &["archive", "zip"],
        &[
            "application/zip",
            "application/gzip",
            "application/x-tar",
            "application/x-7z-compressed",
            "application/vnd.rar",
        ],
        &[".zip", ".gz", ".tgz", ".tar", ".7z", ".rar"],
    ),
    (&["calendar", "invite", "ics"], &["text/calendar"], &[".ics"]),
    (&["contact", "vcard", "vcf"], &["text/vcard", "text/x-vcard"], &[".vcf"]),
    (&["message", "mail", "eml"], &["message/rfc822", "message/global"], &[".eml"]),
];

/// Media types that are words by themselves.
const MEDIA: &[(&str, &str)] =
    &[("image", "image"), ("photo", "image"), ("audio", "audio"), ("music", "audio"), ("video", "video")];

/// What `type:` with this value looks for: one of these holds for some attachment.
#[must_use]
pub fn attached(value: &str) -> Vec<Attached> {
    let value = value.to_lowercase();
    if let Some((media, subtype)) = value.split_once('/') {
        return match subtype {
            "" | "*" => vec![Attached::Media(media.to_owned())],
            _ => vec![Attached::Exactly(media.to_owned(), subtype.to_owned())],
        };
    }
    if let Some((_, media)) = MEDIA.iter().find(|(word, _)| *word == value || word.strip_suffix('s') == Some(&value)) {
        return vec![Attached::Media((*media).to_owned())];
    }
    let Some((_, types, endings)) = KINDS.iter().find(|(words, ..)| words.contains(&value.as_str())) else {
        return vec![Attached::Subtype(value)];
    };
    let types = types.iter().filter_map(|name| name.split_once('/')).map(|(media, sub)| Attached::Type(media, sub));
    types.chain(endings.iter().map(|ending| Attached::Ending(ending))).collect()
}

impl Attached {
    /// Whether a part of this type, both in lower case, and of this name is so.
    #[must_use]
    pub fn fits(&self, media: &str, subtype: &str, name: &str) -> bool {
        match self {
            Attached::Type(a, b) => *a == media && *b == subtype,
            Attached::Exactly(a, b) => a == media && b == subtype,
            Attached::Media(wanted) => wanted == media,
            Attached::Subtype(wanted) => subtype.contains(wanted.as_str()),
            Attached::Ending(ending) => {
                let from = name.len().saturating_sub(ending.len());
                name.get(from..).is_some_and(|end| end.eq_ignore_ascii_case(ending))
            }
        }
    }
}

impl Query {
    /// As a key, where `own` says what terms mean that only the account can tell: [`Term::Mailbox`], [`Term::Label`],
    /// snoozed, what [`Term::holds`] answers, and whatever else it wants to say itself. What nobody knows is true of no message.
    pub fn key(&self, now: Time, own: &mut impl FnMut(&Term) -> Option<Key>) -> Key {
        match self {
            Query::All(queries) => Key::And(queries.iter().map(|query| query.key(now, own)).collect()),
            Query::Any(queries) => Key::Or(queries.iter().map(|query| query.key(now, own)).collect()),
            Query::Not(query) => Key::Not(Box::new(query.key(now, own))),
            Query::Term(term) => own(term).or_else(|| term.key(now)).unwrap_or_else(|| Key::Or(Vec::new())),
        }
    }
}

impl Term {
    /// As a key, where it is one without knowing the account.
    #[must_use]
    pub fn key(&self, now: Time) -> Option<Key> {
        let header = |name: &str, text: &str| Key::Header { name: name.to_owned(), text: text.to_owned() };
        let arrival = |relation, day| Key::Date(DateOf::Arrival, relation, day);
        Some(match self {
            Term::Text(text) => Key::Text(text.clone()),
            Term::In(Place::From, text) => Key::Address(AddressField::From, text.clone()),
            Term::In(Place::To, text) => Key::Address(AddressField::To, text.clone()),
            Term::In(Place::Cc, text) => Key::Address(AddressField::Cc, text.clone()),
            Term::In(Place::Bcc, text) => Key::Address(AddressField::Bcc, text.clone()),
            Term::In(Place::Subject, text) => Key::Subject(text.clone()),
            Term::In(Place::Body, text) => Key::Body(text.clone()),
            Term::In(Place::List, text) => header("List-Id", text),
            Term::In(Place::MessageId, text) => header("Message-ID", text),
            Term::In(Place::DeliveredTo, text) => header("Delivered-To", text),
            Term::Is(state) => return state.key(),
            Term::Mailbox(name) if is_anywhere(name) => Key::all(),
            Term::Mailbox(_) | Term::Label(_) => return None,
            // Of the parts, which no key looks at: [`Term::holds`].
            Term::In(Place::Filename, _) | Term::HasAttachment | Term::Type(_) => return None,
            Term::Before(when) => arrival(Relation::Before, when.days(now).0),
            Term::After(when) => arrival(Relation::Since, when.days(now).0),
            Term::On(when) => {
                let (first, after) = when.days(now);
                Key::And(vec![arrival(Relation::Since, first), arrival(Relation::Before, after)])
            }
            Term::OlderThan(age) => Key::Older(age.seconds()),
            Term::NewerThan(age) => Key::Younger(age.seconds()),
            Term::Larger(octets) => Key::Larger(*octets),
            Term::Smaller(octets) => Key::Smaller(*octets),
        })
    }
}

impl Term {
    /// Whether it is so of a message, where that is a question to its parts; `None` where it is not. What counts as an
    /// attachment is told once, here: a part that is marked as one or has a name, a message that lies in another, and
    /// whatever is no text, unless it is a picture that the text shows (it has a Content-ID).
    #[must_use]
    pub fn holds(&self, summary: &Summary) -> Option<bool> {
        let mut files = summary.parts.iter().filter(|part| is_file(part, summary));
        Some(match self {
            Term::HasAttachment => files.next().is_some(),
            Term::Type(value) => {
                let wanted = attached(value);
                files.any(|part| {
                    let name = name(part).unwrap_or_default();
                    wanted.iter().any(|kind| kind.fits(&part.media_type, &part.subtype, &name))
                })
            }
            Term::In(Place::Filename, text) => {
                let needle = Needle::new(text);
                files.any(|part| needle.is_in(fold(&name(part).unwrap_or_default()).as_bytes()))
            }
            _ => return None,
        })
    }
}

fn is_file(part: &SummaryPart, summary: &Summary) -> bool {
    if part.kind == Kind::Multipart {
        return false;
    }
    if part.kind == Kind::Message {
        return part.parent.is_some();
    }
    // What lies in an attached message is that message's.
    let mut above = part.parent;
    while let Some(parent) = above.and_then(|index| summary.parts.get(usize::try_from(index).ok()?)) {
        if parent.kind == Kind::Message && parent.parent.is_some() {
            return false;
        }
        above = parent.parent;
    }
    match part.disposition.as_ref().map(|disposition| disposition.kind.as_str()) {
        Some("attachment") => true,
        Some("inline") if part.id.is_some() => false,
        _ => !name(part).unwrap_or_default().is_empty() || (part.media_type != "text" && part.id.is_none()),
    }
}

impl State {
    fn key(self) -> Option<Key> {
        let not = |key: Key| Key::Not(Box::new(key));
        Some(match self {
            State::Unread => not(Key::Flag(SystemFlag::Seen)),
            State::Read => Key::Flag(SystemFlag::Seen),
            State::Starred => Key::Flag(SystemFlag::Flagged),
            State::Answered => Key::Flag(SystemFlag::Answered),
            State::Draft => Key::Flag(SystemFlag::Draft),
            State::Forwarded => Key::Keyword("$Forwarded".to_owned()),
            State::Muted => Key::Keyword("$muted".to_owned()),
            State::Snoozed => return None,
        })
    }
}

/// The names for every mailbox at once.
fn is_anywhere(name: &str) -> bool {
    ["anywhere", "all"].iter().any(|known| known.eq_ignore_ascii_case(name))
}
