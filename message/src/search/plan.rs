//! Whether a message is what is looked for, decided from as little of it as will do: first its row, then its record and
//! summary, last its content. Owns the order of looking and the meaning of each key. Does not fetch anything.

use super::key::{AddressField, DateOf, Day, Key, Relation};
use super::reading::{Heard, Reading};
use super::seek::{Needle, Seeker};
use crate::{Summary, SystemFlag, Time};
use std::ops::RangeInclusive;

const DAY_MS: u64 = 86_400_000;

/// What a listing knows of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its UID.
    pub uid: u32,
    /// The e-mail it shows.
    pub email: u64,
    /// Its flags as bits.
    pub flags: u64,
    /// Its last change.
    pub modseq: u64,
    /// Octets.
    pub size: u64,
    /// INTERNALDATE.
    pub arrival: Time,
}

/// What else is kept beside a message, its summary aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The thread it belongs to.
    pub thread: u64,
    /// When it came into the mailbox.
    pub saved: Time,
}

/// What keys mean in one mailbox at one time.
pub trait Meaning {
    /// What `OLDER` and `YOUNGER` count from.
    fn now(&self) -> Time;
    /// The highest UID there is: what `*` means.
    fn last_uid(&self) -> u32;
    /// The bit of a flag.
    fn flag(&self, flag: SystemFlag) -> u64;
    /// The bit of a keyword; `None` where no message can have it.
    fn keyword(&self, name: &str) -> Option<u64>;
    /// The e-mail that a client names so.
    fn email(&self, id: &str) -> Option<u64>;
    /// The thread that a client names so.
    fn thread(&self, id: &str) -> Option<u64>;
}

/// How much of a message has to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// Its row in the listing.
    Row,
    /// Its record and its summary.
    Summary,
    /// Its headers.
    Headers,
    /// All of it.
    Whole,
}

/// A key made ready to be put to many messages.
#[derive(Debug)]
pub struct Plan {
    root: Node,
    leaves: Vec<Leaf>,
}

#[derive(Debug)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Leaf(usize),
}

/// One question to a message.
#[derive(Debug)]
pub enum Leaf {
    /// Always so, or never.
    Always(bool),
    /// Its UID is in these, in rising order.
    Uids(Vec<RangeInclusive<u32>>),
    /// One of these bits is set.
    Flag(u64),
    /// It has more octets.
    Larger(u64),
    /// It has fewer octets.
    Smaller(u64),
    /// It came in so.
    Arrival(Relation, Day),
    /// It came in then or earlier, in seconds.
    Until(u64),
    /// It came in then or later, in seconds.
    From(u64),
    /// It changed then or later.
    ModSeq(u64),
    /// It is this e-mail.
    Email(u64),
    /// It is in this thread.
    Thread(u64),
    /// It came into the mailbox so.
    Saved(Relation, Day),
    /// It was sent so.
    Sent(Relation, Day),
    /// Its addresses hold this.
    Address(AddressField, Needle),
    /// Its subject holds this.
    Subject(Needle),
    /// A field of this name holds this.
    Header(String, Needle),
    /// Its bodies hold this.
    Body(Needle),
    /// Its fields or bodies hold this.
    Text(Needle),
    /// Whoever searches answers it, before or when the summary is looked at.
    Other(u32),
}

/// What is known of each question to one message.
pub type Known = Vec<Option<bool>>;

impl Plan {
    /// For a key. What only a session knows ([`Key::Numbers`], [`Key::Saved`], `\Recent`) should be replaced by now, and
    /// is true of no message.
    #[must_use]
    pub fn new(key: &Key, meaning: &impl Meaning) -> Plan {
        let mut leaves = Vec::new();
        let root = Node::of(key, meaning, &mut leaves);
        Plan { root, leaves }
    }

    /// The questions.
    #[must_use]
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Nothing known yet.
    #[must_use]
    pub fn unknown(&self) -> Known {
        vec![None; self.leaves.len()]
    }

    /// Whether the message is what is looked for, as far as what is known decides it.
    #[must_use]
    pub fn decide(&self, known: &Known) -> Option<bool> {
        self.root.decide(known)
    }

    /// How deep the next look has to go: as deep as the cheapest question that is open and counts.
    #[must_use]
    pub fn next(&self, known: &Known) -> Option<Depth> {
        self.root.next(known, &self.leaves)
    }

