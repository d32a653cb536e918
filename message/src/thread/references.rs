//! THREAD=REFERENCES (RFC 5256 §3): who replied to whom, by the ids that messages name, then by subject. Owns the six
//! steps. Time grows with the ids there are and the logarithm of their number; memory holds each id once.

use super::forest::Forest;
use super::sort::{Sorted, compared, sent_ms};
use super::subject::base_subject;
use super::tree::{self, Threaded};
use crate::Summary;
use crate::header;
use std::collections::HashMap;

/// Messages are pushed in the order of the mailbox.
#[derive(Debug, Default)]
pub struct References {
    forest: Forest,
    /// By id, in its normal form.
    nodes: HashMap<Box<str>, u32>,
    /// By node; `None`: a message that is named and not there.
    messages: Vec<Option<Message>>,
    subjects: HashMap<String, u32>,
    pushed: u32,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    uid: u32,
    /// 0: none.
    subject: u32,
    is_reply: bool,
    sent_ms: i64,
    /// Its place in the mailbox.
    place: u32,
}

impl References {
    /// The next message of the mailbox: step 1.
    pub fn push(&mut self, message: Sorted, summary: &Summary) {
        let base = base_subject(&summary.subject_text());
        let known = self.describe(message, summary, base.is_reply, &base.text);
        let references: Vec<u32> = references(summary).iter().map(|id| self.node(id)).collect();
        // (A): "Make the first reference the parent of the second".
        for pair in references.windows(2) {
            if let [parent, child] = *pair
                && self.forest.parent(child).is_none()
            {
                self.forest.link(child, parent);
            }
        }
        let node = self.node_of(summary, known);
        // (B): the last reference is the parent, whatever was thought before.
        self.forest.cut(node);
        if let Some(parent) = references.last() {
            self.forest.link(node, *parent);
        }
    }

    fn describe(&mut self, message: Sorted, summary: &Summary, is_reply: bool, base: &str) -> Message {
        let subject = match compared(base) {
            text if text.is_empty() => 0,
            text => {
                let next = u32::try_from(self.subjects.len() + 1).unwrap_or(u32::MAX);
                *self.subjects.entry(text).or_insert(next)
            }
        };
        let place = self.pushed;
        self.pushed = place.saturating_add(1);
        Message { uid: message.uid, subject, is_reply, sent_ms: sent_ms(Some(summary), message.arrival), place }
    }

    /// The node of an id; a dummy where it is new.
    fn node(&mut self, id: &str) -> u32 {
        let id = normal(id);
        if let Some(node) = self.nodes.get(&*id) {
            return *node;
        }
        let node = self.add(None);
        self.nodes.insert(id, node);
        node
    }

    fn add(&mut self, message: Option<Message>) -> u32 {
        self.messages.push(message);
        self.forest.add()
    }

    /// The node of a message: that of its id, or, without id or where an earlier message has it, one of its own.
    fn node_of(&mut self, summary: &Summary, message: Message) -> u32 {
        if let Some(id) = &summary.message_id {
            let node = self.node(id);
            if let Some(free @ None) = self.messages.get_mut(node as usize) {
                *free = Some(message);
                return node;
            }
        }
        self.add(Some(message))
    }

    /// The threads: steps 2 to 6.
    #[must_use]
    pub fn finish(self) -> Vec<Threaded> {
        let mut threads = Threads::of(&self.forest, self.messages);
        drop((self.forest, self.nodes));
        threads.order(&threads.tops_by_date());
        threads.merge(self.subjects.len());
        threads.sort_tops();
        let Threads { tops, children, messages } = threads;
        tree::list(&tops, &children, |node| messages.get(node as usize).copied().flatten().map(|message| message.uid))
    }
}

/// The ids a message is hung by. RFC 5256 §3: of In-Reply-To only the first counts.
fn references(summary: &Summary) -> &[String] {
    let in_reply_to = summary.envelope().and_then(|envelope| envelope.in_reply_to.as_deref());
    let from_reply = in_reply_to.is_some_and(|value| header::message_ids(value) == summary.references);
    let count = if from_reply { 1 } else { summary.references.len() };
    summary.references.get(..count).unwrap_or(&[])
}

