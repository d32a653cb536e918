//! Searching mailboxes in memory, the slow and plain way.

use super::{Folder, Stored};
use message::Summary;
use message::search::{AddressField, DateOf, Key, Order, Relation, SystemFlag};
use message::thread::{OrderedSubject, References, Sorted, Sorter, Threaded};
use wire::imap::ask::{FoundRows, ObjectId};
use wire::imap::listing::bits;
use wire::imap::numbers;

pub fn found(folder: &Folder, key: &Key, order: &Order, keywords: &[String]) -> FoundRows {
    let hits: Vec<&Stored> = folder.messages.iter().filter(|message| fits(message, key, keywords)).collect();
    let sorted = |message: &Stored| Sorted {
        uid: message.uid,
        arrival: message.received,
        size: message.content.octets() as u64,
    };
    let summary = |message: &Stored| Summary::of(&message::parse(&message.content.bytes()));
    match order {
        Order::Uid => {
            let mut uids = Vec::new();
            hits.iter().for_each(|message| numbers::push(&mut uids, message.uid..=message.uid));
            FoundRows::Ranges(uids)
        }
        Order::Sort(criteria) => {
            let mut sorter = Sorter::new(criteria);
            hits.iter().for_each(|message| sorter.push(sorted(message), Some(&summary(message))));
            FoundRows::Sorted(sorter.finish())
        }
        Order::Thread(message::search::Algorithm::OrderedSubject) => {
            let mut threads = OrderedSubject::default();
            hits.iter().for_each(|message| threads.push(sorted(message), &summary(message)));
            lines(threads.finish())
        }
        Order::Thread(message::search::Algorithm::References) => {
            let mut threads = References::default();
            hits.iter().for_each(|message| threads.push(sorted(message), &summary(message)));
            lines(threads.finish())
        }
    }
}

fn lines(threads: Vec<Threaded>) -> FoundRows {
    FoundRows::Threads(threads.iter().map(|one| (one.depth, one.uid.unwrap_or(0))).collect())
}

fn fits(message: &Stored, key: &Key, keywords: &[String]) -> bool {
    let text = || String::from_utf8_lossy(&message.content.bytes()).to_lowercase();
    let header = || text().split("\r\n\r\n").next().unwrap_or_default().to_owned();
    let has = |text: &str, part: &str| text.contains(&part.to_lowercase());
    let field = |name: &str, part: &str| {
        let start = format!("{}:", name.to_lowercase());
        header().lines().any(|line| line.strip_prefix(&start).is_some_and(|value| has(value, part)))
    };
    match key {
        Key::And(keys) => keys.iter().all(|key| fits(message, key, keywords)),
        Key::Or(keys) => keys.iter().any(|key| fits(message, key, keywords)),
        Key::Not(key) => !fits(message, key, keywords),
        Key::Fuzzy(key) => fits(message, key, keywords),
        Key::Uids(set) => set.ranges(u32::MAX).iter().any(|range| range.contains(&message.uid)),
        Key::Numbers(_) | Key::Saved | Key::Flag(SystemFlag::Recent) => panic!("the session knows these: {key:?}"),
        Key::Flag(flag) => message.flags & flag.bit() != 0,
        Key::Keyword(name) => {
            let slot = keywords.iter().position(|known| known.eq_ignore_ascii_case(name));
            slot.is_some_and(|slot| message.flags >> (bits::FIRST_KEYWORD + u32::try_from(slot).unwrap()) & 1 == 1)
        }
        Key::Larger(octets) => message.content.octets() as u64 > *octets,
        Key::Smaller(octets) => (message.content.octets() as u64) < *octets,
        Key::Date(of, relation, day) => {
            let time = if *of == DateOf::Saved { message.saved } else { message.received };
            let own = i64::try_from(time.unix_seconds()).unwrap() / 86_400;
            match relation {
                Relation::Before => own < day.0,
                Relation::On => own == day.0,
                Relation::Since => own >= day.0,
            }
        }
        Key::Older(_) | Key::Other(_) => false,
        Key::Younger(_) | Key::SaveDateSupported => true,
        Key::ModSeq(modseq) => message.modseq >= *modseq,
        Key::EmailId(id) => ObjectId::Email(message.source).to_string() == *id,
        Key::ThreadId(id) => ObjectId::Thread(message.source).to_string() == *id,
        Key::Address(address, part) => field(address_name(*address), part),
        Key::Subject(part) => field("Subject", part),
        Key::Header { name, text } => field(name, text),
        Key::Body(part) => text().split_once("\r\n\r\n").is_some_and(|(_, body)| has(body, part)),
        Key::Text(part) => has(&text(), part),
    }
}

fn address_name(field: AddressField) -> &'static str {
    match field {
        AddressField::From => "From",
        AddressField::To => "To",
        AddressField::Cc => "Cc",
        AddressField::Bcc => "Bcc",
    }
}