    /// Answers what the row answers.
    pub fn look_at_row(&self, row: &Row, known: &mut Known) {
        for (leaf, answer) in self.leaves.iter().zip(known) {
            *answer = answer.or_else(|| leaf.of_row(row));
        }
    }

    /// Answers what record and summary answer.
    pub fn look_at_summary(&self, record: &Record, summary: &Summary, known: &mut Known) {
        for (leaf, answer) in self.leaves.iter().zip(known) {
            if answer.is_none() {
                *answer = leaf.of_record(record).or_else(|| leaf.of_summary(summary));
            }
        }
    }

    /// Gets ready to read the message for what is still open.
    #[must_use]
    pub fn listen<'a>(&'a self, summary: &'a Summary, depth: Depth, known: &Known) -> Listener<'a> {
        Listener::new(self, summary, depth, known)
    }
}

impl Node {
    fn of(key: &Key, meaning: &impl Meaning, leaves: &mut Vec<Leaf>) -> Node {
        let all =
            |keys: &[Key], leaves: &mut Vec<Leaf>| keys.iter().map(|key| Node::of(key, meaning, leaves)).collect();
        match key {
            Key::And(keys) => Node::And(all(keys, leaves)),
            Key::Or(keys) => Node::Or(all(keys, leaves)),
            Key::Not(key) => Node::Not(Box::new(Node::of(key, meaning, leaves))),
            Key::Fuzzy(key) => fuzzy(key, meaning, leaves),
            leaf => {
                leaves.push(Leaf::of(leaf, meaning));
                Node::Leaf(leaves.len() - 1)
            }
        }
    }

    /// Three values: what is open may turn out either way.
    fn decide(&self, known: &Known) -> Option<bool> {
        match self {
            Node::And(nodes) => all_of(nodes.iter().map(|node| node.decide(known))),
            Node::Or(nodes) => all_of(nodes.iter().map(|node| node.decide(known).map(|is| !is))).map(|none| !none),
            Node::Not(node) => node.decide(known).map(|is| !is),
            Node::Leaf(index) => known.get(*index).copied().flatten(),
        }
    }

    fn next(&self, known: &Known, leaves: &[Leaf]) -> Option<Depth> {
        if self.decide(known).is_some() {
            return None;
        }
        match self {
            Node::And(nodes) | Node::Or(nodes) => nodes.iter().filter_map(|node| node.next(known, leaves)).min(),
            Node::Not(node) => node.next(known, leaves),
            Node::Leaf(index) => leaves.get(*index).map(Leaf::depth),
        }
    }
}

/// True when all are, false when one is not.
fn all_of(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut all = Some(true);
    for value in values {
        match value {
            Some(false) => return Some(false),
            Some(true) => {}
            None => all = None,
        }
    }
    all
}

/// RFC 6203 §3: near enough is that every word is there, in any order.
fn fuzzy(key: &Key, meaning: &impl Meaning, leaves: &mut Vec<Leaf>) -> Node {
    let (make, text): (fn(&Key, String) -> Key, &str) = match key {
        Key::Subject(text) => (|_, word| Key::Subject(word), text),
        Key::Body(text) => (|_, word| Key::Body(word), text),
        Key::Text(text) => (|_, word| Key::Text(word), text),
        Key::Address(_, text) => (
            |key, word| if let Key::Address(field, _) = key { Key::Address(*field, word) } else { Key::Text(word) },
            text,
        ),
        other => return Node::of(other, meaning, leaves),
    };
    let words: Vec<Key> = text.split_whitespace().map(|word| make(key, word.to_owned())).collect();
    Node::of(&Key::And(words), meaning, leaves)
}