/// RFC 5256 §3: an id in which quotes make no difference.
fn normal(id: &str) -> Box<str> {
    if !id.contains(['"', '\\']) {
        return id.into();
    }
    let mut plain = String::with_capacity(id.len());
    let mut characters = id.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => {}
            '\\' => plain.extend(characters.next()),
            _ => plain.push(c),
        }
    }
    plain.into()
}

/// Trees without the dummies that do not belong there.
struct Threads {
    tops: Vec<u32>,
    children: Vec<Vec<u32>>,
    messages: Vec<Option<Message>>,
}

impl Threads {
    /// Steps 2 and 3. A message hangs from the nearest message above it; where there is none, from the dummy at the
    /// top, which stays only where it holds several.
    fn of(forest: &Forest, messages: Vec<Option<Message>>) -> Threads {
        let anchors = anchors(forest, &messages);
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); messages.len()];
        let mut tops = Vec::new();
        for (node, anchor) in (0_u32..).zip(&anchors) {
            let is_message = messages.get(node as usize).is_some_and(Option::is_some);
            match anchor {
                Some(anchor) if is_message => {
                    children.get_mut(*anchor as usize).into_iter().for_each(|below| below.push(node));
                }
                None => tops.push(node),
                Some(_) => {}
            }
        }
        let mut threads = Threads { tops, children, messages };
        let tops = std::mem::take(&mut threads.tops);
        threads.tops = tops.into_iter().filter_map(|top| threads.without_dummy(top)).collect();
        threads
    }

    fn without_dummy(&mut self, top: u32) -> Option<u32> {
        if self.message(top).is_some() {
            return Some(top);
        }
        match self.children.get_mut(top as usize)? {
            below if below.len() > 1 => Some(top),
            below => below.pop(),
        }
    }

    fn message(&self, node: u32) -> Option<Message> {
        self.messages.get(node as usize).copied().flatten()
    }

    /// What a node is sorted by: its date, or that of its first child; then its place in the mailbox.
    fn age(&self, node: u32) -> (i64, u32) {
        let first = || self.children.get(node as usize)?.iter().filter_map(|child| self.message(*child)).map(age).min();
        self.message(node).map(age).or_else(first).unwrap_or_default()
    }

    /// Step 4.
    fn tops_by_date(&self) -> Vec<u32> {
        let mut tops: Vec<((i64, u32), u32)> = self.tops.iter().map(|top| (self.age(*top), *top)).collect();
        tops.sort_unstable();
        tops.into_iter().map(|(_, top)| top).collect()
    }

    /// Puts the siblings below every node in order, and the tops in the order given.
    fn order(&mut self, tops: &[u32]) {
        self.tops = tops.to_vec();
        for below in &mut self.children {
            let messages = &self.messages;
            below.sort_by_key(|node| messages.get(*node as usize).copied().flatten().map(age));
        }
    }

    /// The message that speaks for a thread: its head, or the first child of a dummy.
    fn speaker(&self, top: u32) -> Option<Message> {
        self.message(top).or_else(|| self.message(*self.children.get(top as usize)?.first()?))
    }

    /// Step 5. `subjects`: how many there are.
    fn merge(&mut self, subjects: usize) {
        let mut table: Vec<Option<u32>> = vec![None; subjects + 1];
        let threads: Vec<(u32, u32)> =
            self.tops.iter().map(|top| (*top, self.speaker(*top).map_or(0, |message| message.subject))).collect();
        for (top, subject) in threads.iter().filter(|(_, subject)| *subject > 0) {
            if let Some(entry) = table.get_mut(*subject as usize)
                && entry.is_none_or(|known| self.replaces(*top, known))
            {
                *entry = Some(*top);
            }
        }
        let mut tops = Vec::with_capacity(threads.len());
        let mut touched: Vec<u32> = Vec::new();
        let mut gone: Vec<bool> = vec![false; self.messages.len()];
        for (top, subject) in threads {
            tops.push(top);
            if subject > 0
                && let Some(entry) = table.get_mut(subject as usize)
                && let Some(known) = entry.filter(|known| *known != top)
            {
                let (parent, new) = self.join(top, known);
                *entry = Some(parent);
                touched.push(parent);
                gone.resize(self.messages.len(), false);
                tops.extend(new.then_some(parent));
                for node in [top, known] {
                    gone.get_mut(node as usize).into_iter().for_each(|gone| *gone |= node != parent);
                }
            }
        }
        tops.retain(|top| gone.get(*top as usize) == Some(&false));
        // Also those that a later merge put below a dummy; each once, however many came to it.
        touched.sort_unstable();
        touched.dedup();
        self.tops = tops;
        self.sort_below(&touched);
    }

    /// Step 5 (B) (iv): whether a thread takes the place of the one in the table.
    fn replaces(&self, top: u32, known: u32) -> bool {
        match (self.message(known), self.message(top)) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(known), Some(top)) => known.is_reply && !top.is_reply,
        }
    }

    /// Step 5 (C): puts a thread together with the one in the table; what stands at the top then, and whether it is new.
    fn join(&mut self, top: u32, known: u32) -> (u32, bool) {
        match (self.message(top), self.message(known)) {
            (None, None) => {
                let below = self.children.get_mut(top as usize).map(std::mem::take).unwrap_or_default();
                self.children.get_mut(known as usize).into_iter().for_each(|into| into.extend_from_slice(&below));
                (known, false)
            }
            (Some(_), None) => (self.hang(top, known), false),
            (Some(message), Some(other)) if message.is_reply && !other.is_reply => (self.hang(top, known), false),
            _ => {
                let dummy = u32::try_from(self.messages.len()).unwrap_or(u32::MAX);
                self.messages.push(None);
                self.children.push(vec![known, top]);
                (dummy, true)
            }
        }
    }

    fn hang(&mut self, top: u32, parent: u32) -> u32 {
        self.children.get_mut(parent as usize).into_iter().for_each(|below| below.push(top));
        parent
    }

    /// Step 6, where step 5 has disturbed what was in order.
    fn sort_below(&mut self, nodes: &[u32]) {
        for node in nodes {
            let Some(mut below) = self.children.get_mut(*node as usize).map(std::mem::take) else { continue };
            below.sort_by_cached_key(|child| self.age(*child));
            self.children.get_mut(*node as usize).into_iter().for_each(|place| *place = std::mem::take(&mut below));
        }
    }

    fn sort_tops(&mut self) {
        self.tops = self.tops_by_date();
    }
}

