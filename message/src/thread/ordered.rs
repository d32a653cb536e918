//! THREAD=ORDEREDSUBJECT (RFC 5256 §3): messages of one base subject are a thread, the first its head and the others
//! its children.

use super::sort::{Sorted, compared, sent_ms};
use super::subject::base_subject;
use super::tree::{self, Threaded};
use crate::Summary;
use std::collections::HashMap;

/// Threads by subject alone. Messages are pushed in the order of the mailbox.
#[derive(Debug, Default)]
pub struct OrderedSubject {
    messages: Vec<Message>,
    subjects: HashMap<String, u32>,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    uid: u32,
    subject: u32,
    sent_ms: i64,
}

impl OrderedSubject {
    /// The next message of the mailbox.
    pub fn push(&mut self, message: Sorted, summary: &Summary) {
        let subject = compared(&base_subject(&summary.subject_text()).text);
        let next = u32::try_from(self.subjects.len()).unwrap_or(u32::MAX);
        let subject = *self.subjects.entry(subject).or_insert(next);
        self.messages.push(Message { uid: message.uid, subject, sent_ms: sent_ms(Some(summary), message.arrival) });
    }

    /// The threads, by the date of their heads.
    #[must_use]
    pub fn finish(self) -> Vec<Threaded> {
        let mut messages = self.messages;
        messages.sort_by_key(|message| message.sent_ms);
        let mut heads: Vec<Option<u32>> = vec![None; self.subjects.len()];
        let (mut tops, mut children) = (Vec::new(), vec![Vec::new(); messages.len()]);
        for (place, message) in (0_u32..).zip(&messages) {
            let Some(head) = heads.get_mut(message.subject as usize) else { continue };
            match *head {
                None => {
                    *head = Some(place);
                    tops.push(place);
                }
                Some(head) => children.get_mut(head as usize).into_iter().for_each(|below| below.push(place)),
            }
        }
        tree::list(&tops, &children, |place| messages.get(place as usize).map(|message| message.uid))
    }
}