impl Leaf {
    fn of(key: &Key, meaning: &impl Meaning) -> Leaf {
        let or_never = |leaf: Option<Leaf>| leaf.unwrap_or(Leaf::Always(false));
        match key {
            Key::Uids(set) => Leaf::Uids(set.ranges(meaning.last_uid())),
            Key::Flag(SystemFlag::Recent) | Key::Numbers(_) | Key::Saved => Leaf::Always(false),
            Key::Flag(flag) => Leaf::Flag(meaning.flag(*flag)),
            Key::Keyword(name) => or_never(meaning.keyword(name).map(Leaf::Flag)),
            Key::Larger(octets) => Leaf::Larger(*octets),
            Key::Smaller(octets) => Leaf::Smaller(*octets),
            Key::Date(DateOf::Arrival, relation, day) => Leaf::Arrival(*relation, *day),
            Key::Date(DateOf::Sent, relation, day) => Leaf::Sent(*relation, *day),
            Key::Date(DateOf::Saved, relation, day) => Leaf::Saved(*relation, *day),
            // RFC 5032 §2: to the second, and the second itself is in both.
            Key::Older(seconds) => Leaf::Until(meaning.now().unix_seconds().saturating_sub(u64::from(*seconds))),
            Key::Younger(seconds) => Leaf::From(meaning.now().unix_seconds().saturating_sub(u64::from(*seconds))),
            Key::ModSeq(modseq) => Leaf::ModSeq(*modseq),
            Key::EmailId(id) => or_never(meaning.email(id).map(Leaf::Email)),
            Key::ThreadId(id) => or_never(meaning.thread(id).map(Leaf::Thread)),
            Key::SaveDateSupported => Leaf::Always(true),
            Key::Address(field, text) => Leaf::Address(*field, Needle::new(text)),
            Key::Subject(text) => Leaf::Subject(Needle::new(text)),
            Key::Header { name, text } => Leaf::Header(name.clone(), Needle::new(text)),
            Key::Body(text) => Leaf::Body(Needle::new(text)),
            Key::Text(text) => Leaf::Text(Needle::new(text)),
            Key::Other(number) => Leaf::Other(*number),
            Key::And(_) | Key::Or(_) | Key::Not(_) | Key::Fuzzy(_) => Leaf::Always(false),
        }
    }

    fn depth(&self) -> Depth {
        match self {
            Leaf::Thread(_) | Leaf::Saved(..) | Leaf::Sent(..) | Leaf::Address(..) | Leaf::Subject(_) => Depth::Summary,
            Leaf::Other(_) => Depth::Summary,
            Leaf::Header(..) => Depth::Headers,
            Leaf::Body(_) | Leaf::Text(_) => Depth::Whole,
            _ => Depth::Row,
        }
    }

    fn of_row(&self, row: &Row) -> Option<bool> {
        Some(match self {
            Leaf::Always(is) => *is,
            Leaf::Uids(ranges) => {
                let after = ranges.partition_point(|range| *range.end() < row.uid);
                ranges.get(after).is_some_and(|range| range.contains(&row.uid))
            }
            Leaf::Flag(bits) => row.flags & bits != 0,
            Leaf::Larger(octets) => row.size > *octets,
            Leaf::Smaller(octets) => row.size < *octets,
            Leaf::Arrival(relation, day) => relation.holds(day_of(row.arrival), *day),
            Leaf::Until(seconds) => row.arrival.unix_seconds() <= *seconds,
            Leaf::From(seconds) => row.arrival.unix_seconds() >= *seconds,
            Leaf::ModSeq(modseq) => row.modseq >= *modseq,
            Leaf::Email(email) => row.email == *email,
            _ => return None,
        })
    }

    fn of_record(&self, record: &Record) -> Option<bool> {
        Some(match self {
            Leaf::Thread(thread) => record.thread == *thread,
            Leaf::Saved(relation, day) => relation.holds(day_of(record.saved), *day),
            _ => return None,
        })
    }

    fn of_summary(&self, summary: &Summary) -> Option<bool> {
        let holds = |needle: &Needle, text: String| needle.is_in(super::fold(&text).as_bytes());
        Some(match self {
            // A message that says no date was sent on none.
            Leaf::Sent(relation, day) => summary.sent().is_some_and(|date| relation.holds(Day(date.day()), *day)),
            Leaf::Address(field, needle) => holds(needle, summary.address_text(*field)),
            // RFC 9051 §6.4.4: the text is looked for in the field, so a message without one holds not even none.
            Leaf::Subject(needle) => summary.has_subject() && holds(needle, summary.subject_text()),
            _ => return None,
        })
    }
}

fn day_of(time: Time) -> Day {
    Day(i64::try_from(time.0 / DAY_MS).unwrap_or(i64::MAX))
}

impl Relation {
    /// Whether a day lies so to another.
    #[must_use]
    pub fn holds(self, day: Day, to: Day) -> bool {
        match self {
            Relation::Before => day < to,
            Relation::On => day == to,
            Relation::Since => day >= to,
        }
    }
}

/// Reads one message for the questions that are open.
#[derive(Debug)]
pub struct Listener<'a> {
    reading: Reading<'a>,
    open: Open<'a>,
    /// Octets of content that there is something to hear in.
    needed: u64,
}