fn age(message: Message) -> (i64, u32) {
    (message.sent_ms, message.place)
}

/// For each node what it hangs from once dummies are spliced out: the nearest message above, else the dummy at the top.
/// `None`: it stands at the top itself.
fn anchors(forest: &Forest, messages: &[Option<Message>]) -> Vec<Option<u32>> {
    let count = u32::try_from(forest.len()).unwrap_or(u32::MAX);
    let mut anchors: Vec<Option<Option<u32>>> = vec![None; messages.len()];
    let mut way = Vec::new();
    for start in 0..count {
        let mut at = start;
        // Up to what is known, then down again: each node is passed twice in all.
        let mut above = loop {
            match (anchors.get(at as usize), forest.parent(at)) {
                (Some(Some(anchor)), _) => break below(at, *anchor, messages),
                (_, None) => {
                    anchors.get_mut(at as usize).into_iter().for_each(|anchor| *anchor = Some(None));
                    break at;
                }
                (_, Some(parent)) => {
                    way.push(at);
                    at = parent;
                }
            }
        };
        while let Some(node) = way.pop() {
            anchors.get_mut(node as usize).into_iter().for_each(|anchor| *anchor = Some(Some(above)));
            above = below(node, Some(above), messages);
        }
    }
    anchors.into_iter().map(Option::flatten).collect()
}

/// What the children of a node hang from.
fn below(node: u32, anchor: Option<u32>, messages: &[Option<Message>]) -> u32 {
    match (messages.get(node as usize).copied().flatten(), anchor) {
        (None, Some(anchor)) => anchor,
        _ => node,
    }
}
