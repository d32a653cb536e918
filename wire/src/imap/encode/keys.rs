//! Search keys (RFC 9051 §6.4.4). A tree is written as it is read: of what [`Key`] can say in several ways (an `And` of
//! one, say), the reader makes one.

use super::super::command::SYSTEM_FLAGS;
use super::super::sequence;
use super::writer::Writer;
use message::date;
use message::search::{AddressField, Algorithm, DateOf, Day, Key, Relation, SortBy, SystemFlag};

/// Keys with the charset before them where one is needed.
pub(super) fn program(key: &Key, w: &mut Writer) {
    if key.any(&mut has_utf8) {
        w.text("CHARSET UTF-8 ");
    }
    all(key, w);
}

fn has_utf8(key: &Key) -> bool {
    match key {
        Key::Address(_, text) | Key::Subject(text) | Key::Body(text) | Key::Text(text) => !text.is_ascii(),
        Key::Header { name, text } => !text.is_ascii() || !name.is_ascii(),
        _ => false,
    }
}

/// Keys that all hold, without parentheses.
pub(super) fn all(key: &Key, w: &mut Writer) {
    match key {
        Key::And(keys) if !keys.is_empty() => keys.iter().enumerate().for_each(|(index, key)| {
            w.text(if index > 0 { " " } else { "" });
            write(key, w);
        }),
        key => write(key, w),
    }
}

fn write(key: &Key, w: &mut Writer) {
    match key {
        Key::And(keys) if keys.is_empty() => w.text("ALL"),
        Key::And(keys) => w.list(keys, |w, key| write(key, w)),
        Key::Or(keys) => or(keys, w),
        Key::Not(key) => {
            w.text("NOT ");
            write(key, w);
        }
        Key::Fuzzy(key) => {
            w.text("FUZZY ");
            write(key, w);
        }
        Key::Numbers(set) => w.text(&sequence::write(set)),
        Key::Uids(set) => w.text(&format!("UID {}", sequence::write(set))),
        Key::Saved => w.text("$"),
        Key::Flag(flag) => w.text(flag_name(*flag)),
        Key::Keyword(keyword) => w.text(&format!("KEYWORD {keyword}")),
        Key::Larger(octets) => w.text(&format!("LARGER {octets}")),
        Key::Smaller(octets) => w.text(&format!("SMALLER {octets}")),
        Key::Date(of, relation, day) => w.text(&dated(*of, *relation, *day)),
        Key::Older(seconds) => w.text(&format!("OLDER {seconds}")),
        Key::Younger(seconds) => w.text(&format!("YOUNGER {seconds}")),
        Key::ModSeq(mod_seq) => w.text(&format!("MODSEQ {mod_seq}")),
        Key::EmailId(id) => w.text(&format!("EMAILID {id}")),
        Key::ThreadId(id) => w.text(&format!("THREADID {id}")),
        Key::SaveDateSupported => w.text("SAVEDATESUPPORTED"),
        Key::Address(field, value) => text(address_name(*field), value, w),
        Key::Subject(value) => text("SUBJECT", value, w),
        Key::Body(value) => text("BODY", value, w),
        Key::Text(value) => text("TEXT", value, w),
        // IMAP has no word for it: true of no message.
        Key::Other(_) => w.text("NOT ALL"),
        Key::Header { name, text: value } => {
            w.text("HEADER ");
            w.astring(name.as_bytes());
            w.text(" ");
            w.astring(value.as_bytes());
        }
    }
}

/// A chain; one that stands last in another keeps to itself in parentheses.
fn or(keys: &[Key], w: &mut Writer) {
    for (index, key) in keys.iter().enumerate() {
        let last = index + 1 == keys.len();
        w.text(if last { "" } else { "OR " });
        if last && matches!(key, Key::Or(_)) {
            w.list(std::slice::from_ref(key), |w, key| write(key, w));
        } else {
            write(key, w);
        }
        w.text(if last { "" } else { " " });
    }
}

fn text(word: &str, value: &str, w: &mut Writer) {
    w.text(word);
    w.text(" ");
    w.astring(value.as_bytes());
}

fn flag_name(flag: SystemFlag) -> &'static str {
    SYSTEM_FLAGS.iter().find(|(known, _)| *known == flag).map_or("", |(_, name)| name)
}

fn address_name(field: AddressField) -> &'static str {
    match field {
        AddressField::From => "FROM",
        AddressField::To => "TO",
        AddressField::Cc => "CC",
        AddressField::Bcc => "BCC",
    }
}

fn dated(of: DateOf, relation: Relation, day: Day) -> String {
    let of = match of {
        DateOf::Arrival => "",
        DateOf::Sent => "SENT",
        DateOf::Saved => "SAVED",
    };
    let relation = match relation {
        Relation::Before => "BEFORE",
        Relation::On => "ON",
        Relation::Since => "SINCE",
    };
    let (year, month, day) = date::civil(day.0);
    format!("{of}{relation} {day}-{}-{year:04}", date::month_name(month))
}

pub(super) fn sort_name(by: SortBy) -> &'static str {
    match by {
        SortBy::Arrival => "ARRIVAL",
        SortBy::Cc => "CC",
        SortBy::Date => "DATE",
        SortBy::From => "FROM",
        SortBy::Size => "SIZE",
        SortBy::Subject => "SUBJECT",
        SortBy::To => "TO",
        SortBy::DisplayFrom => "DISPLAYFROM",
        SortBy::DisplayTo => "DISPLAYTO",
    }
}

pub(super) fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::OrderedSubject => "ORDEREDSUBJECT",
        Algorithm::References => "REFERENCES",
    }
}