/// The questions that reading answers, by their places in the plan.
#[derive(Debug)]
struct Open<'a> {
    headers: Vec<(usize, &'a str, &'a Needle, bool)>,
    bodies: Vec<usize>,
    texts: Vec<usize>,
    /// `bodies`, then `texts`: bodies are looked through for both at once.
    in_bodies: Seeker<'a>,
    /// `texts`, in fields.
    in_fields: Seeker<'a>,
}

impl<'a> Listener<'a> {
    fn new(plan: &'a Plan, summary: &'a Summary, depth: Depth, known: &Known) -> Listener<'a> {
        let (mut headers, mut bodies, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for (index, leaf) in plan.leaves.iter().enumerate().filter(|(index, _)| known.get(*index) == Some(&None)) {
            match leaf {
                Leaf::Header(name, needle) => headers.push((index, name.as_str(), needle, false)),
                Leaf::Body(needle) if depth == Depth::Whole => bodies.push((index, needle)),
                Leaf::Text(needle) if depth == Depth::Whole => texts.push((index, needle)),
                _ => {}
            }
        }
        let in_fields = Seeker::new(texts.iter().map(|(_, needle)| *needle).collect());
        let in_bodies = Seeker::new(bodies.iter().chain(&texts).map(|(_, needle)| *needle).collect());
        let indices = |list: &[(usize, &Needle)]| list.iter().map(|(index, _)| *index).collect();
        let open = Open { headers, bodies: indices(&bodies), texts: indices(&texts), in_bodies, in_fields };
        let reading = Reading::new(summary, depth == Depth::Whole);
        let top = summary.parts.first().map_or(0, |part| part.header.end);
        let needed = if depth == Depth::Whole { reading.needed() } else { top };
        Listener { reading, open, needed }
    }

    /// Fields that stand before the content.
    pub fn push_prefix(&mut self, prefix: &[u8]) {
        let open = &mut self.open;
        self.reading.push_prefix(prefix, &mut |heard| open.hear(heard));
    }

    /// The next octets of the content.
    pub fn push(&mut self, content: &[u8]) {
        let open = &mut self.open;
        self.reading.push(content, &mut |heard| open.hear(heard));
    }

    /// Whether more of the content, of which so much was pushed, could change anything.
    #[must_use]
    pub fn wants_more(&self, pushed: u64) -> bool {
        pushed < self.needed && !self.open.is_done()
    }

    /// Writes down what was found.
    pub fn finish(mut self, known: &mut Known) {
        let open = &mut self.open;
        self.reading.finish(&mut |heard| open.hear(heard));
        self.open.answer(known);
    }
}

impl Open<'_> {
    fn hear(&mut self, heard: Heard<'_>) {
        match heard {
            Heard::Field { top, name, text } => {
                if top {
                    self.hear_header(name, text);
                }
                if !self.texts.is_empty() {
                    self.in_fields.begin();
                    [name, ": ", text].iter().for_each(|piece| self.in_fields.push(piece));
                }
            }
            Heard::Body => self.in_bodies.begin(),
            Heard::Text(text) => self.in_bodies.push(text),
        }
    }

    fn hear_header(&mut self, name: &str, text: &str) {
        for (_, wanted, needle, found) in &mut self.headers {
            if !*found && name.eq_ignore_ascii_case(wanted) {
                // RFC 9051 §6.4.4: with an empty text, that the field is there is enough.
                *found = needle.is_in(super::fold(text).as_bytes());
            }
        }
    }

    fn is_done(&self) -> bool {
        let in_fields = self.in_fields.found().iter();
        let (bodies, texts) = self.in_bodies.found().split_at_checked(self.bodies.len()).unwrap_or((&[], &[]));
        self.headers.iter().all(|(.., found)| *found)
            && bodies.iter().all(|found| *found)
            && texts.iter().zip(in_fields).all(|(body, field)| *body || *field)
    }

    fn answer(&self, known: &mut Known) {
        let mut set = |index: usize, is: bool| known.get_mut(index).into_iter().for_each(|answer| *answer = Some(is));
        self.headers.iter().for_each(|(index, _, _, found)| set(*index, *found));
        let (bodies, texts) = self.in_bodies.found().split_at_checked(self.bodies.len()).unwrap_or((&[], &[]));
        self.bodies.iter().zip(bodies).for_each(|(index, found)| set(*index, *found));
        let fields = self.in_fields.found().iter();
        self.texts.iter().zip(texts).zip(fields).for_each(|((index, body), field)| set(*index, *body || *field));
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
