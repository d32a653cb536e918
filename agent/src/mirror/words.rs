//! The words of messages, for searching (`search`): what of a message goes into the index, and what a text is there: words
//! without case and marks; of scripts that put no space between words, every character alone. The text that was typed is cut
//! up in the same way and looked for as words that follow one another, the last as the beginning of one.

use super::types::MessageId;
use message::header::{Field, Mailbox, fields, message_ids};
use message::search::query::Term;
use message::search::{AddressField, field_text, fold};
use message::structure::Kind;
use message::{Summary, bodies};
use rusqlite::{Connection, params};
use std::ops::Range;

/// Names of recipients that a list shows.
pub(super) const NAMES_SHOWN: usize = 20;
/// Octets of the text of one message that are searched: a book's worth, and logs are not letters.
pub(super) const INDEXED_MAX: u64 = 256 * 1024;
/// Characters of a word from which on it is taken for the beginning of longer ones, too: what begins with two letters is a
/// tenth of all there is, and nobody looks for that. The index has a table of beginnings of this length.
const BEGINNING_MIN: usize = 3;
/// Characters of a preview.
const PREVIEW_MAX: usize = 200;

/// What of a message is searched.
#[derive(Debug, Default)]
pub(super) struct Texts {
    sender: String,
    recipients: String,
    copies: String,
    subject: String,
    body: String,
    files: String,
    kinds: String,
    list: String,
    delivered: String,
}

impl Texts {
    /// Of what a header tells.
    pub fn of_header(summary: &Summary, subject: &str) -> Texts {
        let copies = [AddressField::Cc, AddressField::Bcc].map(|field| summary.address_text(field)).join(" ");
        Texts {
            sender: summary.address_text(AddressField::From),
            recipients: summary.address_text(AddressField::To),
            copies,
            subject: subject.to_owned(),
            ..Texts::default()
        }
    }

    /// Of what the rest of the message tells; `read` gives octets of its content.
    pub fn of_rest(summary: &Summary, header: &[u8], read: impl Fn(Range<u64>) -> Vec<u8>) -> Texts {
        let mut texts = Texts::default();
        for field in fields(header) {
            if field.is("List-Id") {
                texts.list = field_text(field.value);
            } else if field.is("Delivered-To") {
                texts.delivered.push_str(&field_text(field.value));
                texts.delivered.push(' ');
            }
        }
        texts.body = body(summary, read);
        for part in summary.parts.iter().filter(|part| part.kind != Kind::Multipart) {
            texts.kinds.push_str(&format!("{} {} ", part.media_type, part.subtype));
            texts.files.push_str(&bodies::name(part).unwrap_or_default());
            texts.files.push(' ');
        }
        texts
    }

    /// The beginning of the text on one line.
    pub fn preview(&self) -> String {
        let mut preview = String::new();
        for word in self.body.split_whitespace().filter(|word| !word.starts_with('>')) {
            if preview.chars().count() + word.chars().count() > PREVIEW_MAX {
                break;
            }
            if !preview.is_empty() {
                preview.push(' ');
            }
            preview.push_str(word);
        }
        preview
    }
}

/// The text parts, HTML without its tags.
fn body(summary: &Summary, read: impl Fn(Range<u64>) -> Vec<u8>) -> String {
    let mut text = String::new();
    for part in bodies::Bodies::of(summary).text.into_iter().filter_map(|index| summary.parts.get(index)) {
        let end = part.body.end.min(part.body.start.saturating_add(INDEXED_MAX));
        let octets = read(part.body.start..end);
        let Some(shown) = message::text::body_text(part, &octets) else { continue };
        text.push_str(&if part.subtype == "html" { without_tags(&shown) } else { shown });
        text.push('\n');
        if text.len() as u64 > INDEXED_MAX {
            break;
        }
    }
    text
}

/// What a reader would see of HTML, roughly: enough for finding words and for a preview.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        text.push_str(rest.get(..start).unwrap_or_default());
        text.push(' ');
        let tag = rest.get(start..).unwrap_or_default();
        let hidden = ["style", "script", "head"]
            .into_iter()
            .find(|name| tag.get(1..=name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name)));
        let end = match hidden {
            Some(name) => {
                let close = tag.to_ascii_lowercase().find(&format!("</{name}"));
                close.and_then(|close| Some(close + tag.get(close..)?.find('>')? + 1))
            }
            None => tag.find('>').map(|end| end + 1),
        };
        rest = end.and_then(|end| tag.get(end..)).unwrap_or_default();
    }
    text.push_str(rest);
    entities(&text)
}

fn entities(text: &str) -> String {
    let named = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (name, meant)| text.replace(name, meant))
}

/// Whether a message has files, as `has:attachment` has it.
pub(super) fn has_files(summary: &Summary) -> bool {
    Term::HasAttachment.holds(summary).unwrap_or(false)
}

/// Puts the words of a header into the index, once for each message.
pub(super) fn index_head(tx: &Connection, message: MessageId, texts: &Texts) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO head_words (rowid, sender, recipients, copies, subject) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        message.0,
        cut(&texts.sender),
        cut(&texts.recipients),
        cut(&texts.copies),
        cut(&texts.subject)
    ])?;
    Ok(())
}

/// Puts what the rest of a message has into the index, once for each message.
pub(super) fn index_body(tx: &Connection, message: MessageId, texts: &Texts) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO body_words (rowid, body, files, kinds, list, delivered) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        message.0,
        cut(&texts.body),
        cut(&texts.files),
        cut(&texts.kinds),
        cut(&texts.list),
        cut(&texts.delivered)
    ])?;
    Ok(())
}

/// A text as words with one space between.
pub(super) fn cut(text: &str) -> String {
    let folded = fold(text);
    let mut words = String::with_capacity(folded.len());
    for c in folded.chars() {
        if stands_alone(c) {
            words.push(' ');
            words.push(c);
            words.push(' ');
        } else if c.is_alphanumeric() {
            words.push(c);
        } else {
            words.push(' ');
        }
    }
    words
}

/// Whether a character is of a script without spaces: Han, kana, Thai, Lao, Khmer, Burmese.
fn stands_alone(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xF900..=0xFAFF
        | 0x20000..=0x3FFFF)
}

/// What is typed, as a question to an index, of all its columns or some; `None`: there is no word in it.
pub(super) fn question(text: &str, columns: &str) -> Option<String> {
    let words = cut(text);
    let words: Vec<&str> = words.split_whitespace().collect();
    if words.is_empty() {
        return None;
    }
    let filter = if columns.is_empty() { String::new() } else { format!("{{{columns}}} : ") };
    let is_beginning = words.last().is_some_and(|word| word.chars().count() >= BEGINNING_MIN);
    Some(format!("{filter}\"{}\"{}", words.join(" "), if is_beginning { " *" } else { "" }))
}

/// The Message-ID of a header section, without brackets; empty where there is none.
pub(super) fn first_message_id(header: &[u8]) -> String {
    let field = fields(header).find(|field: &Field<'_>| field.is("Message-ID"));
    field.and_then(|field| message_ids(field.value).into_iter().next()).unwrap_or_default()
}

/// An address as people write it.
pub(super) fn address_text(mailbox: &Mailbox) -> String {
    let local = String::from_utf8_lossy(&mailbox.local_part);
    if mailbox.domain.is_empty() {
        return local.into_owned();
    }
    format!("{local}@{}", String::from_utf8_lossy(&mailbox.domain))
}
